/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * Was it a loss at all? The peer's timestamp answers the first sending (Eifel, RFC 3522), or all that
 * was sent again came twice (D-SACK, RFC 3708), or after a timeout what was sent before it goes on
 * arriving (F-RTO, RFC 5682). Then cwnd and ssthresh are what they were (RFC 4015), and nothing
 * is taken for lost any more.
 */

void tcp_undo_begin(struct tcb *t, bool timeout)
{
	struct tcp_loss *l = &t->xs->loss;

	l->undo = true;
	l->undo_any = false;
	l->undo_left = 0;
	l->undo_end = t->snd_max;
	l->rexmt_ts_known = false;
	l->prior_cwnd = t->cwnd;
	l->prior_ssthresh = t->ssthresh;
	l->frto = timeout;
	l->frto_new = false;
}

static void undo(struct tcp *tcp, struct tcb *t)
{
	struct tcp_loss *l = &t->xs->loss;

	/* Slow segments are not lost ones: more patience from now on (RFC 8985 section 6.2). */
	if (t->flags & TF_RECOVERY)
		l->reordering = true;
	for (struct txseg *s = t->una_seg; s != NULL && s != t->nxt_seg; s = s->next)
		s->flags &= (uint16_t)~TXSEG_LOST;
	l->lost = 0;
	l->fin_lost = false;
	l->next_lost = NULL;
	l->walk = NULL;
	l->undo = false;
	l->frto = false;
	l->frto_new = false;
	t->flags &= ~(TF_RECOVERY | TF_LOSS);
	t->cwnd = RTE_MAX(t->cwnd, l->prior_cwnd);
	t->ssthresh = l->prior_ssthresh;
	t->rexmt_since = 0;
	t->backoff = 0;
	t->cc->undo(tcp, t);
}

/* RFC 3522 section 3.2: the ACK answers what was sent before the first retransmission. */
static bool eifel(const struct tcb *t, const struct tcp_seg *s, const struct tcp_ack_sample *a)
{
	const struct tcp_loss *l = &t->xs->loss;

	return a->acked != 0 && s->has_ts && l->rexmt_ts_known && seq_lt(s->tsecr, l->rexmt_ts);
}

static bool new_segment(const struct tcb *t)
{
	if (t->nxt_seg == NULL || !(t->flags & TF_SENDING))
		return false;
	uint32_t queued = t->tail_seg->seq + t->tail_seg->len, edge = t->snd_una + t->snd_wnd;

	return seq_geq(
		RTE_MIN(queued - t->snd_una, edge - t->snd_una) + t->snd_una, t->snd_nxt + t->mss);
}

/*
 * RFC 5682 section 2.1, and 3.1 with SACK: after the first ACK that moves snd_una without covering all,
 * new data is sent; if the next one too acknowledges what was sent only once, the timeout was
 * spurious. True: it was.
 */
static bool frto(struct tcb *t, const struct tcp_ack_sample *a, bool dup)
{
	struct tcp_loss *l = &t->xs->loss;

	if (l->orig_seen)
		return true;
	if (l->frto_new) { /* new data was sent, and this is the answer */
		l->frto_new = false;
		if (dup || a->acked == 0) { /* (3a): it was a loss */
			l->frto = false;
			t->cwnd = 3u * t->mss; /* room for old data beside the new */
		}
		return false;
	}
	if (a->acked == 0 || seq_geq(t->snd_una, t->recover)) {
		l->frto = a->acked == 0 && !dup;
		return false;
	}
	/* Without a whole new segment that surely goes now (Nagle, the peer's window): as usual. */
	l->frto_new = new_segment(t);
	l->frto = l->frto_new;
	return false;
}

bool tcp_undo_check(struct tcp *tcp, struct tcb *t, const struct tcp_seg *s,
	const struct tcp_ack_sample *a, bool dup)
{
	struct tcp_loss *l = &t->xs->loss;
	bool recovering = (t->flags & (TF_RECOVERY | TF_LOSS)) != 0;

	if (recovering && eifel(t, s, a))
		tcp_count(tcp, CNT_tcp_undo_eifel);
	else if (l->dsack && l->undo_any && l->undo_left == 0)
		tcp_count(tcp, CNT_tcp_undo_dsack);
	else if (t->flags & TF_LOSS && l->frto && frto(t, a, dup))
		tcp_count(tcp, CNT_tcp_undo_frto);
	else {
		l->undo = recovering || seq_leq(t->snd_una, l->undo_end);
		return false;
	}
	undo(tcp, t);
	return true;
}
