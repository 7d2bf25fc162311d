/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_STACK_H
#define GN_STACK_H

#include "conf.h"
#include "core.h"

/*
 * A running stack: ports, pools and one thread (EAL lcore) a core. Control thread only, unless said
 * otherwise. EAL is started by the caller (eal.h) before stack_create().
 */
struct stack;

struct stack_app {
	const struct core_app_ops *ops;
	/* On each core's thread, before its first and after its last turn. init: 0 or -errno. */
	int (*init)(struct gn_core *c, void *arg);
	void (*exit)(struct gn_core *c, void *arg);
	void *arg;
};

/* Probes and configures the ports (drivers through probe, so that tests may give cables), makes
 * pools, owner tables, mailboxes. On error NULL, and why (what, where, what would be right) in err. */
struct stack *stack_create(const struct stack_conf *conf, const struct stack_app *app,
	int (*probe)(const char *device, struct drv_port **out), char *err, size_t err_size);
/* Launches every core on its lcore; returns when each has run init, or -errno after stopping all. */
int stack_start(struct stack *s);
/* Any thread, also a signal handler: asks all cores to stop. */
void stack_stop(struct stack *s);
bool stack_stopping(const struct stack *s);
/* Control loop's work, to be called about every 10 ms: link state, watchdog (every core's loop
 * turns), port statistics. */
void stack_poll(struct stack *s);
/* Waits for all cores to end. */
int stack_join(struct stack *s);
void stack_destroy(struct stack *s);

unsigned stack_n_cores(const struct stack *s);
struct gn_core *stack_core(const struct stack *s, unsigned i); /* read counters only */
unsigned stack_n_ports(const struct stack *s);
struct drv_port *stack_port(const struct stack *s, unsigned i);
const struct drv_conf *stack_port_conf(const struct stack *s, unsigned i);
const struct stack_conf *stack_conf_of(const struct stack *s);
struct owner;
const struct owner *stack_owner(const struct stack *s);

#endif
