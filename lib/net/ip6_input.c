/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip_rx.h"
#include "wire_icmp.h"

/* The first bytes of a packet that its chain of headers must fit in. */
#define EXT_ROOM 512

bool ip6_loopback(const struct ip6 *a)
{
	static const struct ip6 loopback = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

	return net_ip6_eq(a, &loopback);
}

void ip6_solicited_node(const struct ip6 *a, struct ip6 *group)
{
	*group = (struct ip6){{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff}};
	memcpy(group->b + 13, a->b + 13, 3);
}

/* A destination that is no address of the interface in use. */
static enum drop ip6_dst_other(struct net *n, const struct net_rx *rx, struct net_pkt *p)
{
	const struct ip6 *dst = &p->dst.v6;

	if (ip6_mcast(dst)) {
		uint8_t scope = dst->b[1] & 0xf;

		/* Reserved scopes, and one that cannot come over a wire (RFC 4291 section 2.7). */
		if (scope == 0x0 || scope == 0x1 || scope == 0xf)
			return DROP_ip6_dst;
		p->flags |= NET_PKT_L3_MCAST;
		if (group_joined(&n->ifc[rx->ifc], true, &p->dst))
			return DROP_NONE;
		/* Core 0 knows whose groups MLD is about. */
		return mld_peek(p) ? DROP_NONE : DROP_ip6_not_ours;
	}
	if (ip6_any(dst) || ip6_loopback(dst))
		return DROP_ip6_dst;
	if (addr_ours(n, rx->ifc, true, &p->dst) ||
		(rx->forward && !ip6_linklocal(dst) && net_is_local(n, true, &p->dst)))
		return DROP_NONE;
	return addr_state(n, rx->ifc, true, &p->dst) != NET_ADDR_NONE ? DROP_ifc_no_address
								      : DROP_ip6_not_ours;
}

/* ICMPv6, or a next header that nobody here handles; next_ptr points at the octet that named it. */
static enum net_verdict ip6_proto_other(struct net *n, struct net_pkt *p, uint16_t next_ptr)
{
	if (p->proto == IPPROTO_ICMPV6)
		return icmp6_input(n, p);
	if (p->proto != WIRE_IP6_NONE)
		net_icmp_error(n, p, WIRE_ICMP6_PARAM, WIRE_ICMP6_PARAM_NEXT, next_ptr);
	return net_drop(n, p, DROP_ip6_proto);
}

static inline enum net_verdict ip6_deliver(
	struct net *n, const struct net_rx *rx, struct net_pkt *p, uint16_t next_ptr)
{
	bool tcp = p->proto == IPPROTO_TCP;

	if (unlikely(!net_l4_contiguous(n, p)))
		return net_drop(n, p, DROP_pool_empty);
	net_count(n, CNT_ip6_delivered);
	if (unlikely(!(tcp && n->tcp.ops != NULL) &&
		     !(p->proto == IPPROTO_UDP && n->udp.ops != NULL)))
		return ip6_proto_other(n, p, next_ptr);
	if (unlikely(!ip6_owner(n, rx, p)))
		return NET_DONE;
	return tcp ? NET_TCP : NET_UDP;
}

static inline bool ip6_ext(uint8_t next)
{
	return next == WIRE_IP6_HOPOPTS || next == WIRE_IP6_ROUTING || next == WIRE_IP6_FRAGMENT ||
	       next == WIRE_IP6_DSTOPTS;
}

/* What a faulty chain leads to, by the lengths of its headers alone: an error about an error must
 * not be sent, wherever the fault is (RFC 4443 section 2.4 (e.1)). */
static void ip6_upper_find(struct net_pkt *p, const struct wire_ip6 *h)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3_off);
	unsigned end = RTE_MIN(
		WIRE_IP6_LEN + (unsigned)h->payload_len, (unsigned)(p->m->data_len - p->l3_off));
	unsigned off = WIRE_IP6_LEN;

	p->proto = h->next;
	while (ip6_ext(p->proto) && off + 8 <= end) {
		unsigned len = p->proto == WIRE_IP6_FRAGMENT ? 8 : 8 + ip[off + 1] * 8u;

		p->proto = ip[off];
		off = RTE_MIN(off + len, end);
	}
	p->l4_off = (uint16_t)(p->l3_off + off);
	p->l4_len = (uint16_t)(WIRE_IP6_LEN + h->payload_len - off);
}

/* Extension headers: walks them, and says what is wrong to whoever sent them. */
static enum net_verdict ip6_ext_input(
	struct net *n, const struct net_rx *rx, struct net_pkt *p, const struct wire_ip6 *h)
{
	struct wire_ip6_chain c;
	int err;

	if (p->m->nb_segs > 1 && p->m->data_len < EXT_ROOM && !eth_pullup(n, p, EXT_ROOM))
		return net_drop(n, p, DROP_pool_empty);
	err = wire_ip6_walk(rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3_off),
		(size_t)p->m->data_len - p->l3_off, h, &c);
	if (err < 0) {
		/* RFC 8200 section 4.2: about an option of type 11 not to a group. */
		if (c.problem != WIRE_IP6_SILENT &&
			(c.problem_if_mcast || (p->flags & NET_PKT_L3_MCAST) == 0)) {
			ip6_upper_find(p, h);
			net_icmp_error(n, p, WIRE_ICMP6_PARAM, c.problem, c.problem_ptr);
		}
		return net_drop(n, p, (enum drop) - err);
	}
	if (c.fragment)
		return ip6_frag_input(n, rx, p, h, &c);
	p->proto = c.proto;
	p->l4_off = (uint16_t)(p->l3_off + c.l4_off);
	p->l4_len = (uint16_t)(WIRE_IP6_LEN + h->payload_len - c.l4_off);
	if (!ip6_src_ok(rx, &p->src.v6, p->proto))
		return net_drop(n, p, DROP_ip6_src);
	return ip6_deliver(n, rx, p, c.next_ptr);
}

static inline enum drop ip6_parse(struct net_pkt *p, struct wire_ip6 *h)
{
	const struct rte_mbuf *m = p->m;
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3_off);
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	int len;

	if (unlikely(m->data_len - p->l3_off < WIRE_IP6_LEN))
		return DROP_ip6_short;
	len = wire_ip6_parse(ip, m->pkt_len - p->l3_off, h);
	if (unlikely(len < 0))
		return (enum drop) - len;
	p->l4_off = p->l3_off + WIRE_IP6_LEN;
	p->l4_len = h->payload_len;
	p->proto = h->next;
	p->src.v6 = h->src;
	p->dst.v6 = h->dst;
	p->flags |= NET_PKT_V6;
	if (likely(l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD || l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE))
		p->flags |= NET_PKT_CKSUM_OK;
	return DROP_NONE;
}

enum net_verdict ip6_input(struct net *n, const struct net_rx *rx, struct net_pkt *p)
{
	net_count(n, CNT_ip6_rx);
	return ip6_whole_input(n, rx, p);
}

enum net_verdict ip6_whole_input(struct net *n, const struct net_rx *rx, struct net_pkt *p)
{
	struct wire_ip6 h;
	uint32_t end;
	enum drop why;

	why = ip6_parse(p, &h);
	if (unlikely(why != DROP_NONE))
		return net_drop(n, p, why);
	end = p->l4_off + (uint32_t)h.payload_len;
	if (unlikely(end < p->m->pkt_len))
		net_trim(n, p->m, end);
	if (unlikely(!ip6_local(rx, &h.dst))) {
		why = ip6_dst_other(n, rx, p);
		if (why == DROP_ip6_not_ours && rx->forward && !ip6_mcast(&h.dst))
			return ip6_forward(n, rx, p, &h);
		if (why != DROP_NONE)
			return net_drop(n, p, why);
	}
	if (unlikely(ip6_ext(h.next))) {
		if (ip6_mcast(&p->src.v6))
			return net_drop(n, p, DROP_ip6_src);
		return ip6_ext_input(n, rx, p, &h);
	}
	if (unlikely(!ip6_src_ok(rx, &p->src.v6, p->proto)))
		return net_drop(n, p, DROP_ip6_src);
	return ip6_deliver(n, rx, p, 6);
}
