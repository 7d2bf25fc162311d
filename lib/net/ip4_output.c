/* SPDX-License-Identifier: BSD-3-Clause */
#include "l4_cksum.h"
#include "net_priv.h"

/*
 * Identification. An atomic datagram needs none (RFC 6864 section 4.1). Others count, for each
 * class of destinations from a start that nobody knows, in steps that keep cores apart.
 */
static inline uint16_t ip4_id(struct net *n, uint32_t dst)
{
	uint16_t *c = ip4_id_slot(n, dst);

	*c = (uint16_t)(*c + n->n_cores);
	return *c;
}

uint16_t ip4_id_next(struct net *n, uint32_t dst)
{
	return ip4_id(n, dst);
}

/* Header, and checksums or the requests for them, into m; its data still starts at L4. */
static inline void ip4_header(struct net *n, const struct ifc *ifc, struct rte_mbuf *m,
	uint32_t src, uint32_t dst, const struct net_tx *tx, bool summed)
{
	bool df = tx->df || tx->tso_mss != 0;
	uint32_t len = m->pkt_len + WIRE_IP4_LEN;
	uint8_t ttl = tx->ttl != 0 ? tx->ttl : n->conf.ttl;
	/* As in memory, so that they can be added up (RFC 1071). */
	rte_be32_t w[5] = {wire_swap32(0x45u << 24 | (uint32_t)tx->tos << 16 | len),
		wire_swap32(df ? (uint32_t)WIRE_IP4_DF : (uint32_t)ip4_id(n, dst) << 16),
		wire_swap32((uint32_t)ttl << 24 | (uint32_t)tx->proto << 16), wire_swap32(src),
		wire_swap32(dst)};
	uint64_t addrs = (uint64_t)w[3] + w[4];
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *) - WIRE_IP4_LEN;

	if (!summed) {
		uint64_t pseudo = addrs + wire_swap16(tx->proto) +
				  wire_swap16((uint16_t)(tx->tso_mss != 0 ? 0 : m->pkt_len));

		if (unlikely(tx->proto == IPPROTO_ICMP))
			pseudo = 0;
		l4_cksum_tx(n, ifc, m, tx, pseudo, RTE_MBUF_F_TX_IPV4, ifc->tx_lens4);
	}
	if (likely(ifc->tx_ip_cksum)) {
		m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
		m->tx_offload |= ifc->tx_lens4;
	} else {
		uint16_t sum = (uint16_t)~l4_cksum_fold(addrs + w[0] + w[1] + w[2]);

		memcpy((uint8_t *)&w[2] + 2, &sum, sizeof(sum));
	}
	memcpy(ip, w, sizeof(w));
	net_count(n, CNT_ip4_tx);
}

static int ip4_output(struct net *n, struct net_dst *d, struct rte_mbuf *m, uint32_t src,
	uint32_t dst, const struct net_tx *tx, bool summed);

/* The handle has ended: route and entry again. A full table of neighbours cannot be told from no
 * memory. */
static int ip4_output_again(struct net *n, struct net_dst *d, struct rte_mbuf *m, uint32_t src,
	uint32_t dst, const struct net_tx *tx, bool summed)
{
	union net_ip s = net_ip4(src), t = net_ip4(dst);
	int err = route_again(n, d, false, &s, &t);

	if (err == 0 && d->neigh == 0)
		err = -ENOBUFS;
	if (err == 0)
		return ip4_output(n, d, m, src, dst, tx, summed);
	pkt_drop(&n->env->pool, m, route_drop(err));
	return err == -EADDRNOTAVAIL ? -ENETUNREACH : err;
}

static __rte_noinline int ip4_output(struct net *n, struct net_dst *d, struct rte_mbuf *m,
	uint32_t src, uint32_t dst, const struct net_tx *tx, bool summed)
{
	struct neigh *e = &n->neigh[d->neigh & n->neigh_mask];
	const struct ifc *ifc;

	if (unlikely(e->gen != d->neigh >> 16))
		return ip4_output_again(n, d, m, src, dst, tx, summed);
	if (unlikely(m->pkt_len + WIRE_IP4_LEN > d->mtu && tx->tso_mss == 0)) {
		if (!tx->df)
			return ip4_frag_output(n, d, m, src, dst, tx, summed);
		pkt_drop(&n->env->pool, m, DROP_too_big);
		return -EMSGSIZE;
	}
	ifc = e->port;
	ip4_header(n, ifc, m, src, dst, tx, summed);
	if (unlikely(e->state < NEIGH_DELAY)) {
		rte_pktmbuf_prepend(m, WIRE_IP4_LEN);
		return neigh_output(n, e, m);
	}
	e->used_us = n->env->now_us;
	eth_neigh_tx(n, ifc, e, m, WIRE_IP4_LEN);
	return 0;
}

/*
 * The common case, all else goes through ip4_output(): TCP or UDP, not to be cut, to a neighbour
 * that works, over a port that computes checksums and inserts no tag.
 */
static __rte_always_inline int ip4_output_short(struct net *n, struct net_dst *d,
	struct rte_mbuf *m, uint32_t src, uint32_t dst, const struct net_tx *tx)
{
	struct neigh *e = &n->neigh[d->neigh & n->neigh_mask];
	const struct ifc *ifc = e->port;
	uint8_t *l4 = rte_pktmbuf_mtod(m, uint8_t *), *ip = l4 - WIRE_IP4_LEN;
	bool tcp = tx->proto == IPPROTO_TCP;
	uint32_t len = m->pkt_len;
	uint16_t sum;

	if (unlikely(e->plain != d->neigh >> 16 || len + WIRE_IP4_LEN > d->mtu))
		return ip4_output(n, d, m, src, dst, tx, false);
	wire_put32(ip, 0x45u << 24 | (uint32_t)tx->tos << 16 | (len + WIRE_IP4_LEN));
	wire_put32(ip + 4, tx->df ? (uint32_t)WIRE_IP4_DF : (uint32_t)ip4_id(n, dst) << 16);
	wire_put32(ip + 8,
		(uint32_t)(tx->ttl != 0 ? tx->ttl : n->conf.ttl) << 24 | (uint32_t)tx->proto << 16);
	wire_put32(ip + 12, src);
	wire_put32(ip + 16, dst);
	/* Protocol and length are below 2^16 together: one word of the sum. */
	sum = wire_swap16(l4_cksum_fold((uint64_t)src + dst + tx->proto + len));
	memcpy(l4 + (tcp ? 16 : 6), &sum, sizeof(sum));
	m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM |
		       (tcp ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM);
	m->tx_offload = ifc->tx_lens4;
	net_count(n, CNT_ip4_tx);
	e->used_us = n->env->now_us;
	eth_plain_tx(n, ifc, e, m, WIRE_IP4_LEN, len);
	return 0;
}

int net_output4(struct net *n, struct net_dst *d, struct rte_mbuf *m, uint32_t src, uint32_t dst,
	const struct net_tx *tx)
{
	return ip4_output(n, d, m, src, dst, tx, false);
}

int net_output4_tcp(struct net *n, struct net_dst *d, struct rte_mbuf *m, uint32_t src,
	uint32_t dst, uint8_t tos, uint8_t ttl)
{
	struct net_tx tx = {.proto = IPPROTO_TCP, .tos = tos, .ttl = ttl, .df = true};

	return ip4_output_short(n, d, m, src, dst, &tx);
}

int ip4_output_summed(struct net *n, struct net_dst *d, struct rte_mbuf *m, uint32_t src,
	uint32_t dst, const struct net_tx *tx)
{
	return ip4_output(n, d, m, src, dst, tx, true);
}
