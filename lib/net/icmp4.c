/* SPDX-License-Identifier: BSD-3-Clause */
#include "icmp.h"

#include "net_priv.h"
#include "wire_cksum.h"

#define TIMESTAMP_LEN 20
#define MASK_LEN      12

/* Code 0 and 2 (of networks) count as of the host (RFC 1122 section 3.2.2.2). */
static enum net_verdict icmp4_redirect(struct net *n, struct net_pkt *p, const struct wire_icmp *h)
{
	const uint8_t *quote =
		rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l4_off) + WIRE_ICMP_LEN;
	size_t have = RTE_MIN(p->l4_len, p->m->data_len - p->l4_off) - (size_t)WIRE_ICMP_LEN;
	union net_ip src = {.v4 = 0}, dst = {.v4 = 0}, gw = {.v4 = 0};
	struct wire_quote q;

	if (h->code > 3 || (p->flags & NET_PKT_L3_MCAST) != 0 || have < WIRE_IP4_LEN ||
		wire_quote_parse(quote, have, false, &q) < 0)
		return net_drop(n, p, DROP_icmp4_redirect);
	net_ip4_set(&src, q.src4);
	net_ip4_set(&dst, q.dst4);
	net_ip4_set(&gw, h->rest);
	if (!ip4_unicast(gw.v4) || !ip4_unicast(dst.v4) || !net_is_local(n, false, &src) ||
		!redirect_input(n, p, &dst, &gw))
		return net_drop(n, p, DROP_icmp4_redirect);
	net_count(n, CNT_icmp4_redirects);
	pkt_free(&n->env->pool, p->m);
	return NET_DONE;
}

/* Likely MTUs below a total length, for routers that do not say theirs (RFC 1191 section 7.1). */
static uint32_t icmp4_plateau(uint32_t total_len)
{
	static const uint16_t plateau[] = {
		32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68};

	for (unsigned i = 0; i < RTE_DIM(plateau); i++)
		if (plateau[i] < total_len)
			return plateau[i];
	return 68;
}

static enum net_verdict icmp4_error_input(
	struct net *n, struct net_pkt *p, const struct wire_icmp *h)
{
	const uint8_t *quote =
		rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l4_off) + WIRE_ICMP_LEN;
	size_t have = RTE_MIN(p->l4_len, p->m->data_len - p->l4_off) - (size_t)WIRE_ICMP_LEN;
	struct net_error e = {.type = h->type, .code = h->code};
	int err;

	net_count(n, CNT_icmp4_rx_errors);
	if (p->flags & NET_PKT_L3_MCAST)
		return net_drop(n, p, DROP_icmp4_bcast);
	err = wire_quote_parse(quote, have, false, &e.quote);
	if (err < 0)
		return net_drop(n, p, (enum drop) - err);
	if (h->type == WIRE_ICMP4_UNREACH && h->code == WIRE_ICMP4_UNREACH_NEEDFRAG) {
		e.mtu = h->rest & 0xffff;
		if (e.mtu == 0)
			e.mtu = icmp4_plateau(wire_get16(quote + 2));
		e.mtu = RTE_MAX(e.mtu, 68u); /* RFC 1191 section 3 */
	}
	return net_error_input(n, p, &e, DROP_icmp4_no_flow);
}

/*
 * Sends p's message back, changed by its caller in place and summed, from the address it came to: the
 * type of service of the request (RFC 1122 section 3.2.1.6), its options brought up to date, a source
 * route reversed (sections 3.2.2.6 and 3.2.2.8). Takes p->m.
 */
static int icmp4_answer(struct net *n, struct net_pkt *p, uint8_t type)
{
	struct net_tx tx = {.proto = IPPROTO_ICMP, .tos = net_pkt_tos(p)};
	union net_ip src = p->dst, to = {.v4 = 0};
	uint8_t opt[40];
	uint32_t first;
	unsigned n_opt = ip4_options_reply(n, p, opt, &first);
	struct net_dst d;
	int err;

	net_ip4_set(&to, first);
	err = net_route(n, false, &to, &src, NET_NO_IFC, &d);
	if (err != 0) {
		net_drop(n, p, route_drop(err));
		return err;
	}
	if (!net_echo_turn(n, p, type)) {
		net_drop(n, p, DROP_pool_empty);
		return -ENOBUFS;
	}
	if (n_opt != 0)
		return ip4_options_output(n, &d, p->m, src.v4, first, &tx, opt, n_opt);
	return ip4_output_summed(n, &d, p->m, src.v4, first, &tx);
}

/* RFC 1122 section 3.2.2.6 */
static enum net_verdict icmp4_echo(struct net *n, struct net_pkt *p)
{
	net_count(n, CNT_icmp4_rx_echo);
	if (p->flags & NET_PKT_L3_MCAST)
		return net_drop(n, p, DROP_icmp4_bcast);
	if (!n->conf.echo_reply)
		return net_drop(n, p, DROP_icmp4_type);
	if (icmp4_answer(n, p, WIRE_ICMP4_ECHO_REPLY) == 0)
		net_count(n, CNT_icmp4_tx_echo_replies);
	return NET_DONE;
}

/* RFC 1122 section 3.2.2.8: received and sent now; identifier, sequence and origin as they came. */
static enum net_verdict icmp4_timestamp(struct net *n, struct net_pkt *p)
{
	uint8_t *l4 = rte_pktmbuf_mtod_offset(p->m, uint8_t *, p->l4_off);
	uint16_t sum = 0;

	if (p->flags & NET_PKT_L3_MCAST)
		return net_drop(n, p, DROP_icmp4_bcast);
	if (!n->conf.timestamp_reply)
		return net_drop(n, p, DROP_icmp4_type);
	if (p->l4_len < TIMESTAMP_LEN || p->m->data_len - p->l4_off < TIMESTAMP_LEN)
		return net_drop(n, p, DROP_icmp4_short);
	wire_put32(l4 + 12, ip4_time(n));
	wire_put32(l4 + 16, ip4_time(n));
	memcpy(l4 + 2, &sum, sizeof(sum));
	sum = net_icmp_sum(n, p);
	memcpy(l4 + 2, &sum, sizeof(sum)); /* of the request, which the answer's follows from */
	if (icmp4_answer(n, p, WIRE_ICMP4_TIMESTAMP_REPLY) == 0)
		net_count(n, CNT_icmp4_tx_timestamps);
	return NET_DONE;
}

/* RFC 950 appendix I, RFC 1812 section 4.3.3.9: the mask of the interface that the request came by. */
static enum net_verdict icmp4_mask(struct net *n, struct net_pkt *p)
{
	uint8_t *l4 = rte_pktmbuf_mtod_offset(p->m, uint8_t *, p->l4_off);
	const struct net_ifc *f = &n->ifc[p->ifc].pub;
	uint16_t sum = 0;
	uint8_t plen = 0;

	if (p->flags & NET_PKT_L3_MCAST)
		return net_drop(n, p, DROP_icmp4_bcast);
	if (!n->conf.mask_reply)
		return net_drop(n, p, DROP_icmp4_type);
	if (p->l4_len < MASK_LEN || p->m->data_len - p->l4_off < MASK_LEN)
		return net_drop(n, p, DROP_icmp4_short);
	for (unsigned i = 0; i < f->n_addr4; i++)
		if (f->addr4[i].ip.v4 == p->dst.v4)
			plen = f->addr4[i].plen;
	if (plen == 0)
		return net_drop(n, p, DROP_icmp4_type);
	wire_put32(l4 + 8, ip4_mask(plen));
	memcpy(l4 + 2, &sum, sizeof(sum));
	sum = net_icmp_sum(n, p);
	memcpy(l4 + 2, &sum, sizeof(sum)); /* of the request, which the answer's follows from */
	if (icmp4_answer(n, p, WIRE_ICMP4_MASK_REPLY) == 0)
		net_count(n, CNT_icmp4_tx_masks);
	return NET_DONE;
}

enum net_verdict icmp4_input(struct net *n, struct net_pkt *p)
{
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l4_off);
	struct wire_icmp h;
	int len;

	net_count(n, CNT_icmp4_rx);
	len = wire_icmp_parse(l4, RTE_MIN(p->l4_len, p->m->data_len - p->l4_off), false, &h);
	if (len < 0)
		return net_drop(n, p, (enum drop) - len);
	if (net_icmp_sum(n, p) != 0)
		return net_drop(n, p, DROP_icmp4_cksum);
	switch (h.type) {
	case WIRE_ICMP4_ECHO:
		return icmp4_echo(n, p);
	case WIRE_ICMP4_REDIRECT:
		return icmp4_redirect(n, p, &h);
	case WIRE_ICMP4_TIMESTAMP:
		return icmp4_timestamp(n, p);
	case WIRE_ICMP4_MASK:
		return icmp4_mask(n, p);
	case WIRE_ICMP4_UNREACH:
	case WIRE_ICMP4_TIME:
	case WIRE_ICMP4_PARAM:
		return icmp4_error_input(n, p, &h);
	default: /* Source Quench too (RFC 6633 section 3) */
		return net_drop(n, p, DROP_icmp4_type);
	}
}

/* An error about an error, or about an ICMP message of a type not known (RFC 1122 section 3.2.2). */
static bool icmp4_about_error(const struct net_pkt *p)
{
	uint8_t type;

	if (p->proto != IPPROTO_ICMP)
		return false;
	if (p->l4_len == 0 || p->m->data_len <= p->l4_off)
		return true;
	type = *rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l4_off);
	return type != WIRE_ICMP4_ECHO && type != WIRE_ICMP4_ECHO_REPLY &&
	       type != WIRE_ICMP4_TIMESTAMP && type != WIRE_ICMP4_TIMESTAMP_REPLY;
}

bool icmp4_error_allowed(const struct net *n, const struct net_pkt *p)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3_off);

	return (p->flags & (NET_PKT_L2_MCAST | NET_PKT_L3_MCAST)) == 0 && ip4_unicast(p->src.v4) &&
	       (wire_get16(ip + 6) & 0x1fff) == 0 && !icmp4_about_error(p);
}

void icmp4_error_send(struct net *n, const struct net_pkt *p, struct rte_mbuf *m)
{
	struct net_tx tx = {.proto = IPPROTO_ICMP};
	union net_ip src = p->dst;
	struct net_dst d;
	int err;

	if (!net_is_local(n, false, &src)) /* of the interface that it leaves by */
		src = net_ip4(0);
	err = net_route(n, false, &p->src, &src, NET_NO_IFC, &d);

	if (err != 0)
		pkt_drop(&n->env->pool, m, route_drop(err));
	else if (net_output4(n, &d, m, src.v4, p->src.v4, &tx) == 0)
		net_count(n, CNT_icmp4_tx_errors);
}
