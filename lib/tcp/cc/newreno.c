/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/* RFC 5681 and RFC 6582: NewReno. */

static void newreno_acked(struct tcp *tcp, struct tcb *t, const struct tcp_ack_sample *a)
{
	uint32_t acked = a->acked;

	if (t->cwnd < t->ssthresh)
		acked = tcp_cc_slow_start(t, acked, 1); /* section 3.1, (2) */
	if (t->cwnd >= t->ssthresh)
		tcp_cc_avoid(t, acked);
}

/* Equation (4): half the flight, two segments at the least. */
static uint32_t newreno_ssthresh(struct tcp *tcp, struct tcb *t)
{
	t->bytes_acked = 0;
	return RTE_MAX(tcp_cc_flight(t) / 2, 2u * t->mss);
}

const struct tcp_cc_ops tcp_cc_newreno = {
	.name = "newreno",
	.init = tcp_cc_init,
	.acked = newreno_acked,
	.ssthresh = newreno_ssthresh,
	.timeout = tcp_cc_nothing,
	.recovered = tcp_cc_nothing,
	.undo = tcp_cc_nothing,
	.idle = tcp_cc_idle,
};
