/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_FAST_INPUT_H
#define GN_TCP_FAST_INPUT_H

#include "ack_advance.h"
#include "tcp_priv.h"

/*
 * Header prediction: the next in-order segment of an established connection that is in no special
 * condition. What this does is what the general path (segment.c, ack.c, data.c) would; whatever it
 * does not expect it leaves to that, untouched.
 */

#define NOT_FAST_INPUT (TF_RECOVERY | TF_PERSIST | TF_DETACHED | TF_FIN_SENT)

static inline bool input_expected(const struct tcb *t, const struct tcp_seg *s)
{
	return (s->flags & ~WIRE_TCP_PSH) == WIRE_TCP_ACK && s->seq == t->rcv_nxt &&
	       t->state == TCP_ESTABLISHED && !(t->flags & NOT_FAST_INPUT) && t->ooo == NULL &&
	       !t->ooo_fin;
}

static inline void window_take(struct tcp *tcp, struct tcb *t, const struct tcp_seg *s)
{
	t->snd_wl1 = s->seq;
	t->snd_wl2 = s->ack;
	if (likely(s->wnd == t->snd_wnd))
		return;
	t->snd_wnd = s->wnd;
	t->max_wnd = RTE_MAX(t->max_wnd, t->snd_wnd);
	tcp_out_add(tcp, t);
}

/* Cuts the headers off. */
static inline struct rte_mbuf *payload(struct tcp *tcp, struct rte_mbuf *m, uint16_t n)
{
	if (unlikely(m->nb_segs != 1))
		return tcp_trim_front(tcp, m, n);
	m->data_off += n;
	m->data_len -= n;
	m->pkt_len -= n;
	return m;
}

static __rte_always_inline bool fast_input(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	uint32_t acked = s->ack - t->snd_una, len = s->len;

	if (unlikely(!input_expected(t, s) || acked > t->snd_max - t->snd_una ||
		     len > t->rcv_adv - t->rcv_nxt || (acked | len) == 0))
		return false;
	t->last_rx_us = tcp->env->now_us;
	t->keepalive_sent = 0;
	if (acked != 0)
		ack_advance(tcp, t, s->ack);
	window_take(tcp, t, s);
	if (unlikely(t->nxt_seg != NULL))
		tcp_out_add(tcp, t);
	if (unlikely(t->flags & TF_WRITABLE)) {
		tcp_room_report(tcp, t);
		if (t->state == TCP_CLOSED) {
			seg_done(tcp, s);
			return true;
		}
	}
	if (len == 0) {
		seg_done(tcp, s);
		return true;
	}
	/* writable() may have closed: the general path knows what becomes of the data. */
	if (unlikely(t->state != TCP_ESTABLISHED))
		return false;
	tcp_deliver(tcp, t, payload(tcp, s->p->m, s->p->l4_off + s->hlen), len);
	if (likely(t->state != TCP_CLOSED))
		tcp_ack_schedule(tcp, t, len);
	return true;
}

#endif
