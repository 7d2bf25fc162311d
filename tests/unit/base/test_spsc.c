/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "rng.h"
#include "spsc.h"

static struct spsc r;
static uint64_t slots[4096];

/* Indices count modulo 2^32: begins n words before they wrap. */
static void init_before_wrap(uint32_t size, uint32_t n)
{
	spsc_init(&r, slots, size);
	r.prod_head = r.prod_cons_copy = r.prod = -n;
	r.cons_tail = r.cons_prod_copy = r.cons = -n;
}

Test(spsc, all_of_its_capacity_is_usable)
{
	uint64_t in[8] = {1, 2, 3, 4, 5, 6, 7, 8}, out[8] = {0};

	spsc_init(&r, slots, 8);
	cr_assert_eq(spsc_slot_bytes(8), 64);
	cr_assert_eq(spsc_pop(&r, out, 8), 0);
	cr_assert_eq(spsc_push(&r, in, 8), 8);
	cr_assert_eq(spsc_push(&r, in, 1), 0);
	cr_assert_eq(spsc_count(&r), 8);
	cr_assert_eq(spsc_pop(&r, out, 8), 8);
	cr_assert_arr_eq(in, out, sizeof(in));
	cr_assert_eq(spsc_count(&r), 0);
}

Test(spsc, takes_and_gives_what_there_is)
{
	uint64_t in[3] = {1, 2, 3}, out[4];

	spsc_init(&r, slots, 4);
	cr_assert_eq(spsc_push(&r, in, 3), 3);
	cr_assert_eq(spsc_push(&r, in, 3), 1, "room for one");
	cr_assert_eq(spsc_pop(&r, out, 1), 1);
	cr_assert_eq(out[0], 1);
	cr_assert_eq(spsc_pop(&r, out, 4), 3, "three are left");
	cr_assert_eq(out[0], 2);
	cr_assert_eq(out[2], 1);
	cr_assert_eq(spsc_push(&r, in, 0), 0);
	cr_assert_eq(spsc_pop(&r, out, 0), 0);
}

Test(spsc, agrees_with_two_counters_on_random_bursts)
{
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct rng rng;
		uint64_t pushed = 0, popped = 0, burst[64];
		uint32_t size;

		rng_seed(&rng, seed);
		size = 2u << rng_below(&rng, 6);
		init_before_wrap(size, 1000);
		for (unsigned i = 0; i < 2000; i++) {
			uint32_t n = rng_below(&rng, 64), fit = size - (uint32_t)(pushed - popped);
			uint32_t wait = (uint32_t)(pushed - popped);

			if (rng_below(&rng, 2) == 0) {
				for (uint32_t j = 0; j < n; j++)
					burst[j] = pushed + j;
				cr_assert_eq(spsc_push(&r, burst, n), n < fit ? n : fit, "seed %lu",
					seed);
				pushed += n < fit ? n : fit;
			} else {
				n = n < wait ? n : wait;
				cr_assert_eq(spsc_pop(&r, burst, n), n, "seed %lu", seed);
				for (uint32_t j = 0; j < n; j++, popped++)
					if (burst[j] != popped)
						cr_assert_fail("seed %lu", seed);
			}
			cr_assert_eq(spsc_count(&r), pushed - popped, "seed %lu", seed);
		}
	}
}

#define WORDS 3000000u

static void *produce(void *arg)
{
	struct rng rng;
	uint64_t next = 0, burst[32];

	rng_seed(&rng, 7);
	while (next < WORDS) {
		uint32_t n = 1 + rng_below(&rng, 32), taken;

		for (uint32_t j = 0; j < n; j++)
			burst[j] = next + j;
		if (n > WORDS - next)
			n = (uint32_t)(WORDS - next);
		taken = spsc_push(&r, burst, n);
		if (taken == 0)
			sched_yield();
		next += taken;
	}
	return NULL;
}

static void pass_between_threads(uint32_t size)
{
	struct rng rng;
	uint64_t next = 0, burst[32];
	pthread_t producer;

	rng_seed(&rng, 8);
	init_before_wrap(size, WORDS / 2);
	cr_assert_eq(pthread_create(&producer, NULL, produce, NULL), 0);
	while (next < WORDS) {
		uint32_t n = spsc_pop(&r, burst, 1 + rng_below(&rng, 32));

		if (n == 0)
			sched_yield();
		for (uint32_t j = 0; j < n; j++, next++)
			if (burst[j] != next)
				cr_assert_fail("%lu in the place of %lu", burst[j], next);
	}
	pthread_join(producer, NULL);
	cr_assert_eq(spsc_count(&r), 0);
}

Test(spsc, two_threads_small_ring)
{
	pass_between_threads(16);
}

Test(spsc, two_threads_large_ring)
{
	pass_between_threads(4096);
}
