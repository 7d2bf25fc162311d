/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

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

static uint64_t field_of(unsigned core, size_t offset)
{
	const char *base = (const char *)&served->stats[core];

	return __atomic_load_n((const uint64_t *)(base + offset), __ATOMIC_RELAXED);
}

/* Like the stack's own groups of counters: /gannet/httpd is the sum, /gannet/httpd,1 core 1. */
static int stats_handle(const char *cmd, const char *params, struct rte_tel_data *d)
{
	bool one = params != NULL && *params != '\0';
	unsigned long core = one ? strtoul(params, NULL, 10) : 0;

	if (one && (core >= HTTPD_CORES_MAX || served->core[core] == NULL))
		return -EINVAL;
	rte_tel_data_start_dict(d);
	for (size_t i = 0; i < RTE_DIM(fields); i++) {
		uint64_t n = 0;

		for (unsigned c = 0; c < HTTPD_CORES_MAX; c++)
			if (served->core[c] != NULL && (!one || c == core))
				n += field_of(c, fields[i].offset);
		rte_tel_data_add_dict_u64(d, fields[i].name, n);
	}
	return 0;
}

int stats_register(const struct httpd *httpd)
{
	served = httpd;
	return rte_telemetry_register_cmd("/gannet/httpd", stats_handle,
		"What gannet-httpd did. Parameter: a core, or none for the sum.");
}
