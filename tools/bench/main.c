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

static const char *const names[BENCH_SCENARIO_MAX] = {
	[BENCH_RAW] = "raw",
	[BENCH_UDP_ECHO] = "udp-echo",
	[BENCH_TCP_RR] = "tcp-rr",
	[BENCH_TCP_CRR] = "tcp-crr",
	[BENCH_TCP_STREAM] = "tcp-stream",
	[BENCH_HTTPD] = "httpd",
	[BENCH_LATENCY] = "latency",
};

static const char *const offload_names[] = {
	[BENCH_OFFLOAD_NONE] = "none",
	[BENCH_OFFLOAD_CHECKSUM] = "checksum",
	[BENCH_OFFLOAD_TSO] = "tso",
};

static const char *const who_names[] = {
	[BENCH_GANNET] = "gannet", [BENCH_LINUX] = "linux", [BENCH_LWIP] = "lwip"};

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
	      "  tcp-rr           request and response on warm connections\n"
	      "  tcp-crr          connect, request, response, close\n"
	      "  tcp-stream       bulk; a transaction is a full segment\n"
	      "  httpd            keep-alive requests of 440 bytes, answered by apps/httpd\n"
	      "  latency          tcp-rr at a given rate\n"
	      "  sizes            no run: the bytes that TCP keeps of a connection\n"
	      "  linux-NAME       the same between the kernel's sockets over a veth pair (root); "
	      "its\n"
	      "                   httpd answers without parsing\n"
	      "  lwip-NAME        our client, and lwIP as the server on the same cable: udp-echo,\n"
	      "                   tcp-rr, tcp-crr, tcp-stream\n"
	      "\n"
	      "  -s, --seconds S       how long to measure (default 2)\n"
	      "  -w, --window N        connections, or datagrams in flight, a client core\n"
	      "                        (default 32)\n"
	      "  -b, --bytes N         payload, 1 to 1400 (default 64)\n"
	      "  -i, --idle N          further connections that stay silent (tcp-rr; default 0)\n"
	      "  -r, --rate R          latency: requests a second\n"
	      "      --spread          requests go round all connections, the idle ones too\n"
	      "      --server-closes   tcp-crr: the server closes first\n"
	      "  -n, --cores N         stack cores a side, 1 or 2 (default 1)\n"
	      "  -o, --offload WHAT    what the ports do: none, checksum (default), tso (checksum\n"
	      "                        too)\n"
	      "  -6, --ipv6            over IPv6\n"
	      "  -c, --count N         all on one thread, for exactly N transactions after as "
	      "many\n"
	      "                        to warm up, four times: for callgrind\n"
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

static unsigned choice(const char *text, const char *what, const char *const *of, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(text, of[i]) == 0)
			return i;
	fprintf(stderr, "gannet-bench: --%s %s: there are", what, text);
	for (unsigned i = 0; i < n; i++)
		fprintf(stderr, " %s", of[i]);
	fputc('\n', stderr);
	exit(2);
}

enum { OPT_SPREAD = 256, OPT_SERVER_CLOSES };

static void option(struct bench_opts *o, int opt)
{
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
		o->idle = (uint32_t)number(optarg, "idle", 0, 12000000);
		break;
	case 'n':
		o->cores = (unsigned)number(optarg, "cores", 1, BENCH_CORES_MAX);
		break;
	case 'o':
		o->offload = choice(optarg, "offload", offload_names, RTE_DIM(offload_names));
		break;
	case 'r':
		o->rate = atof(optarg);
		break;
	case '6':
		o->v6 = true;
		break;
	case 'c':
		o->count = true;
		o->transactions = number(optarg, "count", 1, UINT32_MAX);
		break;
	case OPT_SPREAD:
		o->spread = true;
		break;
	case OPT_SERVER_CLOSES:
		o->server_closes = true;
		break;
	case 'h':
		usage(stdout);
		exit(0);
	default:
		usage(stderr);
		exit(2);
	}
}

static void scenario(struct bench_opts *o, const char *name)
{
	if (strcmp(name, "sizes") == 0) {
		bench_sizes_print();
		exit(0);
	}
	for (unsigned i = BENCH_LINUX; i < RTE_DIM(who_names); i++) {
		size_t n = strlen(who_names[i]);

		if (strncmp(name, who_names[i], n) == 0 && name[n] == '-') {
			o->who = i;
			name += n + 1;
		}
	}
	for (unsigned i = 0; i < RTE_DIM(names); i++)
		if (strcmp(name, names[i]) == 0) {
			o->scenario = i;
			return;
		}
	usage(stderr);
	exit(2);
}

static void options(int argc, char **argv, struct bench_opts *o)
{
	static const struct option longs[] = {
		{"seconds", required_argument, NULL, 's'},
		{"window", required_argument, NULL, 'w'},
		{"bytes", required_argument, NULL, 'b'},
		{"idle", required_argument, NULL, 'i'},
		{"cores", required_argument, NULL, 'n'},
		{"offload", required_argument, NULL, 'o'},
		{"rate", required_argument, NULL, 'r'},
		{"ipv6", no_argument, NULL, '6'},
		{"count", required_argument, NULL, 'c'},
		{"spread", no_argument, NULL, OPT_SPREAD},
		{"server-closes", no_argument, NULL, OPT_SERVER_CLOSES},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int opt;

	*o = (struct bench_opts){.seconds = 2,
		.window = 32,
		.size = 64,
		.cores = 1,
		.offload = BENCH_OFFLOAD_CHECKSUM};
	while ((opt = getopt_long(argc, argv, "s:w:b:i:n:o:r:6c:h", longs, NULL)) != -1)
		option(o, opt);
	if (optind != argc - 1) {
		usage(stderr);
		exit(2);
	}
	scenario(o, argv[optind]);
	if (o->who == BENCH_LWIP && (o->cores != 1 || o->scenario >= BENCH_HTTPD || o->idle != 0)) {
		fputs("gannet-bench: not with lwIP\n", stderr);
		exit(2);
	}
	if (o->scenario == BENCH_LATENCY && o->rate <= 0) {
		fputs("gannet-bench: latency wants a --rate\n", stderr);
		exit(2);
	}
}

/* lcore 0 waits; then client and server cores in turn, each with a CPU of its own if there are so
 * many, else all clients on one and all servers on the other. */
static void eal(const struct bench_opts *o)
{
	char lcores[128] = "0@0", prefix[64];
	unsigned cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);

	for (unsigned i = 0; i < 2 * o->cores; i++) {
		size_t n = strlen(lcores);

		snprintf(lcores + n, sizeof(lcores) - n, ",%u@%u", 1 + i,
			cpus >= 2 * o->cores ? i : (i & 1) % cpus);
	}
	snprintf(prefix, sizeof(prefix), "--file-prefix=gannet-bench-%d", (int)getpid());
	char *argv[] = {"gannet-bench", "--lcores", lcores, "--no-huge", "-m",
		o->cores > 1 ? "1024" : "512", "--no-shconf", "--no-telemetry", "--no-pci",
		"--log-level=error", prefix, NULL};

	if (rte_eal_init((int)RTE_DIM(argv) - 1, argv) < 0)
		bench_die("DPDK does not start");
}

static void print(const struct bench_opts *o, const struct bench_result *r)
{
	double per_second = r->seconds > 0 ? (double)r->transactions / r->seconds : 0;

	printf("{\"scenario\": \"%s\", \"who\": \"%s\", \"ipv6\": %s, \"window\": %u, "
	       "\"bytes\": %u, \"idle\": %u, \"cores\": %u, \"offload\": \"%s\", "
	       "\"transactions\": %lu, \"seconds\": %.6f, \"per_second\": %.1f",
		names[o->scenario], who_names[o->who], o->v6 ? "true" : "false", o->window, o->size,
		o->idle, o->cores, offload_names[o->offload], (unsigned long)r->transactions,
		r->seconds, per_second);
	if (o->count)
		printf(", \"phases\": [%lu, %lu, %lu, %lu]", (unsigned long)r->phase[0],
			(unsigned long)r->phase[1], (unsigned long)r->phase[2],
			(unsigned long)r->phase[3]);
	if (r->unit != 0)
		printf(", \"unit_bytes\": %u, \"bytes_per_second\": %.0f", r->unit,
			per_second * r->unit);
	if (r->p50_ns != 0)
		printf(", \"rate\": %.0f, \"p50_us\": %.2f, \"p99_us\": %.2f, \"p999_us\": %.2f",
			o->rate, (double)r->p50_ns / 1e3, (double)r->p99_ns / 1e3,
			(double)r->p999_ns / 1e3);
	if (r->rss_bytes != 0)
		printf(", \"setup_seconds\": %.3f, \"rss_bytes\": %lu", r->setup_seconds,
			(unsigned long)r->rss_bytes);
	printf(", \"handoffs\": %lu, \"drops\": {%s}}\n", (unsigned long)r->handoffs, r->drops);
}

int main(int argc, char **argv)
{
	struct bench_opts o;
	struct bench_result r = {0};

	options(argc, argv, &o);
	if (o.who == BENCH_LINUX) {
		bench_run_linux(&o, &r);
	} else {
		eal(&o);
		if (o.scenario == BENCH_RAW)
			bench_run_raw(&o, &r);
		else
			bench_run_stack(&o, &r);
	}
	print(&o, &r);
	return 0;
}
