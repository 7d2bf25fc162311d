/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * What is done about loss: fast recovery (RFC 5681, 6582, 6675) with PRR (6937), and the slow start
 * after a timeout. What to send again the scoreboard says, how much cwnd.
 */

#define DUP_THRESH 3

static void recovery_begin(struct tcp *tcp, struct tcb *t)
{
	tcp_count(tcp, CNT_tcp_rexmt_fast);
	t->recover = t->snd_max;
	t->flags |= TF_RECOVERY;
	t->ssthresh = t->cc->ssthresh(tcp, t);
	if (!(t->cc->flags & TCP_CC_MODEL))
		tcp_prr_begin(t);
	tcp_rexmt_arm(tcp, t);
}

/* All that was outstanding when it began is acknowledged. */
static void recovery_end(struct tcp *tcp, struct tcb *t)
{
	bool fast = (t->flags & TF_RECOVERY) != 0;

	t->flags &= ~(TF_RECOVERY | TF_LOSS);
	if (!fast)
		return;
	if (!(t->cc->flags & TCP_CC_MODEL)) {
		t->cwnd = t->ssthresh;
		/* RFC 6582 section 3.2 step 3, option (1): what leaves now is no burst. */
		t->cwnd = RTE_MIN(
			t->cwnd, RTE_MAX(t->snd_max - t->snd_una, (uint32_t)t->mss) + t->mss);
	}
	t->cc->recovered(tcp, t);
}

/* Without SACK: one more segment has arrived, we do not know which. */
static void dup_ack_count(struct tcp *tcp, struct tcb *t, struct tcp_ack_sample *a)
{
	struct tcp_loss *l = &t->xs->loss;
	uint32_t most = t->snd_max - t->snd_una - l->lost, old = l->sacked;

	l->sacked = RTE_MIN(l->sacked + t->mss, most);
	a->delivered += l->sacked - old;
	tcp_rate_ahead(tcp, t, l->sacked - old);
	if (t->dup_acks < UINT8_MAX)
		t->dup_acks++;
}

static void head_lost(struct tcb *t)
{
	struct tcp_loss *l = &t->xs->loss;

	if (t->una_seg != NULL && t->una_seg != t->nxt_seg)
		tcp_seg_lost(t, t->una_seg);
	else if (t->flags & TF_FIN_SENT)
		tcp_fin_lost(t, true);
	l->sacked = RTE_MIN(l->sacked, t->snd_max - t->snd_una - l->lost);
}

/* Without SACK: the third duplicate ACK, or a partial ACK, means that the head is missing (RFC 6582
 * section 3.2). True: it must be sent again at once. */
static bool newreno_detect(struct tcp *tcp, struct tcb *t, const struct tcp_ack_sample *a, bool dup)
{
	if (t->flags & TF_RECOVERY) {
		if (a->acked == 0)
			return false;
		head_lost(t);
		return true;
	}
	/* Duplicates of what a timeout or an earlier recovery resent mean nothing. */
	if (!dup || t->dup_acks != DUP_THRESH || t->flags & TF_LOSS ||
		seq_leq(t->snd_una, t->recover))
		return false;
	head_lost(t);
	recovery_begin(tcp, t);
	return true;
}

static bool cc_hears(const struct tcb *t, const struct tcp_ack_sample *a, bool recovering)
{
	if (t->cc->flags & TCP_CC_MODEL)
		return true;
	if (a->acked == 0 || recovering)
		return false;
	return a->limited || t->cc->flags & TCP_CC_ECN || t->flags & TF_LOSS;
}

void tcp_recovery_ack(
	struct tcp *tcp, struct tcb *t, const struct tcp_seg *s, struct tcp_ack_sample *a, bool dup)
{
	struct tcp_loss *l = &t->xs->loss;
	bool now = false, was = (t->flags & TF_RECOVERY) != 0;

	if (dup)
		dup_ack_count(tcp, t, a);
	else if (a->acked != 0)
		t->dup_acks = 0;
	if (unlikely(t->flags & (TF_RECOVERY | TF_LOSS)) && seq_geq(t->snd_una, t->recover))
		recovery_end(tcp, t);
	now = newreno_detect(tcp, t, a, dup);
	tcp_rate_finish(tcp, t, a);
	a->lost = l->newly_lost;
	l->newly_lost = 0;
	if (t->flags & TF_RECOVERY && !(t->cc->flags & TCP_CC_MODEL)) {
		if (!was)
			a->delivered = 0; /* before it began */
		tcp_prr_update(t, a, now);
	}
	a->in_flight = tcp_pipe(t);
	if (cc_hears(t, a, was || t->flags & TF_RECOVERY))
		t->cc->acked(tcp, t, a);
}

void tcp_recovery_timeout(struct tcp *tcp, struct tcb *t, bool first)
{
	if (first)
		t->ssthresh = t->cc->ssthresh(tcp, t);
	t->flags &= ~TF_RECOVERY;
	t->flags |= TF_LOSS;
	t->recover = t->snd_max;
	t->dup_acks = 0;
	tcp_lost_all(tcp, t);
	t->xs->loss.newly_lost = 0;
	t->cwnd = t->mss; /* loss window (RFC 5681 section 3.1) */
	if (first)
		t->cc->timeout(tcp, t);
}
