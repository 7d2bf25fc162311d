/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

static const char *const state_names[TCP_STATE_MAX] = {
	[TCP_CLOSED] = "CLOSED",
	[TCP_SYN_SENT] = "SYN-SENT",
	[TCP_SYN_RECEIVED] = "SYN-RECEIVED",
	[TCP_ESTABLISHED] = "ESTABLISHED",
	[TCP_CLOSE_WAIT] = "CLOSE-WAIT",
	[TCP_FIN_WAIT_1] = "FIN-WAIT-1",
	[TCP_FIN_WAIT_2] = "FIN-WAIT-2",
	[TCP_CLOSING] = "CLOSING",
	[TCP_LAST_ACK] = "LAST-ACK",
};

const char *tcp_state_name(const struct tcb *t)
{
	return state_names[t->state];
}

void tcp_info(const struct tcp *tcp, const struct tcb *t, struct tcp_info *i)
{
	uint32_t in_flight = RTE_MIN(t->snd_max - t->snd_una, t->snd_queued);

	*i = (struct tcp_info){
		.state = tcp_state_name(t),
		.v6 = tcp_v6(t),
		.lip = t->key.l,
		.rip = t->key.r,
		.lport = t->key.lport,
		.rport = t->key.rport,
		.srtt_us = t->srtt_us,
		.rttvar_us = t->rttvar_us,
		.rto_us = t->rto_us,
		.cwnd = t->cwnd,
		.ssthresh = t->ssthresh,
		.snd_wnd = t->snd_wnd,
		.rcv_wnd = t->rcv_adv - t->rcv_nxt,
		.mss = t->mss,
		.unacked = in_flight,
		.unsent = t->snd_queued - in_flight,
		.unread = t->rcv_unread,
		.retransmits = t->retransmits,
		.bytes_sent = t->bytes_sent,
		.bytes_received = t->bytes_received,
	};
}

const struct tcb *tcp_next(const struct tcp *tcp, uint32_t *cursor)
{
	while (*cursor < tcp->conf.connections) {
		const struct tcb *t = &tcp->tcbs[(*cursor)++];

		if (t->state != TCP_CLOSED)
			return t;
	}
	return NULL;
}
