/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * What is done about loss: fast recovery (RFC 5681, 6582, 6675) with PRR (6937), and the slow start
 * after a timeout. What to send again the scoreboard says, how much cwnd.
 */

#define DUP_THRESH 3

/* A smaller window, once; the peer is told if it agreed on ECN (RFC 3168 section 6.1.2). */
static void reduce(struct tcp *tcp, struct tcb *t)
{
	t->ssthresh = t->cc->ssthresh(tcp, t);
	if (t->flags & TF_ECN)
		t->flags |= TF_CWR;
	t->xs->loss.cwr = true;
	t->xs->loss.cwr_end = t->snd_max;
}

static void recovery_begin(struct tcp *tcp, struct tcb *t)
{
	tcp_count(tcp, CNT_tcp_rexmt_fast);
	tcp_undo_begin(t, false);
	tcp_pmtu_loss(tcp, t);
	t->recover = t->snd_max;
	t->flags |= TF_RECOVERY;
	t->xs->loss.rescued = false;
	t->xs->loss.tlp = false;
	reduce(tcp, t);
	if (!(t->cc->flags & TCP_CC_MODEL))
		tcp_prr_begin(t);
	tcp_rexmt_arm(tcp, t);
}

/* All that was outstanding when it began is acknowledged. */
static void recovery_end(struct tcp *tcp, struct tcb *t)
{
	struct tcp_loss *l = &t->xs->loss;
	bool fast = (t->flags & TF_RECOVERY) != 0;

	t->flags &= ~(TF_RECOVERY | TF_LOSS);
	l->undo_end = t->snd_max; /* a D-SACK may still tell that it was spurious */
	l->frto = false;
	l->frto_new = false;
	if (l->reo_persist != 0 && --l->reo_persist == 0) /* RFC 8985 section 6.2 step 4 */
		l->reo_mult = 0;
	if (!fast)
		return;
	if (!(t->cc->flags & TCP_CC_MODEL)) {
		t->cwnd = t->ssthresh;
		/* RFC 6582 section 3.2 step 3, option (1): what leaves now is no burst. */
		if (!(t->flags & TF_SACK))
			t->cwnd = RTE_MIN(t->cwnd,
				RTE_MAX(t->snd_max - t->snd_una, (uint32_t)t->mss) + t->mss);
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

/* With SACK: RACK. True: recovery begins. */
static bool rack_detect(struct tcp *tcp, struct tcb *t)
{
	const struct tcp_loss *l = &t->xs->loss;

	tcp_rack_detect(tcp, t);
	if (l->newly_lost == 0 || t->flags & (TF_RECOVERY | TF_LOSS))
		return false;
	recovery_begin(tcp, t);
	return true;
}

/* The peer saw a mark, or a probe made good what else would have been a loss: a window's reduction
 * without recovery (RFC 3168 section 6.1.2, RFC 8985 section 7.4.2). */
static void congestion_seen(struct tcp *tcp, struct tcb *t)
{
	const struct tcp_loss *l = &t->xs->loss;

	if (t->flags & (TF_RECOVERY | TF_LOSS) || (l->cwr && seq_leq(t->snd_una, l->cwr_end)))
		return;
	reduce(tcp, t);
	if (!(t->cc->flags & TCP_CC_MODEL))
		t->cwnd = RTE_MIN(t->cwnd, t->ssthresh);
}

static bool cc_hears(const struct tcb *t, const struct tcp_ack_sample *a, bool recovering)
{
	if (t->cc->flags & TCP_CC_MODEL)
		return true;
	if (a->acked == 0 || recovering)
		return false;
	return a->limited || t->cc->flags & TCP_CC_ECN || t->flags & TF_LOSS;
}

/* RFC 3168 section 6.1.2: an ACK with ECE lets no window grow. DCTCP makes of it what it will. */
static bool ece_keeps(const struct tcb *t, const struct tcp_ack_sample *a)
{
	return a->ece && t->flags & TF_ECN && !(t->cc->flags & TCP_CC_ECN);
}

/* What the ACK says of the state of things. True: something must be sent again at once. */
static bool judge(
	struct tcp *tcp, struct tcb *t, const struct tcp_seg *s, struct tcp_ack_sample *a, bool dup)
{
	struct tcp_loss *l = &t->xs->loss;
	bool now = false, in_doubt = l->undo;

	if (t->flags & TF_SACK)
		tcp_rack_window(t);
	if (unlikely(in_doubt) && tcp_undo_check(tcp, t, s, a, dup))
		return false;
	if (unlikely(t->flags & (TF_RECOVERY | TF_LOSS)) && seq_geq(t->snd_una, t->recover))
		recovery_end(tcp, t);
	if (t->flags & TF_SACK)
		now = rack_detect(tcp, t);
	else
		now = newreno_detect(tcp, t, a, dup);
	if (tcp_tlp_ack(t, a, s, dup) || (a->ece && (t->flags & (TF_ECN | TF_CWR)) == TF_ECN))
		congestion_seen(tcp, t);
	/* Not before the first segment beyond has arrived, which told the peer of it: until then the
	 * peer repeats ECE. */
	if (l->cwr && seq_gt(t->snd_una, l->cwr_end))
		l->cwr = false;
	return now;
}

/* In order, nothing lost, nothing in doubt: what bulk data meets. */
static inline bool in_order(const struct tcb *t, const struct tcp_ack_sample *a)
{
	const struct tcp_loss *l = &t->xs->loss;

	return a->acked != 0 && !a->ece && !(t->flags & (TF_RECOVERY | TF_LOSS)) &&
	       !(l->sacked | l->lost | l->retrans | l->n_sacked | l->newly_lost) && !l->undo &&
	       !l->tlp && !l->cwr && !l->dsack;
}

void tcp_recovery_ack(
	struct tcp *tcp, struct tcb *t, const struct tcp_seg *s, struct tcp_ack_sample *a, bool dup)
{
	struct tcp_loss *l = &t->xs->loss;
	bool now = false, was = (t->flags & TF_RECOVERY) != 0;

	if (a->acked != 0)
		t->dup_acks = 0;
	else if (dup && !(t->flags & TF_SACK))
		dup_ack_count(tcp, t, a);
	tcp_rate_finish(tcp, t, a);
	if (unlikely(!in_order(t, a))) {
		now = judge(tcp, t, s, a, dup);
		a->lost = l->newly_lost;
		l->newly_lost = 0;
		l->dsack = false;
		if (t->flags & TF_RECOVERY && !(t->cc->flags & TCP_CC_MODEL))
			tcp_prr_update(
				t, was ? a->delivered : 0, a->acked != 0 && a->lost == 0, now);
		was = was || ece_keeps(t, a);
	}
	l->orig_seen = false;
	a->in_flight = tcp_pipe(t);
	if (cc_hears(t, a, was || t->flags & TF_RECOVERY))
		t->cc->acked(tcp, t, a);
}

void tcp_recovery_reorder(struct tcp *tcp, struct tcb *t)
{
	struct tcp_loss *l = &t->xs->loss;
	bool begins = rack_detect(tcp, t);

	if (t->flags & TF_RECOVERY && l->newly_lost != 0 && !(t->cc->flags & TCP_CC_MODEL))
		tcp_prr_update(t, 0, false, begins);
	l->newly_lost = 0;
	tcp_out_add(tcp, t);
}

void tcp_recovery_timeout(struct tcp *tcp, struct tcb *t, bool first)
{
	struct tcp_loss *l = &t->xs->loss;

	if (first) {
		/* RFC 5682 section 2.1 step 1: no doubt while an earlier one is recovered from. */
		tcp_undo_begin(t, !(t->flags & (TF_RECOVERY | TF_LOSS)));
		reduce(tcp, t);
	} else {
		l->frto = false;
		l->frto_new = false;
	}
	t->flags &= ~TF_RECOVERY;
	t->flags |= TF_LOSS;
	t->recover = t->snd_max;
	t->dup_acks = 0;
	l->tlp = false;
	l->pto = false;
	tcp_lost_all(tcp, t);
	t->cwnd = t->mss; /* loss window (RFC 5681 section 3.1) */
	if (first)
		t->cc->timeout(tcp, t);
}
