/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>

#include "sock_impl.h"

/* struct gn_timer is a struct timer with a function behind it. */
_Static_assert(sizeof(struct timer) == sizeof(((struct gn_timer *)0)->opaque), "the wheel's part");
_Static_assert(offsetof(struct gn_timer, opaque) == 0, "the wheel's part comes first");
_Static_assert(_Alignof(struct gn_timer) >= _Alignof(struct timer), "aligned as the wheel needs");

static struct timer *sock_timer(struct gn_timer *t)
{
	return (struct timer *)(void *)t->opaque;
}

static void sock_timer_fired(void *ctx, struct timer *t, uint64_t now_us)
{
	struct sock *s = ctx;
	struct gn_timer *g = (struct gn_timer *)(void *)t;

	(void)now_us;
	if (!s->stopping)
		g->fn(s->core, g);
}

void sock_timer_init(struct sock *s)
{
	env_timer_handler(s->env, TIMER_SOCK_USER, sock_timer_fired, s);
}

void gn_timer_set(struct gn_core *c, struct gn_timer *t, uint64_t delay_us,
	void (*fn)(struct gn_core *c, struct gn_timer *t))
{
	struct env *e = sock_of(c)->env;

	if (delay_us == 0)
		delay_us =
			1; /* not in the turn that asks: a timer could then hold it up for ever */
	if (delay_us > TIMER_US_MAX - e->now_us)
		delay_us = TIMER_US_MAX - e->now_us;
	t->fn = fn;
	timer_arm(&e->wheel, sock_timer(t), TIMER_SOCK_USER, e->now_us + delay_us);
}

void gn_timer_cancel(struct gn_core *c, struct gn_timer *t)
{
	timer_cancel(&sock_of(c)->env->wheel, sock_timer(t));
}

bool gn_timer_pending(const struct gn_timer *t)
{
	return timer_armed((const struct timer *)(const void *)t->opaque);
}
