/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Rules of loss recovery (RFC 3042, 5682, 6582, 6675, 6937, 8985) that no other file has: see
 * docs/rfc-tcp.md. The peer's MSS is 1000. */

static void expect_segs(uint32_t seq, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		talk_expect(ACK, .seq = seq + 1000 * i, .ack = 1, .len = 1000);
}

static void ack(uint32_t to)
{
	talk_in(ACK, .seq = 1, .ack = to);
}

static void sack(uint32_t to, uint32_t left, uint32_t right)
{
	talk_in(ACK, .seq = 1, .ack = to, .sack = {{left, right}});
}

/* n segments under way from seq 1001 on; the round trip is 100 ms. */
static void in_flight(unsigned n, bool with_sack)
{
	talk.sack = with_sack;
	talk.conf.initial_window = n;
	talk_established();
	talk_send(1000);
	expect_segs(1, 1);
	talk_advance(100 * MS);
	ack(1001);
	talk_send(1000 * n);
	expect_segs(1001, n);
}

/* RFC 3042 section 2: with SACK, only an ACK that tells of something new lets a new segment go. */
TALK(rules_loss, limited_transmit_needs_new_blocks_rfc3042_2)
{
	in_flight(10, true);
	talk_send(5000);
	talk_expect_none();
	talk_advance(100 * MS);
	ack(1001);
	ack(1001);
	talk_expect_none();
	sack(1001, 2001, 3001);
	expect_segs(11001, 1);
	sack(1001, 2001, 3001); /* the same again */
	talk_expect_none();
	sack(1001, 2001, 4001);
	expect_segs(12001, 1);
	talk.lenient = true;
}

/* RFC 6582 section 3.2 step 3: the first partial ACK starts the timer anew. */
TALK(rules_loss, partial_ack_restarts_the_timer_rfc6582_3_2)
{
	in_flight(10, false);
	talk_advance(100 * MS);
	for (unsigned i = 0; i < 3; i++)
		ack(1001);
	expect_segs(1001, 1);
	talk_advance(150 * MS);
	ack(4001);
	expect_segs(4001, 1);
	talk_eq(talk_tcb()->rexmt_at, talk.env.now_us + talk_tcb()->rto_us);
	talk.lenient = true;
}

/* RFC 6675 section 5 (4.1), RFC 5681 section 3.2: half of what is under way, two segments at the least. */
TALK(rules_loss, ssthresh_of_a_small_flight_rfc6675_5)
{
	in_flight(3, true);
	talk_advance(100 * MS);
	sack(1001, 2001, 3001);
	sack(1001, 2001, 4001);
	talk.lenient = true;
	talk_run(60 * MS);
	talk_eq(talk_count(CNT_tcp_rexmt_fast), 1);
	talk_eq(talk_tcb()->ssthresh, 2000);
}

/* RFC 6675 section 5: what the peer has said to have is never sent again. */
TALK(rules_loss, sacked_is_not_sent_again_rfc6675_5)
{
	in_flight(10, true);
	talk.lenient = true;
	talk_advance(100 * MS);
	talk_in(ACK, .seq = 1, .ack = 1001,
		.sack = {{9001, 10001}, {6001, 7001}, {4001, 5001}, {2001, 3001}});
	for (unsigned i = 0; i < 8; i++) {
		talk_run(10 * MS);
		talk_in(ACK, .seq = 1, .ack = 1001,
			.sack = {{9001, 11001}, {6001, 7001}, {4001, 5001}, {2001, 3001}});
	}
	unsigned seen[12] = {0};

	for (const struct talk_out *o; (o = talk_next_out()) != NULL;) {
		uint32_t seq = o->h.seq - talk.conn[0].iss;

		if (o->len != 0 && seq < 11001)
			seen[seq / 1000]++;
	}
	for (unsigned i = 2; i <= 10; i++) /* 2001, 4001, 6001, 9001 and 10001 were SACKed */
		if (i == 2 || i == 4 || i == 6 || i >= 9)
			talk_eq(seen[i], 0);
	talk_eq(seen[1], 1);
}

/* RFC 6937 section 3.1, below ssthresh: no more than arrives, and one segment, leaves for an ACK. */
TALK(rules_loss, prr_bound_after_heavy_loss_rfc6937_3_1)
{
	in_flight(14, true);
	talk_send(20000);
	talk.lenient = true;
	talk_advance(100 * MS);
	for (unsigned i = 0; i < 4; i++)
		sack(1001, 11001, 12001 + 1000 * i);
	talk_eq(talk_tcb()->ssthresh, 7000);
	talk_skip(NULL);
	for (uint32_t to = 2001; to < 10001; to += 1000) {
		talk_run(1 * MS);
		sack(to, 11001, 15001);
		talk_check(talk_skip(NULL) <= 2000);
		if (talk_tcb()->flags & TF_RECOVERY)
			talk_check(tcp_pipe(talk_tcb()) <= 7000);
	}
}

/* RFC 8985 section 6.2 step 4: a D-SACK, once a round trip, widens the reordering window. */
TALK(rules_loss, dsack_widens_the_window_rfc8985_6_2)
{
	in_flight(4, true);
	talk.lenient = true;
	talk_advance(100 * MS);
	sack(1001, 2001, 3001);
	talk_run(35 * MS);
	talk_eq(talk_count(CNT_tcp_rexmt_segs), 1); /* after a quarter of the round trip */
	ack(3001);
	talk_run(50 * MS);
	talk_in(ACK, .seq = 1, .ack = 5001, .sack = {{1001, 2001}}); /* it had come twice */
	talk_skip(NULL);
	talk_send(4000);
	talk_run(100 * MS);
	sack(5001, 6001, 7001);
	talk_run(45 * MS);
	talk_eq(talk_count(CNT_tcp_rexmt_segs), 1);
	talk_run(25 * MS); /* half of it */
	talk_eq(talk_count(CNT_tcp_rexmt_segs), 2);
}

/* Step 2: an ACK that comes sooner than any round trip is of the first sending, and says nothing of what
 * was sent between the two. */
TALK(rules_loss, ack_of_the_original_rfc8985_6_2)
{
	in_flight(4, true);
	talk.lenient = true;
	talk_advance(100 * MS);
	sack(1001, 2001, 3001);
	talk_run(35 * MS);
	talk_eq(talk_count(CNT_tcp_rexmt_segs), 1);
	talk_skip(NULL);
	talk_run(5 * MS);
	ack(3001);
	talk_run(20 * MS);
	talk_eq(talk_count(CNT_tcp_rexmt_segs), 1);
	ack(5001);
}

/* Section 6.3: after a timeout the first is lost, and those whose time has come too. */
TALK(rules_loss, timeout_marks_lost_rfc8985_6_3)
{
	in_flight(10, true);
	talk.lenient = true;
	while (talk_count(CNT_tcp_rexmt_timeouts) == 0)
		talk_run(10 * MS);
	talk_eq(talk_cwnd(), 1000);
	talk_skip(NULL);
	/* The retransmission arrives alone: slow start through the rest, by two. */
	talk_run(100 * MS);
	ack(2001);
	unsigned n = 0;

	for (const struct talk_out *o; (o = talk_next_out()) != NULL; n++)
		talk_eq(o->h.seq - talk.conn[0].iss, 2001 + 1000 * n);
	talk_eq(n, 2);
}

/* Section 7.3: one probe a flight. */
TALK(rules_loss, one_probe_a_flight_rfc8985_7_3)
{
	in_flight(4, true);
	talk_expect_after(200 * MS, ACK, .seq = 4001, .ack = 1, .len = 1000);
	talk.lenient = true;
	talk_run(3 * SEC);
	talk_eq(talk_count(CNT_tcp_tlp_probes), 1);
	talk_check(talk_count(CNT_tcp_rexmt_timeouts) >= 1);
}

/* Section 7.2: no probe in fast recovery, where SACK tells. */
TALK(rules_loss, no_probe_in_recovery_rfc8985_7_2)
{
	in_flight(10, true);
	talk.lenient = true;
	talk_advance(100 * MS);
	sack(1001, 2001, 5001);
	talk_check(talk_tcb()->flags & TF_RECOVERY);
	talk_run(3 * SEC);
	talk_eq(talk_count(CNT_tcp_tlp_probes), 0);
}

/* RFC 5682 section 2.1 step 2: the ACK covers no more than the retransmission, or is a duplicate: no
 * algorithm, and the loss window stands. */
TALK(rules_loss, frto_not_after_a_duplicate_rfc5682_2_1)
{
	talk.conf.initial_window = 4;
	talk_established();
	talk_send(10000);
	expect_segs(1, 4);
	talk_expect_after(1 * SEC, ACK, .seq = 1, .ack = 1, .len = 1000);
	talk.lenient = true;
	ack(1); /* a duplicate: step 2a */
	ack(1001);
	const struct talk_out *o = talk_next_out();

	talk_check(o != NULL && o->h.seq - talk.conn[0].iss == 1001);
	ack(2001);
	talk_eq(talk_count(CNT_tcp_undo_frto), 0);
}

/* RFC 5681 section 3.1 (4): the next timeout of the same data leaves ssthresh alone; that of later data
 * does not. */
TALK(rules_loss, later_timeout_is_another_rfc5681_3_1)
{
	in_flight(10, false);
	talk.lenient = true;
	while (talk_count(CNT_tcp_rexmt_timeouts) == 0)
		talk_run(10 * MS);
	talk_eq(talk_tcb()->ssthresh, 5000);
	ack(11001);
	talk_send(4000);
	while (talk_count(CNT_tcp_rexmt_timeouts) == 1)
		talk_run(10 * MS);
	talk_eq(talk_tcb()->ssthresh, 2000);
	talk_skip(NULL);
}
