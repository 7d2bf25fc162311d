/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_prefetch.h>

#include "auth.h"
#include "fast_input.h"
#include "tcp_priv.h"

/*
 * A burst of segments: first the lines of the flow table and then those of the blocks are fetched
 * for all of them, then each goes into the state machine.
 */
#define BURST_MAX 64

/* Returns false if the segment was dropped. */
static bool seg_parse(struct tcp *tcp, struct net_pkt *p, struct tcp_seg *s)
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
	s->urp = h.urp;
	s->sport = h.sport;
	s->dport = h.dport;
	s->flags = h.flags & (WIRE_TCP_FIN | WIRE_TCP_SYN | WIRE_TCP_RST | WIRE_TCP_PSH |
				     WIRE_TCP_ACK | WIRE_TCP_URG | WIRE_TCP_ECE | WIRE_TCP_CWR);
	s->hlen = h.hlen;
	s->len = p->l4_len - h.hlen;
	s->hash = p->hash;
	return true;
}

void tcp_seg_input(struct tcp *tcp, struct tcp_seg *s)
{
	uint32_t i = FLOW_INDEX(s->val);

	if (likely(s->val != 0 && (s->val & FLOW_KIND_MASK) == FLOW_KIND_TCB)) {
		struct tcb *t = &tcp->tcbs[i];

		if (unlikely(t->flags & TF_SIGNED) && !tcp_auth_tcb_ok(tcp, t, s))
			return;
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

/* t: NULL, or a block with the addresses and ports of the segment. */
static __rte_noinline void general_input(struct tcp *tcp, struct tcb *t, struct net_pkt *p)
{
	struct tcp_seg s;

	if (!seg_parse(tcp, p, &s))
		return;
	if (t == NULL || t->state == TCP_CLOSED || ((t->flags ^ p->flags) & NET_PKT_V6) != 0) {
		struct tcp_key k;

		tcp_seg_key(&s, &k);
		s.val = tcp_flow_find(tcp, (p->flags & NET_PKT_V6) != 0, &k, p->hash);
	} else {
		s.val = FLOW_VAL(FLOW_KIND_TCB, tcb_index(t));
	}
	tcp_seg_input(tcp, &s);
}

/* The block whose segment this may be: one with the same hash. Its first lines are fetched. */
static __rte_always_inline struct tcb *block_guess(
	const struct tcp *tcp, const struct flow_bucket *b, uint32_t hash)
{
	uint32_t i = flow_bucket_guess(b, hash) - 1;

	if (unlikely(i >= tcp->conf.connections)) /* none, or no block */
		return NULL;
	struct tcb *t = &tcp->tcbs[i];

	rte_prefetch0(t);
	rte_prefetch0((char *)t + RTE_CACHE_LINE_SIZE);
	return t;
}

/* What the port left to us, before anything is believed; a bad one is dropped later, by its parsing. */
static void cksum_verify(struct tcp *tcp, struct net_pkt *p)
{
	if (p->l4_len >= WIRE_TCP_LEN && net_l4_cksum_ok(tcp->net, p))
		p->flags |= NET_PKT_CKSUM_OK;
}

static void burst_input(struct tcp *tcp, struct net_pkt *pkts, unsigned n)
{
	const struct flow_bucket *bucket[BURST_MAX];
	struct tcb *guess[BURST_MAX];

	for (unsigned i = 0; i < n; i++) {
		bucket[i] = flow_bucket_of(&tcp->flow, pkts[i].hash);
		rte_prefetch0(bucket[i]);
		if (unlikely(!(pkts[i].flags & NET_PKT_CKSUM_OK)))
			cksum_verify(tcp, &pkts[i]);
	}
	for (unsigned i = 0; i < n; i++)
		guess[i] = block_guess(tcp, bucket[i], pkts[i].hash);
	for (unsigned i = 0; i < n; i++) {
		struct tcb *t = guess[i];
		unsigned more = i + 1 < n && guess[i + 1] == t ? n - i - 1 : 0, used;

		if (unlikely(t == NULL || !fast_is_for(t, &pkts[i]))) {
			general_input(tcp, NULL, &pkts[i]);
			continue;
		}
		used = fast_input(tcp, t, &pkts[i], more);
		if (likely(used != 0))
			i += used - 1;
		else
			general_input(tcp, t, &pkts[i]);
	}
}

void tcp_input(void *ctx, struct net_pkt *pkts, unsigned n)
{
	struct tcp *tcp = ctx;

	count_add(&tcp->env->cnt, CNT_tcp_rx_segs, n);
	while (unlikely(n > BURST_MAX)) {
		burst_input(tcp, pkts, BURST_MAX);
		pkts += BURST_MAX;
		n -= BURST_MAX;
	}
	burst_input(tcp, pkts, n);
}
