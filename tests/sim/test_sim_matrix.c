/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bulk.h"
#include "matrix.h"

/*
 * TCP over bottlenecks of all kinds. Without options: the bands (what share of the line each
 * congestion control fills and how flows share it, asserted: matrix_bands.c), and of the matrix of
 * rates, delays, buffers, impairments, families and congestion controls each 13th cell; --long: every
 * cell. With --cc one run of one's own, which --trace writes down for plots.
 */
struct options {
	bool bands, cells, own;
	unsigned stride;
	int64_t cell;
	struct bulk_plan plan;
	FILE *trace;
};

enum {
	OPT_BANDS = 256,
	OPT_LONG,
	OPT_CELL,
	OPT_CC,
	OPT_RATE,
	OPT_RTT,
	OPT_BUFFER,
	OPT_LOSS,
	OPT_MARK,
	OPT_DURATION,
	OPT_STAGGER,
	OPT_SEED,
	OPT_TRACE
};

static const struct option longs[] = {{"bands", no_argument, NULL, OPT_BANDS},
	{"long", no_argument, NULL, OPT_LONG}, {"cell", required_argument, NULL, OPT_CELL},
	{"cc", required_argument, NULL, OPT_CC}, {"rate", required_argument, NULL, OPT_RATE},
	{"rtt", required_argument, NULL, OPT_RTT}, {"buffer", required_argument, NULL, OPT_BUFFER},
	{"loss", required_argument, NULL, OPT_LOSS}, {"mark", required_argument, NULL, OPT_MARK},
	{"duration", required_argument, NULL, OPT_DURATION},
	{"stagger", required_argument, NULL, OPT_STAGGER},
	{"seed", required_argument, NULL, OPT_SEED}, {"trace", required_argument, NULL, OPT_TRACE},
	{0}};

static int usage(const char *program)
{
	fprintf(stderr,
		"usage: %s [--bands | --long | --cell N]\n"
		"       %s --cc NAME[,NAME...] [--rate BIT/S] [--rtt US] [--buffer BDP] [--loss "
		"PPM]\n"
		"          [--mark BYTES] [--duration S] [--stagger S] [--seed N] [--trace FILE]\n"
		"  --bands    only what is asserted of shares and queues\n"
		"  --long     every cell of the matrix\n"
		"  --cell N   one cell\n"
		"  --cc       a run of a flow for each NAME, each --stagger later than the former\n"
		"  --trace    CSV: time_s,flow,cwnd,ssthresh,srtt_us,in_flight,throughput_bps\n",
		program, program);
	return 2;
}

static void flows_add(struct bulk_plan *p, char *names)
{
	p->n_flows = 0;
	for (char *n = strtok(names, ","); n != NULL && p->n_flows < BULK_FLOWS_MAX;
		n = strtok(NULL, ","))
		p->cc[p->n_flows++] = n;
}

static bool parse_one(struct options *o, int c)
{
	struct bulk_plan *p = &o->plan;

	switch (c) {
	case OPT_BANDS:
		o->cells = false;
		return true;
	case OPT_LONG:
		o->stride = 1;
		return true;
	case OPT_CELL:
		o->cell = strtoll(optarg, NULL, 10);
		o->bands = false;
		return o->cell >= 0 && o->cell < matrix_cells();
	case OPT_CC:
		o->own = true;
		flows_add(p, optarg);
		return true;
	case OPT_RATE:
		p->rate_bps = strtoull(optarg, NULL, 10);
		return p->rate_bps >= 10000;
	case OPT_RTT:
		p->rtt_us = (uint32_t)strtoul(optarg, NULL, 10);
		return true;
	case OPT_BUFFER:
		p->buffer_bdp = strtod(optarg, NULL);
		return p->buffer_bdp > 0;
	case OPT_LOSS:
		p->wrong.loss_ppm = (uint32_t)strtoul(optarg, NULL, 10);
		return p->wrong.loss_ppm < CABLE_PPM;
	case OPT_MARK:
		p->mark_bytes = strtoull(optarg, NULL, 10);
		return true;
	case OPT_DURATION:
		p->duration_us = strtoull(optarg, NULL, 10) * 1000000;
		return p->duration_us != 0;
	case OPT_STAGGER:
		for (unsigned i = 0; i < BULK_FLOWS_MAX; i++)
			p->start_us[i] = i * strtoull(optarg, NULL, 10) * 1000000;
		return true;
	case OPT_SEED:
		p->seed = strtoull(optarg, NULL, 10);
		return true;
	case OPT_TRACE:
		o->trace = fopen(optarg, "w");
		if (o->trace == NULL)
			perror(optarg);
		return o->trace != NULL;
	default:
		return false;
	}
}

static int run_own(struct options *o)
{
	struct bulk_plan *p = &o->plan;
	struct bulk_result r;

	p->trace = o->trace;
	p->warm_us = p->duration_us / 4;
	if (p->trace != NULL)
		bulk_trace_header(p->trace);
	bool ok = bulk_run(p, &r);

	if (p->trace != NULL && fclose(p->trace) != 0)
		perror("trace");
	matrix_print_head(stdout);
	matrix_print(stdout, "own", p, &r);
	if (!ok)
		fprintf(stderr, "%s\n", r.why);
	return !ok;
}

int main(int argc, char **argv)
{
	struct options o = {.bands = true, .cells = true, .stride = 13, .cell = -1};
	unsigned failed = 0;
	int c;

	bulk_plan_default(&o.plan);
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		if (!parse_one(&o, c))
			return usage(argv[0]);
	if (optind != argc || (o.trace != NULL && !o.own))
		return usage(argv[0]);
	if (o.own)
		return run_own(&o);
	if (o.cell >= 0)
		return !matrix_cell_run((unsigned)o.cell, argv[0]);
	if (o.bands)
		failed += matrix_bands_run();
	if (o.cells) {
		unsigned n = 0;

		for (unsigned i = 0; i < matrix_cells(); i += o.stride, n++)
			failed += !matrix_cell_run(i, argv[0]);
		printf("%u cells\n", n);
	}
	printf("%u failed\n", failed);
	return failed != 0;
}
