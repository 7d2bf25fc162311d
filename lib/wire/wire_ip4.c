/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_ip4.h"

#include <stdio.h>

#include "wire_bytes.h"
#include "wire_cksum.h"

#define OPT_EOL	 0
#define OPT_NOP	 1
#define OPT_LSRR 131
#define OPT_SSRR 137

/* Sum of the 20 fixed bytes, inline since every packet pays for it. */
static inline uint64_t ip4_sum(const uint8_t *p)
{
	uint64_t sum = 0;
	uint32_t w;

	for (unsigned i = 0; i < WIRE_IP4_LEN; i += 4) {
		memcpy(&w, p + i, sizeof(w));
		sum += w;
	}
	return sum;
}

static inline uint16_t ip4_fold(uint64_t sum)
{
	/* Five words carry three bits at most, so no second carry comes out of the upper half. */
	return wire_cksum_fold((uint32_t)(((uint32_t)sum >> 16) + (sum & 0xffff) + (sum >> 32)));
}

/* Apart, so that the usual header costs no saved registers. */
static __rte_noinline int ip4_verify_options(const uint8_t *p, unsigned hlen)
{
	uint64_t sum = ip4_sum(p) + wire_cksum_sum(p + WIRE_IP4_LEN, hlen - WIRE_IP4_LEN, 0);

	return ip4_fold(sum) == 0 ? (int)hlen : -(int)DROP_ip4_cksum;
}

int wire_ip4_parse(const uint8_t *p, size_t len, bool verify, struct wire_ip4 *h)
{
	unsigned hlen;

	if (unlikely(len < WIRE_IP4_LEN))
		return -(int)DROP_ip4_short;
	hlen = (p[0] & 0xfu) * 4;
	if (unlikely(p[0] >> 4 != 4 || hlen < WIRE_IP4_LEN))
		return -(int)DROP_ip4_version;
	h->total_len = wire_get16(p + 2);
	if (unlikely(h->total_len > len || h->total_len < hlen))
		return -(int)DROP_ip4_short;
	h->hlen = (uint8_t)hlen;
	h->tos = p[1];
	h->id = wire_get16(p + 4);
	h->frag = wire_get16(p + 6);
	h->ttl = p[8];
	h->proto = p[9];
	h->src = wire_get32(p + 12);
	h->dst = wire_get32(p + 16);
	if (!verify)
		return (int)hlen;
	if (unlikely(hlen > WIRE_IP4_LEN))
		return ip4_verify_options(p, hlen);
	return likely(ip4_fold(ip4_sum(p)) == 0) ? WIRE_IP4_LEN : -(int)DROP_ip4_cksum;
}

unsigned wire_ip4_emit(uint8_t *p, const struct wire_ip4 *h, bool cksum)
{
	p[0] = 4 << 4 | WIRE_IP4_LEN / 4;
	p[1] = h->tos;
	wire_put16(p + 2, h->total_len);
	wire_put16(p + 4, h->id);
	wire_put16(p + 6, h->frag);
	p[8] = h->ttl;
	p[9] = h->proto;
	wire_put16(p + 10, 0);
	wire_put32(p + 12, h->src);
	wire_put32(p + 16, h->dst);
	if (cksum) {
		uint16_t sum = ip4_fold(ip4_sum(p));

		memcpy(p + 10, &sum, sizeof(sum));
	}
	return WIRE_IP4_LEN;
}

int wire_ip4_print(char *buf, size_t size, const struct wire_ip4 *h)
{
	return snprintf(buf, size,
		"IP " WIRE_IP4_FMT " > " WIRE_IP4_FMT
		": tos 0x%x, ttl %u, id %u, offset %u, flags [%s%s], proto %u, length %u",
		WIRE_IP4_ARG(h->src), WIRE_IP4_ARG(h->dst), h->tos, h->ttl, h->id,
		(h->frag & 0x1fffu) * 8, h->frag & WIRE_IP4_DF ? "DF" : "",
		h->frag & WIRE_IP4_MF ? "+" : "", h->proto, h->total_len);
}

unsigned wire_ip4_options_check(const uint8_t *p, const struct wire_ip4 *h, bool *source_route)
{
	unsigned off = WIRE_IP4_LEN;

	*source_route = false;
	while (off < h->hlen && p[off] != OPT_EOL) {
		unsigned olen;
		bool route = p[off] == OPT_LSRR || p[off] == OPT_SSRR;

		if (p[off] == OPT_NOP) {
			off++;
			continue;
		}
		if (off + 1 >= h->hlen)
			return off;
		olen = p[off + 1];
		/* A source route also needs its pointer. */
		if (olen < (route ? 3u : 2u) || off + olen > h->hlen)
			return off + 1;
		/* A pointer past the option says that the route has been followed to its end. */
		if (route && p[off + 2] <= olen)
			*source_route = true;
		off += olen;
	}
	return 0;
}
