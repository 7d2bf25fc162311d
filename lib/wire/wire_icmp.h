/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_WIRE_ICMP_H
#define GN_WIRE_ICMP_H

#include "wire.h"

/* The 8 bytes that all ICMP (RFC 792) and ICMPv6 (RFC 4443) messages here start with. */
#define WIRE_ICMP_LEN 8

#define WIRE_ICMP4_ECHO_REPLY	    0
#define WIRE_ICMP4_UNREACH	    3
#define WIRE_ICMP4_UNREACH_NET	    0
#define WIRE_ICMP4_UNREACH_HOST	    1
#define WIRE_ICMP4_UNREACH_PROTO    2
#define WIRE_ICMP4_UNREACH_PORT	    3
#define WIRE_ICMP4_UNREACH_NEEDFRAG 4
#define WIRE_ICMP4_UNREACH_SRCROUTE 5
#define WIRE_ICMP4_UNREACH_ADMIN    13 /* RFC 1812 section 5.2.7.1 */
#define WIRE_ICMP4_QUENCH	    4
#define WIRE_ICMP4_REDIRECT	    5
#define WIRE_ICMP4_REDIRECT_HOST    1
#define WIRE_ICMP4_ECHO		    8
#define WIRE_ICMP4_TIME		    11
#define WIRE_ICMP4_PARAM	    12
#define WIRE_ICMP4_TIMESTAMP	    13
#define WIRE_ICMP4_TIMESTAMP_REPLY  14
#define WIRE_ICMP4_MASK		    17 /* RFC 950 appendix I */
#define WIRE_ICMP4_MASK_REPLY	    18

#define WIRE_ICMP_TIME_FRAG 1 /* of both families: reassembly took too long */

#define WIRE_ICMP6_UNREACH	 1
#define WIRE_ICMP6_UNREACH_ROUTE 0
#define WIRE_ICMP6_UNREACH_SCOPE 2
#define WIRE_ICMP6_UNREACH_ADMIN 1
#define WIRE_ICMP6_UNREACH_ADDR	 3
#define WIRE_ICMP6_UNREACH_PORT	 4
#define WIRE_ICMP6_TOO_BIG	 2
#define WIRE_ICMP6_TIME		 3
#define WIRE_ICMP6_PARAM	 4
#define WIRE_ICMP6_PARAM_NEXT	 1
#define WIRE_ICMP6_PARAM_OPTION	 2
#define WIRE_ICMP6_PARAM_CHAIN	 3 /* RFC 7112 */
#define WIRE_ICMP6_ECHO		 128
#define WIRE_ICMP6_ECHO_REPLY	 129
#define WIRE_ICMP6_RS		 133
#define WIRE_ICMP6_RA		 134
#define WIRE_ICMP6_NS		 135
#define WIRE_ICMP6_NA		 136
#define WIRE_ICMP6_REDIRECT	 137

struct wire_icmp {
	uint8_t type, code;
	uint16_t cksum; /* as received; emit writes it as given */
	uint32_t rest;	/* identifier << 16 | sequence, next-hop MTU, pointer ... */
};

/* v6 only chooses the drop: icmp4_short or icmp6_short. The checksum is the caller's to verify. */
int wire_icmp_parse(const uint8_t *p, size_t len, bool v6, struct wire_icmp *h);
unsigned wire_icmp_emit(uint8_t *p, const struct wire_icmp *h);
int wire_icmp_print(char *buf, size_t size, const struct wire_icmp *h, bool v6);

/* The flow that an ICMP error quotes (as its sender sees it: src is ours). */
struct wire_quote {
	bool v6;
	uint8_t proto;
	uint32_t src4, dst4;
	struct ip6 src6, dst6;
	uint16_t sport, dport; /* UDP and TCP */
	uint32_t seq;	       /* TCP */
	uint16_t frag_off;     /* not 0: ports and seq are not there */
};

/*
 * Parses the quoted packet of an ICMP error (after the 8 bytes; need not be whole): IP header and
 * the first 8 bytes behind it. Returns 0 or a negative enum drop (icmp4_short, icmp6_short).
 */
int wire_quote_parse(const uint8_t *p, size_t len, bool v6, struct wire_quote *q);

#endif
