/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_WIRE_IGMP_H
#define GN_WIRE_IGMP_H

#include "wire_mcast.h"

/* IGMP of all versions (RFC 1112 appendix I, 2236, 3376). */
#define WIRE_IGMP_LEN	  8
#define WIRE_IGMP_QUERY	  0x11
#define WIRE_IGMP_REPORT1 0x12
#define WIRE_IGMP_REPORT2 0x16
#define WIRE_IGMP_LEAVE	  0x17
#define WIRE_IGMP_REPORT3 0x22

struct wire_igmp {
	uint8_t type;
	uint32_t group; /* not of a version 3 report */
	struct wire_mcast_query query;
};

/* Returns the length of the fixed part, or a negative enum drop: igmp_short (also a query of 9 to 11
 * bytes, RFC 3376 section 7.1, and one with fewer sources than it says). The checksum is the caller's. */
int wire_igmp_parse(const uint8_t *p, size_t len, struct wire_igmp *h);
/* A message of version 1 or 2, or a Leave; checksum zero. */
unsigned wire_igmp_emit(uint8_t *p, uint8_t type, uint32_t group);
int wire_igmp_print(char *buf, size_t size, const struct wire_igmp *h);

#endif
