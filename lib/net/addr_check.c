/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_priv.h"

/*
 * May an address be used? IPv4 address conflict detection (RFC 5227) and IPv6 duplicate address
 * detection (RFC 4862 section 5.4). Core 0 asks the link; the other cores wait for its verdict.
 */
#define PROBE_WAIT_US	   1000000 /* the names of RFC 5227 section 1.1 */
#define PROBE_NUM	   3
#define PROBE_MIN_US	   1000000
#define PROBE_MAX_US	   2000000
#define ANNOUNCE_WAIT_US   2000000
#define ANNOUNCE_NUM	   2
#define ANNOUNCE_EVERY_US  2000000
#define DEFEND_INTERVAL_US 10000000
#define DAD_DELAY_US	   1000000 /* MAX_RTR_SOLICITATION_DELAY */

static struct net_addr_ctl *check_ctl(struct ifc *ifc, bool v6, unsigned i)
{
	return v6 ? &ifc->ctl6[i] : &ifc->ctl4[i];
}

static void check_arm(struct net *n, struct net_addr_ctl *c, uint64_t in_us)
{
	timer_arm(&n->env->wheel, &c->timer, TIMER_NET_ADDR, n->env->now_us + in_us);
}

static bool check_wanted(const struct net *n, bool v6)
{
	return v6 ? n->conf.dad_transmits != 0 : n->conf.acd;
}

void addr_check_stop(struct net *n, struct ifc *ifc, bool v6, unsigned i)
{
	timer_cancel(&n->env->wheel, &check_ctl(ifc, v6, i)->timer);
}

void addr_check_start(struct net *n, struct ifc *ifc, bool v6, unsigned i)
{
	struct net_addr_ctl *c = check_ctl(ifc, v6, i);

	addr_check_stop(n, ifc, v6, i);
	c->v6 = v6;
	c->ifc = ifc->pub.index;
	c->step = 0;
	c->conflict_us = 0;
	if (check_wanted(n, v6)) {
		addr_state_set(n, ifc, v6, i, NET_ADDR_TENTATIVE);
		if (n->core != 0)
			sync_addr_query(n);
		else if (ifc->pub.up)
			check_arm(n, c, rng_below(&n->env->rng, v6 ? DAD_DELAY_US : PROBE_WAIT_US));
		return;
	}
	addr_state_set(n, ifc, v6, i, NET_ADDR_PREFERRED);
	if (!v6 && n->core == 0 && ifc->pub.up) {
		c->step = PROBE_NUM;
		check_arm(n, c, 0);
	}
}

/* Probes, a wait, then announcements. */
static void check_step4(struct net *n, struct ifc *ifc, struct net_addr_ctl *c, unsigned i)
{
	uint32_t ip = ifc->pub.addr4[i].ip.v4;

	if (c->step < PROBE_NUM) {
		arp_probe(n, ifc, ip);
		c->step++;
		check_arm(n, c,
			c->step < PROBE_NUM
				? PROBE_MIN_US +
					  rng_below(&n->env->rng, PROBE_MAX_US - PROBE_MIN_US + 1)
				: ANNOUNCE_WAIT_US);
		return;
	}
	addr_state_set(n, ifc, false, i, NET_ADDR_PREFERRED);
	arp_announce(n, ifc, ip);
	c->step++;
	if (c->step < PROBE_NUM + ANNOUNCE_NUM)
		check_arm(n, c, ANNOUNCE_EVERY_US);
}

/* Solicitations with a nonce each, so that our own ones, looped back, prove nothing (RFC 7527). */
static void check_step6(struct net *n, struct ifc *ifc, struct net_addr_ctl *c, unsigned i)
{
	uint64_t r = rng_u64(&n->env->rng);

	if (c->step == n->conf.dad_transmits) {
		addr_state_set(n, ifc, true, i, NET_ADDR_PREFERRED);
		return;
	}
	c->step++;
	memcpy(c->nonce, &r, sizeof(c->nonce));
	nd_dad_solicit(n, ifc, &ifc->pub.addr6[i].ip.v6, c->nonce);
	check_arm(n, c, n->conf.nd_retrans_us);
}

static void check_timer(void *ctx, struct timer *t, uint64_t now_us)
{
	struct net *n = ctx;
	struct net_addr_ctl *c =
		(struct net_addr_ctl *)((char *)t - offsetof(struct net_addr_ctl, timer));
	struct ifc *ifc = &n->ifc[c->ifc];

	if (c->v6)
		check_step6(n, ifc, c, (unsigned)(c - ifc->ctl6));
	else
		check_step4(n, ifc, c, (unsigned)(c - ifc->ctl4));
}

void addr_check_init(struct net *n)
{
	env_timer_handler(n->env, TIMER_NET_ADDR, check_timer, n);
}

/*
 * An IPv4 address in use is defended once in ten seconds; a second conflict within that time ends
 * its use (RFC 5227 section 2.4 (b)), or, where checks are off, goes without an answer (c).
 */
static void conflict_defend(struct net *n, struct ifc *ifc, unsigned i)
{
	struct net_addr_ctl *c = &ifc->ctl4[i];
	uint64_t now = n->env->now_us;
	bool again = c->conflict_us != 0 && now - c->conflict_us < DEFEND_INTERVAL_US;

	if (!again) {
		c->conflict_us = now;
		arp_announce(n, ifc, ifc->pub.addr4[i].ip.v4);
	} else if (n->conf.acd) {
		addr_check_stop(n, ifc, false, i);
		addr_state_set(n, ifc, false, i, NET_ADDR_DUPLICATE);
	}
}

void addr_conflict(struct net *n, struct ifc *ifc, bool v6, unsigned i)
{
	unsigned count;
	uint8_t state = addr_list(ifc, v6, &count)[i].state;

	net_count(n, v6 ? CNT_nd_dad_conflicts : CNT_arp_conflicts);
	if (state == NET_ADDR_TENTATIVE) {
		addr_check_stop(n, ifc, v6, i);
		addr_state_set(n, ifc, v6, i, NET_ADDR_DUPLICATE);
	} else if (state == NET_ADDR_PREFERRED && !v6) {
		conflict_defend(n, ifc, i);
	}
}
