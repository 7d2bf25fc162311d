/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include <rte_telemetry.h>

#include "httpd.h"

/* The command has no argument of its own; set once, before the telemetry thread starts. */
static const struct httpd *served;

static void stats_core(struct rte_tel_data *d, const struct httpd_stats *s)
{
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_u64(d, "connections", s->connections);
	rte_tel_data_add_dict_u64(d, "open", s->open);
	rte_tel_data_add_dict_u64(d, "requests", s->requests);
	rte_tel_data_add_dict_u64(d, "errors", s->errors);
	rte_tel_data_add_dict_u64(d, "body_bytes", s->body_bytes);
	rte_tel_data_add_dict_u64(d, "timeouts", s->timeouts);
	rte_tel_data_add_dict_u64(d, "refused", s->refused);
}

/* {"core0": {"requests": ...}, ...}. The cores count on while this reads. */
static int stats_handle(const char *cmd, const char *params, struct rte_tel_data *d)
{
	rte_tel_data_start_dict(d);
	for (unsigned i = 0; i < HTTPD_CORES_MAX && served->core[i] != NULL; i++) {
		struct rte_tel_data *core = rte_tel_data_alloc();
		char name[16];

		if (core == NULL)
			return -1;
		snprintf(name, sizeof(name), "core%u", i);
		stats_core(core, &served->stats[i]);
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
