/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_CTL_FRONT_CONF_H
#define GN_CTL_FRONT_CONF_H

#include "conf.h"

/* What the configuration says: the stack's part, and what only starting DPDK needs. */
#define FRONT_EAL_MAX 16

enum front_huge { FRONT_HUGE_AUTO, FRONT_HUGE_TRUE, FRONT_HUGE_FALSE };

struct front_conf {
	struct stack_conf stack; /* stack.hugepages is set by eal start from hugepages below */
	uint8_t hugepages;	 /* enum front_huge */
	char file_prefix[64];	 /* empty: chosen */
	unsigned n_eal;
	char eal_arg[FRONT_EAL_MAX][256];
};

#endif
