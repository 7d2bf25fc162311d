/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"
#include "win_max.h"

/*
 * BBR, version 1 (draft-cardwell-iccrg-bbr-congestion-control-00), with what was added to it later
 * in use: room in cwnd for acknowledgements that come in lumps, and a pacing rate a hundredth below
 * the bandwidth, so that a queue can empty. It sends at the rate that the path was seen to deliver,
 * and holds about twice bandwidth times round trip in flight; loss alone does not slow it down.
 */
enum bbr_mode { BBR_STARTUP, BBR_DRAIN, BBR_PROBE_BW, BBR_PROBE_RTT };

#define GAIN_ONE     256u /* gains are fixed-point */
#define GAIN_HIGH    739u /* 2/ln 2: doubles the rate each round trip */
#define GAIN_DRAIN   88u  /* its inverse */
#define GAIN_CWND    512u
#define CYCLE_LEN    8
#define BW_ROUNDS    10 /* of the bandwidth filter */
#define BW_SHIFT     6	/* its unit: 64 bytes a second */
#define RTPROP_MS    10000
#define PROBE_RTT_MS 200
#define CWND_MIN     4 /* segments */
#define FULL_ROUNDS  3
#define EXTRA_ROUNDS 5
#define EXTRA_US     100000

static const uint16_t cycle_gain[CYCLE_LEN] = {320, 192, 256, 256, 256, 256, 256, 256};

struct bbr {
	struct win_max bw;   /* by round */
	uint32_t rtprop_us;  /* 0: none yet */
	uint32_t rtprop_ms;  /* when */
	uint32_t probe_ms;   /* PROBE_RTT may end then; 0: the queue is not drained yet */
	uint32_t round;	     /* count */
	uint32_t round_end;  /* tcp_rate.delivered at which the round ends */
	uint32_t full_bw;    /* the best before it ceased to grow */
	uint32_t cycle_us;   /* begin of the phase */
	uint32_t prior_cwnd; /* before recovery or PROBE_RTT */
	uint32_t extra[2];   /* what came beyond bw * time: now, and in the rounds before */
	uint32_t epoch_us, epoch_acked;
	uint8_t mode, phase, full_n, extra_rounds;
	bool begun, filled, conserve, recovering, idle_restart, round_start, probe_round;
};

_Static_assert(sizeof(struct bbr) <= TCP_CC_STATE, "state of BBR");

static struct bbr *state(const struct tcb *t)
{
	return (struct bbr *)t->xs->cc;
}

static uint32_t now_ms(const struct tcp *tcp)
{
	return (uint32_t)(tcp->env->now_us / 1000);
}

/* Bytes a second. */
static uint64_t bbr_bw(const struct bbr *b)
{
	return (uint64_t)win_max_get(&b->bw) << BW_SHIFT;
}

static unsigned pacing_gain(const struct bbr *b)
{
	switch (b->mode) {
	case BBR_STARTUP:
		return GAIN_HIGH;
	case BBR_DRAIN:
		return GAIN_DRAIN;
	case BBR_PROBE_BW:
		return cycle_gain[b->phase];
	default:
		return GAIN_ONE;
	}
}

static unsigned cwnd_gain(const struct bbr *b)
{
	if (b->mode == BBR_STARTUP || b->mode == BBR_DRAIN)
		return GAIN_HIGH;
	return b->mode == BBR_PROBE_BW ? GAIN_CWND : GAIN_ONE;
}

/* Bandwidth times round trip times gain, and what a burst and delayed ACKs need (section 4.2.3.2). */
static uint32_t flight(const struct tcp *tcp, const struct tcb *t, unsigned gain)
{
	const struct bbr *b = state(t);

	if (b->rtprop_us == 0)
		return tcp_cc_initial_window(tcp, t);
	uint64_t bdp = bbr_bw(b) * b->rtprop_us / 1000000 * gain / GAIN_ONE;

	bdp += 3 * tcp_pace_burst(t);
	if (b->mode == BBR_PROBE_BW && b->phase == 0)
		bdp += 2 * t->mss;
	return (uint32_t)RTE_MIN(RTE_MAX(bdp, (uint64_t)CWND_MIN * t->mss), (uint64_t)TCP_CWND_MAX);
}

static void begin(const struct tcp *tcp, struct bbr *b)
{
	b->begun = true;
	b->rtprop_ms = now_ms(tcp);
	b->cycle_us = (uint32_t)tcp->env->now_us;
	b->epoch_us = b->cycle_us;
}

/* Section 4.1.1: rounds, and the greatest delivery rate of the last ten. */
static void bw_update(struct tcb *t, const struct tcp_ack_sample *a)
{
	struct bbr *b = state(t);

	b->round_start = false;
	if (a->rate_any && seq_geq(a->rate_prior, b->round_end)) {
		b->round_end = t->xs->rate.delivered;
		b->round++;
		b->round_start = true;
		b->conserve = false;
	}
	if (a->rate_interval_us == 0)
		return;
	uint64_t bw = (uint64_t)a->rate_delivered * 1000000 / a->rate_interval_us;

	if (!a->rate_app_limited || bw >= bbr_bw(b))
		win_max_put(&b->bw, BW_ROUNDS, b->round,
			(uint32_t)RTE_MIN(bw >> BW_SHIFT, (uint64_t)UINT32_MAX));
}

/* How much more than bw * time arrives at once: ACKs in lumps must not empty the pipe. */
static void extra_update(const struct tcp *tcp, struct tcb *t, const struct tcp_ack_sample *a)
{
	struct bbr *b = state(t);
	uint32_t now = (uint32_t)tcp->env->now_us;

	if (b->round_start && ++b->extra_rounds >= EXTRA_ROUNDS) {
		b->extra_rounds = 0;
		b->extra[1] = b->extra[0];
		b->extra[0] = 0;
	}
	uint64_t expected = bbr_bw(b) * (now - b->epoch_us) / 1000000;

	if (b->epoch_acked <= expected || b->epoch_acked > TCP_CWND_MAX) {
		b->epoch_acked = 0;
		b->epoch_us = now;
		expected = 0;
	}
	b->epoch_acked += a->delivered;
	b->extra[0] = RTE_MAX(b->extra[0], RTE_MIN((uint32_t)(b->epoch_acked - expected), t->cwnd));
}

static uint32_t extra_room(const struct bbr *b)
{
	uint64_t most = bbr_bw(b) * EXTRA_US / 1000000;

	return b->filled ? (uint32_t)RTE_MIN(most, (uint64_t)RTE_MAX(b->extra[0], b->extra[1])) : 0;
}

static void probe_bw_enter(struct tcp *tcp, struct bbr *b)
{
	b->mode = BBR_PROBE_BW;
	/* Any phase but draining: flows that began together do not probe together. */
	b->phase = (uint8_t)((CYCLE_LEN - rng_below(&tcp->env->rng, CYCLE_LEN - 1)) % CYCLE_LEN);
	b->cycle_us = (uint32_t)tcp->env->now_us;
}

/* Section 4.3.4.3. */
static void cycle_update(struct tcp *tcp, struct tcb *t, const struct tcp_ack_sample *a)
{
	struct bbr *b = state(t);
	uint32_t now = (uint32_t)tcp->env->now_us;
	bool over = now - b->cycle_us > b->rtprop_us;
	unsigned gain = pacing_gain(b);

	if (b->mode != BBR_PROBE_BW)
		return;
	if (gain > GAIN_ONE)
		over = over && (a->lost != 0 || a->prior_flight >= flight(tcp, t, gain));
	else if (gain < GAIN_ONE)
		over = over || a->prior_flight <= flight(tcp, t, GAIN_ONE);
	if (over) {
		b->phase = (b->phase + 1) % CYCLE_LEN;
		b->cycle_us = now;
	}
}

/* Section 4.3.2.2: three rounds without a quarter more. */
static void full_update(struct bbr *b, const struct tcp_ack_sample *a)
{
	uint32_t bw = win_max_get(&b->bw);

	if (b->filled || !b->round_start || a->rate_app_limited)
		return;
	if ((uint64_t)bw * 4 >= (uint64_t)b->full_bw * 5) {
		b->full_bw = bw;
		b->full_n = 0;
		return;
	}
	b->filled = ++b->full_n >= FULL_ROUNDS;
}

/* Section 4.3.3. */
static void drain_update(struct tcp *tcp, struct tcb *t, const struct tcp_ack_sample *a)
{
	struct bbr *b = state(t);

	if (b->mode == BBR_STARTUP && b->filled)
		b->mode = BBR_DRAIN;
	if (b->mode == BBR_DRAIN && a->in_flight <= flight(tcp, t, GAIN_ONE))
		probe_bw_enter(tcp, b);
}

static void cwnd_save(const struct tcb *t)
{
	struct bbr *b = state(t);

	b->prior_cwnd = b->recovering || b->mode == BBR_PROBE_RTT ? RTE_MAX(b->prior_cwnd, t->cwnd)
								  : t->cwnd;
}

static void probe_rtt_exit(struct tcp *tcp, struct tcb *t)
{
	struct bbr *b = state(t);

	b->rtprop_ms = now_ms(tcp);
	t->cwnd = RTE_MAX(t->cwnd, b->prior_cwnd);
	if (b->filled)
		probe_bw_enter(tcp, b);
	else
		b->mode = BBR_STARTUP;
}

/* Four segments for 200 ms and a round trip: the queue of all flows is gone by then. */
static void probe_rtt_update(struct tcp *tcp, struct tcb *t, const struct tcp_ack_sample *a)
{
	struct bbr *b = state(t);
	struct tcp_rate *r = &t->xs->rate;
	uint32_t ms = now_ms(tcp);

	/* Few segments in flight say nothing of the bandwidth. */
	r->app_limited = r->delivered + a->in_flight;
	r->app_limited += r->app_limited == 0;
	if (b->probe_ms == 0) {
		if (a->in_flight > CWND_MIN * t->mss)
			return;
		b->probe_ms = ms + PROBE_RTT_MS;
		b->probe_ms += b->probe_ms == 0;
		b->probe_round = false;
		b->round_end = r->delivered;
		return;
	}
	b->probe_round = b->probe_round || b->round_start;
	if (b->probe_round && seq_geq(ms, b->probe_ms))
		probe_rtt_exit(tcp, t);
}

/* Sections 4.1.2 and 4.3.5: the shortest round trip of ten seconds. */
static void rtprop_update(struct tcp *tcp, struct tcb *t, const struct tcp_ack_sample *a)
{
	struct bbr *b = state(t);
	uint32_t ms = now_ms(tcp);
	bool expired = ms - b->rtprop_ms > RTPROP_MS;

	if (a->rtt_us != 0 && (b->rtprop_us == 0 || a->rtt_us <= b->rtprop_us || expired)) {
		b->rtprop_us = a->rtt_us;
		b->rtprop_ms = ms;
	}
	if (expired && !b->idle_restart && b->mode != BBR_PROBE_RTT) {
		cwnd_save(t);
		b->mode = BBR_PROBE_RTT;
		b->probe_ms = 0;
	}
	if (b->mode == BBR_PROBE_RTT)
		probe_rtt_update(tcp, t, a);
	if (a->delivered != 0)
		b->idle_restart = false;
}

static void pacing_set(const struct tcp *tcp, struct tcb *t)
{
	struct bbr *b = state(t);
	uint64_t rate = bbr_bw(b) * pacing_gain(b) / GAIN_ONE / 100 * 99;

	if (rate != 0 && (b->filled || rate > t->xs->pace.rate))
		tcp_pace_set(tcp, t, rate);
}

/* Section 4.2.3.4: as much leaves as arrives for the first round of recovery; what was before comes
 * back at its end. True: cwnd is decided. */
static bool cwnd_recovery(struct tcb *t, const struct tcp_ack_sample *a)
{
	struct bbr *b = state(t);
	bool now = (t->flags & (TF_RECOVERY | TF_LOSS)) != 0;

	if (a->lost != 0)
		t->cwnd = t->cwnd > a->lost + t->mss ? t->cwnd - a->lost : t->mss;
	if (now && !b->recovering && t->flags & TF_RECOVERY) {
		b->conserve = true;
		b->round_end = t->xs->rate.delivered;
		t->cwnd = a->in_flight + a->delivered;
	} else if (!now && b->recovering) {
		b->conserve = false;
		t->cwnd = RTE_MAX(t->cwnd, b->prior_cwnd);
	}
	b->recovering = now;
	if (!b->conserve)
		return false;
	t->cwnd = RTE_MAX(t->cwnd, a->in_flight + a->delivered);
	return true;
}

static void cwnd_set(struct tcp *tcp, struct tcb *t, const struct tcp_ack_sample *a)
{
	struct bbr *b = state(t);

	if (a->delivered != 0 && !cwnd_recovery(t, a)) {
		uint64_t target = (uint64_t)flight(tcp, t, cwnd_gain(b)) + extra_room(b);

		if (b->filled)
			target = RTE_MIN(target, (uint64_t)t->cwnd + a->delivered);
		else if (t->cwnd < target || t->bytes_sent < tcp_cc_initial_window(tcp, t))
			target = (uint64_t)t->cwnd + a->delivered;
		else
			target = t->cwnd;
		t->cwnd = (uint32_t)RTE_MIN(target, (uint64_t)TCP_CWND_MAX);
		t->cwnd = RTE_MAX(t->cwnd, CWND_MIN * (uint32_t)t->mss);
	}
	if (b->mode == BBR_PROBE_RTT)
		t->cwnd = RTE_MIN(t->cwnd, CWND_MIN * (uint32_t)t->mss);
}

static void bbr_acked(struct tcp *tcp, struct tcb *t, const struct tcp_ack_sample *a)
{
	struct bbr *b = state(t);

	if (!b->begun)
		begin(tcp, b);
	bw_update(t, a);
	extra_update(tcp, t, a);
	cycle_update(tcp, t, a);
	full_update(b, a);
	drain_update(tcp, t, a);
	rtprop_update(tcp, t, a);
	pacing_set(tcp, t);
	cwnd_set(tcp, t, a);
}

static uint32_t bbr_ssthresh(struct tcp *tcp, struct tcb *t)
{
	cwnd_save(t);
	return t->ssthresh;
}

/* What was known of the growth in STARTUP is no longer; it grows again as fast as ACKs come. */
static void bbr_timeout(struct tcp *tcp, struct tcb *t)
{
	struct bbr *b = state(t);

	b->full_bw = 0;
	b->recovering = true;
	b->conserve = false;
}

static void bbr_undo(struct tcp *tcp, struct tcb *t)
{
	struct bbr *b = state(t);

	b->full_bw = 0;
	b->full_n = 0;
	b->recovering = false;
	b->conserve = false;
}

/* Section 4.3.4.4: the model is kept, and goes on at the bandwidth, not above. Without it (it was
 * given back after RTPROP_MS) everything begins anew. */
static void bbr_idle(struct tcp *tcp, struct tcb *t)
{
	if (t->xs == NULL) {
		tcp_cc_idle(tcp, t);
		return;
	}
	struct bbr *b = state(t);

	b->idle_restart = true;
	if (b->mode == BBR_PROBE_BW)
		tcp_pace_set(tcp, t, bbr_bw(b));
}

void tcp_bbr_info(const struct tcb *t, struct tcp_bbr_info *i)
{
	static const char *const names[] = {"startup", "drain", "probe-bw", "probe-rtt"};
	const struct bbr *b = state(t);

	*i = (struct tcp_bbr_info){names[b->mode], bbr_bw(b), b->rtprop_us};
}

const struct tcp_cc_ops tcp_cc_bbr = {
	.name = "bbr",
	.flags = TCP_CC_PACED | TCP_CC_MODEL,
	.init = tcp_cc_init,
	.acked = bbr_acked,
	.ssthresh = bbr_ssthresh,
	.timeout = bbr_timeout,
	.recovered = tcp_cc_nothing,
	.undo = bbr_undo,
	.idle = bbr_idle,
};
