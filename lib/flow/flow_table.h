/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_FLOW_TABLE_H
#define GN_FLOW_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_prefetch.h>
#include <rte_vect.h>

/*
 * Hash table of one core from a 32-bit hash to a 32-bit value (not 0): buckets of one cache line
 * with seven entries each, linear probing over buckets, never grown. It holds no keys: the values
 * name objects that do, and the caller's match function compares them; it is called only where all
 * 32 bits of the hash agree. Used for connections, half-open and TIME-WAIT entries, listeners and
 * UDP sockets.
 *
 * ovf counts the entries whose home is at or before a bucket and that live behind it, so that a
 * search knows where to stop and removal is exact. A search looks at FLOW_PROBE_MAX buckets at the
 * most; an insertion that would need more fails, so that equal hashes (made by an attacker who
 * knows the RSS key) cost a bounded time.
 */
#define FLOW_BUCKET_ENTRIES 7
#define FLOW_PROBE_MAX	    64

struct flow_bucket {
	uint32_t hash[FLOW_BUCKET_ENTRIES];
	uint32_t ovf;
	uint32_t val[FLOW_BUCKET_ENTRIES]; /* 0: free */
	uint32_t pad;			   /* 0 */
} __rte_aligned(64);

_Static_assert(sizeof(struct flow_bucket) == 64, "a bucket is a cache line");

struct flow_table {
	struct flow_bucket *bucket;
	uint32_t shift; /* 32 - log2(buckets) */
	uint32_t mask;
	uint32_t count;
};

typedef bool (*flow_match_fn)(const void *ctx, uint32_t val, const void *key);

/* Room for entries at a load of three quarters. 0 or -ENOMEM. */
int flow_table_init(struct flow_table *t, uint32_t entries);
void flow_table_fini(struct flow_table *t);

/* The low bits of the hash chose the core: all bits take part in the choice of the bucket. */
static inline uint32_t flow_bucket_index(const struct flow_table *t, uint32_t hash)
{
	return (uint32_t)(((uint64_t)(hash * UINT32_C(0x9e3779b1))) >> t->shift);
}

static inline struct flow_bucket *flow_bucket_of(const struct flow_table *t, uint32_t hash)
{
	return &t->bucket[flow_bucket_index(t, hash)];
}

static inline void flow_table_prefetch(const struct flow_table *t, uint32_t hash)
{
	rte_prefetch0(flow_bucket_of(t, hash));
}

/* Bit i set: hash[i] of the bucket equals hash (also in free entries). */
static inline unsigned flow_bucket_match(const struct flow_bucket *b, uint32_t hash)
{
#ifdef __SSE2__
	__m128i h = _mm_set1_epi32((int)hash);
	const __m128i *p = (const __m128i *)(const void *)b->hash;
	unsigned lo = (unsigned)_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(p[0], h)));
	unsigned hi = (unsigned)_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(p[1], h)));

	return (lo | hi << 4) & 0x7f;
#else
	unsigned bits = 0;

	for (unsigned i = 0; i < FLOW_BUCKET_ENTRIES; i++)
		bits |= (unsigned)(b->hash[i] == hash) << i;
	return bits;
#endif
}

/* The value of the first entry in the hash's home bucket that has the hash, or 0: nearly always that of
 * the object, if there is one. Whoever uses it compares the key, and else asks flow_table_find(). */
static inline uint32_t flow_bucket_guess(const struct flow_bucket *b, uint32_t hash)
{
#ifdef __SSE2__
	__m128i h = _mm_set1_epi32((int)hash);
	const __m128i *p = (const __m128i *)(const void *)b->hash;
	/* Two bits of the map for each of the seven, and for ovf, which has pad for a value. */
	unsigned bits = (unsigned)_mm_movemask_epi8(
		_mm_packs_epi32(_mm_cmpeq_epi32(p[0], h), _mm_cmpeq_epi32(p[1], h)));

	if (unlikely(bits == 0))
		return 0;
	return *(const uint32_t *)(const void *)((const char *)b->val +
						 2 * (unsigned)__builtin_ctz(bits));
#else
	for (unsigned i = 0; i < FLOW_BUCKET_ENTRIES; i++)
		if (b->hash[i] == hash)
			return b->val[i];
	return 0;
#endif
}

/* The value whose object matches key, or 0. match is inlined where it is a constant. */
static __rte_always_inline uint32_t flow_table_find(const struct flow_table *t, uint32_t hash,
	flow_match_fn match, const void *ctx, const void *key)
{
	uint32_t i = flow_bucket_index(t, hash);

	for (unsigned probe = 0; probe < FLOW_PROBE_MAX; probe++) {
		const struct flow_bucket *b = &t->bucket[i];

		for (unsigned bits = flow_bucket_match(b, hash); bits != 0; bits &= bits - 1) {
			uint32_t val = b->val[__builtin_ctz(bits)];

			if (val != 0 && match(ctx, val, key))
				return val;
		}
		if (likely(b->ovf == 0))
			return 0;
		i = (i + 1) & t->mask;
	}
	return 0;
}

/* Adds an entry; equal ones are not looked for. 0 or -ENOSPC. */
int flow_table_insert(struct flow_table *t, uint32_t hash, uint32_t val);
/* Removes the entry with this hash and value. 0 or -ENOENT. */
int flow_table_remove(struct flow_table *t, uint32_t hash, uint32_t val);
/* Puts new_val in the place of old_val (an object changed its kind). 0 or -ENOENT. */
int flow_table_replace(struct flow_table *t, uint32_t hash, uint32_t old_val, uint32_t new_val);

#endif
