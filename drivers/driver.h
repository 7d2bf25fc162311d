/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_DRIVER_H
#define GN_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

/*
 * What a stack polls: a port with receive and transmit queues, behind one small table of
 * functions. Drivers see DPDK and base/; the core sees only this header. Control functions run on
 * the control thread (or the only thread of a test); rx and tx run on the core that owns the
 * queue. A queue is used by one thread at a time; different queues by different threads.
 */
#define DRV_RSS_KEY_MAX 52
#define DRV_RETA_MAX	512
#define DRV_BURST_MAX	64

/* Capabilities, and of those the ones enabled. */
#define DRV_RX_IP_CKSUM	  0x0001u /* sets RTE_MBUF_F_RX_IP_CKSUM_* */
#define DRV_RX_L4_CKSUM	  0x0002u /* sets RTE_MBUF_F_RX_L4_CKSUM_* for TCP and UDP */
#define DRV_RX_VLAN_STRIP 0x0004u /* RTE_MBUF_F_RX_VLAN_STRIPPED and vlan_tci */
#define DRV_RX_SCATTER	  0x0008u /* a received frame may have several segments */
#define DRV_RX_TIMESTAMP  0x0010u
#define DRV_RX_RSS_HASH	  0x0020u /* RTE_MBUF_F_RX_RSS_HASH and hash.rss: Toeplitz over key */
#define DRV_RSS		  0x0040u /* packets are spread by Toeplitz, key and RETA as configured */
#define DRV_TX_IP_CKSUM	  0x0100u /* honours RTE_MBUF_F_TX_IP_CKSUM */
#define DRV_TX_L4_CKSUM	  0x0200u /* honours RTE_MBUF_F_TX_TCP_CKSUM and _UDP_CKSUM */
#define DRV_TX_TSO	  0x0400u /* honours RTE_MBUF_F_TX_TCP_SEG */
#define DRV_TX_MULTI_SEGS 0x0800u
#define DRV_TX_VLAN	  0x1000u /* honours RTE_MBUF_F_TX_VLAN */

struct drv_caps {
	uint32_t offloads; /* DRV_* that the port can do */
	uint16_t max_rx_queues, max_tx_queues;
	uint16_t reta_size;  /* 0: no RSS */
	uint8_t rss_key_len; /* bytes the port wants, 40 or 52; 0: no RSS */
	uint16_t min_mtu, max_mtu;
	uint16_t tso_max_segs; /* 0: no stated limit */
	uint8_t mac[6];
	int numa_node; /* -1: any */
};

/*
 * What the control code asks for; filled from the configuration and the capabilities.
 *
 * RSS (DRV_RSS or DRV_RX_RSS_HASH): rss_key_len is 0 (the driver's default key) or that of the
 * capabilities, reta_size 0 (spread evenly) or that of the capabilities, each entry < n_queues.
 * A port that turns out not to have it configures without: configure() then clears those bits in
 * offloads and sets reta_size and rss_key_len to 0.
 */
struct drv_conf {
	uint16_t n_queues;	   /* receive and transmit queues, one pair a core */
	uint16_t rx_desc, tx_desc; /* 0: the driver's default */
	uint16_t mtu;		   /* L3 bytes */
	uint32_t offloads;	   /* DRV_* to enable, a subset of the capabilities */
	bool promiscuous, allmulticast;
	uint8_t rss_key_len;
	uint8_t rss_key[DRV_RSS_KEY_MAX];
	uint16_t reta_size;
	uint16_t reta[DRV_RETA_MAX];  /* queue of each entry */
	struct rte_mempool *pool[64]; /* receive buffers of queue i; owned by the caller */
};

/* Kept by every driver for every port; xstats add the driver's own names. */
struct drv_stats {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t rx_missed, rx_errors, rx_nombuf, tx_errors;
};

struct drv_xstat {
	char name[64];
	uint64_t value;
};

struct drv_link {
	bool up;
	uint32_t speed_mbps; /* 0: unknown */
	bool full_duplex;
};

struct drv_port;

/*
 * What a packet carries. Received: port, pkt_len, segments and, as ol_flags says, vlan_tci and
 * hash.rss; every other field, and these without their flag, is undefined.
 *
 * Sent: ol_flags of the enabled offloads (with _TX_IPV4 or _TX_IPV6 when a checksum or TSO is
 * asked for), l2_len (tags in the frame included), l3_len, and for TSO l4_len and tso_segsz;
 * headers lie in the first segment. The IP length fields are those of the packet as it is, before
 * TSO. Checksum fields that the port is to fill may hold anything: the driver prepares what the
 * hardware wants to find there, so it may write to the headers, also of packets that it does not
 * take: the first segment of such a packet is not shared.
 *
 * Bursts. rx fills up to n packets and returns how many; the caller owns them. tx takes packets
 * from the front and returns how many it took (it owns those, also if it then loses them); the
 * rest stays with the caller. n is at most DRV_BURST_MAX. now_us is the core's clock: the cable
 * times its impairments by it, others ignore it.
 */
typedef uint16_t (*drv_rx_fn)(void *queue, struct rte_mbuf **pkts, uint16_t n, uint64_t now_us);
typedef uint16_t (*drv_tx_fn)(void *queue, struct rte_mbuf **pkts, uint16_t n, uint64_t now_us);

struct drv_ops {
	const char *name; /* "ethdev", "cable" */
	int (*caps)(struct drv_port *p, struct drv_caps *caps);
	/* Sets up n_queues pairs, RSS, offloads and MTU of a stopped port. 0 or -errno: -EINVAL what
	 * the capabilities do not allow, -EBUSY not stopped. After an error the port cannot be
	 * started before a configure that succeeds. On success the driver has written offloads,
	 * RETA and key as they are in force back into conf. */
	int (*configure)(struct drv_port *p, struct drv_conf *conf);
	int (*start)(struct drv_port *p);
	int (*stop)(struct drv_port *p);
	void (*link)(struct drv_port *p, struct drv_link *link);
	/* Adds or removes a multicast MAC (set of n) from the filter. -ENOTSUP: caller turns
	 * all-multicast on. */
	int (*mcast_set)(struct drv_port *p, const uint8_t (*macs)[6], unsigned n);
	int (*allmulticast)(struct drv_port *p, bool on);
	int (*promiscuous)(struct drv_port *p, bool on);
	int (*stats)(struct drv_port *p, struct drv_stats *s);
	/* Up to n xstats; returns how many there are. */
	int (*xstats)(struct drv_port *p, struct drv_xstat *x, unsigned n);
	/* When a queue next has something for its owner, absolute us; UINT64_MAX: when a packet
	 * comes. NULL: unknown. Virtual time jumps by it. */
	uint64_t (*next_us)(void *rx_queue);
	void (*close)(struct drv_port *p); /* frees p */
};

struct drv_port {
	const struct drv_ops *ops;
	char name[64];
	drv_rx_fn rx; /* valid after configure */
	drv_tx_fn tx;
	void *rx_queue[64]; /* argument of rx, by queue */
	void *tx_queue[64];
	uint16_t n_queues;
	/* DRV_RX_TIMESTAMP: a packet with ts_flag in ol_flags has an rte_mbuf_timestamp_t, in ticks of
	 * the port, at this offset. -1 and 0 while not enabled. */
	int ts_offset;
	uint64_t ts_flag;
};

#endif
