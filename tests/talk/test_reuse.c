/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* A new SYN for a connection in TIME-WAIT: RFC 6191 section 2, MAY-2 (catalogue TCP-6.13, 6.14). */

/* A connection whose peer's last timestamp was 5000, or that had none; the peer's next number is 2. */
static void in_time_wait(bool ts)
{
	talk_listen();
	talk_in(SYN, .mss = 1000, .tsval = ts ? 4000 : 0);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1, .tsval = ts ? 4500 : 0);
	talk_accepted();
	talk_close();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(FIN | ACK, .seq = 1, .ack = 2, .tsval = ts ? 5000 : 0);
	talk_expect(ACK, .seq = 2, .ack = 2);
	talk_eq(talk.tcp->n_time_wait, 1);
}

static void taken_over(void)
{
	const struct talk_out *o = talk_next_out();

	talk_check(o != NULL && (o->h.flags & (SYN | ACK)) == (SYN | ACK));
	talk_check(seq_gt(o->h.seq, talk.conn[0].iss + 2));
	talk_eq(talk.tcp->n_time_wait, 0);
	talk_eq(talk.tcp->n_half_open, 1);
}

static void refused(void)
{
	talk_expect(ACK, .seq = 2, .ack = 2);
	talk_eq(talk.tcp->n_time_wait, 1);
	talk_eq(talk.tcp->n_half_open, 0);
}

TALK(reuse, newer_timestamp_older_sequence_rfc6191_2_tcp_6_13)
{
	in_time_wait(true);
	talk_in(SYN, .seq = 0x90000000, .tsval = 5001);
	taken_over();
}

TALK(reuse, equal_timestamp_higher_sequence_rfc6191_2)
{
	in_time_wait(true);
	talk_in(SYN, .seq = 100, .tsval = 5000);
	taken_over();
}

TALK(reuse, equal_timestamp_lower_sequence_rfc6191_2_tcp_6_14)
{
	in_time_wait(true);
	talk_in(SYN, .seq = 1, .tsval = 5000);
	refused();
}

TALK(reuse, older_timestamp_higher_sequence_rfc6191_2)
{
	in_time_wait(true);
	talk_in(SYN, .seq = 100, .tsval = 4999);
	refused();
}

TALK(reuse, no_timestamp_any_more_higher_sequence_rfc6191_2)
{
	in_time_wait(true);
	talk_in(SYN, .seq = 100);
	taken_over();
}

TALK(reuse, no_timestamp_any_more_lower_sequence_rfc6191_2)
{
	in_time_wait(true);
	talk_in(SYN, .seq = 1);
	refused();
}

TALK(reuse, first_timestamp_ever_rfc6191_2)
{
	in_time_wait(false);
	talk_in(SYN, .seq = 0x90000000, .tsval = 1);
	taken_over();
}

TALK(reuse, first_timestamp_that_we_do_not_use_rfc6191_2)
{
	talk.conf.timestamps = false;
	in_time_wait(false);
	talk_in(SYN, .seq = 0x90000000, .tsval = 1);
	refused();
}

TALK(reuse, never_timestamps_rfc9293_3_6_1)
{
	in_time_wait(false);
	talk_in(SYN, .seq = 1);
	refused();
	talk_in(SYN, .seq = 100);
	taken_over();
}

/* RFC 1337: old duplicates do not end the wait, whatever they are. */
TALK(reuse, time_wait_outlives_old_duplicates_rfc1337_2)
{
	in_time_wait(true);
	talk_in(RST, .seq = 2, .tsval = 6000);
	talk_in(RST | ACK, .seq = 2, .ack = 2, .tsval = 6000);
	talk_expect_none();
	talk_in(ACK, .seq = 1, .ack = 2, .len = 0, .tsval = 4600);
	talk_expect(ACK, .seq = 2, .ack = 2);
	talk_eq(talk.tcp->n_time_wait, 1);
}
