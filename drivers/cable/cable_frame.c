/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "cable_priv.h"

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static bool l4_fits(uint8_t proto, uint32_t len)
{
	return (proto == IPPROTO_TCP && len >= sizeof(struct rte_tcp_hdr)) ||
	       (proto == IPPROTO_UDP && len >= sizeof(struct rte_udp_hdr));
}

static void parse_ip4(struct cable_frame *f, uint32_t len)
{
	const uint8_t *h = f->p + f->l3_off;
	uint32_t hdr_len, total;

	if (len < sizeof(struct rte_ipv4_hdr) || h[0] >> 4 != 4)
		return;
	hdr_len = (h[0] & 0xf) * 4u;
	total = be16(h + 2);
	if (hdr_len < sizeof(struct rte_ipv4_hdr) || total < hdr_len || total > len)
		return;
	f->ip = 4;
	f->l4_off = f->l3_off + hdr_len;
	f->l4_len = total - hdr_len;
	/* more-fragments or an offset: the ports are not here or not in all parts */
	if ((be16(h + 6) & 0x3fff) == 0 && l4_fits(h[9], f->l4_len))
		f->proto = h[9];
}

static void parse_ip6(struct cable_frame *f, uint32_t len)
{
	const uint8_t *h = f->p + f->l3_off;
	uint32_t payload;

	if (len < sizeof(struct rte_ipv6_hdr) || h[0] >> 4 != 6)
		return;
	payload = be16(h + 4);
	if (payload > len - sizeof(struct rte_ipv6_hdr))
		return;
	f->ip = 6;
	f->l4_off = f->l3_off + sizeof(struct rte_ipv6_hdr);
	f->l4_len = payload;
	if (l4_fits(h[6], payload))
		f->proto = h[6];
}

void cable_frame_parse(struct cable_frame *f, const struct rte_mbuf *m)
{
	uint32_t len = m->pkt_len, off = 2 * RTE_ETHER_ADDR_LEN;
	uint16_t type;

	f->ip = 0;
	f->proto = 0;
	if (len < CABLE_ETH_LEN)
		return;
	f->p = rte_pktmbuf_read(m, 0, RTE_MIN(len, sizeof(f->buf)), f->buf);
	type = be16(f->p + off);
	for (int tags = 0; tags < 2 && (type == RTE_ETHER_TYPE_VLAN || type == RTE_ETHER_TYPE_QINQ);
		tags++) {
		off += CABLE_TAG_LEN;
		if (len < off + 2)
			return;
		type = be16(f->p + off);
	}
	f->l3_off = off + 2;
	if (type == RTE_ETHER_TYPE_IPV4)
		parse_ip4(f, len - f->l3_off);
	else if (type == RTE_ETHER_TYPE_IPV6)
		parse_ip6(f, len - f->l3_off);
}

bool cable_frame_mark(struct rte_mbuf *m)
{
	struct cable_frame f;

	cable_frame_parse(&f, m);
	if (f.ip == 0 || m->data_len < f.l3_off + sizeof(struct rte_ipv4_hdr))
		return false;
	uint8_t *h = rte_pktmbuf_mtod_offset(m, uint8_t *, f.l3_off);
	uint8_t shift = f.ip == 4 ? 0 : 4, ce = (uint8_t)(3 << shift);

	if ((h[1] & ce) == 0)
		return false;
	if (f.ip == 4) { /* RFC 1624: the checksum of a changed word */
		uint16_t old = be16(h);
		uint32_t sum = (uint16_t)~be16(h + 10) + (uint16_t)~old + (uint32_t)(old | ce);

		sum = (sum & 0xffff) + (sum >> 16);
		sum = ~((sum & 0xffff) + (sum >> 16));
		h[10] = (uint8_t)(sum >> 8);
		h[11] = (uint8_t)sum;
	}
	h[1] |= ce;
	return true;
}

uint32_t cable_frame_hash(const struct cable_frame *f, const struct owner *o)
{
	const uint8_t *l3 = f->p + f->l3_off, *l4 = f->p + f->l4_off;

	if (f->ip == 4) {
		uint32_t src = be32(l3 + 12), dst = be32(l3 + 16);

		return f->proto != 0 ? owner_hash4(o, src, dst, be16(l4), be16(l4 + 2))
				     : owner_hash4_addrs(o, src, dst);
	}
	struct ip6 src, dst;

	memcpy(&src, l3 + 8, sizeof(src));
	memcpy(&dst, l3 + 24, sizeof(dst));
	return f->proto != 0 ? owner_hash6(o, &src, &dst, be16(l4), be16(l4 + 2))
			     : owner_hash6_addrs(o, &src, &dst);
}

/*
 * Sum over len bytes from off, folded. Not rte_raw_cksum_mbuf(): in DPDK 22.11 that cuts the carry
 * of a segment that begins at an odd offset.
 */
static uint16_t mbuf_sum(const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	uint32_t sum = 0, done = 0;

	while (off >= m->data_len) {
		off -= m->data_len;
		m = m->next;
	}
	for (; done < len; m = m->next, off = 0) {
		uint32_t n = RTE_MIN(m->data_len - off, len - done);
		uint16_t part = rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const void *, off), n);

		sum += done & 1 ? rte_bswap16(part) : part;
		done += n;
	}
	return __rte_raw_cksum_reduce(sum);
}

/* Folded sum of the pseudo-header (RFC 9293 section 3.1, RFC 8200 section 8.1) and of L4. */
static uint16_t l4_sum(const struct rte_mbuf *m, const uint8_t *l3, uint8_t ip, uint8_t proto,
	uint32_t l4_off, uint32_t l4_len)
{
	const struct {
		rte_be32_t len, proto;
	} psd = {rte_cpu_to_be_32(l4_len), rte_cpu_to_be_32(proto)};
	uint32_t sum = rte_raw_cksum(&psd, sizeof(psd)); /* of 16-bit length also for IPv4 */

	sum += ip == 4 ? rte_raw_cksum(l3 + 12, 8) : rte_raw_cksum(l3 + 8, 32);
	sum += mbuf_sum(m, l4_off, l4_len);
	return __rte_raw_cksum_reduce(sum);
}

uint64_t cable_frame_verify(const struct cable_frame *f, const struct rte_mbuf *m)
{
	const uint8_t *l3 = f->p + f->l3_off;
	uint64_t flags = 0;

	if (f->ip == 4)
		flags |= rte_raw_cksum(l3, f->l4_off - f->l3_off) == 0xffff
				 ? RTE_MBUF_F_RX_IP_CKSUM_GOOD
				 : RTE_MBUF_F_RX_IP_CKSUM_BAD;
	/* UDP over IPv4 without a checksum (RFC 768): there is nothing to say about it. */
	if (f->proto == 0 ||
		(f->proto == IPPROTO_UDP && f->ip == 4 &&
			mbuf_sum(m, f->l4_off + offsetof(struct rte_udp_hdr, dgram_cksum), 2) == 0))
		return flags;
	return flags | (l4_sum(m, l3, f->ip, f->proto, f->l4_off, f->l4_len) == 0xffff
				       ? RTE_MBUF_F_RX_L4_CKSUM_GOOD
				       : RTE_MBUF_F_RX_L4_CKSUM_BAD);
}

static bool fill_l4(struct rte_mbuf *m, uint8_t ip, uint8_t proto)
{
	uint32_t l4_off = m->l2_len + m->l3_len;
	uint8_t *l3 = rte_pktmbuf_mtod_offset(m, uint8_t *, m->l2_len);
	uint32_t hdr =
		proto == IPPROTO_TCP ? sizeof(struct rte_tcp_hdr) : sizeof(struct rte_udp_hdr);
	uint32_t ip_len = ip == 4 ? be16(l3 + 2) : be16(l3 + 4) + sizeof(struct rte_ipv6_hdr);
	uint16_t sum;
	uint8_t *field;

	if (l4_off + hdr > m->data_len || ip_len < m->l3_len + hdr ||
		m->l2_len + ip_len > m->pkt_len)
		return false;
	field = l3 + m->l3_len +
		(proto == IPPROTO_TCP ? offsetof(struct rte_tcp_hdr, cksum)
				      : offsetof(struct rte_udp_hdr, dgram_cksum));
	memset(field, 0, 2);
	sum = ~l4_sum(m, l3, ip, proto, l4_off, ip_len - m->l3_len);
	if (sum == 0 && proto == IPPROTO_UDP)
		sum = 0xffff; /* RFC 768: 0 would mean none */
	memcpy(field, &sum, 2);
	return true;
}

bool cable_cksum_fill(struct rte_mbuf *m, uint64_t flags)
{
	uint8_t ip = flags & RTE_MBUF_F_TX_IPV6 ? 6 : 4;
	uint64_t l4 = flags & RTE_MBUF_F_TX_L4_MASK;
	uint8_t *l3 = rte_pktmbuf_mtod_offset(m, uint8_t *, m->l2_len);

	if (m->l2_len < CABLE_ETH_LEN || m->l2_len + m->l3_len > m->data_len ||
		m->l3_len < (ip == 4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr)))
		return false;
	if (flags & RTE_MBUF_F_TX_IP_CKSUM) {
		uint16_t sum;

		memset(l3 + offsetof(struct rte_ipv4_hdr, hdr_checksum), 0, 2);
		sum = ~rte_raw_cksum(l3, m->l3_len);
		memcpy(l3 + offsetof(struct rte_ipv4_hdr, hdr_checksum), &sum, 2);
	}
	if (l4 == RTE_MBUF_F_TX_TCP_CKSUM || flags & RTE_MBUF_F_TX_TCP_SEG)
		return fill_l4(m, ip, IPPROTO_TCP);
	if (l4 == RTE_MBUF_F_TX_UDP_CKSUM)
		return fill_l4(m, ip, IPPROTO_UDP);
	return true;
}
