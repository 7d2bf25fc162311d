/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TEST_NET_HOST_H
#define GN_TEST_NET_HOST_H

#include <criterion/criterion.h>

#include "env.h"
#include "heap_pool.h"
#include "net.h"
#include "wire_arp.h"
#include "wire_cksum.h"
#include "wire_eth.h"
#include "wire_icmp.h"
#include "wire_ip4.h"
#include "wire_ip6.h"
#include "wire_nd.h"
#include "wire_udp.h"

/*
 * One to four cores of a network layer under a virtual clock, and the wire around them: frames are
 * put in as bytes, what comes out is kept as bytes with its time. The transports are recorders.
 */
#define HOST_CORES  4
#define HOST_POOL   512
#define HOST_FRAMES 2048
#define HOST_BYTES  1600
#define HOST_MSGS   256

struct frame {
	uint64_t at_us;
	uint16_t core;
	uint16_t ifc;
	uint64_t ol_flags;
	uint16_t vlan_tci;
	uint16_t len;
	uint8_t b[HOST_BYTES];
};

/* What a transport recorded. */
struct seen {
	struct net_pkt p; /* m is gone */
	uint8_t ttl, tos;
	uint16_t core;
	uint8_t proto;
	uint16_t len;
	uint16_t sum;		/* of all of it, as wire_cksum_fold() */
	uint8_t l4[HOST_BYTES]; /* the beginning */
};

struct host;

struct host_core {
	struct host *h;
	struct env env;
	struct net *net;
	struct rte_mempool *mp;
	unsigned n_msg;
	struct {
		uint16_t len;
		uint8_t b[256];
	} msg[HOST_MSGS];
	unsigned msg_room; /* messages the mailbox holds */
	struct rte_mbuf *handed[64];
	unsigned n_handed;
	unsigned handoffs; /* to this core, ever */
};

struct host {
	struct net_conf conf;
	struct net_ifc ifc; /* template of the first interface */
	unsigned n_cores;
	uint64_t now_us;
	struct owner *owner;
	struct host_core core[HOST_CORES];
	struct frame *out;
	unsigned n_out, next_out;
	struct seen *seen;
	unsigned n_seen;
	unsigned n_bursts; /* calls of the transports' input */
	struct net_error error[HOST_FRAMES];
	uint16_t error_core[HOST_FRAMES];
	unsigned n_error;
};

/* Our addresses and the peer's. */
#define OUR4   IP4(10, 0, 0, 1)
#define PEER4  IP4(10, 0, 0, 2)
#define THIRD4 IP4(10, 0, 0, 3)
extern const uint8_t our_mac[6], peer_mac[6], third_mac[6], bcast_mac[6];
extern const struct ip6 our6, peer6, third6, our_ll6, peer_ll6, all_nodes6, any6;

/* A host with conf and ifc filled in, to be changed before host_start(). */
struct host *host_new(unsigned n_cores);
/* Instances made, one interface added. Addresses: OUR4/24 if v4, our_ll6/64 and our6/64 if v6. */
void host_start(struct host *h, bool v4, bool v6);
/* A started host without duplicate detection, with nothing in the output. */
struct host *host_ready(void);
/* Checks that no buffer leaked, and frees all. */
void host_free(struct host *h);

void host_rx_core(struct host *h, uint16_t core, const uint8_t *b, unsigned len);
void host_rx(struct host *h, const uint8_t *b, unsigned len);
/* Lets time pass, timer by timer, and messages and hand-offs arrive. */
void host_run(struct host *h, uint64_t us);
/* Delivers messages and handed packets until there are none. */
void host_settle(struct host *h);
/* The next frame sent, or NULL. */
const struct frame *host_tx(struct host *h);
/* Fails the test if there was one. */
void host_quiet(struct host *h);
uint64_t host_drops(const struct host *h, enum drop why);
uint64_t host_counter(const struct host *h, enum counter id);
/* Expects a drop of this kind since the last call for it, and nothing sent. */
void host_dropped(struct host *h, enum drop why);

/* Frame builders; each returns the length. dst NULL: our_mac. src NULL: peer_mac. */
unsigned put_eth(uint8_t *b, const uint8_t *dst, const uint8_t *src, uint16_t type);
unsigned put_arp(uint8_t *b, const uint8_t *eth_dst, const struct wire_arp *a);
/* IPv4 with a right header checksum; returns the length up to the payload, which the caller has
 * written there or will. h->hlen above 20: options of zeros (end of list). */
struct wire_ip4 ip4_hdr(uint8_t proto, uint32_t src, uint32_t dst, unsigned payload);
unsigned put_ip4(uint8_t *b, const uint8_t *dst, const struct wire_ip4 *h, const void *payload);
void fix_ip4(uint8_t *ip); /* recomputes the header checksum */
unsigned put_udp4(
	uint8_t *b, uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport, unsigned payload);
unsigned put_echo4(uint8_t *b, uint32_t src, uint32_t dst, unsigned payload);
struct wire_ip6 ip6_hdr(
	uint8_t next, const struct ip6 *src, const struct ip6 *dst, unsigned payload);
unsigned put_ip6(uint8_t *b, const uint8_t *dst, const struct wire_ip6 *h, const void *payload);
unsigned put_icmp6(uint8_t *b, const uint8_t *dst, const struct ip6 *s, const struct ip6 *d,
	uint8_t hops, const void *msg, unsigned len);
unsigned put_nd(uint8_t *b, const uint8_t *dst, const struct ip6 *s, const struct ip6 *d,
	const struct wire_nd *nd);
unsigned put_echo6(uint8_t *b, const struct ip6 *src, const struct ip6 *dst, unsigned payload);
unsigned put_udp6(uint8_t *b, const struct ip6 *src, const struct ip6 *dst, uint16_t sport,
	uint16_t dport, unsigned payload);

/* Expect the next frame to be this. */
struct wire_arp expect_arp(struct host *h, const uint8_t dst[6], uint16_t op);
const struct frame *expect_ip4(struct host *h, const uint8_t dst[6], struct wire_ip4 *ip);
const struct frame *expect_ip6(struct host *h, const uint8_t dst[6], struct wire_ip6 *ip);
/* ICMP(v6) with right checksums; payload: what follows its eight bytes. */
struct wire_icmp expect_icmp4(struct host *h, struct wire_ip4 *ip, const uint8_t **payload);
struct wire_icmp expect_icmp6(struct host *h, struct wire_ip6 *ip, const uint8_t **payload);
struct wire_nd expect_nd(struct host *h, const uint8_t dst[6], uint8_t type, struct wire_ip6 *ip);

/* Makes the peer (or any) known as REACHABLE by an exchange, and leaves nothing in the output. */
void learn4(struct host *h, uint32_t ip, const uint8_t mac[6]);
void learn6(struct host *h, const struct ip6 *ip, const uint8_t mac[6]);
/* A UDP packet of n bytes of payload from core; src 0: chosen. Result of net_route() or
 * net_output4(). */
int send4_core(struct host *h, uint16_t core, uint32_t dst, unsigned n);
int send4(struct host *h, uint32_t dst, unsigned n);
int send6_core(struct host *h, uint16_t core, const struct ip6 *dst, unsigned n);
int send6(struct host *h, const struct ip6 *dst, unsigned n);
/* State of a neighbour as net_neigh_list() shows it, or "none". */
const char *neigh_state(
	struct host *h, uint16_t core, bool v6, const union net_ip *ip, uint8_t mac[6]);
const char *state4(struct host *h, uint32_t ip);
const char *state6(struct host *h, const struct ip6 *ip);

#endif
