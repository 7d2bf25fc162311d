/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_WIRE_IP6_H
#define GN_WIRE_IP6_H

#include "wire.h"

#define WIRE_IP6_LEN 40

struct wire_ip6 {
	uint8_t tclass;
	uint32_t flow; /* 20 bits */
	uint16_t payload_len;
	uint8_t next;
	uint8_t hops;
	struct ip6 src, dst;
};

/* Drops: ip6_short (also payload_len beyond len), ip6_version. */
int wire_ip6_parse(const uint8_t *p, size_t len, struct wire_ip6 *h);
unsigned wire_ip6_emit(uint8_t *p, const struct wire_ip6 *h);
int wire_ip6_print(char *buf, size_t size, const struct wire_ip6 *h);

#define WIRE_IP6_HOPOPTS  0
#define WIRE_IP6_ROUTING  43
#define WIRE_IP6_FRAGMENT 44
#define WIRE_IP6_NONE	  59
#define WIRE_IP6_DSTOPTS  60

/* What wire_ip6_walk() found behind the fixed header. */
struct wire_ip6_chain {
	uint8_t proto;	   /* the first next-header value that is no extension header */
	uint16_t l4_off;   /* of that header, from the start of the IPv6 header */
	bool fragment;	   /* the chain ends at a Fragment header, and l4_off is its offset */
	uint16_t frag_off; /* bytes */
	bool frag_more;
	uint32_t frag_id;
	uint16_t next_ptr; /* offset of the next-header octet that named proto */
	/* A Parameter Problem to send (RFC 8200 section 4.2, RFC 4443 section 3.4), valid on error */
	uint8_t problem;       /* ICMPv6 code, or WIRE_IP6_SILENT */
	bool problem_if_mcast; /* send it even if the destination is multicast (option type 10) */
	uint16_t problem_ptr;
};

#define WIRE_IP6_SILENT	 255
#define WIRE_IP6_EXT_MAX 8 /* extension headers; more is a drop */

/*
 * Walks the chain of extension headers of the packet p (IPv6 header first, h parsed from it, len
 * contiguous bytes): hop-by-hop (only directly behind the IPv6 header), destination options,
 * routing (type 0 or unknown with segments left: problem code 0), fragment. Unknown options act by
 * their two high bits. An atomic fragment (offset 0, no more) is passed over (RFC 6946).
 * Returns 0 or a negative enum drop: ip6_ext, ip6_option, ip6_route.
 */
int wire_ip6_walk(const uint8_t *p, size_t len, const struct wire_ip6 *h, struct wire_ip6_chain *c);

#endif
