/* SPDX-License-Identifier: BSD-3-Clause */
#include "icmp.h"
#include "wire_mld.h"

#define IP6_MTU_MIN 1280

static enum net_verdict icmp6_error_input(
	struct net *n, struct net_pkt *p, const struct wire_icmp *h)
{
	const uint8_t *quote =
		rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l4_off) + WIRE_ICMP_LEN;
	size_t have = RTE_MIN(p->l4_len, p->m->data_len - p->l4_off) - (size_t)WIRE_ICMP_LEN;
	struct net_error e = {.type = h->type, .code = h->code};
	int err;

	net_count(n, CNT_icmp6_rx_errors);
	err = wire_quote_parse(quote, have, true, &e.quote);
	if (err < 0)
		return net_drop(n, p, (enum drop) - err);
	if (h->type == WIRE_ICMP6_TOO_BIG) {
		/* RFC 8201 section 4 */
		if (h->rest < IP6_MTU_MIN)
			return net_drop(n, p, DROP_icmp6_mtu);
		e.mtu = h->rest;
	}
	return net_error_input(n, p, &e, DROP_icmp6_no_flow);
}

/* From a unicast address, whatever the request was sent to (RFC 4443 section 4.2). */
static enum net_verdict icmp6_echo(struct net *n, struct net_pkt *p)
{
	bool mcast = p->flags & NET_PKT_L3_MCAST;
	struct net_tx tx = {.proto = IPPROTO_ICMPV6, .tos = net_pkt_tos(p)};
	union net_ip src = {.v6 = {{0}}};
	struct net_dst d;
	int err;

	net_count(n, CNT_icmp6_rx_echo);
	if (!n->conf.echo_reply || ip6_any(&p->src.v6))
		return net_drop(n, p, DROP_icmp6_type);
	if (!mcast)
		src = p->dst;
	err = net_route(n, true, &p->src, &src,
		mcast || ip6_linklocal(&p->src.v6) ? p->ifc : NET_NO_IFC, &d);
	if (err != 0)
		return net_drop(n, p, route_drop(err));
	if (!net_echo_turn(n, p, WIRE_ICMP6_ECHO_REPLY))
		return net_drop(n, p, DROP_pool_empty);
	/* The sum holds as long as the addresses only change places. */
	err = mcast ? net_output6(n, &d, p->m, &src.v6, &p->src.v6, &tx)
		    : ip6_output_summed(n, &d, p->m, &src.v6, &p->src.v6, &tx);
	if (err == 0)
		net_count(n, CNT_icmp6_tx_echo_replies);
	return NET_DONE;
}

/* Neighbour discovery is core 0's. */
static enum net_verdict icmp6_nd(struct net *n, struct net_pkt *p)
{
	if (n->core != 0) {
		n->ops->handoff(n->ops_ctx, 0, p->m);
		return NET_DONE;
	}
	return nd_input(n, p);
}

enum net_verdict icmp6_input(struct net *n, struct net_pkt *p)
{
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l4_off);
	struct wire_icmp h;
	int len;

	net_count(n, CNT_icmp6_rx);
	len = wire_icmp_parse(l4, RTE_MIN(p->l4_len, p->m->data_len - p->l4_off), true, &h);
	if (len < 0)
		return net_drop(n, p, (enum drop) - len);
	if (net_icmp_sum(n, p) != 0)
		return net_drop(n, p, DROP_icmp6_cksum);
	switch (h.type) {
	case WIRE_ICMP6_ECHO:
		return icmp6_echo(n, p);
	case WIRE_ICMP6_NS:
	case WIRE_ICMP6_NA:
		return icmp6_nd(n, p);
	case WIRE_MLD_QUERY:
	case WIRE_MLD_REPORT1:
		return mld_input(n, p);
	default:
		/* Errors of unknown types too go to the transport (RFC 4443 section 2.4 (a)). */
		if (h.type < WIRE_ICMP6_ECHO)
			return icmp6_error_input(n, p, &h);
		return net_drop(n, p, DROP_icmp6_type);
	}
}

/* RFC 4443 section 2.4 (e.1), (e.2). */
static bool icmp6_about_error(const struct net_pkt *p)
{
	uint8_t type;

	if (p->proto != IPPROTO_ICMPV6)
		return false;
	if (p->l4_len == 0 || p->m->data_len <= p->l4_off)
		return true;
	type = *rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l4_off);
	return type < WIRE_ICMP6_ECHO || type == WIRE_ICMP6_REDIRECT;
}

bool icmp6_error_allowed(const struct net *n, const struct net_pkt *p, uint8_t type, uint8_t code)
{
	/* (e.3) to (e.5), with their two exceptions */
	bool mcast_ok = type == WIRE_ICMP6_TOO_BIG ||
			(type == WIRE_ICMP6_PARAM && code == WIRE_ICMP6_PARAM_OPTION);

	if ((p->flags & (NET_PKT_L2_MCAST | NET_PKT_L3_MCAST)) != 0 && !mcast_ok)
		return false;
	return !ip6_any(&p->src.v6) && !ip6_mcast(&p->src.v6) && !icmp6_about_error(p);
}

void icmp6_error_send(struct net *n, const struct net_pkt *p, struct rte_mbuf *m)
{
	bool mcast = p->flags & NET_PKT_L3_MCAST;
	struct net_tx tx = {.proto = IPPROTO_ICMPV6};
	union net_ip src = {.v6 = {{0}}};
	struct net_dst d;
	int err;

	if (!mcast && net_is_local(n, true, &p->dst))
		src = p->dst;
	err = net_route(n, true, &p->src, &src,
		mcast || ip6_linklocal(&p->src.v6) ? p->ifc : NET_NO_IFC, &d);
	if (err != 0)
		pkt_drop(&n->env->pool, m, route_drop(err));
	else if (net_output6(n, &d, m, &src.v6, &p->src.v6, &tx) == 0)
		net_count(n, CNT_icmp6_tx_errors);
}
