/* SPDX-License-Identifier: BSD-3-Clause */
#include "cable_rig.h"

/* Impairments, each alone: right in the mean for the seed, and repeatable. */

static struct rig rig;
static struct cable_impair *wire;

static void setup(void)
{
	rig_defaults(&rig);
	rig.conf.side[1].ring_size = 16384;
	wire = &rig.conf.side[0].impair;
}

TestSuite(cable_wire, .init = setup);

#define FRAMES	20000
#define LEN	100
#define GAP_US	10
#define ARRIVED 40000

/* What came out of the cable: serial and time of each frame. */
struct trace {
	unsigned n;
	uint32_t serial[ARRIVED];
	uint64_t at_us[ARRIVED];
	uint64_t data_sum;
};

static void trace_receive(struct trace *t, uint64_t now)
{
	struct rte_mbuf *m;

	while ((m = rig_rx(&rig, 1, 0, now)) != NULL) {
		const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

		cr_assert_lt(t->n, ARRIVED);
		t->serial[t->n] = rig_serial(m);
		t->at_us[t->n++] = now;
		for (uint32_t i = 0; i < m->pkt_len; i++)
			t->data_sum = t->data_sum * 31 + p[i];
		rte_pktmbuf_free(m);
	}
}

/* Sends n frames, one each gap us from time 0, jumping to each arrival as a simulator does. */
static void trace_run(struct trace *t, unsigned n, uint64_t gap)
{
	void *rxq = rig.port[1]->rx_queue[0];
	uint64_t next;

	memset(t, 0, sizeof(*t));
	for (unsigned i = 0; i < n; i++) {
		while ((next = rig.port[1]->ops->next_us(rxq)) <= i * gap)
			trace_receive(t, next != 0 ? next : i * gap);
		cr_assert_eq(rig_tx(&rig, 0, 0, rig_raw(&rig, 0, i, LEN), i * gap), 1);
	}
	while ((next = rig.port[1]->ops->next_us(rxq)) != UINT64_MAX)
		trace_receive(t, next != 0 ? next : n * gap);
}

/* Runs it twice: equal seeds and calls give equal results to the bit; returns the first run. */
static const struct trace *run(unsigned n, uint64_t gap)
{
	static struct trace t, again;

	rig_start(&rig);
	trace_run(&t, n, gap);
	rig_stop(&rig);
	rig_start(&rig);
	trace_run(&again, n, gap);
	cr_assert_eq(memcmp(&t, &again, sizeof(t)), 0, "repeats");
	return &t;
}

static void expect_near(const char *what, double got, double want, double tolerance)
{
	cr_assert(got > want - tolerance && got < want + tolerance,
		"%s: %g, not %g +- %g (seed %lu)", what, got, want, tolerance,
		(unsigned long)rig.conf.seed);
}

Test(cable_wire, random_loss)
{
	const struct trace *t;

	wire->loss_ppm = 100000;
	t = run(FRAMES, GAP_US);
	expect_near("lost", FRAMES - t->n, FRAMES * 0.1, 200);
	cr_assert_eq(rig_xstat(&rig, 0, "wire_loss"), FRAMES - t->n);
	rig_stop(&rig);
}

Test(cable_wire, other_seeds_lose_other_frames)
{
	struct trace *a = malloc(sizeof(*a));
	const struct trace *t;

	wire->loss_ppm = 100000;
	*a = *run(1000, GAP_US);
	rig_stop(&rig);
	rig.conf.seed++;
	t = run(1000, GAP_US);
	cr_assert_neq(memcmp(a->serial, t->serial, sizeof(a->serial)), 0);
	rig_stop(&rig);
	free(a);
}

/* Gilbert: lost in the mean p / (p + r), in bursts of 1 / r. */
Test(cable_wire, burst_loss)
{
	const struct trace *t;
	unsigned bursts = 0;
	uint32_t expected = 0;

	wire->burst_p_ppm = 20000;
	wire->burst_r_ppm = 200000;
	t = run(FRAMES, GAP_US);
	for (unsigned i = 0; i < t->n; i++) {
		bursts += t->serial[i] != expected;
		expected = t->serial[i] + 1;
	}
	expect_near("lost", FRAMES - t->n, FRAMES * 0.02 / 0.22, 300);
	expect_near("burst", (double)(FRAMES - t->n) / bursts, 5, 0.7);
	rig_stop(&rig);
}

Test(cable_wire, delay_is_exact)
{
	const struct trace *t;

	wire->delay_us = 12345;
	t = run(1000, GAP_US);
	cr_assert_eq(t->n, 1000);
	for (unsigned i = 0; i < t->n; i++) {
		cr_assert_eq(t->serial[i], i);
		cr_assert_eq(t->at_us[i], i * GAP_US + 12345);
	}
	cr_assert_eq(rig_tx(&rig, 0, 0, rig_raw(&rig, 0, 0, LEN), 50000), 1);
	cr_assert_null(rig_rx(&rig, 1, 0, 62344));
	cr_assert_eq(rig.port[1]->ops->next_us(rig.port[1]->rx_queue[0]), 62345);
	rte_pktmbuf_free(rig_rx(&rig, 1, 0, 62345));
	rig_stop(&rig);
}

Test(cable_wire, jitter_keeps_the_order)
{
	const struct trace *t;
	uint64_t min = UINT64_MAX, max = 0, sum = 0;

	wire->delay_us = 1000;
	wire->jitter_us = 100;
	t = run(5000, 1000);
	cr_assert_eq(t->n, 5000);
	for (unsigned i = 0; i < t->n; i++) {
		uint64_t took = t->at_us[i] - t->serial[i] * UINT64_C(1000);

		cr_assert_eq(t->serial[i], i);
		min = RTE_MIN(min, took);
		max = RTE_MAX(max, took);
		sum += took;
	}
	cr_assert_eq(min, 1000);
	cr_assert_eq(max, 1100);
	expect_near("mean", (double)sum / t->n, 1050, 2);
	rig_stop(&rig);
	setup();
	wire->jitter_us = 1000;
	t = run(5000, 1);
	for (unsigned i = 0; i < t->n; i++)
		cr_assert_eq(t->serial[i], i, "frames closer together than the jitter");
	rig_stop(&rig);
}

Test(cable_wire, reordering)
{
	const struct trace *t;
	unsigned late = 0, overtaken = 0;

	wire->delay_us = 50;
	wire->reorder_ppm = 50000;
	wire->reorder_us = 35;
	t = run(FRAMES, GAP_US);
	cr_assert_eq(t->n, FRAMES);
	for (unsigned i = 0; i < t->n; i++) {
		uint64_t took = t->at_us[i] - t->serial[i] * (uint64_t)GAP_US;

		cr_assert(took == 50 || took == 85);
		late += took == 85;
		overtaken += took == 85 && i > 0 && t->serial[i - 1] > t->serial[i];
	}
	/* three frames are sent in 35 us; that the third is late too is rare */
	cr_assert(overtaken > late * 0.9 && overtaken <= late);
	expect_near("late", late, FRAMES * 0.05, 150);
	cr_assert_eq(rig_xstat(&rig, 0, "wire_reordered"), late);
	rig_stop(&rig);
}

/* Each copy comes that much later than its original. */
Test(cable_wire, duplication_late)
{
	const struct trace *t;
	unsigned on_time = 0, late = 0;

	wire->delay_us = 50;
	wire->dup_ppm = 100000;
	wire->dup_us = 35;
	t = run(FRAMES, GAP_US);
	for (unsigned i = 0; i < t->n; i++) {
		uint64_t took = t->at_us[i] - t->serial[i] * (uint64_t)GAP_US;

		cr_assert(took == 50 || took == 85);
		on_time += took == 50;
		late += took == 85;
	}
	cr_assert_eq(on_time, FRAMES);
	cr_assert_eq(rig_xstat(&rig, 0, "wire_duplicated"), late);
	expect_near("late copies", late, FRAMES * 0.1, 250);
	rig_stop(&rig);
}

Test(cable_wire, duplication)
{
	const struct trace *t;
	unsigned dups = 0;

	wire->dup_ppm = 100000;
	t = run(FRAMES, GAP_US);
	for (unsigned i = 1; i < t->n; i++)
		dups += t->serial[i] == t->serial[i - 1];
	cr_assert_eq(t->n, FRAMES + dups, "right after the original");
	expect_near("twice", dups, FRAMES * 0.1, 200);
	cr_assert_eq(rig_xstat(&rig, 0, "wire_duplicated"), dups);
	rig_stop(&rig);
}

Test(cable_wire, corruption_flips_one_bit)
{
	unsigned hit = 0, per_byte[LEN] = {0};

	wire->corrupt_ppm = 300000;
	rig_start(&rig);
	for (int i = 0; i < FRAMES; i++) {
		struct rte_mbuf *m = rig_raw(&rig, 0, 0, LEN);
		uint8_t was[LEN];
		unsigned bits = 0;

		memcpy(was, rte_pktmbuf_mtod(m, uint8_t *), LEN);
		cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
		m = rig_rx(&rig, 1, 0, 0);
		for (int j = 0; j < LEN; j++) {
			uint8_t diff = was[j] ^ rte_pktmbuf_mtod(m, uint8_t *)[j];

			bits += __builtin_popcount(diff);
			per_byte[j] += diff != 0;
		}
		cr_assert_leq(bits, 1);
		hit += bits;
		rte_pktmbuf_free(m);
	}
	expect_near("corrupt", hit, FRAMES * 0.3, 350);
	for (int j = 0; j < LEN; j++)
		expect_near("everywhere alike", per_byte[j], FRAMES * 0.3 / LEN, 45);
	rig_stop(&rig);
}

/* 100 bytes at 8 Mbit/s take 100 us. */
Test(cable_wire, rate_without_limit_of_the_queue)
{
	const struct trace *t;

	wire->rate_bps = 8000000;
	wire->delay_us = 7;
	t = run(1000, GAP_US);
	cr_assert_eq(t->n, 1000);
	for (unsigned i = 0; i < t->n; i++)
		cr_assert_eq(t->at_us[i], (i + 1) * 100 + 7, "one after the other");
	rig_stop(&rig);
}

Test(cable_wire, rate_is_exact_in_the_long_run)
{
	const struct trace *t;

	wire->rate_bps = 7777777; /* 102.857 us a frame */
	t = run(4000, 1);
	cr_assert_eq(t->at_us[t->n - 1], (LEN * 8 * UINT64_C(4000) * 1000000 + 7777776) / 7777777);
	rig_stop(&rig);
}

Test(cable_wire, tail_drop_by_frames)
{
	const struct trace *t;

	wire->rate_bps = 8000000;
	wire->queue_frames = 10;
	t = run(1000, GAP_US);
	for (unsigned i = 0; i < 10; i++)
		cr_assert_eq(t->serial[i], i, "the first ten fit");
	/* then one for each departure, every 100 us, before the last frame comes at 9990 us */
	cr_assert_eq(t->n, 10 + 99);
	cr_assert_eq(rig_xstat(&rig, 0, "wire_queue_full"), 1000 - t->n);
	rig_stop(&rig);
}

Test(cable_wire, tail_drop_by_bytes)
{
	const struct trace *t;

	wire->rate_bps = 8000000;
	wire->queue_bytes = 1000;
	t = run(1000, GAP_US);
	cr_assert_eq(t->n, 10 + 99, "as with ten frames");
	cr_assert_leq(t->at_us[t->n - 1] - t->serial[t->n - 1] * (uint64_t)GAP_US, 1000,
		"no frame waits longer than the queue is long");
	rig_stop(&rig);

	setup();
	wire->rate_bps = 8000000;
	wire->queue_bytes = 10;
	t = run(100, 200);
	cr_assert_eq(t->n, 100, "an idle line takes any frame");
	rig_stop(&rig);
}

Test(cable_wire, a_rate_is_shared_by_the_queues)
{
	struct rte_mbuf *m;

	wire->rate_bps = 8000000;
	rig.drv[0].n_queues = 2;
	rig_start(&rig);
	for (int q = 0; q < 2; q++)
		cr_assert_eq(rig_tx(&rig, 0, q, rig_raw(&rig, 0, q, LEN), 0), 1);
	cr_assert_null(rig_rx(&rig, 1, 0, 199), "each has half the rate");
	for (uint32_t q = 0; q < 2; q++) {
		m = rig_rx(&rig, 1, 0, 200);
		cr_assert_eq(rig_serial(m), q);
		rte_pktmbuf_free(m);
	}
	rig_stop(&rig);
}

Test(cable_wire, directions_are_independent)
{
	wire->loss_ppm = CABLE_PPM;
	rig_start(&rig);
	cr_assert_eq(rig_tx(&rig, 0, 0, rig_raw(&rig, 0, 0, LEN), 0), 1);
	cr_assert_null(rig_rx(&rig, 1, 0, 0));
	cr_assert_eq(rig_tx(&rig, 1, 0, rig_raw(&rig, 1, 0, LEN), 0), 1);
	rte_pktmbuf_free(rig_rx(&rig, 0, 0, 0));
	rig_stop(&rig);
}

Test(cable_wire, impairments_change_while_frames_are_in_flight)
{
	struct cable_impair slow = {.delay_us = 100}, none = {0}, bad = {.dup_ppm = CABLE_PPM + 1};
	static const uint64_t serial[] = {0, 2, 1}, at_us[] = {5, 6, 105};

	rig_start(&rig);
	for (uint32_t i = 0; i < 3; i++) {
		struct rte_mbuf *m = rig_raw(&rig, 0, i, LEN);

		m->tx_offload = UINT64_MAX; /* left over from another use */
		cr_assert_eq(rig_tx(&rig, 0, 0, m, i == 2 ? 6 : 5), 1);
		cr_assert_eq(cable_impair_set(rig.port[0], i == 0 ? &slow : &none), 0);
	}
	cr_assert_eq(cable_impair_set(rig.port[0], &bad), -EINVAL);
	for (int i = 0; i < 3; i++) {
		struct rte_mbuf *m = rig_rx(&rig, 1, 0, at_us[i]);

		cr_assert_not_null(m);
		cr_assert_eq(rig_serial(m), serial[i]);
		cr_assert_eq(m->tx_offload, 0);
		rte_pktmbuf_free(m);
		if (i == 1)
			cr_assert_null(rig_rx(&rig, 1, 0, 104));
	}
	rig_stop(&rig);
}

/* Sends n packets of 100 bytes at once over 1 byte/us, with ecn in their IP headers; returns how many
 * arrive marked. The checksum of each must be right. */
static unsigned marked(int ip, uint8_t ecn, unsigned n)
{
	struct rig_flow f = {.ip = ip, .proto = IPPROTO_TCP, .payload = ip == 4 ? 46 : 26};
	unsigned ce = 0;

	rig_start(&rig);
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = rig_ip(&rig, 0, &f, 1000);

		*rte_pktmbuf_mtod_offset(m, uint8_t *, 15) |= (uint8_t)(ip == 4 ? ecn : ecn << 4);
		m->ol_flags |= rig_cksum_flags(&f);
		cr_assert_eq(rig_tx(&rig, 0, 0, m, 0), 1);
	}
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = rig_rx(&rig, 1, 0, 1000000);

		cr_assert_not_null(m);
		cr_expect(rig_cksum_right(m, ip));
		uint8_t got = *rte_pktmbuf_mtod_offset(m, uint8_t *, 15);

		ce += (ip == 4 ? got & 3 : got >> 4 & 3) == 3;
		rte_pktmbuf_free(m);
	}
	cr_expect_eq(rig_xstat(&rig, 0, "wire_marked_ce"), ce);
	rig_stop(&rig);
	return ce;
}

/* RFC 3168 section 5: beyond the threshold, and only who understands. */
Test(cable_wire, marks_above_the_threshold)
{
	for (int ip = 4; ip <= 6; ip += 2) {
		rig.conf.side[0].offloads = DRV_TX_IP_CKSUM | DRV_TX_L4_CKSUM;
		wire->rate_bps = 8000000;
		wire->mark_bytes = 350;
		cr_expect_eq(
			marked(ip, 2, 10), 6, "0, 100, 200 and 300 wait before the first four");
		cr_expect_eq(marked(ip, 1, 10), 6);
		cr_expect_eq(marked(ip, 0, 10), 0, "not ECT");
		wire->mark_bytes = 0;
		cr_expect_eq(marked(ip, 2, 10), 0);
	}
}
