/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_BASE_RNG_H
#define GN_BASE_RNG_H

#include <stdint.h>

/*
 * xoshiro256**, one per core: fast and repeatable from a seed, not for secrets (keys come from
 * getrandom() at start, in control code). All states are valid but all-zero, which rng_seed()
 * never makes.
 */
struct rng {
	uint64_t s[4];
};

/* Expands seed by splitmix64; equal seeds give equal sequences on every machine. */
void rng_seed(struct rng *r, uint64_t seed);

uint64_t rng_u64(struct rng *r);

/* Uniform in [0, n), n > 0; unbiased. */
uint32_t rng_below(struct rng *r, uint32_t n);

#endif
