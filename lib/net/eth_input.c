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
	if (likely(net_plain_mac(rx, h))) {
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
	if (unlikely(
		    type == TYPE_8021Q || type == TYPE_8021AD || m->ol_flags & NET_VLAN_STRIPPED)) {
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

bool net_plain_odd4(const struct net_rx *rx, uint32_t src, uint32_t dst, uint8_t proto)
{
	return ip4_local(rx, dst) && ip4_src_ok(rx, src, proto);
}

bool net_plain_odd6(
	const struct net_rx *rx, const struct ip6 *src, const struct ip6 *dst, uint8_t proto)
{
	return ip6_local(rx, dst) && ip6_src_ok(rx, src, proto);
}

void net_plain_pkt(const struct net_rx *rx, struct rte_mbuf *m, struct net_pkt *p)
{
	const uint8_t *h = rte_pktmbuf_mtod(m, const uint8_t *), *ip = h + WIRE_ETH_LEN;

	p->m = m;
	if (net_plain_type4(h)) {
		p->proto = ip[9];
		net_ip4_set(&p->src, wire_get32(ip + 12));
		net_ip4_set(&p->dst, wire_get32(ip + 16));
		plain_fill(
			rx, p, WIRE_ETH_LEN + WIRE_IP4_LEN, wire_get16(ip + 2) - WIRE_IP4_LEN, 0);
		return;
	}
	p->proto = ip[6];
	memcpy(p->src.v6.b, ip + 8, sizeof(p->src.v6.b));
	memcpy(p->dst.v6.b, ip + 24, sizeof(p->dst.v6.b));
	plain_fill(rx, p, WIRE_ETH_LEN + WIRE_IP6_LEN, wire_get16(ip + 4), NET_PKT_V6);
}

/* Packets of a burst for the transports' general input. */
static void net_deliver(struct net *n, struct net_pkt *pkts, unsigned count, unsigned seen)
{
	if (seen == NET_TCP)
		n->tcp.ops->input(n->tcp.ctx, pkts, count);
	else if (seen == NET_UDP)
		n->udp.ops->input(n->udp.ctx, pkts, count);
	else if (seen != 0)
		net_deliver_both(n, pkts, count);
}

/* How many packets from the first on UDP has taken itself. */
static inline unsigned net_udp_run(struct net *n, const struct net_rx *rx, struct rte_mbuf **pkts,
	unsigned count, unsigned accept)
{
	return accept & NET_UDP ? 0 : n->udp.ops->plain(n->udp.ctx, rx, pkts, count);
}

/*
 * UDP takes runs of plain datagrams itself, where plain_input() finds no plain segment. Behind a
 * datagram that is not plain the rest of the burst's go its way, so that they stay in order.
 */
static __rte_noinline void net_input_any(
	struct net *n, const struct net_rx *rx, struct rte_mbuf **pkts, unsigned count)
{
	struct net_pkt pkt[NET_BURST_MAX], *p = pkt;
	struct net_plain_count plain = {.all = count};
	unsigned seen = 0, accept = n->accept;

	for (unsigned i = 0; i < count; i++) {
		enum net_verdict v;

		p->m = pkts[i];
		v = plain_input(n, rx, p, accept, &plain);
		if (unlikely(v == NET_LONG)) {
			unsigned run = net_udp_run(n, rx, &pkts[i], count - i, accept);

			plain.all -= RTE_MAX(run, 1u);
			if (run > 0) {
				i += run - 1;
				continue;
			}
			v = eth_input(n, p);
		}
		if (unlikely(v == NET_DONE))
			continue;
		seen |= v;
		accept |= v;
		p++;
	}
	net_plain_count_add(&n->env->cnt, &plain);
	net_deliver(n, pkt, (unsigned)(p - pkt), seen);
}

/* May a frame hold a UDP datagram? */
static inline bool net_maybe_udp(const struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *) + WIRE_ETH_LEN;

	return m->data_len >= WIRE_ETH_LEN + WIRE_IP4_LEN &&
	       (ip[9] == IPPROTO_UDP || ip[6] == IPPROTO_UDP);
}

void net_input(struct net *n, struct rte_mbuf **pkts, unsigned count)
{
	const struct net_rx *rx = &n->no_rx;
	unsigned run = 0;

	if (unlikely(count == 0))
		return;
	if (likely(pkts[0]->port < NET_PORT_MAX))
		rx = n->untagged_rx[pkts[0]->port];
	if (net_maybe_udp(pkts[0]))
		run = net_udp_run(n, rx, pkts, count, n->accept);
	if (run < count)
		net_input_any(n, rx, pkts + run, count - run);
}
