/* SPDX-License-Identifier: BSD-3-Clause */
#include "auth.h"
#include "fastopen.h"
#include "tcp_priv.h"

/* Active open (RFC 9293 section 3.10.1). */

struct port_query {
	struct tcp *tcp;
	struct tcp_key key;
	bool v6;
};

static bool port_in_use(void *ctx, uint16_t port)
{
	struct port_query *q = ctx;

	q->key.lport = port;
	return tcp_flow_find(q->tcp, q->v6, &q->key, tcp_key_hash(q->tcp, q->v6, &q->key)) != 0;
}

/* A local port whose replies come to this core; 0 and errno if there is none. */
static uint16_t port_pick(struct tcp *tcp, bool v6, const struct tcp_key *k)
{
	struct port_query q = {.tcp = tcp, .key = *k, .v6 = v6};
	uint16_t port;

	if (v6)
		port = port_alloc_pick6(&tcp->ports, tcp->owner, tcp->env->core, &k->l.v6, &k->r.v6,
			k->rport, port_in_use, &q);
	else
		port = port_alloc_pick4(&tcp->ports, tcp->owner, tcp->env->core, k->l.v4, k->r.v4,
			k->rport, port_in_use, &q);
	if (port == 0)
		errno = EADDRINUSE;
	return port;
}

/* A port that was asked for must come home and be free. */
static bool port_check(struct tcp *tcp, bool v6, const struct tcp_key *k)
{
	uint32_t hash = tcp_key_hash(tcp, v6, k);

	if (tcp->env->n_cores > 1 && owner_core(tcp->owner, hash) != tcp->env->core) {
		errno = EADDRNOTAVAIL;
		return false;
	}
	if (tcp_flow_find(tcp, v6, k, hash) != 0) {
		errno = EADDRINUSE;
		return false;
	}
	return true;
}

static bool remote_ok(bool v6, const union net_ip *ip, uint16_t port)
{
	static const union net_ip zero;

	if (port == 0)
		return false;
	if (v6)
		return ip->v6.b[0] != 0xff && memcmp(&ip->v6, &zero.v6, sizeof(zero.v6)) != 0;
	return ip->v4 != 0 && ip->v4 < IP4(224, 0, 0, 0);
}

/* Fills addresses, route and ports; false and errno. */
static bool key_make(struct tcp *tcp, bool v6, struct tcp_key *k, uint16_t ifc, struct net_dst *dst)
{
	int rc = net_route(tcp->net, v6, &k->r, &k->l, ifc, dst);
	const struct net_ifc *i = rc == 0 ? net_ifc_get(tcp->net, dst->ifc) : NULL;

	if (i == NULL) {
		errno = rc != 0 ? -rc : ENETUNREACH;
		return false;
	}
	if (!v6 && net_is_bcast(tcp->net, dst->ifc, k->r.v4)) { /* MUST-46 */
		errno = EINVAL;
		return false;
	}
	k->scope = i->scope;
	if (k->lport != 0)
		return port_check(tcp, v6, k);
	k->lport = port_pick(tcp, v6, k);
	return k->lport != 0;
}

static void ip_set(union net_ip *to, bool v6, const union net_ip *from)
{
	if (v6)
		to->v6 = from->v6;
	else
		to->v4 = from->v4;
}

/* What the application has to say goes into the queue, behind the SYN. 0 or an errno. */
static int first_data(struct tcp *tcp, struct tcb *t, const struct tcp_opts *o)
{
	if (o == NULL || o->data_len == 0)
		return 0;
	if (o->data_len > t->snd_buf)
		return EMSGSIZE;
	t->mss = tcp_mss_send(t);
	t->snd_una = t->iss + 1;
	ssize_t n = txq_copy(tcp, t, o->data, o->data_len);

	t->snd_una = t->iss;
	return n == (ssize_t)o->data_len ? 0 : ENOBUFS;
}

static bool fastopen_wanted(struct tcp *tcp, const struct tcb *t, const struct tcp_opts *o)
{
	return tcp_fastopen_wanted(tcp, o, true) && !(t->flags & TF_SIGNED) &&
	       !tcp_fastopen_off(tcp, tcp_v6(t), &t->key);
}

struct tcb *tcp_connect(struct tcp *tcp, bool v6, const union net_ip *lip, uint16_t lport,
	const union net_ip *rip, uint16_t rport, uint16_t ifc, const struct tcp_opts *o,
	const void *app_ops, void *app_user)
{
	struct tcp_opts with_route;
	struct tcp_key k;
	struct net_dst dst;

	if (!remote_ok(v6, rip, rport)) {
		errno = EINVAL;
		return NULL;
	}
	memset(&k, 0, sizeof(k));
	ip_set(&k.l, v6, lip);
	ip_set(&k.r, v6, rip);
	k.lport = lport;
	k.rport = rport;
	if (!key_make(tcp, v6, &k, ifc, &dst))
		return NULL;
	o = tcp_route_opts(tcp, v6, &k.r, o, &with_route);
	struct tcb *t = tcb_alloc(tcp, v6, &k, tcp_key_hash(tcp, v6, &k), o);

	if (t == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	t->dst = dst;
	t->app_ops = app_ops;
	t->app_user = app_user;
	t->state = TCP_SYN_SENT;
	t->mss_announced = tcp_mss_announce(tcp, &dst, v6, o != NULL ? o->mss : 0);
	t->mss_limit = v6 ? 1220 : 536; /* MUST-15: until the peer says */
	t->flags |= tcp_wanted(tcp, o, true);
	if (t->cc->flags & TCP_CC_ECN) /* RFC 8257 section 3: it cannot do without */
		t->flags |= TF_ECN;
	t->rcv_wscale = tcp_wscale(tcp, o);
	t->iss = tcp_isn(tcp, &k, &t->ts_off);
	t->snd_una = t->iss;
	t->snd_nxt = t->iss + 1;
	t->snd_max = t->iss + 1;
	t->rexmt_since = tcp->env->now_us;
	int key = tcp_auth_find(tcp, v6, &k);

	if (key >= 0 && !tcp_auth_begin(tcp, t, key)) {
		tcb_kill(tcp, t);
		errno = ENOMEM;
		return NULL;
	}
	int rc = first_data(tcp, t, o);

	if (rc != 0) {
		tcb_kill(tcp, t);
		errno = rc;
		return NULL;
	}
	if (fastopen_wanted(tcp, t, o))
		t->flags |= TF_FASTOPEN;
	tcp_count(tcp, CNT_tcp_active_opens);
	tcp_xmit_syn(tcp, t);
	tcp_rexmt_arm(tcp, t);
	return t;
}
