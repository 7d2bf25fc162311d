/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "bench.h"
#include "cable.h"
#include "owner.h"
#include "sock_core.h"

/* Two hosts of one core each, joined by a cable whose cards do all the offloads of a real one. */

#define OFFLOADS                                                                           \
	(DRV_RX_IP_CKSUM | DRV_RX_L4_CKSUM | DRV_RX_RSS_HASH | DRV_RSS | DRV_TX_IP_CKSUM | \
		DRV_TX_L4_CKSUM | DRV_TX_MULTI_SEGS)

static const uint8_t macs[2][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};

static void addr_set(struct conf_ifc *ifc, unsigned me)
{
	struct conf_addr *a4 = &ifc->addr[0], *a6 = &ifc->addr[1];

	ifc->n_addr = 2;
	a4->v6 = false;
	a4->ip.v4 = IP4(10, 0, 0, 1 + me);
	a4->plen = 8;
	a6->v6 = true;
	a6->ip.v6 = (struct ip6){{0xfd, 0, [15] = (uint8_t)(1 + me)}};
	a6->plen = 64;
	ifc->n_neigh = 2;
	ifc->neigh[0].v6 = false;
	ifc->neigh[0].ip.v4 = IP4(10, 0, 0, 1 + !me);
	memcpy(ifc->neigh[0].mac, macs[!me], 6);
	ifc->neigh[1].v6 = true;
	ifc->neigh[1].ip.v6 = (struct ip6){{0xfd, 0, [15] = (uint8_t)(1 + !me)}};
	memcpy(ifc->neigh[1].mac, macs[!me], 6);
}

static void conf_make(struct bench_side *s, unsigned me, const struct bench_opts *o)
{
	struct stack_conf *c = &s->conf;
	uint32_t n = o->window + o->idle + 64;

	stack_conf_default(c);
	c->net.acd = false;
	c->net.dad_transmits = 0;
	c->tcp.connections = n;
	c->tcp.half_open = 8192;
	c->tcp.time_wait = 64;
	c->tcp.nodelay = true;
	c->tcp.port_low = 1024;
	c->n_ports = 1;
	strcpy(c->port[0].name, "cable");
	c->port[0].mtu = 1500;
	c->port[0].offload = true;
	c->port[0].n_ifc = 1;
	strcpy(c->port[0].ifc[0].name, "cable");
	addr_set(&c->port[0].ifc[0], me);
}

static void port_setup(struct bench_side *s)
{
	s->drv = (struct drv_conf){
		.n_queues = 1, .mtu = 1500, .offloads = OFFLOADS, .rss_key_len = 40};
	memcpy(s->drv.rss_key, owner_key_default, 40);
	s->drv.reta_size = 128;
	s->drv.pool[0] = s->pool;
	int rc = s->port->ops->configure(s->port, &s->drv);

	if (rc != 0)
		bench_die("cable: %s", strerror(-rc));
}

/*
 * The driver's functions behind ones of each side's own, at which tools/bench/bench stops counting
 * instructions: the cable stands for a network card. Only in the counted part, since entering them
 * from anywhere else would start the count. The remarks keep them different.
 */
static drv_rx_fn card_rx;
static drv_tx_fn card_tx;
bool bench_counting;

#define CARD(side)                                                                             \
	uint16_t bench_##side##_rx(void *q, struct rte_mbuf **m, uint16_t n, uint64_t now_us); \
	uint16_t bench_##side##_tx(void *q, struct rte_mbuf **m, uint16_t n, uint64_t now_us); \
	__attribute__((noinline))                                                              \
	uint16_t bench_##side##_rx(void *q, struct rte_mbuf **m, uint16_t n, uint64_t now_us)  \
	{                                                                                      \
		uint16_t got = card_rx(q, m, n, now_us);                                       \
                                                                                               \
		__asm__ volatile("# " #side);                                                  \
		return got;                                                                    \
	}                                                                                      \
	__attribute__((noinline))                                                              \
	uint16_t bench_##side##_tx(void *q, struct rte_mbuf **m, uint16_t n, uint64_t now_us)  \
	{                                                                                      \
		uint16_t sent = card_tx(q, m, n, now_us);                                      \
                                                                                               \
		__asm__ volatile("# " #side);                                                  \
		return sent;                                                                   \
	}                                                                                      \
	static uint16_t side##_rx(void *q, struct rte_mbuf **m, uint16_t n, uint64_t now_us)   \
	{                                                                                      \
		return bench_counting ? bench_##side##_rx(q, m, n, now_us)                     \
				      : card_rx(q, m, n, now_us);                              \
	}                                                                                      \
	static uint16_t side##_tx(void *q, struct rte_mbuf **m, uint16_t n, uint64_t now_us)   \
	{                                                                                      \
		return bench_counting ? bench_##side##_tx(q, m, n, now_us)                     \
				      : card_tx(q, m, n, now_us);                              \
	}

CARD(client)
CARD(server)

static void cards_wrap(struct bench_pair *p)
{
	card_rx = p->client.port->rx;
	card_tx = p->client.port->tx;
	p->client.port->rx = client_rx;
	p->client.port->tx = client_tx;
	p->server.port->rx = server_rx;
	p->server.port->tx = server_tx;
}

static void pool_make(struct bench_side *s, unsigned me)
{
	char name[32];

	snprintf(name, sizeof(name), "bench-%u", me);
	s->pool = rte_pktmbuf_pool_create(
		name, 32767, 512, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	s->owner = calloc(1, sizeof(*s->owner));
	if (s->pool == NULL || s->owner == NULL)
		bench_die("no memory for packet buffers");
}

static void side_create(struct bench_side *s, unsigned me, unsigned lcore, const struct gn_app *app,
	const struct bench_opts *o)
{
	uint16_t reta[128] = {0};

	owner_init(s->owner, owner_key_default, 40, reta, 128);
	s->opts = o;
	conf_make(s, me, o);
	struct core_params p = {
		.conf = &s->conf,
		.owner = s->owner,
		.pool = s->pool,
		.cache = rte_mempool_default_cache(s->pool, lcore),
		.secret = {1, 2 + me},
		.seed = 1 + me,
		.now_us = bench_clock_us(),
		.n_ports = 1,
		.port[0] = {.drv = s->port, .conf = &s->drv},
		.app = &sock_core_ops,
	};

	s->core = core_create(&p);
	if (s->core == NULL)
		bench_die("core: %s", strerror(errno));
	s->app = *app;
	s->app.arg = s;
	int rc = sock_core_init(s->core, &s->app);

	if (rc != 0)
		bench_die("application: %s", strerror(-rc));
}

void bench_pair_create(struct bench_pair *p, const struct bench_opts *o)
{
	struct cable_conf cable = {.seed = 1, .mode = CABLE_CARRY};
	bool tcp = o->scenario == BENCH_TCP_RR;

	for (unsigned i = 0; i < 2; i++) {
		cable.side[i].max_queues = 1;
		cable.side[i].offloads = CABLE_OFFLOADS;
		cable.side[i].ring_size = 4096;
		memcpy(cable.side[i].mac, macs[i], 6);
	}
	if (cable_create(&cable, &p->client.port, &p->server.port) != 0)
		bench_die("cable: cannot be made");
	struct bench_side *side[2] = {&p->client, &p->server};

	for (unsigned i = 0; i < 2; i++) {
		pool_make(side[i], i);
		port_setup(side[i]);
	}
	for (unsigned i = 0; i < 2; i++)
		side[i]->port->ops->start(side[i]->port);
	if (o->count)
		cards_wrap(p);
	/* In a single thread both run on the main lcore, and take turns with its pool caches. */
	side_create(&p->server, 1, o->count ? rte_lcore_id() : 2,
		tcp ? &bench_tcp_server : &bench_udp_server, o);
	side_create(&p->client, 0, o->count ? rte_lcore_id() : 1,
		tcp ? &bench_tcp_client : &bench_udp_client, o);
}

static void side_destroy(struct bench_side *s)
{
	sock_core_exit(s->core);
	core_destroy(s->core);
}

void bench_pair_destroy(struct bench_pair *p)
{
	side_destroy(&p->client);
	side_destroy(&p->server);
	p->client.port->ops->close(p->client.port);
	p->server.port->ops->close(p->server.port);
	rte_mempool_free(p->client.pool);
	rte_mempool_free(p->server.pool);
	free(p->client.owner);
	free(p->server.owner);
}
