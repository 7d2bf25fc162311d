/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <string.h>

#include "net_host.h"
#include "wire_bytes.h"

unsigned put_eth(uint8_t *b, const uint8_t *dst, const uint8_t *src, uint16_t type)
{
	struct wire_eth h = {.type = type};

	memcpy(h.dst, dst != NULL ? dst : our_mac, 6);
	memcpy(h.src, src != NULL ? src : peer_mac, 6);
	return wire_eth_emit(b, &h);
}

unsigned put_arp(uint8_t *b, const uint8_t *eth_dst, const struct wire_arp *a)
{
	unsigned n = put_eth(b, eth_dst, a->sha, 0x0806);

	memset(b + n, 0, 46);
	wire_arp_emit(b + n, a);
	return n + 46;
}

struct wire_ip4 ip4_hdr(uint8_t proto, uint32_t src, uint32_t dst, unsigned payload)
{
	return (struct wire_ip4){.hlen = 20,
		.total_len = (uint16_t)(20 + payload),
		.id = 77,
		.ttl = 64,
		.proto = proto,
		.src = src,
		.dst = dst};
}

void fix_ip4(uint8_t *ip)
{
	uint16_t sum;

	memset(ip + 10, 0, 2);
	sum = wire_cksum_fold(wire_cksum_sum(ip, (ip[0] & 0xfu) * 4, 0));
	memcpy(ip + 10, &sum, 2);
}

unsigned put_ip4(uint8_t *b, const uint8_t *dst, const struct wire_ip4 *h, const void *payload)
{
	struct wire_ip4 plain = *h;
	unsigned n = put_eth(b, dst, NULL, 0x0800);
	uint8_t *ip = b + n;

	plain.hlen = 20;
	memset(ip, 0, h->hlen);
	wire_ip4_emit(ip, &plain, true);
	ip[0] = (uint8_t)(0x40 | h->hlen / 4);
	fix_ip4(ip);
	memcpy(ip + h->hlen, payload, (size_t)h->total_len - h->hlen);
	return n + h->total_len;
}

unsigned put_udp4(
	uint8_t *b, uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport, unsigned payload)
{
	struct wire_ip4 h = ip4_hdr(IPPROTO_UDP, src, dst, 8 + payload);
	uint8_t l4[HOST_BYTES] = {0};
	uint16_t sum;

	wire_put16(l4, sport);
	wire_put16(l4 + 2, dport);
	wire_put16(l4 + 4, (uint16_t)(8 + payload));
	for (unsigned i = 0; i < payload; i++)
		l4[8 + i] = (uint8_t)i;
	sum = wire_cksum_fold(wire_cksum_sum(l4, 8 + payload,
		wire_cksum_pseudo4(src, dst, IPPROTO_UDP, (uint16_t)(8 + payload))));
	memcpy(l4 + 6, &sum, 2);
	return put_ip4(b, NULL, &h, l4);
}

static void put_echo(uint8_t *l4, uint8_t type, unsigned payload, uint32_t pseudo)
{
	struct wire_icmp e = {.type = type, .rest = 0x12340001};
	uint16_t sum;

	wire_icmp_emit(l4, &e);
	for (unsigned i = 0; i < payload; i++)
		l4[8 + i] = (uint8_t)(i * 7);
	sum = wire_cksum_fold(wire_cksum_sum(l4, 8 + payload, pseudo));
	memcpy(l4 + 2, &sum, 2);
}

unsigned put_echo4(uint8_t *b, uint32_t src, uint32_t dst, unsigned payload)
{
	struct wire_ip4 h = ip4_hdr(IPPROTO_ICMP, src, dst, 8 + payload);
	uint8_t l4[HOST_BYTES];

	put_echo(l4, WIRE_ICMP4_ECHO, payload, 0);
	return put_ip4(b, NULL, &h, l4);
}

struct wire_ip6 ip6_hdr(
	uint8_t next, const struct ip6 *src, const struct ip6 *dst, unsigned payload)
{
	return (struct wire_ip6){.payload_len = (uint16_t)payload,
		.next = next,
		.hops = 64,
		.src = *src,
		.dst = *dst};
}

unsigned put_ip6(uint8_t *b, const uint8_t *dst, const struct wire_ip6 *h, const void *payload)
{
	unsigned n = put_eth(b, dst, NULL, 0x86dd);

	n += wire_ip6_emit(b + n, h);
	memcpy(b + n, payload, h->payload_len);
	return n + h->payload_len;
}

unsigned put_icmp6(uint8_t *b, const uint8_t *dst, const struct ip6 *s, const struct ip6 *d,
	uint8_t hops, const void *msg, unsigned len)
{
	struct wire_ip6 h = ip6_hdr(IPPROTO_ICMPV6, s, d, len);
	uint8_t l4[HOST_BYTES];
	uint16_t sum;

	h.hops = hops;
	memcpy(l4, msg, len);
	memset(l4 + 2, 0, 2);
	sum = wire_cksum_fold(
		wire_cksum_sum(l4, len, wire_cksum_pseudo6(s, d, IPPROTO_ICMPV6, len)));
	memcpy(l4 + 2, &sum, 2);
	return put_ip6(b, dst, &h, l4);
}

unsigned put_nd(uint8_t *b, const uint8_t *dst, const struct ip6 *s, const struct ip6 *d,
	const struct wire_nd *nd)
{
	uint8_t msg[64];
	unsigned len = wire_nd_emit(msg, nd);

	return put_icmp6(b, dst, s, d, 255, msg, len);
}

unsigned put_echo6(uint8_t *b, const struct ip6 *src, const struct ip6 *dst, unsigned payload)
{
	uint8_t l4[HOST_BYTES];

	put_echo(l4, WIRE_ICMP6_ECHO, payload, 0);
	return put_icmp6(b, NULL, src, dst, 64, l4, 8 + payload);
}

unsigned put_udp6(uint8_t *b, const struct ip6 *src, const struct ip6 *dst, uint16_t sport,
	uint16_t dport, unsigned payload)
{
	struct wire_ip6 h = ip6_hdr(IPPROTO_UDP, src, dst, 8 + payload);
	uint8_t l4[HOST_BYTES] = {0};
	uint16_t sum;

	wire_put16(l4, sport);
	wire_put16(l4 + 2, dport);
	wire_put16(l4 + 4, (uint16_t)(8 + payload));
	sum = wire_cksum_fold(wire_cksum_sum(
		l4, 8 + payload, wire_cksum_pseudo6(src, dst, IPPROTO_UDP, 8 + payload)));
	memcpy(l4 + 6, &sum, 2);
	return put_ip6(b, NULL, &h, l4);
}

static const struct frame *expect_frame(struct host *h, const uint8_t dst[6], uint16_t type)
{
	const struct frame *f = host_tx(h);
	struct wire_eth e;

	cr_assert_not_null(f, "no frame");
	cr_assert_eq(wire_eth_parse(f->b, f->len, &e), WIRE_ETH_LEN);
	cr_assert_eq(e.type, type);
	cr_assert_arr_eq(e.src, our_mac, 6);
	if (dst != NULL)
		cr_assert_arr_eq(e.dst, dst, 6);
	return f;
}

struct wire_arp expect_arp(struct host *h, const uint8_t dst[6], uint16_t op)
{
	const struct frame *f = expect_frame(h, dst, 0x0806);
	struct wire_arp a;

	cr_assert_eq(f->len, 60);
	cr_assert_gt(wire_arp_parse(f->b + 14, f->len - 14u, &a), 0);
	cr_assert_eq(a.op, op);
	cr_assert_arr_eq(a.sha, our_mac, 6);
	return a;
}

const struct frame *expect_ip4(struct host *h, const uint8_t dst[6], struct wire_ip4 *ip)
{
	const struct frame *f = expect_frame(h, dst, 0x0800);

	cr_assert_gt(wire_ip4_parse(f->b + 14, f->len - 14u, true, ip), 0);
	cr_assert_eq(ip->total_len, f->len - 14);
	return f;
}

const struct frame *expect_ip6(struct host *h, const uint8_t dst[6], struct wire_ip6 *ip)
{
	const struct frame *f = expect_frame(h, dst, 0x86dd);

	cr_assert_gt(wire_ip6_parse(f->b + 14, f->len - 14u, ip), 0);
	cr_assert_eq(ip->payload_len, f->len - 54);
	return f;
}

struct wire_icmp expect_icmp4(struct host *h, struct wire_ip4 *ip, const uint8_t **payload)
{
	const struct frame *f = expect_ip4(h, NULL, ip);
	struct wire_icmp i;

	cr_assert_eq(ip->proto, IPPROTO_ICMP);
	cr_assert_gt(wire_icmp_parse(f->b + 34, f->len - 34u, false, &i), 0);
	cr_assert_eq(wire_cksum_fold(wire_cksum_sum(f->b + 34, f->len - 34u, 0)), 0);
	if (payload != NULL)
		*payload = f->b + 42;
	return i;
}

struct wire_icmp expect_icmp6(struct host *h, struct wire_ip6 *ip, const uint8_t **payload)
{
	const struct frame *f = expect_ip6(h, NULL, ip);
	uint32_t sum = wire_cksum_pseudo6(&ip->src, &ip->dst, IPPROTO_ICMPV6, f->len - 54u);
	struct wire_icmp i;

	cr_assert_eq(ip->next, IPPROTO_ICMPV6);
	cr_assert_gt(wire_icmp_parse(f->b + 54, f->len - 54u, true, &i), 0);
	cr_assert_eq(wire_cksum_fold(wire_cksum_sum(f->b + 54, f->len - 54u, sum)), 0);
	if (payload != NULL)
		*payload = f->b + 62;
	return i;
}

struct wire_nd expect_nd(struct host *h, const uint8_t dst[6], uint8_t type, struct wire_ip6 *ip)
{
	const struct frame *f = expect_ip6(h, dst, ip);
	uint32_t sum = wire_cksum_pseudo6(&ip->src, &ip->dst, IPPROTO_ICMPV6, f->len - 54u);
	struct wire_nd nd;

	cr_assert_eq(ip->hops, 255);
	cr_assert_eq(wire_cksum_fold(wire_cksum_sum(f->b + 54, f->len - 54u, sum)), 0);
	cr_assert_gt(wire_nd_parse(f->b + 54, f->len - 54u, &nd), 0);
	cr_assert_eq(nd.type, type);
	return nd;
}
