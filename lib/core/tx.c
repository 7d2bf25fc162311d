/* SPDX-License-Identifier: BSD-3-Clause */
#include "tx.h"

#include <string.h>

void tx_queue_init(struct tx_queue *q, const struct core_port *port, drv_tx_fn tx, void *queue,
	bool relayed, struct env *env)
{
	uint32_t on = port->conf->offloads;
	struct drv_caps caps = {0};

	*q = (struct tx_queue){
		.tx = tx,
		.queue = queue,
		.relayed = relayed,
		.out.flush_at = TX_BURST,
		.out.full_at = TX_BURST - 1,
		.env = env,
	};
	port->drv->ops->caps(port->drv, &caps);
	if ((on & DRV_TX_MULTI_SEGS) == 0)
		q->out.max_segs = 1;
	else
		q->out.max_segs = caps.tso_max_segs != 0 ? caps.tso_max_segs : UINT16_MAX;
	q->sw_flags = on & DRV_TX_TSO ? 0 : RTE_MBUF_F_TX_TCP_SEG;
}

void tx_queue_fini(struct tx_queue *q)
{
	for (unsigned i = 0; i < q->out.n; i++)
		pkt_free(&q->env->pool, q->out.pkts[i]);
	q->out.n = 0;
}

static void tx_queue_sent(struct tx_queue *q, uint32_t packets, uint64_t bytes)
{
	struct counters *cnt = &q->env->cnt;

	if (unlikely(q->relayed)) {
		count_add(cnt, CNT_core_tx_relayed, packets);
		return;
	}
	count_add(cnt, CNT_core_tx_packets, packets);
	count_add(cnt, CNT_core_tx_bytes, bytes);
}

/* More than a burst waits, or the driver refused what is left from done on: that stays, in front. */
static void tx_queue_flush_rest(struct tx_queue *q, uint16_t done, uint16_t refused)
{
	uint64_t bytes = q->out.bytes;

	while (refused == 0 && done < q->out.n) {
		uint16_t burst = RTE_MIN(q->out.n - done, TX_BURST);
		uint16_t sent = q->tx(q->queue, &q->out.pkts[done], burst, q->env->now_us);

		done += sent;
		refused = burst - sent;
	}
	q->out.n -= done;
	q->out.bytes = 0;
	memmove(q->out.pkts, &q->out.pkts[done], q->out.n * sizeof(q->out.pkts[0]));
	for (unsigned i = 0; i < q->out.n; i++)
		q->out.bytes += q->out.pkts[i]->pkt_len;
	q->out.flush_at = RTE_MIN(q->out.n + TX_BURST, TX_HOLD_MAX);
	q->out.full_at = q->out.flush_at - 1;
	tx_queue_sent(q, done, bytes - q->out.bytes);
}

void tx_queue_flush(struct tx_queue *q)
{
	uint16_t burst = RTE_MIN(q->out.n, TX_BURST);
	uint16_t sent = q->tx(q->queue, q->out.pkts, burst, q->env->now_us);

	if (unlikely(sent < q->out.n)) {
		tx_queue_flush_rest(q, sent, burst - sent);
		return;
	}
	tx_queue_sent(q, sent, q->out.bytes);
	q->out.n = 0;
	q->out.bytes = 0;
	q->out.flush_at = TX_BURST;
	q->out.full_at = TX_BURST - 1;
}

static void tx_queue_put(void *ctx, struct rte_mbuf *m)
{
	struct tx_queue *q = ctx;

	if (unlikely(q->out.n == TX_HOLD_MAX)) {
		pkt_drop(&q->env->pool, m, DROP_tx_full);
		return;
	}
	q->out.bytes += m->pkt_len;
	q->out.pkts[q->out.n++] = m;
	if (unlikely(q->out.n == q->out.flush_at))
		tx_queue_flush(q);
}

bool tx_copy(struct pkt_pool *pool, struct rte_mbuf *dst, const struct rte_mbuf *src, uint32_t off,
	uint32_t len)
{
	struct rte_mbuf *last = rte_pktmbuf_lastseg(dst);

	while (src != NULL && off >= src->data_len) {
		off -= src->data_len;
		src = src->next;
	}
	while (len > 0 && src != NULL) {
		uint32_t n = RTE_MIN(len, src->data_len - off);

		if (rte_pktmbuf_tailroom(last) == 0) {
			last->next = pkt_alloc(pool);
			if (last->next == NULL)
				return false;
			last = last->next;
			dst->nb_segs++;
		}
		n = RTE_MIN(n, rte_pktmbuf_tailroom(last));
		memcpy(rte_pktmbuf_mtod_offset(last, uint8_t *, last->data_len),
			rte_pktmbuf_mtod_offset(src, const uint8_t *, off), n);
		last->data_len += n;
		dst->pkt_len += n;
		len -= n;
		off += n;
		if (off == src->data_len) {
			off = 0;
			src = src->next;
		}
	}
	return true;
}

/* The port takes one buffer a frame, or fewer than this one has. The original is never written:
 * its payload may be shared with a retransmission queue. */
static void tx_queue_linearize(struct tx_queue *q, struct rte_mbuf *m)
{
	struct pkt_pool *pool = &q->env->pool;
	struct rte_mbuf *copy = pkt_alloc(pool);

	if (copy == NULL) {
		pkt_drop(pool, m, DROP_pool_empty);
		return;
	}
	if (m->pkt_len > rte_pktmbuf_tailroom(copy)) {
		pkt_free(pool, copy);
		pkt_drop(pool, m, DROP_too_big);
		return;
	}
	tx_copy(pool, copy, m, 0, m->pkt_len);
	copy->ol_flags = m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK;
	copy->tx_offload = m->tx_offload;
	copy->vlan_tci = m->vlan_tci;
	copy->vlan_tci_outer = m->vlan_tci_outer;
	count(&q->env->cnt, CNT_core_linearized);
	pkt_free(pool, m);
	tx_queue_put(q, copy);
}

/* A segment cut in software may still be a chain, if buffers are smaller than the MTU. */
static void tx_queue_put_cut(void *ctx, struct rte_mbuf *m)
{
	struct tx_queue *q = ctx;

	if (m->nb_segs > q->out.max_segs)
		tx_queue_linearize(q, m);
	else
		tx_queue_put(q, m);
}

void tx_queue_add(struct tx_queue *q, struct rte_mbuf *m)
{
	if (likely((m->ol_flags & q->sw_flags) == 0 && m->nb_segs <= q->out.max_segs))
		tx_queue_put(q, m);
	else if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG)
		tx_tso_cut(q->env, m, tx_queue_put_cut, q);
	else
		tx_queue_linearize(q, m);
}
