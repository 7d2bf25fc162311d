/* SPDX-License-Identifier: BSD-3-Clause */
#include "frag_output.h"
#include "net_priv.h"
#include "wire_cksum.h"

/* IPv4 fragments (RFC 791 section 3.2), in and out. */

/* The headers of the first fragment become those of the whole. */
static void ip4_whole_header(struct frag_whole *w)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(w->m, uint8_t *, w->l3_off);
	unsigned hlen = w->hdr - w->l3_off;
	uint16_t sum;

	ip[1] = (uint8_t)((ip[1] & ~3) | w->ecn);
	wire_put16(ip + 2, (uint16_t)(hlen + w->len));
	wire_put16(ip + 6, 0);
	wire_put16(ip + 10, 0);
	sum = wire_cksum_fold(wire_cksum_sum(ip, hlen, 0));
	memcpy(ip + 10, &sum, sizeof(sum));
}

enum net_verdict ip4_frag_input(
	struct net *n, const struct net_rx *rx, struct net_pkt *p, const struct wire_ip4 *h)
{
	struct frag_info f = {.id = h->id,
		.off = (uint16_t)((h->frag & 0x1fff) * 8u),
		.len = p->l4_len,
		.data_off = p->l4_off,
		.ecn = h->tos & 3,
		.more = (h->frag & WIRE_IP4_MF) != 0};
	struct frag_whole w;

	if (f.len == 0 || (f.more && f.len % 8 != 0) || f.off + (uint32_t)f.len + h->hlen > 65535)
		return net_drop(n, p, DROP_ip4_fragment);
	if (!frag_input(n, p, &f, &w))
		return NET_DONE;
	p->m = w.m;
	p->l3_off = w.l3_off;
	p->flags &= (uint8_t) ~(NET_PKT_CKSUM_OK | NET_PKT_HASH);
	if (w.len + (w.hdr - w.l3_off) > 65535) /* the first one's options are longer */
		return net_drop(n, p, DROP_ip4_fragment);
	ip4_whole_header(&w);
	return ip4_whole_input(n, rx, p);
}

int ip4_frag_output(struct net *n, const struct net_dst *d, struct rte_mbuf *m, uint32_t src,
	uint32_t dst, const struct net_tx *tx, bool summed)
{
	uint32_t len = m->pkt_len, most = (d->mtu - WIRE_IP4_LEN) & ~7u;
	struct wire_ip4 h = {.hlen = WIRE_IP4_LEN,
		.tos = tx->tos,
		.ttl = tx->ttl != 0 ? tx->ttl : n->conf.ttl,
		.proto = tx->proto,
		.src = src,
		.dst = dst};

	if (len + WIRE_IP4_LEN > 65535) {
		pkt_drop(&n->env->pool, m, DROP_too_big);
		return -EMSGSIZE;
	}
	if (!summed)
		frag_cksum(n, m, tx,
			tx->proto == IPPROTO_ICMP
				? 0
				: wire_cksum_pseudo4(src, dst, tx->proto, (uint16_t)len));
	h.id = ip4_id_next(n, dst);
	net_count(n, CNT_frag_tx_datagrams);
	for (uint32_t off = 0; off < len; off += most) {
		uint32_t part = RTE_MIN(most, len - off);
		struct rte_mbuf *f = frag_slice(n, m, off, part);

		if (f == NULL) {
			pkt_drop(&n->env->pool, m, DROP_pool_empty);
			return -ENOBUFS;
		}
		h.total_len = (uint16_t)(WIRE_IP4_LEN + part);
		h.frag = (uint16_t)(off / 8 | (off + part < len ? WIRE_IP4_MF : 0));
		wire_ip4_emit(rte_pktmbuf_mtod(f, uint8_t *) - WIRE_IP4_LEN, &h, true);
		net_count(n, CNT_ip4_tx);
		frag_send(n, d, f, WIRE_IP4_LEN);
	}
	pkt_free(&n->env->pool, m);
	return 0;
}
