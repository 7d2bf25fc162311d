/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_udp.h"

#include <stdio.h>

#include "wire_bytes.h"

int wire_udp_parse(const uint8_t *p, size_t len, struct wire_udp *h)
{
	if (unlikely(len < WIRE_UDP_LEN))
		return -(int)DROP_udp_short;
	h->len = wire_get16(p + 4);
	if (unlikely(h->len < WIRE_UDP_LEN || h->len > len))
		return -(int)DROP_udp_short;
	h->sport = wire_get16(p);
	h->dport = wire_get16(p + 2);
	h->cksum = wire_get16(p + 6);
	return WIRE_UDP_LEN;
}

unsigned wire_udp_emit(uint8_t *p, const struct wire_udp *h)
{
	wire_put16(p, h->sport);
	wire_put16(p + 2, h->dport);
	wire_put16(p + 4, h->len);
	wire_put16(p + 6, h->cksum);
	return WIRE_UDP_LEN;
}

int wire_udp_print(char *buf, size_t size, const struct wire_udp *h)
{
	return snprintf(buf, size, "%u > %u: UDP, cksum 0x%04x, length %u", h->sport, h->dport,
		h->cksum, h->len - WIRE_UDP_LEN);
}
