/* SPDX-License-Identifier: BSD-3-Clause */
#include "sock_test.h"

#include <criterion/criterion.h>
#include <stdlib.h>

struct st st;

static struct st_event *note(struct gn_core *c, enum st_what what, uint64_t handle, int err)
{
	struct st_event *e = &st.event[st.n++];

	cr_assert_leq(st.n, ST_LOG);
	cr_expect_not(st.in_call, "a callback inside a call");
	*e = (struct st_event){.what = what,
		.host = gn_app_arg(c) == &st.host[1],
		.handle = handle,
		.err = err,
		.at_us = gn_now_us(c)};
	return e;
}

void st_note(struct gn_core *c, enum st_what what, uint64_t handle, int err)
{
	note(c, what, handle, err);
}

static void act(struct gn_core *c, enum st_what what, gn_tcp_t t)
{
	enum st_act todo = st.act;

	if (todo == ST_NOTHING || st.act_at != what)
		return;
	st.act = ST_NOTHING;
	if (todo == ST_DO_CLOSE)
		cr_expect_eq(gn_tcp_close(c, t), what == ST_CLOSED ? -EBADF : 0);
	else
		cr_expect_eq(gn_tcp_abort(c, t), what == ST_CLOSED ? -EBADF : 0);
	cr_expect_eq(gn_tcp_close(c, t), -EBADF, "the handle is dead");
}

static void accepted(struct gn_core *c, gn_tcp_t t, void *user, const struct gn_addr *peer)
{
	note(c, ST_ACCEPTED, t, 0)->from = *peer;
	cr_expect_eq(user, &st);
	act(c, ST_ACCEPTED, t);
}

static void connected(struct gn_core *c, gn_tcp_t t, void *user)
{
	(void)user;
	note(c, ST_CONNECTED, t, 0);
	act(c, ST_CONNECTED, t);
}

static void copy_data(struct st_event *e, const struct rte_mbuf *m)
{
	uint32_t n = RTE_MIN(m->pkt_len, (uint32_t)sizeof(e->data) - 1);
	const void *p = rte_pktmbuf_read(m, 0, n, e->data);

	e->len = m->pkt_len;
	if (p != e->data)
		memcpy(e->data, p, n);
}

static void received(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	(void)user;
	copy_data(note(c, ST_RECEIVED, t, 0), m);
	act(c, ST_RECEIVED, t);
	gn_tcp_rx_done(c, t, m);
}

static void peer_closed(struct gn_core *c, gn_tcp_t t, void *user)
{
	(void)user;
	note(c, ST_PEER_CLOSED, t, 0);
	act(c, ST_PEER_CLOSED, t);
}

static void writable(struct gn_core *c, gn_tcp_t t, void *user, size_t room)
{
	(void)user;
	note(c, ST_WRITABLE, t, 0)->len = room;
	act(c, ST_WRITABLE, t);
}

static void closed(struct gn_core *c, gn_tcp_t t, void *user, int err)
{
	(void)user;
	note(c, ST_CLOSED, t, err);
	act(c, ST_CLOSED, t);
}

const struct gn_tcp_ops st_tcp = {.accepted = accepted,
	.connected = connected,
	.received = received,
	.peer_closed = peer_closed,
	.writable = writable,
	.closed = closed};

static void udp_received(struct gn_core *c, gn_udp_t u, void *user, struct rte_mbuf *m,
	const struct gn_addr *from, const struct gn_addr *to)
{
	struct st_event *e = note(c, ST_UDP_RECEIVED, u, 0);

	(void)user;
	copy_data(e, m);
	e->from = *from;
	e->to = *to;
	gn_buf_free(c, m);
}

static void udp_error(struct gn_core *c, gn_udp_t u, void *user, const struct gn_addr *to, int err)
{
	(void)user;
	note(c, ST_UDP_ERROR, u, err)->to = *to;
}

const struct gn_udp_ops st_udp = {.received = udp_received, .error = udp_error};

void st_timer(struct gn_core *c, struct gn_timer *t)
{
	cr_expect_not(gn_timer_pending(t));
	note(c, ST_TIMER, 0, 0);
}

void st_ref_done(struct gn_core *c, struct gn_ref *ref)
{
	(void)ref;
	note(c, ST_REF_DONE, 0, 0);
}

static void *init(struct gn_core *c, void *arg)
{
	(void)c;
	return arg;
}

static void app_exit(struct gn_core *c, void *state)
{
	cr_expect_eq(state, gn_app_arg(c));
	note(c, ST_EXIT, 0, 0);
}

static struct gn_app app[2] = {{.name = "a", .init = init, .exit = app_exit, .arg = &st.host[0]},
	{.name = "b", .init = init, .exit = app_exit, .arg = &st.host[1]}};

static struct rte_mempool_cache buf_cache; /* a's, of st_init_offload() */

static void init_with(uint32_t offloads)
{
	struct sim_cable cable = {.offloads = {offloads, offloads},
		.impair = {{.delay_us = 1000}, {.delay_us = 1000}}};

	memset(&st, 0, sizeof(st));
	st.sim = sim_create(1);
	for (unsigned i = 0; i < 2; i++) {
		struct stack_conf *c = sim_conf_create(1, 512);

		sim_conf_addr(c, 0, 1, (uint8_t)(i + 1));
		st.host[i] = sim_host_add(st.sim, i == 0 ? "a" : "b", c, &app[i]);
		free(c);
	}
	sim_join(st.sim, st.host[0], st.host[1], &cable);
	cr_assert_eq(sim_start(st.sim), 0);
	st.a = sim_core(st.host[0], 0);
	st.b = sim_core(st.host[1], 0);
	st_run(1000);
}

void st_init(void)
{
	init_with(DRV_TX_MULTI_SEGS);
}

void st_init_offload(void)
{
	init_with(DRV_TX_MULTI_SEGS | DRV_TX_IP_CKSUM | DRV_TX_L4_CKSUM | DRV_RX_IP_CKSUM |
		  DRV_RX_L4_CKSUM);
	buf_cache = (struct rte_mempool_cache){.size = 32, .flushthresh = 48};
	core_env(st.a)->pool.cache = &buf_cache;
}

void st_fini(void)
{
	if (st.sim != NULL && core_env(st.a)->pool.cache != &pkt_no_cache) {
		rte_mempool_cache_flush(&buf_cache, core_env(st.a)->pool.mp);
		core_env(st.a)->pool.cache = &pkt_no_cache;
	}
	if (st.sim != NULL)
		cr_expect_eq(sim_destroy(st.sim), 0, "packet buffers were lost");
}

void st_run(uint64_t us)
{
	sim_run(st.sim, sim_now_us(st.sim) + us, NULL, NULL);
}

unsigned st_count(unsigned host, enum st_what what)
{
	unsigned n = 0;

	for (unsigned i = 0; i < st.n; i++)
		n += st.event[i].host == host && st.event[i].what == what;
	return n;
}

const struct st_event *st_last(unsigned host, enum st_what what)
{
	for (unsigned i = st.n; i-- > 0;)
		if (st.event[i].host == host && st.event[i].what == what)
			return &st.event[i];
	return NULL;
}

struct gn_addr st_addr(const char *text)
{
	struct gn_addr a;

	cr_assert_eq(gn_addr_parse(&a, text), 0, "%s", text);
	return a;
}

void st_connect(gn_tcp_t *at_a, gn_tcp_t *at_b)
{
	struct gn_addr any = st_addr("*:80"), to = st_addr("10.0.1.2:80");
	int64_t r;

	cr_assert_gt(gn_tcp_listen(st.b, &any, &st_tcp, &st, NULL), 0);
	r = gn_tcp_connect(st.a, NULL, &to, &st_tcp, &st, NULL);
	cr_assert_gt(r, 0);
	*at_a = (gn_tcp_t)r;
	st_run(100000);
	cr_assert_eq(st_count(0, ST_CONNECTED), 1);
	cr_assert_eq(st_count(1, ST_ACCEPTED), 1);
	*at_b = st_last(1, ST_ACCEPTED)->handle;
	st.n = 0;
}
