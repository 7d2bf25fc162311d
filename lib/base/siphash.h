/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_BASE_SIPHASH_H
#define GN_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t k0, k1;
};

/*
 * SipHash-2-4 (Aumasson, Bernstein 2012) of len bytes: the keyed function behind initial sequence
 * numbers (RFC 6528), port choice (RFC 6056) and fragment identifiers (RFC 7739). Any thread.
 */
uint64_t siphash(const struct siphash_key *key, const void *data, size_t len);

#endif
