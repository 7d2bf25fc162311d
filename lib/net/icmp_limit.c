/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_priv.h"

/* Token bucket for errors of both families (RFC 4443 section 2.4 (f), RFC 1812 section 4.3.2.8).
 * Tokens are kept as the time in which they came, so that no rate is rounded. */
void icmp_limit_init(struct net *n)
{
	struct net_limit *l = &n->icmp;

	l->last_us = n->env->now_us;
	l->cost_us = n->conf.icmp_rate == 0 ? UINT64_MAX : 1000000 / n->conf.icmp_rate;
	l->max_us = n->conf.icmp_rate == 0 ? 0 : l->cost_us * n->conf.icmp_burst;
	l->tokens_us = l->max_us;
}

bool icmp_limit_take(struct net *n)
{
	struct net_limit *l = &n->icmp;
	uint64_t now = n->env->now_us;

	l->tokens_us = RTE_MIN(l->max_us, l->tokens_us + (now - l->last_us));
	l->last_us = now;
	if (l->tokens_us < l->cost_us)
		return false;
	l->tokens_us -= l->cost_us;
	return true;
}
