/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <stdio.h>

#include "net_host.h"
#include "wire_bytes.h"

TestSuite(nd);

static const struct ip6 sol_our6 = {{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 1}};
static const struct ip6 sol_peer6 = {{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 2}};
static const uint8_t sol_our_mac[6] = {0x33, 0x33, 0xff, 0, 0, 1};
static const uint8_t sol_peer_mac[6] = {0x33, 0x33, 0xff, 0, 0, 2};
static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};

#define S WIRE_ND_NA_SOLICITED
#define O WIRE_ND_NA_OVERRIDE

static struct wire_nd ns_of(const struct ip6 *target, const uint8_t *lladdr)
{
	struct wire_nd nd = {
		.type = WIRE_ICMP6_NS, .target = *target, .has_lladdr = lladdr != NULL};

	if (lladdr != NULL)
		memcpy(nd.lladdr, lladdr, 6);
	return nd;
}

static void rx_ns(struct host *h, const struct ip6 *src, const struct ip6 *dst,
	const struct ip6 *target, const uint8_t *lladdr)
{
	struct wire_nd nd = ns_of(target, lladdr);
	uint8_t b[256];

	host_rx(h, b, put_nd(b, dst->b[0] == 0xff ? sol_our_mac : our_mac, src, dst, &nd));
}

static void rx_na(struct host *h, const struct ip6 *target, uint8_t flags, const uint8_t *lladdr)
{
	struct wire_nd nd = {.type = WIRE_ICMP6_NA,
		.flags = flags,
		.target = *target,
		.has_lladdr = lladdr != NULL};
	uint8_t b[256];

	if (lladdr != NULL)
		memcpy(nd.lladdr, lladdr, 6);
	host_rx(h, b, put_nd(b, our_mac, target, &our6, &nd));
}

static void expect_mac6(struct host *h, const struct ip6 *dst, const uint8_t mac[6])
{
	struct wire_ip6 ip;

	h->next_out = h->n_out;
	cr_assert_eq(send6(h, dst, 1), 0);
	expect_ip6(h, mac, &ip);
	cr_assert_eq(ip.next, IPPROTO_UDP);
}

static const uint8_t *cached_mac(struct host *h, uint8_t mac[6])
{
	union net_ip ip = {.v6 = peer6};

	neigh_state(h, 0, true, &ip, mac);
	return mac;
}

Test(nd, rfc4861_7_2_2_resolves)
{
	struct host *h = host_ready();
	struct wire_ip6 ip;
	struct wire_nd nd;

	cr_assert_eq(send6(h, &peer6, 10), 0);
	nd = expect_nd(h, sol_peer_mac, WIRE_ICMP6_NS, &ip);
	cr_assert(memcmp(&nd.target, &peer6, 16) == 0);
	cr_assert(memcmp(&ip.dst, &sol_peer6, 16) == 0);
	cr_assert(memcmp(&ip.src, &our6, 16) == 0); /* that of the packet that waits */
	cr_assert(nd.has_lladdr);
	cr_assert_arr_eq(nd.lladdr, our_mac, 6);
	host_quiet(h);
	rx_na(h, &peer6, S | O, peer_mac);
	expect_ip6(h, peer_mac, &ip);
	cr_assert_eq(ip.payload_len, 18);
	cr_assert_str_eq(state6(h, &peer6), "REACHABLE");
	host_free(h);
}

Test(nd, rfc4861_7_2_2_gives_up_after_three)
{
	struct host *h = host_ready();
	struct wire_ip6 ip;

	send6(h, &peer6, 1);
	send6(h, &peer6, 1);
	host_run(h, 3500000);
	for (unsigned i = 0; i < 3; i++) {
		expect_nd(h, sol_peer_mac, WIRE_ICMP6_NS, &ip);
		cr_assert_eq(h->out[h->next_out - 1].at_us - h->out[h->next_out - 1 - i].at_us,
			i * 1000000);
	}
	host_quiet(h);
	cr_assert_eq(host_drops(h, DROP_neigh_failed), 2);
	cr_assert_eq(h->n_error, 2);
	cr_assert_eq(h->error[0].type, WIRE_ICMP6_UNREACH);
	cr_assert_eq(h->error[0].code, WIRE_ICMP6_UNREACH_ADDR);
	host_free(h);
}

Test(nd, rfc4861_7_2_4_answers)
{
	struct host *h = host_ready();
	struct wire_ip6 ip;
	struct wire_nd nd;

	rx_ns(h, &peer6, &sol_our6, &our6, peer_mac);
	nd = expect_nd(h, peer_mac, WIRE_ICMP6_NA, &ip);
	cr_assert_eq(nd.flags, S | O);
	cr_assert(memcmp(&nd.target, &our6, 16) == 0);
	cr_assert(memcmp(&ip.dst, &peer6, 16) == 0);
	cr_assert(memcmp(&ip.src, &our6, 16) == 0);
	cr_assert(nd.has_lladdr);
	cr_assert_arr_eq(nd.lladdr, our_mac, 6);
	host_quiet(h);
	host_free(h);
}

Test(nd, rfc4861_7_2_4_solicitor_unknown_is_resolved_first)
{
	struct host *h = host_ready();
	struct wire_ip6 ip;

	rx_ns(h, &peer6, &our6, &our6, NULL);
	expect_nd(h, sol_peer_mac, WIRE_ICMP6_NS, &ip);
	host_quiet(h);
	rx_na(h, &peer6, S | O, peer_mac);
	cr_assert_eq(expect_nd(h, peer_mac, WIRE_ICMP6_NA, &ip).flags, S | O);
	host_free(h);
}

Test(nd, rfc4861_7_2_4_dad_of_another_is_answered_to_all)
{
	struct host *h = host_ready();
	struct wire_ip6 ip;
	struct wire_nd nd;

	rx_ns(h, &any6, &sol_our6, &our6, NULL);
	nd = expect_nd(h, all_nodes_mac, WIRE_ICMP6_NA, &ip);
	cr_assert_eq(nd.flags, O);
	cr_assert(memcmp(&ip.dst, &all_nodes6, 16) == 0);
	host_quiet(h);
	host_free(h);
}

Test(nd, rfc4861_7_1_1_invalid_solicitations)
{
	struct host *h = host_ready();
	struct wire_nd nd = ns_of(&our6, peer_mac);
	uint8_t b[256], msg[64];
	unsigned len;

	len = wire_nd_emit(msg, &nd);
	host_rx(h, b, put_icmp6(b, our_mac, &peer6, &our6, 254, msg, len));
	host_dropped(h, DROP_nd_bad);
	msg[1] = 1;
	host_rx(h, b, put_icmp6(b, our_mac, &peer6, &our6, 255, msg, len));
	host_dropped(h, DROP_nd_bad);
	msg[1] = 0;
	msg[25] = 0;
	host_rx(h, b, put_icmp6(b, our_mac, &peer6, &our6, 255, msg, len));
	host_dropped(h, DROP_nd_bad);
	host_rx(h, b, put_icmp6(b, our_mac, &peer6, &our6, 255, msg, 23));
	host_dropped(h, DROP_icmp6_short);
	len = put_nd(b, our_mac, &peer6, &our6, &nd);
	b[60] ^= 1;
	host_rx(h, b, len);
	host_dropped(h, DROP_icmp6_cksum);
	/* from the unspecified address: not to unicast, and without an address */
	nd.has_lladdr = false;
	host_rx(h, b, put_nd(b, our_mac, &any6, &our6, &nd));
	host_dropped(h, DROP_nd_bad);
	rx_ns(h, &any6, &sol_our6, &our6, peer_mac);
	host_dropped(h, DROP_nd_bad);
	rx_ns(h, &peer6, &our6, &all_nodes6, peer_mac);
	host_dropped(h, DROP_nd_bad);
	rx_ns(h, &peer6, &our6, &third6, peer_mac);
	host_dropped(h, DROP_nd_not_ours);
	cr_assert_str_eq(state6(h, &peer6), "none");
	host_free(h);
}

Test(nd, rfc4861_7_1_unknown_options_and_reserved_bits_are_ignored)
{
	struct host *h = host_ready();
	struct wire_nd nd = ns_of(&our6, peer_mac);
	struct wire_ip6 ip;
	uint8_t b[256], msg[64];
	unsigned len = wire_nd_emit(msg, &nd);

	memset(msg + 4, 0xff, 4);
	memset(msg + len, 0, 8);
	msg[len] = 77;
	msg[len + 1] = 1;
	host_rx(h, b, put_icmp6(b, our_mac, &peer6, &our6, 255, msg, len + 8));
	expect_nd(h, peer_mac, WIRE_ICMP6_NA, &ip);
	host_free(h);
}

Test(nd, rfc6980_5_fragmented_is_ignored)
{
	struct host *h = host_ready();
	struct wire_nd nd = ns_of(&our6, peer_mac);
	uint8_t b[256], l4[128] = {58, 0, 0, 0, 1, 2, 3, 4};
	unsigned len = put_nd(b, our_mac, &peer6, &our6, &nd);
	struct wire_ip6 ip = ip6_hdr(WIRE_IP6_FRAGMENT, &peer6, &our6, 8 + len - 54);

	memcpy(l4 + 8, b + 54, len - 54);
	ip.hops = 255;
	host_rx(h, b, put_ip6(b, our_mac, &ip, l4));
	host_dropped(h, DROP_nd_bad);
	host_free(h);
}

Test(nd, rfc4861_7_1_2_invalid_advertisements)
{
	struct host *h = host_ready();
	struct wire_nd nd = {
		.type = WIRE_ICMP6_NA, .flags = S | O, .target = peer6, .has_lladdr = true};
	uint8_t b[256], msg[64];
	unsigned len;

	memcpy(nd.lladdr, third_mac, 6);
	len = wire_nd_emit(msg, &nd);
	learn6(h, &peer6, peer_mac);
	host_rx(h, b, put_icmp6(b, our_mac, &peer6, &our6, 254, msg, len));
	host_dropped(h, DROP_nd_bad);
	host_rx(h, b, put_nd(b, all_nodes_mac, &peer6, &all_nodes6, &nd));
	host_dropped(h, DROP_nd_bad); /* solicited, to a group */
	msg[8] = 0xff;
	host_rx(h, b, put_icmp6(b, our_mac, &peer6, &our6, 255, msg, len));
	host_dropped(h, DROP_nd_bad);
	expect_mac6(h, &peer6, peer_mac);
	host_free(h);
}

/* Brings the peer's entry to a state, with peer_mac from STALE on. */
static struct host *host_in(const char *state)
{
	struct host *h = host_ready();

	if (strcmp(state, "INCOMPLETE") == 0) {
		send6(h, &peer6, 1);
	} else {
		learn6(h, &peer6, peer_mac);
		if (strcmp(state, "REACHABLE") != 0)
			host_run(h, 46000000);
		if (strcmp(state, "PROBE") == 0 || strcmp(state, "DELAY") == 0)
			send6(h, &peer6, 1);
		if (strcmp(state, "PROBE") == 0)
			host_run(h, 5500000);
	}
	cr_assert_str_eq(state6(h, &peer6), state);
	h->next_out = h->n_out;
	return h;
}

Test(nd, rfc4861_7_2_3_solicitation_and_the_cache)
{
	static const struct {
		const char *before;
		const uint8_t *lladdr;
		const char *after;
	} c[] = {
		{"INCOMPLETE", peer_mac, "DELAY"}, /* STALE, and what waits is sent */
		{"INCOMPLETE", NULL, "INCOMPLETE"},
		{"REACHABLE", peer_mac, "REACHABLE"},
		{"REACHABLE", third_mac, "DELAY"}, /* STALE, and the answer is sent */
		{"REACHABLE", NULL, "REACHABLE"},
		{"STALE", peer_mac, "DELAY"},
		{"STALE", third_mac, "DELAY"},
		{"STALE", NULL, "DELAY"},
		{"PROBE", peer_mac, "PROBE"},
		{"PROBE", third_mac, "DELAY"},
		{"PROBE", NULL, "PROBE"},
	};

	for (unsigned i = 0; i < RTE_DIM(c); i++) {
		struct host *h = host_in(c[i].before);
		uint8_t mac[6];

		rx_ns(h, &peer6, &our6, &our6, c[i].lladdr);
		cr_assert_str_eq(state6(h, &peer6), c[i].after, "case %u", i);
		if (strcmp(c[i].after, "INCOMPLETE") != 0)
			cr_assert_arr_eq(cached_mac(h, mac),
				c[i].lladdr != NULL ? c[i].lladdr : peer_mac, 6);
		host_free(h);
	}
}

Test(nd, rfc4861_7_2_3_new_entry_is_stale_and_probed)
{
	struct host *h = host_ready();
	struct wire_ip6 ip;

	rx_ns(h, &peer6, &our6, &our6, peer_mac);
	expect_nd(h, peer_mac, WIRE_ICMP6_NA, &ip);
	host_run(h, 5500000);
	expect_nd(h, peer_mac, WIRE_ICMP6_NS, &ip);
	cr_assert(memcmp(&ip.dst, &peer6, 16) == 0);
	host_free(h);
}

Test(nd, rfc4861_7_2_5_advertisement_and_the_cache)
{
	static const struct {
		const char *before;
		uint8_t flags;
		const uint8_t *lladdr;
		const char *after;
		const uint8_t *mac;
	} c[] = {
		/* what waits goes out at once: DELAY instead of STALE */
		{"INCOMPLETE", 0, peer_mac, "DELAY", peer_mac},
		{"INCOMPLETE", O, NULL, "INCOMPLETE", NULL},
		{"INCOMPLETE", O, peer_mac, "DELAY", peer_mac},
		{"INCOMPLETE", S, NULL, "INCOMPLETE", NULL},
		{"INCOMPLETE", S, peer_mac, "REACHABLE", peer_mac},
		{"INCOMPLETE", S | O, NULL, "INCOMPLETE", NULL},
		{"REACHABLE", 0, NULL, "REACHABLE", peer_mac},
		{"REACHABLE", 0, peer_mac, "REACHABLE", peer_mac},
		{"REACHABLE", 0, third_mac, "STALE", peer_mac},
		{"REACHABLE", O, NULL, "REACHABLE", peer_mac},
		{"REACHABLE", O, peer_mac, "REACHABLE", peer_mac},
		{"REACHABLE", O, third_mac, "STALE", third_mac},
		{"REACHABLE", S, NULL, "REACHABLE", peer_mac},
		{"REACHABLE", S, peer_mac, "REACHABLE", peer_mac},
		{"REACHABLE", S, third_mac, "STALE", peer_mac},
		{"REACHABLE", S | O, NULL, "REACHABLE", peer_mac},
		{"REACHABLE", S | O, peer_mac, "REACHABLE", peer_mac},
		{"REACHABLE", S | O, third_mac, "REACHABLE", third_mac},
		{"STALE", 0, NULL, "STALE", peer_mac},
		{"STALE", 0, third_mac, "STALE", peer_mac},
		{"STALE", O, NULL, "STALE", peer_mac},
		{"STALE", O, third_mac, "STALE", third_mac},
		{"STALE", S, NULL, "REACHABLE", peer_mac},
		{"STALE", S, peer_mac, "REACHABLE", peer_mac},
		{"STALE", S, third_mac, "STALE", peer_mac},
		{"STALE", S | O, NULL, "REACHABLE", peer_mac},
		{"STALE", S | O, peer_mac, "REACHABLE", peer_mac},
		{"STALE", S | O, third_mac, "REACHABLE", third_mac},
		{"PROBE", 0, peer_mac, "PROBE", peer_mac},
		{"PROBE", 0, third_mac, "PROBE", peer_mac},
		{"PROBE", O, peer_mac, "PROBE", peer_mac},
		{"PROBE", O, third_mac, "STALE", third_mac},
		{"PROBE", S, NULL, "REACHABLE", peer_mac},
		{"PROBE", S, peer_mac, "REACHABLE", peer_mac},
		{"PROBE", S, third_mac, "PROBE", peer_mac},
		{"PROBE", S | O, NULL, "REACHABLE", peer_mac},
		{"PROBE", S | O, peer_mac, "REACHABLE", peer_mac},
		{"PROBE", S | O, third_mac, "REACHABLE", third_mac},
	};

	for (unsigned i = 0; i < RTE_DIM(c); i++) {
		struct host *h = host_in(c[i].before);
		uint8_t mac[6];

		rx_na(h, &peer6, c[i].flags, c[i].lladdr);
		cr_assert_str_eq(state6(h, &peer6), c[i].after, "case %u", i);
		if (c[i].mac != NULL)
			cr_assert_arr_eq(cached_mac(h, mac), c[i].mac, 6, "case %u", i);
		host_free(h);
	}
}

Test(nd, rfc4861_7_2_5_no_entry_from_an_advertisement)
{
	struct host *h = host_ready();

	rx_na(h, &peer6, S | O, peer_mac);
	host_dropped(h, DROP_nd_not_ours);
	cr_assert_str_eq(state6(h, &peer6), "none");
	host_free(h);
}

Test(nd, rfc4861_7_3_3_unreachability)
{
	struct host *h = host_ready();
	struct wire_ip6 ip;

	learn6(h, &peer6, peer_mac);
	host_run(h, 14900000);
	cr_assert_str_eq(state6(h, &peer6), "REACHABLE");
	host_run(h, 30200000);
	cr_assert_str_eq(state6(h, &peer6), "STALE");
	host_quiet(h);
	expect_mac6(h, &peer6, peer_mac);
	cr_assert_str_eq(state6(h, &peer6), "DELAY");
	host_run(h, 4900000);
	host_quiet(h);
	host_run(h, 200000);
	expect_nd(h, peer_mac, WIRE_ICMP6_NS, &ip);
	cr_assert(memcmp(&ip.dst, &peer6, 16) == 0);
	host_run(h, 3000000);
	expect_nd(h, peer_mac, WIRE_ICMP6_NS, &ip);
	expect_nd(h, peer_mac, WIRE_ICMP6_NS, &ip);
	host_quiet(h);
	/* as if deleted: the next packet asks the group */
	cr_assert_eq(send6(h, &peer6, 1), 0);
	expect_nd(h, sol_peer_mac, WIRE_ICMP6_NS, &ip);
	host_free(h);
}

Test(nd, rfc4861_7_3_1_progress_above_is_proof)
{
	struct host *h = host_in("DELAY");
	union net_ip dst = {.v6 = peer6}, src = {.v6 = {{0}}};
	struct net_dst d;

	cr_assert_eq(net_route(h->core[0].net, true, &dst, &src, NET_NO_IFC, &d), 0);
	for (unsigned i = 0; i < 100; i++) {
		net_confirm(h->core[0].net, &d);
		cr_assert_str_eq(state6(h, &peer6), "REACHABLE");
		host_run(h, 2000000);
	}
	host_quiet(h);
	host_run(h, 50000000);
	cr_assert_str_eq(state6(h, &peer6), "STALE");
	host_free(h);
}

Test(nd, rfc4861_7_3_3_doubt_above_is_a_probe)
{
	struct host *h = host_in("REACHABLE");
	union net_ip dst = {.v6 = peer6}, src = {.v6 = {{0}}};
	struct net_dst d;
	struct wire_ip6 ip;

	cr_assert_eq(net_route(h->core[0].net, true, &dst, &src, NET_NO_IFC, &d), 0);
	host_run(h, 1000000);
	net_suspect(h->core[0].net, &d);
	cr_assert_str_eq(state6(h, &peer6), "PROBE");
	expect_nd(h, peer_mac, WIRE_ICMP6_NS, &ip);
	cr_assert(memcmp(&ip.dst, &peer6, 16) == 0);
	rx_na(h, &peer6, S | O, peer_mac);
	cr_assert_str_eq(state6(h, &peer6), "REACHABLE");
	host_free(h);
}

static struct host *dad_host(void)
{
	struct host *h = host_new(1);

	host_start(h, false, true);
	return h;
}

static bool usable6(struct host *h, const struct ip6 *a)
{
	union net_ip ip = {.v6 = *a};

	return net_is_local(h->core[0].net, true, &ip);
}

Test(nd, rfc4862_5_4_dad_before_use)
{
	struct host *h = dad_host();
	struct wire_ip6 ip;

	cr_assert(!usable6(h, &our6) && !usable6(h, &our_ll6));
	cr_assert_eq(send6(h, &peer6, 1), -EADDRNOTAVAIL);
	host_run(h, 2100000);
	for (unsigned i = 0; i < 2; i++) {
		struct wire_nd nd = expect_nd(h, sol_our_mac, WIRE_ICMP6_NS, &ip);

		cr_assert(memcmp(&ip.src, &any6, 16) == 0);
		cr_assert(memcmp(&ip.dst, &sol_our6, 16) == 0);
		cr_assert(!nd.has_lladdr);
		cr_assert_eq(nd.nonce_len, 6);
	}
	host_quiet(h);
	cr_assert(usable6(h, &our6) && usable6(h, &our_ll6));
	host_free(h);
}

Test(nd, rfc4862_5_4_3_another_checks_the_same_address)
{
	struct host *h = dad_host();

	host_run(h, 500000);
	rx_ns(h, &any6, &sol_our6, &our6, NULL);
	h->next_out = h->n_out;
	host_run(h, 5000000);
	cr_assert(!usable6(h, &our6));
	cr_assert(usable6(h, &our_ll6));
	cr_assert_eq(host_counter(h, CNT_nd_dad_conflicts), 1);
	host_free(h);
}

Test(nd, rfc4862_5_4_4_another_has_the_address)
{
	struct host *h = dad_host();
	struct wire_nd nd = {.type = WIRE_ICMP6_NA, .flags = O, .target = our6, .has_lladdr = true};
	uint8_t b[256];

	memcpy(nd.lladdr, peer_mac, 6);
	host_run(h, 500000);
	host_rx(h, b, put_nd(b, all_nodes_mac, &our6, &all_nodes6, &nd));
	host_run(h, 5000000);
	cr_assert(!usable6(h, &our6));
	h->next_out = h->n_out;
	rx_ns(h, &peer6, &sol_our6, &our6, peer_mac);
	host_dropped(h, DROP_nd_not_ours);
	host_free(h);
}

Test(nd, rfc4862_5_4_3_solicitation_while_tentative_is_ignored)
{
	struct host *h = dad_host();

	rx_ns(h, &peer_ll6, &sol_our6, &our6, peer_mac);
	host_dropped(h, DROP_ifc_no_address);
	host_run(h, 5000000);
	cr_assert(usable6(h, &our6));
	host_free(h);
}

Test(nd, rfc7527_4_2_own_solicitation_looped_back)
{
	struct host *h = dad_host();
	const struct frame *f = NULL;

	while (!usable6(h, &our6) || !usable6(h, &our_ll6)) {
		host_run(h, 1000);
		f = host_tx(h);
		if (f != NULL) {
			host_rx(h, f->b, f->len);
			host_run(h, 10);
		}
	}
	cr_assert_eq(host_counter(h, CNT_nd_dad_conflicts), 0);
	host_free(h);
}

Test(nd, rfc4291_2_8_groups_of_an_address)
{
	struct host *h = host_ready();
	const struct net_ifc *f = net_ifc_get(h->core[0].net, 0);
	union net_ip ip = {.v6 = our6};

	cr_assert_eq(f->n_addr6, 2);
	cr_assert(memcmp(&f->addr6[0].ip, &our_ll6, 16) == 0);
	cr_assert_eq(f->n_group6, 1); /* both end in the same 24 bits */
	cr_assert_eq(f->group6[0].refs, 2);
	cr_assert_eq(net_addr_del(h->core[0].net, 0, true, &ip), 0);
	cr_assert_eq(f->group6[0].refs, 1);
	cr_assert_eq(net_addr_del(h->core[0].net, 0, true, &ip), -ENOENT);
	host_free(h);
}
