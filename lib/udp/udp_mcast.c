/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "udp_impl.h"

/* Who has joined what: found by group and port, so that a datagram costs as much as it has
 * receivers, and by socket, for closing. */

static bool udp_member_match(const void *ctx, uint32_t val, const void *key)
{
	const struct udp *u = ctx;
	const struct udp_member *m = &u->member[val - 1];
	const struct udp_key *k = key;

	return m->v6 == k->v6 && udp_ip_eq(&m->group, &k->lip) &&
	       u->sock[m->sock - 1].key.lport == k->lport;
}

struct udp_member *udp_member_first(const struct udp *u, const struct udp_key *k)
{
	uint32_t hash = udp_bound_hash(k->v6, &k->lip, k->lport);
	uint32_t val = flow_table_find(&u->joined, hash, udp_member_match, u, k);

	return val == UDP_NONE ? NULL : &u->member[val - 1];
}

static struct udp_key udp_member_key(const struct udp *u, const struct udp_member *m)
{
	return (struct udp_key){
		.v6 = m->v6, .lip = m->group, .lport = u->sock[m->sock - 1].key.lport};
}

/* The place where s's membership is linked to s. */
static uint32_t *udp_member_link(
	struct udp *u, struct udp_sock *s, bool v6, const union net_ip *group, uint16_t ifc)
{
	uint32_t *at = &s->joins;

	for (; *at != UDP_NONE; at = &u->member[*at - 1].of_sock) {
		const struct udp_member *m = &u->member[*at - 1];

		if (m->v6 == v6 && m->ifc == ifc && udp_ip_eq(&m->group, group))
			break;
	}
	return at;
}

static int udp_member_insert(struct udp *u, struct udp_sock *s, struct udp_member *m)
{
	struct udp_key k = udp_member_key(u, m);
	struct udp_member *first = udp_member_first(u, &k);
	uint32_t val = (uint32_t)(m - u->member) + 1, free_next = m->next;

	m->hash = udp_bound_hash(k.v6, &k.lip, k.lport);
	if (first != NULL) {
		m->next = first->next;
		first->next = val;
	} else {
		if (flow_table_insert(&u->joined, m->hash, val) != 0)
			return -ENOBUFS;
		m->next = UDP_NONE;
	}
	u->member_free = free_next;
	m->of_sock = s->joins;
	s->joins = val;
	return 0;
}

static int udp_join_filter(struct udp *u, struct udp_sock *s, bool v6, const union net_ip *group,
	uint16_t ifc, const struct net_filter *f)
{
	uint32_t val = u->member_free;
	int r;

	if (!udp_ip_mcast(v6, group) || (s->key.v6 != v6 && !(s->flags & UDP_ANY)))
		return -EINVAL;
	if (ifc != NET_NO_IFC && ifc >= net_ifc_count(u->net))
		return -ENODEV;
	if (*udp_member_link(u, s, v6, group, ifc) != UDP_NONE)
		return -EADDRINUSE;
	if (val == UDP_NONE)
		return -ENOBUFS;
	r = net_group_change(u->net, ifc, v6, group, NULL, f);
	if (r < 0)
		return r;

	struct udp_member *m = &u->member[val - 1];

	m->group = *group;
	m->v6 = v6;
	m->filter = *f;
	m->ifc = ifc;
	m->sock = udp_sock_val(u, s);
	r = udp_member_insert(u, s, m);
	if (r < 0)
		net_group_change(u->net, ifc, v6, group, f, NULL);
	return r;
}

int udp_join(struct udp *u, struct udp_sock *s, bool v6, const union net_ip *group, uint16_t ifc)
{
	static const struct net_filter any_source = {.exclude = true};

	return udp_join_filter(u, s, v6, group, ifc, &any_source);
}

/* Takes the membership out that *link names. */
static void udp_member_remove(struct udp *u, uint32_t *link)
{
	uint32_t val = *link;
	struct udp_member *m = &u->member[val - 1];
	struct udp_key k = udp_member_key(u, m);
	struct udp_member *prev = udp_member_first(u, &k);

	if (prev != m) {
		while (prev->next != val)
			prev = &u->member[prev->next - 1];
		prev->next = m->next;
	} else if (m->next != UDP_NONE) {
		flow_table_replace(&u->joined, m->hash, val, m->next);
	} else {
		flow_table_remove(&u->joined, m->hash, val);
	}
	*link = m->of_sock;
	net_group_change(u->net, m->ifc, m->v6, &m->group, &m->filter, NULL);
	m->next = u->member_free;
	u->member_free = val;
}

int udp_leave(struct udp *u, struct udp_sock *s, bool v6, const union net_ip *group, uint16_t ifc)
{
	uint32_t *link = udp_member_link(u, s, v6, group, ifc);

	if (*link == UDP_NONE)
		return -EADDRNOTAVAIL;
	udp_member_remove(u, link);
	return 0;
}

int udp_filter(struct udp *u, struct udp_sock *s, bool v6, const union net_ip *group, uint16_t ifc,
	const struct net_filter *f)
{
	uint32_t *link = udp_member_link(u, s, v6, group, ifc);
	struct udp_member *m;
	int r;

	if (!f->exclude && f->n == 0)
		return udp_leave(u, s, v6, group, ifc);
	if (*link == UDP_NONE)
		return udp_join_filter(u, s, v6, group, ifc, f);
	m = &u->member[*link - 1];
	r = net_group_change(u->net, ifc, v6, group, &m->filter, f);
	if (r == 0)
		m->filter = *f;
	return r;
}

void udp_member_leave_all(struct udp *u, struct udp_sock *s)
{
	while (s->joins != UDP_NONE)
		udp_member_remove(u, &s->joins);
}
