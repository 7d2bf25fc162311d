/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_priv.h"

/* Two interfaces of a port differ in their tags. */
static bool ifc_taken(const struct net *n, const struct net_ifc *t)
{
	for (uint16_t i = 0; i < n->n_ifc; i++) {
		const struct net_ifc *f = &n->ifc[i].pub;

		if (f->port == t->port && f->n_tags == t->n_tags &&
			(t->n_tags < 1 || (f->tci[0] & 0xfff) == (t->tci[0] & 0xfff)) &&
			(t->n_tags < 2 || (f->tci[1] & 0xfff) == (t->tci[1] & 0xfff)))
			return true;
	}
	return false;
}

static bool ifc_plain(const struct ifc *f)
{
	return f->tx_ip_cksum && f->tx_l4_cksum && !f->tx_vlan && f->pub.up;
}

int net_ifc_add(struct net *n, const struct net_ifc *tmpl)
{
	uint16_t index = n->n_ifc;
	struct net_rx *rx = &n->rx[index];
	struct ifc *f = &n->ifc[index];

	if (tmpl->port >= NET_PORT_MAX || tmpl->n_tags > 2 || tmpl->mtu < 68 ||
		(tmpl->mac[0] & 1) != 0)
		return -EINVAL;
	if (ifc_taken(n, tmpl))
		return -EEXIST;
	if (index == NET_IFC_MAX)
		return -ENOSPC;
	f->pub = *tmpl;
	f->pub.index = index;
	f->mtu_most = tmpl->mtu;
	f->pub.up = true;
	f->pub.n_addr4 = f->pub.n_addr6 = f->pub.n_group4 = f->pub.n_group6 = 0;
	f->tx_vlan = tmpl->n_tags == 1 && (tmpl->offloads & NET_TX_VLAN) != 0;
	f->l2_len = (uint8_t)(WIRE_ETH_LEN + (f->tx_vlan ? 0 : tmpl->n_tags * WIRE_ETH_VLAN_LEN));
	f->tx_lens4 = (uint32_t)rte_mbuf_tx_offload(f->l2_len, WIRE_IP4_LEN, 0, 0, 0, 0, 0);
	f->tx_lens6 = (uint32_t)rte_mbuf_tx_offload(f->l2_len, WIRE_IP6_LEN, 0, 0, 0, 0, 0);
	f->tx_ip_cksum = (tmpl->offloads & NET_TX_IP_CKSUM) != 0;
	f->tx_l4_cksum = (tmpl->offloads & NET_TX_L4_CKSUM) != 0;
	f->tx_plain = ifc_plain(f);
	f->txq = n->ops->txq != NULL ? n->ops->txq(n->ops_ctx, tmpl->port) : &n->no_txq;
	rx->mac = 0;
	memcpy(&rx->mac, tmpl->mac, sizeof(tmpl->mac));
	rx->scope = tmpl->scope;
	rx->ifc = index;
	rx->forward = tmpl->forward;
	rx->trust_hash = n->n_cores == 1 || (tmpl->offloads & NET_RX_STEERED) != 0;
	/* Without trust none is: that combination is none that a port sets. */
	rx->good6 =
		rx->trust_hash ? RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_RX_L4_CKSUM_GOOD : UINT32_MAX;
	rx->good4 = rx->good6 | RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	addr_rx_clear(rx);
	if (tmpl->n_tags == 0)
		n->untagged_rx[tmpl->port] = rx;
	n->n_ifc++;
	return index;
}

const struct net_ifc *net_ifc_get(const struct net *n, uint16_t index)
{
	return index < n->n_ifc ? &n->ifc[index].pub : NULL;
}

uint16_t net_ifc_count(const struct net *n)
{
	return n->n_ifc;
}

/* A link that comes back may be another one: addresses are checked anew (RFC 5227 section 2.1). */
static void ifc_addrs_check(struct net *n, struct ifc *f, bool v6, bool up)
{
	unsigned count;

	addr_list(f, v6, &count);
	for (unsigned i = 0; i < count; i++) {
		if (up)
			addr_check_start(n, f, v6, i);
		else
			addr_check_stop(n, f, v6, i);
	}
}

void net_ifc_link(struct net *n, uint16_t ifc, bool up)
{
	struct ifc *f = &n->ifc[ifc];

	if (ifc >= n->n_ifc || f->pub.up == up)
		return;
	f->pub.up = up;
	f->tx_plain = ifc_plain(f);
	neigh_plain_ifc(n, ifc);
	ifc_addrs_check(n, f, false, up);
	ifc_addrs_check(n, f, true, up);
	if (up) {
		mcast_again(n, ifc, false);
		mcast_again(n, ifc, true);
	}
}

int net_ifc_mtu(struct net *n, uint16_t ifc, uint16_t mtu)
{
	struct ifc *f = &n->ifc[ifc];

	if (ifc >= n->n_ifc || mtu < 68 || mtu > f->mtu_most)
		return -EINVAL;
	f->pub.mtu = mtu;
	/* Ways hold the MTU they were found with. */
	neigh_handles_end(n, false);
	neigh_handles_end(n, true);
	return 0;
}
