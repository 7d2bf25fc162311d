/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf_value.h"

/* Digits at *text; moves *text behind them. strtoull alone would take blanks and signs. */
static bool number(const char **text, uint64_t *v)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	*v = strtoull(*text, &end, 10);
	*text = end;
	return errno == 0;
}

bool conf_parse_int(const char *text, uint64_t *v)
{
	char *end;

	if (text[0] == '0' && text[1] == 'x' && isxdigit((unsigned char)text[2])) {
		errno = 0;
		*v = strtoull(text, &end, 16);
		return errno == 0 && *end == '\0';
	}
	return number(&text, v) && *text == '\0';
}

bool conf_parse_bool(const char *text, bool *v)
{
	static const char *const word[] = {"false", "true", "no", "yes", "off", "on"};

	for (unsigned i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
		if (strcasecmp(text, word[i]) == 0) {
			*v = i & 1;
			return true;
		}
	}
	return false;
}

struct unit {
	const char *name;
	uint64_t factor;
};

/* Largest first: the printers take the first that divides. */
static const struct unit time_units[] = {
	{"h", 3600000000}, {"min", 60000000}, {"s", 1000000}, {"ms", 1000}, {"us", 1}, {NULL, 0}};
static const struct unit size_units[] = {
	{"GiB", 1u << 30}, {"MiB", 1u << 20}, {"KiB", 1u << 10}, {"", 1}, {NULL, 0}};

static bool with_unit(const char *text, const struct unit *u, uint64_t *v)
{
	uint64_t n;

	if (!number(&text, &n))
		return false;
	while (*text == ' ')
		text++;
	for (; u->name != NULL; u++)
		if (strcmp(text, u->name) == 0)
			return !__builtin_mul_overflow(n, u->factor, v);
	return false;
}

static void print_unit(char *buf, size_t size, const struct unit *u, uint64_t v)
{
	while (u[1].name != NULL && v % u->factor != 0)
		u++;
	snprintf(buf, size, "%" PRIu64 "%s", v / u->factor, u->name);
}

bool conf_parse_time(const char *text, uint64_t *us)
{
	if (strcmp(text, "0") == 0) {
		*us = 0;
		return true;
	}
	return with_unit(text, time_units, us);
}

bool conf_parse_size(const char *text, uint64_t *bytes)
{
	return with_unit(text, size_units, bytes);
}

void conf_print_time(char *buf, size_t size, uint64_t us)
{
	if (us == 0)
		snprintf(buf, size, "0");
	else
		print_unit(buf, size, time_units, us);
}

void conf_print_size(char *buf, size_t size, uint64_t bytes)
{
	if (bytes == 0)
		snprintf(buf, size, "0");
	else
		print_unit(buf, size, size_units, bytes);
}

unsigned conf_parse_hex(const char *text, uint8_t *out, unsigned max)
{
	unsigned n = 0;

	while (*text != '\0') {
		char pair[3] = {text[0], text[1], '\0'};

		if (!isxdigit((unsigned char)pair[0]) || !isxdigit((unsigned char)pair[1]) ||
			n == max)
			return 0;
		out[n++] = (uint8_t)strtoul(pair, NULL, 16);
		text += 2;
		if ((*text == ':' || *text == ' ') && text[1] != '\0')
			text++;
	}
	return n;
}

bool conf_parse_mac(const char *text, uint8_t mac[6])
{
	return strlen(text) == 17 && conf_parse_hex(text, mac, 6) == 6;
}

void conf_print_mac(char *buf, size_t size, const uint8_t mac[6])
{
	snprintf(buf, size, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		mac[5]);
}

bool conf_parse_ip(const char *text, bool *v6, union net_ip *ip)
{
	struct in_addr a4;

	memset(ip, 0, sizeof(*ip));
	*v6 = strchr(text, ':') != NULL;
	if (*v6)
		return inet_pton(AF_INET6, text, ip->v6.b) == 1;
	if (inet_pton(AF_INET, text, &a4) != 1)
		return false;
	ip->v4 = ntohl(a4.s_addr);
	return true;
}

bool conf_parse_prefix(const char *text, bool *v6, union net_ip *ip, uint8_t *plen)
{
	char addr[64];
	const char *slash = strchr(text, '/');
	uint64_t len;

	if (slash == NULL || (size_t)(slash - text) >= sizeof(addr))
		return false;
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = '\0';
	slash++;
	if (!conf_parse_ip(addr, v6, ip) || !number(&slash, &len) || *slash != '\0' ||
		len > (*v6 ? 128u : 32u))
		return false;
	*plen = (uint8_t)len;
	return true;
}

void conf_print_ip(char *buf, size_t size, bool v6, const union net_ip *ip)
{
	struct in_addr a4 = {.s_addr = htonl(ip->v4)};

	if (inet_ntop(v6 ? AF_INET6 : AF_INET, v6 ? (const void *)ip->v6.b : &a4, buf,
		    (socklen_t)size) == NULL)
		snprintf(buf, size, "?");
}

bool conf_parse_cpus(const char *text, int16_t *cpu, unsigned max, unsigned *n)
{
	for (;;) {
		uint64_t from, to;

		if (!number(&text, &from))
			return false;
		to = from;
		if (*text == '-') {
			text++;
			if (!number(&text, &to))
				return false;
		}
		if (to < from || to > INT16_MAX || to - from >= max - *n)
			return false;
		while (from <= to)
			cpu[(*n)++] = (int16_t)from++;
		if (*text == '\0')
			return true;
		if (*text++ != ',')
			return false;
	}
}

union net_ip conf_mask(bool v6, const union net_ip *ip, unsigned plen)
{
	union net_ip r = *ip;

	if (!v6) {
		r.v4 &= plen == 0 ? 0 : UINT32_MAX << (32 - plen);
		return r;
	}
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = plen >= 8 * i + 8 ? 8 : plen <= 8 * i ? 0 : plen - 8 * i;

		r.v6.b[i] &= (uint8_t)(0xff00 >> keep);
	}
	return r;
}

bool conf_ip_equal(bool v6, const union net_ip *a, const union net_ip *b)
{
	return v6 ? memcmp(a->v6.b, b->v6.b, 16) == 0 : a->v4 == b->v4;
}

bool conf_same_prefix(bool v6, const union net_ip *a, const union net_ip *b, unsigned plen)
{
	union net_ip ma = conf_mask(v6, a, plen), mb = conf_mask(v6, b, plen);

	return conf_ip_equal(v6, &ma, &mb);
}

bool conf_ip_is_zero(const union net_ip *ip)
{
	static const union net_ip zero;

	return memcmp(ip->v6.b, zero.v6.b, 16) == 0;
}

bool conf_ip_is_linklocal(bool v6, const union net_ip *ip)
{
	if (v6)
		return ip->v6.b[0] == 0xfe && (ip->v6.b[1] & 0xc0) == 0x80;
	return ip->v4 >> 16 == 0xa9fe;
}

/* Edits from a to b (insert, delete, change, swap of neighbours). Words longer than 31: far. */
static unsigned distance(const char *a, const char *b)
{
	unsigned la = (unsigned)strlen(a), lb = (unsigned)strlen(b), d[32][32];

	if (la > 31 || lb > 31)
		return UINT32_MAX;
	for (unsigned i = 0; i <= la; i++) {
		for (unsigned j = 0; j <= lb; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = i + j;
				continue;
			}
			unsigned v = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (d[i - 1][j] + 1 < v)
				v = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < v)
				v = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				d[i - 2][j - 2] + 1 < v)
				v = d[i - 2][j - 2] + 1;
			d[i][j] = v;
		}
	}
	return d[la][lb];
}

const char *conf_nearest(const char *text, const char *const *names, unsigned n)
{
	const char *best = NULL;
	unsigned least = (unsigned)strlen(text) / 3 + 2;

	for (unsigned i = 0; i < n; i++) {
		unsigned d = distance(text, names[i]);

		if (d < least) {
			least = d;
			best = names[i];
		}
	}
	return best;
}
