/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "xfer.h"

/*
 * Random TCP transfers over impaired links, one run a seed: every byte is checked, both ends close
 * in order, and at the end nothing is left. With several cores a host, every flow must be served
 * by its owner: no packet is handed from core to core. With --fastopen the connections are many and
 * short and open with data (RFC 7413), and at the end of all seeds every way of its must have been gone.
 */
static const struct {
	enum counter id;
	const char *what;
} fastopen_ways[] = {
	{CNT_tcp_fastopen_requests, "cookies asked for"},
	{CNT_tcp_fastopen_cookies, "got"},
	{CNT_tcp_fastopen_accepted, "accepted"},
	{CNT_tcp_fastopen_sent, "data taken"},
	{CNT_tcp_fastopen_invalid, "invalid"},
	{CNT_tcp_fastopen_limited, "limited"},
	{CNT_tcp_fastopen_failed, "failed"},
};

struct options {
	uint64_t first, last;
	unsigned cores;
	bool twice, fastopen;
	uint64_t seen[RTE_DIM(fastopen_ways)], ghosts;
	FILE *verbose;
	const char *program;
};

/* One run. Its trace, and whether it succeeded. */
static bool run_seed(struct options *o, uint64_t seed, uint64_t *trace)
{
	struct xfer *x = calloc(1, sizeof(*x));
	struct xfer_plan plan;
	bool ok;

	if (x == NULL)
		abort();
	xfer_plan(&plan, seed, o->cores);
	if (o->fastopen)
		xfer_plan_fastopen(&plan, seed);
	if (o->verbose != NULL)
		xfer_plan_print(o->verbose, &plan);
	xfer_create(x, seed, &plan, o->verbose, NULL, NULL);
	ok = xfer_run(x);
	for (unsigned i = 0; ok && i < 2; i++) {
		uint64_t handed = sim_count(x->host[i], CNT_core_handoff_out);

		/* A flipped bit now and then makes a fragment of a packet, or something that the port
		 * finds no flow in: it may come to another core. */
		if (handed > sim_cable_count(x->host[!i], 0, "wire_corrupted")) {
			snprintf(x->why, sizeof(x->why), "host %u handed over %" PRIu64 " packets",
				i, handed);
			ok = false;
		}
	}
	for (unsigned w = 0; w < RTE_DIM(fastopen_ways); w++)
		for (unsigned i = 0; i < 2; i++)
			o->seen[w] += sim_count(x->host[i], fastopen_ways[w].id);
	o->ghosts += x->n_ghosts;
	*trace = sim_trace(x->sim);
	ok = xfer_destroy(x) && ok;
	if (!ok) {
		fprintf(stderr, "seed %" PRIu64 ": %s\n", seed, x->why);
		xfer_plan_print(stderr, &plan);
		fprintf(stderr,
			"repeat with: %s --seeds %" PRIu64 "-%" PRIu64 " --cores %u%s --verbose\n",
			o->program, seed, seed, o->cores, o->fastopen ? " --fastopen" : "");
	}
	free(x);
	return ok;
}

static bool parse_seeds(struct options *o, const char *text)
{
	char *end;

	o->first = strtoull(text, &end, 10);
	if (end == text || *end != '-')
		return false;
	text = end + 1;
	o->last = strtoull(text, &end, 10);
	return end != text && *end == '\0' && o->last >= o->first;
}

static int usage(const char *program)
{
	fprintf(stderr,
		"usage: %s [--seeds A-B] [--cores N] [--fastopen] [--twice] [--verbose]\n"
		"  --seeds A-B  the runs (1-100)\n"
		"  --cores N    stack cores of each host, 1 to 16 (1)\n"
		"  --fastopen   many short connections with data on their SYN\n"
		"  --twice      each seed twice: both runs must send the same frames\n"
		"  --verbose    print every frame\n",
		program);
	return 2;
}

static bool parse_options(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {{"seeds", required_argument, NULL, 's'},
		{"cores", required_argument, NULL, 'c'}, {"fastopen", no_argument, NULL, 'f'},
		{"twice", no_argument, NULL, 't'}, {"verbose", no_argument, NULL, 'v'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			if (!parse_seeds(o, optarg))
				return false;
			break;
		case 'c':
			o->cores = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'f':
			o->fastopen = true;
			break;
		case 't':
			o->twice = true;
			break;
		case 'v':
			o->verbose = stdout;
			break;
		default:
			return false;
		}
	}
	return optind == argc && o->cores >= 1 && o->cores <= 16;
}

/* A test that never comes by what it is for tells nothing. */
static bool fastopen_seen(const struct options *o)
{
	bool all = true;

	printf("Fast Open:");
	for (unsigned w = 0; w < RTE_DIM(fastopen_ways); w++) {
		printf(" %" PRIu64 " %s,", o->seen[w], fastopen_ways[w].what);
		all = all && o->seen[w] != 0;
	}
	printf(" %" PRIu64 " connections of duplicated SYNs\n", o->ghosts);
	return (all && o->ghosts != 0) || o->last - o->first + 1 < 50;
}

int main(int argc, char **argv)
{
	struct options o = {.first = 1, .last = 100, .cores = 1, .program = argv[0]};
	unsigned failed = 0;

	if (!parse_options(&o, argc, argv))
		return usage(argv[0]);
	for (uint64_t seed = o.first; seed <= o.last; seed++) {
		uint64_t trace, again;

		if (!run_seed(&o, seed, &trace)) {
			failed++;
		} else if (o.twice && (!run_seed(&o, seed, &again) || again != trace)) {
			fprintf(stderr, "seed %" PRIu64 ": the second run differs\n", seed);
			failed++;
		}
	}
	printf("%" PRIu64 " seeds, %u failed\n", o.last - o.first + 1, failed);
	if (o.fastopen && !fastopen_seen(&o)) {
		fprintf(stderr, "not every way of Fast Open has been gone\n");
		failed++;
	}
	return failed != 0;
}
