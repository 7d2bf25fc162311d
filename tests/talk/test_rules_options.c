/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Rules of options (RFC 7323, 6093, 5482) that no other file has: see docs/rfc-tcp.md. */

/* Section 2.3: shift.cnt is 14 at the most, whatever buffer is asked for. */
TALK(rules_options, our_shift_is_14_at_most_rfc7323_2_3)
{
	const struct talk_out *o;

	talk.opts.rcvbuf = 0xf0000000;
	talk_connect();
	o = talk_next_out();
	talk_check(o != NULL && o->o.has & WIRE_TCP_OPT_WSCALE);
	talk_eq(o->o.wscale, 14);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000, .wscale = 1);
	talk_connected();
	talk_expect(ACK, .seq = 1, .ack = 1, .wnd = 65535);
	talk_check(talk_tcb()->rcv_buf <= 65535u << 14);
}

/* Section 2.2: the window of a SYN, a SYN,ACK too, is not scaled; that of the very next segment is. */
TALK(rules_options, syn_ack_is_not_scaled_rfc7323_2_2)
{
	talk.wscale = 7 + 1;
	talk.opts.rcvbuf = 200000;
	talk_connect();
	talk_expect(SYN, .wscale = 2 + 1, .wnd = 65535);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000, .wscale = 7 + 1, .wnd = 3000);
	talk_connected();
	talk_expect(ACK, .seq = 1, .ack = 1, .wnd = 200000 >> 2);
	talk_eq(talk_tcb()->snd_wnd, 3000);
	talk_in(ACK, .seq = 1, .ack = 1, .wnd = 3000);
	talk_eq(talk_tcb()->snd_wnd, 3000 << 7);
}

/* Section 3.2: TSecr is zero where ACK is not set. */
TALK(rules_options, tsecr_of_a_syn_is_zero_rfc7323_3_2)
{
	for (unsigned i = 0; i < 3; i++) {
		if (i == 0)
			talk_connect();
		else
			talk_run((SEC << i) / 2);
		const struct talk_out *o = talk_next_out();

		talk_check(o != NULL && o->h.flags == SYN && o->o.has & WIRE_TCP_OPT_TS);
		talk_eq(o->o.tsecr, 0);
	}
	talk.lenient = true;
}

/* Section 4.1: only an ACK that advances the left edge gives a sample. */
TALK(rules_options, no_sample_of_a_duplicate_rfc7323_4_1)
{
	uint32_t srtt;

	talk.ts = true;
	talk_established();
	talk_send(500);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 500);
	talk_advance(100 * MS);
	talk_in(ACK, .seq = 1, .ack = 501);
	srtt = talk_tcb()->srtt_us;
	talk_eq(srtt, 100 * MS);
	talk_advance(10 * SEC);
	/* The echo is old by now: data of the peer, which acknowledges nothing new. */
	talk_in(ACK, .seq = 1, .ack = 501, .len = 10);
	talk_in(ACK, .seq = 11, .ack = 501, .len = 10);
	talk_expect_after(40 * MS, ACK, .seq = 501, .ack = 21);
	talk_eq(talk_tcb()->srtt_us, srtt);
}

/* ... and Karn's rule does not hold for it: what was sent twice gives one. */
TALK(rules_options, sample_of_a_retransmission_rfc7323_4_1)
{
	uint32_t second;

	talk.ts = true;
	talk_established();
	talk_send(500);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 500);
	talk_expect_after(1 * SEC, ACK | PSH, .seq = 1, .ack = 1, .len = 500);
	second = talk.conn[0].ts_last;
	talk_advance(80 * MS);
	talk_in(ACK, .seq = 1, .ack = 501, .tsecr = second);
	talk_check(talk_tcb()->srtt_us >= 79 * MS && talk_tcb()->srtt_us <= 81 * MS);
}

/* Section 4.3 (2): a segment beyond the last ACK sent does not set TS.Recent. */
TALK(rules_options, ts_recent_not_beyond_the_last_ack_rfc7323_4_3)
{
	talk.ts = true;
	talk_established();
	talk_in(ACK, .seq = 101, .ack = 1, .len = 100, .tsval = 9000);
	const struct talk_out *o = talk_next_out();

	talk_check(o != NULL && o->o.tsecr < 9000);
	/* Section 5.3: so the lower one of what was overtaken is not refused. */
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100, .tsval = 8000);
	talk_expect(ACK, .seq = 1, .ack = 201, .tsecr = 8000);
	talk_received(200);
	talk_eq(talk_drops(DROP_tcp_paws), 0);
}

/* Section 5.2: timestamps compare modulo 2^32. */
TALK(rules_options, paws_wraps_rfc7323_5_2)
{
	talk_listen();
	talk_in(SYN, .mss = 1000, .tsval = 0xfffffff0);
	talk_expect(SYN | ACK, .ack = 1, .tsecr = 0xfffffff0);
	talk_in(ACK, .seq = 1, .ack = 1, .tsval = 0xfffffffe);
	talk_accepted();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 10, .tsval = 0x10);
	talk_received(10);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 11, .tsecr = 0x10);
	talk_in(ACK, .seq = 11, .ack = 1, .len = 10, .tsval = 0xfffffffe);
	talk_expect(ACK, .seq = 1, .ack = 11, .tsecr = 0x10);
	talk_eq(talk_drops(DROP_tcp_paws), 1);
}

/* RFC 6093 section 4: the pointer is of the octet behind the urgent data, and without URG nothing. */
TALK(rules_options, urgent_pointer_without_the_flag_rfc6093_4)
{
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 10, .urp = 5);
	talk_received(10);
	talk_no_event();
	talk_in(ACK | URG, .seq = 11, .ack = 1, .len = 1, .urp = 1);
	talk_urgent(1);
	talk_received(1);
	talk_skip(NULL);
	talk.lenient = true;
}

/* RFC 5681 section 3.1: the initial ssthresh SHOULD be arbitrarily high. */
TALK(rules_options, initial_ssthresh_rfc5681_3_1)
{
	talk_established();
	talk_check(talk_tcb()->ssthresh >= 65535u << 14);
}
