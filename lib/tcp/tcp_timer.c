/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * One wheel timer a connection serves all its deadlines. A deadline that moves away leaves the
 * timer where it is: it then fires for nothing and is armed anew, once per timeout and not once
 * per segment.
 */

/* When keep-alive wants to act: after the idle time, then once an interval (section 3.8.4). */
static uint64_t keepalive_at(const struct tcb *t)
{
	if (!(t->flags & TF_KEEPALIVE) || t->state < TCP_ESTABLISHED || t->snd_una != t->snd_max)
		return TCP_NEVER;
	return t->last_rx_us + 1000 * (t->keepalive_idle_ms + (uint64_t)t->keepalive_sent *
								      t->keepalive_interval_ms);
}

void tcp_timer_update(struct tcp *tcp, struct tcb *t)
{
	uint64_t at = RTE_MIN(RTE_MIN(t->rexmt_at, t->delack_at), t->close_at);

	at = RTE_MIN(at, keepalive_at(t));
	if (t->xs != NULL && t->xs->pace.wake_us != 0)
		at = RTE_MIN(at, t->xs->pace.wake_us);
	if (t->xs != NULL && t->xs->loss.reo_at != 0)
		at = RTE_MIN(at, t->xs->loss.reo_at);
	if (t->xs != NULL && tcp_xs_release_at(t) != TCP_NEVER)
		at = RTE_MIN(at, tcp_xs_release_at(t) + 1);
	if (at != TCP_NEVER)
		tcp_timer_want(tcp, t, at);
}

static void give_up(struct tcp *tcp, struct tcb *t)
{
	tcp_count(tcp, t->flags & TF_REACHED ? CNT_tcp_timeouts : CNT_tcp_attempt_fails);
	tcb_end(tcp, t, t->soft_error != 0 ? t->soft_error : ETIMEDOUT);
}

static void backoff_more(struct tcb *t)
{
	if (t->backoff < 16)
		t->backoff++;
}

/* SYN or SYN,ACK was not answered (section 3.8.3, MUST-23). */
static void syn_timeout(struct tcp *tcp, struct tcb *t)
{
	if (tcp->env->now_us - t->rexmt_since >= tcp->conf.syn_r2_us) {
		give_up(tcp, t);
		return;
	}
	t->flags |= TF_SYN_REXMT;
	t->retransmits++;
	tcp_count(tcp, CNT_tcp_rexmt_segs);
	backoff_more(t);
	tcp_xmit_syn(tcp, t);
	tcp_rexmt_arm(tcp, t);
}

/* The window is still closed: probe, for as long as the peer answers (MUST-37). */
static void persist_timeout(struct tcp *tcp, struct tcb *t)
{
	uint64_t silent_us = tcp->env->now_us - t->last_rx_us;

	if (silent_us >= tcp->conf.r2_us && t->backoff > 3) {
		give_up(tcp, t);
		return;
	}
	tcp_probe(tcp, t);
	if (t->flags & TF_PERSIST) {
		backoff_more(t);
		tcp_rexmt_arm(tcp, t);
	}
}

/* A peer that has shut its window over data in flight, and answers, is not given up (SHLD-17). */
static bool r2_reached(const struct tcp *tcp, const struct tcb *t)
{
	uint64_t since = t->snd_wnd == 0 ? t->last_rx_us : t->rexmt_since;

	return tcp->env->now_us - RTE_MAX(since, t->rexmt_since) >= tcp->conf.r2_us;
}

/* RFC 6298 (5.4) to (5.6), RFC 5681 section 3.1: everything outstanding is taken for lost. */
static void rexmt_timeout(struct tcp *tcp, struct tcb *t)
{
	bool first = t->rexmt_since == 0;

	if (first)
		t->rexmt_since = tcp->env->now_us;
	else if (r2_reached(tcp, t)) {
		give_up(tcp, t);
		return;
	}
	tcp_count(tcp, CNT_tcp_rexmt_timeouts);
	tcp_xs(tcp, t);
	tcp_recovery_timeout(tcp, t, first);
	backoff_more(t);
	tcp_pmtu_timeout(tcp, t);
	tcp_rexmt_arm(tcp, t);
	tcp_out_add(tcp, t);
}

static void rexmt_fire(struct tcp *tcp, struct tcb *t)
{
	t->rexmt_at = TCP_NEVER;
	if (t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED) {
		syn_timeout(tcp, t);
	} else if (t->flags & TF_PERSIST) {
		persist_timeout(tcp, t);
	} else if (t->snd_una != t->snd_max) {
		if (!(t->flags & TF_SACK) || !tcp_tlp_fire(tcp, t))
			rexmt_timeout(tcp, t);
	} else { /* a buffer was lacking */
		tcp_out_add(tcp, t);
		tcp_room_report(tcp, t);
	}
}

/* The time to linger is over, or FIN-WAIT-2 that nobody holds. */
static void close_fire(struct tcp *tcp, struct tcb *t)
{
	tcp_count(tcp, CNT_tcp_timeouts);
	if (t->flags & TF_LINGER)
		tcp_abort_report(tcp, t, ETIMEDOUT);
	else
		tcb_end(tcp, t, 0);
}

static void keepalive_fire(struct tcp *tcp, struct tcb *t)
{
	if (t->keepalive_sent >= t->keepalive_count) {
		tcp_count(tcp, CNT_tcp_keepalive_drops);
		tcp_abort_report(tcp, t, ETIMEDOUT);
		return;
	}
	t->keepalive_sent++;
	tcp_count(tcp, CNT_tcp_keepalive_probes);
	tcp_xmit_ctl(tcp, t, t->snd_una - 1, WIRE_TCP_ACK);
}

void tcp_timer_fire(void *ctx, struct timer *timer, uint64_t now_us)
{
	struct tcp *tcp = ctx;
	struct tcb *t = container_of(timer, struct tcb, timer);

	if (t->delack_at <= now_us) {
		t->delack_at = TCP_NEVER;
		tcp_count(tcp, CNT_tcp_delayed_acks);
		t->quick_acks =
			tcp->conf.quick_acks; /* the sender paused, perhaps for want of this ACK */
		tcp_ack_now(tcp, t);
	}
	if (unlikely(t->xs != NULL && t->xs->pace.wake_us != 0 && t->xs->pace.wake_us <= now_us)) {
		t->xs->pace.wake_us = 0;
		tcp_out_add(tcp, t);
	}
	if (unlikely(t->xs != NULL && t->xs->loss.reo_at != 0 && t->xs->loss.reo_at <= now_us))
		tcp_recovery_reorder(tcp, t);
	if (t->rexmt_at <= now_us)
		rexmt_fire(tcp, t);
	if (t->state != TCP_CLOSED && t->close_at <= now_us)
		close_fire(tcp, t);
	if (t->state != TCP_CLOSED && keepalive_at(t) <= now_us)
		keepalive_fire(tcp, t);
	if (t->state == TCP_CLOSED)
		return;
	tcp_xs_release(tcp, t);
	tcp_timer_update(tcp, t);
}
