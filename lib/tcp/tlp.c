/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * Tail loss probes (RFC 8985 section 7): when the last segments of a flight were lost nothing arrives
 * that would tell. After about two round trips one segment is sent, whose acknowledgement does; the
 * timeout, which forgets the window, comes later. The deadline shares rexmt_at with the timeout.
 */

/* Section 7.2: how late a lone segment may be acknowledged. As Linux, and most peers' 200 ms. */
#define TLP_MAX_ACK_DELAY_US 200000
#define TLP_NO_RTT_US	     1000000

static bool allowed(const struct tcb *t)
{
	const struct tcp_loss *l = &t->xs->loss;

	return (t->flags & (TF_SACK | TF_RECOVERY | TF_LOSS | TF_PERSIST)) == TF_SACK &&
	       l->sacked == 0 && l->lost == 0 && !l->tlp && t->backoff == 0 &&
	       t->snd_una != t->snd_max && t->state >= TCP_ESTABLISHED;
}

static uint32_t probe_timeout(const struct tcb *t)
{
	uint32_t pto = t->srtt_us != 0 ? 2 * t->srtt_us : TLP_NO_RTT_US;

	if (t->snd_max - t->snd_una <= t->mss)
		pto += TLP_MAX_ACK_DELAY_US;
	return pto;
}

void tcp_tlp_arm(struct tcp *tcp, struct tcb *t)
{
	struct tcp_loss *l = &t->xs->loss;
	uint64_t now = tcp->env->now_us, rto = t->rto_us;

	if (unlikely(t->backoff != 0))
		rto = RTE_MIN(rto << RTE_MIN(t->backoff, 16), (uint64_t)tcp->conf.rto_max_us);
	l->rto_at = now + rto;
	l->pto = allowed(t);
	t->rexmt_at = l->pto ? RTE_MIN(l->rto_at, now + probe_timeout(t)) : l->rto_at;
	tcp_timer_want(tcp, t, t->rexmt_at);
}

void tcp_tlp_later(struct tcp *tcp, struct tcb *t)
{
	struct tcp_loss *l = &t->xs->loss;

	if (!l->pto) {
		if (!allowed(t))
			return;
		l->pto = true;
		l->rto_at = t->rexmt_at;
	}
	t->rexmt_at = RTE_MIN(l->rto_at, tcp->env->now_us + probe_timeout(t));
	tcp_timer_want(tcp, t, t->rexmt_at);
}

bool tcp_tlp_fire(struct tcp *tcp, struct tcb *t)
{
	bool again = false;

	/* Without struct tcp_xs a lone segment is under way, whose probe is not due before the
	 * timeout, and takes its place (section 7.2). */
	if (t->xs == NULL) {
		tcp_xs(tcp, t);
		t->xs->loss.pto = true;
	}
	struct tcp_loss *l = &t->xs->loss;

	if (!l->pto)
		return false;
	l->pto = false;
	if (!allowed(t) || !tcp_send_tail(tcp, t, &again)) {
		if (l->rto_at <= tcp->env->now_us)
			return false;
		t->rexmt_at = l->rto_at;
		return true;
	}
	tcp_count(tcp, CNT_tcp_tlp_probes);
	l->tlp = true;
	l->tlp_end = t->snd_max;
	l->tlp_rexmt = again;
	tcp_tlp_arm(tcp, t); /* the timeout, from now */
	return true;
}

/* Section 7.4. */
bool tcp_tlp_ack(struct tcb *t, const struct tcp_ack_sample *a, const struct tcp_seg *s, bool dup)
{
	struct tcp_loss *l = &t->xs->loss;

	if (likely(!l->tlp) || seq_lt(s->ack, l->tlp_end))
		return false;
	if (!l->tlp_rexmt || l->dsack) {
		l->tlp = false; /* new data: RACK sees what was lost; else: both have arrived */
		return false;
	}
	if (seq_gt(s->ack, l->tlp_end)) {
		l->tlp = false;
		return true;
	}
	if (dup && a->acked == 0 && a->delivered == 0)
		l->tlp = false; /* the second of two */
	return false;
}
