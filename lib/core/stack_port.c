/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "log.h"
#include "stack_priv.h"

/* Ethernet header and two tags: what a receive buffer must hold besides the MTU. */
#define PORT_L2_MAX	   22
#define PORT_RETA_DEFAULT  128
#define PORT_RX_DESC_GUESS 512 /* of a driver's default, when we judge the pool's size */
#define PORT_STATS_US	   1000000

/* What the stack uses of a port's offloads. net/ takes tags in the frame and stripped ones alike;
 * a time stamp is for the application (core_rx_timestamp()). */
#define PORT_OFFLOADS                                                               \
	(DRV_RX_IP_CKSUM | DRV_RX_L4_CKSUM | DRV_RX_VLAN_STRIP | DRV_RX_TIMESTAMP | \
		DRV_TX_IP_CKSUM | DRV_TX_L4_CKSUM | DRV_TX_TSO | DRV_TX_MULTI_SEGS | DRV_TX_VLAN)

static int port_probe(struct stack *s, unsigned i,
	int (*probe)(const char *device, struct drv_port **out), char *err, size_t err_size)
{
	const struct conf_port *conf = &s->conf->port[i];
	struct stack_port *p = &s->port[i];
	int ret = probe(conf->device, &p->drv);

	if (ret != 0) {
		p->drv = NULL;
		return stack_error(err, err_size, "port %s: cannot open device \"%s\": %s",
			conf->name, conf->device, strerror(-ret));
	}
	ret = p->drv->ops->caps(p->drv, &p->caps);
	if (ret != 0)
		return stack_error(err, err_size, "port %s: cannot read capabilities: %s",
			conf->name, strerror(-ret));
	if (p->caps.max_rx_queues == 0 || p->caps.max_tx_queues == 0)
		return stack_error(err, err_size,
			"port %s: device \"%s\" has no receive or no transmit queue", conf->name,
			conf->device);
	return 0;
}

/* One owner function for all ports: their smallest RETA; larger ones repeat it. */
static int ports_owner_init(struct stack *s, char *err, size_t err_size)
{
	uint16_t reta[OWNER_RETA_MAX], size = OWNER_RETA_MAX;
	bool any = false;

	for (unsigned i = 0; i < s->n_ports; i++) {
		uint16_t port_size = s->port[i].caps.reta_size;

		if (port_size == 0 || (port_size & (port_size - 1)) != 0)
			continue;
		size = RTE_MIN(size, port_size);
		any = true;
	}
	if (!any)
		size = PORT_RETA_DEFAULT;
	owner_reta_spread(reta, size, s->n_cores);
	if (owner_init(&s->owner, s->conf->rss_key, s->conf->rss_key_len, reta, size) != 0)
		return stack_error(err, err_size, "RSS key: %u bytes given, %u to %u are right",
			s->conf->rss_key_len, OWNER_KEY_MIN, OWNER_KEY_MAX);
	return 0;
}

static void port_conf_rss(const struct stack *s, struct stack_port *p)
{
	struct drv_conf *d = &p->conf;

	if (d->n_queues == 1 || (p->caps.offloads & DRV_RSS) == 0)
		return;
	d->offloads |= p->caps.offloads & (DRV_RSS | DRV_RX_RSS_HASH);
	/* Tuples are at most 36 bytes, whose hash needs 40 bytes of key: a port that wants more
	 * gets zeros behind, one that wants fewer than we have the front. */
	d->rss_key_len = p->caps.rss_key_len;
	memcpy(d->rss_key, s->conf->rss_key, RTE_MIN(d->rss_key_len, s->conf->rss_key_len));
	d->reta_size = p->caps.reta_size;
	for (unsigned i = 0; i < d->reta_size; i++) {
		uint16_t core = s->owner.reta[i & s->owner.reta_mask];

		d->reta[i] = core % d->n_queues;
	}
}

static int port_conf_fill(struct stack *s, unsigned i, char *err, size_t err_size)
{
	const struct conf_port *conf = &s->conf->port[i];
	struct stack_port *p = &s->port[i];
	const struct drv_caps *caps = &p->caps;
	uint16_t queues = RTE_MIN(caps->max_rx_queues, caps->max_tx_queues);
	uint16_t frame_max = s->conf->buffer_size - RTE_PKTMBUF_HEADROOM;
	bool fits = conf->mtu + PORT_L2_MAX <= frame_max;

	p->conf = (struct drv_conf){
		.n_queues = RTE_MIN(s->n_cores, queues),
		.rx_desc = conf->rx_desc,
		.tx_desc = conf->tx_desc,
		.mtu = conf->mtu,
		.offloads = conf->offload ? caps->offloads & PORT_OFFLOADS : 0,
		.promiscuous = conf->promiscuous,
		/* Groups are joined at run time, on the cores; net/ filters. */
		.allmulticast = true,
	};
	if (conf->mtu < caps->min_mtu || (caps->max_mtu != 0 && conf->mtu > caps->max_mtu))
		return stack_error(err, err_size, "port %s: MTU %u, the device can %u to %u",
			conf->name, conf->mtu, caps->min_mtu, caps->max_mtu);
	if (!fits && (caps->offloads & DRV_RX_SCATTER) != 0)
		p->conf.offloads |= DRV_RX_SCATTER;
	if (!fits && (p->conf.offloads & (DRV_RX_SCATTER | DRV_TX_MULTI_SEGS)) !=
			     (DRV_RX_SCATTER | DRV_TX_MULTI_SEGS))
		return stack_error(err, err_size,
			"port %s: MTU %u needs packet buffers of %u bytes, not %u: the device "
			"cannot spread a frame over several",
			conf->name, conf->mtu, conf->mtu + PORT_L2_MAX + RTE_PKTMBUF_HEADROOM,
			s->conf->buffer_size);
	for (unsigned q = 0; q < p->conf.n_queues; q++)
		p->conf.pool[q] = s->core[q].pool;
	port_conf_rss(s, p);
	return 0;
}

/* Does the port do what the owner function computes? */
static bool port_steers(const struct stack *s, const struct drv_conf *d)
{
	if ((d->offloads & DRV_RSS) == 0 || d->n_queues != s->n_cores || d->reta_size == 0 ||
		(d->reta_size & (d->reta_size - 1)) != 0 || d->rss_key_len < OWNER_KEY_MIN ||
		memcmp(d->rss_key, s->conf->rss_key, OWNER_KEY_MIN) != 0)
		return false;
	for (unsigned i = 0; i < OWNER_RETA_MAX; i++)
		if (d->reta[i & (d->reta_size - 1)] != s->owner.reta[i & s->owner.reta_mask])
			return false;
	return true;
}

static int port_configure(struct stack *s, unsigned i, char *err, size_t err_size)
{
	const struct conf_port *conf = &s->conf->port[i];
	struct stack_port *p = &s->port[i];
	int ret = port_conf_fill(s, i, err, err_size);

	if (ret != 0)
		return ret;
	ret = p->drv->ops->configure(p->drv, &p->conf);
	if (ret != 0)
		return stack_error(err, err_size,
			"port %s: cannot set up device \"%s\" with %u queues, MTU %u: %s",
			conf->name, conf->device, p->conf.n_queues, conf->mtu, strerror(-ret));
	if (s->n_cores > 1 && !port_steers(s, &p->conf)) {
		p->conf.offloads &= ~DRV_RSS;
		gn_log(GN_LOG_INFO,
			"port %s does not steer flows by our RSS key (%u of %u queues): cores hand "
			"packets to their owners",
			conf->name, p->conf.n_queues, s->n_cores);
	}
	return 0;
}

/* Full receive rings must leave buffers to send with. */
static int ports_check_buffers(const struct stack *s, char *err, size_t err_size)
{
	uint32_t need = 2 * DRV_BURST_MAX;

	for (unsigned i = 0; i < s->n_ports; i++) {
		uint16_t desc = s->port[i].conf.rx_desc;

		need += desc != 0 ? desc : PORT_RX_DESC_GUESS;
	}
	if (s->conf->packet_buffers >= need)
		return 0;
	return stack_error(err, err_size,
		"%u packet buffers a core are too few: the receive queues of %u ports and a burst "
		"need %u",
		s->conf->packet_buffers, s->n_ports, need);
}

int stack_ports_open(struct stack *s, int (*probe)(const char *device, struct drv_port **out),
	char *err, size_t err_size)
{
	int ret;

	for (unsigned i = 0; i < s->conf->n_ports; i++) {
		s->n_ports = i + 1;
		ret = port_probe(s, i, probe, err, err_size);
		if (ret != 0)
			return ret;
	}
	ret = ports_owner_init(s, err, err_size);
	for (unsigned i = 0; i < s->n_ports && ret == 0; i++)
		ret = port_configure(s, i, err, err_size);
	return ret == 0 ? ports_check_buffers(s, err, err_size) : ret;
}

int stack_ports_start(struct stack *s)
{
	for (unsigned i = 0; i < s->n_ports; i++) {
		struct stack_port *p = &s->port[i];
		int ret = p->drv->ops->start(p->drv);

		if (ret != 0) {
			gn_log(GN_LOG_ERR, "port %s: cannot start: %s", s->conf->port[i].name,
				strerror(-ret));
			return ret;
		}
		p->started = true;
	}
	return 0;
}

void stack_ports_close(struct stack *s)
{
	for (unsigned i = 0; i < s->n_ports; i++) {
		struct stack_port *p = &s->port[i];

		if (p->drv == NULL)
			continue;
		if (p->started)
			p->drv->ops->stop(p->drv);
		p->drv->ops->close(p->drv);
		p->drv = NULL;
	}
	s->n_ports = 0;
}

static void port_link_poll(struct stack *s, unsigned i)
{
	struct stack_port *p = &s->port[i];
	struct drv_link link = {.up = true};
	bool posted = true;

	if (p->drv->ops->link != NULL)
		p->drv->ops->link(p->drv, &link);
	if (p->link_known && p->link_up == link.up)
		return;
	for (unsigned c = 0; c < s->n_cores; c++)
		posted &= core_link_post(s->core[c].core, i, link.up) == 0;
	if (!posted)
		return; /* said again at the next poll: the cores ignore what they know */
	gn_log(GN_LOG_INFO, "port %s: link %s", s->conf->port[i].name, link.up ? "up" : "down");
	p->link_known = true;
	p->link_up = link.up;
}

static void port_stats_poll(struct stack *s, unsigned i)
{
	struct stack_port *p = &s->port[i];
	struct drv_stats now = {0};

	if (p->drv->ops->stats == NULL || p->drv->ops->stats(p->drv, &now) != 0)
		return;
	if (now.rx_missed > p->stats.rx_missed || now.rx_nombuf > p->stats.rx_nombuf)
		gn_log(GN_LOG_WARN,
			"port %s: lost %llu packets because a receive queue was full, %llu because "
			"packet buffers ran out",
			s->conf->port[i].name,
			(unsigned long long)(now.rx_missed - p->stats.rx_missed),
			(unsigned long long)(now.rx_nombuf - p->stats.rx_nombuf));
	p->stats = now;
}

void stack_ports_poll(struct stack *s, uint64_t now_us)
{
	bool stats_due = now_us - s->stats_us >= PORT_STATS_US;

	for (unsigned i = 0; i < s->n_ports; i++) {
		port_link_poll(s, i);
		if (stats_due)
			port_stats_poll(s, i);
	}
	if (stats_due)
		s->stats_us = now_us;
}
