/* SPDX-License-Identifier: BSD-3-Clause */
#include "port_alloc.h"

#include <errno.h>
#include <string.h>

/* What F() and G() of RFC 6056 section 3.3.4 are computed from; no padding. */
struct dest4 {
	uint32_t local, remote;
	uint16_t port;
	uint16_t family;
};

struct dest6 {
	struct ip6 local, remote;
	uint16_t port;
	uint16_t family;
};

_Static_assert(sizeof(struct dest4) == 12 && sizeof(struct dest6) == 36, "hashed as bytes");

/* One search: the reply's hash but for its destination port, and where that port stands in it. */
struct search {
	const struct owner *o;
	uint32_t base_hash;
	unsigned dport_at;
	uint16_t core;
	port_alloc_in_use in_use;
	void *ctx;
};

int port_alloc_init(
	struct port_alloc *p, const struct siphash_key *key, uint16_t low, uint16_t high)
{
	if (low == 0 || low > high)
		return -EINVAL;
	p->key = *key;
	p->low = low;
	p->high = high;
	/* Section 3.3.4: the table starts at random values. */
	for (uint32_t i = 0; i < PORT_ALLOC_TABLE; i++)
		p->table[i] = (uint16_t)(siphash(key, &i, sizeof(i)) % (high - low + 1u));
	return 0;
}

/*
 * dest_hash serves as both functions of the RFC: its low half is the offset F(), its top bits the
 * table index G(). The halves of SipHash's output are independent, so one key is enough.
 */
static uint16_t pick(struct port_alloc *p, const struct search *s, uint64_t dest_hash)
{
	uint32_t range = p->high - p->low + 1u;
	uint16_t *step = &p->table[(dest_hash >> 32) % PORT_ALLOC_TABLE];
	uint32_t at = (uint32_t)(((uint32_t)dest_hash + (uint64_t)*step) % range);

	for (uint32_t tried = 1; tried <= range; tried++) {
		uint16_t port = (uint16_t)(p->low + at);
		uint32_t hash = s->base_hash ^ owner_share16(s->o, s->dport_at, port);

		if (owner_core(s->o, hash) == s->core && !s->in_use(s->ctx, port)) {
			*step = (uint16_t)((*step + tried) % range);
			return port;
		}
		at = at + 1 < range ? at + 1 : 0;
	}
	return 0;
}

uint16_t port_alloc_pick4(struct port_alloc *p, const struct owner *o, uint16_t core,
	uint32_t local, uint32_t remote, uint16_t remote_port, port_alloc_in_use in_use, void *ctx)
{
	struct dest4 d = {local, remote, remote_port, 4};
	/* A port of 0 adds nothing to a Toeplitz hash. */
	struct search s = {o, owner_hash4(o, remote, local, remote_port, 0), 10, core, in_use, ctx};

	return pick(p, &s, siphash(&p->key, &d, sizeof(d)));
}

uint16_t port_alloc_pick6(struct port_alloc *p, const struct owner *o, uint16_t core,
	const struct ip6 *local, const struct ip6 *remote, uint16_t remote_port,
	port_alloc_in_use in_use, void *ctx)
{
	struct dest6 d = {*local, *remote, remote_port, 6};
	struct search s = {o, owner_hash6(o, remote, local, remote_port, 0), 34, core, in_use, ctx};

	return pick(p, &s, siphash(&p->key, &d, sizeof(d)));
}
