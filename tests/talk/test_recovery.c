/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Loss recovery with SACK: RFC 2018, 2883, 6675, 6937, 8985 (catalogue TCP-11), and what undoes it: RFC
 * 3522, 3708, 5682. The peer's MSS is 1000. */

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
static void in_flight(unsigned n)
{
	talk.sack = true;
	talk.conf.initial_window = n;
	talk_established();
	talk_send(1000);
	expect_segs(1, 1);
	talk_advance(100 * MS);
	ack(1001);
	talk_send(1000 * n);
	expect_segs(1001, n);
}

/* Three later ones have arrived: as with three duplicate ACKs (RFC 8985 section 6.2 step 4). */
TALK(recovery, three_sacked_rfc8985_6_2_tcp_11_14)
{
	in_flight(10);
	talk_advance(100 * MS);
	sack(1001, 2001, 3001);
	sack(1001, 2001, 4001);
	talk_expect_none();
	sack(1001, 2001, 5001);
	expect_segs(1001, 1);
	talk_expect_none();
	talk_eq(talk_tcb()->ssthresh, 5000);
	talk_eq(talk_count(CNT_tcp_rexmt_fast), 1);
	/* All is well: recovery ends at ssthresh. */
	ack(11001);
	talk_eq(talk_cwnd(), 5000);
	talk_check(!(talk_tcb()->flags & TF_RECOVERY));
}

/* One later one has: after the reordering window, a quarter of the round trip (section 6.2 step 4, 5). */
TALK(recovery, reordering_window_rfc8985_6_2_tcp_11_14)
{
	in_flight(4);
	talk_advance(100 * MS);
	sack(1001, 2001, 3001);
	talk_expect_none();
	talk_advance(25 * MS - 1);
	talk.lenient = true; /* the timer may be a little late, to serve several */
	talk_run(5 * MS);
	talk_expect(ACK, .seq = 1001, .ack = 1, .len = 1000);
	talk_expect_none();
}

/* What comes within the window is reordering, no loss. */
TALK(recovery, reordering_is_no_loss_rfc8985_6_2)
{
	in_flight(4);
	talk_advance(100 * MS);
	sack(1001, 2001, 3001);
	talk_advance(20 * MS);
	ack(3001);
	talk_eq(talk_count(CNT_tcp_rexmt_segs), 0);
	talk_check(talk_tcb()->xs->loss.reordering);
	ack(5001);
	/* From now on, three of them are not enough. */
	talk_send(8000);
	talk_skip(NULL);
	talk_advance(100 * MS);
	sack(5001, 6001, 9001);
	talk_eq(talk_count(CNT_tcp_rexmt_segs), 0);
	talk_skip(NULL);
	ack(9001);
	talk.lenient = true;
}

/* Lost before new; never more than cwnd under way (RFC 6675 section 5). */
TALK(recovery, lost_before_new_rfc6675_5_tcp_11_11)
{
	in_flight(10);
	talk_send(10000);
	talk_expect_none();
	talk_advance(100 * MS);
	/* 1, 3 and 5 are missing. */
	talk_in(ACK, .seq = 1, .ack = 1001, .sack = {{2001, 3001}});
	expect_segs(11001, 1); /* RFC 3042 */
	talk_in(ACK, .seq = 1, .ack = 1001, .sack = {{4001, 5001}, {2001, 3001}});
	expect_segs(12001, 1);
	talk_in(ACK, .seq = 1, .ack = 1001, .sack = {{6001, 7001}, {4001, 5001}, {2001, 3001}});
	talk_expect(ACK, .seq = 1001, .ack = 1, .len = 1000);
	talk.lenient = true;
	uint32_t hole[] = {3001, 5001}, n = 0;

	for (uint32_t r = 8001; r <= 11001; r += 1000) {
		talk_run(1 * MS);
		talk_in(ACK, .seq = 1, .ack = 1001,
			.sack = {{6001, r}, {4001, 5001}, {2001, 3001}});
		talk_check(tcp_pipe(talk_tcb()) <= talk_cwnd());
		for (const struct talk_out *o; (o = talk_next_out()) != NULL;) {
			uint32_t seq = o->h.seq - talk.conn[0].iss;

			if (n < RTE_DIM(hole))
				talk_eq(seq, hole[n]);
			else
				talk_check(seq >= 13001);
			n++;
		}
	}
	talk_check(n >= 2);
	talk_eq(talk_count(CNT_tcp_rexmt_segs), 3);
}

/* The tail of the flight, lost in recovery: sent once more when nothing else can be (rule (4)). */
TALK(recovery, rescue_rfc6675_5_tcp_11_12)
{
	in_flight(10);
	talk_advance(100 * MS);
	sack(1001, 2001, 5001);
	expect_segs(1001, 1);
	/* 5 to 8 arrive, 9 and 10 do not. */
	sack(1001, 2001, 7001);
	talk.lenient = true;
	sack(1001, 2001, 9001);
	ack(9001);
	bool seen = false;

	for (const struct talk_out *o; (o = talk_next_out()) != NULL;)
		seen |= o->h.seq - talk.conn[0].iss == 10001;
	talk_check(seen);
}

/* What was sent after it has arrived, so the retransmission is lost too (RFC 8985 section 6.2 step 5). */
TALK(recovery, lost_retransmission_rfc8985_6_2_tcp_11_16)
{
	in_flight(10);
	talk_send(20000);
	talk_advance(100 * MS);
	sack(1001, 2001, 5001);
	talk_expect(ACK, .seq = 1001, .ack = 1, .len = 1000);
	talk_advance(1 * MS);
	sack(1001, 2001, 9001);
	expect_segs(11001, 2); /* up to ssthresh */
	talk_advance(100 * MS);
	talk.lenient = true;
	/* New data, sent after the retransmission, arrives. */
	talk_in(ACK, .seq = 1, .ack = 1001, .sack = {{11001, 13001}, {2001, 9001}});
	bool seen = false;

	for (const struct talk_out *o; (o = talk_next_out()) != NULL;)
		seen |= o->h.seq - talk.conn[0].iss == 1001;
	talk_check(seen);
	talk_eq(talk_count(CNT_tcp_rexmt_timeouts), 0);
}

/* The tail of a flight: after two round trips, and before the timeout of 200 + 100 ms. */
TALK(recovery, tail_probe_rfc8985_7_2_tcp_11_17)
{
	in_flight(4);
	talk_expect_after(200 * MS, ACK, .seq = 4001, .ack = 1, .len = 1000);
	talk_eq(talk_count(CNT_tcp_tlp_probes), 1);
	talk_eq(talk_count(CNT_tcp_rexmt_timeouts), 0);
	/* It tells that 3 is missing: fast recovery (section 7.4.1). */
	talk_advance(100 * MS);
	talk.lenient = true;
	sack(3001, 4001, 5001);
	talk_run(30 * MS);
	talk_expect(ACK, .seq = 3001, .ack = 1, .len = 1000);
	talk_check(talk_tcb()->flags & TF_RECOVERY);
}

/* New data is the better probe. */
TALK(recovery, tail_probe_of_new_data_rfc8985_7_3)
{
	in_flight(4);
	talk_send(1000);
	talk_expect_none(); /* cwnd is full */
	talk_expect_after(200 * MS, ACK, .seq = 5001, .ack = 1, .len = 1000);
	ack(6001);
	talk_eq(talk_count(CNT_tcp_rexmt_segs), 0);
}

/* The timeout comes in its time after the probe. */
TALK(recovery, timeout_after_probe_rfc8985_7_3)
{
	in_flight(4);
	uint32_t rto = talk_tcb()->rto_us;

	talk_expect_after(200 * MS, ACK, .seq = 4001, .ack = 1, .len = 1000);
	talk_expect_after(rto, ACK, .seq = 1001, .ack = 1, .len = 1000);
	talk_eq(talk_count(CNT_tcp_rexmt_timeouts), 1);
}

/* The probe made good the only loss: the window shrinks even so (section 7.4.2). */
TALK(recovery, probe_repairs_rfc8985_7_4_2)
{
	in_flight(10);
	uint32_t cwnd = talk_cwnd();

	talk_advance(100 * MS);
	ack(10001);
	talk_skip(NULL);
	talk.lenient = true;
	talk_run(talk_tcb()->rto_us);
	talk_eq(talk_count(CNT_tcp_tlp_probes), 1);
	talk_skip(NULL);
	ack(11001);
	talk_send(1000);
	ack(12001); /* beyond the probe */
	talk_check(talk_cwnd() < cwnd);
}

/* Original and probe have both arrived: no loss (section 7.4.2). */
TALK(recovery, probe_was_needless_rfc8985_7_4_2)
{
	in_flight(4);
	uint32_t cwnd = talk_cwnd();

	talk_expect_after(200 * MS, ACK, .seq = 4001, .ack = 1, .len = 1000);
	ack(5001);
	sack(5001, 4001, 5001); /* D-SACK */
	talk_send(1000);
	talk_expect(ACK, .seq = 5001, .ack = 1, .len = 1000);
	ack(6001);
	talk_check(talk_cwnd() >= cwnd);
}

/* RFC 3522: the ACK's timestamp answers the original. */
TALK(recovery, eifel_rfc3522_3_2)
{
	talk.ts = true;
	talk.sack = true;
	talk.lenient = true;
	talk_established();
	talk_send(9880); /* ten segments: the timestamps take 12 octets */
	talk_skip(NULL);
	uint32_t cwnd = talk_cwnd(), ssthresh = talk_tcb()->ssthresh;
	uint32_t first = tcp_ts_now(talk.tcp, talk_tcb()->ts_off);

	talk_advance(100 * MS);
	talk_in(ACK, .seq = 1, .ack = 1, .tsecr = first, .sack = {{989, 3953}});
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 988);
	talk_check(talk_tcb()->ssthresh < cwnd);
	talk_advance(5 * MS);
	talk_in(ACK, .seq = 1, .ack = 3953, .tsecr = first);
	talk_eq(talk_count(CNT_tcp_undo_eifel), 1);
	talk_check(talk_cwnd() >= cwnd);
	talk_eq(talk_tcb()->ssthresh, ssthresh);
	talk_check(!(talk_tcb()->flags & TF_RECOVERY));
}

/* ... or the retransmission: it was a loss. */
TALK(recovery, eifel_real_loss_rfc3522_3_2)
{
	talk.ts = true;
	talk.sack = true;
	talk.lenient = true;
	talk_established();
	talk_send(9880);
	talk_skip(NULL);
	uint32_t first = tcp_ts_now(talk.tcp, talk_tcb()->ts_off);

	talk_advance(100 * MS);
	talk_in(ACK, .seq = 1, .ack = 1, .tsecr = first, .sack = {{989, 3953}});
	talk_skip(NULL);
	talk_advance(50 * MS);
	talk_in(ACK, .seq = 1, .ack = 3953, .tsecr = first + 100);
	talk_eq(talk_count(CNT_tcp_undo_eifel), 0);
	talk_check(talk_tcb()->flags & TF_RECOVERY);
}

/* RFC 3708: all that was sent again came twice. */
TALK(recovery, dsack_undo_rfc3708)
{
	in_flight(10);
	uint32_t cwnd = talk_cwnd(), ssthresh = talk_tcb()->ssthresh;

	talk_advance(100 * MS);
	sack(1001, 2001, 5001);
	expect_segs(1001, 1);
	talk_advance(5 * MS);
	ack(11001);
	talk_check(talk_cwnd() < cwnd);
	talk_advance(100 * MS);
	sack(11001, 1001, 2001);
	talk_eq(talk_count(CNT_tcp_undo_dsack), 1);
	talk_check(talk_cwnd() >= cwnd);
	talk_eq(talk_tcb()->ssthresh, ssthresh);
}

/* RFC 5682 section 3: after the timeout what was sent before it arrives. */
TALK(recovery, frto_with_sack_rfc5682_3)
{
	in_flight(10);
	uint32_t cwnd = talk_cwnd();

	talk.lenient = true;
	talk_run(200 * MS + talk_tcb()->rto_us);
	talk_eq(talk_count(CNT_tcp_rexmt_timeouts), 1);
	talk_eq(talk_cwnd(), 1000);
	talk_skip(NULL);
	ack(3001);
	ack(4001);
	talk_eq(talk_count(CNT_tcp_undo_frto), 1);
	talk_check(talk_cwnd() >= cwnd);
	talk_check(!(talk_tcb()->flags & TF_LOSS));
	talk_skip(NULL);
}

/* Section 2.1 without SACK: two new segments tell. */
TALK(recovery, frto_rfc5682_2_1)
{
	talk.conf.initial_window = 4;
	talk_established();
	talk_send(10000);
	expect_segs(1, 4);
	talk_expect_after(1 * SEC, ACK, .seq = 1, .ack = 1, .len = 1000);
	ack(1001);
	expect_segs(4001, 2); /* (2b) */
	ack(2001);
	talk_eq(talk_count(CNT_tcp_undo_frto), 1);
	talk_check(talk_cwnd() >= 4000);
	talk.lenient = true;
}

/* (3a): a duplicate says that the loss was real. */
TALK(recovery, frto_real_loss_rfc5682_2_1)
{
	talk.conf.initial_window = 4;
	talk_established();
	talk_send(10000);
	expect_segs(1, 4);
	talk_expect_after(1 * SEC, ACK, .seq = 1, .ack = 1, .len = 1000);
	ack(1001);
	expect_segs(4001, 2);
	talk.lenient = true;
	ack(1001);
	talk_eq(talk_count(CNT_tcp_undo_frto), 0);
	ack(1001);
	talk_expect(ACK, .seq = 1001, .ack = 1, .len = 1000);
}

/* RFC 2018 section 8: after a timeout SACK information is forgotten, since the peer may have too. */
TALK(recovery, reneging_rfc2018_8)
{
	in_flight(10);
	talk.lenient = true;
	talk_advance(100 * MS);
	sack(1001, 2001, 4001);
	while (talk_count(CNT_tcp_rexmt_timeouts) == 0)
		talk_run(100 * MS);
	talk_eq(talk_tcb()->xs->loss.sacked, 0);
	talk_skip(NULL);
	ack(2001); /* and not 4001: it has dropped what it had */
	ack(2001);
	const struct talk_out *o = talk_next_out();

	talk_check(o != NULL && o->h.seq - talk.conn[0].iss == 2001);
}

/* TCP-11.13. */
TALK(recovery, bad_blocks_ignored_tcp_11_13)
{
	in_flight(10);
	talk_advance(100 * MS);
	sack(1001, 12001, 13001); /* never sent */
	sack(1001, 5001, 11002);
	sack(1001, 4001, 3001); /* reversed */
	sack(1001, 501, 2001);
	sack(1001, 4001, 4001);
	talk_eq(talk_count(CNT_tcp_sack_bad), 5);
	talk_eq(talk_tcb()->xs->loss.sacked, 0);
}

/* Not agreed on: blocks mean nothing. */
TALK(recovery, blocks_without_agreement_rfc2018_3)
{
	talk.conf.initial_window = 4;
	talk_established();
	talk_send(4000);
	expect_segs(1, 4);
	sack(1, 1001, 4001);
	talk_expect_none();
	ack(4001);
}

/* A TSO port's packet: only what is lost of it goes again. */
TALK(recovery, part_of_a_large_packet)
{
	talk.sack = true;
	talk.tso_max = 16000;
	talk_established();
	talk_send(10000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 10000);
	talk_advance(100 * MS);
	talk_in(ACK, .seq = 1, .ack = 1001, .sack = {{2001, 4001}, {6001, 10001}});
	talk_expect(ACK, .seq = 1001, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 2001, .sack = {{2001, 4001}, {6001, 10001}});
	talk_expect(ACK, .seq = 4001, .ack = 1, .len = 2000);
	ack(10001);
}

/* Stretches that are no segments: the port has cut elsewhere, a block ends within one. */
TALK(recovery, block_within_a_stretch)
{
	talk.sack = true;
	talk.tso_max = 16000;
	talk_established();
	talk_send_more(300, true);
	talk_send_more(1000, true);
	talk_send_more(1000, true);
	talk_send(1700);
	talk_skip(NULL);
	talk_advance(100 * MS);
	talk_in(ACK, .seq = 1, .ack = 1, .sack = {{1001, 4001}});
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_expect_none();
	ack(4001);
}

/* The original is still in the port's hands: its buffer is shared, not copied. */
TALK(recovery, retransmission_while_the_port_has_it)
{
	talk.keep_tx = true;
	in_flight(4);
	talk_advance(100 * MS);
	sack(1001, 2001, 5001);
	expect_segs(1001, 1);
	talk_tx_done();
	ack(5001);
}

/* Thousands of stretches, blocks chosen to be dear: the cost of an ACK is bounded (CVE-2019-11478). */
TALK4(recovery, hostile_blocks_are_bounded)
{
	talk.sack = true;
	talk.lenient = true;
	talk.conf.mss_min = 8;
	talk.conf.initial_window = 100;
	talk.opts.sndbuf = 60000;
	talk.conf.sndbuf = 60000;
	talk_listen();
	talk_in(SYN, .mss = 8, .sack_ok = true);
	talk_skip(NULL);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_tcb()->cwnd = 60000;
	for (unsigned i = 0; i < 8; i++)
		if (talk_send(1500) != 0)
			talk_skip(NULL);
	uint32_t top = talk_tcb()->snd_max - talk.conn[0].iss;

	talk_skip(NULL);
	for (uint32_t i = 0; i < 300; i++) {
		uint32_t at = 9 + i * 8 * 2;

		talk.log_len = 0;
		talk_in(ACK, .seq = 1, .ack = 1,
			.sack = {{at, at + 3}, {at + 8, top}, {at + 1, at + 7}, {17, top - 3 * i}});
		talk_skip(NULL);
	}
	/* No stretch was broken into octets. */
	unsigned n = 0;

	for (const struct txseg *s = talk_tcb()->una_seg; s != NULL; s = s->next)
		n++;
	talk_check(n <= 12000 / 8 + 1);
}
