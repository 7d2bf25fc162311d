/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_FAST_OUTPUT_H
#define GN_TCP_FAST_OUTPUT_H

#include "tcp_priv.h"
#include "xmit_header.h"

/*
 * New data that may leave as it lies in the queue. What this does is what the general path
 * (output.c) would; whatever it does not expect it leaves to that.
 */

#define NOT_FAST_OUTPUT (TF_FIN_QUEUED | TF_PERSIST | TF_RECOVERY | TF_MORE)

static inline bool output_expected(const struct tcp *tcp, const struct tcb *t)
{
	if (unlikely((t->flags & (NOT_FAST_OUTPUT | TF_SENDING)) != TF_SENDING ||
		     t->dup_acks != 0 || t->dup_acks_owed != 0 || t->nxt_seg == NULL))
		return false;
	/* Restart after idle (RFC 5681 section 4.1) is the general path's. */
	return t->snd_una != t->snd_max || tcp->env->now_us - t->last_tx_us <= t->rto_us;
}

/* A stretch that is a segment as it is, new, and allowed by windows and Nagle. */
static inline bool seg_ready(const struct tcb *t, const struct txseg *s)
{
	uint32_t len = s->len;

	if (unlikely((s->flags & (TXSEG_INPLACE | TXSEG_SENT)) != TXSEG_INPLACE ||
		     rte_mbuf_refcnt_read(s->m) != 1 || len > t->mss))
		return false;
	if (len < t->mss &&
		(s->next != NULL || (t->snd_una != t->snd_nxt && !(t->flags & TF_NODELAY))))
		return false;
	return s->seq + len - t->snd_una <= RTE_MIN(t->cwnd, t->snd_wnd);
}

static __rte_always_inline bool fast_output(struct tcp *tcp, struct tcb *t)
{
	struct txseg *s = t->nxt_seg;

	if (unlikely(!output_expected(tcp, t)))
		return false;
	do {
		if (unlikely(!seg_ready(t, s)))
			return false;
		uint32_t seq = s->seq, len = s->len;
		struct txseg *next = s->next;

		s->flags |= TXSEG_SENT;
		s->sent_us = (uint32_t)tcp->env->now_us;
		t->nxt_seg = next;
		t->snd_nxt = seq + len;
		t->snd_max = seq + len;
		t->bytes_sent += len;
		count_add(&tcp->env->cnt, CNT_tcp_tx_bytes, len);
		t->last_tx_us = tcp->env->now_us;
		if (t->rexmt_at == TCP_NEVER)
			tcp_rexmt_arm(tcp, t);
		uint8_t flags = s->flags & TXSEG_PUSH || next == NULL ? WIRE_TCP_ACK | WIRE_TCP_PSH
								      : WIRE_TCP_ACK;

		if (unlikely(xmit_header(tcp, t, xmit_in_place(s), seq, flags, 0) == -EMSGSIZE))
			return false;
		s = next;
	} while (s != NULL);
	return true;
}

#endif
