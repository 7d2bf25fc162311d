/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_tcp.h"
#include "wire_test.h"

#define ALL (WIRE_TCP_OPT_MSS | WIRE_TCP_OPT_WSCALE | WIRE_TCP_OPT_SACKOK | WIRE_TCP_OPT_TS)

static bool parse(const uint8_t *p, unsigned n, struct wire_tcp_opts *o)
{
	uint8_t *q = heap_copy(p, n);
	bool ok;

	memset(o, 0xff, sizeof(*o));
	ok = wire_tcp_opts_parse(q, n, o);
	free(q);
	return ok;
}

#define PARSE(o, ...) \
	parse((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), o)

#define TS 8, 10, 1, 2, 3, 4, 5, 6, 7, 8

static void check_ts(const struct wire_tcp_opts *o)
{
	cr_assert(o->has & WIRE_TCP_OPT_TS);
	cr_assert_eq(o->tsval, 0x01020304);
	cr_assert_eq(o->tsecr, 0x05060708);
}

/* The options of a Linux SYN. */
Test(wire_tcp_opts, syn)
{
	struct wire_tcp_opts o;

	cr_assert(PARSE(&o, 2, 4, 0x05, 0xb4, 4, 2, TS, 1, 3, 3, 7));
	cr_assert_eq(o.has, ALL);
	cr_assert_eq(o.mss, 1460);
	cr_assert_eq(o.wscale, 7);
	check_ts(&o);
}

/* RFC 7323 appendix A, the layout of nearly every segment; and the same in others. */
Test(wire_tcp_opts, timestamps)
{
	struct wire_tcp_opts o;

	cr_assert(PARSE(&o, 1, 1, TS));
	cr_assert_eq(o.has, WIRE_TCP_OPT_TS);
	check_ts(&o);
	cr_assert(PARSE(&o, TS, 1, 1));
	cr_assert_eq(o.has, WIRE_TCP_OPT_TS);
	check_ts(&o);
	cr_assert(PARSE(&o, TS, 0, 0));
	check_ts(&o);
	cr_assert(PARSE(&o, 1, 1, TS, 2, 4, 5, 0xb4));
	cr_assert_eq(o.has, WIRE_TCP_OPT_TS | WIRE_TCP_OPT_MSS);
	check_ts(&o);
}

Test(wire_tcp_opts, timestamps_truncated)
{
	static const uint8_t p[] = {1, 1, TS};
	struct wire_tcp_opts o;

	for (unsigned n = 0; n < sizeof(p); n++) {
		cr_assert_eq(parse(p, n, &o), n <= 2, "%u bytes", n);
		cr_assert_eq(o.has, 0);
	}
}

/* RFC 2018 section 3: one to four blocks. */
Test(wire_tcp_opts, sack)
{
	static const uint8_t p[] = {1, 1, 5, 34, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0,
		0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0, 8};
	uint8_t q[sizeof(p)];
	struct wire_tcp_opts o;

	memcpy(q, p, sizeof(q));
	for (unsigned n = 1; n <= 4; n++) {
		q[3] = (uint8_t)(2 + 8 * n);
		cr_assert(parse(q, 4 + 8 * n, &o));
		cr_assert_eq(o.has, WIRE_TCP_OPT_SACK);
		cr_assert_eq(o.n_sack, n);
		for (unsigned i = 0; i < n; i++)
			cr_assert(o.sack[i].left == 2 * i + 1 && o.sack[i].right == 2 * i + 2);
	}
}

/* A block count that is none, or not whole, or more than a header holds. */
Test(wire_tcp_opts, sack_with_wrong_length)
{
	uint8_t p[64] = {5};
	struct wire_tcp_opts o;

	for (uint8_t len = 2; len < 60; len++) {
		p[1] = len;
		cr_assert_eq(parse(p, len, &o), len == 10 || len == 18 || len == 26 || len == 34,
			"length %u", len);
	}
}

/* RFC 9293 MUST-5: options in any order and at any alignment, in any segment. */
Test(wire_tcp_opts, any_order_and_alignment)
{
	struct wire_tcp_opts o;

	cr_assert(PARSE(&o, 3, 3, 7, TS, 4, 2, 2, 4, 0x05, 0xb4));
	cr_assert(o.has == ALL && o.mss == 1460 && o.wscale == 7);
	check_ts(&o);
	cr_assert(PARSE(&o, 1, 2, 4, 0x05, 0xb4, 1, 1, 1, TS, 3, 3, 7, 4, 2));
	cr_assert(o.has == ALL && o.mss == 1460 && o.wscale == 7);
	check_ts(&o);
}

/* RFC 9293 MUST-6: an unknown option is ignored by its length. */
Test(wire_tcp_opts, unknown_kinds_are_skipped)
{
	struct wire_tcp_opts o;

	cr_assert(PARSE(&o, 30, 12, 2, 4, 9, 9, 9, 9, 9, 9, 9, 9, 2, 4, 0x05, 0xb4));
	cr_assert(o.has == WIRE_TCP_OPT_MSS && o.mss == 1460);
	cr_assert(PARSE(&o, 254, 2, 2, 4, 0x05, 0xb4));
	cr_assert(o.has == WIRE_TCP_OPT_MSS && o.mss == 1460);
	for (unsigned kind = 0; kind < 256; kind++) {
		bool ok = PARSE(&o, (uint8_t)kind, 6, 0, 0, 0, 0, 4, 2);

		/* Those we know have other lengths; end and NOP have none. */
		if (kind > 5 && kind != 8 && kind != 28 && kind != 34)
			cr_assert(ok && o.has == WIRE_TCP_OPT_SACKOK, "kind %u", kind);
	}
}

/* RFC 9293 MUST-7: illegal lengths end the parse and keep what was read before. */
Test(wire_tcp_opts, illegal_lengths)
{
	struct wire_tcp_opts o;

	cr_assert(!PARSE(&o, 4, 2, 30, 0, 2, 4, 0x05, 0xb4));
	cr_assert_eq(o.has, WIRE_TCP_OPT_SACKOK);
	cr_assert(!PARSE(&o, 4, 2, 30, 1, 2, 4, 0x05, 0xb4));
	cr_assert_eq(o.has, WIRE_TCP_OPT_SACKOK);
	cr_assert(!PARSE(&o, 4, 2, 30, 7, 2, 4, 0x05, 0xb4));
	cr_assert_eq(o.has, WIRE_TCP_OPT_SACKOK);
	cr_assert(!PARSE(&o, 4, 2, 1, 2));
	cr_assert_eq(o.has, WIRE_TCP_OPT_SACKOK);
	cr_assert(!PARSE(&o, 2, 0));
	cr_assert_eq(o.has, 0);
}

/* The contract: a known kind with the wrong length is skipped, the others count. */
Test(wire_tcp_opts, wrong_length_of_known_kinds)
{
	struct wire_tcp_opts o;

	cr_assert(!PARSE(&o, 2, 3, 5, 4, 2));
	cr_assert_eq(o.has, WIRE_TCP_OPT_SACKOK);
	cr_assert(!PARSE(&o, 3, 4, 7, 7, 4, 2));
	cr_assert_eq(o.has, WIRE_TCP_OPT_SACKOK);
	cr_assert(!PARSE(&o, 4, 3, 0, 3, 3, 7));
	cr_assert_eq(o.has, WIRE_TCP_OPT_WSCALE);
	cr_assert(!PARSE(&o, 8, 9, 1, 2, 3, 4, 5, 6, 7, 4, 2));
	cr_assert_eq(o.has, WIRE_TCP_OPT_SACKOK);
}

/* RFC 9293 MUST-64 and section 3.1: nothing counts behind the end of the list. */
Test(wire_tcp_opts, end_of_list)
{
	struct wire_tcp_opts o;

	cr_assert(PARSE(&o, 4, 2, 0, 2, 4, 0x05, 0xb4, 9));
	cr_assert_eq(o.has, WIRE_TCP_OPT_SACKOK);
	cr_assert(PARSE(&o, 0));
	cr_assert_eq(o.has, 0);
	cr_assert(parse(NULL, 0, &o));
	cr_assert_eq(o.has, 0);
}

/* Shift counts above 14 are the caller's to limit (RFC 7323 section 2.3). */
Test(wire_tcp_opts, large_window_scale_as_sent)
{
	struct wire_tcp_opts o;

	cr_assert(PARSE(&o, 3, 3, 255));
	cr_assert_eq(o.wscale, 255);
}

Test(wire_tcp_opts, emits_the_usual_layouts)
{
	static const uint8_t syn[] = {2, 4, 0x05, 0xb4, 4, 2, TS, 1, 3, 3, 7};
	static const uint8_t ts[] = {1, 1, TS};
	static const uint8_t sackok[] = {1, 1, 4, 2};
	struct wire_tcp_opts o = {
		.has = ALL, .mss = 1460, .wscale = 7, .tsval = 0x01020304, .tsecr = 0x05060708};
	uint8_t p[WIRE_TCP_MAX_LEN - WIRE_TCP_LEN];

	cr_assert_eq(wire_tcp_opts_emit(p, &o), sizeof(syn));
	cr_assert_eq(memcmp(p, syn, sizeof(syn)), 0);
	o.has = WIRE_TCP_OPT_TS;
	cr_assert_eq(wire_tcp_opts_emit(p, &o), sizeof(ts));
	cr_assert_eq(memcmp(p, ts, sizeof(ts)), 0);
	o.has = WIRE_TCP_OPT_SACKOK;
	cr_assert_eq(wire_tcp_opts_emit(p, &o), sizeof(sackok));
	cr_assert_eq(memcmp(p, sackok, sizeof(sackok)), 0);
	o.has = 0;
	cr_assert_eq(wire_tcp_opts_emit(p, &o), 0);
}

/* RFC 5482 section 3: kind 28, length 4, granularity bit and 15 bits. */
Test(wire_tcp_opts, user_timeout_rfc5482_3)
{
	static const uint8_t p[] = {28, 4, 0x80, 0x1e};
	struct wire_tcp_opts o = {.has = WIRE_TCP_OPT_UTO, .uto = 0x801e};
	uint8_t q[WIRE_TCP_MAX_LEN - WIRE_TCP_LEN];

	cr_assert_eq(wire_tcp_opts_emit(q, &o), sizeof(p));
	cr_assert_eq(memcmp(p, q, sizeof(p)), 0);
	cr_assert(parse(p, sizeof(p), &o));
	cr_assert(o.has == WIRE_TCP_OPT_UTO && o.uto == 0x801e);
	cr_assert_not(PARSE(&o, 28, 3, 1, 1));
	cr_assert_eq(o.has, 0);
	cr_assert_not(PARSE(&o, 28, 6, 0, 1, 0, 1, 1, 1));
	cr_assert_eq(o.has, 0);
	o = (struct wire_tcp_opts){.has = ALL | WIRE_TCP_OPT_UTO | WIRE_TCP_OPT_SACK, .n_sack = 4};
	cr_assert_eq(wire_tcp_opts_emit(q, &o), 36);
	cr_assert(parse(q, 36, &o));
	cr_assert(o.has == (ALL | WIRE_TCP_OPT_UTO | WIRE_TCP_OPT_SACK) && o.n_sack == 1);
}

Test(wire_tcp_opts, user_timeout_granularity_rfc5482_3)
{
	cr_assert_eq(wire_tcp_uto_s(0x7fff), 32767);
	cr_assert_eq(wire_tcp_uto_s(0x8001), 60);
	cr_assert_eq(wire_tcp_uto_s(0xffff), 32767 * 60);
	cr_assert_eq(wire_tcp_uto_s(0x8000), 0);
	for (unsigned s = 0; s <= UINT16_MAX; s++) {
		uint32_t back = wire_tcp_uto_s(wire_tcp_uto((uint16_t)s));

		if (s < 0x8000)
			cr_assert_eq(back, s);
		else
			cr_assert(back >= s && back < s + 60, "%u s: %u s", s, back);
	}
}

/* RFC 7413 section 4.1.1: kind 34, and nothing (a request) or 4 to 16 bytes, an even number. */
Test(wire_tcp_opts, fast_open_cookie_rfc7413_4_1_1)
{
	static const uint8_t cookie[18] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

	for (unsigned len = 0; len <= sizeof(cookie); len++) {
		uint8_t p[2 + sizeof(cookie)] = {34, (uint8_t)(2 + len)};
		bool good = len == 0 || (len >= 4 && len <= 16 && len % 2 == 0);
		struct wire_tcp_opts o;

		memcpy(p + 2, cookie, len);
		cr_assert_eq(parse(p, 2 + len, &o), good, "%u bytes", len);
		cr_assert_eq(o.has, good ? WIRE_TCP_OPT_TFO : 0, "%u bytes", len);
		if (good)
			cr_assert_eq(o.tfo_len, len);
	}
}

Test(wire_tcp_opts, fast_open_emitted_rfc7413_4_1_1)
{
	static const uint8_t request[] = {1, 1, 34, 2},
			     eight[] = {1, 1, 34, 10, 1, 2, 3, 4, 5, 6, 7, 8};
	static const uint8_t cookie[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	struct wire_tcp_opts o = {.has = WIRE_TCP_OPT_TFO, .tfo = cookie}, back;
	uint8_t q[WIRE_TCP_MAX_LEN - WIRE_TCP_LEN];

	cr_assert_eq(wire_tcp_opts_emit(q, &o), sizeof(request));
	cr_assert_eq(memcmp(q, request, sizeof(request)), 0);
	o.tfo_len = 8;
	cr_assert_eq(wire_tcp_opts_emit(q, &o), sizeof(eight));
	cr_assert_eq(memcmp(q, eight, sizeof(eight)), 0);
	for (o.tfo_len = 4; o.tfo_len <= 16; o.tfo_len += 2) {
		o.has = ALL | WIRE_TCP_OPT_UTO | WIRE_TCP_OPT_TFO | WIRE_TCP_OPT_SACK;
		o.n_sack = 1;
		unsigned n = wire_tcp_opts_emit(q, &o);

		cr_assert(n <= sizeof(q) && wire_tcp_opts_parse(q, n, &back));
		cr_assert_eq(back.has & (ALL | WIRE_TCP_OPT_TFO), ALL | WIRE_TCP_OPT_TFO);
		cr_assert_eq((back.has & WIRE_TCP_OPT_UTO) != 0, o.tfo_len <= 14);
		cr_assert(back.tfo_len == o.tfo_len && memcmp(back.tfo, cookie, o.tfo_len) == 0);
	}
}

/* RFC 2018 section 3: with timestamps there is room for three blocks. */
Test(wire_tcp_opts, leaves_out_sack_blocks_that_do_not_fit)
{
	struct wire_tcp_opts o = {.has = WIRE_TCP_OPT_TS | WIRE_TCP_OPT_SACK, .n_sack = 4}, back;
	uint8_t p[WIRE_TCP_MAX_LEN - WIRE_TCP_LEN];

	cr_assert_eq(wire_tcp_opts_emit(p, &o), 40);
	cr_assert(parse(p, 40, &back));
	cr_assert_eq(back.n_sack, 3);
	o.has = WIRE_TCP_OPT_SACK;
	cr_assert_eq(wire_tcp_opts_emit(p, &o), 36);
	o.has |= ALL;
	cr_assert_eq(wire_tcp_opts_emit(p, &o), 40);
	cr_assert(parse(p, 40, &back));
	cr_assert(back.has == (ALL | WIRE_TCP_OPT_SACK) && back.n_sack == 2);
	o.n_sack = 0;
	cr_assert_eq(wire_tcp_opts_emit(p, &o), 20);
}

/* As many blocks as fit, and never more than 40 bytes, beside every choice of the others. */
Test(wire_tcp_opts, sack_blocks_beside_others)
{
	for (unsigned has = 0; has <= ALL; has++) {
		struct wire_tcp_opts o = {.has = (uint8_t)(has & ALL), .n_sack = 4}, back;
		uint8_t p[WIRE_TCP_MAX_LEN - WIRE_TCP_LEN + 8];
		unsigned without = wire_tcp_opts_emit(p, &o), n, fit = (36 - without) / 8;

		o.has |= WIRE_TCP_OPT_SACK;
		n = wire_tcp_opts_emit(p, &o);
		cr_assert_leq(n, WIRE_TCP_MAX_LEN - WIRE_TCP_LEN, "options 0x%02x", o.has);
		cr_assert(parse(p, n, &back));
		cr_assert_eq(back.n_sack, fit < 4 ? fit : 4, "options 0x%02x", o.has);
	}
}

Test(wire_tcp_opts, round_trip)
{
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		struct wire_tcp_opts a, b;
		uint8_t p[WIRE_TCP_MAX_LEN - WIRE_TCP_LEN];
		unsigned n;

		fill(&r, &a, sizeof(a));
		a.has &= ALL | WIRE_TCP_OPT_UTO | WIRE_TCP_OPT_SACK;
		a.n_sack = 1; /* fits beside all the others */
		n = wire_tcp_opts_emit(p, &a);
		cr_assert(n <= sizeof(p) && n % 4 == 0);
		cr_assert(parse(p, n, &b), "case %u", i);
		cr_assert_eq(a.has, b.has, "case %u", i);
		if (a.has & WIRE_TCP_OPT_MSS)
			cr_assert_eq(a.mss, b.mss);
		if (a.has & WIRE_TCP_OPT_WSCALE)
			cr_assert_eq(a.wscale, b.wscale);
		if (a.has & WIRE_TCP_OPT_UTO)
			cr_assert_eq(a.uto, b.uto);
		if (a.has & WIRE_TCP_OPT_TS)
			cr_assert(a.tsval == b.tsval && a.tsecr == b.tsecr);
		if (a.has & WIRE_TCP_OPT_SACK)
			cr_assert(a.n_sack == b.n_sack &&
				  memcmp(a.sack, b.sack, a.n_sack * sizeof(a.sack[0])) == 0);
	}
}

/*
 * The layout that has a fast path means the same as without it: unknown kind 77 in front moves the
 * rest to the general path.
 */
Test(wire_tcp_opts, fast_path_is_the_general_path)
{
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		uint8_t p[2 + 40] = {77, 2, 1, 1, 8, 10};
		unsigned n = 12 + rng_below(&r, 29);
		struct wire_tcp_opts a, b;

		for (unsigned j = 6; j < sizeof(p); j++)
			p[j] = (uint8_t)rng_below(&r, 12);
		cr_assert_eq(parse(p + 2, n, &a), parse(p, n + 2, &b), "case %u", i);
		cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0, "case %u", i);
	}
}
