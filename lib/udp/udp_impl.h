/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_UDP_IMPL_H
#define GN_UDP_IMPL_H

#include <string.h>

#include "flow_table.h"
#include "net_hdr.h"
#include "port_alloc.h"
#include "udp.h"

#define UDP_ROUTES   64	     /* destinations of unconnected sockets that are remembered */
#define UDP_ROUTE_US 1000000 /* for so long: addresses and routes may change */
#define UDP_NONE     0	     /* value of the flow tables that names nothing */
#define UDP_RECENT   64	     /* sockets tried before the tables are searched, by port */

/*
 * What a socket is found by. ifc is NET_NO_IFC unless lip is link-local: only those addresses may
 * mean another host on another interface. rip and rport are zero if not connected, lip is zero if
 * any address will do.
 */
struct udp_key {
	union net_ip lip, rip;
	uint32_t scope;
	uint16_t lport, rport;
	uint16_t ifc;
	bool v6;
};

#define UDP_OPEN      0x01
#define UDP_CONNECTED 0x02
#define UDP_ANY	      0x04 /* in the table of bound sockets for both families */
/* Open, bound to any address: gets a datagram of the family that no other socket is for. */
#define UDP_WILD4 0x08
#define UDP_WILD6 0x10
/* Open, may send in the family by prepared headers, which have the defaults. */
#define UDP_SEND4 0x20
#define UDP_SEND6 0x40

struct udp_sock {
	/* What a datagram of the family to its port must be of, if there is nothing else to ask, and
	 * if addresses are (udp_head()); else 0. */
	uint64_t wild[2], own[2];
	/* If connected, of IPv4: udp_pair4() and ports as a datagram from the peer has them; else 0. */
	uint64_t peer4;
	uint32_t peer4_ports;
	uint32_t ports;	     /* of what it sends to its peer: local port, remote port or 0 */
	udp_handle_t handle; /* while it is open, else 0 */
	const void *app_ops;
	void *app_user;
	struct udp_key key;
	uint32_t next;	    /* free list; or the next socket bound to the same group and port */
	uint32_t gen;	    /* upper half of the handle */
	uint16_t ifc;	    /* where multicast and link-local datagrams go; or NET_NO_IFC */
	uint8_t flags;	    /* UDP_OPEN ... */
	uint8_t tos;	    /* of what it sends */
	uint32_t joins;	    /* its first struct udp_member, by 'of_sock' */
	uint32_t round;	    /* the last multicast datagram that it was chosen for */
	struct net_dst dst; /* if connected */
	uint32_t hash;	    /* in its table */
	struct net_hdr hdr; /* if connected */
	uint8_t ttl;	    /* of what it sends, 0: the default */
	uint8_t mcast_ttl;  /* to groups, 0: 1 */
};

/* That a socket has joined a group. */
struct udp_member {
	union net_ip group;
	uint32_t sock;	  /* index + 1 */
	uint32_t next;	  /* free list; or the next with the same group and port */
	uint32_t of_sock; /* the socket's next one */
	uint32_t hash;
	uint16_t ifc; /* NET_NO_IFC: any */
	bool v6;
	struct net_filter filter;
};

/* The way to a destination of unconnected sockets. */
struct udp_route {
	uint64_t pair4; /* udp_pair4() of a plain way of IPv4, else 0 */
	uint64_t until_us;
	union net_ip to, from; /* as asked for */
	uint32_t kind;	       /* interface asked for, UDP_ROUTE_V6, UDP_ROUTE_PLAIN */
	struct net_dst dst;
	union net_ip src;   /* as chosen */
	struct net_hdr hdr; /* if plain */
};

/* Two addresses as one word; never 0 for a way, which goes to an address. */
static inline uint64_t udp_pair4(uint32_t to, uint32_t from)
{
	return (uint64_t)from << 32 | to;
}

#define UDP_ROUTE_V6	UINT32_C(0x10000)
#define UDP_ROUTE_PLAIN UINT32_C(0x20000) /* neither address is a group's, nor link-local */

struct udp {
	struct env *env;
	struct net *net;
	const struct owner *owner;
	const struct udp_up_ops *up;
	void *up_ctx;
	struct udp_sock *sock; /* [max]; named by index + 1 elsewhere */
	uint32_t max, free;
	uint32_t n_connected, n_bound; /* bound: to an address */
	/* Of a local port, the last found; never NULL. Emptied when any socket opens or closes, and a
	 * socket only gets in while there can be none that comes before it for a datagram to it. */
	struct udp_sock *recent[UDP_RECENT];
	struct flow_table connected, bound, joined;
	struct udp_member *member;
	uint32_t n_member, member_free;
	udp_handle_t *receivers; /* [max]: of one multicast datagram */
	uint32_t round;		 /* counts those */
	struct port_alloc ports;
	struct udp_route route[UDP_ROUTES];
};

static inline bool udp_ip_eq(const union net_ip *a, const union net_ip *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

static inline bool udp_ip6_eq(const struct ip6 *a, const struct ip6 *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

static inline bool udp_ip_zero(const union net_ip *ip)
{
	uint64_t x[2];

	memcpy(x, ip, sizeof(x));
	return (x[0] | x[1]) == 0;
}

static inline bool udp_ip_mcast(bool v6, const union net_ip *ip)
{
	return v6 ? ip->v6.b[0] == 0xff : ip->v4 >> 28 == 0xe;
}

static inline bool udp_ip_linklocal(bool v6, const union net_ip *ip)
{
	return v6 && ip->v6.b[0] == 0xfe && (ip->v6.b[1] & 0xc0) == 0x80;
}

static inline bool udp_sock_match(const void *ctx, uint32_t val, const void *key)
{
	const struct udp *u = ctx;
	const struct udp_sock *s = &u->sock[val - 1];
	const struct udp_key *a = &s->key, *b = key;

	return a->lport == b->lport && a->rport == b->rport && udp_ip_eq(&a->lip, &b->lip) &&
	       udp_ip_eq(&a->rip, &b->rip) && a->scope == b->scope && a->ifc == b->ifc &&
	       (a->v6 == b->v6 || (s->flags & UDP_ANY));
}

/* Of what is not found by the owner hash: an address, a port, a family. */
static inline uint32_t udp_bound_hash(bool v6, const union net_ip *ip, uint16_t port)
{
	uint64_t x[2];

	memcpy(x, ip, sizeof(x));
	x[0] = (x[0] ^ x[1] * UINT64_C(0x9e3779b97f4a7c15)) + ((uint32_t)port << 1 | v6);
	x[0] *= UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t)(x[0] >> 32);
}

static inline uint32_t udp_flow_hash(const struct udp *u, const struct udp_key *k)
{
	return k->v6 ? owner_hash6(u->owner, &k->rip.v6, &k->lip.v6, k->rport, k->lport)
		     : owner_hash4(u->owner, k->rip.v4, k->lip.v4, k->rport, k->lport);
}

static inline struct udp_sock *udp_sock_at(const struct udp *u, uint32_t val)
{
	return val == UDP_NONE ? NULL : &u->sock[val - 1];
}

static inline uint32_t udp_sock_val(const struct udp *u, const struct udp_sock *s)
{
	return (uint32_t)(s - u->sock) + 1;
}

/* The socket bound to k's address and port (k not connected), or the first of several; or NULL. */
struct udp_sock *udp_bound_find(const struct udp *u, const struct udp_key *k);
/* Most specific first: connected, bound to the address, bound to any. p_hash NULL: computed. */
struct udp_sock *udp_demux(const struct udp *u, struct udp_key *k, const uint32_t *p_hash);

/* Scope and port as one word, never 0. */
static inline uint64_t udp_head(uint32_t scope, uint16_t port)
{
	return UINT64_C(1) << 63 | (uint64_t)scope << 16 | port;
}

static inline struct udp_sock **udp_recent(struct udp *u, uint16_t lport)
{
	return &u->recent[lport % UDP_RECENT];
}

void udp_recent_forget(struct udp *u);

/* The first membership of k's lip (a group) and port, or NULL. */
struct udp_member *udp_member_first(const struct udp *u, const struct udp_key *k);
void udp_member_leave_all(struct udp *u, struct udp_sock *s);

void udp_input(void *ctx, struct net_pkt *pkts, unsigned n);
unsigned udp_plain(void *ctx, const struct net_rx *rx, struct rte_mbuf **pkts, unsigned n);
void udp_error(void *ctx, const struct net_error *e);

#endif
