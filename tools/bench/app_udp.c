/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "bench.h"

/* udp-echo: a datagram goes over and comes back. */

static void udp_echo(struct gn_core *c, gn_udp_t u, void *user, struct rte_mbuf *m,
	const struct gn_addr *from, const struct gn_addr *to)
{
	if (gn_udp_send_buf(c, u, from, to, m) < 0)
		gn_buf_free(c, m);
}

static const struct gn_udp_ops server_ops = {.received = udp_echo};

static void *server_init(struct gn_core *c, void *arg)
{
	struct gn_addr local = {.port = BENCH_PORT};

	if (gn_udp_open(c, &local, NULL, &server_ops, arg) < 0)
		bench_die("udp: cannot bind");
	return arg;
}

static const struct gn_app server = {.name = "bench-udp-server", .init = server_init};

static void udp_send(struct gn_core *c, gn_udp_t u, struct bench_side *s)
{
	gn_udp_send(c, u, NULL, NULL, bench_payload, s->opts->size);
}

static void udp_answer(struct gn_core *c, gn_udp_t u, void *user, struct rte_mbuf *m,
	const struct gn_addr *from, const struct gn_addr *to)
{
	struct bench_side *s = user;

	gn_buf_free(c, m);
	s->done++;
	udp_send(c, u, s);
}

static const struct gn_udp_ops client_ops = {.received = udp_answer};

/* Several sockets, so that the flows reach every core of the server. */
#define UDP_SOCKETS 16

static void *client_init(struct gn_core *c, void *arg)
{
	struct bench_side *s = arg;
	struct gn_addr remote = bench_server_addr(s->opts, 0);
	unsigned n = s->opts->cores > 1 ? UDP_SOCKETS : 1;

	for (unsigned i = 0; i < n; i++) {
		int64_t u = gn_udp_open(c, NULL, &remote, &client_ops, s);

		if (u < 0)
			bench_die("udp: cannot connect: %s", strerror((int)-u));
		for (uint32_t k = i; k < s->opts->window; k += n)
			udp_send(c, (gn_udp_t)u, s);
	}
	s->ready = true;
	return arg;
}

static const struct gn_app client = {.name = "bench-udp-client", .init = client_init};

const struct bench_apps bench_udp_apps = {&client, &server};
