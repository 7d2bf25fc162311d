/* SPDX-License-Identifier: BSD-3-Clause */
#include "ack_advance.h"
#include "tcp_priv.h"

/*
 * What an acknowledgement does: round-trip time (RFC 6298), send queue, window; and, with more than a
 * segment under way, scoreboard (loss.c) and loss recovery (recovery.c).
 */

void tcp_rtt_sample(struct tcp *tcp, struct tcb *t, uint32_t rtt_us)
{
	rtt_sample(tcp, t, rtt_us);
}

void tcp_ack_growth(struct tcp *tcp, struct tcb *t, uint32_t acked, uint32_t prior_flight)
{
	struct tcp_ack_sample a = {.acked = acked,
		.delivered = acked,
		.in_flight = prior_flight - acked,
		.prior_flight = prior_flight,
		.limited = true};

	tcp_xs(tcp, t);
	t->cc->acked(tcp, t, &a);
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

static bool has_sack(const struct tcb *t, const struct tcp_seg *s)
{
	return s->opts != NULL && s->opts->has & WIRE_TCP_OPT_SACK && t->flags & TF_SACK;
}

/* What was sent again gives a sample by its timestamp, of a coarser clock (RFC 7323 section 4). */
static void rtt_by_timestamp(struct tcp *tcp, struct tcb *t, uint32_t tsecr)
{
	uint32_t ms = tcp_ts_now(tcp, t->ts_off) - tsecr;

	if (ms <= tcp->conf.rto_max_us / 1000) /* else it is none of ours */
		rtt_sample(tcp, t, RTE_MAX(ms * 1000, 1u));
}

/* With struct tcp_xs: new data acknowledged, a duplicate, or SACK blocks. */
static void ack_tracked(struct tcp *tcp, struct tcb *t, const struct tcp_seg *s, bool dup)
{
	struct tcp_ack_sample a = {.prior_flight = tcp_pipe(t),
		.limited = window_used(t, t->snd_max - t->snd_una),
		.ece = (s->flags & WIRE_TCP_ECE) != 0};
	bool advanced = s->ack != t->snd_una;

	if (likely(advanced))
		tcp_scoreboard_ack(tcp, t, s, &a);
	else if (dup)
		tcp_count(tcp, CNT_tcp_dup_acks);
	if (unlikely(has_sack(t, s)))
		tcp_sack_input(tcp, t, s, &a);
	if (likely(a.rtt_us != 0))
		rtt_sample(tcp, t, a.rtt_us);
	else if (advanced && s->has_ts)
		rtt_by_timestamp(tcp, t, s->tsecr);
	tcp_recovery_ack(tcp, t, s, &a, dup);
	if (likely(advanced))
		ack_done(tcp, t, s->ack);
}

/* TCP_DROPPED: the segment is used up (and the connection may be gone). */
enum tcp_verdict tcp_ack_process(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	if (unlikely(ack_refused(tcp, t, s)))
		return TCP_DROPPED;
	if (seq_gt(s->ack, t->snd_una)) {
		if (unlikely(t->flags & TF_ECN && s->flags & WIRE_TCP_ECE))
			tcp_xs(tcp, t);
		if (likely(t->xs != NULL))
			ack_tracked(tcp, t, s, false);
		else
			ack_advance(tcp, t, s->ack);
		window_update(tcp, t, s);
		if (unlikely(t->pmtu_probe != 0))
			tcp_pmtu_acked(tcp, t);
		if (t->nxt_seg != NULL || t->flags & TF_FIN_QUEUED || t->snd_una != t->snd_max)
			tcp_out_add(tcp, t);
		if (unlikely(t->flags & TF_WRITABLE))
			tcp_room_report(tcp, t);
		if (unlikely(t->state == TCP_CLOSED)) {
			seg_done(tcp, s);
			return TCP_DROPPED;
		}
		return TCP_OK;
	}
	bool dup = is_duplicate(t, s);

	/* With nothing outstanding there may still be a D-SACK for what was sent before; and a mark
	 * may be told of with the peer's data (RFC 3168 section 6.1.2). */
	if (dup ||
		(s->ack == t->snd_una && ((t->xs != NULL && has_sack(t, s)) ||
						 (t->flags & TF_ECN && s->flags & WIRE_TCP_ECE)))) {
		tcp_xs(tcp, t);
		ack_tracked(tcp, t, s, dup);
		tcp_out_add(tcp, t); /* limited transmit (RFC 3042), or recovery */
	}
	if (s->ack == t->snd_una)
		window_update(tcp, t, s);
	return TCP_OK;
}
