/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "tx.h"
#include "wire_cksum.h"

/* Software segmentation: what a port's TSO does (RFC 9293 section 3.7, by the rules of NICs). */
struct tso {
	struct env *env;
	const struct rte_mbuf *m;
	uint16_t l3_off, l4_off, hdr_len;
	bool v6;
	uint32_t payload; /* bytes in all */
};

/* Length, identification and checksum of the IPv4 header of the index-th segment. */
static void tso_ip4_fix(const struct tso *t, struct rte_mbuf *seg, uint16_t index)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(seg, struct rte_ipv4_hdr *, t->l3_off);

	ip->total_length = rte_cpu_to_be_16(seg->pkt_len - t->l3_off);
	ip->packet_id = rte_cpu_to_be_16(rte_be_to_cpu_16(ip->packet_id) + index);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = wire_cksum_fold(wire_cksum_sum(ip, t->l4_off - t->l3_off, 0));
}

static uint32_t tso_pseudo(const struct tso *t, const struct rte_mbuf *seg)
{
	uint16_t l4_len = seg->pkt_len - t->l4_off;

	if (t->v6) {
		const struct rte_ipv6_hdr *ip =
			rte_pktmbuf_mtod_offset(seg, struct rte_ipv6_hdr *, t->l3_off);

		return wire_cksum_pseudo6((const struct ip6 *)ip->src_addr,
			(const struct ip6 *)ip->dst_addr, IPPROTO_TCP, l4_len);
	}
	const struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(seg, struct rte_ipv4_hdr *, t->l3_off);

	return wire_cksum_pseudo4(rte_be_to_cpu_32(ip->src_addr), rte_be_to_cpu_32(ip->dst_addr),
		IPPROTO_TCP, l4_len);
}

/* FIN and PSH belong to the last segment; CWR, which answers one ECE, to the first. */
static void tso_tcp_fix(const struct tso *t, struct rte_mbuf *seg, uint32_t off, bool last)
{
	struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(seg, struct rte_tcp_hdr *, t->l4_off);

	tcp->sent_seq = rte_cpu_to_be_32(rte_be_to_cpu_32(tcp->sent_seq) + off);
	if (!last)
		tcp->tcp_flags &= ~(RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG);
	if (off > 0)
		tcp->tcp_flags &= ~RTE_TCP_CWR_FLAG;
	tcp->cksum = 0;
	tcp->cksum = wire_cksum_fold(
		wire_cksum_mbuf(seg, t->l4_off, seg->pkt_len - t->l4_off, tso_pseudo(t, seg)));
}

static struct rte_mbuf *tso_segment(const struct tso *t, uint32_t off, uint32_t len, uint16_t index)
{
	struct pkt_pool *pool = &t->env->pool;
	struct rte_mbuf *seg = pkt_alloc(pool);

	if (seg == NULL)
		return NULL;
	if (!tx_copy(pool, seg, t->m, 0, t->hdr_len) ||
		!tx_copy(pool, seg, t->m, t->hdr_len + off, len)) {
		pkt_free(pool, seg);
		return NULL;
	}
	seg->ol_flags = t->m->ol_flags & RTE_MBUF_F_TX_VLAN;
	seg->vlan_tci = t->m->vlan_tci;
	seg->l2_len = t->m->l2_len;
	seg->l3_len = t->m->l3_len;
	if (t->v6)
		rte_pktmbuf_mtod_offset(seg, struct rte_ipv6_hdr *, t->l3_off)->payload_len =
			rte_cpu_to_be_16(seg->pkt_len - t->l3_off - sizeof(struct rte_ipv6_hdr));
	else
		tso_ip4_fix(t, seg, index);
	tso_tcp_fix(t, seg, off, off + len == t->payload);
	return seg;
}

void tx_tso_cut(struct env *env, struct rte_mbuf *m, void (*out)(void *ctx, struct rte_mbuf *seg),
	void *ctx)
{
	uint16_t hdr_len = m->l2_len + m->l3_len + m->l4_len, mss = m->tso_segsz;
	struct tso t = {
		.env = env,
		.m = m,
		.l3_off = m->l2_len,
		.l4_off = m->l2_len + m->l3_len,
		.hdr_len = hdr_len,
		.v6 = (m->ol_flags & RTE_MBUF_F_TX_IPV6) != 0,
		.payload = m->pkt_len - hdr_len,
	};
	uint32_t off = 0;
	uint16_t index = 0;

	if (mss == 0 || m->pkt_len <= hdr_len || hdr_len > env->pool.data_room) {
		pkt_drop(&env->pool, m, DROP_too_big);
		return;
	}
	for (; off < t.payload; off += mss, index++) {
		struct rte_mbuf *seg =
			tso_segment(&t, off, RTE_MIN(t.payload - off, (uint32_t)mss), index);

		if (seg == NULL) {
			env->cnt.drop[DROP_pool_empty]++;
			break;
		}
		count(&env->cnt, CNT_core_sw_tso);
		count(&env->cnt, CNT_core_sw_cksum_tx);
		out(ctx, seg);
	}
	pkt_free(&env->pool, m);
}
