/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_CTL_CONF_TREE_H
#define GN_CTL_CONF_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf_err.h"

/*
 * A configuration as a tree of nodes, each of which knows where it was written. YAML files and
 * options of the command line make and change the same tree; conf_read.c turns it into values.
 * Anchors, aliases, tags and several documents are refused: a configuration needs none, and
 * without them the size of the tree is bounded by the size of the file.
 */
enum conf_kind { CONF_SCALAR, CONF_LIST, CONF_MAP };

struct conf_node {
	enum conf_kind kind;
	unsigned line; /* of the value; 0: from an option */
	unsigned key_line;
	const char *origin; /* file name or option; belongs to the caller of conf_tree_* */
	char *key;	    /* in a map, else NULL */
	char *text;	    /* of a scalar, without NUL inside */
	bool null;	    /* a plain scalar without text: "key:" */
	unsigned n;	    /* children */
	struct conf_node *first, *last, *next;
};

#define CONF_DEPTH_MAX	  16	     /* maps and lists inside each other */
#define CONF_FILE_MAX	  (1u << 20) /* bytes */
#define CONF_TEXT_MAX	  4096	     /* bytes of a scalar */
#define CONF_CHILDREN_MAX 1024	     /* of a map or list */

/*
 * Parses len bytes of YAML, one document with a map at its top. NULL after adding the errors
 * (syntax, duplicate key, alias, limits) to e. origin is kept by pointer.
 */
struct conf_node *conf_tree_parse(
	const char *yaml, size_t len, const char *origin, struct conf_err *e);
/* The same of a file; its name is the origin. */
struct conf_node *conf_tree_load(const char *file, struct conf_err *e);
/* An empty map, for a configuration that comes from options alone. NULL: no memory. */
struct conf_node *conf_tree_empty(const char *origin);
void conf_tree_free(struct conf_node *n);

/* The child of a map, or NULL. */
struct conf_node *conf_node_find(const struct conf_node *map, const char *key);
/*
 * Sets path ("tcp.rto-min", "ports.lan.mtu") to value, a piece of YAML ("200ms", "[a, b]"). Missing
 * maps on the way are made. append: value becomes one more entry of the list at path. 0, or -1
 * with the error added. origin is kept by pointer.
 */
int conf_tree_set(struct conf_node *root, const char *path, const char *value, bool append,
	const char *origin, struct conf_err *e);

#endif
