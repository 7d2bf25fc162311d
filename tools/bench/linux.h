/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_BENCH_LINUX_H
#define GN_BENCH_LINUX_H

#include <sys/socket.h>

#include "bench_opts.h"
#include "load.h"

/* One end of the same exchanges between sockets of the kernel: a thread in a network namespace. */
struct linux_peer {
	const struct bench_opts *o;
	const char *ns;
	int cpu;
	uint64_t done; /* transactions, or bytes (tcp-stream, server) */
	uint32_t unit; /* bench_result.unit */
	bool record;   /* latencies are recorded */
	struct load load;
	volatile bool ready;
	volatile bool *stop;
};

#define LINUX_IDLE_MAX	   25000u /* one server port, and tables by descriptor */
#define LINUX_HTTP_REQUEST 440
#define LINUX_HTTP_ANSWER  200

/* Thread functions; arg is a struct linux_peer. */
void *linux_server(void *arg);
void *linux_client(void *arg);

/* linux.c: enters the namespace and binds to the CPU. */
void linux_enter(const struct linux_peer *p);
socklen_t linux_addr(const struct bench_opts *o, struct sockaddr_storage *a);
int linux_socket(const struct bench_opts *o);
static inline bool linux_tcp(const struct bench_opts *o)
{
	return o->scenario != BENCH_UDP_ECHO;
}

#endif
