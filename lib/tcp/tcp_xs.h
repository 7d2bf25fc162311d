/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_XS_H
#define GN_TCP_XS_H

#include <stdbool.h>
#include <stdint.h>

/* What a busy connection has beside its control block (tcp_priv.h). */

struct rte_mbuf;
struct txseg;

/* Loss detection and recovery (RFC 6675, 8985, 6937, 5682, 3522): loss.c. Zero: nothing known. */
struct tcp_loss {
	/* Bytes of the queue so marked, see tcp_pipe(). Without SACK, sacked is what duplicate ACKs
	 * stand for. */
	uint32_t sacked, lost, retrans;
	uint32_t newly_lost; /* by the ACK or timer that is being processed */
	uint32_t n_sacked;   /* stretches */
	/* PRR (RFC 6937): prr.c */
	uint32_t prr_delivered, prr_out, prr_flight;
	struct txseg *next_lost; /* no stretch to be sent again lies before it; NULL: none does */
	struct txseg *rexmt_first, *rexmt_last; /* TXSEG_RETRANS ones */
	/* SACK (RFC 2018): sack.c */
	struct txseg *top;    /* the highest SACKed one, or NULL */
	struct txseg *search; /* where the last search for a block ended, or NULL */
	uint32_t block_left[4], block_right[4]; /* of the last ACK */
	uint8_t n_blocks;
	bool dsack;	/* this ACK told of a duplicate (RFC 2883) */
	bool orig_seen; /* this ACK told of data below recover that was sent once (RFC 5682) */
	bool fin_lost;	/* the FIN is to be sent again */
	bool rescued;	/* the tail was sent again in this recovery (RFC 6675 section 4, rule 4) */
	/* RACK-TLP (RFC 8985): rack.c, tlp.c */
	bool rack_any, fack_any, reordering, round_any;
	bool pto;				 /* rexmt_at is the probe timeout */
	bool tlp, tlp_rexmt;			 /* a probe is under way; it was no new data */
	uint8_t reo_mult;			 /* of the reordering window, less one */
	uint8_t reo_persist;			 /* recoveries that it lasts */
	uint32_t rack_us, rack_end, rack_rtt_us; /* of the latest sent that has arrived */
	uint32_t fack;				 /* the highest sequence number that has arrived */
	uint32_t round_end; /* one D-SACK a round trip counts: until this is acknowledged */
	uint32_t tlp_end;   /* snd_max when the probe left */
	struct txseg *walk; /* those before it need no look; NULL: una_seg */
	uint64_t reo_at;    /* when the first of those not yet taken for lost will be; 0: none */
	uint64_t rto_at;    /* the retransmission timer, while rexmt_at is the probe timeout */
	/* Was it spurious? undo.c */
	bool undo;	     /* what follows is valid */
	bool undo_any;	     /* something was sent again */
	bool frto, frto_new; /* RFC 5682: a timeout is in doubt; only new data is to leave */
	bool rexmt_ts_known;
	uint32_t undo_end;  /* snd_max when it began, or when recovery ended */
	uint32_t undo_left; /* bytes sent again, less those the peer had twice */
	uint32_t rexmt_ts;  /* timestamp of the first retransmission (RFC 3522) */
	uint32_t prior_cwnd, prior_ssthresh;
	/* ECN (RFC 3168 section 6.1.2): reduced once until this is acknowledged */
	bool cwr;
	uint32_t cwr_end;
};

/* Delivery rate (draft-cheng-iccrg-delivery-rate-estimation): rate.c. */
struct tcp_rate {
	uint32_t delivered;		 /* bytes, wraps; 0: nothing was sent yet */
	uint32_t delivered_us, first_us; /* low 32 bits of times */
	uint32_t ahead;	      /* counted by duplicate ACKs, not yet known of which stretches */
	uint32_t app_limited; /* delivered at which the application's lack ends; 0: none */
	uint32_t min_rtt_us;  /* of the last RATE_MIN_RTT_S; 0: not known */
	uint32_t min_rtt_s;   /* when */
	/* The last sample, or the last that the application did not hold down: tcp_info() */
	uint32_t last_delivered, last_interval_us;
	bool last_limited;
	uint64_t many_us; /* when a segment last left with another one under way */
};

/* What held the sender up, for tcp_info(): info.c. */
enum tcp_limit { TCP_IDLE, TCP_BUSY, TCP_RWND_LIMITED, TCP_SNDBUF_LIMITED };

struct tcp_chrono {
	uint64_t since_us;
	enum tcp_limit limit;
};

/* When the next segment may leave: pace.c. */
struct tcp_pace {
	uint64_t rate;	    /* bytes a second; 0: no pacing */
	uint64_t next_ns;   /* when the burst began, on the schedule */
	uint64_t wake_us;   /* the next burst may begin; 0: now */
	uint32_t burst;	    /* bytes sent of this burst */
	uint32_t burst_max; /* bytes at which it ends */
};

#define TCP_CC_STATE 96 /* bytes that a congestion control may keep */

/*
 * What a connection needs for having more than one segment under way, for loss and for pacing. Taken
 * from a pool of the core that has one for each connection, so that it is never lacking; given back
 * when all is acknowledged and the line was idle for longer than the retransmission timeout, so that
 * an idle connection holds its block only.
 */
struct tcp_xs {
	struct tcp_loss loss;
	struct tcp_rate rate;
	struct tcp_pace pace;
	struct tcp_chrono chrono;
	uint64_t cc[TCP_CC_STATE / sizeof(uint64_t)]; /* all zero when it begins */
	struct tcp_xs *free_next;
};

#define OOO_LEVELS 8 /* of the skip list */

/* What a connection needs while data waits beyond a hole or came twice: ooo.c, sack_out.c. From a pool,
 * as struct tcp_xs is. */
struct tcp_xr {
	struct rte_mbuf *ooo[OOO_LEVELS]; /* the first range at each level */
	uint32_t ooo_bufs;		  /* buffers in the queue */
	uint32_t ooo_fin_seq;		  /* of a FIN that came early */
	bool ooo_fin;
	uint8_t n_recent, n_fresh; /* of recent: how many, and how many the peer was not told of */
	uint32_t recent[4]; /* a sequence number in each range that changed, the last first */
	uint32_t dsack_left, dsack_right; /* to be told of; equal: nothing */
	struct tcp_xr *free_next;
};

#endif
