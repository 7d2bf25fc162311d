/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct talk talk;

#define APP_OPS ((const void *)0x1000) /* what is copied from listener to connection */

static void log_raw(const char *fmt, va_list ap)
{
	size_t room = TALK_LOG - talk.log_len;
	int n = vsnprintf(talk.log + talk.log_len, room, fmt, ap);

	if (n > 0)
		talk.log_len += RTE_MIN((size_t)n, room - 1);
}

static void log_line(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_raw(fmt, ap);
	va_end(ap);
}

static uint64_t since_start(void)
{
	return talk.env.now_us - talk.seed;
}

void talk_note(const char *fmt, ...)
{
	va_list ap;

	log_line("%12.6f   -- ", (double)since_start() / 1e6);
	va_start(ap, fmt);
	log_raw(fmt, ap);
	va_end(ap);
	log_line("\n");
}

void talk_log_seg(char dir, const struct talk_conn *c, const struct wire_tcp *h, uint32_t len,
	const struct wire_tcp_opts *o)
{
	uint32_t seq0 = 0, ack0 = 0;

	if (c != NULL) {
		seq0 = dir == '<' ? c->peer_iss : c->iss;
		ack0 = dir == '<' ? c->iss : c->peer_iss;
	}
	log_line("%12.6f %c %u>%u [%s%s%s%s%s%s%s%s] seq %u:%u", (double)since_start() / 1e6, dir,
		h->sport, h->dport, h->flags & SYN ? "S" : "", h->flags & FIN ? "F" : "",
		h->flags & RST ? "R" : "", h->flags & PSH ? "P" : "", h->flags & URG ? "U" : "",
		h->flags & ACK ? "." : "", h->flags & ECE ? "E" : "", h->flags & CWR ? "W" : "",
		h->seq - seq0, h->seq - seq0 + len);
	if (h->flags & ACK)
		log_line(" ack %u", h->ack - ack0);
	log_line(" win %u", h->wnd);
	if (o->has & WIRE_TCP_OPT_MSS)
		log_line(" mss %u", o->mss);
	if (o->has & WIRE_TCP_OPT_WSCALE)
		log_line(" wscale %u", o->wscale);
	if (o->has & WIRE_TCP_OPT_SACKOK)
		log_line(" sackOK");
	if (o->has & WIRE_TCP_OPT_TS)
		log_line(" TS %u ecr %u", o->tsval, o->tsecr);
	for (unsigned i = 0; o->has & WIRE_TCP_OPT_SACK && i < o->n_sack; i++)
		log_line(" sack %u:%u", o->sack[i].left - ack0, o->sack[i].right - ack0);
	log_line("\n");
}

_Noreturn void talk_fail(unsigned line, const char *fmt, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	fprintf(stderr, "---- the conversation (IPv%u):\n%s---- line %u: %s\n", talk.v6 ? 6 : 4,
		talk.log, line, why);
	cr_assert_fail("line %u: %s", line, why);
	abort();
}

/* What the layer above is told. */

static unsigned conn_of_tcb(const struct tcb *t)
{
	for (unsigned i = talk.n_conn; i-- > 0;)
		if (talk.conn[i].t == t)
			return i;
	return talk.c;
}

static void event(enum talk_ev ev, struct tcb *t, uint32_t val)
{
	static const char *const names[EV_MAX] = {"accepted", "connected", "received", "urgent",
		"peer_closed", "writable", "closed", "error"};

	if (talk.n_evs == TALK_EVS)
		talk_fail(0, "too many events");
	talk.evs[talk.n_evs++] = (struct talk_event){.ev = ev, .conn = conn_of_tcb(t), .val = val};
	talk_note("upcall %s %u", names[ev], val);
	if (talk.on[ev] != NULL)
		talk.on[ev](t);
}

static void up_accepted(void *ctx, struct tcp_listener *l, struct tcb *t)
{
	for (unsigned i = 0; i < talk.n_conn; i++)
		if (talk.conn[i].rport == t->key.rport && talk.conn[i].lport == t->key.lport) {
			talk.conn[i].t = t;
			talk.conn[i].h = tcp_handle(talk.tcp, t);
		}
	if (l != talk.l || tcp_app_ops(t) != APP_OPS || tcp_app_user(t) != &talk)
		talk_fail(0, "accepted without the listener's ops and user pointer");
	event(EV_ACCEPTED, t, 0);
}

static void up_connected(void *ctx, struct tcb *t)
{
	event(EV_CONNECTED, t, 0);
}

static void up_received(void *ctx, struct tcb *t, struct rte_mbuf *m)
{
	struct talk_conn *c = &talk.conn[conn_of_tcb(t)];
	uint32_t len = m->pkt_len;

	if (t->flags & TF_DETACHED)
		talk_fail(0, "data for an application that has closed");
	for (const struct rte_mbuf *s = m; s != NULL; s = s->next)
		for (unsigned i = 0; i < s->data_len; i++, c->rx_next++)
			if (*rte_pktmbuf_mtod_offset(s, const uint8_t *, i) !=
				talk_byte(c->rx_next, false))
				talk_fail(0, "byte %u delivered wrong", c->rx_next);
	if (len == 0)
		talk_fail(0, "delivered nothing");
	talk.rx_bufs += m->nb_segs;
	pkt_free(&talk.env.pool, m);
	if (!talk.slow_reader)
		tcp_consumed(talk.tcp, t, len);
	event(EV_RECEIVED, t, len);
}

static void up_urgent(void *ctx, struct tcb *t, uint32_t ahead)
{
	event(EV_URGENT, t, ahead);
}

static void up_peer_closed(void *ctx, struct tcb *t)
{
	event(EV_PEER_CLOSED, t, 0);
}

static void up_writable(void *ctx, struct tcb *t, uint32_t room)
{
	event(EV_WRITABLE, t, room);
}

static void up_closed(void *ctx, struct tcb *t, int err)
{
	struct talk_conn *c = &talk.conn[conn_of_tcb(t)];

	if (tcp_find(talk.tcp, c->h) != NULL)
		talk_fail(0, "a closed connection is still found");
	event(EV_CLOSED, t, (uint32_t)err);
	c->t = NULL;
}

static void up_error(void *ctx, struct tcb *t, int err)
{
	if (t->flags & TF_DETACHED)
		talk_fail(0, "an error for an application that has closed");
	if (talk.errors)
		event(EV_ERROR, t, (uint32_t)err);
}

static const struct tcp_up_ops up_ops = {
	.accepted = up_accepted,
	.connected = up_connected,
	.received = up_received,
	.urgent = up_urgent,
	.peer_closed = up_peer_closed,
	.writable = up_writable,
	.closed = up_closed,
	.error = up_error,
};

/* Start and end. */

static void conn_init(struct talk_conn *c, unsigned n)
{
	*c = (struct talk_conn){.lport = 80,
		.rport = (uint16_t)(5000 + n),
		.peer_iss = 0x20000000 + n * 0x01000000,
		.rx_next = 1,
		.lip = talk.lip};
}

void talk_begin(bool v6)
{
	static const uint16_t reta[1];

	memset(&talk, 0, sizeof(talk));
	talk.v6 = v6;
	talk.mtu = 1500;
	talk.peer_wnd = 65535;
	talk.seed = 10 * SEC;
	tcp_conf_default(&talk.conf);
	talk.conf.cc = TCP_CC_NEWRENO; /* whose windows RFC 5681 lets one foretell */
	talk.conf.connections = 64;
	talk.conf.half_open = 16;
	talk.conf.time_wait = 16;
	talk.conf.listeners = 8;
	talk.conf.rcvbuf_max = 65535; /* the window field says it all */
	talk.conf.quick_acks = 0;     /* each rule of delayed ACKs by itself */
	net_conf_default(&talk.net_conf);
	talk.net_conf.acd = false;
	talk.net_conf.dad_transmits = 0;
	cr_assert_eq(owner_init(&talk.owner, owner_key_default, OWNER_KEY_MIN, reta, 1), 0);
	talk.mp = heap_pool_create("talk", TALK_POOL, RTE_MBUF_DEFAULT_BUF_SIZE);
	cr_assert_not_null(talk.mp);
}

/* The announcements of our addresses are not what is talked about. */
static void settle(void)
{
	while (talk.env.now_us < talk.seed) {
		talk.env.now_us = talk.seed;
		timer_wheel_advance(&talk.env.wheel, talk.env.now_us, talk.env.timer_fn,
			talk.env.timer_ctx, 1000);
	}
}

void talk_up(void)
{
	struct env *e = &talk.env;

	if (talk.up)
		return;
	talk.up = true;
	timer_wheel_init(&e->wheel, 0);
	heap_pkt_pool(&e->pool, talk.mp, &e->cnt);
	rng_seed(&e->rng, 1);
	e->secret = (struct siphash_key){0x0706050403020100, 0x0f0e0d0c0b0a0908};
	e->n_cores = 1;
	talk_net_up();
	talk.tcp = tcp_create(&talk.conf, e, talk.net, &talk.owner, &up_ops, NULL);
	cr_assert_not_null(talk.tcp);
	conn_init(&talk.conn[0], 0);
	talk.n_conn = 1;
	settle();
}

static void run_to(uint64_t to)
{
	for (;;) {
		uint64_t next = timer_wheel_next_us(&talk.env.wheel);

		talk.env.now_us = RTE_MIN(RTE_MAX(next, talk.env.now_us), to);
		timer_wheel_advance(&talk.env.wheel, talk.env.now_us, talk.env.timer_fn,
			talk.env.timer_ctx, 100000);
		talk_output();
		if (next > to)
			return;
	}
}

static unsigned list_length(const struct txseg *s)
{
	unsigned n = 0;

	for (; s != NULL; s = s->next)
		n++;
	return n;
}

static void leak_check(void)
{
	struct tcp *tcp = talk.tcp;

	talk_eq(tcp->n_tcb, 0);
	talk_eq(tcp->n_half_open, 0);
	talk_eq(tcp->n_time_wait, 0);
	talk_eq(tcp->flow.count, 0);
	talk_eq(tcp->listen_table.count, 0);
	talk_eq(list_length(tcp->txseg_free), 2 * talk.mp->size + 1024);
	for (uint32_t i = 0; i < tcp->conf.connections; i++)
		talk_check(!timer_armed(&tcp->tcbs[i].timer));
	for (uint32_t i = 0; i < tcp->conf.half_open; i++)
		talk_check(!timer_armed(&tcp->ho[i].timer));
	talk_check(!timer_armed(&tcp->tw_timer));
	tcp_destroy(tcp);
	net_destroy(talk.net);
	talk_eq(talk.env.wheel.n_armed, 0);
	talk_eq(heap_pool_avail(talk.mp), TALK_POOL);
}

void talk_end(void)
{
	talk_up();
	if (!talk.lenient)
		talk_expect_none();
	for (; talk.ev_read < talk.n_evs; talk.ev_read++)
		if (talk.evs[talk.ev_read].ev == EV_CLOSED)
			talk_fail(0,
				"the application was told of an end that the test did not see: %u",
				talk.evs[talk.ev_read].val);
	talk_note("end of the test");
	memset(talk.on, 0, sizeof(talk.on));
	talk_tx_done();
	talk.keep_tx = false;
	tcp_abort_all(talk.tcp);
	if (talk.l != NULL)
		tcp_listener_close(talk.tcp, talk.l);
	talk.n_out = 0;
	talk_output();
	run_to(talk.env.now_us + 2 * talk.conf.msl_us + SEC);
	leak_check();
	heap_pool_free(talk.mp);
}

/* Our side. */

void talk_listen(void)
{
	talk_up();
	talk.l = tcp_listen(talk.tcp, talk.v6, false, &talk.lip, 80, 0, &talk.opts, APP_OPS, &talk);
	if (talk.l == NULL)
		talk_fail(0, "listen: errno %d", errno);
}

static void turn(void)
{
	talk_output();
}

void talk_connect(void)
{
	talk_up();
	struct talk_conn *c = &talk.conn[talk.c];

	talk_note("connect");
	c->lport = 40000;
	c->rport = 80;
	c->t = tcp_connect(talk.tcp, talk.v6, &c->lip, c->lport, &talk.rip, c->rport, NET_NO_IFC,
		&talk.opts, APP_OPS, &talk);
	if (c->t == NULL)
		talk_fail(0, "connect: errno %d", errno);
	c->h = tcp_handle(talk.tcp, c->t);
	turn();
}

struct tcb *talk_tcb(void)
{
	struct tcb *t = talk.conn[talk.c].t;

	if (t == NULL)
		talk_fail(0, "there is no connection");
	return t;
}

ssize_t talk_send_more(uint32_t len, bool more)
{
	struct talk_conn *c = &talk.conn[talk.c];
	uint8_t *b = malloc(len + 1);

	for (uint32_t i = 0; i < len; i++)
		b[i] = talk_byte(c->app_sent + 1 + i, true);
	ssize_t n = tcp_send(talk.tcp, talk_tcb(), b, len, more);

	free(b);
	talk_note("send %u%s: %zd", len, more ? " (more)" : "", n);
	if (n > 0)
		c->app_sent += (uint32_t)n;
	turn();
	return n;
}

ssize_t talk_send_buf(unsigned segs, uint32_t len, bool headroom)
{
	struct talk_conn *c = &talk.conn[talk.c];
	struct rte_mbuf *head = NULL, *last = NULL;
	uint32_t at = c->app_sent + 1;

	for (unsigned k = 0; k < segs; k++) {
		struct rte_mbuf *m = pkt_alloc(&talk.env.pool);

		cr_assert_not_null(m);
		m->data_off = headroom ? PKT_HEADERS_MAX : 0;
		m->data_len = (uint16_t)len;
		for (uint32_t i = 0; i < len; i++)
			*rte_pktmbuf_mtod_offset(m, uint8_t *, i) = talk_byte(at++, true);
		if (head == NULL)
			head = m;
		else
			last->next = m;
		last = m;
		head->nb_segs = (uint16_t)(k + 1);
		head->pkt_len += len;
	}
	ssize_t n = tcp_send_buf(talk.tcp, talk_tcb(), head, false);

	talk_note("send_buf %u x %u: %zd", segs, len, n);
	if (n > 0)
		c->app_sent += (uint32_t)n;
	else
		pkt_free(&talk.env.pool, head);
	turn();
	return n;
}

void talk_consume(uint32_t n)
{
	talk_note("consume %u", n);
	tcp_consumed(talk.tcp, talk_tcb(), n);
	turn();
}

void talk_shutdown(void)
{
	talk_note("shutdown");
	tcp_shutdown(talk.tcp, talk_tcb());
	turn();
}

void talk_close(void)
{
	talk_note("close");
	tcp_close(talk.tcp, talk_tcb());
	talk.conn[talk.c].t = NULL;
	turn();
}

void talk_abort(void)
{
	talk_note("abort");
	tcp_abort(talk.tcp, talk_tcb());
	talk.conn[talk.c].t = NULL;
	turn();
}

unsigned talk_conn_new(void)
{
	talk_up();
	if (talk.n_conn == TALK_CONNS)
		talk_fail(0, "too many connections");
	conn_init(&talk.conn[talk.n_conn], talk.n_conn);
	talk.c = talk.n_conn++;
	return talk.c;
}

void talk_conn_use(unsigned c)
{
	talk.c = c;
}

void talk_wrap(uint32_t behind)
{
	struct tcp_key k;
	const struct talk_conn *c = &talk.conn[0];

	talk_up();
	memset(&k, 0, sizeof(k));
	k.l = talk.lip;
	k.r = talk.rip;
	k.lport = c->lport;
	k.rport = c->rport;
	uint32_t ts_off, now = tcp_isn(talk.tcp, &k, &ts_off), want = 0 - behind;

	talk.env.now_us += 4 * (uint64_t)(want - now);
	talk.seed = talk.env.now_us;
	run_to(talk.env.now_us);
	talk.n_out = 0;
}

/* The peer. */

void talk_in_seg(const struct talk_seg *s)
{
	const struct talk_conn *c = &talk.conn[talk.c];
	struct wire_tcp h = {.sport = c->rport,
		.dport = c->lport,
		.seq = c->peer_iss + s->seq,
		.ack = c->iss + s->ack,
		.flags = s->flags,
		.wnd = s->wnd == 0 ? talk.peer_wnd : (uint16_t)RTE_MAX(s->wnd, 0)};
	struct wire_tcp_opts o;

	talk_seg_options(c, s, &o);
	if (!talk.lenient)
		talk_expect_none_at(s->line);
	talk_log_seg('<', c, &h, s->len, &o);
	talk.burst[talk.n_burst++] = talk_frame(c, s);
	if (s->hold)
		return;
	unsigned n = talk.n_burst;

	talk.n_burst = 0;
	net_input(talk.net, talk.burst, n);
	turn();
}

/* What leaves. */

void talk_expect_none_at(unsigned line)
{
	if (talk.out_read < talk.n_out)
		talk_fail(line, "%u segment(s) left that were not expected",
			talk.n_out - talk.out_read);
}

const struct talk_out *talk_next_out(void)
{
	return talk.out_read < talk.n_out ? &talk.out[talk.out_read++] : NULL;
}

uint32_t talk_skip(unsigned *n_segs)
{
	uint32_t bytes = 0;
	unsigned n = 0;

	for (const struct talk_out *o = talk_next_out(); o != NULL; o = talk_next_out()) {
		bytes += o->len;
		n++;
	}
	if (n_segs != NULL)
		*n_segs = n;
	talk.n_out = talk.out_read = 0;
	return bytes;
}

static void expect_field(const struct talk_seg *s, const char *what, uint32_t is, uint32_t want)
{
	if (is != want)
		talk_fail(s->line, "%s is %u, expected %u", what, is, want);
}

static void expect_flags(const struct talk_seg *s, const struct talk_out *o)
{
	uint8_t flags = o->h.flags;

	if (s->no_push && flags & PSH)
		talk_fail(s->line, "PSH is set");
	if (!(s->flags & PSH))
		flags &= (uint8_t)~PSH;
	if (flags != s->flags)
		talk_fail(s->line, "flags are %#x, expected %#x", flags, s->flags);
}

static void expect_sack(
	const struct talk_seg *s, const struct wire_tcp_opts *o, const struct talk_conn *c)
{
	unsigned n = 0;

	while (n < WIRE_TCP_SACK_MAX && s->sack[n].right != 0)
		n++;
	if (n == 0)
		return;
	expect_field(s, "number of SACK blocks", o->has & WIRE_TCP_OPT_SACK ? o->n_sack : 0, n);
	for (unsigned i = 0; i < n; i++) {
		expect_field(s, "left edge of a SACK block", o->sack[i].left - c->peer_iss,
			s->sack[i].left);
		expect_field(s, "right edge of a SACK block", o->sack[i].right - c->peer_iss,
			s->sack[i].right);
	}
}

static void expect_options(
	const struct talk_seg *s, const struct talk_out *out, const struct talk_conn *c)
{
	const struct wire_tcp_opts *o = &out->o;

	if ((o->has & s->with) != s->with || o->has & s->without)
		talk_fail(s->line, "options %#x, wanted %#x and not %#x", o->has, s->with,
			s->without);
	if (s->sack_ok && !(o->has & WIRE_TCP_OPT_SACKOK))
		talk_fail(s->line, "SACK is not permitted");
	if (s->wscale != 0)
		expect_field(s, "window scale + 1",
			o->has & WIRE_TCP_OPT_WSCALE ? o->wscale + 1u : 0, s->wscale);
	if (s->tsval != 0 || s->tsecr != 0)
		expect_field(s, "timestamps", (o->has & WIRE_TCP_OPT_TS) != 0, 1);
	if (s->tsval != 0)
		expect_field(s, "TSval", o->tsval, s->tsval);
	if (s->tsecr != 0)
		expect_field(s, "TSecr", o->tsecr, s->tsecr);
	if (s->tos != 0)
		expect_field(s, "TOS", out->tos, s->tos & 0xffu);
	expect_sack(s, o, c);
}

void talk_expect_seg(const struct talk_seg *s)
{
	const struct talk_out *o = talk_next_out();
	const struct talk_conn *c = &talk.conn[talk.c];

	if (o == NULL)
		talk_fail(s->line, "nothing was sent, expected flags %#x seq %u", s->flags, s->seq);
	if (!o->known || o->conn != talk.c)
		talk_fail(s->line, "sent on another connection");
	if (!talk.lenient)
		talk_eq(o->at_us, talk.env.now_us);
	expect_flags(s, o);
	expect_field(s, "seq", o->h.seq - (s->rst_abs ? 0 : c->iss), s->seq);
	if (o->h.flags & ACK)
		expect_field(s, "ack", o->h.ack - (s->rst_abs ? 0 : c->peer_iss), s->ack);
	expect_field(s, "length", o->len, s->len);
	if (s->wnd != 0)
		expect_field(s, "window", o->h.wnd, (uint32_t)RTE_MAX(s->wnd, 0));
	if (s->mss != 0 && !(o->o.has & WIRE_TCP_OPT_MSS))
		talk_fail(s->line, "no MSS option");
	if (s->mss != 0)
		expect_field(s, "MSS option", o->o.mss, s->mss);
	expect_options(s, o, c);
	if (talk.out_read == talk.n_out)
		talk.out_read = talk.n_out = 0;
}

void talk_advance_at(unsigned line, uint64_t us)
{
	talk_up();
	talk_expect_none_at(line);
	run_to(talk.env.now_us + us);
	talk_expect_none_at(line);
}

void talk_run(uint64_t us)
{
	run_to(talk.env.now_us + us);
}

void talk_tx_done(void)
{
	while (talk.n_kept > 0)
		pkt_free(&talk.env.pool, talk.kept[--talk.n_kept]);
}

/* Events. */

void talk_event_at(unsigned line, enum talk_ev ev, uint32_t val)
{
	if (talk.ev_read == talk.n_evs)
		talk_fail(line, "the application was told nothing, expected event %u", ev);
	const struct talk_event *e = &talk.evs[talk.ev_read++];

	if (e->ev != ev || e->conn != talk.c)
		talk_fail(line, "the application was told %u (connection %u), expected %u", e->ev,
			e->conn, ev);
	if (e->val != val && ev != EV_WRITABLE)
		talk_fail(line, "the event's value is %u, expected %u", e->val, val);
}

void talk_received_at(unsigned line, uint32_t total)
{
	uint32_t n = 0;

	for (; talk.ev_read < talk.n_evs && talk.evs[talk.ev_read].ev == EV_RECEIVED;
		talk.ev_read++)
		n += talk.evs[talk.ev_read].val;
	if (n != total)
		talk_fail(line, "the application received %u, expected %u", n, total);
}

void talk_no_event_at(unsigned line)
{
	if (talk.ev_read < talk.n_evs)
		talk_fail(line, "the application was told %u", talk.evs[talk.ev_read].ev);
}

/* Phrases. */

uint16_t talk_mss_ours(void)
{
	return (uint16_t)(talk.mtu - (talk.v6 ? 40 : 20) - WIRE_TCP_LEN);
}

uint32_t talk_ts_now(void)
{
	return 5000 + (uint32_t)(since_start() / 1000);
}

/* What the peer offers in its SYN. */
static uint8_t syn_flags(void)
{
	return talk.ecn ? SYN | ECE | CWR : SYN;
}

void talk_established(void)
{
	if (talk.l == NULL)
		talk_listen();
	talk_in(syn_flags(), .mss = 1000, .wscale = talk.wscale, .sack_ok = talk.sack);
	talk_expect(talk.ecn ? SYN | ACK | ECE : SYN | ACK, .ack = 1, .mss = talk_mss_ours());
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_state("ESTABLISHED");
}

void talk_established_out(void)
{
	talk_connect();
	talk_expect(talk.ecn ? SYN | ECE | CWR : SYN, .mss = talk_mss_ours());
	talk_in(talk.ecn ? SYN | ACK | ECE : SYN | ACK, .ack = 1, .mss = 1000,
		.wscale = talk.wscale, .sack_ok = talk.sack);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_connected();
	talk_state("ESTABLISHED");
}

void talk_state_at(unsigned line, const char *state)
{
	const struct tcb *t = talk.conn[talk.c].t;
	const char *is = t != NULL ? tcp_state_name(t) : "none";

	if (strcmp(is, state) != 0)
		talk_fail(line, "the state is %s, expected %s", is, state);
}

uint64_t talk_count(enum counter id)
{
	return talk.env.cnt.n[id];
}

uint64_t talk_drops(enum drop id)
{
	return talk.env.cnt.drop[id];
}

uint32_t talk_cwnd(void)
{
	return talk_tcb()->cwnd;
}
