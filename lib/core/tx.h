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
#define TX_HOLD_MAX 256
/* When a core with frames that the driver did not take wants its next turn. */
#define TX_RETRY_US 10

struct tx_queue {
	drv_tx_fn tx;
	void *queue;
	uint64_t sw_flags; /* requests in ol_flags that the port does not serve */
	uint16_t max_segs; /* of a frame that the port takes as it is */
	uint16_t n;	   /* frames waiting */
	uint16_t flush_at; /* how many make a burst: TX_BURST more than the driver refused */
	uint64_t bytes;	   /* in the frames waiting */
	bool relayed;	   /* the queue is another core's */
	struct env *env;
	struct rte_mbuf *pkts[TX_HOLD_MAX];
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
	uint16_t n = q->n + 1;

	if (unlikely((m->ol_flags & q->sw_flags) != 0 || m->nb_segs > q->max_segs ||
		     n >= q->flush_at)) {
		tx_queue_add(q, m);
		return;
	}
	q->bytes += m->pkt_len;
	q->pkts[q->n] = m;
	q->n = n;
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
