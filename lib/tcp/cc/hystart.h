/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_HYSTART_H
#define GN_TCP_HYSTART_H

#include "tcp_priv.h"

/*
 * HyStart++ (RFC 9406): leaves slow start when the round-trip time grows, through a phase of slower
 * growth (CSS) that goes back to slow start if the time shrinks again.
 */
#define HYSTART_LIMIT 8 /* L, of a sender that does not pace (section 4.3) */

struct hystart {
	uint32_t window_end; /* the round ends when this is acknowledged */
	uint32_t last_min_us, cur_min_us, base_min_us;
	uint8_t samples;
	uint8_t css_rounds; /* 0: slow start; else the round of CSS, from 1 */
	uint8_t begun, done;
};

/* An ACK while cwnd < ssthresh. acked: of it what may count in this phase. True: slow start is over,
 * ssthresh is to become cwnd. */
static inline bool hystart_acked(
	struct hystart *h, const struct tcb *t, uint32_t rtt_us, uint32_t *acked)
{
	enum {
		MIN_THRESH = 4000,
		MAX_THRESH = 16000,
		SAMPLES = 8,
		CSS_DIVISOR = 4,
		CSS_ROUNDS = 5
	};

	if (h->done)
		return false;
	if (!h->begun || seq_geq(t->snd_una, h->window_end)) { /* section 4.2: a new round */
		bool over = h->css_rounds >= CSS_ROUNDS;       /* one begun in its midst counts */

		h->last_min_us = h->begun ? h->cur_min_us : UINT32_MAX;
		h->cur_min_us = UINT32_MAX;
		h->samples = 0;
		h->window_end = t->snd_max;
		h->begun = 1;
		if (over) {
			h->done = 1;
			return true;
		}
		h->css_rounds += h->css_rounds != 0;
	}
	if (rtt_us != 0) {
		h->cur_min_us = RTE_MIN(h->cur_min_us, rtt_us);
		h->samples += h->samples < SAMPLES;
	}
	if (h->samples >= SAMPLES && h->css_rounds == 0 && h->last_min_us != UINT32_MAX) {
		uint32_t thresh =
			RTE_MAX(MIN_THRESH, RTE_MIN(h->last_min_us / 8, (uint32_t)MAX_THRESH));

		if (h->cur_min_us >= h->last_min_us + thresh) {
			h->base_min_us = h->cur_min_us;
			h->css_rounds = 1;
		}
	} else if (h->samples >= SAMPLES && h->css_rounds != 0 &&
		   h->cur_min_us < h->base_min_us) { /* it was no queue */
		h->base_min_us = UINT32_MAX;
		h->css_rounds = 0;
	}
	if (h->css_rounds != 0)
		*acked /= CSS_DIVISOR;
	return false;
}

#endif
