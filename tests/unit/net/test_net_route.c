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

#define GW1 IP4(10, 0, 0, 254)
#define GW2 IP4(10, 0, 0, 253)
#define FAR IP4(20, 1, 1, 1)

static const uint8_t gw1_mac[6] = {2, 0, 0, 0, 1, 1}, gw2_mac[6] = {2, 0, 0, 0, 1, 2};

static struct host *with_gateways(unsigned n_cores)
{
	struct host *h = host_new(n_cores);
	union net_ip g1 = v4(GW1), g2 = v4(GW2);

	h->conf.acd = false;
	host_start(h, true, false);
	for (unsigned c = 0; c < n_cores; c++) {
		cr_assert_eq(net_route_add(h->core[c].net, false, &none, 0, &g1, 0, 0), 0);
		cr_assert_eq(net_route_add(h->core[c].net, false, &none, 0, &g2, 0, 10), 0);
	}
	host_run(h, 1000000);
	h->next_out = h->n_out;
	learn4(h, GW1, gw1_mac);
	learn4(h, GW2, gw2_mac);
	return h;
}

/* A Redirect from the first gateway for a packet of ours to dst. */
static unsigned put_redirect(uint8_t *b, uint32_t from, uint8_t code, uint32_t dst, uint32_t gw)
{
	uint8_t msg[36] = {5, code};
	struct wire_ip4 quoted = ip4_hdr(IPPROTO_UDP, OUR4, dst, 8);
	struct wire_ip4 ip = ip4_hdr(IPPROTO_ICMP, from, OUR4, sizeof(msg));
	uint16_t sum;

	for (unsigned i = 0; i < 4; i++)
		msg[4 + i] = (uint8_t)(gw >> (24 - 8 * i));
	wire_ip4_emit(msg + 8, &quoted, true);
	sum = wire_cksum_fold(wire_cksum_sum(msg, sizeof(msg), 0));
	memcpy(msg + 2, &sum, sizeof(sum));
	return put_ip4(b, NULL, &ip, msg);
}

static void goes_by(struct host *h, uint16_t core, uint32_t dst, const uint8_t mac[6])
{
	struct wire_ip4 ip;

	cr_assert_eq(send4_core(h, core, dst, 10), 0);
	expect_ip4(h, mac, &ip);
	cr_assert_eq(ip.dst, dst);
}

Test(route, rfc1122_3_3_1_4_dead_gateway)
{
	struct host *h = with_gateways(1);

	goes_by(h, 0, FAR, gw1_mac);
	/* It falls silent: probed, found dead, passed over. */
	for (unsigned s = 0; s < 90 && strcmp(state4(h, GW1), "FAILED") != 0; s++) {
		send4(h, FAR, 10);
		host_run(h, 1000000);
	}
	cr_assert_str_eq(state4(h, GW1), "FAILED");
	h->next_out = h->n_out;
	goes_by(h, 0, FAR, gw2_mac);
	/* After a while it gets another chance. */
	host_run(h, 70000000);
	h->next_out = h->n_out;
	send4(h, FAR, 10);
	expect_arp(h, bcast_mac, 1);
	host_free(h);
}

/* Advice from above: found dead within seconds, though it was reachable just before. */
Test(route, rfc1122_3_3_1_4_suspected_gateway)
{
	struct host *h = with_gateways(1);
	union net_ip src = none;
	struct net_dst d;

	cr_assert_eq(route(h, false, v4(FAR), &src, &d), 0);
	cr_assert_str_eq(state4(h, GW1), "REACHABLE");
	net_suspect(h->core[0].net, &d); /* it was proved so just now */
	host_quiet(h);
	host_run(h, 1000000);
	h->next_out = h->n_out;
	net_suspect(h->core[0].net, &d);
	expect_arp(h, gw1_mac, 1);
	net_suspect(h->core[0].net, &d);
	host_quiet(h);
	goes_by(h, 0, FAR, gw1_mac); /* until it is known */
	host_run(h, 5000000);
	cr_assert_str_eq(state4(h, GW1), "FAILED");
	h->next_out = h->n_out;
	goes_by(h, 0, FAR, gw2_mac);
	net_suspect(h->core[0].net, &d); /* an entry that is no more */
	host_quiet(h);
	host_free(h);
}

Test(route, rfc1122_3_2_2_2_redirect)
{
	struct host *h = with_gateways(2);
	uint8_t b[HOST_BYTES];

	for (uint16_t c = 0; c < 2; c++)
		goes_by(h, c, FAR, gw1_mac);
	host_rx(h, b, put_redirect(b, GW1, 1, FAR, GW2));
	host_settle(h);
	for (uint16_t c = 0; c < 2; c++) {
		goes_by(h, c, FAR, gw2_mac);
		goes_by(h, c, FAR + 1, gw1_mac);
	}
	/* And back, by the one that is first hop now. */
	host_run(h, 200000);
	host_rx(h, b, put_redirect(b, GW2, 1, FAR, GW1));
	host_settle(h);
	goes_by(h, 1, FAR, gw1_mac);
	cr_assert_eq(host_counter(h, CNT_icmp4_redirects), 2);
	host_free(h);
}

Test(route, redirect_ends)
{
	struct host *h = with_gateways(1);
	uint8_t b[HOST_BYTES];

	host_rx(h, b, put_redirect(b, GW1, 0, FAR, GW2));
	goes_by(h, 0, FAR, gw2_mac);
	host_run(h, 601000000);
	h->next_out = h->n_out;
	goes_by(h, 0, FAR, gw1_mac);
	host_free(h);
}

Test(route, rfc1122_3_2_2_2_redirect_not_to_be_believed)
{
	struct host *h = with_gateways(1);
	uint8_t b[HOST_BYTES];

	host_rx(h, b, put_redirect(b, THIRD4, 1, FAR, GW2)); /* not from the first hop */
	host_dropped(h, DROP_icmp4_redirect);
	host_rx(h, b, put_redirect(b, GW1, 1, FAR, IP4(10, 77, 0, 1))); /* no neighbour */
	host_dropped(h, DROP_icmp4_redirect);
	host_rx(h, b, put_redirect(b, GW1, 1, FAR, OUR4));
	host_dropped(h, DROP_icmp4_redirect);
	host_rx(h, b, put_redirect(b, GW1, 1, FAR, GW1));
	host_dropped(h, DROP_icmp4_redirect);
	host_rx(h, b, put_redirect(b, GW1, 4, FAR, GW2));
	host_dropped(h, DROP_icmp4_redirect);
	host_rx(h, b, put_redirect(b, GW1, 1, PEER4, GW2)); /* a neighbour needs no gateway */
	host_dropped(h, DROP_icmp4_redirect);
	goes_by(h, 0, FAR, gw1_mac);
	host_free(h);
}

/* However many there are, each costs a bounded place. */
Test(route, redirect_flood)
{
	struct host *h = with_gateways(1);
	uint8_t b[HOST_BYTES];

	for (unsigned i = 0; i < 1000; i++) {
		host_run(h, 100000);
		host_rx(h, b, put_redirect(b, GW1, 1, FAR + 256 * i, GW2));
		h->n_out = 0;
		h->next_out = 0;
	}
	cr_assert_eq(host_counter(h, CNT_icmp4_redirects), 1000);
	host_free(h);
}

Test(route, a_route_has_options_of_its_own)
{
	struct host *h = host_ready();
	struct net *n = h->core[0].net;
	union net_ip p8 = v4(IP4(20, 0, 0, 0)), gw = v4(IP4(10, 0, 0, 254)), src = none,
		     dst = v4(IP4(20, 1, 1, 1)), near = v4(PEER4);
	struct net_route_opts o = {.mtu = 1000, .mss = 900, .cc = 2};
	struct net_dst d;

	cr_assert_eq(net_route_opts_set(n, false, &p8, 8, &gw, &o), -ENOENT);
	cr_assert_eq(net_route_add(n, false, &p8, 8, &gw, 0, 0), 0);
	cr_assert_eq(net_route_opts_set(n, false, &p8, 8, &gw, &o), 0);
	cr_assert_eq(route(h, false, dst, &src, &d), 0);
	cr_assert_eq(d.mtu, 1000);
	cr_assert_eq(net_route_opts(n, false, &dst)->mss, 900);
	cr_assert_eq(net_route_opts(n, false, &near)->mss, 0);
	host_free(h);
}
