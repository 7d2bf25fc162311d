/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../common/segq.h"
#include "echo.h"

/* Segments that a connection may keep waiting while its peer does not read. The receive window
 * bounds the bytes; this bounds the buffers that tiny segments could pin. */
#define SEGS_MAX 2048

struct conn {
	struct echo_core *e;
	struct segq wait; /* received, and not yet taken by the send queue */
	uint16_t at;	  /* position in chargen's pattern */
	bool peer_closed;
};

static struct conn *conn_new(struct gn_core *c, gn_tcp_t t, const struct gn_tcp_ops *ops)
{
	struct echo_core *e = gn_app_state(c);
	struct conn *conn = slab_get(&e->conns);

	if (conn == NULL) {
		gn_tcp_abort(c, t);
		return NULL;
	}
	memset(conn, 0, sizeof(*conn));
	conn->e = e;
	gn_tcp_user_set(c, t, ops, conn);
	return conn;
}

static void conn_free(struct gn_core *c, gn_tcp_t t, struct conn *conn)
{
	struct rte_mbuf *m;

	while ((m = segq_pop(&conn->wait)) != NULL)
		gn_tcp_rx_done(c, t, m);
	slab_put(&conn->e->conns, conn);
}

static void conn_closed(struct gn_core *c, gn_tcp_t t, void *user, int err)
{
	conn_free(c, t, user);
}

/* ---- echo (RFC 862) ---- */

/*
 * Hands received buffers to the send queue as they are. Only what it takes reopens the receive
 * window: a peer that sends and does not read is stopped by its own window, at no cost but the
 * two buffers' limits.
 */
static void echo_run(struct gn_core *c, gn_tcp_t t, struct conn *conn)
{
	struct rte_mbuf *m;

	while ((m = segq_pop(&conn->wait)) != NULL) {
		uint32_t len = m->pkt_len;
		ssize_t n = gn_tcp_send_buf(c, t, m, 0);

		if (n >= 0) {
			gn_tcp_consumed(c, t, len);
			continue;
		}
		segq_push_front(&conn->wait, m);
		if (n == -EAGAIN || n == -ENOBUFS)
			return;
		gn_tcp_abort(c, t);
		conn_free(c, t, conn);
		return;
	}
	if (conn->peer_closed) {
		gn_tcp_close(c, t);
		conn_free(c, t, conn);
	}
}

static void echo_received(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	struct conn *conn = user;
	bool waiting = conn->wait.head != NULL;

	segq_append(&conn->wait, m);
	if (conn->wait.segs > SEGS_MAX) {
		gn_tcp_abort(c, t);
		conn_free(c, t, conn);
	} else if (!waiting) {
		echo_run(c, t, conn);
	}
}

static void echo_peer_closed(struct gn_core *c, gn_tcp_t t, void *user)
{
	struct conn *conn = user;

	conn->peer_closed = true;
	echo_run(c, t, conn);
}

static void echo_writable(struct gn_core *c, gn_tcp_t t, void *user, size_t room)
{
	echo_run(c, t, user);
}

static void echo_accepted(struct gn_core *c, gn_tcp_t t, void *user, const struct gn_addr *peer);

static const struct gn_tcp_ops echo_ops = {
	.accepted = echo_accepted,
	.received = echo_received,
	.peer_closed = echo_peer_closed,
	.writable = echo_writable,
	.closed = conn_closed,
};

static void echo_accepted(struct gn_core *c, gn_tcp_t t, void *user, const struct gn_addr *peer)
{
	conn_new(c, t, &echo_ops);
}

/* ---- discard (RFC 863) ---- */

static void discard_received(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	gn_tcp_rx_done(c, t, m);
}

static void discard_peer_closed(struct gn_core *c, gn_tcp_t t, void *user)
{
	gn_tcp_close(c, t);
}

static const struct gn_tcp_ops discard_ops = {
	.received = discard_received,
	.peer_closed = discard_peer_closed,
};

/* ---- chargen (RFC 864) ---- */

static void chargen_run(struct gn_core *c, gn_tcp_t t, struct conn *conn)
{
	ssize_t n;

	do {
		n = gn_tcp_send(c, t, chargen_text(conn->at), CHARGEN_PERIOD, 0);
		if (n > 0)
			conn->at = (conn->at + n) % CHARGEN_PERIOD;
	} while (n == CHARGEN_PERIOD);
}

static void chargen_peer_closed(struct gn_core *c, gn_tcp_t t, void *user)
{
	/* Nothing obliges a client that half-closes to want more of an endless stream. */
	gn_tcp_close(c, t);
	conn_free(c, t, user);
}

static void chargen_writable(struct gn_core *c, gn_tcp_t t, void *user, size_t room)
{
	chargen_run(c, t, user);
}

static void chargen_accepted(struct gn_core *c, gn_tcp_t t, void *user, const struct gn_addr *peer);

static const struct gn_tcp_ops chargen_ops = {
	.accepted = chargen_accepted,
	.received = discard_received,
	.peer_closed = chargen_peer_closed,
	.writable = chargen_writable,
	.closed = conn_closed,
};

static void chargen_accepted(struct gn_core *c, gn_tcp_t t, void *user, const struct gn_addr *peer)
{
	struct conn *conn = conn_new(c, t, &chargen_ops);

	if (conn != NULL)
		chargen_run(c, t, conn);
}

static int tcp_listen(
	struct echo_core *e, const char *name, uint16_t port, const struct gn_tcp_ops *ops)
{
	const struct gn_addr local = {.port = port};
	const struct gn_tcp_opts opts = {.nodelay = true};

	if (port == 0)
		return 0;
	int64_t l = gn_tcp_listen(e->c, &local, ops, NULL, &opts);

	if (l >= 0)
		return 0;
	fprintf(stderr, "gannet-echo: core %u: %s on TCP port %u: %s\n", gn_core_id(e->c), name,
		port, strerror((int)-l));
	return (int)l;
}

int echo_tcp_listen(struct echo_core *e)
{
	const struct echo_conf *conf = &e->echo->conf;

	if (slab_init(&e->conns, sizeof(struct conn), conf->connections) < 0)
		return -ENOMEM;
	int err = tcp_listen(e, "echo", conf->echo_port, &echo_ops);

	if (err == 0)
		err = tcp_listen(e, "discard", conf->discard_port, &discard_ops);
	if (err == 0)
		err = tcp_listen(e, "chargen", conf->chargen_port, &chargen_ops);
	return err;
}
