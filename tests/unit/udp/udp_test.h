/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_UDP_TEST_H
#define GN_UDP_TEST_H

#include "heap_pool.h"
#include "udp.h"
#include "wire_eth.h"
#include "wire_ip4.h"
#include "wire_ip6.h"
#include "wire_udp.h"

/*
 * UDP over a real network layer with one interface, on a virtual clock: frames are put in by hand
 * and taken out again, upcalls are written down. We are 10.0.0.1 and 2001:db8::1, the peer is .2.
 */
#define UT_POOL 128
/* What arrives comes from a port that verifies checksums. */
#ifndef UT_OFFLOAD
#define UT_OFFLOAD 0
#endif

#define UT_LOG 16

#define UT_US	IP4(10, 0, 0, 1)
#define UT_PEER IP4(10, 0, 0, 2)

/* One upcall. */
struct ut_event {
	udp_handle_t sock;
	int err; /* of error(); -1: received */
	union net_ip src, dst;
	uint16_t from_port, to_port;
	uint16_t len;
	char data[64];
};

/* One frame that was sent, parsed. */
struct ut_frame {
	bool v6, cksum_ok;
	bool fragment; /* then its payload is not looked at */
	uint8_t proto, ttl, tos;
	union net_ip src, dst;
	uint8_t dst_mac[6];
	struct wire_udp udp; /* proto 17 */
	uint8_t icmp_type, icmp_code;
	uint32_t payload_len;
	uint16_t n_segs;
	char data[64];
};

struct ut {
	struct env env;
	struct owner owner;
	struct rte_mempool *mp;
	struct net *net;
	struct udp *udp;
	uint16_t ifc;
	unsigned n_events, n_frames;
	struct ut_event event[UT_LOG];
	struct ut_frame frame[UT_LOG];
	udp_handle_t close_on_receive; /* closed by the first upcall */
	bool echo;		       /* sends each datagram back */
	unsigned n_short;	       /* datagrams that came by received4() or received6() */
};

/* sockets 0: the default. cores: of the stack; we are core 0. */
void ut_init(struct ut *t, uint32_t sockets, unsigned cores);
/* Closes all and checks that every buffer is back. */
void ut_fini(struct ut *t);

union net_ip ut_ip4(uint32_t v4);
union net_ip ut_ip6(uint16_t first, uint16_t last); /* first:db8::last */

/* What arrives. cksum: right, 0, or wrong. */
enum ut_cksum { UT_GOOD, UT_ZERO, UT_WRONG };

struct ut_dgram {
	bool v6;
	union net_ip src, dst;
	uint16_t sport, dport;
	const char *data;
	enum ut_cksum cksum;
	int len_add;	    /* to the length field */
	uint16_t pad;	    /* bytes of IP payload behind the datagram */
	bool own_headroom0; /* no headroom: the frame begins where the buffer does */
};

void ut_input(struct ut *t, const struct ut_dgram *d);
/* An ICMP error of the peer's about a datagram of ours. */
void ut_icmp(struct ut *t, uint8_t type, uint8_t code, uint32_t rest, const struct ut_dgram *of);

/* A buffer with text as its payload. */
struct rte_mbuf *ut_buf(struct ut *t, const char *text);

#endif
