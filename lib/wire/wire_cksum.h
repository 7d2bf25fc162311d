/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_WIRE_CKSUM_H
#define GN_WIRE_CKSUM_H

#include "wire.h"

/*
 * Internet checksum (RFC 1071). Partial sums are 32 bits wide, in the byte order of memory (as the
 * RFC allows), and can be added; wire_cksum_fold() gives the 16 bits to be stored as they are in
 * memory (so a struct field of raw wire order, not host order).
 */
uint32_t wire_cksum_sum(const void *data, size_t len, uint32_t sum);

/* Folds and complements. A message that contains its right checksum folds to 0. */
static inline uint16_t wire_cksum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Partial sums of the pseudo-headers; addresses and len in host order (IPv6: wire order bytes). */
uint32_t wire_cksum_pseudo4(uint32_t src, uint32_t dst, uint8_t proto, uint16_t len);
uint32_t wire_cksum_pseudo6(
	const struct ip6 *src, const struct ip6 *dst, uint8_t proto, uint32_t len);

/* Incremental update (RFC 1624, eqn. 3) of a stored checksum when a stored 16-bit word changes. */
uint16_t wire_cksum_update(uint16_t cksum, uint16_t old_word, uint16_t new_word);

struct rte_mbuf;
/* Sum over len bytes of a packet from off, over all its segments (odd lengths between segments
 * are handled). The packet has that many bytes. */
uint32_t wire_cksum_mbuf(const struct rte_mbuf *m, uint32_t off, uint32_t len, uint32_t sum);

#endif
