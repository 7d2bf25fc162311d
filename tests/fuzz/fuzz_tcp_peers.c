/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include "core.h"
#include "fuzz.h"
#include "heap_pool.h"
#include "wire_cksum.h"

/*
 * A whole connection played from both sides: two cores, and between them somebody who drops, repeats,
 * swaps, cuts and changes segments as the input says, their checksums made right again. At the end
 * every buffer must be home. Bytes must arrive as they were sent as long as nothing was changed, and
 * always where the two sides sign (TCP-AO), since then nothing changed is taken.
 */
#define POOL_SIZE 1024
#define WIRE_MAX  64
#define FRAME_MAX 1600

struct input {
	const uint8_t *p;
	size_t left;
};

struct side {
	struct rte_mempool *pool;
	struct gn_core *core;
	struct rte_mbuf *rxq[64];
	unsigned n_rxq;
	struct {
		uint8_t b[FRAME_MAX];
		unsigned len;
	} wire[WIRE_MAX]; /* what it has sent, not yet with the other */
	unsigned n_wire;
	tcp_handle_t conn;
	uint32_t sent, received; /* of the connection's stream */
};

static struct side side[2];
static struct drv_port ports[2];
static struct owner owner;
static uint64_t now_us;
static uint8_t mode;
static bool changed; /* a segment was changed */

#define MODE_V6	     0x01
#define MODE_SIGNED  0x02
#define MODE_COOKIES 0x04
#define MODE_LAZY    0x08 /* applications do not read */
#define MODE_ECN     0x10
#define MODE_PROBING 0x20

static uint8_t in8(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->p++;
}

static uint8_t stream_byte(unsigned from, uint32_t at)
{
	return (uint8_t)((at * UINT32_C(2654435761)) >> 24) ^ (from ? 0x5a : 0);
}

static unsigned side_of(const void *ctx)
{
	return ctx == side[1].core;
}

/* The applications. */

static void up_opened(void *ctx, struct tcb *t)
{
	struct side *s = &side[side_of(ctx)];

	s->conn = tcp_handle(core_tcp(s->core), t);
	s->sent = 0;
	s->received = 0;
}

static void up_accepted(void *ctx, struct tcp_listener *l, struct tcb *t)
{
	up_opened(ctx, t);
}

static void up_received(void *ctx, struct tcb *t, struct rte_mbuf *m)
{
	unsigned me = side_of(ctx);
	struct side *s = &side[me];
	uint32_t len = m->pkt_len;
	bool sure = !changed || mode & MODE_SIGNED;

	rte_mbuf_sanity_check(m, 1);
	for (const struct rte_mbuf *x = m; x != NULL; x = x->next)
		for (unsigned i = 0; i < x->data_len; i++, s->received++)
			FUZZ_CHECK(!sure || *rte_pktmbuf_mtod_offset(x, uint8_t *, i) ==
						    stream_byte(!me, s->received));
	pkt_free(&core_env(s->core)->pool, m);
	if (!(mode & MODE_LAZY))
		tcp_consumed(core_tcp(s->core), t, len);
}

static void up_closed(void *ctx, struct tcb *t, int err)
{
	struct tcp *tcp = core_tcp(side[side_of(ctx)].core);

	FUZZ_CHECK(tcp_find(tcp, tcp_handle(tcp, t)) == NULL);
}

static void up_nothing(void *ctx, struct tcb *t)
{
}

static void up_writable(void *ctx, struct tcb *t, uint32_t room)
{
}

static const struct tcp_up_ops tcp_up = {
	.accepted = up_accepted,
	.connected = up_opened,
	.received = up_received,
	.peer_closed = up_nothing,
	.writable = up_writable,
	.closed = up_closed,
};
static const struct udp_up_ops udp_up;

/* The ports. */

static uint16_t port_rx(void *queue, struct rte_mbuf **pkts, uint16_t n, uint64_t now)
{
	struct side *s = queue;
	uint16_t take = RTE_MIN((uint16_t)s->n_rxq, n);

	memcpy(pkts, s->rxq, take * sizeof(pkts[0]));
	s->n_rxq -= take;
	memmove(s->rxq, s->rxq + take, s->n_rxq * sizeof(s->rxq[0]));
	return take;
}

static uint16_t port_tx(void *queue, struct rte_mbuf **pkts, uint16_t n, uint64_t now)
{
	struct side *s = queue;

	for (uint16_t i = 0; i < n; i++) {
		uint8_t copy[FRAME_MAX];
		const uint8_t *b = rte_pktmbuf_read(pkts[i], 0, pkts[i]->pkt_len, copy);

		rte_mbuf_sanity_check(pkts[i], 1);
		FUZZ_CHECK(pkts[i]->pkt_len <= 1514);
		if (s->n_wire < WIRE_MAX) {
			memcpy(s->wire[s->n_wire].b, b, pkts[i]->pkt_len);
			s->wire[s->n_wire++].len = pkts[i]->pkt_len;
		}
		rte_pktmbuf_free(pkts[i]);
	}
	return n;
}

static const uint8_t macs[2][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};

static int port_caps(struct drv_port *p, struct drv_caps *caps)
{
	*caps = (struct drv_caps){.max_rx_queues = 1, .max_tx_queues = 1, .max_mtu = 1500};
	memcpy(caps->mac, macs[p == &ports[1]], 6);
	return 0;
}

static const struct drv_ops port_ops = {.name = "fuzz", .caps = port_caps};

static union net_ip ip_of(unsigned i, bool v6)
{
	union net_ip ip = {.v4 = IP4(192, 0, 2, 1 + i)};

	if (v6)
		ip.v6 = (struct ip6){{0x20, 1, 0xd, 0xb8, [15] = (uint8_t)(1 + i)}};
	return ip;
}

/* The one in between. */

static void cksum_fix(uint8_t *b, unsigned len)
{
	unsigned l4 = mode & MODE_V6 ? 14 + 40 : 14 + 20, n = len - l4;
	uint32_t sum;
	uint16_t ck;

	if (len < l4 + 20)
		return;
	if (mode & MODE_V6) {
		struct ip6 s, d;

		memcpy(&s, b + 22, 16);
		memcpy(&d, b + 38, 16);
		sum = wire_cksum_pseudo6(&s, &d, IPPROTO_TCP, n);
	} else {
		uint32_t s, d;

		memset(b + 24, 0, 2);
		ck = wire_cksum_fold(wire_cksum_sum(b + 14, 20, 0));
		memcpy(b + 24, &ck, 2);
		memcpy(&s, b + 26, 4);
		memcpy(&d, b + 30, 4);
		sum = wire_cksum_pseudo4(
			rte_be_to_cpu_32(s), rte_be_to_cpu_32(d), IPPROTO_TCP, (uint16_t)n);
	}
	memset(b + l4 + 16, 0, 2);
	ck = wire_cksum_fold(wire_cksum_sum(b + l4, n, sum));
	memcpy(b + l4 + 16, &ck, 2);
}

/* One byte of the TCP header or behind it; numbers preferably by little. */
static void change(struct input *in, uint8_t *b, unsigned len)
{
	unsigned l4 = mode & MODE_V6 ? 14 + 40 : 14 + 20, at = l4 + in8(in) % 64;

	if (at >= len || b[l4 - (mode & MODE_V6 ? 34 : 11)] != IPPROTO_TCP)
		return;
	b[at] += in8(in);
	changed = true;
	cksum_fix(b, len);
}

static void deliver(unsigned to, const uint8_t *b, unsigned len)
{
	struct side *s = &side[to];
	struct rte_mbuf *m = s->n_rxq < RTE_DIM(s->rxq) ? rte_pktmbuf_alloc(s->pool) : NULL;

	if (m == NULL)
		return;
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), b, len);
	m->port = 0;
	s->rxq[s->n_rxq++] = m;
}

static void wire_remove(struct side *s, unsigned i)
{
	s->n_wire--;
	memmove(&s->wire[i], &s->wire[i + 1], (s->n_wire - i) * sizeof(s->wire[0]));
}

/* What happens to one frame of side from. */
static void carry(struct input *in, unsigned from, uint8_t how)
{
	struct side *s = &side[from];
	unsigned i = how & 0x40 && s->n_wire > 1 ? 1 : 0;

	if (s->n_wire == 0)
		return;
	switch (how & 7) {
	case 0: /* lost */
		break;
	case 1: /* twice */
		deliver(!from, s->wire[i].b, s->wire[i].len);
		deliver(!from, s->wire[i].b, s->wire[i].len);
		break;
	case 2: /* once, and kept for later */
		deliver(!from, s->wire[i].b, s->wire[i].len);
		return;
	case 3:
		change(in, s->wire[i].b, s->wire[i].len);
		deliver(!from, s->wire[i].b, s->wire[i].len);
		break;
	default:
		deliver(!from, s->wire[i].b, s->wire[i].len);
	}
	wire_remove(s, i);
}

static void act(struct input *in, unsigned me)
{
	struct side *s = &side[me];
	struct tcp *tcp = core_tcp(s->core);
	struct tcb *t = tcp_find(tcp, s->conn);
	uint8_t what = in8(in), data[4096];
	uint32_t n = 1 + (uint32_t)in8(in) * 16;
	ssize_t took;

	if (t == NULL)
		return;
	switch (what & 7) {
	case 0:
		tcp_shutdown(tcp, t);
		break;
	case 1:
		if ((what & 0xf0) == 0)
			tcp_abort(tcp, t);
		break;
	case 2:
		if ((what & 0xc0) == 0)
			tcp_close_linger(tcp, t, n * 1000);
		break;
	case 3:
		tcp_consumed(tcp, t, n);
		break;
	default:
		for (uint32_t i = 0; i < n; i++)
			data[i] = stream_byte(me, s->sent + i);
		took = tcp_send(tcp, t, data, n, what & 8);
		if (took > 0)
			s->sent += (uint32_t)took;
	}
}

static void connect_again(void)
{
	bool v6 = mode & MODE_V6;
	union net_ip l = ip_of(0, v6), r = ip_of(1, v6);

	tcp_connect(core_tcp(side[0].core), v6, &l, 40000, &r, 80, NET_NO_IFC, NULL, NULL, NULL);
}

static void turn(void)
{
	for (unsigned i = 0; i < 2; i++)
		core_turn(side[i].core, now_us);
}

static void pass(uint64_t us)
{
	uint64_t end = now_us + us;

	for (unsigned i = 0; i < 50 && now_us < end; i++) {
		uint64_t next = RTE_MIN(core_next_us(side[0].core), core_next_us(side[1].core));

		now_us = RTE_MIN(RTE_MAX(next, now_us + 1), end);
		turn();
	}
	now_us = end;
	turn();
}

static void step(struct input *in)
{
	uint8_t op = in8(in);

	switch (op & 7) {
	case 0:
		act(in, op >> 7);
		break;
	case 1:
		pass(UINT64_C(1) << ((op >> 3) % 26));
		break;
	case 2:
		if (op & 0x80)
			connect_again();
		break;
	default:
		for (unsigned n = 1 + ((op >> 3) & 7); n > 0; n--)
			carry(in, op >> 7, in8(in));
	}
	turn();
}

static void conf_make(struct stack_conf *c, unsigned me)
{
	struct conf_ifc *i = &c->port[0].ifc[0];

	stack_conf_default(c);
	c->tcp.connections = 4;
	c->tcp.half_open = 2;
	c->tcp.time_wait = 2;
	c->tcp.listeners = 2;
	c->tcp.sndbuf = 32768;
	c->tcp.rcvbuf = 32768;
	c->tcp.ecn = mode & MODE_ECN ? TCP_ECN_ON : TCP_ECN_ACCEPT;
	c->tcp.syn_cookies = mode & MODE_COOKIES ? TCP_COOKIES_ALWAYS : TCP_COOKIES_AUTO;
	if (mode & MODE_PROBING)
		c->tcp.mtu_probing = TCP_MTU_PROBING_ALWAYS;
	c->udp_sockets = 2;
	c->net.neigh_max = 16;
	c->net.acd = false;
	c->net.dad_transmits = 0;
	c->n_ports = 1;
	c->port[0].mtu = 1500;
	c->port[0].n_ifc = 1;
	i->n_addr = 2;
	i->n_neigh = 2;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		i->addr[v6] =
			(struct conf_addr){.v6 = v6, .ip = ip_of(me, v6), .plen = v6 ? 64 : 24};
		i->neigh[v6] = (struct conf_neigh){.v6 = v6, .ip = ip_of(!me, v6)};
		memcpy(i->neigh[v6].mac, macs[!me], 6);
	}
	if (mode & MODE_SIGNED) {
		c->tcp.n_key = 1;
		c->tcp.key[0] = (struct tcp_auth_key){.v6 = mode & MODE_V6,
			.peer = ip_of(!me, mode & MODE_V6),
			.plen = mode & MODE_V6 ? 128 : 32,
			.alg = TCP_AUTH_HMAC_SHA1,
			.len = 3,
			.key = "key"};
	}
}

static void start(unsigned me)
{
	static struct stack_conf conf[2];
	static struct drv_conf port_conf;
	static const struct core_app_ops app = {.tcp = &tcp_up, .udp = &udp_up};
	static const uint16_t reta[1];
	struct side *s = &side[me];

	conf_make(&conf[me], me);
	ports[me] =
		(struct drv_port){.ops = &port_ops, .rx = port_rx, .tx = port_tx, .n_queues = 1};
	if (s->pool == NULL) {
		s->pool = heap_pool_create("fuzz", POOL_SIZE, RTE_MBUF_DEFAULT_BUF_SIZE);
		FUZZ_CHECK(owner_init(&owner, owner_key_default, OWNER_KEY_MIN, reta, 1) == 0);
	}
	s->n_rxq = 0;
	s->n_wire = 0;
	s->conn = 0;
	ports[me].rx_queue[0] = s;
	ports[me].tx_queue[0] = s;
	struct core_params p = {.conf = &conf[me],
		.owner = &owner,
		.pool = s->pool,
		.secret = {1 + me, 2},
		.seed = 1 + me,
		.now_us = now_us,
		.n_ports = 1,
		.port = {{.drv = &ports[me], .conf = &port_conf}},
		.app = &app};

	s->core = core_create(&p);
	FUZZ_CHECK(s->core != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {.p = data, .left = size};
	union net_ip zero = {.v4 = 0};

	mode = in8(&in);
	changed = false;
	now_us = 1000000;
	start(0);
	start(1);
	FUZZ_CHECK(tcp_listen(core_tcp(side[1].core), false, true, &zero, 80, 0, NULL, NULL,
			   NULL) != NULL);
	turn();
	connect_again();
	turn();
	while (in.left > 0)
		step(&in);
	pass(1000000);
	for (unsigned i = 0; i < 2; i++) {
		core_finish(side[i].core, now_us);
		core_destroy(side[i].core);
		while (side[i].n_rxq > 0)
			rte_pktmbuf_free(side[i].rxq[--side[i].n_rxq]);
		FUZZ_CHECK(heap_pool_avail(side[i].pool) == POOL_SIZE);
	}
	return 0;
}
