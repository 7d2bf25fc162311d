/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_SOCK_IMPL_H
#define GN_SOCK_IMPL_H

#include <string.h>

#include "sock_core.h"

struct sock_refs;

/* One core's socket layer; core_above() of its core. */
struct sock {
	struct gn_core *core;
	struct env *env;
	struct net *net;
	struct tcp *tcp;
	struct udp *udp;
	const struct gn_app *app;
	void *app_state;
	struct sock_refs *refs;
	void (*stop)(void *ctx);
	void *stop_ctx;
	bool stop_wanted; /* gn_stop() was called before there was a hook */
	bool stopping;	  /* from sock_core_exit() on: nothing new is opened, nobody is called */
};

static inline struct sock *sock_of(const struct gn_core *c)
{
	return core_above(c);
}

extern const struct tcp_up_ops sock_tcp_up;
extern const struct udp_up_ops sock_udp_up;

void sock_timer_init(struct sock *s);

/* ---- addresses ---- */

static inline bool sock_ip_zero(const union net_ip *ip)
{
	static const union net_ip zero;

	return memcmp(ip, &zero, sizeof(zero)) == 0;
}

/* The interface of a, or NET_NO_IFC. */
static inline uint16_t sock_addr_ifc(const struct gn_addr *a)
{
	return a == NULL || a->ifc == 0 ? NET_NO_IFC : a->ifc - 1;
}

/* False: the family is none of 0, 4 and 6. Of family 0 the address is any. */
static __rte_always_inline bool sock_addr_ip(const struct gn_addr *a, union net_ip *ip)
{
	if (a->family == 6) {
		memcpy(ip, a->v6, sizeof(*ip));
		return true;
	}
	*ip = (union net_ip){.v4 = a->family == 4 ? a->v4 : 0};
	return (a->family & ~4) == 0;
}

/* family, port and ifc of an address, as one word with the bytes between them zero. */
static inline uint64_t sock_addr_head(uint8_t family, uint16_t port, uint16_t ifc)
{
	const struct gn_addr a = {.family = family, .port = port, .ifc = ifc};
	uint64_t w = 0;

	if (RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN)
		return family | (uint64_t)port << 16 | (uint64_t)ifc << 32;
	memcpy(&w, &a, 6);
	return w;
}

_Static_assert(offsetof(struct gn_addr, family) == 0 && offsetof(struct gn_addr, port) == 2 &&
		       offsetof(struct gn_addr, ifc) == 4 && offsetof(struct gn_addr, v6) == 8 &&
		       sizeof(struct gn_addr) == 24,
	"an address is three words");

/* The interface is only told where the address alone would not do: link-local and multicast. */
static __rte_always_inline void sock_addr_set(
	struct gn_addr *a, bool v6, const union net_ip *ip, uint16_t port, uint16_t ifc)
{
	bool needs_ifc;
	uint64_t head;

	if (v6)
		needs_ifc = ip->v6.b[0] == 0xff ||
			    (ip->v6.b[0] == 0xfe && (ip->v6.b[1] & 0xc0) == 0x80);
	else
		needs_ifc = ip->v4 >> 28 == 0xe;
	head = sock_addr_head(v6 ? 6 : 4, port, 0);
	if (unlikely(needs_ifc) && ifc != NET_NO_IFC)
		head = sock_addr_head(v6 ? 6 : 4, port, ifc + 1);
	memcpy(a, &head, sizeof(head));
	memcpy(a->v6, ip, sizeof(a->v6)); /* of IPv4, v4 and zeros */
}

/* The same for an IPv4 address that is no group's, and a port in the upper half of a word. */
static __rte_always_inline void sock_addr_set4(struct gn_addr *a, uint32_t ip, uint32_t port)
{
	uint64_t head = RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN
				? port | 4
				: sock_addr_head(4, (uint16_t)(port >> 16), 0);
	const uint64_t w[2] = {RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? ip : (uint64_t)ip << 32, 0};

	memcpy(a, &head, sizeof(head));
	memcpy(a->v6, w, sizeof(a->v6));
}

/* The same for an IPv6 address that is no group's. */
static __rte_always_inline void sock_addr_set6(
	struct gn_addr *a, const struct ip6 *ip, uint16_t port, uint16_t ifc)
{
	uint64_t head = sock_addr_head(6, port, 0);

	if (unlikely(ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80) && ifc != NET_NO_IFC)
		head = sock_addr_head(6, port, ifc + 1);
	memcpy(a, &head, sizeof(head));
	memcpy(a->v6, ip, sizeof(a->v6));
}

/* Of this family, and means the same on all interfaces. */
static __rte_always_inline bool sock_addr_plain(const struct gn_addr *a, uint8_t family)
{
	return a->family == family && a->ifc == 0;
}

/* Local and remote of an active open or a connected socket, in one family. */
struct sock_pair {
	union net_ip lip, rip;
	uint16_t lport, rport, ifc;
	bool v6;
};

/* local may be NULL. 0 or -EINVAL. */
int sock_pair_make(struct sock_pair *p, const struct gn_addr *local, const struct gn_addr *remote);

/* ---- data ---- */

/* A copy of data in buffers of this core with headroom in the first, or NULL. */
struct rte_mbuf *sock_buf_copy(struct sock *s, const void *data, size_t len);

/*
 * References to application memory. Whoever frees the last packet buffer that shows the memory may
 * be another thread (a cable gives the very buffer to its peer), so a finished reference goes on a
 * list that any thread may push to and that only this core takes from, once a turn.
 */
struct sock_refs *sock_refs_create(void);
/* The list lives on until the last reference that is out has come back. */
void sock_refs_release(struct sock_refs *r);
/* Calls done for each reference that has come back. */
void sock_refs_run(struct sock_refs *r, struct gn_core *c);
/* A packet buffer chain that shows data, or NULL. */
struct rte_mbuf *sock_ref_attach(
	struct sock *s, struct gn_ref *ref, const void *data, uint16_t len);
/* Frees m of sock_ref_attach() as if it had never been: done is not called. */
void sock_ref_cancel(struct sock *s, struct gn_ref *ref, struct rte_mbuf *m);

#endif
