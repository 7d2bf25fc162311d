/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_igmp.h"
#include "wire_mld.h"
#include "wire_test.h"

TestSuite(igmp);
TestSuite(mld);

#define GROUP  239, 1, 2, 3
#define GROUP6 0xff, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3
#define SRC6   0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1

static int parse4(const uint8_t *p, size_t len, struct wire_igmp *h)
{
	uint8_t *q = heap_copy(p, len);
	int rc = wire_igmp_parse(q, len, h);

	free(q);
	return rc;
}

static int parse6(const uint8_t *p, size_t len, struct wire_mld *h)
{
	uint8_t *q = heap_copy(p, len);
	int rc = wire_mld_parse(q, len, h);

	free(q);
	return rc;
}

Test(igmp, rfc3376_7_1_versions_of_queries)
{
	uint8_t q[16] = {WIRE_IGMP_QUERY, 0, 0, 0, GROUP, 0xa, 0x9f, 0, 1, 192, 0, 2, 9};
	struct wire_igmp h;

	cr_assert_eq(parse4(q, 8, &h), 8);
	cr_assert_eq(h.query.version, 1);
	cr_assert_eq(h.query.max_resp_us, 10000000);
	q[1] = 0x9f; /* no exponent in version 2 */
	cr_assert_eq(parse4(q, 8, &h), 8);
	cr_assert_eq(h.query.version, 2);
	cr_assert_eq(h.query.max_resp_us, 15900000);
	cr_assert_eq(parse4(q, 16, &h), 8);
	cr_assert_eq(h.query.version, 3);
	cr_assert_eq(
		h.query.max_resp_us, 49600000); /* RFC 3376 section 4.1.1: (15 | 16) << (1 + 3) */
	cr_assert_eq(h.query.interval_s, 496);
	cr_assert_eq(h.query.robustness, 2);
	cr_assert(h.query.suppress);
	cr_assert_eq(h.query.n_src, 1);
	cr_assert_eq(h.group, IP4(239, 1, 2, 3));
	for (size_t len = 0; len < 16; len++)
		if (len != 8)
			cr_assert_eq(parse4(q, len, &h), -(int)DROP_igmp_short);
}

Test(igmp, emitted_and_printed)
{
	static const uint8_t want[8] = {WIRE_IGMP_LEAVE, 0, 0, 0, GROUP};
	struct wire_igmp h;
	uint8_t b[8];
	char s[80];

	cr_assert_eq(wire_igmp_emit(b, WIRE_IGMP_LEAVE, IP4(239, 1, 2, 3)), 8);
	cr_assert_arr_eq(b, want, 8);
	cr_assert_eq(parse4(b, 8, &h), 8);
	wire_igmp_print(s, sizeof(s), &h);
	cr_assert_str_eq(s, "IGMP, type 0x17, group 239.1.2.3");
}

Test(mld, rfc3810_8_1_versions_of_queries)
{
	uint8_t q[44] = {WIRE_MLD_QUERY, 0, 0, 0, 0x9f, 0xff, 0, 0, GROUP6, 2, 125, 0, 1, SRC6};
	struct wire_mld h;

	cr_assert_eq(parse6(q, 24, &h), 24);
	cr_assert_eq(h.query.version, 1);
	cr_assert_eq(h.query.max_resp_us, 0x9fff * 1000u);
	cr_assert_eq(parse6(q, 44, &h), 24);
	cr_assert_eq(h.query.version, 2);
	cr_assert_eq(h.query.max_resp_us, (0x1fffu << 4) * 1000u); /* RFC 3810 section 5.1.3 */
	cr_assert_eq(h.query.n_src, 1);
	for (size_t len = 0; len < 44; len++)
		if (len != 24)
			cr_assert_eq(parse6(q, len, &h), -(int)DROP_mld_short);
}
