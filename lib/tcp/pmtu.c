/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/*
 * Path MTU discovery. By ICMP (RFC 1191, RFC 8201), and, since that is often lost or forged, by
 * ourselves as RFC 4821 and RFC 8899 have it: when segments vanish only because they are large, a
 * smaller size is used, and the largest that passes is searched for with segments of real data.
 * t->pmtu is what is used, 0 what the route says; t->pmtu_high, if not 0, is known not to pass.
 */
#define BASE4	       1064 /* RFC 4821 section 7.2: 1024 bytes of payload */
#define BASE6	       1280
#define RAISE_UNIT_US  UINT64_C(16000000)
#define RAISE_AFTER_US UINT64_C(600000000) /* RFC 1191 section 6.3, RFC 8899 section 5.1.1 */
#define SEARCH_END     16		   /* a gain that is not worth another probe */

static uint16_t lowest(const struct tcp *tcp, const struct tcb *t)
{
	return tcp_v6(t) ? BASE6 : tcp->conf.mtu_floor;
}

static uint16_t base(const struct tcp *tcp, const struct tcb *t)
{
	return tcp_v6(t) ? BASE6 : RTE_MAX((uint16_t)BASE4, tcp->conf.mtu_floor);
}

static uint16_t in_use(const struct tcb *t)
{
	return t->pmtu != 0 ? t->pmtu : t->dst.mtu;
}

/* IP bytes of a segment beside its payload. */
static unsigned overhead(const struct tcb *t)
{
	return (tcp_v6(t) ? 40 : 20) + WIRE_TCP_LEN + (t->flags & TF_TS ? TCP_TS_LEN : 0) +
	       t->auth_len;
}

static uint16_t raise_time(const struct tcp *tcp, uint64_t after_us)
{
	return (uint16_t)((tcp->env->now_us + after_us) / RAISE_UNIT_US);
}

/* Sizes above mtu do not pass. */
static void lower(struct tcp *tcp, struct tcb *t, uint16_t mtu)
{
	t->pmtu = mtu;
	t->pmtu_probe = 0;
	t->pmtu_raise = raise_time(tcp, RAISE_AFTER_US);
	t->mss = tcp_mss_send(t);
}

/* An ICMP error that quotes what is in flight says that packets of at most mtu bytes pass. It cannot
 * take us below the floor, nor raise anything (RFC 5927 section 7.2, RFC 8201 section 4). */
void tcp_pmtu_icmp(struct tcp *tcp, struct tcb *t, uint32_t mtu)
{
	uint16_t mss = t->mss;

	mtu = RTE_MAX(mtu, (uint32_t)lowest(tcp, t));
	if (t->pmtu_probe != 0 && mtu < t->pmtu_probe) {
		t->pmtu_high = t->pmtu_probe;
		t->pmtu_probe = 0;
	}
	if (mtu >= in_use(t))
		return;
	tcp_count(tcp, CNT_tcp_pmtu_updates);
	t->pmtu_high = (uint16_t)(mtu + 1);
	lower(tcp, t, (uint16_t)mtu);
	if (t->mss >= mss || t->snd_una == t->snd_max)
		return;
	tcp_lost_all(tcp, t); /* RFC 1191 section 6.4: resend in smaller segments; no congestion */
	tcp_out_add(tcp, t);
}

void tcp_pmtu_start(struct tcp *tcp, struct tcb *t)
{
	if (tcp->conf.mtu_probing != TCP_MTU_PROBING_ALWAYS || t->dst.mtu <= base(tcp, t))
		return;
	t->pmtu = base(tcp, t);
	t->pmtu_raise = raise_time(tcp, RAISE_AFTER_US);
}

static uint16_t next_lower(const struct tcp *tcp, const struct tcb *t)
{
	return in_use(t) > base(tcp, t) ? base(tcp, t) : lowest(tcp, t);
}

/* A small last segment of the flight, which SACK would have told of, has not arrived either: then
 * it is not size that matters. What follows a full stretch is a packet of its own. */
static bool small_vanished(const struct tcp *tcp, const struct tcb *t)
{
	const struct txseg *s = t->una_seg, *prev = NULL;

	if (!(t->flags & TF_SACK) || s == NULL || s == t->nxt_seg)
		return false;
	for (; s->next != NULL && s->next != t->nxt_seg; s = s->next)
		prev = s;
	return prev != NULL && prev->len == t->mss && !(s->flags & (TXSEG_SACKED | TXSEG_HAD)) &&
	       s->len + overhead(t) <= next_lower(tcp, t);
}

/* The second timeout in a row of the same data, which is of the largest size: a black hole, perhaps.
 * Small segments that are lost say nothing of the size. */
static void black_hole(struct tcp *tcp, struct tcb *t)
{
	uint16_t next = next_lower(tcp, t);

	if (t->una_seg == NULL || next >= in_use(t) || t->una_seg->len + overhead(t) <= next)
		return;
	tcp_count(tcp, CNT_tcp_pmtu_black_holes);
	/* If not even the base passes, size was not the reason: nothing is known of large ones. */
	t->pmtu_high = t->pmtu == 0 ? t->dst.mtu : 0;
	lower(tcp, t, next);
}

void tcp_pmtu_timeout(struct tcp *tcp, struct tcb *t, bool first)
{
	if (tcp->conf.mtu_probing == TCP_MTU_PROBING_OFF)
		return;
	if (t->pmtu_probe != 0)
		tcp_pmtu_loss(tcp, t);
	else if (!first && !small_vanished(tcp, t))
		black_hole(tcp, t);
}

/* Recovery begins while a probe is under way. If it is the probe that is missing, its size is too
 * large; if something before it, nothing is known, and the probe will be tried again. */
void tcp_pmtu_loss(struct tcp *tcp, struct tcb *t)
{
	uint32_t start = t->pmtu_probe_end - (t->pmtu_probe - overhead(t));

	if (t->pmtu_probe == 0)
		return;
	if (seq_geq(t->snd_una, start)) {
		tcp_count(tcp, CNT_tcp_pmtu_probes_lost);
		t->pmtu_high = t->pmtu_probe;
	}
	t->pmtu_probe = 0;
}

/* The oldest octet outstanding moved on. */
void tcp_pmtu_acked(struct tcp *tcp, struct tcb *t)
{
	if (seq_lt(t->snd_una, t->pmtu_probe_end))
		return;
	tcp_count(tcp, CNT_tcp_pmtu_raised);
	t->pmtu = t->pmtu_probe;
	t->pmtu_probe = 0;
	if (t->pmtu >= t->dst.mtu)
		t->pmtu = 0;
	t->mss = tcp_mss_send(t);
}

/* The size to try next, 0: the search is over. What the route allows comes first: most often the path
 * has been repaired, or the loss had another reason. */
static uint16_t next_size(struct tcp *tcp, struct tcb *t)
{
	uint16_t high = t->pmtu_high != 0 ? t->pmtu_high : t->dst.mtu + 1;

	if ((int16_t)(raise_time(tcp, 0) - t->pmtu_raise) >= 0) {
		t->pmtu_raise = raise_time(tcp, RAISE_AFTER_US);
		t->pmtu_high = 0;
		if (tcp->conf.mtu_probing != TCP_MTU_PROBING_OFF)
			return t->dst.mtu;
		t->pmtu = 0; /* without probes ICMP tells us again */
		t->mss = tcp_mss_send(t);
		return 0;
	}
	if (tcp->conf.mtu_probing == TCP_MTU_PROBING_OFF || high <= t->pmtu + SEARCH_END)
		return 0;
	return t->pmtu_high == 0 ? t->dst.mtu : (uint16_t)((t->pmtu + high) / 2);
}

uint16_t tcp_pmtu_probe_len(struct tcp *tcp, struct tcb *t, uint32_t unsent, uint32_t room)
{
	if (t->pmtu_probe != 0 || t->flags & (TF_RECOVERY | TF_LOSS) || t->dup_acks != 0)
		return 0;
	uint16_t size = next_size(tcp, t);

	if (size <= t->pmtu || size > t->dst.mtu || size - overhead(t) > t->mss_limit)
		return 0;
	uint16_t len = (uint16_t)(size - overhead(t));

	/* Enough behind it, so that its loss shows by duplicate ACKs (RFC 4821 section 7.3). */
	if (unsent < len + 3u * t->mss || room < len + 3u * t->mss)
		return 0;
	return len;
}

void tcp_pmtu_probe_sent(struct tcp *tcp, struct tcb *t, uint16_t len)
{
	tcp_count(tcp, CNT_tcp_pmtu_probes);
	t->pmtu_probe = (uint16_t)(len + overhead(t));
	t->pmtu_probe_end = t->snd_nxt;
}
