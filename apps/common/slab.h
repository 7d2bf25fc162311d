/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef APPS_SLAB_H
#define APPS_SLAB_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * A fixed number of objects of one size, for one core: allocation and release are O(1), and
 * exhaustion is an answer (NULL), not growth. Memory that was never used is never touched, so that
 * a generous maximum costs address space only.
 */
struct slab {
	uint8_t *base;
	size_t size;
	uint32_t max, fresh; /* objects from fresh on were never handed out */
	void *free;	     /* released objects, each holding the next one's address */
};

/* 0 or -1 (no memory). size is at least that of a pointer. */
static inline int slab_init(struct slab *s, size_t size, uint32_t max)
{
	*s = (struct slab){.size = size, .max = max};
	s->base = calloc(max, size);
	return s->base != NULL ? 0 : -1;
}

static inline void slab_fini(struct slab *s)
{
	free(s->base);
	*s = (struct slab){0};
}

/* Contents are undefined. */
static inline void *slab_get(struct slab *s)
{
	void *obj = s->free;

	if (obj != NULL)
		s->free = *(void **)obj;
	else if (s->fresh < s->max)
		obj = s->base + s->size * s->fresh++;
	return obj;
}

static inline void slab_put(struct slab *s, void *obj)
{
	*(void **)obj = s->free;
	s->free = obj;
}

#endif
