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

#define NOT_FAST_OUTPUT \
	(TF_FIN_QUEUED | TF_PERSIST | TF_RECOVERY | TF_MORE | TF_ECN | TF_LOSS | TF_SIGNED)

static __rte_always_inline bool output_expected(
	const struct tcp *tcp, const struct tcb *t, const struct txseg *s)
{
	if (unlikely((t->flags & (NOT_FAST_OUTPUT | TF_SENDING)) != TF_SENDING || s == NULL ||
		     s != t->una_seg || s->next != NULL || t->xs != NULL || t->dup_acks_owed != 0))
		return false;
	/* Restart after idle (RFC 5681 section 4.1) is the general path's. */
	if (unlikely(tcp->env->now_us - t->last_tx_us > t->rto_us))
		return false;
	return likely((s->flags & (TXSEG_INPLACE | TXSEG_SENT)) == TXSEG_INPLACE &&
		      rte_mbuf_refcnt_read(s->m) == 1 && s->len <= t->mss && s->len <= t->cwnd &&
		      s->len <= t->snd_wnd);
}

static __rte_always_inline bool fast_output(struct tcp *tcp, struct tcb *t)
{
	struct txseg *s = t->nxt_seg;

	if (unlikely(!output_expected(tcp, t, s)))
		return false;
	uint64_t now = tcp->env->now_us;
	uint32_t seq = s->seq, len = s->len;

	s->flags |= TXSEG_SENT;
	s->sent_us = (uint32_t)now;
	t->nxt_seg = NULL;
	t->snd_nxt = seq + len;
	t->snd_max = seq + len;
	t->bytes_sent += len;
	count_add(&tcp->env->cnt, CNT_tcp_tx_bytes, len);
	t->last_tx_us = now;
	if (t->rexmt_at == TCP_NEVER)
		tcp_rexmt_arm(tcp, t);
	return likely(xmit_header(tcp, t, xmit_in_place(s), seq,
			      WIRE_TCP_ACK | WIRE_TCP_PSH | XMIT_NEW, 0) != -EMSGSIZE);
}

#endif
