/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <string.h>

#include "wire_bytes.h"
#include "wire_ip4.h"

/* Options of packets that are passed on (RFC 1812 section 5.3.13). */

#define OURS 0x0a000001u
#define TIME 0x80000042u

static bool ours(const void *ctx, uint32_t ip)
{
	return ip == OURS;
}

/* A header with these options, padded; what options_forward() says. */
static unsigned forward(uint8_t *p, const uint8_t *opt, unsigned n)
{
	struct wire_ip4 h = {.hlen = (uint8_t)(WIRE_IP4_LEN + (n + 3) / 4 * 4)};

	memset(p, 0, WIRE_IP4_MAX_LEN);
	memcpy(p + WIRE_IP4_LEN, opt, n);
	return wire_ip4_options_forward(p, &h, OURS, TIME, ours, NULL);
}

Test(ip4_transit, record_route_rfc1812_5_3_13_5)
{
	const uint8_t opt[] = {7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0};
	uint8_t p[WIRE_IP4_MAX_LEN], full[] = {7, 7, 8, 1, 2, 3, 4};

	cr_assert_eq(forward(p, opt, sizeof(opt)), 0);
	cr_assert_eq(p[22], 8);
	cr_assert_eq(wire_get32(p + 23), OURS);
	cr_assert_eq(forward(p, full, sizeof(full)), 0);
	cr_assert_arr_eq(p + 20, full, sizeof(full), "a full one passes as it is");
}

Test(ip4_transit, timestamp_rfc791_3_1)
{
	const uint8_t only[] = {68, 8, 5, 0, 0, 0, 0, 0},
		      addr[] = {68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0};
	const uint8_t given[] = {68, 12, 5, 3, 10, 0, 0, 1, 0, 0, 0, 0};
	const uint8_t others[] = {68, 12, 5, 3, 10, 0, 0, 2, 0, 0, 0, 0};
	const uint8_t full[] = {68, 8, 9, 0x20, 1, 2, 3, 4},
		      no_more[] = {1, 68, 8, 9, 0xf0, 1, 2, 3, 4};
	uint8_t p[WIRE_IP4_MAX_LEN];

	cr_assert_eq(forward(p, only, sizeof(only)), 0);
	cr_assert(p[22] == 9 && wire_get32(p + 24) == TIME);
	cr_assert_eq(forward(p, addr, sizeof(addr)), 0);
	cr_assert(p[22] == 13 && wire_get32(p + 24) == OURS && wire_get32(p + 28) == TIME);
	cr_assert_eq(forward(p, given, sizeof(given)), 0);
	cr_assert(p[22] == 13 && wire_get32(p + 28) == TIME);
	cr_assert_eq(forward(p, others, sizeof(others)), 0);
	cr_assert_arr_eq(p + 20, others, sizeof(others), "another's turn");
	cr_assert_eq(forward(p, full, sizeof(full)), 0);
	cr_assert_eq(p[23], 0x30, "one more had no room");
	cr_assert_eq(forward(p, no_more, sizeof(no_more)), 24, "the octet that cannot count it");
}

/* RFC 791 section 3.1: the stop is replaced by our address, the pointer moves on. */
Test(ip4_transit, source_route)
{
	const uint8_t opt[] = {1, 131, 11, 4, 10, 0, 0, 9, 10, 0, 0, 8};
	struct wire_ip4 h = {.hlen = WIRE_IP4_LEN + sizeof(opt)};
	uint8_t p[WIRE_IP4_MAX_LEN] = {0};
	bool strict = true;
	unsigned at;

	memcpy(p + WIRE_IP4_LEN, opt, sizeof(opt));
	at = wire_ip4_source_route(p, &h, &strict);
	cr_assert_eq(at, 24);
	cr_assert_not(strict);
	wire_ip4_source_route_next(p, at, OURS);
	cr_assert(p[23] == 8 && wire_get32(p + 24) == OURS && wire_get32(p + 28) == 0x0a000008u);
	cr_assert_eq(wire_ip4_source_route(p, &h, &strict), 28);
	wire_ip4_source_route_next(p, 28, OURS);
	cr_assert_eq(wire_ip4_source_route(p, &h, &strict), 0, "exhausted");
	p[21] = 137;
	p[23] = 4;
	cr_assert_eq(wire_ip4_source_route(p, &h, &strict), 24);
	cr_assert(strict);
}

/* RFC 791 section 3.1: the copied flag says what each fragment has. */
Test(ip4_transit, copied_options)
{
	const uint8_t opt[] = {1, 0x9e, 4, 1, 2, 7, 7, 4, 0, 0, 0, 0, 0x82, 3, 9, 0};
	const uint8_t want[] = {0x9e, 4, 1, 2, 0x82, 3, 9, 0};
	struct wire_ip4 h = {.hlen = WIRE_IP4_LEN + sizeof(opt)};
	uint8_t p[WIRE_IP4_MAX_LEN] = {0}, out[40];

	memcpy(p + WIRE_IP4_LEN, opt, sizeof(opt));
	cr_assert_eq(wire_ip4_options_copied(out, p, &h), sizeof(want));
	cr_assert_arr_eq(out, want, sizeof(want));
	h.hlen = WIRE_IP4_LEN;
	cr_assert_eq(wire_ip4_options_copied(out, p, &h), 0);
}
