/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>

#include "heap_pool.h"
#include "mesh.h"

#define CORES 3
#define WORDS 8
#define BUFS  64

/* Three ends of one mesh, each with a pool of its own. */
static struct core_mesh *mesh;
static struct mesh_end end[CORES];
static struct rte_mempool *pool[CORES];
static struct counters cnt[CORES];

static void setup(void)
{
	mesh = core_mesh_create(CORES, WORDS);
	cr_assert_not_null(mesh);
	for (uint16_t i = 0; i < CORES; i++) {
		pool[i] = heap_pool_create("mesh", BUFS, RTE_MBUF_DEFAULT_BUF_SIZE);
		cr_assert_not_null(pool[i]);
		cr_assert_eq(mesh_end_init(&end[i], mesh, i, pool[i], &cnt[i]), 0);
	}
}

static void teardown(void)
{
	for (unsigned i = 0; i < CORES; i++)
		mesh_end_fini(&end[i]);
	for (unsigned i = 0; i < CORES; i++) {
		cr_expect_eq(heap_pool_avail(pool[i]), BUFS, "core %u: a buffer was lost", i);
		heap_pool_free(pool[i]);
	}
	core_mesh_destroy(mesh);
}

TestSuite(mesh, .init = setup, .fini = teardown);

static struct rte_mbuf *buf(unsigned core)
{
	return rte_pktmbuf_alloc(pool[core]);
}

Test(mesh_create, checks_its_arguments)
{
	errno = 0;
	cr_expect_null(core_mesh_create(0, 8));
	cr_expect_eq(errno, EINVAL);
	cr_expect_null(core_mesh_create(2, 12), "not a power of two");
	cr_expect_null(core_mesh_create(CONF_CORES_MAX + 1, 8));
	core_mesh_destroy(NULL);
}

/* Words arrive in order, at the receiver alone, and only after the sender's turn has ended. */
Test(mesh, publishes_once_a_turn_and_in_order)
{
	uint64_t w[WORDS];
	struct rte_mbuf *m[3] = {buf(0), buf(0), buf(0)};

	cr_assert(mesh_send(&end[0], 1, mesh_word(m[0], MESH_HANDOFF)));
	cr_assert(mesh_send(&end[0], 1, mesh_word(m[1], MESH_MESSAGE)));
	cr_assert(mesh_send(&end[0], 1, mesh_word(m[2], MESH_MESSAGE)));
	cr_expect_eq(mesh_waiting(&end[1]), 0);
	mesh_publish(&end[0]);
	cr_expect_eq(end[0].dirty, 0);
	cr_expect_eq(mesh_waiting(&end[1]), 3);
	cr_expect_eq(mesh_receive(&end[2], 0, w, WORDS), 0);
	cr_assert_eq(mesh_receive(&end[1], 0, w, WORDS), 3);
	cr_expect_eq(w[0], (uintptr_t)m[0] | MESH_HANDOFF);
	cr_expect_eq(w[1], (uintptr_t)m[1] | MESH_MESSAGE);
	cr_expect_eq(w[2], (uintptr_t)m[2] | MESH_MESSAGE);
	for (unsigned i = 0; i < 3; i++)
		rte_pktmbuf_free(m[i]);
}

/* What was admitted is never refused by the ring: the limit is at the admission. */
Test(mesh, admits_no_more_than_the_mailbox_holds)
{
	struct rte_mbuf *m = buf(0);
	uint64_t w[WORDS];

	for (unsigned i = 0; i < WORDS; i++)
		cr_assert(mesh_send(&end[0], 1, mesh_word(buf(0), MESH_HANDOFF)));
	cr_expect_not(mesh_send(&end[0], 1, mesh_word(m, MESH_HANDOFF)));
	cr_expect(mesh_send(&end[0], 2, mesh_word(buf(0), MESH_HANDOFF)), "its own mailbox");
	mesh_publish(&end[0]);
	cr_expect_eq(mesh_waiting(&end[1]), WORDS);
	cr_expect_not(mesh_send(&end[0], 1, mesh_word(m, MESH_HANDOFF)));
	cr_assert_eq(mesh_receive(&end[1], 0, w, 1), 1);
	rte_pktmbuf_free((struct rte_mbuf *)(uintptr_t)w[0]);
	cr_expect(mesh_send(&end[0], 1, mesh_word(m, MESH_HANDOFF)), "there is room again");
}

Test(mesh, finds_the_owner_of_a_pool)
{
	struct rte_mempool *other = heap_pool_create("other", 4, RTE_MBUF_DEFAULT_BUF_SIZE);

	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < CORES; i++)
			cr_expect_eq(mesh_pool_owner(&end[0], pool[i]), i);
	cr_expect_eq(mesh_pool_owner(&end[0], other), CORES, "of no core");
	heap_pool_free(other);
}

/* A buffer whose way home is blocked waits, however many there are, and arrives when there is room. */
Test(mesh, loses_no_buffer_on_its_way_home)
{
	uint64_t w[WORDS];
	unsigned n, back = 0;

	for (unsigned i = 0; i < 3 * WORDS; i++)
		mesh_send_home(&end[0], 1, buf(1));
	mesh_publish(&end[0]);
	cr_expect_neq(end[0].dirty, 0, "some still wait for room");
	cr_expect_eq(cnt[0].n[CNT_core_buf_home_out], WORDS);
	for (unsigned round = 0; round < 4; round++) {
		while ((n = mesh_receive(&end[1], 0, w, WORDS)) > 0) {
			for (unsigned i = 0; i < n; i++) {
				cr_expect_eq(w[i] & MESH_TAG_MASK, MESH_HOME);
				rte_pktmbuf_free((void *)(uintptr_t)(w[i] & ~MESH_TAG_MASK));
			}
			back += n;
		}
		mesh_publish(&end[0]);
	}
	cr_expect_eq(back, 3 * WORDS);
	cr_expect_eq(cnt[0].n[CNT_core_buf_home_out], 3 * WORDS);
	cr_expect_eq(end[0].dirty, 0);
}

/* Taking a core down frees what it has not sent, what waits for room, and what it never received. */
Test(mesh, frees_everything_at_the_end)
{
	for (unsigned i = 0; i < 2 * WORDS; i++)
		mesh_send_home(&end[0], 1, buf(1));
	mesh_send(&end[0], 2, mesh_word(buf(0), MESH_MESSAGE));
	mesh_publish(&end[0]);
	mesh_send(&end[2], 0, mesh_word(buf(2), MESH_HANDOFF));
}
