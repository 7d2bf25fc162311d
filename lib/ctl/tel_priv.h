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

/* A change of routes, neighbours, addresses or a link, the same on each core. */
enum tel_change_kind {
	TEL_ROUTE_ADD,
	TEL_ROUTE_DEL,
	TEL_ROUTE_FLUSH,
	TEL_NEIGH_ADD,
	TEL_NEIGH_DEL,
	TEL_NEIGH_FLUSH,
	TEL_ADDR_ADD,
	TEL_ADDR_DEL,
	TEL_LINK_MTU,
};

struct tel_change {
	enum tel_change_kind kind;
	bool v6;
	uint8_t plen, mac[6];
	uint16_t ifc; /* NET_NO_IFC: none named */
	uint32_t metric, mtu;
	union net_ip ip, via;
	struct net_route_opts opts;
};

/*
 * Reads words as gannetctl(1) has them, "route add 10.0.0.0/8 via 192.0.2.1 metric 5". false: err says
 * what is wrong, and what would be right.
 */
bool tel_change_parse(const char *text, struct tel_change *c, char *err, size_t err_size);
/* On the core's own thread. 0 or -errno. */
int tel_change_apply(struct net *n, const struct tel_change *c);
/* Has all cores apply it, with the lock held. */
int tel_change_all(const struct tel_change *c);
/* The index of an interface, or NET_NO_IFC. */
uint16_t tel_ifc(const char *name);

/* Commands, with the lock held. 0 or -errno. */
int tel_routes(const char *params, struct rte_tel_data *d);
int tel_change(const char *params, struct rte_tel_data *d);
int tel_ports(const char *params, struct rte_tel_data *d);
int tel_xstats(const char *params, struct rte_tel_data *d);
int tel_config(const char *params, struct rte_tel_data *d);
int tel_connections(const char *params, struct rte_tel_data *d);
int tel_neighbours(const char *params, struct rte_tel_data *d);
int tel_addresses(const char *params, struct rte_tel_data *d);

#endif
