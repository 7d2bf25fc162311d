/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Control blocks run out: who has waited too long for his peer makes room (tcp.evict-after). */

#define BLOCKS 16 /* of which one is spare: evict.c */

static void begin(uint64_t evict_us)
{
	talk.lenient = true;
	talk.conf.connections = BLOCKS;
	talk.conf.evict_us = evict_us;
	talk_listen();
}

/* Another connection; its number. false: there is no block for it. */
static bool opened(unsigned *c)
{
	if (talk.tcp->n_tcb != 0 || talk.conn[talk.c].h != 0)
		talk_conn_new();
	*c = talk.c;
	talk_in(SYN, .mss = 1000);
	talk_skip(NULL);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_skip(NULL);
	return talk.conn[talk.c].t != NULL;
}

static unsigned opened_idle(void)
{
	unsigned c;

	talk_check(opened(&c));
	return c;
}

/* The peer shuts its window to data that waits. */
static unsigned opened_shut(void)
{
	unsigned c = opened_idle();

	talk_in(ACK, .seq = 1, .ack = 1, .wnd = TALK_ZERO);
	talk_send(100);
	talk_check((talk_tcb()->flags & TF_PERSIST) != 0);
	return c;
}

/* Each of them answers probes, for us. */
static void answer_all(uint64_t us)
{
	for (uint64_t end = talk.env.now_us + us; talk.env.now_us < end;) {
		talk_run(SEC);
		talk_skip(NULL);
		for (unsigned i = 0; i < talk.n_conn; i++) {
			talk_conn_use(i);
			if (talk.conn[i].t != NULL && talk.conn[i].t->flags & TF_PERSIST)
				talk_in(ACK, .seq = 1, .ack = 1, .wnd = TALK_ZERO);
		}
		talk_skip(NULL);
	}
}

static bool is_open(unsigned c)
{
	return talk.conn[c].t != NULL;
}

TALK(evict, shut_window_longest_first_rfc6429_4)
{
	unsigned shut[8], c;

	begin(20 * SEC);
	for (unsigned i = 0; i < 8; i++) {
		shut[i] = opened_shut();
		answer_all(10 * SEC);
	}
	for (unsigned i = 0; i < BLOCKS - 8; i++)
		opened_idle();
	talk_eq(talk_count(CNT_tcp_evicted), 1); /* the last one went above the mark */
	talk_run(1);
	talk_check(!is_open(shut[0]));
	/* Shut for 80 s was the first, and so on: six for 20 s or more, one of them gone. */
	for (unsigned i = 1; i < 7; i++) {
		talk_check(is_open(shut[i]));
		talk_check(opened(&c));
		talk_run(1);
		talk_check(!is_open(shut[i]));
	}
	talk_eq(talk_count(CNT_tcp_evicted), 7);
	/* For only 10 s: not yet. */
	opened(&c);
	talk_run(1);
	talk_check(is_open(shut[7]));
	talk_check(!opened(&c));
	talk_check(talk_drops(DROP_tcp_no_tcb) > 0);
	talk_eq(talk_count(CNT_tcp_evicted), 7);
	talk.ev_read = talk.n_evs;
}

/* Both sides are told. */
TALK(evict, reset_and_reported_rfc6429_4)
{
	unsigned shut, n;
	bool rst = false;
	const struct talk_out *o;

	begin(20 * SEC);
	shut = opened_shut();
	answer_all(30 * SEC);
	for (n = 0; n < BLOCKS - 1; n++)
		opened_idle();
	talk_conn_use(shut);
	talk.ev_read = talk.n_evs;
	talk_run(1);
	talk_closed(ETIMEDOUT);
	while ((o = talk_next_out()) != NULL)
		rst = rst || (o->conn == shut && o->h.flags == (RST | ACK));
	talk_check(rst);
	talk_eq(talk.tcp->n_tcb, BLOCKS - 1);
}

/* RFC 9293 section 3.8.6.1, MUST-37: not unless the operator says so. */
TALK(evict, off_by_default_rfc9293_3_8_6_1)
{
	unsigned c;

	begin(talk.conf.evict_us);
	for (unsigned i = 0; i < BLOCKS; i++)
		opened_shut();
	answer_all(1000 * SEC);
	talk_check(!opened(&c));
	talk_eq(talk_count(CNT_tcp_evicted), 0);
	talk_eq(talk.tcp->n_tcb, BLOCKS);
}

/* A full table of connections without anything to do is no reason to end one. */
TALK(evict, idle_connections_stay_rfc9293_3_8_4)
{
	unsigned c;

	begin(1 * SEC);
	for (unsigned i = 0; i < BLOCKS; i++)
		opened_idle();
	talk_run(1000 * SEC);
	talk_check(!opened(&c));
	talk_eq(talk_count(CNT_tcp_evicted), 0);
	talk_eq(talk.tcp->n_tcb, BLOCKS);
}

/* Nor is data under way, whose peer is only slow. */
TALK(evict, data_under_way_stays_rfc9293_3_8_3)
{
	unsigned c;

	begin(1 * SEC);
	for (unsigned i = 0; i < BLOCKS; i++) {
		opened_idle();
		talk_send(100);
		talk_skip(NULL);
	}
	talk_run(10 * SEC);
	talk_check(!opened(&c));
	talk_eq(talk_count(CNT_tcp_evicted), 0);
}

/* Closed, and the peer says no FIN. Whom there is no block for makes one free for the next. */
TALK(evict, fin_wait_2_that_nobody_holds_rfc9293_3_6)
{
	unsigned c;

	begin(10 * SEC);

	for (unsigned i = 0; i < BLOCKS; i++) {
		opened_idle();
		talk_close();
		talk_in(ACK, .seq = 1, .ack = 2);
		talk_skip(NULL);
	}
	talk_run(9 * SEC);
	talk_check(!opened(&c));
	talk_run(1);
	talk_check(!opened(&c));
	talk_eq(talk_count(CNT_tcp_evicted), 0);
	talk_run(1 * SEC);
	talk_check(!opened(&c));
	for (unsigned i = 0; i < BLOCKS; i++) {
		talk_run(1);
		talk_check(opened(&c));
	}
	talk_run(1);
	talk_eq(talk_count(CNT_tcp_evicted), BLOCKS);
	talk_check(!opened(&c)); /* those that are open are in nobody's way */
}

/* The application that holds FIN-WAIT-2 may receive for as long as it likes (section 3.6). */
TALK(evict, fin_wait_2_held_stays_rfc9293_3_6)
{
	unsigned c;

	begin(10 * SEC);
	for (unsigned i = 0; i < BLOCKS; i++) {
		opened_idle();
		talk_shutdown();
		talk_in(ACK, .seq = 1, .ack = 2);
		talk_skip(NULL);
	}
	talk_run(1000 * SEC);
	talk_check(!opened(&c));
	talk_eq(talk_count(CNT_tcp_evicted), 0);
}

/* With lingering the application has set a time of its own. */
TALK(evict, lingering_stays_rfc9293_3_9_1)
{
	begin(1 * SEC);
	for (unsigned i = 0; i < BLOCKS - 1; i++) {
		opened_shut();
		tcp_close_linger(talk.tcp, talk_tcb(), 100 * SEC);
		talk_skip(NULL);
	}
	answer_all(10 * SEC);
	opened_idle();
	talk_eq(talk_count(CNT_tcp_evicted), 0);
}
