/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* What TCP and the application tell each other: RFC 9293 sections 3.8.3 and 3.9.1 (docs/rfc9293.md). */

static void unreachable(uint32_t seq)
{
	if (talk.v6)
		talk_icmp(WIRE_ICMP6_UNREACH, WIRE_ICMP6_UNREACH_ADDR, 0, seq);
	else
		talk_icmp(WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_HOST, 0, seq);
}

static void no_route(uint32_t seq)
{
	talk_icmp(talk.v6 ? WIRE_ICMP6_UNREACH : WIRE_ICMP4_UNREACH, 0, 0, seq);
}

/* MUST-47, SHLD-25: an ICMP error is reported when it arrives, and the connection goes on. */
TALK(rfc9293_user, icmp_error_is_reported_must47_shld25_3_9_1_8)
{
	talk.errors = true;
	talk_established();
	talk_send(100);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	unreachable(1);
	talk_error(EHOSTUNREACH);
	no_route(1);
	talk_error(ENETUNREACH);
	/* Not what is of no segment under way. */
	unreachable(101);
	talk_no_event();
	talk_state("ESTABLISHED");
	talk_in(ACK, .seq = 1, .ack = 101);
}

/* MUST-47: urgent data is the third condition of section 3.9.1.8; it has an upcall of its own. */
TALK(rfc9293_user, urgent_pointer_is_reported_must47_3_9_1_8)
{
	talk_established();
	talk_in(ACK | URG, .seq = 1, .ack = 1, .urp = 1);
	talk_urgent(1);
}

/* SHLD-20: who gives no function is not called. */
TALK(rfc9293_user, reports_can_be_disabled_shld20_3_9_1_8)
{
	static struct tcp_up_ops none;

	talk.errors = true;
	talk_up();
	none = *talk.tcp->up;
	none.error = NULL;
	none.urgent = NULL;
	talk.tcp->up = &none;
	talk_established();
	talk_send(100);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	unreachable(1);
	talk_in(ACK | URG, .seq = 1, .ack = 1, .urp = 1);
	talk_run(10 * SEC);
	talk_no_event();
	talk_skip(NULL);
	talk_in(ACK, .seq = 1, .ack = 101);
}

/* SHLD-9, SHLD-10: at R1, the third retransmission, the application is told, once, and R2 is far. */
TALK(rfc9293_user, r1_is_reported_shld9_shld10_3_8_3)
{
	talk.errors = true;
	talk_check(talk.conf.r1 >= 3);
	talk_established();
	talk_send(100);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_expect_after(1 * SEC, ACK, .seq = 1, .ack = 1, .len = 100);
	talk_expect_after(2 * SEC, ACK, .seq = 1, .ack = 1, .len = 100);
	talk_no_event();
	talk_expect_after(4 * SEC, ACK, .seq = 1, .ack = 1, .len = 100);
	talk_error(ETIMEDOUT);
	talk_expect_after(8 * SEC, ACK, .seq = 1, .ack = 1, .len = 100);
	talk_no_event();
	talk_state("ESTABLISHED");
	/* The next stall counts anew. */
	talk_in(ACK, .seq = 1, .ack = 101);
	talk_send(100);
	talk_run(2000 * SEC);
	talk_skip(NULL);
	talk_error(ETIMEDOUT);
	talk_closed(ETIMEDOUT);
}

static void abort_it(struct tcb *t)
{
	tcp_abort(talk.tcp, t);
}

static void close_it(struct tcb *t)
{
	tcp_close(talk.tcp, t);
}

/* The application may let go when it hears of R1 or of an ICMP error. */
TALK(rfc9293_user, let_go_in_the_report_shld9_3_8_3)
{
	talk.errors = true;
	talk.lenient = true;
	talk.on[EV_ERROR] = abort_it;
	talk_established();
	talk_send(100);
	talk_run(7 * SEC);
	talk_error(ETIMEDOUT);
	talk_eq(talk.tcp->n_tcb, 0);
	talk_skip(NULL);
	talk_conn_new();
	talk_established();
	talk_send(100);
	unreachable(1);
	talk_error(EHOSTUNREACH);
	talk_eq(talk.tcp->n_tcb, 0);
	talk.on[EV_ERROR] = close_it;
	talk_conn_new();
	talk_skip(NULL);
	talk_established();
	talk_send(100);
	talk_run(7 * SEC);
	talk_error(ETIMEDOUT);
	talk_run(100 * SEC);
	talk_no_event();
}

/* MUST-22: a SYN as data: R1 is reported, R2 ends the attempt, and the application hears why. */
TALK(rfc9293_user, syn_as_data_must22_3_8_3)
{
	talk.errors = true;
	talk_connect();
	talk_expect(SYN);
	talk_expect_after(1 * SEC, SYN, .seq = 0);
	talk_expect_after(2 * SEC, SYN, .seq = 0);
	talk_no_event();
	talk_expect_after(4 * SEC, SYN, .seq = 0);
	talk_error(ETIMEDOUT);
	talk.lenient = true;
	talk_run(172 * SEC);
	talk_state("SYN-SENT");
	talk_no_event();
	talk_run(120 * SEC);
	talk_closed(ETIMEDOUT);
	talk_eq(talk.tcp->n_tcb, 0);
}

TALK(rfc9293_user, syn_let_go_in_the_report_must22_3_8_3)
{
	talk.errors = true;
	talk.lenient = true;
	talk.on[EV_ERROR] = close_it;
	talk_connect();
	talk_run(7 * SEC);
	talk_error(ETIMEDOUT);
	talk_eq(talk.tcp->n_tcb, 0);
	talk_skip(NULL);
}

/* SHLD-11: by default data is sent again for 100 s and more before the connection is closed. */
TALK(rfc9293_user, r2_default_shld11_3_8_3)
{
	talk.lenient = true;
	talk_established();
	talk_send(100);
	talk_run(101 * SEC);
	talk_state("ESTABLISHED");
	talk_run(2000 * SEC);
	talk_closed(ETIMEDOUT);
}

/* MUST-21: each connection may have an R2 of its own, the longest of 65535 s. */
TALK(rfc9293_user, r2_of_a_connection_must21_3_8_3)
{
	talk.lenient = true;
	talk.opts.user_timeout_us = 5 * SEC;
	talk_established();
	talk_send(100);
	talk_skip(NULL);
	talk_conn_new();
	talk.opts.user_timeout_us = 0;
	talk_established_out();
	tcp_opts_set(talk.tcp, talk_tcb(), &(struct tcp_opts){.user_timeout_us = 65535 * SEC});
	talk_send(100);
	talk_run(6 * SEC);
	talk_conn_use(0);
	talk_closed(ETIMEDOUT);
	talk_conn_use(1);
	for (unsigned i = 0; i < 60; i++) {
		talk_run(1000 * SEC);
		talk_skip(NULL);
	}
	talk_state("ESTABLISHED");
	talk_no_event();
	talk_run(6000 * SEC);
	talk_closed(ETIMEDOUT);
}

/* MUST-12: the application can tell an end in order from an abort, in each state it hears of. */
TALK(rfc9293_user, told_how_it_ended_must12_3_6)
{
	talk_established();
	talk_in(FIN | ACK, .seq = 1, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 2);
	talk_peer_closed();
	talk_shutdown();
	talk_expect(FIN | ACK, .seq = 1, .ack = 2);
	talk_in(ACK, .seq = 2, .ack = 2);
	talk_closed(0);
	talk_conn_new();
	talk_established();
	talk_in(RST, .seq = 1);
	talk_closed(ECONNRESET);
	/* FIN, then a reset. */
	talk_conn_new();
	talk_established();
	talk_in(FIN | ACK, .seq = 1, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 2);
	talk_peer_closed();
	talk_in(RST, .seq = 2);
	talk_closed(ECONNRESET);
	/* We have closed our side, the peer resets instead of closing its own. */
	talk_conn_new();
	talk_established();
	talk_shutdown();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 2);
	talk_in(RST, .seq = 1);
	talk_closed(ECONNRESET);
}

/* SHLD-2: a reset with text, in a window that is open, and of an attempt. */
TALK(rfc9293_user, rst_with_text_shld2_3_5_3)
{
	talk_established();
	talk_in(RST, .seq = 1, .len = 30);
	talk_closed(ECONNRESET);
	talk_conn_new();
	talk_connect();
	talk_expect(SYN);
	talk_in(RST | ACK, .ack = 1, .len = 30);
	talk_closed(ECONNREFUSED);
	talk_conn_new();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(RST, .seq = 1, .len = 30);
	talk_eq(talk.tcp->n_half_open, 0);
	talk_expect_none();
}

/* MUST-47: a neighbour that is not found is an error of the same kind; its frames wait there meanwhile. */
TALK(rfc9293_user, neighbour_not_found_is_reported_must47_3_9_1_8)
{
	talk.errors = true;
	talk.lenient = true;
	talk.neigh_learned = true;
	talk_connect();
	talk_run(4 * SEC);
	talk_error(EHOSTUNREACH);
	talk_state("SYN-SENT");
	talk.on[EV_ERROR] = abort_it;
	talk_run(60 * SEC);
	talk_eq(talk.tcp->n_tcb, 0);
	talk.ev_read = talk.n_evs;
}

/* SHLD-9: R1 holds for the probes of a shut window, too, if they get no answer. */
TALK(rfc9293_user, unanswered_probes_are_reported_shld9_3_8_3)
{
	uint64_t rto = 200 * MS;

	talk.errors = true;
	talk.peer_wnd = 1000;
	talk_established();
	talk_send(2000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 1001, .wnd = TALK_ZERO);
	for (unsigned i = 0; i < 8; i++, rto *= 2) {
		talk_expect_after(rto, ACK, .seq = 1001, .ack = 1, .len = 1);
		if (i < 5) /* heard of: no news */
			talk_in(ACK, .seq = 1, .ack = 1001, .wnd = TALK_ZERO);
		talk_no_event();
	}
	talk_expect_after(rto, ACK, .seq = 1001, .ack = 1, .len = 1);
	talk_error(ETIMEDOUT);
	talk_state("ESTABLISHED");
	talk_in(ACK, .seq = 1, .ack = 1001, .wnd = 1000);
	talk_expect(ACK | PSH, .seq = 1001, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 2001);
}
