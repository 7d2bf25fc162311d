/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <string.h>

#include "heap_pool.h"
#include "tx.h"
#include "wire_cksum.h"
#include "wire_eth.h"
#include "wire_ip4.h"
#include "wire_ip6.h"
#include "wire_tcp.h"

#define BUFS	 512
#define SENT_MAX 1024

/* A port that takes what it is told to and remembers what it got. */
static struct {
	uint16_t takes; /* packets a call */
	unsigned n_calls, n;
	struct rte_mbuf *pkts[SENT_MAX];
} wire;

static struct env env;
static struct rte_mempool *pool;
static struct tx_queue queue;
static struct drv_caps fake_caps;
static struct drv_conf fake_conf;

static int fake_caps_get(struct drv_port *p, struct drv_caps *caps)
{
	(void)p;
	*caps = fake_caps;
	return 0;
}

static uint16_t fake_tx(void *q, struct rte_mbuf **pkts, uint16_t n, uint64_t now_us)
{
	(void)q;
	(void)now_us;
	wire.n_calls++;
	n = RTE_MIN(n, wire.takes);
	for (unsigned i = 0; i < n; i++)
		wire.pkts[wire.n++] = pkts[i];
	return n;
}

static const struct drv_ops fake_ops = {.name = "fake", .caps = fake_caps_get};
static struct drv_port fake_port = {.ops = &fake_ops};

static void open_queue(uint32_t offloads)
{
	struct core_port port = {.drv = &fake_port, .conf = &fake_conf};

	fake_conf.offloads = offloads;
	tx_queue_init(&queue, &port, fake_tx, NULL, false, &env);
}

static void setup(void)
{
	pool = heap_pool_create("tx", BUFS, RTE_MBUF_DEFAULT_BUF_SIZE);
	heap_pkt_pool(&env.pool, pool, &env.cnt);
	wire.takes = UINT16_MAX;
	open_queue(DRV_TX_MULTI_SEGS);
}

static void wire_clear(void)
{
	for (unsigned i = 0; i < wire.n; i++)
		rte_pktmbuf_free(wire.pkts[i]);
	wire.n = 0;
}

static void teardown(void)
{
	tx_queue_fini(&queue);
	wire_clear();
	cr_expect_eq(heap_pool_avail(pool), BUFS, "a buffer was lost");
	heap_pool_free(pool);
}

TestSuite(tx, .init = setup, .fini = teardown);

static struct rte_mbuf *frame(unsigned len)
{
	struct rte_mbuf *m = pkt_alloc(&env.pool);

	rte_pktmbuf_append(m, len);
	return m;
}

/* A chain of pieces whose bytes count up through all of them. */
static struct rte_mbuf *chain(unsigned n_segs, unsigned seg_len)
{
	struct rte_mbuf *head = NULL;

	for (unsigned s = 0; s < n_segs; s++) {
		struct rte_mbuf *m = frame(seg_len);

		for (unsigned i = 0; i < seg_len; i++)
			rte_pktmbuf_mtod(m, uint8_t *)[i] = (uint8_t)(s * seg_len + i);
		if (head == NULL)
			head = m;
		else
			cr_assert_eq(rte_pktmbuf_chain(head, m), 0);
	}
	return head;
}

Test(tx, sends_in_bursts_and_counts)
{
	for (unsigned i = 0; i < TX_BURST; i++)
		tx_queue_add(&queue, frame(60 + i));
	cr_expect_eq(wire.n_calls, 1, "a full burst goes at once");
	tx_queue_add(&queue, frame(60));
	cr_expect_eq(wire.n, TX_BURST, "a single frame waits for the end of the turn");
	tx_queue_flush(&queue);
	cr_expect_eq(wire.n, TX_BURST + 1);
	cr_expect_eq(env.cnt.n[CNT_core_tx_packets], TX_BURST + 1);
	cr_expect_eq(
		env.cnt.n[CNT_core_tx_bytes], TX_BURST * 60 + TX_BURST * (TX_BURST - 1) / 2 + 60);
}

/* What the port refuses stays in order for the next turn; past the bound the newest is dropped. */
Test(tx, holds_what_the_port_refuses_and_drops_the_newest)
{
	struct rte_mbuf *first = frame(100), *m;

	wire.takes = 0;
	tx_queue_add(&queue, first);
	for (unsigned i = 1; i < TX_HOLD_MAX; i++)
		tx_queue_add(&queue, frame(100));
	cr_expect_eq(env.cnt.drop[DROP_tx_full], 0);
	tx_queue_add(&queue, frame(100));
	tx_queue_add(&queue, frame(100));
	cr_expect_eq(env.cnt.drop[DROP_tx_full], 2);
	cr_expect_eq(env.cnt.n[CNT_core_tx_packets], 0, "none was taken");

	wire.takes = 10;
	tx_queue_flush(&queue);
	cr_expect_eq(wire.n, 10);
	cr_expect_eq(wire.pkts[0], first, "the order is kept");
	cr_expect_eq(env.cnt.n[CNT_core_tx_bytes], 10 * 100);
	m = frame(77);
	wire.takes = UINT16_MAX;
	tx_queue_add(&queue, m);
	tx_queue_flush(&queue);
	cr_expect_eq(wire.n, TX_HOLD_MAX + 1);
	cr_expect_eq(wire.pkts[wire.n - 1], m);
	cr_expect_eq(env.cnt.n[CNT_core_tx_packets], TX_HOLD_MAX + 1);
	cr_expect_eq(env.cnt.n[CNT_core_tx_bytes], TX_HOLD_MAX * 100 + 77);
}

Test(tx, makes_one_buffer_where_the_port_takes_no_chains)
{
	struct rte_mbuf *m = chain(3, 101);

	open_queue(0);
	m->ol_flags = RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4;
	m->l2_len = 14;
	m->l3_len = 20;
	tx_queue_add(&queue, m);
	tx_queue_flush(&queue);
	cr_assert_eq(wire.n, 1);
	m = wire.pkts[0];
	cr_expect_eq(m->nb_segs, 1);
	cr_assert_eq(m->pkt_len, 303);
	for (unsigned i = 0; i < 303; i++)
		cr_assert_eq(rte_pktmbuf_mtod(m, uint8_t *)[i], (uint8_t)i, "byte %u", i);
	cr_expect_eq(m->ol_flags, RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4);
	cr_expect_eq(m->l2_len, 14);
	cr_expect_eq(m->l3_len, 20);
	cr_expect_eq(env.cnt.n[CNT_core_linearized], 1);
}

Test(tx, drops_a_chain_that_fits_no_buffer)
{
	open_queue(0);
	tx_queue_add(&queue, chain(3, 1000));
	cr_expect_eq(env.cnt.drop[DROP_too_big], 1);
}

Test(tx, drops_and_counts_when_the_pool_is_empty)
{
	struct rte_mbuf *m = chain(2, 50), *all[BUFS + 1];
	unsigned n = 0;

	open_queue(0);
	while ((all[n] = pkt_alloc(&env.pool)) != NULL)
		n++;
	tx_queue_add(&queue, m);
	cr_expect_eq(env.cnt.drop[DROP_pool_empty], 1);
	while (n > 0)
		pkt_free(&env.pool, all[--n]);
	tx_queue_add(&queue, chain(2, 50));
	cr_expect_eq(queue.out.n, 1, "service resumes");
}

/* ---- segmentation ---- */

struct tso_case {
	bool v6, vlan;
	unsigned payload, mss, seg_len; /* bytes; of the source's segments behind the headers */
	uint8_t flags;
};

#define TSO_SEQ 0xfffffc00u /* wraps within the payload */
#define TSO_ID	0xfffe

static const struct ip6 ip6_a = {{0xfe, 0x80, 15}}, ip6_b = {{0xfe, 0x80, 7}};

static uint8_t payload_byte(unsigned i)
{
	return (uint8_t)(i * 7 + i / 251);
}

static unsigned tso_headers(const struct tso_case *t, struct rte_mbuf *m)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	struct wire_eth eth = {
		.type = t->v6 ? 0x86dd : 0x0800, .n_tags = t->vlan, .tci = {42}, .dst = {2, 1}};
	struct wire_tcp_opts opts = {.has = WIRE_TCP_OPT_TS, .tsval = 1, .tsecr = 2};
	struct wire_tcp tcp = {.sport = 80,
		.dport = 5000,
		.seq = TSO_SEQ,
		.ack = 99,
		.flags = t->flags,
		.wnd = 4096,
		.cksum = 0xbeef};
	uint16_t l4 = 32 + t->payload;

	m->l2_len = wire_eth_emit(p, &eth);
	if (t->v6) {
		struct wire_ip6 ip = {.payload_len = l4, .next = 6, .hops = 64};

		ip.src = ip6_a;
		ip.dst = ip6_b;
		m->l3_len = wire_ip6_emit(p + m->l2_len, &ip);
	} else {
		struct wire_ip4 ip = {.hlen = 20,
			.total_len = 20 + l4,
			.id = TSO_ID,
			.ttl = 64,
			.proto = 6,
			.src = IP4(10, 0, 0, 1),
			.dst = IP4(10, 0, 0, 2)};

		m->l3_len = wire_ip4_emit(p + m->l2_len, &ip, false);
	}
	tcp.hlen =
		WIRE_TCP_LEN + wire_tcp_opts_emit(p + m->l2_len + m->l3_len + WIRE_TCP_LEN, &opts);
	wire_tcp_emit(p + m->l2_len + m->l3_len, &tcp);
	m->l4_len = tcp.hlen;
	return m->l2_len + m->l3_len + m->l4_len;
}

static struct rte_mbuf *tso_frame(const struct tso_case *t)
{
	struct rte_mbuf *m = pkt_alloc(&env.pool);
	unsigned hdr = tso_headers(t, m);

	rte_pktmbuf_append(m, hdr);
	for (unsigned at = 0; at < t->payload;) {
		unsigned n = RTE_MIN(t->seg_len, t->payload - at);
		struct rte_mbuf *seg = frame(n);

		for (unsigned i = 0; i < n; i++)
			rte_pktmbuf_mtod(seg, uint8_t *)[i] = payload_byte(at + i);
		cr_assert_eq(rte_pktmbuf_chain(m, seg), 0);
		at += n;
	}
	m->ol_flags = RTE_MBUF_F_TX_TCP_SEG |
		      (t->v6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM);
	m->tso_segsz = t->mss;
	return m;
}

/* IP header of the index-th segment right, by the strict parsers; returns its TCP pseudo sum. */
static uint32_t tso_ip_check(
	const struct tso_case *t, const uint8_t *p, unsigned len, unsigned index)
{
	if (t->v6) {
		struct wire_ip6 ip;

		cr_assert_eq(wire_ip6_parse(p, len, &ip), WIRE_IP6_LEN);
		cr_expect_eq(ip.payload_len, len - WIRE_IP6_LEN);
		return wire_cksum_pseudo6(&ip6_a, &ip6_b, 6, ip.payload_len);
	}
	struct wire_ip4 ip;

	cr_assert_eq(wire_ip4_parse(p, len, true, &ip), WIRE_IP4_LEN, "header checksum");
	cr_expect_eq(ip.total_len, len);
	cr_expect_eq(ip.id, (uint16_t)(TSO_ID + index), "identifications count up and wrap");
	return wire_cksum_pseudo4(ip.src, ip.dst, 6, len - WIRE_IP4_LEN);
}

static unsigned tso_check(
	const struct tso_case *t, struct rte_mbuf *m, unsigned index, unsigned off)
{
	uint8_t frame_bytes[9100];
	unsigned len = m->pkt_len;
	const uint8_t *p = rte_pktmbuf_read(m, 0, len, frame_bytes);
	struct wire_eth eth;
	struct wire_tcp tcp;
	int l2 = wire_eth_parse(p, len, &eth);
	unsigned l3 = t->v6 ? WIRE_IP6_LEN : WIRE_IP4_LEN;
	uint32_t pseudo = tso_ip_check(t, p + l2, len - l2, index);
	const uint8_t *l4 = p + l2 + l3;
	unsigned l4_len = len - l2 - l3, payload = l4_len - 32;
	bool last = off + payload == t->payload;
	uint8_t flags = t->flags;

	cr_expect_eq(eth.n_tags, t->vlan);
	cr_expect_eq(wire_cksum_fold(wire_cksum_sum(l4, l4_len, pseudo)), 0, "TCP checksum");
	cr_assert_eq(wire_tcp_parse(l4, l4_len, &tcp), 32, "options are kept");
	cr_expect_eq(tcp.seq, TSO_SEQ + off);
	if (!last)
		flags &= ~(WIRE_TCP_FIN | WIRE_TCP_PSH);
	if (index > 0)
		flags &= ~WIRE_TCP_CWR;
	cr_expect_eq(tcp.flags, flags);
	cr_expect_eq(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG, 0);
	cr_expect(last || payload == t->mss);
	for (unsigned i = 0; i < payload; i++)
		cr_assert_eq(l4[32 + i], payload_byte(off + i), "byte %u of %u", i, index);
	return payload;
}

Test(tx, cuts_segments_as_a_port_would)
{
	const uint8_t all = WIRE_TCP_ACK | WIRE_TCP_PSH | WIRE_TCP_FIN | WIRE_TCP_CWR;
	const struct tso_case cases[] = {
		{.payload = 5000, .mss = 1448, .seg_len = 2000, .flags = all},
		{.payload = 5000, .mss = 1428, .seg_len = 333, .flags = all, .v6 = true},
		{.payload = 2896, .mss = 1448, .seg_len = 1448, .flags = WIRE_TCP_ACK},
		{.payload = 100, .mss = 1448, .seg_len = 1, .flags = all, .vlan = true},
		{.payload = 30000, .mss = 8900, .seg_len = 2000, .flags = all},
	};

	for (unsigned c = 0; c < RTE_DIM(cases); c++) {
		const struct tso_case *t = &cases[c];
		unsigned off = 0;

		tx_queue_add(&queue, tso_frame(t));
		tx_queue_flush(&queue);
		cr_assert_eq(wire.n, (t->payload + t->mss - 1) / t->mss, "case %u", c);
		for (unsigned i = 0; i < wire.n; i++)
			off += tso_check(t, wire.pkts[i], i, off);
		cr_expect_eq(off, t->payload, "case %u: every byte once", c);
		wire_clear();
	}
	cr_expect_eq(env.cnt.drop[DROP_too_big], 0);
}

Test(tx, leaves_tso_to_a_port_that_has_it)
{
	const struct tso_case t = {.payload = 3000, .mss = 1448, .seg_len = 1500};

	fake_caps.tso_max_segs = 8;
	open_queue(DRV_TX_TSO | DRV_TX_MULTI_SEGS);
	tx_queue_add(&queue, tso_frame(&t));
	tx_queue_flush(&queue);
	cr_assert_eq(wire.n, 1);
	cr_expect_neq(wire.pkts[0]->ol_flags & RTE_MBUF_F_TX_TCP_SEG, 0);
	wire_clear();

	/* More pieces than the port can gather: cut here. */
	struct tso_case many = t;

	many.seg_len = 100;
	tx_queue_add(&queue, tso_frame(&many));
	tx_queue_flush(&queue);
	cr_expect_eq(wire.n, 3);
}

Test(tx, drops_a_tso_frame_without_a_size)
{
	const struct tso_case t = {.payload = 3000, .mss = 0, .seg_len = 1500};

	tx_queue_add(&queue, tso_frame(&t));
	cr_expect_eq(env.cnt.drop[DROP_too_big], 1);
}
