/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>

#include "bench.h"

static const char *const names[] = {
	[BENCH_RAW] = "raw",
	[BENCH_UDP_ECHO] = "udp-echo",
	[BENCH_TCP_RR] = "tcp-rr",
	[BENCH_LINUX_UDP_ECHO] = "linux-udp-echo",
	[BENCH_LINUX_TCP_RR] = "linux-tcp-rr",
};

void bench_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("gannet-bench: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static void usage(FILE *f)
{
	fputs("usage: gannet-bench SCENARIO [options]\n"
	      "One run of one scenario; prints a JSON object. tools/bench/bench runs sets of "
	      "them.\n"
	      "\n"
	      "  raw              frames over the cable, MAC addresses swapped\n"
	      "  udp-echo         datagrams between two stack cores on the cable\n"
	      "  tcp-rr           request and response on warm connections, likewise\n"
	      "  linux-udp-echo   the kernel's sockets over a veth pair (root)\n"
	      "  linux-tcp-rr     likewise\n"
	      "\n"
	      "  -s, --seconds S       how long to measure (default 2)\n"
	      "  -w, --window N        connections, or datagrams in flight (default 32)\n"
	      "  -b, --bytes N         payload, 1 to 1400 (default 64)\n"
	      "  -i, --idle N          further connections that stay silent (tcp-rr; default 0)\n"
	      "  -6, --ipv6            over IPv6\n"
	      "  -c, --count N         both ends on one thread, for exactly N transactions after\n"
	      "                        as many to warm up: for callgrind\n"
	      "  -h, --help\n",
		f);
}

static uint64_t number(const char *text, const char *what, uint64_t least, uint64_t most)
{
	char *end;

	errno = 0;
	unsigned long long v = strtoull(text, &end, 10);

	if (errno != 0 || *end != '\0' || end == text || v < least || v > most) {
		fprintf(stderr, "gannet-bench: --%s %s: a number from %llu to %llu is wanted\n",
			what, text, (unsigned long long)least, (unsigned long long)most);
		exit(2);
	}
	return v;
}

static void options(int argc, char **argv, struct bench_opts *o)
{
	static const struct option longs[] = {
		{"seconds", required_argument, NULL, 's'},
		{"window", required_argument, NULL, 'w'},
		{"bytes", required_argument, NULL, 'b'},
		{"idle", required_argument, NULL, 'i'},
		{"ipv6", no_argument, NULL, '6'},
		{"count", required_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int opt;

	*o = (struct bench_opts){.seconds = 2, .window = 32, .size = 64};
	while ((opt = getopt_long(argc, argv, "s:w:b:i:6c:h", longs, NULL)) != -1) {
		switch (opt) {
		case 's':
			o->seconds = atof(optarg);
			break;
		case 'w':
			o->window = (uint32_t)number(optarg, "window", 1, 4000);
			break;
		case 'b':
			o->size = (uint32_t)number(optarg, "bytes", 1, 1400);
			break;
		case 'i':
			o->idle = (uint32_t)number(optarg, "idle", 0, 1200000);
			break;
		case '6':
			o->v6 = true;
			break;
		case 'c':
			o->count = true;
			o->transactions = number(optarg, "count", 1, UINT32_MAX);
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
	for (unsigned i = 0; optind == argc - 1 && i < RTE_DIM(names); i++)
		if (strcmp(argv[optind], names[i]) == 0) {
			o->scenario = i;
			return;
		}
	usage(stderr);
	exit(2);
}

/* lcore 0 waits; 1 and 2 are the ends, on two CPUs if there are two. */
static void eal(const struct bench_opts *o)
{
	char lcores[64], memory[16], prefix[64];
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	snprintf(lcores, sizeof(lcores), "0@0,1@0,2@%d", cpus > 1 ? 1 : 0);
	snprintf(memory, sizeof(memory), "%u", 512u);
	snprintf(prefix, sizeof(prefix), "--file-prefix=gannet-bench-%d", (int)getpid());
	char *argv[] = {"gannet-bench", "--lcores", lcores, "--no-huge", "-m", memory,
		"--no-shconf", "--no-telemetry", "--no-pci", "--log-level=error", prefix, NULL};

	if (rte_eal_init((int)RTE_DIM(argv) - 1, argv) < 0)
		bench_die("DPDK does not start");
}

int main(int argc, char **argv)
{
	struct bench_opts o;
	struct bench_result r = {0};

	options(argc, argv, &o);
	if (o.scenario >= BENCH_LINUX_UDP_ECHO) {
		bench_run_linux(&o, &r);
	} else {
		eal(&o);
		if (o.scenario == BENCH_RAW)
			bench_run_raw(&o, &r);
		else
			bench_run_stack(&o, &r);
	}
	printf("{\"scenario\": \"%s\", \"ipv6\": %s, \"window\": %u, \"bytes\": %u, \"idle\": %u, "
	       "\"transactions\": %lu, \"seconds\": %.6f, \"per_second\": %.1f}\n",
		names[o.scenario], o.v6 ? "true" : "false", o.window, o.size, o.idle,
		(unsigned long)r.transactions, r.seconds,
		r.seconds > 0 ? (double)r.transactions / r.seconds : 0);
	return 0;
}
