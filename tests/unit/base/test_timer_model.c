/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "rng.h"
#include "timer.h"

/*
 * The wheel against a plain array, over random sequences of every operation, from outside and from
 * inside timer functions. What is checked is the contract in timer.h. Repeat a failing seed with
 * run(seed, ...).
 */
#define N_TIMERS 150 /* more than one call may spread, if they stand in one slot */
#define N_KINDS	 5

enum place {
	PLACE_FUTURE, /* armed for the future: fires in order of expiry */
	PLACE_ANY,    /* armed for now or the past from outside */
	PLACE_LATE,   /* so armed from inside: after all others due */
	PLACE_WAIT,   /* so armed from inside the function of a late one: not in this advance */
};

struct model {
	struct timer timer;
	bool armed;
	uint64_t expires_us;
	uint8_t kind;
	enum place place;
};

static struct timer_wheel w;
static struct model m[N_TIMERS];
static struct rng rng;
static uint64_t seed, now, last_us;
static bool inside, in_late;
static void *ctxs[TIMER_KIND_MAX];

#define CHECK(cond)                                                                           \
	do {                                                                                  \
		if (!(cond))                                                                  \
			cr_assert_fail("seed %lu: not true at %lu us: %s", seed, now, #cond); \
	} while (0)

/* A distance of any order of magnitude up to 2^max_bits. */
static uint64_t distance(unsigned max_bits)
{
	return rng_u64(&rng) & ((UINT64_C(1) << rng_below(&rng, max_bits + 1)) - 1);
}

static void arm(struct model *t)
{
	t->kind = (uint8_t)rng_below(&rng, N_KINDS);
	t->expires_us = now + distance(44);
	if (rng_below(&rng, 8) == 0)
		t->expires_us = now - (now < 100 ? now : distance(6));
	else if (rng_below(&rng, 50) == 0)
		t->expires_us = TIMER_US_MAX;
	else if (rng_below(&rng, 2) == 0)
		t->expires_us = (now | UINT32_MAX) + 1 + distance(20);
	t->armed = true;
	if (t->expires_us > now)
		t->place = PLACE_FUTURE;
	else if (!inside)
		t->place = PLACE_ANY;
	else
		t->place = in_late ? PLACE_WAIT : PLACE_LATE;
	timer_arm(&w, &t->timer, t->kind, t->expires_us);
	CHECK(timer_expires_us(&t->timer) == t->expires_us);
}

static void cancel(struct model *t)
{
	t->armed = false;
	timer_cancel(&w, &t->timer);
}

static void act(void)
{
	struct model *t = &m[rng_below(&rng, N_TIMERS)];

	if (rng_below(&rng, 3) == 0)
		cancel(t);
	else
		arm(t);
	CHECK(timer_armed(&t->timer) == t->armed);
}

static void fired(void *ctx, struct timer *timer, uint64_t now_us)
{
	struct model *t = (struct model *)timer;

	CHECK(ctx == &ctxs[t->kind]);
	CHECK(now_us == now);
	CHECK(t->armed);
	CHECK(!timer_armed(timer));
	CHECK(t->expires_us <= now);
	CHECK(t->place != PLACE_WAIT);
	CHECK(!in_late || t->place == PLACE_LATE);
	in_late = t->place == PLACE_LATE;
	if (t->place == PLACE_FUTURE) {
		CHECK(t->expires_us >= last_us);
		last_us = t->expires_us;
	}
	t->armed = false;
	if (rng_below(&rng, 4) == 0)
		arm(t);
	while (rng_below(&rng, 3) == 0)
		act();
}

static const timer_fn fns[TIMER_KIND_MAX] = {fired, fired, fired, fired, fired};

static void check_state(void)
{
	uint64_t n = 0, first = UINT64_MAX, next = timer_wheel_next_us(&w);

	for (unsigned i = 0; i < N_TIMERS; i++) {
		CHECK(timer_armed(&m[i].timer) == m[i].armed);
		if (!m[i].armed)
			continue;
		n++;
		if (m[i].expires_us < first)
			first = m[i].expires_us;
	}
	CHECK(w.n_armed == n);
	CHECK(first > now || next <= now);
	CHECK(next <= first || first <= now);
	CHECK(n > 0 || next == UINT64_MAX);
}

/* A budget that does not run out leaves nothing due but what a late one armed. */
static void advance(uint64_t to, unsigned budget)
{
	unsigned n;

	now = to;
	last_us = 0;
	inside = true;
	n = timer_wheel_advance(&w, now, fns, ctxs, budget);
	inside = in_late = false;
	CHECK(n <= budget);
	for (unsigned i = 0; i < N_TIMERS; i++) {
		if (!m[i].armed || m[i].expires_us > now)
			continue;
		CHECK(budget != UINT32_MAX || m[i].place == PLACE_WAIT);
		m[i].place = PLACE_ANY;
	}
}

static void run(uint64_t with_seed, unsigned n_ops)
{
	seed = with_seed;
	rng_seed(&rng, seed);
	now = distance(40);
	timer_wheel_init(&w, now);
	memset(m, 0, sizeof(m));
	for (unsigned i = 0; i < N_KINDS; i++)
		ctxs[i] = &ctxs[i];
	for (unsigned i = 0; i < n_ops; i++) {
		uint64_t next = timer_wheel_next_us(&w);

		switch (rng_below(&rng, 64)) {
		case 0:
			advance(now + distance(34), UINT32_MAX);
			break;
		case 1:
		case 2:
			advance(now + distance(34), rng_below(&rng, 4));
			break;
		case 3:
			if (next != UINT64_MAX && next > now && next < TIMER_US_MAX / 2)
				advance(next - rng_below(&rng, 2), UINT32_MAX);
			break;
		default:
			act();
		}
		check_state();
	}
}

Test(timer_model, agrees_on_random_sequences)
{
	for (uint64_t s = 1; s <= 300; s++)
		run(s, 4000);
}
