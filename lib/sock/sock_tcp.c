/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "sock_impl.h"

_Static_assert(sizeof(gn_tcp_t) == sizeof(tcp_handle_t), "a handle is TCP's own");

/* 0, or -EINVAL: no such congestion control. */
static int sock_opts(const struct gn_tcp_opts *o, struct tcp_opts *to)
{
	*to = (struct tcp_opts){0};
	if (o == NULL)
		return 0;
	*to = (struct tcp_opts){
		.sndbuf = o->sndbuf,
		.rcvbuf = o->rcvbuf,
		.backlog = o->backlog,
		.keepalive_idle_us = (uint64_t)o->keepalive_idle_s * 1000000,
		.keepalive_interval_us = (uint64_t)o->keepalive_interval_s * 1000000,
		.keepalive_count = o->keepalive_count,
		.user_timeout_us = (uint64_t)o->user_timeout_s * 1000000,
		.mss = o->mss,
		.ttl = o->ttl,
		.tos = o->tos,
		.window_scaling = o->window_scaling,
		.timestamps = o->timestamps,
		.sack = o->sack,
		.ecn = o->ecn,
		.fastopen = o->fastopen,
		.nodelay = o->nodelay,
		.keepalive = o->keepalive,
		.cc = o->cc != NULL ? tcp_cc_find(o->cc) : NULL,
	};
	return o->cc != NULL && to->cc == NULL ? -EINVAL : 0;
}

int64_t gn_tcp_listen(struct gn_core *c, const struct gn_addr *local, const struct gn_tcp_ops *ops,
	void *user, const struct gn_tcp_opts *opts)
{
	struct sock *s = sock_of(c);
	struct tcp_opts o;
	const struct net_ifc *ifc = NULL;
	struct tcp_listener *l;
	union net_ip ip;

	if (s->stopping)
		return -ESHUTDOWN;
	if (ops == NULL || local->port == 0 || !sock_addr_ip(local, &ip) ||
		sock_opts(opts, &o) != 0)
		return -EINVAL;
	if (local->ifc != 0) {
		if (local->ifc > net_ifc_count(s->net))
			return -EADDRNOTAVAIL;
		ifc = net_ifc_get(s->net, local->ifc - 1);
	}
	l = tcp_listen(s->tcp, local->family == 6, local->family == 0, &ip, local->port,
		ifc != NULL ? ifc->scope : 0, &o, ops, user);
	return l != NULL ? (int64_t)tcp_listener_handle(s->tcp, l) : -errno;
}

int gn_listener_close(struct gn_core *c, gn_listener_t l)
{
	struct sock *s = sock_of(c);
	struct tcp_listener *found = tcp_listener_find(s->tcp, l);

	if (found == NULL)
		return -EBADF;
	tcp_listener_close(s->tcp, found);
	return 0;
}

int64_t gn_tcp_connect(struct gn_core *c, const struct gn_addr *local, const struct gn_addr *remote,
	const struct gn_tcp_ops *ops, void *user, const struct gn_tcp_opts *opts)
{
	return gn_tcp_connect_data(c, local, remote, ops, user, opts, NULL, 0);
}

int64_t gn_tcp_connect_data(struct gn_core *c, const struct gn_addr *local,
	const struct gn_addr *remote, const struct gn_tcp_ops *ops, void *user,
	const struct gn_tcp_opts *opts, const void *data, size_t len)
{
	struct sock *s = sock_of(c);
	struct tcp_opts o;
	struct sock_pair p;
	struct tcb *t;

	if (s->stopping)
		return -ESHUTDOWN;
	if (ops == NULL || sock_pair_make(&p, local, remote) != 0 || sock_opts(opts, &o) != 0)
		return -EINVAL;
	if (len > UINT32_MAX)
		return -EMSGSIZE;
	o.data = data;
	o.data_len = (uint32_t)len;
	t = tcp_connect(s->tcp, p.v6, &p.lip, p.lport, &p.rip, p.rport, p.ifc, &o, ops, user);
	return t != NULL ? (int64_t)tcp_handle(s->tcp, t) : -errno;
}

int gn_tcp_user_set(struct gn_core *c, gn_tcp_t t, const struct gn_tcp_ops *ops, void *user)
{
	struct tcb *b = tcp_find(sock_of(c)->tcp, t);

	if (b == NULL)
		return -EBADF;
	tcp_app_set(b, ops != NULL ? ops : tcp_app_ops(b), user);
	return 0;
}

void *gn_tcp_user(struct gn_core *c, gn_tcp_t t)
{
	struct tcb *b = tcp_find(sock_of(c)->tcp, t);

	return b != NULL ? tcp_app_user(b) : NULL;
}

ssize_t gn_tcp_send(struct gn_core *c, gn_tcp_t t, const void *data, size_t len, unsigned flags)
{
	struct sock *s = sock_of(c);
	struct tcb *b = tcp_find(s->tcp, t);

	if (unlikely(b == NULL))
		return -EBADF;
	return tcp_send(s->tcp, b, data, len, flags & GN_MORE);
}

ssize_t gn_tcp_send_buf(struct gn_core *c, gn_tcp_t t, struct rte_mbuf *m, unsigned flags)
{
	struct sock *s = sock_of(c);
	struct tcb *b = tcp_find(s->tcp, t);

	if (unlikely(b == NULL))
		return -EBADF;
	return tcp_send_buf(s->tcp, b, m, flags & GN_MORE);
}

ssize_t gn_tcp_send_ref(struct gn_core *c, gn_tcp_t t, const void *data, size_t len,
	struct gn_ref *ref, unsigned flags)
{
	struct sock *s = sock_of(c);
	struct tcb *b = tcp_find(s->tcp, t);
	struct rte_mbuf *m;
	ssize_t r;

	if (unlikely(b == NULL))
		return -EBADF;
	if (unlikely(len == 0 || len > UINT16_MAX))
		return -EMSGSIZE;
	m = sock_ref_attach(s, ref, data, (uint16_t)len);
	if (unlikely(m == NULL))
		return tcp_send_nobuf(s->tcp, b);
	r = tcp_send_buf(s->tcp, b, m, flags & GN_MORE);
	if (unlikely(r < 0))
		sock_ref_cancel(s, ref, m);
	return r;
}

int gn_tcp_urgent(struct gn_core *c, gn_tcp_t t)
{
	struct sock *s = sock_of(c);
	struct tcb *b = tcp_find(s->tcp, t);

	return b != NULL ? tcp_urgent(s->tcp, b) : -EBADF;
}

size_t gn_tcp_room(struct gn_core *c, gn_tcp_t t)
{
	struct tcb *b = tcp_find(sock_of(c)->tcp, t);

	return b != NULL ? tcp_room(b) : 0;
}

static __rte_noinline void rx_done_general(struct sock *s, struct tcb *b, struct rte_mbuf *m)
{
	uint32_t len = m->pkt_len;

	pkt_free(&s->env->pool, m);
	if (b != NULL)
		tcp_consumed(s->tcp, b, len);
}

void gn_tcp_rx_done(struct gn_core *c, gn_tcp_t t, struct rte_mbuf *m)
{
	struct sock *s = sock_of(c);
	struct tcb *b = tcp_find(s->tcp, t);
	uint32_t len = m->pkt_len;

	if (likely(b != NULL && pkt_whole(m) && pkt_cache_put(&s->env->pool, m)))
		tcp_consumed(s->tcp, b, len);
	else
		rx_done_general(s, b, m);
}

int gn_tcp_consumed(struct gn_core *c, gn_tcp_t t, size_t n)
{
	struct sock *s = sock_of(c);
	struct tcb *b = tcp_find(s->tcp, t);

	if (unlikely(b == NULL))
		return -EBADF;
	tcp_consumed(s->tcp, b, (uint32_t)n);
	return 0;
}

int gn_tcp_shutdown(struct gn_core *c, gn_tcp_t t)
{
	struct sock *s = sock_of(c);
	struct tcb *b = tcp_find(s->tcp, t);

	if (b == NULL)
		return -EBADF;
	tcp_shutdown(s->tcp, b);
	return 0;
}

int gn_tcp_close(struct gn_core *c, gn_tcp_t t)
{
	struct sock *s = sock_of(c);
	struct tcb *b = tcp_find(s->tcp, t);

	if (b == NULL)
		return -EBADF;
	tcp_close(s->tcp, b);
	return 0;
}

int gn_tcp_close_linger(struct gn_core *c, gn_tcp_t t, uint32_t linger_ms)
{
	struct sock *s = sock_of(c);
	struct tcb *b = tcp_find(s->tcp, t);

	if (b == NULL)
		return -EBADF;
	return tcp_close_linger(s->tcp, b, (uint64_t)linger_ms * 1000);
}

int gn_tcp_abort(struct gn_core *c, gn_tcp_t t)
{
	struct sock *s = sock_of(c);
	struct tcb *b = tcp_find(s->tcp, t);

	if (b == NULL)
		return -EBADF;
	tcp_abort(s->tcp, b);
	return 0;
}

int gn_tcp_info(struct gn_core *c, gn_tcp_t t, struct gn_tcp_info *info)
{
	struct sock *s = sock_of(c);
	const struct tcb *b = tcp_find(s->tcp, t);
	struct tcp_info i;

	if (b == NULL)
		return -EBADF;
	tcp_info(s->tcp, b, &i);
	*info = (struct gn_tcp_info){
		.state = i.state,
		.srtt_us = i.srtt_us,
		.rttvar_us = i.rttvar_us,
		.rto_us = i.rto_us,
		.cwnd = i.cwnd,
		.ssthresh = i.ssthresh,
		.snd_wnd = i.snd_wnd,
		.rcv_wnd = i.rcv_wnd,
		.mss = i.mss,
		.unacked = i.unacked,
		.unsent = i.unsent,
		.unread = i.unread,
		.urgent = i.urgent,
		.retransmits = i.retransmits,
		.bytes_sent = i.bytes_sent,
		.bytes_received = i.bytes_received,
		.bytes_acked = i.bytes_acked,
		.cc = i.cc,
		.cc_state = i.cc_state,
		.busy_ms = i.busy_ms,
		.rwnd_limited_ms = i.rwnd_limited_ms,
		.sndbuf_limited_ms = i.sndbuf_limited_ms,
		.idle_tx_ms = i.idle_tx_ms,
		.idle_rx_ms = i.idle_rx_ms,
		.path_mtu = i.path_mtu,
		.rcv_mss = i.rcv_mss,
		.snd_buf = i.snd_buf,
		.rcv_buf = i.rcv_buf,
		.backoff = i.backoff,
		.snd_wscale = i.snd_wscale,
		.rcv_wscale = i.rcv_wscale,
		.timestamps = i.timestamps,
		.sack = i.sack,
		.ecn = i.ecn,
		.fastopen = i.fastopen,
		.in_flight = i.in_flight,
		.sacked = i.sacked,
		.lost = i.lost,
		.min_rtt_us = i.min_rtt_us,
		.delivery_rate = i.delivery_rate,
		.delivery_rate_limited = i.delivery_rate_limited,
		.pacing_rate = i.pacing_rate,
		.model_bw = i.model_bw,
		.model_rtt_us = i.model_rtt_us,
	};
	sock_addr_set(&info->local, i.v6, &i.lip, i.lport, NET_NO_IFC);
	sock_addr_set(&info->remote, i.v6, &i.rip, i.rport, NET_NO_IFC);
	return 0;
}

int gn_tcp_opts_set(struct gn_core *c, gn_tcp_t t, const struct gn_tcp_opts *opts)
{
	struct sock *s = sock_of(c);
	struct tcb *b = tcp_find(s->tcp, t);
	struct tcp_opts o;

	if (b == NULL)
		return -EBADF;
	if (sock_opts(opts, &o) != 0)
		return -EINVAL;
	tcp_opts_set(s->tcp, b, &o);
	return 0;
}
