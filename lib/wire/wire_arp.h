/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_WIRE_ARP_H
#define GN_WIRE_ARP_H

#include "wire.h"

/* ARP for IPv4 over Ethernet (RFC 826). */
#define WIRE_ARP_LEN	 28
#define WIRE_ARP_REQUEST 1
#define WIRE_ARP_REPLY	 2

struct wire_arp {
	uint16_t op;
	uint8_t sha[6];
	uint32_t spa;
	uint8_t tha[6];
	uint32_t tpa;
};

/* Drops: arp_short; arp_bad (hardware type not 1, protocol not 0x0800, lengths not 6 and 4). */
int wire_arp_parse(const uint8_t *p, size_t len, struct wire_arp *h);
unsigned wire_arp_emit(uint8_t *p, const struct wire_arp *h);
int wire_arp_print(char *buf, size_t size, const struct wire_arp *h);

#endif
