/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include "net_host.h"

TestSuite(route);

static const union net_ip none;

static union net_ip v4(uint32_t a)
{
	union net_ip ip = {.v6 = {{0}}};

	ip.v4 = a;
	return ip;
}

static union net_ip v6(uint8_t first, uint8_t second, uint8_t last)
{
	union net_ip ip = {.v6 = {{first, second}}};

	ip.v6.b[15] = last;
	return ip;
}

static int route(struct host *h, bool is6, union net_ip dst, union net_ip *src, struct net_dst *d)
{
	return net_route(h->core[0].net, is6, &dst, src, NET_NO_IFC, d);
}

static struct host *two_ifc(void)
{
	struct host *h = host_ready();
	struct net_ifc f = h->ifc;
	union net_ip ip = v4(IP4(10, 1, 0, 1));

	f.port = 1;
	cr_assert_eq(net_ifc_add(h->core[0].net, &f), 1);
	cr_assert_eq(net_addr_add(h->core[0].net, 1, false, &ip, 24), 0);
	return h;
}

Test(route, longest_prefix_then_metric)
{
	struct host *h = two_ifc();
	struct net *n = h->core[0].net;
	union net_ip p0 = none, p8 = v4(IP4(20, 0, 0, 0)), g0 = v4(IP4(10, 0, 0, 254)),
		     g1 = v4(IP4(10, 1, 0, 254)), src;
	struct net_dst d;

	src = none;
	cr_assert_eq(route(h, false, v4(IP4(20, 1, 1, 1)), &src, &d), -ENETUNREACH);
	cr_assert_eq(net_route_add(n, false, &p0, 0, &g0, NET_NO_IFC, 0), 0);
	cr_assert_eq(net_route_add(n, false, &p0, 0, &g0, NET_NO_IFC, 0), -EEXIST);
	cr_assert_eq(net_route_add(n, false, &p8, 8, &g1, 1, 10), 0);
	cr_assert_eq(route(h, false, v4(IP4(20, 1, 1, 1)), &src, &d), 0);
	cr_assert_eq(d.ifc, 1);
	cr_assert_eq(src.v4, IP4(10, 1, 0, 1));
	src = none;
	cr_assert_eq(route(h, false, v4(IP4(30, 1, 1, 1)), &src, &d), 0);
	cr_assert_eq(d.ifc, 0);
	cr_assert_eq(src.v4, OUR4);
	cr_assert_eq(net_route_add(n, false, &p8, 8, &g0, 0, 5), 0);
	src = none;
	cr_assert_eq(route(h, false, v4(IP4(20, 1, 1, 1)), &src, &d), 0);
	cr_assert_eq(d.ifc, 0);
	cr_assert_eq(net_route_del(n, false, &p8, 8, &g0), 0);
	cr_assert_eq(net_route_del(n, false, &p8, 8, &g0), -ENOENT);
	src = none;
	cr_assert_eq(route(h, false, v4(IP4(20, 1, 1, 1)), &src, &d), 0);
	cr_assert_eq(d.ifc, 1);
	p8.v4 |= 1;
	cr_assert_eq(net_route_add(n, false, &p8, 8, &g1, 1, 10), -EINVAL);
	host_free(h);
}

Test(route, rfc1122_3_3_1_1_gateway_is_resolved)
{
	struct host *h = host_ready();
	union net_ip gw = v4(IP4(10, 0, 0, 254));

	cr_assert_eq(net_route_add(h->core[0].net, false, &none, 0, &gw, NET_NO_IFC, 0), 0);
	cr_assert_eq(send4(h, IP4(99, 1, 1, 1), 1), 0);
	cr_assert_eq(expect_arp(h, bcast_mac, WIRE_ARP_REQUEST).tpa, gw.v4);
	host_free(h);
}

Test(route, rfc1122_3_2_1_3_destinations_that_never_leave)
{
	static const uint32_t never[] = {IP4(127, 0, 0, 1), 0, IP4(0, 0, 0, 1), IP4(250, 1, 1, 1)};
	struct host *h = host_ready();
	union net_ip src, gw = v4(IP4(10, 0, 0, 254));
	struct net_dst d;

	net_route_add(h->core[0].net, false, &none, 0, &gw, NET_NO_IFC, 0);
	for (unsigned i = 0; i < RTE_DIM(never); i++) {
		src = none;
		cr_assert_eq(route(h, false, v4(never[i]), &src, &d), -ENETUNREACH);
	}
	src = none;
	cr_assert_eq(route(h, true, none, &src, &d), -ENETUNREACH);
	cr_assert_eq(route(h, true, v6(0, 0, 1), &src, &d), -ENETUNREACH);
	host_free(h);
}

Test(route, source_must_be_ours)
{
	struct host *h = host_ready();
	union net_ip src = v4(~0u);
	struct net_dst d;

	cr_assert_eq(route(h, false, v4(PEER4), &src, &d), -EADDRNOTAVAIL);
	src = v4(THIRD4);
	cr_assert_eq(route(h, false, v4(PEER4), &src, &d), -EADDRNOTAVAIL);
	src = v4(OUR4);
	cr_assert_eq(route(h, false, v4(PEER4), &src, &d), 0);
	host_free(h);
}

Test(route, rfc6724_5_source_address)
{
	struct host *h = host_ready();
	struct net *n = h->core[0].net;
	union net_ip ula = v6(0xfd, 0, 1), gw = v6(0xfe, 0x80, 0xfe), src;
	struct net_dst d;

	cr_assert_eq(net_addr_add(n, 0, true, &ula, 64), 0);
	cr_assert_eq(net_route_add(n, true, &none, 0, &gw, 0, 0), 0);
	src = none;
	cr_assert_eq(route(h, true, v6(0xfe, 0x80, 9), &src, &d), 0);
	cr_assert(memcmp(&src, &our_ll6, 16) == 0, "rule 2: link-local");
	src = none;
	cr_assert_eq(route(h, true, v6(0x20, 0x02, 9), &src, &d), 0);
	cr_assert(memcmp(&src, &our6, 16) == 0, "rule 8: longest match");
	src = none;
	cr_assert_eq(route(h, true, v6(0xfd, 1, 9), &src, &d), 0);
	cr_assert(memcmp(&src, &ula, 16) == 0, "rule 8: longest match");
	src = none;
	cr_assert_eq(route(h, true, v6(0xff, 0x02, 9), &src, &d), 0);
	cr_assert(memcmp(&src, &our_ll6, 16) == 0, "rule 2: scope of the group");
	host_free(h);
}

Test(route, link_local_needs_its_interface)
{
	struct host *h = two_ifc();
	struct net *n = h->core[0].net;
	union net_ip dst = v6(0xfe, 0x80, 9), src = none;
	struct net_dst d;

	cr_assert_eq(net_ifc_linklocal(n, 1), 0);
	cr_assert_eq(net_route(n, true, &dst, &src, 1, &d), 0);
	cr_assert_eq(d.ifc, 1);
	src = none;
	cr_assert_eq(net_route(n, true, &dst, &src, 0, &d), 0);
	cr_assert_eq(d.ifc, 0);
	cr_assert_eq(net_route(n, true, &dst, &src, 7, &d), -ENETUNREACH);
	host_free(h);
}

Test(route, a_handle_outlives_its_neighbour)
{
	struct host *h = host_ready();
	struct net *n = h->core[0].net;
	struct net_tx tx = {.proto = IPPROTO_UDP};
	union net_ip src = none, gw = v4(IP4(10, 0, 0, 254)), p = v4(IP4(20, 0, 0, 0));
	struct rte_mbuf *m;
	struct net_dst d;
	struct wire_ip4 ip;

	net_route_add(n, false, &none, 0, &gw, NET_NO_IFC, 0);
	learn4(h, gw.v4, peer_mac);
	learn4(h, THIRD4, third_mac);
	cr_assert_eq(route(h, false, v4(IP4(20, 1, 1, 1)), &src, &d), 0);
	d.mtu = 1000; /* path MTU */
	gw = v4(THIRD4);
	net_route_add(n, false, &p, 8, &gw, NET_NO_IFC, 0);
	m = pkt_alloc(&h->core[0].env.pool);
	memset(rte_pktmbuf_append(m, 8), 0, 8);
	cr_assert_eq(net_output4(n, &d, m, src.v4, IP4(20, 1, 1, 1), &tx), 0);
	expect_ip4(h, third_mac, &ip);
	cr_assert_eq(d.mtu, 1000);
	host_free(h);
}

Test(route, an_address_that_went_away)
{
	struct host *h = host_ready();
	struct net *n = h->core[0].net;
	struct net_tx tx = {.proto = IPPROTO_UDP};
	union net_ip src = none, ip = v4(OUR4);
	struct rte_mbuf *m;
	struct net_dst d;

	learn4(h, PEER4, peer_mac);
	cr_assert_eq(route(h, false, v4(PEER4), &src, &d), 0);
	cr_assert_eq(net_addr_del(n, 0, false, &ip), 0);
	m = pkt_alloc(&h->core[0].env.pool);
	memset(rte_pktmbuf_append(m, 8), 0, 8);
	cr_assert_eq(net_output4(n, &d, m, src.v4, PEER4, &tx), -ENETUNREACH);
	host_dropped(h, DROP_no_source);
	host_free(h);
}

Test(route, permanent_neighbour)
{
	struct host *h = host_ready();
	union net_ip ip = v4(PEER4);
	struct wire_ip4 i;
	struct wire_arp a = {.op = WIRE_ARP_REPLY, .spa = PEER4, .tpa = OUR4};
	uint8_t b[64];

	cr_assert_eq(net_neigh_add(h->core[0].net, 0, false, &ip, third_mac), 0);
	memcpy(a.sha, peer_mac, 6);
	host_rx(h, b, put_arp(b, our_mac, &a));
	host_run(h, 100000000);
	cr_assert_eq(send4(h, PEER4, 1), 0);
	expect_ip4(h, third_mac, &i);
	host_quiet(h);
	host_free(h);
}

Test(route, arguments)
{
	struct host *h = host_ready();
	struct net *n = h->core[0].net;
	struct net_ifc f = h->ifc;
	union net_ip ip = v4(IP4(10, 0, 0, 255));

	cr_assert_eq(net_ifc_add(n, &f), -EEXIST);
	f.port = 64;
	cr_assert_eq(net_ifc_add(n, &f), -EINVAL);
	cr_assert_eq(net_addr_add(n, 0, false, &ip, 24), -EINVAL);
	ip = v4(OUR4);
	cr_assert_eq(net_addr_add(n, 0, false, &ip, 24), -EEXIST);
	cr_assert_eq(net_addr_add(n, 1, false, &ip, 24), -EINVAL);
	cr_assert_eq(net_addr_del(n, 1, false, &ip), -ENOENT);
	for (uint32_t i = 2; i <= NET_ADDR_MAX; i++) {
		ip = v4(IP4(10, 5, (uint8_t)i, 1));
		cr_assert_eq(net_addr_add(n, 0, false, &ip, 24), 0);
	}
	ip = v4(IP4(10, 6, 0, 1));
	cr_assert_eq(net_addr_add(n, 0, false, &ip, 24), -ENOSPC);
	host_free(h);
}
