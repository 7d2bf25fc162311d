/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_BENCH_LOAD_H
#define GN_BENCH_LOAD_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Load at a given rate, for the scenario latency: requests become due at random times (Poisson)
 * whatever the answers do, and a latency counts from when the request was due, not from when a free
 * connection was found. So a server that stalls is charged for all that waited meanwhile.
 */
#define LOAD_SUB_BITS 6 /* buckets of a power of two: 1.6 % wide */

struct load {
	uint64_t next_ns; /* when the next request is due; 0: the load has not begun */
	double mean_ns;
	uint64_t random;
	uint64_t count[64 << LOAD_SUB_BITS]; /* latencies of a bucket */
	uint64_t n;
};

void load_init(struct load *l, double per_second);
uint64_t load_clock_ns(void);
/* A request that is due at now: its time; 0: none is. */
uint64_t load_due(struct load *l, uint64_t now_ns);
/* The answer to a request due at due_ns is here. */
void load_done(struct load *l, uint64_t due_ns, uint64_t now_ns);
/* The latency that a share of all answers, 0 to 1, does not exceed. */
uint64_t load_quantile(const struct load *l, double share);

#endif
