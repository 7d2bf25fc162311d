/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include "net_host.h"
#include "wire_bytes.h"

TestSuite(ip4);

/* A UDP packet from the peer to us, seen by the transport. */
static void expect_delivered(struct host *h, const uint8_t *b, unsigned len)
{
	unsigned before = h->n_seen;

	host_rx(h, b, len);
	cr_assert_eq(h->n_seen, before + 1);
	host_quiet(h);
}

Test(ip4, delivered_whole)
{
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES];
	const struct net_pkt *p = &h->seen[0].p;

	expect_delivered(h, b, put_udp4(b, PEER4, OUR4, 7, 53, 4));
	cr_assert_eq(p->src.v4, PEER4);
	cr_assert_eq(p->dst.v4, OUR4);
	cr_assert_eq(p->l3_off, 14);
	cr_assert_eq(p->l4_off, 34);
	cr_assert_eq(p->l4_len, 12);
	cr_assert_eq(h->seen[0].ttl, 64);
	cr_assert_eq(p->flags, NET_PKT_PLAIN | NET_PKT_HASH);
	cr_assert_eq(p->hash, owner_hash4(h->owner, PEER4, OUR4, 7, 53));
	host_free(h);
}

Test(ip4, port_offloads_are_believed)
{
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES];
	unsigned len = put_udp4(b, PEER4, OUR4, 7, 53, 4);
	struct rte_mbuf *m = pkt_alloc(&h->core[0].env.pool);

	b[14 + 10] ^= 0xff;
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), b, len);
	m->port = 0;
	m->ol_flags =
		RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_RSS_HASH;
	m->hash.rss = 0x1234;
	net_input(h->core[0].net, &m, 1);
	cr_assert_eq(h->n_seen, 1);
	cr_assert_eq(h->seen[0].p.hash, 0x1234);
	cr_assert_eq(h->seen[0].p.flags, NET_PKT_PLAIN | NET_PKT_HASH | NET_PKT_CKSUM_OK);
	host_free(h);
}

Test(ip4, a_burst_is_one_call_per_transport)
{
	struct host *h = host_ready();
	struct rte_mbuf *m[60];
	uint8_t b[HOST_BYTES];

	for (unsigned i = 0; i < 60; i++) {
		unsigned len = put_udp4(b, PEER4, OUR4, (uint16_t)i, 53, 4);

		if (i % 3 == 0) {
			b[14 + 9] = IPPROTO_TCP;
			fix_ip4(b + 14);
		}
		m[i] = pkt_alloc(&h->core[0].env.pool);
		memcpy(rte_pktmbuf_append(m[i], (uint16_t)len), b, len);
		m[i]->port = 0;
	}
	net_input(h->core[0].net, m, 60);
	cr_assert_eq(h->n_bursts, 2);
	cr_assert_eq(h->n_seen, 60);
	for (unsigned i = 0; i < 60; i++)
		cr_assert_eq(h->seen[i].proto, i < 20 ? IPPROTO_TCP : IPPROTO_UDP);
	host_free(h);
}

Test(ip4, rfc1122_3_2_1_1_version)
{
	static const uint8_t first[] = {0x55, 0x05, 0x65, 0xf5};
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES];

	for (unsigned i = 0; i < RTE_DIM(first); i++) {
		unsigned len = put_echo4(b, PEER4, OUR4, 8);

		b[14] = first[i];
		fix_ip4(b + 14);
		host_rx(h, b, len);
		host_dropped(h, DROP_ip4_version);
	}
	host_free(h);
}

Test(ip4, rfc1122_3_2_1_2_checksum)
{
	struct host *h = host_ready();
	struct wire_ip4 ip = ip4_hdr(IPPROTO_UDP, PEER4, OUR4, 8);
	uint8_t b[HOST_BYTES], l4[8] = {0};
	unsigned len = put_echo4(b, PEER4, OUR4, 8);

	b[14 + 11] ^= 1;
	host_rx(h, b, len);
	host_dropped(h, DROP_ip4_cksum);
	ip.hlen = 28;
	ip.total_len = 36;
	len = put_ip4(b, NULL, &ip, l4);
	b[14 + 11] ^= 1;
	host_rx(h, b, len);
	host_dropped(h, DROP_ip4_cksum);
	host_free(h);
}

Test(ip4, rfc791_3_1_lengths)
{
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES];
	unsigned len = put_echo4(b, PEER4, OUR4, 8);

	b[14] = 0x44; /* header of 16 octets */
	fix_ip4(b + 14);
	host_rx(h, b, len);
	host_dropped(h, DROP_ip4_version);
	put_echo4(b, PEER4, OUR4, 8);
	wire_put16(b + 16, 19);
	fix_ip4(b + 14);
	host_rx(h, b, len);
	host_dropped(h, DROP_ip4_short);
	wire_put16(b + 16, 37); /* the frame holds 36 */
	fix_ip4(b + 14);
	host_rx(h, b, len);
	host_dropped(h, DROP_ip4_short);
	host_rx(h, b, 14 + 19);
	host_dropped(h, DROP_ip4_short);
	host_rx(h, b, 13);
	host_dropped(h, DROP_eth_short);
	host_rx(h, b, 14);
	host_dropped(h, DROP_ip4_short);
	host_free(h);
}

Test(ip4, rfc894_padding_is_cut_off)
{
	struct host *h = host_ready();
	struct wire_ip4 ip;
	uint8_t b[HOST_BYTES];
	unsigned len = put_echo4(b, PEER4, OUR4, 2);

	learn4(h, PEER4, peer_mac);
	memset(b + len, 0xee, 60 - len);
	host_rx(h, b, 60);
	expect_icmp4(h, &ip, NULL);
	cr_assert_eq(ip.total_len, 30);
	host_free(h);
}

Test(ip4, rfc1122_3_2_1_6_tos_ecn_and_reserved_bit_are_accepted)
{
	static const struct {
		unsigned at;
		uint8_t v;
	} odd[] = {{1, 0xb8}, {1, 0x03}, {6, 0x80}, {8, 1}, {8, 0}};
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES];

	for (unsigned i = 0; i < RTE_DIM(odd); i++) {
		unsigned len = put_udp4(b, PEER4, OUR4, 7, 53, 4);

		b[14 + odd[i].at] = odd[i].v;
		fix_ip4(b + 14);
		expect_delivered(h, b, len);
	}
	cr_assert_eq(h->seen[0].tos, 0xb8);
	host_free(h);
}

Test(ip4, empty_payload_of_known_and_unknown_protocol)
{
	struct host *h = host_ready();
	struct wire_ip4 ip = ip4_hdr(IPPROTO_UDP, PEER4, OUR4, 0);
	struct wire_icmp icmp;
	uint8_t b[HOST_BYTES];

	learn4(h, PEER4, peer_mac);
	expect_delivered(h, b, put_ip4(b, NULL, &ip, b));
	cr_assert_eq(h->seen[0].len, 0);
	ip.proto = 200;
	host_rx(h, b, put_ip4(b, NULL, &ip, b));
	icmp = expect_icmp4(h, &ip, NULL);
	cr_assert_eq(icmp.type, WIRE_ICMP4_UNREACH);
	cr_assert_eq(icmp.code, WIRE_ICMP4_UNREACH_PROTO);
	host_free(h);
}

Test(ip4, rfc1122_3_2_1_3_bad_sources)
{
	static const uint32_t bad[] = {IP4(10, 0, 0, 255), IP4(10, 0, 0, 0), ~0u, IP4(224, 0, 0, 1),
		IP4(127, 0, 0, 1), OUR4, IP4(240, 0, 0, 1), IP4(0, 0, 0, 1), 0};
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES];

	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		host_rx(h, b, put_echo4(b, bad[i], OUR4, 8));
		host_dropped(h, DROP_ip4_src);
	}
	host_free(h);
}

Test(ip4, rfc1122_3_2_1_3_a_client_without_address)
{
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES];

	expect_delivered(h, b, put_udp4(b, 0, ~0u, 68, 67, 4));
	host_free(h);
}

Test(ip4, rfc1122_3_2_1_3_destinations)
{
	static const uint32_t other[] = {IP4(127, 0, 0, 1), THIRD4, IP4(239, 1, 1, 1),
		IP4(10, 0, 1, 255), IP4(0, 0, 0, 0), IP4(250, 0, 0, 1)};
	static const uint32_t all[] = {
		IP4(10, 0, 0, 255), ~0u, IP4(10, 0, 0, 0), IP4(224, 0, 0, 1)};
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES];

	for (unsigned i = 0; i < RTE_DIM(other); i++) {
		host_rx(h, b, put_udp4(b, PEER4, other[i], 7, 53, 4));
		host_dropped(h, DROP_ip4_not_ours);
	}
	for (unsigned i = 0; i < RTE_DIM(all); i++) {
		expect_delivered(h, b, put_udp4(b, PEER4, all[i], 7, 53, 4));
		cr_assert(h->seen[i].p.flags & NET_PKT_L3_MCAST);
	}
	host_free(h);
}

Test(ip4, rfc1122_3_2_1_3_joined_group_only)
{
	struct host *h = host_ready();
	struct net *n = h->core[0].net;
	union net_ip g = {.v6 = {{0}}};
	uint8_t b[HOST_BYTES];

	g.v4 = IP4(239, 1, 1, 1);
	cr_assert_eq(net_group_join(n, 0, false, &g), 0);
	cr_assert_eq(net_group_join(n, NET_NO_IFC, false, &g), 0);
	expect_delivered(h, b, put_udp4(b, PEER4, g.v4, 7, 53, 4));
	cr_assert_eq(net_group_leave(n, 0, false, &g), 0);
	expect_delivered(h, b, put_udp4(b, PEER4, g.v4, 7, 53, 4));
	cr_assert_eq(net_group_leave(n, 0, false, &g), 0);
	host_rx(h, b, put_udp4(b, PEER4, g.v4, 7, 53, 4));
	host_dropped(h, DROP_ip4_not_ours);
	cr_assert_eq(net_group_leave(n, 0, false, &g), -ENOENT);
	g.v4 = PEER4;
	cr_assert_eq(net_group_join(n, 0, false, &g), -EINVAL);
	host_free(h);
}

Test(ip4, rfc1122_3_3_6_unicast_in_link_broadcast)
{
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES];
	unsigned len = put_udp4(b, PEER4, OUR4, 7, 53, 4);

	memset(b, 0xff, 6);
	host_rx(h, b, len);
	host_dropped(h, DROP_ip4_bcast_l2);
	host_free(h);
}

Test(ip4, rfc1122_3_3_4_2_strong_and_weak_host)
{
	for (unsigned strong = 0; strong < 2; strong++) {
		struct host *h = host_new(1);
		struct net_ifc second = h->ifc;
		union net_ip ip = {.v6 = {{0}}};
		uint8_t b[HOST_BYTES];

		h->conf.acd = false;
		h->conf.dad_transmits = 0;
		h->conf.strong_host = strong;
		host_start(h, true, false);
		second.port = 1;
		cr_assert_eq(net_ifc_add(h->core[0].net, &second), 1);
		ip.v4 = IP4(10, 1, 0, 1);
		cr_assert_eq(net_addr_add(h->core[0].net, 1, false, &ip, 24), 0);
		host_run(h, 5000000);
		h->next_out = h->n_out;
		host_rx(h, b, put_udp4(b, PEER4, ip.v4, 7, 53, 4));
		if (strong)
			host_dropped(h, DROP_ip4_not_ours);
		else
			cr_assert_eq(h->n_seen, 1);
		host_free(h);
	}
}

Test(ip4, tentative_address_is_not_served)
{
	struct host *h = host_new(1);
	uint8_t b[HOST_BYTES];

	host_start(h, true, false);
	host_rx(h, b, put_udp4(b, PEER4, OUR4, 7, 53, 4));
	host_dropped(h, DROP_ifc_no_address);
	host_free(h);
}

/* A UDP packet with these options. */
static unsigned put_options(uint8_t *b, const uint8_t *opt, unsigned n)
{
	struct wire_ip4 ip = ip4_hdr(IPPROTO_UDP, PEER4, OUR4, 8);
	uint8_t l4[8] = {0, 7, 0, 53, 0, 8};
	unsigned len;

	ip.hlen = (uint8_t)(20 + (n + 3) / 4 * 4);
	ip.total_len = (uint16_t)(ip.hlen + 8);
	len = put_ip4(b, NULL, &ip, l4);
	memcpy(b + 34, opt, n);
	fix_ip4(b + 14);
	return len;
}

Test(ip4, rfc1122_3_2_1_8_options_for_nobody_are_ignored)
{
	static const uint8_t opt[][12] = {{0x9e, 4, 1, 2}, {1, 1, 1, 0x88, 4, 0, 1},
		{0x83, 7, 8, 1, 2, 3, 4}, {0x89, 7, 8, 1, 2, 3, 4}, {7, 7, 8, 0, 0, 0, 0}};
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES];

	for (unsigned i = 0; i < RTE_DIM(opt); i++) {
		expect_delivered(h, b, put_options(b, opt[i], 12));
		cr_assert_eq(h->seen[i].p.l4_off, 14 + 32);
		cr_assert_eq(h->seen[i].len, 8);
	}
	host_free(h);
}

Test(ip4, rfc1122_3_2_2_5_malformed_options_are_answered)
{
	static const uint8_t opt[][8] = {
		{1, 1, 0x9e, 1}, {0x9e, 0}, {1, 0x44, 40}, {1, 1, 1, 0x9e}};
	static const unsigned n[] = {8, 8, 8, 4};
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES];

	learn4(h, PEER4, peer_mac);
	for (unsigned i = 0; i < RTE_DIM(opt); i++) {
		unsigned len = put_options(b, opt[i], n[i]);
		const uint8_t *quote;
		struct wire_icmp icmp;
		struct wire_ip4 ip;
		uint8_t ptr;

		host_rx(h, b, len);
		icmp = expect_icmp4(h, &ip, &quote);
		cr_assert_eq(icmp.type, WIRE_ICMP4_PARAM);
		cr_assert_eq(icmp.code, 0);
		ptr = (uint8_t)(icmp.rest >> 24);
		cr_assert_geq(ptr, 20);
		cr_assert_lt(ptr, 28);
		cr_assert_arr_eq(quote, b + 14, len - 14);
		host_dropped(h, DROP_ip4_options);
	}
	host_free(h);
}

Test(ip4, source_routes_are_refused)
{
	static const uint8_t opt[][8] = {{0x83, 7, 4, 10, 0, 0, 3}, {0x89, 7, 4, 10, 0, 0, 3}};
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES];

	for (unsigned i = 0; i < RTE_DIM(opt); i++) {
		host_rx(h, b, put_options(b, opt[i], 8));
		host_dropped(h, DROP_ip4_source_route);
	}
	host_free(h);
}

Test(ip4, random_options)
{
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES], opt[40];
	struct rng r;

	rng_seed(&r, 42);
	for (unsigned i = 0; i < 1000; i++) {
		for (unsigned k = 0; k < 40; k++)
			opt[k] = (uint8_t)rng_u64(&r);
		host_rx(h, b, put_options(b, opt, 4 * (1 + rng_below(&r, 10))));
		host_run(h, 1000);
	}
	host_free(h);
}

Test(ip4, header_split_over_segments)
{
	struct host *h = host_ready();
	struct pkt_pool *pool = &h->core[0].env.pool;
	uint8_t b[HOST_BYTES];
	unsigned len = put_udp4(b, PEER4, OUR4, 7, 53, 400);

	for (unsigned first = 1; first < 60; first++) {
		struct rte_mbuf *m = pkt_alloc(pool), *s = pkt_alloc(pool), *t = pkt_alloc(pool);

		memcpy(rte_pktmbuf_append(m, (uint16_t)first), b, first);
		memcpy(rte_pktmbuf_append(s, 3), b + first, 3);
		memcpy(rte_pktmbuf_append(t, (uint16_t)(len - first - 3)), b + first + 3,
			len - first - 3);
		rte_pktmbuf_chain(s, t);
		rte_pktmbuf_chain(m, s);
		m->port = 0;
		net_input(h->core[0].net, &m, 1);
		cr_assert_eq(h->n_seen, first);
		cr_assert_arr_eq(h->seen[first - 1].l4, b + 34, len - 34);
	}
	host_free(h);
}

Test(ip4, vlan_stack_is_the_interface)
{
	static const uint8_t one[4] = {0x81, 0, 0x60, 0x05};
	static const uint8_t two[8] = {0x88, 0xa8, 0, 9, 0x81, 0, 0, 5};
	struct host *h = host_ready();
	struct net_ifc f = h->ifc;
	union net_ip ip = {.v6 = {{0}}};
	uint8_t b[HOST_BYTES], v[HOST_BYTES];
	unsigned len;
	const struct frame *out;

	f.n_tags = 1;
	f.tci[0] = 5;
	f.scope = 55;
	cr_assert_eq(net_ifc_add(h->core[0].net, &f), 1);
	cr_assert_eq(net_ifc_add(h->core[0].net, &f), -EEXIST);
	f.n_tags = 2;
	f.tci[0] = 9;
	f.tci[1] = 5;
	cr_assert_eq(net_ifc_add(h->core[0].net, &f), 2);
	for (uint16_t k = 1; k < 3; k++) {
		ip.v4 = IP4(10, k, 0, 1);
		cr_assert_eq(net_addr_add(h->core[0].net, k, false, &ip, 24), 0);
	}
	host_run(h, 5000000);
	h->next_out = h->n_out;
	len = put_udp4(b, IP4(10, 1, 0, 2), IP4(10, 1, 0, 1), 7, 53, 4);
	memcpy(v, b, 12);
	memcpy(v + 12, one, 4);
	memcpy(v + 16, b + 12, len - 12);
	host_rx(h, v, len + 4);
	cr_assert_eq(h->n_seen, 1);
	cr_assert_eq(h->seen[0].p.ifc, 1);
	cr_assert_eq(h->seen[0].p.scope, 55);
	len = put_udp4(b, IP4(10, 2, 0, 2), IP4(10, 2, 0, 1), 7, 53, 4);
	memcpy(v + 12, two, 8);
	memcpy(v + 20, b + 12, len - 12);
	host_rx(h, v, len + 8);
	cr_assert_eq(h->n_seen, 2);
	cr_assert_eq(h->seen[1].p.ifc, 2);
	v[15] = 8; /* a tag that nobody has */
	host_rx(h, v, len + 8);
	host_dropped(h, DROP_eth_vlan);
	cr_assert_eq(send4(h, IP4(10, 2, 0, 2), 1), 0);
	out = host_tx(h);
	cr_assert_eq(out->ifc, 2);
	cr_assert_arr_eq(out->b + 12, two, 8);
	cr_assert_eq(out->len, 68);
	host_free(h);
}

Test(ip4, vlan_stripped_and_inserted_by_the_port)
{
	struct host *h = host_ready();
	struct net_ifc f = h->ifc;
	union net_ip ip = {.v6 = {{0}}};
	struct rte_mbuf *m = pkt_alloc(&h->core[0].env.pool);
	uint8_t b[HOST_BYTES];
	unsigned len;
	const struct frame *out;

	f.n_tags = 1;
	f.tci[0] = 5;
	f.offloads = NET_TX_VLAN;
	cr_assert_eq(net_ifc_add(h->core[0].net, &f), 1);
	ip.v4 = IP4(10, 1, 0, 1);
	cr_assert_eq(net_addr_add(h->core[0].net, 1, false, &ip, 24), 0);
	host_run(h, 5000000);
	h->next_out = h->n_out;
	len = put_udp4(b, IP4(10, 1, 0, 2), IP4(10, 1, 0, 1), 7, 53, 4);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), b, len);
	m->port = 0;
	m->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = 0x2005;
	net_input(h->core[0].net, &m, 1);
	cr_assert_eq(h->n_seen, 1);
	cr_assert_eq(h->seen[0].p.ifc, 1);
	cr_assert_eq(send4(h, IP4(10, 1, 0, 2), 1), 0);
	out = host_tx(h);
	cr_assert_eq(out->ol_flags & RTE_MBUF_F_TX_VLAN, RTE_MBUF_F_TX_VLAN);
	cr_assert_eq(out->vlan_tci, 5);
	cr_assert_eq(out->len, 60);
	host_free(h);
}

Test(ip4, output_checksums_in_software)
{
	struct host *h = host_ready();
	struct wire_ip4 ip;
	const struct frame *f;
	uint32_t sum;

	learn4(h, PEER4, peer_mac);
	cr_assert_eq(send4(h, PEER4, 101), 0);
	f = expect_ip4(h, peer_mac, &ip);
	cr_assert_eq(f->ol_flags, 0);
	sum = wire_cksum_pseudo4(OUR4, PEER4, IPPROTO_UDP, 109);
	cr_assert_eq(wire_cksum_fold(wire_cksum_sum(f->b + 34, 109, sum)), 0);
	host_free(h);
}

Test(ip4, output_checksums_by_the_port)
{
	struct host *h = host_new(1);
	const struct frame *f;
	uint16_t sum;

	h->conf.acd = false;
	h->ifc.offloads = NET_TX_IP_CKSUM | NET_TX_L4_CKSUM;
	host_start(h, true, false);
	host_run(h, 5000000);
	learn4(h, PEER4, peer_mac);
	cr_assert_eq(send4(h, PEER4, 100), 0);
	f = host_tx(h);
	cr_assert_eq(
		f->ol_flags, RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_UDP_CKSUM);
	cr_assert_eq(wire_get16(f->b + 24), 0);
	sum = (uint16_t)~wire_cksum_fold(wire_cksum_pseudo4(OUR4, PEER4, IPPROTO_UDP, 108));
	cr_assert_arr_eq(f->b + 40, &sum, 2);
	host_free(h);
}

Test(ip4, rfc6864_4_identification)
{
	struct host *h = host_ready();
	bool used[65536] = {false};
	struct wire_ip4 ip;

	learn4(h, PEER4, peer_mac);
	for (unsigned i = 0; i < 1900; i++) {
		send4(h, PEER4, 1);
		expect_ip4(h, peer_mac, &ip);
		cr_assert(!used[ip.id]);
		used[ip.id] = true;
	}
	host_free(h);
}

Test(ip4, rfc1122_3_2_1_7_header_fields_of_the_caller)
{
	struct host *h = host_ready();
	struct net_tx tx = {.proto = IPPROTO_UDP, .tos = 0xb8, .ttl = 7, .df = true};
	union net_ip src = {.v6 = {{0}}}, dst = {.v6 = {{0}}};
	struct net_dst d;
	struct rte_mbuf *m = pkt_alloc(&h->core[0].env.pool);
	struct wire_ip4 ip;

	learn4(h, PEER4, peer_mac);
	dst.v4 = PEER4;
	cr_assert_eq(net_route(h->core[0].net, false, &dst, &src, NET_NO_IFC, &d), 0);
	cr_assert_eq(src.v4, OUR4);
	memset(rte_pktmbuf_append(m, 8), 0, 8);
	cr_assert_eq(net_output4(h->core[0].net, &d, m, OUR4, PEER4, &tx), 0);
	expect_ip4(h, peer_mac, &ip);
	cr_assert_eq(ip.tos, 0xb8);
	cr_assert_eq(ip.ttl, 7);
	cr_assert_eq(ip.frag, WIRE_IP4_DF);
	cr_assert_eq(ip.id, 0);
	host_free(h);
}
