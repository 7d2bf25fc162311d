/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_BASE_PKT_H
#define GN_BASE_PKT_H

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "counter.h"

/*
 * A core's packet buffers: an rte_mempool of rte_mbufs that this core alone allocates from. The
 * cache is found once, at start, so that the packet path asks for no lcore id.
 *
 * A buffer of another core's pool reaches us by a hand-off; pkt_free() gives it to 'foreign',
 * which sends it home through the mailbox. Buffers of a pool that belongs to no core of this stack
 * (a peer's, over a cable or a memif) go back to their pool through this thread's default cache.
 */
struct pkt_pool {
	struct rte_mempool *mp;
	struct rte_mempool_cache *cache; /* NULL: none (tests without EAL) */
	struct counters *cnt;
	void (*foreign)(void *ctx, struct rte_mbuf *m); /* one segment, refcnt 1, detached */
	void *foreign_ctx;
	uint16_t headroom;  /* bytes before the data of a fresh buffer */
	uint16_t data_room; /* bytes of data after the headroom */
};

/* Headroom that transports may count on: Ethernet + 2 VLAN tags + IPv6 + TCP with options. */
#define PKT_HEADERS_MAX 128

/* A fresh one-segment buffer, or NULL (counted as core.pool_empty; the caller counts its drop). */
static inline struct rte_mbuf *pkt_alloc(struct pkt_pool *p)
{
	void *obj;

	if (unlikely(rte_mempool_generic_get(p->mp, &obj, 1, p->cache) != 0)) {
		count(p->cnt, CNT_core_pool_empty);
		return NULL;
	}
	struct rte_mbuf *m = obj;

	rte_pktmbuf_reset(m);
	return m;
}

/* Frees one segment: drops a reference, and at the last one gives the buffer to its pool. */
static inline void pkt_free_seg(struct pkt_pool *p, struct rte_mbuf *m)
{
	m = rte_pktmbuf_prefree_seg(m);
	if (m == NULL)
		return;
	if (likely(m->pool == p->mp)) {
		void *obj = m;

		rte_mempool_generic_put(p->mp, &obj, 1, p->cache);
		return;
	}
	p->foreign(p->foreign_ctx, m);
}

/* Frees a packet of one or many segments. */
static inline void pkt_free(struct pkt_pool *p, struct rte_mbuf *m)
{
	while (m != NULL) {
		struct rte_mbuf *next = m->next;

		pkt_free_seg(p, m);
		m = next;
	}
}

/* Frees a packet and counts why. The only way to drop one. */
static inline void pkt_drop(struct pkt_pool *p, struct rte_mbuf *m, enum drop why)
{
	p->cnt->drop[why]++;
	pkt_free(p, m);
}

#endif
