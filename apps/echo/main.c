/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include <gannet/stack.h>

#include "echo.h"

enum {
	OPT_ECHO = 256,
	OPT_DISCARD,
	OPT_CHARGEN,
	OPT_MAX,
	OPT_CONNECT,
	OPT_BYTES,
	OPT_CONNECTIONS,
	OPT_TIMEOUT,
	OPT_IN_TURN,
};

static const struct option options[] = {
	{"echo-port", required_argument, NULL, OPT_ECHO},
	{"discard-port", required_argument, NULL, OPT_DISCARD},
	{"chargen-port", required_argument, NULL, OPT_CHARGEN},
	{"max-connections", required_argument, NULL, OPT_MAX},
	{"connect", required_argument, NULL, OPT_CONNECT},
	{"bytes", required_argument, NULL, OPT_BYTES},
	{"connections", required_argument, NULL, OPT_CONNECTIONS},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"in-turn", no_argument, NULL, OPT_IN_TURN},
	{0},
};

static const char options_help[] =
	"  --echo-port N          TCP and UDP echo (default 7; 0: off)\n"
	"  --discard-port N       TCP and UDP discard (default 9; 0: off)\n"
	"  --chargen-port N       TCP and UDP character generator (default 19; 0: off)\n"
	"  --max-connections N    at most N connections a core (default 100000)\n"
	"  --connect ADDR:PORT    be a client of that echo server: send, compare, print a result\n"
	"                         line, and exit with 0 if all came back, else 1\n"
	"  --bytes N              with --connect: bytes a connection (default 1000000)\n"
	"  --connections N        with --connect: connections, over all cores (default 1)\n"
	"  --in-turn              with --connect: on each core one connection after the other\n"
	"  --timeout S            with --connect: give up after S seconds (default 60)\n";

static int number(int val, const char *text, uint64_t max, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && *text != '-' && *out <= max)
		return 0;
	fprintf(stderr, "gannet-echo: --%s %s: a number from 0 to %llu is wanted\n",
		options[val - OPT_ECHO].name, text, (unsigned long long)max);
	return -1;
}

static int option_connect(struct echo_conf *conf, const char *text)
{
	conf->client = true;
	if (gn_addr_parse(&conf->remote, text) == 0 && conf->remote.family != 0 &&
		conf->remote.port != 0)
		return 0;
	fprintf(stderr,
		"gannet-echo: --connect %s: ADDR:PORT is wanted, as 10.0.0.1:7 or "
		"[2001:db8::1]:7\n",
		text);
	return -1;
}

static int echo_option(void *arg, int val, const char *text)
{
	struct echo_conf *conf = &((struct echo *)arg)->conf;
	uint64_t n;

	if (val == OPT_CONNECT)
		return option_connect(conf, text);
	if (val == OPT_IN_TURN) {
		conf->in_turn = true;
		return 0;
	}
	if (number(val, text,
		    val <= OPT_CHARGEN	 ? 65535
		    : val == OPT_TIMEOUT ? 86400
		    : val == OPT_BYTES	 ? 1ull << 40
					 : 1000000,
		    &n) < 0)
		return -1;
	switch (val) {
	case OPT_ECHO:
		conf->echo_port = n;
		break;
	case OPT_DISCARD:
		conf->discard_port = n;
		break;
	case OPT_CHARGEN:
		conf->chargen_port = n;
		break;
	case OPT_MAX:
		conf->connections = n;
		break;
	case OPT_BYTES:
		conf->bytes = n;
		break;
	case OPT_CONNECTIONS:
		conf->n_clients = n;
		break;
	default:
		conf->timeout_s = n;
	}
	return 0;
}

static int echo_check(void *arg)
{
	const struct echo_conf *conf = &((struct echo *)arg)->conf;

	chargen_init();
	if (!conf->client || conf->n_clients > 0)
		return 0;
	fprintf(stderr, "gannet-echo: --connections 0: nothing to do\n");
	return -1;
}

static void echo_exit(struct gn_core *c, void *state)
{
	struct echo_core *e = state;

	client_stop(e);
	slab_fini(&e->conns);
	free(e);
}

static void *echo_init(struct gn_core *c, void *arg)
{
	struct echo *echo = arg;
	struct echo_core *e = calloc(1, sizeof(*e));
	int err = 0;

	if (e == NULL)
		return NULL;
	e->c = c;
	e->echo = echo;
	if (echo->conf.client) {
		err = client_start(e);
	} else {
		err = echo_tcp_listen(e);
		if (err == 0)
			err = echo_udp_open(e);
	}
	if (err == 0)
		return e;
	echo_exit(c, e);
	errno = -err;
	return NULL;
}

int main(int argc, char **argv)
{
	static struct echo echo = {
		.conf =
			{
				.echo_port = 7,
				.discard_port = 9,
				.chargen_port = 19,
				.connections = 100000,
				.bytes = 1000000,
				.n_clients = 1,
				.timeout_s = 60,
			},
	};
	static const struct gn_app app = {
		.name = "gannet-echo",
		.summary = "echo, discard and chargen servers over TCP and UDP, and an echo client",
		.options = options,
		.options_help = options_help,
		.option = echo_option,
		.check = echo_check,
		.init = echo_init,
		.exit = echo_exit,
		.arg = &echo,
	};
	int status = gn_main(argc, argv, &app);

	return status == 0 && echo.conf.client ? client_report(&echo) : status;
}
