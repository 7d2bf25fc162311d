/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_arp.h"
#include "wire_test.h"

static const uint8_t request[WIRE_ARP_LEN] = {0, 1, 8, 0, 6, 4, 0, 1, 0x02, 0, 0, 0, 0, 0x01, 192,
	0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 2};

Test(wire_arp, parses_and_emits_a_request)
{
	struct wire_arp h;
	uint8_t out[WIRE_ARP_LEN];

	cr_assert_eq(wire_arp_parse(request, sizeof(request), &h), WIRE_ARP_LEN);
	cr_assert_eq(h.op, WIRE_ARP_REQUEST);
	cr_assert_eq(memcmp(h.sha, "\2\0\0\0\0\1", 6), 0);
	cr_assert_eq(memcmp(h.tha, "\0\0\0\0\0\0", 6), 0);
	cr_assert_eq(h.spa, IP4(192, 0, 2, 1));
	cr_assert_eq(h.tpa, IP4(192, 0, 2, 2));
	cr_assert_eq(wire_arp_emit(out, &h), WIRE_ARP_LEN);
	cr_assert_eq(memcmp(out, request, sizeof(out)), 0);
}

Test(wire_arp, refuses_short)
{
	struct wire_arp h;

	CHECK_TRUNCATED(request, sizeof(request), DROP_arp_short, wire_arp_parse(q, n, &h));
}

/* Ethernet pads ARP to 46 bytes; what is behind is not looked at. */
Test(wire_arp, accepts_padding)
{
	uint8_t padded[46];
	struct wire_arp h;

	memset(padded, 0xee, sizeof(padded));
	memcpy(padded, request, sizeof(request));
	cr_assert_eq(wire_arp_parse(padded, sizeof(padded), &h), WIRE_ARP_LEN);
}

/* RFC 826: "Do I have the hardware type? Do I speak the protocol?", then the lengths. */
Test(wire_arp, refuses_other_types_and_lengths)
{
	for (unsigned bit = 0; bit < 6 * 8; bit++) {
		uint8_t p[WIRE_ARP_LEN];
		struct wire_arp h;

		memcpy(p, request, sizeof(p));
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		cr_assert_eq(wire_arp_parse(p, sizeof(p), &h), -(int)DROP_arp_bad, "bit %u", bit);
	}
}

Test(wire_arp, round_trip)
{
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		struct wire_arp a = {0}, b = {0};
		uint8_t p[WIRE_ARP_LEN];

		a.op = (uint16_t)rng_u64(&r);
		a.spa = (uint32_t)rng_u64(&r);
		a.tpa = (uint32_t)rng_u64(&r);
		fill(&r, a.sha, 6);
		fill(&r, a.tha, 6);
		cr_assert_eq(wire_arp_emit(p, &a), WIRE_ARP_LEN);
		cr_assert_eq(wire_arp_parse(p, sizeof(p), &b), WIRE_ARP_LEN);
		cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0, "case %u", i);
	}
}

Test(wire_arp, print)
{
	struct wire_arp h;

	wire_arp_parse(request, sizeof(request), &h);
	CHECK_PRINT("ARP, Request who-has 192.0.2.2 tell 192.0.2.1", wire_arp_print, &h);
	h.op = WIRE_ARP_REPLY;
	CHECK_PRINT("ARP, Reply 192.0.2.1 is-at 02:00:00:00:00:01", wire_arp_print, &h);
	h.op = 9;
	CHECK_PRINT("ARP, op 9, 192.0.2.1 > 192.0.2.2", wire_arp_print, &h);
}
