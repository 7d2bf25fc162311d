/* SPDX-License-Identifier: BSD-3-Clause */
#include "fast_output.h"
#include "fast_train.h"
#include "tcp_priv.h"

/* What may be sent now (RFC 9293 section 3.8.6.2.1, RFC 5681), once per block and turn. */

#define CHAIN_MAX 32 /* stretches in one packet */
/* What is known of a stretch: to be sent again if it is TXSEG_LOST alone. */
#define SB_STATE (TXSEG_SACKED | TXSEG_LOST | TXSEG_RETRANS)

static uint32_t queue_end(const struct tcb *t)
{
	return t->tail_seg != NULL ? t->tail_seg->seq + t->tail_seg->len : t->snd_una;
}

/* Bytes that cwnd allows beside those under way (RFC 6675 section 5 (C)). A duplicate ACK or a SACK
 * block makes room: limited transmit (RFC 3042). */
static uint32_t cwnd_room(const struct tcb *t)
{
	uint32_t pipe = tcp_pipe(t);

	return t->cwnd > pipe ? t->cwnd - pipe : 0;
}

/* Bytes that the peer's window allows from seq on. */
static uint32_t wnd_room(const struct tcb *t, uint32_t seq)
{
	uint32_t edge = t->snd_una + t->snd_wnd;

	return seq_gt(edge, seq) ? edge - seq : 0;
}

/* Bytes that windows allow beyond snd_nxt. */
static uint32_t usable(const struct tcb *t)
{
	return RTE_MIN(cwnd_room(t), wnd_room(t, t->snd_nxt));
}

/* How much to send in the next packet, 0: not now. unsent is not 0. */
static uint32_t send_len(const struct tcb *t, uint32_t unsent, uint32_t room, uint32_t most)
{
	uint32_t len = RTE_MIN(unsent, room);

	if (len >= t->mss)
		return len < most ? len - len % t->mss : most;
	if (len == 0)
		return 0;
	if (seq_lt(t->snd_nxt, t->snd_max)) /* sent before */
		return len;
	if (len == unsent && !(t->flags & TF_MORE) &&
		(t->snd_una == t->snd_nxt || t->flags & (TF_NODELAY | TF_FIN_QUEUED)))
		return len; /* section 3.7.4: Nagle */
	if (len >= t->max_wnd / 2 && t->snd_una == t->snd_nxt)
		return len;
	return 0;
}

/* Collects whole stretches from nxt_seg on up to len bytes, cutting the last one if need be.
 * Returns their number, 0 without memory; *got: their bytes. */
static unsigned gather(struct tcp *tcp, struct tcb *t, uint32_t len, uint32_t *got)
{
	struct txseg *s = t->nxt_seg;
	unsigned n = 0;

	*got = 0;
	while (s != NULL && *got < len && n < CHAIN_MAX) {
		uint32_t left = len - *got;

		if (s->len > left && !txseg_split(tcp, t, s, (uint16_t)left))
			break;
		*got += s->len;
		n++;
		s = s->next;
	}
	return n;
}

/* Marks n new stretches as sent now; returns the last one. */
static struct txseg *mark_sent(struct tcp *tcp, struct tcb *t, unsigned n)
{
	struct txseg *s = t->nxt_seg, *last = s;

	for (; n-- > 0; s = s->next) {
		if (unlikely(s->flags & TXSEG_SENT)) { /* the probe's octet */
			s->flags |= TXSEG_REXMT;
			t->retransmits++;
			tcp_count(tcp, CNT_tcp_rexmt_segs);
		}
		s->sent_us = (uint32_t)tcp->env->now_us;
		if (t->xs != NULL)
			tcp_rate_sent(tcp, t, s);
		s->flags |= TXSEG_SENT;
		last = s;
	}
	t->nxt_seg = s;
	return last;
}

static void sent_up_to(struct tcp *tcp, struct tcb *t, uint32_t seq)
{
	t->snd_nxt = seq;
	if (seq_gt(seq, t->snd_max)) {
		uint32_t n = seq - t->snd_max;

		t->snd_max = seq;
		t->bytes_sent += n;
		count_add(&tcp->env->cnt, CNT_tcp_tx_bytes, n);
		if (t->xs != NULL)
			t->xs->loss.prr_out += n;
	}
	t->last_tx_us = tcp->env->now_us;
	if (t->rexmt_at == TCP_NEVER || t->flags & TF_PERSIST) { /* RFC 6298 (5.1) */
		t->flags &= ~TF_PERSIST;
		tcp_rexmt_arm(tcp, t);
	} else if (t->xs != NULL) {
		tcp_tlp_later(tcp, t);
	}
}

/* One packet of up to len bytes from nxt_seg on. false: no buffer, or the route failed. */
static bool send_data(struct tcp *tcp, struct tcb *t, uint32_t len)
{
	uint32_t got, seq = t->snd_nxt;
	struct txseg *first = t->nxt_seg;
	unsigned n = gather(tcp, t, len, &got);
	struct rte_mbuf *m = n != 0 ? tcp_xmit_data(tcp, first, n, got) : NULL;

	if (unlikely(m == NULL)) {
		if (t->rexmt_at == TCP_NEVER)
			tcp_rexmt_arm(tcp, t); /* tries again */
		return false;
	}
	if (t->snd_una != t->snd_max || got > t->mss)
		tcp_xs(tcp, t);
	struct txseg *last = mark_sent(tcp, t, n);
	unsigned flags = seq == t->snd_max ? WIRE_TCP_ACK | XMIT_NEW : WIRE_TCP_ACK;

	if (last->flags & TXSEG_PUSH || t->nxt_seg == NULL) /* MUST-61 */
		flags |= WIRE_TCP_PSH;
	uint32_t end = seq + got;

	if (unlikely(t->flags & TF_FIN_QUEUED && t->nxt_seg == NULL)) {
		flags |= WIRE_TCP_FIN;
		t->flags |= TF_FIN_SENT;
		end++;
	}
	sent_up_to(tcp, t, end);
	tcp_pace_sent(tcp, t, got);
	return tcp_xmit(tcp, t, m, seq, flags, got > t->mss ? t->mss : 0) != -EMSGSIZE;
}

/* The path became narrower than we know. */
static void mss_refresh(struct tcb *t)
{
	uint16_t mss = tcp_mss_send(t);

	if (mss < t->mss)
		t->mss = mss;
}

static void send_fin(struct tcp *tcp, struct tcb *t)
{
	uint32_t seq = queue_end(t);

	if (t->flags & TF_FIN_SENT && !(t->xs != NULL && t->xs->loss.fin_lost))
		return;
	if (tcp_xmit_ctl(tcp, t, seq, WIRE_TCP_FIN | WIRE_TCP_ACK) == -ENOBUFS) {
		if (t->rexmt_at == TCP_NEVER)
			tcp_rexmt_arm(tcp, t);
		return;
	}
	if (t->xs != NULL)
		tcp_fin_lost(t, false);
	t->flags |= TF_FIN_SENT;
	sent_up_to(tcp, t, seq + 1);
}

/* Stretches from s on that go into one packet of up to most bytes. */
static unsigned rexmt_gather(
	const struct tcb *t, const struct txseg *s, uint32_t most, uint32_t *len)
{
	unsigned n = 1;

	*len = s->len;
	for (s = s->next; s != t->nxt_seg && n < CHAIN_MAX; s = s->next) {
		if ((s->flags & SB_STATE) != TXSEG_LOST || *len + s->len > most)
			break;
		*len += s->len;
		n++;
	}
	return n;
}

/* What undo.c asks later. */
static void rexmt_note(struct tcp *tcp, struct tcb *t, uint32_t len)
{
	struct tcp_loss *l = &t->xs->loss;

	l->prr_out += len;
	l->undo_any = true;
	l->undo_left += len;
	if (!l->rexmt_ts_known) {
		l->rexmt_ts_known = true;
		l->rexmt_ts = tcp_ts_now(tcp, t->ts_off);
	}
}

/* Sends the stretch s again, together with lost ones behind it, in one packet of up to most bytes
 * (small ones are many: one hole a round trip may be much data). */
static int rexmt(struct tcp *tcp, struct tcb *t, struct txseg *s, uint32_t most)
{
	uint32_t len, seq = s->seq;

	if (s->len > t->mss && !txseg_split(tcp, t, s, t->mss))
		return -ENOBUFS;
	unsigned n = rexmt_gather(t, s, most, &len), segs = (len + t->mss - 1) / t->mss;
	struct rte_mbuf *m = tcp_xmit_data(tcp, s, n, len);
	uint8_t flags = WIRE_TCP_ACK;

	if (m == NULL)
		return -ENOBUFS;
	for (; n-- > 0; s = s->next) {
		s->sent_us = (uint32_t)tcp->env->now_us;
		tcp_rate_sent(tcp, t, s);
		tcp_seg_retrans(t, s);
		if (s->flags & TXSEG_PUSH)
			flags |= WIRE_TCP_PSH;
	}
	if (s == NULL && t->flags & TF_FIN_SENT) {
		flags |= WIRE_TCP_FIN;
		tcp_fin_lost(t, false);
	}
	rexmt_note(tcp, t, len);
	tcp_pace_sent(tcp, t, len);
	t->retransmits += segs;
	count_add(&tcp->env->cnt, CNT_tcp_rexmt_segs, segs);
	t->last_tx_us = tcp->env->now_us;
	if (t->rexmt_at == TCP_NEVER)
		tcp_rexmt_arm(tcp, t);
	return tcp_xmit(tcp, t, m, seq, flags, len > t->mss ? t->mss : 0);
}

/* The next stretch that is to be sent again. NULL: none, or not found within *steps more; then
 * next_lost is where to go on. */
static struct txseg *lost_next(struct tcb *t, unsigned *steps)
{
	struct tcp_loss *l = &t->xs->loss;
	struct txseg *s = l->next_lost;

	while (s != NULL && s != t->nxt_seg && (s->flags & SB_STATE) != TXSEG_LOST) {
		if (unlikely(*steps == 0)) {
			l->next_lost = s;
			return NULL;
		}
		--*steps;
		s = s->flags & TXSEG_SACKED && s->flags & TXSEG_RUN ? s->later : s->next;
	}
	l->next_lost = s != t->nxt_seg ? s : NULL;
	return l->next_lost;
}

/* What was lost, before anything new (RFC 6675 section 5 (C), NextSeg rule (1)). false: it stays so
 * until something changes. */
static bool send_lost(struct tcp *tcp, struct tcb *t, uint32_t most)
{
	unsigned steps = TCP_SACK_STEPS;
	struct txseg *s;

	if (t->xs->loss.frto_new)
		return true; /* RFC 5682 section 2.1 (2b): new data tells more */
	while ((s = lost_next(t, &steps)) != NULL) {
		uint32_t len = RTE_MIN(s->len, t->mss), room = cwnd_room(t);
		uint32_t wnd = wnd_room(t, s->seq);

		/* Not beyond the window, if the peer took some of it back (section 3.8.6, SHLD-16);
		 * but for the head, which then is the probe. */
		if (s == t->una_seg)
			wnd = RTE_MAX(wnd, len);
		room = RTE_MIN(room, wnd);
		if (room < len || !tcp_pace_ready(tcp, t))
			return false;
		if (rexmt(tcp, t, s, RTE_MIN(RTE_MAX(room - room % t->mss, len), most)) < 0) {
			if (t->rexmt_at == TCP_NEVER)
				tcp_rexmt_arm(tcp, t);
			mss_refresh(t);
			return false;
		}
	}
	if (likely(t->xs->loss.next_lost == NULL))
		return true;
	tcp_count(tcp, CNT_tcp_sack_limited);
	tcp_out_add(tcp, t); /* goes on in the next turn */
	return false;
}

/* The last stretch that was sent, and has not arrived as far as we know. */
static struct txseg *tail_sent(const struct tcb *t)
{
	const struct tcp_loss *l = &t->xs->loss;
	struct txseg *s = l->top != NULL ? l->top->next : t->una_seg, *last = NULL;

	for (; s != NULL && s != t->nxt_seg; s = s->next)
		last = s;
	return last;
}

/* Its last segment, if it is longer than one. */
static struct txseg *tail_cut(struct tcp *tcp, struct tcb *t, struct txseg *s)
{
	if (s->len <= t->mss)
		return s;
	return txseg_split(tcp, t, s, (uint16_t)(s->len - t->mss)) ? s->next : NULL;
}

bool tcp_send_tail(struct tcp *tcp, struct tcb *t, bool *again)
{
	if (t->nxt_seg != NULL && t->flags & TF_SENDING) {
		uint32_t len = RTE_MIN(queue_end(t) - t->snd_nxt, (uint32_t)t->mss);

		if (wnd_room(t, t->snd_nxt) >= len)
			return send_data(tcp, t, len);
	}
	struct txseg *s = tail_sent(t);

	*again = true;
	if (s != NULL) {
		s = tail_cut(tcp, t, s);
		return s != NULL && rexmt(tcp, t, s, t->mss) != -ENOBUFS;
	}
	return t->flags & TF_FIN_SENT &&
	       tcp_xmit_ctl(tcp, t, t->snd_max - 1, WIRE_TCP_FIN | WIRE_TCP_ACK) != -ENOBUFS;
}

/* In recovery, with nothing known to be lost and nothing new: the tail may be missing (RFC 6675
 * section 5, NextSeg rule (4)). */
static void rescue(struct tcp *tcp, struct tcb *t)
{
	struct tcp_loss *l = &t->xs->loss;
	struct txseg *s = tail_sent(t);

	if (l->rescued || s == NULL || s->flags & SB_STATE || cwnd_room(t) < t->mss)
		return;
	l->rescued = true;
	s = tail_cut(tcp, t, s);
	if (s != NULL)
		rexmt(tcp, t, s, t->mss);
}

/* One segment larger than the path MTU that is known, to see whether it passes (RFC 4821 section 7). */
static void send_mtu_probe(struct tcp *tcp, struct tcb *t)
{
	uint32_t before = t->snd_nxt;
	uint16_t len = tcp_pmtu_probe_len(tcp, t, queue_end(t) - t->snd_nxt, usable(t));
	uint16_t mss = t->mss;

	if (len == 0 || !tcp_pace_ready(tcp, t))
		return;
	tcp_xs(tcp, t); /* its acknowledgement is the general path's */
	t->mss = len;
	send_data(tcp, t, len);
	t->mss = mss;
	if (t->snd_nxt - before == len)
		tcp_pmtu_probe_sent(tcp, t, len);
}

/* Out of line, or its registers crowd out those of the short way. */
static __rte_noinline void send_queue(struct tcp *tcp, struct tcb *t)
{
	const struct net_ifc *ifc = net_ifc_get(tcp->net, t->dst.ifc);
	uint32_t most = t->mss;

	if (ifc != NULL && !(t->flags & (TF_SIGNED | TF_URGENT)) && ifc->tso_max > t->mss &&
		ifc->offloads & NET_TX_MULTI_SEGS)
		most = ifc->tso_max - ifc->tso_max % t->mss;
	if (t->snd_una == t->snd_max && t->last_tx_us != 0 &&
		tcp->env->now_us - t->last_tx_us > t->rto_us)
		t->cc->idle(tcp, t);
	if (unlikely(t->xs != NULL && t->xs->loss.next_lost != NULL) && !send_lost(tcp, t, most))
		return;
	if (unlikely(t->pmtu != 0 && t->nxt_seg != NULL))
		send_mtu_probe(tcp, t);
	while (t->nxt_seg != NULL) {
		uint32_t room = usable(t);

		if (most == t->mss && train_expected(t, room)) {
			uint32_t n = tcp_train_send(tcp, t, room);

			if (n != 0) {
				sent_up_to(tcp, t, t->snd_nxt + n);
				continue;
			}
		}
		uint32_t len = send_len(t, queue_end(t) - t->snd_nxt, room, most);

		if (len == 0 || !tcp_pace_ready(tcp, t))
			break;
		if (!send_data(tcp, t, len)) {
			mss_refresh(t);
			return;
		}
	}
	if (t->nxt_seg != NULL)
		return;
	tcp_rate_app_limited(tcp, t);
	if (unlikely((t->flags & (TF_RECOVERY | TF_SACK)) == (TF_RECOVERY | TF_SACK)))
		rescue(tcp, t);
	if (unlikely(t->flags & TF_FIN_QUEUED))
		send_fin(tcp, t);
}

/* The stall goes on if nothing but probes was sent since it began: octets that the peer takes of them
 * one by one do not open its window. */
static void persist_begin(struct tcp *tcp, struct tcb *t)
{
	uint32_t sent_ms = (uint32_t)(t->last_tx_us / 1000);

	if ((int32_t)(sent_ms - t->persist_ms) >= 0)
		t->persist_ms = (uint32_t)(tcp->env->now_us / 1000);
}

/* Data waits, nothing is on its way that would bring an ACK: the probe timer (section 3.8.6.1). */
static void persist_check(struct tcp *tcp, struct tcb *t)
{
	if (t->nxt_seg == NULL || t->snd_una != t->snd_max ||
		(t->flags & TF_PERSIST && t->rexmt_at != TCP_NEVER))
		return;
	if (t->flags & TF_MORE && t->snd_queued < t->mss && t->snd_wnd >= t->snd_queued)
		return; /* only the application is waited for */
	if (!(t->flags & TF_PERSIST))
		persist_begin(tcp, t);
	t->flags |= TF_PERSIST;
	t->backoff = 0;		      /* SHLD-29: one RTO */
	if (t->rexmt_at == TCP_NEVER) /* else it waits for a buffer, and goes on as a probe */
		tcp_rexmt_arm(tcp, t);
}

void tcp_probe(struct tcp *tcp, struct tcb *t)
{
	struct txseg *s = t->una_seg;
	uint32_t room = usable(t);

	tcp_count(tcp, CNT_tcp_wnd_probes);
	if (s == NULL)
		return;
	if (room !=
		0) { /* an open window smaller than a segment: override (SHLD-30, section 3.8.6.2.1) */
		send_data(tcp, t, RTE_MIN(room, (uint32_t)t->mss));
		return;
	}
	if (s->len > 1 && !txseg_split(tcp, t, s, 1))
		return;
	struct rte_mbuf *m = tcp_xmit_data(tcp, s, 1, 1);

	if (m == NULL)
		return;
	s->flags |= TXSEG_SENT | TXSEG_REXMT;
	if (seq_gt(s->seq + 1, t->snd_max))
		t->snd_max = s->seq + 1;
	tcp_xmit(tcp, t, m, s->seq, WIRE_TCP_ACK, 0);
}

/* An ACK for each out-of-order segment, so that the peer can count them; one for all else. A
 * probe's octet is beyond the peer's window: ACKs then carry what lies within. */
static void send_acks(struct tcp *tcp, struct tcb *t)
{
	unsigned n = t->dup_acks_owed;

	if (n == 0 && t->flags & TF_ACK_NOW)
		n = 1;
	t->dup_acks_owed = 0;
	uint32_t seq = t->flags & TF_PERSIST ? t->snd_una : t->snd_max;

	while (n-- > 0)
		if (tcp_xmit_ctl(tcp, t, seq, WIRE_TCP_ACK) == -ENOBUFS) {
			t->delack_at = tcp->env->now_us + tcp->conf.delack_us;
			tcp_timer_want(tcp, t, t->delack_at);
			break;
		}
	t->flags &= ~TF_ACK_NOW;
}

void tcp_output(struct tcp *tcp, struct tcb *t)
{
	if (likely(fast_output(tcp, t)))
		return;
	if (t->flags & TF_SENDING && (t->nxt_seg != NULL || t->flags & TF_FIN_QUEUED ||
					     (t->xs != NULL && (t->xs->loss.next_lost != NULL ||
								       t->flags & TF_RECOVERY)))) {
		send_queue(tcp, t);
		persist_check(tcp, t);
		if (t->xs != NULL)
			tcp_chrono_update(tcp, t);
	}
	if (t->flags & TF_ACK_NOW || t->dup_acks_owed != 0)
		send_acks(tcp, t);
	else if (t->rcv_nxt != t->rcv_acked && t->state >= TCP_ESTABLISHED)
		tcp_delack_arm(tcp, t);
}

unsigned tcp_output_run(struct tcp *tcp)
{
	uint32_t n = tcp->n_out;

	if (n == 0)
		return 0;
	tcp->now_ms = (uint32_t)(tcp->env->now_us / 1000);
	for (uint32_t i = 0; i < n; i++) {
		struct tcb *t = tcp->out[i];

		t->flags &= ~TF_ON_OUT;
		if (unlikely(t->state == TCP_CLOSED))
			tcb_release(tcp, t);
		else
			tcp_output(tcp, t);
	}
	tcp->n_out -= n; /* who joined during the run has the next one */
	if (unlikely(tcp->n_out != 0))
		memmove(tcp->out, tcp->out + n, tcp->n_out * sizeof(tcp->out[0]));
	return n;
}
