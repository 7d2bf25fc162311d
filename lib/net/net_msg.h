/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_NET_MSG_H
#define GN_NET_MSG_H

#include "net.h"

/*
 * What the cores of a stack tell each other about neighbours and addresses, through
 * net_env_ops.post. A message may find the mailbox full; so every one that matters is either
 * repeated by its sender's timer or implied by a later one (sync.c says which).
 */
enum net_msg_kind {
	NET_MSG_RESOLVE,    /* core k to 0: I have packets for it; tell me */
	NET_MSG_CONFIRM,    /* core k to 0: it was reached just now */
	NET_MSG_SUSPECT,    /* core k to 0: nothing comes back by it; is it still there? */
	NET_MSG_ADDR_QUERY, /* core k to 0: tell me the states of all addresses */
	NET_MSG_UPDATE,	    /* core 0 to all: MAC and state */
	NET_MSG_FAILED,	    /* core 0 to all: it does not answer */
	NET_MSG_DELETE,	    /* core 0 to all: entry evicted */
	NET_MSG_FLUSH,	    /* core 0 to k: you missed news, forget all entries */
	NET_MSG_ADDR_STATE, /* core 0 to all */
	NET_MSG_REDIRECT,   /* any core to all others; if it is lost the router says it again */
	NET_MSG_GROUP,	    /* core k to 0: what it wants of a group; if one is lost, all again */
};

struct net_msg_head {
	uint8_t kind;
	uint8_t count; /* ADDR_STATE: items */
	uint16_t from; /* core */
};

struct net_msg_neigh {
	struct net_msg_head head;
	uint16_t ifc;
	bool v6;
	uint8_t state; /* UPDATE: enum neigh_state */
	bool hold;     /* FAILED: no new attempt for a while */
	uint8_t mac[6];
	union net_ip ip;
};

struct net_msg_redirect {
	struct net_msg_head head;
	uint16_t ifc;
	bool v6;
	union net_ip dst, gw;
};

/* BEGIN and END: what is between them is all that the core wants. */
enum net_msg_group_op { NET_GROUP_SET, NET_GROUP_BEGIN, NET_GROUP_END };

struct net_msg_group {
	struct net_msg_head head; /* count: enum net_msg_group_op */
	uint16_t ifc;
	bool v6, member;
	union net_ip group;
	struct net_filter filter;
};

_Static_assert(sizeof(struct net_msg_group) <= 256, "what net_env_ops.post takes");

#define NET_MSG_ADDRS 10

struct net_msg_addrs {
	struct net_msg_head head;
	struct {
		union net_ip ip;
		uint16_t ifc;
		bool v6;
		uint8_t state;
	} item[NET_MSG_ADDRS];
};

_Static_assert(sizeof(struct net_msg_addrs) <= 256, "what net_env_ops.post takes");

#endif
