/* SPDX-License-Identifier: BSD-3-Clause */
#include "fastopen.h"
#include "tcp_priv.h"

/*
 * A segment for a connection in SYN-RECEIVED or later: the checks of RFC 9293 section 3.10.7.4 in
 * their order, with the mitigations of RFC 5961.
 */

static inline uint32_t rcv_wnd(const struct tcb *t)
{
	return t->rcv_adv - t->rcv_nxt;
}

/* Section 3.4: does the segment lie, at least in part, in the window? */
static bool seq_acceptable(const struct tcb *t, const struct tcp_seg *s)
{
	uint32_t len = seg_len(s), last = s->seq + len - 1;

	if (rcv_wnd(t) == 0)
		return len == 0 && s->seq == t->rcv_nxt;
	if (seq_geq(s->seq, t->rcv_nxt) && seq_lt(s->seq, t->rcv_adv))
		return true;
	return len > 0 && seq_geq(last, t->rcv_nxt) && seq_lt(last, t->rcv_adv);
}

/* RST in the window: RFC 5961 section 3.2. */
static void rst_input(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	if (s->seq != t->rcv_nxt) {
		tcp_challenge_ack(tcp, t);
		seg_drop(tcp, s, DROP_tcp_rst);
		return;
	}
	seg_done(tcp, s);
	tcp_count(tcp, CNT_tcp_resets_in);
	/* A simultaneous open is refused (section 3.10.7.4, second, SYN-RECEIVED); after both sides
	 * have closed a reset changes nothing for the application. */
	if (t->state == TCP_SYN_RECEIVED && t->flags & TF_FASTOPEN) {
		tcp_fastopen_reset(tcp);
		tcb_end(tcp, t, ECONNRESET);
	} else if (t->state == TCP_SYN_RECEIVED)
		tcb_end(tcp, t, ECONNREFUSED);
	else if (t->state == TCP_CLOSING || t->state == TCP_LAST_ACK)
		tcb_end(tcp, t, t->snd_una == t->snd_max ? 0 : ECONNRESET);
	else
		tcb_end(tcp, t, ECONNRESET);
}

/*
 * The application is told once of each stretch of urgent data, as soon as the pointer comes, which may
 * be before the data (MUST-31, MUST-32). The data itself is delivered in line (RFC 6093 section 6).
 * False: the connection is gone.
 */
static bool urgent_input(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	int32_t ahead = (int32_t)(s->seq + s->urp - t->rcv_nxt);
	int64_t end = (int64_t)t->bytes_received + ahead;

	if (t->state != TCP_ESTABLISHED && t->state != TCP_FIN_WAIT_1 && t->state != TCP_FIN_WAIT_2)
		return true;
	if (end <= (int64_t)RTE_MAX(t->urgent_end, t->bytes_received - t->rcv_unread) ||
		t->flags & TF_DETACHED)
		return true;
	t->urgent_end = (uint64_t)end;
	tcp_count(tcp, CNT_tcp_urgent_in);
	if (tcp->up->urgent != NULL)
		tcp->up->urgent(tcp->up_ctx, t, ahead > 0 ? (uint32_t)ahead : 0);
	if (t->state != TCP_CLOSED)
		return true;
	seg_done(tcp, s);
	return false;
}

/* A segment that a shut window keeps out: its ACK and URG are looked at all the same (MUST-66 and the
 * "special allowance" of section 3.10.7.4), its data is not. */
static void shut_out(struct tcp *tcp, struct tcb *t, const struct tcp_seg *s)
{
	struct tcp_seg ack_only = *s;

	ack_only.len = 0;
	ack_only.flags &= (uint8_t)~WIRE_TCP_FIN;
	if (tcp_ack_process(tcp, t, &ack_only) != TCP_OK)
		return;
	if (s->flags & WIRE_TCP_URG && !urgent_input(tcp, t, &ack_only))
		return;
	seg_drop(tcp, s, DROP_tcp_wnd);
}

/* Outside the window: an ACK tells the peer where we are. */
static void unacceptable(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	bool shut = rcv_wnd(t) == 0 && s->seq == t->rcv_nxt; /* else it would have been taken */

	if (s->flags & WIRE_TCP_RST) {
		if (shut) /* with text: MUST-66, SHLD-2 */
			rst_input(tcp, t, s);
		else
			seg_drop(tcp, s, DROP_tcp_rst);
		return;
	}
	if (s->flags & WIRE_TCP_SYN) {
		tcp_challenge_ack(tcp, t); /* RFC 5961 section 4.2: whatever the sequence number */
		seg_drop(tcp, s, DROP_tcp_flags);
		return;
	}
	if (seq_lt(s->seq, t->rcv_nxt) && s->len != 0 && seq_leq(s->seq + s->len, t->rcv_nxt))
		tcp_dsack_note(tcp, t, s->seq, s->seq + s->len);
	/* Two sides that believe in different numbers would answer such segments for ever. */
	if (s->len != 0 || tcp_answer_allowed(tcp, t))
		tcp_ack_now(tcp, t);
	if (shut && s->flags & WIRE_TCP_ACK)
		shut_out(tcp, t, s);
	else
		seg_drop(tcp, s, seq_lt(s->seq, t->rcv_nxt) ? DROP_tcp_dup : DROP_tcp_seq);
}

/* The peer's SYN,ACK of a simultaneous open (section 3.5, figure 8): its SYN was counted before. */
static void crossed_synack(const struct tcb *t, struct tcp_seg *s)
{
	if ((s->flags & (WIRE_TCP_SYN | WIRE_TCP_ACK | WIRE_TCP_RST)) !=
			(WIRE_TCP_SYN | WIRE_TCP_ACK) ||
		s->seq != t->irs)
		return;
	s->flags &= (uint8_t) ~(WIRE_TCP_SYN | WIRE_TCP_ECE);
	s->seq++;
	s->wnd >>= t->snd_wscale; /* that of a SYN is not scaled (RFC 7323 section 2.2) */
}

/* The peer's SYN once more, of either kind of open; true: s is used up. */
static bool syn_received_syn(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	if (t->flags & TF_FASTOPEN)
		return tcp_fastopen_syn_again(tcp, t, s);
	crossed_synack(t, s);
	return false;
}

/* SYN-RECEIVED after a simultaneous open: our SYN must be acknowledged. */
static bool syn_received_ack(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	if (t->flags & TF_FASTOPEN)
		return tcp_fastopen_established(tcp, t, s);
	if (s->ack != t->iss + 1) {
		tcp_reply_rst(tcp, s);
		seg_drop(tcp, s, DROP_tcp_ack);
		return false;
	}
	t->state = TCP_ESTABLISHED;
	t->snd_una = s->ack;
	t->snd_nxt = s->ack;
	t->snd_wnd = seg_wnd(t, s);
	t->snd_wl1 = s->seq;
	t->snd_wl2 = s->ack;
	t->rexmt_at = TCP_NEVER;
	t->rexmt_since = 0;
	t->backoff = 0;
	tcb_established(tcp, t);
	if (t->nxt_seg != NULL) /* of tcp_connect() */
		tcp_out_add(tcp, t);
	if (!(t->flags & TF_DETACHED)) /* closed while it was opening */
		tcp->up->connected(tcp->up_ctx, t);
	if (t->state != TCP_CLOSED)
		return true;
	seg_done(tcp, s);
	return false;
}

/* Cuts what was received before and what lies beyond the window. */
static void seg_trim(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	if (unlikely(seq_lt(s->seq, t->rcv_nxt))) {
		uint32_t n = RTE_MIN(t->rcv_nxt - s->seq, s->len);

		tcp_dsack_note(tcp, t, s->seq, s->seq + n);
		s->p->m = tcp_trim_front(tcp, s->p->m, n);
		s->seq += n;
		s->len -= n;
	}
	if (unlikely(seq_gt(s->seq + s->len, t->rcv_adv))) {
		uint32_t n = s->seq + s->len - t->rcv_adv;

		tcp_trim_tail(tcp, s->p->m, n);
		s->len -= n;
		s->flags &= (uint8_t)~WIRE_TCP_FIN;
		tcp_ack_now(tcp, t); /* the peer believes in a larger window than there is */
	}
}

/* Has our FIN been acknowledged? Moves on; false if the connection is gone. */
static bool fin_acked(struct tcp *tcp, struct tcb *t)
{
	if (!(t->flags & TF_FIN_SENT) || t->snd_una != t->snd_max)
		return true;
	switch (t->state) {
	case TCP_FIN_WAIT_1:
		t->state = TCP_FIN_WAIT_2;
		if (t->flags & TF_DETACHED) {
			t->close_at = tcp->env->now_us + tcp->conf.fin_wait2_us;
			tcp_timer_want(tcp, t, t->close_at);
			tcb_report_end(tcp, t, 0); /* if it is lingered for */
		}
		return true;
	case TCP_CLOSING:
		tcp_time_wait_enter(tcp, t);
		return false;
	case TCP_LAST_ACK:
		tcp_count(tcp, CNT_tcp_closed);
		tcb_end(tcp, t, 0);
		return false;
	default:
		return true;
	}
}

/* New data for a connection that the application has closed: SHLD-3, RFC 9293 section 3.6.1. */
static bool data_after_close(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	if (!(t->flags & TF_DETACHED) || s->len == 0 || seq_leq(s->seq + s->len, t->rcv_nxt))
		return false;
	seg_drop(tcp, s, DROP_tcp_closed);
	tcp_abort_report(tcp, t, ECONNRESET);
	return true;
}

static void payload_input(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	if (seg_len(s) == 0) {
		seg_done(tcp, s);
		return;
	}
	if (t->state != TCP_ESTABLISHED && t->state != TCP_FIN_WAIT_1 &&
		t->state != TCP_FIN_WAIT_2) {
		tcp_ack_now(tcp, t); /* the FIN again, or data behind it: ignored */
		seg_drop(tcp, s, DROP_tcp_closed);
		return;
	}
	if (unlikely(data_after_close(tcp, t, s)))
		return;
	s->p->m = tcp_trim_front(tcp, s->p->m, s->p->l4_off + s->hlen);
	seg_trim(tcp, t, s);
	tcp_data_process(tcp, t, s);
}

static void opts_parse(const struct tcb *t, struct tcp_seg *s, struct wire_tcp_opts *o)
{
	const uint8_t *hdr = rte_pktmbuf_mtod_offset(s->p->m, const uint8_t *, s->p->l4_off);

	s->opts = NULL;
	s->has_ts = false;
	if (s->hlen == WIRE_TCP_LEN)
		return;
	wire_tcp_opts_parse(hdr + WIRE_TCP_LEN, s->hlen - WIRE_TCP_LEN, o);
	s->opts = o;
	s->has_ts = t->flags & TF_TS && o->has & WIRE_TCP_OPT_TS;
	s->tsval = o->tsval;
	s->tsecr = o->tsecr;
}

/* After so long an idle time the last timestamp says nothing: the peer's clock may have wrapped (RFC
 * 7323 section 5.5). */
#define TS_OUTDATED_US (24 * 86400 * UINT64_C(1000000))

/*
 * Protection against wrapped sequence numbers (RFC 7323 section 5.3, R1). Not of resets, nor of a SYN,
 * which gets its own answer. A pure ACK that another has overtaken is no reason for an ACK: the
 * peer would take that for a duplicate.
 */
static bool paws_ok(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	if (s->flags & (WIRE_TCP_RST | WIRE_TCP_SYN))
		return true;
	if (unlikely(!s->has_ts)) { /* section 3.2: SHOULD be dropped silently */
		seg_drop(tcp, s, DROP_tcp_no_ts);
		return false;
	}
	if (likely(seq_geq(s->tsval, t->ts_recent)) ||
		tcp->env->now_us - t->last_rx_us > TS_OUTDATED_US)
		return true;
	if ((seg_len(s) != 0 || s->seq != t->rcv_nxt) && tcp_answer_allowed(tcp, t))
		tcp_ack_now(tcp, t);
	seg_drop(tcp, s, DROP_tcp_paws);
	return false;
}

void tcp_segment_input(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	struct wire_tcp_opts o;

	opts_parse(t, s, &o);
	if (unlikely(t->state == TCP_SYN_RECEIVED) && syn_received_syn(tcp, t, s))
		return;
	if (t->flags & TF_TS && unlikely(!paws_ok(tcp, t, s)))
		return;
	if (unlikely(!seq_acceptable(t, s))) {
		unacceptable(tcp, t, s);
		return;
	}
	if (unlikely(s->flags & (WIRE_TCP_RST | WIRE_TCP_SYN))) {
		if (s->flags & WIRE_TCP_RST) {
			rst_input(tcp, t, s);
			return;
		}
		tcp_challenge_ack(tcp, t); /* RFC 5961 section 4.2 */
		seg_drop(tcp, s, DROP_tcp_flags);
		return;
	}
	if (unlikely(!(s->flags & WIRE_TCP_ACK))) {
		seg_drop(tcp, s, DROP_tcp_flags);
		return;
	}
	if (s->has_ts && seq_leq(s->seq, t->rcv_acked)) /* RFC 7323 section 4.3 */
		t->ts_recent = s->tsval;
	if (unlikely(t->flags & TF_ECN))
		tcp_ecn_input(tcp, t, s);
	else
		s->flags &= (uint8_t) ~(WIRE_TCP_ECE | WIRE_TCP_CWR);
	t->last_rx_us = tcp->env->now_us;
	t->keepalive_sent = 0;
	if (unlikely(t->state == TCP_SYN_RECEIVED) && !syn_received_ack(tcp, t, s))
		return;
	if (tcp_ack_process(tcp, t, s) != TCP_OK)
		return;
	if (unlikely(s->opts != NULL && s->opts->has & WIRE_TCP_OPT_UTO))
		tcp_uto_adopt(tcp, t, s->opts->uto);
	if (unlikely(t->flags & TF_FIN_SENT) && !fin_acked(tcp, t)) {
		seg_done(tcp, s);
		return;
	}
	if (unlikely(s->flags & WIRE_TCP_URG) && !urgent_input(tcp, t, s))
		return;
	payload_input(tcp, t, s);
}
