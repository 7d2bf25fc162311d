/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_STACK_PRIV_H
#define GN_STACK_PRIV_H

#include "owner.h"
#include "stack.h"

struct stack_port {
	struct drv_port *drv;
	struct drv_caps caps;
	struct drv_conf conf; /* as in force */
	bool started;
	bool link_known, link_up;
	struct drv_stats stats; /* at the last look */
};

enum stack_core_state { STACK_CORE_NONE, STACK_CORE_READY, STACK_CORE_FAILED };

/* One core as the control thread sees it. */
struct stack_core {
	struct stack *stack;
	uint16_t index;
	unsigned lcore;
	struct rte_mempool *pool;
	struct gn_core *core;	     /* made by its own thread: its memory is then near it */
	enum stack_core_state state; /* core to control thread, atomic */
	int result;		     /* valid with state */
	/* watchdog */
	uint64_t turns, turns_us;
	bool stuck;
};

enum stack_phase { STACK_IDLE, STACK_STARTING, STACK_RUNNING, STACK_STOPPING };

struct stack {
	struct stack_conf *conf;
	struct stack_app app;
	struct owner owner;
	struct core_mesh *mesh;
	struct siphash_key secret;
	uint64_t seed;
	uint64_t tsc_base, us_per_tsc; /* 2^-64 us */
	enum stack_phase phase;	       /* control to core threads, atomic */
	bool launched;
	uint64_t stats_us;
	unsigned n_cores, n_ports;
	struct stack_core core[CONF_CORES_MAX];
	struct stack_port port[CONF_PORTS_MAX];
};

/* us since stack_create(). Any thread. */
uint64_t stack_now_us(const struct stack *s);

/* Writes a message to err and answers -EINVAL. */
__attribute__((format(printf, 3, 4))) int stack_error(
	char *err, size_t err_size, const char *fmt, ...);

/* Opens all ports and configures them, with s->owner made from what they can do. Pools exist. 0 or
 * a negative errno with the reason in err. */
int stack_ports_open(struct stack *s, int (*probe)(const char *device, struct drv_port **out),
	char *err, size_t err_size);
int stack_ports_start(struct stack *s);
/* Stops and closes what is open. */
void stack_ports_close(struct stack *s);
/* Link changes to the cores, losses to the log. */
void stack_ports_poll(struct stack *s, uint64_t now_us);

/* What runs on each lcore; arg is its struct stack_core. Returns 0 or -errno. */
int stack_core_main(void *arg);

#endif
