/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_NET_FRAG_H
#define GN_NET_FRAG_H

#include "net.h"
#include "timer.h"

/*
 * Reassembly of both families (RFC 791, RFC 815, RFC 8200 section 4.5). A datagram is put together on
 * the core that owns the hash of its two addresses, which is where a port that cannot see the ports
 * of a fragment brings it; the whole then goes to its flow's owner. All datagrams wait equally
 * long, so a list in order of their first fragment is in order of their end.
 *
 * Bounded: in datagrams, in packet buffers, in the share of either that one source (or all that hash
 * alike) may hold, and in gaps of one datagram. What is over a bound costs the oldest datagram, of
 * that source if it is the source's share.
 */
#define FRAG_SOURCES  256 /* classes of sources */
#define FRAG_GAPS_MAX 256 /* separate stretches of one datagram */

struct frag_key {
	union net_ip src, dst;
	uint32_t id;
	uint16_t ifc;
	uint8_t proto; /* IPv4 only (RFC 791 section 3.2) */
	bool v6;
};

struct frag_entry {
	struct frag_key key;
	uint32_t next;	       /* hash chain or free list; index + 1 */
	uint32_t older, newer; /* index + 1 */
	uint64_t until_us;
	struct rte_mbuf *head; /* stretches by offset, each behind its struct frag_link */
	struct rte_mbuf *tail;
	uint32_t total; /* payload bytes; 0: the last fragment has not come */
	uint32_t have;
	uint32_t bufs;
	uint32_t frags;	 /* that make up the stretches */
	uint16_t gaps;	 /* stretches */
	uint16_t hdr;	 /* of the first fragment: bytes before its payload */
	uint16_t l3_off; /* likewise */
	uint16_t next_ptr;
	uint32_t scope;
	uint8_t flags;	/* NET_PKT_* of the first fragment */
	uint8_t source; /* class */
	uint8_t ecn;	/* bit per codepoint seen */
	bool dead;	/* overlap: everything more is dropped until the time is up */
};

struct frag_table {
	struct frag_entry *entry;
	uint32_t *bucket; /* index + 1 */
	uint32_t max, mask, count, free;
	uint32_t oldest, newest;
	uint32_t bufs, bufs_max;
	struct timer timer;
	struct {
		uint32_t count, bufs;
	} source[FRAG_SOURCES];
};

/* A fragment, checked: p->m holds it whole. */
struct frag_info {
	uint32_t id;
	uint16_t off;	   /* of its payload in the datagram's, bytes */
	uint16_t len;	   /* of its payload, not 0 */
	uint16_t data_off; /* of its payload, from the start of p->m's data */
	uint16_t next_ptr; /* IPv6: the octet that names the Fragment header, from l3_off */
	uint8_t ecn;
	bool more;
};

/* A datagram put together. */
struct frag_whole {
	struct rte_mbuf *m; /* the first fragment's headers, then all payload */
	uint32_t len;	    /* payload bytes */
	uint16_t l3_off, hdr, next_ptr;
	uint8_t ecn; /* what the whole carries (RFC 3168 section 5.3) */
};

int frag_init(struct net *n);
void frag_fini(struct net *n);
/* Takes p->m: kept, dropped, or handed to the core that puts this datagram together. True: the
 * datagram is complete, in *w, its buffers the caller's. */
bool frag_input(struct net *n, struct net_pkt *p, const struct frag_info *f, struct frag_whole *w);

#endif
