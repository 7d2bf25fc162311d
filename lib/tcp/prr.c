/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * Proportional rate reduction (RFC 6937): in fast recovery as much leaves as arrives at the peer, in
 * the proportion by which the window is to shrink; so that sending neither stops nor bursts, and
 * recovery ends with about ssthresh under way. Without SACK, a duplicate ACK counts as one segment
 * delivered.
 */

void tcp_prr_begin(struct tcb *t)
{
	struct tcp_loss *l = &t->xs->loss;

	l->prr_delivered = 0;
	l->prr_out = 0;
	l->prr_flight = t->snd_max - t->snd_una; /* RecoverFS, never 0 */
}

/* Section 3.1; the reduction bound below ssthresh depends on whether the ACK told of more loss
 * (section 4: conservative then, else slow start). */
static uint32_t sndcnt(const struct tcb *t, uint32_t delivered, bool good, uint32_t pipe)
{
	const struct tcp_loss *l = &t->xs->loss;

	if (pipe > t->ssthresh) {
		uint64_t due = ((uint64_t)l->prr_delivered * t->ssthresh + l->prr_flight - 1) /
			       l->prr_flight;

		return due > l->prr_out ? (uint32_t)(due - l->prr_out) : 0;
	}
	uint32_t limit = l->prr_delivered > l->prr_out ? l->prr_delivered - l->prr_out : 0;

	limit = RTE_MAX(limit, delivered);
	if (good)
		limit += t->mss;
	return RTE_MIN(t->ssthresh - pipe, limit);
}

void tcp_prr_update(struct tcb *t, uint32_t delivered, bool good, bool now)
{
	struct tcp_loss *l = &t->xs->loss;
	uint32_t pipe = tcp_pipe(t), n;

	l->prr_delivered += delivered;
	n = sndcnt(t, delivered, good, pipe);
	if (now || l->prr_out == 0) /* fast retransmit itself waits for nothing */
		n = RTE_MAX(n, (uint32_t)t->mss);
	t->cwnd = pipe + n;
}
