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

#define NOT_FAST_INPUT                                                                             \
	(TF_RECOVERY | TF_PERSIST | TF_DETACHED | TF_FIN_QUEUED | TF_WRITABLE | TF_ECN | TF_LOSS | \
		TF_SIGNED | TF_HOLDS)
#define SMALL_MEAN 512 /* bytes a segment; below, their buffers are worth counting (hold.c) */

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

/* Has p, guessed by its hash, t's addresses and ports? Nothing of the segment was checked before;
 * the family of t is not looked at. */
static __rte_always_inline bool fast_is_for(const struct tcb *t, const struct net_pkt *p)
{
	const struct tcp_key *k = &t->key;

	if (unlikely(p->l4_len < WIRE_TCP_LEN || load32(fast_header_of(p)) != t->ports_rx ||
		     k->scope != p->scope))
		return false;
	if (p->flags & NET_PKT_V6)
		return memcmp(&k->r.v6, &p->src.v6, sizeof(k->r.v6)) == 0 &&
		       memcmp(&k->l.v6, &p->dst.v6, sizeof(k->l.v6)) == 0;
	return k->r.v4 == p->src.v4 && k->l.v4 == p->dst.v4;
}

_Static_assert(TF_V6 == NET_PKT_V6, "compared by one operation");

static __rte_always_inline bool fast_state(const struct tcb *t, const struct net_pkt *p)
{
	return (t->flags & (NOT_FAST_INPUT | TF_V6)) == (p->flags & NET_PKT_V6) &&
	       t->state == TCP_ESTABLISHED && t->xr == NULL &&
	       (p->flags & (NET_PKT_CKSUM_OK | NET_PKT_L2_MCAST | NET_PKT_L3_MCAST)) ==
		       NET_PKT_CKSUM_OK &&
	       p->m->nb_segs == 1;
}

/* ACK, perhaps PSH, and no other flag; the timestamps alone as RFC 7323 appendix A lays them out, and
 * not older than the last (section 5.3), if they were agreed on. */
static __rte_always_inline bool fast_header(
	const struct tcb *t, const struct net_pkt *p, const uint8_t *h, bool ts)
{
	uint16_t off_flags;

	memcpy(&off_flags, h + 12, sizeof(off_flags));
	off_flags &= wire_swap16((uint16_t)~WIRE_TCP_PSH);
	if (!ts)
		return off_flags == wire_swap16(5 << 12 | WIRE_TCP_ACK);
	return off_flags == wire_swap16(8 << 12 | WIRE_TCP_ACK) &&
	       p->l4_len >= WIRE_TCP_LEN + TCP_TS_LEN &&
	       load32(h + 20) == wire_swap32(WIRE_TCP_TS_ALIGNED) &&
	       seq_geq(wire_get32(h + 24), t->ts_recent);
}

/* The whole queue is acknowledged: one stretch that was sent once. Slow start and congestion
 * avoidance have nothing to do, since the window was not used (RFC 7661). */
static __rte_always_inline bool fast_acked_all(const struct tcb *t, uint32_t acked)
{
	const struct txseg *s = t->una_seg;

	return acked == t->snd_queued && acked == s->len && t->nxt_seg == NULL && t->xs == NULL &&
	       (s->flags & (TXSEG_REXMT | TXSEG_BUF)) == TXSEG_BUF && !window_used(t, acked);
}

/* RFC 6298 (2.3), (5.2). */
static __rte_always_inline void fast_ack(struct tcp *tcp, struct tcb *t, uint32_t ack)
{
	struct txseg *s = t->una_seg;
	uint32_t now = (uint32_t)tcp->env->now_us;

	rtt_sample(tcp, t, now - s->sent_us);
	if (unlikely(!(s->flags & TXSEG_APPEND) || !pkt_put(&tcp->env->pool, s->m)))
		pkt_free_seg(&tcp->env->pool, s->m);
	tcp->tx_bufs--;
	s->next = tcp->txseg_free;
	tcp->txseg_free = s;
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

static __rte_always_inline void fast_window(struct tcb *t, const uint8_t *h)
{
	uint32_t wnd = (uint32_t)wire_get16(h + 14) << t->snd_wscale;

	t->snd_wnd = wnd;
	if (unlikely(wnd > t->max_wnd))
		t->max_wnd = wnd;
}

/* Cuts the headers off; the packet is one buffer. */
static inline struct rte_mbuf *fast_payload(struct rte_mbuf *m, unsigned n, uint32_t len)
{
	m->data_off += (uint16_t)n;
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	return m;
}

/* Data in order, now counted: total bytes in segments of len. */
static __rte_always_inline void fast_deliver(
	struct tcp *tcp, struct tcb *t, struct rte_mbuf *m, uint32_t len, uint32_t total)
{
	tcp_deliver(tcp, t, m, total);
	/* An answer that is queued takes the ACK along; not two whole segments wait for theirs, or to be
	 * read. */
	if (likely(t->rcv_nxt - t->rcv_acked + t->rcv_unread <= t->rcv_mss && t->nxt_seg != NULL &&
		    (t->flags & TF_ON_OUT) != 0))
		return;
	if (t->state != TCP_CLOSED)
		tcp_ack_schedule(tcp, t, len);
}

/*
 * The segments behind p that follow on it, as far as their burst goes: one chain of payload, one
 * upcall, one look at the block (generic receive offload in software). They acknowledge nothing that
 * p does not. Returns how many; *len: with their bytes; *one: 1 if they are small on the average.
 */
static inline unsigned fast_gather(struct tcp *tcp, struct tcb *t, struct net_pkt *p, unsigned n,
	bool ts, uint32_t ack, uint32_t *one, uint32_t *len)
{
	const unsigned hlen = ts ? WIRE_TCP_LEN + TCP_TS_LEN : WIRE_TCP_LEN;
	uint32_t most = RTE_MIN(t->rcv_adv - t->rcv_nxt, tcp_chain_most(t)), total = *len;
	struct rte_mbuf *head = p->m, *last = head;
	unsigned k = 1;

	for (; k <= n; k++) {
		struct net_pkt *q = &p[k];
		const uint8_t *h = fast_header_of(q);

		if (!fast_is_for(t, q) || !fast_state(t, q) || !fast_header(t, q, h, ts))
			break;
		uint32_t more = q->l4_len - hlen;

		if (wire_get32(h + 4) != t->rcv_nxt + total || wire_get32(h + 8) != ack ||
			more == 0 || total + more > most)
			break;
		fast_window(t, h);
		last->next = fast_payload(q->m, q->l4_off + hlen, more);
		last = q->m;
		total += more;
	}
	head->nb_segs = (uint16_t)k;
	head->pkt_len = total;
	t->snd_wl1 = t->rcv_nxt + total - last->data_len;
	if (unlikely(total < k * SMALL_MEAN))
		*one = 1;
	*len = total;
	count_add(&tcp->env->cnt, CNT_tcp_rx_coalesced, k - 1);
	return k - 1;
}

/* How many of the segments from p on were used up, 0: none. more: how many of its burst follow. */
static __rte_always_inline unsigned fast_input_as(
	struct tcp *tcp, struct tcb *t, struct net_pkt *p, unsigned more, bool ts)
{
	const unsigned hlen = ts ? WIRE_TCP_LEN + TCP_TS_LEN : WIRE_TCP_LEN;
	const uint8_t *h = fast_header_of(p);
	uint32_t seq = wire_get32(h + 4), len = p->l4_len - hlen, ack, acked;

	if (unlikely(!fast_header(t, p, h, ts) || seq != t->rcv_nxt || len > t->rcv_adv - seq))
		return 0;
	ack = wire_get32(h + 8);
	acked = ack - t->snd_una;
	if (likely(acked != 0)) {
		if (unlikely(!fast_acked_all(t, acked)))
			return 0;
		fast_ack(tcp, t, ack);
	} else {
		if (unlikely(len == 0))
			return 0;
		if (unlikely(t->nxt_seg != NULL)) /* the window may let it go */
			tcp_out_add(tcp, t);
	}
	fast_window(t, h);
	if (ts && likely(seq == t->rcv_acked)) /* RFC 7323 section 4.3 */
		t->ts_recent = wire_get32(h + 24);
	t->last_rx_us = tcp->env->now_us;
	t->keepalive_sent = 0;
	t->snd_wl1 = seq;
	t->snd_wl2 = ack;
	if (unlikely(len == 0)) {
		pkt_free_seg(&tcp->env->pool, p->m);
		return 1;
	}
	uint32_t total = len;
	unsigned used = 1;

	fast_payload(p->m, p->l4_off + hlen, len);
	if (unlikely(more != 0))
		used += fast_gather(tcp, t, p, more, ts, ack, &len, &total);
	fast_deliver(tcp, t, p->m, len, total);
	return used;
}

static __rte_always_inline unsigned fast_input(
	struct tcp *tcp, struct tcb *t, struct net_pkt *p, unsigned more)
{
	if (unlikely(!fast_state(t, p)))
		return 0;
	return likely(t->flags & TF_TS) ? fast_input_as(tcp, t, p, more, true)
					: fast_input_as(tcp, t, p, more, false);
}

#endif
