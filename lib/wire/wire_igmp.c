/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_igmp.h"

#include <stdio.h>

#include "wire_bytes.h"

#define TENTH_US    100000
#define V1_DELAY_US 10000000 /* RFC 3376 section 7.2.1 */

static bool igmp_query_parse(const uint8_t *p, size_t len, struct wire_mcast_query *q)
{
	if (len == WIRE_IGMP_LEN) {
		q->version = p[1] == 0 ? 1 : 2;
		q->max_resp_us = p[1] == 0 ? V1_DELAY_US : p[1] * (uint32_t)TENTH_US;
		return true;
	}
	q->version = 3;
	q->max_resp_us = wire_mcast_code(p[1], 8) * TENTH_US;
	return wire_mcast_query_rest(p + WIRE_IGMP_LEN, len - WIRE_IGMP_LEN, 4, q);
}

int wire_igmp_parse(const uint8_t *p, size_t len, struct wire_igmp *h)
{
	memset(h, 0, sizeof(*h));
	if (len < WIRE_IGMP_LEN)
		return -(int)DROP_igmp_short;
	h->type = p[0];
	h->group = wire_get32(p + 4);
	if (h->type == WIRE_IGMP_QUERY && !igmp_query_parse(p, len, &h->query))
		return -(int)DROP_igmp_short;
	return WIRE_IGMP_LEN;
}

unsigned wire_igmp_emit(uint8_t *p, uint8_t type, uint32_t group)
{
	p[0] = type;
	memset(p + 1, 0, 3);
	wire_put32(p + 4, group);
	return WIRE_IGMP_LEN;
}

int wire_igmp_print(char *buf, size_t size, const struct wire_igmp *h)
{
	if (h->type == WIRE_IGMP_QUERY)
		return snprintf(buf, size, "IGMPv%u, query " WIRE_IP4_FMT ", %u sources",
			h->query.version, WIRE_IP4_ARG(h->group), h->query.n_src);
	return snprintf(buf, size, "IGMP, type 0x%02x, group " WIRE_IP4_FMT, h->type,
		WIRE_IP4_ARG(h->group));
}
