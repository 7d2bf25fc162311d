/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * The SACK blocks of an ACK (RFC 2018, RFC 2883). What a block says that the last ACK said already is
 * not looked up again; runs of SACKed stretches are leapt over; and what is left of walking is
 * bounded for each ACK, so that no peer can make blocks expensive by choosing them badly.
 */

#define SPLIT_MIN 64u /* bytes: smaller pieces are not cut off a stretch */

struct sack_walk {
	const struct tcp_seg *ack;
	struct tcp_ack_sample *a;
	unsigned steps;
};

/* Nearest stretch known at or before seq. */
static struct txseg *near(const struct tcb *t, uint32_t seq)
{
	const struct tcp_loss *l = &t->xs->loss;
	struct txseg *s = t->una_seg;

	if (l->search != NULL && seq_leq(l->search->seq, seq))
		s = l->search;
	if (l->top != NULL && seq_leq(l->top->seq, seq) && s != NULL && seq_gt(l->top->seq, s->seq))
		s = l->top;
	return s;
}

/*
 * Only a part of s lies in the block: the port had cut packets elsewhere. The part becomes a stretch
 * of its own, unless it is too small to be worth one: a peer that acknowledges octets cannot break
 * the queue into octets. Returns the stretch that is wholly in the block, or NULL.
 */
static struct txseg *cut_out(
	struct tcp *tcp, struct tcb *t, struct txseg *s, uint32_t left, uint32_t right)
{
	if (seq_lt(s->seq, left)) {
		uint32_t n = left - s->seq;

		if (n < SPLIT_MIN || s->len - n < SPLIT_MIN || !txseg_split(tcp, t, s, (uint16_t)n))
			return NULL;
		s = s->next;
	}
	if (seq_gt(s->seq + s->len, right)) {
		uint32_t n = right - s->seq;

		if (n < SPLIT_MIN || s->len - n < SPLIT_MIN || !txseg_split(tcp, t, s, (uint16_t)n))
			return NULL;
	}
	return s;
}

/* [left, right) has arrived; it lies within what is outstanding. */
static void block(
	struct tcp *tcp, struct tcb *t, uint32_t left, uint32_t right, struct sack_walk *w)
{
	struct tcp_loss *l = &t->xs->loss;
	struct txseg *s = near(t, left), *run = NULL;

	while (s != NULL && s != t->nxt_seg && seq_lt(s->seq, right)) {
		l->search = s;
		if (s->flags & TXSEG_SACKED || seq_leq(s->seq + s->len, left)) {
			if (unlikely(w->steps-- == 0)) {
				w->steps = 0;
				tcp_count(tcp, CNT_tcp_sack_limited);
				return;
			}
			if (!(s->flags & TXSEG_SACKED))
				run = NULL;
			else if (run == NULL)
				run = s;
			s = s->flags & TXSEG_RUN ? s->later : s->next;
			continue;
		}
		struct txseg *in = cut_out(tcp, t, s, left, right);

		if (in == NULL) {
			run = NULL;
			s = s->next;
			continue;
		}
		tcp_seg_sacked(tcp, t, in, w->ack, w->a);
		if (run == NULL || in != s) /* what was cut off before it is a hole */
			run = in;
		s = in->next;
	}
	if (run != NULL && s != NULL && run->next != s) {
		run->later = s;
		run->flags |= TXSEG_RUN;
	}
}

/* Was all of it in a block of the last ACK? */
static bool known(const struct tcp_loss *l, uint32_t left, uint32_t right)
{
	for (unsigned i = 0; i < l->n_blocks; i++)
		if (seq_geq(left, l->block_left[i]) && seq_leq(right, l->block_right[i]))
			return true;
	return false;
}

/* The first block may tell what came twice: below the ACK, or within the second (RFC 2883 section 4). */
static bool is_dsack(const struct tcb *t, const struct wire_tcp_opts *o)
{
	uint32_t left = o->sack[0].left, right = o->sack[0].right;

	if (!seq_lt(left, right))
		return false;
	if (seq_leq(right, t->snd_una))
		return true;
	return o->n_sack > 1 && seq_geq(left, o->sack[1].left) && seq_leq(right, o->sack[1].right);
}

static void dsack(struct tcp *tcp, struct tcb *t, uint32_t len)
{
	struct tcp_loss *l = &t->xs->loss;

	l->dsack = true;
	tcp_count(tcp, CNT_tcp_dsack_in);
	l->undo_left -= RTE_MIN(len, l->undo_left);
}

void tcp_sack_input(
	struct tcp *tcp, struct tcb *t, const struct tcp_seg *s, struct tcp_ack_sample *a)
{
	const struct wire_tcp_opts *o = s->opts;
	struct tcp_loss *l = &t->xs->loss;
	struct sack_walk w = {.ack = s, .a = a, .steps = TCP_SACK_STEPS};
	uint32_t left[4], right[4];
	unsigned first = 0, n = 0;

	if (o->n_sack != 0 && is_dsack(t, o)) {
		dsack(tcp, t, RTE_MIN(o->sack[0].right - o->sack[0].left, 65535u));
		first = 1;
	}
	for (unsigned i = first; i < o->n_sack; i++) {
		uint32_t b = o->sack[i].left, e = o->sack[i].right;

		if (seq_leq(e, t->snd_una) && seq_lt(b, e))
			continue; /* older than the ACK */
		if (!seq_lt(b, e) || seq_gt(e, t->snd_max) || seq_lt(b, t->snd_una)) {
			tcp_count(tcp, CNT_tcp_sack_bad);
			continue;
		}
		left[n] = b;
		right[n++] = e;
		if (!known(l, b, e))
			block(tcp, t, b, e, &w);
	}
	l->n_blocks = w.steps != 0 ? (uint8_t)n : 0;
	memcpy(l->block_left, left, n * sizeof(left[0]));
	memcpy(l->block_right, right, n * sizeof(right[0]));
}
