/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_WIRE_UDP_H
#define GN_WIRE_UDP_H

#include "wire.h"

#define WIRE_UDP_LEN 8

struct wire_udp {
	uint16_t sport, dport;
	uint16_t len;	/* header and data */
	uint16_t cksum; /* as on the wire */
};

/* len: bytes of the IP payload. Drops: udp_short (RFC 768: length below 8 or beyond the payload). */
int wire_udp_parse(const uint8_t *p, size_t len, struct wire_udp *h);
unsigned wire_udp_emit(uint8_t *p, const struct wire_udp *h);
int wire_udp_print(char *buf, size_t size, const struct wire_udp *h);

#endif
