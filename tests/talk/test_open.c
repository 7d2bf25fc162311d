/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Establishment: RFC 9293 sections 3.5 and 3.10.7 (catalogue TCP-3), half-open entries (TCP-13). */

TALK(open, passive_rfc9293_3_5)
{
	talk_established();
	talk_eq(talk_count(CNT_tcp_passive_opens), 1);
	talk_eq(talk_count(CNT_tcp_established), 1);
	talk_eq(talk.tcp->n_half_open, 0);
}

TALK(open, data_with_the_third_segment_rfc9293_3_5)
{
	talk_listen();
	talk_in(SYN, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK | PSH, .seq = 1, .ack = 1, .len = 300);
	talk_accepted();
	talk_received(300);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 301);
}

/* SYN, ACK and data in one burst: the table changes under the burst. */
TALK(open, handshake_and_data_in_one_burst)
{
	talk_listen();
	talk_in(SYN, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1, .hold = true);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 1001, .ack = 1, .len = 1000, .hold = true);
	talk_in(FIN | ACK, .seq = 2001, .ack = 1);
	talk_accepted();
	talk_received(2000);
	talk_peer_closed();
	talk_expect(ACK, .seq = 1, .ack = 2002);
}

TALK(open, simultaneous_rfc9293_3_5_figure_8_tcp_3_02)
{
	talk_connect();
	talk_expect(SYN, .seq = 0);
	talk_in(SYN, .seq = 0, .mss = 1000);
	talk_expect(SYN | ACK, .seq = 0, .ack = 1, .mss = talk_mss_ours());
	talk_state("SYN-RECEIVED");
	talk_no_event();
	talk_in(SYN | ACK, .seq = 0, .ack = 1, .mss = 1000);
	talk_connected();
	talk_state("ESTABLISHED");
	talk_eq(talk.tcp->n_tcb, 1);
	talk_skip(NULL);
	talk_send(10);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 10);
}

TALK(open, simultaneous_completed_by_ack_rfc9293_3_5)
{
	talk_connect();
	talk_expect(SYN);
	talk_in(SYN, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 10);
	talk_connected();
	talk_received(10);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 11);
}

TALK(open, simultaneous_syn_ack_lost_rfc9293_3_5)
{
	talk_connect();
	talk_expect(SYN);
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	talk_expect_after(1 * SEC, SYN | ACK, .seq = 0, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_connected();
}

TALK(open, simultaneous_wrong_ack_gets_rst_rfc9293_3_10_7_4)
{
	talk_connect();
	talk_expect(SYN);
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 2);
	talk_expect(RST, .seq = 2);
	talk_state("SYN-RECEIVED");
}

TALK(open, simultaneous_refused_rfc9293_3_10_7_4)
{
	talk_connect();
	talk_expect(SYN);
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(RST, .seq = 1);
	talk_closed(ECONNREFUSED);
}

TALK(open, duplicate_syn_rfc9293_3_10_7_4_tcp_3_05)
{
	talk_listen();
	talk_in(SYN, .mss = 1000);
	talk_expect(SYN | ACK, .seq = 0, .ack = 1);
	talk_in(SYN, .mss = 1000);
	talk_expect(SYN | ACK, .seq = 0, .ack = 1);
	talk_eq(talk.tcp->n_half_open, 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
}

TALK(open, syn_ack_lost_is_resent_with_backoff_rfc9293_3_5_tcp_3_06)
{
	talk_listen();
	talk_in(SYN);
	talk_expect(SYN | ACK, .seq = 0, .ack = 1);
	for (unsigned i = 0; i < 5; i++)
		talk_expect_after(SEC << i, SYN | ACK, .seq = 0, .ack = 1);
	talk_advance((SEC << 5) + 1);
	talk_eq(talk.tcp->n_half_open, 0);
	talk_no_event();
}

/* MUST-23: R2 of a SYN is at least 3 minutes; RFC 6298 (5.5): doubled each time, here up to 60 s. */
TALK(open, syn_unanswered_must23_rfc9293_3_8_3_tcp_3_07)
{
	uint64_t start, rto = SEC;

	talk_connect();
	start = talk.env.now_us;
	talk_expect(SYN);
	while (talk.env.now_us - start + rto < 180 * SEC) {
		talk_expect_after(rto, SYN, .seq = 0);
		rto = RTE_MIN(2 * rto, 60 * SEC);
	}
	talk_no_event();
	talk_advance(rto);
	talk_check(talk.env.now_us - start >= 180 * SEC);
	talk_closed(ETIMEDOUT);
}

TALK(open, syn_resent_then_answered)
{
	talk_connect();
	talk_expect(SYN);
	talk_expect_after(1 * SEC, SYN, .seq = 0);
	talk_expect_after(2 * SEC, SYN, .seq = 0);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_connected();
}

TALK(open, two_listeners_one_port_must41_rfc9293_3_9_1_1_tcp_3_08)
{
	struct tcp_listener *any, *second;
	struct tcp_opts big = {.mss = 500};

	talk_up();
	second = tcp_listen(talk.tcp, talk.v6, false, &talk.lip2, 80, 0, &big, NULL, NULL);
	any = tcp_listen(talk.tcp, false, true, &(union net_ip){.v4 = 0}, 80, 0, NULL, NULL, NULL);
	talk_check(second != NULL && any != NULL && any != second);
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1, .mss = talk_mss_ours());
	talk_conn_new();
	talk.conn[talk.c].lip = talk.lip2;
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1, .mss = 500);
	talk_eq(any->n_half_open, 1);
	talk_eq(second->n_half_open, 1);
	talk_check(
		tcp_listen(talk.tcp, talk.v6, false, &talk.lip2, 80, 0, NULL, NULL, NULL) == NULL);
	talk_eq(errno, EADDRINUSE);
	tcp_listener_close(talk.tcp, any);
	tcp_listener_close(talk.tcp, second);
	talk_eq(talk.tcp->n_half_open, 0);
}

TALK(open, source_address_of_the_application_must43_rfc9293_3_9_1_1_tcp_3_09)
{
	talk_up();
	talk.conn[0].lip = talk.lip2;
	talk_connect();
	talk_expect(SYN);
	talk_in(SYN | ACK, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_connected();
	talk_check(memcmp(&talk_tcb()->key.l, &talk.lip2, sizeof(talk.lip2)) == 0);
}

TALK(open, foreign_source_address_refused)
{
	talk_up();
	talk_check(tcp_connect(talk.tcp, talk.v6, &talk.rip, 0, &talk.rip, 80, NET_NO_IFC, NULL,
			   NULL, NULL) == NULL);
	talk_eq(errno, EADDRNOTAVAIL);
}

/* MUST-46: not to broadcast or multicast. */
TALK(open, connect_to_multicast_refused_rfc9293_3_9_1_1)
{
	union net_ip zero, to;

	talk_up();
	memset(&zero, 0, sizeof(zero));
	memset(&to, 0, sizeof(to));
	if (talk.v6)
		to.v6 = (struct ip6){{0xff, 2, [15] = 1}};
	else
		to.v4 = IP4(224, 0, 0, 1);
	talk_check(tcp_connect(talk.tcp, talk.v6, &zero, 0, &to, 80, NET_NO_IFC, NULL, NULL,
			   NULL) == NULL);
	talk_eq(errno, EINVAL);
}

TALK(open, same_pair_twice_refused)
{
	talk_established_out();
	struct talk_conn *c = &talk.conn[0];

	talk_check(tcp_connect(talk.tcp, talk.v6, &c->lip, c->lport, &talk.rip, c->rport,
			   NET_NO_IFC, NULL, NULL, NULL) == NULL);
	talk_eq(errno, EADDRINUSE);
}

/* The peer restarted and knows nothing: our challenge ACK makes it reset the old connection. */
TALK(open, peer_restarted_rfc9293_3_5_1_tcp_3_10)
{
	talk_established();
	talk_in(SYN, .seq = 0x40000000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_state("ESTABLISHED");
	talk_in(RST, .seq = 1);
	talk_closed(ECONNRESET);
	talk_expect_none();
}

/* We restarted: the old peer's data is answered with a reset. */
TALK(open, old_segment_after_restart_rfc9293_3_5_1)
{
	talk_listen();
	talk_in(ACK, .seq = 100, .ack = 300, .len = 50);
	talk_expect(RST, .seq = 300);
}

/* RFC 6528 section 3: a clock of 4 us plus a keyed function of the 4-tuple. */
TALK(open, isn_rfc6528_3_tcp_13_02)
{
	uint32_t iss[3];

	talk_listen();
	for (unsigned i = 0; i < 3; i++) {
		if (i > 0)
			talk_conn_new();
		talk_in(SYN);
		talk_expect(SYN | ACK, .ack = 1);
		iss[i] = talk.conn[talk.c].iss;
		talk_in(RST, .seq = 1);
	}
	talk_check(iss[1] - iss[0] != iss[2] - iss[1]);
	/* One pair of sockets again, 1 s later: exactly the clock's ticks more. */
	talk_advance(1 * SEC);
	talk.conn[talk.c].iss_known = false;
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	talk_eq(talk.conn[talk.c].iss - iss[2], 250000);
	talk_in(RST, .seq = 1);
}

TALK(open, isn_differs_after_restart_must9_rfc9293_3_4_1_tcp_13_03)
{
	struct tcp_key k;
	uint32_t before, ts_off;

	talk_up();
	memset(&k, 0, sizeof(k));
	k.lport = 80;
	before = tcp_isn(talk.tcp, &k, &ts_off);
	talk.env.secret.k0 ^= 1;
	talk_check(tcp_isn(talk.tcp, &k, &ts_off) != before);
	talk.env.secret.k0 ^= 1;
	talk_eq(tcp_isn(talk.tcp, &k, &ts_off), before);
}

/* RFC 4987 section 3: a flood takes no more than the table, and honest peers still come in. */
TALK(open, flood_without_cookies_rfc4987_3_tcp_13_04)
{
	talk.conf.syn_cookies = TCP_COOKIES_NEVER;
	talk_established();
	for (unsigned i = 0; i < 40; i++) {
		talk_conn_new();
		talk_in(SYN);
		talk_expect(SYN | ACK, .ack = 1);
		talk_check(talk.tcp->n_half_open <= talk.conf.half_open);
	}
	talk_eq(talk_count(CNT_tcp_half_open_evicted), 40 - talk.conf.half_open);
	/* Established traffic is not affected. */
	talk_conn_use(0);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 10);
	talk_send(10);
	talk_expect(ACK, .seq = 1, .ack = 11, .len = 10);
	talk_in(ACK, .seq = 11, .ack = 11);
	talk_received(10);
	/* A new honest handshake completes. */
	talk_conn_new();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	/* An evicted peer's ACK gets a reset. */
	talk_conn_use(1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_expect(RST, .seq = 1);
}

TALK(open, backlog_of_the_application)
{
	talk.opts.backlog = 2;
	talk.conf.syn_cookies = TCP_COOKIES_NEVER;
	talk_listen();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	talk_conn_new();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	talk_conn_new();
	talk_in(SYN);
	talk_expect_none();
	talk_eq(talk_drops(DROP_tcp_backlog), 1);
	talk_conn_use(0);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_conn_use(2);
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
}

TALK(open, listener_closed_meanwhile)
{
	talk_listen();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	tcp_listener_close(talk.tcp, talk.l);
	talk.l = NULL;
	talk_eq(talk.tcp->n_half_open, 0);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_expect(RST, .seq = 1);
	talk_advance(5 * SEC);
}

TALK(open, no_control_block_left)
{
	talk.conf.connections = 1;
	talk_established();
	talk_conn_new();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_expect(RST, .seq = 1);
	talk_eq(talk_drops(DROP_tcp_no_tcb), 1);
	talk_no_event();
	/* Service resumes. */
	talk_conn_use(0);
	talk_abort();
	talk_expect(RST | ACK, .seq = 1, .ack = 1);
	talk_conn_new();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
}

TALK(open, wrong_ack_in_syn_received_rfc9293_3_10_7_4)
{
	talk_listen();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 2);
	talk_expect(RST, .seq = 2);
	talk_in(ACK, .seq = 1, .ack = 0);
	talk_expect(RST, .seq = 0);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
}

TALK(open, segment_outside_window_in_syn_received_rfc9293_3_10_7_4)
{
	talk_listen();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 100000, .ack = 1, .len = 5);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_in(0, .seq = 1, .len = 5);
	talk_expect_none();
	talk_no_event();
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
}
