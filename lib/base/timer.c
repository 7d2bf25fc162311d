/* SPDX-License-Identifier: BSD-3-Clause */
#include "timer.h"

#include <assert.h>
#include <string.h>

/*
 * A timer stands at the level of the highest bit in which its expiry differs from pos_us, in the
 * slot that its expiry names there. So all timers of a level come before all of the next one, no
 * level wraps around, and the earliest timer is in the lowest slot of the lowest level in use.
 * The price: a slot above level 0 must be spread over the lower levels when pos_us reaches it.
 */
_Static_assert(TW_LEVELS *TW_SLOT_BITS >= TIMER_KIND_SHIFT, "levels cover every expiry");

#define MOVES_MIN	64
#define MOVES_PER_TIMER 8 /* a move costs about an eighth of a timer function */

static void list_add(struct timer **head, struct timer *t)
{
	t->next = *head;
	if (t->next != NULL)
		t->next->pprev = &t->next;
	t->pprev = head;
	*head = t;
}

/* Moves a whole list to an empty head. */
static void list_take(struct timer **to, struct timer **from)
{
	*to = *from;
	*from = NULL;
	if (*to != NULL)
		(*to)->pprev = to;
}

static void slot_empty(struct timer_wheel *w, unsigned level, unsigned slot)
{
	w->occupied[level] &= ~(UINT64_C(1) << slot);
	if (w->occupied[level] == 0)
		w->levels &= ~(1u << level);
}

static void unlink_timer(struct timer_wheel *w, struct timer *t)
{
	*t->pprev = t->next;
	if (t->next != NULL) {
		t->next->pprev = t->pprev;
	} else {
		/* The last of its list: was that list a slot? */
		uintptr_t i = ((uintptr_t)t->pprev - (uintptr_t)w->slot) / sizeof(t);

		if (i < TW_LEVELS * TW_SLOTS)
			slot_empty(w, i / TW_SLOTS, i % TW_SLOTS);
	}
	t->pprev = NULL;
}

/* Puts an unlinked timer into its slot; what is past counts as due at pos_us. */
static void place(struct timer_wheel *w, struct timer *t)
{
	uint64_t when = timer_expires_us(t);

	if (when < w->pos_us)
		when = w->pos_us;
	/* | 1: no difference at all is level 0 too, and clz(0) is not defined. */
	unsigned level = (63u - (unsigned)__builtin_clzll((when ^ w->pos_us) | 1)) / TW_SLOT_BITS;
	unsigned shift = level * TW_SLOT_BITS, slot = when >> shift & (TW_SLOTS - 1);
	uint64_t begin = when >> shift << shift;

	if (begin < w->due_us)
		w->due_us = begin;
	list_add(&w->slot[level][slot], t);
	w->occupied[level] |= UINT64_C(1) << slot;
	w->levels |= 1u << level;
}

/* The first slot in use; answers the time at which it begins, UINT64_MAX if none is in use. */
static uint64_t first_slot(const struct timer_wheel *w, unsigned *level, unsigned *slot)
{
	*level = 0;
	*slot = 0;
	if (w->levels == 0)
		return UINT64_MAX;
	*level = (unsigned)__builtin_ctz(w->levels);
	*slot = (unsigned)__builtin_ctzll(w->occupied[*level]);

	unsigned shift = *level * TW_SLOT_BITS;
	uint64_t block = w->pos_us >> shift >> TW_SLOT_BITS << TW_SLOT_BITS;

	return (block | *slot) << shift;
}

void timer_wheel_init(struct timer_wheel *w, uint64_t now_us)
{
	memset(w, 0, sizeof(*w));
	w->now_us = now_us < TIMER_US_MAX ? now_us : TIMER_US_MAX;
	w->pos_us = w->now_us;
	w->due_us = UINT64_MAX;
}

void timer_arm(struct timer_wheel *w, struct timer *t, uint8_t kind, uint64_t expires_us)
{
	assert(kind < TIMER_KIND_MAX);
	if (timer_armed(t))
		unlink_timer(w, t);
	else
		w->n_armed++;
	if (expires_us > TIMER_US_MAX)
		expires_us = TIMER_US_MAX;
	t->expires_us = (uint64_t)kind << TIMER_KIND_SHIFT | expires_us;
	if (w->advancing && expires_us <= w->now_us) {
		list_add(&w->late, t);
		return;
	}
	if (w->now_us < w->due_us) /* as timer_wheel_run() would leave it */
		w->pos_us = w->now_us;
	place(w, t);
}

void timer_cancel(struct timer_wheel *w, struct timer *t)
{
	if (!timer_armed(t))
		return;
	unlink_timer(w, t);
	w->n_armed--;
}

uint64_t timer_wheel_next_us(const struct timer_wheel *w)
{
	unsigned level, slot;

	if (w->firing != NULL || w->cascading != NULL)
		return w->pos_us;
	return first_slot(w, &level, &slot);
}

/*
 * Moves pos_us to the first slot in use and takes its timers out, to fire or to spread. False, and
 * pos_us at now_us, if that slot is not due.
 */
static bool open_slot(struct timer_wheel *w)
{
	unsigned level, slot;
	uint64_t when = first_slot(w, &level, &slot);

	if (when > w->now_us) {
		w->pos_us = w->now_us;
		return false;
	}
	w->pos_us = when;
	list_take(level == 0 ? &w->firing : &w->cascading, &w->slot[level][slot]);
	slot_empty(w, level, slot);
	return true;
}

static void fire(struct timer_wheel *w, const timer_fn *fn, void *const *ctx)
{
	struct timer *t = w->firing;
	unsigned kind = t->expires_us >> TIMER_KIND_SHIFT;

	unlink_timer(w, t);
	w->n_armed--;
	fn[kind](ctx[kind], t, w->now_us);
}

static void replace_all(struct timer_wheel *w, struct timer **from, uint64_t *moves)
{
	while (*from != NULL && *moves > 0) {
		struct timer *t = *from;

		unlink_timer(w, t);
		place(w, t);
		(*moves)--;
	}
}

/* Fires and spreads until nothing is due or budget or moves are used up. */
static unsigned run(struct timer_wheel *w, const timer_fn *fn, void *const *ctx, unsigned budget)
{
	uint64_t moves = MOVES_MIN + (uint64_t)MOVES_PER_TIMER * budget;
	unsigned fired = 0;
	bool second_round = false;

	for (;;) {
		if (w->firing != NULL) {
			if (fired == budget)
				return fired;
			fire(w, fn, ctx);
			fired++;
		} else if (w->cascading != NULL) {
			if (moves == 0)
				return fired;
			replace_all(w, &w->cascading, &moves);
		} else if (!open_slot(w)) {
			if (second_round || w->late == NULL)
				return fired;
			second_round = true;
			list_take(&w->firing, &w->late);
		}
	}
}

unsigned timer_wheel_run(
	struct timer_wheel *w, const timer_fn *fn, void *const *ctx, unsigned budget)
{
	uint64_t unbounded = UINT64_MAX;
	unsigned fired;

	assert(!w->advancing);
	w->advancing = true;
	fired = run(w, fn, ctx, budget);
	w->advancing = false;
	/* No more of them than were armed by the functions just called. */
	replace_all(w, &w->late, &unbounded);
	w->due_us = timer_wheel_next_us(w);
	return fired;
}
