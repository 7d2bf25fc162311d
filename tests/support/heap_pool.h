/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TEST_HEAP_POOL_H
#define GN_TEST_HEAP_POOL_H

#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "pkt.h"

/*
 * A real rte_mempool of rte_mbufs in heap memory, for unit tests, the simulator and fuzzers: it
 * works without EAL and everything of rte_mbuf.h works on its buffers. No per-lcore cache.
 *
 * Every buffer is an allocation of its own, so that AddressSanitizer sees an overflow; in such
 * builds a free buffer, header and data room, is also poisoned. Freeing a buffer that is free, or
 * of another pool, aborts. Buffers are handed out last in, first out: equal calls, equal buffers.
 * Any thread may get and put (a lock is taken).
 */

/*
 * n buffers of data_room bytes, of which RTE_PKTMBUF_HEADROOM (128) are headroom, as for
 * rte_pktmbuf_pool_create(): RTE_MBUF_DEFAULT_BUF_SIZE (2176) holds any frame up to MTU 2034.
 * NULL and errno: no memory, or n or data_room out of range (EINVAL).
 */
struct rte_mempool *heap_pool_create(const char *name, unsigned n, uint16_t data_room);

/* Frees the pool and all its buffers, also those still in use. NULL is allowed. */
void heap_pool_free(struct rte_mempool *mp);

/* Buffers in the pool now; equal to the n of its creation when nothing leaks. */
unsigned heap_pool_avail(const struct rte_mempool *mp);

/*
 * Fills *p to allocate from mp and count in c. p->foreign frees into the buffer's own pool, which
 * is right as long as all pools concerned are heap pools or DPDK's.
 */
void heap_pkt_pool(struct pkt_pool *p, struct rte_mempool *mp, struct counters *c);

#endif
