/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_NET_H
#define GN_NET_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "env.h"
#include "owner.h"
#include "wire.h"
#include "wire_icmp.h"

/*
 * The network layer of one core: Ethernet, VLAN, ARP, ND, IPv4, IPv6, ICMP. Frames come in by
 * net_input(), transports send by net_output4() and net_output6(), frames leave by net_env.tx.
 * One instance a core; nothing is shared. All functions run on that core's thread.
 *
 * Neighbour and address state machines (ARP, ND, DAD, conflict detection) run on core 0 of the
 * stack, the owner of all packets that belong to no flow; the other cores keep a replica of its
 * results, ask it by message to resolve, and queue their own packets meanwhile. So a neighbour is
 * resolved once and known to all cores.
 */
struct net;

#define NET_IFC_MAX   16
#define NET_ADDR_MAX  16  /* addresses of each family on an interface */
#define NET_GROUP_MAX 32  /* joined groups of each family on an interface */
#define NET_SRC_MAX   12  /* sources of a filter; what needs more takes all */
#define NET_ROUTE_MAX 256 /* static routes of each family */
#define NET_NO_IFC    0xffff

/* An initializer of v4 must set all 16 bytes: compilers may leave the rest of a union as it was, so
 * the rest has a name. */
union net_ip {
	struct {
		uint32_t v4; /* host order; the other bytes are zero */
		uint32_t v4_zero[3];
	};
	struct ip6 v6;
};

/* An address of ours on an interface. */
enum net_addr_state { NET_ADDR_NONE, NET_ADDR_TENTATIVE, NET_ADDR_PREFERRED, NET_ADDR_DUPLICATE };

struct net_addr {
	union net_ip ip;
	uint8_t plen;
	uint8_t state; /* enum net_addr_state */
};

/* An interface: a port, or a VLAN on a port. This core's copy. */
struct net_ifc {
	uint16_t index;
	uint16_t port;	   /* the stack's port: mbuf->port of received frames */
	uint16_t n_tags;   /* VLAN tags a frame must carry, and is sent with: 0 to 2 */
	uint16_t tci[2];   /* VLAN identifiers, outer first */
	uint32_t scope;	   /* of flow keys; 0 in plain use */
	uint16_t mtu;	   /* IP bytes */
	uint16_t tso_max;  /* bytes of payload a TSO segment may carry, 0: no TSO on the port */
	uint32_t offloads; /* NET_TX_*, NET_RX_*: what the port does for us */
	uint8_t mac[6];
	bool up;
	bool forward; /* packets that come over it for others are passed on (RFC 1812, RFC 8200) */
	uint8_t rpf;  /* enum net_rpf, of those */
	uint8_t n_addr4, n_addr6, n_group4, n_group6;
	struct net_addr addr4[NET_ADDR_MAX];
	struct net_addr addr6[NET_ADDR_MAX]; /* the link-local address is one of them */
	struct {
		union net_ip ip;
		uint32_t refs;
	} group4[NET_GROUP_MAX], group6[NET_GROUP_MAX];
	char name[32];
};

/* Is the source of a packet that is to be passed on believed (RFC 1812 section 5.3.8, RFC 3704)? */
enum net_rpf {
	NET_RPF_OFF,	/* yes */
	NET_RPF_LOOSE,	/* if there is a route to it */
	NET_RPF_STRICT, /* if the best route to it is over the interface it came by */
};

#define NET_TX_IP_CKSUM	  0x01u
#define NET_TX_L4_CKSUM	  0x02u
#define NET_TX_MULTI_SEGS 0x04u
#define NET_TX_VLAN	  0x08u
#define NET_RX_STEERED	  0x10u /* hardware brings each flow to its owner: no need to check */

/* Whose datagrams to a group are wanted: those of the sources, or (exclude) of all others. */
struct net_filter {
	bool exclude;
	uint8_t n;
	union net_ip src[NET_SRC_MAX];
};

/* A received packet as a transport gets it: unicast or multicast to us, IP checks done. */
struct net_pkt {
	struct rte_mbuf *m; /* whole frame; trailing padding already cut off */
	uint16_t ifc;
	uint16_t l3_off, l4_off; /* from the start of m's data; L4 header bytes up to 60 that the
	                          * packet has are contiguous in the first segment */
	uint16_t l4_len;	 /* bytes from l4_off to the end of the IP payload */
	uint32_t scope;
	uint32_t hash; /* owner hash of the 4-tuple; valid with NET_PKT_HASH */
	union net_ip src, dst;
	uint8_t proto;
	uint8_t flags; /* NET_PKT_* */
};

#define NET_PKT_V6	 0x01
#define NET_PKT_L2_MCAST 0x02 /* link-layer broadcast or multicast frame */
#define NET_PKT_L3_MCAST 0x04 /* IP multicast or broadcast destination */
#define NET_PKT_CKSUM_OK 0x08 /* the port verified the transport checksum */
#define NET_PKT_HASH	 0x10
#define NET_PKT_PLAIN	 0x20 /* in one segment, unicast, with at least 8 bytes of L4 */

/* Time to live, or hop limit. */
static inline uint8_t net_pkt_ttl(const struct net_pkt *p)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3_off);

	return ip[p->flags & NET_PKT_V6 ? 7 : 8];
}

/* Type of service, or traffic class. */
static inline uint8_t net_pkt_tos(const struct net_pkt *p)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3_off);

	return p->flags & NET_PKT_V6 ? (uint8_t)(ip[0] << 4 | ip[1] >> 4) : ip[1];
}

/* An ICMP or ICMPv6 error about a flow of ours, on the core that owns the flow. */
struct net_error {
	struct wire_quote quote; /* src is ours */
	uint32_t scope;
	uint16_t ifc;
	uint8_t type, code; /* of ICMP or ICMPv6, as quote.v6 says */
	uint32_t mtu;	    /* of "fragmentation needed" and "packet too big", else 0 */
};

/*
 * A transport above: input takes all packets of a burst, owns their mbufs. plain (UDP's only; may be
 * NULL) takes as many as are plain and its own (net_plain.h) from the first of a burst on, and
 * returns how many.
 */
struct net_rx;
struct net_proto_ops {
	void (*input)(void *ctx, struct net_pkt *pkts, unsigned n);
	unsigned (*plain)(void *ctx, const struct net_rx *rx, struct rte_mbuf **pkts, unsigned n);
	void (*error)(void *ctx, const struct net_error *e);
};

/* Frames for a port, collected in a burst. The network layer adds to it while there is room for more
 * than one, and leaves the rest to net_env_ops.tx. */
#define NET_TXQ_MAX 256

struct net_txq {
	uint64_t bytes;	   /* in the frames that wait */
	uint16_t n;	   /* frames that wait */
	uint16_t flush_at; /* with so many something is to be done */
	uint16_t full_at;  /* one less: from here on it is for net_env_ops.tx */
	uint16_t max_segs; /* of a frame that can be added */
	struct rte_mbuf *pkts[NET_TXQ_MAX];
};

/* What the core (or a test) does for the network layer. */
struct net_env_ops {
	/* Takes a finished frame for a port. Checksums: done, or requested by ol_flags as the
	 * interface's offloads allow; l2_len and l3_len are set when anything is requested. */
	void (*tx)(void *ctx, const struct net_ifc *ifc, struct rte_mbuf *m);
	/* Gives a received frame to the core that owns it (its own net_input sees it next). */
	void (*handoff)(void *ctx, uint16_t core, struct rte_mbuf *m);
	/* Sends len (at most 256) bytes to another core's net_message(). false: mailbox full. */
	bool (*post)(void *ctx, uint16_t core, const void *body, uint16_t len);
	/* Where plain frames for a port may be put instead of calling tx. NULL: nowhere. */
	struct net_txq *(*txq)(void *ctx, uint16_t port);
};

/* Limits and timeouts; net_conf_default() fills what the RFCs say. */
struct net_conf {
	uint32_t neigh_max;	 /* entries a core, a power of two; default 1024 */
	uint16_t neigh_queue;	 /* packets waiting for one neighbour; default 16 */
	uint32_t arp_retry_us;	 /* default 1 s: at most one request a second (RFC 1122 2.3.2.1) */
	uint8_t arp_tries;	 /* default 3 */
	uint32_t reachable_us;	 /* default 30 s (RFC 4861 section 10), ARP too */
	uint32_t delay_probe_us; /* default 5 s */
	uint32_t nd_retrans_us;	 /* default 1 s */
	uint8_t nd_multicast_tries, nd_unicast_tries; /* default 3, 3 */
	uint8_t dad_transmits;	  /* IPv6 DAD solicitations; default 1, 0: off */
	bool acd;		  /* IPv4 address conflict detection (RFC 5227): probe before use;
	                             * default true. false: announce at once, still defend */
	uint8_t ttl;		  /* default 64, also the hop limit */
	uint32_t frag_datagrams;  /* in reassembly a core; default 1024 */
	uint32_t frag_timeout_us; /* reassembly time; default 60 s (RFC 1122 3.3.2, RFC 8200 4.5) */
	uint32_t icmp_rate, icmp_burst; /* errors a second and at once, a core; default 1000, 50 */
	bool echo_reply;		/* default true */
	bool timestamp_reply;		/* default false */
	bool mask_reply;		/* address mask (RFC 950 appendix I); default false */
	bool redirects;			/* default true: believe routers that name a better one */
	bool send_redirects;		/* default true, of packets that are passed on */
	bool source_routes;		/* default false: those of IPv4 are refused */
	bool mcast_reports;		/* default true: tell routers and switches what is joined */
	uint8_t igmp_version;		/* 1 to 3: whatever the querier's is; default 0: as it is */
	uint8_t mld_version;		/* 1 or 2, likewise */
	uint8_t mcast_robustness;	/* until a querier tells another; default 2 */
	bool strong_host; /* default true: an address is ours on its own interface only */
};

void net_conf_default(struct net_conf *c);

/* env and owner outlive the instance. NULL with errno ENOMEM. */
struct net *net_create(const struct net_conf *c, struct env *env, const struct owner *owner,
	const struct net_env_ops *ops, void *ops_ctx);
/* Frees everything, queued packets too. */
void net_destroy(struct net *n);

/* proto: IPPROTO_TCP or IPPROTO_UDP. ops is static. */
void net_proto_set(struct net *n, uint8_t proto, const struct net_proto_ops *ops, void *ctx);

/*
 * Interfaces and addresses, before traffic or at run time; each core gets the same calls in the
 * same order. An interface needs port, mtu, mac, offloads, tags; returns its index or -ENOSPC,
 * -EINVAL, -EEXIST (port and tags taken).
 */
int net_ifc_add(struct net *n, const struct net_ifc *tmpl);
const struct net_ifc *net_ifc_get(const struct net *n, uint16_t index);
uint16_t net_ifc_count(const struct net *n);
/* Link state changed: on up, addresses are checked and announced again. */
void net_ifc_link(struct net *n, uint16_t ifc, bool up);
/* v6: joins the solicited-node group, does DAD (a link-local address must be given explicitly or
 * by net_ifc_linklocal()). v4: ARP probes and announcements (RFC 5227). -EEXIST, -ENOSPC, -EINVAL.
 */
int net_addr_add(struct net *n, uint16_t ifc, bool v6, const union net_ip *ip, uint8_t plen);
int net_addr_del(struct net *n, uint16_t ifc, bool v6, const union net_ip *ip);
/* fe80::/64 with the modified EUI-64 of the MAC (RFC 4291 appendix A). */
int net_ifc_linklocal(struct net *n, uint16_t ifc);
/* Static routes: longest prefix first, then lowest metric. gw all zero: on link. */
int net_route_add(struct net *n, bool v6, const union net_ip *prefix, uint8_t plen,
	const union net_ip *gw, uint16_t ifc, uint32_t metric);
int net_route_del(
	struct net *n, bool v6, const union net_ip *prefix, uint8_t plen, const union net_ip *gw);

/* What becomes of packets that a route is for. */
enum net_route_kind {
	NET_ROUTE_UNICAST,
	NET_ROUTE_BLACKHOLE,   /* dropped */
	NET_ROUTE_UNREACHABLE, /* refused: ICMP host unreachable, ICMPv6 no route; EHOSTUNREACH */
	NET_ROUTE_PROHIBIT,    /* refused: administratively prohibited; EACCES */
};

/* What a route asks for; zero: nothing. All but kind and MTU are transports' own, only kept here. */
struct net_route_opts {
	uint32_t rcvbuf;
	uint16_t mtu;	 /* of packets over it, if less than the interface's */
	uint16_t mss;	 /* announced, and the most that is sent */
	uint8_t ecn, cc; /* as struct conf_route says */
	uint8_t kind;	 /* enum net_route_kind */
};
/* What of the routes is shown: up to max from *cursor on (start with 0), in the order they are tried. */
struct net_route_info {
	union net_ip prefix, gw; /* gw all zero: on link */
	uint32_t metric;
	uint16_t ifc;
	uint8_t plen;
	bool v6;
	const char *source,
		*kind; /* "connected", "static", "redirect"; "unicast", "blackhole", ... */
};
unsigned net_route_list(
	const struct net *n, struct net_route_info *out, unsigned max, uint32_t *cursor);
/* Removes all static routes of a family; how many. */
unsigned net_route_flush(struct net *n, bool v6);
/* Of a static route that is there, before flows use it. -ENOENT. */
int net_route_opts_set(struct net *n, bool v6, const union net_ip *prefix, uint8_t plen,
	const union net_ip *gw, const struct net_route_opts *o);
/* Of the route that packets to dst take, or NULL, also if no route asks for anything. Valid until
 * routes change. */
const struct net_route_opts *net_route_opts(struct net *n, bool v6, const union net_ip *dst);
/* A permanent neighbour entry. */
int net_neigh_add(
	struct net *n, uint16_t ifc, bool v6, const union net_ip *ip, const uint8_t mac[6]);
/* Forgets a neighbour, permanent or not; what waits for it is dropped. -ENOENT. */
int net_neigh_del(struct net *n, uint16_t ifc, bool v6, const union net_ip *ip);
/* Forgets all neighbours of an interface but permanent ones. */
void net_neigh_flush(struct net *n, uint16_t ifc, bool v6);
/* Packets of up to mtu bytes from now on, of IPv6 at least 1280 (RFC 8200 section 5). -EINVAL: below 68, or
 * above what the interface began with. */
int net_ifc_mtu(struct net *n, uint16_t ifc, uint16_t mtu);
/* Reference-counted. ifc NET_NO_IFC: the interface of the route to the group, or the first. */
int net_group_join(struct net *n, uint16_t ifc, bool v6, const union net_ip *group);
int net_group_leave(struct net *n, uint16_t ifc, bool v6, const union net_ip *group);
/* One socket's filter changes; from NULL: it joins, to NULL: it leaves. What is asked of routers
 * (IGMP, MLD) is what all together want, or more; the socket has to look itself. -EINVAL, -ENOENT,
 * -ENOSPC. */
int net_group_change(struct net *n, uint16_t ifc, bool v6, const union net_ip *group,
	const struct net_filter *from, const struct net_filter *to);

/* What of the neighbour cache is shown: up to max entries from *cursor on (start with 0). */
struct net_neigh_info {
	union net_ip ip;
	bool v6, permanent;
	uint16_t ifc;
	uint8_t mac[6];
	const char *state; /* "INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE", "FAILED" */
	uint16_t queued;
	uint64_t age_us; /* since last confirmed */
};
unsigned net_neigh_list(
	const struct net *n, struct net_neigh_info *out, unsigned max, uint32_t *cursor);

/* A burst of frames of one port; m->port says which. Owns them all. n at most 64. Their first bytes
 * should be in the cache. */
void net_input(struct net *n, struct rte_mbuf **pkts, unsigned count);
/* What net_env_ops.post of another core sent. body is not kept. */
void net_message(struct net *n, const void *body, uint16_t len);

/* Where a flow's packets go: interface and neighbour, kept inside the flow. 8 bytes. */
struct net_dst {
	uint32_t neigh; /* handle, checked at each use */
	uint16_t ifc;
	uint16_t mtu; /* of the route; a transport may lower it (path MTU) */
};

/*
 * Finds route and neighbour entry for dst (starting no resolution). *src all zero: chosen (IPv4:
 * the interface's address whose subnet holds the next hop, else its first; IPv6: RFC 6724 rules 1,
 * 2, 3, 8); else checked to be ours (-EADDRNOTAVAIL). ifc: NET_NO_IFC, or the one to use (link-local
 * destinations, multicast). -ENETUNREACH: no route, or one that is a black hole; -EHOSTUNREACH, -EACCES: one that refuses.
 * -EADDRNOTAVAIL: no usable source.
 */
int net_route(struct net *n, bool v6, const union net_ip *dst, union net_ip *src, uint16_t ifc,
	struct net_dst *out);

/* The same for the answer to what came from dst to src, an address of ours, over ifc: a route found within
 * the last second is taken again as long as its neighbour entry is the same. */
int net_route_back(struct net *n, bool v6, const union net_ip *dst, const union net_ip *src,
	uint16_t ifc, struct net_dst *out);

/* Is ip an address of ours that may be used now (not tentative)? Any interface. */
bool net_is_local(const struct net *n, bool v6, const union net_ip *ip);
/* Broadcast, limited or of a network of the interface (RFC 1122 section 3.3.6). */
bool net_is_bcast(const struct net *n, uint16_t ifc, uint32_t ip);

struct net_tx {
	uint8_t proto; /* IPPROTO_TCP, IPPROTO_UDP: its checksum field is filled in; ICMPs: too */
	uint8_t tos, ttl; /* ttl 0: the default */
	bool df;	  /* IPv4: set DF; both: never in fragments */
	uint16_t tso_mss; /* not 0: the port shall cut the payload in pieces of this size */
	uint8_t l4_hlen;  /* with tso_mss */
	uint32_t flow_label;
};

/*
 * Sends an L4 packet: m's data starts at its transport header (checksum field anything), with room
 * for PKT_HEADERS_MAX minus L4 in front in the first segment, which must be writable. Takes the
 * reference to m in every case: it is sent, queued for the neighbour, or dropped and counted. If
 * d's handle is no longer valid the route is looked up again and d updated. Larger than d->mtu
 * without tso_mss: sent in fragments, or with df dropped (too_big), -EMSGSIZE. Returns 0, or -ENETUNREACH, -EHOSTUNREACH (the
 * neighbour has just failed), -EMSGSIZE, -ENOBUFS.
 */
int net_output4(struct net *n, struct net_dst *d, struct rte_mbuf *m, uint32_t src, uint32_t dst,
	const struct net_tx *tx);
int net_output6(struct net *n, struct net_dst *d, struct rte_mbuf *m, const struct ip6 *src,
	const struct ip6 *dst, const struct net_tx *tx);

/* The same for a TCP segment that is not to be cut, with DF: what net_tx would say, in registers. */
int net_output4_tcp(struct net *n, struct net_dst *d, struct rte_mbuf *m, uint32_t src,
	uint32_t dst, uint8_t tos, uint8_t ttl);
int net_output6_tcp(struct net *n, struct net_dst *d, struct rte_mbuf *m, const struct ip6 *src,
	const struct ip6 *dst, uint8_t tos, uint8_t ttl, uint32_t flow_label);

/* The transport saw forward progress from this neighbour (RFC 4861 section 7.3.1). Cheap. */
void net_confirm(struct net *n, const struct net_dst *d);
/* The transport gets no answers (R1 of RFC 9293 section 3.8.3): is the neighbour still there? If it is
 * held to be reachable, and was not proved so within the last second, it is asked. */
void net_suspect(struct net *n, const struct net_dst *d);

/*
 * Answers a received packet with an ICMP or ICMPv6 error, if RFC 1122 section 3.2.2 and RFC 4443
 * section 2.4 (e) allow one and the rate limit has room. type and code of p's family. The packet
 * stays the caller's.
 */
void net_icmp_error(
	struct net *n, const struct net_pkt *p, uint8_t type, uint8_t code, uint32_t rest);

/* Verifies the transport checksum of p in software unless the port did. Counts the work. */
bool net_l4_cksum_ok(struct net *n, const struct net_pkt *p);

#endif
