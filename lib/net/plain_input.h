/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_NET_PLAIN_INPUT_H
#define GN_NET_PLAIN_INPUT_H

#include "ip_rx.h"
#include "l4_cksum.h"
#include "net_plain.h"

/*
 * The short way of plain packets (net_plain.h), and of those that only the port has not vouched for.
 * All of it is checked, but nothing is judged: whatever is not so goes the long way from the start.
 */
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

/* The rest, in which both families are alike. m loses the frame's padding. */
static __rte_always_inline void plain_fill(
	const struct net_rx *rx, struct net_pkt *p, unsigned l4_off, unsigned l4_len, uint8_t flags)
{
	struct rte_mbuf *m = p->m;

	p->ifc = rx->ifc;
	p->scope = rx->scope;
	p->l3_off = WIRE_ETH_LEN;
	p->l4_off = (uint16_t)l4_off;
	p->l4_len = (uint16_t)l4_len;
	p->hash = m->hash.rss;
	p->flags = flags | NET_PKT_PLAIN | NET_PKT_HASH | NET_PKT_CKSUM_OK;
	m->data_len = (uint16_t)(l4_off + l4_len);
	m->pkt_len = l4_off + l4_len;
}

/* Of what net_plain_good() is true, as far as that goes; fills p if its verdict is one of accept. */
static __rte_always_inline enum net_verdict plain_ip4(const struct net *n, const struct net_rx *rx,
	struct net_pkt *p, const uint8_t *ip, unsigned accept)
{
	unsigned total = wire_get16(ip + 2);
	uint32_t src = wire_get32(ip + 12), dst = wire_get32(ip + 16);
	enum net_verdict v = n->verdict[ip[9]];
	uint16_t frag;

	memcpy(&frag, ip + 6, sizeof(frag));
	if (unlikely(total + WIRE_ETH_LEN > p->m->data_len || total < WIRE_IP4_LEN + 8 ||
		     (frag & wire_swap16(WIRE_IP4_MF | 0x1fff)) != 0 || (v & accept) == 0))
		return NET_LONG;
	if (unlikely(!net_plain_addrs4(rx, ip, src, dst, ip[9])))
		return NET_LONG;
	p->proto = ip[9];
	net_ip4_set(&p->src, src);
	net_ip4_set(&p->dst, dst);
	plain_fill(rx, p, WIRE_ETH_LEN + WIRE_IP4_LEN, total - WIRE_IP4_LEN, 0);
	return v;
}

static __rte_always_inline enum net_verdict plain_ip6(const struct net *n, const struct net_rx *rx,
	struct net_pkt *p, const uint8_t *ip, unsigned accept)
{
	unsigned len = wire_get16(ip + 4);
	enum net_verdict v = n->verdict[ip[6]];

	if (unlikely(len + WIRE_ETH_LEN + WIRE_IP6_LEN > p->m->data_len || len < 8 ||
		     ip[0] >> 4 != 6 || (v & accept) == 0))
		return NET_LONG;
	p->proto = ip[6];
	memcpy(p->src.v6.b, ip + 8, sizeof(p->src.v6.b));
	memcpy(p->dst.v6.b, ip + 24, sizeof(p->dst.v6.b));
	if (unlikely(!net_plain_addrs6(rx, ip, ip[6])))
		return NET_LONG;
	plain_fill(rx, p, WIRE_ETH_LEN + WIRE_IP6_LEN, len, NET_PKT_V6);
	return v;
}

/* A packet of which the port has not said all: tags, checksums and owner are looked into. */
static __rte_noinline enum net_verdict plain_odd(
	struct net *n, const struct net_rx *rx, struct net_pkt *p, bool v6, const uint8_t *ip)
{
	uint64_t flags = p->m->ol_flags, l4 = flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	enum net_verdict v;

	if ((flags & NET_VLAN_STRIPPED) != 0 || (!v6 && !plain_cksum4(ip, flags)))
		return NET_LONG;
	v = v6 ? plain_ip6(n, rx, p, ip, NET_TCP | NET_UDP)
	       : plain_ip4(n, rx, p, ip, NET_TCP | NET_UDP);
	if (v == NET_LONG)
		return v;
	if (l4 != RTE_MBUF_F_RX_L4_CKSUM_GOOD && l4 != RTE_MBUF_F_RX_L4_CKSUM_NONE)
		p->flags &= (uint8_t)~NET_PKT_CKSUM_OK;
	return (v6 ? ip6_owner(n, rx, p) : ip4_owner(n, rx, p)) ? v : NET_DONE;
}

static __rte_always_inline enum net_verdict plain_input(struct net *n, const struct net_rx *rx,
	struct net_pkt *p, unsigned accept, struct net_plain_count *c)
{
	struct rte_mbuf *m = p->m;
	const uint8_t *h = rte_pktmbuf_mtod(m, const uint8_t *), *ip = h + WIRE_ETH_LEN;
	enum net_verdict v;

	if (unlikely(m->nb_segs != 1 || m->data_len < WIRE_ETH_LEN + WIRE_IP4_LEN ||
		     !net_plain_mac(rx, h)))
		return NET_LONG;
	if (likely(net_plain_type4(h)))
		return likely(net_plain_good(m, rx, false)) ? plain_ip4(n, rx, p, ip, accept)
							    : plain_odd(n, rx, p, false, ip);
	if (unlikely(wire_get16(h + 12) != NET_TYPE_IP6 ||
		     m->data_len < WIRE_ETH_LEN + WIRE_IP6_LEN))
		return NET_LONG;
	v = likely(net_plain_good(m, rx, true)) ? plain_ip6(n, rx, p, ip, accept)
						: plain_odd(n, rx, p, true, ip);
	c->v6 += v != NET_LONG;
	return v;
}

#endif
