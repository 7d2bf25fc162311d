/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip_rx.h"
#include "wire_icmp.h"

/* What ip4_dst() found. */
enum ip4_for { IP4_FOR_NOBODY, IP4_FOR_US, IP4_FOR_ALL };

static bool ip4_local_bcast(const struct net_rx *rx, uint32_t ip)
{
	for (unsigned i = 0; i < rx->n_local4; i++) {
		const struct net_local4 *l = &rx->local4[i];

		if (ip == l->bcast || ip == l->net)
			return true;
	}
	return false;
}

/* A destination that is no address of the interface in use. The all-zeros form of a broadcast
 * counts as one (RFC 1122 section 3.3.6). */
static enum ip4_for ip4_dst_other(
	const struct net *n, const struct net_rx *rx, uint32_t dst, uint8_t proto)
{
	union net_ip ip = net_ip4(dst);

	if (dst == ~0u || ip4_local_bcast(rx, dst))
		return IP4_FOR_ALL;
	/* Core 0 knows whose groups IGMP is about. */
	if (dst >> 28 == 0xe && proto == IPPROTO_IGMP)
		return IP4_FOR_ALL;
	if (dst >> 28 == 0xe)
		return group_joined(&n->ifc[rx->ifc], false, &ip) ? IP4_FOR_ALL : IP4_FOR_NOBODY;
	/* A router has its addresses on all interfaces (RFC 1812 section 5.2.3). */
	if (rx->forward && net_is_local(n, false, &ip))
		return IP4_FOR_US;
	return addr_ours(n, rx->ifc, false, &ip) ? IP4_FOR_US : IP4_FOR_NOBODY;
}

/* Options: malformed ones are answered with what is wrong, source routes are not followed; the
 * others are for nobody here. */
static enum drop ip4_options(struct net *n, struct net_pkt *p, const struct wire_ip4 *h)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3_off);
	bool source_route = false;
	unsigned at = wire_ip4_options_check(ip, h, &source_route);

	if (at != 0) {
		net_icmp_error(n, p, WIRE_ICMP4_PARAM, 0, (uint32_t)at << 24);
		return DROP_ip4_options;
	}
	return source_route ? DROP_ip4_source_route : DROP_NONE;
}

static enum net_verdict ip4_proto_other(struct net *n, struct net_pkt *p)
{
	if (p->proto == IPPROTO_ICMP)
		return icmp4_input(n, p);
	if (p->proto == IPPROTO_IGMP)
		return igmp_input(n, p);
	net_icmp_error(n, p, WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_PROTO, 0);
	return net_drop(n, p, DROP_ip4_proto);
}

static inline enum net_verdict ip4_deliver(
	struct net *n, const struct net_rx *rx, struct net_pkt *p)
{
	bool tcp = p->proto == IPPROTO_TCP;

	if (unlikely(!net_l4_contiguous(n, p)))
		return net_drop(n, p, DROP_pool_empty);
	net_count(n, CNT_ip4_delivered);
	if (unlikely(!(tcp && n->tcp.ops != NULL) &&
		     !(p->proto == IPPROTO_UDP && n->udp.ops != NULL)))
		return ip4_proto_other(n, p);
	if (unlikely(!ip4_owner(n, rx, p)))
		return NET_DONE;
	return tcp ? NET_TCP : NET_UDP;
}

/* Reads the header into p; DROP_NONE or what is wrong with it. */
static inline enum drop ip4_parse(struct net_pkt *p, struct wire_ip4 *h)
{
	const struct rte_mbuf *m = p->m;
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3_off);
	bool good = (m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint32_t room = m->pkt_len - p->l3_off;
	int len;

	/* Of a packet of several segments the first holds the largest header (eth_input()). */
	if (unlikely(m->data_len - p->l3_off < WIRE_IP4_LEN ||
		     m->data_len - p->l3_off < (ip[0] & 0xf) * 4))
		return DROP_ip4_short;
	len = wire_ip4_parse(ip, room, !good, h);
	if (unlikely(len < 0))
		return (enum drop) - len;
	p->l4_off = (uint16_t)(p->l3_off + h->hlen);
	p->l4_len = (uint16_t)(h->total_len - h->hlen);
	p->proto = h->proto;
	p->src = net_ip4(h->src);
	p->dst = net_ip4(h->dst);
	/* NONE: not in the packet, but known to be right (a guest's own traffic). */
	if (likely(l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD || l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE))
		p->flags |= NET_PKT_CKSUM_OK;
	return DROP_NONE;
}

static enum drop ip4_dst_check(struct net *n, const struct net_rx *rx, struct net_pkt *p)
{
	switch (ip4_dst_other(n, rx, p->dst.v4, p->proto)) {
	case IP4_FOR_US:
		break;
	case IP4_FOR_ALL:
		p->flags |= NET_PKT_L3_MCAST;
		break;
	default:
		return addr_state(n, rx->ifc, false, &p->dst) != NET_ADDR_NONE ? DROP_ifc_no_address
									       : DROP_ip4_not_ours;
	}
	return DROP_NONE;
}

enum net_verdict ip4_input(struct net *n, const struct net_rx *rx, struct net_pkt *p)
{
	net_count(n, CNT_ip4_rx);
	return ip4_whole_input(n, rx, p);
}

enum net_verdict ip4_whole_input(struct net *n, const struct net_rx *rx, struct net_pkt *p)
{
	struct wire_ip4 h;
	enum drop why;

	why = ip4_parse(p, &h);
	if (why != DROP_NONE)
		return net_drop(n, p, why);
	if (p->l3_off + (uint32_t)h.total_len < p->m->pkt_len)
		net_trim(n, p->m, p->l3_off + (uint32_t)h.total_len);
	if (!ip4_local(rx, h.dst)) {
		why = ip4_dst_check(n, rx, p);
		if (why == DROP_ip4_not_ours && rx->forward)
			return ip4_forward(n, rx, p, &h);
		if (why != DROP_NONE)
			return net_drop(n, p, why);
	}
	if (!ip4_src_ok(rx, h.src, h.proto))
		return net_drop(n, p, DROP_ip4_src);
	/* RFC 1122 section 3.3.6 */
	if ((p->flags & (NET_PKT_L2_MCAST | NET_PKT_L3_MCAST)) == NET_PKT_L2_MCAST)
		return net_drop(n, p, DROP_ip4_bcast_l2);
	if ((h.frag & (WIRE_IP4_MF | 0x1fff)) != 0)
		return ip4_frag_input(n, rx, p, &h);
	if (h.hlen != WIRE_IP4_LEN) {
		if (n->conf.source_routes && rx->forward && ip4_source_routed(p, &h))
			return ip4_forward_source_route(n, rx, p, &h);
		why = ip4_options(n, p, &h);
		if (why != DROP_NONE)
			return net_drop(n, p, why);
	}
	return ip4_deliver(n, rx, p);
}
