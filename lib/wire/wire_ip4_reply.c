/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "wire_bytes.h"
#include "wire_ip4.h"

/* Options that a reply takes over from its request (RFC 791 section 3.1, RFC 1122 section 3.2.2.6). */

#define OPT_EOL	 0
#define OPT_NOP	 1
#define OPT_RR	 7
#define OPT_TS	 68
#define OPT_LSRR 131
#define OPT_SSRR 137

#define ROUTE_MAX 9 /* stops that 40 octets hold */

#define TS_ONLY	 0
#define TS_ADDR	 1
#define TS_GIVEN 3

/* Our address is the next in the record; a full one stays as it is. */
static void record_route(uint8_t *o, unsigned len, uint32_t ours)
{
	unsigned ptr = len < 3 ? 0 : o[2];

	if (ptr < 4 || ptr + 3 > len)
		return;
	wire_put32(o + ptr - 1, ours);
	o[2] = (uint8_t)(ptr + 4);
}

static void timestamp(uint8_t *o, unsigned len, uint32_t ours, uint32_t time)
{
	unsigned ptr = len < 4 ? 0 : o[2], flag = len < 4 ? 0 : o[3] & 0xf;
	unsigned room = flag == TS_ONLY ? 4 : 8;

	if (ptr < 5 || (flag != TS_ONLY && flag != TS_ADDR && flag != TS_GIVEN))
		return;
	if (ptr + room - 1 > len) {
		if (o[3] >> 4 != 0xf) /* hosts that had no room */
			o[3] += 0x10;
		return;
	}
	if (flag == TS_GIVEN && wire_get32(o + ptr - 1) != ours)
		return;
	if (flag == TS_ADDR)
		wire_put32(o + ptr - 1, ours);
	wire_put32(o + ptr - 1 + room - 4, time);
	o[2] = (uint8_t)(ptr + room);
}

/* The route that was followed, backwards: its last stop is where the reply goes first, its origin
 * the end. Of n stops. */
static uint32_t reverse_route(uint8_t *to, const uint8_t *o, unsigned n, uint32_t src)
{
	to[0] = o[0];
	to[1] = (uint8_t)(3 + 4 * n);
	to[2] = 4;
	for (unsigned i = 0; i + 1 < n; i++)
		memcpy(to + 3 + 4 * i, o + 3 + 4 * (n - 2 - i), 4);
	wire_put32(to + 3 + 4 * (n - 1), src);
	return wire_get32(o + 3 + 4 * (n - 1));
}

unsigned wire_ip4_options_reply(
	uint8_t *out, const uint8_t *p, const struct wire_ip4 *h, uint32_t time, uint32_t *first)
{
	unsigned n = 0, stops;

	*first = h->src;
	for (unsigned off = WIRE_IP4_LEN; off < h->hlen && p[off] != OPT_EOL;) {
		unsigned len = p[off] == OPT_NOP ? 1 : p[off + 1];

		switch (p[off]) {
		case OPT_RR:
			memcpy(out + n, p + off, len);
			record_route(out + n, len, h->dst);
			n += len;
			break;
		case OPT_TS:
			memcpy(out + n, p + off, len);
			timestamp(out + n, len, h->dst, time);
			n += len;
			break;
		case OPT_LSRR:
		case OPT_SSRR:
			stops = (len - 3) / 4;
			if (len < 7 || stops > ROUTE_MAX || *first != h->src)
				break;
			*first = reverse_route(out + n, p + off, stops, h->src);
			n += 3 + stops * 4;
			break;
		default: /* what is not known is not returned */
			break;
		}
		off += len;
	}
	while (n % 4 != 0)
		out[n++] = OPT_EOL;
	return n;
}
