/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/* Segments that belong to no connection (RFC 9293 section 3.10.7.1), and limited answers. */

/* Answers p with a segment that carries no data: no block is needed. */
void tcp_reply(struct tcp *tcp, const struct net_pkt *p, uint16_t lport, uint16_t rport,
	uint32_t seq, uint32_t ack, uint16_t wnd, uint8_t flags)
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
	m->data_len = (uint16_t)wire_tcp_emit(rte_pktmbuf_mtod(m, uint8_t *), &h);
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
		tcp_reply(tcp, s->p, s->dport, s->sport, s->ack, 0, 0, WIRE_TCP_RST);
	else
		tcp_reply(tcp, s->p, s->dport, s->sport, 0, s->seq + seg_len(s), 0,
			WIRE_TCP_RST | WIRE_TCP_ACK);
}

/*
 * Challenge ACKs are limited per core (RFC 5961 section 7). The budget of each second is drawn
 * at random, so that nobody can count what others used of it (CVE-2016-5696).
 */
bool tcp_challenge_allowed(struct tcp *tcp)
{
	uint64_t now = tcp->env->now_us;

	if (now - tcp->challenge_window_us >= 1000000 || tcp->challenge_window_us == 0) {
		tcp->challenge_window_us = now;
		tcp->challenge_left = tcp->conf.challenge_rate / 2 +
				      rng_below(&tcp->env->rng, tcp->conf.challenge_rate + 1);
	}
	if (tcp->challenge_left == 0) {
		tcp_count(tcp, CNT_tcp_challenge_limited);
		return false;
	}
	tcp->challenge_left--;
	tcp_count(tcp, CNT_tcp_challenge_acks);
	return true;
}
