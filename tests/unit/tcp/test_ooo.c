/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "heap_pool.h"
#include "ooo.h"
#include "rng.h"

/*
 * The out-of-order queue and the cutting of buffers against a plain array of bytes: whatever
 * arrives, in whatever order and with whatever overlap, each byte is delivered once, in order.
 */
#define STREAM	  20000u
#define POOL_SIZE 1024

static struct env env;
static struct tcp tcp;
static struct tcb tcb;
static struct tcp_xr xr;
static struct rte_mempool *mp;
static uint32_t start; /* sequence number of the stream's first byte */
static uint32_t got;

static uint8_t byte_at(uint32_t i)
{
	return (uint8_t)(i * UINT32_C(2654435761) >> 24);
}

static void received(void *ctx, struct tcb *t, struct rte_mbuf *m)
{
	uint32_t n = 0;

	rte_mbuf_sanity_check(m, 1);
	for (const struct rte_mbuf *s = m; s != NULL; s = s->next)
		for (unsigned i = 0; i < s->data_len; i++, n++)
			cr_assert_eq(*rte_pktmbuf_mtod_offset(s, const uint8_t *, i),
				byte_at(got + n), "byte %u", got + n);
	cr_assert_eq(n, m->pkt_len);
	cr_assert_gt(n, 0);
	got += n;
	pkt_free(&env.pool, m);
}

static const struct tcp_up_ops up = {.received = received};

static void begin(uint32_t first_seq, uint32_t ooo_max)
{
	memset(&env, 0, sizeof(env));
	memset(&tcp, 0, sizeof(tcp));
	memset(&tcb, 0, sizeof(tcb));
	mp = heap_pool_create("ooo", POOL_SIZE, RTE_MBUF_DEFAULT_BUF_SIZE);
	cr_assert_not_null(mp);
	heap_pkt_pool(&env.pool, mp, &env.cnt);
	tcp.env = &env;
	tcp.up = &up;
	tcp.conf.ooo_max = ooo_max;
	tcp.ooo_bufs_max = POOL_SIZE;
	tcp.xr_mem = &xr; /* the only one, so given back each time */
	tcb.snd_buf = 65536;
	rng_seed(&env.rng, 1);
	tcb.state = TCP_ESTABLISHED;
	tcb.rcv_nxt = first_seq;
	start = first_seq;
	got = 0;
}

static void end(void)
{
	tcp_ooo_free(&tcp, &tcb);
	cr_assert_eq(heap_pool_avail(mp), POOL_SIZE);
	heap_pool_free(mp);
}

/* Bytes [at, at + len) of the stream, in 1 to 3 buffers, with or without headroom. */
static struct rte_mbuf *packet(struct rng *r, uint32_t at, uint32_t len)
{
	struct rte_mbuf *head = NULL, *last = NULL;
	unsigned segs = 1 + rng_below(r, 3);

	for (unsigned k = 0; k < segs; k++) {
		struct rte_mbuf *m = pkt_alloc(&env.pool);
		uint32_t n = k == segs - 1 ? len : rng_below(r, len + 1);

		cr_assert_not_null(m);
		m->data_off = rng_below(r, 2) == 0 ? 0 : RTE_PKTMBUF_HEADROOM;
		m->data_len = (uint16_t)n;
		for (uint32_t i = 0; i < n; i++)
			*rte_pktmbuf_mtod_offset(m, uint8_t *, i) = byte_at(at++);
		len -= n;
		if (head == NULL)
			head = m;
		else
			last->next = m;
		last = m;
		head->nb_segs = (uint16_t)(k + 1);
		head->pkt_len += k == 0 ? 0 : n;
		if (k == 0)
			head->pkt_len = n;
	}
	return head;
}

/* The list's lowest level, as ooo.c has it in the headroom. */
static struct rte_mbuf *next_range(struct rte_mbuf *m)
{
	struct {
		uint32_t seq, end;
		uint8_t level;
		struct rte_mbuf *last, *next;
	} *n = m->buf_addr;

	return n->next;
}

/* The ranges ascend and do not touch, and the buffers are counted. */
static void check_list(void)
{
	uint32_t left, right, edge = tcb.rcv_nxt, bufs = 0, at = tcb.rcv_nxt;

	for (; tcb.xr != NULL && tcp_ooo_after(tcb.xr, at, &left, &right); at = left) {
		cr_assert(seq_lt(left, right), "an empty range");
		cr_assert(seq_gt(left, edge), "overlap in the queue");
		edge = right;
	}
	cr_assert_eq(tcp.ooo_bufs, tcb.xr != NULL ? tcb.xr->ooo_bufs : 0);
	for (struct rte_mbuf *m = tcb.xr != NULL ? tcb.xr->ooo[0] : NULL; m != NULL;
		m = next_range(m)) {
		rte_mbuf_sanity_check(m, 1);
		bufs += m->nb_segs;
	}
	cr_assert_eq(bufs, tcp.ooo_bufs);
	cr_assert_leq(bufs, tcp.conf.ooo_max);
	cr_assert_eq(heap_pool_avail(mp), POOL_SIZE - bufs, "a buffer is nowhere");
}

/* What tcp_data_process() does with a trimmed segment. */
static void arrive(struct rng *r, uint32_t at, uint32_t len)
{
	struct rte_mbuf *m = packet(r, at, len);

	if (at > got) {
		tcp_ooo_add(&tcp, &tcb, m, start + at, false);
		check_list();
		return;
	}
	if (at + len <= got) {
		pkt_free(&env.pool, m);
		return;
	}
	m = tcp_trim_front(&tcp, m, got - at);
	tcp_deliver(&tcp, &tcb, m, m->pkt_len);
	if (tcb.xr != NULL)
		tcp_ooo_drain(&tcp, &tcb);
	check_list();
}

static void against_model(uint64_t seed, uint32_t first_seq, uint32_t ooo_max)
{
	struct rng r;

	rng_seed(&r, seed);
	begin(first_seq, ooo_max);
	for (unsigned step = 0; got < STREAM && step < 20000; step++) {
		uint32_t ahead = rng_below(&r, 4) == 0 ? 0 : rng_below(&r, 4000);
		uint32_t back = rng_below(&r, RTE_MIN(got, 500u) + 1);
		uint32_t at = got + ahead - RTE_MIN(back, got + ahead);

		if (at >= STREAM)
			continue;
		arrive(&r, at, 1 + rng_below(&r, RTE_MIN(STREAM - at, 700u)));
	}
	cr_assert_eq(got, STREAM, "seed %lu: stuck at %u", seed, got);
	cr_assert_eq(tcb.rcv_nxt, first_seq + STREAM);
	end();
}

Test(tcp_ooo, each_byte_once_in_order)
{
	for (uint64_t seed = 1; seed <= 30; seed++)
		against_model(seed, 1000, 64);
}

Test(tcp_ooo, wraps)
{
	for (uint64_t seed = 31; seed <= 50; seed++)
		against_model(seed, 0u - STREAM / 2, 64);
}

Test(tcp_ooo, few_places)
{
	for (uint64_t seed = 51; seed <= 70; seed++)
		against_model(seed, 77, 2);
}

/* Within what two queued ones hold together: nothing of it is new. */
Test(tcp_ooo, covered_by_two_neighbours)
{
	uint32_t left, right;
	struct rng r;

	rng_seed(&r, 1);
	begin(0, 64);
	arrive(&r, 10, 10);
	arrive(&r, 20, 10);
	arrive(&r, 15, 10);
	cr_assert_eq(env.cnt.drop[DROP_tcp_dup], 1);
	cr_assert(tcp_ooo_range(&xr, 25, &left, &right));
	cr_assert(left == 10 && right == 30);
	cr_assert_not(tcp_ooo_range(&xr, 30, &left, &right));
	cr_assert_not(tcp_ooo_range(&xr, 9, &left, &right));
	end();
}

static void one_byte(uint32_t at)
{
	struct rte_mbuf *m = pkt_alloc(&env.pool);

	cr_assert_not_null(m);
	m->data_len = 1;
	m->pkt_len = 1;
	*rte_pktmbuf_mtod(m, uint8_t *) = byte_at(at);
	tcp_ooo_add(&tcp, &tcb, m, start + at, false);
}

/* A peer that sends byte by byte beyond a hole does not get a buffer for each. */
Test(tcp_ooo, small_ones_share_buffers)
{
	struct rng r;

	rng_seed(&r, 2);
	begin(5, 64);
	for (uint32_t i = 1; i < 10000; i++)
		one_byte(i);
	cr_assert_leq(tcp.ooo_bufs, 8);
	check_list();
	arrive(&r, 0, 1);
	cr_assert_eq(got, 10000);
	end();
}

/* Nor one for each of its holes beyond the bound, in whatever order they come. */
Test(tcp_ooo, many_ranges)
{
	struct rng r;
	uint32_t step = 7919; /* a prime: all places of 0 to 1999 in a strange order */

	rng_seed(&r, 3);
	begin(5, 900);
	for (uint32_t i = 0, k = 0; i < 2000; i++, k = (k + step) % 2000)
		one_byte(1 + 2 * k);
	check_list();
	cr_assert_eq(tcp.ooo_bufs, 900);
	cr_assert_eq(env.cnt.drop[DROP_tcp_ooo_full], 1100);
	end();
}

/* All connections of a core together. */
Test(tcp_ooo, bounded_by_the_core)
{
	begin(5, 900);
	tcp.ooo_bufs_max = 10;
	for (uint32_t i = 0; i < 20; i++)
		one_byte(1 + 2 * i);
	check_list();
	cr_assert_eq(tcp.ooo_bufs, 10);
	end();
	cr_assert_eq(tcp.ooo_bufs, 0);
}

Test(tcp_trim, front_and_tail)
{
	struct rng r;

	begin(0, 1);
	for (uint64_t seed = 1; seed <= 2000; seed++) {
		rng_seed(&r, seed);
		uint32_t len = 1 + rng_below(&r, 1500), front, tail, at;
		struct rte_mbuf *m = packet(&r, 0, len);

		front = rng_below(&r, len);
		tail = rng_below(&r, len - front);
		m = tcp_trim_front(&tcp, m, front);
		tcp_trim_tail(&tcp, m, tail);
		rte_mbuf_sanity_check(m, 1);
		cr_assert_eq(m->pkt_len, len - front - tail, "seed %lu", seed);
		at = front;
		for (const struct rte_mbuf *s = m; s != NULL; s = s->next)
			for (unsigned i = 0; i < s->data_len; i++, at++)
				cr_assert_eq(*rte_pktmbuf_mtod_offset(s, const uint8_t *, i),
					byte_at(at), "seed %lu", seed);
		cr_assert_eq(at, len - tail);
		pkt_free(&env.pool, m);
		cr_assert_eq(heap_pool_avail(mp), POOL_SIZE);
	}
	end();
}
