/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

#include "auth.h"
#include "wire_eth.h"
#include "wire_ip4.h"
#include "wire_ip6.h"

/*
 * TCP-AO over sequence numbers that wrap (RFC 5925 section 6.2): the extension counts, in both directions
 * and for what comes late. The signatures of the peer, and those that are expected of us, are made here
 * from the RFC's formula with an extension that the test says.
 */
#define AO_LEN 16

static const struct tcp_auth_key master = {
	.alg = TCP_AUTH_HMAC_SHA1, .send_id = 1, .recv_id = 2, .len = 6, .key = "secret"};

/* Open, and signed from now on. */
static void guarded(void)
{
	struct tcp_auth_key k = master;
	struct tcb *t;

	talk_established();
	t = talk_tcb();
	k.v6 = talk.v6;
	k.plen = talk.v6 ? 128 : 32;
	k.peer = talk.rip;
	talk_eq(tcp_auth_key_add(talk.tcp, &k), 0);
	talk_check(tcp_auth_begin(talk.tcp, t, tcp_auth_find(talk.tcp, talk.v6, &t->key)));
	tcp_auth_conn_open(talk.tcp, t->auth, talk.v6, &t->key, t->irs);
	t->mss = tcp_mss_send(t);
	talk.lenient = true;
}

static unsigned pseudo_emit(uint8_t *p, bool ours, uint32_t n)
{
	const union net_ip *src = ours ? &talk.lip : &talk.rip, *dst = ours ? &talk.rip : &talk.lip;

	if (talk.v6) {
		memcpy(p, &src->v6, 16);
		memcpy(p + 16, &dst->v6, 16);
		wire_put32(p + 32, n);
		wire_put32(p + 36, IPPROTO_TCP);
		return 40;
	}
	wire_put32(p, src->v4);
	wire_put32(p + 4, dst->v4);
	wire_put16(p + 8, IPPROTO_TCP);
	wire_put16(p + 10, (uint16_t)n);
	return 12;
}

/* The MAC of a segment, hlen of it header with the option at its end, whose MAC and checksum are 0. */
static void mac_make(
	bool ours, uint32_t sne, const uint8_t *seg, unsigned hlen, unsigned len, uint8_t *mac)
{
	const struct talk_conn *c = &talk.conn[talk.c];
	struct tcp_ao_conn conn = {.v6 = talk.v6,
		.src = ours ? talk.lip : talk.rip,
		.dst = ours ? talk.rip : talk.lip,
		.sport = ours ? c->lport : c->rport,
		.dport = ours ? c->rport : c->lport,
		.src_isn = ours ? c->iss : c->peer_iss,
		.dst_isn = ours ? c->peer_iss : c->iss};
	uint8_t front[44], key[TCP_TRAFFIC_KEY_MAX];
	struct tcp_digest *d = tcp_digest_create();

	wire_put32(front, sne);
	struct tcp_span s[2] = {
		{front, 4 + pseudo_emit(front + 4, ours, hlen + len)}, {seg, hlen + len}};

	talk_check(tcp_ao_traffic_key(d, master.alg, master.key, master.len, &conn, key));
	talk_check(tcp_ao_mac(d, master.alg, key, s, 2, mac));
	tcp_digest_destroy(d);
}

/* len bytes of the peer from seq on, signed with this extension. */
static void signed_in(uint32_t seq, uint32_t len, uint32_t sne)
{
	const struct talk_conn *c = &talk.conn[talk.c];
	uint8_t opts[AO_LEN] = {29, AO_LEN, master.recv_id, master.send_id}, seg[2000];
	struct wire_tcp h = {.sport = c->rport,
		.dport = c->lport,
		.seq = c->peer_iss + seq,
		.ack = c->iss + 1,
		.hlen = WIRE_TCP_LEN + AO_LEN,
		.flags = ACK,
		.wnd = talk.peer_wnd};

	wire_tcp_emit(seg, &h);
	memset(seg + 16, 0, 2);
	memcpy(seg + WIRE_TCP_LEN, opts, sizeof(opts));
	for (uint32_t i = 0; i < len; i++)
		seg[h.hlen + i] = talk_byte(seq + i, false);
	mac_make(false, sne, seg, h.hlen, len, opts + 4);
	talk_in(ACK, .seq = seq, .ack = 1, .len = len, .opts = opts, .n_opts = sizeof(opts));
}

TALK(rules_sne, received_over_the_wrap_rfc5925_6_2)
{
	talk_up();
	talk.conn[0].peer_iss = 0u - 5000;
	guarded();
	for (uint32_t i = 0; i < 4; i++)
		signed_in(1 + 1000 * i, 1000, 0);
	signed_in(4001, 1000, 0); /* begins before the wrap: its first octet counts */
	talk_received(5000);
	signed_in(5001, 1000, 0);
	talk_eq(talk_drops(DROP_tcp_auth_bad), 1);
	signed_in(5001, 1000, 1);
	talk_received(1000);
	/* Late, and again: of before the wrap. */
	signed_in(4001, 1000, 0);
	talk_eq(talk_drops(DROP_tcp_auth_bad), 1);
	talk_check(talk_drops(DROP_tcp_dup) + talk_drops(DROP_tcp_seq) >= 1);
	signed_in(6001, 1000, 1);
	talk_received(1000);
}

/* What is ahead, beyond the wrap, while its beginning is missing. */
TALK(rules_sne, out_of_order_over_the_wrap_rfc5925_6_2)
{
	talk_up();
	talk.conn[0].peer_iss = 0u - 5000;
	guarded();
	signed_in(1, 1000, 0);
	signed_in(5001, 1000, 1);
	signed_in(1001, 1000, 0);
	signed_in(2001, 1000, 0);
	signed_in(3001, 1000, 0);
	signed_in(4001, 1000, 0);
	talk_received(6000);
	talk_eq(talk_drops(DROP_tcp_auth_bad), 0);
}

/* Our segments of data among those that the port has. */
static unsigned sent_check(uint32_t end)
{
	unsigned n = 0;

	for (unsigned i = 0; i < talk.n_kept; i++) {
		uint8_t b[TALK_FRAME], mac[TCP_AO_MAC_LEN];
		unsigned l4 = WIRE_ETH_LEN + (talk.v6 ? WIRE_IP6_LEN : WIRE_IP4_LEN),
			 total = talk.kept[i]->pkt_len;
		struct wire_tcp h;

		talk_check(total <= sizeof(b));
		if (total != 0 && rte_pktmbuf_read(talk.kept[i], 0, total, b) != b)
			memcpy(b, rte_pktmbuf_mtod(talk.kept[i], const uint8_t *), total);
		talk_check(wire_tcp_parse(b + l4, total - l4, &h) > 0);
		uint32_t seq = h.seq - talk.conn[0].iss, len = total - l4 - h.hlen;

		if (len == 0 || h.flags & (SYN | RST) || seq >= end)
			continue;
		uint8_t *opt = b + l4 + h.hlen - AO_LEN;

		talk_eq(opt[0], 29);
		talk_eq(opt[2], master.send_id);
		memset(b + l4 + 16, 0, 2);
		memcpy(mac, opt + 4, sizeof(mac));
		memset(opt + 4, 0, sizeof(mac));
		uint8_t want[TCP_AO_MAC_LEN];

		mac_make(true, h.seq < talk.conn[0].iss, b + l4, h.hlen, len, want);
		talk_check(memcmp(mac, want, sizeof(mac)) == 0);
		n++;
	}
	return n;
}

TALK(rules_sne, sent_over_the_wrap_rfc5925_6_2)
{
	talk_wrap(3000);
	talk.conf.initial_window = 10;
	guarded();
	talk.keep_tx = true;
	talk_send(6000);
	talk_check(sent_check(6001) >= 6);
	/* Sent again: that of before the wrap with its own extension. */
	talk_tx_done();
	talk_run(2 * SEC);
	talk_check(sent_check(1001) >= 1);
	talk_tx_done();
	talk.keep_tx = false;
}
