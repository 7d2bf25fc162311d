/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "tcp_priv.h"

/* Listeners: found most specific first, by at most three look-ups in one table. */

struct listen_key {
	bool v6, any;
	union net_ip ip;
	uint16_t port;
	uint32_t scope;
};

/* What peers send can only look for entries, and the application makes them: mixing will do. */
static uint32_t listen_hash(const struct tcp *tcp, const struct listen_key *k)
{
	uint64_t ip[2], x;

	memcpy(ip, &k->ip, sizeof(ip));
	x = (ip[0] ^ tcp->env->secret.k0) * UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 32 ^ ip[1]) * UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 32 ^ (uint64_t)k->scope << 32 ^ (uint64_t)k->port << 8 ^ (uint64_t)k->v6 << 1 ^
	     (uint64_t)k->any;
	return (uint32_t)(x * UINT64_C(0x94d049bb133111eb) >> 32);
}

static bool listen_match(const void *ctx, uint32_t val, const void *key)
{
	const struct tcp_listener *l = &((const struct tcp *)ctx)->listeners[val - 1];
	const struct listen_key *k = key;

	return l->port == k->port && l->scope == k->scope && l->any == k->any && l->v6 == k->v6 &&
	       memcmp(&l->ip, &k->ip, sizeof(l->ip)) == 0;
}

static struct tcp_listener *listen_find(struct tcp *tcp, const struct listen_key *k)
{
	uint32_t val =
		flow_table_find(&tcp->listen_table, listen_hash(tcp, k), listen_match, tcp, k);

	return val != 0 ? &tcp->listeners[val - 1] : NULL;
}

struct tcp_listener *tcp_listener_lookup(
	struct tcp *tcp, bool v6, const union net_ip *ip, uint16_t port, uint32_t scope)
{
	struct listen_key k = {.v6 = v6, .port = port, .scope = scope};
	struct tcp_listener *l;

	if (tcp->n_listen_ip != 0) {
		if (v6)
			k.ip = *ip;
		else
			k.ip.v4 = ip->v4;
		l = listen_find(tcp, &k);
		if (l != NULL)
			return l;
		memset(&k.ip, 0, sizeof(k.ip));
	}
	l = listen_find(tcp, &k);
	if (l != NULL)
		return l;
	k.v6 = false;
	k.any = true;
	return listen_find(tcp, &k);
}

/* Would the new listener and an old one want the same segments with equal right? */
static bool listen_taken(struct tcp *tcp, const struct listen_key *k)
{
	struct listen_key other = *k;

	if (listen_find(tcp, k) != NULL)
		return true;
	memset(&other.ip, 0, sizeof(other.ip));
	if (k->any) { /* both families: neither may have an any-address listener */
		other.any = false;
		other.v6 = false;
		if (listen_find(tcp, &other) != NULL)
			return true;
		other.v6 = true;
		return listen_find(tcp, &other) != NULL;
	}
	if (memcmp(&k->ip, &other.ip, sizeof(other.ip)) != 0)
		return false;
	other.any = true;
	other.v6 = false;
	return listen_find(tcp, &other) != NULL;
}

static bool ip_zero(const union net_ip *ip)
{
	static const union net_ip zero;

	return memcmp(ip, &zero, sizeof(zero)) == 0;
}

struct tcp_listener *tcp_listen(struct tcp *tcp, bool v6, bool any, const union net_ip *ip,
	uint16_t port, uint32_t scope, const struct tcp_opts *o, const void *app_ops,
	void *app_user)
{
	struct listen_key k = {.v6 = v6 && !any, .any = any, .port = port, .scope = scope};
	uint32_t i;

	if (!any && v6)
		k.ip = *ip;
	else if (!any)
		k.ip.v4 = ip->v4;
	if (port == 0) {
		errno = EINVAL;
		return NULL;
	}
	if (!any && !ip_zero(&k.ip) && !net_is_local(tcp->net, v6, &k.ip)) {
		errno = EADDRNOTAVAIL;
		return NULL;
	}
	if (listen_taken(tcp, &k)) {
		errno = EADDRINUSE;
		return NULL;
	}
	for (i = 0; i < tcp->conf.listeners && tcp->listeners[i].used; i++)
		;
	if (i == tcp->conf.listeners ||
		flow_table_insert(&tcp->listen_table, listen_hash(tcp, &k), i + 1) != 0) {
		errno = ENOMEM;
		return NULL;
	}
	struct tcp_listener *l = &tcp->listeners[i];
	uint32_t generation = l->generation;

	tcp->n_listen_ip += !ip_zero(&k.ip);
	*l = (struct tcp_listener){
		.used = true,
		.v6 = k.v6,
		.any = any,
		.ip = k.ip,
		.port = port,
		.scope = scope,
		.generation = generation,
		.app_ops = app_ops,
		.app_user = app_user,
	};
	if (o != NULL)
		l->opts = *o;
	/* Without a limit of its own a listener may fill the table, which then evicts its oldest. */
	l->backlog = l->opts.backlog != 0 ? l->opts.backlog : UINT32_MAX;
	tcp->n_listeners++;
	return l;
}

void tcp_listener_close(struct tcp *tcp, struct tcp_listener *l)
{
	struct listen_key k = {
		.v6 = l->v6, .any = l->any, .ip = l->ip, .port = l->port, .scope = l->scope};
	uint32_t index = (uint32_t)(l - tcp->listeners);

	for (uint32_t h = tcp->ho_oldest; h != 0;) {
		struct tcp_half_open *ho = &tcp->ho[h - 1];

		h = ho->next;
		if (ho->listener == index)
			tcp_half_open_free(tcp, ho);
	}
	flow_table_remove(&tcp->listen_table, listen_hash(tcp, &k), index + 1);
	l->used = false;
	tcp->n_listen_ip -= !ip_zero(&l->ip);
	l->generation++;
	tcp->n_listeners--;
}

tcp_handle_t tcp_listener_handle(const struct tcp *tcp, const struct tcp_listener *l)
{
	return (uint64_t)l->generation << 32 | (uint32_t)(l - tcp->listeners + 1);
}

struct tcp_listener *tcp_listener_find(const struct tcp *tcp, tcp_handle_t h)
{
	uint32_t i = (uint32_t)h;

	if (i == 0 || i > tcp->conf.listeners)
		return NULL;
	struct tcp_listener *l = &tcp->listeners[i - 1];

	return l->used && l->generation == h >> 32 ? l : NULL;
}
