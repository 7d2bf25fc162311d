/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_WIRE_TCP_H
#define GN_WIRE_TCP_H

#include "wire.h"

#define WIRE_TCP_LEN	 20
#define WIRE_TCP_MAX_LEN 60

#define WIRE_TCP_FIN 0x01
#define WIRE_TCP_SYN 0x02
#define WIRE_TCP_RST 0x04
#define WIRE_TCP_PSH 0x08
#define WIRE_TCP_ACK 0x10
#define WIRE_TCP_URG 0x20
#define WIRE_TCP_ECE 0x40
#define WIRE_TCP_CWR 0x80

/* Which options were there (bits of wire_tcp_opts.has). */
#define WIRE_TCP_OPT_MSS    0x01
#define WIRE_TCP_OPT_WSCALE 0x02
#define WIRE_TCP_OPT_SACKOK 0x04
#define WIRE_TCP_OPT_SACK   0x08
#define WIRE_TCP_OPT_TS	    0x10
#define WIRE_TCP_OPT_UTO    0x20
#define WIRE_TCP_OPT_TFO    0x40

/* The first word of the timestamps, two NOPs before them (RFC 7323 appendix A). */
#define WIRE_TCP_TS_ALIGNED 0x0101080au

#define WIRE_TCP_SACK_MAX 4

/* A Fast Open cookie: an even number of bytes (RFC 7413 section 4.1.1). */
#define WIRE_TCP_TFO_MIN 4
#define WIRE_TCP_TFO_MAX 16

struct wire_tcp_opts {
	uint8_t has;
	uint8_t wscale; /* as sent, may exceed 14 */
	uint8_t n_sack; /* 0 to 4 */
	uint16_t mss;
	uint16_t uto;	    /* as sent: wire_tcp_uto_s() */
	uint8_t tfo_len;    /* of the Fast Open cookie; 0: one is asked for */
	const uint8_t *tfo; /* parsed: in the header */
	uint32_t tsval, tsecr;
	struct {
		uint32_t left, right;
	} sack[WIRE_TCP_SACK_MAX];
};

struct wire_tcp {
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t hlen; /* bytes, 20 to 60 */
	uint8_t flags;
	uint16_t wnd; /* as on the wire, unscaled */
	uint16_t cksum;
	uint16_t urp;
};

/* Drops: tcp_short (below 20 bytes, data offset below 5 or past len). Options are not looked at. */
int wire_tcp_parse(const uint8_t *p, size_t len, struct wire_tcp *h);
/* The fixed header; h->hlen says where the data will start, options are written by the caller. */
unsigned wire_tcp_emit(uint8_t *p, const struct wire_tcp *h);
int wire_tcp_print(char *buf, size_t size, const struct wire_tcp *h, unsigned payload_len);

/*
 * Options, n bytes at p (RFC 9293 section 3.1, RFC 7323, RFC 2018). Unknown kinds are skipped by
 * their length (MUST-6); an option with a bad length ends the parse (MUST-7), keeping those before
 * it; a known kind with the wrong length is skipped. Only o->has is always written; the other
 * fields are valid as it says. Returns true if all were well formed.
 */
bool wire_tcp_opts_parse(const uint8_t *p, unsigned n, struct wire_tcp_opts *o);
/* The user timeout option's value (RFC 5482 section 3): 15 bits of seconds, or of minutes below the
 * granularity bit. From seconds, what does not fit rounded up to minutes; and in seconds. */
#define WIRE_TCP_UTO_MINUTES 0x8000
static inline uint16_t wire_tcp_uto(uint16_t s)
{
	return s < WIRE_TCP_UTO_MINUTES ? s : (uint16_t)(WIRE_TCP_UTO_MINUTES | (s + 59) / 60);
}
static inline uint32_t wire_tcp_uto_s(uint16_t uto)
{
	uint32_t n = uto & ~WIRE_TCP_UTO_MINUTES;

	return uto & WIRE_TCP_UTO_MINUTES ? n * 60 : n;
}
/* Emits what o->has says, padded with NOPs to 4 bytes; at most 40 bytes (SACK blocks that do not
 * fit are left out, and the user timeout beside a Fast Open cookie of 16). */
unsigned wire_tcp_opts_emit(uint8_t *p, const struct wire_tcp_opts *o);

#endif
