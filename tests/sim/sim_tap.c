/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "wire_arp.h"
#include "wire_eth.h"
#include "wire_ip4.h"
#include "wire_ip6.h"
#include "wire_tcp.h"
#include "wire_udp.h"

#define TAP_HASH_BYTES 128 /* of each frame: all headers; payloads are in their checksums */

struct tap_queue {
	struct tap *tap;
	uint16_t index;
};

struct tap {
	struct drv_port port;
	struct drv_port *inner;
	uint64_t *trace;
	FILE *const *verbose;
	char host[16];
	struct tap_queue queue[64];
};

static struct tap *tap_of(struct drv_port *p)
{
	return (struct tap *)p;
}

static uint64_t tap_mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

/* Transport header at p, of proto. */
static void tap_print_l4(FILE *f, uint8_t proto, const uint8_t *p, size_t len)
{
	char text[256];
	struct wire_tcp tcp;
	struct wire_udp udp;

	if (proto == IPPROTO_TCP && wire_tcp_parse(p, len, &tcp) > 0)
		wire_tcp_print(text, sizeof(text), &tcp, (uint32_t)(len - tcp.hlen));
	else if (proto == IPPROTO_UDP && wire_udp_parse(p, len, &udp) > 0)
		wire_udp_print(text, sizeof(text), &udp);
	else if (len >= 2)
		snprintf(text, sizeof(text), "protocol %u, type %u, code %u", proto, p[0], p[1]);
	else
		snprintf(text, sizeof(text), "protocol %u, %zu bytes", proto, len);
	fprintf(f, " %s", text);
}

static void tap_print_l3(FILE *f, uint16_t type, const uint8_t *p, size_t len)
{
	char text[256] = "";
	struct wire_ip4 ip4;
	struct wire_ip6 ip6;
	struct wire_arp arp;
	int n;

	switch (type) {
	case 0x0800:
		n = wire_ip4_parse(p, len, false, &ip4);
		if (n > 0) {
			wire_ip4_print(text, sizeof(text), &ip4);
			fprintf(f, "%s", text);
			tap_print_l4(f, ip4.proto, p + n, ip4.total_len - (size_t)n);
		}
		return;
	case 0x86dd:
		n = wire_ip6_parse(p, len, &ip6);
		if (n > 0) {
			wire_ip6_print(text, sizeof(text), &ip6);
			fprintf(f, "%s", text);
			tap_print_l4(f, ip6.next, p + n, ip6.payload_len);
		}
		return;
	case 0x0806:
		if (wire_arp_parse(p, len, &arp) > 0)
			wire_arp_print(text, sizeof(text), &arp);
		fprintf(f, "%s", text);
		return;
	default:
		fprintf(f, "type %04x", type);
	}
}

static void tap_print(
	FILE *f, const struct tap_queue *q, char way, const struct rte_mbuf *m, uint64_t now_us)
{
	uint8_t buf[65535 + WIRE_ETH_MAX_LEN];
	uint32_t len = RTE_MIN(m->pkt_len, (uint32_t)sizeof(buf));
	const uint8_t *p = rte_pktmbuf_read(m, 0, len, buf);
	struct wire_eth eth;
	int n = wire_eth_parse(p, len, &eth);

	fprintf(f, "%10" PRIu64 ".%06" PRIu64 " %s/%u %c ", now_us / 1000000, now_us % 1000000,
		q->tap->host, q->index, way);
	if (n > 0)
		tap_print_l3(f, eth.type, p + n, len - (uint32_t)n);
	fprintf(f, " (%u bytes)\n", m->pkt_len);
}

static void tap_see(const struct tap_queue *q, char way, const struct rte_mbuf *m, uint64_t now_us)
{
	uint8_t buf[TAP_HASH_BYTES];
	uint32_t len = RTE_MIN(m->pkt_len, (uint32_t)sizeof(buf)), off = 0;
	const uint8_t *p = rte_pktmbuf_read(m, 0, len, buf);
	uint64_t h = tap_mix(*q->tap->trace, now_us << 8 | (uint8_t)way);

	h = tap_mix(h, (uint64_t)m->pkt_len << 16 | q->index);
	for (; off + 8 <= len; off += 8) {
		uint64_t x;

		memcpy(&x, p + off, sizeof(x));
		h = tap_mix(h, x);
	}
	for (; off < len; off++)
		h = tap_mix(h, p[off]);
	*q->tap->trace = h;
	if (unlikely(*q->tap->verbose != NULL))
		tap_print(*q->tap->verbose, q, way, m, now_us);
}

static uint16_t tap_rx(void *queue, struct rte_mbuf **pkts, uint16_t n, uint64_t now_us)
{
	struct tap_queue *q = queue;
	struct drv_port *in = q->tap->inner;
	uint16_t got = in->rx(in->rx_queue[q->index], pkts, n, now_us);

	for (uint16_t i = 0; i < got; i++)
		tap_see(q, '<', pkts[i], now_us);
	return got;
}

/* One by one: what the port takes is no longer ours to look at. */
static uint16_t tap_tx(void *queue, struct rte_mbuf **pkts, uint16_t n, uint64_t now_us)
{
	struct tap_queue *q = queue;
	struct drv_port *in = q->tap->inner;

	for (uint16_t i = 0; i < n; i++) {
		tap_see(q, '>', pkts[i], now_us);
		if (in->tx(in->tx_queue[q->index], &pkts[i], 1, now_us) == 0)
			return i;
	}
	return n;
}

static int tap_caps(struct drv_port *p, struct drv_caps *caps)
{
	struct drv_port *in = tap_of(p)->inner;

	return in->ops->caps(in, caps);
}

static int tap_configure(struct drv_port *p, struct drv_conf *conf)
{
	struct tap *t = tap_of(p);
	int r = t->inner->ops->configure(t->inner, conf);

	if (r != 0)
		return r;
	p->rx = tap_rx;
	p->tx = tap_tx;
	p->n_queues = t->inner->n_queues;
	for (unsigned i = 0; i < RTE_DIM(t->queue); i++) {
		t->queue[i] = (struct tap_queue){.tap = t, .index = i};
		p->rx_queue[i] = t->inner->rx_queue[i] != NULL ? &t->queue[i] : NULL;
		p->tx_queue[i] = t->inner->tx_queue[i] != NULL ? &t->queue[i] : NULL;
	}
	return 0;
}

static int tap_start(struct drv_port *p)
{
	struct drv_port *in = tap_of(p)->inner;

	return in->ops->start(in);
}

static int tap_stop(struct drv_port *p)
{
	struct drv_port *in = tap_of(p)->inner;

	return in->ops->stop(in);
}

static void tap_link(struct drv_port *p, struct drv_link *link)
{
	struct drv_port *in = tap_of(p)->inner;

	in->ops->link(in, link);
}

static uint64_t tap_next_us(void *rx_queue)
{
	struct tap_queue *q = rx_queue;
	struct drv_port *in = q->tap->inner;

	return in->ops->next_us(in->rx_queue[q->index]);
}

static void tap_close(struct drv_port *p)
{
	struct drv_port *in = tap_of(p)->inner;

	in->ops->close(in);
	free(p);
}

static const struct drv_ops tap_ops = {
	.name = "tap",
	.caps = tap_caps,
	.configure = tap_configure,
	.start = tap_start,
	.stop = tap_stop,
	.link = tap_link,
	.next_us = tap_next_us,
	.close = tap_close,
};

struct drv_port *sim_tap_create(
	struct drv_port *inner, const char *host, uint64_t *trace, FILE *const *verbose)
{
	struct tap *t = calloc(1, sizeof(*t));

	if (t == NULL)
		abort();
	t->port.ops = &tap_ops;
	snprintf(t->port.name, sizeof(t->port.name), "%s", inner->name);
	t->inner = inner;
	t->trace = trace;
	t->verbose = verbose;
	snprintf(t->host, sizeof(t->host), "%s", host);
	return &t->port;
}
