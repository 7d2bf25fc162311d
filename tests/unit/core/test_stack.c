/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cable.h"
#include "eal.h"
#include "heap_pool.h"
#include "stack.h"
#include "wire_arp.h"
#include "wire_eth.h"

/*
 * A stack with its threads, under EAL without hugepages, on a cable whose other end is this test.
 * All in one process: starting EAL costs more than all the cases together.
 */
static struct stack_conf conf;
static struct drv_port *stack_end, *test_end;
static struct rte_mempool *test_pool;
static char err[512];
static unsigned inits, exits;
static int init_result;

static int probe(const char *device, struct drv_port **out)
{
	if (strcmp(device, "cable") != 0)
		return -ENODEV;
	*out = stack_end;
	return 0;
}

static void make_cable(uint16_t queues, uint32_t offloads)
{
	struct cable_conf c = {.seed = 1};
	struct drv_conf d = {.n_queues = 1, .mtu = 1500, .pool = {test_pool}};

	c.side[0] = (struct cable_side){
		.mac = {2, 0, 0, 0, 0, 1}, .max_queues = queues, .offloads = offloads};
	c.side[1] = (struct cable_side){.mac = {2, 0, 0, 0, 0, 2}, .max_queues = 1};
	cr_assert_eq(cable_create(&c, &stack_end, &test_end), 0);
	cr_assert_eq(test_end->ops->configure(test_end, &d), 0);
}

static void start_test_end(void)
{
	cr_assert_eq(test_end->ops->start(test_end), 0);
}

static void close_test_end(void)
{
	test_end->ops->stop(test_end);
	test_end->ops->close(test_end);
}

static void make_conf(unsigned n_cores)
{
	stack_conf_default(&conf);
	conf.n_cores = n_cores;
	for (unsigned i = 0; i < n_cores; i++)
		conf.cpu[i] = 0;
	conf.hugepages = false;
	conf.packet_buffers = 2048;
	conf.seed = 1;
	conf.tcp.connections = conf.tcp.half_open = conf.tcp.time_wait = 64;
	conf.net.acd = false;
	conf.n_ports = 1;
	strcpy(conf.port[0].name, "p0");
	strcpy(conf.port[0].device, "cable");
	conf.port[0].rx_desc = 512;
	conf.port[0].n_ifc = 1;
	conf.port[0].ifc[0].n_addr = 1;
	conf.port[0].ifc[0].addr[0] =
		(struct conf_addr){.ip = {.v4 = IP4(10, 0, 0, 1)}, .plen = 24};
}

static int app_init(struct gn_core *c, void *arg)
{
	(void)arg;
	__atomic_fetch_add(&inits, 1, __ATOMIC_RELAXED);
	return core_env(c)->core == 1 ? init_result : 0;
}

static void app_exit(struct gn_core *c, void *arg)
{
	(void)c;
	(void)arg;
	__atomic_fetch_add(&exits, 1, __ATOMIC_RELAXED);
}

static const struct core_app_ops no_app_ops;
static const struct stack_app app = {.ops = &no_app_ops, .init = app_init, .exit = app_exit};

static void send_arp_request(void)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(test_pool);
	struct wire_eth eth = {.src = {2, 0, 0, 0, 0, 2}, .type = 0x0806};
	struct wire_arp arp = {.op = WIRE_ARP_REQUEST,
		.sha = {2, 0, 0, 0, 0, 2},
		.spa = IP4(10, 0, 0, 2),
		.tpa = IP4(10, 0, 0, 1)};
	uint8_t *p;

	cr_assert_not_null(m);
	memset(eth.dst, 0xff, sizeof(eth.dst));
	p = (uint8_t *)rte_pktmbuf_append(m, WIRE_ETH_LEN + WIRE_ARP_LEN);
	wire_eth_emit(p, &eth);
	wire_arp_emit(p + WIRE_ETH_LEN, &arp);
	cr_assert_eq(test_end->tx(test_end->tx_queue[0], &m, 1, 0), 1);
}

static bool is_arp_reply(const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	struct wire_eth eth;
	struct wire_arp arp;
	int l2 = wire_eth_parse(p, m->data_len, &eth);

	return l2 > 0 && eth.type == 0x0806 && wire_arp_parse(p + l2, m->data_len - l2, &arp) > 0 &&
	       arp.op == WIRE_ARP_REPLY && arp.spa == IP4(10, 0, 0, 1);
}

/* Does the control thread's work until an answer comes; 10 s is far more than it can take. */
static bool arp_answered(struct stack *s)
{
	time_t end = time(NULL) + 10;
	bool answered = false;

	while (!answered && time(NULL) < end) {
		struct rte_mbuf *m;

		stack_poll(s);
		while (test_end->rx(test_end->rx_queue[0], &m, 1, 0) == 1) {
			answered |= is_arp_reply(m);
			rte_pktmbuf_free(m);
		}
	}
	return answered;
}

static void check_lives(unsigned n_cores, uint16_t queues, uint32_t offloads, enum conf_idle idle)
{
	struct stack *s;

	make_conf(n_cores);
	conf.idle = idle;
	make_cable(queues, offloads);
	inits = exits = 0;
	s = stack_create(&conf, &app, probe, err, sizeof(err));
	cr_assert_not_null(s, "%s", err);
	start_test_end();
	cr_assert_eq(stack_start(s), 0);
	cr_expect_eq(inits, n_cores);
	cr_expect_eq(stack_n_cores(s), n_cores);
	cr_expect_eq(stack_n_ports(s), 1);
	send_arp_request();
	cr_expect(arp_answered(s));
	cr_expect_not(stack_stopping(s));
	stack_stop(s);
	cr_expect(stack_stopping(s));
	cr_expect_eq(stack_join(s), 0);
	cr_expect_eq(exits, n_cores);
	stack_destroy(s);
	close_test_end();
}

/* stack_create() refuses, and its message holds what. */
static void check_refused(const char *what)
{
	struct stack *s = stack_create(&conf, &app, probe, err, sizeof(err));

	cr_expect_null(s);
	cr_expect_not_null(strstr(err, what), "\"%s\" is not in \"%s\"", what, err);
	err[0] = '\0';
}

static void check_errors(void)
{
	make_conf(1);
	strcpy(conf.port[0].device, "nothing");
	check_refused("nothing");

	make_conf(5);
	check_refused("5 cores");

	/* The stack closes a port that it has opened, so each case has a new cable. */
	make_conf(1);
	make_cable(1, 0);
	conf.port[0].mtu = 9000;
	check_refused("9150");
	close_test_end();

	make_conf(1);
	make_cable(1, 0);
	conf.port[0].mtu = 9001;
	check_refused("MTU 9001");
	close_test_end();

	make_conf(1);
	make_cable(1, 0);
	conf.packet_buffers = 600;
	check_refused("600 packet buffers");
	close_test_end();

	make_conf(1);
	make_cable(1, 0);
	conf.rss_key_len = 10;
	check_refused("RSS key");
	close_test_end();
}

/* One core's application cannot start: those that could are ended in order. */
static void check_failed_init(void)
{
	struct stack *s;

	make_conf(2);
	make_cable(2, 0);
	inits = exits = 0;
	init_result = -ENOSPC;
	s = stack_create(&conf, &app, probe, err, sizeof(err));
	cr_assert_not_null(s, "%s", err);
	cr_expect_eq(stack_start(s), -ENOSPC);
	cr_expect_eq(inits, 2);
	cr_expect_eq(exits, 1);
	stack_destroy(s);
	close_test_end();
	init_result = 0;
}

Test(stack, lives_and_ends_under_eal)
{
	struct eal_opts o = {.prog = "gn-test-stack"};
	char prefix[64];

	snprintf(prefix, sizeof(prefix), "gn-test-stack-%d", (int)getpid());
	o.file_prefix = prefix;
	make_conf(4);
	cr_assert_eq(eal_start(&conf, &o, err, sizeof(err)), 0, "%s", err);
	cr_expect_str_eq(eal_prefix(), prefix);
	cr_expect_not_null(strstr(eal_memory_mode(), "no-huge"));
	test_pool = heap_pool_create("test", 512, RTE_MBUF_DEFAULT_BUF_SIZE);

	check_lives(1, 1, 0, CONF_IDLE_YIELD);
	check_lives(2, 2, DRV_RSS | DRV_RX_RSS_HASH, CONF_IDLE_YIELD);
	check_lives(4, 1, 0, CONF_IDLE_SLEEP);
	check_lives(1, 1, CABLE_OFFLOADS, CONF_IDLE_SPIN);
	check_errors();
	check_failed_init();

	cr_expect_eq(heap_pool_avail(test_pool), 512, "the stack kept a buffer of its peer");
	heap_pool_free(test_pool);
	eal_stop();
}
