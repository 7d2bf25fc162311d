/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_WIRE_H
#define GN_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Wire formats: parse bytes into a struct, emit a struct as bytes, print it. No state, no
 * allocation, no EAL. All integers in the structs are in host order; addresses of IPv4 are host
 * order uint32_t, addresses of IPv6 are 16 bytes in wire order (struct ip6).
 *
 * Parsers take a pointer and the number of contiguous bytes there; they never read past it, accept
 * any alignment, and return the number of bytes of the header (> 0) or the reason for the drop as
 * a negative enum drop. Emitters write exactly the bytes that they return; the caller has room.
 * Printers write a NUL-terminated line like tcpdump's, never more than size bytes, and return what
 * snprintf would.
 */
struct ip6 {
	uint8_t b[16];
};

#define IP4(a, b, c, d) \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

#endif
