/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * How many packet buffers an application leaves unread. The window bounds its bytes, but a peer that
 * sends an octet at a time makes each of them cost a whole buffer, and once delivered they are not ours
 * to put together. So beyond HOLD_MOST further segments are dropped until the application gives some
 * back; the peer sends them again. Those behind the dropped one wait out of order, where small ones are
 * put together (ooo.c).
 *
 * Applications give back bytes, oldest first, and the usual one at once: what it holds is counted only
 * from when small segments are found to stay (TF_HOLDS), and then by two stretches of the sequence
 * space. Buffers of the older one count until all its bytes are given back: never too few.
 */
#define HOLD_LEAST 64 /* as many as one burst may bring before it is noticed */
#define HOLD_TIMES 4  /* the receive buffer: room for segments of 512 bytes and more */

static uint64_t hold_most(const struct tcp *tcp, const struct tcb *t)
{
	return HOLD_LEAST + (uint64_t)HOLD_TIMES * t->rcv_buf / tcp->buf_room;
}

void tcp_hold_begin(struct tcb *t)
{
	if (t->flags & TF_HOLDS || t->rcv_unread == 0)
		return;
	t->flags |= TF_HOLDS;
	t->held_old = RTE_MIN(t->rcv_unread, (uint32_t)HOLD_LEAST);
	t->held_new = 0;
	t->held_seq = t->rcv_nxt;
}

/* Forgets what was given back. False: nothing is left. */
static bool hold_update(struct tcb *t)
{
	if (t->rcv_unread == 0) {
		t->flags &= ~TF_HOLDS;
		return false;
	}
	if (seq_geq(t->rcv_nxt - t->rcv_unread, t->held_seq)) {
		t->held_old = t->held_new;
		t->held_new = 0;
		t->held_seq = t->rcv_nxt;
	}
	return true;
}

bool tcp_hold_more(const struct tcp *tcp, struct tcb *t, unsigned bufs)
{
	if (!hold_update(t))
		return true;
	if (t->held_old + t->held_new + bufs > hold_most(tcp, t))
		return false;
	t->held_new += bufs;
	return true;
}
