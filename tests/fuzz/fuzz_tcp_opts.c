/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"
#include "fuzz_opts.h"
#include "wire_tcp.h"

/*
 * TCP options by themselves, in two directions: any bytes parsed, emitted, and parsed again; and any
 * values emitted and parsed. The first byte says which.
 */
#define OPTS_ALL 0x7f /* WIRE_TCP_OPT_* */

static void any_bytes(const uint8_t *data, size_t size)
{
	size_t n = size < FUZZ_OPTS_MAX ? size : FUZZ_OPTS_MAX;
	uint8_t *p = fuzz_copy(data, n);
	struct wire_tcp_opts o;

	wire_tcp_opts_parse(p, (unsigned)n, &o);
	FUZZ_CHECK((o.has & ~OPTS_ALL) == 0);
	FUZZ_CHECK(!(o.has & WIRE_TCP_OPT_SACK) || (o.n_sack > 0 && o.n_sack <= WIRE_TCP_SACK_MAX));
	if (o.has & WIRE_TCP_OPT_TFO)
		FUZZ_CHECK(o.tfo >= p + 2 && o.tfo + o.tfo_len <= p + n);
	fuzz_opts_round_trip(&o);
	free(p); /* o.tfo lay in it */
}

static void any_values(const uint8_t *data, size_t size)
{
	uint8_t cookie[WIRE_TCP_TFO_MAX] = {0};
	struct wire_tcp_opts o;

	memset(&o, 0, sizeof(o));
	memcpy(&o, data, size < sizeof(o) ? size : sizeof(o));
	for (size_t i = 0; i < sizeof(cookie) && sizeof(o) + i < size; i++)
		cookie[i] = data[sizeof(o) + i];
	o.has &= OPTS_ALL;
	o.n_sack = (uint8_t)(1 + o.n_sack % WIRE_TCP_SACK_MAX);
	/* Even, and none or as many as a cookie may have. */
	o.tfo_len = (uint8_t)(o.tfo_len % (WIRE_TCP_TFO_MAX + 1) & ~1u);
	if (o.tfo_len < WIRE_TCP_TFO_MIN)
		o.tfo_len = 0;
	o.tfo = cookie;
	fuzz_opts_round_trip(&o);
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
