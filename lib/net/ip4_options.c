/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_priv.h"
#include "wire_cksum.h"

/* IPv4 options in what we send: only in answers to packets that had some. */

unsigned ip4_options_reply(struct net *n, const struct net_pkt *p, uint8_t *opt, uint32_t *first)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3_off);
	struct wire_ip4 h = {
		.hlen = (uint8_t)(p->l4_off - p->l3_off), .src = p->src.v4, .dst = p->dst.v4};

	*first = p->src.v4;
	if (likely(h.hlen == WIRE_IP4_LEN))
		return 0;
	return wire_ip4_options_reply(opt, ip, &h, ip4_time(n), first);
}

int ip4_options_output(struct net *n, const struct net_dst *d, struct rte_mbuf *m, uint32_t src,
	uint32_t dst, const struct net_tx *tx, const uint8_t *opt, unsigned n_opt)
{
	struct neigh *e = &n->neigh[d->neigh & n->neigh_mask];
	unsigned hlen = WIRE_IP4_LEN + n_opt;
	struct wire_ip4 h = {.hlen = WIRE_IP4_LEN,
		.tos = tx->tos,
		.total_len = (uint16_t)(hlen + m->pkt_len),
		.id = ip4_id_next(n, dst),
		.ttl = tx->ttl != 0 ? tx->ttl : n->conf.ttl,
		.proto = tx->proto,
		.src = src,
		.dst = dst};
	uint8_t *ip;
	uint16_t sum;

	if (e->gen != d->neigh >> 16) {
		pkt_drop(&n->env->pool, m, DROP_neigh_full);
		return -ENOBUFS;
	}
	if (m->pkt_len + hlen > d->mtu || rte_pktmbuf_headroom(m) < hlen + NEIGH_L2_ROOM) {
		pkt_drop(&n->env->pool, m, DROP_too_big);
		return -EMSGSIZE;
	}
	ip = rte_pktmbuf_mtod(m, uint8_t *) - hlen;
	wire_ip4_emit(ip, &h, false);
	ip[0] = (uint8_t)(4 << 4 | hlen / 4);
	memcpy(ip + WIRE_IP4_LEN, opt, n_opt);
	sum = wire_cksum_fold(wire_cksum_sum(ip, hlen, 0));
	memcpy(ip + 10, &sum, sizeof(sum));
	net_count(n, CNT_ip4_tx);
	if (unlikely(e->state < NEIGH_DELAY)) {
		rte_pktmbuf_prepend(m, (uint16_t)hlen);
		return neigh_output(n, e, m);
	}
	e->used_us = n->env->now_us;
	eth_neigh_tx(n, e->port, e, m, hlen);
	return 0;
}
