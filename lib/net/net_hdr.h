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
	uint32_t tx_offload;
	uint16_t gen;
	uint16_t max; /* bytes of UDP, 0: not prepared */
	uint16_t sum; /* of the pseudo-header without the length */
	uint16_t id_step;
	uint16_t len; /* of the headers */
};

/* Prepares h for packets by way of d, or makes it not prepared if there is no short way. */
void net_hdr_udp(struct net *n, const struct net_dst *d, bool v6, const union net_ip *src,
	const union net_ip *dst, struct net_hdr *h);

/* The headers can be used for len bytes of UDP now. */
static inline bool net_hdr_ok(const struct net_hdr *h, uint32_t len)
{
	return len <= h->max && *h->plain == h->gen;
}

/*
 * Sends m, the payload: one buffer that nothing else refers to, with PKT_HEADERS_MAX of headroom.
 * ports: source, destination. False: not possible, nothing done.
 */
static __rte_always_inline bool net_hdr_send(
	const struct net_hdr *h, struct rte_mbuf *m, uint32_t ports, uint64_t now_us)
{
	uint32_t len = m->pkt_len + NET_UDP_LEN, whole, sum;
	struct net_txq *q = h->txq;
	uint8_t *l4 = rte_pktmbuf_mtod(m, uint8_t *) - NET_UDP_LEN;
	unsigned at;

	if (unlikely(!net_hdr_ok(h, len)))
		return false;
	at = q->n;
	if (unlikely(at + 1 >= q->flush_at))
		return false;
	wire_put32(l4, ports);
	wire_put16(l4 + 4, (uint16_t)len);
	sum = (uint32_t)h->sum + wire_swap16((uint16_t)len);
	sum += sum >> 16;
	memcpy(l4 + 6, &(uint16_t){(uint16_t)sum}, sizeof(uint16_t));
	if (h->id != NULL) {
		memcpy(l4 - 48, h->b + NET_HDR_ROOM - 48, 48); /* Ethernet, two tags, IPv4 */
		wire_put16(l4 - 18, (uint16_t)(len + 20));
		*h->id = (uint16_t)(*h->id + h->id_step);
		wire_put16(l4 - 16, *h->id);
	} else {
		memcpy(l4 - NET_HDR_ROOM, h->b, NET_HDR_ROOM);
		wire_put16(l4 - 36, (uint16_t)len);
	}
	whole = len + h->len;
	m->ol_flags = h->ol_flags;
	m->tx_offload = h->tx_offload;
	m->data_off = (uint16_t)(m->data_off - NET_UDP_LEN - h->len);
	m->data_len = (uint16_t)whole;
	m->pkt_len = whole;
	*h->used_us = now_us;
	++*h->sent;
	q->pkts[at] = m;
	q->n = (uint16_t)(at + 1);
	q->bytes += whole;
	return true;
}

#endif
