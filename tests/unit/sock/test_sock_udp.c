/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <stdio.h>

#include "sock_test.h"

TestSuite(sock_udp, .init = st_init, .fini = st_fini);

static gn_udp_t open_any(struct gn_core *c, const char *text)
{
	struct gn_addr a = st_addr(text);
	int64_t r = gn_udp_open(c, &a, NULL, &st_udp, NULL);

	cr_assert_gt(r, 0, "%s: %s", text, strerror((int)-r));
	return (gn_udp_t)r;
}

Test(sock_udp, datagram_and_answer)
{
	struct gn_addr to = st_addr("10.0.1.2:7"), to6 = st_addr("[2001:db8:1::2]:7");
	gn_udp_t b = open_any(st.b, "*:7"), a = open_any(st.a, "*");
	const struct st_event *e;

	for (int i = 0; i < 2; i++) {
		st.n = 0;
		cr_expect_eq(gn_udp_send(st.a, a, i == 0 ? &to : &to6, NULL, "hello", 5), 5);
		st_run(100000);
		e = st_last(1, ST_UDP_RECEIVED);
		cr_assert_not_null(e);
		cr_expect_eq(e->handle, b);
		cr_expect_str_eq(e->data, "hello");
		cr_expect_eq(e->to.port, 7);
		cr_expect_eq(gn_udp_send(st.b, b, &e->from, &e->to, "answer", 6), 6);
		st_run(100000);
		e = st_last(0, ST_UDP_RECEIVED);
		cr_assert_not_null(e);
		cr_expect_str_eq(e->data, "answer");
		cr_expect_eq(e->from.port, 7);
	}
}

Test(sock_udp, link_local_addresses_carry_their_interface)
{
	struct gn_addr to = st_addr("[fe80::ff:fe00:2%0]:7");
	const struct st_event *e;
	gn_udp_t b = open_any(st.b, "*:7"), a = open_any(st.a, "*");

	cr_expect_eq(gn_udp_send(st.a, a, &to, NULL, "hello", 5), 5);
	st_run(1000000);
	e = st_last(1, ST_UDP_RECEIVED);
	cr_assert_not_null(e);
	cr_expect_eq(e->from.ifc, 1);
	cr_expect_eq(gn_udp_send(st.b, b, &e->from, &e->to, "answer", 6), 6);
	st_run(1000000);
	cr_expect_eq(st_count(0, ST_UDP_RECEIVED), 1);
}

Test(sock_udp, connected_socket_and_its_errors)
{
	struct gn_addr to = st_addr("10.0.1.2:9"), local;
	int64_t a = gn_udp_open(st.a, NULL, &to, &st_udp, NULL);

	cr_assert_gt(a, 0);
	cr_expect_eq(gn_udp_addr(st.a, (gn_udp_t)a, &local), 0);
	cr_expect_eq(local.v4, 0x0a000101);
	cr_expect_neq(local.port, 0);
	cr_expect_eq(gn_udp_send(st.a, (gn_udp_t)a, NULL, NULL, "x", 1), 1);
	st_run(1000000);
	cr_assert_eq(st_count(0, ST_UDP_ERROR), 1, "port unreachable (RFC 1122 4.1.3.3)");
	cr_expect_eq(st_last(0, ST_UDP_ERROR)->err, ECONNREFUSED);
	cr_expect_eq(st_last(0, ST_UDP_ERROR)->to.port, 9);
}

Test(sock_udp, errors)
{
	struct gn_addr to = st_addr("10.0.1.2:7"), to6 = st_addr("[2001:db8:1::2]:7");
	struct gn_addr far = st_addr("192.0.2.1:7"), any = st_addr("*:7"), odd = {.family = 9};
	struct gn_addr not_ours = st_addr("10.0.1.77"), port0 = st_addr("10.0.1.2");
	gn_udp_t a = open_any(st.a, "10.0.1.1:7");
	static char much[65536];

	cr_expect_eq(gn_udp_open(st.a, &to6, &to, &st_udp, NULL), -EINVAL, "two families");
	cr_expect_eq(gn_udp_open(st.a, &any, &port0, &st_udp, NULL), -EINVAL);
	cr_expect_eq(gn_udp_open(st.a, &odd, NULL, &st_udp, NULL), -EINVAL);
	cr_expect_eq(gn_udp_open(st.a, &any, NULL, NULL, NULL), -EINVAL);
	cr_expect_eq(gn_udp_open(st.a, &not_ours, NULL, &st_udp, NULL), -EADDRNOTAVAIL);
	cr_expect_eq(gn_udp_open(st.a, NULL, &far, &st_udp, NULL), -ENETUNREACH);
	cr_expect_eq(gn_udp_send(st.a, a, NULL, NULL, "x", 1), -EDESTADDRREQ);
	cr_expect_eq(gn_udp_send(st.a, a, &any, NULL, "x", 1), -EINVAL);
	cr_expect_eq(gn_udp_send(st.a, a, &far, NULL, "x", 1), -ENETUNREACH);
	cr_expect_eq(gn_udp_send(st.a, a, &to, &not_ours, "x", 1), -EADDRNOTAVAIL);
	cr_expect_eq(gn_udp_send(st.a, a, &to6, NULL, "x", 1), -EAFNOSUPPORT);
	cr_expect_eq(gn_udp_send(st.a, a, &to, NULL, much, sizeof(much)), -EMSGSIZE);
	cr_expect_eq(gn_udp_send(st.a, a, &to, NULL, much, 65508), -EMSGSIZE);
	cr_expect_eq(gn_udp_send(st.a, a, &to, NULL, much, 1473), 1473);
	cr_expect_eq(gn_udp_send(st.a, a, &to, NULL, "", 0), 0);
	cr_expect_eq(gn_udp_close(st.a, a), 0);
	cr_expect_eq(gn_udp_close(st.a, a), -EBADF);
	cr_expect_eq(gn_udp_send(st.a, a, &to, NULL, "x", 1), -EBADF);
	cr_expect_eq(gn_udp_join(st.a, a, &to), -EBADF);
	cr_expect_eq(gn_udp_leave(st.a, a, &to), -EBADF);
	cr_expect_eq(gn_udp_addr(st.a, a, &any), -EBADF);
}

Test(sock_udp, multicast_sources)
{
	struct gn_addr group = st_addr("239.1.2.3%0:5000"), src[GN_UDP_SOURCES_MAX + 1], other;
	gn_udp_t b = open_any(st.b, "*:5000"), a = open_any(st.a, "*");

	for (unsigned i = 0; i < GN_UDP_SOURCES_MAX + 1; i++)
		src[i] = st_addr("192.0.2.1:0"); /* said twice is said once */
	other = st_addr("[ff02::77%0]:5000");
	cr_expect_eq(gn_udp_filter(st.b, b, &group, false, src, 2), 0);
	cr_expect_eq(gn_udp_send(st.a, a, &group, NULL, "no", 2), 2);
	st_run(100000);
	cr_expect_eq(st_count(1, ST_UDP_RECEIVED), 0);
	cr_expect_eq(gn_udp_filter(st.b, b, &group, true, src, 2), 0);
	cr_expect_eq(gn_udp_send(st.a, a, &group, NULL, "yes", 3), 3);
	st_run(100000);
	cr_expect_eq(st_count(1, ST_UDP_RECEIVED), 1);
	cr_expect_eq(gn_udp_filter(st.b, b, &group, true, src, RTE_DIM(src)), -ENOBUFS);
	cr_expect_eq(gn_udp_filter(st.b, b, &other, true, src, 1), -EINVAL);
	cr_expect_eq(gn_udp_filter(st.b, b, &src[0], true, src, 1), -EINVAL);
	cr_expect_eq(gn_udp_filter(st.b, b, &group, false, NULL, 0), 0);
	cr_expect_eq(gn_udp_filter(st.b, b, &group, false, NULL, 0), -EADDRNOTAVAIL);
	cr_expect_eq(gn_udp_close(st.b, b), 0);
	cr_expect_eq(gn_udp_filter(st.b, b, &group, true, NULL, 0), -EBADF);
}

Test(sock_udp, multicast)
{
	struct gn_addr group = st_addr("239.1.2.3%0:5000"), group6 = st_addr("[ff02::77%0]:5000");
	gn_udp_t b = open_any(st.b, "*:5000"), a = open_any(st.a, "*");

	cr_expect_eq(gn_udp_join(st.b, b, &group), 0);
	cr_expect_eq(gn_udp_join(st.b, b, &group6), 0);
	cr_expect_eq(gn_udp_send(st.a, a, &group, NULL, "all", 3), 3);
	cr_expect_eq(gn_udp_send(st.a, a, &group6, NULL, "all", 3), 3);
	st_run(100000);
	cr_expect_eq(st_count(1, ST_UDP_RECEIVED), 2);
	cr_expect_eq(st_last(1, ST_UDP_RECEIVED)->to.ifc, 1);
	cr_expect_eq(gn_udp_leave(st.b, b, &group), 0);
	cr_expect_eq(gn_udp_leave(st.b, b, &group), -EADDRNOTAVAIL);
	cr_expect_eq(gn_udp_send(st.a, a, &group, NULL, "all", 3), 3);
	st_run(100000);
	cr_expect_eq(st_count(1, ST_UDP_RECEIVED), 2);
}

Test(sock_udp, local_address)
{
	struct gn_addr local;
	gn_udp_t any = open_any(st.a, "*:7"), v4 = open_any(st.a, "10.0.1.1:8");

	cr_expect_eq(gn_udp_addr(st.a, any, &local), 0);
	cr_expect_eq(local.family, 0);
	cr_expect_eq(local.port, 7);
	cr_expect_eq(gn_udp_addr(st.a, v4, &local), 0);
	cr_expect_eq(local.v4, 0x0a000101);
	cr_expect_eq(local.port, 8);
}

/* The short way of sending, once headers are prepared: what it must not do. */
TestSuite(sock_udp_short, .init = st_init_offload, .fini = st_fini);

Test(sock_udp_short, port_zero_is_refused_with_prepared_headers_too)
{
	struct gn_addr to = st_addr("10.0.1.2:7"), to6 = st_addr("[2001:db8:1::2]:7");
	gn_udp_t a = open_any(st.a, "*");
	struct rte_mbuf *m;

	open_any(st.b, "*:7");
	for (int i = 0; i < 4; i++) {
		struct gn_addr *at = i % 2 == 0 ? &to : &to6;

		cr_expect_eq(gn_udp_send(st.a, a, at, NULL, "hello", 5), 5);
		st_run(100000);
	}
	to.port = to6.port = 0;
	cr_expect_eq(gn_udp_send(st.a, a, &to, NULL, "hello", 5), -EDESTADDRREQ);
	cr_expect_eq(gn_udp_send(st.a, a, &to6, NULL, "hello", 5), -EDESTADDRREQ);
	m = gn_buf_alloc(st.a);
	cr_assert_not_null(m);
	cr_expect_eq(gn_udp_send_buf(st.a, a, &to, NULL, m), -EDESTADDRREQ);
	gn_buf_free(st.a, m);
	st_run(100000);
	cr_expect_eq(st_count(1, ST_UDP_RECEIVED), 4);
}

/* More at once than the port's queue holds: none is lost, none overtakes. */
Test(sock_udp_short, more_at_once_than_the_queue_holds)
{
	struct gn_addr to = st_addr("10.0.1.2:7");
	int64_t a = gn_udp_open(st.a, NULL, &to, &st_udp, NULL);
	char text[8];

	cr_assert_gt(a, 0);
	open_any(st.b, "10.0.1.2:7");
	cr_expect_eq(gn_udp_send(st.a, (gn_udp_t)a, NULL, NULL, "first", 5), 5);
	st_run(100000);
	st.n = 0;
	for (int i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), "%d", i);
		cr_assert_eq(gn_udp_send(st.a, (gn_udp_t)a, NULL, NULL, text, strlen(text)),
			(ssize_t)strlen(text));
	}
	cr_expect_geq(sim_count(st.host[0], CNT_core_tx_packets), 300 - NET_TXQ_MAX,
		"the queue holds more than it can");
	st_run(100000);
	cr_assert_eq(st_count(1, ST_UDP_RECEIVED), 300);
	for (int i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), "%d", i);
		cr_assert_str_eq(st.event[i].data, text);
	}
}

/* Prepared headers end with what they were made of: nothing leaves over a link that is down. */
Test(sock_udp_short, nothing_leaves_over_a_link_that_is_down)
{
	struct gn_addr to = st_addr("10.0.1.2:7");
	int64_t a = gn_udp_open(st.a, NULL, &to, &st_udp, NULL);

	cr_assert_gt(a, 0);
	open_any(st.b, "10.0.1.2:7");
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(gn_udp_send(st.a, (gn_udp_t)a, NULL, NULL, "hello", 5), 5);
		st_run(100000);
	}
	cr_assert_eq(st_count(1, ST_UDP_RECEIVED), 2);
	net_ifc_link(core_net(st.a), 0, false);
	gn_udp_send(st.a, (gn_udp_t)a, NULL, NULL, "lost", 4);
	st_run(100000);
	cr_expect_eq(st_count(1, ST_UDP_RECEIVED), 2);
	net_ifc_link(core_net(st.a), 0, true);
	st_run(10000000);
	cr_expect_eq(gn_udp_send(st.a, (gn_udp_t)a, NULL, NULL, "again", 5), 5);
	st_run(1000000);
	cr_expect_eq(st_count(1, ST_UDP_RECEIVED), 3);
}
