/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_eth.h"
#include "wire_test.h"

#define MACS 0x33, 0x33, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 0x0a

static const uint8_t plain[] = {MACS, 0x08, 0x00};
static const uint8_t tagged[] = {MACS, 0x81, 0x00, 0x60, 0x64, 0x86, 0xdd};
static const uint8_t qinq[] = {MACS, 0x88, 0xa8, 0x10, 0x05, 0x81, 0x00, 0xef, 0xff, 0x08, 0x06};

/* Bytes to struct and back. */
static struct wire_eth parse(const uint8_t *frame, size_t len, unsigned hlen)
{
	struct wire_eth h = {0};
	uint8_t *p = heap_copy(frame, len);
	uint8_t out[WIRE_ETH_MAX_LEN];

	cr_assert_eq(wire_eth_parse(p, len, &h), (int)hlen);
	cr_assert_eq(wire_eth_emit(out, &h), hlen);
	cr_assert_eq(memcmp(out, frame, hlen), 0);
	free(p);
	return h;
}

Test(wire_eth, parses_and_emits_plain)
{
	struct wire_eth h = parse(plain, sizeof(plain), 14);

	cr_assert_eq(h.type, 0x0800);
	cr_assert_eq(h.n_tags, 0);
	cr_assert_eq(memcmp(h.dst, "\x33\x33\0\0\0\1", 6), 0);
	cr_assert_eq(memcmp(h.src, "\2\0\0\0\0\x0a", 6), 0);
}

Test(wire_eth, parses_and_emits_8021q)
{
	struct wire_eth h = parse(tagged, sizeof(tagged), 18);

	cr_assert_eq(h.type, 0x86dd);
	cr_assert_eq(h.n_tags, 1);
	cr_assert_eq(h.tci[0], 3 << 13 | 100);
}

Test(wire_eth, parses_and_emits_qinq)
{
	struct wire_eth h = parse(qinq, sizeof(qinq), 22);

	cr_assert_eq(h.type, 0x0806);
	cr_assert_eq(h.n_tags, 2);
	cr_assert_eq(h.tci[0], 0x1005);
	cr_assert_eq(h.tci[1], 0xefff);
}

Test(wire_eth, refuses_short)
{
	struct wire_eth h;

	CHECK_TRUNCATED(plain, sizeof(plain), DROP_eth_short, wire_eth_parse(q, n, &h));
	CHECK_TRUNCATED(tagged, sizeof(tagged), DROP_eth_short, wire_eth_parse(q, n, &h));
	CHECK_TRUNCATED(qinq, sizeof(qinq), DROP_eth_short, wire_eth_parse(q, n, &h));
}

Test(wire_eth, leaves_a_third_tag_in_place)
{
	static const uint8_t three[] = {MACS, 0x88, 0xa8, 0, 1, 0x81, 0, 0, 2, 0x81, 0, 0, 3, 8, 0};
	struct wire_eth h = parse(three, sizeof(three), 22);

	cr_assert_eq(h.n_tags, 2);
	cr_assert_eq(h.type, 0x8100);
}

/* The contract knows 0x8100, and 0x88a8 then 0x8100; nothing else is a tag. */
Test(wire_eth, leaves_tags_in_other_orders_in_place)
{
	static const uint8_t service[] = {MACS, 0x88, 0xa8, 0, 1, 0x08, 0x00};
	static const uint8_t two_service[] = {MACS, 0x88, 0xa8, 0, 1, 0x88, 0xa8, 0, 2, 8, 0};
	static const uint8_t two_customer[] = {MACS, 0x81, 0, 0, 1, 0x81, 0, 0, 2, 8, 0};
	struct wire_eth h;

	h = parse(service, sizeof(service), 14);
	cr_assert(h.n_tags == 0 && h.type == 0x88a8);
	h = parse(two_service, sizeof(two_service), 14);
	cr_assert(h.n_tags == 0 && h.type == 0x88a8);
	h = parse(two_customer, sizeof(two_customer), 18);
	cr_assert(h.n_tags == 1 && h.tci[0] == 1 && h.type == 0x8100);
}

Test(wire_eth, round_trip)
{
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		struct wire_eth a = {0}, b = {0};
		uint8_t p[WIRE_ETH_MAX_LEN];
		unsigned n;

		a.n_tags = (uint8_t)rng_below(&r, 3);
		a.type = (uint16_t)rng_u64(&r);
		if (a.type == 0x8100 || a.type == 0x88a8)
			continue;
		fill(&r, a.dst, 6);
		fill(&r, a.src, 6);
		fill(&r, a.tci, 2u * a.n_tags);
		n = wire_eth_emit(p, &a);
		cr_assert_eq(n, WIRE_ETH_LEN + WIRE_ETH_VLAN_LEN * a.n_tags);
		cr_assert_eq(wire_eth_parse(p, n, &b), (int)n);
		cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0, "case %u", i);
	}
}

Test(wire_eth, print)
{
	struct wire_eth h;

	wire_eth_parse(plain, sizeof(plain), &h);
	CHECK_PRINT("02:00:00:00:00:0a > 33:33:00:00:00:01, ethertype 0x0800", wire_eth_print, &h);
	wire_eth_parse(qinq, sizeof(qinq), &h);
	CHECK_PRINT("02:00:00:00:00:0a > 33:33:00:00:00:01, vlan 5, p 0, DEI, vlan 4095, p 7, "
		    "ethertype 0x0806",
		wire_eth_print, &h);
}
