/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

#include "fastopen.h"

/* TCP Fast Open (RFC 7413) as a client. */

#define TFO	WIRE_TCP_OPT_TFO
#define MSS_OPT 2, 4, 3, 0xe8 /* 1000 */
#define MINUTE	(60 * SEC)

static uint8_t gives_cookie[] = {MSS_OPT, 1, 1, 34, 10, 1, 2, 3, 4, 5, 6, 7, 8};

/* Opens with n bytes to say. */
static void connect_with(uint32_t n)
{
	static uint8_t data[4096];

	for (uint32_t i = 0; i < n; i++)
		data[i] = talk_byte(1 + i, true);
	talk.opts.data = data;
	talk.opts.data_len = n;
	talk_connect();
	talk.conn[talk.c].app_sent = n;
}

/* The connection is done with, and its port free for the next. */
static void next_one(uint32_t seq)
{
	if (talk.conn[talk.c].t != NULL) {
		talk_abort();
		talk_expect(RST | ACK, .seq = seq, .ack = 1);
	}
	talk_conn_new();
}

static void client_cookie(void)
{
	talk.opts.fastopen = TCP_CHOICE_ON;
	talk_connect();
	talk_expect(SYN, .with = TFO);
	talk_in(SYN | ACK, .ack = 1, .opts = gives_cookie, .n_opts = sizeof(gives_cookie));
	talk_expect(ACK, .seq = 1, .ack = 1, .without = TFO);
	talk_connected();
	next_one(1);
}

static void expect_cookie(uint32_t len)
{
	const struct talk_out *o = talk_next_out();

	talk_check(o != NULL && o->h.flags == SYN && o->o.has & TFO);
	talk_eq(o->o.tfo_len, 8);
	talk_check(memcmp(o->o.tfo, gives_cookie + 8, 8) == 0);
	talk_eq(o->len, len);
}

/* The 100 bytes leave as usual data, and the peer has them. */
static void data_follows(void)
{
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_in(ACK, .seq = 1, .ack = 101);
	talk_eq(talk_tcb()->snd_queued, 0);
}

TALK(fastopen_client, off_by_default_rfc7413_4)
{
	connect_with(100);
	talk_expect(SYN, .without = TFO);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	talk_connected();
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
}

TALK(fastopen_client, configured_rfc7413_4)
{
	talk.conf.fastopen = TCP_ECN_ON;
	talk_connect();
	talk_expect(SYN, .with = TFO);
}

/* What a server does by itself is no reason for a client to ask. */
TALK(fastopen_client, not_asked_for_by_accept_rfc7413_4)
{
	talk.conf.fastopen = TCP_ECN_ACCEPT;
	talk_connect();
	talk_expect(SYN, .without = TFO);
}

/* Without a cookie one is asked for, and no data goes on the SYN. */
TALK(fastopen_client, cookie_request_rfc7413_4_2_1)
{
	const struct talk_out *o;

	talk.opts.fastopen = TCP_CHOICE_ON;
	connect_with(100);
	o = talk_next_out();
	talk_check(o != NULL && o->h.flags == SYN && o->o.has & TFO);
	talk_eq(o->o.tfo_len, 0);
	talk_eq(o->len, 0);
	talk_in(SYN | ACK, .ack = 1, .opts = gives_cookie, .n_opts = sizeof(gives_cookie));
	talk_connected();
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_eq(talk_count(CNT_tcp_fastopen_cookies), 1);
}

/* A server without Fast Open: nothing is different, and it is asked again. */
TALK(fastopen_client, server_without_rfc7413_4_2_1)
{
	talk.opts.fastopen = TCP_CHOICE_ON;
	talk_connect();
	talk_expect(SYN, .with = TFO);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	talk_connected();
	talk_expect(ACK, .seq = 1, .ack = 1);
	next_one(1);
	talk_connect();
	talk_expect(SYN, .with = TFO);
}

TALK(fastopen_client, data_on_syn_rfc7413_4_2_1)
{
	struct tcp_info i;

	client_cookie();
	connect_with(100);
	expect_cookie(100);
	talk_in(SYN | ACK, .ack = 101, .mss = 1000);
	talk_connected();
	talk_expect(ACK, .seq = 101, .ack = 1);
	tcp_info(talk.tcp, talk_tcb(), &i);
	talk_check(i.fastopen);
	talk_eq(i.unacked, 0);
	talk_eq(i.unsent, 0);
	talk_eq(i.bytes_sent, 100);
	talk_eq(i.bytes_acked, 100);
	talk_send(50);
	talk_expect(ACK, .seq = 101, .ack = 1, .len = 50);
	talk_eq(talk_count(CNT_tcp_fastopen_sent), 1);
}

/* A cookie without data: the server may speak first. */
TALK(fastopen_client, cookie_without_data_rfc7413_4_2_1)
{
	client_cookie();
	talk_connect();
	expect_cookie(0);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_connected();
}

/* The SYN is no larger than the server's segments, options and all; the rest follows. */
TALK(fastopen_client, syn_bounded_by_the_cached_mss_rfc7413_4_1_3)
{
	uint32_t n = 1000 - 32; /* MSS, SACK and timestamps, window scale, cookie */

	client_cookie();
	connect_with(3000);
	expect_cookie(n);
	talk_in(SYN | ACK, .ack = 1 + n, .mss = 1000);
	talk_connected();
	talk_expect(ACK, .seq = 1 + n, .ack = 1, .len = 1000);
	talk_expect(ACK, .seq = 1001 + n, .ack = 1, .len = 1000);
	talk_in(ACK, .seq = 1, .ack = 2001 + n);
	talk_expect(ACK, .seq = 2001 + n, .ack = 1, .len = 1000 - n);
	talk_in(ACK, .seq = 1, .ack = 3001);
	talk_eq(talk_tcb()->snd_queued, 0);
}

/* The server took none of it but gave a new cookie: at once as usual data, and no grudge. */
TALK(fastopen_client, data_not_taken_rfc7413_4_2_1)
{
	client_cookie();
	connect_with(100);
	expect_cookie(100);
	gives_cookie[8] ^= 0xff;
	talk_in(SYN | ACK, .ack = 1, .opts = gives_cookie, .n_opts = sizeof(gives_cookie));
	talk_connected();
	data_follows();
	next_one(101);
	connect_with(100);
	expect_cookie(100);
}

/* Neither taken nor a new cookie: a negative answer that is remembered. */
TALK(fastopen_client, negative_answer_rfc7413_4_1_3_1)
{
	client_cookie();
	connect_with(100);
	expect_cookie(100);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	talk_connected();
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_in(ACK, .seq = 1, .ack = 101);
	talk_eq(talk_count(CNT_tcp_fastopen_failed), 1);
	next_one(101);
	connect_with(100);
	talk_expect(SYN, .without = TFO);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	talk_connected();
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_in(ACK, .seq = 1, .ack = 101);
	next_one(101);
	talk_advance(MINUTE);
	connect_with(100);
	expect_cookie(100);
}

TALK(fastopen_client, data_taken_in_part_rfc7413_4_2_1)
{
	client_cookie();
	connect_with(100);
	expect_cookie(100);
	talk_in(SYN | ACK, .ack = 51, .mss = 1000);
	talk_connected();
	talk_expect(ACK, .seq = 51, .ack = 1, .len = 50);
	talk_in(ACK, .seq = 1, .ack = 101);
	talk_eq(talk_tcb()->snd_queued, 0);
	talk_eq(talk_tcb()->bytes_sent, 100);
}

/* "retransmit the SYN without data and the Fast Open option" */
TALK(fastopen_client, syn_timeout_rfc7413_4_2_1)
{
	client_cookie();
	connect_with(100);
	expect_cookie(100);
	talk_expect_after(SEC, SYN, .without = TFO);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	talk_connected();
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_in(ACK, .seq = 1, .ack = 101);
	next_one(101);
	connect_with(0);
	talk_expect(SYN, .without = TFO);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_connected();
	next_one(1);
	talk_advance(MINUTE);
	connect_with(100);
	expect_cookie(100);
}

/* "temporarily": a minute, and twice as long after each failure in a row, up to an hour. */
TALK(fastopen_client, spared_longer_each_time_rfc7413_4_1_3_1)
{
	static const unsigned minutes[] = {1, 2, 4, 8, 16, 32, 60, 60};

	client_cookie();
	for (unsigned i = 0; i < RTE_DIM(minutes); i++) {
		connect_with(100);
		expect_cookie(100);
		talk_in(SYN | ACK, .ack = 1, .mss = 1000);
		talk_connected();
		talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
		next_one(101);
		talk_advance(minutes[i] * MINUTE - 1);
		connect_with(100);
		talk_expect(SYN, .without = TFO);
		talk_abort();
		talk_conn_new();
		talk_advance(1);
	}
	connect_with(100); /* it works: forgiven */
	expect_cookie(100);
	talk_in(SYN | ACK, .ack = 101, .mss = 1000);
	talk_connected();
	talk_expect(ACK, .seq = 101, .ack = 1);
	next_one(101);
	connect_with(100);
	expect_cookie(100);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	talk_connected();
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	next_one(101);
	talk_advance(MINUTE);
	connect_with(100);
	expect_cookie(100);
}

/* A request may vanish as well. */
TALK(fastopen_client, request_timeout_rfc7413_4_1_3_1)
{
	talk.opts.fastopen = TCP_CHOICE_ON;
	talk_connect();
	talk_expect(SYN, .with = TFO);
	talk_expect_after(SEC, SYN, .without = TFO);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_connected();
	next_one(1);
	talk_connect();
	talk_expect(SYN, .without = TFO);
}

/* Only the answer was lost: the server had the data, and stays in favour. */
TALK(fastopen_client, answer_lost_rfc7413_4_2_1)
{
	client_cookie();
	connect_with(100);
	expect_cookie(100);
	talk_expect_after(SEC, SYN, .without = TFO);
	talk_in(SYN | ACK, .ack = 101, .mss = 1000);
	talk_connected();
	talk_expect(ACK, .seq = 101, .ack = 1);
	talk_eq(talk_tcb()->snd_queued, 0);
	next_one(101);
	connect_with(100);
	expect_cookie(100);
}

/* Data that overtakes the SYN,ACK is not for a reset. */
TALK(fastopen_client, response_overtakes_the_syn_ack_rfc7413_4_2_2)
{
	client_cookie();
	connect_with(100);
	expect_cookie(100);
	talk_in(ACK, .seq = 1, .ack = 101, .len = 200);
	talk_expect_none();
	talk_in(SYN | ACK, .ack = 101, .mss = 1000);
	talk_connected();
	talk_expect(ACK, .seq = 101, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 101, .len = 200);
	talk_received(200);
	talk_expect_after(40 * MS, ACK, .seq = 101, .ack = 201);
}

/* The SYN,ACK may carry data, too. */
TALK(fastopen_client, response_on_the_syn_ack_rfc7413_4_2_2)
{
	client_cookie();
	connect_with(100);
	expect_cookie(100);
	talk_in(SYN | ACK, .ack = 101, .mss = 1000, .len = 200);
	talk_connected();
	talk_received(200);
	talk_expect(ACK, .seq = 101, .ack = 201);
}

TALK(fastopen_client, refused_rfc9293_3_10_7_3)
{
	client_cookie();
	connect_with(100);
	expect_cookie(100);
	talk_in(RST | ACK, .ack = 101);
	talk_closed(ECONNREFUSED);
}

TALK(fastopen_client, unacceptable_ack_rfc9293_3_10_7_3)
{
	client_cookie();
	connect_with(100);
	expect_cookie(100);
	talk_in(SYN | ACK, .ack = 102, .mss = 1000);
	talk_expect(RST, .seq = 102);
	talk_in(SYN | ACK, .ack = 0, .mss = 1000);
	talk_expect(RST, .seq = 0);
	talk_state("SYN-SENT");
}

/* Section 4.1.3.1: ICMP errors are negative answers. */
TALK4(fastopen_client, icmp_error_rfc7413_4_1_3_1)
{
	client_cookie();
	connect_with(100);
	expect_cookie(100);
	talk_icmp(WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_PORT, 0, 0);
	talk_closed(ECONNREFUSED);
	talk_conn_new();
	connect_with(100);
	talk_expect(SYN, .without = TFO);
}

/* Both ends open at once: the peer has not taken the data. */
TALK(fastopen_client, simultaneous_open_rfc9293_3_5)
{
	client_cookie();
	connect_with(100);
	expect_cookie(100);
	talk_in(SYN, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1, .without = TFO);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_connected();
	data_follows();
}

TALK(fastopen_client, shut_down_before_open_rfc7413_4_2_1)
{
	client_cookie();
	connect_with(100);
	expect_cookie(100);
	talk_shutdown();
	talk_in(SYN | ACK, .ack = 101, .mss = 1000);
	talk_connected();
	talk_expect(FIN | ACK, .seq = 101, .ack = 1);
	talk_state("FIN-WAIT-1");
}

TALK(fastopen_client, closed_before_open_rfc7413_4_2_1)
{
	client_cookie();
	connect_with(3000);
	expect_cookie(968);
	talk_close();
	talk_eq(talk.tcp->n_tcb, 0);
}

/* The port keeps the SYN's buffer: what is sent again does not change it. */
TALK(fastopen_client, syn_still_with_the_port_rfc7413_4_2_1)
{
	talk.keep_tx = true;
	client_cookie();
	connect_with(100);
	expect_cookie(100);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	talk_connected();
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_in(ACK, .seq = 1, .ack = 101);
	talk_tx_done();
}

TALK(fastopen_client, nothing_kept_without_a_cache_rfc7413_4_1_3)
{
	talk.conf.fastopen_cache = 0;
	client_cookie();
	connect_with(100);
	talk_expect(SYN, .with = TFO);
	talk_in(SYN | ACK, .ack = 1, .opts = gives_cookie, .n_opts = sizeof(gives_cookie));
	talk_connected();
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
}

/* The longest unused of a set makes room. */
TALK(fastopen_client, cache_bound_rfc7413_4_1_3)
{
	struct tcp_key k;

	talk.conf.fastopen_cache = 4;
	client_cookie();
	memset(&k, 0, sizeof(k));
	k.l = talk.lip;
	struct tcb *t = talk.tcp->tcbs;

	for (unsigned i = 0; i < 4; i++) {
		struct tcb other = *t;

		talk.env.now_us++;
		other.flags = talk.v6 ? TF_V6 : 0;
		other.key = k;
		if (talk.v6)
			other.key.r.v6.b[15] = (uint8_t)(10 + i);
		else
			other.key.r.v4 = IP4(10, 0, 0, i);
		tcp_fastopen_failed(talk.tcp, &other);
		talk_check(tcp_fastopen_off(talk.tcp, talk.v6, &other.key));
	}
	connect_with(100);
	talk_expect(SYN, .with = TFO); /* it asks anew */
	talk_eq(talk.tcp->conf.fastopen_cache, 4);
}

TALK(fastopen_client, too_much_to_say_rfc7413_4_2_1)
{
	static const uint8_t data[4097];
	struct tcp_opts o = {.sndbuf = 4096, .data = data, .data_len = sizeof(data)};

	talk_up();
	talk_check(tcp_connect(talk.tcp, talk.v6, &talk.lip, 0, &talk.rip, 80, NET_NO_IFC, &o, NULL,
			   NULL) == NULL);
	talk_eq(errno, EMSGSIZE);
	talk_output();
	talk_eq(talk.tcp->n_tcb, 0);
}
