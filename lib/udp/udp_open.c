/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "udp_impl.h"

/* The interface that has ip, also while it is still being checked for duplicates: a server may
 * bind before its address is usable. */
static uint16_t udp_addr_ifc(const struct net *n, bool v6, const union net_ip *ip, uint16_t ifc)
{
	for (uint16_t i = 0; i < net_ifc_count(n); i++) {
		const struct net_ifc *f = net_ifc_get(n, i);

		if (f == NULL || (ifc != NET_NO_IFC && i != ifc))
			continue;
		for (unsigned j = 0; j < (v6 ? f->n_addr6 : f->n_addr4); j++)
			if (udp_ip_eq(v6 ? &f->addr6[j].ip : &f->addr4[j].ip, ip))
				return i;
	}
	return NET_NO_IFC;
}

static uint32_t udp_ifc_scope(const struct net *n, uint16_t ifc)
{
	const struct net_ifc *f = ifc != NET_NO_IFC ? net_ifc_get(n, ifc) : NULL;

	return f != NULL ? f->scope : 0;
}

/* What port_alloc asks with. */
struct udp_port_query {
	const struct udp *u;
	struct udp_key key;
};

/* Ports of servers are left alone too: a reply of theirs must not look like ours. */
static bool udp_connected_port_in_use(void *ctx, uint16_t port)
{
	struct udp_port_query *q = ctx;
	struct udp_key k = q->key;

	k.lport = port;
	return udp_demux(q->u, &k, NULL) != NULL;
}

static uint16_t udp_connected_port(struct udp *u, const struct udp_key *k)
{
	struct udp_port_query q = {.u = u, .key = *k};

	if (k->v6)
		return port_alloc_pick6(&u->ports, u->owner, u->env->core, &k->lip.v6, &k->rip.v6,
			k->rport, udp_connected_port_in_use, &q);
	return port_alloc_pick4(&u->ports, u->owner, u->env->core, k->lip.v4, k->rip.v4, k->rport,
		udp_connected_port_in_use, &q);
}

/* Is k's address and port taken by a socket that would get the same datagrams? */
static bool udp_bound_conflict(const struct udp *u, const struct udp_key *k, bool any)
{
	struct udp_key other = *k;

	if (udp_bound_find(u, k) != NULL)
		return true;
	other.v6 = !k->v6;
	return any && udp_bound_find(u, &other) != NULL;
}

/* RFC 6056 section 3.3.1: from a random port on, the first free one. */
static uint16_t udp_bound_port(struct udp *u, const struct udp_key *k, bool any)
{
	uint32_t n = (uint32_t)u->ports.high - u->ports.low + 1;
	uint32_t at = rng_below(&u->env->rng, n);
	struct udp_key try = *k, wild = *k;

	wild.lip = (union net_ip){0};
	wild.ifc = NET_NO_IFC;
	for (uint32_t i = 0; i < n; i++, at = at + 1 == n ? 0 : at + 1) {
		try.lport = wild.lport = (uint16_t)(u->ports.low + at);
		if (!udp_bound_conflict(u, &try, any) && udp_bound_find(u, &wild) == NULL)
			return try.lport;
	}
	return 0;
}

/* Completes the key of a connected socket. 0 or -errno. */
static int udp_key_connect(struct udp *u, struct udp_key *k, uint16_t ifc, struct net_dst *dst)
{
	int r;

	if (udp_ip_mcast(k->v6, &k->lip))
		return -EADDRNOTAVAIL;
	r = net_route(u->net, k->v6, &k->rip, &k->lip, ifc, dst);
	if (r < 0)
		return r;
	k->scope = udp_ifc_scope(u->net, dst->ifc);
	k->ifc = udp_ip_linklocal(k->v6, &k->lip) ? dst->ifc : NET_NO_IFC;
	if (k->lport == 0) {
		k->lport = udp_connected_port(u, k);
		return k->lport != 0 ? 0 : -EADDRINUSE;
	}

	uint32_t hash = udp_flow_hash(u, k);

	if (owner_core(u->owner, hash) != u->env->core)
		return -EADDRNOTAVAIL; /* its replies go to another core */
	return flow_table_find(&u->connected, hash, udp_sock_match, u, k) == UDP_NONE ? 0
										      : -EADDRINUSE;
}

/* Completes the key of a socket without a peer. 0 or -errno. */
static int udp_key_bind(struct udp *u, struct udp_key *k, uint16_t ifc, bool any)
{
	bool specific = !udp_ip_zero(&k->lip);
	bool group = udp_ip_mcast(k->v6, &k->lip);

	k->scope = udp_ifc_scope(u->net, ifc);
	if (specific && !group && (k->v6 || k->lip.v4 != UINT32_MAX)) {
		uint16_t of = udp_addr_ifc(u->net, k->v6, &k->lip, ifc);

		if (of == NET_NO_IFC)
			return -EADDRNOTAVAIL;
		k->scope = udp_ifc_scope(u->net, of);
		if (udp_ip_linklocal(k->v6, &k->lip)) {
			if (ifc == NET_NO_IFC)
				return -EADDRNOTAVAIL; /* fe80::1 alone names no host */
			k->ifc = ifc;
		}
	}
	if (k->lport == 0) {
		k->lport = udp_bound_port(u, k, any);
		return k->lport != 0 ? 0 : -EADDRINUSE;
	}
	/* Several sockets may serve one group; each gets every datagram. */
	return group || !udp_bound_conflict(u, k, any) ? 0 : -EADDRINUSE;
}

static int udp_bound_insert(struct udp *u, struct udp_sock *s)
{
	uint32_t val = udp_sock_val(u, s);
	struct udp_sock *first = udp_bound_find(u, &s->key);

	s->hash = udp_bound_hash(s->key.v6, &s->key.lip, s->key.lport);
	s->next = UDP_NONE;
	if (first != NULL) {
		s->next = first->next;
		first->next = val;
	} else if (flow_table_insert(&u->bound, s->hash, val) != 0) {
		return -ENOMEM;
	}
	if (s->flags & UDP_ANY) {
		uint32_t other = udp_bound_hash(!s->key.v6, &s->key.lip, s->key.lport);

		if (flow_table_insert(&u->bound, other, val) != 0) {
			flow_table_remove(&u->bound, s->hash, val);
			return -ENOMEM;
		}
	}
	if (!udp_ip_zero(&s->key.lip))
		u->n_bound++;
	return 0;
}

static void udp_bound_remove(struct udp *u, struct udp_sock *s)
{
	struct udp_sock *prev = udp_bound_find(u, &s->key);
	uint32_t val = udp_sock_val(u, s);

	if (!udp_ip_zero(&s->key.lip))
		u->n_bound--;
	if (prev != s) {
		while (prev->next != val)
			prev = udp_sock_at(u, prev->next);
		prev->next = s->next;
		return;
	}
	if (s->next != UDP_NONE)
		flow_table_replace(&u->bound, s->hash, val, s->next);
	else
		flow_table_remove(&u->bound, s->hash, val);
	if (s->flags & UDP_ANY)
		flow_table_remove(
			&u->bound, udp_bound_hash(!s->key.v6, &s->key.lip, s->key.lport), val);
}

static uint8_t udp_send_flags(const struct udp_sock *s)
{
	if (s->flags & UDP_ANY)
		return UDP_SEND4 | UDP_SEND6;
	return s->key.v6 ? UDP_SEND6 : UDP_SEND4;
}

static uint8_t udp_wild_flags(const struct udp_sock *s)
{
	if ((s->flags & UDP_CONNECTED) || !udp_ip_zero(&s->key.lip))
		return 0;
	if (s->flags & UDP_ANY)
		return UDP_WILD4 | UDP_WILD6;
	return s->key.v6 ? UDP_WILD6 : UDP_WILD4;
}

void udp_opts_set(struct udp_sock *s, uint8_t ttl, uint8_t mcast_ttl, uint8_t tos)
{
	s->ttl = ttl;
	s->mcast_ttl = mcast_ttl;
	s->tos = tos;
	s->flags &= (uint8_t) ~(UDP_SEND4 | UDP_SEND6);
	if (ttl == 0 && tos == 0)
		s->flags |= udp_send_flags(s);
	net_hdr_clear(&s->hdr);
}

/* See struct udp_sock. */
static void udp_heads_set(struct udp_sock *s)
{
	uint64_t head = udp_head(s->key.scope, s->key.lport);

	s->wild[0] = s->flags & UDP_WILD4 ? head : 0;
	s->wild[1] = s->flags & UDP_WILD6 ? head : 0;
	s->own[0] = (s->flags & UDP_OPEN) && !s->key.v6 ? head : 0;
	s->own[1] = (s->flags & UDP_OPEN) && s->key.v6 ? head : 0;
	s->ports = (uint32_t)s->key.lport << 16 | s->key.rport;
	if (s->own[0] != 0 && (s->flags & UDP_CONNECTED) != 0) {
		s->peer4 = udp_pair4(s->key.rip.v4, s->key.lip.v4);
		s->peer4_ports = (uint32_t)s->key.rport << 16 | s->key.lport;
	} else {
		s->peer4_ports = 0; /* a datagram's are not */
	}
}

static int udp_insert(struct udp *u, struct udp_sock *s)
{
	if (!(s->flags & UDP_CONNECTED))
		return udp_bound_insert(u, s);
	s->hash = udp_flow_hash(u, &s->key);
	if (flow_table_insert(&u->connected, s->hash, udp_sock_val(u, s)) != 0)
		return -ENOMEM;
	u->n_connected++;
	return 0;
}

struct udp_sock *udp_open(struct udp *u, bool v6, bool any, const union net_ip *lip, uint16_t lport,
	const union net_ip *rip, uint16_t rport, uint16_t ifc, const void *app_ops, void *app_user)
{
	struct udp_key k = {.v6 = v6, .lport = lport, .rport = rport, .ifc = NET_NO_IFC};
	struct udp_sock *s = udp_sock_at(u, u->free);
	struct net_dst dst = {0};
	int r;

	if (!any)
		k.lip = *lip;
	if (rport != 0) {
		k.rip = *rip;
		any = false;
	}
	if (s == NULL)
		r = -ENOMEM;
	else if (ifc != NET_NO_IFC && ifc >= net_ifc_count(u->net))
		r = -EADDRNOTAVAIL;
	else if (rport != 0)
		r = udp_key_connect(u, &k, ifc, &dst);
	else
		r = udp_key_bind(u, &k, ifc, any);
	if (r == 0) {
		uint32_t free_next = s->next;

		*s = (struct udp_sock){.key = k,
			.gen = s->gen,
			.ifc = ifc,
			.dst = dst,
			.round = u->round,
			.app_ops = app_ops,
			.app_user = app_user};
		s->flags = (rport != 0 ? UDP_CONNECTED : 0) | (any ? UDP_ANY : 0);
		r = udp_insert(u, s);
		if (r == 0) {
			s->flags |= UDP_OPEN | udp_wild_flags(s) | udp_send_flags(s);
			udp_heads_set(s);
			s->handle = (udp_handle_t)s->gen << 32 | udp_sock_val(u, s);
			udp_recent_forget(u);
			u->free = free_next;
			return s;
		}
		s->next = free_next;
	}
	errno = -r;
	return NULL;
}

void udp_close(struct udp *u, struct udp_sock *s)
{
	udp_member_leave_all(u, s);
	if (s->flags & UDP_CONNECTED) {
		flow_table_remove(&u->connected, s->hash, udp_sock_val(u, s));
		u->n_connected--;
	} else {
		udp_bound_remove(u, s);
	}
	s->flags = 0;
	udp_heads_set(s);
	s->handle = 0;
	udp_recent_forget(u);
	s->gen = (s->gen + 1) & INT32_MAX; /* bit 63 of a handle stays 0 */
	s->next = u->free;
	u->free = udp_sock_val(u, s);
}
