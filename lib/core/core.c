/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_lcore.h>
#include <rte_mbuf_dyn.h>

#include "core_priv.h"

/* What a core without a layer above plugs in: nobody can open a socket on it. */
static const struct tcp_up_ops core_no_tcp;
static const struct udp_up_ops core_no_udp;

/* A free segment of another pool: home through the mailbox if the pool is of this stack, else to
 * the pool itself (a peer's, over a cable or a memif). */
static void core_foreign(void *ctx, struct rte_mbuf *m)
{
	struct gn_core *c = ctx;
	uint16_t owner = mesh_pool_owner(&c->mesh, m->pool);

	if (owner < c->mesh.n_cores) {
		mesh_send_home(&c->mesh, owner, m);
		return;
	}
	struct rte_mempool_cache *cache = rte_mempool_default_cache(m->pool, c->lcore);
	void *obj = m;

	if (cache != NULL) { /* else every such buffer comes here */
		c->env.pool.peer = m->pool;
		c->env.pool.peer_cache = cache;
	}
	rte_mempool_generic_put(m->pool, &obj, 1, cache);
}

/* While the core is taken down nobody polls mailboxes any more. */
static void core_foreign_direct(void *ctx, struct rte_mbuf *m)
{
	(void)ctx;
	rte_mempool_put(m->pool, m);
}

static void core_net_tx(void *ctx, const struct net_ifc *ifc, struct rte_mbuf *m)
{
	struct gn_core *c = ctx;

	if (likely(ifc->up))
		tx_queue_take(&c->txq[ifc->port], m);
	else
		pkt_drop(&c->env.pool, m, DROP_tx_link_down);
}

static void core_net_handoff(void *ctx, uint16_t core, struct rte_mbuf *m)
{
	struct gn_core *c = ctx;

	if (likely(mesh_send(&c->mesh, core, mesh_word(m, MESH_HANDOFF))))
		count(&c->env.cnt, CNT_core_handoff_out);
	else
		pkt_drop(&c->env.pool, m, DROP_mailbox_full);
}

static bool core_net_post(void *ctx, uint16_t core, const void *body, uint16_t len)
{
	struct gn_core *c = ctx;
	struct rte_mbuf *m = pkt_alloc(&c->env.pool);

	if (m == NULL)
		return false;
	char *data = rte_pktmbuf_append(m, len);

	if (data == NULL) {
		pkt_free(&c->env.pool, m);
		return false;
	}
	memcpy(data, body, len);
	if (!mesh_send(&c->mesh, core, mesh_word(m, MESH_MESSAGE))) {
		pkt_free(&c->env.pool, m);
		return false;
	}
	count(&c->env.cnt, CNT_core_msg_out);
	return true;
}

static struct net_txq *core_net_txq(void *ctx, uint16_t port)
{
	return &((struct gn_core *)ctx)->txq[port].out;
}

static const struct net_env_ops core_net_ops = {
	.tx = core_net_tx,
	.handoff = core_net_handoff,
	.post = core_net_post,
	.txq = core_net_txq,
};

static void core_env_init(struct gn_core *c, const struct core_params *p)
{
	struct env *e = &c->env;

	e->now_us = p->now_us;
	timer_wheel_init(&e->wheel, p->now_us);
	e->pool = (struct pkt_pool){
		.mp = p->pool,
		.cache = pkt_cache_or_none(p->cache),
		.cnt = &e->cnt,
		.foreign = core_foreign,
		.foreign_ctx = c,
		.headroom = RTE_PKTMBUF_HEADROOM,
		.data_room = rte_pktmbuf_data_room_size(p->pool) - RTE_PKTMBUF_HEADROOM,
	};
	rng_seed(&e->rng, p->seed);
	e->secret = p->secret;
	e->core = p->index;
	e->n_cores = p->conf->n_cores;
}

/* A drv_tx_fn. */
static uint16_t core_relay_tx(void *queue, struct rte_mbuf **pkts, uint16_t n, uint64_t now_us)
{
	struct core_relay *r = queue;
	uint16_t i;

	(void)now_us;
	for (i = 0; i < n; i++) {
		pkts[i]->port = r->port;
		if (!mesh_send(r->mesh, r->to, mesh_word(pkts[i], MESH_TX)))
			break;
	}
	return i;
}

bool core_rx_timestamp(const struct gn_core *c, const struct rte_mbuf *m, uint64_t *ticks)
{
	const struct drv_port *drv = m->port < c->n_txq ? c->drv[m->port] : NULL;

	if (drv == NULL || (m->ol_flags & drv->ts_flag) == 0)
		return false;
	*ticks = *RTE_MBUF_DYNFIELD(m, drv->ts_offset, const rte_mbuf_timestamp_t *);
	return true;
}

static void core_queues_init(struct gn_core *c, const struct core_params *p)
{
	uint32_t budget = RTE_MAX(p->conf->rx_budget, 1u);

	c->n_txq = p->n_ports;
	for (unsigned i = 0; i < p->n_ports; i++) {
		struct drv_port *drv = p->port[i].drv;

		c->drv[i] = drv;
		if (p->index >= drv->n_queues) {
			/* Its packets are handed to us, and ours go by a core that has a queue. */
			c->relay[i] = (struct core_relay){
				.mesh = &c->mesh,
				.to = p->index % drv->n_queues,
				.port = i,
			};
			tx_queue_init(&c->txq[i], &p->port[i], core_relay_tx, &c->relay[i], true,
				&c->env);
			continue;
		}
		tx_queue_init(
			&c->txq[i], &p->port[i], drv->tx, drv->tx_queue[p->index], false, &c->env);
		c->rxq[c->n_rxq++] = (struct core_rxq){
			.rx = drv->rx,
			.queue = drv->rx_queue[p->index],
			.next_us = drv->ops->next_us,
			.port = i,
			.burst = RTE_MIN(budget, (uint32_t)DRV_BURST_MAX),
		};
	}
}

/* The layers, from below. 0 or -errno; what was made is in c. */
static int core_layers_create(struct gn_core *c, const struct core_params *p)
{
	const struct core_app_ops *app = p->app;
	const struct tcp_up_ops *tcp_up = app != NULL && app->tcp != NULL ? app->tcp : &core_no_tcp;
	const struct udp_up_ops *udp_up = app != NULL && app->udp != NULL ? app->udp : &core_no_udp;
	void *up_ctx = app != NULL && app->up_ctx != NULL ? app->up_ctx : c;
	const struct stack_conf *conf = p->conf;
	struct udp_conf udp_conf = {
		.sockets = conf->udp_sockets,
		.port_low = conf->tcp.port_low,
		.port_high = conf->tcp.port_high,
	};

	c->poll = app != NULL ? app->poll : NULL;
	c->net = net_create(&conf->net, &c->env, p->owner, &core_net_ops, c);
	if (c->net == NULL)
		return -errno;
	c->udp = udp_create(&udp_conf, &c->env, c->net, p->owner, udp_up, up_ctx);
	if (c->udp == NULL)
		return -errno;
	c->tcp = tcp_create(&conf->tcp, &c->env, c->net, p->owner, tcp_up, up_ctx);
	if (c->tcp == NULL)
		return -errno;
	return core_conf_apply(c, p);
}

struct gn_core *core_create(const struct core_params *p)
{
	struct gn_core *c =
		aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(sizeof(*c), RTE_CACHE_LINE_SIZE));
	int ret;

	if (c == NULL)
		return NULL;
	memset(c, 0, sizeof(*c));
	core_env_init(c, p);
	core_queues_init(c, p);
	spsc_init(&c->control_ring, c->control_slots, CORE_CONTROL_WORDS);
	c->timer_budget = p->conf->timer_budget;
	c->lcore = rte_lcore_id();
	ret = mesh_end_init(&c->mesh, p->mesh, p->index, p->pool, &c->env.cnt);
	if (ret == 0)
		ret = core_layers_create(c, p);
	if (ret != 0) {
		core_destroy(c);
		errno = -ret;
		return NULL;
	}
	return c;
}

void core_destroy(struct gn_core *c)
{
	if (c == NULL)
		return;
	c->env.pool.foreign = core_foreign_direct;
	c->env.pool.peer = NULL;
	if (c->tcp != NULL)
		tcp_destroy(c->tcp);
	if (c->udp != NULL)
		udp_destroy(c->udp);
	if (c->net != NULL)
		net_destroy(c->net);
	for (unsigned i = 0; i < c->n_txq; i++)
		tx_queue_fini(&c->txq[i]);
	mesh_end_fini(&c->mesh);
	free(c);
}

struct env *core_env(struct gn_core *c)
{
	return &c->env;
}

struct net *core_net(struct gn_core *c)
{
	return c->net;
}

struct tcp *core_tcp(struct gn_core *c)
{
	return c->tcp;
}

struct udp *core_udp(struct gn_core *c)
{
	return c->udp;
}

void core_above_set(struct gn_core *c, void *above)
{
	c->above = above;
}

void *core_above(const struct gn_core *c)
{
	return c->above;
}

int core_link_post(struct gn_core *c, uint16_t port, bool up)
{
	uint64_t word = (uint64_t)port << 1 | up;

	return spsc_push(&c->control_ring, &word, 1) == 1 ? 0 : -EAGAIN;
}

void core_usage(const struct gn_core *c, struct core_usage *u)
{
	const struct rte_mempool *mp = c->env.pool.mp;
	const struct core_mesh *mesh = c->mesh.mesh;

	*u = (struct core_usage){
		.pool_avail = rte_mempool_avail_count(mp),
		.pool_size = mp->size,
		.mailbox_used = mesh_waiting(&c->mesh),
		.mailbox_size = mesh != NULL ? (mesh->n_cores - 1) * mesh->words : 0,
		.turns = c->env.cnt.n[CNT_core_turns],
	};
}
