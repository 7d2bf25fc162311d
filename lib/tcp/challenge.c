/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * Challenge ACKs are limited (RFC 5961 section 7) twice. First by connection, ten in five seconds as
 * the RFC has it, so that a peer learns nothing from being limited but how often it asked itself.
 * Then by core, where the budget of each second is drawn at random and mostly too large to be used
 * up by a few connections: nobody can count what others took of it (CVE-2016-5696).
 */
#define CONN_PERIOD_US 5000000
#define CONN_MOST      10

bool tcp_challenge_allowed(struct tcp *tcp)
{
	uint64_t now = tcp->env->now_us;

	if (now - tcp->challenge_window_us >= 1000000 || tcp->challenge_window_us == 0) {
		tcp->challenge_window_us = now;
		tcp->challenge_left = tcp->conf.challenge_rate / 2 +
				      rng_below(&tcp->env->rng, tcp->conf.challenge_rate + 1);
	}
	if (tcp->challenge_left == 0) {
		tcp_count(tcp, CNT_tcp_challenge_limited);
		return false;
	}
	tcp->challenge_left--;
	tcp_count(tcp, CNT_tcp_challenge_acks);
	return true;
}

bool tcp_answer_allowed(struct tcp *tcp, struct tcb *t)
{
	uint16_t period = (uint16_t)(tcp->env->now_us / CONN_PERIOD_US);

	if (t->answer_period != period) {
		t->answer_period = period;
		t->answers = 0;
	}
	if (t->answers >= CONN_MOST) {
		tcp_count(tcp, CNT_tcp_answers_limited);
		return false;
	}
	t->answers++;
	return true;
}

void tcp_challenge_ack(struct tcp *tcp, struct tcb *t)
{
	if (tcp_answer_allowed(tcp, t) && tcp_challenge_allowed(tcp))
		tcp_ack_now(tcp, t);
}
