/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "heap_pool.h"
#include "rng.h"
#include "tcp_priv.h"

/*
 * The scoreboard against a model that keeps a bit for each octet: random sending, SACK blocks, losses,
 * retransmissions, cumulative ACKs and timeouts; after each step the counters are the sums of what
 * the stretches say, and no octet is taken for delivered that the peer has not named.
 */
#define MSS    1000u
#define STREAM 400000u
#define SEEDS  40
#define STEPS  250
#define POOL   2048
#define TXSEGS 4096
#define ISS    0xffffc000u /* sequence numbers wrap */

static struct env env;
static struct tcp tcp;
static struct tcb t;
static struct tcp_xs xs;
static struct txseg segs[TXSEGS];
static uint8_t peer_has[STREAM];
static struct rng rng;

static void nothing(struct tcp *p, struct tcb *b)
{
}

static void heard(struct tcp *p, struct tcb *b, const struct tcp_ack_sample *a)
{
}

static uint32_t half(struct tcp *p, struct tcb *b)
{
	return RTE_MAX(b->cwnd / 2, 2 * MSS);
}

static const struct tcp_cc_ops cc = {
	.init = nothing,
	.acked = heard,
	.ssthresh = half,
	.timeout = nothing,
	.recovered = nothing,
	.undo = nothing,
	.idle = nothing,
};

static void begin(uint64_t seed, struct rte_mempool *mp)
{
	memset(&t, 0, sizeof(t));
	memset(&xs, 0, sizeof(xs));
	memset(&tcp, 0, sizeof(tcp));
	memset(&env, 0, sizeof(env));
	memset(peer_has, 0, sizeof(peer_has));
	rng_seed(&rng, seed);
	timer_wheel_init(&env.wheel, 0);
	env.now_us = 5000000;
	heap_pkt_pool(&env.pool, mp, &env.cnt);
	tcp.env = &env;
	tcp_conf_default(&tcp.conf);
	for (unsigned i = 0; i < TXSEGS; i++)
		txseg_free(&tcp, &segs[i]);
	t.xs = &xs;
	t.cc = &cc;
	t.mss = MSS;
	t.cwnd = 100 * MSS;
	t.ssthresh = UINT32_MAX / 2;
	t.state = TCP_ESTABLISHED;
	t.flags = TF_SACK | TF_SENDING;
	t.snd_una = t.snd_nxt = t.snd_max = ISS;
	t.recover = ISS - 1;
	t.rto_us = 200000;
	t.srtt_us = 10000;
	t.rexmt_at = t.delack_at = t.close_at = TCP_NEVER;
}

static void send_new(void)
{
	struct txseg *s = txseg_alloc(&tcp);

	cr_assert_not_null(s);
	s->m = pkt_alloc(&env.pool);
	cr_assert_not_null(s->m);
	s->len = (uint16_t)(1 + rng_below(&rng, MSS));
	s->off = 0;
	txq_append(&t, s);
	t.nxt_seg = NULL;
	s->flags |= TXSEG_SENT;
	s->sent_us = (uint32_t)env.now_us;
	tcp_rate_sent(&tcp, &t, s);
	t.snd_max += s->len;
	t.snd_nxt = t.snd_max;
}

static void send_again(void)
{
	for (struct txseg *s = t.una_seg; s != NULL; s = s->next)
		if ((s->flags & (TXSEG_LOST | TXSEG_RETRANS)) == TXSEG_LOST && rng_below(&rng, 2)) {
			s->sent_us = (uint32_t)env.now_us;
			tcp_rate_sent(&tcp, &t, s);
			tcp_seg_retrans(&t, s);
		}
}

/* The peer gets something of what is outstanding, anywhere and of any size. */
static void peer_gets(void)
{
	uint32_t una = t.snd_una - ISS, flight = t.snd_max - t.snd_una;
	uint32_t from = una + rng_below(&rng, flight), n = 1 + rng_below(&rng, 5 * MSS);

	if (rng_below(&rng, 3) == 0)
		from = una;
	memset(peer_has + from, 1, RTE_MIN(n, una + flight - from));
}

/* The range of what it has around at, within what is outstanding. */
static bool range(uint32_t at, uint32_t *left, uint32_t *right)
{
	uint32_t top = t.snd_max - ISS, una = t.snd_una - ISS;

	while (at < top && !peer_has[at])
		at++;
	if (at == top)
		return false;
	for (*left = at; *left > una && peer_has[*left - 1];)
		--*left;
	for (*right = at; *right < top && peer_has[*right];)
		++*right;
	*left += ISS;
	*right += ISS;
	return true;
}

static void ack(void)
{
	struct wire_tcp_opts o = {.has = WIRE_TCP_OPT_SACK};
	struct tcp_seg s = {.ack = t.snd_una, .opts = &o};
	struct tcp_ack_sample a = {0};

	if (rng_below(&rng, 2))
		while (s.ack != t.snd_max && peer_has[s.ack - ISS])
			s.ack++;
	for (unsigned i = 0; i < 4; i++) {
		uint32_t at = s.ack - ISS;

		if (t.snd_max != s.ack)
			at += rng_below(&rng, t.snd_max - s.ack);
		if (range(at, &o.sack[o.n_sack].left, &o.sack[o.n_sack].right))
			o.n_sack++;
	}
	if (rng_below(&rng, 20) == 0 && o.n_sack < 4) /* nonsense */
		o.sack[o.n_sack++].left = (uint32_t)rng_u64(&rng);
	if (s.ack != t.snd_una)
		tcp_scoreboard_ack(&tcp, &t, &s, &a);
	tcp_sack_input(&tcp, &t, &s, &a);
	tcp_recovery_ack(&tcp, &t, &s, &a, s.ack == t.snd_una);
	cr_assert_leq(a.delivered, 100 * MSS);
}

static void check(uint64_t seed, unsigned step)
{
	const struct tcp_loss *l = &xs.loss;
	uint32_t sacked = 0, lost = 0, retrans = 0, n_sacked = 0, n_retrans = 0, seq = t.snd_una;

	for (const struct txseg *s = t.una_seg; s != NULL; s = s->next) {
		cr_assert_eq(s->seq, seq, "seed %lu step %u: the queue has a gap", seed, step);
		seq += s->len;
		if (s->flags & TXSEG_SACKED) {
			sacked += s->len;
			n_sacked++;
			cr_assert(!(s->flags & (TXSEG_LOST | TXSEG_RETRANS)));
			for (uint32_t i = 0; i < s->len; i++)
				cr_assert(peer_has[s->seq - ISS + i],
					"seed %lu step %u: octet %u never arrived", seed, step,
					s->seq - ISS + i);
		}
		if (s->flags & TXSEG_RUN && s->flags & TXSEG_SACKED)
			for (const struct txseg *r = s; r != s->later; r = r->next)
				cr_assert(r->flags & TXSEG_SACKED,
					"seed %lu step %u: a run over a hole", seed, step);
		lost += s->flags & TXSEG_LOST ? s->len : 0;
		retrans += s->flags & TXSEG_RETRANS ? s->len : 0;
		n_retrans += (s->flags & TXSEG_RETRANS) != 0;
		if ((s->flags & (TXSEG_LOST | TXSEG_RETRANS)) == TXSEG_LOST)
			cr_assert(l->next_lost != NULL && seq_leq(l->next_lost->seq, s->seq),
				"seed %lu step %u: what is lost is not found", seed, step);
	}
	cr_assert_eq(seq, t.snd_max);
	for (const struct txseg *s = l->rexmt_first, *last = NULL; s != NULL;
		last = s, s = s->later, n_retrans--) {
		cr_assert(s->flags & TXSEG_RETRANS && s->earlier == last);
		cr_assert(last == NULL || seq_leq(last->sent_us, s->sent_us));
	}
	cr_assert_eq(n_retrans, 0, "seed %lu step %u: the list of retransmissions", seed, step);
	cr_assert_eq(l->sacked, sacked, "seed %lu step %u: sacked", seed, step);
	cr_assert_eq(l->n_sacked, n_sacked, "seed %lu step %u", seed, step);
	cr_assert_eq(l->lost, lost, "seed %lu step %u: lost", seed, step);
	cr_assert_eq(l->retrans, retrans, "seed %lu step %u: retrans", seed, step);
	cr_assert_eq(tcp_pipe(&t), t.snd_max - t.snd_una - sacked - lost + retrans);
}

Test(scoreboard, counters_are_a_recount)
{
	struct rte_mempool *mp = heap_pool_create("sb", POOL, RTE_MBUF_DEFAULT_BUF_SIZE);

	cr_assert_not_null(mp);
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		begin(seed, mp);
		for (unsigned step = 0; step < STEPS; step++) {
			env.now_us += rng_below(&rng, 4000);
			for (unsigned n = rng_below(&rng, 8); n > 0; n--)
				if (t.snd_max - ISS + MSS < STREAM &&
					t.snd_max - t.snd_una < 80 * MSS)
					send_new();
			if (t.snd_max == t.snd_una)
				continue;
			if (rng_below(&rng, 2))
				peer_gets();
			ack();
			check(seed, step);
			if (rng_below(&rng, 60) == 0)
				tcp_recovery_timeout(&tcp, &t, rng_below(&rng, 2));
			if (xs.loss.reo_at != 0 && xs.loss.reo_at <= env.now_us)
				tcp_recovery_reorder(&tcp, &t);
			send_again();
			check(seed, step);
		}
		timer_cancel(&env.wheel, &t.timer);
		txq_free(&tcp, &t);
		cr_assert_eq(heap_pool_avail(mp), POOL, "seed %lu: a buffer is lost", seed);
	}
	heap_pool_free(mp);
}

/* Every other stretch of many, told in the dearest order: no ACK looks at more than it may. */
Test(scoreboard, many_holes_cost_little)
{
	struct rte_mempool *mp = heap_pool_create("sb", POOL, RTE_MBUF_DEFAULT_BUF_SIZE);
	struct wire_tcp_opts o = {.has = WIRE_TCP_OPT_SACK, .n_sack = 1};
	struct tcp_seg s = {.ack = ISS, .opts = &o};

	begin(1, mp);
	for (unsigned i = 0; i < 2000; i++)
		send_new();
	uint32_t at[2000];
	unsigned n = 0;

	for (const struct txseg *x = t.una_seg; x != NULL; x = x->next)
		at[n++] = x->seq;
	for (unsigned i = n - 2; i > 1; i -= 2) {
		struct tcp_ack_sample a = {0};

		o.sack[0].left = at[i];
		o.sack[0].right = at[i + 1];
		tcp_sack_input(&tcp, &t, &s, &a);
	}
	/* Half of the searches began too far from what they sought: they are given up, counted. */
	cr_expect_gt(env.cnt.n[CNT_tcp_sack_limited], 0);
	cr_expect_leq(xs.loss.n_sacked, n / 2);
	txq_free(&tcp, &t);
	heap_pool_free(mp);
}
