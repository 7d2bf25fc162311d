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
	case IPPROTO_TCP:
		return 16;
	case IPPROTO_UDP:
		return 6;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return 2;
	default:
		return L4_CKSUM_NONE;
	}
}

/*
 * Fills in the transport checksum of m, whose data starts at L4; pseudo is the pseudo-header's sum.
 * Where the port does it, the field gets that sum and ol_flags the request (without the IP
 * version): true.
 */
static inline bool l4_cksum_tx(struct net *n, const struct ifc *ifc, struct rte_mbuf *m,
	const struct net_tx *tx, uint32_t pseudo, uint8_t l3_len)
{
	unsigned at = l4_cksum_at(tx->proto);
	uint8_t *l4 = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t sum;

	if (unlikely(at == L4_CKSUM_NONE))
		return false;
	if (likely(at != 2 && ((ifc->pub.offloads & NET_TX_L4_CKSUM) != 0 || tx->tso_mss != 0))) {
		bool tso = tx->tso_mss != 0;

		sum = (uint16_t)~wire_cksum_fold(pseudo);
		memcpy(l4 + at, &sum, sizeof(sum));
		m->ol_flags |= at == 6 ? RTE_MBUF_F_TX_UDP_CKSUM
				       : (tso ? RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG
					      : RTE_MBUF_F_TX_TCP_CKSUM);
		m->tx_offload =
			rte_mbuf_tx_offload(ifc->l2_len, l3_len, tx->l4_hlen, tx->tso_mss, 0, 0, 0);
		return true;
	}
	net_count(n, CNT_core_sw_cksum_tx);
	memset(l4 + at, 0, sizeof(sum));
	sum = wire_cksum_fold(wire_cksum_mbuf(m, 0, m->pkt_len, pseudo));
	if (sum == 0 && tx->proto == IPPROTO_UDP)
		sum = 0xffff; /* RFC 768: 0 means none */
	memcpy(l4 + at, &sum, sizeof(sum));
	return false;
}

#endif
