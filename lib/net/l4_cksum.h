/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_NET_L4_CKSUM_H
#define GN_NET_L4_CKSUM_H

#include "net_priv.h"
#include "wire_cksum.h"

#define L4_CKSUM_NONE 0xff

/* Where the checksum is in the header. */
static inline unsigned l4_cksum_at(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_UDP:
		return 6;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return 2;
	default:
		return L4_CKSUM_NONE;
	}
}

/* A sum of up to 2^16 words as in memory, to 16 bits, not complemented. Each step adds the halves in
 * the upper one, with the carry of the lower. */
static inline uint16_t l4_cksum_fold(uint64_t sum)
{
	uint32_t s;

	sum += sum << 32 | sum >> 32;
	s = (uint32_t)(sum >> 32);
	s += s << 16 | s >> 16;
	return (uint16_t)(s >> 16);
}

static inline void l4_cksum_soft(
	struct net *n, struct rte_mbuf *m, const struct net_tx *tx, uint64_t pseudo, unsigned at)
{
	uint8_t *field = rte_pktmbuf_mtod_offset(m, uint8_t *, at);
	uint16_t sum;

	net_count(n, CNT_core_sw_cksum_tx);
	memset(field, 0, sizeof(sum));
	sum = wire_cksum_fold(wire_cksum_mbuf(m, 0, m->pkt_len, l4_cksum_fold(pseudo)));
	if (sum == 0 && tx->proto == IPPROTO_UDP)
		sum = 0xffff; /* RFC 768: 0 means none */
	memcpy(field, &sum, sizeof(sum));
}

/*
 * Fills in the transport checksum of m, whose data starts at L4; pseudo is the pseudo-header's sum.
 * Where the port does it, the field gets that sum, and m the request: ip_flag says the version,
 * lens the lengths of the headers before.
 */
static inline void l4_cksum_tx(struct net *n, const struct ifc *ifc, struct rte_mbuf *m,
	const struct net_tx *tx, uint64_t pseudo, uint64_t ip_flag, uint32_t lens)
{
	bool tcp = tx->proto == IPPROTO_TCP, tso = tx->tso_mss != 0;
	unsigned at = tcp ? 16 : l4_cksum_at(tx->proto);
	uint16_t sum;

	if (unlikely(at == L4_CKSUM_NONE))
		return;
	if (unlikely(at == 2 || !(ifc->tx_l4_cksum || tso))) {
		l4_cksum_soft(n, m, tx, pseudo, at);
		return;
	}
	sum = l4_cksum_fold(pseudo);
	memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, at), &sum, sizeof(sum));
	m->ol_flags |= ip_flag | (tcp ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM) |
		       (tso ? RTE_MBUF_F_TX_TCP_SEG : 0);
	m->tx_offload = lens | (uint64_t)tx->l4_hlen << RTE_MBUF_L4_LEN_OFS |
			(uint64_t)tx->tso_mss << RTE_MBUF_TSO_SEGSZ_OFS;
}

#endif
