/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Windows that shrink and close, ACKs, keep-alive: RFC 9293 sections 3.8.4, 3.8.6 and 3.10.7.4
 * (docs/rfc9293.md). */

/* 4000 under way, 1000 queued, and the peer takes back most of its window: it ends at 2501. */
static void shrunk(void)
{
	talk.peer_wnd = 4000;
	talk_established();
	talk_send(5000);
	for (unsigned i = 0; i < 4; i++)
		talk_expect(ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 1001, .wnd = 1500);
}

/* MUST-34, SHLD-15: nothing new while the window is smaller than what is under way. */
TALK(rfc9293_window, no_new_data_when_shrunk_must34_shld15_3_8_6)
{
	talk.lenient = true;
	shrunk();
	talk_expect_none();
	talk_run(60 * SEC);
	for (const struct talk_out *o = talk_next_out(); o != NULL; o = talk_next_out())
		talk_check(o->h.seq + o->len - talk.conn[0].iss <= 4001);
	talk_state("ESTABLISHED");
	/* All of it arrives once the peer is generous again. */
	talk_skip(NULL);
	talk_in(ACK, .seq = 1, .ack = 4001, .wnd = 10000);
	talk_run(1);
	talk_eq(talk_skip(NULL), 1000);
	talk_in(ACK, .seq = 1, .ack = 5001, .wnd = 10000);
	talk_eq(talk_tcb()->snd_queued, 0);
}

/* SHLD-16: what lies in the window and is not acknowledged is sent again as ever. */
TALK(rfc9293_window, old_data_again_when_shrunk_shld16_3_8_6)
{
	const struct talk_out *o;

	shrunk();
	talk_expect_none();
	talk_run(talk_tcb()->rexmt_at - talk.env.now_us);
	o = talk_next_out();
	talk_check(o != NULL);
	talk_eq(o->h.seq - talk.conn[0].iss, 1001);
	talk_eq(o->len, 1000);
	talk_expect_none(); /* the rest is beyond the window */
	talk_in(ACK, .seq = 1, .ack = 2001, .wnd = 2000);
	for (o = talk_next_out(); o != NULL; o = talk_next_out())
		talk_check(o->h.seq + o->len - talk.conn[0].iss <= 4001);
	talk_in(ACK, .seq = 1, .ack = 4001, .wnd = 6000);
	talk_expect(ACK | PSH, .seq = 4001, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 5001, .wnd = 6000);
}

/* MUST-35, MUST-36: a window that shrinks to nothing is probed, and what opens it again is heard of. */
TALK(rfc9293_window, shrunk_to_zero_is_probed_must35_must36_3_8_6)
{
	unsigned n;

	talk.lenient = true;
	talk.peer_wnd = 4000;
	talk_established();
	talk_send(10000);
	talk_skip(NULL);
	talk_in(ACK, .seq = 1, .ack = 1001, .wnd = TALK_ZERO);
	for (unsigned i = 0; i < 20; i++) {
		talk_run(61 * SEC);
		talk_check(talk_skip(&n) >= 1 && n >= 1);
		talk_in(ACK, .seq = 1, .ack = 1001, .wnd = TALK_ZERO);
	}
	talk_state("ESTABLISHED");
	talk_in(ACK, .seq = 1, .ack = 1001, .wnd = 9000);
	talk_run(61 * SEC);
	talk_check(talk_skip(NULL) >= 1000);
}

/* SHLD-17: a peer that answers, but takes nothing beyond its edge, is not given up; R2 is far behind. */
TALK(rfc9293_window, beyond_the_edge_is_no_timeout_shld17_3_8_6)
{
	talk.lenient = true;
	talk.conf.r2_us = 100 * SEC;
	talk.peer_wnd = 4000;
	talk_established();
	talk_send(4000);
	talk_skip(NULL);
	talk_in(ACK, .seq = 1, .ack = 2001, .wnd = TALK_ZERO);
	for (unsigned i = 0; i < 60; i++) {
		talk_run(50 * SEC);
		talk_skip(NULL);
		talk_in(ACK, .seq = 1, .ack = 2001, .wnd = TALK_ZERO);
	}
	talk_state("ESTABLISHED");
	talk_no_event();
}

/* MAY-8, SHLD-14: the application reads nothing for as long as it likes; each probe is answered. */
TALK(rfc9293_window, kept_shut_may8_3_8_6_1)
{
	talk.opts.rcvbuf = 2000;
	talk.slow_reader = true;
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 1001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 2001, .wnd = TALK_ZERO);
	for (unsigned i = 0; i < 100; i++) {
		talk_advance(60 * SEC);
		talk_in(ACK, .seq = 2001, .ack = 1, .len = 1);
		talk_expect(ACK, .seq = 1, .ack = 2001, .wnd = TALK_ZERO);
	}
	talk_received(2000);
	talk_consume(2000);
	talk_expect(ACK, .seq = 1, .ack = 2001, .wnd = 2000);
}

/* MUST-58, MUST-59: a burst is worked off before anything is acknowledged, be it data, an early
 * piece or the FIN. */
TALK(rfc9293_window, acks_are_aggregated_must58_must59_3_10_7_4)
{
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 1001, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 2001, .ack = 1, .len = 500, .hold = true);
	talk_in(ACK, .seq = 2501, .ack = 1, .len = 1, .hold = true);
	talk_in(FIN | ACK, .seq = 2502, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 2503);
	talk_expect_none();
	talk_received(2501);
	talk_peer_closed();
}

/* ... and data of ours in answer to the burst carries the one ACK. */
static void answer(struct tcb *t)
{
	uint8_t b = talk_byte(1, true);

	if (talk.conn[0].app_sent == 0 && t->rcv_nxt - t->irs > 2000)
		talk.conn[0].app_sent += (uint32_t)tcp_send(talk.tcp, t, &b, 1, false);
}

TALK(rfc9293_window, data_carries_the_ack_must59_3_10_7_4)
{
	talk.on[EV_RECEIVED] = answer;
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 1001, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 2001, .ack = 1, .len = 1000);
	talk_expect(ACK | PSH, .seq = 1, .ack = 3001, .len = 1);
	talk_expect_none();
	talk_received(3000);
	talk_in(ACK, .seq = 3001, .ack = 2);
}

/* SHLD-31, MAY-13: what comes early is kept, answered, and delivered when the gap is filled. */
TALK(rfc9293_window, early_segments_are_kept_shld31_may13_3_10_7_4)
{
	talk_established();
	talk_in(ACK, .seq = 1001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_in(ACK, .seq = 3001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_no_event();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 2001);
	talk_in(ACK, .seq = 2001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 4001);
	talk_received(4000);
}

/* MUST-24, MUST-27: for each connection by itself, with an interval of its own; MUST-25 for the other. */
TALK(rfc9293_window, keepalive_of_a_connection_must24_must25_must27_3_8_4)
{
	struct tcp_opts on = {.keepalive = true, .keepalive_idle_us = 100 * SEC}, off = {0};

	talk_established();
	talk_conn_new();
	talk_established();
	talk_check(!talk.conf.keepalive && talk.conf.keepalive_idle_us >= 7200 * SEC);
	tcp_opts_set(talk.tcp, talk_tcb(), &on);
	for (unsigned i = 0; i < 3; i++) {
		talk_expect_after(100 * SEC, ACK, .seq = 0, .ack = 1);
		talk_in(ACK, .seq = 1, .ack = 1);
	}
	tcp_opts_set(talk.tcp, talk_tcb(), &off);
	talk_conn_use(0);
	talk_in(ACK, .seq = 1, .ack = 1);
	on.keepalive_idle_us = 33 * SEC;
	tcp_opts_set(talk.tcp, talk_tcb(), &on);
	talk_expect_after(33 * SEC, ACK, .seq = 0, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	tcp_opts_set(talk.tcp, talk_tcb(), &off);
	talk_advance(100000 * SEC);
}

/* MUST-29: one that was silent for a day when it is turned on is asked, once and then in intervals, not
 * taken for dead. */
TALK(rfc9293_window, keepalive_turned_on_late_must29_3_8_4)
{
	struct tcp_opts on = {.keepalive = true, .keepalive_idle_us = 100 * SEC};

	talk_established();
	talk_advance(86400 * SEC);
	tcp_opts_set(talk.tcp, talk_tcb(), &on);
	talk_run(2 * MS);
	talk.lenient = true;
	talk_expect(ACK, .seq = 0, .ack = 1);
	talk.lenient = false;
	talk_advance(74 * SEC);
	talk_run(1 * SEC);
	talk.lenient = true;
	talk_expect(ACK, .seq = 0, .ack = 1);
	talk.lenient = false;
	talk_state("ESTABLISHED");
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_expect_after(100 * SEC, ACK, .seq = 0, .ack = 1);
}

/* MUST-26: no probe while data is outstanding; SHLD-12: and then without data. */
TALK(rfc9293_window, no_keepalive_with_data_outstanding_must26_shld12_3_8_4)
{
	talk.opts.keepalive = true;
	talk.opts.keepalive_idle_us = 5 * SEC;
	talk_established();
	talk_send(10);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 10);
	for (unsigned i = 0; i < 6; i++)
		talk_expect_after(SEC << i, ACK, .seq = 1, .ack = 1, .len = 10);
	talk_in(ACK, .seq = 1, .ack = 11);
	talk_advance(5 * SEC - 1);
	talk.lenient = true;
	talk_run(64 * SEC);
	talk_expect(ACK, .seq = 10, .ack = 1, .len = 0);
}

/* MUST-40: whatever the connection does, an ACK is not later than 0.5 s; by configuration neither. */
TALK(rfc9293_window, ack_within_half_a_second_must40_3_8_6_3)
{
	uint64_t begin;

	talk.slow_reader = true;
	talk_established();
	for (unsigned i = 0; i < 5; i++) {
		talk_in(ACK, .seq = 1 + i, .ack = 1, .len = 1);
		begin = talk.env.now_us;
		while (talk.n_out == 0 && talk.env.now_us - begin < 1 * SEC)
			talk_run(1 * MS);
		talk_check(talk.env.now_us - begin < 500 * MS);
		talk_check(talk.n_out == 1);
		talk_eq(talk_next_out()->h.ack - talk.conn[0].peer_iss, 2 + i);
		talk_skip(NULL);
	}
}

/* MUST-8, SHLD-1: the clock of 4 us alone makes the numbers of one pair of sockets go on. */
TALK(rfc9293_window, isn_follows_the_clock_must8_shld1_3_4_1)
{
	struct tcp_key k;
	uint32_t first, other, ts_off;

	talk_up();
	memset(&k, 0, sizeof(k));
	k.l = talk.lip;
	k.r = talk.rip;
	k.lport = 80;
	k.rport = 5000;
	first = tcp_isn(talk.tcp, &k, &ts_off);
	for (unsigned i = 1; i <= 10; i++) {
		talk_run(4 * MS);
		talk_eq(tcp_isn(talk.tcp, &k, &ts_off) - first, i * 1000);
	}
	k.rport++;
	other = tcp_isn(talk.tcp, &k, &ts_off);
	talk_check(other - first > 20000 || first - other > 20000);
}
