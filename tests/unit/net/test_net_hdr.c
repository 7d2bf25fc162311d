/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <string.h>

#include "net_hdr.h"
#include "net_host.h"
#include "net_priv.h"

/* Prepared headers against net_output4() and net_output6(), and when they end. */

static struct net_txq txq;

static struct host *host_offloads(void)
{
	struct host *h = host_new(1);

	h->conf.acd = false;
	h->conf.dad_transmits = 0;
	h->ifc.offloads = NET_TX_IP_CKSUM | NET_TX_L4_CKSUM;
	host_start(h, true, true);
	host_run(h, 5000000);
	while (host_tx(h) != NULL)
		;
	learn4(h, PEER4, peer_mac);
	txq = (struct net_txq){.flush_at = 64, .full_at = 63, .max_segs = 1};
	h->core[0].net->ifc[0].txq = &txq;
	return h;
}

/* A payload of len bytes with len as each. */
static struct rte_mbuf *payload(struct host *h, unsigned len)
{
	struct rte_mbuf *m = pkt_alloc(&h->core[0].env.pool);

	memset(rte_pktmbuf_append(m, (uint16_t)len), (int)len, len);
	return m;
}

/* The frame of the general way. */
static void general(struct host *h, struct net_dst *d, const union net_ip *src,
	const union net_ip *dst, unsigned len)
{
	struct net_tx tx = {.proto = IPPROTO_UDP};
	struct rte_mbuf *m = payload(h, len);
	uint8_t *l4 = (uint8_t *)rte_pktmbuf_prepend(m, NET_UDP_LEN);

	wire_put32(l4, 7u << 16 | 9);
	wire_put16(l4 + 4, (uint16_t)(len + NET_UDP_LEN));
	txq.n = 0;
	h->core[0].net->ifc[0].txq = &h->core[0].net->no_txq;
	cr_assert_eq(net_output4(h->core[0].net, d, m, src->v4, dst->v4, &tx), 0);
	h->core[0].net->ifc[0].txq = &txq;
}

Test(net_hdr, same_frame_as_the_general_way)
{
	struct host *h = host_offloads();
	union net_ip src = net_ip4(OUR4), dst = net_ip4(PEER4);
	struct net_hdr hdr = {.max = 0};
	const struct frame *f;
	struct net_dst d;

	cr_assert_eq(net_route(h->core[0].net, false, &dst, &src, NET_NO_IFC, &d), 0);
	net_hdr_udp(h->core[0].net, &d, false, &src, &dst, &hdr);
	cr_assert(net_hdr_ok(&hdr, 1480));
	cr_assert_not(net_hdr_ok(&hdr, 1481), "larger than the MTU");
	for (unsigned len = 0; len <= 1472; len += 23) {
		struct rte_mbuf *m = payload(h, len);
		uint8_t *b;

		general(h, &d, &src, &dst, len);
		f = host_tx(h);
		cr_assert(net_hdr_send(&hdr, m, 7u << 16 | 9, 1));
		cr_assert_eq(txq.n, 1);
		cr_assert_eq(txq.pkts[0], m);
		b = rte_pktmbuf_mtod(m, uint8_t *);
		cr_assert_eq(m->pkt_len, f->len);
		cr_assert_eq(m->data_len, f->len);
		cr_assert_eq(m->ol_flags, f->ol_flags);
		cr_assert_eq(wire_get16(b + 18), (uint16_t)(wire_get16(f->b + 18) + 1),
			"the next identification");
		memcpy(b + 18, f->b + 18, 2);
		cr_assert_arr_eq(b, f->b, f->len, "%u bytes", len);
		pkt_free(&h->core[0].env.pool, m);
	}
	host_free(h);
}

/* Nothing goes to a former MAC, nor over a link that is down, nor past the queue's end. */
Test(net_hdr, end_with_what_they_were_made_of)
{
	static const uint8_t other[6] = {2, 0, 0, 0, 0, 0x77};
	struct host *h = host_offloads();
	struct net *n = h->core[0].net;
	union net_ip src = net_ip4(OUR4), dst = net_ip4(PEER4);
	struct net_hdr hdr = {.max = 0};
	struct rte_mbuf *m = payload(h, 10);
	struct net_dst d;

	cr_assert_eq(net_route(n, false, &dst, &src, NET_NO_IFC, &d), 0);
	net_hdr_udp(n, &d, false, &src, &dst, &hdr);
	txq.flush_at = 1;
	txq.full_at = 0;
	cr_expect_not(net_hdr_send(&hdr, m, 7u << 16 | 9, 1), "no room");
	txq.flush_at = 64;
	txq.full_at = 63;
	cr_expect(net_hdr_ok(&hdr, 10));
	cr_assert_eq(net_neigh_add(n, 0, false, &dst, other), 0);
	cr_expect_not(net_hdr_send(&hdr, m, 7u << 16 | 9, 1), "another MAC");
	cr_assert_eq(net_route(n, false, &dst, &src, NET_NO_IFC, &d), 0);
	net_hdr_udp(n, &d, false, &src, &dst, &hdr);
	cr_expect(net_hdr_ok(&hdr, 10));
	net_ifc_link(n, 0, false);
	cr_expect_not(net_hdr_send(&hdr, m, 7u << 16 | 9, 1), "link down");
	net_hdr_udp(n, &d, false, &src, &dst, &hdr);
	cr_expect_not(net_hdr_ok(&hdr, 10), "not prepared either");
	net_ifc_link(n, 0, true);
	host_run(h, 5000000);
	cr_assert_eq(net_route(n, false, &dst, &src, NET_NO_IFC, &d), 0);
	net_hdr_udp(n, &d, false, &src, &dst, &hdr);
	cr_expect(net_hdr_ok(&hdr, 10));
	pkt_free(&h->core[0].env.pool, m);
	host_free(h);
}
