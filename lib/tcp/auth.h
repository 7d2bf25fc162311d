/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_TCP_AUTH_H
#define GN_TCP_AUTH_H

#include "digest.h"
#include "tcp_priv.h"

/*
 * Signed segments: TCP-AO (RFC 5925) and the MD5 option (RFC 2385). Keys belong to peers; a connection
 * to a peer that has a key is signed from its SYN on, and everything that is not signed as it must be
 * is dropped. Nothing here costs anything where no key is configured (tcp->auth is NULL).
 */
#define TCP_AUTH_MKTS  4    /* keys that one connection may have in use at once */
#define TCP_AUTH_CONNS 1024 /* signed connections of a core, TIME-WAIT included */

/* Room in the header for the option, padded. */
#define TCP_AUTH_AO_LEN	 16
#define TCP_AUTH_MD5_LEN 20

struct tcp_auth_entry {
	struct tcp_auth_key k;
	bool used;
	bool removed;  /* not for anything new; goes with its last connection */
	uint32_t refs; /* connections */
};

/* One signed connection. */
struct tcp_auth_conn {
	uint32_t next; /* of the free list: index + 1 */
	uint32_t snd_isn, rcv_isn;
	/* A sequence number of each direction and its extension (RFC 5925 section 6.2). */
	uint32_t snd_ref, snd_sne, rcv_ref, rcv_sne;
	uint32_t ts_recent; /* in TIME-WAIT, whose entry has no room for it */
	uint8_t n;	    /* of mkt */
	uint8_t send;	    /* the one that we sign with (Current_key) */
	uint8_t rnext;	    /* the one that the peer is asked to sign with (RNext_key) */
	bool have_isns;	    /* both: mkt[].tx and .rx are valid */
	struct {
		uint16_t entry;
		uint8_t tx[TCP_TRAFFIC_KEY_MAX], rx[TCP_TRAFFIC_KEY_MAX];
	} mkt[TCP_AUTH_MKTS];
};

struct tcp_auth {
	struct tcp_digest *digest;
	struct tcp_auth_entry entry[TCP_AUTH_KEYS_MAX];
	struct tcp_auth_conn conn[TCP_AUTH_CONNS];
	uint32_t conn_free; /* index + 1 */
	uint32_t n_conn;
};

void tcp_auth_destroy(struct tcp *tcp);
/* A block begins with the key: its state and flags. false: no room. */
bool tcp_auth_begin(struct tcp *tcp, struct tcb *t, int entry);
/* Of a block with TF_SIGNED: by TCP-AO, not by MD5? */
bool tcp_auth_is_ao(const struct tcp *tcp, const struct tcb *t);
/* Is a segment for the block signed as it must be? It is dropped if not. */
bool tcp_auth_tcb_ok(struct tcp *tcp, struct tcb *t, struct tcp_seg *s);
/* The key of a peer: longest prefix, a port before any port, then the first given; -1: none. */
int tcp_auth_find(const struct tcp *tcp, bool v6, const struct tcp_key *k);
/* The TCP-AO key that the peer signs with when it says recv_id; -1: none. */
int tcp_auth_find_recv(const struct tcp *tcp, bool v6, const struct tcp_key *k, uint8_t recv_id);
static inline const struct tcp_auth_key *tcp_auth_key(const struct tcp *tcp, int entry)
{
	return &tcp->auth->entry[entry].k;
}
static inline unsigned tcp_auth_room(const struct tcp_auth_key *k)
{
	return k->alg == TCP_AUTH_MD5 ? TCP_AUTH_MD5_LEN : TCP_AUTH_AO_LEN;
}

/* A half-open entry holds its key, so that it is not another's meanwhile. */
void tcp_auth_hold(struct tcp *tcp, unsigned entry);
void tcp_auth_release(struct tcp *tcp, unsigned entry);

/* State of a new connection that uses the key: index + 1, or 0 if there is no room. */
uint32_t tcp_auth_conn_new(struct tcp *tcp, int entry, uint32_t snd_isn);
void tcp_auth_conn_free(struct tcp *tcp, uint32_t conn);
/* The peer's initial sequence number is known: traffic keys can be made. */
void tcp_auth_conn_open(
	struct tcp *tcp, uint32_t conn, bool v6, const struct tcp_key *k, uint32_t rcv_isn);

/* Which of the connection's keys has this id, taken into use if need be; -1: none of the peer's has. */
int tcp_auth_mkt(struct tcp *tcp, struct tcp_auth_conn *c, bool v6, const struct tcp_key *k,
	uint8_t id, bool recv);

/*
 * Is s, a segment for what is found under k, signed as it must be? DROP_NONE, or the drop. What is known of the
 * connection: a state (conn not 0), or for half-open entries the key and both initial numbers.
 */
enum drop tcp_auth_check_syn(
	struct tcp *tcp, const struct tcp_key *k, const struct tcp_seg *s, int *entry);
enum drop tcp_auth_check_half(struct tcp *tcp, const struct tcp_key *k, const struct tcp_seg *s,
	int entry, uint32_t our_isn, uint32_t peer_isn);
enum drop tcp_auth_check_conn(
	struct tcp *tcp, const struct tcp_key *k, const struct tcp_seg *s, uint32_t conn);
/* A SYN or SYN,ACK in SYN-SENT: its sequence number is the peer's initial one. */
enum drop tcp_auth_check_syn_sent(
	struct tcp *tcp, const struct tcp_key *k, const struct tcp_seg *s, uint32_t conn);

/* Writes the option, still without its digest, and returns its room in the header. conn 0: entry's. */
unsigned tcp_auth_opt_emit(const struct tcp *tcp, uint32_t conn, int entry, uint8_t *p);
/* The header at the start of m's data, its options and the payload behind are as they will leave. */
void tcp_auth_sign_conn(struct tcp *tcp, bool v6, const struct tcp_key *k, uint32_t conn,
	struct rte_mbuf *m, unsigned hlen);
void tcp_auth_sign_half(struct tcp *tcp, bool v6, const struct tcp_key *k, int entry,
	uint32_t our_isn, uint32_t peer_isn, struct rte_mbuf *m, unsigned hlen);

#endif
