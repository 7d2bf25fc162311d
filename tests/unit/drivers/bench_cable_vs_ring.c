/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cable beside DPDK's own in-memory link (rte_eth_from_rings), both without impairments and
 * with one queue: paired runs in one process, on one thread and between two lcores, with frames
 * that are only passed on and with frames whose MAC addresses are swapped on each hop.
 *
 *     bench_cable_vs_ring                      times: medians of RUNS pairs
 *     bench_cable_vs_ring -n TURNS             TURNS turns of each on one thread, for callgrind:
 *         valgrind --tool=callgrind --toggle-collect=cable_turn (or ring_turn)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_launch.h>

#include "cable.h"

#define BURST	  32
#define IN_FLIGHT 256
#define RUNS	  41
#define RUN_MS	  50
#define RING	  1024

static struct rte_mempool *mp;
static struct drv_port *cable[2];
static uint16_t ring[2];
static volatile bool quit;

static void die(const char *what)
{
	fprintf(stderr, "bench_cable_vs_ring: %s failed\n", what);
	exit(1);
}

static void cable_setup(void)
{
	struct cable_conf conf = {.side = {{.max_queues = 1, .ring_size = RING},
					  {.max_queues = 1, .ring_size = RING}}};

	if (cable_create(&conf, &cable[0], &cable[1]) != 0)
		die("cable_create");
	for (int i = 0; i < 2; i++) {
		struct drv_conf c = {.n_queues = 1, .mtu = 1500, .pool = {mp}};

		if (cable[i]->ops->configure(cable[i], &c) != 0)
			die("configure");
	}
	for (int i = 0; i < 2; i++)
		if (cable[i]->ops->start(cable[i]) != 0)
			die("start");
}

static void ring_setup(void)
{
	struct rte_ring *r[2];

	for (int i = 0; i < 2; i++) {
		r[i] = rte_ring_create(
			i == 0 ? "ab" : "ba", RING, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (r[i] == NULL)
			die("rte_ring_create");
	}
	for (int i = 0; i < 2; i++) {
		struct rte_eth_conf conf = {0};
		int id = rte_eth_from_rings(i == 0 ? "a" : "b", &r[1 - i], 1, &r[i], 1, 0);

		if (id < 0 || rte_eth_dev_configure(id, 1, 1, &conf) != 0 ||
			rte_eth_rx_queue_setup(id, 0, RING, 0, NULL, mp) != 0 ||
			rte_eth_tx_queue_setup(id, 0, RING, 0, NULL) != 0 ||
			rte_eth_dev_start(id) != 0)
			die("rte_eth_from_rings");
		ring[i] = id;
	}
}

/* One burst through one end, by the interface that a core uses. */
static inline uint16_t cable_in(int end, struct rte_mbuf **m)
{
	return cable[end]->rx(cable[end]->rx_queue[0], m, BURST, 0);
}

static inline uint16_t cable_out(int end, struct rte_mbuf **m, uint16_t n)
{
	return cable[end]->tx(cable[end]->tx_queue[0], m, n, 0);
}

static inline uint16_t ring_in(int end, struct rte_mbuf **m)
{
	return rte_eth_rx_burst(ring[end], 0, m, BURST);
}

static inline uint16_t ring_out(int end, struct rte_mbuf **m, uint16_t n)
{
	return rte_eth_tx_burst(ring[end], 0, m, n);
}

static inline void swap_macs(struct rte_mbuf **m, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct rte_ether_hdr *h = rte_pktmbuf_mtod(m[i], struct rte_ether_hdr *);
		struct rte_ether_addr a = h->src_addr;

		h->src_addr = h->dst_addr;
		h->dst_addr = a;
	}
}

/* From end 0 to end 1 and back, on one thread: four burst calls, 2 * BURST hops. */
__attribute__((noinline)) void cable_turn(struct rte_mbuf **m);
__attribute__((noinline)) void ring_turn(struct rte_mbuf **m);

void cable_turn(struct rte_mbuf **m)
{
	cable_out(0, m, BURST);
	cable_in(1, m);
	cable_out(1, m, BURST);
	cable_in(0, m);
}

void ring_turn(struct rte_mbuf **m)
{
	ring_out(0, m, BURST);
	ring_in(1, m);
	ring_out(1, m, BURST);
	ring_in(0, m);
}

/* What a lcore does: all that comes in goes out again. */
#define BOUNCE(link)                                                         \
	static uint64_t link##_bounce(int end, bool touch)                   \
	{                                                                    \
		struct rte_mbuf *m[BURST];                                   \
		uint64_t hops = 0;                                           \
                                                                             \
		while (!quit) {                                              \
			uint16_t n = link##_in(end, m), done = 0;            \
                                                                             \
			if (touch)                                           \
				swap_macs(m, n);                             \
			while (done < n)                                     \
				done += link##_out(end, m + done, n - done); \
			hops += n;                                           \
		}                                                            \
		return hops;                                                 \
	}

BOUNCE(cable)
BOUNCE(ring)

struct job {
	bool is_cable, touch;
};

static int worker(void *arg)
{
	const struct job *j = arg;

	if (j->is_cable)
		cable_bounce(1, j->touch);
	else
		ring_bounce(1, j->touch);
	return 0;
}

static struct rte_mbuf *frame(void)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(mp);

	if (m == NULL)
		die("rte_pktmbuf_alloc");
	memset(rte_pktmbuf_append(m, 60), 0, 60);
	return m;
}

/* Takes all frames off both ends. */
static void drain(bool is_cable)
{
	struct rte_mbuf *m[BURST];
	uint16_t n;

	for (int end = 0; end < 2; end++)
		while ((n = is_cable ? cable_in(end, m) : ring_in(end, m)) != 0)
			rte_pktmbuf_free_bulk(m, n);
}

/* Between two lcores: ns from one arrival at this lcore to the next, so of one hop of it. */
static double two_lcores(bool is_cable, bool touch)
{
	struct job job = {is_cable, touch};
	uint64_t start, hops = 0;

	quit = false;
	for (int i = 0; i < IN_FLIGHT; i++) {
		struct rte_mbuf *m = frame();

		if ((is_cable ? cable_out(0, &m, 1) : ring_out(0, &m, 1)) != 1)
			die("tx");
	}
	rte_eal_remote_launch(worker, &job, rte_get_next_lcore(-1, 1, 0));
	start = rte_get_timer_cycles();
	while (rte_get_timer_cycles() - start < rte_get_timer_hz() * RUN_MS / 1000) {
		for (int i = 0; i < 64; i++) {
			struct rte_mbuf *m[BURST];
			uint16_t n = is_cable ? cable_in(0, m) : ring_in(0, m), done = 0;

			if (touch)
				swap_macs(m, n);
			while (done < n)
				done += is_cable ? cable_out(0, m + done, n - done)
						 : ring_out(0, m + done, n - done);
			hops += n;
		}
	}
	start = rte_get_timer_cycles() - start;
	quit = true;
	rte_eal_mp_wait_lcore();
	drain(is_cable);
	return (double)start / rte_get_timer_hz() * 1e9 / hops;
}

/* ns a hop on one thread. */
static double one_thread(bool is_cable, bool unused)
{
	struct rte_mbuf *m[BURST];
	uint64_t start, turns = 0;

	for (int i = 0; i < BURST; i++)
		m[i] = frame();
	start = rte_get_timer_cycles();
	while (rte_get_timer_cycles() - start < rte_get_timer_hz() * RUN_MS / 1000) {
		for (int i = 0; i < 64; i++)
			is_cable ? cable_turn(m) : ring_turn(m);
		turns += 64;
	}
	start = rte_get_timer_cycles() - start;
	rte_pktmbuf_free_bulk(m, BURST);
	return (double)start / rte_get_timer_hz() * 1e9 / (turns * 2 * BURST);
}

static int cmp(const void *a, const void *b)
{
	return (*(const double *)a > *(const double *)b) -
	       (*(const double *)a < *(const double *)b);
}

static void compare(const char *what, double (*run)(bool is_cable, bool touch), bool touch)
{
	double ns[2][RUNS];

	for (int i = 0; i < 2 * RUNS; i++)
		ns[i % 2][i / 2] = run(i % 2, touch);
	for (int i = 0; i < 2; i++)
		qsort(ns[i], RUNS, sizeof(ns[i][0]), cmp);
	printf("%-28s ring %6.2f (%.2f to %.2f)  cable %6.2f (%.2f to %.2f) ns a hop\n", what,
		ns[0][RUNS / 2], ns[0][0], ns[0][RUNS - 1], ns[1][RUNS / 2], ns[1][0],
		ns[1][RUNS - 1]);
}

static void count_turns(unsigned turns)
{
	struct rte_mbuf *m[BURST];

	for (int i = 0; i < BURST; i++)
		m[i] = frame();
	for (unsigned i = 0; i < turns; i++) {
		cable_turn(m);
		ring_turn(m);
	}
	rte_pktmbuf_free_bulk(m, BURST);
}

int main(int argc, char **argv)
{
	bool count = argc == 3 && strcmp(argv[1], "-n") == 0;
	char *eal[] = {argv[0], "--no-huge", "-m", "64", "--no-shconf", "--no-telemetry",
		"--no-pci", "--log-level=error", "--file-prefix=gn-bench-cable", "--lcores",
		count ? "0" : "0,1"};

	if (rte_eal_init(RTE_DIM(eal), eal) < 0)
		die("rte_eal_init");
	mp = rte_pktmbuf_pool_create("bench", 4095, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	if (mp == NULL)
		die("rte_pktmbuf_pool_create");
	cable_setup();
	ring_setup();
	if (count) {
		count_turns(strtoul(argv[2], NULL, 10));
	} else {
		compare("one thread", one_thread, false);
		compare("two lcores, passed on", two_lcores, false);
		compare("two lcores, MACs swapped", two_lcores, true);
	}
	rte_eal_cleanup();
	return 0;
}
