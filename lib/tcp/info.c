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

/* ---- what held the sender up ---- */

static enum tcp_limit limit_now(const struct tcb *t)
{
	if (t->snd_una == t->snd_max && t->snd_queued == 0)
		return TCP_IDLE;
	if (t->nxt_seg == NULL)
		return t->flags & TF_WRITABLE ? TCP_SNDBUF_LIMITED : TCP_BUSY;
	return t->snd_una + t->snd_wnd - t->snd_nxt < t->mss ? TCP_RWND_LIMITED : TCP_BUSY;
}

static uint32_t chrono_ms(const struct tcp *tcp, const struct tcb *t, enum tcp_limit limit)
{
	uint32_t ms = t->limit_ms[limit - 1];

	if (t->xs != NULL && t->xs->chrono.limit == limit)
		ms += (uint32_t)((tcp->env->now_us - t->xs->chrono.since_us) / 1000);
	return ms;
}

static void chrono_set(struct tcp *tcp, struct tcb *t, enum tcp_limit limit)
{
	struct tcp_chrono *c = &t->xs->chrono;

	if (c->limit == limit)
		return;
	if (c->limit != TCP_IDLE)
		t->limit_ms[c->limit - 1] = chrono_ms(tcp, t, c->limit);
	c->limit = limit;
	c->since_us = tcp->env->now_us;
}

void tcp_chrono_update(struct tcp *tcp, struct tcb *t)
{
	chrono_set(tcp, t, limit_now(t));
}

void tcp_chrono_end(struct tcp *tcp, struct tcb *t)
{
	chrono_set(tcp, t, TCP_IDLE);
}

/* ---- struct tcp_info ---- */

static const char *cc_state(const struct tcb *t)
{
	if (t->flags & TF_LOSS)
		return "loss";
	if (t->flags & TF_RECOVERY)
		return "recovery";
	return t->cwnd < t->ssthresh ? "slow-start" : "avoidance";
}

static void info_busy(const struct tcb *t, struct tcp_info *i)
{
	const struct tcp_xs *x = t->xs;

	i->in_flight = tcp_pipe(t);
	i->sacked = x->loss.sacked;
	i->lost = x->loss.lost;
	i->min_rtt_us = x->rate.min_rtt_us;
	if (x->rate.last_interval_us != 0)
		i->delivery_rate =
			(uint64_t)x->rate.last_delivered * 1000000 / x->rate.last_interval_us;
	i->delivery_rate_limited = x->rate.last_limited;
	i->pacing_rate = x->pace.rate;
	if (t->cc == &tcp_cc_bbr) {
		struct tcp_bbr_info b;

		tcp_bbr_info(t, &b);
		i->model_bw = b.bw;
		i->model_rtt_us = b.min_rtt_us;
		if (!(t->flags & (TF_LOSS | TF_RECOVERY)))
			i->cc_state = b.mode;
	}
}

static void info_path(const struct tcp *tcp, const struct tcb *t, struct tcp_info *i)
{
	uint64_t now = tcp->env->now_us;

	i->cc = t->cc->name;
	i->cc_state = cc_state(t);
	i->busy_ms = chrono_ms(tcp, t, TCP_BUSY);
	i->rwnd_limited_ms = chrono_ms(tcp, t, TCP_RWND_LIMITED);
	i->sndbuf_limited_ms = chrono_ms(tcp, t, TCP_SNDBUF_LIMITED);
	/* As in Linux, busy is all of the time with data: limited or not. */
	i->busy_ms += i->rwnd_limited_ms + i->sndbuf_limited_ms;
	i->bytes_acked = t->bytes_sent - i->unacked;
	i->idle_tx_ms = t->last_tx_us != 0 ? (uint32_t)((now - t->last_tx_us) / 1000) : 0;
	i->idle_rx_ms = (uint32_t)((now - t->last_rx_us) / 1000);
	i->path_mtu = t->dst.mtu;
	i->rcv_mss = t->rcv_mss;
	i->snd_buf = t->snd_buf;
	i->rcv_buf = t->rcv_buf;
	i->backoff = t->backoff;
	i->snd_wscale = t->snd_wscale;
	i->rcv_wscale = t->rcv_wscale;
	i->timestamps = (t->flags & TF_TS) != 0;
	i->sack = (t->flags & TF_SACK) != 0;
	i->ecn = (t->flags & TF_ECN) != 0;
	i->fastopen = t->state != TCP_SYN_SENT && (t->flags & TF_FASTOPEN) != 0;
}

/* Urgent data that the application has not read, or that has not come (section 3.8.5, MUST-33). */
static uint32_t urgent_left(const struct tcb *t)
{
	uint64_t read = t->bytes_received - t->rcv_unread;

	return t->urgent_end > read ? (uint32_t)(t->urgent_end - read) : 0;
}

void tcp_info(const struct tcp *tcp, const struct tcb *t, struct tcp_info *i)
{
	uint32_t in_flight = RTE_MIN(t->snd_max - t->snd_una, t->snd_queued);

	if (!(t->flags & TF_SENDING)) /* what waits for the connection to open */
		in_flight = 0;
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
		.urgent = urgent_left(t),
		.retransmits = t->retransmits,
		.bytes_sent = t->bytes_sent,
		.bytes_received = t->bytes_received,
	};
	info_path(tcp, t, i);
	if (t->xs != NULL)
		info_busy(t, i);
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

/* ---- round trips ---- */

void tcp_rtt_summary(const struct tcp *tcp, struct tcp_rtt_summary *s)
{
	s->samples = 0;
	for (unsigned i = 0; i < TCP_RTT_BUCKETS; i++) {
		s->bucket[i] = __atomic_load_n(&tcp->rtt_hist[i], __ATOMIC_RELAXED);
		s->samples += s->bucket[i];
	}
}

uint64_t tcp_rtt_bucket_us(unsigned i)
{
	uint64_t four = (uint64_t)(5 + i % 4)
			<< (i / 4); /* 2^(i/4) * (1 + (i%4 + 1) / 4), times 4 */

	return (four + 3) / 4;
}

uint64_t tcp_rtt_quantile(const struct tcp_rtt_summary *s, unsigned permille)
{
	uint64_t below = 0, want = (s->samples * permille + 999) / 1000;

	for (unsigned i = 0; i < TCP_RTT_BUCKETS && s->samples != 0; i++) {
		below += s->bucket[i];
		if (below >= want && below != 0)
			return tcp_rtt_bucket_us(i);
	}
	return 0;
}
