/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Closing: RFC 9293 sections 3.6 and 3.10.4 (catalogue TCP-7). */

#define TWO_MSL (60 * SEC)

TALK(close, active_rfc9293_3_6_figure_12)
{
	talk_established();
	talk_close();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 2);
	talk_in(FIN | ACK, .seq = 1, .ack = 2);
	talk_expect(ACK, .seq = 2, .ack = 2);
	talk_eq(talk.tcp->n_time_wait, 1);
	talk_eq(talk.tcp->n_tcb, 0);
	talk_advance(TWO_MSL - 1 * MS);
	talk_eq(talk.tcp->n_time_wait, 1);
	talk_advance(2 * MS);
	talk_eq(talk.tcp->n_time_wait, 0);
	talk_no_event();
	talk_in(ACK, .seq = 2, .ack = 2);
	talk_expect(RST, .seq = 2);
}

TALK(close, peer_first_rfc9293_3_6_tcp_7_02)
{
	talk_established();
	talk_in(FIN | ACK, .seq = 1, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 2);
	talk_peer_closed();
	talk_state("CLOSE-WAIT");
	talk_send(500);
	talk_expect(ACK | PSH, .seq = 1, .ack = 2, .len = 500);
	talk_in(ACK, .seq = 2, .ack = 501);
	talk_close();
	talk_expect(FIN | ACK, .seq = 501, .ack = 2);
	talk_in(ACK, .seq = 2, .ack = 502);
	talk_eq(talk.tcp->n_tcb, 0);
	talk_eq(talk.tcp->n_time_wait, 0);
}

TALK(close, both_at_once_rfc9293_3_6_figure_13_tcp_7_03)
{
	talk_established();
	talk_shutdown();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(FIN | ACK, .seq = 1, .ack = 1);
	talk_expect(ACK, .seq = 2, .ack = 2);
	talk_state("CLOSING");
	talk_peer_closed();
	talk_in(ACK, .seq = 2, .ack = 2);
	talk_closed(0);
	talk_eq(talk.tcp->n_time_wait, 1);
}

TALK(close, fin_acked_by_the_peers_fin_rfc9293_3_6)
{
	talk_established();
	talk_shutdown();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(FIN | ACK, .seq = 1, .ack = 2);
	talk_expect(ACK, .seq = 2, .ack = 2);
	talk_closed(0);
	talk_eq(talk.tcp->n_time_wait, 1);
}

TALK(close, fin_lost_rfc9293_3_6_tcp_7_05)
{
	talk_established();
	talk_shutdown();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_expect_after(1 * SEC, FIN | ACK, .seq = 1, .ack = 1);
	talk_expect_after(2 * SEC, FIN | ACK, .seq = 1, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 2);
	talk_state("FIN-WAIT-2");
	talk_advance(30 * SEC);
}

TALK(close, data_and_fin_lost_rfc9293_3_6)
{
	talk_established();
	talk_send(1000);
	talk_shutdown();
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_expect(FIN | ACK, .seq = 1001, .ack = 1);
	talk_expect_after(1 * SEC, FIN | ACK | PSH, .seq = 1, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 1002);
	talk_state("FIN-WAIT-2");
}

TALK(close, fin_rides_on_the_last_data)
{
	talk_established();
	tcp_send(talk.tcp, talk_tcb(), (uint8_t[]){talk_byte(1, true)}, 1, true);
	talk_shutdown();
	talk_expect(FIN | ACK | PSH, .seq = 1, .ack = 1, .len = 1);
	talk_in(ACK, .seq = 1, .ack = 3);
	talk_state("FIN-WAIT-2");
}

TALK(close, fin_waits_for_the_queue_rfc9293_3_10_4)
{
	talk.peer_wnd = 2000;
	talk_established();
	talk_send(3000);
	talk_shutdown();
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1001, .ack = 1, .len = 1000);
	talk_state("FIN-WAIT-1");
	talk_in(ACK, .seq = 1, .ack = 2001);
	talk_expect(FIN | ACK | PSH, .seq = 2001, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 3001);
	talk_state("FIN-WAIT-1");
	talk_in(ACK, .seq = 1, .ack = 3002);
	talk_state("FIN-WAIT-2");
}

TALK(close, peers_fin_again_in_time_wait_rfc9293_3_10_7_4_tcp_7_06)
{
	talk_established();
	talk_close();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(FIN | ACK, .seq = 1, .ack = 2);
	talk_expect(ACK, .seq = 2, .ack = 2);
	talk_advance(TWO_MSL - 1 * SEC);
	talk_in(FIN | ACK, .seq = 1, .ack = 2);
	talk_expect(ACK, .seq = 2, .ack = 2);
	talk_advance(TWO_MSL - 1 * MS);
	talk_eq(talk.tcp->n_time_wait, 1);
	talk_advance(2 * MS);
	talk_eq(talk.tcp->n_time_wait, 0);
}

/* Only the FIN that was received may prolong the wait: no other segment keeps an entry alive. */
TALK(close, a_stray_fin_does_not_prolong_time_wait_rfc9293_3_10_7_4)
{
	talk_established();
	talk_close();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(FIN | ACK, .seq = 1, .ack = 2);
	talk_expect(ACK, .seq = 2, .ack = 2);
	talk_advance(TWO_MSL - 1 * SEC);
	talk_in(FIN | ACK, .seq = 5000, .ack = 2);
	talk_expect(ACK, .seq = 2, .ack = 2);
	talk_advance(1 * SEC + 2 * MS);
	talk_eq(talk.tcp->n_time_wait, 0);
}

/* All entries wait equally long, so a restarted one goes behind the others. */
TALK(close, time_wait_order_after_restart)
{
	talk_listen();
	for (unsigned i = 0; i < 3; i++) {
		if (i > 0)
			talk_conn_new();
		talk_established();
		talk_close();
		talk_expect(FIN | ACK, .seq = 1, .ack = 1);
		talk_in(FIN | ACK, .seq = 1, .ack = 2);
		talk_expect(ACK, .seq = 2, .ack = 2);
		talk_advance(1 * SEC);
	}
	talk_conn_use(0);
	talk_in(FIN | ACK, .seq = 1, .ack = 2);
	talk_expect(ACK, .seq = 2, .ack = 2);
	talk_advance(TWO_MSL - 2 * SEC + 2 * MS);
	talk_eq(talk.tcp->n_time_wait, 2);
	talk_advance(1 * SEC);
	talk_eq(talk.tcp->n_time_wait, 1);
	talk_advance(1 * SEC);
	talk_eq(talk.tcp->n_time_wait, 0);
}

TALK(close, time_wait_table_full_evicts_the_oldest)
{
	talk.conf.time_wait = 2;
	talk_listen();
	for (unsigned i = 0; i < 3; i++) {
		if (i > 0)
			talk_conn_new();
		talk_established();
		talk_close();
		talk_expect(FIN | ACK, .seq = 1, .ack = 1);
		talk_in(FIN | ACK, .seq = 1, .ack = 2);
		talk_expect(ACK, .seq = 2, .ack = 2);
	}
	talk_eq(talk.tcp->n_time_wait, 2);
	talk_eq(talk_count(CNT_tcp_time_wait_evicted), 1);
	talk_conn_use(0);
	talk_in(FIN | ACK, .seq = 1, .ack = 2);
	talk_expect(RST, .seq = 2);
}

TALK(close, fin_out_of_order_rfc9293_3_10_7_4_tcp_7_08)
{
	talk_established();
	talk_in(FIN | ACK, .seq = 1001, .ack = 1, .len = 500);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_state("ESTABLISHED");
	talk_no_event();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1502);
	talk_received(1500);
	talk_peer_closed();
	talk_state("CLOSE-WAIT");
}

TALK(close, bare_fin_out_of_order_rfc9293_3_10_7_4)
{
	talk_established();
	talk_in(FIN | ACK, .seq = 1001, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1002);
	talk_received(1000);
	talk_peer_closed();
}

TALK(close, data_behind_the_fin_rfc9293_3_10_7_4_tcp_7_09)
{
	talk_established();
	talk_in(FIN | ACK, .seq = 1, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 2);
	talk_peer_closed();
	talk_in(ACK, .seq = 2, .ack = 1, .len = 100);
	talk_expect(ACK, .seq = 1, .ack = 2);
	talk_no_event();
	talk_state("CLOSE-WAIT");
}

TALK(close, peers_fin_again_in_close_wait_rfc9293_3_10_7_4)
{
	talk_established();
	talk_in(FIN | ACK, .seq = 1, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 2);
	talk_peer_closed();
	talk_in(FIN | ACK, .seq = 1, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 2);
	talk_no_event();
}

TALK(close, half_close_rfc9293_3_6_tcp_7_10)
{
	talk_established();
	talk_shutdown();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 2);
	talk_state("FIN-WAIT-2");
	talk_eq((unsigned)-talk_send(1), EPIPE);
	/* For as long as the peer likes. */
	talk_advance(600 * SEC);
	talk_in(ACK, .seq = 1, .ack = 2, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 1001, .ack = 2, .len = 1000);
	talk_expect(ACK, .seq = 2, .ack = 2001);
	talk_received(2000);
	talk_in(FIN | ACK, .seq = 2001, .ack = 2);
	talk_expect(ACK, .seq = 2, .ack = 2002);
	talk_closed(0);
}

TALK(close, unread_data_shld3_rfc9293_3_6_1_tcp_7_11)
{
	talk.slow_reader = true;
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 10);
	talk_received(10);
	talk_close();
	talk_expect(RST | ACK, .seq = 1, .ack = 11);
	talk_eq(talk.tcp->n_tcb, 0);
}

TALK(close, data_after_close_shld3_rfc9293_3_6_1)
{
	talk_established();
	talk_close();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 2);
	talk_in(ACK, .seq = 1, .ack = 2, .len = 10);
	const struct talk_out *o = talk_next_out();

	talk_check(o != NULL && o->h.flags & RST);
	talk_eq(talk.tcp->n_tcb, 0);
	talk_no_event();
}

TALK(close, abort_must_rfc9293_3_10_5_tcp_7_12)
{
	talk_established();
	talk_send(1500);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_abort();
	talk_expect(RST | ACK, .seq = 1001, .ack = 1);
	talk_eq(talk.tcp->n_tcb, 0);
	talk_no_event();
	talk_advance(10 * SEC);
}

TALK(close, last_ack_rfc9293_3_10_7_4_tcp_7_13)
{
	talk_established();
	talk_in(FIN | ACK, .seq = 1, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 2);
	talk_peer_closed();
	talk_shutdown();
	talk_expect(FIN | ACK, .seq = 1, .ack = 2);
	talk_state("LAST-ACK");
	talk_in(ACK, .seq = 2, .ack = 2);
	talk_closed(0);
	talk_eq(talk.tcp->n_tcb, 0);
	talk_eq(talk.tcp->n_time_wait, 0);
}

TALK(close, fin_with_the_handshake_rfc9293_3_10_7_4_tcp_7_14)
{
	talk_listen();
	talk_in(SYN, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(FIN | ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_peer_closed();
	talk_expect(ACK, .seq = 1, .ack = 2);
	talk_state("CLOSE-WAIT");
}

/* FIN-WAIT-2 that nobody holds ends after fin_wait2_us. */
TALK(close, fin_wait_2_timeout)
{
	talk_established();
	talk_close();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 2);
	talk_advance(60 * SEC - 1);
	talk_eq(talk.tcp->n_tcb, 1);
	talk_advance(1);
	talk_eq(talk.tcp->n_tcb, 0);
	talk_no_event();
}

TALK(close, fin_wait_2_timeout_starts_with_the_close)
{
	talk_established();
	talk_shutdown();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 2);
	talk_advance(100 * SEC);
	talk_close();
	talk_advance(60 * SEC - 1);
	talk_eq(talk.tcp->n_tcb, 1);
	talk_advance(1);
	talk_eq(talk.tcp->n_tcb, 0);
}

/* A connection that the application closed and whose peer vanished ends too. */
TALK(close, peer_vanished_after_close_r2)
{
	talk.lenient = true;
	talk_established();
	talk_send(100);
	talk_close();
	talk_run(2000 * SEC);
	talk_eq(talk.tcp->n_tcb, 0);
	talk_eq(talk_count(CNT_tcp_timeouts), 1);
}

TALK(close, shutdown_before_established_rfc9293_3_10_4)
{
	talk_connect();
	talk_expect(SYN);
	talk_shutdown();
	talk_expect_none();
	talk_in(SYN | ACK, .ack = 1);
	talk_connected();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_state("FIN-WAIT-1");
}

/* Simultaneous open, closed by the application in SYN-RECEIVED: FIN goes when it is open. */
TALK(close, in_syn_received_rfc9293_3_10_4)
{
	talk_connect();
	talk_expect(SYN);
	talk_in(SYN, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1);
	talk_close();
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_no_event();
}

TALK(close, handle_is_dead_after_close)
{
	tcp_handle_t h;

	talk_established();
	h = talk.conn[0].h;
	talk_check(tcp_find(talk.tcp, h) == talk_tcb());
	talk_close();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_check(tcp_find(talk.tcp, h) == NULL);
	talk_in(RST, .seq = 1);
	talk_conn_new();
	talk_established();
	talk_check(talk.conn[1].h != h);
	talk_check(tcp_find(talk.tcp, h) == NULL);
}

TALK(close, abort_all)
{
	talk_established();
	talk_conn_new();
	talk_established();
	tcp_abort_all(talk.tcp);
	talk_output();
	talk_conn_use(0);
	talk_expect(RST | ACK, .seq = 1, .ack = 1);
	talk_closed(ECONNABORTED);
	talk_conn_use(1);
	talk_expect(RST | ACK, .seq = 1, .ack = 1);
	talk_closed(ECONNABORTED);
	talk_eq(talk.tcp->n_tcb, 0);
}
