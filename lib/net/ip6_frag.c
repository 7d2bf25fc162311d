/* SPDX-License-Identifier: BSD-3-Clause */
#include "frag_output.h"
#include "net_priv.h"
#include "wire_cksum.h"
#include "wire_icmp.h"

/* IPv6 fragments (RFC 8200 section 4.5), in and out. */

#define FRAG_HEADER 8

/* Bytes that a first fragment must hold of its upper layer's header (RFC 7112 section 5). */
static unsigned upper_least(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return 20;
	case IPPROTO_UDP:
	case IPPROTO_ICMPV6:
		return 8;
	default:
		return 0;
	}
}

/* Does the first fragment hold the whole chain of headers? off: of the Fragment header, from ip;
 * end: of the packet. */
static bool chain_whole(const uint8_t *ip, unsigned off, unsigned end)
{
	uint8_t next = ip[off];

	off += FRAG_HEADER;
	while (next == WIRE_IP6_HOPOPTS || next == WIRE_IP6_ROUTING || next == WIRE_IP6_DSTOPTS) {
		if (off + 8 > end || off + 8 + ip[off + 1] * 8u > end)
			return false;
		next = ip[off];
		off += 8 + ip[off + 1] * 8u;
	}
	return off + upper_least(next) <= end;
}

static enum net_verdict frag_problem(struct net *n, struct net_pkt *p, uint8_t code, uint32_t ptr)
{
	if ((p->flags & NET_PKT_L3_MCAST) == 0)
		net_icmp_error(n, p, WIRE_ICMP6_PARAM, code, ptr);
	return net_drop(n, p, DROP_ip6_fragment);
}

/* The Fragment header goes, the lengths become those of the whole. False: too long. */
static bool ip6_whole_header(struct frag_whole *w)
{
	uint8_t *at = rte_pktmbuf_mtod(w->m, uint8_t *), *ip = at + w->l3_off;
	unsigned frag = w->hdr - FRAG_HEADER, len = frag - w->l3_off - WIRE_IP6_LEN + w->len;
	uint32_t first = wire_get32(ip);

	if (len > 65535)
		return false;
	wire_put32(ip, (first & ~(3u << 20)) | (uint32_t)w->ecn << 20);
	wire_put16(ip + 4, (uint16_t)len);
	ip[w->next_ptr] = at[frag];
	memmove(at + FRAG_HEADER, at, frag);
	w->m->data_off += FRAG_HEADER;
	w->m->data_len -= FRAG_HEADER;
	w->m->pkt_len -= FRAG_HEADER;
	return true;
}

/* Neighbour discovery is never in fragments (RFC 6980 section 5). */
static bool nd_message(const struct net_pkt *p)
{
	uint8_t type;

	if (p->proto != IPPROTO_ICMPV6 || p->l4_len == 0 || p->m->data_len <= p->l4_off)
		return false;
	type = *rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l4_off);
	return type >= WIRE_ICMP6_RS && type <= WIRE_ICMP6_REDIRECT;
}

enum net_verdict ip6_frag_input(struct net *n, const struct net_rx *rx, struct net_pkt *p,
	const struct wire_ip6 *h, const struct wire_ip6_chain *c)
{
	uint32_t end = WIRE_IP6_LEN + (uint32_t)h->payload_len;
	struct frag_info f = {.id = c->frag_id,
		.off = c->frag_off,
		.len = (uint16_t)(end - c->l4_off - FRAG_HEADER),
		.data_off = (uint16_t)(p->l3_off + c->l4_off + FRAG_HEADER),
		.next_ptr = c->next_ptr,
		.ecn = h->tclass & 3,
		.more = c->frag_more};
	const uint8_t *ip = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3_off);
	struct frag_whole w;

	/* An error quotes what comes behind the Fragment header as the upper layer. */
	p->proto = ip[c->l4_off];
	p->l4_off = f.data_off;
	p->l4_len = f.len;
	if (f.len == 0)
		return net_drop(n, p, DROP_ip6_fragment);
	if (f.more && f.len % 8 != 0)
		return frag_problem(n, p, 0, 4); /* the Payload Length */
	if (f.off + (uint32_t)f.len > 65535)
		return frag_problem(n, p, 0, c->l4_off + 2u); /* the Fragment Offset */
	if (f.off == 0 &&
		!chain_whole(ip, c->l4_off, RTE_MIN(end, p->m->data_len - (uint32_t)p->l3_off)))
		return frag_problem(n, p, WIRE_ICMP6_PARAM_CHAIN, 0);
	if (!frag_input(n, p, &f, &w))
		return NET_DONE;
	p->m = w.m;
	p->l3_off = w.l3_off;
	p->flags &= (uint8_t) ~(NET_PKT_CKSUM_OK | NET_PKT_HASH);
	p->l4_off = w.hdr;
	p->l4_len = (uint16_t)w.len;
	p->proto = rte_pktmbuf_mtod(w.m, const uint8_t *)[w.hdr - FRAG_HEADER];
	if (nd_message(p))
		return net_drop(n, p, DROP_ip6_nd_fragment);
	if (!ip6_whole_header(&w))
		return net_drop(n, p, DROP_ip6_fragment);
	return ip6_whole_input(n, rx, p);
}

/* Never the same for a pair of addresses within its lifetime, and no hint at those of other pairs
 * (RFC 7739 section 5.1). */
static uint32_t ip6_frag_id(struct net *n, const struct ip6 *src, const struct ip6 *dst)
{
	struct ip6 pair[2] = {*src, *dst};

	n->frag6_id++;
	return (uint32_t)siphash(&n->env->secret, pair, sizeof(pair)) + n->frag6_id * n->n_cores +
	       n->core;
}

int ip6_frag_output(struct net *n, const struct net_dst *d, struct rte_mbuf *m,
	const struct ip6 *src, const struct ip6 *dst, const struct net_tx *tx, bool summed)
{
	uint32_t len = m->pkt_len, most = (d->mtu - WIRE_IP6_LEN - FRAG_HEADER) & ~7u, id;
	struct wire_ip6 h = {.tclass = tx->tos,
		.flow = tx->flow_label & 0xfffff,
		.next = WIRE_IP6_FRAGMENT,
		.hops = tx->ttl != 0 ? tx->ttl : n->conf.ttl,
		.src = *src,
		.dst = *dst};

	if (len > 65535) {
		pkt_drop(&n->env->pool, m, DROP_too_big);
		return -EMSGSIZE;
	}
	if (!summed)
		frag_cksum(n, m, tx, wire_cksum_pseudo6(src, dst, tx->proto, len));
	id = ip6_frag_id(n, src, dst);
	net_count(n, CNT_frag_tx_datagrams);
	for (uint32_t off = 0; off < len; off += most) {
		uint32_t part = RTE_MIN(most, len - off);
		struct rte_mbuf *f = frag_slice(n, m, off, part);
		uint8_t *at;

		if (f == NULL) {
			pkt_drop(&n->env->pool, m, DROP_pool_empty);
			return -ENOBUFS;
		}
		at = rte_pktmbuf_mtod(f, uint8_t *) - FRAG_HEADER;
		h.payload_len = (uint16_t)(FRAG_HEADER + part);
		wire_ip6_emit(at - WIRE_IP6_LEN, &h);
		wire_put16(at, (uint16_t)(tx->proto << 8));
		wire_put16(at + 2, (uint16_t)(off | (off + part < len)));
		wire_put32(at + 4, id);
		net_count(n, CNT_ip6_tx);
		frag_send(n, d, f, WIRE_IP6_LEN + FRAG_HEADER);
	}
	pkt_free(&n->env->pool, m);
	return 0;
}
