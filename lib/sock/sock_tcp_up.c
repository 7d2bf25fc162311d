/* SPDX-License-Identifier: BSD-3-Clause */
#include "sock_impl.h"

/* What TCP tells, handed to the application's callbacks. While the core stops nobody is called:
 * sock_core_exit() has already told all there was to tell. */

static void sock_accepted(void *ctx, struct tcp_listener *l, struct tcb *t)
{
	struct sock *s = sock_of(ctx);
	const struct gn_tcp_ops *ops = tcp_app_ops(t);
	struct tcp_info i;
	struct gn_addr peer;

	(void)l;
	if (unlikely(s->stopping)) {
		tcp_abort(s->tcp, t);
		return;
	}
	if (ops->accepted == NULL)
		return;
	tcp_info(s->tcp, t, &i);
	sock_addr_set(&peer, i.v6, &i.rip, i.rport, NET_NO_IFC);
	ops->accepted(s->core, tcp_handle(s->tcp, t), tcp_app_user(t), &peer);
}

static void sock_connected(void *ctx, struct tcb *t)
{
	struct sock *s = sock_of(ctx);
	const struct gn_tcp_ops *ops = tcp_app_ops(t);

	if (ops->connected != NULL && !s->stopping)
		ops->connected(s->core, tcp_handle(s->tcp, t), tcp_app_user(t));
}

static __rte_noinline void sock_received_nobody(struct sock *s, struct tcb *t, struct rte_mbuf *m)
{
	uint32_t len = m->pkt_len;

	pkt_free(&s->env->pool, m);
	tcp_consumed(s->tcp, t, len);
}

static void sock_received(void *ctx, struct tcb *t, struct rte_mbuf *m)
{
	struct sock *s = sock_of(ctx);
	const struct gn_tcp_ops *ops = tcp_app_ops(t);

	if (likely(ops->received != NULL && !s->stopping))
		ops->received(ctx, tcp_handle(s->tcp, t), tcp_app_user(t), m);
	else
		sock_received_nobody(s, t, m);
}

static void sock_urgent(void *ctx, struct tcb *t, uint32_t ahead)
{
	struct sock *s = sock_of(ctx);
	const struct gn_tcp_ops *ops = tcp_app_ops(t);

	if (ops->urgent != NULL && !s->stopping)
		ops->urgent(s->core, tcp_handle(s->tcp, t), tcp_app_user(t), ahead);
}

static void sock_peer_closed(void *ctx, struct tcb *t)
{
	struct sock *s = sock_of(ctx);
	const struct gn_tcp_ops *ops = tcp_app_ops(t);

	if (ops->peer_closed != NULL && !s->stopping)
		ops->peer_closed(s->core, tcp_handle(s->tcp, t), tcp_app_user(t));
}

static void sock_writable(void *ctx, struct tcb *t, uint32_t room)
{
	struct sock *s = sock_of(ctx);
	const struct gn_tcp_ops *ops = tcp_app_ops(t);

	if (ops->writable != NULL && !s->stopping)
		ops->writable(s->core, tcp_handle(s->tcp, t), tcp_app_user(t), room);
}

static void sock_closed(void *ctx, struct tcb *t, int err)
{
	struct sock *s = sock_of(ctx);
	const struct gn_tcp_ops *ops = tcp_app_ops(t);

	if (ops->closed != NULL && !s->stopping)
		ops->closed(s->core, tcp_handle(s->tcp, t), tcp_app_user(t), err);
}

static void sock_error(void *ctx, struct tcb *t, int err)
{
	struct sock *s = sock_of(ctx);
	const struct gn_tcp_ops *ops = tcp_app_ops(t);

	if (ops->error != NULL && !s->stopping)
		ops->error(s->core, tcp_handle(s->tcp, t), tcp_app_user(t), err);
}

const struct tcp_up_ops sock_tcp_up = {
	.accepted = sock_accepted,
	.connected = sock_connected,
	.received = sock_received,
	.urgent = sock_urgent,
	.peer_closed = sock_peer_closed,
	.writable = sock_writable,
	.closed = sock_closed,
	.error = sock_error,
};
