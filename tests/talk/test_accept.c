/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Sequence number and ACK acceptance: RFC 9293 sections 3.4 and 3.10.7.4 (catalogue TCP-4). */

/* A receiver whose window the application has let close: buffer 4000, all of it used. */
static void window_closed(void)
{
	talk.opts.rcvbuf = 4000;
	talk.slow_reader = true;
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 1001, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 2001, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 3001, .ack = 1, .len = 1000);
	talk_received(4000);
	talk_expect(ACK, .seq = 1, .ack = 4001, .wnd = TALK_ZERO);
}

TALK(accept, zero_window_rcv_nxt_rfc9293_3_4_tcp_4_01)
{
	window_closed();
	talk_in(ACK, .seq = 4001, .ack = 1);
	talk_expect_none();
	talk_in(RST, .seq = 4001);
	talk_closed(ECONNRESET);
}

TALK(accept, zero_window_not_rcv_nxt_rfc9293_3_4_tcp_4_02)
{
	window_closed();
	talk_in(ACK, .seq = 4002, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 4001, .wnd = TALK_ZERO);
	talk_in(ACK, .seq = 4000, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 4001, .wnd = TALK_ZERO);
}

/* A probe's data is not taken, but its ACK is (MUST-66 and the special allowance). */
TALK(accept, zero_window_data_rfc9293_3_10_7_4)
{
	window_closed();
	talk_send(100);
	talk_expect(ACK, .seq = 1, .ack = 4001, .len = 100);
	talk_in(ACK, .seq = 4001, .ack = 101, .len = 1);
	talk_expect(ACK, .seq = 101, .ack = 4001, .wnd = TALK_ZERO);
	talk_eq(talk_tcb()->snd_una - talk.conn[0].iss, 101);
	talk_received(0);
}

TALK(accept, last_octet_of_window_rfc9293_3_4_tcp_4_03)
{
	talk_established();
	talk_in(ACK, .seq = 65535, .ack = 1);
	talk_expect_none();
	talk_in(ACK, .seq = 65536, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 1);
}

TALK(accept, old_duplicate_rfc9293_3_4_tcp_4_06)
{
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 1001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 2001);
	talk_received(2000);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 2001);
	talk_received(0);
}

TALK(accept, starts_left_of_window_rfc9293_3_4_tcp_4_07)
{
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 500);
	talk_in(ACK, .seq = 251, .ack = 1, .len = 1250);
	talk_received(1500);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 1501);
}

TALK(accept, runs_past_window_rfc9293_3_4_tcp_4_08)
{
	talk.opts.rcvbuf = 1500;
	talk.slow_reader = true;
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_in(ACK | FIN, .seq = 1001, .ack = 1, .len = 1000);
	talk_received(1500);
	talk_expect(ACK, .seq = 1, .ack = 1501, .wnd = TALK_ZERO);
	talk_state("ESTABLISHED");
}

TALK(accept, out_of_order_shld31_rfc9293_3_10_7_4_tcp_4_10)
{
	talk_established();
	talk_in(ACK, .seq = 1001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_in(ACK, .seq = 2001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_received(0);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 3001);
	talk_received(3000);
}

/* Overlaps of all kinds; each byte is checked as it is delivered. */
TALK(accept, out_of_order_overlaps_rfc9293_3_10_7_4)
{
	static const uint16_t piece[][2] = {{501, 100}, {701, 100}, {901, 100}, {551, 100},
		{451, 60}, {551, 400}, {601, 100}, {401, 700}, {501, 100}, {1001, 400},
		{1051, 200}};

	talk_established();
	for (unsigned i = 0; i < RTE_DIM(piece); i++) {
		talk_in(ACK, .seq = piece[i][0], .ack = 1, .len = piece[i][1]);
		talk_expect(ACK, .seq = 1, .ack = 1);
	}
	talk_received(0);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 600);
	talk_expect(ACK, .seq = 1, .ack = 1401);
	talk_received(1400);
	talk_check(talk_tcb()->xr == NULL);
}

TALK(accept, out_of_order_bounded_in_number)
{
	talk.conf.ooo_max = 4;
	talk_established();
	for (unsigned i = 0; i < 8; i++) {
		talk_in(ACK, .seq = 101 + 200 * i, .ack = 1, .len = 100);
		talk_expect(ACK, .seq = 1, .ack = 1);
	}
	talk_eq(talk_tcb()->xr->ooo_bufs, 4);
	talk_eq(talk_drops(DROP_tcp_ooo_full), 4);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_expect(ACK, .seq = 1, .ack = 201);
	talk_received(200);
}

TALK(accept, no_ack_bit_rfc9293_3_10_7_4_tcp_4_11)
{
	talk_established();
	talk_in(PSH, .seq = 1, .len = 10);
	talk_in(FIN, .seq = 1);
	talk_expect_none();
	talk_received(0);
	talk_state("ESTABLISHED");
}

TALK(accept, ack_of_unsent_rfc9293_3_10_7_4_tcp_4_12)
{
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 2, .len = 10);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_received(0);
}

/* Below SND.UNA - MAX.SND.WND. */
TALK(accept, ancient_ack_rfc5961_5_2_tcp_4_13)
{
	talk.peer_wnd = 5000;
	talk_established();
	talk_send(3000);
	talk_skip(NULL);
	talk_in(ACK, .seq = 1, .ack = 3001);
	talk_in(ACK, .seq = 1, .ack = 3001 - 5001, .len = 10);
	talk_expect(ACK, .seq = 3001, .ack = 1);
	talk_received(0);
	talk_eq(talk_count(CNT_tcp_challenge_acks), 1);
}

TALK(accept, old_ack_in_range_rfc9293_3_10_7_4_tcp_4_14)
{
	talk.peer_wnd = 5000;
	talk_established();
	talk_send(3000);
	talk_skip(NULL);
	talk_in(ACK, .seq = 1, .ack = 3001);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 10);
	talk_received(10);
	talk_expect_after(40 * MS, ACK, .seq = 3001, .ack = 11);
}

/* Both directions run through 2^32. */
TALK(accept, wrap_rfc9293_3_4_tcp_4_16)
{
	talk_wrap(5000);
	talk.conn[0].peer_iss = 0u - 5000;
	talk_established();
	talk_check(talk.conn[0].iss > 0xffffe000 && talk.conn[0].iss + 20000 < 0x7fffffff);
	for (unsigned i = 0; i < 20; i++) {
		talk_in(ACK, .seq = 1 + 1000 * i, .ack = 1 + 1000 * i, .len = 1000);
		talk_send(1000);
		talk_expect(ACK, .seq = 1 + 1000 * i, .ack = 1001 + 1000 * i, .len = 1000);
	}
	talk_received(20000);
	talk_in(FIN | ACK, .seq = 20001, .ack = 20001);
	talk_expect(ACK, .seq = 20001, .ack = 20002);
	talk_peer_closed();
}

TALK(accept, wrap_out_of_order_rfc9293_3_4)
{
	talk_up();
	talk.conn[0].peer_iss = 0u - 1500;
	talk_established();
	talk_in(ACK, .seq = 2001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_in(ACK, .seq = 1001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 3001);
	talk_received(3000);
}
