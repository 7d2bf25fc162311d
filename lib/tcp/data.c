/* SPDX-License-Identifier: BSD-3-Clause */
#include "ooo.h"

/* Received payload and FIN, in order and out of order (RFC 9293 section 3.10.7.4, seventh, eighth). */

/* Not as long as the longest so far. */
static inline void odd_len(struct tcb *t, uint32_t len)
{
	if (len > t->rcv_mss)
		t->rcv_mss = (uint16_t)len;
	else if (unlikely(t->rcv_unread != 0))
		tcp_hold_begin(t);
}

/*
 * In-order data arrived: an ACK now for every second full segment, else within delack_us (section
 * 3.8.6.3), or with the data that is about to be sent. While the sender's window may be small, at
 * the beginning and after a pause or a loss, each full segment gets its ACK at once.
 */
void tcp_ack_schedule(struct tcp *tcp, struct tcb *t, uint32_t len)
{
	if (unlikely(len != t->rcv_mss))
		odd_len(t, len);
	if (t->rcv_nxt - t->rcv_acked >= 2u * t->rcv_mss) {
		tcp_ack_now(tcp, t);
		if (unlikely(seq_geq(t->rcv_nxt, t->round_end)) && t->rcv_buf < t->rcv_buf_max)
			tcp_rcv_round_end(tcp, t);
	} else if (unlikely(t->quick_acks != 0) && len == t->rcv_mss) {
		t->quick_acks--;
		tcp_ack_now(tcp, t);
	} else if (t->nxt_seg == NULL || !(t->flags & TF_ON_OUT))
		tcp_delack_arm(tcp, t);
}

/* The peer's FIN is next in sequence. */
void tcp_fin_process(struct tcp *tcp, struct tcb *t)
{
	t->rcv_nxt++;
	if (seq_lt(t->rcv_adv, t->rcv_nxt))
		t->rcv_adv = t->rcv_nxt;
	tcp_ack_now(tcp, t);
	switch (t->state) {
	case TCP_ESTABLISHED:
		t->state = TCP_CLOSE_WAIT;
		break;
	case TCP_FIN_WAIT_1: /* our FIN is not yet acknowledged */
		t->state = TCP_CLOSING;
		break;
	case TCP_FIN_WAIT_2:
		tcp_xmit_ctl(tcp, t, t->snd_max, WIRE_TCP_ACK); /* the block goes: now or never */
		tcp_time_wait_enter(tcp, t);
		return;
	default:
		return;
	}
	if (!(t->flags & TF_DETACHED))
		tcp->up->peer_closed(tcp->up_ctx, t);
}

/*
 * A segment beyond a hole. A peer without SACK counts duplicate ACKs, one for each; with SACK it
 * learns the same from one ACK a burst, which tells of all ranges that changed (sack_out.c sends
 * more where one has no room for them).
 */
static void dup_ack_owe(struct tcb *t)
{
	if (t->flags & TF_SACK)
		t->dup_acks_owed = 1;
	else if (t->dup_acks_owed < UINT8_MAX)
		t->dup_acks_owed++;
}

/*
 * The segment's buffer holds just its payload, trimmed to the window. Takes it.
 */
void tcp_data_process(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	bool fin = (s->flags & WIRE_TCP_FIN) != 0;
	struct rte_mbuf *m = s->p->m;

	if (unlikely(s->len == 0 && !fin)) { /* nothing new in it */
		tcp_ack_now(tcp, t);
		pkt_drop(&tcp->env->pool, m, DROP_tcp_dup);
		return;
	}
	if (unlikely(s->seq != t->rcv_nxt)) {
		dup_ack_owe(t);
		tcp_ack_now(tcp, t); /* RFC 5681 section 4.2: at once */
		tcp_ooo_add(tcp, t, m, s->seq, fin);
		return;
	}
	if (unlikely(t->flags & TF_HOLDS) && s->len != 0 && !tcp_hold_more(tcp, t, m->nb_segs)) {
		pkt_drop(&tcp->env->pool, m, DROP_tcp_unread_full); /* as if it was lost */
		return;
	}
	bool gap = t->xr != NULL;

	if (likely(s->len != 0))
		tcp_deliver(tcp, t, m, s->len);
	else
		pkt_free(&tcp->env->pool, m);
	if (unlikely(t->state == TCP_CLOSED))
		return;
	if (unlikely(gap)) {
		tcp_ack_now(tcp, t); /* RFC 5681 section 4.2: it fills a gap */
		t->quick_acks = tcp->conf.quick_acks;
		tcp_ooo_drain(tcp, t);
		if (t->state == TCP_CLOSED)
			return;
		tcp_rcv_round_begin(tcp, t); /* what came before its time says nothing of it */
	}
	/* Unless the same FIN had come before and has just been taken with the queue. */
	if (unlikely(fin && t->rcv_nxt == s->seq + s->len)) {
		tcp_fin_process(tcp, t);
		return;
	}
	tcp_ack_schedule(tcp, t, s->len);
}
