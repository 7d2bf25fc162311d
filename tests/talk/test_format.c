/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Segment format and options: RFC 9293 sections 3.1, 3.2 and 3.7.1 (catalogue TCP-1). That each
 * segment of ours has a right checksum (MUST-2) is checked in all tests. */

TALK(format, bad_checksum_must3_rfc9293_3_1_tcp_1_01)
{
	talk_listen();
	talk_in(SYN, .bad_cksum = true);
	talk_expect_none();
	talk_eq(talk_drops(DROP_tcp_cksum), 1);
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 10, .bad_cksum = true);
	talk_no_event();
	talk_advance(1 * SEC);
}

TALK(format, data_offset_past_end_rfc9293_3_1_tcp_1_04)
{
	talk_listen();
	talk_in(SYN, .doff = 15);
	talk_in(SYN, .doff = 4);
	talk_in(SYN, .doff = 1);
	talk_expect_none();
	talk_eq(talk_drops(DROP_tcp_short), 3);
}

TALK(format, window_is_unsigned_must1_rfc9293_3_1_tcp_1_06)
{
	talk.peer_wnd = 65535;
	talk_established();
	talk_eq(talk_tcb()->snd_wnd, 65535);
	talk_send(1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
}

TALK(format, options_not_on_word_boundary_must64_rfc9293_3_1_tcp_1_07)
{
	static const uint8_t opts[] = {1, 2, 4, 1000 >> 8, 1000 & 255, 0, 0, 0};

	talk_listen();
	talk_in(SYN, .opts = opts, .n_opts = sizeof(opts));
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_eq(talk_tcb()->mss, 1000);
}

TALK(format, option_in_data_segment_must5_rfc9293_3_1_tcp_1_09)
{
	static const uint8_t opts[] = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};

	talk_established();
	talk_in(ACK | PSH, .seq = 1, .ack = 1, .len = 10, .opts = opts, .n_opts = sizeof(opts));
	talk_received(10);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 11);
}

TALK(format, unknown_option_must6_rfc9293_3_1)
{
	static const uint8_t opts[] = {253, 4, 9, 9, 2, 4, 1000 >> 8, 1000 & 255};

	talk_listen();
	talk_in(SYN, .opts = opts, .n_opts = sizeof(opts));
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_eq(talk_tcb()->mss, 1000);
}

TALK(format, option_length_0_and_1_must7_rfc9293_3_1_tcp_1_10)
{
	static const uint8_t len0[] = {2, 0, 3, 232}, len1[] = {2, 1, 3, 232};

	talk_listen();
	talk_in(SYN, .opts = len0, .n_opts = 4);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(RST, .seq = 1);
	talk_in(SYN, .opts = len1, .n_opts = 4);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(RST, .seq = 1);
	talk_eq(talk.tcp->n_half_open, 0);
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 3, .opts = len0, .n_opts = 4);
	talk_received(3);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 4);
}

TALK(format, option_past_header_must7_rfc9293_3_1_tcp_1_11)
{
	static const uint8_t opts[] = {1, 1, 2, 4};

	talk_listen();
	talk_in(SYN, .opts = opts, .n_opts = sizeof(opts));
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_eq(talk_tcb()->mss, talk.v6 ? 1220 : 536);
}

TALK(format, rubbish_after_end_of_options_rfc9293_3_1_tcp_1_12)
{
	static const uint8_t opts[] = {0, 2, 4, 1, 2, 4, 1, 0};

	talk_listen();
	talk_in(SYN, .opts = opts, .n_opts = sizeof(opts));
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_eq(talk_tcb()->mss, talk.v6 ? 1220 : 536);
}

/* MUST-14: in every SYN; SHLD-5: what the interface takes. */
TALK(format, mss_option_sent_must14_rfc9293_3_7_1_tcp_1_13)
{
	talk_listen();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1, .mss = talk.v6 ? 1440 : 1460);
	talk_conn_new();
	talk_connect();
	talk_expect(SYN, .mss = talk.v6 ? 1440 : 1460);
}

TALK(format, mss_option_of_the_application)
{
	talk.opts.mss = 700;
	talk_listen();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1, .mss = 700);
}

/* MUST-15: 536 for IPv4, 1220 for IPv6 without the option. */
TALK(format, mss_default_must15_rfc9293_3_7_1)
{
	uint32_t mss = talk.v6 ? 1220 : 536;

	talk_listen();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_send(2 * mss);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = mss);
	talk_expect(ACK | PSH, .seq = 1 + mss, .ack = 1, .len = mss);
}

TALK(format, mss_default_active_must15_rfc9293_3_7_1)
{
	uint32_t mss = talk.v6 ? 1220 : 536;

	talk_connect();
	talk_expect(SYN);
	talk_in(SYN | ACK, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_send(2 * mss);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = mss);
	talk_expect(ACK | PSH, .seq = 1 + mss, .ack = 1, .len = mss);
}

TALK(format, mss_bounded_by_local_mtu_must16_rfc9293_3_7_1_tcp_1_17)
{
	uint32_t mss;

	talk_listen();
	talk_in(SYN, .mss = 8960);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	mss = talk_mss_ours();
	talk_send(2 * mss);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = mss);
	talk_expect(ACK | PSH, .seq = 1 + mss, .ack = 1, .len = mss);
}

TALK(format, mss_0_and_1_tcp_1_18)
{
	static const uint8_t mss0[] = {2, 4, 0, 0};
	unsigned n;

	talk_listen();
	talk_in(SYN, .opts = mss0, .n_opts = 4);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_check(talk_tcb()->mss >= 48);
	talk_conn_new();
	talk_in(SYN, .mss = 1);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_check(talk_tcb()->mss >= 48);
	talk_send(96);
	talk_check(talk_skip(&n) >= 48);
	talk_check(n <= 2);
}

TALK(format, mss_option_in_data_segment_ignored_rfc9293_3_7_1_tcp_1_19)
{
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 5, .mss = 200);
	talk_send(1000);
	talk_expect(ACK, .seq = 1, .ack = 6, .len = 1000);
	talk_received(5);
}

/* Reserved bits are sent as zero, DF set, the time to live that was asked for. */
TALK(format, ttl_and_tos_of_the_application_must49_rfc9293_3_9_2)
{
	talk.opts.ttl = 7;
	talk.opts.tos = 0x28;
	talk_listen();
	talk_in(SYN, .mss = 1000);
	const struct talk_out *o = talk_next_out();

	talk_check(o != NULL && o->ttl == 7 && o->tos == 0x28 && o->df);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_send(10);
	o = talk_next_out();
	talk_check(o != NULL && o->ttl == 7 && o->tos == 0x28 && o->df);
}

TALK(format, urgent_data_is_delivered_in_line_rfc9293_3_8_5_tcp_14_10)
{
	talk_established();
	talk_in(ACK | URG | PSH, .seq = 1, .ack = 1, .len = 10, .urp = 5);
	talk_in(ACK | URG, .seq = 11, .ack = 1, .urp = 65535);
	talk_urgent(5);
	talk_received(10);
	talk_urgent(65535);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 11);
}

TALK(format, urg_in_close_wait_ignored_rfc9293_3_10_7_4_tcp_14_12)
{
	talk_established();
	talk_in(FIN | ACK, .seq = 1, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 2);
	talk_peer_closed();
	talk_in(ACK | URG, .seq = 2, .ack = 1, .urp = 9);
	talk_expect_none();
	talk_no_event();
	talk_state("CLOSE-WAIT");
}
