/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_test.h"
#include "wire_udp.h"

static const uint8_t dgram[] = {0x30, 0x39, 0x00, 0x35, 0x00, 0x0a, 0xbe, 0xef, 'h', 'i'};

Test(wire_udp, parses_and_emits)
{
	struct wire_udp h;
	uint8_t out[WIRE_UDP_LEN];

	cr_assert_eq(wire_udp_parse(dgram, sizeof(dgram), &h), WIRE_UDP_LEN);
	cr_assert_eq(h.sport, 12345);
	cr_assert_eq(h.dport, 53);
	cr_assert_eq(h.len, 10);
	cr_assert_eq(h.cksum, 0xbeef);
	cr_assert_eq(wire_udp_emit(out, &h), WIRE_UDP_LEN);
	cr_assert_eq(memcmp(out, dgram, sizeof(out)), 0);
}

/* RFC 768: the length includes this header and the data. */
Test(wire_udp, refuses_short_header_and_short_payload)
{
	struct wire_udp h;

	CHECK_TRUNCATED(dgram, sizeof(dgram), DROP_udp_short, wire_udp_parse(q, n, &h));
}

/* RFC 768: "the minimum value of the length is eight". */
Test(wire_udp, refuses_length_below_eight)
{
	uint8_t p[sizeof(dgram)];
	struct wire_udp h;

	memcpy(p, dgram, sizeof(p));
	for (uint8_t len = 0; len < 8; len++) {
		p[5] = len;
		cr_assert_eq(wire_udp_parse(p, sizeof(p), &h), -(int)DROP_udp_short);
	}
	p[5] = 8;
	cr_assert_eq(wire_udp_parse(p, sizeof(p), &h), WIRE_UDP_LEN);
}

Test(wire_udp, round_trip)
{
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		struct wire_udp a = {0}, b = {0};
		uint8_t p[WIRE_UDP_LEN];

		fill(&r, &a, sizeof(a));
		a.len = (uint16_t)(8 + rng_below(&r, 65528));
		cr_assert_eq(wire_udp_emit(p, &a), WIRE_UDP_LEN);
		/* The parser reads the header only, however much there is behind it. */
		cr_assert_eq(wire_udp_parse(p, a.len, &b), WIRE_UDP_LEN);
		cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0, "case %u", i);
		cr_assert_eq(wire_udp_parse(p, a.len - 1u, &b), -(int)DROP_udp_short);
	}
}

Test(wire_udp, print)
{
	struct wire_udp h;

	wire_udp_parse(dgram, sizeof(dgram), &h);
	CHECK_PRINT("12345 > 53: UDP, cksum 0xbeef, length 2", wire_udp_print, &h);
}
