/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include "net_host.h"
#include "rng.h"
#include "wire_bytes.h"

TestSuite(icmp4);

static struct host *icmp_host(void)
{
	struct host *h = host_ready();

	learn4(h, PEER4, peer_mac);
	return h;
}

/* An ICMP message with these bytes behind its header. */
static unsigned put_icmp4(
	uint8_t *b, uint32_t src, uint32_t dst, struct wire_icmp i, const uint8_t *data, unsigned n)
{
	struct wire_ip4 ip = ip4_hdr(IPPROTO_ICMP, src, dst, 8 + n);
	uint8_t l4[HOST_BYTES];
	uint16_t sum;

	i.cksum = 0;
	wire_icmp_emit(l4, &i);
	memcpy(l4 + 8, data, n);
	sum = wire_cksum_fold(wire_cksum_sum(l4, 8 + n, 0));
	memcpy(l4 + 2, &sum, 2);
	return put_ip4(b, NULL, &ip, l4);
}

/* What a router would quote of a UDP packet of ours. */
static unsigned put_quote(
	uint8_t *b, uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport, uint16_t total_len)
{
	uint8_t f[HOST_BYTES];

	put_udp4(f, src, dst, sport, dport, 20);
	wire_put16(f + 16, total_len);
	memcpy(b, f + 14, 28);
	return 28;
}

Test(icmp4, rfc1122_3_2_2_6_echo_returns_the_data)
{
	static const unsigned size[] = {0, 1, 7, 56, 1472};
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES];

	for (unsigned i = 0; i < RTE_DIM(size); i++) {
		const uint8_t *data;
		struct wire_icmp r;
		struct wire_ip4 ip;

		host_rx(h, b, put_echo4(b, PEER4, OUR4, size[i]));
		r = expect_icmp4(h, &ip, &data);
		cr_assert_eq(r.type, WIRE_ICMP4_ECHO_REPLY);
		cr_assert_eq(r.rest, 0x12340001);
		cr_assert_eq(ip.src, OUR4);
		cr_assert_eq(ip.dst, PEER4);
		cr_assert_eq(ip.total_len, 28 + size[i]);
		cr_assert_arr_eq(data, b + 42, size[i]);
	}
	cr_assert_eq(host_counter(h, CNT_icmp4_tx_echo_replies), RTE_DIM(size));
	host_free(h);
}

Test(icmp4, echo_waits_for_resolution)
{
	struct host *h = host_ready();
	struct wire_arp a = {.op = WIRE_ARP_REPLY, .spa = PEER4, .tpa = OUR4};
	struct wire_ip4 ip;
	uint8_t b[HOST_BYTES];

	memcpy(a.sha, peer_mac, 6);
	host_rx(h, b, put_echo4(b, PEER4, OUR4, 56));
	expect_arp(h, bcast_mac, WIRE_ARP_REQUEST);
	host_rx(h, b, put_arp(b, our_mac, &a));
	cr_assert_eq(expect_icmp4(h, &ip, NULL).type, WIRE_ICMP4_ECHO_REPLY);
	host_free(h);
}

Test(icmp4, rfc1122_3_2_2_6_echo_of_segments)
{
	struct host *h = icmp_host();
	struct pkt_pool *pool = &h->core[0].env.pool;
	uint8_t b[HOST_BYTES];
	unsigned len = put_echo4(b, PEER4, OUR4, 1001);
	const uint8_t *data;
	struct wire_ip4 ip;

	for (unsigned first = 20; first < 600; first += 33) {
		struct rte_mbuf *m = pkt_alloc(pool), *s = pkt_alloc(pool);

		memcpy(rte_pktmbuf_append(m, (uint16_t)first), b, first);
		memcpy(rte_pktmbuf_append(s, (uint16_t)(len - first)), b + first, len - first);
		rte_pktmbuf_chain(m, s);
		m->port = 0;
		net_input(h->core[0].net, &m, 1);
		cr_assert_eq(expect_icmp4(h, &ip, &data).type, WIRE_ICMP4_ECHO_REPLY);
		cr_assert_arr_eq(data, b + 42, 1001);
	}
	host_free(h);
}

Test(icmp4, rfc1122_3_2_2_6_source_is_the_address_asked)
{
	struct host *h = icmp_host();
	union net_ip second = {.v6 = {{0}}};
	struct wire_ip4 ip;
	uint8_t b[HOST_BYTES];

	second.v4 = IP4(10, 0, 0, 9);
	net_addr_add(h->core[0].net, 0, false, &second, 24);
	host_run(h, 5000000);
	h->next_out = h->n_out;
	host_rx(h, b, put_echo4(b, PEER4, second.v4, 8));
	expect_icmp4(h, &ip, NULL);
	cr_assert_eq(ip.src, second.v4);
	host_free(h);
}

Test(icmp4, rfc1122_3_2_2_6_echo_to_broadcast_or_group_is_ignored)
{
	static const uint32_t all[] = {IP4(10, 0, 0, 255), ~0u, IP4(224, 0, 0, 1)};
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES];

	for (unsigned i = 0; i < RTE_DIM(all); i++) {
		host_rx(h, b, put_echo4(b, PEER4, all[i], 8));
		host_dropped(h, DROP_icmp4_bcast);
	}
	host_free(h);
}

Test(icmp4, echo_keeps_tos_and_may_be_switched_off)
{
	struct host *h = icmp_host();
	struct wire_ip4 ip;
	uint8_t b[HOST_BYTES];
	unsigned len = put_echo4(b, PEER4, OUR4, 8);

	b[15] = 0x20;
	fix_ip4(b + 14);
	host_rx(h, b, len);
	expect_icmp4(h, &ip, NULL);
	cr_assert_eq(ip.tos, 0x20);
	host_free(h);

	h = host_new(1);
	h->conf.acd = false;
	h->conf.echo_reply = false;
	host_start(h, true, false);
	host_run(h, 5000000);
	h->next_out = h->n_out;
	host_rx(h, b, put_echo4(b, PEER4, OUR4, 8));
	host_dropped(h, DROP_icmp4_type);
	host_free(h);
}

Test(icmp4, rfc1122_3_2_2_unknown_types_are_discarded)
{
	static const uint8_t type[] = {
		44, 1, 2, 7, 255, WIRE_ICMP4_ECHO_REPLY, WIRE_ICMP4_QUENCH, 13, 17};
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES], data[32] = {0};

	for (unsigned i = 0; i < RTE_DIM(type); i++) {
		struct wire_icmp m = {.type = type[i]};

		host_rx(h, b, put_icmp4(b, PEER4, OUR4, m, data, 32));
		host_dropped(h, DROP_icmp4_type);
	}
	host_free(h);
}

/* RFC 1122 section 3.2.2.2: nothing to believe. */
Test(icmp4, redirect_without_a_quoted_packet)
{
	struct wire_icmp m = {.type = WIRE_ICMP4_REDIRECT};
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES], data[32] = {0};

	host_rx(h, b, put_icmp4(b, PEER4, OUR4, m, data, 32));
	host_dropped(h, DROP_icmp4_redirect);
	host_free(h);
}

Test(icmp4, short_and_wrong_checksum)
{
	struct host *h = icmp_host();
	struct wire_ip4 ip = ip4_hdr(IPPROTO_ICMP, PEER4, OUR4, 7);
	uint8_t b[HOST_BYTES], l4[8] = {8};
	unsigned len;

	host_rx(h, b, put_ip4(b, NULL, &ip, l4));
	host_dropped(h, DROP_icmp4_short);
	len = put_echo4(b, PEER4, OUR4, 8);
	b[45] ^= 1;
	host_rx(h, b, len);
	host_dropped(h, DROP_icmp4_cksum);
	host_free(h);
}

Test(icmp4, rfc1122_3_2_2_error_quotes_the_packet)
{
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES];
	unsigned len = put_udp4(b, PEER4, OUR4, 7, 9, 100);
	const uint8_t *quote;
	struct wire_icmp i;
	struct wire_ip4 ip;

	b[15] = 0x20;
	b[14 + 8] = 1;
	fix_ip4(b + 14);
	host_rx(h, b, len);
	i = expect_icmp4(h, &ip, &quote);
	cr_assert_eq(i.type, WIRE_ICMP4_UNREACH);
	cr_assert_eq(i.code, WIRE_ICMP4_UNREACH_PORT);
	cr_assert_eq(i.rest, 0);
	cr_assert_eq(ip.tos, 0);
	cr_assert_eq(ip.total_len, 28 + len - 14);
	cr_assert_arr_eq(quote, b + 14, len - 14);
	host_rx(h, b, put_udp4(b, PEER4, OUR4, 7, 9, 1400));
	expect_icmp4(h, &ip, &quote);
	cr_assert_eq(ip.total_len, 576);
	cr_assert_arr_eq(quote, b + 14, 548);
	host_free(h);
}

Test(icmp4, rfc1122_3_2_2_no_error_about_these)
{
	static const struct {
		uint32_t src, dst;
	} never[] = {{PEER4, IP4(10, 0, 0, 255)}, {PEER4, IP4(224, 0, 0, 1)}, {0, OUR4},
		{IP4(127, 0, 0, 1), OUR4}, {IP4(224, 0, 0, 9), OUR4}, {IP4(10, 0, 0, 255), OUR4}};
	struct host *h = icmp_host();
	struct wire_ip4 ip = ip4_hdr(200, PEER4, OUR4, 8);
	uint8_t b[HOST_BYTES], l4[8] = {0};
	unsigned len;

	for (unsigned i = 0; i < RTE_DIM(never); i++) {
		host_rx(h, b, put_udp4(b, never[i].src, never[i].dst, 7, 9, 4));
		host_quiet(h);
	}
	ip.frag = 3; /* not the first fragment */
	host_rx(h, b, put_ip4(b, NULL, &ip, l4));
	host_quiet(h);
	len = put_udp4(b, PEER4, IP4(10, 0, 0, 255), 7, 9, 4);
	memset(b, 0xff, 6);
	host_rx(h, b, len);
	host_quiet(h);
	host_free(h);
}

Test(icmp4, rfc1122_3_2_2_no_error_about_an_error)
{
	static const uint8_t bad_option[4] = {0x9e, 1, 0, 0};
	struct host *h = icmp_host();
	struct wire_ip4 ip = ip4_hdr(IPPROTO_ICMP, PEER4, OUR4, 8);
	uint8_t b[HOST_BYTES], l4[8] = {WIRE_ICMP4_UNREACH};
	unsigned len;

	ip.hlen = 24;
	ip.total_len = 32;
	len = put_ip4(b, NULL, &ip, l4);
	memcpy(b + 34, bad_option, 4);
	fix_ip4(b + 14);
	host_rx(h, b, len);
	host_dropped(h, DROP_ip4_options);
	host_free(h);
}

Test(icmp4, rfc1812_4_3_2_8_errors_are_limited)
{
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES];
	unsigned n = 0;

	for (unsigned i = 0; i < 1000; i++)
		host_rx(h, b, put_udp4(b, PEER4, OUR4, 7, 9, 4));
	while (host_tx(h) != NULL)
		n++;
	cr_assert_eq(n, h->conf.icmp_burst);
	cr_assert_eq(host_counter(h, CNT_icmp4_limited), 1000 - n);
	host_run(h, 10000);
	for (n = 0; n < 100; n++)
		host_rx(h, b, put_udp4(b, PEER4, OUR4, 7, 9, 4));
	for (n = 0; host_tx(h) != NULL; n++)
		;
	cr_assert_eq(n, 10); /* a thousand a second */
	host_free(h);
}

Test(icmp4, errors_reach_the_transport)
{
	static const struct wire_icmp err[] = {{.type = WIRE_ICMP4_UNREACH, .code = 1},
		{.type = WIRE_ICMP4_UNREACH, .code = 3}, {.type = WIRE_ICMP4_TIME},
		{.type = WIRE_ICMP4_PARAM}};
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES], q[64];
	unsigned n = put_quote(q, OUR4, PEER4, 1234, 5678, 48);

	for (unsigned i = 0; i < RTE_DIM(err); i++) {
		host_rx(h, b, put_icmp4(b, THIRD4, OUR4, err[i], q, n));
		cr_assert_eq(h->n_error, i + 1);
		cr_assert_eq(h->error[i].type, err[i].type);
		cr_assert_eq(h->error[i].code, err[i].code);
		cr_assert_eq(h->error[i].mtu, 0);
		cr_assert_eq(h->error[i].quote.sport, 1234);
		cr_assert_eq(h->error[i].quote.dport, 5678);
		cr_assert_eq(h->error[i].quote.src4, OUR4);
	}
	host_quiet(h);
	host_free(h);
}

Test(icmp4, rfc1191_fragmentation_needed)
{
	static const struct {
		uint32_t told;
		uint16_t total_len;
		uint32_t mtu;
	} c[] = {{1000, 1500, 1000}, {60, 1500, 68}, {0, 1500, 1492}, {0, 1492, 1006}, {0, 50, 68}};
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES], q[64];

	for (unsigned i = 0; i < RTE_DIM(c); i++) {
		struct wire_icmp m = {.type = WIRE_ICMP4_UNREACH,
			.code = WIRE_ICMP4_UNREACH_NEEDFRAG,
			.rest = c[i].told};
		unsigned n = put_quote(q, OUR4, PEER4, 1234, 5678, c[i].total_len);

		host_rx(h, b, put_icmp4(b, THIRD4, OUR4, m, q, n));
		cr_assert_eq(h->n_error, i + 1);
		cr_assert_eq(h->error[i].mtu, c[i].mtu);
	}
	host_free(h);
}

Test(icmp4, rfc5927_errors_about_what_is_not_ours)
{
	const struct wire_icmp m = {.type = WIRE_ICMP4_UNREACH};
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES], q[64];
	unsigned n = put_quote(q, THIRD4, PEER4, 1234, 5678, 48);

	host_rx(h, b, put_icmp4(b, PEER4, OUR4, m, q, n));
	host_dropped(h, DROP_icmp4_no_flow);
	n = put_quote(q, OUR4, PEER4, 1234, 5678, 48);
	for (unsigned cut = 0; cut < n; cut++) {
		host_rx(h, b, put_icmp4(b, PEER4, OUR4, m, q, cut));
		host_dropped(h, DROP_icmp4_short);
	}
	q[9] = 200;
	host_rx(h, b, put_icmp4(b, PEER4, OUR4, m, q, n));
	host_dropped(h, DROP_icmp4_no_flow);
	cr_assert_eq(h->n_error, 0);
	host_free(h);
}

Test(icmp4, pool_empty_is_counted_and_service_resumes)
{
	struct host *h = icmp_host();
	struct pkt_pool *pool = &h->core[0].env.pool;
	struct rte_mbuf *held[HOST_POOL];
	unsigned n = 0;
	uint8_t b[HOST_BYTES];
	struct rte_mbuf *m = pkt_alloc(pool);
	unsigned len = put_udp4(b, PEER4, OUR4, 7, 9, 4);
	struct wire_ip4 ip;

	memcpy(rte_pktmbuf_append(m, (uint16_t)len), b, len);
	m->port = 0;
	while ((held[n] = pkt_alloc(pool)) != NULL)
		n++;
	net_input(h->core[0].net, &m, 1);
	host_dropped(h, DROP_pool_empty);
	for (unsigned i = 0; i < n; i++)
		pkt_free(pool, held[i]);
	host_rx(h, b, len);
	expect_icmp4(h, &ip, NULL);
	host_free(h);
}

/* An ICMP request with n octets of IP options; its length. */
static unsigned put_request(uint8_t *b, uint8_t type, const uint8_t *opt, unsigned n, unsigned len)
{
	uint8_t body[60 + 64] = {0}, *l4 = body + n;
	struct wire_ip4 ip = ip4_hdr(IPPROTO_ICMP, PEER4, OUR4, n + len);
	unsigned total;
	uint16_t sum;

	if (n != 0)
		memcpy(body, opt, n);
	l4[0] = type;
	for (unsigned i = 4; i < len; i++)
		l4[i] = (uint8_t)i;
	sum = wire_cksum_fold(wire_cksum_sum(l4, len, 0));
	memcpy(l4 + 2, &sum, sizeof(sum));
	total = put_ip4(b, NULL, &ip, body);
	b[14] = (uint8_t)(0x40 | (20 + n) / 4);
	fix_ip4(b + 14);
	return total;
}

/* The options of the answer, whose header and message are right. */
static const uint8_t *answer_options(
	struct host *h, uint8_t type, unsigned *n, struct wire_ip4 *ip, const uint8_t **l4)
{
	const struct frame *f = host_tx(h);
	unsigned hlen;

	cr_assert_not_null(f);
	hlen = (f->b[14] & 0xf) * 4u;
	cr_assert_gt(wire_ip4_parse(f->b + 14, f->len - 14u, true, ip), 0);
	*l4 = f->b + 14 + hlen;
	cr_assert_eq((*l4)[0], type);
	cr_assert_eq(wire_cksum_fold(wire_cksum_sum(*l4, ip->total_len - hlen, 0)), 0);
	*n = hlen - 20;
	return f->b + 34;
}

Test(icmp4, rfc1122_3_2_2_6_record_route_and_timestamp_come_back)
{
	static const uint8_t opt[20] = {7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 1, 68, 8, 5, 0, 0, 0, 0};
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES];
	struct wire_ip4 ip;
	const uint8_t *o, *l4;
	unsigned n;

	learn4(h, PEER4, peer_mac);
	host_rx(h, b, put_request(b, 8, opt, 20, 24));
	o = answer_options(h, 0, &n, &ip, &l4);
	cr_assert_eq(n, 20);
	cr_assert_eq(o[2], 8);
	cr_assert_eq(wire_get32(o + 3), OUR4);
	cr_assert_eq(o[11], 68);
	cr_assert_eq(o[13], 9);
	cr_assert(wire_get32(o + 15) >> 31, "not counted from midnight (RFC 792)");
	host_free(h);
}

/* RFC 791 section 3.1: nothing is written past a full option, who had no room is counted. */
Test(icmp4, rfc791_3_1_full_options)
{
	static const uint8_t opt[16] = {7, 7, 8, 1, 2, 3, 4, 68, 8, 9, 0x10, 5, 6, 7, 8};
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES];
	struct wire_ip4 ip;
	const uint8_t *o, *l4;
	unsigned n;

	learn4(h, PEER4, peer_mac);
	host_rx(h, b, put_request(b, 8, opt, 16, 24));
	o = answer_options(h, 0, &n, &ip, &l4);
	cr_assert_arr_eq(o, opt, 10);
	cr_assert_eq(o[10], 0x20);
	cr_assert_arr_eq(o + 11, opt + 11, 4);
	host_free(h);
}

Test(icmp4, rfc1122_3_2_2_6_source_route_is_reversed)
{
	static const uint8_t opt[12] = {131, 11, 12, 10, 0, 9, 9, 10, 0, 0, 3, 0};
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES];
	struct wire_ip4 ip;
	const uint8_t *o, *l4;
	unsigned n;

	learn4(h, THIRD4, third_mac);
	host_rx(h, b, put_request(b, 8, opt, 12, 24));
	o = answer_options(h, 0, &n, &ip, &l4);
	cr_assert_eq(ip.dst, THIRD4);
	cr_assert_eq(o[2], 4);
	cr_assert_eq(wire_get32(o + 3), IP4(10, 0, 9, 9));
	cr_assert_eq(wire_get32(o + 7), PEER4);
	host_free(h);
}

Test(icmp4, rfc1122_3_2_2_8_timestamp)
{
	struct host *h = host_new(1);
	uint8_t b[HOST_BYTES], want[12];
	struct wire_ip4 ip;
	const uint8_t *l4;
	unsigned n;

	h->conf.timestamp_reply = true;
	h->conf.acd = false;
	host_start(h, true, false);
	learn4(h, PEER4, peer_mac);
	host_rx(h, b, put_request(b, 13, NULL, 0, 20));
	answer_options(h, 14, &n, &ip, &l4);
	for (unsigned i = 4; i < 12; i++)
		want[i] = (uint8_t)i;
	cr_assert_arr_eq(l4 + 4, want + 4, 8);
	cr_assert(wire_get32(l4 + 12) >> 31);
	cr_assert_eq(wire_get32(l4 + 12), wire_get32(l4 + 16));
	host_rx(h, b, put_request(b, 13, NULL, 0, 16));
	host_dropped(h, DROP_icmp4_short);
	host_free(h);
	h = host_ready(); /* off by default */
	host_rx(h, b, put_request(b, 13, NULL, 0, 20));
	host_dropped(h, DROP_icmp4_type);
	host_free(h);
}

/* RFC 1122 section 3.2.1.8, robustness: any octets at all. */
Test(icmp4, random_options)
{
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES], opt[40];
	struct rng r;

	learn4(h, PEER4, peer_mac);
	for (unsigned seed = 0; seed < 20000; seed++) {
		rng_seed(&r, seed);
		for (unsigned i = 0; i < 40; i++) {
			static const uint8_t kinds[] = {0, 1, 7, 68, 131, 137};

			opt[i] = rng_u64(&r) % 3 == 0 ? kinds[rng_u64(&r) % 6]
						      : (uint8_t)(rng_u64(&r) % 48);
		}
		host_rx(h, b, put_request(b, 8, opt, 40, 24));
		h->n_out = 0;
		h->next_out = 0;
	}
	host_free(h);
}
