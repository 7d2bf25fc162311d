/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>

#include "udp_test.h"

static struct ut t;
static union net_ip us, peer;

static void setup(void)
{
	ut_init(&t, 8, 1);
	us = ut_ip4(UT_US);
	peer = ut_ip4(UT_PEER);
}

static void teardown(void)
{
	ut_fini(&t);
}

TestSuite(udp_open, .init = setup, .fini = teardown);

static struct udp_sock *bind4(const union net_ip *ip, uint16_t port)
{
	return udp_open(t.udp, false, ip == NULL, ip, port, NULL, 0, NET_NO_IFC, NULL, NULL);
}

static uint16_t port_of(const struct udp_sock *s)
{
	union net_ip ip;
	uint16_t port;
	bool v6;

	udp_local(s, &v6, &ip, &port);
	return port;
}

Test(udp_open, taken_ports_are_refused)
{
	union net_ip zero = {0};
	struct udp_sock *any = bind4(NULL, 7);

	cr_assert_not_null(any);
	cr_expect_null(bind4(NULL, 7));
	cr_expect_eq(errno, EADDRINUSE);
	cr_expect_null(bind4(&zero, 7), "0.0.0.0 is part of any");
	cr_expect_eq(errno, EADDRINUSE);
	cr_expect_null(udp_open(t.udp, true, false, &zero, 7, NULL, 0, NET_NO_IFC, NULL, NULL));
	cr_expect_eq(errno, EADDRINUSE);
	cr_expect_not_null(bind4(&us, 7), "more specific: another socket");
	cr_expect_null(bind4(&us, 7));
	cr_expect_eq(errno, EADDRINUSE);
	udp_close(t.udp, any);
	cr_expect_not_null(bind4(&zero, 7));
	cr_expect_not_null(udp_open(t.udp, true, false, &zero, 7, NULL, 0, NET_NO_IFC, NULL, NULL));
	cr_expect_null(bind4(NULL, 7), "both families are taken");
}

Test(udp_open, foreign_addresses_are_refused)
{
	union net_ip other = ut_ip4(IP4(10, 0, 0, 77)), ll = ut_ip6(0xfe80, 1);

	cr_expect_null(bind4(&other, 7));
	cr_expect_eq(errno, EADDRNOTAVAIL);
	cr_expect_null(udp_open(t.udp, true, false, &ll, 7, NULL, 0, NET_NO_IFC, NULL, NULL),
		"link-local without an interface");
	cr_expect_eq(errno, EADDRNOTAVAIL);
	cr_expect_not_null(udp_open(t.udp, true, false, &ll, 7, NULL, 0, t.ifc, NULL, NULL));
	cr_expect_null(udp_open(t.udp, false, true, NULL, 7, NULL, 0, 5, NULL, NULL));
	cr_expect_eq(errno, EADDRNOTAVAIL);
}

Test(udp_open, unreachable_peer_is_refused)
{
	union net_ip far = ut_ip4(IP4(192, 0, 2, 1));

	cr_expect_null(udp_open(t.udp, false, true, NULL, 0, &far, 53, NET_NO_IFC, NULL, NULL));
	cr_expect_eq(errno, ENETUNREACH);
	cr_expect_eq(udp_sockets(t.udp), 0);
}

Test(udp_open, handles_of_closed_sockets_are_dead)
{
	struct udp_sock *s = bind4(NULL, 7);
	udp_handle_t h = udp_handle(t.udp, s);

	cr_expect_gt((int64_t)h, 0);
	cr_expect_eq(udp_find(t.udp, h), s);
	udp_close(t.udp, s);
	cr_expect_null(udp_find(t.udp, h));
	s = bind4(NULL, 7);
	cr_expect_neq(udp_handle(t.udp, s), h);
	cr_expect_null(udp_find(t.udp, h));
	cr_expect_null(udp_find(t.udp, 0));
	cr_expect_null(udp_find(t.udp, UINT64_MAX));
}

Test(udp_open, table_full_is_enomem_and_passes)
{
	struct udp_sock *s[8];

	for (int i = 0; i < 8; i++)
		cr_assert_not_null(s[i] = bind4(NULL, (uint16_t)(100 + i)));
	cr_expect_null(bind4(NULL, 200));
	cr_expect_eq(errno, ENOMEM);
	cr_expect_eq(udp_sockets(t.udp), 8);
	udp_close(t.udp, s[3]);
	cr_expect_not_null(bind4(NULL, 200));
}

Test(udp_open, chosen_ports_differ_and_are_in_range)
{
	uint16_t a = port_of(bind4(NULL, 0)), b = port_of(bind4(NULL, 0));
	struct udp_sock *c =
		udp_open(t.udp, false, true, NULL, 0, &peer, 53, NET_NO_IFC, NULL, NULL);
	struct udp_sock *d =
		udp_open(t.udp, false, true, NULL, 0, &peer, 53, NET_NO_IFC, NULL, NULL);

	cr_expect_neq(a, b);
	cr_expect_neq(port_of(c), port_of(d));
	cr_expect_geq(a, 32768);
	cr_expect_geq(port_of(c), 32768);
}

Test(udp_open, connected_pair_is_unique)
{
	cr_expect_not_null(
		udp_open(t.udp, false, false, &us, 99, &peer, 53, NET_NO_IFC, NULL, NULL));
	cr_expect_null(udp_open(t.udp, false, false, &us, 99, &peer, 53, NET_NO_IFC, NULL, NULL));
	cr_expect_eq(errno, EADDRINUSE);
	cr_expect_not_null(
		udp_open(t.udp, false, false, &us, 99, &peer, 54, NET_NO_IFC, NULL, NULL));
}

/* Rule 2 of the architecture: replies of a connected socket come to the core that opened it. */
Test(udp_open_cores, chosen_port_comes_home)
{
	unsigned refused = 0;

	ut_init(&t, 1024, 4);
	us = ut_ip4(UT_US);
	for (int i = 0; i < 200; i++) {
		bool v6 = i & 1;
		union net_ip to = v6 ? ut_ip6(0x2001, 2) : ut_ip4(UT_PEER),
			     from = v6 ? ut_ip6(0x2001, 1) : us;
		uint16_t rport = (uint16_t)(1000 + i);
		struct udp_sock *s =
			udp_open(t.udp, v6, true, NULL, 0, &to, rport, NET_NO_IFC, NULL, NULL);
		uint32_t hash;

		cr_assert_not_null(s);
		hash = v6 ? owner_hash6(&t.owner, &to.v6, &from.v6, rport, port_of(s))
			  : owner_hash4(&t.owner, to.v4, from.v4, rport, port_of(s));
		cr_expect_eq(owner_core(&t.owner, hash), 0);
		if (udp_open(t.udp, v6, false, &from, 5000, &to, rport, NET_NO_IFC, NULL, NULL) ==
			NULL) {
			cr_expect_eq(errno, EADDRNOTAVAIL);
			refused++;
		}
	}
	cr_expect_gt(refused, 100, "three of four ports belong to other cores");
	cr_expect_lt(refused, 200);
	ut_fini(&t);
}
