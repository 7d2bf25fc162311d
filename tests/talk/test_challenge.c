/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Limits of challenge ACKs: RFC 5961 section 7, and what CVE-2016-5696 taught. */

#define CONN_MOST   10 /* in 5 s: the RFC's own example */
#define CONN_PERIOD (5 * SEC)

static unsigned challenges(unsigned n)
{
	unsigned got = 0;

	for (unsigned i = 0; i < n; i++) {
		talk_in(RST, .seq = 2);
		while (talk_next_out() != NULL)
			got++;
	}
	return got;
}

TALK(challenge, ten_in_five_seconds_rfc5961_7_tcp_4_17)
{
	talk_established();
	talk_eq(challenges(100), CONN_MOST);
	talk_eq(talk_count(CNT_tcp_answers_limited), 90);
	talk_advance(CONN_PERIOD);
	talk_eq(challenges(100), CONN_MOST);
	talk_state("ESTABLISHED");
}

/* One connection's limit does not touch another's, nor the core's budget. */
TALK(challenge, of_each_connection_cve_2016_5696)
{
	talk.conf.challenge_rate = 1000;
	talk_established();
	talk_conn_new();
	talk_established();
	talk_conn_use(0);
	challenges(1000);
	talk_eq(talk_count(CNT_tcp_challenge_limited), 0);
	talk_conn_use(1);
	talk_eq(challenges(5), 5);
}

/* The core's budget differs from second to second: it cannot be counted down from outside. */
TALK(challenge, core_budget_is_random_cve_2016_5696)
{
	unsigned got[8], same = 0;

	talk.lenient = true;
	talk.conf.challenge_rate = 100;
	for (unsigned i = 0; i < 40; i++) {
		if (i > 0)
			talk_conn_new();
		talk_established();
	}
	for (unsigned k = 0; k < RTE_DIM(got); k++) {
		got[k] = 0;
		for (unsigned c = 0; c < 40; c++) {
			talk_conn_use(c);
			got[k] += challenges(CONN_MOST);
		}
		talk_check(got[k] >= 50 && got[k] <= 150);
		same += k > 0 && got[k] == got[k - 1];
		talk_run(CONN_PERIOD);
	}
	talk_check(same < RTE_DIM(got) - 1);
	talk_check(talk_count(CNT_tcp_challenge_limited) > 0);
}

/* Two sides that disagree on their numbers must not answer each other for ever. */
TALK(challenge, ack_loop_bounded)
{
	talk_established();
	unsigned n = 0;

	for (unsigned i = 0; i < 100; i++) {
		talk_in(ACK, .seq = 100000, .ack = 1);
		n += talk_next_out() != NULL;
	}
	talk_eq(n, CONN_MOST);
}

/* A keep-alive probe is answered however often one may reasonably come (section 3.8.4). */
TALK(challenge, keepalive_probes_answered_rfc9293_3_8_4)
{
	talk_established();
	for (unsigned i = 0; i < 30; i++) {
		talk_in(ACK, .seq = 0, .ack = 1);
		talk_expect(ACK, .seq = 1, .ack = 1);
		talk_advance(1 * SEC);
	}
}

/* ACKs of what was never sent, or of long ago (RFC 5961 section 5.2), have the same limit. */
TALK(challenge, blind_acks_rfc5961_5_2)
{
	talk_established();
	unsigned n = 0;

	for (unsigned i = 0; i < 50; i++) {
		talk_in(ACK, .seq = 1, .ack = 1000 + i, .len = 10);
		n += talk_next_out() != NULL;
	}
	talk_eq(n, CONN_MOST);
	talk_no_event();
	talk_eq(talk_drops(DROP_tcp_ack), 50);
}
