/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_bytes.h"
#include "wire_ip6.h"

/* ICMPv6 Parameter Problem codes (RFC 4443 section 3.4). */
#define PROBLEM_FIELD  0
#define PROBLEM_NEXT   1
#define PROBLEM_OPTION 2

#define OPT_PAD1 0

/* Behind the fixed header the next-header octet of that header is the one to blame. */
#define IP6_NEXT_OFF 6

static int ext_problem(struct wire_ip6_chain *c, enum drop drop, uint8_t code, unsigned ptr)
{
	c->problem = code;
	c->problem_ptr = (uint16_t)ptr;
	return -(int)drop;
}

/* The action for an option that we do not know (RFC 8200 section 4.2). */
static int ext_option_unknown(struct wire_ip6_chain *c, uint8_t type, unsigned off)
{
	switch (type >> 6) {
	case 0:
		return 0;
	case 1:
		return -(int)DROP_ip6_option;
	case 2:
		c->problem_if_mcast = true;
		break;
	}
	return ext_problem(c, DROP_ip6_option, PROBLEM_OPTION, off);
}

/*
 * The options of a hop-by-hop or destination options header, from off to end. None but padding is
 * known: PadN and Router Alert have types that say "skip if unknown".
 */
static int ext_options(const uint8_t *p, unsigned off, unsigned end, struct wire_ip6_chain *c)
{
	while (off < end) {
		int rc;

		if (p[off] == OPT_PAD1) {
			off++;
			continue;
		}
		if (off + 1 >= end)
			return ext_problem(c, DROP_ip6_ext, PROBLEM_FIELD, off);
		if (off + 2 + p[off + 1] > end)
			return ext_problem(c, DROP_ip6_ext, PROBLEM_FIELD, off + 1);
		rc = ext_option_unknown(c, p[off], off);
		if (rc != 0)
			return rc;
		off += 2u + p[off + 1];
	}
	return 0;
}

/* What the Fragment header at p says; false if it is atomic, to be passed over (RFC 6946). */
static bool ext_fragment(const uint8_t *p, struct wire_ip6_chain *c)
{
	uint16_t v = wire_get16(p + 2);

	c->frag_off = v & 0xfff8;
	c->frag_more = v & 1;
	c->frag_id = wire_get32(p + 4);
	c->fragment = c->frag_off != 0 || c->frag_more;
	return c->fragment;
}

static bool ext_known(uint8_t next)
{
	return next == WIRE_IP6_HOPOPTS || next == WIRE_IP6_ROUTING || next == WIRE_IP6_FRAGMENT ||
	       next == WIRE_IP6_DSTOPTS;
}

/*
 * Length of the extension header at off, or a negative drop. pkt_end is where the packet says that
 * it ends, len is how much of it is here.
 */
static int ext_len(const uint8_t *p, size_t len, size_t pkt_end, unsigned off, uint8_t next,
	struct wire_ip6_chain *c)
{
	unsigned n = 8;

	if (off + n > len || off + n > pkt_end)
		return -(int)DROP_ip6_ext;
	if (next != WIRE_IP6_FRAGMENT)
		n += p[off + 1] * 8u;
	if (off + n > pkt_end)
		return ext_problem(c, DROP_ip6_ext, PROBLEM_FIELD, off + 1);
	if (off + n > len)
		return -(int)DROP_ip6_ext;
	return (int)n;
}

/* The header of kind next and n bytes at off: 0 or a negative drop. */
static int ext_check(
	const uint8_t *p, unsigned off, unsigned n, uint8_t next, struct wire_ip6_chain *c)
{
	switch (next) {
	case WIRE_IP6_HOPOPTS:
		/* RFC 8200 section 4: zero anywhere else is as an unrecognized value there. */
		if (off != WIRE_IP6_LEN)
			return ext_problem(c, DROP_ip6_ext, PROBLEM_NEXT, c->next_ptr);
		return ext_options(p, off + 2, off + n, c);
	case WIRE_IP6_DSTOPTS:
		return ext_options(p, off + 2, off + n, c);
	case WIRE_IP6_ROUTING:
		/* RFC 8200 section 4.4; type 0 is like an unknown one (RFC 5095 section 3). */
		if (p[off + 3] != 0)
			return ext_problem(c, DROP_ip6_route, PROBLEM_FIELD, off + 2);
		return 0;
	default:
		return 0;
	}
}

int wire_ip6_walk(const uint8_t *p, size_t len, const struct wire_ip6 *h, struct wire_ip6_chain *c)
{
	size_t pkt_end = (size_t)WIRE_IP6_LEN + h->payload_len;
	unsigned off = WIRE_IP6_LEN;
	uint8_t next = h->next;

	*c = (struct wire_ip6_chain){.next_ptr = IP6_NEXT_OFF, .problem = WIRE_IP6_SILENT};
	for (unsigned i = 0; ext_known(next); i++) {
		int n, rc;

		if (i == WIRE_IP6_EXT_MAX)
			return -(int)DROP_ip6_ext;
		n = ext_len(p, len, pkt_end, off, next, c);
		if (n < 0)
			return n;
		rc = ext_check(p, off, (unsigned)n, next, c);
		if (rc != 0)
			return rc;
		if (next == WIRE_IP6_FRAGMENT && ext_fragment(p + off, c))
			break;
		next = p[off];
		c->next_ptr = (uint16_t)off;
		off += (unsigned)n;
	}
	c->proto = next;
	c->l4_off = (uint16_t)off;
	return 0;
}
