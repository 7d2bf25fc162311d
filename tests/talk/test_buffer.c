/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Buffers: sent by reference, cut, held by the port, or not to be had. The leak check at the end of
 * each test is what most of this is about. */

static void ack_all(void)
{
	talk_in(ACK, .seq = 1, .ack = talk_tcb()->snd_max - talk.conn[talk.c].iss);
}

/* All of the stream so far, sent again and again while the port still holds the first frames. */
static void sent_and_resent(void)
{
	talk.lenient = true;
	for (unsigned i = 0; i < 4; i++)
		talk_run(60 * SEC);
	talk_tx_done();
	for (unsigned i = 0; i < 200 && talk_tcb()->snd_queued != 0; i++) {
		ack_all();
		talk_run(1 * MS);
	}
	talk_eq(talk_tcb()->snd_queued, 0);
}

TALK(buffer, sent_by_reference)
{
	talk_established();
	talk_eq(talk_send_buf(1, 500, true), 500);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 500);
	sent_and_resent();
}

TALK(buffer, sent_by_reference_without_headroom)
{
	talk_established();
	talk_eq(talk_send_buf(1, 900, false), 900);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 900);
	sent_and_resent();
}

/* Longer than a segment: cut, both parts share the buffer. */
TALK(buffer, sent_by_reference_and_cut)
{
	talk_established();
	talk_eq(talk_send_buf(1, 1500, true), 1500);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 1001);
	talk_expect(ACK | PSH, .seq = 1001, .ack = 1, .len = 500);
	sent_and_resent();
}

TALK(buffer, chain_sent_by_reference)
{
	talk.lenient = true;
	talk_established();
	talk_eq(talk_send_buf(7, 333, true), 7 * 333);
	talk_eq(talk_send_buf(3, 10, false), 30);
	talk_eq(talk_send_buf(2, 1900, true), 3800);
	sent_and_resent();
}

TALK(buffer, port_holds_the_frames)
{
	talk.keep_tx = true;
	talk.lenient = true;
	talk_established();
	talk_send(3500);
	talk_send_buf(3, 700, true);
	talk_send_buf(1, 1700, false);
	sent_and_resent();
}

/* Acknowledged while the port holds the frame, then the buffer comes back late. */
TALK(buffer, acknowledged_before_the_port_is_done)
{
	talk.keep_tx = true;
	talk_established();
	talk_send(1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 1001);
	talk_eq(talk_tcb()->snd_queued, 0);
	talk_tx_done();
}

/* Acknowledged in the middle of a stretch, then the rest is lost. */
TALK(buffer, acknowledged_in_part)
{
	talk_established();
	talk_send(1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 301);
	talk_run(60 * SEC);
	const struct talk_out *o = talk_next_out();

	talk_check(o != NULL);
	talk_eq(o->h.seq - talk.conn[0].iss, 301);
	talk_eq(o->len, 700);
	sent_and_resent();
}

TALK(buffer, small_writes_share_a_segment)
{
	talk_established();
	talk_send(1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	for (unsigned i = 0; i < 99; i++)
		talk_send_more(10, true);
	talk_expect_none();
	talk_send(20);
	talk_expect(ACK, .seq = 1001, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 2001);
	talk_expect(ACK | PSH, .seq = 2001, .ack = 1, .len = 10);
	sent_and_resent();
}

TALK(buffer, larger_than_the_send_buffer)
{
	talk.opts.sndbuf = 1000;
	talk_established();
	talk_eq(talk_send_buf(1, 1001, true), -EMSGSIZE);
	talk_eq(talk_send_buf(1, 600, true), 600);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 600);
	talk_eq(talk_send_buf(1, 600, true), -EAGAIN);
	talk_in(ACK, .seq = 1, .ack = 601);
	talk_event_at(__LINE__, EV_WRITABLE, 0);
}

TALK(buffer, not_open_or_shut)
{
	talk_connect();
	talk_expect(SYN);
	talk_eq(talk_send(1), -ENOTCONN);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_connected();
	talk_shutdown();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_eq(talk_send(1), -EPIPE);
	talk_eq(talk_send_buf(1, 1, true), -EPIPE);
}

/* The pool, emptied; what is held comes back with pool_refill(). */
static struct rte_mbuf *held[TALK_POOL];
static unsigned n_held;

static void pool_empty(unsigned leave)
{
	while (heap_pool_avail(talk.mp) > leave)
		held[n_held++] = pkt_alloc(&talk.env.pool);
}

static void pool_refill(void)
{
	while (n_held > 0)
		pkt_free(&talk.env.pool, held[--n_held]);
}

TALK(buffer, pool_empty_during_send)
{
	talk_established();
	pool_empty(0);
	talk_eq(talk_send(100), -ENOBUFS);
	talk_expect_none();
	pool_refill();
	/* The application hears of room within an RTO. */
	talk_run(1 * SEC);
	talk_event_at(__LINE__, EV_WRITABLE, 0);
	talk_eq(talk_send(100), 100);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 100);
	sent_and_resent();
}

/* Some buffers, then none: as much as there were is taken, nothing is lost. */
TALK(buffer, pool_runs_out_within_a_send)
{
	talk.lenient = true;
	talk_established();
	pool_empty(3);
	talk_eq(talk_send(10000), 3000);
	talk_run(10 * SEC);
	pool_refill();
	talk_run(120 * SEC);
	sent_and_resent();
}

TALK(buffer, pool_empty_while_resending)
{
	talk.lenient = true;
	talk.keep_tx = true;
	talk_established();
	talk_send(5000);
	pool_empty(0);
	talk_run(10 * SEC);
	talk_state("ESTABLISHED");
	pool_refill();
	talk_run(100 * SEC);
	sent_and_resent();
}

/* No buffer for SYN,ACK, SYN, ACK or FIN: the timers send them later. */
TALK(buffer, pool_empty_for_syn_ack)
{
	talk_listen();
	pool_empty(1);
	talk_in(SYN, .mss = 1000, .hold = true);
	pool_empty(0);
	talk_expect_none();
	net_input(talk.net, talk.burst, talk.n_burst);
	talk.n_burst = 0;
	talk_output();
	pool_refill();
	talk_expect_after(1 * SEC, SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
}

TALK(buffer, pool_empty_for_syn)
{
	talk_up();
	pool_empty(0);
	talk_connect();
	talk_expect_none();
	pool_refill();
	talk_expect_after(1 * SEC, SYN, .mss = talk_mss_ours());
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_connected();
}

TALK(buffer, pool_empty_for_ack_and_fin)
{
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100);
	pool_empty(0);
	talk_advance(40 * MS);
	talk_expect_none();
	pool_refill();
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 101);
	pool_empty(0);
	talk_shutdown();
	talk_expect_none();
	pool_refill();
	talk_run(1 * SEC);
	talk_expect(FIN | ACK, .seq = 1, .ack = 101);
}

/* The last ACK of a closing connection cannot be sent: the peer's FIN comes again, TIME-WAIT
 * answers it. */
TALK(buffer, pool_empty_for_the_last_ack)
{
	talk_established();
	talk_close();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 2);
	talk_in(FIN | ACK, .seq = 1, .ack = 2, .hold = true);
	pool_empty(0);
	net_input(talk.net, talk.burst, talk.n_burst);
	talk.n_burst = 0;
	talk_output();
	pool_refill();
	talk_skip(NULL);
	talk_in(FIN | ACK, .seq = 1, .ack = 2);
	talk_expect(ACK, .seq = 2, .ack = 2);
}

/* Software neither cuts nor copies for a port with TSO: one packet, many segments. */
TALK(buffer, tso_packet)
{
	talk.tso_max = 60000;
	talk_established();
	talk_send(10000);
	const struct talk_out *o = talk_next_out();

	talk_check(o != NULL);
	talk_eq(o->len, 10000);
	talk_expect_none();
	talk_in(ACK, .seq = 1, .ack = 3501);
	talk.lenient = true;
	talk_send(20000);
	sent_and_resent();
}

/* The send buffer follows the congestion window, up to its limit. */
static void fill_and_ack(unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		talk_send(100000);
		talk_skip(NULL);
		talk.n_out = talk.out_read = 0;
		talk_in(ACK, .seq = 1, .ack = talk_tcb()->snd_max - talk.conn[0].iss);
		talk_run(1 * MS);
	}
}

TALK(buffer, send_buffer_grows_with_cwnd)
{
	talk.lenient = true;
	talk.conf.sndbuf = 16384;
	talk.conf.sndbuf_max = 60000;
	talk_established();
	talk_eq(talk_tcb()->snd_buf, 16384);
	fill_and_ack(40);
	talk_eq(talk_tcb()->snd_buf, 60000);
	talk_check(talk_count(CNT_tcp_send_buffer_grown) > 0);
}

TALK(buffer, send_buffer_of_the_application_stays)
{
	talk.lenient = true;
	talk.opts.sndbuf = 16384;
	talk_established();
	fill_and_ack(40);
	talk_eq(talk_tcb()->snd_buf, 16384);
}
