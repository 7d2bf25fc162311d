/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <rte_memcpy.h>

#include "sock_impl.h"

_Static_assert(sizeof(gn_udp_t) == sizeof(udp_handle_t), "a handle is UDP's own");

/* Never while the application is taken down: the last turn is over then. */
static void sock_udp_received(void *ctx, struct udp_sock *u, const struct net_pkt *p,
	struct rte_mbuf *m, uint16_t from_port, uint16_t to_port)
{
	const struct gn_udp_ops *ops = udp_app_ops(u);
	struct gn_core *c = ctx;
	struct gn_addr from, to;

	if (unlikely(ops->received == NULL)) {
		gn_buf_free(c, m);
		return;
	}

	bool v6 = p->flags & NET_PKT_V6;

	sock_addr_set(&from, v6, &p->src, from_port, p->ifc);
	sock_addr_set(&to, v6, &p->dst, to_port, p->ifc);
	ops->received(c, udp_handle(sock_of(c)->udp, u), udp_app_user(u), m, &from, &to);
}

static void sock_udp_received4(void *ctx, struct udp_sock *u, uint32_t from_ip, struct rte_mbuf *m,
	uint32_t to_ip, uint32_t ports)
{
	const struct gn_udp_ops *ops = udp_app_ops(u);
	struct gn_core *c = ctx;
	struct gn_addr from, to;

	if (unlikely(ops->received == NULL)) {
		gn_buf_free(c, m);
		return;
	}
	sock_addr_set4(&from, from_ip, ports & 0xffff0000);
	sock_addr_set4(&to, to_ip, ports << 16);
	ops->received(c, udp_handle(sock_of(c)->udp, u), udp_app_user(u), m, &from, &to);
}

static void sock_udp_received6(void *ctx, struct udp_sock *u, struct rte_mbuf *m,
	const struct ip6 *addrs, uint32_t ports, uint16_t ifc)
{
	const struct gn_udp_ops *ops = udp_app_ops(u);
	struct gn_core *c = ctx;
	struct gn_addr from, to;

	if (unlikely(ops->received == NULL)) {
		gn_buf_free(c, m);
		return;
	}
	sock_addr_set6(&from, &addrs[0], (uint16_t)(ports >> 16), ifc);
	sock_addr_set6(&to, &addrs[1], (uint16_t)ports, ifc);
	ops->received(c, udp_handle(sock_of(c)->udp, u), udp_app_user(u), m, &from, &to);
}

static void sock_udp_error(void *ctx, struct udp_sock *u, const struct net_error *e, int err)
{
	struct sock *s = sock_of(ctx);
	const struct gn_udp_ops *ops = udp_app_ops(u);
	union net_ip ip = {0};
	struct gn_addr to;

	if (ops->error == NULL || s->stopping)
		return;
	if (e->quote.v6)
		ip.v6 = e->quote.dst6;
	else
		ip.v4 = e->quote.dst4;
	sock_addr_set(&to, e->quote.v6, &ip, e->quote.dport, e->ifc);
	ops->error(s->core, udp_handle(s->udp, u), udp_app_user(u), &to, err);
}

const struct udp_up_ops sock_udp_up = {
	.received = sock_udp_received,
	.error = sock_udp_error,
	.received4 = sock_udp_received4,
	.received6 = sock_udp_received6,
};

static struct udp_sock *sock_udp_open(struct sock *s, const struct sock_pair *p, bool any,
	const struct gn_udp_ops *ops, void *user)
{
	return udp_open(
		s->udp, p->v6, any, &p->lip, p->lport, &p->rip, p->rport, p->ifc, ops, user);
}

int64_t gn_udp_open(struct gn_core *c, const struct gn_addr *local, const struct gn_addr *remote,
	const struct gn_udp_ops *ops, void *user)
{
	static const struct gn_addr any;
	struct sock *s = sock_of(c);
	struct sock_pair p = {0};
	struct udp_sock *u;

	if (s->stopping)
		return -ESHUTDOWN;
	if (ops == NULL)
		return -EINVAL;
	if (local == NULL)
		local = &any;
	if (remote != NULL) {
		if (sock_pair_make(&p, local, remote) != 0)
			return -EINVAL;
	} else {
		if (!sock_addr_ip(local, &p.lip))
			return -EINVAL;
		p.v6 = local->family == 6;
		p.lport = local->port;
		p.ifc = sock_addr_ifc(local);
	}
	u = sock_udp_open(s, &p, local->family == 0, ops, user);
	return u != NULL ? (int64_t)udp_handle(s->udp, u) : -errno;
}

int gn_udp_close(struct gn_core *c, gn_udp_t u)
{
	struct sock *s = sock_of(c);
	struct udp_sock *found = udp_find(s->udp, u);

	if (found == NULL)
		return -EBADF;
	udp_close(s->udp, found);
	return 0;
}

struct rte_mbuf *sock_buf_copy(struct sock *s, const void *data, size_t len)
{
	struct pkt_pool *pool = &s->env->pool;
	struct rte_mbuf *first = pkt_alloc(pool), *last = first;
	const uint8_t *from = data;

	while (last != NULL) {
		uint16_t n = (uint16_t)RTE_MIN(len, (size_t)pool->data_room);

		rte_memcpy(rte_pktmbuf_mtod(last, void *), from, n);
		last->data_len = n;
		first->pkt_len += n;
		from += n;
		len -= n;
		if (len == 0)
			return first;
		last->next = pkt_alloc(pool);
		last = last->next;
		first->nb_segs++;
	}
	if (first != NULL)
		pkt_free(pool, first);
	return NULL;
}

/* Everything that the short way is not for. It gets what the application gave, and finds the socket
 * once more: the short way need not keep both in registers. */
static __rte_noinline ssize_t sock_udp_send_other(struct gn_core *c, gn_udp_t handle,
	const struct gn_addr *to, const struct gn_addr *from, struct rte_mbuf *m)
{
	struct sock *s = sock_of(c);
	struct udp_sock *u = udp_find(s->udp, handle);
	union net_ip to_ip, from_ip;
	bool v6 = to != NULL && to->family == 6;

	if (u == NULL)
		return -EBADF;
	if (to != NULL && (to->family == 0 || !sock_addr_ip(to, &to_ip)))
		return -EINVAL;
	if (from != NULL) {
		if (!sock_addr_ip(from, &from_ip) ||
			(to != NULL && from->family != 0 && from->family != to->family))
			return -EINVAL;
		if (from->family == 0)
			from = NULL;
	}
	return udp_send_buf(s->udp, u, v6, to != NULL ? &to_ip : NULL, to != NULL ? to->port : 0,
		from != NULL ? &from_ip : NULL,
		sock_addr_ifc(to != NULL && to->ifc != 0 ? to : from), m);
}

/* The headers prepared for these addresses, or NULL. */
static __rte_always_inline const struct net_hdr *sock_udp_hdr(struct sock *s, struct udp_sock *u,
	const struct gn_addr *to, const struct gn_addr *from, uint32_t *ports)
{
	if (to == NULL)
		return from == NULL ? udp_hdr_peer(u, ports) : NULL;
	*ports = udp_ports_to(u, to->port);
	if (unlikely(to->port == 0))
		return NULL; /* udp_send_buf() says why not */
	if (likely(sock_addr_plain(to, 4))) {
		if (unlikely(from == NULL))
			return udp_hdr4(s->udp, u, to->v4, udp_lip(u)->v4);
		return likely(sock_addr_plain(from, 4)) ? udp_hdr4(s->udp, u, to->v4, from->v4)
							: NULL;
	}
	if (sock_addr_plain(to, 6) && (from == NULL || sock_addr_plain(from, 6)))
		return udp_hdr6(s->udp, u, (const union net_ip *)to->v6,
			from != NULL ? (const union net_ip *)from->v6 : udp_lip(u));
	return NULL;
}

/* gn_udp_send() without headers that are ready. */
static __rte_noinline ssize_t sock_udp_copy_other(struct gn_core *c, gn_udp_t u,
	const struct gn_addr *to, const struct gn_addr *from, const void *data, size_t len)
{
	struct sock *s = sock_of(c);
	struct rte_mbuf *m;
	ssize_t r;

	if (udp_find(s->udp, u) == NULL)
		return -EBADF;
	if (unlikely(len > UINT16_MAX))
		return -EMSGSIZE;
	m = sock_buf_copy(s, data, len);
	if (unlikely(m == NULL))
		return -ENOBUFS;
	r = sock_udp_send_other(c, u, to, from, m);
	if (unlikely(r < 0))
		pkt_free(&s->env->pool, m);
	return r;
}

ssize_t gn_udp_send(struct gn_core *c, gn_udp_t u, const struct gn_addr *to,
	const struct gn_addr *from, const void *data, size_t len)
{
	struct sock *s = sock_of(c);
	struct udp_sock *found = udp_find(s->udp, u);
	const struct net_hdr *h;
	uint32_t ports;

	if (likely(found != NULL)) {
		h = sock_udp_hdr(s, found, to, from, &ports);
		if (likely(h != NULL) && likely(udp_send_copy(s->udp, h, ports, data, len)))
			return (ssize_t)len;
	}
	return sock_udp_copy_other(c, u, to, from, data, len);
}

ssize_t gn_udp_send_buf(struct gn_core *c, gn_udp_t u, const struct gn_addr *to,
	const struct gn_addr *from, struct rte_mbuf *m)
{
	struct sock *s = sock_of(c);
	struct udp_sock *found = udp_find(s->udp, u);
	const struct net_hdr *h;
	ssize_t len = m->pkt_len;
	uint32_t ports;

	if (likely(found != NULL)) {
		h = sock_udp_hdr(s, found, to, from, &ports);
		if (likely(h != NULL) && likely(udp_send_hdr(s->udp, h, ports, m)))
			return len;
	}
	return sock_udp_send_other(c, u, to, from, m);
}

/* Joins or leaves. */
static int sock_udp_group(struct gn_core *c, gn_udp_t u, const struct gn_addr *group,
	int (*fn)(struct udp *, struct udp_sock *, bool, const union net_ip *, uint16_t))
{
	struct sock *s = sock_of(c);
	struct udp_sock *found = udp_find(s->udp, u);
	union net_ip ip;

	if (found == NULL)
		return -EBADF;
	if (group->family == 0 || !sock_addr_ip(group, &ip))
		return -EINVAL;
	return fn(s->udp, found, group->family == 6, &ip, sock_addr_ifc(group));
}

int gn_udp_join(struct gn_core *c, gn_udp_t u, const struct gn_addr *group)
{
	return sock_udp_group(c, u, group, udp_join);
}

int gn_udp_leave(struct gn_core *c, gn_udp_t u, const struct gn_addr *group)
{
	return sock_udp_group(c, u, group, udp_leave);
}

int gn_udp_opts_set(struct gn_core *c, gn_udp_t u, const struct gn_udp_opts *opts)
{
	struct udp_sock *found = udp_find(sock_of(c)->udp, u);

	if (found == NULL)
		return -EBADF;
	udp_opts_set(found, opts->ttl, opts->mcast_ttl, opts->tos);
	return 0;
}

static bool sock_udp_named(const struct net_filter *f, const union net_ip *ip)
{
	for (unsigned i = 0; i < f->n; i++)
		if (memcmp(&f->src[i], ip, sizeof(*ip)) == 0)
			return true;
	return false;
}

int gn_udp_filter(struct gn_core *c, gn_udp_t u, const struct gn_addr *group, bool exclude,
	const struct gn_addr *sources, unsigned n)
{
	struct sock *s = sock_of(c);
	struct udp_sock *found = udp_find(s->udp, u);
	struct net_filter f = {.exclude = exclude};
	union net_ip ip;

	_Static_assert(GN_UDP_SOURCES_MAX == NET_SRC_MAX, "a filter is the network layer's own");
	if (found == NULL)
		return -EBADF;
	if (n > GN_UDP_SOURCES_MAX)
		return -ENOBUFS;
	if (group->family == 0 || !sock_addr_ip(group, &ip))
		return -EINVAL;
	for (unsigned i = 0; i < n; i++) {
		if (sources[i].family != group->family || !sock_addr_ip(&sources[i], &f.src[f.n]))
			return -EINVAL;
		f.n = (uint8_t)(f.n + !sock_udp_named(&f, &f.src[f.n]));
	}
	return udp_filter(s->udp, found, group->family == 6, &ip, sock_addr_ifc(group), &f);
}

int gn_udp_addr(struct gn_core *c, gn_udp_t u, struct gn_addr *local)
{
	struct sock *s = sock_of(c);
	struct udp_sock *found = udp_find(s->udp, u);
	union net_ip ip;
	uint16_t port;
	bool v6;

	if (found == NULL)
		return -EBADF;
	udp_local(found, &v6, &ip, &port);
	if (udp_any(found))
		*local = (struct gn_addr){.port = port};
	else
		sock_addr_set(local, v6, &ip, port, udp_ifc(found));
	return 0;
}

struct rte_mbuf *gn_buf_alloc(struct gn_core *c)
{
	return pkt_alloc(&sock_of(c)->env->pool);
}

void gn_buf_free(struct gn_core *c, struct rte_mbuf *m)
{
	pkt_free(&sock_of(c)->env->pool, m);
}

bool gn_buf_time(struct gn_core *c, const struct rte_mbuf *m, uint64_t *time)
{
	if (core_rx_timestamp(c, m, time))
		return true;
	*time = core_env(c)->now_us;
	return false;
}
