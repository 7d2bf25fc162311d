/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_eth.h"

#include <stdio.h>

#include "wire_bytes.h"

#define TPID_8021Q  0x8100
#define TPID_8021AD 0x88a8

/* The tags of a frame whose type field is a TPID. */
static int eth_tags_parse(const uint8_t *p, size_t len, struct wire_eth *h)
{
	unsigned off = WIRE_ETH_LEN;

	if (len < off + WIRE_ETH_VLAN_LEN)
		return -(int)DROP_eth_short;
	if (h->type == TPID_8021AD) {
		/* A service tag counts only with the customer tag behind it. */
		if (wire_get16(p + off + 2) != TPID_8021Q)
			return WIRE_ETH_LEN;
		if (len < off + 2 * WIRE_ETH_VLAN_LEN)
			return -(int)DROP_eth_short;
		h->tci[h->n_tags++] = wire_get16(p + off);
		off += WIRE_ETH_VLAN_LEN;
	}
	h->tci[h->n_tags++] = wire_get16(p + off);
	h->type = wire_get16(p + off + 2);
	return (int)off + WIRE_ETH_VLAN_LEN;
}

int wire_eth_parse(const uint8_t *p, size_t len, struct wire_eth *h)
{
	if (unlikely(len < WIRE_ETH_LEN))
		return -(int)DROP_eth_short;
	memcpy(h->dst, p, sizeof(h->dst));
	memcpy(h->src, p + 6, sizeof(h->src));
	h->type = wire_get16(p + 12);
	h->n_tags = 0;
	if (unlikely(h->type == TPID_8021Q || h->type == TPID_8021AD))
		return eth_tags_parse(p, len, h);
	return WIRE_ETH_LEN;
}

unsigned wire_eth_emit(uint8_t *p, const struct wire_eth *h)
{
	unsigned off = 12;

	memcpy(p, h->dst, sizeof(h->dst));
	memcpy(p + 6, h->src, sizeof(h->src));
	for (unsigned i = 0; i < h->n_tags; i++, off += WIRE_ETH_VLAN_LEN) {
		wire_put16(p + off, i + 1 < h->n_tags ? TPID_8021AD : TPID_8021Q);
		wire_put16(p + off + 2, h->tci[i]);
	}
	wire_put16(p + off, h->type);
	return off + 2;
}

int wire_eth_print(char *buf, size_t size, const struct wire_eth *h)
{
	char tags[2 * sizeof("vlan 4095, p 7, DEI, ")] = "";
	int n = 0;

	for (unsigned i = 0; i < h->n_tags; i++)
		n += snprintf(tags + n, sizeof(tags) - (size_t)n, "vlan %u, p %u, %s",
			h->tci[i] & 0xfff, h->tci[i] >> 13, h->tci[i] & 0x1000 ? "DEI, " : "");
	return snprintf(buf, size, WIRE_MAC_FMT " > " WIRE_MAC_FMT ", %sethertype 0x%04x",
		WIRE_MAC_ARG(h->src), WIRE_MAC_ARG(h->dst), tags, h->type);
}
