/* SPDX-License-Identifier: BSD-3-Clause */
#include "l4_cksum.h"
#include "net_priv.h"

/*
 * Identification. An atomic datagram needs none (RFC 6864 section 4.1). Others count, for each
 * class of destinations from a start that nobody knows, in steps that keep cores apart.
 */
static inline uint16_t ip4_id(struct net *n, uint32_t dst, bool df)
{
	uint64_t h;
	uint16_t *c;

	if (df)
		return 0;
	h = (dst ^ n->env->secret.k0) * UINT64_C(0x9e3779b97f4a7c15);
	c = &n->ip_id[h >> 56];
	*c = (uint16_t)(*c + 1);
	return (uint16_t)(*c * n->n_cores + n->core);
}

_Static_assert(NET_IP_ID_SLOTS == 256, "ip4_id() takes eight bits of the hash");

/* Puts the header before m and the checksum, or the request for it, into m. */
static inline void ip4_header(struct net *n, const struct ifc *ifc, struct rte_mbuf *m,
	uint32_t src, uint32_t dst, const struct net_tx *tx, bool summed)
{
	bool df = tx->df || tx->tso_mss != 0;
	uint16_t l4_len = (uint16_t)m->pkt_len;
	struct wire_ip4 h = {.hlen = WIRE_IP4_LEN,
		.tos = tx->tos,
		.total_len = (uint16_t)(l4_len + WIRE_IP4_LEN),
		.id = ip4_id(n, dst, df),
		.frag = df ? WIRE_IP4_DF : 0,
		.ttl = tx->ttl != 0 ? tx->ttl : n->conf.ttl,
		.proto = tx->proto,
		.src = src,
		.dst = dst};
	bool offload = (ifc->pub.offloads & NET_TX_IP_CKSUM) != 0;

	if (!summed) {
		uint32_t sum = tx->proto == IPPROTO_ICMP ? 0
							 : wire_cksum_pseudo4(src, dst, tx->proto,
								   tx->tso_mss != 0 ? 0 : l4_len);

		if (l4_cksum_tx(n, ifc, m, tx, sum, WIRE_IP4_LEN))
			m->ol_flags |= RTE_MBUF_F_TX_IPV4;
	}
	if (offload) {
		m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
		m->l2_len = ifc->l2_len;
		m->l3_len = WIRE_IP4_LEN;
	}
	m->data_off -= WIRE_IP4_LEN;
	m->data_len += WIRE_IP4_LEN;
	m->pkt_len += WIRE_IP4_LEN;
	wire_ip4_emit(rte_pktmbuf_mtod(m, uint8_t *), &h, !offload);
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

static inline int ip4_output(struct net *n, struct net_dst *d, struct rte_mbuf *m, uint32_t src,
	uint32_t dst, const struct net_tx *tx, bool summed)
{
	struct neigh *e = &n->neigh[d->neigh & n->neigh_mask];

	if (unlikely(e->gen != d->neigh >> 16))
		return ip4_output_again(n, d, m, src, dst, tx, summed);
	if (unlikely(m->pkt_len + WIRE_IP4_LEN > d->mtu && tx->tso_mss == 0)) {
		pkt_drop(&n->env->pool, m, DROP_too_big);
		return -EMSGSIZE;
	}
	ip4_header(n, &n->ifc[e->ifc], m, src, dst, tx, summed);
	if (unlikely(e->state < NEIGH_DELAY))
		return neigh_output(n, e, m);
	e->used_us = n->env->now_us;
	eth_neigh_tx(n, e, m);
	return 0;
}

int net_output4(struct net *n, struct net_dst *d, struct rte_mbuf *m, uint32_t src, uint32_t dst,
	const struct net_tx *tx)
{
	return ip4_output(n, d, m, src, dst, tx, false);
}

int ip4_output_summed(struct net *n, struct net_dst *d, struct rte_mbuf *m, uint32_t src,
	uint32_t dst, const struct net_tx *tx)
{
	return ip4_output(n, d, m, src, dst, tx, true);
}
