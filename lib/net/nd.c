/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_priv.h"
#include "wire_icmp.h"
#include "wire_nd.h"

#define ND_HOPS 255

static const struct ip6 all_nodes = {{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

static struct rte_mbuf *nd_make(struct net *n, const struct wire_nd *nd)
{
	struct rte_mbuf *m = pkt_alloc(&n->env->pool);

	if (m == NULL) {
		n->env->cnt.drop[DROP_pool_empty]++;
		return NULL;
	}
	m->data_len = (uint16_t)wire_nd_emit(rte_pktmbuf_mtod(m, uint8_t *), nd);
	m->pkt_len = m->data_len;
	return m;
}

/* To a group or a known MAC, past the neighbour cache. */
static void nd_send(struct net *n, struct ifc *ifc, const uint8_t *mac, const struct ip6 *src,
	const struct ip6 *dst, const struct wire_nd *nd)
{
	struct net_tx tx = {.proto = IPPROTO_ICMPV6, .ttl = ND_HOPS};
	const union net_ip to = {.v6 = *dst};
	struct rte_mbuf *m = nd_make(n, nd);
	uint8_t mapped[6];

	if (m == NULL)
		return;
	if (mac == NULL)
		group_mac(true, &to, mapped);
	ip6_output_to(n, ifc, mac != NULL ? mac : mapped, m, src, dst, &tx);
}

/* The source of the packet that waits, if it is ours here (RFC 4861 section 7.2.2), else any
 * address of the interface, best the link-local one. False: none is usable. */
static bool nd_source(const struct net *n, const struct neigh *e, struct ip6 *src)
{
	const struct net_ifc *f = &n->ifc[e->ifc].pub;
	bool found = false;

	if (e->q_head != NULL) {
		union net_ip ip;

		memcpy(&ip, rte_pktmbuf_mtod_offset(e->q_head, const uint8_t *, 8), sizeof(ip));
		if (addr_state(n, e->ifc, true, &ip) == NET_ADDR_PREFERRED) {
			*src = ip.v6;
			return true;
		}
	}
	for (unsigned i = 0; i < f->n_addr6; i++) {
		const struct net_addr *a = &f->addr6[i];

		if (a->state == NET_ADDR_PREFERRED && (!found || ip6_linklocal(&a->ip.v6))) {
			*src = a->ip.v6;
			found = true;
		}
	}
	return found;
}

void nd_solicit(struct net *n, struct neigh *e, bool unicast)
{
	struct ifc *ifc = &n->ifc[e->ifc];
	struct wire_nd nd = {.type = WIRE_ICMP6_NS, .target = e->ip.v6, .has_lladdr = true};
	struct ip6 src, group;

	if (!nd_source(n, e, &src))
		return;
	net_count(n, CNT_nd_tx_ns);
	memcpy(nd.lladdr, ifc->pub.mac, sizeof(nd.lladdr));
	ip6_solicited_node(&e->ip.v6, &group);
	nd_send(n, ifc, unicast ? e->mac : NULL, &src, unicast ? &e->ip.v6 : &group, &nd);
}

/* RFC 4862 section 5.4.2, with the nonce of RFC 7527 section 4.1. */
void nd_dad_solicit(struct net *n, struct ifc *ifc, const struct ip6 *ip, const uint8_t nonce[6])
{
	struct wire_nd nd = {.type = WIRE_ICMP6_NS, .target = *ip, .nonce_len = 6};
	const struct ip6 any = {{0}};
	struct ip6 group;

	net_count(n, CNT_nd_tx_ns);
	memcpy(nd.nonce, nonce, sizeof(nd.nonce));
	ip6_solicited_node(ip, &group);
	nd_send(n, ifc, NULL, &any, &group, &nd);
}

/* RFC 4861 section 7.2.4. The solicitor may have to be resolved first. */
static void nd_advertise(struct net *n, struct net_pkt *p, const struct wire_nd *ns)
{
	struct wire_nd nd = {.type = WIRE_ICMP6_NA,
		.flags = WIRE_ND_NA_OVERRIDE,
		.target = ns->target,
		.has_lladdr = true};
	struct net_tx tx = {.proto = IPPROTO_ICMPV6, .ttl = ND_HOPS};
	union net_ip src = {.v6 = ns->target};
	struct ifc *ifc = &n->ifc[p->ifc];
	struct net_dst d;
	struct rte_mbuf *m;

	net_count(n, CNT_nd_tx_na);
	memcpy(nd.lladdr, ifc->pub.mac, sizeof(nd.lladdr));
	if (ip6_any(&p->src.v6)) {
		nd_send(n, ifc, NULL, &ns->target, &all_nodes, &nd);
		return;
	}
	nd.flags |= WIRE_ND_NA_SOLICITED;
	m = nd_make(n, &nd);
	if (m == NULL)
		return;
	if (net_route(n, true, &p->src, &src, p->ifc, &d) != 0)
		pkt_drop(&n->env->pool, m, DROP_no_route);
	else
		net_output6(n, &d, m, &src.v6, &p->src.v6, &tx);
}

/* A solicitation for an address that is being checked (RFC 4862 section 5.4.3). */
static enum drop nd_ns_tentative(
	struct net *n, struct net_pkt *p, const struct wire_nd *nd, unsigned i)
{
	struct ifc *ifc = &n->ifc[p->ifc];
	const struct net_addr_ctl *c = &ifc->ctl6[i];

	if (!ip6_any(&p->src.v6))
		return DROP_ifc_no_address;
	if (nd->nonce_len == sizeof(c->nonce) && memcmp(nd->nonce, c->nonce, sizeof(c->nonce)) == 0)
		return DROP_nd_not_ours; /* our own, looped back */
	addr_conflict(n, ifc, true, i);
	return DROP_NONE;
}

static enum drop nd_ns_input(struct net *n, struct net_pkt *p, const struct wire_nd *nd)
{
	const union net_ip target = {.v6 = nd->target};
	struct ifc *ifc = &n->ifc[p->ifc];
	struct ip6 group;
	int i;

	net_count(n, CNT_nd_rx_ns);
	ip6_solicited_node(&nd->target, &group);
	/* RFC 4861 section 7.1.1 */
	if (ip6_any(&p->src.v6) && (nd->has_lladdr || !net_ip6_eq(&p->dst.v6, &group)))
		return DROP_nd_bad;
	if (nd->has_lladdr && (nd->lladdr[0] & 1) != 0)
		return DROP_nd_bad;
	i = addr_find(ifc, true, &target);
	if (i < 0 || ifc->pub.addr6[i].state == NET_ADDR_DUPLICATE)
		return DROP_nd_not_ours;
	if (ifc->pub.addr6[i].state != NET_ADDR_PREFERRED)
		return nd_ns_tentative(n, p, nd, (unsigned)i);
	/* RFC 4861 section 7.2.3 */
	if (nd->has_lladdr && route_on_link(n, p->ifc, true, &p->src)) {
		struct neigh *e = neigh_make(n, p->ifc, true, &p->src, false);

		if (e != NULL)
			nud_learn(n, e, nd->lladdr);
	}
	nd_advertise(n, p, nd);
	return DROP_NONE;
}

/* RFC 4861 section 7.2.5, for an entry with an address. */
static void nd_na_known(struct net *n, struct neigh *e, const struct wire_nd *nd)
{
	bool solicited = nd->flags & WIRE_ND_NA_SOLICITED;
	bool other = nd->has_lladdr && memcmp(nd->lladdr, e->mac, sizeof(e->mac)) != 0;

	if (other && (nd->flags & WIRE_ND_NA_OVERRIDE) == 0) {
		if (e->state == NEIGH_REACHABLE)
			nud_state(n, e, NEIGH_STALE);
		return;
	}
	if (solicited)
		nud_known(n, e, other ? nd->lladdr : e->mac, NEIGH_REACHABLE);
	else if (other)
		nud_known(n, e, nd->lladdr, NEIGH_STALE);
}

static enum drop nd_na_input(struct net *n, struct net_pkt *p, const struct wire_nd *nd)
{
	const union net_ip target = {.v6 = nd->target};
	struct ifc *ifc = &n->ifc[p->ifc];
	struct neigh *e;
	int i;

	net_count(n, CNT_nd_rx_na);
	/* RFC 4861 section 7.1.2 */
	if ((p->flags & NET_PKT_L3_MCAST) != 0 && (nd->flags & WIRE_ND_NA_SOLICITED) != 0)
		return DROP_nd_bad;
	if (nd->has_lladdr && (nd->lladdr[0] & 1) != 0)
		return DROP_nd_bad;
	i = addr_find(ifc, true, &target);
	if (i >= 0) {
		addr_conflict(n, ifc, true, (unsigned)i);
		return DROP_NONE;
	}
	e = neigh_find(n, p->ifc, true, &target);
	if (e == NULL || e->state < NEIGH_INCOMPLETE || (e->flags & NEIGH_FIXED) != 0)
		return DROP_nd_not_ours;
	if (e->state >= NEIGH_STALE)
		nd_na_known(n, e, nd);
	else if (nd->has_lladdr && e->state == NEIGH_INCOMPLETE)
		nud_known(n, e, nd->lladdr,
			nd->flags & WIRE_ND_NA_SOLICITED ? NEIGH_REACHABLE : NEIGH_STALE);
	return DROP_NONE;
}

/* A Fragment header on the way to L4, even one of an atomic fragment (RFC 6980 section 5). The
 * chain is known to be sound. */
static bool nd_fragmented(const struct net_pkt *p)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3_off);
	unsigned off = WIRE_IP6_LEN;
	uint8_t next = ip[6];

	while (p->l3_off + off < p->l4_off) {
		if (next == WIRE_IP6_FRAGMENT)
			return true;
		next = ip[off];
		off += 8u + ip[off + 1] * 8u;
	}
	return false;
}

enum net_verdict nd_input(struct net *n, struct net_pkt *p)
{
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l4_off);
	size_t have = RTE_MIN(p->l4_len, p->m->data_len - p->l4_off);
	enum drop why = DROP_nd_bad;
	struct wire_nd nd;
	int len;

	if (net_pkt_ttl(p) == ND_HOPS && have == p->l4_len && !nd_fragmented(p)) {
		len = wire_nd_parse(l4, have, &nd);
		if (len < 0)
			why = (enum drop) - len;
		else if (nd.type == WIRE_ICMP6_NS)
			why = nd_ns_input(n, p, &nd);
		else
			why = nd_na_input(n, p, &nd);
	}
	if (why != DROP_NONE)
		return net_drop(n, p, why);
	pkt_free(&n->env->pool, p->m);
	return NET_DONE;
}
