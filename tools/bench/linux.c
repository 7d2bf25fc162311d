/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench_opts.h"

/* The same exchanges between sockets of the kernel: client and server in two network namespaces
 * joined by a veth pair, each pinned to a CPU of its own. */

#define NS_SERVER "gannet-bench-s"
#define NS_CLIENT "gannet-bench-c"

struct peer {
	const struct bench_opts *o;
	const char *ns;
	int cpu;
	uint64_t done;
	volatile bool ready;
	volatile bool *stop;
};

static void cleanup(void)
{
	if (system("ip netns del " NS_SERVER " 2>/dev/null; ip netns del " NS_CLIENT
		   " 2>/dev/null"))
		return; /* they were not there */
}

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
		"ip -n " NS_CLIENT " link set gnb-c up; ip -n " NS_SERVER " link set gnb-s up";

	cleanup();
	atexit(cleanup);
	if (system(cmd) != 0)
		bench_die("network namespaces cannot be made: run as root, with iproute2");
}

static void enter(const struct peer *p)
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

static socklen_t addr_make(const struct bench_opts *o, struct sockaddr_storage *a)
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

static int sock_make(const struct bench_opts *o, bool tcp)
{
	int fd = socket(o->v6 ? AF_INET6 : AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0), on = 1;

	if (fd < 0)
		bench_die("socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (tcp)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static void ep_add(int ep, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

/* Echoes what is readable on fd. */
static void echo(int fd)
{
	char buf[65536];
	struct sockaddr_storage from;
	socklen_t n = sizeof(from);
	ssize_t len = recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)&from, &n);

	if (len > 0 &&
		sendto(fd, buf, (size_t)len, 0, n != 0 ? (struct sockaddr *)&from : NULL, n) < 0)
		return; /* the peer is gone */
	if (len == 0)
		close(fd);
}

static void *server(void *arg)
{
	struct peer *p = arg;
	bool tcp = p->o->scenario == BENCH_TCP_RR;
	struct sockaddr_storage a;
	struct epoll_event ev[64];

	enter(p);
	int ep = epoll_create1(0), fd = sock_make(p->o, tcp);
	socklen_t len = addr_make(p->o, &a);

	for (int i = 0; bind(fd, (struct sockaddr *)&a, len) != 0; i++) { /* IPv6 settles */
		if (i == 100)
			bench_die("bind: %s", strerror(errno));
		usleep(50000);
	}
	if (tcp)
		listen(fd, 4096);
	ep_add(ep, fd);
	p->ready = true;
	while (!*p->stop) {
		int n = epoll_wait(ep, ev, 64, 100);

		for (int i = 0; i < n; i++)
			if (tcp && ev[i].data.fd == fd)
				ep_add(ep, accept(fd, NULL, NULL));
			else
				echo(ev[i].data.fd);
	}
	close(ep);
	close(fd);
	return NULL;
}

static void *client(void *arg)
{
	struct peer *p = arg;
	bool tcp = p->o->scenario == BENCH_TCP_RR;
	char buf[65536] = {0};
	struct sockaddr_storage a;
	struct epoll_event ev[64];

	enter(p);
	int ep = epoll_create1(0);
	socklen_t len = addr_make(p->o, &a);

	for (uint32_t i = 0; i < p->o->window; i++) {
		int fd = sock_make(p->o, tcp);

		if (connect(fd, (struct sockaddr *)&a, len) != 0)
			bench_die("connect: %s", strerror(errno));
		ep_add(ep, fd);
		if (send(fd, buf, p->o->size, 0) < 0)
			bench_die("send: %s", strerror(errno));
	}
	p->ready = true;
	while (!*p->stop) {
		int n = epoll_wait(ep, ev, 64, 100);

		for (int i = 0; i < n; i++)
			if (recv(ev[i].data.fd, buf, sizeof(buf), MSG_DONTWAIT) > 0) {
				p->done++;
				if (send(ev[i].data.fd, buf, p->o->size, 0) < 0)
					break;
			}
	}
	close(ep);
	return NULL;
}

void bench_run_linux(const struct bench_opts *o, struct bench_result *r)
{
	volatile bool stop = false;
	struct peer s = {.o = o, .ns = NS_SERVER, .cpu = 1, .stop = &stop};
	struct peer c = {.o = o, .ns = NS_CLIENT, .cpu = 0, .stop = &stop};
	pthread_t ts, tc;

	namespaces_make();
	pthread_create(&ts, NULL, server, &s);
	while (!s.ready)
		usleep(1000);
	pthread_create(&tc, NULL, client, &c);
	while (!c.ready)
		usleep(1000);
	usleep((useconds_t)(o->seconds * 1e5));
	uint64_t done = c.done, at = bench_clock_us();

	usleep((useconds_t)(o->seconds * 1e6));
	r->transactions = c.done - done;
	r->seconds = (double)(bench_clock_us() - at) / 1e6;
	stop = true;
	pthread_join(tc, NULL);
	pthread_join(ts, NULL);
}
