/* SPDX-License-Identifier: BSD-3-Clause */
#include "cable.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cable_priv.h"

#define CABLE_MTU_MIN	  68 /* RFC 791 */
#define CABLE_MTU_DEFAULT 9000
/* With its headers the largest frame is one that an IP length field can say. */
#define CABLE_MTU_MAX  65535
#define CABLE_RETA_DEF 128
#define CABLE_RING_DEF 1024
#define CABLE_RING_MAX (1u << 24)
#define CABLE_KEY_LEN  OWNER_KEY_MIN
#define CABLE_RSS_ANY  (DRV_RSS | DRV_RX_RSS_HASH)

static struct cable_end *end_of(struct drv_port *p)
{
	return (struct cable_end *)p;
}

static int op_caps(struct drv_port *p, struct drv_caps *caps)
{
	const struct cable_side *s = &end_of(p)->side;
	bool rss = s->offloads & CABLE_RSS_ANY;

	*caps = (struct drv_caps){
		.offloads = s->offloads,
		.max_rx_queues = s->max_queues,
		.max_tx_queues = s->max_queues,
		.reta_size = rss ? s->reta_size : 0,
		.rss_key_len = rss ? CABLE_KEY_LEN : 0,
		.min_mtu = CABLE_MTU_MIN,
		.max_mtu = s->max_mtu,
		.numa_node = -1,
	};
	memcpy(caps->mac, s->mac, sizeof(caps->mac));
	return 0;
}

static bool conf_ok(const struct cable_side *s, const struct drv_conf *conf)
{
	if (conf->n_queues == 0 || conf->n_queues > s->max_queues || conf->mtu < CABLE_MTU_MIN ||
		conf->mtu > s->max_mtu || (conf->offloads & ~s->offloads) != 0)
		return false;
	for (uint16_t i = 0; i < conf->n_queues; i++)
		if (conf->pool[i] == NULL)
			return false;
	if (!(conf->offloads & CABLE_RSS_ANY))
		return true;
	if ((conf->rss_key_len != 0 && conf->rss_key_len != CABLE_KEY_LEN) ||
		(conf->reta_size != 0 && conf->reta_size != s->reta_size))
		return false;
	for (uint16_t i = 0; i < conf->reta_size; i++)
		if (conf->reta[i] >= conf->n_queues)
			return false;
	return true;
}

static int rss_setup(struct cable_end *e, struct drv_conf *conf)
{
	if (!(conf->offloads & CABLE_RSS_ANY)) {
		conf->rss_key_len = 0;
		conf->reta_size = 0;
		return 0;
	}
	if (conf->rss_key_len == 0) {
		conf->rss_key_len = CABLE_KEY_LEN;
		memcpy(conf->rss_key, owner_key_default, CABLE_KEY_LEN);
	}
	if (conf->reta_size == 0) {
		conf->reta_size = e->side.reta_size;
		owner_reta_spread(conf->reta, conf->reta_size, conf->n_queues);
	}
	return owner_init(&e->owner, conf->rss_key, conf->rss_key_len, conf->reta, conf->reta_size);
}

static int op_configure(struct drv_port *p, struct drv_conf *conf)
{
	struct cable_end *e = end_of(p);
	int ret;

	if (e->started || e->peer->started)
		return -EBUSY;
	if (!conf_ok(&e->side, conf))
		return -EINVAL;
	cable_unjoin(e->cable);
	e->configured = false;
	ret = rss_setup(e, conf);
	if (ret != 0)
		return ret;
	e->mtu = conf->mtu;
	e->offloads = conf->offloads;
	p->n_queues = conf->n_queues;
	for (uint16_t i = 0; i < conf->n_queues; i++) {
		e->pool[i] = conf->pool[i];
		p->rx_queue[i] = &e->rxq[i];
		p->tx_queue[i] = &e->txq[i];
	}
	e->configured = true;
	return 0;
}

static int op_start(struct drv_port *p)
{
	struct cable_end *e = end_of(p);
	struct cable *c = e->cable;

	if (!e->configured)
		return -EINVAL;
	if (e->peer->started && !c->joined) {
		int ret = cable_join(c);

		if (ret != 0)
			return ret;
	}
	e->started = true;
	if (e->peer->started)
		__atomic_store_n(&c->up, true, __ATOMIC_RELEASE);
	return 0;
}

/* What has arrived at a stopped port is lost; what it sent still arrives. */
static int op_stop(struct drv_port *p)
{
	struct cable_end *e = end_of(p);

	e->started = false;
	__atomic_store_n(&e->cable->up, false, __ATOMIC_RELEASE);
	for (uint16_t i = 0; i < p->n_queues; i++)
		cable_rx_drain(&e->rxq[i]);
	return 0;
}

static void op_link(struct drv_port *p, struct drv_link *link)
{
	struct cable_end *e = end_of(p);

	*link = (struct drv_link){
		.up = e->cable->up,
		.speed_mbps = e->side.impair.rate_bps / 1000000,
		.full_duplex = true,
	};
}

/* There is no filter to set: every frame is received. */
static int op_mcast_set(struct drv_port *p, const uint8_t (*macs)[6], unsigned n)
{
	return 0;
}

static int op_filter(struct drv_port *p, bool on)
{
	return 0;
}

static uint64_t count_of(const struct cable_end *e, enum cable_count id)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; i < e->side.max_queues; i++)
		sum += e->txq[i].count[id];
	return sum;
}

static int op_stats(struct drv_port *p, struct drv_stats *s)
{
	const struct cable_end *e = end_of(p), *peer = e->peer;

	*s = (struct drv_stats){
		.rx_missed = count_of(peer, CABLE_RX_MISSED),
		.rx_errors = count_of(peer, CABLE_RX_MTU) + count_of(peer, CABLE_RX_SCATTER),
		.tx_errors = count_of(e, CABLE_TX_BAD) + count_of(e, CABLE_TX_MTU) +
			     count_of(e, CABLE_TX_NOBUF) + count_of(e, CABLE_TX_DOWN),
	};
	for (uint16_t i = 0; i < e->side.max_queues; i++) {
		s->tx_packets += e->txq[i].packets;
		s->tx_bytes += e->txq[i].bytes;
	}
	for (unsigned i = 0; i < peer->n_lanes; i++) {
		s->rx_packets += peer->lanes[i].packets;
		s->rx_bytes += peer->lanes[i].bytes;
	}
	return 0;
}

static int op_xstats(struct drv_port *p, struct drv_xstat *x, unsigned n)
{
	static const char *const names[CABLE_COUNT_MAX] = {
#define X(id, text) [CABLE_##id] = text,
		CABLE_COUNTERS(X)
#undef X
	};
	const struct cable_end *e = end_of(p);

	for (unsigned i = 0; i < CABLE_COUNT_MAX && i < n; i++) {
		snprintf(x[i].name, sizeof(x[i].name), "%s", names[i]);
		x[i].value = count_of(i < CABLE_RX_FIRST ? e : e->peer, i);
	}
	return CABLE_COUNT_MAX;
}

static void cable_free(struct cable *c)
{
	cable_unjoin(c);
	for (int i = 0; i < 2; i++) {
		for (uint16_t j = 0; c->end[i].txq != NULL && j < c->end[i].side.max_queues; j++)
			free(c->end[i].txq[j].wire.departure_ns);
		free(c->end[i].txq);
		free(c->end[i].rxq);
	}
	free(c);
}

static void op_close(struct drv_port *p)
{
	struct cable_end *e = end_of(p);

	if (e->started)
		op_stop(p);
	e->closed = true;
	if (e->peer->closed)
		cable_free(e->cable);
}

static const struct drv_ops cable_ops = {
	.name = "cable",
	.caps = op_caps,
	.configure = op_configure,
	.start = op_start,
	.stop = op_stop,
	.link = op_link,
	.mcast_set = op_mcast_set,
	.allmulticast = op_filter,
	.promiscuous = op_filter,
	.stats = op_stats,
	.xstats = op_xstats,
	.next_us = cable_next_us,
	.close = op_close,
};

static bool impair_ok(const struct cable_impair *i)
{
	return i->loss_ppm <= CABLE_PPM && i->burst_p_ppm <= CABLE_PPM &&
	       i->burst_r_ppm <= CABLE_PPM && i->reorder_ppm <= CABLE_PPM &&
	       i->dup_ppm <= CABLE_PPM && i->corrupt_ppm <= CABLE_PPM &&
	       (i->rate_bps != 0 ||
		       (i->queue_bytes == 0 && i->queue_frames == 0 && i->mark_bytes == 0));
}

static bool side_ok(const struct cable_side *s)
{
	return s->max_queues >= 1 && s->max_queues <= CABLE_QUEUES_MAX &&
	       s->max_mtu >= CABLE_MTU_MIN && (s->offloads & ~CABLE_OFFLOADS) == 0 &&
	       rte_is_power_of_2(s->reta_size) && s->reta_size <= DRV_RETA_MAX &&
	       rte_is_power_of_2(s->ring_size) && s->ring_size >= 2 &&
	       s->ring_size <= CABLE_RING_MAX && impair_ok(&s->impair);
}

static int end_init(struct cable *c, int i, const struct cable_conf *conf)
{
	struct cable_end *e = &c->end[i];
	uint16_t n = e->side.max_queues;
	void *txq, *rxq;

	if (posix_memalign(&txq, 64, n * sizeof(struct cable_txq)) != 0)
		return -ENOMEM;
	e->txq = memset(txq, 0, n * sizeof(struct cable_txq));
	if (posix_memalign(&rxq, 64, n * sizeof(struct cable_rxq)) != 0)
		return -ENOMEM;
	e->rxq = memset(rxq, 0, n * sizeof(struct cable_rxq));
	e->cable = c;
	e->peer = &c->end[1 - i];
	e->port.ops = &cable_ops;
	e->port.rx = cable_rx;
	e->port.tx = cable_tx;
	e->port.ts_offset = -1;
	snprintf(e->port.name, sizeof(e->port.name), "%s",
		e->side.name != NULL ? e->side.name : (i == 0 ? "cable-a" : "cable-b"));
	e->side.name = e->port.name;
	for (uint16_t q = 0; q < n; q++) {
		e->txq[q].end = e;
		e->txq[q].peer = e->peer;
		e->txq[q].up = &c->up;
		e->txq[q].index = q;
		/* rng_seed() mixes well: neighbouring seeds give independent sequences */
		rng_seed(&e->txq[q].wire.rng,
			conf->seed * 2 * CABLE_QUEUES_MAX + (uint64_t)i * CABLE_QUEUES_MAX + q);
	}
	return 0;
}

static void side_defaults(struct cable_side *s)
{
	if (s->max_mtu == 0)
		s->max_mtu = CABLE_MTU_DEFAULT;
	if (s->reta_size == 0)
		s->reta_size = CABLE_RETA_DEF;
	if (s->ring_size == 0)
		s->ring_size = CABLE_RING_DEF;
}

int cable_create(const struct cable_conf *conf, struct drv_port **a, struct drv_port **b)
{
	struct cable *c = calloc(1, sizeof(*c));
	int ret = 0;

	if (c == NULL)
		return -ENOMEM;
	c->mode = conf->mode;
	for (int i = 0; i < 2 && ret == 0; i++) {
		c->end[i].side = conf->side[i];
		side_defaults(&c->end[i].side);
		ret = side_ok(&c->end[i].side) ? end_init(c, i, conf) : -EINVAL;
	}
	if (ret != 0) {
		cable_free(c);
		return ret;
	}
	*a = &c->end[0].port;
	*b = &c->end[1].port;
	return 0;
}

int cable_impair_set(struct drv_port *p, const struct cable_impair *impair)
{
	struct cable_end *e = end_of(p);
	struct cable_impair old = e->side.impair;
	int ret;

	if (!impair_ok(impair))
		return -EINVAL;
	e->side.impair = *impair;
	if (!e->cable->joined)
		return 0;
	ret = cable_join_wires(e);
	if (ret != 0)
		e->side.impair = old;
	return ret;
}
