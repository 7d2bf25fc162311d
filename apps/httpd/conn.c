/* SPDX-License-Identifier: BSD-3-Clause */
#include "httpd.h"

#include <stddef.h>
#include <string.h>

/* How long a peer may take to close after our last answer (RFC 9112 section 9.6). */
#define LINGER_US 5000000u

static void conn_timer(struct gn_core *c, struct gn_timer *t);

/*
 * Sets the deadline. A deadline that only moves away (the common case: one more request on a warm
 * connection) leaves the timer alone; it is armed again when it fires too early.
 */
static void conn_deadline(struct conn *c, uint64_t delay_us)
{
	uint64_t due = gn_now_us(c->h->c) + delay_us;

	if (!gn_timer_pending(&c->timer) || due < c->deadline_us)
		gn_timer_set(c->h->c, &c->timer, delay_us, conn_timer);
	c->deadline_us = due;
}

static void conn_drop_input(struct conn *c)
{
	struct rte_mbuf *m;

	while ((m = segq_pop(&c->in)) != NULL)
		gn_tcp_rx_done(c->h->c, c->t, m);
	c->in_off = 0;
}

static void conn_request_end(struct conn *c)
{
	if (c->req != NULL)
		slab_put(&c->h->requests, c->req);
	c->req = NULL;
}

/* Gives back all that c holds. The TCP connection has been closed, aborted, or is gone. */
static void conn_free(struct conn *c)
{
	struct httpd_core *h = c->h;

	conn_drop_input(c);
	conn_request_end(c);
	gn_timer_cancel(h->c, &c->timer);
	free(c->rest);
	h->stats->open--;
	slab_put(&h->conns, c);
}

static void conn_abort(struct conn *c)
{
	gn_tcp_abort(c->h->c, c->t);
	conn_free(c);
}

static void conn_close(struct conn *c)
{
	conn_drop_input(c); /* unread data would turn the FIN into a reset */
	gn_tcp_close(c->h->c, c->t);
	conn_free(c);
}

/*
 * The last answer is queued. RFC 9112 section 9.6: closing at once would answer what the client may
 * still be sending with a reset, which can destroy the answer before it is read. So only our
 * direction is closed, and input is thrown away until the client's FIN or the deadline.
 */
static void conn_linger(struct conn *c)
{
	conn_request_end(c);
	conn_drop_input(c);
	if (c->peer_closed) {
		conn_close(c);
		return;
	}
	c->state = CONN_LINGER;
	gn_tcp_shutdown(c->h->c, c->t);
	gn_timer_cancel(c->h->c, &c->timer);
	conn_deadline(c, LINGER_US);
}

/* A request begins. False: too many are in progress, and the connection was aborted. */
static bool conn_request_begin(struct conn *c)
{
	c->req = slab_get(&c->h->requests);
	if (c->req == NULL) {
		c->h->stats->refused++;
		conn_abort(c);
		return false;
	}
	request_init(c->req);
	return true;
}

/* Parses the first segment until a request is whole or refused, or the segment is used up. */
static void conn_parse_segment(struct conn *c)
{
	struct rte_mbuf *m = c->in.head;
	const char *data = rte_pktmbuf_mtod_offset(m, const char *, c->in_off);

	c->in_off += request_feed(c->req, data, m->data_len - c->in_off);
	if (c->in_off < m->data_len)
		return;
	gn_tcp_rx_done(c->h->c, c->t, segq_pop(&c->in));
	c->in_off = 0;
}

/* Parses and answers until input is used up or output is full. False: c is gone. */
static bool conn_serve(struct conn *c)
{
	while (conn_drained(c) && !c->last && c->in.head != NULL) {
		if (c->req == NULL && !conn_request_begin(c))
			return false;
		conn_parse_segment(c);
		if (!c->req->complete && c->req->error == 0)
			continue;
		if (answer_request(c) < 0) {
			conn_abort(c);
			return false;
		}
		conn_request_end(c);
	}
	return true;
}

/* Goes on with c after input, room or a FIN. c may be gone afterwards. */
static void conn_run(struct conn *c)
{
	const struct httpd *httpd = c->h->httpd;

	if (!conn_serve(c))
		return;
	if (!conn_drained(c)) {
		conn_deadline(c, httpd->send_s * 1000000ull);
	} else if (c->last) {
		conn_linger(c);
	} else if (c->peer_closed) { /* whole requests are answered; half of one never will be */
		conn_close(c);
	} else if (c->req == NULL) {
		conn_deadline(c, httpd->idle_s * 1000000ull);
	} else if (!c->req->timed) { /* from its first byte on: a slow trickle gains nothing */
		c->req->timed = true;
		conn_deadline(c, httpd->request_s * 1000000ull);
	}
}

static void conn_accepted(struct gn_core *core, gn_tcp_t t, void *user, const struct gn_addr *peer)
{
	struct httpd_core *h = gn_app_state(core);
	struct conn *c = slab_get(&h->conns);

	h->stats->connections++;
	if (c == NULL) {
		h->stats->refused++;
		gn_tcp_abort(core, t);
		return;
	}
	memset(c, 0, sizeof(*c));
	c->t = t;
	c->h = h;
	h->stats->open++;
	gn_tcp_user_set(core, t, &conn_ops, c);
	conn_deadline(c, h->httpd->idle_s * 1000000ull);
}

static void conn_received(struct gn_core *core, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	struct conn *c = user;

	if (c->state == CONN_LINGER || c->last) {
		gn_tcp_rx_done(core, t, m);
		return;
	}
	segq_append(&c->in, m);
	/* The window bounds the bytes; this bounds the buffers that tiny segments could pin. */
	if (c->in.segs > HTTPD_SEGS_MAX) {
		conn_abort(c);
		return;
	}
	if (conn_drained(c))
		conn_run(c);
}

static void conn_peer_closed(struct gn_core *core, gn_tcp_t t, void *user)
{
	struct conn *c = user;

	c->peer_closed = true;
	if (c->state == CONN_LINGER)
		conn_close(c);
	else
		conn_run(c);
}

static void conn_writable(struct gn_core *core, gn_tcp_t t, void *user, size_t room)
{
	struct conn *c = user;

	if (answer_pump(c, true) < 0)
		conn_abort(c);
	else
		conn_run(c);
}

static void conn_closed(struct gn_core *core, gn_tcp_t t, void *user, int err)
{
	conn_free(user);
}

static void conn_timer(struct gn_core *core, struct gn_timer *t)
{
	struct conn *c = (struct conn *)((char *)t - offsetof(struct conn, timer));
	uint64_t now = gn_now_us(core);

	if (now < c->deadline_us) {
		gn_timer_set(core, t, c->deadline_us - now, conn_timer);
		return;
	}
	if (c->state == CONN_LINGER) {
		conn_close(c);
		return;
	}
	c->h->stats->timeouts++;
	if (!conn_drained(c)) {
		conn_abort(c); /* the peer does not read */
	} else if (c->req == NULL || !c->req->started) {
		conn_linger(c);
	} else {
		c->last = true;
		if (answer_status(c, HTTP_STATUS_REQUEST_TIMEOUT, false, false) < 0)
			conn_abort(c);
		else
			conn_run(c);
	}
}

const struct gn_tcp_ops conn_ops = {
	.accepted = conn_accepted,
	.received = conn_received,
	.peer_closed = conn_peer_closed,
	.writable = conn_writable,
	.closed = conn_closed,
};
