/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_ether.h>

#include "ethdev_priv.h"

#define AF_PACKET_FRAMESZ  2048 /* default */
#define AF_PACKET_OVERHEAD 66	/* TPACKET2 header and socket address in each frame slot */
#define L2_OVERHEAD	   (RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN)

/*
 * Frames larger than a slot of the ring are cut without a word, whatever MTU is set; and all up to
 * that pass, though the device says 1500 and refuses to be told more (the MTU of the kernel's
 * interface is to be set with the kernel's tools).
 */
static void af_packet_mtu(const struct rte_eth_dev_info *info, struct drv_caps *caps)
{
	const struct rte_devargs *da = rte_dev_devargs(info->device);
	const char *arg = da != NULL && da->args != NULL ? strstr(da->args, "framesz=") : NULL;
	long framesz = arg != NULL ? strtol(arg + strlen("framesz="), NULL, 10) : AF_PACKET_FRAMESZ;
	long max = framesz - AF_PACKET_OVERHEAD - L2_OVERHEAD;

	if (max > 0 && max <= UINT16_MAX)
		caps->max_mtu = max;
}

#define TAP_QUEUES 4

/*
 * At start it writes the two file descriptors of each queue into a message for secondary processes
 * that has room for eight, and past its end.
 */
static void tap_queues(const struct rte_eth_dev_info *info, struct drv_caps *caps)
{
	caps->max_rx_queues = RTE_MIN(caps->max_rx_queues, TAP_QUEUES);
	caps->max_tx_queues = RTE_MIN(caps->max_tx_queues, TAP_QUEUES);
}

static const struct ethdev_quirk {
	const char *driver; /* prefix of the name */
	uint32_t broken;    /* offloads claimed in vain */
	bool link_blind;    /* what it says of its link is worth nothing */
	void (*fix)(const struct rte_eth_dev_info *info, struct drv_caps *caps);
} quirks[] = {
	/*
	 * Its RSS is an eBPF program that today's kernels refuse to load. For its link it asks the
	 * kernel by the interface's name, and hears "down" for ever once the interface was moved to
	 * another namespace, where it works well. Its TSO counts the Ethernet header against the MTU
	 * and refuses full-size segments for ever; its TCP and UDP checksums are wrong when a buffer
	 * of odd length is followed by another.
	 */
	{"net_tap", DRV_RSS | DRV_RX_RSS_HASH | DRV_TX_TSO | DRV_TX_L4_CKSUM, true, tap_queues},
	{"net_af_packet", 0, false, af_packet_mtu},
};

static bool quirk_matches(const struct ethdev_quirk *q, const struct rte_eth_dev_info *info)
{
	return strncmp(info->driver_name, q->driver, strlen(q->driver)) == 0;
}

bool ethdev_link_blind(const struct rte_eth_dev_info *info)
{
	for (unsigned i = 0; i < RTE_DIM(quirks); i++)
		if (quirk_matches(&quirks[i], info))
			return quirks[i].link_blind;
	return false;
}

void ethdev_quirks(const struct rte_eth_dev_info *info, struct drv_caps *caps)
{
	for (unsigned i = 0; i < RTE_DIM(quirks); i++) {
		const struct ethdev_quirk *q = &quirks[i];

		if (!quirk_matches(q, info))
			continue;
		caps->offloads &= ~q->broken;
		if (q->fix != NULL)
			q->fix(info, caps);
	}
	if (!(caps->offloads & (DRV_RSS | DRV_RX_RSS_HASH))) {
		caps->reta_size = 0;
		caps->rss_key_len = 0;
	}
}
