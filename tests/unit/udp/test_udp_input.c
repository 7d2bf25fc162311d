/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <netinet/in.h>

#include "udp_test.h"

static struct ut t;

static void setup(void)
{
	ut_init(&t, 0, 1);
}

static void teardown(void)
{
	ut_fini(&t);
}

TestSuite(udp_input, .init = setup, .fini = teardown);

static struct ut_dgram dgram(bool v6, uint16_t dport, const char *data)
{
	return (struct ut_dgram){.v6 = v6,
		.src = v6 ? ut_ip6(0x2001, 2) : ut_ip4(UT_PEER),
		.dst = v6 ? ut_ip6(0x2001, 1) : ut_ip4(UT_US),
		.sport = 5555,
		.dport = dport,
		.data = data};
}

static struct udp_sock *open_any(uint16_t port)
{
	struct udp_sock *s =
		udp_open(t.udp, false, true, NULL, port, NULL, 0, NET_NO_IFC, NULL, NULL);

	cr_assert_not_null(s);
	return s;
}

Test(udp_input, any_socket_gets_both_families)
{
	udp_handle_t h = udp_handle(t.udp, open_any(7));

	for (int v6 = 0; v6 <= 1; v6++) {
		struct ut_dgram d = dgram(v6, 7, "hello");

		ut_input(&t, &d);
		cr_assert_eq(t.n_events, (unsigned)v6 + 1);
		cr_expect_eq(t.event[v6].sock, h);
		cr_expect_str_eq(t.event[v6].data, "hello");
		cr_expect_eq(t.event[v6].from_port, 5555);
		cr_expect_eq(t.event[v6].to_port, 7);
		cr_expect_eq(memcmp(&t.event[v6].src, &d.src, sizeof(d.src)), 0);
		cr_expect_eq(memcmp(&t.event[v6].dst, &d.dst, sizeof(d.dst)), 0);
	}
	cr_expect_eq(t.env.cnt.n[CNT_udp_rx], 2);
	cr_expect_eq(t.env.cnt.n[CNT_udp_delivered], 2);
}

Test(udp_input, empty_datagram_is_delivered)
{
	struct ut_dgram d = dgram(false, 7, "");

	open_any(7);
	ut_input(&t, &d);
	cr_assert_eq(t.n_events, 1);
	cr_expect_eq(t.event[0].len, 0);
}

/* RFC 768, RFC 1122 section 4.1.3.4: an IPv4 sender need not make a checksum. */
Test(udp_input, zero_checksum_over_ip4_is_accepted)
{
	struct ut_dgram d = dgram(false, 7, "hello");

	open_any(7);
	d.cksum = UT_ZERO;
	ut_input(&t, &d);
	cr_expect_eq(t.n_events, 1);
}

/* RFC 8200 section 8.1: receivers must discard UDP packets with a zero checksum. */
Test(udp_input, zero_checksum_over_ip6_is_dropped)
{
	struct ut_dgram d = dgram(true, 7, "hello");

	open_any(7);
	d.cksum = UT_ZERO;
	ut_input(&t, &d);
	cr_expect_eq(t.n_events, 0);
	cr_expect_eq(t.env.cnt.drop[DROP_udp_cksum], 1);
}

/* RFC 1122 section 4.1.3.4: silently discarded. */
Test(udp_input, wrong_checksum_is_dropped)
{
	open_any(7);
	for (int v6 = 0; v6 <= 1; v6++) {
		struct ut_dgram d = dgram(v6, 7, "hello");

		d.cksum = UT_WRONG;
		ut_input(&t, &d);
	}
	cr_expect_eq(t.n_events, 0);
	cr_expect_eq(t.n_frames, 0);
	cr_expect_eq(t.env.cnt.drop[DROP_udp_cksum], 2);
}

/* RFC 768: the length includes the header; what is behind it is no data. */
Test(udp_input, length_is_checked_and_padding_cut_off)
{
	struct ut_dgram d = dgram(false, 7, "hello");

	open_any(7);
	d.len_add = 1;
	ut_input(&t, &d);
	d.len_add = -6; /* 7: less than a header */
	ut_input(&t, &d);
	cr_expect_eq(t.n_events, 0);
	cr_expect_eq(t.env.cnt.drop[DROP_udp_short], 2);

	d.len_add = 0;
	d.pad = 100;
	ut_input(&t, &d);
	cr_assert_eq(t.n_events, 1);
	cr_expect_eq(t.event[0].len, 5);
	cr_expect_str_eq(t.event[0].data, "hello");
}

Test(udp_input, port_zero_is_dropped)
{
	struct ut_dgram d = dgram(false, 0, "hello");

	ut_input(&t, &d);
	cr_expect_eq(t.env.cnt.drop[DROP_udp_port_zero], 1);
	cr_expect_eq(t.n_frames, 0);
}

/* RFC 1122 section 4.1.3.1: SHOULD send Port Unreachable. RFC 4443 section 3.1. */
Test(udp_input, nobody_there_is_answered_by_port_unreachable)
{
	for (int v6 = 0; v6 <= 1; v6++) {
		struct ut_dgram d = dgram(v6, 9, "hello");

		ut_input(&t, &d);
		cr_assert_eq(t.n_frames, (unsigned)v6 + 1);
		cr_expect_eq(t.frame[v6].proto, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
		cr_expect_eq(t.frame[v6].icmp_type, v6 ? 1 : 3);
		cr_expect_eq(t.frame[v6].icmp_code, v6 ? 4 : 3);
	}
	cr_expect_eq(t.env.cnt.drop[DROP_udp_port], 2);
}

/* RFC 1122 section 3.2.2: no error about a broadcast or multicast. */
Test(udp_input, multicast_and_broadcast_are_never_answered)
{
	struct ut_dgram d = dgram(false, 9, "hello");

	d.dst = ut_ip4(IP4(224, 0, 0, 1));
	ut_input(&t, &d);
	d.dst = ut_ip4(IP4(10, 0, 0, 255));
	ut_input(&t, &d);
	d = dgram(true, 9, "hello");
	d.dst = (union net_ip){.v6 = {{0xff, 2, [15] = 1}}};
	ut_input(&t, &d);
	cr_expect_eq(t.n_frames, 0);
	cr_expect_eq(t.env.cnt.drop[DROP_udp_port], 3);
}

Test(udp_input, most_specific_socket_wins)
{
	union net_ip us = ut_ip4(UT_US), peer = ut_ip4(UT_PEER), other = ut_ip4(IP4(10, 0, 0, 9));
	udp_handle_t any = udp_handle(t.udp, open_any(7));
	struct udp_sock *b = udp_open(t.udp, false, false, &us, 7, NULL, 0, NET_NO_IFC, NULL, NULL);
	struct udp_sock *c =
		udp_open(t.udp, false, false, &us, 7, &peer, 5555, NET_NO_IFC, NULL, NULL);
	struct ut_dgram d = dgram(false, 7, "x");

	cr_assert_not_null(b);
	cr_assert_not_null(c);
	udp_handle_t hb = udp_handle(t.udp, b), hc = udp_handle(t.udp, c);

	ut_input(&t, &d);
	d.sport = 5556;
	ut_input(&t, &d);
	d.dst = other;
	ut_input(&t, &d);
	cr_assert_eq(t.n_events, 3);
	cr_expect_eq(t.event[0].sock, hc, "connected");
	cr_expect_eq(t.event[1].sock, hb, "bound to the address");
	cr_expect_eq(t.event[2].sock, any, "bound to any");

	udp_close(t.udp, c);
	udp_close(t.udp, b);
	d = dgram(false, 7, "x");
	ut_input(&t, &d);
	cr_assert_eq(t.n_events, 4);
	cr_expect_eq(t.event[3].sock, any);
}

Test(udp_input, closing_in_the_upcall_is_safe)
{
	struct ut_dgram d = dgram(false, 7, "x");

	t.close_on_receive = udp_handle(t.udp, open_any(7));
	ut_input(&t, &d);
	cr_expect_eq(t.n_events, 1);
	ut_input(&t, &d);
	cr_expect_eq(t.n_events, 1);
	cr_expect_eq(t.n_frames, 1, "port unreachable");
}

/* Each socket of a port gets what is its own, whichever got a datagram before. */
Test(udp_input, sockets_of_a_port_in_turn)
{
	for (int v6 = 0; v6 <= 1; v6++) {
		struct ut_dgram d = dgram(v6, 7, "hello"), other = d;
		struct udp_sock *any, *bound, *connected;

		other.sport = 5556;
		bound = udp_open(t.udp, v6, false, &d.dst, 7, NULL, 0, NET_NO_IFC, NULL, NULL);
		cr_assert_not_null(bound);
		for (unsigned i = 0; i < 3; i++) {
			ut_input(&t, &d);
			cr_expect_eq(t.event[t.n_events - 1].sock, udp_handle(t.udp, bound));
		}
		connected =
			udp_open(t.udp, v6, false, &d.dst, 7, &d.src, 5555, NET_NO_IFC, NULL, NULL);
		cr_assert_not_null(connected);
		for (unsigned i = 0; i < 3; i++) {
			ut_input(&t, &d);
			cr_expect_eq(t.event[t.n_events - 1].sock, udp_handle(t.udp, connected));
			ut_input(&t, &other);
			cr_expect_eq(t.event[t.n_events - 1].sock, udp_handle(t.udp, bound));
		}
		udp_close(t.udp, bound);
		any = open_any(7);
		for (unsigned i = 0; i < 3; i++) {
			ut_input(&t, &other);
			cr_expect_eq(t.event[t.n_events - 1].sock, udp_handle(t.udp, any));
			ut_input(&t, &d);
			cr_expect_eq(t.event[t.n_events - 1].sock, udp_handle(t.udp, connected));
		}
		udp_close(t.udp, connected);
		ut_input(&t, &d);
		cr_expect_eq(t.event[t.n_events - 1].sock, udp_handle(t.udp, any));
		udp_close(t.udp, any);
		cr_expect_eq(t.n_short > 0, UT_OFFLOAD);
		t.n_events = 0;
	}
	cr_expect_eq(t.env.cnt.n[CNT_udp_rx], 32);
	cr_expect_eq(t.env.cnt.n[CNT_udp_delivered], 32);
	cr_expect_eq(t.env.cnt.n[CNT_ip4_delivered], 16);
	cr_expect_eq(t.env.cnt.n[CNT_ip6_delivered], 16);
	cr_expect_eq(t.env.cnt.n[CNT_eth_rx_unicast], 32);
}

/* A socket that got a datagram lately is not for what only looks like it: the same ports, another host, or
 * another address of ours (RFC 1122 section 4.1.3.5 has applications tell peers and addresses apart). */
Test(udp_input, connected_socket_hears_its_peer_only)
{
	for (int v6 = 0; v6 <= 1; v6++) {
		struct ut_dgram d = dgram(v6, 7, "hello");
		struct udp_sock *s = udp_open(
			t.udp, v6, false, &d.dst, 7, &d.src, d.sport, NET_NO_IFC, NULL, NULL);
		union net_ip peer = d.src, us = d.dst;

		cr_assert_not_null(s);
		t.n_events = 0;
		ut_input(&t, &d);
		ut_input(&t, &d);
		cr_assert_eq(t.n_events, 2);
		d.src = v6 ? ut_ip6(0x2001, 3) : ut_ip4(IP4(10, 0, 0, 3));
		ut_input(&t, &d);
		cr_expect_eq(t.n_events, 2, "from another host");
		d.src = peer;
		d.sport++;
		ut_input(&t, &d);
		cr_expect_eq(t.n_events, 2, "from another port");
		d.sport--;
		d.dst = v6 ? ut_ip6(0xfe80, 1) : ut_ip4(IP4(10, 0, 0, 9));
		ut_input(&t, &d);
		cr_expect_eq(t.n_events, 2, "to another address of ours");
		d.dst = us;
		ut_input(&t, &d);
		cr_expect_eq(t.n_events, 3);
		udp_close(t.udp, s);
	}
}

Test(udp_input, bound_socket_hears_its_address_only)
{
	for (int v6 = 0; v6 <= 1; v6++) {
		struct ut_dgram d = dgram(v6, 7, "hello");
		struct udp_sock *s =
			udp_open(t.udp, v6, false, &d.dst, 7, NULL, 0, NET_NO_IFC, NULL, NULL);

		cr_assert_not_null(s);
		t.n_events = 0;
		ut_input(&t, &d);
		ut_input(&t, &d);
		cr_assert_eq(t.n_events, 2);
		d.dst = v6 ? ut_ip6(0xfe80, 1) : ut_ip4(IP4(10, 0, 0, 9));
		ut_input(&t, &d);
		cr_expect_eq(t.n_events, 2);
		udp_close(t.udp, s);
	}
}
