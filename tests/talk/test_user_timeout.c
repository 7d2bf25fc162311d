/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

#include "wire_arp.h"
#include "wire_eth.h"

/* The user timeout (RFC 9293 section 3.9.1.1), its option (RFC 5482), and R1 (RFC 9293 section 3.8.3). */

#define UTO	  WIRE_TCP_OPT_UTO
#define OPT(g, s) ((const uint8_t[4]){28, 4, (g) << 7 | (s) >> 8, (s)&0xff})
#define MSS_OPT	  2, 4, 3, 0xe8

/* Not a microsecond too early or late, and nothing is said to the peer. */
static void ends_after(uint64_t start, uint64_t us)
{
	talk.lenient = true;
	talk_run(start + us - 1 - talk.env.now_us);
	talk_no_event();
	talk_run(1);
	talk_closed(ETIMEDOUT);
	talk_eq(talk.tcp->n_tcb, 0);
	talk_eq(talk_count(CNT_tcp_timeouts), 1);
}

TALK(user_timeout, data_not_acknowledged_rfc9293_3_9_1_1)
{
	uint64_t start;

	talk.opts.user_timeout_us = 20 * SEC;
	talk_established();
	talk_send(100);
	start = talk.env.now_us;
	ends_after(start, 20 * SEC);
}

TALK(user_timeout, configured_rfc9293_3_8_3)
{
	uint64_t start;

	talk.conf.user_timeout_us = 10 * SEC;
	talk_established();
	talk_advance(1000 * SEC); /* nothing is sent: nothing ends */
	talk_send(100);
	start = talk.env.now_us;
	ends_after(start, 10 * SEC);
}

/* It may be longer than R2, which does not hold then. */
TALK(user_timeout, longer_than_r2_rfc9293_3_8_3)
{
	uint64_t start;

	talk.conf.r2_us = 100 * SEC;
	talk.opts.user_timeout_us = 1000 * SEC;
	talk_established();
	talk_send(100);
	start = talk.env.now_us;
	ends_after(start, 1000 * SEC);
}

TALK(user_timeout, set_later_rfc9293_3_9_1_1)
{
	struct tcp_opts o = {.user_timeout_us = 30 * SEC};

	talk.lenient = true;
	talk_established();
	talk_send(100);
	talk_run(60 * SEC);
	talk_no_event();
	tcp_opts_set(talk.tcp, talk_tcb(), &o);
	talk_run(1);
	talk_closed(ETIMEDOUT);
}

/* Each progress starts it anew. */
TALK(user_timeout, progress_rfc9293_3_9_1_1)
{
	talk.lenient = true;
	talk.opts.user_timeout_us = 10 * SEC;
	talk_established();
	talk_send(3000);
	for (unsigned i = 0; i < 3; i++) {
		talk_run(9 * SEC);
		talk_in(ACK, .seq = 1, .ack = 1001 + 1000 * i);
	}
	talk_run(1000 * SEC);
	talk_no_event();
	talk_state("ESTABLISHED");
}

TALK(user_timeout, fin_not_acknowledged_rfc9293_3_9_1_1)
{
	uint64_t start;

	talk.opts.user_timeout_us = 15 * SEC;
	talk_established();
	talk_shutdown();
	start = talk.env.now_us;
	ends_after(start, 15 * SEC);
}

/* "For any state": of the SYN, too. */
TALK(user_timeout, syn_rfc9293_3_10_8)
{
	talk.lenient = true;
	talk.opts.user_timeout_us = 10 * SEC;
	talk_connect();
	talk_run(10 * SEC - 1);
	talk_no_event();
	talk_run(1);
	talk_closed(ETIMEDOUT);
}

static void shut(void)
{
	talk_established();
	talk_send(1000);
	talk_skip(NULL);
	talk_in(ACK, .seq = 1, .ack = 1001, .wnd = TALK_ZERO);
	talk_advance(3600 * SEC);
	talk_send(1000);
}

/* Probes of a shut window that nobody answers; the silence before does not count. */
TALK(user_timeout, probes_unanswered_rfc9293_3_8_6_1)
{
	uint64_t start;

	talk.opts.user_timeout_us = 10 * SEC;
	shut();
	start = talk.env.now_us;
	ends_after(start, 10 * SEC);
}

/* MUST-37: a peer that answers is waited for. */
TALK(user_timeout, probes_answered_must37_rfc9293_3_8_6_1)
{
	talk.lenient = true;
	talk.opts.user_timeout_us = 10 * SEC;
	shut();
	for (unsigned i = 0; i < 600; i++) {
		talk_run(1 * SEC);
		if (talk_skip(NULL) != 0)
			talk_in(ACK, .seq = 1, .ack = 1001, .wnd = TALK_ZERO);
	}
	talk_no_event();
	talk_run(11 * SEC);
	talk_closed(ETIMEDOUT);
}

/* The peer answers each probe, taking its octet or not, and opens nothing. Ends at a limit. */
static void stalls(uint64_t limit_us, bool takes)
{
	uint32_t ack = 1001;
	uint64_t start;

	talk.lenient = true;
	shut();
	start = talk.env.now_us;
	while (talk.env.now_us < start + limit_us) {
		talk_no_event();
		talk_run(RTE_MIN(1 * SEC, start + limit_us - talk.env.now_us));
		if (talk_skip(NULL) != 0)
			talk_in(ACK, .seq = 1, .ack = takes ? ++ack : ack, .wnd = TALK_ZERO);
	}
}

static void persist_dropped(void)
{
	talk_closed(ETIMEDOUT);
	talk_eq(talk.tcp->n_tcb, 0);
	talk_eq(talk_count(CNT_tcp_persist_drops), 1);
	talk_check(talk_count(CNT_tcp_resets_out) >= 1); /* one more for what comes later */
}

/* The operator, not TCP by itself, ends it. */
TALK(persist, configured_limit_rfc6429_4)
{
	talk.conf.persist_us = 60 * SEC;
	stalls(60 * SEC, false);
	talk_run(1 * MS);
	persist_dropped();
}

TALK(persist, octets_taken_one_by_one_rfc6429_4)
{
	talk.conf.persist_us = 60 * SEC;
	stalls(60 * SEC, true);
	talk_run(1 * MS);
	persist_dropped();
}

/* The peer takes the probe's octet and opens for no more than another, which is not worth a segment
 * (RFC 9293 section 3.8.6.2.1), then shuts again: its stall goes on. */
TALK(persist, opened_and_shut_before_data_rfc6429_4)
{
	uint32_t ack = 1001;
	uint64_t end;

	talk.lenient = true;
	talk.conf.persist_us = 60 * SEC;
	shut();
	end = talk.env.now_us + 60 * SEC;
	while (talk.env.now_us < end) {
		talk_no_event();
		talk_run(RTE_MIN(1 * SEC, end - talk.env.now_us));
		if (talk_skip(NULL) == 0)
			continue;
		talk_in(ACK, .seq = 1, .ack = ++ack, .wnd = 1);
		talk_eq(talk_skip(NULL), 0);
		talk_in(ACK, .seq = 1, .ack = ack, .wnd = TALK_ZERO);
	}
	talk_run(1 * MS);
	persist_dropped();
}

/* Closed by the application: nobody else would ever give it up (CVE-2008-4609). */
TALK(persist, closed_from_above_cve_2008_4609)
{
	talk.lenient = true;
	talk.conf.persist_us = 60 * SEC;
	shut();
	talk_close();
	for (unsigned i = 0; i < 61; i++) {
		talk_run(1 * SEC);
		if (talk_skip(NULL) > 0)
			talk_in(ACK, .seq = 1, .ack = 1001, .wnd = TALK_ZERO);
	}
	talk_eq(talk.tcp->n_tcb, 0);
	talk_eq(talk_count(CNT_tcp_persist_drops), 1);
}

TALK(persist, off_by_default_must37_rfc9293_3_8_6_1)
{
	stalls(10000 * SEC, false);
	talk_no_event();
	talk_state("ESTABLISHED");
}

/* Each opening starts it anew. */
TALK(persist, window_opened_in_between_rfc6429_4)
{
	talk.conf.persist_us = 60 * SEC;
	stalls(50 * SEC, false);
	talk_in(ACK, .seq = 1, .ack = 1001, .wnd = 1000);
	talk_eq(talk_skip(NULL), 1000);
	talk_in(ACK, .seq = 1, .ack = 2001, .wnd = TALK_ZERO);
	talk_send(1000);
	for (unsigned i = 0; i < 50; i++) {
		talk_run(1 * SEC);
		if (talk_skip(NULL) != 0)
			talk_in(ACK, .seq = 1, .ack = 2001, .wnd = TALK_ZERO);
	}
	talk_no_event();
	talk_in(ACK, .seq = 1, .ack = 2001, .wnd = 1000);
	talk_eq(talk_skip(NULL), 1000);
	talk_in(ACK, .seq = 1, .ack = 3001);
	talk_eq(talk_tcb()->snd_queued, 0);
}

/* Neither sent nor heeded unless configured. */
TALK(option, off_by_default_rfc5482_3_1)
{
	static const uint8_t syn[] = {MSS_OPT, 28, 4, 0x08, 0};

	talk.conf.user_timeout_us = 30 * SEC;
	talk_connect();
	talk_expect(SYN, .without = UTO);
	talk_in(SYN | ACK, .ack = 1, .opts = syn, .n_opts = sizeof(syn));
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_connected();
	talk_eq(talk_tcb()->user_timeout_s, 30);
}

static uint16_t sent_option(void)
{
	const struct talk_out *o = talk_next_out();

	talk_check(o != NULL && o->o.has & UTO);
	return o->o.uto;
}

/* Section 3.1: ADV_UTO is what is in force here: the application's, the configured, or R2. */
TALK(option, announced_on_syn_rfc5482_3_3)
{
	talk.conf.user_timeout_option = true;
	talk_connect();
	talk_eq(sent_option(), 924);
}

TALK(option, announced_in_minutes_rfc5482_3)
{
	talk.conf.user_timeout_option = true;
	talk.opts.user_timeout_us = 40000 * SEC;
	talk_connect();
	talk_eq(sent_option(), 0x8000 | 667);
}

TALK(option, announced_on_syn_ack_rfc5482_3_3)
{
	talk.conf.user_timeout_option = true;
	talk.conf.user_timeout_us = 50 * SEC;
	talk_listen();
	talk_in(SYN, .mss = 1000);
	talk_eq(sent_option(), 50);
}

/* What the peer announces, as value of the option, gives what is in force then. */
static void adopts(uint16_t value, uint16_t want_s)
{
	uint8_t syn[] = {MSS_OPT, 28, 4, (uint8_t)(value >> 8), (uint8_t)value};

	talk_listen();
	talk_in(SYN, .opts = syn, .n_opts = sizeof(syn));
	talk_check(talk_next_out() != NULL);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_eq(talk_tcb()->user_timeout_s, want_s);
}

/* Our timeout, the peer's option, and what comes of it: min(U_LIMIT, max(ADV_UTO, REMOTE_UTO, L_LIMIT)) */
static void option_adopts(uint32_t own_s, uint16_t value, uint32_t want_s)
{
	talk.conf.user_timeout_option = true;
	talk.conf.user_timeout_us = own_s * 1000000;
	adopts(value, want_s);
}

TALK(option, the_longer_is_adopted_rfc5482_3_1)
{
	option_adopts(50, 200, 200);
}

TALK(option, minutes_rfc5482_3)
{
	option_adopts(50, 0x8000 | 10, 600);
}

TALK(option, ours_is_longer_rfc5482_3_1)
{
	option_adopts(300, 200, 300);
}

TALK(option, never_below_100s_rfc5482_3_1)
{
	option_adopts(30, 40, 100);
}

TALK(option, upper_limit_rfc5482_3_1)
{
	option_adopts(30, 0xffff, 4294);
}

TALK(option, r2_is_ours_rfc5482_3_1)
{
	option_adopts(0, 200, 924);
}

/* Reserved: ignored. */
TALK(option, zero_seconds_ignored_rfc5482_3)
{
	option_adopts(30, 0, 30);
}

TALK(option, zero_minutes_ignored_rfc5482_3)
{
	option_adopts(30, 0x8000, 30);
}

/* CHANGEABLE is false where the application chose. */
TALK(option, not_over_the_applications_choice_rfc5482_3_1)
{
	talk.conf.user_timeout_option = true;
	talk.opts.user_timeout_us = 20 * SEC;
	adopts(500, 20);
}

TALK(option, of_a_syn_ack_rfc5482_3_3)
{
	static const uint8_t syn[] = {MSS_OPT, 28, 4, 0x07, 0xd0};

	talk.conf.user_timeout_option = true;
	talk_connect();
	talk_expect(SYN, .with = UTO);
	talk_in(SYN | ACK, .ack = 1, .opts = syn, .n_opts = sizeof(syn));
	talk_expect(ACK, .seq = 1, .ack = 1, .without = UTO);
	talk_connected();
	talk_eq(talk_tcb()->user_timeout_s, 2000);
}

/* On any segment; each one counts anew. */
TALK(option, of_a_later_segment_rfc5482_3_3)
{
	talk.conf.user_timeout_option = true;
	talk.conf.user_timeout_us = 50 * SEC;
	talk_established();
	talk_in(ACK, .seq = 1, .ack = 1, .opts = OPT(0, 1000), .n_opts = 4);
	talk_eq(talk_tcb()->user_timeout_s, 1000);
	talk_in(ACK, .seq = 1, .ack = 1, .opts = OPT(1, 2), .n_opts = 4);
	talk_eq(talk_tcb()->user_timeout_s, 120);
}

/* The peer asks for our link address, and so tells its own. */
static void peer_asks(void)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 2};
	struct wire_eth e = {.type = 0x0806};
	struct wire_arp a = {.op = WIRE_ARP_REQUEST, .spa = talk.rip.v4, .tpa = talk.lip.v4};
	uint8_t b[64];
	unsigned n;

	memset(e.dst, 0xff, sizeof(e.dst));
	memcpy(e.src, mac, sizeof(e.src));
	memcpy(a.sha, mac, sizeof(a.sha));
	n = wire_eth_emit(b, &e);
	talk_raw(b, n + wire_arp_emit(b + n, &a));
}

/* MUST-20 (a): from the third retransmission on the neighbour is doubted, and asked. */
TALK4(r1, negative_advice_must20_rfc9293_3_8_3)
{
	uint64_t asked;

	talk.neigh_learned = true;
	talk_up();
	peer_asks();
	talk_established();
	talk_advance(2 * SEC);
	talk_send(100);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_in(ACK, .seq = 1, .ack = 101); /* it is reachable */
	talk_send(100);
	talk_expect(ACK, .seq = 101, .ack = 1, .len = 100);
	asked = talk_count(CNT_arp_tx_requests);
	talk_expect_after(200 * MS, ACK, .seq = 101, .ack = 1, .len = 100);
	talk_expect_after(400 * MS, ACK, .seq = 101, .ack = 1, .len = 100);
	talk_advance(800 * MS - 1);
	talk_eq(talk_count(CNT_arp_tx_requests), asked);
	talk_run(1);
	talk_expect(ACK, .seq = 101, .ack = 1, .len = 100);
	talk_eq(talk_count(CNT_arp_tx_requests), asked + 1);
}
