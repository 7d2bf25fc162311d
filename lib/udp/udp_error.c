/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "udp_impl.h"

#define IP4_MTU_MIN 68	 /* RFC 791 */
#define IP6_MTU_MIN 1280 /* RFC 8200 section 5 */

/* RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1, by code. */
static const uint8_t unreach4[] = {ENETUNREACH, EHOSTUNREACH, ECONNREFUSED, ECONNREFUSED, EMSGSIZE,
	EHOSTUNREACH, ENETUNREACH, EHOSTUNREACH, EHOSTUNREACH, ENETUNREACH, EHOSTUNREACH,
	ENETUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH};

/* RFC 4443 section 3.1, by code. */
static const uint8_t unreach6[] = {ENETUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH,
	ECONNREFUSED, EHOSTUNREACH, ENETUNREACH};

/* 0: not an error that an application is told (RFC 6633: source quench). */
static int udp_errno4(uint8_t type, uint8_t code)
{
	switch (type) {
	case WIRE_ICMP4_UNREACH:
		return code < sizeof(unreach4) ? unreach4[code] : EHOSTUNREACH;
	case WIRE_ICMP4_TIME:
	case WIRE_ICMP4_PARAM:
		return EHOSTUNREACH;
	default:
		return 0;
	}
}

static int udp_errno6(uint8_t type, uint8_t code)
{
	switch (type) {
	case WIRE_ICMP6_UNREACH:
		return code < sizeof(unreach6) ? unreach6[code] : EHOSTUNREACH;
	case WIRE_ICMP6_TOO_BIG:
		return EMSGSIZE;
	case WIRE_ICMP6_PARAM: /* code 1: the host has no UDP (RFC 4443 section 3.4) */
		return code == 1 ? ECONNREFUSED : EHOSTUNREACH;
	case WIRE_ICMP6_TIME:
		return EHOSTUNREACH;
	default:
		return 0;
	}
}

/* The path carries less than the route: later datagrams go in fragments that fit (RFC 8201 4). */
static void udp_lower_mtu(struct udp_sock *s, const struct net_error *e)
{
	uint32_t least = e->quote.v6 ? IP6_MTU_MIN : IP4_MTU_MIN;
	uint32_t mtu = RTE_MAX(e->mtu, least);

	if (e->mtu != 0 && mtu < s->dst.mtu)
		s->dst.mtu = (uint16_t)mtu;
	s->hdr.max = 0; /* until the next datagram */
}

void udp_error(void *ctx, const struct net_error *e)
{
	struct udp *u = ctx;
	const struct wire_quote *q = &e->quote;
	struct udp_key k = {
		.scope = e->scope,
		.lport = q->sport,
		.rport = q->dport,
		.ifc = NET_NO_IFC,
		.v6 = q->v6,
	};
	int err = q->v6 ? udp_errno6(e->type, e->code) : udp_errno4(e->type, e->code);

	if (q->v6) {
		k.lip.v6 = q->src6;
		k.rip.v6 = q->dst6;
		if (udp_ip_linklocal(true, &k.lip))
			k.ifc = e->ifc;
	} else {
		k.lip.v4 = q->src4;
		k.rip.v4 = q->dst4;
	}

	/* Behind the first fragment there are no ports to find anybody by. */
	struct udp_sock *s = err != 0 && q->frag_off == 0 ? udp_demux(u, &k, NULL) : NULL;

	if (s == NULL) {
		u->env->cnt.drop[q->v6 ? DROP_icmp6_no_flow : DROP_icmp4_no_flow]++;
		return;
	}
	count(&u->env->cnt, CNT_udp_errors_in);
	if (err == EMSGSIZE && (s->flags & UDP_CONNECTED))
		udp_lower_mtu(s, e);
	u->up->error(u->up_ctx, s, e, err);
}
