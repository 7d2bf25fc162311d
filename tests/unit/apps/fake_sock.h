/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TEST_FAKE_SOCK_H
#define TEST_FAKE_SOCK_H

#include <gannet/sock.h>

#include "heap_pool.h"

/*
 * The in-core API as a test wants it: one core, a clock that the test turns, and connections whose
 * send queue is a buffer with as much room as the test says. It checks what the contract asks of
 * the application: no call with a dead handle but those that may, every buffer given back.
 */
#define FAKE_CONNS  4
#define FAKE_OUT    (1 << 20)
#define FAKE_REFS   256
#define FAKE_TIMERS 16

struct fake_conn {
	bool live, shut, aborted, closed;
	const struct gn_tcp_ops *ops;
	void *user;
	size_t room; /* what a send may take now */
	char *out;   /* all that was sent */
	size_t out_len;
	size_t unread;	 /* delivered and not yet given back */
	unsigned n_refs; /* references not yet acknowledged */
	struct gn_ref *refs[FAKE_REFS];
};

struct gn_core {
	uint64_t now_us;
	void *state;
	struct rte_mempool *mp;
	struct fake_conn conn[FAKE_CONNS];
	unsigned n_timers;
	struct gn_timer *timers[FAKE_TIMERS];
};

#define FAKE_BUFFERS 4096

struct gn_core *fake_create(void);
/* Fails the test if a packet buffer, a reference or a timer was left. */
void fake_destroy(struct gn_core *c);

/* A connection comes in, with unlimited room. */
gn_tcp_t fake_accept(struct gn_core *c, const struct gn_tcp_ops *ops);
struct fake_conn *fake_conn(struct gn_core *c, gn_tcp_t t);
/* Data arrives in one packet of as many segments as it takes, or a FIN. */
void fake_receive(struct gn_core *c, gn_tcp_t t, const char *data, size_t len);
void fake_peer_close(struct gn_core *c, gn_tcp_t t);
void fake_reset(struct gn_core *c, gn_tcp_t t, int err);
/* The peer acknowledges everything, and room is as much again. */
void fake_acknowledge(struct gn_core *c, gn_tcp_t t, size_t room);
/* Time passes; due timers fire. */
void fake_advance(struct gn_core *c, uint64_t us);

#endif
