/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_train.h"

#include "l4_cksum.h"
#include "net_priv.h"

static void train_ip4(const struct net *n, const struct ifc *ifc, struct net_train *tr,
	uint32_t src, uint32_t dst, const struct net_tx *tx, uint16_t l4_len)
{
	uint8_t ttl = tx->ttl != 0 ? tx->ttl : n->conf.ttl,
		*ip = tr->b + NET_HDR_ROOM - WIRE_IP4_LEN;

	/* Atomic (RFC 6864 section 4.1): without identification, so all alike. */
	wire_put32(ip, 0x45u << 24 | (uint32_t)tx->tos << 16 | (l4_len + WIRE_IP4_LEN));
	wire_put32(ip + 4, WIRE_IP4_DF);
	wire_put32(ip + 8, (uint32_t)ttl << 24 | (uint32_t)IPPROTO_TCP << 16);
	wire_put32(ip + 12, src);
	wire_put32(ip + 16, dst);
	if (!ifc->tx_ip_cksum) {
		uint16_t sum = wire_cksum_fold(wire_cksum_sum(ip, WIRE_IP4_LEN, 0));

		memcpy(ip + 10, &sum, sizeof(sum));
	}
	tr->sum = l4_cksum_fold(wire_cksum_pseudo4(src, dst, IPPROTO_TCP, l4_len));
}

static void train_ip6(const struct net *n, struct net_train *tr, const struct ip6 *src,
	const struct ip6 *dst, const struct net_tx *tx, uint16_t l4_len)
{
	uint8_t ttl = tx->ttl != 0 ? tx->ttl : n->conf.ttl, *ip = tr->b;

	ip += NET_HDR_ROOM - WIRE_IP6_LEN;
	wire_put32(ip, 6u << 28 | (uint32_t)tx->tos << 20 | tx->flow_label);
	wire_put32(ip + 4, (uint32_t)l4_len << 16 | (uint32_t)IPPROTO_TCP << 8 | ttl);
	memcpy(ip + 8, src->b, sizeof(src->b));
	memcpy(ip + 24, dst->b, sizeof(dst->b));
	tr->sum = l4_cksum_fold(wire_cksum_pseudo6(src, dst, IPPROTO_TCP, l4_len));
}

/* What the port is asked for. */
static void train_offloads(const struct ifc *ifc, bool v6, struct net_train *tr)
{
	uint64_t want = (ifc->tx_l4_cksum ? RTE_MBUF_F_TX_TCP_CKSUM : 0) |
			(!v6 && ifc->tx_ip_cksum ? RTE_MBUF_F_TX_IP_CKSUM : 0);

	tr->soft = !ifc->tx_l4_cksum;
	tr->ol_flags = 0;
	tr->tx_offload = 0;
	if (want == 0)
		return;
	tr->ol_flags = want | (v6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4);
	tr->tx_offload = v6 ? ifc->tx_lens6 : ifc->tx_lens4;
}

bool net_train_begin(struct net *n, const struct net_dst *d, bool v6, const union net_ip *src,
	const union net_ip *dst, const struct net_tx *tx, uint16_t l4_len, struct net_train *tr)
{
	const struct neigh *e = &n->neigh[d->neigh & n->neigh_mask];
	unsigned l3_len = v6 ? WIRE_IP6_LEN : WIRE_IP4_LEN;
	const struct ifc *ifc = e->port;
	struct net_txq *q;

	if (e->gen != d->neigh >> 16 || e->state < NEIGH_DELAY || ifc->tx_vlan || !ifc->pub.up ||
		l4_len + l3_len > d->mtu)
		return false;
	q = ifc->txq;
	if (q->n >= q->full_at)
		return false;
	memcpy(tr->b + NET_HDR_ROOM - l3_len - NEIGH_L2_ROOM, e->l2, NEIGH_L2_ROOM);
	train_offloads(ifc, v6, tr);
	if (v6)
		train_ip6(n, tr, &src->v6, &dst->v6, tx, l4_len);
	else
		train_ip4(n, ifc, tr, src->v4, dst->v4, tx, l4_len);
	/* The field holds the pseudo-header's sum for a port, and counts as nothing in ours. */
	memset(tr->b + NET_HDR_ROOM + 16, 0, sizeof(tr->sum));
	if (!tr->soft)
		memcpy(tr->b + NET_HDR_ROOM + 16, &tr->sum, sizeof(tr->sum));
	tr->txq = q;
	tr->most = (uint16_t)(q->full_at - q->n);
	tr->len = (uint16_t)(l3_len + e->l2_len);
	tr->whole = (uint16_t)(tr->len + l4_len);
	return true;
}

void net_train_end(
	struct net *n, const struct net_dst *d, bool v6, const struct net_train *tr, unsigned count)
{
	struct net_txq *q = tr->txq;

	n->neigh[d->neigh & n->neigh_mask].used_us = n->env->now_us;
	count_add(&n->env->cnt, v6 ? CNT_ip6_tx : CNT_ip4_tx, count);
	if (tr->soft)
		count_add(&n->env->cnt, CNT_core_sw_cksum_tx, count);
	q->n = (uint16_t)(q->n + count);
	q->bytes += (uint64_t)tr->whole * count;
}
