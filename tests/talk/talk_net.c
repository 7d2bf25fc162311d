/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

#include <stdlib.h>

#include "wire_cksum.h"
#include "wire_eth.h"
#include "wire_ip4.h"
#include "wire_ip6.h"

/* The bytes on the wire around the stack. */

static const uint8_t mac_ours[6] = {2, 0, 0, 0, 0, 1}, mac_peer[6] = {2, 0, 0, 0, 0, 2};

uint8_t talk_byte(uint32_t seq, bool ours)
{
	uint32_t x = seq * UINT32_C(2654435761) + (ours ? 77 : 0);

	return (uint8_t)(x >> 24);
}

static struct ip6 ip6_of(uint8_t last)
{
	return (struct ip6){{0x20, 1, 0xd, 0xb8, [15] = last}};
}

static void port_tx(void *ctx, const struct net_ifc *ifc, struct rte_mbuf *m);

/* Of the second run of the conversations (meson.build): the short ways of output may use it. */
static struct net_txq *port_txq(void *ctx, uint16_t port)
{
	static struct net_txq q = {.flush_at = 8, .full_at = 7, .max_segs = UINT16_MAX};

	return &q;
}

static const struct net_env_ops net_ops = {.tx = port_tx},
				net_ops_txq = {.tx = port_tx, .txq = port_txq};

static void port_flush(void)
{
	struct net_txq *q = port_txq(NULL, 0);

	for (unsigned i = 0; i < q->n; i++)
		talk_tx(q->pkts[i]);
	q->n = 0;
}

/* What waits in the queue was sent before. */
static void port_tx(void *ctx, const struct net_ifc *ifc, struct rte_mbuf *m)
{
	port_flush();
	talk_tx(m);
}

void talk_output(void)
{
	tcp_output_run(talk.tcp);
	port_flush();
}

static void addresses(void)
{
	if (talk.v6) {
		talk.lip.v6 = ip6_of(1);
		talk.lip2.v6 = ip6_of(3);
		talk.rip.v6 = ip6_of(2);
	} else {
		talk.lip.v4 = IP4(192, 0, 2, 1);
		talk.lip2.v4 = IP4(192, 0, 2, 3);
		talk.rip.v4 = IP4(192, 0, 2, 2);
	}
}

void talk_net_up(void)
{
	struct net_ifc ifc = {
		.mtu = talk.mtu, .tso_max = talk.tso_max, .offloads = NET_TX_MULTI_SEGS};
	uint8_t plen = talk.v6 ? 64 : 24;

	addresses();
	talk.net = net_create(&talk.net_conf, &talk.env, &talk.owner,
		getenv("TALK_TXQ") != NULL ? &net_ops_txq : &net_ops, NULL);
	cr_assert_not_null(talk.net);
	memcpy(ifc.mac, mac_ours, sizeof(ifc.mac));
	talk.ifc = (uint16_t)net_ifc_add(talk.net, &ifc);
	cr_assert_eq(net_addr_add(talk.net, talk.ifc, talk.v6, &talk.lip, plen), 0);
	cr_assert_eq(net_addr_add(talk.net, talk.ifc, talk.v6, &talk.lip2, plen), 0);
	if (!talk.neigh_learned)
		cr_assert_eq(net_neigh_add(talk.net, talk.ifc, talk.v6, &talk.rip, mac_peer), 0);
}

void talk_seg_options(const struct talk_conn *c, const struct talk_seg *s, struct wire_tcp_opts *o)
{
	*o = (struct wire_tcp_opts){.has = s->mss != 0 ? WIRE_TCP_OPT_MSS : 0, .mss = s->mss};
	if (s->wscale != 0) {
		o->has |= WIRE_TCP_OPT_WSCALE;
		o->wscale = s->wscale - 1;
	}
	if (s->sack_ok)
		o->has |= WIRE_TCP_OPT_SACKOK;
	if ((talk.ts || s->tsval != 0) && !s->no_ts) {
		o->has |= WIRE_TCP_OPT_TS;
		o->tsval = s->tsval != 0 ? s->tsval : talk_ts_now();
		o->tsecr = s->tsecr != 0 ? s->tsecr : s->flags & ACK ? c->ts_last : 0;
	}
	while (o->n_sack < WIRE_TCP_SACK_MAX && s->sack[o->n_sack].right != 0) {
		o->sack[o->n_sack].left = c->iss + s->sack[o->n_sack].left;
		o->sack[o->n_sack].right = c->iss + s->sack[o->n_sack].right;
		o->has |= WIRE_TCP_OPT_SACK;
		o->n_sack++;
	}
}

static unsigned seg_options(const struct talk_conn *c, const struct talk_seg *s, uint8_t *p)
{
	struct wire_tcp_opts o;

	talk_seg_options(c, s, &o);
	if (s->n_opts == 0)
		return wire_tcp_opts_emit(p, &o);
	memcpy(p, s->opts, s->n_opts);
	return s->n_opts;
}

static unsigned eth_header(uint8_t *p, bool mcast, bool bcast)
{
	struct wire_eth e = {.type = talk.v6 ? 0x86dd : 0x0800};

	memcpy(e.dst, mac_ours, sizeof(e.dst));
	memcpy(e.src, mac_peer, sizeof(e.src));
	if (mcast && talk.v6)
		memcpy(e.dst, (uint8_t[6]){0x33, 0x33, 0, 0, 0, 1}, 6);
	else if (mcast)
		memcpy(e.dst, (uint8_t[6]){1, 0, 0x5e, 0, 0, 1}, 6);
	else if (bcast)
		memset(e.dst, 0xff, sizeof(e.dst));
	return wire_eth_emit(p, &e);
}

static unsigned ip_header(uint8_t *p, const union net_ip *src, const union net_ip *dst,
	uint8_t proto, uint16_t len, uint8_t tos)
{
	if (talk.v6) {
		struct wire_ip6 h = {.payload_len = len,
			.tclass = tos,
			.next = proto,
			.hops = 64,
			.src = src->v6,
			.dst = dst->v6};

		return wire_ip6_emit(p, &h);
	}
	struct wire_ip4 h = {.hlen = WIRE_IP4_LEN,
		.tos = tos,
		.total_len = WIRE_IP4_LEN + len,
		.frag = WIRE_IP4_DF,
		.ttl = 64,
		.proto = proto,
		.src = src->v4,
		.dst = dst->v4};

	return wire_ip4_emit(p, &h, true);
}

/* Makes room for options in the header of off octets at p, and puts them there. */
static unsigned ip_options(uint8_t *p, unsigned off, const struct talk_seg *s)
{
	uint8_t *o = p + off;
	uint16_t sum;

	memcpy(o, s->ip_opts, s->n_ip_opts);
	if (talk.v6) {
		o[0] = p[6];
		p[6] = WIRE_IP6_DSTOPTS;
		return off + s->n_ip_opts;
	}
	off += s->n_ip_opts;
	p[0] = (uint8_t)(4 << 4 | off / 4);
	memset(p + 10, 0, sizeof(sum));
	sum = wire_cksum_fold(wire_cksum_sum(p, off, 0));
	memcpy(p + 10, &sum, sizeof(sum));
	return off;
}

static uint32_t pseudo(
	const union net_ip *src, const union net_ip *dst, uint8_t proto, uint16_t len)
{
	return talk.v6 ? wire_cksum_pseudo6(&src->v6, &dst->v6, proto, len)
		       : wire_cksum_pseudo4(src->v4, dst->v4, proto, len);
}

static struct rte_mbuf *frame_new(const uint8_t *b, unsigned len)
{
	struct rte_mbuf *m = pkt_alloc(&talk.env.pool);

	cr_assert_not_null(m, "no buffer for a frame of the peer");
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), b, len);
	m->port = 0;
	return m;
}

struct rte_mbuf *talk_frame(const struct talk_conn *c, const struct talk_seg *s)
{
	uint8_t b[TALK_FRAME], *l4, opts[40];
	unsigned n_opts = seg_options(c, s, opts), hlen = WIRE_TCP_LEN + n_opts;
	unsigned l3;
	union net_ip src = s->self ? c->lip : talk.rip, dst = c->lip;
	struct wire_tcp h = {.sport = s->self ? c->lport : c->rport,
		.dport = c->lport,
		.seq = c->peer_iss + s->seq,
		.ack = s->flags & ACK ? c->iss + s->ack : 0,
		.hlen = (uint8_t)hlen,
		.flags = s->flags,
		.wnd = s->wnd == 0 ? talk.peer_wnd : (uint16_t)RTE_MAX(s->wnd, 0),
		.urp = s->urp};

	if (s->mcast && talk.v6)
		dst.v6 = (struct ip6){{0xff, 2, [15] = 1}};
	else if (s->mcast)
		dst.v4 = IP4(224, 0, 0, 1);
	if (s->from != NULL)
		src = *s->from;
	if (s->to != NULL)
		dst = *s->to;
	unsigned off = eth_header(b, s->mcast, s->bcast);

	l3 = ip_header(b + off, &src, &dst, IPPROTO_TCP, (uint16_t)(s->n_ip_opts + hlen + s->len),
		(uint8_t)s->tos);
	if (s->n_ip_opts != 0)
		l3 = ip_options(b + off, l3, s);
	off += l3;
	l4 = b + off;
	cr_assert(off + hlen + s->len <= sizeof(b));
	wire_tcp_emit(l4, &h);
	memcpy(l4 + WIRE_TCP_LEN, opts, n_opts);
	if (s->doff != 0)
		l4[12] = (uint8_t)(s->doff << 4);
	uint32_t first = s->seq + ((s->flags & SYN) != 0);

	for (uint32_t i = 0; i < s->len; i++)
		l4[hlen + i] = talk_byte(first + i, false);
	uint16_t ck = wire_cksum_fold(wire_cksum_sum(
		l4, hlen + s->len, pseudo(&src, &dst, IPPROTO_TCP, (uint16_t)(hlen + s->len))));

	if (s->bad_cksum)
		ck ^= 0x0101;
	memcpy(l4 + 16, &ck, sizeof(ck));
	return frame_new(b, off + hlen + s->len);
}

void talk_icmp(uint8_t type, uint8_t code, uint32_t mtu, uint32_t quoted_seq)
{
	const struct talk_conn *c = &talk.conn[talk.c];
	uint8_t b[TALK_FRAME];
	unsigned off = eth_header(b, false, false), l3 = talk.v6 ? WIRE_IP6_LEN : WIRE_IP4_LEN;
	uint8_t proto = talk.v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	uint16_t len = (uint16_t)(WIRE_ICMP_LEN + l3 + WIRE_TCP_LEN), ck;
	struct wire_icmp i = {.type = type, .code = code, .rest = mtu};
	struct wire_tcp q = {.sport = c->lport,
		.dport = c->rport,
		.seq = c->iss + quoted_seq,
		.hlen = WIRE_TCP_LEN,
		.flags = ACK};

	talk_note("icmp %u/%u mtu %u quotes %u", type, code, mtu, quoted_seq);
	off += ip_header(b + off, &talk.rip, &c->lip, proto, len, 0);
	uint8_t *l4 = b + off, *p = l4 + wire_icmp_emit(l4, &i);

	p += ip_header(p, &c->lip, &talk.rip, IPPROTO_TCP, 1000, 0);
	wire_tcp_emit(p, &q);
	ck = wire_cksum_fold(
		wire_cksum_sum(l4, len, talk.v6 ? pseudo(&talk.rip, &c->lip, proto, len) : 0));
	memcpy(l4 + 2, &ck, sizeof(ck));
	talk_raw(b, off + len);
}

void talk_raw(const uint8_t *frame, unsigned len)
{
	struct rte_mbuf *m = frame_new(frame, len);

	net_input(talk.net, &m, 1);
	talk_output();
}

static void conn_of(struct talk_out *o)
{
	for (unsigned i = talk.n_conn; i-- > 0;)
		if (talk.conn[i].lport == o->h.sport && talk.conn[i].rport == o->h.dport) {
			o->conn = i;
			o->known = true;
			return;
		}
	o->known = false;
}

/* Our bytes are checked as they leave, whoever looks at the segment later. */
static void payload_check(const struct talk_out *o, const uint8_t *p)
{
	const struct talk_conn *c = &talk.conn[o->conn];

	for (uint32_t i = 0; o->known && i < o->len; i++) {
		uint32_t seq = o->h.seq - c->iss + i + ((o->h.flags & SYN) != 0);

		if (p[i] != talk_byte(seq, true))
			talk_fail(0, "byte %u of our stream is wrong on the wire", seq);
	}
}

static void ip_check(const uint8_t *b, unsigned len, struct talk_out *o, unsigned *l4, unsigned *n)
{
	union net_ip src, dst;
	struct wire_ip4 h4;
	struct wire_ip6 h6;
	unsigned off = WIRE_ETH_LEN;

	memset(&src, 0, sizeof(src));
	memset(&dst, 0, sizeof(dst));
	if (talk.v6) {
		if (wire_ip6_parse(b + off, len - off, &h6) <= 0 || h6.next != IPPROTO_TCP)
			talk_fail(0, "not TCP over IPv6");
		src.v6 = h6.src;
		dst.v6 = h6.dst;
		o->ttl = h6.hops;
		o->tos = h6.tclass;
		o->df = true;
		*n = h6.payload_len;
		*l4 = off + WIRE_IP6_LEN;
	} else {
		if (wire_ip4_parse(b + off, len - off, true, &h4) <= 0 || h4.proto != IPPROTO_TCP)
			talk_fail(0, "not TCP over IPv4, or a bad header checksum");
		src.v4 = h4.src;
		dst.v4 = h4.dst;
		o->ttl = h4.ttl;
		o->tos = h4.tos;
		o->df = (h4.frag & WIRE_IP4_DF) != 0;
		*n = (unsigned)h4.total_len - h4.hlen;
		*l4 = off + h4.hlen;
	}
	o->src = src;
	if (memcmp(&dst, &talk.rip, talk.v6 ? 16 : 4) != 0)
		talk_fail(0, "sent to a wrong address");
	if (talk.tso_max != 0 && *n > talk.mtu)
		return; /* the port would cut it and fill the checksums in */
	if (wire_cksum_fold(wire_cksum_sum(
		    b + *l4, *n, pseudo(&src, &dst, IPPROTO_TCP, (uint16_t)*n))) != 0)
		talk_fail(0, "TCP checksum of ours is wrong (MUST-2)");
}

/* What holds for every segment of ours: reserved bits are zero, the urgent pointer is one only with
 * URG, each option but the two of one octet has its length (MUST-68), nothing but zeros follows the end
 * of options (MUST-69), and the MSS option is there with SYN and only then (MUST-14, MUST-65). */
static void header_check(const uint8_t *p, const struct wire_tcp *h)
{
	bool mss = false;

	if (p[12] & 0x0f)
		talk_fail(0, "reserved bits of ours are set");
	if (!(h->flags & URG) && h->urp != 0)
		talk_fail(0, "an urgent pointer without URG");
	for (unsigned off = WIRE_TCP_LEN; off < h->hlen;) {
		if (p[off] == 0) {
			while (off < h->hlen)
				if (p[off++] != 0)
					talk_fail(0, "padding of ours is not zero (MUST-69)");
			break;
		}
		mss = mss || p[off] == 2;
		if (p[off] == 1) {
			off++;
			continue;
		}
		if (off + 1 == h->hlen || p[off + 1] < 2 || off + p[off + 1] > h->hlen)
			talk_fail(0, "option %u of ours has no right length (MUST-68)", p[off]);
		off += p[off + 1];
	}
	if (mss != ((h->flags & SYN) != 0))
		talk_fail(0, "the MSS option %s (MUST-14, MUST-65)",
			mss ? "without SYN" : "is not there");
}

/* Announcements and neighbour discovery are not what is talked about. */
static bool is_tcp(const uint8_t *b)
{
	uint16_t type = (uint16_t)(b[12] << 8 | b[13]);

	return (type == 0x0800 && b[14 + 9] == IPPROTO_TCP) ||
	       (type == 0x86dd && b[14 + 6] == IPPROTO_TCP);
}

/* The port. */
void talk_tx(struct rte_mbuf *m)
{
	static uint8_t copy[70000];
	struct talk_out *o = &talk.out[talk.n_out];
	const uint8_t *b = rte_pktmbuf_read(m, 0, m->pkt_len, copy);
	unsigned l4, n;

	if (!is_tcp(b)) {
		pkt_free(&talk.env.pool, m);
		return;
	}
	if (talk.n_out == TALK_OUT)
		talk_fail(0, "too many segments out");
	talk.n_out++;
	*o = (struct talk_out){.at_us = talk.env.now_us};
	rte_mbuf_sanity_check(m, 1);
	ip_check(b, m->pkt_len, o, &l4, &n);
	if (wire_tcp_parse(b + l4, n, &o->h) <= 0)
		talk_fail(0, "our TCP header does not parse");
	header_check(b + l4, &o->h);
	wire_tcp_opts_parse(b + l4 + WIRE_TCP_LEN, o->h.hlen - WIRE_TCP_LEN, &o->o);
	if (o->o.has & WIRE_TCP_OPT_TFO && o->o.tfo_len != 0) {
		memcpy(o->tfo, o->o.tfo, o->o.tfo_len);
		o->o.tfo = o->tfo;
	}
	o->len = n - o->h.hlen;
	if (n + l4 - WIRE_ETH_LEN > talk.mtu && talk.tso_max == 0)
		talk_fail(0, "larger than the MTU");
	conn_of(o);
	struct talk_conn *c = &talk.conn[o->conn];

	if (o->known && o->h.flags & SYN && !c->iss_known) {
		c->iss = o->h.seq;
		c->iss_known = true;
	}
	if (o->known && o->o.has & WIRE_TCP_OPT_TS)
		c->ts_last = o->o.tsval;
	talk_log_seg('>', o->known ? c : NULL, &o->h, o->len, &o->o);
	payload_check(o, b + l4 + o->h.hlen);
	if (talk.keep_tx && talk.n_kept < TALK_OUT)
		talk.kept[talk.n_kept++] = m;
	else
		pkt_free(&talk.env.pool, m);
}
