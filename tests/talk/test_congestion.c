/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Congestion control: RFC 5681, 3042, 6582, 6928 (catalogue TCP-10). The peer's MSS is 1000. */

/* The next n segments of 1000 bytes from seq on. */
static void expect_segs(uint32_t seq, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		talk_expect(ACK, .seq = seq + 1000 * i, .ack = 1, .len = 1000);
}

static void ack(uint32_t to)
{
	talk_in(ACK, .seq = 1, .ack = to);
}

/* n segments in flight from seq 1 on, with cwnd n * 1000 or more. */
static void in_flight(unsigned n)
{
	talk.conf.initial_window = n;
	talk_established();
	talk_send(1000 * n);
	expect_segs(1, n);
}

TALK(congestion, initial_window_rfc6928_2_tcp_10_01)
{
	talk_established();
	talk_send(30000);
	expect_segs(1, 10);
	talk_expect_none();
}

/* min(10 * MSS, max(2 * MSS, 14600)). */
TALK(congestion, initial_window_of_large_segments_rfc6928_2)
{
	uint32_t bytes;

	talk_listen();
	talk_in(SYN, .mss = 1460);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_send(60000);
	bytes = talk_skip(NULL);
	talk_check(bytes <= 14600 && bytes > 13000);
}

TALK(congestion, syn_ack_lost_one_segment_rfc5681_3_1_tcp_10_02)
{
	talk_listen();
	talk_in(SYN, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1);
	talk_expect_after(1 * SEC, SYN | ACK, .ack = 1);
	ack(1);
	talk_accepted();
	talk_send(5000);
	expect_segs(1, 1);
	talk_expect_none();
}

TALK(congestion, syn_lost_one_segment_rfc5681_3_1_tcp_10_02)
{
	talk_connect();
	talk_expect(SYN);
	talk_expect_after(1 * SEC, SYN);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_connected();
	talk_send(5000);
	expect_segs(1, 1);
	talk_expect_none();
}

TALK(congestion, slow_start_rfc5681_3_1_tcp_10_03)
{
	talk.conf.initial_window = 2;
	talk_established();
	talk_send(30000);
	expect_segs(1, 2);
	ack(1001);
	expect_segs(2001, 2);
	ack(2001);
	expect_segs(4001, 2);
	/* One ACK for two segments: still at most one SMSS more. */
	ack(4001);
	expect_segs(6001, 3);
	/* Many small ACKs (ACK division) gain no more than what they acknowledge. */
	uint32_t before = talk_cwnd();

	talk.lenient = true;
	for (unsigned i = 1; i <= 10; i++)
		ack(4001 + 100 * i);
	talk_check(talk_cwnd() - before <= 1000);
	talk_skip(NULL);
}

TALK(congestion, avoidance_rfc5681_3_1_tcp_10_04)
{
	uint32_t acked = 1;

	talk.lenient = true;
	talk.conf.initial_window = 4;
	talk_established();
	talk_tcb()->ssthresh = 4000;
	talk_send(200000);
	for (unsigned rtt = 0; rtt < 10; rtt++) {
		uint32_t before = talk_cwnd(), flight = talk_tcb()->snd_max - talk_tcb()->snd_una;

		for (uint32_t n = 0; n < flight / 1000; n++) {
			acked += 1000;
			ack(acked);
		}
		talk_check(talk_cwnd() - before <= 1000);
		talk_skip(NULL);
	}
	talk_check(talk_cwnd() >= 11000);
}

/* (4): ssthresh = max(FlightSize / 2, 2 SMSS); the loss window is one segment. */
TALK(congestion, timeout_rfc5681_3_1_4_tcp_10_05_06)
{
	in_flight(10);
	talk_expect_after(1 * SEC, ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_eq(talk_tcb()->ssthresh, 5000);
	talk_eq(talk_cwnd(), 1000);
	/* Lost again: ssthresh stays. */
	talk_expect_after(2 * SEC, ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_eq(talk_tcb()->ssthresh, 5000);
	talk_eq(talk_cwnd(), 1000);
}

TALK(congestion, timeout_small_flight_rfc5681_3_1_4)
{
	in_flight(2);
	talk_expect_after(1 * SEC, ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_eq(talk_tcb()->ssthresh, 2000);
}

TALK(congestion, fast_retransmit_rfc5681_3_2_tcp_10_07)
{
	in_flight(10);
	ack(1);
	ack(1);
	talk_expect_none();
	ack(1);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_expect_none();
	talk_eq(talk_tcb()->ssthresh, 5000);
	talk_eq(talk_count(CNT_tcp_rexmt_fast), 1);
}

/* RFC 3042: the first two duplicates send one new segment each, cwnd stays. */
TALK(congestion, limited_transmit_rfc3042_2_tcp_10_08)
{
	in_flight(10);
	talk_send(5000);
	talk_expect_none();
	ack(1);
	expect_segs(10001, 1);
	ack(1);
	expect_segs(11001, 1);
	talk_eq(talk_cwnd(), 10000);
	ack(1);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_expect_none();
}

/* Not beyond the peer's window. */
TALK(congestion, limited_transmit_within_window_rfc3042_2)
{
	talk.peer_wnd = 10000;
	in_flight(10);
	talk_send(5000);
	ack(1);
	ack(1);
	talk_expect_none();
}

/* In place of inflation by a segment each (RFC 5681 section 3.2), RFC 6937: half as much leaves as
 * arrives, evenly, and recovery ends with ssthresh under way. */
TALK(congestion, duplicate_acks_clock_new_data_rfc6937_3_tcp_10_09)
{
	in_flight(10);
	talk_send(10000);
	ack(1);
	expect_segs(10001, 1);
	ack(1);
	expect_segs(11001, 1);
	ack(1);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	/* What limited transmit sent MUST NOT count in FlightSize (section 3.2 step 2). */
	talk_eq(talk_tcb()->ssthresh, 5000);
	talk_expect_none();
	talk.lenient = true;
	uint32_t bytes = 0;

	for (unsigned i = 1; i <= 8; i++) {
		ack(1);
		uint32_t n = talk_skip(NULL);

		talk_check(n <= 1000);
		bytes += n;
	}
	/* 11 of 12 segments have arrived, two of them and a retransmission are new: 5 of 12 each. */
	talk_check(bytes >= 2000 && bytes <= 4000);
}

/* RFC 6582 section 3.2 step 3: a partial ACK. */
TALK(congestion, partial_ack_rfc6582_3_2_tcp_10_10)
{
	in_flight(10);
	ack(1);
	ack(1);
	ack(1);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	ack(4001);
	talk_expect(ACK, .seq = 4001, .ack = 1, .len = 1000);
	talk_expect_none();
	talk_check(talk_tcb()->flags & TF_RECOVERY);
	ack(7001);
	talk_expect(ACK, .seq = 7001, .ack = 1, .len = 1000);
	talk_check(talk_tcb()->flags & TF_RECOVERY);
	ack(10001);
	talk_expect_none();
	talk_check(!(talk_tcb()->flags & TF_RECOVERY));
	talk_check(talk_cwnd() <= talk_tcb()->ssthresh);
}

TALK(congestion, full_ack_rfc6582_3_2_tcp_10_11)
{
	in_flight(10);
	ack(1);
	ack(1);
	ack(1);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	for (unsigned i = 0; i < 6; i++)
		ack(1);
	ack(10001);
	talk_check(!(talk_tcb()->flags & TF_RECOVERY));
	talk_eq(talk_tcb()->ssthresh, 5000);
	/* min(ssthresh, max(FlightSize, SMSS) + SMSS): no burst. */
	talk_eq(talk_cwnd(), 2000);
}

/* Duplicates of what a timeout resent do not start a fast retransmit. */
TALK(congestion, no_false_fast_retransmit_rfc6582_3_2_tcp_10_12)
{
	in_flight(10);
	talk_expect_after(1 * SEC, ACK, .seq = 1, .ack = 1, .len = 1000);
	talk.lenient = true;
	ack(1);
	ack(1);
	ack(1);
	ack(1);
	talk_eq(talk_count(CNT_tcp_rexmt_fast), 0);
	talk_skip(NULL);
	ack(5001);
	ack(5001);
	ack(5001);
	ack(5001);
	talk_eq(talk_count(CNT_tcp_rexmt_fast), 0);
}

/* After a full recovery, loss of new data is found again. */
TALK(congestion, second_recovery_rfc6582)
{
	in_flight(10);
	ack(1);
	ack(1);
	ack(1);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	ack(10001);
	talk.lenient = true;
	for (uint32_t at = 10001; at < 30001; at = talk_tcb()->snd_max - talk.conn[0].iss) {
		talk_send(6000);
		talk_skip(NULL);
		ack(talk_tcb()->snd_max - talk.conn[0].iss);
	}
	uint32_t una = talk_tcb()->snd_una - talk.conn[0].iss;

	talk_send(6000);
	talk_check(talk_skip(NULL) >= 4000);
	for (unsigned i = 0; i < 3; i++)
		ack(una);
	talk_eq(talk_count(CNT_tcp_rexmt_fast), 2);
	const struct talk_out *o, *rexmt = NULL;

	while ((o = talk_next_out()) != NULL)
		if (o->h.seq - talk.conn[0].iss == una)
			rexmt = o;
	talk_check(rexmt != NULL);
}

/* RFC 6298 (5.3) and RFC 6582: the timer still catches a lost retransmission. */
TALK(congestion, retransmission_lost)
{
	in_flight(10);
	ack(1);
	ack(1);
	ack(1);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_expect_after(1 * SEC, ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_eq(talk_cwnd(), 1000);
	talk_check(!(talk_tcb()->flags & TF_RECOVERY));
	ack(10001);
	talk_expect_none();
	talk_eq(talk_tcb()->snd_queued, 0);
}

/* RFC 5681 section 4.1. */
TALK(congestion, idle_restart_rfc5681_4_1_tcp_10_13)
{
	talk.lenient = true;
	talk.conf.initial_window = 4;
	talk_established();
	for (unsigned i = 0; i < 40; i++) {
		talk_send(talk_cwnd());
		ack(talk_tcb()->snd_max - talk.conn[0].iss);
	}
	talk_check(talk_cwnd() > 20000);
	talk_skip(NULL);
	talk_run(talk_tcb()->rto_us + 1);
	talk_send(30000);
	talk_eq(talk_skip(NULL), 4000);
}

/* A window that is not used does not grow: RFC 7661 section 4.1, RFC 9293 section 3.8.2. */
TALK(congestion, application_limited_rfc7661_4_1)
{
	talk.lenient = true;
	talk.conf.initial_window = 10;
	talk_established();
	uint32_t cwnd = talk_cwnd();

	for (unsigned i = 0; i < 40; i++) {
		talk_send(1000);
		ack(talk_tcb()->snd_max - talk.conn[0].iss);
	}
	talk_eq(talk_cwnd(), cwnd);
	talk_skip(NULL);
}

TALK(congestion, no_restart_within_rto_rfc5681_4_1)
{
	talk.lenient = true;
	talk.conf.initial_window = 4;
	talk_established();
	for (unsigned i = 0; i < 40; i++) {
		talk_send(talk_cwnd());
		ack(talk_tcb()->snd_max - talk.conn[0].iss);
	}
	talk_skip(NULL);
	talk_run(talk_tcb()->rto_us);
	talk_send(30000);
	talk_check(talk_skip(NULL) > 20000);
}

/* RFC 5681 section 2: with another window, with data, or with nothing outstanding it is none. */
TALK(congestion, not_a_duplicate_ack_rfc5681_2_tcp_10_14)
{
	in_flight(10);
	for (unsigned i = 1; i <= 4; i++)
		talk_in(ACK, .seq = 1, .ack = 1, .wnd = 60000 + i);
	talk_eq(talk_count(CNT_tcp_dup_acks), 0);
	talk.lenient = true;
	for (unsigned i = 0; i < 4; i++)
		talk_in(ACK, .seq = 1 + 10 * i, .ack = 1, .len = 10, .wnd = 60004);
	talk_eq(talk_count(CNT_tcp_rexmt_fast), 0);
	ack(10001);
	for (unsigned i = 0; i < 4; i++)
		ack(10001);
	talk_eq(talk_count(CNT_tcp_dup_acks), 0);
	talk_skip(NULL);
}

/* A byte is not resent before it must be, and all arrive: every tenth segment is lost once. */
TALK(congestion, bulk_with_losses)
{
	const uint32_t total = 300000;
	uint32_t sent = 0, have = 1; /* the peer's RCV.NXT, relative */
	uint8_t *got = calloc(total + 2, 1), *lost = calloc(total + 2, 1);
	unsigned n = 0;

	talk.lenient = true;
	talk_established();
	for (unsigned turns = 0; have <= total && turns < 5000; turns++) {
		struct talk_out out[200];
		unsigned n_out = 0;

		if (sent < total) {
			ssize_t r = talk_send(RTE_MIN(total - sent, 20000u));

			sent += r > 0 ? (uint32_t)r : 0;
		}
		for (const struct talk_out *o = talk_next_out(); o != NULL && n_out < 200;
			o = talk_next_out())
			out[n_out++] = *o;
		talk_skip(NULL);
		for (unsigned i = 0; i < n_out; i++) {
			uint32_t seq = out[i].h.seq - talk.conn[0].iss;

			if (out[i].len == 0)
				continue;
			if (n++ % 10 == 7 && !lost[seq]) {
				lost[seq] = 1;
				continue;
			}
			memset(got + seq, 1, out[i].len);
			while (have <= total && got[have])
				have++;
			talk.log_len = 0;
			ack(have);
		}
		talk_run(10 * MS);
	}
	free(got);
	free(lost);
	talk_eq(have, total + 1);
	talk_eq(talk_tcb()->snd_queued, 0);
	talk_check(talk_count(CNT_tcp_rexmt_segs) < 120);
}
