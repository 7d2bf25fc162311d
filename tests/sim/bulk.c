/* SPDX-License-Identifier: BSD-3-Clause */
#include "bulk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "rng.h"

#define PORT	 5001
#define PATTERN	 65521 /* a prime: no power of two repeats it */
#define SAMPLE	 10000 /* us between looks at a flow */
#define FRAME	 14
#define LIMIT_US (UINT64_C(4000) * 1000000) /* the longest that a run may take to end */

struct bulk;

struct flow {
	struct gn_timer start, sample;
	struct bulk *b;
	unsigned index;
	uint32_t key; /* where in the pattern it begins */
	struct gn_core *core;
	gn_tcp_t tx;
	uint64_t sent, received, received_at_warm, acked_then;
	bool open, shut, tx_done, rx_done;
};

struct bulk {
	const struct bulk_plan *plan;
	struct bulk_result *r;
	struct sim *sim;
	struct sim_host *host[2]; /* sender, receiver */
	struct gn_app app[2];
	struct flow flow[BULK_FLOWS_MAX];
	struct gn_timer warm;
	uint64_t start_us;
	uint8_t pattern[2 * PATTERN];
};

__attribute__((format(printf, 2, 3))) static void fail(struct bulk *b, const char *fmt, ...)
{
	va_list ap;

	if (b->r->why[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(b->r->why, sizeof(b->r->why), fmt, ap);
	va_end(ap);
}

void bulk_plan_default(struct bulk_plan *p)
{
	*p = (struct bulk_plan){
		.seed = 1,
		.n_flows = 1,
		.rate_bps = 20000000,
		.rtt_us = 40000,
		.buffer_bdp = 1,
		.mtu = 1500,
		.duration_us = 20000000,
		.trace_us = 10000,
	};
}

static uint64_t bdp_bytes(const struct bulk_plan *p)
{
	return RTE_MAX(p->rate_bps * p->rtt_us / 8000000, (uint64_t)p->mtu + FRAME);
}

static uint64_t queue_bytes(const struct bulk_plan *p)
{
	uint64_t n = p->buffer_bytes != 0 ? p->buffer_bytes
					  : (uint64_t)((double)bdp_bytes(p) * p->buffer_bdp);

	return RTE_MAX(n, 2 * ((uint64_t)p->mtu + FRAME));
}

/* What a flow may have in its queue: all that path and bottleneck hold, and as much again; where
 * frames are lost, what is sent while the same is lost several times over. */
static uint32_t window_bytes(const struct bulk_plan *p)
{
	bool lossy = p->wrong.loss_ppm != 0 || p->wrong.burst_p_ppm != 0;
	uint64_t n = (lossy ? 8 : 2) * (bdp_bytes(p) + queue_bytes(p)) + 128 * 1024;

	return (uint32_t)RTE_MIN(n, UINT64_C(64) << 20);
}

/* ---- sending ---- */

static void tx_finish(struct flow *f)
{
	if (f->shut)
		return;
	f->shut = true;
	gn_tcp_shutdown(f->core, f->tx);
}

static void tx_pump(struct flow *f)
{
	const struct bulk_plan *p = f->b->plan;
	uint64_t now = gn_now_us(f->core) - f->b->start_us;

	while (f->open && !f->shut) {
		uint64_t left = p->bytes != 0 ? p->bytes - f->sent : UINT64_MAX;

		if (left == 0 || now >= p->duration_us) {
			tx_finish(f);
			return;
		}
		size_t n = (size_t)RTE_MIN(left, UINT64_C(32768));
		ssize_t r = gn_tcp_send(
			f->core, f->tx, f->b->pattern + (f->key + f->sent) % PATTERN, n, 0);

		if (r < 0 && r != -ENOBUFS) {
			fail(f->b, "flow %u: send: %s", f->index, strerror((int)-r));
			return;
		}
		f->sent += r > 0 ? (uint64_t)r : 0;
		if (r < (ssize_t)n)
			return; /* writable() follows */
	}
}

static void trace_line(struct flow *f, const struct gn_tcp_info *i)
{
	const struct bulk_plan *p = f->b->plan;
	uint64_t acked = i->bytes_sent - i->unacked;
	double t = (double)(gn_now_us(f->core) - f->b->start_us) / 1e6;

	if (p->trace == NULL)
		return;
	fprintf(p->trace, "%.6f,%u,%u,%u,%u,%u,%.0f\n", t, f->index, i->cwnd,
		i->ssthresh < INT32_MAX ? i->ssthresh : 0, i->srtt_us, i->unacked,
		(double)(acked - f->acked_then) * 8e6 / (double)p->trace_us);
	f->acked_then = acked;
}

void bulk_trace_header(FILE *f)
{
	fputs("time_s,flow,cwnd,ssthresh,srtt_us,in_flight,throughput_bps\n", f);
}

static void sample(struct gn_core *c, struct gn_timer *t)
{
	struct flow *f = (struct flow *)((char *)t - offsetof(struct flow, sample));
	struct bulk_flow_result *r = &f->b->r->flow[f->index];
	const struct bulk_plan *p = f->b->plan;
	struct gn_tcp_info i;

	if (f->tx_done || gn_tcp_info(c, f->tx, &i) != 0)
		return;
	r->retransmits = i.retransmits;
	if (gn_now_us(c) - f->b->start_us >= p->warm_us) {
		r->max_cwnd = RTE_MAX(r->max_cwnd, i.cwnd);
		r->max_srtt_us = RTE_MAX(r->max_srtt_us, i.srtt_us);
		r->min_srtt_us =
			r->min_srtt_us == 0 ? i.srtt_us : RTE_MIN(r->min_srtt_us, i.srtt_us);
	}
	trace_line(f, &i);
	if (!f->shut && gn_now_us(c) - f->b->start_us >= p->duration_us)
		tx_finish(f);
	gn_timer_set(c, t, p->trace != NULL ? p->trace_us : SAMPLE, sample);
}

static void tx_connected(struct gn_core *c, gn_tcp_t t, void *user)
{
	struct flow *f = user;

	f->tx = t;
	f->open = true;
	sample(c, &f->sample);
	tx_pump(f);
}

static void tx_writable(struct gn_core *c, gn_tcp_t t, void *user, size_t room)
{
	(void)c;
	(void)t;
	(void)room;
	tx_pump(user);
}

static void tx_closed(struct gn_core *c, gn_tcp_t t, void *user, int err)
{
	struct flow *f = user;

	(void)t;
	if (err != 0 || !f->open)
		fail(f->b, "flow %u: sender closed: %s", f->index, strerror(err));
	f->tx_done = true;
	gn_timer_cancel(c, &f->sample);
}

static const struct gn_tcp_ops tx_ops = {
	.connected = tx_connected, .writable = tx_writable, .closed = tx_closed};

static void tx_start(struct gn_core *c, struct gn_timer *t)
{
	struct flow *f = (struct flow *)((char *)t - offsetof(struct flow, start));
	const struct bulk_plan *p = f->b->plan;
	struct gn_addr to = sim_addr(p->v6, 1, 2, (uint16_t)(PORT + f->index));
	struct gn_tcp_opts o = {
		.sndbuf = window_bytes(p), .rcvbuf = window_bytes(p), .cc = p->cc[f->index]};
	int64_t h = gn_tcp_connect(c, NULL, &to, &tx_ops, f, &o);

	if (h < 0)
		fail(f->b, "flow %u: connect: %s", f->index, strerror((int)-h));
}

static void *tx_init(struct gn_core *c, void *arg)
{
	struct bulk *b = arg;

	b->start_us = gn_now_us(c);
	for (unsigned i = 0; i < b->plan->n_flows; i++) {
		b->flow[i].core = c;
		gn_timer_set(c, &b->flow[i].start, b->plan->start_us[i], tx_start);
	}
	return b;
}

/* ---- receiving ---- */

static void rx_received(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	struct flow *f = user;

	for (const struct rte_mbuf *s = m; s != NULL; s = s->next) {
		if (memcmp(rte_pktmbuf_mtod(s, const uint8_t *),
			    f->b->pattern + (f->key + f->received) % PATTERN, s->data_len) != 0)
			fail(f->b, "flow %u: wrong bytes at %" PRIu64, f->index, f->received);
		f->received += s->data_len;
	}
	f->b->r->flow[f->index].done_us = gn_now_us(c) - f->b->start_us;
	gn_tcp_rx_done(c, t, m);
}

static void rx_peer_closed(struct gn_core *c, gn_tcp_t t, void *user)
{
	struct flow *f = user;

	if (f->received != f->sent)
		fail(f->b, "flow %u: FIN after %" PRIu64 " of %" PRIu64 " bytes", f->index,
			f->received, f->sent);
	f->rx_done = true;
	gn_tcp_close(c, t);
}

static void rx_closed(struct gn_core *c, gn_tcp_t t, void *user, int err)
{
	struct flow *f = user;

	(void)c;
	(void)t;
	fail(f->b, "flow %u: receiver closed: %s", f->index, strerror(err));
}

static const struct gn_tcp_ops rx_ops = {
	.received = rx_received, .peer_closed = rx_peer_closed, .closed = rx_closed};

static void rx_warm(struct gn_core *c, struct gn_timer *t)
{
	struct bulk *b = (struct bulk *)((char *)t - offsetof(struct bulk, warm));

	(void)c;
	for (unsigned i = 0; i < b->plan->n_flows; i++)
		b->flow[i].received_at_warm = b->flow[i].received;
}

static void *rx_init(struct gn_core *c, void *arg)
{
	struct bulk *b = arg;

	for (unsigned i = 0; i < b->plan->n_flows; i++) {
		/* DCTCP is of both ends (RFC 8257 section 3.2). */
		struct gn_tcp_opts o = {.rcvbuf = window_bytes(b->plan), .cc = b->plan->cc[i]};
		struct gn_addr at = {.port = (uint16_t)(PORT + i)};
		int64_t h = gn_tcp_listen(c, &at, &rx_ops, &b->flow[i], &o);

		if (h < 0)
			fail(b, "listen: %s", strerror((int)-h));
	}
	gn_timer_set(c, &b->warm, b->plan->warm_us, rx_warm);
	return b;
}

/* ---- the run ---- */

static void host_create(struct bulk *b, unsigned i)
{
	static const char *const names[2] = {"sender", "receiver"};
	const struct bulk_plan *p = b->plan;
	uint32_t segs = window_bytes(p) / (p->mtu - 100u) + 64;
	struct stack_conf *c = sim_conf_create(1, 3 * segs * p->n_flows + 2048);

	sim_conf_addr(c, 0, 1, (uint8_t)(i + 1));
	c->port[0].mtu = p->mtu;
	c->tcp.ooo_max = RTE_MIN(segs, 60000u);
	if (p->mtu > 2000)
		c->buffer_size = 9344;
	if (p->conf != NULL)
		p->conf(c, p->conf_ctx);
	b->app[i] = (struct gn_app){.name = names[i], .init = i == 0 ? tx_init : rx_init, .arg = b};
	b->host[i] = sim_host_add(b->sim, names[i], c, &b->app[i]);
	free(c);
}

static void cable_create_(struct bulk *b)
{
	const struct bulk_plan *p = b->plan;
	struct sim_cable cable = {.mode = CABLE_CARRY, .impair = {p->wrong, p->wrong_acks}};
	/* Room for what is on its way: the sender is never held back. */
	uint64_t frames = 2 * (bdp_bytes(p) + queue_bytes(p)) / p->mtu * p->n_flows + 1024;

	for (unsigned i = 0; i < 2; i++) {
		cable.offloads[i] = CABLE_OFFLOADS & ~(DRV_TX_TSO | DRV_RSS);
		cable.impair[i].delay_us = p->rtt_us / 2;
		cable.impair[i].rate_bps = p->rate_bps;
	}
	cable.impair[0].queue_bytes = queue_bytes(p);
	cable.impair[0].mark_bytes = p->mark_bytes;
	cable.ring_size = (uint32_t)RTE_MIN(rte_align64pow2(frames), UINT64_C(1) << 17);
	sim_join(b->sim, b->host[0], b->host[1], &cable);
}

static bool all_done(void *ctx)
{
	struct bulk *b = ctx;

	if (b->r->why[0] != '\0')
		return true;
	for (unsigned i = 0; i < b->plan->n_flows; i++)
		if (!b->flow[i].tx_done || !b->flow[i].rx_done)
			return false;
	return true;
}

static bool failed(void *ctx)
{
	struct bulk *b = ctx;

	return b->r->why[0] != '\0';
}

static void measure(struct bulk *b, bool in_time)
{
	const struct bulk_plan *p = b->plan;
	double sum = 0, squares = 0, least = 0, most = 0;

	for (unsigned i = 0; in_time && i < p->n_flows; i++) {
		struct bulk_flow_result *f = &b->r->flow[i];

		f->measured = b->flow[i].received - b->flow[i].received_at_warm;
		double x = (double)f->measured;

		sum += x;
		squares += x * x;
		least = i == 0 || x < least ? x : least;
		most = x > most ? x : most;
	}
	double mss = p->mtu - (p->v6 ? 40 : 20) - 32;

	if (!in_time || sum == 0)
		return;
	b->r->utilisation = sum / mss * (p->mtu + FRAME) * 8e6 / (double)p->rate_bps /
			    (double)(p->duration_us - p->warm_us);
	b->r->jain = sum * sum / (squares * p->n_flows);
	b->r->min_max = least / most;
}

static void left_over(struct bulk *b)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (sim_left_over(b->sim, f) != 0) {
		fflush(f);
		fail(b, "%s", text);
	}
	fclose(f);
	free(text);
}

static void run(struct bulk *b)
{
	const struct bulk_plan *p = b->plan;

	sim_run(b->sim, b->start_us + p->duration_us, p->bytes != 0 ? all_done : failed, b);
	measure(b, p->bytes == 0);
	b->r->queue_drops = sim_cable_count(b->host[0], 0, "wire_queue_full");
	b->r->marked = sim_cable_count(b->host[0], 0, "wire_marked_ce");
	if (!sim_run(b->sim, b->start_us + LIMIT_US, all_done, b))
		for (unsigned i = 0; i < p->n_flows; i++)
			if (!b->flow[i].tx_done || !b->flow[i].rx_done)
				fail(b, "flow %u is stuck: %" PRIu64 " of %" PRIu64 " bytes", i,
					b->flow[i].received, b->flow[i].sent);
	b->r->end_us = sim_now_us(b->sim) - b->start_us;
	if (b->r->why[0] != '\0')
		return;
	/* TIME-WAIT and neighbours come to rest. */
	sim_run(b->sim, sim_now_us(b->sim) + UINT64_C(600) * 1000000, failed, b);
	left_over(b);
}

bool bulk_run(const struct bulk_plan *p, struct bulk_result *r)
{
	struct bulk *b = calloc(1, sizeof(*b));
	struct rng rng;
	int rc;

	if (b == NULL)
		abort();
	memset(r, 0, sizeof(*r));
	b->plan = p;
	b->r = r;
	rng_seed(&rng, p->seed);
	for (unsigned i = 0; i < PATTERN; i++)
		b->pattern[i] = b->pattern[i + PATTERN] = (uint8_t)rng_u64(&rng);
	b->sim = sim_create(rng_u64(&rng));
	for (unsigned i = 0; i < p->n_flows; i++) {
		b->flow[i].b = b;
		b->flow[i].index = i;
		b->flow[i].key = rng_below(&rng, PATTERN);
	}
	host_create(b, 0);
	host_create(b, 1);
	cable_create_(b);
	rc = sim_start(b->sim);
	if (rc != 0)
		fail(b, "start: %s", strerror(-rc));
	else
		run(b);
	unsigned lost = sim_destroy(b->sim);

	if (lost != 0)
		fail(b, "%u packet buffers were lost", lost);
	free(b);
	return r->why[0] == '\0';
}
