/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "bench.h"
#include "cable.h"
#include "owner.h"

/* What the cable alone can do: frames go over, the other end swaps the MAC addresses and returns
 * them. No stack can be faster on it. */

#define BURST 32

struct raw {
	struct drv_port *port;
	uint64_t done;
	volatile bool stop;
};

static uint16_t send_all(struct drv_port *p, struct rte_mbuf **m, uint16_t n)
{
	uint16_t sent = 0;

	while (sent < n)
		sent += p->tx(p->tx_queue[0], m + sent, n - sent, 0);
	return sent;
}

static void swap_macs(struct rte_mbuf *m)
{
	struct rte_ether_hdr *e = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_ether_addr a = e->src_addr;

	e->src_addr = e->dst_addr;
	e->dst_addr = a;
}

static unsigned turn(struct raw *r)
{
	struct rte_mbuf *m[BURST];
	uint16_t n = r->port->rx(r->port->rx_queue[0], m, BURST, 0);

	for (uint16_t i = 0; i < n; i++)
		swap_macs(m[i]);
	if (n != 0)
		send_all(r->port, m, n);
	r->done += n;
	return n;
}

static int raw_loop(void *arg)
{
	struct raw *r = arg;

	while (!r->stop)
		turn(r);
	return 0;
}

static void port_setup(struct drv_port *p, struct rte_mempool *pool)
{
	struct drv_conf c = {
		.n_queues = 1, .mtu = 1500, .offloads = DRV_TX_MULTI_SEGS, .pool[0] = pool};

	if (p->ops->configure(p, &c) != 0)
		bench_die("cable: cannot be configured");
}

static void fill(struct drv_port *p, struct rte_mempool *pool, const struct bench_opts *o)
{
	uint16_t len = (uint16_t)RTE_MAX(60u, o->size + 54); /* headers of TCP and IPv4 */

	for (uint32_t i = 0; i < o->window; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		if (m == NULL)
			bench_die("no packet buffers");
		memset(rte_pktmbuf_append(m, len), 0, len);
		send_all(p, &m, 1);
	}
}

void bench_run_raw(const struct bench_opts *o, struct bench_result *res)
{
	struct cable_conf cable = {.seed = 1, .mode = CABLE_CARRY};
	struct raw side[2] = {{0}};
	struct rte_mempool *pool = rte_pktmbuf_pool_create(
		"bench-raw", 8191, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);

	for (unsigned i = 0; i < 2; i++) {
		cable.side[i].max_queues = 1;
		cable.side[i].offloads = CABLE_OFFLOADS;
		cable.side[i].ring_size = 4096;
	}
	if (pool == NULL || cable_create(&cable, &side[0].port, &side[1].port) != 0)
		bench_die("cable: cannot be made");
	port_setup(side[0].port, pool);
	port_setup(side[1].port, pool);
	side[0].port->ops->start(side[0].port);
	side[1].port->ops->start(side[1].port);
	fill(side[0].port, pool, o);
	rte_eal_remote_launch(raw_loop, &side[0], 1);
	rte_eal_remote_launch(raw_loop, &side[1], 2);
	uint64_t from = bench_clock_us();

	bench_sleep(o->seconds);
	side[0].stop = true;
	side[1].stop = true;
	rte_eal_mp_wait_lcore();
	res->transactions = side[0].done;
	res->seconds = (double)(bench_clock_us() - from) / 1e6;
	side[0].port->ops->close(side[0].port);
	side[1].port->ops->close(side[1].port);
	rte_mempool_free(pool);
}
