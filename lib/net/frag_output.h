/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_NET_FRAG_OUTPUT_H
#define GN_NET_FRAG_OUTPUT_H

#include "l4_cksum.h"
#include "net_priv.h"

/* What both families' fragments need on the way out. */

/* The transport checksum of the whole, which no port can compute over its fragments. */
static inline void frag_cksum(
	struct net *n, struct rte_mbuf *m, const struct net_tx *tx, uint32_t pseudo)
{
	unsigned at = tx->proto == IPPROTO_TCP ? 16 : l4_cksum_at(tx->proto);

	if (at != L4_CKSUM_NONE)
		l4_cksum_soft(n, m, tx, pseudo, at);
}

/* len bytes of m from off on, by reference, behind a buffer with room for headers. NULL: no buffer. */
static inline struct rte_mbuf *frag_slice(
	struct net *n, struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	struct rte_mbuf *head = pkt_alloc(&n->env->pool), *last = head;

	if (head == NULL)
		return NULL;
	head->data_off = PKT_HEADERS_MAX;
	for (; off >= m->data_len && m->next != NULL; m = m->next)
		off -= m->data_len;
	for (; len > 0; m = m->next, off = 0) {
		uint32_t part = RTE_MIN(len, m->data_len - off);
		struct rte_mbuf *s = part != 0 ? pkt_alloc(&n->env->pool) : NULL;

		if (part == 0)
			continue;
		if (s == NULL) {
			pkt_free(&n->env->pool, head);
			return NULL;
		}
		rte_pktmbuf_attach(s, m);
		s->data_off = (uint16_t)(m->data_off + off);
		s->data_len = (uint16_t)part;
		s->pkt_len = part;
		last->next = s;
		last = s;
		head->nb_segs++;
		head->pkt_len += part;
		len -= part;
	}
	return head;
}

/* m's data starts behind its l3_len bytes of IP headers. */
static inline void frag_send(
	struct net *n, const struct net_dst *d, struct rte_mbuf *m, unsigned l3_len)
{
	struct neigh *e = &n->neigh[d->neigh & n->neigh_mask];

	net_count(n, CNT_frag_tx);
	if (unlikely(e->state < NEIGH_DELAY)) {
		rte_pktmbuf_prepend(m, (uint16_t)l3_len);
		neigh_output(n, e, m);
		return;
	}
	e->used_us = n->env->now_us;
	eth_neigh_tx(n, e->port, e, m, l3_len);
}

#endif
