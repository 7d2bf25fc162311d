/* SPDX-License-Identifier: BSD-3-Clause */
#include "l4_cksum.h"
#include "net_priv.h"

/* Helpers for what IP carries, of both families. */

/* How much of the transport's header is there to be read in one piece. */
static unsigned l4_header_len(const struct net_pkt *p, unsigned have)
{
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l4_off);
	unsigned want;

	switch (p->proto) {
	case IPPROTO_TCP:
		want = have < 20 ? 60 : RTE_MAX(20u, (l4[12] >> 4) * 4u);
		break;
	case IPPROTO_UDP:
		want = 8;
		break;
	default: /* ICMP: with what an error quotes, or the options of ND */
		want = 128;
		break;
	}
	return RTE_MIN(want, p->l4_len);
}

bool l4_pullup(struct net *n, struct net_pkt *p)
{
	unsigned have = p->m->data_len > p->l4_off ? p->m->data_len - p->l4_off : 0;

	if (have >= l4_header_len(p, have))
		return true;
	return eth_pullup(n, p, p->l4_off + 128u);
}

void net_trim(struct net *n, struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *last = m;
	uint32_t left = len;

	m->pkt_len = len;
	while (left > last->data_len) {
		left -= last->data_len;
		last = last->next;
	}
	last->data_len = (uint16_t)left;
	if (unlikely(last->next != NULL)) {
		pkt_free(&n->env->pool, last->next);
		last->next = NULL;
		m->nb_segs = 1;
		for (struct rte_mbuf *s = m; s != last; s = s->next)
			m->nb_segs++;
	}
}

bool net_l4_cksum_ok(struct net *n, const struct net_pkt *p)
{
	uint32_t sum;

	if (likely(p->flags & NET_PKT_CKSUM_OK))
		return true;
	net_count(n, CNT_core_sw_cksum_rx);
	sum = p->flags & NET_PKT_V6
		      ? wire_cksum_pseudo6(&p->src.v6, &p->dst.v6, p->proto, p->l4_len)
		      : wire_cksum_pseudo4(p->src.v4, p->dst.v4, p->proto, p->l4_len);
	return wire_cksum_fold(wire_cksum_mbuf(p->m, p->l4_off, p->l4_len, sum)) == 0;
}

uint16_t net_icmp_sum(struct net *n, const struct net_pkt *p)
{
	uint32_t sum = 0;

	net_count(n, CNT_core_sw_cksum_rx);
	if (p->flags & NET_PKT_V6)
		sum = wire_cksum_pseudo6(&p->src.v6, &p->dst.v6, IPPROTO_ICMPV6, p->l4_len);
	return wire_cksum_fold(wire_cksum_mbuf(p->m, p->l4_off, p->l4_len, sum));
}

bool net_echo_turn(struct net *n, struct net_pkt *p, uint8_t type)
{
	struct rte_mbuf *m = p->m;
	uint8_t *l4 = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l4_off);
	uint16_t cksum;
	rte_be16_t old, now;

	if (rte_pktmbuf_headroom(m) + p->l4_off < NEIGH_L2_ROOM + WIRE_IP6_LEN)
		return false;
	memcpy(&old, l4, sizeof(old));
	l4[0] = type;
	l4[1] = 0; /* whatever the request's code was (RFC 792, RFC 4443 section 4.2) */
	memcpy(&now, l4, sizeof(now));
	memcpy(&cksum, l4 + 2, sizeof(cksum));
	cksum = wire_cksum_update(cksum, old, now);
	memcpy(l4 + 2, &cksum, sizeof(cksum));
	rte_pktmbuf_adj(m, p->l4_off);
	m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	m->tx_offload = 0;
	return true;
}
