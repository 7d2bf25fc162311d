/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_priv.h"

#include <stdlib.h>

static unsigned group_count(const struct ifc *ifc, bool v6)
{
	return v6 ? ifc->pub.n_group6 : ifc->pub.n_group4;
}

static const union net_ip *group_at(const struct ifc *ifc, bool v6, unsigned i)
{
	return v6 ? &ifc->pub.group6[i].ip : &ifc->pub.group4[i].ip;
}

static uint32_t *group_refs(struct ifc *ifc, bool v6, unsigned i)
{
	return v6 ? &ifc->pub.group6[i].refs : &ifc->pub.group4[i].refs;
}

static int group_find(const struct ifc *ifc, bool v6, const union net_ip *group)
{
	for (unsigned i = 0; i < group_count(ifc, v6); i++)
		if (net_ip_eq(group_at(ifc, v6, i), group))
			return (int)i;
	return -1;
}

/* All hosts and all nodes are joined always (RFC 1112 section 4, RFC 4291 section 2.8). */
bool group_joined(const struct ifc *ifc, bool v6, const union net_ip *group)
{
	static const struct ip6 all_nodes = {
		{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

	if (v6 ? net_ip6_eq(&group->v6, &all_nodes) : group->v4 == IP4(224, 0, 0, 1))
		return true;
	return group_find(ifc, v6, group) >= 0;
}

/* RFC 1112 section 6.4, RFC 2464 section 7. */
void group_mac(bool v6, const union net_ip *group, uint8_t mac[6])
{
	if (v6) {
		mac[0] = mac[1] = 0x33;
		memcpy(mac + 2, group->v6.b + 12, 4);
		return;
	}
	wire_put32(mac + 2, group->v4 & 0x7fffff);
	mac[0] = 0x01;
	mac[1] = 0x00;
	mac[2] = 0x5e;
}

static bool group_valid(bool v6, const union net_ip *group)
{
	return v6 ? ip6_mcast(&group->v6) : group->v4 >> 28 == 0xe;
}

/* The interface that a join without one means. */
static uint16_t group_ifc(const struct net *n, uint16_t ifc, bool v6, const union net_ip *group)
{
	const struct fib_route *r;

	if (ifc != NET_NO_IFC)
		return ifc;
	r = fib_lookup(v6 ? &n->fib6 : &n->fib4, group, NET_NO_IFC);
	return r != NULL ? r->ifc : 0;
}

/*
 * What the sockets of this core want of a group together: how many exclude, and of each source how
 * many exclude and include it. RFC 3376 section 3.2.
 */
struct group_want {
	uint32_t n_exclude;
	bool over; /* a source had no room: all are taken until nobody is left */
	uint8_t n_src;
	struct {
		union net_ip ip;
		uint32_t in, ex;
	} src[NET_SRC_MAX];
};

int group_init(struct net *n)
{
	n->want = calloc(NET_IFC_MAX * 2 * NET_GROUP_MAX, sizeof(*n->want));
	return n->want != NULL ? 0 : -ENOMEM;
}

void group_fini(struct net *n)
{
	free(n->want);
}

static struct group_want *group_want_at(struct net *n, uint16_t ifc, bool v6, unsigned i)
{
	return &n->want[(ifc * 2u + v6) * NET_GROUP_MAX + i];
}

static void want_src(struct group_want *w, const union net_ip *ip, bool exclude, int by)
{
	unsigned i = 0;

	while (i < w->n_src && !net_ip_eq(&w->src[i].ip, ip))
		i++;
	if (i == w->n_src) {
		if (by < 0 || i == NET_SRC_MAX) {
			w->over = true;
			return;
		}
		memset(&w->src[i], 0, sizeof(w->src[i]));
		w->src[w->n_src++].ip = *ip;
	}
	if (exclude)
		w->src[i].ex += (uint32_t)by;
	else
		w->src[i].in += (uint32_t)by;
	if (w->src[i].ex + w->src[i].in == 0)
		w->src[i] = w->src[--w->n_src];
}

static void want_count(struct group_want *w, const struct net_filter *f, int by)
{
	if (f == NULL)
		return;
	if (f->exclude)
		w->n_exclude += (uint32_t)by;
	for (unsigned i = 0; i < f->n; i++)
		want_src(w, &f->src[i], f->exclude, by);
}

static struct net_filter want_filter(const struct group_want *w)
{
	struct net_filter f = {.exclude = w->n_exclude != 0 || w->over};

	for (unsigned i = 0; i < w->n_src && !w->over; i++) {
		bool all = w->src[i].ex == w->n_exclude && w->src[i].in == 0;

		if (f.exclude ? all : w->src[i].in != 0)
			f.src[f.n++] = w->src[i].ip;
	}
	return f;
}

static void group_tell(struct net *n, uint16_t ifc, bool v6, unsigned i)
{
	struct net_filter f = want_filter(group_want_at(n, ifc, v6, i));

	mcast_want(n, ifc, v6, group_at(&n->ifc[ifc], v6, i), &f);
}

void group_want_all(struct net *n)
{
	for (uint16_t f = 0; f < n->n_ifc; f++)
		for (unsigned v6 = 0; v6 < 2; v6++)
			for (unsigned i = 0; i < group_count(&n->ifc[f], v6); i++)
				group_tell(n, f, v6, i);
}

/* A place for a group that nobody has joined yet, or -ENOSPC. */
static int group_add(struct net *n, struct ifc *f, bool v6, const union net_ip *group)
{
	unsigned k = group_count(f, v6);

	if (k == NET_GROUP_MAX)
		return -ENOSPC;
	if (v6) {
		f->pub.group6[k].ip = *group;
		f->pub.n_group6++;
	} else {
		f->pub.group4[k].ip = *group;
		f->pub.n_group4++;
	}
	*group_refs(f, v6, k) = 0;
	memset(group_want_at(n, f->pub.index, v6, k), 0, sizeof(struct group_want));
	return (int)k;
}

static void group_remove(struct net *n, struct ifc *f, bool v6, unsigned i)
{
	union net_ip group = *group_at(f, v6, i);
	unsigned last;

	if (v6) {
		last = --f->pub.n_group6;
		f->pub.group6[i] = f->pub.group6[last];
	} else {
		last = --f->pub.n_group4;
		f->pub.group4[i] = f->pub.group4[last];
	}
	*group_want_at(n, f->pub.index, v6, i) = *group_want_at(n, f->pub.index, v6, last);
	mcast_want(n, f->pub.index, v6, &group, NULL);
}

int net_group_change(struct net *n, uint16_t ifc, bool v6, const union net_ip *group,
	const struct net_filter *from, const struct net_filter *to)
{
	struct group_want *w;
	struct ifc *f;
	int i;

	ifc = group_ifc(n, ifc, v6, group);
	if (ifc >= n->n_ifc || !group_valid(v6, group))
		return -EINVAL;
	f = &n->ifc[ifc];
	i = group_find(f, v6, group);
	if (i < 0) {
		if (from != NULL)
			return -ENOENT;
		i = group_add(n, f, v6, group);
		if (i < 0)
			return i;
	}
	w = group_want_at(n, ifc, v6, (unsigned)i);
	*group_refs(f, v6, (unsigned)i) += (uint32_t)(to != NULL) - (uint32_t)(from != NULL);
	if (*group_refs(f, v6, (unsigned)i) == 0) {
		group_remove(n, f, v6, (unsigned)i);
		return 0;
	}
	want_count(w, to, 1);
	want_count(w, from, -1);
	group_tell(n, ifc, v6, (unsigned)i);
	return 0;
}

static const struct net_filter any_source = {.exclude = true};

int net_group_join(struct net *n, uint16_t ifc, bool v6, const union net_ip *group)
{
	return net_group_change(n, ifc, v6, group, NULL, &any_source);
}

int net_group_leave(struct net *n, uint16_t ifc, bool v6, const union net_ip *group)
{
	return net_group_change(n, ifc, v6, group, &any_source, NULL);
}
