/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "talk.h"

/* Urgent data and shut windows: RFC 9293 sections 3.4 and 3.8.5 (docs/rfc9293.md). */

/* A receiver whose window the application has let close: buffer 4000, all of it used. */
static void window_closed(void)
{
	talk.opts.rcvbuf = 4000;
	talk.slow_reader = true;
	talk_established();
	for (unsigned i = 0; i < 3; i++)
		talk_in(ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 3001, .ack = 1, .len = 1000);
	talk_received(4000);
	talk_expect(ACK, .seq = 1, .ack = 4001, .wnd = TALK_ZERO);
}

/* MUST-66: a segment without data at a shut window is acceptable, and so is its URG. */
TALK(rfc9293_urgent, zero_window_must66_3_4)
{
	window_closed();
	talk_in(ACK | URG, .seq = 4001, .ack = 1, .urp = 1);
	talk_urgent(1);
	talk_no_event();
}

/* MUST-66: of a probe nothing is taken but its ACK and its URG. */
TALK(rfc9293_urgent, zero_window_with_data_must66_3_4)
{
	window_closed();
	talk_in(ACK | URG, .seq = 4001, .ack = 1, .len = 1, .urp = 1);
	talk_expect(ACK, .seq = 1, .ack = 4001, .wnd = TALK_ZERO);
	talk_urgent(1);
	/* Probed again: told already. */
	talk_in(ACK | URG, .seq = 4001, .ack = 1, .len = 1, .urp = 1);
	talk_expect(ACK, .seq = 1, .ack = 4001, .wnd = TALK_ZERO);
	talk_no_event();
	talk_consume(4000);
	talk_expect(ACK, .seq = 1, .ack = 4001, .wnd = 4000);
	talk_in(ACK | URG, .seq = 4001, .ack = 1, .len = 1, .urp = 1);
	talk_received(1);
	talk_no_event();
	talk_run(1 * SEC);
	talk_skip(NULL);
}

static void close_it(struct tcb *t)
{
	tcp_close(talk.tcp, t);
}

/* The application may let go even there: it has unread data, so that is a reset. */
TALK(rfc9293_urgent, zero_window_closed_in_the_upcall_must66_3_4)
{
	window_closed();
	talk.on[EV_URGENT] = close_it;
	talk_in(ACK | URG, .seq = 4001, .ack = 1, .len = 1, .urp = 1);
	talk_urgent(1);
	talk_expect(RST | ACK, .seq = 1, .ack = 4001);
	talk_eq(talk.tcp->n_tcb, 0);
}

/* MUST-66: a reset counts at a shut window, also one that says why (SHLD-2). */
TALK(rfc9293_urgent, zero_window_rst_with_text_must66_shld2_3_5_3)
{
	window_closed();
	talk_in(RST | ACK, .seq = 4002, .ack = 1, .len = 20);
	talk_in(RST | ACK, .seq = 4000, .ack = 1, .len = 20);
	talk_expect_none();
	talk_state("ESTABLISHED");
	talk_in(RST | ACK, .seq = 4001, .ack = 1, .len = 20);
	talk_closed(ECONNRESET);
	talk_expect_none();
}

/* MUST-30, MUST-32: wherever the peer's sequence numbers begin. */
TALK(rfc9293_urgent, told_with_any_initial_number_must32_3_8_5)
{
	static const uint32_t iss[] = {
		0, 0x7fffffff, 0x80000000, 0xc0000000, 0xfffffff0, 0xffffffff};

	for (unsigned i = 0; i < RTE_DIM(iss); i++) {
		if (i == 0)
			talk_up();
		else
			talk_conn_new();
		talk.conn[talk.c].peer_iss = iss[i];
		talk_established();
		talk_in(ACK | URG, .seq = 1, .ack = 1, .len = 10, .urp = 5);
		talk_urgent(5);
		talk_received(10);
		talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 11);
	}
}

/* MUST-33: how much of the urgent data remains to be read. */
TALK(rfc9293_urgent, how_much_remains_must33_3_8_5)
{
	struct tcp_info i;

	talk.slow_reader = true;
	talk_established();
	tcp_info(talk.tcp, talk_tcb(), &i);
	talk_eq(i.urgent, 0);
	talk_in(ACK | URG, .seq = 1, .ack = 1, .len = 100, .urp = 150);
	talk_urgent(150);
	talk_received(100);
	tcp_info(talk.tcp, talk_tcb(), &i);
	talk_eq(i.urgent, 150);
	talk_consume(60);
	tcp_info(talk.tcp, talk_tcb(), &i);
	talk_eq(i.urgent, 90);
	talk_in(ACK, .seq = 101, .ack = 1, .len = 100);
	talk_received(100);
	talk_consume(89);
	tcp_info(talk.tcp, talk_tcb(), &i);
	talk_eq(i.urgent, 1);
	talk_consume(1);
	tcp_info(talk.tcp, talk_tcb(), &i);
	talk_eq(i.urgent, 0);
	talk_consume(50);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 201);
}

/* MUST-62: the pointer is behind the last urgent octet; it cannot go back (section 3.8.5). */
TALK(rfc9293_urgent, pointer_does_not_recede_must62_3_8_5)
{
	struct tcp_info i;

	talk.slow_reader = true;
	talk_established();
	talk_in(ACK | URG, .seq = 1, .ack = 1, .urp = 100);
	talk_urgent(100);
	talk_in(ACK | URG, .seq = 1, .ack = 1, .urp = 10);
	talk_no_event();
	tcp_info(talk.tcp, talk_tcb(), &i);
	talk_eq(i.urgent, 100);
	talk_in(ACK | URG, .seq = 1, .ack = 1, .urp = 101);
	talk_urgent(101);
	/* Without URG the field says nothing. */
	talk_in(ACK, .seq = 1, .ack = 1, .urp = 500);
	talk_no_event();
}

/* MUST-31: urgent data longer than any segment and than the pointer can say at once. */
TALK(rfc9293_urgent, any_length_must31_3_8_5)
{
	uint32_t end = 200000, told = 0;

	talk.lenient = true;
	talk_established();
	for (uint32_t at = 0; at < end; at += 1000) {
		uint32_t up = RTE_MIN(end - at, UINT32_C(65535));

		talk_in(ACK | URG, .seq = 1 + at, .ack = 1, .len = 1000, .urp = (uint16_t)up);
		if (at + up > told) {
			talk_urgent(up);
			told = at + up;
		}
		talk_received(1000);
	}
	talk_no_event();
	talk_skip(NULL);
}

/* ---- sending ---- */

static void give(uint32_t len)
{
	struct talk_conn *c = &talk.conn[talk.c];
	uint8_t *b = malloc(len);

	for (uint32_t i = 0; i < len; i++)
		b[i] = talk_byte(c->app_sent + 1 + i, true);
	talk_eq(tcp_send(talk.tcp, talk_tcb(), b, len, false), len);
	c->app_sent += len;
	free(b);
}

static void give_urgent(uint32_t len)
{
	give(len);
	talk_eq(tcp_urgent(talk.tcp, talk_tcb()), 0);
	tcp_output_run(talk.tcp);
}

/* The next segment says that urgent data ends before up; 0: it says nothing. */
static void said(unsigned line, uint32_t seq, uint32_t len, uint32_t up)
{
	const struct talk_out *o = talk_next_out();
	uint32_t iss = talk.conn[talk.c].iss;

	if (o == NULL || o->h.seq - iss != seq || o->len != len)
		talk_fail(line, "another segment");
	if (((o->h.flags & URG) != 0) != (up != 0) || (up != 0 && seq + o->h.urp != up))
		talk_fail(line, "flags %#x, urgent pointer %u", o->h.flags, o->h.urp);
}
#define SAID(seq, len, up) said(__LINE__, seq, len, up)

/* MUST-30, MUST-62: the pointer of each segment is behind the last urgent octet, until that is
 * acknowledged, and also when it is sent again. */
TALK(rfc9293_urgent, sent_must30_must62_3_8_5)
{
	talk_established();
	talk_eq(tcp_urgent(talk.tcp, talk_tcb()), -EINVAL);
	give_urgent(10);
	SAID(1, 10, 11);
	talk_run(1 * SEC);
	SAID(1, 10, 11);
	talk_in(ACK, .seq = 1, .ack = 11);
	give(2500);
	give_urgent(10);
	SAID(11, 1000, 2521);
	talk_in(ACK, .seq = 1, .ack = 1011);
	SAID(1011, 1000, 2521);
	talk_in(ACK, .seq = 1, .ack = 2011);
	SAID(2011, 510, 2521);
	talk_in(ACK, .seq = 1, .ack = 2521);
	talk_send(10);
	talk_expect(ACK | PSH, .seq = 2521, .ack = 1, .len = 10);
	talk_in(ACK, .seq = 1, .ack = 2531);
	talk_shutdown();
	talk_expect(FIN | ACK, .seq = 2531, .ack = 1);
	talk_eq(tcp_urgent(talk.tcp, talk_tcb()), -EPIPE);
}

/* What follows urgent data in one segment is not urgent: the pointer says so. */
TALK(rfc9293_urgent, sent_before_other_data_must62_3_8_5)
{
	talk_established();
	give(10);
	talk_eq(tcp_urgent(talk.tcp, talk_tcb()), 0);
	give(20);
	tcp_output_run(talk.tcp);
	SAID(1, 30, 11);
	talk_in(ACK, .seq = 1, .ack = 31);
}

/* The peer hears of it though its window is shut; the probe says it too. */
TALK(rfc9293_urgent, sent_at_zero_window_must30_3_8_5)
{
	talk.peer_wnd = 1000;
	talk_established();
	talk_send(1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 1001, .wnd = TALK_ZERO);
	give_urgent(5);
	SAID(1001, 0, 1006);
	talk_expect_none();
	talk_run(200 * MS);
	SAID(1001, 1, 1006);
	talk_in(ACK, .seq = 1, .ack = 1001, .wnd = 1000);
	SAID(1001, 5, 1006);
	talk_in(ACK, .seq = 1, .ack = 1006);
}

/* MUST-31: more than the pointer can say at once; and no port may cut such segments. */
TALK(rfc9293_urgent, sent_beyond_64k_must31_3_8_5)
{
	uint32_t at = 1;

	talk.tso_max = 60000;
	talk.wscale = 8;
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .wnd = 65535);
	talk_tcb()->cwnd = 200000;
	give_urgent(100000);
	for (; at < 100001; at += 1000) {
		const struct talk_out *o = talk_next_out();

		talk_check(o != NULL && o->len == 1000 && o->h.flags & URG);
		talk_eq(o->h.seq - talk.conn[0].iss, at);
		talk_eq(o->h.urp, RTE_MIN(100001 - at, UINT32_C(65535)));
	}
	talk_expect_none();
	talk_in(ACK, .seq = 1, .ack = 100001);
}

/* With options that lie before and behind: time stamps, and SACK of what came early. */
TALK(rfc9293_urgent, sent_with_options_must30_3_8_5)
{
	const struct talk_out *o;

	talk.ts = true;
	talk.sack = true;
	talk_established();
	give_urgent(10);
	SAID(1, 10, 11);
	talk_in(ACK, .seq = 101, .ack = 1, .len = 100);
	o = talk_next_out();
	talk_check(o != NULL && o->len == 0 && o->o.has & WIRE_TCP_OPT_TS &&
		   o->o.has & WIRE_TCP_OPT_SACK);
	talk_eq(o->h.flags & URG, 0); /* its number is behind the urgent data */
	talk_in(ACK, .seq = 1, .ack = 11, .len = 100);
	talk_expect(ACK, .seq = 11, .ack = 201, .with = WIRE_TCP_OPT_TS);
	talk_received(200);
}
