/* SPDX-License-Identifier: BSD-3-Clause */
#include "xfer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "xfer_end.h"

#define LIMIT_US (UINT64_C(4000) * 1000000) /* the longest a run may take, on its own clock */
#define REST_US	 (UINT64_C(600) * 1000000)  /* after which TIME-WAIT and neighbours are quiet */

void xfer_fail(struct xfer *x, const char *fmt, ...)
{
	va_list ap;

	if (x->why[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(x->why, sizeof(x->why), fmt, ap);
	va_end(ap);
}

/* With Fast Open later, so that cookies are there. */
static uint64_t xfer_start_at(struct xfer *x, unsigned i)
{
	const struct xfer_plan *p = &x->plan;

	return x->start_us + rng_below(&x->rng, p->fastopen ? 8000000 : 2000000) +
	       (i >= (p->n_conns + 1) / 2 ? p->pause_us : 0);
}

/* Every core listens for all connections that its host answers, and starts its share of those
 * that it opens. */
static void *xfer_init(struct gn_core *c, void *arg)
{
	struct xfer_host *side = arg;
	struct xfer *x = side->x;

	for (unsigned i = 0; i < x->plan.n_conns; i++) {
		struct xfer_end *e = &x->end[i][side->index];

		if (!e->active)
			xfer_end_listen(e, c);
		else if (i % gn_core_count(c) == gn_core_id(c))
			xfer_end_start(e, c, xfer_start_at(x, i));
	}
	return side;
}

static uint64_t xfer_size(struct xfer *x)
{
	uint64_t max = rng_below(&x->rng, 4) == 0 ? 16 : x->plan.size_max;

	return rng_u64(&x->rng) % (max + 1);
}

static void xfer_conn_init(struct xfer *x, unsigned i)
{
	unsigned opener = rng_below(&x->rng, 2);

	for (unsigned s = 0; s < 2; s++) {
		struct xfer_end *e = &x->end[i][s];

		e->x = x;
		e->conn = (uint16_t)i;
		e->active = s == opener;
		e->peer = &x->end[i][!s];
		e->to_send = xfer_size(x);
		e->peer->expect = e->to_send;
		e->key_out = rng_below(&x->rng, XFER_PATTERN);
		e->peer->key_in = e->key_out;
		e->how = rng_below(&x->rng, XFER_CLOSE_MAX);
		/* Not too small for what is to be sent: 10,000 calls are enough. */
		e->chunk_max = (1u << rng_below(&x->rng, 15)) + (uint32_t)(e->to_send / 10000);
	}
	/* Somebody must go first. */
	if (x->end[i][0].how != XFER_SHUTDOWN && x->end[i][0].how != XFER_CLOSE_DONE &&
		x->end[i][1].how != XFER_CLOSE_DONE)
		x->end[i][1].how = XFER_SHUTDOWN;
}

static void xfer_host_create(struct xfer *x, unsigned i, xfer_conf_fn conf, void *conf_ctx)
{
	static const char *const names[2] = {"a", "b"};
	struct stack_conf *c = sim_conf_create(x->plan.n_cores, x->plan.packet_buffers);

	sim_conf_addr(c, 0, 1, (uint8_t)(i + 1));
	/* Neighbour discovery belongs to core 0, and its answers may come to any core: without it
	 * no packet may be handed over. */
	if (x->plan.n_cores > 1)
		sim_conf_neigh(c, 0, 1, (uint8_t)(2 - i), (uint8_t)(2 - i));
	c->port[0].mtu = x->plan.mtu;
	if (x->plan.checks) {
		c->net.acd = true;
		c->net.dad_transmits = 1;
	}
	if (x->plan.fastopen) {
		c->tcp.fastopen_pending = x->plan.fastopen_pending;
		c->tcp.fastopen_cache = x->plan.fastopen_cache;
	}
	if (conf != NULL)
		conf(c, conf_ctx);
	x->side[i] = (struct xfer_host){x, i};
	x->app[i] = (struct gn_app){.name = "xfer", .init = xfer_init, .arg = &x->side[i]};
	x->host[i] = sim_host_add(x->sim, names[i], c, &x->app[i]);
	free(c);
}

void xfer_create(struct xfer *x, uint64_t seed, const struct xfer_plan *plan, FILE *verbose,
	xfer_conf_fn conf, void *conf_ctx)
{
	int r;

	x->seed = seed;
	x->plan = *plan;
	rng_seed(&x->rng, seed);
	x->sim = sim_create(rng_u64(&x->rng));
	sim_verbose(x->sim, verbose);
	/* RFC 5227 takes up to 7 s, RFC 4862 up to 2 s. */
	x->start_us = plan->checks ? 12000000 : 0;
	for (unsigned i = 0; i < plan->n_conns; i++)
		xfer_conn_init(x, i);
	for (unsigned i = 0; i < 2; i++)
		xfer_host_create(x, i, conf, conf_ctx);
	sim_join(x->sim, x->host[0], x->host[1], &plan->cable);
	r = sim_start(x->sim);
	if (r != 0)
		xfer_fail(x, "start: %s", strerror(-r));
}

static bool xfer_done(void *ctx)
{
	struct xfer *x = ctx;

	if (x->why[0] != '\0')
		return true;
	for (unsigned i = 0; i < x->plan.n_conns; i++)
		if (!x->end[i][0].done || !x->end[i][1].done)
			return false;
	return true;
}

static bool xfer_failed(void *ctx)
{
	struct xfer *x = ctx;

	return x->why[0] != '\0';
}

/* Names the first connection that did not end. */
static void xfer_stuck(struct xfer *x)
{
	for (unsigned i = 0; i < x->plan.n_conns; i++) {
		for (unsigned s = 0; s < 2; s++) {
			struct xfer_end *e = &x->end[i][s];

			if (e->done)
				continue;
			xfer_fail(x,
				"connection %u is stuck at %.6f s: host %u (%s) has sent %" PRIu64
				" of %" PRIu64 " and received %" PRIu64 " of %" PRIu64
				" bytes%s%s%s",
				i, (double)sim_now_us(x->sim) / 1e6, s,
				e->active ? "active" : "passive", e->sent, e->to_send, e->received,
				e->expect, e->open ? ", open" : ", not open",
				e->shut ? ", shut down" : "",
				e->peer_fin ? ", peer's FIN seen" : "");
		}
	}
}

bool xfer_run(struct xfer *x)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f;

	if (x->why[0] == '\0' && !sim_run(x->sim, LIMIT_US + x->plan.pause_us, xfer_done, x))
		xfer_stuck(x);
	if (x->why[0] != '\0')
		return false;
	sim_run(x->sim, sim_now_us(x->sim) + REST_US, xfer_failed, x);
	if (x->n_refs != 0)
		xfer_fail(x, "%u references to application memory never came back", x->n_refs);
	if (x->n_ghosts_open != 0)
		xfer_fail(x, "%u connections of duplicated SYNs never ended", x->n_ghosts_open);
	f = open_memstream(&text, &size);
	if (sim_left_over(x->sim, f) != 0) {
		fflush(f);
		xfer_fail(x, "%s", text);
	}
	fclose(f);
	free(text);
	return x->why[0] == '\0';
}

bool xfer_destroy(struct xfer *x)
{
	/* What the applications still hold is theirs to give back. */
	for (unsigned i = 0; i < x->plan.n_conns; i++)
		for (unsigned s = 0; s < 2; s++)
			xfer_end_release(&x->end[i][s]);

	unsigned lost = sim_destroy(x->sim);

	if (lost != 0)
		xfer_fail(x, "%u packet buffers were lost", lost);
	return lost == 0;
}
