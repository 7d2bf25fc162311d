/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int flow_table_init(struct flow_table *t, uint32_t entries)
{
	uint64_t want = ((uint64_t)entries * 4 / 3 + FLOW_BUCKET_ENTRIES - 1) / FLOW_BUCKET_ENTRIES;
	uint32_t bits = 1;

	while (bits < 31 && (UINT64_C(1) << bits) < want)
		bits++;
	size_t bytes = sizeof(struct flow_bucket) << bits;

	t->bucket = aligned_alloc(64, bytes);
	if (t->bucket == NULL)
		return -ENOMEM;
	memset(t->bucket, 0, bytes);
	t->shift = 32 - bits;
	t->mask = (UINT32_C(1) << bits) - 1;
	t->count = 0;
	return 0;
}

void flow_table_fini(struct flow_table *t)
{
	free(t->bucket);
	t->bucket = NULL;
}

static int bucket_free_entry(const struct flow_bucket *b)
{
	for (int i = 0; i < FLOW_BUCKET_ENTRIES; i++)
		if (b->val[i] == 0)
			return i;
	return -1;
}

int flow_table_insert(struct flow_table *t, uint32_t hash, uint32_t val)
{
	uint32_t home = flow_bucket_index(t, hash), i = home;
	unsigned probes = t->mask < FLOW_PROBE_MAX ? t->mask + 1 : FLOW_PROBE_MAX;

	for (unsigned probe = 0; probe < probes; probe++, i = (i + 1) & t->mask) {
		int e = bucket_free_entry(&t->bucket[i]);

		if (e < 0)
			continue;
		t->bucket[i].hash[e] = hash;
		t->bucket[i].val[e] = val;
		for (uint32_t j = home; j != i; j = (j + 1) & t->mask)
			t->bucket[j].ovf++;
		t->count++;
		return 0;
	}
	return -ENOSPC;
}

/* The bucket and entry that hold (hash, val). */
static struct flow_bucket *entry_find(
	struct flow_table *t, uint32_t hash, uint32_t val, uint32_t *index, unsigned *entry)
{
	uint32_t i = flow_bucket_index(t, hash);

	for (unsigned probe = 0; probe < FLOW_PROBE_MAX; probe++, i = (i + 1) & t->mask) {
		struct flow_bucket *b = &t->bucket[i];

		for (unsigned bits = flow_bucket_match(b, hash); bits != 0; bits &= bits - 1) {
			unsigned e = (unsigned)__builtin_ctz(bits);

			if (b->val[e] == val) {
				*index = i;
				*entry = e;
				return b;
			}
		}
		if (b->ovf == 0)
			break;
	}
	return NULL;
}

int flow_table_remove(struct flow_table *t, uint32_t hash, uint32_t val)
{
	uint32_t i;
	unsigned e;
	struct flow_bucket *b = entry_find(t, hash, val, &i, &e);

	if (b == NULL)
		return -ENOENT;
	b->val[e] = 0;
	b->hash[e] = 0; /* so that searches rarely look at it */
	for (uint32_t j = flow_bucket_index(t, hash); j != i; j = (j + 1) & t->mask)
		t->bucket[j].ovf--;
	t->count--;
	return 0;
}

int flow_table_replace(struct flow_table *t, uint32_t hash, uint32_t old_val, uint32_t new_val)
{
	uint32_t i;
	unsigned e;
	struct flow_bucket *b = entry_find(t, hash, old_val, &i, &e);

	if (b == NULL)
		return -ENOENT;
	b->val[e] = new_val;
	return 0;
}
