/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>

#include "cable.h"
#include "ethdev.h"

/*
 * A long line between two ports: what one port receives leaves by the other, after the cable's
 * impairments. For comparing stacks over the same path (tools/wan/compare).
 */
#define BURST	32
#define MTU	1500
#define BUFFERS 32767
#define IDLE_US 20

struct line {
	struct drv_port *port;	/* to the world */
	struct drv_port *inner; /* our end of the cable */
	struct rte_mbuf *out[BURST], *in[BURST];
	uint16_t n_out, n_in; /* taken from the one, not yet taken by the other */
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

__attribute__((noreturn)) static void die(const char *what, int err)
{
	fprintf(stderr, "gannet-wan: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

static uint64_t clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void port_configure(struct drv_port *p, struct rte_mempool *pool)
{
	struct drv_conf c = {.n_queues = 1,
		.mtu = MTU,
		.promiscuous = true,
		.allmulticast = true,
		.pool[0] = pool};
	int err = p->ops->configure(p, &c);

	if (err != 0)
		die(p->name, err);
}

static void port_start(struct drv_port *p)
{
	int err = p->ops->start(p);

	if (err != 0)
		die(p->name, err);
}

/* Moves a burst from one port to another; what is not taken waits and is tried first. */
static unsigned move(struct drv_port *from, struct drv_port *to, struct rte_mbuf **m, uint16_t *n,
	uint64_t now_us)
{
	if (*n == 0) {
		*n = from->rx(from->rx_queue[0], m, BURST, now_us);
		for (uint16_t i = 0; i < *n; i++)
			m[i]->ol_flags = 0; /* a frame as it is: no request of ours */
	}
	if (*n == 0)
		return 0;
	uint16_t sent = to->tx(to->tx_queue[0], m, *n, now_us);

	*n -= sent;
	memmove(m, m + sent, *n * sizeof(m[0]));
	return sent;
}

static void run(struct line *l)
{
	static const struct timespec idle = {.tv_nsec = IDLE_US * 1000};

	while (!stop) {
		uint64_t now = clock_us();
		unsigned work = 0;

		for (unsigned i = 0; i < 2; i++) {
			work += move(l[i].port, l[i].inner, l[i].in, &l[i].n_in, now);
			work += move(l[i].inner, l[i].port, l[i].out, &l[i].n_out, now);
		}
		if (work == 0)
			nanosleep(&idle, NULL);
	}
}

static void usage(FILE *f)
{
	fputs("usage: gannet-wan --a DEVICE --b DEVICE [options]\n"
	      "Joins two DPDK ports by a line with impairments, alike in both directions.\n"
	      "\n"
	      "  --a, --b DEVICE   PCI address or devargs, as net_tap0,iface=wan0\n"
	      "  --delay US        one way (default 10000)\n"
	      "  --rate BITS       a second (default 100000000; 0: no limit)\n"
	      "  --queue BYTES     what may wait for the rate (default 250000; 0: no limit)\n"
	      "  --loss PPM        frames lost at random, per million (default 0)\n"
	      "  --reorder PPM     frames that take a millisecond longer (default 0)\n"
	      "  --seed N          of the random choices (default 1)\n"
	      "  -h, --help\n"
	      "Runs until SIGINT or SIGTERM.\n",
		f);
}

static uint64_t number(const char *name, const char *text)
{
	char *end;

	errno = 0;
	unsigned long long v = strtoull(text, &end, 10);

	if (errno != 0 || *text < '0' || *text > '9' || *end != '\0') {
		fprintf(stderr, "gannet-wan: --%s %s: a number is wanted\n", name, text);
		exit(2);
	}
	return v;
}

struct options {
	const char *device[2];
	struct cable_impair impair;
	uint64_t seed;
};

static void options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"a", required_argument, NULL, 'a'},
		{"b", required_argument, NULL, 'b'},
		{"delay", required_argument, NULL, 'd'},
		{"rate", required_argument, NULL, 'r'},
		{"queue", required_argument, NULL, 'q'},
		{"loss", required_argument, NULL, 'l'},
		{"reorder", required_argument, NULL, 'o'},
		{"seed", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c, i = 0;

	*o = (struct options){
		.seed = 1,
		.impair = {.delay_us = 10000,
			.rate_bps = 100000000,
			.queue_bytes = 250000,
			.reorder_us = 1000},
	};
	while ((c = getopt_long(argc, argv, "h", longs, &i)) != -1) {
		uint64_t v = strchr("drqlos", c) != NULL ? number(longs[i].name, optarg) : 0;

		switch (c) {
		case 'a':
		case 'b':
			o->device[c - 'a'] = optarg;
			break;
		case 'd':
			o->impair.delay_us = (uint32_t)RTE_MIN(v, UINT32_MAX);
			break;
		case 'r':
			o->impair.rate_bps = v;
			break;
		case 'q':
			o->impair.queue_bytes = v;
			break;
		case 'l':
			o->impair.loss_ppm = (uint32_t)RTE_MIN(v, UINT32_MAX);
			break;
		case 'o':
			o->impair.reorder_ppm = (uint32_t)RTE_MIN(v, UINT32_MAX);
			break;
		case 's':
			o->seed = v;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
	if (o->device[0] == NULL || o->device[1] == NULL || optind != argc) {
		usage(stderr);
		exit(2);
	}
}

static void eal(void)
{
	char prefix[64];
	char *argv[] = {"gannet-wan", "--no-huge", "--no-shconf", "-m", "256", "--no-pci",
		"--lcores", "0@0", "--file-prefix", prefix, "--no-telemetry", "--log-level=error"};

	snprintf(prefix, sizeof(prefix), "gannet-wan-%d", (int)getpid());
	if (rte_eal_init(RTE_DIM(argv), argv) < 0)
		die("EAL", rte_errno);
}

int main(int argc, char **argv)
{
	struct options o;
	struct line line[2] = {{0}};
	struct sigaction sa = {.sa_handler = on_signal};
	int err;

	options(argc, argv, &o);
	eal();
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);

	struct rte_mempool *pool =
		rte_pktmbuf_pool_create("wan", BUFFERS, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	struct cable_conf cable = {.seed = o.seed, .mode = CABLE_CARRY};

	if (pool == NULL)
		die("packet buffers", rte_errno);
	for (unsigned i = 0; i < 2; i++) {
		cable.side[i].max_queues = 1;
		cable.side[i].ring_size = 8192;
		cable.side[i].impair = o.impair;
	}
	err = cable_create(&cable, &line[0].inner, &line[1].inner);
	if (err != 0)
		die("impairments", err);
	for (unsigned i = 0; i < 2; i++) {
		err = ethdev_probe(o.device[i], &line[i].port);
		if (err != 0)
			die(o.device[i], err);
		port_configure(line[i].port, pool);
		port_configure(line[i].inner, pool);
	}
	for (unsigned i = 0; i < 2; i++) {
		port_start(line[i].inner);
		port_start(line[i].port);
	}
	puts("gannet-wan: ready");
	fflush(stdout);
	run(line);
	for (unsigned i = 0; i < 2; i++) {
		struct drv_stats s = {0};

		line[i].port->ops->stats(line[i].port, &s);
		printf("port %c: received %lu, sent %lu frames\n", 'a' + (char)i, s.rx_packets,
			s.tx_packets);
		for (uint16_t k = 0; k < line[i].n_out; k++)
			rte_pktmbuf_free(line[i].out[k]);
		for (uint16_t k = 0; k < line[i].n_in; k++)
			rte_pktmbuf_free(line[i].in[k]);
	}
	for (unsigned i = 0; i < 2; i++) {
		line[i].inner->ops->stop(line[i].inner);
		line[i].inner->ops->close(line[i].inner);
		line[i].port->ops->stop(line[i].port);
		line[i].port->ops->close(line[i].port);
	}
	rte_mempool_free(pool);
	rte_eal_cleanup();
	return 0;
}
