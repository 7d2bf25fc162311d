/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_prefetch.h>

#include "cable_priv.h"

/* Binary heap of frames on their way, the earliest at the top; its memory is its owner's. */

static bool due_before(const struct cable_due *a, const struct cable_due *b)
{
	return a->due_us < b->due_us || (a->due_us == b->due_us && a->seq < b->seq);
}

static void heap_push(struct cable_rxq *q, uint64_t due_us, struct rte_mbuf *m)
{
	struct cable_due d = {.due_us = due_us, .seq = q->heap_seq++, .m = m};
	uint32_t i = q->heap_n++;

	for (; i > 0 && due_before(&d, &q->heap[(i - 1) / 2]); i = (i - 1) / 2)
		q->heap[i] = q->heap[(i - 1) / 2];
	q->heap[i] = d;
}

static struct rte_mbuf *heap_pop(struct cable_rxq *q)
{
	struct rte_mbuf *m = q->heap[0].m;
	struct cable_due last = q->heap[--q->heap_n];
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < q->heap_n) {
		if (child + 1 < q->heap_n && due_before(&q->heap[child + 1], &q->heap[child]))
			child++;
		if (!due_before(&q->heap[child], &last))
			break;
		q->heap[i] = q->heap[child];
		i = child;
	}
	q->heap[i] = last;
	return m;
}

static struct cable_lane *rx_lane(const struct cable_rxq *q, uint32_t i)
{
	return q->lane + (size_t)i * q->stride;
}

void cable_rx_collect(struct cable_rxq *q)
{
	for (uint32_t i = 0; i < q->n_lanes; i++) {
		uint64_t word;

		while (q->heap_n < q->heap_cap && spsc_pop(&rx_lane(q, i)->ring, &word, 1) != 0) {
			struct rte_mbuf *m = (struct rte_mbuf *)(uintptr_t)word;

			heap_push(q, q->timed ? m->tx_offload : 0, m);
		}
	}
}

void cable_rx_drain(struct cable_rxq *q)
{
	for (uint32_t i = 0; i < q->n_lanes; i++) {
		uint64_t word;

		while (spsc_pop(&rx_lane(q, i)->ring, &word, 1) != 0)
			rte_pktmbuf_free((struct rte_mbuf *)(uintptr_t)word);
	}
	while (q->heap_n != 0)
		rte_pktmbuf_free(heap_pop(q));
}

static uint16_t rx_timed(struct cable_rxq *q, struct rte_mbuf **pkts, uint16_t n, uint64_t now_us)
{
	uint16_t got = 0;

	cable_rx_collect(q);
	while (got < n && q->heap_n != 0 && q->heap[0].due_us <= now_us) {
		pkts[got] = heap_pop(q);
		pkts[got++]->tx_offload = 0;
	}
	return got;
}

/* One turn over the lanes, beginning after the one that ended the last burst. */
static uint16_t rx_lanes(struct cable_rxq *q, uint32_t n_lanes, struct rte_mbuf **pkts, uint16_t n)
{
	uint32_t i = q->next_lane;
	uint16_t got = 0;

	for (uint32_t turn = 0; turn < n_lanes && got < n; turn++) {
		got += spsc_pop(&rx_lane(q, i)->ring, (uint64_t *)(pkts + got), n - got);
		i = i + 1 == n_lanes ? 0 : i + 1;
	}
	q->next_lane = i;
	return got;
}

/*
 * Fetches the lines that the next n words are in while the sender's index is on its way, instead of
 * after it: they come from the sender's cache, too.
 */
static inline void rx_prefetch(const struct spsc *r, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += RTE_CACHE_LINE_SIZE / sizeof(uint64_t))
		rte_prefetch0(&r->cons_slot[(r->cons_tail + i) & r->cons_mask]);
}

uint16_t cable_rx(void *queue, struct rte_mbuf **pkts, uint16_t n, uint64_t now_us)
{
	struct cable_rxq *q = queue;
	uint32_t n_lanes = __atomic_load_n(&q->n_lanes, __ATOMIC_ACQUIRE);

	if (likely(n_lanes == 1 && !q->timed)) {
		rx_prefetch(&q->lane->ring, n);
		return spsc_pop(&q->lane->ring, (uint64_t *)pkts, n);
	}
	if (n_lanes == 0)
		return 0;
	return q->timed ? rx_timed(q, pkts, n, now_us) : rx_lanes(q, n_lanes, pkts, n);
}

uint64_t cable_next_us(void *queue)
{
	struct cable_rxq *q = queue;
	uint32_t n_lanes = __atomic_load_n(&q->n_lanes, __ATOMIC_ACQUIRE);

	if (q->timed) {
		if (n_lanes != 0)
			cable_rx_collect(q);
		return q->heap_n != 0 ? q->heap[0].due_us : UINT64_MAX;
	}
	for (uint32_t i = 0; i < n_lanes; i++)
		if (spsc_count(&rx_lane(q, i)->ring) != 0)
			return 0;
	return UINT64_MAX;
}
