/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "sock_test.h"

TestSuite(sock_tcp, .init = st_init, .fini = st_fini);

Test(sock_tcp, bad_arguments_are_refused)
{
	struct gn_addr any = st_addr("*:80"), no_port = st_addr("10.0.1.2"), v6 = st_addr("::");
	struct gn_addr to = st_addr("10.0.1.2:80"), far = st_addr("192.0.2.1:80");
	struct gn_addr not_ours = st_addr("10.0.1.99:80"), odd = {.family = 5, .port = 80};
	struct gn_addr ifc = st_addr("*%7:80");

	cr_expect_eq(gn_tcp_listen(st.a, &no_port, &st_tcp, NULL, NULL), -EINVAL);
	cr_expect_eq(gn_tcp_listen(st.a, &any, NULL, NULL, NULL), -EINVAL);
	cr_expect_eq(gn_tcp_listen(st.a, &odd, &st_tcp, NULL, NULL), -EINVAL);
	cr_expect_eq(gn_tcp_listen(st.a, &not_ours, &st_tcp, NULL, NULL), -EADDRNOTAVAIL);
	cr_expect_eq(gn_tcp_listen(st.a, &ifc, &st_tcp, NULL, NULL), -EADDRNOTAVAIL);
	cr_expect_gt(gn_tcp_listen(st.a, &any, &st_tcp, NULL, NULL), 0);
	cr_expect_eq(gn_tcp_listen(st.a, &any, &st_tcp, NULL, NULL), -EADDRINUSE);

	cr_expect_eq(gn_tcp_connect(st.a, NULL, &any, &st_tcp, NULL, NULL), -EINVAL, "no family");
	cr_expect_eq(gn_tcp_connect(st.a, NULL, &no_port, &st_tcp, NULL, NULL), -EINVAL);
	cr_expect_eq(gn_tcp_connect(st.a, NULL, &to, NULL, NULL, NULL), -EINVAL);
	cr_expect_eq(gn_tcp_connect(st.a, &v6, &to, &st_tcp, NULL, NULL), -EINVAL, "two families");
	cr_expect_eq(gn_tcp_connect(st.a, &not_ours, &to, &st_tcp, NULL, NULL), -EADDRNOTAVAIL);
	cr_expect_eq(gn_tcp_connect(st.a, NULL, &far, &st_tcp, NULL, NULL), -ENETUNREACH);
}

Test(sock_tcp, data_goes_both_ways_and_both_ends_close)
{
	gn_tcp_t a, b;

	st_connect(&a, &b);
	st.in_call = true;
	cr_expect_eq(gn_tcp_send(st.a, a, "request", 7, 0), 7);
	st.in_call = false;
	st_run(100000);
	cr_assert_eq(st_count(1, ST_RECEIVED), 1);
	cr_expect_str_eq(st_last(1, ST_RECEIVED)->data, "request");
	cr_expect_eq(gn_tcp_send(st.b, b, "answer", 6, 0), 6);
	cr_expect_eq(gn_tcp_shutdown(st.b, b), 0);
	cr_expect_eq(gn_tcp_send(st.b, b, "x", 1, 0), -EPIPE);
	st_run(100000);
	cr_expect_str_eq(st_last(0, ST_RECEIVED)->data, "answer");
	cr_expect_eq(st_count(0, ST_PEER_CLOSED), 1);
	cr_expect_eq(gn_tcp_send(st.a, a, "late", 4, 0), 4, "half-closed: we may still send");
	cr_expect_eq(gn_tcp_shutdown(st.a, a), 0);
	st_run(100000);
	cr_expect_str_eq(st_last(1, ST_RECEIVED)->data, "late");
	for (unsigned h = 0; h < 2; h++) {
		cr_assert_eq(st_count(h, ST_CLOSED), 1);
		cr_expect_eq(st_last(h, ST_CLOSED)->err, 0);
	}
	cr_expect_eq(gn_tcp_send(st.a, a, "x", 1, 0), -EBADF);
}

static void failed(struct gn_core *c, gn_tcp_t t, void *user, int err)
{
	cr_expect_eq(user, &st);
	st_note(c, ST_ERROR, t, err);
}

/* RFC 9293 section 3.9.1.8: the neighbour is not found; R1 is reached. */
Test(sock_tcp, what_an_attempt_outlives_is_reported)
{
	static struct gn_tcp_ops ops; /* connections end after the test does */
	struct gn_addr nobody = st_addr("10.0.1.77:80");
	unsigned unreachable = 0, stalled = 0;
	int64_t t;

	ops = st_tcp;
	ops.error = failed;
	t = gn_tcp_connect(st.a, NULL, &nobody, &ops, &st, NULL);
	cr_assert_gt(t, 0);
	st_run(10000000);
	for (unsigned i = 0; i < st.n; i++) {
		cr_assert_eq(st.event[i].what, ST_ERROR);
		cr_expect_eq(st.event[i].handle, (uint64_t)t);
		unreachable += st.event[i].err == EHOSTUNREACH;
		stalled += st.event[i].err == ETIMEDOUT;
	}
	cr_expect_geq(unreachable, 1);
	cr_expect_eq(stalled, 1);
	cr_expect_eq(gn_tcp_abort(st.a, (gn_tcp_t)t), 0);
}

static size_t urgent_ahead;

static void urgent(struct gn_core *c, gn_tcp_t t, void *user, size_t ahead)
{
	(void)c;
	(void)t;
	(void)user;
	urgent_ahead += ahead;
}

/* RFC 9293 section 3.8.5: the peer hears where urgent data ends, and how much of it is left. */
Test(sock_tcp, urgent_data_is_told_of)
{
	static struct gn_tcp_ops ops; /* connections end after the test does */
	struct gn_tcp_info info;
	gn_tcp_t a, b;

	st_connect(&a, &b);
	ops = st_tcp;
	ops.urgent = urgent;
	cr_expect_eq(gn_tcp_user_set(st.b, b, &ops, NULL), 0);
	cr_expect_eq(gn_tcp_urgent(st.a, a), -EINVAL, "nothing is queued");
	cr_expect_eq(gn_tcp_urgent(st.a, a + 1), -EBADF);
	cr_expect_eq(gn_tcp_send(st.a, a, "stop!", 5, 0), 5);
	cr_expect_eq(gn_tcp_urgent(st.a, a), 0);
	cr_expect_eq(gn_tcp_send(st.a, a, "rest", 4, 0), 4);
	st_run(500000);
	cr_expect_eq(urgent_ahead, 5);
	cr_expect_eq(st_last(1, ST_RECEIVED)->len, 9);
	cr_expect_eq(gn_tcp_info(st.b, b, &info), 0);
	cr_expect_eq(info.urgent, 0, "all is read");
	cr_expect_eq(gn_tcp_shutdown(st.a, a), 0);
	cr_expect_eq(gn_tcp_urgent(st.a, a), -EPIPE);
}

Test(sock_tcp, refused_connection_ends_by_closed)
{
	struct gn_addr to = st_addr("10.0.1.2:81");

	st.in_call = true;
	int64_t r = gn_tcp_connect(st.a, NULL, &to, &st_tcp, NULL, NULL);

	cr_assert_gt(r, 0);
	cr_expect_eq(gn_tcp_send(st.a, (gn_tcp_t)r, "x", 1, 0), -ENOTCONN);
	st.in_call = false;
	st_run(1000000);
	cr_expect_eq(st.n, 1);
	cr_expect_eq(st_last(0, ST_CLOSED)->err, ECONNREFUSED);
	cr_expect_eq(st_last(0, ST_CLOSED)->handle, (uint64_t)r);
}

Test(sock_tcp, dead_handles_are_ebadf_everywhere)
{
	gn_tcp_t a, b;
	struct gn_tcp_info info;
	struct gn_ref ref = {.done = st_ref_done};

	st_connect(&a, &b);
	cr_expect_eq(gn_tcp_close(st.a, a), 0);
	gn_tcp_t dead[] = {a, 0, UINT64_MAX, (UINT64_C(7) << 32) | 1};

	for (unsigned i = 0; i < RTE_DIM(dead); i++) {
		gn_tcp_t t = dead[i];
		struct rte_mbuf *m = gn_buf_alloc(st.a);

		rte_pktmbuf_append(m, 1);
		cr_expect_eq(gn_tcp_user_set(st.a, t, NULL, NULL), -EBADF);
		cr_expect_null(gn_tcp_user(st.a, t));
		cr_expect_eq(gn_tcp_send(st.a, t, "x", 1, 0), -EBADF);
		cr_expect_eq(gn_tcp_send_ref(st.a, t, "x", 1, &ref, 0), -EBADF);
		cr_expect_eq(gn_tcp_send_buf(st.a, t, m, 0), -EBADF);
		cr_expect_eq(gn_tcp_room(st.a, t), 0);
		cr_expect_eq(gn_tcp_consumed(st.a, t, 1), -EBADF);
		cr_expect_eq(gn_tcp_shutdown(st.a, t), -EBADF);
		cr_expect_eq(gn_tcp_close(st.a, t), -EBADF);
		cr_expect_eq(gn_tcp_abort(st.a, t), -EBADF);
		cr_expect_eq(gn_tcp_info(st.a, t, &info), -EBADF);
		cr_expect_eq(gn_tcp_opts_set(st.a, t, &(struct gn_tcp_opts){0}), -EBADF);
		cr_expect_eq(gn_listener_close(st.a, t), -EBADF);
		gn_tcp_rx_done(st.a, t, m); /* frees it all the same */
	}
}

Test(sock_tcp, listener_closes_and_connections_live_on)
{
	struct gn_addr any = st_addr("*:90"), to = st_addr("10.0.1.2:90");
	int64_t l = gn_tcp_listen(st.b, &any, &st_tcp, &st, NULL);
	int64_t t = gn_tcp_connect(st.a, NULL, &to, &st_tcp, NULL, NULL);

	st_run(100000);
	cr_assert_eq(st_count(1, ST_ACCEPTED), 1);
	cr_expect_eq(gn_listener_close(st.b, (gn_listener_t)l), 0);
	cr_expect_eq(gn_listener_close(st.b, (gn_listener_t)l), -EBADF);
	cr_expect_eq(gn_tcp_send(st.a, (gn_tcp_t)t, "hello", 5, 0), 5);
	cr_expect_gt(gn_tcp_connect(st.a, NULL, &to, &st_tcp, NULL, NULL), 0);
	st_run(1000000);
	cr_expect_eq(st_count(1, ST_RECEIVED), 1);
	cr_expect_eq(st_last(0, ST_CLOSED)->err, ECONNREFUSED);
}

/* "Closing or aborting inside any callback is safe": no callback follows, nothing leaks. */
static void act_in(enum st_what where, unsigned host, enum st_act what)
{
	static uint8_t much[200000];
	gn_tcp_t a, b;
	unsigned after;

	st.act_at = where;
	if (where == ST_ACCEPTED || where == ST_CONNECTED) {
		struct gn_addr any = st_addr("*:80"), to = st_addr("10.0.1.2:80");

		st.act = what;
		gn_tcp_listen(st.b, &any, &st_tcp, &st, NULL);
		a = (gn_tcp_t)gn_tcp_connect(st.a, NULL, &to, &st_tcp, &st, NULL);
	} else {
		st_connect(&a, &b);
		st.act = what;
		size_t room = gn_tcp_room(st.a, a);
		ssize_t r = gn_tcp_send(st.a, a, much, RTE_MIN(room, sizeof(much)), 0);

		cr_assert_gt(r, 0);
		if (where == ST_WRITABLE)
			while (gn_tcp_send(st.a, a, much, sizeof(much), 0) == sizeof(much))
				;
		gn_tcp_shutdown(st.a, a);
	}
	st_run(2000000);
	cr_expect_eq(st.act, ST_NOTHING, "the callback came");
	after = 0;
	for (unsigned i = 0; i < st.n; i++) {
		after += after == 0 && st.event[i].what == where && st.event[i].host == host;
		if (after > 0 && i > 0 && st.event[i - 1].what == where &&
			st.event[i - 1].host == host)
			cr_expect_neq(st.event[i].host, host, "a callback after the end");
	}
}

Test(sock_tcp, close_in_accepted)
{
	act_in(ST_ACCEPTED, 1, ST_DO_CLOSE);
}

Test(sock_tcp, abort_in_accepted)
{
	act_in(ST_ACCEPTED, 1, ST_DO_ABORT);
	cr_expect_eq(st_last(0, ST_CLOSED)->err, ECONNRESET);
}

Test(sock_tcp, close_in_connected)
{
	act_in(ST_CONNECTED, 0, ST_DO_CLOSE);
}

Test(sock_tcp, abort_in_connected)
{
	act_in(ST_CONNECTED, 0, ST_DO_ABORT);
}

Test(sock_tcp, close_in_received)
{
	act_in(ST_RECEIVED, 1, ST_DO_CLOSE);
	cr_expect_eq(st_last(0, ST_CLOSED)->err, ECONNRESET, "data was not read (RFC 9293 3.6.1)");
}

Test(sock_tcp, abort_in_received)
{
	act_in(ST_RECEIVED, 1, ST_DO_ABORT);
}

Test(sock_tcp, close_in_peer_closed)
{
	act_in(ST_PEER_CLOSED, 1, ST_DO_CLOSE);
	cr_expect_eq(st_last(0, ST_CLOSED)->err, 0);
}

Test(sock_tcp, abort_in_peer_closed)
{
	act_in(ST_PEER_CLOSED, 1, ST_DO_ABORT);
}

Test(sock_tcp, abort_in_writable)
{
	act_in(ST_WRITABLE, 0, ST_DO_ABORT);
}

Test(sock_tcp, references_come_back_once_and_in_no_call)
{
	static char data[30000];
	struct gn_ref ref[3] = {
		{.done = st_ref_done}, {.done = st_ref_done}, {.done = st_ref_done}};
	gn_tcp_t a, b;
	size_t got = 0;

	st_connect(&a, &b);
	cr_expect_eq(gn_tcp_send_ref(st.a, a, data, 0, &ref[0], 0), -EMSGSIZE);
	cr_expect_eq(gn_tcp_send_ref(st.a, a, data, 65536, &ref[0], 0), -EMSGSIZE);
	st.in_call = true;
	for (int i = 0; i < 3; i++)
		cr_expect_eq(gn_tcp_send_ref(st.a, a, data, sizeof(data), &ref[i], 0),
			(ssize_t)sizeof(data));
	st.in_call = false;
	st_run(100);
	cr_expect_eq(st_count(0, ST_REF_DONE), 0, "nothing is acknowledged yet");
	st_run(1000000);
	cr_expect_eq(st_count(0, ST_REF_DONE), 3);
	for (unsigned i = 0; i < st.n; i++)
		got += st.event[i].what == ST_RECEIVED ? st.event[i].len : 0;
	cr_expect_eq(got, 3 * sizeof(data));

	/* Gone with the connection: reported as well, and not inside gn_tcp_abort(). */
	cr_expect_gt(gn_tcp_send_ref(st.a, a, data, sizeof(data), &ref[0], 0), 0);
	st.in_call = true;
	cr_expect_eq(gn_tcp_abort(st.a, a), 0);
	st.in_call = false;
	st_run(1000000);
	cr_expect_eq(st_count(0, ST_REF_DONE), 4);
}

Test(sock_tcp, a_refused_reference_is_not_reported)
{
	static char data[60000];
	struct gn_ref ref = {.done = st_ref_done};
	struct gn_tcp_opts opts = {.sndbuf = 1000};
	gn_tcp_t a, b;

	st_connect(&a, &b);
	cr_expect_eq(gn_tcp_opts_set(st.a, a, &opts), 0);
	cr_expect_eq(gn_tcp_send_ref(st.a, a, data, sizeof(data), &ref, 0), -EMSGSIZE);
	cr_expect_eq(gn_tcp_send(st.a, a, data, 900, 0), 900);
	cr_expect_eq(gn_tcp_send_ref(st.a, a, data, 500, &ref, 0), -EAGAIN);
	st_run(1000000);
	cr_expect_eq(st_count(0, ST_REF_DONE), 0);
	cr_expect_eq(st_count(0, ST_WRITABLE), 1);
}

/* -ENOBUFS promises writable() as a full send buffer does. */
Test(sock_tcp, writable_follows_an_empty_pool)
{
	struct rte_mbuf *all[512];
	struct gn_ref ref = {.done = st_ref_done};
	unsigned n = 0;
	gn_tcp_t a, b;

	st_connect(&a, &b);
	while (n < RTE_DIM(all) && (all[n] = gn_buf_alloc(st.a)) != NULL)
		n++;
	cr_expect_eq(gn_tcp_send_ref(st.a, a, "x", 1, &ref, 0), -ENOBUFS);
	while (n > 0)
		gn_buf_free(st.a, all[--n]);
	st_run(5000000);
	cr_expect_eq(st_count(0, ST_WRITABLE), 1);
}

Test(sock_tcp, congestion_control_is_chosen_by_name)
{
	struct gn_addr any = {.port = 81};
	struct gn_tcp_opts bad = {.cc = "vegas"}, bbr = {.cc = "bbr"};
	struct gn_tcp_info i;
	gn_tcp_t a, b;

	cr_expect_eq(gn_tcp_listen(st.a, &any, &st_tcp, NULL, &bad), -EINVAL);
	st_connect(&a, &b);
	cr_assert_eq(gn_tcp_info(st.a, a, &i), 0);
	cr_expect_str_eq(i.cc, "cubic", "the default");
	cr_expect_eq(gn_tcp_opts_set(st.a, a, &bad), -EINVAL);
	cr_expect_eq(gn_tcp_opts_set(st.a, a, &bbr), 0);
	cr_assert_eq(gn_tcp_info(st.a, a, &i), 0);
	cr_expect_str_eq(i.cc, "bbr");
}

Test(sock_tcp, info_and_user_pointer)
{
	struct gn_tcp_info i;
	char text[64];
	int mine;
	gn_tcp_t a, b;

	st_connect(&a, &b);
	cr_expect_eq(gn_tcp_user(st.b, b), &st, "the listener's");
	cr_expect_eq(gn_tcp_user_set(st.b, b, NULL, &mine), 0);
	cr_expect_eq(gn_tcp_user(st.b, b), &mine);
	gn_tcp_send(st.a, a, "12345", 5, 0);
	st_run(1000000);
	cr_expect_eq(st_count(1, ST_RECEIVED), 1, "ops NULL keeps the former ones");
	cr_assert_eq(gn_tcp_info(st.a, a, &i), 0);
	cr_expect_str_eq(i.state, "ESTABLISHED");
	gn_addr_print(text, sizeof(text), &i.remote);
	cr_expect_str_eq(text, "10.0.1.2:80");
	cr_expect_eq(i.local.v4, 0x0a000101);
	cr_expect_eq(i.bytes_sent, 5);
	cr_expect_eq(i.unacked, 0);
	cr_expect_geq(i.srtt_us, 2000, "the cable is 1 ms long");
	cr_assert_eq(gn_tcp_info(st.b, b, &i), 0);
	cr_expect_eq(i.bytes_received, 5);
}
