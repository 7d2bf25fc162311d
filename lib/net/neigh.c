/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_priv.h"

#include <stdlib.h>

/* How many entries a search for a victim looks at: what a flood of new neighbours costs each. */
#define EVICT_WINDOW 64

struct neigh_key {
	union net_ip ip;
	uint32_t ifc_v6;
};

/* Keyed, so that nobody can fill one chain (RFC 6583). */
static uint16_t *neigh_bucket(const struct net *n, uint16_t ifc, bool v6, const union net_ip *ip)
{
	struct neigh_key k = {.ip = *ip, .ifc_v6 = (uint32_t)ifc << 1 | v6};

	return &n->nt.bucket[siphash(&n->env->secret, &k, sizeof(k)) & n->nt.bucket_mask];
}

int neigh_init(struct net *n)
{
	uint32_t max = n->conf.neigh_max;

	if (max < 2 || max > NEIGH_MAX_MAX || (max & (max - 1)) != 0)
		return -EINVAL;
	n->neigh_mask = max - 1;
	n->nt.bucket_mask = max - 1;
	n->neigh = aligned_alloc(64, RTE_ALIGN_CEIL(max * sizeof(struct neigh), 64));
	n->nt.bucket = malloc(max * sizeof(uint16_t));
	if (n->neigh == NULL || n->nt.bucket == NULL)
		return -ENOMEM;
	memset(n->neigh, 0, max * sizeof(struct neigh));
	memset(n->nt.bucket, 0xff, max * sizeof(uint16_t));
	for (uint32_t i = 0; i < max; i++) {
		n->neigh[i].gen = 1;
		n->neigh[i].port = &n->ifc[0];
		n->neigh[i].next = i + 1 < max ? (uint16_t)(i + 1) : NEIGH_NIL;
	}
	n->nt.free = 0;
	return 0;
}

void neigh_fini(struct net *n)
{
	if (n->neigh != NULL)
		for (uint32_t i = 0; i <= n->neigh_mask; i++)
			if (n->neigh[i].state != NEIGH_FREE)
				neigh_free(n, &n->neigh[i], DROP_neigh_queue);
	free(n->neigh);
	free(n->nt.bucket);
}

struct neigh *neigh_find(struct net *n, uint16_t ifc, bool v6, const union net_ip *ip)
{
	uint16_t i = *neigh_bucket(n, ifc, v6, ip);

	while (i != NEIGH_NIL) {
		struct neigh *e = &n->neigh[i];

		if (e->ifc == ifc && !!(e->flags & NEIGH_V6) == v6 && net_ip_eq(&e->ip, ip))
			return e;
		i = e->next;
	}
	return NULL;
}

uint32_t neigh_handle(const struct net *n, const struct neigh *e)
{
	return (uint32_t)e->gen << 16 | (uint32_t)(e - n->neigh);
}

void neigh_gen_next(struct neigh *e)
{
	e->gen = e->gen == UINT16_MAX ? 1 : (uint16_t)(e->gen + 1);
	neigh_plain_set(e);
}

void neigh_plain_set(struct neigh *e)
{
	e->plain = e->state >= NEIGH_DELAY && e->port->tx_plain ? e->gen : 0;
}

void neigh_plain_ifc(struct net *n, uint16_t ifc)
{
	for (uint32_t i = 0; i <= n->neigh_mask; i++)
		if (n->neigh[i].ifc == ifc)
			neigh_plain_set(&n->neigh[i]);
}

void neigh_mac_set(struct net *n, struct neigh *e, const uint8_t mac[6])
{
	uint16_t type = e->flags & NEIGH_V6 ? NET_TYPE_IP6 : NET_TYPE_IP4;

	/* Prepared headers hold the former one. */
	if (e->state >= NEIGH_STALE && memcmp(e->mac, mac, sizeof(e->mac)) != 0)
		neigh_gen_next(e);
	memcpy(e->mac, mac, sizeof(e->mac));
	e->l2_len = eth_l2_make(&n->ifc[e->ifc], mac, type, e->l2);
	neigh_plain_set(e);
}

/* A waiting packet is linked through the place in front of its IP header. */
struct rte_mbuf *neigh_queue_next(const struct rte_mbuf *m)
{
	struct rte_mbuf *next;

	memcpy(&next, rte_pktmbuf_mtod(m, const uint8_t *) - NEIGH_L2_ROOM, sizeof(next));
	return next;
}

static void queue_link(struct rte_mbuf *m, struct rte_mbuf *next)
{
	memcpy(rte_pktmbuf_mtod(m, uint8_t *) - NEIGH_L2_ROOM, &next, sizeof(next));
}

static struct rte_mbuf *queue_pop(struct neigh *e)
{
	struct rte_mbuf *m = e->q_head;

	if (m != NULL) {
		e->q_head = neigh_queue_next(m);
		e->queued--;
	}
	return m;
}

/* The latest packets are kept (RFC 1122 section 2.3.2.2). */
static void queue_push(struct net *n, struct neigh *e, struct rte_mbuf *m)
{
	if (e->queued >= n->conf.neigh_queue) {
		struct rte_mbuf *old = queue_pop(e);

		if (old == NULL)
			old = m;
		pkt_drop(&n->env->pool, old, DROP_neigh_queue);
		if (old == m)
			return;
	}
	queue_link(m, NULL);
	if (e->q_head == NULL)
		e->q_head = m;
	else
		queue_link(e->q_tail, m);
	e->q_tail = m;
	e->queued++;
}

void neigh_queue_send(struct net *n, struct neigh *e)
{
	struct rte_mbuf *m;

	while ((m = queue_pop(e)) != NULL)
		eth_neigh_tx(n, e->port, e, m, 0);
}

void neigh_queue_drop(struct net *n, struct neigh *e, enum drop why)
{
	struct rte_mbuf *m;

	while ((m = queue_pop(e)) != NULL)
		pkt_drop(&n->env->pool, m, why);
}

void neigh_handles_end(struct net *n, bool v6)
{
	for (uint32_t i = 0; i <= n->neigh_mask; i++)
		if (!!(n->neigh[i].flags & NEIGH_V6) == v6)
			neigh_gen_next(&n->neigh[i]);
}

void neigh_free(struct net *n, struct neigh *e, enum drop why)
{
	uint16_t i = (uint16_t)(e - n->neigh);
	uint16_t *at = neigh_bucket(n, e->ifc, e->flags & NEIGH_V6, &e->ip);

	while (*at != i)
		at = &n->neigh[*at].next;
	*at = e->next;
	timer_cancel(&n->env->wheel, &e->timer);
	neigh_queue_drop(n, e, why);
	e->state = NEIGH_FREE;
	e->flags = 0;
	neigh_gen_next(e);
	e->next = n->nt.free;
	n->nt.free = i;
}

/* The higher, the more worth keeping; entries that work and are in use never go for a new one. */
static unsigned neigh_worth(const struct net *n, const struct neigh *e)
{
	if (e->flags & NEIGH_PERMANENT)
		return 4;
	switch (e->state) {
	case NEIGH_NEW:
	case NEIGH_FAILED:
		return 0;
	case NEIGH_INCOMPLETE:
		return 1;
	case NEIGH_STALE:
		return 2;
	default:
		return n->env->now_us - e->used_us < n->conf.reachable_us ? 4 : 3;
	}
}

static struct neigh *neigh_victim(struct net *n)
{
	struct neigh *best = NULL;
	unsigned best_worth = 4;

	for (unsigned k = 0; k < EVICT_WINDOW && k <= n->neigh_mask; k++) {
		struct neigh *e = &n->neigh[n->nt.hand];
		unsigned worth = neigh_worth(n, e);

		n->nt.hand = (uint16_t)((n->nt.hand + 1u) & n->neigh_mask);
		if (worth < best_worth ||
			(best != NULL && worth == best_worth && e->used_us < best->used_us)) {
			best = e;
			best_worth = worth;
		}
	}
	return best;
}

struct neigh *neigh_make(struct net *n, uint16_t ifc, bool v6, const union net_ip *ip, bool room)
{
	struct neigh *e = neigh_find(n, ifc, v6, ip);
	uint16_t *head;

	if (e != NULL)
		return e;
	if (n->nt.free == NEIGH_NIL) {
		e = room ? NULL : neigh_victim(n);
		if (e == NULL)
			return NULL;
		net_count(n, CNT_neigh_evicted);
		sync_neigh_delete(n, e);
		neigh_free(n, e, DROP_neigh_full);
	}
	e = &n->neigh[n->nt.free];
	n->nt.free = e->next;
	head = neigh_bucket(n, ifc, v6, ip);
	e->next = *head;
	*head = (uint16_t)(e - n->neigh);
	e->ip = *ip;
	e->ifc = ifc;
	e->port = &n->ifc[ifc];
	e->flags = v6 ? NEIGH_V6 : 0;
	e->state = NEIGH_NEW;
	neigh_plain_set(e);
	e->used_us = n->env->now_us;
	e->confirmed_us = e->begin_us = e->hold_us = 0;
	e->q_head = NULL;
	e->queued = 0;
	memset(e->mac, 0, sizeof(e->mac));
	return e;
}

void neigh_flush_ifc(struct net *n, uint16_t ifc, bool v6)
{
	for (uint32_t i = 0; i <= n->neigh_mask; i++) {
		struct neigh *e = &n->neigh[i];

		if (e->state == NEIGH_FREE || e->ifc != ifc || !!(e->flags & NEIGH_V6) != v6)
			continue;
		if (e->flags & NEIGH_PERMANENT)
			neigh_gen_next(e);
		else
			neigh_free(n, e, DROP_ifc_no_address);
	}
}

int neigh_output(struct net *n, struct neigh *e, struct rte_mbuf *m)
{
	e->used_us = n->env->now_us;
	if (e->state >= NEIGH_STALE) {
		eth_neigh_tx(n, e->port, e, m, 0);
		if (e->state == NEIGH_STALE)
			nud_used(n, e);
		return 0;
	}
	if (e->state == NEIGH_FAILED && n->env->now_us < e->hold_us) {
		pkt_drop(&n->env->pool, m, DROP_neigh_failed);
		return -EHOSTUNREACH;
	}
	queue_push(n, e, m);
	if (e->state != NEIGH_INCOMPLETE)
		nud_resolve(n, e);
	return 0;
}

int net_neigh_add(
	struct net *n, uint16_t ifc, bool v6, const union net_ip *ip, const uint8_t mac[6])
{
	struct neigh *e;

	if (ifc >= n->n_ifc || (mac[0] & 1) != 0 || net_ip_any(ip))
		return -EINVAL;
	e = neigh_make(n, ifc, v6, ip, false);
	if (e == NULL)
		return -ENOSPC;
	timer_cancel(&n->env->wheel, &e->timer);
	e->flags |= NEIGH_PERMANENT;
	e->state = NEIGH_REACHABLE;
	neigh_mac_set(n, e, mac);
	neigh_queue_send(n, e);
	return 0;
}

int net_neigh_del(struct net *n, uint16_t ifc, bool v6, const union net_ip *ip)
{
	struct neigh *e = neigh_find(n, ifc, v6, ip);

	if (e == NULL || e->flags & NEIGH_MAPPED)
		return -ENOENT;
	neigh_free(n, e, DROP_neigh_failed);
	return 0;
}

void net_neigh_flush(struct net *n, uint16_t ifc, bool v6)
{
	neigh_flush_ifc(n, ifc, v6);
}

unsigned net_neigh_list(
	const struct net *n, struct net_neigh_info *out, unsigned max, uint32_t *cursor)
{
	static const char *const name[] = {[NEIGH_NEW] = "INCOMPLETE",
		[NEIGH_INCOMPLETE] = "INCOMPLETE",
		[NEIGH_FAILED] = "FAILED",
		[NEIGH_STALE] = "STALE",
		[NEIGH_DELAY] = "DELAY",
		[NEIGH_PROBE] = "PROBE",
		[NEIGH_REACHABLE] = "REACHABLE"};
	unsigned k = 0;

	for (; *cursor <= n->neigh_mask && k < max; ++*cursor) {
		const struct neigh *e = &n->neigh[*cursor];

		if (e->state == NEIGH_FREE || e->flags & NEIGH_MAPPED)
			continue;
		out[k] = (struct net_neigh_info){.ip = e->ip,
			.v6 = e->flags & NEIGH_V6,
			.permanent = e->flags & NEIGH_PERMANENT,
			.ifc = e->ifc,
			.state = name[e->state],
			.queued = e->queued,
			.age_us = n->env->now_us - e->confirmed_us};
		memcpy(out[k++].mac, e->mac, sizeof(e->mac));
	}
	return k;
}
