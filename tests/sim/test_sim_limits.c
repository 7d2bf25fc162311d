/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "xfer.h"

/*
 * Every fixed table and pool, too small in turn: what does not fit is counted, nothing crashes,
 * nothing is lost, and when the pressure is over, service goes on.
 */
#define CLIENTS 40
#define PORT	7
#define SECOND	UINT64_C(1000000)

/* A client opens connections, asks once, waits for the echo, and closes. */
struct limits;

struct client {
	struct gn_timer timer;
	struct limits *l;
	gn_tcp_t tcp;
	uint32_t got;
	bool open;
};

struct limits {
	struct sim *sim;
	struct sim_host *host[2]; /* client, server */
	struct gn_app app[2];
	struct client client[CLIENTS];
	unsigned n_clients;
	uint32_t request;	/* bytes */
	bool hold;		/* clients keep their connections */
	unsigned ok, failed;	/* clients: echo complete; closed() or no connection */
	unsigned server_closed; /* the server saw the end of a connection */
	uint64_t start_us;
};

static void echo_received(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	struct limits *l = user;
	uint32_t len = m->pkt_len;

	(void)l;
	if (gn_tcp_send_buf(c, t, m, 0) < 0) {
		gn_tcp_rx_done(c, t, m);
		gn_tcp_abort(c, t);
		return;
	}
	gn_tcp_consumed(c, t, len);
}

static void echo_peer_closed(struct gn_core *c, gn_tcp_t t, void *user)
{
	(void)user;
	gn_tcp_shutdown(c, t);
}

static void echo_closed(struct gn_core *c, gn_tcp_t t, void *user, int err)
{
	struct limits *l = user;

	(void)c;
	(void)t;
	(void)err;
	l->server_closed++;
}

static const struct gn_tcp_ops echo_ops = {
	.received = echo_received, .peer_closed = echo_peer_closed, .closed = echo_closed};

static void *server_init(struct gn_core *c, void *arg)
{
	struct gn_addr any = {.port = PORT};

	return gn_tcp_listen(c, &any, &echo_ops, arg, NULL) > 0 ? arg : NULL;
}

static void client_connected(struct gn_core *c, gn_tcp_t t, void *user)
{
	static const uint8_t zeros[65536];
	struct client *k = user;

	k->open = true;
	if (gn_tcp_send(c, t, zeros, k->l->request, 0) < 0)
		k->l->failed++;
}

static void client_received(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	struct client *k = user;

	k->got += m->pkt_len;
	gn_tcp_rx_done(c, t, m);
	if (k->got != k->l->request)
		return;
	k->l->ok++;
	if (!k->l->hold) {
		k->open = false;
		gn_tcp_close(c, t);
	}
}

static void client_closed(struct gn_core *c, gn_tcp_t t, void *user, int err)
{
	struct client *k = user;

	(void)c;
	(void)t;
	(void)err;
	k->open = false;
	k->l->failed++;
}

static const struct gn_tcp_ops client_ops = {
	.connected = client_connected, .received = client_received, .closed = client_closed};

static void client_start(struct gn_core *c, struct gn_timer *t)
{
	struct client *k = (struct client *)(void *)t;
	struct gn_addr to = sim_addr(false, 1, 2, PORT);
	int64_t r = gn_tcp_connect(c, NULL, &to, &client_ops, k, NULL);

	k->got = 0;
	if (r > 0)
		k->tcp = (gn_tcp_t)r;
	else
		k->l->failed++;
}

static void clients_start(struct limits *l, unsigned first, unsigned n, uint64_t gap_us)
{
	struct gn_core *c = sim_core(l->host[0], 0);

	for (unsigned i = first; i < first + n; i++) {
		l->client[i].l = l;
		gn_timer_set(c, &l->client[i].timer, (i - first) * gap_us, client_start);
	}
	l->n_clients = first + n;
}

static void *client_init(struct gn_core *c, void *arg)
{
	(void)c;
	return arg;
}

/* Conf of the two hosts may be changed between these two. */
static struct stack_conf *limits_conf(unsigned host, unsigned cores)
{
	struct stack_conf *c = sim_conf_create(cores, 2048);

	sim_conf_addr(c, 0, 1, (uint8_t)(host + 1));
	return c;
}

static void limits_start(struct limits *l, struct stack_conf *conf[2], uint32_t offloads)
{
	struct sim_cable cable = {.offloads = {offloads, offloads},
		.impair = {{.delay_us = 1000}, {.delay_us = 1000}}};
	static const char *const names[2] = {"client", "server"};

	l->app[0] = (struct gn_app){.name = "client", .init = client_init, .arg = l};
	l->app[1] = (struct gn_app){.name = "server", .init = server_init, .arg = l};
	l->sim = sim_create(1);
	for (unsigned i = 0; i < 2; i++) {
		l->host[i] = sim_host_add(l->sim, names[i], conf[i], &l->app[i]);
		free(conf[i]);
	}
	if (l->request == 0)
		l->request = 64;
	sim_join(l->sim, l->host[0], l->host[1], &cable);
	cr_assert_eq(sim_start(l->sim), 0);
}

static void run_for(struct limits *l, uint64_t us)
{
	sim_run(l->sim, sim_now_us(l->sim) + us, NULL, NULL);
}

/* Nothing is left, and nothing is lost. */
static void limits_end(struct limits *l)
{
	run_for(l, 600 * SECOND);
	cr_expect_eq(sim_left_over(l->sim, stderr), 0);
	cr_expect_eq(sim_destroy(l->sim), 0);
}

/* All of n new clients get their answer. */
static void expect_service(struct limits *l, unsigned n)
{
	unsigned ok = l->ok, failed = l->failed;

	l->hold = false;
	clients_start(l, 0, n, 100000);
	run_for(l, 60 * SECOND);
	cr_expect_eq(l->ok - ok, n, "service has not resumed: %u of %u", l->ok - ok, n);
	cr_expect_eq(l->failed, failed);
}

static void close_held(struct limits *l)
{
	for (unsigned i = 0; i < l->n_clients; i++)
		if (l->client[i].open) {
			l->client[i].open = false;
			gn_tcp_close(sim_core(l->host[0], 0), l->client[i].tcp);
		}
	run_for(l, 120 * SECOND);
}

Test(sim_limits, server_connections)
{
	struct stack_conf *conf[2] = {limits_conf(0, 1), limits_conf(1, 1)};
	struct limits l = {.hold = true};

	conf[1]->tcp.connections = 4;
	limits_start(&l, conf, 0);
	clients_start(&l, 0, 16, 1000);
	run_for(&l, 10 * SECOND);
	cr_expect_eq(l.ok, 4);
	cr_expect_gt(sim_drops(l.host[1], DROP_tcp_no_tcb), 0);
	close_held(&l);
	run_for(&l, 400 * SECOND);
	expect_service(&l, 4);
	limits_end(&l);
}

Test(sim_limits, client_connections)
{
	struct stack_conf *conf[2] = {limits_conf(0, 1), limits_conf(1, 1)};
	struct limits l = {.hold = true};

	conf[0]->tcp.connections = 4;
	limits_start(&l, conf, 0);
	clients_start(&l, 0, 16, 1000);
	run_for(&l, 10 * SECOND);
	cr_expect_eq(l.ok, 4);
	cr_expect_eq(l.failed, 12, "gn_tcp_connect() says -ENOMEM");
	close_held(&l);
	expect_service(&l, 4);
	limits_end(&l);
}

/* RFC 4987: the table of half-open connections has a bound. */
static void half_open_limit(uint8_t cookies)
{
	struct stack_conf *conf[2] = {limits_conf(0, 1), limits_conf(1, 1)};
	struct limits l = {0};

	conf[1]->tcp.half_open = 2;
	conf[1]->tcp.syn_cookies = cookies;
	limits_start(&l, conf, 0);
	clients_start(&l, 0, CLIENTS, 0); /* all at once */
	run_for(&l, 400 * SECOND);
	cr_expect_eq(l.ok + l.failed, CLIENTS, "%u and %u", l.ok, l.failed);
	cr_expect_geq(l.ok, cookies == TCP_COOKIES_NEVER ? 2 : CLIENTS);
	cr_expect_gt(sim_drops(l.host[1], DROP_tcp_half_open_full) +
			     sim_count(l.host[1], CNT_tcp_half_open_evicted) +
			     sim_count(l.host[1], CNT_tcp_syn_cookies_valid),
		0);
	expect_service(&l, 4);
	limits_end(&l);
}

/* Who was evicted after it had its SYN,ACK is reset when it sends. */
Test(sim_limits, half_open)
{
	half_open_limit(TCP_COOKIES_NEVER);
}

/* With cookies nobody is turned away. */
Test(sim_limits, half_open_cookies)
{
	half_open_limit(TCP_COOKIES_AUTO);
}

Test(sim_limits, time_wait)
{
	struct stack_conf *conf[2] = {limits_conf(0, 1), limits_conf(1, 1)};
	struct limits l = {0};

	conf[0]->tcp.time_wait = 4;
	limits_start(&l, conf, 0);
	clients_start(&l, 0, CLIENTS, 10000);
	run_for(&l, 10 * SECOND);
	cr_expect_eq(l.ok, CLIENTS);
	cr_expect_gt(sim_count(l.host[0], CNT_tcp_time_wait_evicted), 0);
	expect_service(&l, 4);
	limits_end(&l);
}

/* Full send queues on the server, and hardly a buffer for anything else. */
static void packet_buffers(unsigned host, uint32_t buffers)
{
	struct stack_conf *conf[2] = {limits_conf(0, 1), limits_conf(1, 1)};
	struct limits l = {.request = 32768};

	conf[host]->packet_buffers = buffers;
	limits_start(&l, conf, DRV_TX_MULTI_SEGS);
	clients_start(&l, 0, CLIENTS, 0);
	run_for(&l, 1000 * SECOND);
	cr_expect_gt(sim_count(l.host[host], CNT_core_pool_empty), 0);
	cr_expect_eq(l.failed + l.ok, CLIENTS, "%u failed, %u ok", l.failed, l.ok);
	l.request = 64;
	expect_service(&l, 4);
	limits_end(&l);
}

Test(sim_limits, server_packet_buffers)
{
	packet_buffers(1, 16);
}

Test(sim_limits, neighbours)
{
	struct stack_conf *conf[2] = {limits_conf(0, 1), limits_conf(1, 1)};
	struct limits l = {0};

	/* The server knows two neighbours, and one client host asks from eight addresses. */
	conf[1]->net.neigh_max = 2;
	for (uint8_t i = 10; i < 18; i++)
		conf[0]->port[0].ifc[0].addr[conf[0]->port[0].ifc[0].n_addr++] =
			(struct conf_addr){.ip = sim_ip(false, 1, i), .plen = 24};
	limits_start(&l, conf, 0);
	for (unsigned i = 0; i < 8; i++) {
		struct gn_addr to = sim_addr(false, 1, 2, PORT);
		struct gn_addr from = sim_addr(false, 1, (uint8_t)(10 + i), 0);

		l.client[i].l = &l;
		cr_assert_gt(gn_tcp_connect(sim_core(l.host[0], 0), &from, &to, &client_ops,
				     &l.client[i], NULL),
			0);
	}
	l.n_clients = 8;
	run_for(&l, 400 * SECOND);
	cr_expect_eq(l.ok + l.failed, 8, "%u and %u", l.ok, l.failed);
	cr_expect_gt(
		sim_count(l.host[1], CNT_neigh_evicted) + sim_drops(l.host[1], DROP_neigh_full), 0);
	expect_service(&l, 4);
	limits_end(&l);
}

/* A port without RSS brings everything to core 0, and the way to the owners is narrow. */
Test(sim_limits, mailboxes)
{
	struct stack_conf *conf[2] = {limits_conf(0, 1), limits_conf(1, 4)};
	struct limits l = {.request = 16384};

	conf[1]->mailbox = 2;
	limits_start(&l, conf, DRV_TX_MULTI_SEGS);
	clients_start(&l, 0, CLIENTS, 0);
	run_for(&l, 600 * SECOND);
	cr_expect_eq(l.ok, CLIENTS, "%u of %u, %u failed", l.ok, CLIENTS, l.failed);
	cr_expect_gt(sim_count(l.host[1], CNT_core_handoff_out), 0);
	cr_expect_gt(sim_drops(l.host[1], DROP_mailbox_full), 0);
	expect_service(&l, 4);
	limits_end(&l);
}

Test(sim_limits, accept_backlog_of_listener)
{
	struct stack_conf *conf[2] = {limits_conf(0, 1), limits_conf(1, 1)};
	struct limits l = {0};

	/* The client's addresses do not answer: half-open entries stay until they are given up. */
	conf[1]->tcp.half_open = 8;
	limits_start(&l, conf, 0);
	struct cable_impair cut = {.loss_ppm = CABLE_PPM};

	sim_impair(l.host[1], 0, &cut);
	clients_start(&l, 0, 16, 1000);
	run_for(&l, 300 * SECOND);
	cr_expect_eq(l.ok, 0);
	cr_expect_eq(l.failed, 16, "RFC 9293 section 3.8.3: a SYN is given up");
	sim_impair(l.host[1], 0, &(struct cable_impair){.delay_us = 1000});
	run_for(&l, 60 * SECOND);
	expect_service(&l, 8);
	limits_end(&l);
}
