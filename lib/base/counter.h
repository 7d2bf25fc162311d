/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_BASE_COUNTER_H
#define GN_BASE_COUNTER_H

#include <stdint.h>

/* What a core counts and why it drops: generated from counter.def and drop.def. */
enum counter {
#define COUNTER(group, id, text) CNT_##group##_##id,
#include "counter.def"
#undef COUNTER
	CNT_MAX
};

enum drop {
	DROP_NONE = 0,
#define DROP(id, severity, text) DROP_##id,
#include "drop.def"
#undef DROP
	DROP_MAX
};

/*
 * One per core; incremented by that core only, with plain stores. Other threads may read any
 * single value at any time (64-bit loads do not tear); whoever wants a total adds up.
 */
struct counters {
	uint64_t n[CNT_MAX];
	uint64_t drop[DROP_MAX];
};

static inline void count(struct counters *c, enum counter id)
{
	c->n[id]++;
}

static inline void count_add(struct counters *c, enum counter id, uint64_t by)
{
	c->n[id] += by;
}

struct counter_info {
	const char *group; /* "tcp" */
	const char *name;  /* "rx_segs" */
	const char *text;
};

struct drop_info {
	const char *name;
	const char *severity; /* "info", "warn", "error" */
	const char *text;
};

/* Indexed by enum counter and enum drop; drop_info[DROP_NONE] is {"none", "info", ""}. */
extern const struct counter_info counter_info[CNT_MAX];
extern const struct drop_info drop_info[DROP_MAX];

#endif
