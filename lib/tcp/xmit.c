/* SPDX-License-Identifier: BSD-3-Clause */
#include "auth.h"
#include "fastopen.h"
#include "tcp_priv.h"
#include "xmit_header.h"

/* From the send queue to the network layer: one segment at a time. */

#define COPY_MAX 256 /* payload that is cheaper to copy than to refer to */

static struct rte_mbuf *data_copy(struct tcp *tcp, const struct txseg *s, unsigned n)
{
	struct rte_mbuf *m = pkt_alloc(&tcp->env->pool);

	if (m == NULL)
		return NULL;
	m->data_off = PKT_HEADERS_MAX;
	for (; n-- > 0; s = s->next) {
		memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len),
			(const uint8_t *)s->m->buf_addr + s->off, s->len);
		m->data_len += s->len;
	}
	m->pkt_len = m->data_len;
	return m;
}

/* Headers in a buffer of their own, the payload by reference. */
static struct rte_mbuf *data_refer(struct tcp *tcp, const struct txseg *s, unsigned n)
{
	struct rte_mbuf *head = pkt_alloc(&tcp->env->pool), *last = head;

	if (head == NULL)
		return NULL;
	head->data_off = PKT_HEADERS_MAX;
	for (; n-- > 0; s = s->next) {
		struct rte_mbuf *m = pkt_alloc(&tcp->env->pool);

		if (m == NULL) {
			pkt_free(&tcp->env->pool, head);
			return NULL;
		}
		rte_pktmbuf_attach(m, s->m);
		m->data_off = s->off;
		m->data_len = s->len;
		m->pkt_len = s->len;
		last->next = m;
		last = m;
		head->nb_segs++;
		head->pkt_len += s->len;
	}
	return head;
}

struct rte_mbuf *tcp_xmit_data(struct tcp *tcp, struct txseg *s, unsigned n, uint32_t len)
{
	if (likely(n == 1 && s->flags & TXSEG_INPLACE && rte_mbuf_refcnt_read(s->m) == 1))
		return xmit_in_place(s);
	if (len <= COPY_MAX)
		return data_copy(tcp, s, n);
	return data_refer(tcp, s, n);
}

/* SACK blocks of a signed segment: as many as the signature leaves room for. */
static void signed_sack(struct tcp *tcp, struct tcb *t, struct wire_tcp_opts *o)
{
	unsigned room =
		WIRE_TCP_MAX_LEN - WIRE_TCP_LEN - t->auth_len - (t->flags & TF_TS ? TCP_TS_LEN : 0);
	uint8_t has = o->has;

	tcp_sack_blocks(t, o);
	tcp_xr_release(tcp, t);
	o->n_sack = (uint8_t)RTE_MIN((unsigned)o->n_sack, room < 12 ? 0 : (room - 4) / 8);
	o->has = o->n_sack != 0 ? has | WIRE_TCP_OPT_SACK : has;
}

/* The urgent pointer of a segment: from its own number to behind the last urgent octet (section 3.8.5,
 * MUST-62), as far as it reaches. 0: none. */
static uint16_t urgent_pointer(struct tcb *t, uint32_t seq)
{
	if (seq_leq(t->snd_up, t->snd_una)) {
		t->flags &= ~TF_URGENT;
		return 0;
	}
	return seq_gt(t->snd_up, seq) ? (uint16_t)RTE_MIN(t->snd_up - seq, UINT32_C(65535)) : 0;
}

/* As xmit_header(), with what is rare: a signature over all of the segment, an urgent pointer. */
static int xmit_general(
	struct tcp *tcp, struct tcb *t, struct rte_mbuf *m, uint32_t seq, unsigned flags)
{
	struct wire_tcp_opts o = {.has = t->flags & TF_TS ? WIRE_TCP_OPT_TS : 0,
		.tsval = tcp_ts_now(tcp, t->ts_off),
		.tsecr = t->ts_recent};
	bool is_signed = (t->flags & TF_SIGNED) != 0, rst = (flags & WIRE_TCP_RST) != 0;
	uint8_t opts[WIRE_TCP_MAX_LEN], tos = t->tos;
	uint16_t urp = t->flags & TF_URGENT && !rst ? urgent_pointer(t, seq) : 0;
	unsigned n;

	if (is_signed && t->xr != NULL && t->flags & TF_SACK && m->pkt_len == 0 && !rst)
		signed_sack(tcp, t, &o);
	n = wire_tcp_opts_emit(opts, &o);
	if (is_signed)
		n += tcp_auth_opt_emit(tcp, t->auth, -1, opts + n);
	if (t->flags & TF_ECN)
		flags = xmit_ecn(t, flags, &tos);
	struct wire_tcp h = {.sport = t->key.lport,
		.dport = t->key.rport,
		.seq = seq,
		.ack = t->rcv_nxt,
		.hlen = (uint8_t)(WIRE_TCP_LEN + n + (flags >> XMIT_OPTS_SHIFT)),
		.flags = (uint8_t)(urp != 0 ? flags | WIRE_TCP_URG : flags),
		.wnd = wnd_update(t),
		.urp = urp};
	uint8_t *p = (uint8_t *)rte_pktmbuf_prepend(m, (uint16_t)(WIRE_TCP_LEN + n));

	wire_tcp_emit(p, &h);
	memcpy(p + WIRE_TCP_LEN, opts, n);
	if (is_signed)
		tcp_auth_sign_conn(tcp, tcp_v6(t), &t->key, t->auth, m, h.hlen);
	xmit_acked(t);
	return xmit_output(tcp, t, m, 0, h.hlen, tos);
}

int tcp_xmit(struct tcp *tcp, struct tcb *t, struct rte_mbuf *m, uint32_t seq, unsigned flags,
	uint16_t tso_mss)
{
	if (unlikely(t->flags & (TF_SIGNED | TF_URGENT)))
		return xmit_general(tcp, t, m, seq, flags);
	return xmit_header(tcp, t, m, seq, flags, tso_mss);
}

/* The options lie behind the header as if they were payload: only its length counts them in. */
static int xmit_sack(
	struct tcp *tcp, struct tcb *t, struct rte_mbuf *m, uint32_t seq, unsigned flags)
{
	struct wire_tcp_opts o = {.has = 0};
	unsigned n;

	tcp_sack_blocks(t, &o);
	tcp_xr_release(tcp, t);
	n = wire_tcp_opts_emit(rte_pktmbuf_mtod(m, uint8_t *), &o);
	m->data_len = (uint16_t)n;
	m->pkt_len = n;
	return tcp_xmit(tcp, t, m, seq, flags | n << XMIT_OPTS_SHIFT, 0);
}

int tcp_xmit_ctl(struct tcp *tcp, struct tcb *t, uint32_t seq, uint8_t flags)
{
	struct rte_mbuf *m = pkt_alloc(&tcp->env->pool);

	if (m == NULL)
		return -ENOBUFS;
	m->data_off = PKT_HEADERS_MAX;
	if (flags == WIRE_TCP_ACK)
		tcp_count(tcp, CNT_tcp_acks_only);
	if (unlikely(t->xr != NULL) && (t->flags & (TF_SACK | TF_SIGNED)) == TF_SACK &&
		!(flags & WIRE_TCP_RST))
		return xmit_sack(tcp, t, m, seq, flags);
	return tcp_xmit(tcp, t, m, seq, flags, 0);
}

/* A Fast Open's SYN,ACK comes when data has been taken. */
static uint16_t syn_wnd(const struct tcb *t, bool ack)
{
	return (uint16_t)RTE_MIN(ack ? t->rcv_adv - t->rcv_nxt : t->rcv_buf, 65535u);
}

/* SYN, or SYN,ACK after crossed SYNs, with the MSS option (MUST-14). Its window is never scaled
 * (RFC 7323 section 2.2). A SYN that was not answered goes again without asking for ECN, which a
 * middlebox may have disliked (RFC 3168 section 6.1.1.1), and without Fast Open
 * (RFC 7413 section 4.2.1). */
int tcp_xmit_syn(struct tcp *tcp, struct tcb *t)
{
	struct rte_mbuf *m = pkt_alloc(&tcp->env->pool);
	bool ack = t->state == TCP_SYN_RECEIVED;
	uint32_t data = 0;

	if (m == NULL)
		return -ENOBUFS;
	struct wire_tcp_opts o = {.mss = t->mss_announced,
		.tsval = tcp_ts_now(tcp, t->ts_off),
		.tsecr = t->ts_recent};
	o.uto = tcp_uto_offer(tcp, t->flags,
		t->flags & TF_UTO_OWN ? t->user_timeout_s : tcp_user_timeout_s(tcp, NULL));
	uint8_t ecn = tcp_syn_opts(&o, t->flags, ack, t->rcv_wscale);
	if (unlikely((t->flags & (TF_FASTOPEN | TF_SYN_REXMT)) == TF_FASTOPEN && !ack))
		data = tcp_fastopen_offer(tcp, t, &o);
	struct wire_tcp h = {
		.sport = t->key.lport,
		.dport = t->key.rport,
		.seq = t->iss,
		.ack = ack ? t->rcv_nxt : 0,
		.flags = ack ? WIRE_TCP_SYN | WIRE_TCP_ACK : WIRE_TCP_SYN,
		.wnd = syn_wnd(t, ack),
	};

	if (ack || !(t->flags & TF_SYN_REXMT))
		h.flags |= ecn;
	m->data_off = PKT_HEADERS_MAX;
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

	h.hlen = (uint8_t)(WIRE_TCP_LEN + wire_tcp_opts_emit(p + WIRE_TCP_LEN, &o));
	if (unlikely(t->flags & TF_SIGNED))
		h.hlen += (uint8_t)tcp_auth_opt_emit(tcp, t->auth, -1, p + h.hlen);
	wire_tcp_emit(p, &h);
	if (unlikely(data != 0)) {
		tcp_fastopen_copy(t, p + h.hlen, data);
		t->snd_max += data;
		t->snd_nxt = t->snd_max;
	}
	m->data_len = (uint16_t)(h.hlen + data);
	m->pkt_len = m->data_len;
	if (unlikely(t->flags & TF_SIGNED))
		tcp_auth_sign_conn(tcp, tcp_v6(t), &t->key, t->auth, m, h.hlen);
	t->last_tx_us = tcp->env->now_us;
	if (ack)
		xmit_acked(t);
	return xmit_output(tcp, t, m, 0, h.hlen, t->flags & TF_ECN ? t->tos & 0xfc : t->tos);
}
