/* SPDX-License-Identifier: BSD-3-Clause */
#include "fib.h"

#include <errno.h>
#include <string.h>

bool fib_match(bool v6, const union net_ip *prefix, uint8_t plen, const union net_ip *ip)
{
	unsigned bytes = plen / 8, bits = plen % 8;

	if (!v6)
		return plen == 0 || (prefix->v4 ^ ip->v4) >> (32 - plen) == 0;
	if (memcmp(prefix->v6.b, ip->v6.b, bytes) != 0)
		return false;
	return bits == 0 || (prefix->v6.b[bytes] ^ ip->v6.b[bytes]) >> (8 - bits) == 0;
}

union net_ip fib_prefix(bool v6, const union net_ip *ip, uint8_t plen)
{
	union net_ip r = *ip;

	if (!v6) {
		r.v4 = plen == 0 ? 0 : ip->v4 & ~0u << (32 - plen);
		return r;
	}
	for (unsigned i = 0; i < sizeof(r.v6.b); i++) {
		unsigned keep = plen > 8 * i ? plen - 8 * i : 0;

		if (keep < 8)
			r.v6.b[i] &= (uint8_t)(0xff00u >> keep);
	}
	return r;
}

static bool fib_same(const struct fib_route *a, const struct fib_route *b)
{
	return a->plen == b->plen && a->connected == b->connected && a->ifc == b->ifc &&
	       memcmp(&a->prefix, &b->prefix, sizeof(a->prefix)) == 0 &&
	       memcmp(&a->gw, &b->gw, sizeof(a->gw)) == 0;
}

static bool fib_static(const struct fib_route *r)
{
	return !r->connected && r->until_us == 0;
}

static void fib_remove(struct fib *f, struct fib_route *r)
{
	f->n_static -= fib_static(r);
	f->n_redirect -= r->until_us != 0;
	f->count--;
	memmove(r, r + 1, (size_t)(&f->route[f->count] - r) * sizeof(*r));
}

int fib_add(struct fib *f, const struct fib_route *r)
{
	union net_ip prefix = fib_prefix(f->v6, &r->prefix, r->plen);
	unsigned at = 0;

	if (memcmp(&prefix, &r->prefix, sizeof(prefix)) != 0)
		return -EINVAL;
	for (unsigned i = 0; i < f->count; i++)
		if (fib_same(&f->route[i], r))
			return -EEXIST;
	if (f->count == FIB_MAX || (fib_static(r) && f->n_static == NET_ROUTE_MAX) ||
		(r->until_us != 0 && f->n_redirect == FIB_REDIRECT_MAX))
		return -ENOSPC;
	while (at < f->count &&
		(f->route[at].plen > r->plen ||
			(f->route[at].plen == r->plen && f->route[at].metric <= r->metric)))
		at++;
	memmove(&f->route[at + 1], &f->route[at], (f->count - at) * sizeof(f->route[0]));
	f->route[at] = *r;
	f->count++;
	f->n_static += fib_static(r);
	f->n_redirect += r->until_us != 0;
	return 0;
}

int fib_del(struct fib *f, const union net_ip *prefix, uint8_t plen, const union net_ip *gw,
	bool connected, uint16_t ifc)
{
	for (unsigned i = 0; i < f->count; i++) {
		struct fib_route *r = &f->route[i];

		if (r->plen != plen || r->connected != connected || (connected && r->ifc != ifc) ||
			memcmp(&r->prefix, prefix, sizeof(*prefix)) != 0 ||
			memcmp(&r->gw, gw, sizeof(*gw)) != 0)
			continue;
		fib_remove(f, r);
		return 0;
	}
	return -ENOENT;
}

struct fib_route *fib_static_find(
	struct fib *f, const union net_ip *prefix, uint8_t plen, const union net_ip *gw)
{
	for (unsigned i = 0; i < f->count; i++) {
		struct fib_route *r = &f->route[i];

		if (fib_static(r) && r->plen == plen &&
			memcmp(&r->prefix, prefix, sizeof(*prefix)) == 0 &&
			memcmp(&r->gw, gw, sizeof(*gw)) == 0)
			return r;
	}
	return NULL;
}

const struct fib_route *fib_next(
	const struct fib *f, const union net_ip *dst, uint16_t ifc, const struct fib_route *r)
{
	for (r = r == NULL ? f->route : r + 1; r != f->route + f->count; r++)
		if ((ifc == NET_NO_IFC || r->ifc == ifc) &&
			fib_match(f->v6, &r->prefix, r->plen, dst))
			return r;
	return NULL;
}

const struct fib_route *fib_lookup(const struct fib *f, const union net_ip *dst, uint16_t ifc)
{
	return fib_next(f, dst, ifc, NULL);
}

void fib_redirects_expire(struct fib *f, uint64_t now_us)
{
	for (unsigned i = f->count; i-- > 0;)
		if (f->route[i].until_us != 0 && f->route[i].until_us <= now_us)
			fib_remove(f, &f->route[i]);
}

void fib_redirect_evict(struct fib *f)
{
	struct fib_route *oldest = NULL;

	for (unsigned i = 0; i < f->count; i++)
		if (f->route[i].until_us != 0 &&
			(oldest == NULL || f->route[i].until_us < oldest->until_us))
			oldest = &f->route[i];
	if (oldest != NULL)
		fib_remove(f, oldest);
}

unsigned fib_static_flush(struct fib *f)
{
	unsigned before = f->count;

	for (unsigned i = f->count; i-- > 0;)
		if (fib_static(&f->route[i]))
			fib_remove(f, &f->route[i]);
	return before - f->count;
}
