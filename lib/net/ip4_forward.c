/* SPDX-License-Identifier: BSD-3-Clause */
#include "forward.h"
#include "frag_output.h"
#include "ip_rx.h"
#include "wire_cksum.h"
#include "wire_icmp.h"

/* IPv4 packets for others (RFC 1812 section 5.3). They stay on the core that received them. */

#define LINK_LOCAL 0xa9fe /* 169.254/16 (RFC 3927 section 7) */

/* Sections 5.3.4, 5.3.7 and 5.3.8. */
static enum drop ip4_may_pass(struct net *n, const struct net_rx *rx, const struct net_pkt *p)
{
	uint32_t src = p->src.v4, dst = p->dst.v4;

	if (p->flags & NET_PKT_L2_MCAST)
		return DROP_ip4_bcast_l2;
	if (!ip4_unicast(dst) || dst >> 16 == LINK_LOCAL)
		return DROP_fwd_martian;
	if (!ip4_unicast(src) || src >> 16 == LINK_LOCAL || !ip4_src_ok(rx, src, p->proto) ||
		net_is_local(n, false, &p->src))
		return DROP_fwd_martian;
	return forward_source_ok(n, p) ? DROP_NONE : DROP_fwd_source;
}

static bool ours(const void *ctx, uint32_t ip)
{
	union net_ip a = net_ip4(ip);

	return net_is_local(ctx, false, &a);
}

/* Our address on the way on (section 5.3.13.5). */
static uint32_t address_out(const struct net *n, const struct forward *f)
{
	const struct net_ifc *i = &n->ifc[f->route->ifc].pub;

	for (unsigned k = 0; k < i->n_addr4; k++)
		if (i->addr4[k].state == NET_ADDR_PREFERRED)
			return i->addr4[k].ip.v4;
	return 0;
}

/* Options are judged before anything is changed, so that an error can quote the packet. */
static enum drop ip4_options_ok(struct net *n, struct net_pkt *p, const struct wire_ip4 *h)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3_off);
	bool source_route = false;
	unsigned at = wire_ip4_options_check(ip, h, &source_route);

	if (at != 0) {
		net_icmp_error(n, p, WIRE_ICMP4_PARAM, 0, (uint32_t)at << 24);
		return DROP_ip4_options;
	}
	return source_route && !n->conf.source_routes ? DROP_ip4_source_route : DROP_NONE;
}

static void ip4_redirect_send(
	struct net *n, const struct net_pkt *p, const struct wire_ip4 *h, const struct forward *f)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3_off);
	bool strict;

	if (!forward_redirects(n, p, f) || wire_ip4_source_route(ip, h, &strict) != 0)
		return;
	net_count(n, CNT_icmp4_tx_redirects);
	net_icmp_error(n, p, WIRE_ICMP4_REDIRECT, WIRE_ICMP4_REDIRECT_HOST, f->to.v4);
}

/* Time to live, options and checksum of m, whose data is at its header. False: it is dropped. */
static bool ip4_header_pass(struct net *n, const struct net_pkt *p, const struct wire_ip4 *h,
	const struct forward *f, struct rte_mbuf *m)
{
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t old, new, sum;

	if (h->hlen != WIRE_IP4_LEN) {
		unsigned at =
			wire_ip4_options_forward(ip, h, address_out(n, f), ip4_time(n), ours, n);

		if (at != 0) {
			struct net_pkt q = *p;

			q.m = m;
			q.l3_off = 0;
			q.l4_off = h->hlen;
			net_icmp_error(n, &q, WIRE_ICMP4_PARAM, 0, (uint32_t)at << 24);
			pkt_drop(&n->env->pool, m, DROP_ip4_options);
			return false;
		}
		ip[8]--;
		wire_put16(ip + 10, 0);
		sum = wire_cksum_fold(wire_cksum_sum(ip, h->hlen, 0));
		memcpy(ip + 10, &sum, sizeof(sum));
		return true;
	}
	memcpy(&old, ip + 8, sizeof(old));
	ip[8]--;
	memcpy(&new, ip + 8, sizeof(new));
	memcpy(&sum, ip + 10, sizeof(sum));
	sum = wire_cksum_update(sum, old, new); /* RFC 1624 */
	memcpy(ip + 10, &sum, sizeof(sum));
	return true;
}

/* In fragments, which may themselves be of one (RFC 791 section 3.2). */
static void ip4_forward_fragments(
	struct net *n, const struct wire_ip4 *h, const struct forward *f, struct rte_mbuf *m)
{
	uint8_t first[WIRE_IP4_MAX_LEN], rest[WIRE_IP4_MAX_LEN];
	unsigned hlen = h->hlen, n_rest;
	uint32_t len = h->total_len - hlen, off = 0;

	memcpy(first, rte_pktmbuf_mtod(m, const uint8_t *), hlen);
	memcpy(rest, first, WIRE_IP4_LEN);
	n_rest = WIRE_IP4_LEN + wire_ip4_options_copied(rest + WIRE_IP4_LEN, first, h);
	net_count(n, CNT_frag_tx_datagrams);
	while (off < len) {
		uint32_t most = (f->mtu - hlen) & ~7u, part = RTE_MIN(most, len - off);
		struct rte_mbuf *s = frag_slice(n, m, h->hlen + off, part);
		uint16_t frag = (uint16_t)((h->frag & 0x1fff) + off / 8), sum;
		uint8_t *ip;

		if (s == NULL) {
			pkt_drop(&n->env->pool, m, DROP_pool_empty);
			return;
		}
		ip = (uint8_t *)rte_pktmbuf_prepend(s, (uint16_t)hlen);
		memcpy(ip, off == 0 ? first : rest, hlen);
		ip[0] = (uint8_t)(4 << 4 | hlen / 4);
		wire_put16(ip + 2, (uint16_t)(hlen + part));
		if (off + part < len || h->frag & WIRE_IP4_MF)
			frag |= WIRE_IP4_MF;
		wire_put16(ip + 6, frag);
		wire_put16(ip + 10, 0);
		sum = wire_cksum_fold(wire_cksum_sum(ip, hlen, 0));
		memcpy(ip + 10, &sum, sizeof(sum));
		net_count(n, CNT_frag_tx);
		forward_send(n, f, s);
		off += part;
		hlen = n_rest;
	}
	pkt_free(&n->env->pool, m);
}

/* All that is left once the way is known. */
static enum net_verdict ip4_forward_by(
	struct net *n, struct net_pkt *p, const struct wire_ip4 *h, const struct forward *f)
{
	bool cut = h->total_len > f->mtu;
	struct rte_mbuf *m;

	if (cut && h->frag & WIRE_IP4_DF) {
		net_icmp_error(n, p, WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_NEEDFRAG, f->mtu);
		return net_drop(n, p, DROP_too_big);
	}
	ip4_redirect_send(n, p, h, f);
	m = forward_own(n, p, h->hlen);
	if (m == NULL || !ip4_header_pass(n, p, h, f, m))
		return NET_DONE;
	net_count(n, CNT_ip4_forwarded);
	if (unlikely(cut))
		ip4_forward_fragments(n, h, f, m);
	else
		forward_send(n, f, m);
	return NET_DONE;
}

enum net_verdict ip4_forward(
	struct net *n, const struct net_rx *rx, struct net_pkt *p, const struct wire_ip4 *h)
{
	enum drop why = ip4_may_pass(n, rx, p);
	struct forward f;

	if (why != DROP_NONE)
		return net_drop(n, p, why);
	if (h->ttl <= 1) { /* section 5.3.1 */
		net_icmp_error(n, p, WIRE_ICMP4_TIME, 0, 0);
		return net_drop(n, p, DROP_fwd_ttl);
	}
	if (unlikely(h->hlen != WIRE_IP4_LEN) && (why = ip4_options_ok(n, p, h)) != DROP_NONE)
		return net_drop(n, p, why);
	why = forward_find(n, p, forward_hash(p, (h->frag & (WIRE_IP4_MF | 0x1fff)) != 0), &f);
	if (why != DROP_NONE)
		return net_drop(n, p, why);
	return ip4_forward_by(n, p, h, &f);
}

bool ip4_source_routed(const struct net_pkt *p, const struct wire_ip4 *h)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3_off);
	bool source_route = false;

	return wire_ip4_options_check(ip, h, &source_route) == 0 && source_route;
}

/* Section 5.3.13.4: the next stop is where it goes, and our address stands in its place. */
enum net_verdict ip4_forward_source_route(
	struct net *n, const struct net_rx *rx, struct net_pkt *p, const struct wire_ip4 *h)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(p->m, uint8_t *, p->l3_off);
	struct wire_ip4 to = *h;
	struct net_pkt next = *p;
	struct forward f;
	enum drop why;
	bool strict;
	unsigned at = wire_ip4_source_route(ip, h, &strict);

	to.dst = wire_get32(ip + at);
	next.dst = net_ip4(to.dst);
	if (net_is_local(n, false, &next.dst)) /* ours again: not worth a loop */
		return net_drop(n, p, DROP_ip4_source_route);
	why = ip4_may_pass(n, rx, &next);
	if (why != DROP_NONE)
		return net_drop(n, p, why);
	if (h->ttl <= 1) {
		net_icmp_error(n, p, WIRE_ICMP4_TIME, 0, 0);
		return net_drop(n, p, DROP_fwd_ttl);
	}
	why = forward_find(n, &next, forward_hash(&next, true), &f);
	if (why != DROP_NONE || (strict && !net_ip_any(&f.route->gw))) {
		net_icmp_error(n, p, WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_SRCROUTE, 0);
		return net_drop(n, p, DROP_ip4_source_route);
	}
	wire_ip4_source_route_next(ip, at, address_out(n, &f));
	wire_put32(ip + 16, to.dst);
	/* The checksum is made anew with the other options. */
	return ip4_forward_by(n, &next, &to, &f);
}
