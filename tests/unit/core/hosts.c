/* SPDX-License-Identifier: BSD-3-Clause */
#include "hosts.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "wire_icmp.h"

union net_ip host_ip(bool v6, unsigned host)
{
	union net_ip ip;

	memset(&ip, 0, sizeof(ip));
	if (v6) {
		ip.v6.b[0] = 0xfd;
		ip.v6.b[15] = host + 1;
	} else {
		ip.v4 = IP4(10, 0, 0, host + 1);
	}
	return ip;
}

static void host_conf(struct host *h, unsigned index, const struct host_opts *o)
{
	struct conf_ifc *ifc;

	h->conf = malloc(sizeof(*h->conf));
	stack_conf_default(h->conf);
	h->n_cores = h->conf->n_cores = o->n_cores;
	h->conf->net.acd = false;
	h->conf->net.dad_transmits = 0;
	/* Small tables: these tests are about the core. */
	h->conf->tcp.connections = h->conf->tcp.half_open = h->conf->tcp.time_wait = 64;
	h->conf->n_ports = 1;
	h->conf->port[0].n_ifc = 1;
	ifc = &h->conf->port[0].ifc[0];
	strcpy(ifc->name, "eth0");
	ifc->n_addr = 2;
	ifc->addr[0] = (struct conf_addr){.ip = host_ip(false, index), .plen = 24};
	ifc->addr[1] = (struct conf_addr){.v6 = true, .ip = host_ip(true, index), .plen = 64};
}

static void host_port(struct host *h, const struct host_opts *o)
{
	uint16_t queues = o->queues != 0 ? o->queues : o->n_cores, reta[DRV_RETA_MAX];
	unsigned reta_size = 128;

	owner_reta_spread(reta, reta_size, o->n_cores);
	cr_assert_eq(
		owner_init(&h->owner, h->conf->rss_key, h->conf->rss_key_len, reta, reta_size), 0);
	h->drv_conf = (struct drv_conf){
		.n_queues = queues, .mtu = 1500, .offloads = o->offloads, .allmulticast = true};
	if (o->offloads & DRV_RSS) {
		h->drv_conf.rss_key_len = OWNER_KEY_MIN;
		memcpy(h->drv_conf.rss_key, h->conf->rss_key, OWNER_KEY_MIN);
		h->drv_conf.reta_size = reta_size;
		memcpy(h->drv_conf.reta, reta, sizeof(reta));
	}
	for (unsigned q = 0; q < queues; q++)
		h->drv_conf.pool[q] = h->pool[q];
	cr_assert_eq(h->drv->ops->configure(h->drv, &h->drv_conf), 0);
}

static void host_cores(struct host *h, const struct host_opts *o)
{
	h->mesh = NULL;
	if (h->n_cores > 1) {
		h->mesh = core_mesh_create(h->n_cores, o->mailbox != 0 ? o->mailbox : 256);
		cr_assert_not_null(h->mesh);
	}
	for (unsigned i = 0; i < h->n_cores; i++) {
		struct core_params p = {
			.conf = h->conf,
			.index = i,
			.mesh = h->mesh,
			.owner = &h->owner,
			.pool = h->pool[i],
			.secret = {1, 2},
			.seed = 7 + i,
			.now_us = 1000000,
			.n_ports = 1,
			.port = {{.drv = h->drv, .conf = &h->drv_conf}},
			.app = o->app,
		};

		h->core[i] = core_create(&p);
		cr_assert_not_null(h->core[i]);
	}
}

void hosts_open(struct hosts *w, const struct host_opts *a, const struct host_opts *b)
{
	const struct host_opts *o[2] = {a, b};
	struct cable_conf cable = {.seed = 1};

	memset(w, 0, sizeof(*w));
	w->now_us = 1000000;
	for (unsigned i = 0; i < 2; i++) {
		uint8_t mac[6] = {2, 0, 0, 0, 0, i + 1};

		host_conf(&w->h[i], i, o[i]);
		cable.side[i].max_queues = o[i]->queues != 0 ? o[i]->queues : o[i]->n_cores;
		cable.side[i].offloads = o[i]->offloads;
		memcpy(cable.side[i].mac, mac, sizeof(mac));
		for (unsigned c = 0; c < o[i]->n_cores; c++)
			w->h[i].pool[c] =
				heap_pool_create("host", HOST_BUFS, RTE_MBUF_DEFAULT_BUF_SIZE);
	}
	cr_assert_eq(cable_create(&cable, &w->h[0].drv, &w->h[1].drv), 0);
	for (unsigned i = 0; i < 2; i++)
		host_port(&w->h[i], o[i]);
	for (unsigned i = 0; i < 2; i++)
		cr_assert_eq(w->h[i].drv->ops->start(w->h[i].drv), 0);
	for (unsigned i = 0; i < 2; i++)
		host_cores(&w->h[i], o[i]);
}

void hosts_close(struct hosts *w)
{
	for (unsigned i = 0; i < 2; i++)
		for (unsigned c = 0; c < w->h[i].n_cores; c++)
			core_destroy(w->h[i].core[c]);
	for (unsigned i = 0; i < 2; i++)
		w->h[i].drv->ops->stop(w->h[i].drv);
	for (unsigned i = 0; i < 2; i++)
		w->h[i].drv->ops->close(w->h[i].drv);
	for (unsigned i = 0; i < 2; i++) {
		struct host *h = &w->h[i];

		for (unsigned c = 0; c < h->n_cores; c++) {
			cr_expect_eq(heap_pool_avail(h->pool[c]), HOST_BUFS,
				"host %u, core %u: %u buffers are lost", i, c,
				HOST_BUFS - heap_pool_avail(h->pool[c]));
			heap_pool_free(h->pool[c]);
		}
		core_mesh_destroy(h->mesh);
		free(h->conf);
	}
}

void hosts_run(struct hosts *w, uint64_t us)
{
	uint64_t end = w->now_us + us;

	while (w->now_us <= end) {
		uint64_t next = UINT64_MAX;

		for (unsigned i = 0; i < 2; i++)
			for (unsigned c = 0; c < w->h[i].n_cores; c++)
				core_turn(w->h[i].core[c], w->now_us);
		for (unsigned i = 0; i < 2; i++)
			for (unsigned c = 0; c < w->h[i].n_cores; c++)
				next = RTE_MIN(next, core_next_us(w->h[i].core[c]));
		/* Time moves on also if a core has more to do at once. */
		w->now_us = RTE_MAX(next, w->now_us + 1);
	}
	w->now_us = end;
}

uint64_t host_count(const struct host *h, enum counter id)
{
	uint64_t sum = 0;

	for (unsigned c = 0; c < h->n_cores; c++)
		sum += core_env(h->core[c])->cnt.n[id];
	return sum;
}

uint64_t host_drops(const struct host *h, enum drop id)
{
	uint64_t sum = 0;

	for (unsigned c = 0; c < h->n_cores; c++)
		sum += core_env(h->core[c])->cnt.drop[id];
	return sum;
}

void host_ping(struct hosts *w, unsigned from, bool v6, uint16_t len)
{
	struct gn_core *c = w->h[from].core[0];
	union net_ip src, dst = host_ip(v6, 1 - from);
	struct rte_mbuf *m = pkt_alloc(&core_env(c)->pool);
	struct wire_icmp echo = {.type = v6 ? WIRE_ICMP6_ECHO : WIRE_ICMP4_ECHO, .rest = 0x10001};
	struct net_tx tx = {.proto = v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP};
	struct net_dst d;
	uint8_t *p;

	cr_assert_not_null(m);
	memset(&src, 0, sizeof(src));
	cr_assert_eq(net_route(core_net(c), v6, &dst, &src, NET_NO_IFC, &d), 0);
	p = (uint8_t *)rte_pktmbuf_append(m, WIRE_ICMP_LEN + len);
	wire_icmp_emit(p, &echo);
	memset(p + WIRE_ICMP_LEN, 'x', len);
	if (v6)
		cr_assert_eq(net_output6(core_net(c), &d, m, &src.v6, &dst.v6, &tx), 0);
	else
		cr_assert_eq(net_output4(core_net(c), &d, m, src.v4, dst.v4, &tx), 0);
}
