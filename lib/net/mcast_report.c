/* SPDX-License-Identifier: BSD-3-Clause */
#include "mcast.h"
#include "wire_igmp.h"
#include "wire_mld.h"

/* IP header with Router Alert, of both families at most. */
#define REPORT_IP_ROOM 48

static unsigned addr_put(bool v6, uint8_t *p, const union net_ip *ip)
{
	if (v6) {
		memcpy(p, ip->v6.b, sizeof(ip->v6.b));
		return sizeof(ip->v6.b);
	}
	wire_put32(p, ip->v4);
	return 4;
}

static struct rte_mbuf *report_alloc(struct net *n)
{
	struct rte_mbuf *m = pkt_alloc(&n->env->pool);

	if (m == NULL)
		n->env->cnt.drop[DROP_pool_empty]++;
	return m;
}

static void report_output(struct mcast_if *mi, struct rte_mbuf *m, const union net_ip *dst)
{
	struct ifc *ifc = &mi->net->ifc[mi->ifc];

	if (mi->v6)
		mld_send(mi->net, ifc, m, &dst->v6);
	else
		igmp_send(mi->net, ifc, m, dst->v4);
}

void mcast_report_send(struct mcast_report *r)
{
	static const union net_ip routers6 = {.v6 = {{0xff, 0x02, [15] = 0x16}}};
	const union net_ip routers4 = net_ip4(IP4(224, 0, 0, 22));
	struct mcast_if *mi = r->mi;

	if (r->m == NULL)
		return;
	wire_mcast_report_emit(rte_pktmbuf_mtod(r->m, uint8_t *),
		mi->v6 ? WIRE_MLD_REPORT2 : WIRE_IGMP_REPORT3, r->n);
	net_count(mi->net, mi->v6 ? CNT_mld_tx_reports : CNT_igmp_tx_reports);
	report_output(mi, r->m, mi->v6 ? &routers6 : &routers4);
	r->m = NULL;
}

void mcast_report_add(struct mcast_report *r, uint8_t type, const union net_ip *group,
	const union net_ip *src, unsigned n)
{
	struct mcast_if *mi = r->mi;
	unsigned alen = mi->v6 ? 16 : 4, len = 4 + alen + n * alen;
	unsigned room = mi->net->ifc[mi->ifc].pub.mtu - (unsigned)REPORT_IP_ROOM;
	uint8_t *p, ip[16];

	if (r->m != NULL &&
		r->m->pkt_len + len > RTE_MIN(room, (unsigned)mi->net->env->pool.data_room))
		mcast_report_send(r);
	if (r->m == NULL) {
		r->m = report_alloc(mi->net);
		if (r->m == NULL)
			return;
		r->m->data_len = WIRE_MCAST_REPORT_LEN;
		r->m->pkt_len = WIRE_MCAST_REPORT_LEN;
		r->n = 0;
	}
	p = rte_pktmbuf_mtod_offset(r->m, uint8_t *, r->m->data_len);
	addr_put(mi->v6, ip, group);
	p += wire_mcast_record_emit(p, type, ip, alen, (uint16_t)n);
	for (unsigned i = 0; i < n; i++)
		p += addr_put(mi->v6, p, &src[i]);
	r->m->data_len = (uint16_t)(r->m->data_len + len);
	r->m->pkt_len += len;
	r->n++;
}

/* RFC 2236 sections 3 and 9, RFC 2710 section 4: reports to the group, leaving to all routers. */
void mcast_old_send(struct mcast_if *mi, const union net_ip *group, bool leave)
{
	static const union net_ip routers6 = {.v6 = {{0xff, 0x02, [15] = 0x02}}};
	const union net_ip routers4 = net_ip4(IP4(224, 0, 0, 2));
	struct rte_mbuf *m = report_alloc(mi->net);
	uint8_t *p, type;

	if (m == NULL)
		return;
	p = rte_pktmbuf_mtod(m, uint8_t *);
	if (mi->v6) {
		net_count(mi->net, leave ? CNT_mld_tx_leaves : CNT_mld_tx_reports);
		m->data_len = (uint16_t)wire_mld_emit(
			p, leave ? WIRE_MLD_DONE : WIRE_MLD_REPORT1, &group->v6);
	} else {
		net_count(mi->net, leave ? CNT_igmp_tx_leaves : CNT_igmp_tx_reports);
		type = mi->version == 1 ? WIRE_IGMP_REPORT1 : WIRE_IGMP_REPORT2;
		m->data_len =
			(uint16_t)wire_igmp_emit(p, leave ? WIRE_IGMP_LEAVE : type, group->v4);
	}
	m->pkt_len = m->data_len;
	report_output(mi, m, !leave ? group : mi->v6 ? &routers6 : &routers4);
}
