/* SPDX-License-Identifier: BSD-3-Clause */
#include "l4_cksum.h"
#include "net_priv.h"

/* As ip4_header(). */
static inline void ip6_header(struct net *n, const struct ifc *ifc, struct rte_mbuf *m,
	const struct ip6 *src, const struct ip6 *dst, const struct net_tx *tx, bool summed)
{
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *) - WIRE_IP6_LEN;
	uint8_t hops = tx->ttl != 0 ? tx->ttl : n->conf.ttl;

	if (!summed) {
		uint32_t sum =
			wire_cksum_pseudo6(src, dst, tx->proto, tx->tso_mss != 0 ? 0 : m->pkt_len);

		l4_cksum_tx(n, ifc, m, tx, sum, RTE_MBUF_F_TX_IPV6, ifc->tx_lens6);
	}
	wire_put32(ip, 6u << 28 | (uint32_t)tx->tos << 20 | (tx->flow_label & 0xfffff));
	wire_put32(ip + 4, m->pkt_len << 16 | (uint32_t)tx->proto << 8 | hops);
	memcpy(ip + 8, src->b, sizeof(src->b));
	memcpy(ip + 24, dst->b, sizeof(dst->b));
	net_count(n, CNT_ip6_tx);
}

static int ip6_output(struct net *n, struct net_dst *d, struct rte_mbuf *m, const struct ip6 *src,
	const struct ip6 *dst, const struct net_tx *tx, bool summed);

/* As ip4_output_again(). */
static int ip6_output_again(struct net *n, struct net_dst *d, struct rte_mbuf *m,
	const struct ip6 *src, const struct ip6 *dst, const struct net_tx *tx, bool summed)
{
	union net_ip s = {.v6 = *src}, t = {.v6 = *dst};
	int err = route_again(n, d, true, &s, &t);

	if (err == 0 && d->neigh == 0)
		err = -ENOBUFS;
	if (err == 0)
		return ip6_output(n, d, m, src, dst, tx, summed);
	pkt_drop(&n->env->pool, m, route_drop(err));
	return err == -EADDRNOTAVAIL ? -ENETUNREACH : err;
}

static __rte_noinline int ip6_output(struct net *n, struct net_dst *d, struct rte_mbuf *m,
	const struct ip6 *src, const struct ip6 *dst, const struct net_tx *tx, bool summed)
{
	struct neigh *e = &n->neigh[d->neigh & n->neigh_mask];
	const struct ifc *ifc;

	if (unlikely(e->gen != d->neigh >> 16))
		return ip6_output_again(n, d, m, src, dst, tx, summed);
	if (unlikely(m->pkt_len + WIRE_IP6_LEN > d->mtu && tx->tso_mss == 0)) {
		if (!tx->df)
			return ip6_frag_output(n, d, m, src, dst, tx, summed);
		pkt_drop(&n->env->pool, m, DROP_too_big);
		return -EMSGSIZE;
	}
	ifc = e->port;
	ip6_header(n, ifc, m, src, dst, tx, summed);
	if (unlikely(e->state < NEIGH_DELAY)) {
		rte_pktmbuf_prepend(m, WIRE_IP6_LEN);
		return neigh_output(n, e, m);
	}
	e->used_us = n->env->now_us;
	eth_neigh_tx(n, ifc, e, m, WIRE_IP6_LEN);
	return 0;
}

/* The sum of an address's 32-bit words as in memory. */
static inline uint64_t ip6_addr_sum(const struct ip6 *a)
{
	uint32_t w[4];

	memcpy(w, a->b, sizeof(w));
	return (uint64_t)w[0] + w[1] + w[2] + w[3];
}

/* As ip4_output_short(): the common case, or else ip6_output(). */
static __rte_always_inline int ip6_output_short(struct net *n, struct net_dst *d,
	struct rte_mbuf *m, const struct ip6 *src, const struct ip6 *dst, const struct net_tx *tx)
{
	struct neigh *e = &n->neigh[d->neigh & n->neigh_mask];
	const struct ifc *ifc = e->port;
	uint8_t *l4 = rte_pktmbuf_mtod(m, uint8_t *), *ip = l4 - WIRE_IP6_LEN;
	bool tcp = tx->proto == IPPROTO_TCP;
	uint32_t len = m->pkt_len;
	uint64_t pseudo;
	uint16_t sum;

	if (unlikely(e->plain != d->neigh >> 16 || len + WIRE_IP6_LEN > d->mtu))
		return ip6_output(n, d, m, src, dst, tx, false);
	wire_put32(ip, 6u << 28 | (uint32_t)tx->tos << 20 | (tx->flow_label & 0xfffff));
	wire_put32(ip + 4,
		len << 16 | (uint32_t)tx->proto << 8 | (tx->ttl != 0 ? tx->ttl : n->conf.ttl));
	memcpy(ip + 8, src->b, sizeof(src->b));
	memcpy(ip + 24, dst->b, sizeof(dst->b));
	/* Protocol and length are below 2^16 together: one word of the sum. */
	pseudo = ip6_addr_sum(src) + ip6_addr_sum(dst) + wire_swap16((uint16_t)(tx->proto + len));
	sum = l4_cksum_fold(pseudo);
	memcpy(l4 + (tcp ? 16 : 6), &sum, sizeof(sum));
	m->ol_flags |=
		RTE_MBUF_F_TX_IPV6 | (tcp ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM);
	m->tx_offload = ifc->tx_lens6;
	net_count(n, CNT_ip6_tx);
	e->used_us = n->env->now_us;
	eth_plain_tx(n, ifc, e, m, WIRE_IP6_LEN, len);
	return 0;
}

int net_output6(struct net *n, struct net_dst *d, struct rte_mbuf *m, const struct ip6 *src,
	const struct ip6 *dst, const struct net_tx *tx)
{
	return ip6_output(n, d, m, src, dst, tx, false);
}

int net_output6_tcp(struct net *n, struct net_dst *d, struct rte_mbuf *m, const struct ip6 *src,
	const struct ip6 *dst, uint8_t tos, uint8_t ttl, uint32_t flow_label)
{
	struct net_tx tx = {
		.proto = IPPROTO_TCP, .tos = tos, .ttl = ttl, .df = true, .flow_label = flow_label};

	return ip6_output_short(n, d, m, src, dst, &tx);
}

int ip6_output_summed(struct net *n, struct net_dst *d, struct rte_mbuf *m, const struct ip6 *src,
	const struct ip6 *dst, const struct net_tx *tx)
{
	return ip6_output(n, d, m, src, dst, tx, true);
}

void ip6_output_to(struct net *n, struct ifc *ifc, const uint8_t mac[6], struct rte_mbuf *m,
	const struct ip6 *src, const struct ip6 *dst, const struct net_tx *tx)
{
	ip6_header(n, ifc, m, src, dst, tx, false);
	rte_pktmbuf_prepend(m, WIRE_IP6_LEN);
	eth_output(n, ifc, m, mac, NET_TYPE_IP6);
}
