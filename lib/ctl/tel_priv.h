/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_CTL_TEL_PRIV_H
#define GN_CTL_TEL_PRIV_H

#include <rte_telemetry.h>

#include "tel.h"

/* An answer has at most 16 KiB: so many rows of a table go into one, and the rest into the next. */
#define TEL_ROWS 40

struct tel {
	struct stack *stack; /* NULL: not running */
	const struct front_conf *conf;
	const struct gn_app *app;
	uint64_t start_us;
};

/* Valid in a command, which runs with the lock held. */
extern struct tel tel;

/* Names in a telemetry dictionary have letters, digits, '_' and '/' alone. */
void tel_name(char *buf, size_t size, const char *text);
/* The parameter of "/gannet/x,N" as a core of the stack; -1: none given; -2: not a core. */
int tel_param_core(const char *params);
/* "10.0.0.1:80", "[fe80::1]:80"; port 0 leaves the port out. */
void tel_addr(char *buf, size_t size, bool v6, const union net_ip *ip, uint16_t port);

/* Commands, with the lock held. 0 or -errno. */
int tel_ports(const char *params, struct rte_tel_data *d);
int tel_xstats(const char *params, struct rte_tel_data *d);
int tel_config(const char *params, struct rte_tel_data *d);
int tel_connections(const char *params, struct rte_tel_data *d);
int tel_neighbours(const char *params, struct rte_tel_data *d);
int tel_addresses(const char *params, struct rte_tel_data *d);

#endif
