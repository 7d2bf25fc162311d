/* SPDX-License-Identifier: BSD-3-Clause */
#include "frag.h"

#include <stdlib.h>

#include "net_priv.h"
#include "wire_icmp.h"

/*
 * Stretches of a datagram: packets of one or more fragments that follow each other, kept by what
 * stands at the start of their first buffer, whose headroom holds nothing any more. The stretch
 * at offset 0 begins with the first fragment's headers, the others with payload.
 */
struct frag_link {
	struct rte_mbuf *next;
	struct rte_mbuf *last; /* segment */
	uint32_t off, end;
};

_Static_assert(sizeof(struct frag_link) <= 32, "fits the headroom that is left");

#define FRAG_COPY_MAX 512 /* payload that moves into the buffer before it */

static struct frag_link *link_of(struct rte_mbuf *m)
{
	return m->buf_addr;
}

static uint32_t frag_index(const struct frag_table *t, const struct frag_entry *e)
{
	return (uint32_t)(e - t->entry) + 1;
}

static struct frag_entry *frag_at(const struct frag_table *t, uint32_t index)
{
	return index == 0 ? NULL : &t->entry[index - 1];
}

static uint64_t frag_hash(const struct net *n, const struct frag_key *k)
{
	return siphash(&n->env->secret, k, sizeof(*k));
}

static uint8_t frag_source(const struct net *n, const struct frag_key *k)
{
	return (uint8_t)siphash(&n->env->secret, &k->src, sizeof(k->src));
}

/* ---- entries ---- */

/* Drops what was kept, each fragment counted. */
static void frag_pieces_drop(struct net *n, struct frag_entry *e, enum drop why)
{
	struct frag_table *t = &n->frag;

	n->env->cnt.drop[why] += e->frags;
	e->frags = 0;
	while (e->head != NULL) {
		struct rte_mbuf *m = e->head;

		e->head = link_of(m)->next;
		pkt_free(&n->env->pool, m);
	}
	e->tail = NULL;
	t->bufs -= e->bufs;
	t->source[e->source].bufs -= e->bufs;
	e->bufs = 0;
	e->gaps = 0;
}

static void frag_unlink(struct net *n, struct frag_entry *e)
{
	struct frag_table *t = &n->frag;
	uint32_t i = frag_index(t, e);
	uint32_t *at = &t->bucket[frag_hash(n, &e->key) & t->mask];

	while (*at != i)
		at = &t->entry[*at - 1].next;
	*at = e->next;
	if (e->older != 0)
		t->entry[e->older - 1].newer = e->newer;
	else
		t->oldest = e->newer;
	if (e->newer != 0)
		t->entry[e->newer - 1].older = e->older;
	else
		t->newest = e->older;
	t->count--;
	t->source[e->source].count--;
	e->next = t->free;
	t->free = i;
}

static void frag_free(struct net *n, struct frag_entry *e, enum drop why)
{
	frag_pieces_drop(n, e, why);
	frag_unlink(n, e);
}

static void frag_timer_arm(struct net *n)
{
	struct frag_entry *e = frag_at(&n->frag, n->frag.oldest);

	if (e != NULL && !timer_armed(&n->frag.timer))
		timer_arm(&n->env->wheel, &n->frag.timer, TIMER_NET_FRAG, e->until_us);
}

/* The oldest datagram of a source class (or of all: -1) is given up. */
static void frag_evict(struct net *n, int source)
{
	struct frag_table *t = &n->frag;
	struct frag_entry *e = frag_at(t, t->oldest);

	while (e != NULL && source >= 0 && e->source != source)
		e = frag_at(t, e->newer);
	if (e == NULL)
		return;
	net_count(n, CNT_frag_evicted);
	frag_free(n, e, DROP_frag_full);
}

static struct frag_entry *frag_find(struct net *n, const struct frag_key *k)
{
	struct frag_table *t = &n->frag;
	struct frag_entry *e = frag_at(t, t->bucket[frag_hash(n, k) & t->mask]);

	while (e != NULL && memcmp(&e->key, k, sizeof(*k)) != 0)
		e = frag_at(t, e->next);
	return e;
}

/* One source may have a quarter of all. */
static struct frag_entry *frag_make(struct net *n, const struct frag_key *k)
{
	struct frag_table *t = &n->frag;
	uint8_t source = frag_source(n, k);
	uint32_t *bucket = &t->bucket[frag_hash(n, k) & t->mask];
	struct frag_entry *e;
	uint32_t i;

	if (t->source[source].count >= RTE_MAX(t->max / 4, 1u))
		frag_evict(n, source);
	else if (t->free == 0)
		frag_evict(n, -1);
	i = t->free;
	e = frag_at(t, i);
	t->free = e->next;
	*e = (struct frag_entry){.key = *k,
		.next = *bucket,
		.older = t->newest,
		.until_us = n->env->now_us + n->conf.frag_timeout_us,
		.source = source};
	*bucket = i;
	if (t->newest != 0)
		t->entry[t->newest - 1].newer = i;
	else
		t->oldest = i;
	t->newest = i;
	t->count++;
	t->source[source].count++;
	frag_timer_arm(n);
	return e;
}

/* RFC 792, RFC 8200 section 4.5: who sent the first fragment hears that the rest did not come. */
static void frag_expired(struct net *n, struct frag_entry *e)
{
	struct rte_mbuf *m = e->head;
	struct net_pkt p = {.m = m,
		.ifc = e->key.ifc,
		.l3_off = e->l3_off,
		.l4_off = e->hdr,
		.proto = e->key.proto,
		.flags = e->flags,
		.scope = e->scope,
		.src = e->key.src,
		.dst = e->key.dst};

	net_count(n, CNT_frag_timeouts);
	if (m == NULL || link_of(m)->off != 0)
		return;
	p.l4_len = (uint16_t)(m->pkt_len - e->hdr);
	if (e->key.v6)
		net_icmp_error(n, &p, WIRE_ICMP6_TIME, WIRE_ICMP_TIME_FRAG, 0);
	else
		net_icmp_error(n, &p, WIRE_ICMP4_TIME, WIRE_ICMP_TIME_FRAG, 0);
}

static void frag_timer_fire(void *ctx, struct timer *timer, uint64_t now_us)
{
	struct net *n = ctx;
	struct frag_entry *e;

	(void)timer;
	while ((e = frag_at(&n->frag, n->frag.oldest)) != NULL && e->until_us <= now_us) {
		frag_expired(n, e);
		frag_free(n, e, DROP_frag_timeout);
	}
	frag_timer_arm(n);
}

int frag_init(struct net *n)
{
	struct frag_table *t = &n->frag;

	t->max = n->conf.frag_datagrams;
	t->mask = rte_align32pow2(t->max) - 1;
	t->bufs_max = n->env->pool.mp != NULL ? n->env->pool.mp->size / 4 : 1024;
	t->entry = calloc(t->max, sizeof(t->entry[0]));
	t->bucket = calloc((size_t)t->mask + 1, sizeof(t->bucket[0]));
	if (t->entry == NULL || t->bucket == NULL)
		return -ENOMEM;
	for (uint32_t i = t->max; i-- > 0;) {
		t->entry[i].next = t->free;
		t->free = i + 1;
	}
	env_timer_handler(n->env, TIMER_NET_FRAG, frag_timer_fire, n);
	return 0;
}

void frag_fini(struct net *n)
{
	if (n->frag.entry != NULL)
		while (n->frag.oldest != 0)
			frag_free(n, frag_at(&n->frag, n->frag.oldest), DROP_frag_timeout);
	timer_cancel(&n->env->wheel, &n->frag.timer);
	free(n->frag.entry);
	free(n->frag.bucket);
}

/* ---- stretches ---- */

/* The datagram is spoiled: what more comes of it is dropped. */
static bool frag_kill(struct net *n, struct frag_entry *e, struct net_pkt *p, enum drop why)
{
	frag_pieces_drop(n, e, why);
	e->dead = true;
	net_drop(n, p, why);
	return false;
}

/* Of a stretch's payload from off on, len bytes, are they those at at? */
static bool bytes_same(const struct frag_entry *e, struct rte_mbuf *m, uint32_t off, uint32_t len,
	const struct rte_mbuf *with, uint32_t at)
{
	const struct frag_link *l = link_of(m);
	uint32_t from = off - l->off + (l->off == 0 ? e->hdr : 0);
	uint8_t a[256], b[256];

	while (len > 0) {
		uint32_t part = RTE_MIN(len, (uint32_t)sizeof(a));
		const void *x = rte_pktmbuf_read(m, from, part, a);
		const void *y = rte_pktmbuf_read(with, at, part, b);

		if (x == NULL || y == NULL || memcmp(x, y, part) != 0)
			return false;
		from += part;
		at += part;
		len -= part;
	}
	return true;
}

/* Is [off, end) one fragment of those that the stretch was made of? */
static bool piece_same(const struct frag_entry *e, struct rte_mbuf *m, uint32_t off, uint32_t end)
{
	const struct frag_link *l = link_of(m);
	uint32_t at = l->off, hdr = l->off == 0 ? e->hdr : 0;

	for (; m != NULL && at <= off; m = m->next) {
		uint32_t len = m->data_len - hdr;

		if (at == off)
			return at + len == end;
		at += len;
		hdr = 0;
	}
	return false;
}

enum overlap { OVERLAP_NONE, OVERLAP_DUPLICATE, OVERLAP_BAD };

/*
 * Against what is there already. IPv6: an overlap spoils the datagram (RFC 8200 section 4.5), a
 * fragment that came before does not. IPv4 (RFC 791 section 3.2): overlaps with the same bytes do no
 * harm; [*off, *end) is then cut to what is new, if that is at an end of it.
 */
static enum overlap frag_overlap(const struct frag_entry *e, const struct frag_info *f,
	struct rte_mbuf *m, uint32_t *off, uint32_t *end)
{
	for (struct rte_mbuf *s = e->head; s != NULL; s = link_of(s)->next) {
		const struct frag_link *l = link_of(s);
		uint32_t from = RTE_MAX(l->off, *off), to = RTE_MIN(l->end, *end);

		if (from >= to)
			continue;
		if (!bytes_same(e, s, from, to - from, m, f->data_off + (from - f->off)))
			return OVERLAP_BAD;
		if (e->key.v6)
			return piece_same(e, s, *off, *end) ? OVERLAP_DUPLICATE : OVERLAP_BAD;
		if (from == *off && to == *end)
			return OVERLAP_DUPLICATE;
		if (from == *off)
			*off = to;
		else if (to == *end)
			*end = from;
		else
			return OVERLAP_BAD; /* it encloses what came before: nobody's MTU does that */
	}
	return OVERLAP_NONE;
}

/* Room at the buffer's start for the link, in a buffer of ours alone. */
static struct rte_mbuf *frag_own(struct net *n, struct rte_mbuf *m)
{
	if (likely(RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1 &&
		    m->data_off >= sizeof(struct frag_link)))
		return m;
	struct rte_mbuf *head = pkt_alloc(&n->env->pool);

	if (head == NULL)
		return NULL;
	/* With the headers, which must stay in one piece. */
	uint16_t len = RTE_MIN(m->data_len, n->env->pool.data_room);

	memcpy(rte_pktmbuf_mtod(head, void *), rte_pktmbuf_mtod(m, const void *), len);
	head->data_len = len;
	head->port = m->port;
	head->ol_flags = m->ol_flags & ~(RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL);
	head->vlan_tci = m->vlan_tci;
	head->vlan_tci_outer = m->vlan_tci_outer;
	head->pkt_len = m->pkt_len;
	if (len == m->data_len) {
		head->next = m->next;
		head->nb_segs = m->nb_segs;
		pkt_free_seg(&n->env->pool, m);
	} else {
		m->data_off += len;
		m->data_len -= len;
		head->next = m;
		head->nb_segs = m->nb_segs + 1;
	}
	return head;
}

/* Cuts len bytes at the front, freeing segments that become empty. */
static struct rte_mbuf *front_cut(struct net *n, struct rte_mbuf *m, uint32_t len)
{
	while (len >= m->data_len && m->next != NULL) {
		struct rte_mbuf *next = m->next;

		len -= m->data_len;
		next->pkt_len = m->pkt_len - m->data_len;
		next->nb_segs = m->nb_segs - 1;
		pkt_free_seg(&n->env->pool, m);
		m = next;
	}
	m->data_off += len;
	m->data_len -= len;
	m->pkt_len -= len;
	return m;
}

/* A small piece joins the buffer before it, so that a peer cannot make us hold a buffer for each
 * eight octets. IPv6 must know its pieces, to tell duplicates from overlaps. */
static bool frag_copied(struct net *n, struct frag_entry *e, struct rte_mbuf *s, struct rte_mbuf *m)
{
	struct frag_link *l = link_of(s);
	struct rte_mbuf *last = l->last;
	uint32_t len = m->pkt_len;

	if (e->key.v6 || len > FRAG_COPY_MAX || m->nb_segs != 1 || !RTE_MBUF_DIRECT(last) ||
		rte_mbuf_refcnt_read(last) != 1 || rte_pktmbuf_tailroom(last) < len)
		return false;
	memcpy(rte_pktmbuf_mtod_offset(last, uint8_t *, last->data_len),
		rte_pktmbuf_mtod(m, const void *), len);
	last->data_len += (uint16_t)len;
	s->pkt_len += len;
	l->end += len;
	pkt_free(&n->env->pool, m);
	return true;
}

static void frag_join(struct frag_entry *e, struct rte_mbuf *a, struct rte_mbuf *b)
{
	struct frag_link *l = link_of(a), *r = link_of(b);

	l->last->next = b;
	l->last = r->last;
	l->end = r->end;
	l->next = r->next;
	a->pkt_len += b->pkt_len;
	a->nb_segs += b->nb_segs;
	if (e->tail == b)
		e->tail = a;
	e->gaps--;
}

static void frag_bufs_add(struct net *n, struct frag_entry *e, uint32_t bufs)
{
	e->bufs += bufs;
	n->frag.bufs += bufs;
	n->frag.source[e->source].bufs += bufs;
}

/* Puts m, payload [off, end), among the stretches. Returns false if there are too many gaps. */
static bool frag_insert(
	struct net *n, struct frag_entry *e, struct rte_mbuf *m, uint32_t off, uint32_t end)
{
	struct rte_mbuf *before = NULL, *after = e->head;

	if (e->tail != NULL && link_of(e->tail)->end <= off) {
		before = e->tail;
		after = NULL;
	} else {
		while (after != NULL && link_of(after)->off < off) {
			before = after;
			after = link_of(after)->next;
		}
	}
	e->have += end - off;
	if (before != NULL && link_of(before)->end == off && frag_copied(n, e, before, m)) {
		m = before;
	} else {
		if (e->gaps == FRAG_GAPS_MAX)
			return false;
		frag_bufs_add(n, e, m->nb_segs);
		*link_of(m) = (struct frag_link){
			.next = after, .last = rte_pktmbuf_lastseg(m), .off = off, .end = end};
		if (before != NULL)
			link_of(before)->next = m;
		else
			e->head = m;
		if (after == NULL)
			e->tail = m;
		e->gaps++;
		if (before != NULL && link_of(before)->end == off) {
			frag_join(e, before, m);
			m = before;
		}
	}
	if (after != NULL && link_of(m)->end == link_of(after)->off)
		frag_join(e, m, after);
	return true;
}

/* RFC 3168 section 5.3: what the whole carries, or -1 if it must not be passed on. */
static int frag_ecn(uint8_t seen)
{
	if ((seen & 1 << 3) == 0)
		return seen & 1 << 0 ? 0 : (seen & 1 << 2 ? 2 : 1);
	return seen & 1 << 0 ? -1 : 3;
}

static bool frag_done(struct net *n, struct frag_entry *e, struct frag_whole *w)
{
	struct rte_mbuf *m = e->head;
	int ecn = frag_ecn(e->ecn);

	if (ecn < 0) {
		frag_free(n, e, DROP_frag_ecn);
		return false;
	}
	*w = (struct frag_whole){.m = m,
		.len = e->total,
		.l3_off = e->l3_off,
		.hdr = e->hdr,
		.next_ptr = e->next_ptr,
		.ecn = (uint8_t)ecn};
	/* Nothing that the port said of the fragment holds of the datagram. */
	m->ol_flags &= ~(
		RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_RSS_HASH);
	e->head = NULL;
	e->frags = 0;
	frag_free(n, e, DROP_frag_full);
	net_count(n, CNT_frag_reassembled);
	return true;
}

/* The fragment is new: into e. */
static bool frag_add(struct net *n, struct frag_entry *e, struct net_pkt *p,
	const struct frag_info *f, uint32_t off, uint32_t end)
{
	uint32_t tail_cut = f->off + f->len - end;
	struct rte_mbuf *m = frag_own(n, p->m);

	if (m == NULL) {
		net_drop(n, p, DROP_pool_empty);
		return false;
	}
	p->m = m;
	if (tail_cut != 0)
		net_trim(n, m, m->pkt_len - tail_cut);
	if (f->off == 0 && off == 0) {
		e->hdr = f->data_off;
		e->l3_off = p->l3_off;
		e->next_ptr = f->next_ptr;
		e->flags = p->flags;
		e->scope = p->scope;
	} else {
		p->m = front_cut(n, m, f->data_off + (off - f->off));
		m = frag_own(n, p->m);
		if (m == NULL) {
			net_drop(n, p, DROP_pool_empty);
			return false;
		}
		p->m = m;
	}
	e->ecn |= (uint8_t)(1u << f->ecn);
	e->frags++;
	if (!frag_insert(n, e, m, off, end))
		return frag_kill(n, e, p, DROP_frag_gaps);
	return true;
}

/* Makes room for another fragment's buffers. false: e itself had to go. */
static bool frag_room(struct net *n, struct frag_entry *e, uint32_t bufs)
{
	struct frag_table *t = &n->frag;
	uint32_t share = RTE_MAX(t->bufs_max / 4, 64u);

	while (t->source[e->source].bufs + bufs > share || t->bufs + bufs > t->bufs_max) {
		bool own = t->source[e->source].bufs + bufs > share;
		struct frag_entry *old = frag_at(t, t->oldest);

		while (own && old->source != e->source)
			old = frag_at(t, old->newer);
		net_count(n, CNT_frag_evicted);
		frag_free(n, old, DROP_frag_full);
		if (old == e)
			return false;
	}
	return true;
}

/* RFC 791, 8200: the last fragment says how long the datagram is, once. */
static bool frag_length(struct frag_entry *e, const struct frag_info *f)
{
	uint32_t end = (uint32_t)f->off + f->len;

	if (!f->more) {
		if (e->total != 0 && e->total != end)
			return false;
		if (e->tail != NULL && link_of(e->tail)->end > end)
			return false;
		e->total = end;
	}
	return e->total == 0 || end <= e->total;
}

static bool frag_take(struct net *n, struct net_pkt *p, const struct frag_info *f,
	const struct frag_key *k, struct frag_whole *w)
{
	struct frag_entry *e = frag_find(n, k);
	uint32_t off = f->off, end = (uint32_t)f->off + f->len;

	if (e == NULL)
		e = frag_make(n, k);
	if (e->dead) {
		net_drop(n, p, DROP_frag_overlap);
		return false;
	}
	if (!frag_length(e, f))
		return frag_kill(n, e, p, DROP_frag_length);
	switch (frag_overlap(e, f, p->m, &off, &end)) {
	case OVERLAP_BAD:
		return frag_kill(n, e, p, DROP_frag_overlap);
	case OVERLAP_DUPLICATE:
		net_drop(n, p, DROP_frag_duplicate);
		return false;
	default:
		break;
	}
	if (!frag_room(n, e, p->m->nb_segs)) {
		net_drop(n, p, DROP_frag_full);
		return false;
	}
	if (!frag_add(n, e, p, f, off, end))
		return false;
	if (e->total == 0 || e->have != e->total)
		return false;
	return frag_done(n, e, w);
}

bool frag_input(struct net *n, struct net_pkt *p, const struct frag_info *f, struct frag_whole *w)
{
	bool v6 = p->flags & NET_PKT_V6;
	struct frag_key k;

	if (n->n_cores > 1) {
		uint32_t hash = v6 ? owner_hash6(n->owner, &p->src.v6, &p->dst.v6, 0, 0)
				   : owner_hash4(n->owner, p->src.v4, p->dst.v4, 0, 0);
		uint16_t core = owner_core(n->owner, hash);

		if (core != n->core) {
			n->ops->handoff(n->ops_ctx, core, p->m);
			return false;
		}
	}
	net_count(n, CNT_frag_rx);
	memset(&k, 0, sizeof(k)); /* compared and hashed whole */
	k.src = p->src;
	k.dst = p->dst;
	k.id = f->id;
	k.ifc = p->ifc;
	k.proto = v6 ? 0 : p->proto;
	k.v6 = v6;
	return frag_take(n, p, f, &k, w);
}
