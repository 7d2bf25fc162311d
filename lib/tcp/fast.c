/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * Header prediction: the next in-order segment of an established connection that is in no special
 * condition, and new data that may leave as it lies in the queue. What these paths do is what the
 * general ones (segment.c, ack.c, data.c, output.c) would; whatever they do not expect they leave
 * to those, untouched.
 */

#define NOT_FAST_INPUT	(TF_RECOVERY | TF_PERSIST | TF_DETACHED | TF_FIN_SENT)
#define NOT_FAST_OUTPUT (TF_FIN_QUEUED | TF_PERSIST | TF_RECOVERY | TF_MORE)

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

bool tcp_fast_input(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	uint32_t acked = s->ack - t->snd_una, len = s->len;

	if (unlikely(!input_expected(t, s) || acked > t->snd_max - t->snd_una ||
		     len > t->rcv_adv - t->rcv_nxt || (acked | len) == 0))
		return false;
	t->last_rx_us = tcp->env->now_us;
	t->keepalive_sent = 0;
	if (acked != 0)
		tcp_ack_advance(tcp, t, s->ack);
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

static inline bool output_expected(const struct tcp *tcp, const struct tcb *t)
{
	if (unlikely((t->flags & (NOT_FAST_OUTPUT | TF_SENDING)) != TF_SENDING ||
		     t->dup_acks != 0 || t->dup_acks_owed != 0 || t->nxt_seg == NULL))
		return false;
	/* Restart after idle (RFC 5681 section 4.1) is the general path's. */
	return t->snd_una != t->snd_max || tcp->env->now_us - t->last_tx_us <= t->rto_us;
}

/* A stretch that is a segment as it is, new, and allowed by windows and Nagle. */
static inline bool seg_ready(const struct tcb *t, const struct txseg *s)
{
	uint32_t len = s->len;

	if (unlikely((s->flags & (TXSEG_INPLACE | TXSEG_SENT)) != TXSEG_INPLACE ||
		     rte_mbuf_refcnt_read(s->m) != 1 || len > t->mss))
		return false;
	if (len < t->mss &&
		(s->next != NULL || (t->snd_una != t->snd_nxt && !(t->flags & TF_NODELAY))))
		return false;
	return s->seq + len - t->snd_una <= RTE_MIN(t->cwnd, t->snd_wnd);
}

bool tcp_fast_output(struct tcp *tcp, struct tcb *t)
{
	struct txseg *s = t->nxt_seg;

	if (unlikely(!output_expected(tcp, t)))
		return false;
	do {
		if (unlikely(!seg_ready(t, s)))
			return false;
		uint32_t seq = s->seq, len = s->len;
		struct txseg *next = s->next;

		s->flags |= TXSEG_SENT;
		s->sent_us = (uint32_t)tcp->env->now_us;
		t->nxt_seg = next;
		t->snd_nxt = seq + len;
		t->snd_max = seq + len;
		t->bytes_sent += len;
		count_add(&tcp->env->cnt, CNT_tcp_tx_bytes, len);
		t->last_tx_us = tcp->env->now_us;
		if (t->rexmt_at == TCP_NEVER)
			tcp_rexmt_arm(tcp, t);
		if (unlikely(tcp_xmit(tcp, t, tcp_xmit_data(tcp, s, 1, len), seq,
				     s->flags & TXSEG_PUSH || next == NULL
					     ? WIRE_TCP_ACK | WIRE_TCP_PSH
					     : WIRE_TCP_ACK,
				     0) == -EMSGSIZE))
			return false;
		s = next;
	} while (s != NULL);
	return true;
}
