/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TEST_HOSTS_H
#define GN_TEST_HOSTS_H

#include "cable.h"
#include "core.h"
#include "heap_pool.h"

/*
 * Two hosts on a cable, each a stack of some cores, in one thread and virtual time, without EAL.
 * Host i has 10.0.0.(i + 1)/24 and fd00::(i + 1)/64 on its only port.
 */
#define HOST_BUFS 1024

struct host_opts {
	unsigned n_cores;
	uint16_t queues;   /* of its side of the cable; 0: n_cores */
	uint32_t mailbox;  /* 0: 256 words */
	uint32_t offloads; /* of its side of the cable */
	const struct core_app_ops *app;
};

struct host {
	unsigned n_cores;
	struct stack_conf *conf;
	struct owner owner;
	struct core_mesh *mesh;
	struct rte_mempool *pool[CONF_CORES_MAX];
	struct gn_core *core[CONF_CORES_MAX];
	struct drv_port *drv;
	struct drv_conf drv_conf;
};

struct hosts {
	struct host h[2];
	uint64_t now_us;
};

void hosts_open(struct hosts *w, const struct host_opts *a, const struct host_opts *b);
/* Closes all and checks that every buffer is back in its pool. */
void hosts_close(struct hosts *w);
/* Turns every core of both hosts whenever one has something to do, up to now_us + us. */
void hosts_run(struct hosts *w, uint64_t us);

union net_ip host_ip(bool v6, unsigned host);
/* Of all cores of a host. */
uint64_t host_count(const struct host *h, enum counter id);
uint64_t host_drops(const struct host *h, enum drop id);
/* Sends an echo request of len bytes of data from core 0 of w->h[from] to the other host. */
void host_ping(struct hosts *w, unsigned from, bool v6, uint16_t len);

#endif
