/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

/* TCP and what is below: addresses, IP options, Diffserv, ICMP: RFC 9293 sections 3.9.1 and 3.9.2
 * (docs/rfc9293.md). */

static union net_ip ip4(uint32_t v4)
{
	union net_ip ip;

	memset(&ip, 0, sizeof(ip));
	ip.v4 = v4;
	return ip;
}

static union net_ip ip6(uint8_t b0, uint8_t b1, uint8_t last)
{
	union net_ip ip;

	memset(&ip, 0, sizeof(ip));
	ip.v6.b[0] = b0;
	ip.v6.b[1] = b1;
	ip.v6.b[15] = last;
	return ip;
}

/* Addresses that nobody has: groups, broadcast, unspecified, loopback, reserved. */
static unsigned invalid(union net_ip *to)
{
	unsigned n = 0;

	if (talk.v6) {
		to[n++] = ip6(0xff, 0x02, 1);
		to[n++] = ip6(0xff, 0x0e, 1);
		to[n++] = ip6(0, 0, 0);
		to[n++] = ip6(0, 0, 1);
		return n;
	}
	to[n++] = ip4(IP4(224, 0, 0, 1));
	to[n++] = ip4(IP4(239, 255, 255, 255));
	to[n++] = ip4(IP4(255, 255, 255, 255));
	to[n++] = ip4(IP4(192, 0, 2, 255)); /* of our network */
	to[n++] = ip4(IP4(192, 0, 2, 0));   /* its old form (RFC 1122 section 3.3.6) */
	to[n++] = ip4(0);
	to[n++] = ip4(IP4(0, 0, 0, 1));
	to[n++] = ip4(IP4(127, 0, 0, 1));
	to[n++] = ip4(IP4(240, 0, 0, 1));
	return n;
}

/* MUST-46: an OPEN call to such an address is an error, and nothing is sent. */
TALK(rfc9293_ip, open_to_invalid_address_must46_3_9_1_1)
{
	union net_ip to[16], any = ip4(0);

	memset(&any, 0, sizeof(any));
	talk_up();
	for (unsigned i = 0; i < invalid(to); i++) {
		struct tcb *t = tcp_connect(
			talk.tcp, talk.v6, &any, 0, &to[i], 80, NET_NO_IFC, &talk.opts, NULL, NULL);

		if (t != NULL)
			talk_fail(__LINE__, "address %u is taken", i);
		talk_check(errno == EINVAL || errno == ENETUNREACH);
	}
	tcp_output_run(talk.tcp);
	talk_expect_none();
	talk_eq(talk.tcp->n_tcb, 0);
}

/* MUST-63: a SYN from such an address, or from our own, is ignored. */
TALK(rfc9293_ip, syn_from_invalid_address_must63_3_9_2_3)
{
	union net_ip from[16];
	unsigned n;

	talk_listen();
	n = invalid(from);
	from[n++] = talk.lip;
	from[n++] = talk.lip2;
	for (unsigned i = 0; i < n; i++) {
		talk_in(SYN, .from = &from[i], .mss = 1000);
		talk_expect_none();
		talk_eq(talk.tcp->n_half_open, 0);
		/* Nor is there a reset. */
		talk_in(ACK, .from = &from[i], .seq = 1, .ack = 1);
		talk_expect_none();
	}
	talk_established();
}

/* MUST-57: to a group or to all, no segment gets an answer, whether somebody listens or not. */
TALK(rfc9293_ip, syn_to_broadcast_must57_3_9_2_3)
{
	union net_ip to[4];
	unsigned n = 0;

	talk_up();
	talk.l = tcp_listen(
		talk.tcp, false, true, &(union net_ip){.v4 = 0}, 80, 0, &talk.opts, NULL, NULL);
	if (talk.v6) {
		to[n++] = ip6(0xff, 0x02, 1);
	} else {
		to[n++] = ip4(IP4(224, 0, 0, 1));
		to[n++] = ip4(IP4(255, 255, 255, 255));
		to[n++] = ip4(IP4(192, 0, 2, 255));
	}
	to[n++] = talk.lip; /* our address in a frame to all */
	for (unsigned i = 0; i < n; i++) {
		bool all = talk.v6 || to[i].v4 != IP4(224, 0, 0, 1);

		talk_in(SYN, .to = &to[i], .mcast = !all, .bcast = all);
		talk_in(ACK, .to = &to[i], .mcast = !all, .bcast = all, .seq = 1, .ack = 1);
		talk.conn[0].lport = 81;
		talk_in(SYN, .to = &to[i], .mcast = !all, .bcast = all);
		talk.conn[0].lport = 80;
		talk_expect_none();
		talk_eq(talk.tcp->n_half_open, 0);
	}
}

static void open_from(uint16_t lport)
{
	struct talk_conn *c = &talk.conn[talk.c];

	c->lport = lport;
	c->t = tcp_connect(talk.tcp, talk.v6, &c->lip, lport, &talk.rip, c->rport, NET_NO_IFC,
		&talk.opts, (const void *)0x1000, &talk);
	talk_check(c->t != NULL);
	c->h = tcp_handle(talk.tcp, c->t);
	tcp_output_run(talk.tcp);
	talk_expect(SYN);
}

/* MUST-42: LISTEN on a port that is the local one of blocks in SYN-SENT and SYN-RECEIVED; MUST-41: they
 * are none the worse. */
TALK(rfc9293_ip, listen_beside_attempts_must41_must42_3_9_1_1)
{
	talk_up();
	open_from(80);
	talk_conn_new();
	open_from(80);
	talk_in(SYN, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1);
	talk_state("SYN-RECEIVED");
	talk_listen();
	talk_conn_new();
	talk_established();
	talk_conn_use(0);
	talk_state("SYN-SENT");
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	talk_expect(ACK, .seq = 1, .ack = 1);
	talk_connected();
	talk_conn_use(1);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_connected();
	talk_state("ESTABLISHED");
}

/* MUST-41: the second LISTEN of a port is an error, and the first goes on. */
TALK(rfc9293_ip, second_listen_is_an_error_must41_3_9_1_1)
{
	talk_listen();
	talk_in(SYN, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1);
	talk_check(tcp_listen(talk.tcp, talk.v6, false, &talk.lip, 80, 0, &talk.opts, NULL, NULL) ==
		   NULL);
	talk_eq(errno, EADDRINUSE);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
}

static void sent_from(unsigned line, uint8_t flags, const union net_ip *src)
{
	const struct talk_out *o = talk_next_out();

	if (o == NULL)
		talk_fail(line, "nothing was sent");
	if ((o->h.flags & (SYN | FIN | RST)) != flags)
		talk_fail(line, "flags %#x", o->h.flags);
	if (memcmp(&o->src, src, talk.v6 ? 16 : 4) != 0)
		talk_fail(line, "sent from another address");
}
#define SENT(flags) sent_from(__LINE__, flags, src)

/* MUST-44: the network layer chooses the address of an active open; MUST-45: it stays, also when one
 * that would suit better appears. */
TALK(rfc9293_ip, source_chosen_by_ip_must44_must45_3_9_1_1)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 2};
	union net_ip ours, later, any, *src = &ours;
	struct talk_conn *c = &talk.conn[0];

	talk_up();
	memset(&any, 0, sizeof(any));
	ours = talk.v6 ? ip6(0x20, 2, 1) : ip4(IP4(198, 51, 100, 1));
	later = talk.v6 ? ip6(0x20, 2, 3) : ip4(IP4(198, 51, 100, 129));
	talk.rip = talk.v6 ? ip6(0x20, 2, 2) : ip4(IP4(198, 51, 100, 130));
	cr_assert_eq(net_addr_add(talk.net, talk.ifc, talk.v6, &ours, talk.v6 ? 64 : 24), 0);
	cr_assert_eq(net_neigh_add(talk.net, talk.ifc, talk.v6, &talk.rip, mac), 0);
	c->lport = 4000;
	c->lip = ours;
	c->t = tcp_connect(talk.tcp, talk.v6, &any, c->lport, &talk.rip, c->rport, NET_NO_IFC,
		&talk.opts, (const void *)0x1000, &talk);
	talk_check(c->t != NULL);
	c->h = tcp_handle(talk.tcp, c->t);
	SENT(SYN);
	cr_assert_eq(net_addr_add(talk.net, talk.ifc, talk.v6, &later, talk.v6 ? 127 : 25), 0);
	talk_run(1 * SEC);
	SENT(SYN);
	talk_in(SYN | ACK, .ack = 1, .mss = 1000);
	SENT(0);
	talk_connected();
	talk_send(100);
	SENT(0);
	talk_run(3 * SEC);
	SENT(0);
	talk_in(ACK, .seq = 1, .ack = 101);
	talk_abort();
	SENT(RST);
}

/* MUST-45, passive: each segment comes from the address that the peer has spoken to. */
TALK(rfc9293_ip, address_of_the_connection_must45_3_9_1_1)
{
	union net_ip *src = &talk.lip2;

	talk_up();
	talk.l = tcp_listen(talk.tcp, false, true, &(union net_ip){.v4 = 0}, 80, 0, &talk.opts,
		(const void *)0x1000, &talk);
	talk.conn[0].lip = talk.lip2;
	talk_in(SYN, .mss = 1000);
	SENT(SYN);
	talk_run(1 * SEC);
	SENT(SYN);
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_send(100);
	SENT(0);
	talk_run(3 * SEC);
	SENT(0);
	talk_in(ACK, .seq = 1, .ack = 101, .len = 10);
	talk_received(10);
	talk_run(40 * MS);
	SENT(0);
	talk_close();
	SENT(FIN);
	talk_in(FIN | ACK, .seq = 11, .ack = 102);
	SENT(0);
	talk_in(FIN | ACK, .seq = 11, .ack = 102); /* TIME-WAIT */
	SENT(0);
	talk_run(200 * SEC);
	talk_in(ACK, .seq = 12, .ack = 102); /* and CLOSED */
	SENT(RST);
}

/* MUST-50: options of the header below are no concern of TCP. */
TALK(rfc9293_ip, ip_options_are_ignored_must50_3_9_2)
{
	/* Experimental, router alert, a time stamp, a record of the route. IPv6: skipped if unknown. */
	static const uint8_t v4[] = {
		30, 4, 1, 2, 148, 4, 0, 0, 68, 8, 5, 0, 0, 0, 0, 0, 7, 7, 4, 0, 0, 0, 0, 1};
	static const uint8_t v6[] = {0, 0, 0x1e, 2, 7, 7, 1, 0};
	const uint8_t *o = talk.v6 ? v6 : v4;
	uint8_t n = talk.v6 ? sizeof(v6) : sizeof(v4);

	talk_listen();
	talk_in(SYN, .mss = 1000, .ip_opts = o, .n_ip_opts = n);
	talk_expect(SYN | ACK, .ack = 1, .mss = talk_mss_ours());
	talk_in(ACK, .seq = 1, .ack = 1, .ip_opts = o, .n_ip_opts = n);
	talk_accepted();
	talk_in(ACK, .seq = 1, .ack = 1, .len = 100, .ip_opts = o, .n_ip_opts = n);
	talk_received(100);
	talk_send(1000);
	talk_expect(ACK, .seq = 1, .ack = 101, .len = 1000);
	talk_in(ACK, .seq = 101, .ack = 1001, .ip_opts = o, .n_ip_opts = n);
	talk_eq(talk_tcb()->snd_queued, 0);
	talk_in(RST, .seq = 101, .ip_opts = o, .n_ip_opts = n);
	talk_closed(ECONNRESET);
}

/* MUST-48: the application's Diffserv field, on all segments; SHLD-21: it may change; SHLD-22: nothing
 * else is sent. */
TALK(rfc9293_ip, diffserv_must48_shld21_shld22_3_9_1_9)
{
	talk.opts.tos = 0xb8;
	talk_listen();
	talk_in(SYN, .mss = 1000);
	talk_expect(SYN | ACK, .ack = 1, .tos = TALK_TOS(0xb8));
	talk_in(ACK, .seq = 1, .ack = 1);
	talk_accepted();
	talk_send(10);
	talk_expect(ACK | PSH, .seq = 1, .ack = 1, .len = 10, .tos = TALK_TOS(0xb8));
	talk_expect_after(1 * SEC, ACK | PSH, .seq = 1, .ack = 1, .len = 10, .tos = TALK_TOS(0xb8));
	talk_in(ACK, .seq = 1, .ack = 11, .len = 10, .tos = 0x20); /* each side its own */
	talk_received(10);
	talk_expect_after(40 * MS, ACK, .seq = 11, .ack = 11, .tos = TALK_TOS(0xb8));
	tcp_opts_set(talk.tcp, talk_tcb(), &(struct tcp_opts){.tos = 0x28});
	talk_send(10);
	talk_expect(ACK | PSH, .seq = 11, .ack = 11, .len = 10, .tos = TALK_TOS(0x28));
	talk_abort();
	talk_expect(RST | ACK, .seq = 21, .ack = 11, .tos = TALK_TOS(0x28));
	talk_conn_new();
	talk_connect();
	talk_expect(SYN, .tos = TALK_TOS(0xb8));
}

static void unreachable(uint32_t seq)
{
	if (talk.v6)
		talk_icmp(WIRE_ICMP6_UNREACH, WIRE_ICMP6_UNREACH_ADDR, 0, seq);
	else
		talk_icmp(WIRE_ICMP4_UNREACH, WIRE_ICMP4_UNREACH_HOST, 0, seq);
}

/* MUST-54: an ICMP error finds the connection whose segment it quotes, in any state. */
TALK(rfc9293_ip, icmp_finds_its_connection_must54_3_9_2_2)
{
	talk.errors = true;
	talk_established();
	talk_send(100);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	talk_conn_new();
	talk_established();
	talk_send(100);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	unreachable(1);
	talk_error(EHOSTUNREACH);
	talk_no_event();
	talk_conn_use(0);
	unreachable(1);
	talk_error(EHOSTUNREACH);
	talk_in(ACK, .seq = 1, .ack = 101);
	talk_shutdown();
	talk_expect(FIN | ACK, .seq = 101, .ack = 1);
	unreachable(101);
	talk_error(EHOSTUNREACH);
	talk_state("FIN-WAIT-1");
	talk_conn_new();
	talk_connect();
	talk_expect(SYN);
	unreachable(0);
	talk_error(EHOSTUNREACH);
	talk_state("SYN-SENT");
}

/* MUST-56, SHLD-25: all the soft errors: none ends the connection, each is made known. */
TALK(rfc9293_ip, soft_errors_are_reported_must56_shld25_3_9_2_2)
{
	static const uint8_t v4[][2] = {{WIRE_ICMP4_UNREACH, 0}, {WIRE_ICMP4_UNREACH, 1},
		{WIRE_ICMP4_UNREACH, 5}, {WIRE_ICMP4_TIME, 0}, {WIRE_ICMP4_TIME, 1},
		{WIRE_ICMP4_PARAM, 0}};
	static const uint8_t v6[][2] = {{WIRE_ICMP6_UNREACH, 0}, {WIRE_ICMP6_UNREACH, 3},
		{WIRE_ICMP6_TIME, 0}, {WIRE_ICMP6_TIME, 1}, {WIRE_ICMP6_PARAM, 0},
		{WIRE_ICMP6_PARAM, 1}, {WIRE_ICMP6_PARAM, 2}};

	talk.errors = true;
	talk_established();
	talk_send(100);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	for (unsigned i = 0; i < (talk.v6 ? RTE_DIM(v6) : RTE_DIM(v4)); i++) {
		const uint8_t *e = talk.v6 ? v6[i] : v4[i];

		talk_icmp(e[0], e[1], 0, 1);
		talk_error(e[0] == (talk.v6 ? WIRE_ICMP6_UNREACH : WIRE_ICMP4_UNREACH) && e[1] == 0
				   ? ENETUNREACH
				   : EHOSTUNREACH);
		talk_state("ESTABLISHED");
	}
	talk_in(ACK, .seq = 1, .ack = 101);
}

/* MUST-55: nobody hears of a source quench, and nothing changes. */
TALK4(rfc9293_ip, source_quench_must55_3_9_2_2)
{
	uint32_t cwnd;

	talk.errors = true;
	talk_established();
	talk_send(100);
	talk_expect(ACK, .seq = 1, .ack = 1, .len = 100);
	cwnd = talk_cwnd();
	talk_icmp(WIRE_ICMP4_QUENCH, 0, 0, 1);
	talk_no_event();
	talk_expect_none();
	talk_eq(talk_cwnd(), cwnd);
}
