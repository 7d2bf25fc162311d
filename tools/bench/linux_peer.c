/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "linux.h"

/* What the two ends do, each a loop around epoll. */
#define EVENTS 64

static char buf[2][65536]; /* of the server and of the client; nobody reads it */

static void ep_add(int ep, int fd, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.fd = fd};

	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

/* ---- server ---- */

/* Answers what is readable on fd; the length of the answer is that of what came, but for httpd. */
static void serve(struct linux_peer *p, int fd)
{
	struct sockaddr_storage from;
	socklen_t n = sizeof(from);
	ssize_t len =
		recvfrom(fd, buf[0], sizeof(buf[0]), MSG_DONTWAIT, (struct sockaddr *)&from, &n);

	if (len == 0 || (len < 0 && errno != EAGAIN))
		close(fd);
	if (len <= 0)
		return;
	if (p->o->scenario == BENCH_TCP_STREAM) {
		p->done += (uint64_t)len;
		return;
	}
	if (p->o->scenario == BENCH_HTTPD)
		len = LINUX_HTTP_ANSWER;
	if (sendto(fd, buf[0], (size_t)len, MSG_NOSIGNAL, n != 0 ? (struct sockaddr *)&from : NULL,
		    n) < 0)
		return; /* the peer is gone */
	if (p->o->scenario == BENCH_TCP_CRR && p->o->server_closes)
		close(fd);
}

static void accept_all(int ep, int fd)
{
	int on = 1, c;

	while ((c = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		ep_add(ep, c, EPOLLIN);
	}
}

void *linux_server(void *arg)
{
	struct linux_peer *p = arg;
	struct sockaddr_storage a;
	struct epoll_event ev[EVENTS];

	linux_enter(p);
	int ep = epoll_create1(0), fd = linux_socket(p->o);
	socklen_t len = linux_addr(p->o, &a);

	for (int i = 0; bind(fd, (struct sockaddr *)&a, len) != 0; i++) { /* IPv6 settles */
		if (i == 100)
			bench_die("bind: %s", strerror(errno));
		usleep(50000);
	}
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || (linux_tcp(p->o) && listen(fd, 4096) != 0))
		bench_die("listen: %s", strerror(errno));
	ep_add(ep, fd, EPOLLIN);
	p->ready = true;
	while (!*p->stop) {
		int n = epoll_wait(ep, ev, EVENTS, 100);

		for (int i = 0; i < n; i++)
			if (linux_tcp(p->o) && ev[i].data.fd == fd)
				accept_all(ep, fd);
			else
				serve(p, ev[i].data.fd);
	}
	close(ep);
	close(fd);
	return NULL;
}

/* ---- client ---- */

struct client {
	struct linux_peer *p;
	int ep;
	struct sockaddr_storage to;
	socklen_t to_len;
	uint64_t *due_ns;  /* latency: by descriptor */
	int *idle, n_idle; /* latency: descriptors without a request under way */
};

static void send_request(struct client *c, int fd)
{
	const struct bench_opts *o = c->p->o;
	size_t len = o->scenario == BENCH_HTTPD ? LINUX_HTTP_REQUEST : o->size;

	if (send(fd, buf[1], len, MSG_NOSIGNAL) < 0 && errno != EAGAIN && !*c->p->stop)
		bench_die("send: %s", strerror(errno));
}

/* Opens a connection or makes a connected datagram socket; nonblocking from then on. */
static int open_one(struct client *c, bool wait)
{
	int fd = linux_socket(c->p->o);

	if (!wait && fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		bench_die("fcntl: %s", strerror(errno));
	if (connect(fd, (struct sockaddr *)&c->to, c->to_len) != 0 && errno != EINPROGRESS)
		bench_die("connect: %s", strerror(errno));
	if (wait && fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		bench_die("fcntl: %s", strerror(errno));
	return fd;
}

static void crr_open(struct client *c)
{
	ep_add(c->ep, open_one(c, false), EPOLLOUT);
}

static void crr_event(struct client *c, int fd, uint32_t events)
{
	if (events & EPOLLOUT) { /* connected */
		struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

		epoll_ctl(c->ep, EPOLL_CTL_MOD, fd, &e);
		send_request(c, fd);
		return;
	}
	ssize_t n = recv(fd, buf[1], sizeof(buf[1]), 0);

	if (n > 0 && c->p->o->server_closes)
		return; /* the end is still to come */
	close(fd);
	c->p->done++;
	crr_open(c);
}

static void stream_event(struct client *c, int fd)
{
	while (send(fd, buf[1], sizeof(buf[1]), MSG_NOSIGNAL) > 0)
		;
}

static void latency_send(struct client *c)
{
	uint64_t now = load_clock_ns(), due;

	while (c->n_idle > 0 && (due = load_due(&c->p->load, now)) != 0) {
		int fd = c->idle[--c->n_idle];

		c->due_ns[fd] = due;
		send_request(c, fd);
	}
}

static void answer_event(struct client *c, int fd)
{
	struct linux_peer *p = c->p;

	if (recv(fd, buf[1], sizeof(buf[1]), 0) <= 0)
		return;
	p->done++;
	if (p->o->scenario == BENCH_LATENCY) {
		if (p->record)
			load_done(&p->load, c->due_ns[fd], load_clock_ns());
		c->idle[c->n_idle++] = fd;
	} else {
		send_request(c, fd);
	}
}

static void event(struct client *c, int fd, uint32_t events)
{
	switch (c->p->o->scenario) {
	case BENCH_TCP_CRR:
		crr_event(c, fd, events);
		break;
	case BENCH_TCP_STREAM:
		stream_event(c, fd);
		break;
	default:
		answer_event(c, fd);
	}
}

/* Connections that moved a request and its answer, and are silent from then on. */
static void idle_open(struct client *c)
{
	for (uint32_t i = 0; i < c->p->o->idle; i++) {
		int fd = open_one(c, true);
		struct pollfd wait = {.fd = fd, .events = POLLIN};

		send_request(c, fd);
		if (poll(&wait, 1, 10000) != 1 || recv(fd, buf[1], sizeof(buf[1]), 0) <= 0)
			bench_die("an idle connection got no answer");
	}
}

static void begin(struct client *c)
{
	const struct bench_opts *o = c->p->o;

	idle_open(c);
	for (uint32_t i = 0; i < o->window; i++) {
		if (o->scenario == BENCH_TCP_CRR) {
			crr_open(c);
			continue;
		}
		int fd = open_one(c, true);

		ep_add(c->ep, fd, o->scenario == BENCH_TCP_STREAM ? EPOLLOUT : EPOLLIN);
		if (o->scenario == BENCH_LATENCY)
			c->idle[c->n_idle++] = fd;
		else if (o->scenario != BENCH_TCP_STREAM)
			send_request(c, fd);
		if (o->scenario == BENCH_TCP_STREAM) {
			int mss = 0;
			socklen_t len = sizeof(mss);

			getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &mss, &len);
			c->p->unit = (uint32_t)mss;
		}
	}
}

void *linux_client(void *arg)
{
	struct linux_peer *p = arg;
	struct client c = {.p = p};
	struct epoll_event ev[EVENTS];

	linux_enter(p);
	c.ep = epoll_create1(0);
	c.to_len = linux_addr(p->o, &c.to);
	c.due_ns = calloc(65536, sizeof(*c.due_ns));
	c.idle = calloc(65536, sizeof(*c.idle));
	if (c.due_ns == NULL || c.idle == NULL)
		bench_die("no memory");
	begin(&c);
	bool spin = p->o->scenario == BENCH_LATENCY;
	bool counts = !spin && p->o->scenario != BENCH_TCP_STREAM;

	p->ready = !counts;

	while (!*p->stop) {
		int n = epoll_wait(c.ep, ev, EVENTS, spin ? 0 : 100);

		for (int i = 0; i < n; i++)
			event(&c, ev[i].data.fd, ev[i].events);
		if (spin)
			latency_send(&c);
		else if (counts && p->done > 0)
			p->ready = true; /* the first SYN may find the link not up */
	}
	close(c.ep);
	free(c.due_ns);
	free(c.idle);
	return NULL;
}
