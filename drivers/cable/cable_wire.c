/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>

#include "cable_priv.h"

#define WIRE_NS_PER_S UINT64_C(1000000000)

static uint64_t share(uint64_t limit, uint16_t n_queues)
{
	return limit == 0 ? 0 : RTE_MAX(UINT64_C(1), limit / n_queues);
}

int cable_wire_set(struct cable_wire *w, const struct cable_impair *conf, uint16_t n_queues)
{
	uint32_t frames = share(conf->queue_frames, n_queues);
	uint64_t *departure = NULL;

	if (conf->rate_bps != 0 && frames != 0) {
		departure = calloc(frames, sizeof(*departure));
		if (departure == NULL)
			return -ENOMEM;
	}
	free(w->departure_ns);
	w->departure_ns = departure;
	w->departure_head = w->departure_n = 0;
	w->conf = *conf;
	w->conf.rate_bps = share(conf->rate_bps, n_queues);
	w->conf.queue_bytes = share(conf->queue_bytes, n_queues);
	w->conf.mark_bytes = share(conf->mark_bytes, n_queues);
	w->conf.queue_frames = frames;
	w->busy_rem = 0;
	w->timed = conf->delay_us || conf->jitter_us || conf->reorder_ppm || conf->rate_bps ||
		   conf->dup_us;
	w->any = w->timed || conf->loss_ppm || conf->burst_p_ppm || conf->dup_ppm ||
		 conf->corrupt_ppm;
	return 0;
}

/* Draws only if there is a chance, so that an impairment not used changes no sequence. */
static bool chance(struct cable_wire *w, uint32_t ppm)
{
	return ppm != 0 && rng_below(&w->rng, CABLE_PPM) < ppm;
}

/* Gilbert's model: a move of the state, then all or nothing is lost. */
static bool burst_lost(struct cable_wire *w)
{
	if (w->in_burst)
		w->in_burst = !chance(w, w->conf.burst_r_ppm);
	else
		w->in_burst = chance(w, w->conf.burst_p_ppm);
	return w->in_burst;
}

static uint64_t queue_wait_ns(const struct cable_wire *w, uint64_t now_ns)
{
	return w->busy_ns > now_ns ? w->busy_ns - now_ns : 0;
}

static uint64_t queue_bytes(const struct cable_wire *w, uint64_t wait_ns)
{
	return (uint64_t)((unsigned __int128)wait_ns * w->conf.rate_bps / WIRE_NS_PER_S / 8);
}

static bool queue_full(struct cable_wire *w, uint32_t len, uint64_t now_ns)
{
	uint64_t wait_ns = queue_wait_ns(w, now_ns);

	if (wait_ns == 0)
		w->departure_n = 0; /* an idle line takes any frame */
	if (w->conf.queue_bytes != 0 && wait_ns != 0 &&
		queue_bytes(w, wait_ns) + len > w->conf.queue_bytes)
		return true;
	while (w->departure_n != 0 && w->departure_ns[w->departure_head] <= now_ns) {
		w->departure_head = (w->departure_head + 1) % w->conf.queue_frames;
		w->departure_n--;
	}
	return w->conf.queue_frames != 0 && w->departure_n == w->conf.queue_frames;
}

/* When a frame that joins the queue now has left it. */
static uint64_t queue_join(struct cable_wire *w, uint32_t len, uint64_t now_ns)
{
	uint64_t work;

	if (w->busy_ns < now_ns) {
		w->busy_ns = now_ns;
		w->busy_rem = 0;
	}
	work = (uint64_t)len * 8 * WIRE_NS_PER_S + w->busy_rem;
	w->busy_ns += work / w->conf.rate_bps;
	w->busy_rem = work % w->conf.rate_bps;
	if (w->conf.queue_frames != 0) {
		uint32_t at = (w->departure_head + w->departure_n++) % w->conf.queue_frames;

		w->departure_ns[at] = w->busy_ns;
	}
	return (w->busy_ns + 999) / 1000;
}

static uint64_t due_us(struct cable_txq *q, uint64_t sent_us)
{
	struct cable_wire *w = &q->wire;
	uint64_t due = sent_us + w->conf.delay_us;

	if (w->conf.jitter_us != 0)
		due += (rng_u64(&w->rng) >> 32) * (w->conf.jitter_us + UINT64_C(1)) >> 32;
	w->last_due_us = due = RTE_MAX(due, w->last_due_us);
	if (chance(w, w->conf.reorder_ppm)) {
		q->count[CABLE_REORDER]++;
		due += w->conf.reorder_us;
	}
	return due;
}

struct cable_fate cable_wire_fate(struct cable_txq *q, uint32_t len, uint64_t now_us)
{
	struct cable_wire *w = &q->wire;
	struct cable_fate fate = {.lost = true, .due_us = now_us};

	if (chance(w, w->conf.loss_ppm)) {
		q->count[CABLE_LOSS]++;
		return fate;
	}
	if (w->conf.burst_p_ppm != 0 && burst_lost(w)) {
		q->count[CABLE_BURST]++;
		return fate;
	}
	if (w->conf.rate_bps != 0) {
		if (queue_full(w, len, now_us * 1000)) {
			q->count[CABLE_QUEUE]++;
			return fate;
		}
		fate.mark = w->conf.mark_bytes != 0 &&
			    queue_bytes(w, queue_wait_ns(w, now_us * 1000)) > w->conf.mark_bytes;
		fate.due_us = queue_join(w, len, now_us * 1000);
	}
	fate.lost = false;
	if (w->timed)
		fate.due_us = due_us(q, fate.due_us);
	if (chance(w, w->conf.corrupt_ppm)) {
		q->count[CABLE_CORRUPT]++;
		fate.corrupt = true;
		fate.bit = rng_below(&w->rng, len * 8);
	}
	fate.dup = chance(w, w->conf.dup_ppm);
	return fate;
}
