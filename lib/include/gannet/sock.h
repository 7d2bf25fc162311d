/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GANNET_SOCK_H
#define GANNET_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include <gannet/api.h>

/*
 * The in-core API: an application that runs on the stack's own cores. Each core has a stack, an
 * application state and sockets of its own; nothing is shared and nothing locks.
 *
 * Threads: every function here is called on the core that its struct gn_core belongs to, from one
 * of the application's callbacks (init, exit, poll, timer, socket callbacks), and from nowhere else.
 *
 * Inside any callback any function may be called, also closing or aborting the very socket that
 * calls; callbacks are not nested: what a call causes is reported after the callback returned.
 * Handles are 64-bit values that are never reused while anybody could still hold them: a call with
 * the handle of a socket that is gone answers -EBADF and does nothing else. While the stack stops
 * (closed(ECONNABORTED), exit) nothing new opens: -ESHUTDOWN.
 */
struct gn_core;

typedef uint64_t gn_tcp_t;	/* a TCP connection; 0 is never one */
typedef uint64_t gn_listener_t; /* a TCP listener */
typedef uint64_t gn_udp_t;	/* a UDP socket */

/* An address and port. family 0: any address, either family (for listen and bind). */
struct gn_addr {
	uint8_t family; /* 4, 6 or 0 */
	uint16_t port;	/* host order */
	uint16_t ifc;	/* interface index + 1 for link-local and multicast addresses, 0: any */
	union {
		uint32_t v4;	/* host order: 10.0.0.1 is 0x0a000001 */
		uint8_t v6[16]; /* wire order */
	};
};

/* Text to address: "10.0.0.1", "10.0.0.1:80", "[fe80::1%0]:80", "*:80". 0 or -EINVAL. Any thread. */
GN_API int gn_addr_parse(struct gn_addr *a, const char *text);
/* Address to text, as gn_addr_parse() reads it; returns what snprintf would. Any thread. */
GN_API int gn_addr_print(char *buf, size_t size, const struct gn_addr *a);

/* ---- the core ---- */

GN_API unsigned gn_core_id(const struct gn_core *c);	/* 0 to gn_core_count() - 1 */
GN_API unsigned gn_core_count(const struct gn_core *c); /* stack cores of this stack */
GN_API uint64_t gn_now_us(const struct gn_core *c);	/* constant within one turn of the loop */
GN_API void *gn_app_state(const struct gn_core *c);	/* what init returned on this core */
GN_API void *gn_app_arg(const struct gn_core *c);	/* struct gn_app.arg: shared, read-only */
GN_API uint64_t gn_random(struct gn_core *c);		/* not for secrets */
/* Ends the whole stack as SIGTERM would: every core runs its exit callback. */
GN_API void gn_stop(struct gn_core *c);

/* ---- timers ---- */

/* Lives inside an object of the application; all zero is a valid unarmed timer. */
struct gn_timer {
	uint64_t opaque[3]; /* the wheel's */
	void (*fn)(struct gn_core *c, struct gn_timer *t);
};

/* Calls fn once, delay_us from now (0: when the clock has moved on, in a later turn). Re-arms an armed timer. O(1). The
 * object may be freed inside fn, or after gn_timer_cancel(). */
GN_API void gn_timer_set(struct gn_core *c, struct gn_timer *t, uint64_t delay_us,
	void (*fn)(struct gn_core *c, struct gn_timer *t));
GN_API void gn_timer_cancel(struct gn_core *c, struct gn_timer *t);
GN_API bool gn_timer_pending(const struct gn_timer *t);

/* ---- TCP ---- */

/*
 * What happens to a connection. Any member may be NULL. user is the pointer of gn_tcp_user_set(),
 * gn_tcp_connect() or, until it is set, the listener's.
 */
struct gn_tcp_ops {
	/* Listener: a new connection is established. Set its user pointer here. */
	void (*accepted)(struct gn_core *c, gn_tcp_t t, void *user, const struct gn_addr *peer);
	/* The active open succeeded. */
	void (*connected)(struct gn_core *c, gn_tcp_t t, void *user);
	/*
	 * In-order data arrived: one packet buffer, whose segments' data is the payload and nothing
	 * else (no copy was made). The application owns m and gives it back with gn_tcp_rx_done(),
	 * at once or later, which reopens the window; or keeps it and uses gn_tcp_consumed() for the
	 * window and gn_buf_free() for the buffer. NULL: data is discarded.
	 */
	void (*received)(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m);
	/*
	 * The peer has urgent data (RFC 9293 section 3.8.5, RFC 6093): its last byte is the one
	 * 'ahead' bytes behind what received() was called with so far; 0: within that. It comes in
	 * line, as SO_OOBINLINE has it. Called when the peer says so, which may be long before.
	 */
	void (*urgent)(struct gn_core *c, gn_tcp_t t, void *user, size_t ahead);
	/* The peer sent FIN: no more data will come. We may still send. Not called where this ends
	 * the connection, since our side was shut down and acknowledged before: then closed() is. */
	void (*peer_closed)(struct gn_core *c, gn_tcp_t t, void *user);
	/* After a send that took less than asked: at least half the send buffer is free again. */
	void (*writable)(struct gn_core *c, gn_tcp_t t, void *user, size_t room);
	/*
	 * The end, exactly once for each connection that was accepted or connected (also for a
	 * failed connect) unless the application closed or aborted it itself. err: 0 both sides
	 * closed in order; ECONNRESET, ETIMEDOUT, ECONNREFUSED, EHOSTUNREACH, ENETUNREACH,
	 * ECONNABORTED (the stack stops). The handle is dead when this is called.
	 */
	void (*closed)(struct gn_core *c, gn_tcp_t t, void *user, int err);
	/*
	 * What the connection outlives so far (RFC 9293 section 3.9.1.8). EHOSTUNREACH, ENETUNREACH: an
	 * ICMP error about what it sent. ETIMEDOUT: the same data, SYN or probe has been sent again tcp.r1
	 * times; that goes on until it is acknowledged or the connection given up. A hint, no proof:
	 * ICMP can be forged.
	 */
	void (*error)(struct gn_core *c, gn_tcp_t t, void *user, int err);
};

/* A choice of a socket's own. */
enum { GN_DEFAULT, GN_OFF, GN_ON, GN_ACCEPT };

/* Zero means the configured default (tcp: section of the configuration file). */
struct gn_tcp_opts {
	uint32_t sndbuf, rcvbuf; /* bytes; a receive buffer so chosen does not grow by itself */
	uint32_t backlog;	 /* listener: connections not yet established */
	bool nodelay;		 /* no Nagle algorithm (RFC 9293 section 3.7.4) */
	bool keepalive;
	uint32_t keepalive_idle_s, keepalive_interval_s, keepalive_count;
	uint32_t
		user_timeout_s; /* data not acknowledged for so long ends it; at most 65535 (RFC 5482) */
	uint8_t ttl, tos;
	uint16_t mss; /* upper bound for what we announce */
	/* GN_DEFAULT, GN_OFF, GN_ON; settled when the connection opens. */
	uint8_t window_scaling, timestamps; /* RFC 7323 */
	uint8_t sack;			    /* RFC 2018 */
	uint8_t ecn; /* RFC 3168: GN_ON asks for it, GN_ACCEPT agrees to it, GN_OFF neither */
	/*
	 * TCP Fast Open (RFC 7413). Listener: GN_ON or GN_ACCEPT takes data on the SYN of a client that
	 * has a cookie; accepted() and received() then come before the handshake has ended, and the same
	 * data may come in two connections if the network duplicates the SYN (section 6.1): only for
	 * requests that may be repeated. gn_tcp_connect(): GN_ON gets a cookie of the server, or uses
	 * it: gn_tcp_connect_data().
	 */
	uint8_t fastopen;
	/* Congestion control: "cubic", "newreno", "dctcp" or "bbr"; NULL: the configured one.
	 * -EINVAL: there is none of that name. May change later. */
	const char *cc;
};

/*
 * Listens on this core (each core that shall serve calls it, usually in init; flows find their
 * core by RSS). opts may be NULL. ops is kept by pointer. -EADDRINUSE, -EADDRNOTAVAIL, -ENOMEM,
 * -EINVAL (negative as int64_t).
 */
GN_API int64_t gn_tcp_listen(struct gn_core *c, const struct gn_addr *local,
	const struct gn_tcp_ops *ops, void *user, const struct gn_tcp_opts *opts);
/* Stops listening; connections made live on. */
GN_API int gn_listener_close(struct gn_core *c, gn_listener_t l);

/*
 * Opens a connection; connected() or closed() follows, never inside this call. local may be NULL,
 * or have a zero address or port: chosen so that replies come to this core. A given port whose
 * replies would come to another core: -EADDRNOTAVAIL. Also -ENETUNREACH, -EADDRINUSE (no port
 * left), -ENOMEM, -EINVAL. Returns the handle (positive).
 */
GN_API int64_t gn_tcp_connect(struct gn_core *c, const struct gn_addr *local,
	const struct gn_addr *remote, const struct gn_tcp_ops *ops, void *user,
	const struct gn_tcp_opts *opts);

/*
 * The same with the first len bytes that the connection sends, copied in this call, before all that is
 * sent later. With Fast Open (opts->fastopen, or tcp.fastopen: on) and a cookie of the server as many of
 * them as fit a segment go on the SYN; else, and if the server does not take them there, they follow
 * when the connection is open. connected() comes as without. A server may get the data of a SYN twice,
 * in two connections (RFC 7413 section 6.1): only for requests that may be repeated. Also -EMSGSIZE
 * (more than the send buffer), -ENOBUFS (no packet buffers; nothing was opened).
 */
GN_API int64_t gn_tcp_connect_data(struct gn_core *c, const struct gn_addr *local,
	const struct gn_addr *remote, const struct gn_tcp_ops *ops, void *user,
	const struct gn_tcp_opts *opts, const void *data, size_t len);

/* Changes callbacks and user pointer; ops NULL keeps the former ones. */
GN_API int gn_tcp_user_set(struct gn_core *c, gn_tcp_t t, const struct gn_tcp_ops *ops, void *user);
GN_API void *gn_tcp_user(struct gn_core *c, gn_tcp_t t);

/*
 * Sends by copy. Returns how many bytes were taken, 0 to len (less than len: the send buffer is
 * full, writable() follows), or -EBADF, -EPIPE (shut down), -ENOTCONN (not yet connected), -ENOBUFS
 * (no packet buffer; writable() follows). GN_MORE: more comes at once, do not send a short segment yet.
 */
GN_API ssize_t gn_tcp_send(
	struct gn_core *c, gn_tcp_t t, const void *data, size_t len, unsigned flags);
#define GN_MORE 1u

/* Application memory sent by reference. Belongs to the stack from the send until done is called. */
struct gn_ref {
	void (*done)(struct gn_core *c, struct gn_ref *ref);
	void *user;
	uint64_t opaque[6];
};

/*
 * Sends len bytes (1 to 65535) at data without copying them; they must not change until
 * ref->done, which is called once, never inside this call, when the peer has acknowledged all of
 * it (or the connection is gone) and no port reads it any more. What a port still holds when the
 * stack stops is not reported: leave data and ref alone until gn_main() returns. data must be memory that DPDK knows
 * (rte_malloc, a mempool, rte_extmem_register) if a port reads by DMA; any memory otherwise.
 * All or nothing: len, -EAGAIN (no room; writable() follows), -EMSGSIZE, and as gn_tcp_send().
 */
GN_API ssize_t gn_tcp_send_ref(struct gn_core *c, gn_tcp_t t, const void *data, size_t len,
	struct gn_ref *ref, unsigned flags);
/* Sends packet buffers (payload only). Takes m if the answer is not negative, else m stays the
 * caller's. All or nothing, errors as gn_tcp_send_ref(). */
GN_API ssize_t gn_tcp_send_buf(struct gn_core *c, gn_tcp_t t, struct rte_mbuf *m, unsigned flags);
/*
 * What was given to send calls so far is urgent: the peer is told at once where it ends, though the data
 * may wait for its window. It stays in line, and more may become urgent. For protocols that have always
 * used this; new ones should not (RFC 6093 section 5). 0, -EBADF, -EPIPE, -ENOTCONN, -EINVAL (all of
 * it is acknowledged: send first).
 */
GN_API int gn_tcp_urgent(struct gn_core *c, gn_tcp_t t);
/* Bytes that a send would take now. */
GN_API size_t gn_tcp_room(struct gn_core *c, gn_tcp_t t);

/* Done with received data: frees m, and reopens the window by its length if t still lives. */
GN_API void gn_tcp_rx_done(struct gn_core *c, gn_tcp_t t, struct rte_mbuf *m);
/* Reopens the receive window by n bytes of what was received. */
GN_API int gn_tcp_consumed(struct gn_core *c, gn_tcp_t t, size_t n);

/* No more data from us: FIN after all that is queued. Receiving goes on. */
GN_API int gn_tcp_shutdown(struct gn_core *c, gn_tcp_t t);
/* Done with the connection: queued data and FIN are still delivered, the handle is dead at once
 * and no callback follows (gn_ref.done excepted). Received data that was not given back by
 * gn_tcp_rx_done() or gn_tcp_consumed(), or that arrives later, makes it a reset (RFC 9293 3.6.1). */
GN_API int gn_tcp_close(struct gn_core *c, gn_tcp_t t);
/*
 * gn_tcp_close() with a limit in time, as SO_LINGER has it. 0: reset at once. Else the handle is dead
 * and of all callbacks only closed() may follow: with 0 when the peer has acknowledged all data and the
 * FIN, with ETIMEDOUT when linger_ms are over (a reset is sent), with ECONNRESET if the peer resets.
 * 1: closed() follows. 0: it does not: the connection was reset (also for unread data), was not yet
 * open, or all of it is acknowledged already. Or -EBADF.
 */
GN_API int gn_tcp_close_linger(struct gn_core *c, gn_tcp_t t, uint32_t linger_ms);
/* Reset (RFC 9293 section 3.10.5): queues dropped, the handle is dead, no callback follows. */
GN_API int gn_tcp_abort(struct gn_core *c, gn_tcp_t t);

struct gn_tcp_info {
	const char *state; /* "ESTABLISHED" ... as in RFC 9293 */
	struct gn_addr local, remote;
	uint32_t srtt_us, rttvar_us, rto_us;
	uint32_t cwnd, ssthresh, snd_wnd, rcv_wnd, mss; /* bytes */
	uint32_t unacked, unsent, unread;		/* bytes */
	uint32_t urgent; /* bytes up to the end of urgent data, from the first unread on; 0: none */
	uint32_t retransmits; /* segments, whole life */
	uint64_t bytes_sent, bytes_received, bytes_acked;
	const char *cc;	      /* congestion control */
	const char *cc_state; /* "slow-start", "avoidance", "recovery", "loss", or BBR's mode */
	uint32_t busy_ms;     /* with data to send or not acknowledged; of that limited by ... */
	uint32_t rwnd_limited_ms, sndbuf_limited_ms; /* the peer's window, our send buffer */
	uint32_t idle_tx_ms, idle_rx_ms; /* since data was sent, since anything was received */
	uint16_t path_mtu, rcv_mss;	 /* bytes */
	uint32_t snd_buf, rcv_buf;
	uint8_t backoff; /* of the retransmission timer: doublings */
	uint8_t snd_wscale, rcv_wscale;
	bool timestamps, sack, ecn; /* agreed on */
	bool fastopen;		    /* opened with data on the SYN, or by a cookie (RFC 7413) */
	/* Of a connection with more than one segment under way, or that had lately; else 0: */
	uint32_t in_flight, sacked, lost; /* bytes; in_flight: not SACKed, not taken for lost */
	uint32_t min_rtt_us;		  /* of the last five minutes */
	uint64_t delivery_rate;		  /* bytes a second that the path delivered lately ... */
	bool delivery_rate_limited;	  /* ... or rather the application gave */
	uint64_t pacing_rate;		  /* bytes a second; 0: not paced */
	uint64_t model_bw;		  /* of BBR: bytes a second, and its round trip */
	uint32_t model_rtt_us;
};
GN_API int gn_tcp_info(struct gn_core *c, gn_tcp_t t, struct gn_tcp_info *info);
/* Options that may change later: nodelay, keepalive*, ttl, tos, sndbuf, rcvbuf (not below what is
 * in use), cc. */
GN_API int gn_tcp_opts_set(struct gn_core *c, gn_tcp_t t, const struct gn_tcp_opts *opts);

/* ---- signed connections (TCP-AO, RFC 5925; MD5, RFC 2385) ---- */

enum gn_key_alg { GN_KEY_MD5, GN_KEY_HMAC_SHA1, GN_KEY_AES_CMAC };

/* A key of peers. Connections to and from them are signed, and nothing unsigned is taken of them. */
struct gn_tcp_key {
	struct gn_addr peer;	  /* its port: the peer's or ours, 0: any */
	uint8_t prefix;		  /* bits of peer that count; 32 or 128: one host */
	uint8_t algorithm;	  /* enum gn_key_alg */
	uint8_t send_id, recv_id; /* TCP-AO: KeyIDs of what we send and receive (not MD5) */
	bool skip_options;	  /* TCP-AO: sign no other TCP options */
	const void *key;	  /* copied */
	size_t key_len;		  /* 1 to 80 */
};

/*
 * Adds a key on this core (each core that shall use it calls it), beside those of the configuration
 * (tcp.keys). It is for connections opened from now on; a further TCP-AO key of the same peer also for
 * those that live, once either side changes over to it. -EEXIST (peer and an id are there already),
 * -ENOSPC (64 keys), -EINVAL, -ENOTSUP (libcrypto refuses), -ENOMEM.
 */
GN_API int gn_tcp_key_add(struct gn_core *c, const struct gn_tcp_key *key);
/* Removes it (peer, prefix, port and ids as given); connections that use it keep it. -ENOENT. */
GN_API int gn_tcp_key_del(struct gn_core *c, const struct gn_tcp_key *key);
/* Asks the peer of a TCP-AO connection to sign with the key that we know by recv_id (RFC 5925 section
 * 7.5.2); it changes with its next segment. -ENOENT, -EINVAL (not signed by TCP-AO), -EBADF. */
GN_API int gn_tcp_key_next(struct gn_core *c, gn_tcp_t t, uint8_t recv_id);

/* ---- UDP ---- */

struct gn_udp_ops {
	/* A datagram: m's data is its payload; the application owns it (gn_buf_free()). */
	void (*received)(struct gn_core *c, gn_udp_t u, void *user, struct rte_mbuf *m,
		const struct gn_addr *from, const struct gn_addr *to);
	/* An ICMP error about a datagram that this socket sent to 'to': ECONNREFUSED,
	 * EHOSTUNREACH, ENETUNREACH, EMSGSIZE. */
	void (*error)(struct gn_core *c, gn_udp_t u, void *user, const struct gn_addr *to, int err);
};

/*
 * Binds on this core. A connected socket (remote given) gets only that peer's datagrams, and a
 * local port 0 is chosen so that they come home; an unconnected one with port 0 gets the same port
 * range on each core and needs binding on all cores to see all answers. -EADDRINUSE, -EADDRNOTAVAIL,
 * -ENETUNREACH, -ENOMEM, -EINVAL.
 */
GN_API int64_t gn_udp_open(struct gn_core *c, const struct gn_addr *local,
	const struct gn_addr *remote, const struct gn_udp_ops *ops, void *user);
GN_API int gn_udp_close(struct gn_core *c, gn_udp_t u);
/* Sends one datagram by copy. to NULL: the connected peer. from NULL, or the local address to use
 * (as received in 'to'; a multicast or broadcast address there: one is chosen). Returns len, or
 * -EMSGSIZE (more than 65507 bytes, IPv6 65527), -ENETUNREACH, -ENOBUFS, -EDESTADDRREQ (no peer, or port
 * 0), -EADDRNOTAVAIL (from is not ours), -EAFNOSUPPORT (the socket is of the other family),
 * -EINVAL, -EBADF. What is lost later is counted, not reported. */
GN_API ssize_t gn_udp_send(struct gn_core *c, gn_udp_t u, const struct gn_addr *to,
	const struct gn_addr *from, const void *data, size_t len);
/* The same for a packet buffer (payload only, also the received one: echo without a copy). Takes m
 * if the answer is not negative. */
GN_API ssize_t gn_udp_send_buf(struct gn_core *c, gn_udp_t u, const struct gn_addr *to,
	const struct gn_addr *from, struct rte_mbuf *m);
/* How a socket sends; all zero: the defaults. */
struct gn_udp_opts {
	uint8_t ttl;	   /* or hop limit, of unicast; 0: net.ttl */
	uint8_t mcast_ttl; /* of multicast; 0: 1, so that it stays on the link (RFC 1112 section 6.1) */
	uint8_t tos;	   /* or traffic class, the two bits of ECN included (RFC 2474, RFC 3168) */
};
/* From the next datagram on. With another ttl or tos than the default they take a longer way out. -EBADF. */
GN_API int gn_udp_opts_set(struct gn_core *c, gn_udp_t u, const struct gn_udp_opts *opts);
/* Multicast receive: joins on this core (each core that shall receive joins). A socket bound to any
 * address gets what came to the groups that it joined; several sockets may be bound to one group
 * and port, and each gets every datagram. -EINVAL (not a group), -ENODEV, -EADDRINUSE (joined
 * already), -EADDRNOTAVAIL (leave: not joined), -ENOBUFS, -ENOSPC, -EBADF. */
GN_API int gn_udp_join(struct gn_core *c, gn_udp_t u, const struct gn_addr *group);
GN_API int gn_udp_leave(struct gn_core *c, gn_udp_t u, const struct gn_addr *group);
#define GN_UDP_SOURCES_MAX 12
/*
 * Sets whose datagrams to the group the socket takes: those of the n sources (exclude: of all others),
 * whatever it was before; it joins if it has not, and none at all leaves (RFC 3678 section 3, the full-state
 * API). sources: addresses of the group's family, not kept; ports and interfaces are ignored. Others
 * are not delivered, and routers are told not to send them (RFC 3376, 3810). On the core's thread. Errors
 * as gn_udp_join(); -EINVAL also: a source of the other family; -ENOBUFS: more than GN_UDP_SOURCES_MAX.
 */
GN_API int gn_udp_filter(struct gn_core *c, gn_udp_t u, const struct gn_addr *group, bool exclude,
	const struct gn_addr *sources, unsigned n);
GN_API int gn_udp_addr(struct gn_core *c, gn_udp_t u, struct gn_addr *local);

/* ---- packet buffers ---- */

/* A buffer of this core's pool with room for headers in front, or NULL. */
GN_API struct rte_mbuf *gn_buf_alloc(struct gn_core *c);
GN_API void gn_buf_free(struct gn_core *c, struct rte_mbuf *m);
/*
 * When a buffer was received. true: by the port's own clock, in its ticks (a card's time stamp).
 * false: the port has none, and the time is that of this turn of the loop, gn_now_us(): right for a
 * buffer that was received in this turn. Before m is sent on or changed.
 */
GN_API bool gn_buf_time(struct gn_core *c, const struct rte_mbuf *m, uint64_t *time);

#endif
