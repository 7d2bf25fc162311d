/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/* The congestion controls there are, and what they have in common. */

static const struct tcp_cc_ops *const controls[] = {
	[TCP_CC_CUBIC] = &tcp_cc_cubic,
	[TCP_CC_NEWRENO] = &tcp_cc_newreno,
	[TCP_CC_DCTCP] = &tcp_cc_dctcp,
	[TCP_CC_BBR] = &tcp_cc_bbr,
};

const struct tcp_cc_ops *tcp_cc_find(const char *name)
{
	for (unsigned i = 0; i < RTE_DIM(controls); i++)
		if (strcmp(controls[i]->name, name) == 0)
			return controls[i];
	return NULL;
}

const struct tcp_cc_ops *tcp_cc_at(enum tcp_cc_id id)
{
	return controls[id];
}

const struct tcp_cc_ops *tcp_cc_configured(const struct tcp *tcp)
{
	return controls[tcp->conf.cc];
}

void tcp_cc_set(struct tcb *t, const struct tcp_cc_ops *cc)
{
	if (t->cc == cc)
		return;
	t->cc = cc;
	if (t->xs != NULL) {
		memset(t->xs->cc, 0, sizeof(t->xs->cc));
		t->xs->pace = (struct tcp_pace){0};
	}
}

uint32_t tcp_cc_initial_window(const struct tcp *tcp, const struct tcb *t)
{
	uint32_t most = RTE_MAX(2u * t->mss, 14600u);

	return RTE_MIN(tcp->conf.initial_window * t->mss, most);
}

void tcp_cc_init(struct tcp *tcp, struct tcb *t)
{
	t->cwnd = t->flags & TF_SYN_REXMT ? t->mss : tcp_cc_initial_window(tcp, t);
	t->ssthresh = TCP_SSTHRESH_MAX;
	t->bytes_acked = 0;
}

static void cwnd_lower(struct tcb *t, uint32_t to)
{
	if (t->cwnd <= to)
		return;
	if (t->ssthresh != TCP_SSTHRESH_MAX)
		t->ssthresh = RTE_MAX(t->ssthresh, t->cwnd / 4 * 3);
	t->cwnd = to;
	t->bytes_acked = 0;
}

void tcp_cc_idle(struct tcp *tcp, struct tcb *t)
{
	cwnd_lower(t, tcp_cc_initial_window(tcp, t));
}

void tcp_cc_shrink(struct tcp *tcp, struct tcb *t)
{
	cwnd_lower(t, RTE_MAX(t->cwnd / 2, tcp_cc_initial_window(tcp, t)));
}

uint32_t tcp_cc_flight(const struct tcb *t)
{
	return RTE_MIN(t->snd_max - t->snd_una, t->cwnd);
}

uint32_t tcp_cc_slow_start(struct tcb *t, uint32_t acked, uint32_t limit)
{
	uint32_t end = RTE_MIN(t->ssthresh, TCP_CWND_MAX);
	uint32_t room = end > t->cwnd ? end - t->cwnd : 0;
	uint32_t most = RTE_MIN(acked, limit * t->mss), grow = RTE_MIN(most, room);

	t->cwnd += grow;
	return most - grow;
}

void tcp_cc_avoid(struct tcb *t, uint32_t acked)
{
	t->bytes_acked += acked;
	if (t->bytes_acked >= t->cwnd) {
		t->bytes_acked -= t->cwnd;
		t->cwnd = RTE_MIN(t->cwnd + t->mss, TCP_CWND_MAX);
	}
}

void tcp_cc_nothing(struct tcp *tcp, struct tcb *t)
{
}
