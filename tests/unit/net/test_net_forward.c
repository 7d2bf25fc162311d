/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "net_host.h"
#include "net_priv.h"

/*
 * A router between interface 0, where the peer is, and interface 1 with 10.1.0.1/24 and 2001:db8:1::1/64. The
 * conformance suite (group GW4) asks for the rest of RFC 1812.
 */
#define FAR4	 IP4(10, 1, 0, 9)
#define FAR_OUR4 IP4(10, 1, 0, 1)
#define NEXT4	 IP4(10, 1, 0, 7)
#define OTHER4	 IP4(10, 1, 0, 8)
#define NET4	 IP4(198, 51, 100, 0)

static const uint8_t far_mac[6] = {2, 0, 0, 0, 0, 0x99}, out_mac[6] = {2, 0, 0, 0, 0, 0x11},
		     next_mac[6] = {2, 0, 0, 0, 0, 0x77}, other_mac[6] = {2, 0, 0, 0, 0, 0x88};
static const struct ip6 far6 = {{0x20, 1, 0xd, 0xb8, 0, 1, [15] = 9}},
			far_our6 = {{0x20, 1, 0xd, 0xb8, 0, 1, [15] = 1}},
			nowhere6 = {{0x20, 1, 0xd, 0xb8, 0, 7, [15] = 9}};

static union net_ip ip4_of(uint32_t v4)
{
	return net_ip4(v4);
}

static void second_interface(struct host *h, struct net *n)
{
	struct net_ifc ifc = {.port = 1, .mtu = 1500, .forward = true};
	union net_ip a4 = ip4_of(FAR_OUR4), f4 = ip4_of(FAR4), n4 = ip4_of(NEXT4),
		     o4 = ip4_of(OTHER4);
	union net_ip a6 = {.v6 = far_our6}, f6 = {.v6 = far6};
	union net_ip p4 = ip4_of(PEER4), p6 = {.v6 = peer6};

	memcpy(ifc.mac, out_mac, 6);
	cr_assert_eq(net_ifc_add(n, &ifc), 1);
	cr_assert_eq(net_addr_add(n, 1, false, &a4, 24), 0);
	cr_assert_eq(net_addr_add(n, 1, true, &a6, 64), 0);
	cr_assert_eq(net_neigh_add(n, 1, false, &f4, far_mac), 0);
	cr_assert_eq(net_neigh_add(n, 1, false, &n4, next_mac), 0);
	cr_assert_eq(net_neigh_add(n, 1, false, &o4, other_mac), 0);
	cr_assert_eq(net_neigh_add(n, 1, true, &f6, far_mac), 0);
	cr_assert_eq(net_neigh_add(n, 0, false, &p4, peer_mac), 0);
	cr_assert_eq(net_neigh_add(n, 0, true, &p6, peer_mac), 0);
}

static struct host *router(unsigned n_cores, enum net_rpf rpf)
{
	struct host *h = host_new(n_cores);

	h->conf.acd = false;
	h->conf.dad_transmits = 0;
	h->ifc.forward = true;
	h->ifc.rpf = rpf;
	host_start(h, true, true);
	for (unsigned k = 0; k < n_cores; k++)
		second_interface(h, h->core[k].net);
	host_run(h, 5000000);
	while (host_tx(h) != NULL)
		;
	return h;
}

static int route_add(struct host *h, uint32_t prefix, uint8_t plen, uint32_t via, uint16_t ifc,
	enum net_route_kind kind)
{
	union net_ip p = ip4_of(prefix), g = ip4_of(via);
	struct net_route_opts o = {.kind = (uint8_t)kind};
	int ret = net_route_add(h->core[0].net, false, &p, plen, &g, ifc, 0);

	return ret != 0 ? ret : net_route_opts_set(h->core[0].net, false, &p, plen, &g, &o);
}

static unsigned packet4(uint8_t *b, uint32_t src, uint32_t dst, uint16_t dport, uint8_t ttl)
{
	unsigned n = put_udp4(b, src, dst, 5000, dport, 64);

	b[14 + 8] = ttl;
	fix_ip4(b + 14);
	return n;
}

static void send4_from_peer(struct host *h, uint32_t dst, uint16_t dport, uint8_t ttl)
{
	uint8_t b[HOST_BYTES];

	host_rx(h, b, packet4(b, PEER4, dst, dport, ttl));
}

static void expect_error4(struct host *h, uint8_t type, uint8_t code)
{
	const uint8_t *quoted;
	struct wire_ip4 ip;
	struct wire_icmp i = expect_icmp4(h, &ip, &quoted);

	cr_assert_eq(i.type, type);
	cr_assert_eq(i.code, code);
	cr_assert_eq(ip.src, OUR4, "an address of the interface it leaves by");
	cr_assert_eq(ip.dst, PEER4);
}

/* RFC 1812 sections 5.3.1 and 4.2.2.5, RFC 1624: nothing but TTL and checksum changes, whatever they are. */
Test(net_forward, ttl_and_checksum_rfc1812_5_3_1)
{
	struct host *h = router(1, NET_RPF_OFF);

	for (unsigned ttl = 2; ttl < 256; ttl++) {
		uint8_t b[HOST_BYTES];
		unsigned n = packet4(b, PEER4, FAR4, 7, (uint8_t)ttl);
		const struct frame *f;
		struct wire_ip4 ip;

		wire_put16(b + 14 + 4, (uint16_t)(ttl * 257));
		fix_ip4(b + 14);
		host_rx(h, b, n);
		f = host_tx(h);
		cr_assert_not_null(f);
		cr_assert_eq(f->ifc, 1);
		cr_assert_arr_eq(f->b, far_mac, 6);
		cr_assert_arr_eq(f->b + 6, out_mac, 6);
		cr_assert_gt(wire_ip4_parse(f->b + 14, f->len - 14u, true, &ip), 0);
		cr_assert_eq(ip.ttl, ttl - 1);
		cr_assert_eq(f->len, n);
		cr_assert_arr_eq(f->b + 14 + 12, b + 14 + 12, n - 26);
	}
	cr_assert_eq(host_counter(h, CNT_ip4_forwarded), 254);
	host_free(h);
}

Test(net_forward, off_by_default)
{
	struct host *h = host_ready();

	send4_from_peer(h, FAR4, 7, 64);
	host_dropped(h, DROP_ip4_not_ours);
	host_free(h);
}

/* Section 5.2.7.1: which code for which route. */
Test(net_forward, route_kinds_rfc1812_5_2_7_1)
{
	struct host *h = router(1, NET_RPF_OFF);
	union net_ip dst = ip4_of(NET4 + 1), src = ip4_of(0);
	struct net_dst d;

	send4_from_peer(h, NET4 + 1, 7, 64);
	expect_error4(h, WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_NET);
	cr_assert_eq(route_add(h, NET4, 24, 0, 1, NET_ROUTE_UNREACHABLE), 0);
	send4_from_peer(h, NET4 + 1, 7, 64);
	expect_error4(h, WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_HOST);
	cr_assert_eq(net_route(h->core[0].net, false, &dst, &src, NET_NO_IFC, &d), -EHOSTUNREACH);
	cr_assert_eq(net_route_flush(h->core[0].net, false), 1);
	cr_assert_eq(route_add(h, NET4, 24, 0, 1, NET_ROUTE_PROHIBIT), 0);
	send4_from_peer(h, NET4 + 1, 7, 64);
	expect_error4(h, WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_ADMIN);
	cr_assert_eq(net_route(h->core[0].net, false, &dst, &src, NET_NO_IFC, &d), -EACCES);
	cr_assert_eq(net_route_flush(h->core[0].net, false), 1);
	cr_assert_eq(route_add(h, NET4, 24, 0, 1, NET_ROUTE_BLACKHOLE), 0);
	send4_from_peer(h, NET4 + 1, 7, 64);
	host_quiet(h);
	cr_assert_eq(host_drops(h, DROP_fwd_blackhole), 1);
	cr_assert_eq(net_route(h->core[0].net, false, &dst, &src, NET_NO_IFC, &d), -ENETUNREACH);
	/* A longer prefix makes an exception of it. */
	cr_assert_eq(route_add(h, NET4, 25, NEXT4, 1, NET_ROUTE_UNICAST), 0);
	send4_from_peer(h, NET4 + 1, 7, 64);
	cr_assert_arr_eq(host_tx(h)->b, next_mac, 6);
	host_free(h);
}

/* Section 5.2.7.1: each packet that waited for a neighbour that does not answer. */
Test(net_forward, host_unreachable_rfc1812_5_2_7_1)
{
	struct host *h = router(1, NET_RPF_OFF);
	unsigned errors = 0;

	for (unsigned i = 0; i < 3; i++)
		send4_from_peer(h, IP4(10, 1, 0, 200), (uint16_t)(7 + i), 64);
	for (unsigned i = 0; i < 5; i++) {
		const struct frame *f;

		host_run(h, 1000000);
		while ((f = host_tx(h)) != NULL)
			if (wire_get16(f->b + 12) == 0x0800) {
				cr_assert_eq(f->ifc, 0);
				cr_assert_eq(f->b[34], WIRE_ICMP4_UNREACH);
				cr_assert_eq(f->b[35], WIRE_ICMP4_UNREACH_HOST);
				errors++;
			}
	}
	cr_assert_eq(errors, 3);
	host_free(h);
}

/* Section 5.3.8, RFC 3704. */
Test(net_forward, rpf_rfc3704)
{
	uint8_t b[HOST_BYTES];
	struct host *h = router(1, NET_RPF_STRICT);

	host_rx(h, b,
		packet4(b, IP4(10, 1, 0, 50), FAR4, 7, 64)); /* its route is over the other one */
	host_dropped(h, DROP_fwd_source);
	host_rx(h, b, packet4(b, PEER4, FAR4, 7, 64));
	cr_assert_not_null(host_tx(h));
	host_free(h);
	h = router(1, NET_RPF_LOOSE);
	host_rx(h, b, packet4(b, IP4(10, 1, 0, 50), FAR4, 7, 64));
	cr_assert_not_null(host_tx(h));
	host_rx(h, b, packet4(b, NET4 + 1, FAR4, 7, 64)); /* no route at all */
	host_dropped(h, DROP_fwd_source);
	host_free(h);
}

/* RFC 2992: flows are spread over equal routes, and each keeps its own. */
Test(net_forward, equal_routes_rfc2992)
{
	struct host *h = router(1, NET_RPF_OFF);
	unsigned by_next = 0;

	cr_assert_eq(route_add(h, NET4, 24, NEXT4, 1, NET_ROUTE_UNICAST), 0);
	cr_assert_eq(route_add(h, NET4, 24, OTHER4, 1, NET_ROUTE_UNICAST), 0);
	for (unsigned i = 0; i < 200; i++) {
		const struct frame *f;
		uint8_t mac[6];

		send4_from_peer(h, NET4 + 1, (uint16_t)(1000 + i), 64);
		memcpy(mac, host_tx(h)->b, 6);
		by_next += memcmp(mac, next_mac, 6) == 0;
		send4_from_peer(h, NET4 + 1, (uint16_t)(1000 + i), 64);
		f = host_tx(h);
		cr_assert_arr_eq(f->b, mac, 6, "another way for the same flow");
	}
	cr_assert(by_next > 60 && by_next < 140, "%u of 200", by_next);
	host_free(h);
}

/* RFC 2644, and RFC 3927 section 7. */
Test(net_forward, neither_broadcast_nor_link_local)
{
	uint8_t b[HOST_BYTES];
	struct host *h = router(1, NET_RPF_OFF);

	send4_from_peer(h, IP4(10, 1, 0, 255), 7, 64);
	host_dropped(h, DROP_fwd_broadcast);
	send4_from_peer(h, IP4(169, 254, 1, 1), 7, 64);
	host_dropped(h, DROP_fwd_martian);
	host_rx(h, b, packet4(b, IP4(169, 254, 1, 1), FAR4, 7, 64));
	host_dropped(h, DROP_fwd_martian);
	host_rx(h, b, packet4(b, FAR_OUR4, FAR4, 7, 64)); /* from our own other address */
	host_dropped(h, DROP_fwd_martian);
	host_free(h);
}

/* What is passed on stays on the core that got it. */
Test(net_forward, stays_on_its_core)
{
	struct host *h = router(4, NET_RPF_OFF);

	for (uint16_t core = 0; core < 4; core++) {
		uint8_t b[HOST_BYTES];
		const struct frame *f;

		host_rx_core(h, core, b, packet4(b, PEER4, FAR4, 7, 64));
		f = host_tx(h);
		cr_assert_not_null(f);
		cr_assert_eq(f->core, core);
		cr_assert_eq(h->core[core].handoffs, 0);
	}
	host_free(h);
}

static unsigned packet6(uint8_t *b, const struct ip6 *src, const struct ip6 *dst, uint8_t hops)
{
	unsigned n = put_udp6(b, src, dst, 5000, 7, 64);

	b[14 + 7] = hops;
	return n;
}

static struct wire_icmp error6(struct host *h)
{
	const uint8_t *quoted;
	struct wire_ip6 ip;
	struct wire_icmp i = expect_icmp6(h, &ip, &quoted);

	cr_assert_arr_eq(ip.dst.b, peer6.b, 16);
	return i;
}

/* RFC 8200 section 3: hop limit; RFC 4443 sections 3.1 to 3.3. */
Test(net_forward, ipv6_rfc8200_3_rfc4443_3)
{
	struct host *h = router(1, NET_RPF_OFF);
	uint8_t b[HOST_BYTES];
	const struct frame *f;
	struct wire_icmp i;
	unsigned n = packet6(b, &peer6, &far6, 64);

	host_rx(h, b, n);
	f = host_tx(h);
	cr_assert_not_null(f);
	cr_assert_eq(f->ifc, 1);
	cr_assert_arr_eq(f->b, far_mac, 6);
	cr_assert_eq(f->b[14 + 7], 63);
	cr_assert_arr_eq(f->b + 14 + 8, b + 14 + 8, n - 22);
	cr_assert_eq(host_counter(h, CNT_ip6_forwarded), 1);
	host_rx(h, b, packet6(b, &peer6, &far6, 1));
	i = error6(h);
	cr_assert(i.type == WIRE_ICMP6_TIME && i.code == 0);
	host_rx(h, b, packet6(b, &peer6, &nowhere6, 64));
	i = error6(h);
	cr_assert(i.type == WIRE_ICMP6_UNREACH && i.code == WIRE_ICMP6_UNREACH_ROUTE);
	cr_assert_eq(net_ifc_mtu(h->core[0].net, 1, 1300), 0);
	host_rx(h, b, put_udp6(b, &peer6, &far6, 5000, 7, 1300));
	i = error6(h);
	cr_assert(i.type == WIRE_ICMP6_TOO_BIG && i.rest == 1300);
	host_free(h);
}

/* RFC 4443 section 3.1 (code 2), RFC 4291 section 2.5.6: link-local addresses stay on their link. */
Test(net_forward, ipv6_scope_rfc4443_3_1)
{
	struct host *h = router(1, NET_RPF_OFF);
	uint8_t b[HOST_BYTES];
	const uint8_t *quoted;
	static const uint8_t group[6] = {0x33, 0x33, 0xff, 0, 0, 2};
	struct wire_ip6 ip;
	struct wire_icmp i;
	struct wire_nd nd;

	host_rx(h, b, packet6(b, &peer_ll6, &far6, 64));
	nd = expect_nd(h, group, WIRE_ICMP6_NS, &ip); /* to whom the error goes */
	cr_assert_arr_eq(nd.target.b, peer_ll6.b, 16);
	learn6(h, &peer_ll6, peer_mac);
	host_rx(h, b, packet6(b, &peer_ll6, &far6, 64));
	i = expect_icmp6(h, &ip, &quoted);
	cr_assert(i.type == WIRE_ICMP6_UNREACH && i.code == WIRE_ICMP6_UNREACH_SCOPE);
	host_free(h);
}

/* RFC 4861 sections 4.5 and 8.2: the destination is on the sender's own link. */
Test(net_forward, ipv6_redirect_rfc4861_8_2)
{
	struct host *h = router(1, NET_RPF_OFF);
	union net_ip t6 = {.v6 = third6};
	bool redirect = false, passed = false;
	uint8_t b[HOST_BYTES];
	const struct frame *f;

	cr_assert_eq(net_neigh_add(h->core[0].net, 0, true, &t6, third_mac), 0);
	host_rx(h, b, packet6(b, &peer6, &third6, 64));
	while ((f = host_tx(h)) != NULL) {
		if (f->b[14 + 6] != IPPROTO_ICMPV6) {
			passed = memcmp(f->b, third_mac, 6) == 0;
			continue;
		}
		redirect = f->b[54] == WIRE_ICMP6_REDIRECT;
		cr_assert_eq(f->b[14 + 7], 255);
		cr_assert_arr_eq(f->b + 14 + 8, our_ll6.b, 16, "from the link-local address");
		cr_assert_arr_eq(f->b + 54 + 8, third6.b, 16, "target");
		cr_assert_arr_eq(f->b + 54 + 24, third6.b, 16, "destination");
		cr_assert(f->b[54 + 40] == 2 && f->b[54 + 41] == 1);
		cr_assert_arr_eq(f->b + 54 + 42, third_mac, 6);
		cr_assert_eq(f->b[54 + 48], 4, "the packet");
		cr_assert_eq(f->b[54 + 49] * 8u, f->len - 54u - 48u);
		cr_assert_eq(f->b[54 + 56] >> 4, 6);
	}
	cr_assert(redirect && passed);
	host_free(h);
}
