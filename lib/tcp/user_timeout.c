/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * The user timeout (RFC 9293 section 3.9.1.1) and its option (RFC 5482): how long sent data may stay
 * unacknowledged. tcp_timer.c watches it.
 */

/* Section 3.1. The lower limit is the least that R2 may be (RFC 9293 section 3.8.3): a peer cannot make
 * us give up sooner. The upper one is the longest that tcp.give-up may be: a peer that announces and
 * vanishes cannot hold our buffers for longer than the operator might have chosen. */
#define L_LIMIT_S 100
#define U_LIMIT_S 4294

static uint16_t seconds(uint64_t us)
{
	return (uint16_t)RTE_MIN((us + 999999) / 1000000, (uint64_t)UINT16_MAX);
}

uint16_t tcp_user_timeout_s(const struct tcp *tcp, const struct tcp_opts *o)
{
	if (o != NULL && o->user_timeout_us != 0)
		return seconds(o->user_timeout_us);
	return seconds(tcp->conf.user_timeout_us);
}

/* Without a user timeout R2 is when we give up. */
static uint16_t announced_s(const struct tcp *tcp, uint16_t timeout_s)
{
	return timeout_s != 0 ? timeout_s : seconds(tcp->conf.r2_us);
}

/* A signature leaves no room beside the other options of a SYN. */
uint16_t tcp_uto_offer(const struct tcp *tcp, uint32_t flags, uint16_t timeout_s)
{
	if (likely(!tcp->conf.user_timeout_option) || flags & TF_SIGNED)
		return 0;
	return wire_tcp_uto(announced_s(tcp, timeout_s));
}

/* USER_TIMEOUT = min(U_LIMIT, max(ADV_UTO, REMOTE_UTO, L_LIMIT)); what the application chose is not
 * CHANGEABLE, and 0 is to be ignored (section 3). */
void tcp_uto_adopt(const struct tcp *tcp, struct tcb *t, uint16_t uto)
{
	uint32_t remote_s = wire_tcp_uto_s(uto);
	uint32_t adv_s = announced_s(tcp, tcp_user_timeout_s(tcp, NULL));

	if (likely(!tcp->conf.user_timeout_option) || t->flags & TF_UTO_OWN || remote_s == 0)
		return;
	t->user_timeout_s = (uint16_t)RTE_MIN(
		RTE_MAX(RTE_MAX(adv_s, remote_s), (uint32_t)L_LIMIT_S), (uint32_t)U_LIMIT_S);
}
