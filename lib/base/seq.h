/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_BASE_SEQ_H
#define GN_BASE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Sequence numbers compare modulo 2^32 (RFC 9293 section 3.4): a is "before" b when the signed
 * distance from b to a is negative. Meaningful only within 2^31 of each other.
 */
static inline bool seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool seq_leq(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

static inline bool seq_gt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static inline bool seq_geq(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) >= 0;
}

static inline uint32_t seq_max(uint32_t a, uint32_t b)
{
	return seq_gt(a, b) ? a : b;
}

#endif
