/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* Path MTU by our own means: RFC 4821, RFC 8899; RFC 1191 and RFC 8201 are in test_icmp.c. */

#define OVERHEAD (talk.v6 ? 60u : 40u)
#define BASE	 (talk.v6 ? 1280u : 1064u)
#define FULL	 (1500u - OVERHEAD)

static void open_full(void)
{
	talk_listen();
	talk_in(SYN, .mss = 1460);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
}

static uint32_t sent_up_to(void)
{
	return talk_tcb()->snd_max - talk.conn[0].iss;
}

/* A path that lets nothing through that is larger than mtu, and a receiver behind it that acknowledges
 * each segment and keeps what is out of order. */
static uint32_t path_una;
static bool path_got[1 << 21];

static void path_run(uint32_t mtu, uint64_t us)
{
	uint64_t end = talk.env.now_us + us;

	while (talk.env.now_us < end) {
		const struct talk_out *o = talk_next_out();

		if (o == NULL) {
			talk.n_out = talk.out_read = 0;
			talk_run(10 * MS);
			continue;
		}
		struct talk_out seg = *o;
		uint32_t seq = seg.h.seq - talk.conn[0].iss;

		if (seg.len == 0 || seg.len + OVERHEAD > mtu)
			continue;
		memset(path_got + seq, 1, seg.len);
		while (path_got[path_una])
			path_una++;
		talk_run(1 * MS);
		talk_in(ACK, .seq = 1, .ack = path_una);
	}
}

static void begin(void)
{
	talk.lenient = true;
	path_una = 1;
}

static void feed(uint32_t n)
{
	while (n > 0) {
		uint32_t k = RTE_MIN(n, 20000u);

		talk_send(k);
		n -= k;
	}
}

/* Large segments vanish, without any ICMP error: smaller ones are tried (RFC 4821 section 7.7). */
TALK(pmtu, black_hole_rfc4821_7_7)
{
	begin();
	open_full();
	feed(8000);
	path_run(1400, 20 * SEC);
	talk_eq(path_una, 8001);
	talk_eq(talk_count(CNT_tcp_pmtu_black_holes), 1);
	talk_check(talk_tcb()->mss + OVERHEAD <= 1400);
	talk_check(talk_tcb()->mss + OVERHEAD >= BASE);
}

TALK(pmtu, black_hole_detection_off)
{
	begin();
	talk.conf.mtu_probing = TCP_MTU_PROBING_OFF;
	open_full();
	feed(8000);
	path_run(1400, 20 * SEC);
	talk_eq(path_una, 1);
	talk_eq(talk_count(CNT_tcp_pmtu_black_holes), 0);
	talk_eq(talk_tcb()->mss, FULL);
}

/* Then the largest size that passes is found, with real data (RFC 4821 section 7.3). */
TALK(pmtu, search_finds_the_path_rfc4821_7_3)
{
	begin();
	open_full();
	feed(20000);
	path_run(1400, 20 * SEC);
	for (unsigned i = 0; i < 60; i++) {
		feed(20000);
		path_run(1400, 3 * SEC);
	}
	talk_eq(path_una, talk.conn[0].app_sent + 1);
	uint32_t mtu = talk_tcb()->mss + OVERHEAD;

	talk_check(mtu <= 1400 && mtu + 16 >= 1400);
	talk_check(talk_count(CNT_tcp_pmtu_probes) <= 10);
	talk_check(talk_count(CNT_tcp_pmtu_probes_lost) >= 1);
	talk_eq(talk_count(CNT_tcp_pmtu_black_holes), 1);
}

/* A path that was broken for a while gets its size back, when the time has come (RFC 8899 5.1.1). */
TALK(pmtu, raised_again_rfc8899_5_1_1)
{
	begin();
	open_full();
	feed(8000);
	path_run(1300, 20 * SEC);
	for (unsigned i = 0; i < 30; i++) {
		feed(20000);
		path_run(1300, 3 * SEC);
	}
	talk_check(talk_tcb()->mss + OVERHEAD <= 1300);
	path_run(1500, 620 * SEC);
	for (unsigned i = 0; i < 3; i++) {
		feed(20000);
		path_run(1500, 3 * SEC);
	}
	talk_eq(talk_tcb()->mss, FULL);
	talk_eq(talk_tcb()->pmtu, 0);
	talk_eq(path_una, talk.conn[0].app_sent + 1);
}

/* A path that is down altogether is not taken for a narrow one for longer than it takes to see. */
TALK(pmtu, path_down_is_no_black_hole)
{
	begin();
	open_full();
	feed(8000);
	path_run(0, 20 * SEC);
	for (unsigned i = 0; i < 12; i++) {
		feed(20000);
		path_run(1500, 10 * SEC);
	}
	talk_eq(path_una, talk.conn[0].app_sent + 1);
	talk_check(talk_tcb()->mss + OVERHEAD + 16 >= 1500);
}

/* Small segments that are lost say nothing about sizes. */
TALK(pmtu, small_segments_lost)
{
	begin();
	open_full();
	feed(500);
	path_run(0, 30 * SEC);
	talk_eq(talk_count(CNT_tcp_pmtu_black_holes), 0);
	talk_eq(talk_tcb()->mss, FULL);
}

TALK(pmtu, from_the_start_rfc4821_7_2)
{
	begin();
	talk.conf.mtu_probing = TCP_MTU_PROBING_ALWAYS;
	open_full();
	talk_eq(talk_tcb()->mss, BASE - OVERHEAD);
	for (unsigned i = 0; i < 20; i++) {
		feed(20000);
		path_run(1500, 1 * SEC);
	}
	talk_eq(talk_tcb()->mss, FULL);
	talk_eq(talk_count(CNT_tcp_rexmt_timeouts), 0);
}

/* What ICMP said is forgotten after ten minutes (RFC 1191 section 6.3), with probing or without. */
static void icmp_forgotten(uint8_t probing)
{
	begin();
	talk.conf.mtu_probing = probing;
	open_full();
	talk_send(2 * FULL);
	talk_skip(NULL);
	if (talk.v6)
		talk_icmp(WIRE_ICMP6_TOO_BIG, 0, 1300, 1);
	else
		talk_icmp(WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_NEEDFRAG, 1300, 1);
	talk_eq(talk_tcb()->mss, 1300 - OVERHEAD);
	path_run(1300, 5 * SEC);
	for (unsigned i = 0; i < 10; i++) {
		feed(20000);
		path_run(1300, 3 * SEC);
	}
	talk_eq(talk_tcb()->mss, 1300 - OVERHEAD);
	talk_eq(talk_count(CNT_tcp_pmtu_probes), 0);
	path_run(1500, 620 * SEC);
	for (unsigned i = 0; i < 3; i++) {
		feed(20000);
		path_run(1500, 3 * SEC);
	}
	talk_eq(talk_tcb()->mss, FULL);
	talk_eq(sent_up_to(), talk.conn[0].app_sent + 1);
}

TALK(pmtu, icmp_forgotten_rfc1191_6_3)
{
	icmp_forgotten(TCP_MTU_PROBING_OFF);
}

TALK(pmtu, icmp_forgotten_with_probing_rfc8899_5_1_1)
{
	icmp_forgotten(TCP_MTU_PROBING_BLACK_HOLE);
}

/* The floor of the configuration holds against forged errors (RFC 5927 section 7.2). */
TALK4(pmtu, floor_rfc5927_7_2_tcp_14_06)
{
	begin();
	talk.conf.mtu_floor = 1000;
	open_full();
	talk_send(FULL);
	talk_skip(NULL);
	talk_icmp(WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_NEEDFRAG, 68, 1);
	talk_eq(talk_tcb()->mss, 960);
}

/* With SACK: the small tail of the flight, which nobody tells of, vanished too. */
TALK(pmtu, small_segments_vanish_too_rfc8899_4_3)
{
	begin();
	talk_listen();
	talk_in(SYN, .mss = 1460, .sack_ok = true);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	feed(8000);
	path_run(0, 20 * SEC);
	talk_eq(talk_tcb()->mss, FULL);
	talk_eq(talk_count(CNT_tcp_pmtu_black_holes), 0);
}
