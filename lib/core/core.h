/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_CORE_H
#define GN_CORE_H

#include "conf.h"
#include "driver.h"
#include "env.h"
#include "net.h"
#include "spsc.h"
#include "tcp.h"
#include "udp.h"

/*
 * One core: a complete stack (rule 1) and a pure machine (rule 3). core_turn() is the only thing that
 * moves it: frames come from its queue of each port, messages from its mailboxes, and the time is
 * an argument. The same code runs in the loop of a real core (stack.h), in a unit test, under a
 * fuzzer and in the simulator.
 */
struct gn_core;

/* What the socket layer plugs in; all on the core's thread. */
struct core_app_ops {
	void (*poll)(struct gn_core *c); /* once a turn, before the output list; may be NULL */
	const struct tcp_up_ops *tcp;
	const struct udp_up_ops *udp;
	void *up_ctx; /* NULL: the struct gn_core */
};

/* All mailboxes between the cores of one stack: box[from][to]. Made before the cores. */
struct core_mesh;
struct core_mesh *core_mesh_create(unsigned n_cores, uint32_t words);
void core_mesh_destroy(struct core_mesh *m);

struct core_port {
	struct drv_port *drv;
	const struct drv_conf *conf; /* as configured: offloads, RSS */
};

struct core_params {
	const struct stack_conf *conf;
	uint16_t index;
	struct core_mesh *mesh;		 /* NULL with one core */
	const struct owner *owner;	 /* of the stack */
	struct rte_mempool *pool;	 /* this core's buffers */
	struct rte_mempool_cache *cache; /* or NULL */
	struct siphash_key secret;
	uint64_t seed; /* of this core's rng */
	uint64_t now_us;
	unsigned n_ports;
	struct core_port port[CONF_PORTS_MAX]; /* queue 'index' of each is ours */
	const struct core_app_ops *app;
};

/* Builds all layers, adds interfaces, addresses, routes and neighbours of the configuration.
 * NULL with errno. */
struct gn_core *core_create(const struct core_params *p);
/* Everything freed: queued packets go to their pools. The ports are not closed. */
void core_destroy(struct gn_core *c);

/*
 * One turn at now_us (never backwards): receive, due timers, mailboxes, application rings (a later
 * issue), poll hook, output list, transmit flush. Returns how many packets, messages, timers and
 * blocks were served: 0 is an idle turn.
 */
unsigned core_turn(struct gn_core *c, uint64_t now_us);
/* When core_turn() must be called again if nothing arrives: absolute us, UINT64_MAX: never. */
uint64_t core_next_us(const struct gn_core *c);
/* The last act, after the layer above has let go: resets every connection and sends what is queued.
 * Nothing is received and nothing above is called. */
void core_finish(struct gn_core *c, uint64_t now_us);
/* Control thread (one producer): the link of a port went up or down; the core takes it over in its
 * next turn. 0, or -EAGAIN: too many changes under way. */
int core_link_post(struct gn_core *c, uint16_t port, bool up);

/* When the port received m, in ticks of the port's own clock, if the port says so (DRV_RX_TIMESTAMP).
 * m is as received by this stack: its port and flags are those of the driver. */
bool core_rx_timestamp(const struct gn_core *c, const struct rte_mbuf *m, uint64_t *ticks);

/* The parts, for sock/, ctl/ and tests. */
struct env *core_env(struct gn_core *c);
struct net *core_net(struct gn_core *c);
struct tcp *core_tcp(struct gn_core *c);
struct udp *core_udp(struct gn_core *c);
/* The pointer of the layer above (the socket layer's state of this core). */
void core_above_set(struct gn_core *c, void *above);
void *core_above(const struct gn_core *c);
/* Transmit queue lengths, pool use, mailbox use: for telemetry, from any thread. */
struct core_usage {
	uint32_t pool_avail, pool_size, mailbox_used, mailbox_size;
	uint64_t turns;
};
void core_usage(const struct gn_core *c, struct core_usage *u);

#endif
