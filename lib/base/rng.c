/* SPDX-License-Identifier: BSD-3-Clause */
#include "rng.h"

/* Blackman, Vigna: "Scrambled linear pseudorandom number generators", 2018. */

static uint64_t rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

void rng_seed(struct rng *r, uint64_t seed)
{
	/* splitmix64 is a bijection of a counter: four outputs in a row are never all zero. */
	for (unsigned i = 0; i < 4; i++) {
		seed += UINT64_C(0x9e3779b97f4a7c15);
		uint64_t z = seed;

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		r->s[i] = z ^ z >> 31;
	}
}

uint64_t rng_u64(struct rng *r)
{
	uint64_t *s = r->s;
	uint64_t result = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

/*
 * Lemire: "Fast random integer generation in an interval", 2019. The high half of x * n is
 * uniform once the 2^32 mod n lowest products of each value are rejected.
 */
uint32_t rng_below(struct rng *r, uint32_t n)
{
	uint64_t m = (rng_u64(r) >> 32) * n;

	if ((uint32_t)m < n) {
		uint32_t reject = -n % n;

		while ((uint32_t)m < reject)
			m = (rng_u64(r) >> 32) * n;
	}
	return m >> 32;
}
