/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef APPS_SEGQ_H
#define APPS_SEGQ_H

#include <rte_mbuf.h>

/*
 * Received data that waits, as a list of single-segment packet buffers. TCP keeps no record
 * boundaries, so a packet of several segments may be taken apart, and the segments' own next
 * pointers hold the list: queueing needs no memory.
 */
struct segq {
	struct rte_mbuf *head, *tail;
	uint32_t segs;
};

static inline void segq_append(struct segq *q, struct rte_mbuf *m)
{
	if (q->head == NULL)
		q->head = m;
	else
		q->tail->next = m;
	q->segs += m->nb_segs;
	q->tail = rte_pktmbuf_lastseg(m);
}

/* The first segment as a packet of its own, or NULL. */
static inline struct rte_mbuf *segq_pop(struct segq *q)
{
	struct rte_mbuf *m = q->head;

	if (m == NULL)
		return NULL;
	q->head = m->next;
	if (q->head == NULL)
		q->tail = NULL;
	q->segs--;
	m->next = NULL;
	m->nb_segs = 1;
	m->pkt_len = m->data_len;
	return m;
}

/* Puts back what segq_pop() gave. */
static inline void segq_push_front(struct segq *q, struct rte_mbuf *m)
{
	m->next = q->head;
	q->head = m;
	if (q->tail == NULL)
		q->tail = m;
	q->segs++;
}

#endif
