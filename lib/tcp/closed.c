/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/* Segments that belong to no connection (RFC 9293 section 3.10.7.1). */

/* Answers p with a segment that carries no data: no block is needed. o: options, may be NULL. */
void tcp_reply(struct tcp *tcp, const struct net_pkt *p, uint16_t lport, uint16_t rport,
	uint32_t seq, uint32_t ack, uint16_t wnd, uint8_t flags, const struct wire_tcp_opts *o)
{
	bool v6 = (p->flags & NET_PKT_V6) != 0;
	union net_ip src = p->dst;
	struct net_dst dst;

	if (net_route(tcp->net, v6, &p->src, &src, p->ifc, &dst) != 0) {
		tcp->env->cnt.drop[DROP_no_route]++;
		return;
	}
	struct rte_mbuf *m = pkt_alloc(&tcp->env->pool);

	if (m == NULL) {
		tcp->env->cnt.drop[DROP_pool_empty]++;
		return;
	}
	struct wire_tcp h = {
		.sport = lport,
		.dport = rport,
		.seq = seq,
		.ack = ack,
		.hlen = WIRE_TCP_LEN,
		.flags = flags,
		.wnd = wnd,
	};
	struct net_tx tx = {.proto = IPPROTO_TCP, .ttl = tcp->conf.ttl, .df = true};

	m->data_off = PKT_HEADERS_MAX;
	if (o != NULL)
		h.hlen += (uint8_t)wire_tcp_opts_emit(
			rte_pktmbuf_mtod_offset(m, uint8_t *, WIRE_TCP_LEN), o);
	wire_tcp_emit(rte_pktmbuf_mtod(m, uint8_t *), &h);
	m->data_len = h.hlen;
	m->pkt_len = m->data_len;
	tcp_count(tcp, CNT_tcp_tx_segs);
	if (v6)
		net_output6(tcp->net, &dst, m, &src.v6, &p->src.v6, &tx);
	else
		net_output4(tcp->net, &dst, m, src.v4, p->src.v4, &tx);
}

void tcp_reply_rst(struct tcp *tcp, const struct tcp_seg *s)
{
	if (s->flags & WIRE_TCP_RST)
		return;
	tcp_count(tcp, CNT_tcp_resets_out);
	if (s->flags & WIRE_TCP_ACK)
		tcp_reply(tcp, s->p, s->dport, s->sport, s->ack, 0, 0, WIRE_TCP_RST, NULL);
	else
		tcp_reply(tcp, s->p, s->dport, s->sport, 0, s->seq + seg_len(s), 0,
			WIRE_TCP_RST | WIRE_TCP_ACK, NULL);
}
