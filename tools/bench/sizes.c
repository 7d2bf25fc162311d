/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>
#include <stdio.h>

#include "bench_opts.h"
#include "tcp_priv.h"

/* What TCP keeps of a connection, in bytes. A table entry is counted at the load of three quarters
 * that tables are made for; that they are powers of two of buckets may make it up to twice that. */
void bench_sizes_print(void)
{
	printf("{\"block\": %zu, \"block_warm\": %zu, \"table_entry\": %.1f, \"half_open\": %zu, "
	       "\"time_wait\": %zu}\n",
		sizeof(struct tcb), offsetof(struct tcb, timer),
		(double)sizeof(struct flow_bucket) / FLOW_BUCKET_ENTRIES * 4 / 3,
		sizeof(struct tcp_half_open), sizeof(struct tcp_time_wait));
}
