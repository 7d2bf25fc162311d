/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_OOO_H
#define GN_TCP_OOO_H

#include "tcp_priv.h"

/* What a connection needs while something arrived out of order or twice: the queue (ooo.c) and what
 * the peer is to be told of it (sack_out.c). */

/* The range that holds seq; false: none does. */
bool tcp_ooo_range(const struct tcp_xr *x, uint32_t seq, uint32_t *left, uint32_t *right);
/* The first range that begins behind seq. */
bool tcp_ooo_after(const struct tcp_xr *x, uint32_t seq, uint32_t *left, uint32_t *right);
/* To the application, in packets of a size that it may send on. Takes m. */
void tcp_deliver_chain(struct tcp *tcp, struct tcb *t, struct rte_mbuf *m);

/* The segment at seq arrived: its range goes first in the next ACK (RFC 2018 section 4). */
void tcp_sack_note(struct tcp *tcp, struct tcb *t, uint32_t seq);

#endif
