/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_priv.h"

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

int net_group_join(struct net *n, uint16_t ifc, bool v6, const union net_ip *group)
{
	struct ifc *f;
	unsigned k;
	int i;

	ifc = group_ifc(n, ifc, v6, group);
	if (ifc >= n->n_ifc || !group_valid(v6, group))
		return -EINVAL;
	f = &n->ifc[ifc];
	i = group_find(f, v6, group);
	if (i >= 0) {
		++*group_refs(f, v6, (unsigned)i);
		return 0;
	}
	k = group_count(f, v6);
	if (k == NET_GROUP_MAX)
		return -ENOSPC;
	if (v6) {
		f->pub.group6[k].ip = *group;
		f->pub.n_group6++;
	} else {
		f->pub.group4[k].ip = *group;
		f->pub.n_group4++;
	}
	*group_refs(f, v6, k) = 1;
	return 0;
}

int net_group_leave(struct net *n, uint16_t ifc, bool v6, const union net_ip *group)
{
	struct ifc *f;
	int i;

	ifc = group_ifc(n, ifc, v6, group);
	if (ifc >= n->n_ifc)
		return -EINVAL;
	f = &n->ifc[ifc];
	i = group_find(f, v6, group);
	if (i < 0)
		return -ENOENT;
	if (--*group_refs(f, v6, (unsigned)i) != 0)
		return 0;
	if (v6)
		f->pub.group6[i] = f->pub.group6[--f->pub.n_group6];
	else
		f->pub.group4[i] = f->pub.group4[--f->pub.n_group4];
	return 0;
}
