/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_priv.h"

#include <stdlib.h>

void net_conf_default(struct net_conf *c)
{
	*c = (struct net_conf){.neigh_max = 1024,
		.neigh_queue = 16,
		.arp_retry_us = 1000000,
		.arp_tries = 3,
		.reachable_us = 30000000,
		.delay_probe_us = 5000000,
		.nd_retrans_us = 1000000,
		.nd_multicast_tries = 3,
		.nd_unicast_tries = 3,
		.dad_transmits = 1,
		.acd = true,
		.ttl = 64,
		.frag_datagrams = 1024,
		.frag_timeout_us = 60000000,
		.icmp_rate = 1000,
		.icmp_burst = 50,
		.echo_reply = true,
		.redirects = true,
		.send_redirects = true,
		.mcast_reports = true,
		.mcast_robustness = 2,
		.strong_host = true};
}

struct net *net_create(const struct net_conf *c, struct env *env, const struct owner *owner,
	const struct net_env_ops *ops, void *ops_ctx)
{
	struct net *n = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*n), 64));

	if (n == NULL)
		return NULL;
	memset(n, 0, sizeof(*n));
	n->env = env;
	n->owner = owner;
	n->ops = ops;
	n->ops_ctx = ops_ctx;
	n->core = env->core;
	n->n_cores = env->n_cores;
	n->conf = *c;
	n->fib6.v6 = true;
	memset(n->verdict, NET_LONG, sizeof(n->verdict));
	n->accept = NET_TCP | NET_UDP;
	addr_rx_clear(&n->no_rx);
	for (unsigned i = 0; i < NET_PORT_MAX; i++)
		n->untagged_rx[i] = &n->no_rx;
	n->frag6_id = (uint32_t)rng_u64(&env->rng);
	for (unsigned i = 0; i < NET_IP_ID_SLOTS; i++)
		n->ip_id[i] = (uint16_t)((uint16_t)rng_u64(&env->rng) * n->n_cores + n->core);
	if (n->n_cores > NET_CORES_MAX || neigh_init(n) != 0 || frag_init(n) != 0 ||
		group_init(n) != 0 || mcast_init(n) != 0) {
		net_destroy(n);
		errno = ENOMEM;
		return NULL;
	}
	icmp_limit_init(n);
	nud_init(n);
	addr_check_init(n);
	sync_init(n);
	return n;
}

void net_destroy(struct net *n)
{
	if (n == NULL)
		return;
	for (uint16_t f = 0; f < n->n_ifc; f++)
		for (unsigned i = 0; i < NET_ADDR_MAX; i++) {
			addr_check_stop(n, &n->ifc[f], false, i);
			addr_check_stop(n, &n->ifc[f], true, i);
		}
	timer_cancel(&n->env->wheel, &n->sync.timer);
	mcast_fini(n);
	group_fini(n);
	frag_fini(n);
	neigh_fini(n);
	free(n);
}

void net_proto_set(struct net *n, uint8_t proto, const struct net_proto_ops *ops, void *ctx)
{
	struct net_proto *p = proto == IPPROTO_TCP ? &n->tcp : &n->udp;

	p->ops = ops;
	p->ctx = ctx;
	if (p == &n->udp)
		n->accept = NET_TCP | (ops == NULL || ops->plain == NULL ? NET_UDP : 0);
	n->verdict[proto] = ops == NULL ? NET_LONG : proto == IPPROTO_TCP ? NET_TCP : NET_UDP;
}

void net_confirm(struct net *n, const struct net_dst *d)
{
	struct neigh *e = &n->neigh[d->neigh & n->neigh_mask];
	uint64_t now = n->env->now_us;

	/* Once a second is news enough. */
	if (e->gen != d->neigh >> 16 || now - e->confirmed_us < 1000000)
		return;
	if (n->core == 0)
		nud_confirm(n, e);
	else if (e->state >= NEIGH_STALE && (e->flags & NEIGH_FIXED) == 0 && sync_confirm(n, e))
		e->confirmed_us = now;
}

void net_suspect(struct net *n, const struct net_dst *d)
{
	struct neigh *e = &n->neigh[d->neigh & n->neigh_mask];

	if (e->gen == d->neigh >> 16)
		nud_suspect(n, e);
}
