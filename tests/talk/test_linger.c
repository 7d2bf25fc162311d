/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Closing with a limit: RFC 9293 sections 3.10.4 and 3.10.5. */

/* Keeps the connection known to the test: closed() is still to come. */
static bool linger(uint64_t us)
{
	talk_note("close, lingering");
	bool follows = tcp_close_linger(talk.tcp, talk_tcb(), us);

	if (!follows)
		talk.conn[talk.c].t = NULL;
	talk_output();
	return follows;
}

TALK(linger, zero_resets_rfc9293_3_10_5)
{
	talk_established();
	talk_send(100);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 100);
	talk_check(!linger(0));
	talk_expect(RST | ACK, .seq = 101, .ack = 1);
	talk_eq(talk.tcp->n_tcb, 0);
	talk_no_event();
}

TALK(linger, until_all_is_acknowledged_rfc9293_3_10_4)
{
	talk_established();
	talk_send(100);
	talk_check(linger(10 * SEC));
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 100);
	talk_expect(FIN | ACK, .seq = 101, .ack = 1);
	talk_check(tcp_find(talk.tcp, talk.conn[0].h) == NULL);
	talk_in(ACK, .seq = 1, .ack = 101);
	talk_no_event();
	talk_in(ACK, .seq = 1, .ack = 102);
	talk_closed(0);
	/* The rest is as after any close. */
	talk_advance(20 * SEC);
	talk_in(FIN | ACK, .seq = 1, .ack = 102);
	talk_expect(ACK, .seq = 102, .ack = 2);
	talk_eq(talk.tcp->n_time_wait, 1);
	talk_no_event();
}

TALK(linger, acknowledged_by_the_peers_fin)
{
	talk_established();
	talk_check(linger(10 * SEC));
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(FIN | ACK, .seq = 1, .ack = 2);
	talk_expect(ACK, .seq = 2, .ack = 2);
	talk_closed(0);
	talk_eq(talk.tcp->n_time_wait, 1);
}

TALK(linger, last_ack)
{
	talk_established();
	talk_in(FIN | ACK, .seq = 1, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 2);
	talk_peer_closed();
	talk_check(linger(10 * SEC));
	talk_expect(FIN | ACK, .seq = 1, .ack = 2);
	talk_in(ACK, .seq = 2, .ack = 2);
	talk_closed(0);
	talk_eq(talk.tcp->n_tcb, 0);
}

TALK(linger, time_is_up_rfc9293_3_10_5)
{
	talk_established();
	talk_send(100);
	talk_check(linger(500 * MS));
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 100);
	talk_expect(FIN | ACK, .seq = 101, .ack = 1);
	talk_advance(500 * MS - 1);
	talk_run(1);
	talk_expect(RST | ACK, .seq = 102, .ack = 1);
	talk_closed(ETIMEDOUT);
	talk_eq(talk.tcp->n_tcb, 0);
}

TALK(linger, reset_meanwhile)
{
	talk_established();
	talk_check(linger(10 * SEC));
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(RST, .seq = 1);
	talk_closed(ECONNRESET);
}

/* Data that nobody will read is answered with a reset (section 3.6.1), and that is reported. */
TALK(linger, data_comes_meanwhile_shld3_rfc9293_3_6_1)
{
	talk_established();
	talk_check(linger(10 * SEC));
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 10);
	talk_expect(RST | ACK, .seq = 2, .ack = 1);
	talk_closed(ECONNRESET);
}

TALK(linger, unread_data_shld3_rfc9293_3_6_1)
{
	talk.slow_reader = true;
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 10);
	talk_received(10);
	talk_check(!linger(10 * SEC));
	talk_expect(RST | ACK, .seq = 1, .ack = 11);
	talk_no_event();
}

TALK(linger, acknowledged_already)
{
	talk_established();
	talk_shutdown();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 2);
	talk_check(!linger(10 * SEC));
	talk_no_event();
	talk_advance(60 * SEC);
	talk_eq(talk.tcp->n_tcb, 0);
}

TALK(linger, before_it_is_open)
{
	talk_connect();
	talk_expect(SYN);
	talk_check(!linger(10 * SEC));
	talk_eq(talk.tcp->n_tcb, 0);
}

TALK(linger, the_stack_stops)
{
	talk_established();
	talk_check(linger(10 * SEC));
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	tcp_abort_all(talk.tcp);
	talk_output();
	talk_expect(RST | ACK, .seq = 2, .ack = 1);
	talk_closed(ECONNABORTED);
}
