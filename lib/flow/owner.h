/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_FLOW_OWNER_H
#define GN_FLOW_OWNER_H

#include <stdint.h>

#include "wire.h"

/*
 * The owner function: which core a flow belongs to, computed as the NIC computes it (Toeplitz hash
 * of the addresses and ports under the port's RSS key, low bits into the redirection table).
 *
 * Toeplitz is linear over XOR, so the hash is the XOR of one table entry per byte of the tuple.
 * Filled by control code at start, read-only afterwards: all cores may share one.
 */
#define OWNER_KEY_MIN	  40 /* bytes of key that an IPv6 4-tuple needs: 36 and the window's 4 */
#define OWNER_KEY_MAX	  52
#define OWNER_RETA_MAX	  512
#define OWNER_TUPLE_BYTES 36

struct owner {
	uint32_t byte[OWNER_TUPLE_BYTES][256]; /* hash of a tuple that is zero but for this byte */
	uint16_t reta[OWNER_RETA_MAX];	       /* core of each entry */
	uint16_t reta_mask;
	uint16_t n_cores; /* highest core in reta + 1 */
};

/* The key of Microsoft's RSS specification, which its verification vectors use. */
extern const uint8_t owner_key_default[OWNER_KEY_MIN];

/* 0x6d5a repeated: both directions of a flow hash alike (for middle boxes, where both pass). */
extern const uint8_t owner_key_symmetric[OWNER_KEY_MIN];

/*
 * Precomputes o from the key and redirection table in force on the port. key: OWNER_KEY_MIN to
 * OWNER_KEY_MAX bytes. reta: reta_size entries, each a core; reta_size a power of two, 1 to
 * OWNER_RETA_MAX. Both are copied. Control thread, before any core uses o.
 * Returns 0, or -EINVAL for sizes outside these limits, or an entry of UINT16_MAX.
 */
int owner_init(struct owner *o, const uint8_t *key, unsigned key_len, const uint16_t *reta,
	unsigned reta_size);

/* Fills reta[size] with cores 0 to n_cores - 1 in turn, as evenly as size allows. n_cores > 0. */
void owner_reta_spread(uint16_t *reta, unsigned size, uint16_t n_cores);

/* The share of a 32-bit and a 16-bit field, in host order, that begins at byte at of the tuple. */
static inline uint32_t owner_share32(const struct owner *o, unsigned at, uint32_t v)
{
	return o->byte[at][v >> 24] ^ o->byte[at + 1][v >> 16 & 0xff] ^
	       o->byte[at + 2][v >> 8 & 0xff] ^ o->byte[at + 3][v & 0xff];
}

static inline uint32_t owner_share16(const struct owner *o, unsigned at, uint16_t v)
{
	return o->byte[at][v >> 8] ^ o->byte[at + 1][v & 0xff];
}

static inline uint32_t owner_share_ip6(const struct owner *o, unsigned at, const struct ip6 *a)
{
	uint32_t h = 0;

	for (unsigned i = 0; i < sizeof(a->b); i++)
		h ^= o->byte[at + i][a->b[i]];
	return h;
}

/*
 * The RSS hash of a packet as its receiver sees it: src and sport are the remote's, dst and dport
 * ours. Addresses of IPv4 and ports are in host order. What the NIC leaves in mbuf.hash.rss for
 * the packet types TCP and UDP over IPv4 and IPv6.
 */
static inline uint32_t owner_hash4(
	const struct owner *o, uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport)
{
	return owner_share32(o, 0, src) ^ owner_share32(o, 4, dst) ^ owner_share16(o, 8, sport) ^
	       owner_share16(o, 10, dport);
}

static inline uint32_t owner_hash6(const struct owner *o, const struct ip6 *src,
	const struct ip6 *dst, uint16_t sport, uint16_t dport)
{
	return owner_share_ip6(o, 0, src) ^ owner_share_ip6(o, 16, dst) ^
	       owner_share16(o, 32, sport) ^ owner_share16(o, 34, dport);
}

/* The hash over addresses alone: for fragments and for protocols other than TCP and UDP. */
static inline uint32_t owner_hash4_addrs(const struct owner *o, uint32_t src, uint32_t dst)
{
	return owner_share32(o, 0, src) ^ owner_share32(o, 4, dst);
}

static inline uint32_t owner_hash6_addrs(
	const struct owner *o, const struct ip6 *src, const struct ip6 *dst)
{
	return owner_share_ip6(o, 0, src) ^ owner_share_ip6(o, 16, dst);
}

/* The core that owns what hashes to hash. */
static inline uint16_t owner_core(const struct owner *o, uint32_t hash)
{
	return o->reta[hash & o->reta_mask];
}

#endif
