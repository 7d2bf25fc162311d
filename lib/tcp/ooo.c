/* SPDX-License-Identifier: BSD-3-Clause */
#include "ooo.h"

/*
 * What arrived before its time: ranges of the sequence space, ascending, without overlap and none
 * touching the next, each the chain of its packets' segments. They hang in a skip list, so that
 * thousands of ranges cost a peer's segment no more than a few steps, wherever it falls; one at the
 * end, the usual case behind a hole, is found at once. A range's node is kept in the headroom of its
 * first buffer, which holds nothing any more once the headers are parsed.
 *
 * Memory is bounded: by the announced window in bytes, in buffers by tcp.out-of-order for a
 * connection and by a quarter of the pool for all of them; payload that fits behind the last of its
 * range is copied there. What was once taken is kept until it is delivered (no reneging).
 */
#define COPY_MAX 512 /* bytes that are cheaper copied than kept in a buffer of their own */

struct ooo_node {
	uint32_t seq, end;
	uint8_t level; /* 1 to OOO_LEVELS */
	struct rte_mbuf *last;
	struct rte_mbuf *next[OOO_LEVELS];
};

_Static_assert(sizeof(struct ooo_node) <= RTE_PKTMBUF_HEADROOM, "fits the headroom");

/* Where in the list: the link at each level that points behind it. */
struct ooo_path {
	struct rte_mbuf **link[OOO_LEVELS];
	struct rte_mbuf *prev; /* the range before, NULL: none */
};

static struct ooo_node *node(struct rte_mbuf *m)
{
	return m->buf_addr;
}

/* The headroom of a shared buffer is not ours to write, nor is there always enough. */
static bool headroom_ours(const struct rte_mbuf *m)
{
	return likely(RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1 &&
		      m->data_off >= sizeof(struct ooo_node));
}

static struct rte_mbuf *ooo_own(struct tcp *tcp, struct rte_mbuf *m)
{
	if (headroom_ours(m))
		return m;
	struct rte_mbuf *head = pkt_alloc(&tcp->env->pool);

	if (head == NULL) {
		pkt_drop(&tcp->env->pool, m, DROP_pool_empty);
		return NULL;
	}
	head->next = m;
	head->pkt_len = m->pkt_len;
	head->nb_segs = m->nb_segs + 1;
	return head;
}

static void ooo_account(struct tcp *tcp, struct tcp_xr *x, int n)
{
	x->ooo_bufs += (uint32_t)n;
	tcp->ooo_bufs += (uint32_t)n;
}

/* The path behind all ranges that begin at or before seq. */
static void path_to(struct tcp_xr *x, uint32_t seq, struct ooo_path *p)
{
	struct rte_mbuf **link = x->ooo;

	p->prev = NULL;
	for (unsigned l = OOO_LEVELS; l-- > 0;) {
		while (link[l] != NULL && seq_leq(node(link[l])->seq, seq)) {
			p->prev = link[l];
			link = node(p->prev)->next;
		}
		p->link[l] = &link[l];
	}
}

static struct rte_mbuf *path_next(const struct ooo_path *p)
{
	return *p->link[0];
}

/* A level is left out of three in four, so that a list of 4^8 is still searched from few. */
static uint8_t level_draw(struct tcp *tcp)
{
	uint32_t r = rng_below(&tcp->env->rng, 1u << 16);
	uint8_t level = 1;

	while (level < OOO_LEVELS && (r & 3) == 0) {
		level++;
		r >>= 2;
	}
	return level;
}

static void range_link(struct rte_mbuf *m, uint8_t level, struct ooo_path *p)
{
	struct ooo_node *n = node(m);

	n->level = level;
	for (unsigned l = 0; l < level; l++) {
		n->next[l] = *p->link[l];
		*p->link[l] = m;
	}
}

/* Takes the range right behind p out of the list. */
static struct rte_mbuf *range_unlink(struct ooo_path *p)
{
	struct rte_mbuf *m = path_next(p);
	const struct ooo_node *n = node(m);

	for (unsigned l = 0; l < n->level; l++)
		*p->link[l] = n->next[l];
	return m;
}

bool tcp_ooo_waits(const struct tcb *t)
{
	if (t->xr == NULL)
		return false;
	for (struct rte_mbuf *m = t->xr->ooo[0]; m != NULL; m = node(m)->next[0])
		if (seq_gt(node(m)->end, t->rcv_nxt))
			return true;
	return false;
}

bool tcp_ooo_range(const struct tcp_xr *x, uint32_t seq, uint32_t *left, uint32_t *right)
{
	struct ooo_path p;

	path_to((struct tcp_xr *)(uintptr_t)x, seq, &p);
	if (p.prev == NULL || seq_leq(node(p.prev)->end, seq))
		return false;
	*left = node(p.prev)->seq;
	*right = node(p.prev)->end;
	return true;
}

bool tcp_ooo_after(const struct tcp_xr *x, uint32_t seq, uint32_t *left, uint32_t *right)
{
	struct ooo_path p;

	path_to((struct tcp_xr *)(uintptr_t)x, seq, &p);
	if (path_next(&p) == NULL)
		return false;
	*left = node(path_next(&p))->seq;
	*right = node(path_next(&p))->end;
	return true;
}

void tcp_ooo_free(struct tcp *tcp, struct tcb *t)
{
	struct tcp_xr *x = t->xr;

	if (x == NULL)
		return;
	for (struct rte_mbuf *m = x->ooo[0], *next; m != NULL; m = next) {
		next = node(m)->next[0];
		ooo_account(tcp, x, -(int)m->nb_segs);
		pkt_free(&tcp->env->pool, m);
	}
	tcp_xr_put(tcp, t);
}

/* Removes the ranges behind p that [.., end) covers wholly; the first one is a duplicate told of. */
static void swallow(struct tcp *tcp, struct tcb *t, struct ooo_path *p, uint32_t end)
{
	while (path_next(p) != NULL && seq_leq(node(path_next(p))->end, end)) {
		struct rte_mbuf *m = range_unlink(p);

		tcp_dsack_note(tcp, t, node(m)->seq, node(m)->end);
		ooo_account(tcp, t->xr, -(int)m->nb_segs);
		pkt_drop(&tcp->env->pool, m, DROP_tcp_dup);
	}
}

/* Cuts what the neighbours hold already off m, which is [seq, *end). NULL: nothing is left. */
static struct rte_mbuf *cut(struct tcp *tcp, struct tcb *t, struct ooo_path *p, struct rte_mbuf *m,
	uint32_t *seq, uint32_t *end)
{
	const struct ooo_node *prev = p->prev != NULL ? node(p->prev) : NULL;
	const struct ooo_node *next;
	uint32_t from = *seq;

	if (prev != NULL && seq_gt(prev->end, from)) {
		uint32_t till = seq_lt(prev->end, *end) ? prev->end : *end;

		tcp_dsack_note(tcp, t, from, till);
		from = till;
	}
	swallow(tcp, t, p, *end);
	next = path_next(p) != NULL ? node(path_next(p)) : NULL;
	if (next != NULL && seq_lt(next->seq, *end)) {
		uint32_t till = seq_gt(next->seq, from) ? next->seq : from;

		tcp_dsack_note(tcp, t, till, *end);
		if (till != from)
			tcp_trim_tail(tcp, m, *end - till);
		*end = till;
	}
	if (from == *end) {
		pkt_drop(&tcp->env->pool, m, DROP_tcp_dup);
		return NULL;
	}
	m = tcp_trim_front(tcp, m, from - *seq);
	*seq = from;
	return m;
}

/* Copies m behind the last segment of the range if it is small and fits. */
static bool append_copy(struct tcp *tcp, struct rte_mbuf *range, const struct rte_mbuf *m)
{
	struct rte_mbuf *last = node(range)->last;
	uint16_t len = (uint16_t)m->pkt_len;

	if (m->pkt_len > COPY_MAX || !RTE_MBUF_DIRECT(last) || rte_mbuf_refcnt_read(last) != 1 ||
		(uint32_t)last->data_off + last->data_len + len > last->buf_len)
		return false;
	for (const struct rte_mbuf *s = m; s != NULL; s = s->next) {
		memcpy(rte_pktmbuf_mtod_offset(last, uint8_t *, last->data_len),
			rte_pktmbuf_mtod(s, const uint8_t *), s->data_len);
		last->data_len += s->data_len;
	}
	range->pkt_len += len;
	return true;
}

/* m, of one range or none yet, becomes the end of range. */
static void chain(struct rte_mbuf *range, struct rte_mbuf *m, struct rte_mbuf *last)
{
	struct ooo_node *n = node(range);

	n->last->next = m;
	n->last = last;
	range->nb_segs += m->nb_segs;
	range->pkt_len += m->pkt_len;
}

static void append(struct tcp *tcp, struct tcb *t, struct ooo_path *p, struct rte_mbuf *m)
{
	struct ooo_node *n = node(p->prev);
	struct rte_mbuf *next = path_next(p);

	n->end += m->pkt_len;
	if (append_copy(tcp, p->prev, m)) {
		pkt_free(&tcp->env->pool, m);
	} else {
		ooo_account(tcp, t->xr, m->nb_segs);
		chain(p->prev, m, rte_pktmbuf_lastseg(m));
	}
	if (next == NULL || node(next)->seq != n->end)
		return;
	struct ooo_node gone = *node(next);

	range_unlink(p);
	chain(p->prev, next, gone.last);
	n->end = gone.end;
}

/* A range of its own, or the new beginning of the one behind. */
static void insert(struct tcp *tcp, struct tcb *t, struct ooo_path *p, struct rte_mbuf *m,
	uint32_t seq, uint32_t end)
{
	struct rte_mbuf *next = path_next(p);
	uint8_t level = level_draw(tcp);

	m = ooo_own(tcp, m);
	if (unlikely(m == NULL))
		return;
	ooo_account(tcp, t->xr, m->nb_segs);
	struct ooo_node *n = node(m);

	n->seq = seq;
	n->end = end;
	n->last = rte_pktmbuf_lastseg(m);
	if (next != NULL && node(next)->seq == end) {
		struct ooo_node old = *node(next);

		level = old.level;
		range_unlink(p);
		chain(m, next, old.last);
		n->end = old.end;
	}
	range_link(m, level, p);
}

/* May m be kept too, with the head that it may need? */
static bool has_room(const struct tcp *tcp, const struct tcp_xr *x, const struct rte_mbuf *m)
{
	uint32_t n = m->nb_segs + !headroom_ours(m);

	return x->ooo_bufs + n <= tcp->conf.ooo_max && tcp->ooo_bufs + n <= tcp->ooo_bufs_max;
}

void tcp_ooo_add(struct tcp *tcp, struct tcb *t, struct rte_mbuf *m, uint32_t seq, bool fin)
{
	uint32_t end = seq + m->pkt_len;
	struct tcp_xr *x = tcp_xr(tcp, t);
	struct ooo_path p;

	if (fin) {
		x->ooo_fin = true;
		x->ooo_fin_seq = end;
	}
	if (m->pkt_len == 0) {
		pkt_free(&tcp->env->pool, m);
		return;
	}
	path_to(x, seq, &p);
	/* Before anything is cut: what is swallowed must not be lost. */
	if (unlikely(!has_room(tcp, x, m)) && (p.prev == NULL || seq_lt(node(p.prev)->end, end))) {
		pkt_drop(&tcp->env->pool, m, DROP_tcp_ooo_full);
		return;
	}
	m = cut(tcp, t, &p, m, &seq, &end);
	if (m != NULL) {
		if (p.prev != NULL && node(p.prev)->end == seq)
			append(tcp, t, &p, m);
		else
			insert(tcp, t, &p, m, seq, end);
		tcp_count(tcp, CNT_tcp_ooo_queued);
	}
	tcp_sack_note(tcp, t, seq);
}

/* The segments of m behind the first ones that hold at most about 'most' bytes; NULL: none. */
static struct rte_mbuf *chain_cut(struct rte_mbuf *m, uint32_t most)
{
	struct rte_mbuf *last = m, *rest;
	uint32_t len = m->data_len;
	uint16_t n = 1;

	if (m->pkt_len <= most)
		return NULL;
	while (last->next != NULL && len + last->next->data_len <= most) {
		last = last->next;
		len += last->data_len;
		n++;
	}
	rest = last->next;
	if (rest == NULL)
		return NULL;
	last->next = NULL;
	rest->nb_segs = m->nb_segs - n;
	rest->pkt_len = m->pkt_len - len;
	m->nb_segs = n;
	m->pkt_len = len;
	return rest;
}

/* May s be copied behind last, which is ours to write? */
static bool fits_behind(const struct rte_mbuf *last, const struct rte_mbuf *s)
{
	return s->data_len <= COPY_MAX && RTE_MBUF_DIRECT(last) &&
	       rte_mbuf_refcnt_read(last) == 1 &&
	       (uint32_t)last->data_off + last->data_len + s->data_len <= last->buf_len;
}

/* Puts small segments of a chain together: what was filled in piece by piece must not cost the
 * application a buffer for each piece. */
static struct rte_mbuf *squeeze(struct tcp *tcp, struct rte_mbuf *m)
{
	struct rte_mbuf *last = m;

	if (likely(m->pkt_len >= (uint32_t)m->nb_segs * COPY_MAX))
		return m;
	while (last->next != NULL) {
		struct rte_mbuf *s = last->next;

		if (!fits_behind(last, s)) {
			last = s;
			continue;
		}
		memcpy(rte_pktmbuf_mtod_offset(last, uint8_t *, last->data_len),
			rte_pktmbuf_mtod(s, const uint8_t *), s->data_len);
		last->data_len += s->data_len;
		last->next = s->next;
		m->nb_segs--;
		s->next = NULL;
		pkt_free_seg(&tcp->env->pool, s);
	}
	return m;
}

void tcp_deliver_chain(struct tcp *tcp, struct tcb *t, struct rte_mbuf *m)
{
	while (m != NULL) {
		struct rte_mbuf *rest = chain_cut(m, tcp_chain_most(t));

		tcp_deliver(tcp, t, m, m->pkt_len);
		m = rest;
		if (unlikely(t->state == TCP_CLOSED && m != NULL)) {
			pkt_drop(&tcp->env->pool, m, DROP_tcp_closed);
			return;
		}
	}
}

/* Delivers what has become in order; then an early FIN. */
void tcp_ooo_drain(struct tcp *tcp, struct tcb *t)
{
	struct tcp_xr *x = t->xr;
	struct ooo_path p = {.prev = NULL};

	for (unsigned l = 0; l < OOO_LEVELS; l++)
		p.link[l] = &x->ooo[l];
	while (x->ooo[0] != NULL && seq_leq(node(x->ooo[0])->seq, t->rcv_nxt)) {
		struct rte_mbuf *m = range_unlink(&p);
		uint32_t skip = t->rcv_nxt - node(m)->seq;

		ooo_account(tcp, x, -(int)m->nb_segs);
		if (skip >= m->pkt_len) {
			tcp_dsack_note(tcp, t, node(m)->seq, node(m)->end);
			pkt_drop(&tcp->env->pool, m, DROP_tcp_dup);
			continue;
		}
		if (unlikely(skip != 0))
			tcp_dsack_note(tcp, t, t->rcv_nxt - skip, t->rcv_nxt);
		m = squeeze(tcp, tcp_trim_front(tcp, m, skip));
		if (unlikely(t->flags & TF_HOLDS)) /* may exceed the bound once: it was taken */
			t->held_new += m->nb_segs;
		tcp_deliver_chain(tcp, t, m);
		if (t->state == TCP_CLOSED)
			return;
	}
	if (x->ooo_fin && x->ooo_fin_seq == t->rcv_nxt) {
		x->ooo_fin = false;
		tcp_fin_process(tcp, t);
		if (t->state == TCP_CLOSED)
			return;
	}
	tcp_xr_release(tcp, t);
}
