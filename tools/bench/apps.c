/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "bench.h"

/* What the applications on the cores have in common. They use the public API, as a user would. */

uint8_t bench_payload[65536];

const struct bench_apps *bench_apps(enum bench_scenario s)
{
	static const struct bench_apps *const apps[BENCH_SCENARIO_MAX] = {
		[BENCH_UDP_ECHO] = &bench_udp_apps,
		[BENCH_TCP_RR] = &bench_rr_apps,
		[BENCH_TCP_CRR] = &bench_crr_apps,
		[BENCH_TCP_STREAM] = &bench_stream_apps,
		[BENCH_HTTPD] = &bench_httpd_apps,
		[BENCH_LATENCY] = &bench_latency_apps,
	};

	return apps[s];
}

struct gn_addr bench_server_addr(const struct bench_opts *o, uint32_t n)
{
	struct gn_addr a = {
		.family = o->v6 ? 6 : 4, .port = (uint16_t)(BENCH_PORT + n / BENCH_PER_PORT)};

	if (o->v6) {
		a.v6[0] = 0xfd;
		a.v6[15] = 2;
	} else {
		a.v4 = 0x0a000002;
	}
	return a;
}

uint32_t bench_server_ports(const struct bench_opts *o)
{
	return (o->window + o->idle / o->cores) / BENCH_PER_PORT + 1;
}

void bench_listen(struct gn_core *c, const struct bench_opts *o, const struct gn_tcp_ops *ops,
	const struct gn_tcp_opts *opts)
{
	for (uint32_t i = 0; i < bench_server_ports(o); i++) {
		struct gn_addr local = {.port = (uint16_t)(BENCH_PORT + i)};

		if (gn_tcp_listen(c, &local, ops, gn_app_arg(c), opts) < 0)
			bench_die("tcp: cannot listen on port %u", local.port);
	}
}

void bench_tcp_closed(struct gn_core *c, gn_tcp_t t, void *user, int err)
{
	if (err != ECONNABORTED) /* the run is over */
		bench_die("tcp: a connection ended: %s", strerror(err));
}
