/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "rng.h"

/* Output of the authors' reference programs. */
Test(rng, seeds_by_splitmix64)
{
	struct rng r;

	rng_seed(&r, 0);
	cr_assert_eq(r.s[0], UINT64_C(0xe220a8397b1dcdaf));
	cr_assert_eq(r.s[1], UINT64_C(0x6e789e6aa1b965f4));
	cr_assert_eq(r.s[2], UINT64_C(0x06c45d188009454f));
	cr_assert_eq(r.s[3], UINT64_C(0xf88bb8a8724c81ec));
}

Test(rng, is_xoshiro256_starstar)
{
	static const uint64_t expected[] = {11520, 0, 1509978240, UINT64_C(1215971899390074240),
		UINT64_C(1216172134540287360), UINT64_C(607988272756665600)};
	struct rng r = {{1, 2, 3, 4}};

	for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		cr_assert_eq(rng_u64(&r), expected[i]);
}

Test(rng, equal_seeds_equal_sequences)
{
	struct rng a, b, c;
	unsigned differ = 0;

	rng_seed(&a, 42);
	rng_seed(&b, 42);
	rng_seed(&c, 43);
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t x = rng_u64(&a);

		cr_assert_eq(x, rng_u64(&b));
		differ += x != rng_u64(&c);
		cr_assert_eq(rng_below(&a, 1 + i), rng_below(&b, 1 + i));
		rng_u64(&c);
	}
	cr_assert_gt(differ, 990);
}

/* Chi-square of n_bins equally likely bins; 60 is far beyond chance for up to 16 bins. */
static double chi_square(const unsigned *bins, unsigned n_bins, unsigned total)
{
	double expected = (double)total / n_bins, sum = 0;

	for (unsigned i = 0; i < n_bins; i++)
		sum += (bins[i] - expected) * (bins[i] - expected) / expected;
	return sum;
}

Test(rng, ranges_are_unbiased)
{
	static const uint32_t ns[] = {1, 2, 3, 6, 7, 10, 1000, 65536, UINT32_C(3) << 30,
		UINT32_C(0x80000001), UINT32_MAX};
	const unsigned total = 200000;

	for (unsigned i = 0; i < sizeof(ns) / sizeof(ns[0]); i++) {
		uint32_t n = ns[i], n_bins = n < 9 ? n : 9;
		unsigned high[9] = {0}, low[3] = {0};
		struct rng r;

		rng_seed(&r, i);
		for (unsigned j = 0; j < total; j++) {
			uint32_t x = rng_below(&r, n);

			if (x >= n)
				cr_assert_fail("%u is not below %u", x, n);
			high[(uint64_t)x * n_bins / n]++;
			low[x % 3]++;
		}
		/* Bins of unlike size where n is small and no multiple of them. */
		if (n < 9 || n > 10000)
			cr_assert_lt(chi_square(high, n_bins, total), 60, "below %u", n);
		if (n % 3 == 0 || n > 10000)
			cr_assert_lt(chi_square(low, 3, total), 60, "below %u, modulo 3", n);
	}
}
