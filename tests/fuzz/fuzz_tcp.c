/* SPDX-License-Identifier: BSD-3-Clause */
#include "counter.h"
#include "fuzz.h"
#include "wire_tcp.h"

#define OPTS_MAX (WIRE_TCP_MAX_LEN - WIRE_TCP_LEN)

static void check_equal(const struct wire_tcp_opts *a, const struct wire_tcp_opts *b)
{
	FUZZ_CHECK(!(a->has & WIRE_TCP_OPT_MSS) || a->mss == b->mss);
	FUZZ_CHECK(!(a->has & WIRE_TCP_OPT_WSCALE) || a->wscale == b->wscale);
	FUZZ_CHECK(!(a->has & WIRE_TCP_OPT_TS) || (a->tsval == b->tsval && a->tsecr == b->tsecr));
	if (!(a->has & WIRE_TCP_OPT_SACK))
		return;
	/* Blocks that do not fit are left out. */
	FUZZ_CHECK(b->n_sack > 0 && b->n_sack <= a->n_sack);
	FUZZ_CHECK(memcmp(a->sack, b->sack, b->n_sack * sizeof(a->sack[0])) == 0);
}

static void check_opts(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size), out[OPTS_MAX];
	struct wire_tcp_opts o, again;
	unsigned n;

	wire_tcp_opts_parse(p, (unsigned)size, &o);
	free(p);
	FUZZ_CHECK(!(o.has & WIRE_TCP_OPT_SACK) || (o.n_sack > 0 && o.n_sack <= 4));
	n = wire_tcp_opts_emit(out, &o);
	FUZZ_CHECK(n <= OPTS_MAX && n % 4 == 0);
	p = fuzz_copy(out, n);
	FUZZ_CHECK(wire_tcp_opts_parse(p, n, &again));
	free(p);
	FUZZ_CHECK(o.has == again.has);
	check_equal(&o, &again);
}

static void check_header(const uint8_t *p, const struct wire_tcp *h)
{
	uint8_t out[WIRE_TCP_LEN];

	FUZZ_CHECK(wire_tcp_emit(out, h) == WIRE_TCP_LEN);
	/* The reserved bits are sent as zero (RFC 9293 section 3.1). */
	FUZZ_CHECK(out[12] == (p[12] & 0xf0));
	FUZZ_CHECK(memcmp(p, out, 12) == 0 && memcmp(p + 13, out + 13, 7) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size);
	struct wire_tcp h;
	int rc = wire_tcp_parse(p, size, &h);

	if (rc > 0) {
		FUZZ_CHECK(rc == h.hlen && rc >= WIRE_TCP_LEN && (size_t)rc <= size);
		check_header(p, &h);
		check_opts(p + WIRE_TCP_LEN, (size_t)rc - WIRE_TCP_LEN);
		FUZZ_PRINT(wire_tcp_print, &h, (unsigned)(size - (size_t)rc));
	} else {
		FUZZ_CHECK(rc == -(int)DROP_tcp_short);
	}
	free(p);
	return 0;
}
