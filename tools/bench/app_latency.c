/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* latency: requests at a given rate (load.h), each on a warm connection that has none under way;
 * while there is none such, due requests wait. The server is that of tcp-rr. */
struct conn {
	gn_tcp_t t;
	struct bench_side *s;
	uint64_t due_ns;
	struct conn *next_free;
};

struct latency {
	struct conn *conn, *free;
};

static void latency_connected(struct gn_core *c, gn_tcp_t t, void *user)
{
	struct conn *k = user;
	struct bench_side *s = k->s;
	struct latency *l = s->state;

	k->next_free = l->free;
	l->free = k;
	if (++s->open == s->opts->window)
		__atomic_store_n(&s->ready, true, __ATOMIC_RELEASE);
}

static void latency_answer(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	struct conn *k = user;
	struct bench_side *s = k->s;
	struct latency *l = s->state;

	if (s->record)
		load_done(&s->load, k->due_ns, load_clock_ns());
	gn_tcp_rx_done(c, t, m);
	s->done++;
	k->next_free = l->free;
	l->free = k;
}

static const struct gn_tcp_ops client_ops = {
	.connected = latency_connected, .received = latency_answer, .closed = bench_tcp_closed};

static void client_poll(struct gn_core *c, void *state)
{
	struct bench_side *s = bench_side(c);
	struct latency *l = state;
	uint64_t now = load_clock_ns();

	if (!s->ready)
		return;
	while (l->free != NULL) {
		struct conn *k = l->free;

		k->due_ns = load_due(&s->load, now);
		if (k->due_ns == 0)
			return;
		l->free = k->next_free;
		gn_tcp_send(c, k->t, bench_payload, s->opts->size, 0);
	}
}

static void *client_init(struct gn_core *c, void *arg)
{
	struct bench_side *s = arg;
	struct gn_addr remote = bench_server_addr(s->opts, 0);
	struct latency *l = calloc(1, sizeof(*l));

	if (l == NULL)
		bench_die("no memory");
	l->conn = calloc(s->opts->window, sizeof(*l->conn));
	if (l->conn == NULL)
		bench_die("no memory");
	s->state = l;
	load_init(&s->load, s->opts->rate / s->opts->cores);
	for (uint32_t i = 0; i < s->opts->window; i++) {
		int64_t t = gn_tcp_connect(c, NULL, &remote, &client_ops, &l->conn[i], NULL);

		if (t < 0)
			bench_die("tcp: cannot connect: %s", strerror((int)-t));
		l->conn[i].t = (gn_tcp_t)t;
		l->conn[i].s = s;
	}
	return l;
}

static void client_exit(struct gn_core *c, void *state)
{
	struct latency *l = state;

	free(l->conn);
	free(l);
}

static const struct gn_app client = {.name = "bench-latency-client",
	.init = client_init,
	.poll = client_poll,
	.exit = client_exit};

const struct bench_apps bench_latency_apps = {&client, &bench_rr_server};
