/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_ip6.h"
#include "wire_test.h"

/* From 2001:db8::1 to ff02::1, traffic class 0xb8, flow label 0x12345, 4 bytes of payload. */
static const uint8_t packet[] = {0x6b, 0x81, 0x23, 0x45, 0, 4, 17, 64, 0x20, 0x01, 0x0d, 0xb8, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3,
	4};

Test(wire_ip6, parses_and_emits)
{
	struct wire_ip6 h;
	uint8_t out[WIRE_IP6_LEN];

	cr_assert_eq(wire_ip6_parse(packet, sizeof(packet), &h), WIRE_IP6_LEN);
	cr_assert_eq(h.tclass, 0xb8);
	cr_assert_eq(h.flow, 0x12345);
	cr_assert_eq(h.payload_len, 4);
	cr_assert_eq(h.next, 17);
	cr_assert_eq(h.hops, 64);
	cr_assert_eq(memcmp(h.src.b, packet + 8, 16), 0);
	cr_assert_eq(memcmp(h.dst.b, packet + 24, 16), 0);
	cr_assert_eq(wire_ip6_emit(out, &h), WIRE_IP6_LEN);
	cr_assert_eq(memcmp(out, packet, sizeof(out)), 0);
}

Test(wire_ip6, refuses_short)
{
	struct wire_ip6 h;

	CHECK_TRUNCATED(packet, sizeof(packet), DROP_ip6_short, wire_ip6_parse(q, n, &h));
}

Test(wire_ip6, accepts_link_padding)
{
	uint8_t p[sizeof(packet)];
	struct wire_ip6 h;

	memcpy(p, packet, sizeof(p));
	p[5] = 0;
	cr_assert_eq(wire_ip6_parse(p, sizeof(p), &h), WIRE_IP6_LEN);
	cr_assert_eq(h.payload_len, 0);
}

Test(wire_ip6, refuses_other_versions)
{
	uint8_t p[sizeof(packet)];
	struct wire_ip6 h;

	memcpy(p, packet, sizeof(p));
	for (unsigned v = 0; v < 16; v++) {
		p[0] = (uint8_t)(v << 4);
		cr_assert_eq(wire_ip6_parse(p, sizeof(p), &h),
			v == 6 ? WIRE_IP6_LEN : -(int)DROP_ip6_version);
	}
}

Test(wire_ip6, round_trip)
{
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		struct wire_ip6 a = {0}, b = {0};
		uint8_t p[WIRE_IP6_LEN];

		a.tclass = (uint8_t)rng_u64(&r);
		a.flow = rng_below(&r, 1 << 20);
		a.payload_len = (uint16_t)rng_u64(&r);
		a.next = (uint8_t)rng_u64(&r);
		a.hops = (uint8_t)rng_u64(&r);
		fill(&r, &a.src, 16);
		fill(&r, &a.dst, 16);
		cr_assert_eq(wire_ip6_emit(p, &a), WIRE_IP6_LEN);
		/* The parser reads the header only, however much there is behind it. */
		cr_assert_eq(wire_ip6_parse(p, 40u + a.payload_len, &b), WIRE_IP6_LEN);
		cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0, "case %u", i);
	}
}

Test(wire_ip6, print)
{
	struct wire_ip6 h;

	wire_ip6_parse(packet, sizeof(packet), &h);
	CHECK_PRINT("IP6 2001:db8::1 > ff02::1: class 0xb8, flowlabel 0x12345, hlim 64, "
		    "next-header 17, payload length 4",
		wire_ip6_print, &h);
}
