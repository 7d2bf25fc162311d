/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <rte_ether.h>

#include "cable_priv.h"

/* Which lane a frame takes, and the hash that decided it. */
struct cable_way {
	struct cable_lane *lane;
	uint32_t hash;
	bool hashed;
};

static struct cable_way tx_way(const struct cable_txq *q, const struct rte_mbuf *m)
{
	struct cable_way way = {.lane = q->lane};
	struct cable_frame f;

	if (!q->rss && !q->rss_hash)
		return way;
	cable_frame_parse(&f, m);
	if (f.ip == 0)
		return way; /* no tuple: the first queue */
	way.hash = cable_frame_hash(&f, &q->peer->owner);
	way.hashed = true;
	if (q->rss)
		way.lane += owner_core(&q->peer->owner, way.hash);
	return way;
}

static void tx_drop(struct cable_txq *q, struct rte_mbuf *m, enum cable_count why)
{
	q->count[why]++;
	rte_pktmbuf_free(m);
}

/* Bytes of the frame without its tags, to compare with a limit that knows no tags. */
static uint32_t untagged_len(const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t len = m->pkt_len;

	for (uint32_t off = 12; off <= 16 && off + 2 <= m->data_len; off += CABLE_TAG_LEN) {
		uint16_t type = (uint16_t)(p[off] << 8 | p[off + 1]);

		if (type != RTE_ETHER_TYPE_VLAN && type != RTE_ETHER_TYPE_QINQ)
			break;
		len -= CABLE_TAG_LEN;
	}
	return len;
}

/* True: m is longer than limit allows; a carried TSO packet: its frames would be. */
static bool over_mtu(const struct rte_mbuf *m, uint32_t limit)
{
	if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG)
		return CABLE_ETH_LEN + m->l3_len + m->l4_len + (uint32_t)m->tso_segsz > limit;
	return m->pkt_len > limit && untagged_len(m) > limit;
}

static void flip_bit(struct rte_mbuf *m, uint32_t bit)
{
	uint32_t off = bit / 8;

	while (off >= m->data_len) {
		off -= m->data_len;
		m = m->next;
	}
	*rte_pktmbuf_mtod_offset(m, uint8_t *, off) ^= (uint8_t)(1u << bit % 8);
}

/* The receive flags that stand for checksum requests that were carried or done. */
static uint64_t flags_good(uint64_t tx)
{
	uint64_t rx = 0;

	if (tx & RTE_MBUF_F_TX_IP_CKSUM)
		rx |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	if (tx & (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG))
		rx |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return rx;
}

static uint64_t flags_verified(const struct rte_mbuf *m)
{
	struct cable_frame f;

	cable_frame_parse(&f, m);
	return cable_frame_verify(&f, m);
}

static bool tx_push(struct cable_txq *q, struct cable_lane *lane, struct rte_mbuf *m)
{
	uint64_t word = (uintptr_t)m;
	uint32_t len = m->pkt_len;

	if (spsc_push(&lane->ring, &word, 1) == 0) {
		tx_drop(q, m, CABLE_RX_MISSED);
		return false;
	}
	lane->packets++;
	lane->bytes += len;
	return true;
}

/* Makes m what the peer's card hands to its driver, and sends it off; twice if fated so. */
static void tx_deliver(struct cable_txq *q, struct rte_mbuf *m, const struct cable_way *way,
	uint64_t rx_flags, const struct cable_fate *fate)
{
	struct rte_mbuf *dup = NULL;

	m->ol_flags = rx_flags;
	m->port = q->peer_port_id;
	m->packet_type = 0;
	m->vlan_tci = 0;
	m->hash.rss = way->hash;
	m->tx_offload = fate->due_us; /* until it arrives */
	if (q->rss_hash && way->hashed)
		m->ol_flags |= RTE_MBUF_F_RX_RSS_HASH;
	if (q->peer->offloads & DRV_RX_VLAN_STRIP && m->data_len >= CABLE_ETH_LEN + CABLE_TAG_LEN)
		rte_vlan_strip(m);
	if (fate->dup) {
		dup = rte_pktmbuf_copy(m, q->copy_pool, 0, UINT32_MAX);
		if (dup == NULL)
			q->count[CABLE_TX_NOBUF]++;
		else
			dup->tx_offload = fate->due_us + q->wire.conf.dup_us;
	}
	tx_push(q, way->lane, m);
	if (dup != NULL && tx_push(q, way->lane, dup))
		q->count[CABLE_DUP]++;
}

/* One frame on the wire, or a packet with TSO that is carried over whole. m is ours alone. */
static void tx_frame(
	struct cable_txq *q, struct rte_mbuf *m, const struct cable_way *way, uint64_t now_us)
{
	uint64_t asked = m->ol_flags &
			 (RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG);
	struct cable_fate fate = {.due_us = now_us};
	struct cable_way way2 = *way;
	uint64_t compute;

	if (over_mtu(m, q->frame_max)) {
		tx_drop(q, m, CABLE_TX_MTU);
		return;
	}
	if (q->wire.any)
		fate = cable_wire_fate(q, m->pkt_len, now_us);
	if (fate.lost) {
		rte_pktmbuf_free(m);
		return;
	}
	if (over_mtu(m, q->peer_max)) {
		tx_drop(q, m, CABLE_RX_MTU);
		return;
	}
	compute = fate.corrupt ? asked : asked & ~q->carry_flags;
	if (compute != 0 && !cable_cksum_fill(m, compute | (m->ol_flags & RTE_MBUF_F_TX_IPV6))) {
		tx_drop(q, m, CABLE_TX_BAD);
		return;
	}
	if (fate.mark && cable_frame_mark(m))
		q->count[CABLE_MARKED]++;
	if (fate.corrupt) {
		flip_bit(m, fate.bit);
		way2 = tx_way(q, m);
	}
	tx_deliver(q, m, &way2,
		q->rx_flags & (fate.corrupt || q->verify ? flags_verified(m) : flags_good(asked)),
		&fate);
}

static void tx_cut(struct cable_txq *q, struct rte_mbuf *m, uint32_t n, const struct cable_way *way,
	uint64_t now_us)
{
	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *f = cable_tso_cut(m, i, n, q->copy_pool);

		if (f == NULL) {
			q->count[CABLE_TX_NOBUF]++;
			continue;
		}
		q->count[CABLE_TX_CUT]++;
		f->ol_flags &= ~RTE_MBUF_F_TX_TCP_SEG;
		f->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM;
		tx_frame(q, f, way, now_us);
	}
	rte_pktmbuf_free(m);
}

static bool is_shared(const struct rte_mbuf *m)
{
	for (; m != NULL; m = m->next)
		if (!RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1)
			return true;
	return false;
}

/* m, or a copy if m is shared, has no room for a tag, or more segments than the peer takes. */
static struct rte_mbuf *tx_own(struct cable_txq *q, struct rte_mbuf *m, bool cut)
{
	bool flat = m->nb_segs > 1 && !cut && !(q->peer->offloads & DRV_RX_SCATTER);
	bool tag = m->ol_flags & q->tx_flags & RTE_MBUF_F_TX_VLAN;
	struct rte_mbuf *copy;

	if (!flat && !(tag && rte_pktmbuf_headroom(m) < CABLE_TAG_LEN) && !is_shared(m))
		return m;
	if (flat && m->pkt_len > (uint32_t)rte_pktmbuf_data_room_size(q->copy_pool) -
					 RTE_PKTMBUF_HEADROOM) {
		tx_drop(q, m, CABLE_RX_SCATTER);
		return NULL;
	}
	copy = rte_pktmbuf_copy(m, q->copy_pool, 0, UINT32_MAX);
	if (copy == NULL) {
		tx_drop(q, m, CABLE_TX_NOBUF);
		return NULL;
	}
	q->count[CABLE_TX_COPIED]++;
	rte_pktmbuf_free(m);
	return copy;
}

static bool is_bad(const struct cable_txq *q, const struct rte_mbuf *m, uint32_t frames)
{
	return frames == 0 || frames > q->lane->ring.prod_mask + 1 ||
	       (m->nb_segs > 1 && !(q->end->offloads & DRV_TX_MULTI_SEGS));
}

/*
 * Sends m by all the rules. False: not taken, there is no room for it. Not inlined, or its registers
 * crowd out those of the fast path.
 */
static __rte_noinline bool tx_full(struct cable_txq *q, struct rte_mbuf *m, uint64_t now_us)
{
	uint64_t flags = m->ol_flags & q->tx_flags;
	bool cut = flags & RTE_MBUF_F_TX_TCP_SEG && !q->tso_carry;
	uint32_t frames = flags & RTE_MBUF_F_TX_TCP_SEG ? cable_tso_frames(m) : 1;
	struct cable_way way;

	if (is_bad(q, m, frames)) {
		tx_drop(q, m, CABLE_TX_BAD);
		return true;
	}
	way = tx_way(q, m);
	if (!cut)
		frames = 1;
	if (spsc_room(&way.lane->ring, frames) < frames)
		return false;
	q->packets++;
	q->bytes += m->pkt_len;
	m = tx_own(q, m, cut);
	if (m == NULL)
		return true;
	m->ol_flags = flags;
	if (flags & RTE_MBUF_F_TX_VLAN && rte_vlan_insert(&m) != 0) {
		tx_drop(q, m, CABLE_TX_BAD);
		return true;
	}
	if (cut)
		tx_cut(q, m, frames, &way, now_us);
	else
		tx_frame(q, m, &way, now_us);
	return true;
}

/* Requests are this many bits above their results; TCP's request bit is part of UDP's. */
#define IP_SHIFT 47
#define L4_SHIFT 44
_Static_assert(RTE_MBUF_F_TX_IP_CKSUM >> IP_SHIFT == RTE_MBUF_F_RX_IP_CKSUM_GOOD &&
		       RTE_MBUF_F_TX_TCP_CKSUM >> L4_SHIFT == RTE_MBUF_F_RX_L4_CKSUM_GOOD &&
		       (RTE_MBUF_F_TX_UDP_CKSUM & RTE_MBUF_F_TX_TCP_CKSUM) != 0,
	"offload flags of rte_mbuf");

static inline uint64_t carried_flags(uint64_t tx, uint64_t wanted)
{
	return ((tx >> IP_SHIFT & RTE_MBUF_F_RX_IP_CKSUM_GOOD) |
		       (tx >> L4_SHIFT & RTE_MBUF_F_RX_L4_CKSUM_GOOD)) &
	       wanted;
}

/* How many packets from the front are plain. */
static uint32_t plain_run(const struct cable_txq *q, struct rte_mbuf **pkts, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct rte_mbuf *m = pkts[i];

		if (m->nb_segs != 1 || rte_mbuf_refcnt_read(m) != 1 ||
			(m->ol_flags & q->slow_flags) != 0 || m->pkt_len > q->plain_max)
			return i;
	}
	return n;
}

/* Of an mbuf, 16 bytes each: rearm_data and ol_flags; and packet_type, pkt_len and so on. */
typedef uint64_t vec64 __attribute__((vector_size(16), may_alias));
typedef uint32_t vec32 __attribute__((vector_size(16), may_alias));
#define LANE_LEN 1
_Static_assert(offsetof(struct rte_mbuf, rearm_data) % sizeof(vec64) == 0 &&
		       offsetof(struct rte_mbuf, ol_flags) ==
			       offsetof(struct rte_mbuf, rearm_data) + sizeof(uint64_t) &&
		       offsetof(struct rte_mbuf, rx_descriptor_fields1) % sizeof(vec32) == 0 &&
		       offsetof(struct rte_mbuf, pkt_len) ==
			       offsetof(struct rte_mbuf, rx_descriptor_fields1) +
				       LANE_LEN * sizeof(uint32_t),
	"layout of rte_mbuf");

/* What a burst has in common, found without a branch a packet. */
struct plain_scan {
	vec64 all, any; /* bits set in all packets and in any */
	vec32 sum;	/* of lengths: 64 packets do not overflow it */
	vec32 over;	/* top bit set: a length is over the limit */
};

static inline struct plain_scan plain_scan(
	const struct cable_txq *q, struct rte_mbuf **pkts, uint32_t n)
{
	const vec32 max = {0, q->plain_max, 0, 0};
	struct plain_scan s = {.all = {UINT64_MAX, UINT64_MAX}};

	for (uint32_t i = 0; i < n; i++) {
		const struct rte_mbuf *m = pkts[i];
		vec64 rearm = *(const vec64 *)&m->rearm_data;
		vec32 fields = *(const vec32 *)&m->rx_descriptor_fields1;

		s.all &= rearm;
		s.any |= rearm;
		s.sum += fields;
		s.over |= max - fields;
	}
	return s;
}

static void plain_rewrite(const struct cable_txq *q, struct rte_mbuf **pkts, uint32_t n)
{
	const uint64_t wanted = q->plain_flags;
	const uint16_t port = q->peer_port_id;

	for (uint32_t i = 0; i < n; i++) {
		pkts[i]->port = port;
		pkts[i]->ol_flags = carried_flags(pkts[i]->ol_flags, wanted);
	}
}

/*
 * The fast path: pointers change sides. Returns how many from the front were plain and had room.
 * If the fields that a receiver expects are right already nothing is written, so that the packets'
 * lines may stay in the caches of both sides.
 */
static uint16_t tx_plain(struct cable_txq *q, struct rte_mbuf **pkts, uint32_t n)
{
	struct cable_lane *lane = q->lane;
	struct plain_scan s;
	uint64_t differ;

	n = spsc_room(&lane->ring, n);
	s = plain_scan(q, pkts, n);
	differ = (s.all[0] ^ q->rearm) | (s.any[0] ^ q->rearm);
	if (unlikely(s.over[LANE_LEN] >> 31 != 0 || (differ & q->rearm_must) != 0 ||
		     (s.any[1] & q->slow_flags) != 0)) {
		n = plain_run(q, pkts, n);
		s = plain_scan(q, pkts, n);
		differ = q->rearm_port;
	}
	if ((differ & q->rearm_port) != 0 || s.any[1] != 0)
		plain_rewrite(q, pkts, n);
	spsc_push(&lane->ring, (const uint64_t *)pkts, n);
	lane->packets += n;
	lane->bytes += s.sum[LANE_LEN];
	q->packets += n;
	q->bytes += s.sum[LANE_LEN];
	return n;
}

uint16_t cable_tx(void *queue, struct rte_mbuf **pkts, uint16_t n, uint64_t now_us)
{
	struct cable_txq *q = queue;
	uint16_t done = 0;

	if (unlikely(!__atomic_load_n(q->up, __ATOMIC_ACQUIRE))) {
		q->count[CABLE_TX_DOWN] += n;
		rte_pktmbuf_free_bulk(pkts, n);
		return n;
	}
	while (done < n) {
		if (q->plain)
			done += tx_plain(q, pkts + done, n - done);
		if (done < n && !tx_full(q, pkts[done++], now_us))
			return done - 1;
	}
	return done;
}
