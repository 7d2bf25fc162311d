/* SPDX-License-Identifier: BSD-3-Clause */
#include "auth.h"
#include "tcp_priv.h"

/* Segments that belong to no connection (RFC 9293 section 3.10.7.1). */

/* What an answer is signed with: a connection's state, or the MD5 key of a peer, which needs none. The
 * reset of an unknown TCP-AO connection cannot be signed (RFC 5925 section 7.7). */
struct signer {
	struct tcp_key k;
	uint32_t conn;
	int entry; /* -1: nothing */
};

static unsigned reply_auth_opt(struct tcp *tcp, const struct net_pkt *p, uint16_t lport,
	uint16_t rport, uint32_t auth, struct signer *g, uint8_t *opt)
{
	memset(g, 0, sizeof(*g));
	g->entry = -1;
	if (likely(tcp->auth == NULL))
		return 0;
	g->k.l = p->dst;
	g->k.r = p->src;
	g->k.lport = lport;
	g->k.rport = rport;
	g->conn = auth;
	if (auth == 0)
		g->entry = tcp_auth_find(tcp, (p->flags & NET_PKT_V6) != 0, &g->k);
	if (g->entry >= 0 && tcp_auth_key(tcp, g->entry)->alg != TCP_AUTH_MD5)
		g->entry = -1;
	return auth != 0 || g->entry >= 0 ? tcp_auth_opt_emit(tcp, auth, g->entry, opt) : 0;
}

static void reply_sign(struct tcp *tcp, bool v6, const struct signer *g, struct rte_mbuf *m)
{
	if (g->conn != 0)
		tcp_auth_sign_conn(tcp, v6, &g->k, g->conn, m, m->data_len);
	else if (g->entry >= 0)
		tcp_auth_sign_half(tcp, v6, &g->k, g->entry, 0, 0, m, m->data_len);
}

/* Answers p with a segment that carries no data: no block is needed. o: options, may be NULL. auth: of
 * a signed connection (auth.h). */
void tcp_reply(struct tcp *tcp, const struct net_pkt *p, uint16_t lport, uint16_t rport,
	uint32_t seq, uint32_t ack, uint16_t wnd, uint8_t flags, const struct wire_tcp_opts *o,
	uint32_t auth)
{
	bool v6 = (p->flags & NET_PKT_V6) != 0;
	union net_ip src = p->dst;
	struct net_dst dst;
	struct signer by;

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
	h.hlen += (uint8_t)reply_auth_opt(
		tcp, p, lport, rport, auth, &by, rte_pktmbuf_mtod_offset(m, uint8_t *, h.hlen));
	wire_tcp_emit(rte_pktmbuf_mtod(m, uint8_t *), &h);
	m->data_len = h.hlen;
	m->pkt_len = m->data_len;
	reply_sign(tcp, v6, &by, m);
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
		tcp_reply(tcp, s->p, s->dport, s->sport, s->ack, 0, 0, WIRE_TCP_RST, NULL, 0);
	else
		tcp_reply(tcp, s->p, s->dport, s->sport, 0, s->seq + seg_len(s), 0,
			WIRE_TCP_RST | WIRE_TCP_ACK, NULL, 0);
}
