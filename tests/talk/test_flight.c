/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/*
 * A whole flight is lost: one timeout, then slow start through all of it (RFC 5681 section 3.1, RFC 6675
 * section 5.1), whatever else is said and whatever waits to be sent. TCP-11.13. The peer's MSS is 1000.
 */

#define RTT	    (10 * MS)
#define FLIGHT	    10
#define FLIGHT_END  (1001 + 1000 * FLIGHT)
#define FLIGHT_WAIT (2 * SEC)

struct path {
	bool sack; /* agreed on */
	bool tell; /* the peer says what is out of order, or only acknowledges again */
	bool bad;  /* bogus blocks come before the timeout */
	bool ts;
	uint32_t unsent; /* octets that wait because the window is full */
};

static bool got[1 << 16]; /* segments of the peer, by their first octet */

/* The end of what has arrived in a row from seq on. */
static uint32_t run_end(uint32_t seq)
{
	while (got[seq])
		seq++;
	return seq;
}

static void answer(const struct path *p, uint32_t una, uint32_t seq)
{
	if (p->tell && p->sack && seq > una)
		talk_in(ACK, .seq = 1, .ack = una, .sack = {{seq, run_end(seq)}});
	else
		talk_in(ACK, .seq = 1, .ack = una);
}

/* The path is whole again: each segment is acknowledged a round trip later. Returns when all before
 * end was there, 0: not in time. */
static uint64_t path_whole(const struct path *p, uint32_t end)
{
	uint64_t until = talk.env.now_us + FLIGHT_WAIT;
	uint32_t una = 1001;

	while (talk.env.now_us < until) {
		uint32_t seqs[64];
		unsigned n = 0;

		for (const struct talk_out *o; (o = talk_next_out()) != NULL && n < 64;)
			if (o->len != 0) {
				seqs[n] = o->h.seq - talk.conn[0].iss;
				memset(got + seqs[n++], 1, o->len);
			}
		talk_run(RTT);
		for (unsigned i = 0; i < n; i++) {
			una = run_end(una);
			answer(p, una, seqs[i]);
		}
		if (una >= end)
			return talk.env.now_us;
	}
	return 0;
}

static void bad_blocks(void)
{
	talk_in(ACK, .seq = 1, .ack = 1001, .sack = {{90001, 91001}});
	talk_in(ACK, .seq = 1, .ack = 1001, .sack = {{5001, 4001}});
	talk_in(ACK, .seq = 1, .ack = 1001, .sack = {{(uint32_t)-50000, (uint32_t)-40000}});
}

static void lose_flight(const struct path *p)
{
	talk.sack = p->sack;
	talk.ts = p->ts;
	talk.lenient = true;
	talk.conf.initial_window = FLIGHT;
	talk_established();
	talk_send(1000);
	talk_skip(NULL);
	talk_advance(RTT);
	talk_in(ACK, .seq = 1, .ack = 1001);
	talk_send(1000 * FLIGHT);
	if (p->unsent)
		talk_send(p->unsent);
	if (p->bad)
		bad_blocks();
	talk_skip(NULL);
	uint16_t mss = talk_tcb()->mss;

	while (talk_count(CNT_tcp_rexmt_timeouts) == 0) {
		talk_skip(NULL);
		talk_run(1 * MS);
	}
	uint64_t start = talk.env.now_us, end;

	memset(got, 0, sizeof(got));
	end = path_whole(p, FLIGHT_END);
	talk_check(end != 0);
	/* F-RTO costs two round trips; 1, 2, 4 and 8 segments are four. */
	talk_check(end - start <= 8 * RTT);
	talk_eq(talk_count(CNT_tcp_rexmt_timeouts), 1);
	talk_eq(talk_tcb()->mss, mss);
	talk_eq(talk_count(CNT_tcp_pmtu_black_holes), 0);
	talk_eq(talk_count(CNT_tcp_undo_frto) + talk_count(CNT_tcp_undo_eifel), 0);
}

#define FLIGHT_LOST(name, ...)                            \
	TALK(flight, name)                                \
	{                                                 \
		lose_flight(&(struct path){__VA_ARGS__}); \
	}

FLIGHT_LOST(plain, .sack = false)
FLIGHT_LOST(unsent, .unsent = 10000)
FLIGHT_LOST(unsent_ts, .unsent = 10000, .ts = true)
FLIGHT_LOST(sack, .sack = true, .tell = true)
FLIGHT_LOST(sack_bad, .sack = true, .tell = true, .bad = true)
FLIGHT_LOST(sack_unsent, .sack = true, .tell = true, .unsent = 10000)
FLIGHT_LOST(sack_unsent_bad, .sack = true, .tell = true, .unsent = 10000, .bad = true)
FLIGHT_LOST(sack_silent, .sack = true)
FLIGHT_LOST(sack_silent_unsent, .sack = true, .unsent = 10000)
FLIGHT_LOST(sack_silent_unsent_bad, .sack = true, .unsent = 10000, .bad = true)
FLIGHT_LOST(sack_silent_unsent_bad_ts, .sack = true, .unsent = 10000, .bad = true, .ts = true)
FLIGHT_LOST(nagle, .unsent = 300)
FLIGHT_LOST(sack_nagle, .sack = true, .tell = true, .unsent = 300)

static void expect_seg(uint32_t seq)
{
	const struct talk_out *o = talk_next_out();

	talk_check(o != NULL && o->len == 1000);
	talk_eq(o->h.seq - talk.conn[0].iss, seq);
}

static void timeout_again(void)
{
	uint64_t n = talk_count(CNT_tcp_rexmt_timeouts);

	talk_skip(NULL);
	while (talk_count(CNT_tcp_rexmt_timeouts) == n)
		talk_run(1 * MS);
}

/* RFC 5682 section 2.1 step 1: the second timeout in a recovery is not doubted: old data goes, not new. */
TALK(flight, second_timeout_rfc5682_2_1)
{
	talk.lenient = true;
	talk.conf.initial_window = FLIGHT;
	talk_established();
	talk_send(20000);
	timeout_again();
	expect_seg(1);
	talk_in(ACK, .seq = 1, .ack = 1001);
	expect_seg(10001); /* (2b) */
	timeout_again();
	expect_seg(1001);
	talk_in(ACK, .seq = 1, .ack = 2001);
	expect_seg(2001);
	expect_seg(3001);
}

/* Timeouts of different data do not add up to a black hole (RFC 4821 section 7.7). */
TALK(flight, timeouts_with_progress_are_no_black_hole)
{
	talk.lenient = true;
	talk_listen();
	talk_in(SYN, .mss = 1440);
	talk_expect(SYN | ACK, .ack = 1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	uint16_t mss = talk_tcb()->mss;

	talk_send(6 * mss);
	for (unsigned i = 1; i <= 4; i++) {
		timeout_again();
		talk_in(ACK, .seq = 1, .ack = 1 + i * mss);
	}
	talk_check(talk_tcb()->backoff > 2); /* Karn: no sample (RFC 6298 section 5) */
	talk_eq(talk_tcb()->mss, mss);
	talk_eq(talk_count(CNT_tcp_pmtu_black_holes), 0);
}

/* A sample by timestamps takes the backoff back (RFC 6298 section 5, RFC 7323 section 4.1). */
TALK(flight, backoff_taken_back_by_timestamps)
{
	talk.ts = talk.lenient = true;
	talk_established();
	talk_send(4000);
	timeout_again();
	timeout_again();
	talk_check(talk_tcb()->backoff == 2);
	talk_run(RTT);
	talk_in(ACK, .seq = 1, .ack = 989);
	talk_check(talk_tcb()->backoff == 0);
}
