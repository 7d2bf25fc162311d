/* SPDX-License-Identifier: BSD-3-Clause */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_launch.h>
#include <rte_lcore.h>

#include "bench.h"
#include "lwip.h"

/* Runs a pair: with a thread a core, or counted on one thread. */

uint64_t bench_clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void bench_sleep(double s)
{
	struct timespec t = {.tv_sec = (time_t)s, .tv_nsec = (long)((s - (double)(time_t)s) * 1e9)};

	nanosleep(&t, NULL);
}

uint64_t bench_pair_done(const struct bench_pair *p)
{
	uint64_t bytes = 0, done = 0;

	for (unsigned i = 0; i < p->client.n; i++) {
		done += __atomic_load_n(&p->client.side[i].done, __ATOMIC_RELAXED);
		bytes += __atomic_load_n(&p->server.side[i].done, __ATOMIC_RELAXED);
	}
	bytes += bench_lwip_bytes();
	return p->client.side[0].unit != 0 ? bytes / p->client.side[0].unit : done;
}

bool bench_pair_ready(const struct bench_pair *p)
{
	for (unsigned i = 0; i < p->client.n; i++)
		if (!__atomic_load_n(&p->client.side[i].ready, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

struct loop {
	struct bench_side *side;
	bool yield;
	volatile bool stop;
};

/* Cores that share a CPU let the others run when they have nothing to do. */
static int loop_run(void *arg)
{
	struct loop *l = arg;

	while (!l->stop && l->side->core == NULL)
		if (bench_lwip_turn(bench_clock_us()) == 0 && l->yield)
			sched_yield();
	while (!l->stop)
		if (core_turn(l->side->core, bench_clock_us()) == 0 && l->yield)
			sched_yield();
	return 0;
}

/* Resident memory of the process, from the kernel. */
static uint64_t rss_bytes(void)
{
	unsigned long pages = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL || fscanf(f, "%lu %lu", &pages, &resident) != 2)
		bench_die("/proc/self/statm cannot be read");
	fclose(f);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* With several client cores, the worst of them. */
static void latencies(const struct bench_pair *p, struct bench_result *r)
{
	for (unsigned i = 0; i < p->client.n; i++) {
		const struct load *l = &p->client.side[i].load;

		r->p50_ns = RTE_MAX(r->p50_ns, load_quantile(l, 0.5));
		r->p99_ns = RTE_MAX(r->p99_ns, load_quantile(l, 0.99));
		r->p999_ns = RTE_MAX(r->p999_ns, load_quantile(l, 0.999));
	}
}

static void threads_run(struct bench_pair *p, const struct bench_opts *o, struct bench_result *r)
{
	struct loop loops[2 * BENCH_CORES_MAX] = {0};
	uint64_t at = bench_clock_us(), done;
	unsigned n = 0;

	for (unsigned i = 0; i < o->cores; i++)
		for (unsigned k = 0; k < 2; k++, n++) {
			loops[n].side = k == 0 ? &p->client.side[i] : &p->server.side[i];
			loops[n].yield = 2 * o->cores > sysconf(_SC_NPROCESSORS_ONLN);
			rte_eal_remote_launch(loop_run, &loops[n], 1 + n);
		}
	while (!bench_pair_ready(p))
		bench_sleep(0.01);
	r->setup_seconds = (double)(bench_clock_us() - at) / 1e6;
	bench_sleep(o->seconds / 10);
	r->rss_bytes = rss_bytes();
	for (unsigned i = 0; i < o->cores; i++)
		p->client.side[i].record = true;
	done = bench_pair_done(p);
	at = bench_clock_us();
	bench_sleep(o->seconds);
	r->transactions = bench_pair_done(p) - done;
	r->seconds = (double)(bench_clock_us() - at) / 1e6;
	for (unsigned i = 0; i < n; i++)
		loops[i].stop = true;
	rte_eal_mp_wait_lcore();
	latencies(p, r);
}

/* What was dropped, summed over all cores: as a member of a JSON object. */
static void drops_print(struct bench_pair *p, FILE *f)
{
	const struct bench_host *host[2] = {&p->client, &p->server};

	for (unsigned id = 1; id < DROP_MAX; id++) {
		uint64_t n = 0;

		for (unsigned k = 0; k < 2; k++)
			for (unsigned i = 0; i < host[k]->n && host[k]->side[i].core != NULL; i++)
				n += core_env(host[k]->side[i].core)->cnt.drop[id];
		if (n != 0)
			fprintf(f, ", \"%s\": %lu", drop_info[id].name, (unsigned long)n);
	}
}

static uint64_t rexmts(struct bench_host *h)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < h->n && h->side[i].core != NULL; i++)
		n += core_env(h->side[i].core)->cnt.n[CNT_tcp_rexmt_segs];
	return n;
}

static void drops_keep(struct bench_pair *p, struct bench_result *r)
{
	FILE *f = fmemopen(r->drops, sizeof(r->drops), "w");

	if (f == NULL)
		bench_die("no memory");
	fprintf(f, "\"retransmits\": %lu",
		(unsigned long)(rexmts(&p->client) + rexmts(&p->server)));
	drops_print(p, f);
	fclose(f);
}

static uint64_t handoffs(struct bench_host *h)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < h->n && h->side[i].core != NULL; i++)
		n += core_env(h->side[i].core)->cnt.n[CNT_core_handoff_out];
	return n;
}

void bench_run_stack(const struct bench_opts *o, struct bench_result *r)
{
	static struct bench_pair p;

	bench_pair_create(&p, o, o->count ? BENCH_COUNT_START_US : bench_clock_us());
	if (o->count)
		bench_count_run(&p, o, r);
	else
		threads_run(&p, o, r);
	r->unit = p.client.side[0].unit;
	r->handoffs = handoffs(&p.client) + handoffs(&p.server);
	drops_keep(&p, r);
	bench_pair_destroy(&p);
}
