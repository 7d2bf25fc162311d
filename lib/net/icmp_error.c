/* SPDX-License-Identifier: BSD-3-Clause */
#include "icmp.h"

/* Largest packet that an error may make: RFC 1812 section 4.3.2.3, RFC 4443 section 2.4 (c). */
#define ERROR_MAX4 576
#define ERROR_MAX6 1280

/* Copies len bytes of the packet from off to at, over its segments. */
static void pkt_copy(uint8_t *at, const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	const void *from = rte_pktmbuf_read(m, off, len, at);

	if (from != at && from != NULL)
		memcpy(at, from, len);
}

/* Type, code, rest and the quote: as much of the packet as may be. */
static struct rte_mbuf *error_make(
	struct net *n, const struct net_pkt *p, uint8_t type, uint8_t code, uint32_t rest)
{
	bool v6 = p->flags & NET_PKT_V6;
	uint32_t max = v6 ? ERROR_MAX6 - WIRE_IP6_LEN : ERROR_MAX4 - WIRE_IP4_LEN;
	struct wire_icmp h = {.type = type, .code = code, .rest = rest};
	struct rte_mbuf *m = pkt_alloc(&n->env->pool);
	uint32_t len;
	uint8_t *at;

	if (m == NULL) {
		n->env->cnt.drop[DROP_pool_empty]++;
		return NULL;
	}
	max = RTE_MIN(max, n->env->pool.data_room) - WIRE_ICMP_LEN;
	len = RTE_MIN(max, p->m->pkt_len - p->l3_off);
	at = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(WIRE_ICMP_LEN + len));
	pkt_copy(at + wire_icmp_emit(at, &h), p->m, p->l3_off, len);
	return m;
}

void net_icmp_error(
	struct net *n, const struct net_pkt *p, uint8_t type, uint8_t code, uint32_t rest)
{
	bool v6 = p->flags & NET_PKT_V6;
	struct rte_mbuf *m;

	if (v6 ? !icmp6_error_allowed(n, p, type, code) : !icmp4_error_allowed(n, p))
		return;
	if (!icmp_limit_take(n)) {
		net_count(n, v6 ? CNT_icmp6_limited : CNT_icmp4_limited);
		return;
	}
	m = error_make(n, p, type, code, rest);
	if (m == NULL)
		return;
	if (v6)
		icmp6_error_send(n, p, m);
	else
		icmp4_error_send(n, p, m);
}

static const struct net_proto *error_proto(const struct net *n, uint8_t proto)
{
	if (proto == IPPROTO_TCP)
		return &n->tcp;
	return proto == IPPROTO_UDP ? &n->udp : NULL;
}

/* The core that owns the flow: that of the packets that the quoted one would be answered by. */
static uint16_t error_owner(const struct net *n, const struct wire_quote *q)
{
	uint32_t hash = q->v6 ? owner_hash6(n->owner, &q->dst6, &q->src6, q->dport, q->sport)
			      : owner_hash4(n->owner, q->dst4, q->src4, q->dport, q->sport);

	return owner_core(n->owner, hash);
}

enum net_verdict net_error_input(
	struct net *n, struct net_pkt *p, struct net_error *e, enum drop no_flow)
{
	const struct net_proto *proto = error_proto(n, e->quote.proto);
	union net_ip src = net_ip4(0);

	if (e->quote.v6)
		src.v6 = e->quote.src6;
	else
		src.v4 = e->quote.src4;
	if (proto == NULL || proto->ops == NULL || e->quote.frag_off != 0 ||
		!net_is_local(n, e->quote.v6, &src))
		return net_drop(n, p, no_flow);
	if (n->n_cores > 1) {
		uint16_t core = error_owner(n, &e->quote);

		if (core != n->core) {
			n->ops->handoff(n->ops_ctx, core, p->m);
			return NET_DONE;
		}
	}
	e->scope = p->scope;
	e->ifc = p->ifc;
	proto->ops->error(proto->ctx, e);
	pkt_free(&n->env->pool, p->m);
	return NET_DONE;
}

/* A packet that was to be passed on: its source is told (RFC 1812 section 5.2.7.1). */
static bool forwarded_unreach(
	struct net *n, const struct neigh *e, struct rte_mbuf *m, uint8_t type, uint8_t code)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	bool v6 = e->flags & NEIGH_V6;
	unsigned hlen = v6 ? WIRE_IP6_LEN : (ip[0] & 0xfu) * 4;
	struct net_pkt p = {.m = m,
		.ifc = e->ifc,
		.l4_off = (uint16_t)hlen,
		.l4_len = (uint16_t)(m->pkt_len - hlen),
		.proto = ip[v6 ? 6 : 9],
		.flags = v6 ? NET_PKT_V6 : 0};

	if (v6) {
		memcpy(p.src.v6.b, ip + 8, sizeof(p.src.v6.b));
		memcpy(p.dst.v6.b, ip + 24, sizeof(p.dst.v6.b));
	} else {
		p.src = net_ip4(wire_get32(ip + 12));
		p.dst = net_ip4(wire_get32(ip + 16));
	}
	if (net_ip_any(&p.src) || net_is_local(n, v6, &p.src))
		return false;
	net_icmp_error(n, &p, type, code, 0);
	return true;
}

/* RFC 4861 section 7.2.2, RFC 1122 section 3.3.1: as if a router had said "host unreachable". */
void net_error_unreach(struct net *n, const struct neigh *e, struct rte_mbuf *m)
{
	bool v6 = e->flags & NEIGH_V6;
	struct net_error err = {.type = v6 ? WIRE_ICMP6_UNREACH : WIRE_ICMP4_UNREACH,
		.code = v6 ? WIRE_ICMP6_UNREACH_ADDR : WIRE_ICMP4_UNREACH_HOST,
		.scope = n->ifc[e->ifc].pub.scope,
		.ifc = e->ifc};
	const struct net_proto *proto;

	if (forwarded_unreach(n, e, m, err.type, err.code))
		return;
	if (wire_quote_parse(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, v6, &err.quote) < 0)
		return;
	proto = error_proto(n, err.quote.proto);
	if (proto != NULL && proto->ops != NULL)
		proto->ops->error(proto->ctx, &err);
}
