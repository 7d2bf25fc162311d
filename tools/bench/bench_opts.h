/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_BENCH_OPTS_H
#define GN_BENCH_OPTS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * gannet-bench: client and server cores of one process on a cable, and what they are compared
 * with. Two ways to run: 'threads' gives each core a thread and measures transactions a second;
 * 'count' runs all on one thread in virtual time for an exact number of transactions, under
 * callgrind, so that the instructions of each side repeat to the digit.
 */
enum bench_scenario {
	BENCH_RAW, /* the cable alone: the server swaps the MAC addresses */
	BENCH_UDP_ECHO,
	BENCH_TCP_RR,
	BENCH_TCP_CRR,
	BENCH_TCP_STREAM,
	BENCH_HTTPD,
	BENCH_LATENCY, /* tcp-rr at a given rate */
	BENCH_SCENARIO_MAX,
};

/* Whose stack runs it. */
enum bench_who {
	BENCH_GANNET,
	BENCH_LINUX, /* the kernel's sockets over a veth pair */
	BENCH_LWIP,  /* our client, and lwIP as the server on the same cable */
};

/* What the ports do for the stack. */
enum bench_offload { BENCH_OFFLOAD_NONE, BENCH_OFFLOAD_CHECKSUM, BENCH_OFFLOAD_TSO };

struct bench_opts {
	enum bench_scenario scenario;
	enum bench_who who;
	bool v6;
	bool count;	       /* else threads */
	double seconds;	       /* threads: measured time */
	uint64_t transactions; /* count: measured; as many again warm up */
	uint32_t window;       /* a client core's connections, or datagrams and frames in flight */
	uint32_t size;	       /* payload bytes of a request and of a response */
	uint32_t idle;	       /* further connections that are open and silent */
	double rate;	       /* latency: requests a second */
	unsigned cores;	       /* stack cores a side */
	enum bench_offload offload;
	bool spread;	    /* requests go round all connections, the idle ones too */
	bool server_closes; /* tcp-crr: it is the server that closes first */
};

#define BENCH_PHASES 4 /* of a count: count.c */

struct bench_result {
	uint64_t transactions;
	double seconds;
	uint64_t phase[BENCH_PHASES]; /* count: transactions of each */
	uint32_t unit;	      /* bytes of a transaction of tcp-stream: a segment's payload */
	double setup_seconds; /* until all connections are open and have moved data */
	uint64_t rss_bytes;   /* of the process, with all connections open */
	uint64_t p50_ns, p99_ns, p999_ns; /* latency */
	uint64_t handoffs;		  /* packets handed from core to core */
	char drops[1024]; /* JSON members: what was sent again, and why packets were dropped */
};

void bench_run_raw(const struct bench_opts *o, struct bench_result *r);
void bench_run_stack(const struct bench_opts *o, struct bench_result *r);
/* Needs root: makes a network namespace and a veth pair, and removes them. */
void bench_run_linux(const struct bench_opts *o, struct bench_result *r);

/* The sizes of TCP's objects, as a JSON object. */
void bench_sizes_print(void);

uint64_t bench_clock_us(void);
void bench_sleep(double seconds);
__attribute__((noreturn, format(printf, 1, 2))) void bench_die(const char *fmt, ...);

#define BENCH_PORT	7000
#define BENCH_PER_PORT	20000 /* connections to one server port: ephemeral ports are 16 bits */
#define BENCH_CORES_MAX 2

#endif
