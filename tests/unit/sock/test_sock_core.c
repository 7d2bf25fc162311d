/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "sock_test.h"

TestSuite(sock_core, .init = st_init, .fini = st_fini);

Test(sock_core, the_core_tells_what_it_is)
{
	cr_expect_eq(gn_core_id(st.a), 0);
	cr_expect_eq(gn_core_count(st.a), 1);
	cr_expect_eq(gn_app_arg(st.a), &st.host[0]);
	cr_expect_eq(gn_app_state(st.b), &st.host[1], "what init returned");
	cr_expect_eq(gn_now_us(st.a), sim_now_us(st.sim));
	cr_expect_neq(gn_random(st.a), gn_random(st.a));
}

Test(sock_core, timers_fire_once_and_on_time)
{
	struct gn_timer t = {0}, never = {0};
	uint64_t now = gn_now_us(st.a);

	cr_expect_not(gn_timer_pending(&t), "all zero is a valid timer");
	gn_timer_cancel(st.a, &t);
	gn_timer_set(st.a, &t, 500, st_timer);
	gn_timer_set(st.a, &t, 1500, st_timer); /* re-armed */
	gn_timer_set(st.a, &never, UINT64_MAX, st_timer);
	cr_expect(gn_timer_pending(&t));
	st_run(10000);
	cr_assert_eq(st.n, 1);
	cr_expect_eq(st.event[0].at_us, now + 1500);
	gn_timer_set(st.a, &t, 100, st_timer);
	gn_timer_cancel(st.a, &t);
	st_run(10000);
	cr_expect_eq(st.n, 1);
	gn_timer_cancel(st.a, &never);
}

static unsigned chain_left;

static void chain(struct gn_core *c, struct gn_timer *t)
{
	st_note(c, ST_TIMER, 0, 0);
	if (--chain_left > 0)
		gn_timer_set(c, t, 0, chain);
	else
		free(t); /* may be freed inside fn */
}

Test(sock_core, delay_zero_is_another_turn)
{
	struct gn_timer *t = calloc(1, sizeof(*t));

	chain_left = 5;
	gn_timer_set(st.a, t, 0, chain);
	st_run(1000);
	cr_assert_eq(st.n, 5);
	for (unsigned i = 1; i < 5; i++)
		cr_expect_gt(st.event[i].at_us, st.event[i - 1].at_us);
}

static unsigned stops;

static void stop(void *ctx)
{
	cr_expect_eq(ctx, &st);
	stops++;
}

Test(sock_core, stop_goes_to_the_hook_whenever_it_comes)
{
	gn_stop(st.a); /* as from init, before there is a hook */
	cr_expect_eq(stops, 0);
	sock_stop_hook(st.a, stop, &st);
	cr_expect_eq(stops, 1);
	gn_stop(st.a);
	cr_expect_eq(stops, 2);
	sock_stop_hook(st.b, stop, &st);
	cr_expect_eq(stops, 2);
}

/* gannet/stack.h: connections are reset, each is told once, and exit is the last call. */
Test(sock_core, at_the_end_connections_are_aborted_and_exit_is_last)
{
	static char data[20000];
	struct gn_ref ref = {.done = st_ref_done};
	struct gn_timer t = {0};
	gn_tcp_t a, b;

	st_connect(&a, &b);
	gn_timer_set(st.a, &t, 0, st_timer);
	cr_expect_eq(gn_tcp_send_ref(st.a, a, data, sizeof(data), &ref, 0), sizeof(data));
	cr_expect_eq(sim_destroy(st.sim), 0);
	st.sim = NULL;
	cr_expect_eq(st_count(0, ST_CLOSED), 1);
	cr_expect_eq(st_last(0, ST_CLOSED)->err, ECONNABORTED);
	cr_expect_eq(st_last(1, ST_CLOSED)->err, ECONNABORTED);
	cr_expect_eq(st_count(0, ST_REF_DONE), 1);
	cr_expect_eq(st_count(0, ST_TIMER), 0);
	cr_expect_eq(st_count(0, ST_EXIT), 1);
	cr_expect_eq(st.event[st.n - 1].what, ST_EXIT);
}

static void opens_in_closed(struct gn_core *c, gn_tcp_t t, void *user, int err)
{
	struct gn_addr any = st_addr("*:99"), to = st_addr("10.0.1.2:80");

	(void)t;
	(void)user;
	if (err != ECONNABORTED)
		return;
	st_note(c, ST_CLOSED, 0, err);
	cr_expect_eq(gn_tcp_connect(c, NULL, &to, &st_tcp, NULL, NULL), -ESHUTDOWN);
	cr_expect_eq(gn_tcp_listen(c, &any, &st_tcp, NULL, NULL), -ESHUTDOWN);
	cr_expect_eq(gn_udp_open(c, &any, NULL, &st_udp, NULL), -ESHUTDOWN);
}

Test(sock_core, nothing_opens_while_the_core_stops)
{
	static const struct gn_tcp_ops ops = {.closed = opens_in_closed};
	gn_tcp_t a, b;

	st_connect(&a, &b);
	cr_expect_eq(gn_tcp_user_set(st.a, a, &ops, NULL), 0);
	cr_expect_eq(sim_destroy(st.sim), 0);
	st.sim = NULL;
	cr_expect_eq(st_count(0, ST_CLOSED), 1);
}

static void *failing_init(struct gn_core *c, void *arg)
{
	struct gn_addr any = st_addr("*:80");

	(void)arg;
	cr_expect_gt(gn_tcp_listen(c, &any, &st_tcp, NULL, NULL), 0);
	errno = ENOSPC;
	return NULL;
}

/* A core whose application does not start leaves nothing behind. */
Test(sock_core_init, failing_init_is_told)
{
	struct gn_app app = {.name = "fails", .init = failing_init};
	struct stack_conf *c = sim_conf_create(1, 64);
	struct sim *s = sim_create(1);

	sim_conf_addr(c, 0, 1, 1);
	struct sim_host *a = sim_host_add(s, "a", c, &app), *b = sim_host_add(s, "b", c, &app);

	free(c);
	sim_join(s, a, b, &(struct sim_cable){0});
	cr_expect_eq(sim_start(s), -ENOSPC);
	cr_expect_eq(sim_destroy(s), 0);
}
