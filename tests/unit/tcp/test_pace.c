/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "tcp_priv.h"

/* Pacing of a block made by hand: segments of MSS bytes are always wanted. */

#define MSS 1500u

static struct env env;
static struct tcp tcp;
static struct tcb t;
static struct tcp_xs xs;

static void setup(void)
{
	env.now_us = 1000000;
	timer_wheel_init(&env.wheel, env.now_us);
	tcp.env = &env;
	t.xs = &xs;
	t.mss = MSS;
	t.cwnd = 100 * MSS;
	t.ssthresh = 50 * MSS;
	t.srtt_us = 10000;
}

TestSuite(pace, .init = setup);

/* Sends what pacing allows for us microseconds, going on only when the timer says so. Returns the
 * bytes; *burst: the largest at one instant. */
static uint64_t run(uint64_t us, uint32_t *burst)
{
	uint64_t end = env.now_us + us, sent = 0;

	*burst = 0;
	while (env.now_us < end) {
		uint32_t n = 0;

		while (tcp_pace_ready(&tcp, &t)) {
			tcp_pace_sent(&tcp, &t, MSS);
			n += MSS;
		}
		sent += n;
		*burst = RTE_MAX(*burst, n);
		cr_assert(timer_armed(&t.timer));
		cr_assert_gt(timer_expires_us(&t.timer), env.now_us);
		env.now_us = timer_expires_us(&t.timer);
		timer_cancel(&env.wheel, &t.timer);
	}
	return sent;
}

static void expect_rate(uint64_t bytes_per_s)
{
	uint32_t burst;

	tcp_pace_set(&tcp, &t, bytes_per_s);
	uint64_t sent = run(10000000, &burst);

	cr_expect(sent > bytes_per_s * 10 / 1000 * 997 && sent < bytes_per_s * 10 / 1000 * 1003,
		"%lu of %lu bytes", sent, bytes_per_s * 10);
	cr_expect_leq(burst, RTE_MAX(RTE_MIN(bytes_per_s / 1000, 65536u) + MSS, MSS), "%u at once",
		burst);
}

Test(pace, megabits)
{
	expect_rate(1250000);
}

Test(pace, gigabits)
{
	expect_rate(1250000000);
}

Test(pace, hundred_gigabits)
{
	expect_rate(12500000000);
}

/* Below a segment a millisecond: one by one. */
Test(pace, slow)
{
	uint32_t burst;

	tcp_pace_set(&tcp, &t, 125000); /* 12 ms a segment */
	uint64_t sent = run(1200000, &burst);

	cr_expect_eq(burst, MSS);
	cr_expect(sent >= 99 * MSS && sent <= 101 * MSS, "%lu", sent);
}

/* What was not used does not add up to a burst. */
Test(pace, idle_earns_one_burst)
{
	uint32_t burst;

	tcp_pace_set(&tcp, &t, 1250000);
	run(100000, &burst);
	env.now_us += 5000000;
	run(100000, &burst);
	cr_expect_leq(burst, 1250 + MSS);
}

/* A timer that fires late loses nothing, as long as it is less than a burst. */
Test(pace, late_timer_keeps_the_rate)
{
	uint64_t sent = 0, begin = env.now_us;

	tcp_pace_set(&tcp, &t, 12500000);
	while (env.now_us < begin + 1000000) {
		while (tcp_pace_ready(&tcp, &t)) {
			tcp_pace_sent(&tcp, &t, MSS);
			sent += MSS;
		}
		env.now_us = timer_expires_us(&t.timer) + env.now_us % 300;
		timer_cancel(&env.wheel, &t.timer);
	}
	cr_expect(sent > 12450000 && sent < 12550000, "%lu", sent);
}

Test(pace, without_a_rate_always)
{
	cr_expect(tcp_pace_ready(&tcp, &t));
	t.xs = NULL;
	cr_expect(tcp_pace_ready(&tcp, &t));
	tcp_pace_sent(&tcp, &t, MSS);
}

/* From the window: twice in slow start, a fifth more afterwards. */
Test(pace, by_window)
{
	tcp_pace_by_cwnd(&tcp, &t);
	cr_expect_eq(xs.pace.rate, (uint64_t)100 * MSS * 120);
	t.ssthresh = UINT32_MAX / 2;
	tcp_pace_by_cwnd(&tcp, &t);
	cr_expect_eq(xs.pace.rate, (uint64_t)100 * MSS * 200);
}
