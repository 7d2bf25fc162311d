/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include "net_host.h"
#include "wire_bytes.h"

/* Several cores: packets go to their owner, neighbours and addresses are core 0's to know. */
TestSuite(cores);

static struct host *cores_host(unsigned n)
{
	struct host *h = host_new(n);

	h->conf.acd = false;
	h->conf.dad_transmits = 0;
	host_start(h, true, true);
	host_run(h, 5000000);
	h->next_out = h->n_out;
	return h;
}

static void rx_arp_core(
	struct host *h, uint16_t core, uint16_t op, const uint8_t sha[6], uint32_t spa)
{
	struct wire_arp a = {.op = op, .spa = spa, .tpa = OUR4};
	uint8_t b[64];

	memcpy(a.sha, sha, 6);
	host_rx_core(h, core, b, put_arp(b, our_mac, &a));
}

static const char *state_at(struct host *h, uint16_t core, uint32_t v4)
{
	union net_ip ip = {.v6 = {{0}}};

	ip.v4 = v4;
	return neigh_state(h, core, false, &ip, NULL);
}

static void expect_udp_to(struct host *h, uint16_t core, const uint8_t mac[6])
{
	struct wire_ip4 ip;

	cr_assert_eq(expect_ip4(h, mac, &ip)->core, core);
}

Test(cores, every_flow_reaches_its_owner)
{
	struct host *h = cores_host(4);
	uint8_t b[HOST_BYTES];

	for (uint16_t port = 1000; port < 1400; port++) {
		uint16_t owner = owner_core(h->owner, owner_hash4(h->owner, PEER4, OUR4, port, 80));
		uint16_t owner6 =
			owner_core(h->owner, owner_hash6(h->owner, &peer6, &our6, port, 80));

		host_rx_core(h, port % 4, b, put_udp4(b, PEER4, OUR4, port, 80, 4));
		cr_assert_eq(h->seen[h->n_seen - 1].core, owner);
		host_rx_core(h, port % 4, b, put_udp6(b, &peer6, &our6, port, 80, 4));
		cr_assert_eq(h->seen[h->n_seen - 1].core, owner6);
	}
	cr_assert_eq(h->n_seen, 800);
	host_free(h);
}

Test(cores, a_steered_port_needs_no_check)
{
	struct host *h = host_new(2);
	struct rte_mbuf *m;
	uint8_t b[HOST_BYTES];
	unsigned len = put_udp4(b, PEER4, OUR4, 7, 53, 4);

	h->conf.acd = false;
	h->ifc.offloads = NET_RX_STEERED;
	host_start(h, true, false);
	for (unsigned k = 0; k < 2; k++) {
		m = pkt_alloc(&h->core[k].env.pool);
		memcpy(rte_pktmbuf_append(m, (uint16_t)len), b, len);
		m->port = 0;
		m->ol_flags = RTE_MBUF_F_RX_RSS_HASH;
		m->hash.rss = 99;
		net_input(h->core[k].net, &m, 1);
		cr_assert_eq(h->seen[k].core, k);
		cr_assert_eq(h->seen[k].p.hash, 99);
	}
	cr_assert_eq(h->core[0].handoffs + h->core[1].handoffs, 0);
	/* without the hash it is checked all the same */
	for (unsigned k = 0; k < 2; k++)
		host_rx_core(h, (uint16_t)k, b, len);
	cr_assert_eq(h->core[0].handoffs + h->core[1].handoffs, 1);
	cr_assert_eq(h->seen[2].core, h->seen[3].core);
	host_free(h);
}

Test(cores, multicast_stays_where_it_arrived)
{
	struct host *h = cores_host(2);
	uint8_t b[HOST_BYTES];

	for (uint16_t port = 0; port < 20; port++) {
		host_rx_core(h, port & 1, b, put_udp4(b, PEER4, IP4(224, 0, 0, 1), port, 53, 4));
		cr_assert_eq(h->seen[port].core, port & 1);
	}
	cr_assert_eq(h->core[0].handoffs + h->core[1].handoffs, 0);
	host_free(h);
}

Test(cores, echo_is_answered_where_it_arrived)
{
	struct host *h = cores_host(3);
	struct wire_ip4 ip;
	uint8_t b[HOST_BYTES];

	learn4(h, PEER4, peer_mac);
	host_rx_core(h, 2, b, put_echo4(b, PEER4, OUR4, 8));
	cr_assert_eq(expect_icmp4(h, &ip, NULL).type, WIRE_ICMP4_ECHO_REPLY);
	cr_assert_eq(h->out[h->n_out - 1].core, 2);
	host_free(h);
}

Test(cores, arp_and_nd_go_to_core_0)
{
	struct host *h = cores_host(3);
	struct wire_nd ns = {.type = WIRE_ICMP6_NS, .target = our6, .has_lladdr = true};
	struct wire_ip6 ip;
	uint8_t b[256];

	memcpy(ns.lladdr, peer_mac, 6);
	rx_arp_core(h, 2, WIRE_ARP_REQUEST, peer_mac, PEER4);
	expect_arp(h, peer_mac, WIRE_ARP_REPLY);
	cr_assert_eq(h->out[h->n_out - 1].core, 0);
	host_rx_core(h, 1, b, put_nd(b, our_mac, &peer6, &our6, &ns));
	expect_nd(h, peer_mac, WIRE_ICMP6_NA, &ip);
	cr_assert_eq(h->out[h->n_out - 1].core, 0);
	host_free(h);
}

Test(cores, errors_go_to_the_owner_of_the_quoted_flow)
{
	struct host *h = cores_host(4);
	unsigned per_core[4] = {0};

	for (uint16_t port = 1000; port < 1050; port++) {
		uint8_t f[HOST_BYTES], b[HOST_BYTES], l4[64];
		struct wire_icmp e = {.type = WIRE_ICMP4_UNREACH, .code = 3};
		struct wire_ip4 ip = ip4_hdr(IPPROTO_ICMP, PEER4, OUR4, 36);
		uint16_t sum, owner;

		put_udp4(f, OUR4, PEER4, 80, port, 20);
		wire_icmp_emit(l4, &e);
		memcpy(l4 + 8, f + 14, 28);
		sum = wire_cksum_fold(wire_cksum_sum(l4, 36, 0));
		memcpy(l4 + 2, &sum, 2);
		host_rx_core(h, port % 4, b, put_ip4(b, NULL, &ip, l4));
		owner = owner_core(h->owner, owner_hash4(h->owner, PEER4, OUR4, port, 80));
		cr_assert_eq(h->error_core[h->n_error - 1], owner);
		per_core[owner]++;
	}
	cr_assert_eq(h->n_error, 50);
	for (unsigned k = 0; k < 4; k++)
		cr_assert_gt(per_core[k], 0);
	host_free(h);
}

Test(cores, one_request_serves_all)
{
	struct host *h = cores_host(4);

	for (uint16_t k = 0; k < 4; k++)
		cr_assert_eq(send4_core(h, k, PEER4, 10), 0);
	expect_arp(h, bcast_mac, WIRE_ARP_REQUEST);
	cr_assert_eq(h->out[h->n_out - 1].core, 0);
	host_quiet(h);
	rx_arp_core(h, 3, WIRE_ARP_REPLY, peer_mac, PEER4);
	for (uint16_t k = 0; k < 4; k++)
		expect_udp_to(h, k, peer_mac);
	host_quiet(h);
	for (uint16_t k = 0; k < 4; k++)
		cr_assert_str_eq(state_at(h, k, PEER4), "REACHABLE");
	cr_assert_eq(host_counter(h, CNT_arp_tx_requests), 1);
	host_free(h);
}

Test(cores, what_core_0_learned_others_know)
{
	struct host *h = cores_host(2);

	rx_arp_core(h, 0, WIRE_ARP_REQUEST, peer_mac, PEER4);
	h->next_out = h->n_out;
	cr_assert_str_eq(state_at(h, 1, PEER4), "STALE");
	cr_assert_eq(send4_core(h, 1, PEER4, 1), 0);
	expect_udp_to(h, 1, peer_mac);
	/* its use is core 0's reason to check */
	cr_assert_str_eq(state_at(h, 0, PEER4), "DELAY");
	host_run(h, 5500000);
	expect_arp(h, peer_mac, WIRE_ARP_REQUEST);
	rx_arp_core(h, 0, WIRE_ARP_REPLY, peer_mac, PEER4);
	cr_assert_str_eq(state_at(h, 1, PEER4), "REACHABLE");
	host_free(h);
}

Test(cores, a_changed_mac_is_news_for_all)
{
	struct host *h = cores_host(2);

	learn4(h, PEER4, peer_mac);
	rx_arp_core(h, 0, WIRE_ARP_REPLY, third_mac, PEER4);
	cr_assert_eq(send4_core(h, 1, PEER4, 1), 0);
	expect_udp_to(h, 1, third_mac);
	host_free(h);
}

Test(cores, failure_is_told_to_all)
{
	struct host *h = cores_host(3);

	for (uint16_t k = 0; k < 3; k++)
		send4_core(h, k, PEER4, 1);
	host_run(h, 3100000);
	cr_assert_eq(host_drops(h, DROP_neigh_failed), 3);
	cr_assert_eq(h->n_error, 3);
	cr_assert_eq(send4_core(h, 2, PEER4, 1), -EHOSTUNREACH);
	host_run(h, 1100000);
	h->next_out = h->n_out;
	cr_assert_eq(send4_core(h, 2, PEER4, 1), 0);
	expect_arp(h, bcast_mac, WIRE_ARP_REQUEST);
	host_free(h);
}

Test(cores, progress_on_a_replica_is_proof)
{
	struct host *h = cores_host(2);
	union net_ip dst = {.v6 = {{0}}}, src = {.v6 = {{0}}};
	struct net_dst d;

	dst.v4 = PEER4;
	learn4(h, PEER4, peer_mac);
	cr_assert_eq(net_route(h->core[1].net, false, &dst, &src, NET_NO_IFC, &d), 0);
	for (unsigned i = 0; i < 100; i++) {
		send4_core(h, 1, PEER4, 1);
		net_confirm(h->core[1].net, &d);
		host_run(h, 2000000);
		cr_assert_str_eq(state_at(h, 0, PEER4), "REACHABLE");
		cr_assert_str_eq(state_at(h, 1, PEER4), "REACHABLE");
	}
	cr_assert_eq(host_counter(h, CNT_arp_tx_requests), 1);
	host_run(h, 60000000);
	cr_assert_str_eq(state_at(h, 1, PEER4), "STALE");
	host_free(h);
}

Test(cores, doubt_on_a_replica_is_a_probe_of_core_0)
{
	struct host *h = cores_host(2);
	union net_ip dst = {.v6 = {{0}}}, src = {.v6 = {{0}}};
	struct net_dst d;

	dst.v4 = PEER4;
	learn4(h, PEER4, peer_mac);
	cr_assert_eq(net_route(h->core[1].net, false, &dst, &src, NET_NO_IFC, &d), 0);
	host_run(h, 1000000);
	h->next_out = h->n_out;
	h->core[0].msg_room = 0; /* lost: the next doubt tells */
	net_suspect(h->core[1].net, &d);
	cr_assert_str_eq(state_at(h, 1, PEER4), "REACHABLE");
	h->core[0].msg_room = HOST_MSGS;
	net_suspect(h->core[1].net, &d);
	host_settle(h);
	cr_assert_str_eq(state_at(h, 0, PEER4), "PROBE");
	expect_arp(h, peer_mac, WIRE_ARP_REQUEST);
	rx_arp_core(h, 0, WIRE_ARP_REPLY, peer_mac, PEER4);
	host_settle(h);
	cr_assert_str_eq(state_at(h, 1, PEER4), "REACHABLE");
	/* Core 0 has newer proof than the replica: no probe, and the replica hears so. */
	host_run(h, 900000);
	rx_arp_core(h, 0, WIRE_ARP_REPLY, peer_mac, PEER4);
	host_run(h, 200000);
	h->next_out = h->n_out;
	net_suspect(h->core[1].net, &d);
	host_settle(h);
	host_run(h, 10000000);
	cr_assert_str_neq(state_at(h, 1, PEER4), "PROBE");
	host_free(h);
}

Test(cores, full_mailbox_to_core_0)
{
	struct host *h = cores_host(2);

	h->core[0].msg_room = 0;
	cr_assert_eq(send4_core(h, 1, PEER4, 1), 0);
	host_run(h, 10000);
	host_quiet(h);
	h->core[0].msg_room = HOST_MSGS;
	host_run(h, 10000);
	expect_arp(h, bcast_mac, WIRE_ARP_REQUEST);
	rx_arp_core(h, 0, WIRE_ARP_REPLY, peer_mac, PEER4);
	expect_udp_to(h, 1, peer_mac);
	host_free(h);
}

Test(cores, full_mailbox_to_a_replica)
{
	struct host *h = cores_host(2);

	cr_assert_eq(send4_core(h, 1, PEER4, 1), 0);
	expect_arp(h, bcast_mac, WIRE_ARP_REQUEST);
	h->core[1].msg_room = 0;
	rx_arp_core(h, 0, WIRE_ARP_REPLY, peer_mac, PEER4);
	host_run(h, 10000);
	host_quiet(h);
	cr_assert_str_eq(state_at(h, 1, PEER4), "INCOMPLETE");
	h->core[1].msg_room = HOST_MSGS;
	host_run(h, 10000);
	expect_udp_to(h, 1, peer_mac);
	host_quiet(h);
	host_free(h);
}

Test(cores, lost_change_of_mac_is_made_good)
{
	struct host *h = cores_host(2);

	learn4(h, PEER4, peer_mac);
	h->core[1].msg_room = 0;
	rx_arp_core(h, 0, WIRE_ARP_REPLY, third_mac, PEER4);
	host_run(h, 5000);
	h->core[1].msg_room = HOST_MSGS;
	host_run(h, 5000);
	cr_assert_eq(send4_core(h, 1, PEER4, 1), 0);
	expect_udp_to(h, 1, third_mac);
	host_free(h);
}

static bool usable_at(struct host *h, uint16_t core)
{
	union net_ip ip = {.v6 = {{0}}};

	ip.v4 = OUR4;
	return net_is_local(h->core[core].net, false, &ip);
}

Test(cores, addresses_are_checked_once_for_all)
{
	struct host *h = host_new(3);
	const struct frame *f;

	host_start(h, true, true);
	for (uint16_t k = 0; k < 3; k++)
		cr_assert(!usable_at(h, k));
	host_run(h, 12000000);
	for (uint16_t k = 0; k < 3; k++)
		cr_assert(usable_at(h, k));
	while ((f = host_tx(h)) != NULL)
		cr_assert_eq(f->core, 0);
	host_free(h);
}

Test(cores, lost_address_states_are_told_again)
{
	struct host *h = host_new(2);
	struct wire_arp a = {.op = WIRE_ARP_REPLY, .spa = OUR4, .tpa = OUR4};
	uint8_t b[64];

	h->core[1].msg_room = 0;
	h->core[0].msg_room = 0;
	host_start(h, true, true);
	host_run(h, 12000000);
	cr_assert(usable_at(h, 0));
	cr_assert(!usable_at(h, 1));
	h->core[1].msg_room = 1;
	host_run(h, 2000000);
	cr_assert(usable_at(h, 1));
	/* given up after a conflict: the other core must stop too */
	h->core[1].msg_room = 0;
	memcpy(a.sha, peer_mac, 6);
	host_rx(h, b, put_arp(b, bcast_mac, &a));
	host_rx(h, b, put_arp(b, bcast_mac, &a));
	cr_assert(!usable_at(h, 0));
	host_run(h, 10000);
	cr_assert(usable_at(h, 1));
	h->core[1].msg_room = 1;
	host_run(h, 10000);
	cr_assert(!usable_at(h, 1));
	host_free(h);
}

Test(cores, address_added_later_on_a_replica)
{
	struct host *h = host_new(2);
	union net_ip ip = {.v6 = {{0}}};

	host_start(h, false, false);
	ip.v4 = OUR4;
	cr_assert_eq(net_addr_add(h->core[0].net, 0, false, &ip, 24), 0);
	host_run(h, 12000000);
	cr_assert_eq(net_addr_add(h->core[1].net, 0, false, &ip, 24), 0);
	host_run(h, 10000);
	cr_assert(usable_at(h, 1));
	host_free(h);
}

Test(cores, a_scan_leaves_working_neighbours)
{
	struct host *h = host_new(2);

	h->conf.acd = false;
	h->conf.dad_transmits = 0;
	h->conf.neigh_max = 64;
	host_start(h, true, true);
	host_run(h, 5000000);
	learn4(h, PEER4, peer_mac);
	for (unsigned i = 0; i < 1000; i++) {
		struct ip6 to = peer6;

		to.b[12] = (uint8_t)(i >> 8);
		to.b[13] = (uint8_t)i;
		send6_core(h, i & 1, &to, 1);
	}
	cr_assert_gt(host_counter(h, CNT_neigh_evicted), 0);
	h->next_out = h->n_out;
	for (uint16_t k = 0; k < 2; k++) {
		cr_assert_eq(send4_core(h, k, PEER4, 1), 0);
		expect_udp_to(h, k, peer_mac);
	}
	host_free(h);
}
