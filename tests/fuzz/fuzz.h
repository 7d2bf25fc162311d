/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_FUZZ_H
#define GN_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What libFuzzer, or corpus_main.c over the kept corpus, calls for each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Unlike assert() also there in release builds: what fuzzing has to hold in all inputs. */
#define FUZZ_CHECK(cond)                                                                   \
	do {                                                                               \
		if (!(cond)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                           \
		}                                                                          \
	} while (0)

/* A copy that ends where the allocation ends, so that AddressSanitizer sees any read past it. */
static inline uint8_t *fuzz_copy(const uint8_t *data, size_t size)
{
	uint8_t *p = calloc(1, size);

	FUZZ_CHECK(p != NULL || size == 0);
	if (size != 0)
		memcpy(p, data, size);
	return p;
}

/* Prints into buffers from none to one that is surely large enough, each of exactly that size. */
#define FUZZ_PRINT(print, ...)                                                          \
	do {                                                                            \
		static const size_t sizes[] = {0, 1, 2, 17, 64, 256};                   \
		int want = print(NULL, 0, __VA_ARGS__);                                 \
                                                                                        \
		FUZZ_CHECK(want > 0 && want < 256);                                     \
		for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {       \
			char *buf = malloc(sizes[i]);                                   \
                                                                                        \
			FUZZ_CHECK(print(buf, sizes[i], __VA_ARGS__) == want);          \
			FUZZ_CHECK(sizes[i] == 0 || strnlen(buf, sizes[i]) < sizes[i]); \
			free(buf);                                                      \
		}                                                                       \
	} while (0)

#endif
