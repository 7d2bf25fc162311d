/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_cksum.h"

#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <rte_byteorder.h>
#include <rte_mbuf.h>

/* One's complement addition; the compiler makes add and adc of it. */
static inline uint64_t cksum_add(uint64_t sum, uint64_t v)
{
	uint64_t s;
	bool carry = __builtin_add_overflow(sum, v, &s);

	return s + carry;
}

static inline uint64_t cksum_load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* At most 17 bits, so that thousands of partial sums can be added; 0 only if sum is 0. */
static inline uint32_t cksum_reduce(uint64_t sum)
{
	/* Both halves added in the upper one, with the carry of the lower. */
	uint32_t s = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);

	return (s & 0xffff) + (s >> 16);
}

/* Fewer than 8 bytes, as if followed by zeros (RFC 1071 section 4.1). */
static inline uint64_t cksum_short(const uint8_t *p, size_t len)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len; i++)
		v |= (uint64_t)p[i] << 8 * (RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? i : 7 - i);
	return v;
}

/* The last n < 8 bytes before end, of at least 8: one load, the bytes summed before shifted out. */
static inline uint64_t cksum_tail(const uint8_t *end, size_t n)
{
	uint64_t v = cksum_load64(end - 8);

	return RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? v >> (64 - 8 * n) : v << (64 - 8 * n);
}

#ifdef __x86_64__
/* From here on vectors are cheaper, their beginning and end included. */
#define CKSUM_VECTOR_MIN 128
/* Tuned too, or unaligned loads are made in two halves. */
#define CKSUM_AVX2 __attribute__((target("avx2,tune=haswell")))
/* Lanes of 32 bits hold so many steps of at most 2^16 each. */
#define CKSUM_VECTOR_MAX (1u << 19)

/* One step of 32 bytes. Pairs of words are added as signed ones, each 2^15 less than it is. */
CKSUM_AVX2 static inline __m256i cksum_step(__m256i sum, const uint8_t *p)
{
	__m256i v = _mm256_xor_si256(
		_mm256_loadu_si256((const __m256i *)(const void *)p), _mm256_set1_epi16(INT16_MIN));

	return _mm256_add_epi32(sum, _mm256_madd_epi16(v, _mm256_set1_epi16(1)));
}

/* The sum of 16-bit words, in the machine's order; len is a multiple of 32, at most CKSUM_VECTOR_MAX. */
CKSUM_AVX2 static uint64_t cksum_vector(const uint8_t *p, size_t len)
{
	__m256i a = _mm256_setzero_si256(), b = a;
	const uint8_t *end = p + len;
	__m128i s;

	for (; end - p >= 256; p += 256) {
		a = cksum_step(a, p);
		b = cksum_step(b, p + 32);
		a = cksum_step(a, p + 64);
		b = cksum_step(b, p + 96);
		a = cksum_step(a, p + 128);
		b = cksum_step(b, p + 160);
		a = cksum_step(a, p + 192);
		b = cksum_step(b, p + 224);
	}
	for (; end - p >= 64; p += 64) {
		a = cksum_step(a, p);
		b = cksum_step(b, p + 32);
	}
	if (p < end)
		a = cksum_step(a, p);
	/* Widened before lanes are added, which might not hold the sum. */
	a = _mm256_add_epi64(_mm256_cvtepi32_epi64(_mm256_castsi256_si128(a)),
		_mm256_cvtepi32_epi64(_mm256_extracti128_si256(a, 1)));
	b = _mm256_add_epi64(_mm256_cvtepi32_epi64(_mm256_castsi256_si128(b)),
		_mm256_cvtepi32_epi64(_mm256_extracti128_si256(b, 1)));
	a = _mm256_add_epi64(a, b);
	s = _mm_add_epi64(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
	s = _mm_add_epi64(s, _mm_unpackhi_epi64(s, s));
	return (uint64_t)_mm_cvtsi128_si64(s) + ((uint64_t)len / 2 << 15);
}
#endif

uint32_t wire_cksum_sum(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *p = data, *end;
	uint64_t a = sum, b = 0, c = 0, d = 0;

	if (unlikely(len < 8))
		return cksum_reduce(cksum_add(a, cksum_short(p, len)));
	end = p + len;
#ifdef __x86_64__
	if (len >= CKSUM_VECTOR_MIN && __builtin_cpu_supports("avx2")) {
		for (; end - p >= 32;) {
			size_t n = RTE_MIN((size_t)(end - p) & ~(size_t)31, CKSUM_VECTOR_MAX);

			a = cksum_add(a, cksum_vector(p, n));
			p += n;
		}
	} else
#endif
		if (len >= 32) {
		/* Four chains, since an addition with carry depends on the one before it. */
		for (; end - p >= 32; p += 32) {
			a = cksum_add(a, cksum_load64(p));
			b = cksum_add(b, cksum_load64(p + 8));
			c = cksum_add(c, cksum_load64(p + 16));
			d = cksum_add(d, cksum_load64(p + 24));
		}
		a = cksum_add(cksum_add(a, b), cksum_add(c, d));
	}
	if (len & 16) {
		a = cksum_add(a, cksum_load64(p));
		a = cksum_add(a, cksum_load64(p + 8));
		p += 16;
	}
	if (len & 8)
		a = cksum_add(a, cksum_load64(p));
	if (len & 7)
		a = cksum_add(a, cksum_tail(end, len & 7));
	return cksum_reduce(a);
}

uint32_t wire_cksum_pseudo4(uint32_t src, uint32_t dst, uint8_t proto, uint16_t len)
{
	uint64_t sum = (uint64_t)rte_cpu_to_be_32(src) + rte_cpu_to_be_32(dst);

	return cksum_reduce(sum + rte_cpu_to_be_16(proto) + rte_cpu_to_be_16(len));
}

uint32_t wire_cksum_pseudo6(
	const struct ip6 *src, const struct ip6 *dst, uint8_t proto, uint32_t len)
{
	uint64_t a = cksum_add(cksum_load64(src->b), cksum_load64(src->b + 8));
	uint64_t b = cksum_add(cksum_load64(dst->b), cksum_load64(dst->b + 8));

	a = cksum_add(a, (uint64_t)rte_cpu_to_be_32(len) + rte_cpu_to_be_32(proto));
	return cksum_reduce(cksum_add(a, b));
}

uint16_t wire_cksum_update(uint16_t cksum, uint16_t old_word, uint16_t new_word)
{
	/* HC' = ~(~HC + ~m + m') */
	return wire_cksum_fold((uint32_t)(uint16_t)~cksum + (uint16_t)~old_word + new_word);
}

/* Sum of a segment that starts at an odd place of the packet: its bytes are in the other halves. */
static inline uint32_t cksum_swap(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return rte_bswap16((uint16_t)sum);
}

uint32_t wire_cksum_mbuf(const struct rte_mbuf *m, uint32_t off, uint32_t len, uint32_t sum)
{
	uint32_t done = 0;

	if (likely(off + len <= m->data_len))
		return wire_cksum_sum(rte_pktmbuf_mtod_offset(m, const void *, off), len, sum);
	for (; off >= m->data_len && m->next != NULL; m = m->next)
		off -= m->data_len;
	sum = (sum & 0xffff) + (sum >> 16);
	for (; done < len; m = m->next, off = 0) {
		uint32_t n = RTE_MIN(len - done, m->data_len - off);
		uint32_t part = wire_cksum_sum(rte_pktmbuf_mtod_offset(m, const void *, off), n, 0);

		sum += done & 1 ? cksum_swap(part) : part;
		done += n;
	}
	return sum;
}
