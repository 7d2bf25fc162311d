/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_prefetch.h>

#include "core_priv.h"

/* One burst from our queue of each port. */
static unsigned core_rx(struct gn_core *c)
{
	struct rte_mbuf *pkts[DRV_BURST_MAX];
	unsigned total = 0;

	for (unsigned q = 0; q < c->n_rxq; q++) {
		struct core_rxq *rxq = &c->rxq[q];
		unsigned n = rxq->rx(rxq->queue, pkts, rxq->burst, c->env.now_us);
		uint64_t bytes = 0;

		if (n == 0)
			continue;
		for (unsigned i = 0; i < n; i++) {
			rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
			pkts[i]->port = rxq->port;
			bytes += pkts[i]->pkt_len;
		}
		count_add(&c->env.cnt, CNT_core_rx_packets, n);
		count_add(&c->env.cnt, CNT_core_rx_bytes, bytes);
		net_input(c->net, pkts, n);
		total += n;
	}
	return total;
}

static void core_message(struct gn_core *c, struct rte_mbuf *m)
{
	count(&c->env.cnt, CNT_core_msg_in);
	net_message(c->net, rte_pktmbuf_mtod(m, const void *), m->data_len);
	pkt_free(&c->env.pool, m);
}

/* Frames handed to us, in bursts of one port as net_input() wants them. */
static void core_handed_input(struct gn_core *c, struct rte_mbuf **pkts, unsigned n)
{
	unsigned first = 0;

	count_add(&c->env.cnt, CNT_core_handoff_in, n);
	for (unsigned i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
	for (unsigned i = 1; i <= n; i++) {
		if (i < n && pkts[i]->port == pkts[first]->port)
			continue;
		net_input(c->net, &pkts[first], i - first);
		first = i;
	}
}

/* Up to MESH_BATCH words of each mailbox. */
static unsigned core_mailboxes(struct gn_core *c)
{
	struct pkt_pool *pool = &c->env.pool;
	uint64_t words[MESH_BATCH];
	struct rte_mbuf *frames[MESH_BATCH];
	unsigned total = 0;

	for (uint16_t from = 0; from < c->mesh.n_cores; from++) {
		unsigned n = mesh_receive(&c->mesh, from, words, MESH_BATCH), n_frames = 0;

		for (unsigned i = 0; i < n; i++) {
			void *m = (void *)(uintptr_t)(words[i] & ~MESH_TAG_MASK);

			switch ((enum mesh_tag)(words[i] & MESH_TAG_MASK)) {
			case MESH_HANDOFF:
				frames[n_frames++] = m;
				break;
			case MESH_HOME:
				count(&c->env.cnt, CNT_core_buf_home_in);
				rte_mempool_generic_put(pool->mp, &m, 1, pkt_cache_or_null(pool));
				break;
			case MESH_MESSAGE:
				core_message(c, m);
				break;
			case MESH_TX:
				tx_queue_add(&c->txq[((struct rte_mbuf *)m)->port], m);
				break;
			}
		}
		if (n_frames > 0)
			core_handed_input(c, frames, n_frames);
		total += n;
	}
	return total;
}

/* Link changes, from the control thread. */
static unsigned core_control(struct gn_core *c)
{
	uint64_t word;
	unsigned n = 0;

	while (spsc_pop(&c->control_ring, &word, 1) == 1) {
		uint16_t port = word >> 1;
		bool up = word & 1;

		for (uint16_t i = 0; i < net_ifc_count(c->net); i++) {
			const struct net_ifc *ifc = net_ifc_get(c->net, i);

			if (ifc->port == port && ifc->up != up)
				net_ifc_link(c->net, i, up);
		}
		n++;
	}
	return n;
}

/* The turn's end: what the layers want to send. Returns how many blocks TCP served. */
static unsigned core_output(struct gn_core *c)
{
	unsigned served = tcp_output_run(c->tcp);

	for (unsigned i = 0; i < c->n_txq; i++)
		if (c->txq[i].out.n > 0)
			tx_queue_flush(&c->txq[i]);
	if (c->mesh.dirty != 0)
		mesh_publish(&c->mesh);
	return served;
}

void core_finish(struct gn_core *c, uint64_t now_us)
{
	c->env.now_us = now_us;
	tcp_abort_all(c->tcp);
	core_output(c);
}

unsigned core_turn(struct gn_core *c, uint64_t now_us)
{
	struct env *e = &c->env;
	unsigned work, fired;

	e->now_us = now_us;
	work = core_rx(c);
	fired = timer_wheel_advance(&e->wheel, now_us, e->timer_fn, e->timer_ctx, c->timer_budget);
	if (unlikely(fired != 0)) {
		count_add(&e->cnt, CNT_core_timers_fired, fired);
		work += fired;
	}
	if (c->mesh.n_cores != 0)
		work += core_mailboxes(c);
	if (unlikely(spsc_count(&c->control_ring) != 0))
		work += core_control(c);
	if (c->poll != NULL)
		c->poll(c);
	work += core_output(c);
	count(&e->cnt, CNT_core_turns);
	if (work == 0)
		count(&e->cnt, CNT_core_turns_idle);
	return work;
}

uint64_t core_next_us(const struct gn_core *c)
{
	uint64_t next = timer_wheel_next_us(&c->env.wheel), now = c->env.now_us;

	if (mesh_waiting(&c->mesh) > 0 || spsc_count(&c->control_ring) > 0)
		return now;
	for (unsigned i = 0; i < c->n_rxq; i++)
		if (c->rxq[i].next_us != NULL)
			next = RTE_MIN(next, c->rxq[i].next_us(c->rxq[i].queue));
	for (unsigned i = 0; i < c->n_txq; i++)
		if (c->txq[i].out.n > 0)
			next = RTE_MIN(next, now + TX_RETRY_US);
	if (c->mesh.dirty != 0)
		next = RTE_MIN(next, now + TX_RETRY_US);
	return next;
}
