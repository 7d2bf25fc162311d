/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_WIRE_TEST_H
#define GN_WIRE_TEST_H

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "counter.h"
#include "rng.h"

/* Random cases of a property; the seed is fixed and each case has its number in the message. */
#define CASES 20000
#define SEED  20240117

/* A copy that ends where the allocation ends, so that AddressSanitizer sees any read past it. */
static inline uint8_t *heap_copy(const void *p, size_t len)
{
	uint8_t *copy = malloc(len);

	cr_assert(copy != NULL || len == 0);
	if (len != 0)
		memcpy(copy, p, len);
	return copy;
}

static inline void fill(struct rng *r, void *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)p)[i] = (uint8_t)rng_u64(r);
}

/*
 * The first n bytes of p for each n below len: the expression, which parses n bytes at q, must give
 * the drop.
 */
#define CHECK_TRUNCATED(p, len, drop, parse)                                        \
	do {                                                                        \
		for (size_t n = 0; n < (len); n++) {                                \
			uint8_t *q = heap_copy(p, n);                               \
			int rc = (parse);                                           \
                                                                                    \
			cr_assert_eq(rc, -(int)(drop), "%zu bytes gave %d", n, rc); \
			free(q);                                                    \
		}                                                                   \
	} while (0)

/* The printer gives the text, and into too small buffers its beginning, like snprintf. */
#define CHECK_PRINT(want, print, ...)                                                        \
	do {                                                                                 \
		for (size_t size = 0; size <= strlen(want) + 2; size++) {                    \
			char *buf = malloc(size);                                            \
			int rc = print(buf, size, __VA_ARGS__);                              \
			size_t fit = size > strlen(want) ? strlen(want) : size - 1;          \
                                                                                             \
			cr_assert_eq(rc, (int)strlen(want), "%d for %zu", rc, strlen(want)); \
			if (size != 0)                                                       \
				cr_assert(strlen(buf) == fit && memcmp(buf, want, fit) == 0, \
					"\"%s\"", buf);                                      \
			free(buf);                                                           \
		}                                                                            \
	} while (0)

#endif
