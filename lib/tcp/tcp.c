/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "auth.h"
#include "evict.h"
#include "fastopen.h"
#include "tcp_priv.h"

/* The TCP instance of a core: its tables, fixed at start. */

void tcp_conf_default(struct tcp_conf *c)
{
	*c = (struct tcp_conf){
		.connections = 16384,
		.half_open = 4096,
		.time_wait = 16384,
		.listeners = 256,
		.sndbuf = 256 * 1024,
		.rcvbuf = 65535,
		.rcvbuf_max = 6 * 1024 * 1024,
		.sndbuf_max = 4 * 1024 * 1024,
		.ooo_max = 4096,
		.rto_min_us = 200 * 1000,
		.rto_initial_us = 1000 * 1000,
		.rto_max_us = 60 * 1000 * 1000,
		.r2_us = 924 * 1000 * 1000u,
		.syn_r2_us = 180 * 1000 * 1000,
		.r1 = 3,
		.synack_tries = 5,
		.quick_acks = 8,
		.delack_us = 40 * 1000,
		.msl_us = 30 * 1000 * 1000,
		.fin_wait2_us = 60 * 1000 * 1000,
		.keepalive_idle_us = 7200 * UINT64_C(1000000),
		.keepalive_interval_us = 75 * 1000 * 1000,
		.keepalive_count = 9,
		.challenge_rate = 1000,
		.fastopen_pending = 256,
		.fastopen_cache = 1024,
		.initial_window = 10,
		.window_scaling = true,
		.timestamps = true,
		.sack = true,
		.ecn = TCP_ECN_ACCEPT,
		.mss_min = 88,
		.mtu_probing = TCP_MTU_PROBING_BLACK_HOLE,
		.mtu_floor = 552,
		.port_low = 32768,
		.port_high = 65535,
	};
}

static const struct net_proto_ops tcp_proto = {.input = tcp_input, .error = tcp_error};

static void *table(size_t n, size_t size)
{
	void *p = aligned_alloc(64, RTE_ALIGN_CEIL(n * size, 64) + 64);

	if (p != NULL)
		memset(p, 0, n * size);
	return p;
}

static bool tables_alloc(struct tcp *tcp, uint32_t n_txseg)
{
	const struct tcp_conf *c = &tcp->conf;
	uint32_t flows = c->connections + c->half_open + c->time_wait;

	tcp->tcbs = table(c->connections, sizeof(struct tcb));
	tcp->out = malloc(2 * c->connections * sizeof(struct tcb *));
	tcp->ho = table(c->half_open, sizeof(struct tcp_half_open));
	tcp->tw = table(c->time_wait, sizeof(struct tcp_time_wait));
	tcp->listeners = table(c->listeners, sizeof(struct tcp_listener));
	tcp->txseg_mem = table(n_txseg, sizeof(struct txseg));
	tcp->xs_mem = malloc(c->connections * sizeof(struct tcp_xs)); /* zeroed as they are taken */
	tcp->xr_mem = malloc(c->connections * sizeof(struct tcp_xr));
	return tcp->tcbs != NULL && tcp->out != NULL && tcp->ho != NULL && tcp->tw != NULL &&
	       tcp->listeners != NULL && tcp->txseg_mem != NULL && tcp->xs_mem != NULL &&
	       tcp->xr_mem != NULL && flow_table_init(&tcp->flow, flows) == 0 &&
	       flow_table_init(&tcp->listen_table, c->listeners) == 0;
}

static void free_lists(struct tcp *tcp, uint32_t n_txseg)
{
	const struct tcp_conf *c = &tcp->conf;

	for (uint32_t i = c->connections; i-- > 0;) {
		tcp->tcbs[i].handle = TCP_HANDLE_DEAD | (i + 1);
		tcp->tcbs[i].free_next = tcp->tcb_free;
		tcp->tcb_free = &tcp->tcbs[i];
	}
	for (uint32_t i = c->half_open; i-- > 0;) {
		tcp->ho[i].next = tcp->ho_free;
		tcp->ho_free = i + 1;
	}
	for (uint32_t i = c->time_wait; i-- > 0;) {
		tcp->tw[i].next = tcp->tw_free;
		tcp->tw_free = i + 1;
	}
	for (uint32_t i = n_txseg; i-- > 0;)
		txseg_free(tcp, &tcp->txseg_mem[i]);
}

struct tcp *tcp_create(const struct tcp_conf *c, struct env *env, struct net *net,
	const struct owner *owner, const struct tcp_up_ops *up, void *up_ctx)
{
	struct tcp *tcp = table(1, sizeof(*tcp));
	/* A packet buffer can be in two stretches of a queue, and memory sent by reference in more. */
	uint32_t n_txseg = 2 * env->pool.mp->size + 1024;
	struct siphash_key port_key = {env->secret.k0 ^ 0x706f727473, env->secret.k1 + env->core};

	if (tcp == NULL)
		return NULL;
	tcp->env = env;
	tcp->net = net;
	tcp->owner = owner;
	tcp->up = up;
	tcp->up_ctx = up_ctx;
	tcp->conf = *c;
	tcp->evict_from = tcp_evict_mark(c);
	tcp->cookie_key = (struct siphash_key){
		env->secret.k0 ^ 0x636f6f6b6965, env->secret.k1 ^ 0x73796e2d61636b};
	if (!tables_alloc(tcp, n_txseg) || tcp_fastopen_cache_init(tcp) != 0) {
		tcp_destroy(tcp);
		errno = ENOMEM;
		return NULL;
	}
	if (port_alloc_init(&tcp->ports, &port_key, c->port_low, c->port_high) != 0) {
		tcp_destroy(tcp);
		errno = EINVAL;
		return NULL;
	}
	for (unsigned i = 0; i < c->n_key; i++) {
		int rc = tcp_auth_key_add(tcp, &c->key[i]);

		if (rc != 0) {
			tcp_destroy(tcp);
			errno = -rc;
			return NULL;
		}
	}
	free_lists(tcp, n_txseg);
	tcp->tx_bufs_max = env->pool.mp->size - env->pool.mp->size / 4;
	tcp->buf_room = (uint32_t)rte_pktmbuf_data_room_size(env->pool.mp) - PKT_HEADERS_MAX;
	tcp->ooo_bufs_max = env->pool.mp->size / 4;
	tcp->rcv_grown_max = (uint64_t)env->pool.mp->size * env->pool.data_room;
	env_timer_handler(env, TIMER_TCP_CONN, tcp_timer_fire, tcp);
	env_timer_handler(env, TIMER_TCP_HALF_OPEN, tcp_half_open_timer, tcp);
	env_timer_handler(env, TIMER_TCP_TIME_WAIT, tcp_time_wait_timer, tcp);
	net_proto_set(net, IPPROTO_TCP, &tcp_proto, tcp);
	return tcp;
}

static void timers_cancel(struct tcp *tcp)
{
	while (tcp->ho_oldest != 0)
		tcp_half_open_free(tcp, &tcp->ho[tcp->ho_oldest - 1]);
	timer_cancel(&tcp->env->wheel, &tcp->tw_timer);
}

void tcp_destroy(struct tcp *tcp)
{
	if (tcp->tcbs != NULL && tcp->flow.bucket != NULL) {
		for (uint32_t i = 0; i < tcp->conf.connections; i++)
			tcb_kill(tcp, &tcp->tcbs[i]);
		timers_cancel(tcp);
	}
	flow_table_fini(&tcp->flow);
	flow_table_fini(&tcp->listen_table);
	free(tcp->tcbs);
	free(tcp->out);
	free(tcp->ho);
	free(tcp->tw);
	free(tcp->listeners);
	free(tcp->txseg_mem);
	tcp_auth_destroy(tcp);
	free(tcp->fo_peers);
	free(tcp->xs_mem);
	free(tcp->xr_mem);
	free(tcp);
}

void tcp_abort_all(struct tcp *tcp)
{
	for (uint32_t i = 0; i < tcp->conf.connections; i++) {
		struct tcb *t = &tcp->tcbs[i];

		if (t->state == TCP_CLOSED)
			continue;
		if ((t->flags & (TF_DETACHED | TF_LINGER)) == TF_DETACHED)
			tcp_abort(tcp, t);
		else
			tcp_abort_report(tcp, t, ECONNABORTED);
	}
}

void tcp_usage(const struct tcp *tcp, struct tcp_usage *u)
{
	*u = (struct tcp_usage){
		.connections = tcp->n_tcb,
		.connections_max = tcp->conf.connections,
		.half_open = tcp->n_half_open,
		.half_open_max = tcp->conf.half_open,
		.time_wait = tcp->n_time_wait,
		.time_wait_max = tcp->conf.time_wait,
		.listeners = tcp->n_listeners,
		.listeners_max = tcp->conf.listeners,
		.busy = tcp->n_xs,
	};
}
