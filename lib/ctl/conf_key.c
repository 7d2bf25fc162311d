/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <string.h>

#include "conf_key.h"
#include "conf_value.h"
#include "owner.h"

#define STRUCT_STACK struct front_conf
#define STRUCT_PORT  struct conf_port
#define STRUCT_IFC   struct conf_ifc
#define STRUCT_ROUTE struct conf_route
#define STRUCT_NEIGH struct conf_neigh
#define STRUCT_KEY   struct tcp_auth_key

const struct conf_key conf_keys[] = {
#define KEY(scope, path, type, field, low, high, def, help)              \
	{SCOPE_##scope, path, T_##type, offsetof(STRUCT_##scope, field), \
		sizeof(((STRUCT_##scope *)0)->field), low, high, def, help},
#include "config.def"
#undef KEY
};
const unsigned conf_n_keys = sizeof(conf_keys) / sizeof(conf_keys[0]);

#define WORDS_MAX 8

const char *const *conf_key_words(const struct conf_key *k)
{
	static const char *const words[][WORDS_MAX] = {
		[T_IDLE] = {[CONF_IDLE_SPIN] = "spin",
			[CONF_IDLE_YIELD] = "yield",
			[CONF_IDLE_SLEEP] = "sleep"},
		[T_HUGE] = {[FRONT_HUGE_AUTO] = "auto",
			[FRONT_HUGE_TRUE] = "true",
			[FRONT_HUGE_FALSE] = "false"},
		[T_AUTH] = {[TCP_AUTH_MD5] = "md5",
			[TCP_AUTH_HMAC_SHA1] = "hmac-sha1",
			[TCP_AUTH_AES_CMAC] = "aes-cmac"},
		[T_PROBING] = {[TCP_MTU_PROBING_OFF] = "off",
			[TCP_MTU_PROBING_BLACK_HOLE] = "black-hole",
			[TCP_MTU_PROBING_ALWAYS] = "always"},
		[T_COOKIES] = {[TCP_COOKIES_AUTO] = "auto",
			[TCP_COOKIES_ALWAYS] = "always",
			[TCP_COOKIES_NEVER] = "never"},
		[T_ECN] = {[TCP_ECN_OFF] = "off", [TCP_ECN_ACCEPT] = "accept", [TCP_ECN_ON] = "on"},
		[T_CC] = {[TCP_CC_CUBIC] = "cubic",
			[TCP_CC_NEWRENO] = "newreno",
			[TCP_CC_DCTCP] = "dctcp",
			[TCP_CC_BBR] = "bbr"},
		[T_ROUTE_ECN] = {[TCP_CHOICE_CONF] = "default",
			[TCP_CHOICE_OFF] = "off",
			[TCP_CHOICE_ON] = "on",
			[TCP_CHOICE_ACCEPT] = "accept"},
		[T_ROUTE_CC] = {"default", [TCP_CC_CUBIC + 1] = "cubic",
			[TCP_CC_NEWRENO + 1] = "newreno", [TCP_CC_DCTCP + 1] = "dctcp",
			[TCP_CC_BBR + 1] = "bbr"},
		[T_RPF] = {[NET_RPF_OFF] = "off",
			[NET_RPF_LOOSE] = "loose",
			[NET_RPF_STRICT] = "strict"},
		[T_ROUTE_KIND] = {[NET_ROUTE_UNICAST] = "unicast",
			[NET_ROUTE_BLACKHOLE] = "blackhole",
			[NET_ROUTE_UNREACHABLE] = "unreachable",
			[NET_ROUTE_PROHIBIT] = "prohibit"},
		[T_PACING] = {[TCP_PACING_AUTO] = "auto",
			[TCP_PACING_TRUE] = "true",
			[TCP_PACING_FALSE] = "false"},
	};

	if (k->type >= sizeof(words) / sizeof(words[0]) || words[k->type][0] == NULL)
		return NULL;
	return words[k->type];
}

const struct conf_key *conf_key_find(enum conf_scope scope, const char *path)
{
	for (unsigned i = 0; i < conf_n_keys; i++)
		if (conf_keys[i].scope == scope && strcmp(conf_keys[i].path, path) == 0)
			return &conf_keys[i];
	return NULL;
}

static void range_form(const struct conf_key *k, char *buf, size_t size)
{
	char low[32], high[32];

	if (k->type == T_TIME) {
		conf_print_time(low, sizeof(low), k->low);
		conf_print_time(high, sizeof(high), k->high);
		snprintf(buf, size, "a time from %s to %s", low, high);
	} else if (k->type == T_SIZE) {
		conf_print_size(low, sizeof(low), k->low);
		conf_print_size(high, sizeof(high), k->high);
		snprintf(buf, size, "bytes (KiB, MiB, GiB) from %s to %s", low, high);
	} else {
		snprintf(buf, size, "a %s from %" PRIu64 " to %" PRIu64,
			k->type == T_POW2 ? "power of two" : "number", k->low, k->high);
	}
}

/* "spin, yield or sleep" */
static void words_form(const char *const *words, char *buf, size_t size)
{
	size_t n = 0;

	for (; *words != NULL && n < size; words++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", *words,
			words[1] == NULL   ? ""
			: words[2] == NULL ? " or "
					   : ", ");
}

void conf_key_form(const struct conf_key *k, char *buf, size_t size)
{
	static const char *const fixed[] = {
		[T_BOOL] = "true or false",
		[T_CPU] = "a CPU number, or any",
		[T_RSSKEY] = "default, symmetric, or 40 to 52 bytes in hexadecimal",
		[T_WORD] = "a text",
		[T_IP] = "an IPv4 or IPv6 address",
		[T_PREFIX] = "a prefix as 10.1.0.0/16 or fd00:1::/48, or default",
		[T_SECRET] = "1 to 80 characters, or bytes in hexadecimal after 0x",
		[T_MAC] = "a MAC address as 02:00:00:00:00:01",
		[T_CORES] = "a number from 1 to 64, or a list of CPUs",
		[T_CPUS] = "a list of CPUs, as [0, 1, 0, 1] or 0-3,8",
		[T_WORDS] = "a list of texts",
		[T_PORTS] = "a map of port names",
		[T_VLANS] = "a map of VLAN identifiers",
		[T_ADDRS] = "a list of addresses with their prefix lengths",
		[T_ROUTES] = "a list of {to, via, metric}",
		[T_NEIGHS] = "a list of {address, mac}",
		[T_KEYS] = "a list of {peer, key}",
	};

	if (k->type <= T_SIZE)
		range_form(k, buf, size);
	else if (conf_key_words(k) != NULL)
		words_form(conf_key_words(k), buf, size);
	else
		snprintf(buf, size, "%s", fixed[k->type]);
}

const char *conf_scope_prefix(enum conf_scope scope)
{
	static const char *const prefix[SCOPE_MAX] = {
		[SCOPE_STACK] = "",
		[SCOPE_PORT] = "ports.NAME.",
		[SCOPE_IFC] = "ports.NAME.",
		[SCOPE_ROUTE] = "routes[].",
		[SCOPE_NEIGH] = "neighbours[].",
		[SCOPE_KEY] = "tcp.keys[].",
	};

	return prefix[scope];
}

void conf_keys_help(FILE *out)
{
	for (unsigned i = 0; i < conf_n_keys; i++) {
		const struct conf_key *k = &conf_keys[i];
		char form[128];

		conf_key_form(k, form, sizeof(form));
		fprintf(out, "  %s%s: %s", conf_scope_prefix(k->scope), k->path, form);
		if (k->def == NULL)
			fprintf(out, "; required");
		else if (k->def[0] != '\0')
			fprintf(out, "; default %s", k->def);
		fprintf(out, "\n      %s\n", k->help);
	}
}

void conf_keys_markdown(FILE *out)
{
	fprintf(out, "| key | value | default | meaning |\n|---|---|---|---|\n");
	for (unsigned i = 0; i < conf_n_keys; i++) {
		const struct conf_key *k = &conf_keys[i];
		char form[128];

		conf_key_form(k, form, sizeof(form));
		fprintf(out, "| `%s%s` | %s | %s | %s |\n", conf_scope_prefix(k->scope), k->path,
			form, k->def == NULL ? "required" : k->def, k->help);
	}
}

/* A hyphen in a key is a minus sign in troff, so that it can be copied from the page. */
static void man_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '-')
			fputs("\\-", out);
		else if (*text == '\\')
			fputs("\\e", out);
		else
			fputc(*text, out);
	}
}

void conf_keys_man(FILE *out)
{
	for (unsigned i = 0; i < conf_n_keys; i++) {
		const struct conf_key *k = &conf_keys[i];
		char form[128];

		conf_key_form(k, form, sizeof(form));
		fprintf(out, ".TP\n.B ");
		man_text(out, conf_scope_prefix(k->scope));
		man_text(out, k->path);
		fputc('\n', out);
		man_text(out, k->help);
		fputs(".\nValue: ", out);
		man_text(out, form);
		if (k->def == NULL)
			fputs("; required", out);
		else if (k->def[0] != '\0')
			fprintf(out, "; default %s", k->def);
		fputs(".\n", out);
	}
}
