/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"
#include "wire_icmp.h"

static void check_quote(const uint8_t *data, size_t size, bool v6)
{
	uint8_t *p = fuzz_copy(data, size);
	struct wire_quote q;
	int rc = wire_quote_parse(p, size, v6, &q);

	FUZZ_CHECK(rc <= 0);
	if (rc == 0) {
		FUZZ_CHECK(q.v6 == v6);
		FUZZ_CHECK(q.frag_off == 0 || (q.sport == 0 && q.dport == 0 && q.seq == 0));
		FUZZ_CHECK(q.seq == 0 || q.proto == 6);
	}
	free(p);
}

static void check_message(const uint8_t *p, size_t size, bool v6)
{
	uint8_t out[WIRE_ICMP_LEN];
	struct wire_icmp h;
	int rc = wire_icmp_parse(p, size, v6, &h);

	if (rc < 0) {
		FUZZ_CHECK(size < WIRE_ICMP_LEN);
		return;
	}
	FUZZ_CHECK(rc == WIRE_ICMP_LEN && size >= WIRE_ICMP_LEN);
	FUZZ_CHECK(wire_icmp_emit(out, &h) == WIRE_ICMP_LEN);
	FUZZ_CHECK(memcmp(p, out, WIRE_ICMP_LEN) == 0);
	FUZZ_PRINT(wire_icmp_print, &h, v6);
	check_quote(p + WIRE_ICMP_LEN, size - WIRE_ICMP_LEN, v6);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size);

	check_message(p, size, false);
	check_message(p, size, true);
	free(p);
	return 0;
}
