/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_mbuf_dyn.h>

#include "ethdev_priv.h"
#include "log.h"
#include "owner.h"

/* Everything that the owner function hashes. */
#define RSS_IP4                                                                      \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER | \
		RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP)
#define RSS_IP6                                                                      \
	(RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_OTHER | \
		RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP)
#define RSS_HF	    (RSS_IP4 | RSS_IP6)
#define RSS_ANY	    (DRV_RSS | DRV_RX_RSS_HASH)
#define RX_L4_CKSUM (RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)
#define TX_L4_CKSUM (RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM)
#define RETA_GROUPS 64 /* 4096 entries: more than any port has */
#define FRAME_EXTRA (RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN + 2 * RTE_VLAN_HLEN)

/* One of ours stands for all bits of DPDK's. */
struct offload_map {
	uint32_t drv;
	uint64_t eth;
};

static const struct offload_map rx_map[] = {
	{DRV_RX_IP_CKSUM, RTE_ETH_RX_OFFLOAD_IPV4_CKSUM},
	{DRV_RX_L4_CKSUM, RX_L4_CKSUM},
	{DRV_RX_VLAN_STRIP, RTE_ETH_RX_OFFLOAD_VLAN_STRIP},
	{DRV_RX_SCATTER, RTE_ETH_RX_OFFLOAD_SCATTER},
	{DRV_RX_TIMESTAMP, RTE_ETH_RX_OFFLOAD_TIMESTAMP},
	{DRV_RX_RSS_HASH, RTE_ETH_RX_OFFLOAD_RSS_HASH},
};

static const struct offload_map tx_map[] = {
	{DRV_TX_IP_CKSUM, RTE_ETH_TX_OFFLOAD_IPV4_CKSUM},
	{DRV_TX_L4_CKSUM, TX_L4_CKSUM},
	{DRV_TX_TSO, RTE_ETH_TX_OFFLOAD_TCP_TSO},
	{DRV_TX_MULTI_SEGS, RTE_ETH_TX_OFFLOAD_MULTI_SEGS},
	{DRV_TX_VLAN, RTE_ETH_TX_OFFLOAD_VLAN_INSERT},
};

static uint32_t map_to_drv(const struct offload_map *map, unsigned n, uint64_t eth)
{
	uint32_t drv = 0;

	for (unsigned i = 0; i < n; i++)
		if ((eth & map[i].eth) == map[i].eth)
			drv |= map[i].drv;
	return drv;
}

static uint64_t map_to_eth(const struct offload_map *map, unsigned n, uint32_t drv)
{
	uint64_t eth = 0;

	for (unsigned i = 0; i < n; i++)
		if (drv & map[i].drv)
			eth |= map[i].eth;
	return eth;
}

/* Sizes of the table and the key if the port can spread as we need it, else 0. */
static void rss_caps(const struct rte_eth_dev_info *info, struct drv_caps *caps)
{
	unsigned key_len = info->hash_key_size != 0 ? info->hash_key_size : OWNER_KEY_MIN;

	if (info->reta_size == 0 || !rte_is_power_of_2(info->reta_size) ||
		!(info->flow_type_rss_offloads & RSS_HF) || key_len < OWNER_KEY_MIN ||
		key_len > DRV_RSS_KEY_MAX) {
		caps->offloads &= ~RSS_ANY;
		return;
	}
	caps->offloads |= DRV_RSS;
	/* A larger table is written with ours repeated: the low bits of the hash decide alike. */
	caps->reta_size = RTE_MIN(info->reta_size, DRV_RETA_MAX);
	caps->rss_key_len = key_len;
}

/* What rte_eth_dev_set_mtu() will take: max_mtu alone is not the limit. */
static uint16_t mtu_limit(const struct rte_eth_dev_info *info)
{
	uint32_t extra = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;

	if (info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu)
		extra = info->max_rx_pktlen - info->max_mtu;
	return RTE_MIN((uint32_t)info->max_mtu, info->max_rx_pktlen - extra);
}

static int caps_fill(uint16_t id, const struct rte_eth_dev_info *info, struct drv_caps *caps)
{
	uint16_t segs = info->tx_desc_lim.nb_seg_max;
	struct rte_ether_addr mac;
	int ret = rte_eth_macaddr_get(id, &mac);

	if (ret != 0)
		return ret;
	*caps = (struct drv_caps){
		.offloads = map_to_drv(rx_map, RTE_DIM(rx_map),
				    info->rx_offload_capa | info->rx_queue_offload_capa) |
			    map_to_drv(tx_map, RTE_DIM(tx_map),
				    info->tx_offload_capa | info->tx_queue_offload_capa),
		.max_rx_queues = RTE_MIN(info->max_rx_queues, ETHDEV_QUEUES_MAX),
		.max_tx_queues = RTE_MIN(info->max_tx_queues, ETHDEV_QUEUES_MAX),
		.min_mtu = info->min_mtu,
		.max_mtu = mtu_limit(info),
		.tso_max_segs = segs == UINT16_MAX ? 0 : segs,
		.numa_node = rte_eth_dev_socket_id(id),
	};
	memcpy(caps->mac, mac.addr_bytes, sizeof(caps->mac));
	rss_caps(info, caps);
	ethdev_quirks(info, caps);
	return 0;
}

int ethdev_caps(struct drv_port *p, struct drv_caps *caps)
{
	struct rte_eth_dev_info info;
	int ret = rte_eth_dev_info_get(ethdev_of(p)->id, &info);

	return ret != 0 ? ret : caps_fill(ethdev_of(p)->id, &info, caps);
}

static bool rss_conf_ok(const struct drv_conf *conf, const struct drv_caps *caps)
{
	if ((conf->rss_key_len != 0 && conf->rss_key_len != caps->rss_key_len) ||
		(conf->reta_size != 0 && conf->reta_size != caps->reta_size))
		return false;
	for (uint16_t i = 0; i < conf->reta_size; i++)
		if (conf->reta[i] >= conf->n_queues)
			return false;
	return true;
}

static bool conf_ok(const struct drv_conf *conf, const struct drv_caps *caps)
{
	if (conf->n_queues == 0 || conf->n_queues > caps->max_rx_queues ||
		conf->n_queues > caps->max_tx_queues || conf->mtu < caps->min_mtu ||
		conf->mtu > caps->max_mtu || (conf->offloads & ~caps->offloads) != 0)
		return false;
	for (uint16_t i = 0; i < conf->n_queues; i++)
		if (conf->pool[i] == NULL)
			return false;
	return !(conf->offloads & RSS_ANY) || rss_conf_ok(conf, caps);
}

/* Switches scatter on if a frame of the MTU does not fit the smallest buffer. */
static int scatter_choose(const char *name, struct drv_conf *conf, const struct drv_caps *caps)
{
	uint32_t room = UINT32_MAX;

	for (uint16_t i = 0; i < conf->n_queues; i++)
		room = RTE_MIN(room,
			(uint32_t)rte_pktmbuf_data_room_size(conf->pool[i]) - RTE_PKTMBUF_HEADROOM);
	if ((uint32_t)conf->mtu + FRAME_EXTRA <= room)
		return 0;
	if (!(caps->offloads & DRV_RX_SCATTER)) {
		gn_log(GN_LOG_ERR,
			"%s: frames of MTU %u do not fit buffers of %u bytes, and the port cannot "
			"scatter",
			name, conf->mtu, room);
		return -EINVAL;
	}
	conf->offloads |= DRV_RX_SCATTER;
	return 0;
}

static void rss_defaults(struct drv_conf *conf, const struct drv_caps *caps)
{
	if (!(conf->offloads & RSS_ANY)) {
		conf->rss_key_len = 0;
		conf->reta_size = 0;
		return;
	}
	if (conf->rss_key_len == 0) {
		conf->rss_key_len = caps->rss_key_len;
		memset(conf->rss_key, 0, sizeof(conf->rss_key));
		memcpy(conf->rss_key, owner_key_default, OWNER_KEY_MIN);
	}
	if (conf->reta_size == 0) {
		conf->reta_size = caps->reta_size;
		owner_reta_spread(conf->reta, conf->reta_size, conf->n_queues);
	}
}

/*
 * Writes the table, repeated if the port's is larger, and reads it back: -EIO if the port does not
 * keep it.
 */
static int reta_write(uint16_t id, const struct drv_conf *conf, uint16_t size)
{
	struct rte_eth_rss_reta_entry64 reta[RETA_GROUPS] = {0}, back[RETA_GROUPS] = {0};
	int ret;

	if (size > RETA_GROUPS * RTE_ETH_RETA_GROUP_SIZE)
		return -ENOTSUP;
	for (uint16_t i = 0; i < size; i++) {
		unsigned group = i / RTE_ETH_RETA_GROUP_SIZE, at = i % RTE_ETH_RETA_GROUP_SIZE;

		reta[group].mask |= RTE_BIT64(at);
		reta[group].reta[at] = conf->reta[i % conf->reta_size];
		back[group].mask |= RTE_BIT64(at);
	}
	ret = rte_eth_dev_rss_reta_update(id, reta, size);
	if (ret == 0)
		ret = rte_eth_dev_rss_reta_query(id, back, size);
	if (ret == 0 && memcmp(reta, back, sizeof(reta)) != 0)
		ret = -EIO;
	return ret;
}

/* Through a larger buffer: some drivers write their whole key, whatever length they are told. */
static int key_read(uint16_t id, uint8_t *key, uint8_t len)
{
	uint8_t buf[UINT8_MAX] = {0};
	struct rte_eth_rss_conf rss = {.rss_key = buf, .rss_key_len = len};
	int ret = rte_eth_dev_rss_hash_conf_get(id, &rss);

	if (ret == 0)
		memcpy(key, buf, len);
	return ret;
}

/* Some drivers take the key from rte_eth_dev_configure(), some want it written. */
static int key_write(uint16_t id, struct drv_conf *conf, uint64_t hf)
{
	struct rte_eth_rss_conf want = {
		.rss_key = conf->rss_key, .rss_key_len = conf->rss_key_len, .rss_hf = hf};
	uint8_t key[DRV_RSS_KEY_MAX];
	int ret = key_read(id, key, conf->rss_key_len);

	if (ret == 0 && memcmp(key, conf->rss_key, conf->rss_key_len) != 0) {
		ret = rte_eth_dev_rss_hash_update(id, &want);
		if (ret == 0 || ret == -ENOTSUP)
			ret = key_read(id, conf->rss_key, conf->rss_key_len);
	}
	return ret == -ENOTSUP ? 0 : ret;
}

int ethdev_rss_write(uint16_t id, struct drv_conf *conf)
{
	struct rte_eth_dev_info info;
	int ret = rte_eth_dev_info_get(id, &info);

	if (ret == 0)
		ret = reta_write(id, conf, info.reta_size);
	if (ret == 0)
		ret = key_write(id, conf, info.flow_type_rss_offloads & RSS_HF);
	return ret;
}

static void eth_conf_fill(
	struct rte_eth_conf *eth, const struct rte_eth_dev_info *info, struct drv_conf *conf)
{
	*eth = (struct rte_eth_conf){
		/* A device of ethdev_quirks.c may take more than it says. */
		.rxmode.mtu = RTE_MIN(conf->mtu, mtu_limit(info)),
		.rxmode.offloads = map_to_eth(rx_map, RTE_DIM(rx_map), conf->offloads),
		.txmode.offloads = map_to_eth(tx_map, RTE_DIM(tx_map), conf->offloads),
	};
	if (conf->offloads & RSS_ANY) {
		eth->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		eth->rx_adv_conf.rss_conf = (struct rte_eth_rss_conf){
			.rss_key = conf->rss_key,
			.rss_key_len = conf->rss_key_len,
			.rss_hf = info->flow_type_rss_offloads & RSS_HF,
		};
	}
}

static int queues_setup(uint16_t id, const struct rte_eth_dev_info *info,
	const struct rte_eth_conf *eth, const struct drv_conf *conf)
{
	uint16_t rx_desc = conf->rx_desc, tx_desc = conf->tx_desc;
	struct rte_eth_rxconf rx = info->default_rxconf;
	struct rte_eth_txconf tx = info->default_txconf;
	int socket = rte_eth_dev_socket_id(id);
	int ret = 0;

	if (rx_desc == 0)
		rx_desc = info->default_rxportconf.ring_size != 0
				  ? info->default_rxportconf.ring_size
				  : RTE_ETH_DEV_FALLBACK_RX_RINGSIZE;
	if (tx_desc == 0)
		tx_desc = info->default_txportconf.ring_size != 0
				  ? info->default_txportconf.ring_size
				  : RTE_ETH_DEV_FALLBACK_TX_RINGSIZE;
	ret = rte_eth_dev_adjust_nb_rx_tx_desc(id, &rx_desc, &tx_desc);
	rx.offloads = eth->rxmode.offloads;
	tx.offloads = eth->txmode.offloads;
	for (uint16_t i = 0; i < conf->n_queues && ret == 0; i++) {
		ret = rte_eth_rx_queue_setup(id, i, rx_desc, socket, &rx, conf->pool[i]);
		if (ret == 0)
			ret = rte_eth_tx_queue_setup(id, i, tx_desc, socket, &tx);
	}
	return ret;
}

static int configure_once(
	struct ethdev_port *e, const struct rte_eth_dev_info *info, struct drv_conf *conf)
{
	struct rte_eth_conf eth;
	int ret;

	eth_conf_fill(&eth, info, conf);
	ret = rte_eth_dev_configure(e->id, conf->n_queues, conf->n_queues, &eth);
	if (ret == 0)
		ret = queues_setup(e->id, info, &eth, conf);
	if (ret == 0) {
		/* Virtual devices take the MTU only from this call, some not at all. */
		ret = rte_eth_dev_set_mtu(e->id, eth.rxmode.mtu);
		if (ret == -ENOTSUP)
			ret = 0;
	}
	return ret;
}

static int timestamp_setup(struct drv_port *p, const struct drv_conf *conf)
{
	p->ts_offset = -1;
	p->ts_flag = 0;
	if (!(conf->offloads & DRV_RX_TIMESTAMP))
		return 0;
	return rte_mbuf_dyn_rx_timestamp_register(&p->ts_offset, &p->ts_flag) == 0 ? 0 : -rte_errno;
}

int ethdev_configure(struct drv_port *p, struct drv_conf *conf)
{
	struct ethdev_port *e = ethdev_of(p);
	struct rte_eth_dev_info info;
	struct drv_caps caps;
	int ret;

	if (e->started)
		return -EBUSY;
	e->configured = false;
	ret = rte_eth_dev_info_get(e->id, &info);
	if (ret == 0)
		ret = caps_fill(e->id, &info, &caps);
	if (ret == 0 && !conf_ok(conf, &caps))
		ret = -EINVAL;
	if (ret == 0)
		ret = scatter_choose(p->name, conf, &caps);
	if (ret != 0)
		return ret;
	rss_defaults(conf, &caps);
	ret = configure_once(e, &info, conf);
	if (ret == 0 && conf->offloads & RSS_ANY)
		ret = ethdev_rss_write(e->id, conf);
	if (ret != 0 && conf->offloads & RSS_ANY) {
		gn_log(GN_LOG_WARN, "%s: works without RSS: %s", p->name, rte_strerror(-ret));
		conf->offloads &= ~RSS_ANY;
		rss_defaults(conf, &caps);
		ret = configure_once(e, &info, conf);
	}
	if (ret == 0)
		ret = timestamp_setup(p, conf);
	if (ret != 0)
		return ret;
	e->conf = *conf;
	e->configured = true;
	return 0;
}
