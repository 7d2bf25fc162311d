/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_SOCK_TEST_H
#define GN_SOCK_TEST_H

#include <errno.h>
#include <string.h>

#include "sim.h"
#include "sock_core.h"

/*
 * Two simulated hosts, "a" with 10.0.1.1 and "b" with 10.0.1.2, whose applications only write down
 * what they are told. Tests call gannet/sock.h between runs.
 */
#define ST_LOG 1024

enum st_what {
	ST_ACCEPTED,
	ST_CONNECTED,
	ST_RECEIVED,
	ST_PEER_CLOSED,
	ST_WRITABLE,
	ST_CLOSED,
	ST_ERROR,
	ST_UDP_RECEIVED,
	ST_UDP_ERROR,
	ST_REF_DONE,
	ST_TIMER,
	ST_EXIT,
};

struct st_event {
	enum st_what what;
	unsigned host;
	uint64_t handle;
	int err;
	uint64_t at_us;
	size_t len;
	char data[32];
	struct gn_addr from, to;
};

/* What is to be done inside a callback, once: closing must be safe everywhere. */
enum st_act { ST_NOTHING, ST_DO_CLOSE, ST_DO_ABORT };

struct st {
	struct sim *sim;
	struct sim_host *host[2];
	struct gn_core *a, *b;
	unsigned n;
	struct st_event event[ST_LOG];
	enum st_what act_at;
	enum st_act act;
	bool in_call; /* no callback may come now */
};

extern struct st st;
extern const struct gn_tcp_ops st_tcp;
extern const struct gn_udp_ops st_udp;

void st_init(void);
/* Over ports that do checksums, so that headers are prepared, and with a cache of packet buffers at a, as
 * on a thread of DPDK's. */
void st_init_offload(void);
/* Checks that no buffer is lost. */
void st_fini(void);
void st_run(uint64_t us);
/* How many events of this kind on this host; the last of them, or NULL. */
unsigned st_count(unsigned host, enum st_what what);
const struct st_event *st_last(unsigned host, enum st_what what);

/* A listener on b and a connection from a to it; handles of both ends. */
void st_connect(gn_tcp_t *at_a, gn_tcp_t *at_b);
struct gn_addr st_addr(const char *text);

void st_note(struct gn_core *c, enum st_what what, uint64_t handle, int err);
void st_timer(struct gn_core *c, struct gn_timer *t);
void st_ref_done(struct gn_core *c, struct gn_ref *ref);

#endif
