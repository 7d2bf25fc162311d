/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"
#include "wire_ip4.h"

/* Emitting gives the same bytes but for the checksum, which has two forms of zero. */
static void check_emit(const uint8_t *p, const struct wire_ip4 *h)
{
	uint8_t out[WIRE_IP4_LEN];
	struct wire_ip4 again;

	FUZZ_CHECK(wire_ip4_emit(out, h, true) == WIRE_IP4_LEN);
	FUZZ_CHECK(memcmp(p, out, 10) == 0 && memcmp(p + 12, out + 12, 8) == 0);
	FUZZ_CHECK(wire_ip4_parse(out, h->total_len, true, &again) == WIRE_IP4_LEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size);
	struct wire_ip4 h, verified;
	int rc = wire_ip4_parse(p, size, false, &h);
	int rc_verified = wire_ip4_parse(p, size, true, &verified);

	if (rc > 0) {
		bool route;
		unsigned at;

		FUZZ_CHECK(rc == h.hlen && h.hlen <= h.total_len && h.total_len <= size);
		FUZZ_CHECK(rc_verified < 0 || rc_verified == rc);
		at = wire_ip4_options_check(p, &h, &route);
		FUZZ_CHECK(at == 0 || (at >= WIRE_IP4_LEN && at < h.hlen));
		FUZZ_PRINT(wire_ip4_print, &h);
		if (h.hlen == WIRE_IP4_LEN)
			check_emit(p, &h);
	} else {
		FUZZ_CHECK(rc < 0 && rc_verified == rc);
	}
	free(p);
	return 0;
}
