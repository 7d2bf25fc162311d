/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_BASE_SPSC_H
#define GN_BASE_SPSC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Bounded ring of 64-bit words between one producer thread and one consumer thread. The only place
 * where cores meet: each side keeps a copy of the other's index and reads the shared one only when
 * the copy says full or empty. Burst calls publish once.
 *
 * Producer and consumer are two lines apart, since some processors fetch lines in pairs; what one
 * side needs shares the line of the index that it publishes, which it writes each time anyway.
 *
 * Capacity is a power of two, all of it usable. C11 acquire/release ordering.
 */
struct spsc {
	/* producer's */
	_Alignas(64) uint32_t prod; /* written by the producer, read by the consumer */
	uint32_t prod_head;	    /* producer only */
	uint32_t prod_cons_copy;    /* producer only */
	uint32_t prod_mask;	    /* constant */
	uint64_t *prod_slot;	    /* constant */
	_Alignas(64) uint8_t prod_pad[64];
	/* consumer's */
	_Alignas(64) uint32_t cons; /* written by the consumer, read by the producer */
	uint32_t cons_tail;	    /* consumer only */
	uint32_t cons_prod_copy;    /* consumer only */
	uint32_t cons_mask;	    /* constant */
	uint64_t *cons_slot;	    /* constant */
	_Alignas(64) uint8_t cons_pad[64];
};

/* Bytes of slot memory that spsc_init() needs for size entries. */
static inline size_t spsc_slot_bytes(uint32_t size)
{
	return (size_t)size * sizeof(uint64_t);
}

/* size: a power of two, 2 to 2^31. slots: spsc_slot_bytes(size), outlives the ring. */
void spsc_init(struct spsc *r, uint64_t *slots, uint32_t size);

/* Copies n words into or out of a ring's slots from index at: one run, or two around the end. */
static inline void spsc_copy_in(uint64_t *restrict slot, uint32_t mask, uint32_t at,
	const uint64_t *restrict words, uint32_t n)
{
	uint32_t i = at & mask, first = mask + 1 - i < n ? mask + 1 - i : n;
	uint64_t *restrict to = slot + i;

	for (uint32_t k = 0; k < first; k++)
		to[k] = words[k];
	for (uint32_t k = first; k < n; k++)
		slot[k - first] = words[k];
}

static inline void spsc_copy_out(const uint64_t *restrict slot, uint32_t mask, uint32_t at,
	uint64_t *restrict words, uint32_t n)
{
	uint32_t i = at & mask, first = mask + 1 - i < n ? mask + 1 - i : n;
	const uint64_t *restrict from = slot + i;

	for (uint32_t k = 0; k < first; k++)
		words[k] = from[k];
	for (uint32_t k = first; k < n; k++)
		words[k] = slot[k - first];
}

/* Producer: how many of want words fit now. A push of as many takes them all. */
static inline uint32_t spsc_room(struct spsc *r, uint32_t want)
{
	uint32_t room = r->prod_mask + 1 - (r->prod_head - r->prod_cons_copy);

	if (__builtin_expect(room < want, 0)) {
		r->prod_cons_copy = __atomic_load_n(&r->cons, __ATOMIC_ACQUIRE);
		room = r->prod_mask + 1 - (r->prod_head - r->prod_cons_copy);
	}
	return room < want ? room : want;
}

/* Producer: appends up to n words, returns how many were taken (a full ring takes fewer). */
static inline uint32_t spsc_push(struct spsc *r, const uint64_t *words, uint32_t n)
{
	uint32_t room = r->prod_mask + 1 - (r->prod_head - r->prod_cons_copy);

	if (__builtin_expect(room < n, 0)) {
		r->prod_cons_copy = __atomic_load_n(&r->cons, __ATOMIC_ACQUIRE);
		room = r->prod_mask + 1 - (r->prod_head - r->prod_cons_copy);
		if (n > room)
			n = room;
	}
	spsc_copy_in(r->prod_slot, r->prod_mask, r->prod_head, words, n);
	r->prod_head += n;
	__atomic_store_n(&r->prod, r->prod_head, __ATOMIC_RELEASE);
	return n;
}

/* Consumer: takes up to n words, returns how many. */
static inline uint32_t spsc_pop(struct spsc *r, uint64_t *words, uint32_t n)
{
	uint32_t avail = r->cons_prod_copy - r->cons_tail;

	if (avail < n) {
		r->cons_prod_copy = __atomic_load_n(&r->prod, __ATOMIC_ACQUIRE);
		avail = r->cons_prod_copy - r->cons_tail;
		if (n > avail)
			n = avail;
		if (n == 0)
			return 0;
	}
	spsc_copy_out(r->cons_slot, r->cons_mask, r->cons_tail, words, n);
	r->cons_tail += n;
	__atomic_store_n(&r->cons, r->cons_tail, __ATOMIC_RELEASE);
	return n;
}

/* Either side: how many words wait, a snapshot. */
static inline uint32_t spsc_count(const struct spsc *r)
{
	return __atomic_load_n(&r->prod, __ATOMIC_ACQUIRE) -
	       __atomic_load_n(&r->cons, __ATOMIC_ACQUIRE);
}

#endif
