/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Windows, probes, Nagle, delayed ACK: RFC 9293 sections 3.7.4 and 3.8.6 (catalogue TCP-8). */

/* The peer's window is full: 2000 sent and acknowledged, window 0. */
static void peer_full(void)
{
	talk.peer_wnd = 2000;
	talk_established();
	talk_send(5000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1001, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 2001, .wnd = TALK_ZERO);
	talk_expect_none();
}

/* SHLD-29: the first probe after one RTO; SHLD-30: the interval grows exponentially. The RTT sample
 * was 0, so the RTO is the floor of 200 ms. */
TALK(window, probes_shld29_shld30_rfc9293_3_8_6_1_tcp_8_02_03)
{
	uint64_t rto = 200 * MS;

	peer_full();
	for (unsigned i = 0; i < 10; i++) {
		talk_expect_after(rto, ACK, .seq = 2001, .ack = 1, .len = 1);
		talk_in(ACK, .seq = 1, .ack = 2001, .wnd = TALK_ZERO);
		rto = RTE_MIN(2 * rto, 60 * SEC);
	}
}

/* MUST-37: as long as the peer acknowledges the probes. */
TALK(window, probes_for_30_minutes_must37_rfc9293_3_8_6_1_tcp_8_04)
{
	talk.lenient = true;
	peer_full();
	talk_skip(NULL);
	for (unsigned i = 0; i < 60; i++) {
		talk_run(60 * SEC);
		talk_check(talk_skip(NULL) <= 9);
		talk_in(ACK, .seq = 1, .ack = 2001, .wnd = TALK_ZERO);
	}
	talk_state("ESTABLISHED");
	talk_in(ACK, .seq = 1, .ack = 2001, .wnd = 5000);
	talk_eq(talk_skip(NULL), 3000);
	talk_in(ACK, .seq = 1, .ack = 5001);
	talk_eq(talk_tcb()->snd_queued, 0);
}

/* ... also if it takes the probes' octets: progress, yet the window stays shut. */
TALK(window, probe_octets_taken_rfc9293_3_8_6_1)
{
	talk.lenient = true;
	peer_full();
	for (unsigned i = 0; i < 5; i++) {
		talk_run(60 * SEC);
		talk_check(talk_skip(NULL) > 0);
		talk_in(ACK, .seq = 1, .ack = 2002 + i, .wnd = TALK_ZERO);
	}
	talk_in(ACK, .seq = 1, .ack = 2006, .wnd = 5000);
	talk_check(talk_skip(NULL) >= 2000);
	talk_in(ACK, .seq = 1, .ack = 4006, .wnd = 5000);
	talk_eq(talk_skip(NULL), 995);
}

TALK(window, peer_vanishes_at_zero_window)
{
	talk.lenient = true;
	peer_full();
	talk_run(2000 * SEC);
	talk_closed(ETIMEDOUT);
	talk_eq(talk.tcp->n_tcb, 0);
}

TALK(window, opens_data_flows_at_once_rfc9293_3_8_6_tcp_8_05)
{
	peer_full();
	talk_advance(100 * MS);
	talk_in(ACK, .seq = 1, .ack = 2001, .wnd = 2000);
	talk_expect(ACK, .seq = 2001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 3001, .ack = 1, .len = 1000);
}

TALK(window, opens_after_a_lost_probe_rfc9293_3_8_6_1)
{
	peer_full();
	talk_expect_after(200 * MS, ACK, .seq = 2001, .ack = 1, .len = 1);
	talk_in(ACK, .seq = 1, .ack = 2001, .wnd = 3000);
	/* The octet goes again with all the rest. */
	const struct talk_out *o = talk_next_out();
	uint32_t got = 0;

	for (; o != NULL; o = talk_next_out()) {
		talk_eq(o->h.seq - talk.conn[0].iss, 2001 + got);
		got += o->len;
	}
	talk_eq(got, 3000);
}

/* MUST-34: the peer takes back what it offered, with data in flight beyond. */
TALK(window, shrinks_below_flight_must34_rfc9293_3_8_6_tcp_8_06)
{
	talk_established();
	talk_send(4000);
	talk_skip(NULL);
	talk_in(ACK, .seq = 1, .ack = 1001, .wnd = 500);
	/* SHLD-17: what is outstanding is sent again, though beyond the window. */
	talk_run(200 * MS);
	const struct talk_out *o = talk_next_out();

	talk_check(o != NULL && o->len > 0);
	talk_eq(o->h.seq - talk.conn[0].iss, 1001);
	talk_skip(NULL);
	talk_in(ACK, .seq = 1, .ack = 4001);
	talk_eq(talk_tcb()->snd_queued, 0);
}

/* ... to nothing, for long: retransmissions go on while the peer answers. */
TALK(window, shrinks_to_zero_must34_rfc9293_3_8_6_tcp_8_06)
{
	unsigned n;

	talk.lenient = true;
	talk_established();
	talk_send(4000);
	talk_skip(NULL);
	talk_in(ACK, .seq = 1, .ack = 1, .wnd = TALK_ZERO);
	for (unsigned i = 0; i < 30; i++) {
		talk_run(60 * SEC);
		talk_skip(&n);
		talk_check(n > 0);
		talk_in(ACK, .seq = 1, .ack = 1, .wnd = TALK_ZERO);
	}
	talk_state("ESTABLISHED");
	talk_in(ACK, .seq = 1, .ack = 1, .wnd = 10000);
	talk_run(60 * SEC);
	talk_check(talk_skip(NULL) >= 1000);
	talk_in(ACK, .seq = 1, .ack = 4001, .wnd = 10000);
	talk_eq(talk_tcb()->snd_queued, 0);
}

/* SHLD-14: the right edge never moves left, whatever the reader does. */
TALK(window, edge_never_moves_left_shld14_rfc9293_3_8_6_tcp_8_07)
{
	uint32_t edge = 0, seq = 1;

	talk.opts.rcvbuf = 10000;
	talk.slow_reader = true;
	talk.lenient = true;
	talk_established();
	for (unsigned i = 0; i < 30; i++) {
		uint32_t room = talk_tcb()->rcv_adv - talk_tcb()->rcv_nxt;
		uint32_t len = RTE_MIN(room, 300 + 37 * (i % 20));

		if (len != 0)
			talk_in(ACK, .seq = seq, .ack = 1, .len = len);
		seq += len;
		if (i % 3 == 2)
			talk_consume(RTE_MIN(talk_tcb()->rcv_unread, 100 * i));
		talk_run(50 * MS);
		for (const struct talk_out *o = talk_next_out(); o != NULL; o = talk_next_out()) {
			uint32_t e = o->h.ack - talk.conn[0].peer_iss + o->h.wnd;

			talk_check(e >= edge);
			edge = e;
		}
		talk_skip(NULL);
	}
}

/* Receiver's silly window syndrome avoidance: no crumbs (RFC 9293 section 3.8.6.2.2, MUST-39). */
TALK(window, receiver_sws_must39_rfc9293_3_8_6_2_2)
{
	talk.opts.rcvbuf = 4000;
	talk.slow_reader = true;
	talk_established();
	for (unsigned i = 0; i < 3; i++)
		talk_in(ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 3001, .ack = 1, .len = 1000);
	talk_received(4000);
	talk_expect(ACK, .seq = 1, .ack = 4001, .wnd = TALK_ZERO);
	talk_consume(400);
	talk_consume(400);
	talk_expect_none();
	/* A segment of room: announced. */
	talk_consume(200);
	talk_expect(ACK, .seq = 1, .ack = 4001, .wnd = 1000);
	talk_in(ACK, .seq = 4001, .ack = 1, .len = 1000);
	talk_received(1000);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 5001, .wnd = TALK_ZERO);
}

/* Sender's: MUST-38. The peer opens its window by one octet at a time. */
TALK(window, sender_sws_must38_rfc9293_3_8_6_2_1_tcp_8_08)
{
	peer_full();
	for (unsigned i = 1; i <= 20; i++) {
		talk_in(ACK, .seq = 1, .ack = 2001, .wnd = i);
		talk_expect_none();
	}
	talk_in(ACK, .seq = 1, .ack = 2001, .wnd = 1000);
	talk_expect(ACK, .seq = 2001, .ack = 1, .len = 1000);
}

/* (3) of section 3.8.6.2.1: half of the largest window ever offered may go. */
TALK(window, sender_sws_half_of_the_largest_window_rfc9293_3_8_6_2_1)
{
	talk.peer_wnd = 600;
	talk_established();
	talk_send(2000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 600);
	talk_in(ACK, .seq = 1, .ack = 601, .wnd = 299);
	talk_expect_none();
	talk_in(ACK, .seq = 1, .ack = 601, .wnd = 300);
	talk_expect(ACK, .seq = 601, .ack = 1, .len = 300);
}

/* (4): the override timeout; a window that stays small is used in the end. */
TALK(window, sender_sws_override_rfc9293_3_8_6_2_1)
{
	peer_full();
	talk_in(ACK, .seq = 1, .ack = 2001, .wnd = 100);
	talk_expect_none();
	talk_expect_after(200 * MS, ACK, .seq = 2001, .ack = 1, .len = 100);
	talk_in(ACK, .seq = 1, .ack = 2101, .wnd = 2000);
	talk_expect(ACK, .seq = 2101, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 3101, .ack = 1, .len = 1000);
}

/* SHLD-7: at most one small segment in flight. */
TALK(window, nagle_shld7_rfc9293_3_7_4_tcp_8_10)
{
	talk_established();
	talk_send(10);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 10);
	for (unsigned i = 0; i < 20; i++)
		talk_send(10);
	talk_expect_none();
	talk_in(ACK, .seq = 1, .ack = 11);
	talk_expect(ACK | PSH, .seq = 11, .ack = 1, .len = 200);
	talk_send(300);
	talk_expect_none();
	/* A full segment does not wait. */
	talk_send(800);
	talk_expect(ACK, .seq = 211, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 1211);
	talk_expect(ACK | PSH, .seq = 1211, .ack = 1, .len = 100);
}

/* MUST-17: an application can turn it off. */
TALK(window, nodelay_must17_rfc9293_3_7_4_tcp_8_11)
{
	talk.opts.nodelay = true;
	talk_established();
	for (unsigned i = 0; i < 5; i++) {
		talk_send(10);
		talk_expect(ACK | PSH, .seq = 1 + 10 * i, .ack = 1, .len = 10);
	}
}

TALK(window, more_holds_short_segments_back)
{
	talk_established();
	talk_send_more(300, true);
	talk_expect_none();
	talk_send_more(800, true);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 1001);
	talk_expect_none();
	talk_send(1);
	talk_expect(ACK | PSH, .seq = 1001, .ack = 1, .len = 101);
}

/* SHLD-18, MUST-40: delayed, by less than 0.5 s. */
TALK(window, delayed_ack_shld18_must40_rfc9293_3_8_6_3_tcp_8_12_13)
{
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_check(talk.conf.delack_us < 500 * MS);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 101);
	/* Many small ones: one timer from the first. */
	talk_in(ACK, .seq = 101, .ack = 1, .len = 100);
	talk_advance(30 * MS);
	talk_in(ACK, .seq = 201, .ack = 1, .len = 100);
	talk_expect_after(10 * MS, ACK, .seq = 1, .ack = 301);
}

TALK(window, ack_rides_on_data_rfc9293_3_8_6_3)
{
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_send(50);
	talk_expect(ACK | PSH, .seq = 1, .ack = 101, .len = 50);
	talk_in(ACK, .seq = 101, .ack = 51);
	talk_advance(1 * SEC);
}

/* SHLD-19: at least every second full segment. */
TALK(window, ack_every_second_shld19_rfc9293_3_8_6_3_tcp_8_14)
{
	talk_established();
	for (unsigned i = 0; i < 10; i++) {
		talk_in(ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000);
		if (i % 2 == 1)
			talk_expect(ACK, .seq = 1, .ack = 1001 + 1000 * i);
		else
			talk_expect_none();
	}
}

/* One ACK for a burst (rule: output once per block and turn). */
TALK(window, one_ack_a_burst_rfc5681_4_2_tcp_8_17)
{
	talk_established();
	for (unsigned i = 0; i < 7; i++)
		talk_in(ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 7001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 8001);
	talk_received(8000);
}

TALK(window, gap_filled_acked_at_once_rfc5681_4_2_tcp_8_16)
{
	talk_established();
	talk_in(ACK, .seq = 201, .ack = 1, .len = 100);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_expect(ACK, .seq = 1, .ack = 101);
	talk_in(ACK, .seq = 101, .ack = 1, .len = 100);
	talk_expect(ACK, .seq = 1, .ack = 301);
}

/* A duplicate ACK for each segment beyond a gap, also when they come in one burst. */
TALK(window, duplicate_acks_for_a_burst_rfc5681_4_2)
{
	talk_established();
	for (unsigned i = 0; i < 3; i++)
		talk_in(ACK, .seq = 1001 + 1000 * i, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 4001, .ack = 1, .len = 1000);
	for (unsigned i = 0; i < 4; i++)
		talk_expect(ACK, .seq = 1, .ack = 1);
}

/* MUST-61: the last segment of what was buffered carries PSH. */
TALK(window, push_must61_rfc9293_3_9_1_2_tcp_8_18)
{
	talk_established();
	talk_send(2500);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000, .no_push = true);
	talk_expect(ACK, .seq = 1001, .ack = 1, .len = 1000, .no_push = true);
	talk_in(ACK, .seq = 1, .ack = 2001);
	talk_expect(ACK | PSH, .seq = 2001, .ack = 1, .len = 500);
}

TALK(window, send_buffer_and_writable)
{
	talk.opts.sndbuf = 3000;
	talk.peer_wnd = 1000;
	talk_established();
	talk_eq(talk_send(5000), 3000);
	talk_eq(talk_send(1), 0);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 1001);
	talk_no_event();
	talk_expect(ACK, .seq = 1001, .ack = 1, .len = 1000);
	/* Half of it is free: the application hears of it. */
	talk_in(ACK, .seq = 1, .ack = 2001);
	talk_event_at(__LINE__, EV_WRITABLE, 0);
	talk_expect(ACK, .seq = 2001, .ack = 1, .len = 1000);
	talk_eq(talk_send(5000), 2000);
	talk_in(ACK, .seq = 1, .ack = 3001);
	talk_skip(NULL);
}

TALK(window, window_of_the_first_ack_counts)
{
	talk_listen();
	talk_in(SYN, .mss = 1000, .wnd = 100);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1, .wnd = 4000);
	talk_accepted();
	talk_send(3000);
	talk_eq(talk_skip(NULL), 3000);
}

/* An old segment does not take the window back (SND.WL1, SND.WL2). */
TALK(window, old_segment_does_not_update_rfc9293_3_10_7_4)
{
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100, .wnd = 9000);
	talk_in(ACK, .seq = 1, .ack = 1, .wnd = 50);
	talk_expect(ACK, .seq = 1, .ack = 101);
	talk_eq(talk_tcb()->snd_wnd, 9000);
}
