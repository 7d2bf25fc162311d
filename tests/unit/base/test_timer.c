/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "rng.h"
#include "timer.h"

/* One object with a timer in it, and what has happened to it. */
struct obj {
	struct timer timer;
	unsigned fired;
	unsigned place; /* counting from 1, of its last firing */
};

static struct timer_wheel w;
static struct obj a, b, c;
static unsigned n_fired;

static struct obj *obj_of(struct timer *t)
{
	return (struct obj *)t;
}

static void on_note(void *ctx, struct timer *t, uint64_t now_us)
{
	struct obj *o = obj_of(t);

	cr_assert_not(timer_armed(t), "unarmed before its function is called");
	o->fired++;
	o->place = ++n_fired;
}

/* ctx: how far from now it arms itself again. */
static void on_rearm(void *ctx, struct timer *t, uint64_t now_us)
{
	on_note(NULL, t, now_us);
	timer_arm(&w, t, 1, now_us + (uint64_t)(intptr_t)ctx);
}

/* ctx: the object whose timer it cancels. */
static void on_cancel(void *ctx, struct timer *t, uint64_t now_us)
{
	on_note(NULL, t, now_us);
	timer_cancel(&w, &((struct obj *)ctx)->timer);
}

static void on_free(void *ctx, struct timer *t, uint64_t now_us)
{
	n_fired++;
	free(obj_of(t));
}

/* ctx: the object whose timer it arms for now, kind 0. */
static void on_arm_now(void *ctx, struct timer *t, uint64_t now_us)
{
	on_note(NULL, t, now_us);
	timer_arm(&w, &((struct obj *)ctx)->timer, 0, now_us);
}

static const timer_fn fns[TIMER_KIND_MAX] = {on_note, on_rearm, on_cancel, on_free, on_arm_now};
static void *ctxs[TIMER_KIND_MAX];

static unsigned advance(uint64_t now_us)
{
	return timer_wheel_advance(&w, now_us, fns, ctxs, UINT32_MAX);
}

static void setup(void)
{
	timer_wheel_init(&w, 1000);
}

TestSuite(timer, .init = setup);

Test(timer, fires_at_its_expiry_and_not_before)
{
	for (unsigned shift = 0; shift < 55; shift++) {
		uint64_t when = w.now_us + (UINT64_C(1) << shift);

		timer_arm(&w, &a.timer, 0, when);
		cr_assert(timer_armed(&a.timer));
		cr_assert_eq(timer_expires_us(&a.timer), when);
		cr_assert_eq(advance(when - 1), 0, "early at 2^%u us", shift);
		cr_assert_eq(advance(when), 1, "late at 2^%u us", shift);
		cr_assert_eq(a.fired, shift + 1);
	}
}

Test(timer, a_past_expiry_fires_at_the_next_advance)
{
	timer_arm(&w, &a.timer, 0, 3);
	timer_arm(&w, &b.timer, 0, 1000);
	cr_assert_eq(timer_expires_us(&a.timer), 3);
	cr_assert_leq(timer_wheel_next_us(&w), 1000);
	cr_assert_eq(advance(1000), 2, "also if now did not move");
}

Test(timer, time_never_goes_backwards)
{
	timer_arm(&w, &a.timer, 0, 1500);
	advance(1200);
	cr_assert_eq(advance(1100), 0);
	cr_assert_eq(w.now_us, 1200);
	timer_arm(&w, &b.timer, 0, 1150);
	cr_assert_eq(advance(1100), 1);
	cr_assert_eq(b.fired, 1);
}

Test(timer, rearming_moves_and_cancelling_stops)
{
	timer_arm(&w, &a.timer, 0, 2000);
	timer_arm(&w, &a.timer, 0, 3000);
	cr_assert_eq(w.n_armed, 1);
	cr_assert_eq(advance(2999), 0);
	timer_cancel(&w, &a.timer);
	timer_cancel(&w, &a.timer);
	cr_assert_eq(w.n_armed, 0);
	cr_assert_eq(timer_wheel_next_us(&w), UINT64_MAX);
	cr_assert_eq(advance(5000), 0);
}

Test(timer, fires_in_order_of_expiry_over_a_huge_jump)
{
	timer_arm(&w, &c.timer, 0, UINT64_C(1) << 50);
	timer_arm(&w, &a.timer, 0, 1001);
	timer_arm(&w, &b.timer, 0, (UINT64_C(1) << 50) - 1);
	cr_assert_eq(advance(UINT64_C(1) << 55), 3);
	cr_assert_eq(a.place, 1);
	cr_assert_eq(b.place, 2);
	cr_assert_eq(c.place, 3);
}

Test(timer, expiries_beyond_the_representable_are_held)
{
	timer_arm(&w, &a.timer, 0, UINT64_MAX);
	cr_assert_eq(timer_expires_us(&a.timer), TIMER_US_MAX);
	cr_assert_eq(advance(TIMER_US_MAX - 1), 0);
	cr_assert_eq(advance(UINT64_MAX), 1);
}

Test(timer, next_is_never_late_and_leads_to_every_timer)
{
	uint64_t when = 0, next;

	timer_arm(&w, &a.timer, 0, UINT64_C(123456789012));
	while ((next = timer_wheel_next_us(&w)) != UINT64_MAX) {
		cr_assert_gt(next, when, "nothing is due, so the answer lies ahead");
		cr_assert_leq(next, UINT64_C(123456789012));
		when = next;
		advance(when);
	}
	cr_assert_eq(a.fired, 1);
}

Test(timer, budget_ends_a_call_and_the_rest_fires_next)
{
	struct obj o[10] = {0};

	for (unsigned i = 0; i < 10; i++)
		timer_arm(&w, &o[i].timer, 0, 1100 + i / 5 * 100);
	cr_assert_eq(timer_wheel_advance(&w, 2000, fns, ctxs, 0), 0);
	cr_assert_eq(timer_wheel_advance(&w, 2000, fns, ctxs, 3), 3);
	cr_assert_leq(timer_wheel_next_us(&w), 2000);
	cr_assert_eq(timer_wheel_advance(&w, 2000, fns, ctxs, 4), 4);
	timer_arm(&w, &a.timer, 0, 1500);
	cr_assert_eq(timer_wheel_advance(&w, 3000, fns, ctxs, 100), 4);
	for (unsigned i = 0; i < 10; i++)
		cr_assert_eq(o[i].fired, 1);
	cr_assert_eq(timer_wheel_next_us(&w), UINT64_MAX);
}

Test(timer, a_timer_may_arm_itself_for_later)
{
	ctxs[1] = (void *)100;
	timer_arm(&w, &a.timer, 1, 1100);
	for (unsigned i = 1; i <= 50; i++)
		cr_assert_eq(advance(1000 + 100 * i), 1);
	cr_assert_eq(timer_expires_us(&a.timer), 1000 + 51 * 100);
}

Test(timer, a_timer_that_always_arms_itself_for_now_cannot_hold_up_the_core)
{
	ctxs[1] = (void *)0;
	timer_arm(&w, &a.timer, 1, 1100);
	cr_assert_eq(advance(1100), 2, "once for its expiry, once for the arming inside");
	cr_assert_leq(timer_wheel_next_us(&w), 1100);
	cr_assert_eq(advance(1100), 2);
}

Test(timer, armed_for_now_inside_fires_after_all_others_due)
{
	ctxs[4] = &b;
	timer_arm(&w, &a.timer, 4, 1100);
	timer_arm(&w, &c.timer, 0, 1200);
	cr_assert_eq(advance(1200), 3);
	cr_assert_eq(a.place, 1);
	cr_assert_eq(c.place, 2);
	cr_assert_eq(b.place, 3);
}

Test(timer, a_timer_function_may_cancel_one_due_at_the_same_time)
{
	ctxs[2] = &b;
	timer_arm(&w, &b.timer, 0, 1100);
	timer_arm(&w, &c.timer, 0, 1101);
	timer_arm(&w, &a.timer, 2, 1099);
	cr_assert_eq(advance(1200), 2);
	cr_assert_eq(b.fired, 0);
	/* Equal expiries, both ways round: whichever is first cancels the other or is too late. */
	ctxs[2] = &b;
	timer_arm(&w, &a.timer, 2, 1300);
	timer_arm(&w, &b.timer, 0, 1300);
	timer_arm(&w, &c.timer, 0, 1300);
	advance(1300);
	cr_assert_eq(c.fired, 2);
	cr_assert_eq(w.n_armed, 0);
}

Test(timer, a_timer_function_may_free_its_object)
{
	for (unsigned i = 0; i < 100; i++)
		timer_arm(&w, &((struct obj *)calloc(1, sizeof(struct obj)))->timer, 3, 2000);
	cr_assert_eq(advance(5000), 100);
	cr_assert_eq(w.n_armed, 0);
}

#define MILLION 1000000u

static uint64_t last_expiry;
static uint64_t expiry[MILLION];
static struct obj *objs;

static void on_ordered(void *ctx, struct timer *t, uint64_t now_us)
{
	struct obj *o = obj_of(t);
	uint64_t when = expiry[o - objs];

	if (when > now_us || when < last_expiry)
		cr_assert_fail("fired at %lu for %lu after one for %lu", now_us, when, last_expiry);
	last_expiry = when;
	o->fired++;
}

Test(timer, a_million)
{
	static const timer_fn ordered[TIMER_KIND_MAX] = {on_ordered};
	struct rng rng;
	uint64_t fired = 0;

	rng_seed(&rng, 1);
	objs = calloc(MILLION, sizeof(*objs));
	for (unsigned i = 0; i < MILLION; i++) {
		expiry[i] = 1001 + rng_u64(&rng) % UINT64_C(7200000000);
		timer_arm(&w, &objs[i].timer, 0, expiry[i]);
	}
	cr_assert_eq(w.n_armed, MILLION);
	for (unsigned i = 0; i < MILLION; i += 2)
		timer_cancel(&w, &objs[i].timer);
	cr_assert_eq(w.n_armed, MILLION / 2);
	for (uint64_t now = 1000; w.n_armed > 0; now += rng_below(&rng, 10000000))
		fired += timer_wheel_advance(&w, now, ordered, ctxs, UINT32_MAX);
	cr_assert_eq(fired, MILLION / 2);
	for (unsigned i = 0; i < MILLION; i++)
		if (objs[i].fired != i % 2)
			cr_assert_fail("timer %u fired %u times", i, objs[i].fired);
	free(objs);
}

Test(timer, a_million_in_one_slot_do_not_hold_up_the_core)
{
	const unsigned budget = 32;
	uint64_t when = UINT64_C(1) << 32, fired = 0;
	unsigned calls = 0;

	objs = calloc(MILLION, sizeof(*objs));
	for (unsigned i = 0; i < MILLION; i++)
		timer_arm(&w, &objs[i].timer, 0, when + 1000 + i);
	/* Reaching the slot spreads it, piece by piece, before any of it is due. */
	for (; timer_wheel_next_us(&w) <= when; calls++)
		fired += timer_wheel_advance(&w, when, fns, ctxs, budget);
	cr_assert_eq(fired, 0);
	cr_assert_geq(calls, MILLION / (64 + 8 * budget), "a call spread more than its share");
	cr_assert_eq(advance(when + 1000 + MILLION), MILLION);
	free(objs);
}
