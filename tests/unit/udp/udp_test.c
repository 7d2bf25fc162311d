/* SPDX-License-Identifier: BSD-3-Clause */
#include "udp_test.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

#include "wire_cksum.h"

static const uint8_t ut_mac[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t ut_peer_mac[6] = {2, 0, 0, 0, 0, 2};

union net_ip ut_ip4(uint32_t v4)
{
	return (union net_ip){.v4 = v4};
}

union net_ip ut_ip6(uint16_t first, uint16_t last)
{
	return (union net_ip){.v6 = {{first >> 8, first & 0xff, first == 0x2001 ? 0xd : 0,
				      first == 0x2001 ? 0xb8 : 0, [14] = last >> 8, last & 0xff}}};
}

static void ut_udp_received(void *ctx, struct udp_sock *s, const struct net_pkt *p,
	struct rte_mbuf *m, uint16_t from_port, uint16_t to_port)
{
	struct ut *t = ctx;
	struct ut_event *e = &t->event[t->n_events++];
	const void *data;

	cr_assert_leq(t->n_events, UT_LOG);
	*e = (struct ut_event){.sock = udp_handle(t->udp, s),
		.err = -1,
		.src = p->src,
		.dst = p->dst,
		.from_port = from_port,
		.to_port = to_port,
		.len = m->pkt_len};
	data = rte_pktmbuf_read(m, 0, RTE_MIN(m->pkt_len, sizeof(e->data) - 1), e->data);
	cr_assert_not_null(data);
	if (data != e->data)
		memcpy(e->data, data, RTE_MIN(m->pkt_len, sizeof(e->data) - 1));
	if (t->close_on_receive != 0) {
		struct udp_sock *victim = udp_find(t->udp, t->close_on_receive);

		t->close_on_receive = 0;
		udp_close(t->udp, victim);
	}
	if (t->echo)
		cr_assert_eq(udp_send_buf(t->udp, s, p->flags & NET_PKT_V6, &p->src, from_port,
				     &p->dst, p->ifc, m),
			e->len);
	else
		pkt_free(&t->env.pool, m);
}

static void ut_udp_error(void *ctx, struct udp_sock *s, const struct net_error *n, int err)
{
	struct ut *t = ctx;
	struct ut_event *e = &t->event[t->n_events++];

	cr_assert_leq(t->n_events, UT_LOG);
	*e = (struct ut_event){
		.sock = udp_handle(t->udp, s), .err = err, .to_port = n->quote.dport};
}

static void ut_udp_received4(void *ctx, struct udp_sock *s, uint32_t from, struct rte_mbuf *m,
	uint32_t to, uint32_t ports)
{
	struct ut *t = ctx;
	struct net_pkt p = {.m = m, .ifc = t->ifc, .src = ut_ip4(from), .dst = ut_ip4(to)};

	t->n_short++;
	ut_udp_received(ctx, s, &p, m, (uint16_t)(ports >> 16), (uint16_t)ports);
}

static void ut_udp_received6(void *ctx, struct udp_sock *s, struct rte_mbuf *m,
	const struct ip6 *addrs, uint32_t ports, uint16_t ifc)
{
	struct ut *t = ctx;
	struct net_pkt p = {.m = m, .ifc = ifc, .flags = NET_PKT_V6};

	p.src.v6 = addrs[0];
	p.dst.v6 = addrs[1];
	t->n_short++;
	ut_udp_received(ctx, s, &p, m, (uint16_t)(ports >> 16), (uint16_t)ports);
}

static const struct udp_up_ops ut_up = {
	.received = ut_udp_received,
	.error = ut_udp_error,
	.received4 = ut_udp_received4,
	.received6 = ut_udp_received6,
};

/* What a port that computes checksums and the flow's hash says of d. */
static void ut_offload(const struct ut *t, struct rte_mbuf *m, const struct ut_dgram *d)
{
	m->ol_flags =
		RTE_MBUF_F_RX_RSS_HASH | (d->v6 ? 0 : RTE_MBUF_F_RX_IP_CKSUM_GOOD) |
		(d->cksum == UT_WRONG ? RTE_MBUF_F_RX_L4_CKSUM_BAD : RTE_MBUF_F_RX_L4_CKSUM_GOOD);
	m->hash.rss = d->v6 ? owner_hash6(&t->owner, &d->src.v6, &d->dst.v6, d->sport, d->dport)
			    : owner_hash4(&t->owner, d->src.v4, d->dst.v4, d->sport, d->dport);
}

static uint32_t ut_pseudo(const struct ut_frame *f, uint32_t len)
{
	return f->v6 ? wire_cksum_pseudo6(&f->src.v6, &f->dst.v6, f->proto, len)
		     : wire_cksum_pseudo4(f->src.v4, f->dst.v4, f->proto, (uint16_t)len);
}

/* Where the IP payload begins. */
static int ut_parse_ip(struct ut_frame *f, const uint8_t *p, size_t len, uint16_t type, int off)
{
	if (type == 0x0800) {
		struct wire_ip4 h;
		int n = wire_ip4_parse(p + off, len - off, true, &h);

		cr_assert_gt(n, 0, "IPv4 header of ours is wrong");
		f->src.v4 = h.src;
		f->dst.v4 = h.dst;
		f->proto = h.proto;
		f->ttl = h.ttl;
		f->tos = h.tos;
		f->fragment = (h.frag & (WIRE_IP4_MF | 0x1fff)) != 0;
		return off + n;
	}

	struct wire_ip6 h;
	int n = wire_ip6_parse(p + off, len - off, &h);

	cr_assert_gt(n, 0, "IPv6 header of ours is wrong");
	f->v6 = true;
	f->src.v6 = h.src;
	f->dst.v6 = h.dst;
	f->proto = h.next;
	f->ttl = h.hops;
	f->tos = h.tclass;
	f->fragment = h.next == WIRE_IP6_FRAGMENT;
	if (f->fragment) {
		f->proto = p[off + n];
		n += 8;
	}
	return off + n;
}

/* Writes down what is sent; neighbour and group housekeeping is left out. */
static void ut_tx(void *ctx, const struct net_ifc *ifc, struct rte_mbuf *m)
{
	struct ut *t = ctx;
	struct ut_frame f = {.n_segs = m->nb_segs};
	uint8_t buf[9200];
	const uint8_t *p = rte_pktmbuf_read(m, 0, m->pkt_len, buf);
	struct wire_eth eth;
	int off = wire_eth_parse(p, m->pkt_len, &eth);

	(void)ifc;
	cr_assert_gt(off, 0);
	cr_assert_eq(m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK, 0, "no offload was offered");
	if (eth.type == 0x0800 || eth.type == 0x86dd) {
		off = ut_parse_ip(&f, p, m->pkt_len, eth.type, off);
		memcpy(f.dst_mac, eth.dst, sizeof(f.dst_mac));
		f.payload_len = m->pkt_len - off;
		if (f.proto == IPPROTO_UDP && !f.fragment) {
			cr_assert_gt(wire_udp_parse(p + off, f.payload_len, &f.udp), 0);
			f.cksum_ok = f.udp.cksum != 0 &&
				     wire_cksum_fold(wire_cksum_sum(p + off, f.payload_len,
					     ut_pseudo(&f, f.payload_len))) == 0;
			f.payload_len -= WIRE_UDP_LEN;
			memcpy(f.data, p + off + WIRE_UDP_LEN,
				RTE_MIN(f.payload_len, sizeof(f.data) - 1));
		} else {
			f.icmp_type = p[off];
			f.icmp_code = p[off + 1];
		}
		/* Neither MLD reports nor neighbour discovery nor IGMP. */
		if (f.proto == IPPROTO_UDP || f.proto == IPPROTO_ICMP ||
			(f.proto == IPPROTO_ICMPV6 && f.icmp_type < 128)) {
			cr_assert_lt(t->n_frames, UT_LOG);
			t->frame[t->n_frames++] = f;
		}
	}
	pkt_free(&t->env.pool, m);
}

static void ut_handoff(void *ctx, uint16_t core, struct rte_mbuf *m)
{
	struct ut *t = ctx;

	(void)core;
	pkt_free(&t->env.pool, m);
}

static bool ut_post(void *ctx, uint16_t core, const void *body, uint16_t len)
{
	(void)ctx;
	(void)core;
	(void)body;
	(void)len;
	return true;
}

static const struct net_env_ops ut_net_ops = {.tx = ut_tx, .handoff = ut_handoff, .post = ut_post};

static void ut_addresses(struct ut *t)
{
	union net_ip us4 = ut_ip4(UT_US), us4b = ut_ip4(IP4(10, 0, 0, 9)), peer4 = ut_ip4(UT_PEER);
	union net_ip us6 = ut_ip6(0x2001, 1), peer6 = ut_ip6(0x2001, 2), ll = ut_ip6(0xfe80, 1);
	struct net_ifc ifc = {.mtu = 1500, .up = true, .name = "test", .offloads = NET_RX_STEERED};
	int r;

	memcpy(ifc.mac, ut_mac, sizeof(ifc.mac));
	r = net_ifc_add(t->net, &ifc);
	cr_assert_geq(r, 0);
	t->ifc = (uint16_t)r;
	cr_assert_eq(net_addr_add(t->net, t->ifc, false, &us4, 24), 0);
	cr_assert_eq(net_addr_add(t->net, t->ifc, false, &us4b, 24), 0);
	cr_assert_eq(net_addr_add(t->net, t->ifc, true, &us6, 64), 0);
	cr_assert_eq(net_addr_add(t->net, t->ifc, true, &ll, 64), 0);
	cr_assert_eq(net_neigh_add(t->net, t->ifc, false, &peer4, ut_peer_mac), 0);
	cr_assert_eq(net_neigh_add(t->net, t->ifc, true, &peer6, ut_peer_mac), 0);
}

void ut_init(struct ut *t, uint32_t sockets, unsigned cores)
{
	struct net_conf nc;
	struct udp_conf uc = {.sockets = sockets};
	uint16_t reta[128];

	memset(t, 0, sizeof(*t));
	t->mp = heap_pool_create("udp-test", UT_POOL, RTE_MBUF_DEFAULT_BUF_SIZE);
	cr_assert_not_null(t->mp);
	heap_pkt_pool(&t->env.pool, t->mp, &t->env.cnt);
	t->env.now_us = 1000000;
	t->env.n_cores = (uint16_t)cores;
	t->env.secret = (struct siphash_key){1, 2};
	timer_wheel_init(&t->env.wheel, t->env.now_us);
	rng_seed(&t->env.rng, 1);
	owner_reta_spread(reta, 128, (uint16_t)cores);
	cr_assert_eq(owner_init(&t->owner, owner_key_default, OWNER_KEY_MIN, reta, 128), 0);
	net_conf_default(&nc);
	nc.acd = false;
	nc.dad_transmits = 0;
	t->net = net_create(&nc, &t->env, &t->owner, &ut_net_ops, t);
	cr_assert_not_null(t->net);
	t->udp = udp_create(&uc, &t->env, t->net, &t->owner, &ut_up, t);
	cr_assert_not_null(t->udp);
	ut_addresses(t);
}

void ut_fini(struct ut *t)
{
	udp_destroy(t->udp);
	net_destroy(t->net);
	cr_assert_eq(heap_pool_avail(t->mp), UT_POOL, "a packet buffer was lost");
	heap_pool_free(t->mp);
}

struct rte_mbuf *ut_buf(struct ut *t, const char *text)
{
	struct rte_mbuf *m = pkt_alloc(&t->env.pool);

	cr_assert_not_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)strlen(text)), text, strlen(text));
	return m;
}

static unsigned ut_emit_ip(uint8_t *p, const struct ut_dgram *d, uint8_t proto, uint16_t len)
{
	if (d->v6) {
		struct wire_ip6 h = {.payload_len = len,
			.next = proto,
			.hops = 64,
			.src = d->src.v6,
			.dst = d->dst.v6};

		return wire_ip6_emit(p, &h);
	}
	struct wire_ip4 h = {.hlen = 20,
		.total_len = 20 + len,
		.ttl = 64,
		.proto = proto,
		.src = d->src.v4,
		.dst = d->dst.v4};

	return wire_ip4_emit(p, &h, true);
}

/* IP and UDP of d at p; returns their length. */
static unsigned ut_emit(uint8_t *p, const struct ut_dgram *d)
{
	uint16_t data_len = (uint16_t)strlen(d->data), len = WIRE_UDP_LEN + data_len;
	unsigned off = ut_emit_ip(p, d, IPPROTO_UDP, len + d->pad);
	struct wire_udp h = {
		.sport = d->sport, .dport = d->dport, .len = (uint16_t)(len + d->len_add)};
	uint32_t sum = d->v6 ? wire_cksum_pseudo6(&d->src.v6, &d->dst.v6, IPPROTO_UDP, h.len)
			     : wire_cksum_pseudo4(d->src.v4, d->dst.v4, IPPROTO_UDP, h.len);
	uint16_t cksum;

	wire_udp_emit(p + off, &h);
	memcpy(p + off + WIRE_UDP_LEN, d->data, data_len);
	memset(p + off + len, 0xee, d->pad);
	cksum = wire_cksum_fold(wire_cksum_sum(p + off, len, sum));
	if (cksum == 0)
		cksum = 0xffff;
	if (d->cksum == UT_WRONG)
		cksum ^= 0x0101;
	if (d->cksum != UT_ZERO)
		memcpy(p + off + 6, &cksum, sizeof(cksum));
	return off + len + d->pad;
}

static void ut_frame_in(
	struct ut *t, const struct ut_dgram *d, const uint8_t *ip, unsigned len, bool offload)
{
	struct wire_eth eth = {.type = d->v6 ? 0x86dd : 0x0800};
	struct rte_mbuf *m = pkt_alloc(&t->env.pool);
	uint8_t *p;

	cr_assert_not_null(m);
	memcpy(eth.src, ut_peer_mac, 6);
	memcpy(eth.dst, ut_mac, 6);
	if (d->v6 && d->dst.v6.b[0] == 0xff) {
		eth.dst[0] = eth.dst[1] = 0x33;
		memcpy(eth.dst + 2, &d->dst.v6.b[12], 4);
	} else if (!d->v6 && d->dst.v4 >> 28 == 0xe) {
		memcpy(eth.dst,
			(uint8_t[]){1, 0, 0x5e, d->dst.v4 >> 16 & 0x7f, d->dst.v4 >> 8 & 0xff,
				d->dst.v4 & 0xff},
			6);
	} else if (!d->v6 && (d->dst.v4 & 0xff) == 0xff) {
		memset(eth.dst, 0xff, 6);
	}
	if (d->own_headroom0)
		m->data_off = 0;
	p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(WIRE_ETH_LEN + len));
	wire_eth_emit(p, &eth);
	memcpy(p + WIRE_ETH_LEN, ip, len);
	m->port = 0;
	if (UT_OFFLOAD && offload)
		ut_offload(t, m, d);
	net_input(t->net, &m, 1);
}

void ut_input(struct ut *t, const struct ut_dgram *d)
{
	uint8_t ip[2048];

	ut_frame_in(t, d, ip, ut_emit(ip, d), true);
}

void ut_icmp(struct ut *t, uint8_t type, uint8_t code, uint32_t rest, const struct ut_dgram *of)
{
	struct ut_dgram d = {.v6 = of->v6, .src = of->dst, .dst = of->src};
	uint8_t quoted[2048], ip[2048];
	unsigned n = ut_emit(quoted, of);
	uint16_t len = (uint16_t)(WIRE_ICMP_LEN + n), cksum;
	uint8_t proto = of->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	unsigned off = ut_emit_ip(ip, &d, proto, len);
	struct wire_icmp h = {.type = type, .code = code, .rest = rest};
	uint32_t sum = of->v6 ? wire_cksum_pseudo6(&d.src.v6, &d.dst.v6, proto, len) : 0;

	wire_icmp_emit(ip + off, &h);
	memcpy(ip + off + WIRE_ICMP_LEN, quoted, n);
	cksum = wire_cksum_fold(wire_cksum_sum(ip + off, len, sum));
	memcpy(ip + off + 2, &cksum, sizeof(cksum));
	ut_frame_in(t, &d, ip, off + len, false);
}
