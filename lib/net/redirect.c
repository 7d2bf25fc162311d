/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_msg.h"
#include "net_priv.h"

/*
 * Redirects, as a host takes them (RFC 1122 section 3.2.2.2): a host route for a while, on all cores.
 * Only the router that packets to the destination go by now may say so, and only name a neighbour of
 * the interface it says it on.
 */
#define REDIRECT_US UINT64_C(600000000)
/* So many in so long: each makes flows look for their route again. */
#define REDIRECT_PERIOD_US 100000
#define REDIRECT_BURST	   10

void redirect_set(
	struct net *n, uint16_t ifc, bool v6, const union net_ip *dst, const union net_ip *gw)
{
	struct fib *f = v6 ? &n->fib6 : &n->fib4;
	const struct fib_route *old = route_pick(n, v6, dst, ifc);
	struct fib_route r = {.prefix = *dst,
		.gw = *gw,
		.plen = v6 ? 128 : 32,
		.ifc = ifc,
		.until_us = n->env->now_us + REDIRECT_US};
	struct neigh *e = old != NULL ? neigh_find(n, ifc, v6, &old->gw) : NULL;

	fib_redirects_expire(f, n->env->now_us);
	if (old != NULL && old->until_us != 0 && net_ip_eq(&old->prefix, dst))
		fib_del(f, dst, r.plen, &old->gw, false, ifc);
	if (f->n_redirect == FIB_REDIRECT_MAX)
		fib_redirect_evict(f);
	if (fib_add(f, &r) == 0 && e != NULL)
		neigh_gen_next(e);
}

bool redirect_input(
	struct net *n, const struct net_pkt *p, const union net_ip *dst, const union net_ip *gw)
{
	bool v6 = p->flags & NET_PKT_V6;
	const struct fib_route *r = route_pick(n, v6, dst, NET_NO_IFC);
	struct net_msg_redirect m = {
		.head = {.kind = NET_MSG_REDIRECT, .from = n->core}, .ifc = p->ifc, .v6 = v6};

	if (!n->conf.redirects || r == NULL || r->ifc != p->ifc || net_ip_any(&r->gw) ||
		!net_ip_eq(&r->gw, &p->src) || net_ip_eq(gw, &p->src) || net_is_local(n, v6, gw) ||
		!route_on_link(n, p->ifc, v6, gw))
		return false;
	if (n->env->now_us - n->redirect_us >= REDIRECT_PERIOD_US) {
		n->redirect_us = n->env->now_us;
		n->redirects = 0;
	}
	if (n->redirects++ >= REDIRECT_BURST)
		return false;
	m.dst = *dst;
	m.gw = *gw;
	redirect_set(n, p->ifc, v6, dst, gw);
	for (uint16_t k = 0; k < n->n_cores; k++)
		if (k != n->core)
			n->ops->post(n->ops_ctx, k, &m, sizeof(m));
	return true;
}
