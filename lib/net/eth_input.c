/* SPDX-License-Identifier: BSD-3-Clause */
#include "plain_input.h"

#define TYPE_8021Q  0x8100
#define TYPE_8021AD 0x88a8

/* Gives m the place and all that the port said about old. */
static void pkt_meta_copy(struct rte_mbuf *m, const struct rte_mbuf *old)
{
	m->port = old->port;
	m->ol_flags = old->ol_flags & ~(RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL);
	m->packet_type = old->packet_type;
	m->vlan_tci = old->vlan_tci;
	m->vlan_tci_outer = old->vlan_tci_outer;
	m->hash = old->hash;
	memcpy(m->dynfield1, old->dynfield1, sizeof(m->dynfield1));
}

bool eth_pullup(struct net *n, struct net_pkt *p, unsigned want)
{
	struct pkt_pool *pool = &n->env->pool;
	struct rte_mbuf *old = p->m, *m;
	uint32_t len = old->pkt_len;

	want = RTE_MIN(RTE_MIN(want, len), pool->data_room);
	m = pkt_alloc(pool);
	if (m == NULL)
		return false;
	pkt_meta_copy(m, old);
	m->data_len = 0;
	m->nb_segs = (uint16_t)(1 + old->nb_segs);
	while (m->data_len < want) {
		uint16_t k = (uint16_t)RTE_MIN(want - m->data_len, old->data_len);

		memcpy(rte_pktmbuf_mtod(m, uint8_t *) + m->data_len,
			rte_pktmbuf_mtod(old, const uint8_t *), k);
		m->data_len += k;
		old->data_off += k;
		old->data_len -= k;
		if (old->data_len == 0 && m->data_len < len) {
			struct rte_mbuf *next = old->next;

			pkt_free_seg(pool, old);
			old = next;
			m->nb_segs--;
		}
	}
	if (m->data_len == len) {
		pkt_free(pool, old);
		m->nb_segs = 1;
		old = NULL;
	}
	m->pkt_len = len;
	m->next = old;
	p->m = m;
	return true;
}

/* The interface of a port with these tags; priority bits are not compared. */
static uint16_t eth_tagged_ifc(const struct net *n, uint16_t port, const struct wire_eth *h)
{
	for (uint16_t i = 0; i < n->n_ifc; i++) {
		const struct net_ifc *f = &n->ifc[i].pub;

		if (f->port == port && f->n_tags == h->n_tags &&
			(h->n_tags < 1 || (f->tci[0] & 0xfff) == (h->tci[0] & 0xfff)) &&
			(h->n_tags < 2 || (f->tci[1] & 0xfff) == (h->tci[1] & 0xfff)))
			return i;
	}
	return NET_NO_IFC;
}

/* Tags in the frame, stripped by the port, or both: interface, and where the payload starts. A
 * priority tag (identifier 0) belongs to the untagged interface (802.1Q). */
static int eth_tags_input(struct net *n, struct net_pkt *p, uint16_t *type)
{
	const struct rte_mbuf *m = p->m;
	struct wire_eth h, t = {0};
	int off = wire_eth_parse(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, &h);

	if (off < 0)
		return off;
	if (m->ol_flags & RTE_MBUF_F_RX_QINQ_STRIPPED)
		t.tci[t.n_tags++] = m->vlan_tci_outer;
	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		t.tci[t.n_tags++] = m->vlan_tci;
	if (t.n_tags + h.n_tags > 2)
		return -(int)DROP_eth_vlan;
	for (unsigned i = 0; i < h.n_tags; i++)
		t.tci[t.n_tags++] = h.tci[i];
	if (t.n_tags == 1 && (t.tci[0] & 0xfff) == 0)
		t.n_tags = 0;
	*type = h.type;
	p->ifc = eth_tagged_ifc(n, m->port, &t);
	if (p->ifc == NET_NO_IFC)
		return -(int)DROP_eth_vlan;
	return off;
}

/* Neighbour and address state machines are core 0's. */
static enum net_verdict eth_arp(struct net *n, struct net_pkt *p)
{
	if (n->core != 0) {
		n->ops->handoff(n->ops_ctx, 0, p->m);
		return NET_DONE;
	}
	return arp_input(n, p);
}

static inline enum net_verdict eth_type_input(struct net *n, struct net_pkt *p, uint16_t type)
{
	const struct net_rx *rx = &n->rx[p->ifc];

	p->scope = rx->scope;
	if (likely(type == NET_TYPE_IP4))
		return ip4_input(n, rx, p);
	switch (type) {
	case NET_TYPE_IP6:
		return ip6_input(n, rx, p);
	case NET_TYPE_ARP:
		return eth_arp(n, p);
	default:
		return net_drop(n, p, DROP_eth_type);
	}
}

/* Is the frame for this interface? */
static inline bool eth_dst_ours(struct net *n, struct net_pkt *p, const uint8_t *h)
{
	static const uint8_t bcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	const struct net_rx *rx = &n->rx[p->ifc];

	p->flags = 0;
	if (likely(plain_mac(rx, h))) {
		net_count(n, CNT_eth_rx_unicast);
		return true;
	}
	if ((h[0] & 1) == 0)
		return false;
	p->flags = NET_PKT_L2_MCAST;
	net_count(n,
		memcmp(h, bcast, sizeof(bcast)) == 0 ? CNT_eth_rx_broadcast : CNT_eth_rx_multicast);
	return true;
}

/* All that plain_input() leaves. */
static __rte_noinline enum net_verdict eth_input(struct net *n, struct net_pkt *p)
{
	struct rte_mbuf *m = p->m;
	const uint8_t *h = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t type;

	if (unlikely(m->data_len < WIRE_ETH_MAX_LEN + WIRE_IP6_LEN && m->nb_segs > 1)) {
		if (!eth_pullup(n, p, 256))
			return net_drop(n, p, DROP_pool_empty);
		m = p->m;
		h = rte_pktmbuf_mtod(m, const uint8_t *);
	}
	if (unlikely(m->data_len < WIRE_ETH_LEN))
		return net_drop(n, p, DROP_eth_short);
	type = wire_get16(h + 12);
	p->l3_off = WIRE_ETH_LEN;
	if (unlikely(type == TYPE_8021Q || type == TYPE_8021AD || m->ol_flags & VLAN_STRIPPED)) {
		int off = eth_tags_input(n, p, &type);

		if (off < 0)
			return net_drop(n, p, (enum drop) - off);
		p->l3_off = (uint16_t)off;
	} else {
		if (m->port >= NET_PORT_MAX || n->untagged_rx[m->port] == &n->no_rx)
			return net_drop(n, p, DROP_rx_not_configured);
		p->ifc = n->untagged_rx[m->port]->ifc;
	}
	if (unlikely(!eth_dst_ours(n, p, h)))
		return net_drop(n, p, DROP_eth_not_ours);
	return eth_type_input(n, p, type);
}

/* Hands a burst to both transports, each its own. */
static __rte_noinline void net_deliver_both(struct net *n, struct net_pkt *pkts, unsigned count)
{
	struct net_pkt udp[NET_BURST_MAX];
	unsigned n_tcp = 0, n_udp = 0;

	for (unsigned i = 0; i < count; i++) {
		if (pkts[i].proto == IPPROTO_UDP)
			udp[n_udp++] = pkts[i];
		else
			pkts[n_tcp++] = pkts[i];
	}
	n->tcp.ops->input(n->tcp.ctx, pkts, n_tcp);
	n->udp.ops->input(n->udp.ctx, udp, n_udp);
}

void net_input(struct net *n, struct rte_mbuf **pkts, unsigned count)
{
	struct net_pkt pkt[NET_BURST_MAX], *p = pkt;
	struct plain_count plain = {.v4 = count};
	const struct net_rx *rx = &n->no_rx;
	unsigned seen = 0;

	if (likely(count > 0 && pkts[0]->port < NET_PORT_MAX))
		rx = n->untagged_rx[pkts[0]->port];
	for (unsigned i = 0; i < count; i++) {
		enum net_verdict v;

		p->m = pkts[i];
		v = plain_input(n, rx, p, &plain);
		if (unlikely(v == NET_LONG)) {
			plain.v4--;
			v = eth_input(n, p);
		}
		if (unlikely(v == NET_DONE))
			continue;
		seen |= v;
		p++;
	}
	plain_count_add(n, &plain);
	if (seen == NET_TCP)
		n->tcp.ops->input(n->tcp.ctx, pkt, (unsigned)(p - pkt));
	else if (seen == NET_UDP)
		n->udp.ops->input(n->udp.ctx, pkt, (unsigned)(p - pkt));
	else if (seen != 0)
		net_deliver_both(n, pkt, (unsigned)(p - pkt));
}
