/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/* What the SYNs of both sides settle: window scale and timestamps (RFC 7323), SACK (RFC 2018), ECN
 * (RFC 3168 section 6.1.1). Nothing is in force that was not in both. */

#define WSCALE_MAX 14 /* RFC 7323 section 2.3 */

static bool chosen(uint8_t choice, bool conf)
{
	return choice == TCP_CHOICE_CONF ? conf : choice == TCP_CHOICE_ON;
}

/* Of what is off, accepted if the peer asks, or asked for. */
static enum tcp_ecn chosen_of_three(uint8_t choice, uint8_t conf)
{
	switch (choice) {
	case TCP_CHOICE_OFF:
		return TCP_ECN_OFF;
	case TCP_CHOICE_ON:
		return TCP_ECN_ON;
	case TCP_CHOICE_ACCEPT:
		return TCP_ECN_ACCEPT;
	default:
		return (enum tcp_ecn)conf;
	}
}

/* DCTCP asks by itself, unless it was forbidden (RFC 8257 section 3). */
static enum tcp_ecn wanted_ecn(const struct tcp *tcp, const struct tcp_opts *o)
{
	const struct tcp_cc_ops *cc = o->cc != NULL ? o->cc : tcp_cc_configured(tcp);
	enum tcp_ecn ecn = chosen_of_three(o->ecn, tcp->conf.ecn);

	if (ecn == TCP_ECN_ACCEPT && o->ecn == TCP_CHOICE_CONF && cc->flags & TCP_CC_ECN)
		return TCP_ECN_ON;
	return ecn;
}

const struct tcp_opts *tcp_route_opts(struct tcp *tcp, bool v6, const union net_ip *ip,
	const struct tcp_opts *o, struct tcp_opts *buf)
{
	static const struct net_route_opts none;
	const struct net_route_opts *r = net_route_opts(tcp->net, v6, ip);

	if (likely(r == NULL || memcmp(r, &none, sizeof(none)) == 0))
		return o;
	*buf = o != NULL ? *o : (struct tcp_opts){0};
	if (buf->rcvbuf == 0)
		buf->rcvbuf = r->rcvbuf;
	if (buf->mss == 0)
		buf->mss = r->mss;
	if (buf->ecn == TCP_CHOICE_CONF)
		buf->ecn = r->ecn;
	if (buf->cc == NULL && r->cc != 0)
		buf->cc = tcp_cc_at((enum tcp_cc_id)(r->cc - 1));
	return buf;
}

uint32_t tcp_wanted(const struct tcp *tcp, const struct tcp_opts *o, bool active)
{
	static const struct tcp_opts none;
	const struct tcp_conf *c = &tcp->conf;
	uint32_t flags = 0;

	if (o == NULL)
		o = &none;
	if (chosen(o->window_scaling, c->window_scaling))
		flags |= TF_WSCALE;
	if (chosen(o->timestamps, c->timestamps))
		flags |= TF_TS;
	if (chosen(o->sack, c->sack))
		flags |= TF_SACK;
	if (wanted_ecn(tcp, o) >= (active ? TCP_ECN_ON : TCP_ECN_ACCEPT))
		flags |= TF_ECN;
	return flags;
}

bool tcp_fastopen_wanted(const struct tcp *tcp, const struct tcp_opts *o, bool active)
{
	enum tcp_ecn c =
		chosen_of_three(o != NULL ? o->fastopen : TCP_CHOICE_CONF, tcp->conf.fastopen);

	return c >= (active ? TCP_ECN_ON : TCP_ECN_ACCEPT);
}

uint8_t tcp_wscale(const struct tcp *tcp, const struct tcp_opts *o)
{
	const struct tcp_conf *c = &tcp->conf;
	uint32_t most = o != NULL && o->rcvbuf != 0 ? o->rcvbuf : RTE_MAX(c->rcvbuf, c->rcvbuf_max);
	uint8_t shift = 0;

	while (shift < WSCALE_MAX && most >> shift > UINT16_MAX)
		shift++;
	return shift;
}

/* A SYN asks for ECN by ECE and CWR, a SYN,ACK agrees by ECE alone; both flags in a SYN,ACK come from
 * a peer that reflects what it does not know (RFC 3168 section 6.1.1). */
static bool ecn_agreed(uint8_t flags)
{
	uint8_t ecn = flags & (WIRE_TCP_ECE | WIRE_TCP_CWR);

	return flags & WIRE_TCP_ACK ? ecn == WIRE_TCP_ECE : ecn == (WIRE_TCP_ECE | WIRE_TCP_CWR);
}

uint32_t tcp_agreed(uint32_t wanted, const struct wire_tcp_opts *o, uint8_t syn_flags)
{
	uint32_t offered = 0;

	if (o->has & WIRE_TCP_OPT_WSCALE)
		offered |= TF_WSCALE;
	if (o->has & WIRE_TCP_OPT_TS)
		offered |= TF_TS;
	if (o->has & WIRE_TCP_OPT_SACKOK)
		offered |= TF_SACK;
	if (ecn_agreed(syn_flags))
		offered |= TF_ECN;
	return wanted & offered;
}

uint8_t tcp_peer_wscale(struct tcp *tcp, uint32_t agreed, const struct wire_tcp_opts *o)
{
	if (!(agreed & TF_WSCALE))
		return 0;
	if (unlikely(o->wscale > WSCALE_MAX))
		tcp_count(tcp, CNT_tcp_wscale_bad);
	return RTE_MIN(o->wscale, WSCALE_MAX);
}

uint8_t tcp_syn_opts(struct wire_tcp_opts *o, uint32_t flags, bool ack, uint8_t rcv_wscale)
{
	o->has = WIRE_TCP_OPT_MSS;
	if (flags & TF_WSCALE)
		o->has |= WIRE_TCP_OPT_WSCALE;
	if (flags & TF_TS)
		o->has |= WIRE_TCP_OPT_TS;
	if (flags & TF_SACK)
		o->has |= WIRE_TCP_OPT_SACKOK;
	if (o->uto != 0)
		o->has |= WIRE_TCP_OPT_UTO;
	o->wscale = rcv_wscale;
	if (!(flags & TF_ECN))
		return 0;
	return ack ? WIRE_TCP_ECE : WIRE_TCP_ECE | WIRE_TCP_CWR;
}
