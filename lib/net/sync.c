/* SPDX-License-Identifier: BSD-3-Clause */
#include "mcast.h"
#include "net_msg.h"
#include "net_priv.h"

/*
 * Full mailboxes. A lost RESOLVE: the entry's timer or its next packet asks again (nud.c). A lost
 * CONFIRM: the next progress makes another. A lost
 * SUSPECT: the next timeout doubts again. Lost news of a neighbour: a bit per core, and as soon
 * as there is room FLUSH; the replica then asks for what it needs. Lost address states: a bit per
 * core, and all states again. A replica whose address waits for its first state asks every second.
 */
#define SYNC_RETRY_US 1000
#define SYNC_QUERY_US 1000000

static void sync_arm(struct net *n, uint64_t in_us)
{
	if (!timer_armed(&n->sync.timer))
		timer_arm(&n->env->wheel, &n->sync.timer, TIMER_NET_SYNC, n->env->now_us + in_us);
}

static struct net_msg_neigh neigh_msg(
	const struct net *n, const struct neigh *e, enum net_msg_kind kind)
{
	struct net_msg_neigh m = {.head = {.kind = (uint8_t)kind, .from = n->core},
		.ifc = e->ifc,
		.v6 = e->flags & NEIGH_V6,
		.state = e->state,
		.ip = e->ip};

	memcpy(m.mac, e->mac, sizeof(m.mac));
	return m;
}

static bool post_neigh(struct net *n, uint16_t core, const struct net_msg_neigh *m)
{
	return n->ops->post(n->ops_ctx, core, m, sizeof(*m));
}

bool sync_resolve(struct net *n, const struct neigh *e)
{
	struct net_msg_neigh m = neigh_msg(n, e, NET_MSG_RESOLVE);

	return post_neigh(n, 0, &m);
}

bool sync_confirm(struct net *n, const struct neigh *e)
{
	struct net_msg_neigh m = neigh_msg(n, e, NET_MSG_CONFIRM);

	return post_neigh(n, 0, &m);
}

bool sync_suspect(struct net *n, const struct neigh *e)
{
	struct net_msg_neigh m = neigh_msg(n, e, NET_MSG_SUSPECT);

	return post_neigh(n, 0, &m);
}

static void tell(struct net *n, uint16_t core, const struct net_msg_neigh *m)
{
	uint64_t bit = UINT64_C(1) << core;

	if ((n->sync.flush & bit) != 0 || post_neigh(n, core, m))
		return;
	n->sync.flush |= bit;
	sync_arm(n, SYNC_RETRY_US);
}

static struct net_msg_neigh news(const struct net *n, const struct neigh *e, bool hold)
{
	struct net_msg_neigh m =
		neigh_msg(n, e, e->state == NEIGH_FAILED ? NET_MSG_FAILED : NET_MSG_UPDATE);

	m.hold = hold;
	return m;
}

void sync_neigh_to(struct net *n, uint16_t core, const struct neigh *e, bool hold)
{
	struct net_msg_neigh m = news(n, e, hold);

	tell(n, core, &m);
}

void sync_neigh(struct net *n, const struct neigh *e, bool hold)
{
	struct net_msg_neigh m = news(n, e, hold);

	for (uint16_t k = 1; k < n->n_cores; k++)
		tell(n, k, &m);
}

/* Who waits for an entry that was evicted must not ask again at once: too many do. */
void sync_neigh_delete(struct net *n, const struct neigh *e)
{
	bool failed = e->state == NEIGH_INCOMPLETE || e->state == NEIGH_FAILED;
	struct net_msg_neigh m = neigh_msg(n, e, failed ? NET_MSG_FAILED : NET_MSG_DELETE);

	m.hold = true;
	if (n->core != 0 || e->state == NEIGH_NEW || (e->flags & NEIGH_FIXED) != 0)
		return;
	for (uint16_t k = 1; k < n->n_cores; k++)
		tell(n, k, &m);
}

static bool post_addrs(struct net *n, uint16_t core, struct net_msg_addrs *m)
{
	uint16_t len = (uint16_t)(offsetof(struct net_msg_addrs, item) +
				  m->head.count * sizeof(m->item[0]));
	bool ok = n->ops->post(n->ops_ctx, core, m, len);

	m->head.count = 0;
	return ok;
}

static void addrs_put(struct net_msg_addrs *m, const struct ifc *ifc, bool v6, unsigned i)
{
	unsigned count, k = m->head.count++;
	const struct net_addr *a = &addr_list(ifc, v6, &count)[i];

	m->item[k].ip = a->ip;
	m->item[k].ifc = ifc->pub.index;
	m->item[k].v6 = v6;
	m->item[k].state = a->state;
}

void sync_addr(struct net *n, const struct ifc *ifc, bool v6, unsigned i)
{
	struct net_msg_addrs m = {.head = {.kind = NET_MSG_ADDR_STATE, .from = n->core}};

	for (uint16_t k = 1; k < n->n_cores; k++) {
		addrs_put(&m, ifc, v6, i);
		if (!post_addrs(n, k, &m)) {
			n->sync.addrs |= UINT64_C(1) << k;
			sync_arm(n, SYNC_RETRY_US);
		}
	}
}

/* All states to one core. False: mailbox full on the way. */
static bool sync_addrs_all(struct net *n, uint16_t core)
{
	struct net_msg_addrs m = {.head = {.kind = NET_MSG_ADDR_STATE, .from = n->core}};

	for (uint16_t f = 0; f < n->n_ifc; f++)
		for (unsigned v6 = 0; v6 < 2; v6++) {
			unsigned count;

			addr_list(&n->ifc[f], v6, &count);
			for (unsigned i = 0; i < count; i++) {
				addrs_put(&m, &n->ifc[f], v6, i);
				if (m.head.count == NET_MSG_ADDRS && !post_addrs(n, core, &m))
					return false;
			}
		}
	return m.head.count == 0 || post_addrs(n, core, &m);
}

static bool sync_query(struct net *n)
{
	struct net_msg_head m = {.kind = NET_MSG_ADDR_QUERY, .from = n->core};

	return n->ops->post(n->ops_ctx, 0, &m, sizeof(m));
}

void sync_addr_query(struct net *n)
{
	n->sync.query = true;
	sync_arm(n, sync_query(n) ? SYNC_QUERY_US : SYNC_RETRY_US);
}

static bool addr_unknown(const struct net *n)
{
	for (uint16_t f = 0; f < n->n_ifc; f++)
		for (unsigned v6 = 0; v6 < 2; v6++) {
			unsigned count;
			const struct net_addr *a = addr_list(&n->ifc[f], v6, &count);

			for (unsigned i = 0; i < count; i++)
				if (a[i].state == NET_ADDR_TENTATIVE)
					return true;
		}
	return false;
}

static void sync_retry(struct net *n)
{
	struct net_msg_head flush = {.kind = NET_MSG_FLUSH, .from = n->core};

	for (uint16_t k = 1; k < n->n_cores; k++) {
		uint64_t bit = UINT64_C(1) << k;

		if ((n->sync.flush & bit) != 0 &&
			n->ops->post(n->ops_ctx, k, &flush, sizeof(flush)))
			n->sync.flush &= ~bit;
		if ((n->sync.addrs & bit) != 0 && sync_addrs_all(n, k))
			n->sync.addrs &= ~bit;
	}
	if ((n->sync.flush | n->sync.addrs) != 0)
		sync_arm(n, SYNC_RETRY_US);
}

static void sync_timer(void *ctx, struct timer *t, uint64_t now_us)
{
	struct net *n = ctx;

	if (n->core == 0) {
		sync_retry(n);
		return;
	}
	n->sync.query = n->sync.query && addr_unknown(n);
	if (n->sync.query)
		sync_addr_query(n);
}

void sync_init(struct net *n)
{
	env_timer_handler(n->env, TIMER_NET_SYNC, sync_timer, n);
}

/* Core 0: a replica has packets for a neighbour. */
static void on_resolve(struct net *n, const struct net_msg_neigh *m)
{
	struct neigh *e = neigh_make(n, m->ifc, m->v6, &m->ip, false);
	struct net_msg_neigh full = *m;

	if (e == NULL) {
		full.head = (struct net_msg_head){.kind = NET_MSG_FAILED, .from = n->core};
		full.hold = true;
		tell(n, m->head.from, &full);
		return;
	}
	e->used_us = n->env->now_us;
	switch (e->state) {
	case NEIGH_NEW:
	case NEIGH_FAILED:
		if (e->state == NEIGH_FAILED && n->env->now_us < e->hold_us)
			sync_neigh_to(n, m->head.from, e, true);
		else
			nud_resolve(n, e);
		break;
	case NEIGH_INCOMPLETE:
		break;
	case NEIGH_STALE:
		nud_used(n, e);
		sync_neigh_to(n, m->head.from, e, false);
		break;
	default:
		sync_neigh_to(n, m->head.from, e, false);
		break;
	}
}

static void on_confirm(struct net *n, const struct net_msg_neigh *m)
{
	struct neigh *e = neigh_find(n, m->ifc, m->v6, &m->ip);

	/* Not if the replica still sent to an older address. */
	if (e != NULL && memcmp(e->mac, m->mac, sizeof(e->mac)) == 0)
		nud_confirm(n, e);
}

/* The replica probes until it hears of it: at the end of the probe, or now if there is none. */
static void on_suspect(struct net *n, const struct net_msg_neigh *m)
{
	struct neigh *e = neigh_find(n, m->ifc, m->v6, &m->ip);

	if (e == NULL)
		return;
	nud_suspect(n, e);
	if (e->state == NEIGH_REACHABLE || e->state == NEIGH_STALE)
		sync_neigh_to(n, m->head.from, e, false);
}

static void on_update(struct net *n, const struct net_msg_neigh *m)
{
	struct neigh *e = neigh_make(n, m->ifc, m->v6, &m->ip, true);

	/* A replica without room learns when it needs to. */
	if (e != NULL && (e->flags & NEIGH_FIXED) == 0)
		nud_known(n, e, m->mac, (enum neigh_state)m->state);
}

static void on_failed(struct net *n, const struct net_msg_neigh *m)
{
	struct neigh *e = neigh_find(n, m->ifc, m->v6, &m->ip);

	if (e != NULL && (e->flags & NEIGH_FIXED) == 0)
		nud_fail(n, e, m->hold);
}

/* What waits is asked for again; the rest is forgotten. */
static void replica_forget(struct net *n, struct neigh *e)
{
	if ((e->flags & NEIGH_FIXED) != 0)
		return;
	if (e->q_head != NULL)
		nud_state(n, e, NEIGH_INCOMPLETE);
	else
		neigh_free(n, e, DROP_neigh_failed);
}

static void on_delete(struct net *n, const struct net_msg_neigh *m)
{
	struct neigh *e = neigh_find(n, m->ifc, m->v6, &m->ip);

	if (e != NULL)
		replica_forget(n, e);
}

static void on_flush(struct net *n)
{
	for (uint32_t i = 0; i <= n->neigh_mask; i++)
		if (n->neigh[i].state != NEIGH_FREE)
			replica_forget(n, &n->neigh[i]);
}

static void on_addrs(struct net *n, const struct net_msg_addrs *m, uint16_t len)
{
	if (len < offsetof(struct net_msg_addrs, item) + m->head.count * sizeof(m->item[0]))
		return;
	for (unsigned k = 0; k < m->head.count; k++) {
		struct ifc *ifc = &n->ifc[m->item[k].ifc];
		int i = m->item[k].ifc < n->n_ifc ? addr_find(ifc, m->item[k].v6, &m->item[k].ip)
						  : -1;

		if (i >= 0)
			addr_state_set(n, ifc, m->item[k].v6, (unsigned)i, m->item[k].state);
	}
}

static void on_neigh(struct net *n, const struct net_msg_neigh *m)
{
	if (m->ifc >= n->n_ifc)
		return;
	switch ((enum net_msg_kind)m->head.kind) {
	case NET_MSG_RESOLVE:
		on_resolve(n, m);
		break;
	case NET_MSG_CONFIRM:
		on_confirm(n, m);
		break;
	case NET_MSG_SUSPECT:
		on_suspect(n, m);
		break;
	case NET_MSG_UPDATE:
		on_update(n, m);
		break;
	case NET_MSG_FAILED:
		on_failed(n, m);
		break;
	case NET_MSG_DELETE:
		on_delete(n, m);
		break;
	default:
		break;
	}
}

void net_message(struct net *n, const void *body, uint16_t len)
{
	union {
		struct net_msg_head head;
		struct net_msg_neigh neigh;
		struct net_msg_addrs addrs;
		struct net_msg_redirect redirect;
		struct net_msg_group group;
	} m;

	if (len < sizeof(m.head) || len > sizeof(m))
		return;
	memcpy(&m, body, len);
	switch ((enum net_msg_kind)m.head.kind) {
	case NET_MSG_ADDR_QUERY:
		n->sync.addrs |= UINT64_C(1) << m.head.from;
		sync_retry(n);
		break;
	case NET_MSG_FLUSH:
		on_flush(n);
		break;
	case NET_MSG_ADDR_STATE:
		on_addrs(n, &m.addrs, len);
		break;
	case NET_MSG_REDIRECT:
		if (len >= sizeof(m.redirect) && m.redirect.ifc < n->n_ifc)
			redirect_set(
				n, m.redirect.ifc, m.redirect.v6, &m.redirect.dst, &m.redirect.gw);
		break;
	case NET_MSG_GROUP:
		if (len >= sizeof(m.group))
			mcast_message(n, &m.group);
		break;
	default:
		if (len >= sizeof(m.neigh))
			on_neigh(n, &m.neigh);
		break;
	}
}
