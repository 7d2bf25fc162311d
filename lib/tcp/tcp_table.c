/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

#include "siphash.h"

/* Which object a segment belongs to. */

static inline bool key_equal4(const struct tcp_key *a, const struct tcp_key *b)
{
	return a->l.v4 == b->l.v4 && a->r.v4 == b->r.v4 && a->lport == b->lport &&
	       a->rport == b->rport && a->scope == b->scope;
}

static inline bool key_equal6(const struct tcp_key *a, const struct tcp_key *b)
{
	return a->lport == b->lport && a->rport == b->rport && a->scope == b->scope &&
	       memcmp(&a->r.v6, &b->r.v6, 16) == 0 && memcmp(&a->l.v6, &b->l.v6, 16) == 0;
}

static bool time_wait_match(const struct tcp_time_wait *w, const struct tcp_key *k, bool v6)
{
	if (w->lport != k->lport || w->rport != k->rport || w->scope != k->scope)
		return false;
	if (v6)
		return memcmp(&w->r.v6, &k->r.v6, 16) == 0 && memcmp(&w->l.v6, &k->l.v6, 16) == 0;
	return w->l.v4 == k->l.v4 && w->r.v4 == k->r.v4;
}

static inline bool match4(const void *ctx, uint32_t val, const void *key)
{
	const struct tcp *tcp = ctx;
	uint32_t i = FLOW_INDEX(val);

	if (likely((val & FLOW_KIND_MASK) == FLOW_KIND_TCB))
		return key_equal4(&tcp->tcbs[i].key, key);
	if ((val & FLOW_KIND_MASK) == FLOW_KIND_HALF_OPEN)
		return key_equal4(&tcp->ho[i].key, key);
	return time_wait_match(&tcp->tw[i], key, false);
}

static inline bool match6(const void *ctx, uint32_t val, const void *key)
{
	const struct tcp *tcp = ctx;
	uint32_t i = FLOW_INDEX(val);

	if (likely((val & FLOW_KIND_MASK) == FLOW_KIND_TCB))
		return key_equal6(&tcp->tcbs[i].key, key);
	if ((val & FLOW_KIND_MASK) == FLOW_KIND_HALF_OPEN)
		return key_equal6(&tcp->ho[i].key, key);
	return time_wait_match(&tcp->tw[i], key, true);
}

uint32_t tcp_key_hash(const struct tcp *tcp, bool v6, const struct tcp_key *k)
{
	if (v6)
		return owner_hash6(tcp->owner, &k->r.v6, &k->l.v6, k->rport, k->lport);
	return owner_hash4(tcp->owner, k->r.v4, k->l.v4, k->rport, k->lport);
}

uint32_t tcp_flow_find(struct tcp *tcp, bool v6, const struct tcp_key *k, uint32_t hash)
{
	if (v6)
		return flow_table_find(&tcp->flow[1], hash, match6, tcp, k);
	return flow_table_find(&tcp->flow[0], hash, match4, tcp, k);
}

int tcp_flow_add(struct tcp *tcp, bool v6, uint32_t hash, uint32_t val)
{
	tcp->epoch++;
	return flow_table_insert(&tcp->flow[v6], hash, val);
}

void tcp_flow_del(struct tcp *tcp, bool v6, uint32_t hash, uint32_t val)
{
	tcp->epoch++;
	flow_table_remove(&tcp->flow[v6], hash, val);
}

void tcp_seg_key(const struct tcp_seg *s, struct tcp_key *k)
{
	if (s->p->flags & NET_PKT_V6) {
		k->l.v6 = s->p->dst.v6;
		k->r.v6 = s->p->src.v6;
	} else {
		memset(k, 0, sizeof(*k));
		k->l.v4 = s->p->dst.v4;
		k->r.v4 = s->p->src.v4;
	}
	k->scope = s->p->scope;
	k->lport = s->dport;
	k->rport = s->sport;
}

bool tcp_flow_match(const struct tcp *tcp, uint32_t val, const struct tcp_seg *s)
{
	struct tcp_key k;

	tcp_seg_key(s, &k);
	return s->p->flags & NET_PKT_V6 ? match6(tcp, val, &k) : match4(tcp, val, &k);
}

/*
 * Initial sequence number (RFC 6528 section 3): a clock of 4 us plus a keyed function of the
 * connection.
 */
uint32_t tcp_isn(struct tcp *tcp, const struct tcp_key *k)
{
	struct tcp_key copy;

	memset(&copy, 0, sizeof(copy));
	copy.l = k->l;
	copy.r = k->r;
	copy.scope = k->scope;
	copy.lport = k->lport;
	copy.rport = k->rport;
	return (uint32_t)(tcp->env->now_us / 4) +
	       (uint32_t)siphash(&tcp->env->secret, &copy, sizeof(copy));
}
