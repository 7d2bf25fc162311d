/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* ICMP about our segments: RFC 9293 section 3.9.2.2, RFC 5927, RFC 1191, RFC 8201 (TCP-14). */

/* Type and code of the two families. */
static void soft_errors(uint32_t seq)
{
	if (talk.v6) {
		talk_icmp(WIRE_ICMP6_UNREACH, 0, 0, seq);
		talk_icmp(WIRE_ICMP6_UNREACH, WIRE_ICMP6_UNREACH_ADDR, 0, seq);
		talk_icmp(WIRE_ICMP6_TIME, 0, 0, seq);
		talk_icmp(WIRE_ICMP6_PARAM, 0, 0, seq);
		return;
	}
	talk_icmp(WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_NET, 0, seq);
	talk_icmp(WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_HOST, 0, seq);
	talk_icmp(WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_SRCROUTE, 0, seq);
	talk_icmp(WIRE_ICMP4_TIME, 0, 0, seq);
	talk_icmp(WIRE_ICMP4_PARAM, 0, 0, seq);
}

static void port_unreachable(uint32_t seq)
{
	if (talk.v6)
		talk_icmp(WIRE_ICMP6_UNREACH, WIRE_ICMP6_UNREACH_PORT, 0, seq);
	else
		talk_icmp(WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_PORT, 0, seq);
}

static void too_big(uint32_t mtu, uint32_t seq)
{
	if (talk.v6)
		talk_icmp(WIRE_ICMP6_TOO_BIG, 0, mtu, seq);
	else
		talk_icmp(WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_NEEDFRAG, mtu, seq);
}

TALK(icmp, soft_errors_must56_rfc9293_3_9_2_2_tcp_14_01)
{
	talk_established();
	talk_send(1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	soft_errors(1);
	talk_state("ESTABLISHED");
	talk_no_event();
	talk_check(talk_count(CNT_tcp_icmp_soft) >= 4);
	talk_in(ACK, .seq = 1, .ack = 1001);
}

/* A connection that was there outlives "hard" errors too (RFC 5927 section 5.2, RFC 5461). */
TALK(icmp, hard_errors_established_rfc5927_5_2)
{
	talk_established();
	talk_send(1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	port_unreachable(1);
	talk_state("ESTABLISHED");
	talk_no_event();
}

/* MUST-56 holds for an attempt too; the error is what the application hears in the end. */
TALK(icmp, soft_errors_of_an_attempt_must56_rfc9293_3_9_2_2)
{
	talk.lenient = true;
	talk_connect();
	talk_expect(SYN);
	if (talk.v6)
		talk_icmp(WIRE_ICMP6_UNREACH, WIRE_ICMP6_UNREACH_ADDR, 0, 0);
	else
		talk_icmp(WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_HOST, 0, 0);
	talk_state("SYN-SENT");
	talk_run(300 * SEC);
	talk_closed(EHOSTUNREACH);
}

/* Port unreachable ends an attempt (RFC 9293 section 3.9.2.2, SHLD-26). */
TALK(icmp, hard_error_of_an_attempt_shld26_rfc9293_3_9_2_2)
{
	talk_connect();
	talk_expect(SYN);
	port_unreachable(0);
	talk_closed(ECONNREFUSED);
	talk_eq(talk_count(CNT_tcp_icmp_hard), 1);
}

TALK(icmp, forged_sequence_of_an_attempt_rfc5927_4_1)
{
	talk_connect();
	talk_expect(SYN);
	port_unreachable(1);
	port_unreachable(0x80000000);
	talk_state("SYN-SENT");
	talk_no_event();
}

TALK(icmp, half_open_outlives_errors_rfc5461)
{
	talk_listen();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	soft_errors(0);
	port_unreachable(0);
	talk_eq(talk.tcp->n_half_open, 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
}

TALK(icmp, quoted_sequence_outside_shld_rfc5927_4_1_tcp_14_04)
{
	talk_established();
	talk_send(1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	soft_errors(0);
	soft_errors(1001);
	soft_errors(0x70000000);
	talk_eq(talk_count(CNT_tcp_icmp_soft), 0);
	too_big(1300, 0);
	too_big(1300, 1001);
	talk_eq(talk_count(CNT_tcp_pmtu_updates), 0);
	talk_eq(talk_tcb()->mss, 1000);
	talk_expect_none();
}

TALK(icmp, of_no_connection)
{
	talk_established();
	talk_conn_new();
	port_unreachable(1);
	talk_eq(talk_drops(talk.v6 ? DROP_icmp6_no_flow : DROP_icmp4_no_flow), 1);
}

/* RFC 1191 section 6.4: resent at once in smaller segments, not counted as congestion. */
TALK(icmp, path_mtu_rfc1191_6_4_tcp_14_05)
{
	uint32_t mss, full = talk.v6 ? 1440 : 1460, ssthresh;

	talk_listen();
	talk_in(SYN, .mss = 1460);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_send(2 * full);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = full);
	talk_expect(ACK, .seq = 1 + full, .ack = 1, .len = full);
	ssthresh = talk_tcb()->ssthresh;
	too_big(1300, 1);
	mss = 1300 - (talk.v6 ? 60 : 40);
	talk_eq(talk_tcb()->mss, mss);
	talk_eq(talk_tcb()->ssthresh, ssthresh);
	uint32_t got = 0;

	for (const struct talk_out *o = talk_next_out(); o != NULL; o = talk_next_out()) {
		talk_eq(o->h.seq - talk.conn[0].iss, 1 + got);
		talk_check(o->len <= mss);
		got += o->len;
	}
	talk_eq(got, 2 * full);
	talk_eq(talk_count(CNT_tcp_pmtu_updates), 1);
	talk_in(ACK, .seq = 1, .ack = 1 + 2 * full);
	/* New data keeps to it. */
	talk_send(mss + 10);
	talk_expect(ACK, .seq = 1 + 2 * full, .ack = 1, .len = mss);
	talk_in(ACK, .seq = 1, .ack = 1 + 2 * full + mss);
	talk_expect(ACK | PSH, .seq = 1 + 2 * full + mss, .ack = 1, .len = 10);
}

/* A larger one than we use changes nothing. */
TALK(icmp, path_mtu_larger_ignored_rfc1191_3)
{
	talk_established();
	talk_send(1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	too_big(9000, 1);
	too_big(1500, 1);
	talk_expect_none();
	talk_eq(talk_tcb()->mss, 1000);
}

/* A forged 68 must not make tiny segments (IPv6: never below 1280, RFC 8201 section 4). */
TALK(icmp, path_mtu_68_bounded_rfc5927_7_2_tcp_14_06)
{
	talk_established();
	talk_send(1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	too_big(68, 1);
	talk_check(talk_tcb()->mss >= (talk.v6 ? 1000 : 88));
	too_big(1, 1);
	talk_check(talk_tcb()->mss >= (talk.v6 ? 1000 : 88));
	talk_skip(NULL);
	talk_in(ACK, .seq = 1, .ack = 1001);
}

/* RFC 6633: source quench is ignored. */
TALK4(icmp, source_quench_rfc6633_3)
{
	talk_established();
	talk_send(1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	uint32_t cwnd = talk_cwnd();

	talk_icmp(WIRE_ICMP4_QUENCH, 0, 0, 1);
	talk_eq(talk_cwnd(), cwnd);
	talk_eq(talk_count(CNT_tcp_icmp_soft), 0);
}
