/* SPDX-License-Identifier: BSD-3-Clause */
#include "mcast.h"

#include <stdlib.h>

#define RETRY_US	1000
#define UNSOLICITED_US	1000000	 /* RFC 3376 section 8.11, RFC 3810 section 9.11 */
#define UNSOLICITED2_US 10000000 /* RFC 2236 section 8.10, RFC 2710 section 7.10 */
#define RESPONSE_MIN_US 10000	 /* however many queries come, answers are this far apart */
#define INTERVAL_S	125	 /* RFC 3376 section 8.2, RFC 3810 section 9.2 */

/* These are not reported (RFC 3376 section 5, RFC 3810 section 6). */
static bool mcast_silent(bool v6, const union net_ip *group)
{
	static const struct ip6 all_nodes = {{0xff, 0x02, [15] = 0x01}};

	if (!v6)
		return group->v4 == IP4(224, 0, 0, 1);
	return net_ip6_eq(&group->v6, &all_nodes) || (group->v6.b[1] & 0xf) < 2;
}

static struct mcast_group *mcast_find(struct mcast_if *mi, const union net_ip *group)
{
	for (unsigned i = 0; i < mi->n; i++)
		if (net_ip_eq(&mi->group[i].ip, group))
			return &mi->group[i];
	return NULL;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static void mcast_arm(struct mcast_if *mi)
{
	struct timer_wheel *wheel = &mi->net->env->wheel;
	uint64_t next = mi->query_us;

	for (unsigned i = 0; i < mi->n; i++)
		next = earlier(next, earlier(mi->group[i].change_us, mi->group[i].query_us));
	if (timer_armed(&mi->timer) && next != 0 && timer_expires_us(&mi->timer) == next)
		return;
	timer_cancel(wheel, &mi->timer);
	if (next != 0)
		timer_arm(wheel, &mi->timer, TIMER_NET_MCAST, next);
}

static uint64_t mcast_delay(struct mcast_if *mi, uint32_t max_us)
{
	struct env *env = mi->net->env;

	return env->now_us + 1 + rng_below(&env->rng, max_us);
}

/* All that waits is forgotten when the version changes (RFC 3376 section 7.2.1). */
static void mcast_version_check(struct mcast_if *mi)
{
	const struct net_conf *c = &mi->net->conf;
	uint64_t now = mi->net->env->now_us;
	uint8_t forced = mi->v6 ? (c->mld_version == 0 ? 0 : (uint8_t)(c->mld_version + 1))
				: c->igmp_version;
	uint8_t v = 3;

	for (uint8_t old = 2; old > 0; old--)
		if (now < mi->old_until_us[old])
			v = old;
	if (forced != 0)
		v = forced;
	if (v == mi->version)
		return;
	mi->version = v;
	mi->query_us = 0;
	for (unsigned i = 0; i < mi->n; i++) {
		struct mcast_group *g = &mi->group[i];

		g->change_us = g->query_us = 0;
		g->mode_left = g->n_change = g->n_asked = 0;
		g->last_reporter = false;
	}
}

/* Those that nobody wants and nothing more is to be told of. */
static void mcast_reap(struct mcast_if *mi)
{
	for (unsigned i = mi->n; i-- > 0;) {
		struct mcast_group gone = mi->group[i];

		if (!mcast_none(&gone.now) || gone.change_us != 0)
			continue;
		mi->group[i] = mi->group[--mi->n];
		mi->group[mi->n].of = gone.of;
	}
}

static void change_set(struct mcast_group *g, const union net_ip *ip, bool allow, uint8_t times)
{
	unsigned i = 0;

	while (i < g->n_change && !net_ip_eq(&g->change[i].ip, ip))
		i++;
	if (i == MCAST_CHANGES) { /* the whole list says it too */
		g->n_change = 0;
		g->mode_left = times;
		return;
	}
	if (i == g->n_change)
		g->n_change++;
	g->change[i].ip = *ip;
	g->change[i].allow = allow;
	g->change[i].left = times;
}

/* RFC 3376 section 5.1, RFC 3810 section 6.1. A change of the list while one of the mode is still
 * being told goes with that, which carries the list as it is. */
static bool group_changed(struct mcast_if *mi, struct mcast_group *g, const struct net_filter *old)
{
	uint8_t times = mi->robustness;
	bool any = false;

	if (old->exclude != g->now.exclude) {
		g->mode_left = times;
		g->n_change = 0;
		return true;
	}
	for (unsigned i = 0; i < old->n; i++)
		if (!mcast_has(&g->now, &old->src[i])) {
			change_set(g, &old->src[i], old->exclude, times);
			any = true;
		}
	for (unsigned i = 0; i < g->now.n; i++)
		if (!mcast_has(old, &g->now.src[i])) {
			change_set(g, &g->now.src[i], !old->exclude, times);
			any = true;
		}
	if (any && g->mode_left != 0) {
		g->mode_left = times;
		g->n_change = 0;
	}
	return any;
}

/* What all cores want together (RFC 3376 section 3.2), or more. */
static struct net_filter group_merge(const struct mcast_group *g, unsigned n_cores)
{
	struct net_filter f = {0};
	const struct net_filter *first = NULL;

	for (unsigned k = 0; k < n_cores && first == NULL; k++)
		if (g->of[k].member && g->of[k].f.exclude)
			first = &g->of[k].f;
	f.exclude = first != NULL;
	for (unsigned i = 0; first != NULL && i < first->n; i++) {
		bool all = true;

		for (unsigned k = 0; k < n_cores; k++)
			if (g->of[k].member)
				all = all &&
				      mcast_has(&g->of[k].f, &first->src[i]) == g->of[k].f.exclude;
		if (all)
			f.src[f.n++] = first->src[i];
	}
	for (unsigned k = 0; k < n_cores && first == NULL; k++)
		for (unsigned i = 0; g->of[k].member && i < g->of[k].f.n; i++) {
			if (mcast_has(&f, &g->of[k].f.src[i]))
				continue;
			if (f.n == NET_SRC_MAX)
				return (struct net_filter){.exclude = true};
			f.src[f.n++] = g->of[k].f.src[i];
		}
	return f;
}

static void group_update(struct mcast_if *mi, struct mcast_group *g)
{
	struct net_filter old = g->now;
	bool tell;

	g->now = group_merge(g, mi->net->n_cores);
	if (mi->version == 3)
		tell = group_changed(mi, g, &old);
	else
		tell = mcast_none(&old) != mcast_none(&g->now);
	if (!tell)
		return;
	if (mi->version != 3)
		g->mode_left = mcast_none(&g->now) ? 1 : mi->robustness;
	/* At once: by the timer, so that what changes in one turn goes together. */
	g->change_us = mi->net->env->now_us;
}

/* Core 0: what a core wants. */
static void mcast_set(struct net *n, uint16_t core, uint16_t ifc, bool v6,
	const union net_ip *group, const struct net_filter *f)
{
	struct mcast_if *mi = &n->mcast->mi[ifc][v6];
	struct mcast_group *g = mcast_find(mi, group);

	mcast_version_check(mi);
	if (g == NULL) {
		struct mcast_core *of;

		if (f == NULL || mi->n == MCAST_GROUPS)
			return;
		g = &mi->group[mi->n++];
		of = g->of;
		memset(of, 0, n->n_cores * sizeof(*of));
		*g = (struct mcast_group){.ip = *group, .of = of};
	}
	g->of[core].member = f != NULL;
	g->of[core].stale = false;
	if (f != NULL)
		g->of[core].f = *f;
	group_update(mi, g);
	mcast_reap(mi);
	mcast_arm(mi);
}

static bool mcast_post(struct net *n, enum net_msg_group_op op, uint16_t ifc, bool v6,
	const union net_ip *group, const struct net_filter *f)
{
	struct net_msg_group m = {
		.head = {.kind = NET_MSG_GROUP, .count = (uint8_t)op, .from = n->core},
		.ifc = ifc,
		.v6 = v6,
		.member = f != NULL};

	if (group != NULL)
		m.group = *group;
	if (f != NULL)
		m.filter = *f;
	return n->ops->post(n->ops_ctx, 0, &m, sizeof(m));
}

static void mcast_retry_arm(struct net *n)
{
	if (!timer_armed(&n->mcast->retry))
		timer_arm(&n->env->wheel, &n->mcast->retry, TIMER_NET_MCAST,
			n->env->now_us + RETRY_US);
}

void mcast_want(
	struct net *n, uint16_t ifc, bool v6, const union net_ip *group, const struct net_filter *f)
{
	if (!n->conf.mcast_reports || mcast_silent(v6, group))
		return;
	if (n->core == 0)
		mcast_set(n, 0, ifc, v6, group, f);
	else if (!mcast_post(n, NET_GROUP_SET, ifc, v6, group, f))
		mcast_retry_arm(n);
}

static void mcast_retry(struct net *n)
{
	bool ok = mcast_post(n, NET_GROUP_BEGIN, 0, false, NULL, NULL);

	if (ok)
		group_want_all(n);
	if (!ok || timer_armed(&n->mcast->retry) ||
		!mcast_post(n, NET_GROUP_END, 0, false, NULL, NULL))
		mcast_retry_arm(n);
}

/* Core 0: what the core wants is told anew; what it did not tell until the end is gone. */
static void mcast_sweep(struct net *n, uint16_t core, bool end)
{
	for (uint16_t f = 0; f < n->n_ifc; f++)
		for (unsigned v6 = 0; v6 < 2; v6++) {
			struct mcast_if *mi = &n->mcast->mi[f][v6];

			for (unsigned i = mi->n; i-- > 0;) {
				struct mcast_core *c = &mi->group[i].of[core];
				union net_ip group = mi->group[i].ip;

				if (!end)
					c->stale = c->member;
				else if (c->stale)
					mcast_set(n, core, f, v6, &group, NULL);
			}
		}
}

void mcast_message(struct net *n, const struct net_msg_group *m)
{
	if (n->core != 0 || m->head.from >= n->n_cores)
		return;
	if (m->head.count != NET_GROUP_SET)
		mcast_sweep(n, m->head.from, m->head.count == NET_GROUP_END);
	else if (m->ifc < n->n_ifc)
		mcast_set(n, m->head.from, m->ifc, m->v6, &m->group, m->member ? &m->filter : NULL);
}

void mcast_again(struct net *n, uint16_t ifc, bool v6)
{
	struct mcast_if *mi = &n->mcast->mi[ifc][v6];

	if (n->core != 0)
		return;
	for (unsigned i = 0; i < mi->n; i++) {
		struct mcast_group *g = &mi->group[i];

		if (mcast_none(&g->now))
			continue;
		g->mode_left = mi->robustness;
		g->n_change = 0;
		g->change_us = n->env->now_us;
	}
	mcast_arm(mi);
}

static void change_record(struct mcast_report *r, struct mcast_group *g, bool allow)
{
	union net_ip src[MCAST_CHANGES];
	unsigned n = 0;

	for (unsigned i = 0; i < g->n_change; i++)
		if (g->change[i].allow == allow)
			src[n++] = g->change[i].ip;
	if (n != 0)
		mcast_report_add(r, allow ? WIRE_MCAST_ALLOW : WIRE_MCAST_BLOCK, &g->ip, src, n);
}

/* A state-change record, and when it is to be told again. */
static void change_send(struct mcast_report *r, struct mcast_group *g)
{
	if (g->mode_left != 0) {
		g->mode_left--;
		mcast_report_add(r, g->now.exclude ? WIRE_MCAST_TO_EX : WIRE_MCAST_TO_IN, &g->ip,
			g->now.src, g->now.n);
	} else {
		change_record(r, g, true);
		change_record(r, g, false);
		for (unsigned i = g->n_change; i-- > 0;)
			if (--g->change[i].left == 0)
				g->change[i] = g->change[--g->n_change];
	}
	g->change_us =
		g->mode_left != 0 || g->n_change != 0 ? mcast_delay(r->mi, UNSOLICITED_US) : 0;
}

static void current_send(struct mcast_report *r, const struct mcast_group *g)
{
	if (!mcast_none(&g->now))
		mcast_report_add(r, g->now.exclude ? WIRE_MCAST_IS_EX : WIRE_MCAST_IS_IN, &g->ip,
			g->now.src, g->now.n);
}

/* RFC 3376 section 5.2, RFC 3810 section 6.3: those of the sources asked for that are wanted. */
static void asked_send(struct mcast_report *r, struct mcast_group *g)
{
	union net_ip src[NET_SRC_MAX];
	unsigned n = 0;

	if (g->n_asked == 0) {
		current_send(r, g);
		return;
	}
	for (unsigned i = 0; i < g->n_asked; i++)
		if (mcast_has(&g->now, &g->asked[i]) != g->now.exclude)
			src[n++] = g->asked[i];
	g->n_asked = 0;
	if (n != 0)
		mcast_report_add(r, WIRE_MCAST_IS_IN, &g->ip, src, n);
}

/* Joined, left or asked for, in an older version. */
static void group_turn_old(struct mcast_if *mi, struct mcast_group *g)
{
	bool change = g->change_us != 0 && g->change_us <= mi->net->env->now_us;

	if (mcast_none(&g->now)) {
		if (g->last_reporter && mi->version == 2)
			mcast_old_send(mi, &g->ip, true);
		g->change_us = g->query_us = 0;
		g->mode_left = 0;
		return;
	}
	mcast_old_send(mi, &g->ip, false);
	g->last_reporter = true;
	if (!change) {
		g->query_us = 0;
		return;
	}
	if (g->mode_left != 0)
		g->mode_left--;
	g->change_us = g->mode_left != 0 ? mcast_delay(mi, UNSOLICITED2_US) : 0;
}

static void group_turn(struct mcast_if *mi, struct mcast_group *g, struct mcast_report *r)
{
	uint64_t now = mi->net->env->now_us;
	bool change = g->change_us != 0 && g->change_us <= now;
	bool query = g->query_us != 0 && g->query_us <= now;

	if (mi->version != 3) {
		if (change || query)
			group_turn_old(mi, g);
		return;
	}
	if (change)
		change_send(r, g);
	if (query) {
		g->query_us = 0;
		asked_send(r, g);
	}
}

static void mcast_turn(struct mcast_if *mi)
{
	struct mcast_report r = {.mi = mi};
	bool all;

	mcast_version_check(mi);
	all = mi->query_us != 0 && mi->query_us <= mi->net->env->now_us;
	for (unsigned i = 0; i < mi->n; i++)
		group_turn(mi, &mi->group[i], &r);
	mcast_report_send(&r);
	if (all) {
		mi->query_us = 0;
		for (unsigned i = 0; i < mi->n; i++)
			current_send(&r, &mi->group[i]);
		mcast_report_send(&r);
	}
	mcast_reap(mi);
	mcast_arm(mi);
}

static uint64_t response_delay(struct mcast_if *mi, uint32_t max_us)
{
	return mcast_delay(mi, max_us - RESPONSE_MIN_US) + RESPONSE_MIN_US;
}

/* An older version: each group answers by itself (RFC 2236 section 3, RFC 2710 section 4). */
static void query_old(struct mcast_if *mi, const union net_ip *group, uint32_t max_us)
{
	uint64_t now = mi->net->env->now_us;

	for (unsigned i = 0; i < mi->n; i++) {
		struct mcast_group *g = &mi->group[i];

		if (mcast_none(&g->now) || (!net_ip_any(group) && !net_ip_eq(group, &g->ip)))
			continue;
		if (g->query_us == 0 || g->query_us - now > max_us)
			g->query_us = response_delay(mi, max_us);
	}
}

/* The rules of RFC 3376 section 5.2 and RFC 3810 section 6.2 by their numbers. */
static void query_group(
	struct mcast_if *mi, struct mcast_group *g, const struct wire_mcast_query *q, uint64_t due)
{
	unsigned alen = mi->v6 ? 16 : 4;
	bool pending = g->query_us != 0;

	/* More sources than we would remember: about the group, which tells of them too. */
	if (q->n_src == 0 || q->n_src + g->n_asked > NET_SRC_MAX || (pending && g->n_asked == 0)) {
		g->n_asked = 0; /* 4 */
	} else {		/* 3, 5 */
		for (unsigned i = 0; i < q->n_src; i++) {
			const uint8_t *from = q->src + i * alen;
			union net_ip *to = &g->asked[g->n_asked++];

			*to = net_ip4(mi->v6 ? 0 : wire_get32(from));
			if (mi->v6)
				memcpy(to->v6.b, from, alen);
		}
	}
	g->query_us = earlier(g->query_us, due);
}

static void query_new(struct mcast_if *mi, const struct wire_mcast_query *q,
	const union net_ip *group, uint32_t max_us)
{
	uint64_t due = response_delay(mi, max_us);
	struct mcast_group *g;

	if (mi->query_us != 0 && mi->query_us <= due)
		return; /* 1 */
	if (net_ip_any(group)) {
		mi->query_us = due; /* 2 */
		return;
	}
	g = mcast_find(mi, group);
	if (g != NULL && !mcast_none(&g->now))
		query_group(mi, g, q, due);
}

void mcast_query(struct mcast_if *mi, const struct wire_mcast_query *q, const union net_ip *group)
{
	uint32_t max_us = RTE_MAX(q->max_resp_us, 2 * (uint32_t)RESPONSE_MIN_US);

	if (q->version == 3) {
		if (q->robustness != 0)
			mi->robustness = q->robustness;
		if (q->interval_s != 0)
			mi->interval_s = q->interval_s;
	} else {
		/* Older Version Querier Present Timeout, RFC 3376 section 8.12 */
		mi->old_until_us[q->version] = mi->net->env->now_us + max_us +
					       UINT64_C(1000000) * mi->robustness * mi->interval_s;
	}
	mcast_version_check(mi);
	if (mi->version == 3)
		query_new(mi, q, group, max_us);
	else
		query_old(mi, group, max_us);
	mcast_arm(mi);
}

void mcast_heard(struct mcast_if *mi, const union net_ip *group)
{
	struct mcast_group *g = mcast_find(mi, group);

	mcast_version_check(mi);
	if (g == NULL || mi->version == 3 || mcast_none(&g->now))
		return;
	g->query_us = g->change_us = 0;
	g->mode_left = 0;
	g->last_reporter = false;
	mcast_arm(mi);
}

static void mcast_timer(void *ctx, struct timer *t, uint64_t now_us)
{
	struct net *n = ctx;

	if (n->core == 0)
		mcast_turn(RTE_PTR_SUB(t, offsetof(struct mcast_if, timer)));
	else
		mcast_retry(n);
}

/* Core 0's tables; memory that no group uses is never touched. */
static int mcast_groups_init(struct net *n)
{
	struct mcast *mc = n->mcast;
	size_t total = (size_t)NET_IFC_MAX * 2 * MCAST_GROUPS;

	mc->groups = calloc(total, sizeof(*mc->groups));
	mc->cores = calloc(total * n->n_cores, sizeof(*mc->cores));
	if (mc->groups == NULL || mc->cores == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < total; i++)
		mc->groups[i].of = mc->cores + i * n->n_cores;
	for (unsigned i = 0; i < NET_IFC_MAX * 2; i++)
		mc->mi[i / 2][i % 2] = (struct mcast_if){.net = n,
			.ifc = (uint16_t)(i / 2),
			.v6 = i % 2,
			.version = 3,
			.robustness = n->conf.mcast_robustness,
			.interval_s = INTERVAL_S,
			.group = mc->groups + (size_t)i * MCAST_GROUPS};
	return 0;
}

int mcast_init(struct net *n)
{
	n->mcast = calloc(1, sizeof(*n->mcast));
	if (n->mcast == NULL)
		return -ENOMEM;
	env_timer_handler(n->env, TIMER_NET_MCAST, mcast_timer, n);
	return n->core == 0 ? mcast_groups_init(n) : 0;
}

void mcast_fini(struct net *n)
{
	struct mcast *mc = n->mcast;

	if (mc == NULL)
		return;
	timer_cancel(&n->env->wheel, &mc->retry);
	for (unsigned i = 0; i < NET_IFC_MAX * 2; i++)
		timer_cancel(&n->env->wheel, &mc->mi[i / 2][i % 2].timer);
	free(mc->groups);
	free(mc->cores);
	free(mc);
}
