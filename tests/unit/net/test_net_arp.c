/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include "net_host.h"

TestSuite(arp);

static struct wire_arp arp_of(uint16_t op, const uint8_t sha[6], uint32_t spa, uint32_t tpa)
{
	struct wire_arp a = {.op = op, .spa = spa, .tpa = tpa};

	memcpy(a.sha, sha, 6);
	return a;
}

static void rx_arp(struct host *h, uint16_t op, const uint8_t sha[6], uint32_t spa, uint32_t tpa)
{
	struct wire_arp a = arp_of(op, sha, spa, tpa);
	uint8_t b[64];

	host_rx(h, b, put_arp(b, bcast_mac, &a));
}

static void expect_mac4(struct host *h, uint32_t ip, const uint8_t mac[6])
{
	struct wire_ip4 i;

	cr_assert_eq(send4(h, ip, 1), 0);
	expect_ip4(h, mac, &i);
}

Test(arp, rfc826_request_before_first_packet)
{
	struct host *h = host_ready();
	struct wire_arp a;

	cr_assert_eq(send4(h, PEER4, 1), 0);
	a = expect_arp(h, bcast_mac, WIRE_ARP_REQUEST);
	cr_assert_eq(a.spa, OUR4);
	cr_assert_eq(a.tpa, PEER4);
	host_quiet(h);
	host_free(h);
}

Test(arp, rfc826_reply_releases_packet)
{
	struct host *h = host_ready();
	struct wire_ip4 ip;

	send4(h, PEER4, 10);
	expect_arp(h, bcast_mac, WIRE_ARP_REQUEST);
	host_run(h, 500000);
	rx_arp(h, WIRE_ARP_REPLY, peer_mac, PEER4, OUR4);
	expect_ip4(h, peer_mac, &ip);
	cr_assert_eq(ip.dst, PEER4);
	cr_assert_eq(ip.src, OUR4);
	cr_assert_eq(ip.ttl, 64);
	host_quiet(h);
	cr_assert_str_eq(state4(h, PEER4), "REACHABLE");
	host_free(h);
}

Test(arp, rfc826_answers_request)
{
	struct host *h = host_ready();
	struct wire_arp a;

	rx_arp(h, WIRE_ARP_REQUEST, peer_mac, PEER4, OUR4);
	a = expect_arp(h, peer_mac, WIRE_ARP_REPLY);
	cr_assert_eq(a.spa, OUR4);
	cr_assert_eq(a.tpa, PEER4);
	cr_assert_arr_eq(a.tha, peer_mac, 6);
	rx_arp(h, WIRE_ARP_REQUEST, third_mac, THIRD4, OUR4);
	expect_arp(h, third_mac, WIRE_ARP_REPLY);
	host_quiet(h);
	host_free(h);
}

Test(arp, rfc826_answer_goes_to_sha_whatever_tha_and_frame_say)
{
	struct host *h = host_ready();
	struct wire_arp a = arp_of(WIRE_ARP_REQUEST, third_mac, THIRD4, OUR4);
	uint8_t b[64];
	unsigned n;

	memset(a.tha, 0xff, 6);
	n = put_arp(b, bcast_mac, &a);
	memcpy(b + 6, peer_mac, 6);
	host_rx(h, b, n);
	expect_arp(h, third_mac, WIRE_ARP_REPLY);
	host_free(h);
}

Test(arp, rfc826_secondary_address)
{
	struct host *h = host_ready();
	union net_ip ip = {.v6 = {{0}}};
	struct wire_arp a;

	ip.v4 = IP4(10, 0, 0, 9);
	cr_assert_eq(net_addr_add(h->core[0].net, 0, false, &ip, 24), 0);
	host_run(h, 5000000);
	h->next_out = h->n_out;
	rx_arp(h, WIRE_ARP_REQUEST, peer_mac, PEER4, ip.v4);
	a = expect_arp(h, peer_mac, WIRE_ARP_REPLY);
	cr_assert_eq(a.spa, ip.v4);
	host_free(h);
}

Test(arp, rfc826_no_answer_for_others_or_broadcast)
{
	struct host *h = host_ready();

	rx_arp(h, WIRE_ARP_REQUEST, peer_mac, PEER4, THIRD4);
	host_dropped(h, DROP_arp_not_ours);
	rx_arp(h, WIRE_ARP_REQUEST, peer_mac, PEER4, IP4(10, 0, 0, 255));
	host_dropped(h, DROP_arp_not_ours);
	rx_arp(h, WIRE_ARP_REQUEST, peer_mac, PEER4, ~0u);
	host_dropped(h, DROP_arp_not_ours);
	host_free(h);
}

Test(arp, rfc826_wrong_fields_are_dropped_without_learning)
{
	static const struct {
		unsigned at;
		uint8_t v;
	} bad[] = {{1, 15}, {1, 0}, {3, 1}, {4, 5}, {4, 0}, {5, 6}};
	struct host *h = host_ready();
	struct wire_arp a = arp_of(WIRE_ARP_REQUEST, third_mac, PEER4, OUR4);
	uint8_t b[64];

	learn4(h, PEER4, peer_mac);
	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		unsigned n = put_arp(b, bcast_mac, &a);

		b[14 + bad[i].at] = bad[i].v;
		host_rx(h, b, n);
		host_dropped(h, DROP_arp_bad);
	}
	expect_mac4(h, PEER4, peer_mac);
	host_free(h);
}

Test(arp, rfc826_unknown_operation_merges_but_is_not_answered)
{
	struct host *h = host_ready();

	learn4(h, PEER4, peer_mac);
	rx_arp(h, 3, third_mac, PEER4, OUR4);
	host_dropped(h, DROP_arp_bad);
	expect_mac4(h, PEER4, third_mac);
	rx_arp(h, 0xffff, peer_mac, PEER4, OUR4);
	host_dropped(h, DROP_arp_bad);
	expect_mac4(h, PEER4, peer_mac);
	host_free(h);
}

Test(arp, cut_short)
{
	struct host *h = host_ready();
	struct wire_arp a = arp_of(WIRE_ARP_REQUEST, peer_mac, PEER4, OUR4);
	uint8_t b[64];

	put_arp(b, bcast_mac, &a);
	host_rx(h, b, 14 + 20);
	host_dropped(h, DROP_arp_short);
	host_rx(h, b, 14 + 26);
	host_dropped(h, DROP_arp_short);
	host_rx(h, b, 60);
	expect_arp(h, peer_mac, WIRE_ARP_REPLY);
	host_free(h);
}

Test(arp, rfc1812_3_3_2_multicast_mac_not_believed)
{
	static const uint8_t group[6] = {0x01, 0, 0x5e, 0, 0, 1};
	struct host *h = host_ready();

	send4(h, PEER4, 1);
	expect_arp(h, bcast_mac, WIRE_ARP_REQUEST);
	rx_arp(h, WIRE_ARP_REPLY, group, PEER4, OUR4);
	host_dropped(h, DROP_arp_bad);
	rx_arp(h, WIRE_ARP_REQUEST, bcast_mac, PEER4, OUR4);
	host_dropped(h, DROP_arp_bad);
	cr_assert_str_eq(state4(h, PEER4), "INCOMPLETE");
	host_free(h);
}

Test(arp, frame_for_another_mac_and_rarp)
{
	struct host *h = host_ready();
	struct wire_arp a = arp_of(WIRE_ARP_REQUEST, peer_mac, PEER4, OUR4);
	uint8_t b[64];

	host_rx(h, b, put_arp(b, third_mac, &a));
	host_dropped(h, DROP_eth_not_ours);
	put_arp(b, bcast_mac, &a);
	b[12] = 0x80;
	b[13] = 0x35;
	host_rx(h, b, 60);
	host_dropped(h, DROP_eth_type);
	host_free(h);
}

Test(arp, rfc826_learns_as_target)
{
	struct host *h = host_ready();

	rx_arp(h, WIRE_ARP_REQUEST, peer_mac, PEER4, OUR4);
	expect_arp(h, peer_mac, WIRE_ARP_REPLY);
	expect_mac4(h, PEER4, peer_mac);
	rx_arp(h, WIRE_ARP_REPLY, third_mac, THIRD4, OUR4);
	expect_mac4(h, THIRD4, third_mac);
	host_quiet(h);
	host_free(h);
}

Test(arp, rfc826_merge_updates_known_only)
{
	struct host *h = host_ready();

	learn4(h, PEER4, peer_mac);
	/* gratuitous, then a request for a third host */
	rx_arp(h, WIRE_ARP_REPLY, third_mac, PEER4, PEER4);
	expect_mac4(h, PEER4, third_mac);
	rx_arp(h, WIRE_ARP_REQUEST, peer_mac, PEER4, IP4(10, 0, 0, 77));
	expect_mac4(h, PEER4, peer_mac);
	rx_arp(h, WIRE_ARP_REQUEST, third_mac, THIRD4, IP4(10, 0, 0, 77));
	cr_assert_str_eq(state4(h, THIRD4), "none");
	host_free(h);
}

Test(arp, the_later_of_two_replies_counts)
{
	struct host *h = host_ready();

	send4(h, PEER4, 1);
	rx_arp(h, WIRE_ARP_REPLY, peer_mac, PEER4, OUR4);
	rx_arp(h, WIRE_ARP_REPLY, third_mac, PEER4, OUR4);
	h->next_out = h->n_out;
	expect_mac4(h, PEER4, third_mac);
	host_free(h);
}

Test(arp, rfc1122_2_3_2_1_one_request_a_second_per_destination)
{
	struct host *h = host_ready();
	unsigned peer = 0, third = 0;
	const struct frame *f;

	for (unsigned i = 0; i < 500; i++) {
		send4(h, PEER4, 1);
		send4(h, THIRD4, 1);
		host_run(h, 10000);
	}
	while ((f = host_tx(h)) != NULL) {
		struct wire_arp a;

		cr_assert_gt(wire_arp_parse(f->b + 14, 46, &a), 0);
		peer += a.tpa == PEER4;
		third += a.tpa == THIRD4;
	}
	cr_assert_leq(peer, 6);
	cr_assert_geq(peer, 4);
	cr_assert_eq(peer, third);
	host_free(h);
}

Test(arp, rfc1122_2_3_2_2_latest_packets_are_kept)
{
	struct host *h = host_ready();
	const struct frame *f;
	unsigned n = 0, last = 0;

	for (unsigned i = 1; i <= 40; i++)
		send4(h, PEER4, i);
	expect_arp(h, bcast_mac, WIRE_ARP_REQUEST);
	rx_arp(h, WIRE_ARP_REPLY, peer_mac, PEER4, OUR4);
	while ((f = host_tx(h)) != NULL) {
		last = f->len - 42u;
		n++;
	}
	cr_assert_eq(n, h->conf.neigh_queue);
	cr_assert_eq(last, 40);
	cr_assert_eq(host_drops(h, DROP_neigh_queue), 24);
	host_free(h);
}

Test(arp, failure_is_told_and_a_new_cycle_starts)
{
	struct host *h = host_ready();

	send4(h, PEER4, 1);
	host_run(h, 3500000);
	for (unsigned i = 0; i < 3; i++)
		expect_arp(h, bcast_mac, WIRE_ARP_REQUEST);
	host_dropped(h, DROP_neigh_failed);
	cr_assert_eq(h->n_error, 1);
	cr_assert_eq(h->error[0].type, WIRE_ICMP4_UNREACH);
	cr_assert_eq(h->error[0].code, WIRE_ICMP4_UNREACH_HOST);
	cr_assert_eq(h->error[0].quote.dst4, PEER4);
	cr_assert_eq(h->error[0].quote.dport, 5678);
	cr_assert_eq(send4(h, PEER4, 1), -EHOSTUNREACH);
	host_quiet(h);
	host_run(h, 1000000);
	cr_assert_eq(send4(h, PEER4, 1), 0);
	expect_arp(h, bcast_mac, WIRE_ARP_REQUEST);
	host_free(h);
}

Test(arp, rfc1122_2_3_2_1_silent_change_is_found)
{
	struct host *h = host_ready();
	uint64_t begin;

	learn4(h, PEER4, peer_mac);
	begin = h->now_us;
	host_run(h, 46000000);
	cr_assert_str_eq(state4(h, PEER4), "STALE");
	host_quiet(h);
	/* in use: a unicast poll after five seconds */
	expect_mac4(h, PEER4, peer_mac);
	cr_assert_str_eq(state4(h, PEER4), "DELAY");
	host_run(h, 5100000);
	expect_arp(h, peer_mac, WIRE_ARP_REQUEST);
	host_run(h, 3000000);
	cr_assert_str_eq(state4(h, PEER4), "FAILED");
	h->next_out = h->n_out;
	send4(h, PEER4, 1);
	expect_arp(h, bcast_mac, WIRE_ARP_REQUEST);
	rx_arp(h, WIRE_ARP_REPLY, third_mac, PEER4, OUR4);
	cr_assert_lt(h->now_us - begin, 60000000);
	expect_mac4(h, PEER4, third_mac);
	host_free(h);
}

Test(arp, rfc1122_2_3_2_1_poll_answered_keeps_entry)
{
	struct host *h = host_ready();

	learn4(h, PEER4, peer_mac);
	host_run(h, 46000000);
	expect_mac4(h, PEER4, peer_mac);
	host_run(h, 5100000);
	expect_arp(h, peer_mac, WIRE_ARP_REQUEST);
	rx_arp(h, WIRE_ARP_REPLY, peer_mac, PEER4, OUR4);
	cr_assert_str_eq(state4(h, PEER4), "REACHABLE");
	host_free(h);
}

Test(arp, rfc1122_3_3_6_broadcast_and_group_need_no_arp)
{
	static const uint8_t group_mac[6] = {0x01, 0, 0x5e, 0x01, 0x02, 0x03};
	struct host *h = host_ready();

	expect_mac4(h, ~0u, bcast_mac);
	expect_mac4(h, IP4(10, 0, 0, 255), bcast_mac);
	expect_mac4(h, IP4(239, 129, 2, 3), group_mac);
	host_quiet(h);
	host_free(h);
}

Test(arp, rfc1122_3_3_6_sends_over_the_interface_of_the_route)
{
	struct host *h = host_ready();
	struct net_ifc second = h->ifc;
	union net_ip ip = {.v6 = {{0}}};
	const struct frame *f;

	second.port = 1;
	memcpy(second.mac, third_mac, 6);
	cr_assert_eq(net_ifc_add(h->core[0].net, &second), 1);
	ip.v4 = IP4(10, 1, 0, 1);
	cr_assert_eq(net_addr_add(h->core[0].net, 1, false, &ip, 24), 0);
	host_run(h, 5000000);
	h->next_out = h->n_out;
	send4(h, IP4(10, 1, 0, 2), 1);
	f = host_tx(h);
	cr_assert_eq(f->ifc, 1);
	cr_assert_arr_eq(f->b + 6, third_mac, 6);
	cr_assert_arr_eq(f->b + 14 + 14, ((uint8_t[]){10, 1, 0, 1}), 4);
	host_quiet(h);
	host_free(h);
}

/* Address conflict detection: a host that checks its address. */
static struct host *acd_host(void)
{
	struct host *h = host_new(1);

	host_start(h, true, false);
	return h;
}

static bool usable(struct host *h)
{
	union net_ip ip = {.v6 = {{0}}};

	ip.v4 = OUR4;
	return net_is_local(h->core[0].net, false, &ip);
}

Test(arp, rfc5227_2_1_1_probes_then_announces)
{
	struct host *h = acd_host();
	uint64_t at[6];
	unsigned n = 0;
	const struct frame *f;

	cr_assert(!usable(h));
	host_run(h, 600000000);
	cr_assert(usable(h));
	while ((f = host_tx(h)) != NULL) {
		static const uint8_t zero[6];
		struct wire_arp a;

		cr_assert_lt(n, 5);
		at[n++] = f->at_us;
		cr_assert_arr_eq(f->b, bcast_mac, 6);
		cr_assert_gt(wire_arp_parse(f->b + 14, 46, &a), 0);
		cr_assert_eq(a.op, WIRE_ARP_REQUEST);
		cr_assert_eq(a.spa, n <= 3 ? 0 : OUR4);
		cr_assert_eq(a.tpa, OUR4);
		cr_assert_arr_eq(a.tha, zero, 6);
	}
	cr_assert_eq(n, 5);
	cr_assert_leq(at[0], 2000000);
	for (unsigned i = 1; i < 3; i++) {
		cr_assert_geq(at[i] - at[i - 1], 1000000);
		cr_assert_leq(at[i] - at[i - 1], 2000000);
	}
	cr_assert_eq(at[3] - at[2], 2000000);
	cr_assert_eq(at[4] - at[3], 2000000);
	host_free(h);
}

Test(arp, rfc5227_2_1_1_conflicts_while_probing)
{
	static const struct {
		uint16_t op;
		uint32_t spa, tpa;
	} conflict[] = {{WIRE_ARP_REQUEST, OUR4, PEER4}, {WIRE_ARP_REPLY, OUR4, PEER4},
		{WIRE_ARP_REQUEST, 0, OUR4}};

	for (unsigned i = 0; i < RTE_DIM(conflict); i++) {
		struct host *h = acd_host();

		host_run(h, 2500000);
		rx_arp(h, conflict[i].op, peer_mac, conflict[i].spa, conflict[i].tpa);
		h->next_out = h->n_out;
		host_run(h, 60000000);
		cr_assert(!usable(h));
		host_quiet(h);
		cr_assert_eq(host_counter(h, CNT_arp_conflicts), 1);
		cr_assert_eq(send4(h, PEER4, 1), -EADDRNOTAVAIL);
		host_free(h);
	}
}

Test(arp, rfc5227_2_1_1_conflict_after_the_last_probe)
{
	struct host *h = acd_host();

	while (host_counter(h, CNT_arp_tx_announcements) < 3)
		host_run(h, 1000);
	host_run(h, 1900000);
	rx_arp(h, WIRE_ARP_REQUEST, peer_mac, OUR4, PEER4);
	host_run(h, 10000000);
	cr_assert(!usable(h));
	host_free(h);
}

Test(arp, rfc5227_2_1_1_own_probe_looped_back)
{
	struct host *h = acd_host();

	host_run(h, 1500000);
	rx_arp(h, WIRE_ARP_REQUEST, our_mac, 0, OUR4);
	host_run(h, 10000000);
	cr_assert(usable(h));
	host_free(h);
}

Test(arp, rfc5227_2_1_no_answer_before_use)
{
	struct host *h = acd_host();

	host_run(h, 1500000);
	h->next_out = h->n_out;
	rx_arp(h, WIRE_ARP_REQUEST, peer_mac, PEER4, OUR4);
	host_dropped(h, DROP_arp_not_ours);
	host_free(h);
}

Test(arp, rfc5227_2_4_b_defends_once_then_gives_up)
{
	struct host *h = acd_host();
	struct wire_arp a;

	host_run(h, 20000000);
	h->next_out = h->n_out;
	rx_arp(h, WIRE_ARP_REPLY, peer_mac, OUR4, OUR4);
	a = expect_arp(h, bcast_mac, WIRE_ARP_REQUEST);
	cr_assert_eq(a.spa, OUR4);
	cr_assert_eq(a.tpa, OUR4);
	cr_assert(usable(h));
	host_run(h, 9000000);
	rx_arp(h, WIRE_ARP_REPLY, peer_mac, OUR4, OUR4);
	host_quiet(h);
	cr_assert(!usable(h));
	host_free(h);
}

Test(arp, rfc5227_2_4_conflicts_far_apart_are_each_defended)
{
	struct host *h = acd_host();

	host_run(h, 20000000);
	h->next_out = h->n_out;
	for (unsigned i = 0; i < 5; i++) {
		rx_arp(h, WIRE_ARP_REQUEST, peer_mac, OUR4, PEER4);
		expect_arp(h, bcast_mac, WIRE_ARP_REQUEST);
		host_run(h, 11000000);
	}
	cr_assert(usable(h));
	host_free(h);
}

Test(arp, rfc5227_2_5_answers_probe_and_request_once_in_use)
{
	struct host *h = acd_host();

	host_run(h, 20000000);
	h->next_out = h->n_out;
	rx_arp(h, WIRE_ARP_REQUEST, peer_mac, 0, OUR4);
	expect_arp(h, peer_mac, WIRE_ARP_REPLY);
	cr_assert_str_eq(state4(h, 0), "none");
	rx_arp(h, WIRE_ARP_REQUEST, peer_mac, PEER4, OUR4);
	expect_arp(h, peer_mac, WIRE_ARP_REPLY);
	host_free(h);
}

Test(arp, rfc5227_2_1_link_up_probes_again)
{
	struct host *h = acd_host();
	struct wire_arp a;

	host_run(h, 20000000);
	net_ifc_link(h->core[0].net, 0, false);
	cr_assert(usable(h));
	net_ifc_link(h->core[0].net, 0, true);
	cr_assert(!usable(h));
	h->next_out = h->n_out;
	host_run(h, 20000000);
	a = expect_arp(h, bcast_mac, WIRE_ARP_REQUEST);
	cr_assert_eq(a.spa, 0);
	cr_assert(usable(h));
	host_free(h);
}
