/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_WIRE_ETH_H
#define GN_WIRE_ETH_H

#include "wire.h"

/* Ethernet II with up to two tags: 802.1Q (0x8100) and 802.1ad QinQ (0x88a8 then 0x8100). */
#define WIRE_ETH_LEN	     14
#define WIRE_ETH_VLAN_LEN    4
#define WIRE_ETH_MAX_LEN     22
#define WIRE_ETH_MIN_PAYLOAD 46

struct wire_eth {
	uint8_t dst[6];
	uint8_t src[6];
	uint16_t type;	 /* of the payload, behind all tags */
	uint8_t n_tags;	 /* 0 to 2 */
	uint16_t tci[2]; /* outer first; priority and DEI included */
};

/*
 * Drops: eth_short. A third tag is left in place: its TPID is then the type. So is a tag in any
 * other order (0x88a8 alone, 0x8100 twice): a service tag is no customer's VLAN.
 */
int wire_eth_parse(const uint8_t *p, size_t len, struct wire_eth *h);
/* Tags: with two, the outer is emitted as 0x88a8 and the inner as 0x8100. */
unsigned wire_eth_emit(uint8_t *p, const struct wire_eth *h);
int wire_eth_print(char *buf, size_t size, const struct wire_eth *h);

#endif
