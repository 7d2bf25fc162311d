/* SPDX-License-Identifier: BSD-3-Clause */
#include "hystart.h"
#include "tcp_priv.h"

/*
 * CUBIC (RFC 9438) with HyStart++ (RFC 9406), the default. Windows in bytes, times in milliseconds,
 * C = 0.4 segments / s^3, beta = 0.7; all in integers.
 */
#define BETA_NUM 7
#define BETA_DEN 10
/* alpha = 3 (1 - beta) / (1 + beta) = 9 / 17 (section 4.3) */
#define ALPHA_NUM 9
#define ALPHA_DEN 17

/* What an undo brings back (section 4.9). */
struct cubic_epoch {
	uint32_t w_max;	   /* cwnd before the last reduction; 0: none yet */
	uint32_t prior;	   /* cwnd_prior */
	uint32_t k_ms;	   /* from the epoch's begin to w_max */
	uint32_t begin_ms; /* t_epoch */
	uint32_t origin;   /* window at the plateau: w_max, or cwnd if that is larger */
	uint32_t w_est;	   /* what Reno would have (section 4.3); 0: no epoch runs */
};

struct cubic {
	struct cubic_epoch now, undo;
	struct hystart hystart;
	uint32_t last_ms; /* the last ACK that found the window used */
	uint32_t part;	  /* of a byte of cwnd, in bytes * (target - cwnd) / cwnd */
	uint32_t est_part;
};

_Static_assert(sizeof(struct cubic) <= TCP_CC_STATE, "state of CUBIC");

static struct cubic *state(const struct tcb *t)
{
	return (struct cubic *)t->xs->cc;
}

static uint32_t now_ms(const struct tcp *tcp)
{
	return (uint32_t)(tcp->env->now_us / 1000);
}

uint32_t tcp_cubic_root(uint64_t n)
{
	uint64_t y = 0;

	/* Bit by bit: y is the root of what was seen of n, three bits a step. */
	for (int s = 63; s >= 0; s -= 3) {
		uint64_t b = 3 * (2 * y) * (2 * y + 1) + 1;

		y *= 2;
		if (n >> s >= b) {
			n -= b << s;
			y++;
		}
	}
	return (uint32_t)y;
}

/* Equation 2: K = cbrt((W_max - cwnd) / C). */
static uint32_t k_ms(uint32_t bytes, uint16_t mss)
{
	return tcp_cubic_root((uint64_t)bytes * UINT64_C(2500000000) / mss);
}

/* Equation 1 at t_ms after the epoch began. */
static uint32_t w_cubic(const struct cubic_epoch *e, uint32_t t_ms, uint16_t mss)
{
	bool before = t_ms < e->k_ms;
	uint64_t d = RTE_MIN(before ? e->k_ms - t_ms : t_ms - e->k_ms, 1u << 20);
	uint64_t off = d * d * d / 1000000 * 2 * mss / 5000;

	if (before)
		return off < e->origin ? e->origin - (uint32_t)off : 0;
	return (uint32_t)RTE_MIN(e->origin + off, (uint64_t)TCP_CWND_MAX);
}

static void epoch_begin(struct cubic *c, const struct tcb *t, uint32_t ms)
{
	struct cubic_epoch *e = &c->now;

	e->begin_ms = ms;
	e->w_est = t->cwnd;
	c->part = 0;
	c->est_part = 0;
	if (t->cwnd < e->w_max) {
		e->k_ms = k_ms(e->w_max - t->cwnd, t->mss);
		e->origin = e->w_max;
	} else { /* slow start brought us here, or the window was shifted by an undo */
		e->k_ms = 0;
		e->origin = t->cwnd;
	}
}

/* Section 4.3: Reno's window in the same time. */
static void w_est_grow(struct cubic *c, const struct tcb *t, uint32_t acked)
{
	struct cubic_epoch *e = &c->now;
	bool slower = e->w_est < e->prior; /* alpha is 1 from cwnd_prior on */
	uint64_t num = (uint64_t)acked * t->mss * (slower ? ALPHA_NUM : ALPHA_DEN) + c->est_part;
	uint64_t den = (uint64_t)t->cwnd * ALPHA_DEN;

	e->w_est = (uint32_t)RTE_MIN(e->w_est + num / den, (uint64_t)TCP_CWND_MAX);
	c->est_part = (uint32_t)RTE_MIN(num % den, (uint64_t)UINT32_MAX);
}

/* Sections 4.4 and 4.5: an acknowledged window brings cwnd to where the curve is a round trip later. */
static void curve_grow(struct cubic *c, struct tcb *t, uint32_t t_ms, uint32_t acked)
{
	uint32_t target = w_cubic(&c->now, t_ms + t->srtt_us / 1000, t->mss);

	target = RTE_MIN(target, t->cwnd + t->cwnd / 2);
	if (target <= t->cwnd)
		return;
	uint64_t num = (uint64_t)(target - t->cwnd) * acked + c->part;

	c->part = (uint32_t)(num % t->cwnd);
	t->cwnd = (uint32_t)RTE_MIN(t->cwnd + num / t->cwnd, (uint64_t)TCP_CWND_MAX);
}

static void avoid(struct tcp *tcp, struct tcb *t, uint32_t acked)
{
	struct cubic *c = state(t);
	uint32_t ms = now_ms(tcp);

	if (c->now.w_est == 0) {
		epoch_begin(c, t, ms);
	} else if (ms - c->last_ms > t->srtt_us / 1000 + 1) {
		/* The window was not used for a while: that time does not count (section 5.8). */
		c->now.begin_ms += ms - c->last_ms;
	}
	uint32_t t_ms = ms - c->now.begin_ms;

	w_est_grow(c, t, acked);
	if (w_cubic(&c->now, t_ms, t->mss) < c->now.w_est)
		t->cwnd = RTE_MAX(t->cwnd, c->now.w_est);
	else
		curve_grow(c, t, t_ms, acked);
}

static void cubic_acked(struct tcp *tcp, struct tcb *t, const struct tcp_ack_sample *a)
{
	struct cubic *c = state(t);
	uint32_t acked = a->acked;

	if (t->cwnd < t->ssthresh) {
		uint32_t counts = RTE_MIN(acked, (uint32_t)HYSTART_LIMIT * t->mss);

		/* Only the first slow start looks for the limit (RFC 9406 section 4.3). */
		if (t->ssthresh == TCP_SSTHRESH_MAX &&
			hystart_acked(&c->hystart, t, a->rtt_us, &counts))
			t->ssthresh = t->cwnd;
		acked = tcp_cc_slow_start(t, counts, HYSTART_LIMIT);
	}
	if (t->cwnd >= t->ssthresh && acked != 0)
		avoid(tcp, t, acked);
	c->last_ms = now_ms(tcp);
}

/* Sections 4.6 and 4.7. */
static uint32_t cubic_ssthresh(struct tcp *tcp, struct tcb *t)
{
	struct cubic *c = state(t);
	uint32_t ssthresh = (uint32_t)((uint64_t)tcp_cc_flight(t) * BETA_NUM / BETA_DEN);

	c->undo = c->now;
	c->now.prior = t->cwnd;
	if (t->cwnd < c->now.w_max) /* fast convergence: leave room for a newcomer */
		c->now.w_max =
			(uint32_t)((uint64_t)t->cwnd * (BETA_DEN + BETA_NUM) / (2 * BETA_DEN));
	else
		c->now.w_max = t->cwnd;
	c->now.w_est = 0;
	return RTE_MAX(ssthresh, 2u * t->mss);
}

static void cubic_undo(struct tcp *tcp, struct tcb *t)
{
	struct cubic *c = state(t);

	c->now = c->undo;
}

/* Section 4.8: after the slow start that follows, K is 0 and W_max what cwnd then is. */
static void cubic_timeout(struct tcp *tcp, struct tcb *t)
{
	state(t)->now.w_max = 0;
	state(t)->now.w_est = 0;
}

static void cubic_idle(struct tcp *tcp, struct tcb *t)
{
	tcp_cc_idle(tcp, t);
	if (t->xs != NULL)
		state(t)->now.w_est = 0;
}

const struct tcp_cc_ops tcp_cc_cubic = {
	.name = "cubic",
	.init = tcp_cc_init,
	.acked = cubic_acked,
	.ssthresh = cubic_ssthresh,
	.timeout = cubic_timeout,
	.recovered = tcp_cc_nothing,
	.undo = cubic_undo,
	.idle = cubic_idle,
};
