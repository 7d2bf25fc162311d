/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * RACK (RFC 8985 section 6): what was sent well before something that has arrived is lost. Segments
 * sent once lie in the queue in the order of their sending, those sent again have a list in that
 * order: so only as many are looked at as are lost.
 */

#define REO_PERSIST 16 /* recoveries */
#define DUP_THRESH  3

static inline bool sent_after(uint32_t us, uint32_t end, uint32_t us2, uint32_t end2)
{
	return us == us2 ? seq_gt(end, end2) : (int32_t)(us - us2) > 0;
}

/* Did the ACK answer the first sending of s, and not the last? */
static bool answers_original(const struct tcp *tcp, const struct tcb *t, const struct txseg *s,
	const struct tcp_seg *ack)
{
	uint32_t ago = (uint32_t)tcp->env->now_us - s->sent_us;

	if (ack->has_ts) {
		uint32_t ts = (uint32_t)((tcp->env->now_us - ago) / 1000) + t->ts_off;

		if (seq_lt(ack->tsecr, ts))
			return true;
	}
	return ago < t->xs->rate.min_rtt_us;
}

void tcp_rack_delivered(
	struct tcp *tcp, struct tcb *t, const struct txseg *s, const struct tcp_seg *ack)
{
	struct tcp_loss *l = &t->xs->loss;
	uint32_t end = s->seq + s->len;

	/* Step 3: lower than what has arrived, and never sent again. */
	if (!l->fack_any || seq_gt(end, l->fack)) {
		l->fack = end;
		l->fack_any = true;
	} else if (seq_lt(end, l->fack) && !(s->flags & TXSEG_REXMT)) {
		l->reordering = true;
	}
	/* Step 2. */
	if (s->flags & TXSEG_REXMT && answers_original(tcp, t, s, ack))
		return;
	l->rack_rtt_us = (uint32_t)tcp->env->now_us - s->sent_us;
	if (!l->rack_any || sent_after(s->sent_us, end, l->rack_us, l->rack_end)) {
		l->rack_us = s->sent_us;
		l->rack_end = end;
		l->rack_any = true;
	}
}

/* Step 4: D-SACKs widen the window, at most once a round trip. */
void tcp_rack_window(struct tcb *t)
{
	struct tcp_loss *l = &t->xs->loss;

	if (l->round_any && seq_geq(t->snd_una, l->round_end))
		l->round_any = false;
	if (likely(!l->dsack) || l->round_any)
		return;
	l->round_any = true;
	l->round_end = t->snd_max;
	if (l->reo_mult < UINT8_MAX)
		l->reo_mult++;
	l->reo_persist = REO_PERSIST;
}

/* A quarter of the round trip, more if that was too little; nothing as long as no reordering was seen
 * and three segments have arrived, as with duplicate ACKs. */
static uint32_t reo_wnd(const struct tcb *t)
{
	const struct tcp_loss *l = &t->xs->loss;

	if (!l->reordering && (t->flags & (TF_RECOVERY | TF_LOSS) || l->n_sacked >= DUP_THRESH))
		return 0;
	return RTE_MIN((l->reo_mult + 1u) * (t->xs->rate.min_rtt_us / 4), t->srtt_us);
}

/* How long until s, sent before what has arrived, is lost; 0: it is. UINT32_MAX: it was sent later. */
static inline uint32_t patience(
	const struct tcp_loss *l, const struct txseg *s, uint32_t wnd, uint32_t now_us)
{
	if (!sent_after(l->rack_us, l->rack_end, s->sent_us, s->seq + s->len))
		return UINT32_MAX;
	int32_t left = (int32_t)(s->sent_us + l->rack_rtt_us + wnd - now_us);

	return left > 0 ? (uint32_t)left : 0;
}

/* Of those sent once: from walk on. */
static uint32_t detect_originals(struct tcb *t, uint32_t wnd, uint32_t now_us)
{
	struct tcp_loss *l = &t->xs->loss;
	struct txseg *s = l->walk != NULL ? l->walk : t->una_seg;
	uint32_t wait = UINT32_MAX;

	while (s != NULL && s != t->nxt_seg) {
		l->walk = s;
		if (s->flags & TXSEG_SACKED) {
			s = s->flags & TXSEG_RUN ? s->later : s->next;
			continue;
		}
		if (!(s->flags & (TXSEG_LOST | TXSEG_RETRANS))) {
			wait = patience(l, s, wnd, now_us);
			if (wait != 0)
				break;
			tcp_seg_lost(t, s);
		}
		s = s->next;
	}
	return wait != 0 ? wait : UINT32_MAX;
}

static uint32_t detect_retransmissions(struct tcb *t, uint32_t wnd, uint32_t now_us)
{
	struct tcp_loss *l = &t->xs->loss;
	struct txseg *s;

	while ((s = l->rexmt_first) != NULL) {
		uint32_t wait = patience(l, s, wnd, now_us);

		if (wait != 0)
			return wait;
		tcp_seg_lost(t, s);
	}
	return UINT32_MAX;
}

void tcp_rack_detect(struct tcp *tcp, struct tcb *t)
{
	struct tcp_loss *l = &t->xs->loss;
	uint32_t now = (uint32_t)tcp->env->now_us, wnd = reo_wnd(t), wait;

	l->reo_at = 0;
	if (!l->rack_any)
		return;
	wait = detect_originals(t, wnd, now);
	wait = RTE_MIN(wait, detect_retransmissions(t, wnd, now));
	if (wait == UINT32_MAX)
		return;
	/* Section 6.3: a little later, so that those sent soon after share the timer. */
	l->reo_at = tcp->env->now_us + wait + wnd / 8;
	tcp_timer_want(tcp, t, l->reo_at);
}
