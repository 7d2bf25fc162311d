/* SPDX-License-Identifier: BSD-3-Clause */
#include "syn_cookie.h"

#include "siphash.h"

/*
 * SYN cookies (RFC 4987 section 3.6): the SYN,ACK's sequence number holds what a half-open entry
 * would. In its top 8 bits a count of 64 s periods, below it a keyed function of the connection and
 * that count plus the index of the peer's MSS; all of it offset by another keyed function and by the
 * peer's own sequence number, so that it grows with time as RFC 6528 wants and nobody can make one.
 */
#define PERIOD_US 64000000u
#define AGE_MAX	  2 /* periods after which a cookie is no good: 64 to 128 s */
#define HASH_MASK 0x00ffffffu

/* Ascending. The last one that is not larger than the peer's is used. */
static const uint16_t mss_table[] = {88, 536, 1024, 1220, 1300, 1440, 1460, 8940};

/* Of the connection alone, or of the connection, the peer's sequence number and a period. */
static uint32_t cookie_hash(
	const struct tcp *tcp, const struct tcp_key *k, uint32_t peer_seq, uint32_t count)
{
	struct {
		struct tcp_key key;
		uint32_t peer_seq, count;
	} in;

	memset(&in, 0, sizeof(in));
	in.key.l = k->l;
	in.key.r = k->r;
	in.key.scope = k->scope;
	in.key.lport = k->lport;
	in.key.rport = k->rport;
	in.peer_seq = peer_seq;
	in.count = count;
	return (uint32_t)siphash(&tcp->cookie_key, &in, sizeof(in));
}

static uint32_t cookie_offset(const struct tcp *tcp, const struct tcp_key *k)
{
	return cookie_hash(tcp, k, 0, UINT32_MAX);
}

static uint32_t period(const struct tcp *tcp)
{
	return (uint32_t)(tcp->env->now_us / PERIOD_US);
}

static unsigned mss_index(uint16_t mss)
{
	unsigned i = RTE_DIM(mss_table) - 1;

	while (i > 0 && mss_table[i] > mss)
		i--;
	return i;
}

bool syn_cookie_fits(uint16_t mss)
{
	return mss >= mss_table[0];
}

uint32_t syn_cookie_make(
	const struct tcp *tcp, const struct tcp_key *k, uint32_t peer_seq, uint16_t mss)
{
	uint32_t count = period(tcp);
	uint32_t low = (cookie_hash(tcp, k, peer_seq, count) + mss_index(mss)) & HASH_MASK;

	return cookie_offset(tcp, k) + peer_seq + (count << 24) + low;
}

uint16_t syn_cookie_check(
	const struct tcp *tcp, const struct tcp_key *k, uint32_t peer_seq, uint32_t cookie)
{
	uint32_t now = period(tcp), rest = cookie - cookie_offset(tcp, k) - peer_seq;
	/* The sum's carry does not reach the count: the lower part was cut to 24 bits before. */
	uint32_t age = (now - (rest >> 24)) & 0xff;

	if (age >= AGE_MAX)
		return 0;
	uint32_t index = (rest - cookie_hash(tcp, k, peer_seq, now - age)) & HASH_MASK;

	return index < RTE_DIM(mss_table) ? mss_table[index] : 0;
}

#define TS_BITS	     6
#define TS_WSCALE    0x0fu
#define TS_NO_WSCALE 0x0fu /* the largest shift is 14 */
#define TS_SACK	     0x10u
#define TS_ECN	     0x20u

void syn_cookie_opts_hide(const struct tcp *tcp, struct tcp_half_open *h)
{
	uint32_t now = tcp_ts_now(tcp, h->ts_off), bits = 0;

	if (!(h->flags & TF_TS)) {
		h->flags &= ~TCP_AGREED;
		h->snd_wscale = 0;
		h->rcv_wscale = 0;
		return;
	}
	bits |= h->flags & TF_WSCALE ? h->snd_wscale : TS_NO_WSCALE;
	bits |= h->flags & TF_SACK ? TS_SACK : 0;
	bits |= h->flags & TF_ECN ? TS_ECN : 0;
	uint32_t val = (now >> TS_BITS << TS_BITS) | bits;

	if (seq_gt(val, now)) /* later ones must not be smaller */
		val -= 1u << TS_BITS;
	h->ts_off += val - now;
}

void syn_cookie_opts_find(struct tcp_half_open *h, uint32_t tsecr, uint32_t wanted)
{
	uint32_t flags = TF_TS;

	if ((tsecr & TS_WSCALE) != TS_NO_WSCALE)
		flags |= TF_WSCALE;
	if (tsecr & TS_SACK)
		flags |= TF_SACK;
	if (tsecr & TS_ECN)
		flags |= TF_ECN;
	h->flags |= flags & wanted;
	if (h->flags & TF_WSCALE)
		h->snd_wscale = tsecr & TS_WSCALE;
}

void syn_cookie_sent(struct tcp *tcp)
{
	tcp->cookies_until_us = tcp->env->now_us + (uint64_t)AGE_MAX * PERIOD_US;
	tcp_count(tcp, CNT_tcp_syn_cookies_sent);
}

bool syn_cookie_out(const struct tcp *tcp)
{
	return tcp->env->now_us < tcp->cookies_until_us;
}
