/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_NET_PRIV_H
#define GN_NET_PRIV_H

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "env.h"
#include "fib.h"
#include "frag.h"
#include "neigh.h"
#include "net.h"
#include "net_plain.h"
#include "wire_bytes.h"
#include "wire_eth.h"
#include "wire_ip4.h"
#include "wire_ip6.h"

/* The inside of struct net: seen by the files of this folder (and its tests) only. */
#define NET_BURST_MAX 64
#define NET_PORT_MAX  64 /* ports of a stack: mbuf->port below this */
#define NET_CORES_MAX 64

/* Duplicate detection, announcement and defence of one address (addr_check.c). */
struct net_addr_ctl {
	struct timer timer;
	uint64_t conflict_us; /* last conflict on an address in use, 0: none */
	uint8_t step;
	bool v6;
	uint16_t ifc;
	uint8_t nonce[6]; /* of the duplicate detection that runs (RFC 7527) */
};

struct ifc {
	struct net_txq *txq;	     /* of its port, or net.no_txq */
	uint32_t tx_lens4, tx_lens6; /* rte_mbuf.tx_offload of what is sent: l2_len and l3_len */
	uint8_t l2_len;		     /* of what is sent, without a tag that the port inserts */
	bool tx_vlan;		     /* the port inserts the tag */
	bool tx_ip_cksum, tx_l4_cksum;
	uint16_t mtu_most; /* what it began with */
	bool tx_plain;	   /* both, and no tag to be inserted by the port, and the link is up */
	struct net_ifc pub;
	struct net_addr_ctl ctl4[NET_ADDR_MAX], ctl6[NET_ADDR_MAX];
};

static inline uint16_t ifc_mtu(const struct ifc *f, bool v6)
{
	return v6 && f->pub.mtu < 1280 ? 1280 : f->pub.mtu;
}

struct net_limit {
	uint64_t last_us;
	uint64_t tokens_us; /* each error costs cost_us of them */
	uint64_t cost_us, max_us;
};

/* What could not be told to other cores yet: a bit a core (sync.c). */
struct net_sync {
	struct timer timer;
	uint64_t flush; /* core 0: lost news of neighbours, must forget all it knows */
	uint64_t addrs; /* core 0: must hear all address states again */
	bool query;	/* other cores: address states unknown, ask core 0 */
};

struct net_proto {
	const struct net_proto_ops *ops;
	void *ctx;
};

#define NET_IP_ID_SLOTS 256

/* A way that net_route() has found, for net_route_back(). */
#define NET_MEMO_MAX 64
#define NET_MEMO_US  1000000
struct net_memo {
	union net_ip dst, src;
	uint64_t until_us;
	struct net_dst way;
	uint16_t ifc;
	bool v6;
};

struct net {
	struct env *env;
	const struct net_env_ops *ops;
	void *ops_ctx;
	const struct owner *owner;
	struct neigh *neigh;
	uint32_t neigh_mask;
	uint16_t core, n_cores;
	uint16_t n_ifc;
	struct net_proto tcp, udp;
	unsigned accept; /* enum net_verdict: whose plain packets are for the general input */
	uint8_t verdict
		[256]; /* enum net_verdict by protocol: NET_LONG but for those with a transport */
	struct net_rx
		*untagged_rx[NET_PORT_MAX]; /* interface of a port's untagged frames, or &no_rx */
	struct net_rx no_rx;		    /* has no address */
	struct net_txq no_txq;		    /* has no room */
	struct net_rx rx[NET_IFC_MAX];
	struct ifc ifc[NET_IFC_MAX];
	struct net_conf conf;
	struct neigh_table nt;
	struct fib fib4, fib6;
	bool route_opts;		    /* some route has, or had */
	struct net_memo memo[NET_MEMO_MAX]; /* by a hash of dst */
	struct net_limit icmp;
	struct net_sync sync;
	struct group_want *want; /* group.c: [NET_IFC_MAX][2][NET_GROUP_MAX] */
	struct mcast *mcast;	 /* mcast.c */
	struct frag_table frag;
	uint64_t redirect_us; /* since when redirects were counted */
	uint32_t redirects;
	uint32_t frag6_id;		 /* counts fragmented packets */
	uint16_t ip_id[NET_IP_ID_SLOTS]; /* each as last used: equal to core modulo n_cores */
};

/* What became of a received packet: one of the two transports shall have it, or it is gone. LONG:
 * the short way is not for it. The transports are bits. */
enum net_verdict { NET_DONE = 0, NET_TCP = 1, NET_UDP = 2, NET_LONG = 4 };

static inline enum net_verdict net_drop(struct net *n, struct net_pkt *p, enum drop why)
{
	pkt_drop(&n->env->pool, p->m, why);
	return NET_DONE;
}

static inline void net_count(struct net *n, enum counter id)
{
	count(&n->env->cnt, id);
}

static inline bool net_ip_eq(const union net_ip *a, const union net_ip *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static inline bool net_ip6_eq(const struct ip6 *a, const struct ip6 *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

static inline union net_ip net_ip4(uint32_t v4)
{
	union net_ip ip = {.v6 = {{0}}};

	ip.v4 = v4;
	return ip;
}

/* The same in place: two stores. */
static inline void net_ip4_set(union net_ip *ip, uint32_t v4)
{
	const uint64_t w[2] = {RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? v4 : (uint64_t)v4 << 32, 0};

	memcpy(ip, w, sizeof(w));
}

static inline bool net_ip_any(const union net_ip *ip)
{
	const union net_ip zero = {.v6 = {{0}}};

	return net_ip_eq(ip, &zero);
}

static inline bool ip6_any(const struct ip6 *a)
{
	const struct ip6 zero = {{0}};

	return net_ip6_eq(a, &zero);
}

static inline bool ip6_mcast(const struct ip6 *a)
{
	return a->b[0] == 0xff;
}

static inline bool ip6_linklocal(const struct ip6 *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

bool ip6_loopback(const struct ip6 *a);
/* ff02::1:ffXX:XXXX (RFC 4291 section 2.7.1). */
void ip6_solicited_node(const struct ip6 *a, struct ip6 *group);

/* Neither multicast, broadcast (all), loopback, nor 0/8: may be a host's address. */
static inline bool ip4_unicast(uint32_t ip)
{
	return ip - 0x01000000u < 0xdf000000u && ip >> 24 != 127;
}

static inline uint32_t ip4_mask(uint8_t plen)
{
	return plen == 0 ? 0 : ~0u << (32 - plen);
}

/* eth_input.c, eth_output.c */
/* At least the first want bytes (or all) in the first segment; p->m may change. False: no buffer,
 * p->m is as before. */
bool eth_pullup(struct net *n, struct net_pkt *p, unsigned want);
/* Writes the headers behind each other so that they end at l2 + NEIGH_L2_ROOM. Their length. */
uint8_t eth_l2_make(const struct ifc *ifc, const uint8_t dst[6], uint16_t type, uint8_t *l2);
void eth_output(
	struct net *n, struct ifc *ifc, struct rte_mbuf *m, const uint8_t dst[6], uint16_t type);

/*
 * Sends a packet to a neighbour whose MAC is known. l3_len bytes of IP header stand right before
 * m's data. The room in front of those is at least NEIGH_L2_ROOM (PKT_HEADERS_MAX promises it), so
 * that one copy of fixed size does.
 */
static inline void eth_neigh_tx(struct net *n, const struct ifc *ifc, const struct neigh *e,
	struct rte_mbuf *m, unsigned l3_len)
{
	unsigned len = l3_len + e->l2_len;

	memcpy(rte_pktmbuf_mtod(m, uint8_t *) - l3_len - NEIGH_L2_ROOM, e->l2, NEIGH_L2_ROOM);
	m->data_off = (uint16_t)(m->data_off - len);
	m->data_len = (uint16_t)(m->data_len + len);
	m->pkt_len += len;
	if (unlikely(ifc->tx_vlan)) {
		m->ol_flags |= RTE_MBUF_F_TX_VLAN;
		m->vlan_tci = ifc->pub.tci[0];
	}
	n->ops->tx(n->ops_ctx, &ifc->pub, m);
}

/* Sends a packet of len bytes of L3 to a neighbour with NEIGH_L2_ROOM in front of its IP header, which
 * starts l3_len before m's data: its frame needs nothing but the MACs, and goes by the short way. */
static __rte_always_inline void eth_plain_tx(struct net *n, const struct ifc *ifc,
	const struct neigh *e, struct rte_mbuf *m, unsigned l3_len, uint32_t len)
{
	struct net_txq *q = ifc->txq;
	unsigned hlen = l3_len + e->l2_len, at = q->n;

	memcpy(rte_pktmbuf_mtod(m, uint8_t *) - l3_len - NEIGH_L2_ROOM, e->l2, NEIGH_L2_ROOM);
	len += hlen;
	m->data_off = (uint16_t)(m->data_off - hlen);
	m->data_len = (uint16_t)(m->data_len + hlen);
	m->pkt_len = len;
	if (unlikely(at >= q->full_at || m->nb_segs > q->max_segs)) {
		n->ops->tx(n->ops_ctx, &ifc->pub, m);
		return;
	}
	q->pkts[at] = m;
	q->n = (uint16_t)(at + 1);
	q->bytes += len;
}

/* arp.c, nd.c: input on core 0, and what the state machines send */
enum net_verdict arp_input(struct net *n, struct net_pkt *p);
void arp_solicit(struct net *n, struct neigh *e, bool unicast);
void arp_probe(struct net *n, struct ifc *ifc, uint32_t ip);
void arp_announce(struct net *n, struct ifc *ifc, uint32_t ip);
enum net_verdict nd_input(struct net *n, struct net_pkt *p);
void nd_solicit(struct net *n, struct neigh *e, bool unicast);
/* Tells p's source that to, on the same link, is a better next hop for p's destination. */
void nd_redirect_send(struct net *n, const struct net_pkt *p, const struct ip6 *to);
void nd_dad_solicit(struct net *n, struct ifc *ifc, const struct ip6 *ip, const uint8_t nonce[6]);

/* ip4_*.c, ip6_*.c, icmp*.c */
_Static_assert(NET_IP_ID_SLOTS == 256, "ip4_id_slot() takes eight bits of the hash");

/* The last identification of the class of destinations. */
static inline uint16_t *ip4_id_slot(struct net *n, uint32_t dst)
{
	return &n->ip_id[(dst ^ n->env->secret.k0) * UINT64_C(0x9e3779b97f4a7c15) >> 56];
}

enum net_verdict ip4_input(struct net *n, const struct net_rx *rx, struct net_pkt *p);
enum net_verdict ip6_input(struct net *n, const struct net_rx *rx, struct net_pkt *p);
/* ip4_forward.c, ip6_forward.c: packets for others (RFC 1812 section 5.3, RFC 8200) */
enum net_verdict ip4_forward(
	struct net *n, const struct net_rx *rx, struct net_pkt *p, const struct wire_ip4 *h);
/* For us, by a source route that goes on. */
bool ip4_source_routed(const struct net_pkt *p, const struct wire_ip4 *h);
enum net_verdict ip4_forward_source_route(
	struct net *n, const struct net_rx *rx, struct net_pkt *p, const struct wire_ip4 *h);
enum net_verdict ip6_forward(
	struct net *n, const struct net_rx *rx, struct net_pkt *p, const struct wire_ip6 *h);
enum net_verdict icmp4_input(struct net *n, struct net_pkt *p);
enum net_verdict icmp6_input(struct net *n, struct net_pkt *p);
/* As net_output*(), but the transport checksum is right already. */
int ip4_output_summed(struct net *n, struct net_dst *d, struct rte_mbuf *m, uint32_t src,
	uint32_t dst, const struct net_tx *tx);
int ip6_output_summed(struct net *n, struct net_dst *d, struct rte_mbuf *m, const struct ip6 *src,
	const struct ip6 *dst, const struct net_tx *tx);
/* Puts an IPv6 header (and the ICMPv6 checksum) before m and sends it to a MAC, without any
 * neighbour entry: for ND itself. */
/* ip4_options.c: the options of an answer to p, at most 40 bytes, and where it goes first. */
unsigned ip4_options_reply(struct net *n, const struct net_pkt *p, uint8_t *opt, uint32_t *first);
/* As ip4_output_summed(), with options; never in fragments. */
int ip4_options_output(struct net *n, const struct net_dst *d, struct rte_mbuf *m, uint32_t src,
	uint32_t dst, const struct net_tx *tx, const uint8_t *opt, unsigned n_opt);

/* RFC 792, Timestamp: ours is not counted from midnight, as the highest bit says. */
static inline uint32_t ip4_time(const struct net *n)
{
	return UINT32_C(0x80000000) | (uint32_t)(n->env->now_us / 1000);
}

/* Sends what is larger than the path takes, in fragments; the arguments are ip4_output()'s. Takes m. */
int ip4_frag_output(struct net *n, const struct net_dst *d, struct rte_mbuf *m, uint32_t src,
	uint32_t dst, const struct net_tx *tx, bool summed);
int ip6_frag_output(struct net *n, const struct net_dst *d, struct rte_mbuf *m,
	const struct ip6 *src, const struct ip6 *dst, const struct net_tx *tx, bool summed);
/* A fragment came in: what becomes of it, or of the whole that it completes. */
enum net_verdict ip4_frag_input(
	struct net *n, const struct net_rx *rx, struct net_pkt *p, const struct wire_ip4 *h);
enum net_verdict ip6_frag_input(struct net *n, const struct net_rx *rx, struct net_pkt *p,
	const struct wire_ip6 *h, const struct wire_ip6_chain *c);
/* ip4_input() and ip6_input() of a packet that was counted. */
enum net_verdict ip4_whole_input(struct net *n, const struct net_rx *rx, struct net_pkt *p);
enum net_verdict ip6_whole_input(struct net *n, const struct net_rx *rx, struct net_pkt *p);
/* An identification that this host has not lately used with dst (RFC 6864 section 4.2). */
uint16_t ip4_id_next(struct net *n, uint32_t dst);
void ip6_output_to(struct net *n, struct ifc *ifc, const uint8_t mac[6], struct rte_mbuf *m,
	const struct ip6 *src, const struct ip6 *dst, const struct net_tx *tx);
/* The L4 header in one piece, if it is not; p->m may change. False: no buffer. */
bool l4_pullup(struct net *n, struct net_pkt *p);

static inline bool net_l4_contiguous(struct net *n, struct net_pkt *p)
{
	return likely(p->m->nb_segs == 1) || l4_pullup(n, p);
}

/* Cuts what follows the first len bytes. */
void net_trim(struct net *n, struct rte_mbuf *m, uint32_t len);
/* The sum of the ICMP message of p, folded: 0 if right. Counts the work. */
uint16_t net_icmp_sum(struct net *n, const struct net_pkt *p);
/* Prepares m of a received echo request to be sent back: data at L4. False: no room for headers. */
bool net_echo_turn(struct net *n, struct net_pkt *p, uint8_t type);
/* An ICMP error came in (quote parsed): to the flow's owner, or to its transport. */
enum net_verdict net_error_input(
	struct net *n, struct net_pkt *p, struct net_error *e, enum drop no_flow);
/* Resolution failed: tells the transport of a packet of ours that waits (data at IP header). */
void net_error_unreach(struct net *n, const struct neigh *e, struct rte_mbuf *m);

bool icmp_limit_take(struct net *n);
void icmp_limit_init(struct net *n);

/* addr.c, addr_check.c, group.c */
/* Index of the address on the interface, or -1. */
int addr_find(const struct ifc *ifc, bool v6, const union net_ip *ip);
const struct net_addr *addr_list(const struct ifc *ifc, bool v6, unsigned *count);
/* State of ip on the interface (NET_ADDR_NONE: not ours). */
uint8_t addr_state(const struct net *n, uint16_t ifc, bool v6, const union net_ip *ip);
/* Sets a state, makes it effective, and on core 0 tells the other cores. */
void addr_state_set(struct net *n, struct ifc *ifc, bool v6, unsigned i, uint8_t state);
/* Is ip ours here: on the interface, or (weak host model) on any? */
bool addr_ours(const struct net *n, uint16_t ifc, bool v6, const union net_ip *ip);
void addr_rx_build(struct net *n, struct ifc *ifc);
/* No address is ours. */
void addr_rx_clear(struct net_rx *rx);
void addr_check_start(struct net *n, struct ifc *ifc, bool v6, unsigned i);
void addr_check_stop(struct net *n, struct ifc *ifc, bool v6, unsigned i);
void addr_check_init(struct net *n);
/* Core 0: somebody else uses the address. */
void addr_conflict(struct net *n, struct ifc *ifc, bool v6, unsigned i);
bool group_joined(const struct ifc *ifc, bool v6, const union net_ip *group);
void group_mac(bool v6, const union net_ip *group, uint8_t mac[6]);

/* mcast.c: what is reported, on core 0; elsewhere, what core 0 could not be told yet */
int mcast_init(struct net *n);
void mcast_fini(struct net *n);
/* A core of the stack wants this of the group from now on; NULL: nothing. Any core calls it of itself. */
void mcast_want(struct net *n, uint16_t ifc, bool v6, const union net_ip *group,
	const struct net_filter *f);
/* All of the interface is to be told again: link up, or an address to tell it from. */
void mcast_again(struct net *n, uint16_t ifc, bool v6);
/* group.c */
int group_init(struct net *n);
void group_fini(struct net *n);
/* Calls mcast_want() of all groups. */
void group_want_all(struct net *n);
enum net_verdict igmp_input(struct net *n, struct net_pkt *p);
enum net_verdict mld_input(struct net *n, struct net_pkt *p);
/* An IPv6 packet, its headers not yet walked, is MLD for hosts. */
bool mld_peek(const struct net_pkt *p);

/* route.c */
/* ip is a broadcast address of the interface (RFC 1122 section 3.2.1.3: all ones or all zeros). */
bool ip4_is_bcast(const struct ifc *ifc, uint32_t ip);
/* A handle went stale: route and neighbour again, path MTU kept. 0 or -errno. */
int route_again(struct net *n, struct net_dst *d, bool v6, const union net_ip *src,
	const union net_ip *dst);
/* Why a packet without a route is dropped: route_again()'s error. */
enum drop route_drop(int err);
/* An IPv4 neighbour on the interface's own subnets, or a link-local or on-link IPv6 one. */
bool route_on_link(const struct net *n, uint16_t ifc, bool v6, const union net_ip *ip);

/* Did the gateway of r fail, not long ago? */
bool route_gateway_dead(struct net *n, bool v6, const struct fib_route *r);
const struct fib_route *route_pick(struct net *n, bool v6, const union net_ip *dst, uint16_t ifc);

/* redirect.c: packets to dst go by gw from now on, on this core */
void redirect_set(
	struct net *n, uint16_t ifc, bool v6, const union net_ip *dst, const union net_ip *gw);
/* p is a redirect that says so. False: not to be believed. */
bool redirect_input(
	struct net *n, const struct net_pkt *p, const union net_ip *dst, const union net_ip *gw);

/* sync.c: what cores tell each other */
void sync_init(struct net *n);
/* Replica: asks core 0 to resolve (or to check: the entry is in use). False: mailbox full. */
bool sync_resolve(struct net *n, const struct neigh *e);
bool sync_confirm(struct net *n, const struct neigh *e);
bool sync_suspect(struct net *n, const struct neigh *e);
/* Core 0: news of an entry for all cores, or for one. */
void sync_neigh(struct net *n, const struct neigh *e, bool hold);
void sync_neigh_to(struct net *n, uint16_t core, const struct neigh *e, bool hold);
void sync_neigh_delete(struct net *n, const struct neigh *e);
void sync_addr(struct net *n, const struct ifc *ifc, bool v6, unsigned i);
/* Replica: an address waits for news of its state. */
void sync_addr_query(struct net *n);

#endif
