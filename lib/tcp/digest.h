/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_DIGEST_H
#define GN_TCP_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "net.h"
#include "tcp_conf.h"

/*
 * The keyed functions that sign segments, by libcrypto: MD5 (RFC 2385) and those of TCP-AO (RFC 5926:
 * HMAC-SHA-1-96 and AES-128-CMAC-96 with their key derivations). One instance a core. Functions that
 * return bool answer false when libcrypto refuses (a policy without MD5, memory).
 */
struct tcp_digest;

#define TCP_MD5_LEN	    16
#define TCP_AO_MAC_LEN	    12
#define TCP_TRAFFIC_KEY_MAX 20

/* NULL with errno ENOTSUP or ENOMEM. */
struct tcp_digest *tcp_digest_create(void);
void tcp_digest_destroy(struct tcp_digest *d);

/* What is signed, in pieces. */
struct tcp_span {
	const void *p;
	uint32_t len;
};

bool tcp_digest_md5(struct tcp_digest *d, const struct tcp_span *s, unsigned n, uint8_t *out);

/* A connection in the direction of the segment; dst_isn is 0 for a SYN (RFC 5925 section 5.2). */
struct tcp_ao_conn {
	bool v6;
	union net_ip src, dst;
	uint16_t sport, dport;
	uint32_t src_isn, dst_isn;
};

/* The traffic key of a master key (RFC 5926 section 3.1); out has room for TCP_TRAFFIC_KEY_MAX. */
bool tcp_ao_traffic_key(struct tcp_digest *d, enum tcp_auth_alg alg, const uint8_t *master,
	unsigned master_len, const struct tcp_ao_conn *c, uint8_t *out);
/* TCP_AO_MAC_LEN bytes (RFC 5926 section 3.2). */
bool tcp_ao_mac(struct tcp_digest *d, enum tcp_auth_alg alg, const uint8_t *traffic_key,
	const struct tcp_span *s, unsigned n, uint8_t *out);

#endif
