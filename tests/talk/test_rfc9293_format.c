/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/*
 * Headers, options and segment sizes: RFC 9293 sections 3.1, 3.2, 3.7 and 3.9.1.2 (docs/rfc9293.md).
 * Each segment that leaves in any test is looked at by talk_net.c: its checksum is right (MUST-2), its
 * options have their lengths (MUST-68), zeros follow their end (MUST-69), and the MSS option is there
 * with SYN (MUST-14) and only then (MUST-65). The tests here make segments of all kinds leave.
 */

/* An active open with all that we offer, data, a loss, both FINs. */
static void life(void)
{
	talk.lenient = true;
	talk.ecn = talk.conf.ecn == TCP_ECN_ON;
	talk_connect();
	talk_in(SYN | ACK | (talk.ecn ? ECE : 0), .ack = 1, .mss = 1000, .wscale = talk.wscale,
		.sack_ok = talk.sack);
	for (unsigned i = 0; i < 5; i++)
		talk_send(777 + i); /* odd and even */
	talk_in(ACK, .seq = 1, .ack = 778);
	talk_in(ACK, .seq = 1001, .ack = 778, .len = 1000);
	talk_in(ACK, .seq = 3001, .ack = 778, .len = 999);
	talk_run(10 * SEC);
	talk_in(ACK, .seq = 1, .ack = 3896, .len = 1000);
	talk_in(ACK, .seq = 2001, .ack = 3896, .len = 1000);
	talk_shutdown();
	talk_in(FIN | ACK, .seq = 4000, .ack = 3897);
	talk_run(1 * SEC);
	talk_check(talk_skip(NULL) >= 3895);
	talk.ev_read = talk.n_evs;
	/* ... and a reset of each kind. */
	talk_conn_new();
	talk_in(ACK, .seq = 1, .ack = 77);
	talk_in(SYN, .len = 5);
	talk_listen();
	talk_conn_new();
	talk_in(SYN, .mss = 1000);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_abort();
	talk_skip(NULL);
	talk.ev_read = talk.n_evs;
}

TALK(rfc9293_format, segments_of_all_kinds_must2_must65_must68_must69_3_1)
{
	life();
}

TALK(rfc9293_format, with_all_options_must2_must65_must68_must69_3_1)
{
	talk.ts = true;
	talk.sack = true;
	talk.wscale = 8;
	talk.conf.ecn = TCP_ECN_ON;
	talk.conf.user_timeout_option = true;
	talk.conf.user_timeout_us = 100 * SEC;
	talk.opts.fastopen = TCP_CHOICE_ON;
	life();
}

/* Passive, with an option that leaves padding behind (window scale: three octets). */
TALK(rfc9293_format, syn_ack_of_each_offer_must65_must68_must69_3_1)
{
	talk_listen();
	for (unsigned i = 0; i < 16; i++) {
		if (i > 0)
			talk_conn_new();
		talk.ts = i & 1;
		talk_in(i & 8 ? SYN | ECE | CWR : SYN, .mss = 1000, .wscale = i & 2 ? 8 : 0,
			.sack_ok = (i & 4) != 0);
		talk_check(talk_next_out() != NULL);
		talk_in(RST, .seq = 1);
	}
}

/* MUST-2, of segments with an odd number of octets, one and two of them in a buffer. */
TALK(rfc9293_format, checksum_of_each_length_must2_3_1)
{
	uint32_t at = 1;

	talk.opts.nodelay = true;
	talk_established();
	for (uint32_t len = 1; len <= 1000; len += len < 20 ? 1 : 97) {
		talk_send(len);
		talk_expect(ACK | PSH, .seq = at, .ack = 1, .len = len);
		at += len;
		talk_in(ACK, .seq = 1, .ack = at);
	}
	talk_send_buf(3, 111, true);
	talk_send_buf(3, 111, false);
	talk_eq(talk_skip(NULL), 666);
	talk_in(ACK, .seq = 1, .ack = at + 666);
}

/* MUST-4: the three options that every TCP knows, in any order and number. */
TALK(rfc9293_format, mandatory_options_must4_3_1)
{
	static const struct {
		uint8_t opt[8];
		uint16_t mss; /* 0: the default */
	} syn[] = {
		{{2, 4, 700 >> 8, 700 & 255, 0, 0, 0, 0}, 700},
		{{2, 4, 700 >> 8, 700 & 255, 1, 1, 1, 1}, 700},
		{{1, 1, 1, 1, 2, 4, 700 >> 8, 700 & 255}, 700},
		{{1, 2, 4, 700 >> 8, 700 & 255, 1, 1, 0}, 700},
		{{1, 1, 1, 1, 1, 1, 1, 1}, 0},
		{{0, 0, 0, 0, 0, 0, 0, 0}, 0},
		{{1, 0, 0, 0, 0, 0, 0, 0}, 0},
	};

	talk_listen();
	for (unsigned i = 0; i < RTE_DIM(syn); i++) {
		uint32_t mss = syn[i].mss != 0 ? syn[i].mss : talk.v6 ? 1220 : 536;

		if (i > 0)
			talk_conn_new();
		talk_in(SYN, .opts = syn[i].opt, .n_opts = sizeof(syn[i].opt));
		talk_expect(SYN | ACK, .ack = 1);
		talk_in(ACK, .seq = 1, .ack = 1, .opts = syn[i].opt, .n_opts = 8);
		talk_accepted();
		talk_send(mss + 1);
		talk_expect(ACK, .seq = 1, .ack = 1, .len = mss);
		talk_in(ACK, .seq = 1, .ack = 1 + mss);
		talk_expect(ACK | PSH, .seq = 1 + mss, .ack = 1, .len = 1);
		talk_in(ACK, .seq = 1, .ack = 2 + mss);
	}
}

/* MUST-67, SHLD-6: what we announce is what the interface can receive, less the fixed headers. */
static void announced(uint16_t mtu)
{
	talk.mtu = mtu;
	talk.ts = true; /* options do not count (section 3.7.1) */
	talk_listen();
	talk_in(SYN, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1, .mss = (uint16_t)(mtu - (talk.v6 ? 60 : 40)));
	talk_conn_new();
	talk_connect();
	talk_expect(SYN, .mss = (uint16_t)(mtu - (talk.v6 ? 60 : 40)));
}

TALK(rfc9293_format, mss_of_mtu_1280_must67_shld6_3_7_1)
{
	announced(1280);
}

TALK(rfc9293_format, mss_of_mtu_9000_must67_shld6_3_7_1)
{
	announced(9000);
}

TALK4(rfc9293_format, mss_of_mtu_576_must67_shld5_3_7_1)
{
	announced(576); /* is 536 then, and sent all the same (MAY-3) */
}

/* A segment as large as that is received whole. */
TALK(rfc9293_format, segment_of_the_announced_size_must67_3_7_1)
{
	uint32_t mss = talk_mss_ours();

	talk_established();
	talk_in(ACK | PSH, .seq = 1, .ack = 1, .len = mss);
	talk_received(mss);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 1 + mss);
}

/* REC-1, MUST-1: windows are 32 bits wide, and never negative. */
TALK(rfc9293_format, windows_of_32_bits_rec1_3_1)
{
	talk.wscale = 15; /* a shift of 14 */
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .wnd = 65535);
	talk_eq(talk_tcb()->snd_wnd, UINT32_C(65535) << 14);
	talk_send(5000);
	talk_eq(talk_skip(NULL), 5000);
	talk_in(ACK, .seq = 1, .ack = 5001, .wnd = 65535);
}

/* SHLD-28: segments are of the largest size whenever there is so much to send. */
TALK(rfc9293_format, largest_segments_shld28_3_9_1_2)
{
	talk_established();
	for (unsigned i = 0; i < 5; i++)
		talk_send_more(333, true);
	talk_send(1335);
	for (unsigned i = 0; i < 3; i++)
		talk_expect(ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 3001);
}

/* SHLD-27: PSH marks no record: what several calls pushed leaves as one segment with one PSH. */
TALK(rfc9293_format, pushes_collapse_shld27_3_9_1_2)
{
	talk_established();
	talk_send(1);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 1);
	for (unsigned i = 0; i < 25; i++)
		talk_send(50);
	talk_expect(ACK, .seq = 2, .ack = 1, .len = 1000); /* as soon as it is full */
	talk_expect_none();
	talk_in(ACK, .seq = 1, .ack = 1002);
	talk_expect(ACK | PSH, .seq = 1002, .ack = 1, .len = 250);
	talk_expect_none();
}

/* MUST-60: without a further call, nothing waits for ever: not alone, not behind a short segment, not
 * for a window that stays small, and not what more was announced for, when the end comes. */
TALK(rfc9293_format, not_buffered_for_ever_must60_3_9_1_2)
{
	talk.peer_wnd = 2000;
	talk_established();
	talk_send(10);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 10);
	talk_send(10);
	talk_expect_none();
	talk_in(ACK, .seq = 1, .ack = 11, .wnd = 5); /* too small a window to be used at once */
	talk_expect_none();
	talk_expect_after(200 * MS, ACK, .seq = 11, .ack = 1, .len = 5);
	talk_in(ACK, .seq = 1, .ack = 16);
	talk_expect(ACK | PSH, .seq = 16, .ack = 1, .len = 5);
	talk_in(ACK, .seq = 1, .ack = 21);
	talk_send_more(10, true);
	talk_expect_none();
	talk_shutdown();
	talk_expect(FIN | ACK | PSH, .seq = 21, .ack = 1, .len = 10);
	talk_in(ACK, .seq = 1, .ack = 32);
}

/* MUST-61: also where the last of the buffer waits for the window. */
TALK(rfc9293_format, push_on_the_last_must61_3_9_1_2)
{
	talk.peer_wnd = 1500;
	talk_established();
	talk_send(1500);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000, .no_push = true);
	talk_in(ACK, .seq = 1, .ack = 1001);
	talk_expect(ACK | PSH, .seq = 1001, .ack = 1, .len = 500);
}
