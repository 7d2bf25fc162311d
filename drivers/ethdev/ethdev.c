/* SPDX-License-Identifier: BSD-3-Clause */
#include "ethdev.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "ethdev_priv.h"
#include "log.h"

#define TX_PREPARED (DRV_TX_IP_CKSUM | DRV_TX_L4_CKSUM | DRV_TX_TSO)

static uint16_t ethdev_rx(void *queue, struct rte_mbuf **pkts, uint16_t n, uint64_t now_us)
{
	const struct ethdev_queue *q = queue;

	return rte_eth_rx_burst(q->port_id, q->queue_id, pkts, n);
}

static uint16_t ethdev_tx(void *queue, struct rte_mbuf **pkts, uint16_t n, uint64_t now_us)
{
	const struct ethdev_queue *q = queue;

	return rte_eth_tx_burst(q->port_id, q->queue_id, pkts, n);
}

/*
 * With checksum offloads or TSO: has each packet made ready as the device wants it. One that it
 * cannot send at all is dropped here, or it would be offered again for ever.
 */
static uint16_t ethdev_tx_prepared(void *queue, struct rte_mbuf **pkts, uint16_t n, uint64_t now_us)
{
	struct ethdev_queue *q = queue;
	uint16_t done = 0;

	while (done < n) {
		uint16_t ready = rte_eth_tx_prepare(q->port_id, q->queue_id, pkts + done, n - done);
		uint16_t sent = rte_eth_tx_burst(q->port_id, q->queue_id, pkts + done, ready);

		done += sent;
		if (sent < ready || done == n)
			break;
		q->tx_bad++;
		rte_pktmbuf_free(pkts[done++]);
	}
	return done;
}

static int op_configure(struct drv_port *p, struct drv_conf *conf)
{
	struct ethdev_port *e = ethdev_of(p);
	int ret = ethdev_configure(p, conf);

	if (ret != 0)
		return ret;
	p->n_queues = conf->n_queues;
	p->rx = ethdev_rx;
	p->tx = conf->offloads & TX_PREPARED ? ethdev_tx_prepared : ethdev_tx;
	for (uint16_t i = 0; i < conf->n_queues; i++) {
		e->queue[i] = (struct ethdev_queue){.port_id = e->id, .queue_id = i};
		p->rx_queue[i] = p->tx_queue[i] = &e->queue[i];
	}
	return 0;
}

/* -ENOTSUP: a virtual device without a filter receives everything anyway. */
static int filter_result(int ret)
{
	return ret == -ENOTSUP ? 0 : ret;
}

static int op_allmulticast(struct drv_port *p, bool on)
{
	uint16_t id = ethdev_of(p)->id;

	return filter_result(
		on ? rte_eth_allmulticast_enable(id) : rte_eth_allmulticast_disable(id));
}

static int op_promiscuous(struct drv_port *p, bool on)
{
	uint16_t id = ethdev_of(p)->id;

	return filter_result(on ? rte_eth_promiscuous_enable(id) : rte_eth_promiscuous_disable(id));
}

static int op_stop(struct drv_port *p)
{
	struct ethdev_port *e = ethdev_of(p);
	int ret = e->started ? rte_eth_dev_stop(e->id) : 0;

	e->started = e->started && ret != 0;
	return ret;
}

static int op_start(struct drv_port *p)
{
	struct ethdev_port *e = ethdev_of(p);
	int ret;

	if (!e->configured)
		return -EINVAL;
	ret = rte_eth_dev_start(e->id);
	if (ret != 0)
		return ret;
	e->started = true;
	/* Some drivers reset the table at start. */
	if (e->conf.offloads & DRV_RSS)
		ret = ethdev_rss_write(e->id, &e->conf);
	if (ret == 0)
		ret = op_promiscuous(p, e->conf.promiscuous);
	if (ret == 0)
		ret = op_allmulticast(p, e->conf.allmulticast);
	if (ret != 0)
		op_stop(p);
	return ret;
}

static void op_link(struct drv_port *p, struct drv_link *link)
{
	const struct ethdev_port *e = ethdev_of(p);
	struct rte_eth_link l = {0};

	if (rte_eth_link_get_nowait(e->id, &l) != 0)
		l = (struct rte_eth_link){0};
	*link = (struct drv_link){
		.up = e->link_blind ? e->started : l.link_status == RTE_ETH_LINK_UP,
		.speed_mbps = l.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : l.link_speed,
		.full_duplex = l.link_duplex == RTE_ETH_LINK_FULL_DUPLEX,
	};
}

_Static_assert(sizeof(struct rte_ether_addr) == 6, "a list of MACs is a list of rte_ether_addr");

static int op_mcast_set(struct drv_port *p, const uint8_t (*macs)[6], unsigned n)
{
	return rte_eth_dev_set_mc_addr_list(
		ethdev_of(p)->id, (struct rte_ether_addr *)(uintptr_t)macs, n);
}

static int op_stats(struct drv_port *p, struct drv_stats *s)
{
	struct ethdev_port *e = ethdev_of(p);
	struct rte_eth_stats st;
	int ret = rte_eth_stats_get(e->id, &st);

	if (ret != 0)
		return ret;
	*s = (struct drv_stats){
		.rx_packets = st.ipackets,
		.rx_bytes = st.ibytes,
		.tx_packets = st.opackets,
		.tx_bytes = st.obytes,
		.rx_missed = st.imissed,
		.rx_errors = st.ierrors,
		.rx_nombuf = st.rx_nombuf,
		.tx_errors = st.oerrors,
	};
	for (uint16_t i = 0; i < p->n_queues; i++)
		s->tx_errors += e->queue[i].tx_bad;
	return 0;
}

static int op_xstats(struct drv_port *p, struct drv_xstat *x, unsigned n)
{
	uint16_t id = ethdev_of(p)->id;
	int total = rte_eth_xstats_get(id, NULL, 0);
	struct rte_eth_xstat_name *names;
	struct rte_eth_xstat *values;

	if (total <= 0 || n == 0)
		return total;
	names = calloc(total, sizeof(*names));
	values = calloc(total, sizeof(*values));
	if (names == NULL || values == NULL)
		total = -ENOMEM;
	else if (rte_eth_xstats_get_names(id, names, total) != total ||
		 rte_eth_xstats_get(id, values, total) != total)
		total = -EIO;
	for (int i = 0; i < total && (unsigned)i < n; i++) {
		snprintf(x[i].name, sizeof(x[i].name), "%s", names[values[i].id].name);
		x[i].value = values[i].value;
	}
	free(names);
	free(values);
	return total;
}

static void op_close(struct drv_port *p)
{
	struct ethdev_port *e = ethdev_of(p);
	int ret;

	op_stop(p);
	ret = rte_eth_dev_close(e->id);
	if (ret == 0 && e->probed)
		ret = rte_dev_remove(e->device);
	if (ret != 0)
		gn_log(GN_LOG_WARN, "%s: close: %s", p->name, rte_strerror(-ret));
	free(e);
}

static const struct drv_ops ethdev_ops = {
	.name = "ethdev",
	.caps = ethdev_caps,
	.configure = op_configure,
	.start = op_start,
	.stop = op_stop,
	.link = op_link,
	.mcast_set = op_mcast_set,
	.allmulticast = op_allmulticast,
	.promiscuous = op_promiscuous,
	.stats = op_stats,
	.xstats = op_xstats,
	.close = op_close,
};

/* The port that the device of devargs has: by its name, or (short PCI addresses) by matching. */
static int port_find(const char *name, const char *devargs, uint16_t *id)
{
	struct rte_dev_iterator it;

	if (rte_eth_dev_get_port_by_name(name, id) == 0)
		return 0;
	if (rte_eth_iterator_init(&it, devargs) != 0)
		return -ENODEV;
	*id = rte_eth_iterator_next(&it);
	if (*id == RTE_MAX_ETHPORTS)
		return -ENODEV;
	rte_eth_iterator_cleanup(&it);
	return 0;
}

static int port_open(uint16_t id, bool probed, struct drv_port **out)
{
	struct ethdev_port *e = NULL;
	struct rte_eth_dev_info info;
	int ret = rte_eth_dev_info_get(id, &info);

	if (ret != 0)
		return ret;
	if (posix_memalign((void **)&e, RTE_CACHE_LINE_SIZE, sizeof(*e)) != 0)
		return -ENOMEM;
	memset(e, 0, sizeof(*e));
	e->id = id;
	e->probed = probed;
	e->device = info.device;
	e->link_blind = ethdev_link_blind(&info);
	e->port.ops = &ethdev_ops;
	e->port.ts_offset = -1;
	rte_eth_dev_get_name_by_port(id, e->port.name);
	*out = &e->port;
	return 0;
}

int ethdev_probe(const char *name_or_devargs, struct drv_port **out)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	bool probed = false;
	uint16_t id;
	int ret;

	if (snprintf(name, sizeof(name), "%.*s", (int)strcspn(name_or_devargs, ","),
		    name_or_devargs) >= (int)sizeof(name))
		return -ENODEV;
	ret = port_find(name, name_or_devargs, &id);
	if (ret != 0) {
		ret = rte_dev_probe(name_or_devargs);
		probed = ret == 0;
		if (ret == 0)
			ret = port_find(name, name_or_devargs, &id);
	}
	if (ret == 0)
		ret = port_open(id, probed, out);
	if (ret != 0)
		gn_log(GN_LOG_ERR, "%s: no port: %s", name_or_devargs, rte_strerror(-ret));
	return ret;
}
