/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flow_table.h"
#include "rng.h"

/* The table against a plain list; keys are the model's hashes, an object's value its index + 1. */

static bool match_any(const void *ctx, uint32_t val, const void *key)
{
	(void)ctx;
	return val == *(const uint32_t *)key;
}

/* Counts the calls: match is asked only where all of the hash agrees. */
struct asked {
	const uint32_t *hash; /* of each value */
	uint32_t want_hash;
	unsigned n, wrong;
};

static bool match_counting(const void *ctx, uint32_t val, const void *key)
{
	struct asked *a = (struct asked *)(uintptr_t)ctx;

	a->n++;
	a->wrong += a->hash[val] != a->want_hash;
	return val == *(const uint32_t *)key;
}

static uint32_t find(const struct flow_table *t, uint32_t hash, uint32_t val)
{
	return flow_table_find(t, hash, match_any, NULL, &val);
}

/* As after init: nothing is left of what was inserted and removed. */
static void assert_clean(const struct flow_table *t)
{
	cr_assert_eq(t->count, 0);
	for (uint32_t i = 0; i <= t->mask; i++) {
		cr_assert_eq(t->bucket[i].ovf, 0, "bucket %u counts entries behind it", i);
		for (unsigned e = 0; e < FLOW_BUCKET_ENTRIES; e++)
			cr_assert_eq(t->bucket[i].val[e], 0);
	}
}

Test(flow_table, insert_find_remove)
{
	struct flow_table t;

	cr_assert_eq(flow_table_init(&t, 100), 0);
	cr_assert_eq(find(&t, 5, 1), 0);
	cr_assert_eq(flow_table_insert(&t, 5, 1), 0);
	cr_assert_eq(find(&t, 5, 1), 1);
	cr_assert_eq(find(&t, 6, 1), 0);
	cr_assert_eq(find(&t, 5, 2), 0);
	cr_assert_eq(flow_table_remove(&t, 5, 2), -ENOENT);
	cr_assert_eq(flow_table_remove(&t, 6, 1), -ENOENT);
	cr_assert_eq(flow_table_remove(&t, 5, 1), 0);
	cr_assert_eq(flow_table_remove(&t, 5, 1), -ENOENT);
	cr_assert_eq(find(&t, 5, 1), 0);
	assert_clean(&t);
	flow_table_fini(&t);
}

/* A hash of 0, as free entries hold, is a hash like any other. */
Test(flow_table, hash_zero)
{
	struct flow_table t;

	cr_assert_eq(flow_table_init(&t, 10), 0);
	cr_assert_eq(find(&t, 0, 0), 0);
	cr_assert_eq(flow_table_insert(&t, 0, 3), 0);
	cr_assert_eq(find(&t, 0, 3), 3);
	cr_assert_eq(flow_table_remove(&t, 0, 3), 0);
	assert_clean(&t);
	flow_table_fini(&t);
}

Test(flow_table, replace)
{
	struct flow_table t;

	cr_assert_eq(flow_table_init(&t, 10), 0);
	cr_assert_eq(flow_table_replace(&t, 7, 1, 2), -ENOENT);
	cr_assert_eq(flow_table_insert(&t, 7, 1), 0);
	cr_assert_eq(flow_table_replace(&t, 7, 1, 2), 0);
	cr_assert_eq(find(&t, 7, 1), 0);
	cr_assert_eq(find(&t, 7, 2), 2);
	cr_assert_eq(t.count, 1);
	cr_assert_eq(flow_table_remove(&t, 7, 2), 0);
	assert_clean(&t);
	flow_table_fini(&t);
}

/* "Room for entries at a load of three quarters": as many as were asked for go in. */
Test(flow_table, holds_what_it_was_made_for)
{
	static const uint32_t sizes[] = {1, 2, 7, 8, 100, 1000, 36864, 100000};
	struct rng r;

	rng_seed(&r, 42);
	for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct flow_table t;

		cr_assert_eq(flow_table_init(&t, sizes[s]), 0);
		for (uint32_t i = 1; i <= sizes[s]; i++)
			cr_assert_eq(flow_table_insert(&t, (uint32_t)rng_u64(&r), i), 0,
				"entry %u of %u", i, sizes[s]);
		cr_assert_eq(t.count, sizes[s]);
		flow_table_fini(&t);
	}
}

/* Equal hashes fill FLOW_PROBE_MAX buckets and then fail: a bounded time for an attacker. */
Test(flow_table, colliding_hashes_are_bounded)
{
	const uint32_t most = FLOW_PROBE_MAX * FLOW_BUCKET_ENTRIES;
	struct flow_table t;
	uint32_t n = 0;

	cr_assert_eq(flow_table_init(&t, 100000), 0);
	while (flow_table_insert(&t, 0x12345678, n + 1) == 0)
		n++;
	cr_assert_eq(n, most);
	cr_assert_eq(flow_table_insert(&t, 0x12345678, n + 1), -ENOSPC);
	cr_assert_eq(t.count, most);
	for (uint32_t i = 1; i <= most; i++)
		cr_assert_eq(find(&t, 0x12345678, i), i);
	/* One out of the middle makes room for one. */
	cr_assert_eq(flow_table_remove(&t, 0x12345678, most / 2), 0);
	cr_assert_eq(flow_table_insert(&t, 0x12345678, 9999), 0);
	cr_assert_eq(find(&t, 0x12345678, 9999), 9999);
	cr_assert_eq(flow_table_remove(&t, 0x12345678, 9999), 0);
	for (uint32_t i = most; i >= 1; i--)
		cr_assert_eq(flow_table_remove(&t, 0x12345678, i), i == most / 2 ? -ENOENT : 0);
	assert_clean(&t);
	flow_table_fini(&t);
}

/* A table smaller than the probe limit can be filled to the last entry, and wraps round its end. */
Test(flow_table, small_table_fills_to_the_last_entry)
{
	struct flow_table t;
	uint32_t room, n = 0;

	cr_assert_eq(flow_table_init(&t, 20), 0);
	room = (t.mask + 1) * FLOW_BUCKET_ENTRIES;
	while (flow_table_insert(&t, n * 77, n + 1) == 0)
		n++;
	cr_assert_eq(n, room);
	for (uint32_t i = 0; i < n; i++)
		cr_assert_eq(find(&t, i * 77, i + 1), i + 1);
	cr_assert_eq(find(&t, 1, 1), 0, "a miss in a full table ends");
	for (uint32_t i = 0; i < n; i++)
		cr_assert_eq(flow_table_remove(&t, i * 77, i + 1), 0);
	assert_clean(&t);
	flow_table_fini(&t);
}

#define MODEL_MAX 3000

/* Random insertions, removals, replacements and searches; hash_bits makes collisions. */
static void against_model(uint64_t seed, unsigned hash_bits, uint32_t entries)
{
	static uint32_t hash[3 * MODEL_MAX + 1];
	static bool in[3 * MODEL_MAX + 1];
	uint32_t mask = hash_bits == 32 ? UINT32_MAX : (1u << hash_bits) - 1, n = 0;
	struct flow_table t;
	struct rng r;

	rng_seed(&r, seed);
	memset(in, 0, sizeof(in));
	cr_assert_eq(flow_table_init(&t, entries), 0);
	for (unsigned step = 0; step < 40000; step++) {
		uint32_t v = 1 + rng_below(&r, entries);
		struct asked a = {.hash = hash, .want_hash = hash[v]};

		if (!in[v]) {
			hash[v] = (uint32_t)rng_u64(&r) & mask;
			in[v] = flow_table_insert(&t, hash[v], v) == 0;
			n += in[v];
			cr_assert(in[v] || hash_bits < 32, "seed %lu: insertion failed", seed);
		} else if (rng_below(&r, 4) == 0) {
			cr_assert_eq(flow_table_find(&t, hash[v], match_counting, &a, &v), v,
				"seed %lu step %u: lost", seed, step);
			cr_assert_eq(a.wrong, 0);
		} else {
			cr_assert_eq(flow_table_remove(&t, hash[v], v), 0, "seed %lu step %u", seed,
				step);
			in[v] = false;
			n--;
			cr_assert_eq(find(&t, hash[v], v), 0);
		}
		cr_assert_eq(t.count, n);
	}
	for (uint32_t v = 1; v <= entries; v++) {
		cr_assert_eq(find(&t, hash[v], v), in[v] ? v : 0);
		if (in[v])
			cr_assert_eq(flow_table_remove(&t, hash[v], v), 0);
	}
	assert_clean(&t);
	flow_table_fini(&t);
}

Test(flow_table, model_random_hashes)
{
	for (uint64_t seed = 1; seed <= 20; seed++)
		against_model(seed, 32, MODEL_MAX);
}

Test(flow_table, model_colliding_hashes)
{
	for (uint64_t seed = 1; seed <= 20; seed++)
		against_model(100 + seed, 4 + (unsigned)(seed % 8), 100 + 140 * (uint32_t)seed);
}

Test(flow_table, model_tiny_tables)
{
	for (uint64_t seed = 1; seed <= 20; seed++)
		against_model(200 + seed, 3, 1 + (uint32_t)seed);
}
