/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_CC_H
#define GN_TCP_CC_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp_conf.h"

struct tcp;
struct tcb;

/* What an ACK brought. Bytes. */
struct tcp_ack_sample {
	uint32_t acked;	       /* newly acknowledged cumulatively */
	uint32_t delivered;    /* newly acknowledged or SACKed */
	uint32_t lost;	       /* newly taken for lost */
	uint32_t in_flight;    /* pipe (RFC 6675) after this ACK was processed */
	uint32_t prior_flight; /* pipe before */
	uint32_t rtt_us;       /* 0: no sample */
	bool ece;	       /* the ACK carries ECE */
	bool limited;	       /* the window was full before this ACK (RFC 7661): it may grow */
	/* The delivery rate, if rate_interval_us is not 0. */
	bool rate_app_limited;
	uint32_t rate_delivered, rate_interval_us;
	uint32_t rate_prior; /* tcp_rate.delivered when the newest delivered segment was sent */
	/* rate.c's, until tcp_rate_finish() */
	bool rate_any;
	uint32_t rate_prior_us, rate_sent_us, rate_send_us;
};

/* Sends by rate (struct tcp_pace). */
#define TCP_CC_PACED 0x01
/* Sets cwnd itself at every ACK, also in recovery (BBR): PRR keeps off. */
#define TCP_CC_MODEL 0x02
/* Asks for ECN by itself and hears of every ACK (DCTCP). */
#define TCP_CC_ECN 0x04

/*
 * A congestion control: what cwnd and ssthresh (bytes, in the block) do at each event. When and what
 * to send again is not its business. t->xs is there in all of them but init() and idle().
 */
struct tcp_cc_ops {
	const char *name;
	uint8_t flags; /* TCP_CC_* */
	/* The connection is established: initial window (RFC 6928), ssthresh. */
	void (*init)(struct tcp *tcp, struct tcb *t);
	/* An ACK of new data outside of fast recovery that found the window used (a->limited); also
	 * in the slow start after a timeout. With TCP_CC_MODEL or TCP_CC_ECN every ACK of new data,
	 * with TCP_CC_MODEL also in recovery and those that only SACK. */
	void (*acked)(struct tcp *tcp, struct tcb *t, const struct tcp_ack_sample *a);
	/* Loss, or ECE (once a window): what ssthresh is to be. What undo() needs is kept. The caller
	 * sets it; PRR brings cwnd there, and for ECE without loss it is set at once. */
	uint32_t (*ssthresh)(struct tcp *tcp, struct tcb *t);
	/* The first timeout of this data: ssthresh() was asked, cwnd is one segment. */
	void (*timeout)(struct tcp *tcp, struct tcb *t);
	/* Recovery is over, cwnd was brought to ssthresh. */
	void (*recovered)(struct tcp *tcp, struct tcb *t);
	/* It was spurious: cwnd and ssthresh are what they were before. */
	void (*undo)(struct tcp *tcp, struct tcb *t);
	/* Data is about to be sent after an idle time longer than the RTO. */
	void (*idle)(struct tcp *tcp, struct tcb *t);
};

extern const struct tcp_cc_ops tcp_cc_cubic, tcp_cc_newreno, tcp_cc_dctcp, tcp_cc_bbr;

/* tcp.congestion-control */
const struct tcp_cc_ops *tcp_cc_configured(const struct tcp *tcp);
const struct tcp_cc_ops *tcp_cc_at(enum tcp_cc_id id);
/* Another one: what the former knew but cwnd and ssthresh is gone. */
void tcp_cc_set(struct tcb *t, const struct tcp_cc_ops *cc);

/* ---- what they have in common: cc.c ---- */

#define TCP_CWND_MAX	 (1u << 30)	  /* the largest window there is (RFC 7323 section 2.3) */
#define TCP_SSTHRESH_MAX (UINT32_MAX / 2) /* not known yet */

/* RFC 6928 section 2, as configured. */
uint32_t tcp_cc_initial_window(const struct tcp *tcp, const struct tcb *t);
/* That, or a segment after a lost SYN (RFC 5681 section 3.1). */
void tcp_cc_init(struct tcp *tcp, struct tcb *t);
/* RFC 5681 section 4.1: the restart window. Part of what the path carried before is kept in ssthresh
 * (RFC 7661 section 4.4.3). */
void tcp_cc_idle(struct tcp *tcp, struct tcb *t);
/* Half of a window that was hardly used (the same section). */
void tcp_cc_shrink(struct tcp *tcp, struct tcb *t);
/* What is outstanding and counts for ssthresh: not what limited transmit sent beyond cwnd. */
uint32_t tcp_cc_flight(const struct tcb *t);
/* Slow start by byte counting, at most limit segments an ACK (RFC 3465 section 2.2, RFC 9406
 * section 4.3), to ssthresh at the most; returns the acknowledged bytes that were not used. */
uint32_t tcp_cc_slow_start(struct tcb *t, uint32_t acked, uint32_t limit);
/* One segment a window (RFC 5681 section 3.1, by byte counting). */
void tcp_cc_avoid(struct tcb *t, uint32_t acked);
void tcp_cc_nothing(struct tcp *tcp, struct tcb *t);
/* cubic.c: the cube root, rounded down. */
uint32_t tcp_cubic_root(uint64_t n);
/* bbr.c: for tcp_info(). t->xs is not NULL. */
struct tcp_bbr_info {
	const char *mode;
	uint64_t bw; /* bytes a second */
	uint32_t min_rtt_us;
};
void tcp_bbr_info(const struct tcb *t, struct tcp_bbr_info *i);

#endif
