/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>

#include "udp_test.h"

static struct ut t;
static union net_ip us, peer, us6, peer6;

static void setup(void)
{
	ut_init(&t, 0, 1);
	us = ut_ip4(UT_US);
	peer = ut_ip4(UT_PEER);
	us6 = ut_ip6(0x2001, 1);
	peer6 = ut_ip6(0x2001, 2);
}

static void teardown(void)
{
	ut_fini(&t);
}

TestSuite(udp_error, .init = setup, .fini = teardown);

/* What we sent, as the error quotes it. */
static struct ut_dgram sent(bool v6, uint16_t sport)
{
	return (struct ut_dgram){.v6 = v6,
		.src = v6 ? us6 : us,
		.dst = v6 ? peer6 : peer,
		.sport = sport,
		.dport = 53,
		.data = "query"};
}

static struct udp_sock *open_connected(bool v6)
{
	struct udp_sock *s = udp_open(
		t.udp, v6, true, NULL, 40000, v6 ? &peer6 : &peer, 53, NET_NO_IFC, NULL, NULL);

	cr_assert_not_null(s);
	return s;
}

/* RFC 1122 section 4.1.3.3: errors are passed up. Codes: section 3.2.2.1, RFC 4443 section 3. */
Test(udp_error, codes_become_errnos)
{
	static const struct {
		bool v6;
		uint8_t type, code;
		int err;
	} want[] = {{false, 3, 0, ENETUNREACH}, {false, 3, 1, EHOSTUNREACH},
		{false, 3, 3, ECONNREFUSED}, {false, 3, 13, EHOSTUNREACH},
		{false, 11, 0, EHOSTUNREACH}, {true, 1, 0, ENETUNREACH}, {true, 1, 3, EHOSTUNREACH},
		{true, 1, 4, ECONNREFUSED}, {true, 3, 0, EHOSTUNREACH}};
	udp_handle_t h[2] = {
		udp_handle(t.udp, open_connected(false)), udp_handle(t.udp, open_connected(true))};

	for (unsigned i = 0; i < RTE_DIM(want); i++) {
		struct ut_dgram d = sent(want[i].v6, 40000);

		t.n_events = 0;
		ut_icmp(&t, want[i].type, want[i].code, 0, &d);
		cr_assert_eq(t.n_events, 1, "case %u", i);
		cr_expect_eq(t.event[0].err, want[i].err, "case %u", i);
		cr_expect_eq(t.event[0].sock, h[want[i].v6]);
		cr_expect_eq(t.event[0].to_port, 53);
	}
	cr_expect_eq(t.env.cnt.n[CNT_udp_errors_in], RTE_DIM(want));
}

/* RFC 8201 section 4: the next datagram goes in pieces that the path takes. */
Test(udp_error, too_big_lowers_the_mtu_of_a_connected_socket)
{
	struct udp_sock *s4 = open_connected(false), *s6 = open_connected(true);
	struct ut_dgram d4 = sent(false, 40000), d6 = sent(true, 40000);
	struct rte_mbuf *m;

	ut_icmp(&t, 3, 4, 1000, &d4);
	ut_icmp(&t, 2, 0, 1300, &d6);
	cr_assert_eq(t.n_events, 2);
	cr_expect_eq(t.event[0].err, EMSGSIZE);
	cr_expect_eq(t.event[1].err, EMSGSIZE);
	ut_icmp(&t, 2, 0, 600, &d6); /* less than 1280 is to be discarded */
	cr_expect_eq(t.n_events, 2);
	t.n_frames = 0;
	m = pkt_alloc(&t.env.pool);
	rte_pktmbuf_append(m, 973);
	cr_expect_eq(udp_send_buf(t.udp, s4, false, NULL, 0, NULL, NET_NO_IFC, m), 973);
	cr_expect_eq(t.n_frames, 2);
	m = pkt_alloc(&t.env.pool);
	rte_pktmbuf_append(m, 1253);
	cr_expect_eq(udp_send_buf(t.udp, s6, true, NULL, 0, NULL, NET_NO_IFC, m), 1253);
	cr_expect_eq(t.n_frames, 4);
	m = pkt_alloc(&t.env.pool);
	rte_pktmbuf_append(m, 1252);
	cr_expect_eq(udp_send_buf(t.udp, s6, true, NULL, 0, NULL, NET_NO_IFC, m), 1252);
	cr_expect_eq(t.n_frames, 5);
}

Test(udp_error, unconnected_socket_hears_of_its_own)
{
	struct udp_sock *s = udp_open(t.udp, false, true, NULL, 7, NULL, 0, NET_NO_IFC, NULL, NULL);
	struct ut_dgram d = sent(false, 7);

	ut_icmp(&t, 3, 3, 0, &d);
	cr_assert_eq(t.n_events, 1);
	cr_expect_eq(t.event[0].sock, udp_handle(t.udp, s));
	cr_expect_eq(t.event[0].err, ECONNREFUSED);
}

Test(udp_error, nobody_is_told_of_a_stranger)
{
	struct ut_dgram d = sent(false, 41000);

	open_connected(false);
	ut_icmp(&t, 3, 3, 0, &d);
	cr_expect_eq(t.n_events, 0);
	cr_expect_eq(t.env.cnt.drop[DROP_icmp4_no_flow], 1);
}
