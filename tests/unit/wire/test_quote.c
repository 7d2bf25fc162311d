/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_icmp.h"
#include "wire_ip6.h"
#include "wire_test.h"

#define TCP 6
#define UDP 17

/* Eight bytes of a TCP header: ports 80 and 40000, sequence number 0x01020304. */
#define L4 0, 80, 0x9c, 0x40, 1, 2, 3, 4

/* 10.0.0.1 to 10.0.0.2; total length 1500, of which only the start is quoted. */
static const uint8_t quote4[] = {
	0x45, 0, 0x05, 0xdc, 0, 1, 0x40, 0, 64, TCP, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, L4};

#define IP6_HEADER(next)                                                                           \
	0x60, 0, 0, 0, 0x05, 0xb4, next, 64, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
		1, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2

static const uint8_t quote6[] = {IP6_HEADER(TCP), L4};

static int parse(const uint8_t *p, size_t len, bool v6, struct wire_quote *q)
{
	uint8_t *copy = heap_copy(p, len);
	int rc = wire_quote_parse(copy, len, v6, q);

	free(copy);
	return rc;
}

Test(wire_quote, ip4_tcp)
{
	struct wire_quote q;

	cr_assert_eq(parse(quote4, sizeof(quote4), false, &q), 0);
	cr_assert(!q.v6);
	cr_assert_eq(q.proto, TCP);
	cr_assert_eq(q.src4, IP4(10, 0, 0, 1));
	cr_assert_eq(q.dst4, IP4(10, 0, 0, 2));
	cr_assert_eq(q.sport, 80);
	cr_assert_eq(q.dport, 40000);
	cr_assert_eq(q.seq, 0x01020304);
	cr_assert_eq(q.frag_off, 0);
}

Test(wire_quote, ip4_options_udp)
{
	static const uint8_t p[] = {0x46, 0, 0, 60, 0, 1, 0, 0, 64, UDP, 0, 0, 10, 0, 0, 1, 10, 0,
		0, 2, 148, 4, 0, 0, L4};
	struct wire_quote q;

	cr_assert_eq(parse(p, sizeof(p), false, &q), 0);
	cr_assert_eq(q.proto, UDP);
	cr_assert(q.sport == 80 && q.dport == 40000 && q.seq == 0);
}

/* RFC 792: the internet header plus the first 64 bits of the original datagram's data. */
Test(wire_quote, ip4_truncated)
{
	struct wire_quote h;

	CHECK_TRUNCATED(quote4, sizeof(quote4), DROP_icmp4_short, parse(q, n, false, &h));
}

Test(wire_quote, ip4_bad_header)
{
	uint8_t p[sizeof(quote4)];
	struct wire_quote q;

	memcpy(p, quote4, sizeof(p));
	for (unsigned b = 0; b < 256; b++) {
		p[0] = (uint8_t)b;
		/* 28 bytes hold a header of 20 and 8 behind it, no more. */
		cr_assert_eq(parse(p, sizeof(p), false, &q), b == 0x45 ? 0 : -(int)DROP_icmp4_short,
			"0x%02x", b);
	}
}

/* Ports are only in the first fragment. */
Test(wire_quote, ip4_fragments)
{
	uint8_t p[sizeof(quote4)];
	struct wire_quote q;

	memcpy(p, quote4, sizeof(p));
	p[6] = 0x20;
	cr_assert_eq(parse(p, sizeof(p), false, &q), 0);
	cr_assert(q.frag_off == 0 && q.sport == 80);
	p[7] = 185;
	cr_assert_eq(parse(p, sizeof(p), false, &q), 0);
	cr_assert(q.frag_off == 1480 && q.sport == 0 && q.seq == 0);
	cr_assert_eq(parse(p, 20, false, &q), 0);
}

/* Of other protocols nothing but the IP header is needed. */
Test(wire_quote, ip4_other_protocol)
{
	uint8_t p[sizeof(quote4)];
	struct wire_quote q;

	memcpy(p, quote4, sizeof(p));
	p[9] = 1;
	cr_assert_eq(parse(p, 20, false, &q), 0);
	cr_assert(q.proto == 1 && q.sport == 0);
}

Test(wire_quote, ip6_tcp)
{
	struct wire_quote q;

	cr_assert_eq(parse(quote6, sizeof(quote6), true, &q), 0);
	cr_assert(q.v6);
	cr_assert_eq(q.proto, TCP);
	cr_assert_eq(memcmp(q.src6.b, quote6 + 8, 16), 0);
	cr_assert_eq(memcmp(q.dst6.b, quote6 + 24, 16), 0);
	cr_assert(q.sport == 80 && q.dport == 40000 && q.seq == 0x01020304);
}

Test(wire_quote, ip6_truncated)
{
	struct wire_quote h;

	CHECK_TRUNCATED(quote6, sizeof(quote6), DROP_icmp6_short, parse(q, n, true, &h));
}

Test(wire_quote, ip6_extension_headers)
{
	static const uint8_t p[] = {IP6_HEADER(WIRE_IP6_HOPOPTS), WIRE_IP6_DSTOPTS, 0, 1, 4, 0, 0,
		0, 0, WIRE_IP6_FRAGMENT, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, UDP, 0, 0, 1,
		0, 0, 0, 9, L4};
	struct wire_quote h;

	cr_assert_eq(parse(p, sizeof(p), true, &h), 0);
	cr_assert(h.proto == UDP && h.sport == 80 && h.dport == 40000 && h.frag_off == 0);
	CHECK_TRUNCATED(p, sizeof(p), DROP_icmp6_short, parse(q, n, true, &h));
}

Test(wire_quote, ip6_later_fragment)
{
	static const uint8_t p[] = {IP6_HEADER(WIRE_IP6_FRAGMENT), TCP, 0, 0x05, 0xa8, 0, 0, 0, 9};
	struct wire_quote q;

	cr_assert_eq(parse(p, sizeof(p), true, &q), 0);
	cr_assert(q.proto == TCP && q.frag_off == 1448 && q.sport == 0);
}

/* The two families do not mix. */
Test(wire_quote, wrong_family)
{
	struct wire_quote q;

	cr_assert_eq(parse(quote6, sizeof(quote6), false, &q), -(int)DROP_icmp4_short);
	cr_assert_eq(parse(quote4, sizeof(quote4), true, &q), -(int)DROP_icmp6_short);
}
