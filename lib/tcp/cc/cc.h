/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_CC_H
#define GN_TCP_CC_H

#include <stdbool.h>
#include <stdint.h>

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

/*
 * A congestion control: what cwnd and ssthresh (bytes, in the block) do at each event. When to
 * retransmit is not its business.
 */
struct tcp_cc_ops {
	const char *name;
	/* The connection is established: initial window (RFC 6928), ssthresh. */
	void (*init)(struct tcp *tcp, struct tcb *t);
	/* acked bytes of new data were acknowledged outside of fast recovery. */
	void (*acked)(struct tcp *tcp, struct tcb *t, uint32_t acked);
	/* Loss seen by duplicate ACKs: fast recovery begins with flight bytes outstanding. */
	void (*loss)(struct tcp *tcp, struct tcb *t, uint32_t flight);
	/* Another duplicate ACK in fast recovery. */
	void (*dup_ack)(struct tcp *tcp, struct tcb *t);
	/* A partial ACK in fast recovery (RFC 6582 section 3.2 step 3). */
	void (*partial)(struct tcp *tcp, struct tcb *t, uint32_t acked);
	/* Fast recovery ended with a full ACK; flight bytes remain outstanding. */
	void (*recovered)(struct tcp *tcp, struct tcb *t, uint32_t flight);
	/* Retransmission timeout; first: of this data (later ones only back off). */
	void (*timeout)(struct tcp *tcp, struct tcb *t, uint32_t flight, int first);
	/* Data is about to be sent after an idle time longer than the RTO. */
	void (*idle)(struct tcp *tcp, struct tcb *t);
};

extern const struct tcp_cc_ops tcp_cc_newreno;

#endif
