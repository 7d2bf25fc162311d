/* SPDX-License-Identifier: BSD-3-Clause */
#include "load.h"

#include <math.h>
#include <string.h>
#include <time.h>

void load_init(struct load *l, double per_second)
{
	memset(l, 0, sizeof(*l));
	l->mean_ns = 1e9 / per_second;
	l->random = 88172645463325252ull;
}

uint64_t load_clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Time to the next arrival: exponentially distributed. */
static uint64_t gap(struct load *l)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return (uint64_t)(-log(((double)(l->random >> 11) + 1) / 9007199254740993.0) * l->mean_ns);
}

uint64_t load_due(struct load *l, uint64_t now_ns)
{
	uint64_t due = l->next_ns;

	if (due == 0) {
		l->next_ns = now_ns + gap(l);
		return 0;
	}
	if (due > now_ns)
		return 0;
	l->next_ns = due + gap(l);
	return due;
}

static unsigned bucket(uint64_t ns)
{
	if (ns < (1u << LOAD_SUB_BITS))
		return (unsigned)ns;
	unsigned shift = 63 - (unsigned)__builtin_clzll(ns) - LOAD_SUB_BITS;

	return ((shift + 1) << LOAD_SUB_BITS) + (unsigned)((ns >> shift) - (1u << LOAD_SUB_BITS));
}

/* The upper edge. */
static uint64_t bucket_ns(unsigned i)
{
	unsigned shift = i >> LOAD_SUB_BITS, sub = i & ((1u << LOAD_SUB_BITS) - 1);

	if (shift == 0)
		return sub;
	return ((uint64_t)(sub + (1u << LOAD_SUB_BITS) + 1) << (shift - 1)) - 1;
}

void load_done(struct load *l, uint64_t due_ns, uint64_t now_ns)
{
	l->count[bucket(now_ns - due_ns)]++;
	l->n++;
}

uint64_t load_quantile(const struct load *l, double share)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < sizeof(l->count) / sizeof(l->count[0]); i++) {
		sum += l->count[i];
		if (sum != 0 && (double)sum >= share * (double)l->n)
			return bucket_ns(i);
	}
	return 0;
}
