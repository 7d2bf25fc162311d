/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TX_H
#define GN_TX_H

#include "core.h"

/*
 * This core's transmit queue of one port: frames are collected and given to the driver when
 * TX_BURST have come together and at the end of the turn. What the driver does not take waits for
 * the next turn; behind TX_HOLD_MAX waiting frames the newest is dropped (tx_full).
 */
#define TX_BURST    DRV_BURST_MAX
#define TX_HOLD_MAX NET_TXQ_MAX
/* When a core with frames that the driver did not take wants its next turn. */
#define TX_RETRY_US 10

struct tx_queue {
	drv_tx_fn tx;
	void *queue;
	uint64_t sw_flags; /* requests in ol_flags that the port does not serve */
	bool relayed;	   /* the queue is another core's */
	struct env *env;
	/* The frames that wait; flush_at: TX_BURST more than the driver refused. net/ adds to it too,
	 * nothing with a request that the port does not serve. */
	struct net_txq out;
};

/* tx and queue: the driver's for this core's queue, or a relay to a core that has one. */
void tx_queue_init(struct tx_queue *q, const struct core_port *port, drv_tx_fn tx, void *queue,
	bool relayed, struct env *env);
/* Frees what waits. */
void tx_queue_fini(struct tx_queue *q);

/* Queues a frame, as the port can send it: copied into one buffer or cut into segments in software
 * where the port cannot do what the frame asks for. Takes m. */
void tx_queue_add(struct tx_queue *q, struct rte_mbuf *m);
/* The same, in short for a frame that can go as it is and that no burst is complete with. */
static inline void tx_queue_take(struct tx_queue *q, struct rte_mbuf *m)
{
	uint16_t n = q->out.n + 1;

	if (unlikely((m->ol_flags & q->sw_flags) != 0 || m->nb_segs > q->out.max_segs ||
		     n >= q->out.flush_at)) {
		tx_queue_add(q, m);
		return;
	}
	q->out.bytes += m->pkt_len;
	q->out.pkts[q->out.n] = m;
	q->out.n = n;
}

void tx_queue_flush(struct tx_queue *q);

/*
 * Appends len bytes of src, from off on, to dst; chains fresh buffers of pool as needed. false: no
 * buffer left (dst stays the caller's).
 */
bool tx_copy(struct pkt_pool *pool, struct rte_mbuf *dst, const struct rte_mbuf *src, uint32_t off,
	uint32_t len);

/*
 * Cuts a TSO frame (l2_len, l3_len, l4_len, tso_segsz and RTE_MBUF_F_TX_IPV4 or _IPV6 are set) into
 * frames of at most tso_segsz bytes of payload, with all checksums, and gives each to out. Takes m.
 * What cannot be cut is dropped and counted.
 */
void tx_tso_cut(struct env *env, struct rte_mbuf *m, void (*out)(void *ctx, struct rte_mbuf *seg),
	void *ctx);

#endif
