/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cable_priv.h"

/* The offload flags of sent packets that e honours. */
static uint64_t tx_flags(const struct cable_end *e)
{
	uint64_t flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6;

	if (e->offloads & DRV_TX_IP_CKSUM)
		flags |= RTE_MBUF_F_TX_IP_CKSUM;
	if (e->offloads & DRV_TX_L4_CKSUM)
		flags |= RTE_MBUF_F_TX_L4_MASK;
	if (e->offloads & DRV_TX_TSO)
		flags |= RTE_MBUF_F_TX_TCP_SEG;
	if (e->offloads & DRV_TX_VLAN)
		flags |= RTE_MBUF_F_TX_VLAN;
	return flags;
}

static uint64_t rx_flags(const struct cable_end *e)
{
	uint64_t flags = 0;

	if (e->offloads & DRV_RX_IP_CKSUM)
		flags |= RTE_MBUF_F_RX_IP_CKSUM_MASK;
	if (e->offloads & DRV_RX_L4_CKSUM)
		flags |= RTE_MBUF_F_RX_L4_CKSUM_MASK;
	return flags;
}

static uint64_t carry_flags(const struct cable_end *e)
{
	uint64_t flags = 0;

	if (e->cable->mode != CABLE_CARRY)
		return 0;
	if (e->peer->offloads & DRV_RX_IP_CKSUM)
		flags |= RTE_MBUF_F_TX_IP_CKSUM;
	if (e->peer->offloads & DRV_RX_L4_CKSUM)
		flags |= RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG;
	return flags & tx_flags(e);
}

static bool is_plain(const struct cable_txq *q)
{
	/* A receive queue that was timed once reads a due time in each frame. */
	return !q->wire.any && !q->rss && !q->rss_hash && !q->verify &&
	       !(q->peer->offloads & DRV_RX_VLAN_STRIP) && !q->peer->rxq[0].timed;
}

/* The rearm_data of an mbuf with these fields. */
static uint64_t rearm_of(uint16_t refcnt, uint16_t nb_segs, uint16_t port)
{
	struct rte_mbuf m = {.refcnt = refcnt, .nb_segs = nb_segs, .port = port};
	uint64_t rearm;

	memcpy(&rearm, &m.rearm_data, sizeof(rearm));
	return rearm;
}

static void txq_setup(struct cable_txq *q, struct cable_end *e)
{
	const struct cable_end *peer = e->peer;
	uint32_t large = DRV_RX_L4_CKSUM | DRV_RX_SCATTER;

	q->lane = &e->lanes[(size_t)q->index * peer->port.n_queues];
	q->tx_flags = tx_flags(e);
	q->rx_flags = rx_flags(peer);
	q->carry_flags = carry_flags(e);
	q->plain_flags =
		q->rx_flags &
		((q->carry_flags & RTE_MBUF_F_TX_IP_CKSUM ? RTE_MBUF_F_RX_IP_CKSUM_GOOD : 0) |
			(q->carry_flags & RTE_MBUF_F_TX_L4_MASK ? RTE_MBUF_F_RX_L4_CKSUM_GOOD : 0));
	q->slow_flags =
		RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL |
		(q->tx_flags & (RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_VLAN)) |
		(q->tx_flags & (RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK) & ~q->carry_flags);
	q->frame_max = e->mtu + CABLE_ETH_LEN;
	q->peer_max = peer->mtu + CABLE_ETH_LEN;
	q->plain_max = RTE_MIN(q->frame_max, q->peer_max);
	q->peer_port_id = peer->side.port_id;
	q->rearm = rearm_of(1, 1, q->peer_port_id);
	q->rearm_must = rearm_of(UINT16_MAX, UINT16_MAX, 0);
	q->rearm_port = rearm_of(0, 0, UINT16_MAX);
	q->tso_carry = e->cable->mode == CABLE_CARRY && (peer->offloads & large) == large;
	q->rss = peer->offloads & DRV_RSS && peer->port.n_queues > 1;
	q->rss_hash = peer->offloads & DRV_RX_RSS_HASH;
	q->verify = e->cable->mode == CABLE_HARDWARE && q->rx_flags != 0;
	q->copy_pool = e->side.copy_pool != NULL ? e->side.copy_pool : e->pool[q->index];
}

int cable_join_wires(struct cable_end *e)
{
	uint16_t n = e->port.n_queues;

	for (uint16_t i = 0; i < n; i++) {
		struct cable_txq *q = &e->txq[i];
		int ret = cable_wire_set(&q->wire, &e->side.impair, n);

		if (ret != 0)
			return ret;
	}
	for (uint16_t i = 0; i < e->peer->port.n_queues; i++) {
		struct cable_rxq *q = &e->peer->rxq[i];

		/* What was sent untimed is due. A queue once timed stays so: it may hold frames. */
		if (!q->timed && e->txq[0].wire.timed) {
			cable_rx_collect(q);
			q->timed = true;
		}
	}
	for (uint16_t i = 0; i < n; i++)
		e->txq[i].plain = is_plain(&e->txq[i]);
	return 0;
}

static int lanes_alloc(struct cable_end *e)
{
	uint32_t size = e->peer->side.ring_size;
	unsigned n = e->port.n_queues * e->peer->port.n_queues;
	void *mem;

	if (posix_memalign(&mem, _Alignof(struct cable_lane), n * sizeof(struct cable_lane)) != 0)
		return -ENOMEM;
	memset(mem, 0, n * sizeof(struct cable_lane));
	e->lanes = mem;
	e->n_lanes = n;
	for (unsigned i = 0; i < n; i++) {
		if (posix_memalign(&mem, 64, spsc_slot_bytes(size)) != 0)
			return -ENOMEM;
		e->lanes[i].slots = mem;
		spsc_init(&e->lanes[i].ring, mem, size);
	}
	return 0;
}

static int rxq_setup(struct cable_rxq *q, struct cable_end *e, uint16_t index)
{
	struct cable_end *peer = e->peer;

	q->lane = &peer->lanes[index];
	q->stride = e->port.n_queues;
	q->next_lane = 0;
	q->heap_cap = e->side.ring_size * peer->port.n_queues;
	q->heap = malloc(q->heap_cap * sizeof(q->heap[0]));
	return q->heap != NULL ? 0 : -ENOMEM;
}

static int end_setup(struct cable_end *e)
{
	int ret = 0;

	for (uint16_t i = 0; i < e->port.n_queues && ret == 0; i++) {
		txq_setup(&e->txq[i], e);
		ret = rxq_setup(&e->rxq[i], e, i);
	}
	return ret != 0 ? ret : cable_join_wires(e);
}

int cable_join(struct cable *c)
{
	int ret = lanes_alloc(&c->end[0]);

	c->joined = true;
	if (ret == 0)
		ret = lanes_alloc(&c->end[1]);
	for (int i = 0; i < 2 && ret == 0; i++)
		ret = end_setup(&c->end[i]);
	if (ret != 0) {
		cable_unjoin(c);
		return ret;
	}
	/* The queues of the end that started first are polled already. */
	for (int i = 0; i < 2; i++)
		for (uint16_t j = 0; j < c->end[i].port.n_queues; j++)
			__atomic_store_n(&c->end[i].rxq[j].n_lanes, c->end[i].peer->port.n_queues,
				__ATOMIC_RELEASE);
	return 0;
}

static void rxqs_free(struct cable_end *e)
{
	for (uint16_t i = 0; i < e->port.n_queues; i++) {
		struct cable_rxq *q = &e->rxq[i];

		cable_rx_drain(q);
		free(q->heap);
		*q = (struct cable_rxq){0};
	}
}

static void lanes_free(struct cable_end *e)
{
	for (unsigned i = 0; i < e->n_lanes; i++)
		free(e->lanes[i].slots);
	free(e->lanes);
	e->lanes = NULL;
	e->n_lanes = 0;
}

void cable_unjoin(struct cable *c)
{
	if (!c->joined)
		return;
	for (int i = 0; i < 2; i++)
		rxqs_free(&c->end[i]);
	for (int i = 0; i < 2; i++)
		lanes_free(&c->end[i]);
	c->joined = false;
}
