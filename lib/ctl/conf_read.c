/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf_reader.h"
#include "conf_value.h"
#include "owner.h"

void conf_bad(struct conf_reader *r, const struct conf_node *n, const char *fmt, ...)
{
	char text[CONF_ERR_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	conf_err_add(r->err, n->origin, n->line, r->path, "%s", text);
}

size_t conf_path_add(struct conf_reader *r, const char *fmt, ...)
{
	size_t len = strlen(r->path);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->path + len, sizeof(r->path) - len, fmt, ap);
	va_end(ap);
	return len;
}

void conf_path_cut(struct conf_reader *r, size_t len)
{
	r->path[len] = '\0';
}

void conf_site_add(struct conf_reader *r, struct conf_sites *sites, const struct conf_node *n,
	unsigned port, unsigned ifc, unsigned index)
{
	if (sites->n == sites->room) {
		unsigned room = sites->room ? 2 * sites->room : 32;
		void *s = realloc(sites->s, room * sizeof(*sites->s));

		if (s == NULL) {
			conf_bad(r, n, "out of memory");
			return;
		}
		sites->s = s;
		sites->room = room;
	}
	struct conf_site *s = &sites->s[sites->n++];

	*s = (struct conf_site){.node = n, .port = port, .ifc = ifc, .index = index};
	snprintf(s->path, sizeof(s->path), "%.95s", r->path);
}

static const char *kind_text(const struct conf_node *n)
{
	if (n->kind == CONF_LIST)
		return "a list";
	if (n->kind == CONF_MAP)
		return "a map";
	return n->null ? "nothing" : "a single value";
}

static void bad_form(struct conf_reader *r, const struct conf_key *k, const struct conf_node *n)
{
	char form[128];

	conf_key_form(k, form, sizeof(form));
	if (n->kind == CONF_SCALAR && !n->null)
		conf_bad(r, n, "'%.64s' is wrong; expected %s", n->text, form);
	else
		conf_bad(r, n, "found %s; expected %s", kind_text(n), form);
}

static void store(const struct conf_key *k, void *base, uint64_t v)
{
	void *field = (char *)base + k->offset;

	switch (k->size) {
	case 1:
		*(uint8_t *)field = (uint8_t)v;
		break;
	case 2:
		*(uint16_t *)field = (uint16_t)v;
		break;
	case 4:
		*(uint32_t *)field = (uint32_t)v;
		break;
	default:
		*(uint64_t *)field = v;
	}
}

static void read_number(
	struct conf_reader *r, const struct conf_key *k, void *base, const struct conf_node *n)
{
	char form[128];
	uint64_t v;
	bool ok;

	if (k->type == T_TIME)
		ok = conf_parse_time(n->text, &v);
	else if (k->type == T_SIZE)
		ok = conf_parse_size(n->text, &v);
	else
		ok = conf_parse_int(n->text, &v);
	conf_key_form(k, form, sizeof(form));
	if (!ok && k->type == T_TIME && conf_parse_int(n->text, &v))
		conf_bad(r, n, "'%.32s' has no unit (us, ms, s, min, h); expected %s", n->text,
			form);
	else if (!ok)
		bad_form(r, k, n);
	else if (v < k->low || v > k->high)
		conf_bad(r, n, "%.64s is out of range; expected %s", n->text, form);
	else if (k->type == T_POW2 && (v & (v - 1)) != 0)
		conf_bad(r, n, "%.64s is no power of two; expected %s", n->text, form);
	else
		store(k, base, v);
}

static void read_choice(
	struct conf_reader *r, const struct conf_key *k, void *base, const struct conf_node *n)
{
	const char *const *words = conf_key_words(k);

	for (unsigned i = 0; words[i] != NULL; i++) {
		if (strcmp(n->text, words[i]) == 0) {
			store(k, base, i);
			return;
		}
	}
	bad_form(r, k, n);
}

static void read_rss_key(struct conf_reader *r, const struct conf_key *k, const struct conf_node *n)
{
	struct stack_conf *c = &r->out->stack;
	const uint8_t *known = NULL;
	uint8_t key[OWNER_KEY_MAX];
	unsigned len;

	if (strcmp(n->text, "default") == 0)
		known = owner_key_default;
	else if (strcmp(n->text, "symmetric") == 0)
		known = owner_key_symmetric;
	len = known ? OWNER_KEY_MIN : conf_parse_hex(n->text, key, sizeof(key));
	if (len < k->low || len > k->high) {
		bad_form(r, k, n);
		return;
	}
	memset(c->rss_key, 0, sizeof(c->rss_key));
	memcpy(c->rss_key, known ? known : key, len);
	c->rss_key_len = (uint8_t)len;
}

static void read_word(
	struct conf_reader *r, const struct conf_key *k, void *base, const struct conf_node *n)
{
	size_t len = strlen(n->text);

	if (len < k->low || len > k->high) {
		conf_bad(r, n, "%zu characters; expected %" PRIu64 " to %" PRIu64, len, k->low,
			k->high);
		return;
	}
	if (k->scope == SCOPE_STACK && strspn(n->text, "abcdefghijklmnopqrstuvwxyz"
						       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						       "0123456789-_.") != len) {
		conf_bad(r, n, "'%.64s' is wrong; expected letters, digits, '-', '_' and '.'",
			n->text);
		return;
	}
	memcpy((char *)base + k->offset, n->text, len + 1);
}

/* Addresses alone: entries of routes and neighbours; their families are judged by the caller. */
static void read_address(
	struct conf_reader *r, const struct conf_key *k, void *base, const struct conf_node *n)
{
	union net_ip *ip = (union net_ip *)((char *)base + k->offset);
	struct conf_route *route = base;
	struct tcp_auth_key *key = base;
	bool v6;

	if (k->type == T_PREFIX) {
		bool of_key = k->scope == SCOPE_KEY;

		if (strcmp(n->text, "default") == 0 && !of_key)
			return;
		if (!conf_parse_prefix(n->text, of_key ? &key->v6 : &route->v6, ip,
			    of_key ? &key->plen : &route->plen))
			bad_form(r, k, n);
	} else if (!conf_parse_ip(n->text, &v6, ip)) {
		bad_form(r, k, n);
	} else if (k->scope == SCOPE_NEIGH) {
		((struct conf_neigh *)base)->v6 = v6;
	}
}

static void read_mac(
	struct conf_reader *r, const struct conf_key *k, void *base, const struct conf_node *n)
{
	static const uint8_t zero[6];
	uint8_t mac[6];

	if (!conf_parse_mac(n->text, mac))
		bad_form(r, k, n);
	else if (mac[0] & 1 || memcmp(mac, zero, 6) == 0)
		conf_bad(r, n, "%s is no unicast address; expected the neighbour's own", n->text);
	else
		memcpy((char *)base + k->offset, mac, 6);
}

static void read_secret(
	struct conf_reader *r, const struct conf_key *k, void *base, const struct conf_node *n)
{
	struct tcp_auth_key *key = base;
	size_t len = strlen(n->text);

	if (len > 2 && n->text[0] == '0' && n->text[1] == 'x') {
		len = conf_parse_hex(n->text + 2, key->key, sizeof(key->key));
	} else if (len <= sizeof(key->key)) {
		memcpy(key->key, n->text, len);
	}
	if (len < k->low || len > k->high) /* what is written there is not for a log */
		conf_bad(r, n,
			"the key is wrong; expected 1 to 80 characters, or bytes in "
			"hexadecimal after 0x");
	else
		key->len = (uint8_t)len;
}

static void read_cpu(struct conf_reader *r, const struct conf_key *k, const struct conf_node *n)
{
	uint64_t v;

	if (strcmp(n->text, "any") == 0)
		r->out->stack.control_cpu = -1;
	else if (!conf_parse_int(n->text, &v) || v > INT16_MAX)
		bad_form(r, k, n);
	else
		r->out->stack.control_cpu = (int16_t)v;
}

static void read_scalar(
	struct conf_reader *r, const struct conf_key *k, void *base, const struct conf_node *n)
{
	bool flag;

	switch (k->type) {
	case T_BOOL:
		if (conf_parse_bool(n->text, &flag))
			store(k, base, flag);
		else
			bad_form(r, k, n);
		break;
	case T_CPU:
		read_cpu(r, k, n);
		break;
	case T_RSSKEY:
		read_rss_key(r, k, n);
		break;
	case T_WORD:
		read_word(r, k, base, n);
		break;
	case T_IP:
	case T_PREFIX:
		read_address(r, k, base, n);
		break;
	case T_SECRET:
		read_secret(r, k, base, n);
		break;
	case T_MAC:
		read_mac(r, k, base, n);
		break;
	default:
		if (conf_key_words(k) != NULL)
			read_choice(r, k, base, n);
		else
			read_number(r, k, base, n);
	}
}

/* [0, 1, 0-3] or the single value 0-3,8. */
static void read_cpus(struct conf_reader *r, const struct conf_key *k, const struct conf_node *n)
{
	struct stack_conf *c = &r->out->stack;

	if (r->cpus_node != NULL) {
		conf_bad(r, n, "the CPUs are listed twice; list them in 'cpus' alone");
		return;
	}
	r->cpus_node = n;
	r->n_cpus = 0;
	if (n->kind == CONF_SCALAR) {
		if (n->null || !conf_parse_cpus(n->text, c->cpu, CONF_CORES_MAX, &r->n_cpus))
			bad_form(r, k, n);
		return;
	}
	if (n->kind == CONF_MAP) {
		bad_form(r, k, n);
		return;
	}
	for (const struct conf_node *i = n->first; i != NULL; i = i->next) {
		if (i->kind != CONF_SCALAR || i->null || r->n_cpus >= CONF_CORES_MAX ||
			!conf_parse_cpus(i->text, c->cpu, CONF_CORES_MAX, &r->n_cpus)) {
			bad_form(r, k, i);
			return;
		}
	}
	if (n->n == 0)
		bad_form(r, k, n);
}

static void read_words(struct conf_reader *r, const struct conf_key *k, const struct conf_node *n)
{
	if (n->kind != CONF_LIST || n->n > k->high) {
		bad_form(r, k, n);
		return;
	}
	r->out->n_eal = 0;
	for (const struct conf_node *i = n->first; i != NULL; i = i->next) {
		if (i->kind != CONF_SCALAR || i->null ||
			strlen(i->text) >= sizeof(r->out->eal_arg[0])) {
			conf_bad(r, i, "expected a text of at most %zu characters",
				sizeof(r->out->eal_arg[0]) - 1);
			return;
		}
		strcpy(r->out->eal_arg[r->out->n_eal++], i->text);
	}
}

static void read_key(
	struct conf_reader *r, const struct conf_key *k, void *base, const struct conf_node *n)
{
	static const enum conf_kind want[] = {[T_CORES] = CONF_LIST,
		[T_CPUS] = CONF_LIST,
		[T_WORDS] = CONF_LIST,
		[T_PORTS] = CONF_MAP,
		[T_VLANS] = CONF_MAP,
		[T_ADDRS] = CONF_LIST,
		[T_ROUTES] = CONF_LIST,
		[T_NEIGHS] = CONF_LIST,
		[T_KEYS] = CONF_LIST};

	if (k->type == T_CORES && n->kind == CONF_SCALAR && !n->null) {
		read_number(r, k, base, n);
	} else if (k->type == T_CORES || k->type == T_CPUS) {
		read_cpus(r, k, n);
	} else if (k->type < T_CORES) {
		if (n->kind != CONF_SCALAR || n->null)
			bad_form(r, k, n);
		else
			read_scalar(r, k, base, n);
	} else if (n->kind != want[k->type] && !n->null) {
		bad_form(r, k, n);
	} else if (k->type == T_WORDS) {
		read_words(r, k, n);
	} else if (k->type == T_PORTS) {
		conf_read_ports(r, n);
	} else if (k->type == T_VLANS) {
		conf_read_vlans(r, base, n);
	} else if (k->type == T_ADDRS) {
		conf_read_addrs(r, base, n);
	} else if (k->type == T_ROUTES) {
		conf_read_routes(r, base, n);
	} else if (k->type == T_NEIGHS) {
		conf_read_neighs(r, base, n);
	} else {
		conf_read_keys(r, n);
	}
}

void conf_read_defaults(struct conf_reader *r, enum conf_scope scope, void *base)
{
	for (unsigned i = 0; i < conf_n_keys; i++) {
		const struct conf_key *k = &conf_keys[i];
		struct conf_node n = {.kind = CONF_SCALAR, .origin = "default"};

		if (k->scope != scope || k->def == NULL || k->def[0] == '\0')
			continue;
		n.text = (char *)(uintptr_t)k->def;
		read_key(r, k, base, &n);
	}
}

/* The words that may stand under prefix in this place: for "did you mean". */
static unsigned words_at(const struct conf_place *place, const char *prefix, const char *names[],
	char (*buf)[32], unsigned max)
{
	size_t len = strlen(prefix);
	unsigned n = 0;

	for (unsigned i = 0; i < conf_n_keys && n < max; i++) {
		const struct conf_key *k = &conf_keys[i];
		const char *rest = k->path + len;

		if (place->base[k->scope] == NULL || strncmp(k->path, prefix, len) != 0)
			continue;
		snprintf(buf[n], sizeof(buf[n]), "%.*s", (int)strcspn(rest, "."), rest);
		if (n == 0 || strcmp(buf[n], buf[n - 1]) != 0) {
			names[n] = buf[n];
			n++;
		}
	}
	return n;
}

static void unknown_key(struct conf_reader *r, const struct conf_place *place, const char *prefix,
	const struct conf_node *n)
{
	const char *names[64] = {NULL}, *near;
	char buf[64][32], list[320] = "";
	unsigned count = words_at(place, prefix, names, buf, 64);
	struct conf_node at = *n;

	at.line = n->key_line;
	near = conf_nearest(n->key, names, count);
	if (near != NULL) {
		conf_bad(r, &at, "unknown key '%s', did you mean '%s'?", n->key, near);
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		size_t len = strlen(list);

		snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "", names[i]);
	}
	conf_bad(r, &at, "unknown key '%s'; known here: %s", n->key, list);
}

static const struct conf_key *find_key(const struct conf_place *place, const char *path)
{
	for (unsigned s = 0; s < SCOPE_MAX; s++) {
		const struct conf_key *k =
			place->base[s] ? conf_key_find((enum conf_scope)s, path) : NULL;

		if (k != NULL)
			return k;
	}
	return NULL;
}

static bool is_section(const struct conf_place *place, const char *prefix)
{
	for (unsigned i = 0; i < conf_n_keys; i++)
		if (place->base[conf_keys[i].scope] != NULL &&
			strncmp(conf_keys[i].path, prefix, strlen(prefix)) == 0)
			return true;
	return false;
}

static void read_section(struct conf_reader *r, const struct conf_place *place, const char *prefix,
	const struct conf_node *map)
{
	for (const struct conf_node *n = map->first; n != NULL; n = n->next) {
		const struct conf_key *k;
		char path[160];
		size_t cut;

		snprintf(path, sizeof(path), "%s%s", prefix, n->key);
		k = find_key(place, path);
		if (k == NULL)
			strcat(path, ".");
		if (k == NULL && !is_section(place, path)) {
			unknown_key(r, place, prefix, n);
			continue;
		}
		cut = conf_path_add(r, "%s%s", r->path[0] ? "." : "", n->key);
		if (k != NULL)
			read_key(r, k, place->base[k->scope], n);
		else if (n->kind == CONF_MAP)
			read_section(r, place, path, n);
		else if (!n->null)
			conf_bad(r, n, "found %s; expected keys, each on a line of its own",
				kind_text(n));
		conf_path_cut(r, cut);
	}
}

void conf_read_map(
	struct conf_reader *r, const struct conf_place *place, const struct conf_node *map)
{
	read_section(r, place, "", map);
	for (unsigned i = 0; i < conf_n_keys; i++) {
		const struct conf_key *k = &conf_keys[i];
		char form[128];

		if (place->base[k->scope] == NULL || k->def != NULL ||
			conf_node_find(map, k->path) != NULL)
			continue;
		conf_key_form(k, form, sizeof(form));
		conf_bad(r, map, "'%s' is missing; expected %s: %s", k->path, form, k->help);
	}
}

void conf_machine_here(struct conf_machine *m)
{
	cpu_set_t set;

	m->n_cpus = 0;
	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return;
	for (int i = 0; i < CPU_SETSIZE && m->n_cpus < CONF_CPUS_MAX; i++)
		if (CPU_ISSET(i, &set))
			m->cpu[m->n_cpus++] = (int16_t)i;
}

int conf_read(const struct conf_node *root, const struct conf_machine *m, struct front_conf *out,
	struct conf_err *e)
{
	struct conf_reader r = {.out = out, .machine = m, .err = e};
	struct conf_place place = {.base = {[SCOPE_STACK] = out}};
	unsigned before = e->n;

	memset(out, 0, sizeof(*out));
	conf_read_defaults(&r, SCOPE_STACK, out);
	conf_read_map(&r, &place, root);
	conf_check(&r, root);
	free(r.addrs.s);
	free(r.routes.s);
	return e->n == before ? 0 : -1;
}
