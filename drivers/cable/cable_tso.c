/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "cable_priv.h"

static uint32_t tso_hdr_len(const struct rte_mbuf *m)
{
	return m->l2_len + m->l3_len + m->l4_len;
}

uint32_t cable_tso_frames(const struct rte_mbuf *m)
{
	uint32_t hdr = tso_hdr_len(m);
	uint32_t l3_min = m->ol_flags & RTE_MBUF_F_TX_IPV6 ? sizeof(struct rte_ipv6_hdr)
							   : sizeof(struct rte_ipv4_hdr);

	if (m->l2_len < CABLE_ETH_LEN || m->l3_len < l3_min ||
		m->l4_len < sizeof(struct rte_tcp_hdr) || hdr > m->data_len || m->tso_segsz == 0)
		return 0;
	return RTE_MAX(1u, (m->pkt_len - hdr + m->tso_segsz - 1) / m->tso_segsz);
}

static void set_ip(uint8_t *l3, bool ip6, uint32_t i, uint32_t l3_bytes)
{
	if (ip6) {
		struct rte_ipv6_hdr *h = (struct rte_ipv6_hdr *)l3;

		h->payload_len = rte_cpu_to_be_16(l3_bytes - sizeof(*h));
		return;
	}
	struct rte_ipv4_hdr *h = (struct rte_ipv4_hdr *)l3;

	h->total_length = rte_cpu_to_be_16(l3_bytes);
	h->packet_id = rte_cpu_to_be_16(rte_be_to_cpu_16(h->packet_id) + i);
}

static void set_tcp(struct rte_tcp_hdr *h, uint32_t payload_off, bool first, bool last)
{
	h->sent_seq = rte_cpu_to_be_32(rte_be_to_cpu_32(h->sent_seq) + payload_off);
	if (!last)
		h->tcp_flags &= ~(RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG);
	if (!first)
		h->tcp_flags &= ~RTE_TCP_CWR_FLAG; /* RFC 3168 section 6.1.2: once a window */
}

struct rte_mbuf *cable_tso_cut(
	const struct rte_mbuf *m, uint32_t i, uint32_t n, struct rte_mempool *mp)
{
	uint32_t hdr = tso_hdr_len(m), mss = m->tso_segsz, off = i * mss;
	uint32_t len = RTE_MIN(mss, m->pkt_len - hdr - off);
	struct rte_mbuf *f;
	uint8_t *p;

	f = len != 0 ? rte_pktmbuf_copy(m, mp, hdr + off, len) : rte_pktmbuf_alloc(mp);
	if (f == NULL)
		return NULL;
	p = (uint8_t *)rte_pktmbuf_prepend(f, hdr);
	if (p == NULL) {
		rte_pktmbuf_free(f);
		return NULL;
	}
	memcpy(p, rte_pktmbuf_mtod(m, const void *), hdr);
	f->ol_flags = m->ol_flags;
	f->tx_offload = m->tx_offload;
	set_ip(p + m->l2_len, m->ol_flags & RTE_MBUF_F_TX_IPV6, i, hdr - m->l2_len + len);
	set_tcp((struct rte_tcp_hdr *)(p + m->l2_len + m->l3_len), off, i == 0, i == n - 1);
	cable_cksum_fill(f, m->ol_flags);
	return f;
}
