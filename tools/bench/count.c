/* SPDX-License-Identifier: BSD-3-Clause */
#include <valgrind/callgrind.h>

#include "bench.h"
#include "lwip.h"

/*
 * Instructions under callgrind, which tools/bench/bench starts with counting switched off. All cores
 * take turns on one thread in virtual time, so that no timer depends on the machine. A run has four
 * phases, each dumped on its own: the client's and the server's turns without the driver (the cable
 * stands for a network card), then both with it.
 */
static const struct phase {
	const char *name;
	bool server, driver;
} phases[BENCH_PHASES] = {
	{"client", false, false},
	{"server", true, false},
	{"client all", false, true},
	{"server all", true, true},
};

static drv_rx_fn card_rx;
static drv_tx_fn card_tx;
static bool leave_out; /* the driver is entered while its caller is counted */

static uint16_t count_rx(void *q, struct rte_mbuf **m, uint16_t n, uint64_t now_us)
{
	uint16_t got;

	if (!leave_out)
		return card_rx(q, m, n, now_us);
	CALLGRIND_TOGGLE_COLLECT;
	got = card_rx(q, m, n, now_us);
	CALLGRIND_TOGGLE_COLLECT;
	return got;
}

static uint16_t count_tx(void *q, struct rte_mbuf **m, uint16_t n, uint64_t now_us)
{
	uint16_t sent;

	if (!leave_out)
		return card_tx(q, m, n, now_us);
	CALLGRIND_TOGGLE_COLLECT;
	sent = card_tx(q, m, n, now_us);
	CALLGRIND_TOGGLE_COLLECT;
	return sent;
}

void bench_count_cards(struct bench_pair *p)
{
	card_rx = p->client.port->rx;
	card_tx = p->client.port->tx;
	p->client.port->rx = count_rx;
	p->client.port->tx = count_tx;
	p->server.port->rx = count_rx;
	p->server.port->tx = count_tx;
}

static void host_turn(struct bench_host *h, uint64_t *now, const struct phase *p, bool counted)
{
	for (unsigned i = 0; i < h->n; i++) {
		leave_out = counted && !p->driver;
		if (counted)
			CALLGRIND_TOGGLE_COLLECT;
		if (h->side[i].core != NULL)
			core_turn(h->side[i].core, (*now)++);
		else
			bench_lwip_turn((*now)++);
		if (counted)
			CALLGRIND_TOGGLE_COLLECT;
		leave_out = false;
	}
}

static void pair_turn(struct bench_pair *p, uint64_t *now, const struct phase *phase)
{
	host_turn(&p->client, now, phase, phase != NULL && !phase->server);
	host_turn(&p->server, now, phase, phase != NULL && phase->server);
}

void bench_count_run(struct bench_pair *p, const struct bench_opts *o, struct bench_result *r)
{
	uint64_t now = BENCH_COUNT_START_US, from;

	while (!bench_pair_ready(p))
		pair_turn(p, &now, NULL);
	from = bench_pair_done(p);
	while (bench_pair_done(p) - from < o->transactions)
		pair_turn(p, &now, NULL);
	CALLGRIND_START_INSTRUMENTATION;
	for (unsigned i = 0; i < BENCH_PHASES; i++) {
		from = bench_pair_done(p);
		while (bench_pair_done(p) - from < o->transactions)
			pair_turn(p, &now, &phases[i]);
		r->phase[i] = bench_pair_done(p) - from;
		r->transactions += r->phase[i];
		CALLGRIND_DUMP_STATS_AT(phases[i].name);
	}
	CALLGRIND_STOP_INSTRUMENTATION;
}
