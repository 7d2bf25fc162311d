/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_EAL_H
#define GN_EAL_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"

struct eal_opts {
	const char *prog;	 /* the program's name */
	const char *file_prefix; /* EAL's name for the process; NULL or empty: chosen */
	unsigned n_arg;		 /* further arguments for rte_eal_init() */
	const char *const *arg;
};

/*
 * Starts DPDK's environment for a stack of this configuration: lcore 0 is the calling thread (the
 * control thread), lcore i + 1 will run core i; several may share a CPU. Memory as configured. Once
 * a process. The runtime directory, by which dpdk-telemetry.py and dpdk-dumpcap find us
 * (--file-prefix), is named as the program, or PROGRAM-PID if another process has that name.
 *
 * 0, or -errno with the reason in err: -ENOMEM too few hugepages free, -EINVAL a CPU that is not
 * there, -E2BIG too many arguments, or what rte_eal_init() said.
 */
int eal_start(const struct stack_conf *conf, const struct eal_opts *o, char *err, size_t err_size);
/* Whether the free hugepages hold what the configuration needs. Before eal_start(), any thread. */
bool eal_hugepages_suffice(const struct stack_conf *conf);
/* Gives back what eal_start() took, the runtime directory too. */
void eal_stop(void);

/* The file prefix in use, and which memory, in words: after eal_start(). */
const char *eal_prefix(void);
const char *eal_memory_mode(void);

#endif
