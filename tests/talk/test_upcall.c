/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/*
 * Closing, aborting and more inside each upcall: safe, and the last that the application hears.
 * The contract is in tcp.h. Memory errors show under AddressSanitizer.
 */
static void do_close(struct tcb *t)
{
	tcp_close(talk.tcp, t);
}

static void do_abort(struct tcb *t)
{
	tcp_abort(talk.tcp, t);
}

static void do_shutdown(struct tcb *t)
{
	tcp_shutdown(talk.tcp, t);
}

static void do_send(struct tcb *t)
{
	uint8_t b[500];
	struct talk_conn *c = &talk.conn[talk.c];

	for (uint32_t i = 0; i < sizeof(b); i++)
		b[i] = talk_byte(c->app_sent + 1 + i, true);
	ssize_t n = tcp_send(talk.tcp, t, b, sizeof(b), false);

	c->app_sent += n > 0 ? (uint32_t)n : 0;
}

static void do_send_close(struct tcb *t)
{
	do_send(t);
	tcp_close(talk.tcp, t);
}

typedef void (*act_fn)(struct tcb *t);

static const act_fn acts[] = {do_close, do_abort, do_shutdown, do_send, do_send_close};

static bool lets_go(act_fn f)
{
	return f == do_close || f == do_abort || f == do_send_close;
}

/* All that was sent, as far as the connection is still there to be looked at. */
static uint32_t all_sent(void)
{
	const struct talk_conn *c = &talk.conn[0];

	return c->t != NULL && tcp_find(talk.tcp, c->h) != NULL ? c->t->snd_max - c->iss
								: 1 + c->app_sent;
}

/* A whole life in which each upcall is made at least once, with act inside the given one. */
static void life(enum talk_ev at, act_fn act, bool active)
{
	unsigned n;

	talk.lenient = true;
	talk.opts.sndbuf = 2000;
	talk.on[at] = act;
	if (active) {
		talk_connect();
		talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	} else {
		talk_listen();
		talk_in(SYN, .mss = 1000);
		talk_in(ACK, .seq = 1, .ack = 1);
	}
	talk_in(ACK, .seq = 1, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 2001, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 1001, .ack = 1, .len = 1000, .hold = true);
	talk_in(ACK, .seq = 3001, .ack = 1, .len = 10);
	if (talk.conn[0].t != NULL && tcp_find(talk.tcp, talk.conn[0].h) != NULL)
		talk_send(5000);
	for (unsigned i = 0; i < 5; i++)
		talk_in(ACK, .seq = 3011, .ack = all_sent());
	talk_in(FIN | ACK, .seq = 3011, .ack = all_sent());
	if (talk.conn[0].t != NULL && tcp_find(talk.tcp, talk.conn[0].h) != NULL)
		tcp_shutdown(talk.tcp, talk.conn[0].t);
	talk_run(1);
	talk_in(ACK, .seq = 3012, .ack = all_sent());
	talk_in(ACK, .seq = 3012, .ack = all_sent());
	talk_run(1);
	n = 0;
	for (unsigned i = 0; i < talk.n_evs; i++)
		n += talk.evs[i].ev == at;
	if (at != (active ? EV_ACCEPTED : EV_CONNECTED))
		talk_check(n > 0);
	/* Nothing after the upcall in which the application let go. */
	for (unsigned i = 0; i + 1 < talk.n_evs; i++)
		talk_check(!(talk.evs[i].ev == at && lets_go(act)));
	talk.ev_read = talk.n_evs;
	talk_run(400 * SEC);
	talk_check(tcp_find(talk.tcp, talk.conn[0].h) == NULL);
	talk.ev_read = talk.n_evs;
}

#define UPCALL(name, ev, active)               \
	TALK(upcall, close_in_##name)          \
	{                                      \
		life(ev, acts[0], active);     \
	}                                      \
	TALK(upcall, abort_in_##name)          \
	{                                      \
		life(ev, acts[1], active);     \
	}                                      \
	TALK(upcall, shutdown_in_##name)       \
	{                                      \
		life(ev, acts[2], active);     \
	}                                      \
	TALK(upcall, send_in_##name)           \
	{                                      \
		life(ev, acts[3], active);     \
	}                                      \
	TALK(upcall, send_and_close_in_##name) \
	{                                      \
		life(ev, acts[4], active);     \
	}

UPCALL(accepted, EV_ACCEPTED, false)
UPCALL(connected, EV_CONNECTED, true)
UPCALL(received, EV_RECEIVED, false)
UPCALL(writable, EV_WRITABLE, false)
UPCALL(peer_closed, EV_PEER_CLOSED, false)
UPCALL(peer_closed_active, EV_PEER_CLOSED, true)

/* Inside closed() the handle is dead; the block is still there to be read. */
static void read_dead(struct tcb *t)
{
	talk_check(tcp_find(talk.tcp, tcp_handle(talk.tcp, t)) == NULL);
	talk_check(tcp_app_user(t) == &talk);
}

TALK(upcall, block_readable_in_closed)
{
	talk.on[EV_CLOSED] = read_dead;
	talk_established();
	talk_in(RST, .seq = 1);
	talk_closed(ECONNRESET);
}

/* Aborted in received(), more segments of the connection in the same burst: they get resets. */
TALK(upcall, rest_of_the_burst_after_abort)
{
	talk.on[EV_RECEIVED] = do_abort;
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100, .hold = true);
	talk_in(ACK | URG, .seq = 101, .ack = 1, .len = 100); /* not one with the first */
	talk_received(100);
	talk_expect(RST | ACK, .seq = 1, .ack = 101);
	talk_expect(RST, .seq = 1);
	talk_eq(talk.tcp->n_tcb, 0);
}

/* One connection aborts the other, whose segments are in the same burst. */
static void abort_other(struct tcb *t)
{
	struct tcb *other = tcp_find(talk.tcp, talk.conn[1].h);

	if (other != NULL)
		tcp_abort(talk.tcp, other);
}

TALK(upcall, abort_another_connection_of_the_burst)
{
	talk_established();
	talk_conn_new();
	talk_established();
	talk.on[EV_RECEIVED] = abort_other;
	talk_conn_use(0);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100, .hold = true);
	talk_conn_use(1);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_expect(RST | ACK, .seq = 1, .ack = 1);
	talk_expect(RST, .seq = 1);
	talk_conn_use(0);
	talk_received(100);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 101);
	talk_eq(talk.tcp->n_tcb, 1);
}

/* A listener closed in accepted(). */
static void close_listener(struct tcb *t)
{
	tcp_listener_close(talk.tcp, talk.l);
	talk.l = NULL;
}

TALK(upcall, listener_closed_in_accepted)
{
	talk.on[EV_ACCEPTED] = close_listener;
	talk_listen();
	talk_in(SYN, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 10);
	talk_received(0);
	talk.ev_read = 0;
	talk_accepted();
	talk_received(10);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 11);
}
