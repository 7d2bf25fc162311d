/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_WIRE_MLD_H
#define GN_WIRE_MLD_H

#include "wire_mcast.h"

/* MLD (RFC 2710, 3810): ICMPv6 messages. */
#define WIRE_MLD_LEN	 24
#define WIRE_MLD_QUERY	 130
#define WIRE_MLD_REPORT1 131
#define WIRE_MLD_DONE	 132
#define WIRE_MLD_REPORT2 143

struct wire_mld {
	uint8_t type;
	struct ip6 group; /* not of a version 2 report */
	struct wire_mcast_query query;
};

/* Returns the length of the fixed part, or a negative enum drop: mld_short (also a query of 25 to 27
 * bytes, RFC 3810 section 8.1, and one with fewer sources than it says). The checksum is the caller's. */
int wire_mld_parse(const uint8_t *p, size_t len, struct wire_mld *h);
/* A message of version 1; checksum zero. */
unsigned wire_mld_emit(uint8_t *p, uint8_t type, const struct ip6 *group);
int wire_mld_print(char *buf, size_t size, const struct wire_mld *h);

#endif
