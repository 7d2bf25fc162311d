/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_ethdev.h>

#include "ethdev.h"
#include "owner.h"

/* EAL start takes longer than any test here, so there are few tests with many cases. */
static struct rte_mempool *mp;

static void setup(void)
{
	char *argv[] = {"test", "--no-huge", "-m", "64", "--no-shconf", "--no-telemetry",
		"--no-pci", "--log-level=error", "--file-prefix=gn-test-ethdev"};

	cr_assert_geq(rte_eal_init(RTE_DIM(argv), argv), 0);
	mp = rte_pktmbuf_pool_create("t", 2047, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	cr_assert_not_null(mp);
}

static void teardown(void)
{
	rte_eal_cleanup();
}

TestSuite(ethdev, .init = setup, .fini = teardown, .timeout = 60);

static struct drv_conf conf_of(uint16_t n_queues)
{
	struct drv_conf c = {.n_queues = n_queues, .mtu = 1500};

	for (uint16_t i = 0; i < n_queues; i++)
		c.pool[i] = mp;
	return c;
}

static struct rte_mbuf *frame(uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(mp);

	memset(rte_pktmbuf_append(m, len), 0x02, len);
	return m;
}

static void expect_loop(struct drv_port *p, uint16_t q)
{
	struct rte_mbuf *in[8], *out[8];

	for (int i = 0; i < 8; i++)
		in[i] = frame(60 + i);
	cr_assert_eq(p->tx(p->tx_queue[q], in, 8, 0), 8);
	cr_assert_eq(p->rx(p->rx_queue[q], out, 8, 0), 8);
	cr_assert_arr_eq(in, out, sizeof(in));
	rte_pktmbuf_free_bulk(out, 8);
}

/* net_ring loops each queue to itself and offers nothing but multi-segment. */
Test(ethdev, net_ring)
{
	struct drv_conf c = conf_of(1);
	struct drv_port *p, *again;
	struct drv_stats s;
	struct drv_link link;
	struct drv_caps caps;

	cr_assert_eq(ethdev_probe("net_ring0", &p), 0);
	cr_assert_str_eq(p->name, "net_ring0");
	cr_assert_str_eq(p->ops->name, "ethdev");
	cr_assert_null(p->ops->next_us);
	cr_assert_eq(p->ops->caps(p, &caps), 0);
	cr_assert_eq(caps.reta_size, 0);
	cr_assert_eq(caps.rss_key_len, 0);
	cr_assert_eq(caps.offloads & (DRV_RSS | DRV_RX_RSS_HASH | DRV_TX_TSO), 0);
	cr_assert(caps.offloads & DRV_TX_MULTI_SEGS);
	cr_assert_eq(p->ops->start(p), -EINVAL, "not configured");

	c.n_queues = caps.max_rx_queues + 1;
	cr_assert_eq(p->ops->configure(p, &c), -EINVAL);
	c = conf_of(1);
	c.offloads = DRV_TX_TSO;
	cr_assert_eq(p->ops->configure(p, &c), -EINVAL, "not a capability");
	c = conf_of(1);
	c.offloads = DRV_TX_MULTI_SEGS;
	c.promiscuous = c.allmulticast = true;
	cr_assert_eq(p->ops->configure(p, &c), 0);
	cr_assert_eq(c.reta_size + c.rss_key_len, 0);
	cr_assert_eq(p->ops->start(p), 0);
	cr_assert_eq(p->ops->configure(p, &c), -EBUSY);
	expect_loop(p, 0);
	p->ops->link(p, &link);
	cr_assert(link.up);
	cr_assert_eq(p->ops->stats(p, &s), 0);
	cr_assert_eq(s.rx_packets, 8);
	cr_assert_eq(s.tx_packets, 8);
	cr_assert_eq(s.tx_errors + s.rx_missed, 0);

	struct drv_xstat x[64];
	int n = p->ops->xstats(p, x, 64);

	cr_assert_gt(n, 0);
	cr_assert_eq(p->ops->xstats(p, x, 1), n, "says how many there are");
	cr_assert_str_eq(x[0].name, "rx_good_packets");
	cr_assert_eq(x[0].value, 8);

	cr_assert_eq(p->ops->stop(p), 0);
	cr_assert_eq(p->ops->configure(p, &c), 0, "once more");
	cr_assert_eq(p->ops->start(p), 0);
	expect_loop(p, 0);
	p->ops->close(p);
	cr_assert_eq(ethdev_probe("net_ring0", &again), 0, "close removed it");
	again->ops->close(again);
	cr_assert_eq(rte_mempool_avail_count(mp), 2047);
}

Test(ethdev, no_such_device)
{
	struct drv_port *p;

	rte_log_set_global_level(RTE_LOG_EMERG);
	cr_assert_lt(ethdev_probe("net_nosuch0", &p), 0);
	cr_assert_lt(ethdev_probe("0000:ff:1f.7", &p), 0);
	cr_assert_lt(ethdev_probe("", &p), 0);
	cr_assert_eq(
		ethdev_probe(
			"a_name_that_is_longer_than_any_device_can_have_in_dpdk_0123456789", &p),
		-ENODEV);
}

/* net_null keeps an RSS key and table, though it has no traffic to spread. */
Test(ethdev, rss_is_written_and_read_back)
{
	struct drv_conf c = conf_of(3);
	struct rte_eth_rss_reta_entry64 r[2] = {{.mask = UINT64_MAX}, {.mask = UINT64_MAX}};
	uint8_t key[40];
	struct rte_eth_rss_conf rss = {.rss_key = key, .rss_key_len = sizeof(key)};
	struct drv_port *p;
	struct drv_caps caps;
	uint16_t id;

	cr_assert_eq(rte_dev_probe("net_null7"), 0);
	cr_assert_eq(ethdev_probe("net_null7", &p), 0, "probed before by somebody else");
	cr_assert_eq(p->ops->caps(p, &caps), 0);
	cr_assert(caps.offloads & DRV_RSS);
	cr_assert_eq(caps.reta_size, 128);
	cr_assert_eq(caps.rss_key_len, 40);
	c.offloads = DRV_RSS;
	c.reta_size = 64;
	cr_assert_eq(p->ops->configure(p, &c), -EINVAL, "not the port's size");
	c.reta_size = 128;
	c.reta[100] = 3;
	cr_assert_eq(p->ops->configure(p, &c), -EINVAL, "no queue 3");
	c.reta_size = 0;
	cr_assert_eq(p->ops->configure(p, &c), 0);
	cr_assert_eq(c.offloads, DRV_RSS);
	cr_assert_eq(c.reta_size, 128);
	cr_assert_eq(c.rss_key_len, 40);
	cr_assert_arr_eq(c.rss_key, owner_key_default, 40);
	for (int i = 0; i < 128; i++)
		cr_assert_eq(c.reta[i], i % 3);

	for (int i = 0; i < 128; i++)
		c.reta[i] = i < 5 ? 2 : 1;
	memcpy(c.rss_key, owner_key_symmetric, 40);
	cr_assert_eq(p->ops->configure(p, &c), 0);
	cr_assert_eq(p->ops->start(p), 0);
	cr_assert_eq(rte_eth_dev_get_port_by_name("net_null7", &id), 0);
	cr_assert_eq(rte_eth_dev_rss_reta_query(id, r, 128), 0);
	cr_assert_eq(r[0].reta[4], 2);
	cr_assert_eq(r[0].reta[5], 1);
	cr_assert_eq(rte_eth_dev_rss_hash_conf_get(id, &rss), 0);
	cr_assert_arr_eq(key, owner_key_symmetric, 40);
	p->ops->close(p);
}

Test(ethdev, mtu_that_needs_scatter)
{
	struct drv_conf c = conf_of(1);
	struct drv_port *p;

	rte_log_set_global_level(RTE_LOG_EMERG);
	cr_assert_eq(ethdev_probe("net_null0", &p), 0);
	c.mtu = 2022;
	cr_assert_eq(p->ops->configure(p, &c), 0, "with its headers 2048 bytes: fits");
	c.mtu = 2023;
	cr_assert_eq(p->ops->configure(p, &c), -EINVAL, "buffers too small, no scatter");
	p->ops->close(p);
}

/* The one device of these that has offloads, scatter and a link of its own; needs root. */
Test(ethdev, net_tap)
{
	struct drv_conf c = conf_of(2);
	struct drv_port *p;
	struct drv_caps caps;
	char devargs[64];
	struct rte_mbuf *m;
	struct drv_stats s;

	if (geteuid() != 0 || access("/dev/net/tun", R_OK | W_OK) != 0)
		cr_skip("needs root and /dev/net/tun");
	snprintf(devargs, sizeof(devargs), "net_tap0,iface=gnt%d", getpid());
	cr_assert_eq(ethdev_probe(devargs, &p), 0);
	cr_assert_eq(p->ops->caps(p, &caps), 0);
	cr_assert_eq(caps.offloads & (DRV_RSS | DRV_RX_RSS_HASH | DRV_TX_TSO | DRV_TX_L4_CKSUM), 0,
		"claimed, but does not work");
	cr_assert_eq(caps.reta_size, 0);
	c.offloads = DRV_RX_IP_CKSUM | DRV_RX_L4_CKSUM | DRV_TX_IP_CKSUM | DRV_TX_MULTI_SEGS;
	cr_assert_eq(caps.offloads & c.offloads, c.offloads);
	c.mtu = caps.max_mtu + 1;
	cr_assert_eq(p->ops->configure(p, &c), -EINVAL);
	c.mtu = 1500;
	c.pool[1] = rte_pktmbuf_pool_create("small", 1023, 0, 0, 1024, 0);
	cr_assert_eq(p->ops->configure(p, &c), 0);
	cr_assert(c.offloads & DRV_RX_SCATTER, "a frame does not fit: switched on");
	cr_assert_eq(p->ops->start(p), 0);
	m = frame(60);
	cr_assert_eq(p->tx(p->tx_queue[1], &m, 1, 0), 1);
	cr_assert_eq(p->ops->stats(p, &s), 0);
	cr_assert_eq(s.tx_packets, 1);
	cr_assert_eq(p->ops->stop(p), 0);
	p->ops->close(p);
}
