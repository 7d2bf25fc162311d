/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_UDP_H
#define GN_UDP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "net.h"

/* UDP of one core (RFC 768, 1122 section 4.1, 8200 section 8.1, 8085). */
struct udp;
struct udp_sock;
typedef uint64_t udp_handle_t;

struct udp_up_ops {
	/* m's data is the payload; the callee owns it. from and to live in p. The callee may close
	 * any socket. */
	void (*received)(void *ctx, struct udp_sock *s, const struct net_pkt *p, struct rte_mbuf *m,
		uint16_t from_port, uint16_t to_port);
	/* err: ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EMSGSIZE */
	void (*error)(void *ctx, struct udp_sock *s, const struct net_error *e, int err);
	/* received() in short, for unicast, with the ports as they follow each other in the header;
	 * of IPv6, addrs are source and destination where they stand in front of the payload. Both or
	 * neither may be NULL: received() is called. */
	void (*received4)(void *ctx, struct udp_sock *s, uint32_t from, struct rte_mbuf *m,
		uint32_t to, uint32_t ports);
	void (*received6)(void *ctx, struct udp_sock *s, struct rte_mbuf *m,
		const struct ip6 *addrs, uint32_t ports, uint16_t ifc);
};

struct udp_conf {
	uint32_t sockets;	      /* a core; default 1024 */
	uint16_t port_low, port_high; /* default 32768, 65535 */
};

struct udp *udp_create(const struct udp_conf *c, struct env *env, struct net *net,
	const struct owner *owner, const struct udp_up_ops *up, void *up_ctx);
void udp_destroy(struct udp *u);

/*
 * any: both families, any local address (with a peer: chosen). rport not 0: connected. lport 0:
 * chosen (connected: so that replies come home; a given port whose replies go to another core is
 * EADDRNOTAVAIL). ifc: the interface of link-local addresses, and where multicast is sent; or
 * NET_NO_IFC. A datagram finds its socket most specific first: connected, bound to its address,
 * bound to any. Several sockets may be bound to one group and port.
 * NULL with errno EADDRINUSE, EADDRNOTAVAIL, ENETUNREACH, ENOMEM.
 */
struct udp_sock *udp_open(struct udp *u, bool v6, bool any, const union net_ip *lip, uint16_t lport,
	const union net_ip *rip, uint16_t rport, uint16_t ifc, const void *app_ops, void *app_user);
void udp_close(struct udp *u, struct udp_sock *s);
udp_handle_t udp_handle(const struct udp *u, const struct udp_sock *s);
struct udp_sock *udp_find(const struct udp *u, udp_handle_t h);
const void *udp_app_ops(const struct udp_sock *s);
void *udp_app_user(const struct udp_sock *s);
void udp_local(const struct udp_sock *s, bool *v6, union net_ip *ip, uint16_t *port);
bool udp_any(const struct udp_sock *s); /* opened with any, without a peer: both families */
uint16_t udp_ifc(
	const struct udp_sock *s);	   /* of a link-local address or as opened, or NET_NO_IFC */
uint32_t udp_sockets(const struct udp *u); /* how many are open; walks all */

/*
 * Sends m (payload; headroom for headers in its first segment, or one is put in front). Takes m if
 * the answer is not negative (then what is lost later is counted, not reported). to NULL: connected
 * peer. from NULL, or a multicast or broadcast address: the bound or chosen one.
 * Length, or -EMSGSIZE, -ENETUNREACH, -ENOBUFS, -EDESTADDRREQ (also port 0), -EADDRNOTAVAIL,
 * -EAFNOSUPPORT (the socket is of the other family).
 */
ssize_t udp_send_buf(struct udp *u, struct udp_sock *s, bool v6, const union net_ip *to,
	uint16_t to_port, const union net_ip *from, uint16_t ifc, struct rte_mbuf *m);
/*
 * The same in short for what was sent the same way lately: the headers prepared for it (to and from
 * neither of a group, nor link-local; or a connected socket's peer), or NULL; and the sending of a
 * buffer with them to a port that is not 0. False: not possible, nothing done, udp_send_buf() knows
 * better.
 */
struct net_hdr;
const struct net_hdr *udp_hdr4(struct udp *u, const struct udp_sock *s, uint32_t to, uint32_t from);
const struct net_hdr *udp_hdr6(
	struct udp *u, const struct udp_sock *s, const union net_ip *to, const union net_ip *from);
const struct net_hdr *udp_hdr_peer(const struct udp_sock *s, uint32_t *ports);
/* Its own port and another as they follow each other in the header. */
uint32_t udp_ports_to(const struct udp_sock *s, uint16_t to_port);
bool udp_send_hdr(struct udp *u, const struct net_hdr *h, uint32_t ports, struct rte_mbuf *m);
/* udp_send_hdr() of a copy of data in a fresh buffer. */
bool udp_send_copy(
	struct udp *u, const struct net_hdr *h, uint32_t ports, const void *data, size_t size);
/* From now on: time to live (hop limit) of unicast, 0: the default; of multicast, 0: 1; type of service
 * (traffic class). */
void udp_opts_set(struct udp_sock *s, uint8_t ttl, uint8_t mcast_ttl, uint8_t tos);
const union net_ip *udp_lip(const struct udp_sock *s); /* the address it is bound to, or zero */

/*
 * A datagram to a group goes to every socket of its port that is bound to the group, or bound to
 * any address or connected to the sender and joined; a broadcast, or one to all nodes, to the
 * socket bound to any address. ifc NET_NO_IFC: the one that net_group_join() takes.
 * 0 or -EINVAL (not a group, or the wrong family), -ENODEV, -EADDRINUSE (joined already),
 * -EADDRNOTAVAIL (not joined), -ENOBUFS, and what net_group_join() answers. Closing leaves all.
 */
int udp_join(struct udp *u, struct udp_sock *s, bool v6, const union net_ip *group, uint16_t ifc);
int udp_leave(struct udp *u, struct udp_sock *s, bool v6, const union net_ip *group, uint16_t ifc);
/* From now on, whatever it was, the socket takes from these sources only; it joins if it has not, and
 * leaves (as udp_leave()) if it takes from none. */
int udp_filter(struct udp *u, struct udp_sock *s, bool v6, const union net_ip *group, uint16_t ifc,
	const struct net_filter *f);

#endif
