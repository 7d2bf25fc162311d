/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

#include "fastopen.h"

/* TCP Fast Open (RFC 7413) as a server. */

#define TFO	WIRE_TCP_OPT_TFO
#define MSS_OPT 2, 4, 3, 0xe8 /* 1000 */
#define HOUR	(3600 * SEC)

static const uint8_t request[] = {MSS_OPT, 1, 1, 34, 2};
static const uint8_t plain[] = {MSS_OPT};

static uint8_t with_cookie[] = {MSS_OPT, 1, 1, 34, 10, 0, 0, 0, 0, 0, 0, 0, 0};

static void cookie_take(const struct talk_out *o)
{
	talk_check(o != NULL && o->h.flags == (SYN | ACK));
	talk_check(o->o.has & TFO);
	talk_eq(o->o.tfo_len, TCP_FASTOPEN_COOKIE);
	memcpy(with_cookie + 8, o->o.tfo, TCP_FASTOPEN_COOKIE);
}

/* Asks for a cookie; that attempt goes no further, and talk.c is a new one. */
static void server_cookie(void)
{
	if (talk.l == NULL) {
		talk.opts.fastopen = TCP_CHOICE_ON;
		talk_listen();
	}
	talk_in(SYN, .opts = request, .n_opts = sizeof(request));
	cookie_take(talk_next_out());
	talk_in(RST, .seq = 1);
	talk_conn_new();
}

#define SYN_DATA(n) talk_in(SYN, .opts = with_cookie, .n_opts = sizeof(with_cookie), .len = (n))

/* Accepted by its SYN, with n bytes. */
static void fast_opened(uint32_t n)
{
	SYN_DATA(n);
	talk_accepted();
	talk_received(n);
	talk_expect(SYN | ACK, .ack = 1 + n, .mss = talk_mss_ours(), .without = TFO);
	talk_state("SYN-RECEIVED");
}

TALK(fastopen_server, off_by_default_rfc7413_4)
{
	talk_listen();
	talk_in(SYN, .opts = request, .n_opts = sizeof(request));
	talk_expect(SYN | ACK, .ack = 1, .without = TFO);
}

TALK(fastopen_server, configured_rfc7413_4)
{
	talk.conf.fastopen = TCP_ECN_ACCEPT;
	talk_listen();
	talk_in(SYN, .opts = request, .n_opts = sizeof(request));
	talk_expect(SYN | ACK, .ack = 1, .with = TFO);
}

/* "Its own choice" goes before the configuration. */
TALK(fastopen_server, listener_declines_rfc7413_4)
{
	talk.conf.fastopen = TCP_ECN_ON;
	talk.opts.fastopen = TCP_CHOICE_OFF;
	talk_listen();
	talk_in(SYN, .opts = request, .n_opts = sizeof(request));
	talk_expect(SYN | ACK, .ack = 1, .without = TFO);
}

/* Not unless it is asked for. */
TALK(fastopen_server, no_cookie_unasked_rfc7413_4_2_2)
{
	talk.conf.fastopen = TCP_ECN_ON;
	talk_listen();
	talk_in(SYN, .opts = plain, .n_opts = sizeof(plain));
	talk_expect(SYN | ACK, .ack = 1, .without = TFO);
}

/* The data of a request is not taken: that needs a cookie. */
TALK(fastopen_server, request_with_data_rfc7413_4_2_2)
{
	talk.conf.fastopen = TCP_ECN_ON;
	talk_listen();
	talk_in(SYN, .opts = request, .n_opts = sizeof(request), .len = 100);
	talk_expect(SYN | ACK, .ack = 1, .with = TFO);
	talk_no_event();
}

/* Again with the cookie if the SYN comes again, or by the timer. */
TALK(fastopen_server, cookie_in_each_syn_ack_rfc7413_4_2_2)
{
	talk.conf.fastopen = TCP_ECN_ON;
	talk_listen();
	talk_in(SYN, .opts = request, .n_opts = sizeof(request));
	talk_expect(SYN | ACK, .ack = 1, .with = TFO);
	talk_in(SYN, .opts = request, .n_opts = sizeof(request));
	talk_expect(SYN | ACK, .ack = 1, .with = TFO);
	talk_expect_after(SEC, SYN | ACK, .ack = 1, .with = TFO);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
}

/* Of the address and nobody else's; of no port. */
TALK(fastopen_server, cookie_of_the_address_rfc7413_4_1_2)
{
	uint8_t a[TCP_FASTOPEN_COOKIE], b[TCP_FASTOPEN_COOKIE];
	struct tcp_key k;

	memset(&k, 0, sizeof(k));
	talk_up();
	k.l = talk.lip;
	k.r = talk.rip;
	tcp_fastopen_cookie(talk.tcp, talk.v6, &k, 0, a);
	k.rport = 1234;
	k.lport = 80;
	tcp_fastopen_cookie(talk.tcp, talk.v6, &k, 0, b);
	talk_check(memcmp(a, b, sizeof(a)) == 0);
	k.r = talk.lip2;
	tcp_fastopen_cookie(talk.tcp, talk.v6, &k, 0, b);
	talk_check(memcmp(a, b, sizeof(a)) != 0);
	k.r = talk.rip;
	talk.env.secret.k0++; /* another host's */
	tcp_fastopen_cookie(talk.tcp, talk.v6, &k, 0, b);
	talk.env.secret.k0--;
	talk_check(memcmp(a, b, sizeof(a)) != 0);
}

TALK(fastopen_server, data_on_syn_rfc7413_4_2_2)
{
	server_cookie();
	fast_opened(100);
	talk_in(ACK, .seq = 101, .ack = 1);
	talk_state("ESTABLISHED");
	talk_eq(talk.tcp->n_fo_wait, 0);
	talk_in(ACK, .seq = 101, .ack = 1, .len = 50);
	talk_received(50);
	talk_send(10);
	talk_expect(ACK, .seq = 1, .ack = 151, .len = 10);
	talk_eq(talk_count(CNT_tcp_fastopen_accepted), 1);
	talk_eq(talk_count(CNT_tcp_fastopen_rx_bytes), 100);
	talk_eq(talk_count(CNT_tcp_established), 1);
}

TALK(fastopen_server, told_by_info_rfc7413_4_2_2)
{
	struct tcp_info i;

	server_cookie();
	fast_opened(100);
	talk_in(ACK, .seq = 101, .ack = 1);
	tcp_info(talk.tcp, talk_tcb(), &i);
	talk_check(i.fastopen);
	talk_conn_new();
	talk_in(SYN, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	tcp_info(talk.tcp, talk_tcb(), &i);
	talk_check(!i.fastopen);
}

/* A valid cookie alone opens, too: the server may be the first to speak. */
TALK(fastopen_server, cookie_without_data_rfc7413_4_2_2)
{
	server_cookie();
	fast_opened(0);
	talk_send(30);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 30);
	talk_in(ACK, .seq = 1, .ack = 31);
	talk_state("ESTABLISHED");
}

/* "the server can send data before the handshake completes" */
TALK(fastopen_server, response_before_the_handshake_ends_rfc7413_4_2_2)
{
	server_cookie();
	fast_opened(100);
	talk_send(1500);
	talk_expect(ACK, .seq = 1, .ack = 101, .len = 1000);
	talk_expect_none(); /* Nagle */
	talk_in(ACK, .seq = 101, .ack = 1001);
	talk_expect(ACK, .seq = 1001, .ack = 101, .len = 500);
	talk_state("ESTABLISHED");
	talk_in(ACK, .seq = 101, .ack = 1501);
	talk_eq(talk_tcb()->snd_queued, 0);
}

/* Sent from inside the upcall: the SYN,ACK goes first. */
static void answer(struct tcb *t)
{
	uint8_t b[40];

	for (unsigned i = 0; i < sizeof(b); i++)
		b[i] = talk_byte(1 + i, true);
	talk_eq(tcp_send(talk.tcp, t, b, sizeof(b), false), sizeof(b));
}

TALK(fastopen_server, response_in_the_upcall_rfc7413_4_2_2)
{
	server_cookie();
	talk.on[EV_RECEIVED] = answer;
	SYN_DATA(100);
	talk_accepted();
	talk_received(100);
	talk_expect(SYN | ACK, .ack = 101);
	talk_expect(ACK, .seq = 1, .ack = 101, .len = 40);
	talk_in(ACK, .seq = 101, .ack = 41);
	talk_state("ESTABLISHED");
	talk.on[EV_RECEIVED] = NULL;
}

/* The handshake's ACK carries data, and acknowledges a response. */
TALK(fastopen_server, more_data_with_the_ack_rfc7413_4_2_2)
{
	server_cookie();
	fast_opened(100);
	talk_send(200);
	talk_expect(ACK, .seq = 1, .ack = 101, .len = 200);
	talk_in(ACK, .seq = 101, .ack = 201, .len = 300);
	talk_received(300);
	talk_state("ESTABLISHED");
	talk_expect_after(40 * MS, ACK, .seq = 201, .ack = 401);
}

TALK(fastopen_server, fin_before_the_handshake_ends_rfc7413_4_2_2)
{
	server_cookie();
	fast_opened(100);
	talk_send(200);
	talk_expect(ACK, .seq = 1, .ack = 101, .len = 200);
	talk_shutdown();
	talk_expect(FIN | ACK, .seq = 201, .ack = 101);
	talk_in(ACK, .seq = 101, .ack = 202);
	talk_state("FIN-WAIT-2");
	talk_in(FIN | ACK, .seq = 101, .ack = 202);
	talk_expect(ACK, .seq = 202, .ack = 102);
	talk_closed(0);
}

TALK(fastopen_server, closed_before_the_handshake_ends_rfc7413_4_2_2)
{
	server_cookie();
	fast_opened(100);
	talk_close();
	talk_expect(FIN | ACK, .seq = 1, .ack = 101);
	talk_in(ACK, .seq = 101, .ack = 1);
	talk_in(ACK, .seq = 101, .ack = 2);
	talk_in(FIN | ACK, .seq = 101, .ack = 2);
	talk_expect(ACK, .seq = 2, .ack = 102);
	talk_eq(talk.tcp->n_time_wait, 1);
	talk_no_event();
}

TALK(fastopen_server, aborted_before_the_handshake_ends_rfc7413_4_2_2)
{
	server_cookie();
	fast_opened(100);
	talk_abort();
	talk_expect(RST | ACK, .seq = 1, .ack = 101);
	talk_eq(talk.tcp->n_fo_wait, 0);
}

static void abort_now(struct tcb *t)
{
	tcp_abort(talk.tcp, t);
	talk.conn[talk.c].t = NULL;
}

TALK(fastopen_server, aborted_in_the_upcall_rfc7413_4_2_2)
{
	server_cookie();
	talk.on[EV_ACCEPTED] = abort_now;
	SYN_DATA(100);
	talk_accepted();
	const struct talk_out *o = talk_next_out(); /* our number was never told before */

	talk_check(o != NULL && o->h.flags == (RST | ACK));
	talk_eq(o->h.ack - talk.conn[talk.c].peer_iss, 1);
	talk_eq(talk.tcp->n_fo_wait, 0);
}

/* Section 4.2.2, 3: the data is not taken, a new cookie comes, the handshake is the usual one. */
TALK(fastopen_server, invalid_cookie_rfc7413_4_2_2)
{
	uint8_t right[TCP_FASTOPEN_COOKIE];

	server_cookie();
	memcpy(right, with_cookie + 8, sizeof(right));
	for (unsigned i = 0; i < sizeof(right); i++) {
		with_cookie[8 + i] ^= 0x40;
		SYN_DATA(100);
		talk_no_event();
		cookie_take(talk_next_out());
		talk_check(memcmp(right, with_cookie + 8, sizeof(right)) == 0);
		talk_eq(talk.tcp->n_fo_wait, 0);
		talk_in(RST, .seq = 1);
	}
	with_cookie[8] ^= 1;
	SYN_DATA(100);
	talk_expect(SYN | ACK, .ack = 1, .with = TFO);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_accepted();
	talk_received(100);
	talk_eq(talk_count(CNT_tcp_fastopen_invalid), 9);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 101);
}

/* One of another length is none of ours. */
TALK(fastopen_server, cookie_of_other_length_rfc7413_4_2_2)
{
	uint8_t four[12] = {MSS_OPT, 1, 1, 34, 6};

	server_cookie();
	memcpy(four + 8, with_cookie + 8, 4);
	talk_in(SYN, .opts = four, .n_opts = sizeof(four), .len = 100);
	talk_expect(SYN | ACK, .ack = 1, .with = TFO);
	talk_no_event();
}

/* Section 4.1.2, 4: cookies expire. */
TALK(fastopen_server, cookie_expires_rfc7413_4_1_2)
{
	server_cookie();
	talk_advance(24 * HOUR);
	fast_opened(100);
	talk_abort();
	talk_expect(RST | ACK, .seq = 1, .ack = 101);
	talk_conn_new();
	talk_advance(24 * HOUR);
	SYN_DATA(100);
	talk_expect(SYN | ACK, .ack = 1, .with = TFO);
	talk_no_event();
}

/* The client has not seen our SYN,ACK: its SYN comes again, as it was or without Fast Open. */
TALK(fastopen_server, syn_again_rfc7413_4_2_2)
{
	server_cookie();
	fast_opened(100);
	SYN_DATA(100);
	talk_expect(SYN | ACK, .ack = 101);
	talk_in(SYN, .opts = plain, .n_opts = sizeof(plain));
	talk_expect(SYN | ACK, .ack = 101);
	talk_no_event();
	talk_in(ACK, .seq = 101, .ack = 1);
	talk_state("ESTABLISHED");
}

/* The SYN,ACK is repeated, not the data, which then follows by its own timer. */
TALK(fastopen_server, syn_ack_again_rfc7413_4_2_2)
{
	server_cookie();
	fast_opened(100);
	talk_advance(100 * MS);
	talk_send(200);
	talk_expect(ACK, .seq = 1, .ack = 101, .len = 200);
	talk.lenient = true;
	talk_run(1100 * MS);
	talk_expect(SYN | ACK, .ack = 101);
	talk_run(2000 * MS);
	talk_expect(SYN | ACK, .ack = 101);
	talk.lenient = false;
	talk_in(ACK, .seq = 101, .ack = 1);
	talk_state("ESTABLISHED");
	talk_expect_after(3 * SEC, ACK, .seq = 1, .ack = 101, .len = 200); /* RFC 6298 (5.7) */
	talk_in(ACK, .seq = 101, .ack = 201);
	talk_eq(talk_tcb()->snd_queued, 0);
}

TALK(fastopen_server, gives_up_rfc7413_4_2_2)
{
	server_cookie();
	fast_opened(100);
	talk_expect_after(1 * SEC, SYN | ACK, .ack = 101);
	talk_expect_after(2 * SEC, SYN | ACK, .ack = 101);
	talk_expect_after(4 * SEC, SYN | ACK, .ack = 101);
	talk_expect_after(8 * SEC, SYN | ACK, .ack = 101);
	talk_expect_after(16 * SEC, SYN | ACK, .ack = 101);
	talk_advance(32 * SEC);
	talk_closed(ETIMEDOUT);
	talk_eq(talk.tcp->n_fo_wait, 0);
}

/* An ACK of what was not sent is answered by a reset (RFC 9293 section 3.10.7.4). */
TALK(fastopen_server, unacceptable_ack_rfc9293_3_10_7_4)
{
	server_cookie();
	fast_opened(100);
	talk_in(ACK, .seq = 101, .ack = 2);
	talk_expect(RST, .seq = 2);
	talk_in(ACK, .seq = 101, .ack = 0);
	talk_expect(RST, .seq = 0);
	talk_state("SYN-RECEIVED");
}

/* More than our window: as much as it holds. */
TALK(fastopen_server, data_beyond_the_window_rfc7413_4_2_2)
{
	talk.opts.rcvbuf = 50;
	talk.slow_reader = true;
	server_cookie();
	SYN_DATA(100);
	talk_accepted();
	talk_received(50);
	talk_expect(SYN | ACK, .ack = 51, .wnd = TALK_ZERO);
	talk_in(ACK, .seq = 51, .ack = 1);
	talk_state("ESTABLISHED");
	talk_eq(talk_tcb()->rcv_unread, 50);
	talk_abort();
	talk_expect(RST | ACK, .seq = 1, .ack = 51);
}

/* The window of the SYN,ACK says what is left. */
TALK(fastopen_server, window_of_the_syn_ack_rfc7413_4_2_2)
{
	talk.slow_reader = true;
	server_cookie();
	SYN_DATA(100);
	talk_accepted();
	talk_received(100);
	talk_expect(SYN | ACK, .ack = 101, .wnd = 65535 - 100);
	talk_abort();
	talk_expect(RST | ACK, .seq = 1, .ack = 101);
}

/* PendingFastOpenRequests at its limit: the usual handshake, whatever the cookie. */
TALK(fastopen_server, pending_bound_rfc7413_5_1)
{
	unsigned first;

	talk.conf.fastopen_pending = 2;
	server_cookie();
	first = talk.c;
	fast_opened(100);
	talk_conn_new();
	fast_opened(100);
	talk_conn_new();
	SYN_DATA(100);
	talk_expect(SYN | ACK, .ack = 1);
	talk_no_event();
	talk_eq(talk_count(CNT_tcp_fastopen_limited), 1);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_accepted();
	talk_received(100);
	talk_advance(40 * MS - 1);
	talk_run(1);
	talk_expect(ACK, .seq = 1, .ack = 101);
	talk_conn_use(first); /* one of them is done: room for another */
	talk_in(ACK, .seq = 101, .ack = 1);
	talk_conn_new();
	fast_opened(100);
}

TALK(fastopen_server, none_pending_allowed_rfc7413_5_1)
{
	talk.conf.fastopen_pending = 0;
	server_cookie();
	SYN_DATA(100);
	talk_expect(SYN | ACK, .ack = 1);
	talk_no_event();
}

/* "the server ... keeps counting": resets of spoofed clients' hosts make no room at once. */
TALK(fastopen_server, resets_count_rfc7413_5_1)
{
	talk.conf.fastopen_pending = 1;
	server_cookie();
	fast_opened(100);
	talk_in(RST, .seq = 101);
	talk_closed(ECONNRESET);
	talk_eq(talk.tcp->n_fo_wait, 0);
	talk_conn_new();
	SYN_DATA(100);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(RST, .seq = 1);
	talk_advance(59 * SEC); /* for a minute at the least */
	talk_conn_new();
	SYN_DATA(100);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(RST, .seq = 1);
	talk_advance(61 * SEC); /* for two at the most */
	talk_conn_new();
	fast_opened(100);
}

/* A reset that only lies in the window is challenged (RFC 5961 section 3.2). */
TALK(fastopen_server, reset_in_the_window_rfc5961_3_2)
{
	server_cookie();
	fast_opened(100);
	talk_in(RST, .seq = 1000);
	talk_expect(ACK, .seq = 1, .ack = 101);
	talk_state("SYN-RECEIVED");
}

/* A full half-open table and SYN cookies are no reason to refuse a proven client. */
TALK(fastopen_server, beside_syn_cookies_rfc7413_5_1)
{
	talk.conf.syn_cookies = TCP_COOKIES_ALWAYS;
	talk.opts.fastopen = TCP_CHOICE_ON;
	talk_listen();
	talk_in(SYN, .opts = request, .n_opts = sizeof(request));
	cookie_take(talk_next_out());
	talk_conn_new();
	fast_opened(100);
}

static void starve(struct tcb *t)
{
	talk_check(tcp_send_nobuf(talk.tcp, t) == -ENOBUFS);
}

/* Who found no buffer to answer the SYN with is told when it is worth trying again, though nothing of
 * his is under way when the handshake ends. */
TALK(fastopen_server, no_buffer_for_the_answer_rfc7413_4_2_2)
{
	server_cookie();
	talk.on[EV_ACCEPTED] = starve;
	fast_opened(100);
	talk_in(ACK, .seq = 101, .ack = 1);
	talk_advance(SEC);
	talk_event_at(__LINE__, EV_WRITABLE, 0);
	talk_send(100);
	talk_expect(ACK | PSH, .seq = 1, .ack = 101, .len = 100);
}

/* The listener goes, what it has accepted stays. */
TALK(fastopen_server, listener_closed_rfc7413_4_2_2)
{
	server_cookie();
	fast_opened(100);
	tcp_listener_close(talk.tcp, talk.l);
	talk.l = NULL;
	talk_in(ACK, .seq = 101, .ack = 1);
	talk_state("ESTABLISHED");
}
