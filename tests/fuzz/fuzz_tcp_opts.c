/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"
#include "wire_tcp.h"

/*
 * TCP options by themselves, in two directions: any bytes parsed, emitted, and parsed again; and any
 * values emitted and parsed. The first byte says which. What was emitted once is emitted so again.
 */
#define OPTS_MAX (WIRE_TCP_MAX_LEN - WIRE_TCP_LEN)
#define OPTS_ALL 0x3f /* WIRE_TCP_OPT_* */

static void check_equal(const struct wire_tcp_opts *a, const struct wire_tcp_opts *b)
{
	FUZZ_CHECK(a->has == b->has);
	FUZZ_CHECK(!(a->has & WIRE_TCP_OPT_MSS) || a->mss == b->mss);
	FUZZ_CHECK(!(a->has & WIRE_TCP_OPT_WSCALE) || a->wscale == b->wscale);
	FUZZ_CHECK(!(a->has & WIRE_TCP_OPT_TS) || (a->tsval == b->tsval && a->tsecr == b->tsecr));
	FUZZ_CHECK(!(a->has & WIRE_TCP_OPT_UTO) || a->uto == b->uto);
	if (!(a->has & WIRE_TCP_OPT_SACK))
		return;
	/* Blocks that do not fit are left out, the last ones. */
	FUZZ_CHECK(b->n_sack > 0 && b->n_sack <= a->n_sack);
	FUZZ_CHECK(memcmp(a->sack, b->sack, b->n_sack * sizeof(a->sack[0])) == 0);
}

static void round_trip(const struct wire_tcp_opts *o)
{
	uint8_t first[OPTS_MAX], second[OPTS_MAX], *p;
	struct wire_tcp_opts again;
	unsigned n = wire_tcp_opts_emit(first, o);

	FUZZ_CHECK(n <= OPTS_MAX && n % 4 == 0);
	p = fuzz_copy(first, n);
	FUZZ_CHECK(wire_tcp_opts_parse(p, n, &again));
	free(p);
	check_equal(o, &again);
	FUZZ_CHECK(wire_tcp_opts_emit(second, &again) == n);
	FUZZ_CHECK(memcmp(first, second, n) == 0);
}

static void any_bytes(const uint8_t *data, size_t size)
{
	size_t n = size < OPTS_MAX ? size : OPTS_MAX;
	uint8_t *p = fuzz_copy(data, n);
	struct wire_tcp_opts o;

	wire_tcp_opts_parse(p, (unsigned)n, &o);
	free(p);
	FUZZ_CHECK((o.has & ~OPTS_ALL) == 0);
	FUZZ_CHECK(!(o.has & WIRE_TCP_OPT_SACK) || (o.n_sack > 0 && o.n_sack <= WIRE_TCP_SACK_MAX));
	round_trip(&o);
}

static void any_values(const uint8_t *data, size_t size)
{
	struct wire_tcp_opts o;

	memset(&o, 0, sizeof(o));
	memcpy(&o, data, size < sizeof(o) ? size : sizeof(o));
	o.has &= OPTS_ALL;
	o.n_sack = (uint8_t)(1 + o.n_sack % WIRE_TCP_SACK_MAX);
	round_trip(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] & 1)
		any_values(data + 1, size - 1);
	else
		any_bytes(data + 1, size - 1);
	return 0;
}
