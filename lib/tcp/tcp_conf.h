/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_CONF_H
#define GN_TCP_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "net.h"

/* How segments are signed: RFC 2385, or TCP-AO with one of the two algorithms of RFC 5926. */
enum tcp_auth_alg { TCP_AUTH_MD5, TCP_AUTH_HMAC_SHA1, TCP_AUTH_AES_CMAC };

#define TCP_AUTH_KEYS_MAX 64
#define TCP_AUTH_KEY_LEN  80
#define TCP_CONF_KEYS	  16

/* A key of peers (a master key tuple of RFC 5925 section 3.1). */
struct tcp_auth_key {
	bool v6;
	uint8_t plen; /* of peer; 0 with an all-zero peer: every peer of the family */
	union net_ip peer;
	uint16_t port;		  /* the peer's port or ours; 0: any */
	uint8_t alg;		  /* enum tcp_auth_alg */
	uint8_t send_id, recv_id; /* TCP-AO: KeyID of what we send, and of what we receive */
	bool skip_options; /* TCP-AO: other options are not signed, middleboxes may change them */
	uint8_t len;
	uint8_t key[TCP_AUTH_KEY_LEN];
};

enum tcp_cc_id { TCP_CC_CUBIC, TCP_CC_NEWRENO, TCP_CC_DCTCP, TCP_CC_BBR };
enum tcp_pacing { TCP_PACING_AUTO, TCP_PACING_TRUE, TCP_PACING_FALSE };
enum tcp_cookies { TCP_COOKIES_AUTO, TCP_COOKIES_ALWAYS, TCP_COOKIES_NEVER };

/* Explicit congestion notification: never, if the peer asks for it, or asking for it. */
enum tcp_ecn { TCP_ECN_OFF, TCP_ECN_ACCEPT, TCP_ECN_ON };

/* Looking for the path MTU with segments of our own: never, when large ones vanish, from the start. */
enum tcp_mtu_probing { TCP_MTU_PROBING_OFF, TCP_MTU_PROBING_BLACK_HOLE, TCP_MTU_PROBING_ALWAYS };

/* A setting of a connection's own. ACCEPT: of ECN, if the peer asks for it. */
enum tcp_choice { TCP_CHOICE_CONF, TCP_CHOICE_OFF, TCP_CHOICE_ON, TCP_CHOICE_ACCEPT };

/* Limits and timeouts of TCP on one core. Units as named. */
struct tcp_conf {
	uint32_t connections;	 /* control blocks; default 16384 */
	uint32_t half_open;	 /* SYN-RECEIVED entries; default 4096 */
	uint8_t syn_cookies;	 /* enum tcp_cookies; default auto */
	uint32_t time_wait;	 /* TIME-WAIT entries; default 16384 */
	uint32_t listeners;	 /* default 256 */
	uint32_t sndbuf, rcvbuf; /* bytes; default 256 KiB and 65535 */
	uint32_t rcvbuf_max;	 /* to which rcvbuf grows as needed; default 6 MiB */
	uint32_t sndbuf_max; /* sndbuf grows to this with the congestion window; default 4 MiB */
	uint32_t ooo_max;    /* out-of-order buffers a connection; default 4096 */
	uint32_t rto_min_us; /* default 200 ms; RFC 6298 (2.4) says 1 s, see docs/limits.md */
	uint32_t rto_initial_us; /* default 1 s (RFC 6298 (2.1)) */
	uint32_t rto_max_us;	 /* default 60 s, at least 60 s (RFC 6298 (2.5)) */
	uint32_t r2_us;	    /* give up on data after this; default 924 s (RFC 9293 3.8.3: 100 s) */
	uint32_t syn_r2_us; /* give up on a SYN; default 180 s (RFC 9293 3.8.3, MUST-23) */
	uint8_t r1;	    /* retransmissions until the path is doubted; default 3 (3.8.3) */
	uint32_t user_timeout_us; /* in place of r2_us and syn_r2_us; default 0: none (RFC 5482) */
	uint8_t fastopen; /* enum tcp_ecn: never, if the peer asks, asking too (RFC 7413); default off */
	uint32_t fastopen_pending; /* opened so and not yet acknowledged, a core; default 256 */
	uint32_t fastopen_cache;   /* servers whose cookies are kept, a core; default 1024 */
	uint32_t persist_us; /* give up on a shut window; default 0: never (RFC 9293 3.8.6.1) */
	uint32_t evict_us;   /* blocks run out: who has waited so long may go; default 0: nobody */
	bool user_timeout_option; /* announce it and heed the peer's; default false */
	uint32_t synack_tries;	  /* SYN,ACK retransmissions; default 5 */
	uint8_t quick_acks;	  /* full segments acknowledged at once; default 8 */
	uint32_t delack_us;	  /* default 40 ms, below 500 ms (RFC 9293 3.8.6.3, MUST-40) */
	uint32_t msl_us;	  /* default 30 s: TIME-WAIT lasts twice this */
	uint32_t fin_wait2_us;	  /* FIN-WAIT-2 that no application holds; default 60 s */
	uint64_t keepalive_idle_us, keepalive_interval_us; /* default 2 h, 75 s (RFC 9293 3.8.4) */
	uint32_t keepalive_count;			   /* default 9 */
	uint32_t
		challenge_rate; /* challenge ACKs a second, a core; default 1000 (RFC 5961 section 7) */
	uint32_t initial_window;      /* segments; default 10 (RFC 6928) */
	bool window_scaling;	      /* offer and take it (RFC 7323 section 2); default true */
	bool timestamps;	      /* RFC 7323 section 3; default true */
	bool sack;		      /* RFC 2018; default true */
	uint8_t ecn;		      /* enum tcp_ecn (RFC 3168); default TCP_ECN_ACCEPT */
	enum tcp_cc_id cc;	      /* congestion control; default CUBIC (RFC 9438) */
	enum tcp_pacing pacing;	      /* default auto: if the congestion control works by rate */
	bool ao_icmp;		      /* ICMP ends or narrows TCP-AO connections; default false */
	bool nodelay;		      /* default false */
	bool keepalive;		      /* default false (RFC 9293 3.8.4, MUST-25) */
	uint16_t mss_min;	      /* smallest MSS believed of a peer; default 88 */
	uint16_t port_low, port_high; /* ephemeral ports; default 32768, 65535 */
	uint8_t ttl;		      /* 0: the network layer's */
	uint8_t mtu_probing;	      /* enum tcp_mtu_probing; default black hole */
	uint16_t mtu_floor; /* IPv4: no ICMP error takes a path MTU below this; default 552 */
	uint8_t n_key;
	struct tcp_auth_key key[TCP_CONF_KEYS]; /* of peers; more can be added later */
};

void tcp_conf_default(struct tcp_conf *c);

#endif
