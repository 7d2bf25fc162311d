/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_CTL_CONF_KEY_H
#define GN_CTL_CONF_KEY_H

#include <stddef.h>
#include <stdio.h>

#include "front_conf.h"

/* The table of config.def, as the reader, the printer and the manual see it. */
enum conf_scope {
	SCOPE_STACK,
	SCOPE_PORT,
	SCOPE_IFC,
	SCOPE_ROUTE,
	SCOPE_NEIGH,
	SCOPE_KEY,
	SCOPE_MAX
};

enum conf_type {
	T_INT,
	T_POW2,
	T_TIME,
	T_SIZE,
	T_BOOL,
	T_IDLE,
	T_HUGE,
	T_COOKIES,
	T_AUTH,
	T_PROBING,
	T_ECN,
	T_CC,
	T_ROUTE_ECN,
	T_ROUTE_CC,
	T_PACING,
	T_RPF,
	T_ROUTE_KIND,
	T_CPU,
	T_RSSKEY,
	T_WORD,
	T_IP,
	T_PREFIX,
	T_MAC,
	T_SECRET,
	/* Lists and maps from here on. */
	T_CORES,
	T_CPUS,
	T_WORDS,
	T_PORTS,
	T_VLANS,
	T_ADDRS,
	T_ROUTES,
	T_NEIGHS,
	T_KEYS,
};

struct conf_key {
	enum conf_scope scope;
	const char *path;
	enum conf_type type;
	size_t offset, size; /* of the field in the scope's struct */
	uint64_t low, high;
	const char *def; /* NULL: required; "": none */
	const char *help;
};

extern const struct conf_key conf_keys[];
extern const unsigned conf_n_keys;

/* The words that k takes, in the order of their enum, NULL behind the last; NULL: k takes no words. */
const char *const *conf_key_words(const struct conf_key *k);

/* The key called path in scope, or NULL. */
const struct conf_key *conf_key_find(enum conf_scope scope, const char *path);
/* What a value of k looks like, with its range: "a number from 1 to 64". */
void conf_key_form(const struct conf_key *k, char *buf, size_t size);
/* "ports.NAME.", "ports.NAME.routes[]." and so on: what stands before the path in the manual. */
const char *conf_scope_prefix(enum conf_scope scope);

/* All keys, their forms, defaults and texts, for --help. */
void conf_keys_help(FILE *out);
/* The same as the table of docs/configuration.md, and as the man page's list (troff). */
void conf_keys_markdown(FILE *out);
void conf_keys_man(FILE *out);

#endif
