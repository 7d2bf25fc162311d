/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_XMIT_HEADER_H
#define GN_TCP_XMIT_HEADER_H

#include "tcp_priv.h"

/* The last step of every segment, inline for the short way out (fast_output.h). */

/* The buffer of the stretch itself, if only the queue holds it: no copy, no second buffer. */
static inline struct rte_mbuf *xmit_in_place(const struct txseg *s)
{
	struct rte_mbuf *m = s->m;

	m->data_off = s->off;
	m->data_len = s->len;
	m->pkt_len = s->len;
	m->nb_segs = 1;
	m->next = NULL;
	m->ol_flags = 0;
	rte_mbuf_refcnt_set(m, 2); /* the queue's and the port's; both on this core */
	return m;
}

/*
 * The window field of a segment that leaves now. The right edge moves when it can move by half the
 * buffer or a segment (section 3.8.6.2.2), and never back.
 */
static inline uint16_t wnd_update(struct tcb *t)
{
	uint32_t space = t->rcv_buf > t->rcv_unread ? t->rcv_buf - t->rcv_unread : 0;
	uint32_t edge = t->rcv_nxt + space;

	if (seq_gt(edge, t->rcv_adv) &&
		edge - t->rcv_adv >= RTE_MIN(t->rcv_buf / 2, (uint32_t)t->rcv_mss))
		t->rcv_adv = edge;
	return (uint16_t)(t->rcv_adv - t->rcv_nxt);
}

static inline int xmit_output(
	struct tcp *tcp, struct tcb *t, struct rte_mbuf *m, uint16_t tso_mss, uint8_t hlen)
{
	tcp_count(tcp, CNT_tcp_tx_segs);
	if (likely(tso_mss == 0)) {
		if (unlikely(tcp_v6(t)))
			return net_output6_tcp(tcp->net, &t->dst, m, &t->key.l.v6, &t->key.r.v6,
				t->tos, t->ttl, t->hash & 0xfffff);
		return net_output4_tcp(
			tcp->net, &t->dst, m, t->key.l.v4, t->key.r.v4, t->tos, t->ttl);
	}

	struct net_tx tx = {.proto = IPPROTO_TCP,
		.tos = t->tos,
		.ttl = t->ttl,
		.df = true,
		.tso_mss = tso_mss,
		.l4_hlen = hlen,
		.flow_label = t->hash & 0xfffff};

	if (tcp_v6(t))
		return net_output6(tcp->net, &t->dst, m, &t->key.l.v6, &t->key.r.v6, &tx);
	return net_output4(tcp->net, &t->dst, m, t->key.l.v4, t->key.r.v4, &tx);
}

static inline int xmit_header(struct tcp *tcp, struct tcb *t, struct rte_mbuf *m, uint32_t seq,
	uint8_t flags, uint16_t tso_mss)
{
	m->data_off -= WIRE_TCP_LEN;
	m->data_len += WIRE_TCP_LEN;
	m->pkt_len += WIRE_TCP_LEN;
	/* Through memcpy(): an application's payload begins at any address. */
	uint32_t w[WIRE_TCP_LEN / sizeof(uint32_t)] = {tcp_ports_tx(t), wire_swap32(seq),
		wire_swap32(t->rcv_nxt),
		wire_swap32((uint32_t)5 << 28 | (uint32_t)flags << 16 | wnd_update(t))};

	memcpy(rte_pktmbuf_mtod(m, void *), w, sizeof(w));
	t->rcv_acked = t->rcv_nxt;
	t->delack_at = TCP_NEVER;
	t->flags &= ~TF_ACK_NOW;
	return xmit_output(tcp, t, m, tso_mss, WIRE_TCP_LEN);
}

#endif
