/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/*
 * Peers that want our memory: each attack meets a bound and is counted, and afterwards another
 * connection works as ever.
 */

/* Opens, sends, is answered. */
static void good_connection(void)
{
	bool slow = talk.slow_reader;

	talk_skip(NULL);
	talk.slow_reader = false;
	talk.ev_read = talk.n_evs = 0;
	talk_conn_new();
	talk_established();
	talk_in(ACK | PSH, .seq = 1, .ack = 1, .len = 700);
	talk_received(700);
	talk_send(300);
	talk_expect(ACK | PSH, .seq = 1, .ack = 701, .len = 300);
	talk_in(ACK, .seq = 701, .ack = 301);
	talk_eq(talk_tcb()->snd_queued, 0);
	talk.slow_reader = slow;
}

/* Opens and says no more: SYN-RECEIVED. */
static void half_open(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		talk_in(SYN, .mss = 1000);
		talk_check(talk.tcp->n_half_open <= talk.conf.half_open);
		talk_conn_new();
	}
}

TALK(attack, half_open_table_rfc4987_3_4)
{
	talk.lenient = true;
	talk.conf.syn_cookies = TCP_COOKIES_NEVER;
	talk_listen();
	half_open(40);
	talk_eq(talk.tcp->n_half_open, 16);
	talk_eq(talk_count(CNT_tcp_half_open_evicted), 24);
	talk_eq(talk.tcp->n_tcb, 0);
	talk_eq(heap_pool_avail(talk.mp), TALK_POOL);
	good_connection();
	talk_run(200 * SEC); /* synack_tries are over */
	talk_eq(talk.tcp->n_half_open, 0);
}

TALK(attack, half_open_table_cookies_rfc4987_3_6)
{
	talk.lenient = true;
	talk_listen();
	half_open(40);
	talk_eq(talk.tcp->n_half_open, 16);
	talk_eq(talk_count(CNT_tcp_half_open_evicted), 0);
	talk_eq(talk_count(CNT_tcp_syn_cookies_sent), 24);
	good_connection();
}

/* Opens for good and says no more: a block each, no buffer, until there is none left. */
TALK(attack, idle_connections_cve_2008_4609)
{
	talk.lenient = true;
	talk.conf.connections = 16;
	talk.conf.keepalive = true;
	talk_listen();
	for (unsigned i = 0; i < 30; i++) {
		talk_in(SYN, .mss = 1000);
		talk_skip(NULL);
		talk_in(ACK, .seq = 1, .ack = 1);
		talk_check(talk.tcp->n_tcb <= 16);
		talk_conn_new();
	}
	talk_eq(talk.tcp->n_tcb, 16);
	talk_check(talk_drops(DROP_tcp_no_tcb) >= 14);
	talk_eq(heap_pool_avail(talk.mp), TALK_POOL);
	/* Keep-alive finds that there is nobody. */
	talk_run(2 * 7200 * SEC);
	talk_eq(talk_count(CNT_tcp_keepalive_drops), 16);
	good_connection();
}

/* 64 and four times the receive buffer (hold.c); a burst may come before it is noticed. */
#define HELD_MOST (64 + 4 * 65535 / 2048 + 64)

/* len bytes in segments of 'each', in bursts of 'burst'. */
static void trickle(uint32_t from, uint32_t len, uint32_t each, unsigned burst)
{
	unsigned n = 0;

	for (uint32_t at = from; at < from + len; at += each, n++) {
		talk_in(ACK, .seq = at, .ack = 1, .len = each,
			.hold = at + each < from + len && n % burst != burst - 1);
		talk.n_out = talk.out_read = 0;
	}
	talk.ev_read = talk.n_evs = 0;
}

static uint32_t rcv_nxt(void)
{
	return talk_tcb()->rcv_nxt - talk.conn[talk.c].peer_iss;
}

static void sends_octets(unsigned burst)
{
	talk.lenient = true;
	talk.slow_reader = true;
	talk_established();
	for (uint32_t i = 0; i < 20; i++)
		trickle(1 + 500 * i, 500, 1, burst);
	talk_check(talk.rx_bufs >= 64 && talk.rx_bufs <= HELD_MOST);
	talk_check(talk_drops(DROP_tcp_unread_full) > 0);
	talk_eq(talk_tcb()->rcv_unread, rcv_nxt() - 1);
	/* What waits behind the dropped one is put together. */
	talk_check(talk.tcp->ooo_bufs <= 1 + 10000 / 512);
}

static void dropped_comes_again(void)
{
	uint32_t edge = talk_tcb()->rcv_adv;

	/* Still no room: dropped again, nothing is taken back of the window. */
	trickle(rcv_nxt(), 1, 1, 1);
	talk_check(seq_geq(talk_tcb()->rcv_adv, edge));
	talk.slow_reader = false;
	talk_consume(talk_tcb()->rcv_unread);
	trickle(rcv_nxt(), 10001 - rcv_nxt(), 1, 1);
	talk_eq(rcv_nxt(), 10001); /* each byte was looked at */
	talk_eq(talk_tcb()->rcv_unread, 0);
	talk_eq(talk.tcp->ooo_bufs, 0);
	talk_in(ACK, .seq = 10001, .ack = 1, .len = 1000);
	talk_check(!(talk_tcb()->flags & TF_HOLDS));
	talk_received(1000);
}

TALK(attack, octets_unread_one_a_turn_rfc9293_3_8_6)
{
	sends_octets(1);
	dropped_comes_again();
	good_connection();
}

TALK(attack, octets_unread_in_bursts_rfc9293_3_8_6)
{
	sends_octets(32);
	dropped_comes_again();
	good_connection();
}

/* While the bound is reached. */
TALK(attack, octets_unread_do_not_harm_others_rfc9293_3_8_6)
{
	sends_octets(1);
	good_connection();
}

/* Whole segments among them make no difference, nor an application that reads a little. */
TALK(attack, octets_unread_between_segments_rfc9293_3_8_6)
{
	uint32_t at = 1;

	talk.lenient = true;
	talk.slow_reader = true;
	talk_established();
	for (unsigned i = 0; i < 30 && rcv_nxt() == at; i++) {
		trickle(at, 1000, 1000, 1);
		trickle(at + 1000, 32, 1, 32);
		at += 1032;
		talk_consume(1);
	}
	talk_check(talk.rx_bufs <= HELD_MOST);
	talk_check(talk_drops(DROP_tcp_unread_full) > 0);
	good_connection();
}

/* An application that gives back the older half all the time may go on for ever. */
TALK(attack, slow_reader_of_octets_is_served_rfc9293_3_8_6)
{
	talk.lenient = true;
	talk.slow_reader = true;
	talk_established();
	for (uint32_t i = 0; i < 200; i++) {
		trickle(1 + 20 * i, 20, 1, 1);
		if (talk_tcb()->rcv_unread > 40)
			talk_consume(20);
	}
	talk_eq(rcv_nxt(), 4001);
	talk_eq(talk_drops(DROP_tcp_unread_full), 0);
}

/* A window of whole segments is taken, whoever reads it. */
TALK(attack, window_of_segments_unread_must_not_drop_rfc9293_3_8_6)
{
	talk.lenient = true;
	talk.slow_reader = true;
	talk_established();
	trickle(1, 65500, 500, 32);
	talk_eq(rcv_nxt(), 65501);
	talk_eq(talk_drops(DROP_tcp_unread_full), 0);
}

/* Never reads: the queue has a bound, and the core keeps a quarter of its buffers. */
TALK(attack, window_never_opened_rfc6429_3)
{
	unsigned full = 0;

	talk.lenient = true;
	talk.conf.persist_us = 300 * SEC;
	talk.opts.sndbuf = 262144;
	talk_listen();
	for (unsigned i = 0; i < 20; i++) {
		talk_in(SYN, .mss = 1000);
		talk_skip(NULL);
		talk_in(ACK, .seq = 1, .ack = 1, .wnd = TALK_ZERO);
		talk_check(talk_send(1000000) <= 262144);
		talk_check(talk.tcp->tx_bufs <= talk.tcp->tx_bufs_max);
		full += talk_tcb()->snd_queued != 0;
		talk_conn_new();
	}
	talk_check(heap_pool_avail(talk.mp) >= TALK_POOL / 4);
	for (unsigned s = 0; s < 400; s++) { /* it answers */
		talk_run(1 * SEC);
		talk_skip(NULL);
		for (unsigned i = 0; i < 20; i++) {
			talk_conn_use(i);
			if (talk.conn[i].t != NULL)
				talk_in(ACK, .seq = 1, .ack = 1, .wnd = TALK_ZERO);
		}
		talk_skip(NULL);
	}
	talk_check(talk_count(CNT_tcp_wnd_probes) > 0);
	talk_eq(talk_count(CNT_tcp_persist_drops), full);
	talk_check(full > 10);
	talk_eq(talk.tcp->tx_bufs, 0);
	good_connection();
}

/* Every second octet, for ever. */
TALK(attack, holes_rfc5681_4_2_cve_2018_5390)
{
	talk.lenient = true;
	talk.conf.ooo_max = 64;
	talk_established();
	for (uint32_t i = 0; i < 500; i++) {
		talk_in(ACK, .seq = 3 + 2 * i, .ack = 1, .len = 1);
		talk_check(talk_tcb()->xr->ooo_bufs <= 64);
		talk_skip(NULL);
	}
	talk_eq(talk_drops(DROP_tcp_ooo_full), 500 - 64);
	good_connection();
	talk_conn_use(0);
	for (uint32_t i = 0; i < 500; i++) {
		talk_in(ACK, .seq = 1 + 2 * i, .ack = 1, .len = 2);
		talk_skip(NULL);
	}
	talk_eq(rcv_nxt(), 1001);
	talk_eq(talk.tcp->ooo_bufs, 0);
}

/* All connections together: a quarter of the pool. */
TALK(attack, holes_of_many_connections_cve_2018_5390)
{
	talk.lenient = true;
	for (unsigned c = 0; c < 10; c++) {
		if (c > 0)
			talk_conn_new();
		talk_established();
		for (uint32_t i = 0; i < 200; i++) {
			talk_in(ACK, .seq = 3 + 2 * i, .ack = 1, .len = 1);
			talk_skip(NULL);
		}
		talk_check(talk.tcp->ooo_bufs <= TALK_POOL / 4);
	}
	talk_check(talk_drops(DROP_tcp_ooo_full) >= 2000 - TALK_POOL / 4);
	good_connection();
}

/* Filled in one by one, what had its own buffer each: the application gets few. */
TALK(attack, holes_filled_in_cve_2018_5390)
{
	talk.lenient = true;
	talk.slow_reader = true;
	talk_established();
	for (uint32_t i = 0; i < 200; i++) {
		talk_in(ACK, .seq = 3 + 2 * i, .ack = 1, .len = 1);
		talk_skip(NULL);
	}
	for (uint32_t i = 1; i < 200; i++) {
		talk_in(ACK, .seq = 2 + 2 * i, .ack = 1, .len = 1);
		talk_skip(NULL);
	}
	talk_in(ACK, .seq = 1, .ack = 1, .len = 2);
	talk_eq(rcv_nxt(), 402);
	talk_check(talk.rx_bufs <= 4);
	good_connection();
}

/* Each covers half of the one before it. */
TALK(attack, overlapping_octets_cve_2018_5390)
{
	talk.lenient = true;
	talk_established();
	for (uint32_t i = 0; i < 900; i++) {
		talk_in(ACK, .seq = 11 + 2 * i, .ack = 1, .len = 4);
		talk_check(talk_tcb()->xr->ooo_bufs <= 2);
		talk_skip(NULL);
	}
	for (uint32_t i = 0; i < 900; i++) {
		talk_in(ACK, .seq = 11 + i, .ack = 1, .len = 7);
		talk_skip(NULL);
	}
	talk_check(talk_drops(DROP_tcp_dup) >= 890);
	talk_in(ACK, .seq = 1, .ack = 1, .len = 10);
	talk_eq(rcv_nxt(), 1813);
	good_connection();
}

static unsigned stretches(void)
{
	unsigned n = 0;

	for (const struct txseg *s = talk_tcb()->una_seg; s != NULL; s = s->next)
		n++;
	return n;
}

/* Blocks of a few octets here and there cut the queue into pieces: of 64 bytes at the least. */
TALK(attack, sack_pieces_cve_2019_11478)
{
	unsigned before;

	talk.lenient = true;
	talk.sack = true;
	talk_established();
	talk_send(10000);
	talk_skip(NULL);
	before = stretches();
	for (uint32_t i = 0; i < 2000; i++) {
		uint32_t at = 1 + i * 37 % 9900;

		talk_in(ACK, .seq = 1, .ack = 1, .sack = {{at + 1, at + 2}, {at + 40, at + 41}});
		talk_skip(NULL);
		talk_check(stretches() <= before + 10000 / 64);
	}
	good_connection();
	talk_conn_use(0);
	talk_in(ACK, .seq = 1, .ack = 10001);
	talk_eq(talk_tcb()->snd_queued, 0);
}

/* Blocks of what was never sent change nothing, and are counted. */
TALK(attack, sack_of_nothing_rfc2018_5)
{
	unsigned before;

	talk.lenient = true;
	talk.sack = true;
	talk_established();
	talk_send(5000);
	talk_skip(NULL);
	before = stretches();
	for (uint32_t i = 0; i < 1000; i++) {
		talk_in(ACK, .seq = 1, .ack = 1,
			.sack = {{100000 + i, 200000}, {3000, 2000}, {0x80000000 + i, 5}});
		talk_skip(NULL);
	}
	talk_check(talk_count(CNT_tcp_sack_bad) >= 1000);
	talk_eq(stretches(), before);
	good_connection();
}

/* Answers are few, and cost another connection none of its own. */
TALK(attack, challenge_flood_rfc5961_7_cve_2016_5696)
{
	unsigned answers = 0, n;

	talk.lenient = true;
	talk_established();
	for (unsigned i = 0; i < 1000; i++) {
		talk_in(i & 1 ? SYN : RST, .seq = 2 + i);
		talk_skip(&n);
		answers += n;
	}
	talk_eq(answers, 10);
	talk_eq(talk_count(CNT_tcp_answers_limited), 990);
	talk_eq(heap_pool_avail(talk.mp), TALK_POOL);
	talk_state("ESTABLISHED");
	good_connection();
	talk_in(SYN, .seq = 100);
	talk_skip(&n);
	talk_eq(n, 1);
}

/* Errors that quote what was not sent: nothing changes; what was sent: noted only. */
TALK(attack, icmp_flood_rfc5927_4_1)
{
	uint16_t mss;

	talk.lenient = true;
	talk_established();
	talk_send(1000);
	talk_skip(NULL);
	mss = talk_tcb()->mss;
	for (uint32_t i = 0; i < 1000; i++) {
		if (talk.v6) {
			talk_icmp(WIRE_ICMP6_TOO_BIG, 0, 1280, 50000 + i);
			talk_icmp(WIRE_ICMP6_UNREACH, WIRE_ICMP6_UNREACH_PORT, 0, 1);
		} else {
			talk_icmp(WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_NEEDFRAG, 600, 50000 + i);
			talk_icmp(WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_PORT, 0, 1);
		}
		talk_eq(talk_skip(NULL), 0);
	}
	talk_eq(talk_tcb()->mss, mss);
	talk_eq(talk_count(CNT_tcp_pmtu_updates), 0);
	talk_check(talk_count(CNT_tcp_icmp_soft) >= 1);
	talk_state("ESTABLISHED");
	talk_in(ACK, .seq = 1, .ack = 1001);
	talk_eq(heap_pool_avail(talk.mp), TALK_POOL);
	good_connection();
}

/* Reads an octet at a time and tells of each: not one segment an octet, and the queue's bound holds. */
TALK(attack, reads_octets_rfc9293_3_8_6_2_1)
{
	uint32_t una = 1;
	unsigned segs = 0, n;

	talk.lenient = true;
	talk.opts.sndbuf = 65536;
	talk_established();
	talk_check(talk_send(100000) <= 65536);
	talk_skip(NULL);
	for (unsigned i = 0; i < 1000; i++) {
		talk_run(10 * MS);
		una = talk_tcb()->snd_max - talk.conn[talk.c].iss;
		talk_in(ACK, .seq = 1, .ack = una, .wnd = i == 0 ? TALK_ZERO : 1);
		talk_skip(&n);
		segs += i == 0 ? 0 : n;
		talk_check(talk_tcb()->snd_queued <= 65536);
	}
	/* Ten seconds: what the override timeout (section 3.8.6.2.1) lets go, an octet each. */
	talk_check(segs <= 60);
	talk_check(talk_count(CNT_tcp_wnd_probes) + segs > 0);
	talk_check(talk.tcp->tx_bufs <= talk.tcp->tx_bufs_max);
	good_connection();
}

/* Takes what it asked for and says no more, each of many: after R2 all is back. */
TALK(attack, stalls_for_good_rfc9293_3_8_3)
{
	talk.lenient = true;
	talk.opts.sndbuf = 262144;
	talk_listen();
	for (unsigned i = 0; i < 20; i++) {
		talk_in(SYN, .mss = 1000);
		talk_skip(NULL);
		talk_in(ACK, .seq = 1, .ack = 1);
		talk_check(talk_send(1000000) <= 262144);
		talk_check(talk.tcp->tx_bufs <= talk.tcp->tx_bufs_max);
		talk_skip(NULL);
		talk_conn_new();
	}
	talk_check(heap_pool_avail(talk.mp) >= TALK_POOL / 4);
	for (unsigned s = 0; s < 2000; s++) {
		talk_run(SEC);
		talk_skip(NULL);
	}
	talk_check(talk_count(CNT_tcp_timeouts) > 10);
	talk_eq(talk.tcp->tx_bufs, 0);
	good_connection();
}
