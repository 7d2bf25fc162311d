/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <string.h>

#include "xfer.h"

static uint32_t between(struct rng *r, uint32_t low, uint32_t high)
{
	return low + rng_below(r, high - low + 1);
}

static bool one_in(struct rng *r, uint32_t n)
{
	return rng_below(r, n) == 0;
}

/* What is wrong with one direction of the cable. */
static void plan_impair(struct rng *r, struct cable_impair *i)
{
	bool all = one_in(r, 6);

	if (one_in(r, 8))
		return; /* a perfect cable */
	i->delay_us = one_in(r, 4) ? 0 : between(r, 1, 50000);
	if (all || one_in(r, 4))
		i->loss_ppm = between(r, 1000, 50000);
	if (all || one_in(r, 6)) {
		i->burst_p_ppm = between(r, 500, 5000);
		i->burst_r_ppm = between(r, 200000, 800000);
	}
	if (all || one_in(r, 5)) {
		i->reorder_ppm = between(r, 1000, 200000);
		i->reorder_us = between(r, 1, 20000);
	}
	if (all || one_in(r, 5))
		i->dup_ppm = between(r, 1000, 100000);
	if (all || one_in(r, 5))
		i->corrupt_ppm = between(r, 1000, 20000);
	if (all || one_in(r, 5))
		i->jitter_us = between(r, 1, 20000);
	if (all || one_in(r, 4)) {
		i->rate_bps = (uint64_t)between(r, 1, 200) * 500000;
		i->queue_bytes = between(r, 16, 256) * 1024;
	}
}

/* Which offloads a port has. Without multi-segment frames there can be no TSO. */
static uint32_t plan_offloads(struct rng *r, unsigned n_cores)
{
	uint32_t o = CABLE_OFFLOADS & (uint32_t)rng_u64(r);

	if (one_in(r, 3))
		o = CABLE_OFFLOADS;
	if (!(o & DRV_TX_MULTI_SEGS) || !(o & DRV_TX_L4_CKSUM) || !(o & DRV_TX_IP_CKSUM))
		o &= ~DRV_TX_TSO;
	return n_cores > 1 ? o | DRV_RSS : o;
}

void xfer_plan(struct xfer_plan *p, uint64_t seed, unsigned n_cores)
{
	static const uint16_t mtus[] = {1500, 1500, 1500, 1280, 1400, 9000};
	struct rng r;

	rng_seed(&r, seed ^ UINT64_C(0x706c616e));
	memset(p, 0, sizeof(*p));
	p->n_cores = n_cores;
	p->v6 = one_in(&r, 2);
	p->checks = one_in(&r, 8);
	p->n_conns = n_cores > 1 ? XFER_CONNS_MAX : between(&r, 1, 6);
	p->opts.sndbuf = between(&r, 2, 64) * 1024;
	p->opts.rcvbuf = between(&r, 2, 63) * 1024;
	p->opts.nodelay = one_in(&r, 2);
	p->mtu = mtus[rng_below(&r, RTE_DIM(mtus))];
	p->cable.mode = one_in(&r, 2) ? CABLE_HARDWARE : CABLE_CARRY;
	for (int i = 0; i < 2; i++) {
		p->cable.offloads[i] = plan_offloads(&r, n_cores);
		plan_impair(&r, &p->cable.impair[i]);
	}
	if (p->mtu > 1500) /* frames of several buffers, on both sides */
		for (int i = 0; i < 2; i++)
			p->cable.offloads[i] |= DRV_TX_MULTI_SEGS | DRV_RX_SCATTER;
	p->size_max = UINT64_C(1) << between(&r, 4, 20);
	p->packet_buffers = 4096;
	/* What the connections agree on; the default is all of it but ECN. */
	if (one_in(&r, 3))
		p->opts.rcvbuf = 0; /* grows as it is needed */
	p->opts.timestamps = one_in(&r, 4) ? GN_OFF : GN_DEFAULT;
	p->opts.sack = one_in(&r, 4) ? GN_OFF : GN_DEFAULT;
	p->opts.window_scaling = one_in(&r, 4) ? GN_OFF : GN_DEFAULT;
	p->opts.ecn = one_in(&r, 3) ? GN_ON : GN_DEFAULT;
}

#define DAY_US (24 * 3600 * UINT64_C(1000000))

void xfer_plan_fastopen(struct xfer_plan *p, uint64_t seed)
{
	static const uint32_t pending[] = {0, 1, 2, 256, 256, 256}, cache[] = {0, 4, 1024, 1024};
	struct rng r;

	rng_seed(&r, seed ^ UINT64_C(0x66617374));
	p->fastopen = true;
	p->opts.fastopen = GN_ON;
	p->fastopen_pending = pending[rng_below(&r, RTE_DIM(pending))];
	p->fastopen_cache = cache[rng_below(&r, RTE_DIM(cache))];
	p->n_conns = p->n_cores > 1 ? XFER_CONNS_MAX : between(&r, 2, 24);
	p->size_max = UINT64_C(1) << between(&r, 4, 14);
	/* A burst goes by with frames, not with time: a queue with one connection, whose retransmissions
	 * are all it has, must not lose them all. */
	for (int i = 0; i < 2; i++)
		if (p->cable.impair[i].burst_p_ppm != 0)
			p->cable.impair[i].burst_r_ppm =
				RTE_MAX(p->cable.impair[i].burst_r_ppm, 700000u);
	if (one_in(&r, 6)) { /* the second copy of a SYN comes when all is over: xfer_end.c */
		p->size_max = 16;
		for (int i = 0; i < 2; i++)
			p->cable.impair[i] = (struct cable_impair){
				.dup_ppm = 300000, .dup_us = between(&r, 100000, 900000)};
	}
	/* By then all cookies are too old. */
	p->pause_us = one_in(&r, 4) ? 2 * DAY_US : one_in(&r, 2) ? 100000000 : 0;
}

void xfer_plan_print(FILE *f, const struct xfer_plan *p)
{
	fprintf(f,
		"IPv%d, %u core(s), %u connections of up to %" PRIu64 " bytes, MTU %u, "
		"buffers %u and %u%s%s%s%s%s%s\n",
		p->v6 ? 6 : 4, p->n_cores, p->n_conns, p->size_max, p->mtu, p->opts.sndbuf,
		p->opts.rcvbuf, p->opts.nodelay ? ", no delay" : "",
		p->checks ? ", addresses checked" : "",
		p->opts.timestamps == GN_OFF ? ", no timestamps" : "",
		p->opts.sack == GN_OFF ? ", no SACK" : "",
		p->opts.window_scaling == GN_OFF ? ", no scaling" : "",
		p->opts.ecn == GN_ON ? ", ECN" : "");
	if (p->fastopen)
		fprintf(f, "  Fast Open: %u pending, %u peers, pause %" PRIu64 " us\n",
			p->fastopen_pending, p->fastopen_cache, p->pause_us);
	for (int i = 0; i < 2; i++) {
		const struct cable_impair *c = &p->cable.impair[i];

		fprintf(f,
			"  host %d: offloads %04x, loss %u, burst %u/%u, reorder %u by %u us, "
			"dup %u by %u us, corrupt %u ppm, delay %u + %u us, %" PRIu64
			" bit/s, queue %" PRIu64 " bytes\n",
			i, p->cable.offloads[i], c->loss_ppm, c->burst_p_ppm, c->burst_r_ppm,
			c->reorder_ppm, c->reorder_us, c->dup_ppm, c->dup_us, c->corrupt_ppm,
			c->delay_us, c->jitter_us, c->rate_bps, c->queue_bytes);
	}
}
