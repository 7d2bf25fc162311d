/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_NET_ICMP_H
#define GN_NET_ICMP_H

#include "net_priv.h"

/* May p be answered with an error at all? */
bool icmp4_error_allowed(const struct net *n, const struct net_pkt *p);
bool icmp6_error_allowed(const struct net *n, const struct net_pkt *p, uint8_t type, uint8_t code);
/* Sends the finished message m to p's source. Takes m. */
void icmp4_error_send(struct net *n, const struct net_pkt *p, struct rte_mbuf *m);
void icmp6_error_send(struct net *n, const struct net_pkt *p, struct rte_mbuf *m);

#endif
