/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Congestion marks: RFC 3168, RFC 8257; catalogue TCP-15. And urgent data, RFC 9293 section 3.8.5. */

#define ECT TALK_TOS(2)
#define NOT TALK_TOS(0)
#define CE  3

/* TCP-15.03, 15.06: new data is ECN-capable; ACKs, retransmissions and probes are not. */
TALK(ecn, new_data_only_rfc3168_6_1_4_6_1_5_tcp_15_03_15_06)
{
	talk.ecn = true;
	talk_established();
	talk_send(10);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 10, .tos = ECT);
	talk_run(1 * SEC);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 10, .tos = NOT);
	talk_in(ACK, .seq = 1, .ack = 11);
	talk_in(ACK, .seq = 1, .ack = 11, .len = 10);
	talk_expect_after(40 * MS, ACK, .seq = 11, .ack = 11, .tos = NOT);
}

TALK(ecn, without_it_nothing_is_marked_rfc3168_6_1)
{
	talk.opts.tos = 0x28;
	talk_established();
	talk_send(10);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 10, .tos = TALK_TOS(0x28));
	talk_in(ACK, .seq = 1, .ack = 11, .len = 10, .tos = CE);
	talk_expect_after(40 * MS, ACK, .seq = 11, .ack = 11);
}

TALK(ecn, dscp_is_kept_rfc3168_5)
{
	talk.ecn = true;
	talk.opts.tos = 0x2b;
	talk_established();
	talk_send(10);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 10, .tos = TALK_TOS(0x2a));
}

/* ECE in each ACK from the first mark to the sender's CWR. */
TALK(ecn, ece_until_cwr_rfc3168_6_1_3)
{
	talk.ecn = true;
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100, .tos = CE);
	talk_expect(ACK | ECE, .seq = 1, .ack = 101);
	talk_eq(talk_count(CNT_tcp_ce_in), 1);
	talk_in(ACK, .seq = 101, .ack = 1, .len = 100, .tos = 2);
	talk_expect_after(40 * MS, ACK | ECE, .seq = 1, .ack = 201);
	talk_send(5);
	talk_expect(ACK | PSH | ECE, .seq = 1, .ack = 201, .len = 5, .tos = ECT);
	/* CWR on a pure ACK says nothing. */
	talk_in(ACK | CWR, .seq = 201, .ack = 6);
	talk_in(ACK, .seq = 201, .ack = 6, .len = 100, .tos = 2);
	talk_expect_after(40 * MS, ACK | ECE, .seq = 6, .ack = 301);
	talk_in(ACK | CWR, .seq = 301, .ack = 6, .len = 100, .tos = 2);
	talk_expect_after(40 * MS, ACK, .seq = 6, .ack = 401);
	/* Marked and CWR at once: again. */
	talk_in(ACK, .seq = 401, .ack = 6, .len = 100, .tos = CE);
	talk_expect(ACK | ECE, .seq = 6, .ack = 501);
	talk_in(ACK | CWR, .seq = 501, .ack = 6, .len = 100, .tos = CE);
	talk_expect(ACK | ECE, .seq = 6, .ack = 601);
}

/* A mark is heard on any ACK: on the peer's data that acknowledges nothing new; once a window. */
TALK(ecn, ece_on_data_reduces_once_rfc3168_6_1_2)
{
	talk.ecn = true;
	talk_established();
	talk_send(1000);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 1000, .tos = ECT);
	talk_check(talk_tcb()->xs == NULL);
	uint32_t cwnd = talk_cwnd();

	talk_in(ACK | ECE, .seq = 1, .ack = 1, .len = 100);
	talk_check(talk_cwnd() < cwnd);
	cwnd = talk_cwnd();
	talk_in(ACK | ECE, .seq = 101, .ack = 1, .len = 100);
	talk_skip(NULL);
	talk_in(ACK | ECE, .seq = 201, .ack = 1001);
	talk_eq(talk_cwnd(), cwnd);
	talk_send(1000);
	talk_expect(ACK | PSH | CWR, .seq = 1001, .ack = 201, .len = 1000);
	/* The peer has not heard it yet. */
	talk_in(ACK | ECE, .seq = 201, .ack = 1001, .len = 10);
	talk_eq(talk_cwnd(), cwnd);
	talk_in(ACK, .seq = 211, .ack = 2001);
	talk_send(1000);
	talk_skip(NULL);
	talk_check(!(talk_tcb()->flags & TF_CWR));
	talk_in(ACK | ECE, .seq = 211, .ack = 3001);
	talk_check(talk_tcb()->flags & TF_CWR); /* a new window, a new mark */
	talk.lenient = true;
}

/* DCTCP asks for it whatever is configured. */
TALK(ecn, dctcp_asks_rfc8257_3)
{
	talk.opts.cc = tcp_cc_find("dctcp");
	talk.conf.ecn = TCP_ECN_OFF;
	talk_connect();
	talk_expect(SYN | ECE | CWR);
}

/* The receiver of DCTCP: ECE says what each segment was. */
TALK(ecn, dctcp_receiver_rfc8257_3_2)
{
	static struct tcp_cc_ops asks;

	talk.ecn = true;
	talk_established();
	asks = *talk_tcb()->cc;
	asks.flags |= TCP_CC_ECN;
	talk_tcb()->cc = &asks;
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100, .tos = 2);
	talk_in(ACK, .seq = 101, .ack = 1, .len = 100, .tos = CE);
	talk_expect(ACK, .seq = 1, .ack = 101);
	talk_expect(ACK | ECE, .seq = 1, .ack = 201);
	talk_in(ACK, .seq = 201, .ack = 1, .len = 100, .tos = CE);
	talk_expect_none();
	talk_in(ACK, .seq = 301, .ack = 1, .len = 100, .tos = 2);
	talk_expect(ACK | ECE, .seq = 1, .ack = 301);
	talk_expect(ACK, .seq = 1, .ack = 401);
}

/* MUST-31, MUST-62: of any length; told once, and again when the pointer moves. */
TALK(urgent, told_once_must31_must62_rfc9293_3_8_5_tcp_14_10)
{
	talk.slow_reader = true;
	talk_established();
	talk_in(ACK | URG, .seq = 1, .ack = 1, .len = 10, .urp = 5);
	talk_urgent(5);
	talk_received(10);
	talk_in(ACK | URG, .seq = 11, .ack = 1, .len = 10, .urp = 20);
	talk_urgent(20);
	talk_received(10);
	talk_in(ACK | URG, .seq = 21, .ack = 1, .len = 10, .urp = 10);
	talk_received(10);
	talk_no_event();
	talk_consume(30);
	talk_skip(NULL);
	talk_eq(talk_count(CNT_tcp_urgent_in), 2);
}

/* MUST-32: at once, though the data is far behind. */
TALK(urgent, told_at_once_must32_rfc9293_3_8_5_tcp_14_11)
{
	talk_established();
	talk_in(ACK | URG, .seq = 1, .ack = 1, .urp = 60000);
	talk_urgent(60000);
	talk_no_event();
}

static void close_it(struct tcb *t)
{
	tcp_close(talk.tcp, t);
}

TALK(urgent, closed_in_the_upcall)
{
	talk_established();
	talk.on[EV_URGENT] = close_it;
	talk_in(ACK | URG, .seq = 1, .ack = 1, .len = 10, .urp = 5);
	talk_urgent(5);
	talk_skip(NULL);
	talk.lenient = true;
}
