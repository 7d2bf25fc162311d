/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_tcp.h"
#include "wire_test.h"

/* SYN from 54321 to 80 with 4 bytes of options (MSS 1460). */
static const uint8_t syn[] = {0xd4, 0x31, 0, 80, 0x12, 0x34, 0x56, 0x78, 0, 0, 0, 0, 0x60, 0x02,
	0xfa, 0xf0, 0xca, 0xfe, 0, 7, 2, 4, 0x05, 0xb4};

Test(wire_tcp, parses_and_emits)
{
	struct wire_tcp h;
	uint8_t out[WIRE_TCP_LEN];

	cr_assert_eq(wire_tcp_parse(syn, sizeof(syn), &h), 24);
	cr_assert_eq(h.sport, 54321);
	cr_assert_eq(h.dport, 80);
	cr_assert_eq(h.seq, 0x12345678);
	cr_assert_eq(h.ack, 0);
	cr_assert_eq(h.hlen, 24);
	cr_assert_eq(h.flags, WIRE_TCP_SYN);
	cr_assert_eq(h.wnd, 64240);
	cr_assert_eq(h.cksum, 0xcafe);
	cr_assert_eq(h.urp, 7);
	cr_assert_eq(wire_tcp_emit(out, &h), WIRE_TCP_LEN);
	cr_assert_eq(memcmp(out, syn, sizeof(out)), 0);
}

Test(wire_tcp, refuses_short)
{
	struct wire_tcp h;

	CHECK_TRUNCATED(syn, sizeof(syn), DROP_tcp_short, wire_tcp_parse(q, n, &h));
}

Test(wire_tcp, data_offset)
{
	uint8_t p[WIRE_TCP_MAX_LEN];
	struct wire_tcp h;

	memset(p, 1, sizeof(p));
	memcpy(p, syn, WIRE_TCP_LEN);
	for (unsigned off = 0; off < 16; off++) {
		p[12] = (uint8_t)(off << 4);
		cr_assert_eq(wire_tcp_parse(p, sizeof(p), &h),
			off < 5 ? -(int)DROP_tcp_short : (int)off * 4);
		if (off >= 5)
			CHECK_TRUNCATED(p, off * 4, DROP_tcp_short, wire_tcp_parse(q, n, &h));
	}
}

/* RFC 9293 section 3.1: the reserved bits "must be ignored in received segments". */
Test(wire_tcp, ignores_reserved_bits)
{
	uint8_t p[sizeof(syn)];
	struct wire_tcp h;

	memcpy(p, syn, sizeof(p));
	p[12] |= 0x0f;
	cr_assert_eq(wire_tcp_parse(p, sizeof(p), &h), 24);
	cr_assert_eq(h.flags, WIRE_TCP_SYN);
}

Test(wire_tcp, round_trip)
{
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		struct wire_tcp a = {0}, b = {0};
		uint8_t p[WIRE_TCP_LEN];

		a.sport = (uint16_t)rng_u64(&r);
		a.dport = (uint16_t)rng_u64(&r);
		a.seq = (uint32_t)rng_u64(&r);
		a.ack = (uint32_t)rng_u64(&r);
		a.hlen = (uint8_t)(20 + 4 * rng_below(&r, 11));
		a.flags = (uint8_t)rng_u64(&r);
		a.wnd = (uint16_t)rng_u64(&r);
		a.cksum = (uint16_t)rng_u64(&r);
		a.urp = (uint16_t)rng_u64(&r);
		cr_assert_eq(wire_tcp_emit(p, &a), WIRE_TCP_LEN);
		cr_assert_eq(wire_tcp_parse(p, a.hlen, &b), a.hlen);
		cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0, "case %u", i);
	}
}

Test(wire_tcp, print)
{
	struct wire_tcp h;

	wire_tcp_parse(syn, sizeof(syn), &h);
	CHECK_PRINT(
		"54321 > 80: Flags [S], seq 305419896, win 64240, length 0", wire_tcp_print, &h, 0);
	h.flags = 0xff;
	h.ack = UINT32_MAX;
	CHECK_PRINT("54321 > 80: Flags [FSRP.UEW], seq 305419896:305419906, ack 4294967295, win "
		    "64240, urg 7, length 10",
		wire_tcp_print, &h, 10);
	h.flags = 0;
	CHECK_PRINT("54321 > 80: Flags [none], seq 305419896, win 64240, length 0", wire_tcp_print,
		&h, 0);
}
