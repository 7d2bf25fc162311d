/* SPDX-License-Identifier: BSD-3-Clause */
#include "auth.h"
#include "fastopen.h"
#include "syn_cookie.h"
#include "tcp_priv.h"

/*
 * LISTEN and SYN-RECEIVED of passive opens (RFC 9293 sections 3.10.7.2 and 3.10.7.4). A SYN costs one
 * small entry; the control block is made when the handshake completes. When the table is full, SYNs
 * are answered with cookies; without those it gives up its oldest entry: the one least likely to
 * complete.
 */

static uint32_t ho_index(const struct tcp *tcp, const struct tcp_half_open *h)
{
	return (uint32_t)(h - tcp->ho) + 1;
}

static bool ho_v6(const struct tcp_half_open *h)
{
	return (h->flags & TF_V6) != 0;
}

void tcp_half_open_free(struct tcp *tcp, struct tcp_half_open *h)
{
	timer_cancel(&tcp->env->wheel, &h->timer);
	tcp_flow_del(tcp, h->hash, FLOW_VAL(FLOW_KIND_HALF_OPEN, ho_index(tcp, h) - 1));
	if (h->prev != 0)
		tcp->ho[h->prev - 1].next = h->next;
	else
		tcp->ho_oldest = h->next;
	if (h->next != 0)
		tcp->ho[h->next - 1].prev = h->prev;
	else
		tcp->ho_newest = h->prev;
	tcp->listeners[h->listener].n_half_open--;
	if (unlikely(h->flags & TF_SIGNED))
		tcp_auth_release(tcp, h->auth);
	h->next = tcp->ho_free;
	tcp->ho_free = ho_index(tcp, h);
	tcp->n_half_open--;
}

/* An entry with what is in tmpl, in the table. */
static struct tcp_half_open *ho_alloc(struct tcp *tcp, const struct tcp_half_open *tmpl)
{
	if (tcp->ho_free == 0 && tcp->ho_oldest != 0) {
		tcp_count(tcp, CNT_tcp_half_open_evicted);
		tcp_half_open_free(tcp, &tcp->ho[tcp->ho_oldest - 1]);
	}
	uint32_t i = tcp->ho_free;

	if (i == 0 || tcp_flow_add(tcp, tmpl->hash, FLOW_VAL(FLOW_KIND_HALF_OPEN, i - 1)) != 0)
		return NULL;
	struct tcp_half_open *h = &tcp->ho[i - 1];

	tcp->ho_free = h->next;
	tcp->n_half_open++;
	tcp->listeners[tmpl->listener].n_half_open++;
	*h = *tmpl;
	if (unlikely(h->flags & TF_SIGNED))
		tcp_auth_hold(tcp, h->auth);
	h->prev = tcp->ho_newest;
	if (tcp->ho_newest != 0)
		tcp->ho[tcp->ho_newest - 1].next = i;
	else
		tcp->ho_oldest = i;
	tcp->ho_newest = i;
	return h;
}

/* The listener's, and those of the route to the peer. */
static const struct tcp_opts *ho_tcp_opts(
	struct tcp *tcp, const struct tcp_half_open *h, struct tcp_opts *buf)
{
	return tcp_route_opts(tcp, ho_v6(h), &h->key.r, &tcp->listeners[h->listener].opts, buf);
}

static uint16_t ho_rcv_wnd(const struct tcp *tcp, const struct tcp_opts *lo)
{
	uint32_t buf = lo->rcvbuf;

	return (uint16_t)RTE_MIN(buf != 0 ? buf : tcp->conf.rcvbuf, 65535u);
}

static void ho_send(struct tcp *tcp, struct tcp_half_open *h, uint8_t flags)
{
	struct rte_mbuf *m = pkt_alloc(&tcp->env->pool);
	struct tcp_opts with_route;
	uint8_t cookie[TCP_FASTOPEN_COOKIE];
	const struct tcp_opts *lo = ho_tcp_opts(tcp, h, &with_route);

	if (m == NULL) {
		tcp->env->cnt.drop[DROP_pool_empty]++;
		return;
	}
	bool syn = (flags & WIRE_TCP_SYN) != 0;
	struct wire_tcp_opts o = {.has = h->flags & TF_TS ? WIRE_TCP_OPT_TS : 0,
		.mss = tcp_mss_announce(tcp, &h->dst, ho_v6(h), lo->mss),
		.tsval = tcp_ts_now(tcp, h->ts_off),
		.tsecr = h->ts_recent,
		.uto = tcp_uto_offer(tcp, h->flags, tcp_user_timeout_s(tcp, lo))};

	if (syn)
		flags |= tcp_syn_opts(&o, h->flags, true, h->rcv_wscale);
	if (unlikely(syn && h->flags & TF_FASTOPEN)) {
		tcp_fastopen_cookie(tcp, ho_v6(h), &h->key, 0, cookie);
		o.has |= WIRE_TCP_OPT_TFO;
		o.tfo = cookie;
		o.tfo_len = TCP_FASTOPEN_COOKIE;
	}
	struct wire_tcp w = {
		.sport = h->key.lport,
		.dport = h->key.rport,
		.seq = syn ? h->iss : h->iss + 1,
		.ack = h->irs + 1,
		.flags = flags,
		.wnd = (uint16_t)(ho_rcv_wnd(tcp, lo) >> (syn ? 0 : h->rcv_wscale)),
	};
	uint8_t ttl = lo->ttl != 0 ? lo->ttl : tcp->conf.ttl;
	uint8_t tos = h->flags & TF_ECN ? lo->tos & 0xfc : lo->tos;

	m->data_off = PKT_HEADERS_MAX;
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

	w.hlen = (uint8_t)(WIRE_TCP_LEN + wire_tcp_opts_emit(p + WIRE_TCP_LEN, &o));
	if (unlikely(h->flags & TF_SIGNED))
		w.hlen += (uint8_t)tcp_auth_opt_emit(tcp, 0, h->auth, p + w.hlen);
	wire_tcp_emit(p, &w);
	m->data_len = w.hlen;
	m->pkt_len = w.hlen;
	if (unlikely(h->flags & TF_SIGNED))
		tcp_auth_sign_half(tcp, ho_v6(h), &h->key, h->auth, h->iss, h->irs, m, w.hlen);
	tcp_count(tcp, CNT_tcp_tx_segs);
	if (ho_v6(h)) {
		/* The usual segment keeps the other one in line. */
		struct net_tx tx = {.proto = IPPROTO_TCP,
			.tos = tos,
			.ttl = ttl,
			.df = true,
			.flow_label = h->hash & 0xfffff};

		net_output6(tcp->net, &h->dst, m, &h->key.l.v6, &h->key.r.v6, &tx);
	} else {
		net_output4_tcp(tcp->net, &h->dst, m, h->key.l.v4, h->key.r.v4, tos, ttl);
	}
}

static void ho_synack(struct tcp *tcp, struct tcp_half_open *h)
{
	uint64_t rto = (uint64_t)tcp->conf.rto_initial_us << h->tries;

	ho_send(tcp, h, WIRE_TCP_SYN | WIRE_TCP_ACK);
	timer_arm(&tcp->env->wheel, &h->timer, TIMER_TCP_HALF_OPEN,
		tcp->env->now_us + RTE_MIN(rto, (uint64_t)tcp->conf.rto_max_us));
}

void tcp_half_open_timer(void *ctx, struct timer *timer, uint64_t now_us)
{
	struct tcp *tcp = ctx;
	struct tcp_half_open *h = container_of(timer, struct tcp_half_open, timer);

	if (h->tries >= tcp->conf.synack_tries) {
		tcp_count(tcp, CNT_tcp_attempt_fails);
		tcp_half_open_free(tcp, h);
		return;
	}
	h->tries++;
	tcp_count(tcp, CNT_tcp_rexmt_segs);
	ho_synack(tcp, h);
}

static void ho_opts(const struct tcp_seg *s, struct wire_tcp_opts *o)
{
	const uint8_t *hdr = rte_pktmbuf_mtod_offset(s->p->m, const uint8_t *, s->p->l4_off);

	wire_tcp_opts_parse(hdr + WIRE_TCP_LEN, s->hlen - WIRE_TCP_LEN, o);
}

/* The MSS option of a SYN; 536 without one, 1220 over IPv6 (MUST-15). */
static uint16_t syn_mss(
	const struct tcp *tcp, const struct tcp_seg *s, const struct wire_tcp_opts *o)
{
	if (!(o->has & WIRE_TCP_OPT_MSS))
		return s->p->flags & NET_PKT_V6 ? 1220 : 536;
	return RTE_MAX(o->mss, tcp->conf.mss_min);
}

/* The other options of the SYN: what is agreed on, and what of it must be remembered. */
static void syn_agree(struct tcp *tcp, struct tcp_half_open *h, const struct tcp_seg *s,
	const struct wire_tcp_opts *o)
{
	struct tcp_opts with_route;
	const struct tcp_opts *lo = ho_tcp_opts(tcp, h, &with_route);

	h->flags |= tcp_agreed(tcp_wanted(tcp, lo, false), o, s->flags);
	h->snd_wscale = tcp_peer_wscale(tcp, h->flags, o);
	h->uto = o->has & WIRE_TCP_OPT_UTO ? o->uto : 0;
	if (h->flags & TF_WSCALE)
		h->rcv_wscale = tcp_wscale(tcp, lo);
	if (h->flags & TF_TS)
		h->ts_recent = o->tsval;
}

/* What the segment says of its sender, in an entry that is in no table yet. */
static bool ho_init(
	struct tcp *tcp, struct tcp_listener *l, struct tcp_seg *s, struct tcp_half_open *h)
{
	bool v6 = (s->p->flags & NET_PKT_V6) != 0;

	memset(h, 0, sizeof(*h));
	if (net_route_back(tcp->net, v6, &s->p->src, &s->p->dst, s->p->ifc, &h->dst) != 0)
		return false;
	tcp_seg_key(s, &h->key);
	h->hash = s->hash;
	h->flags = v6 ? TF_V6 : 0;
	h->listener = (uint32_t)(l - tcp->listeners);
	return true;
}

/* Is the table full, or what l may have of it? */
static bool ho_full(const struct tcp *tcp, const struct tcp_listener *l)
{
	return tcp->ho_free == 0 || l->n_half_open >= l->backlog;
}

/* Is the SYN signed, if its sender has a key? It is dropped if not. */
static bool syn_signed(struct tcp *tcp, struct tcp_half_open *h, struct tcp_seg *s)
{
	int entry;
	enum drop why = tcp_auth_check_syn(tcp, &h->key, s, &entry);

	if (why != DROP_NONE) {
		seg_drop(tcp, s, why);
		return false;
	}
	if (entry >= 0) {
		h->flags |= TF_SIGNED;
		h->auth = (uint16_t)entry;
	}
	return true;
}

/* Answers without keeping anything. */
static void cookie_reply(struct tcp *tcp, struct tcp_half_open *h)
{
	h->iss = syn_cookie_make(tcp, &h->key, h->irs, h->mss);
	syn_cookie_opts_hide(tcp, h);
	syn_cookie_sent(tcp);
	ho_send(tcp, h, WIRE_TCP_SYN | WIRE_TCP_ACK);
}

/* Where our numbers and timestamps begin. */
static uint32_t syn_iss(struct tcp *tcp, struct tcp_half_open *h, const uint32_t *old_nxt)
{
	uint32_t iss = tcp_isn(tcp, &h->key, &h->ts_off);

	if (old_nxt != NULL && seq_leq(iss, *old_nxt)) /* it ran faster than the clock (MAY-2) */
		return *old_nxt + 65536;
	return iss;
}

static void listen_syn(
	struct tcp *tcp, struct tcp_listener *l, struct tcp_seg *s, const uint32_t *old_nxt)
{
	uint8_t cookies = tcp->conf.syn_cookies;
	struct tcp_half_open tmpl, *h;
	struct wire_tcp_opts o;

	if (!ho_init(tcp, l, s, &tmpl)) {
		seg_drop(tcp, s, DROP_no_route);
		return;
	}
	if (unlikely(tcp->auth != NULL) && !syn_signed(tcp, &tmpl, s))
		return;
	tmpl.irs = s->seq;
	ho_opts(s, &o);
	tmpl.mss = syn_mss(tcp, s, &o);
	tmpl.wnd = s->wnd;
	syn_agree(tcp, &tmpl, s, &o);
	tmpl.iss = syn_iss(tcp, &tmpl, old_nxt);
	if (unlikely(tcp_fastopen_wanted(tcp, &l->opts, false) && !(tmpl.flags & TF_SIGNED)) &&
		tcp_fastopen_syn(tcp, &tmpl, s))
		return;
	/* A cookie cannot be made to follow an old connection's numbers, nor remember a key. */
	if (unlikely(old_nxt == NULL && !(tmpl.flags & TF_SIGNED) && syn_cookie_fits(tmpl.mss) &&
		     (cookies == TCP_COOKIES_ALWAYS ||
			     (cookies == TCP_COOKIES_AUTO && ho_full(tcp, l))))) {
		cookie_reply(tcp, &tmpl);
		seg_done(tcp, s);
		return;
	}
	if (l->n_half_open >= l->backlog) {
		seg_drop(tcp, s, DROP_tcp_backlog);
		return;
	}
	h = ho_alloc(tcp, &tmpl);
	if (h == NULL) {
		seg_drop(tcp, s, DROP_tcp_half_open_full);
		return;
	}
	ho_synack(tcp, h);
	seg_done(
		tcp, s); /* without Fast Open data on a SYN is not taken: the peer sends it again */
}

struct tcb *tcp_half_open_block(struct tcp *tcp, const struct tcp_half_open *h)
{
	struct tcp_listener *l = &tcp->listeners[h->listener];
	struct tcp_opts with_route;
	const struct tcp_opts *lo = ho_tcp_opts(tcp, h, &with_route);
	struct tcb *t = tcb_alloc(tcp, ho_v6(h), &h->key, h->hash, lo);

	if (t == NULL)
		return NULL;
	t->dst = h->dst;
	t->iss = h->iss;
	t->irs = h->irs;
	if (unlikely(h->flags & TF_SIGNED)) {
		if (!tcp_auth_begin(tcp, t, h->auth)) {
			tcb_kill(tcp, t);
			return NULL;
		}
		tcp_auth_conn_open(tcp, t->auth, tcp_v6(t), &t->key, t->irs);
	}
	t->mss_limit = h->mss;
	t->mss_announced = tcp_mss_announce(tcp, &h->dst, ho_v6(h), lo->mss);
	t->snd_una = h->iss + 1;
	t->snd_nxt = t->snd_una;
	t->snd_max = t->snd_una;
	t->rcv_nxt = h->irs + 1;
	t->rcv_acked = t->rcv_nxt;
	t->rcv_adv = t->rcv_nxt + RTE_MIN(t->rcv_buf, 65535u);
	t->flags |= h->flags & TCP_AGREED;
	t->snd_wscale = h->snd_wscale;
	t->rcv_wscale = h->rcv_wscale;
	t->ts_recent = h->ts_recent;
	t->ts_off = h->ts_off;
	if (h->tries != 0)
		t->flags |= TF_SYN_REXMT;
	tcp_uto_adopt(tcp, t, h->uto);
	t->app_ops = l->app_ops;
	t->app_user = l->app_user;
	tcp_count(tcp, CNT_tcp_passive_opens);
	return t;
}

/* The handshake's third segment: a block is made of h, which is in no table, and processes it. */
static void ho_accept(struct tcp *tcp, const struct tcp_half_open *h, struct tcp_seg *s)
{
	struct tcp_listener *l = &tcp->listeners[h->listener];
	struct tcb *t = tcp_half_open_block(tcp, h);

	if (t == NULL) { /* the peer believes in a connection: tell it */
		tcp_reply_rst(tcp, s);
		seg_drop(tcp, s, DROP_tcp_no_tcb);
		return;
	}
	t->snd_wl1 = s->seq;
	t->snd_wl2 = s->ack;
	t->snd_wnd = seg_wnd(t, s);
	t->max_wnd = RTE_MAX((uint32_t)h->wnd, t->snd_wnd);
	t->state = TCP_ESTABLISHED;
	tcb_established(tcp, t);
	tcp->up->accepted(tcp->up_ctx, l, t);
	if (t->state == TCP_CLOSED) {
		seg_drop(tcp, s, DROP_tcp_closed);
		return;
	}
	tcp_segment_input(tcp, t, s);
}

static void ho_complete(struct tcp *tcp, struct tcp_half_open *h, struct tcp_seg *s)
{
	struct tcp_half_open copy = *h;

	if (unlikely(copy.flags & TF_SIGNED))
		tcp_auth_hold(tcp, copy.auth);
	tcp_half_open_free(tcp, h);
	ho_accept(tcp, &copy, s);
	if (unlikely(copy.flags & TF_SIGNED))
		tcp_auth_release(tcp, copy.auth);
}

/* What the SYNs settled, from the timestamp that comes back. */
static void cookie_agree(struct tcp *tcp, struct tcp_half_open *h, const struct tcp_seg *s)
{
	struct tcp_opts with_route;
	const struct tcp_opts *lo = ho_tcp_opts(tcp, h, &with_route);
	uint32_t wanted = tcp_wanted(tcp, lo, false);
	struct wire_tcp_opts o;

	ho_opts(s, &o);
	if (!(o.has & WIRE_TCP_OPT_TS) || !(wanted & TF_TS))
		return;
	syn_cookie_opts_find(h, o.tsecr, wanted);
	if (h->flags & TF_WSCALE)
		h->rcv_wscale = tcp_wscale(tcp, lo);
	h->ts_recent = o.tsval;
	h->ts_off = tcp_ts_offset(tcp, &h->key);
}

/* The third segment of a handshake that only its cookie remembers. false: it brings none. */
static bool cookie_ack(struct tcp *tcp, struct tcp_listener *l, struct tcp_seg *s)
{
	struct tcp_half_open h;

	if (s->flags & WIRE_TCP_SYN || !ho_init(tcp, l, s, &h) ||
		tcp_auth_find(tcp, ho_v6(&h), &h.key) >= 0)
		return false;
	h.mss = syn_cookie_check(tcp, &h.key, s->seq - 1, s->ack - 1);
	if (h.mss == 0) {
		tcp_count(tcp, CNT_tcp_syn_cookies_invalid);
		return false;
	}
	tcp_count(tcp, CNT_tcp_syn_cookies_valid);
	cookie_agree(tcp, &h, s);
	h.irs = s->seq - 1;
	h.iss = s->ack - 1;
	ho_accept(tcp, &h, s);
	return true;
}

/* LISTEN: RST ignored, ACK answered with RST, SYN opens, the rest dropped. */
void tcp_listen_input(
	struct tcp *tcp, struct tcp_listener *l, struct tcp_seg *s, const uint32_t *old_nxt)
{
	if (s->flags & WIRE_TCP_RST) {
		seg_drop(tcp, s, DROP_tcp_rst);
		return;
	}
	if (s->flags & WIRE_TCP_ACK) {
		if (syn_cookie_out(tcp) && cookie_ack(tcp, l, s))
			return;
		tcp_reply_rst(tcp, s);
		seg_drop(tcp, s, DROP_tcp_flags);
		return;
	}
	if (!(s->flags & WIRE_TCP_SYN) || s->flags & WIRE_TCP_FIN) {
		seg_drop(tcp, s, DROP_tcp_flags);
		return;
	}
	listen_syn(tcp, l, s, old_nxt);
}

static bool ho_seq_ok(struct tcp *tcp, const struct tcp_half_open *h, const struct tcp_seg *s)
{
	struct tcp_opts with_route;
	uint32_t nxt = h->irs + 1;
	uint32_t edge = nxt + ho_rcv_wnd(tcp, ho_tcp_opts(tcp, h, &with_route));

	return seq_geq(s->seq, nxt) && seq_lt(s->seq, edge);
}

/* As of an established connection (segment.c). A SYN that comes again brings a newer timestamp. */
static bool ho_paws_ok(struct tcp *tcp, struct tcp_half_open *h, struct tcp_seg *s)
{
	struct wire_tcp_opts o;

	if (!(h->flags & TF_TS) || s->flags & WIRE_TCP_RST)
		return true;
	ho_opts(s, &o);
	if (!(o.has & WIRE_TCP_OPT_TS)) {
		if (s->flags & WIRE_TCP_SYN)
			return true;
		seg_drop(tcp, s, DROP_tcp_no_ts);
		return false;
	}
	if (s->flags & WIRE_TCP_SYN) {
		if (s->seq == h->irs && seq_gt(o.tsval, h->ts_recent))
			h->ts_recent = o.tsval;
		return true;
	}
	if (seq_geq(o.tsval, h->ts_recent))
		return true;
	if (tcp_challenge_allowed(tcp))
		ho_send(tcp, h, WIRE_TCP_ACK);
	seg_drop(tcp, s, DROP_tcp_paws);
	return false;
}

/* SYN-RECEIVED (section 3.10.7.4) of a passive open. */
void tcp_half_open_input(struct tcp *tcp, struct tcp_half_open *h, struct tcp_seg *s)
{
	if (unlikely(h->flags & TF_SIGNED)) {
		enum drop why = tcp_auth_check_half(tcp, &h->key, s, h->auth, h->iss, h->irs);

		if (why != DROP_NONE) {
			seg_drop(tcp, s, why);
			return;
		}
	}
	if (!ho_paws_ok(tcp, h, s))
		return;
	if ((s->flags & (WIRE_TCP_SYN | WIRE_TCP_ACK | WIRE_TCP_RST)) == WIRE_TCP_SYN &&
		s->seq == h->irs) { /* the SYN again: ours was lost, or is on its way */
		ho_send(tcp, h, WIRE_TCP_SYN | WIRE_TCP_ACK);
		seg_drop(tcp, s, DROP_tcp_dup);
		return;
	}
	if (s->flags & WIRE_TCP_RST) {
		if (s->seq == h->irs + 1) { /* back to LISTEN */
			tcp_count(tcp, CNT_tcp_attempt_fails);
			tcp_half_open_free(tcp, h);
			seg_done(tcp, s);
			return;
		}
		if (ho_seq_ok(tcp, h, s) && tcp_challenge_allowed(tcp))
			ho_send(tcp, h, WIRE_TCP_ACK);
		seg_drop(tcp, s, DROP_tcp_rst);
		return;
	}
	if (!ho_seq_ok(tcp, h, s) || s->flags & WIRE_TCP_SYN) {
		if (tcp_challenge_allowed(tcp))
			ho_send(tcp, h, WIRE_TCP_ACK);
		seg_drop(tcp, s, s->flags & WIRE_TCP_SYN ? DROP_tcp_flags : DROP_tcp_seq);
		return;
	}
	if (!(s->flags & WIRE_TCP_ACK)) {
		seg_drop(tcp, s, DROP_tcp_flags);
		return;
	}
	if (s->ack != h->iss + 1) {
		tcp_reply_rst(tcp, s);
		seg_drop(tcp, s, DROP_tcp_ack);
		return;
	}
	ho_complete(tcp, h, s);
}

/* An ICMP error about our SYN,ACK: soft ones do not end the attempt (RFC 5461). */
void tcp_half_open_error(struct tcp *tcp, struct tcp_half_open *h, const struct net_error *e)
{
	if (e->quote.seq != h->iss)
		return;
	tcp_count(tcp, CNT_tcp_icmp_soft);
}
