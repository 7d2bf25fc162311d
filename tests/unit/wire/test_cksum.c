/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_ip.h>

#include "wire_cksum.h"
#include "wire_test.h"

static uint16_t host(uint16_t stored)
{
	return rte_be_to_cpu_16(stored);
}

/* RFC 1071 section 3: these eight bytes sum to 0xddf2. */
Test(wire_cksum, rfc_1071_example)
{
	static const uint8_t p[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	cr_assert_eq(host(wire_cksum_fold(wire_cksum_sum(p, sizeof(p), 0))), (uint16_t)~0xddf2u);
}

/* RFC 1624 section 4: where eqn. 2 of RFC 1141 gives the wrong zero. */
Test(wire_cksum, rfc_1624_example)
{
	cr_assert_eq(wire_cksum_update(0xdd2f, 0x5555, 0x3285), 0x0000);
}

Test(wire_cksum, nothing)
{
	cr_assert_eq(wire_cksum_sum(NULL, 0, 0), 0);
	cr_assert_eq(wire_cksum_fold(0), 0xffff);
}

/* A message with its checksum in it folds to 0. */
Test(wire_cksum, verifies)
{
	uint8_t p[64];
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		size_t len = 2 + rng_below(&r, sizeof(p) - 1);
		uint16_t sum;

		fill(&r, p, sizeof(p));
		memset(p, 0, 2);
		sum = wire_cksum_fold(wire_cksum_sum(p, len, 0));
		memcpy(p, &sum, 2);
		cr_assert_eq(wire_cksum_fold(wire_cksum_sum(p, len, 0)), 0, "case %u", i);
		p[rng_below(&r, (uint32_t)len)] ^= (uint8_t)(1u << rng_below(&r, 8));
		cr_assert_neq(wire_cksum_fold(wire_cksum_sum(p, len, 0)), 0, "case %u", i);
	}
}

/* Every length at every alignment, of random bytes and of those that carry most. */
Test(wire_cksum, equals_rte_raw_cksum)
{
	uint8_t bytes[300];
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned round = 0; round < 3; round++) {
		if (round == 0)
			fill(&r, bytes, sizeof(bytes));
		else
			memset(bytes, round == 1 ? 0xff : 0, sizeof(bytes));
		for (size_t len = 0; len <= 280; len++) {
			for (unsigned align = 0; align < 16; align++) {
				uint8_t *block = heap_copy(bytes, align + len);
				uint8_t *p = block + align;
				uint16_t want = (uint16_t)~rte_raw_cksum(p, len);
				uint16_t is = wire_cksum_fold(wire_cksum_sum(p, len, 0));

				cr_assert_eq(is, want, "length %zu, alignment %u", len, align);
				free(block);
			}
		}
	}
}

Test(wire_cksum, equals_rte_raw_cksum_of_the_largest)
{
	static uint8_t p[65535];

	memset(p, 0xff, sizeof(p));
	cr_assert_eq(wire_cksum_fold(wire_cksum_sum(p, sizeof(p), 0)),
		(uint16_t)~rte_raw_cksum(p, sizeof(p)));
}

/* Parts of even length can be summed one after the other, or apart and then added. */
Test(wire_cksum, in_parts)
{
	uint8_t p[256];
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		size_t len = rng_below(&r, sizeof(p) + 1);
		size_t cut = rng_below(&r, (uint32_t)len / 2 + 1) * 2;
		uint32_t init = (uint32_t)rng_u64(&r), a, b;
		uint16_t whole;

		fill(&r, p, sizeof(p));
		whole = wire_cksum_fold(wire_cksum_sum(p, len, init));
		a = wire_cksum_sum(p, cut, init);
		b = wire_cksum_sum(p + cut, len - cut, 0);
		cr_assert_eq(wire_cksum_fold(a + b), whole, "case %u", i);
		cr_assert_eq(wire_cksum_fold(wire_cksum_sum(p + cut, len - cut, a)), whole,
			"case %u", i);
	}
}

Test(wire_cksum, equals_rte_ipv4_cksum)
{
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		struct rte_ipv4_hdr ip;

		fill(&r, &ip, sizeof(ip));
		ip.ihl = 5;
		ip.hdr_checksum = 0;
		cr_assert_eq(wire_cksum_fold(wire_cksum_sum(&ip, sizeof(ip), 0)),
			rte_ipv4_cksum(&ip), "case %u", i);
	}
}

/* DPDK's gives 0xffff for 0, as UDP needs it on the wire. */
static uint16_t not_zero(uint16_t cksum)
{
	return cksum == 0 ? 0xffff : cksum;
}

Test(wire_cksum, equals_rte_ipv4_udptcp_cksum)
{
	uint8_t p[sizeof(struct rte_ipv4_hdr) + 128];
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)p;
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		uint16_t len = (uint16_t)rng_below(&r, 129);
		uint32_t sum;

		fill(&r, p, sizeof(p));
		ip->version_ihl = 0x45;
		ip->next_proto_id = IPPROTO_UDP;
		ip->total_length = rte_cpu_to_be_16(sizeof(*ip) + len);
		sum = wire_cksum_pseudo4(rte_be_to_cpu_32(ip->src_addr),
			rte_be_to_cpu_32(ip->dst_addr), IPPROTO_UDP, len);
		cr_assert_eq(not_zero(wire_cksum_fold(wire_cksum_sum(ip + 1, len, sum))),
			rte_ipv4_udptcp_cksum(ip, ip + 1), "case %u", i);
	}
}

Test(wire_cksum, equals_rte_ipv6_udptcp_cksum)
{
	uint8_t p[sizeof(struct rte_ipv6_hdr) + 128];
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)p;
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		uint16_t len = (uint16_t)rng_below(&r, 129);
		struct ip6 src, dst;
		uint32_t sum;

		fill(&r, p, sizeof(p));
		ip->proto = IPPROTO_UDP;
		ip->payload_len = rte_cpu_to_be_16(len);
		memcpy(src.b, ip->src_addr, 16);
		memcpy(dst.b, ip->dst_addr, 16);
		sum = wire_cksum_pseudo6(&src, &dst, IPPROTO_UDP, len);
		cr_assert_eq(not_zero(wire_cksum_fold(wire_cksum_sum(ip + 1, len, sum))),
			rte_ipv6_udptcp_cksum(ip, ip + 1), "case %u", i);
	}
}

/* The length in the IPv6 pseudo-header has 32 bits (RFC 8200 section 8.1). */
Test(wire_cksum, pseudo6_long)
{
	uint8_t p[40] = {0};
	struct ip6 a, b;

	memset(a.b, 0xff, 16);
	memset(b.b, 0xfe, 16);
	memcpy(p, a.b, 16);
	memcpy(p + 16, b.b, 16);
	memcpy(p + 32, "\x12\x34\x56\x78\0\0\0\x06", 8);
	cr_assert_eq(wire_cksum_fold(wire_cksum_pseudo6(&a, &b, 6, 0x12345678)),
		wire_cksum_fold(wire_cksum_sum(p, sizeof(p), 0)));
}

/* A change of one word by update, and by summing again. */
Test(wire_cksum, update_equals_sum)
{
	uint16_t w[16];
	struct rng r;

	rng_seed(&r, SEED);
	for (unsigned i = 0; i < CASES; i++) {
		unsigned at = 1 + rng_below(&r, 15);
		uint16_t was, old;

		fill(&r, w, sizeof(w));
		w[0] = 0x0101; /* never all zero, as no IP header is: else there are two zeros */
		old = wire_cksum_fold(wire_cksum_sum(w, sizeof(w), 0));
		was = w[at];
		w[at] = (uint16_t)rng_u64(&r);
		cr_assert_eq(wire_cksum_update(old, was, w[at]),
			wire_cksum_fold(wire_cksum_sum(w, sizeof(w), 0)), "case %u", i);
	}
}
