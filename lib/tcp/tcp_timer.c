/* SPDX-License-Identifier: BSD-3-Clause */
#include "fastopen.h"
#include "tcp_priv.h"

#define BACKOFF_MAX 16

/*
 * One wheel timer a connection serves all its deadlines. A deadline that moves away leaves the
 * timer where it is: it then fires for nothing and is armed anew, once per timeout and not once
 * per segment.
 */

/* When keep-alive wants to act: after the idle time, then an interval after each probe, since it may have
 * been turned on long after the last segment came (section 3.8.4). */
static uint64_t keepalive_at(const struct tcp *tcp, const struct tcb *t)
{
	uint64_t now_ms = tcp->env->now_us / 1000;

	if (!(t->flags & TF_KEEPALIVE) || t->state < TCP_ESTABLISHED || t->snd_una != t->snd_max)
		return TCP_NEVER;
	if (t->keepalive_sent == 0)
		return t->last_rx_us + 1000 * (uint64_t)t->keepalive_idle_ms;
	now_ms -= (uint32_t)now_ms - t->keepalive_ms;
	return 1000 * (now_ms + t->keepalive_interval_ms);
}

/* How long the oldest unacknowledged data, or the SYN, may stay so. */
static uint64_t give_up_us(const struct tcp *tcp, const struct tcb *t)
{
	if (unlikely(t->user_timeout_s != 0))
		return t->user_timeout_s * UINT64_C(1000000);
	return t->state < TCP_ESTABLISHED ? tcp->conf.syn_r2_us : tcp->conf.r2_us;
}

/* Since when it was. A peer that has shut its window over data in flight, and answers, is not given up
 * (SHLD-17). */
static uint64_t stalled_since(const struct tcb *t)
{
	return t->snd_wnd == 0 ? RTE_MAX(t->last_rx_us, t->rexmt_since) : t->rexmt_since;
}

/* The user timeout (section 3.9.1.1) is exact; R2 waits for a retransmission. */
static uint64_t user_timeout_at(const struct tcb *t)
{
	if (likely(t->user_timeout_s == 0) || t->rexmt_since == 0)
		return TCP_NEVER;
	return stalled_since(t) + t->user_timeout_s * UINT64_C(1000000);
}

void tcp_timer_update(struct tcp *tcp, struct tcb *t)
{
	uint64_t at = RTE_MIN(RTE_MIN(t->rexmt_at, t->delack_at), t->close_at);

	at = RTE_MIN(at, keepalive_at(tcp, t));
	at = RTE_MIN(at, user_timeout_at(t));
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

/* R1 (MUST-20 (b)): the same data, SYN or probe was sent again for the r1-th time or more. The application
 * hears of it once, and may let go then (SHLD-9). */
static void stalled(struct tcp *tcp, struct tcb *t)
{
	bool now = t->stalls < UINT8_MAX && ++t->stalls == tcp->conf.r1;

	if (t->stalls >= tcp->conf.r1)
		net_suspect(tcp->net, &t->dst);
	if (now)
		tcp_error_report(tcp, t, ETIMEDOUT);
}

static void backoff_more(struct tcb *t)
{
	if (t->backoff < BACKOFF_MAX)
		t->backoff++;
}

/* SYN or SYN,ACK was not answered (section 3.8.3, MUST-23). */
static void syn_timeout(struct tcp *tcp, struct tcb *t)
{
	bool passive = t->state == TCP_SYN_RECEIVED && t->flags & TF_FASTOPEN;

	if ((passive && t->backoff >= tcp->conf.synack_tries) ||
		tcp->env->now_us - t->rexmt_since >= give_up_us(tcp, t)) {
		give_up(tcp, t);
		return;
	}
	if (!passive && (t->flags & (TF_FASTOPEN | TF_SYN_REXMT)) == TF_FASTOPEN)
		tcp_fastopen_failed(tcp, t);
	t->flags |= TF_SYN_REXMT;
	t->retransmits++;
	tcp_count(tcp, CNT_tcp_rexmt_segs);
	backoff_more(t);
	tcp_xmit_syn(tcp, t);
	tcp_rexmt_arm(tcp, t);
	stalled(tcp, t);
}

static uint64_t probe_interval_us(const struct tcp *tcp, const struct tcb *t, unsigned backoff)
{
	return RTE_MIN((uint64_t)t->rto_us << backoff, (uint64_t)tcp->conf.rto_max_us);
}

/* How long the window has been probed, at the least until that is for ever: the intervals so far. */
static uint64_t probing_us(const struct tcp *tcp, const struct tcb *t)
{
	uint64_t sum = 0;

	if (t->backoff >= BACKOFF_MAX)
		return TCP_NEVER;
	for (unsigned i = 0; i <= t->backoff; i++)
		sum += probe_interval_us(tcp, t, i);
	return sum;
}

/* Until the operator's patience with a shut window ends, which only he may limit (RFC 6429 section 4);
 * 0: now. */
static uint64_t persist_left_us(const struct tcp *tcp, const struct tcb *t)
{
	uint32_t stalled_ms = (uint32_t)(tcp->env->now_us / 1000) - t->persist_ms;
	uint32_t limit_ms = tcp->conf.persist_us / 1000;

	if (limit_ms == 0)
		return TCP_NEVER;
	return stalled_ms < limit_ms ? 1000 * (uint64_t)(limit_ms - stalled_ms) : 0;
}

/* The window is still closed: probe, for as long as the peer answers (MUST-37) and we may wait. */
static void persist_timeout(struct tcp *tcp, struct tcb *t)
{
	uint64_t silent_us = tcp->env->now_us - t->last_rx_us, limit_us = give_up_us(tcp, t);
	bool heard; /* of the peer, since the last probe */

	if (persist_left_us(tcp, t) == 0) {
		tcp_count(tcp, CNT_tcp_persist_drops);
		tcp_abort_report(tcp, t, ETIMEDOUT);
		return;
	}
	if (t->user_timeout_s != 0)
		silent_us = RTE_MIN(silent_us, probing_us(tcp, t));
	if (silent_us >= limit_us && t->backoff > (t->user_timeout_s != 0 ? 0 : 3)) {
		give_up(tcp, t);
		return;
	}
	tcp_probe(tcp, t);
	if (!(t->flags & TF_PERSIST))
		return;
	heard = t->backoff == 0 || silent_us <= probe_interval_us(tcp, t, t->backoff);
	backoff_more(t);
	tcp_rexmt_arm(tcp, t);
	if (t->user_timeout_s != 0 && silent_us < limit_us)
		t->rexmt_at = RTE_MIN(t->rexmt_at, tcp->env->now_us + limit_us - silent_us);
	if (persist_left_us(tcp, t) != TCP_NEVER)
		t->rexmt_at = RTE_MIN(t->rexmt_at, tcp->env->now_us + persist_left_us(tcp, t));
	if (heard)
		t->stalls = 0;
	else
		stalled(tcp, t);
}

/* At the first timeout: when the data was sent. R2 has always begun with the timeout itself. */
static uint64_t stall_begin(const struct tcp *tcp, const struct tcb *t)
{
	uint64_t now = tcp->env->now_us;

	if (likely(t->user_timeout_s == 0))
		return now;
	if (t->una_seg == NULL) /* FIN */
		return now - t->rto_us;
	return now - (uint32_t)((uint32_t)now - t->una_seg->sent_us);
}

/* RFC 6298 (5.4) to (5.6), RFC 5681 section 3.1: everything outstanding is taken for lost. */
static void rexmt_timeout(struct tcp *tcp, struct tcb *t)
{
	bool first = t->rexmt_since == 0;

	if (first) {
		t->rexmt_since = stall_begin(tcp, t);
		t->stalls = 0;
	}
	if (tcp->env->now_us - stalled_since(t) >= give_up_us(tcp, t)) {
		give_up(tcp, t);
		return;
	}
	tcp_count(tcp, CNT_tcp_rexmt_timeouts);
	tcp_xs(tcp, t);
	tcp_recovery_timeout(tcp, t, first);
	backoff_more(t);
	tcp_pmtu_timeout(tcp, t, first);
	tcp_rexmt_arm(tcp, t);
	tcp_out_add(tcp, t);
	stalled(tcp, t);
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

/* The time to linger is over, FIN-WAIT-2 that nobody holds, or evicted (evict.c). */
static void close_fire(struct tcp *tcp, struct tcb *t)
{
	tcp_count(tcp, CNT_tcp_timeouts);
	if (t->state == TCP_FIN_WAIT_2 && !(t->flags & TF_LINGER))
		tcb_end(tcp, t, 0);
	else
		tcp_abort_report(tcp, t, ETIMEDOUT);
}

static void keepalive_fire(struct tcp *tcp, struct tcb *t)
{
	if (t->keepalive_sent >= t->keepalive_count) {
		tcp_count(tcp, CNT_tcp_keepalive_drops);
		tcp_abort_report(tcp, t, ETIMEDOUT);
		return;
	}
	t->keepalive_sent++;
	t->keepalive_ms = (uint32_t)(tcp->env->now_us / 1000);
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
	if (unlikely(user_timeout_at(t) <= now_us)) {
		give_up(tcp, t);
		return;
	}
	if (t->rexmt_at <= now_us)
		rexmt_fire(tcp, t);
	if (t->state != TCP_CLOSED && t->close_at <= now_us)
		close_fire(tcp, t);
	if (t->state != TCP_CLOSED && keepalive_at(tcp, t) <= now_us)
		keepalive_fire(tcp, t);
	if (t->state == TCP_CLOSED)
		return;
	tcp_xs_release(tcp, t);
	tcp_timer_update(tcp, t);
}
