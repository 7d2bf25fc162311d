/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_memcpy.h>

#include "net_plain.h"
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

/* RFC 3376 section 3.1: each socket filters for itself; the interface may let more in. */
static bool udp_source_wanted(const struct net_filter *f, const union net_ip *src)
{
	for (unsigned i = 0; i < f->n; i++)
		if (udp_ip_eq(&f->src[i], src))
			return !f->exclude;
	return f->exclude;
}

/* Bound to any address and joined, or connected to the sender and joined. A socket that is bound to
 * the group itself needs no look-up here. */
static bool udp_member_wants(
	struct udp *u, const struct udp_member *m, const struct net_pkt *p, const struct udp_key *k)
{
	struct udp_sock *s = &u->sock[m->sock - 1];

	if (m->ifc != NET_NO_IFC && m->ifc != p->ifc)
		return false;
	if (!udp_source_wanted(&m->filter, &p->src)) {
		/* Nor if it is bound to the group: as if it had got its copy. */
		if (udp_ip_eq(&s->key.lip, &m->group))
			s->round = u->round;
		return false;
	}
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

/* s, found for its port lately, is the socket of an IPv4 datagram. */
static __rte_always_inline bool udp_recent_match4(
	const struct udp_sock *s, uint64_t head, uint32_t src, uint32_t dst, uint32_t ports)
{
	if (likely(s->wild[0] == head))
		return true;
	if (unlikely(s->own[0] != head))
		return false;
	if (likely(s->peer4_ports == ports))
		return s->peer4 == udp_pair4(src, dst);
	return s->peer4_ports == 0 && s->key.lip.v4 == dst;
}

static __rte_always_inline bool udp_recent_match6(const struct udp_sock *s, uint64_t head,
	const struct ip6 *src, const struct ip6 *dst, uint16_t sport)
{
	if (likely(s->wild[1] == head))
		return true;
	if (unlikely(s->own[1] != head || !udp_ip6_eq(&s->key.lip.v6, dst)))
		return false;
	return (s->flags & UDP_CONNECTED) == 0 ||
	       (s->key.rport == sport && udp_ip6_eq(&s->key.rip.v6, src));
}

/* The socket of p that was found for its port lately, or NULL. */
static struct udp_sock *udp_recent_find(
	struct udp *u, const struct net_pkt *p, uint16_t sport, uint16_t dport)
{
	struct udp_sock *s = *udp_recent(u, dport);
	uint64_t head = udp_head(p->scope, dport);
	bool v6 = p->flags & NET_PKT_V6;

	return (v6 ? udp_recent_match6(s, head, &p->src.v6, &p->dst.v6, sport)
		   : udp_recent_match4(
			     s, head, p->src.v4, p->dst.v4, (uint32_t)sport << 16 | dport))
		       ? s
		       : NULL;
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

	struct udp_sock *s = udp_recent_find(u, p, h.sport, h.dport);

	if (s == NULL) {
		s = udp_demux(u, &k, p->flags & NET_PKT_HASH ? &p->hash : NULL);
		if (unlikely(s == NULL)) {
			udp_unreachable(u, p);
			return;
		}
		udp_recent_set(u, s);
	}
	udp_payload(&u->env->pool, p->m, p->l4_off + WIRE_UDP_LEN, (uint32_t)h.len - WIRE_UDP_LEN);
	udp_deliver(u, s, p, &h, p->m);
}

void udp_input(void *ctx, struct net_pkt *pkts, unsigned n)
{
	struct udp *u = ctx;

	count_add(&u->env->cnt, CNT_udp_rx, n);
	for (struct net_pkt *p = pkts; p != pkts + n; p++)
		udp_input_other(u, p);
}

/* The header of a datagram that fills len bytes and has a checksum, and its ports. */
static __rte_always_inline bool udp_plain_ports(const uint8_t *l4, unsigned len, uint32_t *ports)
{
	uint64_t h;

	memcpy(&h, l4, sizeof(h));
	h = wire_swap64(h);
	*ports = (uint32_t)(h >> 32);
	return likely((uint16_t)(h >> 16) == len && (uint16_t)h != 0);
}

static inline void udp_plain_cut(struct rte_mbuf *m, unsigned l4_off, unsigned len)
{
	len -= WIRE_UDP_LEN;
	m->data_off = (uint16_t)(m->data_off + l4_off + WIRE_UDP_LEN);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
}

/* Of a plain packet: false if it is not a usual datagram to a socket that got one lately, and then
 * nothing has been done. */
static __rte_always_inline bool udp_plain4(struct udp *u, uint64_t scope, struct rte_mbuf *m,
	const uint8_t *h, unsigned len, uint32_t src, uint32_t dst)
{
	const unsigned off = WIRE_ETH_LEN + WIRE_IP4_LEN;
	uint32_t ports;
	struct udp_sock *s;

	if (unlikely(!udp_plain_ports(h + off, len, &ports)))
		return false;
	s = *udp_recent(u, (uint16_t)ports);
	if (unlikely(!udp_recent_match4(s, scope | (uint16_t)ports, src, dst, ports)))
		return false;
	udp_plain_cut(m, off, len);
	u->up->received4(u->up_ctx, s, src, m, dst, ports);
	return true;
}

static __rte_always_inline bool udp_plain6(struct udp *u, uint64_t scope, uint16_t ifc,
	struct rte_mbuf *m, const uint8_t *h, unsigned len)
{
	const unsigned off = WIRE_ETH_LEN + WIRE_IP6_LEN;
	const struct ip6 *addrs = (const struct ip6 *)(h + WIRE_ETH_LEN + 8);
	uint32_t ports;
	struct udp_sock *s;

	if (unlikely(!udp_plain_ports(h + off, len, &ports)))
		return false;
	s = *udp_recent(u, (uint16_t)ports);
	if (unlikely(!udp_recent_match6(
		    s, scope | (uint16_t)ports, &addrs[0], &addrs[1], (uint16_t)(ports >> 16))))
		return false;
	udp_plain_cut(m, off, len);
	u->up->received6(u->up_ctx, s, m, addrs, ports, ifc);
	return true;
}

static __rte_noinline void udp_plain_other(
	struct udp *u, const struct net_rx *rx, struct rte_mbuf *m)
{
	struct net_pkt p;

	net_plain_pkt(rx, m, &p);
	udp_input_other(u, &p);
}

unsigned udp_plain(void *ctx, const struct net_rx *rx, struct rte_mbuf **pkts, unsigned n)
{
	struct udp *u = ctx;
	struct counters *cnt = &u->env->cnt;
	struct net_plain_count c = {0};
	uint64_t scope = udp_head(rx->scope, 0);
	struct rte_mbuf **at = pkts, **end = pkts + n;
	unsigned other = 0;

	for (; at != end; at++) {
		struct rte_mbuf *m = *at;
		const uint8_t *h = rte_pktmbuf_mtod(m, const uint8_t *);
		uint32_t src, dst;
		unsigned len;

		if (unlikely(!net_plain_frame(rx, m, h)))
			break;
		if (likely(net_plain_type4(h))) {
			len = net_plain_len4(rx, m, h, IPPROTO_UDP, &src, &dst);
			if (unlikely(len == 0))
				break;
			if (likely(udp_plain4(u, scope, m, h, len, src, dst)))
				continue;
		} else {
			len = net_plain_len6(rx, m, h, IPPROTO_UDP);
			if (unlikely(len == 0))
				break;
			c.v6++;
			if (likely(udp_plain6(u, scope, rx->ifc, m, h, len)))
				continue;
		}
		other++;
		udp_plain_other(u, rx, m);
	}
	c.all = (unsigned)(at - pkts);
	net_plain_count_add(cnt, &c);
	count_add(cnt, CNT_udp_rx, c.all);
	count_add(cnt, CNT_udp_delivered, c.all - other);
	return c.all;
}
