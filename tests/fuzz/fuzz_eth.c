/* SPDX-License-Identifier: BSD-3-Clause */
#include "counter.h"
#include "fuzz.h"
#include "wire_eth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size), out[WIRE_ETH_MAX_LEN];
	struct wire_eth h;
	int rc = wire_eth_parse(p, size, &h);

	if (rc > 0) {
		FUZZ_CHECK((size_t)rc <= size && h.n_tags <= 2);
		FUZZ_CHECK(wire_eth_emit(out, &h) == (unsigned)rc);
		FUZZ_CHECK(memcmp(p, out, (size_t)rc) == 0);
		FUZZ_PRINT(wire_eth_print, &h);
	} else {
		FUZZ_CHECK(rc == -(int)DROP_eth_short && size < WIRE_ETH_MAX_LEN);
	}
	free(p);
	return 0;
}
