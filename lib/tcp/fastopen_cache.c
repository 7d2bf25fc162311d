/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "ack_advance.h"
#include "fastopen.h"

/*
 * The client's side of Fast Open: what is known of servers (RFC 7413 sections 4.1.3 and 4.2.1), in sets
 * of which the entry that was not used for the longest time makes room; and the data on the SYN, which
 * is a copy: the queue keeps it until it is acknowledged, and sends it as usual if it is not.
 */

#define WAYS 4
/* Section 4.1.3.1: what did not work is left alone, twice as long each time in a row, since a SYN may be
 * lost for any reason. */
#define OFF_MIN_US 60000000u
#define OFF_MAX_US (3600 * UINT64_C(1000000))

/* NULL: nothing is kept. */
static struct tcp_fastopen_peer *set_of(struct tcp *tcp, bool v6, const struct tcp_key *k)
{
	struct siphash_key key = {
		tcp->env->secret.k0 ^ UINT64_C(0x6361636865), tcp->env->secret.k1};
	uint32_t sets = tcp->conf.fastopen_cache / WAYS;

	return sets != 0 ? &tcp->fo_peers[tcp_fastopen_hash(&key, v6, k, 0) % sets * WAYS] : NULL;
}

static bool is_of(const struct tcp_fastopen_peer *p, bool v6, const struct tcp_key *k)
{
	return p->used && p->v6 == v6 && p->scope == k->scope &&
	       memcmp(&p->l, &k->l, sizeof(p->l)) == 0 && memcmp(&p->r, &k->r, sizeof(p->r)) == 0;
}

struct tcp_fastopen_peer *tcp_fastopen_find(struct tcp *tcp, bool v6, const struct tcp_key *k)
{
	struct tcp_fastopen_peer *p = set_of(tcp, v6, k);

	for (unsigned i = 0; p != NULL && i < WAYS; i++)
		if (is_of(&p[i], v6, k))
			return &p[i];
	return NULL;
}

static struct tcp_fastopen_peer *find_or_make(struct tcp *tcp, bool v6, const struct tcp_key *k)
{
	struct tcp_fastopen_peer *set = set_of(tcp, v6, k), *p = tcp_fastopen_find(tcp, v6, k);

	if (p != NULL || set == NULL)
		return p;
	p = set;
	for (unsigned i = 1; i < WAYS && p->used; i++)
		if (!set[i].used || set[i].used_us < p->used_us)
			p = &set[i];
	*p = (struct tcp_fastopen_peer){
		.l = k->l, .r = k->r, .scope = k->scope, .v6 = v6, .used = true};
	p->used_us = tcp->env->now_us;
	return p;
}

bool tcp_fastopen_off(struct tcp *tcp, bool v6, const struct tcp_key *k)
{
	const struct tcp_fastopen_peer *p = tcp_fastopen_find(tcp, v6, k);

	return p != NULL && tcp->env->now_us < p->off_until_us;
}

void tcp_fastopen_failed(struct tcp *tcp, const struct tcb *t)
{
	struct tcp_fastopen_peer *p = find_or_make(tcp, tcp_v6(t), &t->key);

	tcp_count(tcp, CNT_tcp_fastopen_failed);
	if (p == NULL)
		return;
	p->off_until_us = tcp->env->now_us + RTE_MIN((uint64_t)OFF_MIN_US << p->fails, OFF_MAX_US);
	if (p->fails < 6)
		p->fails++;
}

/* What the SYN may carry beside n bytes of options: the server's MSS is that of its last SYN,ACK, or the
 * least (section 4.2.1). */
static uint32_t data_most(
	const struct tcp *tcp, const struct tcb *t, const struct tcp_fastopen_peer *p, unsigned n)
{
	uint32_t mss = p->mss != 0 ? p->mss : tcp_v6(t) ? 1220 : 536;
	uint32_t fits = t->dst.mtu - (tcp_v6(t) ? 40u : 20u) - WIRE_TCP_LEN;

	mss = RTE_MIN(RTE_MIN(mss, fits), tcp->buf_room - WIRE_TCP_LEN);
	return mss > n ? mss - n : 0;
}

uint32_t tcp_fastopen_offer(struct tcp *tcp, struct tcb *t, struct wire_tcp_opts *o)
{
	struct tcp_fastopen_peer *p = tcp_fastopen_find(tcp, tcp_v6(t), &t->key);
	uint8_t opts[WIRE_TCP_MAX_LEN - WIRE_TCP_LEN];

	o->has |= WIRE_TCP_OPT_TFO;
	o->tfo_len = 0;
	if (p == NULL || p->len == 0) {
		tcp_count(tcp, CNT_tcp_fastopen_asked);
		return 0;
	}
	p->used_us = tcp->env->now_us;
	o->tfo = p->cookie;
	o->tfo_len = p->len;
	return RTE_MIN(data_most(tcp, t, p, wire_tcp_opts_emit(opts, o)), t->snd_queued);
}

void tcp_fastopen_copy(const struct tcb *t, uint8_t *to, uint32_t n)
{
	for (const struct txseg *s = t->una_seg; n != 0; s = s->next) {
		uint32_t len = RTE_MIN((uint32_t)s->len, n);

		memcpy(to, (const uint8_t *)s->m->buf_addr + s->off, len);
		to += len;
		n -= len;
	}
}

static void cookie_store(struct tcp *tcp, struct tcb *t, const struct wire_tcp_opts *o)
{
	struct tcp_fastopen_peer *p = find_or_make(tcp, tcp_v6(t), &t->key);

	if (p == NULL)
		return;
	tcp_count(tcp, CNT_tcp_fastopen_cookies);
	p->mss = t->mss_limit;
	p->len = o->tfo_len;
	memcpy(p->cookie, o->tfo, p->len);
	p->used_us = tcp->env->now_us;
}

void tcp_fastopen_synack(
	struct tcp *tcp, struct tcb *t, const struct tcp_seg *s, const struct wire_tcp_opts *o)
{
	bool sent = tcp_fastopen_syn_data(t) != 0,
	     cookie = o->has & WIRE_TCP_OPT_TFO && o->tfo_len != 0;
	uint32_t acked = s->ack - t->iss - 1;
	struct tcp_fastopen_peer *p;

	if (cookie)
		cookie_store(tcp, t, o);
	p = tcp_fastopen_find(tcp, tcp_v6(t), &t->key);
	if (p != NULL && (acked != 0 || (!sent && !(t->flags & TF_SYN_REXMT)))) {
		p->fails = 0;
		p->off_until_us = 0; /* also if only the answer to our first SYN was lost */
	}
	if (acked == 0) {
		t->flags &= ~TF_FASTOPEN;
		if (sent && !cookie && !(t->flags & TF_SYN_REXMT)) /* else it is noted already */
			tcp_fastopen_failed(tcp, t);
		return;
	}
	tcp_count(tcp, CNT_tcp_fastopen_sent);
	t->bytes_sent += acked;
	count_add(&tcp->env->cnt, CNT_tcp_tx_bytes, acked);
	txq_acked(tcp, t, s->ack);
}

int tcp_fastopen_cache_init(struct tcp *tcp)
{
	tcp->fo_peers = calloc(tcp->conf.fastopen_cache + 1, sizeof(*tcp->fo_peers));
	return tcp->fo_peers != NULL ? 0 : -ENOMEM;
}
