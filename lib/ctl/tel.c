/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_version.h>

#include "conf_value.h"
#include "eal.h"
#include "log.h"
#include "tel_priv.h"

struct tel tel;
static pthread_mutex_t tel_mutex = PTHREAD_MUTEX_INITIALIZER;

/* With more cores than this an answer by core would not fit: ask for one core then. */
#define TEL_CORES_LISTED 8

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void tel_name(char *buf, size_t size, const char *text)
{
	size_t i;

	for (i = 0; text[i] != '\0' && i + 1 < size; i++)
		buf[i] = text[i] == '-' ? '_' : text[i] == '.' ? '/' : text[i];
	buf[i] = '\0';
}

int tel_param_core(const char *params)
{
	char *end;
	long n;

	if (params == NULL || *params == '\0')
		return -1;
	n = strtol(params, &end, 10);
	if (end == params || (*end != '\0' && *end != ',') || n < 0 ||
		n >= (long)stack_n_cores(tel.stack))
		return -2;
	return (int)n;
}

void tel_addr(char *buf, size_t size, bool v6, const union net_ip *ip, uint16_t port)
{
	char text[64];

	conf_print_ip(text, sizeof(text), v6, ip);
	if (port == 0)
		snprintf(buf, size, "%s", text);
	else
		snprintf(buf, size, v6 ? "[%s]:%u" : "%s:%u", text, port);
}

static uint64_t load(const uint64_t *n)
{
	return __atomic_load_n(n, __ATOMIC_RELAXED);
}

static const struct counters *counters_of(unsigned core)
{
	return &core_env(stack_core(tel.stack, core))->cnt;
}

static struct rte_tel_data *dict_in(struct rte_tel_data *d, const char *name)
{
	struct rte_tel_data *in = rte_tel_data_alloc();

	if (in == NULL)
		return NULL;
	rte_tel_data_start_dict(in);
	if (rte_tel_data_add_dict_container(d, name, in, 0) == 0)
		return in;
	rte_tel_data_free(in);
	return NULL;
}

/* A counter of one core, or of all together. */
static uint64_t total(size_t offset, int core)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < stack_n_cores(tel.stack); i++)
		if (core < 0 || (unsigned)core == i)
			sum += load((const uint64_t *)((const char *)counters_of(i) + offset));
	return sum;
}

/* /gannet/<group>[,core]: every counter of the group in counter.def. */
static int cmd_group(const char *cmd, const char *params, struct rte_tel_data *d)
{
	const char *group = strrchr(cmd, '/') + 1;
	int core = tel_param_core(params);

	if (core < -1)
		return -EINVAL;
	for (unsigned i = 0; i < CNT_MAX; i++)
		if (strcmp(counter_info[i].group, group) == 0)
			rte_tel_data_add_dict_u64(d, counter_info[i].name,
				total(offsetof(struct counters, n) + i * sizeof(uint64_t), core));
	return 0;
}

/* /gannet/drops[,core]: what was dropped and why, zeros left out. */
static int cmd_drops(const char *cmd, const char *params, struct rte_tel_data *d)
{
	int core = tel_param_core(params);

	if (core < -1)
		return -EINVAL;
	for (unsigned i = DROP_NONE + 1; i < DROP_MAX; i++) {
		size_t offset = offsetof(struct counters, drop) + i * sizeof(uint64_t);
		uint64_t n = total(offset, core);
		struct rte_tel_data *in;

		in = n != 0 ? dict_in(d, drop_info[i].name) : NULL;
		if (in == NULL)
			continue;
		rte_tel_data_add_dict_u64(in, "packets", n);
		rte_tel_data_add_dict_string(in, "severity", drop_info[i].severity);
		rte_tel_data_add_dict_string(in, "text", drop_info[i].text);
		for (int c = 0; core < 0 && stack_n_cores(tel.stack) <= TEL_CORES_LISTED &&
				c < (int)stack_n_cores(tel.stack);
			c++) {
			char name[16];

			snprintf(name, sizeof(name), "core%d", c);
			rte_tel_data_add_dict_u64(in, name, total(offset, c));
		}
	}
	return 0;
}

/* /gannet/text,<group>: what each counter of the group means; "drops": each drop reason. */
static int cmd_text(const char *cmd, const char *params, struct rte_tel_data *d)
{
	if (params == NULL)
		return -EINVAL;
	for (unsigned i = 0; i < CNT_MAX; i++)
		if (strcmp(counter_info[i].group, params) == 0)
			rte_tel_data_add_dict_string(d, counter_info[i].name, counter_info[i].text);
	for (unsigned i = DROP_NONE + 1; i < DROP_MAX && strcmp(params, "drops") == 0; i++)
		rte_tel_data_add_dict_string(d, drop_info[i].name, drop_info[i].text);
	return 0;
}

static void add_core(struct rte_tel_data *in, unsigned i)
{
	struct gn_core *c = stack_core(tel.stack, i);
	struct core_usage cu;
	struct tcp_usage tu;

	core_usage(c, &cu);
	tcp_usage(core_tcp(c), &tu);
	rte_tel_data_add_dict_int(in, "cpu", stack_conf_of(tel.stack)->cpu[i]);
	rte_tel_data_add_dict_u64(in, "turns", cu.turns);
	rte_tel_data_add_dict_u64(in, "buffers_free", cu.pool_avail);
	rte_tel_data_add_dict_u64(in, "buffers", cu.pool_size);
	rte_tel_data_add_dict_u64(in, "mailbox_used", cu.mailbox_used);
	rte_tel_data_add_dict_u64(in, "mailbox_size", cu.mailbox_size);
	rte_tel_data_add_dict_u64(in, "connections", tu.connections);
	rte_tel_data_add_dict_u64(in, "connections_max", tu.connections_max);
	rte_tel_data_add_dict_u64(in, "connections_busy", tu.busy);
	rte_tel_data_add_dict_u64(in, "half_open", tu.half_open);
	rte_tel_data_add_dict_u64(in, "time_wait", tu.time_wait);
	rte_tel_data_add_dict_u64(in, "listeners", tu.listeners);
	for (unsigned n = 0; n < CNT_MAX; n++)
		if (strcmp(counter_info[n].group, "core") == 0 && n != CNT_core_turns)
			rte_tel_data_add_dict_u64(
				in, counter_info[n].name, load(&counters_of(i)->n[n]));
}

static void add_rtt(struct rte_tel_data *in, const struct tcp_rtt_summary *s)
{
	static const struct {
		const char *name;
		unsigned permille;
	} q[] = {{"p50_us", 500}, {"p90_us", 900}, {"p99_us", 990}, {"p999_us", 999},
		{"max_us", 1000}};
	char name[32];

	rte_tel_data_add_dict_u64(in, "samples", s->samples);
	for (unsigned i = 0; i < RTE_DIM(q); i++)
		rte_tel_data_add_dict_u64(in, q[i].name, tcp_rtt_quantile(s, q[i].permille));
	for (unsigned i = 0; i < TCP_RTT_BUCKETS; i++) {
		if (s->bucket[i] == 0)
			continue;
		snprintf(name, sizeof(name), "le_%" PRIu64 "_us", tcp_rtt_bucket_us(i));
		rte_tel_data_add_dict_u64(in, name, s->bucket[i]);
	}
}

/* /gannet/tcp_rtt[,core]: how long round trips were. Values end at those of the scale. */
static int cmd_tcp_rtt(const char *cmd, const char *params, struct rte_tel_data *d)
{
	int core = tel_param_core(params);

	if (core < -1)
		return -EINVAL;
	for (unsigned i = 0; i < stack_n_cores(tel.stack); i++) {
		struct tcp_rtt_summary s;
		struct rte_tel_data *in;
		char name[16];

		if (core >= 0 && (unsigned)core != i)
			continue;
		snprintf(name, sizeof(name), "%u", i);
		in = dict_in(d, name);
		if (in == NULL)
			continue;
		tcp_rtt_summary(core_tcp(stack_core(tel.stack, i)), &s);
		add_rtt(in, &s);
	}
	return 0;
}

/* /gannet/cores[,core] */
static int cmd_cores(const char *cmd, const char *params, struct rte_tel_data *d)
{
	int core = tel_param_core(params);

	if (core < -1)
		return -EINVAL;
	for (unsigned i = 0; i < stack_n_cores(tel.stack); i++) {
		char name[16];
		struct rte_tel_data *in;

		if (core >= 0 && (unsigned)core != i)
			continue;
		snprintf(name, sizeof(name), "%u", i);
		in = dict_in(d, name);
		if (in != NULL)
			add_core(in, i);
	}
	return 0;
}

static int cmd_version(const char *cmd, const char *params, struct rte_tel_data *d)
{
	rte_tel_data_add_dict_string(d, "gannet", front_version());
	rte_tel_data_add_dict_string(d, "dpdk", rte_version());
	rte_tel_data_add_dict_string(d, "application", tel.app->name);
	rte_tel_data_add_dict_int(d, "pid", (int)getpid());
	rte_tel_data_add_dict_u64(d, "cores", stack_n_cores(tel.stack));
	rte_tel_data_add_dict_string(d, "file_prefix", eal_prefix());
	rte_tel_data_add_dict_string(d, "memory", eal_memory_mode());
	rte_tel_data_add_dict_u64(d, "uptime_seconds", (now_us() - tel.start_us) / 1000000);
	return 0;
}

#define FORWARD(name)                                                                      \
	static int cmd_##name(const char *cmd, const char *params, struct rte_tel_data *d) \
	{                                                                                  \
		return tel_##name(params, d);                                              \
	}
FORWARD(ports)
FORWARD(xstats)
FORWARD(config)
FORWARD(connections)
FORWARD(neighbours)
FORWARD(addresses)
FORWARD(routes)
FORWARD(change)
#undef FORWARD

static const struct command {
	const char *name;
	int (*fn)(const char *cmd, const char *params, struct rte_tel_data *d);
	const char *help;
} commands[] = {
	{"/gannet/version", cmd_version, "Version, application, process."},
	{"/gannet/cores", cmd_cores, "Each core: loop, tables, mailboxes. Parameter: core."},
	{"/gannet/ports", cmd_ports, "Each port: device, link, queues, packets."},
	{"/gannet/xstats", cmd_xstats, "A port's own statistics that are not 0. Parameter: port."},
	{"/gannet/drops", cmd_drops, "Dropped packets by reason. Parameter: core."},
	{"/gannet/connections", cmd_connections,
		"TCP connections, some at a time. Parameters: core, cursor ('next' of the "
		"former)."},
	{"/gannet/tcp_rtt", cmd_tcp_rtt,
		"TCP's round trips of each core: how many up to which time. Parameter: core."},
	{"/gannet/neighbours", cmd_neighbours,
		"Neighbour cache, some at a time. Parameters: core, cursor."},
	{"/gannet/addresses", cmd_addresses, "Addresses of the interfaces and their state."},
	{"/gannet/routes", cmd_routes, "Routes, some at a time. Parameters: core, cursor."},
	{"/gannet/change", cmd_change,
		"Changes routes, neighbours, addresses, links. Parameter: as 'gannetctl route add "
		"...'."},
	{"/gannet/config", cmd_config,
		"Configuration in force, as YAML. Parameter: byte to start at."},
	{"/gannet/text", cmd_text, "What counters mean. Parameter: group, or drops."},
};

/* All commands come here, on a thread of telemetry. */
static int dispatch(const char *cmd, const char *params, struct rte_tel_data *d)
{
	int (*fn)(const char *, const char *, struct rte_tel_data *) = cmd_group;
	int ret;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(cmd, commands[i].name) == 0)
			fn = commands[i].fn;
	rte_tel_data_start_dict(d);
	tel_lock();
	ret = tel.stack != NULL ? fn(cmd, params, d) : -ENODEV;
	tel_unlock();
	return ret;
}

static void register_one(const char *name, const char *help)
{
	int ret = rte_telemetry_register_cmd(name, dispatch, help);

	if (ret != 0)
		gn_log(GN_LOG_WARN, "telemetry command %s: %s", name, strerror(-ret));
}

void tel_start(struct stack *s, const struct front_conf *conf, const struct gn_app *app)
{
	tel_lock();
	tel = (struct tel){.stack = s, .conf = conf, .app = app, .start_us = now_us()};
	tel_unlock();
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		register_one(commands[i].name, commands[i].help);
	for (unsigned i = 0; i < CNT_MAX; i++) {
		char name[48], help[80];

		if (i > 0 && strcmp(counter_info[i].group, counter_info[i - 1].group) == 0)
			continue;
		snprintf(name, sizeof(name), "/gannet/%s", counter_info[i].group);
		snprintf(help, sizeof(help), "Counters of %s, of all cores. Parameter: core.",
			counter_info[i].group);
		register_one(name, help);
	}
}

void tel_stop(void)
{
	tel_lock();
	tel.stack = NULL;
	tel_unlock();
}

void tel_lock(void)
{
	pthread_mutex_lock(&tel_mutex);
}

void tel_unlock(void)
{
	pthread_mutex_unlock(&tel_mutex);
}
