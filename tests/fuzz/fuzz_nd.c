/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"
#include "wire_icmp.h"
#include "wire_nd.h"

/* Unknown options are lost in between, so structs are compared, not bytes. */
static void check_again(const struct wire_nd *h)
{
	uint8_t out[WIRE_ND_NA_LEN + 2 * WIRE_ND_LLADDR_LEN], *p;
	struct wire_nd again;
	unsigned n = wire_nd_emit(out, h);

	FUZZ_CHECK(n <= sizeof(out));
	p = fuzz_copy(out, n);
	FUZZ_CHECK(wire_nd_parse(p, n, &again) == (int)n);
	FUZZ_CHECK(h->type == again.type && h->flags == again.flags);
	FUZZ_CHECK(memcmp(&h->target, &again.target, sizeof(h->target)) == 0);
	FUZZ_CHECK(h->has_lladdr == again.has_lladdr && h->nonce_len == again.nonce_len);
	FUZZ_CHECK(!h->has_lladdr || memcmp(h->lladdr, again.lladdr, sizeof(h->lladdr)) == 0);
	FUZZ_CHECK(memcmp(h->nonce, again.nonce, h->nonce_len) == 0);
	free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size);
	struct wire_nd h;
	int rc = wire_nd_parse(p, size, &h);

	if (rc > 0) {
		FUZZ_CHECK((size_t)rc == size);
		FUZZ_CHECK(h.type == WIRE_ICMP6_NS || h.type == WIRE_ICMP6_NA);
		FUZZ_CHECK(h.target.b[0] != 0xff);
		FUZZ_PRINT(wire_nd_print, &h);
		check_again(&h);
	}
	free(p);
	return 0;
}
