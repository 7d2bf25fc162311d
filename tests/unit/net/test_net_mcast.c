/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <string.h>

#include "net_host.h"
#include "wire_bytes.h"
#include "wire_igmp.h"
#include "wire_mld.h"

/* What is joined, as routers hear of it. */
TestSuite(mcast);

#define GROUP  IP4(239, 1, 2, 3)
#define GROUP2 IP4(239, 1, 2, 4)
#define SRC(k) IP4(192, 0, 2, k)
#define SECOND 1000000u

static const struct ip6 group6 = {{0xff, 0x05, [13] = 1, 2, 3}};
static const struct net_filter any_source = {.exclude = true};

static union net_ip of4(uint32_t v4)
{
	union net_ip ip = {.v6 = {{0}}};

	ip.v4 = v4;
	return ip;
}

static struct host *mcast_host(unsigned n_cores, bool v6)
{
	struct host *h = host_new(n_cores);

	h->conf.acd = false;
	h->conf.dad_transmits = 0;
	h->conf.mcast_reports = true;
	host_start(h, true, v6);
	host_run(h, 5 * SECOND);
	h->next_out = h->n_out;
	return h;
}

static int change(struct host *h, uint16_t core, uint32_t group, const struct net_filter *from,
	const struct net_filter *to)
{
	union net_ip ip = of4(group);
	int err = net_group_change(h->core[core].net, 0, false, &ip, from, to);

	host_settle(h);
	return err;
}

static struct net_filter filter(bool exclude, unsigned n, unsigned first)
{
	struct net_filter f = {.exclude = exclude, .n = (uint8_t)n};

	for (unsigned i = 0; i < n; i++)
		f.src[i] = of4(SRC(first + i));
	return f;
}

/* The next frame is IGMP to dst; its message. */
static const uint8_t *expect_igmp(struct host *h, uint32_t dst, uint8_t type, unsigned *len)
{
	struct wire_ip4 ip;
	const struct frame *f = expect_ip4(h, NULL, &ip);
	const uint8_t *p = f->b + 14 + 24;

	cr_assert_eq(ip.proto, IPPROTO_IGMP);
	cr_assert_eq(ip.dst, dst);
	cr_assert_eq(ip.src, OUR4);
	cr_assert_eq(ip.ttl, 1);
	cr_assert_eq(ip.hlen, 24);
	cr_assert_eq(wire_get32(f->b + 34), 0x94040000);
	cr_assert_eq(f->core, 0);
	*len = ip.total_len - 24u;
	cr_assert_eq(wire_cksum_fold(wire_cksum_sum(p, *len, 0)), 0);
	cr_assert_eq(p[0], type);
	return p;
}

/* The next frame is a version 3 report of one record: type, group and n sources from first on. */
static void expect_record(struct host *h, uint8_t type, uint32_t group, unsigned n, unsigned first)
{
	unsigned len;
	const uint8_t *p = expect_igmp(h, IP4(224, 0, 0, 22), WIRE_IGMP_REPORT3, &len);

	cr_assert_eq(wire_get16(p + 6), 1);
	cr_assert_eq(len, 16 + 4 * n);
	cr_assert_eq(p[8], type, "%u", p[8]);
	cr_assert_eq(wire_get16(p + 10), n);
	cr_assert_eq(wire_get32(p + 12), group);
	for (unsigned i = 0; i < n; i++)
		cr_assert_eq(wire_get32(p + 16 + 4 * i), SRC(first + i));
}

struct query {
	uint32_t dst, group;
	uint8_t code, ttl;
	unsigned len; /* 0: 12 and the sources */
	unsigned n_src, first;
	bool no_alert, bad_sum;
	uint16_t core;
};

static void rx_igmp(struct host *h, uint8_t type, struct query q)
{
	uint8_t b[256], msg[128] = {type, q.code};
	unsigned len = q.len != 0 ? q.len : 12 + 4 * q.n_src;
	uint32_t dst = q.dst != 0 ? q.dst : q.group != 0 ? q.group : IP4(224, 0, 0, 1);
	struct wire_ip4 ip = ip4_hdr(IPPROTO_IGMP, PEER4, dst, len + 4);
	uint8_t mac[6] = {0x01, 0x00, 0x5e, dst >> 16 & 0x7f, dst >> 8 & 0xff, dst & 0xff};
	uint16_t sum;

	wire_put32(msg + 4, q.group);
	msg[8] = 2;
	msg[9] = 125;
	wire_put16(msg + 10, (uint16_t)q.n_src);
	for (unsigned i = 0; i < q.n_src; i++)
		wire_put32(msg + 12 + 4 * i, SRC(q.first + i));
	sum = wire_cksum_fold(wire_cksum_sum(msg, len, 0));
	if (q.bad_sum)
		sum ^= 1;
	memcpy(msg + 2, &sum, 2);
	ip.ttl = q.ttl != 0 ? q.ttl : 1;
	ip.hlen = 24;
	len = put_ip4(b, mac, &ip, msg);
	if (!q.no_alert)
		wire_put32(b + 34, 0x94040000);
	fix_ip4(b + 14);
	host_rx_core(h, q.core, b, len);
}

static void query(struct host *h, struct query q)
{
	rx_igmp(h, WIRE_IGMP_QUERY, q);
}

/* A group whose reports are all sent. */
static void joined(struct host *h, const struct net_filter *f)
{
	cr_assert_eq(change(h, 0, GROUP, NULL, f), 0);
	host_run(h, 3 * SECOND);
	h->next_out = h->n_out;
}

Test(mcast, rfc3376_5_1_join_is_told_at_once_and_again)
{
	struct host *h = mcast_host(1, false);
	uint64_t start = h->now_us;

	cr_assert_eq(change(h, 0, GROUP, NULL, &any_source), 0);
	host_run(h, 0);
	expect_record(h, WIRE_MCAST_TO_EX, GROUP, 0, 0);
	host_run(h, 2 * SECOND);
	expect_record(h, WIRE_MCAST_TO_EX, GROUP, 0, 0);
	cr_assert_leq(h->out[h->n_out - 1].at_us, start + SECOND);
	host_run(h, 60 * SECOND);
	host_quiet(h);
	host_free(h);
}

Test(mcast, rfc3376_5_1_leave_and_forgotten)
{
	struct host *h = mcast_host(1, false);

	joined(h, &any_source);
	cr_assert_eq(change(h, 0, GROUP, &any_source, NULL), 0);
	host_run(h, 2 * SECOND);
	expect_record(h, WIRE_MCAST_TO_IN, GROUP, 0, 0);
	expect_record(h, WIRE_MCAST_TO_IN, GROUP, 0, 0);
	query(h, (struct query){.code = 10});
	host_run(h, 2 * SECOND);
	host_quiet(h);
	cr_assert_eq(change(h, 0, GROUP, &any_source, NULL), -ENOENT);
	host_free(h);
}

Test(mcast, rfc3376_5_1_new_state_replaces_the_old)
{
	struct host *h = mcast_host(1, false);

	change(h, 0, GROUP, NULL, &any_source);
	host_run(h, 0);
	change(h, 0, GROUP, &any_source, NULL);
	host_run(h, 5 * SECOND);
	expect_record(h, WIRE_MCAST_TO_EX, GROUP, 0, 0);
	expect_record(h, WIRE_MCAST_TO_IN, GROUP, 0, 0);
	expect_record(h, WIRE_MCAST_TO_IN, GROUP, 0, 0);
	host_quiet(h);
	host_free(h);
}

Test(mcast, rfc3376_5_1_sources_allow_and_block)
{
	struct host *h = mcast_host(1, false);
	struct net_filter a = filter(false, 2, 1), b = filter(false, 1, 1), c = filter(false, 2, 1);

	joined(h, &a);
	change(h, 0, GROUP, &a, &b);
	host_run(h, 2 * SECOND);
	expect_record(h, WIRE_MCAST_BLOCK, GROUP, 1, 2);
	expect_record(h, WIRE_MCAST_BLOCK, GROUP, 1, 2);
	host_quiet(h);
	change(h, 0, GROUP, &b, &c);
	host_run(h, 2 * SECOND);
	expect_record(h, WIRE_MCAST_ALLOW, GROUP, 1, 2);
	expect_record(h, WIRE_MCAST_ALLOW, GROUP, 1, 2);
	host_quiet(h);
	host_free(h);
}

Test(mcast, rfc3376_5_1_excluded_sources)
{
	struct host *h = mcast_host(1, false);
	struct net_filter a = filter(true, 2, 1), b = filter(true, 1, 1);

	change(h, 0, GROUP, NULL, &a);
	host_run(h, 2 * SECOND);
	expect_record(h, WIRE_MCAST_TO_EX, GROUP, 2, 1);
	h->next_out = h->n_out;
	change(h, 0, GROUP, &a, &b);
	host_run(h, 2 * SECOND);
	expect_record(h, WIRE_MCAST_ALLOW, GROUP, 1, 2);
	h->next_out = h->n_out;
	change(h, 0, GROUP, &b, &a);
	host_run(h, 2 * SECOND);
	expect_record(h, WIRE_MCAST_BLOCK, GROUP, 1, 2);
	host_free(h);
}

Test(mcast, rfc3376_3_2_sockets_together)
{
	struct host *h = mcast_host(1, false);
	struct net_filter in = filter(false, 1, 1), ex = filter(true, 2, 1),
			  in2 = filter(false, 1, 2);

	joined(h, &in);
	change(h, 0, GROUP, NULL, &ex); /* all but 1 and 2, and 1 */
	host_run(h, 0);
	expect_record(h, WIRE_MCAST_TO_EX, GROUP, 1, 2);
	host_run(h, 2 * SECOND);
	h->next_out = h->n_out;
	change(h, 0, GROUP, NULL, &in2);
	host_run(h, 0);
	expect_record(h, WIRE_MCAST_ALLOW, GROUP, 1, 2);
	host_run(h, 2 * SECOND);
	h->next_out = h->n_out;
	change(h, 0, GROUP, &ex, NULL);
	host_run(h, 0);
	expect_record(h, WIRE_MCAST_TO_IN, GROUP, 2, 1);
	host_free(h);
}

Test(mcast, rfc3376_3_2_cores_together)
{
	struct host *h = mcast_host(3, false);
	struct net_filter in = filter(false, 1, 1), ex = filter(true, 2, 1);

	change(h, 1, GROUP, NULL, &in);
	host_run(h, 2 * SECOND);
	expect_record(h, WIRE_MCAST_ALLOW, GROUP, 1, 1);
	h->next_out = h->n_out;
	change(h, 2, GROUP, NULL, &ex);
	host_run(h, 2 * SECOND);
	expect_record(h, WIRE_MCAST_TO_EX, GROUP, 1, 2);
	h->next_out = h->n_out;
	change(h, 2, GROUP, &ex, NULL);
	host_run(h, 2 * SECOND);
	expect_record(h, WIRE_MCAST_TO_IN, GROUP, 1, 1);
	h->next_out = h->n_out;
	change(h, 1, GROUP, &in, NULL);
	host_run(h, 2 * SECOND);
	expect_record(h, WIRE_MCAST_BLOCK, GROUP, 1, 1);
	host_free(h);
}

Test(mcast, more_sources_than_there_is_room_for_are_all)
{
	struct host *h = mcast_host(1, false);
	struct net_filter a = filter(false, NET_SRC_MAX, 1), b = filter(false, 1, 100);

	joined(h, &a);
	change(h, 0, GROUP, NULL, &b);
	host_run(h, 2 * SECOND);
	expect_record(h, WIRE_MCAST_TO_EX, GROUP, 0, 0);
	h->next_out = h->n_out;
	change(h, 0, GROUP, &b, NULL);
	change(h, 0, GROUP, &a, NULL);
	host_run(h, 2 * SECOND);
	expect_record(h, WIRE_MCAST_TO_IN, GROUP, 0, 0);
	host_free(h);
}

Test(mcast, a_full_mailbox_loses_nothing)
{
	struct host *h = mcast_host(2, false);

	change(h, 1, GROUP, NULL, &any_source);
	host_run(h, 3 * SECOND);
	h->next_out = h->n_out;
	h->core[0].msg_room = 0;
	change(h, 1, GROUP, &any_source, NULL);
	change(h, 1, GROUP2, NULL, &any_source);
	host_run(h, SECOND);
	host_quiet(h);
	h->core[0].msg_room = 2; /* not even all at once */
	host_run(h, SECOND);
	h->core[0].msg_room = HOST_MSGS;
	host_run(h, 5 * SECOND);
	query(h, (struct query){.code = 10});
	h->next_out = h->n_out;
	host_run(h, SECOND);
	expect_record(h, WIRE_MCAST_IS_EX, GROUP2, 0, 0);
	host_quiet(h);
	host_free(h);
}

Test(mcast, rfc3376_5_2_general_query)
{
	struct host *h = mcast_host(2, false);
	uint64_t start;
	unsigned len;
	const uint8_t *p;

	joined(h, &any_source);
	change(h, 0, GROUP2, NULL, &any_source);
	host_run(h, 3 * SECOND);
	h->next_out = h->n_out;
	start = h->now_us;
	query(h, (struct query){.code = 10, .core = 1}); /* it is core 0's, wherever it arrives */
	host_quiet(h);
	host_run(h, 2 * SECOND);
	p = expect_igmp(h, IP4(224, 0, 0, 22), WIRE_IGMP_REPORT3, &len);
	cr_assert_eq(wire_get16(p + 6), 2);
	cr_assert_eq(p[8], WIRE_MCAST_IS_EX);
	cr_assert_eq(p[16], WIRE_MCAST_IS_EX);
	cr_assert_leq(h->out[h->n_out - 1].at_us, start + SECOND + 1);
	host_quiet(h);
	host_free(h);
}

Test(mcast, rfc3376_5_2_group_and_source_query)
{
	struct host *h = mcast_host(1, false);
	struct net_filter ex = filter(true, 1, 2);

	joined(h, &ex);
	query(h, (struct query){.group = GROUP, .code = 10, .n_src = 2, .first = 1});
	host_run(h, 2 * SECOND);
	expect_record(h, WIRE_MCAST_IS_IN, GROUP, 1, 1);
	/* 5: both are remembered; none that is wanted: no answer */
	query(h, (struct query){.group = GROUP, .code = 10, .n_src = 1, .first = 7});
	query(h, (struct query){.group = GROUP, .code = 10, .n_src = 1, .first = 8});
	host_run(h, 2 * SECOND);
	expect_record(h, WIRE_MCAST_IS_IN, GROUP, 2, 7);
	query(h, (struct query){.group = GROUP, .code = 10, .n_src = 1, .first = 2});
	host_run(h, 2 * SECOND);
	host_quiet(h);
	/* 4: about the group after all */
	query(h, (struct query){.group = GROUP, .code = 10, .n_src = 1, .first = 7});
	query(h, (struct query){.group = GROUP, .code = 10});
	host_run(h, 2 * SECOND);
	expect_record(h, WIRE_MCAST_IS_EX, GROUP, 1, 2);
	query(h, (struct query){.group = GROUP2, .code = 10});
	host_run(h, 2 * SECOND);
	host_quiet(h);
	host_free(h);
}

Test(mcast, a_query_with_many_sources_is_about_the_group)
{
	struct host *h = mcast_host(1, false);

	joined(h, &any_source);
	query(h, (struct query){.group = GROUP, .code = 10, .n_src = NET_SRC_MAX + 1, .first = 1});
	host_run(h, 2 * SECOND);
	expect_record(h, WIRE_MCAST_IS_EX, GROUP, 0, 0);
	host_free(h);
}

Test(mcast, a_flood_of_queries_is_answered_a_hundred_times_a_second)
{
	struct host *h = mcast_host(1, false);

	joined(h, &any_source);
	for (unsigned i = 0; i < 1000; i++) {
		query(h, (struct query){.code = 0});
		host_run(h, 100);
	}
	cr_assert_leq(h->n_out - h->next_out, 10);
	host_free(h);
}

Test(mcast, rfc3376_5_all_hosts_is_never_told)
{
	struct host *h = mcast_host(1, false);

	cr_assert_eq(change(h, 0, IP4(224, 0, 0, 1), NULL, &any_source), 0);
	query(h, (struct query){.code = 10});
	host_run(h, 2 * SECOND);
	host_quiet(h);
	host_free(h);
}

Test(mcast, rfc3376_4_bad_messages_are_ignored)
{
	struct host *h = mcast_host(1, false);

	joined(h, &any_source);
	query(h, (struct query){.code = 1, .bad_sum = true});
	host_dropped(h, DROP_igmp_cksum);
	query(h, (struct query){.code = 1, .ttl = 2});
	host_dropped(h, DROP_igmp_bad);
	query(h, (struct query){.code = 1, .no_alert = true});
	host_dropped(h, DROP_igmp_bad);
	query(h, (struct query){.code = 1, .dst = GROUP, .group = OUR4});
	host_dropped(h, DROP_igmp_bad);
	query(h, (struct query){.code = 1, .len = 10});
	host_dropped(h, DROP_igmp_short);
	query(h, (struct query){.code = 1, .len = 7});
	host_dropped(h, DROP_igmp_short);
	query(h, (struct query){.code = 1, .len = 15, .n_src = 1});
	host_dropped(h, DROP_igmp_short);
	rx_igmp(h, 0x77, (struct query){.len = 8});
	host_dropped(h, DROP_igmp_type);
	host_run(h, 5 * SECOND);
	host_quiet(h);
	host_free(h);
}

Test(mcast, rfc3376_7_2_1_version_2)
{
	struct host *h = mcast_host(1, false);
	unsigned len;

	query(h, (struct query){.code = 5, .len = 8});
	change(h, 0, GROUP, NULL, &any_source);
	host_run(h, 0);
	expect_igmp(h, GROUP, WIRE_IGMP_REPORT2, &len);
	host_run(h, 11 * SECOND);
	expect_igmp(h, GROUP, WIRE_IGMP_REPORT2, &len);
	host_quiet(h);
	change(h, 0, GROUP, &any_source, NULL);
	host_run(h, 2 * SECOND);
	expect_igmp(h, IP4(224, 0, 0, 2), WIRE_IGMP_LEAVE, &len);
	host_quiet(h);
	/* the querier is gone: 2 * 125 s and the response time */
	host_run(h, 240 * SECOND);
	change(h, 0, GROUP, NULL, &any_source);
	host_run(h, 0);
	expect_record(h, WIRE_MCAST_TO_EX, GROUP, 0, 0);
	host_free(h);
}

Test(mcast, rfc3376_7_2_1_version_1)
{
	struct host *h = mcast_host(1, false);
	unsigned len;

	query(h, (struct query){.len = 8, .no_alert = true});
	query(h, (struct query){.code = 5, .len = 8});
	change(h, 0, GROUP, NULL, &any_source);
	host_run(h, 0);
	expect_igmp(h, GROUP, WIRE_IGMP_REPORT1, &len);
	host_run(h, 11 * SECOND);
	h->next_out = h->n_out;
	change(h, 0, GROUP, &any_source, NULL);
	host_run(h, 2 * SECOND);
	host_quiet(h);
	host_free(h);
}

Test(mcast, rfc2236_3_another_host_reports)
{
	struct host *h = mcast_host(1, false);
	unsigned len;

	query(h, (struct query){.code = 5, .len = 8});
	joined(h, &any_source);
	host_run(h, 11 * SECOND);
	h->next_out = h->n_out;
	query(h, (struct query){.code = 20, .len = 8});
	host_run(h, 3 * SECOND);
	expect_igmp(h, GROUP, WIRE_IGMP_REPORT2, &len);
	query(h, (struct query){.code = 100, .len = 8});
	rx_igmp(h, WIRE_IGMP_REPORT2, (struct query){.group = GROUP, .len = 8});
	host_run(h, 11 * SECOND);
	host_quiet(h);
	change(h, 0, GROUP, &any_source, NULL);
	host_run(h, 2 * SECOND);
	host_quiet(h);
	host_free(h);
}

Test(mcast, a_version_can_be_forced)
{
	struct host *h = host_new(1);
	unsigned len;

	h->conf.acd = false;
	h->conf.mcast_reports = true;
	h->conf.igmp_version = 2;
	host_start(h, true, false);
	host_run(h, 5 * SECOND);
	h->next_out = h->n_out;
	change(h, 0, GROUP, NULL, &any_source);
	host_run(h, 0);
	expect_igmp(h, GROUP, WIRE_IGMP_REPORT2, &len);
	host_free(h);
}

Test(mcast, rfc3376_8_1_robustness_of_the_querier)
{
	struct host *h = mcast_host(1, false);
	uint8_t msg[12] = {WIRE_IGMP_QUERY, 10, [8] = 4, 125}, b[128],
		mac[6] = {1, 0, 0x5e, 0, 0, 1};
	struct wire_ip4 ip = ip4_hdr(IPPROTO_IGMP, PEER4, IP4(224, 0, 0, 1), 16);
	uint16_t sum = wire_cksum_fold(wire_cksum_sum(msg, 12, 0));
	unsigned len;

	memcpy(msg + 2, &sum, 2);
	ip.ttl = 1;
	ip.hlen = 24;
	len = put_ip4(b, mac, &ip, msg);
	wire_put32(b + 34, 0x94040000);
	fix_ip4(b + 14);
	host_rx(h, b, len);
	host_run(h, 2 * SECOND);
	change(h, 0, GROUP, NULL, &any_source);
	host_run(h, 10 * SECOND);
	for (unsigned i = 0; i < 4; i++)
		expect_record(h, WIRE_MCAST_TO_EX, GROUP, 0, 0);
	host_quiet(h);
	host_free(h);
}

/* The next frame is MLD to dst; its message. */
static const uint8_t *expect_mld(
	struct host *h, const struct ip6 *dst, const struct ip6 *src, uint8_t type)
{
	struct wire_ip6 ip;
	const struct frame *f = expect_ip6(h, NULL, &ip);
	static const uint8_t hbh[8] = {IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0};
	const uint8_t *p = f->b + 62;
	unsigned len = f->len - 62u;

	cr_assert_eq(ip.next, WIRE_IP6_HOPOPTS);
	cr_assert_eq(ip.hops, 1);
	cr_assert_arr_eq(f->b + 54, hbh, 8);
	cr_assert_arr_eq(ip.dst.b, dst->b, 16);
	cr_assert_arr_eq(ip.src.b, src->b, 16);
	cr_assert_eq(wire_cksum_fold(wire_cksum_sum(
			     p, len, wire_cksum_pseudo6(&ip.src, &ip.dst, IPPROTO_ICMPV6, len))),
		0);
	cr_assert_eq(p[0], type);
	return p;
}

static const struct ip6 mld_routers = {{0xff, 0x02, [15] = 0x16}};

static void rx_mld(struct host *h, const struct ip6 *src, uint8_t hops, uint16_t code, unsigned len)
{
	uint8_t b[256], l4[128] = {IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0, WIRE_MLD_QUERY};
	static const uint8_t mac[6] = {0x33, 0x33, 0, 0, 0, 1};
	struct wire_ip6 ip = ip6_hdr(WIRE_IP6_HOPOPTS, src, &all_nodes6, 8 + len);
	uint16_t sum;

	ip.hops = hops;
	wire_put16(l4 + 12, code);
	l4[8 + 24] = 2;
	l4[8 + 25] = 125;
	sum = wire_cksum_fold(wire_cksum_sum(
		l4 + 8, len, wire_cksum_pseudo6(src, &all_nodes6, IPPROTO_ICMPV6, len)));
	memcpy(l4 + 10, &sum, 2);
	host_rx(h, b, put_ip6(b, mac, &ip, l4));
}

Test(mcast, rfc3810_6_1_join_and_leave)
{
	struct host *h = mcast_host(1, true);
	union net_ip ip = {.v6 = group6};
	const uint8_t *p;

	cr_assert_eq(net_group_join(h->core[0].net, 0, true, &ip), 0);
	host_run(h, 2 * SECOND);
	for (unsigned i = 0; i < 2; i++) {
		p = expect_mld(h, &mld_routers, &our_ll6, WIRE_MLD_REPORT2);
		cr_assert_eq(wire_get16(p + 6), 1);
		cr_assert_eq(p[8], WIRE_MCAST_TO_EX);
		cr_assert_arr_eq(p + 12, group6.b, 16);
	}
	host_quiet(h);
	cr_assert_eq(net_group_leave(h->core[0].net, 0, true, &ip), 0);
	host_run(h, 2 * SECOND);
	p = expect_mld(h, &mld_routers, &our_ll6, WIRE_MLD_REPORT2);
	cr_assert_eq(p[8], WIRE_MCAST_TO_IN);
	host_free(h);
}

Test(mcast, rfc3810_6_2_general_query)
{
	struct host *h = mcast_host(1, true);
	const uint8_t *p;

	rx_mld(h, &peer_ll6, 1, 1000, 28);
	host_run(h, 2 * SECOND);
	p = expect_mld(h, &mld_routers, &our_ll6, WIRE_MLD_REPORT2);
	cr_assert_eq(wire_get16(p + 6), 1); /* the solicited-node group of both addresses */
	cr_assert_eq(p[8], WIRE_MCAST_IS_EX);
	host_quiet(h);
	rx_mld(h, &peer6, 1, 1000, 28);
	host_dropped(h, DROP_mld_bad);
	rx_mld(h, &peer_ll6, 2, 1000, 28);
	host_dropped(h, DROP_mld_bad);
	rx_mld(h, &peer_ll6, 1, 1000, 26);
	host_dropped(h, DROP_mld_short);
	host_free(h);
}

Test(mcast, rfc3810_8_version_1)
{
	struct host *h = mcast_host(1, true);
	static const struct ip6 all_routers = {{0xff, 0x02, [15] = 2}};
	union net_ip ip = {.v6 = group6};

	rx_mld(h, &peer_ll6, 1, 1000, 24);
	host_run(h, 2 * SECOND);
	h->next_out = h->n_out;
	cr_assert_eq(net_group_join(h->core[0].net, 0, true, &ip), 0);
	host_run(h, 11 * SECOND);
	expect_mld(h, &group6, &our_ll6, WIRE_MLD_REPORT1);
	expect_mld(h, &group6, &our_ll6, WIRE_MLD_REPORT1);
	cr_assert_eq(net_group_leave(h->core[0].net, 0, true, &ip), 0);
	host_run(h, 2 * SECOND);
	expect_mld(h, &all_routers, &our_ll6, WIRE_MLD_DONE);
	host_free(h);
}

Test(mcast, rfc3590_4_told_again_from_the_link_local_address)
{
	struct host *h = host_new(1);
	bool from_any = false, from_ll = false;

	h->conf.mcast_reports = true;
	host_start(h, false, true);
	host_run(h, 5 * SECOND);
	for (const struct frame *f = host_tx(h); f != NULL; f = host_tx(h)) {
		if (f->b[20] != WIRE_IP6_HOPOPTS)
			continue;
		from_any = from_any || memcmp(f->b + 22, &any6, 16) == 0;
		from_ll = from_ll || memcmp(f->b + 22, &our_ll6, 16) == 0;
	}
	cr_assert(from_any && from_ll);
	host_free(h);
}
