/* SPDX-License-Identifier: BSD-3-Clause */
#include "mesh.h"

#include <errno.h>
#include <stdlib.h>

struct core_mesh *core_mesh_create(unsigned n_cores, uint32_t words)
{
	struct core_mesh *m;
	size_t n_box = (size_t)n_cores * n_cores;

	if (n_cores == 0 || n_cores > CONF_CORES_MAX || words < 2 || (words & (words - 1)) != 0) {
		errno = EINVAL;
		return NULL;
	}
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return NULL;
	m->n_cores = n_cores;
	m->words = words;
	m->box = aligned_alloc(_Alignof(struct spsc), n_box * sizeof(*m->box));
	m->slots = calloc(n_box, spsc_slot_bytes(words));
	if (m->box == NULL || m->slots == NULL) {
		core_mesh_destroy(m);
		errno = ENOMEM;
		return NULL;
	}
	for (size_t i = 0; i < n_box; i++)
		spsc_init(&m->box[i], &m->slots[i * words], words);
	return m;
}

void core_mesh_destroy(struct core_mesh *m)
{
	if (m == NULL)
		return;
	free(m->box);
	free(m->slots);
	free(m);
}

int mesh_end_init(struct mesh_end *e, struct core_mesh *mesh, uint16_t self,
	struct rte_mempool *pool, struct counters *cnt)
{
	*e = (struct mesh_end){.mesh = mesh, .self = self, .cnt = cnt};
	if (mesh == NULL)
		return 0;
	e->out = calloc(mesh->n_cores, sizeof(*e->out));
	if (e->out == NULL)
		return -ENOMEM;
	e->n_cores = mesh->n_cores;
	for (unsigned to = 0; to < mesh->n_cores; to++)
		e->out[to].ring = &mesh->box[self * mesh->n_cores + to];
	mesh->pool[self] = pool;
	return 0;
}

static void mesh_word_free(uint64_t word)
{
	rte_pktmbuf_free((struct rte_mbuf *)(uintptr_t)(word & ~MESH_TAG_MASK));
}

void mesh_end_fini(struct mesh_end *e)
{
	uint64_t words[MESH_BATCH];

	for (uint16_t i = 0; i < e->n_cores; i++) {
		struct mesh_out *o = &e->out[i];
		unsigned n;

		for (uint32_t w = 0; w < o->n; w++)
			mesh_word_free(o->words[w]);
		while (o->homeless != NULL) {
			struct rte_mbuf *m = o->homeless;

			o->homeless = m->next;
			m->next = NULL;
			rte_pktmbuf_free_seg(m);
		}
		while ((n = mesh_receive(e, i, words, MESH_BATCH)) > 0)
			for (unsigned w = 0; w < n; w++)
				mesh_word_free(words[w]);
	}
	free(e->out);
	*e = (struct mesh_end){.cnt = e->cnt};
}

static void mesh_out_publish(struct mesh_out *o)
{
	spsc_push(o->ring, o->words, o->n);
	o->n = 0;
}

bool mesh_send(struct mesh_end *e, uint16_t to, uint64_t word)
{
	struct mesh_out *o = &e->out[to];

	if (unlikely(o->room == 0)) {
		mesh_out_publish(o);
		o->room = e->mesh->words - spsc_count(o->ring);
		if (o->room == 0)
			return false;
	}
	o->room--;
	o->words[o->n++] = word;
	e->dirty |= UINT64_C(1) << to;
	if (unlikely(o->n == MESH_BATCH))
		mesh_out_publish(o);
	return true;
}

uint16_t mesh_pool_owner(struct mesh_end *e, const struct rte_mempool *pool)
{
	if (e->n_cores == 0)
		return 0;
	if (likely(e->mesh->pool[e->last_owner] == pool))
		return e->last_owner;
	for (uint16_t i = 0; i < e->n_cores; i++) {
		if (e->mesh->pool[i] == pool) {
			e->last_owner = i;
			return i;
		}
	}
	return e->n_cores;
}

void mesh_send_home(struct mesh_end *e, uint16_t to, struct rte_mbuf *m)
{
	struct mesh_out *o = &e->out[to];

	if (o->homeless == NULL && mesh_send(e, to, mesh_word(m, MESH_HOME))) {
		count(e->cnt, CNT_core_buf_home_out);
		return;
	}
	m->next = o->homeless;
	o->homeless = m;
	e->dirty |= UINT64_C(1) << to;
}

static bool mesh_homeless_retry(struct mesh_end *e, uint16_t to)
{
	struct mesh_out *o = &e->out[to];

	while (o->homeless != NULL) {
		struct rte_mbuf *m = o->homeless, *next = m->next;

		m->next = NULL;
		if (!mesh_send(e, to, mesh_word(m, MESH_HOME))) {
			m->next = next;
			return false;
		}
		o->homeless = next;
		count(e->cnt, CNT_core_buf_home_out);
	}
	return true;
}

void mesh_publish(struct mesh_end *e)
{
	uint64_t left = 0;

	for (uint64_t d = e->dirty; d != 0; d &= d - 1) {
		uint16_t to = __builtin_ctzll(d);

		if (!mesh_homeless_retry(e, to))
			left |= UINT64_C(1) << to;
		mesh_out_publish(&e->out[to]);
	}
	e->dirty = left;
}

uint32_t mesh_waiting(const struct mesh_end *e)
{
	uint32_t n = 0;

	for (uint16_t from = 0; from < e->n_cores; from++)
		n += spsc_count(&e->mesh->box[from * e->n_cores + e->self]);
	return n;
}
