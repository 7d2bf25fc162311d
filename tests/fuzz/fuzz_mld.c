/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"
#include "wire_mld.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size);
	struct wire_mld h;
	int rc = wire_mld_parse(p, size, &h);

	if (rc > 0) {
		FUZZ_CHECK((size_t)rc <= size);
		FUZZ_CHECK(
			h.type != WIRE_MLD_QUERY || (h.query.version >= 1 && h.query.version <= 2));
		FUZZ_PRINT(wire_mld_print, &h);
		/* All sources are there to be read. */
		if (h.query.n_src != 0)
			free(fuzz_copy(h.query.src, (size_t)h.query.n_src * 16));
		FUZZ_CHECK(h.query.n_src == 0 || size >= 28 + (size_t)h.query.n_src * 16);
	}
	free(p);
	return 0;
}
