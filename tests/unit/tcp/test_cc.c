/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include <criterion/criterion.h>

#include "tcp_priv.h"

/* The congestion controls, on a block made by hand. */

#define MSS 1000u
#define MS  UINT64_C(1000)

static struct env env;
static struct tcp tcp;
static struct tcb t;
static struct tcp_xs xs;

static void setup(void)
{
	env.now_us = 10000000;
	rng_seed(&env.rng, 1);
	timer_wheel_init(&env.wheel, env.now_us);
	tcp.env = &env;
	tcp_conf_default(&tcp.conf);
	t.xs = &xs;
	t.mss = MSS;
	t.srtt_us = 100000;
	t.snd_una = t.snd_max = 1;
}

TestSuite(cc, .init = setup);

static void use(const char *name)
{
	t.cc = tcp_cc_find(name);
	cr_assert_not_null(t.cc);
	t.cc->init(&tcp, &t);
}

/* n bytes of a full window are acknowledged. */
static void acked(uint32_t n, uint32_t rtt_us, bool ece)
{
	struct tcp_ack_sample a = {
		.acked = n, .delivered = n, .rtt_us = rtt_us, .ece = ece, .limited = true};

	t.snd_max = t.snd_una + t.cwnd;
	a.prior_flight = t.cwnd;
	a.in_flight = t.cwnd - n;
	t.snd_una += n;
	t.cc->acked(&tcp, &t, &a);
}

/* A whole window in a round trip, two segments an ACK. */
static void round_trip(uint64_t rtt_us)
{
	uint32_t acks = RTE_MAX(t.cwnd / (2 * MSS), 1u);

	for (uint32_t i = 0; i < acks; i++) {
		env.now_us += rtt_us / acks;
		acked(2 * MSS, (uint32_t)rtt_us, false);
	}
}

static void lose(void)
{
	t.snd_max = t.snd_una + t.cwnd;
	t.ssthresh = t.cc->ssthresh(&tcp, &t);
	t.cwnd = t.ssthresh;
	t.cc->recovered(&tcp, &t);
}

Test(cc, found_by_name)
{
	static const char *const names[] = {"cubic", "newreno", "dctcp", "bbr"};

	for (unsigned i = 0; i < RTE_DIM(names); i++)
		cr_expect_str_eq(tcp_cc_find(names[i])->name, names[i]);
	cr_expect_null(tcp_cc_find("vegas"));
	cr_expect_eq(tcp_cc_configured(&tcp), tcp_cc_find("cubic"), "RFC 9438");
}

Test(cc, cube_root_is_the_floor)
{
	for (uint64_t i = 0; i < 2642245; i += 1 + i / 50) {
		cr_expect_eq(tcp_cubic_root(i * i * i), i);
		if (i > 1)
			cr_expect_eq(tcp_cubic_root(i * i * i - 1), i - 1);
	}
	cr_expect_eq(tcp_cubic_root(UINT64_MAX), 2642245);
}

/* RFC 6928 section 2: min(10 MSS, max(2 MSS, 14600)); RFC 5681 section 3.1 after a lost SYN. */
Test(cc, initial_window)
{
	use("cubic");
	cr_expect_eq(t.cwnd, 10 * MSS);
	t.mss = 8960;
	use("cubic");
	cr_expect_eq(t.cwnd, 2 * 8960);
	t.flags |= TF_SYN_REXMT;
	use("newreno");
	cr_expect_eq(t.cwnd, 8960);
}

/* RFC 9406 section 4.3: L is 8 segments; RFC 5681 section 3.1: one. */
Test(cc, slow_start_counts_bytes_up_to_a_limit)
{
	use("cubic");
	acked(1000, 0, false);
	cr_expect_eq(t.cwnd, 11 * MSS);
	acked(11 * MSS, 0, false);
	cr_expect_eq(t.cwnd, 19 * MSS);
	acked(10, 0, false);
	cr_expect_eq(t.cwnd, 19 * MSS + 10);
	use("newreno");
	acked(4 * MSS, 0, false);
	cr_expect_eq(t.cwnd, 11 * MSS);
}

/* RFC 9438 section 4.2 in floating point. */
static double curve(double s, double w_max, double cwnd)
{
	double k = cbrt((w_max - cwnd) / 0.4);

	return 0.4 * pow(s - k, 3) + w_max;
}

/* Sections 4.2 and 4.4 to 4.7: after a loss at 1000 segments the window follows the curve, up to
 * W_max and beyond. */
Test(cc, cubic_follows_its_curve)
{
	use("cubic");
	t.cwnd = 1000 * MSS;
	lose();
	cr_expect_eq(t.cwnd, 700 * MSS);
	uint64_t begin = env.now_us;

	for (int i = 0; i < 180; i++) {
		round_trip(100 * MS);
		double s = (double)(env.now_us - begin) / 1e6;
		double want = curve(s, 1000, 700) * MSS;

		/* It is where the curve will be a round trip later, and gets there in one. */
		cr_assert(t.cwnd > want * 0.985 && t.cwnd < curve(s + 0.2, 1000, 700) * MSS * 1.015,
			"%.1f s: %u, not %.0f", s, t.cwnd, want);
	}
	cr_expect_gt(t.cwnd, 1000 * MSS);
}

/* Section 4.3: where Reno would be faster (small windows, short round trips) it is as fast. */
Test(cc, cubic_is_no_slower_than_reno)
{
	t.srtt_us = 10000;
	use("cubic");
	t.cwnd = 20 * MSS;
	lose();
	cr_expect_eq(t.cwnd, 14 * MSS);
	for (int i = 0; i < 100; i++)
		round_trip(10 * MS);
	/* alpha is 9/17 up to 20 segments, in 12 round trips, and 1 from there. */
	cr_expect(t.cwnd > 95 * MSS && t.cwnd < 112 * MSS, "%u", t.cwnd);
}

/* Section 4.7: a second loss below W_max gives way. Section 4.9: and is taken back. */
Test(cc, cubic_fast_convergence_and_undo)
{
	uint64_t before[TCP_CC_STATE / 8];

	use("cubic");
	t.cwnd = 1000 * MSS;
	lose();
	round_trip(100 * MS);
	uint32_t cwnd = t.cwnd;
	memcpy(before, xs.cc, 24); /* the epoch */
	lose();
	uint32_t w_max = *(const uint32_t *)xs.cc;

	cr_expect_eq(w_max, (uint32_t)((uint64_t)cwnd * 17 / 20));
	t.cc->undo(&tcp, &t);
	cr_expect_eq(memcmp(before, xs.cc, 24), 0);
}

/* Section 4.8: K is 0 and W_max the window where congestion avoidance begins. */
Test(cc, cubic_after_a_timeout)
{
	use("cubic");
	t.cwnd = 1000 * MSS;
	lose();
	t.snd_max = t.snd_una + t.cwnd;
	t.ssthresh = t.cc->ssthresh(&tcp, &t);
	t.cwnd = MSS;
	t.cc->timeout(&tcp, &t);
	cr_expect_eq(t.ssthresh, 490 * MSS);
	for (int i = 0; i < 12; i++)
		round_trip(100 * MS);
	cr_expect(t.cwnd >= 490 * MSS && t.cwnd < 500 * MSS, "%u", t.cwnd);
}

/* Section 5.8: time in which the application was the limit does not count. */
Test(cc, cubic_application_limited_time_does_not_count)
{
	use("cubic");
	t.cwnd = 1000 * MSS;
	lose();
	for (int i = 0; i < 50; i++)
		round_trip(100 * MS);
	uint32_t cwnd = t.cwnd;

	env.now_us += 100 * UINT64_C(1000000);
	round_trip(100 * MS);
	cr_expect_lt(t.cwnd, cwnd + 10 * MSS, "%u after %u", t.cwnd, cwnd);
}

/* RFC 9406: round trips that grow by an eighth end slow start, by way of slower growth. */
Test(cc, hystart_leaves_slow_start_as_delay_grows)
{
	use("cubic");
	for (int i = 0; i < 4; i++)
		round_trip(100 * MS);
	cr_expect_eq(t.cwnd, 160 * MSS, "doubles");
	for (int i = 0; i < 2; i++)
		round_trip(115 * MS);
	uint32_t cwnd = t.cwnd;

	round_trip(115 * MS);
	cr_expect(t.cwnd > cwnd * 5 / 4 - 20 * MSS && t.cwnd < cwnd * 3 / 2, "CSS: %u", t.cwnd);
	for (int i = 0; i < 6; i++)
		round_trip(116 * MS);
	cr_expect_neq(t.ssthresh, TCP_SSTHRESH_MAX);
	cwnd = t.cwnd;
	round_trip(116 * MS);
	cr_expect_lt(t.cwnd, cwnd + 3 * MSS);
}

/* Section 4.2: jitter that goes away was no queue. */
Test(cc, hystart_goes_back)
{
	use("cubic");
	for (int i = 0; i < 3; i++)
		round_trip(100 * MS);
	round_trip(120 * MS);
	for (int i = 0; i < 8; i++)
		round_trip(100 * MS);
	cr_expect_eq(t.ssthresh, TCP_SSTHRESH_MAX);
	cr_expect_gt(t.cwnd, 10000 * MSS);
}

/* RFC 9406 section 4.2: constant delay never ends slow start. */
Test(cc, hystart_keeps_on_at_constant_delay)
{
	use("cubic");
	for (int i = 0; i < 10; i++)
		round_trip(100 * MS);
	cr_expect_eq(t.ssthresh, TCP_SSTHRESH_MAX);
}

/* RFC 8257 section 3.3: alpha comes to the part that is marked, and the window shrinks by half of it. */
Test(cc, dctcp_shrinks_in_proportion)
{
	use("dctcp");
	t.cwnd = t.ssthresh = 100 * MSS;
	t.snd_max = t.snd_una + t.cwnd;
	for (int i = 0; i < 20000; i++) { /* 200 windows: (1 - g)^200 of the first alpha is left */
		acked(MSS, 0, i % 10 == 0);
		t.cwnd = 100 * MSS;
	}
	uint32_t cwnd = t.cwnd, want = (uint32_t)(cwnd * (1 - 0.1 / 2));

	t.snd_max = t.snd_una + cwnd;
	uint32_t got = t.cc->ssthresh(&tcp, &t);

	cr_expect(got > want - want / 50 && got < want + want / 50, "%u of %u", got, cwnd);
	xs.loss.lost = MSS; /* section 3.5 */
	cr_expect_eq(t.cc->ssthresh(&tcp, &t), cwnd / 2);
}

/* Section 4.3: without marks alpha ends at 0. */
Test(cc, dctcp_forgets)
{
	use("dctcp");
	t.cwnd = t.ssthresh = 10 * MSS;
	for (int i = 0; i < 4000; i++) {
		acked(MSS, 0, false);
		t.cwnd = 10 * MSS;
	}
	t.snd_max = t.snd_una + t.cwnd;
	cr_expect_eq(t.cc->ssthresh(&tcp, &t), t.cwnd);
}

/* RFC 5681 section 4.1, with 3/4 of what was kept in ssthresh (RFC 7661 section 4.4.3). */
Test(cc, restart_window)
{
	use("cubic");
	t.cwnd = 100 * MSS;
	t.ssthresh = 50 * MSS;
	t.cc->idle(&tcp, &t);
	cr_expect_eq(t.cwnd, 10 * MSS);
	cr_expect_eq(t.ssthresh, 75 * MSS);
	t.xs = NULL;
	t.cc->idle(&tcp, &t);
	cr_expect_eq(t.cwnd, 10 * MSS);
}

/* A change of control forgets the former's state only. */
Test(cc, change_in_flight)
{
	use("cubic");
	t.cwnd = 100 * MSS;
	lose();
	tcp_cc_set(&t, tcp_cc_find("newreno"));
	cr_expect_eq(t.cwnd, 70 * MSS);
	for (unsigned i = 0; i < RTE_DIM(xs.cc); i++)
		cr_expect_eq(xs.cc[i], 0);
}
