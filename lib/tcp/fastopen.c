/* SPDX-License-Identifier: BSD-3-Clause */
#include "fastopen.h"

/*
 * The server's side of Fast Open. A connection made by a cookie has a control block from its SYN on, in
 * SYN-RECEIVED: data goes in both directions, and what is missing is only that the peer acknowledges our
 * SYN. Until then the retransmission timer is that of the SYN,ACK.
 */

#define COOKIE_PERIOD_US (24 * 3600 * UINT64_C(1000000)) /* a cookie is good for one to two */
#define RESET_PERIOD_US	 60000000u /* a reset attempt counts for one to two: section 5.1 */

uint64_t tcp_fastopen_hash(
	const struct siphash_key *key, bool v6, const struct tcp_key *k, uint64_t number)
{
	struct {
		union net_ip l, r;
		uint32_t scope, v6;
		uint64_t number;
	} in;

	memset(&in, 0, sizeof(in));
	in.l = k->l;
	in.r = k->r;
	in.scope = k->scope;
	in.v6 = v6;
	in.number = number;
	return siphash(key, &in, sizeof(in));
}

void tcp_fastopen_cookie(const struct tcp *tcp, bool v6, const struct tcp_key *k, unsigned age,
	uint8_t cookie[TCP_FASTOPEN_COOKIE])
{
	struct siphash_key key = {tcp->env->secret.k0 ^ UINT64_C(0x66617374),
		tcp->env->secret.k1 ^ UINT64_C(0x6f70656e)};
	uint64_t h = tcp_fastopen_hash(&key, v6, k, tcp->env->now_us / COOKIE_PERIOD_US - age);

	wire_put32(cookie, (uint32_t)(h >> 32));
	wire_put32(cookie + 4, (uint32_t)h);
}

/* In time that does not depend on where they differ. */
static bool cookie_equal(const uint8_t *a, const uint8_t *b)
{
	uint8_t diff = 0;

	for (unsigned i = 0; i < TCP_FASTOPEN_COOKIE; i++)
		diff |= a[i] ^ b[i];
	return diff == 0;
}

static bool cookie_valid(
	const struct tcp *tcp, const struct tcp_half_open *h, const struct wire_tcp_opts *o)
{
	uint8_t want[TCP_FASTOPEN_COOKIE];

	for (unsigned age = 0; o->tfo_len == TCP_FASTOPEN_COOKIE && age < 2; age++) {
		tcp_fastopen_cookie(tcp, (h->flags & TF_V6) != 0, &h->key, age, want);
		if (cookie_equal(o->tfo, want))
			return true;
	}
	return false;
}

/* Resets are forgotten a period at a time. */
static void resets_age(struct tcp *tcp)
{
	uint32_t now = (uint32_t)(tcp->env->now_us / RESET_PERIOD_US);

	if (now == tcp->fo_period)
		return;
	tcp->fo_resets[1] = now == tcp->fo_period + 1 ? tcp->fo_resets[0] : 0;
	tcp->fo_resets[0] = 0;
	tcp->fo_period = now;
}

void tcp_fastopen_reset(struct tcp *tcp)
{
	resets_age(tcp);
	tcp->fo_resets[0]++;
}

/* PendingFastOpenRequests of section 4.2.2. */
static bool room(struct tcp *tcp)
{
	resets_age(tcp);
	return (uint64_t)tcp->n_fo_wait + tcp->fo_resets[0] + tcp->fo_resets[1] <
	       tcp->conf.fastopen_pending;
}

/* The data of the SYN, as far as the window went that it is taken into. */
static void deliver(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	uint32_t len = RTE_MIN(s->len, t->rcv_adv - t->rcv_nxt);

	if (len == 0) {
		seg_done(tcp, s);
		return;
	}
	struct rte_mbuf *m = tcp_trim_front(tcp, s->p->m, s->p->l4_off + s->hlen);

	if (len < s->len)
		tcp_trim_tail(tcp, m, s->len - len);
	t->rcv_mss = RTE_MAX(t->rcv_mss, (uint16_t)len);
	count_add(&tcp->env->cnt, CNT_tcp_fastopen_rx_bytes, len);
	tcp_deliver(tcp, t, m, len);
}

bool tcp_fastopen_syn(struct tcp *tcp, struct tcp_half_open *h, struct tcp_seg *s)
{
	const uint8_t *hdr = rte_pktmbuf_mtod_offset(s->p->m, const uint8_t *, s->p->l4_off);
	struct wire_tcp_opts o;

	wire_tcp_opts_parse(hdr + WIRE_TCP_LEN, s->hlen - WIRE_TCP_LEN, &o);
	if (!(o.has & WIRE_TCP_OPT_TFO))
		return false;
	if (o.tfo_len == 0 || !cookie_valid(tcp, h, &o)) {
		h->flags |= TF_FASTOPEN;
		tcp_count(
			tcp, o.tfo_len == 0 ? CNT_tcp_fastopen_requests : CNT_tcp_fastopen_invalid);
		return false;
	}
	if (!room(tcp)) {
		tcp_count(tcp, CNT_tcp_fastopen_limited);
		return false;
	}
	struct tcp_listener *l = &tcp->listeners[h->listener];
	struct tcb *t = tcp_half_open_block(tcp, h);

	if (t == NULL)
		return false;
	tcp_count(tcp, CNT_tcp_fastopen_accepted);
	tcp->n_fo_wait++;
	t->state = TCP_SYN_RECEIVED;
	t->flags |= TF_FASTOPEN;
	t->snd_wl1 = s->seq;
	t->snd_wl2 = t->snd_una;
	t->snd_wnd = s->wnd;
	t->max_wnd = s->wnd;
	t->rexmt_since = tcp->env->now_us;
	tcb_established(tcp, t);
	tcp->up->accepted(tcp->up_ctx, l, t);
	if (t->state != TCP_CLOSED && !(t->flags & TF_DETACHED))
		deliver(tcp, t, s);
	else
		seg_drop(tcp, s, DROP_tcp_closed);
	if (t->state == TCP_CLOSED)
		return true;
	tcp_xmit_syn(tcp, t);
	tcp_rexmt_arm(tcp, t);
	return true;
}

bool tcp_fastopen_syn_again(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	if ((s->flags & (WIRE_TCP_SYN | WIRE_TCP_ACK | WIRE_TCP_RST)) != WIRE_TCP_SYN ||
		s->seq != t->irs)
		return false;
	tcp_xmit_syn(tcp, t);
	seg_drop(tcp, s, DROP_tcp_dup);
	return true;
}

bool tcp_fastopen_established(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	if (seq_lt(s->ack, t->iss + 1) || seq_gt(s->ack, t->snd_max)) {
		tcp_reply_rst(tcp, s);
		seg_drop(tcp, s, DROP_tcp_ack);
		return false;
	}
	tcp->n_fo_wait--;
	t->state = t->flags & TF_FIN_QUEUED ? TCP_FIN_WAIT_1 : TCP_ESTABLISHED;
	t->snd_wnd = seg_wnd(t, s);
	t->max_wnd = RTE_MAX(t->max_wnd, t->snd_wnd);
	t->snd_wl1 = s->seq;
	t->snd_wl2 = s->ack;
	t->rexmt_since = 0;
	t->backoff = 0;
	t->rexmt_at = TCP_NEVER;
	if (t->flags & TF_SYN_REXMT && t->srtt_us == 0)
		t->rto_us = RTE_MAX(t->rto_us, 3000000u); /* RFC 6298 (5.7) */
	/* The timer was the SYN,ACK's; it is now that of the data, or of a buffer that was lacking. */
	if (t->snd_una != t->snd_max || t->flags & TF_WRITABLE)
		tcp_rexmt_arm(tcp, t);
	net_confirm(tcp->net, &t->dst);
	tcp_out_add(tcp, t);
	if (t->flags & TF_KEEPALIVE)
		tcp_timer_update(tcp, t);
	return true;
}
