/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "conf_test.h"

/* One text, one error, with file, line, key, what is wrong and what would be right. */
struct wrong {
	const char *yaml, *message;
};

#define PORT "ports:\n  lan:\n    device: net_null0\n"

static const struct wrong wrongs[] = {
	/* Keys. */
	{PORT "qeues: 2\n",
		"t.yaml:4: unknown key 'qeues'; known here: cores, cpus, control-cpu, idle, "
		"seed, loop, memory, rss, net, tcp, udp, eal, ports"},
	{PORT "core: 2\n", "t.yaml:4: unknown key 'core', did you mean 'cores'?"},
	{PORT "tcp:\n  rto_min: 1s\n",
		"t.yaml:5: tcp: unknown key 'rto_min', did you mean 'rto-min'?"},
	{PORT "    address: []\n",
		"t.yaml:4: ports.lan: unknown key 'address', did you mean 'addresses'?"},
	{PORT "    routes:\n    - {to: 10.0.0.0/8, gw: 10.0.0.1}\n",
		"t.yaml:5: ports.lan.routes[0]: unknown key 'gw'; known here: to, via, metric, "
		"type, "
		"mtu, "
		"mss, receive-buffer, ecn, congestion-control"},
	{PORT "cores: 1\ncores: 2\n", "t.yaml:5: cores: duplicate key, first in line 4; keep one"},
	{"cores: 1\n",
		"t.yaml:1: 'ports' is missing; expected a map of port names: map of port names "
		"to ports"},
	{"ports:\n  lan:\n    mtu: 1500\n",
		"t.yaml:3: ports.lan: 'device' is missing; expected a text: "
		"PCI address (0000:03:00.0) or virtual device with its arguments "
		"(net_tap0,iface=gn0)"},
	{"ports: {}\n", "t.yaml:1: ports: no port; expected at least one, as 'lan: {device: ...}'"},
	{"ports:\n  la.n: {device: x}\n",
		"t.yaml:2: ports.la.n: wrong name; expected at most 15 letters, "
		"digits, '-', '_'"},
	/* Types. */
	{PORT "tcp:\n  connections: many\n",
		"t.yaml:5: tcp.connections: 'many' is wrong; expected a "
		"number from 16 to 16777216"},
	{PORT "tcp:\n  connections: [1]\n",
		"t.yaml:5: tcp.connections: found a list; expected a number "
		"from 16 to 16777216"},
	{PORT "tcp:\n  connections:\n",
		"t.yaml:5: tcp.connections: found nothing; expected a number "
		"from 16 to 16777216"},
	{PORT "tcp: 5\n",
		"t.yaml:4: tcp: found a single value; expected keys, each on a line of its own"},
	{PORT "tcp:\n  nodelay: maybe\n",
		"t.yaml:5: tcp.nodelay: 'maybe' is wrong; expected true or "
		"false"},
	{PORT "tcp:\n  rto-min: 200\n",
		"t.yaml:5: tcp.rto-min: '200' has no unit (us, ms, s, min, h); "
		"expected a time from 1ms to 1min"},
	{PORT "tcp:\n  send-buffer: 64KB\n",
		"t.yaml:5: tcp.send-buffer: '64KB' is wrong; expected bytes "
		"(KiB, MiB, GiB) from 4KiB to 1GiB"},
	{PORT "idle: fast\n", "t.yaml:4: idle: 'fast' is wrong; expected spin, yield or sleep"},
	{PORT "memory: {hugepages: some}\n",
		"t.yaml:4: memory.hugepages: 'some' is wrong; expected "
		"auto, true or false"},
	{PORT "rss: {key: 6d5a}\n",
		"t.yaml:4: rss.key: '6d5a' is wrong; expected default, symmetric, or "
		"40 to 52 bytes in hexadecimal"},
	{PORT "eal: {file-prefix: a/b}\n",
		"t.yaml:4: eal.file-prefix: 'a/b' is wrong; expected letters, "
		"digits, '-', '_' and '.'"},
	{PORT "    addresses: 10.0.0.1/24\n",
		"t.yaml:4: ports.lan.addresses: '10.0.0.1/24' is wrong; "
		"expected a list of addresses with their prefix lengths"},
	{PORT "    routes: [10.0.0.1]\n",
		"t.yaml:4: ports.lan.routes[0]: expected {to: 10.1.0.0/16, "
		"via: 10.0.0.254}"},
	/* Ranges. */
	{PORT "cores: 65\n",
		"t.yaml:4: cores: 65 is out of range; expected a number from 1 to 64, or a "
		"list of CPUs"},
	{PORT "cores: 0\n",
		"t.yaml:4: cores: 0 is out of range; expected a number from 1 to 64, or a "
		"list of CPUs"},
	{PORT "tcp:\n  delayed-ack: 500ms\n",
		"t.yaml:5: tcp.delayed-ack: 500ms is out of range; expected "
		"a time from 0 to 499999us"},
	{PORT "tcp:\n  rto-max: 59s\n",
		"t.yaml:5: tcp.rto-max: 59s is out of range; expected a time "
		"from 1min to 1h"},
	{PORT "net:\n  neighbours: 1000\n",
		"t.yaml:5: net.neighbours: 1000 is no power of two; expected "
		"a power of two from 16 to 1048576"},
	{PORT "    mtu: 67\n",
		"t.yaml:4: ports.lan.mtu: 67 is out of range; expected a number from 68 to "
		"9000"},
	{PORT "    mtu: 9001\n",
		"t.yaml:4: ports.lan.mtu: 9001 is out of range; expected a number from "
		"68 to 9000"},
	{PORT "memory: {buffer-size: 100}\n", "t.yaml:4: memory.buffer-size: 100 is out of range; "
					      "expected bytes (KiB, MiB, GiB) from 512 to 65535"},
	{PORT "tcp:\n  port-low: 50000\n  port-high: 40000\n",
		"t.yaml:5: tcp.port-low: greater than "
		"tcp.port-high; expected at most that"},
	/* CPUs. */
	{PORT "cores: 5\n",
		"t.yaml:4: cores: 5 cores but only 4 CPUs for us (0-3); expected at most 4, or "
		"a list that shares them, as 'cpus: [0, 0, ...]'"},
	{PORT "cores: 4\ncpus: [0, 1]\n",
		"t.yaml:5: cpus: 4 cores but 2 CPUs listed; expected one CPU "
		"for each core, as [0, 1, 0, 1] for 4 cores on 2 CPUs"},
	{PORT "cpus: [0, 9]\n", "t.yaml:4: cpus: there is no CPU 9 for us; expected some of 0-3"},
	{PORT "cpus: [0, x]\n",
		"t.yaml:4: cpus: 'x' is wrong; expected a list of CPUs, as [0, 1, 0, 1] or "
		"0-3,8"},
	{PORT "control-cpu: 8\n",
		"t.yaml:4: control-cpu: there is no CPU 8 for us; expected one of 0-3, "
		"or any"},
	/* Addresses. */
	{PORT "    addresses: [10.0.0.1]\n",
		"t.yaml:4: ports.lan.addresses[0]: '10.0.0.1' is wrong; "
		"expected ADDRESS/LENGTH, as 10.0.0.1/24 or fd00::1/64"},
	{PORT "    addresses:\n    - 10.0.0.1/24\n    - 224.0.0.1/24\n",
		"t.yaml:6: "
		"ports.lan.addresses[1]: 224.0.0.1/24 is a multicast or reserved address; expected "
		"a "
		"unicast one"},
	{PORT "    addresses: [10.0.0.0/24]\n",
		"t.yaml:4: ports.lan.addresses[0]: 10.0.0.0/24 is the "
		"subnet's own address; expected a host's"},
	{PORT "    addresses: [10.0.0.255/24]\n",
		"t.yaml:4: ports.lan.addresses[0]: 10.0.0.255/24 is the "
		"subnet's broadcast address; expected a host's"},
	{PORT "    addresses: ['ff02::1/64']\n",
		"t.yaml:4: ports.lan.addresses[0]: ff02::1/64 is a "
		"multicast address; expected a unicast one"},
	{PORT "    addresses: ['::1/128']\n",
		"t.yaml:4: ports.lan.addresses[0]: ::1/128 is the loopback "
		"address"},
	{PORT "    addresses:\n    - 10.0.0.1/24\n    - 10.0.0.1/16\n",
		"t.yaml:6: "
		"ports.lan.addresses[1]: the address of 10.0.0.1/16 is already in use: "
		"ports.lan.addresses[0] (line 5); keep one"},
	{PORT "    addresses: [10.0.0.1/24]\n  wan:\n    device: net_null1\n    addresses: "
	      "[10.0.0.2/25]\n",
		"t.yaml:7: ports.wan.addresses[0]: 10.0.0.2/25 overlaps with 10.0.0.1/24 on lan "
		"(line 4); "
		"expected subnets apart"},
	{PORT "    addresses: ['fd00::1/64']\n    vlans:\n      7:\n        addresses: "
	      "['fd00::2/48']\n",
		"t.yaml:7: ports.lan.vlans.7.addresses[0]: fd00::2/48 overlaps with fd00::1/64 on "
		"lan "
		"(line 4); expected subnets apart"},
	{PORT "    mtu: 1279\n    addresses: ['fd00::1/64']\n",
		"t.yaml:4: ports.lan.mtu: 1279 with IPv6 "
		"on the port; expected at least 1280"},
	{PORT "    mtu: 576\n    link-local: true\n",
		"t.yaml:4: ports.lan.mtu: 576 with IPv6 on the port; "
		"expected at least 1280"},
	/* Routes. */
	{PORT "    addresses: [10.0.0.1/24]\n    routes:\n    - to: default\n      via: 10.0.1.1\n",
		"t.yaml:7: ports.lan.routes[0]: 10.0.1.1 is on no subnet of 'lan'; expected an "
		"address "
		"inside one of its 'addresses'"},
	{PORT "    addresses: [10.0.0.1/24]\n    routes:\n    - to: default\n      via: 10.0.0.1\n",
		"t.yaml:7: ports.lan.routes[0]: 10.0.0.1 is our own address; expected the "
		"gateway's"},
	{PORT "    routes:\n    - to: default\n      via: 10.0.1.1\n  wan:\n    device: net_null1\n"
	      "    addresses: [10.0.1.2/24]\n",
		"t.yaml:6: ports.lan.routes[0]: 10.0.1.1 is on a subnet of 'wan'; expected the "
		"route "
		"there"},
	{PORT "    routes:\n    - to: default\n",
		"t.yaml:5: ports.lan.routes[0]: a default route needs "
		"'via', the gateway's address"},
	{PORT "    routes:\n    - {to: 10.0.0.5/24}\n",
		"t.yaml:5: ports.lan.routes[0]: 10.0.0.5/24 has "
		"bits set after its prefix; expected 10.0.0.0/24"},
	{PORT "    routes:\n    - {to: 10.0.0.0/24, via: 'fd00::1'}\n",
		"t.yaml:5: ports.lan.routes[0]: "
		"gateway fd00::1 for 10.0.0.0/24; expected both of one family"},
	{PORT "    routes:\n    - {to: 10.1.0.0/16}\n    - {to: 10.1.0.0/16}\n",
		"t.yaml:6: "
		"ports.lan.routes[1]: a second route to the same destination with the same metric; "
		"expected another 'metric'"},
	{PORT "    routes:\n    - {via: 10.0.0.1}\n",
		"t.yaml:5: ports.lan.routes[0]: 'to' is missing; "
		"expected a prefix as 10.1.0.0/16 or fd00:1::/48, or default: PREFIX/LENGTH, or "
		"default"},
	/* Neighbours, VLANs, devices. */
	{PORT "    neighbours:\n    - {address: 10.0.0.2, mac: '01:00:00:00:00:01'}\n",
		"t.yaml:5: "
		"ports.lan.neighbours[0].mac: 01:00:00:00:00:01 is no unicast address; expected "
		"the "
		"neighbour's own"},
	{PORT "    neighbours:\n    - {address: 10.0.0.2, mac: '02:00'}\n",
		"t.yaml:5: "
		"ports.lan.neighbours[0].mac: '02:00' is wrong; expected a MAC address as "
		"02:00:00:00:00:01"},
	{PORT "    neighbours:\n    - {address: 10.0.0.2, mac: '02:00:00:00:00:01'}\n"
	      "    - {address: 10.0.0.2, mac: '02:00:00:00:00:02'}\n",
		"t.yaml:6: "
		"ports.lan.neighbours[1]: the address is listed twice; keep one"},
	{PORT "    vlans:\n      4095: {}\n",
		"t.yaml:5: ports.lan.vlans.4095: wrong VLAN; expected an "
		"identifier from 1 to 4094, or two as 100/200"},
	{PORT "    vlans:\n      7: {}\n      07: {}\n",
		"t.yaml:6: ports.lan.vlans.07: the VLAN is listed "
		"twice; keep one"},
	{PORT "  wan:\n    device: net_null0\n",
		"t.yaml:5: ports.wan.device: port 'lan' has the same "
		"device; expected another"},
	{PORT "    rx-descriptors: 16384\n",
		"t.yaml:1: memory.packet-buffers: 16384 buffers do not fill "
		"the 16384 receive descriptors of a core's queues; expected at least twice as "
		"many"},
	/* YAML. */
	{"", "t.yaml:1: empty; it needs at least 'ports:' with one port and its 'device:'"},
	{"# only a comment\n", "t.yaml:1: empty; it needs at least 'ports:' with one port and its "
			       "'device:'"},
	{"- a\n", "t.yaml:1: a list at the top; expected keys, as in 'cores: 2'"},
	{"text\n", "t.yaml:1: a single value at the top; expected keys, as in 'cores: 2'"},
	{"a: &x 1\n", "t.yaml:1: a: anchors and tags are not accepted; write the value itself"},
	{"a: 1\nb: *x\n", "t.yaml:2: b: alias '*x' is not accepted; write the value itself"},
	{"a: !!int 1\n", "t.yaml:1: a: anchors and tags are not accepted; write the value itself"},
	{"? [a]\n: 1\n", "t.yaml:1: a list or map as key; a key is a word"},
	{"a: 1\n---\nb: 2\n", "t.yaml:3: a second document; a configuration is one document"},
	{"a: [1\nb: 2\n",
		"t.yaml:2: not YAML: did not find expected ',' or ']' while parsing a flow "
		"sequence"},
	{"a: \"x\\0y\"\n",
		"t.yaml:1: a: control character in a value; values are one line of text"},
	{"a: 1\n\xff\xfe: 2\n",
		"t.yaml:2: not YAML: invalid leading UTF-8 octet; the file must be UTF-8 "
		"text without control characters"},
};

Test(conf_errors, each_names_file_line_key_and_remedy)
{
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		cr_expect_eq(read_text(wrongs[i].yaml), -1, "accepted:\n%s", wrongs[i].yaml);
		cr_expect_eq(err.n, 1, "%u errors, the second '%s', for:\n%s", err.n, err.text[1],
			wrongs[i].yaml);
		cr_expect_str_eq(err.text[0], wrongs[i].message, "\n got %s\nwant %s", err.text[0],
			wrongs[i].message);
	}
}

Test(conf_errors, all_of_a_file_are_reported)
{
	read_text("cores: x\nidle: y\ntcp:\n  ttl: 256\nnet:\n  ttl: 0\nports:\n  a: {}\n");
	cr_assert_eq(err.n, 5);
	cr_assert_not_null(strstr(err.text[0], "t.yaml:1: cores:"));
	cr_assert_not_null(strstr(err.text[1], "t.yaml:2: idle:"));
	cr_assert_not_null(strstr(err.text[2], "t.yaml:4: tcp.ttl:"));
	cr_assert_not_null(strstr(err.text[3], "t.yaml:6: net.ttl:"));
	cr_assert_not_null(strstr(err.text[4], "t.yaml:8: ports.a: 'device'"));
}

Test(conf_errors, at_most_twenty_are_kept_and_the_rest_counted)
{
	char yaml[1024] = PORT "    addresses:\n", *text;
	size_t size;
	FILE *f;

	for (int i = 0; i < 25; i++)
		strcat(yaml, "    - nonsense\n");
	read_text(yaml);
	cr_assert_eq(err.n, 25);
	f = open_memstream(&text, &size);
	conf_err_print(&err, f);
	fclose(f);
	cr_assert_not_null(strstr(text, "addresses[19]"));
	cr_assert_null(strstr(text, "addresses[20]"));
	cr_assert_not_null(strstr(text, "and 5 more\n"));
	free(text);
}

Test(conf_errors, nesting_is_bounded)
{
	char yaml[8192] = "a: ";

	memset(yaml + 3, '[', sizeof(yaml) - 4);
	yaml[sizeof(yaml) - 1] = '\0';
	cr_assert_eq(read_text(yaml), -1);
	cr_assert_eq(err.n, 1);
	cr_assert_not_null(strstr(err.text[0], "nested more than 16 deep"), "%s", err.text[0]);
}

Test(conf_errors, scalars_keys_lists_and_files_are_bounded)
{
	char *yaml = malloc(CONF_FILE_MAX + 16);

	strcpy(yaml, "a: ");
	memset(yaml + 3, 'x', CONF_TEXT_MAX + 1);
	strcpy(yaml + 3 + CONF_TEXT_MAX + 1, "\n");
	read_text(yaml);
	cr_expect_str_eq(err.text[0], "t.yaml:1: a: value of 4097 bytes; at most 4096");

	memset(yaml, 'k', 65);
	strcpy(yaml + 65, ": 1\n");
	read_text(yaml);
	cr_expect_str_eq(err.text[0], "t.yaml:1: a key has 1 to 64 characters");

	strcpy(yaml, "a:\n");
	for (unsigned i = 0; i <= CONF_CHILDREN_MAX; i++)
		strcpy(yaml + 3 + 4 * i, "- x\n");
	read_text(yaml);
	cr_expect_str_eq(err.text[0], "t.yaml:1026: a: more than 1024 entries");

	memset(yaml, '#', CONF_FILE_MAX + 1);
	yaml[CONF_FILE_MAX + 1] = '\0';
	read_text(yaml);
	cr_expect_str_eq(err.text[0], "t.yaml: 1048577 bytes; at most 1048576");
	free(yaml);
}

Test(conf_errors, options_are_named_instead_of_a_file)
{
	struct conf_node *root = conf_tree_empty("command line");

	memset(&err, 0, sizeof(err));
	conf_tree_set(root, "ports.lan.device", "net_null0", false, "option --port", &err);
	conf_tree_set(root, "tcp.ttl", "256", false, "option --set tcp.ttl=256", &err);
	conf_tree_set(
		root, "ports.lan.addresses", "10.0.0.1", true, "option --address 10.0.0.1", &err);
	conf_read(root, &four_cpus, &conf, &err);
	cr_assert_eq(err.n, 2);
	cr_assert_str_eq(err.text[0],
		"option --address 10.0.0.1: ports.lan.addresses[0]: '10.0.0.1' is "
		"wrong; expected ADDRESS/LENGTH, as 10.0.0.1/24 or fd00::1/64");
	cr_assert_str_eq(err.text[1],
		"option --set tcp.ttl=256: tcp.ttl: 256 is out of range; expected "
		"a number from 0 to 255");
	conf_tree_free(root);
}

Test(conf_errors, bad_set_options)
{
	static const struct {
		const char *path, *value, *message;
	} bad[] = {
		{"tcp.ttl", "", "o: tcp.ttl: no value; write tcp.ttl=VALUE"},
		{"", "1", "o: no key; write key.path=VALUE"},
		{"...", "1", "o: no key; write key.path=VALUE"},
		{"cores.x", "1", "o: cores.x: 'cores' holds no keys"},
		{"tcp.ttl", "[1",
			"o: not YAML: did not find expected ',' or ']' while parsing a flow "
			"sequence"},
	};
	struct conf_node *root = conf_tree_parse("cores: 1\n", 9, "t.yaml", &err);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&err, 0, sizeof(err));
		cr_expect_eq(conf_tree_set(root, bad[i].path, bad[i].value, false, "o", &err), -1);
		cr_expect_str_eq(err.text[0], bad[i].message, "%s", err.text[0]);
	}
	conf_tree_free(root);
}

Test(conf_errors, missing_file)
{
	memset(&err, 0, sizeof(err));
	cr_assert_null(conf_tree_load("/nonexistent/gannet.yaml", &err));
	cr_assert_str_eq(err.text[0],
		"/nonexistent/gannet.yaml: cannot be opened: No such file or directory");
	memset(&err, 0, sizeof(err));
	cr_assert_null(conf_tree_load("/", &err));
	cr_assert_eq(err.n, 1);
}
