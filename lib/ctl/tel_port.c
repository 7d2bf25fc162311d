/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_read.h"
#include "conf_value.h"
#include "tel_priv.h"

static void add_stats(struct rte_tel_data *in, const struct drv_stats *s)
{
	rte_tel_data_add_dict_u64(in, "rx_packets", s->rx_packets);
	rte_tel_data_add_dict_u64(in, "rx_bytes", s->rx_bytes);
	rte_tel_data_add_dict_u64(in, "tx_packets", s->tx_packets);
	rte_tel_data_add_dict_u64(in, "tx_bytes", s->tx_bytes);
	rte_tel_data_add_dict_u64(in, "rx_missed", s->rx_missed);
	rte_tel_data_add_dict_u64(in, "rx_errors", s->rx_errors);
	rte_tel_data_add_dict_u64(in, "rx_nombuf", s->rx_nombuf);
	rte_tel_data_add_dict_u64(in, "tx_errors", s->tx_errors);
}

static void add_port(struct rte_tel_data *in, unsigned i)
{
	const struct conf_port *conf = &stack_conf_of(tel.stack)->port[i];
	const struct drv_conf *d = stack_port_conf(tel.stack, i);
	struct drv_port *p = stack_port(tel.stack, i);
	struct drv_stats stats = {0};
	struct drv_link link = {.up = true};
	struct drv_caps caps = {0};
	char text[128];

	snprintf(text, sizeof(text), "%.127s", conf->device);
	rte_tel_data_add_dict_string(in, "device", text);
	rte_tel_data_add_dict_string(in, "driver", p->ops->name);
	if (p->ops->caps(p, &caps) == 0) {
		conf_print_mac(text, sizeof(text), caps.mac);
		rte_tel_data_add_dict_string(in, "mac", text);
	}
	if (p->ops->link != NULL)
		p->ops->link(p, &link);
	rte_tel_data_add_dict_string(in, "link", link.up ? "up" : "down");
	rte_tel_data_add_dict_u64(in, "speed_mbps", link.speed_mbps);
	rte_tel_data_add_dict_u64(in, "mtu", conf->mtu);
	rte_tel_data_add_dict_u64(in, "queues", d->n_queues);
	rte_tel_data_add_dict_string(in, "rss", d->offloads & DRV_RSS ? "hardware" : "software");
	if (p->ops->stats != NULL && p->ops->stats(p, &stats) == 0)
		add_stats(in, &stats);
}

int tel_ports(const char *params, struct rte_tel_data *d)
{
	for (unsigned i = 0; i < stack_n_ports(tel.stack); i++) {
		struct rte_tel_data *in = rte_tel_data_alloc();
		char name[64];

		if (in == NULL)
			return -ENOMEM;
		rte_tel_data_start_dict(in);
		add_port(in, i);
		tel_name(name, sizeof(name), stack_conf_of(tel.stack)->port[i].name);
		if (rte_tel_data_add_dict_container(d, name, in, 0) != 0)
			rte_tel_data_free(in);
	}
	return 0;
}

int tel_xstats(const char *params, struct rte_tel_data *d)
{
	const struct stack_conf *c = stack_conf_of(tel.stack);
	enum { MAX = 1024 };
	struct drv_xstat *x;
	struct drv_port *p;
	unsigned i = 0;
	int n;

	while (params != NULL && i < stack_n_ports(tel.stack) &&
		strcmp(c->port[i].name, params) != 0)
		i++;
	if (i == stack_n_ports(tel.stack))
		return -EINVAL;
	p = stack_port(tel.stack, i);
	x = calloc(MAX, sizeof(*x));
	if (x == NULL || p->ops->xstats == NULL) {
		free(x);
		return x == NULL ? -ENOMEM : 0;
	}
	n = p->ops->xstats(p, x, MAX);
	for (int k = 0; k < n && k < MAX; k++) {
		char name[64];

		tel_name(name, sizeof(name), x[k].name);
		if (x[k].value != 0)
			rte_tel_data_add_dict_u64(d, name, x[k].value);
	}
	free(x);
	return 0;
}

/* The configuration as --show-config prints it, from a byte on: an answer holds a part of it. */
int tel_config(const char *params, struct rte_tel_data *d)
{
	char part[RTE_TEL_MAX_SINGLE_STRING_LEN], *text, *end;
	size_t size, from = 0;
	FILE *f;

	if (params != NULL) {
		from = strtoul(params, &end, 10);
		if (end == params || *end != '\0')
			return -EINVAL;
	}
	f = open_memstream(&text, &size);
	if (f == NULL)
		return -ENOMEM;
	conf_print(tel.conf, f);
	fclose(f);
	snprintf(part, sizeof(part), "%s", from < size ? text + from : "");
	free(text);
	return rte_tel_data_string(d, part);
}
