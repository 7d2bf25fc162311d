/* SPDX-License-Identifier: BSD-3-Clause */
#include "icmp.h"
#include "wire_nd.h"

/* Redirects of a router (RFC 4861 sections 4.5 and 8.2). */

#define ND_HOPS	   255
#define PACKET_MAX 1280

/* The link-local address, which hosts know their router by. False: there is none to use. */
static bool source(const struct net_ifc *f, union net_ip *src)
{
	for (unsigned i = 0; i < f->n_addr6; i++)
		if (f->addr6[i].state == NET_ADDR_PREFERRED && ip6_linklocal(&f->addr6[i].ip.v6)) {
			*src = f->addr6[i].ip;
			return true;
		}
	return false;
}

static struct rte_mbuf *redirect_make(struct net *n, const struct net_pkt *p, const struct ip6 *to)
{
	const union net_ip hop = {.v6 = *to};
	const struct neigh *e = neigh_find(n, p->ifc, true, &hop);
	const uint8_t *mac = e != NULL && e->state >= NEIGH_STALE ? e->mac : NULL;
	struct rte_mbuf *m = pkt_alloc(&n->env->pool);
	uint32_t room = PACKET_MAX - WIRE_IP6_LEN - WIRE_ND_REDIRECT_MAX, len;
	unsigned hlen;
	uint8_t *at;

	if (m == NULL) {
		n->env->cnt.drop[DROP_pool_empty]++;
		return NULL;
	}
	room = RTE_MIN(room, n->env->pool.data_room - (uint32_t)WIRE_ND_REDIRECT_MAX);
	len = RTE_MIN(room, p->m->pkt_len - p->l3_off) & ~7u;
	at = rte_pktmbuf_mtod(m, uint8_t *);
	hlen = wire_nd_redirect_emit(at, to, &p->dst.v6, mac, len);
	const void *from = rte_pktmbuf_read(p->m, p->l3_off, len, at + hlen);

	if (from != at + hlen && from != NULL)
		memcpy(at + hlen, from, len);
	m->data_len = (uint16_t)(hlen + len);
	m->pkt_len = m->data_len;
	return m;
}

void nd_redirect_send(struct net *n, const struct net_pkt *p, const struct ip6 *to)
{
	struct net_tx tx = {.proto = IPPROTO_ICMPV6, .ttl = ND_HOPS};
	union net_ip src;
	struct rte_mbuf *m;
	struct net_dst d;

	if (!source(&n->ifc[p->ifc].pub, &src) || !icmp_limit_take(n) ||
		net_route(n, true, &p->src, &src, p->ifc, &d) != 0)
		return;
	m = redirect_make(n, p, to);
	if (m != NULL && net_output6(n, &d, m, &src.v6, &p->src.v6, &tx) == 0)
		net_count(n, CNT_nd_tx_redirects);
}
