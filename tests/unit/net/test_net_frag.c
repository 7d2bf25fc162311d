/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <stdlib.h>

#include "net_host.h"
#include "rng.h"
#include "wire_bytes.h"

TestSuite(frag);

#define DGRAM_MAX 66000
#define ID	  0x1234

static uint8_t dgram[DGRAM_MAX];

/* UDP from the peer to us with a right checksum and n bytes in all. */
static void dgram_make(bool v6, unsigned n)
{
	uint32_t sum;
	uint16_t cksum;

	for (unsigned i = 0; i < n; i++)
		dgram[i] = (uint8_t)(i * 7 + i / 256);
	wire_put16(dgram, 7);
	wire_put16(dgram + 2, 53);
	wire_put16(dgram + 4, (uint16_t)n);
	wire_put16(dgram + 6, 0);
	sum = v6 ? wire_cksum_pseudo6(&peer6, &our6, IPPROTO_UDP, n)
		 : wire_cksum_pseudo4(PEER4, OUR4, IPPROTO_UDP, (uint16_t)n);
	cksum = wire_cksum_fold(wire_cksum_sum(dgram, n, sum));
	memcpy(dgram + 6, &cksum, sizeof(cksum));
}

struct piece {
	bool v6, more;
	uint8_t tos;
	uint32_t id;
	unsigned off, len; /* bytes; IPv4 takes off / 8 */
	const uint8_t *from;
	uint32_t dst4;
};

static unsigned put_piece(uint8_t *b, const struct piece *p)
{
	uint8_t l4[HOST_BYTES];

	if (p->v6) {
		struct wire_ip6 h = ip6_hdr(WIRE_IP6_FRAGMENT, &peer6, &our6, 8 + p->len);

		h.tclass = p->tos;
		wire_put16(l4, IPPROTO_UDP << 8);
		wire_put16(l4 + 2, (uint16_t)(p->off | p->more));
		wire_put32(l4 + 4, p->id);
		memcpy(l4 + 8, p->from, p->len);
		return put_ip6(b, our_mac, &h, l4);
	}
	struct wire_ip4 h = ip4_hdr(IPPROTO_UDP, PEER4, p->dst4 != 0 ? p->dst4 : OUR4, p->len);

	h.tos = p->tos;
	h.id = (uint16_t)p->id;
	h.frag = (uint16_t)(p->off / 8 | (p->more ? WIRE_IP4_MF : 0));
	return put_ip4(b, NULL, &h, p->from);
}

static void rx_piece_core(struct host *h, uint16_t core, const struct piece *p)
{
	uint8_t b[HOST_BYTES];

	host_rx_core(h, core, b, put_piece(b, p));
}

static void rx_piece(struct host *h, const struct piece *p)
{
	rx_piece_core(h, 0, p);
}

/* Bytes off to off + len of the datagram of n bytes. */
static struct piece cut(bool v6, unsigned off, unsigned len, unsigned n)
{
	return (struct piece){.v6 = v6,
		.id = ID,
		.off = off,
		.len = len,
		.more = off + len < n,
		.from = dgram + off};
}

static void rx_cut(struct host *h, bool v6, unsigned off, unsigned len, unsigned n)
{
	struct piece p = cut(v6, off, len, n);

	rx_piece(h, &p);
}

/* The datagram of n bytes was delivered, once, since there were before of them. */
static void delivered(struct host *h, unsigned before, unsigned n)
{
	cr_assert_eq(h->n_seen, before + 1);
	cr_assert_eq(h->seen[before].len, n);
	cr_assert_arr_eq(h->seen[before].l4, dgram, RTE_MIN(n, (unsigned)HOST_BYTES));
	cr_assert_eq(h->seen[before].sum, wire_cksum_fold(wire_cksum_sum(dgram, n, 0)));
	host_quiet(h);
}

static const bool families[] = {false, true};
#define EACH_FAMILY(v6) for (const bool *v6 = families; v6 < families + 2; v6++)

Test(frag, rfc791_3_2_rfc8200_4_5_two_in_order)
{
	struct host *h = host_ready();

	EACH_FAMILY(v6)
	{
		unsigned before = h->n_seen;

		dgram_make(*v6, 1000);
		rx_cut(h, *v6, 0, 504, 1000);
		cr_assert_eq(h->n_seen, before);
		rx_cut(h, *v6, 504, 496, 1000);
		delivered(h, before, 1000);
	}
	cr_assert_eq(host_counter(h, CNT_frag_reassembled), 2);
	host_free(h);
}

/* Any order, any sizes; each datagram once and right. */
Test(frag, rfc791_3_2_any_order)
{
	struct host *h = host_ready();
	struct rng r;

	for (unsigned seed = 1; seed <= 300; seed++) {
		unsigned at[256], n_at = 0, size, n, before = h->n_seen % 1024;
		bool v6 = seed & 1;

		h->n_seen = before;
		rng_seed(&r, seed);
		n = 9 + (unsigned)(rng_u64(&r) % 8000);
		size = 8 + (unsigned)(rng_u64(&r) % 150) * 8;
		size = RTE_MAX(size, (n / 50 + 8) & ~7u); /* a source has 64 buffers here */
		dgram_make(v6, n);
		for (unsigned off = 0; off < n; off += size)
			at[n_at++] = off;
		for (unsigned i = n_at; i > 1; i--) {
			unsigned k = (unsigned)(rng_u64(&r) % i), x = at[i - 1];

			at[i - 1] = at[k];
			at[k] = x;
		}
		for (unsigned i = 0; i < n_at; i++) {
			struct piece p = cut(v6, at[i], RTE_MIN(size, n - at[i]), n);

			p.id = seed;
			cr_assert_eq(h->n_seen, before, "seed %u", seed);
			rx_piece(h, &p);
		}
		cr_assert_eq(h->n_seen, before + 1, "seed %u: %u bytes in %u", seed, n, n_at);
		delivered(h, before, n);
	}
	host_free(h);
}

Test(frag, rfc791_3_2_duplicates)
{
	struct host *h = host_ready();

	EACH_FAMILY(v6)
	{
		unsigned before = h->n_seen;

		dgram_make(*v6, 1000);
		rx_cut(h, *v6, 0, 504, 1000);
		rx_cut(h, *v6, 0, 504, 1000);
		rx_cut(h, *v6, 504, 496, 1000);
		delivered(h, before, 1000);
		rx_cut(h, *v6, 504, 496, 1000); /* after completion: waits, and says nothing */
		host_run(h, 61000000);
		cr_assert_eq(h->n_seen, before + 1);
		host_quiet(h);
	}
	cr_assert_eq(host_drops(h, DROP_frag_duplicate), 2);
	host_free(h);
}

Test(frag, rfc791_3_2_overlap_with_the_same_bytes)
{
	struct host *h = host_ready();

	dgram_make(false, 1000);
	rx_cut(h, false, 0, 504, 1000);
	rx_cut(h, false, 400, 304, 1000); /* its front is known */
	rx_cut(h, false, 8, 64, 1000);	  /* all of it is */
	rx_cut(h, false, 696, 304, 1000);
	delivered(h, 0, 1000);
	rx_cut(h, false, 504, 496, 1000);
	rx_cut(h, false, 0, 600, 1000); /* its end is */
	delivered(h, 1, 1000);
	host_free(h);
}

/* CA-1997-28 and its kind: the datagram is given up, whatever else comes. */
Test(frag, teardrop)
{
	struct host *h = host_ready();
	struct piece p;
	uint8_t other[64];

	memset(other, 0xee, sizeof(other));
	dgram_make(false, 1000);
	rx_cut(h, false, 0, 504, 1000);
	p = cut(false, 480, 64, 1000);
	p.from = other;
	rx_piece(h, &p);
	rx_cut(h, false, 504, 496, 1000);
	rx_cut(h, false, 0, 504, 1000);
	cr_assert_eq(h->n_seen, 0);
	/* One kept, the bad one, and two that came later. */
	cr_assert_eq(host_drops(h, DROP_frag_overlap), 4);
	host_run(h, 61000000);
	host_quiet(h);
	host_free(h);
}

Test(frag, rfc8200_4_5_any_overlap_kills_the_packet)
{
	struct host *h = host_ready();

	dgram_make(true, 1000);
	rx_cut(h, true, 0, 504, 1000);
	rx_cut(h, true, 400, 304, 1000);
	rx_cut(h, true, 504, 496, 1000);
	rx_cut(h, true, 0, 504, 1000);
	cr_assert_eq(h->n_seen, 0);
	host_run(h, 61000000);
	cr_assert_eq(h->n_seen, 0);
	host_quiet(h);
	/* Inside an earlier one, but not the same: an overlap too. */
	rx_cut(h, true, 0, 504, 1000);
	rx_cut(h, true, 8, 64, 1000);
	rx_cut(h, true, 504, 496, 1000);
	cr_assert_eq(h->n_seen, 0);
	host_free(h);
}

Test(frag, rfc791_3_2_never_joined)
{
	struct host *h = host_ready();
	union net_ip second = {.v4 = IP4(10, 0, 0, 77)};
	struct piece p;

	cr_assert_eq(net_addr_add(h->core[0].net, 0, false, &second, 24), 0);
	host_run(h, 10000000);
	h->next_out = h->n_out;
	dgram_make(false, 1000);
	rx_cut(h, false, 0, 504, 1000);
	p = cut(false, 504, 496, 1000);
	p.id = ID + 1;
	rx_piece(h, &p);
	p.id = ID;
	p.dst4 = IP4(10, 0, 0, 77);
	rx_piece(h, &p);
	cr_assert_eq(h->n_seen, 0);
	host_free(h);
}

Test(frag, interleaved)
{
	struct host *h = host_ready();

	EACH_FAMILY(v6)
	{
		unsigned before = h->n_seen;
		struct piece a, b;

		dgram_make(*v6, 1000);
		a = cut(*v6, 0, 504, 1000);
		b = a;
		b.id++;
		rx_piece(h, &a);
		rx_piece(h, &b);
		a = cut(*v6, 504, 496, 1000);
		b = a;
		b.id++;
		rx_piece(h, &b);
		delivered(h, before, 1000);
		rx_piece(h, &a);
		delivered(h, before + 1, 1000);
	}
	host_free(h);
}

Test(frag, rfc1122_3_3_2_timeout)
{
	struct host *h = host_ready();
	const uint8_t *quote;
	struct wire_icmp e;
	struct wire_ip4 ip;

	learn4(h, PEER4, peer_mac);
	dgram_make(false, 1000);
	rx_cut(h, false, 0, 504, 1000);
	host_run(h, 59900000);
	h->next_out = h->n_out; /* the neighbour may have been asked again */
	host_run(h, 200000);
	e = expect_icmp4(h, &ip, &quote);
	cr_assert_eq(e.type, WIRE_ICMP4_TIME);
	cr_assert_eq(e.code, 1);
	cr_assert_eq(ip.dst, PEER4);
	cr_assert_eq(host_drops(h, DROP_frag_timeout), 1);
	host_free(h);
}

Test(frag, rfc8200_4_5_timeout)
{
	struct host *h = host_ready();
	const uint8_t *quote;
	struct wire_icmp e;
	struct wire_ip6 ip;

	learn6(h, &peer6, peer_mac);
	dgram_make(true, 1000);
	rx_cut(h, true, 0, 504, 1000);
	host_run(h, 59900000);
	h->next_out = h->n_out;
	host_run(h, 200000);
	e = expect_icmp6(h, &ip, &quote);
	cr_assert_eq(e.type, WIRE_ICMP6_TIME);
	cr_assert_eq(e.code, 1);
	host_free(h);
}

/* RFC 792, RFC 8200 section 4.5: nothing is said when the first fragment is the one that lacks. */
Test(frag, rfc792_no_error_without_the_first)
{
	struct host *h = host_ready();

	EACH_FAMILY(v6)
	{
		dgram_make(*v6, 1000);
		rx_cut(h, *v6, 504, 496, 1000);
	}
	host_run(h, 61000000);
	host_quiet(h);
	cr_assert_eq(host_drops(h, DROP_frag_timeout), 2);
	host_free(h);
}

Test(frag, rfc1122_3_3_2_largest_datagram)
{
	struct host *h = host_ready();
	unsigned n4 = 65515, n6 = 65535, before;

	dgram_make(false, n4);
	for (unsigned off = 0; off < n4; off += 1480)
		rx_cut(h, false, off, RTE_MIN(1480u, n4 - off), n4);
	delivered(h, 0, n4);
	dgram_make(true, n6);
	for (unsigned off = 0; off < n6; off += 1448)
		rx_cut(h, true, off, RTE_MIN(1448u, n6 - off), n6);
	delivered(h, 1, n6);
	/* At the smallest MTU of all (RFC 791 section 3.2: 68), in far fewer buffers than fragments. */
	before = h->n_seen;
	dgram_make(false, n4);
	for (unsigned off = 0; off < n4; off += 48)
		rx_cut(h, false, off, RTE_MIN(48u, n4 - off), n4);
	delivered(h, before, n4);
	host_free(h);
}

Test(frag, rfc791_3_2_past_the_end)
{
	struct host *h = host_ready();
	struct piece p = {.id = ID, .off = 65528, .len = 16, .from = dgram};

	rx_piece(h, &p);
	host_dropped(h, DROP_ip4_fragment);
	p.v6 = true;
	learn6(h, &peer6, peer_mac);
	rx_piece(h, &p);
	cr_assert_eq(host_drops(h, DROP_ip6_fragment), 1);
	host_free(h);
}

Test(frag, malformed)
{
	struct host *h = host_ready();
	struct piece p = {.id = ID, .more = true, .len = 12, .from = dgram};

	rx_piece(h, &p);
	host_dropped(h, DROP_ip4_fragment);
	p.len = 0;
	rx_piece(h, &p);
	host_dropped(h, DROP_ip4_fragment);
	p.v6 = true;
	rx_piece(h, &p);
	host_dropped(h, DROP_ip6_fragment);
	/* Two ends; and data behind the end. */
	dgram_make(false, 1000);
	rx_cut(h, false, 504, 496, 1000);
	p = cut(false, 504, 96, 600);
	rx_piece(h, &p);
	cr_assert_eq(host_drops(h, DROP_frag_length), 2);
	host_free(h);
}

/* RFC 8200 section 4.5: what is wrong is told. */
Test(frag, rfc8200_4_5_parameter_problems)
{
	struct host *h = host_ready();
	struct piece p = {.v6 = true, .id = ID, .more = true, .off = 8, .len = 12, .from = dgram};
	const uint8_t *quote;
	struct wire_icmp e;
	struct wire_ip6 ip;

	learn6(h, &peer6, peer_mac);
	rx_piece(h, &p);
	e = expect_icmp6(h, &ip, &quote);
	cr_assert_eq(e.type, WIRE_ICMP6_PARAM);
	cr_assert_eq(e.code, 0);
	cr_assert_eq(e.rest, 4);
	p.off = 65528;
	p.len = 16;
	rx_piece(h, &p);
	e = expect_icmp6(h, &ip, &quote);
	cr_assert_eq(e.code, 0);
	cr_assert_eq(e.rest, 42);
	p.off = 0;
	p.len = 0;
	dgram_make(true, 1000);
	p = cut(true, 0, 8, 1000);
	p.len = 0;
	rx_piece(h, &p);
	host_quiet(h);
	host_free(h);
}

/* RFC 7112 section 5: the first fragment holds all headers. */
Test(frag, rfc7112_5_header_chain_cut)
{
	struct host *h = host_ready();
	uint8_t l4[24] = {WIRE_IP6_DSTOPTS, 0, 0, 1, 0, 0, 0, 1, /* then a header of 24 bytes */
		IPPROTO_UDP, 2, 1, 4, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0, 1, 0};
	struct wire_ip6 hdr = ip6_hdr(WIRE_IP6_FRAGMENT, &peer6, &our6, sizeof(l4));
	uint8_t b[HOST_BYTES];
	const uint8_t *quote;
	struct wire_icmp e;
	struct wire_ip6 ip;

	learn6(h, &peer6, peer_mac);
	host_rx(h, b, put_ip6(b, our_mac, &hdr, l4));
	e = expect_icmp6(h, &ip, &quote);
	cr_assert_eq(e.type, WIRE_ICMP6_PARAM);
	cr_assert_eq(e.code, 3);
	cr_assert_eq(e.rest, 0);
	host_free(h);
}

Test(frag, rfc6980_5_neighbour_discovery)
{
	struct host *h = host_ready();
	struct wire_nd nd = {.type = WIRE_ICMP6_NS, .target = our6, .has_lladdr = true};
	uint8_t b[HOST_BYTES], l4[128];
	unsigned len = put_nd(b, our_mac, &peer6, &our6, &nd) - 54;
	uint8_t msg[128];

	memcpy(msg, b + 54, len);
	for (unsigned off = 0; off < len; off += 16) {
		unsigned part = RTE_MIN(16u, len - off);
		struct wire_ip6 hdr = ip6_hdr(WIRE_IP6_FRAGMENT, &peer6, &our6, 8 + part);

		hdr.hops = 255;
		wire_put16(l4, IPPROTO_ICMPV6 << 8);
		wire_put16(l4 + 2, (uint16_t)(off | (off + part < len)));
		wire_put32(l4 + 4, ID);
		memcpy(l4 + 8, msg + off, part);
		host_rx(h, b, put_ip6(b, our_mac, &hdr, l4));
	}
	host_dropped(h, DROP_ip6_nd_fragment);
	host_free(h);
}

/* RFC 6946 section 4: an atomic fragment has nothing to do with others of its ID. */
Test(frag, rfc6946_4_atomic)
{
	struct host *h = host_ready();
	struct piece p;

	dgram_make(true, 1000);
	rx_cut(h, true, 0, 504, 1000);
	dgram_make(true, 100);
	p = cut(true, 0, 100, 100);
	rx_piece(h, &p);
	delivered(h, 0, 100);
	dgram_make(true, 1000);
	rx_cut(h, true, 504, 496, 1000);
	delivered(h, 1, 1000);
	host_free(h);
}

/* RFC 3168 section 5.3 */
Test(frag, rfc3168_5_3_congestion_experienced)
{
	struct host *h = host_ready();

	EACH_FAMILY(v6)
	{
		unsigned before = h->n_seen;
		struct piece p;

		dgram_make(*v6, 1000);
		p = cut(*v6, 0, 504, 1000);
		p.tos = 0x2a;
		rx_piece(h, &p);
		p = cut(*v6, 504, 496, 1000);
		p.tos = 0x2b;
		rx_piece(h, &p);
		delivered(h, before, 1000);
		cr_assert_eq(h->seen[before].tos, 0x2b);
		p = cut(*v6, 0, 504, 1000);
		p.tos = 0x28;
		rx_piece(h, &p);
		p = cut(*v6, 504, 496, 1000);
		p.tos = 0x2b;
		rx_piece(h, &p);
		cr_assert_eq(h->n_seen, before + 1);
	}
	cr_assert_eq(host_drops(h, DROP_frag_ecn), 4);
	host_free(h);
}

/* Nobody can make us hold more than our share; the others are served meanwhile. */
Test(frag, flood_of_first_fragments)
{
	struct host *h = host_ready();
	uint8_t b[HOST_BYTES];
	const uint8_t *data;
	struct wire_icmp e;
	struct wire_ip4 ip;

	learn4(h, PEER4, peer_mac);
	dgram_make(false, 1000);
	for (unsigned i = 0; i < 100000; i++) {
		struct piece p = cut(false, 0, 504, 1000);

		p.id = i;
		rx_piece(h, &p);
	}
	host_rx(h, b, put_echo4(b, PEER4, OUR4, 64));
	e = expect_icmp4(h, &ip, &data);
	cr_assert_eq(e.type, WIRE_ICMP4_ECHO_REPLY);
	cr_assert_gt(host_counter(h, CNT_frag_evicted), 90000);
	/* And somebody else's datagram is put together. */
	for (unsigned off = 0; off < 1000; off += 504) {
		struct wire_ip4 hdr = ip4_hdr(IPPROTO_UDP, THIRD4, OUR4, RTE_MIN(504u, 1000 - off));

		hdr.id = 9;
		hdr.frag = (uint16_t)(off / 8 | (off == 0 ? WIRE_IP4_MF : 0));
		host_rx(h, b, put_ip4(b, NULL, &hdr, dgram + off));
	}
	cr_assert_eq(h->n_seen, 1);
	host_free(h);
}

/* Every second piece of eight bytes: neither buffers nor time without end. */
Test(frag, many_gaps)
{
	struct host *h = host_ready();

	dgram_make(false, 60000);
	for (unsigned off = 0; off < 60000; off += 16)
		rx_cut(h, false, off, 8, 60000);
	cr_assert_eq(h->n_seen, 0);
	cr_assert_gt(host_drops(h, DROP_frag_gaps) + host_drops(h, DROP_frag_full), 0);
	host_free(h);
}

/* Whatever cores the fragments come to, one puts them together and the flow's owner gets it. */
Test(frag, cores)
{
	for (unsigned seed = 0; seed < 8; seed++) {
		struct host *h = host_new(4);
		bool v6 = seed & 1;
		uint16_t owner;

		h->conf.dad_transmits = 0;
		h->conf.acd = false;
		host_start(h, true, true);
		host_run(h, 5000000);
		h->next_out = h->n_out;
		dgram_make(v6, 1000);
		for (unsigned off = 0, i = seed; off < 1000; off += 104, i++) {
			struct piece p = cut(v6, off, RTE_MIN(104u, 1000 - off), 1000);

			rx_piece_core(h, i % 4, &p);
		}
		host_settle(h);
		delivered(h, 0, 1000);
		owner = owner_core(h->owner, v6 ? owner_hash6(h->owner, &peer6, &our6, 7, 53)
						: owner_hash4(h->owner, PEER4, OUR4, 7, 53));
		cr_assert_eq(h->seen[0].core, owner);
		host_free(h);
	}
}

/* RFC 791 section 3.2, RFC 8200 section 4.5: eight-byte multiples, contiguous, one ID. */
Test(frag, output)
{
	struct host *h = host_ready();
	uint8_t whole[4008];
	unsigned at = 0;
	struct wire_ip4 ip;
	uint16_t id = 0;

	learn4(h, PEER4, peer_mac);
	cr_assert_eq(send4(h, PEER4, 1472), 0);
	expect_ip4(h, peer_mac, &ip);
	cr_assert_eq(ip.frag, 0);
	cr_assert_eq(send4(h, PEER4, 1900), 0);
	for (bool more = true; more;) {
		const struct frame *f = expect_ip4(h, peer_mac, &ip);

		cr_assert_leq(ip.total_len, 1500);
		cr_assert_eq((ip.frag & 0x1fff) * 8u, at);
		if (at == 0)
			id = ip.id;
		cr_assert_eq(ip.id, id);
		memcpy(whole + at, f->b + 34, ip.total_len - 20u);
		at += ip.total_len - 20u;
		more = ip.frag & WIRE_IP4_MF;
		cr_assert(!more || at % 8 == 0);
	}
	cr_assert_eq(at, 1908);
	cr_assert_eq(wire_cksum_fold(wire_cksum_sum(whole, at,
			     wire_cksum_pseudo4(OUR4, PEER4, IPPROTO_UDP, (uint16_t)at))),
		0);
	cr_assert_eq(host_counter(h, CNT_frag_tx), 2);
	host_quiet(h);
	host_free(h);
}

Test(frag, output6)
{
	struct host *h = host_ready();
	uint8_t whole[4008];
	unsigned at = 0;
	struct wire_ip6 ip;
	uint32_t id = 0;

	learn6(h, &peer6, peer_mac);
	cr_assert_eq(send6(h, &peer6, 1900), 0);
	for (bool more = true; more;) {
		const struct frame *f = expect_ip6(h, peer_mac, &ip);
		const uint8_t *fh = f->b + 54;

		cr_assert_eq(ip.next, WIRE_IP6_FRAGMENT);
		cr_assert_eq(fh[0], IPPROTO_UDP);
		cr_assert_eq(wire_get16(fh + 2) & 0xfff8, at);
		if (at == 0)
			id = wire_get32(fh + 4);
		cr_assert_eq(wire_get32(fh + 4), id);
		memcpy(whole + at, fh + 8, ip.payload_len - 8u);
		at += ip.payload_len - 8u;
		more = wire_get16(fh + 2) & 1;
	}
	cr_assert_eq(at, 1908);
	cr_assert_eq(wire_cksum_fold(wire_cksum_sum(
			     whole, at, wire_cksum_pseudo6(&our6, &peer6, IPPROTO_UDP, at))),
		0);
	/* RFC 7739 section 5: no two in a row alike. */
	cr_assert_eq(send6(h, &peer6, 1900), 0);
	cr_assert_neq(wire_get32(expect_ip6(h, peer_mac, &ip)->b + 58), id);
	host_free(h);
}

/* RFC 1122 section 3.2.2.6: all of a request comes back. */
Test(frag, rfc1122_3_2_2_6_echo)
{
	struct host *h = host_ready();
	unsigned n = 8008, at = 0;
	uint16_t sum;
	struct wire_ip4 ip;

	learn4(h, PEER4, peer_mac);
	dgram_make(false, n);
	memcpy(dgram, (uint8_t[8]){8}, 8);
	sum = wire_cksum_fold(wire_cksum_sum(dgram, n, 0));
	memcpy(dgram + 2, &sum, 2);
	for (unsigned off = 0; off < n; off += 1480) {
		unsigned part = RTE_MIN(1480u, n - off);
		struct wire_ip4 hdr = ip4_hdr(IPPROTO_ICMP, PEER4, OUR4, part);
		uint8_t b[HOST_BYTES];

		hdr.id = ID;
		hdr.frag = (uint16_t)(off / 8 | (off + part < n ? WIRE_IP4_MF : 0));
		host_rx(h, b, put_ip4(b, NULL, &hdr, dgram + off));
	}
	while (at < n) {
		const struct frame *f = expect_ip4(h, peer_mac, &ip);

		cr_assert_eq((ip.frag & 0x1fff) * 8u, at);
		cr_assert_arr_eq(f->b + 34 + (at == 0 ? 8 : 0), dgram + at + (at == 0 ? 8 : 0),
			ip.total_len - 20u - (at == 0 ? 8 : 0));
		at += ip.total_len - 20u;
	}
	cr_assert_eq(at, n);
	host_free(h);
}
