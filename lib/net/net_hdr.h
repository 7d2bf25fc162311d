/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_NET_HDR_H
#define GN_NET_HDR_H

#include <string.h>

#include "net.h"
#include "wire_bytes.h"

/*
 * The prepared headers of plain UDP datagrams between two addresses: what net_output4() and
 * net_output6() would put in front of them with the defaults, but for lengths, identification and
 * checksum. They hold as long as the neighbour entry says so; whoever cannot use them sends by
 * net_output4() or net_output6() and prepares them again.
 */
#define NET_HDR_ROOM 64 /* Ethernet, two tags, IPv6 */
#define NET_UDP_LEN  8

struct net_hdr {
	uint8_t b[NET_HDR_ROOM]; /* the headers end at its end */
	const uint16_t *plain;	 /* of the neighbour entry; gen while the headers hold */
	uint64_t *used_us;	 /* likewise: the last packet */
	uint64_t *sent;		 /* counts the packets of the family */
	struct net_txq *txq;
	uint16_t *id; /* the last identification; NULL: IPv6 */
	uint64_t ol_flags;
	uint64_t rearm; /* of a fresh buffer that is to hold them: pkt_rearm_word() */
	uint32_t tx_offload;
	uint16_t gen;
	uint16_t max; /* bytes of UDP, 0: not prepared */
	uint16_t
		copy_end; /* a payload of fewer bytes fits in one buffer and in max, 0: not prepared */
	uint16_t sum;	  /* of the pseudo-header without the length */
	uint16_t id_step;
	uint16_t len; /* of the headers */
};

/* Prepares h for packets by way of d, or makes it not prepared if there is no short way. */
void net_hdr_udp(struct net *n, const struct net_dst *d, bool v6, const union net_ip *src,
	const union net_ip *dst, struct net_hdr *h);

/* h is to be prepared before it is used again. */
static inline void net_hdr_clear(struct net_hdr *h)
{
	h->max = h->copy_end = 0;
}

/* The headers can be used for len bytes of UDP now. */
static inline bool net_hdr_ok(const struct net_hdr *h, uint32_t len)
{
	return len <= h->max && *h->plain == h->gen;
}

/*
 * Puts the headers, h_len bytes without UDP's, in front of a datagram of len bytes of UDP whose
 * payload is at data, and m in q, where its first n frames leave room. m is the caller's own; its data_off, but for nothing else that a buffer from a pool has, is the caller's to set.
 */
static __rte_always_inline void net_hdr_put(const struct net_hdr *h, uint32_t h_len,
	struct rte_mbuf *m, uint8_t *data, uint32_t len, uint32_t ports, struct net_txq *q,
	size_t n, uint64_t now_us)
{
	uint8_t *l4 = data - NET_UDP_LEN;
	uint16_t len_be = wire_swap16((uint16_t)len), sum;
	uint32_t whole = len + h_len;
	uint16_t *id_last = h->id;

	if (__builtin_add_overflow(h->sum, len_be, &sum)) /* ones' complement */
		sum++;
	wire_put32(l4, ports);
	memcpy(l4 + 4, &len_be, sizeof(len_be));
	memcpy(l4 + 6, &sum, sizeof(sum));
	if (likely(id_last != NULL)) {
		uint16_t id = (uint16_t)(*id_last + h->id_step);

		memcpy(l4 - 48, h->b + NET_HDR_ROOM - 48, 48); /* Ethernet, two tags, IPv4 */
		*id_last = id;
		wire_put32(l4 - 18, (len + 20) << 16 | id);
	} else {
		memcpy(l4 - NET_HDR_ROOM, h->b, NET_HDR_ROOM);
		memcpy(l4 - 36, &len_be, sizeof(len_be));
	}
	m->ol_flags = h->ol_flags;
	m->tx_offload = h->tx_offload;
	m->data_len = (uint16_t)whole;
	m->pkt_len = whole;
	*h->used_us = now_us;
	++*h->sent;
	q->pkts[n] = m;
	q->n++;
	q->bytes += whole;
}

/*
 * Sends m, the payload: one buffer that nothing else refers to, with PKT_HEADERS_MAX of headroom.
 * ports: source, destination. False: not possible, nothing done.
 */
static __rte_always_inline bool net_hdr_send(
	const struct net_hdr *h, struct rte_mbuf *m, uint32_t ports, uint64_t now_us)
{
	uint32_t len = m->pkt_len + NET_UDP_LEN, h_len;
	struct net_txq *q;
	size_t off, n;

	if (unlikely(!net_hdr_ok(h, len)))
		return false;
	q = h->txq;
	n = q->n;
	if (unlikely(n >= q->full_at))
		return false;
	off = m->data_off;
	h_len = h->len;
	m->data_off = (uint16_t)(off - NET_UDP_LEN - h_len);
	net_hdr_put(h, h_len, m, (uint8_t *)m->buf_addr + off, len, ports, q, n, now_us);
	return true;
}

#endif
