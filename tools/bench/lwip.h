/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_BENCH_LWIP_H
#define GN_BENCH_LWIP_H

#include "bench_opts.h"

struct drv_port;
struct rte_mempool;

/*
 * lwIP of Debian's package as the server of udp-echo, tcp-rr, tcp-crr and tcp-stream, by its raw API
 * on one thread, which polls queue 0 of a configured and started port. Checksums are made and
 * checked in software: the package is built without a choice. One a process.
 */
void bench_lwip_create(struct drv_port *port, struct rte_mempool *pool, const uint8_t mac[6],
	const struct bench_opts *o);
/* One burst in, what is due, and what came of it out. Returns how many frames came. */
unsigned bench_lwip_turn(uint64_t now_us);
/* tcp-stream: received so far. */
uint64_t bench_lwip_bytes(void);

#endif
