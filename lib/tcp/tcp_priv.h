/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_PRIV_H
#define GN_TCP_PRIV_H

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_mbuf.h>

#include "env.h"
#include "flow_table.h"
#include "net.h"
#include "owner.h"
#include "port_alloc.h"
#include "seq.h"
#include "tcp.h"
#include "wire_bytes.h"
#include "wire_tcp.h"

#include "cc/cc.h"

/* States of RFC 9293 section 3.3.2. LISTEN is a struct tcp_listener, SYN-RECEIVED of a passive open
 * a struct tcp_half_open and TIME-WAIT a struct tcp_time_wait; CLOSED is a block to be freed. */
enum tcp_state {
	TCP_CLOSED,
	TCP_SYN_SENT,
	TCP_SYN_RECEIVED, /* simultaneous open; with TF_FASTOPEN: passive, by a cookie */
	TCP_ESTABLISHED,
	TCP_CLOSE_WAIT,
	TCP_FIN_WAIT_1,
	TCP_FIN_WAIT_2,
	TCP_CLOSING,
	TCP_LAST_ACK,
	TCP_STATE_MAX,
};

/* What identifies a connection. r: remote, l: local. */
struct tcp_key {
	union net_ip l, r;
	uint32_t scope;
	uint16_t lport, rport;
};

/* One stretch of the send queue, never longer than a segment when it is made. */
struct txseg {
	struct txseg *next;
	struct rte_mbuf *m; /* one reference of ours */
	uint32_t seq;
	uint16_t len;
	uint16_t off;	  /* of the payload, from m->buf_addr */
	uint32_t sent_us; /* low 32 bits of the time of the last transmission */
	uint16_t flags;	  /* TXSEG_* */
	/* Of struct tcp_rate when it was last sent; valid with TXSEG_RATE: rate.c */
	uint32_t delivered, delivered_us, first_us;
	/* TXSEG_RETRANS: in the order of their retransmission. TXSEG_RUN: later is the first stretch
	 * behind those, all SACKed, that begin here. */
	struct txseg *later, *earlier;
};

_Static_assert(sizeof(struct txseg) <= 64, "stretch of a send queue: one line");

#define TXSEG_SENT    0x01
#define TXSEG_REXMT   0x02 /* sent more than once: no RTT sample (Karn, RFC 6298 section 3) */
#define TXSEG_INPLACE 0x04 /* direct buffer with room for headers before the payload */
#define TXSEG_APPEND  0x08 /* made by tcp_send(): more may be copied behind it */
#define TXSEG_PUSH    0x10 /* the last of a send call */
#define TXSEG_BUF     0x20 /* the first of its buffer: counts in tcp->tx_bufs */
#define TXSEG_RATE    0x40 /* has a snapshot of the delivery rate */
#define TXSEG_LIMITED 0x80 /* sent while the application was the limit: rate.c */
/* The scoreboard: loss.c. None of them without struct tcp_xs. */
#define TXSEG_SACKED  0x100 /* the peer has it */
#define TXSEG_LOST    0x200 /* taken for lost, and to be sent again unless TXSEG_RETRANS */
#define TXSEG_RETRANS 0x400 /* sent again, and that is taken to be under way */
#define TXSEG_RUN     0x800
#define TXSEG_HAD     0x1000 /* was SACKed before a timeout: counted as delivered already */

#define TXSEG_SPLIT 0x8000 /* shares its buffer with another */

#define TF_V6	      0x00000001u
#define TF_NODELAY    0x00000002u
#define TF_KEEPALIVE  0x00000004u
#define TF_ACK_NOW    0x00000008u /* an ACK must leave at the next output */
#define TF_FIN_QUEUED 0x00000010u /* the application sends no more: FIN behind the queue */
#define TF_FIN_SENT   0x00000020u /* FIN is at snd_max - 1 */
#define TF_DETACHED   0x00000040u /* closed from above: no upcalls, handle dead */
#define TF_WRITABLE   0x00000080u /* a send took less than asked: report room */
#define TF_ON_OUT     0x00000100u /* on the output list */
#define TF_MORE	      0x00000200u /* the application announced more data */
#define TF_RECOVERY   0x00000400u /* fast recovery until recover is acknowledged */
#define TF_PERSIST    0x00000800u /* rexmt_at is the zero-window probe timer */
#define TF_WSCALE     0x00002000u /* window scaling was agreed on (RFC 7323 section 2) */
#define TF_SYN_REXMT  0x00001000u /* SYN or SYN,ACK was sent again (RFC 6298 (5.7), RFC 5681 3.1) */
#define TF_SENDING    0x00004000u /* data is allowed out: ESTABLISHED or CLOSE-WAIT reached */
#define TF_REACHED    0x00008000u /* the connection was reported to the application */
#define TF_TS	      0x00010000u /* timestamps were agreed on (RFC 7323) */
#define TF_SACK	      0x00020000u /* SACK was agreed on (RFC 2018) */
#define TF_ECN	      0x00040000u /* ECN was agreed on (RFC 3168) */
#define TF_ECE	      0x00080000u /* the peer is to be told of congestion: ECE on each ACK */
#define TF_CWR	      0x00100000u /* the next new segment carries CWR */
#define TF_LOSS	      0x00200000u /* a timeout is being recovered from (until recover) */
#define TF_SIGNED     0x00400000u /* segments are authenticated (RFC 5925, RFC 2385) */
#define TF_HOLDS      0x04000000u /* the application leaves small segments unread: hold.c */
#define TF_UTO_OWN    0x00800000u /* the application chose the user timeout (RFC 5482) */
/* In SYN-SENT: the first SYN asks for a cookie or has one. In SYN-RECEIVED: opened by a cookie. Later: data
 * on the SYN was taken. Of a half-open entry: the SYN,ACK has a cookie (RFC 7413). */
#define TF_FASTOPEN 0x01000000u
#define TF_SMALL    0x02000000u /* the send buffer, or a packet buffer, may not hold a segment */
#define TF_URGENT   0x08000000u /* urgent data up to snd_up may not be acknowledged yet */
#define TF_LINGER   0x80000000u /* closed from above, which still wants to hear of the end */

/* What the two SYNs agree on. Before that, in SYN-SENT: what we ask for. */
#define TCP_AGREED (TF_TS | TF_SACK | TF_ECN | TF_WSCALE)

#define TCP_TS_LEN 12 /* the timestamps with their padding (RFC 7323 appendix A) */

#define TCP_NEVER UINT64_MAX

#include "tcp_xs.h"

/*
 * Transmission control block. The first two lines are what a request and its response touch on a
 * warm connection, with the two behind them read or written in passing.
 */
struct __rte_cache_aligned tcb {
	/* receive side and acknowledgements: input */
	uint32_t rcv_nxt;
	uint32_t rcv_adv;    /* right edge that was announced; never moves left (SHLD-14) */
	uint32_t rcv_acked;  /* rcv_nxt of the last segment sent */
	uint32_t rcv_unread; /* bytes the application holds */
	uint32_t rcv_buf;
	uint32_t snd_una;
	uint32_t snd_nxt; /* next to send; pulled back to snd_una by a timeout */
	uint32_t snd_max; /* SND.NXT of the RFC: highest sent + 1 */
	uint32_t snd_wnd;
	uint32_t snd_wl1, snd_wl2;
	uint32_t cwnd;
	uint32_t flags;	  /* TF_* */
	uint16_t mss;	  /* of segments we send: payload bytes, options already taken off */
	uint16_t rcv_mss; /* largest payload received: when two are due an ACK */
	uint8_t state;
	uint8_t dup_acks_owed; /* out-of-order segments not yet answered (RFC 5681 section 4.2) */
	uint8_t snd_wscale,
		rcv_wscale;    /* RFC 7323 section 2: shift of the peer's field and of ours */
	uint32_t ts_recent;    /* RFC 7323 section 4.3 */
	struct txseg *una_seg; /* oldest unacknowledged, or unsent */
	/* send side: output */
	struct txseg *nxt_seg; /* holds snd_nxt, NULL: all sent */
	struct txseg *tail_seg;
	struct tcp_xs *xs;   /* NULL: nothing but a segment or none was under way, without loss */
	uint32_t snd_queued; /* bytes in the send queue, sent or not */
	uint32_t rto_us;
	uint64_t rexmt_at; /* retransmission or probe; TCP_NEVER: off */
	uint64_t delack_at;
	struct net_dst dst;

	/* read by each segment, or written without being waited for */
	struct timer timer;
	struct tcp_key key;
	uint32_t ports_rx; /* the two ports as on the wire in what we receive */
	uint32_t snd_buf;
	uint32_t ts_off;       /* of our timestamps from the core's clock in ms */
	uint32_t keepalive_ms; /* when the last probe left, wraps; valid with keepalive_sent */
	tcp_handle_t handle;   /* with TCP_HANDLE_DEAD while the layer above may not use it */
	const void *app_ops;
	union {
		void *app_user;
		struct tcb *free_next; /* of a free block */
	};
	uint64_t last_rx_us;
	uint64_t
		last_tx_us; /* of data, or when it could begin: restart after idle (RFC 5681 section 4.1) */
	uint64_t bytes_received, bytes_sent;
	uint32_t srtt_us, rttvar_us;
	uint32_t confirmed_us; /* low 32 bits of when the neighbour was last told to be reachable */
	uint32_t hash;
	uint8_t ttl, tos;
	uint8_t dup_acks;
	uint8_t backoff; /* of the retransmission or probe timer */
	uint8_t keepalive_sent;
	uint8_t keepalive_count;
	uint8_t quick_acks; /* full segments to be acknowledged at once */
	struct tcp_xr *xr;  /* NULL: nothing waits out of order, nothing came twice */

	/* colder */
	uint16_t mss_announced;
	uint16_t mss_limit;	 /* peer's MSS option, bounded below */
	uint32_t snd_buf_max;	 /* snd_buf grows to that with cwnd */
	uint16_t pmtu;		 /* path MTU that was learned, 0: dst.mtu (pmtu.c) */
	uint16_t pmtu_high;	 /* the least known not to pass, 0: none */
	uint16_t pmtu_probe;	 /* IP bytes of the probe under way, 0: none */
	uint16_t pmtu_raise;	 /* when larger ones are tried again, in 16 s, wraps */
	uint32_t pmtu_probe_end; /* sequence number behind the probe */
	uint16_t answer_period;	 /* answers: how many challenges and the like were answered in it */
	uint8_t answers;
	uint8_t auth_len; /* room of the signature in each header */
	uint32_t auth;	  /* with TF_SIGNED: its state (auth.h), index + 1 */
	uint32_t ssthresh;
	uint32_t recover; /* RFC 6582 */
	uint32_t max_wnd; /* largest window the peer offered */
	uint32_t iss, irs;
	uint32_t rcv_buf_max; /* rcv_tune.c: rcv_buf grows to that, by rcv_grown so far */
	uint32_t rcv_grown, rcv_rtt_us;
	uint32_t round_end, round_us; /* of the window being received */
	uint32_t retransmits;
	uint32_t keepalive_idle_ms, keepalive_interval_ms;
	uint64_t rexmt_since; /* first timeout of the oldest unacknowledged data (R2) */
	uint64_t urgent_end;  /* of what was told of, as bytes_received counts (section 3.8.5) */
	uint64_t close_at;    /* FIN-WAIT-2 nobody holds, lingering, or evicted; TCP_NEVER */
	uint32_t bytes_acked; /* congestion avoidance (RFC 5681 section 3.1, RFC 3465 style) */
	uint8_t soft_error;   /* last ICMP error: reported if the connection times out */
	uint8_t stalls; /* timeouts of the oldest unacknowledged data (R1); valid with rexmt_since */
	uint16_t user_timeout_s; /* 0: none, R2 */
	uint32_t persist_ms;	 /* when the window was first found shut, wraps; of TF_PERSIST */
	/* With TF_HOLDS (hold.c): buffers of unread data up to held_seq, and behind it. */
	uint32_t held_old, held_new, held_seq;
	uint32_t limit_ms[TCP_SNDBUF_LIMITED]; /* by enum tcp_limit - 1, whole life */
	uint32_t snd_up; /* SND.UP, with TF_URGENT: behind the last urgent octet */
	const struct tcp_cc_ops *cc;
};

#define TCP_HANDLE_DEAD (UINT64_C(1) << 63)

_Static_assert(sizeof(struct tcb) <= 448, "control block: all of it");
_Static_assert(offsetof(struct tcb, timer) <= 128, "control block: warm part");

/* SYN-RECEIVED of a passive open. */
struct tcp_half_open {
	struct timer timer;
	struct tcp_key key;
	uint32_t hash;
	uint32_t iss, irs;
	uint16_t mss;	     /* peer's, bounded */
	uint16_t wnd;	     /* of the SYN */
	uint32_t listener;   /* index */
	uint32_t prev, next; /* age order; index + 1 */
	uint32_t flags;	     /* TF_V6, and what was agreed on: TCP_AGREED */
	uint32_t ts_recent, ts_off;
	uint16_t auth; /* with TF_SIGNED: entry of the key */
	uint16_t uto;  /* the peer's user timeout option, 0: none */
	uint8_t tries; /* SYN,ACKs sent again */
	uint8_t snd_wscale, rcv_wscale;
	struct net_dst dst;
};

_Static_assert(sizeof(struct tcp_half_open) <= 128, "half-open entry");

/* TIME-WAIT: only what answers and a new SYN need. All wait equally long: a list in time order. */
struct tcp_time_wait {
	union net_ip l, r;
	uint16_t lport, rport;
	uint32_t scope : 29;
	uint32_t v6 : 1;
	uint32_t ts : 1;  /* timestamps were agreed on */
	uint32_t sig : 1; /* signed: auth is valid, and holds ts_recent */
	uint32_t snd_nxt, rcv_nxt;
	uint32_t prev, next; /* index + 1 */
	uint32_t expires_ms; /* wraps */
	union {
		uint32_t ts_recent;
		uint32_t auth; /* auth.h, index + 1 */
	};
};

_Static_assert(sizeof(struct tcp_time_wait) <= 64, "TIME-WAIT entry");

struct tcp_listener {
	bool used, v6, any;
	union net_ip ip;
	uint16_t port;
	uint32_t scope;
	uint32_t generation;
	uint32_t n_half_open;
	uint32_t backlog;
	struct tcp_opts opts;
	const void *app_ops;
	void *app_user;
};

/* A value of the flow tables: what kind of object, and its index + 1. */
#define FLOW_KIND_TCB	      0u
#define FLOW_KIND_HALF_OPEN   (1u << 30)
#define FLOW_KIND_TIME_WAIT   (2u << 30)
#define FLOW_KIND_MASK	      (3u << 30)
#define FLOW_INDEX(val)	      (((val) & ~FLOW_KIND_MASK) - 1)
#define FLOW_VAL(kind, index) ((kind) | ((index) + 1))

struct tcp {
	struct env *env;
	struct net *net;
	const struct owner *owner;
	const struct tcp_up_ops *up;
	void *up_ctx;
	uint32_t now_ms;  /* of the output run */
	struct tcb **out; /* blocks with something to send, or dead; room for each of them twice */
	uint32_t n_out;
	struct flow_table flow; /* of both families: it holds no keys */
	struct tcb *tcbs;
	struct tcb *tcb_free;
	struct txseg *txseg_free;
	struct tcp_xs *xs_free;
	struct tcp_xr *xr_free;
	struct tcp_conf conf;
	uint32_t evict_from, evict_next; /* evict.c: the mark; the next to look at */
	uint32_t n_tcb, n_half_open, n_time_wait, n_listeners;
	struct tcp_half_open *ho;
	uint32_t ho_free, ho_oldest, ho_newest; /* index + 1 */
	struct tcp_time_wait *tw;
	uint32_t tw_free, tw_oldest, tw_newest; /* index + 1 */
	struct timer tw_timer;
	struct tcp_listener *listeners;
	uint32_t n_listen_ip; /* of them that have an address */
	struct flow_table listen_table;
	struct port_alloc ports;
	struct tcp_auth *auth; /* NULL: no keys (auth.h) */
	struct siphash_key cookie_key;
	uint64_t cookies_until_us; /* until then a SYN cookie may come back */
	uint64_t challenge_window_us;
	uint32_t challenge_left;
	uint32_t n_fo_wait; /* blocks in SYN-RECEIVED by a Fast Open cookie (fastopen.c) */
	uint32_t fo_resets[2],
		fo_period; /* of them reset by the peer: this minute, the one before */
	struct tcp_fastopen_peer *fo_peers; /* fastopen_cache.c; NULL: none is remembered */
	struct txseg *txseg_mem;
	struct tcp_xs *xs_mem; /* one a connection; untouched memory costs nothing */
	uint32_t xs_fresh;     /* of xs_mem, from here on never used */
	uint32_t n_xs;	       /* of them in use */
	struct tcp_xr *xr_mem;
	uint32_t xr_fresh;
	uint32_t ooo_bufs, ooo_bufs_max;    /* packet buffers in out-of-order queues */
	uint64_t rcv_grown, rcv_grown_max;  /* bytes by which receive buffers grew */
	uint32_t tx_bufs, tx_bufs_max;	    /* packet buffers in send queues */
	uint32_t buf_room;		    /* for payload in a buffer of the core's pool */
	uint64_t rtt_hist[TCP_RTT_BUCKETS]; /* round trips measured, see tcp_rtt_bucket() */
};

/* A received segment, parsed. */
struct tcp_seg {
	struct net_pkt *p;
	uint32_t seq, ack;
	uint32_t len; /* payload bytes */
	uint32_t val; /* flow table's answer */
	uint32_t hash;
	uint32_t tsval, tsecr; /* valid with has_ts */
	uint16_t urp;
	uint16_t wnd; /* as on the wire */
	uint16_t sport, dport;
	uint8_t flags; /* ECE and CWR too */
	uint8_t hlen;
	bool has_ts;
	const struct wire_tcp_opts *opts; /* of the general path: what was parsed, NULL: nothing */
};

/* Sequence numbers a segment occupies (SEG.LEN). */
static inline uint32_t seg_len(const struct tcp_seg *s)
{
	return s->len + ((s->flags & WIRE_TCP_SYN) != 0) + ((s->flags & WIRE_TCP_FIN) != 0);
}

#define tcb_index(t) ((uint32_t)(t)->handle - 1)

/* The two ports as on the wire in what we send. */
static inline uint32_t tcp_ports_tx(const struct tcb *t)
{
	return t->ports_rx << 16 | t->ports_rx >> 16;
}

/* Of a segment without SYN (RFC 7323 section 2.2). */
static inline uint32_t seg_wnd(const struct tcb *t, const struct tcp_seg *s)
{
	return (uint32_t)s->wnd << t->snd_wscale;
}

static inline bool tcp_v6(const struct tcb *t)
{
	return (t->flags & TF_V6) != 0;
}

static inline void tcp_count(struct tcp *tcp, enum counter id)
{
	count(&tcp->env->cnt, id);
}

static inline void seg_drop(struct tcp *tcp, const struct tcp_seg *s, enum drop why)
{
	pkt_drop(&tcp->env->pool, s->p->m, why);
}

/* The segment was used up (its buffer carries nothing more for us). Not a drop. */
static inline void seg_done(struct tcp *tcp, const struct tcp_seg *s)
{
	pkt_free(&tcp->env->pool, s->p->m);
}

/* tcp_table.c */
uint32_t tcp_key_hash(const struct tcp *tcp, bool v6, const struct tcp_key *k);
uint32_t tcp_flow_find(struct tcp *tcp, bool v6, const struct tcp_key *k, uint32_t hash);
int tcp_flow_add(struct tcp *tcp, uint32_t hash, uint32_t val);
void tcp_flow_del(struct tcp *tcp, uint32_t hash, uint32_t val);
void tcp_seg_key(const struct tcp_seg *s, struct tcp_key *k);
/* The initial sequence number (RFC 6528 section 3): a clock of 4 us plus a keyed function of the
 * connection; and what its timestamps are ahead of the clock (RFC 7323 section 5.4). */
uint32_t tcp_isn(struct tcp *tcp, const struct tcp_key *k, uint32_t *ts_off);

/* tcb.c */
struct tcb *tcb_alloc(
	struct tcp *tcp, bool v6, const struct tcp_key *k, uint32_t hash, const struct tcp_opts *o);
void tcb_opts(struct tcp *tcp, struct tcb *t, const struct tcp_opts *o);
/* Sets or clears TF_SMALL: after mss_limit or snd_buf changed. */
void tcb_room(struct tcp *tcp, struct tcb *t);
/* Out of the tables, queues freed, state CLOSED; the memory is released by the next output run. */
void tcb_kill(struct tcp *tcp, struct tcb *t);
void tcb_release(struct tcp *tcp, struct tcb *t);
/* Tells the application of the end, unless it let go. */
void tcb_report_end(struct tcp *tcp, struct tcb *t, int err);
/* Both. */
void tcb_end(struct tcp *tcp, struct tcb *t, int err);
void tcb_established(struct tcp *tcp, struct tcb *t);
/* Reset, and tell the application. */
void tcp_abort_report(struct tcp *tcp, struct tcb *t, int err);
uint16_t tcp_mss_announce(
	const struct tcp *tcp, const struct net_dst *dst, bool v6, uint16_t limit);
uint16_t tcp_mss_send(const struct tcb *t);

/* A scale of a quarter octave: the exponent and the first two bits of a float's fraction. */
static inline uint32_t tcp_rtt_bucket(uint32_t rtt_us)
{
	union {
		float f;
		uint32_t bits;
	} u = {.f = (float)RTE_MAX(rtt_us, 1u)};

	return (u.bits >> 21) - (127 << 2);
}

/* xs.c: never fails */
struct tcp_xs *tcp_xs_take(struct tcp *tcp, struct tcb *t);
void tcp_xs_put(struct tcp *tcp, struct tcb *t);
/* Gives it back, if t is at rest for long enough. */
void tcp_xs_release(struct tcp *tcp, struct tcb *t);
/* When that may be; TCP_NEVER: not at rest. */
uint64_t tcp_xs_release_at(const struct tcb *t);

/* t's, made at the first need. */
static inline struct tcp_xs *tcp_xs(struct tcp *tcp, struct tcb *t)
{
	return t->xs != NULL ? t->xs : tcp_xs_take(tcp, t);
}

/* negotiate.c */
/* TCP_AGREED flags that we ask for (active) or are ready to give. o may be NULL. */
uint32_t tcp_wanted(const struct tcp *tcp, const struct tcp_opts *o, bool active);
/* Is Fast Open to be asked for (active) or given? */
bool tcp_fastopen_wanted(const struct tcp *tcp, const struct tcp_opts *o, bool active);
/* The shift that the largest window of a connection with these options needs. */
/* o with what the route to ip asks for where o says nothing, in *buf, or o itself. */
const struct tcp_opts *tcp_route_opts(struct tcp *tcp, bool v6, const union net_ip *ip,
	const struct tcp_opts *o, struct tcp_opts *buf);
uint8_t tcp_wscale(const struct tcp *tcp, const struct tcp_opts *o);
/* The same for each connection between the same two ports (RFC 6191, RFC 7323 section 5.4). */
uint32_t tcp_ts_offset(const struct tcp *tcp, const struct tcp_key *k);
/* What of wanted the peer's SYN (with its flags) agrees to. */
uint32_t tcp_agreed(uint32_t wanted, const struct wire_tcp_opts *o, uint8_t syn_flags);
/* The peer's shift, at most 14 (RFC 7323 section 2.3); 0 if none was agreed on. */
uint8_t tcp_peer_wscale(struct tcp *tcp, uint32_t agreed, const struct wire_tcp_opts *o);
/* The options of a segment with SYN, and its further flags (ECE, CWR). o->uto: set, or 0. */
uint8_t tcp_syn_opts(struct wire_tcp_opts *o, uint32_t flags, bool ack, uint8_t rcv_wscale);

/* user_timeout.c (RFC 5482) */
/* In seconds, of a connection with these options, which may be NULL; 0: none. */
uint16_t tcp_user_timeout_s(const struct tcp *tcp, const struct tcp_opts *o);
/* The option of a SYN for one of so many seconds, 0: none to be sent. flags: TF_SIGNED. */
uint16_t tcp_uto_offer(const struct tcp *tcp, uint32_t flags, uint16_t timeout_s);
/* The peer's option has come. */
void tcp_uto_adopt(const struct tcp *tcp, struct tcb *t, uint16_t uto);

/* Our timestamp clock: 1 ms a tick (RFC 7323 section 5.4). */
static inline uint32_t tcp_ts_now(const struct tcp *tcp, uint32_t ts_off)
{
	return (uint32_t)(tcp->env->now_us / 1000) + ts_off;
}

/* xr.c: never fails */
struct tcp_xr *tcp_xr_take(struct tcp *tcp, struct tcb *t);
void tcp_xr_put(struct tcp *tcp, struct tcb *t);
/* Gives it back if nothing is left in it. */
void tcp_xr_release(struct tcp *tcp, struct tcb *t);

static inline struct tcp_xr *tcp_xr(struct tcp *tcp, struct tcb *t)
{
	return t->xr != NULL ? t->xr : tcp_xr_take(tcp, t);
}

/* rcv_tune.c */
/* A window's worth begins to be received; rcv_nxt has reached the round's end and may grow; over. */
void tcp_rcv_round_begin(struct tcp *tcp, struct tcb *t);
void tcp_rcv_round_end(struct tcp *tcp, struct tcb *t);
void tcp_rcv_tune_end(struct tcp *tcp, struct tcb *t);
/* hold.c */
/* A small segment may have stayed with the application. */
void tcp_hold_begin(struct tcb *t);
/* With TF_HOLDS: may the application get so many buffers more? Then they are counted. */
bool tcp_hold_more(const struct tcp *tcp, struct tcb *t, unsigned bufs);
/* ecn.c: a data segment of a connection with TF_ECN */
void tcp_ecn_input(struct tcp *tcp, struct tcb *t, const struct tcp_seg *s);
/* sack_out.c */
/* [left, right) came twice: the next ACK says so (RFC 2883), if SACK was agreed on. */
void tcp_dsack_note(struct tcp *tcp, struct tcb *t, uint32_t left, uint32_t right);
/* The blocks of the ACK that leaves now; t->xr is not NULL. */
void tcp_sack_blocks(struct tcb *t, struct wire_tcp_opts *o);

/* listen.c */
struct tcp_listener *tcp_listener_lookup(
	struct tcp *tcp, bool v6, const union net_ip *ip, uint16_t port, uint32_t scope);
/* half_open.c */
/* old_nxt: SND.NXT of the TIME-WAIT connection that a SYN takes over, or NULL. */
void tcp_listen_input(
	struct tcp *tcp, struct tcp_listener *l, struct tcp_seg *s, const uint32_t *old_nxt);
void tcp_half_open_input(struct tcp *tcp, struct tcp_half_open *h, struct tcp_seg *s);
void tcp_half_open_free(struct tcp *tcp, struct tcp_half_open *h);
/* A block made of h, with all that the SYNs said; state and window of the peer are the caller's. Counts
 * the open. NULL: there is none free, or none for its signatures. */
struct tcb *tcp_half_open_block(struct tcp *tcp, const struct tcp_half_open *h);
void tcp_half_open_timer(void *ctx, struct timer *timer, uint64_t now_us);
void tcp_half_open_error(struct tcp *tcp, struct tcp_half_open *h, const struct net_error *e);
/* time_wait.c */
void tcp_time_wait_enter(struct tcp *tcp, struct tcb *t);
void tcp_time_wait_input(struct tcp *tcp, struct tcp_time_wait *w, struct tcp_seg *s);
void tcp_time_wait_timer(void *ctx, struct timer *timer, uint64_t now_us);
/* closed.c */
void tcp_reply_rst(struct tcp *tcp, const struct tcp_seg *s);
void tcp_reply(struct tcp *tcp, const struct net_pkt *p, uint16_t lport, uint16_t rport,
	uint32_t seq, uint32_t ack, uint16_t wnd, uint8_t flags, const struct wire_tcp_opts *o,
	uint32_t auth);
/* challenge.c: may a challenge ACK leave; of no block, or t's */
bool tcp_challenge_allowed(struct tcp *tcp);
void tcp_challenge_ack(struct tcp *tcp, struct tcb *t);
/* May t answer a segment that brings nothing? */
bool tcp_answer_allowed(struct tcp *tcp, struct tcb *t);
/* input.c */
void tcp_input(void *ctx, struct net_pkt *pkts, unsigned n);
/* Dispatches one segment by what the flow table says. */
void tcp_seg_input(struct tcp *tcp, struct tcp_seg *s);
/* syn_sent.c */
void tcp_syn_sent_input(struct tcp *tcp, struct tcb *t, struct tcp_seg *s);
/* segment.c: SYN-RECEIVED and later (RFC 9293 section 3.10.7.4) */
void tcp_segment_input(struct tcp *tcp, struct tcb *t, struct tcp_seg *s);
/* ack.c */
enum tcp_verdict { TCP_OK, TCP_DROPPED };
enum tcp_verdict tcp_ack_process(struct tcp *tcp, struct tcb *t, struct tcp_seg *s);
void tcp_ack_advance(struct tcp *tcp, struct tcb *t, uint32_t ack);
void tcp_rtt_sample(struct tcp *tcp, struct tcb *t, uint32_t rtt_us);
/* The congestion control hears of new data acknowledged while no struct tcp_xs was needed. */
void tcp_ack_growth(struct tcp *tcp, struct tcb *t, uint32_t acked, uint32_t prior_flight);
/* loss.c, recovery.c, sack.c, rack.c, tlp.c, undo.c, prr.c */
#include "tcp_loss.h"
/* data.c: takes the buffer of s */
void tcp_data_process(struct tcp *tcp, struct tcb *t, struct tcp_seg *s);
void tcp_ack_schedule(struct tcp *tcp, struct tcb *t, uint32_t len);
void tcp_fin_process(struct tcp *tcp, struct tcb *t);
/* In-order data to the application. The caller looks at t->state afterwards. */
static inline void tcp_deliver(struct tcp *tcp, struct tcb *t, struct rte_mbuf *m, uint32_t len)
{
	t->rcv_nxt += len;
	t->rcv_unread += len;
	t->bytes_received += len;
	count_add(&tcp->env->cnt, CNT_tcp_rx_bytes, len);
	tcp->up->received(tcp->up_ctx, t, m);
}
/* An application may send what it got: no packet is larger than a send buffer takes with ease. */
static inline uint32_t tcp_chain_most(const struct tcb *t)
{
	return RTE_MIN(t->snd_buf / 2, (uint32_t)UINT16_MAX);
}
/* ooo.c */
void tcp_ooo_add(struct tcp *tcp, struct tcb *t, struct rte_mbuf *m, uint32_t seq, bool fin);
void tcp_ooo_drain(struct tcp *tcp, struct tcb *t);
/* Whether data waits there that was not delivered: what a retransmission has covered does not. */
bool tcp_ooo_waits(const struct tcb *t);
void tcp_ooo_free(struct tcp *tcp, struct tcb *t);
/* trim.c */
struct rte_mbuf *tcp_trim_front(struct tcp *tcp, struct rte_mbuf *m, uint32_t n);
void tcp_trim_tail(struct tcp *tcp, struct rte_mbuf *m, uint32_t n);
/* txq.c */
static inline struct txseg *txseg_alloc(struct tcp *tcp)
{
	struct txseg *s = tcp->txseg_free;

	if (likely(s != NULL)) {
		tcp->txseg_free = s->next;
		s->flags = 0;
	}
	return s;
}

static inline void txseg_free(struct tcp *tcp, struct txseg *s)
{
	tcp->tx_bufs -= (s->flags & TXSEG_BUF) != 0;
	s->next = tcp->txseg_free;
	tcp->txseg_free = s;
}
/* May a send call queue n buffers more? A quarter of the pool is kept for sending what is queued
 * already, for ACKs and for finding neighbours: else full queues could never drain. */
static inline bool txq_has_room(const struct tcp *tcp, uint32_t n)
{
	return tcp->tx_bufs + n <= tcp->tx_bufs_max;
}
/* s is the first stretch of a buffer. */
static inline void txq_count(struct tcp *tcp, struct txseg *s)
{
	s->flags |= TXSEG_BUF;
	tcp->tx_bufs++;
}
void txq_append(struct tcb *t, struct txseg *s);
/* Cuts s behind len bytes. false: no entry free. */
bool txseg_split(struct tcp *tcp, struct tcb *t, struct txseg *s, uint16_t len);
void txq_free(struct tcp *tcp, struct tcb *t);
ssize_t txq_copy(struct tcp *tcp, struct tcb *t, const void *data, uint32_t len);
/* xmit.c */
/* A packet with the payload of n stretches from s on, len bytes in all, ready for headers in
 * front; the queue keeps its references. NULL: no buffer. */
struct rte_mbuf *tcp_xmit_data(struct tcp *tcp, struct txseg *s, unsigned n, uint32_t len);
/* Puts the TCP header before m's payload and sends it. Takes m. net_output*()'s answer. */
int tcp_xmit(struct tcp *tcp, struct tcb *t, struct rte_mbuf *m, uint32_t seq, unsigned flags,
	uint16_t tso_mss);
/* With the flags of a segment: it is new data, which may carry ECT and CWR (RFC 3168 section 6.1.5). */
#define XMIT_NEW 0x100u
/* ... and bytes of m that are further options, a multiple of 4. */
#define XMIT_OPTS_SHIFT 16
/* A segment without payload. -ENOBUFS: no buffer. */
int tcp_xmit_ctl(struct tcp *tcp, struct tcb *t, uint32_t seq, uint8_t flags);
int tcp_xmit_syn(struct tcp *tcp, struct tcb *t);
/* output.c */
/* The loss probe (RFC 8985 section 7.3): new data if there is any, else the last segment again (*again).
 * false: nothing could be sent. */
bool tcp_send_tail(struct tcp *tcp, struct tcb *t, bool *again);
void tcp_output(struct tcp *tcp, struct tcb *t);
/* Sends the zero-window probe, or what the window allows of less than a segment. */
void tcp_probe(struct tcp *tcp, struct tcb *t);
/* timer.c */
void tcp_timer_fire(void *ctx, struct timer *timer, uint64_t now_us);
/* Arms the block's timer for its earliest deadline. */
void tcp_timer_update(struct tcp *tcp, struct tcb *t);
/* rate.c: an ACK goes: tcp_rate_delivered() for each stretch, then tcp_rate_finish() */
/* s is about to be sent, or sent again; before it counts as outstanding. */
void tcp_rate_sent(struct tcp *tcp, struct tcb *t, struct txseg *s);
/* s was acknowledged or SACKed, for the first time, and whole. a is zero before the first. */
void tcp_rate_delivered(
	struct tcp *tcp, struct tcb *t, const struct txseg *s, struct tcp_ack_sample *a);
/* Likewise, of stretches before one that was sent no earlier and will be told of: their bytes. */
void tcp_rate_others(struct tcp *tcp, struct tcb *t, uint32_t bytes);
/* Without SACK: a duplicate ACK tells of so many bytes more. */
void tcp_rate_ahead(struct tcp *tcp, struct tcb *t, uint32_t bytes);
/* a->rtt_us is set. Fills in the rate. */
void tcp_rate_finish(struct tcp *tcp, struct tcb *t, struct tcp_ack_sample *a);
/* Output stops since the application has given no more. */
void tcp_rate_app_limited(struct tcp *tcp, struct tcb *t);
/* info.c */
/* What holds the sender up now; called when that may have changed. t->xs is not NULL. */
void tcp_chrono_update(struct tcp *tcp, struct tcb *t);
/* What was counted goes into the block: t->xs is given back. */
void tcp_chrono_end(struct tcp *tcp, struct tcb *t);
/* pace.c */
/* Bytes a second, not 0. */
void tcp_pace_set(const struct tcp *tcp, struct tcb *t, uint64_t rate);
/* Of a congestion control that sets no rate: from its window. */
void tcp_pace_by_cwnd(const struct tcp *tcp, struct tcb *t);
/* Bytes that leave at once. */
uint32_t tcp_pace_burst(const struct tcb *t);
bool tcp_pace_go(struct tcp *tcp, struct tcb *t);
/* May a segment leave now? No: the timer is armed, and output runs again then. */
static inline bool tcp_pace_ready(struct tcp *tcp, struct tcb *t)
{
	return t->xs == NULL || likely(t->xs->pace.rate == 0) || tcp_pace_go(tcp, t);
}
static inline void tcp_pace_sent(struct tcp *tcp, struct tcb *t, uint32_t bytes)
{
	if (t->xs != NULL)
		t->xs->pace.burst += bytes;
}
/* user.c */
void tcp_room_report(struct tcp *tcp, struct tcb *t);
/* pmtu.c */
void tcp_pmtu_icmp(struct tcp *tcp, struct tcb *t, uint32_t mtu);
/* The connection is established. */
void tcp_pmtu_start(struct tcp *tcp, struct tcb *t);
/* After a retransmission timeout; when recovery begins; when snd_una moved with pmtu_probe not 0. */
void tcp_pmtu_timeout(struct tcp *tcp, struct tcb *t, bool first); /* first of this data */
void tcp_pmtu_loss(struct tcp *tcp, struct tcb *t);
void tcp_pmtu_acked(struct tcp *tcp, struct tcb *t);
/* With pmtu not 0: payload of a probe that may leave now, 0: none; and that it has left. */
uint16_t tcp_pmtu_probe_len(struct tcp *tcp, struct tcb *t, uint32_t unsent, uint32_t room);
void tcp_pmtu_probe_sent(struct tcp *tcp, struct tcb *t, uint16_t len);
/* error.c */
void tcp_error_report(struct tcp *tcp, struct tcb *t, int err); /* the application may let go */
void tcp_error(void *ctx, const struct net_error *e);

/* The block has something to send, or is dead: served in this turn's output. */
static inline void tcp_out_add(struct tcp *tcp, struct tcb *t)
{
	if (t->flags & TF_ON_OUT)
		return;
	t->flags |= TF_ON_OUT;
	tcp->out[tcp->n_out++] = t;
}

static inline void tcp_ack_now(struct tcp *tcp, struct tcb *t)
{
	t->flags |= TF_ACK_NOW;
	tcp_out_add(tcp, t);
}

/* A deadline moved: only an earlier one than the armed needs the wheel. */
static inline void tcp_timer_want(struct tcp *tcp, struct tcb *t, uint64_t at_us)
{
	if (!timer_armed(&t->timer) || timer_expires_us(&t->timer) > at_us)
		timer_arm(&tcp->env->wheel, &t->timer, TIMER_TCP_CONN, at_us);
}

/* Starts the retransmission or probe timer anew (RFC 6298 (5.1), (5.3), (5.5)). */
static inline void tcp_rexmt_arm(struct tcp *tcp, struct tcb *t)
{
	if (unlikely(t->xs != NULL)) {
		tcp_tlp_arm(tcp, t);
		return;
	}
	uint64_t rto = t->rto_us; /* within its bounds, until it is backed off */

	if (unlikely(t->backoff != 0))
		rto = RTE_MIN(rto << RTE_MIN(t->backoff, 16), (uint64_t)tcp->conf.rto_max_us);
	t->rexmt_at = tcp->env->now_us + rto;
	tcp_timer_want(tcp, t, t->rexmt_at);
}

/* Data was received since our last segment, and nothing sent now will tell the peer. */
static inline void tcp_delack_arm(struct tcp *tcp, struct tcb *t)
{
	if (t->delack_at != TCP_NEVER)
		return;
	t->delack_at = tcp->env->now_us + tcp->conf.delack_us;
	tcp_timer_want(tcp, t, t->delack_at);
}

#endif
