/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_WIRE_BYTES_H
#define GN_WIRE_BYTES_H

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>

#include "counter.h"
#include "wire.h"

/* Host order to network order and back. The compiler's own, not DPDK's: those are assembler, which
 * the compiler cannot see through. */
static inline uint16_t wire_swap16(uint16_t v)
{
	return RTE_BYTE_ORDER == RTE_BIG_ENDIAN ? v : __builtin_bswap16(v);
}

static inline uint32_t wire_swap32(uint32_t v)
{
	return RTE_BYTE_ORDER == RTE_BIG_ENDIAN ? v : __builtin_bswap32(v);
}

static inline uint64_t wire_swap64(uint64_t v)
{
	return RTE_BYTE_ORDER == RTE_BIG_ENDIAN ? v : __builtin_bswap64(v);
}

/* Big-endian loads and stores at any alignment: one move and one swap each. For wire/ and for
 * the header paths of net/. */
static inline uint16_t wire_get16(const uint8_t *p)
{
	rte_be16_t v;

	memcpy(&v, p, sizeof(v));
	return wire_swap16(v);
}

static inline uint32_t wire_get32(const uint8_t *p)
{
	rte_be32_t v;

	memcpy(&v, p, sizeof(v));
	return wire_swap32(v);
}

static inline void wire_put16(uint8_t *p, uint16_t x)
{
	rte_be16_t v = wire_swap16(x);

	memcpy(p, &v, sizeof(v));
}

static inline void wire_put32(uint8_t *p, uint32_t x)
{
	rte_be32_t v = wire_swap32(x);

	memcpy(p, &v, sizeof(v));
}

/* For the printers. */
#define WIRE_IP4_FMT	"%u.%u.%u.%u"
#define WIRE_IP4_ARG(a) (a) >> 24, (a) >> 16 & 0xff, (a) >> 8 & 0xff, (a)&0xff
#define WIRE_MAC_FMT	"%02x:%02x:%02x:%02x:%02x:%02x"
#define WIRE_MAC_ARG(m) (m)[0], (m)[1], (m)[2], (m)[3], (m)[4], (m)[5]

#endif
