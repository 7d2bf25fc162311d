/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Urgent data and shut windows: RFC 9293 sections 3.4 and 3.8.5 (docs/rfc9293.md). */

/* A receiver whose window the application has let close: buffer 4000, all of it used. */
static void window_closed(void)
{
	talk.opts.rcvbuf = 4000;
	talk.slow_reader = true;
	talk_established();
	for (unsigned i = 0; i < 3; i++)
		talk_in(ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 3001, .ack = 1, .len = 1000);
	talk_received(4000);
	talk_expect(ACK, .seq = 1, .ack = 4001, .wnd = TALK_ZERO);
}

/* MUST-66: a segment without data at a shut window is acceptable, and so is its URG. */
TALK(rfc9293_urgent, zero_window_must66_3_4)
{
	window_closed();
	talk_in(ACK | URG, .seq = 4001, .ack = 1, .urp = 1);
	talk_urgent(1);
	talk_no_event();
}

/* MUST-66: of a probe nothing is taken but its ACK and its URG. */
TALK(rfc9293_urgent, zero_window_with_data_must66_3_4)
{
	window_closed();
	talk_in(ACK | URG, .seq = 4001, .ack = 1, .len = 1, .urp = 1);
	talk_expect(ACK, .seq = 1, .ack = 4001, .wnd = TALK_ZERO);
	talk_urgent(1);
	/* Probed again: told already. */
	talk_in(ACK | URG, .seq = 4001, .ack = 1, .len = 1, .urp = 1);
	talk_expect(ACK, .seq = 1, .ack = 4001, .wnd = TALK_ZERO);
	talk_no_event();
	talk_consume(4000);
	talk_expect(ACK, .seq = 1, .ack = 4001, .wnd = 4000);
	talk_in(ACK | URG, .seq = 4001, .ack = 1, .len = 1, .urp = 1);
	talk_received(1);
	talk_no_event();
	talk_run(1 * SEC);
	talk_skip(NULL);
}

static void close_it(struct tcb *t)
{
	tcp_close(talk.tcp, t);
}

/* The application may let go even there: it has unread data, so that is a reset. */
TALK(rfc9293_urgent, zero_window_closed_in_the_upcall_must66_3_4)
{
	window_closed();
	talk.on[EV_URGENT] = close_it;
	talk_in(ACK | URG, .seq = 4001, .ack = 1, .len = 1, .urp = 1);
	talk_urgent(1);
	talk_expect(RST | ACK, .seq = 1, .ack = 4001);
	talk_eq(talk.tcp->n_tcb, 0);
}

/* MUST-66: a reset counts at a shut window, also one that says why (SHLD-2). */
TALK(rfc9293_urgent, zero_window_rst_with_text_must66_shld2_3_5_3)
{
	window_closed();
	talk_in(RST | ACK, .seq = 4002, .ack = 1, .len = 20);
	talk_in(RST | ACK, .seq = 4000, .ack = 1, .len = 20);
	talk_expect_none();
	talk_state("ESTABLISHED");
	talk_in(RST | ACK, .seq = 4001, .ack = 1, .len = 20);
	talk_closed(ECONNRESET);
	talk_expect_none();
}

/* MUST-30, MUST-32: wherever the peer's sequence numbers begin. */
TALK(rfc9293_urgent, told_with_any_initial_number_must32_3_8_5)
{
	static const uint32_t iss[] = {
		0, 0x7fffffff, 0x80000000, 0xc0000000, 0xfffffff0, 0xffffffff};

	for (unsigned i = 0; i < RTE_DIM(iss); i++) {
		if (i == 0)
			talk_up();
		else
			talk_conn_new();
		talk.conn[talk.c].peer_iss = iss[i];
		talk_established();
		talk_in(ACK | URG, .seq = 1, .ack = 1, .len = 10, .urp = 5);
		talk_urgent(5);
		talk_received(10);
		talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 11);
	}
}

/* MUST-33: how much of the urgent data remains to be read. */
TALK(rfc9293_urgent, how_much_remains_must33_3_8_5)
{
	struct tcp_info i;

	talk.slow_reader = true;
	talk_established();
	tcp_info(talk.tcp, talk_tcb(), &i);
	talk_eq(i.urgent, 0);
	talk_in(ACK | URG, .seq = 1, .ack = 1, .len = 100, .urp = 150);
	talk_urgent(150);
	talk_received(100);
	tcp_info(talk.tcp, talk_tcb(), &i);
	talk_eq(i.urgent, 150);
	talk_consume(60);
	tcp_info(talk.tcp, talk_tcb(), &i);
	talk_eq(i.urgent, 90);
	talk_in(ACK, .seq = 101, .ack = 1, .len = 100);
	talk_received(100);
	talk_consume(89);
	tcp_info(talk.tcp, talk_tcb(), &i);
	talk_eq(i.urgent, 1);
	talk_consume(1);
	tcp_info(talk.tcp, talk_tcb(), &i);
	talk_eq(i.urgent, 0);
	talk_consume(50);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 201);
}

/* MUST-62: the pointer is behind the last urgent octet; it cannot go back (section 3.8.5). */
TALK(rfc9293_urgent, pointer_does_not_recede_must62_3_8_5)
{
	struct tcp_info i;

	talk.slow_reader = true;
	talk_established();
	talk_in(ACK | URG, .seq = 1, .ack = 1, .urp = 100);
	talk_urgent(100);
	talk_in(ACK | URG, .seq = 1, .ack = 1, .urp = 10);
	talk_no_event();
	tcp_info(talk.tcp, talk_tcb(), &i);
	talk_eq(i.urgent, 100);
	talk_in(ACK | URG, .seq = 1, .ack = 1, .urp = 101);
	talk_urgent(101);
	/* Without URG the field says nothing. */
	talk_in(ACK, .seq = 1, .ack = 1, .urp = 500);
	talk_no_event();
}

/* MUST-31: urgent data longer than any segment and than the pointer can say at once. */
TALK(rfc9293_urgent, any_length_must31_3_8_5)
{
	uint32_t end = 200000, told = 0;

	talk.lenient = true;
	talk_established();
	for (uint32_t at = 0; at < end; at += 1000) {
		uint32_t up = RTE_MIN(end - at, UINT32_C(65535));

		talk_in(ACK | URG, .seq = 1 + at, .ack = 1, .len = 1000, .urp = (uint16_t)up);
		if (at + up > told) {
			talk_urgent(up);
			told = at + up;
		}
		talk_received(1000);
	}
	talk_no_event();
	talk_skip(NULL);
}
