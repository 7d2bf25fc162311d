/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_SYN_COOKIE_H
#define GN_TCP_SYN_COOKIE_H

#include "tcp_priv.h"

/* SYN cookies (RFC 4987 section 3.6): the half-open entry that the peer keeps for us. */

/* Can a cookie hold an MSS as small as this? */
bool syn_cookie_fits(uint16_t mss);
/* The sequence number of a SYN,ACK to a SYN with peer_seq and this MSS. */
uint32_t syn_cookie_make(
	const struct tcp *tcp, const struct tcp_key *k, uint32_t peer_seq, uint16_t mss);
/* The MSS in a cookie that came back, not above the one put in; 0: it is none of ours, or too old. */
uint16_t syn_cookie_check(
	const struct tcp *tcp, const struct tcp_key *k, uint32_t peer_seq, uint32_t cookie);
/*
 * What the two sides agreed on rides in the lowest bits of our first timestamp, which the peer echoes, as
 * Linux does it: the peer's window scale, SACK, ECN. Takes all of it back where there are no timestamps.
 */
void syn_cookie_opts_hide(const struct tcp *tcp, struct tcp_half_open *h);
/* From the echo; wanted: what we are willing to use at all (TF_*). */
void syn_cookie_opts_find(struct tcp_half_open *h, uint32_t tsecr, uint32_t wanted);
/* One was sent; and may any still come back? An ACK out of the blue is not even looked at else, so
 * that cookies cannot be guessed while none are needed. */
void syn_cookie_sent(struct tcp *tcp);
bool syn_cookie_out(const struct tcp *tcp);

#endif
