/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Retransmission timer: RFC 6298 (catalogue TCP-9), R2 (RFC 9293 section 3.8.3), keep-alive. */

/* One segment, acknowledged after rtt_us. */
static uint32_t at;

static void round_trip(uint64_t rtt_us)
{
	talk_send(1000);
	talk_expect(ACK | PSH, .seq = 1 + at, .ack = 1, .len = 1000);
	talk_advance(rtt_us);
	at += 1000;
	talk_in(ACK, .seq = 1, .ack = 1 + at);
}

/* What the RFC's rules give, beside the code. */
struct rto {
	int64_t srtt, rttvar;
};

static uint64_t rto_model(struct rto *m, int64_t r, uint64_t floor_us)
{
	if (m->srtt == 0) {
		m->srtt = r;
		m->rttvar = r / 2;
	} else {
		int64_t d = m->srtt > r ? m->srtt - r : r - m->srtt;

		m->rttvar = m->rttvar * 3 / 4 + d / 4;
		m->srtt = m->srtt * 7 / 8 + r / 8;
	}
	return RTE_MAX((uint64_t)(m->srtt + RTE_MAX(1, 4 * m->rttvar)), floor_us);
}

/* (2.1): 1 s before the first sample. */
TALK(timer, initial_rto_rfc6298_2_1)
{
	talk_established();
	talk_send(100);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_expect_after(1 * SEC, ACK, .seq = 1, .ack = 1, .len = 100);
}

TALK(timer, first_sample_rfc6298_2_2_tcp_9_02)
{
	talk_established();
	round_trip(100 * MS);
	talk_eq(talk_tcb()->srtt_us, 100 * MS);
	talk_eq(talk_tcb()->rttvar_us, 50 * MS);
	talk_send(100);
	talk_expect(ACK, .seq = 1001, .ack = 1, .len = 100);
	talk_expect_after(300 * MS, ACK, .seq = 1001, .ack = 1, .len = 100);
}

TALK(timer, further_samples_rfc6298_2_3_tcp_9_03)
{
	static const uint32_t rtt_ms[] = {400, 800, 80, 1200, 400, 400, 400, 4000, 8};
	struct rto m = {0};

	talk.lenient = true; /* a sample may lie beyond the RTO: nothing is resent in this test */
	talk.conf.rto_min_us = 100 * MS;
	talk.conf.rto_initial_us = 20 * SEC;
	talk_established();
	for (unsigned i = 0; i < RTE_DIM(rtt_ms); i++) {
		uint64_t want;

		talk_send(1000);
		talk_skip(NULL);
		if (rtt_ms[i] * MS >= talk_tcb()->rto_us)
			talk_tcb()->rexmt_at = TCP_NEVER;
		talk_run(rtt_ms[i] * MS);
		talk_in(ACK, .seq = 1, .ack = 1001 + 1000 * i);
		want = rto_model(&m, (int64_t)(rtt_ms[i] * MS), 100 * MS);
		/* Divisions may round: 1 us a sample at the most. */
		talk_check(llabs((long long)talk_tcb()->srtt_us - m.srtt) <= i + 1);
		talk_check(llabs((long long)talk_tcb()->rttvar_us - m.rttvar) <= i + 1);
		talk_check(llabs((long long)talk_tcb()->rto_us - (long long)want) <= 8 * (i + 1));
	}
}

/* (2.4) asks for 1 s; the floor is configured, by default 200 ms (docs/limits.md). */
TALK(timer, floor_rfc6298_2_4_tcp_9_04)
{
	talk_established();
	round_trip(1 * MS);
	talk_eq(talk_tcb()->rto_us, 200 * MS);
	talk_send(100);
	talk_expect(ACK, .seq = 1001, .ack = 1, .len = 100);
	talk_expect_after(200 * MS, ACK, .seq = 1001, .ack = 1, .len = 100);
}

TALK(timer, floor_of_one_second_rfc6298_2_4)
{
	talk.conf.rto_min_us = 1 * SEC;
	talk_established();
	round_trip(1 * MS);
	talk_send(100);
	talk_expect(ACK, .seq = 1001, .ack = 1, .len = 100);
	talk_expect_after(1 * SEC, ACK, .seq = 1001, .ack = 1, .len = 100);
}

/* Section 3, Karn: no sample of what was sent twice. */
TALK(timer, karn_rfc6298_3_tcp_9_05)
{
	talk_established();
	round_trip(100 * MS);
	talk_send(100);
	talk_expect(ACK, .seq = 1001, .ack = 1, .len = 100);
	talk_expect_after(300 * MS, ACK, .seq = 1001, .ack = 1, .len = 100);
	talk_advance(5 * MS);
	talk_in(ACK, .seq = 1, .ack = 1101);
	talk_eq(talk_tcb()->srtt_us, 100 * MS);
	struct tcp_rtt_summary rtt;

	tcp_rtt_summary(talk.tcp, &rtt);
	talk_eq(rtt.samples, 1);
}

/* Section 5: the backed-off RTO stays until a new sample "collapses" it. */
TALK(timer, backoff_stays_until_a_sample_rfc6298_5)
{
	talk_established();
	round_trip(100 * MS);
	talk_send(100);
	talk_expect(ACK, .seq = 1001, .ack = 1, .len = 100);
	talk_expect_after(300 * MS, ACK, .seq = 1001, .ack = 1, .len = 100);
	talk_in(ACK, .seq = 1, .ack = 1101);
	talk_send(100);
	talk_expect(ACK, .seq = 1101, .ack = 1, .len = 100);
	talk_expect_after(600 * MS, ACK, .seq = 1101, .ack = 1, .len = 100);
	talk_in(ACK, .seq = 1, .ack = 1201);
	/* A fresh segment gives a sample. */
	talk_send(100);
	talk_expect(ACK, .seq = 1201, .ack = 1, .len = 100);
	talk_advance(100 * MS);
	talk_in(ACK, .seq = 1, .ack = 1301);
	talk_send(100);
	talk_expect(ACK, .seq = 1301, .ack = 1, .len = 100);
	talk_expect_after(250 * MS, ACK, .seq = 1301, .ack = 1, .len = 100);
}

/* (5.1), (5.2), (5.3). */
TALK(timer, started_stopped_restarted_rfc6298_5_tcp_9_06_07_08)
{
	talk_established();
	talk_send(3000);
	for (unsigned i = 0; i < 3; i++)
		talk_expect(ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000);
	talk_advance(400 * MS);
	talk_in(ACK, .seq = 1, .ack = 1001); /* R = 0.4 s: RTO = 1.2 s from now */
	talk_eq(talk_tcb()->rto_us, 1200 * MS);
	talk_advance(1100 * MS);
	talk_in(ACK, .seq = 1, .ack = 2001);
	talk_advance(talk_tcb()->rto_us - 1);
	talk_in(ACK, .seq = 1, .ack = 3001);
	talk_advance(300 * SEC);
}

/* (5.4) to (5.6): the earliest again, RTO doubled each time up to 60 s. */
TALK(timer, doubled_rfc6298_5_5_tcp_9_10_11)
{
	uint64_t rto = 300 * MS;

	talk_established();
	round_trip(100 * MS);
	talk_send(2000);
	talk_expect(ACK, .seq = 1001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 2001, .ack = 1, .len = 1000);
	for (unsigned i = 0; i < 12; i++) {
		talk_expect_after(rto, ACK, .seq = 1001, .ack = 1, .len = 1000);
		rto = RTE_MIN(2 * rto, 60 * SEC);
	}
	talk_eq(rto, 60 * SEC);
}

/* (5.7): 3 s after a lost SYN. */
TALK(timer, syn_lost_3s_rfc6298_5_7_tcp_9_12)
{
	talk_connect();
	talk_expect(SYN);
	talk_expect_after(1 * SEC, SYN, .seq = 0);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_connected();
	talk_send(100);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_expect_after(3 * SEC, ACK, .seq = 1, .ack = 1, .len = 100);
}

TALK(timer, syn_ack_lost_3s_rfc6298_5_7)
{
	talk_listen();
	talk_in(SYN, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1);
	talk_expect_after(1 * SEC, SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_send(100);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_expect_after(3 * SEC, ACK, .seq = 1, .ack = 1, .len = 100);
}

/* The SYN is a sample, if it was sent once. */
TALK(timer, syn_is_a_sample_rfc6298_2)
{
	talk_connect();
	talk_expect(SYN);
	talk_advance(80 * MS);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_connected();
	talk_eq(talk_tcb()->srtt_us, 80 * MS);
	talk_send(100);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_expect_after(240 * MS, ACK, .seq = 1, .ack = 1, .len = 100);
}

/* Resent in the order sent, one segment after a timeout (RFC 5681 section 3.1, loss window). */
TALK(timer, go_back_after_timeout)
{
	talk_established();
	talk_send(4000);
	for (unsigned i = 0; i < 4; i++)
		talk_expect(ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000);
	talk_expect_after(1 * SEC, ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 1001);
	talk_expect(ACK, .seq = 1001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 2001, .ack = 1, .len = 1000);
	/* The rest had arrived. */
	talk_in(ACK, .seq = 1, .ack = 4001);
	talk_expect_none();
	talk_advance(100 * SEC);
}

/* R2 (MUST-20 to MUST-22): at least 100 s; then the application is told. */
TALK(timer, r2_rfc9293_3_8_3)
{
	uint64_t start;

	talk.lenient = true;
	talk.conf.r2_us = 100 * SEC;
	talk_established();
	talk_send(100);
	start = talk.env.now_us;
	while (talk.n_evs == 1 && talk.env.now_us - start < 1000 * SEC)
		talk_run(1 * SEC);
	talk_closed(ETIMEDOUT);
	talk_check(talk.env.now_us - start >= 100 * SEC);
	talk_eq(talk.tcp->n_tcb, 0);
	talk_eq(talk_count(CNT_tcp_timeouts), 1);
}

/* An answer in between starts R2 anew. */
TALK(timer, r2_starts_with_each_stall_rfc9293_3_8_3)
{
	talk.lenient = true;
	talk.conf.r2_us = 100 * SEC;
	talk_established();
	talk_send(2000);
	talk_run(90 * SEC);
	talk_in(ACK, .seq = 1, .ack = 1001);
	talk_run(90 * SEC);
	talk_state("ESTABLISHED");
	talk_in(ACK, .seq = 1, .ack = 2001);
	talk_run(1000 * SEC);
	talk_state("ESTABLISHED");
}

/* MUST-25: off by default. */
TALK(timer, keepalive_off_by_default_must25_rfc9293_3_8_4)
{
	talk_established();
	talk_advance(100000 * SEC);
	talk_state("ESTABLISHED");
}

/* MUST-28: 2 hours; the probe is SND.UNA-1 without data; MUST-29: one unanswered means nothing. */
TALK(timer, keepalive_must28_must29_rfc9293_3_8_4_tcp_14_08)
{
	talk.opts.keepalive = true;
	talk_established();
	talk_expect_after(7200 * SEC, ACK, .seq = 0, .ack = 1);
	talk_expect_after(75 * SEC, ACK, .seq = 0, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_expect_after(7200 * SEC, ACK, .seq = 0, .ack = 1);
	for (unsigned i = 1; i < 9; i++)
		talk_expect_after(75 * SEC, ACK, .seq = 0, .ack = 1);
	talk_state("ESTABLISHED");
}

TALK(timer, keepalive_gives_up_rfc9293_3_8_4)
{
	talk.opts.keepalive = true;
	talk.opts.keepalive_idle_us = 10 * SEC;
	talk.opts.keepalive_interval_us = 2 * SEC;
	talk.opts.keepalive_count = 3;
	talk_established();
	talk_expect_after(10 * SEC, ACK, .seq = 0, .ack = 1);
	talk_expect_after(2 * SEC, ACK, .seq = 0, .ack = 1);
	talk_expect_after(2 * SEC, ACK, .seq = 0, .ack = 1);
	talk_advance(2 * SEC - 1);
	talk_run(1);
	talk_expect(RST | ACK, .seq = 1, .ack = 1);
	talk_closed(ETIMEDOUT);
	talk_eq(talk_count(CNT_tcp_keepalive_drops), 1);
}

/* Only when nothing was received for the interval (section 3.8.4). */
TALK(timer, keepalive_waits_for_silence_rfc9293_3_8_4)
{
	talk.opts.keepalive = true;
	talk.opts.keepalive_idle_us = 10 * SEC;
	talk_established();
	for (unsigned i = 0; i < 5; i++) {
		talk_advance(9 * SEC);
		talk_in(ACK, .seq = 1 + 10 * i, .ack = 1, .len = 10);
		talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 11 + 10 * i);
	}
	talk_expect_after(10 * SEC - 40 * MS, ACK, .seq = 0, .ack = 51);
}

TALK(timer, keepalive_option_set_later)
{
	struct tcp_opts o = {.keepalive = true, .keepalive_idle_us = 5 * SEC};

	talk_established();
	tcp_opts_set(talk.tcp, talk_tcb(), &o);
	talk_output();
	talk_expect_after(5 * SEC, ACK, .seq = 0, .ack = 1);
	o.keepalive = false;
	tcp_opts_set(talk.tcp, talk_tcb(), &o);
	talk_advance(10000 * SEC);
}

/* The peer's probe is answered (an ACK to what lies left of the window). */
TALK(timer, keepalive_of_the_peer_answered_rfc9293_3_8_4)
{
	talk_established();
	talk_in(ACK, .seq = 0, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_in(ACK, .seq = 0, .ack = 1, .len = 1);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_received(0);
}
