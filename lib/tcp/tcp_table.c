/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

#include "siphash.h"

/* Which object a segment belongs to. */

struct flow_key {
	const struct tcp_key *key;
	bool v6;
};

static inline bool ip_equal(const union net_ip *a, const union net_ip *b, bool v6)
{
	return v6 ? memcmp(&a->v6, &b->v6, sizeof(a->v6)) == 0 : a->v4 == b->v4;
}

/* Of a block or half-open entry. */
static inline bool key_equal(const struct tcp_key *a, uint32_t flags, const struct flow_key *f)
{
	const struct tcp_key *k = f->key;

	return a->lport == k->lport && a->rport == k->rport && a->scope == k->scope &&
	       ((flags & TF_V6) != 0) == f->v6 && ip_equal(&a->r, &k->r, f->v6) &&
	       ip_equal(&a->l, &k->l, f->v6);
}

static bool time_wait_match(const struct tcp_time_wait *w, const struct flow_key *f)
{
	const struct tcp_key *k = f->key;

	return w->lport == k->lport && w->rport == k->rport && w->scope == k->scope &&
	       w->v6 == f->v6 && ip_equal(&w->r, &k->r, f->v6) && ip_equal(&w->l, &k->l, f->v6);
}

static inline bool match(const void *ctx, uint32_t val, const void *key)
{
	const struct tcp *tcp = ctx;
	uint32_t i = FLOW_INDEX(val);

	if (likely((val & FLOW_KIND_MASK) == FLOW_KIND_TCB))
		return key_equal(&tcp->tcbs[i].key, tcp->tcbs[i].flags, key);
	if ((val & FLOW_KIND_MASK) == FLOW_KIND_HALF_OPEN)
		return key_equal(&tcp->ho[i].key, tcp->ho[i].flags, key);
	return time_wait_match(&tcp->tw[i], key);
}

uint32_t tcp_key_hash(const struct tcp *tcp, bool v6, const struct tcp_key *k)
{
	if (v6)
		return owner_hash6(tcp->owner, &k->r.v6, &k->l.v6, k->rport, k->lport);
	return owner_hash4(tcp->owner, k->r.v4, k->l.v4, k->rport, k->lport);
}

uint32_t tcp_flow_find(struct tcp *tcp, bool v6, const struct tcp_key *k, uint32_t hash)
{
	struct flow_key f = {k, v6};

	return flow_table_find(&tcp->flow, hash, match, tcp, &f);
}

int tcp_flow_add(struct tcp *tcp, uint32_t hash, uint32_t val)
{
	return flow_table_insert(&tcp->flow, hash, val);
}

void tcp_flow_del(struct tcp *tcp, uint32_t hash, uint32_t val)
{
	flow_table_remove(&tcp->flow, hash, val);
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

/* Half a secret of the connection for its sequence numbers, half for its timestamps. */
static uint64_t key_secret(const struct tcp *tcp, const struct tcp_key *k)
{
	struct {
		union net_ip l, r;
		uint32_t scope, ports;
	} v6 = {.scope = k->scope, .ports = (uint32_t)k->lport << 16 | k->rport};
	/* Nearly always: no bytes but those of IPv4. */
	const uint32_t v4[4] = {k->l.v4, k->r.v4, v6.scope, v6.ports};
	static const uint32_t zero[3];

	if (memcmp(k->l.v4_zero, zero, sizeof(zero)) == 0 &&
		memcmp(k->r.v4_zero, zero, sizeof(zero)) == 0)
		return siphash(&tcp->env->secret, v4, sizeof(v4));
	v6.l = k->l;
	v6.r = k->r;
	return siphash(&tcp->env->secret, &v6, sizeof(v6));
}

uint32_t tcp_isn(struct tcp *tcp, const struct tcp_key *k, uint32_t *ts_off)
{
	uint64_t secret = key_secret(tcp, k);

	*ts_off = (uint32_t)(secret >> 32);
	return (uint32_t)(tcp->env->now_us / 4) + (uint32_t)secret;
}

uint32_t tcp_ts_offset(const struct tcp *tcp, const struct tcp_key *k)
{
	return (uint32_t)(key_secret(tcp, k) >> 32);
}
