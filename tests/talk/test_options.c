/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* What the SYNs agree on: window scale and timestamps (RFC 7323), SACK (RFC 2018), ECN (RFC 3168);
 * catalogue TCP-11, TCP-12, TCP-15. */

#define ALL	(WIRE_TCP_OPT_WSCALE | WIRE_TCP_OPT_TS | WIRE_TCP_OPT_SACKOK)
#define TS	WIRE_TCP_OPT_TS
#define DAYS(n) ((n)*86400 * SEC)

TALK(options, offered_in_the_syn_rfc7323_2_2_rfc2018_2)
{
	talk_connect();
	talk_expect(SYN, .with = ALL, .wscale = 1, .without = WIRE_TCP_OPT_SACK);
}

TALK(options, each_can_be_switched_off_by_configuration)
{
	talk.conf.window_scaling = talk.conf.timestamps = talk.conf.sack = false;
	talk.conf.ecn = TCP_ECN_OFF;
	talk_connect();
	talk_expect(SYN, .without = ALL);
	talk_conn_new();
	talk_listen();
	talk_in(SYN | ECE | CWR, .wscale = 3, .tsval = 1, .sack_ok = true);
	talk_expect(SYN | ACK, .ack = 1, .without = ALL);
}

TALK(options, each_can_be_chosen_by_the_application)
{
	talk.conf.window_scaling = talk.conf.timestamps = talk.conf.sack = false;
	talk.opts.window_scaling = talk.opts.timestamps = talk.opts.sack = TCP_CHOICE_ON;
	talk.opts.ecn = TCP_CHOICE_ON;
	talk_connect();
	talk_expect(SYN | ECE | CWR, .with = ALL);
	talk.conf.window_scaling = true;
	talk.opts = (struct tcp_opts){.window_scaling = TCP_CHOICE_OFF};
	talk_conn_new();
	talk_listen();
	talk_in(SYN, .wscale = 3, .tsval = 1, .sack_ok = true);
	talk_expect(SYN | ACK, .ack = 1, .without = ALL);
}

/* TCP-11.01, 11.02, 12.02: an option is answered only where it was offered. */
TALK(options, answered_where_offered_rfc7323_2_2_rfc7323_3_2_rfc2018_2)
{
	talk_listen();
	talk_in(SYN, .sack_ok = true);
	talk_expect(SYN | ACK, .ack = 1, .sack_ok = true, .without = WIRE_TCP_OPT_WSCALE | TS);
	talk_conn_new();
	talk_in(SYN, .wscale = 1);
	talk_expect(SYN | ACK, .ack = 1, .wscale = 1, .without = WIRE_TCP_OPT_SACKOK | TS);
	talk_conn_new();
	talk_in(SYN, .tsval = 777);
	talk_expect(SYN | ACK, .ack = 1, .tsecr = 777,
		.without = WIRE_TCP_OPT_SACKOK | WIRE_TCP_OPT_WSCALE);
	talk_conn_new();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1, .without = ALL);
}

/* The shift is what the receive buffer needs, and no window of a SYN is scaled. */
TALK(options, wscale_of_the_buffer_rfc7323_2_3)
{
	talk.opts.rcvbuf = 1 << 20;
	talk.wscale = 3 + 1;
	talk_listen();
	talk_in(SYN, .mss = 1000, .wscale = 4, .wnd = 1000);
	talk_expect(SYN | ACK, .ack = 1, .wscale = 5 + 1, .wnd = 65535);
	talk_in(ACK, .seq = 1, .ack = 1, .wnd = 1000);
	talk_accepted();
	talk_eq(talk_tcb()->snd_wnd, 8000);
	talk_eq(talk_tcb()->rcv_buf, 1 << 20);
	talk_send(10);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 10, .wnd = 1 << 15);
}

TALK(options, wscale_active_rfc7323_2_2)
{
	talk.opts.rcvbuf = 300000;
	talk_connect();
	talk_expect(SYN, .wscale = 3 + 1, .wnd = 65535);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000, .wscale = 2 + 1, .wnd = 500);
	talk_connected();
	talk_expect(ACK, .seq = 1, .ack = 1, .wnd = 300000 / 8);
	talk_eq(talk_tcb()->snd_wnd, 500);
	talk_in(ACK, .seq = 1, .ack = 1, .wnd = 500);
	talk_eq(talk_tcb()->snd_wnd, 2000);
}

TALK(options, wscale_not_offered_is_not_used_rfc7323_2_2_tcp_12_02)
{
	talk.opts.rcvbuf = 1 << 20;
	talk_established_out();
	talk_eq(talk_tcb()->rcv_buf, 65535);
	talk_eq(talk_tcb()->snd_wnd, 65535);
	talk_send(10);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 10, .wnd = 65535);
}

TALK(options, wscale_15_is_taken_as_14_rfc7323_2_3_tcp_12_03)
{
	talk_listen();
	talk_in(SYN, .mss = 1000, .wscale = 15 + 1);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1, .wnd = 2);
	talk_accepted();
	talk_eq(talk_tcb()->snd_wnd, 2 << 14);
	talk_eq(talk_count(CNT_tcp_wscale_bad), 1);
}

/* TCP-12.01, 11.02: such an option elsewhere than in a SYN changes nothing. */
TALK(options, in_data_segments_ignored_rfc7323_2_2_tcp_12_01_11_02)
{
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 5, .wscale = 5, .sack_ok = true, .wnd = 3000);
	talk_received(5);
	talk_eq(talk_tcb()->snd_wnd, 3000);
	talk_check(!(talk_tcb()->flags & (TF_SACK | TF_WSCALE | TF_TS)));
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 6, .without = ALL);
}

TALK(options, wscale_in_simultaneous_open_rfc7323_2_2)
{
	talk.opts.rcvbuf = 1 << 20;
	talk_connect();
	talk_expect(SYN, .with = ALL);
	talk_in(SYN, .mss = 1000, .wscale = 3, .tsval = 50, .sack_ok = true, .wnd = 4000);
	talk_expect(SYN | ACK, .ack = 1, .with = ALL, .wscale = 6, .tsecr = 50, .wnd = 65535);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000, .wscale = 3, .tsval = 51, .sack_ok = true,
		.wnd = 4000);
	talk_connected();
	talk_eq(talk_tcb()->snd_wnd, 4000);
	talk_skip(NULL);
	talk_in(ACK, .seq = 1, .ack = 1, .tsval = 52, .wnd = 4000);
	talk_eq(talk_tcb()->snd_wnd, 16000);
}

TALK(options, not_crossed_in_simultaneous_open_rfc7323_2_2)
{
	talk.opts.rcvbuf = 1 << 20;
	talk_connect();
	talk_expect(SYN, .with = ALL);
	talk_in(SYN, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1, .without = ALL);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_connected();
	talk_eq(talk_tcb()->snd_wnd, 65535);
	talk_eq(talk_tcb()->rcv_buf, 65535);
}

/* TCP-12.05: in every segment once agreed on. */
TALK(options, timestamps_in_each_segment_rfc7323_3_2_tcp_12_05)
{
	talk.ts = true;
	talk_established();
	talk_eq(talk_tcb()->mss, 1000 - 12); /* RFC 6691 section 2 */
	talk_send(10);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 10, .with = TS);
	talk_in(ACK, .seq = 1, .ack = 11, .len = 10);
	talk_received(10);
	talk_expect_after(40 * MS, ACK, .seq = 11, .ack = 11, .with = TS);
	talk_send(2000);
	talk_expect(ACK, .seq = 11, .ack = 11, .len = 988, .with = TS);
	talk_expect(ACK, .seq = 999, .ack = 11, .len = 988, .with = TS);
	talk_in(ACK, .seq = 11, .ack = 1987);
	talk_expect(ACK | PSH, .seq = 1987, .ack = 11, .len = 24, .with = TS);
	talk_in(ACK, .seq = 11, .ack = 2011);
	talk_shutdown();
	talk_expect(FIN | ACK, .seq = 2011, .ack = 11, .with = TS);
	talk_abort();
	talk_expect(RST | ACK, .seq = 2012, .ack = 11, .with = TS); /* SHOULD in a reset */
}

/* ... in TIME-WAIT too. */
TALK(options, timestamps_in_time_wait_rfc7323_3_2)
{
	talk.ts = true;
	talk_established();
	talk_shutdown();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(FIN | ACK, .seq = 1, .ack = 2, .tsval = 7000);
	talk_expect(ACK, .seq = 2, .ack = 2, .tsecr = 7000);
	talk_closed(0);
	uint32_t last = talk.conn[0].ts_last;

	talk_advance(100 * MS);
	talk_in(FIN | ACK, .seq = 1, .ack = 2, .tsval = 7100);
	talk_expect(ACK, .seq = 2, .ack = 2, .tsval = last + 100, .tsecr = 7000);
}

/* TCP-12.14: 1 ms a tick, monotonic; an offset of each connection's own. */
TALK(options, timestamp_clock_rfc7323_5_4_tcp_12_14)
{
	uint32_t first, second;

	talk.ts = true;
	talk_established();
	first = talk.conn[0].ts_last;
	talk_advance(1234 * MS);
	talk_send(1);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 1, .tsval = first + 1234);
	talk_in(ACK, .seq = 1, .ack = 2);
	talk_conn_new();
	talk_established();
	second = talk.conn[1].ts_last;
	talk_check(second - talk.conn[0].ts_last != 0);
}

/* The half-open entry answers with what its SYN said, each time; a newer SYN brings a newer value. */
TALK(options, timestamps_of_syn_ack_rfc7323_3_2)
{
	talk_listen();
	talk_in(SYN, .tsval = 100, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1, .tsecr = 100);
	talk_expect_after(1 * SEC, SYN | ACK, .ack = 1, .tsecr = 100);
	talk_in(SYN, .tsval = 1100, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1, .tsecr = 1100);
	talk_in(ACK, .seq = 1, .ack = 1, .no_ts = true);
	talk_eq(talk_drops(DROP_tcp_no_ts), 1);
	talk_in(ACK, .seq = 1, .ack = 1, .tsval = 99);
	talk_expect(ACK, .seq = 1, .ack = 1, .tsecr = 1100);
	talk_eq(talk_drops(DROP_tcp_paws), 1);
	talk_in(ACK, .seq = 1, .ack = 1, .tsval = 1101);
	talk_accepted();
}

/* TCP-12.08: the delayed ACK of two segments echoes the earlier one. */
TALK(options, ts_recent_of_the_earlier_rfc7323_4_3_tcp_12_08)
{
	talk.ts = true;
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100, .tsval = 6000);
	talk_in(ACK, .seq = 101, .ack = 1, .len = 100, .tsval = 6005);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 201, .tsecr = 6000);
	talk_in(ACK, .seq = 201, .ack = 1, .len = 100, .tsval = 6010);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 301, .tsecr = 6010);
}

/* ... and of a hole the one that fills it (RFC 7323 section 4.3, (B) and (C)). */
TALK(options, ts_recent_with_a_hole_rfc7323_4_3)
{
	talk.ts = true;
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100, .tsval = 6000);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 101, .tsecr = 6000);
	talk_in(ACK, .seq = 201, .ack = 1, .len = 100, .tsval = 6050);
	talk_expect(ACK, .seq = 1, .ack = 101, .tsecr = 6000);
	talk_in(ACK, .seq = 101, .ack = 1, .len = 100, .tsval = 6060);
	talk_expect(ACK, .seq = 1, .ack = 301, .tsecr = 6060);
}

/* TCP-12.10: PAWS. */
TALK(options, old_timestamp_is_refused_rfc7323_5_3_tcp_12_10)
{
	talk.ts = true;
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100, .tsval = 6000);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 101);
	talk_in(ACK, .seq = 101, .ack = 1, .len = 100, .tsval = 5999);
	talk_expect(ACK, .seq = 1, .ack = 101, .tsecr = 6000);
	talk_received(100);
	talk_no_event();
	talk_eq(talk_drops(DROP_tcp_paws), 1);
	/* A pure ACK that was overtaken: no ACK for it. */
	talk_in(ACK, .seq = 101, .ack = 1, .tsval = 5999);
	talk_expect_none();
	talk_eq(talk_drops(DROP_tcp_paws), 2);
	talk_in(ACK, .seq = 101, .ack = 1, .len = 100, .tsval = 6000);
	talk_received(100);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 201);
}

/* TCP-12.11: a reset is looked at whatever its timestamp is, or without one. */
TALK(options, paws_not_for_rst_rfc7323_5_3_tcp_12_11)
{
	talk.ts = true;
	talk_established();
	talk_in(RST, .seq = 1, .tsval = 1);
	talk_closed(ECONNRESET);
	talk_conn_new();
	talk_established();
	talk_in(RST, .seq = 1, .no_ts = true);
	talk_closed(ECONNRESET);
}

/* A peer that restarted without timestamps gets its challenge ACK (RFC 5961 section 4.2). */
TALK(options, paws_not_for_syn_rfc5961_4_2)
{
	talk.ts = true;
	talk_established();
	talk_in(SYN, .seq = 0x1000000, .no_ts = true);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_in(SYN, .seq = 0x1000000, .tsval = 3);
	talk_expect(ACK, .seq = 1, .ack = 1);
}

/* TCP-12.12: after 24 days the last timestamp says nothing. */
TALK(options, ts_recent_outdated_rfc7323_5_5_tcp_12_12)
{
	talk.ts = true;
	talk_established();
	talk_advance(DAYS(20));
	talk_in(ACK, .seq = 1, .ack = 1, .len = 10, .tsval = 4000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_eq(talk_drops(DROP_tcp_paws), 1);
	talk_advance(DAYS(5));
	talk_in(ACK, .seq = 1, .ack = 1, .len = 10, .tsval = 4000);
	talk_received(10);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 11, .tsecr = 4000);
}

/* Section 3.2: SHOULD be dropped silently. */
TALK(options, segment_without_timestamps_rfc7323_3_2)
{
	talk.ts = true;
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 10, .no_ts = true);
	talk_expect_none();
	talk_no_event();
	talk_eq(talk_drops(DROP_tcp_no_ts), 1);
}

/* Timestamps that were not agreed on mean nothing. */
TALK(options, timestamps_not_agreed_on_rfc7323_3_2)
{
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 10, .tsval = 1000);
	talk_in(ACK, .seq = 11, .ack = 1, .len = 10, .tsval = 1);
	talk_received(20);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 21, .without = TS);
}

/* TCP-15.01. */
TALK(options, ecn_setup_syn_rfc3168_6_1_1_tcp_15_01)
{
	talk_listen();
	talk_in(SYN | ECE | CWR, .mss = 1000);
	talk_expect(SYN | ACK | ECE, .ack = 1, .tos = TALK_TOS(0));
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_check((talk_tcb()->flags & TF_ECN) != 0);
	talk_conn_new();
	talk_in(SYN | ECE, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_check(!(talk_tcb()->flags & TF_ECN));
}

TALK(options, ecn_not_asked_for_by_default_rfc3168_6_1_1)
{
	talk_connect();
	talk_expect(SYN, .tos = TALK_TOS(0));
	talk_in(SYN | ACK | ECE, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_check(!(talk_tcb()->flags & TF_ECN));
}

TALK(options, ecn_active_rfc3168_6_1_1)
{
	talk.conf.ecn = TCP_ECN_ON;
	talk_connect();
	talk_expect(SYN | ECE | CWR, .tos = TALK_TOS(0));
	talk_in(SYN | ACK | ECE, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 1, .tos = TALK_TOS(0));
	talk_check((talk_tcb()->flags & TF_ECN) != 0);
}

/* A peer that sends back the reserved bits it got does not speak ECN. */
TALK(options, ecn_reflected_bits_rfc3168_6_1_1)
{
	talk.conf.ecn = TCP_ECN_ON;
	talk_connect();
	talk_expect(SYN | ECE | CWR);
	talk_in(SYN | ACK | ECE | CWR, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_check(!(talk_tcb()->flags & TF_ECN));
}

/* An ECN-setup SYN that is not answered: the next one does not ask. */
TALK(options, ecn_syn_lost_rfc3168_6_1_1_1)
{
	talk.conf.ecn = TCP_ECN_ON;
	talk_connect();
	talk_expect(SYN | ECE | CWR);
	talk_expect_after(1 * SEC, SYN);
	talk_in(SYN | ACK, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_check(!(talk_tcb()->flags & TF_ECN));
}

/* What the route to the peer asks for holds where the application says nothing. */
TALK(options, a_route_may_have_its_own)
{
	struct net_route_opts o = {.mss = 700, .rcvbuf = 20000, .ecn = TCP_CHOICE_OFF};
	union net_ip none = {.v6 = {{0}}};
	uint8_t plen = talk.v6 ? 128 : 32;

	talk.conf.ecn = TCP_ECN_ON;
	talk_listen();
	cr_assert_eq(net_route_add(talk.net, talk.v6, &talk.rip, plen, &none, talk.ifc, 0), 0);
	cr_assert_eq(net_route_opts_set(talk.net, talk.v6, &talk.rip, plen, &none, &o), 0);
	talk_in(SYN | ECE | CWR, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1, .mss = 700, .wnd = 20000);
	talk_conn_new();
	talk_connect();
	talk_expect(SYN, .mss = 700, .wnd = 20000);
}
