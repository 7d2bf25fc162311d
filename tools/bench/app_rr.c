/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/*
 * tcp-rr: a request and its response on warm connections, beside idle ones. Each connection, the
 * idle ones too, moves a request and a response when it is new; the busy ones are opened last, so
 * that the idle ones lie around them in every table.
 */
#define OPENING_MAX 512 /* connections that are being opened at once */

/* Answers each request with as many bytes. Requests are smaller than a segment. */
static void rr_echo(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	gn_tcp_send(c, t, rte_pktmbuf_mtod(m, void *), m->data_len, 0);
	gn_tcp_rx_done(c, t, m);
}

static void rr_peer_closed(struct gn_core *c, gn_tcp_t t, void *user)
{
	gn_tcp_close(c, t);
}

static const struct gn_tcp_ops server_ops = {.received = rr_echo, .peer_closed = rr_peer_closed};

static void *server_init(struct gn_core *c, void *arg)
{
	bench_listen(c, bench_side(c)->opts, &server_ops, NULL);
	return arg;
}

const struct gn_app bench_rr_server = {.name = "bench-rr-server", .init = server_init};

/* Of one client core. */
struct rr {
	gn_tcp_t *conn; /* the busy ones, or with --spread all */
	uint32_t n_conn, all, next;
};

static void request(struct gn_core *c, gn_tcp_t t, const struct bench_side *s)
{
	gn_tcp_send(c, t, bench_payload, s->opts->size, 0);
}

static void rr_connected(struct gn_core *c, gn_tcp_t t, void *user)
{
	request(c, t, user);
}

static void rr_answer(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	struct bench_side *s = user;

	gn_tcp_rx_done(c, t, m);
	if (unlikely(!s->ready)) {
		s->open++;
		return;
	}
	s->done++;
	request(c, t, s);
}

/* The next request goes to the connection that was silent for longest. */
static void rr_answer_spread(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	struct bench_side *s = user;
	struct rr *r = s->state;

	gn_tcp_rx_done(c, t, m);
	if (unlikely(!s->ready)) {
		s->open++;
		return;
	}
	s->done++;
	request(c, r->conn[r->next], s);
	r->next = r->next + 1 < r->all ? r->next + 1 : 0;
}

static const struct gn_tcp_ops client_ops = {
	.connected = rr_connected, .received = rr_answer, .closed = bench_tcp_closed};
static const struct gn_tcp_ops spread_ops = {
	.connected = rr_connected, .received = rr_answer_spread, .closed = bench_tcp_closed};

static void rr_open(struct gn_core *c, struct bench_side *s, struct rr *r)
{
	struct gn_addr remote = bench_server_addr(s->opts, s->started);
	int64_t t = gn_tcp_connect(
		c, NULL, &remote, s->opts->spread ? &spread_ops : &client_ops, s, NULL);

	if (t < 0)
		bench_die("tcp: cannot connect: %s", strerror((int)-t));
	if (s->started >= r->all - r->n_conn)
		r->conn[s->started - (r->all - r->n_conn)] = (gn_tcp_t)t;
	s->started++;
}

static void client_poll(struct gn_core *c, void *state)
{
	struct bench_side *s = bench_side(c);
	struct rr *r = state;

	if (likely(s->ready))
		return;
	while (s->started < r->all && s->started - s->open < OPENING_MAX)
		rr_open(c, s, r);
	if (s->open < r->all)
		return;
	__atomic_store_n(&s->ready, true, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < s->opts->window; i++)
		request(c, r->conn[i], s);
	r->next = s->opts->window % r->all;
}

static void *client_init(struct gn_core *c, void *arg)
{
	struct bench_side *s = arg;
	struct rr *r = calloc(1, sizeof(*r));

	if (r == NULL)
		bench_die("no memory");
	r->all = s->opts->window + s->opts->idle / s->opts->cores;
	r->n_conn = s->opts->spread ? r->all : s->opts->window;
	r->conn = calloc(r->n_conn, sizeof(*r->conn));
	if (r->conn == NULL)
		bench_die("no memory");
	s->state = r;
	return r;
}

static void client_exit(struct gn_core *c, void *state)
{
	struct rr *r = state;

	free(r->conn);
	free(r);
}

static const struct gn_app client = {
	.name = "bench-rr-client", .init = client_init, .poll = client_poll, .exit = client_exit};

const struct bench_apps bench_rr_apps = {&client, &bench_rr_server};
