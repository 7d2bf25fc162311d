/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "bench.h"

/* tcp-stream: each connection sends all that its send buffer takes; the server counts bytes and
 * gives the buffers back. */

static void stream_sink(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	((struct bench_side *)user)->done += m->pkt_len;
	gn_tcp_rx_done(c, t, m);
}

static const struct gn_tcp_ops server_ops = {.received = stream_sink};

static void *server_init(struct gn_core *c, void *arg)
{
	bench_listen(c, bench_side(c)->opts, &server_ops, NULL);
	return arg;
}

static const struct gn_app server = {.name = "bench-stream-server", .init = server_init};

static void stream_pump(struct gn_core *c, gn_tcp_t t)
{
	while (gn_tcp_send(c, t, bench_payload, sizeof(bench_payload), 0) ==
		(ssize_t)sizeof(bench_payload))
		;
}

static void stream_connected(struct gn_core *c, gn_tcp_t t, void *user)
{
	struct bench_side *s = user;
	struct gn_tcp_info info;

	gn_tcp_info(c, t, &info);
	s->unit = info.mss;
	if (++s->open == s->opts->window)
		__atomic_store_n(&s->ready, true, __ATOMIC_RELEASE);
	stream_pump(c, t);
}

static void stream_writable(struct gn_core *c, gn_tcp_t t, void *user, size_t room)
{
	stream_pump(c, t);
}

static const struct gn_tcp_ops client_ops = {
	.connected = stream_connected, .writable = stream_writable, .closed = bench_tcp_closed};

static void *client_init(struct gn_core *c, void *arg)
{
	struct bench_side *s = arg;
	struct gn_addr remote = bench_server_addr(s->opts, 0);

	for (uint32_t i = 0; i < s->opts->window; i++) {
		int64_t t = gn_tcp_connect(c, NULL, &remote, &client_ops, s, NULL);

		if (t < 0)
			bench_die("tcp: cannot connect: %s", strerror((int)-t));
	}
	return arg;
}

static const struct gn_app client = {.name = "bench-stream-client", .init = client_init};

const struct bench_apps bench_stream_apps = {&client, &server};
