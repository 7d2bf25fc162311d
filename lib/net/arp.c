/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_priv.h"
#include "wire_arp.h"

static const uint8_t mac_bcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t mac_zero[6];

/* Padded to Ethernet's smallest frame (RFC 894). */
static void arp_send(struct net *n, struct ifc *ifc, const uint8_t dst[6], const struct wire_arp *a)
{
	struct rte_mbuf *m = pkt_alloc(&n->env->pool);

	if (m == NULL) {
		n->env->cnt.drop[DROP_pool_empty]++;
		return;
	}
	memset(rte_pktmbuf_append(m, WIRE_ETH_MIN_PAYLOAD), 0, WIRE_ETH_MIN_PAYLOAD);
	wire_arp_emit(rte_pktmbuf_mtod(m, uint8_t *), a);
	eth_output(n, ifc, m, dst, NET_TYPE_ARP);
}

static void arp_request_send(
	struct net *n, struct ifc *ifc, const uint8_t dst[6], uint32_t spa, uint32_t tpa)
{
	struct wire_arp a = {.op = WIRE_ARP_REQUEST, .spa = spa, .tpa = tpa};

	memcpy(a.sha, ifc->pub.mac, sizeof(a.sha));
	arp_send(n, ifc, dst, &a);
}

/* The address to ask as: one whose subnet the asked one is in, else the first. */
static uint32_t arp_source(const struct ifc *ifc, uint32_t target)
{
	uint32_t first = 0;

	for (unsigned i = 0; i < ifc->pub.n_addr4; i++) {
		const struct net_addr *a = &ifc->pub.addr4[i];

		if (a->state != NET_ADDR_PREFERRED)
			continue;
		if (((a->ip.v4 ^ target) & ip4_mask(a->plen)) == 0)
			return a->ip.v4;
		if (first == 0)
			first = a->ip.v4;
	}
	return first;
}

void arp_solicit(struct net *n, struct neigh *e, bool unicast)
{
	struct ifc *ifc = &n->ifc[e->ifc];

	net_count(n, CNT_arp_tx_requests);
	arp_request_send(n, ifc, unicast ? e->mac : mac_bcast, arp_source(ifc, e->ip.v4), e->ip.v4);
}

void arp_probe(struct net *n, struct ifc *ifc, uint32_t ip)
{
	net_count(n, CNT_arp_tx_announcements);
	arp_request_send(n, ifc, mac_bcast, 0, ip);
}

void arp_announce(struct net *n, struct ifc *ifc, uint32_t ip)
{
	net_count(n, CNT_arp_tx_announcements);
	arp_request_send(n, ifc, mac_bcast, ip, ip);
}

/* The answer goes to the sender in the packet, not to that of the frame (RFC 826). */
static void arp_reply(struct net *n, struct ifc *ifc, const struct wire_arp *q)
{
	struct wire_arp a = {.op = WIRE_ARP_REPLY, .spa = q->tpa, .tpa = q->spa};

	memcpy(a.sha, ifc->pub.mac, sizeof(a.sha));
	memcpy(a.tha, q->sha, sizeof(a.tha));
	net_count(n, CNT_arp_tx_replies);
	arp_send(n, ifc, q->sha, &a);
}

/* The sender's addresses can be a host's. */
static bool arp_sender_ok(const struct ifc *ifc, const struct wire_arp *a)
{
	if ((a->sha[0] & 1) != 0 || memcmp(a->sha, mac_zero, sizeof(a->sha)) == 0)
		return false;
	return a->spa == 0 || (ip4_unicast(a->spa) && !ip4_is_bcast(ifc, a->spa));
}

/* Does the packet contest an address of ours (RFC 5227 sections 2.1.1 and 2.4)? */
static bool arp_conflict(struct net *n, struct ifc *ifc, const struct wire_arp *a)
{
	union net_ip spa = net_ip4(a->spa), tpa = net_ip4(a->tpa);
	int i = a->spa != 0 ? addr_find(ifc, false, &spa) : -1;

	if (i < 0 && a->spa == 0 && a->op == WIRE_ARP_REQUEST) {
		i = addr_find(ifc, false, &tpa);
		/* Once in use an address is defended by the answer to the probe. */
		if (i >= 0 && ifc->pub.addr4[i].state != NET_ADDR_TENTATIVE)
			i = -1;
	}
	if (i < 0)
		return false;
	addr_conflict(n, ifc, false, (unsigned)i);
	return true;
}

/* Packet reception as RFC 826 puts it: merge, then look whether we are the target. */
static void arp_merge(struct net *n, struct ifc *ifc, const struct wire_arp *a, bool target)
{
	union net_ip spa = net_ip4(a->spa);
	struct neigh *e;

	if (a->spa == 0)
		return;
	e = neigh_find(n, ifc->pub.index, false, &spa);
	if (e == NULL && target && route_on_link(n, ifc->pub.index, false, &spa))
		e = neigh_make(n, ifc->pub.index, false, &spa, false);
	if (e == NULL)
		return;
	if (a->op == WIRE_ARP_REPLY && target &&
		(e->state == NEIGH_INCOMPLETE || e->state == NEIGH_PROBE))
		nud_answer(n, e, a->sha);
	else
		nud_learn(n, e, a->sha);
}

static enum drop arp_process(struct net *n, struct ifc *ifc, const struct wire_arp *a)
{
	union net_ip tpa = net_ip4(a->tpa);
	bool target = addr_state(n, ifc->pub.index, false, &tpa) == NET_ADDR_PREFERRED;

	if (memcmp(a->sha, ifc->pub.mac, sizeof(a->sha)) == 0)
		return DROP_arp_not_ours; /* our own, looped back */
	if (!arp_sender_ok(ifc, a))
		return DROP_arp_bad;
	if (arp_conflict(n, ifc, a))
		return DROP_arp_bad;
	arp_merge(n, ifc, a, target);
	/* The operation is looked at last. */
	if (a->op == WIRE_ARP_REPLY) {
		net_count(n, CNT_arp_rx_replies);
		return target ? DROP_NONE : DROP_arp_not_ours;
	}
	if (a->op != WIRE_ARP_REQUEST)
		return DROP_arp_bad;
	net_count(n, CNT_arp_rx_requests);
	if (!target)
		return DROP_arp_not_ours;
	arp_reply(n, ifc, a);
	return DROP_NONE;
}

enum net_verdict arp_input(struct net *n, struct net_pkt *p)
{
	const uint8_t *h = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3_off);
	enum drop why;
	struct wire_arp a;
	int len = wire_arp_parse(h, (size_t)p->m->data_len - p->l3_off, &a);

	if (len > 0)
		why = arp_process(n, &n->ifc[p->ifc], &a);
	else
		why = (enum drop) - len;
	if (why != DROP_NONE)
		return net_drop(n, p, why);
	pkt_free(&n->env->pool, p->m);
	return NET_DONE;
}
