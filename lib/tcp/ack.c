/* SPDX-License-Identifier: BSD-3-Clause */
#include "ack_advance.h"
#include "tcp_priv.h"

/*
 * What an acknowledgement does: round-trip time (RFC 6298), send queue, window, loss recovery
 * without SACK (RFC 5681 section 3.2, RFC 6582).
 */

void tcp_rtt_sample(struct tcp *tcp, struct tcb *t, uint32_t rtt_us)
{
	rtt_sample(tcp, t, rtt_us);
}

/* Fast recovery: is it over, or is the next hole known? */
void tcp_recovery_ack(struct tcp *tcp, struct tcb *t, uint32_t ack, uint32_t acked)
{
	if (seq_geq(ack, t->recover)) {
		t->flags &= ~TF_RECOVERY;
		t->cc->recovered(tcp, t, t->snd_max - ack);
		return;
	}
	t->cc->partial(tcp, t, acked);
	tcp_rexmt_head(tcp, t); /* RFC 6582 section 3.2: the next hole at once */
}

void tcp_ack_advance(struct tcp *tcp, struct tcb *t, uint32_t ack)
{
	ack_advance(tcp, t, ack);
}

/* The third duplicate ACK (RFC 5681 section 3.2, RFC 6582 section 3.2 step 2). */
static void fast_retransmit(struct tcp *tcp, struct tcb *t)
{
	if (seq_leq(t->snd_una, t->recover))
		return; /* duplicates of what a timeout or an earlier recovery resent */
	tcp_count(tcp, CNT_tcp_rexmt_fast);
	t->recover = t->snd_max;
	t->flags |= TF_RECOVERY;
	/* What limited transmit sent beyond cwnd MUST NOT count (RFC 5681 section 3.2 step 2). */
	t->cc->loss(tcp, t, RTE_MIN(t->snd_max - t->snd_una, t->cwnd));
	tcp_rexmt_head(tcp, t);
	tcp_rexmt_arm(tcp, t);
}

static void duplicate_ack(struct tcp *tcp, struct tcb *t)
{
	tcp_count(tcp, CNT_tcp_dup_acks);
	if (t->dup_acks < UINT8_MAX)
		t->dup_acks++;
	if (t->flags & TF_RECOVERY)
		t->cc->dup_ack(tcp, t);
	else if (t->dup_acks == 3)
		fast_retransmit(tcp, t);
	tcp_out_add(tcp, t); /* limited transmit (RFC 3042), or new data in recovery */
}

/* RFC 5681 section 2: nothing but a repeated acknowledgement while data is outstanding. */
static bool is_duplicate(const struct tcb *t, const struct tcp_seg *s)
{
	return s->ack == t->snd_una && s->len == 0 && !(s->flags & (WIRE_TCP_SYN | WIRE_TCP_FIN)) &&
	       t->snd_una != t->snd_max && seg_wnd(t, s) == t->snd_wnd && !(t->flags & TF_PERSIST);
}

/* The peer's window, from segments that are not older than the last one used (section 3.10.7.4). */
static void window_update(struct tcp *tcp, struct tcb *t, const struct tcp_seg *s)
{
	if (!(seq_lt(t->snd_wl1, s->seq) || (t->snd_wl1 == s->seq && seq_leq(t->snd_wl2, s->ack))))
		return;
	t->snd_wl1 = s->seq;
	t->snd_wl2 = s->ack;
	uint32_t wnd = seg_wnd(t, s);

	if (wnd == t->snd_wnd)
		return;
	if (t->snd_wnd == 0 && t->rexmt_since != 0)
		t->rexmt_since = tcp->env->now_us; /* shut over data in flight: R2 starts now */
	t->snd_wnd = wnd;
	if (t->snd_wnd > t->max_wnd)
		t->max_wnd = t->snd_wnd;
	if (t->flags & TF_PERSIST && t->snd_wnd != 0) {
		t->flags &= ~TF_PERSIST;
		t->backoff = 0;
		t->rexmt_at = TCP_NEVER;
		t->snd_nxt = t->snd_una; /* what the probe carried is sent again */
		t->nxt_seg = t->una_seg;
	}
	tcp_out_add(tcp, t);
}

/* Not acceptable: above what was sent, or so old that it is an attack (RFC 5961 section 5.2). */
static bool ack_refused(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	if (likely(seq_leq(s->ack, t->snd_max) && seq_geq(s->ack, t->snd_una)))
		return false;
	if (seq_lt(s->ack, t->snd_una) && t->snd_una - s->ack <= t->max_wnd)
		return false; /* old, harmless */
	tcp_challenge_ack(tcp, t);
	seg_drop(tcp, s, DROP_tcp_ack);
	return true;
}

/* TCP_DROPPED: the segment is used up (and the connection may be gone). */
enum tcp_verdict tcp_ack_process(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	if (unlikely(ack_refused(tcp, t, s)))
		return TCP_DROPPED;
	if (seq_gt(s->ack, t->snd_una)) {
		tcp_ack_advance(tcp, t, s->ack);
		window_update(tcp, t, s);
		if (t->nxt_seg != NULL || t->flags & TF_FIN_QUEUED)
			tcp_out_add(tcp, t);
		if (unlikely(t->flags & TF_WRITABLE))
			tcp_room_report(tcp, t);
		if (unlikely(t->state == TCP_CLOSED)) {
			seg_done(tcp, s);
			return TCP_DROPPED;
		}
		return TCP_OK;
	}
	if (is_duplicate(t, s))
		duplicate_ack(tcp, t);
	if (s->ack == t->snd_una)
		window_update(tcp, t, s);
	return TCP_OK;
}
