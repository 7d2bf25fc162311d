/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* What a connection holds only while it has much under way (struct tcp_xs), and what tcp_info()
 * tells of it. The peer's MSS is 1000. */

static void ack(uint32_t to)
{
	talk_in(ACK, .seq = 1, .ack = to);
}

static struct tcp_info info(void)
{
	struct tcp_info i;

	tcp_info(talk.tcp, talk_tcb(), &i);
	return i;
}

static uint32_t busy(void)
{
	struct tcp_usage u;

	tcp_usage(talk.tcp, &u);
	return u.busy;
}

/* Ten segments, acknowledged 20 ms later. */
static void flight(void)
{
	uint32_t from = talk.conn[0].app_sent + 1;

	talk_send(10000);
	talk_run(20 * MS);
	ack(from + 10000);
	talk_skip(NULL);
}

/* An idle connection holds its block alone; it begins again with the restart window. */
TALK(busy, given_back_when_idle_rfc5681_4_1)
{
	talk.lenient = true;
	talk_established();
	for (unsigned i = 0; i < 5; i++)
		flight();
	talk_check(talk_tcb()->xs != NULL);
	talk_eq(busy(), 1);
	talk_check(talk_cwnd() > 10000);
	talk_run(2 * (uint64_t)talk_tcb()->rto_us + 2);
	talk_check(talk_tcb()->xs == NULL);
	talk_eq(busy(), 0);
	talk_eq(talk_cwnd(), 10000);
	talk_send(30000);
	talk_eq(talk_skip(NULL), 10000);
	talk_eq(busy(), 1);
}

/* A segment at a time needs none of it. */
TALK(busy, one_segment_needs_none)
{
	talk.lenient = true;
	talk_established();
	for (unsigned i = 0; i < 20; i++) {
		talk_send(500);
		ack(1 + 500 * (i + 1));
		talk_check(talk_tcb()->xs == NULL);
	}
	talk_skip(NULL);
}

/* Once busy, then one segment at a time without rest: given back too, with half the window at the
 * most (RFC 7661 section 4.4.3). */
TALK(busy, given_back_when_hardly_used)
{
	talk.lenient = true;
	talk_established();
	for (unsigned i = 0; i < 10; i++)
		flight();
	uint32_t cwnd = talk_cwnd(), sent = talk.conn[0].app_sent;

	for (unsigned i = 0; i < 100; i++) {
		talk_send(500);
		sent += 500;
		talk_run(5 * MS);
		ack(1 + sent);
		talk_run(5 * MS);
	}
	talk_skip(NULL);
	talk_check(talk_tcb()->xs == NULL);
	talk_check(talk_cwnd() <= cwnd / 2 || talk_cwnd() == 10000);
}

/* BBR's model of the path is good for ten seconds. */
TALK(busy, kept_for_a_model)
{
	talk.lenient = true;
	talk.conf.cc = TCP_CC_BBR;
	talk_established();
	for (unsigned i = 0; i < 5; i++)
		flight();
	talk_run(5 * SEC);
	talk_check(talk_tcb()->xs != NULL);
	talk_check(info().model_bw > 0 && info().pacing_rate > 0);
	talk_run(6 * SEC);
	talk_check(talk_tcb()->xs == NULL);
}

TALK(busy, info_of_a_flight)
{
	talk.lenient = true;
	talk_established();
	talk_eq(info().in_flight, 0);
	talk_check(strcmp(info().cc, "newreno") == 0);
	for (unsigned i = 0; i < 5; i++)
		flight();
	talk_send(10000);
	struct tcp_info i = info();

	talk_eq(i.in_flight, 10000);
	talk_eq(i.unacked, 10000);
	talk_eq(i.bytes_acked, 50000);
	talk_eq(i.min_rtt_us, 20000);
	/* Ten segments in 20 ms. */
	talk_check(i.delivery_rate > 490000 && i.delivery_rate < 510000);
	talk_check(strcmp(i.cc_state, "slow-start") == 0);
	talk_eq(i.path_mtu, talk.mtu);
	talk_check(i.busy_ms >= 99 && i.busy_ms <= 101);
	talk_run(50 * MS);
	talk_eq(info().idle_tx_ms, 50);
	talk_eq(info().idle_rx_ms, 50);
	ack(60001);
	talk_skip(NULL);
}

/* Waiting for the peer's window is told apart. */
TALK(busy, limited_by_the_peers_window)
{
	talk.lenient = true;
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .wnd = 4000);
	talk_send(10000);
	talk_run(100 * MS);
	talk_eq(info().rwnd_limited_ms, 100);
	talk_eq(info().sndbuf_limited_ms, 0);
	talk_in(ACK, .seq = 1, .ack = 4001, .wnd = 20000);
	talk_run(10 * MS);
	talk_eq(info().rwnd_limited_ms, 100);
	talk_eq(info().busy_ms, 110);
	ack(10001);
	talk_skip(NULL);
}

/* Each sample is counted, and read back within a quarter octave. */
TALK(busy, round_trips_are_counted)
{
	struct tcp_rtt_summary s;

	talk.lenient = true;
	talk_established();
	tcp_rtt_summary(talk.tcp, &s);
	uint64_t before = s.samples;

	for (unsigned i = 0; i < 9; i++)
		flight();
	tcp_rtt_summary(talk.tcp, &s);
	talk_check(s.samples - before >= 9);
	uint64_t q = tcp_rtt_quantile(&s, 900);

	talk_check(q >= 20000 && q <= 25000);
	for (uint32_t us = 1; us < 1u << 31; us += us / 7 + 1) {
		unsigned b = tcp_rtt_bucket(us);

		talk_check(b < TCP_RTT_BUCKETS && tcp_rtt_bucket_us(b) >= us &&
			   tcp_rtt_bucket_us(b) <= us + us / 4 + 1);
	}
}

/* RFC 9438 section 4.6, RFC 9406: the default in a conversation. */
TALK(busy, cubic_reduces_to_seven_tenths_rfc9438_4_6)
{
	talk.conf.cc = TCP_CC_CUBIC;
	talk.lenient = true;
	talk_established();
	talk_send(10000);
	talk_run(20 * MS);
	ack(1);
	ack(1);
	ack(1);
	talk_eq(talk_tcb()->ssthresh, 7000);
	ack(10001);
	talk_eq(talk_cwnd() <= 7000, true);
	talk_skip(NULL);
}
