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
