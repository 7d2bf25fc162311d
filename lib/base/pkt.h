/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_BASE_PKT_H
#define GN_BASE_PKT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "counter.h"

/*
 * A core's packet buffers: an rte_mempool of rte_mbufs that this core alone allocates from. The
 * cache is found once, at start, so that the packet path asks for no lcore id, and used directly:
 * an allocation takes the last entry of its array, a free adds one.
 *
 * A buffer of another core's pool reaches us by a hand-off; pkt_free() gives it to 'foreign',
 * which sends it home through the mailbox. Buffers of a pool that belongs to no core of this stack
 * (a peer's, over a cable or a memif) go back to their pool through this thread's default cache:
 * 'foreign' may name such a pool and that cache as peer and peer_cache, which saves it the calls.
 */
struct pkt_pool {
	struct rte_mempool *mp;
	struct rte_mempool_cache *cache; /* or &pkt_no_cache (tests without EAL); not NULL */
	struct counters *cnt;
	struct rte_mempool *peer;			/* or NULL */
	struct rte_mempool_cache *peer_cache;		/* not NULL with a peer */
	void (*foreign)(void *ctx, struct rte_mbuf *m); /* one segment, refcnt 1, detached */
	void *foreign_ctx;
	uint16_t headroom;  /* bytes before the data of a fresh buffer */
	uint16_t data_room; /* bytes of data after the headroom */
};

/* Holds nothing and takes nothing, so that the packet path need not ask whether there is a cache. */
extern struct rte_mempool_cache pkt_no_cache;

static inline struct rte_mempool_cache *pkt_cache_or_none(struct rte_mempool_cache *c)
{
	return c != NULL ? c : &pkt_no_cache;
}

/* As DPDK's functions want it. */
static inline struct rte_mempool_cache *pkt_cache_or_null(const struct pkt_pool *p)
{
	return p->cache != &pkt_no_cache ? p->cache : NULL;
}

/* Headroom that transports may count on: Ethernet + 2 VLAN tags + IPv6 + TCP with options. */
#define PKT_HEADERS_MAX 128

/* What pkt_alloc(), pkt_free_seg() and pkt_free() do when it is not done in line. */
struct rte_mbuf *pkt_alloc_other(struct pkt_pool *p);
void pkt_free_seg_other(struct pkt_pool *p, struct rte_mbuf *m);
void pkt_free_other(struct pkt_pool *p, struct rte_mbuf *m);

/* data_off, refcnt, nb_segs and port, as one word. */
static inline uint64_t pkt_rearm_word(uint16_t data_off, uint16_t refs)
{
	const uint16_t w[4] = {0, refs, 1, RTE_MBUF_PORT_INVALID};
	uint64_t v;

	memcpy(&v, w, sizeof(v));
	return v | (uint64_t)data_off << (RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? 0 : 48);
}

_Static_assert(
	offsetof(struct rte_mbuf, refcnt) == offsetof(struct rte_mbuf, rearm_data) + 2 &&
		offsetof(struct rte_mbuf, nb_segs) == offsetof(struct rte_mbuf, rearm_data) + 4 &&
		offsetof(struct rte_mbuf, port) == offsetof(struct rte_mbuf, rearm_data) + 6,
	"the order of pkt_rearm_word()");
_Static_assert(
	offsetof(struct rte_mbuf, hash) == offsetof(struct rte_mbuf, rx_descriptor_fields1) + 12,
	"pkt_reset() clears types, lengths, tag and the first word of the hash");

/* rte_pktmbuf_reset() of a buffer fresh from a pool, which is one segment with one reference. */
static inline void pkt_reset(struct rte_mbuf *m)
{
	uint64_t rearm = pkt_rearm_word(RTE_PKTMBUF_HEADROOM, 1);

	memcpy(&m->rearm_data, &rearm, sizeof(rearm));
	m->ol_flags = 0;
	memset((void *)&m->rx_descriptor_fields1, 0, 16);
	m->vlan_tci_outer = 0;
	m->tx_offload = 0;
}

/* A buffer for one who sets all that pkt_reset() does. False: ask pkt_alloc(). */
static inline bool pkt_take(struct pkt_pool *p, struct rte_mbuf **m)
{
	struct rte_mempool_cache *c = p->cache;

	if (unlikely(c->len == 0))
		return false;
	*m = c->objs[--c->len];
	return true;
}

/* A fresh one-segment buffer, or NULL (counted as core.pool_empty; the caller counts its drop). */
static inline struct rte_mbuf *pkt_alloc(struct pkt_pool *p)
{
	struct rte_mempool_cache *c = p->cache;

	if (unlikely(c->len == 0))
		return pkt_alloc_other(p);
	struct rte_mbuf *m = c->objs[--c->len];

	pkt_reset(m);
	return m;
}

/* m's data lies in a buffer of its own: RTE_MBUF_DIRECT(), by the one byte that says so. */
static inline bool pkt_direct(const struct rte_mbuf *m)
{
	const uint8_t *flags = (const uint8_t *)&m->ol_flags;

	return (flags[RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? 7 : 0] &
		       (uint8_t)((RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL) >> 56)) == 0;
}

/* m is a whole packet in one buffer that nothing else refers to: as a pool wants it back. */
static inline bool pkt_whole(const struct rte_mbuf *m)
{
	uint32_t refs_segs;

	memcpy(&refs_segs, (const uint8_t *)&m->rearm_data + 2, sizeof(refs_segs));
	return refs_segs == 0x10001 && m->next == NULL && pkt_direct(m);
}

/* Gives a buffer that is pkt_whole() to the cache of its pool. False: not possible, nothing done. */
static inline bool pkt_cache_put(struct pkt_pool *p, struct rte_mbuf *m)
{
	struct rte_mempool_cache *c = p->cache;

	if (unlikely(m->pool != p->mp)) {
		c = p->peer_cache; /* there is one where there is a peer */
		if (unlikely(m->pool != p->peer))
			return false;
	}
	if (unlikely(c->len >= c->flushthresh))
		return false;
	c->objs[c->len++] = m;
	return true;
}

/* Gives a buffer of p's own pool, known to be direct and not chained, back to the cache. False: it has
 * other references, or the cache is full; nothing done. */
static inline bool pkt_put(struct pkt_pool *p, struct rte_mbuf *m)
{
	struct rte_mempool_cache *c = p->cache;

	if (unlikely(c->len >= c->flushthresh || rte_mbuf_refcnt_read(m) != 1))
		return false;
	c->objs[c->len++] = m;
	return true;
}

/* Frees one segment: drops a reference, and at the last one gives the buffer to its pool. */
static inline void pkt_free_seg(struct pkt_pool *p, struct rte_mbuf *m)
{
	if (unlikely(!pkt_whole(m) || !pkt_cache_put(p, m)))
		pkt_free_seg_other(p, m);
}

/* Frees a packet of one or many segments. m may be NULL. */
static inline void pkt_free(struct pkt_pool *p, struct rte_mbuf *m)
{
	if (unlikely(m == NULL || !pkt_whole(m) || !pkt_cache_put(p, m)))
		pkt_free_other(p, m);
}

/* Frees a packet and counts why. The only way to drop one. */
static inline void pkt_drop(struct pkt_pool *p, struct rte_mbuf *m, enum drop why)
{
	p->cnt->drop[why]++;
	pkt_free(p, m);
}

#endif
