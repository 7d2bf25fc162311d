/* SPDX-License-Identifier: BSD-3-Clause */
#include "mcast.h"
#include "wire_cksum.h"
#include "wire_igmp.h"

#define IP4_ALERT_LEN 4
#define TOS_CONTROL   0xc0 /* RFC 3376 section 4 */

/* RFC 2113 */
static const uint8_t router_alert[IP4_ALERT_LEN] = {0x94, 4, 0, 0};

/* RFC 3376 section 4.2.13: from the interface's address, or from 0.0.0.0. */
static uint32_t igmp_source(const struct net_ifc *f)
{
	for (unsigned i = 0; i < f->n_addr4; i++)
		if (f->addr4[i].state == NET_ADDR_PREFERRED)
			return f->addr4[i].ip.v4;
	return 0;
}

/* Every message has TTL 1 and, but for version 1's, Router Alert; there it does no harm. */
void igmp_send(struct net *n, struct ifc *ifc, struct rte_mbuf *m, uint32_t dst)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t sum = wire_cksum_fold(wire_cksum_sum(p, m->pkt_len, 0));
	struct wire_ip4 h = {.hlen = WIRE_IP4_LEN,
		.tos = TOS_CONTROL,
		.total_len = (uint16_t)(m->pkt_len + WIRE_IP4_LEN + IP4_ALERT_LEN),
		.frag = WIRE_IP4_DF,
		.ttl = 1,
		.proto = IPPROTO_IGMP,
		.src = igmp_source(&ifc->pub),
		.dst = dst};
	union net_ip to = net_ip4(dst);
	uint8_t mac[6];

	memcpy(p + 2, &sum, sizeof(sum));
	p = (uint8_t *)rte_pktmbuf_prepend(m, WIRE_IP4_LEN + IP4_ALERT_LEN);
	wire_ip4_emit(p, &h, false);
	p[0] = 0x40 | (WIRE_IP4_LEN + IP4_ALERT_LEN) / 4;
	memcpy(p + WIRE_IP4_LEN, router_alert, sizeof(router_alert));
	memset(p + 10, 0, 2);
	sum = wire_cksum_fold(wire_cksum_sum(p, WIRE_IP4_LEN + IP4_ALERT_LEN, 0));
	memcpy(p + 10, &sum, sizeof(sum));
	net_count(n, CNT_ip4_tx);
	group_mac(false, &to, mac);
	eth_output(n, ifc, m, mac, NET_TYPE_IP4);
}

static bool igmp_alert(const struct net_pkt *p)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3_off);
	unsigned hlen = (unsigned)p->l4_off - p->l3_off;

	for (unsigned at = WIRE_IP4_LEN; at + IP4_ALERT_LEN <= hlen && ip[at] != 0;) {
		if (ip[at] == router_alert[0])
			return true;
		at += ip[at] == 1 ? 1u : RTE_MAX(ip[at + 1], 2u);
	}
	return false;
}

static enum drop igmp_query_input(
	struct net *n, const struct net_pkt *p, struct mcast_if *mi, const struct wire_igmp *h)
{
	union net_ip group = net_ip4(h->group);

	/* RFC 3376 section 9.1: of versions 2 and 3 without Router Alert, SHOULD be ignored. */
	if (h->query.version > 1 && !igmp_alert(p))
		return DROP_igmp_bad;
	if (h->group != 0 && h->group >> 28 != 0xe)
		return DROP_igmp_bad;
	net_count(n, CNT_igmp_rx_queries);
	mcast_query(mi, &h->query, &group);
	return DROP_NONE;
}

static enum drop igmp_core0_input(struct net *n, struct net_pkt *p)
{
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l4_off);
	struct mcast_if *mi = &n->mcast->mi[p->ifc][0];
	union net_ip group;
	struct wire_igmp h;
	int len;

	if (net_pkt_ttl(p) != 1)
		return DROP_igmp_bad;
	len = wire_igmp_parse(l4, RTE_MIN(p->l4_len, p->m->data_len - p->l4_off), &h);
	if (len < 0)
		return (enum drop) - len;
	if (wire_cksum_fold(wire_cksum_mbuf(p->m, p->l4_off, p->l4_len, 0)) != 0)
		return DROP_igmp_cksum;
	if (h.type == WIRE_IGMP_QUERY)
		return igmp_query_input(n, p, mi, &h);
	if ((h.type != WIRE_IGMP_REPORT1 && h.type != WIRE_IGMP_REPORT2) || h.group != p->dst.v4)
		return DROP_igmp_type;
	net_count(n, CNT_igmp_rx_reports);
	group = net_ip4(h.group);
	mcast_heard(mi, &group);
	return DROP_NONE;
}

enum net_verdict igmp_input(struct net *n, struct net_pkt *p)
{
	enum drop why;

	if (n->core != 0) {
		n->ops->handoff(n->ops_ctx, 0, p->m);
		return NET_DONE;
	}
	why = igmp_core0_input(n, p);
	if (why != DROP_NONE)
		return net_drop(n, p, why);
	pkt_free(&n->env->pool, p->m);
	return NET_DONE;
}
