/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_CABLE_H
#define GN_CABLE_H

#include <stdint.h>

#include <rte_mempool.h>

#include "driver.h"

/*
 * Two network cards of one process, joined by a cable: what one side sends, the other receives.
 * It is the link of the benchmarks, of the simulator and of the multi-core tests. It runs in real
 * and in virtual time: all its timing is the now_us given to rx and tx. With equal configuration,
 * seed and calls (order, packets, now_us) it behaves alike to the bit. It needs no EAL.
 *
 * Threads: as driver.h says: each queue by one thread at a time, different queues by different
 * threads, without locks. Control functions of both sides on one thread; configure() only while
 * both sides are stopped. Packets sent while the peer is stopped are lost and counted.
 *
 * Buffers: a packet of direct, unshared segments is passed by pointer, so the receiver gets a
 * buffer of the sender's pool. Any other packet (a reference count above 1, an indirect or
 * external segment) is copied and the sender's reference is dropped, both on the sending thread.
 *
 * There is no MAC filter: both sides receive everything, as in promiscuous mode. A full ring makes
 * tx take fewer packets (back-pressure, no loss).
 */

#define CABLE_PPM 1000000u /* probabilities are per million */

/* What the offload flags of sent packets do. */
enum cable_mode {
	/* The card does the work: checksums are computed, TSO becomes frames of the MSS with the
	 * right headers; and with a receive-checksum offload enabled, every frame is verified. */
	CABLE_HARDWARE,
	/* Flags go over to the peer at no cost, if it has the receive-checksum offload enabled: a
	 * packet that asked for a checksum arrives as verified (_CKSUM_GOOD), TSO as one large
	 * packet; other packets arrive with unknown checksums. Without that offload at the peer,
	 * and for packets that get corrupted, checksums are computed (and verified) as in
	 * CABLE_HARDWARE. TSO is cut as there if the peer does not take large packets
	 * (DRV_RX_L4_CKSUM and DRV_RX_SCATTER enabled). */
	CABLE_CARRY,
};

/*
 * Impairments of one direction, all 0: none. Each transmit queue has its own state (its share of
 * the rate, its random sequence), so rates and queue limits are divided by the number of queues.
 * They act on frames, after TSO, in this order: random loss, burst loss, queue, mark, time of
 * arrival, corruption, duplication.
 */
struct cable_impair {
	uint32_t loss_ppm;
	/* Burst loss (Gilbert): per frame, the chance to enter the state in which all frames are
	 * lost, and to leave it again. Lost in the mean: p / (p + r), in bursts of 1 / r. */
	uint32_t burst_p_ppm, burst_r_ppm;
	uint32_t delay_us;
	uint32_t jitter_us;   /* uniform from 0 to this, added to the delay; keeps the order */
	uint32_t reorder_ppm; /* chance that a frame takes reorder_us longer and is overtaken */
	uint32_t reorder_us;
	uint32_t dup_ppm;
	uint32_t dup_us;      /* how long after the original the copy arrives */
	uint32_t corrupt_ppm; /* one bit of the frame is flipped */
	uint64_t rate_bps;    /* of frames without preamble, gap and check sequence */
	/* What may wait for the rate, the frame being sent included; more is dropped (tail drop).
	 * 0: no limit of that kind. An idle line takes any frame. */
	uint64_t queue_bytes;
	uint32_t queue_frames;
	/* A frame that finds more than this waiting, and whose IP header says that its sender
	 * understands (ECT), is marked Congestion Experienced (RFC 3168). 0: none is. */
	uint64_t mark_bytes;
};

struct cable_side {
	const char *name; /* NULL: "cable-a", "cable-b" */
	uint8_t mac[6];
	uint16_t port_id;    /* mbuf.port of what this side receives */
	uint16_t max_queues; /* 1 to 64 */
	uint16_t max_mtu;    /* 0: 9000 */
	uint32_t offloads;   /* offered DRV_*; DRV_RSS is among them or not. No DRV_RX_TIMESTAMP */
	uint16_t reta_size;  /* a power of two to DRV_RETA_MAX; 0: 128 */
	/* Packets in flight to this side from one queue of the peer to one queue of this side. A
	 * power of two; 0: 1024. Has to hold rate times delay, or the sender is held back. */
	uint32_t ring_size;
	/* Where copies of what this side sends come from (sharing, TSO, duplication); any of its
	 * sending threads allocates from it. NULL: the receive pool of the sending queue. */
	struct rte_mempool *copy_pool;
	struct cable_impair impair; /* of what this side sends */
};

struct cable_conf {
	uint64_t seed;
	enum cable_mode mode;
	struct cable_side side[2];
};

/* Every offload that a side can offer. */
#define CABLE_OFFLOADS                                                                       \
	(DRV_RX_IP_CKSUM | DRV_RX_L4_CKSUM | DRV_RX_VLAN_STRIP | DRV_RX_SCATTER |            \
		DRV_RX_RSS_HASH | DRV_RSS | DRV_TX_IP_CKSUM | DRV_TX_L4_CKSUM | DRV_TX_TSO | \
		DRV_TX_MULTI_SEGS | DRV_TX_VLAN)

/*
 * Makes the pair; conf is copied. The ports are closed one by one with their close(); packets in
 * flight are freed with the second. Returns 0, -EINVAL (a value out of range) or -ENOMEM.
 */
int cable_create(const struct cable_conf *conf, struct drv_port **a, struct drv_port **b);

/*
 * Replaces the impairments of what p, a port of a cable, sends, from the next frame on. The random
 * sequence goes on. Only while no thread polls a queue of the pair; so at any time in a simulation
 * of one thread. Returns 0, -EINVAL as for cable_create(), or -ENOMEM (some queues have changed).
 */
int cable_impair_set(struct drv_port *p, const struct cable_impair *impair);

#endif
