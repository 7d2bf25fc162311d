/* SPDX-License-Identifier: BSD-3-Clause */
#include "udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "udp_impl.h"

static const struct net_proto_ops udp_ops = {
	.input = udp_input, .plain = udp_plain, .error = udp_error};
/* For those above that have no short way. */
static const struct net_proto_ops udp_long_ops = {.input = udp_input, .error = udp_error};

/* The port generator's own key, so that nothing is told about other uses of the secret. */
static struct siphash_key udp_port_key(const struct siphash_key *secret)
{
	return (struct siphash_key){
		.k0 = siphash(secret, "udp port 0", 10),
		.k1 = siphash(secret, "udp port 1", 10),
	};
}

void udp_recent_forget(struct udp *u)
{
	for (uint32_t i = 0; i < UDP_RECENT; i++)
		u->recent[i] = &u->sock[u->max]; /* which is never open */
}

static int udp_tables_init(struct udp *u)
{
	/* A socket of any family and address has two entries. */
	if (flow_table_init(&u->connected, u->max) != 0 ||
		flow_table_init(&u->bound, 2 * u->max) != 0 ||
		flow_table_init(&u->joined, u->n_member) != 0)
		return -ENOMEM;
	u->sock = calloc(u->max + 1, sizeof(*u->sock));
	u->member = calloc(u->n_member, sizeof(*u->member));
	u->receivers = calloc(u->max, sizeof(*u->receivers));
	if (u->sock == NULL || u->member == NULL || u->receivers == NULL)
		return -ENOMEM;
	for (uint32_t i = u->max; i > 0; i--) {
		u->sock[i - 1].next = u->free;
		u->free = i;
	}
	udp_recent_forget(u);
	for (uint32_t i = u->n_member; i > 0; i--) {
		u->member[i - 1].next = u->member_free;
		u->member_free = i;
	}
	return 0;
}

struct udp *udp_create(const struct udp_conf *c, struct env *env, struct net *net,
	const struct owner *owner, const struct udp_up_ops *up, void *up_ctx)
{
	uint16_t low = c->port_low != 0 ? c->port_low : 32768;
	uint16_t high = c->port_high != 0 ? c->port_high : 65535;
	struct siphash_key key = udp_port_key(&env->secret);
	struct udp *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return NULL;
	u->env = env;
	u->net = net;
	u->owner = owner;
	u->up = up;
	u->up_ctx = up_ctx;
	u->max = c->sockets != 0 ? c->sockets : 1024;
	u->n_member = 2 * u->max;
	if (udp_tables_init(u) != 0) {
		udp_destroy(u);
		errno = ENOMEM;
		return NULL;
	}
	if (port_alloc_init(&u->ports, &key, low, high) != 0) {
		udp_destroy(u);
		errno = EINVAL;
		return NULL;
	}
	net_proto_set(net, IPPROTO_UDP, up->received4 != NULL ? &udp_ops : &udp_long_ops, u);
	return u;
}

void udp_destroy(struct udp *u)
{
	if (u == NULL)
		return;
	flow_table_fini(&u->connected);
	flow_table_fini(&u->bound);
	flow_table_fini(&u->joined);
	free(u->sock);
	free(u->member);
	free(u->receivers);
	free(u);
}

udp_handle_t udp_handle(const struct udp *u, const struct udp_sock *s)
{
	return s->handle;
}

struct udp_sock *udp_find(const struct udp *u, udp_handle_t h)
{
	uint32_t i = (uint32_t)h - 1;

	if (unlikely(i >= u->max))
		return NULL;

	struct udp_sock *s = &u->sock[i];

	return likely(s->handle == h) ? s : NULL;
}

const void *udp_app_ops(const struct udp_sock *s)
{
	return s->app_ops;
}

void *udp_app_user(const struct udp_sock *s)
{
	return s->app_user;
}

void udp_local(const struct udp_sock *s, bool *v6, union net_ip *ip, uint16_t *port)
{
	*v6 = s->key.v6;
	*ip = s->key.lip;
	*port = s->key.lport;
}

bool udp_any(const struct udp_sock *s)
{
	return s->flags & UDP_ANY;
}

uint16_t udp_ifc(const struct udp_sock *s)
{
	return s->key.ifc != NET_NO_IFC ? s->key.ifc : s->ifc;
}

uint32_t udp_sockets(const struct udp *u)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < u->max; i++)
		n += (u->sock[i].flags & UDP_OPEN) != 0;
	return n;
}

struct udp_sock *udp_bound_find(const struct udp *u, const struct udp_key *k)
{
	uint32_t hash = udp_bound_hash(k->v6, &k->lip, k->lport);

	return udp_sock_at(u, flow_table_find(&u->bound, hash, udp_sock_match, u, k));
}

struct udp_sock *udp_demux(const struct udp *u, struct udp_key *k, const uint32_t *p_hash)
{
	if (u->n_connected != 0) {
		uint32_t hash = p_hash != NULL ? *p_hash : udp_flow_hash(u, k);
		uint32_t val = flow_table_find(&u->connected, hash, udp_sock_match, u, k);

		if (val != UDP_NONE)
			return udp_sock_at(u, val);
	}
	k->rport = 0;
	k->rip = (union net_ip){0};
	if (u->n_bound != 0) {
		struct udp_sock *s = udp_bound_find(u, k);

		if (s != NULL)
			return s;
	}
	k->lip = (union net_ip){0};
	k->ifc = NET_NO_IFC;
	return udp_bound_find(u, k);
}
