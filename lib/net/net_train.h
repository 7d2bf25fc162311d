/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_NET_TRAIN_H
#define GN_NET_TRAIN_H

#include <string.h>

#include "net.h"
#include "net_hdr.h"
#include "wire_bytes.h"
#include "wire_cksum.h"

/*
 * A train: TCP segments of one connection that leave in a row and are alike but for their sequence
 * numbers and what they carry. Headers are made once, by net_train_begin() for the network and by the
 * caller for TCP, and copied in front of each payload. A train lives on the stack of one function;
 * nothing else is sent between its begin and its end.
 */
#define NET_TRAIN_L4 32 /* bytes of TCP header at most: with timestamps */

struct net_train {
	/* Ethernet and IP end, TCP begins, at NET_HDR_ROOM. */
	uint8_t b[NET_HDR_ROOM + NET_TRAIN_L4];
	struct net_txq *txq;
	uint64_t ol_flags;
	uint32_t tx_offload;
	uint16_t most;	/* segments that the queue takes */
	uint16_t len;	/* of L2 and L3 headers */
	uint16_t whole; /* of a frame */
	uint16_t sum;	/* of the pseudo-header */
	bool soft;	/* no port makes the checksum of TCP */
};

/* Segments of l4_len bytes, TCP header included, by way of d, as net_output4_tcp() and
 * net_output6_tcp() would send them. False: there is no short way now, use those. */
bool net_train_begin(struct net *n, const struct net_dst *d, bool v6, const union net_ip *src,
	const union net_ip *dst, const struct net_tx *tx, uint16_t l4_len, struct net_train *tr);

/* Adds m as the i-th: its TCP header, as prepared in tr, begins at l4; it is hlen bytes, 20 or 32, and
 * has seq and flags. m has one segment and no flags; its data_off is the caller's to set. */
static __rte_always_inline void net_train_put(const struct net_train *tr, bool v6, unsigned i,
	struct rte_mbuf *m, uint8_t *l4, unsigned hlen, uint32_t seq, uint8_t flags)
{
	uint16_t whole = tr->whole;

	if (v6)
		memcpy(l4 - NET_HDR_ROOM, tr->b, NET_HDR_ROOM);
	else
		memcpy(l4 - 48, tr->b + NET_HDR_ROOM - 48, 48); /* Ethernet, two tags, IPv4 */
	memcpy(l4, tr->b + NET_HDR_ROOM, hlen);
	wire_put32(l4 + 4, seq);
	l4[13] = flags;
	if (unlikely(tr->soft)) {
		uint16_t sum = wire_cksum_fold(wire_cksum_sum(l4, whole - tr->len, tr->sum));

		memcpy(l4 + 16, &sum, sizeof(sum));
	}
	m->ol_flags = tr->ol_flags;
	m->tx_offload = tr->tx_offload;
	m->pkt_len = whole;
	m->data_len = whole;
	tr->txq->pkts[tr->txq->n + i] = m;
}

/* So many were put. */
void net_train_end(struct net *n, const struct net_dst *d, bool v6, const struct net_train *tr,
	unsigned count);

#endif
