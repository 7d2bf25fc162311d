/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_EVICT_H
#define GN_TCP_EVICT_H

#include "tcp_priv.h"

/* From how many control blocks in use on tcp_evict() is called for each new one. */
uint32_t tcp_evict_mark(const struct tcp_conf *c);
/* Ends a connection that has waited too long for its peer, if there is one, in the next turn. */
void tcp_evict(struct tcp *tcp);

#endif
