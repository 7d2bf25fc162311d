/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_FLOW_PORT_ALLOC_H
#define GN_FLOW_PORT_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

#include "owner.h"
#include "siphash.h"
#include "wire.h"

/*
 * Source ports for active opens (RFC 6056 section 3.3.4, double-hash port selection): for each
 * destination the search begins at a place that only the key tells, and goes on where the last
 * one to that destination ended, so that a port comes back as late as the range allows.
 * Only ports whose replies hash to the asking core are chosen (rule 2 of the architecture).
 *
 * One per core and protocol; not thread-safe. Cores cannot collide: a port that comes home to one
 * core comes home to no other for the same destination.
 */
#define PORT_ALLOC_TABLE 256

#define PORT_ALLOC_LOW_DEFAULT	1024
#define PORT_ALLOC_HIGH_DEFAULT 65535

struct port_alloc {
	struct siphash_key key;
	uint16_t low, high;		  /* inclusive */
	uint16_t table[PORT_ALLOC_TABLE]; /* how far each class of destinations has come, < range */
};

/* Whether the caller has the port in use towards the destination asked for. Must not change p. */
typedef bool (*port_alloc_in_use)(void *ctx, uint16_t port);

/*
 * key: secret, from getrandom(). low, high: the range, inclusive, 1 <= low <= high.
 * Returns 0, or -EINVAL for a bad range.
 */
int port_alloc_init(
	struct port_alloc *p, const struct siphash_key *key, uint16_t low, uint16_t high);

/*
 * A local port for a connection from local to remote:remote_port (host order) such that
 * owner_core() of the reply (src remote, dst local, sport remote_port, dport the port) is core and
 * in_use(ctx, port) is false. Tries each port of the range at most once, in_use only for ports
 * that come home. Returns 0 if there is none; to find that out costs some 30 instructions a port of
 * the range and one in_use for each that comes home. The port is not reserved: until in_use tells
 * so, a later call to this destination may return it again after a full turn of the range.
 */
uint16_t port_alloc_pick4(struct port_alloc *p, const struct owner *o, uint16_t core,
	uint32_t local, uint32_t remote, uint16_t remote_port, port_alloc_in_use in_use, void *ctx);

uint16_t port_alloc_pick6(struct port_alloc *p, const struct owner *o, uint16_t core,
	const struct ip6 *local, const struct ip6 *remote, uint16_t remote_port,
	port_alloc_in_use in_use, void *ctx);

#endif
