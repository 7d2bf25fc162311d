/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_nd.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "wire_bytes.h"
#include "wire_icmp.h"

#define OPT_SLLA       1
#define OPT_TLLA       2
#define OPT_REDIRECTED 4
#define OPT_NONCE      14

#define ND_FLAGS (WIRE_ND_NA_ROUTER | WIRE_ND_NA_SOLICITED | WIRE_ND_NA_OVERRIDE)

static uint8_t nd_lladdr_opt(const struct wire_nd *h)
{
	return h->type == WIRE_ICMP6_NS ? OPT_SLLA : OPT_TLLA;
}

/* One option of len bytes. Of several of a kind the first counts. */
static bool nd_option_parse(const uint8_t *p, size_t len, struct wire_nd *h)
{
	if (p[0] == nd_lladdr_opt(h)) {
		/* Ethernet's fill 8 bytes (RFC 2464 section 6). */
		if (len != WIRE_ND_LLADDR_LEN)
			return false;
		if (!h->has_lladdr)
			memcpy(h->lladdr, p + 2, sizeof(h->lladdr));
		h->has_lladdr = true;
	} else if (p[0] == OPT_NONCE && len == 2 + sizeof(h->nonce) && h->nonce_len == 0) {
		/* A longer one cannot be an echo of ours. */
		memcpy(h->nonce, p + 2, sizeof(h->nonce));
		h->nonce_len = sizeof(h->nonce);
	}
	return true;
}

int wire_nd_parse(const uint8_t *p, size_t len, struct wire_nd *h)
{
	size_t off = WIRE_ND_NS_LEN;

	if (len < WIRE_ND_NS_LEN)
		return -(int)DROP_icmp6_short;
	*h = (struct wire_nd){.type = p[0]};
	if ((h->type != WIRE_ICMP6_NS && h->type != WIRE_ICMP6_NA) || p[1] != 0)
		return -(int)DROP_nd_bad;
	if (h->type == WIRE_ICMP6_NA)
		h->flags = p[4] & ND_FLAGS;
	memcpy(h->target.b, p + 8, sizeof(h->target.b));
	if (h->target.b[0] == 0xff)
		return -(int)DROP_nd_bad;
	while (off < len) {
		size_t n = len - off < 2 ? 0 : p[off + 1] * 8u;

		if (n == 0 || n > len - off || !nd_option_parse(p + off, n, h))
			return -(int)DROP_nd_bad;
		off += n;
	}
	return (int)off;
}

static unsigned nd_option_emit(uint8_t *p, uint8_t type, const uint8_t *six)
{
	p[0] = type;
	p[1] = 1;
	memcpy(p + 2, six, 6);
	return 8;
}

unsigned wire_nd_emit(uint8_t *p, const struct wire_nd *h)
{
	unsigned off = WIRE_ND_NS_LEN;

	memset(p, 0, 8);
	p[0] = h->type;
	if (h->type == WIRE_ICMP6_NA)
		p[4] = h->flags & ND_FLAGS;
	memcpy(p + 8, h->target.b, sizeof(h->target.b));
	if (h->has_lladdr)
		off += nd_option_emit(p + off, nd_lladdr_opt(h), h->lladdr);
	if (h->nonce_len != 0)
		off += nd_option_emit(p + off, OPT_NONCE, h->nonce);
	return off;
}

int wire_nd_print(char *buf, size_t size, const struct wire_nd *h)
{
	char target[INET6_ADDRSTRLEN], lladdr[sizeof(", lladdr 00:00:00:00:00:00")] = "";
	const char *nonce = h->nonce_len != 0 ? ", nonce" : "";

	inet_ntop(AF_INET6, h->target.b, target, sizeof(target));
	if (h->has_lladdr)
		snprintf(lladdr, sizeof(lladdr), ", lladdr " WIRE_MAC_FMT, WIRE_MAC_ARG(h->lladdr));
	if (h->type == WIRE_ICMP6_NS)
		return snprintf(buf, size, "ICMP6, neighbor solicitation, who has %s%s%s", target,
			lladdr, nonce);
	return snprintf(buf, size, "ICMP6, neighbor advertisement, tgt is %s, flags [%s%s%s]%s%s",
		target, h->flags & WIRE_ND_NA_ROUTER ? "R" : "",
		h->flags & WIRE_ND_NA_SOLICITED ? "S" : "",
		h->flags & WIRE_ND_NA_OVERRIDE ? "O" : "", lladdr, nonce);
}

unsigned wire_nd_redirect_emit(uint8_t *p, const struct ip6 *target, const struct ip6 *dst,
	const uint8_t *lladdr, unsigned len)
{
	unsigned n = 40;

	wire_put32(p, (uint32_t)WIRE_ICMP6_REDIRECT << 24);
	wire_put32(p + 4, 0);
	memcpy(p + 8, target->b, sizeof(target->b));
	memcpy(p + 24, dst->b, sizeof(dst->b));
	if (lladdr != NULL) {
		p[n] = OPT_TLLA;
		p[n + 1] = 1;
		memcpy(p + n + 2, lladdr, 6);
		n += 8;
	}
	if (len != 0) {
		memset(p + n, 0, 8);
		p[n] = OPT_REDIRECTED;
		p[n + 1] = (uint8_t)(1 + len / 8);
		n += 8;
	}
	return n;
}
