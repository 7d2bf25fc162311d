/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_SIM_XFER_H
#define GN_SIM_XFER_H

#include "rng.h"
#include "sim.h"

/*
 * Random transfers between two hosts: connections in both directions, each end sends its bytes and
 * checks the other's, pauses, and closes in its own way. Everything comes from a seed.
 */
#define XFER_CONNS_MAX 64
#define XFER_PORT      1000 /* of connection 0 */

enum xfer_close {
	XFER_SHUTDOWN,	    /* shuts down when all is sent, and waits for closed() */
	XFER_WAIT_PEER,	    /* the same, but not before the peer's FIN */
	XFER_CLOSE_AT_PEER, /* closes after the peer's FIN, when all is sent */
	XFER_CLOSE_DONE,    /* closes when all is sent and received */
	XFER_CLOSE_MAX,
};

struct xfer;

/* One end of a connection. */
struct xfer_end {
	struct gn_timer timer; /* start, pause of sending */
	struct gn_timer drain; /* pause of receiving */
	struct xfer *x;
	struct xfer_end *peer;
	struct gn_core *core;
	gn_tcp_t tcp;
	uint16_t conn;
	bool active;
	uint64_t to_send, sent, expect, received;
	enum xfer_close how;
	uint32_t chunk_max;
	uint32_t key_out, key_in; /* where in the pattern each direction begins */
	bool open, shut, peer_fin, done;
	struct rte_mbuf *held[64];
	unsigned n_held, n_pauses;
};

/* What a run is made of; xfer_plan() draws it from a seed. */
struct xfer_plan {
	unsigned n_cores; /* of each host */
	bool v6, checks;  /* checks: duplicate address detection before the start */
	unsigned n_conns;
	struct gn_tcp_opts opts;
	uint16_t mtu;
	struct sim_cable cable;
	uint64_t size_max;
	uint32_t packet_buffers;
	/* Fast Open: openers give their first bytes to gn_tcp_connect_data(). */
	bool fastopen;
	uint32_t fastopen_pending, fastopen_cache;
	uint64_t pause_us; /* before the younger half of the connections starts */
};

struct xfer {
	uint64_t seed;
	struct rng rng;
	struct xfer_plan plan;
	struct sim *sim;
	struct sim_host *host[2];
	struct xfer_host {
		struct xfer *x;
		unsigned index;
	} side[2];
	struct gn_app app[2];
	struct xfer_end end[XFER_CONNS_MAX][2]; /* [][0]: host 0's */
	unsigned n_refs;			/* references that are out */
	unsigned n_ghosts, n_ghosts_open;	/* connections of a duplicated SYN: xfer_end.c */
	uint64_t start_us;
	char why[256]; /* the first thing that went wrong, or empty */
};

void xfer_plan(struct xfer_plan *p, uint64_t seed, unsigned n_cores);
/* Changes p, which xfer_plan() drew, to many small transfers with Fast Open, within all limits or not. */
void xfer_plan_fastopen(struct xfer_plan *p, uint64_t seed);
void xfer_plan_print(FILE *f, const struct xfer_plan *p);

/* Changes before the start: the configuration of both hosts. */
typedef void (*xfer_conf_fn)(struct stack_conf *c, void *ctx);

/* Makes hosts, cable and applications. x is zeroed by the caller. */
void xfer_create(struct xfer *x, uint64_t seed, const struct xfer_plan *plan, FILE *verbose,
	xfer_conf_fn conf, void *conf_ctx);
/* Runs until all ends are done and everything has come to rest; then looks for what is left.
 * False: x->why. */
bool xfer_run(struct xfer *x);
/* False: buffers were lost; x->why. Frees all of x. */
bool xfer_destroy(struct xfer *x);

#endif
