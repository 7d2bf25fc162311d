/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_BENCH_OPTS_H
#define GN_BENCH_OPTS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * gannet-bench: a client and a server core of one process on a cable, and what they are compared
 * with. Two ways to run: 'threads' gives each its own CPU and measures transactions a second;
 * 'count' runs both on one thread in virtual time for an exact number of transactions, under
 * callgrind, so that the instructions of each side repeat to the digit.
 */
enum bench_scenario {
	BENCH_RAW, /* the cable alone: the server swaps the MAC addresses */
	BENCH_UDP_ECHO,
	BENCH_TCP_RR,
	BENCH_LINUX_UDP_ECHO, /* the kernel's sockets over a veth pair */
	BENCH_LINUX_TCP_RR,
};

struct bench_opts {
	enum bench_scenario scenario;
	bool v6;
	bool count;	       /* else threads */
	double seconds;	       /* threads: measured time */
	uint64_t transactions; /* count: measured; as many again warm up */
	uint32_t window;       /* connections, or datagrams and frames in flight */
	uint32_t size;	       /* payload bytes */
	uint32_t idle;	       /* further connections that are open and silent */
};

struct bench_result {
	uint64_t transactions;
	double seconds;
	uint64_t rx_packets; /* of the server */
};

void bench_run_raw(const struct bench_opts *o, struct bench_result *r);
void bench_run_stack(const struct bench_opts *o, struct bench_result *r);
/* Needs root: makes a network namespace and a veth pair, and removes them. */
void bench_run_linux(const struct bench_opts *o, struct bench_result *r);

uint64_t bench_clock_us(void);
__attribute__((noreturn, format(printf, 1, 2))) void bench_die(const char *fmt, ...);

#define BENCH_PORT     7000
#define BENCH_PER_PORT 20000 /* connections to one server port: ephemeral ports are 16 bits */

#endif
