/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "conf_read.h"
#include "sim.h"

/*
 * gannet-flows: bulk flows of one host to another over a bottleneck, in virtual time (tests/sim).
 * Writes what each flow did over time as CSV and prints a summary as JSON; tools/bench/bench plot
 * draws them.
 */
#define FLOWS_MAX   16
#define PORT	    7000
#define RING_FRAMES 4096 /* of the simulator's cables */
#define FRAME	    1514

struct flow {
	gn_tcp_t tcp;
	bool open;
	uint64_t received, before; /* by the sink; before: at the last sample */
	uint64_t late;		   /* received in the second half */
};

static struct flows {
	double rate_bps, rtt_us, seconds, stagger_s, sample_s;
	uint64_t queue_bytes, seed;
	uint32_t loss_ppm;
	unsigned n;
	bool v6;
	const char *csv;
	struct front_conf front;
	struct conf_node *set;
	struct flow flow[FLOWS_MAX];
} flows = {.rate_bps = 100e6, .rtt_us = 20000, .seconds = 10, .sample_s = 0.05, .n = 1, .seed = 1};

static struct conf_err errors;
static uint8_t payload[65536];

__attribute__((noreturn)) static void fail(const char *what)
{
	fprintf(stderr, "gannet-flows: %s\n", what);
	exit(1);
}

/* ---- applications ---- */

static void sink_received(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	((struct flow *)user)->received += m->pkt_len;
	gn_tcp_rx_done(c, t, m);
}

static const struct gn_tcp_ops sink_ops = {.received = sink_received};

/* A port a flow: so the sink knows whose data comes. */
static void *sink_init(struct gn_core *c, void *arg)
{
	for (unsigned i = 0; i < flows.n; i++) {
		struct gn_addr local = {.port = (uint16_t)(PORT + i)};

		if (gn_tcp_listen(c, &local, &sink_ops, &flows.flow[i], NULL) < 0)
			fail("cannot listen");
	}
	return &flows;
}

static void source_pump(struct gn_core *c, gn_tcp_t t)
{
	while (gn_tcp_send(c, t, payload, sizeof(payload), 0) == (ssize_t)sizeof(payload))
		;
}

static void source_connected(struct gn_core *c, gn_tcp_t t, void *user)
{
	source_pump(c, t);
}

static void source_writable(struct gn_core *c, gn_tcp_t t, void *user, size_t room)
{
	source_pump(c, t);
}

static void source_closed(struct gn_core *c, gn_tcp_t t, void *user, int err)
{
	((struct flow *)user)->open = false;
}

static const struct gn_tcp_ops source_ops = {
	.connected = source_connected, .writable = source_writable, .closed = source_closed};

static void *source_init(struct gn_core *c, void *arg)
{
	return &flows;
}

static void source_open(struct gn_core *c, unsigned i)
{
	struct flow *f = &flows.flow[i];
	struct gn_addr remote = sim_addr(flows.v6, 1, 2, (uint16_t)(PORT + i));
	int64_t t = gn_tcp_connect(c, NULL, &remote, &source_ops, f, NULL);

	if (t < 0)
		fail(strerror((int)-t));
	f->tcp = (gn_tcp_t)t;
	f->open = true;
}

static const struct gn_app source = {.name = "source", .init = source_init};
static const struct gn_app sink = {.name = "sink", .init = sink_init};

/* ---- network ---- */

static double bdp_bytes(void)
{
	return flows.rate_bps / 8 * flows.rtt_us / 1e6;
}

/* What the command line says of tcp, with tables and buffers as large as these flows need. */
static struct stack_conf *conf_make(unsigned host)
{
	double most = bdp_bytes() + (double)flows.queue_bytes;
	uint32_t buffers = (uint32_t)(flows.n * 3 * most / 1000) + 8192;
	struct stack_conf *c = sim_conf_create(1, buffers);
	struct tcp_conf small = c->tcp;

	c->tcp = flows.front.stack.tcp;
	c->tcp.connections = small.connections;
	c->tcp.half_open = small.half_open;
	c->tcp.time_wait = small.time_wait;
	c->tcp.listeners = small.listeners;
	c->tcp.sndbuf = RTE_MAX(c->tcp.sndbuf, (uint32_t)(2 * most));
	c->tcp.rcvbuf = RTE_MAX(c->tcp.rcvbuf, (uint32_t)(2 * most));
	c->tcp.ooo_max = RTE_MAX(c->tcp.ooo_max, (uint32_t)(2 * most / 1000));
	sim_conf_addr(c, 0, 1, (uint8_t)(1 + host));
	sim_conf_neigh(c, 0, 1, (uint8_t)(2 - host), (uint8_t)(2 - host));
	return c;
}

static void network_make(struct sim *s, struct sim_host *h[2])
{
	struct sim_cable cable = {.mode = CABLE_CARRY};
	uint32_t half = (uint32_t)(flows.rtt_us / 2);
	const struct gn_app *app[2] = {&source, &sink};

	for (unsigned i = 0; i < 2; i++) {
		struct stack_conf *c = conf_make(i);

		h[i] = sim_host_add(s, i == 0 ? "source" : "sink", c, app[i]);
		free(c);
		cable.offloads[i] = CABLE_OFFLOADS & ~(uint32_t)(DRV_TX_TSO | DRV_RX_SCATTER);
		cable.impair[i].delay_us = half;
	}
	cable.impair[0].rate_bps = (uint64_t)flows.rate_bps;
	cable.impair[0].queue_bytes = flows.queue_bytes;
	cable.impair[0].loss_ppm = flows.loss_ppm;
	if ((bdp_bytes() + (double)flows.queue_bytes) / FRAME > RING_FRAMES)
		fail("the cable holds 4096 frames: rate times round trip plus buffer is more");
	sim_join(s, h[0], h[1], &cable);
	if (sim_start(s) != 0)
		fail("the simulated hosts do not start");
}

/* ---- samples ---- */

static void sample(struct sim *s, struct gn_core *c, FILE *csv)
{
	double t = (double)(sim_now_us(s) - SIM_START_US) / 1e6;

	for (unsigned i = 0; i < flows.n; i++) {
		struct flow *f = &flows.flow[i];
		struct gn_tcp_info info;

		if (!f->open || gn_tcp_info(c, f->tcp, &info) != 0)
			continue;
		fprintf(csv, "%.6f,%u,%.0f,%u,%u,%u,%u,%u\n", t, i,
			(double)(f->received - f->before) * 8 / flows.sample_s, info.cwnd,
			info.ssthresh, info.srtt_us, info.unacked, info.retransmits);
		f->before = f->received;
	}
}

static void run(struct sim *s, struct gn_core *c, FILE *csv)
{
	uint64_t step = (uint64_t)(flows.sample_s * 1e6), at = SIM_START_US;
	uint64_t end = at + (uint64_t)(flows.seconds * 1e6);
	unsigned opened = 0;

	while (at < end) {
		while (opened < flows.n &&
			at >= SIM_START_US + (uint64_t)(opened * flows.stagger_s * 1e6))
			source_open(c, opened++);
		at += step;
		sim_run(s, at, NULL, NULL);
		sample(s, c, csv);
		if (at - step < (SIM_START_US + end) / 2 && at >= (SIM_START_US + end) / 2)
			for (unsigned i = 0; i < flows.n; i++)
				flows.flow[i].late = flows.flow[i].received;
	}
}

/* Of the second half, when all flows have found their share. */
static void summary(struct gn_core *c)
{
	double sum = 0, squares = 0, least = 0, most = 0;
	uint32_t rexmt = 0;

	printf("{\"flows_bps\": [");
	for (unsigned i = 0; i < flows.n; i++) {
		struct flow *f = &flows.flow[i];
		double bps = (double)(f->received - f->late) * 8 / (flows.seconds / 2);
		struct gn_tcp_info info;

		if (f->open && gn_tcp_info(c, f->tcp, &info) == 0)
			rexmt += info.retransmits;
		printf("%s%.0f", i != 0 ? ", " : "", bps);
		sum += bps;
		squares += bps * bps;
		least = i == 0 || bps < least ? bps : least;
		most = bps > most ? bps : most;
	}
	/* Payload's share of the frame: what a full line can carry at the most. */
	printf("], \"goodput_bps\": %.0f, \"utilisation\": %.4f, \"jain\": %.4f, "
	       "\"least_to_most\": %.4f, \"retransmits\": %u}\n",
		sum, sum / (flows.rate_bps * (flows.v6 ? 1428 : 1448) / FRAME),
		squares > 0 ? sum * sum / (flows.n * squares) : 0, most > 0 ? least / most : 0,
		rexmt);
}

/* ---- command line ---- */

static void usage(FILE *f)
{
	fputs("usage: gannet-flows [options]\n"
	      "Bulk flows over a bottleneck in virtual time; tools/bench/bench plot draws them.\n"
	      "\n"
	      "      --rate BPS         of the bottleneck, bits of frames a second (100000000)\n"
	      "      --rtt US           round trip without queueing (20000)\n"
	      "      --queue BYTES      buffer before the bottleneck (one bandwidth-delay "
	      "product)\n"
	      "      --loss PPM         random loss, per million (0)\n"
	      "      --flows N          1 to 16 (1)\n"
	      "      --stagger S        seconds from the start of a flow to that of the next (0)\n"
	      "      --seconds S        length of the run, virtual (10)\n"
	      "      --sample S         seconds from sample to sample (0.05)\n"
	      "      --seed N           of everything random (1)\n"
	      "      --set PATH=VALUE   as in a configuration file: tcp.rto-min=1s\n"
	      "      --csv FILE         time_s, flow, throughput_bps, cwnd, ssthresh, srtt_us,\n"
	      "                         unacked, retransmits\n"
	      "  -6, --ipv6\n"
	      "  -h, --help\n",
		f);
}

static void set(const char *text)
{
	char *copy = strdup(text), *value = copy != NULL ? strchr(copy, '=') : NULL;

	if (value == NULL)
		fail("--set wants PATH=VALUE");
	*value++ = '\0';
	if (conf_tree_set(flows.set, copy, value, false, "--set", &errors) != 0) {
		conf_err_print(&errors, stderr);
		exit(2);
	}
	free(copy);
}

static void conf_finish(void)
{
	struct conf_machine machine;

	conf_machine_here(&machine);
	if (conf_read(flows.set, &machine, &flows.front, &errors) != 0) {
		conf_err_print(&errors, stderr);
		exit(2);
	}
	conf_tree_free(flows.set);
}

static const struct option longs[] = {
	{"rate", required_argument, NULL, 'r'},
	{"rtt", required_argument, NULL, 't'},
	{"queue", required_argument, NULL, 'q'},
	{"loss", required_argument, NULL, 'l'},
	{"flows", required_argument, NULL, 'n'},
	{"stagger", required_argument, NULL, 'g'},
	{"seconds", required_argument, NULL, 's'},
	{"sample", required_argument, NULL, 'p'},
	{"seed", required_argument, NULL, 'e'},
	{"set", required_argument, NULL, 'x'},
	{"csv", required_argument, NULL, 'c'},
	{"ipv6", no_argument, NULL, '6'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static void option(int opt)
{
	double v = optarg != NULL ? atof(optarg) : 0;

	switch (opt) {
	case 'r':
		flows.rate_bps = v;
		break;
	case 't':
		flows.rtt_us = v;
		break;
	case 'q':
		flows.queue_bytes = (uint64_t)v;
		break;
	case 'l':
		flows.loss_ppm = (uint32_t)v;
		break;
	case 'n':
		flows.n = (unsigned)v;
		break;
	case 'g':
		flows.stagger_s = v;
		break;
	case 's':
		flows.seconds = v;
		break;
	case 'p':
		flows.sample_s = v;
		break;
	case 'e':
		flows.seed = (uint64_t)v;
		break;
	case 'x':
		set(optarg);
		break;
	case 'c':
		flows.csv = optarg;
		break;
	case '6':
		flows.v6 = true;
		break;
	default:
		usage(opt == 'h' ? stdout : stderr);
		exit(opt == 'h' ? 0 : 2);
	}
}

static void options(int argc, char **argv)
{
	static const char ports[] = "ports: {sim: {device: net_null0}}";
	int opt;

	flows.set = conf_tree_parse(ports, strlen(ports), "gannet-flows", &errors);
	while ((opt = getopt_long(argc, argv, "6h", longs, NULL)) != -1)
		option(opt);
	if (optind != argc || flows.n < 1 || flows.n > FLOWS_MAX || flows.rate_bps <= 0 ||
		flows.rtt_us < 1 || flows.seconds <= 0 || flows.sample_s < 1e-6) {
		usage(stderr);
		exit(2);
	}
	if (flows.queue_bytes == 0)
		flows.queue_bytes = (uint64_t)bdp_bytes();
	conf_finish();
}

int main(int argc, char **argv)
{
	struct sim_host *h[2];

	options(argc, argv);
	struct sim *s = sim_create(flows.seed);
	FILE *csv = fopen(flows.csv != NULL ? flows.csv : "/dev/null", "w");

	if (csv == NULL)
		fail("the CSV file cannot be written");
	fputs("time_s,flow,throughput_bps,cwnd,ssthresh,srtt_us,unacked,retransmits\n", csv);
	network_make(s, h);
	run(s, sim_core(h[0], 0), csv);
	summary(sim_core(h[0], 0));
	fclose(csv);
	sim_destroy(s);
	return 0;
}
