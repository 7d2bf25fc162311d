/* SPDX-License-Identifier: BSD-3-Clause */
#include "counter.h"
#include "fuzz.h"
#include "wire_arp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size), out[WIRE_ARP_LEN];
	struct wire_arp h;
	int rc = wire_arp_parse(p, size, &h);

	if (rc > 0) {
		FUZZ_CHECK(rc == WIRE_ARP_LEN && (size_t)rc <= size);
		FUZZ_CHECK(wire_arp_emit(out, &h) == WIRE_ARP_LEN);
		FUZZ_CHECK(memcmp(p, out, WIRE_ARP_LEN) == 0);
		FUZZ_PRINT(wire_arp_print, &h);
	} else {
		FUZZ_CHECK(rc == -(int)(size < WIRE_ARP_LEN ? DROP_arp_short : DROP_arp_bad));
	}
	free(p);
	return 0;
}
