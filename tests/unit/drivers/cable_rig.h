/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TEST_CABLE_RIG_H
#define GN_TEST_CABLE_RIG_H

#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "cable.h"
#include "heap_pool.h"
#include "owner.h"
#include "rng.h"

#define RIG_POOL 4096

/* Both ends of a cable, each with a pool of its own; what they offer they have enabled. */
struct rig {
	struct cable_conf conf;
	struct drv_conf drv[2];
	struct drv_port *port[2];
	struct rte_mempool *pool[2];
};

static inline void rig_defaults(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	for (int i = 0; i < 2; i++) {
		r->conf.side[i].max_queues = 8;
		r->conf.side[i].port_id = 10 + i;
		r->conf.side[i].mac[5] = i;
		r->drv[i].n_queues = 1;
		r->drv[i].mtu = 1500;
	}
	r->conf.seed = 42;
}

static inline void rig_start(struct rig *r)
{
	cr_assert_eq(cable_create(&r->conf, &r->port[0], &r->port[1]), 0);
	for (int i = 0; i < 2; i++) {
		r->pool[i] = heap_pool_create("rig", RIG_POOL, RTE_MBUF_DEFAULT_BUF_SIZE);
		cr_assert_not_null(r->pool[i]);
		for (int q = 0; q < r->drv[i].n_queues; q++)
			r->drv[i].pool[q] = r->pool[i];
		r->drv[i].offloads = r->conf.side[i].offloads;
		cr_assert_eq(r->port[i]->ops->configure(r->port[i], &r->drv[i]), 0);
	}
	for (int i = 0; i < 2; i++)
		cr_assert_eq(r->port[i]->ops->start(r->port[i]), 0);
}

/* Closes the ports and checks that every buffer is home. */
static inline void rig_stop(struct rig *r)
{
	for (int i = 0; i < 2; i++)
		r->port[i]->ops->close(r->port[i]);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(heap_pool_avail(r->pool[i]), RIG_POOL, "pool %d leaks", i);
		heap_pool_free(r->pool[i]);
	}
}

static inline uint16_t rig_tx(struct rig *r, int side, int q, struct rte_mbuf *m, uint64_t now)
{
	return r->port[side]->tx(r->port[side]->tx_queue[q], &m, 1, now);
}

static inline struct rte_mbuf *rig_rx(struct rig *r, int side, int q, uint64_t now)
{
	struct rte_mbuf *m = NULL;

	r->port[side]->rx(r->port[side]->rx_queue[q], &m, 1, now);
	return m;
}

static inline uint64_t rig_xstat(struct rig *r, int side, const char *name)
{
	struct drv_xstat x[32];
	int n = r->port[side]->ops->xstats(r->port[side], x, 32);

	for (int i = 0; i < n; i++)
		if (strcmp(x[i].name, name) == 0)
			return x[i].value;
	cr_assert_fail("no xstat %s", name);
	return 0;
}

/* A frame that is no IP packet: a serial number, then filling. */
static inline struct rte_mbuf *rig_raw(struct rig *r, int side, uint32_t serial, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(r->pool[side]);
	uint8_t *p;

	cr_assert_not_null(m);
	p = (uint8_t *)rte_pktmbuf_append(m, len);
	memset(p, 0x5a, len);
	p[12] = 0x88;
	p[13] = 0xb5; /* IEEE 802 local experimental */
	memcpy(p + 14, &serial, sizeof(serial));
	return m;
}

static inline uint32_t rig_serial(const struct rte_mbuf *m)
{
	uint32_t serial;

	memcpy(&serial, rte_pktmbuf_mtod(m, const uint8_t *) + 14, sizeof(serial));
	return serial;
}

struct rig_flow {
	int ip; /* 4 or 6 */
	uint8_t proto;
	uint32_t src, dst; /* IPv6: the last four bytes */
	uint16_t sport, dport;
	uint16_t payload;
	uint8_t tcp_flags;
};

static inline struct ip6 rig_ip6(uint32_t low)
{
	struct ip6 a = {{0x20, 1, 0xd, 0xb8}};

	for (int i = 0; i < 4; i++)
		a.b[12 + i] = (uint8_t)(low >> (24 - 8 * i));
	return a;
}

static inline uint8_t *rig_l3(struct rte_mbuf *m, const struct rig_flow *f, uint16_t l4_len)
{
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)rte_pktmbuf_append(m, sizeof(*eth));

	memset(eth, 2, sizeof(*eth));
	m->l2_len = sizeof(*eth);
	if (f->ip == 4) {
		struct rte_ipv4_hdr *h = (struct rte_ipv4_hdr *)rte_pktmbuf_append(m, sizeof(*h));

		eth->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
		*h = (struct rte_ipv4_hdr){.version_ihl = 0x45,
			.time_to_live = 64,
			.next_proto_id = f->proto,
			.packet_id = rte_cpu_to_be_16(0xfffe),
			.total_length = rte_cpu_to_be_16(sizeof(*h) + l4_len),
			.src_addr = rte_cpu_to_be_32(f->src),
			.dst_addr = rte_cpu_to_be_32(f->dst)};
		m->l3_len = sizeof(*h);
		return (uint8_t *)h;
	}
	struct rte_ipv6_hdr *h = (struct rte_ipv6_hdr *)rte_pktmbuf_append(m, sizeof(*h));
	struct ip6 src = rig_ip6(f->src), dst = rig_ip6(f->dst);

	eth->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6);
	*h = (struct rte_ipv6_hdr){.vtc_flow = rte_cpu_to_be_32(6u << 28),
		.proto = f->proto,
		.payload_len = rte_cpu_to_be_16(l4_len),
		.hop_limits = 64};
	memcpy(h->src_addr, &src, 16);
	memcpy(h->dst_addr, &dst, 16);
	m->l3_len = sizeof(*h);
	return (uint8_t *)h;
}

/* Payload byte i of a packet: anything that is not periodic in a power of two. */
static inline uint8_t rig_byte(uint32_t i)
{
	return (uint8_t)(i * 7 + i / 251);
}

/*
 * A TCP or UDP packet whose checksums are wrong (0x1111) until somebody computes them; its payload
 * is spread over segments of at most seg bytes.
 */
static inline struct rte_mbuf *rig_ip(
	struct rig *r, int side, const struct rig_flow *f, uint16_t seg)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(r->pool[side]), *tail;
	uint16_t hdr = f->proto == IPPROTO_TCP ? 20 : 8;
	uint8_t *l3 = rig_l3(m, f, hdr + f->payload);

	if (f->ip == 4)
		((struct rte_ipv4_hdr *)l3)->hdr_checksum = 0x1111;
	if (f->proto == IPPROTO_TCP) {
		struct rte_tcp_hdr *h = (struct rte_tcp_hdr *)rte_pktmbuf_append(m, sizeof(*h));

		*h = (struct rte_tcp_hdr){.src_port = rte_cpu_to_be_16(f->sport),
			.dst_port = rte_cpu_to_be_16(f->dport),
			.data_off = 5 << 4,
			.sent_seq = rte_cpu_to_be_32(0xfffffff0),
			.tcp_flags = f->tcp_flags,
			.cksum = 0x1111};
	} else {
		struct rte_udp_hdr *h = (struct rte_udp_hdr *)rte_pktmbuf_append(m, sizeof(*h));

		*h = (struct rte_udp_hdr){.src_port = rte_cpu_to_be_16(f->sport),
			.dst_port = rte_cpu_to_be_16(f->dport),
			.dgram_cksum = 0x1111,
			.dgram_len = rte_cpu_to_be_16(hdr + f->payload)};
	}
	m->l4_len = hdr;
	for (uint32_t i = 0; i < f->payload; i++) {
		if (i % seg == 0 && i != 0) {
			tail = rte_pktmbuf_alloc(r->pool[side]);
			cr_assert_not_null(tail);
			cr_assert_eq(rte_pktmbuf_chain(m, tail), 0);
		}
		*(uint8_t *)rte_pktmbuf_append(m, 1) = rig_byte(i);
	}
	return m;
}

/* The request for all checksums of a packet that rig_ip() made. */
static inline uint64_t rig_cksum_flags(const struct rig_flow *f)
{
	return (f->ip == 4 ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM : RTE_MBUF_F_TX_IPV6) |
	       (f->proto == IPPROTO_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM);
}

/* True: the IPv4 header's and the TCP or UDP checksum are right, as DPDK computes them. */
static inline bool rig_cksum_right(const struct rte_mbuf *m, int ip)
{
	static uint8_t flat[70000];
	const uint8_t *p = rte_pktmbuf_read(m, 0, m->pkt_len, flat);

	if (p != flat)
		memcpy(flat, p, m->pkt_len);
	if (ip == 6) {
		const struct rte_ipv6_hdr *h = (const void *)(flat + 14);

		return rte_ipv6_udptcp_cksum_verify(h, h + 1) == 0;
	}
	const struct rte_ipv4_hdr *h = (const void *)(flat + 14);

	return rte_raw_cksum(h, sizeof(*h)) == 0xffff &&
	       rte_ipv4_udptcp_cksum_verify(h, h + 1) == 0;
}

#endif
