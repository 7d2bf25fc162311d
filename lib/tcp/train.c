/* SPDX-License-Identifier: BSD-3-Clause */
#include "fast_train.h"
#include "net_train.h"
#include "xmit_header.h"

/* The TCP header of all of them, behind the others. */
static inline void train_header(struct tcp *tcp, struct tcb *t, unsigned hlen, struct net_train *tr)
{
	uint32_t ports = tcp_ports_tx(t);
	uint8_t *h = tr->b + NET_HDR_ROOM;

	memcpy(h, &ports, sizeof(ports));
	wire_put32(h + 8, t->rcv_nxt);
	wire_put32(h + 12, hlen << 26 | wnd_update(t));
	h[18] = h[19] = 0; /* urgent pointer */
	wire_put32(h + 20, WIRE_TCP_TS_ALIGNED);
	wire_put32(h + 24, tcp_ts_now(tcp, t->ts_off));
	wire_put32(h + 28, t->ts_recent);
}

/* What mark_sent() of output.c does. The snapshot is that of the first one, which has left. */
static inline void train_mark(const struct txseg *first, struct txseg *s)
{
	s->sent_us = first->sent_us;
	s->delivered = first->delivered;
	s->delivered_us = first->delivered_us;
	s->first_us = first->first_us;
	s->flags |= TXSEG_SENT | (first->flags & (TXSEG_RATE | TXSEG_LIMITED));
}

/* Up to most segments from nxt_seg on; the first one that stays, or NULL. */
static __rte_always_inline struct txseg *train_put(const struct tcb *t, const struct net_train *tr,
	bool v6, unsigned hlen, unsigned most, unsigned *count)
{
	struct txseg *first = t->nxt_seg, *s = first;
	unsigned n = 0;

	do {
		struct rte_mbuf *m = s->m;
		unsigned off = s->off - hlen;
		/* The queue's reference and the port's. */
		uint64_t rearm = pkt_rearm_word((uint16_t)(off - tr->len), 2);
		uint8_t flags = WIRE_TCP_ACK;

		if (s->flags & TXSEG_PUSH || s->next == NULL) /* MUST-61 */
			flags |= WIRE_TCP_PSH;
		train_mark(first, s);
		memcpy(&m->rearm_data, &rearm, sizeof(rearm));
		m->next = NULL;
		net_train_put(tr, v6, n, m, (uint8_t *)m->buf_addr + off, hlen, s->seq, flags);
		s = s->next;
	} while (++n < most && s != NULL && train_takes(t, s));
	*count = n;
	return s;
}

__rte_noinline uint32_t tcp_train_send(struct tcp *tcp, struct tcb *t, uint32_t room)
{
	uint16_t mss = t->mss, hlen = t->flags & TF_TS ? WIRE_TCP_LEN + TCP_TS_LEN : WIRE_TCP_LEN;
	struct net_tx tx = {.tos = t->tos, .ttl = t->ttl, .flow_label = t->hash & 0xfffff};
	bool v6 = tcp_v6(t);
	struct net_train tr;
	unsigned n;

	if (!net_train_begin(
		    tcp->net, &t->dst, v6, &t->key.l, &t->key.r, &tx, (uint16_t)(mss + hlen), &tr))
		return 0;
	train_header(tcp, t, hlen, &tr);
	unsigned most = RTE_MIN(room / mss, (uint32_t)tr.most);
	struct tcp_xs *xs = tcp_xs(tcp, t);
	struct txseg *first = t->nxt_seg;

	first->sent_us = (uint32_t)tcp->env->now_us;
	tcp_rate_sent(tcp, t, first);
	if (v6)
		t->nxt_seg = train_put(t, &tr, true, hlen, most, &n);
	else if (hlen != WIRE_TCP_LEN)
		t->nxt_seg = train_put(t, &tr, false, WIRE_TCP_LEN + TCP_TS_LEN, most, &n);
	else
		t->nxt_seg = train_put(t, &tr, false, WIRE_TCP_LEN, most, &n);
	if (n > 1)
		xs->rate.many_us = tcp->env->now_us;
	net_train_end(tcp->net, &t->dst, v6, &tr, n);
	count_add(&tcp->env->cnt, CNT_tcp_tx_segs, n);
	xs->pace.burst += n * mss;
	xmit_acked(t);
	return n * mss;
}
