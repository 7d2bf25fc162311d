/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_CTL_CONF_READ_H
#define GN_CTL_CONF_READ_H

#include "conf_err.h"
#include "conf_tree.h"
#include "front_conf.h"

/* The CPUs that the process may use: what 'cores' and 'cpus' are checked against. */
#define CONF_CPUS_MAX 1024

struct conf_machine {
	unsigned n_cpus;
	int16_t cpu[CONF_CPUS_MAX]; /* ascending */
};

/* By sched_getaffinity(). */
void conf_machine_here(struct conf_machine *m);

/*
 * Fills out with all defaults and what the tree says, and checks it as a whole. 0, or -1 after
 * adding every error found to e (out is then unfinished). out is large: not for the stack.
 */
int conf_read(const struct conf_node *root, const struct conf_machine *m, struct front_conf *out,
	struct conf_err *e);

/* Writes c as YAML that conf_read() reads back to the same values. */
void conf_print(const struct front_conf *c, FILE *out);

#endif
