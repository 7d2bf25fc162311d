/* SPDX-License-Identifier: BSD-3-Clause */
#include "stack.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "log.h"
#include "stack_priv.h"

#define STACK_POOL_CACHE  256
#define STACK_WATCHDOG_US 1000000

int stack_error(char *err, size_t err_size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, err_size, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static void stack_clock_init(struct stack *s)
{
	s->tsc_base = rte_get_tsc_cycles();
	s->us_per_tsc = ((unsigned __int128)1000000 << 64) / rte_get_tsc_hz();
}

/* Keys and seeds: new at each start, or all from the configured seed. */
static int stack_secret_init(struct stack *s, char *err, size_t err_size)
{
	struct rng rng;

	s->seed = s->conf->seed;
	if (s->seed != 0) {
		rng_seed(&rng, s->seed);
		s->secret = (struct siphash_key){.k0 = rng_u64(&rng), .k1 = rng_u64(&rng)};
		return 0;
	}
	if (getrandom(&s->secret, sizeof(s->secret), 0) != sizeof(s->secret) ||
		getrandom(&s->seed, sizeof(s->seed), 0) != sizeof(s->seed))
		return stack_error(err, err_size, "getrandom: %s", strerror(errno));
	return 0;
}

/* The stack's cores are EAL's worker lcores in turn. */
static int stack_lcores_init(struct stack *s, char *err, size_t err_size)
{
	unsigned lcore, n = 0;

	RTE_LCORE_FOREACH_WORKER (lcore) {
		if (n == s->conf->n_cores)
			break;
		s->core[n] = (struct stack_core){.stack = s, .index = n, .lcore = lcore};
		n++;
	}
	s->n_cores = n;
	if (n == s->conf->n_cores && n > 0)
		return 0;
	return stack_error(err, err_size, "%u cores configured, EAL was started with %u workers",
		s->conf->n_cores, n);
}

static int stack_pools_create(struct stack *s, char *err, size_t err_size)
{
	static unsigned stacks; /* names are EAL's, for the whole process */
	uint32_t n = s->conf->packet_buffers;
	unsigned stack = __atomic_fetch_add(&stacks, 1, __ATOMIC_RELAXED);

	for (unsigned i = 0; i < s->n_cores; i++) {
		struct stack_core *sc = &s->core[i];
		char name[RTE_MEMPOOL_NAMESIZE];

		snprintf(name, sizeof(name), "gn%u_core%u", stack, i);
		sc->pool =
			rte_pktmbuf_pool_create(name, n, RTE_MIN(n / 4, (uint32_t)STACK_POOL_CACHE),
				0, s->conf->buffer_size, rte_lcore_to_socket_id(sc->lcore));
		if (sc->pool == NULL)
			return stack_error(err, err_size,
				"core %u: no memory for %u packet buffers of %u bytes: %s", i, n,
				s->conf->buffer_size, rte_strerror(rte_errno));
	}
	return 0;
}

static int stack_build(struct stack *s, int (*probe)(const char *device, struct drv_port **out),
	char *err, size_t err_size)
{
	int ret = stack_lcores_init(s, err, err_size);

	if (ret != 0)
		return ret;
	stack_clock_init(s);
	ret = stack_secret_init(s, err, err_size);
	if (ret != 0)
		return ret;
	s->mesh = s->n_cores > 1 ? core_mesh_create(s->n_cores, s->conf->mailbox) : NULL;
	if (s->n_cores > 1 && s->mesh == NULL)
		return stack_error(err, err_size, "mailboxes of %u words between %u cores: %s",
			s->conf->mailbox, s->n_cores, strerror(errno));
	ret = stack_pools_create(s, err, err_size);
	return ret == 0 ? stack_ports_open(s, probe, err, err_size) : ret;
}

struct stack *stack_create(const struct stack_conf *conf, const struct stack_app *app,
	int (*probe)(const char *device, struct drv_port **out), char *err, size_t err_size)
{
	struct stack *s = calloc(1, sizeof(*s));

	if (s != NULL)
		s->conf = malloc(sizeof(*s->conf));
	if (s == NULL || s->conf == NULL) {
		stack_error(err, err_size, "no memory");
		free(s);
		return NULL;
	}
	memcpy(s->conf, conf, sizeof(*conf));
	if (app != NULL)
		s->app = *app;
	if (stack_build(s, probe, err, err_size) != 0) {
		stack_destroy(s);
		return NULL;
	}
	return s;
}

/* A stop that was asked for meanwhile (by a signal) stays. */
static void stack_phase_next(struct stack *s, enum stack_phase from, enum stack_phase to)
{
	__atomic_compare_exchange_n(
		&s->phase, &from, to, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

static int stack_launch(struct stack *s)
{
	for (unsigned i = 0; i < s->n_cores; i++) {
		int ret = rte_eal_remote_launch(stack_core_main, &s->core[i], s->core[i].lcore);

		if (ret != 0) {
			s->core[i].result = ret;
			s->core[i].state = STACK_CORE_FAILED;
			gn_log(GN_LOG_ERR, "core %u: lcore %u is busy", i, s->core[i].lcore);
		}
	}
	for (unsigned i = 0; i < s->n_cores; i++)
		while (__atomic_load_n(&s->core[i].state, __ATOMIC_ACQUIRE) == STACK_CORE_NONE)
			usleep(100);
	for (unsigned i = 0; i < s->n_cores; i++)
		if (s->core[i].state == STACK_CORE_FAILED)
			return s->core[i].result;
	return 0;
}

int stack_start(struct stack *s)
{
	int ret = stack_ports_start(s);

	if (ret != 0)
		return ret;
	stack_phase_next(s, STACK_IDLE, STACK_STARTING);
	s->launched = true;
	ret = stack_launch(s);
	if (ret != 0) {
		stack_stop(s);
		stack_join(s);
		return ret;
	}
	for (unsigned i = 0; i < s->n_cores; i++)
		s->core[i].turns_us = stack_now_us(s);
	stack_phase_next(s, STACK_STARTING, STACK_RUNNING);
	return 0;
}

void stack_stop(struct stack *s)
{
	__atomic_store_n(&s->phase, STACK_STOPPING, __ATOMIC_RELEASE);
}

bool stack_stopping(const struct stack *s)
{
	return __atomic_load_n(&s->phase, __ATOMIC_RELAXED) == STACK_STOPPING;
}

/* Every core's loop turns, or we say so, once. */
static void stack_watchdog(struct stack *s, uint64_t now_us)
{
	for (unsigned i = 0; i < s->n_cores; i++) {
		struct stack_core *sc = &s->core[i];
		const uint64_t *turns = &core_env(sc->core)->cnt.n[CNT_core_turns];
		uint64_t now = __atomic_load_n(turns, __ATOMIC_RELAXED);

		if (now != sc->turns) {
			if (sc->stuck)
				gn_log(GN_LOG_WARN, "core %u: its loop turns again, after %llu ms",
					i, (unsigned long long)(now_us - sc->turns_us) / 1000);
			sc->turns = now;
			sc->turns_us = now_us;
			sc->stuck = false;
		} else if (!sc->stuck && now_us - sc->turns_us >= STACK_WATCHDOG_US) {
			gn_log(GN_LOG_WARN, "core %u: its loop has not turned for 1 s", i);
			sc->stuck = true;
		}
	}
}

void stack_poll(struct stack *s)
{
	uint64_t now_us = stack_now_us(s);

	if (__atomic_load_n(&s->phase, __ATOMIC_RELAXED) != STACK_RUNNING)
		return;
	stack_ports_poll(s, now_us);
	stack_watchdog(s, now_us);
}

int stack_join(struct stack *s)
{
	int ret = 0;

	for (unsigned i = 0; i < s->n_cores && s->launched; i++) {
		int core = rte_eal_wait_lcore(s->core[i].lcore);

		if (ret == 0)
			ret = core;
	}
	s->launched = false;
	return ret;
}

/* All is closed: whatever is not in its pool now was lost on the way, or is a peer's. Such a pool
 * is kept, since somebody may still give buffers back to it. */
static void stack_pool_free(struct stack_core *sc)
{
	unsigned avail;

	if (sc->pool == NULL)
		return;
	avail = rte_mempool_avail_count(sc->pool);
	if (avail == sc->pool->size)
		rte_mempool_free(sc->pool);
	else
		gn_log(GN_LOG_DEBUG, "core %u: %u of %u packet buffers did not come back",
			sc->index, sc->pool->size - avail, sc->pool->size);
}

void stack_destroy(struct stack *s)
{
	if (s == NULL)
		return;
	if (s->launched) {
		stack_stop(s);
		stack_join(s);
	}
	for (unsigned i = 0; i < s->n_cores; i++)
		core_destroy(s->core[i].core);
	stack_ports_close(s);
	for (unsigned i = 0; i < s->n_cores; i++)
		stack_pool_free(&s->core[i]);
	core_mesh_destroy(s->mesh);
	free(s->conf);
	free(s);
}

unsigned stack_n_cores(const struct stack *s)
{
	return s->n_cores;
}

struct gn_core *stack_core(const struct stack *s, unsigned i)
{
	return s->core[i].core;
}

unsigned stack_n_ports(const struct stack *s)
{
	return s->n_ports;
}

struct drv_port *stack_port(const struct stack *s, unsigned i)
{
	return s->port[i].drv;
}

const struct drv_conf *stack_port_conf(const struct stack *s, unsigned i)
{
	return &s->port[i].conf;
}

const struct stack_conf *stack_conf_of(const struct stack *s)
{
	return s->conf;
}

const struct owner *stack_owner(const struct stack *s)
{
	return &s->owner;
}
