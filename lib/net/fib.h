/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_NET_FIB_H
#define GN_NET_FIB_H

#include "net.h"

/*
 * Routes of one family: connected ones, made of the addresses, static ones, and redirects. A sorted array,
 * longest prefix first and then lowest metric, searched from the start: only packets whose
 * destination is not cached in their flow ask.
 */
#define FIB_REDIRECT_MAX 64
#define FIB_MAX		 (NET_ROUTE_MAX + NET_IFC_MAX * NET_ADDR_MAX + FIB_REDIRECT_MAX)

struct fib_route {
	union net_ip prefix;
	union net_ip gw; /* all zero: on link */
	uint32_t metric;
	uint16_t ifc;
	uint8_t plen;
	bool connected;
	uint64_t until_us; /* of a redirect (a host route); 0: no end */
	struct net_route_opts opts;
};

struct fib {
	bool v6;
	unsigned count;
	unsigned n_static, n_redirect;
	struct fib_route route[FIB_MAX];
};

/* -EEXIST: same prefix, gateway and interface; -ENOSPC; -EINVAL: prefix has bits past its length. */
int fib_add(struct fib *f, const struct fib_route *r);
/* The static route to prefix by gw, or the connected one of an interface. -ENOENT. */
int fib_del(struct fib *f, const union net_ip *prefix, uint8_t plen, const union net_ip *gw,
	bool connected, uint16_t ifc);
/* ifc: NET_NO_IFC for any, else only routes over it. NULL: none. */
const struct fib_route *fib_lookup(const struct fib *f, const union net_ip *dst, uint16_t ifc);
/* The static route to prefix by gw, or NULL. */
struct fib_route *fib_static_find(
	struct fib *f, const union net_ip *prefix, uint8_t plen, const union net_ip *gw);
/* The next best after r, or the best for NULL. */
const struct fib_route *fib_next(
	const struct fib *f, const union net_ip *dst, uint16_t ifc, const struct fib_route *r);
/* Removes the redirects that ended by now_us. */
void fib_redirects_expire(struct fib *f, uint64_t now_us);
/* Removes all static routes; how many. */
unsigned fib_static_flush(struct fib *f);
/* Removes the redirect that ends first. */
void fib_redirect_evict(struct fib *f);

bool fib_match(bool v6, const union net_ip *prefix, uint8_t plen, const union net_ip *ip);
/* prefix with the bits past plen cleared. */
union net_ip fib_prefix(bool v6, const union net_ip *ip, uint8_t plen);

#endif
