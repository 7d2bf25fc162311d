/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

#include "auth.h"

/*
 * Peers with a key: TCP-AO (RFC 5925) and MD5 (RFC 2385). The peer of these tests has no key of its own:
 * what is proven here is that nothing of it is believed. Signatures are tests/unit/tcp/test_auth.c and
 * tests/interop/test_signed.py.
 */
static struct tcp_auth_key key_of(uint8_t alg)
{
	struct tcp_auth_key k = {.v6 = talk.v6,
		.plen = talk.v6 ? 128 : 32,
		.peer = talk.rip,
		.alg = alg,
		.send_id = 1,
		.recv_id = 2,
		.len = 6,
		.key = "secret"};

	return k;
}

static void key_add(uint8_t alg)
{
	struct tcp_auth_key k;

	talk_up();
	k = key_of(alg);
	talk_eq(tcp_auth_key_add(talk.tcp, &k), 0);
}

/* The connection that is open is signed from now on. */
static void guard(uint8_t alg)
{
	struct tcb *t = talk_tcb();

	key_add(alg);
	talk_check(tcp_auth_begin(talk.tcp, t, tcp_auth_find(talk.tcp, talk.v6, &t->key)));
	tcp_auth_conn_open(talk.tcp, t->auth, talk.v6, &t->key, t->irs);
	talk.lenient = true;
}

static const uint8_t algs[] = {TCP_AUTH_HMAC_SHA1, TCP_AUTH_AES_CMAC, TCP_AUTH_MD5};

/* RFC 5925 section 7.5, RFC 2385 section 2: a SYN without the option is dropped, silently. */
static void unsigned_syn(uint8_t alg)
{
	key_add(alg);
	talk_listen();
	talk_in(SYN, .mss = 1000);
	talk_expect_none();
	talk_eq(talk_drops(DROP_tcp_auth_missing), 1);
	talk_eq(talk.tcp->n_half_open, 0);
}

TALK(rules_signed, unsigned_syn_rfc5925_7_5)
{
	unsigned_syn(TCP_AUTH_HMAC_SHA1);
}

TALK(rules_signed, unsigned_syn_rfc2385_2)
{
	unsigned_syn(TCP_AUTH_MD5);
}

/* RFC 5925 section 7.5: nothing that is not signed changes anything, resets neither. */
static void unsigned_segments(uint8_t alg)
{
	uint32_t nxt;

	talk_established();
	guard(alg);
	nxt = talk_tcb()->rcv_nxt;
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_in(RST, .seq = 1);
	talk_in(RST | ACK, .seq = 1, .ack = 1);
	talk_in(FIN | ACK, .seq = 1, .ack = 1);
	talk_in(SYN, .seq = 500);
	talk_expect_none();
	talk_eq(talk_drops(DROP_tcp_auth_missing), 5);
	talk_eq(talk_tcb()->rcv_nxt, nxt);
	talk_state("ESTABLISHED");
	talk_no_event();
}

TALK(rules_signed, unsigned_segments_rfc5925_7_5)
{
	unsigned_segments(TCP_AUTH_AES_CMAC);
}

TALK(rules_signed, unsigned_segments_rfc2385_2)
{
	unsigned_segments(TCP_AUTH_MD5);
}

/* A signature of the right form that is wrong, and a KeyID that is none of the peer's. */
TALK(rules_signed, wrong_signature_rfc5925_7_5)
{
	static const uint8_t wrong[] = {29, 16, 2, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
			     unknown[] = {29, 16, 77, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

	talk_established();
	guard(TCP_AUTH_HMAC_SHA1);
	talk_in(RST, .seq = 1, .opts = wrong, .n_opts = sizeof(wrong));
	talk_in(RST, .seq = 1, .opts = unknown, .n_opts = sizeof(unknown));
	talk_expect_none();
	talk_eq(talk_drops(DROP_tcp_auth_bad), 1);
	talk_eq(talk_drops(DROP_tcp_auth_key), 1);
	talk_state("ESTABLISHED");
}

/* An attempt to a peer with a key: the SYN has the option's room, and no answer without it counts. */
TALK(rules_signed, unsigned_answers_to_a_syn_rfc5925_7_4)
{
	for (unsigned i = 0; i < RTE_DIM(algs); i++) {
		struct tcp_auth_key k;
		const struct talk_out *o;

		key_add(algs[i]);
		k = key_of(algs[i]);
		talk_connect();
		o = talk_next_out();
		talk_check(o != NULL && o->h.flags == SYN);
		talk_eq(o->h.hlen >= 20 + 4 + tcp_auth_room(&k), true);
		talk_in(SYN | ACK, .ack = 1, .mss = 1000);
		talk_in(RST | ACK, .ack = 1);
		talk_expect_none();
		talk_state("SYN-SENT");
		talk_eq(talk_drops(DROP_tcp_auth_missing), 2 * (i + 1));
		talk_abort();
		talk_eq(tcp_auth_key_del(talk.tcp, &k), 0);
		talk_run(0);
	}
}

static void frag_needed(uint32_t mtu, uint32_t seq)
{
	talk_icmp(WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_NEEDFRAG, mtu, seq);
}

/* RFC 5925 section 7.8: MUST default to ignore them in synchronized states. */
TALK(rules_signed, icmp_is_ignored_rfc5925_7_8)
{
	talk_established();
	talk_send(1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	guard(TCP_AUTH_HMAC_SHA1);
	uint16_t mss = talk_tcb()->mss;

	if (talk.v6) {
		talk_icmp(WIRE_ICMP6_UNREACH, WIRE_ICMP6_UNREACH_PORT, 0, 1);
		talk_icmp(WIRE_ICMP6_UNREACH, WIRE_ICMP6_UNREACH_ADMIN, 0, 1);
	} else {
		talk_icmp(WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_PORT, 0, 1);
		talk_icmp(WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_PROTO, 0, 1);
		frag_needed(600, 1);
	}
	talk_eq(talk_tcb()->mss, mss);
	talk_eq(talk_tcb()->soft_error, 0);
	talk_eq(talk_count(CNT_tcp_icmp_guarded), talk.v6 ? 2 : 3);
	talk_state("ESTABLISHED");
}

/* ... unless the administrator says otherwise, and not those that the section does not name. */
TALK4(rules_signed, icmp_is_heeded_rfc5925_7_8)
{
	talk.conf.ao_icmp = true;
	talk_established();
	talk_send(1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	guard(TCP_AUTH_HMAC_SHA1);
	frag_needed(600, 1);
	talk_check(talk_tcb()->mss < 600);
	talk_eq(talk_count(CNT_tcp_icmp_guarded), 0);
}

TALK(rules_signed, other_icmp_is_noted_rfc5925_7_8)
{
	talk_established();
	talk_send(1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	guard(TCP_AUTH_HMAC_SHA1);
	if (talk.v6)
		talk_icmp(WIRE_ICMP6_UNREACH, WIRE_ICMP6_UNREACH_ADDR, 0, 1);
	else
		talk_icmp(WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_HOST, 0, 1);
	talk_eq(talk_count(CNT_tcp_icmp_soft), 1);
	talk_eq(talk_count(CNT_tcp_icmp_guarded), 0);
}

/* RFC 2385 says nothing of ICMP: as without a key. */
TALK4(rules_signed, icmp_with_md5_rfc1191_6_4)
{
	talk_established();
	talk_send(1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 1000);
	guard(TCP_AUTH_MD5);
	frag_needed(600, 1);
	talk_check(talk_tcb()->mss < 600);
}
