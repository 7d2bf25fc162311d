/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <string.h>

#include "hosts.h"

/*
 * Whole cores on a cable. Host 0 is one core with many sockets; host 1 has several, with an echo
 * socket on each, and a cable that steers, or one that does not.
 */
#define ECHO_PORT 7
#define FLOWS	  64

static unsigned echoed[CONF_CORES_MAX], answers, wrong_core;
static const struct host *server;

static void echo_received(void *ctx, struct udp_sock *s, const struct net_pkt *p,
	struct rte_mbuf *m, uint16_t from_port, uint16_t to_port)
{
	struct gn_core *c = ctx;
	bool v6 = (p->flags & NET_PKT_V6) != 0;
	uint32_t hash = v6 ? owner_hash6(&server->owner, &p->src.v6, &p->dst.v6, from_port, to_port)
			   : owner_hash4(&server->owner, p->src.v4, p->dst.v4, from_port, to_port);

	wrong_core += owner_core(&server->owner, hash) != core_env(c)->core;
	echoed[core_env(c)->core]++;
	if (udp_send_buf(core_udp(c), s, v6, &p->src, from_port, &p->dst, NET_NO_IFC, m) < 0)
		pkt_free(&core_env(c)->pool, m);
}

static void client_received(void *ctx, struct udp_sock *s, const struct net_pkt *p,
	struct rte_mbuf *m, uint16_t from_port, uint16_t to_port)
{
	struct gn_core *c = ctx;

	(void)s;
	(void)p;
	(void)to_port;
	answers += from_port == ECHO_PORT;
	pkt_free(&core_env(c)->pool, m);
}

static void no_error(void *ctx, struct udp_sock *s, const struct net_error *e, int err)
{
	(void)ctx;
	(void)s;
	(void)e;
	cr_expect_eq(err, 0, "an ICMP error came back");
}

static const struct udp_up_ops echo_udp = {.received = echo_received, .error = no_error};
static const struct udp_up_ops client_udp = {.received = client_received, .error = no_error};
static const struct core_app_ops echo_app = {.udp = &echo_udp};
static const struct core_app_ops client_app = {.udp = &client_udp};

static struct hosts w;
static struct udp_sock *client[FLOWS];

static void open_hosts(const struct host_opts *server_opts)
{
	struct host_opts a = {.n_cores = 1, .app = &client_app}, b = *server_opts;
	union net_ip any;

	memset(&any, 0, sizeof(any));
	memset(echoed, 0, sizeof(echoed));
	answers = wrong_core = 0;
	b.app = &echo_app;
	hosts_open(&w, &a, &b);
	server = &w.h[1];
	for (unsigned i = 0; i < w.h[1].n_cores; i++)
		cr_assert_not_null(udp_open(core_udp(w.h[1].core[i]), false, true, &any, ECHO_PORT,
			&any, 0, NET_NO_IFC, NULL, NULL));
	for (unsigned i = 0; i < FLOWS; i++) {
		client[i] = udp_open(core_udp(w.h[0].core[0]), false, true, &any, 2000 + i, &any, 0,
			NET_NO_IFC, NULL, NULL);
		cr_assert_not_null(client[i]);
	}
	/* Both know each other from now on. */
	host_ping(&w, 0, false, 8);
	host_ping(&w, 0, true, 8);
	hosts_run(&w, 100000);
}

/* One datagram of each flow. */
static void send_all(bool v6)
{
	struct gn_core *c = w.h[0].core[0];
	union net_ip to = host_ip(v6, 1);

	for (unsigned i = 0; i < FLOWS; i++) {
		struct rte_mbuf *m = pkt_alloc(&core_env(c)->pool);

		cr_assert_not_null(m);
		memset(rte_pktmbuf_append(m, 100), i, 100);
		cr_assert_eq(udp_send_buf(core_udp(c), client[i], v6, &to, ECHO_PORT, NULL,
				     NET_NO_IFC, m),
			100);
	}
}

static unsigned cores_used(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CONF_CORES_MAX; i++)
		n += echoed[i] > 0;
	return n;
}

/* All flows answered, each by its owner. */
static void check_service(void)
{
	for (unsigned round = 0; round < 3; round++)
		for (unsigned v6 = 0; v6 < 2; v6++) {
			send_all(v6);
			hosts_run(&w, 10000);
		}
	cr_expect_eq(answers, 6 * FLOWS, "%u answers", answers);
	cr_expect_eq(wrong_core, 0, "a flow was served by a core that does not own it");
	cr_expect_eq(cores_used(), w.h[1].n_cores);
}

Test(core, answers_pings_over_both_families)
{
	open_hosts(&(struct host_opts){.n_cores = 1});
	for (unsigned i = 0; i < 10; i++) {
		host_ping(&w, 0, false, 1000);
		host_ping(&w, 1, true, 1000);
		hosts_run(&w, 1000);
	}
	cr_expect_eq(host_count(&w.h[1], CNT_icmp4_tx_echo_replies), 11);
	cr_expect_eq(host_count(&w.h[0], CNT_icmp6_tx_echo_replies), 10);
	cr_expect_eq(host_count(&w.h[0], CNT_core_tx_packets),
		host_count(&w.h[1], CNT_core_rx_packets), "the cable loses nothing");
	cr_expect_eq(
		host_count(&w.h[0], CNT_core_tx_bytes), host_count(&w.h[1], CNT_core_rx_bytes));
	hosts_close(&w);
}

/* Rule 2 of the architecture: where the port steers, nothing is ever handed over. */
Test(core, hands_nothing_over_where_the_port_steers)
{
	static const unsigned cores[] = {2, 4, 8};

	for (unsigned i = 0; i < RTE_DIM(cores); i++) {
		open_hosts(&(struct host_opts){
			.n_cores = cores[i], .offloads = DRV_RSS | DRV_RX_RSS_HASH});
		uint64_t before = host_count(&w.h[1], CNT_core_handoff_out);

		check_service();
		cr_expect_eq(
			host_count(&w.h[1], CNT_core_handoff_out), before, "%u cores", cores[i]);
		hosts_close(&w);
	}
}

/* Without RSS all packets reach core 0, whose hand-offs and returned buffers are counted. */
Test(core, hands_packets_to_their_owners_and_gets_the_buffers_back)
{
	static const unsigned cores[] = {2, 4};

	for (unsigned i = 0; i < RTE_DIM(cores); i++) {
		open_hosts(&(struct host_opts){.n_cores = cores[i]});
		check_service();
		struct host *h = &w.h[1];

		cr_expect_gt(host_count(h, CNT_core_handoff_out), 0);
		cr_expect_eq(
			host_count(h, CNT_core_handoff_out), host_count(h, CNT_core_handoff_in));
		cr_expect_eq(host_count(h, CNT_core_msg_out), host_count(h, CNT_core_msg_in));
		cr_expect_eq(
			host_count(h, CNT_core_buf_home_out), host_count(h, CNT_core_buf_home_in));
		cr_expect_gt(host_count(h, CNT_core_buf_home_out), 0, "message bodies at least");
		cr_expect_eq(host_drops(h, DROP_mailbox_full), 0);
		hosts_close(&w);
	}
}

/* af_xdp's shape: one queue, four cores. Replies travel through the core that has the queue. */
Test(core, serves_all_cores_through_a_port_with_one_queue)
{
	open_hosts(&(struct host_opts){.n_cores = 4, .queues = 1});
	check_service();
	cr_expect_gt(host_count(&w.h[1], CNT_core_tx_relayed), 0);
	cr_expect_eq(host_count(&w.h[0], CNT_core_rx_packets),
		host_count(&w.h[1], CNT_core_tx_packets), "relayed frames are counted once");
	hosts_close(&w);
}

/* A full mailbox costs packets, which are counted, and no buffer. */
Test(core, counts_what_a_full_mailbox_refuses)
{
	open_hosts(&(struct host_opts){.n_cores = 4, .mailbox = 4});
	struct host *h = &w.h[1];

	send_all(false);
	hosts_run(&w, 100000);
	cr_expect_gt(host_drops(h, DROP_mailbox_full), 0);
	cr_expect_gt(answers, 0);
	cr_expect_eq(answers + host_drops(h, DROP_mailbox_full), FLOWS,
		"each datagram is answered or counted");
	hosts_close(&w);
}

/* No free buffer: what needs one fails and is counted; nothing else does, and service resumes. */
Test(core, survives_an_empty_pool)
{
	struct rte_mbuf *all[HOST_BUFS + 1];
	unsigned n = 0;

	open_hosts(&(struct host_opts){.n_cores = 1});
	struct env *e = core_env(w.h[0].core[0]);

	while ((all[n] = pkt_alloc(&e->pool)) != NULL)
		n++;
	uint64_t empty = e->cnt.n[CNT_core_pool_empty];

	host_ping(&w, 1, false, 100);
	host_ping(&w, 1, true, 100);
	hosts_run(&w, 100000);
	cr_expect_geq(e->cnt.n[CNT_core_pool_empty], empty);
	while (n > 0)
		pkt_free(&e->pool, all[--n]);
	check_service();
	hosts_close(&w);
}

/* The control thread's word about the link reaches every interface of the port, once. */
Test(core, takes_over_link_changes)
{
	open_hosts(&(struct host_opts){.n_cores = 1});
	struct gn_core *c = w.h[1].core[0];

	cr_expect(net_ifc_get(core_net(c), 0)->up);
	cr_expect_eq(core_link_post(c, 0, false), 0);
	cr_expect_eq(core_next_us(c), core_env(c)->now_us, "it wants a turn at once");
	core_turn(c, w.now_us);
	cr_expect_not(net_ifc_get(core_net(c), 0)->up);
	host_ping(&w, 1, false, 8);
	cr_expect_eq(host_drops(&w.h[1], DROP_tx_link_down), 1, "nothing waits for a dead link");
	cr_expect_eq(core_link_post(c, 0, true), 0);
	cr_expect_eq(core_link_post(c, 0, true), 0);
	core_turn(c, w.now_us);
	cr_expect(net_ifc_get(core_net(c), 0)->up);
	unsigned posted = 0;

	while (posted < 1000 && core_link_post(c, 0, true) == 0)
		posted++;
	cr_expect_lt(posted, 1000, "bounded: -EAGAIN when the core does not turn");
	check_service();
	hosts_close(&w);
}

Test(core, reports_its_usage)
{
	struct core_usage u;

	open_hosts(&(struct host_opts){.n_cores = 2, .mailbox = 64});
	core_usage(w.h[1].core[1], &u);
	cr_expect_eq(u.pool_size, HOST_BUFS);
	cr_expect_leq(u.pool_avail, HOST_BUFS);
	cr_expect_eq(u.mailbox_size, 64);
	cr_expect_eq(u.mailbox_used, 0);
	cr_expect_gt(u.turns, 0);
	hosts_close(&w);
}

/* driver.h: a packet with ts_flag has its time stamp at ts_offset; others have none. */
Test(core, finds_a_port_s_time_stamps)
{
	uint64_t ticks = 0, stamp = UINT64_C(0x123456789abcdef0);

	hosts_open(&w, &(struct host_opts){.n_cores = 1}, &(struct host_opts){.n_cores = 1});
	struct host *h = &w.h[0];
	struct rte_mbuf *m = rte_pktmbuf_alloc(h->pool[0]);

	m->port = 0;
	cr_assert_not(core_rx_timestamp(h->core[0], m, &ticks));
	/* As aligned as DPDK registers it. */
	h->drv->ts_offset = RTE_ALIGN_CEIL(offsetof(struct rte_mbuf, dynfield1), 8);
	h->drv->ts_flag = UINT64_C(1) << 40;
	memcpy((char *)m + h->drv->ts_offset, &stamp, sizeof(stamp));
	cr_assert_not(core_rx_timestamp(h->core[0], m, &ticks));
	m->ol_flags |= h->drv->ts_flag;
	cr_assert(core_rx_timestamp(h->core[0], m, &ticks));
	cr_assert_eq(ticks, stamp);
	m->port = CONF_PORTS_MAX;
	cr_assert_not(core_rx_timestamp(h->core[0], m, &ticks));
	rte_pktmbuf_free(m);
	hosts_close(&w);
}
