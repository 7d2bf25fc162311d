/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_BASE_TIMER_H
#define GN_BASE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Hierarchical timing wheel, one per core: TW_LEVELS levels of 64 slots with a 64-bit occupancy
 * map each, at a resolution of one microsecond. Arm, re-arm and cancel are O(1) and allocate
 * nothing: the timer lives inside the object that it times. A timer never fires early; it fires in
 * the first timer_wheel_advance() whose now is at or past its expiry, and timers fire in the order
 * of their expiry (equal expiries in no stated order).
 *
 * The levels cover all times that a timer can hold (TIMER_US_MAX, 2283 years), so there is no
 * horizon behind which timers would be treated differently; a later expiry is taken as that.
 * Not thread-safe: a wheel belongs to one core. A wheel with armed timers stays where it is.
 */
#define TW_LEVELS    10
#define TW_SLOT_BITS 6
#define TW_SLOTS     (1u << TW_SLOT_BITS)

struct timer {
	struct timer *next;   /* owner: wheel */
	struct timer **pprev; /* owner: wheel; NULL while not armed */
	uint64_t expires_us;  /* absolute, the core's clock; valid while armed. Top 8 bits: kind */
};

struct timer_wheel {
	uint64_t now_us; /* of the last advance */
	uint64_t pos_us; /* what expired before it has fired; behind now_us while nothing is due */
	uint64_t due_us; /* before it nothing fires or moves down a level */
	uint64_t n_armed;
	struct timer *firing;	 /* due at pos_us */
	struct timer *cascading; /* left of a slot that is being spread over lower levels */
	struct timer *late;	 /* armed for now or the past from inside this advance */
	bool advancing;
	uint32_t levels; /* bit l: occupied[l] is not 0 */
	uint64_t occupied[TW_LEVELS];
	struct timer *slot[TW_LEVELS][TW_SLOTS];
};

/* What a timer is for: index into the table of functions given to timer_wheel_advance(). */
typedef void (*timer_fn)(void *ctx, struct timer *t, uint64_t now_us);

#define TIMER_KIND_SHIFT 56
#define TIMER_KIND_MAX	 32
#define TIMER_US_MAX	 ((UINT64_C(1) << TIMER_KIND_SHIFT) - 1)

static inline bool timer_armed(const struct timer *t)
{
	return t->pprev != 0;
}

/* Absolute expiry in us. Only while armed. */
static inline uint64_t timer_expires_us(const struct timer *t)
{
	return t->expires_us & TIMER_US_MAX;
}

void timer_wheel_init(struct timer_wheel *w, uint64_t now_us);

/* A zeroed struct timer is a valid unarmed timer. */
static inline void timer_init(struct timer *t)
{
	t->pprev = 0;
}

/*
 * Arms or re-arms t to fire at expires_us (absolute; in the past or now: at the next advance, in no
 * stated place among those due then) as kind (< TIMER_KIND_MAX). May be called from within a timer
 * function, also for the timer that fires; one armed for now or the past from inside an advance
 * fires in that same advance, after all others due; one that is so armed by the function of such
 * a timer waits for the next advance, so that no timer can hold up the core.
 */
void timer_arm(struct timer_wheel *w, struct timer *t, uint8_t kind, uint64_t expires_us);

/* Cancels t; a no-op if it is not armed. Any timer may be cancelled from a timer function. */
void timer_cancel(struct timer_wheel *w, struct timer *t);

/* The part of timer_wheel_advance() that has something to do. */
unsigned timer_wheel_run(
	struct timer_wheel *w, const timer_fn *fn, void *const *ctx, unsigned budget);

/*
 * Moves the wheel to now_us (never backwards: for an older now it stays where it is) and calls
 * fn[kind](ctx[kind], t, now_us) for each timer due, at most budget of them; the timer is unarmed
 * before its function is called, and the function may free the object that holds it, but not
 * advance the wheel. Returns how many fired. If the budget ended the call, the rest fires at the
 * next one, and timer_wheel_next_us() answers a time that is not later than now. Moving timers
 * from a high level to a lower one is bounded by the budget too, at 64 + 8 * budget of them.
 */
static inline unsigned timer_wheel_advance(struct timer_wheel *w, uint64_t now_us,
	const timer_fn *fn, void *const *ctx, unsigned budget)
{
	if (now_us > TIMER_US_MAX)
		now_us = TIMER_US_MAX;
	if (now_us > w->now_us)
		w->now_us = now_us;
	return w->now_us < w->due_us ? 0 : timer_wheel_run(w, fn, ctx, budget);
}

/*
 * A time at or before the earliest expiry and after now_us if nothing is due: when to call advance
 * again. It may be early (a cascade is due), never late. UINT64_MAX: no timer is armed.
 */
uint64_t timer_wheel_next_us(const struct timer_wheel *w);

#endif
