/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * DCTCP (RFC 8257): the window shrinks by half the part of bytes that were marked, alpha, so that a
 * queue that marks early stays short without being emptied. For networks whose switches mark by a
 * threshold; it does not share fairly with the others.
 */
#define ONE   (1u << 20) /* alpha 1 */
#define G_LOG 4		 /* g = 1/16 (section 3.3 step 6) */

struct dctcp {
	uint32_t clear; /* ONE - alpha: begins with alpha 1, the careful choice (section 4.2) */
	uint32_t acked, marked;
	uint32_t window_end;
	bool begun;
};

_Static_assert(sizeof(struct dctcp) <= TCP_CC_STATE, "state of DCTCP");

static struct dctcp *state(const struct tcb *t)
{
	return (struct dctcp *)t->xs->cc;
}

/* Section 3.3, steps 1 to 8: once a window of data. */
static void alpha_update(struct dctcp *d, const struct tcb *t)
{
	uint32_t alpha = ONE - d->clear;
	uint32_t m = d->acked != 0 ? (uint32_t)((uint64_t)d->marked * ONE / d->acked) : 0;

	/* Rounded so that it ends at 0 without marks (section 4.3). */
	alpha = alpha - ((alpha + (1u << G_LOG) - 1) >> G_LOG) + (m >> G_LOG);
	d->clear = ONE - RTE_MIN(alpha, ONE);
	d->acked = 0;
	d->marked = 0;
	d->window_end = t->snd_max;
}

static void dctcp_acked(struct tcp *tcp, struct tcb *t, const struct tcp_ack_sample *a)
{
	struct dctcp *d = state(t);
	uint32_t acked = a->acked;

	if (!d->begun) {
		d->begun = true;
		d->window_end = t->snd_max;
	}
	d->acked += a->delivered;
	if (a->ece)
		d->marked += a->delivered;
	if (seq_geq(t->snd_una, d->window_end))
		alpha_update(d, t);
	if (!a->limited || t->flags & TF_RECOVERY)
		return;
	if (t->cwnd < t->ssthresh)
		acked = tcp_cc_slow_start(t, acked, 2);
	if (t->cwnd >= t->ssthresh)
		tcp_cc_avoid(t, acked);
}

/* Marks shrink by alpha / 2 (section 3.3 step 9), loss by half as ever (section 3.5). */
static uint32_t dctcp_ssthresh(struct tcp *tcp, struct tcb *t)
{
	uint32_t cwnd = tcp_cc_flight(t), alpha = ONE - state(t)->clear;

	if (t->xs->loss.lost != 0)
		alpha = ONE;
	cwnd -= (uint32_t)((uint64_t)cwnd * alpha / (2 * ONE));
	t->bytes_acked = 0;
	return RTE_MAX(cwnd, 2u * t->mss);
}

const struct tcp_cc_ops tcp_cc_dctcp = {
	.name = "dctcp",
	.flags = TCP_CC_ECN,
	.init = tcp_cc_init,
	.acked = dctcp_acked,
	.ssthresh = dctcp_ssthresh,
	.timeout = tcp_cc_nothing,
	.recovered = tcp_cc_nothing,
	.undo = tcp_cc_nothing,
	.idle = tcp_cc_idle,
};
