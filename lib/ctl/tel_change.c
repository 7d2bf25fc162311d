/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_key.h"
#include "conf_value.h"
#include "tel_priv.h"

/* What gannetctl changes at run time: words into a struct, and that into calls on each core. */

#define WORDS_MAX 16
#define TEXT_MAX  256

struct words {
	char text[TEXT_MAX];
	char *word[WORDS_MAX];
	unsigned n, at;
	char *err;
	size_t err_size;
};

static bool __attribute__((format(printf, 2, 3))) bad(struct words *w, const char *form, ...)
{
	va_list ap;

	va_start(ap, form);
	vsnprintf(w->err, w->err_size, form, ap);
	va_end(ap);
	return false;
}

static const char *next(struct words *w)
{
	return w->at < w->n ? w->word[w->at++] : NULL;
}

static bool split(struct words *w, const char *text)
{
	char *save = NULL;

	if (strlen(text) >= sizeof(w->text))
		return bad(w, "more than %u characters", TEXT_MAX - 1);
	strcpy(w->text, text);
	for (char *t = strtok_r(w->text, " ", &save); t != NULL; t = strtok_r(NULL, " ", &save)) {
		if (w->n == WORDS_MAX)
			return bad(w, "more than %u words", WORDS_MAX);
		w->word[w->n++] = t;
	}
	return true;
}

static bool number(struct words *w, const char *name, uint32_t *out)
{
	const char *text = next(w);
	char *end = NULL;
	unsigned long long v = text != NULL ? strtoull(text, &end, 10) : 0;

	if (text == NULL || *text < '0' || *text > '9' || *end != '\0' || v > UINT32_MAX)
		return bad(w, "%s: expected a number", name);
	*out = (uint32_t)v;
	return true;
}

static bool device(struct words *w, struct tel_change *c)
{
	const char *name = next(w);

	c->ifc = name != NULL ? tel_ifc(name) : NET_NO_IFC;
	if (c->ifc == NET_NO_IFC)
		return bad(w, "dev: no interface '%s'; 'gannetctl addr' shows them",
			name != NULL ? name : "");
	return true;
}

static bool kind(struct words *w, struct tel_change *c)
{
	const char *const *words = conf_key_words(conf_key_find(SCOPE_ROUTE, "type"));
	const char *text = next(w);

	for (uint8_t i = 0; text != NULL && words[i] != NULL; i++)
		if (strcmp(words[i], text) == 0) {
			c->opts.kind = i;
			return true;
		}
	return bad(w, "type: expected unicast, blackhole, unreachable or prohibit");
}

/* The words after the object: "via ADDRESS", "dev NAME", ... */
static bool rest(struct words *w, struct tel_change *c)
{
	const char *key;
	bool v6;

	while ((key = next(w)) != NULL) {
		bool ok;

		if (strcmp(key, "dev") == 0) {
			ok = device(w, c);
		} else if (strcmp(key, "via") == 0) {
			const char *text = next(w);

			ok = (text != NULL && conf_parse_ip(text, &v6, &c->via) && v6 == c->v6) ||
			     bad(w, "via: expected the address of a gateway, of the same family");
		} else if (strcmp(key, "metric") == 0) {
			ok = number(w, key, &c->metric);
		} else if (strcmp(key, "mtu") == 0) {
			ok = number(w, key, &c->mtu);
		} else if (strcmp(key, "type") == 0) {
			ok = kind(w, c);
		} else if (strcmp(key, "lladdr") == 0) {
			const char *text = next(w);

			ok = (text != NULL && conf_parse_mac(text, c->mac)) ||
			     bad(w, "lladdr: expected a MAC address, as 02:00:00:00:00:01");
		} else {
			ok = bad(w, "'%s': expected via, dev, metric, mtu, type or lladdr", key);
		}
		if (!ok)
			return false;
	}
	return true;
}

static bool prefix(struct words *w, struct tel_change *c, bool network)
{
	const char *text = next(w);
	union net_ip masked;

	if (network && text != NULL && strcmp(text, "default") == 0) {
		/* Of the gateway's family. */
		for (unsigned i = w->at; i + 1 < w->n; i++)
			if (strcmp(w->word[i], "via") == 0)
				c->v6 = strchr(w->word[i + 1], ':') != NULL;
		return true;
	}
	if (text == NULL || !conf_parse_prefix(text, &c->v6, &c->ip, &c->plen))
		return bad(w, "'%s': expected ADDRESS/LENGTH%s", text != NULL ? text : "",
			network ? ", or default" : "");
	masked = conf_mask(c->v6, &c->ip, c->plen);
	if (network && !conf_ip_equal(c->v6, &masked, &c->ip))
		return bad(w, "%s has bits set after its prefix", text);
	return true;
}

static bool address(struct words *w, struct tel_change *c)
{
	const char *text = next(w);

	return (text != NULL && conf_parse_ip(text, &c->v6, &c->ip)) ||
	       bad(w, "'%s': expected an address", text != NULL ? text : "");
}

static bool parse_route(struct words *w, struct tel_change *c, const char *verb)
{
	if (strcmp(verb, "flush") == 0) {
		c->kind = TEL_ROUTE_FLUSH;
		return w->at == w->n || bad(w, "flush takes no further words");
	}
	if (strcmp(verb, "add") != 0 && strcmp(verb, "del") != 0)
		return bad(w, "route %s: expected add, del or flush", verb);
	c->kind = strcmp(verb, "add") == 0 ? TEL_ROUTE_ADD : TEL_ROUTE_DEL;
	if (!prefix(w, c, true) || !rest(w, c))
		return false;
	if (c->opts.kind != NET_ROUTE_UNICAST && !conf_ip_is_zero(&c->via))
		return bad(w, "via: a route of that type has no gateway");
	if (c->kind == TEL_ROUTE_ADD && conf_ip_is_zero(&c->via) && c->ifc == NET_NO_IFC) {
		if (c->opts.kind == NET_ROUTE_UNICAST)
			return bad(w, "expected via ADDRESS, or dev NAME");
		c->ifc = 0;
	}
	c->opts.mtu = (uint16_t)RTE_MIN(c->mtu, (uint32_t)UINT16_MAX);
	return true;
}

static bool parse_neigh(struct words *w, struct tel_change *c, const char *verb)
{
	static const uint8_t zero[6];

	if (strcmp(verb, "flush") == 0) {
		c->kind = TEL_NEIGH_FLUSH;
		return rest(w, c);
	}
	if (strcmp(verb, "add") != 0 && strcmp(verb, "del") != 0)
		return bad(w, "neigh %s: expected add, del or flush", verb);
	c->kind = strcmp(verb, "add") == 0 ? TEL_NEIGH_ADD : TEL_NEIGH_DEL;
	if (!address(w, c) || !rest(w, c))
		return false;
	if (c->ifc == NET_NO_IFC)
		return bad(w, "expected dev NAME");
	if (c->kind == TEL_NEIGH_ADD && (c->mac[0] & 1 || memcmp(c->mac, zero, 6) == 0))
		return bad(w, "expected lladdr, a unicast MAC address");
	return true;
}

static bool parse_addr(struct words *w, struct tel_change *c, const char *verb)
{
	if (strcmp(verb, "add") != 0 && strcmp(verb, "del") != 0)
		return bad(w, "addr %s: expected add or del", verb);
	c->kind = strcmp(verb, "add") == 0 ? TEL_ADDR_ADD : TEL_ADDR_DEL;
	if (!prefix(w, c, false) || !rest(w, c))
		return false;
	return c->ifc != NET_NO_IFC || bad(w, "expected dev NAME");
}

static bool parse_link(struct words *w, struct tel_change *c, const char *verb)
{
	if (strcmp(verb, "set") != 0)
		return bad(w, "link %s: expected set", verb);
	c->kind = TEL_LINK_MTU;
	if (!device(w, c) || !rest(w, c))
		return false;
	return c->mtu != 0 || bad(w, "expected mtu BYTES");
}

bool tel_change_parse(const char *text, struct tel_change *c, char *err, size_t err_size)
{
	static const struct {
		const char *object;
		bool (*parse)(struct words *w, struct tel_change *c, const char *verb);
	} objects[] = {{"route", parse_route}, {"neigh", parse_neigh}, {"addr", parse_addr},
		{"link", parse_link}};
	struct words w = {.err = err, .err_size = err_size};
	const char *object, *verb;

	memset(c, 0, sizeof(*c));
	c->ifc = NET_NO_IFC;
	if (!split(&w, text))
		return false;
	object = next(&w);
	verb = next(&w);
	for (unsigned i = 0; verb != NULL && i < RTE_DIM(objects); i++)
		if (strcmp(object, objects[i].object) == 0)
			return objects[i].parse(&w, c, verb);
	return bad(&w, "expected route, neigh, addr or link, and what to do with it");
}

static int route_add(struct net *n, const struct tel_change *c)
{
	int ret = net_route_add(n, c->v6, &c->ip, c->plen, &c->via, c->ifc, c->metric);

	if (ret == 0)
		ret = net_route_opts_set(n, c->v6, &c->ip, c->plen, &c->via, &c->opts);
	return ret;
}

int tel_change_apply(struct net *n, const struct tel_change *c)
{
	switch (c->kind) {
	case TEL_ROUTE_ADD:
		return route_add(n, c);
	case TEL_ROUTE_DEL:
		return net_route_del(n, c->v6, &c->ip, c->plen, &c->via);
	case TEL_ROUTE_FLUSH:
		net_route_flush(n, false);
		net_route_flush(n, true);
		return 0;
	case TEL_NEIGH_ADD:
		return net_neigh_add(n, c->ifc, c->v6, &c->ip, c->mac);
	case TEL_NEIGH_DEL:
		return net_neigh_del(n, c->ifc, c->v6, &c->ip);
	case TEL_NEIGH_FLUSH:
		for (uint16_t i = 0; i < net_ifc_count(n); i++)
			if (c->ifc == NET_NO_IFC || c->ifc == i) {
				net_neigh_flush(n, i, false);
				net_neigh_flush(n, i, true);
			}
		return 0;
	case TEL_ADDR_ADD:
		return net_addr_add(n, c->ifc, c->v6, &c->ip, c->plen);
	case TEL_ADDR_DEL:
		return net_addr_del(n, c->ifc, c->v6, &c->ip);
	case TEL_LINK_MTU:
		return c->mtu <= UINT16_MAX ? net_ifc_mtu(n, c->ifc, (uint16_t)c->mtu) : -EINVAL;
	}
	return -EINVAL;
}

static const char *change_error(int err)
{
	switch (err) {
	case -EEXIST:
		return "it is there already";
	case -ENOENT:
	case -EADDRNOTAVAIL:
		return "there is none";
	case -ENOSPC:
		return "there is no room for more";
	case -ETIMEDOUT:
		return "a core does not turn";
	case -EINVAL:
		return "refused: not possible with the addresses and routes there are";
	default:
		return strerror(-err);
	}
}

int tel_change(const char *params, struct rte_tel_data *d)
{
	struct tel_change c;
	char err[160];
	int ret;

	if (!tel_change_parse(params != NULL ? params : "", &c, err, sizeof(err))) {
		rte_tel_data_add_dict_string(d, "error", err);
		return 0;
	}
	ret = tel_change_all(&c);
	rte_tel_data_add_dict_string(d, "error", ret != 0 ? change_error(ret) : "");
	return 0;
}

uint16_t tel_ifc(const char *name)
{
	const struct stack_conf *c = stack_conf_of(tel.stack);
	uint16_t index = 0;

	for (unsigned p = 0; p < c->n_ports; p++)
		for (unsigned i = 0; i < c->port[p].n_ifc; i++, index++)
			if (strcmp(c->port[p].ifc[i].name, name) == 0)
				return index;
	return NET_NO_IFC;
}
