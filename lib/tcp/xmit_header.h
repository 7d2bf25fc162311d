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

/* The field counts in units of the scale. Rounded up where the buffer has room, so that the edge as
 * the peer sees it does not go back by part of a unit (RFC 7323 section 2.4). */
static inline void wnd_round(struct tcb *t, uint32_t room)
{
	uint32_t up = (t->rcv_nxt - t->rcv_adv) & ((1u << t->rcv_wscale) - 1);

	if (up <= room)
		t->rcv_adv += up;
}

/*
 * The window field of a segment that leaves now. The right edge moves when it can move by half the
 * buffer or a segment (section 3.8.6.2.2), and never back.
 */
static inline uint16_t wnd_update(struct tcb *t)
{
	/* Below 0 if the application holds more than the buffer. */
	int32_t more = (int32_t)(t->rcv_buf - t->rcv_unread - (t->rcv_adv - t->rcv_nxt));

	if (unlikely(more > 0 && (more >= t->rcv_mss || (uint32_t)more >= t->rcv_buf / 2)))
		t->rcv_adv += (uint32_t)more;
	else if (more > 0)
		wnd_round(t, (uint32_t)more);
	return (uint16_t)((t->rcv_adv - t->rcv_nxt) >> t->rcv_wscale);
}

static inline int xmit_output(struct tcp *tcp, struct tcb *t, struct rte_mbuf *m, uint16_t tso_mss,
	uint8_t hlen, uint8_t tos)
{
	tcp_count(tcp, CNT_tcp_tx_segs);
	if (likely(tso_mss == 0)) {
		if (unlikely(tcp_v6(t)))
			return net_output6_tcp(tcp->net, &t->dst, m, &t->key.l.v6, &t->key.r.v6,
				tos, t->ttl, t->hash & 0xfffff);
		return net_output4_tcp(tcp->net, &t->dst, m, t->key.l.v4, t->key.r.v4, tos, t->ttl);
	}

	struct net_tx tx = {.proto = IPPROTO_TCP,
		.tos = tos,
		.ttl = t->ttl,
		.df = true,
		.tso_mss = tso_mss,
		.l4_hlen = hlen,
		.flow_label = t->hash & 0xfffff};

	if (tcp_v6(t))
		return net_output6(tcp->net, &t->dst, m, &t->key.l.v6, &t->key.r.v6, &tx);
	return net_output4(tcp->net, &t->dst, m, t->key.l.v4, t->key.r.v4, &tx);
}

#define ECT0 2 /* of the ECN field (RFC 3168 section 5) */

/* New data may be marked and tells of a reduced window; all else is not ECN-capable (RFC 3168
 * sections 6.1.2 to 6.1.5). */
static inline unsigned xmit_ecn(struct tcb *t, unsigned flags, uint8_t *tos)
{
	*tos &= 0xfc;
	if (flags & XMIT_NEW) {
		*tos |= ECT0;
		if (t->flags & TF_CWR)
			flags |= WIRE_TCP_CWR;
		t->flags &= ~TF_CWR;
	}
	return t->flags & TF_ECE ? flags | WIRE_TCP_ECE : flags;
}

/* What the peer was told with the header just made. */
static inline void xmit_acked(struct tcb *t)
{
	t->rcv_acked = t->rcv_nxt;
	t->delack_at = TCP_NEVER;
	t->flags &= ~TF_ACK_NOW;
}

static inline int xmit_header(struct tcp *tcp, struct tcb *t, struct rte_mbuf *m, uint32_t seq,
	unsigned flags, uint16_t tso_mss)
{
	uint8_t hlen = t->flags & TF_TS ? WIRE_TCP_LEN + TCP_TS_LEN : WIRE_TCP_LEN, tos = t->tos;

	if (unlikely(t->flags & TF_ECN))
		flags = xmit_ecn(t, flags, &tos);
	m->data_off -= hlen;
	m->data_len += hlen;
	m->pkt_len += hlen;
	/* Through memcpy(): an application's payload begins at any address. */
	uint32_t w[(WIRE_TCP_LEN + TCP_TS_LEN) / sizeof(uint32_t)] = {tcp_ports_tx(t),
		wire_swap32(seq), wire_swap32(t->rcv_nxt),
		wire_swap32((hlen + (flags >> XMIT_OPTS_SHIFT)) << 26 | (flags & 0xff) << 16 |
			    wnd_update(t))};

	if (t->flags & TF_TS) {
		w[5] = wire_swap32(WIRE_TCP_TS_ALIGNED);
		w[6] = wire_swap32(tcp_ts_now(tcp, t->ts_off));
		w[7] = wire_swap32(t->ts_recent);
	}
	memcpy(rte_pktmbuf_mtod(m, void *), w, hlen);
	xmit_acked(t);
	return xmit_output(tcp, t, m, tso_mss, hlen, tos);
}

#endif
