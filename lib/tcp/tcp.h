/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_H
#define GN_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "net.h"
#include "tcp_conf.h"

/*
 * TCP of one core (RFC 9293): control blocks, half-open and TIME-WAIT entries, listeners, flow
 * tables. It gets segments through net_proto_set() (done by tcp_create()), sends through
 * net_output*(), and tells the layer above by struct tcp_up_ops. Segments are not sent from inside
 * input or send calls: a block that has something to send joins the output list, which
 * tcp_output_run() serves once a turn.
 */
struct tcp;
struct tcb; /* a connection; in SYN-SENT or later */
struct tcp_listener;
struct tcp_cc_ops;

/* A control block as the layer above may hold it between calls: 0 is never one, and bit 63 is 0, so
 * that it fits a positive int64_t. Stays invalid for ever (2^31 reuses) after the connection is
 * released. */
typedef uint64_t tcp_handle_t;

/* Per connection or listener; zero: the configured default. As struct gn_tcp_opts. */
struct tcp_opts {
	uint32_t sndbuf, rcvbuf;
	uint32_t backlog;
	uint64_t keepalive_idle_us, keepalive_interval_us; /* 2 h does not fit in 32 bits */
	uint32_t keepalive_count;
	uint64_t user_timeout_us; /* the peer's announcement does not change it then */
	uint16_t mss;
	uint8_t ttl, tos;
	uint8_t window_scaling, timestamps, sack, ecn,
		fastopen; /* enum tcp_choice; before it opens */
	bool nodelay, keepalive;
	const struct tcp_cc_ops *cc; /* by tcp_cc_find() */
	/* Of tcp_connect(): the first bytes to be sent, copied. On the SYN, if Fast Open allows it. */
	const void *data;
	uint32_t data_len;
};

/* A congestion control by its name, or NULL. */
const struct tcp_cc_ops *tcp_cc_find(const char *name);

/*
 * Upcalls. They may call any function of this header, also tcp_close() or tcp_abort() of the same
 * connection; the struct tcb stays readable until the upcall returns. They are made from
 * tcp_input (net_input), timers and errors, never from inside tcp_send() or another call from above.
 */
struct tcp_up_ops {
	/* A connection became established by l; app_ops and app_user of l are already copied. */
	void (*accepted)(void *ctx, struct tcp_listener *l, struct tcb *t);
	void (*connected)(void *ctx, struct tcb *t);
	/* In-order payload, m is owned by the callee; tcp_consumed() reopens the window. */
	void (*received)(void *ctx, struct tcb *t, struct rte_mbuf *m);
	/* The peer has urgent data, which ends ahead bytes behind what received() was called with; may
	 * be NULL. */
	void (*urgent)(void *ctx, struct tcb *t, uint32_t ahead);
	void (*peer_closed)(void *ctx, struct tcb *t);
	void (*writable)(void *ctx, struct tcb *t, uint32_t room);
	/* The last one, unless closed or aborted from above; t is freed when this returns, and
	 * tcp_find() does not find it any more. */
	void (*closed)(void *ctx, struct tcb *t, int err);
	/* What does not end the connection, or not yet (RFC 9293 section 3.9.1.8): EHOSTUNREACH or
	 * ENETUNREACH, an ICMP error about what it sent; ETIMEDOUT, the same data, SYN or probe is sent again
	 * for the r1-th time. May be NULL. */
	void (*error)(void *ctx, struct tcb *t, int err);
};

/* NULL with errno. env, net and owner outlive it. */
struct tcp *tcp_create(const struct tcp_conf *c, struct env *env, struct net *net,
	const struct owner *owner, const struct tcp_up_ops *up, void *up_ctx);
/* Frees everything; sends nothing and calls nothing. tcp_abort_all() first resets peers. */
void tcp_destroy(struct tcp *tcp);
void tcp_abort_all(struct tcp *tcp);

/* Serves the output list; returns how many blocks it served. */
unsigned tcp_output_run(struct tcp *tcp);

/* v6 and any-address: see any. any: an all-zero ip that listens in both families.
 * NULL with errno EADDRINUSE, EADDRNOTAVAIL, ENOMEM. */
struct tcp_listener *tcp_listen(struct tcp *tcp, bool v6, bool any, const union net_ip *ip,
	uint16_t port, uint32_t scope, const struct tcp_opts *o, const void *app_ops,
	void *app_user);
/* Half-open entries of l are dropped, established ones live on. */
void tcp_listener_close(struct tcp *tcp, struct tcp_listener *l);
/* Handles of listeners, as for blocks. */
tcp_handle_t tcp_listener_handle(const struct tcp *tcp, const struct tcp_listener *l);
struct tcp_listener *tcp_listener_find(const struct tcp *tcp, tcp_handle_t h);

/* lip all zero: chosen; lport 0: chosen so that replies come to this core. Returns NULL with errno
 * ENETUNREACH, EADDRNOTAVAIL, EADDRINUSE, ENOMEM, EINVAL; for o->data EMSGSIZE (more than the send
 * buffer), ENOBUFS. */
struct tcb *tcp_connect(struct tcp *tcp, bool v6, const union net_ip *lip, uint16_t lport,
	const union net_ip *rip, uint16_t rport, uint16_t ifc, const struct tcp_opts *o,
	const void *app_ops, void *app_user);

/* Keys of peers, for connections opened from now on; one more TCP-AO key for a peer is for changing over
 * while connections live. -EEXIST (same peer, port and ids), -EINVAL, -ENOSPC, -ENOTSUP (libcrypto). */
int tcp_auth_key_add(struct tcp *tcp, const struct tcp_auth_key *k);
/* Peer, port, ids as given. Connections keep it. -ENOENT. */
int tcp_auth_key_del(struct tcp *tcp, const struct tcp_auth_key *k);
/* Asks the peer to sign with the TCP-AO key that has this recv_id (RFC 5925 section 7.5: RNextKeyID).
 * -ENOENT, -EINVAL (not signed by TCP-AO). */
int tcp_auth_rnext(struct tcp *tcp, struct tcb *t, uint8_t recv_id);

tcp_handle_t tcp_handle(const struct tcp *tcp, const struct tcb *t);
/* NULL: gone, or closed from above. */
struct tcb *tcp_find(const struct tcp *tcp, tcp_handle_t h);

/* What the layer above keeps with a connection. */
const void *tcp_app_ops(const struct tcb *t);
void *tcp_app_user(const struct tcb *t);
void tcp_app_set(struct tcb *t, const void *ops, void *user);

/* Bytes taken (0 to len), or -EPIPE, -ENOTCONN, -ENOBUFS. more: no short segment yet. */
ssize_t tcp_send(struct tcp *tcp, struct tcb *t, const void *data, size_t len, bool more);
/* Queues m (its data is payload; any kind of buffer, any number of segments) as it is, all or
 * nothing: pkt_len, or -EPIPE, -ENOTCONN, -EAGAIN, -EMSGSIZE (then m stays the caller's). */
ssize_t tcp_send_buf(struct tcp *tcp, struct tcb *t, struct rte_mbuf *m, bool more);
/* The layer above found no packet buffer for a tcp_send_buf(): writable follows. Answers -ENOBUFS, or
 * -EPIPE, -ENOTCONN. */
ssize_t tcp_send_nobuf(struct tcp *tcp, struct tcb *t);
/* What is queued by now is urgent, the peer is told at once (RFC 9293 section 3.8.5). 0, or -EPIPE,
 * -ENOTCONN, -EINVAL (nothing is queued). */
int tcp_urgent(struct tcp *tcp, struct tcb *t);
uint32_t tcp_room(const struct tcb *t);
/* The layer above is done with n bytes of what it received. */
void tcp_consumed(struct tcp *tcp, struct tcb *t, uint32_t n);
void tcp_shutdown(struct tcp *tcp, struct tcb *t);
/* The layer above lets go: no upcall follows, tcp_find() fails from now on. */
void tcp_close(struct tcp *tcp, struct tcb *t);
/* The same with a limit: 0 resets at once; else closed() follows when the peer has acknowledged all
 * that was sent, FIN too (0), or when linger_us are over, with a reset (ETIMEDOUT). false: nothing
 * follows, it was reset, or all is acknowledged already. */
bool tcp_close_linger(struct tcp *tcp, struct tcb *t, uint64_t linger_us);
void tcp_abort(struct tcp *tcp, struct tcb *t);
void tcp_opts_set(struct tcp *tcp, struct tcb *t, const struct tcp_opts *o);

struct tcp_info {
	const char *state;
	bool v6;
	union net_ip lip, rip;
	uint16_t lport, rport;
	uint32_t srtt_us, rttvar_us, rto_us, cwnd, ssthresh, snd_wnd, rcv_wnd, mss;
	uint32_t unacked, unsent, unread, retransmits;
	uint32_t urgent; /* bytes up to the end of urgent data, unread ones included; 0: none */
	uint64_t bytes_sent, bytes_received;
	/* What follows is 0 where a connection has no struct tcp_xs: at most a segment under way. */
	uint32_t in_flight, sacked, lost; /* bytes; in_flight: pipe (RFC 6675) */
	uint32_t min_rtt_us;
	uint64_t delivery_rate; /* bytes a second; limited: by the application */
	bool delivery_rate_limited;
	uint64_t pacing_rate; /* bytes a second; 0: none */
	uint64_t model_bw;    /* of BBR: bytes a second, and its round trip */
	uint32_t model_rtt_us;
	/* Always there */
	const char *cc, *cc_state;
	uint32_t busy_ms, rwnd_limited_ms,
		sndbuf_limited_ms; /* with more than a segment under way */
	uint64_t bytes_acked;
	uint32_t idle_tx_ms, idle_rx_ms; /* since data was sent, a segment received */
	uint16_t path_mtu, rcv_mss;
	uint32_t snd_buf, rcv_buf;
	uint8_t backoff, snd_wscale, rcv_wscale;
	bool timestamps, sack, ecn, fastopen;
};
void tcp_info(const struct tcp *tcp, const struct tcb *t, struct tcp_info *i);
const char *tcp_state_name(const struct tcb *t);

/* How full the fixed tables are, for telemetry. */
struct tcp_usage {
	uint32_t connections, connections_max, half_open, half_open_max, time_wait, time_wait_max;
	uint32_t listeners, listeners_max;
	uint32_t busy; /* connections with a struct tcp_xs */
};

/* The distribution of round trips that a core measured, on a scale of a quarter octave. */
#define TCP_RTT_BUCKETS 132
struct tcp_rtt_summary {
	uint64_t samples;
	uint64_t bucket[TCP_RTT_BUCKETS];
};
/* From any thread: the core goes on counting. */
void tcp_rtt_summary(const struct tcp *tcp, struct tcp_rtt_summary *s);
/* The upper end of a bucket, in microseconds. */
uint64_t tcp_rtt_bucket_us(unsigned i);
/* The value below which permille of the samples are, rounded up to the end of a bucket; 0: none. */
uint64_t tcp_rtt_quantile(const struct tcp_rtt_summary *s, unsigned permille);

void tcp_usage(const struct tcp *tcp, struct tcp_usage *u);
/* Walks connections for display: the next live block from *cursor on, NULL at the end. */
const struct tcb *tcp_next(const struct tcp *tcp, uint32_t *cursor);

#endif
