/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "conf_key.h"
#include "conf_test.h"
#include "owner.h"

static const char *const smallest = "ports: {lan: {device: net_null0}}\n";

static const char *const full =
	"cores: 4\n"
	"cpus: [0, 1, 0, 1]\n"
	"control-cpu: 2\n"
	"idle: spin\n"
	"seed: 18446744073709551615\n"
	"loop: {rx-budget: 64, timer-budget: 100, mailbox: 4096}\n"
	"memory:\n"
	"  hugepages: false\n"
	"  megabytes: 512\n"
	"  packet-buffers: 20000\n"
	"  buffer-size: 9600\n"
	"rss: {key: symmetric}\n"
	"net: {ttl: 63, echo-reply: no, icmp-rate: 5, arp-retry: 2s, conflict-detection: off}\n"
	"tcp:\n"
	"  connections: 100000\n"
	"  send-buffer: 1MiB\n"
	"  rto-min: 20ms\n"
	"  keepalive: on\n"
	"  keepalive-idle: 10h\n"
	"udp: {sockets: 7}\n"
	"eal: {file-prefix: test-1, arguments: [--log-level=8, '--vdev=net_null1']}\n"
	"ports:\n"
	"  lan:\n"
	"    device: net_tap0,iface=gn0,remote=\"x y\"\n"
	"    mtu: 9000\n"
	"    rx-descriptors: 512\n"
	"    tx-descriptors: 1024\n"
	"    promiscuous: true\n"
	"    offload: false\n"
	"    addresses: [10.0.0.1/24, 10.0.0.2/24, fd00::1/64]\n"
	"    routes:\n"
	"    - {to: default, via: 10.0.0.254, metric: 10}\n"
	"    - {to: 10.9.0.0/16, via: 10.0.0.253, mtu: 1400, mss: 1000, receive-buffer: 64KiB, "
	"ecn: off, congestion-control: bbr}\n"
	"    - {to: 10.8.0.0/16}\n"
	"    - {to: default, via: 'fe80::1'}\n"
	"    neighbours:\n"
	"    - {address: 10.0.0.254, mac: 02:00:00:00:00:fe}\n"
	"    - {address: 'fd00::2', mac: 02:00:00:00:00:02}\n"
	"    vlans:\n"
	"      100:\n"
	"        addresses: [10.1.0.1/24]\n"
	"        link-local: false\n"
	"      100/200: {addresses: ['fd01::1/64']}\n"
	"  wan:\n"
	"    device: 0000:03:00.0\n";

Test(conf_read, the_smallest_file_gets_all_defaults)
{
	const struct stack_conf *c = &conf.stack;

	cr_assert_eq(read_text(smallest), 0, "%s", err.text[0]);
	cr_assert_eq(c->n_cores, 1);
	cr_assert_eq(c->cpu[0], 0);
	cr_assert_eq(c->control_cpu, -1);
	cr_assert_eq(c->seed, 0);
	cr_assert_eq(c->mailbox, 1024);
	cr_assert_eq(c->rx_budget, 32);
	cr_assert_eq(c->timer_budget, 256);
	cr_assert_eq(conf.hugepages, FRONT_HUGE_AUTO);
	cr_assert_eq(c->rss_key_len, OWNER_KEY_MIN);
	cr_assert_arr_eq(c->rss_key, owner_key_default, OWNER_KEY_MIN);
	cr_assert_eq(c->udp_sockets, 1024);
	cr_assert_eq(c->n_ports, 1);
	cr_assert_str_eq(c->port[0].name, "lan");
	cr_assert_str_eq(c->port[0].device, "net_null0");
	cr_assert_eq(c->port[0].mtu, 1500);
	cr_assert(c->port[0].offload);
	cr_assert_eq(c->port[0].n_ifc, 1);
	cr_assert(c->port[0].ifc[0].link_local);
	cr_assert_str_eq(c->port[0].ifc[0].name, "lan");
}

/* What net.h and tcp_conf.h promise as defaults, RFC by RFC. */
Test(conf_read, defaults_of_the_protocols)
{
	const struct net_conf *n = &conf.stack.net;
	const struct tcp_conf *t = &conf.stack.tcp;

	cr_assert_eq(read_text(smallest), 0);
	cr_assert(n->neigh_max == 1024 && n->neigh_queue == 16);
	cr_assert(n->arp_retry_us == 1000000 && n->arp_tries == 3, "RFC 1122 2.3.2.1");
	cr_assert(n->reachable_us == 30000000 && n->delay_probe_us == 5000000 &&
			  n->nd_retrans_us == 1000000 && n->nd_multicast_tries == 3 &&
			  n->nd_unicast_tries == 3,
		"RFC 4861 section 10");
	cr_assert(n->dad_transmits == 1 && n->acd);
	cr_assert(n->ttl == 64 && n->icmp_rate == 1000 && n->icmp_burst == 50);
	cr_assert(n->echo_reply && n->strong_host);
	cr_assert(t->connections == 16384 && t->half_open == 4096 && t->time_wait == 16384 &&
		  t->listeners == 256);
	cr_assert(t->sndbuf == 262144 && t->rcvbuf == 65535 && t->ooo_max == 4096);
	cr_assert(t->rto_min_us == 200000 && t->rto_initial_us == 1000000 &&
			  t->rto_max_us == 60000000,
		"RFC 6298");
	cr_assert(t->r2_us == 924000000 && t->syn_r2_us == 180000000, "RFC 9293 3.8.3");
	cr_assert(t->delack_us == 40000 && t->msl_us == 30000000 && t->fin_wait2_us == 60000000);
	cr_assert(t->keepalive_idle_us == 7200000000 && t->keepalive_interval_us == 75000000 &&
			  t->keepalive_count == 9 && !t->keepalive && !t->nodelay,
		"RFC 9293 3.8.4");
	cr_assert(t->challenge_rate == 1000 && t->initial_window == 10 && t->mss_min == 88);
	cr_assert(t->port_low == 32768 && t->port_high == 65535 && t->ttl == 0);
	cr_assert(t->synack_tries == 5);
}

Test(conf_read, every_section_arrives)
{
	const struct stack_conf *c = &conf.stack;
	const struct conf_port *p = &c->port[0];

	cr_assert_eq(read_text(full), 0, "%s", err.text[0]);
	cr_assert(c->n_cores == 4 && c->cpu[0] == 0 && c->cpu[1] == 1 && c->cpu[2] == 0 &&
		  c->cpu[3] == 1 && c->control_cpu == 2);
	cr_assert(c->idle == CONF_IDLE_SPIN && c->seed == UINT64_MAX && c->mailbox == 4096);
	cr_assert(conf.hugepages == FRONT_HUGE_FALSE && c->memory_mb == 512 &&
		  c->packet_buffers == 20000 && c->buffer_size == 9600);
	cr_assert_arr_eq(c->rss_key, owner_key_symmetric, OWNER_KEY_MIN);
	cr_assert(c->net.ttl == 63 && !c->net.echo_reply && c->net.icmp_rate == 5 && !c->net.acd);
	cr_assert(c->tcp.connections == 100000 && c->tcp.sndbuf == 1048576 && c->tcp.keepalive &&
		  c->tcp.keepalive_idle_us == 36000000000);
	cr_assert_str_eq(conf.file_prefix, "test-1");
	cr_assert_eq(conf.n_eal, 2);
	cr_assert_str_eq(conf.eal_arg[1], "--vdev=net_null1");
	cr_assert_eq(c->n_ports, 2);
	cr_assert_str_eq(p->device, "net_tap0,iface=gn0,remote=\"x y\"");
	cr_assert(p->mtu == 9000 && p->rx_desc == 512 && p->tx_desc == 1024 && p->promiscuous &&
		  !p->offload);
	cr_assert_eq(p->ifc[0].n_addr, 3);
	cr_assert(p->ifc[0].addr[2].v6 && p->ifc[0].addr[2].plen == 64);
	cr_assert_eq(p->ifc[0].n_route, 4);
	cr_assert(!p->ifc[0].route[0].v6 && p->ifc[0].route[0].plen == 0 &&
		  p->ifc[0].route[0].via.v4 == IP4(10, 0, 0, 254) &&
		  p->ifc[0].route[0].metric == 10);
	cr_assert_eq(p->ifc[0].route[0].opts.cc, 0);
	cr_assert_eq(p->ifc[0].route[1].opts.mtu, 1400);
	cr_assert_eq(p->ifc[0].route[1].opts.mss, 1000);
	cr_assert_eq(p->ifc[0].route[1].opts.rcvbuf, 65536);
	cr_assert_eq(p->ifc[0].route[1].opts.ecn, TCP_CHOICE_OFF);
	cr_assert_eq(p->ifc[0].route[1].opts.cc, TCP_CC_BBR + 1);
	cr_assert(p->ifc[0].route[3].v6 && p->ifc[0].route[3].plen == 0 &&
		  p->ifc[0].route[3].via.v6.b[0] == 0xfe);
	cr_assert_eq(p->ifc[0].n_neigh, 2);
	cr_assert(p->ifc[0].neigh[0].mac[5] == 0xfe && p->ifc[0].neigh[1].v6);
	cr_assert_eq(p->n_ifc, 3);
	cr_assert(
		p->ifc[1].vlan.outer == 100 && p->ifc[1].vlan.inner == 0 && !p->ifc[1].link_local);
	cr_assert_str_eq(p->ifc[1].name, "lan.100");
	cr_assert(p->ifc[2].vlan.outer == 100 && p->ifc[2].vlan.inner == 200);
	cr_assert_str_eq(p->ifc[2].name, "lan.100.200");
	cr_assert_str_eq(c->port[1].device, "0000:03:00.0");
}

static char *printed(const struct front_conf *c)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	conf_print(c, f);
	fclose(f);
	return text;
}

Test(conf_read, what_is_printed_reads_back_the_same)
{
	static struct front_conf first;
	const char *const texts[] = {smallest, full};
	const void *a = &first, *b = &conf; /* both were zeroed first, padding too */

	for (unsigned i = 0; i < 2; i++) {
		cr_assert_eq(read_text(texts[i]), 0);
		first = conf;
		char *text = printed(&first);

		cr_assert_eq(read_text(text), 0, "%s in\n%s", err.text[0], text);
		cr_assert_eq(memcmp(a, b, sizeof(conf)), 0, "differs:\n%s", text);
		free(text);
	}
}

Test(conf_read, cores_may_be_a_list_of_cpus)
{
	char text[128];

	snprintf(text, sizeof(text), "%scores: [3, 1, 3]\n", smallest);
	cr_assert_eq(read_text(text), 0, "%s", err.text[0]);
	cr_assert(conf.stack.n_cores == 3 && conf.stack.cpu[0] == 3 && conf.stack.cpu[1] == 1 &&
		  conf.stack.cpu[2] == 3);
	snprintf(text, sizeof(text), "%scpus: 0-2\n", smallest);
	cr_assert_eq(read_text(text), 0, "%s", err.text[0]);
	cr_assert_eq(conf.stack.n_cores, 3, "as many cores as CPUs listed");
}

Test(conf_read, a_small_mtu_switches_link_local_off)
{
	cr_assert_eq(
		read_text("ports: {lan: {device: x, mtu: 576, addresses: [10.0.0.1/24]}}\n"), 0);
	cr_assert_not(conf.stack.port[0].ifc[0].link_local);
}

Test(conf_read, empty_sections_and_link_local_on_two_ports_are_fine)
{
	cr_assert_eq(read_text("tcp:\nports:\n"
			       "  a: {device: x, addresses: [fe80::1/64], routes: , vlans: }\n"
			       "  b: {device: y, addresses: [fe80::1/64]}\n"),
		0, "%s", err.text[0]);
}

Test(conf_read, options_override_the_file)
{
	struct conf_node *root = conf_tree_parse(full, strlen(full), "t.yaml", &err);

	memset(&err, 0, sizeof(err));
	cr_assert_eq(conf_tree_set(root, "tcp.send-buffer", "64KiB", false, "o", &err), 0);
	cr_assert_eq(conf_tree_set(root, "cpus", "[2, 3]", false, "o", &err), 0);
	cr_assert_eq(conf_tree_set(root, "cores", "2", false, "o", &err), 0);
	cr_assert_eq(conf_tree_set(root, "ports.lan.addresses", "10.0.0.3/24", true, "o", &err), 0);
	cr_assert_eq(conf_tree_set(root, "ports.wan.mtu", "1400", false, "o", &err), 0);
	cr_assert_eq(conf_read(root, &four_cpus, &conf, &err), 0, "%s", err.text[0]);
	cr_assert_eq(conf.stack.tcp.sndbuf, 65536);
	cr_assert_eq(conf.stack.n_cores, 2);
	cr_assert_eq(conf.stack.cpu[0], 2);
	cr_assert_eq(conf.stack.port[0].ifc[0].n_addr, 4);
	cr_assert_eq(conf.stack.port[1].mtu, 1400);
	conf_tree_free(root);
}

/* Each line of config.def: its default lies in its own range, its text is there. */
Test(conf_read, the_table_is_sound)
{
	for (unsigned i = 0; i < conf_n_keys; i++) {
		const struct conf_key *k = &conf_keys[i];
		char form[128];

		conf_key_form(k, form, sizeof(form));
		cr_expect_leq(k->low, k->high, "%s", k->path);
		cr_expect_gt(strlen(k->help), 10, "%s", k->path);
		cr_expect_gt(strlen(form), 3, "%s", k->path);
		cr_expect_eq(conf_key_find(k->scope, k->path), k, "%s stands twice", k->path);
	}
}

Test(conf_read, the_samples_are_right)
{
	static const char *const files[] = {"gannet.yaml", "tap.yaml", "vlans.yaml"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[512];
		struct conf_node *root;

		snprintf(path, sizeof(path), "%s/%s", CONFIG_DIR, files[i]);
		memset(&err, 0, sizeof(err));
		root = conf_tree_load(path, &err);
		cr_assert_not_null(root, "%s", err.text[0]);
		cr_expect_eq(conf_read(root, &four_cpus, &conf, &err), 0, "%s", err.text[0]);
		conf_tree_free(root);
	}
}

#define KEYS(list) \
	"ports: {lan: {device: net_null0, addresses: [10.0.0.1/24]}}\ntcp:\n  keys:\n" list

Test(conf_read, keys_of_peers)
{
	const struct tcp_conf *c = &conf.stack.tcp;

	cr_assert_eq(
		read_text(KEYS("    - {peer: 10.0.0.2/32, port: 179, algorithm: md5, key: bgp}\n"
			       "    - {peer: 'fd00::/64', key: '0x0001ff', send-id: 3, "
			       "recv-id: 4, skip-options: true}\n")),
		0);
	cr_assert_eq(c->n_key, 2);
	cr_expect(!c->key[0].v6 && c->key[0].plen == 32 && c->key[0].peer.v4 == 0x0a000002);
	cr_expect(c->key[0].port == 179 && c->key[0].alg == TCP_AUTH_MD5 && c->key[0].len == 3);
	cr_expect_arr_eq(c->key[0].key, "bgp", 3);
	cr_expect(c->key[1].v6 && c->key[1].plen == 64 && c->key[1].alg == TCP_AUTH_HMAC_SHA1);
	cr_expect(c->key[1].send_id == 3 && c->key[1].recv_id == 4 && c->key[1].skip_options);
	cr_expect(c->key[1].len == 3 && memcmp(c->key[1].key, "\0\1\377", 3) == 0);
	char *text = printed(&conf);

	cr_expect_null(strstr(text, "bgp"), "secrets are not shown");
	free(text);
}

Test(conf_read, keys_of_peers_that_are_wrong)
{
	static const char *const bad[] = {
		KEYS("    - {peer: 10.0.0.2/32}\n"),
		KEYS("    - {key: secret}\n"),
		KEYS("    - {peer: 10.0.0.2, key: secret}\n"),
		KEYS("    - {peer: default, key: secret}\n"),
		KEYS("    - {peer: 10.0.0.2/32, key: ''}\n"),
		KEYS("    - {peer: 10.0.0.2/32, key: 0xabc}\n"),
		KEYS("    - {peer: 10.0.0.2/32, key: secret, algorithm: sha256}\n"),
		KEYS("    - {peer: 10.0.0.2/32, key: a, send-id: 1, recv-id: 1}\n"
		     "    - {peer: 10.0.0.2/32, key: b, send-id: 1, recv-id: 2}\n"),
		KEYS("    - secret\n"),
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_neq(read_text(bad[i]), 0, "text %u", i);
		cr_expect_eq(err.n, 1, "text %u", i);
	}
}
