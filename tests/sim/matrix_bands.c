/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "matrix.h"

/*
 * What is asserted of the congestion controls. Utilisation: of the bottleneck, by frames of data that
 * was delivered in time. Fairness: the least flow's bytes over the greatest's.
 */
struct band {
	const char *name;
	void (*plan)(struct bulk_plan *p);
	const char *cc[4];
	double least_use, least_min_max;
	bool no_drops;		/* the queue never overflows */
	uint32_t most_queue_us; /* srtt above the path's own; 0: any */
};

static void plan_1bdp(struct bulk_plan *p)
{
	p->duration_us = 60000000;
	p->warm_us = 10000000;
}

static void plan_1bdp_fast(struct bulk_plan *p)
{
	p->rate_bps = 200000000;
	p->rtt_us = 20000;
	p->duration_us = 40000000;
	p->warm_us = 10000000;
	p->v6 = true;
}

static void plan_pair(struct bulk_plan *p)
{
	p->duration_us = 300000000;
	p->warm_us = 60000000;
	p->start_us[1] = 5000000;
}

static void plan_loss(struct bulk_plan *p)
{
	plan_1bdp(p);
	p->wrong.loss_ppm = 10000;
}

/* HyStart++ sees the queue grow, and grows by a quarter for five round trips more: that takes a queue
 * of some paths. */
static void plan_slow_start(struct bulk_plan *p)
{
	p->rate_bps = 100000000;
	p->buffer_bdp = 8;
	p->duration_us = 4000000;
	p->warm_us = 1000000;
}

static void plan_marks(struct bulk_plan *p)
{
	p->rate_bps = 1000000000;
	p->rtt_us = 500;
	p->buffer_bdp = 10;
	p->mark_bytes = 30000;
	p->duration_us = 1000000;
	p->warm_us = 200000;
}

static void pacing_on(struct stack_conf *c, void *ctx)
{
	(void)ctx;
	c->tcp.pacing = TCP_PACING_TRUE;
}

static void plan_paced(struct bulk_plan *p)
{
	plan_1bdp(p);
	p->conf = pacing_on;
}

static const struct band bands[] = {
	{"1 BDP", plan_1bdp, {"newreno"}, .least_use = 0.95},
	{"1 BDP", plan_1bdp, {"cubic"}, .least_use = 0.95},
	{"1 BDP", plan_1bdp, {"bbr"}, .least_use = 0.90},
	{"1 BDP, paced", plan_paced, {"cubic"}, .least_use = 0.95},
	{"1 BDP, 200 Mb/s, IPv6", plan_1bdp_fast, {"newreno"}, .least_use = 0.95},
	{"1 BDP, 200 Mb/s, IPv6", plan_1bdp_fast, {"cubic"}, .least_use = 0.95},
	{"1 BDP, 200 Mb/s, IPv6", plan_1bdp_fast, {"bbr"}, .least_use = 0.90},
	{"two flows", plan_pair, {"newreno", "newreno"}, .least_use = 0.95, .least_min_max = 0.8},
	{"two flows", plan_pair, {"cubic", "cubic"}, .least_use = 0.95, .least_min_max = 0.8},
	{"two flows", plan_pair, {"bbr", "bbr"}, .least_use = 0.90, .least_min_max = 0.6},
	{"loss 1 %", plan_loss, {"bbr"}, .least_use = 0.80},
	{"slow start, 8 BDP", plan_slow_start, {"cubic"}, .least_use = 0.90, .no_drops = true},
	{"marks from 30 kB on", plan_marks, {"dctcp"}, .least_use = 0.90, .no_drops = true,
		.most_queue_us = 600},
	{"marks, two flows", plan_marks, {"dctcp", "dctcp"}, .least_use = 0.90,
		.least_min_max = 0.8, .no_drops = true, .most_queue_us = 600},
};

void matrix_print_head(FILE *f)
{
	fprintf(f, "%-24s %-16s %6s %6s %6s %7s %7s %7s %9s %9s\n", "", "flows", "use", "Jain",
		"least", "drops", "marks", "resent", "srtt min", "srtt max");
}

void matrix_print(FILE *f, const char *name, const struct bulk_plan *p, const struct bulk_result *r)
{
	char flows[64] = "";
	uint32_t resent = 0;

	for (unsigned i = 0; i < p->n_flows; i++) {
		size_t n = strlen(flows);

		snprintf(flows + n, sizeof(flows) - n, "%s%s", i != 0 ? "+" : "",
			p->cc[i] != NULL ? p->cc[i] : "default");
		resent += r->flow[i].retransmits;
	}
	fprintf(f, "%-24s %-16s %6.3f %6.3f %6.3f %7lu %7lu %7u %9u %9u\n", name, flows,
		r->utilisation, r->jain, r->min_max, (unsigned long)r->queue_drops,
		(unsigned long)r->marked, resent, r->flow[0].min_srtt_us, r->flow[0].max_srtt_us);
}

static bool band_holds(const struct band *b, const struct bulk_plan *p, const struct bulk_result *r)
{
	bool ok = true;

	if (r->utilisation < b->least_use)
		ok = fprintf(stderr, "utilisation %.3f, not %.2f\n", r->utilisation, b->least_use) <
		     0;
	if (r->min_max < b->least_min_max)
		ok = fprintf(stderr, "share %.3f, not %.2f\n", r->min_max, b->least_min_max) < 0;
	if (b->no_drops && r->queue_drops != 0)
		ok = fprintf(stderr, "%lu drops\n", (unsigned long)r->queue_drops) < 0;
	if (b->most_queue_us != 0 && r->flow[0].max_srtt_us > p->rtt_us + b->most_queue_us)
		ok = fprintf(stderr, "srtt %u us\n", r->flow[0].max_srtt_us) < 0;
	return ok;
}

unsigned matrix_bands_run(void)
{
	unsigned failed = 0;

	matrix_print_head(stdout);
	for (unsigned i = 0; i < RTE_DIM(bands); i++) {
		const struct band *b = &bands[i];
		struct bulk_plan p;
		struct bulk_result r;

		bulk_plan_default(&p);
		for (p.n_flows = 0; p.n_flows < RTE_DIM(b->cc) && b->cc[p.n_flows] != NULL;
			p.n_flows++)
			p.cc[p.n_flows] = b->cc[p.n_flows];
		b->plan(&p);
		bool ok = bulk_run(&p, &r);

		matrix_print(stdout, b->name, &p, &r);
		if (!ok)
			fprintf(stderr, "%s\n", r.why);
		failed += !(ok && band_holds(b, &p, &r));
	}
	return failed;
}
