/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_FUZZ_OPTS_H
#define GN_FUZZ_OPTS_H

#include "fuzz.h"
#include "wire_tcp.h"

#define FUZZ_OPTS_MAX (WIRE_TCP_MAX_LEN - WIRE_TCP_LEN)

static inline void fuzz_opts_equal(const struct wire_tcp_opts *a, const struct wire_tcp_opts *b)
{
	FUZZ_CHECK(!(a->has & WIRE_TCP_OPT_MSS) || a->mss == b->mss);
	FUZZ_CHECK(!(a->has & WIRE_TCP_OPT_WSCALE) || a->wscale == b->wscale);
	FUZZ_CHECK(!(a->has & WIRE_TCP_OPT_TS) || (a->tsval == b->tsval && a->tsecr == b->tsecr));
	FUZZ_CHECK(!(b->has & WIRE_TCP_OPT_UTO) || a->uto == b->uto);
	if (a->has & WIRE_TCP_OPT_TFO) {
		FUZZ_CHECK(a->tfo_len == b->tfo_len);
		FUZZ_CHECK(a->tfo_len == 0 || memcmp(a->tfo, b->tfo, a->tfo_len) == 0);
	}
	if (!(b->has & WIRE_TCP_OPT_SACK))
		return;
	/* Blocks that do not fit are left out, the last ones. */
	FUZZ_CHECK(b->n_sack > 0 && b->n_sack <= a->n_sack);
	FUZZ_CHECK(memcmp(a->sack, b->sack, b->n_sack * sizeof(a->sack[0])) == 0);
}

/* Emitted and parsed they are the same, but for what there was no room for beside a cookie; and emitted
 * again, the same bytes. */
static inline void fuzz_opts_round_trip(const struct wire_tcp_opts *o)
{
	uint8_t first[FUZZ_OPTS_MAX], second[FUZZ_OPTS_MAX], *p;
	unsigned n = wire_tcp_opts_emit(first, o), lost;
	struct wire_tcp_opts again;

	FUZZ_CHECK(n <= FUZZ_OPTS_MAX && n % 4 == 0);
	p = fuzz_copy(first, n);
	FUZZ_CHECK(wire_tcp_opts_parse(p, n, &again));
	FUZZ_CHECK((again.has & ~o->has) == 0);
	lost = o->has & ~again.has;
	FUZZ_CHECK(!(lost & ~(WIRE_TCP_OPT_UTO | WIRE_TCP_OPT_SACK)));
	FUZZ_CHECK(lost == 0 || o->has & WIRE_TCP_OPT_TFO);
	FUZZ_CHECK(!(lost & WIRE_TCP_OPT_UTO) || n == FUZZ_OPTS_MAX);
	FUZZ_CHECK(!(lost & WIRE_TCP_OPT_SACK) || n + 12 > FUZZ_OPTS_MAX);
	fuzz_opts_equal(o, &again);
	FUZZ_CHECK(wire_tcp_opts_emit(second, &again) == n);
	FUZZ_CHECK(memcmp(first, second, n) == 0);
	free(p); /* again.tfo lay in it */
}

#endif
