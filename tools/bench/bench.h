/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_BENCH_H
#define GN_BENCH_H

#include <stdbool.h>

#include <gannet/stack.h>

#include "bench_opts.h"
#include "core.h"
#include "load.h"

struct bench_host;

/* One stack core and the application on it. */
struct bench_side {
	struct gn_core *core;
	struct bench_host *host;
	struct rte_mempool *pool;
	struct gn_app app;
	const struct bench_opts *opts;
	unsigned index;
	/* the application's */
	void *state;
	uint64_t done; /* transactions finished (client), or bytes received (tcp-stream, server) */
	uint32_t open; /* connections that have moved data (client) */
	uint32_t started; /* connections begun (client) */
	uint32_t unit;	  /* bench_result.unit (client) */
	bool ready;	  /* measuring may begin (client) */
	bool record;	  /* latencies are recorded (client) */
	struct load load;
};

/* A client or a server: its cores and its end of the cable. */
struct bench_host {
	unsigned n;
	struct bench_side side[BENCH_CORES_MAX];
	struct drv_port *port;
	struct drv_conf drv;
	struct owner *owner;
	struct core_mesh *mesh;
	struct stack_conf conf;
};

struct bench_pair {
	struct bench_host client, server;
};

/* What a scenario runs on the two hosts. */
struct bench_apps {
	const struct gn_app *client, *server;
};
const struct bench_apps *bench_apps(enum bench_scenario s);

extern const struct bench_apps bench_udp_apps, bench_rr_apps, bench_crr_apps, bench_stream_apps,
	bench_httpd_apps, bench_latency_apps;
extern const struct gn_app bench_rr_server;

/* The server's address, with the port of the client core's n-th connection. */
struct gn_addr bench_server_addr(const struct bench_opts *o, uint32_t n);
/* How many server ports the connections of a run need. */
uint32_t bench_server_ports(const struct bench_opts *o);
/* Listens on all of them. */
void bench_listen(struct gn_core *c, const struct bench_opts *o, const struct gn_tcp_ops *ops,
	const struct gn_tcp_opts *opts);
/* A client's connection ended: an error unless the run is over. */
void bench_tcp_closed(struct gn_core *c, gn_tcp_t t, void *user, int err);
/* What is sent: 64 KiB that nobody reads. */
extern uint8_t bench_payload[65536];

static inline struct bench_side *bench_side(const struct gn_core *c)
{
	return gn_app_arg(c);
}

/* The clock of the cores begins at now_us. Exits with a message if something is missing. */
void bench_pair_create(struct bench_pair *p, const struct bench_opts *o, uint64_t now_us);
void bench_pair_destroy(struct bench_pair *p);
/* Transactions since the start. */
uint64_t bench_pair_done(const struct bench_pair *p);
bool bench_pair_ready(const struct bench_pair *p);

/* count.c: a burst function that the count can leave out. */
void bench_count_cards(struct bench_pair *p);
#define BENCH_COUNT_START_US 1000000
void bench_count_run(struct bench_pair *p, const struct bench_opts *o, struct bench_result *r);

#endif
