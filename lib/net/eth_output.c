/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_priv.h"

uint8_t eth_l2_make(const struct ifc *ifc, const uint8_t dst[6], uint16_t type, uint8_t *l2)
{
	struct wire_eth h = {.type = type, .n_tags = (uint8_t)ifc->pub.n_tags};

	memcpy(h.dst, dst, sizeof(h.dst));
	memcpy(h.src, ifc->pub.mac, sizeof(h.src));
	h.tci[0] = ifc->pub.tci[0];
	h.tci[1] = ifc->pub.tci[1];
	if (ifc->tx_vlan)
		h.n_tags = 0;
	memset(l2, 0, NEIGH_L2_ROOM);
	return (uint8_t)wire_eth_emit(l2 + NEIGH_L2_ROOM - ifc->l2_len, &h);
}

void eth_output(
	struct net *n, struct ifc *ifc, struct rte_mbuf *m, const uint8_t dst[6], uint16_t type)
{
	uint8_t l2[NEIGH_L2_ROOM];
	uint8_t len = eth_l2_make(ifc, dst, type, l2);

	memcpy(rte_pktmbuf_prepend(m, len), l2 + NEIGH_L2_ROOM - len, len);
	if (ifc->tx_vlan) {
		m->ol_flags |= RTE_MBUF_F_TX_VLAN;
		m->vlan_tci = ifc->pub.tci[0];
	}
	n->ops->tx(n->ops_ctx, &ifc->pub, m);
}
