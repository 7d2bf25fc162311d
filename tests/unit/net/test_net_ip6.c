/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include "net_host.h"
#include "wire_bytes.h"

TestSuite(ip6);

static struct host *ip6_host(void)
{
	struct host *h = host_ready();

	learn6(h, &peer6, peer_mac);
	return h;
}

/* An echo request behind extension headers; first is the kind of the first one. */
static unsigned put_ext(
	uint8_t *b, const struct ip6 *dst, uint8_t first, const uint8_t *ext, unsigned n)
{
	uint8_t e[HOST_BYTES], l4[HOST_BYTES];
	unsigned len = put_echo6(e, &peer6, dst, 8);
	struct wire_ip6 h = ip6_hdr(first, &peer6, dst, n + len - 54);

	memcpy(l4, ext, n);
	memcpy(l4 + n, e + 54, len - 54);
	return put_ip6(b, NULL, &h, l4);
}

static void expect_reply(struct host *h)
{
	struct wire_ip6 ip;

	cr_assert_eq(expect_icmp6(h, &ip, NULL).type, WIRE_ICMP6_ECHO_REPLY);
	cr_assert(memcmp(&ip.src, &our6, 16) == 0);
	cr_assert_eq(ip.next, IPPROTO_ICMPV6);
	host_quiet(h);
}

static void expect_problem(struct host *h, uint8_t code, uint32_t ptr)
{
	struct wire_ip6 ip;
	struct wire_icmp i = expect_icmp6(h, &ip, NULL);

	cr_assert_eq(i.type, WIRE_ICMP6_PARAM);
	cr_assert_eq(i.code, code);
	cr_assert_eq(i.rest, ptr, "pointer %u", i.rest);
}

Test(ip6, delivered_whole)
{
	struct host *h = host_ready();
	const struct net_pkt *p = &h->seen[0].p;
	uint8_t b[HOST_BYTES];
	unsigned len = put_udp6(b, &peer6, &our6, 7, 53, 4);

	b[15] = 0x85; /* traffic class 8, a flow label */
	b[16] = 0x43;
	b[17] = 0x21;
	host_rx(h, b, len);
	cr_assert_eq(h->n_seen, 1);
	cr_assert_eq(p->flags, NET_PKT_PLAIN | NET_PKT_V6 | NET_PKT_HASH);
	cr_assert_eq(h->seen[0].tos, 8);
	cr_assert_eq(p->l4_off, 54);
	cr_assert_eq(p->l4_len, 12);
	cr_assert_eq(p->hash, owner_hash6(h->owner, &peer6, &our6, 7, 53));
	host_free(h);
}

Test(ip6, rfc8200_3_version_and_lengths)
{
	static const uint8_t version[] = {0x00, 0x40, 0xf0, 0x50};
	struct host *h = ip6_host();
	uint8_t b[HOST_BYTES];
	unsigned len = put_echo6(b, &peer6, &our6, 8);

	for (unsigned i = 0; i < RTE_DIM(version); i++) {
		b[14] = version[i];
		host_rx(h, b, len);
		host_dropped(h, DROP_ip6_version);
	}
	b[14] = 0x60;
	host_rx(h, b, 14 + 39);
	host_dropped(h, DROP_ip6_short);
	host_rx(h, b, len - 1);
	host_dropped(h, DROP_ip6_short);
	memset(b + len, 0xee, 20);
	host_rx(h, b, len + 20);
	expect_reply(h);
	cr_assert_eq(h->out[h->n_out - 1].len, len);
	host_free(h);
}

Test(ip6, rfc8200_3_hop_limit_zero_is_answered)
{
	struct host *h = ip6_host();
	uint8_t b[HOST_BYTES];
	unsigned len = put_echo6(b, &peer6, &our6, 8);

	b[14 + 7] = 0;
	host_rx(h, b, len);
	expect_reply(h);
	host_free(h);
}

Test(ip6, empty_udp)
{
	struct host *h = ip6_host();
	struct wire_ip6 ip = ip6_hdr(IPPROTO_UDP, &peer6, &our6, 0);
	uint8_t b[HOST_BYTES];

	host_rx(h, b, put_ip6(b, NULL, &ip, b));
	cr_assert_eq(h->n_seen, 1);
	cr_assert_eq(h->seen[0].len, 0);
	host_free(h);
}

Test(ip6, rfc8200_4_unknown_next_header)
{
	struct host *h = ip6_host();
	struct wire_ip6 ip = ip6_hdr(138, &peer6, &our6, 16);
	uint8_t b[HOST_BYTES], l4[64] = {0};

	host_rx(h, b, put_ip6(b, NULL, &ip, l4));
	expect_problem(h, WIRE_ICMP6_PARAM_NEXT, 6);
	host_dropped(h, DROP_ip6_proto);
	ip.next = WIRE_IP6_NONE;
	host_rx(h, b, put_ip6(b, NULL, &ip, l4));
	host_dropped(h, DROP_ip6_proto);
	ip.next = WIRE_IP6_HOPOPTS;
	l4[0] = 200;
	host_rx(h, b, put_ip6(b, NULL, &ip, l4));
	expect_problem(h, WIRE_ICMP6_PARAM_NEXT, 40);
	l4[0] = WIRE_IP6_DSTOPTS;
	l4[8] = 201;
	ip.payload_len = 24;
	host_rx(h, b, put_ip6(b, NULL, &ip, l4));
	expect_problem(h, WIRE_ICMP6_PARAM_NEXT, 48);
	l4[8] = WIRE_IP6_NONE;
	h->core[0].env.cnt.drop[DROP_ip6_proto] = 0;
	host_rx(h, b, put_ip6(b, NULL, &ip, l4));
	host_dropped(h, DROP_ip6_proto);
	host_free(h);
}

Test(ip6, rfc8200_4_1_chains)
{
	static const struct {
		uint8_t first, n;
		uint8_t ext[32];
	} good[] = {
		{WIRE_IP6_DSTOPTS, 8, {58, 0, 1, 4}},
		{WIRE_IP6_DSTOPTS, 8, {58, 0, 0, 0, 0, 0, 0, 0}},
		{WIRE_IP6_HOPOPTS, 8, {58, 0, 0, 1, 3}},
		{WIRE_IP6_DSTOPTS, 16, {58, 1, 1, 12}},
		{WIRE_IP6_DSTOPTS, 8, {58, 0, 0x1e, 4, 1, 2, 3, 4}},
		{WIRE_IP6_DSTOPTS, 16, {43, 0, 1, 4, 0, 0, 0, 0, 58, 0, 33, 0}},
		{WIRE_IP6_DSTOPTS, 24,
			{60, 0, 1, 4, 0, 0, 0, 0, 60, 0, 1, 4, 0, 0, 0, 0, 58, 0, 1, 4}},
		{WIRE_IP6_ROUTING, 8, {58, 0, 0, 0}},
		{WIRE_IP6_ROUTING, 8, {58, 0, 33, 0}},
		{WIRE_IP6_FRAGMENT, 8, {58, 0, 0, 0, 1, 2, 3, 4}},
	};
	struct host *h = ip6_host();
	uint8_t b[HOST_BYTES];

	for (unsigned i = 0; i < RTE_DIM(good); i++) {
		host_rx(h, b, put_ext(b, &our6, good[i].first, good[i].ext, good[i].n));
		expect_reply(h);
	}
	host_free(h);
}

Test(ip6, rfc8200_4_2_unknown_options)
{
	static const uint8_t skip[8] = {58, 0, 0x1e, 4}, drop[8] = {58, 0, 0x5e, 4},
			     tell[8] = {58, 0, 0x9e, 4}, tell_unicast[8] = {58, 0, 0xde, 4},
			     second[16] = {58, 1, 0x1e, 2, 0, 0, 0x9e, 6};
	struct host *h = ip6_host();
	uint8_t b[HOST_BYTES];
	unsigned len;
	struct wire_ip6 ip;

	host_rx(h, b, put_ext(b, &our6, WIRE_IP6_DSTOPTS, skip, 8));
	expect_reply(h);
	host_rx(h, b, put_ext(b, &our6, WIRE_IP6_DSTOPTS, drop, 8));
	host_dropped(h, DROP_ip6_option);
	host_rx(h, b, put_ext(b, &our6, WIRE_IP6_DSTOPTS, tell, 8));
	expect_problem(h, WIRE_ICMP6_PARAM_OPTION, 42);
	host_rx(h, b, put_ext(b, &our6, WIRE_IP6_DSTOPTS, tell_unicast, 8));
	expect_problem(h, WIRE_ICMP6_PARAM_OPTION, 42);
	host_rx(h, b, put_ext(b, &our6, WIRE_IP6_DSTOPTS, second, 16));
	expect_problem(h, WIRE_ICMP6_PARAM_OPTION, 46);
	/* to a group: type 10 is told all the same, from a unicast address; type 11 is not */
	len = put_ext(b, &all_nodes6, WIRE_IP6_DSTOPTS, tell, 8);
	memcpy(b, "\x33\x33\0\0\0\1", 6);
	host_rx(h, b, len);
	cr_assert_eq(expect_icmp6(h, &ip, NULL).code, WIRE_ICMP6_PARAM_OPTION);
	cr_assert(memcmp(&ip.src, &our6, 16) == 0);
	len = put_ext(b, &all_nodes6, WIRE_IP6_DSTOPTS, tell_unicast, 8);
	memcpy(b, "\x33\x33\0\0\0\1", 6);
	host_rx(h, b, len);
	host_quiet(h);
	host_free(h);
}

Test(ip6, rfc5095_3_routing_header_type_0)
{
	static const uint8_t rh0[24] = {58, 2, 0, 1, 0, 0, 0, 0, 0x20, 1, 0xd, 0xb8};
	struct host *h = ip6_host();
	uint8_t b[HOST_BYTES];

	host_rx(h, b, put_ext(b, &our6, WIRE_IP6_ROUTING, rh0, 24));
	expect_problem(h, 0, 42);
	host_dropped(h, DROP_ip6_route);
	host_free(h);
}

Test(ip6, malformed_chains)
{
	static const struct {
		uint8_t first, n;
		uint8_t ext[16];
	} bad[] = {
		{WIRE_IP6_DSTOPTS, 8, {58, 200, 1, 4}},
		{WIRE_IP6_DSTOPTS, 8, {58, 0, 0x1e, 40}},
		{WIRE_IP6_DSTOPTS, 16, {0, 0, 1, 4, 0, 0, 0, 0, 58, 0, 1, 4}},
	};
	struct host *h = ip6_host();
	uint8_t b[HOST_BYTES], many[800];
	struct wire_ip6 ip;

	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		host_rx(h, b, put_ext(b, &our6, bad[i].first, bad[i].ext, bad[i].n));
		/* the first hides what it carries: that might be an error */
		if (i != 0)
			cr_assert_eq(expect_icmp6(h, &ip, NULL).type, WIRE_ICMP6_PARAM);
		host_dropped(h, DROP_ip6_ext);
	}
	for (unsigned i = 0; i < 100; i++)
		memcpy(many + 8 * i, (uint8_t[8]){i == 99 ? 58 : 60, 0, 1, 4}, 8);
	host_rx(h, b, put_ext(b, &our6, WIRE_IP6_DSTOPTS, many, 800));
	host_dropped(h, DROP_ip6_ext);
	host_free(h);
}

Test(ip6, chain_over_segments)
{
	static const uint8_t ext[24] = {
		60, 0, 1, 4, 0, 0, 0, 0, 60, 0, 1, 4, 0, 0, 0, 0, 58, 0, 1, 4};
	struct host *h = ip6_host();
	struct pkt_pool *pool = &h->core[0].env.pool;
	uint8_t b[HOST_BYTES];
	unsigned len = put_ext(b, &our6, WIRE_IP6_DSTOPTS, ext, 24);

	for (unsigned first = 1; first < len; first += 5) {
		struct rte_mbuf *m = pkt_alloc(pool), *s = pkt_alloc(pool);

		memcpy(rte_pktmbuf_append(m, (uint16_t)first), b, first);
		memcpy(rte_pktmbuf_append(s, (uint16_t)(len - first)), b + first, len - first);
		rte_pktmbuf_chain(m, s);
		m->port = 0;
		net_input(h->core[0].net, &m, 1);
		expect_reply(h);
	}
	host_free(h);
}

Test(ip6, rfc4291_destinations)
{
	static const struct {
		struct ip6 dst;
		enum drop why;
	} c[] = {
		{{{0}}, DROP_ip6_dst},
		{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}, DROP_ip6_dst},
		{{{0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}, DROP_ip6_dst},
		{{{0xff, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}, DROP_ip6_dst},
		{{{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}}, DROP_ip6_not_ours},
		{{{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3}}, DROP_ip6_not_ours},
	};
	struct host *h = ip6_host();
	uint8_t b[HOST_BYTES];

	for (unsigned i = 0; i < RTE_DIM(c); i++) {
		host_rx(h, b, put_udp6(b, &peer6, &c[i].dst, 7, 53, 4));
		host_dropped(h, c[i].why);
	}
	host_rx(h, b, put_udp6(b, &peer6, &all_nodes6, 7, 53, 4));
	cr_assert_eq(h->n_seen, 1);
	cr_assert(h->seen[0].p.flags & NET_PKT_L3_MCAST);
	host_free(h);
}

Test(ip6, rfc4291_sources)
{
	static const struct ip6 loopback = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
	const struct ip6 *bad[] = {&loopback, &all_nodes6, &our6, &our_ll6, &any6};
	struct host *h = ip6_host();
	uint8_t b[HOST_BYTES];

	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		host_rx(h, b, put_udp6(b, bad[i], &our6, 7, 53, 4));
		host_dropped(h, DROP_ip6_src);
	}
	host_rx(h, b, put_echo6(b, &all_nodes6, &our6, 8));
	host_dropped(h, DROP_ip6_src);
	host_free(h);
}

Test(ip6, joined_group_only)
{
	struct host *h = ip6_host();
	union net_ip g = {.v6 = {{0xff, 0x05, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}}};
	uint8_t b[HOST_BYTES];

	host_rx(h, b, put_udp6(b, &peer6, &g.v6, 7, 53, 4));
	host_dropped(h, DROP_ip6_not_ours);
	cr_assert_eq(net_group_join(h->core[0].net, 0, true, &g), 0);
	host_rx(h, b, put_udp6(b, &peer6, &g.v6, 7, 53, 4));
	cr_assert_eq(h->n_seen, 1);
	host_free(h);
}

Test(ip6, rfc8200_8_1_output_checksum_and_fields)
{
	struct host *h = ip6_host();
	struct net_tx tx = {.proto = IPPROTO_UDP, .tos = 0x20, .ttl = 9, .flow_label = 0x34567};
	union net_ip dst = {.v6 = peer6}, src = {.v6 = {{0}}};
	struct rte_mbuf *m = pkt_alloc(&h->core[0].env.pool);
	const struct frame *f;
	struct wire_ip6 ip;
	struct net_dst d;
	uint32_t sum;

	cr_assert_eq(net_route(h->core[0].net, true, &dst, &src, NET_NO_IFC, &d), 0);
	memset(rte_pktmbuf_append(m, 17), 0x55, 17);
	cr_assert_eq(net_output6(h->core[0].net, &d, m, &src.v6, &peer6, &tx), 0);
	f = expect_ip6(h, peer_mac, &ip);
	cr_assert_eq(ip.tclass, 0x20);
	cr_assert_eq(ip.flow, 0x34567);
	cr_assert_eq(ip.hops, 9);
	cr_assert(memcmp(&ip.src, &our6, 16) == 0);
	sum = wire_cksum_pseudo6(&our6, &peer6, IPPROTO_UDP, 17);
	cr_assert_eq(wire_cksum_fold(wire_cksum_sum(f->b + 54, 17, sum)), 0);
	host_free(h);
}

Test(ip6, output_offloaded_tso)
{
	struct host *h = host_new(1);
	struct net_tx tx = {.proto = IPPROTO_TCP, .tso_mss = 1000, .l4_hlen = 20};
	union net_ip dst = {.v6 = peer6}, src = {.v6 = {{0}}};
	struct rte_mbuf *m, *s;
	const struct frame *f;
	struct net_dst d;
	uint16_t sum;

	h->conf.acd = false;
	h->conf.dad_transmits = 0;
	h->ifc.mtu = 1280;
	h->ifc.offloads = NET_TX_L4_CKSUM;
	host_start(h, true, true);
	learn6(h, &peer6, peer_mac);
	m = pkt_alloc(&h->core[0].env.pool);
	s = pkt_alloc(&h->core[0].env.pool);
	memset(rte_pktmbuf_append(m, 20), 0, 20);
	memset(rte_pktmbuf_append(s, 1400), 0, 1400);
	rte_pktmbuf_chain(m, s);
	cr_assert_eq(net_route(h->core[0].net, true, &dst, &src, NET_NO_IFC, &d), 0);
	cr_assert_eq(net_output6(h->core[0].net, &d, m, &src.v6, &peer6, &tx), 0);
	f = host_tx(h);
	cr_assert_eq(
		f->ol_flags, RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG);
	sum = (uint16_t)~wire_cksum_fold(wire_cksum_pseudo6(&our6, &peer6, IPPROTO_TCP, 0));
	cr_assert_arr_eq(f->b + 54 + 16, &sum, 2);
	host_free(h);
}
