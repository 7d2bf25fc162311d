/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* What we tell of data beyond a hole (RFC 2018) and of what came twice (RFC 2883); catalogue TCP-11. */

#define NO_SACK WIRE_TCP_OPT_SACK /* .without */

static void in(uint32_t seq, uint32_t len)
{
	talk_in(ACK, .seq = seq, .ack = 1, .len = len);
}

TALK(sack, not_agreed_on_rfc2018_3_tcp_11_03)
{
	talk_established();
	in(101, 100);
	talk_expect(ACK, .seq = 1, .ack = 1, .without = NO_SACK);
}

/* TCP-11.04: the first block holds the segment that caused the ACK, and how far its range reaches. */
TALK(sack, first_block_is_the_latest_rfc2018_4_tcp_11_04)
{
	talk.sack = true;
	talk_established();
	in(101, 100);
	talk_expect(ACK, .seq = 1, .ack = 1, .sack = {{101, 201}});
	in(401, 100);
	talk_expect(ACK, .seq = 1, .ack = 1, .sack = {{401, 501}, {101, 201}});
	in(201, 50);
	talk_expect(ACK, .seq = 1, .ack = 1, .sack = {{101, 251}, {401, 501}});
	in(351, 50);
	talk_expect(ACK, .seq = 1, .ack = 1, .sack = {{351, 501}, {101, 251}});
	/* The ranges meet. */
	in(251, 100);
	talk_expect(ACK, .seq = 1, .ack = 1, .sack = {{101, 501}});
	in(1, 100);
	talk_expect(ACK, .seq = 1, .ack = 501, .without = NO_SACK);
	talk_received(500);
}

/* TCP-11.05: as many as fit, the most recently reported again. */
TALK(sack, four_blocks_rfc2018_4_tcp_11_05)
{
	talk.sack = true;
	talk_established();
	for (unsigned i = 0; i < 5; i++) {
		in(101 + 200 * i, 100);
		talk_skip(NULL);
	}
	in(2001, 10);
	talk_expect(ACK, .seq = 1, .ack = 1,
		.sack = {{2001, 2011}, {901, 1001}, {701, 801}, {501, 601}});
	/* The oldest is told of again when it changes. */
	in(201, 10);
	talk_expect(ACK, .seq = 1, .ack = 1,
		.sack = {{101, 211}, {2001, 2011}, {901, 1001}, {701, 801}});
	in(1, 100);
	talk_expect(ACK, .seq = 1, .ack = 211,
		.sack = {{2001, 2011}, {901, 1001}, {701, 801}, {301, 401}});
}

/* TCP-11.06: three beside timestamps. */
TALK(sack, three_blocks_with_timestamps_rfc2018_3_tcp_11_06)
{
	talk.sack = talk.ts = true;
	talk_established();
	for (unsigned i = 0; i < 3; i++) {
		in(101 + 200 * i, 100);
		talk_skip(NULL);
	}
	in(1001, 10);
	talk_expect(ACK, .seq = 1, .ack = 1, .sack = {{1001, 1011}, {501, 601}, {301, 401}},
		.with = WIRE_TCP_OPT_TS);
}

/* One ACK a burst tells of all that changed in it ... */
TALK(sack, one_ack_a_burst)
{
	talk.sack = true;
	talk_established();
	for (unsigned i = 0; i < 3; i++)
		talk_in(ACK, .seq = 1001 + 1000 * i, .ack = 1, .len = 1000, .hold = true);
	in(5001, 1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .sack = {{5001, 6001}, {1001, 4001}});
}

/* ... and more than one, where it has no room for that. */
TALK(sack, more_acks_for_more_ranges_than_fit)
{
	talk.sack = true;
	talk_established();
	for (unsigned i = 0; i < 5; i++)
		talk_in(ACK, .seq = 101 + 200 * i, .ack = 1, .len = 100, .hold = true);
	in(1101, 100);
	talk_expect(
		ACK, .seq = 1, .ack = 1, .sack = {{701, 801}, {501, 601}, {301, 401}, {101, 201}});
	talk_expect(ACK, .seq = 1, .ack = 1,
		.sack = {{1101, 1201}, {901, 1001}, {701, 801}, {501, 601}});
}

/* TCP-11.09: received before and acknowledged. */
TALK(sack, duplicate_below_rfc2883_4_1_tcp_11_09)
{
	talk.sack = true;
	talk_established();
	in(1, 100);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 101, .without = NO_SACK);
	in(1, 100);
	talk_expect(ACK, .seq = 1, .ack = 101, .sack = {{1, 101}});
	/* Told once. */
	in(101, 100);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 201, .without = NO_SACK);
}

TALK(sack, duplicate_below_with_a_hole_rfc2883_4_1_2)
{
	talk.sack = true;
	talk_established();
	in(1, 100);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 101);
	in(201, 100);
	talk_expect(ACK, .seq = 1, .ack = 101, .sack = {{201, 301}});
	in(1, 100);
	talk_expect(ACK, .seq = 1, .ack = 101, .sack = {{1, 101}, {201, 301}});
	in(201, 100);
	talk_expect(ACK, .seq = 1, .ack = 101, .sack = {{201, 301}, {201, 301}});
}

/* The part of a segment that came before, below the window ... */
TALK(sack, partial_duplicate_below_rfc2883_4_2_1)
{
	talk.sack = true;
	talk_established();
	in(1, 100);
	talk_expect_after(40 * MS, ACK, .seq = 1, .ack = 101);
	in(301, 100);
	talk_expect(ACK, .seq = 1, .ack = 101, .sack = {{301, 401}});
	in(51, 100);
	talk_expect(ACK, .seq = 1, .ack = 151, .sack = {{51, 101}, {301, 401}});
}

/* ... and beyond a hole. */
TALK(sack, partial_duplicate_beyond_rfc2883_4_2_2)
{
	talk.sack = true;
	talk_established();
	in(501, 500);
	talk_expect(ACK, .seq = 1, .ack = 1, .sack = {{501, 1001}});
	in(801, 400);
	talk_expect(ACK, .seq = 1, .ack = 1, .sack = {{801, 1001}, {501, 1201}});
}

/* What was told of is kept: never taken back (RFC 2018 section 8). */
TALK(sack, no_reneging_rfc2018_8)
{
	talk.sack = true;
	talk.conf.ooo_max = 2;
	talk_established();
	in(1001, 1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .sack = {{1001, 2001}});
	in(3001, 1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .sack = {{3001, 4001}, {1001, 2001}});
	/* There is no room for more, nor is any made. */
	in(5001, 1000);
	talk_expect(ACK, .seq = 1, .ack = 1, .sack = {{3001, 4001}, {1001, 2001}});
	talk_eq(talk_drops(DROP_tcp_ooo_full), 1);
	in(1, 1000);
	talk_expect(ACK, .seq = 1, .ack = 2001, .sack = {{3001, 4001}});
	in(2001, 1000);
	talk_expect(ACK, .seq = 1, .ack = 4001, .without = NO_SACK);
	talk_received(4000);
}

/* Blocks ride on pure ACKs; data goes as ever, and one more ACK tells of the hole. */
TALK(sack, beside_data)
{
	talk.sack = true;
	talk_established();
	talk.on[EV_RECEIVED] = NULL;
	talk_send(10);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 10, .without = NO_SACK);
	in(101, 100);
	talk_expect(ACK, .seq = 11, .ack = 1, .sack = {{101, 201}});
}

/* A FIN that comes early takes no room, and is taken in its turn. */
TALK(sack, early_fin)
{
	talk.sack = true;
	talk_established();
	talk_in(FIN | ACK, .seq = 101, .ack = 1, .len = 100);
	talk_expect(ACK, .seq = 1, .ack = 1, .sack = {{101, 201}});
	in(1, 100);
	talk_received(200);
	talk_peer_closed();
	talk_expect(ACK, .seq = 1, .ack = 202);
	talk_state("CLOSE-WAIT");
}

/* With a signature there is room for fewer: two beside an MD5 option, none beside timestamps too. */
TALK(sack, room_beside_a_signature_rfc2018_3)
{
	talk.sack = true;
	talk_established();
	talk_tcb()->auth_len = 20;
	for (unsigned i = 0; i < 3; i++) {
		in(101 + 200 * i, 100);
		const struct talk_out *o = talk_next_out();

		talk_check(o != NULL && o->o.n_sack == RTE_MIN(i + 1, 2u));
		talk_skip(NULL);
	}
}

TALK(sack, no_room_beside_a_signature_and_timestamps)
{
	talk.sack = talk.ts = true;
	talk_established();
	talk_tcb()->auth_len = 20;
	in(101, 100);
	talk_expect(ACK, .seq = 1, .ack = 1, .without = NO_SACK);
	in(101, 100);
	talk_expect(ACK, .seq = 1, .ack = 1, .without = NO_SACK);
	in(1, 100);
	talk_expect(ACK, .seq = 1, .ack = 201, .without = NO_SACK);
}
