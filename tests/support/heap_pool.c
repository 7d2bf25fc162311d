/* SPDX-License-Identifier: BSD-3-Clause */
#include "heap_pool.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_spinlock.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEAP_POOL_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define HEAP_POOL_ASAN 1
#endif
#ifdef HEAP_POOL_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(addr, size)	((void)(addr), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(addr, size) ((void)(addr), (void)(size))
#endif

#define HEAP_POOL_OPS "gn_heap"
#define OBJ_HDR_LEN   sizeof(struct rte_mempool_objhdr)

/* One buffer. DPDK finds hdr at the bytes right before the mbuf, and the mbuf sits on a line. */
struct heap_obj {
	_Alignas(RTE_CACHE_LINE_SIZE) bool in_pool;
	uint8_t pad[RTE_CACHE_LINE_SIZE - sizeof(bool) - OBJ_HDR_LEN];
	uint8_t hdr[OBJ_HDR_LEN];
	uint8_t mbuf[]; /* struct rte_mbuf and its data room */
};

_Static_assert(offsetof(struct heap_obj, mbuf) == RTE_CACHE_LINE_SIZE, "header is one line");

/* pool_data of the mempool. */
struct heap_stack {
	rte_spinlock_t lock;
	unsigned n;
	void *mbuf[];
};

static struct heap_obj *heap_obj_of(void *mbuf)
{
	return (struct heap_obj *)((uint8_t *)mbuf - offsetof(struct heap_obj, mbuf));
}

static int heap_ops_alloc(struct rte_mempool *mp)
{
	struct heap_stack *s = calloc(1, sizeof(*s) + (size_t)mp->size * sizeof(s->mbuf[0]));

	if (s == NULL)
		return -ENOMEM;
	rte_spinlock_init(&s->lock);
	mp->pool_data = s;
	return 0;
}

static void heap_ops_free(struct rte_mempool *mp)
{
	free(mp->pool_data);
}

static void heap_put(struct rte_mempool *mp, struct heap_stack *s, void *mbuf)
{
	struct heap_obj *o = heap_obj_of(mbuf);

	if (rte_mempool_from_obj(mbuf) != mp || o->in_pool) {
		fprintf(stderr, "heap pool %s: buffer %p %s\n", mp->name, mbuf,
			o->in_pool ? "freed twice" : "is of another pool");
		abort();
	}
	o->in_pool = true;
	ASAN_POISON_MEMORY_REGION(mbuf, mp->elt_size);
	s->mbuf[s->n++] = mbuf;
}

static int heap_ops_enqueue(struct rte_mempool *mp, void *const *objs, unsigned n)
{
	struct heap_stack *s = mp->pool_data;

	rte_spinlock_lock(&s->lock);
	for (unsigned i = 0; i < n; i++)
		heap_put(mp, s, objs[i]);
	rte_spinlock_unlock(&s->lock);
	return 0;
}

static int heap_ops_dequeue(struct rte_mempool *mp, void **objs, unsigned n)
{
	struct heap_stack *s = mp->pool_data;
	int ret = -ENOBUFS;

	rte_spinlock_lock(&s->lock);
	if (s->n >= n) {
		for (unsigned i = 0; i < n; i++) {
			objs[i] = s->mbuf[--s->n];
			heap_obj_of(objs[i])->in_pool = false;
			ASAN_UNPOISON_MEMORY_REGION(objs[i], mp->elt_size);
		}
		ret = 0;
	}
	rte_spinlock_unlock(&s->lock);
	return ret;
}

static unsigned heap_ops_count(const struct rte_mempool *mp)
{
	const struct heap_stack *s = mp->pool_data;

	return __atomic_load_n(&s->n, __ATOMIC_RELAXED);
}

static const struct rte_mempool_ops heap_ops = {
	.name = HEAP_POOL_OPS,
	.alloc = heap_ops_alloc,
	.free = heap_ops_free,
	.enqueue = heap_ops_enqueue,
	.dequeue = heap_ops_dequeue,
	.get_count = heap_ops_count,
};

RTE_MEMPOOL_REGISTER_OPS(heap_ops);

/* Adds one buffer to the pool's list and stack; what rte_mempool_populate_*() does under EAL. */
static int heap_pool_add(struct rte_mempool *mp, unsigned i)
{
	struct rte_mempool_objhdr *hdr;
	struct heap_obj *o;
	void *mbuf;

	if (posix_memalign((void **)&o, RTE_CACHE_LINE_SIZE, sizeof(*o) + mp->elt_size) != 0)
		return -ENOMEM;
	memset(o, 0, sizeof(*o) + mp->elt_size);
	mbuf = o->mbuf;
	hdr = rte_mempool_get_header(mbuf);
	hdr->mp = mp;
	hdr->iova = (uintptr_t)mbuf;
	STAILQ_INSERT_TAIL(&mp->elt_list, hdr, next);
	rte_pktmbuf_init(mp, NULL, mbuf, i);
	mp->populated_size++;
	return rte_mempool_ops_enqueue_bulk(mp, &mbuf, 1);
}

static struct rte_mempool *heap_pool_alloc(const char *name, unsigned n, uint16_t data_room)
{
	struct rte_pktmbuf_pool_private priv = {.mbuf_data_room_size = data_room};
	struct rte_mempool *mp;

	if (posix_memalign((void **)&mp, RTE_CACHE_LINE_SIZE, sizeof(*mp) + sizeof(priv)) != 0)
		return NULL;
	memset(mp, 0, sizeof(*mp) + sizeof(priv));
	snprintf(mp->name, sizeof(mp->name), "%s", name);
	mp->socket_id = SOCKET_ID_ANY;
	mp->size = n;
	mp->elt_size = sizeof(struct rte_mbuf) + data_room;
	mp->header_size = sizeof(struct heap_obj);
	mp->private_data_size = sizeof(priv);
	STAILQ_INIT(&mp->elt_list);
	STAILQ_INIT(&mp->mem_list);
	rte_pktmbuf_pool_init(mp, &priv);
	if (rte_mempool_set_ops_byname(mp, HEAP_POOL_OPS, NULL) != 0 || heap_ops_alloc(mp) != 0) {
		free(mp);
		return NULL;
	}
	mp->flags |= RTE_MEMPOOL_F_POOL_CREATED;
	return mp;
}

struct rte_mempool *heap_pool_create(const char *name, unsigned n, uint16_t data_room)
{
	struct rte_mempool *mp;

	if (n == 0 || data_room < RTE_PKTMBUF_HEADROOM) {
		errno = EINVAL;
		return NULL;
	}
	mp = heap_pool_alloc(name, n, data_room);
	for (unsigned i = 0; mp != NULL && i < n; i++) {
		if (heap_pool_add(mp, i) != 0) {
			heap_pool_free(mp);
			mp = NULL;
		}
	}
	if (mp == NULL)
		errno = ENOMEM;
	return mp;
}

void heap_pool_free(struct rte_mempool *mp)
{
	struct rte_mempool_objhdr *hdr;

	if (mp == NULL)
		return;
	while ((hdr = STAILQ_FIRST(&mp->elt_list)) != NULL) {
		void *mbuf = (uint8_t *)hdr + sizeof(*hdr);

		STAILQ_REMOVE_HEAD(&mp->elt_list, next);
		ASAN_UNPOISON_MEMORY_REGION(mbuf, mp->elt_size);
		free(heap_obj_of(mbuf));
	}
	heap_ops_free(mp);
	free(mp);
}

unsigned heap_pool_avail(const struct rte_mempool *mp)
{
	return heap_ops_count(mp);
}

static void heap_foreign(void *ctx, struct rte_mbuf *m)
{
	(void)ctx;
	rte_mempool_put(m->pool, m);
}

void heap_pkt_pool(struct pkt_pool *p, struct rte_mempool *mp, struct counters *c)
{
	*p = (struct pkt_pool){
		.mp = mp,
		.cache = &pkt_no_cache,
		.cnt = c,
		.foreign = heap_foreign,
		.headroom = RTE_PKTMBUF_HEADROOM,
		.data_room = rte_pktmbuf_data_room_size(mp) - RTE_PKTMBUF_HEADROOM,
	};
}
