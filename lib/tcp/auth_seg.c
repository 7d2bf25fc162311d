/* SPDX-License-Identifier: BSD-3-Clause */
#include "auth.h"

#include <openssl/crypto.h>

/* Signing and checking one segment (RFC 5925 sections 5.1 and 7, RFC 2385 section 2.0). */

enum { KIND_EOL = 0, KIND_NOP = 1, KIND_MD5 = 19, KIND_AO = 29 };

#define OPT_MD5_LEN 18
#define OPT_AO_LEN  16
#define SPANS_MAX   40
#define CKSUM_OFF   16

/* A segment wherever it lies: its header, and the payload behind it in a packet. */
struct message {
	bool v6;
	union net_ip src, dst;
	const uint8_t *hdr;
	unsigned hlen;
	const struct rte_mbuf *m;
	uint32_t off, len; /* of the payload in m */
};

/* The option of this kind and length, or NULL. Lengths are the sender's. */
static const uint8_t *opt_find(const uint8_t *hdr, unsigned hlen, uint8_t kind, uint8_t len)
{
	unsigned at = WIRE_TCP_LEN;

	while (at < hlen && hdr[at] != KIND_EOL) {
		if (hdr[at] == KIND_NOP) {
			at++;
			continue;
		}
		if (at + 1 >= hlen || hdr[at + 1] < 2 || hdr[at + 1] > hlen - at)
			return NULL;
		if (hdr[at] == kind)
			return hdr[at + 1] == len ? hdr + at : NULL;
		at += hdr[at + 1];
	}
	return NULL;
}

static unsigned pseudo_emit(uint8_t *p, const struct message *g)
{
	uint32_t n = g->hlen + g->len;

	if (g->v6) {
		memcpy(p, &g->src.v6, 16);
		memcpy(p + 16, &g->dst.v6, 16);
		wire_put32(p + 32, n);
		wire_put32(p + 36, IPPROTO_TCP);
		return 40;
	}
	wire_put32(p, g->src.v4);
	wire_put32(p + 4, g->dst.v4);
	wire_put16(p + 8, IPPROTO_TCP);
	wire_put16(p + 10, (uint16_t)n);
	return 12;
}

/* The payload's pieces; how many spans, 0: more than fit. */
static unsigned payload_spans(const struct message *g, struct tcp_span *s, unsigned room)
{
	uint32_t off = g->off, left = g->len;
	unsigned n = 0;

	for (const struct rte_mbuf *m = g->m; m != NULL && left != 0; m = m->next) {
		if (off >= m->data_len) {
			off -= m->data_len;
			continue;
		}
		uint32_t take = RTE_MIN(left, m->data_len - off);

		if (n == room)
			return 0;
		s[n++] = (struct tcp_span){rte_pktmbuf_mtod_offset(m, const uint8_t *, off), take};
		left -= take;
		off = 0;
	}
	return n;
}

static bool md5_make(
	struct tcp *tcp, const struct tcp_auth_key *k, const struct message *g, uint8_t *out)
{
	struct tcp_span s[SPANS_MAX];
	uint8_t pseudo[40], hdr[WIRE_TCP_LEN];

	memcpy(hdr, g->hdr, sizeof(hdr));
	memset(hdr + CKSUM_OFF, 0, 2);
	s[0] = (struct tcp_span){pseudo, pseudo_emit(pseudo, g)};
	s[1] = (struct tcp_span){hdr, sizeof(hdr)};
	unsigned n = payload_spans(g, s + 2, SPANS_MAX - 3);

	if (n == 0 && g->len != 0)
		return false;
	s[2 + n] = (struct tcp_span){k->key, k->len};
	return tcp_digest_md5(tcp->auth->digest, s, 3 + n, out);
}

/* opt: where in g->hdr the option is. */
static bool ao_make(struct tcp *tcp, const struct tcp_auth_key *k, const uint8_t *traffic_key,
	uint32_t sne, const struct message *g, const uint8_t *opt, uint8_t *out)
{
	struct tcp_span s[SPANS_MAX];
	uint8_t front[4 + 40], hdr[WIRE_TCP_MAX_LEN];
	unsigned at = (unsigned)(opt - g->hdr), hlen = g->hlen;

	wire_put32(front, sne);
	memcpy(hdr, g->hdr, hlen);
	memset(hdr + CKSUM_OFF, 0, 2);
	memset(hdr + at + OPT_AO_LEN - TCP_AO_MAC_LEN, 0, TCP_AO_MAC_LEN);
	if (k->skip_options) { /* section 5.1: of the options only this one */
		memmove(hdr + WIRE_TCP_LEN, hdr + at, OPT_AO_LEN);
		hlen = WIRE_TCP_LEN + OPT_AO_LEN;
	}
	s[0] = (struct tcp_span){front, 4 + pseudo_emit(front + 4, g)};
	s[1] = (struct tcp_span){hdr, hlen};
	unsigned n = payload_spans(g, s + 2, SPANS_MAX - 2);

	if (n == 0 && g->len != 0)
		return false;
	return tcp_ao_mac(tcp->auth->digest, k->alg, traffic_key, s, 2 + n, out);
}

static struct message received(const struct tcp_seg *s)
{
	const struct net_pkt *p = s->p;

	return (struct message){.v6 = (p->flags & NET_PKT_V6) != 0,
		.src = p->src,
		.dst = p->dst,
		.hdr = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l4_off),
		.hlen = s->hlen,
		.m = p->m,
		.off = (uint32_t)p->l4_off + s->hlen,
		.len = s->len};
}

static enum drop md5_check(struct tcp *tcp, const struct tcp_auth_key *k, const struct tcp_seg *s)
{
	struct message g = received(s);
	const uint8_t *opt = opt_find(g.hdr, g.hlen, KIND_MD5, OPT_MD5_LEN);
	uint8_t want[TCP_MD5_LEN];

	if (opt == NULL)
		return DROP_tcp_auth_missing;
	if (!md5_make(tcp, k, &g, want) || CRYPTO_memcmp(want, opt + 2, TCP_MD5_LEN) != 0)
		return DROP_tcp_auth_bad;
	return DROP_NONE;
}

static enum drop ao_check(struct tcp *tcp, const struct tcp_auth_key *k, const uint8_t *traffic_key,
	uint32_t sne, const struct tcp_seg *s, const uint8_t *opt)
{
	struct message g = received(s);
	uint8_t want[TCP_AO_MAC_LEN];

	if (!ao_make(tcp, k, traffic_key, sne, &g, opt, want) ||
		CRYPTO_memcmp(want, opt + 4, TCP_AO_MAC_LEN) != 0)
		return DROP_tcp_auth_bad;
	return DROP_NONE;
}

static const uint8_t *ao_option(const struct tcp_seg *s)
{
	const uint8_t *hdr = rte_pktmbuf_mtod_offset(s->p->m, const uint8_t *, s->p->l4_off);

	return opt_find(hdr, s->hlen, KIND_AO, OPT_AO_LEN);
}

/* The traffic key of what the peer signed, from initial numbers that no state holds. */
static bool peer_key(struct tcp *tcp, const struct tcp_auth_key *m, const struct tcp_key *k,
	bool v6, uint32_t peer_isn, uint32_t our_isn, uint8_t *out)
{
	struct tcp_ao_conn c = {.v6 = v6,
		.src = k->r,
		.dst = k->l,
		.sport = k->rport,
		.dport = k->lport,
		.src_isn = peer_isn,
		.dst_isn = our_isn};

	return tcp_ao_traffic_key(tcp->auth->digest, m->alg, m->key, m->len, &c, out);
}

static enum drop check_with(struct tcp *tcp, const struct tcp_key *k, const struct tcp_seg *s,
	const struct tcp_auth_key *m, uint32_t peer_isn, uint32_t our_isn)
{
	uint8_t key[TCP_TRAFFIC_KEY_MAX];
	const uint8_t *opt;

	if (m->alg == TCP_AUTH_MD5)
		return md5_check(tcp, m, s);
	opt = ao_option(s);
	if (opt == NULL)
		return DROP_tcp_auth_missing;
	if (opt[2] != m->recv_id)
		return DROP_tcp_auth_key;
	if (!peer_key(tcp, m, k, (s->p->flags & NET_PKT_V6) != 0, peer_isn, our_isn, key))
		return DROP_tcp_auth_bad;
	return ao_check(tcp, m, key, 0, s, opt);
}

enum drop tcp_auth_check_syn(
	struct tcp *tcp, const struct tcp_key *k, const struct tcp_seg *s, int *entry)
{
	bool v6 = (s->p->flags & NET_PKT_V6) != 0;
	const uint8_t *opt;

	*entry = tcp_auth_find(tcp, v6, k);
	if (*entry < 0) {
		const uint8_t *hdr =
			rte_pktmbuf_mtod_offset(s->p->m, const uint8_t *, s->p->l4_off);

		return opt_find(hdr, s->hlen, KIND_MD5, OPT_MD5_LEN) != NULL
			       ? DROP_tcp_auth_unexpected
			       : DROP_NONE;
	}
	opt = ao_option(s);
	if (tcp_auth_key(tcp, *entry)->alg != TCP_AUTH_MD5 && opt != NULL) {
		int by_id = tcp_auth_find_recv(tcp, v6, k, opt[2]);

		if (by_id >= 0)
			*entry = by_id;
	}
	return check_with(tcp, k, s, tcp_auth_key(tcp, *entry), s->seq, 0);
}

enum drop tcp_auth_check_half(struct tcp *tcp, const struct tcp_key *k, const struct tcp_seg *s,
	int entry, uint32_t our_isn, uint32_t peer_isn)
{
	bool syn = (s->flags & (WIRE_TCP_SYN | WIRE_TCP_ACK)) == WIRE_TCP_SYN;

	return check_with(
		tcp, k, s, tcp_auth_key(tcp, entry), syn ? s->seq : peer_isn, syn ? 0 : our_isn);
}

/* The extension of seq, which is near ref (RFC 5925 section 6.2). */
static uint32_t sne_of(uint32_t seq, uint32_t ref, uint32_t ref_sne)
{
	if (seq_geq(seq, ref))
		return ref_sne + (seq < ref);
	return ref_sne - (seq > ref);
}

static void sne_advance(uint32_t seq, uint32_t *ref, uint32_t *ref_sne)
{
	if (!seq_gt(seq, *ref))
		return;
	*ref_sne = sne_of(seq, *ref, *ref_sne);
	*ref = seq;
}

/* The peer asks for another key, and by that also shows that it has it (section 7.5 (2) (e)). */
static void rollover(struct tcp *tcp, struct tcp_auth_conn *c, bool v6, const struct tcp_key *k,
	uint8_t rnext_id)
{
	if (tcp_auth_key(tcp, c->mkt[c->send].entry)->send_id == rnext_id)
		return;
	int i = tcp_auth_mkt(tcp, c, v6, k, rnext_id, false);

	if (i < 0)
		return;
	c->send = (uint8_t)i;
	tcp_count(tcp, CNT_tcp_key_rollovers);
}

enum drop tcp_auth_check_conn(
	struct tcp *tcp, const struct tcp_key *k, const struct tcp_seg *s, uint32_t conn)
{
	struct tcp_auth_conn *c = &tcp->auth->conn[conn - 1];
	const struct tcp_auth_key *m = tcp_auth_key(tcp, c->mkt[c->send].entry);
	bool v6 = (s->p->flags & NET_PKT_V6) != 0;

	if (m->alg == TCP_AUTH_MD5)
		return md5_check(tcp, m, s);
	const uint8_t *opt = ao_option(s);

	if (opt == NULL)
		return DROP_tcp_auth_missing;
	int i = tcp_auth_mkt(tcp, c, v6, k, opt[2], true);

	if (i < 0)
		return DROP_tcp_auth_key;
	m = tcp_auth_key(tcp, c->mkt[i].entry);
	if ((s->flags & (WIRE_TCP_SYN | WIRE_TCP_ACK)) ==
		WIRE_TCP_SYN) /* it knows no number of ours */
		return check_with(tcp, k, s, m, s->seq, 0);
	enum drop why =
		ao_check(tcp, m, c->mkt[i].rx, sne_of(s->seq, c->rcv_ref, c->rcv_sne), s, opt);

	if (why != DROP_NONE)
		return why;
	sne_advance(s->seq, &c->rcv_ref, &c->rcv_sne);
	rollover(tcp, c, v6, k, opt[3]);
	return DROP_NONE;
}

enum drop tcp_auth_check_syn_sent(
	struct tcp *tcp, const struct tcp_key *k, const struct tcp_seg *s, uint32_t conn)
{
	struct tcp_auth_conn *c = &tcp->auth->conn[conn - 1];
	const struct tcp_auth_key *m = tcp_auth_key(tcp, c->mkt[c->send].entry);
	const uint8_t *opt = ao_option(s);

	if (m->alg != TCP_AUTH_MD5 && opt != NULL) {
		int i = tcp_auth_mkt(tcp, c, (s->p->flags & NET_PKT_V6) != 0, k, opt[2], true);

		if (i >= 0)
			m = tcp_auth_key(tcp, c->mkt[i].entry);
	}
	/* A reset without SYN comes from one who knows no connection: its number is not the initial
	 * one, and it cannot sign (section 7.7). */
	return check_with(tcp, k, s, m, s->seq, s->flags & WIRE_TCP_ACK ? c->snd_isn : 0);
}

unsigned tcp_auth_opt_emit(const struct tcp *tcp, uint32_t conn, int entry, uint8_t *p)
{
	const struct tcp_auth_conn *c = conn != 0 ? &tcp->auth->conn[conn - 1] : NULL;
	const struct tcp_auth_key *m = tcp_auth_key(tcp, c != NULL ? c->mkt[c->send].entry : entry);
	const struct tcp_auth_key *next = c != NULL ? tcp_auth_key(tcp, c->mkt[c->rnext].entry) : m;

	if (m->alg == TCP_AUTH_MD5) {
		p[0] = KIND_NOP;
		p[1] = KIND_NOP;
		p[2] = KIND_MD5;
		p[3] = OPT_MD5_LEN;
		memset(p + 4, 0, TCP_MD5_LEN);
		return TCP_AUTH_MD5_LEN;
	}
	p[0] = KIND_AO;
	p[1] = OPT_AO_LEN;
	p[2] = m->send_id;
	p[3] = next->recv_id;
	memset(p + 4, 0, TCP_AO_MAC_LEN);
	return TCP_AUTH_AO_LEN;
}

static struct message leaving(
	bool v6, const struct tcp_key *k, const struct rte_mbuf *m, unsigned hlen)
{
	return (struct message){.v6 = v6,
		.src = k->l,
		.dst = k->r,
		.hdr = rte_pktmbuf_mtod(m, const uint8_t *),
		.hlen = hlen,
		.m = m,
		.off = hlen,
		.len = m->pkt_len - hlen};
}

/* Fills the digest in. If libcrypto fails it stays zero, and the peer drops the segment. */
static void sign(struct tcp *tcp, const struct tcp_auth_key *k, const uint8_t *traffic_key,
	uint32_t sne, const struct message *g)
{
	bool md5 = k->alg == TCP_AUTH_MD5;
	const uint8_t *opt = md5 ? opt_find(g->hdr, g->hlen, KIND_MD5, OPT_MD5_LEN)
				 : opt_find(g->hdr, g->hlen, KIND_AO, OPT_AO_LEN);
	uint8_t out[TCP_MD5_LEN];

	if (opt == NULL)
		return;
	uint8_t *at = (uint8_t *)rte_pktmbuf_mtod(g->m, uint8_t *) + (opt - g->hdr);

	if (md5 && md5_make(tcp, k, g, out))
		memcpy(at + 2, out, TCP_MD5_LEN);
	else if (!md5 && ao_make(tcp, k, traffic_key, sne, g, opt, out))
		memcpy(at + 4, out, TCP_AO_MAC_LEN);
}

/* What we sign without a state, or before both initial numbers are known. */
static void sign_with(struct tcp *tcp, const struct tcp_auth_key *m, const struct tcp_key *k,
	uint32_t our_isn, uint32_t peer_isn, const struct message *g)
{
	struct tcp_ao_conn c = {.v6 = g->v6,
		.src = k->l,
		.dst = k->r,
		.sport = k->lport,
		.dport = k->rport,
		.src_isn = our_isn,
		.dst_isn = peer_isn};
	uint8_t key[TCP_TRAFFIC_KEY_MAX];

	if (m->alg != TCP_AUTH_MD5 &&
		!tcp_ao_traffic_key(tcp->auth->digest, m->alg, m->key, m->len, &c, key))
		return;
	sign(tcp, m, key, 0, g);
}

void tcp_auth_sign_half(struct tcp *tcp, bool v6, const struct tcp_key *k, int entry,
	uint32_t our_isn, uint32_t peer_isn, struct rte_mbuf *m, unsigned hlen)
{
	struct message g = leaving(v6, k, m, hlen);

	sign_with(tcp, tcp_auth_key(tcp, entry), k, our_isn, peer_isn, &g);
}

void tcp_auth_sign_conn(struct tcp *tcp, bool v6, const struct tcp_key *k, uint32_t conn,
	struct rte_mbuf *m, unsigned hlen)
{
	struct tcp_auth_conn *c = &tcp->auth->conn[conn - 1];
	const struct tcp_auth_key *key = tcp_auth_key(tcp, c->mkt[c->send].entry);
	struct message g = leaving(v6, k, m, hlen);
	uint32_t seq = wire_get32(g.hdr + 4);

	if (!c->have_isns) {
		sign_with(tcp, key, k, c->snd_isn, 0, &g);
		return;
	}
	sign(tcp, key, c->mkt[c->send].tx, sne_of(seq, c->snd_ref, c->snd_sne), &g);
	sne_advance(seq, &c->snd_ref, &c->snd_sne);
}

bool tcp_auth_tcb_ok(struct tcp *tcp, struct tcb *t, struct tcp_seg *s)
{
	enum drop why = t->state == TCP_SYN_SENT ? tcp_auth_check_syn_sent(tcp, &t->key, s, t->auth)
						 : tcp_auth_check_conn(tcp, &t->key, s, t->auth);

	if (why != DROP_NONE)
		seg_drop(tcp, s, why);
	return why == DROP_NONE;
}
