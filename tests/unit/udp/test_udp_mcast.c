/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>

#include "udp_test.h"

static struct ut t;
static union net_ip us, group, group6, all6;

static void setup(void)
{
	ut_init(&t, 16, 1);
	us = ut_ip4(UT_US);
	group = ut_ip4(IP4(239, 1, 2, 3));
	group6 = (union net_ip){.v6 = {{0xff, 5, [15] = 0x77}}};
	all6 = (union net_ip){.v6 = {{0xff, 2, [15] = 1}}};
}

static void teardown(void)
{
	ut_fini(&t);
}

TestSuite(udp_mcast, .init = setup, .fini = teardown);

static struct udp_sock *bind_to(bool v6, const union net_ip *ip, uint16_t port)
{
	struct udp_sock *s =
		udp_open(t.udp, v6, ip == NULL, ip, port, NULL, 0, NET_NO_IFC, NULL, NULL);

	cr_assert_not_null(s);
	return s;
}

static void input(bool v6, const union net_ip *dst, uint16_t port)
{
	struct ut_dgram d = {.v6 = v6,
		.src = v6 ? ut_ip6(0x2001, 2) : ut_ip4(UT_PEER),
		.dst = *dst,
		.sport = 5555,
		.dport = port,
		.data = "to all"};

	ut_input(&t, &d);
}

static bool got(udp_handle_t h)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t.n_events; i++) {
		cr_expect_str_eq(t.event[i].data, "to all");
		n += t.event[i].sock == h;
	}
	cr_expect_leq(n, 1, "one copy a socket");
	return n > 0;
}

Test(udp_mcast, who_joined_receives_until_it_leaves)
{
	struct udp_sock *s = bind_to(false, NULL, 7);

	input(false, &group, 7);
	cr_expect_eq(t.n_events, 0, "not a member");
	cr_assert_eq(udp_join(t.udp, s, false, &group, t.ifc), 0);
	cr_assert_eq(udp_join(t.udp, s, true, &group6, t.ifc), 0);
	input(false, &group, 7);
	input(true, &group6, 7);
	cr_expect_eq(t.n_events, 2);
	input(false, &group, 8);
	cr_expect_eq(t.n_events, 2, "another port");
	cr_assert_eq(udp_leave(t.udp, s, false, &group, t.ifc), 0);
	cr_assert_eq(udp_leave(t.udp, s, true, &group6, t.ifc), 0);
	input(false, &group, 7);
	input(true, &group6, 7);
	cr_expect_eq(t.n_events, 2);
	cr_expect_eq(t.n_frames, 0, "no ICMP error about multicast");
}

Test(udp_mcast, every_receiver_gets_a_copy)
{
	struct udp_sock *any = bind_to(false, NULL, 7), *b1 = bind_to(false, &group, 7);
	struct udp_sock *b2 = bind_to(false, &group, 7), *other = bind_to(false, NULL, 8);
	struct udp_sock *unicast = bind_to(false, &us, 7);

	cr_assert_eq(udp_join(t.udp, any, false, &group, t.ifc), 0);
	cr_assert_eq(udp_join(t.udp, any, false, &group, NET_NO_IFC), 0, "two memberships");
	cr_assert_eq(udp_join(t.udp, b1, false, &group, t.ifc), 0);
	cr_assert_eq(udp_join(t.udp, other, false, &group, t.ifc), 0);
	input(false, &group, 7);
	cr_expect_eq(t.n_events, 3);
	cr_expect(got(udp_handle(t.udp, any)));
	cr_expect(got(udp_handle(t.udp, b1)));
	cr_expect(got(udp_handle(t.udp, b2)));
	cr_expect_not(got(udp_handle(t.udp, unicast)));
	udp_close(t.udp, b1);
	udp_close(t.udp, any);
	t.n_events = 0;
	input(false, &group, 7);
	cr_expect(got(udp_handle(t.udp, b2)), "the membership of another port keeps the group");
	cr_expect_eq(t.n_events, 1);
}

Test(udp_mcast, closing_another_receiver_in_the_upcall_is_safe)
{
	struct udp_sock *a = bind_to(false, &group, 7), *b = bind_to(false, &group, 7);

	cr_assert_eq(udp_join(t.udp, a, false, &group, t.ifc), 0);
	cr_assert_eq(udp_join(t.udp, b, false, &group, t.ifc), 0);
	input(false, &group, 7);
	cr_assert_eq(t.n_events, 2);
	t.close_on_receive = t.event[1].sock; /* the one that comes second */
	input(false, &group, 7);
	cr_expect_eq(t.n_events, 3);
}

/* RFC 1112 section 4, RFC 4291 section 2.8: every host is in the group of all nodes. */
Test(udp_mcast, all_nodes_and_broadcast_reach_sockets_bound_to_any)
{
	union net_ip all4 = ut_ip4(IP4(224, 0, 0, 1)), bcast = ut_ip4(IP4(10, 0, 0, 255));
	union net_ip limited = ut_ip4(UINT32_MAX);
	udp_handle_t any = udp_handle(t.udp, bind_to(false, NULL, 7));

	bind_to(false, &us, 7);
	input(false, &all4, 7);
	input(true, &all6, 7);
	input(false, &bcast, 7);
	input(false, &limited, 7);
	cr_assert_eq(t.n_events, 4);
	for (int i = 0; i < 4; i++)
		cr_expect_eq(t.event[i].sock, any);
}

Test(udp_mcast, connected_socket_hears_its_peer_only)
{
	union net_ip peer = ut_ip4(UT_PEER), other = ut_ip4(IP4(10, 0, 0, 3));
	struct udp_sock *mine =
		udp_open(t.udp, false, false, &us, 7, &peer, 5555, NET_NO_IFC, NULL, NULL);
	struct udp_sock *not_mine =
		udp_open(t.udp, false, false, &us, 7, &other, 5555, NET_NO_IFC, NULL, NULL);

	cr_assert_eq(udp_join(t.udp, mine, false, &group, t.ifc), 0);
	cr_assert_eq(udp_join(t.udp, not_mine, false, &group, t.ifc), 0);
	input(false, &group, 7);
	cr_expect_eq(t.n_events, 1);
	cr_expect(got(udp_handle(t.udp, mine)));
}

Test(udp_mcast, bad_joins_are_refused)
{
	struct udp_sock *s = bind_to(false, NULL, 7), *s4 = bind_to(false, &us, 8);

	cr_expect_eq(udp_join(t.udp, s, false, &us, t.ifc), -EINVAL, "no group");
	cr_expect_eq(udp_join(t.udp, s4, true, &group6, t.ifc), -EINVAL, "other family");
	cr_expect_eq(udp_join(t.udp, s, false, &group, 9), -ENODEV);
	cr_expect_eq(udp_leave(t.udp, s, false, &group, t.ifc), -EADDRNOTAVAIL);
	cr_expect_eq(udp_join(t.udp, s, false, &group, t.ifc), 0);
	cr_expect_eq(udp_join(t.udp, s, false, &group, t.ifc), -EADDRINUSE);
}

Test(udp_mcast, memberships_end)
{
	struct udp_sock *s = bind_to(false, NULL, 7);
	int r = 0, n;

	for (n = 0; n < 100; n++) {
		union net_ip g = ut_ip4(IP4(239, 0, 1, 0) + (uint32_t)n);

		r = udp_join(t.udp, s, false, &g, t.ifc);
		if (r != 0)
			break;
	}
	cr_expect_lt(r, 0, "fixed tables");
	cr_expect_geq(n, 30);
	udp_close(t.udp, s);
	s = bind_to(false, NULL, 7);
	cr_expect_eq(udp_join(t.udp, s, false, &group, t.ifc), 0, "and closing gave them back");
}

Test(udp_mcast, rfc3376_3_1_each_socket_filters_for_itself)
{
	struct udp_sock *a = bind_to(false, NULL, 7), *b = bind_to(false, &group, 7);
	struct net_filter f = {.n = 1, .src = {ut_ip4(UT_PEER)}}, none = {0};

	cr_assert_eq(udp_filter(t.udp, a, false, &group, t.ifc, &f), 0);
	input(false, &group, 7);
	cr_expect(got(udp_handle(t.udp, a)), "included");
	cr_expect(got(udp_handle(t.udp, b)));
	t.n_events = 0;
	f.exclude = true;
	cr_assert_eq(udp_filter(t.udp, a, false, &group, t.ifc, &f), 0);
	input(false, &group, 7);
	cr_expect(!got(udp_handle(t.udp, a)), "excluded");
	cr_expect(got(udp_handle(t.udp, b)));
	t.n_events = 0;
	f.src[0] = ut_ip4(IP4(192, 0, 2, 1));
	cr_assert_eq(udp_filter(t.udp, a, false, &group, t.ifc, &f), 0);
	f.exclude = false;
	cr_assert_eq(udp_filter(t.udp, b, false, &group, t.ifc, &f), 0);
	input(false, &group, 7);
	cr_expect(got(udp_handle(t.udp, a)), "not among those excluded");
	cr_expect(!got(udp_handle(t.udp, b)), "bound to the group, but this source is not wanted");
	t.n_events = 0;
	cr_assert_eq(udp_filter(t.udp, a, false, &group, t.ifc, &none), 0);
	cr_expect_eq(udp_filter(t.udp, a, false, &group, t.ifc, &none), -EADDRNOTAVAIL);
	input(false, &group, 7);
	cr_expect_eq(t.n_events, 0);
}
