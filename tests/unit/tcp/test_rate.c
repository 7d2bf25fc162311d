/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "tcp_priv.h"

/* draft-cheng-iccrg-delivery-rate-estimation-02, on a block made by hand. */

#define MSS 1000u
#define MS  1000u

static struct env env;
static struct tcp tcp;
static struct tcb t;
static struct tcp_xs xs;
static struct txseg seg[40];

static void setup(void)
{
	env.now_us = 1000000;
	tcp.env = &env;
	t.xs = &xs;
	t.cwnd = 100 * MSS;
	t.snd_una = t.snd_max = t.snd_nxt = 5000;
}

TestSuite(rate, .init = setup);

static void sent(unsigned i)
{
	seg[i].len = MSS;
	seg[i].seq = t.snd_max;
	tcp_rate_sent(&tcp, &t, &seg[i]);
	seg[i].sent_us = (uint32_t)env.now_us;
	t.snd_max += MSS;
	if (t.una_seg == NULL)
		t.una_seg = &seg[i];
}

static void acked(unsigned first, unsigned n, uint32_t rtt_us, struct tcp_ack_sample *a)
{
	memset(a, 0, sizeof(*a));
	a->rtt_us = rtt_us;
	for (unsigned i = first; i < first + n; i++)
		tcp_rate_delivered(&tcp, &t, &seg[i], a);
	t.snd_una += n * MSS;
	tcp_rate_finish(&tcp, &t, a);
}

/* One segment a millisecond, a round trip of 20: in the second round each sample says so. */
Test(rate, steady_flow_is_measured_as_it_runs)
{
	struct tcp_ack_sample a;

	for (unsigned i = 0; i < 20; i++, env.now_us += MS)
		sent(i);
	for (unsigned i = 0; i < 20; i++, env.now_us += MS) {
		acked(i, 1, 20 * MS, &a);
		cr_expect_eq(a.rate_interval_us, (20 + i) * MS, "since the flight began");
		cr_expect_eq(a.rate_delivered, (i + 1) * MSS);
		sent(20 + i);
	}
	for (unsigned i = 20; i < 40; i++, env.now_us += MS) {
		acked(i, 1, 20 * MS, &a);
		cr_expect_eq(a.rate_interval_us, 20 * MS);
		cr_expect_eq(a.rate_delivered, 20 * MSS);
		cr_expect_not(a.rate_app_limited);
	}
	cr_expect_eq(xs.rate.min_rtt_us, 20 * MS);
}

/* Section 2.2: ACKs that come all at once do not make the path faster than we sent. */
Test(rate, compressed_acks_are_bounded_by_the_send_rate)
{
	struct tcp_ack_sample a;

	sent(0);
	env.now_us += 20 * MS;
	acked(0, 1, 20 * MS, &a);
	for (unsigned i = 1; i < 11; i++, env.now_us += 10 * MS)
		sent(i);
	acked(1, 10, 20 * MS, &a);
	cr_expect_geq(a.rate_interval_us, 90 * MS);
	cr_expect_eq(a.rate_delivered, 10 * MSS);
}

/* A burst sent at once is acknowledged at the bottleneck's pace. */
Test(rate, burst_is_bounded_by_the_ack_rate)
{
	struct tcp_ack_sample a;

	for (unsigned i = 0; i < 10; i++)
		sent(i);
	env.now_us += 20 * MS;
	for (unsigned i = 0; i < 10; i++, env.now_us += 2 * MS)
		acked(i, 1, 20 * MS + i * 2 * MS, &a);
	cr_expect_eq(a.rate_delivered, 10 * MSS);
	cr_expect_eq(a.rate_interval_us, 38 * MS);
}

/* An interval below the shortest round trip is no measurement. */
Test(rate, interval_below_min_rtt_is_refused)
{
	struct tcp_ack_sample a;

	sent(0);
	env.now_us += 20 * MS;
	acked(0, 1, 20 * MS, &a);
	sent(1);
	env.now_us += 5 * MS; /* as if a first transmission were acknowledged */
	acked(1, 1, 0, &a);
	cr_expect_eq(a.rate_interval_us, 0);
	cr_expect_eq(xs.rate.delivered, 1 + 2 * MSS);
}

/* Section 3.4: samples are marked until what was under way then is delivered. */
Test(rate, app_limited_ends_behind_the_bubble)
{
	struct tcp_ack_sample a;

	sent(0);
	tcp_rate_app_limited(&tcp, &t);
	env.now_us += 20 * MS;
	sent(1);
	acked(0, 1, 20 * MS, &a);
	cr_expect_not(a.rate_app_limited, "sent before the lack");
	env.now_us += 20 * MS;
	acked(1, 1, 20 * MS, &a);
	cr_expect(a.rate_app_limited);
	cr_expect_eq(xs.rate.app_limited, 0, "its bytes are past");
	sent(2);
	env.now_us += 20 * MS;
	acked(2, 1, 20 * MS, &a);
	cr_expect_not(a.rate_app_limited);
}

Test(rate, full_window_is_not_app_limited)
{
	t.cwnd = MSS;
	sent(0);
	tcp_rate_app_limited(&tcp, &t);
	cr_expect_eq(xs.rate.app_limited, 0);
}

/* A segment sent while the block had no struct tcp_xs counts, but gives no sample. */
Test(rate, segment_without_snapshot_gives_no_sample)
{
	struct tcp_ack_sample a;

	seg[0].len = MSS;
	seg[0].sent_us = (uint32_t)env.now_us;
	t.snd_max += MSS;
	t.una_seg = &seg[0];
	env.now_us += 5 * MS;
	sent(1);
	env.now_us += 15 * MS;
	acked(0, 1, 20 * MS, &a);
	cr_expect_eq(a.rate_interval_us, 0);
	env.now_us += 5 * MS;
	acked(1, 1, 20 * MS, &a);
	cr_expect_eq(a.rate_delivered, 2 * MSS);
	cr_expect_eq(a.rate_interval_us, 25 * MS, "since the first left");
}

Test(rate, min_rtt_is_forgotten_after_five_minutes)
{
	struct tcp_ack_sample a;

	sent(0);
	env.now_us += 20 * MS;
	acked(0, 1, 20 * MS, &a);
	env.now_us += 400 * UINT64_C(1000000);
	sent(1);
	env.now_us += 50 * MS;
	acked(1, 1, 50 * MS, &a);
	cr_expect_eq(xs.rate.min_rtt_us, 50 * MS);
}
