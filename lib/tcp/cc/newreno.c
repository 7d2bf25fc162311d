/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/* RFC 5681 and RFC 6582: NewReno. */

static uint32_t initial_window(const struct tcp *tcp, const struct tcb *t)
{
	uint32_t iw = tcp->conf.initial_window * t->mss;
	uint32_t most = RTE_MAX(2u * t->mss, 14600u);

	return RTE_MIN(iw, most); /* RFC 6928 section 2 */
}

static void newreno_init(struct tcp *tcp, struct tcb *t)
{
	/* RFC 5681 section 3.1: a lost SYN or SYN,ACK means one segment. */
	t->cwnd = t->flags & TF_SYN_REXMT ? t->mss : initial_window(tcp, t);
	t->ssthresh = UINT32_MAX / 2;
	t->bytes_acked = 0;
}

static void newreno_acked(struct tcp *tcp, struct tcb *t, const struct tcp_ack_sample *a)
{
	if (t->cwnd < t->ssthresh) {
		t->cwnd += RTE_MIN(a->acked, (uint32_t)t->mss); /* section 3.1, (2) */
		return;
	}
	t->bytes_acked += a->acked; /* congestion avoidance by byte counting (RFC 3465) */
	if (t->bytes_acked >= t->cwnd) {
		t->bytes_acked -= t->cwnd;
		t->cwnd += t->mss;
	}
}

/* Equation (4): half the flight, two segments at the least. What limited transmit sent beyond cwnd
 * MUST NOT count (RFC 5681 section 3.2 step 2). */
static uint32_t newreno_ssthresh(struct tcp *tcp, struct tcb *t)
{
	uint32_t flight = RTE_MIN(t->snd_max - t->snd_una, t->cwnd);

	t->bytes_acked = 0;
	return RTE_MAX(flight / 2, 2u * t->mss);
}

static void newreno_nothing(struct tcp *tcp, struct tcb *t)
{
}

static void newreno_idle(struct tcp *tcp, struct tcb *t)
{
	t->cwnd = RTE_MIN(t->cwnd, initial_window(tcp, t)); /* RFC 5681 section 4.1 */
}

const struct tcp_cc_ops tcp_cc_newreno = {
	.name = "newreno",
	.init = newreno_init,
	.acked = newreno_acked,
	.ssthresh = newreno_ssthresh,
	.timeout = newreno_nothing,
	.recovered = newreno_nothing,
	.undo = newreno_nothing,
	.idle = newreno_idle,
};
