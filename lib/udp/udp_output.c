/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/in.h>

#include "udp_impl.h"
#include "wire_bytes.h"
#include "wire_ip4.h"
#include "wire_udp.h"

#define IP6_HEADER_LEN 40

/* Where one datagram goes and what it says it comes from. */
struct udp_way {
	struct net_dst *dst;
	union net_ip to, src;
	uint16_t to_port;
	bool v6;
};

static struct udp_route *udp_route_slot(struct udp *u, const union net_ip *to)
{
	uint64_t x[2];

	memcpy(x, to, sizeof(x));
	return &u->route[(x[0] ^ x[1]) * UINT64_C(0x9e3779b97f4a7c15) >> 58];
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
		r->to = w->to;
		r->from = *from;
		r->src = src;
		r->kind = kind;
		r->until_us = u->env->now_us + UDP_ROUTE_US;
	}
	w->src = r->src;
	w->dst = &r->dst;
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
	struct net_tx tx = {
		.proto = IPPROTO_UDP,
		/* RFC 1112 section 6.1: datagrams to groups stay on the link unless told. */
		.ttl = udp_ip_mcast(w->v6, &w->to) ? 1 : 0,
	};
	ssize_t len = m->pkt_len;
	struct wire_udp h = {
		.sport = s->key.lport,
		.dport = w->to_port,
		.len = (uint16_t)(len + WIRE_UDP_LEN),
	};

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
	if (unlikely(m->pkt_len + WIRE_UDP_LEN + (w.v6 ? IP6_HEADER_LEN : WIRE_IP4_LEN) >
		     w.dst->mtu))
		return -EMSGSIZE;
	return udp_emit(u, s, &w, m);
}

/* The remembered way between these addresses, if nothing about them or s is special; or NULL. */
static inline struct udp_route *udp_route_plain(struct udp *u, const struct udp_sock *s, bool v6,
	const union net_ip *to, const union net_ip *from, uint16_t ifc)
{
	struct udp_route *r = udp_route_slot(u, to);

	if (unlikely(r->kind != (ifc | (v6 ? UDP_ROUTE_V6 : 0) | UDP_ROUTE_PLAIN) ||
		     !udp_ip_eq(&r->to, to) || !udp_ip_eq(&r->from, from) ||
		     r->until_us <= u->env->now_us || (s->key.v6 != v6 && !(s->flags & UDP_ANY))))
		return NULL;
	return r;
}

/* m may carry the headers in front of its data, and fits. */
static inline bool udp_buf_plain(const struct rte_mbuf *m, const struct net_dst *d, bool v6)
{
	return m->data_off >= PKT_HEADERS_MAX && rte_mbuf_refcnt_read(m) == 1 &&
	       RTE_MBUF_DIRECT(m) &&
	       m->pkt_len + WIRE_UDP_LEN + (v6 ? IP6_HEADER_LEN : WIRE_IP4_LEN) <= d->mtu;
}

ssize_t udp_send_buf(struct udp *u, struct udp_sock *s, bool v6, const union net_ip *to,
	uint16_t to_port, const union net_ip *from, uint16_t ifc, struct rte_mbuf *m)
{
	struct udp_route *r;
	ssize_t len = m->pkt_len;
	uint8_t *h;

	if (unlikely(to == NULL || to_port == 0))
		return udp_send_other(u, s, v6, to, to_port, from, ifc, m);
	r = udp_route_plain(u, s, v6, to, from != NULL ? from : &s->key.lip, ifc);
	if (unlikely(r == NULL || !udp_buf_plain(m, &r->dst, v6)))
		return udp_send_other(u, s, v6, to, to_port, from, ifc, m);
	h = rte_pktmbuf_mtod(m, uint8_t *) - WIRE_UDP_LEN;
	m->ol_flags = 0; /* a received buffer goes out again */
	m->tx_offload = 0;
	m->data_off -= WIRE_UDP_LEN;
	m->data_len += WIRE_UDP_LEN;
	m->pkt_len += WIRE_UDP_LEN;
	wire_put32(h, (uint32_t)s->key.lport << 16 | to_port);
	wire_put16(h + 4, (uint16_t)m->pkt_len);
	count(&u->env->cnt, CNT_udp_tx);
	if (v6)
		net_output6_udp(u->net, &r->dst, m, &r->src.v6, &to->v6);
	else
		net_output4_udp(u->net, &r->dst, m, r->src.v4, to->v4);
	return len;
}
