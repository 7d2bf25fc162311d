/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_version.h>

#include "conf_key.h"
#include "conf_read.h"
#include "conf_value.h"
#include "front.h"

/* Below 256: from there on, options are the application's. */
enum {
	OPT_CHECK = 128,
	OPT_SHOW,
	OPT_PORT,
	OPT_ADDRESS,
	OPT_GATEWAY,
	OPT_CORES,
	OPT_CPUS,
	OPT_NO_HUGE,
	OPT_VERSION,
};

static const struct option front_long[] = {
	{"config", required_argument, NULL, 'c'},
	{"check", no_argument, NULL, OPT_CHECK},
	{"show-config", no_argument, NULL, OPT_SHOW},
	{"set", required_argument, NULL, 's'},
	{"port", required_argument, NULL, OPT_PORT},
	{"address", required_argument, NULL, OPT_ADDRESS},
	{"gateway", required_argument, NULL, OPT_GATEWAY},
	{"cores", required_argument, NULL, OPT_CORES},
	{"cpus", required_argument, NULL, OPT_CPUS},
	{"no-huge", no_argument, NULL, OPT_NO_HUGE},
	{"verbose", no_argument, NULL, 'v'},
	{"version", no_argument, NULL, OPT_VERSION},
	{"help", no_argument, NULL, 'h'},
};
#define FRONT_N_LONG (sizeof(front_long) / sizeof(front_long[0]))

static const char front_help[] =
	"Configuration:\n"
	"  -c, --config FILE      read the configuration from FILE (YAML)\n"
	"  -s, --set KEY=VALUE    set any key, as tcp.rto-min=20ms or\n"
	"                         'ports.lan.addresses=[10.0.0.1/24]'; wins over FILE\n"
	"      --port DEVICE      add a port: a PCI address, or a virtual device with its\n"
	"                         arguments, as net_tap0,iface=gn0\n"
	"      --address ADDR/LEN add an address to the port named before, or the only one\n"
	"      --gateway ADDR     add a default route to it\n"
	"      --cores N          stack cores (key cores)\n"
	"      --cpus LIST        their CPUs, as 0,1,0,1 (key cpus)\n"
	"      --no-huge          ordinary pages instead of hugepages (key memory.hugepages)\n"
	"      --check            only check command line and configuration\n"
	"      --show-config      print the configuration with all defaults, and end\n"
	"Other:\n"
	"  -v, --verbose          say more\n"
	"      --version          print the version\n"
	"  -h, --help             print this text\n";

/* The configuration while options change it, and the texts that its nodes point to. */
struct front_tree {
	const char *prog;
	struct conf_node *root;
	struct conf_err err;
	unsigned n_port; /* of --port */
	char port[64];	 /* key path of the last one, "ports.port0" */
	char *origins[1024];
	unsigned n_origins;
};

const char *front_version(void)
{
	return GN_VERSION;
}

/* "option --set tcp.ttl=0": how errors name what was given. */
__attribute__((format(printf, 2, 3))) static const char *origin(
	struct front_tree *t, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	if (t->n_origins == sizeof(t->origins) / sizeof(t->origins[0]))
		return "command line";
	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return "command line";
	t->origins[t->n_origins++] = text;
	return text;
}

static void tree_free(struct front_tree *t)
{
	conf_tree_free(t->root);
	for (unsigned i = 0; i < t->n_origins; i++)
		free(t->origins[i]);
	free(t);
}

static void opt_set(struct front_tree *t, const char *arg)
{
	const char *from = origin(t, "option --set %s", arg), *eq = strchr(arg, '=');
	char path[256];

	if (eq == NULL || eq == arg || (size_t)(eq - arg) >= sizeof(path)) {
		conf_err_add(&t->err, from, 0, NULL, "expected KEY=VALUE, as tcp.rto-min=20ms");
		return;
	}
	snprintf(path, sizeof(path), "%.*s", (int)(eq - arg), arg);
	conf_tree_set(t->root, path, eq + 1, false, from, &t->err);
}

/* A value given as it is, whatever YAML would make of its characters. */
static void set_text(
	struct front_tree *t, const char *path, const char *text, bool append, const char *from)
{
	char value[600];
	size_t n = 0;

	value[n++] = '\'';
	for (; *text != '\0' && n < sizeof(value) - 3; text++) {
		if (*text == '\'')
			value[n++] = '\'';
		value[n++] = *text;
	}
	value[n++] = '\'';
	value[n] = '\0';
	conf_tree_set(t->root, path, value, append, from, &t->err);
}

static void opt_port(struct front_tree *t, const char *device)
{
	char path[80];

	snprintf(t->port, sizeof(t->port), "ports.port%u", t->n_port++);
	snprintf(path, sizeof(path), "%s.device", t->port);
	set_text(t, path, device, false, origin(t, "option --port %s", device));
}

/* The port that --address and --gateway mean: the last --port, or the only one of the file. */
static bool which_port(struct front_tree *t, const char *from)
{
	const struct conf_node *ports = conf_node_find(t->root, "ports");

	if (t->n_port > 0)
		return true;
	if (ports == NULL || ports->n != 1) {
		conf_err_add(&t->err, from, 0, NULL,
			"which port? expected --port before it, or -s ports.NAME.addresses=[...]");
		return false;
	}
	snprintf(t->port, sizeof(t->port), "ports.%.50s", ports->first->key);
	return true;
}

static void opt_address(struct front_tree *t, const char *arg)
{
	const char *from = origin(t, "option --address %s", arg);
	char path[80];

	if (!which_port(t, from))
		return;
	snprintf(path, sizeof(path), "%s.addresses", t->port);
	set_text(t, path, arg, true, from);
}

static void opt_gateway(struct front_tree *t, const char *arg)
{
	const char *from = origin(t, "option --gateway %s", arg);
	char path[80], value[128];
	union net_ip ip;
	bool v6;

	if (!which_port(t, from))
		return;
	if (!conf_parse_ip(arg, &v6, &ip)) {
		conf_err_add(&t->err, from, 0, NULL, "expected an IPv4 or IPv6 address");
		return;
	}
	snprintf(path, sizeof(path), "%s.routes", t->port);
	snprintf(value, sizeof(value), "{to: default, via: '%s'}", arg);
	conf_tree_set(t->root, path, value, true, from, &t->err);
}

static void help(const char *prog, const struct gn_app *app)
{
	printf("Usage: %s [-c FILE | --port DEVICE --address ADDR/LEN ...] [OPTION...]\n%s\n\n",
		prog, app->summary ? app->summary : "An application of the Gannet TCP/IP stack.");
	if (app->options_help != NULL)
		printf("%s:\n%s", app->name, app->options_help);
	fputs(front_help, stdout);
	printf("\nKeys of the configuration file and of --set:\n");
	conf_keys_help(stdout);
	printf("\nExit status: 0 ended in order, 1 could not start or failed while running,\n"
	       "2 the command line or the configuration is wrong.\n");
}

/* Both tables of options as getopt_long() wants them. The caller frees it. */
static struct option *all_options(const struct gn_app *app)
{
	size_t n = 0;
	struct option *o;

	while (app->options != NULL && app->options[n].name != NULL)
		n++;
	o = calloc(n + FRONT_N_LONG + 1, sizeof(*o));
	if (o != NULL) {
		memcpy(o, front_long, sizeof(front_long));
		if (n > 0)
			memcpy(o + FRONT_N_LONG, app->options, n * sizeof(*o));
	}
	return o;
}

/* One option that may change the tree, or a flag. */
static enum front_next take(
	struct front_tree *t, const struct gn_app *app, struct front_opts *opts, int val)
{
	const char *arg = optarg ? optarg : "";

	switch (val) {
	case 's':
		opt_set(t, arg);
		break;
	case OPT_PORT:
		opt_port(t, arg);
		break;
	case OPT_ADDRESS:
		opt_address(t, arg);
		break;
	case OPT_GATEWAY:
		opt_gateway(t, arg);
		break;
	case OPT_CORES:
		set_text(t, "cores", arg, false, origin(t, "option --cores %s", arg));
		break;
	case OPT_CPUS:
		set_text(t, "cpus", arg, false, origin(t, "option --cpus %s", arg));
		break;
	case OPT_NO_HUGE:
		set_text(t, "memory.hugepages", "false", false, "option --no-huge");
		break;
	case OPT_CHECK:
		opts->check = true;
		break;
	case OPT_SHOW:
		opts->show = true;
		break;
	case 'v':
		opts->verbose = true;
		break;
	case OPT_VERSION:
		printf("%s %s (Gannet, %s)\n", app->name, front_version(), rte_version());
		return FRONT_DONE;
	case 'h':
		help(t->prog, app);
		return FRONT_DONE;
	default:
		if (val < 256 || app->option == NULL)
			return FRONT_WRONG;
		return app->option(app->arg, val, optarg) == 0 ? FRONT_RUN : FRONT_WRONG;
	}
	return FRONT_RUN;
}

/* The last -c wins over none; two are a mistake. */
static const char *config_file(
	struct front_tree *t, int argc, char **argv, const struct option *all)
{
	const char *file = NULL;
	int val;

	opterr = 0;
	optind = 0;
	while ((val = getopt_long(argc, argv, "c:s:vh", all, NULL)) != -1) {
		if (val == 'c' && file != NULL)
			conf_err_add(&t->err, origin(t, "option --config %s", optarg), 0, NULL,
				"a second configuration file; expected one");
		if (val == 'c')
			file = optarg;
	}
	opterr = 1;
	optind = 0;
	return file;
}

/* The file first, then the options in their order, wherever -c stands. */
static enum front_next read_all(struct front_tree *t, int argc, char **argv,
	const struct gn_app *app, const struct option *all, struct front_opts *opts)
{
	enum front_next next = FRONT_RUN;
	const char *file = config_file(t, argc, argv, all);
	int val;

	t->root = file ? conf_tree_load(file, &t->err) : NULL;
	/* After a broken file go on with an empty one, to hear what is wrong with the options. */
	if (t->root == NULL)
		t->root = conf_tree_empty("command line");
	if (t->root == NULL)
		return FRONT_WRONG;
	while (next == FRONT_RUN && (val = getopt_long(argc, argv, "c:s:vh", all, NULL)) != -1)
		if (val != 'c')
			next = take(t, app, opts, val);
	if (next == FRONT_RUN && optind < argc) {
		fprintf(stderr, "%s: unexpected argument '%s'\n", t->prog, argv[optind]);
		next = FRONT_WRONG;
	}
	if (next == FRONT_WRONG)
		fprintf(stderr, "Try '%s --help'.\n", t->prog);
	if (next == FRONT_RUN && t->err.n == 0 && file == NULL &&
		conf_node_find(t->root, "ports") == NULL) {
		fprintf(stderr,
			"%s: no port; expected -c FILE, or --port DEVICE --address "
			"ADDR/LEN\nTry '%s --help'.\n",
			t->prog, t->prog);
		next = FRONT_WRONG;
	}
	return next;
}

enum front_next front_options(int argc, char **argv, const struct gn_app *app,
	struct front_opts *opts, struct front_conf *conf)
{
	struct front_tree *t = calloc(1, sizeof(*t));
	struct option *all = all_options(app);
	static struct conf_machine machine;
	enum front_next next = FRONT_WRONG;

	if (t != NULL && all != NULL) {
		t->prog = argc > 0 ? argv[0] : app->name;
		next = read_all(t, argc, argv, app, all, opts);
	}
	if (next == FRONT_RUN) {
		conf_machine_here(&machine);
		if (t->err.n == 0)
			conf_read(t->root, &machine, conf, &t->err);
		if (t->err.n > 0) {
			conf_err_print(&t->err, stderr);
			next = FRONT_WRONG;
		}
	}
	if (next == FRONT_RUN && app->check != NULL && app->check(app->arg) != 0)
		next = FRONT_WRONG;
	free(all);
	if (t != NULL)
		tree_free(t);
	return next;
}
