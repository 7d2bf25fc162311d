/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_FASTOPEN_H
#define GN_TCP_FASTOPEN_H

#include "siphash.h"
#include "tcp_priv.h"

/*
 * TCP Fast Open (RFC 7413). A server that has seen a client's address answer before, which a cookie
 * proves, takes data on its SYN and answers it before the handshake ends: fastopen.c. A client keeps
 * cookies by server, and for a while what did not work: fastopen_cache.c.
 */

/* Of the two addresses, and a number beside them. key: each use has its own. */
uint64_t tcp_fastopen_hash(
	const struct siphash_key *key, bool v6, const struct tcp_key *k, uint64_t number);

/* ---- server: fastopen.c ---- */

#define TCP_FASTOPEN_COOKIE 8 /* bytes of ours */

/* The cookie of a client at the address k->r. age: how many periods ago it was made, 0: now. */
void tcp_fastopen_cookie(const struct tcp *tcp, bool v6, const struct tcp_key *k, unsigned age,
	uint8_t cookie[TCP_FASTOPEN_COOKIE]);
/*
 * A SYN with the option, for a listener that takes it. tmpl is complete. True: a connection was made and
 * s used up. False: the usual handshake goes on; TF_FASTOPEN in tmpl->flags: with a cookie in the SYN,ACK.
 */
bool tcp_fastopen_syn(struct tcp *tcp, struct tcp_half_open *tmpl, struct tcp_seg *s);
/* A segment for a block in SYN-RECEIVED with TF_FASTOPEN. The SYN again; true: s is used up. */
bool tcp_fastopen_syn_again(struct tcp *tcp, struct tcb *t, struct tcp_seg *s);
/* An acceptable segment with ACK: our SYN must be acknowledged, data may be. false: s is used up. */
bool tcp_fastopen_established(struct tcp *tcp, struct tcb *t, struct tcp_seg *s);
/* The block leaves SYN-RECEIVED by a reset of the peer: it counts for a while longer (section 5.1). */
void tcp_fastopen_reset(struct tcp *tcp);

/* ---- client: fastopen_cache.c ---- */

struct tcp_fastopen_peer {
	union net_ip l, r;
	uint32_t scope;
	uint16_t mss; /* the server's MSS option, 0: unknown */
	bool v6, used;
	uint8_t len;   /* of the cookie, 0: none */
	uint8_t fails; /* in a row */
	uint8_t cookie[WIRE_TCP_TFO_MAX];
	uint64_t used_us;
	uint64_t off_until_us; /* nothing of Fast Open is tried before */
};

int tcp_fastopen_cache_init(struct tcp *tcp);
/* NULL: nothing is known. */
struct tcp_fastopen_peer *tcp_fastopen_find(struct tcp *tcp, bool v6, const struct tcp_key *k);
/* Was something wrong with this server lately? */
bool tcp_fastopen_off(struct tcp *tcp, bool v6, const struct tcp_key *k);
/* The option of the first SYN, and how much of the queue goes along (t->snd_max says it then). */
uint32_t tcp_fastopen_offer(struct tcp *tcp, struct tcb *t, struct wire_tcp_opts *o);
/* The first n bytes of the queue. */
void tcp_fastopen_copy(const struct tcb *t, uint8_t *to, uint32_t n);
/* Not with this server for a while: the SYN was not answered, its data not taken (section 4.1.3.1). */
void tcp_fastopen_failed(struct tcp *tcp, const struct tcb *t);
/* The SYN,ACK: takes its cookie and what it acknowledges of the data. */
void tcp_fastopen_synack(
	struct tcp *tcp, struct tcb *t, const struct tcp_seg *s, const struct wire_tcp_opts *o);
/* Bytes of data that the SYN carried. */
static inline uint32_t tcp_fastopen_syn_data(const struct tcb *t)
{
	return t->snd_max - t->iss - 1;
}

#endif
