/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Rules of RFC 3168 and RFC 8257 that no other file has: see docs/rfc-tcp.md. The peer's MSS is 1000. */

#define ECT TALK_TOS(2)
#define NOT TALK_TOS(0)
#define CE  3

static void ack(uint8_t flags, uint32_t to)
{
	talk_in(ACK | flags, .seq = 1, .ack = to);
}

static void in_flight(unsigned n)
{
	talk.ecn = true;
	talk.conf.initial_window = n;
	talk_established();
	talk_send(1000 * n);
	for (unsigned i = 0; i < n; i++)
		talk_expect(ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000, .tos = ECT);
}

static uint32_t seq_of(const struct talk_out *o)
{
	return o->h.seq - talk.conn[talk.c].iss;
}

/* Section 6.1.2: the window is halved as if a segment were lost ... */
TALK(rules_ecn, ece_halves_the_window_rfc3168_6_1_2)
{
	in_flight(10);
	ack(ECE, 1001);
	talk_eq(talk_tcb()->ssthresh, 4500); /* 9 segments are under way */
	talk_eq(talk_cwnd(), 4500);
	talk_eq(talk_count(CNT_tcp_rexmt_segs), 0);
	talk_skip(NULL);
	talk.lenient = true;
}

/* ... and SHOULD NOT grow by ACKs that carry ECE. */
TALK(rules_ecn, no_growth_by_ece_rfc3168_6_1_2)
{
	in_flight(10);
	talk.lenient = true;
	talk_send(20000);
	ack(ECE, 1001);
	for (uint32_t at = 2001; at <= 10001; at += 1000) {
		ack(ECE, at);
		talk_eq(talk_cwnd(), 4500);
	}
	talk_skip(NULL);
}

/* CWR on the first new data after a window reduction of any kind: here fast retransmit. */
TALK(rules_ecn, cwr_after_fast_retransmit_rfc3168_6_1_2)
{
	in_flight(10);
	for (unsigned i = 0; i < 3; i++)
		ack(0, 1);
	/* Section 6.1.5: not ECN-capable, and no new data. */
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000, .tos = NOT);
	ack(0, 10001);
	talk_send(2000);
	talk_expect(ACK | CWR, .seq = 10001, .ack = 1, .len = 1000, .tos = ECT);
	talk_expect(ACK, .seq = 11001, .ack = 1, .len = 1000, .tos = ECT);
}

/* ... and here a timeout. */
TALK(rules_ecn, cwr_after_a_timeout_rfc3168_6_1_2)
{
	in_flight(2);
	talk_expect_after(1 * SEC, ACK, .seq = 1, .ack = 1, .len = 1000, .tos = NOT);
	talk.lenient = true;
	ack(0, 2001);
	talk_send(3000);
	bool first = true;

	for (const struct talk_out *o; (o = talk_next_out()) != NULL;)
		if (seq_of(o) >= 2001) {
			talk_eq((o->h.flags & CWR) != 0, first);
			first = false;
		}
	talk_check(!first);
}

/* Section 6.1.5: what lies outside the window is not looked at for marks. */
TALK(rules_ecn, mark_outside_the_window_rfc3168_6_1_5)
{
	talk.ecn = true;
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100, .tos = 2);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 101);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100, .tos = CE);
	talk_expect(ACK, .seq = 1, .ack = 101);
	talk_in(ACK, .seq = 200000, .ack = 1, .len = 100, .tos = CE);
	talk_expect(ACK, .seq = 1, .ack = 101);
	talk_eq(talk_count(CNT_tcp_ce_in), 0);
}

/* Section 6.1.6: window probes are not ECN-capable. */
TALK(rules_ecn, window_probe_rfc3168_6_1_6)
{
	talk.ecn = true;
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .wnd = TALK_ZERO);
	talk_send(100);
	talk_expect_none();
	talk.lenient = true;
	talk_run(4 * SEC);
	unsigned probes = 0;

	for (const struct talk_out *o; (o = talk_next_out()) != NULL; probes++) {
		talk_eq(o->len, 1);
		talk_eq(o->tos & 3, 0);
	}
	talk_check(probes >= 2);
}

/* Sections 6.1.1 and 6.1.4: FIN and RST carry no data. */
TALK(rules_ecn, control_segments_rfc3168_6_1_4)
{
	talk.ecn = true;
	talk_established();
	talk_shutdown();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1, .tos = NOT);
	talk_abort();
	talk_expect(RST | ACK, .seq = 2, .ack = 1, .tos = NOT);
}

/* Not agreed on: ECE and CWR mean nothing, and a mark is not told of. */
TALK(rules_ecn, not_agreed_on_rfc3168_6_1_1)
{
	uint32_t cwnd;

	talk.conf.initial_window = 10;
	talk_established();
	talk_send(5000);
	for (unsigned i = 0; i < 5; i++)
		talk_expect(ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000, .tos = NOT);
	cwnd = talk_cwnd();
	ack(ECE | CWR, 1001);
	ack(ECE, 5001);
	talk_check(talk_cwnd() >= cwnd);
}

/* RFC 8257 section 3.5: loss is answered as ever, with half the window. */
TALK(rules_ecn, dctcp_loss_rfc8257_3_5)
{
	talk.conf.cc = TCP_CC_DCTCP;
	in_flight(10);
	for (unsigned i = 0; i < 3; i++)
		ack(0, 1);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000, .tos = NOT);
	talk_eq(talk_tcb()->ssthresh, 5000);
}

/* Section 3.3, with alpha 1 at the beginning (section 4.2): the first mark halves, once a window. */
TALK(rules_ecn, dctcp_once_a_window_rfc8257_3_3)
{
	talk.conf.cc = TCP_CC_DCTCP;
	in_flight(10);
	talk.lenient = true;
	ack(ECE, 1001);
	talk_eq(talk_tcb()->ssthresh, 4500);
	for (uint32_t at = 2001; at <= 10001; at += 1000)
		ack(ECE, at);
	talk_eq(talk_tcb()->ssthresh, 4500);
	talk_check(talk_cwnd() >= 4500);
}

/* Section 3: a peer that did not agree gets a connection as any other's. */
TALK(rules_ecn, dctcp_without_ecn_rfc8257_3)
{
	talk.opts.cc = tcp_cc_find("dctcp");
	talk_connect();
	talk_expect(SYN | ECE | CWR);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_connected();
	talk_send(1000);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 1000, .tos = NOT);
	talk_in(ACK, .seq = 1, .ack = 1001, .len = 100, .tos = CE);
	talk_expect_after(40 * MS, ACK, .seq = 1001, .ack = 101, .tos = NOT);
}
