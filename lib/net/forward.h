/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_NET_FORWARD_H
#define GN_NET_FORWARD_H

#include "net_priv.h"

/* What passing packets on has in common for both families. */
struct forward {
	const struct fib_route *route;
	struct neigh *neigh; /* of the next hop */
	union net_ip to;     /* the next hop */
	uint16_t mtu;
};

/*
 * Finds the way of p, whose destination is not ours. hash spreads flows over equal routes (RFC 2992).
 * DROP_NONE, or what p is to be dropped as; its source was told then, where it may be.
 */
enum drop forward_find(struct net *n, struct net_pkt *p, uint32_t hash, struct forward *f);
/* Is the source of p believed, as the interface wants it? */
bool forward_source_ok(struct net *n, const struct net_pkt *p);
/* Addresses, protocol and, unless p is a fragment, ports. */
uint32_t forward_hash(const struct net_pkt *p, bool fragment);
/*
 * p's packet, with its data at the IP header, headers of hlen bytes that are nobody else's to read, and
 * room for the link layer's in front. NULL: no buffer, it is dropped.
 */
struct rte_mbuf *forward_own(struct net *n, struct net_pkt *p, unsigned hlen);
/* Sends m (data at its IP header) to the next hop. Takes it. */
void forward_send(struct net *n, const struct forward *f, struct rte_mbuf *m);
/* May the source, on the link that p came by, be told of a next hop there (RFC 1812 section 5.2.7.2,
 * RFC 4861 section 8.2)? */
bool forward_redirects(const struct net *n, const struct net_pkt *p, const struct forward *f);

#endif
