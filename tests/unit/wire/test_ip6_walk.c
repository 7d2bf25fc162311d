/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_ip6.h"
#include "wire_test.h"

#define UDP 17

struct walk {
	int rc;
	struct wire_ip6_chain c;
};

/* Walks the n bytes behind a header whose next header is first; payload_len may say more or less. */
static struct walk walk_len(uint8_t first, const uint8_t *ext, size_t n, uint16_t payload_len)
{
	struct wire_ip6 h = {.next = first, .payload_len = payload_len};
	uint8_t p[WIRE_IP6_LEN + 4096], *q;
	struct walk w;

	cr_assert_leq(n, sizeof(p) - WIRE_IP6_LEN);
	wire_ip6_emit(p, &h);
	memcpy(p + WIRE_IP6_LEN, ext, n);
	q = heap_copy(p, WIRE_IP6_LEN + n);
	w.rc = wire_ip6_walk(q, WIRE_IP6_LEN + n, &h, &w.c);
	free(q);
	return w;
}

#define WALK(first, ...)                                                                        \
	walk_len(first, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), \
		sizeof((const uint8_t[]){__VA_ARGS__}))

static void expect_problem(struct walk w, enum drop drop, uint8_t code, unsigned ptr, bool if_mcast)
{
	cr_assert_eq(w.rc, -(int)drop, "%d", w.rc);
	cr_assert_eq(w.c.problem, code, "code %u", w.c.problem);
	if (code != WIRE_IP6_SILENT)
		cr_assert_eq(w.c.problem_ptr, ptr, "pointer %u", w.c.problem_ptr);
	cr_assert_eq(w.c.problem_if_mcast, if_mcast);
}

static void expect_proto(struct walk w, uint8_t proto, unsigned l4_off, unsigned next_ptr)
{
	cr_assert_eq(w.rc, 0, "%d", w.rc);
	cr_assert_eq(w.c.proto, proto);
	cr_assert_eq(w.c.l4_off, l4_off);
	cr_assert_eq(w.c.next_ptr, next_ptr);
	cr_assert(!w.c.fragment);
}

Test(wire_ip6_walk, no_extension_headers)
{
	expect_proto(WALK(UDP, 0), UDP, 40, 6);
	expect_proto(walk_len(WIRE_IP6_NONE, (const uint8_t *)"", 0, 0), WIRE_IP6_NONE, 40, 6);
}

/* RFC 8200 section 4.1: the recommended order. */
Test(wire_ip6_walk, all_kinds)
{
	struct walk w = WALK(WIRE_IP6_HOPOPTS,		/**/
		WIRE_IP6_DSTOPTS, 0, 5, 2, 0, 0, 1, 0,	/* router alert, PadN */
		WIRE_IP6_ROUTING, 0, 0, 0, 0, 0, 0, 0,	/* Pad1 */
		WIRE_IP6_FRAGMENT, 0, 4, 0, 0, 0, 0, 0, /* no segments left */
		WIRE_IP6_DSTOPTS, 0, 0, 0, 0, 0, 0, 9,	/* atomic */
		UDP, 0, 1, 4, 0, 0, 0, 0);		/* PadN */

	expect_proto(w, UDP, 80, 72);
}

Test(wire_ip6_walk, long_header)
{
	uint8_t ext[24] = {UDP, 2, 1, 20};

	expect_proto(walk_len(WIRE_IP6_DSTOPTS, ext, sizeof(ext), sizeof(ext)), UDP, 64, 40);
}

/* RFC 8200 section 4: as an unrecognized next header, code 1, pointer at the zero. */
Test(wire_ip6_walk, hop_by_hop_only_first)
{
	expect_problem(WALK(WIRE_IP6_DSTOPTS, WIRE_IP6_HOPOPTS, 0, 1, 4, 0, 0, 0, 0, UDP, 0, 1, 4,
			       0, 0, 0, 0),
		DROP_ip6_ext, 1, 40, false);
	expect_problem(WALK(WIRE_IP6_HOPOPTS, WIRE_IP6_HOPOPTS, 0, 1, 4, 0, 0, 0, 0, UDP, 0, 1, 4,
			       0, 0, 0, 0),
		DROP_ip6_ext, 1, 40, false);
}

/* RFC 8200 section 4.2: the two high bits of an unknown option. */
Test(wire_ip6_walk, unknown_options)
{
	static const uint8_t kinds[] = {WIRE_IP6_HOPOPTS, WIRE_IP6_DSTOPTS};

	for (unsigned i = 0; i < 2; i++) {
		/* 00: skip */
		expect_proto(WALK(kinds[i], UDP, 0, 0x1e, 3, 1, 2, 3, 0), UDP, 48, 40);
		/* 01: discard */
		expect_problem(WALK(kinds[i], UDP, 0, 0x5e, 3, 1, 2, 3, 0), DROP_ip6_option,
			WIRE_IP6_SILENT, 0, false);
		/* 10: discard and report, also to multicast; the pointer is at the type */
		expect_problem(
			WALK(kinds[i], UDP, 0, 0, 0, 0x9e, 2, 1, 2), DROP_ip6_option, 2, 44, true);
		/* 11: discard and report, but not to multicast */
		expect_problem(
			WALK(kinds[i], UDP, 0, 1, 1, 0, 0xde, 1, 2), DROP_ip6_option, 2, 45, false);
	}
}

/* The first unknown option that is not skipped decides. */
Test(wire_ip6_walk, options_in_order)
{
	expect_problem(WALK(WIRE_IP6_DSTOPTS, UDP, 0, 0x1e, 0, 0xde, 0, 0x5e, 0), DROP_ip6_option,
		2, 44, false);
	expect_problem(WALK(WIRE_IP6_DSTOPTS, UDP, 0, 0x1e, 0, 0x5e, 0, 0xde, 0), DROP_ip6_option,
		WIRE_IP6_SILENT, 0, false);
}

/* RFC 4443 section 3.4, code 0: an erroneous field, here an option that does not fit. */
Test(wire_ip6_walk, option_past_its_header)
{
	expect_problem(WALK(WIRE_IP6_DSTOPTS, UDP, 0, 1, 5, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8),
		DROP_ip6_ext, 0, 43, false);
	expect_problem(
		WALK(WIRE_IP6_DSTOPTS, UDP, 0, 1, 3, 0, 0, 0, 0x1e), DROP_ip6_ext, 0, 47, false);
}

/* RFC 5095 section 3 and RFC 8200 section 4.4: with segments left code 0, pointer at the type. */
Test(wire_ip6_walk, routing_header)
{
	for (unsigned type = 0; type < 256; type++) {
		expect_problem(WALK(WIRE_IP6_ROUTING, UDP, 0, (uint8_t)type, 1, 0, 0, 0, 0),
			DROP_ip6_route, 0, 42, false);
		expect_proto(
			WALK(WIRE_IP6_ROUTING, UDP, 0, (uint8_t)type, 0, 0, 0, 0, 0), UDP, 48, 40);
	}
}

Test(wire_ip6_walk, fragment_ends_the_chain)
{
	struct walk w = WALK(WIRE_IP6_FRAGMENT, UDP, 0, 0x05, 0xa9, 1, 2, 3, 4, 9, 9);

	cr_assert_eq(w.rc, 0);
	cr_assert(w.c.fragment && w.c.frag_more);
	cr_assert_eq(w.c.frag_off, 1448);
	cr_assert_eq(w.c.frag_id, 0x01020304);
	cr_assert_eq(w.c.l4_off, 40);
	cr_assert_eq(w.c.proto, WIRE_IP6_FRAGMENT);
	cr_assert_eq(w.c.next_ptr, 6);
	w = WALK(WIRE_IP6_FRAGMENT, UDP, 0, 0xff, 0xf8, 0, 0, 0, 0);
	cr_assert(w.rc == 0 && w.c.fragment && !w.c.frag_more && w.c.frag_off == 65528);
	w = WALK(WIRE_IP6_FRAGMENT, UDP, 0, 0, 1, 0, 0, 0, 0);
	cr_assert(w.rc == 0 && w.c.fragment && w.c.frag_more && w.c.frag_off == 0);
	/* What is in the other fragments is not judged by this one's bytes. */
	w = WALK(WIRE_IP6_FRAGMENT, WIRE_IP6_HOPOPTS, 0, 0, 8, 0, 0, 0, 0);
	cr_assert(w.rc == 0 && w.c.fragment && w.c.frag_off == 8);
}

/* RFC 6946 section 4 and RFC 8200 section 4.5: an atomic fragment is a whole packet. */
Test(wire_ip6_walk, atomic_fragment_is_passed_over)
{
	struct walk w = WALK(WIRE_IP6_FRAGMENT, UDP, 0xff, 0, 6, 1, 2, 3, 4);

	/* The reserved bits of the offset field are ignored. */
	expect_proto(w, UDP, 48, 40);
	cr_assert(!w.c.frag_more);
}

/* The second octet of a Fragment header is reserved, not a length. */
Test(wire_ip6_walk, fragment_header_is_always_eight_bytes)
{
	struct walk w = WALK(WIRE_IP6_FRAGMENT, WIRE_IP6_DSTOPTS, 200, 0, 0, 0, 0, 0, 0, UDP, 0, 1,
		4, 0, 0, 0, 0);

	expect_proto(w, UDP, 56, 48);
}

Test(wire_ip6_walk, at_most_eight_headers)
{
	uint8_t ext[8 * (WIRE_IP6_EXT_MAX + 1)] = {0};
	unsigned i;

	for (i = 0; i < WIRE_IP6_EXT_MAX; i++) {
		ext[8 * i] = i + 1 < WIRE_IP6_EXT_MAX ? WIRE_IP6_DSTOPTS : UDP;
		ext[8 * i + 2] = 1;
		ext[8 * i + 3] = 4;
	}
	expect_proto(walk_len(WIRE_IP6_DSTOPTS, ext, 8 * i, (uint16_t)(8 * i)), UDP, 40 + 8 * i,
		40 + 8 * (i - 1));
	ext[8 * (i - 1)] = WIRE_IP6_DSTOPTS;
	ext[8 * i] = UDP;
	ext[8 * i + 2] = 1;
	ext[8 * i + 3] = 4;
	expect_problem(walk_len(WIRE_IP6_DSTOPTS, ext, sizeof(ext), sizeof(ext)), DROP_ip6_ext,
		WIRE_IP6_SILENT, 0, false);
}

/* A header whose length leads out of the packet is an erroneous field. */
Test(wire_ip6_walk, header_past_the_packet)
{
	expect_problem(
		WALK(WIRE_IP6_DSTOPTS, UDP, 1, 1, 4, 0, 0, 0, 0), DROP_ip6_ext, 0, 41, false);
	expect_problem(
		WALK(WIRE_IP6_ROUTING, UDP, 255, 0, 0, 0, 0, 0, 0), DROP_ip6_ext, 0, 41, false);
}

/* Bytes behind the payload length are the link's padding, not ours to read. */
Test(wire_ip6_walk, header_in_the_padding)
{
	static const uint8_t ext[] = {UDP, 0, 1, 4, 0, 0, 0, 0};

	expect_problem(walk_len(WIRE_IP6_DSTOPTS, ext, sizeof(ext), 0), DROP_ip6_ext,
		WIRE_IP6_SILENT, 0, false);
	expect_problem(walk_len(WIRE_IP6_DSTOPTS, ext, sizeof(ext), 7), DROP_ip6_ext,
		WIRE_IP6_SILENT, 0, false);
}

Test(wire_ip6_walk, truncated_anywhere)
{
	static const uint8_t ext[] = {WIRE_IP6_DSTOPTS, 0, 5, 2, 0, 0, 1, 0, WIRE_IP6_ROUTING, 1, 1,
		12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, WIRE_IP6_FRAGMENT, 0, 4, 0, 0, 0, 0, 0, UDP,
		0, 0, 0, 0, 0, 0, 9};

	expect_proto(walk_len(WIRE_IP6_HOPOPTS, ext, sizeof(ext), sizeof(ext)), UDP, 80, 72);
	for (size_t n = 0; n < sizeof(ext); n++) {
		/* The packet goes on in another segment, or is cut short. */
		cr_assert_eq(
			walk_len(WIRE_IP6_HOPOPTS, ext, n, sizeof(ext)).rc, -(int)DROP_ip6_ext);
		cr_assert_eq(
			walk_len(WIRE_IP6_HOPOPTS, ext, n, (uint16_t)n).rc, -(int)DROP_ip6_ext);
	}
}

/* Any bytes: no read past the end, and what is found lies in the packet. */
Test(wire_ip6_walk, random_bytes)
{
	static const uint8_t kinds[] = {
		WIRE_IP6_HOPOPTS, WIRE_IP6_ROUTING, WIRE_IP6_FRAGMENT, WIRE_IP6_DSTOPTS, UDP};
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		uint8_t ext[128];
		size_t n = rng_below(&r, sizeof(ext) + 1);
		struct walk w;

		for (unsigned j = 0; j < n; j++)
			ext[j] = rng_below(&r, 2) ? kinds[rng_below(&r, 5)]
						  : (uint8_t)rng_below(&r, 3);
		w = walk_len(kinds[rng_below(&r, 5)], ext, n, (uint16_t)n);
		if (w.rc == 0)
			cr_assert_leq(w.c.l4_off, 40 + n, "case %u", i);
		else if (w.c.problem != WIRE_IP6_SILENT)
			cr_assert_lt(w.c.problem_ptr, 40 + n, "case %u", i);
		cr_assert_leq(w.c.next_ptr, 40 + n);
	}
}
