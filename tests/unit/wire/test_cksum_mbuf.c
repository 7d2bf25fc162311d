/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_ip.h>
#include <rte_mbuf.h>

#include "wire_cksum.h"
#include "wire_test.h"

#define SEGS_MAX 6

/* A packet of segments on the heap, without pool and EAL: only what the sum reads is set. */
static struct rte_mbuf *segment(const uint8_t *p, uint16_t len, uint16_t headroom)
{
	struct rte_mbuf *m = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*m));

	cr_assert_not_null(m);
	memset(m, 0, sizeof(*m));
	m->buf_addr = malloc(headroom + len);
	m->data_off = headroom;
	m->data_len = len;
	m->pkt_len = len;
	m->nb_segs = 1;
	if (len != 0)
		memcpy(rte_pktmbuf_mtod(m, uint8_t *), p, len);
	return m;
}

static void packet_free(struct rte_mbuf *m)
{
	while (m != NULL) {
		struct rte_mbuf *next = m->next;

		free(m->buf_addr);
		free(m);
		m = next;
	}
}

/* The len bytes at p in n segments cut at random multiples of step; some are empty. */
static struct rte_mbuf *packet(
	struct rng *r, const uint8_t *p, uint16_t len, unsigned n, uint16_t step)
{
	struct rte_mbuf *first = NULL, **tail = &first;
	uint16_t done = 0;

	for (unsigned i = 0; i < n; i++) {
		uint16_t part = (uint16_t)(rng_below(r, (len - done) / step + 1u) * step);

		if (i + 1 == n)
			part = (uint16_t)(len - done);
		*tail = segment(p + done, part, (uint16_t)rng_below(r, 9));
		tail = &(*tail)->next;
		done += part;
	}
	first->nb_segs = (uint16_t)n;
	first->pkt_len = len;
	return first;
}

Test(wire_cksum_mbuf, one_segment)
{
	static const uint8_t p[] = {9, 9, 9, 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7, 9};
	struct rte_mbuf *m = segment(p, sizeof(p), 3);

	cr_assert_eq(
		rte_be_to_cpu_16(wire_cksum_fold(wire_cksum_mbuf(m, 3, 8, 0))), (uint16_t)~0xddf2u);
	cr_assert_eq(wire_cksum_mbuf(m, 0, 0, 0), 0);
	cr_assert_eq(wire_cksum_mbuf(m, sizeof(p), 0, 0), 0);
	packet_free(m);
}

/* RFC 1071 section 2 (B): bytes at odd places count in the other half of their word. */
Test(wire_cksum_mbuf, odd_segments)
{
	static const uint8_t p[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	for (uint16_t a = 0; a <= 8; a++) {
		for (uint16_t b = a; b <= 8; b++) {
			struct rte_mbuf *m = segment(p, a, 1);

			m->next = segment(p + a, (uint16_t)(b - a), 2);
			m->next->next = segment(p + b, (uint16_t)(8 - b), 3);
			cr_assert_eq(rte_be_to_cpu_16(wire_cksum_fold(wire_cksum_mbuf(m, 0, 8, 0))),
				(uint16_t)~0xddf2u, "cut at %u and %u", a, b);
			packet_free(m);
		}
	}
}

Test(wire_cksum_mbuf, equals_the_sum_of_the_bytes)
{
	uint8_t p[512];
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		uint16_t len = (uint16_t)rng_below(&r, sizeof(p) + 1);
		uint32_t off = rng_below(&r, len + 1u), n = rng_below(&r, len - off + 1);
		uint32_t init = (uint32_t)rng_u64(&r);
		struct rte_mbuf *m;

		if (i % 8 == 0)
			memset(p, 0xff, sizeof(p));
		else
			fill(&r, p, sizeof(p));
		m = packet(&r, p, len, 1 + rng_below(&r, SEGS_MAX), 1);
		cr_assert_eq(wire_cksum_fold(wire_cksum_mbuf(m, off, n, init)),
			wire_cksum_fold(wire_cksum_sum(p + off, n, init)), "case %u", i);
		packet_free(m);
	}
}

/* Cut at even places only: DPDK 22.11's loses the carry of a segment at an odd place. */
Test(wire_cksum_mbuf, equals_rte_raw_cksum_mbuf)
{
	uint8_t p[512];
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		uint16_t len = (uint16_t)(1 + rng_below(&r, sizeof(p))), want;
		uint32_t off = rng_below(&r, (len + 1u) / 2) * 2, n = 1 + rng_below(&r, len - off);
		struct rte_mbuf *m;

		fill(&r, p, sizeof(p));
		m = packet(&r, p, len, 1 + rng_below(&r, SEGS_MAX), 2);
		cr_assert_eq(rte_raw_cksum_mbuf(m, off, n, &want), 0);
		cr_assert_eq(wire_cksum_fold(wire_cksum_mbuf(m, off, n, 0)), (uint16_t)~want,
			"case %u", i);
		packet_free(m);
	}
}
