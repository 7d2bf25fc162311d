/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>

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

TestSuite(udp_output, .init = setup, .fini = teardown);

static struct udp_sock *open_any(uint16_t port)
{
	struct udp_sock *s =
		udp_open(t.udp, false, true, NULL, port, NULL, 0, NET_NO_IFC, NULL, NULL);

	cr_assert_not_null(s);
	return s;
}

/* Sends text; on an error the buffer is still the caller's. */
static ssize_t send_text(struct udp_sock *s, bool v6, const union net_ip *to, uint16_t port,
	const union net_ip *from, const char *text)
{
	struct rte_mbuf *m = ut_buf(&t, text);
	ssize_t r = udp_send_buf(t.udp, s, v6, to, port, from, NET_NO_IFC, m);

	if (r < 0)
		pkt_free(&t.env.pool, m);
	return r;
}

Test(udp_output, sends_a_right_datagram_in_both_families)
{
	struct udp_sock *s = open_any(7);

	cr_expect_eq(send_text(s, false, &peer, 9, NULL, "hello"), 5);
	cr_expect_eq(send_text(s, true, &peer6, 9, NULL, "hello"), 5);
	cr_assert_eq(t.n_frames, 2);
	for (int v6 = 0; v6 <= 1; v6++) {
		const struct ut_frame *f = &t.frame[v6];

		cr_expect_eq(f->v6, v6);
		cr_expect_eq(f->proto, IPPROTO_UDP);
		cr_expect(f->cksum_ok);
		cr_expect_eq(f->udp.sport, 7);
		cr_expect_eq(f->udp.dport, 9);
		cr_expect_eq(f->udp.len, 13);
		cr_expect_eq(f->payload_len, 5);
		cr_expect_str_eq(f->data, "hello");
		cr_expect_eq(memcmp(&f->src, v6 ? &us6 : &us, sizeof(us)), 0);
		cr_expect_eq(memcmp(&f->dst, v6 ? &peer6 : &peer, sizeof(us)), 0);
		cr_expect_eq(f->ttl, 64);
	}
	cr_expect_eq(t.env.cnt.n[CNT_udp_tx], 2);
}

/* RFC 768: a computed checksum of zero is sent as all ones. */
Test(udp_output, checksum_of_zero_is_sent_as_ones)
{
	struct udp_sock *s = open_any(7);

	for (unsigned i = 0; i < 65536; i++) {
		char text[4] = {(char)(i >> 8), (char)i, 1, 0};
		struct rte_mbuf *m = pkt_alloc(&t.env.pool);

		memcpy(rte_pktmbuf_append(m, 2), text, 2);
		cr_assert_eq(udp_send_buf(t.udp, s, false, &peer, 9, NULL, NET_NO_IFC, m), 2);
		cr_assert(t.frame[0].cksum_ok, "payload %04x", i);
		t.n_frames = 0;
	}
}

Test(udp_output, connected_socket_needs_no_address)
{
	struct udp_sock *s =
		udp_open(t.udp, false, true, NULL, 0, &peer, 53, NET_NO_IFC, NULL, NULL);
	union net_ip ip;
	uint16_t port;
	bool v6;

	cr_assert_not_null(s);
	udp_local(s, &v6, &ip, &port);
	cr_expect_eq(ip.v4, UT_US);
	cr_expect_geq(port, 32768);
	cr_expect_eq(send_text(s, false, NULL, 0, NULL, "query"), 5);
	cr_assert_eq(t.n_frames, 1);
	cr_expect_eq(t.frame[0].udp.sport, port);
	cr_expect_eq(t.frame[0].udp.dport, 53);
	cr_expect_eq(t.frame[0].dst.v4, UT_PEER);
}

Test(udp_output, errors_leave_the_buffer_with_the_caller)
{
	struct udp_sock *s = open_any(7);
	struct udp_sock *s4 =
		udp_open(t.udp, false, false, &us, 8, NULL, 0, NET_NO_IFC, NULL, NULL);
	union net_ip far = ut_ip4(IP4(192, 0, 2, 1)), not_ours = ut_ip4(IP4(10, 0, 0, 77));

	cr_expect_eq(send_text(s, false, NULL, 0, NULL, "x"), -EDESTADDRREQ);
	cr_expect_eq(send_text(s, false, &peer, 0, NULL, "x"), -EDESTADDRREQ);
	cr_expect_eq(send_text(s, false, &far, 9, NULL, "x"), -ENETUNREACH);
	cr_expect_eq(send_text(s, false, &peer, 9, &not_ours, "x"), -EADDRNOTAVAIL);
	cr_expect_eq(send_text(s4, true, &peer6, 9, NULL, "x"), -EAFNOSUPPORT);
	cr_expect_eq(t.n_frames, 0);
}

/* RFC 768, RFC 791: what 16 bits can say; a longer one than the MTU goes in fragments. */
Test(udp_output, longest_datagram)
{
	struct udp_sock *s = open_any(7);
	struct rte_mbuf *m = pkt_alloc(&t.env.pool), *tail = m;

	for (unsigned left = 65508; left > 0;) {
		uint16_t n = (uint16_t)RTE_MIN(left, 1500u);

		if (m->pkt_len != 0) {
			tail->next = pkt_alloc(&t.env.pool);
			tail = tail->next;
			m->nb_segs++;
		}
		tail->data_len = n;
		m->pkt_len += n;
		left -= n;
	}
	cr_expect_eq(udp_send_buf(t.udp, s, false, &peer, 9, NULL, NET_NO_IFC, m), -EMSGSIZE);
	pkt_free(&t.env.pool, m);

	m = pkt_alloc(&t.env.pool);
	rte_pktmbuf_append(m, 1473);
	cr_expect_eq(udp_send_buf(t.udp, s, false, &peer, 9, NULL, NET_NO_IFC, m), 1473);
	cr_assert_eq(t.n_frames, 2);
}

/* A buffer that is shared, or has no room in front, gets a header buffer of its own. */
Test(udp_output, header_goes_in_front_where_there_is_no_room)
{
	struct udp_sock *s = open_any(7);
	struct rte_mbuf *shared = ut_buf(&t, "shared"), *tight = ut_buf(&t, "tight");

	rte_mbuf_refcnt_update(shared, 1);
	cr_expect_eq(udp_send_buf(t.udp, s, false, &peer, 9, NULL, NET_NO_IFC, shared), 6);
	tight->data_off = 0;
	memcpy(rte_pktmbuf_mtod(tight, char *), "tight", 5);
	cr_expect_eq(udp_send_buf(t.udp, s, true, &peer6, 9, NULL, NET_NO_IFC, tight), 5);
	cr_assert_eq(t.n_frames, 2);
	cr_expect_str_eq(t.frame[0].data, "shared");
	cr_expect_str_eq(t.frame[1].data, "tight");
	for (int i = 0; i < 2; i++) {
		cr_expect(t.frame[i].cksum_ok);
		cr_expect_eq(t.frame[i].n_segs, 2);
	}
	cr_expect_eq(memcmp(rte_pktmbuf_mtod(shared, char *), "shared", 6), 0, "not written to");
	pkt_free(&t.env.pool, shared);
}

/* The received buffer is the one that goes out: one segment, no allocation. */
Test(udp_output, echo_reuses_the_received_buffer)
{
	struct ut_dgram d = {.src = peer, .dst = us, .sport = 5555, .dport = 7, .data = "ping"};

	open_any(7);
	t.echo = true;
	ut_input(&t, &d);
	d = (struct ut_dgram){
		.v6 = true, .src = peer6, .dst = us6, .sport = 5555, .dport = 7, .data = "ping"};
	ut_input(&t, &d);
	d.own_headroom0 = true;
	ut_input(&t, &d);
	cr_assert_eq(t.n_frames, 3);
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(t.frame[i].udp.sport, 7);
		cr_expect_eq(t.frame[i].udp.dport, 5555);
		cr_expect_str_eq(t.frame[i].data, "ping");
		cr_expect(t.frame[i].cksum_ok);
		cr_expect_eq(t.frame[i].n_segs, i < 2 ? 1 : 2);
	}
}

Test(udp_output, answers_come_from_the_address_that_was_asked)
{
	union net_ip second = ut_ip4(IP4(10, 0, 0, 9));
	struct ut_dgram d = {.src = peer, .dst = second, .sport = 1, .dport = 7, .data = "ping"};

	open_any(7);
	t.echo = true;
	ut_input(&t, &d);
	cr_assert_eq(t.n_frames, 1);
	cr_expect_eq(t.frame[0].src.v4, second.v4);
}

/* RFC 1112 section 6.1: multicast is sent with a TTL of 1 unless told otherwise. */
Test(udp_output, multicast_stays_on_the_link)
{
	union net_ip group = ut_ip4(IP4(239, 1, 2, 3));
	union net_ip group6 = {.v6 = {{0xff, 5, [15] = 0x77}}};
	struct udp_sock *s = udp_open(t.udp, false, true, NULL, 7, NULL, 0, t.ifc, NULL, NULL);

	cr_expect_eq(send_text(s, false, &group, 9, NULL, "all"), 3);
	cr_expect_eq(send_text(s, true, &group6, 9, NULL, "all"), 3);
	cr_assert_eq(t.n_frames, 2);
	cr_expect_eq(t.frame[0].ttl, 1);
	cr_expect_eq(t.frame[1].ttl, 1);
	cr_expect_eq(memcmp(t.frame[0].dst_mac, "\x01\x00\x5e\x01\x02\x03", 6), 0);
	cr_expect_eq(memcmp(t.frame[1].dst_mac, "\x33\x33\x00\x00\x00\x77", 6), 0);
}

/* Routes are remembered for a second only: a withdrawn address must not be used for longer. */
Test(udp_output, remembered_route_ends)
{
	struct udp_sock *s = open_any(7);
	union net_ip second = ut_ip4(IP4(10, 0, 0, 9));

	cr_expect_eq(send_text(s, false, &peer, 9, NULL, "x"), 1);
	cr_expect_eq(t.frame[0].src.v4, UT_US);
	cr_assert_eq(net_addr_del(t.net, t.ifc, false, &us), 0);
	t.env.now_us += 1000001;
	cr_expect_eq(send_text(s, false, &peer, 9, NULL, "x"), 1);
	cr_expect_eq(t.frame[1].src.v4, second.v4);
}

Test(udp_output, empty_pool_is_an_error_and_passes)
{
	struct udp_sock *s = open_any(7);
	struct rte_mbuf *all[UT_POOL];
	unsigned n = 0;

	while (n < UT_POOL)
		all[n++] = pkt_alloc(&t.env.pool);
	all[0]->data_off = 0; /* needs a header buffer, and there is none */
	rte_pktmbuf_append(all[0], 1);
	cr_expect_eq(udp_send_buf(t.udp, s, false, &peer, 9, NULL, NET_NO_IFC, all[0]), -ENOBUFS);
	cr_expect_eq(t.env.cnt.n[CNT_core_pool_empty], 1);
	pkt_free(&t.env.pool, all[1]);
	cr_expect_eq(udp_send_buf(t.udp, s, false, &peer, 9, NULL, NET_NO_IFC, all[0]), 1);
	for (unsigned i = 2; i < n; i++)
		pkt_free(&t.env.pool, all[i]);
}

/* RFC 1122 section 4.1.4: TTL and TOS of a socket, also of one that has sent by prepared headers; and its
 * neighbours keep theirs. */
Test(udp_output, ttl_and_tos_of_a_socket_rfc1122_4_1_4)
{
	struct udp_sock *s = open_any(7), *other = open_any(8);
	struct udp_sock *c =
		udp_open(t.udp, false, false, &us, 10, &peer, 9, NET_NO_IFC, NULL, NULL);
	const union net_ip group = ut_ip4(IP4(224, 1, 2, 3));

	cr_assert_not_null(c);
	for (unsigned round = 0; round < 3; round++) { /* as it is, chosen, as it was */
		uint8_t ttl = round == 1 ? 9 : 64, tos = round == 1 ? 0x28 : 0;

		t.n_frames = 0;
		udp_opts_set(s, round == 1 ? 9 : 0, round == 1 ? 5 : 0, tos);
		udp_opts_set(c, round == 1 ? 9 : 0, 0, tos);
		for (unsigned twice = 0; twice < 2; twice++) { /* prepared by the first */
			cr_expect_eq(send_text(s, false, &peer, 9, NULL, "a"), 1);
			cr_expect_eq(send_text(s, true, &peer6, 9, NULL, "b"), 1);
			cr_expect_eq(send_text(c, false, NULL, 0, NULL, "c"), 1);
			cr_expect_eq(send_text(other, false, &peer, 9, NULL, "d"), 1);
		}
		cr_assert_eq(t.n_frames, 8);
		for (unsigned i = 0; i < 8; i++) {
			bool chosen = i % 4 != 3;

			cr_expect_eq(
				t.frame[i].ttl, chosen ? ttl : 64, "round %u, frame %u", round, i);
			cr_expect_eq(
				t.frame[i].tos, chosen ? tos : 0, "round %u, frame %u", round, i);
		}
		t.n_frames = 0;
		cr_expect_eq(send_text(s, false, &group, 9, NULL, "e"), 1);
		cr_expect_eq(t.frame[0].ttl, round == 1 ? 5 : 1);
		cr_expect_eq(t.frame[0].tos, tos);
	}
}
