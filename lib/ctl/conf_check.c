/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf_reader.h"
#include "conf_value.h"

/* The node at a path of the top-level sections, or the root if it was not written. */
static const struct conf_node *written(
	const struct conf_node *root, const char *section, const char *key)
{
	const struct conf_node *n = conf_node_find(root, section), *k = NULL;

	if (n != NULL && key != NULL)
		k = conf_node_find(n, key);
	return k ? k : n ? n : root;
}

static bool has_cpu(const struct conf_machine *m, int cpu)
{
	for (unsigned i = 0; i < m->n_cpus; i++)
		if (m->cpu[i] == cpu)
			return true;
	return false;
}

/* The machine's CPUs as 0-3,8. */
static void cpus_text(const struct conf_machine *m, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < m->n_cpus && len < size; i++) {
		unsigned to = i;

		while (to + 1 < m->n_cpus && m->cpu[to + 1] == m->cpu[to] + 1)
			to++;
		len += (size_t)snprintf(buf + len, size - len, to > i ? "%s%d-%d" : "%s%d",
			i ? "," : "", m->cpu[i], m->cpu[to]);
		i = to;
	}
}

static void bad_at(
	struct conf_reader *r, const struct conf_node *n, const char *path, const char *text)
{
	size_t cut = conf_path_add(r, "%s", path);

	conf_bad(r, n, "%s", text);
	conf_path_cut(r, cut);
}

static void check_cpus(struct conf_reader *r, const struct conf_node *root)
{
	struct stack_conf *c = &r->out->stack;
	const struct conf_node *cores = conf_node_find(root, "cores");
	const struct conf_machine *m = r->machine;
	char have[128], text[320];

	cpus_text(m, have, sizeof(have));
	if (c->control_cpu >= 0 && !has_cpu(m, c->control_cpu)) {
		snprintf(text, sizeof(text),
			"there is no CPU %d for us; expected one of %s, or any", c->control_cpu,
			have);
		bad_at(r, written(root, "control-cpu", NULL), "control-cpu", text);
	}
	if (r->cpus_node == NULL) {
		for (unsigned i = 0; i < c->n_cores && i < m->n_cpus; i++)
			c->cpu[i] = m->cpu[i];
		if (c->n_cores <= m->n_cpus)
			return;
		snprintf(text, sizeof(text),
			"%u cores but only %u CPUs for us (%s); expected at most %u, or a list "
			"that "
			"shares them, as 'cpus: [%d, %d, ...]'",
			c->n_cores, m->n_cpus, have, m->n_cpus, m->cpu[0], m->cpu[0]);
		bad_at(r, written(root, "cores", NULL), "cores", text);
		return;
	}
	if (r->cpus_node == cores || cores == NULL)
		c->n_cores = r->n_cpus;
	if (c->n_cores != r->n_cpus) {
		snprintf(text, sizeof(text),
			"%u cores but %u CPUs listed; expected one CPU for each core, as "
			"[0, 1, 0, 1] for 4 cores on 2 CPUs",
			c->n_cores, r->n_cpus);
		bad_at(r, r->cpus_node, "cpus", text);
	}
	for (unsigned i = 0; i < r->n_cpus; i++) {
		if (has_cpu(m, c->cpu[i]))
			continue;
		snprintf(text, sizeof(text), "there is no CPU %d for us; expected some of %s",
			c->cpu[i], have);
		bad_at(r, r->cpus_node, r->cpus_node->key ? r->cpus_node->key : "cpus", text);
		return;
	}
}

static const struct conf_ifc *ifc_of(const struct conf_reader *r, const struct conf_site *s)
{
	return &r->out->stack.port[s->port].ifc[s->ifc];
}

static void bad_site(struct conf_reader *r, const struct conf_site *s, const char *text)
{
	bad_at(r, s->node, s->path, text);
}

/* Two addresses that cannot both be: the same one, or subnets that overlap on two interfaces. */
static void check_pair(
	struct conf_reader *r, const struct conf_site *first, const struct conf_site *second)
{
	const struct conf_ifc *ia = ifc_of(r, first), *ib = ifc_of(r, second);
	const struct conf_addr *a = &ia->addr[first->index], *b = &ib->addr[second->index];
	unsigned shorter = a->plen < b->plen ? a->plen : b->plen;
	char text[320], where[64] = "";

	if (a->v6 != b->v6 || !conf_same_prefix(a->v6, &a->ip, &b->ip, shorter))
		return;
	if (ia != ib && conf_ip_is_linklocal(a->v6, &a->ip) && a->v6)
		return;
	if (first->node->line)
		snprintf(where, sizeof(where), " (line %u)", first->node->line);
	if (conf_ip_equal(a->v6, &a->ip, &b->ip))
		snprintf(text, sizeof(text), "the address of %s is already in use: %s%s; keep one",
			second->node->text, first->path, where);
	else if (ia != ib)
		snprintf(text, sizeof(text), "%s overlaps with %s on %s%s; expected subnets apart",
			second->node->text, first->node->text, ia->name, where);
	else
		return;
	bad_site(r, second, text);
}

/* The interface that has via on one of its subnets, preferring ifc. */
static const struct conf_ifc *connected(
	const struct conf_reader *r, const struct conf_ifc *ifc, bool v6, const union net_ip *via)
{
	const struct conf_ifc *found = NULL;

	if (v6 && conf_ip_is_linklocal(v6, via))
		return ifc;
	for (unsigned i = 0; i < r->addrs.n; i++) {
		const struct conf_ifc *at = ifc_of(r, &r->addrs.s[i]);
		const struct conf_addr *a = &at->addr[r->addrs.s[i].index];

		if (a->v6 == v6 && conf_same_prefix(v6, &a->ip, via, a->plen) &&
			(found == NULL || at == ifc))
			found = at;
	}
	return found;
}

static bool is_ours(const struct conf_reader *r, bool v6, const union net_ip *ip)
{
	for (unsigned i = 0; i < r->addrs.n; i++) {
		const struct conf_addr *a = &ifc_of(r, &r->addrs.s[i])->addr[r->addrs.s[i].index];

		if (a->v6 == v6 && conf_ip_equal(v6, &a->ip, ip))
			return true;
	}
	return false;
}

static void check_route(struct conf_reader *r, const struct conf_site *s)
{
	const struct conf_ifc *ifc = ifc_of(r, s), *at;
	const struct conf_route *route = &ifc->route[s->index];
	char text[320];

	for (unsigned i = 0; i < s->index; i++) {
		const struct conf_route *o = &ifc->route[i];

		if (o->v6 == route->v6 && o->plen == route->plen && o->metric == route->metric &&
			conf_ip_equal(o->v6, &o->prefix, &route->prefix)) {
			bad_site(r, s,
				"a second route to the same destination with the same "
				"metric; expected another 'metric'");
			return;
		}
	}
	if (conf_ip_is_zero(&route->via))
		return;
	at = connected(r, ifc, route->v6, &route->via);
	if (is_ours(r, route->v6, &route->via))
		snprintf(text, sizeof(text), "%s is our own address; expected the gateway's",
			s->node->text);
	else if (at == NULL)
		snprintf(text, sizeof(text),
			"%s is on no subnet of '%s'; expected an address "
			"inside one of its 'addresses'",
			s->node->text, ifc->name);
	else if (at != ifc)
		snprintf(text, sizeof(text), "%s is on a subnet of '%s'; expected the route there",
			s->node->text, at->name);
	else
		return;
	bad_site(r, s, text);
}

static void check_order(struct conf_reader *r, const struct conf_node *root, const char *low_key,
	uint64_t low, const char *high_key, uint64_t high)
{
	char path[64], text[128];

	if (low <= high)
		return;
	snprintf(path, sizeof(path), "tcp.%s", low_key);
	snprintf(text, sizeof(text), "greater than tcp.%s; expected at most that", high_key);
	bad_at(r, written(root, "tcp", low_key), path, text);
}

static void check_ports(struct conf_reader *r, const struct conf_node *root)
{
	struct stack_conf *c = &r->out->stack;
	uint64_t rx = 0;
	char path[64], text[320];

	for (unsigned i = 0; i < c->n_ports; i++) {
		rx += c->port[i].rx_desc;
		for (unsigned j = 0; j < i; j++) {
			if (c->port[i].device[0] == '\0' ||
				strcmp(c->port[i].device, c->port[j].device) != 0)
				continue;
			snprintf(path, sizeof(path), "ports.%s.device", c->port[i].name);
			snprintf(text, sizeof(text),
				"port '%s' has the same device; expected "
				"another",
				c->port[j].name);
			bad_at(r, r->device[i], path, text);
			break;
		}
	}
	if (rx >= c->packet_buffers) {
		snprintf(text, sizeof(text),
			"%u buffers do not fill the %" PRIu64 " receive "
			"descriptors of a core's queues; expected at least twice as many",
			c->packet_buffers, rx);
		bad_at(r, written(root, "memory", "packet-buffers"), "memory.packet-buffers", text);
	}
}

void conf_check(struct conf_reader *r, const struct conf_node *root)
{
	const struct tcp_conf *t = &r->out->stack.tcp;

	check_cpus(r, root);
	check_ports(r, root);
	for (unsigned i = 0; i < r->addrs.n; i++)
		for (unsigned j = 0; j < i; j++)
			check_pair(r, &r->addrs.s[j], &r->addrs.s[i]);
	for (unsigned i = 0; i < r->routes.n; i++)
		check_route(r, &r->routes.s[i]);
	check_order(r, root, "rto-min", t->rto_min_us, "rto-max", t->rto_max_us);
	check_order(r, root, "rto-initial", t->rto_initial_us, "rto-max", t->rto_max_us);
	check_order(r, root, "port-low", t->port_low, "port-high", t->port_high);
}
