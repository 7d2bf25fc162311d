/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conf_value.h"
#include "tel_priv.h"

/*
 * Tables of a core are its own (rule 1), so it copies the rows that somebody asked for itself, in
 * its poll hook. One request a core at a time: the lock of the commands sees to that.
 */
enum snap_state {
	SNAP_IDLE,
	SNAP_WANTED,  /* set by the command */
	SNAP_SERVING, /* by the core */
	SNAP_DONE,    /* by the core, with release: rows are valid */
};

enum snap_kind {
	SNAP_CONNECTIONS,
	SNAP_NEIGHBOURS,
	SNAP_ADDRESSES,
	SNAP_ROUTES,
	SNAP_CHANGE, /* no rows: the core does what change says */
};

union snap_row {
	struct tcp_info conn;
	struct net_neigh_info neigh;
	struct net_route_info route;
	struct {
		char ifc[32];
		struct net_addr addr;
		bool v6, up;
	} addr;
};

struct snap {
	_Alignas(64) enum snap_state state;
	enum snap_kind kind;
	uint32_t cursor; /* in: where to go on; out: where the next request goes on, 0: all seen */
	struct tel_change change;
	int result; /* of the change */
	unsigned n;
	union snap_row row[TEL_ROWS];
};

static struct snap snaps[CONF_CORES_MAX];

#define SNAP_WAIT_US 200000

static void fill_connections(struct gn_core *c, struct snap *s)
{
	const struct tcp *tcp = core_tcp(c);
	const struct tcb *t = NULL;

	while (s->n < TEL_ROWS && (t = tcp_next(tcp, &s->cursor)) != NULL)
		tcp_info(tcp, t, &s->row[s->n++].conn);
	if (t == NULL)
		s->cursor = 0;
}

static void fill_neighbours(struct gn_core *c, struct snap *s)
{
	struct net_neigh_info info[TEL_ROWS];

	s->n = net_neigh_list(core_net(c), info, TEL_ROWS, &s->cursor);
	for (unsigned i = 0; i < s->n; i++)
		s->row[i].neigh = info[i];
	if (s->n < TEL_ROWS)
		s->cursor = 0;
}

static void fill_routes(struct gn_core *c, struct snap *s)
{
	struct net_route_info info[TEL_ROWS];

	s->n = net_route_list(core_net(c), info, TEL_ROWS, &s->cursor);
	for (unsigned i = 0; i < s->n; i++)
		s->row[i].route = info[i];
	if (s->n < TEL_ROWS)
		s->cursor = 0;
}

static void add_address(struct snap *s, const struct net_ifc *ifc, const struct net_addr *a,
	bool v6, uint32_t *seen)
{
	union snap_row *r = &s->row[s->n];

	if ((*seen)++ < s->cursor || s->n == TEL_ROWS)
		return;
	memcpy(r->addr.ifc, ifc->name, sizeof(r->addr.ifc));
	r->addr.addr = *a;
	r->addr.v6 = v6;
	r->addr.up = ifc->up;
	s->n++;
}

static void fill_addresses(struct gn_core *c, struct snap *s)
{
	const struct net *net = core_net(c);
	uint32_t seen = 0;

	for (uint16_t i = 0; i < net_ifc_count(net); i++) {
		const struct net_ifc *ifc = net_ifc_get(net, i);

		if (ifc == NULL)
			continue;
		for (unsigned a = 0; a < ifc->n_addr4; a++)
			add_address(s, ifc, &ifc->addr4[a], false, &seen);
		for (unsigned a = 0; a < ifc->n_addr6; a++)
			add_address(s, ifc, &ifc->addr6[a], true, &seen);
	}
	s->cursor = s->cursor + s->n < seen ? s->cursor + s->n : 0;
}

void tel_core_poll(struct gn_core *c)
{
	struct snap *s = &snaps[core_env(c)->core];
	enum snap_state wanted = SNAP_WANTED;

	if (__atomic_load_n(&s->state, __ATOMIC_RELAXED) != SNAP_WANTED ||
		!__atomic_compare_exchange_n(&s->state, &wanted, SNAP_SERVING, false,
			__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	s->n = 0;
	if (s->kind == SNAP_CONNECTIONS)
		fill_connections(c, s);
	else if (s->kind == SNAP_NEIGHBOURS)
		fill_neighbours(c, s);
	else if (s->kind == SNAP_ROUTES)
		fill_routes(c, s);
	else if (s->kind == SNAP_CHANGE)
		s->result = tel_change_apply(core_net(c), &s->change);
	else
		fill_addresses(c, s);
	__atomic_store_n(&s->state, SNAP_DONE, __ATOMIC_RELEASE);
}

/* Asks a core and waits for its answer. NULL: it does not turn. */
static struct snap *snap_take(unsigned core, enum snap_kind kind, uint32_t cursor)
{
	struct snap *s = &snaps[core];
	struct timespec nap = {.tv_nsec = 20000};
	enum snap_state wanted = SNAP_WANTED;

	s->kind = kind;
	s->cursor = cursor;
	__atomic_store_n(&s->state, SNAP_WANTED, __ATOMIC_RELEASE);
	for (unsigned us = 0; us < SNAP_WAIT_US; us += 20) {
		if (__atomic_load_n(&s->state, __ATOMIC_ACQUIRE) == SNAP_DONE)
			return s;
		nanosleep(&nap, NULL);
	}
	/* Taken back, unless the core has just begun: then it will be done soon. */
	if (__atomic_compare_exchange_n(
		    &s->state, &wanted, SNAP_IDLE, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return NULL;
	while (__atomic_load_n(&s->state, __ATOMIC_ACQUIRE) != SNAP_DONE)
		nanosleep(&nap, NULL);
	return s;
}

static void add_text(
	struct rte_tel_data *in, const char *name, bool v6, const union net_ip *ip, uint16_t port)
{
	char text[80];

	tel_addr(text, sizeof(text), v6, ip, port);
	rte_tel_data_add_dict_string(in, name, text);
}

static void add_conn(struct rte_tel_data *in, const union snap_row *r)
{
	const struct tcp_info *i = &r->conn;

	rte_tel_data_add_dict_string(in, "state", i->state);
	add_text(in, "local", i->v6, &i->lip, i->lport);
	add_text(in, "remote", i->v6, &i->rip, i->rport);
	rte_tel_data_add_dict_string(in, "cc", i->cc);
	rte_tel_data_add_dict_string(in, "cc_state", i->cc_state);
	rte_tel_data_add_dict_u64(in, "srtt_us", i->srtt_us);
	rte_tel_data_add_dict_u64(in, "rto_us", i->rto_us);
	rte_tel_data_add_dict_u64(in, "cwnd", i->cwnd);
	rte_tel_data_add_dict_u64(in, "snd_wnd", i->snd_wnd);
	rte_tel_data_add_dict_u64(in, "unacked", i->unacked);
	rte_tel_data_add_dict_u64(in, "unsent", i->unsent);
	rte_tel_data_add_dict_u64(in, "unread", i->unread);
	rte_tel_data_add_dict_u64(in, "retransmits", i->retransmits);
	rte_tel_data_add_dict_u64(in, "bytes_sent", i->bytes_sent);
	rte_tel_data_add_dict_u64(in, "bytes_received", i->bytes_received);
}

/* The interfaces in the order in which core_conf_apply() adds them. */
static const char *ifc_name(uint16_t index)
{
	const struct stack_conf *c = stack_conf_of(tel.stack);

	for (unsigned p = 0; p < c->n_ports; p++) {
		if (index < c->port[p].n_ifc)
			return c->port[p].ifc[index].name;
		index = (uint16_t)(index - c->port[p].n_ifc);
	}
	return "?";
}

static void add_neigh(struct rte_tel_data *in, const union snap_row *r)
{
	const struct net_neigh_info *i = &r->neigh;
	char mac[24];

	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", i->mac[0], i->mac[1], i->mac[2],
		i->mac[3], i->mac[4], i->mac[5]);
	add_text(in, "address", i->v6, &i->ip, 0);
	rte_tel_data_add_dict_string(in, "interface", ifc_name(i->ifc));
	rte_tel_data_add_dict_string(in, "mac", mac);
	rte_tel_data_add_dict_string(in, "state", i->permanent ? "PERMANENT" : i->state);
	rte_tel_data_add_dict_u64(in, "queued", i->queued);
	rte_tel_data_add_dict_u64(in, "age_seconds", i->age_us / 1000000);
}

static void add_route(struct rte_tel_data *in, const union snap_row *r)
{
	const struct net_route_info *i = &r->route;

	add_text(in, "prefix", i->v6, &i->prefix, 0);
	rte_tel_data_add_dict_u64(in, "prefix_length", i->plen);
	if (!conf_ip_is_zero(&i->gw))
		add_text(in, "via", i->v6, &i->gw, 0);
	rte_tel_data_add_dict_string(in, "interface", ifc_name(i->ifc));
	rte_tel_data_add_dict_u64(in, "metric", i->metric);
	rte_tel_data_add_dict_string(in, "type", i->kind);
	rte_tel_data_add_dict_string(in, "source", i->source);
}

static void add_addr(struct rte_tel_data *in, const union snap_row *r)
{
	static const char *const state[] = {[NET_ADDR_NONE] = "none",
		[NET_ADDR_TENTATIVE] = "tentative",
		[NET_ADDR_PREFERRED] = "preferred",
		[NET_ADDR_DUPLICATE] = "duplicate"};

	rte_tel_data_add_dict_string(in, "interface", r->addr.ifc);
	rte_tel_data_add_dict_string(in, "link", r->addr.up ? "up" : "down");
	add_text(in, "address", r->addr.v6, &r->addr.addr.ip, 0);
	rte_tel_data_add_dict_u64(in, "prefix_length", r->addr.addr.plen);
	rte_tel_data_add_dict_string(in, "state",
		r->addr.addr.state <= NET_ADDR_DUPLICATE ? state[r->addr.addr.state] : "?");
}

/* "core,cursor" as "next" said; without them from the first core on. */
static int parse_place(const char *params, unsigned *core, uint32_t *cursor)
{
	const char *comma;
	int c;

	*core = 0;
	*cursor = 0;
	if (params == NULL)
		return 0;
	c = tel_param_core(params);
	if (c < 0)
		return -EINVAL;
	*core = (unsigned)c;
	comma = strchr(params, ',');
	if (comma != NULL)
		*cursor = (uint32_t)strtoul(comma + 1, NULL, 10);
	return 0;
}

/*
 * One answer: up to TEL_ROWS rows of one core, named "0", "1", ..., and "next", the parameters that
 * go on from there ("": this was the last). cores: of all cores, one after the other.
 */
static int rows(struct rte_tel_data *d, const char *params, enum snap_kind kind, bool cores,
	void (*add)(struct rte_tel_data *in, const union snap_row *r))
{
	char next[32] = "";
	unsigned core;
	uint32_t cursor;
	const struct snap *s;

	if (parse_place(params, &core, &cursor) != 0)
		return -EINVAL;
	s = snap_take(core, kind, cursor);
	if (s == NULL)
		return -ETIMEDOUT;
	if (s->cursor != 0)
		snprintf(next, sizeof(next), "%u,%u", core, s->cursor);
	else if (cores && core + 1 < stack_n_cores(tel.stack))
		snprintf(next, sizeof(next), "%u,0", core + 1);
	rte_tel_data_add_dict_string(d, "next", next);
	for (unsigned i = 0; i < s->n; i++) {
		struct rte_tel_data *in = rte_tel_data_alloc();
		char name[16];

		if (in == NULL)
			return -ENOMEM;
		rte_tel_data_start_dict(in);
		rte_tel_data_add_dict_u64(in, "core", core);
		add(in, &s->row[i]);
		snprintf(name, sizeof(name), "%u", i);
		if (rte_tel_data_add_dict_container(d, name, in, 0) != 0)
			rte_tel_data_free(in);
	}
	return 0;
}

int tel_connections(const char *params, struct rte_tel_data *d)
{
	return rows(d, params, SNAP_CONNECTIONS, true, add_conn);
}

/* Core 0 resolves; without a parameter its cache alone is shown, the others keep replicas. */
int tel_neighbours(const char *params, struct rte_tel_data *d)
{
	return rows(d, params, SNAP_NEIGHBOURS, false, add_neigh);
}

int tel_addresses(const char *params, struct rte_tel_data *d)
{
	return rows(d, params, SNAP_ADDRESSES, false, add_addr);
}

int tel_routes(const char *params, struct rte_tel_data *d)
{
	return rows(d, params, SNAP_ROUTES, false, add_route);
}

/* Core after core, so that one that refuses leaves the others as they are. */
int tel_change_all(const struct tel_change *change)
{
	for (unsigned i = 0; i < stack_n_cores(tel.stack); i++) {
		const struct snap *s;

		snaps[i].change = *change;
		s = snap_take(i, SNAP_CHANGE, 0);
		if (s == NULL)
			return -ETIMEDOUT;
		if (s->result != 0)
			return s->result;
	}
	return 0;
}
