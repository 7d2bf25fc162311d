/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include "core.h"
#include "fuzz.h"
#include "heap_pool.h"
#include "wire_cksum.h"
#include "wire_eth.h"
#include "wire_icmp.h"
#include "wire_ip4.h"
#include "wire_ip6.h"
#include "wire_tcp.h"
#include "wire_udp.h"

/*
 * A whole core (core_create) on a port that is fed by hand. The input is a little program: raw
 * frames, well-formed TCP, UDP and ICMP packets with fields out of the input (relative to what the
 * core itself sent, so that they find their way deep into the state machine), time, application
 * calls, buffers held back. At the end every buffer must be home; on the way every frame that
 * leaves must be well formed.
 */
#define POOL_SIZE 512
#define FLOWS	  8 /* half of them over IPv6, half of those opened by us */
#define CONNS	  16
#define FRAME_MAX 1514

struct flow {
	uint32_t snd, rcv; /* what the core sends next, and expects next */
};

struct input {
	const uint8_t *p;
	size_t left;
};

static struct rte_mempool *pool;
static struct owner owner;
static struct gn_core *core;
static uint64_t now_us;
static struct rte_mbuf *rxq[64], *held[POOL_SIZE];
static unsigned n_rxq, n_held;
static uint64_t n_fed, n_sent;
static struct flow flows[FLOWS];
static tcp_handle_t conns[CONNS];
static unsigned n_conns;
static uint8_t app_mode;

static const uint8_t mac_ours[6] = {2, 0, 0, 0, 0, 1}, mac_peer[6] = {2, 0, 0, 0, 0, 2};
static const uint32_t ip4_ours = IP4(192, 0, 2, 1), ip4_peer = IP4(192, 0, 2, 2);
static const struct ip6 ip6_ours = {{0x20, 1, 0xd, 0xb8, [15] = 1}},
			ip6_peer = {{0x20, 1, 0xd, 0xb8, [15] = 2}};

static uint8_t in8(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->p++;
}

static uint16_t in16(struct input *in)
{
	uint8_t hi = in8(in);

	return (uint16_t)(hi << 8 | in8(in));
}

/* The application: consumes or keeps, answers, closes inside upcalls, as app_mode says. */

static void conn_add(struct tcb *t)
{
	conns[n_conns++ % CONNS] = tcp_handle(core_tcp(core), t);
}

static void act(struct tcb *t, uint8_t what)
{
	struct tcp *tcp = core_tcp(core);
	static const uint8_t data[3000];

	switch (what & 7) {
	case 1:
		tcp_close(tcp, t);
		break;
	case 2:
		tcp_abort(tcp, t);
		break;
	case 3:
		tcp_shutdown(tcp, t);
		break;
	case 4:
		tcp_send(tcp, t, data, sizeof(data), what & 8);
		break;
	case 5:
		tcp_send(tcp, t, data, 1 + (what >> 3), false);
		break;
	case 6:
		tcp_consumed(tcp, t, 100u << (what >> 4));
		break;
	default:
		break;
	}
}

static void up_accepted(void *ctx, struct tcp_listener *l, struct tcb *t)
{
	conn_add(t);
	if (app_mode & 1)
		act(t, app_mode >> 4);
}

static void up_connected(void *ctx, struct tcb *t)
{
	if (app_mode & 1)
		act(t, app_mode >> 4);
}

static void up_received(void *ctx, struct tcb *t, struct rte_mbuf *m)
{
	struct tcp *tcp = core_tcp(core);
	uint32_t len = m->pkt_len;

	FUZZ_CHECK(len > 0);
	rte_mbuf_sanity_check(m, 1);
	if (app_mode & 2) { /* echo by reference */
		if (tcp_send_buf(tcp, t, m, false) < 0)
			pkt_free(&core_env(core)->pool, m);
	} else {
		pkt_free(&core_env(core)->pool, m);
	}
	if (!(app_mode & 4))
		tcp_consumed(tcp, t, len);
	if (app_mode & 8)
		act(t, app_mode >> 4);
}

static void up_peer_closed(void *ctx, struct tcb *t)
{
	if (app_mode & 16)
		tcp_close(core_tcp(core), t);
}

static void up_writable(void *ctx, struct tcb *t, uint32_t room)
{
	if (app_mode & 8)
		act(t, app_mode >> 4);
}

static void up_closed(void *ctx, struct tcb *t, int err)
{
	FUZZ_CHECK(tcp_find(core_tcp(core), tcp_handle(core_tcp(core), t)) == NULL);
}

static const struct tcp_up_ops tcp_up = {
	.accepted = up_accepted,
	.connected = up_connected,
	.received = up_received,
	.peer_closed = up_peer_closed,
	.writable = up_writable,
	.closed = up_closed,
};

static void up_udp_received(void *ctx, struct udp_sock *s, const struct net_pkt *p,
	struct rte_mbuf *m, uint16_t from_port, uint16_t to_port)
{
	bool v6 = (p->flags & NET_PKT_V6) != 0;

	if (udp_send_buf(core_udp(core), s, v6, &p->src, from_port, NULL, p->ifc, m) < 0)
		pkt_free(&core_env(core)->pool, m);
}

static void up_udp_error(void *ctx, struct udp_sock *s, const struct net_error *e, int err)
{
	FUZZ_CHECK(err > 0);
}

static const struct udp_up_ops udp_up = {.received = up_udp_received, .error = up_udp_error};

/* The port. */

static struct flow *flow_of(bool v6, uint16_t port_ours, uint16_t port_peer)
{
	uint16_t low = port_ours == 80 ? port_peer : port_ours;

	return &flows[((low & 1) != 0) + 2 * (port_ours != 80) + 4 * v6];
}

static void sent_tcp(bool v6, const uint8_t *l4, unsigned len, uint32_t pseudo)
{
	struct wire_tcp h;

	FUZZ_CHECK(wire_cksum_fold(wire_cksum_sum(l4, len, pseudo)) == 0);
	FUZZ_CHECK(wire_tcp_parse(l4, len, &h) > 0);
	struct flow *f = flow_of(v6, h.sport, h.dport);

	f->snd = h.seq + (len - h.hlen) + ((h.flags & WIRE_TCP_SYN) != 0) +
		 ((h.flags & WIRE_TCP_FIN) != 0);
	if (h.flags & WIRE_TCP_ACK)
		f->rcv = h.ack;
}

static void sent_check(struct rte_mbuf *m)
{
	static uint8_t copy[70000];
	const uint8_t *b = rte_pktmbuf_read(m, 0, m->pkt_len, copy);
	struct wire_ip4 h4;
	struct wire_ip6 h6;
	struct wire_eth e;

	rte_mbuf_sanity_check(m, 1);
	FUZZ_CHECK(m->pkt_len >= 14 && m->pkt_len <= FRAME_MAX);
	FUZZ_CHECK(wire_eth_parse(b, m->pkt_len, &e) == 14);
	const uint8_t *l3 = b + 14;
	unsigned len = m->pkt_len - 14;

	if (e.type == 0x0800) {
		FUZZ_CHECK(wire_ip4_parse(l3, len, true, &h4) > 0);
		if (h4.proto == IPPROTO_TCP)
			sent_tcp(false, l3 + h4.hlen, h4.total_len - h4.hlen,
				wire_cksum_pseudo4(
					h4.src, h4.dst, h4.proto, h4.total_len - h4.hlen));
	} else if (e.type == 0x86dd) {
		FUZZ_CHECK(wire_ip6_parse(l3, len, &h6) > 0);
		if (h6.next == IPPROTO_TCP)
			sent_tcp(true, l3 + 40, h6.payload_len,
				wire_cksum_pseudo6(&h6.src, &h6.dst, h6.next, h6.payload_len));
	}
}

static uint16_t port_rx(void *queue, struct rte_mbuf **pkts, uint16_t n, uint64_t now)
{
	uint16_t take = RTE_MIN((uint16_t)n_rxq, n);

	memcpy(pkts, rxq, take * sizeof(pkts[0]));
	n_rxq -= take;
	memmove(rxq, rxq + take, n_rxq * sizeof(rxq[0]));
	return take;
}

static uint16_t port_tx(void *queue, struct rte_mbuf **pkts, uint16_t n, uint64_t now)
{
	for (uint16_t i = 0; i < n; i++) {
		sent_check(pkts[i]);
		rte_pktmbuf_free(pkts[i]);
	}
	n_sent += n;
	return n;
}

static int port_caps(struct drv_port *p, struct drv_caps *caps)
{
	*caps = (struct drv_caps){.max_rx_queues = 1, .max_tx_queues = 1, .max_mtu = 1500};
	memcpy(caps->mac, mac_ours, sizeof(caps->mac));
	return 0;
}

static const struct drv_ops port_ops = {.name = "fuzz", .caps = port_caps};

static void feed(const uint8_t *b, unsigned len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (m == NULL || n_rxq == RTE_DIM(rxq)) {
		rte_pktmbuf_free(m);
		return;
	}
	if (len != 0)
		memcpy(rte_pktmbuf_append(m, (uint16_t)len), b, len);
	m->port = 0;
	rxq[n_rxq++] = m;
	n_fed++;
}

/* Packets. */

static unsigned headers(uint8_t *b, bool v6, uint8_t proto, unsigned len)
{
	struct wire_eth e = {.type = v6 ? 0x86dd : 0x0800};

	memcpy(e.dst, mac_ours, 6);
	memcpy(e.src, mac_peer, 6);
	unsigned off = wire_eth_emit(b, &e);

	if (v6) {
		struct wire_ip6 h = {.payload_len = (uint16_t)len,
			.next = proto,
			.hops = 64,
			.src = ip6_peer,
			.dst = ip6_ours};

		return off + wire_ip6_emit(b + off, &h);
	}
	struct wire_ip4 h = {.hlen = 20,
		.total_len = (uint16_t)(20 + len),
		.ttl = 64,
		.proto = proto,
		.src = ip4_peer,
		.dst = ip4_ours};

	return off + wire_ip4_emit(b + off, &h, true);
}

static void cksum_set(uint8_t *l4, unsigned len, unsigned at, bool v6, uint8_t proto)
{
	uint32_t sum = v6 ? wire_cksum_pseudo6(&ip6_peer, &ip6_ours, proto, len)
			  : (proto == IPPROTO_ICMP ? 0
						   : wire_cksum_pseudo4(ip4_peer, ip4_ours, proto,
							     (uint16_t)len));

	memset(l4 + at, 0, 2);
	uint16_t ck = wire_cksum_fold(wire_cksum_sum(l4, len, sum));

	memcpy(l4 + at, &ck, 2);
}

static void flow_ports(unsigned f, uint16_t *ours, uint16_t *peer)
{
	*ours = f & 2 ? 40000 + (f & 1) : 80;
	*peer = f & 2 ? 80 : 5000 + (f & 1);
}

/* Small steps around what is expected, or anywhere. */
static uint32_t near(struct input *in, uint32_t at, uint8_t how)
{
	switch (how & 3) {
	case 0:
		return at;
	case 1:
		return at + (uint32_t)(int32_t)(int8_t)in8(in);
	case 2:
		return at + (uint32_t)(int32_t)(int16_t)in16(in);
	default:
		return (uint32_t)in16(in) << 16 | in16(in);
	}
}

static void do_tcp(struct input *in)
{
	uint8_t b[FRAME_MAX], which = in8(in), how = in8(in);
	unsigned f = which & 7, len, n_opts = 0;
	bool v6 = f >= 4;
	struct wire_tcp h = {.flags = in8(in), .hlen = WIRE_TCP_LEN};

	flow_ports(f, &h.dport, &h.sport);
	h.seq = near(in, flows[f].rcv, how);
	h.ack = near(in, flows[f].snd, how >> 2);
	h.wnd = how & 0x10 ? in16(in) : 65535;
	len = how & 0x20 ? in8(in) * 5u : 0;
	if (how & 0x40) {
		n_opts = 4u * (in8(in) % 11);
		h.hlen += n_opts;
	}
	unsigned off = headers(b, v6, IPPROTO_TCP, h.hlen + len);
	uint8_t *l4 = b + off;

	if (off + h.hlen + len > sizeof(b))
		return;
	wire_tcp_emit(l4, &h);
	for (unsigned i = 0; i < n_opts; i++)
		l4[WIRE_TCP_LEN + i] = in8(in);
	memset(l4 + h.hlen, 0x55, len);
	if (how & 0x80)
		b[in8(in)] ^= in8(in); /* a field of any header, checksum made right below */
	cksum_set(l4, h.hlen + len, 16, v6, IPPROTO_TCP);
	if (!v6 && how & 0x80) {
		uint16_t ck;

		memset(b + 24, 0, 2);
		ck = wire_cksum_fold(wire_cksum_sum(b + 14, 20, 0));
		memcpy(b + 24, &ck, 2);
	}
	feed(b, off + h.hlen + len);
	if (which & 8) /* and again, in the same burst */
		feed(b, off + h.hlen + len);
}

static void do_udp(struct input *in)
{
	uint8_t b[FRAME_MAX], which = in8(in);
	bool v6 = which & 1;
	unsigned len = in8(in) * 4u, off = headers(b, v6, IPPROTO_UDP, 8 + len);
	struct wire_udp h = {.sport = 7000, .dport = which & 2 ? 9 : 7, .len = (uint16_t)(8 + len)};

	wire_udp_emit(b + off, &h);
	memset(b + off + 8, 0x33, len);
	cksum_set(b + off, 8 + len, 6, v6, IPPROTO_UDP);
	feed(b, off + 8 + len);
}

/* An ICMP error about a segment of ours, or any other message. */
static void do_icmp(struct input *in)
{
	uint8_t b[FRAME_MAX], q[100], which = in8(in);
	unsigned f = which & 7;
	bool v6 = f >= 4;
	uint8_t proto = v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	struct wire_icmp i = {.type = in8(in), .code = in8(in), .rest = in16(in)};
	struct wire_tcp h = {.hlen = WIRE_TCP_LEN, .flags = WIRE_TCP_ACK};
	unsigned n = headers(q, v6, IPPROTO_TCP, 1000);

	flow_ports(f, &h.sport, &h.dport);
	h.seq = near(in, flows[f].snd - 1, which >> 4);
	n += wire_tcp_emit(q + n, &h);
	n -= 14;
	/* The quoted packet is ours: its addresses are the other way round. */
	if (v6) {
		memcpy(q + 14 + 8, &ip6_ours, 16);
		memcpy(q + 14 + 24, &ip6_peer, 16);
	} else {
		uint32_t a = rte_cpu_to_be_32(ip4_ours), d = rte_cpu_to_be_32(ip4_peer);

		memcpy(q + 14 + 12, &a, 4);
		memcpy(q + 14 + 16, &d, 4);
	}
	unsigned off = headers(b, v6, proto, WIRE_ICMP_LEN + n);

	wire_icmp_emit(b + off, &i);
	memcpy(b + off + WIRE_ICMP_LEN, q + 14, n);
	cksum_set(b + off, WIRE_ICMP_LEN + n, 2, v6, proto);
	feed(b, off + WIRE_ICMP_LEN + n);
}

static void do_raw(struct input *in)
{
	uint8_t b[FRAME_MAX];
	unsigned len = RTE_MIN((unsigned)in16(in) % FRAME_MAX, (unsigned)in->left);

	for (unsigned i = 0; i < len; i++)
		b[i] = in8(in);
	feed(b, len);
}

static void do_app(struct input *in)
{
	struct tcp *tcp = core_tcp(core);
	uint8_t which = in8(in), what = in8(in);
	struct tcb *t = tcp_find(tcp, conns[which % CONNS]);

	if (t != NULL)
		act(t, what);
}

static void do_connect(struct input *in)
{
	unsigned f = 2 | (in8(in) & 5);
	union net_ip l, r;
	uint16_t ours, peer;
	struct tcb *t;

	memset(&l, 0, sizeof(l));
	memset(&r, 0, sizeof(r));
	if (f >= 4) {
		l.v6 = ip6_ours;
		r.v6 = ip6_peer;
	} else {
		l.v4 = ip4_ours;
		r.v4 = ip4_peer;
	}
	flow_ports(f, &ours, &peer);
	t = tcp_connect(core_tcp(core), f >= 4, &l, ours, &r, peer, NET_NO_IFC, NULL, NULL, NULL);
	if (t != NULL)
		conn_add(t);
}

/* Buffers kept away, so that the pool runs dry; given back. */
static void do_pool(struct input *in)
{
	uint8_t n = in8(in);

	for (unsigned i = 0; i < 4u * (n & 0x7f) && n & 0x80 && n_held < POOL_SIZE; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		if (m == NULL)
			break;
		held[n_held++] = m;
	}
	while (!(n & 0x80) && n_held > 0)
		rte_pktmbuf_free(held[--n_held]);
}

/* To the next deadlines, no further than us. */
static void turn_until(uint64_t to)
{
	for (unsigned i = 0; i < 200; i++) {
		uint64_t next = core_next_us(core);

		core_turn(core, now_us);
		if (next > to || now_us >= to)
			break;
		now_us = RTE_MAX(next, now_us);
	}
	now_us = RTE_MAX(to, now_us);
	core_turn(core, now_us);
}

static void step(struct input *in)
{
	uint8_t op = in8(in);

	switch (op & 15) {
	case 0:
		do_raw(in);
		break;
	case 1:
		turn_until(now_us + (UINT64_C(1) << (in8(in) % 28)));
		break;
	case 2:
		do_app(in);
		break;
	case 3:
		do_connect(in);
		break;
	case 4:
		do_udp(in);
		break;
	case 5:
		do_icmp(in);
		break;
	case 6:
		do_pool(in);
		break;
	case 7:
		app_mode = in8(in);
		break;
	default:
		do_tcp(in);
		break;
	}
	if (!(op & 0x80))
		core_turn(core, now_us);
}

static void conf_make(struct stack_conf *c)
{
	struct conf_ifc *i = &c->port[0].ifc[0];

	stack_conf_default(c);
	c->tcp.connections = 5;
	c->tcp.half_open = 2;
	c->tcp.time_wait = 1;
	c->tcp.listeners = 4;
	c->tcp.ooo_max = 3;
	c->tcp.sndbuf = 8192;
	c->tcp.rcvbuf = 8192;
	c->udp_sockets = 8;
	c->net.neigh_max = 16;
	c->net.acd = false;
	c->net.dad_transmits = 0;
	c->n_ports = 1;
	c->port[0].mtu = 1500;
	c->port[0].n_ifc = 1;
	i->link_local = true;
	i->n_addr = 2;
	i->addr[0] = (struct conf_addr){.ip.v4 = ip4_ours, .plen = 24};
	i->addr[1] = (struct conf_addr){.v6 = true, .ip.v6 = ip6_ours, .plen = 64};
	i->n_neigh = 2;
	i->neigh[0] = (struct conf_neigh){.ip.v4 = ip4_peer};
	i->neigh[1] = (struct conf_neigh){.v6 = true, .ip.v6 = ip6_peer};
	memcpy(i->neigh[0].mac, mac_peer, 6);
	memcpy(i->neigh[1].mac, mac_peer, 6);
}

static void start(void)
{
	static struct stack_conf conf;
	static struct drv_port port;
	static struct drv_conf port_conf;
	static const struct core_app_ops app = {.tcp = &tcp_up, .udp = &udp_up};
	static const uint16_t reta[1];
	union net_ip zero = {.v4 = 0};

	conf_make(&conf);
	port = (struct drv_port){.ops = &port_ops, .rx = port_rx, .tx = port_tx, .n_queues = 1};
	if (pool == NULL) {
		pool = heap_pool_create("fuzz", POOL_SIZE, RTE_MBUF_DEFAULT_BUF_SIZE);
		FUZZ_CHECK(owner_init(&owner, owner_key_default, OWNER_KEY_MIN, reta, 1) == 0);
	}
	now_us = 1000000;
	n_fed = n_sent = 0;
	n_conns = 0;
	app_mode = 0;
	memset(flows, 0, sizeof(flows));
	memset(conns, 0, sizeof(conns));
	struct core_params p = {.conf = &conf,
		.owner = &owner,
		.pool = pool,
		.secret = {1, 2},
		.seed = 1,
		.now_us = now_us,
		.n_ports = 1,
		.port = {{.drv = &port, .conf = &port_conf}},
		.app = &app};

	core = core_create(&p);
	FUZZ_CHECK(core != NULL);
	FUZZ_CHECK(tcp_listen(core_tcp(core), false, true, &zero, 80, 0, NULL, NULL, NULL) != NULL);
	FUZZ_CHECK(udp_open(core_udp(core), false, true, &zero, 7, &zero, 0, NET_NO_IFC, NULL,
			   NULL) != NULL);
	core_turn(core, now_us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {.p = data, .left = size};

	start();
	app_mode = in8(&in);
	while (in.left > 0)
		step(&in);
	turn_until(now_us + 1000000);
	const struct counters *c = &core_env(core)->cnt;
	struct tcp_usage u;

	FUZZ_CHECK(n_rxq == 0);
	FUZZ_CHECK(c->n[CNT_core_rx_packets] == n_fed);
	FUZZ_CHECK(c->n[CNT_core_tx_packets] == n_sent);
	tcp_usage(core_tcp(core), &u);
	FUZZ_CHECK(u.connections <= u.connections_max && u.half_open <= u.half_open_max &&
		   u.time_wait <= u.time_wait_max);
	core_finish(core, now_us);
	core_destroy(core);
	while (n_held > 0)
		rte_pktmbuf_free(held[--n_held]);
	FUZZ_CHECK(heap_pool_avail(pool) == POOL_SIZE);
	return 0;
}
