/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * The scoreboard: what is known of each stretch of the send queue that was sent. The counters of
 * struct tcp_loss are the sums over the stretches that carry the flag.
 */

static void retrans_unlink(struct tcp_loss *l, struct txseg *s)
{
	if (s->earlier != NULL)
		s->earlier->later = s->later;
	else
		l->rexmt_first = s->later;
	if (s->later != NULL)
		s->later->earlier = s->earlier;
	else
		l->rexmt_last = s->earlier;
}

static void retrans_over(struct tcp_loss *l, struct txseg *s)
{
	retrans_unlink(l, s);
	l->retrans -= s->len;
	s->flags &= (uint16_t)~TXSEG_RETRANS;
}

void tcp_seg_lost(struct tcb *t, struct txseg *s)
{
	struct tcp_loss *l = &t->xs->loss;

	if (s->flags & TXSEG_RETRANS)
		retrans_over(l, s);
	l->newly_lost += s->len;
	if (!(s->flags & TXSEG_LOST)) {
		s->flags |= TXSEG_LOST;
		l->lost += s->len;
	}
	if (l->next_lost == NULL || seq_lt(s->seq, l->next_lost->seq))
		l->next_lost = s;
}

void tcp_fin_lost(struct tcb *t, bool lost)
{
	struct tcp_loss *l = &t->xs->loss;

	l->lost += (uint32_t)lost - l->fin_lost; /* it counts as an octet */
	l->fin_lost = lost;
}

void tcp_seg_retrans(struct tcb *t, struct txseg *s)
{
	struct tcp_loss *l = &t->xs->loss;

	if (s->flags & TXSEG_RETRANS)
		retrans_over(l, s);
	s->flags |= TXSEG_RETRANS | TXSEG_REXMT;
	l->retrans += s->len;
	s->later = NULL;
	s->earlier = l->rexmt_last;
	if (l->rexmt_last != NULL)
		l->rexmt_last->later = s;
	else
		l->rexmt_first = s;
	l->rexmt_last = s;
}

void tcp_seg_split(struct tcb *t, struct txseg *s, struct txseg *rest)
{
	struct tcp_loss *l = &t->xs->loss;

	rest->flags &= (uint16_t)~TXSEG_RUN;
	if (!(s->flags & TXSEG_RETRANS))
		return;
	rest->earlier = s;
	rest->later = s->later;
	if (s->later != NULL)
		s->later->earlier = rest;
	else
		l->rexmt_last = rest;
	s->later = rest;
}

/* n bytes of s, the first ones, are acknowledged. */
static void counters_less(struct tcp_loss *l, const struct txseg *s, uint32_t n)
{
	if (s->flags & TXSEG_SACKED)
		l->sacked -= n;
	if (s->flags & TXSEG_LOST)
		l->lost -= n;
	if (s->flags & TXSEG_RETRANS)
		l->retrans -= n;
}

/* s has arrived, we hear for the first time. */
static inline void delivered(struct tcp *tcp, struct tcb *t, struct txseg *s,
	const struct tcp_seg *ack, struct tcp_ack_sample *a)
{
	struct tcp_loss *l = &t->xs->loss;

	tcp_rack_delivered(tcp, t, s, ack);
	if (unlikely(s->flags & TXSEG_HAD))
		return;
	a->delivered += s->len;
	tcp_rate_delivered(tcp, t, s, a);
	if (!(s->flags & TXSEG_REXMT) && seq_leq(s->seq + s->len, t->recover))
		l->orig_seen = true;
}

void tcp_seg_sacked(struct tcp *tcp, struct tcb *t, struct txseg *s, const struct tcp_seg *ack,
	struct tcp_ack_sample *a)
{
	struct tcp_loss *l = &t->xs->loss;

	if (s->flags & TXSEG_RETRANS)
		retrans_over(l, s);
	if (s->flags & TXSEG_LOST)
		l->lost -= s->len;
	s->flags &= (uint16_t)~TXSEG_LOST;
	s->flags |= TXSEG_SACKED;
	l->sacked += s->len;
	l->n_sacked++;
	if (l->top == NULL || seq_gt(s->seq, l->top->seq))
		l->top = s;
	delivered(tcp, t, s, ack, a);
	if (!(s->flags & (TXSEG_REXMT | TXSEG_HAD)))
		a->rtt_us = RTE_MAX((uint32_t)tcp->env->now_us - s->sent_us, 1u);
}

/* s leaves the queue. */
static inline void seg_acked(struct tcp *tcp, struct tcb *t, struct txseg *s,
	const struct tcp_seg *ack, struct tcp_ack_sample *a)
{
	struct tcp_loss *l = &t->xs->loss;

	if (unlikely(s->flags & (TXSEG_SACKED | TXSEG_LOST | TXSEG_RETRANS))) {
		if (s->flags & TXSEG_RETRANS)
			retrans_unlink(l, s);
		if (s->flags & TXSEG_SACKED)
			l->n_sacked--;
		counters_less(l, s, s->len);
		if (l->top == s)
			l->top = NULL;
	}
	if (unlikely(l->next_lost == s))
		l->next_lost = s->next != t->nxt_seg ? s->next : NULL;
	if (unlikely(l->search == s))
		l->search = NULL;
	if (l->walk == s)
		l->walk = NULL;
	if (likely(!(s->flags & TXSEG_SACKED)))
		delivered(tcp, t, s, ack, a);
}

/* Sent once, whole, and nothing was said of it until now. */
static inline bool plain(const struct txseg *s)
{
	return (s->flags & (TXSEG_SENT | TXSEG_RATE | TXSEG_REXMT | TXSEG_SACKED | TXSEG_LOST |
				   TXSEG_RETRANS | TXSEG_HAD)) == (TXSEG_SENT | TXSEG_RATE);
}

/*
 * Plain stretches from the head s on leave the queue, as one by one in seg_acked(): they lie in the
 * order of their sending, so the last one alone says what RACK and the delivery rate want to know.
 * Returns that one, which is still to be looked at.
 */
static inline struct txseg *plain_acked(
	struct tcp *tcp, struct tcb *t, struct txseg *s, uint32_t ack, struct tcp_ack_sample *a)
{
	struct tcp_loss *l = &t->xs->loss;
	uint32_t bytes = 0;

	if (seq_leq(s->seq + s->len, t->recover))
		l->orig_seen = true;
	for (;;) {
		struct txseg *next = s->next;

		if (unlikely(l->walk == s))
			l->walk = NULL;
		if (next == NULL || next == t->nxt_seg || seq_gt(next->seq + next->len, ack) ||
			!plain(next))
			break;
		bytes += s->len;
		pkt_free_seg(&tcp->env->pool, s->m);
		txseg_free(tcp, s);
		s = next;
	}
	if (bytes != 0) {
		t->snd_queued -= bytes;
		a->delivered += bytes;
		tcp_rate_others(tcp, t, bytes);
	}
	return s;
}

/* The stretch at the head is acknowledged in part. */
static void head_acked(struct tcp *tcp, struct tcb *t, uint32_t ack, struct tcp_ack_sample *a)
{
	struct txseg *s = t->una_seg;
	uint16_t n = (uint16_t)(ack - s->seq);

	counters_less(&t->xs->loss, s, n);
	if (!(s->flags & (TXSEG_SACKED | TXSEG_HAD)))
		a->delivered += n;
	s->seq += n;
	s->off += n;
	s->len -= n;
	t->snd_queued -= n;
}

/* Without SACK a duplicate ACK said that some segment had arrived: what is acknowledged now, but for
 * the segment that was missing, counts as delivered then (RFC 6937 section 3.1). */
static void dup_acks_taken_back(struct tcb *t, struct tcp_ack_sample *a)
{
	struct tcp_loss *l = &t->xs->loss;
	uint32_t known = a->acked > t->mss ? RTE_MIN(l->sacked, a->acked - t->mss) : 0;

	l->sacked = RTE_MIN(l->sacked - known, t->snd_max - t->snd_una - l->lost);
	a->delivered = a->delivered > known ? a->delivered - known : 0;
}

void tcp_scoreboard_ack(
	struct tcp *tcp, struct tcb *t, const struct tcp_seg *ack, struct tcp_ack_sample *a)
{
	struct txseg *s = t->una_seg;
	uint32_t sent_us = 0;
	uint16_t seen = 0;

	a->acked = ack->ack - t->snd_una;
	while (s != NULL && seq_leq(s->seq + s->len, ack->ack)) {
		if (likely(plain(s)) && t->xs->loss.next_lost == NULL &&
			t->xs->loss.search == NULL && s != t->nxt_seg)
			s = plain_acked(tcp, t, s, ack->ack, a);
		struct txseg *next = s->next;

		seen |= s->flags;
		sent_us = s->sent_us;
		seg_acked(tcp, t, s, ack, a);
		t->snd_queued -= s->len;
		if (unlikely(t->nxt_seg == s))
			t->nxt_seg = next;
		pkt_free_seg(&tcp->env->pool, s->m);
		txseg_free(tcp, s);
		s = next;
	}
	t->una_seg = s;
	if (s == NULL)
		t->tail_seg = NULL;
	else if (unlikely(seq_lt(s->seq, ack->ack)))
		head_acked(tcp, t, ack->ack, a);
	t->snd_una = ack->ack;
	if (unlikely(t->xs->loss.fin_lost) && t->snd_una == t->snd_max)
		tcp_fin_lost(t, false);
	if (unlikely(!(t->flags & TF_SACK))) {
		if (t->xs->loss.sacked != 0)
			dup_acks_taken_back(t, a);
		/* Which of them arrived now is not known. */
		if (seen & TXSEG_REXMT)
			t->xs->loss.orig_seen = false;
	}
	/* The others may have waited at the peer for one that was sent again (Karn). */
	if ((seen & (TXSEG_SENT | TXSEG_REXMT | TXSEG_SACKED)) == TXSEG_SENT)
		a->rtt_us = RTE_MAX((uint32_t)tcp->env->now_us - sent_us, 1u);
}

void tcp_lost_all(struct tcp *tcp, struct tcb *t)
{
	struct tcp_loss *l = &tcp_xs(tcp, t)->loss;

	l->sacked = 0;
	l->n_sacked = 0;
	l->n_blocks = 0;
	l->top = NULL;
	l->search = NULL;
	l->reo_at = 0;
	for (struct txseg *s = t->una_seg; s != NULL && s != t->nxt_seg; s = s->next) {
		if (s->flags & TXSEG_SACKED) {
			s->flags &= (uint16_t) ~(TXSEG_SACKED | TXSEG_RUN);
			s->flags |= TXSEG_HAD;
		}
		tcp_seg_lost(t, s);
		l->walk = s;
	}
	l->newly_lost = 0; /* whoever asked for it knows */
	tcp_fin_lost(t, (t->flags & TF_FIN_SENT) != 0);
}
