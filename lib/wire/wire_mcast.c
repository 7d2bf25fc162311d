/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_mcast.h"

#include "wire_bytes.h"

uint32_t wire_mcast_code(uint32_t code, unsigned bits)
{
	unsigned mant = bits - 4;

	if (code >> (bits - 1) == 0)
		return code;
	return ((code & ((1u << mant) - 1)) | 1u << mant) << ((code >> mant & 7) + 3);
}

bool wire_mcast_query_rest(const uint8_t *p, size_t len, unsigned alen, struct wire_mcast_query *q)
{
	if (len < 4)
		return false;
	q->suppress = p[0] & 8;
	q->robustness = p[0] & 7;
	q->interval_s = wire_mcast_code(p[1], 8);
	q->n_src = wire_get16(p + 2);
	q->src = p + 4;
	return (len - 4) / alen >= q->n_src;
}

unsigned wire_mcast_report_emit(uint8_t *p, uint8_t type, uint16_t n_records)
{
	memset(p, 0, WIRE_MCAST_REPORT_LEN);
	p[0] = type;
	wire_put16(p + 6, n_records);
	return WIRE_MCAST_REPORT_LEN;
}

unsigned wire_mcast_record_emit(
	uint8_t *p, uint8_t type, const uint8_t *group, unsigned alen, uint16_t n_src)
{
	p[0] = type;
	p[1] = 0;
	wire_put16(p + 2, n_src);
	memcpy(p + 4, group, alen);
	return 4 + alen;
}
