/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include <rte_common.h>
#include <rte_telemetry.h>

#include "httpd.h"

/* The command has no argument of its own; set once, before the telemetry thread starts. */
static const struct httpd *served;

static const struct {
	const char *name;
	size_t offset;
} fields[] = {
	{"connections", offsetof(struct httpd_stats, connections)},
	{"open", offsetof(struct httpd_stats, open)},
	{"requests", offsetof(struct httpd_stats, requests)},
	{"errors", offsetof(struct httpd_stats, errors)},
	{"body_bytes", offsetof(struct httpd_stats, body_bytes)},
	{"timeouts", offsetof(struct httpd_stats, timeouts)},
	{"refused", offsetof(struct httpd_stats, refused)},
};

static void add_core(struct rte_tel_data *d, const struct httpd_stats *stats)
{
	for (size_t i = 0; i < RTE_DIM(fields); i++) {
		const uint64_t *n = (const uint64_t *)((const char *)stats + fields[i].offset);

		/* The core counts on while this thread reads. */
		rte_tel_data_add_dict_u64(d, fields[i].name, __atomic_load_n(n, __ATOMIC_RELAXED));
	}
}

/* {"0": {"requests": ...}, "1": ...} as /gannet/cores does. */
static int stats_handle(const char *cmd, const char *params, struct rte_tel_data *d)
{
	rte_tel_data_start_dict(d);
	for (unsigned i = 0; i < HTTPD_CORES_MAX && served->core[i] != NULL; i++) {
		struct rte_tel_data *core = rte_tel_data_alloc();
		char name[16];

		if (core == NULL)
			return -ENOMEM;
		snprintf(name, sizeof(name), "%u", i);
		rte_tel_data_start_dict(core);
		add_core(core, &served->stats[i]);
		rte_tel_data_add_dict_container(d, name, core, 0);
	}
	return 0;
}

int stats_register(const struct httpd *httpd)
{
	served = httpd;
	return rte_telemetry_register_cmd("/gannet/httpd", stats_handle,
		"What gannet-httpd did on each core. No parameters.");
}
