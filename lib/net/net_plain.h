/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_NET_PLAIN_H
#define GN_NET_PLAIN_H

#include <netinet/in.h>
#include <string.h>

#include <rte_branch_prediction.h>

#include "net.h"
#include "wire_bytes.h"
#include "wire_eth.h"
#include "wire_ip4.h"
#include "wire_ip6.h"

/*
 * Plain packets: an untagged unicast frame in one segment, an IP header without options or extension
 * headers, no fragment, between unicast addresses, all checksums and the owner vouched for by the
 * port. Nearly all are. net's own short way (plain_input.h) and that of a transport (struct
 * net_proto_ops.plain) ask the same questions, each where the answers stay in registers.
 */
#define NET_TYPE_IP4 0x0800
#define NET_TYPE_ARP 0x0806
#define NET_TYPE_IP6 0x86dd

/* Which of our addresses a packet may be for; only those in use, this core's own. */
struct net_local4 {
	uint32_t ip;
	uint32_t bcast, net; /* all ones and all zeros below the prefix; ip where there are none */
};

/*
 * What the input path needs of an interface, in few lines. Nearly all packets are known to come
 * from an address that may send by its first and its last octet alone; the tables hold true for
 * octets of addresses that may not (our own, broadcast, not unicast) and so need a closer look.
 */
struct net_rx {
	uint64_t mac; /* six octets as loaded from memory, and two that mean nothing */
	uint8_t n_local4, n_local6;
	uint32_t good4, good6; /* ol_flags of a packet that needs no closer look */
	uint32_t first;	       /* the first of local4 */
	uint32_t scope;
	uint16_t ifc;
	bool trust_hash; /* a packet with the port's hash is at its owner */
	bool forward;	 /* what is not for us is passed on */
	bool src4_first[256], src4_last[256], src6_first[256], src6_last[256];
	struct net_local4 local4[NET_ADDR_MAX];
	struct ip6 local6[NET_ADDR_MAX];
};

#define NET_VLAN_STRIPPED (RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_QINQ_STRIPPED)

/* Packets that took the short way in a burst. */
struct net_plain_count {
	unsigned all, v6;
};

/* The three octets of ethertype and version, header length of a plain IPv4 packet. */
static inline bool net_plain_type4(const uint8_t *h)
{
	static const uint8_t type[4] = {NET_TYPE_IP4 >> 8, NET_TYPE_IP4 & 0xff, 0x45, 0};
	static const uint8_t mask[4] = {0xff, 0xff, 0xff, 0};
	uint32_t w, t, k;

	memcpy(&w, h + 12, sizeof(w));
	memcpy(&t, type, sizeof(t));
	memcpy(&k, mask, sizeof(k));
	return (w & k) == t;
}

/* What the port says of a packet that matters here; an IPv6 header has no checksum. */
#define NET_PLAIN_FLAGS6 \
	((uint32_t)(NET_VLAN_STRIPPED | RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_RSS_HASH))
#define NET_PLAIN_FLAGS4 (NET_PLAIN_FLAGS6 | (uint32_t)RTE_MBUF_F_RX_IP_CKSUM_MASK)

/* The port has vouched for all that it can. */
static inline bool net_plain_good(const struct rte_mbuf *m, const struct net_rx *rx, bool v6)
{
	return v6 ? ((uint32_t)m->ol_flags & NET_PLAIN_FLAGS6) == rx->good6
		  : ((uint32_t)m->ol_flags & NET_PLAIN_FLAGS4) == rx->good4;
}

static inline bool net_plain_mac(const struct net_rx *rx, const uint8_t *h)
{
	uint64_t w;

	memcpy(&w, h, sizeof(w));
	w ^= rx->mac; /* of which only the first six octets matter */
	return (RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? w << 16 : w >> 16) == 0;
}

/* Addresses that are not acquitted by the first of ours and the octets: may src send to dst here? */
bool net_plain_odd4(const struct net_rx *rx, uint32_t src, uint32_t dst, uint8_t proto);
bool net_plain_odd6(
	const struct net_rx *rx, const struct ip6 *src, const struct ip6 *dst, uint8_t proto);

static __rte_always_inline bool net_plain_addrs4(
	const struct net_rx *rx, const uint8_t *ip, uint32_t src, uint32_t dst, uint8_t proto)
{
	return likely(dst == rx->first && (rx->src4_first[ip[12]] | rx->src4_last[ip[15]]) == 0) ||
	       net_plain_odd4(rx, src, dst, proto);
}

static __rte_always_inline bool net_plain_addrs6(
	const struct net_rx *rx, const uint8_t *ip, uint8_t proto)
{
	const struct ip6 *src = (const struct ip6 *)(ip + 8), *dst = src + 1;
	uint64_t a[2], b[2];

	memcpy(a, dst, sizeof(a));
	memcpy(b, &rx->local6[0], sizeof(b));
	return likely(((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0 &&
		       (rx->src6_first[ip[8]] | rx->src6_last[ip[23]]) == 0) ||
	       net_plain_odd6(rx, src, dst, proto);
}

/* The frame is for us and can be read as far as an IPv4 packet with 8 bytes of L4. */
static __rte_always_inline bool net_plain_frame(
	const struct net_rx *rx, const struct rte_mbuf *m, const uint8_t *h)
{
	return m->nb_segs == 1 && m->data_len >= WIRE_ETH_LEN + WIRE_IP4_LEN + 8 &&
	       net_plain_mac(rx, h);
}

/*
 * The bytes of L4 of a plain packet with the given protocol, between addresses that may; h is a
 * net_plain_frame() that net_plain_type4(). 0: it is no such packet.
 */
static __rte_always_inline unsigned net_plain_len4(const struct net_rx *rx,
	const struct rte_mbuf *m, const uint8_t *h, uint8_t proto, uint32_t *src, uint32_t *dst)
{
	const uint8_t *ip = h + WIRE_ETH_LEN;
	const uint32_t hlen = WIRE_IP4_LEN, l2_l3 = WIRE_ETH_LEN + WIRE_IP4_LEN;
	uint32_t len = (uint32_t)wire_get16(ip + 2) - hlen;
	uint32_t w; /* fragment offset and flags, time to live, protocol */

	memcpy(&w, ip + 6, sizeof(w));
	if (unlikely(!net_plain_good(m, rx, false) ||
		     (w & wire_swap32((uint32_t)(WIRE_IP4_MF | 0x1fff) << 16 | 0xff)) !=
			     wire_swap32(proto) ||
		     len - 8 > m->data_len - l2_l3 - 8))
		return 0;
	*src = wire_get32(ip + 12);
	*dst = wire_get32(ip + 16);
	return likely(net_plain_addrs4(rx, ip, *src, *dst, proto)) ? len : 0;
}

/* The same of IPv6, of a net_plain_frame() of any type. */
static __rte_always_inline unsigned net_plain_len6(
	const struct net_rx *rx, const struct rte_mbuf *m, const uint8_t *h, uint8_t proto)
{
	static const uint8_t type[4] = {NET_TYPE_IP6 >> 8, NET_TYPE_IP6 & 0xff, 0x60, 0};
	static const uint8_t mask[4] = {0xff, 0xff, 0xf0, 0};
	const uint8_t *ip = h + WIRE_ETH_LEN;
	const uint32_t l2_l3 = WIRE_ETH_LEN + WIRE_IP6_LEN;
	uint32_t len = wire_get16(ip + 4), w, t, k;

	memcpy(&w, h + 12, sizeof(w));
	memcpy(&t, type, sizeof(t));
	memcpy(&k, mask, sizeof(k));
	if (unlikely((w & k) != t || !net_plain_good(m, rx, true) || ip[6] != proto || len < 8 ||
		     len + l2_l3 > m->data_len))
		return 0;
	return likely(net_plain_addrs6(rx, ip, proto)) ? len : 0;
}

/* A plain packet, as a transport gets it by its general input. */
void net_plain_pkt(const struct net_rx *rx, struct rte_mbuf *m, struct net_pkt *p);

static inline void net_plain_count_add(struct counters *cnt, const struct net_plain_count *c)
{
	count_add(cnt, CNT_eth_rx_unicast, c->all);
	count_add(cnt, CNT_ip4_rx, c->all - c->v6);
	count_add(cnt, CNT_ip4_delivered, c->all - c->v6);
	if (c->v6 == 0)
		return;
	count_add(cnt, CNT_ip6_rx, c->v6);
	count_add(cnt, CNT_ip6_delivered, c->v6);
}

#endif
