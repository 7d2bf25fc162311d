/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"
#include "wire_igmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size);
	struct wire_igmp h;
	int rc = wire_igmp_parse(p, size, &h);

	if (rc > 0) {
		FUZZ_CHECK((size_t)rc <= size);
		FUZZ_CHECK(h.type != WIRE_IGMP_QUERY ||
			   (h.query.version >= 1 && h.query.version <= 3));
		FUZZ_PRINT(wire_igmp_print, &h);
		/* All sources are there to be read. */
		if (h.query.n_src != 0)
			free(fuzz_copy(h.query.src, (size_t)h.query.n_src * 4));
		FUZZ_CHECK(h.query.n_src == 0 || size >= 12 + (size_t)h.query.n_src * 4);
	}
	free(p);
	return 0;
}
