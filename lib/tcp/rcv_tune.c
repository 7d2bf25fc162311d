/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * How large a receive window should be (dynamic right-sizing). A round is a whole announced window
 * received. When that takes no longer than about two round trips, the window is what holds the
 * sender up, or soon will be, and it is doubled, so that it follows a slow start; when it takes
 * longer, there is room enough. Only what the application consumes counts, and all connections of a
 * core together grow by no more than its packet buffers hold.
 */
#define RTT_MIN_US 500 /* below that the bursts of a poll are measured, not the path */

void tcp_rcv_round_begin(struct tcp *tcp, struct tcb *t)
{
	t->round_end = t->rcv_adv;
	t->round_us = (uint32_t)tcp->env->now_us;
}

/* The sender's own estimate where there is one, else the shortest round, which is too long at most. */
static uint32_t round_trip(struct tcb *t, uint32_t elapsed_us)
{
	if (t->rcv_rtt_us == 0 || elapsed_us < t->rcv_rtt_us)
		t->rcv_rtt_us = elapsed_us;
	return RTE_MAX(t->srtt_us != 0 ? t->srtt_us : t->rcv_rtt_us, (uint32_t)RTT_MIN_US);
}

void tcp_rcv_round_end(struct tcp *tcp, struct tcb *t)
{
	uint32_t elapsed_us = (uint32_t)tcp->env->now_us - t->round_us;
	uint32_t more = RTE_MIN(t->rcv_buf, t->rcv_buf_max - t->rcv_buf);

	tcp_rcv_round_begin(tcp, t);
	if (elapsed_us > 2 * round_trip(t, elapsed_us) || t->rcv_unread > t->rcv_buf / 2)
		return;
	if (tcp->rcv_grown + more > tcp->rcv_grown_max)
		return;
	tcp->rcv_grown += more;
	t->rcv_grown += more;
	t->rcv_buf += more;
	tcp_count(tcp, CNT_tcp_rcv_grown);
}

void tcp_rcv_tune_end(struct tcp *tcp, struct tcb *t)
{
	tcp->rcv_grown -= t->rcv_grown;
	t->rcv_grown = 0;
}
