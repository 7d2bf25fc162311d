/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "sock_impl.h"

#define ADDR_TEXT_MAX 64 /* longer than any address that means something */

/* A decimal number without sign, blanks or leading zeros, as a whole string. */
static bool parse_number(const char *text, uint32_t max, uint16_t *out)
{
	uint32_t v = 0;

	if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		v = v * 10 + (uint32_t)(*text - '0');
		if (v > max)
			return false;
	}
	*out = (uint16_t)v;
	return true;
}

/* An address, perhaps with %interface; text is changed. */
static bool parse_host(struct gn_addr *a, char *text)
{
	char *zone = strchr(text, '%');
	struct in_addr v4;

	if (zone != NULL) {
		*zone = '\0';
		if (!parse_number(zone + 1, UINT16_MAX - 2, &a->ifc))
			return false;
		a->ifc++;
	}
	if (strcmp(text, "*") == 0) {
		a->family = 0;
	} else if (inet_pton(AF_INET, text, &v4) == 1) {
		a->family = 4;
		a->v4 = ntohl(v4.s_addr);
	} else if (inet_pton(AF_INET6, text, a->v6) == 1) {
		a->family = 6;
	} else {
		return false;
	}
	return true;
}

/* Splits at the port, if there is one: [v6]:port, [v6], v4:port, *:port. False: malformed. */
static bool split(char *text, char **host, char **port)
{
	char *end;

	*host = text;
	*port = NULL;
	if (text[0] == '[') {
		*host = text + 1;
		end = strchr(text, ']');
		if (end == NULL || strchr(text, ':') == NULL || strchr(text, ':') > end)
			return false;
		*end++ = '\0';
		if (*end == '\0')
			return true;
		*port = end + 1;
		return *end == ':';
	}
	end = strchr(text, ':');
	if (end == NULL || strchr(end + 1, ':') != NULL)
		return true; /* no port, or IPv6 without brackets */
	*end = '\0';
	*port = end + 1;
	return true;
}

int gn_addr_parse(struct gn_addr *a, const char *text)
{
	struct gn_addr parsed = {0};
	char buf[ADDR_TEXT_MAX];
	char *host, *port;
	size_t len = strnlen(text, sizeof(buf));

	if (len == sizeof(buf))
		return -EINVAL;
	memcpy(buf, text, len + 1);
	if (!split(buf, &host, &port) || !parse_host(&parsed, host))
		return -EINVAL;
	if (port != NULL && !parse_number(port, UINT16_MAX, &parsed.port))
		return -EINVAL;
	*a = parsed;
	return 0;
}

int gn_addr_print(char *buf, size_t size, const struct gn_addr *a)
{
	char host[INET6_ADDRSTRLEN] = "*", zone[8] = "", port[8] = "";
	bool brackets = a->family == 6 && a->port != 0;

	if (a->family == 4) {
		struct in_addr v4 = {htonl(a->v4)};

		inet_ntop(AF_INET, &v4, host, sizeof(host));
	} else if (a->family == 6) {
		inet_ntop(AF_INET6, a->v6, host, sizeof(host));
	}
	if (a->ifc != 0)
		snprintf(zone, sizeof(zone), "%%%u", a->ifc - 1u);
	if (a->port != 0)
		snprintf(port, sizeof(port), ":%u", a->port);
	return snprintf(buf, size, "%s%s%s%s%s", brackets ? "[" : "", host, zone,
		brackets ? "]" : "", port);
}

int sock_pair_make(struct sock_pair *p, const struct gn_addr *local, const struct gn_addr *remote)
{
	static const struct gn_addr any;

	if (local == NULL)
		local = &any;
	if ((remote->family != 4 && remote->family != 6) || remote->port == 0)
		return -EINVAL;
	if (!sock_addr_ip(remote, &p->rip) || !sock_addr_ip(local, &p->lip))
		return -EINVAL;
	if (local->family != 0 && local->family != remote->family)
		return -EINVAL;
	if (sock_ip_zero(&p->rip))
		return -EINVAL;
	if (local->ifc != 0 && remote->ifc != 0 && local->ifc != remote->ifc)
		return -EINVAL;
	p->v6 = remote->family == 6;
	p->lport = local->port;
	p->rport = remote->port;
	p->ifc = sock_addr_ifc(remote->ifc != 0 ? remote : local);
	return 0;
}
