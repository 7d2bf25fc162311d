/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_FAST_TRAIN_H
#define GN_TCP_FAST_TRAIN_H

#include "tcp_priv.h"

/*
 * Whole new segments in a row, as they lie in the queue, when nothing is known to be lost: bulk data.
 * What this does is what the general path (output.c) would do one by one; whatever it does not
 * expect it leaves to that, untouched.
 */

#define NOT_TRAIN (TF_PERSIST | TF_RECOVERY | TF_ECN | TF_LOSS | TF_SIGNED | TF_URGENT)

static inline bool train_takes(const struct tcb *t, const struct txseg *s)
{
	return s->len == t->mss &&
	       (s->flags & (TXSEG_INPLACE | TXSEG_SPLIT | TXSEG_SENT)) == TXSEG_INPLACE &&
	       rte_mbuf_refcnt_read(s->m) == 1 &&
	       !(s->next == NULL && t->flags & TF_FIN_QUEUED); /* which it is to carry */
}

static inline bool train_expected(const struct tcb *t, uint32_t room)
{
	const struct txseg *s = t->nxt_seg;

	return (t->flags & NOT_TRAIN) == 0 && t->snd_nxt == t->snd_max && s->next != NULL &&
	       room >= 2u * t->mss && train_takes(t, s) && train_takes(t, s->next) &&
	       (t->xs == NULL || t->xs->pace.rate == 0);
}

/* Sends what room allows, at least two segments; the bytes of them. 0: there is no short way now. The
 * caller tells of them (sent_up_to()), and goes on with what is left. */
uint32_t tcp_train_send(struct tcp *tcp, struct tcb *t, uint32_t room);

#endif
