/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* The receive window that grows (tcp.receive-buffer-max), and when ACKs come at once. */

static uint32_t sent;

/* A window's worth of full segments, spread over us. */
static void window_worth(uint64_t us)
{
	uint32_t bytes = talk_tcb()->rcv_adv - talk_tcb()->rcv_nxt, n = bytes / 1000 + 2;

	for (uint32_t i = 0; i < n; i++) {
		talk_in(ACK, .seq = 1 + sent, .ack = 1, .len = 1000,
			.hold = i % 8 != 7 && i != n - 1);
		sent += 1000;
		if (i % 8 == 7)
			talk_run(us * 8 / n);
	}
	talk_skip(NULL);
}

static void begin(uint32_t most)
{
	sent = 0;
	talk.lenient = true;
	talk.conf.rcvbuf_max = most;
	talk.wscale = 1;
	talk_established();
}

TALK(tune, doubles_while_the_window_is_used_up)
{
	begin(1 << 20);
	talk_eq(talk_tcb()->rcv_buf, 65535);
	window_worth(50 * MS);
	talk_eq(talk_tcb()->rcv_buf, 2 * 65535);
	window_worth(50 * MS);
	talk_eq(talk_tcb()->rcv_buf, 4 * 65535);
	talk_check(talk_count(CNT_tcp_rcv_grown) == 2);
	/* The peer is told. */
	talk_in(ACK, .seq = 1 + sent, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 1001 + sent, .ack = 1, .len = 1000);
	const struct talk_out *o = talk_next_out();

	talk_check(o != NULL && (uint32_t)o->h.wnd << talk_tcb()->rcv_wscale > 3 * 65535);
}

TALK(tune, up_to_the_configured_size)
{
	begin(100000);
	for (unsigned i = 0; i < 4; i++)
		window_worth(20 * MS);
	talk_eq(talk_tcb()->rcv_buf, 100000);
	talk_eq(talk.tcp->rcv_grown, 100000 - 65535);
}

/* A sender that takes many round trips for a window needs no larger one. */
TALK(tune, not_for_a_slow_sender)
{
	begin(1 << 20);
	window_worth(50 * MS);
	talk_eq(talk_tcb()->rcv_buf, 2 * 65535);
	window_worth(500 * MS);
	talk_eq(talk_tcb()->rcv_buf, 2 * 65535);
}

TALK(tune, not_for_a_slow_reader)
{
	talk.slow_reader = true;
	begin(1 << 20);
	for (unsigned i = 0; i < 60; i++) {
		talk_in(ACK, .seq = 1 + sent, .ack = 1, .len = 1000);
		sent += 1000;
	}
	talk_skip(NULL);
	talk_consume(20000);
	for (unsigned i = 0; i < 20; i++) {
		talk_in(ACK, .seq = 1 + sent, .ack = 1, .len = 1000);
		sent += 1000;
	}
	talk_eq(talk_tcb()->rcv_buf, 65535);
}

TALK(tune, not_what_the_application_chose)
{
	talk.opts.rcvbuf = 70000;
	begin(1 << 20);
	window_worth(10 * MS);
	window_worth(10 * MS);
	talk_eq(talk_tcb()->rcv_buf, 70000);
}

/* All of a core: by no more than its buffers hold. */
TALK(tune, bounded_by_the_core)
{
	begin(1 << 20);
	talk.tcp->rcv_grown_max = 100000;
	for (unsigned i = 0; i < 4; i++)
		window_worth(10 * MS);
	talk_eq(talk_tcb()->rcv_buf, 2 * 65535);
}

TALK(tune, acks_at_once_at_the_beginning)
{
	talk.conf.quick_acks = 8;
	talk_established();
	for (unsigned i = 0; i < 8; i++) {
		talk_in(ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000);
		talk_expect(ACK, .seq = 1, .ack = 1001 + 1000 * i);
	}
	talk_in(ACK, .seq = 8001, .ack = 1, .len = 1000);
	talk_expect_none();
	talk_in(ACK, .seq = 9001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 10001);
}

/* ... and after a gap was filled, and after a delayed ACK that nobody was in need of. */
TALK(tune, acks_at_once_after_a_gap_rfc5681_4_2)
{
	talk.conf.quick_acks = 1;
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1001);
	talk_in(ACK, .seq = 2001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1001);
	talk_in(ACK, .seq = 1001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 3001);
	talk_in(ACK, .seq = 3001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 4001);
	talk_in(ACK, .seq = 4001, .ack = 1, .len = 1000);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 5001);
	talk_in(ACK, .seq = 5001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 6001);
}

static void burst(uint32_t seq, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		talk_in(ACK, .seq = seq + 1000 * i, .ack = 1, .len = 1000, .hold = true);
}

/* What follows on in one burst is one packet to the application, and one ACK. */
TALK(tune, burst_in_one_upcall)
{
	talk.ts = true;
	talk_established();
	burst(1, 5);
	talk_in(ACK | PSH, .seq = 5001, .ack = 1, .len = 500);
	talk_event_at(__LINE__, EV_RECEIVED, 5500);
	talk_no_event();
	talk_expect(ACK, .seq = 1, .ack = 5501);
	talk_eq(talk_count(CNT_tcp_rx_coalesced), 5);
}

/* Not beyond a gap, another acknowledgement, a FIN or another connection's segment. */
TALK(tune, burst_that_does_not_follow_on)
{
	talk_established();
	talk_send(10);
	talk_skip(NULL);
	burst(1, 2);
	talk_in(ACK, .seq = 2001, .ack = 11, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 3001, .ack = 11, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 5001, .ack = 11, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 4001, .ack = 11, .len = 1000, .hold = true);
	talk_in(FIN | ACK, .seq = 6001, .ack = 11, .len = 7);
	talk_event_at(__LINE__, EV_RECEIVED, 2000);
	talk_event_at(__LINE__, EV_RECEIVED, 2000);
	talk_received(2007);
	talk_peer_closed();
	talk_skip(NULL);
}

TALK(tune, burst_of_two_connections)
{
	talk_established();
	talk_conn_new();
	talk_established();
	for (unsigned i = 0; i < 6; i++) {
		talk_conn_use(i % 2);
		talk_in(ACK, .seq = 1 + 1000 * (i / 2), .ack = 1, .len = 1000, .hold = i != 5);
	}
	talk_check(talk.conn[0].rx_next == 3001 && talk.conn[1].rx_next == 3001);
	talk_skip(NULL);
}

/* An application that sends on what it got finds room for it in its send buffer. */
TALK(tune, burst_is_cut_for_a_small_send_buffer)
{
	talk.opts.sndbuf = 4096;
	talk_established();
	burst(1, 4);
	talk_in(ACK, .seq = 4001, .ack = 1, .len = 1000);
	talk_event_at(__LINE__, EV_RECEIVED, 2000);
	talk_event_at(__LINE__, EV_RECEIVED, 2000);
	talk_event_at(__LINE__, EV_RECEIVED, 1000);
	talk_expect(ACK, .seq = 1, .ack = 5001);
}

/* The edge as the peer sees it is in units of the scale: with the buffer full it may go back by part of
 * one, never by more; and what lies within the true edge is taken. */
TALK(tune, scaled_edge_rfc7323_2_4)
{
	uint32_t edge = 0, adv = 0;

	talk.slow_reader = true;
	talk.opts.rcvbuf = 1 << 22;
	talk.wscale = 1;
	talk_established();
	for (unsigned i = 0; i < 200; i++) {
		talk_in(ACK, .seq = 1 + 7 * i, .ack = 1, .len = 7);
		talk_run(40 * MS);
		const struct talk_out *o = talk_next_out();

		talk_check(o != NULL);
		uint32_t e = o->h.ack + ((uint32_t)o->h.wnd << talk_tcb()->rcv_wscale);

		talk_check(edge == 0 || seq_gt(e + (1u << talk_tcb()->rcv_wscale), edge));
		talk_check(i == 0 || seq_geq(talk_tcb()->rcv_adv, adv));
		adv = talk_tcb()->rcv_adv;
		talk_check(e - o->h.ack <= 1 << 22);
		edge = e;
		talk.n_out = talk.out_read = 0;
	}
}
