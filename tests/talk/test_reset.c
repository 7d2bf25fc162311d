/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* RST and SYN by state, with RFC 5961: RFC 9293 section 3.10.7.4 (catalogue TCP-5 and TCP-6). */

#define RCV_NXT	 talk.conn[0].rx_next
#define PEER_FIN 1u /* the peer has sent FIN behind this state */

/* Each state, as a conversation that ends in it: our side's next sequence number and the peer's. */
struct in_state {
	uint32_t snd, rcv;
	bool closed; /* by us: no upcall follows */
};

static struct in_state established(void)
{
	talk_established();
	return (struct in_state){.snd = 1, .rcv = 1};
}

static struct in_state close_wait(void)
{
	talk_established();
	talk_in(FIN | ACK, .seq = 1, .ack = 1);
	talk_expect(ACK, .seq = 1, .ack = 2);
	talk_peer_closed();
	talk_state("CLOSE-WAIT");
	return (struct in_state){.snd = 1, .rcv = 2};
}

static struct in_state fin_wait_1(void)
{
	talk_established();
	talk_shutdown();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_state("FIN-WAIT-1");
	return (struct in_state){.snd = 2, .rcv = 1};
}

static struct in_state fin_wait_2(void)
{
	fin_wait_1();
	talk_in(ACK, .seq = 1, .ack = 2);
	talk_state("FIN-WAIT-2");
	return (struct in_state){.snd = 2, .rcv = 1};
}

static struct in_state closing(void)
{
	fin_wait_1();
	talk_in(FIN | ACK, .seq = 1, .ack = 1);
	talk_expect(ACK, .seq = 2, .ack = 2);
	talk_peer_closed();
	talk_state("CLOSING");
	return (struct in_state){.snd = 2, .rcv = 2};
}

static struct in_state last_ack(void)
{
	close_wait();
	talk_shutdown();
	talk_expect(FIN | ACK, .seq = 1, .ack = 2);
	talk_state("LAST-ACK");
	return (struct in_state){.snd = 2, .rcv = 2};
}

/* RST at RCV.NXT resets; elsewhere in the window it is challenged; outside it is nothing. */
static void rst_exact(struct in_state (*enter)(void))
{
	struct in_state s = enter();

	talk_in(RST, .seq = s.rcv);
	talk_closed(ECONNRESET);
	talk_expect_none();
	talk_eq(talk.tcp->n_tcb, 0);
	talk_eq(talk_count(CNT_tcp_resets_in), 1);
}

static void rst_in_window(struct in_state (*enter)(void))
{
	struct in_state s = enter();
	const char *state = tcp_state_name(talk_tcb());

	talk_in(RST, .seq = s.rcv + 1);
	talk_expect(ACK, .seq = s.snd, .ack = s.rcv);
	talk_in(RST | ACK, .seq = s.rcv + 65000, .ack = s.snd);
	talk_expect(ACK, .seq = s.snd, .ack = s.rcv);
	talk_state(state);
	talk_no_event();
}

static void rst_outside(struct in_state (*enter)(void))
{
	struct in_state s = enter();
	const char *state = tcp_state_name(talk_tcb());

	talk_in(RST, .seq = s.rcv - 1);
	talk_in(RST, .seq = s.rcv + 65536);
	talk_in(RST | ACK, .seq = s.rcv + 0x80000000, .ack = s.snd);
	talk_expect_none();
	talk_state(state);
	talk_no_event();
}

static void syn_challenged(struct in_state (*enter)(void), uint32_t off)
{
	struct in_state s = enter();
	const char *state = tcp_state_name(talk_tcb());

	talk_in(SYN, .seq = s.rcv + off);
	talk_expect(ACK, .seq = s.snd, .ack = s.rcv);
	talk_in(SYN | ACK, .seq = s.rcv + off, .ack = s.snd);
	talk_expect(ACK, .seq = s.snd, .ack = s.rcv);
	talk_state(state);
	talk_no_event();
	talk_eq(talk_count(CNT_tcp_challenge_acks), 2);
}

TALK(rst, syn_received_exact_rfc9293_3_10_7_4_tcp_5_01)
{
	talk_listen();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(RST, .seq = 1);
	talk_eq(talk.tcp->n_half_open, 0);
	talk_expect_none();
	talk_no_event();
	talk_established();
}

TALK(rst, syn_received_in_window_rfc9293_3_10_7_4_tcp_5_02)
{
	talk_listen();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(RST, .seq = 2);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_in(RST, .seq = 100000);
	talk_expect_none();
	talk_eq(talk.tcp->n_half_open, 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
}

TALK(rst, syn_received_syn_in_window_rfc5961_4_2)
{
	talk_listen();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(SYN, .seq = 100);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
}

TALK(rst, established_exact_rfc9293_3_10_7_4)
{
	rst_exact(established);
}
TALK(rst, established_in_window_rfc5961_3_2_tcp_5_05)
{
	rst_in_window(established);
}
TALK(rst, established_outside_rfc9293_3_10_7_4_tcp_5_06)
{
	rst_outside(established);
}
TALK(rst, fin_wait_1_exact_rfc9293_3_10_7_4)
{
	rst_exact(fin_wait_1);
}
TALK(rst, fin_wait_1_in_window_rfc5961_3_2)
{
	rst_in_window(fin_wait_1);
}
TALK(rst, fin_wait_1_outside_rfc9293_3_10_7_4)
{
	rst_outside(fin_wait_1);
}
TALK(rst, fin_wait_2_exact_rfc9293_3_10_7_4_tcp_5_10)
{
	rst_exact(fin_wait_2);
}
TALK(rst, fin_wait_2_in_window_rfc5961_3_2_tcp_5_11)
{
	rst_in_window(fin_wait_2);
}
TALK(rst, fin_wait_2_outside_rfc9293_3_10_7_4_tcp_5_12)
{
	rst_outside(fin_wait_2);
}
TALK(rst, close_wait_exact_rfc9293_3_10_7_4)
{
	rst_exact(close_wait);
}
TALK(rst, close_wait_in_window_rfc5961_3_2_tcp_5_14)
{
	rst_in_window(close_wait);
}
TALK(rst, close_wait_outside_rfc9293_3_10_7_4_tcp_5_15)
{
	rst_outside(close_wait);
}
TALK(rst, closing_exact_rfc9293_3_10_7_4)
{
	rst_exact(closing);
}
TALK(rst, closing_in_window_rfc5961_3_2)
{
	rst_in_window(closing);
}
TALK(rst, closing_outside_rfc9293_3_10_7_4)
{
	rst_outside(closing);
}
TALK(rst, last_ack_exact_rfc9293_3_10_7_4_tcp_5_19)
{
	rst_exact(last_ack);
}
TALK(rst, last_ack_in_window_rfc5961_3_2_tcp_5_20)
{
	rst_in_window(last_ack);
}
TALK(rst, last_ack_outside_rfc9293_3_10_7_4_tcp_5_21)
{
	rst_outside(last_ack);
}

/* RFC 5961 section 3.2 with data queued out of order: RCV.NXT is what counts. */
TALK(rst, behind_out_of_order_data_rfc5961_3_2)
{
	talk_established();
	talk_in(ACK, .seq = 1001, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_in(RST, .seq = 2001);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_in(RST, .seq = 1);
	talk_closed(ECONNRESET);
}

/* The application closed: nobody is told, all is freed. */
TALK(rst, after_close_rfc9293_3_10_7_4)
{
	talk_established();
	talk_close();
	talk_expect(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(RST, .seq = 1);
	talk_eq(talk.tcp->n_tcb, 0);
	talk_no_event();
}

TALK(rst, time_wait_rfc1337)
{
	fin_wait_2();
	talk_in(FIN | ACK, .seq = 1, .ack = 2);
	talk_expect(ACK, .seq = 2, .ack = 2);
	talk_closed(0);
	talk_in(RST, .seq = 2);
	talk_expect_none();
	talk_eq(talk.tcp->n_time_wait, 1);
}

TALK(syn, established_in_window_rfc5961_4_2_tcp_6_01)
{
	syn_challenged(established, 10);
}
TALK(syn, established_outside_rfc5961_4_2_tcp_6_02)
{
	syn_challenged(established, 0x40000000);
}
TALK(syn, fin_wait_1_in_window_rfc5961_4_2_tcp_6_03)
{
	syn_challenged(fin_wait_1, 10);
}
TALK(syn, fin_wait_1_outside_rfc5961_4_2)
{
	syn_challenged(fin_wait_1, 0x40000000);
}
TALK(syn, fin_wait_2_in_window_rfc5961_4_2)
{
	syn_challenged(fin_wait_2, 10);
}
TALK(syn, fin_wait_2_outside_rfc5961_4_2_tcp_6_06)
{
	syn_challenged(fin_wait_2, 0x40000000);
}
TALK(syn, close_wait_in_window_rfc5961_4_2)
{
	syn_challenged(close_wait, 10);
}
TALK(syn, close_wait_outside_rfc5961_4_2_tcp_6_08)
{
	syn_challenged(close_wait, 0x40000000);
}
TALK(syn, closing_in_window_rfc5961_4_2_tcp_6_09)
{
	syn_challenged(closing, 10);
}
TALK(syn, closing_outside_rfc5961_4_2)
{
	syn_challenged(closing, 0x40000000);
}
TALK(syn, last_ack_in_window_rfc5961_4_2)
{
	syn_challenged(last_ack, 10);
}
TALK(syn, last_ack_outside_rfc5961_4_2_tcp_6_12)
{
	syn_challenged(last_ack, 0x40000000);
}

TALK(syn, time_wait_higher_sequence_may2_rfc9293_3_6_1_tcp_6_13)
{
	fin_wait_2();
	talk_in(FIN | ACK, .seq = 1, .ack = 2);
	talk_expect(ACK, .seq = 2, .ack = 2);
	talk_closed(0);
	talk_advance(1 * SEC);
	talk_in(SYN, .seq = 1);
	talk_expect(ACK, .seq = 2, .ack = 2);
	talk_in(SYN, .seq = 100);
	const struct talk_out *o = talk_next_out();

	talk_check(o != NULL && o->h.flags == (SYN | ACK));
	talk_eq(o->h.ack - talk.conn[0].peer_iss, 101);
	talk_eq(talk.tcp->n_time_wait, 0);
	talk_eq(talk_count(CNT_tcp_time_wait_reused), 1);
}

/* MAY-2: the new initial sequence number is above all that the old connection used, also if that
 * ran faster than the clock of RFC 6528. */
TALK(syn, time_wait_new_isn_above_old_may2_rfc9293_3_6_1)
{
	talk.lenient = true;
	talk_established();
	for (uint32_t at = 0; at < 200000;) {
		talk_send(5000);
		talk_skip(NULL);
		at = talk.conn[0].app_sent;
		talk_in(ACK, .seq = 1, .ack = 1 + at);
	}
	uint32_t end = talk.conn[0].app_sent + 1;

	talk_shutdown();
	talk_expect(FIN | ACK, .seq = end, .ack = 1);
	talk_in(FIN | ACK, .seq = 1, .ack = end + 1);
	talk_skip(NULL);
	talk_received(0);
	while (talk.ev_read < talk.n_evs)
		talk.ev_read++;
	talk_in(SYN, .seq = 100);
	const struct talk_out *o = talk_next_out();

	talk_check(o != NULL && o->h.flags == (SYN | ACK));
	talk_check(seq_gt(o->h.seq, talk.conn[0].iss + end));
}

TALK(syn, time_wait_old_sequence_rfc9293_3_10_7_4_tcp_6_14)
{
	fin_wait_2();
	talk_in(ACK, .seq = 1, .ack = 2, .len = 100);
	talk_in(FIN | ACK, .seq = 101, .ack = 2);
	talk_expect(ACK, .seq = 2, .ack = 102);
	talk_received(100);
	talk_closed(0);
	talk_in(SYN, .seq = 50);
	talk_expect(ACK, .seq = 2, .ack = 102);
	talk_eq(talk.tcp->n_time_wait, 1);
	talk_eq(talk.tcp->n_half_open, 0);
}
