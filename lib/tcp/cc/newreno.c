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

static void newreno_acked(struct tcp *tcp, struct tcb *t, uint32_t acked)
{
	if (t->cwnd < t->ssthresh) {
		t->cwnd += RTE_MIN(acked, (uint32_t)t->mss); /* section 3.1, (2) */
		return;
	}
	t->bytes_acked += acked; /* congestion avoidance by byte counting (RFC 3465) */
	if (t->bytes_acked >= t->cwnd) {
		t->bytes_acked -= t->cwnd;
		t->cwnd += t->mss;
	}
}

/* Equation (4): half the flight, two segments at the least. */
static uint32_t half_flight(const struct tcb *t, uint32_t flight)
{
	return RTE_MAX(flight / 2, 2u * t->mss);
}

static void newreno_loss(struct tcp *tcp, struct tcb *t, uint32_t flight)
{
	t->ssthresh = half_flight(t, flight);
	t->cwnd = t->ssthresh + 3 * t->mss; /* RFC 5681 section 3.2 step 3 */
	t->bytes_acked = 0;
}

static void newreno_dup_ack(struct tcp *tcp, struct tcb *t)
{
	t->cwnd += t->mss; /* section 3.2 step 4 */
}

static void newreno_partial(struct tcp *tcp, struct tcb *t, uint32_t acked)
{
	t->cwnd -= RTE_MIN(acked, t->cwnd); /* RFC 6582 section 3.2 step 3 */
	if (acked >= t->mss)
		t->cwnd += t->mss;
	t->cwnd = RTE_MAX(t->cwnd, (uint32_t)t->mss);
}

static void newreno_recovered(struct tcp *tcp, struct tcb *t, uint32_t flight)
{
	/* RFC 6582 section 3.2 step 3, full acknowledgement, option (1): no burst. */
	t->cwnd = RTE_MIN(t->ssthresh, RTE_MAX(flight, (uint32_t)t->mss) + t->mss);
	t->bytes_acked = 0;
}

static void newreno_timeout(struct tcp *tcp, struct tcb *t, uint32_t flight, int first)
{
	if (first)
		t->ssthresh = half_flight(t, flight);
	t->cwnd = t->mss; /* loss window */
	t->bytes_acked = 0;
}

static void newreno_idle(struct tcp *tcp, struct tcb *t)
{
	t->cwnd = RTE_MIN(t->cwnd, initial_window(tcp, t)); /* RFC 5681 section 4.1 */
}

const struct tcp_cc_ops tcp_cc_newreno = {
	.name = "newreno",
	.init = newreno_init,
	.acked = newreno_acked,
	.loss = newreno_loss,
	.dup_ack = newreno_dup_ack,
	.partial = newreno_partial,
	.recovered = newreno_recovered,
	.timeout = newreno_timeout,
	.idle = newreno_idle,
};
