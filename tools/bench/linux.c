/* SPDX-License-Identifier: BSD-3-Clause */
#include "linux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Client and server in two network namespaces joined by a veth pair, each pinned to a CPU of its
 * own. */

#define NS_SERVER "gannet-bench-s"
#define NS_CLIENT "gannet-bench-c"

static void cleanup(void)
{
	if (system("ip netns del " NS_SERVER " 2>/dev/null; ip netns del " NS_CLIENT
		   " 2>/dev/null"))
		return; /* they were not there */
}

/* Ports are used again as soon as ours: at once, since tables of TIME-WAIT entries are small. */
static void namespaces_make(void)
{
	static const char cmd[] =
		"set -e; ip netns add " NS_SERVER "; ip netns add " NS_CLIENT "; "
		"ip link add gnb-c netns " NS_CLIENT " type veth peer name gnb-s netns " NS_SERVER
		"; "
		"ip -n " NS_CLIENT " addr add 10.0.0.1/24 dev gnb-c; "
		"ip -n " NS_SERVER " addr add 10.0.0.2/24 dev gnb-s; "
		"ip -n " NS_CLIENT " addr add fd00::1/64 dev gnb-c nodad; "
		"ip -n " NS_SERVER " addr add fd00::2/64 dev gnb-s nodad; "
		"ip -n " NS_CLIENT " link set gnb-c up; ip -n " NS_SERVER " link set gnb-s up; "
		"for ns in " NS_SERVER " " NS_CLIENT "; do ip netns exec $ns sysctl -q "
		"net.ipv4.tcp_max_tw_buckets=4096 net.ipv4.ip_local_port_range='1024 65535'; done";

	cleanup();
	atexit(cleanup);
	if (system(cmd) != 0)
		bench_die("network namespaces cannot be made: run as root, with iproute2");
}

/* What our ports do not do, the kernel's do not do either. */
static void offloads_set(const struct bench_opts *o)
{
	static const char *const off[] = {
		[BENCH_OFFLOAD_NONE] = "tx off tso off gso off",
		[BENCH_OFFLOAD_CHECKSUM] = "tso off gso off",
	};
	char cmd[256];

	if (o->offload == BENCH_OFFLOAD_TSO)
		return;
	snprintf(cmd, sizeof(cmd),
		"ip netns exec " NS_CLIENT
		" ethtool -K gnb-c %s >/dev/null && ip netns exec " NS_SERVER
		" ethtool -K gnb-s %s >/dev/null",
		off[o->offload], off[o->offload]);
	if (system(cmd) != 0)
		bench_die("offloads of the veth pair cannot be set: is ethtool there?");
}

void linux_enter(const struct linux_peer *p)
{
	char path[128];
	cpu_set_t set;

	snprintf(path, sizeof(path), "/run/netns/%s", p->ns);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET) != 0)
		bench_die("%s: %s", path, strerror(errno));
	close(fd);
	CPU_ZERO(&set);
	CPU_SET((unsigned)p->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

socklen_t linux_addr(const struct bench_opts *o, struct sockaddr_storage *a)
{
	memset(a, 0, sizeof(*a));
	if (o->v6) {
		struct sockaddr_in6 *s = (struct sockaddr_in6 *)a;

		s->sin6_family = AF_INET6;
		s->sin6_port = htons(BENCH_PORT);
		inet_pton(AF_INET6, "fd00::2", &s->sin6_addr);
		return sizeof(*s);
	}
	struct sockaddr_in *s = (struct sockaddr_in *)a;

	s->sin_family = AF_INET;
	s->sin_port = htons(BENCH_PORT);
	inet_pton(AF_INET, "10.0.0.2", &s->sin_addr);
	return sizeof(*s);
}

int linux_socket(const struct bench_opts *o)
{
	bool tcp = linux_tcp(o);
	int fd = socket(o->v6 ? AF_INET6 : AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0), on = 1;

	if (fd < 0)
		bench_die("socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (tcp)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static uint64_t done(const struct linux_peer *c, const struct linux_peer *s)
{
	return c->unit != 0 ? s->done / c->unit : c->done;
}

static void latencies(const struct load *l, struct bench_result *r)
{
	r->p50_ns = load_quantile(l, 0.5);
	r->p99_ns = load_quantile(l, 0.99);
	r->p999_ns = load_quantile(l, 0.999);
}

/* Each connection has two descriptors in this process. */
static void files_allow(const struct bench_opts *o)
{
	struct rlimit files;
	rlim_t want = 1024 + 2 * (o->idle + o->window);

	if (o->idle > LINUX_IDLE_MAX)
		bench_die("at most %u idle connections with Linux", LINUX_IDLE_MAX);
	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= want)
		return;
	files.rlim_cur = want;
	files.rlim_max = files.rlim_max > want ? files.rlim_max : want;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0)
		bench_die(
			"%lu open files are not allowed: %s", (unsigned long)want, strerror(errno));
}

void bench_run_linux(const struct bench_opts *o, struct bench_result *r)
{
	static volatile bool stop;
	static struct linux_peer s = {.ns = NS_SERVER, .stop = &stop};
	static struct linux_peer c = {.ns = NS_CLIENT, .stop = &stop};
	pthread_t ts, tc;

	files_allow(o);
	s.o = o;
	c.o = o;
	s.cpu = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 1 : 0;
	if (o->scenario == BENCH_LATENCY)
		load_init(&c.load, o->rate);
	namespaces_make();
	offloads_set(o);
	pthread_create(&ts, NULL, linux_server, &s);
	while (!s.ready)
		usleep(1000);
	pthread_create(&tc, NULL, linux_client, &c);
	while (!c.ready)
		usleep(1000);
	bench_sleep(o->seconds / 10);
	uint64_t from = done(&c, &s), at = bench_clock_us();

	c.record = true;
	bench_sleep(o->seconds);
	r->transactions = done(&c, &s) - from;
	r->seconds = (double)(bench_clock_us() - at) / 1e6;
	r->unit = c.unit;
	stop = true;
	pthread_join(tc, NULL);
	pthread_join(ts, NULL);
	latencies(&c.load, r);
}
