/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_NET_NEIGH_H
#define GN_NET_NEIGH_H

#include <stddef.h>

#include "net.h"
#include "timer.h"

/*
 * Neighbour cache: a fixed array of entries, found by hash chains or, in flows, by a handle. On
 * core 0 an entry is a state machine (nud.c); on the others a replica of core 0's.
 */

/* The states of RFC 4861 section 7.3.2, ARP's too. Sorted: from STALE on there is a MAC, from
 * DELAY on packets go out without further thought. */
enum neigh_state {
	NEIGH_FREE,
	NEIGH_NEW, /* made by a route look-up, nothing asked yet */
	NEIGH_INCOMPLETE,
	NEIGH_FAILED,
	NEIGH_STALE,
	NEIGH_DELAY,
	NEIGH_PROBE,
	NEIGH_REACHABLE,
};

#define NEIGH_PERMANENT 0x01 /* configured */
#define NEIGH_MAPPED	0x02 /* group or broadcast: MAC computed from the address */
#define NEIGH_V6	0x04
#define NEIGH_FIXED	(NEIGH_PERMANENT | NEIGH_MAPPED)

#define NEIGH_L2_ROOM 24
#define NEIGH_NIL     0xffff
#define NEIGH_MAX_MAX 32768u

struct ifc;

struct neigh {
	uint8_t l2[NEIGH_L2_ROOM]; /* Ethernet header with tags, ending at the end */
	uint64_t used_us;	   /* last packet */
	const struct ifc *port;	   /* interface ifc */
	uint16_t gen;		   /* never 0; another with each MAC */
	uint16_t plain;		   /* gen while packets go out without further thought, else 0 */
	uint16_t ifc;
	uint8_t state;
	uint8_t l2_len;
	union net_ip ip;
	/* second line: slow path */
	struct timer timer;
	uint8_t flags;
	uint8_t tries;	       /* solicitations sent in this state */
	uint64_t confirmed_us; /* last proof of reachability; 0: none yet */
	uint64_t begin_us;     /* REACHABLE: timer started at; FAILED: since */
	uint64_t hold_us;      /* FAILED: no new attempt before */
	struct rte_mbuf *q_head, *q_tail;
	uint16_t queued;
	uint16_t next; /* in the hash chain, or in the list of free entries */
	uint8_t mac[6];
};

_Static_assert(offsetof(struct neigh, timer) == 64, "an entry's hot part is one cache line");

struct neigh_table {
	uint16_t *bucket;
	uint32_t bucket_mask;
	uint16_t free; /* first free entry */
	uint16_t hand; /* where the search for a victim goes on */
};

int neigh_init(struct net *n);
void neigh_fini(struct net *n);
struct neigh *neigh_find(struct net *n, uint16_t ifc, bool v6, const union net_ip *ip);
/* Finds or makes (NEIGH_NEW), evicting an old entry if need be. NULL: full of better ones. room:
 * only a free place will do. */
struct neigh *neigh_make(struct net *n, uint16_t ifc, bool v6, const union net_ip *ip, bool room);
uint32_t neigh_handle(const struct net *n, const struct neigh *e);
/* The state, the handle or the interface's link has changed. */
void neigh_plain_set(struct neigh *e);
/* The link of an interface has changed. */
void neigh_plain_ifc(struct net *n, uint16_t ifc);
void neigh_mac_set(struct net *n, struct neigh *e, const uint8_t mac[6]);
/* Removes the entry; packets that wait are dropped as why. */
void neigh_free(struct net *n, struct neigh *e, enum drop why);
/* Forgets the interface's entries (v6 or not), but permanent ones, whose handles end. */
void neigh_flush_ifc(struct net *n, uint16_t ifc, bool v6);
/* The entry's handles end: flows ask for their route again. */
void neigh_gen_next(struct neigh *e);
/* Routes changed: all handles end, so that flows ask for their route again. */
void neigh_handles_end(struct net *n, bool v6);
/* The way of a packet (data at its IP header) when the entry is not simply usable. Takes m. */
int neigh_output(struct net *n, struct neigh *e, struct rte_mbuf *m);
/* The packet that waits behind m. */
struct rte_mbuf *neigh_queue_next(const struct rte_mbuf *m);
/* Sends, or drops, what waits. */
void neigh_queue_send(struct net *n, struct neigh *e);
void neigh_queue_drop(struct net *n, struct neigh *e, enum drop why);

/* nud.c: events of an entry's life */
void nud_init(struct net *n);
/* A packet was sent to a STALE entry. */
void nud_used(struct net *n, struct neigh *e);
/* A packet waits for a NEW or FAILED entry. */
void nud_resolve(struct net *n, struct neigh *e);
/* To a state, with its timer and, on core 0, news to the other cores. */
void nud_state(struct net *n, struct neigh *e, enum neigh_state state);
/* An address was learned by other means than an answer to us: STALE (RFC 4861 section 7.2.3). */
void nud_learn(struct net *n, struct neigh *e, const uint8_t mac[6]);
/* An address and what it means: sends what waits. */
void nud_known(struct net *n, struct neigh *e, const uint8_t mac[6], enum neigh_state state);
/* The answer to a solicitation of ours. */
void nud_answer(struct net *n, struct neigh *e, const uint8_t mac[6]);
/* Resolution or probing failed: who waits hears it. hold: no new attempt for a while. */
void nud_fail(struct net *n, struct neigh *e, bool hold);
/* Proof of reachability from above. */
void nud_confirm(struct net *n, struct neigh *e);
/* Doubt from above: a reachable one is probed at once (a replica has core 0 do it). */
void nud_suspect(struct net *n, struct neigh *e);

#endif
