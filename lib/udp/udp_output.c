/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/in.h>

#include <rte_memcpy.h>

#include "udp_impl.h"
#include "wire_bytes.h"
#include "wire_ip4.h"
#include "wire_udp.h"

#define IP6_HEADER_LEN 40

/* Where one datagram goes and what it says it comes from. */
struct udp_way {
	struct net_dst *dst;
	struct net_hdr *hdr; /* to be prepared for the next one; or NULL */
	union net_ip to, src;
	uint16_t to_port;
	bool v6;
};

static inline struct udp_route *udp_route_slot(struct udp *u, const union net_ip *to)
{
	uint64_t x[2];

	memcpy(x, to, sizeof(x));
	return &u->route[(x[0] ^ x[1]) * UINT64_C(0x9e3779b97f4a7c15) >> 58];
}

/* The same for an IPv4 address. */
static inline struct udp_route *udp_route_slot4(struct udp *u, uint32_t to)
{
	uint64_t x = RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? to : (uint64_t)to << 32;

	return &u->route[x * UINT64_C(0x9e3779b97f4a7c15) >> 58];
}

_Static_assert(UDP_ROUTES == 1 << (64 - 58), "the shift of udp_route_slot()");

/* The way to an address that no connected socket remembers it for. 0 or -errno. */
static int udp_route_find(
	struct udp *u, struct udp_way *w, const union net_ip *from, uint16_t ifc, bool plain)
{
	struct udp_route *r = udp_route_slot(u, &w->to);

	uint32_t kind = ifc | (w->v6 ? UDP_ROUTE_V6 : 0) | (plain ? UDP_ROUTE_PLAIN : 0);

	if (unlikely(!udp_ip_eq(&r->to, &w->to) || !udp_ip_eq(&r->from, from) || r->kind != kind ||
		     r->until_us <= u->env->now_us)) {
		union net_ip src = *from;
		int err = net_route(u->net, w->v6, &w->to, &src, ifc, &r->dst);

		if (err < 0) {
			r->until_us = 0;
			return err;
		}
		net_hdr_clear(&r->hdr);
		r->to = w->to;
		r->from = *from;
		r->src = src;
		r->kind = kind;
		r->pair4 =
			kind == (NET_NO_IFC | UDP_ROUTE_PLAIN) ? udp_pair4(w->to.v4, from->v4) : 0;
		r->until_us = u->env->now_us + UDP_ROUTE_US;
	}
	w->src = r->src;
	w->dst = &r->dst;
	w->hdr = plain ? &r->hdr : NULL;
	return 0;
}

/* May not be the source of anything: what a datagram to a group or to all came to. */
static bool udp_ip_no_source(bool v6, const union net_ip *ip)
{
	return udp_ip_mcast(v6, ip) || (!v6 && ip->v4 == UINT32_MAX);
}

/* Fills w. 0 or -errno. */
static int udp_way(struct udp *u, struct udp_sock *s, const union net_ip *from, uint16_t ifc,
	struct udp_way *w)
{
	static const union net_ip zero;
	bool linklocal, plain;

	if (s->key.v6 != w->v6 && !(s->flags & UDP_ANY))
		return -EAFNOSUPPORT;
	if (from == NULL)
		from = &s->key.lip;
	plain = !udp_ip_no_source(w->v6, from);
	if (!plain)
		from = &zero;
	linklocal = udp_ip_linklocal(w->v6, &w->to) || udp_ip_mcast(w->v6, &w->to);
	if (ifc == NET_NO_IFC && linklocal)
		ifc = s->ifc;
	return udp_route_find(u, w, from, ifc, plain && !linklocal);
}

/* m with writable room for all headers, or a buffer in front of it that has, or NULL. */
static struct rte_mbuf *udp_headroom(struct pkt_pool *pool, struct rte_mbuf *m)
{
	struct rte_mbuf *h;

	if (likely(rte_pktmbuf_headroom(m) >= PKT_HEADERS_MAX && rte_mbuf_refcnt_read(m) == 1 &&
		    RTE_MBUF_DIRECT(m)))
		return m;
	h = pkt_alloc(pool);
	if (h == NULL)
		return NULL;
	h->next = m;
	h->nb_segs = m->nb_segs + 1;
	h->pkt_len = m->pkt_len;
	return h;
}

static ssize_t udp_emit(
	struct udp *u, const struct udp_sock *s, const struct udp_way *w, struct rte_mbuf *m)
{
	struct net_tx tx = {.proto = IPPROTO_UDP, .tos = s->tos, .ttl = s->ttl};
	ssize_t len = m->pkt_len;
	struct wire_udp h = {
		.sport = s->key.lport,
		.dport = w->to_port,
		.len = (uint16_t)(len + WIRE_UDP_LEN),
	};

	/* RFC 1112 section 6.1: datagrams to groups stay on the link unless told. */
	if (unlikely(udp_ip_mcast(w->v6, &w->to)))
		tx.ttl = s->mcast_ttl != 0 ? s->mcast_ttl : 1;
	m = udp_headroom(&u->env->pool, m);
	if (unlikely(m == NULL))
		return -ENOBUFS;
	/* A received buffer goes out again: nothing it said on its way in holds now. */
	m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	m->tx_offload = 0;
	wire_udp_emit((uint8_t *)rte_pktmbuf_prepend(m, WIRE_UDP_LEN), &h);
	count(&u->env->cnt, CNT_udp_tx);
	/* From here on the datagram is the network layer's, and losing it is no error of ours. */
	if (w->v6)
		net_output6(u->net, w->dst, m, &w->src.v6, &w->to.v6, &tx);
	else
		net_output4(u->net, w->dst, m, w->src.v4, w->to.v4, &tx);
	if (w->hdr != NULL && !net_hdr_ok(w->hdr, NET_UDP_LEN))
		net_hdr_udp(u->net, w->dst, w->v6, &w->src, &w->to, w->hdr);
	return len;
}

/* udp_send_buf() in any case. */
static __rte_noinline ssize_t udp_send_other(struct udp *u, struct udp_sock *s, bool v6,
	const union net_ip *to, uint16_t to_port, const union net_ip *from, uint16_t ifc,
	struct rte_mbuf *m)
{
	struct udp_way w = {.v6 = v6, .to_port = to_port};
	int err;

	if (to == NULL) {
		if (!(s->flags & UDP_CONNECTED))
			return -EDESTADDRREQ;
		w.v6 = s->key.v6;
		w.to = s->key.rip;
		w.to_port = s->key.rport;
		w.src = s->key.lip;
		w.dst = &s->dst;
		w.hdr = &s->hdr;
		if (udp_ip_mcast(w.v6, &w.to) || !(s->flags & (UDP_SEND4 | UDP_SEND6)))
			w.hdr = NULL;
	} else {
		w.to = *to;
	}
	if (unlikely(w.to_port == 0))
		return -EDESTADDRREQ;
	if (to != NULL || (from != NULL && !udp_ip_eq(from, &w.src))) {
		err = udp_way(u, s, from, ifc, &w);
		if (err < 0)
			return err;
	}
	if (unlikely(m->pkt_len + WIRE_UDP_LEN + (w.v6 ? 0 : WIRE_IP4_LEN) > UINT16_MAX))
		return -EMSGSIZE; /* than the length fields can say; what the path does not take whole
				   * goes in fragments */
	return udp_emit(u, s, &w, m);
}

inline const struct net_hdr *udp_hdr4(
	struct udp *u, const struct udp_sock *s, uint32_t to, uint32_t from)
{
	const struct udp_route *r = udp_route_slot4(u, to);

	if (unlikely(r->pair4 != udp_pair4(to, from)) || unlikely(r->until_us <= u->env->now_us) ||
		unlikely((s->flags & UDP_SEND4) == 0))
		return NULL;
	return &r->hdr;
}

inline const struct net_hdr *udp_hdr6(
	struct udp *u, const struct udp_sock *s, const union net_ip *to, const union net_ip *from)
{
	const struct udp_route *r = udp_route_slot(u, to);

	return likely(udp_ip_eq(&r->to, to) && udp_ip_eq(&r->from, from) &&
		       r->kind == (NET_NO_IFC | UDP_ROUTE_PLAIN | UDP_ROUTE_V6) &&
		       r->until_us > u->env->now_us && (s->flags & UDP_SEND6) != 0)
		       ? &r->hdr
		       : NULL;
}

const struct net_hdr *udp_hdr_peer(const struct udp_sock *s, uint32_t *ports)
{
	*ports = s->ports;
	return &s->hdr;
}

inline uint32_t udp_ports_to(const struct udp_sock *s, uint16_t to_port)
{
	return (uint32_t)s->key.lport << 16 | to_port;
}

const union net_ip *udp_lip(const struct udp_sock *s)
{
	return &s->key.lip;
}

inline bool udp_send_hdr(struct udp *u, const struct net_hdr *h, uint32_t ports, struct rte_mbuf *m)
{
	struct env *env = u->env;

	/* Nothing else refers to m, and it may carry the headers in front of its data. */
	if (unlikely(!pkt_whole(m)) || unlikely(m->data_off < PKT_HEADERS_MAX) ||
		unlikely(!net_hdr_send(h, m, ports, env->now_us)))
		return false;
	count(&env->cnt, CNT_udp_tx);
	return true;
}

static __rte_noinline void udp_copy_any(uint8_t *to, const void *from, unsigned len)
{
	rte_memcpy(to, from, len);
}

/* Short payloads in line: two pieces that overlap. */
static __rte_always_inline void udp_copy_in(uint8_t *to, const void *data, unsigned len)
{
	const uint8_t *from = data;

	if (likely(len - 32 <= 32)) {
		rte_mov32(to, from);
		rte_mov32(to + len - 32, from + len - 32);
	} else {
		udp_copy_any(to, from, len);
	}
}

inline bool udp_send_copy(
	struct udp *u, const struct net_hdr *h, uint32_t ports, const void *data, size_t size)
{
	struct env *env = u->env;
	struct net_txq *q = h->txq;
	uint32_t len = (uint32_t)size;
	struct rte_mbuf *m;
	uint8_t *at;
	size_t n;

	if (unlikely(size >= h->copy_end) || unlikely(*h->plain != h->gen))
		return false;
	n = q->n;
	if (unlikely(n >= q->full_at) || unlikely(!pkt_take(&env->pool, &m)))
		return false;
	memcpy(&m->rearm_data, &h->rearm, sizeof(h->rearm));
	at = (uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM;
	udp_copy_in(at, data, len);
	net_hdr_put(h, h->len, m, at, len + WIRE_UDP_LEN, ports, q, n, env->now_us);
	count(&env->cnt, CNT_udp_tx);
	return true;
}

ssize_t udp_send_buf(struct udp *u, struct udp_sock *s, bool v6, const union net_ip *to,
	uint16_t to_port, const union net_ip *from, uint16_t ifc, struct rte_mbuf *m)
{
	const struct net_hdr *h = NULL;
	ssize_t len = m->pkt_len;
	uint32_t ports = udp_ports_to(s, to_port);

	if (to == NULL && from == NULL)
		h = udp_hdr_peer(s, &ports);
	else if (to != NULL && ifc == NET_NO_IFC && v6)
		h = to_port != 0 ? udp_hdr6(u, s, to, from != NULL ? from : &s->key.lip) : NULL;
	else if (to != NULL && ifc == NET_NO_IFC && to_port != 0)
		h = udp_hdr4(u, s, to->v4, from != NULL ? from->v4 : s->key.lip.v4);
	if (h != NULL && udp_send_hdr(u, h, ports, m))
		return len;
	return udp_send_other(u, s, v6, to, to_port, from, ifc, m);
}
