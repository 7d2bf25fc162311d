/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"
#include "wire_ip6.h"

static bool is_ext(uint8_t next)
{
	return next == WIRE_IP6_HOPOPTS || next == WIRE_IP6_ROUTING || next == WIRE_IP6_FRAGMENT ||
	       next == WIRE_IP6_DSTOPTS;
}

/* What the walk found lies in the packet, and is what the bytes there say. */
static int check_walk(
	const uint8_t *p, size_t size, const struct wire_ip6 *h, struct wire_ip6_chain *c)
{
	size_t end = WIRE_IP6_LEN + (size_t)h->payload_len;
	int rc = wire_ip6_walk(p, size, h, c);

	FUZZ_CHECK(rc <= 0);
	FUZZ_CHECK(c->next_ptr < size && c->next_ptr < end);
	if (rc == 0) {
		FUZZ_CHECK(c->l4_off >= WIRE_IP6_LEN && c->l4_off <= end && c->l4_off <= size);
		FUZZ_CHECK(p[c->next_ptr] == c->proto);
		FUZZ_CHECK(c->fragment == is_ext(c->proto));
		FUZZ_CHECK(!c->fragment || c->frag_more || c->frag_off != 0);
	} else if (c->problem != WIRE_IP6_SILENT) {
		FUZZ_CHECK(c->problem <= 2 && c->problem_ptr < size && c->problem_ptr < end);
		FUZZ_CHECK(!c->problem_if_mcast || c->problem == 2);
	}
	return rc;
}

/* With less of the packet in one piece the walk gives up, or comes to the same end. */
static void check_less(
	const uint8_t *p, size_t size, const struct wire_ip6 *h, const struct wire_ip6_chain *whole)
{
	uint8_t *part = fuzz_copy(p, size);
	struct wire_ip6_chain c;

	if (check_walk(part, size, h, &c) == 0)
		FUZZ_CHECK(c.proto == whole->proto && c.l4_off == whole->l4_off);
	free(part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(data, size), out[WIRE_IP6_LEN];
	struct wire_ip6_chain c;
	struct wire_ip6 h;
	int rc = wire_ip6_parse(p, size, &h);

	if (rc > 0) {
		FUZZ_CHECK(rc == WIRE_IP6_LEN && WIRE_IP6_LEN + (size_t)h.payload_len <= size);
		FUZZ_CHECK(wire_ip6_emit(out, &h) == WIRE_IP6_LEN);
		FUZZ_CHECK(memcmp(p, out, WIRE_IP6_LEN) == 0);
		FUZZ_PRINT(wire_ip6_print, &h);
		if (check_walk(p, size, &h, &c) == 0)
			check_less(p, WIRE_IP6_LEN + (size - WIRE_IP6_LEN) / 2, &h, &c);
	}
	free(p);
	return 0;
}
