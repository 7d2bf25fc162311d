/* SPDX-License-Identifier: BSD-3-Clause */
#include "auth.h"
#include "evict.h"
#include "tcp_priv.h"

/* Control blocks: made, opened, ended. */

/* At least one; 49 days at the most. */
static uint32_t us_to_ms(uint64_t us)
{
	uint64_t ms = (us + 999) / 1000;

	return (uint32_t)RTE_MIN(ms, UINT32_MAX);
}

struct tcb *tcb_alloc(
	struct tcp *tcp, bool v6, const struct tcp_key *k, uint32_t hash, const struct tcp_opts *o)
{
	struct tcb *t = tcp->tcb_free;

	if (unlikely(tcp->n_tcb >= tcp->evict_from))
		tcp_evict(tcp);
	if (t == NULL || tcp_flow_add(tcp, hash, FLOW_VAL(FLOW_KIND_TCB, tcb_index(t))) != 0)
		return NULL;
	tcp_handle_t handle = t->handle & ~TCP_HANDLE_DEAD;

	tcp->tcb_free = t->free_next;
	tcp->n_tcb++;
	memset(t, 0, sizeof(*t));
	t->handle = handle;
	t->key = *k;
	t->hash = hash;
	t->flags = v6 ? TF_V6 : 0;
	t->ports_rx = rte_cpu_to_be_32((uint32_t)k->rport << 16 | k->lport);
	t->rexmt_at = TCP_NEVER;
	t->delack_at = TCP_NEVER;
	t->close_at = TCP_NEVER;
	t->rto_us = tcp->conf.rto_initial_us;
	t->cc = tcp_cc_configured(tcp);
	t->rcv_mss = 536;
	t->last_rx_us = tcp->env->now_us;
	t->snd_buf = tcp->conf.sndbuf;
	t->snd_buf_max = tcp->conf.sndbuf_max;
	t->rcv_buf = tcp->conf.rcvbuf;
	t->rcv_buf_max = RTE_MAX(tcp->conf.rcvbuf, tcp->conf.rcvbuf_max);
	t->ttl = tcp->conf.ttl;
	t->keepalive_idle_ms = us_to_ms(tcp->conf.keepalive_idle_us);
	t->keepalive_interval_ms = us_to_ms(tcp->conf.keepalive_interval_us);
	t->keepalive_count = (uint8_t)RTE_MIN(tcp->conf.keepalive_count, UINT8_MAX);
	t->user_timeout_s = tcp_user_timeout_s(tcp, NULL);
	if (tcp->conf.nodelay)
		t->flags |= TF_NODELAY;
	if (tcp->conf.keepalive)
		t->flags |= TF_KEEPALIVE;
	if (o != NULL)
		tcb_opts(tcp, t, o);
	return t;
}

/* The largest window that the field can say (RFC 7323 section 2.2). */
static uint32_t rcv_buf_most(const struct tcb *t, uint32_t want)
{
	return RTE_MIN(want, (uint32_t)UINT16_MAX << t->rcv_wscale);
}

/* The application's choice, which is then not tuned. */
static void rcv_buf_fix(struct tcp *tcp, struct tcb *t, uint32_t want)
{
	tcp_rcv_tune_end(tcp, t);
	t->rcv_buf = t->state < TCP_ESTABLISHED ? want : rcv_buf_most(t, want);
	t->rcv_buf_max = t->rcv_buf;
}

/* What o gives; zero leaves things as they are. */
void tcb_opts(struct tcp *tcp, struct tcb *t, const struct tcp_opts *o)
{
	if (o->sndbuf != 0) { /* what the application says is not changed */
		t->snd_buf = o->sndbuf;
		t->snd_buf_max = o->sndbuf;
	}
	if (o->rcvbuf != 0)
		rcv_buf_fix(tcp, t, o->rcvbuf);
	if (o->cc != NULL)
		tcp_cc_set(t, o->cc);
	if (o->ttl != 0)
		t->ttl = o->ttl;
	if (o->tos != 0)
		t->tos = o->tos;
	if (o->nodelay)
		t->flags |= TF_NODELAY;
	if (o->keepalive)
		t->flags |= TF_KEEPALIVE;
	if (o->keepalive_idle_us != 0)
		t->keepalive_idle_ms = us_to_ms(o->keepalive_idle_us);
	if (o->keepalive_interval_us != 0)
		t->keepalive_interval_ms = us_to_ms(o->keepalive_interval_us);
	if (o->user_timeout_us != 0) {
		t->user_timeout_s = tcp_user_timeout_s(tcp, o);
		t->flags |= TF_UTO_OWN;
	}
	if (o->keepalive_count != 0)
		t->keepalive_count = (uint8_t)RTE_MIN(o->keepalive_count, UINT8_MAX);
}

/* What the MSS option says (RFC 9293 section 3.7.1): what fits the interface, unless told less. */
uint16_t tcp_mss_announce(const struct tcp *tcp, const struct net_dst *dst, bool v6, uint16_t limit)
{
	const struct net_ifc *ifc = net_ifc_get(tcp->net, dst->ifc);
	uint32_t mtu = ifc != NULL ? ifc->mtu : dst->mtu;
	uint16_t mss = (uint16_t)(mtu - (v6 ? 40 : 20) - WIRE_TCP_LEN);

	return limit != 0 && limit < mss ? limit : mss;
}

/* What we send: bounded by the peer and by our path (MUST-16). */
uint16_t tcp_mss_send(const struct tcb *t)
{
	uint16_t mtu = t->pmtu != 0 ? RTE_MIN(t->pmtu, t->dst.mtu) : t->dst.mtu;
	uint16_t fits = (uint16_t)(mtu - (tcp_v6(t) ? 40 : 20) - WIRE_TCP_LEN);
	uint16_t mss = RTE_MIN(fits, t->mss_limit) - t->auth_len;

	return t->flags & TF_TS ? mss - TCP_TS_LEN : mss; /* RFC 6691 section 2 */
}

void tcb_room(struct tcp *tcp, struct tcb *t)
{
	if (t->mss_limit > RTE_MIN(t->snd_buf, tcp->buf_room))
		t->flags |= TF_SMALL;
	else
		t->flags &= ~TF_SMALL;
}

/* The handshake is complete: both sequence spaces and the peer's window are known. */
void tcb_established(struct tcp *tcp, struct tcb *t)
{
	tcp_pmtu_start(tcp, t);
	t->mss = tcp_mss_send(t);
	t->rcv_buf = rcv_buf_most(t, t->rcv_buf);
	t->rcv_buf_max = rcv_buf_most(t, t->rcv_buf_max);
	t->quick_acks = tcp->conf.quick_acks;
	tcp_rcv_round_begin(tcp, t);
	t->flags |= TF_SENDING | TF_REACHED;
	if (t->last_tx_us == 0) /* by a SYN,ACK that was an entry's */
		t->last_tx_us = tcp->env->now_us;
	tcb_room(tcp, t);
	t->cc->init(tcp, t);
	if (t->flags & TF_SYN_REXMT && t->srtt_us == 0)
		t->rto_us = RTE_MAX(t->rto_us, 3000000u); /* RFC 6298 (5.7) */
	t->recover = t->snd_una - 1;
	if (t->flags & TF_FIN_QUEUED) { /* shut down before it was open */
		t->state = TCP_FIN_WAIT_1;
		tcp_out_add(tcp, t);
	}
	tcp_count(tcp, CNT_tcp_established);
	if (t->flags & TF_KEEPALIVE)
		tcp_timer_update(tcp, t);
}

void tcb_kill(struct tcp *tcp, struct tcb *t)
{
	if (t->state == TCP_CLOSED)
		return;
	if (unlikely(t->state == TCP_SYN_RECEIVED && t->flags & TF_FASTOPEN))
		tcp->n_fo_wait--;
	t->state = TCP_CLOSED;
	t->handle |= TCP_HANDLE_DEAD;
	timer_cancel(&tcp->env->wheel, &t->timer);
	tcp_flow_del(tcp, t->hash, FLOW_VAL(FLOW_KIND_TCB, tcb_index(t)));
	txq_free(tcp, t);
	tcp_xs_put(tcp, t);
	tcp_ooo_free(tcp, t);
	tcp_rcv_tune_end(tcp, t);
	tcp_auth_conn_free(tcp, t->auth);
	t->auth = 0;
	tcp_out_add(tcp, t);
}

void tcb_report_end(struct tcp *tcp, struct tcb *t, int err)
{
	if ((t->flags & (TF_DETACHED | TF_LINGER)) == TF_DETACHED)
		return;
	t->flags |= TF_DETACHED;
	t->flags &= ~TF_LINGER;
	t->handle |= TCP_HANDLE_DEAD; /* when the application hears of it */
	tcp->up->closed(tcp->up_ctx, t, err);
}

void tcb_end(struct tcp *tcp, struct tcb *t, int err)
{
	tcb_kill(tcp, t);
	tcb_report_end(tcp, t, err);
}

/* Only from the output run: nobody holds a pointer to t. */
void tcb_release(struct tcp *tcp, struct tcb *t)
{
	t->handle = (t->handle + (UINT64_C(1) << 32)) | TCP_HANDLE_DEAD;
	t->free_next = tcp->tcb_free;
	tcp->tcb_free = t;
	tcp->n_tcb--;
}

tcp_handle_t tcp_handle(const struct tcp *tcp, const struct tcb *t)
{
	return t->handle & ~TCP_HANDLE_DEAD;
}

struct tcb *tcp_find(const struct tcp *tcp, tcp_handle_t h)
{
	uint32_t i = (uint32_t)h - 1;

	if (unlikely(i >= tcp->conf.connections || tcp->tcbs[i].handle != h))
		return NULL;
	return &tcp->tcbs[i];
}

const void *tcp_app_ops(const struct tcb *t)
{
	return t->app_ops;
}

void *tcp_app_user(const struct tcb *t)
{
	return t->app_user;
}

void tcp_app_set(struct tcb *t, const void *ops, void *user)
{
	if (ops != NULL)
		t->app_ops = ops;
	t->app_user = user;
}
