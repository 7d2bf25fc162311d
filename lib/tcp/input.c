/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_prefetch.h>

#include "fast_input.h"
#include "tcp_priv.h"

/*
 * A burst of segments, in stages over the whole burst: check and parse, look up, then one segment
 * at a time into the state machine.
 */
#define BURST_MAX 64

/* Returns false if the segment was dropped. */
static __rte_always_inline bool seg_parse(struct tcp *tcp, struct net_pkt *p, struct tcp_seg *s)
{
	struct rte_mbuf *m = p->m;
	const uint8_t *hdr = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4_off);
	struct wire_tcp h;
	int n = wire_tcp_parse(
		hdr, RTE_MIN((uint32_t)p->l4_len, (uint32_t)(m->data_len - p->l4_off)), &h);

	if (unlikely(n < 0)) {
		pkt_drop(&tcp->env->pool, m, DROP_tcp_short);
		return false;
	}
	if (unlikely(!(p->flags & NET_PKT_CKSUM_OK) && !net_l4_cksum_ok(tcp->net, p))) {
		pkt_drop(&tcp->env->pool, m, DROP_tcp_cksum);
		return false;
	}
	/* MUST-57: not to or from broadcast or multicast. */
	if (unlikely(p->flags & (NET_PKT_L2_MCAST | NET_PKT_L3_MCAST))) {
		pkt_drop(&tcp->env->pool, m, DROP_tcp_bcast);
		return false;
	}
	s->p = p;
	s->seq = h.seq;
	s->ack = h.ack;
	s->wnd = h.wnd;
	s->sport = h.sport;
	s->dport = h.dport;
	s->flags = h.flags & (WIRE_TCP_FIN | WIRE_TCP_SYN | WIRE_TCP_RST | WIRE_TCP_PSH |
				     WIRE_TCP_ACK | WIRE_TCP_URG);
	s->hlen = h.hlen;
	s->len = p->l4_len - h.hlen;
	s->hash = p->hash;
	return true;
}

/* Does the object with this value have the segment's flow? The general key is made only for
 * objects that are no blocks. */
static inline bool seg_match4(const void *ctx, uint32_t val, const void *key)
{
	const struct tcp *tcp = ctx;
	const struct tcp_seg *s = key;

	if (likely((val & FLOW_KIND_MASK) == FLOW_KIND_TCB)) {
		const struct tcp_key *t = &tcp->tcbs[FLOW_INDEX(val)].key;

		return t->r.v4 == s->p->src.v4 && t->l.v4 == s->p->dst.v4 && t->lport == s->dport &&
		       t->rport == s->sport && t->scope == s->p->scope;
	}
	return tcp_flow_match(tcp, val, s);
}

static inline bool seg_match6(const void *ctx, uint32_t val, const void *key)
{
	const struct tcp *tcp = ctx;
	const struct tcp_seg *s = key;

	if (likely((val & FLOW_KIND_MASK) == FLOW_KIND_TCB)) {
		const struct tcp_key *t = &tcp->tcbs[FLOW_INDEX(val)].key;

		return t->lport == s->dport && t->rport == s->sport && t->scope == s->p->scope &&
		       memcmp(&t->r.v6, &s->p->src.v6, 16) == 0 &&
		       memcmp(&t->l.v6, &s->p->dst.v6, 16) == 0;
	}
	return tcp_flow_match(tcp, val, s);
}

static __rte_always_inline void seg_lookup(struct tcp *tcp, struct tcp_seg *s)
{
	if (unlikely(s->p->flags & NET_PKT_V6))
		s->val = flow_table_find(&tcp->flow[1], s->hash, seg_match6, tcp, s);
	else
		s->val = flow_table_find(&tcp->flow[0], s->hash, seg_match4, tcp, s);
}

void tcp_seg_input(struct tcp *tcp, struct tcp_seg *s)
{
	uint32_t i = FLOW_INDEX(s->val);

	if (likely(s->val != 0 && (s->val & FLOW_KIND_MASK) == FLOW_KIND_TCB)) {
		struct tcb *t = &tcp->tcbs[i];

		if (unlikely(t->state == TCP_SYN_SENT))
			tcp_syn_sent_input(tcp, t, s);
		else
			tcp_segment_input(tcp, t, s);
		return;
	}
	if (s->val != 0) {
		if ((s->val & FLOW_KIND_MASK) == FLOW_KIND_HALF_OPEN)
			tcp_half_open_input(tcp, &tcp->ho[i], s);
		else
			tcp_time_wait_input(tcp, &tcp->tw[i], s);
		return;
	}
	struct tcp_listener *l = tcp_listener_lookup(
		tcp, (s->p->flags & NET_PKT_V6) != 0, &s->p->dst, s->dport, s->p->scope);

	if (l != NULL) {
		tcp_listen_input(tcp, l, s, NULL);
		return;
	}
	tcp_reply_rst(tcp, s);
	seg_drop(tcp, s, DROP_tcp_port);
}

static void burst_input(struct tcp *tcp, struct net_pkt *pkts, unsigned n)
{
	struct tcp_seg seg[BURST_MAX];
	unsigned n_seg = 0;

	for (unsigned i = 0; i < n; i++)
		if (likely(seg_parse(tcp, &pkts[i], &seg[n_seg]))) {
			flow_table_prefetch(
				&tcp->flow[(pkts[i].flags & NET_PKT_V6) != 0], seg[n_seg].hash);
			n_seg++;
		}
	for (unsigned i = 0; i < n_seg; i++) {
		seg_lookup(tcp, &seg[i]);
		if ((seg[i].val & FLOW_KIND_MASK) == FLOW_KIND_TCB && seg[i].val != 0) {
			rte_prefetch0(&tcp->tcbs[FLOW_INDEX(seg[i].val)]);
			rte_prefetch0((char *)&tcp->tcbs[FLOW_INDEX(seg[i].val)] + 64);
		}
	}
	uint32_t epoch = tcp->epoch;

	for (unsigned i = 0; i < n_seg; i++) {
		if (unlikely(tcp->epoch !=
			     epoch)) /* an earlier one of this burst changed the table */
			seg_lookup(tcp, &seg[i]);
		if (likely(seg[i].val != 0 && (seg[i].val & FLOW_KIND_MASK) == FLOW_KIND_TCB) &&
			likely(fast_input(tcp, &tcp->tcbs[FLOW_INDEX(seg[i].val)], &seg[i])))
			continue;
		tcp_seg_input(tcp, &seg[i]);
	}
}

void tcp_input(void *ctx, struct net_pkt *pkts, unsigned n)
{
	struct tcp *tcp = ctx;

	count_add(&tcp->env->cnt, CNT_tcp_rx_segs, n);
	while (n > BURST_MAX) {
		burst_input(tcp, pkts, BURST_MAX);
		pkts += BURST_MAX;
		n -= BURST_MAX;
	}
	burst_input(tcp, pkts, n);
}
