/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/* The pool of struct tcp_xs: the last one given back goes out first, so that memory is touched for as
 * many as are ever busy at once. */

struct tcp_xs *tcp_xs_take(struct tcp *tcp, struct tcb *t)
{
	struct tcp_xs *x = tcp->xs_free;

	if (x != NULL)
		tcp->xs_free = x->free_next;
	else
		x = &tcp->xs_mem[tcp->xs_fresh++];
	tcp->n_xs++;
	memset(x, 0, sizeof(*x));
	t->xs = x;
	return x;
}

void tcp_xs_put(struct tcp *tcp, struct tcb *t)
{
	if (t->xs == NULL)
		return;
	tcp_chrono_end(tcp, t);
	tcp->n_xs--;
	t->xs->free_next = tcp->xs_free;
	tcp->xs_free = t->xs;
	t->xs = NULL;
}

#define MODEL_US 10000000 /* for as long BBR trusts what it measured (its section 4.1.2) */

/* At rest: nothing is under way or waits. Then it takes a retransmission timeout in which there never
 * was more than a segment. A model of the path is kept for as long as it is valid. */
uint64_t tcp_xs_release_at(const struct tcb *t)
{
	if (t->xs == NULL || t->snd_una != t->snd_max || t->snd_queued != 0)
		return TCP_NEVER;
	return t->xs->rate.many_us + (t->cc->flags & TCP_CC_MODEL ? MODEL_US : (uint64_t)t->rto_us);
}

/* The window that was is no longer known to be right: after idling RFC 5681 section 4.1, and if only
 * little was sent all the time half of it (RFC 7661 section 4.4.3). */
void tcp_xs_release(struct tcp *tcp, struct tcb *t)
{
	if (tcp->env->now_us <= tcp_xs_release_at(t))
		return;
	bool idle = tcp->env->now_us - t->last_tx_us > t->rto_us;

	t->dup_acks = 0;
	tcp_xs_put(tcp, t);
	if (idle)
		t->cc->idle(tcp, t);
	else
		tcp_cc_shrink(tcp, t);
}
