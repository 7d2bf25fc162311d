/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_pause.h>

#include "log.h"
#include "stack_priv.h"

/* Yielding, a real sleep now and then: without it two busy cores on one CPU starve the kernel's
 * own threads, and with them its side of a virtual device. */
#define LOOP_NAP_EVERY	  64
#define LOOP_SLEEP_AFTER  64  /* idle polls */
#define LOOP_SLEEP_MAX_US 200 /* nothing wakes us but the clock */

uint64_t stack_now_us(const struct stack *s)
{
	return (unsigned __int128)(rte_get_tsc_cycles() - s->tsc_base) * s->us_per_tsc >> 64;
}

static void loop_sleep_us(uint64_t us)
{
	struct timespec ts = {.tv_nsec = us * 1000};

	nanosleep(&ts, NULL);
}

static void loop_idle(const struct stack *s, const struct gn_core *c, unsigned idle_polls)
{
	uint64_t next, now;

	switch (s->conf->idle) {
	case CONF_IDLE_SPIN:
		rte_pause();
		return;
	case CONF_IDLE_YIELD:
		if (idle_polls % LOOP_NAP_EVERY == 0)
			loop_sleep_us(1);
		else
			sched_yield();
		return;
	case CONF_IDLE_SLEEP:
		if (idle_polls < LOOP_SLEEP_AFTER) {
			rte_pause();
			return;
		}
		next = core_next_us(c);
		now = stack_now_us(s);
		if (next > now)
			loop_sleep_us(RTE_MIN(next - now, (uint64_t)LOOP_SLEEP_MAX_US));
		return;
	}
}

static void loop_run(struct stack *s, struct gn_core *c)
{
	unsigned idle_polls = 0;

	while (__atomic_load_n(&s->phase, __ATOMIC_RELAXED) != STACK_STOPPING) {
		if (core_turn(c, stack_now_us(s)) > 0)
			idle_polls = 0;
		else
			loop_idle(s, c, ++idle_polls);
	}
}

static void core_params_fill(const struct stack_core *sc, struct core_params *p)
{
	struct stack *s = sc->stack;
	struct rng rng;

	rng_seed(&rng, s->seed + sc->index);
	*p = (struct core_params){
		.conf = s->conf,
		.index = sc->index,
		.mesh = s->mesh,
		.owner = &s->owner,
		.pool = sc->pool,
		.cache = rte_mempool_default_cache(sc->pool, rte_lcore_id()),
		.secret = s->secret,
		.seed = rng_u64(&rng),
		.now_us = stack_now_us(s),
		.n_ports = s->n_ports,
		.app = s->app.ops,
	};
	for (unsigned i = 0; i < s->n_ports; i++)
		p->port[i] = (struct core_port){.drv = s->port[i].drv, .conf = &s->port[i].conf};
}

/* Makes the core and its application. 0 or -errno. */
static int core_start(struct stack_core *sc)
{
	struct stack *s = sc->stack;
	struct core_params params;
	int ret = 0;

	core_params_fill(sc, &params);
	sc->core = core_create(&params);
	if (sc->core == NULL) {
		ret = -errno;
		gn_log(GN_LOG_ERR, "core %u: cannot start: %s", sc->index, strerror(-ret));
		return ret;
	}
	if (s->app.init != NULL)
		ret = s->app.init(sc->core, s->app.arg);
	if (ret != 0)
		gn_log(GN_LOG_ERR, "core %u: the application cannot start: %s", sc->index,
			strerror(-ret));
	return ret;
}

int stack_core_main(void *arg)
{
	struct stack_core *sc = arg;
	struct stack *s = sc->stack;

	/* A nap of 1 us is to be one: by default the kernel adds up to 50 us to a sleep. */
	prctl(PR_SET_TIMERSLACK, 1000UL);
	sc->result = core_start(sc);
	__atomic_store_n(&sc->state, sc->result == 0 ? STACK_CORE_READY : STACK_CORE_FAILED,
		__ATOMIC_RELEASE);
	if (sc->result != 0)
		return sc->result;
	/* No core turns before all are made: what one hands over, the other can take. */
	while (__atomic_load_n(&s->phase, __ATOMIC_ACQUIRE) == STACK_STARTING)
		loop_sleep_us(50);
	loop_run(s, sc->core);
	if (s->app.exit != NULL)
		s->app.exit(sc->core, s->app.arg);
	core_finish(sc->core, stack_now_us(s));
	return 0;
}
