/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_WIRE_ND_H
#define GN_WIRE_ND_H

#include "wire.h"

/* Neighbour Solicitation and Advertisement (RFC 4861 sections 4.3, 4.4), from the ICMPv6 header. */
#define WIRE_ND_NS_LEN	   24
#define WIRE_ND_NA_LEN	   24
#define WIRE_ND_LLADDR_LEN 8

#define WIRE_ND_NA_ROUTER    0x80
#define WIRE_ND_NA_SOLICITED 0x40
#define WIRE_ND_NA_OVERRIDE  0x20

struct wire_nd {
	uint8_t type;  /* WIRE_ICMP6_NS or WIRE_ICMP6_NA */
	uint8_t flags; /* of an NA */
	struct ip6 target;
	bool has_lladdr; /* source link-layer address of an NS, target's of an NA */
	uint8_t lladdr[6];
	uint8_t nonce_len; /* enhanced DAD (RFC 7527) option type 14, 0 if absent */
	uint8_t nonce[6];
};

/*
 * p starts at the ICMPv6 type. Checks code 0, length, target not multicast, options (length 0 is
 * a drop, RFC 4861 section 7.1; unknown ones are skipped). Hop limit, checksum and the rules that
 * need the IP addresses are the caller's. Drops: icmp6_short, nd_bad.
 */
int wire_nd_parse(const uint8_t *p, size_t len, struct wire_nd *h);
/* With checksum field 0; lladdr and nonce options as has_lladdr and nonce_len (0 or 6) say. */
unsigned wire_nd_emit(uint8_t *p, const struct wire_nd *h);
/* A redirect (RFC 4861 section 4.5) but for the packet it is about, with checksum field 0: 40 bytes, 48 with
 * the target's link-layer address. Then follows, if len is not 0, the head of a redirected header option
 * of 8 bytes and len, a multiple of 8. */
#define WIRE_ND_REDIRECT_MAX 56
unsigned wire_nd_redirect_emit(uint8_t *p, const struct ip6 *target, const struct ip6 *dst,
	const uint8_t *lladdr, unsigned len);
int wire_nd_print(char *buf, size_t size, const struct wire_nd *h);

#endif
