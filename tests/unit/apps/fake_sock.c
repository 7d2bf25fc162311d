/* SPDX-License-Identifier: BSD-3-Clause */
#include "fake_sock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct gn_core *fake_create(void)
{
	struct gn_core *c = calloc(1, sizeof(*c));

	c->now_us = 1000000;
	c->mp = heap_pool_create("fake", FAKE_BUFFERS, RTE_MBUF_DEFAULT_BUF_SIZE);
	cr_assert_not_null(c->mp);
	return c;
}

void fake_destroy(struct gn_core *c)
{
	for (unsigned i = 0; i < FAKE_CONNS; i++) {
		cr_assert_eq(c->conn[i].n_refs, 0, "references left");
		free(c->conn[i].out);
	}
	cr_assert_eq(c->n_timers, 0, "timers left");
	cr_assert_eq(heap_pool_avail(c->mp), FAKE_BUFFERS, "packet buffers left");
	heap_pool_free(c->mp);
	free(c);
}

struct fake_conn *fake_conn(struct gn_core *c, gn_tcp_t t)
{
	return &c->conn[t - 1];
}

static struct fake_conn *live(struct gn_core *c, gn_tcp_t t)
{
	struct fake_conn *k = fake_conn(c, t);

	cr_assert(t >= 1 && t <= FAKE_CONNS);
	return k->live ? k : NULL;
}

gn_tcp_t fake_accept(struct gn_core *c, const struct gn_tcp_ops *ops)
{
	static const struct gn_addr peer = {.family = 4, .v4 = 0x0a000002, .port = 40000};
	gn_tcp_t t = 1;

	while (fake_conn(c, t)->out != NULL)
		t++;
	cr_assert(t <= FAKE_CONNS);
	struct fake_conn *k = fake_conn(c, t);

	*k = (struct fake_conn){
		.live = true, .ops = ops, .room = SIZE_MAX, .out = malloc(FAKE_OUT)};
	ops->accepted(c, t, NULL, &peer);
	return t;
}

void fake_receive(struct gn_core *c, gn_tcp_t t, const char *data, size_t len)
{
	struct fake_conn *k = live(c, t);
	struct rte_mbuf *head = NULL;

	cr_assert_not_null(k);
	k->unread += len;
	while (len > 0) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(c->mp);
		size_t n = len < rte_pktmbuf_tailroom(m) ? len : rte_pktmbuf_tailroom(m);

		memcpy(rte_pktmbuf_append(m, n), data, n);
		data += n;
		len -= n;
		if (head == NULL)
			head = m;
		else
			rte_pktmbuf_chain(head, m);
	}
	k->ops->received(c, t, k->user, head);
}

void fake_peer_close(struct gn_core *c, gn_tcp_t t)
{
	struct fake_conn *k = live(c, t);

	cr_assert_not_null(k);
	k->ops->peer_closed(c, t, k->user);
	if (k->live && k->shut) { /* both directions are closed */
		k->live = false;
		k->ops->closed(c, t, k->user, 0);
	}
}

void fake_reset(struct gn_core *c, gn_tcp_t t, int err)
{
	struct fake_conn *k = live(c, t);

	cr_assert_not_null(k);
	k->live = false;
	k->ops->closed(c, t, k->user, err);
	fake_acknowledge(c, t, 0);
}

void fake_acknowledge(struct gn_core *c, gn_tcp_t t, size_t room)
{
	struct fake_conn *k = fake_conn(c, t);
	unsigned n = k->n_refs;

	k->room = room;
	k->n_refs = 0;
	for (unsigned i = 0; i < n; i++)
		k->refs[i]->done(c, k->refs[i]);
	if (k->live && room > 0)
		k->ops->writable(c, t, k->user, room);
}

void fake_advance(struct gn_core *c, uint64_t us)
{
	uint64_t end = c->now_us + us;

	for (;;) {
		struct gn_timer *next = NULL;

		for (unsigned i = 0; i < c->n_timers; i++)
			if (c->timers[i]->opaque[0] <= end &&
				(next == NULL || c->timers[i]->opaque[0] < next->opaque[0]))
				next = c->timers[i];
		if (next == NULL)
			break;
		if (next->opaque[0] > c->now_us)
			c->now_us = next->opaque[0];
		gn_timer_cancel(c, next);
		next->fn(c, next);
	}
	c->now_us = end;
}

/* ---- the API ---- */

uint64_t gn_now_us(const struct gn_core *c)
{
	return c->now_us;
}

void *gn_app_state(const struct gn_core *c)
{
	return c->state;
}

void gn_timer_set(struct gn_core *c, struct gn_timer *t, uint64_t delay_us,
	void (*fn)(struct gn_core *c, struct gn_timer *t))
{
	gn_timer_cancel(c, t);
	cr_assert_lt(c->n_timers, FAKE_TIMERS);
	t->opaque[0] = c->now_us + delay_us;
	t->opaque[1] = 1;
	t->fn = fn;
	c->timers[c->n_timers++] = t;
}

void gn_timer_cancel(struct gn_core *c, struct gn_timer *t)
{
	for (unsigned i = 0; i < c->n_timers; i++)
		if (c->timers[i] == t) {
			c->timers[i] = c->timers[--c->n_timers];
			break;
		}
	t->opaque[1] = 0;
}

bool gn_timer_pending(const struct gn_timer *t)
{
	return t->opaque[1] != 0;
}

int gn_tcp_user_set(struct gn_core *c, gn_tcp_t t, const struct gn_tcp_ops *ops, void *user)
{
	struct fake_conn *k = live(c, t);

	cr_assert_not_null(k);
	if (ops != NULL)
		k->ops = ops;
	k->user = user;
	return 0;
}

static void take(struct fake_conn *k, const void *data, size_t len)
{
	cr_assert_leq(k->out_len + len, FAKE_OUT);
	memcpy(k->out + k->out_len, data, len);
	k->out_len += len;
	if (k->room != SIZE_MAX)
		k->room -= len;
}

ssize_t gn_tcp_send(struct gn_core *c, gn_tcp_t t, const void *data, size_t len, unsigned flags)
{
	struct fake_conn *k = live(c, t);

	cr_assert_not_null(k, "send on a dead connection");
	cr_assert(!k->shut, "send after shutdown");
	if (len > k->room)
		len = k->room;
	take(k, data, len);
	return len;
}

ssize_t gn_tcp_send_ref(struct gn_core *c, gn_tcp_t t, const void *data, size_t len,
	struct gn_ref *ref, unsigned flags)
{
	struct fake_conn *k = live(c, t);

	cr_assert_not_null(k, "send on a dead connection");
	cr_assert(!k->shut, "send after shutdown");
	if (len > 65535)
		return -EMSGSIZE;
	if (len > k->room)
		return -EAGAIN;
	cr_assert_lt(k->n_refs, FAKE_REFS);
	take(k, data, len);
	k->refs[k->n_refs++] = ref;
	return len;
}

size_t gn_tcp_room(struct gn_core *c, gn_tcp_t t)
{
	return live(c, t)->room;
}

void gn_tcp_rx_done(struct gn_core *c, gn_tcp_t t, struct rte_mbuf *m)
{
	struct fake_conn *k = live(c, t);

	if (k != NULL) {
		cr_assert_leq(m->pkt_len, k->unread);
		k->unread -= m->pkt_len;
	}
	rte_pktmbuf_free(m);
}

int gn_tcp_shutdown(struct gn_core *c, gn_tcp_t t)
{
	struct fake_conn *k = live(c, t);

	cr_assert_not_null(k);
	k->shut = true;
	return 0;
}

int gn_tcp_close(struct gn_core *c, gn_tcp_t t)
{
	struct fake_conn *k = live(c, t);

	cr_assert_not_null(k);
	cr_assert_eq(k->unread, 0, "close with unread data is a reset");
	k->live = false;
	k->closed = true;
	return 0;
}

int gn_tcp_abort(struct gn_core *c, gn_tcp_t t)
{
	struct fake_conn *k = live(c, t);

	cr_assert_not_null(k);
	k->live = false;
	k->aborted = true;
	return 0;
}
