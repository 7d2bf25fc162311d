/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_EAL_H
#define GN_EAL_H

#include <stddef.h>

#include "conf.h"

/*
 * Starts DPDK's environment for a stack of this configuration: lcore 0 is the calling thread (the
 * control thread), lcore i + 1 will run core i; several may share a CPU. Memory as configured. Once
 * a process. The runtime directory, by which dpdk-telemetry.py and dpdk-dumpcap find us
 * (--file-prefix), is named prog, or prog-PID if another process has that name.
 *
 * 0, or -errno with the reason in err: -ENOMEM no hugepages free, -EINVAL a CPU that is not there.
 */
int eal_start(const struct stack_conf *conf, const char *prog, char *err, size_t err_size);
/* Gives back what eal_start() took, the runtime directory too. */
void eal_stop(void);

/* The file prefix in use, and which memory, in words: after eal_start(). */
const char *eal_prefix(void);
const char *eal_memory_mode(void);

#endif
