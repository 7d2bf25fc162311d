/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_memcpy.h>

#include "udp_impl.h"
#include "wire_bytes.h"
#include "wire_udp.h"

/* Cuts m to the bytes of its datagram's payload: headers in front, anything after it. */
static void udp_payload(struct pkt_pool *pool, struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	uint32_t left = len;
	struct rte_mbuf *s = m;

	rte_pktmbuf_adj(m, (uint16_t)off); /* contiguous, says struct net_pkt */
	if (likely(m->pkt_len == len))
		return;
	/* RFC 768 allows an IP payload that goes on behind the datagram. */
	m->nb_segs = 1;
	m->pkt_len = len;
	for (; s->data_len < left; s = s->next) {
		left -= s->data_len;
		m->nb_segs++;
	}
	s->data_len = (uint16_t)left;
	pkt_free(pool, s->next);
	s->next = NULL;
}

/* A copy of m in buffers of this core's own, or NULL. */
static struct rte_mbuf *udp_copy(struct pkt_pool *pool, const struct rte_mbuf *m)
{
	struct rte_mbuf *copy = pkt_alloc(pool), *last = copy;
	uint32_t off = 0;

	while (last != NULL && off < m->pkt_len) {
		uint16_t n = (uint16_t)RTE_MIN(m->pkt_len - off, (uint32_t)pool->data_room);
		void *to = rte_pktmbuf_mtod(last, void *);
		const void *from = rte_pktmbuf_read(m, off, n, to);

		if (from != to)
			rte_memcpy(to, from, n);
		last->data_len = n;
		copy->pkt_len += n;
		off += n;
		if (off == m->pkt_len)
			return copy;
		last->next = pkt_alloc(pool);
		last = last->next;
		copy->nb_segs += last != NULL;
	}
	if (last == NULL) {
		if (copy != NULL)
			pkt_free(pool, copy);
		return NULL;
	}
	return copy;
}

static void udp_deliver(struct udp *u, struct udp_sock *s, const struct net_pkt *p,
	const struct wire_udp *h, struct rte_mbuf *m)
{
	count(&u->env->cnt, CNT_udp_delivered);
	u->up->received(u->up_ctx, s, p, m, h->sport, h->dport);
}

/* 224.0.0.1 and ff02::1, where every host is a member without asking (RFC 1112 section 4, RFC 4291
 * section 2.8), and broadcasts. */
static bool udp_for_all(const struct net_pkt *p, bool v6)
{
	static const union net_ip all_nodes = {.v6 = {{0xff, 2, [15] = 1}}};

	if (v6)
		return udp_ip_eq(&p->dst, &all_nodes);
	return !udp_ip_mcast(false, &p->dst) || p->dst.v4 == IP4(224, 0, 0, 1);
}

/* Bound to any address and joined, or connected to the sender and joined. A socket that is bound to
 * the group itself needs no look-up here. */
static bool udp_member_wants(const struct udp *u, const struct udp_member *m,
	const struct net_pkt *p, const struct udp_key *k)
{
	const struct udp_sock *s = &u->sock[m->sock - 1];

	if (m->ifc != NET_NO_IFC && m->ifc != p->ifc)
		return false;
	if (s->flags & UDP_CONNECTED)
		return s->key.rport == k->rport && udp_ip_eq(&s->key.rip, &p->src);
	return udp_ip_zero(&s->key.lip) && s->key.scope == k->scope;
}

/* Two memberships of one socket, on an interface and on any, must not give it two copies. */
static void udp_receiver_add(struct udp *u, uint32_t *n, struct udp_sock *s)
{
	if (s->round == u->round)
		return;
	s->round = u->round;
	u->receivers[(*n)++] = udp_handle(u, s);
}

/* Fills u->receivers with handles: an upcall may close any socket. */
static uint32_t udp_receivers(struct udp *u, const struct net_pkt *p, const struct udp_key *key)
{
	struct udp_key k = *key;
	uint32_t n = 0;

	k.ifc = NET_NO_IFC;
	u->round++;
	for (struct udp_member *m = udp_member_first(u, &k); m != NULL;
		m = m->next == UDP_NONE ? NULL : &u->member[m->next - 1])
		if (udp_member_wants(u, m, p, &k))
			udp_receiver_add(u, &n, &u->sock[m->sock - 1]);
	k.rport = 0;
	k.rip = (union net_ip){0};
	for (struct udp_sock *s = udp_bound_find(u, &k); s != NULL; s = udp_sock_at(u, s->next))
		udp_receiver_add(u, &n, s);
	if (udp_for_all(p, k.v6)) {
		k.lip = (union net_ip){0};

		struct udp_sock *s = udp_bound_find(u, &k);

		if (s != NULL)
			udp_receiver_add(u, &n, s);
	}
	return n;
}

static void udp_deliver_all(
	struct udp *u, const struct net_pkt *p, const struct wire_udp *h, const struct udp_key *k)
{
	struct env *env = u->env;
	uint32_t n = udp_receivers(u, p, k);
	struct udp_sock *s;

	if (n == 0) {
		pkt_drop(&env->pool, p->m, DROP_udp_port);
		return;
	}
	udp_payload(&env->pool, p->m, p->l4_off + WIRE_UDP_LEN, h->len - WIRE_UDP_LEN);
	for (uint32_t i = 0; i + 1 < n; i++) {
		struct rte_mbuf *copy;

		s = udp_find(u, u->receivers[i]);
		if (s == NULL)
			continue;
		copy = udp_copy(&env->pool, p->m);
		if (copy != NULL)
			udp_deliver(u, s, p, h, copy);
		else
			env->cnt.drop[DROP_pool_empty]++;
	}
	s = udp_find(u, u->receivers[n - 1]);
	if (s != NULL)
		udp_deliver(u, s, p, h, p->m);
	else
		pkt_drop(&env->pool, p->m, DROP_udp_port);
}

/* RFC 1122 section 4.1.3.1, RFC 4443 section 3.1; net_icmp_error() knows when to be silent. */
static void udp_unreachable(struct udp *u, struct net_pkt *p)
{
	if (!(p->flags & (NET_PKT_L2_MCAST | NET_PKT_L3_MCAST))) {
		if (p->flags & NET_PKT_V6)
			net_icmp_error(u->net, p, WIRE_ICMP6_UNREACH, WIRE_ICMP6_UNREACH_PORT, 0);
		else
			net_icmp_error(u->net, p, WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_PORT, 0);
	}
	pkt_drop(&u->env->pool, p->m, DROP_udp_port);
}

/* Checks header, length and checksum. DROP_NONE if all is well. */
static enum drop udp_check(struct udp *u, struct net_pkt *p, struct wire_udp *h)
{
	int r = wire_udp_parse(
		rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l4_off), p->l4_len, h);

	if (unlikely(r < 0))
		return (enum drop) - r;
	if (unlikely(h->dport == 0))
		return DROP_udp_port_zero;
	p->l4_len = h->len; /* what the checksum covers */
	if (unlikely(h->cksum == 0)) {
		/* RFC 768: the sender made none. RFC 8200 section 8.1: IPv6 has to. */
		return p->flags & NET_PKT_V6 ? DROP_udp_cksum : DROP_NONE;
	}
	return likely(net_l4_cksum_ok(u->net, p)) ? DROP_NONE : DROP_udp_cksum;
}

/* s, found for its port lately, is the socket of p. */
static inline bool udp_recent_match(
	const struct udp_sock *s, const struct net_pkt *p, uint16_t sport, uint16_t dport)
{
	uint8_t v6 = p->flags & NET_PKT_V6;

	if (unlikely(s->key.lport != dport || s->key.scope != p->scope))
		return false;
	if (likely(s->wild[v6]))
		return true;
	if (unlikely(!(s->flags & UDP_OPEN) || s->key.v6 != v6 || !udp_ip_eq(&s->key.lip, &p->dst)))
		return false;
	return (s->flags & UDP_CONNECTED) == 0 ||
	       (s->key.rport == sport && udp_ip_eq(&s->key.rip, &p->src));
}

/* See struct udp. A link-local address alone does not say which socket. */
static void udp_recent_set(struct udp *u, struct udp_sock *s)
{
	bool first =
		s->flags & UDP_CONNECTED ||
		(u->n_connected == 0 && (u->n_bound == 0 || !(s->flags & (UDP_WILD4 | UDP_WILD6))));

	if (first && s->key.ifc == NET_NO_IFC)
		*udp_recent(u, s->key.lport) = s;
}

_Static_assert(NET_PKT_V6 == 1, "an index into struct udp_sock.wild");

/*
 * The usual datagram: in one buffer that holds nothing else, its checksum verified by the port, to
 * a socket that got one lately. False: it is not, and nothing has been done.
 */
static __rte_always_inline bool udp_input_plain(struct udp *u, struct net_pkt *p)
{
	struct rte_mbuf *m = p->m;
	unsigned off = m->data_off + p->l4_off;
	uint16_t sport, dport, len = p->l4_len;
	struct udp_sock *s;
	uint64_t h; /* the header */

	memcpy(&h, (const uint8_t *)m->buf_addr + off, sizeof(h));
	h = wire_swap64(h);
	if (unlikely((p->flags & (NET_PKT_PLAIN | NET_PKT_CKSUM_OK)) !=
			     (NET_PKT_PLAIN | NET_PKT_CKSUM_OK) ||
		     (uint16_t)(h >> 16) != len || (uint16_t)h == 0))
		return false;
	sport = (uint16_t)(h >> 48);
	dport = (uint16_t)(h >> 32);
	s = *udp_recent(u, dport);
	if (unlikely(!udp_recent_match(s, p, sport, dport)))
		return false;
	len -= WIRE_UDP_LEN;
	m->data_off = (uint16_t)(off + WIRE_UDP_LEN);
	m->data_len = len;
	m->pkt_len = len;
	u->up->received(u->up_ctx, s, p, m, sport, dport);
	return true;
}

static __rte_noinline void udp_input_other(struct udp *u, struct net_pkt *p)
{
	struct wire_udp h;
	enum drop why = udp_check(u, p, &h);

	if (unlikely(why != DROP_NONE)) {
		pkt_drop(&u->env->pool, p->m, why);
		return;
	}

	bool v6 = p->flags & NET_PKT_V6;
	struct udp_key k = {
		.lip = p->dst,
		.rip = p->src,
		.scope = p->scope,
		.lport = h.dport,
		.rport = h.sport,
		.ifc = udp_ip_linklocal(v6, &p->dst) ? p->ifc : NET_NO_IFC,
		.v6 = v6,
	};

	if (unlikely(p->flags & NET_PKT_L3_MCAST)) {
		udp_deliver_all(u, p, &h, &k);
		return;
	}

	struct udp_sock *s = udp_demux(u, &k, p->flags & NET_PKT_HASH ? &p->hash : NULL);

	if (unlikely(s == NULL)) {
		udp_unreachable(u, p);
		return;
	}
	udp_recent_set(u, s);
	udp_payload(&u->env->pool, p->m, p->l4_off + WIRE_UDP_LEN, (uint32_t)h.len - WIRE_UDP_LEN);
	udp_deliver(u, s, p, &h, p->m);
}

void udp_input(void *ctx, struct net_pkt *pkts, unsigned n)
{
	struct udp *u = ctx;
	const struct net_pkt *end = pkts + n;
	unsigned plain = n;

	count_add(&u->env->cnt, CNT_udp_rx, n);
	for (struct net_pkt *p = pkts; p != end; p++) {
		if (likely(udp_input_plain(u, p)))
			continue;
		plain--;
		udp_input_other(u, p);
	}
	count_add(&u->env->cnt, CNT_udp_delivered, plain);
}
