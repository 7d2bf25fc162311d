/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_priv.h"

/*
 * Neighbour unreachability detection (RFC 4861 section 7.3), for IPv6 and, with ARP's messages,
 * for IPv4 (RFC 1122 section 2.3.2.1). Core 0 runs it; on a replica the same functions keep what
 * core 0 says and ask it.
 */

/* How soon a replica asks again: the mailbox was full, or no news has come. */
#define ASK_FULL_US  1000
#define ASK_AGAIN_US 1000000

/* A neighbour that was proved reachable since is not doubted. */
#define SUSPECT_US 1000000

static struct neigh *nud_entry(struct timer *t)
{
	return (struct neigh *)((char *)t - offsetof(struct neigh, timer));
}

static uint32_t nud_retry_us(const struct net *n, const struct neigh *e)
{
	return e->flags & NEIGH_V6 ? n->conf.nd_retrans_us : n->conf.arp_retry_us;
}

static uint8_t nud_tries(const struct net *n, const struct neigh *e)
{
	if (!(e->flags & NEIGH_V6))
		return n->conf.arp_tries;
	return e->state == NEIGH_PROBE ? n->conf.nd_unicast_tries : n->conf.nd_multicast_tries;
}

/* Uniform between half and one and a half times the configured time (RFC 4861 section 6.3.2). */
static uint64_t nud_reachable_us(struct net *n)
{
	uint32_t base = n->conf.reachable_us;

	return base / 2 + rng_below(&n->env->rng, base + 1);
}

static void nud_arm(struct net *n, struct neigh *e, uint64_t in_us)
{
	timer_arm(&n->env->wheel, &e->timer, TIMER_NET_NEIGH, n->env->now_us + in_us);
}

static void nud_solicit(struct net *n, struct neigh *e)
{
	bool unicast = e->state == NEIGH_PROBE;

	e->tries++;
	nud_arm(n, e, nud_retry_us(n, e));
	if (e->flags & NEIGH_V6)
		nd_solicit(n, e, unicast);
	else
		arp_solicit(n, e, unicast);
}

/* Replica: asks core 0, and again until it has told. */
static void nud_ask(struct net *n, struct neigh *e)
{
	nud_arm(n, e, sync_resolve(n, e) ? ASK_AGAIN_US : ASK_FULL_US);
}

void nud_state(struct net *n, struct neigh *e, enum neigh_state state)
{
	timer_cancel(&n->env->wheel, &e->timer);
	e->state = (uint8_t)state;
	neigh_plain_set(e);
	e->tries = 0;
	if (state == NEIGH_REACHABLE)
		e->confirmed_us = e->begin_us = n->env->now_us;
	if (n->core != 0) {
		if (state == NEIGH_INCOMPLETE)
			nud_ask(n, e);
		return;
	}
	switch (state) {
	case NEIGH_INCOMPLETE:
	case NEIGH_PROBE:
		nud_solicit(n, e);
		break;
	case NEIGH_DELAY:
		nud_arm(n, e, n->conf.delay_probe_us);
		break;
	case NEIGH_REACHABLE:
		nud_arm(n, e, nud_reachable_us(n));
		sync_neigh(n, e, false);
		break;
	case NEIGH_STALE:
		sync_neigh(n, e, false);
		break;
	default:
		break;
	}
}

void nud_used(struct net *n, struct neigh *e)
{
	/* A replica that cannot tell core 0 now stays STALE and tells it with its next packet. */
	if (n->core == 0 || sync_resolve(n, e))
		nud_state(n, e, NEIGH_DELAY);
}

void nud_resolve(struct net *n, struct neigh *e)
{
	net_count(n, CNT_neigh_resolves);
	nud_state(n, e, NEIGH_INCOMPLETE);
}

void nud_known(struct net *n, struct neigh *e, const uint8_t mac[6], enum neigh_state state)
{
	bool resolved = e->state < NEIGH_STALE;
	bool waiting = e->q_head != NULL;

	if (e->state == NEIGH_INCOMPLETE)
		net_count(n, CNT_neigh_resolved);
	neigh_mac_set(n, e, mac);
	nud_state(n, e, state);
	if (resolved && waiting) {
		neigh_queue_send(n, e);
		if (state == NEIGH_STALE)
			nud_used(n, e);
	}
}

void nud_learn(struct net *n, struct neigh *e, const uint8_t mac[6])
{
	if (e->flags & NEIGH_FIXED)
		return;
	if (e->state < NEIGH_STALE || memcmp(e->mac, mac, sizeof(e->mac)) != 0)
		nud_known(n, e, mac, NEIGH_STALE);
}

void nud_answer(struct net *n, struct neigh *e, const uint8_t mac[6])
{
	if (!(e->flags & NEIGH_FIXED))
		nud_known(n, e, mac, NEIGH_REACHABLE);
}

void nud_fail(struct net *n, struct neigh *e, bool hold)
{
	struct rte_mbuf *m = e->q_head, *next;

	net_count(n, CNT_neigh_failed);
	nud_state(n, e, NEIGH_FAILED);
	e->begin_us = n->env->now_us;
	neigh_gen_next(e); /* flows may have another gateway to go by */
	e->hold_us = hold ? n->env->now_us + nud_retry_us(n, e) : 0;
	if (n->core == 0)
		sync_neigh(n, e, hold);
	/* Whoever is told may send again at once. */
	e->q_head = NULL;
	e->queued = 0;
	for (; m != NULL; m = next) {
		next = neigh_queue_next(m);
		net_error_unreach(n, e, m);
		pkt_drop(&n->env->pool, m, DROP_neigh_failed);
	}
}

void nud_confirm(struct net *n, struct neigh *e)
{
	if (e->state < NEIGH_STALE || e->flags & NEIGH_FIXED)
		return;
	if (e->state == NEIGH_REACHABLE)
		e->confirmed_us = n->env->now_us;
	else
		nud_state(n, e, NEIGH_REACHABLE);
}

/* Dead gateways are found by advice from above, too (RFC 1122 section 3.3.1.4). The transport has waited
 * long enough for its answers: no DELAY. In other states the neighbour is in doubt already. */
void nud_suspect(struct net *n, struct neigh *e)
{
	if (e->state != NEIGH_REACHABLE || e->flags & NEIGH_FIXED ||
		n->env->now_us - e->confirmed_us < SUSPECT_US)
		return;
	if (n->core == 0 || sync_suspect(n, e))
		nud_state(n, e, NEIGH_PROBE);
}

/* Confirmations from above only note their time; the timer starts again from there. */
static void nud_reachable_end(struct net *n, struct neigh *e)
{
	uint64_t now = n->env->now_us, end = e->confirmed_us + nud_reachable_us(n);

	if (e->confirmed_us == e->begin_us || end <= now) {
		nud_state(n, e, NEIGH_STALE);
		return;
	}
	e->begin_us = e->confirmed_us;
	nud_arm(n, e, end - now);
}

static void nud_timer(void *ctx, struct timer *t, uint64_t now_us)
{
	struct net *n = ctx;
	struct neigh *e = nud_entry(t);

	if (n->core != 0) {
		if (e->state == NEIGH_INCOMPLETE)
			nud_ask(n, e);
		return;
	}
	switch (e->state) {
	case NEIGH_INCOMPLETE:
	case NEIGH_PROBE:
		if (e->tries < nud_tries(n, e))
			nud_solicit(n, e);
		else
			nud_fail(n, e, e->state == NEIGH_INCOMPLETE);
		break;
	case NEIGH_REACHABLE:
		nud_reachable_end(n, e);
		break;
	case NEIGH_DELAY:
		nud_state(n, e, NEIGH_PROBE);
		break;
	default:
		break;
	}
}

void nud_init(struct net *n)
{
	env_timer_handler(n->env, TIMER_NET_NEIGH, nud_timer, n);
}
