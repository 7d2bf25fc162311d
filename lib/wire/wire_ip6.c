/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_ip6.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "wire_bytes.h"

int wire_ip6_parse(const uint8_t *p, size_t len, struct wire_ip6 *h)
{
	uint32_t first;

	if (unlikely(len < WIRE_IP6_LEN))
		return -(int)DROP_ip6_short;
	first = wire_get32(p);
	if (unlikely(first >> 28 != 6))
		return -(int)DROP_ip6_version;
	h->payload_len = wire_get16(p + 4);
	if (unlikely(h->payload_len > len - WIRE_IP6_LEN))
		return -(int)DROP_ip6_short;
	h->tclass = (uint8_t)(first >> 20);
	h->flow = first & 0xfffff;
	h->next = p[6];
	h->hops = p[7];
	memcpy(h->src.b, p + 8, sizeof(h->src.b));
	memcpy(h->dst.b, p + 24, sizeof(h->dst.b));
	return WIRE_IP6_LEN;
}

unsigned wire_ip6_emit(uint8_t *p, const struct wire_ip6 *h)
{
	wire_put32(p, 6u << 28 | (uint32_t)h->tclass << 20 | (h->flow & 0xfffff));
	wire_put16(p + 4, h->payload_len);
	p[6] = h->next;
	p[7] = h->hops;
	memcpy(p + 8, h->src.b, sizeof(h->src.b));
	memcpy(p + 24, h->dst.b, sizeof(h->dst.b));
	return WIRE_IP6_LEN;
}

int wire_ip6_print(char *buf, size_t size, const struct wire_ip6 *h)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, h->src.b, src, sizeof(src));
	inet_ntop(AF_INET6, h->dst.b, dst, sizeof(dst));
	return snprintf(buf, size,
		"IP6 %s > %s: class 0x%02x, flowlabel 0x%05x, hlim %u, next-header %u, payload "
		"length %u",
		src, dst, h->tclass, h->flow, h->hops, h->next, h->payload_len);
}
