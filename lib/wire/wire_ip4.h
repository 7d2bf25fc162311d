/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_WIRE_IP4_H
#define GN_WIRE_IP4_H

#include "wire.h"

#define WIRE_IP4_LEN	 20
#define WIRE_IP4_MAX_LEN 60

#define WIRE_IP4_DF 0x4000
#define WIRE_IP4_MF 0x2000

struct wire_ip4 {
	uint8_t hlen; /* bytes, 20 to 60 */
	uint8_t tos;
	uint16_t total_len;
	uint16_t id;
	uint16_t frag; /* flags and offset as on the wire */
	uint8_t ttl;
	uint8_t proto;
	uint32_t src, dst;
};

/*
 * Checks version, header length, total length (not larger than len, RFC 791 section 3.1) and, if
 * verify, the header checksum. Drops: ip4_short, ip4_version, ip4_cksum. Options are not looked at.
 */
int wire_ip4_parse(const uint8_t *p, size_t len, bool verify, struct wire_ip4 *h);
/* A header without options (hlen must be 20), with its checksum if cksum, else with 0 there. */
unsigned wire_ip4_emit(uint8_t *p, const struct wire_ip4 *h, bool cksum);
int wire_ip4_print(char *buf, size_t size, const struct wire_ip4 *h);

/*
 * Walks the options of a header (RFC 791 section 3.1). Returns 0, or the offset from the start of
 * the header of the octet that a Parameter Problem points at, if an option is malformed (length
 * below 2, for a source route below 3, or past the header): its length octet, or its type if there
 * is no more. *source_route is set if LSRR (131) or SSRR (137) is present and not exhausted.
 */
unsigned wire_ip4_options_check(const uint8_t *p, const struct wire_ip4 *h, bool *source_route);

/*
 * The options of the reply to a packet for us that passed wire_ip4_options_check(): Record Route
 * with our address (h->dst), Timestamp with time (RFC 792: ms since midnight UT, or any with the
 * highest bit set), a completed source route reversed. out has room for 40 bytes; returns how
 * many, a multiple of 4, padded. *first: where the reply goes first: h->src, or the last stop of a
 * source route.
 */
unsigned wire_ip4_options_reply(
	uint8_t *out, const uint8_t *p, const struct wire_ip4 *h, uint32_t time, uint32_t *first);

/*
 * The options of a packet that is forwarded, in place (RFC 1812 section 5.3.13): Record Route gets out,
 * our address on the way on; Timestamp the time, of the address that ours() knows. h's options passed
 * wire_ip4_options_check(). The header's checksum is the caller's. Returns 0, or the offset that a
 * Parameter Problem points at: no room, nor to count that.
 */
unsigned wire_ip4_options_forward(uint8_t *p, const struct wire_ip4 *h, uint32_t out, uint32_t time,
	bool (*ours)(const void *ctx, uint32_t ip), const void *ctx);

/* Where the next stop of a source route that is not exhausted stands in the header, or 0. *strict: of
 * SSRR. */
unsigned wire_ip4_source_route(const uint8_t *p, const struct wire_ip4 *h, bool *strict);
/* Its stop becomes out, our address on the way on; the pointer moves on. */
void wire_ip4_source_route_next(uint8_t *p, unsigned at, uint32_t out);

/* The options that each fragment gets (RFC 791 section 3.1, "copied"), into out, which has room for 40
 * bytes; how many, a multiple of 4, padded. */
unsigned wire_ip4_options_copied(uint8_t *out, const uint8_t *p, const struct wire_ip4 *h);

#endif
