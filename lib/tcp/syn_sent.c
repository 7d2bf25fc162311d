/* SPDX-License-Identifier: BSD-3-Clause */
#include "auth.h"
#include "fastopen.h"
#include "tcp_priv.h"

/* SYN-SENT (RFC 9293 section 3.10.7.3). */

/* What both SYNs said is in force from now on, the rest is not. */
static void syn_agree(
	struct tcp *tcp, struct tcb *t, const struct tcp_seg *s, const struct wire_tcp_opts *o)
{
	uint32_t agreed = tcp_agreed(t->flags & TCP_AGREED, o, s->flags);

	t->flags = (t->flags & ~TCP_AGREED) | agreed;
	t->snd_wscale = tcp_peer_wscale(tcp, agreed, o);
	if (!(agreed & TF_WSCALE))
		t->rcv_wscale = 0;
	if (agreed & TF_TS)
		t->ts_recent = o->tsval;
}

/* A crossed SYN has taken nothing, and what was not taken waits to be sent as usual. */
static void fastopen_answer(
	struct tcp *tcp, struct tcb *t, const struct tcp_seg *s, const struct wire_tcp_opts *o)
{
	if (s->flags & WIRE_TCP_ACK)
		tcp_fastopen_synack(tcp, t, s, o);
	else
		t->flags &= ~TF_FASTOPEN;
	t->snd_max = s->flags & WIRE_TCP_ACK ? s->ack : t->iss + 1;
	t->snd_nxt = t->snd_max;
}

/* The peer's SYN: its sequence space and options. */
static void syn_accept(struct tcp *tcp, struct tcb *t, const struct tcp_seg *s)
{
	struct wire_tcp_opts o;
	const uint8_t *hdr = rte_pktmbuf_mtod_offset(s->p->m, const uint8_t *, s->p->l4_off);

	wire_tcp_opts_parse(hdr + WIRE_TCP_LEN, s->hlen - WIRE_TCP_LEN, &o);
	if (o.has & WIRE_TCP_OPT_MSS)
		t->mss_limit = RTE_MAX(o.mss, tcp->conf.mss_min);
	syn_agree(tcp, t, s, &o);
	if (unlikely(t->flags & TF_FASTOPEN))
		fastopen_answer(tcp, t, s, &o);
	if (o.has & WIRE_TCP_OPT_UTO)
		tcp_uto_adopt(tcp, t, o.uto);
	t->irs = s->seq;
	if (unlikely(t->flags & TF_SIGNED))
		tcp_auth_conn_open(tcp, t->auth, tcp_v6(t), &t->key, t->irs);
	t->rcv_nxt = s->seq + 1;
	t->rcv_acked = t->rcv_nxt;
	t->rcv_adv = t->rcv_nxt + RTE_MIN(t->rcv_buf, 65535u);
	t->snd_wnd = s->wnd;
	t->max_wnd = s->wnd;
	t->snd_wl1 = s->seq;
	t->snd_wl2 = s->ack;
}

/* SYN,ACK: established. Data on it is processed like any other. */
static void synack_input(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	syn_accept(tcp, t, s);
	t->snd_una = s->ack;
	t->snd_nxt = s->ack;
	t->rexmt_at = TCP_NEVER;
	t->rexmt_since = 0;
	t->backoff = 0;
	t->last_rx_us = tcp->env->now_us;
	if (!(t->flags & TF_SYN_REXMT)) /* Karn */
		tcp_rtt_sample(tcp, t, (uint32_t)(tcp->env->now_us - t->last_tx_us));
	t->state = TCP_ESTABLISHED;
	net_confirm(tcp->net, &t->dst);
	tcb_established(tcp, t);
	tcp_ack_now(tcp, t);
	tcp->up->connected(tcp->up_ctx, t);
	if (t->state == TCP_CLOSED || seg_len(s) == 1) {
		seg_done(tcp, s);
		return;
	}
	s->flags &= (uint8_t) ~(WIRE_TCP_SYN | WIRE_TCP_ECE);
	s->seq++;
	s->wnd >>= t->snd_wscale; /* that of a SYN is not scaled (RFC 7323 section 2.2) */
	tcp_segment_input(tcp, t, s);
}

/* SYN alone: simultaneous open (figure 8 of section 3.5). */
static void crossed_syn_input(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	syn_accept(tcp, t, s);
	t->state = TCP_SYN_RECEIVED;
	tcp_xmit_syn(tcp, t);
	tcp_rexmt_arm(tcp, t);
	seg_done(tcp, s);
}

void tcp_syn_sent_input(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	bool ack = (s->flags & WIRE_TCP_ACK) != 0;

	/* Our SYN is outstanding, and data that it may have carried. */
	if (ack && (s->ack == t->iss || s->ack - t->iss > t->snd_max - t->iss)) {
		tcp_reply_rst(tcp, s);
		seg_drop(tcp, s, DROP_tcp_ack);
		return;
	}
	if (s->flags & WIRE_TCP_RST) {
		if (!ack) {
			seg_drop(tcp, s, DROP_tcp_rst);
			return;
		}
		seg_done(tcp, s);
		tcp_count(tcp, CNT_tcp_attempt_fails);
		tcb_end(tcp, t, ECONNREFUSED);
		return;
	}
	if (!(s->flags & WIRE_TCP_SYN)) {
		seg_drop(tcp, s, DROP_tcp_flags);
		return;
	}
	if (ack)
		synack_input(tcp, t, s);
	else
		crossed_syn_input(tcp, t, s);
}
