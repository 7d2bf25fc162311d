/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_FAST_OUTPUT_H
#define GN_TCP_FAST_OUTPUT_H

#include "tcp_priv.h"
#include "xmit_header.h"

/*
 * New data that is one segment as it lies in the queue, when nothing else is under way. What this
 * does is what the general path (output.c) would; whatever it does not expect it leaves to that,
 * untouched.
 */

#define NOT_FAST_OUTPUT                                                                       \
	(TF_ACK_NOW | TF_FIN_QUEUED | TF_PERSIST | TF_RECOVERY | TF_MORE | TF_ECN | TF_LOSS | \
		TF_SIGNED | TF_URGENT)

/* TF_ACK_NOW would be served too, but stands for dup_acks_owed also. */
static __rte_always_inline bool output_expected(
	const struct tcp *tcp, const struct tcb *t, const struct txseg *s)
{
	if (unlikely((t->flags & (NOT_FAST_OUTPUT | TF_SENDING)) != TF_SENDING || s == NULL ||
		     s->len != t->snd_queued || t->xs != NULL))
		return false;
	/* Restart after idle (RFC 5681 section 4.1) is the general path's. */
	if (unlikely(tcp->env->now_us - t->last_tx_us > t->rto_us))
		return false;
	return likely((s->flags & (TXSEG_INPLACE | TXSEG_SPLIT | TXSEG_SENT)) == TXSEG_INPLACE &&
		      s->len <= t->mss && s->len <= t->cwnd && s->len <= t->snd_wnd);
}

/* The stretch's buffer with hlen bytes of room for the TCP header. The queue has a reference and the
 * port gets one; both are this core's. */
static __rte_always_inline uint8_t *fast_room(
	const struct txseg *s, struct rte_mbuf *m, uint32_t len, unsigned hlen)
{
	unsigned off = s->off - hlen;
	uint64_t rearm = pkt_rearm_word((uint16_t)off, 2);

	memcpy(&m->rearm_data, &rearm, sizeof(rearm));
	m->ol_flags = 0;
	m->pkt_len = len + hlen;
	m->data_len = (uint16_t)(len + hlen);
	m->next = NULL;
	return (uint8_t *)m->buf_addr + off;
}

/* What xmit_header() does, for just this case. */
static __rte_always_inline void fast_xmit(
	struct tcp *tcp, struct tcb *t, const struct txseg *s, uint32_t seq, uint32_t len, bool ts)
{
	unsigned hlen = ts ? WIRE_TCP_LEN + TCP_TS_LEN : WIRE_TCP_LEN;
	uint32_t ports = tcp_ports_tx(t), rcv_nxt = t->rcv_nxt;
	uint32_t word = hlen << 26 | (WIRE_TCP_ACK | WIRE_TCP_PSH) << 16 | wnd_update(t);
	struct rte_mbuf *m = s->m;
	uint8_t *h = fast_room(s, m, len, hlen);

	memcpy(h, &ports, sizeof(ports));
	wire_put32(h + 4, seq);
	wire_put32(h + 8, rcv_nxt);
	wire_put32(h + 12, word);
	wire_put32(h + 16, 0);
	if (ts) {
		wire_put32(h + 20, WIRE_TCP_TS_ALIGNED);
		wire_put32(h + 24, tcp->now_ms + t->ts_off);
		wire_put32(h + 28, t->ts_recent);
	}
	t->rcv_acked = rcv_nxt;
	t->delack_at = TCP_NEVER;
	/* If the path has become too narrow, the timeout finds it out too. */
	xmit_output(tcp, t, m, 0, (uint8_t)hlen, t->tos);
}

static __rte_always_inline bool fast_output(struct tcp *tcp, struct tcb *t)
{
	struct txseg *s = t->nxt_seg;

	if (unlikely(!output_expected(tcp, t, s)))
		return false;
	struct env *env = tcp->env;
	uint64_t now = env->now_us;
	uint32_t len = s->len, seq = s->seq;

	s->flags |= TXSEG_SENT;
	s->sent_us = (uint32_t)now;
	t->nxt_seg = NULL;
	t->snd_nxt = seq + len;
	t->snd_max = seq + len;
	t->bytes_sent += len;
	t->last_tx_us = now;
	count_add(&env->cnt, CNT_tcp_tx_bytes, len);
	tcp_rexmt_arm(tcp, t);
	if (likely(t->flags & TF_TS))
		fast_xmit(tcp, t, s, seq, len, true);
	else
		fast_xmit(tcp, t, s, seq, len, false);
	return true;
}

#endif
