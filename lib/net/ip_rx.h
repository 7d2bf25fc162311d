/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_NET_IP_RX_H
#define GN_NET_IP_RX_H

#include "net_priv.h"

/* What all ways of a received packet have in common. */

static inline bool ip4_local(const struct net_rx *rx, uint32_t ip)
{
	for (const struct net_local4 *l = rx->local4; l != rx->local4 + rx->n_local4; l++)
		if (l->ip == ip)
			return true;
	return false;
}

static inline bool ip6_local(const struct net_rx *rx, const struct ip6 *ip)
{
	for (unsigned i = 0; i < rx->n_local6; i++)
		if (net_ip6_eq(&rx->local6[i], ip))
			return true;
	return false;
}

/* RFC 1122 section 3.2.1.3. 0.0.0.0 is a client without an address yet (a), for UDP only. */
static inline bool ip4_src_ok(const struct net_rx *rx, uint32_t src, uint8_t proto)
{
	if (unlikely(!ip4_unicast(src)))
		return src == 0 && proto == IPPROTO_UDP;
	for (const struct net_local4 *l = rx->local4; l != rx->local4 + rx->n_local4; l++) {
		if (unlikely(src == l->ip || src == l->bcast || src == l->net))
			return false;
	}
	return true;
}

/* Multicast, loopback and our own addresses send nothing to us; the unspecified address sends ND
 * only (RFC 4291 sections 2.5.2, 2.5.3, 2.7). */
static inline bool ip6_src_ok(const struct net_rx *rx, const struct ip6 *src, uint8_t proto)
{
	if (unlikely(ip6_mcast(src)))
		return false;
	if (unlikely(src->b[0] == 0 &&
		     (ip6_loopback(src) || (ip6_any(src) && proto != IPPROTO_ICMPV6))))
		return false;
	return likely(!ip6_local(rx, src));
}

/* The hash of the flow, and whether this core owns it; a packet of another core is handed over. */
static inline bool ip4_owner(struct net *n, const struct net_rx *rx, struct net_pkt *p)
{
	struct rte_mbuf *m = p->m;
	uint16_t sport = 0, dport = 0, core;

	p->flags |= NET_PKT_HASH;
	if (likely(rx->trust_hash && (m->ol_flags & RTE_MBUF_F_RX_RSS_HASH) != 0)) {
		p->hash = m->hash.rss;
		return true;
	}
	if (likely(p->l4_len >= 4)) {
		const uint8_t *l4 = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4_off);

		sport = wire_get16(l4);
		dport = wire_get16(l4 + 2);
	}
	p->hash = owner_hash4(n->owner, p->src.v4, p->dst.v4, sport, dport);
	if (n->n_cores == 1 || (p->flags & NET_PKT_L3_MCAST) != 0)
		return true;
	core = owner_core(n->owner, p->hash);
	if (core == n->core)
		return true;
	n->ops->handoff(n->ops_ctx, core, m);
	return false;
}

static inline bool ip6_owner(struct net *n, const struct net_rx *rx, struct net_pkt *p)
{
	struct rte_mbuf *m = p->m;
	uint16_t sport = 0, dport = 0, core;

	p->flags |= NET_PKT_HASH;
	if (likely(rx->trust_hash && (m->ol_flags & RTE_MBUF_F_RX_RSS_HASH) != 0)) {
		p->hash = m->hash.rss;
		return true;
	}
	if (likely(p->l4_len >= 4)) {
		const uint8_t *l4 = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4_off);

		sport = wire_get16(l4);
		dport = wire_get16(l4 + 2);
	}
	p->hash = owner_hash6(n->owner, &p->src.v6, &p->dst.v6, sport, dport);
	if (n->n_cores == 1 || (p->flags & NET_PKT_L3_MCAST) != 0)
		return true;
	core = owner_core(n->owner, p->hash);
	if (core == n->core)
		return true;
	n->ops->handoff(n->ops_ctx, core, m);
	return false;
}

#endif
