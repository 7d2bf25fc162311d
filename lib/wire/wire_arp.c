/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_arp.h"

#include <stdio.h>

#include "wire_bytes.h"

/* Hardware type Ethernet, protocol IPv4; hardware and protocol address lengths. */
#define ARP_TYPES   0x00010800
#define ARP_LENGTHS 0x0604

int wire_arp_parse(const uint8_t *p, size_t len, struct wire_arp *h)
{
	if (len < WIRE_ARP_LEN)
		return -(int)DROP_arp_short;
	if (wire_get32(p) != ARP_TYPES || wire_get16(p + 4) != ARP_LENGTHS)
		return -(int)DROP_arp_bad;
	h->op = wire_get16(p + 6);
	memcpy(h->sha, p + 8, sizeof(h->sha));
	h->spa = wire_get32(p + 14);
	memcpy(h->tha, p + 18, sizeof(h->tha));
	h->tpa = wire_get32(p + 24);
	return WIRE_ARP_LEN;
}

unsigned wire_arp_emit(uint8_t *p, const struct wire_arp *h)
{
	wire_put32(p, ARP_TYPES);
	wire_put16(p + 4, ARP_LENGTHS);
	wire_put16(p + 6, h->op);
	memcpy(p + 8, h->sha, sizeof(h->sha));
	wire_put32(p + 14, h->spa);
	memcpy(p + 18, h->tha, sizeof(h->tha));
	wire_put32(p + 24, h->tpa);
	return WIRE_ARP_LEN;
}

int wire_arp_print(char *buf, size_t size, const struct wire_arp *h)
{
	switch (h->op) {
	case WIRE_ARP_REQUEST:
		return snprintf(buf, size,
			"ARP, Request who-has " WIRE_IP4_FMT " tell " WIRE_IP4_FMT,
			WIRE_IP4_ARG(h->tpa), WIRE_IP4_ARG(h->spa));
	case WIRE_ARP_REPLY:
		return snprintf(buf, size, "ARP, Reply " WIRE_IP4_FMT " is-at " WIRE_MAC_FMT,
			WIRE_IP4_ARG(h->spa), WIRE_MAC_ARG(h->sha));
	default:
		return snprintf(buf, size, "ARP, op %u, " WIRE_IP4_FMT " > " WIRE_IP4_FMT, h->op,
			WIRE_IP4_ARG(h->spa), WIRE_IP4_ARG(h->tpa));
	}
}
