/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_mld.h"

#include <stdio.h>

#include "wire_bytes.h"

static bool mld_query_parse(const uint8_t *p, size_t len, struct wire_mcast_query *q)
{
	uint16_t code = wire_get16(p + 4);

	if (len == WIRE_MLD_LEN) {
		q->version = 1;
		q->max_resp_us = code * 1000u;
		return true;
	}
	q->version = 2;
	q->max_resp_us = wire_mcast_code(code, 16) * 1000;
	return wire_mcast_query_rest(p + WIRE_MLD_LEN, len - WIRE_MLD_LEN, sizeof(struct ip6), q);
}

int wire_mld_parse(const uint8_t *p, size_t len, struct wire_mld *h)
{
	memset(h, 0, sizeof(*h));
	if (len < 4)
		return -(int)DROP_mld_short;
	h->type = p[0];
	if (h->type == WIRE_MLD_REPORT2)
		return 4;
	if (len < WIRE_MLD_LEN)
		return -(int)DROP_mld_short;
	memcpy(h->group.b, p + 8, sizeof(h->group.b));
	if (h->type == WIRE_MLD_QUERY && !mld_query_parse(p, len, &h->query))
		return -(int)DROP_mld_short;
	return WIRE_MLD_LEN;
}

unsigned wire_mld_emit(uint8_t *p, uint8_t type, const struct ip6 *group)
{
	memset(p, 0, 8);
	p[0] = type;
	memcpy(p + 8, group->b, sizeof(group->b));
	return WIRE_MLD_LEN;
}

int wire_mld_print(char *buf, size_t size, const struct wire_mld *h)
{
	if (h->type == WIRE_MLD_QUERY)
		return snprintf(
			buf, size, "MLDv%u, query, %u sources", h->query.version, h->query.n_src);
	return snprintf(buf, size, "MLD, type %u", h->type);
}
