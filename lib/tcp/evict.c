/* SPDX-License-Identifier: BSD-3-Clause */
#include "evict.h"

/*
 * When control blocks run out, connections that have waited for their peer longer than tcp.evict-after
 * make room: for a window that is shut though the peer answers probes, which only the operator may limit
 * (RFC 6429 section 4), or, closed by their application, for the peer's FIN. Those that are merely idle
 * stay.
 *
 * Each new connection from the mark on looks at a few blocks, from where the last one stopped, and ends
 * the one among them that has waited longest: by its timer, since the application that is told may be
 * just opening another. So the mark leaves some blocks for what comes until then.
 */
#define LOOK 64

uint32_t tcp_evict_mark(const struct tcp_conf *c)
{
	uint32_t spare = RTE_MAX(RTE_MIN(c->connections / 16, 64u), 1u);

	return c->evict_us != 0 ? c->connections - spare : UINT32_MAX;
}

/* 0: not for its peer, or it is about to end already. */
static uint64_t waited_us(const struct tcp *tcp, const struct tcb *t)
{
	uint64_t now = tcp->env->now_us;

	if (t->state == TCP_CLOSED || t->flags & TF_LINGER || t->close_at <= now)
		return 0;
	if (t->flags & TF_PERSIST)
		return 1000 * (uint64_t)((uint32_t)(now / 1000) - t->persist_ms);
	if (t->state == TCP_FIN_WAIT_2 && t->close_at != TCP_NEVER)
		return now - (t->close_at - tcp->conf.fin_wait2_us);
	return 0;
}

void tcp_evict(struct tcp *tcp)
{
	uint32_t n = tcp->conf.connections;
	uint64_t longest = tcp->conf.evict_us;
	struct tcb *victim = NULL;

	for (uint32_t i = 0; i < RTE_MIN(n, (uint32_t)LOOK); i++) {
		struct tcb *t = &tcp->tcbs[tcp->evict_next];
		uint64_t waited = waited_us(tcp, t);

		tcp->evict_next = tcp->evict_next + 1 < n ? tcp->evict_next + 1 : 0;
		if (waited >= longest) {
			longest = waited;
			victim = t;
		}
	}
	if (victim == NULL)
		return;
	tcp_count(tcp, CNT_tcp_evicted);
	victim->close_at = tcp->env->now_us;
	tcp_timer_want(tcp, victim, victim->close_at);
}
