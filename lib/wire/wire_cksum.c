/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_cksum.h"

#include <string.h>

#include <rte_byteorder.h>
#include <rte_mbuf.h>

/* One's complement addition; the compiler makes add and adc of it. */
static inline uint64_t cksum_add(uint64_t sum, uint64_t v)
{
	sum += v;
	return sum + (sum < v);
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
	uint32_t s;

	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	s = (uint32_t)sum;
	return (s & 0xffff) + (s >> 16);
}

/* The last len < 8 bytes, as if followed by zeros (RFC 1071 section 4.1). */
static inline uint64_t cksum_tail(const uint8_t *p, size_t len)
{
	uint64_t sum = 0;
	uint32_t v32;
	uint16_t v16;

	if (len & 4) {
		memcpy(&v32, p, sizeof(v32));
		sum = v32;
		p += 4;
	}
	if (len & 2) {
		memcpy(&v16, p, sizeof(v16));
		sum += v16;
		p += 2;
	}
	if (len & 1) {
		v16 = 0;
		memcpy(&v16, p, 1);
		sum += v16;
	}
	return sum;
}

uint32_t wire_cksum_sum(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *p = data;
	uint64_t a = sum, b = 0, c = 0, d = 0;

	/* Four chains, since an addition with carry depends on the one before it. */
	for (; len >= 32; p += 32, len -= 32) {
		a = cksum_add(a, cksum_load64(p));
		b = cksum_add(b, cksum_load64(p + 8));
		c = cksum_add(c, cksum_load64(p + 16));
		d = cksum_add(d, cksum_load64(p + 24));
	}
	for (; len >= 8; p += 8, len -= 8)
		a = cksum_add(a, cksum_load64(p));
	a = cksum_add(a, cksum_tail(p, len));
	return cksum_reduce(cksum_add(cksum_add(a, b), cksum_add(c, d)));
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
