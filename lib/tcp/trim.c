/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/* Cutting packet buffers of one or many segments. */

/* Takes n bytes off the front; segments that become empty are freed. n is at most pkt_len. */
struct rte_mbuf *tcp_trim_front(struct tcp *tcp, struct rte_mbuf *m, uint32_t n)
{
	while (n >= m->data_len && m->next != NULL) {
		struct rte_mbuf *next = m->next;

		n -= m->data_len;
		next->pkt_len = m->pkt_len - m->data_len;
		next->nb_segs = m->nb_segs - 1;
		m->next = NULL;
		m->nb_segs = 1;
		pkt_free_seg(&tcp->env->pool, m);
		m = next;
	}
	m->data_off += (uint16_t)n;
	m->data_len -= (uint16_t)n;
	m->pkt_len -= n;
	return m;
}

/* Takes n bytes off the end; n is below pkt_len or the packet has one segment. */
void tcp_trim_tail(struct tcp *tcp, struct rte_mbuf *m, uint32_t n)
{
	uint32_t keep = m->pkt_len - n, left = keep;
	struct rte_mbuf *seg = m;

	m->pkt_len = keep;
	while (left > seg->data_len) {
		left -= seg->data_len;
		seg = seg->next;
	}
	seg->data_len = (uint16_t)left;
	struct rte_mbuf *rest = seg->next;

	seg->next = NULL;
	for (struct rte_mbuf *x = rest; x != NULL; x = x->next)
		m->nb_segs--;
	pkt_free(&tcp->env->pool, rest);
}
