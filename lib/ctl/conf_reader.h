/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_CTL_CONF_READER_H
#define GN_CTL_CONF_READER_H

#include "conf_key.h"
#include "conf_read.h"

/* The state of one conf_read(), shared by its files. */

/* Where an address or route was written, for the checks that need all of them. */
struct conf_site {
	const struct conf_node *node;
	unsigned port, ifc, index; /* out->stack.port[port].ifc[ifc].addr[index] or .route[index] */
	char path[96];
};

struct conf_sites {
	struct conf_site *s;
	unsigned n, room;
};

struct conf_reader {
	struct front_conf *out;
	const struct conf_machine *machine;
	struct conf_err *err;
	char path[256];	 /* of the node being read */
	unsigned n_cpus; /* listed in out->stack.cpu */
	const struct conf_node *cpus_node;
	const struct conf_node *device[CONF_PORTS_MAX];
	struct conf_sites addrs, routes;
};

/* The objects that the keys of a map belong to; NULL: the scope's keys are not known there. */
struct conf_place {
	void *base[SCOPE_MAX];
};

/* Adds an error at n under the reader's path. */
__attribute__((format(printf, 3, 4))) void conf_bad(
	struct conf_reader *r, const struct conf_node *n, const char *fmt, ...);
/* Appends to the path; conf_path_cut() takes it back to the returned length. */
__attribute__((format(printf, 2, 3))) size_t conf_path_add(
	struct conf_reader *r, const char *fmt, ...);
void conf_path_cut(struct conf_reader *r, size_t len);
/* Remembers n as the place of an entry. */
void conf_site_add(struct conf_reader *r, struct conf_sites *sites, const struct conf_node *n,
	unsigned port, unsigned ifc, unsigned index);

/* Reads all keys of map into the objects of place; unknown and missing ones are errors. */
void conf_read_map(
	struct conf_reader *r, const struct conf_place *place, const struct conf_node *map);
/* Sets the defaults of one scope's object. */
void conf_read_defaults(struct conf_reader *r, enum conf_scope scope, void *base);

/* conf_read_port.c: the keys that are lists and maps of objects. */
void conf_read_ports(struct conf_reader *r, const struct conf_node *n);
void conf_read_vlans(struct conf_reader *r, struct conf_port *p, const struct conf_node *n);
void conf_read_addrs(struct conf_reader *r, struct conf_ifc *ifc, const struct conf_node *n);
void conf_read_routes(struct conf_reader *r, struct conf_ifc *ifc, const struct conf_node *n);
void conf_read_keys(struct conf_reader *r, const struct conf_node *n);
void conf_read_neighs(struct conf_reader *r, struct conf_ifc *ifc, const struct conf_node *n);

/* conf_check.c: what can only be judged when everything is read. */
void conf_check(struct conf_reader *r, const struct conf_node *root);

#endif
