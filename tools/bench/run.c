/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <time.h>

#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "bench.h"
#include "cable.h"

/* Runs a pair: with a thread a side, or counted on one thread. */

uint64_t bench_clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/*
 * The functions that callgrind is told to count in (tools/bench/bench), one per side. They hold
 * the whole turn: driver, stack and application. The remarks keep the compiler from making one
 * function of two that look alike.
 */
__attribute__((noinline)) void bench_server_turn(struct gn_core *c, uint64_t now_us);
__attribute__((noinline)) void bench_client_turn(struct gn_core *c, uint64_t now_us);

void bench_server_turn(struct gn_core *c, uint64_t now_us)
{
	core_turn(c, now_us);
	__asm__ volatile("# server");
}

void bench_client_turn(struct gn_core *c, uint64_t now_us)
{
	core_turn(c, now_us);
	__asm__ volatile("# client");
}

struct loop {
	struct bench_side *side;
	volatile bool stop;
};

static int loop_run(void *arg)
{
	struct loop *l = arg;

	while (!l->stop)
		core_turn(l->side->core, bench_clock_us());
	return 0;
}

static void sleep_s(double s)
{
	struct timespec t = {.tv_sec = (time_t)s, .tv_nsec = (long)((s - (double)(time_t)s) * 1e9)};

	nanosleep(&t, NULL);
}

static void threads_run(struct bench_pair *p, const struct bench_opts *o, struct bench_result *r)
{
	struct loop loops[2] = {{.side = &p->client}, {.side = &p->server}};

	for (unsigned i = 0; i < 2; i++)
		rte_eal_remote_launch(loop_run, &loops[i], 1 + i);
	while (!__atomic_load_n(&p->client.ready, __ATOMIC_ACQUIRE))
		sleep_s(0.01);
	sleep_s(o->seconds / 10);
	uint64_t done = __atomic_load_n(&p->client.done, __ATOMIC_RELAXED), at = bench_clock_us();

	sleep_s(o->seconds);
	r->transactions = __atomic_load_n(&p->client.done, __ATOMIC_RELAXED) - done;
	r->seconds = (double)(bench_clock_us() - at) / 1e6;
	loops[0].stop = true;
	loops[1].stop = true;
	rte_eal_mp_wait_lcore();
}

/* Virtual time: 2 us a round, so that no timer depends on the machine. */
static void count_run(struct bench_pair *p, const struct bench_opts *o, struct bench_result *r)
{
	uint64_t now = bench_clock_us();

	while (!p->client.ready || p->client.done < o->transactions) {
		core_turn(p->client.core, now++);
		core_turn(p->server.core, now++);
	}
	uint64_t from = p->client.done;

	bench_counting = true;
	while (p->client.done - from < o->transactions) {
		bench_client_turn(p->client.core, now++);
		bench_server_turn(p->server.core, now++);
	}
	bench_counting = false;
	r->transactions = p->client.done - from;
}

void bench_run_stack(const struct bench_opts *o, struct bench_result *r)
{
	static struct bench_pair p;

	bench_pair_create(&p, o);
	if (o->count)
		count_run(&p, o, r);
	else
		threads_run(&p, o, r);
	r->rx_packets = core_env(p.server.core)->cnt.n[CNT_core_rx_packets];
	bench_pair_destroy(&p);
}
