/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * The send queue: stretches of at most a segment, oldest first, each with one reference to the
 * buffer that holds its bytes. Headers are put in front of the payload in that very buffer when
 * nobody else reads it (xmit.c), so that neither sending nor resending copies.
 */

void txq_append(struct tcb *t, struct txseg *s)
{
	s->next = NULL;
	if (t->tail_seg != NULL) {
		s->seq = t->tail_seg->seq + t->tail_seg->len;
		t->tail_seg->next = s;
	} else {
		s->seq = t->snd_una;
		t->una_seg = s;
	}
	t->tail_seg = s;
	if (t->nxt_seg == NULL)
		t->nxt_seg = s;
	t->snd_queued += s->len;
}

bool txseg_split(struct tcp *tcp, struct tcb *t, struct txseg *s, uint16_t len)
{
	struct txseg *rest = txseg_alloc(tcp);

	if (rest == NULL)
		return false;
	*rest = *s;
	rest->seq += len;
	rest->off += len;
	rest->len -= len;
	rest->flags &= (uint16_t) ~(TXSEG_APPEND | TXSEG_BUF);
	rest->flags |= TXSEG_SPLIT;
	s->len = len;
	s->flags &= (uint16_t) ~(TXSEG_APPEND | TXSEG_PUSH);
	s->flags |= TXSEG_SPLIT;
	s->next = rest;
	rte_mbuf_refcnt_update(s->m, 1);
	if (t->tail_seg == s)
		t->tail_seg = rest;
	if (t->xs != NULL)
		tcp_seg_split(t, s, rest);
	return true;
}

void txq_free(struct tcp *tcp, struct tcb *t)
{
	while (t->una_seg != NULL) {
		struct txseg *s = t->una_seg;

		t->una_seg = s->next;
		pkt_free_seg(&tcp->env->pool, s->m);
		txseg_free(tcp, s);
	}
	t->nxt_seg = NULL;
	t->tail_seg = NULL;
	t->snd_queued = 0;
}

/* Room behind the last stretch: not sent yet, made by us, shorter than a segment. */
static uint32_t tail_room(const struct tcp *tcp, const struct tcb *t)
{
	const struct txseg *s = t->tail_seg;

	if (s == NULL || (s->flags & (TXSEG_APPEND | TXSEG_SENT)) != TXSEG_APPEND ||
		s->len >= t->mss)
		return 0;
	uint32_t space = (uint32_t)s->m->buf_len - s->off - s->len;

	return RTE_MIN(space, (uint32_t)(t->mss - s->len));
}

/* A fresh buffer for up to a segment; the payload starts where all headers fit before it. */
static struct txseg *txseg_new(struct tcp *tcp)
{
	struct txseg *s = likely(txq_has_room(tcp, 1)) ? txseg_alloc(tcp) : NULL;

	if (unlikely(s == NULL))
		return NULL;
	s->m = pkt_alloc(&tcp->env->pool);
	if (unlikely(s->m == NULL)) {
		txseg_free(tcp, s);
		return NULL;
	}
	s->off = PKT_HEADERS_MAX;
	s->flags = TXSEG_INPLACE | TXSEG_APPEND;
	s->len = 0;
	txq_count(tcp, s);
	return s;
}

/* Copies up to len bytes into the queue; how many, or -ENOBUFS if none. */
ssize_t txq_copy(struct tcp *tcp, struct tcb *t, const void *data, uint32_t len)
{
	const uint8_t *p = data;
	uint32_t left = len, n = RTE_MIN(tail_room(tcp, t), left);

	if (n != 0) {
		struct txseg *s = t->tail_seg;

		memcpy((uint8_t *)s->m->buf_addr + s->off + s->len, p, n);
		s->len += (uint16_t)n;
		t->snd_queued += n;
		p += n;
		left -= n;
	}
	while (left != 0) {
		struct txseg *s = txseg_new(tcp);

		if (unlikely(s == NULL))
			break;
		n = RTE_MIN(left, RTE_MIN((uint32_t)t->mss, (uint32_t)s->m->buf_len - s->off));
		memcpy((uint8_t *)s->m->buf_addr + s->off, p, n);
		s->len = (uint16_t)n;
		txq_append(t, s);
		p += n;
		left -= n;
	}
	if (left == len)
		return -ENOBUFS;
	t->tail_seg->flags |= TXSEG_PUSH;
	return len - left;
}
