/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_CABLE_PRIV_H
#define GN_CABLE_PRIV_H

#include "cable.h"
#include "owner.h"
#include "rng.h"
#include "spsc.h"

#define CABLE_QUEUES_MAX 64
#define CABLE_ETH_LEN	 14
#define CABLE_TAG_LEN	 4

/* What a transmit queue counts beside packets, and the xstats that show it. "rx" is the peer's. */
#define CABLE_COUNTERS(X)                \
	X(TX_BAD, "tx_bad_request")      \
	X(TX_MTU, "tx_over_mtu")         \
	X(TX_DOWN, "tx_link_down")       \
	X(TX_NOBUF, "tx_no_copy_buffer") \
	X(TX_COPIED, "tx_copied")        \
	X(TX_CUT, "tx_tso_frames")       \
	X(LOSS, "wire_loss")             \
	X(BURST, "wire_burst_loss")      \
	X(QUEUE, "wire_queue_full")      \
	X(MARKED, "wire_marked_ce")      \
	X(CORRUPT, "wire_corrupted")     \
	X(DUP, "wire_duplicated")        \
	X(REORDER, "wire_reordered")     \
	X(RX_MTU, "rx_over_mtu")         \
	X(RX_SCATTER, "rx_no_scatter")   \
	X(RX_MISSED, "rx_ring_full")

enum cable_count {
#define X(id, text) CABLE_##id,
	CABLE_COUNTERS(X)
#undef X
		CABLE_COUNT_MAX,
	CABLE_RX_FIRST = CABLE_RX_MTU,
};

/* From one transmit queue to one receive queue of the peer. */
struct cable_lane {
	struct spsc ring; /* words: struct rte_mbuf * */
	/* owner: sender */
	_Alignas(64) uint64_t packets;
	uint64_t bytes;
	uint64_t *slots;
};

/* The impairments of one transmit queue. owner: sender */
struct cable_wire {
	struct cable_impair conf; /* rate and queue: this queue's share */
	bool any;
	bool timed; /* a frame may arrive later than it was sent */
	bool in_burst;
	struct rng rng;
	uint64_t last_due_us;	/* of a frame that keeps the order */
	uint64_t busy_ns;	/* when the last frame accepted has left the queue */
	uint64_t busy_rem;	/* the part of a nanosecond beyond, in 1 / rate_bps */
	uint64_t *departure_ns; /* ring of queue_frames: when the frames in the queue leave */
	uint32_t departure_head, departure_n;
};

struct cable_fate {
	bool lost;
	bool mark; /* congestion experienced */
	bool corrupt;
	bool dup;
	uint32_t bit; /* to flip, from the start of the frame */
	uint64_t due_us;
};

struct cable_txq {
	/* written by control code while nobody sends */
	_Alignas(64) struct cable_lane *lane; /* by receive queue of the peer */
	struct cable_end *end, *peer;
	const bool *up;
	uint64_t slow_flags;  /* mbuf flags that the plain path does not do */
	uint64_t tx_flags;    /* mbuf flags that are honoured */
	uint64_t carry_flags; /* of those, the checksum requests that may go over as a flag */
	uint64_t rx_flags;    /* checksum results that the peer wants */
	uint64_t plain_flags; /* _CKSUM_GOOD of these, as far as carried */
	uint64_t rearm;	      /* rearm_data of a plain packet that needs no change */
	uint64_t rearm_must;  /* mask: reference count and segments */
	uint64_t rearm_port;  /* mask: port */
	uint32_t frame_max;   /* bytes without tags */
	uint32_t peer_max;    /* the peer's */
	uint32_t plain_max;   /* the smaller */
	uint16_t peer_port_id;
	uint16_t index;
	bool plain; /* no impairment, one lane, nothing to look into a frame for */
	bool tso_carry;
	bool rss, rss_hash; /* of the peer */
	bool verify;	    /* compute checksums of what arrives */
	struct rte_mempool *copy_pool;
	/* owner: sender */
	_Alignas(64) uint64_t packets;
	uint64_t bytes;
	uint64_t count[CABLE_COUNT_MAX];
	struct cable_wire wire;
};

/* A frame on its way, ordered by due time, then by arrival in the heap. */
struct cable_due {
	uint64_t due_us, seq;
	struct rte_mbuf *m;
};

struct cable_rxq {
	_Alignas(64) struct cable_lane *lane; /* of the peer's first queue */
	uint32_t stride;		      /* to the lane of its next queue */
	uint32_t n_lanes;		      /* 0: not joined; published with release */
	bool timed;
	uint16_t next_lane;
	uint32_t heap_n, heap_cap;
	uint64_t heap_seq;
	struct cable_due *heap;
};

struct cable_end {
	struct drv_port port; /* first: a port is its end */
	struct cable *cable;
	struct cable_end *peer;
	struct cable_side side;
	char name[64];
	bool configured, started, closed;
	uint16_t mtu;
	uint32_t offloads; /* in force */
	struct rte_mempool *pool[CABLE_QUEUES_MAX];
	struct cable_txq *txq; /* side.max_queues of each */
	struct cable_rxq *rxq;
	struct cable_lane *lanes; /* of what this end sends: port.n_queues times the peer's */
	unsigned n_lanes;
	struct owner owner; /* valid with DRV_RSS or DRV_RX_RSS_HASH */
};

struct cable {
	struct cable_end end[2];
	enum cable_mode mode;
	bool joined; /* lanes exist */
	bool up;     /* both ends started; published with release */
};

/* cable_tx.c, cable_rx.c: the bursts of driver.h */
uint16_t cable_tx(void *queue, struct rte_mbuf **pkts, uint16_t n, uint64_t now_us);
uint16_t cable_rx(void *queue, struct rte_mbuf **pkts, uint16_t n, uint64_t now_us);
uint64_t cable_next_us(void *queue);
/* Moves all frames of the queue's lanes to its heap: as due at once, or (timed) when they say. */
void cable_rx_collect(struct cable_rxq *q);
/* Frees all frames on their way to the queue. */
void cable_rx_drain(struct cable_rxq *q);

/* cable_wire.c. Sets q's share (of n_queues) of conf; 0 or -ENOMEM, then nothing has changed. */
int cable_wire_set(struct cable_wire *w, const struct cable_impair *conf, uint16_t n_queues);
/* What becomes of a frame of len bytes sent now; counts what it decides. */
struct cable_fate cable_wire_fate(struct cable_txq *q, uint32_t len, uint64_t now_us);

/* cable_join.c. Both ends are configured and at least one is stopped: makes the lanes and sets up
 * the queues. 0 or -ENOMEM. */
int cable_join(struct cable *c);
/* Frees the lanes and the frames in them. */
void cable_unjoin(struct cable *c);
/* Takes over changed impairments into the transmit queues of e and the receive queues they feed. */
int cable_join_wires(struct cable_end *e);

/* cable_frame.c: what a card reads in a frame. */
struct cable_frame {
	const uint8_t *p; /* its first bytes, contiguous: in the mbuf or in buf */
	uint32_t l3_off, l4_off;
	uint32_t l4_len; /* header included, from the IP length */
	uint8_t ip;	 /* 4, 6; 0: not IP, or malformed */
	uint8_t proto;	 /* IPPROTO_TCP or _UDP, unfragmented with a whole header; else 0 */
	uint8_t buf[96];
};

void cable_frame_parse(struct cable_frame *f, const struct rte_mbuf *m);
/* Sets Congestion Experienced in m, if it is ECT. False: it is not. */
bool cable_frame_mark(struct rte_mbuf *m);
/* The RSS hash; f->ip is not 0. */
uint32_t cable_frame_hash(const struct cable_frame *f, const struct owner *o);
/* RTE_MBUF_F_RX_*_CKSUM_* of the frame, computed. */
uint64_t cable_frame_verify(const struct cable_frame *f, const struct rte_mbuf *m);
/* Fills in the checksums that flags (RTE_MBUF_F_TX_*) ask for. False: its lengths are wrong. */
bool cable_cksum_fill(struct rte_mbuf *m, uint64_t flags);

/* cable_tso.c. Frames that m (RTE_MBUF_F_TX_TCP_SEG) is cut into; 0: its lengths are wrong. */
uint32_t cable_tso_frames(const struct rte_mbuf *m);
/* Frame i of n, a new packet out of mp with all checksums asked for; NULL: mp is empty. */
struct rte_mbuf *cable_tso_cut(
	const struct rte_mbuf *m, uint32_t i, uint32_t n, struct rte_mempool *mp);

#endif
