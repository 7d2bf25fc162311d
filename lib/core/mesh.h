/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_MESH_H
#define GN_MESH_H

#include "core.h"

/*
 * Mailboxes between the cores of a stack: one ring for each ordered pair, of words that are an
 * mbuf pointer with a tag in its low bits. A core collects what it sends during a turn and
 * publishes once per destination at the turn's end. A word is admitted only while the ring has
 * room for it, so that publishing cannot fail.
 */
enum mesh_tag {
	MESH_HANDOFF, /* a received frame for its owner */
	MESH_HOME,    /* one free segment of the receiver's pool */
	MESH_MESSAGE, /* an mbuf whose data is the body for net_message() */
	MESH_TX,      /* a frame to be sent on the receiver's queue of port m->port */
};

#define MESH_TAG_MASK UINT64_C(7)
#define MESH_BATCH    64

struct core_mesh {
	unsigned n_cores;
	uint32_t words;
	struct spsc *box; /* [from * n_cores + to] */
	uint64_t *slots;
	struct rte_mempool
		*pool[CONF_CORES_MAX]; /* of each core; set before it hands anything out */
};

/* What a core has for one other core. */
struct mesh_out {
	struct spsc *ring;
	uint32_t room;		   /* of the ring, at the last look, less what was admitted since */
	uint32_t n;		   /* words admitted but not yet published */
	struct rte_mbuf *homeless; /* buffers for which the ring had no room, linked by next */
	uint64_t words[MESH_BATCH];
};

/* A core's end of all its mailboxes. n_cores 0: a stack of one core, no mailboxes. */
struct mesh_end {
	struct core_mesh *mesh;
	uint16_t self, n_cores;
	uint16_t last_owner;  /* of the last foreign buffer: packets come in bursts */
	uint64_t dirty;	      /* bit per destination: has words or homeless buffers */
	struct mesh_out *out; /* by destination */
	struct counters *cnt;
};

/* 0 or -ENOMEM. mesh NULL: no mailboxes. pool: this core's. */
int mesh_end_init(struct mesh_end *e, struct core_mesh *mesh, uint16_t self,
	struct rte_mempool *pool, struct counters *cnt);
/* Frees what was not sent and what was not received, straight to the pools. No core turns any more. */
void mesh_end_fini(struct mesh_end *e);

static inline uint64_t mesh_word(struct rte_mbuf *m, enum mesh_tag tag)
{
	return (uint64_t)(uintptr_t)m | tag;
}

/* Admits a word for core to; false: its mailbox is full. */
bool mesh_send(struct mesh_end *e, uint16_t to, uint64_t word);
/* The core of the stack that owns pool, or n_cores. */
uint16_t mesh_pool_owner(struct mesh_end *e, const struct rte_mempool *pool);
/* Sends one free segment home, now or when there is room. */
void mesh_send_home(struct mesh_end *e, uint16_t to, struct rte_mbuf *m);
/* Once a turn: retries homeless buffers and publishes all that was admitted. */
void mesh_publish(struct mesh_end *e);
/* Up to n words from core from. */
static inline unsigned mesh_receive(struct mesh_end *e, uint16_t from, uint64_t *words, unsigned n)
{
	return spsc_pop(&e->mesh->box[from * e->n_cores + e->self], words, n);
}
/* Words that wait for this core, in all its mailboxes. Any thread. */
uint32_t mesh_waiting(const struct mesh_end *e);

#endif
