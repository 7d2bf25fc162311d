/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * Segments that arrived before their time, ascending and without overlap, bounded in number; what
 * they hold counts within the window that was announced. The list runs through the packets' first
 * segments: the sequence number and the next packet are kept in the buffer's headroom, which holds
 * nothing any more once the headers are parsed.
 */
struct ooo_link {
	struct rte_mbuf *next;
	uint32_t seq;
};

_Static_assert(sizeof(struct ooo_link) <= RTE_PKTMBUF_HEADROOM, "fits the headroom");

static struct ooo_link *ooo_link(struct rte_mbuf *m)
{
	return m->buf_addr;
}

static uint32_t ooo_end(struct rte_mbuf *m)
{
	return ooo_link(m)->seq + m->pkt_len;
}

/* The headroom of a shared buffer is not ours to write, nor is there always enough. */
static struct rte_mbuf *ooo_own(struct tcp *tcp, struct rte_mbuf *m)
{
	if (likely(RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1 &&
		    m->data_off >= sizeof(struct ooo_link)))
		return m;
	struct rte_mbuf *head = pkt_alloc(&tcp->env->pool);

	if (head == NULL) {
		pkt_drop(&tcp->env->pool, m, DROP_pool_empty);
		return NULL;
	}
	head->next = m;
	head->pkt_len = m->pkt_len;
	head->nb_segs = m->nb_segs + 1;
	return head;
}

bool tcp_ooo_waits(const struct tcb *t)
{
	for (struct rte_mbuf *m = t->ooo; m != NULL; m = ooo_link(m)->next)
		if (seq_gt(ooo_end(m), t->rcv_nxt))
			return true;
	return false;
}

void tcp_ooo_free(struct tcp *tcp, struct tcb *t)
{
	while (t->ooo != NULL) {
		struct rte_mbuf *m = t->ooo;

		t->ooo = ooo_link(m)->next;
		pkt_free(&tcp->env->pool, m);
	}
	t->ooo_count = 0;
	t->ooo_fin = false;
}

/* Removes those that the new data [seq, end) covers wholly, from *at on. */
static void ooo_swallow(struct tcp *tcp, struct tcb *t, struct rte_mbuf **at, uint32_t end)
{
	while (*at != NULL && seq_leq(ooo_end(*at), end)) {
		struct rte_mbuf *m = *at;

		*at = ooo_link(m)->next;
		t->ooo_count--;
		pkt_drop(&tcp->env->pool, m, DROP_tcp_dup);
	}
}

/* Where data from seq on belongs; *prev_end: end of the one before, or seq. */
static struct rte_mbuf **ooo_place(struct tcb *t, uint32_t seq, uint32_t *prev_end)
{
	struct rte_mbuf **at = &t->ooo;

	*prev_end = seq;
	while (*at != NULL && seq_leq(ooo_link(*at)->seq, seq)) {
		*prev_end = ooo_end(*at);
		at = (struct rte_mbuf **)(void *)&ooo_link(*at)->next;
	}
	return at;
}

void tcp_ooo_add(struct tcp *tcp, struct tcb *t, struct rte_mbuf *m, uint32_t seq, bool fin)
{
	uint32_t end = seq + m->pkt_len, prev_end;

	if (fin) {
		t->ooo_fin = true;
		t->ooo_fin_seq = end;
	}
	if (m->pkt_len == 0) {
		pkt_free(&tcp->env->pool, m);
		return;
	}
	struct rte_mbuf **at = ooo_place(t, seq, &prev_end);

	if (seq_geq(prev_end, end)) {
		pkt_drop(&tcp->env->pool, m, DROP_tcp_dup);
		return;
	}
	ooo_swallow(tcp, t, at, end);
	if (*at != NULL && seq_leq(ooo_link(*at)->seq, prev_end)) { /* its neighbours touch */
		pkt_drop(&tcp->env->pool, m, DROP_tcp_dup);
		return;
	}
	if (t->ooo_count >= tcp->conf.ooo_max) {
		pkt_drop(&tcp->env->pool, m, DROP_tcp_ooo_full);
		return;
	}
	if (*at != NULL && seq_lt(ooo_link(*at)->seq, end)) {
		tcp_trim_tail(tcp, m, end - ooo_link(*at)->seq);
		end = ooo_link(*at)->seq;
	}
	if (seq_gt(prev_end, seq)) {
		m = tcp_trim_front(tcp, m, prev_end - seq);
		seq = prev_end;
	}
	m = ooo_own(tcp, m);
	if (m == NULL)
		return;
	ooo_link(m)->seq = seq;
	ooo_link(m)->next = *at;
	*at = m;
	t->ooo_count++;
	tcp_count(tcp, CNT_tcp_ooo_queued);
}

/* Delivers what has become in order; then an early FIN. */
void tcp_ooo_drain(struct tcp *tcp, struct tcb *t)
{
	while (t->ooo != NULL && seq_leq(ooo_link(t->ooo)->seq, t->rcv_nxt)) {
		struct rte_mbuf *m = t->ooo;
		uint32_t skip = t->rcv_nxt - ooo_link(m)->seq;

		t->ooo = ooo_link(m)->next;
		t->ooo_count--;
		if (skip >= m->pkt_len) {
			pkt_drop(&tcp->env->pool, m, DROP_tcp_dup);
			continue;
		}
		m = tcp_trim_front(tcp, m, skip);
		tcp_deliver(tcp, t, m, m->pkt_len);
		if (t->state == TCP_CLOSED)
			return;
	}
	if (t->ooo_fin && t->ooo_fin_seq == t->rcv_nxt) {
		t->ooo_fin = false;
		tcp_fin_process(tcp, t);
	}
}
