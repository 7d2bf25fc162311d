/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* SYN cookies: RFC 4987 section 3.6 (catalogue TCP-13). */

#define PERIOD (64 * SEC) /* cookies are good for one to two of these */

/* SYN and SYN,ACK of a handshake that leaves nothing behind. */
static void cookie_handshake(uint16_t mss)
{
	uint64_t sent = talk_count(CNT_tcp_syn_cookies_sent);
	uint32_t half_open = talk.tcp->n_half_open;

	talk_in(SYN, .mss = mss);
	talk_expect(SYN | ACK, .ack = 1, .mss = talk_mss_ours());
	talk_eq(talk_count(CNT_tcp_syn_cookies_sent), sent + 1);
	talk_eq(talk.tcp->n_half_open, half_open);
}

/* The table is full: 16 entries. */
static void fill_table(void)
{
	for (unsigned i = 0; i < talk.conf.half_open; i++) {
		talk_in(SYN);
		talk_expect(SYN | ACK, .ack = 1);
		talk_conn_new();
	}
	talk_eq(talk.tcp->n_half_open, talk.conf.half_open);
	talk_eq(talk_count(CNT_tcp_syn_cookies_sent), 0);
}

TALK(cookie, honest_ack_rfc4987_3_6_tcp_13_06)
{
	talk_listen();
	fill_table();
	cookie_handshake(1000);
	talk_eq(talk_count(CNT_tcp_half_open_evicted), 0);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_eq(talk_count(CNT_tcp_syn_cookies_valid), 1);
	talk_check(talk_tcb()->mss <= 1000 && talk_tcb()->mss >= 536);
	talk_send(10);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 10);
	talk_in(ACK, .seq = 1, .ack = 11, .len = 20);
	talk_received(20);
	talk_expect_after(40 * MS, ACK, .seq = 11, .ack = 21);
}

/* The usual sizes come back as they were. */
TALK(cookie, mss_kept_rfc4987_3_6_tcp_13_06)
{
	static const uint16_t mss[] = {88, 536, 1220, 1440, 1460};

	talk.conf.syn_cookies = TCP_COOKIES_ALWAYS;
	talk_listen();
	for (unsigned i = 0; i < RTE_DIM(mss); i++) {
		cookie_handshake(mss[i]);
		talk_in(ACK, .seq = 1, .ack = 1);
		talk_accepted();
		talk_eq(talk_tcb()->mss_limit, mss[i]);
		talk_conn_new();
	}
}

/* MUST-16: never more than the peer announced. */
TALK(cookie, mss_not_above_the_peers_must16_rfc9293_3_7_1)
{
	talk.conf.syn_cookies = TCP_COOKIES_ALWAYS;
	talk_listen();
	for (unsigned i = 0; i < 40; i++) {
		uint16_t mss = (uint16_t)(100 + i * 37);

		cookie_handshake(mss);
		talk_in(ACK, .seq = 1, .ack = 1);
		talk_accepted();
		talk_check(talk_tcb()->mss_limit <= mss);
		talk_conn_new();
	}
}

TALK(cookie, data_with_the_third_segment)
{
	talk.conf.syn_cookies = TCP_COOKIES_ALWAYS;
	talk_listen();
	cookie_handshake(1460);
	talk_in(ACK | PSH, .seq = 1, .ack = 1, .len = 300);
	talk_accepted();
	talk_received(300);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 301);
}

/* The handshake's ACK was lost: the first data is as good. */
TALK(cookie, ack_lost)
{
	talk.conf.syn_cookies = TCP_COOKIES_ALWAYS;
	talk_listen();
	cookie_handshake(1460);
	talk_advance(3 * SEC);
	talk_in(ACK | PSH, .seq = 1, .ack = 1, .len = 300);
	talk_accepted();
	talk_received(300);
	talk_skip(NULL);
}

TALK(cookie, forged_ack_rfc4987_3_6_tcp_13_05)
{
	talk.conf.syn_cookies = TCP_COOKIES_ALWAYS;
	talk_listen();
	cookie_handshake(1460);
	for (unsigned bit = 3; bit < 32; bit++) {
		uint32_t ack = 1 ^ 1u << bit;

		talk_in(ACK, .seq = 1, .ack = ack);
		talk_expect(RST, .seq = ack);
	}
	talk_in(ACK, .seq = 2, .ack = 1); /* another sequence number of the peer */
	talk_expect(RST, .seq = 1);
	talk_eq(talk_count(CNT_tcp_syn_cookies_invalid), 30);
	talk_eq(talk.tcp->n_tcb, 0);
	talk_no_event();
}

/* One peer's cookie is no good for another port. */
TALK(cookie, of_another_connection_rfc4987_3_6)
{
	talk.conf.syn_cookies = TCP_COOKIES_ALWAYS;
	talk_listen();
	cookie_handshake(1460);
	uint32_t iss = talk.conn[0].iss;

	talk_conn_new();
	talk.conn[1].iss = iss;
	talk.conn[1].iss_known = true;
	talk.conn[1].peer_iss = talk.conn[0].peer_iss;
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_expect(RST, .seq = 1);
	talk_eq(talk.tcp->n_tcb, 0);
}

TALK(cookie, ages_rfc4987_3_6)
{
	talk.conf.syn_cookies = TCP_COOKIES_ALWAYS;
	talk_listen();
	cookie_handshake(1460);
	talk_advance(PERIOD - 1 * SEC);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_conn_new();
	cookie_handshake(1460);
	talk_advance(2 * PERIOD + 1 * SEC);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_expect(RST, .seq = 1);
}

/* While none was sent, none is believed: an ACK gets its reset without a look. */
TALK(cookie, none_believed_in_quiet_times)
{
	talk_listen();
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_skip(NULL);
	talk_eq(talk_count(CNT_tcp_syn_cookies_invalid), 0);
}

/* A flood leaves nothing behind, and honest peers come in, those in the table too. */
TALK(cookie, flood_rfc4987_3_tcp_13_04)
{
	talk_established();
	talk_conn_new();
	fill_table();
	for (unsigned i = 0; i < 30; i++) {
		cookie_handshake(1460);
		talk_conn_new();
	}
	talk_eq(talk.tcp->n_half_open, talk.conf.half_open);
	talk_eq(talk.tcp->n_tcb, 1);
	cookie_handshake(1460);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_conn_use(1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_conn_use(0);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 10);
	talk_received(10);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 11);
}

/* The listener's own share is full. */
TALK(cookie, backlog_of_the_listener)
{
	talk.opts.backlog = 2;
	talk_listen();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	talk_conn_new();
	talk_in(SYN);
	talk_expect(SYN | ACK, .ack = 1);
	talk_conn_new();
	cookie_handshake(1460);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_eq(talk_drops(DROP_tcp_backlog), 0);
}

TALK(cookie, no_control_block_left)
{
	talk.conf.connections = 1;
	talk.conf.syn_cookies = TCP_COOKIES_ALWAYS;
	talk_listen();
	cookie_handshake(1460);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_conn_new();
	cookie_handshake(1460);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_expect(RST, .seq = 1);
	talk_eq(talk_drops(DROP_tcp_no_tcb), 1);
}

/* Sequence numbers go on growing with the periods (RFC 6528 section 1: old duplicates). */
TALK(cookie, grows_with_time_rfc6528_3)
{
	talk.conf.syn_cookies = TCP_COOKIES_ALWAYS;
	talk_listen();
	cookie_handshake(1460);
	uint32_t before = talk.conn[0].iss;

	talk_advance(2 * PERIOD);
	talk.conn[0].iss_known = false;
	cookie_handshake(1460);
	talk_check(seq_gt(talk.conn[0].iss, before));
}

#define ALL (WIRE_TCP_OPT_WSCALE | WIRE_TCP_OPT_TS | WIRE_TCP_OPT_SACKOK)

/* Window scale, SACK and ECN come back in the echo of our timestamp, as with Linux. */
TALK(cookie, options_in_the_timestamp)
{
	talk.conf.syn_cookies = TCP_COOKIES_ALWAYS;
	talk.conf.rcvbuf = 1 << 20;
	talk_listen();
	for (unsigned bits = 0; bits < 8; bits++) {
		bool sack = bits & 1, ecn = bits & 2, ws = bits & 4;

		talk_in(SYN | (ecn ? ECE | CWR : 0), .mss = 1460, .tsval = 1000, .sack_ok = sack,
			.wscale = ws ? 7 + 1 : 0, .wnd = 1000);
		const struct talk_out *o = talk_next_out();

		talk_check(o != NULL);
		talk_eq(o->o.has & ALL, (sack ? WIRE_TCP_OPT_SACKOK : 0u) | WIRE_TCP_OPT_TS |
						(ws ? WIRE_TCP_OPT_WSCALE : 0u));
		talk_eq((o->h.flags & ECE) != 0, ecn);
		talk_eq(o->o.tsecr, 1000);
		uint32_t tsval = o->o.tsval;

		talk_advance(10 * MS);
		talk_in(ACK, .seq = 1, .ack = 1, .tsval = 1010, .tsecr = tsval, .wnd = 1000);
		talk_accepted();
		uint32_t want =
			TF_TS | (sack ? TF_SACK : 0u) | (ecn ? TF_ECN : 0u) | (ws ? TF_WSCALE : 0u);

		talk_eq(talk_tcb()->flags & TCP_AGREED, want);
		talk_eq(talk_tcb()->snd_wnd, ws ? 128000 : 1000);
		/* The clock goes on from there: never back. */
		talk_send(10);
		o = talk_next_out();
		talk_check(o != NULL && seq_geq(o->o.tsval, tsval));
		talk_check(o->o.tsval - tsval <= 10 + 64);
		talk_conn_new();
	}
}

/* Without timestamps there is no room for them: none is agreed on. */
TALK(cookie, no_options_without_timestamps)
{
	talk.conf.syn_cookies = TCP_COOKIES_ALWAYS;
	talk_listen();
	talk_in(SYN | ECE | CWR, .mss = 1460, .sack_ok = true, .wscale = 8);
	talk_expect(SYN | ACK, .ack = 1, .without = ALL);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_eq(talk_tcb()->flags & TCP_AGREED, 0);
}

/* What we do not want is not switched on by an echo that was made up. */
TALK(cookie, forged_echo)
{
	talk.conf.syn_cookies = TCP_COOKIES_ALWAYS;
	talk.conf.sack = false;
	talk.conf.ecn = TCP_ECN_OFF;
	talk_listen();
	talk_in(SYN, .mss = 1460, .tsval = 1000);
	talk_expect(SYN | ACK, .ack = 1, .with = WIRE_TCP_OPT_TS);
	talk_in(ACK, .seq = 1, .ack = 1, .tsval = 1010, .tsecr = 0xffffffff);
	talk_accepted();
	talk_eq(talk_tcb()->flags & TCP_AGREED, TF_TS);
}
