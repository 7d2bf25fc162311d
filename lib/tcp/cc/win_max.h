/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_WIN_MAX_H
#define GN_TCP_WIN_MAX_H

#include <stdint.h>

/* The greatest value of a sliding window, from its best, second best and third best: Kathleen
 * Nichols' filter. Times only grow, modulo 2^32. */
struct win_max {
	struct {
		uint32_t at, value;
	} s[3];
};

static inline uint32_t win_max_get(const struct win_max *w)
{
	return w->s[0].value;
}

static inline void win_max_reset(struct win_max *w, uint32_t at, uint32_t value)
{
	for (int i = 0; i < 3; i++) {
		w->s[i].at = at;
		w->s[i].value = value;
	}
}

static inline void win_max_put(struct win_max *w, uint32_t window, uint32_t at, uint32_t value)
{
	if (value >= w->s[0].value || at - w->s[2].at > window) {
		win_max_reset(w, at, value);
		return;
	}
	for (int i = 1; i < 3; i++) {
		if (value < w->s[i].value)
			continue;
		for (int k = i; k < 3; k++) {
			w->s[k].at = at;
			w->s[k].value = value;
		}
		break;
	}
	uint32_t age = at - w->s[0].at;

	if (age > window) { /* the best has left: the next ones move up */
		w->s[0] = w->s[1];
		w->s[1] = w->s[2];
		w->s[2].at = at;
		w->s[2].value = value;
		if (at - w->s[0].at > window) {
			w->s[0] = w->s[1];
			w->s[1] = w->s[2];
		}
	} else if (w->s[1].at == w->s[0].at && age > window / 4) { /* a second of a later quarter */
		w->s[1].at = w->s[2].at = at;
		w->s[1].value = w->s[2].value = value;
	} else if (w->s[2].at == w->s[1].at && age > window / 2) {
		w->s[2].at = at;
		w->s[2].value = value;
	}
}

#endif
