/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_icmp.h"

#include <netinet/in.h>
#include <stdio.h>

#include "wire_bytes.h"
#include "wire_ip4.h"
#include "wire_ip6.h"

/* What of the transport header an ICMP error quotes at least (RFC 792). */
#define QUOTE_L4_LEN 8

int wire_icmp_parse(const uint8_t *p, size_t len, bool v6, struct wire_icmp *h)
{
	if (len < WIRE_ICMP_LEN)
		return v6 ? -(int)DROP_icmp6_short : -(int)DROP_icmp4_short;
	h->type = p[0];
	h->code = p[1];
	h->cksum = wire_get16(p + 2);
	h->rest = wire_get32(p + 4);
	return WIRE_ICMP_LEN;
}

unsigned wire_icmp_emit(uint8_t *p, const struct wire_icmp *h)
{
	p[0] = h->type;
	p[1] = h->code;
	wire_put16(p + 2, h->cksum);
	wire_put32(p + 4, h->rest);
	return WIRE_ICMP_LEN;
}

static const char *icmp_echo_name(uint8_t type, bool v6)
{
	if (type == (v6 ? WIRE_ICMP6_ECHO : WIRE_ICMP4_ECHO))
		return "request";
	if (type == (v6 ? WIRE_ICMP6_ECHO_REPLY : WIRE_ICMP4_ECHO_REPLY))
		return "reply";
	return NULL;
}

int wire_icmp_print(char *buf, size_t size, const struct wire_icmp *h, bool v6)
{
	const char *proto = v6 ? "ICMP6" : "ICMP";
	const char *echo = icmp_echo_name(h->type, v6);

	if (echo != NULL)
		return snprintf(buf, size, "%s, echo %s, id %u, seq %u", proto, echo, h->rest >> 16,
			h->rest & 0xffff);
	return snprintf(
		buf, size, "%s, type %u, code %u, rest 0x%08x", proto, h->type, h->code, h->rest);
}

/* Ports and sequence number at p, if the protocol is one that has them; false if cut off. */
static bool quote_l4_parse(const uint8_t *p, size_t len, struct wire_quote *q)
{
	if (q->frag_off != 0 || (q->proto != IPPROTO_TCP && q->proto != IPPROTO_UDP))
		return true;
	if (len < QUOTE_L4_LEN)
		return false;
	q->sport = wire_get16(p);
	q->dport = wire_get16(p + 2);
	if (q->proto == IPPROTO_TCP)
		q->seq = wire_get32(p + 4);
	return true;
}

static bool quote4_parse(const uint8_t *p, size_t len, struct wire_quote *q)
{
	unsigned hlen;

	if (len < WIRE_IP4_LEN || p[0] >> 4 != 4)
		return false;
	hlen = (p[0] & 0xfu) * 4;
	if (hlen < WIRE_IP4_LEN || hlen > len)
		return false;
	q->frag_off = (uint16_t)((wire_get16(p + 6) & 0x1fff) * 8);
	q->proto = p[9];
	q->src4 = wire_get32(p + 12);
	q->dst4 = wire_get32(p + 16);
	return quote_l4_parse(p + hlen, len - hlen, q);
}

/* Steps over extension headers without judging them: they are ours, or the flow is not. */
static bool quote6_parse(const uint8_t *p, size_t len, struct wire_quote *q)
{
	size_t off = WIRE_IP6_LEN;

	if (len < WIRE_IP6_LEN || p[0] >> 4 != 6)
		return false;
	q->proto = p[6];
	memcpy(q->src6.b, p + 8, sizeof(q->src6.b));
	memcpy(q->dst6.b, p + 24, sizeof(q->dst6.b));
	for (unsigned i = 0; i < WIRE_IP6_EXT_MAX && q->frag_off == 0; i++) {
		size_t n = 8;

		if (q->proto != WIRE_IP6_HOPOPTS && q->proto != WIRE_IP6_ROUTING &&
			q->proto != WIRE_IP6_FRAGMENT && q->proto != WIRE_IP6_DSTOPTS)
			break;
		if (len - off < n)
			return false;
		if (q->proto == WIRE_IP6_FRAGMENT)
			q->frag_off = wire_get16(p + off + 2) & 0xfff8;
		else
			n += p[off + 1] * 8u;
		if (len - off < n)
			return false;
		q->proto = p[off];
		off += n;
	}
	return quote_l4_parse(p + off, len - off, q);
}

int wire_quote_parse(const uint8_t *p, size_t len, bool v6, struct wire_quote *q)
{
	memset(q, 0, sizeof(*q));
	q->v6 = v6;
	if (v6)
		return quote6_parse(p, len, q) ? 0 : -(int)DROP_icmp6_short;
	return quote4_parse(p, len, q) ? 0 : -(int)DROP_icmp4_short;
}
