/* SPDX-License-Identifier: BSD-3-Clause */
#include "counter.h"
#include "fuzz.h"
#include "wire_udp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size), out[WIRE_UDP_LEN];
	struct wire_udp h;
	int rc = wire_udp_parse(p, size, &h);

	if (rc > 0) {
		FUZZ_CHECK(rc == WIRE_UDP_LEN && h.len >= WIRE_UDP_LEN && h.len <= size);
		FUZZ_CHECK(wire_udp_emit(out, &h) == WIRE_UDP_LEN);
		FUZZ_CHECK(memcmp(p, out, WIRE_UDP_LEN) == 0);
		FUZZ_PRINT(wire_udp_print, &h);
	} else {
		FUZZ_CHECK(rc == -(int)DROP_udp_short);
	}
	free(p);
	return 0;
}
