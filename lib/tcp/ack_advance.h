/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_ACK_ADVANCE_H
#define GN_TCP_ACK_ADVANCE_H

#include "tcp_priv.h"

/* New data was acknowledged: what the usual segment and the general path (ack.c) both do. */

#define CONFIRM_US 1000000 /* news of a reachable neighbour, no more often */

/* Section 2: from the estimate, not below the floor, not above the ceiling. */
static inline void rto_set(struct tcp *tcp, struct tcb *t)
{
	uint32_t rto = t->srtt_us + RTE_MAX(1u, 4 * t->rttvar_us);

	if (likely(rto <= tcp->conf.rto_min_us))
		rto = tcp->conf.rto_min_us;
	else if (unlikely(rto > tcp->conf.rto_max_us))
		rto = tcp->conf.rto_max_us;
	t->rto_us = rto;
}

static inline void rtt_sample(struct tcp *tcp, struct tcb *t, uint32_t rtt_us)
{
	uint32_t srtt = t->srtt_us, var = t->rttvar_us;

	tcp->rtt_hist[tcp_rtt_bucket(rtt_us)]++;
	if (unlikely(srtt == 0)) { /* (2.2) */
		srtt = rtt_us;
		var = rtt_us / 2;
	} else { /* (2.3): beta 1/4 with the old SRTT, then alpha 1/8 */
		int32_t err = (int32_t)(rtt_us - srtt);
		int32_t dev = err < 0 ? -err : err;

		var += (uint32_t)((dev - (int32_t)var) >> 2);
		srtt += (uint32_t)(err >> 3);
	}
	t->srtt_us = srtt + (srtt == 0); /* 0 means none yet */
	t->rttvar_us = var;
	rto_set(tcp, t);
	t->backoff = 0; /* section 5: not before, so that a slow path gives samples at last */
}

/* Takes acknowledged stretches off the queue; a sample from the newest one, unless one of them was
 * sent again: the others may have waited at the peer for it (Karn, RFC 6298 section 3). */
static inline void txq_acked(struct tcp *tcp, struct tcb *t, uint32_t ack)
{
	struct txseg *s = t->una_seg;
	uint32_t sent_us = 0;
	uint16_t seen = 0;

	while (s != NULL && seq_leq(s->seq + s->len, ack)) {
		struct txseg *next = s->next;

		seen |= s->flags;
		sent_us = s->sent_us;
		t->snd_queued -= s->len;
		if (t->nxt_seg == s)
			t->nxt_seg = next;
		pkt_free_seg(&tcp->env->pool, s->m);
		txseg_free(tcp, s);
		s = next;
	}
	t->una_seg = s;
	if (s == NULL) {
		t->tail_seg = NULL;
	} else if (unlikely(seq_lt(s->seq, ack))) { /* acknowledged in part */
		uint16_t n = (uint16_t)(ack - s->seq);

		s->seq += n;
		s->off += n;
		s->len -= n;
		t->snd_queued -= n;
	}
	if ((seen & (TXSEG_SENT | TXSEG_REXMT)) == TXSEG_SENT)
		rtt_sample(tcp, t, (uint32_t)tcp->env->now_us - sent_us);
}

/* A window that the application does not fill says nothing of the path (RFC 7661 section 4.1): it
 * does not grow. */
static inline bool window_used(const struct tcb *t, uint32_t flight)
{
	return 2 * flight >= t->cwnd;
}

/* What follows when snd_una has moved and the queue is in order. */
static inline void ack_done(struct tcp *tcp, struct tcb *t, uint32_t ack)
{
	t->rexmt_since = 0;
	if (unlikely(seq_lt(t->snd_nxt, ack))) { /* a probe's octet */
		t->snd_nxt = ack;
		t->nxt_seg = t->una_seg;
	}
	if (ack == t->snd_max) {
		t->rexmt_at = TCP_NEVER; /* RFC 6298 (5.2) */
	} else {
		t->flags &= ~TF_PERSIST;
		tcp_rexmt_arm(tcp, t); /* (5.3) */
	}
	if (unlikely((uint32_t)tcp->env->now_us - t->confirmed_us >= CONFIRM_US)) {
		t->confirmed_us = (uint32_t)tcp->env->now_us;
		net_confirm(tcp->net, &t->dst);
	}
}

/* New data is acknowledged, and no struct tcp_xs is there: nothing was lost, and at most a segment
 * was under way. ack is in (snd_una, snd_max]. */
static inline void ack_advance(struct tcp *tcp, struct tcb *t, uint32_t ack)
{
	uint32_t acked = ack - t->snd_una, flight = t->snd_max - t->snd_una;

	t->snd_una = ack;
	t->dup_acks = 0;
	txq_acked(tcp, t, ack);
	if (unlikely(window_used(t, flight)))
		tcp_ack_growth(tcp, t, acked, flight);
	ack_done(tcp, t, ack);
}

#endif
