/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_tcp.h"

#include <stdio.h>

#include "wire_bytes.h"

int wire_tcp_parse(const uint8_t *p, size_t len, struct wire_tcp *h)
{
	unsigned hlen;

	if (unlikely(len < WIRE_TCP_LEN))
		return -(int)DROP_tcp_short;
	hlen = (p[12] >> 4) * 4u;
	if (unlikely(hlen < WIRE_TCP_LEN || hlen > len))
		return -(int)DROP_tcp_short;
	h->sport = wire_get16(p);
	h->dport = wire_get16(p + 2);
	h->seq = wire_get32(p + 4);
	h->ack = wire_get32(p + 8);
	h->hlen = (uint8_t)hlen;
	h->flags = p[13];
	h->wnd = wire_get16(p + 14);
	h->cksum = wire_get16(p + 16);
	h->urp = wire_get16(p + 18);
	return (int)hlen;
}

unsigned wire_tcp_emit(uint8_t *p, const struct wire_tcp *h)
{
	wire_put16(p, h->sport);
	wire_put16(p + 2, h->dport);
	wire_put32(p + 4, h->seq);
	wire_put32(p + 8, h->ack);
	p[12] = (uint8_t)(h->hlen / 4 << 4);
	p[13] = h->flags;
	wire_put16(p + 14, h->wnd);
	wire_put16(p + 16, h->cksum);
	wire_put16(p + 18, h->urp);
	return WIRE_TCP_LEN;
}

int wire_tcp_print(char *buf, size_t size, const struct wire_tcp *h, unsigned payload_len)
{
	/* tcpdump's order and letters: the dot is ACK, E is ECE, W is CWR. */
	static const char letters[] = "FSRP.UEW";
	char flags[sizeof(letters)], seq[sizeof(", seq 4294967295:4294967295")];
	char ack[sizeof(", ack 4294967295")] = "", urg[sizeof(", urg 65535")] = "";
	unsigned n = 0;

	for (unsigned i = 0; i < sizeof(letters) - 1; i++)
		if (h->flags & 1u << i)
			flags[n++] = letters[i];
	flags[n] = '\0';
	if (payload_len != 0)
		snprintf(seq, sizeof(seq), ", seq %u:%u", h->seq, h->seq + payload_len);
	else
		snprintf(seq, sizeof(seq), ", seq %u", h->seq);
	if (h->flags & WIRE_TCP_ACK)
		snprintf(ack, sizeof(ack), ", ack %u", h->ack);
	if (h->flags & WIRE_TCP_URG)
		snprintf(urg, sizeof(urg), ", urg %u", h->urp);
	return snprintf(buf, size, "%u > %u: Flags [%s]%s%s, win %u%s, length %u", h->sport,
		h->dport, n != 0 ? flags : "none", seq, ack, h->wnd, urg, payload_len);
}
