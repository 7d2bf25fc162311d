/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "bench.h"

/* tcp-crr: connect, request, response, close; the next connection begins when the client has closed
 * its end. Either side may be the one that closes first, and then waits in TIME-WAIT. */

static void crr_echo(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	const struct bench_side *s = user;

	gn_tcp_send(c, t, rte_pktmbuf_mtod(m, void *), m->data_len, 0);
	gn_tcp_rx_done(c, t, m);
	if (s->opts->server_closes)
		gn_tcp_close(c, t);
}

static void crr_peer_closed(struct gn_core *c, gn_tcp_t t, void *user)
{
	gn_tcp_close(c, t);
}

static const struct gn_tcp_ops server_ops = {.received = crr_echo, .peer_closed = crr_peer_closed};

static void *server_init(struct gn_core *c, void *arg)
{
	bench_listen(c, bench_side(c)->opts, &server_ops, NULL);
	return arg;
}

static const struct gn_app server = {.name = "bench-crr-server", .init = server_init};

static void crr_open(struct gn_core *c, struct bench_side *s);

static void crr_connected(struct gn_core *c, gn_tcp_t t, void *user)
{
	gn_tcp_send(c, t, bench_payload, ((struct bench_side *)user)->opts->size, 0);
}

static void crr_next(struct gn_core *c, gn_tcp_t t, struct bench_side *s)
{
	gn_tcp_close(c, t);
	s->done++;
	crr_open(c, s);
}

static void crr_answer(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	struct bench_side *s = user;

	gn_tcp_rx_done(c, t, m);
	if (!s->opts->server_closes)
		crr_next(c, t, s);
}

static void crr_server_closed(struct gn_core *c, gn_tcp_t t, void *user)
{
	crr_next(c, t, user);
}

static const struct gn_tcp_ops client_ops = {.connected = crr_connected,
	.received = crr_answer,
	.peer_closed = crr_server_closed,
	.closed = bench_tcp_closed};

static void crr_open(struct gn_core *c, struct bench_side *s)
{
	struct gn_addr remote = bench_server_addr(s->opts, 0);
	int64_t t = gn_tcp_connect(c, NULL, &remote, &client_ops, s, NULL);

	if (t < 0)
		bench_die("tcp: cannot connect: %s", strerror((int)-t));
}

static void *client_init(struct gn_core *c, void *arg)
{
	struct bench_side *s = arg;

	for (uint32_t i = 0; i < s->opts->window; i++)
		crr_open(c, s);
	s->ready = true;
	return arg;
}

static const struct gn_app client = {.name = "bench-crr-client", .init = client_init};

const struct bench_apps bench_crr_apps = {&client, &server};
