/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_LOSS_H
#define GN_TCP_LOSS_H

/* A part of tcp_priv.h, which includes it: what is lost, and what is done about it. */

/* loss.c: the scoreboard. t->xs is there. */
/* Bytes under way (RFC 6675 section 4). */
static inline uint32_t tcp_pipe(const struct tcb *t)
{
	uint32_t flight = t->snd_max - t->snd_una;

	if (likely(t->xs == NULL))
		return flight;
	const struct tcp_loss *l = &t->xs->loss;

	return flight + l->retrans - l->sacked - l->lost;
}
/* Takes acknowledged stretches off the queue. Returns the bytes of them that were not known to have
 * arrived; fills in acked, delivered and rtt_us. */
void tcp_scoreboard_ack(
	struct tcp *tcp, struct tcb *t, const struct tcp_seg *s, struct tcp_ack_sample *a);
/* s has arrived, as ack says in a SACK block. */
void tcp_seg_sacked(struct tcp *tcp, struct tcb *t, struct txseg *s, const struct tcp_seg *ack,
	struct tcp_ack_sample *a);
void tcp_seg_lost(struct tcb *t, struct txseg *s);
void tcp_fin_lost(struct tcb *t, bool lost);
/* s was sent again. */
void tcp_seg_retrans(struct tcb *t, struct txseg *s);
/* s was cut: rest is what lay behind. */
void tcp_seg_split(struct tcb *t, struct txseg *s, struct txseg *rest);
/* All that is outstanding is to be sent again, whatever the peer has said it had. */
void tcp_lost_all(struct tcp *tcp, struct tcb *t);
/* recovery.c: what is done about loss */
/* After the scoreboard has taken an ACK in. dup: it is a duplicate (RFC 5681 section 2). */
void tcp_recovery_ack(struct tcp *tcp, struct tcb *t, const struct tcp_seg *s,
	struct tcp_ack_sample *a, bool dup);
/* The retransmission timer (RFC 6298 (5.4) to (5.6)); first: of this data. */
void tcp_recovery_timeout(struct tcp *tcp, struct tcb *t, bool first);
/* The reordering timer (RFC 8985 section 6.3). */
void tcp_recovery_reorder(struct tcp *tcp, struct tcb *t);
/* sack.c: the blocks of an ACK; after its cumulative part */
#define TCP_SACK_STEPS 1024 /* stretches looked at in vain, an ACK and a turn of output */
void tcp_sack_input(
	struct tcp *tcp, struct tcb *t, const struct tcp_seg *s, struct tcp_ack_sample *a);
/* rack.c: s has arrived (RFC 8985 section 6.2, steps 2 and 3) */
void tcp_rack_delivered(
	struct tcp *tcp, struct tcb *t, const struct txseg *s, const struct tcp_seg *ack);
/* An ACK was taken in: the reordering window (step 4). */
void tcp_rack_window(struct tcb *t);
/* Marks what must be lost by now, and sets reo_at (step 5). */
void tcp_rack_detect(struct tcp *tcp, struct tcb *t);
/* tlp.c (RFC 8985 section 7) */
/* Arms rexmt_at, with struct tcp_xs: the probe timeout or the retransmission timer. */
void tcp_tlp_arm(struct tcp *tcp, struct tcb *t);
/* New data was sent while rexmt_at runs: the probe timeout is armed, or moves (section 7.2). */
void tcp_tlp_later(struct tcp *tcp, struct tcb *t);
/* rexmt_at has come: was it the probe timeout? */
bool tcp_tlp_fire(struct tcp *tcp, struct tcb *t);
/* An ACK: was the probe of use? True: it made good a loss. */
bool tcp_tlp_ack(struct tcb *t, const struct tcp_ack_sample *a, const struct tcp_seg *s, bool dup);
/* undo.c */
void tcp_undo_begin(struct tcb *t, bool timeout);
/* Was what is being recovered from no loss? Then all is as before. */
bool tcp_undo_check(struct tcp *tcp, struct tcb *t, const struct tcp_seg *s,
	const struct tcp_ack_sample *a, bool dup);
/* prr.c (RFC 6937) */
void tcp_prr_begin(struct tcb *t);
/* A new cwnd. good: the ACK moved snd_una and told of no loss; now: something must leave at once. */
void tcp_prr_update(struct tcb *t, uint32_t delivered, bool good, bool now);

#endif
