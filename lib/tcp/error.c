/* SPDX-License-Identifier: BSD-3-Clause */
#include "auth.h"
#include "fastopen.h"
#include "tcp_priv.h"

/* ICMP errors about our segments (RFC 9293 section 3.9.2.2, RFC 5927, RFC 5461). */

/* What the application is told if the connection then times out. */
static int soft_errno(const struct net_error *e)
{
	if (e->quote.v6)
		return e->type == WIRE_ICMP6_UNREACH && e->code == 0 ? ENETUNREACH : EHOSTUNREACH;
	return e->type == WIRE_ICMP4_UNREACH && e->code == WIRE_ICMP4_UNREACH_NET ? ENETUNREACH
										  : EHOSTUNREACH;
}

/* Port or protocol unreachable ends an attempt; an established connection outlives all of them
 * (MUST-56 for the soft ones; RFC 5927 section 4.2 and 5 for the rest). */
static bool is_hard(const struct net_error *e)
{
	if (e->quote.v6)
		return e->type == WIRE_ICMP6_UNREACH &&
		       (e->code == WIRE_ICMP6_UNREACH_PORT || e->code == WIRE_ICMP6_UNREACH_ADMIN);
	return e->type == WIRE_ICMP4_UNREACH &&
	       (e->code == WIRE_ICMP4_UNREACH_PROTO || e->code == WIRE_ICMP4_UNREACH_PORT);
}

void tcp_error_report(struct tcp *tcp, struct tcb *t, int err)
{
	if (tcp->up->error != NULL && !(t->flags & TF_DETACHED))
		tcp->up->error(tcp->up_ctx, t, err);
}

/* RFC 5925 section 7.8: what anybody may forge does not touch a connection that TCP-AO guards, once it is
 * open, unless the operator says so: port and protocol unreachable, and that fragmentation is needed. */
static bool is_guarded(const struct tcp *tcp, const struct tcb *t, const struct net_error *e)
{
	if (likely(!(t->flags & TF_SIGNED)) || !(t->flags & TF_SENDING) || tcp->conf.ao_icmp)
		return false;
	return (is_hard(e) || (!e->quote.v6 && e->mtu != 0)) && tcp_auth_is_ao(tcp, t);
}

static void tcb_error(struct tcp *tcp, struct tcb *t, const struct net_error *e)
{
	if (seq_lt(e->quote.seq, t->snd_una) || seq_geq(e->quote.seq, t->snd_max))
		return; /* RFC 5927 section 4.1 */
	if (unlikely(is_guarded(tcp, t, e))) {
		tcp_count(tcp, CNT_tcp_icmp_guarded);
		return;
	}
	if (e->mtu != 0) {
		if (t->flags & TF_SENDING)
			tcp_pmtu_icmp(tcp, t, e->mtu);
		return;
	}
	if (!(t->flags & TF_REACHED) && is_hard(e)) {
		tcp_count(tcp, CNT_tcp_icmp_hard);
		if (t->state == TCP_SYN_SENT && tcp_fastopen_syn_data(t) != 0)
			tcp_fastopen_failed(tcp, t); /* RFC 7413 section 4.1.3.1 */
		tcb_end(tcp, t, ECONNREFUSED);
		return;
	}
	tcp_count(tcp, CNT_tcp_icmp_soft);
	t->soft_error = (uint8_t)soft_errno(e);
	tcp_error_report(tcp, t, t->soft_error); /* SHLD-25 */
}

void tcp_error(void *ctx, const struct net_error *e)
{
	struct tcp *tcp = ctx;
	const struct wire_quote *q = &e->quote;
	struct tcp_key k;

	if (q->frag_off != 0 || (!q->v6 && e->type == WIRE_ICMP4_QUENCH)) /* RFC 6633 */
		return;
	memset(&k, 0, sizeof(k));
	if (q->v6) {
		k.l.v6 = q->src6;
		k.r.v6 = q->dst6;
	} else {
		k.l.v4 = q->src4;
		k.r.v4 = q->dst4;
	}
	k.lport = q->sport;
	k.rport = q->dport;
	k.scope = e->scope;
	uint32_t val = tcp_flow_find(tcp, q->v6, &k, tcp_key_hash(tcp, q->v6, &k));

	if (val == 0) {
		tcp->env->cnt.drop[q->v6 ? DROP_icmp6_no_flow : DROP_icmp4_no_flow]++;
		return;
	}
	if ((val & FLOW_KIND_MASK) == FLOW_KIND_TCB)
		tcb_error(tcp, &tcp->tcbs[FLOW_INDEX(val)], e);
	else if ((val & FLOW_KIND_MASK) == FLOW_KIND_HALF_OPEN)
		tcp_half_open_error(tcp, &tcp->ho[FLOW_INDEX(val)], e);
}
