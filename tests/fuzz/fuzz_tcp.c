/* SPDX-License-Identifier: BSD-3-Clause */
#include "counter.h"
#include "fuzz.h"
#include "fuzz_opts.h"
#include "wire_tcp.h"

static void check_opts(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size);
	struct wire_tcp_opts o;

	wire_tcp_opts_parse(p, (unsigned)size, &o);
	FUZZ_CHECK(!(o.has & WIRE_TCP_OPT_SACK) || (o.n_sack > 0 && o.n_sack <= 4));
	fuzz_opts_round_trip(&o);
	free(p); /* o.tfo lay in it */
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
