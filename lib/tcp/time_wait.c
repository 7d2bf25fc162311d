/* SPDX-License-Identifier: BSD-3-Clause */
#include "auth.h"
#include "tcp_priv.h"

/*
 * TIME-WAIT (RFC 9293 section 3.3.2): entries in the order of their end, since all wait 2 MSL. One
 * timer serves the oldest. A full table gives up the oldest, counted.
 */

static uint32_t tw_index(const struct tcp *tcp, const struct tcp_time_wait *w)
{
	return (uint32_t)(w - tcp->tw) + 1;
}

static void tw_unlink(struct tcp *tcp, struct tcp_time_wait *w)
{
	if (w->prev != 0)
		tcp->tw[w->prev - 1].next = w->next;
	else
		tcp->tw_oldest = w->next;
	if (w->next != 0)
		tcp->tw[w->next - 1].prev = w->prev;
	else
		tcp->tw_newest = w->prev;
}

static void tw_link_newest(struct tcp *tcp, struct tcp_time_wait *w)
{
	uint64_t end_us = tcp->env->now_us + 2ull * tcp->conf.msl_us;

	w->expires_ms = (uint32_t)((end_us + 999) / 1000);
	w->next = 0;
	w->prev = tcp->tw_newest;
	if (tcp->tw_newest != 0)
		tcp->tw[tcp->tw_newest - 1].next = tw_index(tcp, w);
	else
		tcp->tw_oldest = tw_index(tcp, w);
	tcp->tw_newest = tw_index(tcp, w);
	if (!timer_armed(&tcp->tw_timer))
		timer_arm(&tcp->env->wheel, &tcp->tw_timer, TIMER_TCP_TIME_WAIT, end_us + 1000);
}

static void tw_key(const struct tcp_time_wait *w, struct tcp_key *k)
{
	*k = (struct tcp_key){
		.l = w->l, .r = w->r, .scope = w->scope, .lport = w->lport, .rport = w->rport};
}

static void tw_free(struct tcp *tcp, struct tcp_time_wait *w)
{
	struct tcp_key k;

	tw_key(w, &k);
	tcp_flow_del(tcp, tcp_key_hash(tcp, w->v6, &k),
		FLOW_VAL(FLOW_KIND_TIME_WAIT, tw_index(tcp, w) - 1));
	tw_unlink(tcp, w);
	if (w->sig)
		tcp_auth_conn_free(tcp, w->auth);
	w->next = tcp->tw_free;
	tcp->tw_free = tw_index(tcp, w);
	tcp->n_time_wait--;
}

void tcp_time_wait_timer(void *ctx, struct timer *timer, uint64_t now_us)
{
	struct tcp *tcp = ctx;
	uint32_t now_ms = (uint32_t)(now_us / 1000);

	while (tcp->tw_oldest != 0) {
		struct tcp_time_wait *w = &tcp->tw[tcp->tw_oldest - 1];
		int32_t left_ms = (int32_t)(w->expires_ms - now_ms);

		if (left_ms > 0) {
			timer_arm(&tcp->env->wheel, timer, TIMER_TCP_TIME_WAIT,
				now_us + (uint64_t)left_ms * 1000);
			return;
		}
		tw_free(tcp, w);
	}
}

/* t's flow is out of the table already. A table of size 0 leaves the wait out. false: none was made. */
static bool tw_add(struct tcp *tcp, const struct tcb *t, uint32_t auth)
{
	if (tcp->tw_free == 0 && tcp->tw_oldest != 0) {
		tcp_count(tcp, CNT_tcp_time_wait_evicted);
		tw_free(tcp, &tcp->tw[tcp->tw_oldest - 1]);
	}
	if (tcp->tw_free == 0)
		return false;
	struct tcp_time_wait *w = &tcp->tw[tcp->tw_free - 1];

	if (tcp_flow_add(tcp, t->hash, FLOW_VAL(FLOW_KIND_TIME_WAIT, tcp->tw_free - 1)) != 0)
		return false;
	tcp->tw_free = w->next;
	tcp->n_time_wait++;
	w->l = t->key.l;
	w->r = t->key.r;
	w->lport = t->key.lport;
	w->rport = t->key.rport;
	w->scope = t->key.scope & 0x1fffffff;
	w->v6 = tcp_v6(t);
	w->ts = (t->flags & TF_TS) != 0;
	w->ts_recent = t->ts_recent;
	w->sig = auth != 0;
	if (unlikely(auth != 0)) {
		w->auth = auth;
		tcp->auth->conn[auth - 1].ts_recent = t->ts_recent;
	}
	w->snd_nxt = t->snd_max;
	w->rcv_nxt = t->rcv_nxt;
	tw_link_newest(tcp, w);
	return true;
}

/* The connection waits on in a small entry; the block is dead. */
void tcp_time_wait_enter(struct tcp *tcp, struct tcb *t)
{
	uint32_t auth = t->auth;

	tcp_count(tcp, CNT_tcp_closed);
	t->auth = 0; /* goes on with the entry */
	tcb_kill(tcp, t);
	if (!tw_add(tcp, t, auth))
		tcp_auth_conn_free(tcp, auth);
	tcb_report_end(tcp, t, 0);
}

static uint32_t tw_ts_recent(const struct tcp *tcp, const struct tcp_time_wait *w)
{
	return unlikely(w->sig) ? tcp->auth->conn[w->auth - 1].ts_recent : w->ts_recent;
}

static void tw_ack(struct tcp *tcp, const struct tcp_time_wait *w, const struct tcp_seg *s)
{
	struct wire_tcp_opts o = {
		.has = w->ts ? WIRE_TCP_OPT_TS : 0, .tsecr = tw_ts_recent(tcp, w)};
	struct tcp_key k;

	if (w->ts) {
		tw_key(w, &k);
		o.tsval = tcp_ts_now(tcp, tcp_ts_offset(tcp, &k));
	}
	tcp_reply(tcp, s->p, s->dport, s->sport, w->snd_nxt, w->rcv_nxt, 0, WIRE_TCP_ACK, &o,
		w->sig ? w->auth : 0);
}

/*
 * May a new SYN take over the entry (RFC 9293 section 3.6.1, MAY-2)? RFC 6191 section 2: by a newer
 * timestamp, or by the first one ever; where timestamps cannot tell, by a higher sequence number.
 */
static bool tw_syn_acceptable(
	const struct tcp *tcp, const struct tcp_time_wait *w, const struct tcp_seg *s)
{
	const uint8_t *hdr = rte_pktmbuf_mtod_offset(s->p->m, const uint8_t *, s->p->l4_off);
	uint32_t recent = tw_ts_recent(tcp, w);
	struct wire_tcp_opts o;

	if ((s->flags & (WIRE_TCP_SYN | WIRE_TCP_ACK | WIRE_TCP_RST)) != WIRE_TCP_SYN)
		return false;
	wire_tcp_opts_parse(hdr + WIRE_TCP_LEN, s->hlen - WIRE_TCP_LEN, &o);
	if (o.has & WIRE_TCP_OPT_TS && tcp->conf.timestamps) {
		if (!w->ts || seq_gt(o.tsval, recent))
			return true;
		if (o.tsval != recent)
			return false;
	}
	return seq_gt(s->seq, w->rcv_nxt);
}

static bool tw_signed(struct tcp *tcp, const struct tcp_time_wait *w, struct tcp_seg *s)
{
	struct tcp_key k;

	if (likely(!w->sig))
		return true;
	tw_key(w, &k);
	enum drop why = tcp_auth_check_conn(tcp, &k, s, w->auth);

	if (why != DROP_NONE)
		seg_drop(tcp, s, why);
	return why == DROP_NONE;
}

void tcp_time_wait_input(struct tcp *tcp, struct tcp_time_wait *w, struct tcp_seg *s)
{
	if (!tw_signed(tcp, w, s))
		return;
	if (tw_syn_acceptable(tcp, w, s)) {
		struct tcp_listener *l =
			tcp_listener_lookup(tcp, w->v6, &s->p->dst, s->dport, s->p->scope);

		if (l != NULL) {
			uint32_t old_nxt = w->snd_nxt;

			tcp_count(tcp, CNT_tcp_time_wait_reused);
			tw_free(tcp, w);
			tcp_listen_input(tcp, l, s, &old_nxt);
			return;
		}
	}
	if (s->flags & WIRE_TCP_RST) { /* RFC 1337: no assassination */
		seg_drop(tcp, s, DROP_tcp_rst);
		return;
	}
	if (seg_len(s) == 0 && s->seq == w->rcv_nxt) { /* the last ACK again */
		seg_done(tcp, s);
		return;
	}
	if (s->flags & WIRE_TCP_SYN && !tcp_challenge_allowed(tcp)) {
		seg_drop(tcp, s, DROP_tcp_flags);
		return;
	}
	tw_ack(tcp, w, s);
	/* Section 3.10.7.4: the FIN again restarts the 2 MSL timer; no other one does. */
	if (s->flags & WIRE_TCP_FIN && s->seq + seg_len(s) == w->rcv_nxt) {
		tw_unlink(tcp, w);
		tw_link_newest(tcp, w);
	}
	seg_drop(tcp, s, DROP_tcp_dup);
}
