/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_NET_PLAIN_INPUT_H
#define GN_NET_PLAIN_INPUT_H

#include "ip_rx.h"
#include "l4_cksum.h"

/*
 * The short way of most packets: an untagged unicast frame in one segment, an IP header without
 * options or extension headers, no fragment, between unicast addresses, TCP or UDP. All of it is
 * checked, but nothing is judged: whatever is not so goes the long way from the start.
 */
#define VLAN_STRIPPED (RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_QINQ_STRIPPED)

/* Packets that took the short way in a burst. */
struct plain_count {
	unsigned v4, v6;
};

/* The three octets of ethertype and version, header length of a plain IPv4 packet. */
static inline bool plain_type4(const uint8_t *h)
{
	return (wire_get32(h + 12) & 0xffffff00) == ((uint32_t)NET_TYPE_IP4 << 16 | 0x45u << 8);
}

static inline bool plain_cksum4(const uint8_t *ip, uint64_t flags)
{
	uint64_t sum = 0;

	if (likely((flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD))
		return true;
	for (unsigned i = 0; i < WIRE_IP4_LEN; i += 4) {
		uint32_t w;

		memcpy(&w, ip + i, sizeof(w));
		sum += w;
	}
	return l4_cksum_fold(sum) == 0xffff;
}

static inline void plain_fill(struct net_pkt *p, struct rte_mbuf *m, const struct net_rx *rx,
	unsigned l4_off, unsigned l4_len, uint8_t flags)
{
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	p->ifc = rx->ifc;
	p->scope = rx->scope;
	p->l3_off = WIRE_ETH_LEN;
	p->l4_off = (uint16_t)l4_off;
	p->l4_len = (uint16_t)l4_len;
	if (likely(l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD || l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE))
		flags |= NET_PKT_CKSUM_OK;
	p->flags = flags | NET_PKT_HASH;
	/* Without the frame's padding. */
	m->data_len = (uint16_t)(l4_off + l4_len);
	m->pkt_len = l4_off + l4_len;
}

/* The hash that the port found, if that means that the packet is at its owner. */
static inline bool plain_hash(struct net_pkt *p, const struct rte_mbuf *m, const struct net_rx *rx)
{
	p->hash = m->hash.rss;
	return rx->trust_hash && (m->ol_flags & RTE_MBUF_F_RX_RSS_HASH) != 0;
}

static inline bool plain_proto(const struct net *n, uint8_t proto)
{
	return (likely(proto == IPPROTO_TCP) && n->tcp.ops != NULL) ||
	       (proto == IPPROTO_UDP && n->udp.ops != NULL);
}

static inline enum net_verdict plain_input4(struct net *n, const struct net_rx *rx,
	struct net_pkt *p, struct rte_mbuf *m, const uint8_t *h)
{
	const uint8_t *ip = h + WIRE_ETH_LEN;
	unsigned total = wire_get16(ip + 2), room = m->data_len - WIRE_ETH_LEN;
	uint32_t src = wire_get32(ip + 12), dst = wire_get32(ip + 16);

	if (unlikely(total > room || total < WIRE_IP4_LEN + 8 ||
		     (wire_get16(ip + 6) & (WIRE_IP4_MF | 0x1fff)) != 0 ||
		     !plain_cksum4(ip, m->ol_flags) || !ip4_local(rx, dst)))
		return NET_LONG;
	p->proto = ip[9];
	if (unlikely(!plain_proto(n, p->proto) || !ip4_src_ok(rx, src, p->proto)))
		return NET_LONG;
	net_ip4_set(&p->src, src);
	net_ip4_set(&p->dst, dst);
	p->ttl = ip[8];
	p->tos = ip[1];
	plain_fill(p, m, rx, WIRE_ETH_LEN + WIRE_IP4_LEN, total - WIRE_IP4_LEN, 0);
	if (unlikely(!plain_hash(p, m, rx) && !ip4_owner(n, rx, p)))
		return NET_DONE;
	return p->proto == IPPROTO_TCP ? NET_TCP : NET_UDP;
}

static inline enum net_verdict plain_input6(struct net *n, const struct net_rx *rx,
	struct net_pkt *p, struct rte_mbuf *m, const uint8_t *h)
{
	const uint8_t *ip = h + WIRE_ETH_LEN;
	unsigned len = wire_get16(ip + 4), room = m->data_len - WIRE_ETH_LEN;
	uint32_t first = wire_get32(ip);

	if (unlikely(room < WIRE_IP6_LEN || len > room - WIRE_IP6_LEN || len < 8 ||
		     first >> 28 != 6))
		return NET_LONG;
	p->proto = ip[6];
	memcpy(p->src.v6.b, ip + 8, sizeof(p->src.v6.b));
	memcpy(p->dst.v6.b, ip + 24, sizeof(p->dst.v6.b));
	if (unlikely(!plain_proto(n, p->proto) || !ip6_local(rx, &p->dst.v6) || !ip6_src_ok(rx, p)))
		return NET_LONG;
	p->ttl = ip[7];
	p->tos = (uint8_t)(first >> 20);
	plain_fill(p, m, rx, WIRE_ETH_LEN + WIRE_IP6_LEN, len, NET_PKT_V6);
	if (unlikely(!plain_hash(p, m, rx) && !ip6_owner(n, rx, p)))
		return NET_DONE;
	return p->proto == IPPROTO_TCP ? NET_TCP : NET_UDP;
}

static inline enum net_verdict plain_input(struct net *n, struct net_pkt *p, struct plain_count *c)
{
	struct rte_mbuf *m = p->m;
	const uint8_t *h = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct net_rx *rx;
	enum net_verdict v;
	uint32_t lo;
	uint16_t hi;

	if (unlikely(m->nb_segs != 1 || m->data_len < WIRE_ETH_LEN + WIRE_IP4_LEN ||
		     m->port >= NET_PORT_MAX || (m->ol_flags & VLAN_STRIPPED) != 0))
		return NET_LONG;
	rx = n->untagged_rx[m->port];
	if (unlikely(rx == NULL))
		return NET_LONG;
	memcpy(&lo, h, sizeof(lo));
	memcpy(&hi, h + sizeof(lo), sizeof(hi));
	if (unlikely(lo != rx->mac_lo || hi != rx->mac_hi))
		return NET_LONG;
	if (likely(plain_type4(h))) {
		v = plain_input4(n, rx, p, m, h);
		c->v4 += v != NET_LONG;
	} else if (wire_get16(h + 12) == NET_TYPE_IP6) {
		v = plain_input6(n, rx, p, m, h);
		c->v6 += v != NET_LONG;
	} else {
		v = NET_LONG;
	}
	return v;
}

static inline void plain_count_add(struct net *n, const struct plain_count *c)
{
	struct counters *cnt = &n->env->cnt;

	count_add(cnt, CNT_eth_rx_unicast, c->v4 + c->v6);
	count_add(cnt, CNT_ip4_rx, c->v4);
	count_add(cnt, CNT_ip4_delivered, c->v4);
	count_add(cnt, CNT_ip6_rx, c->v6);
	count_add(cnt, CNT_ip6_delivered, c->v6);
}

#endif
