/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "cable_rig.h"

static struct rig rig;

static void setup(void)
{
	rig_defaults(&rig);
}

TestSuite(cable, .init = setup);

Test(cable, passes_the_pointer_in_order)
{
	struct rte_mbuf *in[64], *out[64];
	struct drv_stats a, b;

	rig_start(&rig);
	for (int i = 0; i < 64; i++)
		in[i] = rig_raw(&rig, 0, i, 60 + i);
	cr_assert_eq(rig.port[0]->tx(rig.port[0]->tx_queue[0], in, 64, 0), 64);
	cr_assert_eq(rig.port[1]->ops->next_us(rig.port[1]->rx_queue[0]), 0);
	cr_assert_eq(rig.port[1]->rx(rig.port[1]->rx_queue[0], out, 64, 0), 64);
	for (int i = 0; i < 64; i++) {
		cr_assert_eq(out[i], in[i], "no copy");
		cr_assert_eq(out[i]->port, 11, "the receiver's port id");
		rte_pktmbuf_free(out[i]);
	}
	cr_assert_eq(rig.port[1]->ops->next_us(rig.port[1]->rx_queue[0]), UINT64_MAX);
	rig.port[0]->ops->stats(rig.port[0], &a);
	rig.port[1]->ops->stats(rig.port[1], &b);
	cr_assert_eq(a.tx_packets, 64);
	cr_assert_eq(a.tx_bytes, 64 * 60 + 63 * 32);
	cr_assert_eq(b.rx_packets, 64);
	cr_assert_eq(b.rx_bytes, a.tx_bytes);
	cr_assert_eq(a.rx_packets + b.tx_packets, 0);
	rig_stop(&rig);
}

Test(cable, drops_stale_metadata)
{
	struct rte_mbuf *m;

	rig_start(&rig);
	m = rig_raw(&rig, 0, 1, 60);
	m->ol_flags = RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED |
		      RTE_MBUF_F_RX_L4_CKSUM_BAD | RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4;
	cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
	m = rig_rx(&rig, 1, 0, 0);
	cr_assert_eq(m->ol_flags, 0, "no offload is enabled on either side");
	rte_pktmbuf_free(m);
	rig_stop(&rig);
}

Test(cable, a_full_ring_holds_the_sender_back)
{
	struct rte_mbuf *in[12], *m;

	rig.conf.side[1].ring_size = 8;
	rig_start(&rig);
	for (int i = 0; i < 12; i++)
		in[i] = rig_raw(&rig, 0, i, 60);
	in[10]->ol_flags = RTE_MBUF_F_RX_RSS_HASH;
	cr_assert_eq(rig.port[0]->tx(rig.port[0]->tx_queue[0], in, 12, 0), 8);
	cr_assert_eq(in[10]->ol_flags, RTE_MBUF_F_RX_RSS_HASH, "not taken, not touched");
	for (int i = 0; i < 2; i++)
		rte_pktmbuf_free(rig_rx(&rig, 1, 0, 0));
	cr_assert_eq(rig.port[0]->tx(rig.port[0]->tx_queue[0], in + 8, 4, 0), 2);
	for (uint32_t i = 2; (m = rig_rx(&rig, 1, 0, 0)) != NULL; i++) {
		cr_assert_eq(rig_serial(m), i);
		rte_pktmbuf_free(m);
	}
	rte_pktmbuf_free_bulk(in + 10, 2);
	rig_stop(&rig);
}

Test(cable, copies_what_is_shared)
{
	struct rte_mbuf *m, *clone, *got;

	rig_start(&rig);
	m = rig_raw(&rig, 0, 7, 100);
	clone = rte_pktmbuf_clone(m, rig.pool[0]);
	cr_assert_eq(rig_tx(&rig, 0, 0, clone, 0), 1);
	got = rig_rx(&rig, 1, 0, 0);
	cr_assert_neq(got, clone);
	cr_assert(RTE_MBUF_DIRECT(got));
	cr_assert_eq(rte_mbuf_refcnt_read(m), 1, "the sender's thread dropped the reference");
	cr_assert_eq(rig_serial(got), 7);
	rte_pktmbuf_free(got);

	rte_mbuf_refcnt_update(m, 1);
	cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
	got = rig_rx(&rig, 1, 0, 0);
	cr_assert_neq(got, m);
	cr_assert_eq(rte_mbuf_refcnt_read(m), 1);
	cr_assert_eq(rig_xstat(&rig, 0, "tx_copied"), 2);
	rte_pktmbuf_free(got);
	rte_pktmbuf_free(m);
	rig_stop(&rig);
}

Test(cable, copies_come_from_the_given_pool)
{
	struct rte_mempool *pool = heap_pool_create("copy", 1, RTE_MBUF_DEFAULT_BUF_SIZE);
	struct rte_mbuf *m, *got;

	rig.conf.side[0].copy_pool = pool;
	rig_start(&rig);
	m = rig_raw(&rig, 0, 7, 100);
	for (int i = 0; i < 2; i++) {
		rte_mbuf_refcnt_update(m, 1);
		cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
	}
	got = rig_rx(&rig, 1, 0, 0);
	cr_assert_eq(got->pool, pool);
	cr_assert_null(rig_rx(&rig, 1, 0, 0), "one buffer, one copy");
	cr_assert_eq(rig_xstat(&rig, 0, "tx_no_copy_buffer"), 1);
	rte_pktmbuf_free(got);
	rte_pktmbuf_free(m);
	rig_stop(&rig);
	heap_pool_free(pool);
}

Test(cable, drops_frames_over_either_mtu)
{
	static const struct {
		uint16_t len;
		bool tag, passes;
	} c[] = {
		{1514, false, true}, {1515, false, false}, {1518, true, true}, {1519, true, false}};

	rig_start(&rig);
	for (unsigned i = 0; i < RTE_DIM(c); i++) {
		struct rte_mbuf *m = rig_raw(&rig, 0, 0, c[i].len), *got;

		if (c[i].tag)
			memcpy(rte_pktmbuf_mtod(m, uint8_t *) + 12, "\x81\x00\x00\x05\x08\x00", 6);
		cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
		got = rig_rx(&rig, 1, 0, 0);
		cr_assert_eq(got != NULL, c[i].passes, "%u bytes", c[i].len);
		rte_pktmbuf_free(got);
	}
	cr_assert_eq(rig_xstat(&rig, 0, "tx_over_mtu"), 2);
	rig_stop(&rig);

	rig_defaults(&rig);
	rig.drv[1].mtu = 1000;
	rig_start(&rig);
	cr_assert_eq(rig_tx(&rig, 0, 0, rig_raw(&rig, 0, 0, 1015), 0), 1);
	cr_assert_null(rig_rx(&rig, 1, 0, 0));
	cr_assert_eq(rig_xstat(&rig, 1, "rx_over_mtu"), 1);
	rig_stop(&rig);
}

Test(cable, segments_need_both_sides)
{
	struct rig_flow f = {4, IPPROTO_UDP, 1, 2, 3, 4, 300};
	struct rte_mbuf *m;

	rig_start(&rig);
	cr_assert_eq(rig_tx(&rig, 0, 0, rig_ip(&rig, 0, &f, 100), 0), 1);
	cr_assert_null(rig_rx(&rig, 1, 0, 0));
	cr_assert_eq(rig_xstat(&rig, 0, "tx_bad_request"), 1, "multi-segment is not enabled");
	rig_stop(&rig);

	rig_defaults(&rig);
	rig.conf.side[0].offloads = DRV_TX_MULTI_SEGS;
	rig_start(&rig);
	cr_assert_eq(rig_tx(&rig, 0, 0, rig_ip(&rig, 0, &f, 100), 0), 1);
	m = rig_rx(&rig, 1, 0, 0);
	cr_assert_eq(m->nb_segs, 1, "the receiver has no scatter");
	cr_assert_eq(m->pkt_len, 342);
	rte_pktmbuf_free(m);
	rig_stop(&rig);

	rig_defaults(&rig);
	rig.conf.side[0].offloads = DRV_TX_MULTI_SEGS;
	rig.conf.side[1].offloads = DRV_RX_SCATTER;
	rig_start(&rig);
	m = rig_ip(&rig, 0, &f, 100);
	cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
	cr_assert_eq(rig_rx(&rig, 1, 0, 0), m);
	cr_assert_eq(m->nb_segs, 3);
	rte_pktmbuf_free(m);
	rig_stop(&rig);
}

Test(cable, inserts_and_strips_tags)
{
	struct rte_mbuf *m;

	rig.conf.side[0].offloads = DRV_TX_VLAN;
	rig_start(&rig);
	m = rig_raw(&rig, 0, 9, 100);
	m->vlan_tci = 0x2064;
	m->ol_flags = RTE_MBUF_F_TX_VLAN;
	cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
	m = rig_rx(&rig, 1, 0, 0);
	cr_assert_eq(m->pkt_len, 104);
	cr_assert_arr_eq(rte_pktmbuf_mtod(m, uint8_t *) + 12, "\x81\x00\x20\x64\x88\xb5", 6);
	cr_assert_eq(m->ol_flags, 0);
	rte_pktmbuf_free(m);
	rig_stop(&rig);

	rig_defaults(&rig);
	rig.conf.side[0].offloads = DRV_TX_VLAN;
	rig.conf.side[1].offloads = DRV_RX_VLAN_STRIP;
	rig_start(&rig);
	m = rig_raw(&rig, 0, 9, 100);
	m->vlan_tci = 0x2064;
	m->ol_flags = RTE_MBUF_F_TX_VLAN;
	cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
	m = rig_rx(&rig, 1, 0, 0);
	cr_assert_eq(m->pkt_len, 100);
	cr_assert_eq(m->vlan_tci, 0x2064);
	cr_assert_eq(m->ol_flags, RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED);
	cr_assert_eq(rig_serial(m), 9);
	rte_pktmbuf_free(m);
	rig_stop(&rig);
}

Test(cable, loses_what_is_sent_to_a_stopped_peer)
{
	struct drv_link link;

	rig_start(&rig);
	rig.port[0]->ops->link(rig.port[0], &link);
	cr_assert(link.up);
	cr_assert_eq(rig_tx(&rig, 0, 0, rig_raw(&rig, 0, 0, 60), 0), 1);
	rig.port[1]->ops->stop(rig.port[1]);
	rig.port[0]->ops->link(rig.port[0], &link);
	cr_assert_not(link.up);
	cr_assert_eq(rig_tx(&rig, 0, 0, rig_raw(&rig, 0, 1, 60), 0), 1);
	cr_assert_eq(rig_xstat(&rig, 0, "tx_link_down"), 1);
	rig.port[1]->ops->start(rig.port[1]);
	cr_assert_null(rig_rx(&rig, 1, 0, 0), "stopping loses what had arrived");
	cr_assert_eq(rig_tx(&rig, 0, 0, rig_raw(&rig, 0, 2, 60), 0), 1);
	rte_pktmbuf_free(rig_rx(&rig, 1, 0, 0));
	rig_stop(&rig);
}

Test(cable, frees_what_is_in_flight_at_close)
{
	rig.conf.side[0].impair.delay_us = 1000;
	rig_start(&rig);
	for (int i = 0; i < 10; i++) {
		rig_tx(&rig, 0, 0, rig_raw(&rig, 0, i, 60), 0);
		rig_tx(&rig, 1, 0, rig_raw(&rig, 1, i, 60), 0);
		if (i == 5)
			cr_assert_null(rig_rx(&rig, 1, 0, 0));
	}
	rig_stop(&rig);
}

Test(cable, refuses_what_it_cannot_do)
{
	struct cable_conf bad = rig.conf;
	struct drv_port *a, *b;
	struct drv_caps caps;

	bad.side[1].impair.loss_ppm = CABLE_PPM + 1;
	cr_assert_eq(cable_create(&bad, &a, &b), -EINVAL);
	bad = rig.conf;
	bad.side[0].ring_size = 100;
	cr_assert_eq(cable_create(&bad, &a, &b), -EINVAL);
	bad = rig.conf;
	bad.side[0].max_queues = 65;
	cr_assert_eq(cable_create(&bad, &a, &b), -EINVAL);
	bad = rig.conf;
	bad.side[0].offloads = DRV_RX_TIMESTAMP;
	cr_assert_eq(cable_create(&bad, &a, &b), -EINVAL);

	rig.conf.side[0].offloads = DRV_RSS | DRV_TX_TSO;
	rig_start(&rig);
	rig.port[0]->ops->caps(rig.port[0], &caps);
	cr_assert_eq(caps.offloads, DRV_RSS | DRV_TX_TSO);
	cr_assert_eq(caps.reta_size, 128);
	cr_assert_eq(caps.rss_key_len, 40);
	cr_assert_eq(caps.max_rx_queues, 8);
	rig.port[1]->ops->caps(rig.port[1], &caps);
	cr_assert_eq(caps.reta_size, 0);
	cr_assert_eq(caps.mac[5], 1);
	cr_assert_eq(rig.port[0]->ops->configure(rig.port[0], &rig.drv[0]), -EBUSY);
	for (int i = 0; i < 2; i++)
		rig.port[i]->ops->stop(rig.port[i]);
	struct drv_conf c = rig.drv[0];

	c.n_queues = 9;
	cr_assert_eq(rig.port[0]->ops->configure(rig.port[0], &c), -EINVAL);
	c = rig.drv[0];
	c.mtu = 9001;
	cr_assert_eq(rig.port[0]->ops->configure(rig.port[0], &c), -EINVAL);
	c = rig.drv[0];
	c.offloads |= DRV_TX_VLAN;
	cr_assert_eq(rig.port[0]->ops->configure(rig.port[0], &c), -EINVAL);
	c = rig.drv[0];
	c.reta[5] = 1;
	cr_assert_eq(rig.port[0]->ops->configure(rig.port[0], &c), -EINVAL, "no queue 1");
	rig_stop(&rig);
}

#define QUEUES 4

/* Random flows of every kind: the queue and the hash are those of the owner function. */
Test(cable, spreads_as_the_owner_function_says)
{
	struct owner o;
	struct rng rng;
	unsigned per_queue[QUEUES] = {0};

	rig.conf.side[1].offloads = DRV_RSS | DRV_RX_RSS_HASH;
	rig.drv[1].n_queues = QUEUES;
	rig.drv[0].n_queues = 2;
	rig_start(&rig);
	cr_assert_eq(rig.drv[1].reta_size, 128, "written back");
	cr_assert_eq(owner_init(&o, rig.drv[1].rss_key, rig.drv[1].rss_key_len, rig.drv[1].reta,
			     rig.drv[1].reta_size),
		0);
	rng_seed(&rng, 7);
	for (int i = 0; i < 2000; i++) {
		struct rig_flow f = {.ip = i & 1 ? 4 : 6,
			.proto = (const uint8_t[]){IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP}[i % 3],
			.src = rng_u64(&rng),
			.dst = rng_u64(&rng),
			.sport = rng_u64(&rng),
			.dport = rng_u64(&rng),
			.payload = 20};
		struct ip6 src = rig_ip6(f.src), dst = rig_ip6(f.dst);
		bool ports = f.proto != IPPROTO_ICMP;
		struct rte_mbuf *m = rig_ip(&rig, 0, &f, 1000), *got;
		uint32_t hash;

		if (f.ip == 4 && i % 5 == 0) {
			rte_pktmbuf_mtod(m, uint8_t *)[14 + 6] = 0x20; /* more fragments */
			ports = false;
		}
		if (f.ip == 4)
			hash = ports ? owner_hash4(&o, f.src, f.dst, f.sport, f.dport)
				     : owner_hash4_addrs(&o, f.src, f.dst);
		else
			hash = ports ? owner_hash6(&o, &src, &dst, f.sport, f.dport)
				     : owner_hash6_addrs(&o, &src, &dst);
		cr_assert_eq(rig_tx(&rig, 0, i & 1, m, 0), 1);
		got = rig_rx(&rig, 1, owner_core(&o, hash), 0);
		cr_assert_eq(got, m, "packet %d is on its owner's queue", i);
		cr_assert(got->ol_flags & RTE_MBUF_F_RX_RSS_HASH);
		cr_assert_eq(got->hash.rss, hash);
		per_queue[owner_core(&o, hash)]++;
		rte_pktmbuf_free(got);
	}
	for (int q = 0; q < QUEUES; q++)
		cr_assert(
			per_queue[q] > 400 && per_queue[q] < 600, "queue %d: %u", q, per_queue[q]);
	cr_assert_eq(rig_tx(&rig, 0, 0, rig_raw(&rig, 0, 0, 60), 0), 1);
	struct rte_mbuf *m = rig_rx(&rig, 1, 0, 0);

	cr_assert_not_null(m, "what is not IP goes to queue 0");
	cr_assert_eq(m->ol_flags, 0);
	rte_pktmbuf_free(m);
	rig_stop(&rig);
}

Test(cable, honours_the_reta_and_key_given)
{
	struct rig_flow f = {4, IPPROTO_TCP, 0x0a000001, 0x0a000002, 1000, 80, 0};

	rig.conf.side[1].offloads = DRV_RSS;
	rig.conf.side[1].reta_size = 4;
	rig.drv[1].n_queues = 3;
	rig.drv[1].reta_size = 4;
	for (int i = 0; i < 4; i++)
		rig.drv[1].reta[i] = 2;
	rig.drv[1].rss_key_len = 40;
	memcpy(rig.drv[1].rss_key, owner_key_symmetric, 40);
	rig_start(&rig);
	for (f.sport = 1; f.sport < 100; f.sport++) {
		cr_assert_eq(rig_tx(&rig, 0, 0, rig_ip(&rig, 0, &f, 1000), 0), 1);
		rte_pktmbuf_free(rig_rx(&rig, 1, 2, 0));
	}
	cr_assert_eq(heap_pool_avail(rig.pool[0]), RIG_POOL, "all came on queue 2");
	rig_stop(&rig);
}

/* Two threads a side, each queue used by one: nothing is lost, and each sender's order is kept. */
#define THREADS	   2
#define PER_SENDER 50000u

struct worker {
	int side, queue;
	uint32_t sent, disorder;
	uint32_t next[THREADS]; /* by sending queue */
	uint32_t *got;		/* of the side, shared by its workers */
};

static void worker_send(struct worker *w, struct drv_port *p)
{
	struct rte_mbuf *m[16];
	uint16_t n = 0, done;

	for (; n < RTE_DIM(m) && w->sent + n < PER_SENDER; n++) {
		struct rig_flow f = {4, IPPROTO_UDP, w->queue, 1, w->sent + n, 2, 8};
		uint32_t serial = w->sent + n;

		m[n] = rig_ip(&rig, w->side, &f, 100);
		memcpy(rte_pktmbuf_mtod(m[n], uint8_t *) + 42, &serial, sizeof(serial));
	}
	done = p->tx(p->tx_queue[w->queue], m, n, 0);
	w->sent += done;
	rte_pktmbuf_free_bulk(m + done, n - done);
}

static void worker_receive(struct worker *w, struct drv_port *p)
{
	struct rte_mbuf *m[32];
	uint16_t n = p->rx(p->rx_queue[w->queue], m, RTE_DIM(m), 0);

	for (uint16_t i = 0; i < n; i++) {
		const uint8_t *b = rte_pktmbuf_mtod(m[i], const uint8_t *);
		uint8_t from = b[14 + 15];
		uint32_t serial;

		memcpy(&serial, b + 42, sizeof(serial));
		if (serial < w->next[from])
			w->disorder++;
		w->next[from] = serial + 1;
	}
	rte_pktmbuf_free_bulk(m, n);
	__atomic_fetch_add(w->got, n, __ATOMIC_RELAXED);
	if (n == 0)
		sched_yield();
}

static void *worker_run(void *arg)
{
	struct worker *w = arg;
	struct drv_port *p = rig.port[w->side];

	while (w->sent < PER_SENDER ||
		__atomic_load_n(w->got, __ATOMIC_RELAXED) < THREADS * PER_SENDER) {
		worker_send(w, p);
		worker_receive(w, p);
	}
	return NULL;
}

Test(cable, serves_threads_without_locks, .timeout = 120)
{
	struct worker w[2 * THREADS];
	pthread_t t[2 * THREADS];
	uint32_t got[2] = {0};

	for (int i = 0; i < 2; i++) {
		rig.drv[i].n_queues = THREADS;
		rig.conf.side[i].offloads = DRV_RSS;
		rig.conf.side[i].ring_size = 64;
	}
	rig_start(&rig);
	for (int i = 0; i < 2 * THREADS; i++) {
		w[i] = (struct worker){.side = i / THREADS, .queue = i % THREADS};
		w[i].got = &got[w[i].side];
		cr_assert_eq(pthread_create(&t[i], NULL, worker_run, &w[i]), 0);
	}
	for (int i = 0; i < 2 * THREADS; i++) {
		pthread_join(t[i], NULL);
		cr_assert_eq(w[i].disorder, 0);
		for (int j = 0; j < THREADS; j++)
			cr_assert_gt(w[i].next[j], PER_SENDER / 2, "every lane was used");
	}
	cr_assert_eq(got[0], THREADS * PER_SENDER);
	cr_assert_eq(got[1], THREADS * PER_SENDER);
	rig_stop(&rig);
}
