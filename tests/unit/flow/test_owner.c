/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include <rte_thash.h>

#include "owner.h"
#include "rng.h"

static struct owner o;
static const uint16_t one_core[1];

static void with_key(const uint8_t *key, unsigned len)
{
	cr_assert_eq(owner_init(&o, key, len, one_core, 1), 0);
}

/* The verification suite of Microsoft's RSS specification: source first, as received. */
struct vector4 {
	uint32_t dst;
	uint16_t dport;
	uint32_t src;
	uint16_t sport;
	uint32_t addrs, ports; /* hash without and with the ports */
};

static const struct vector4 vectors4[] = {
	{IP4(161, 142, 100, 80), 1766, IP4(66, 9, 149, 187), 2794, 0x323e8fc2, 0x51ccc178},
	{IP4(65, 69, 140, 83), 4739, IP4(199, 92, 111, 2), 14230, 0xd718262a, 0xc626b0ea},
	{IP4(12, 22, 207, 184), 38024, IP4(24, 19, 198, 95), 12898, 0xd2d0a5de, 0x5c2b394a},
	{IP4(209, 142, 163, 6), 2217, IP4(38, 27, 205, 30), 48228, 0x82989176, 0xafc7327f},
	{IP4(202, 188, 127, 2), 1303, IP4(153, 39, 163, 191), 44251, 0x5d1809c5, 0x10e828a2},
};

struct vector6 {
	struct ip6 dst;
	uint16_t dport;
	struct ip6 src;
	uint16_t sport;
	uint32_t addrs, ports;
};

static const struct vector6 vectors6[] = {
	/* 3ffe:2501:200:3::1 from 3ffe:2501:200:1fff::7 */
	{{{0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0, 0x03, [15] = 0x01}}, 1766,
		{{0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff, [15] = 0x07}}, 2794, 0x2cc18cd5,
		0x40207d3d},
	/* ff02::1 from 3ffe:501:8::260:97ff:fe40:efab */
	{{{0xff, 0x02, [15] = 0x01}}, 4739,
		{{0x3f, 0xfe, 0x05, 0x01, 0, 0x08, 0, 0, 0x02, 0x60, 0x97, 0xff, 0xfe, 0x40, 0xef,
			0xab}},
		14230, 0x0f0c461c, 0xdde51bbf},
	/* fe80::200:f8ff:fe21:67cf from 3ffe:1900:4545:3:200:f8ff:fe21:67cf */
	{{{0xfe, 0x80, [8] = 0x02, 0x00, 0xf8, 0xff, 0xfe, 0x21, 0x67, 0xcf}}, 38024,
		{{0x3f, 0xfe, 0x19, 0x00, 0x45, 0x45, 0x00, 0x03, 0x02, 0x00, 0xf8, 0xff, 0xfe,
			0x21, 0x67, 0xcf}},
		44251, 0x4b61e985, 0x02d1feef},
};

Test(owner, microsoft_vectors_ip4)
{
	with_key(owner_key_default, OWNER_KEY_MIN);
	for (unsigned i = 0; i < sizeof(vectors4) / sizeof(vectors4[0]); i++) {
		const struct vector4 *v = &vectors4[i];

		cr_assert_eq(owner_hash4_addrs(&o, v->src, v->dst), v->addrs, "vector %u", i);
		cr_assert_eq(owner_hash4(&o, v->src, v->dst, v->sport, v->dport), v->ports,
			"vector %u", i);
	}
}

Test(owner, microsoft_vectors_ip6)
{
	with_key(owner_key_default, OWNER_KEY_MIN);
	for (unsigned i = 0; i < sizeof(vectors6) / sizeof(vectors6[0]); i++) {
		const struct vector6 *v = &vectors6[i];

		cr_assert_eq(owner_hash6_addrs(&o, &v->src, &v->dst), v->addrs, "vector %u", i);
		cr_assert_eq(owner_hash6(&o, &v->src, &v->dst, v->sport, v->dport), v->ports,
			"vector %u", i);
	}
}

static void fill(struct rng *r, void *p, size_t n)
{
	for (uint8_t *b = p; n > 0; n--)
		*b++ = (uint8_t)rng_u64(r);
}

static uint32_t softrss6(const struct ip6 *src, const struct ip6 *dst, uint16_t sport,
	uint16_t dport, unsigned words, uint8_t *key)
{
	struct rte_ipv6_tuple t;

	for (unsigned i = 0; i < 4; i++) {
		rte_be32_t word;

		memcpy(&word, src->b + 4 * i, 4);
		((uint32_t *)t.src_addr)[i] = rte_be_to_cpu_32(word);
		memcpy(&word, dst->b + 4 * i, 4);
		((uint32_t *)t.dst_addr)[i] = rte_be_to_cpu_32(word);
	}
	t.sport = sport;
	t.dport = dport;
	return rte_softrss((uint32_t *)&t, words, key);
}

Test(owner, equals_dpdk_for_random_keys_and_tuples)
{
	for (uint64_t seed = 1; seed <= 200; seed++) {
		uint8_t key[OWNER_KEY_MAX];
		struct rng r;

		rng_seed(&r, seed);
		fill(&r, key, sizeof(key));
		with_key(key, rng_below(&r, 2) ? OWNER_KEY_MAX : OWNER_KEY_MIN);
		for (unsigned i = 0; i < 100; i++) {
			struct rte_ipv4_tuple t;
			struct ip6 src, dst;

			fill(&r, &t, sizeof(t));
			fill(&r, &src, sizeof(src));
			fill(&r, &dst, sizeof(dst));
			if (owner_hash4(&o, t.src_addr, t.dst_addr, t.sport, t.dport) !=
					rte_softrss((uint32_t *)&t, RTE_THASH_V4_L4_LEN, key) ||
				owner_hash4_addrs(&o, t.src_addr, t.dst_addr) !=
					rte_softrss((uint32_t *)&t, RTE_THASH_V4_L3_LEN, key) ||
				owner_hash6(&o, &src, &dst, t.sport, t.dport) !=
					softrss6(&src, &dst, t.sport, t.dport, RTE_THASH_V6_L4_LEN,
						key) ||
				owner_hash6_addrs(&o, &src, &dst) !=
					softrss6(&src, &dst, 0, 0, RTE_THASH_V6_L3_LEN, key))
				cr_assert_fail("seed %lu, tuple %u", seed, i);
		}
	}
}

Test(owner, symmetric_key_gives_both_directions_one_hash)
{
	struct rng r;

	rng_seed(&r, 1);
	with_key(owner_key_symmetric, OWNER_KEY_MIN);
	for (unsigned i = 0; i < 1000; i++) {
		uint32_t a = (uint32_t)rng_u64(&r), b = (uint32_t)rng_u64(&r);
		uint16_t pa = (uint16_t)rng_u64(&r), pb = (uint16_t)rng_u64(&r);
		struct ip6 a6, b6;

		fill(&r, &a6, sizeof(a6));
		fill(&r, &b6, sizeof(b6));
		cr_assert_eq(owner_hash4(&o, a, b, pa, pb), owner_hash4(&o, b, a, pb, pa));
		cr_assert_eq(owner_hash6(&o, &a6, &b6, pa, pb), owner_hash6(&o, &b6, &a6, pb, pa));
	}
}

Test(owner, core_is_the_low_bits_entry)
{
	uint16_t reta[128];

	for (unsigned i = 0; i < 128; i++)
		reta[i] = (uint16_t)(i / 32);
	cr_assert_eq(owner_init(&o, owner_key_default, OWNER_KEY_MIN, reta, 128), 0);
	cr_assert_eq(o.n_cores, 4);
	cr_assert_eq(owner_core(&o, 0xffffff80), 0);
	cr_assert_eq(owner_core(&o, 0x00000020), 1);
	cr_assert_eq(owner_core(&o, 0x1234567f), 3);
	memset(reta, 0xff, sizeof(reta));
	cr_assert_eq(owner_core(&o, 0x1234567f), 3, "the table is copied");
}

Test(owner, one_entry_owns_all)
{
	with_key(owner_key_default, OWNER_KEY_MIN);
	cr_assert_eq(o.n_cores, 1);
	cr_assert_eq(owner_core(&o, UINT32_MAX), 0);
}

Test(owner, refuses_bad_sizes)
{
	static const unsigned bad_reta[] = {0, 3, 100, 1024}, bad_key[] = {0, 39, 53};
	uint8_t key[64] = {0};
	uint16_t reta[1024] = {0};

	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(owner_init(&o, key, 40, reta, bad_reta[i]), -EINVAL);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(owner_init(&o, key, bad_key[i], reta, 128), -EINVAL);
	reta[5] = UINT16_MAX;
	cr_assert_eq(owner_init(&o, key, 40, reta, 128), -EINVAL);
	cr_assert_eq(owner_init(&o, key, 40, reta, 4), 0);
}

Test(owner, spread_is_even_and_reaches_every_core)
{
	for (uint16_t n_cores = 1; n_cores <= 64; n_cores++) {
		uint16_t reta[OWNER_RETA_MAX];
		unsigned n[64] = {0};

		owner_reta_spread(reta, OWNER_RETA_MAX, n_cores);
		for (unsigned i = 0; i < OWNER_RETA_MAX; i++)
			n[reta[i]]++;
		for (unsigned c = 0; c < n_cores; c++) {
			cr_assert_geq(n[c], OWNER_RETA_MAX / n_cores);
			cr_assert_leq(n[c], OWNER_RETA_MAX / n_cores + 1);
		}
	}
}
