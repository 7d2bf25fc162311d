/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * Pacing: a burst leaves at once, then nothing until its time at the rate is over; the block's timer
 * says when. A burst is what a millisecond carries, so that the cost a segment stays small, but no
 * more than one large segment of a card (64 KiB), so that no queue grows by it.
 */
#define BURST_US   1000
#define BURST_MAX  65536u
#define NS_PER_SEC UINT64_C(1000000000)

void tcp_pace_set(const struct tcp *tcp, struct tcb *t, uint64_t rate)
{
	struct tcp_pace *p = &t->xs->pace;
	uint64_t burst = rate / (1000000 / BURST_US);

	p->rate = likely(tcp->conf.pacing != TCP_PACING_FALSE) ? rate : 0;
	p->burst_max = (uint32_t)RTE_MIN(burst, (uint64_t)BURST_MAX);
}

/* What draft-cardwell-iccrg-bbr-congestion-control-00 section 4.2.2.2 calls the send quantum. */
uint32_t tcp_pace_burst(const struct tcb *t)
{
	const struct tcp_pace *p = &t->xs->pace;

	return RTE_MAX(p->burst_max, p->rate < 150000 ? t->mss : 2u * t->mss);
}

/* The burst is over: when may the next one begin? */
static void burst_end(struct tcp_pace *p)
{
	p->next_ns += (uint64_t)p->burst * NS_PER_SEC / p->rate;
	p->burst = 0;
	p->wake_us = (p->next_ns + 999) / 1000;
}

bool tcp_pace_go(struct tcp *tcp, struct tcb *t)
{
	struct tcp_pace *p = &t->xs->pace;
	uint64_t now_us = tcp->env->now_us;

	if (p->burst != 0 && p->burst >= p->burst_max)
		burst_end(p);
	if (p->wake_us > now_us) {
		tcp_timer_want(tcp, t, p->wake_us);
		return false;
	}
	p->wake_us = 0;
	/* A burst that was not used up within its time is paid for; a timer that was a little late is
	 * made up for. */
	if (p->next_ns + BURST_US * 1000 < now_us * 1000) {
		p->next_ns = now_us * 1000;
		p->burst = 0;
	}
	return true;
}

/* Without a model of the path: a little faster than a window each round trip, so that the window
 * stays the limit (twice in slow start, where it doubles). */
void tcp_pace_by_cwnd(const struct tcp *tcp, struct tcb *t)
{
	uint64_t rate = (uint64_t)t->cwnd * 1000000 / RTE_MAX(t->srtt_us, 1u);

	tcp_pace_set(tcp, t, t->cwnd < t->ssthresh / 2 ? 2 * rate : rate + rate / 5);
}
