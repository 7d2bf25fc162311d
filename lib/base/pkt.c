/* SPDX-License-Identifier: BSD-3-Clause */
#include "pkt.h"

/* The ways of a buffer that are not done in line: an empty or full cache, chains, shared buffers. */

struct rte_mempool_cache pkt_no_cache;

struct rte_mbuf *pkt_alloc_other(struct pkt_pool *p)
{
	void *obj;

	if (unlikely(rte_mempool_generic_get(p->mp, &obj, 1, pkt_cache_or_null(p)) != 0)) {
		count(p->cnt, CNT_core_pool_empty);
		return NULL;
	}
	struct rte_mbuf *m = obj;

	pkt_reset(m);
	return m;
}

void pkt_free_seg_other(struct pkt_pool *p, struct rte_mbuf *m)
{
	m = rte_pktmbuf_prefree_seg(m);
	if (m == NULL)
		return;
	if (likely(m->pool == p->mp)) {
		void *obj = m;

		rte_mempool_generic_put(p->mp, &obj, 1, pkt_cache_or_null(p));
		return;
	}
	p->foreign(p->foreign_ctx, m);
}

void pkt_free_other(struct pkt_pool *p, struct rte_mbuf *m)
{
	while (m != NULL) {
		struct rte_mbuf *next = m->next;

		/* A link of a chain, of which nobody else knows, becomes a whole packet. */
		if (likely(rte_mbuf_refcnt_read(m) == 1)) {
			m->next = NULL;
			m->nb_segs = 1;
		}
		pkt_free_seg(p, m);
		m = next;
	}
}
