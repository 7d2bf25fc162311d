/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_CORE_PRIV_H
#define GN_CORE_PRIV_H

#include "core.h"
#include "mesh.h"
#include "tx.h"

/* Words that the control thread may have under way to a core (link changes). */
#define CORE_CONTROL_WORDS 64

/* This core's receive queue of one port. */
struct core_rxq {
	drv_rx_fn rx;
	void *queue;
	uint64_t (*next_us)(void *queue);
	uint16_t port; /* the stack's index, for mbuf->port */
	uint16_t burst;
};

/* Sends through the queue of another core, for a port with fewer queues than cores. */
struct core_relay {
	struct mesh_end *mesh;
	uint16_t to, port;
};

/* One core. Everything is the core's own thread's, but for control_ring's producer side. */
struct gn_core {
	struct env env;
	struct net *net;
	struct tcp *tcp;
	struct udp *udp;
	void (*poll)(struct gn_core *c);
	uint32_t timer_budget;
	uint16_t n_rxq, n_txq;
	struct core_rxq rxq[CONF_PORTS_MAX]; /* ports that have a receive queue for us */
	struct tx_queue txq[CONF_PORTS_MAX]; /* by port index */
	struct core_relay relay[CONF_PORTS_MAX];
	const struct drv_port *drv[CONF_PORTS_MAX]; /* by port index: where time stamps are */
	struct mesh_end mesh;
	struct spsc control_ring;
	uint64_t control_slots[CORE_CONTROL_WORDS];
	void *above;
	unsigned lcore; /* whose cache of a peer's pool we may use, or LCORE_ID_ANY */
};

/* Interfaces, addresses, routes and neighbours of the configuration. 0 or -errno (logged). */
int core_conf_apply(struct gn_core *c, const struct core_params *p);

#endif
