/* SPDX-License-Identifier: BSD-3-Clause */
#include "cable_rig.h"

/* What the offload flags of sent packets do, in both modes. */

static struct rig rig;

#define TX_ALL	 (DRV_TX_IP_CKSUM | DRV_TX_L4_CKSUM | DRV_TX_TSO | DRV_TX_MULTI_SEGS)
#define RX_CKSUM (DRV_RX_IP_CKSUM | DRV_RX_L4_CKSUM)
#define L4_GOOD	 RTE_MBUF_F_RX_L4_CKSUM_GOOD
#define IP_GOOD	 RTE_MBUF_F_RX_IP_CKSUM_GOOD

static const struct rig_flow flows[] = {
	{4, IPPROTO_TCP, 0x0a000001, 0x0a000002, 1000, 80, 777, RTE_TCP_ACK_FLAG},
	{4, IPPROTO_UDP, 0x0a000001, 0x0a000002, 1000, 53, 778, 0},
	{6, IPPROTO_TCP, 1, 2, 1000, 80, 779, RTE_TCP_ACK_FLAG},
	{6, IPPROTO_UDP, 1, 2, 1000, 53, 780, 0},
};

static uint64_t good_of(const struct rig_flow *f)
{
	return L4_GOOD | (f->ip == 4 ? IP_GOOD : 0);
}

static void setup(void)
{
	rig_defaults(&rig);
	rig.conf.side[0].offloads = TX_ALL;
}

TestSuite(cable_offload, .init = setup);

/* Sends one packet of flow f, in segments of odd size, with flags; returns what arrives. */
static struct rte_mbuf *send_one(const struct rig_flow *f, uint64_t flags)
{
	struct rte_mbuf *m = rig_ip(&rig, 0, f, 101);

	m->ol_flags = flags;
	cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
	return rig_rx(&rig, 1, 0, 0);
}

Test(cable_offload, hardware_computes_checksums)
{
	for (int rx = 0; rx < 2; rx++) {
		setup();
		rig.conf.mode = CABLE_HARDWARE;
		rig.conf.side[1].offloads = DRV_RX_SCATTER | (rx ? RX_CKSUM : 0);
		rig_start(&rig);
		for (unsigned i = 0; i < RTE_DIM(flows); i++) {
			struct rte_mbuf *m = send_one(&flows[i], rig_cksum_flags(&flows[i]));

			cr_assert(rig_cksum_right(m, flows[i].ip), "flow %u", i);
			cr_assert_eq(m->ol_flags, rx ? good_of(&flows[i]) : 0);
			rte_pktmbuf_free(m);
		}
		rig_stop(&rig);
	}
}

Test(cable_offload, hardware_verifies_checksums)
{
	rig.conf.mode = CABLE_HARDWARE;
	rig.conf.side[1].offloads = DRV_RX_SCATTER | RX_CKSUM;
	rig_start(&rig);
	for (unsigned i = 0; i < RTE_DIM(flows); i++) {
		struct rte_mbuf *m = send_one(&flows[i], 0);

		cr_assert_eq(m->ol_flags,
			RTE_MBUF_F_RX_L4_CKSUM_BAD |
				(flows[i].ip == 4 ? RTE_MBUF_F_RX_IP_CKSUM_BAD : 0),
			"nobody computed them");
		rte_pktmbuf_free(m);
	}
	/* a fragment's L4 checksum cannot be judged, nor a UDP checksum that is not there */
	struct rte_mbuf *m = rig_ip(&rig, 0, &flows[1], 101);
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, void *, 14);

	((struct rte_udp_hdr *)(ip + 1))->dgram_cksum = 0;
	m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
	cr_assert_eq(rig_rx(&rig, 1, 0, 0)->ol_flags, IP_GOOD);
	ip->fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_MF_FLAG);
	((struct rte_udp_hdr *)(ip + 1))->dgram_cksum = 0x1234;
	m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	m->l2_len = 14;
	m->l3_len = 20;
	cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
	cr_assert_eq(rig_rx(&rig, 1, 0, 0)->ol_flags, IP_GOOD);
	rte_pktmbuf_free(m);
	rig_stop(&rig);
}

Test(cable_offload, a_flag_that_is_not_enabled_does_nothing)
{
	rig.conf.mode = CABLE_HARDWARE;
	rig.conf.side[0].offloads = DRV_TX_MULTI_SEGS;
	rig.conf.side[1].offloads = DRV_RX_SCATTER | RX_CKSUM;
	rig_start(&rig);
	struct rte_mbuf *m = send_one(&flows[0], rig_cksum_flags(&flows[0]));

	cr_assert_not(rig_cksum_right(m, 4));
	cr_assert_eq(m->ol_flags, RTE_MBUF_F_RX_L4_CKSUM_BAD | RTE_MBUF_F_RX_IP_CKSUM_BAD);
	rte_pktmbuf_free(m);
	rig_stop(&rig);
}

Test(cable_offload, carry_takes_the_flags_over)
{
	rig.conf.mode = CABLE_CARRY;
	rig.conf.side[1].offloads = DRV_RX_SCATTER | RX_CKSUM;
	rig_start(&rig);
	for (unsigned i = 0; i < RTE_DIM(flows); i++) {
		struct rte_mbuf *m = send_one(&flows[i], rig_cksum_flags(&flows[i]));

		cr_assert_eq(m->ol_flags, good_of(&flows[i]));
		cr_assert_not(rig_cksum_right(m, flows[i].ip), "at no cost: nothing was computed");
		rte_pktmbuf_free(m);
		m = send_one(&flows[i], 0);
		cr_assert_eq(m->ol_flags, 0, "unknown, as nobody asked for it");
		rte_pktmbuf_free(m);
	}
	struct rig_flow small = flows[0]; /* one segment: the plain path */
	struct rte_mbuf *m;

	small.payload = 50;
	m = send_one(&small, rig_cksum_flags(&small));
	cr_assert_eq(m->ol_flags, good_of(&small));
	rte_pktmbuf_free(m);
	m = send_one(&small, RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM);
	cr_assert_eq(m->ol_flags, IP_GOOD);
	rte_pktmbuf_free(m);
	rig_stop(&rig);
}

Test(cable_offload, carry_computes_where_the_peer_cannot_be_told)
{
	static const uint32_t rx[] = {0, DRV_RX_IP_CKSUM, DRV_RX_L4_CKSUM};

	for (unsigned r = 0; r < RTE_DIM(rx); r++) {
		setup();
		rig.conf.mode = CABLE_CARRY;
		rig.conf.side[1].offloads = DRV_RX_SCATTER | rx[r];
		rig_start(&rig);
		for (unsigned i = 0; i < RTE_DIM(flows); i++) {
			const struct rig_flow *f = &flows[i];
			struct rte_mbuf *m = send_one(f, rig_cksum_flags(f));
			uint64_t want = (rx[r] & DRV_RX_IP_CKSUM && f->ip == 4 ? IP_GOOD : 0) |
					(rx[r] & DRV_RX_L4_CKSUM ? L4_GOOD : 0);

			cr_assert_eq(m->ol_flags, want);
			if (rx[r] == 0)
				cr_assert(rig_cksum_right(m, f->ip));
			rte_pktmbuf_free(m);
		}
		rig_stop(&rig);
	}
}

/* One flipped bit: if it is in a covered field the checksum is BAD, wherever it is never wrong. */
Test(cable_offload, corruption_is_seen_by_the_checksum)
{
	for (int mode = CABLE_HARDWARE; mode <= CABLE_CARRY; mode++) {
		setup();
		rig.conf.mode = mode;
		rig.conf.side[1].offloads = DRV_RX_SCATTER | RX_CKSUM;
		rig.conf.side[0].impair.corrupt_ppm = CABLE_PPM;
		rig_start(&rig);
		unsigned bad = 0;

		for (int i = 0; i < 2000; i++) {
			const struct rig_flow *f = &flows[i % RTE_DIM(flows)];
			struct rte_mbuf *m = send_one(f, rig_cksum_flags(f));
			struct rte_mbuf *clean = rig_ip(&rig, 1, f, 1000);
			const uint8_t *got, *sent = rte_pktmbuf_mtod(clean, const uint8_t *);
			uint8_t flat[2048];

			got = rte_pktmbuf_read(m, 0, m->pkt_len, flat);
			if (memcmp(got + clean->pkt_len - f->payload,
				    sent + clean->pkt_len - f->payload, f->payload) != 0) {
				cr_assert_eq(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK,
					RTE_MBUF_F_RX_L4_CKSUM_BAD, "payload, mode %d", mode);
				bad++;
			}
			if (f->ip == 4 && m->ol_flags & IP_GOOD)
				cr_assert_eq(rte_raw_cksum(got + 14, 20), 0xffff);
			rte_pktmbuf_free(m);
			rte_pktmbuf_free(clean);
		}
		cr_assert_gt(bad, 1700, "most of a packet is payload");
		rig_stop(&rig);
	}
}

static void tso_request(struct rte_mbuf *m, const struct rig_flow *f, uint16_t mss)
{
	m->ol_flags =
		RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_TCP_CKSUM |
		(f->ip == 4 ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM : RTE_MBUF_F_TX_IPV6);
	m->tso_segsz = mss;
}

#define MSS	1000
#define PAYLOAD 3500
#define FRAMES	4

static void expect_tso_frame(struct rte_mbuf *m, const struct rig_flow *f, unsigned i)
{
	uint16_t l3 = f->ip == 4 ? 20 : 40, len = i == FRAMES - 1 ? PAYLOAD - 3 * MSS : MSS;
	uint8_t flat[2048];
	const uint8_t *p = rte_pktmbuf_read(m, 0, m->pkt_len, flat);
	const struct rte_tcp_hdr *tcp = (const void *)(p + 14 + l3);
	uint8_t flags = RTE_TCP_ACK_FLAG | (i == 0 ? RTE_TCP_CWR_FLAG : 0) |
			(i == FRAMES - 1 ? RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG : 0);

	cr_assert_eq(m->pkt_len, 14u + l3 + 20 + len);
	cr_assert(rig_cksum_right(m, f->ip));
	cr_assert_eq(rte_be_to_cpu_32(tcp->sent_seq), 0xfffffff0u + i * MSS, "modulo 2^32");
	cr_assert_eq(tcp->tcp_flags, flags, "frame %u: %#x", i, tcp->tcp_flags);
	if (f->ip == 4) {
		const struct rte_ipv4_hdr *h = (const void *)(p + 14);

		cr_assert_eq(rte_be_to_cpu_16(h->total_length), 40 + len);
		cr_assert_eq(rte_be_to_cpu_16(h->packet_id), (uint16_t)(0xfffe + i));
	} else {
		const struct rte_ipv6_hdr *h = (const void *)(p + 14);

		cr_assert_eq(rte_be_to_cpu_16(h->payload_len), 20 + len);
	}
	for (uint32_t j = 0; j < len; j++)
		cr_assert_eq(p[14 + l3 + 20 + j], rig_byte(i * MSS + j));
}

/* RFC 9293 section 3.10.7.4 for FIN, RFC 3168 section 6.1.2 for CWR. */
Test(cable_offload, hardware_cuts_tso)
{
	for (int v = 0; v < 2; v++) {
		struct rig_flow f = flows[v == 0 ? 0 : 2];
		struct rte_mbuf *m;

		setup();
		rig.conf.mode = CABLE_HARDWARE;
		rig.conf.side[1].offloads = DRV_RX_SCATTER;
		rig_start(&rig);
		f.payload = PAYLOAD;
		f.tcp_flags =
			RTE_TCP_ACK_FLAG | RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG | RTE_TCP_CWR_FLAG;
		m = rig_ip(&rig, 0, &f, 333);
		tso_request(m, &f, MSS);
		cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
		for (unsigned i = 0; i < FRAMES; i++) {
			m = rig_rx(&rig, 1, 0, 0);
			cr_assert_not_null(m);
			expect_tso_frame(m, &f, i);
			rte_pktmbuf_free(m);
		}
		cr_assert_null(rig_rx(&rig, 1, 0, 0));
		cr_assert_eq(rig_xstat(&rig, 0, "tx_tso_frames"), FRAMES);
		rig_stop(&rig);
	}
}

Test(cable_offload, tso_waits_for_room_for_all_frames)
{
	struct rig_flow f = flows[0];
	struct rte_mbuf *m;

	rig.conf.mode = CABLE_HARDWARE;
	rig.conf.side[1].ring_size = 4;
	rig_start(&rig);
	f.payload = PAYLOAD;
	cr_assert_eq(rig_tx(&rig, 0, 0, rig_raw(&rig, 0, 0, 60), 0), 1);
	m = rig_ip(&rig, 0, &f, 333);
	tso_request(m, &f, MSS);
	cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 0, "room for three");
	rte_pktmbuf_free(rig_rx(&rig, 1, 0, 0));
	cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
	for (int i = 0; i < FRAMES; i++)
		rte_pktmbuf_free(rig_rx(&rig, 1, 0, 0));
	m = rig_ip(&rig, 0, &f, 333);
	tso_request(m, &f, 100);
	cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1, "can never fit: dropped");
	cr_assert_eq(rig_xstat(&rig, 0, "tx_bad_request"), 1);
	rig_stop(&rig);
}

Test(cable_offload, carry_takes_tso_over_whole)
{
	struct rig_flow f = flows[2];
	struct rte_mbuf *m;

	rig.conf.mode = CABLE_CARRY;
	rig.conf.side[1].offloads = DRV_RX_SCATTER | RX_CKSUM;
	rig_start(&rig);
	f.payload = 60000;
	m = rig_ip(&rig, 0, &f, 1400);
	tso_request(m, &f, 1440);
	cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
	cr_assert_eq(rig_rx(&rig, 1, 0, 0), m);
	cr_assert_eq(m->pkt_len, 14 + 40 + 20 + 60000);
	cr_assert_eq(m->ol_flags, L4_GOOD);
	rte_pktmbuf_free(m);

	m = rig_ip(&rig, 0, &f, 1400);
	tso_request(m, &f, 1441);
	cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
	cr_assert_null(rig_rx(&rig, 1, 0, 0), "its frames would not fit the MTU");
	cr_assert_eq(rig_xstat(&rig, 0, "tx_over_mtu"), 1);
	rig_stop(&rig);
}

Test(cable_offload, tso_without_the_offload_is_over_the_mtu)
{
	struct rig_flow f = flows[0];
	struct rte_mbuf *m;

	rig.conf.side[0].offloads = DRV_TX_MULTI_SEGS;
	rig.conf.side[1].offloads = DRV_RX_SCATTER;
	rig_start(&rig);
	f.payload = PAYLOAD;
	m = rig_ip(&rig, 0, &f, 333);
	tso_request(m, &f, MSS);
	cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
	cr_assert_null(rig_rx(&rig, 1, 0, 0));
	cr_assert_eq(rig_xstat(&rig, 0, "tx_over_mtu"), 1);
	rig_stop(&rig);
}

/* Lengths that lie, as a bug of the sender would make them: counted, never followed. */
Test(cable_offload, bad_requests_are_dropped)
{
	static const struct {
		uint16_t l2, l3, l4, mss;
	} c[] = {{13, 20, 20, 1000}, {14, 19, 20, 1000}, {14, 20, 19, 1000}, {14, 20, 20, 0},
		{127, 511, 20, 1000}, {14, 511, 255, 1000}};
	unsigned n = 0;

	rig.conf.mode = CABLE_HARDWARE;
	rig_start(&rig);
	for (unsigned i = 0; i < RTE_DIM(c); i++) {
		for (int tso = 0; tso < 2; tso++) {
			struct rig_flow f = flows[0];
			struct rte_mbuf *m;

			f.payload = 10;
			m = rig_ip(&rig, 0, &f, 1000);
			m->ol_flags = rig_cksum_flags(&f);
			if (tso)
				tso_request(m, &f, c[i].mss);
			m->l2_len = c[i].l2;
			m->l3_len = c[i].l3;
			m->l4_len = c[i].l4;
			cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
			m = rig_rx(&rig, 1, 0, 0);
			/* TCP's header length and the MSS matter for TSO only */
			cr_assert_eq(m == NULL, tso || (i != 2 && i != 3), "case %u", i);
			n += m == NULL;
			rte_pktmbuf_free(m);
		}
	}
	cr_assert_eq(rig_xstat(&rig, 0, "tx_bad_request"), n);
	rig_stop(&rig);
}

/* Whoever looks into frames must stay within them; and a stack is to be shown such frames. */
Test(cable_offload, runts_pass)
{
	for (int v = 0; v < 2; v++) {
		setup();
		rig.conf.mode = CABLE_HARDWARE;
		rig.conf.side[0].offloads = DRV_TX_VLAN;
		rig.conf.side[1].offloads = v == 0 ? 0 : CABLE_OFFLOADS & ~(TX_ALL | DRV_TX_VLAN);
		rig.drv[1].n_queues = 2;
		rig_start(&rig);
		for (int len = 1; len < 60; len++) {
			struct rte_mbuf *m = rig_raw(&rig, 0, 0, 60);

			memcpy(rte_pktmbuf_mtod(m, uint8_t *) + 12, "\x81\x00\x00\x05\x08\x00\x45",
				7);
			rte_pktmbuf_trim(m, 60 - len);
			cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
			cr_assert_eq(rig_rx(&rig, 1, 0, 0), m, "%d bytes", len);
			rte_pktmbuf_free(m);
		}
		rig_stop(&rig);
	}
}
