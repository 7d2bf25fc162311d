/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "bench.h"
#include "cable.h"
#include "lwip.h"
#include "owner.h"
#include "sock_core.h"

/* Two hosts of one or more cores each, joined by a cable. */

#define BUFFERS	  32767 /* a core */
#define RETA_SIZE 128

static const uint8_t macs[2][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};

static uint32_t offloads(const struct bench_opts *o)
{
	uint32_t on = DRV_RX_RSS_HASH | DRV_RSS | DRV_TX_MULTI_SEGS;

	if (o->offload >= BENCH_OFFLOAD_CHECKSUM)
		on |= DRV_RX_IP_CKSUM | DRV_RX_L4_CKSUM | DRV_TX_IP_CKSUM | DRV_TX_L4_CKSUM;
	if (o->offload >= BENCH_OFFLOAD_TSO)
		on |= DRV_TX_TSO | DRV_RX_SCATTER;
	return on;
}

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

/* Blocks of a core: what is open, and with tcp-crr what is on its way to being closed. Where the
 * hash spreads the connections over several cores, some get more than their share. */
static uint32_t connections(const struct bench_opts *o)
{
	uint32_t n = o->window * (o->scenario == BENCH_TCP_CRR ? 4 : 1) + o->idle / o->cores;

	return o->cores > 1 ? n + n / 8 + 256 + o->window * o->cores : n + 64;
}

static void conf_make(struct bench_host *h, unsigned me, const struct bench_opts *o)
{
	struct stack_conf *c = &h->conf;

	stack_conf_default(c);
	c->n_cores = o->cores;
	c->net.acd = false;
	c->net.dad_transmits = 0;
	c->tcp.connections = connections(o);
	c->tcp.listeners = RTE_MAX(64u, bench_server_ports(o));
	c->tcp.half_open = 8192;
	c->tcp.time_wait = 4096; /* a full table gives up the oldest: so ports come free again */
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

static void port_setup(struct bench_host *h, uint32_t on, const struct bench_opts *o)
{
	h->drv = (struct drv_conf){
		.n_queues = (uint16_t)h->n, .mtu = 1500, .offloads = on, .rss_key_len = 40};
	memcpy(h->drv.rss_key, owner_key_default, 40);
	h->drv.reta_size = (on & DRV_RSS) != 0 ? RETA_SIZE : 0;
	owner_reta_spread(h->drv.reta, RETA_SIZE, (uint16_t)h->n);
	for (unsigned i = 0; i < h->n; i++)
		h->drv.pool[i] = h->side[i].pool;
	int rc = h->port->ops->configure(h->port, &h->drv);

	if (rc != 0)
		bench_die("cable: %s", strerror(-rc));
	h->owner = calloc(1, sizeof(*h->owner));
	if (h->owner == NULL ||
		owner_init(h->owner, owner_key_default, 40, h->drv.reta, RETA_SIZE) != 0)
		bench_die("no owner function");
}

static void pools_make(struct bench_host *h, unsigned me)
{
	for (unsigned i = 0; i < h->n; i++) {
		char name[32];

		snprintf(name, sizeof(name), "bench-%u-%u", me, i);
		h->side[i].pool = rte_pktmbuf_pool_create(
			name, BUFFERS, 512, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
		if (h->side[i].pool == NULL)
			bench_die("no memory for packet buffers");
	}
}

static void side_create(struct bench_host *h, unsigned me, unsigned i, const struct gn_app *app,
	const struct bench_opts *o, uint64_t now_us)
{
	struct bench_side *s = &h->side[i];
	/* On a single thread all run on the main lcore, and take turns with its pool caches. */
	unsigned lcore = o->count ? rte_lcore_id() : 1 + 2 * i + me;
	struct core_params p = {
		.conf = &h->conf,
		.index = (uint16_t)i,
		.mesh = h->mesh,
		.owner = h->owner,
		.pool = s->pool,
		.cache = rte_mempool_default_cache(s->pool, lcore),
		.secret = {1, 2 + me},
		.seed = 1 + me + 2 * i,
		.now_us = now_us,
		.n_ports = 1,
		.port[0] = {.drv = h->port, .conf = &h->drv},
		.app = &sock_core_ops,
	};

	s->opts = o;
	s->host = h;
	s->index = i;
	s->core = core_create(&p);
	if (s->core == NULL)
		bench_die("core: %s", strerror(errno));
	s->app = *app;
	s->app.arg = s;
	int rc = sock_core_init(s->core, &s->app);

	if (rc != 0)
		bench_die("application: %s", strerror(-rc));
}

static void host_create(struct bench_host *h, unsigned me, const struct gn_app *app,
	const struct bench_opts *o, uint64_t now_us)
{
	conf_make(h, me, o);
	if (h->n > 1) {
		h->mesh = core_mesh_create(h->n, h->conf.mailbox);
		if (h->mesh == NULL)
			bench_die("no memory for mailboxes");
	}
	for (unsigned i = 0; i < h->n; i++)
		side_create(h, me, i, app, o, now_us);
}

static void cable_make(struct bench_pair *p, const struct bench_opts *o)
{
	struct cable_conf cable = {.seed = 1, .mode = CABLE_CARRY};

	for (unsigned i = 0; i < 2; i++) {
		cable.side[i].max_queues = (uint16_t)o->cores;
		cable.side[i].offloads = CABLE_OFFLOADS;
		cable.side[i].ring_size = 4096;
		cable.side[i].reta_size = RETA_SIZE;
		memcpy(cable.side[i].mac, macs[i], 6);
	}
	if (cable_create(&cable, &p->client.port, &p->server.port) != 0)
		bench_die("cable: cannot be made");
}

void bench_pair_create(struct bench_pair *p, const struct bench_opts *o, uint64_t now_us)
{
	const struct bench_apps *apps = bench_apps(o->scenario);
	struct bench_host *host[2] = {&p->client, &p->server};

	cable_make(p, o);
	for (unsigned i = 0; i < 2; i++) {
		host[i]->n = o->cores;
		pools_make(host[i], i);
		/* lwIP looks at no flags */
		port_setup(host[i], i == 1 && o->who == BENCH_LWIP ? 0 : offloads(o), o);
	}
	for (unsigned i = 0; i < 2; i++)
		host[i]->port->ops->start(host[i]->port);
	if (o->count)
		bench_count_cards(p);
	if (o->who == BENCH_LWIP)
		bench_lwip_create(p->server.port, p->server.side[0].pool, macs[1], o);
	else
		host_create(&p->server, 1, apps->server, o, now_us);
	host_create(&p->client, 0, apps->client, o, now_us);
}

static void host_stop(struct bench_host *h)
{
	for (unsigned i = 0; i < h->n; i++)
		if (h->side[i].core != NULL)
			sock_core_exit(h->side[i].core);
	for (unsigned i = 0; i < h->n; i++)
		core_destroy(h->side[i].core);
	core_mesh_destroy(h->mesh);
	free(h->owner);
}

void bench_pair_destroy(struct bench_pair *p)
{
	struct bench_host *host[2] = {&p->client, &p->server};

	for (unsigned i = 0; i < 2; i++)
		host_stop(host[i]);
	for (unsigned i = 0; i < 2; i++)
		host[i]->port->ops->close(host[i]->port);
	for (unsigned i = 0; i < 2; i++)
		for (unsigned k = 0; k < host[i]->n; k++)
			rte_mempool_free(host[i]->side[k].pool);
}
