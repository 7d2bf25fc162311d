/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_priv.h"

static struct net_addr *addr_array(struct ifc *ifc, bool v6)
{
	return v6 ? ifc->pub.addr6 : ifc->pub.addr4;
}

static uint8_t *addr_count(struct ifc *ifc, bool v6)
{
	return v6 ? &ifc->pub.n_addr6 : &ifc->pub.n_addr4;
}

const struct net_addr *addr_list(const struct ifc *ifc, bool v6, unsigned *count)
{
	*count = v6 ? ifc->pub.n_addr6 : ifc->pub.n_addr4;
	return v6 ? ifc->pub.addr6 : ifc->pub.addr4;
}

int addr_find(const struct ifc *ifc, bool v6, const union net_ip *ip)
{
	unsigned count;
	const struct net_addr *a = addr_list(ifc, v6, &count);

	for (unsigned i = 0; i < count; i++)
		if (net_ip_eq(&a[i].ip, ip))
			return (int)i;
	return -1;
}

uint8_t addr_state(const struct net *n, uint16_t ifc, bool v6, const union net_ip *ip)
{
	const struct ifc *f = &n->ifc[ifc];
	int i = addr_find(f, v6, ip);
	unsigned count;

	return i < 0 ? (uint8_t)NET_ADDR_NONE : addr_list(f, v6, &count)[i].state;
}

bool net_is_local(const struct net *n, bool v6, const union net_ip *ip)
{
	for (uint16_t i = 0; i < n->n_ifc; i++)
		if (addr_state(n, i, v6, ip) == NET_ADDR_PREFERRED)
			return true;
	return false;
}

bool addr_ours(const struct net *n, uint16_t ifc, bool v6, const union net_ip *ip)
{
	if (addr_state(n, ifc, v6, ip) == NET_ADDR_PREFERRED)
		return true;
	/* A link-local address means something on its own link only. */
	if (n->conf.strong_host || (v6 && ip6_linklocal(&ip->v6)))
		return false;
	return net_is_local(n, v6, ip);
}

void addr_rx_clear(struct net_rx *rx)
{
	rx->n_local4 = rx->n_local6 = 0;
	rx->first = 0;
	memset(rx->src4_first, true, sizeof(rx->src4_first));
	memset(rx->src6_first, true, sizeof(rx->src6_first));
	memset(rx->src4_last, false, sizeof(rx->src4_last));
	memset(rx->src6_last, false, sizeof(rx->src6_last));
}

/* Which octets are of addresses that may not send to us. Without an address all need the closer
 * look, which finds that nothing is for us. */
static void rx_octets(struct net_rx *rx)
{
	if (rx->n_local4 > 0) {
		rx->first = rx->local4[0].ip;
		for (unsigned i = 0; i < 256; i++)
			rx->src4_first[i] = !ip4_unicast(i << 24 | 1);
	}
	for (unsigned i = 0; i < rx->n_local4; i++) {
		const struct net_local4 *l = &rx->local4[i];

		rx->src4_last[l->ip & 0xff] = true;
		rx->src4_last[l->bcast & 0xff] = true;
		rx->src4_last[l->net & 0xff] = true;
	}
	if (rx->n_local6 > 0) {
		/* ::, ::1 and multicast */
		memset(rx->src6_first, false, sizeof(rx->src6_first));
		rx->src6_first[0] = rx->src6_first[0xff] = true;
	}
	for (unsigned i = 0; i < rx->n_local6; i++)
		rx->src6_last[rx->local6[i].b[15]] = true;
}

static void rx_local6_add(struct net_rx *rx, const struct ifc *ifc, bool linklocal)
{
	for (unsigned i = 0; i < ifc->pub.n_addr6; i++) {
		const struct net_addr *a = &ifc->pub.addr6[i];

		if (a->state == NET_ADDR_PREFERRED && ip6_linklocal(&a->ip.v6) == linklocal)
			rx->local6[rx->n_local6++] = a->ip.v6;
	}
}

void addr_rx_build(struct net *n, struct ifc *ifc)
{
	struct net_rx *rx = &n->rx[ifc->pub.index];

	addr_rx_clear(rx);
	for (unsigned i = 0; i < ifc->pub.n_addr4; i++) {
		const struct net_addr *a = &ifc->pub.addr4[i];
		struct net_local4 *l = &rx->local4[rx->n_local4];

		if (a->state != NET_ADDR_PREFERRED)
			continue;
		rx->n_local4++;
		l->ip = l->bcast = l->net = a->ip.v4;
		if (a->plen <= 30) { /* RFC 3021: no broadcast on a /31 */
			l->net = a->ip.v4 & ip4_mask(a->plen);
			l->bcast = a->ip.v4 | ~ip4_mask(a->plen);
		}
	}
	/* What flows use comes first. */
	rx_local6_add(rx, ifc, false);
	rx_local6_add(rx, ifc, true);
	rx_octets(rx);
}

void addr_state_set(struct net *n, struct ifc *ifc, bool v6, unsigned i, uint8_t state)
{
	struct net_addr *a = &addr_array(ifc, v6)[i];
	uint8_t old = a->state;

	if (old == state)
		return;
	a->state = state;
	addr_rx_build(n, ifc);
	/* Flows that use the address find their handles ended, and look up their route again. */
	if (old == NET_ADDR_PREFERRED)
		neigh_flush_ifc(n, ifc->pub.index, v6);
	if (n->core == 0)
		sync_addr(n, ifc, v6, i);
	/* RFC 3590 section 4: what was told from :: is told again. */
	if (v6 && state == NET_ADDR_PREFERRED && ip6_linklocal(&a->ip.v6))
		mcast_again(n, ifc->pub.index, true);
}

static struct fib_route addr_route(const struct ifc *ifc, bool v6, const struct net_addr *a)
{
	return (struct fib_route){.prefix = fib_prefix(v6, &a->ip, a->plen),
		.gw = net_ip4(0),
		.ifc = ifc->pub.index,
		.plen = a->plen,
		.connected = true};
}

static int addr_check_args(
	const struct net *n, uint16_t ifc, bool v6, const union net_ip *ip, uint8_t plen)
{
	unsigned count;

	if (ifc >= n->n_ifc || plen == 0 || plen > (v6 ? 128 : 32))
		return -EINVAL;
	if (v6 ? (ip6_mcast(&ip->v6) || ip6_any(&ip->v6) || ip6_loopback(&ip->v6))
	       : !ip4_unicast(ip->v4))
		return -EINVAL;
	if (!v6 && plen <= 30 &&
		((ip->v4 & ~ip4_mask(plen)) == 0 || (ip->v4 | ip4_mask(plen)) == ~0u))
		return -EINVAL;
	if (addr_find(&n->ifc[ifc], v6, ip) >= 0)
		return -EEXIST;
	addr_list(&n->ifc[ifc], v6, &count);
	return count == NET_ADDR_MAX ? -ENOSPC : 0;
}

int net_addr_add(struct net *n, uint16_t ifc, bool v6, const union net_ip *ip, uint8_t plen)
{
	int err = addr_check_args(n, ifc, v6, ip, plen);
	struct fib_route r;
	struct ifc *f;
	unsigned i;

	if (err != 0)
		return err;
	f = &n->ifc[ifc];
	if (v6) {
		union net_ip group;

		ip6_solicited_node(&ip->v6, &group.v6);
		err = net_group_join(n, ifc, true, &group);
		if (err != 0)
			return err;
	}
	i = (*addr_count(f, v6))++;
	addr_array(f, v6)[i] = (struct net_addr){.ip = *ip, .plen = plen};
	r = addr_route(f, v6, &addr_array(f, v6)[i]);
	err = fib_add(v6 ? &n->fib6 : &n->fib4, &r);
	if (err != 0 && err != -EEXIST) {
		net_addr_del(n, ifc, v6, ip);
		return err;
	}
	addr_check_start(n, f, v6, i);
	return 0;
}

/* Is there another address on the interface in the same subnet? */
static bool addr_prefix_shared(struct ifc *ifc, bool v6, const struct net_addr *a)
{
	union net_ip prefix = fib_prefix(v6, &a->ip, a->plen);

	for (unsigned i = 0; i < *addr_count(ifc, v6); i++) {
		const struct net_addr *b = &addr_array(ifc, v6)[i];

		if (b->plen == a->plen && fib_match(v6, &prefix, a->plen, &b->ip))
			return true;
	}
	return false;
}

/* Moves the address's entry, with its check. */
static void addr_move(struct net *n, struct ifc *ifc, bool v6, unsigned from, unsigned to)
{
	struct net_addr_ctl *c = v6 ? ifc->ctl6 : ifc->ctl4;
	bool armed = timer_armed(&c[from].timer);
	uint64_t expires = armed ? timer_expires_us(&c[from].timer) : 0;

	timer_cancel(&n->env->wheel, &c[from].timer);
	addr_array(ifc, v6)[to] = addr_array(ifc, v6)[from];
	c[to] = c[from];
	timer_init(&c[to].timer);
	if (armed)
		timer_arm(&n->env->wheel, &c[to].timer, TIMER_NET_ADDR, expires);
}

int net_addr_del(struct net *n, uint16_t ifc, bool v6, const union net_ip *ip)
{
	int i = ifc < n->n_ifc ? addr_find(&n->ifc[ifc], v6, ip) : -1;
	struct ifc *f = &n->ifc[ifc];
	struct net_addr gone;
	union net_ip group;

	if (i < 0)
		return -ENOENT;
	gone = addr_array(f, v6)[i];
	addr_check_stop(n, f, v6, (unsigned)i);
	for (unsigned k = (unsigned)i + 1; k < *addr_count(f, v6); k++)
		addr_move(n, f, v6, k, k - 1);
	--*addr_count(f, v6);
	if (!addr_prefix_shared(f, v6, &gone)) {
		struct fib_route r = addr_route(f, v6, &gone);

		fib_del(v6 ? &n->fib6 : &n->fib4, &r.prefix, r.plen, &r.gw, true, ifc);
	}
	if (v6) {
		ip6_solicited_node(&ip->v6, &group.v6);
		net_group_leave(n, ifc, true, &group);
	}
	addr_rx_build(n, f);
	neigh_flush_ifc(n, ifc, v6);
	return 0;
}

int net_ifc_linklocal(struct net *n, uint16_t ifc)
{
	union net_ip ip = {.v6 = {{0xfe, 0x80}}};
	const uint8_t *mac;

	if (ifc >= n->n_ifc)
		return -EINVAL;
	mac = n->ifc[ifc].pub.mac;
	memcpy(ip.v6.b + 8, mac, 3);
	ip.v6.b[8] ^= 0x02;
	ip.v6.b[11] = 0xff;
	ip.v6.b[12] = 0xfe;
	memcpy(ip.v6.b + 13, mac + 3, 3);
	return net_addr_add(n, ifc, true, &ip, 64);
}
