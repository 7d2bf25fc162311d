/* SPDX-License-Identifier: BSD-3-Clause */
#include "forward.h"

#include "wire_icmp.h"

#define PATHS_MAX 16 /* equal ones that flows are spread over */

uint32_t forward_hash(const struct net_pkt *p, bool fragment)
{
	uint64_t w[4], h = p->proto;

	memcpy(w, &p->src, 16);
	memcpy(w + 2, &p->dst, 16);
	for (unsigned i = 0; i < 4; i++) {
		h = (h ^ w[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	if (!fragment && (p->proto == IPPROTO_TCP || p->proto == IPPROTO_UDP) && p->l4_len >= 4 &&
		p->m->data_len - p->l4_off >= 4) {
		uint32_t ports;

		memcpy(&ports, rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l4_off),
			sizeof(ports));
		h = (h ^ ports) * UINT64_C(0xbf58476d1ce4e5b9);
	}
	return (uint32_t)(h >> 32);
}

/* Of several equal routes the one that the flow has. */
static const struct fib_route *route_spread(struct net *n, bool v6, const union net_ip *dst,
	const struct fib_route *best, uint32_t hash)
{
	const struct fib *f = v6 ? &n->fib6 : &n->fib4;
	const struct fib_route *path[PATHS_MAX] = {best}, *r = best;
	unsigned count = 1;

	while (count < PATHS_MAX && (r = fib_next(f, dst, NET_NO_IFC, r)) != NULL &&
		r->plen == best->plen && r->metric == best->metric)
		if (r->until_us == 0 && !route_gateway_dead(n, v6, r))
			path[count++] = r;
	return path[(uint64_t)hash * count >> 32];
}

static enum drop refused(struct net *n, struct net_pkt *p, uint8_t code4, uint8_t code6)
{
	if (p->flags & NET_PKT_V6)
		net_icmp_error(n, p, WIRE_ICMP6_UNREACH, code6, 0);
	else
		net_icmp_error(n, p, WIRE_ICMP4_UNREACH, code4, 0);
	return DROP_fwd_no_route;
}

/* A router that follows redirects would not be one (RFC 1812 section 5.2.7.2): they are passed over. */
static const struct fib_route *route_of(struct net *n, bool v6, const union net_ip *dst)
{
	const struct fib *f = v6 ? &n->fib6 : &n->fib4;
	const struct fib_route *r = NULL, *dead = NULL;

	while ((r = fib_next(f, dst, NET_NO_IFC, r)) != NULL) {
		if (r->until_us != 0)
			continue;
		if (!route_gateway_dead(n, v6, r))
			return r;
		if (dead == NULL)
			dead = r;
	}
	return dead;
}

enum drop forward_find(struct net *n, struct net_pkt *p, uint32_t hash, struct forward *f)
{
	bool v6 = p->flags & NET_PKT_V6;
	const struct fib_route *r = route_of(n, v6, &p->dst);

	if (r == NULL)
		return refused(n, p, WIRE_ICMP4_UNREACH_NET, WIRE_ICMP6_UNREACH_ROUTE);
	switch ((enum net_route_kind)r->opts.kind) {
	case NET_ROUTE_BLACKHOLE:
		return DROP_fwd_blackhole;
	case NET_ROUTE_UNREACHABLE:
		return refused(n, p, WIRE_ICMP4_UNREACH_HOST, WIRE_ICMP6_UNREACH_ROUTE);
	case NET_ROUTE_PROHIBIT:
		refused(n, p, WIRE_ICMP4_UNREACH_ADMIN, WIRE_ICMP6_UNREACH_ADMIN);
		return DROP_fwd_prohibited;
	case NET_ROUTE_UNICAST:
		break;
	}
	r = route_spread(n, v6, &p->dst, r, hash);
	const struct ifc *out = &n->ifc[r->ifc];

	f->route = r;
	f->to = net_ip_any(&r->gw) ? p->dst : r->gw;
	f->mtu = ifc_mtu(out, v6);
	if (r->opts.mtu != 0 && r->opts.mtu < f->mtu)
		f->mtu = r->opts.mtu;
	if (!v6 && net_ip_any(&r->gw) && ip4_is_bcast(out, p->dst.v4))
		return DROP_fwd_broadcast; /* RFC 2644 */
	f->neigh = neigh_make(n, r->ifc, v6, &f->to, false);
	if (f->neigh == NULL)
		return DROP_neigh_full;
	if (f->neigh->state == NEIGH_FAILED && n->env->now_us < f->neigh->hold_us) {
		refused(n, p, WIRE_ICMP4_UNREACH_HOST, WIRE_ICMP6_UNREACH_ADDR);
		return DROP_neigh_failed;
	}
	return DROP_NONE;
}

bool forward_source_ok(struct net *n, const struct net_pkt *p)
{
	bool v6 = p->flags & NET_PKT_V6;
	enum net_rpf rpf = (enum net_rpf)n->ifc[p->ifc].pub.rpf;
	const struct fib *f = v6 ? &n->fib6 : &n->fib4;
	const struct fib_route *best, *r;

	if (rpf == NET_RPF_OFF)
		return true;
	best = r = route_of(n, v6, &p->src);
	if (best == NULL || best->opts.kind != NET_ROUTE_UNICAST)
		return false;
	if (rpf == NET_RPF_LOOSE)
		return true;
	/* Any of equal routes will do. */
	for (; r != NULL && r->plen == best->plen && r->metric == best->metric;
		r = fib_next(f, &p->src, NET_NO_IFC, r))
		if (r->ifc == p->ifc)
			return true;
	return false;
}

struct rte_mbuf *forward_own(struct net *n, struct net_pkt *p, unsigned hlen)
{
	struct rte_mbuf *m = p->m, *head;

	m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	m->tx_offload = 0;
	rte_pktmbuf_adj(m, p->l3_off);
	if (likely(rte_pktmbuf_headroom(m) >= NEIGH_L2_ROOM && rte_mbuf_refcnt_read(m) == 1 &&
		    pkt_direct(m)))
		return m;
	head = pkt_alloc(&n->env->pool);
	if (head == NULL) {
		pkt_drop(&n->env->pool, m, DROP_pool_empty);
		return NULL;
	}
	memcpy(rte_pktmbuf_append(head, (uint16_t)hlen), rte_pktmbuf_mtod(m, const void *), hlen);
	rte_pktmbuf_adj(m, (uint16_t)hlen);
	head->next = m;
	head->nb_segs = (uint16_t)(m->nb_segs + 1);
	head->pkt_len = m->pkt_len + hlen;
	return head;
}

void forward_send(struct net *n, const struct forward *f, struct rte_mbuf *m)
{
	struct neigh *e = f->neigh;

	if (unlikely(e->state < NEIGH_DELAY)) {
		neigh_output(n, e, m);
		return;
	}
	e->used_us = n->env->now_us;
	eth_neigh_tx(n, e->port, e, m, 0);
}

static bool same_link(const struct net_ifc *i, bool v6, const union net_ip *a)
{
	if (v6)
		return true; /* whoever is a neighbour: its caller asks */
	for (unsigned k = 0; k < i->n_addr4; k++)
		if (((i->addr4[k].ip.v4 ^ a->v4) & ip4_mask(i->addr4[k].plen)) == 0)
			return true;
	return false;
}

bool forward_redirects(const struct net *n, const struct net_pkt *p, const struct forward *f)
{
	const struct net_ifc *i = &n->ifc[p->ifc].pub;
	bool v6 = p->flags & NET_PKT_V6;

	return n->conf.send_redirects && f->route->ifc == p->ifc && !net_ip_eq(&f->to, &p->src) &&
	       same_link(i, v6, &p->src) && same_link(i, v6, &f->to);
}
