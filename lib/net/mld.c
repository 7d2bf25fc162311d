/* SPDX-License-Identifier: BSD-3-Clause */
#include "mcast.h"
#include "wire_cksum.h"
#include "wire_mld.h"

#define HBH_LEN 8

/* Router Alert of MLD (RFC 2711), and PadN. */
static const uint8_t router_alert[4] = {5, 2, 0, 0};
static const uint8_t pad[2] = {1, 0};

/* RFC 3590 section 4: the link-local address, or :: as long as there is none. */
static struct ip6 mld_source(const struct net_ifc *f)
{
	for (unsigned i = 0; i < f->n_addr6; i++)
		if (f->addr6[i].state == NET_ADDR_PREFERRED && ip6_linklocal(&f->addr6[i].ip.v6))
			return f->addr6[i].ip.v6;
	return (struct ip6){{0}};
}

void mld_send(struct net *n, struct ifc *ifc, struct rte_mbuf *m, const struct ip6 *dst)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	struct wire_ip6 h = {.payload_len = (uint16_t)(m->pkt_len + HBH_LEN),
		.next = WIRE_IP6_HOPOPTS,
		.hops = 1,
		.src = mld_source(&ifc->pub),
		.dst = *dst};
	uint32_t pseudo = wire_cksum_pseudo6(&h.src, dst, IPPROTO_ICMPV6, m->pkt_len);
	uint16_t sum = wire_cksum_fold(wire_cksum_sum(p, m->pkt_len, pseudo));
	union net_ip to = {.v6 = *dst};
	uint8_t mac[6];

	memcpy(p + 2, &sum, sizeof(sum));
	p = (uint8_t *)rte_pktmbuf_prepend(m, WIRE_IP6_LEN + HBH_LEN);
	wire_ip6_emit(p, &h);
	p += WIRE_IP6_LEN;
	p[0] = IPPROTO_ICMPV6;
	p[1] = 0;
	memcpy(p + 2, router_alert, sizeof(router_alert));
	memcpy(p + 6, pad, sizeof(pad));
	net_count(n, CNT_ip6_tx);
	group_mac(true, &to, mac);
	eth_output(n, ifc, m, mac, NET_TYPE_IP6);
}

bool mld_peek(const struct net_pkt *p)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3_off);

	if (p->m->data_len - p->l3_off <= WIRE_IP6_LEN + HBH_LEN || ip[6] != WIRE_IP6_HOPOPTS)
		return false;
	ip += WIRE_IP6_LEN;
	return ip[0] == IPPROTO_ICMPV6 && ip[1] == 0 &&
	       (ip[HBH_LEN] == WIRE_MLD_QUERY || ip[HBH_LEN] == WIRE_MLD_REPORT1);
}

/* A Hop-by-Hop Options header with the option; the chain is known to be sound. */
static bool mld_alert(const struct net_pkt *p)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3_off);
	const uint8_t *hbh = ip + WIRE_IP6_LEN;
	unsigned len, at = 2;

	if (ip[6] != WIRE_IP6_HOPOPTS)
		return false;
	len = 8u + hbh[1] * 8u;
	while (at + sizeof(router_alert) <= len) {
		if (memcmp(hbh + at, router_alert, sizeof(router_alert)) == 0)
			return true;
		at += hbh[at] == 0 ? 1u : 2u + hbh[at + 1];
	}
	return false;
}

static enum drop mld_core0_input(struct net *n, struct net_pkt *p)
{
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l4_off);
	struct mcast_if *mi = &n->mcast->mi[p->ifc][1];
	union net_ip group;
	struct wire_mld h;
	int len = wire_mld_parse(l4, RTE_MIN(p->l4_len, p->m->data_len - p->l4_off), &h);

	if (len < 0)
		return (enum drop) - len;
	/* RFC 3810 section 6.2: from a link-local address, hop limit 1, with Router Alert. */
	if (!ip6_linklocal(&p->src.v6) || net_pkt_ttl(p) != 1 || !mld_alert(p))
		return DROP_mld_bad;
	if (!ip6_any(&h.group) && !ip6_mcast(&h.group))
		return DROP_mld_bad;
	group.v6 = h.group;
	if (h.type == WIRE_MLD_QUERY) {
		/* As IGMP's versions are called. */
		h.query.version++;
		net_count(n, CNT_mld_rx_queries);
		mcast_query(mi, &h.query, &group);
		return DROP_NONE;
	}
	if (!net_ip6_eq(&h.group, &p->dst.v6))
		return DROP_mld_type;
	net_count(n, CNT_mld_rx_reports);
	mcast_heard(mi, &group);
	return DROP_NONE;
}

/* The checksum is right. */
enum net_verdict mld_input(struct net *n, struct net_pkt *p)
{
	enum drop why;

	if (n->core != 0) {
		n->ops->handoff(n->ops_ctx, 0, p->m);
		return NET_DONE;
	}
	why = mld_core0_input(n, p);
	if (why != DROP_NONE)
		return net_drop(n, p, why);
	pkt_free(&n->env->pool, p->m);
	return NET_DONE;
}
