/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/* Congestion that routers mark (RFC 3168), as its receiver tells the sender of it. */

#define ECN_MASK 3
#define ECN_CE	 3

/*
 * RFC 8257 section 3.2: ECE says of each segment whether it was marked. Where that changes, what was
 * received before is acknowledged by an ACK of its own, as it was.
 */
static void dctcp_mark(struct tcp *tcp, struct tcb *t, bool ce)
{
	if (ce == ((t->flags & TF_ECE) != 0))
		return;
	if (t->rcv_nxt != t->rcv_acked)
		tcp_xmit_ctl(tcp, t, t->snd_max, WIRE_TCP_ACK);
	t->flags ^= TF_ECE;
	tcp_ack_now(tcp, t);
}

void tcp_ecn_input(struct tcp *tcp, struct tcb *t, const struct tcp_seg *s)
{
	bool ce = (net_pkt_tos(s->p) & ECN_MASK) == ECN_CE;

	if (s->len == 0)
		return;
	if (ce)
		tcp_count(tcp, CNT_tcp_ce_in);
	if (t->cc->flags & TCP_CC_ECN) {
		dctcp_mark(tcp, t, ce);
		return;
	}
	if (s->flags & WIRE_TCP_CWR) /* RFC 3168 section 6.1.3: the sender has heard */
		t->flags &= ~TF_ECE;
	if (!ce)
		return;
	if (!(t->flags & TF_ECE))
		tcp_ack_now(tcp, t);
	t->flags |= TF_ECE;
}
