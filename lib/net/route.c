/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_priv.h"

/* How long a gateway that failed is passed over, if there is another. */
#define GATEWAY_DEAD_US 60000000

/* Where a packet goes: over an interface, to a neighbour or a group. */
struct hop {
	uint16_t ifc;
	bool mapped;  /* group or broadcast */
	uint16_t mtu; /* of the route; 0: the interface's */
	union net_ip to;
};

bool ip4_is_bcast(const struct ifc *ifc, uint32_t ip)
{
	if (ip == ~0u)
		return true;
	for (unsigned i = 0; i < ifc->pub.n_addr4; i++) {
		const struct net_addr *a = &ifc->pub.addr4[i];
		uint32_t mask = ip4_mask(a->plen);

		if (a->plen <= 30 && ((ip ^ a->ip.v4) & mask) == 0 &&
			((ip & ~mask) == 0 || (ip | mask) == ~0u))
			return true;
	}
	return false;
}

bool net_is_bcast(const struct net *n, uint16_t ifc, uint32_t ip)
{
	return ip4_is_bcast(&n->ifc[ifc], ip);
}

static const struct fib *route_fib(const struct net *n, bool v6)
{
	return v6 ? &n->fib6 : &n->fib4;
}

bool route_on_link(const struct net *n, uint16_t ifc, bool v6, const union net_ip *ip)
{
	const struct fib_route *r;

	if (v6 && ip6_linklocal(&ip->v6))
		return true;
	r = fib_lookup(route_fib(n, v6), ip, ifc);
	return r != NULL && net_ip_any(&r->gw) && r->opts.kind == NET_ROUTE_UNICAST;
}

/* Did the route's gateway fail, not long ago? */
bool route_gateway_dead(struct net *n, bool v6, const struct fib_route *r)
{
	const struct neigh *e;

	if (net_ip_any(&r->gw))
		return false;
	e = neigh_find(n, r->ifc, v6, &r->gw);
	return e != NULL && e->state == NEIGH_FAILED &&
	       n->env->now_us - e->begin_us < GATEWAY_DEAD_US;
}

/* The best route whose gateway is not known to be dead (RFC 1122 section 3.3.1.4), or just the best. */
const struct fib_route *route_pick(struct net *n, bool v6, const union net_ip *dst, uint16_t ifc)
{
	const struct fib *f = route_fib(n, v6);
	const struct fib_route *best = NULL, *r = NULL;

	while ((r = fib_next(f, dst, ifc, r)) != NULL) {
		if (r->until_us != 0 && r->until_us <= n->env->now_us)
			continue;
		if (likely(!route_gateway_dead(n, v6, r)))
			return r;
		if (best == NULL)
			best = r;
	}
	return best;
}

static bool ip_mcast(bool v6, const union net_ip *ip)
{
	return v6 ? ip6_mcast(&ip->v6) : (ip->v4 >> 28 == 0xe || ip->v4 == ~0u);
}

/* Nothing is sent to these: not from a host, or not over a wire (RFC 1122 section 3.2.1.3). */
static bool ip_never(bool v6, const union net_ip *ip)
{
	if (v6)
		return ip6_any(&ip->v6) || ip6_loopback(&ip->v6);
	return !ip4_unicast(ip->v4) && !ip_mcast(false, ip);
}

/* The interface that has the address. */
static uint16_t src_ifc(const struct net *n, bool v6, const union net_ip *src)
{
	for (uint16_t i = 0; i < n->n_ifc; i++)
		if (addr_state(n, i, v6, src) == NET_ADDR_PREFERRED)
			return i;
	return NET_NO_IFC;
}

/* A group, or a link-local address without an interface named: that of the source, of the route,
 * the first. */
static uint16_t hop_ifc(const struct net *n, bool v6, const union net_ip *dst, uint16_t from)
{
	const struct fib_route *r;

	if (from != NET_NO_IFC)
		return from;
	r = fib_lookup(route_fib(n, v6), dst, NET_NO_IFC);
	return r != NULL ? r->ifc : 0;
}

static int route_refuses(const struct fib_route *r)
{
	switch (r->opts.kind) {
	case NET_ROUTE_PROHIBIT:
		return -EACCES;
	case NET_ROUTE_UNREACHABLE:
		return -EHOSTUNREACH;
	default:
		return -ENETUNREACH;
	}
}

static int hop_find(
	struct net *n, bool v6, const union net_ip *dst, uint16_t from, uint16_t ifc, struct hop *h)
{
	const struct fib_route *r = NULL;

	if (ip_never(v6, dst) || n->n_ifc == 0 || (ifc != NET_NO_IFC && ifc >= n->n_ifc))
		return -ENETUNREACH;
	h->to = *dst;
	h->mtu = 0;
	h->mapped = ip_mcast(v6, dst);
	if (h->mapped || (v6 && ip6_linklocal(&dst->v6))) {
		h->ifc = ifc != NET_NO_IFC ? ifc : hop_ifc(n, v6, dst, from);
		return 0;
	}
	if (net_is_local(n, v6, dst))
		return -ENETUNREACH;
	/* Strong host: rather over the source's own interface (RFC 1122 section 3.3.4.2). */
	if (ifc == NET_NO_IFC && from != NET_NO_IFC && n->conf.strong_host)
		r = route_pick(n, v6, dst, from);
	if (r == NULL)
		r = route_pick(n, v6, dst, ifc);
	if (r == NULL)
		return -ENETUNREACH;
	if (unlikely(r->opts.kind != NET_ROUTE_UNICAST))
		return route_refuses(r);
	h->ifc = r->ifc;
	h->mtu = r->opts.mtu;
	if (!net_ip_any(&r->gw))
		h->to = r->gw;
	else if (!v6 && ip4_is_bcast(&n->ifc[r->ifc], dst->v4))
		h->mapped = true;
	return 0;
}

static int src_pick4(const struct ifc *f, const struct hop *h, union net_ip *src)
{
	const struct net_addr *best = NULL;

	for (unsigned i = 0; i < f->pub.n_addr4; i++) {
		const struct net_addr *a = &f->pub.addr4[i];

		if (a->state != NET_ADDR_PREFERRED)
			continue;
		if (((a->ip.v4 ^ h->to.v4) & ip4_mask(a->plen)) == 0) {
			best = a;
			break;
		}
		if (best == NULL)
			best = a;
	}
	if (best == NULL)
		return -EADDRNOTAVAIL;
	*src = best->ip;
	return 0;
}

/* Scopes as in RFC 4291 section 2.7, for unicast as RFC 6724 section 3.1. */
static unsigned ip6_scope(const struct ip6 *a)
{
	if (ip6_mcast(a))
		return a->b[1] & 0xf;
	return ip6_linklocal(a) ? 0x2 : 0xe;
}

static unsigned ip6_common(const struct ip6 *a, const struct ip6 *b)
{
	for (unsigned i = 0; i < 16; i++) {
		uint8_t x = a->b[i] ^ b->b[i];

		if (x != 0)
			return 8 * i + (unsigned)__builtin_clz(x) - 24;
	}
	return 128;
}

/* RFC 6724 section 5: is a the better source than b for dst? Rules 1, 2, 8; 3 needs no code as
 * long as no address is deprecated. */
static bool src6_better(const struct ip6 *a, const struct ip6 *b, const struct ip6 *dst)
{
	unsigned sa = ip6_scope(a), sb = ip6_scope(b), sd = ip6_scope(dst);

	if (net_ip6_eq(a, dst) != net_ip6_eq(b, dst))
		return net_ip6_eq(a, dst);
	if (sa != sb)
		return sa < sb ? sa >= sd : sb < sd;
	return ip6_common(a, dst) > ip6_common(b, dst);
}

static int src_pick6(const struct ifc *f, const union net_ip *dst, union net_ip *src)
{
	const struct net_addr *best = NULL;

	for (unsigned i = 0; i < f->pub.n_addr6; i++) {
		const struct net_addr *a = &f->pub.addr6[i];

		if (a->state == NET_ADDR_PREFERRED &&
			(best == NULL || src6_better(&a->ip.v6, &best->ip.v6, &dst->v6)))
			best = a;
	}
	if (best == NULL)
		return -EADDRNOTAVAIL;
	*src = best->ip;
	return 0;
}

/* The entry of a group or broadcast is made of the address alone; any core, no resolution. */
static void neigh_map(struct net *n, struct neigh *e, bool v6)
{
	static const uint8_t bcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	uint8_t mac[6];

	if (v6 || e->ip.v4 >> 28 == 0xe)
		group_mac(v6, &e->ip, mac);
	else
		memcpy(mac, bcast, sizeof(mac));
	e->flags |= NEIGH_MAPPED;
	e->state = NEIGH_REACHABLE;
	neigh_mac_set(n, e, mac);
}

int net_route(struct net *n, bool v6, const union net_ip *dst, union net_ip *src, uint16_t ifc,
	struct net_dst *out)
{
	uint16_t from = NET_NO_IFC;
	struct neigh *e;
	struct hop h;
	int err;

	if (!net_ip_any(src)) {
		from = src_ifc(n, v6, src);
		if (from == NET_NO_IFC)
			return -EADDRNOTAVAIL;
	}
	err = hop_find(n, v6, dst, from, ifc, &h);
	if (err == 0 && from == NET_NO_IFC)
		err = v6 ? src_pick6(&n->ifc[h.ifc], dst, src) : src_pick4(&n->ifc[h.ifc], &h, src);
	if (err != 0)
		return err;
	e = neigh_make(n, h.ifc, v6, &h.to, false);
	if (e != NULL && h.mapped && (e->flags & NEIGH_MAPPED) == 0)
		neigh_map(n, e, v6);
	out->neigh = e != NULL ? neigh_handle(n, e) : 0;
	out->ifc = h.ifc;
	out->mtu = ifc_mtu(&n->ifc[h.ifc], v6);
	if (unlikely(h.mtu != 0) && h.mtu < out->mtu)
		out->mtu = h.mtu;
	return 0;
}

static bool memo_holds(const struct net *n, const struct net_memo *m, bool v6,
	const union net_ip *dst, const union net_ip *src, uint16_t ifc)
{
	uint32_t e = m->way.neigh;

	return net_ip_eq(&m->dst, dst) && net_ip_eq(&m->src, src) && m->ifc == ifc && m->v6 == v6 &&
	       m->until_us > n->env->now_us && n->neigh[e & n->neigh_mask].gen == e >> 16;
}

int net_route_back(struct net *n, bool v6, const union net_ip *dst, const union net_ip *src,
	uint16_t ifc, struct net_dst *out)
{
	uint64_t w[2];

	memcpy(w, dst, sizeof(w));
	struct net_memo *m =
		&n->memo[(w[0] ^ w[1]) * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (NET_MEMO_MAX - 1)];

	if (likely(memo_holds(n, m, v6, dst, src, ifc))) {
		*out = m->way;
		return 0;
	}
	union net_ip s = *src;
	int err = net_route(n, v6, dst, &s, ifc, out);

	if (err == 0 && out->neigh != 0)
		*m = (struct net_memo){.dst = *dst,
			.src = *src,
			.until_us = n->env->now_us + NET_MEMO_US,
			.way = *out,
			.ifc = ifc,
			.v6 = v6};
	return err;
}

int route_again(
	struct net *n, struct net_dst *d, bool v6, const union net_ip *src, const union net_ip *dst)
{
	bool bound = ip_mcast(v6, dst) || (v6 && ip6_linklocal(&dst->v6));
	union net_ip s = *src;
	struct net_dst fresh;
	int err = net_route(n, v6, dst, &s, bound ? d->ifc : NET_NO_IFC, &fresh);

	if (err != 0)
		return err;
	if (d->mtu != 0 && d->mtu < fresh.mtu)
		fresh.mtu = d->mtu;
	*d = fresh;
	return 0;
}

enum drop route_drop(int err)
{
	switch (err) {
	case -EADDRNOTAVAIL:
		return DROP_no_source;
	case -ENOBUFS:
		return DROP_neigh_full;
	default:
		return DROP_no_route;
	}
}

static int route_static(const struct net *n, bool v6, const union net_ip *prefix, uint8_t plen,
	const union net_ip *gw, uint16_t ifc, struct fib_route *r)
{
	*r = (struct fib_route){.prefix = *prefix, .gw = *gw, .plen = plen, .ifc = ifc};
	if (plen > (v6 ? 128 : 32) || (ifc != NET_NO_IFC && ifc >= n->n_ifc))
		return -EINVAL;
	if (ifc == NET_NO_IFC) {
		/* The interface that the gateway is on. */
		const struct fib_route *g = fib_lookup(route_fib(n, v6), gw, NET_NO_IFC);

		if (net_ip_any(gw) || g == NULL || !net_ip_any(&g->gw))
			return -EINVAL;
		r->ifc = g->ifc;
	}
	return 0;
}

int net_route_add(struct net *n, bool v6, const union net_ip *prefix, uint8_t plen,
	const union net_ip *gw, uint16_t ifc, uint32_t metric)
{
	struct fib_route r;
	int err = route_static(n, v6, prefix, plen, gw, ifc, &r);

	r.metric = metric;
	if (err == 0)
		err = fib_add(v6 ? &n->fib6 : &n->fib4, &r);
	if (err == 0)
		neigh_handles_end(n, v6);
	return err;
}

int net_route_del(
	struct net *n, bool v6, const union net_ip *prefix, uint8_t plen, const union net_ip *gw)
{
	int err = fib_del(v6 ? &n->fib6 : &n->fib4, prefix, plen, gw, false, NET_NO_IFC);

	if (err == 0)
		neigh_handles_end(n, v6);
	return err;
}

int net_route_opts_set(struct net *n, bool v6, const union net_ip *prefix, uint8_t plen,
	const union net_ip *gw, const struct net_route_opts *o)
{
	struct fib_route *r = fib_static_find(v6 ? &n->fib6 : &n->fib4, prefix, plen, gw);

	if (r == NULL)
		return -ENOENT;
	r->opts = *o;
	n->route_opts = true;
	return 0;
}

const struct net_route_opts *net_route_opts(struct net *n, bool v6, const union net_ip *dst)
{
	const struct fib_route *r = NULL;

	if (unlikely(n->route_opts))
		r = route_pick(n, v6, dst, NET_NO_IFC);
	return r != NULL ? &r->opts : NULL;
}

static const char *route_source(const struct fib_route *r)
{
	if (r->connected)
		return "connected";
	return r->until_us != 0 ? "redirect" : "static";
}

unsigned net_route_list(
	const struct net *n, struct net_route_info *out, unsigned max, uint32_t *cursor)
{
	static const char *const kind[] = {[NET_ROUTE_UNICAST] = "unicast",
		[NET_ROUTE_BLACKHOLE] = "blackhole",
		[NET_ROUTE_UNREACHABLE] = "unreachable",
		[NET_ROUTE_PROHIBIT] = "prohibit"};
	unsigned k = 0;

	for (; *cursor < n->fib4.count + n->fib6.count && k < max; ++*cursor) {
		bool v6 = *cursor >= n->fib4.count;
		const struct fib_route *r =
			v6 ? &n->fib6.route[*cursor - n->fib4.count] : &n->fib4.route[*cursor];

		out[k++] = (struct net_route_info){.prefix = r->prefix,
			.gw = r->gw,
			.metric = r->metric,
			.ifc = r->ifc,
			.plen = r->plen,
			.v6 = v6,
			.source = route_source(r),
			.kind = kind[r->opts.kind]};
	}
	return k;
}

unsigned net_route_flush(struct net *n, bool v6)
{
	struct fib *f = v6 ? &n->fib6 : &n->fib4;
	unsigned removed = fib_static_flush(f);

	if (removed != 0)
		neigh_handles_end(n, v6);
	return removed;
}
