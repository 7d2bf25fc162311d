/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TALK_H
#define GN_TALK_H

#include <criterion/criterion.h>

#include "heap_pool.h"
#include "tcp_priv.h"
#include "wire_icmp.h"
#include "wire_tcp.h"

/*
 * TCP tested by conversations: segment in, segment out, at a given microsecond of a virtual clock,
 * over the real network layer with one interface and a permanent neighbour.
 *
 * Sequence numbers are relative: 0 is the sender's SYN, its first byte of data is 1. Payload is
 * made from its sequence number, so that every byte of both directions is checked by itself. The
 * tests are strict: a segment of ours that no talk_expect() asked for fails the test, as does a
 * buffer, timer or flow entry that is left at its end. A failure prints the whole conversation.
 */
#define FIN WIRE_TCP_FIN
#define SYN WIRE_TCP_SYN
#define RST WIRE_TCP_RST
#define PSH WIRE_TCP_PSH
#define ACK WIRE_TCP_ACK
#define URG WIRE_TCP_URG
#define ECE WIRE_TCP_ECE
#define CWR WIRE_TCP_CWR

#define TALK_ZERO   -1		  /* .wnd: really 0 */
#define TALK_TOS(x) (0x100 | (x)) /* .tos: exactly this */
#define US	    UINT64_C(1)
#define MS	    UINT64_C(1000)
#define SEC	    UINT64_C(1000000)

#define TALK_POOL  4096
#define TALK_CONNS 64
#define TALK_OUT   1024
#define TALK_EVS   1024
#define TALK_LOG   (1u << 18)
#define TALK_FRAME 2100

struct talk_sack {
	uint32_t left, right;
};

/* A segment put in, or wanted. What is not given is 0, or the default as said. */
struct talk_seg {
	uint32_t seq; /* relative to its sender's initial sequence number */
	uint32_t ack; /* relative to the other's */
	int32_t wnd;  /* 0: talk.peer_wnd; wanted: 0: any */
	uint32_t len; /* bytes of payload */
	uint16_t mss; /* MSS option; 0: none; wanted: 0: any */
	uint16_t urp;
	uint8_t flags; /* wanted: PSH is looked at only if set, or if no_push */
	bool no_push;
	bool hold;		       /* in: together with the next one, in one burst */
	bool bad_cksum;		       /* in */
	bool mcast;		       /* in: to a multicast address */
	bool self;		       /* in: from our own address */
	const union net_ip *from, *to; /* in: other addresses */
	bool bcast;		       /* in: to the link's broadcast address */
	bool rst_abs;		       /* wanted: seq and ack are absolute */
	uint8_t doff;		       /* in: data offset in words, 0: right */
	uint8_t n_opts;		       /* in: raw options, a multiple of 4 */
	const uint8_t *opts;
	/* in: options of the IPv4 header, a multiple of 4; IPv6: a destination options header, whose
	 * first octet is filled in. */
	const uint8_t *ip_opts;
	uint8_t n_ip_opts;
	uint16_t tos; /* wanted: TALK_TOS(x); 0: any */
	/* Options. in: besides talk.ts, which adds timestamps by itself. */
	uint8_t wscale; /* shift + 1; 0: none; wanted: 0: any */
	bool sack_ok;
	bool no_ts;	       /* in: without timestamps in spite of talk.ts */
	uint32_t tsval, tsecr; /* 0: the peer's clock and our last; wanted: 0: any */
	uint8_t with, without; /* wanted: WIRE_TCP_OPT_* that must or must not be there */
	struct talk_sack sack[WIRE_TCP_SACK_MAX]; /* relative; wanted: exactly, if any is given */
	unsigned line;
};

/* What the layer above was told, in order. */
enum talk_ev {
	EV_ACCEPTED,
	EV_CONNECTED,
	EV_RECEIVED,
	EV_URGENT,
	EV_PEER_CLOSED,
	EV_WRITABLE,
	EV_CLOSED,
	EV_ERROR, /* only with talk.errors */
	EV_MAX,
};

struct talk_event {
	enum talk_ev ev;
	unsigned conn;
	uint32_t val; /* bytes, room, or errno */
};

struct talk_out {
	uint64_t at_us;
	unsigned conn;
	bool known; /* of a connection we have */
	struct wire_tcp h;
	struct wire_tcp_opts o;
	uint8_t tfo[WIRE_TCP_TFO_MAX]; /* where o.tfo points to */
	uint32_t len;
	union net_ip src;
	uint8_t ttl, tos;
	bool df;
};

/* One connection as the peer sees it. */
struct talk_conn {
	uint16_t lport, rport;
	uint32_t peer_iss, iss;
	bool iss_known;
	struct tcb *t; /* NULL: none, or closed */
	tcp_handle_t h;
	uint32_t app_sent; /* bytes the application gave */
	uint32_t rx_next;  /* relative sequence number of the next byte to be received */
	union net_ip lip;
	uint32_t ts_last; /* our last TSval */
};

struct talk {
	bool v6, up;
	struct net_conf net_conf;
	struct tcp_conf
		conf; /* before the first listen or connect: changed by tests as they like */
	struct tcp_opts opts; /* of what is opened next */
	uint16_t mtu;
	uint16_t tso_max;
	bool neigh_learned; /* the peer's link address is not configured */
	uint64_t seed;
	struct env env;
	struct owner owner;
	struct net *net;
	struct tcp *tcp;
	struct rte_mempool *mp;
	uint16_t ifc;
	union net_ip lip, lip2, rip;
	struct tcp_listener *l;

	struct talk_conn conn[TALK_CONNS];
	unsigned n_conn, c; /* c: the one talked on */
	uint16_t peer_wnd;
	/* What the peer's SYN offers and its segments then carry; wscale: shift + 1. */
	bool ts, sack, ecn;
	uint8_t wscale;
	bool slow_reader;		   /* the application keeps what it got: talk_consume() */
	bool keep_tx;			   /* the port keeps sent buffers until talk_tx_done() */
	bool errors;			   /* the application wants to hear of soft errors */
	bool lenient;			   /* segments nobody asked for are not looked at */
	void (*on[EV_MAX])(struct tcb *t); /* called inside the upcall */
	uint32_t rx_bufs;		   /* buffers that were delivered */
	struct rte_mbuf *kept[TALK_OUT];
	unsigned n_kept;
	struct rte_mbuf *burst[64];
	unsigned n_burst;

	struct talk_out out[TALK_OUT];
	unsigned n_out, out_read;
	struct talk_event evs[TALK_EVS];
	unsigned n_evs, ev_read;
	char log[TALK_LOG];
	size_t log_len;
};

extern struct talk talk;

/* A test of both families. TALK4, TALK6: of one. */
#define TALK4(suite, name)                       \
	static void talk_##suite##_##name(void); \
	Test(suite, name##_ip4)                  \
	{                                        \
		talk_begin(false);               \
		talk_##suite##_##name();         \
		talk_end();                      \
	}                                        \
	static void talk_##suite##_##name(void)
#define TALK6(suite, name)                       \
	static void talk_##suite##_##name(void); \
	Test(suite, name##_ip6)                  \
	{                                        \
		talk_begin(true);                \
		talk_##suite##_##name();         \
		talk_end();                      \
	}                                        \
	static void talk_##suite##_##name(void)
#define TALK(suite, name)                        \
	static void talk_##suite##_##name(void); \
	Test(suite, name##_ip4)                  \
	{                                        \
		talk_begin(false);               \
		talk_##suite##_##name();         \
		talk_end();                      \
	}                                        \
	Test(suite, name##_ip6)                  \
	{                                        \
		talk_begin(true);                \
		talk_##suite##_##name();         \
		talk_end();                      \
	}                                        \
	static void talk_##suite##_##name(void)

void talk_begin(bool v6);
/* Aborts what is open, waits TIME-WAIT out, and checks that nothing leaked. */
void talk_end(void);
/* Builds the stack from the configuration; implied by the first listen or connect. */
void talk_up(void);
/* Prints the conversation and fails. */
_Noreturn void talk_fail(unsigned line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void talk_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define talk_check(cond)                                          \
	do {                                                      \
		if (!(cond))                                      \
			talk_fail(__LINE__, "not so: %s", #cond); \
	} while (0)
#define talk_eq(a, b)                                                                       \
	do {                                                                                \
		unsigned long long a_ = (a), b_ = (b);                                      \
		if (a_ != b_)                                                               \
			talk_fail(__LINE__, "%s is %llu, wanted %s: %llu", #a, a_, #b, b_); \
	} while (0)

/* Our side. */
void talk_listen(void);
void talk_connect(void); /* makes the SYN; talk_expect() it */
/* Returns what tcp_send() did; the bytes continue the stream. */
ssize_t talk_send_more(uint32_t len, bool more);
#define talk_send(len) talk_send_more(len, false)
/* By reference: segs buffers of len bytes each, headroom 0 or enough. */
ssize_t talk_send_buf(unsigned segs, uint32_t len, bool headroom);
void talk_consume(uint32_t n);
void talk_shutdown(void);
void talk_close(void);
void talk_abort(void);
/* Another connection to the same listener from the next port of the peer; returns its number. */
unsigned talk_conn_new(void);
void talk_conn_use(unsigned c);
/* Starts the clock so that our initial sequence number is at behind before 2^32. Before the first
 * connection, with the stack up. */
void talk_wrap(uint32_t behind);

/* The peer. */
void talk_in_seg(const struct talk_seg *s);
#define talk_in(f, ...) talk_in_seg(&(struct talk_seg){.flags = (f), .line = __LINE__, __VA_ARGS__})
/* An ICMP error of our family (type and code of it) that quotes our segment with this seq. */
void talk_icmp(uint8_t type, uint8_t code, uint32_t mtu, uint32_t quoted_seq);
void talk_raw(const uint8_t *frame, unsigned len);

/* What leaves. The oldest segment not yet looked at must be as given, and sent now. */
void talk_expect_seg(const struct talk_seg *s);
#define talk_expect(f, ...) \
	talk_expect_seg(&(struct talk_seg){.flags = (f), .line = __LINE__, __VA_ARGS__})
void talk_expect_none_at(unsigned line);
#define talk_expect_none() talk_expect_none_at(__LINE__)
/* Takes the oldest segment that was not looked at, or NULL. */
const struct talk_out *talk_next_out(void);
/* Looks at none of them; returns how many bytes of data and how many segments there were. */
uint32_t talk_skip(unsigned *n_segs);
/* Moves the clock; what is sent on the way must not be anything. */
void talk_advance_at(unsigned line, uint64_t us);
#define talk_advance(us) talk_advance_at(__LINE__, us)
/* Moves the clock; what is sent on the way waits for talk_expect() (which then asks for no time),
 * in lenient tests. */
void talk_run(uint64_t us);
/* Nothing leaves until us later; then, at that microsecond, this. */
#define talk_expect_after(us, f, ...)              \
	do {                                       \
		talk_advance_at(__LINE__, (us)-1); \
		talk_run(1);                       \
		talk_expect(f, __VA_ARGS__);       \
	} while (0)
void talk_tx_done(void);

/* What the application was told, in order. */
void talk_event_at(unsigned line, enum talk_ev ev, uint32_t val);
void talk_received_at(unsigned line, uint32_t total);
void talk_no_event_at(unsigned line);
#define talk_accepted()	     talk_event_at(__LINE__, EV_ACCEPTED, 0)
#define talk_connected()     talk_event_at(__LINE__, EV_CONNECTED, 0)
#define talk_received(total) talk_received_at(__LINE__, total)
#define talk_urgent(ahead)   talk_event_at(__LINE__, EV_URGENT, ahead)
#define talk_peer_closed()   talk_event_at(__LINE__, EV_PEER_CLOSED, 0)
#define talk_closed(err)     talk_event_at(__LINE__, EV_CLOSED, err)
#define talk_error(err)	     talk_event_at(__LINE__, EV_ERROR, err)
#define talk_no_event()	     talk_no_event_at(__LINE__)

/* Whole phrases. The peer's MSS is 1000, its window talk.peer_wnd (65535). */
void talk_established(void);	 /* passive */
void talk_established_out(void); /* active */
void talk_state_at(unsigned line, const char *state);
#define talk_state(s) talk_state_at(__LINE__, s)
/* The peer's timestamp clock. */
uint32_t talk_ts_now(void);
struct tcb *talk_tcb(void);
uint64_t talk_count(enum counter id);
uint64_t talk_drops(enum drop id);
uint32_t talk_cwnd(void);
uint16_t talk_mss_ours(void); /* what our MSS option should say */

/* talk_net.c: bytes on the wire. */
void talk_seg_options(const struct talk_conn *c, const struct talk_seg *s, struct wire_tcp_opts *o);
uint8_t talk_byte(uint32_t seq, bool ours);
struct rte_mbuf *talk_frame(const struct talk_conn *c, const struct talk_seg *s);
void talk_tx(struct rte_mbuf *m);
/* The output of a turn. */
void talk_output(void);
void talk_net_up(void);
void talk_log_seg(char dir, const struct talk_conn *c, const struct wire_tcp *h, uint32_t len,
	const struct wire_tcp_opts *o);

#endif
