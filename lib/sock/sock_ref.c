/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_memory.h>

#include "sock_impl.h"

struct sock_refs {
	_Atomic(struct gn_ref *) head; /* come back, newest first */
	atomic_uint users;	       /* the core, and every reference that is out */
};

/* What lies in gn_ref.opaque. */
struct sock_ref {
	struct rte_mbuf_ext_shared_info shinfo;
	struct gn_ref *next;
	struct sock_refs *refs;
};

_Static_assert(sizeof(struct sock_ref) <= sizeof(((struct gn_ref *)0)->opaque), "fits gn_ref");
_Static_assert(_Alignof(struct gn_ref) >= _Alignof(struct sock_ref), "aligned in gn_ref");

static struct sock_ref *sock_ref(struct gn_ref *ref)
{
	return (struct sock_ref *)(void *)ref->opaque;
}

struct sock_refs *sock_refs_create(void)
{
	struct sock_refs *r = calloc(1, sizeof(*r));

	if (r != NULL)
		atomic_init(&r->users, 1);
	return r;
}

void sock_refs_release(struct sock_refs *r)
{
	if (atomic_fetch_sub_explicit(&r->users, 1, memory_order_acq_rel) == 1)
		free(r);
}

/* The last buffer that shows the memory is gone; any thread. */
static void sock_ref_free(void *addr, void *opaque)
{
	struct gn_ref *ref = opaque;
	struct sock_refs *r = sock_ref(ref)->refs;
	struct gn_ref *head = atomic_load_explicit(&r->head, memory_order_relaxed);

	(void)addr;
	do {
		sock_ref(ref)->next = head;
	} while (!atomic_compare_exchange_weak_explicit(
		&r->head, &head, ref, memory_order_release, memory_order_relaxed));
	sock_refs_release(r);
}

void sock_refs_run(struct sock_refs *r, struct gn_core *c)
{
	struct gn_ref *back, *first = NULL;

	if (likely(atomic_load_explicit(&r->head, memory_order_relaxed) == NULL))
		return;
	back = atomic_exchange_explicit(&r->head, NULL, memory_order_acquire);
	while (back != NULL) {
		struct gn_ref *next = sock_ref(back)->next;

		sock_ref(back)->next = first;
		first = back;
		back = next;
	}
	while (first != NULL) {
		struct gn_ref *ref = first;

		first = sock_ref(ref)->next; /* done() may free ref */
		ref->done(c, ref);
	}
}

/*
 * What a port's DMA sees at data, and for how many bytes on. With virtual addresses as I/O
 * addresses, and for ports that read by the CPU, that is the address itself.
 */
static rte_iova_t sock_iova(const uint8_t *data, uint16_t len, uint16_t *contiguous)
{
	const struct rte_memseg *ms;
	uintptr_t off;

	*contiguous = len;
	if (rte_eal_iova_mode() != RTE_IOVA_PA)
		return (rte_iova_t)(uintptr_t)data;
	ms = rte_mem_virt2memseg(data, NULL);
	if (ms == NULL)
		return RTE_BAD_IOVA;
	off = (uintptr_t)data - (uintptr_t)ms->addr;
	if (ms->len - off < len)
		*contiguous = (uint16_t)(ms->len - off);
	return ms->iova + off;
}

struct rte_mbuf *sock_ref_attach(struct sock *s, struct gn_ref *ref, const void *data, uint16_t len)
{
	struct sock_ref *r = sock_ref(ref);
	struct rte_mbuf *first = NULL, **at = &first;
	uint8_t *p = (uint8_t *)(uintptr_t)data; /* only read, but rte_mbuf knows no const */
	uint16_t n_segs = 0, n;

	r->shinfo.free_cb = sock_ref_free;
	r->shinfo.fcb_opaque = ref;
	r->refs = s->refs;
	atomic_fetch_add_explicit(&s->refs->users, 1, memory_order_relaxed);
	for (uint16_t left = len; left > 0; left -= n, p += n) {
		rte_iova_t iova = sock_iova(p, left, &n);
		struct rte_mbuf *m = pkt_alloc(&s->env->pool);

		if (m == NULL) {
			sock_ref_cancel(s, ref, first);
			return NULL;
		}
		rte_mbuf_ext_refcnt_set(&r->shinfo, ++n_segs);
		rte_pktmbuf_attach_extbuf(m, p, iova, n, &r->shinfo);
		m->data_len = n;
		*at = m;
		at = &m->next;
	}
	first->nb_segs = n_segs;
	first->pkt_len = len;
	return first;
}

static void sock_ref_forget(void *addr, void *opaque)
{
	(void)addr;
	(void)opaque;
}

void sock_ref_cancel(struct sock *s, struct gn_ref *ref, struct rte_mbuf *m)
{
	sock_ref(ref)->shinfo.free_cb = sock_ref_forget;
	pkt_free(&s->env->pool, m);
	sock_refs_release(s->refs);
}
