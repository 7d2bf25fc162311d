/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_FAST_INPUT_H
#define GN_TCP_FAST_INPUT_H

#include "ack_advance.h"
#include "tcp_priv.h"

/*
 * Header prediction: the next in-order segment of an established connection that is in no special
 * condition and has at most one segment under way. What this does is what the general path
 * (segment.c, ack.c, data.c) would; whatever it does not expect it leaves to that, untouched.
 */

#define NOT_FAST_INPUT                                                                           \
	(TF_RECOVERY | TF_PERSIST | TF_DETACHED | TF_FIN_QUEUED | TF_WRITABLE | TF_TS | TF_ECN | \
		TF_LOSS | TF_SIGNED)

static inline const uint8_t *fast_header_of(const struct net_pkt *p)
{
	return rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l4_off);
}

static inline uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Is p, guessed by its hash, t's? Nothing of the segment was checked before. */
static __rte_always_inline bool fast_is_for(const struct tcb *t, const struct net_pkt *p)
{
	const struct tcp_key *k = &t->key;

	if (unlikely(p->l4_len < WIRE_TCP_LEN || load32(fast_header_of(p)) != t->ports_rx ||
		     k->scope != p->scope || t->state == TCP_CLOSED ||
		     ((p->flags ^ t->flags) & NET_PKT_V6) != 0))
		return false;
	if (p->flags & NET_PKT_V6)
		return memcmp(&k->r.v6, &p->src.v6, sizeof(k->r.v6)) == 0 &&
		       memcmp(&k->l.v6, &p->dst.v6, sizeof(k->l.v6)) == 0;
	return k->r.v4 == p->src.v4 && k->l.v4 == p->dst.v4;
}

_Static_assert(TF_V6 == NET_PKT_V6, "compared by one operation");

/* The whole of what is under way is acknowledged: one stretch, sent once. */
static __rte_always_inline bool fast_acked_all(const struct tcb *t, uint32_t acked)
{
	const struct txseg *s = t->una_seg;

	return s != NULL && s->len == acked && s->next == NULL && t->nxt_seg == NULL &&
	       t->xs == NULL && (s->flags & (TXSEG_SENT | TXSEG_REXMT)) == TXSEG_SENT &&
	       2 * acked < t->cwnd;
}

/* RFC 6298 (5.2), (2.3); the window of congestion does not grow, since it was not used. */
static __rte_always_inline void fast_ack(struct tcp *tcp, struct tcb *t, uint32_t ack)
{
	struct txseg *s = t->una_seg;
	uint32_t now = (uint32_t)tcp->env->now_us;

	rtt_sample(tcp, t, now - s->sent_us);
	pkt_free_seg(&tcp->env->pool, s->m);
	txseg_free(tcp, s);
	t->una_seg = NULL;
	t->tail_seg = NULL;
	t->snd_queued = 0;
	t->snd_una = ack;
	t->dup_acks = 0;
	t->rexmt_at = TCP_NEVER;
	if (unlikely(now - t->confirmed_us >= CONFIRM_US)) {
		t->confirmed_us = now;
		net_confirm(tcp->net, &t->dst);
	}
}

/* Cuts the headers off; the packet is one buffer. */
static inline struct rte_mbuf *fast_payload(struct rte_mbuf *m, unsigned n, uint32_t len)
{
	m->data_off += (uint16_t)n;
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	return m;
}

static __rte_always_inline bool fast_input(struct tcp *tcp, struct tcb *t, struct net_pkt *p)
{
	const uint8_t *h = fast_header_of(p);
	struct rte_mbuf *m = p->m;
	uint32_t seq = wire_swap32(load32(h + 4)), ack = wire_swap32(load32(h + 8));
	/* Header length, flags, window. */
	uint32_t word = wire_swap32(load32(h + 12)), wnd = (word & 0xffff) << t->snd_wscale;
	uint32_t acked = ack - t->snd_una, len = p->l4_len - WIRE_TCP_LEN;

	if (unlikely((word & ~(WIRE_TCP_PSH << 16 | 0xffffu)) !=
			     ((uint32_t)5 << 28 | WIRE_TCP_ACK << 16) ||
		     (p->flags & (NET_PKT_CKSUM_OK | NET_PKT_L2_MCAST | NET_PKT_L3_MCAST)) !=
			     NET_PKT_CKSUM_OK ||
		     m->nb_segs != 1))
		return false;
	if (unlikely(seq != t->rcv_nxt || t->state != TCP_ESTABLISHED ||
		     (t->flags & NOT_FAST_INPUT) != 0 || t->xr != NULL || len > t->rcv_adv - seq ||
		     (acked | len) == 0))
		return false;
	if (acked != 0) {
		if (unlikely(!fast_acked_all(t, acked)))
			return false;
		fast_ack(tcp, t, ack);
	}
	t->last_rx_us = tcp->env->now_us;
	t->keepalive_sent = 0;
	t->snd_wl1 = seq;
	t->snd_wl2 = ack;
	t->snd_wnd = wnd;
	if (unlikely(wnd > t->max_wnd))
		t->max_wnd = wnd;
	if (unlikely(t->nxt_seg != NULL)) /* the window may let it go */
		tcp_out_add(tcp, t);
	if (len == 0) {
		pkt_free_seg(&tcp->env->pool, m);
		return true;
	}
	tcp_deliver(tcp, t, fast_payload(m, p->l4_off + WIRE_TCP_LEN, len), len);
	if (unlikely(t->state == TCP_CLOSED))
		return true;
	/* An answer that is queued takes the ACK along; not two whole segments wait for theirs. */
	if (likely(t->rcv_nxt - t->rcv_acked <= t->rcv_mss && t->nxt_seg != NULL &&
		    t->flags & TF_ON_OUT))
		return true;
	tcp_ack_schedule(tcp, t, len);
	return true;
}

#endif
