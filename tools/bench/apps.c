/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* The applications on the two cores, on the public API: as a user would write them. */

static struct bench_side *side_of(struct gn_core *c)
{
	return gn_app_arg(c);
}

static struct gn_addr addr_of(const struct bench_opts *o, unsigned host, uint16_t port)
{
	struct gn_addr a = {.family = o->v6 ? 6 : 4, .port = port};

	if (o->v6) {
		a.v6[0] = 0xfd;
		a.v6[15] = (uint8_t)(1 + host);
	} else {
		a.v4 = 0x0a000001 + host;
	}
	return a;
}

static void app_exit(struct gn_core *c, void *state)
{
}

static void udp_echo(struct gn_core *c, gn_udp_t u, void *user, struct rte_mbuf *m,
	const struct gn_addr *from, const struct gn_addr *to)
{
	if (gn_udp_send_buf(c, u, from, to, m) < 0)
		gn_buf_free(c, m);
}

static const struct gn_udp_ops udp_server_ops = {.received = udp_echo};

static void *udp_server_init(struct gn_core *c, void *arg)
{
	struct gn_addr local = {.port = BENCH_PORT};

	if (gn_udp_open(c, &local, NULL, &udp_server_ops, arg) < 0)
		bench_die("udp: cannot bind");
	return arg;
}

const struct gn_app bench_udp_server = {
	.name = "bench-udp-server", .init = udp_server_init, .exit = app_exit};

static uint8_t payload[65536];

static void udp_send(struct gn_core *c, gn_udp_t u, struct bench_side *s)
{
	gn_udp_send(c, u, NULL, NULL, payload, s->opts->size);
}

static void udp_answer(struct gn_core *c, gn_udp_t u, void *user, struct rte_mbuf *m,
	const struct gn_addr *from, const struct gn_addr *to)
{
	struct bench_side *s = user;

	gn_buf_free(c, m);
	s->done++;
	udp_send(c, u, s);
}

static const struct gn_udp_ops udp_client_ops = {.received = udp_answer};

static void *udp_client_init(struct gn_core *c, void *arg)
{
	struct bench_side *s = arg;
	struct gn_addr remote = addr_of(s->opts, 1, BENCH_PORT);
	int64_t u = gn_udp_open(c, NULL, &remote, &udp_client_ops, s);

	if (u < 0)
		bench_die("udp: cannot connect: %s", strerror((int)-u));
	for (uint32_t i = 0; i < s->opts->window; i++)
		udp_send(c, (gn_udp_t)u, s);
	s->ready = true;
	return arg;
}

const struct gn_app bench_udp_client = {
	.name = "bench-udp-client", .init = udp_client_init, .exit = app_exit};

/* Answers each request with as many bytes. Requests are smaller than a segment. */
static void tcp_echo(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	gn_tcp_send(c, t, rte_pktmbuf_mtod(m, void *), m->data_len, 0);
	gn_tcp_rx_done(c, t, m);
}

static void tcp_peer_closed(struct gn_core *c, gn_tcp_t t, void *user)
{
	gn_tcp_close(c, t);
}

static const struct gn_tcp_ops tcp_server_ops = {
	.received = tcp_echo, .peer_closed = tcp_peer_closed};

static void *tcp_server_init(struct gn_core *c, void *arg)
{
	struct bench_side *s = arg;
	uint32_t n = (s->opts->window + s->opts->idle) / BENCH_PER_PORT + 1;

	for (uint32_t i = 0; i < n; i++) {
		struct gn_addr local = {.port = (uint16_t)(BENCH_PORT + i)};

		if (gn_tcp_listen(c, &local, &tcp_server_ops, s, NULL) < 0)
			bench_die("tcp: cannot listen");
	}
	return arg;
}

const struct gn_app bench_tcp_server = {
	.name = "bench-tcp-server", .init = tcp_server_init, .exit = app_exit};

static void tcp_answer(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	struct bench_side *s = user;

	gn_tcp_rx_done(c, t, m);
	s->done++;
	gn_tcp_send(c, t, payload, s->opts->size, 0);
}

static void tcp_connected(struct gn_core *c, gn_tcp_t t, void *user)
{
	((struct bench_side *)user)->open++;
}

static void tcp_closed(struct gn_core *c, gn_tcp_t t, void *user, int err)
{
	if (err != ECONNABORTED) /* the run is over */
		bench_die("tcp: a connection ended: %s", strerror(err));
}

static const struct gn_tcp_ops tcp_client_ops = {
	.connected = tcp_connected, .received = tcp_answer, .closed = tcp_closed};

/* The busy connections: opened last, so that idle ones lie around them in every table. */
static gn_tcp_t *busy;

static void tcp_open(struct gn_core *c, struct bench_side *s)
{
	struct gn_addr remote =
		addr_of(s->opts, 1, (uint16_t)(BENCH_PORT + s->started / BENCH_PER_PORT));
	int64_t t = gn_tcp_connect(c, NULL, &remote, &tcp_client_ops, s, NULL);

	if (t < 0)
		bench_die("tcp: cannot connect: %s", strerror((int)-t));
	if (s->started >= s->opts->idle)
		busy[s->started - s->opts->idle] = (gn_tcp_t)t;
	s->started++;
}

static void tcp_client_poll(struct gn_core *c, void *state)
{
	struct bench_side *s = state;
	uint32_t all = s->opts->idle + s->opts->window;

	if (s->ready)
		return;
	while (s->started < all && s->started - s->open < 64)
		tcp_open(c, s);
	if (s->open < all)
		return;
	s->ready = true;
	for (uint32_t i = 0; i < s->opts->window; i++)
		gn_tcp_send(c, busy[i], payload, s->opts->size, 0);
}

static void *tcp_client_init(struct gn_core *c, void *arg)
{
	busy = calloc(side_of(c)->opts->window, sizeof(*busy));
	return arg;
}

static void tcp_client_exit(struct gn_core *c, void *state)
{
	free(busy);
}

const struct gn_app bench_tcp_client = {.name = "bench-tcp-client",
	.init = tcp_client_init,
	.poll = tcp_client_poll,
	.exit = tcp_client_exit};
