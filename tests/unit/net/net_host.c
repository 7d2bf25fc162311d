/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_host.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "wire_bytes.h"

const uint8_t our_mac[6] = {0x02, 0, 0, 0, 0, 0x01};
const uint8_t peer_mac[6] = {0x02, 0, 0, 0, 0, 0x02};
const uint8_t third_mac[6] = {0x02, 0, 0, 0, 0, 0x03};
const uint8_t bcast_mac[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
/* 2001:db8::/64, and the link-local addresses that the MACs make. */
const struct ip6 our6 = {{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
const struct ip6 peer6 = {{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};
const struct ip6 third6 = {{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3}};
const struct ip6 our_ll6 = {{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe, 0, 0, 1}};
const struct ip6 peer_ll6 = {{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe, 0, 0, 2}};
const struct ip6 all_nodes6 = {{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
const struct ip6 any6;

static void host_tx_op(void *ctx, const struct net_ifc *ifc, struct rte_mbuf *m)
{
	struct host_core *c = ctx;
	struct frame *f = &c->h->out[c->h->n_out++];
	const void *p;

	cr_assert_lt(c->h->n_out, HOST_FRAMES);
	cr_assert_leq(m->pkt_len, HOST_BYTES);
	f->at_us = c->env.now_us;
	f->core = c->env.core;
	f->ifc = ifc->index;
	f->ol_flags = m->ol_flags;
	f->vlan_tci = m->vlan_tci;
	f->len = (uint16_t)m->pkt_len;
	p = rte_pktmbuf_read(m, 0, m->pkt_len, f->b);
	if (p != f->b)
		memcpy(f->b, p, m->pkt_len);
	pkt_free(&c->env.pool, m);
}

static void host_handoff_op(void *ctx, uint16_t core, struct rte_mbuf *m)
{
	struct host_core *to = &((struct host_core *)ctx)->h->core[core];

	cr_assert_lt(to->n_handed, RTE_DIM(to->handed));
	to->handed[to->n_handed++] = m;
	to->handoffs++;
}

static bool host_post_op(void *ctx, uint16_t core, const void *body, uint16_t len)
{
	struct host_core *to = &((struct host_core *)ctx)->h->core[core];

	cr_assert_leq(len, 256);
	if (to->n_msg >= to->msg_room)
		return false;
	to->msg[to->n_msg].len = len;
	memcpy(to->msg[to->n_msg++].b, body, len);
	return true;
}

static const struct net_env_ops host_ops = {
	.tx = host_tx_op, .handoff = host_handoff_op, .post = host_post_op};

static void host_input_op(void *ctx, struct net_pkt *pkts, unsigned n)
{
	struct host_core *c = ctx;
	struct host *h = c->h;

	h->n_bursts++;
	for (unsigned i = 0; i < n; i++) {
		struct net_pkt *p = &pkts[i];
		struct seen *s = &h->seen[h->n_seen++];
		uint32_t kept;
		const void *b;

		cr_assert_lt(h->n_seen, HOST_FRAMES);
		s->p = *p;
		s->ttl = net_pkt_ttl(p);
		s->tos = net_pkt_tos(p);
		s->core = c->env.core;
		s->proto = p->proto;
		s->len = p->l4_len;
		cr_assert_eq(p->m->pkt_len, p->l4_off + p->l4_len);
		kept = RTE_MIN(p->l4_len, (uint32_t)sizeof(s->l4));
		b = rte_pktmbuf_read(p->m, p->l4_off, kept, s->l4);
		if (b != s->l4)
			memcpy(s->l4, b, kept);
		s->sum = wire_cksum_fold(wire_cksum_mbuf(p->m, p->l4_off, p->l4_len, 0));
		if (p->proto == IPPROTO_UDP && p->l4_len >= 8 && wire_get16(s->l4 + 2) == 9)
			net_icmp_error(c->net, p,
				p->flags & NET_PKT_V6 ? WIRE_ICMP6_UNREACH : WIRE_ICMP4_UNREACH,
				p->flags & NET_PKT_V6 ? WIRE_ICMP6_UNREACH_PORT
						      : WIRE_ICMP4_UNREACH_PORT,
				0);
		pkt_free(&c->env.pool, p->m);
	}
}

static void host_error_op(void *ctx, const struct net_error *e)
{
	struct host_core *c = ctx;

	cr_assert_lt(c->h->n_error, RTE_DIM(c->h->error));
	c->h->error_core[c->h->n_error] = c->env.core;
	c->h->error[c->h->n_error++] = *e;
}

static const struct net_proto_ops host_proto = {.input = host_input_op, .error = host_error_op};

struct host *host_new(unsigned n_cores)
{
	struct host *h = calloc(1, sizeof(*h));
	uint16_t reta[64];

	h->out = calloc(HOST_FRAMES, sizeof(*h->out));
	h->seen = calloc(HOST_FRAMES, sizeof(*h->seen));
	h->owner = malloc(sizeof(*h->owner));
	h->n_cores = n_cores;
	h->now_us = 1000000;
	net_conf_default(&h->conf);
	h->conf.mcast_reports = false; /* its own tests switch it on */
	h->ifc = (struct net_ifc){.port = 0, .mtu = 1500};
	memcpy(h->ifc.mac, our_mac, 6);
	owner_reta_spread(reta, 64, (uint16_t)n_cores);
	cr_assert_eq(owner_init(h->owner, owner_key_default, OWNER_KEY_MIN, reta, 64), 0);
	for (unsigned k = 0; k < n_cores; k++) {
		struct host_core *c = &h->core[k];

		c->h = h;
		c->msg_room = HOST_MSGS;
		c->env.now_us = h->now_us;
		timer_wheel_init(&c->env.wheel, h->now_us);
		c->mp = heap_pool_create("host", HOST_POOL, RTE_MBUF_DEFAULT_BUF_SIZE);
		heap_pkt_pool(&c->env.pool, c->mp, &c->env.cnt);
		rng_seed(&c->env.rng, 7 + k);
		c->env.secret = (struct siphash_key){1, 2};
		c->env.core = (uint16_t)k;
		c->env.n_cores = (uint16_t)n_cores;
	}
	return h;
}

void host_start(struct host *h, bool v4, bool v6)
{
	union net_ip ip4 = {.v6 = {{0}}}, ip6 = {.v6 = our6};

	ip4.v4 = OUR4;
	for (unsigned k = 0; k < h->n_cores; k++) {
		struct host_core *c = &h->core[k];

		c->net = net_create(&h->conf, &c->env, h->owner, &host_ops, c);
		cr_assert_not_null(c->net);
		net_proto_set(c->net, IPPROTO_TCP, &host_proto, c);
		net_proto_set(c->net, IPPROTO_UDP, &host_proto, c);
		cr_assert_eq(net_ifc_add(c->net, &h->ifc), 0);
		if (v4)
			cr_assert_eq(net_addr_add(c->net, 0, false, &ip4, 24), 0);
		if (v6) {
			cr_assert_eq(net_ifc_linklocal(c->net, 0), 0);
			cr_assert_eq(net_addr_add(c->net, 0, true, &ip6, 64), 0);
		}
	}
}

struct host *host_ready(void)
{
	struct host *h = host_new(1);

	h->conf.acd = false;
	h->conf.dad_transmits = 0;
	host_start(h, true, true);
	host_run(h, 5000000);
	h->next_out = h->n_out;
	return h;
}

void host_free(struct host *h)
{
	for (unsigned k = 0; k < h->n_cores; k++) {
		struct host_core *c = &h->core[k];

		for (unsigned i = 0; i < c->n_handed; i++)
			rte_pktmbuf_free(c->handed[i]);
		net_destroy(c->net);
		cr_assert_eq(c->env.wheel.n_armed, 0, "timers left");
	}
	for (unsigned k = 0; k < h->n_cores; k++) {
		cr_assert_eq(heap_pool_avail(h->core[k].mp), HOST_POOL, "buffers leaked");
		heap_pool_free(h->core[k].mp);
	}
	free(h->owner);
	free(h->seen);
	free(h->out);
	free(h);
}

void host_rx_core(struct host *h, uint16_t core, const uint8_t *b, unsigned len)
{
	struct host_core *c = &h->core[core];
	struct rte_mbuf *m = pkt_alloc(&c->env.pool);

	memcpy(rte_pktmbuf_append(m, (uint16_t)len), b, len);
	m->port = 0;
	net_input(c->net, &m, 1);
	host_settle(h);
}

void host_rx(struct host *h, const uint8_t *b, unsigned len)
{
	host_rx_core(h, 0, b, len);
}

static bool core_settle(struct host_core *c)
{
	bool any = c->n_msg != 0 || c->n_handed != 0;

	while (c->n_msg != 0) {
		uint16_t len = c->msg[0].len;
		uint8_t b[256];

		memcpy(b, c->msg[0].b, len);
		memmove(&c->msg[0], &c->msg[1], --c->n_msg * sizeof(c->msg[0]));
		net_message(c->net, b, len);
	}
	if (c->n_handed != 0) {
		struct rte_mbuf *m[64];
		unsigned n = c->n_handed;

		memcpy(m, c->handed, n * sizeof(m[0]));
		c->n_handed = 0;
		net_input(c->net, m, n);
	}
	return any;
}

void host_settle(struct host *h)
{
	bool any = true;

	while (any) {
		any = false;
		for (unsigned k = 0; k < h->n_cores; k++)
			any = core_settle(&h->core[k]) || any;
	}
}

void host_run(struct host *h, uint64_t us)
{
	uint64_t end = h->now_us + us;

	for (;;) {
		uint64_t next = UINT64_MAX;

		for (unsigned k = 0; k < h->n_cores; k++)
			next = RTE_MIN(next, timer_wheel_next_us(&h->core[k].env.wheel));
		h->now_us = RTE_MIN(RTE_MAX(next, h->now_us), end);
		for (unsigned k = 0; k < h->n_cores; k++) {
			struct env *e = &h->core[k].env;

			e->now_us = h->now_us;
			timer_wheel_advance(&e->wheel, h->now_us, e->timer_fn, e->timer_ctx, 1000);
		}
		host_settle(h);
		if (next > end)
			break;
	}
}

const struct frame *host_tx(struct host *h)
{
	return h->next_out < h->n_out ? &h->out[h->next_out++] : NULL;
}

void host_quiet(struct host *h)
{
	const struct frame *f = host_tx(h);

	cr_assert_null(f, "unexpected frame, type %02x%02x", f->b[12], f->b[13]);
}

uint64_t host_drops(const struct host *h, enum drop why)
{
	uint64_t n = 0;

	for (unsigned k = 0; k < h->n_cores; k++)
		n += h->core[k].env.cnt.drop[why];
	return n;
}

uint64_t host_counter(const struct host *h, enum counter id)
{
	uint64_t n = 0;

	for (unsigned k = 0; k < h->n_cores; k++)
		n += h->core[k].env.cnt.n[id];
	return n;
}

void host_dropped(struct host *h, enum drop why)
{
	host_quiet(h);
	cr_assert_eq(host_drops(h, why), 1, "%s: %lu", drop_info[why].name, host_drops(h, why));
	for (unsigned k = 0; k < h->n_cores; k++)
		h->core[k].env.cnt.drop[why] = 0;
}

static union net_ip ip_of4(uint32_t v4)
{
	union net_ip ip = {.v6 = {{0}}};

	ip.v4 = v4;
	return ip;
}

static struct rte_mbuf *udp_make(struct host_core *c, unsigned n)
{
	struct rte_mbuf *m = pkt_alloc(&c->env.pool);
	uint8_t *l4 = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(8 + n));

	if (l4 == NULL)
		abort();
	memset(l4 + 8, 'x', n);
	wire_put16(l4, 1234);
	wire_put16(l4 + 2, 5678);
	wire_put16(l4 + 4, (uint16_t)(8 + n));
	wire_put16(l4 + 6, 0xdead);
	return m;
}

int send4_core(struct host *h, uint16_t core, uint32_t dst, unsigned n)
{
	struct net_tx tx = {.proto = IPPROTO_UDP};
	struct host_core *c = &h->core[core];
	union net_ip to = ip_of4(dst), src = ip_of4(0);
	struct net_dst d;
	int err = net_route(c->net, false, &to, &src, NET_NO_IFC, &d);

	if (err == 0)
		err = net_output4(c->net, &d, udp_make(c, n), src.v4, dst, &tx);
	host_settle(h);
	return err;
}

int send4(struct host *h, uint32_t dst, unsigned n)
{
	return send4_core(h, 0, dst, n);
}

int send6_core(struct host *h, uint16_t core, const struct ip6 *dst, unsigned n)
{
	struct net_tx tx = {.proto = IPPROTO_UDP};
	struct host_core *c = &h->core[core];
	union net_ip to = {.v6 = *dst}, src = ip_of4(0);
	struct net_dst d;
	int err = net_route(c->net, true, &to, &src, NET_NO_IFC, &d);

	if (err == 0)
		err = net_output6(c->net, &d, udp_make(c, n), &src.v6, dst, &tx);
	host_settle(h);
	return err;
}

int send6(struct host *h, const struct ip6 *dst, unsigned n)
{
	return send6_core(h, 0, dst, n);
}

const char *neigh_state(
	struct host *h, uint16_t core, bool v6, const union net_ip *ip, uint8_t mac[6])
{
	struct net_neigh_info i;
	uint32_t cursor = 0;

	while (net_neigh_list(h->core[core].net, &i, 1, &cursor) == 1)
		if (i.v6 == v6 && memcmp(&i.ip, ip, sizeof(*ip)) == 0) {
			if (mac != NULL)
				memcpy(mac, i.mac, 6);
			return i.state;
		}
	return "none";
}

const char *state4(struct host *h, uint32_t ip)
{
	union net_ip a = ip_of4(ip);

	return neigh_state(h, 0, false, &a, NULL);
}

const char *state6(struct host *h, const struct ip6 *ip)
{
	union net_ip a = {.v6 = *ip};

	return neigh_state(h, 0, true, &a, NULL);
}

void learn4(struct host *h, uint32_t ip, const uint8_t mac[6])
{
	struct wire_arp a = {.op = WIRE_ARP_REPLY, .spa = ip, .tpa = OUR4};
	uint8_t b[64];

	memcpy(a.sha, mac, 6);
	memcpy(a.tha, our_mac, 6);
	cr_assert_eq(send4(h, ip, 1), 0);
	host_rx(h, b, put_arp(b, our_mac, &a));
	cr_assert_str_eq(state4(h, ip), "REACHABLE");
	h->next_out = h->n_out;
}

void learn6(struct host *h, const struct ip6 *ip, const uint8_t mac[6])
{
	struct wire_nd na = {.type = WIRE_ICMP6_NA,
		.flags = WIRE_ND_NA_SOLICITED | WIRE_ND_NA_OVERRIDE,
		.target = *ip,
		.has_lladdr = true};
	uint8_t b[128];

	memcpy(na.lladdr, mac, 6);
	cr_assert_eq(send6(h, ip, 1), 0);
	host_rx(h, b, put_nd(b, our_mac, ip, &our6, &na));
	cr_assert_str_eq(state6(h, ip), "REACHABLE");
	h->next_out = h->n_out;
}
