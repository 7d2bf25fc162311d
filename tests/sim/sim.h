/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_SIM_H
#define GN_SIM_H

#include <stdio.h>

#include <gannet/stack.h>

#include "cable.h"
#include "core.h"

/*
 * A simulated network: hosts, each a whole stack of one or more cores with an application of
 * gannet/sock.h, joined by cables. One thread, no EAL, a virtual clock that jumps to the next
 * deadline. Equal seeds and calls give equal runs to the bit.
 *
 * Order of calls: sim_create(), sim_host_add() for each, sim_join() for each cable, sim_start(),
 * sim_run() as often as wanted, sim_destroy().
 */
struct sim;
struct sim_host;

#define SIM_HOSTS_MAX 16
#define SIM_START_US  1000000 /* the clock before the first run */

struct sim *sim_create(uint64_t seed);

/* Tells every frame that is sent or received, as text; NULL: nobody. */
void sim_verbose(struct sim *s, FILE *to);

/* conf is copied; its ports are taken in the order of sim_join(). app and its arg outlive s. */
struct sim_host *sim_host_add(
	struct sim *s, const char *name, const struct stack_conf *conf, const struct gn_app *app);

/* A stack_conf for a host: defaults, cores, few buffers, addresses usable at once. */
struct stack_conf *sim_conf_create(unsigned n_cores, uint32_t packet_buffers);
/* Gives the port 10.0.net.host/24 and 2001:db8:net::host/64. */
void sim_conf_addr(struct stack_conf *c, unsigned port, uint8_t net, uint8_t host);
/* A static neighbour, both families: the host whose port was the mac-th to be joined, from 1. */
void sim_conf_neigh(struct stack_conf *c, unsigned port, uint8_t net, uint8_t host, uint8_t mac);
union net_ip sim_ip(bool v6, uint8_t net, uint8_t host);
struct gn_addr sim_addr(bool v6, uint8_t net, uint8_t host, uint16_t port);

/* For flows over a bottleneck, and traces of them for plots, see bulk.h and test_sim_matrix --trace. */
struct sim_cable {
	enum cable_mode mode;
	uint32_t offloads[2];	       /* DRV_* that the ports offer, of a and of b */
	struct cable_impair impair[2]; /* of what a sends, of what b sends */
	uint16_t max_queues;	       /* 0: as many as a host has cores */
	uint32_t ring_size;	       /* frames on their way each way, a power of two; 0: 4096 */
};

/* Joins the next port of a with the next port of b. */
void sim_join(struct sim *s, struct sim_host *a, struct sim_host *b, const struct sim_cable *cable);

/* Starts ports, cores and applications. 0 or -errno. */
int sim_start(struct sim *s);

/*
 * Runs until done(ctx) is true (asked whenever the clock is about to move), until_us is reached or
 * nothing would ever happen again. True: done. Between runs, functions of gannet/sock.h may be
 * called as if from a callback.
 */
bool sim_run(struct sim *s, uint64_t until_us, bool (*done)(void *ctx), void *ctx);
uint64_t sim_now_us(const struct sim *s);

/* Replaces what is wrong with the cable at a port, in the direction that the host sends. */
void sim_impair(struct sim_host *h, unsigned port, const struct cable_impair *impair);

/* Of the cable at a port, in the direction that the host sends: one of the driver's statistics. */
uint64_t sim_cable_count(struct sim_host *h, unsigned port, const char *name);

struct gn_core *sim_core(struct sim_host *h, unsigned core);
/* Summed over the cores of h. */
uint64_t sim_count(struct sim_host *h, enum counter id);
uint64_t sim_drops(struct sim_host *h, enum drop id);

/* Of every frame, with its time and place. */
uint64_t sim_trace(const struct sim *s);

/*
 * What is left although everything has ended: buffers, connections, half-open and TIME-WAIT
 * entries, sockets, words in mailboxes, timers. Each is printed to out; returns how many.
 */
unsigned sim_left_over(struct sim *s, FILE *out);

/* Stops applications and cores, closes ports, and frees all. Returns how many buffers were lost
 * even so (0, if nothing leaks). */
unsigned sim_destroy(struct sim *s);

/* ---- ports that see every frame; sim_tap.c ---- */

/* A port in front of inner, which is closed with it. Its trace goes to *trace. */
struct drv_port *sim_tap_create(
	struct drv_port *inner, const char *host, uint64_t *trace, FILE *const *verbose);

#endif
