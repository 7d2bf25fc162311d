/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * How fast the path delivers (draft-cheng-iccrg-delivery-rate-estimation-02): between the sending of
 * a segment and its acknowledgement so many bytes were delivered. The longer of the times that
 * sending and acknowledging took counts, so that neither bursts of ours nor compressed ACKs make
 * the path look faster than it is.
 */

#define RATE_MIN_RTT_S 300

/* Nothing is under way (RFC 6675 section 4): what goes on then begins a flight. */
static bool pipe_empty(const struct tcb *t)
{
	const struct tcp_loss *l = &t->xs->loss;

	return t->snd_max - t->snd_una + l->retrans == l->sacked + l->lost;
}

/* Section 3.2. */
void tcp_rate_sent(struct tcp *tcp, struct tcb *t, struct txseg *s)
{
	struct tcp_rate *r = &tcp_xs(tcp, t)->rate;
	uint32_t now = (uint32_t)tcp->env->now_us;

	if (unlikely(pipe_empty(t))) {
		r->first_us = now;
		r->delivered_us = now;
	} else if (unlikely(r->delivered == 0)) { /* after what left without a snapshot */
		r->first_us = t->una_seg != NULL ? t->una_seg->sent_us : now;
		r->delivered_us = r->first_us;
	}
	if (t->snd_una != t->snd_max)
		r->many_us = tcp->env->now_us;
	r->delivered += r->delivered == 0;
	s->delivered = r->delivered;
	s->delivered_us = r->delivered_us;
	s->first_us = r->first_us;
	s->flags |= TXSEG_RATE;
	if (unlikely(r->app_limited != 0))
		s->flags |= TXSEG_LIMITED;
	else
		s->flags &= (uint16_t)~TXSEG_LIMITED;
}

static void delivered(struct tcp *tcp, struct tcp_rate *r, uint32_t bytes)
{
	r->delivered += bytes;
	r->delivered += r->delivered == 0; /* it wraps; 0 means not begun */
	r->delivered_us = (uint32_t)tcp->env->now_us;
}

void tcp_rate_ahead(struct tcp *tcp, struct tcb *t, uint32_t bytes)
{
	struct tcp_rate *r = &t->xs->rate;

	r->ahead += bytes;
	delivered(tcp, r, bytes);
}

void tcp_rate_others(struct tcp *tcp, struct tcb *t, uint32_t bytes)
{
	struct tcp_rate *r = &t->xs->rate;
	uint32_t known = RTE_MIN(r->ahead, bytes);

	r->ahead -= known;
	delivered(tcp, r, bytes - known);
}

/* Section 3.3, for the segment of an ACK that was sent last. */
void tcp_rate_delivered(
	struct tcp *tcp, struct tcb *t, const struct txseg *s, struct tcp_ack_sample *a)
{
	struct tcp_rate *r = &t->xs->rate;

	uint32_t known = RTE_MIN(r->ahead, s->len);

	r->ahead -= known;
	delivered(tcp, r, s->len - known);
	if (!(s->flags & TXSEG_RATE))
		return;
	if (a->rate_any &&
		(seq_lt(s->delivered, a->rate_prior) ||
			(s->delivered == a->rate_prior && seq_lt(s->sent_us, a->rate_sent_us))))
		return;
	a->rate_any = true;
	a->rate_prior = s->delivered;
	a->rate_prior_us = s->delivered_us;
	a->rate_sent_us = s->sent_us;
	a->rate_send_us = s->sent_us - s->first_us;
	a->rate_app_limited = (s->flags & TXSEG_LIMITED) != 0;
	r->first_us = s->sent_us;
}

static void min_rtt_update(struct tcp *tcp, struct tcp_rate *r, uint32_t rtt_us)
{
	uint32_t now_s = (uint32_t)(tcp->env->now_us / 1000000);

	if (rtt_us != 0 && (r->min_rtt_us == 0 || rtt_us <= r->min_rtt_us ||
				   now_s - r->min_rtt_s > RATE_MIN_RTT_S)) {
		r->min_rtt_us = rtt_us;
		r->min_rtt_s = now_s;
	}
}

/* tcp_info() shows the path's rate rather than that of an application with little to say. */
static void last_keep(struct tcp_rate *r, const struct tcp_ack_sample *a)
{
	if (a->rate_app_limited && r->last_interval_us != 0 &&
		(uint64_t)a->rate_delivered * r->last_interval_us <
			(uint64_t)r->last_delivered * a->rate_interval_us)
		return;
	r->last_delivered = a->rate_delivered;
	r->last_interval_us = a->rate_interval_us;
	r->last_limited = a->rate_app_limited;
}

void tcp_rate_finish(struct tcp *tcp, struct tcb *t, struct tcp_ack_sample *a)
{
	struct tcp_rate *r = &t->xs->rate;

	tcp_chrono_update(tcp, t);
	min_rtt_update(tcp, r, a->rtt_us);
	if (unlikely(tcp->conf.pacing == TCP_PACING_TRUE) && !(t->cc->flags & TCP_CC_PACED))
		tcp_pace_by_cwnd(tcp, t);
	if (r->app_limited != 0 && seq_gt(r->delivered, r->app_limited))
		r->app_limited = 0;
	a->rate_interval_us = 0;
	if (!a->rate_any)
		return;
	uint32_t us = RTE_MAX(a->rate_send_us, r->delivered_us - a->rate_prior_us);

	/* Shorter than any round trip: a retransmission whose original was acknowledged. */
	if (us == 0 || us < r->min_rtt_us)
		return;
	a->rate_delivered = r->delivered - a->rate_prior;
	a->rate_interval_us = us;
	last_keep(r, a);
}

/* Section 3.4: all that may be sent is under way, and the window has room. */
void tcp_rate_app_limited(struct tcp *tcp, struct tcb *t)
{
	if (t->xs == NULL || t->xs->loss.lost > t->xs->loss.retrans)
		return;
	struct tcp_rate *r = &t->xs->rate;
	const struct tcp_loss *l = &t->xs->loss;
	uint32_t pipe = t->snd_max - t->snd_una + l->retrans - l->sacked - l->lost;

	if (r->delivered == 0 || pipe >= t->cwnd)
		return;
	r->app_limited = r->delivered + pipe;
	r->app_limited += r->app_limited == 0;
}
