/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_hdr.h"

#include "l4_cksum.h"
#include "net_priv.h"

_Static_assert(NEIGH_L2_ROOM + WIRE_IP6_LEN == NET_HDR_ROOM, "room for all headers");

static void hdr_ip4(struct net *n, struct net_hdr *h, uint32_t src, uint32_t dst)
{
	uint8_t *ip = h->b + NET_HDR_ROOM - WIRE_IP4_LEN;

	wire_put32(ip, 0x45u << 24);
	wire_put32(ip + 4, 0);
	wire_put32(ip + 8, (uint32_t)n->conf.ttl << 24 | (uint32_t)IPPROTO_UDP << 16);
	wire_put32(ip + 12, src);
	wire_put32(ip + 16, dst);
	h->sum = wire_swap16(l4_cksum_fold((uint64_t)src + dst + IPPROTO_UDP));
	h->id = ip4_id_slot(n, dst);
	h->id_step = n->n_cores;
	h->sent = &n->env->cnt.n[CNT_ip4_tx];
}

static void hdr_ip6(struct net *n, struct net_hdr *h, const struct ip6 *src, const struct ip6 *dst)
{
	uint8_t *ip = h->b + NET_HDR_ROOM - WIRE_IP6_LEN;

	wire_put32(ip, 6u << 28);
	wire_put32(ip + 4, (uint32_t)IPPROTO_UDP << 8 | n->conf.ttl);
	memcpy(ip + 8, src->b, sizeof(src->b));
	memcpy(ip + 24, dst->b, sizeof(dst->b));
	h->sum = l4_cksum_fold(wire_cksum_pseudo6(src, dst, IPPROTO_UDP, 0));
	h->id = NULL;
	h->sent = &n->env->cnt.n[CNT_ip6_tx];
}

void net_hdr_udp(struct net *n, const struct net_dst *d, bool v6, const union net_ip *src,
	const union net_ip *dst, struct net_hdr *h)
{
	struct neigh *e = &n->neigh[d->neigh & n->neigh_mask];
	unsigned l3_len = v6 ? WIRE_IP6_LEN : WIRE_IP4_LEN;
	const struct ifc *ifc = e->port;

	net_hdr_clear(h);
	if (e->plain != d->neigh >> 16 || d->mtu < l3_len + NET_UDP_LEN)
		return;
	memcpy(h->b + NET_HDR_ROOM - l3_len - NEIGH_L2_ROOM, e->l2, NEIGH_L2_ROOM);
	if (v6)
		hdr_ip6(n, h, &src->v6, &dst->v6);
	else
		hdr_ip4(n, h, src->v4, dst->v4);
	h->plain = &e->plain;
	h->gen = e->plain;
	h->used_us = &e->used_us;
	h->txq = ifc->txq;
	h->ol_flags = RTE_MBUF_F_TX_UDP_CKSUM |
		      (v6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM);
	h->tx_offload = v6 ? ifc->tx_lens6 : ifc->tx_lens4;
	h->len = (uint16_t)(l3_len + e->l2_len);
	h->rearm = pkt_rearm_word((uint16_t)(RTE_PKTMBUF_HEADROOM - h->len - NET_UDP_LEN), 1);
	h->max = (uint16_t)(d->mtu - l3_len);
	h->copy_end = (uint16_t)(RTE_MIN(h->max - NET_UDP_LEN, n->env->pool.data_room) + 1);
}
