/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <string.h>

#include "conf_key.h"
#include "conf_read.h"
#include "conf_value.h"

/* In double quotes, so that no text is taken for something else. Control characters cannot occur. */
static void quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static uint64_t load(const struct conf_key *k, const void *base)
{
	const void *field = (const char *)base + k->offset;

	switch (k->size) {
	case 1:
		return *(const uint8_t *)field;
	case 2:
		return *(const uint16_t *)field;
	case 4:
		return *(const uint32_t *)field;
	default:
		return *(const uint64_t *)field;
	}
}

static void print_scalar(
	FILE *out, const struct front_conf *c, const struct conf_key *k, const void *base)
{
	const char *text = (const char *)base + k->offset;
	char buf[64];

	switch (k->type) {
	case T_TIME:
		conf_print_time(buf, sizeof(buf), load(k, base));
		fputs(buf, out);
		break;
	case T_SIZE:
		conf_print_size(buf, sizeof(buf), load(k, base));
		fputs(buf, out);
		break;
	case T_BOOL:
		fputs(load(k, base) ? "true" : "false", out);
		break;
	case T_CPU:
		if (c->stack.control_cpu < 0)
			fputs("any", out);
		else
			fprintf(out, "%d", c->stack.control_cpu);
		break;
	case T_RSSKEY:
		for (unsigned i = 0; i < c->stack.rss_key_len; i++)
			fprintf(out, "%s%02x", i ? ":" : "\"", c->stack.rss_key[i]);
		fputc('"', out);
		break;
	case T_WORD:
		quoted(out, text);
		break;
	default:
		if (conf_key_words(k) != NULL)
			fputs(conf_key_words(k)[load(k, base)], out);
		else
			fprintf(out, "%" PRIu64, load(k, base));
	}
}

static void print_cpus(const struct stack_conf *c, FILE *out)
{
	fprintf(out, "cpus: [");
	for (unsigned i = 0; i < c->n_cores; i++)
		fprintf(out, "%s%d", i ? ", " : "", c->cpu[i]);
	fprintf(out, "]\n");
}

static void print_eal(const struct front_conf *c, FILE *out)
{
	fprintf(out, "eal:\n");
	if (c->file_prefix[0] != '\0') {
		fprintf(out, "  file-prefix: ");
		quoted(out, c->file_prefix);
		fputc('\n', out);
	}
	fprintf(out, "  arguments: [");
	for (unsigned i = 0; i < c->n_eal; i++) {
		fputs(i ? ", " : "", out);
		quoted(out, c->eal_arg[i]);
	}
	fprintf(out, "]\n");
}

/* The scalar keys of a scope, a section ("tcp:") before those with a dot in their path. */
static void print_keys(const struct front_conf *c, enum conf_scope scope, const void *base,
	const char *indent, FILE *out)
{
	char section[32] = "";

	for (unsigned i = 0; i < conf_n_keys; i++) {
		const struct conf_key *k = &conf_keys[i];
		const char *dot = strchr(k->path, '.'), *name = dot ? dot + 1 : k->path;

		if (k->scope != scope || k->type >= T_CORES || strncmp(k->path, "eal.", 4) == 0)
			continue;
		if (dot && strncmp(section, k->path, (size_t)(dot - k->path + 1)) != 0) {
			snprintf(section, sizeof(section), "%.*s.", (int)(dot - k->path), k->path);
			fprintf(out, "%s%.*s:\n", indent, (int)(dot - k->path), k->path);
		}
		fprintf(out, "%s%s%s: ", indent, dot ? "  " : "", name);
		print_scalar(out, c, k, base);
		fputc('\n', out);
	}
}

/* What a route asks for beyond its way. */
static void print_route_opts(const struct conf_route *r, FILE *out)
{
	for (unsigned i = 0; i < conf_n_keys; i++) {
		const struct conf_key *k = &conf_keys[i];
		uint64_t v;

		if (k->scope != SCOPE_ROUTE || strcmp(k->path, "to") == 0 ||
			strcmp(k->path, "via") == 0 || strcmp(k->path, "metric") == 0)
			continue;
		v = load(k, r);
		if (v != 0 && conf_key_words(k) != NULL)
			fprintf(out, ", %s: %s", k->path, conf_key_words(k)[v]);
		else if (v != 0)
			fprintf(out, ", %s: %" PRIu64, k->path, v);
	}
}

static void print_ifc(const struct conf_ifc *ifc, const char *indent, FILE *out)
{
	char ip[64], via[64], mac[24];

	fprintf(out, "%slink-local: %s\n", indent, ifc->link_local ? "true" : "false");
	fprintf(out, "%sforwarding: %s\n", indent, ifc->forward ? "true" : "false");
	fprintf(out, "%srpf: %s\n%saddresses:\n", indent,
		conf_key_words(conf_key_find(SCOPE_IFC, "rpf"))[ifc->rpf], indent);
	for (unsigned i = 0; i < ifc->n_addr; i++) {
		conf_print_ip(ip, sizeof(ip), ifc->addr[i].v6, &ifc->addr[i].ip);
		fprintf(out, "%s  - \"%s/%u\"\n", indent, ip, ifc->addr[i].plen);
	}
	fprintf(out, "%sroutes:\n", indent);
	for (unsigned i = 0; i < ifc->n_route; i++) {
		const struct conf_route *r = &ifc->route[i];

		conf_print_ip(ip, sizeof(ip), r->v6, &r->prefix);
		conf_print_ip(via, sizeof(via), r->v6, &r->via);
		fprintf(out, "%s  - {to: \"%s/%u\", metric: %u", indent, ip, r->plen, r->metric);
		if (!conf_ip_is_zero(&r->via))
			fprintf(out, ", via: \"%s\"", via);
		print_route_opts(r, out);
		fprintf(out, "}\n");
	}
	fprintf(out, "%sneighbours:\n", indent);
	for (unsigned i = 0; i < ifc->n_neigh; i++) {
		conf_print_ip(ip, sizeof(ip), ifc->neigh[i].v6, &ifc->neigh[i].ip);
		conf_print_mac(mac, sizeof(mac), ifc->neigh[i].mac);
		fprintf(out, "%s  - {address: \"%s\", mac: \"%s\"}\n", indent, ip, mac);
	}
}

/* How many keys there are, and of whom: not the secrets. */
static void print_auth(const struct tcp_conf *c, FILE *out)
{
	char ip[64];

	for (unsigned i = 0; i < c->n_key; i++) {
		const struct tcp_auth_key *k = &c->key[i];

		conf_print_ip(ip, sizeof(ip), k->v6, &k->peer);
		fprintf(out, "# tcp.keys[%u]: peer %s/%u, port %u, ids %u and %u\n", i, ip, k->plen,
			k->port, k->send_id, k->recv_id);
	}
}

static void print_port(const struct front_conf *c, const struct conf_port *p, FILE *out)
{
	fprintf(out, "  %s:\n", p->name);
	print_keys(c, SCOPE_PORT, p, "    ", out);
	print_ifc(&p->ifc[0], "    ", out);
	if (p->n_ifc > 1)
		fprintf(out, "    vlans:\n");
	for (unsigned i = 1; i < p->n_ifc; i++) {
		const struct conf_vlan *v = &p->ifc[i].vlan;

		fprintf(out, v->inner ? "      %u/%u:\n" : "      %u:\n", v->outer, v->inner);
		print_ifc(&p->ifc[i], "        ", out);
	}
}

void conf_print(const struct front_conf *c, FILE *out)
{
	fprintf(out, "cores: %u\n", c->stack.n_cores);
	print_cpus(&c->stack, out);
	print_keys(c, SCOPE_STACK, c, "", out);
	print_auth(&c->stack.tcp, out);
	print_eal(c, out);
	fprintf(out, "ports:\n");
	for (unsigned i = 0; i < c->stack.n_ports; i++)
		print_port(c, &c->stack.port[i], out);
}
