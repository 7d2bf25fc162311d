/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_icmp.h"
#include "wire_nd.h"
#include "wire_test.h"

/* fe80::1 */
#define TARGET 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1

static const uint8_t solicit[] = {135, 0, 0, 0, 0, 0, 0, 0, TARGET, 1, 1, 2, 0, 0, 0, 0, 0xa};
static const uint8_t advert[] = {136, 0, 0, 0, 0x60, 0, 0, 0, TARGET, 2, 1, 2, 0, 0, 0, 0, 0xb};
/* RFC 7527 section 4: duplicate address detection with a nonce and no source link-layer address. */
static const uint8_t dad[] = {135, 0, 0, 0, 0, 0, 0, 0, TARGET, 14, 1, 1, 2, 3, 4, 5, 6};

static int parse(const uint8_t *p, size_t len, struct wire_nd *h)
{
	uint8_t *q = heap_copy(p, len);
	int rc = wire_nd_parse(q, len, h);

	free(q);
	return rc;
}

/* The message m with one change. */
static int parse_changed(const uint8_t *m, size_t len, unsigned off, uint8_t value)
{
	uint8_t p[64];
	struct wire_nd h;

	memcpy(p, m, len);
	p[off] = value;
	return parse(p, len, &h);
}

static void check_emit(const struct wire_nd *h, const uint8_t *want, unsigned len)
{
	uint8_t out[WIRE_ND_NA_LEN + 2 * WIRE_ND_LLADDR_LEN];

	cr_assert_eq(wire_nd_emit(out, h), len);
	cr_assert_eq(memcmp(out, want, len), 0);
}

Test(wire_nd, parses_and_emits_a_solicitation)
{
	struct wire_nd h;

	cr_assert_eq(parse(solicit, sizeof(solicit), &h), (int)sizeof(solicit));
	cr_assert_eq(h.type, WIRE_ICMP6_NS);
	cr_assert_eq(memcmp(h.target.b, solicit + 8, 16), 0);
	cr_assert(h.has_lladdr);
	cr_assert_eq(memcmp(h.lladdr, "\2\0\0\0\0\x0a", 6), 0);
	cr_assert_eq(h.nonce_len, 0);
	check_emit(&h, solicit, sizeof(solicit));
}

Test(wire_nd, parses_and_emits_an_advertisement)
{
	struct wire_nd h;

	cr_assert_eq(parse(advert, sizeof(advert), &h), (int)sizeof(advert));
	cr_assert_eq(h.type, WIRE_ICMP6_NA);
	cr_assert_eq(h.flags, WIRE_ND_NA_SOLICITED | WIRE_ND_NA_OVERRIDE);
	cr_assert(h.has_lladdr);
	cr_assert_eq(memcmp(h.lladdr, "\2\0\0\0\0\x0b", 6), 0);
	check_emit(&h, advert, sizeof(advert));
}

Test(wire_nd, parses_and_emits_a_nonce)
{
	struct wire_nd h;

	cr_assert_eq(parse(dad, sizeof(dad), &h), (int)sizeof(dad));
	cr_assert(!h.has_lladdr);
	cr_assert_eq(h.nonce_len, 6);
	cr_assert_eq(memcmp(h.nonce, dad + 26, 6), 0);
	check_emit(&h, dad, sizeof(dad));
}

Test(wire_nd, without_options)
{
	struct wire_nd h;

	cr_assert_eq(parse(solicit, WIRE_ND_NS_LEN, &h), WIRE_ND_NS_LEN);
	cr_assert(!h.has_lladdr && h.nonce_len == 0);
	check_emit(&h, solicit, WIRE_ND_NS_LEN);
}

/* RFC 4861 section 7.1.1: 24 bytes at least; an option that does not fit has a wrong length. */
Test(wire_nd, refuses_short)
{
	struct wire_nd h;

	CHECK_TRUNCATED(solicit, WIRE_ND_NS_LEN, DROP_icmp6_short, wire_nd_parse(q, n, &h));
	for (size_t n = WIRE_ND_NS_LEN + 1; n < sizeof(solicit); n++)
		cr_assert_eq(parse(solicit, n, &h), -(int)DROP_nd_bad, "%zu bytes", n);
}

/* RFC 4861 section 7.1: code 0, target not multicast, options with a length above 0. */
Test(wire_nd, refuses_bad)
{
	cr_assert_eq(parse_changed(solicit, sizeof(solicit), 1, 1), -(int)DROP_nd_bad);
	cr_assert_eq(parse_changed(advert, sizeof(advert), 1, 255), -(int)DROP_nd_bad);
	cr_assert_eq(parse_changed(solicit, sizeof(solicit), 8, 0xff), -(int)DROP_nd_bad);
	cr_assert_eq(parse_changed(advert, sizeof(advert), 8, 0xff), -(int)DROP_nd_bad);
	cr_assert_eq(parse_changed(solicit, sizeof(solicit), 25, 0), -(int)DROP_nd_bad);
	cr_assert_eq(parse_changed(dad, sizeof(dad), 25, 0), -(int)DROP_nd_bad);
	cr_assert_eq(parse_changed(solicit, sizeof(solicit), 25, 2), -(int)DROP_nd_bad);
	cr_assert_eq(parse_changed(solicit, sizeof(solicit), 0, 134), -(int)DROP_nd_bad);
}

/* RFC 2464 section 6: an Ethernet address option is 8 bytes. */
Test(wire_nd, refuses_long_link_layer_address)
{
	static const uint8_t p[] = {
		135, 0, 0, 0, 0, 0, 0, 0, TARGET, 1, 2, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
	struct wire_nd h;

	cr_assert_eq(parse(p, sizeof(p), &h), -(int)DROP_nd_bad);
}

/* RFC 4861 section 4.3: "unrecognized options MUST be ignored"; others may follow. */
Test(wire_nd, skips_unknown_options)
{
	static const uint8_t p[] = {135, 0, 0, 0, 0, 0, 0, 0, TARGET, 200, 2, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 2, 1, 9, 9, 9, 9, 9, 9, 1, 1, 2, 0, 0, 0, 0, 3};
	struct wire_nd h;

	/* Type 2 is the target's address, which has no place in a solicitation. */
	cr_assert_eq(parse(p, sizeof(p), &h), (int)sizeof(p));
	cr_assert(h.has_lladdr);
	cr_assert_eq(memcmp(h.lladdr, "\2\0\0\0\0\3", 6), 0);
}

/* A nonce of another length is not one that we sent (RFC 3971 section 5.3.2 allows longer ones). */
Test(wire_nd, skips_long_nonce)
{
	static const uint8_t p[] = {135, 0, 0, 0, 0, 0, 0, 0, TARGET, 14, 2, 1, 2, 3, 4, 5, 6, 7, 8,
		9, 10, 11, 12, 13, 14};
	struct wire_nd h;

	cr_assert_eq(parse(p, sizeof(p), &h), (int)sizeof(p));
	cr_assert_eq(h.nonce_len, 0);
}

/* RFC 4861 sections 4.3 and 4.4: the reserved field is ignored. */
Test(wire_nd, ignores_reserved)
{
	uint8_t p[sizeof(advert)];
	struct wire_nd h;

	memcpy(p, advert, sizeof(p));
	memset(p + 4, 0xff, 4);
	cr_assert_eq(parse(p, sizeof(p), &h), (int)sizeof(p));
	cr_assert_eq(h.flags, 0xe0);
	p[0] = 135;
	cr_assert_eq(parse(p, sizeof(p), &h), (int)sizeof(p));
	cr_assert_eq(h.flags, 0);
}

Test(wire_nd, round_trip)
{
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		struct wire_nd a = {0}, b;
		uint8_t p[WIRE_ND_NA_LEN + 2 * WIRE_ND_LLADDR_LEN];
		unsigned n;

		a.type = rng_below(&r, 2) ? WIRE_ICMP6_NS : WIRE_ICMP6_NA;
		a.flags = a.type == WIRE_ICMP6_NA ? (uint8_t)(rng_below(&r, 8) << 5) : 0;
		fill(&r, &a.target, 16);
		a.target.b[0] &= 0x7f;
		a.has_lladdr = rng_below(&r, 2);
		a.nonce_len = rng_below(&r, 2) ? 6 : 0;
		if (a.has_lladdr)
			fill(&r, a.lladdr, 6);
		if (a.nonce_len)
			fill(&r, a.nonce, 6);
		n = wire_nd_emit(p, &a);
		memset(&b, 0xff, sizeof(b));
		cr_assert_eq(parse(p, n, &b), (int)n);
		cr_assert(a.type == b.type && a.flags == b.flags && a.has_lladdr == b.has_lladdr &&
				  a.nonce_len == b.nonce_len,
			"case %u", i);
		cr_assert(memcmp(&a.target, &b.target, 16) == 0 &&
				  memcmp(a.lladdr, b.lladdr, 6) == 0 &&
				  memcmp(a.nonce, b.nonce, 6) == 0,
			"case %u", i);
	}
}

Test(wire_nd, print)
{
	struct wire_nd h;

	parse(solicit, sizeof(solicit), &h);
	CHECK_PRINT("ICMP6, neighbor solicitation, who has fe80::1, lladdr 02:00:00:00:00:0a",
		wire_nd_print, &h);
	parse(dad, sizeof(dad), &h);
	CHECK_PRINT("ICMP6, neighbor solicitation, who has fe80::1, nonce", wire_nd_print, &h);
	parse(advert, sizeof(advert), &h);
	CHECK_PRINT("ICMP6, neighbor advertisement, tgt is fe80::1, flags [SO], lladdr "
		    "02:00:00:00:00:0b",
		wire_nd_print, &h);
}
