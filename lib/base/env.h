/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_BASE_ENV_H
#define GN_BASE_ENV_H

#include <stdint.h>

#include "counter.h"
#include "pkt.h"
#include "rng.h"
#include "siphash.h"
#include "timer.h"

/*
 * What every layer of one core shares, owned by struct gn_core (or by a test that builds just a
 * layer). Protocol code gets time, timers, buffers and randomness from here and from nowhere else.
 */
struct env {
	uint64_t now_us; /* set once a turn */
	struct timer_wheel wheel;
	timer_fn timer_fn[TIMER_KIND_MAX]; /* set by each layer's init for its kinds */
	void *timer_ctx[TIMER_KIND_MAX];
	struct counters cnt;
	struct pkt_pool pool;
	struct rng rng;
	struct siphash_key secret; /* of the stack: equal on all cores, new at each start */
	uint16_t core;		   /* this core's index in the stack */
	uint16_t n_cores;
};

/* Every timer in the stack has its kind here; the layer in the name owns it. */
enum timer_kind {
	TIMER_NET_NEIGH,
	TIMER_NET_ADDR,	 /* duplicate address detection, announcements */
	TIMER_NET_FRAG,	 /* reassembly */
	TIMER_NET_SYNC,	 /* news for other cores that found their mailbox full */
	TIMER_NET_MCAST, /* multicast reports */
	TIMER_TCP_CONN,
	TIMER_TCP_HALF_OPEN,
	TIMER_TCP_TIME_WAIT,
	TIMER_SOCK_USER,
	TIMER_CORE,
	TIMER_TEST,
};

static inline void env_timer_handler(struct env *e, enum timer_kind kind, timer_fn fn, void *ctx)
{
	e->timer_fn[kind] = fn;
	e->timer_ctx[kind] = ctx;
}

#endif
