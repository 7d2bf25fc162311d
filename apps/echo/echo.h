/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ECHO_H
#define ECHO_H

#include <stdatomic.h>
#include <stdbool.h>

#include <gannet/sock.h>

#include "../common/slab.h"

/* Port 0 switches a service off. Options; read-only once the cores run. */
struct echo_conf {
	uint16_t echo_port, discard_port, chargen_port;
	uint32_t connections; /* a core */
	/* Client mode. */
	bool client;
	struct gn_addr remote;
	uint64_t bytes;	    /* a connection sends, and expects back */
	uint32_t n_clients; /* connections, over all cores */
	uint32_t timeout_s;
	bool in_turn; /* on a core, one connection after the other */
};

/* The client's outcome, which the cores add to once a connection, when it ends. */
struct client_result {
	atomic_uint ended, good;
	atomic_ullong bytes;
};

struct echo {
	struct echo_conf conf;
	struct client_result result;
};

/* One core's application: servers or clients. */
struct echo_core {
	struct gn_core *c;
	struct echo *echo;
	struct slab conns;
	struct client *clients; /* this core's */
	uint32_t n_clients;
	struct gn_timer timeout;
	uint16_t chargen_at;
};

/* tcp.c, udp.c: the three services on this core. 0 or -errno, after a message. */
int echo_tcp_listen(struct echo_core *e);
int echo_udp_open(struct echo_core *e);
/* chargen.c: n bytes of the pattern of RFC 864 from position at on; at < CHARGEN_PERIOD. At most
 * CHARGEN_PERIOD bytes. */
#define CHARGEN_PERIOD (95 * 74)
const char *chargen_text(uint16_t at);
void chargen_init(void);

/* client.c */
int client_start(struct echo_core *e);
void client_stop(struct echo_core *e);
/* Prints the result line; returns the exit status. */
int client_report(const struct echo *echo);

#endif
