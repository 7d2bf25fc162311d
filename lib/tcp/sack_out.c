/* SPDX-License-Identifier: BSD-3-Clause */
#include "ooo.h"

/*
 * What the peer is told of data beyond a hole (RFC 2018) and of what came twice (RFC 2883). The
 * ranges that changed last are remembered by a sequence number in each; how far they reach by now
 * the queue knows.
 */

/* Blocks that fit beside the options that each segment carries. */
static unsigned blocks_most(const struct tcb *t)
{
	unsigned room =
		WIRE_TCP_MAX_LEN - WIRE_TCP_LEN - (t->flags & TF_TS ? TCP_TS_LEN : 0) - t->auth_len;

	return room < 4 ? 0 : RTE_MIN((room - 4) / 8, (unsigned)WIRE_TCP_SACK_MAX);
}

void tcp_dsack_note(struct tcp *tcp, struct tcb *t, uint32_t left, uint32_t right)
{
	if (!(t->flags & TF_SACK) || left == right || blocks_most(t) == 0)
		return;
	struct tcp_xr *x = tcp_xr(tcp, t);

	if (x->dsack_left != x->dsack_right)
		return; /* the first one of what an ACK answers */
	x->dsack_left = left;
	x->dsack_right = right;
}

/* Is s in the range [left, right)? */
static bool within(uint32_t s, uint32_t left, uint32_t right)
{
	return seq_geq(s, left) && seq_lt(s, right);
}

void tcp_sack_note(struct tcp *tcp, struct tcb *t, uint32_t seq)
{
	struct tcp_xr *x = t->xr;
	uint32_t left, right, keep[WIRE_TCP_SACK_MAX];
	unsigned n = 0, fresh = 0, most = blocks_most(t);

	if (!(t->flags & TF_SACK) || most == 0 || !tcp_ooo_range(x, seq, &left, &right))
		return;
	for (unsigned i = 0; i < x->n_recent; i++) {
		if (within(x->recent[i], left, right))
			continue;
		fresh += i < x->n_fresh;
		keep[n++] = x->recent[i];
	}
	/* More ranges changed in one burst than an ACK can tell of: one leaves before. */
	if (unlikely(fresh == most)) {
		tcp_xmit_ctl(tcp, t, t->snd_max, WIRE_TCP_ACK);
		fresh = 0;
	}
	x->recent[0] = seq;
	x->n_recent = (uint8_t)RTE_MIN(n + 1, most);
	memcpy(&x->recent[1], keep, (x->n_recent - 1u) * sizeof(keep[0]));
	x->n_fresh = (uint8_t)(fresh + 1);
}

static void block_add(struct wire_tcp_opts *o, uint32_t left, uint32_t right)
{
	o->sack[o->n_sack].left = left;
	o->sack[o->n_sack].right = right;
	o->n_sack++;
}

static bool listed(const struct wire_tcp_opts *o, unsigned from, uint32_t left)
{
	for (unsigned i = from; i < o->n_sack; i++)
		if (o->sack[i].left == left)
			return true;
	return false;
}

/* A duplicate first, then the ranges, the latest first, then the others as they lie. */
void tcp_sack_blocks(struct tcb *t, struct wire_tcp_opts *o)
{
	struct tcp_xr *x = t->xr;
	unsigned most = blocks_most(t), first = 0;
	uint32_t left, right, at = t->rcv_nxt;

	o->n_sack = 0;
	if (x->dsack_left != x->dsack_right) {
		block_add(o, x->dsack_left, x->dsack_right);
		x->dsack_left = x->dsack_right;
		first = 1;
	}
	for (unsigned i = 0; i < x->n_recent && o->n_sack < most; i++)
		if (tcp_ooo_range(x, x->recent[i], &left, &right) && !listed(o, first, left))
			block_add(o, left, right);
	for (; o->n_sack < most && tcp_ooo_after(x, at, &left, &right); at = left)
		if (!listed(o, first, left))
			block_add(o, left, right);
	x->n_fresh = 0;
	if (o->n_sack != 0)
		o->has |= WIRE_TCP_OPT_SACK;
}
