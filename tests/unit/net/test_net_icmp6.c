/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include "net_host.h"
#include "wire_bytes.h"

TestSuite(icmp6);

static struct host *icmp_host(void)
{
	struct host *h = host_ready();

	learn6(h, &peer6, peer_mac);
	learn6(h, &peer_ll6, peer_mac);
	return h;
}

/* An ICMPv6 message about a UDP packet of ours. */
static unsigned put_error(
	uint8_t *b, const struct ip6 *quoted_src, struct wire_icmp i, unsigned cut)
{
	uint8_t f[HOST_BYTES], msg[HOST_BYTES];

	put_udp6(f, quoted_src, &peer6, 1234, 5678, 20);
	wire_icmp_emit(msg, &i);
	memcpy(msg + 8, f + 14, cut);
	return put_icmp6(b, NULL, &third6, &our6, 64, msg, 8 + cut);
}

Test(icmp6, rfc4443_4_2_echo_returns_the_data)
{
	static const unsigned size[] = {0, 1, 56, 1452};
	const struct ip6 *from[] = {&peer6, &peer_ll6}, *to[] = {&our6, &our_ll6};
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES];

	for (unsigned i = 0; i < RTE_DIM(size); i++)
		for (unsigned k = 0; k < 2; k++) {
			const uint8_t *data;
			struct wire_icmp r;
			struct wire_ip6 ip;

			host_rx(h, b, put_echo6(b, from[k], to[k], size[i]));
			r = expect_icmp6(h, &ip, &data);
			cr_assert_eq(r.type, WIRE_ICMP6_ECHO_REPLY);
			cr_assert_eq(r.rest, 0x12340001);
			cr_assert(memcmp(&ip.src, to[k], 16) == 0);
			cr_assert(memcmp(&ip.dst, from[k], 16) == 0);
			cr_assert_eq(ip.payload_len, 8 + size[i]);
			cr_assert_arr_eq(data, b + 62, size[i]);
		}
	host_free(h);
}

Test(icmp6, rfc4443_4_2_echo_to_group_from_unicast)
{
	const struct ip6 *from[] = {&peer6, &peer_ll6}, *as[] = {&our6, &our_ll6};
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES];

	for (unsigned k = 0; k < 2; k++) {
		unsigned len = put_echo6(b, from[k], &all_nodes6, 9);
		struct wire_ip6 ip;

		memcpy(b, "\x33\x33\0\0\0\1", 6);
		host_rx(h, b, len);
		cr_assert_eq(expect_icmp6(h, &ip, NULL).type, WIRE_ICMP6_ECHO_REPLY);
		cr_assert(memcmp(&ip.src, as[k], 16) == 0);
	}
	host_free(h);
}

Test(icmp6, echo_from_nobody)
{
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES];

	host_rx(h, b, put_echo6(b, &any6, &our6, 8));
	host_dropped(h, DROP_icmp6_type);
	host_free(h);
}

Test(icmp6, rfc4443_2_4_b_unknown_informational)
{
	static const uint8_t type[] = {200, 255, WIRE_ICMP6_ECHO_REPLY, 143, WIRE_ICMP6_RS,
		WIRE_ICMP6_RA, WIRE_ICMP6_REDIRECT};
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES], msg[48] = {0};

	for (unsigned i = 0; i < RTE_DIM(type); i++) {
		msg[0] = type[i];
		host_rx(h, b, put_icmp6(b, NULL, &peer_ll6, &our_ll6, 255, msg, 48));
		host_dropped(h, DROP_icmp6_type);
	}
	host_free(h);
}

Test(icmp6, rfc4443_2_3_checksum_and_short)
{
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES], msg[8] = {128};
	unsigned len = put_echo6(b, &peer6, &our6, 8);

	b[60] ^= 1;
	host_rx(h, b, len);
	host_dropped(h, DROP_icmp6_cksum);
	host_rx(h, b, put_icmp6(b, NULL, &peer6, &our6, 64, msg, 7));
	host_dropped(h, DROP_icmp6_short);
	host_free(h);
}

Test(icmp6, rfc4443_2_4_c_size_of_errors)
{
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES];
	unsigned len = put_udp6(b, &peer6, &our6, 7, 9, 12);
	const uint8_t *quote;
	struct wire_icmp i;
	struct wire_ip6 ip;

	host_rx(h, b, len);
	i = expect_icmp6(h, &ip, &quote);
	cr_assert_eq(i.type, WIRE_ICMP6_UNREACH);
	cr_assert_eq(i.code, WIRE_ICMP6_UNREACH_PORT);
	cr_assert_eq(i.rest, 0);
	cr_assert_eq(ip.payload_len, 8 + len - 14);
	cr_assert_arr_eq(quote, b + 14, len - 14);
	len = put_udp6(b, &peer6, &our6, 7, 9, 1452);
	host_rx(h, b, len);
	expect_icmp6(h, &ip, &quote);
	cr_assert_eq(ip.payload_len, 1280 - 40);
	cr_assert_arr_eq(quote, b + 14, 1280 - 48);
	host_free(h);
}

Test(icmp6, rfc4443_2_4_e_no_error_about_these)
{
	struct host *h = icmp_host();
	struct wire_ip6 ip = ip6_hdr(IPPROTO_ICMPV6, &peer6, &our6, 16);
	uint8_t b[HOST_BYTES], l4[16] = {58, 0, 0x9e, 4, 0, 0, 0, 0, WIRE_ICMP6_UNREACH};
	unsigned len;

	host_rx(h, b, put_udp6(b, &any6, &our6, 7, 9, 4));
	host_quiet(h);
	host_rx(h, b, put_udp6(b, &peer6, &all_nodes6, 7, 9, 4));
	host_quiet(h);
	len = put_udp6(b, &peer6, &our6, 7, 9, 4);
	memcpy(b, "\x33\x33\0\0\0\1", 6);
	host_rx(h, b, len);
	host_quiet(h);
	memset(b, 0xff, 6);
	host_rx(h, b, len);
	host_quiet(h);
	/* an error and a redirect behind an option that would be answered otherwise */
	ip.next = WIRE_IP6_DSTOPTS;
	host_rx(h, b, put_ip6(b, NULL, &ip, l4));
	host_quiet(h);
	l4[8] = WIRE_ICMP6_REDIRECT;
	host_rx(h, b, put_ip6(b, NULL, &ip, l4));
	host_quiet(h);
	l4[8] = WIRE_ICMP6_ECHO;
	host_rx(h, b, put_ip6(b, NULL, &ip, l4));
	cr_assert_not_null(host_tx(h));
	host_free(h);
}

Test(icmp6, rfc4443_2_4_f_errors_are_limited)
{
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES];
	unsigned n = 0;

	for (unsigned i = 0; i < 1000; i++)
		host_rx(h, b, put_udp6(b, &peer6, &our6, 7, 9, 4));
	while (host_tx(h) != NULL)
		n++;
	cr_assert_eq(n, h->conf.icmp_burst);
	cr_assert_eq(host_counter(h, CNT_icmp6_limited), 1000 - n);
	host_free(h);
}

Test(icmp6, errors_reach_the_transport)
{
	static const struct wire_icmp err[] = {{.type = WIRE_ICMP6_UNREACH, .code = 4},
		{.type = WIRE_ICMP6_TIME}, {.type = WIRE_ICMP6_PARAM, .code = 1}, {.type = 100},
		{.type = WIRE_ICMP6_TOO_BIG, .rest = 1280},
		{.type = WIRE_ICMP6_TOO_BIG, .rest = 9000}};
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES];

	for (unsigned i = 0; i < RTE_DIM(err); i++) {
		host_rx(h, b, put_error(b, &our6, err[i], 60));
		cr_assert_eq(h->n_error, i + 1);
		cr_assert_eq(h->error[i].type, err[i].type);
		cr_assert_eq(h->error[i].code, err[i].code);
		cr_assert_eq(h->error[i].mtu, err[i].rest);
		cr_assert_eq(h->error[i].quote.dport, 5678);
		cr_assert(h->error[i].quote.v6);
	}
	host_free(h);
}

Test(icmp6, rfc8201_4_too_small_packet_too_big)
{
	static const uint32_t mtu[] = {1279, 56, 0};
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES];

	for (unsigned i = 0; i < RTE_DIM(mtu); i++) {
		struct wire_icmp e = {.type = WIRE_ICMP6_TOO_BIG, .rest = mtu[i]};

		host_rx(h, b, put_error(b, &our6, e, 60));
		host_dropped(h, DROP_icmp6_mtu);
	}
	cr_assert_eq(h->n_error, 0);
	host_free(h);
}

Test(icmp6, rfc4443_2_4_d_quote_too_short_or_not_ours)
{
	const struct wire_icmp e = {.type = WIRE_ICMP6_UNREACH};
	struct host *h = icmp_host();
	uint8_t b[HOST_BYTES];

	for (unsigned cut = 0; cut < 48; cut++) {
		host_rx(h, b, put_error(b, &our6, e, cut));
		host_dropped(h, DROP_icmp6_short);
	}
	host_rx(h, b, put_error(b, &third6, e, 60));
	host_dropped(h, DROP_icmp6_no_flow);
	cr_assert_eq(h->n_error, 0);
	host_free(h);
}

/* RFC 4443 section 4.2: the reply's code is 0, whatever the request's was; its sum is right. */
Test(icmp6, rfc4443_4_2_code_of_an_echo_reply)
{
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES], msg[16] = {128, 5, 0, 0, 0, 7, 0, 1, 'x'};
	const uint8_t *payload;
	struct wire_icmp i;
	struct wire_ip6 ip;

	learn6(h, &peer6, peer_mac);
	host_rx(h, b, put_icmp6(b, our_mac, &peer6, &our6, 64, msg, sizeof(msg)));
	i = expect_icmp6(h, &ip, &payload);
	cr_assert(i.type == WIRE_ICMP6_ECHO_REPLY && i.code == 0 && i.rest == 0x70001);
	host_free(h);
}
