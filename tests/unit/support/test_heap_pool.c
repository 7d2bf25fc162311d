/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <signal.h>

#include "heap_pool.h"

static struct rte_mempool *mp;

static void setup(void)
{
	mp = heap_pool_create("t", 8, RTE_MBUF_DEFAULT_BUF_SIZE);
	cr_assert_not_null(mp);
}

static void teardown(void)
{
	heap_pool_free(mp);
}

TestSuite(heap_pool, .init = setup, .fini = teardown);

Test(heap_pool, buffers_are_as_dpdk_makes_them)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(mp);

	cr_assert_not_null(m);
	cr_assert_eq(rte_pktmbuf_headroom(m), RTE_PKTMBUF_HEADROOM);
	cr_assert_eq(rte_pktmbuf_tailroom(m), RTE_MBUF_DEFAULT_DATAROOM);
	cr_assert_eq(m->pool, mp);
	cr_assert_eq((uintptr_t)m % RTE_CACHE_LINE_SIZE, 0);
	cr_assert_eq(rte_mempool_from_obj(m), mp);
	rte_mbuf_sanity_check(m, 1);
	memset(rte_pktmbuf_append(m, RTE_MBUF_DEFAULT_DATAROOM), 0xff, RTE_MBUF_DEFAULT_DATAROOM);
	memset(rte_pktmbuf_prepend(m, RTE_PKTMBUF_HEADROOM), 0xff, RTE_PKTMBUF_HEADROOM);
	rte_pktmbuf_free(m);
	cr_assert_eq(heap_pool_avail(mp), 8);
	cr_assert_eq(rte_mempool_avail_count(mp), 8);
}

Test(heap_pool, empties_and_fills_again)
{
	struct rte_mbuf *m[9];

	cr_assert_eq(rte_pktmbuf_alloc_bulk(mp, m, 8), 0);
	cr_assert_eq(heap_pool_avail(mp), 0);
	cr_assert_null(rte_pktmbuf_alloc(mp));
	rte_pktmbuf_free_bulk(m, 8);
	cr_assert_eq(heap_pool_avail(mp), 8);
	cr_assert_neq(rte_pktmbuf_alloc_bulk(mp, m, 9), 0, "more than there are: none");
	cr_assert_eq(heap_pool_avail(mp), 8);
}

Test(heap_pool, clones_and_chains)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(mp), *tail = rte_pktmbuf_alloc(mp);

	rte_pktmbuf_append(m, 100);
	rte_pktmbuf_append(tail, 50);
	cr_assert_eq(rte_pktmbuf_chain(m, tail), 0);
	struct rte_mbuf *c = rte_pktmbuf_clone(m, mp);

	cr_assert_not_null(c);
	rte_pktmbuf_free(m);
	cr_assert_eq(heap_pool_avail(mp), 4, "the clone holds both segments");
	cr_assert_eq(rte_pktmbuf_pkt_len(c), 150);
	rte_pktmbuf_free(c);
	cr_assert_eq(heap_pool_avail(mp), 8);
}

Test(heap_pool, serves_pkt_pool)
{
	static struct counters cnt;
	struct rte_mempool *other = heap_pool_create("o", 1, RTE_MBUF_DEFAULT_BUF_SIZE);
	struct pkt_pool p;
	struct rte_mbuf *m[8];

	heap_pkt_pool(&p, mp, &cnt);
	cr_assert_geq(p.headroom, PKT_HEADERS_MAX);
	cr_assert_eq(p.data_room, RTE_MBUF_DEFAULT_DATAROOM);
	for (int i = 0; i < 8; i++)
		m[i] = pkt_alloc(&p);
	cr_assert_null(pkt_alloc(&p));
	cr_assert_eq(cnt.n[CNT_core_pool_empty], 1);
	for (int i = 0; i < 8; i++)
		pkt_free(&p, m[i]);
	cr_assert_eq(heap_pool_avail(mp), 8);
	pkt_free(&p, rte_pktmbuf_alloc(other));
	cr_assert_eq(heap_pool_avail(other), 1, "a foreign buffer goes to its own pool");
	heap_pool_free(other);
}

Test(heap_pool, a_double_free_aborts, .signal = SIGABRT)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(mp);

	rte_mempool_put(mp, m);
	rte_mempool_put(mp, m);
}

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>

Test(heap_pool, a_free_buffer_is_poisoned)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(mp);
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

	cr_assert_not(__asan_address_is_poisoned(data));
	cr_assert(__asan_address_is_poisoned((uint8_t *)m->buf_addr + m->buf_len));
	rte_pktmbuf_free(m);
	cr_assert(__asan_address_is_poisoned(data));
	cr_assert(__asan_address_is_poisoned(m));
}
#endif

Test(heap_pool, bad_sizes_are_refused)
{
	cr_assert_null(heap_pool_create("t", 0, RTE_MBUF_DEFAULT_BUF_SIZE));
	cr_assert_null(heap_pool_create("t", 1, RTE_PKTMBUF_HEADROOM - 1));
}
