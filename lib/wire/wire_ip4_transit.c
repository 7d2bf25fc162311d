/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "wire_bytes.h"
#include "wire_ip4.h"

/* Options of packets that a router passes on (RFC 791 section 3.1, RFC 1812 section 5.3.13). */

#define OPT_EOL	 0
#define OPT_NOP	 1
#define OPT_RR	 7
#define OPT_TS	 68
#define OPT_LSRR 131
#define OPT_SSRR 137

#define OPT_COPIED 0x80

#define TS_ONLY	 0
#define TS_ADDR	 1
#define TS_GIVEN 3

static unsigned opt_len(const uint8_t *o)
{
	return o[0] == OPT_NOP ? 1 : o[1];
}

/* A full record is passed as it is. */
static void record_route(uint8_t *o, uint32_t out)
{
	unsigned len = o[1], ptr = len < 3 ? 0 : o[2];

	if (ptr < 4 || ptr + 3 > len)
		return;
	wire_put32(o + ptr - 1, out);
	o[2] = (uint8_t)(ptr + 4);
}

/* False: there is no room, and no more room to count that. */
static bool timestamp(uint8_t *o, uint32_t out, uint32_t time,
	bool (*ours)(const void *ctx, uint32_t ip), const void *ctx)
{
	unsigned len = o[1], ptr = len < 4 ? 0 : o[2], flag = len < 4 ? 0 : o[3] & 0xf;
	unsigned room = flag == TS_ONLY ? 4 : 8;

	if (ptr < 5 || (flag != TS_ONLY && flag != TS_ADDR && flag != TS_GIVEN))
		return true;
	if (ptr + room - 1 > len) {
		if (o[3] >> 4 == 0xf)
			return false;
		o[3] += 0x10;
		return true;
	}
	if (flag == TS_GIVEN && !ours(ctx, wire_get32(o + ptr - 1)))
		return true;
	if (flag == TS_ADDR)
		wire_put32(o + ptr - 1, out);
	wire_put32(o + ptr - 1 + room - 4, time);
	o[2] = (uint8_t)(ptr + room);
	return true;
}

unsigned wire_ip4_options_forward(uint8_t *p, const struct wire_ip4 *h, uint32_t out, uint32_t time,
	bool (*ours)(const void *ctx, uint32_t ip), const void *ctx)
{
	for (unsigned off = WIRE_IP4_LEN; off < h->hlen && p[off] != OPT_EOL;
		off += opt_len(p + off)) {
		if (p[off] == OPT_RR)
			record_route(p + off, out);
		else if (p[off] == OPT_TS && !timestamp(p + off, out, time, ours, ctx))
			return off + 3;
	}
	return 0;
}

unsigned wire_ip4_source_route(const uint8_t *p, const struct wire_ip4 *h, bool *strict)
{
	for (unsigned off = WIRE_IP4_LEN; off < h->hlen && p[off] != OPT_EOL;
		off += opt_len(p + off)) {
		unsigned len = opt_len(p + off), ptr = len < 3 ? 0 : p[off + 2];

		if ((p[off] != OPT_LSRR && p[off] != OPT_SSRR) || ptr < 4 || ptr + 3 > len)
			continue;
		*strict = p[off] == OPT_SSRR;
		return off + ptr - 1;
	}
	return 0;
}

void wire_ip4_source_route_next(uint8_t *p, unsigned at, uint32_t out)
{
	/* The pointer is the octet before the first stop, counted from the option's type. */
	for (unsigned off = WIRE_IP4_LEN; off < at; off += opt_len(p + off))
		if ((p[off] == OPT_LSRR || p[off] == OPT_SSRR) && off + p[off + 2] - 1u == at) {
			p[off + 2] = (uint8_t)(p[off + 2] + 4);
			break;
		}
	wire_put32(p + at, out);
}

unsigned wire_ip4_options_copied(uint8_t *out, const uint8_t *p, const struct wire_ip4 *h)
{
	unsigned n = 0;

	for (unsigned off = WIRE_IP4_LEN; off < h->hlen && p[off] != OPT_EOL;) {
		unsigned len = opt_len(p + off);

		if (p[off] & OPT_COPIED) {
			memcpy(out + n, p + off, len);
			n += len;
		}
		off += len;
	}
	while (n % 4 != 0)
		out[n++] = OPT_EOL;
	return n;
}
