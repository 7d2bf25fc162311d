/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_cksum.h"
#include "wire_ip4.h"
#include "wire_test.h"

/* Header checksum 0xb861, worked out in many textbooks; the packet is 115 bytes long. */
static const uint8_t header[WIRE_IP4_LEN] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40,
	0x11, 0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};

#define PACKET_LEN 115

static void packet_make(uint8_t *p)
{
	memset(p, 0x55, PACKET_LEN);
	memcpy(p, header, sizeof(header));
}

/* A right checksum for the header at p, whatever its length field says. */
static void cksum_set(uint8_t *p)
{
	uint16_t sum;

	memset(p + 10, 0, 2);
	sum = wire_cksum_fold(wire_cksum_sum(p, (p[0] & 0xfu) * 4, 0));
	memcpy(p + 10, &sum, 2);
}

Test(wire_ip4, parses_and_emits)
{
	uint8_t p[PACKET_LEN], out[WIRE_IP4_LEN];
	struct wire_ip4 h;

	packet_make(p);
	cr_assert_eq(wire_ip4_parse(p, sizeof(p), true, &h), WIRE_IP4_LEN);
	cr_assert_eq(h.hlen, 20);
	cr_assert_eq(h.tos, 0);
	cr_assert_eq(h.total_len, PACKET_LEN);
	cr_assert_eq(h.id, 0);
	cr_assert_eq(h.frag, WIRE_IP4_DF);
	cr_assert_eq(h.ttl, 64);
	cr_assert_eq(h.proto, 17);
	cr_assert_eq(h.src, IP4(192, 168, 0, 1));
	cr_assert_eq(h.dst, IP4(192, 168, 0, 199));
	cr_assert_eq(wire_ip4_emit(out, &h, true), WIRE_IP4_LEN);
	cr_assert_eq(memcmp(out, header, sizeof(out)), 0);
	cr_assert_eq(wire_ip4_emit(out, &h, false), WIRE_IP4_LEN);
	cr_assert(out[10] == 0 && out[11] == 0);
}

/* RFC 791 section 3.1: the total length includes header and data. */
Test(wire_ip4, refuses_short)
{
	uint8_t p[PACKET_LEN];
	struct wire_ip4 h;

	packet_make(p);
	CHECK_TRUNCATED(p, sizeof(p), DROP_ip4_short, wire_ip4_parse(q, n, true, &h));
	p[3] = WIRE_IP4_LEN - 1;
	cksum_set(p);
	cr_assert_eq(wire_ip4_parse(p, sizeof(p), true, &h), -(int)DROP_ip4_short);
}

Test(wire_ip4, accepts_link_padding)
{
	uint8_t p[PACKET_LEN];
	struct wire_ip4 h;

	packet_make(p);
	p[3] = WIRE_IP4_LEN;
	cksum_set(p);
	cr_assert_eq(wire_ip4_parse(p, sizeof(p), true, &h), WIRE_IP4_LEN);
	cr_assert_eq(h.total_len, WIRE_IP4_LEN);
}

Test(wire_ip4, refuses_version_and_header_length)
{
	uint8_t p[PACKET_LEN];
	struct wire_ip4 h;

	packet_make(p);
	for (unsigned b = 0; b < 256; b++) {
		int want =
			b >> 4 == 4 && (b & 0xf) >= 5 ? (int)(b & 0xf) * 4 : -(int)DROP_ip4_version;

		p[0] = (uint8_t)b;
		cksum_set(p);
		cr_assert_eq(wire_ip4_parse(p, sizeof(p), want > 0, &h), want, "0x%02x", b);
	}
}

/* A header that is longer than its packet. */
Test(wire_ip4, refuses_header_beyond_total_length)
{
	uint8_t p[PACKET_LEN];
	struct wire_ip4 h;

	packet_make(p);
	p[0] = 0x4f;
	p[3] = 59;
	cr_assert_eq(wire_ip4_parse(p, sizeof(p), false, &h), -(int)DROP_ip4_short);
	p[3] = 60;
	cr_assert_eq(wire_ip4_parse(p, sizeof(p), false, &h), 60);
}

Test(wire_ip4, sees_every_flipped_bit_if_asked_to)
{
	struct wire_ip4 h;

	for (unsigned bit = 8; bit < WIRE_IP4_LEN * 8; bit++) {
		uint8_t p[PACKET_LEN];

		packet_make(p);
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		cr_assert_lt(wire_ip4_parse(p, sizeof(p), true, &h), 0, "bit %u", bit);
		if (bit / 8 >= 4) /* behind the lengths */
			cr_assert_eq(wire_ip4_parse(p, sizeof(p), false, &h), WIRE_IP4_LEN);
	}
}

Test(wire_ip4, verifies_options_too)
{
	uint8_t p[PACKET_LEN];
	struct wire_ip4 h;

	for (uint8_t words = 6; words <= 15; words++) {
		packet_make(p);
		p[0] = 0x40 | words;
		cksum_set(p);
		cr_assert_eq(wire_ip4_parse(p, sizeof(p), true, &h), words * 4);
		cr_assert_eq(h.hlen, words * 4);
		p[words * 4 - 1] ^= 1;
		cr_assert_eq(wire_ip4_parse(p, sizeof(p), true, &h), -(int)DROP_ip4_cksum);
	}
}

Test(wire_ip4, round_trip)
{
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		struct wire_ip4 a = {0}, b = {0};
		uint8_t p[WIRE_IP4_LEN];

		a.hlen = WIRE_IP4_LEN;
		a.tos = (uint8_t)rng_u64(&r);
		a.id = (uint16_t)rng_u64(&r);
		a.frag = (uint16_t)rng_u64(&r);
		a.ttl = (uint8_t)rng_u64(&r);
		a.proto = (uint8_t)rng_u64(&r);
		a.src = (uint32_t)rng_u64(&r);
		a.dst = (uint32_t)rng_u64(&r);
		a.total_len = (uint16_t)(20 + rng_below(&r, 65516));
		cr_assert_eq(wire_ip4_emit(p, &a, true), WIRE_IP4_LEN);
		/* The parser reads the header only, however much there is behind it. */
		cr_assert_eq(wire_ip4_parse(p, a.total_len, true, &b), WIRE_IP4_LEN);
		cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0, "case %u", i);
	}
}

/* Options of n bytes behind a header that has room for them (words of 4). */
static unsigned options(const uint8_t *opts, unsigned n, bool *route)
{
	uint8_t p[WIRE_IP4_MAX_LEN] = {0}, *q;
	struct wire_ip4 h = {.hlen = (uint8_t)(20 + (n + 3) / 4 * 4)};
	unsigned rc;

	p[0] = 0x40 | h.hlen / 4;
	memcpy(p + 20, opts, n);
	q = heap_copy(p, h.hlen);
	rc = wire_ip4_options_check(q, &h, route);
	free(q);
	return rc;
}

#define OPTIONS(route, ...) \
	options((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), route)

Test(wire_ip4, options_well_formed)
{
	bool route = true;

	cr_assert_eq(OPTIONS(&route, 0), 0);
	cr_assert(!route);
	cr_assert_eq(OPTIONS(&route, 1, 1, 1, 0), 0);
	cr_assert_eq(OPTIONS(&route, 148, 4, 0, 0), 0);		  /* router alert */
	cr_assert_eq(OPTIONS(&route, 7, 7, 4, 0, 0, 0, 0, 0), 0); /* record route */
	cr_assert_eq(OPTIONS(&route, 0, 131, 1, 77), 0); /* nothing counts behind the end */
	cr_assert(!route);
}

Test(wire_ip4, options_malformed_point_at_the_octet)
{
	bool route;

	cr_assert_eq(OPTIONS(&route, 148, 0, 0, 0), 21);
	cr_assert_eq(OPTIONS(&route, 1, 148, 1, 0), 22);
	cr_assert_eq(OPTIONS(&route, 148, 5, 0, 0), 21);
	cr_assert_eq(OPTIONS(&route, 1, 1, 1, 148), 23);
	cr_assert_eq(OPTIONS(&route, 1, 1, 131, 2), 23);
}

/* RFC 791: "If the pointer is greater than the length, the source route is empty". */
Test(wire_ip4, options_source_route)
{
	bool route = false;

	cr_assert_eq(OPTIONS(&route, 131, 7, 4, 192, 0, 2, 1), 0);
	cr_assert(route);
	cr_assert_eq(OPTIONS(&route, 1, 137, 7, 4, 192, 0, 2, 1), 0);
	cr_assert(route);
	cr_assert_eq(OPTIONS(&route, 131, 7, 8, 192, 0, 2, 1), 0);
	cr_assert(!route);
	cr_assert_eq(OPTIONS(&route, 137, 3, 4), 0);
	cr_assert(!route);
}

/* Any 40 bytes: an answer, and a pointer that lies within the options. */
Test(wire_ip4, options_random)
{
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		uint8_t opts[40];
		bool route;
		unsigned rc;

		for (unsigned j = 0; j < sizeof(opts); j++)
			opts[j] = (uint8_t)(rng_below(&r, 4) ? rng_below(&r, 9) : rng_u64(&r));
		rc = options(opts, 4 * rng_below(&r, 11), &route);
		cr_assert(rc == 0 || (rc >= 20 && rc < 60), "case %u: %u", i, rc);
	}
}

Test(wire_ip4, print)
{
	uint8_t p[PACKET_LEN];
	struct wire_ip4 h;

	packet_make(p);
	wire_ip4_parse(p, sizeof(p), true, &h);
	CHECK_PRINT("IP 192.168.0.1 > 192.168.0.199: tos 0x0, ttl 64, id 0, offset 0, flags [DF], "
		    "proto 17, length 115",
		wire_ip4_print, &h);
	h.frag = WIRE_IP4_MF | 185;
	CHECK_PRINT("IP 192.168.0.1 > 192.168.0.199: tos 0x0, ttl 64, id 0, offset 1480, flags "
		    "[+], proto 17, length 115",
		wire_ip4_print, &h);
}
