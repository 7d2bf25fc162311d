/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* CLOSED, LISTEN and SYN-SENT: RFC 9293 sections 3.10.7.1 to 3.10.7.3 (catalogue TCP-2). */

TALK(closed, syn_gets_rst_rfc9293_3_10_7_1_tcp_2_01)
{
	talk_up();
	talk_in(SYN);
	talk_expect(RST | ACK, .seq = 0, .ack = 1);
	talk_eq(talk_drops(DROP_tcp_port), 1);
}

TALK(closed, data_without_ack_rfc9293_3_10_7_1_tcp_2_02)
{
	talk_up();
	talk_in(PSH, .seq = 100, .len = 7);
	talk_expect(RST | ACK, .seq = 0, .ack = 107);
}

TALK(closed, syn_fin_with_data_counts_both_rfc9293_3_10_7_1)
{
	talk_up();
	talk_in(SYN | FIN, .len = 10);
	talk_expect(RST | ACK, .seq = 0, .ack = 12);
}

TALK(closed, ack_gets_rst_rfc9293_3_10_7_1_tcp_2_03)
{
	talk_up();
	talk_in(ACK, .seq = 100, .ack = 4711, .len = 5);
	talk_expect(RST, .seq = 4711);
}

TALK(closed, rst_dropped_rfc9293_3_10_7_1_tcp_2_05)
{
	talk_up();
	talk_in(RST, .seq = 100);
	talk_in(RST | ACK, .seq = 100, .ack = 1);
	talk_expect_none();
}

TALK(listen, rst_ignored_rfc9293_3_10_7_2_tcp_2_06)
{
	talk_listen();
	talk_in(RST);
	talk_in(RST | SYN | ACK);
	talk_expect_none();
	talk_established();
}

TALK(listen, ack_gets_rst_rfc9293_3_10_7_2_tcp_2_07)
{
	talk_listen();
	talk_in(ACK, .seq = 5, .ack = 4711);
	talk_expect(RST, .seq = 4711);
	talk_in(SYN | ACK, .seq = 5, .ack = 4712);
	talk_expect(RST, .seq = 4712);
	talk_established();
}

TALK(listen, no_flags_dropped_rfc9293_3_10_7_2_tcp_2_10)
{
	talk_listen();
	talk_in(0, .seq = 5, .len = 3);
	talk_in(FIN, .seq = 5);
	talk_in(URG | PSH, .seq = 5);
	talk_expect_none();
}

/* Nothing of the SYN's data is acknowledged before it was kept; it comes again. */
TALK(listen, data_on_syn_never_lost_rfc9293_3_10_7_2_tcp_2_11)
{
	talk_listen();
	talk_in(SYN, .len = 20, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_in(ACK | PSH, .seq = 1, .ack = 1, .len = 20);
	talk_received(20);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 21);
}

TALK(listen, multicast_destination_must57_rfc9293_3_9_2_3_tcp_2_13)
{
	talk_up();
	talk.l = tcp_listen(
		talk.tcp, false, true, &(union net_ip){.v4 = 0}, 80, 0, &talk.opts, NULL, NULL);
	talk_in(SYN, .mcast = true);
	talk_expect_none();
	talk_eq(talk.tcp->n_half_open, 0);
}

TALK(listen, source_is_ours_land_tcp_13_07)
{
	talk_listen();
	talk_in(SYN, .self = true);
	talk_expect_none();
	talk_eq(talk.tcp->n_half_open, 0);
}

TALK(syn_sent, syn_ack_establishes_rfc9293_3_10_7_3_tcp_2_20)
{
	talk_established_out();
	talk_eq(talk_count(CNT_tcp_active_opens), 1);
}

TALK(syn_sent, ack_too_high_rfc9293_3_10_7_3_tcp_2_15)
{
	talk_connect();
	talk_expect(SYN);
	talk_in(SYN | ACK, .ack = 2);
	talk_expect(RST, .seq = 2);
	talk_in(ACK, .ack = 0);
	talk_expect(RST, .seq = 0);
	talk_state("SYN-SENT");
	talk_in(SYN | ACK, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_connected();
}

TALK(syn_sent, rst_with_wrong_ack_rfc9293_3_10_7_3_tcp_2_16)
{
	talk_connect();
	talk_expect(SYN);
	talk_in(RST | ACK, .ack = 2);
	talk_in(RST | ACK, .ack = 0);
	talk_in(RST, .seq = 0);
	talk_expect_none();
	talk_state("SYN-SENT");
	talk_no_event();
}

TALK(syn_sent, rst_refuses_rfc9293_3_10_7_3)
{
	talk_connect();
	talk_expect(SYN);
	talk_in(RST | ACK, .ack = 1);
	talk_closed(ECONNREFUSED);
	talk_expect_none();
}

TALK(syn_sent, fin_or_ack_dropped_rfc9293_3_10_7_3_tcp_2_19)
{
	talk_connect();
	talk_expect(SYN);
	talk_in(ACK, .ack = 1);
	talk_in(FIN | ACK, .ack = 1);
	talk_in(FIN);
	talk_expect_none();
	talk_state("SYN-SENT");
}

/* Data that came with the SYN,ACK is delivered, or not acknowledged. */
TALK(syn_sent, data_on_syn_ack_rfc9293_3_10_7_3)
{
	talk_connect();
	talk_expect(SYN);
	talk_in(SYN | ACK, .ack = 1, .len = 12, .mss = 1000);
	talk_expect(ACK, .seq = 1, .ack = 13);
	talk_connected();
	talk_received(12);
}

TALK(syn_sent, close_deletes_rfc9293_3_10_4)
{
	talk_connect();
	talk_expect(SYN);
	talk_close();
	talk_expect_none();
	talk_eq(talk.tcp->n_tcb, 0);
	talk_in(SYN | ACK, .ack = 1);
	talk_expect(RST, .seq = 1);
}

TALK(syn_sent, abort_deletes_without_rst_rfc9293_3_10_5)
{
	talk_connect();
	talk_expect(SYN);
	talk_abort();
	talk_expect_none();
	talk_eq(talk.tcp->n_tcb, 0);
}
