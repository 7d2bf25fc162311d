/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_BENCH_H
#define GN_BENCH_H

#include <stdbool.h>

#include <gannet/stack.h>

#include "bench_opts.h"
#include "core.h"

/* One end: a stack core and the application on it. */
struct bench_side {
	struct gn_core *core;
	struct drv_port *port;
	struct drv_conf drv;
	struct rte_mempool *pool;
	struct owner *owner;
	struct gn_app app;
	struct stack_conf conf;
	const struct bench_opts *opts;
	/* the application's */
	uint64_t done; /* transactions finished (client) */
	uint32_t open; /* connections established (client) */
	uint32_t started, failed;
	bool ready; /* all connections are open */
};

struct bench_pair {
	struct bench_side client, server;
};

/* Exits with a message if something is missing. */
void bench_pair_create(struct bench_pair *p, const struct bench_opts *o);
void bench_pair_destroy(struct bench_pair *p);

/* Set while instructions are counted. */
extern bool bench_counting;

extern const struct gn_app bench_udp_server, bench_udp_client, bench_tcp_server, bench_tcp_client;

#endif
