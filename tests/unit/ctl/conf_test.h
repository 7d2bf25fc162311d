/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TEST_CONF_TEST_H
#define GN_TEST_CONF_TEST_H

#include <string.h>

#include "conf_read.h"

/* A machine of four CPUs, and reading a text as the file "t.yaml". */
static const struct conf_machine four_cpus = {.n_cpus = 4, .cpu = {0, 1, 2, 3}};

static struct front_conf conf;
static struct conf_err err;

static inline int read_text(const char *yaml)
{
	struct conf_node *root;
	int rc = -1;

	memset(&err, 0, sizeof(err));
	root = conf_tree_parse(yaml, strlen(yaml), "t.yaml", &err);
	if (root != NULL)
		rc = conf_read(root, &four_cpus, &conf, &err);
	conf_tree_free(root);
	return rc;
}

#endif
