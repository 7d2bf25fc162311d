/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "echo.h"

/*
 * The client: opens connections to an echo server, sends a pattern that depends on the connection
 * and the position, and compares what comes back.
 */
#define RETRY_US 200000u /* a peer or an address of ours that is not there yet */
#define PIECE	 16384u
#define FIRST	 1024u /* goes on the SYN, if Fast Open allows it */

enum client_state { CLIENT_CONNECTING, CLIENT_OPEN, CLIENT_ENDED };

struct client {
	struct echo_core *e;
	gn_tcp_t t;
	struct gn_timer retry;
	enum client_state state;
	uint32_t index; /* over all cores */
	uint64_t sent, received;
};

static uint8_t pattern(uint32_t index, uint64_t at)
{
	return (uint8_t)(at ^ (at >> 8) * 31 ^ (at >> 16) * 7 ^ index * 101);
}

static void client_connect(struct gn_core *c, struct gn_timer *timer);

/* Counts the end of a connection; the last one, on whichever core, ends the program. */
static void client_end(struct client *k, const char *why)
{
	struct echo_core *e = k->e;
	struct client_result *r = &k->e->echo->result;

	if (k->state == CLIENT_ENDED)
		return;
	k->state = CLIENT_ENDED;
	gn_timer_cancel(k->e->c, &k->retry);
	if (why == NULL)
		atomic_fetch_add(&r->good, 1);
	else
		fprintf(stderr, "gannet-echo: connection %u: %s after %llu of %llu bytes\n",
			k->index, why, (unsigned long long)k->received,
			(unsigned long long)k->e->echo->conf.bytes);
	atomic_fetch_add(&r->bytes, k->received);
	if (atomic_fetch_add(&r->ended, 1) + 1 == e->echo->conf.n_clients)
		gn_stop(e->c);
	else if (e->echo->conf.in_turn && k + 1 < e->clients + e->n_clients)
		gn_timer_set(e->c, &k[1].retry, 0, client_connect);
}

static void client_fail(struct client *k, const char *why)
{
	gn_tcp_abort(k->e->c, k->t);
	client_end(k, why);
}

/* The next bytes to be sent, at most most; how many. */
static size_t client_piece(const struct client *k, uint8_t *piece, size_t most)
{
	uint64_t left = k->e->echo->conf.bytes - k->sent;
	size_t n = left < most ? left : most;

	for (size_t i = 0; i < n; i++)
		piece[i] = pattern(k->index, k->sent + i);
	return n;
}

static void client_send(struct client *k)
{
	uint8_t piece[PIECE];

	while (k->sent < k->e->echo->conf.bytes) {
		size_t n = client_piece(k, piece, sizeof(piece));
		ssize_t ret = gn_tcp_send(k->e->c, k->t, piece, n, 0);

		if (ret == -ENOBUFS)
			return;
		if (ret < 0) {
			client_fail(k, strerror((int)-ret));
			return;
		}
		k->sent += ret;
		if ((size_t)ret < n)
			return;
	}
	gn_tcp_shutdown(k->e->c, k->t);
}

static bool client_check(struct client *k, const struct rte_mbuf *m)
{
	for (; m != NULL; m = m->next) {
		const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

		for (uint32_t i = 0; i < m->data_len; i++)
			if (p[i] != pattern(k->index, k->received++))
				return false;
	}
	return k->received <= k->sent;
}

static void client_connected(struct gn_core *c, gn_tcp_t t, void *user)
{
	struct client *k = user;

	k->state = CLIENT_OPEN;
	client_send(k);
}

static void client_received(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	struct client *k = user;
	bool good = client_check(k, m);

	gn_tcp_rx_done(c, t, m);
	if (!good)
		client_fail(k, "wrong byte");
}

static void client_writable(struct gn_core *c, gn_tcp_t t, void *user, size_t room)
{
	struct client *k = user;

	if (k->sent < k->e->echo->conf.bytes)
		client_send(k);
}

static void client_retry(struct client *k)
{
	k->state = CLIENT_CONNECTING;
	k->sent = 0;
	gn_timer_set(k->e->c, &k->retry, RETRY_US, client_connect);
}

static void client_closed(struct gn_core *c, gn_tcp_t t, void *user, int err)
{
	struct client *k = user;
	bool absent = err == EHOSTUNREACH || err == ENETUNREACH || err == ETIMEDOUT;

	if (k->state == CLIENT_CONNECTING && absent)
		client_retry(k);
	else if (err != 0)
		client_end(k, strerror(err));
	else
		client_end(k, k->received == k->e->echo->conf.bytes ? NULL : "closed too early");
}

static const struct gn_tcp_ops client_ops = {
	.connected = client_connected,
	.received = client_received,
	.writable = client_writable,
	.closed = client_closed,
};

static void client_connect(struct gn_core *c, struct gn_timer *timer)
{
	struct client *k = (struct client *)((char *)timer - offsetof(struct client, retry));
	uint8_t piece[FIRST];
	size_t n = client_piece(k, piece, sizeof(piece));
	int64_t t = gn_tcp_connect_data(
		c, NULL, &k->e->echo->conf.remote, &client_ops, k, NULL, piece, n);

	if (t > 0) {
		k->t = t;
		k->sent = n;
	} else if (t == -ENETUNREACH || t == -EADDRNOTAVAIL) /* an address still being checked */
		client_retry(k);
	else
		client_end(k, strerror((int)-t));
}

static void client_timeout(struct gn_core *c, struct gn_timer *t)
{
	fprintf(stderr, "gannet-echo: core %u: not done after %u s\n", gn_core_id(c),
		((struct echo *)gn_app_arg(c))->conf.timeout_s);
	gn_stop(c);
}

int client_start(struct echo_core *e)
{
	const struct echo_conf *conf = &e->echo->conf;
	uint32_t cores = gn_core_count(e->c), id = gn_core_id(e->c);

	e->n_clients = conf->n_clients / cores + (id < conf->n_clients % cores);
	e->clients = calloc(e->n_clients + 1, sizeof(*e->clients));
	if (e->clients == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < e->n_clients; i++) {
		e->clients[i] = (struct client){.e = e, .index = id + i * cores};
		if (i == 0 || !conf->in_turn)
			gn_timer_set(e->c, &e->clients[i].retry, 0, client_connect);
	}
	gn_timer_set(e->c, &e->timeout, conf->timeout_s * 1000000ull, client_timeout);
	return 0;
}

void client_stop(struct echo_core *e)
{
	if (e->clients == NULL)
		return;
	for (uint32_t i = 0; i < e->n_clients; i++)
		gn_timer_cancel(e->c, &e->clients[i].retry);
	gn_timer_cancel(e->c, &e->timeout);
	free(e->clients);
}

int client_report(const struct echo *echo)
{
	unsigned good = atomic_load(&echo->result.good);

	printf("gannet-echo: %u of %u connections good, %llu bytes echoed\n", good,
		echo->conf.n_clients, (unsigned long long)atomic_load(&echo->result.bytes));
	return good == echo->conf.n_clients ? 0 : 1;
}
