/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf_reader.h"
#include "conf_value.h"

static unsigned port_of(const struct conf_reader *r, const struct conf_ifc *ifc, unsigned *index)
{
	for (unsigned p = 0; p < r->out->stack.n_ports; p++) {
		const struct conf_port *port = &r->out->stack.port[p];

		if (ifc >= port->ifc && ifc < port->ifc + NET_IFC_MAX) {
			*index = (unsigned)(ifc - port->ifc);
			return p;
		}
	}
	*index = 0;
	return 0;
}

/* Why an interface cannot have this address, or NULL. */
static const char *unusable(bool v6, const union net_ip *ip, uint8_t plen)
{
	uint32_t host = plen < 31 ? UINT32_MAX >> plen : 0;

	if (plen == 0)
		return "prefix length 0; expected the subnet's, as 10.0.0.1/24";
	if (conf_ip_is_zero(ip))
		return "the unspecified address";
	if (v6) {
		static const uint8_t loopback[16] = {[15] = 1};

		if (ip->v6.b[0] == 0xff)
			return "a multicast address; expected a unicast one";
		return memcmp(ip->v6.b, loopback, 16) == 0 ? "the loopback address" : NULL;
	}
	if (ip->v4 >> 28 >= 0xe)
		return "a multicast or reserved address; expected a unicast one";
	if (ip->v4 >> 24 == 127)
		return "a loopback address";
	if (ip->v4 >> 24 == 0)
		return "an address of network 0";
	if (host && (ip->v4 & host) == 0)
		return "the subnet's own address; expected a host's";
	if (host && (ip->v4 & host) == host)
		return "the subnet's broadcast address; expected a host's";
	return NULL;
}

static void read_addr(struct conf_reader *r, struct conf_ifc *ifc, const struct conf_node *n)
{
	struct conf_addr a = {0};
	const char *why;
	unsigned same = 0, port, index;

	if (n->kind != CONF_SCALAR || n->null ||
		!conf_parse_prefix(n->text, &a.v6, &a.ip, &a.plen)) {
		conf_bad(r, n,
			"'%.64s' is wrong; expected ADDRESS/LENGTH, as 10.0.0.1/24 or "
			"fd00::1/64",
			n->kind == CONF_SCALAR ? n->text : "");
		return;
	}
	why = unusable(a.v6, &a.ip, a.plen);
	if (why != NULL) {
		conf_bad(r, n, "%s is %s", n->text, why);
		return;
	}
	for (unsigned i = 0; i < ifc->n_addr; i++)
		same += ifc->addr[i].v6 == a.v6;
	if (same == NET_ADDR_MAX) {
		conf_bad(r, n, "more than %u %s addresses on one interface", NET_ADDR_MAX,
			a.v6 ? "IPv6" : "IPv4");
		return;
	}
	port = port_of(r, ifc, &index);
	ifc->addr[ifc->n_addr] = a;
	conf_site_add(r, &r->addrs, n, port, index, ifc->n_addr++);
}

void conf_read_addrs(struct conf_reader *r, struct conf_ifc *ifc, const struct conf_node *n)
{
	unsigned i = 0;

	for (const struct conf_node *a = n->first; a != NULL; a = a->next) {
		size_t cut = conf_path_add(r, "[%u]", i++);

		read_addr(r, ifc, a);
		conf_path_cut(r, cut);
	}
}

static void read_route(struct conf_reader *r, struct conf_ifc *ifc, const struct conf_node *n)
{
	struct conf_route *route = &ifc->route[ifc->n_route];
	struct conf_place place = {.base = {[SCOPE_ROUTE] = route}};
	const struct conf_node *to = conf_node_find(n, "to"), *via = conf_node_find(n, "via");
	unsigned before = r->err->n, port, index;
	union net_ip ip, masked;
	bool v6;
	char buf[64];

	memset(route, 0, sizeof(*route));
	conf_read_defaults(r, SCOPE_ROUTE, route);
	conf_read_map(r, &place, n);
	if (r->err->n != before)
		return;
	if (strcmp(to->text, "default") == 0) {
		if (via == NULL && route->opts.kind == NET_ROUTE_UNICAST) {
			conf_bad(r, n, "a default route needs 'via', the gateway's address");
			return;
		}
		if (via != NULL)
			conf_parse_ip(via->text, &route->v6, &ip);
	}
	if (via != NULL && route->opts.kind != NET_ROUTE_UNICAST) {
		conf_bad(r, via, "a gateway for a route of that type; expected none");
		return;
	}
	if (via != NULL && conf_parse_ip(via->text, &v6, &ip) && v6 != route->v6) {
		conf_bad(r, via, "gateway %s for %s; expected both of one family", via->text,
			to->text);
		return;
	}
	masked = conf_mask(route->v6, &route->prefix, route->plen);
	if (!conf_ip_equal(route->v6, &masked, &route->prefix)) {
		conf_print_ip(buf, sizeof(buf), route->v6, &masked);
		conf_bad(r, to, "%s has bits set after its prefix; expected %s/%u", to->text, buf,
			route->plen);
		return;
	}
	port = port_of(r, ifc, &index);
	conf_site_add(r, &r->routes, via ? via : to, port, index, ifc->n_route++);
}

static void read_neigh(struct conf_reader *r, struct conf_ifc *ifc, const struct conf_node *n)
{
	struct conf_neigh *e = &ifc->neigh[ifc->n_neigh];
	struct conf_place place = {.base = {[SCOPE_NEIGH] = e}};
	unsigned before = r->err->n;

	memset(e, 0, sizeof(*e));
	conf_read_map(r, &place, n);
	for (unsigned i = 0; r->err->n == before && i < ifc->n_neigh; i++)
		if (ifc->neigh[i].v6 == e->v6 && conf_ip_equal(e->v6, &ifc->neigh[i].ip, &e->ip))
			conf_bad(r, n, "the address is listed twice; keep one");
	if (r->err->n == before)
		ifc->n_neigh++;
}

/* Calls read for each entry of a list of maps. */
static void each_map(struct conf_reader *r, struct conf_ifc *ifc, const struct conf_node *list,
	unsigned max, const char *form,
	void (*read)(struct conf_reader *, struct conf_ifc *, const struct conf_node *))
{
	unsigned i = 0;

	for (const struct conf_node *n = list->first; n != NULL; n = n->next) {
		size_t cut = conf_path_add(r, "[%u]", i++);

		if (i > max)
			conf_bad(r, n, "more than %u entries", max);
		else if (n->kind != CONF_MAP)
			conf_bad(r, n, "expected %s", form);
		else
			read(r, ifc, n);
		conf_path_cut(r, cut);
		if (i > max)
			return;
	}
}

void conf_read_routes(struct conf_reader *r, struct conf_ifc *ifc, const struct conf_node *n)
{
	each_map(r, ifc, n, sizeof(ifc->route) / sizeof(ifc->route[0]),
		"{to: 10.1.0.0/16, via: 10.0.0.254}", read_route);
}

void conf_read_neighs(struct conf_reader *r, struct conf_ifc *ifc, const struct conf_node *n)
{
	each_map(r, ifc, n, sizeof(ifc->neigh) / sizeof(ifc->neigh[0]),
		"{address: 10.0.0.2, mac: '02:00:00:00:00:02'}", read_neigh);
}

static bool parse_tags(const char *text, struct conf_vlan *v)
{
	char outer[8];
	const char *slash = strchr(text, '/');
	uint64_t o, i = 0;

	snprintf(outer, sizeof(outer), "%.*s", slash ? (int)(slash - text) : 7, text);
	if (!conf_parse_int(outer, &o) || (slash && !conf_parse_int(slash + 1, &i)))
		return false;
	v->outer = (uint16_t)o;
	v->inner = (uint16_t)i;
	return o >= 1 && o <= 4094 && i <= 4094 && (slash == NULL || i >= 1);
}

static void read_vlan(struct conf_reader *r, struct conf_port *p, const struct conf_node *n)
{
	struct conf_ifc *ifc = &p->ifc[p->n_ifc];
	struct conf_place place = {.base = {[SCOPE_IFC] = ifc}};
	struct conf_vlan tags = {0};
	char port[16];

	if (!parse_tags(n->key, &tags)) {
		conf_bad(r, n,
			"wrong VLAN; expected an identifier from 1 to 4094, or two as 100/200");
		return;
	}
	for (unsigned i = 1; i < p->n_ifc; i++) {
		if (p->ifc[i].vlan.outer == tags.outer && p->ifc[i].vlan.inner == tags.inner) {
			conf_bad(r, n, "the VLAN is listed twice; keep one");
			return;
		}
	}
	if (n->kind != CONF_MAP && !n->null) {
		conf_bad(r, n, "expected keys: addresses, routes, neighbours, link-local");
		return;
	}
	p->n_ifc++;
	memset(ifc, 0, sizeof(*ifc));
	ifc->vlan = tags;
	memcpy(port, p->name, sizeof(port));
	if (tags.inner)
		snprintf(ifc->name, sizeof(ifc->name), "%.15s.%u.%u", port, tags.outer, tags.inner);
	else
		snprintf(ifc->name, sizeof(ifc->name), "%.15s.%u", port, tags.outer);
	conf_read_defaults(r, SCOPE_IFC, ifc);
	conf_read_map(r, &place, n);
}

void conf_read_vlans(struct conf_reader *r, struct conf_port *p, const struct conf_node *n)
{
	for (const struct conf_node *v = n->first; v != NULL; v = v->next) {
		size_t cut = conf_path_add(r, ".%s", v->key);

		if (p->n_ifc == NET_IFC_MAX)
			conf_bad(r, v, "more than %u VLANs on a port", NET_IFC_MAX - 1);
		else
			read_vlan(r, p, v);
		conf_path_cut(r, cut);
		if (p->n_ifc == NET_IFC_MAX)
			return;
	}
}

/* Below 1280 bytes there is no IPv6 (RFC 8200 section 5): link-local goes off by itself unless it
 * was asked for, and addresses are refused. */
static void check_mtu(struct conf_reader *r, struct conf_port *p, const struct conf_node *n)
{
	const struct conf_node *mtu = conf_node_find(n, "mtu");

	if (p->mtu == 0 || p->mtu >= 1280 || mtu == NULL)
		return;
	for (unsigned i = 0; i < p->n_ifc; i++) {
		struct conf_ifc *ifc = &p->ifc[i];
		bool used = i == 0 && ifc->link_local && conf_node_find(n, "link-local") != NULL;

		for (unsigned a = 0; a < ifc->n_addr; a++)
			used = used || ifc->addr[a].v6;
		if (used) {
			size_t cut = conf_path_add(r, ".mtu");

			conf_bad(
				r, mtu, "%u with IPv6 on the port; expected at least 1280", p->mtu);
			conf_path_cut(r, cut);
			return;
		}
		ifc->link_local = false;
	}
}

static void check_room6(struct conf_reader *r, struct conf_port *p, const struct conf_node *n)
{
	for (unsigned i = 0; i < p->n_ifc; i++) {
		unsigned n6 = p->ifc[i].link_local;

		for (unsigned a = 0; a < p->ifc[i].n_addr; a++)
			n6 += p->ifc[i].addr[a].v6;
		if (n6 > NET_ADDR_MAX)
			conf_bad(r, n,
				"%u IPv6 addresses and the link-local one on %s; at most %u "
				"in all",
				n6 - 1, p->ifc[i].name, NET_ADDR_MAX);
	}
}

static void read_port(struct conf_reader *r, struct conf_port *p, const struct conf_node *n)
{
	struct conf_ifc *ifc = &p->ifc[0];
	struct conf_place place = {.base = {[SCOPE_PORT] = p, [SCOPE_IFC] = ifc}};

	snprintf(p->name, sizeof(p->name), "%s", n->key);
	snprintf(ifc->name, sizeof(ifc->name), "%.31s", p->name);
	p->n_ifc = 1;
	conf_read_defaults(r, SCOPE_PORT, p);
	conf_read_defaults(r, SCOPE_IFC, ifc);
	conf_read_map(r, &place, n);
	check_mtu(r, p, n);
	check_room6(r, p, n);
}

static bool good_name(const char *name)
{
	return strlen(name) <= 15 && strspn(name, "abcdefghijklmnopqrstuvwxyz"
						  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						  "0123456789-_") == strlen(name);
}

void conf_read_ports(struct conf_reader *r, const struct conf_node *list)
{
	struct stack_conf *c = &r->out->stack;

	if (list->n == 0)
		conf_bad(r, list, "no port; expected at least one, as 'lan: {device: ...}'");
	for (const struct conf_node *n = list->first; n != NULL; n = n->next) {
		size_t cut = conf_path_add(r, ".%s", n->key);

		if (c->n_ports == CONF_PORTS_MAX) {
			conf_bad(r, n, "more than %u ports", CONF_PORTS_MAX);
			conf_path_cut(r, cut);
			return;
		}
		if (!good_name(n->key)) {
			conf_bad(r, n, "wrong name; expected at most 15 letters, digits, '-', '_'");
		} else if (n->kind != CONF_MAP) {
			conf_bad(r, n, "expected keys, at least 'device: ...'");
		} else {
			r->device[c->n_ports] = conf_node_find(n, "device");
			read_port(r, &c->port[c->n_ports++], n);
		}
		conf_path_cut(r, cut);
	}
}
