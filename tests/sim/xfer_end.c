/* SPDX-License-Identifier: BSD-3-Clause */
#include "xfer_end.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* One end of a connection, as an application of gannet/sock.h. */

#define PAUSES_MAX 50 /* of sending: keeps runs with small chunks short */

/* The same random bytes twice, so that any stretch of up to one period is in one piece. */
static const uint8_t *pattern(void)
{
	static uint8_t bytes[2 * XFER_PATTERN];

	if (bytes[0] == 0) {
		struct rng r;

		rng_seed(&r, 1);
		for (size_t i = 0; i < XFER_PATTERN; i++)
			bytes[i] = bytes[i + XFER_PATTERN] = (uint8_t)rng_u64(&r);
		bytes[0] = bytes[XFER_PATTERN] = 1;
	}
	return bytes;
}

static const uint8_t *bytes_at(uint32_t key, uint64_t off)
{
	return pattern() + (key + off) % XFER_PATTERN;
}

static struct rng *end_rng(struct xfer_end *e)
{
	return &e->x->rng;
}

static bool one_in(struct xfer_end *e, uint32_t n)
{
	return rng_below(end_rng(e), n) == 0;
}

static const char *end_name(const struct xfer_end *e)
{
	return e->active ? "active" : "passive";
}

/* ---- sending ---- */

static void end_ref_done(struct gn_core *c, struct gn_ref *ref)
{
	struct xfer_end *e = ref->user;

	(void)c;
	e->x->n_refs--;
	free(ref);
}

static ssize_t send_by_ref(struct xfer_end *e, const uint8_t *data, uint32_t n, unsigned flags)
{
	struct gn_ref *ref = calloc(1, sizeof(*ref));
	ssize_t r;

	if (ref == NULL)
		abort();
	ref->done = end_ref_done;
	ref->user = e;
	r = gn_tcp_send_ref(e->core, e->tcp, data, n, ref, flags);
	if (r < 0)
		free(ref);
	else
		e->x->n_refs++;
	return r;
}

static ssize_t send_by_buf(struct xfer_end *e, const uint8_t *data, uint32_t n, unsigned flags)
{
	struct rte_mbuf *m = gn_buf_alloc(e->core), *second;
	ssize_t r;

	if (m == NULL) /* by copy, so that writable() is promised */
		return gn_tcp_send(e->core, e->tcp, data, n, flags);
	uint16_t first = (uint16_t)RTE_MIN(n, 1 + rng_below(end_rng(e), 1400));

	memcpy(rte_pktmbuf_append(m, first), data, first);
	second = first < n ? gn_buf_alloc(e->core) : NULL;
	if (second != NULL) {
		uint16_t more = (uint16_t)RTE_MIN(n - first, 1400u);

		memcpy(rte_pktmbuf_append(second, more), data + first, more);
		rte_pktmbuf_chain(m, second);
	}
	n = m->pkt_len;
	r = gn_tcp_send_buf(e->core, e->tcp, m, flags);
	if (r < 0)
		gn_buf_free(e->core, m);
	else if (r != (ssize_t)n)
		xfer_fail(e->x, "gn_tcp_send_buf() took %zd of %u bytes", r, n);
	return r;
}

static ssize_t send_some(struct xfer_end *e, uint32_t n)
{
	const uint8_t *data = bytes_at(e->key_out, e->sent);
	bool last = e->sent + n == e->to_send;
	unsigned flags = !last && one_in(e, 8) ? GN_MORE : 0;

	switch (rng_below(end_rng(e), 3)) {
	case 0:
		return send_by_ref(e, data, RTE_MIN(n, e->x->plan.opts.sndbuf), flags);
	case 1:
		if (e->x->plan.opts.sndbuf >= 2800)
			return send_by_buf(e, data, n, flags);
		__attribute__((fallthrough));
	default:
		return gn_tcp_send(e->core, e->tcp, data, n, flags);
	}
}

static void end_finish(struct xfer_end *e)
{
	e->done = true;
	e->open = false;
	gn_timer_cancel(e->core, &e->timer);
	if (e->sent != e->to_send || e->received != e->expect)
		xfer_fail(e->x,
			"connection %u, %s end: done after %" PRIu64 " of %" PRIu64
			" bytes sent and %" PRIu64 " of %" PRIu64 " received",
			e->conn, end_name(e), e->sent, e->to_send, e->received, e->expect);
}

static void end_close(struct xfer_end *e)
{
	int r = gn_tcp_close(e->core, e->tcp);

	if (r != 0)
		xfer_fail(e->x, "gn_tcp_close(): %s", strerror(-r));
	if (gn_tcp_close(e->core, e->tcp) != -EBADF)
		xfer_fail(e->x, "the handle outlives gn_tcp_close()");
	end_finish(e);
}

/* Everything is sent: how this end goes on. Called whenever something changes. */
static void end_maybe_close(struct xfer_end *e)
{
	if (e->done || !e->open || e->sent < e->to_send)
		return;
	switch (e->how) {
	case XFER_WAIT_PEER:
		if (!e->peer_fin)
			return;
		__attribute__((fallthrough));
	case XFER_SHUTDOWN:
		if (!e->shut) {
			e->shut = true;
			gn_tcp_shutdown(e->core, e->tcp);
			if (gn_tcp_send(e->core, e->tcp, "x", 1, 0) != -EPIPE)
				xfer_fail(e->x, "sending after gn_tcp_shutdown() is possible");
		}
		return;
	case XFER_CLOSE_AT_PEER:
		if (e->peer_fin && e->n_held == 0)
			end_close(e);
		return;
	default:
		if (e->received == e->expect && e->n_held == 0)
			end_close(e);
		return;
	}
}

static void end_pump(struct xfer_end *e);

static void end_pause_over(struct gn_core *c, struct gn_timer *t)
{
	(void)c;
	end_pump((struct xfer_end *)((char *)t - offsetof(struct xfer_end, timer)));
}

/* Sends until the stack takes no more, or for a while nothing. */
static void end_pump(struct xfer_end *e)
{
	while (e->open && e->sent < e->to_send) {
		uint64_t left = e->to_send - e->sent;
		uint32_t n = 1 + rng_below(end_rng(e), e->chunk_max);
		ssize_t r;

		if (e->n_pauses < PAUSES_MAX && one_in(e, 64)) {
			e->n_pauses++;
			gn_timer_set(
				e->core, &e->timer, rng_below(end_rng(e), 300000), end_pause_over);
			return;
		}
		n = (uint32_t)RTE_MIN(left, (uint64_t)n);
		r = send_some(e, n);
		if (r == -EAGAIN || r == -ENOBUFS || r == 0)
			return; /* writable() follows */
		if (r < 0) {
			xfer_fail(e->x, "connection %u, %s end: send of %u bytes: %s", e->conn,
				end_name(e), n, strerror((int)-r));
			return;
		}
		e->sent += (uint64_t)r;
	}
	end_maybe_close(e);
}

/* ---- receiving ---- */

static void end_check(struct xfer_end *e, const struct rte_mbuf *m)
{
	for (const struct rte_mbuf *s = m; s != NULL; s = s->next) {
		const uint8_t *got = rte_pktmbuf_mtod(s, const uint8_t *);
		uint64_t off = e->received;

		if (off + s->data_len > e->expect ||
			memcmp(got, bytes_at(e->key_in, off), s->data_len) != 0)
			xfer_fail(e->x,
				"connection %u, %s end: wrong bytes at %" PRIu64 " to %" PRIu64
				" of %" PRIu64,
				e->conn, end_name(e), off, off + s->data_len, e->expect);
		e->received += s->data_len;
	}
}

static void end_give_back(struct xfer_end *e)
{
	for (unsigned i = 0; i < e->n_held; i++)
		gn_tcp_rx_done(e->core, e->tcp, e->held[i]);
	e->n_held = 0;
}

static void end_drain(struct gn_core *c, struct gn_timer *t)
{
	struct xfer_end *e = (struct xfer_end *)((char *)t - offsetof(struct xfer_end, drain));

	(void)c;
	end_give_back(e);
	end_maybe_close(e);
}

void xfer_end_release(struct xfer_end *e)
{
	for (unsigned i = 0; i < e->n_held; i++)
		gn_buf_free(e->core, e->held[i]);
	e->n_held = 0;
}

static void end_received(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	struct xfer_end *e = user;

	if (e->peer_fin)
		xfer_fail(e->x, "connection %u: data after peer_closed()", e->conn);
	end_check(e, m);
	if (e->n_held != 0 || one_in(e, 16)) {
		if (e->n_held == RTE_DIM(e->held))
			end_give_back(e);
		e->held[e->n_held++] = m;
		if (!gn_timer_pending(&e->drain))
			gn_timer_set(c, &e->drain, rng_below(end_rng(e), 400000), end_drain);
	} else if (one_in(e, 2)) {
		gn_tcp_consumed(c, t, m->pkt_len);
		gn_buf_free(c, m);
	} else {
		gn_tcp_rx_done(c, t, m);
	}
	end_maybe_close(e);
}

static void end_peer_closed(struct gn_core *c, gn_tcp_t t, void *user)
{
	struct xfer_end *e = user;

	(void)c;
	(void)t;
	if (e->received != e->expect)
		xfer_fail(e->x, "connection %u, %s end: FIN after %" PRIu64 " of %" PRIu64 " bytes",
			e->conn, end_name(e), e->received, e->expect);
	e->peer_fin = true;
	end_maybe_close(e);
}

static void end_writable(struct gn_core *c, gn_tcp_t t, void *user, size_t room)
{
	struct xfer_end *e = user;

	if (room != gn_tcp_room(c, t))
		xfer_fail(e->x, "writable() says %zu, gn_tcp_room() %zu", room, gn_tcp_room(c, t));
	end_pump(e);
}

static void end_closed(struct gn_core *c, gn_tcp_t t, void *user, int err)
{
	struct xfer_end *e = user;

	if (e->done)
		xfer_fail(e->x, "connection %u, %s end: closed() after the end", e->conn,
			end_name(e));
	if (err != 0)
		xfer_fail(e->x, "connection %u, %s end: closed(%s) at %" PRIu64 " us", e->conn,
			end_name(e), strerror(err), gn_now_us(c));
	if (gn_tcp_abort(c, t) != -EBADF)
		xfer_fail(e->x, "the handle is alive in closed()");
	end_finish(e);
}

static void end_opened(struct xfer_end *e, struct gn_core *c, gn_tcp_t t)
{
	if (e->open || e->done)
		xfer_fail(e->x, "connection %u, %s end: opened twice", e->conn, end_name(e));
	e->core = c;
	e->tcp = t;
	e->open = true;
	end_pump(e);
}

/* ---- ghosts ---- */

/*
 * A SYN that the network duplicated, and whose second copy comes when the connection has ended, makes
 * another one with the same data (RFC 7413 section 6.1). Nobody answers for it at the other side: it ends
 * by a reset, or for want of an answer, and never in order.
 */
struct ghost {
	struct xfer_end *e;
	uint64_t received;
};

static void ghost_received(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	struct ghost *g = user;
	struct xfer_end *e = g->e;
	uint8_t bytes[16384];
	uint32_t len = m->pkt_len;
	const void *got = len <= sizeof(bytes) ? rte_pktmbuf_read(m, 0, len, bytes) : NULL;

	if (got == NULL || g->received + len > e->expect ||
		memcmp(got, bytes_at(e->key_in, g->received), len) != 0)
		xfer_fail(e->x, "connection %u: a duplicated SYN brought wrong bytes", e->conn);
	g->received += len;
	gn_tcp_rx_done(c, t, m);
}

static void ghost_peer_closed(struct gn_core *c, gn_tcp_t t, void *user)
{
	struct ghost *g = user;

	(void)c;
	(void)t;
	xfer_fail(g->e->x, "connection %u: a duplicated SYN brought a FIN", g->e->conn);
}

static void ghost_closed(struct gn_core *c, gn_tcp_t t, void *user, int err)
{
	struct ghost *g = user;

	(void)c;
	(void)t;
	if (err == 0)
		xfer_fail(g->e->x, "connection %u: that of a duplicated SYN ends in order",
			g->e->conn);
	g->e->x->n_ghosts_open--;
	free(g);
}

static const struct gn_tcp_ops ghost_ops = {
	.received = ghost_received, .peer_closed = ghost_peer_closed, .closed = ghost_closed};

static bool end_is_ghost(const struct xfer_end *e)
{
	const struct xfer_plan *p = &e->x->plan;

	return p->fastopen && p->cable.impair[e == &e->x->end[e->conn][0]].dup_ppm != 0 &&
	       (e->open || e->done);
}

static void ghost_opened(struct xfer_end *e, struct gn_core *c, gn_tcp_t t)
{
	struct ghost *g = calloc(1, sizeof(*g));
	struct gn_tcp_info i;

	if (g == NULL)
		abort();
	g->e = e;
	e->x->n_ghosts++;
	e->x->n_ghosts_open++;
	if (gn_tcp_info(c, t, &i) != 0 || !i.fastopen)
		xfer_fail(e->x, "connection %u: opened twice by handshakes", e->conn);
	gn_tcp_user_set(c, t, &ghost_ops, g);
}

/* ---- opening ---- */

static void end_accepted(struct gn_core *c, gn_tcp_t t, void *user, const struct gn_addr *peer)
{
	struct xfer_end *e = user;

	if (peer->family != (e->x->plan.v6 ? 6 : 4) || peer->port == 0)
		xfer_fail(e->x, "accepted() tells a wrong peer");
	if (end_is_ghost(e))
		ghost_opened(e, c, t);
	else
		end_opened(e, c, t);
}

static void end_connected(struct gn_core *c, gn_tcp_t t, void *user)
{
	end_opened(user, c, t);
}

static const struct gn_tcp_ops end_ops = {
	.accepted = end_accepted,
	.connected = end_connected,
	.received = end_received,
	.peer_closed = end_peer_closed,
	.writable = end_writable,
	.closed = end_closed,
};

/* The first bytes go along with the SYN, or follow it. */
static int64_t end_connect_data(struct xfer_end *e, const struct gn_addr *to)
{
	const struct gn_tcp_opts *o = &e->x->plan.opts;
	uint64_t most = RTE_MIN(e->to_send, (uint64_t)RTE_MIN(e->chunk_max, o->sndbuf));
	uint32_t n = rng_below(end_rng(e), (uint32_t)most + 1);
	int64_t r =
		gn_tcp_connect_data(e->core, NULL, to, &end_ops, e, o, bytes_at(e->key_out, 0), n);

	if (r > 0)
		e->sent = n;
	return r;
}

static void end_connect(struct gn_core *c, struct gn_timer *t)
{
	struct xfer_end *e = (struct xfer_end *)((char *)t - offsetof(struct xfer_end, timer));
	struct xfer *x = e->x;
	uint8_t host = e == &x->end[e->conn][0] ? 2 : 1;
	struct gn_addr to = sim_addr(x->plan.v6, 1, host, (uint16_t)(XFER_PORT + e->conn));
	int64_t r;

	(void)c;
	if (x->plan.fastopen)
		r = end_connect_data(e, &to);
	else
		r = gn_tcp_connect(e->core, NULL, &to, &end_ops, e, &x->plan.opts);

	if (r == -ENOBUFS && x->plan.fastopen) /* nothing was opened: later */
		gn_timer_set(e->core, &e->timer, 100000, end_connect);
	else if (r <= 0)
		xfer_fail(x, "gn_tcp_connect(): %s", strerror((int)-r));
}

void xfer_end_start(struct xfer_end *e, struct gn_core *c, uint64_t delay_us)
{
	e->core = c;
	gn_timer_set(c, &e->timer, delay_us, end_connect);
}

void xfer_end_listen(struct xfer_end *e, struct gn_core *c)
{
	struct gn_addr any = {.port = (uint16_t)(XFER_PORT + e->conn)};
	int64_t r = gn_tcp_listen(c, &any, &end_ops, e, &e->x->plan.opts);

	if (r <= 0)
		xfer_fail(e->x, "gn_tcp_listen(): %s", strerror((int)-r));
}
