/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_icmp.h"
#include "wire_test.h"

static const uint8_t echo[WIRE_ICMP_LEN] = {8, 0, 0xab, 0xcd, 0x12, 0x34, 0x00, 0x02};

Test(wire_icmp, parses_and_emits)
{
	struct wire_icmp h;
	uint8_t out[WIRE_ICMP_LEN];

	cr_assert_eq(wire_icmp_parse(echo, sizeof(echo), false, &h), WIRE_ICMP_LEN);
	cr_assert_eq(h.type, WIRE_ICMP4_ECHO);
	cr_assert_eq(h.code, 0);
	cr_assert_eq(h.cksum, 0xabcd);
	cr_assert_eq(h.rest, 0x12340002);
	cr_assert_eq(wire_icmp_emit(out, &h), WIRE_ICMP_LEN);
	cr_assert_eq(memcmp(out, echo, sizeof(out)), 0);
}

Test(wire_icmp, refuses_short)
{
	struct wire_icmp h;

	CHECK_TRUNCATED(echo, sizeof(echo), DROP_icmp4_short, wire_icmp_parse(q, n, false, &h));
	CHECK_TRUNCATED(echo, sizeof(echo), DROP_icmp6_short, wire_icmp_parse(q, n, true, &h));
}

Test(wire_icmp, round_trip)
{
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		struct wire_icmp a = {0}, b = {0};
		uint8_t p[WIRE_ICMP_LEN];

		fill(&r, &a, sizeof(a));
		cr_assert_eq(wire_icmp_emit(p, &a), WIRE_ICMP_LEN);
		cr_assert_eq(wire_icmp_parse(p, sizeof(p), i & 1, &b), WIRE_ICMP_LEN);
		cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0, "case %u", i);
	}
}

Test(wire_icmp, print)
{
	struct wire_icmp h = {.type = WIRE_ICMP4_ECHO, .rest = 0x12340002};

	CHECK_PRINT("ICMP, echo request, id 4660, seq 2", wire_icmp_print, &h, false);
	h.type = WIRE_ICMP4_ECHO_REPLY;
	CHECK_PRINT("ICMP, echo reply, id 4660, seq 2", wire_icmp_print, &h, false);
	h.type = WIRE_ICMP6_ECHO;
	CHECK_PRINT("ICMP6, echo request, id 4660, seq 2", wire_icmp_print, &h, true);
	h.type = WIRE_ICMP6_ECHO_REPLY;
	CHECK_PRINT("ICMP6, echo reply, id 4660, seq 2", wire_icmp_print, &h, true);
	h = (struct wire_icmp){.type = WIRE_ICMP6_TOO_BIG, .rest = 1280};
	CHECK_PRINT("ICMP6, type 2, code 0, rest 0x00000500", wire_icmp_print, &h, true);
}
