/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_WIRE_MCAST_H
#define GN_WIRE_MCAST_H

#include "wire.h"

/*
 * What IGMPv3 (RFC 3376) and MLDv2 (RFC 3810) have in common: a query's numbers, and the records of
 * a report. Addresses are of alen bytes, 4 or 16, in wire order.
 */
#define WIRE_MCAST_IS_IN 1
#define WIRE_MCAST_IS_EX 2
#define WIRE_MCAST_TO_IN 3
#define WIRE_MCAST_TO_EX 4
#define WIRE_MCAST_ALLOW 5
#define WIRE_MCAST_BLOCK 6

#define WIRE_MCAST_REPORT_LEN 8 /* before the records, with type, checksum and count */

struct wire_mcast_query {
	uint8_t version;      /* IGMP: 1, 2, 3; MLD: 1, 2 */
	uint8_t robustness;   /* 0: not told */
	bool suppress;	      /* for routers */
	uint32_t max_resp_us; /* as the code says; 0 as it is */
	uint32_t interval_s;  /* 0: not told */
	uint16_t n_src;
	const uint8_t *src; /* n_src addresses, in the packet */
};

/* A code of bits with an exponent of three bits (RFC 3376 section 4.1.1, RFC 3810 section 5.1.3). */
uint32_t wire_mcast_code(uint32_t code, unsigned bits);
/* What follows the group in a long query, from p; false: too short for its number of sources. */
bool wire_mcast_query_rest(const uint8_t *p, size_t len, unsigned alen, struct wire_mcast_query *q);
/* The beginning of a report, checksum zero. */
unsigned wire_mcast_report_emit(uint8_t *p, uint8_t type, uint16_t n_records);
/* The beginning of a record; its sources follow. */
unsigned wire_mcast_record_emit(
	uint8_t *p, uint8_t type, const uint8_t *group, unsigned alen, uint16_t n_src);

#endif
