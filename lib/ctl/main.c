/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <rte_log.h>
#include <rte_pdump.h>

#include "conf_read.h"
#include "conf_value.h"
#include "eal.h"
#include "ethdev.h"
#include "front.h"
#include "log.h"
#include "sock_core.h"
#include "tel.h"

/* gn_main() runs once a process: what it holds. Written before the cores start. */
struct front {
	const struct gn_app *app;
	struct front_opts opts;
	struct front_conf *conf;
	struct core_app_ops core_ops; /* the socket layer's, with our poll hook */
	struct stack *stack;
	int signals; /* signalfd */
};

#define FRONT_POLL_MS 10

enum { EXIT_RUN_FAILED = 1, EXIT_WRONG = 2 };

static void front_core_poll(struct gn_core *c)
{
	sock_core_ops.poll(c);
	tel_core_poll(c);
}

static void front_core_stop(void *stack)
{
	stack_stop(stack);
}

static int front_core_init(struct gn_core *c, void *arg)
{
	struct front *f = arg;
	int ret = sock_core_init(c, f->app);

	if (ret == 0)
		sock_stop_hook(c, front_core_stop, f->stack);
	return ret;
}

static void front_core_exit(struct gn_core *c, void *arg)
{
	sock_core_exit(c);
}

/* Pages can be reserved and yet out of reach: EAL needs a mounted hugetlbfs. */
static bool hugetlbfs_mounted(void)
{
	FILE *f = fopen("/proc/mounts", "re");
	char line[1024];
	bool found = false;

	while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL)
		found = strstr(line, " hugetlbfs ") != NULL;
	if (f != NULL)
		fclose(f);
	return found;
}

static void choose_memory(struct front_conf *c)
{
	if (c->hugepages == FRONT_HUGE_AUTO)
		c->stack.hugepages = hugetlbfs_mounted() && eal_hugepages_suffice(&c->stack);
	else
		c->stack.hugepages = c->hugepages == FRONT_HUGE_TRUE;
}

static void say_port(const struct conf_port *p, FILE *out)
{
	char ip[64];

	fprintf(out, "; port %s (%s, MTU %u)", p->name, p->device, p->mtu);
	for (unsigned i = 0; i < p->n_ifc; i++) {
		for (unsigned a = 0; a < p->ifc[i].n_addr; a++) {
			conf_print_ip(ip, sizeof(ip), p->ifc[i].addr[a].v6, &p->ifc[i].addr[a].ip);
			fprintf(out, " %s/%u", ip, p->ifc[i].addr[a].plen);
		}
	}
}

/* One line, on standard output: scripts wait for it. */
static void say_ready(const struct front *f, const char *what)
{
	const struct stack_conf *c = &f->conf->stack;

	printf("%s: %s: %u core%s on CPU ", f->app->name, what, c->n_cores,
		c->n_cores == 1 ? "" : "s");
	for (unsigned i = 0; i < c->n_cores; i++)
		printf("%s%d", i ? "," : "", c->cpu[i]);
	if (f->stack != NULL)
		printf("; memory: %s; file prefix %s", eal_memory_mode(), eal_prefix());
	for (unsigned i = 0; i < c->n_ports; i++)
		say_port(&c->port[i], stdout);
	printf("\n");
	fflush(stdout);
}

/* Blocked before EAL starts, so that all its threads leave them to the control thread. */
static int signals_open(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The second signal ends the process as it would without us, should a core hang. */
static void signals_release(struct front *f)
{
	sigset_t set;

	close(f->signals);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void control_loop(struct front *f)
{
	struct pollfd pfd = {.fd = f->signals, .events = POLLIN};
	struct signalfd_siginfo info;

	while (!stack_stopping(f->stack)) {
		if (poll(&pfd, 1, FRONT_POLL_MS) > 0 &&
			read(f->signals, &info, sizeof(info)) == sizeof(info)) {
			gn_log(GN_LOG_INFO, "%s: stopping", strsignal((int)info.ssi_signo));
			stack_stop(f->stack);
		}
		tel_lock();
		stack_poll(f->stack);
		tel_unlock();
	}
}

/* The stack from its first port to its end. */
static int run_stack(struct front *f)
{
	const struct stack_app app = {
		.ops = &f->core_ops, .init = front_core_init, .exit = front_core_exit, .arg = f};
	char err[512];
	int ret;

	f->core_ops = sock_core_ops;
	f->core_ops.poll = front_core_poll;
	f->stack = stack_create(&f->conf->stack, &app, ethdev_probe, err, sizeof(err));
	if (f->stack == NULL) {
		fprintf(stderr, "%s: %s\n", f->app->name, err);
		return EXIT_RUN_FAILED;
	}
	ret = stack_start(f->stack);
	if (ret == 0) {
		tel_start(f->stack, f->conf, f->app);
		say_ready(f, "ready");
		control_loop(f);
		signals_release(f);
		ret = stack_join(f->stack);
		tel_stop();
	} else {
		fprintf(stderr, "%s: cannot start: %s\n", f->app->name, strerror(-ret));
	}
	stack_destroy(f->stack);
	f->stack = NULL;
	return ret == 0 ? 0 : EXIT_RUN_FAILED;
}

static int run_eal(struct front *f)
{
	const char *args[FRONT_EAL_MAX];
	struct eal_opts eal = {.prog = f->app->name,
		.file_prefix = f->conf->file_prefix,
		.n_arg = f->conf->n_eal,
		.arg = args};
	char err[512];
	int ret;

	for (unsigned i = 0; i < f->conf->n_eal; i++)
		args[i] = f->conf->eal_arg[i];
	choose_memory(f->conf);
	f->signals = signals_open();
	if (f->signals < 0) {
		fprintf(stderr, "%s: signals: %s\n", f->app->name, strerror(errno));
		return EXIT_RUN_FAILED;
	}
	ret = eal_start(&f->conf->stack, &eal, err, sizeof(err));
	if (ret != 0) {
		fprintf(stderr, "%s: %s\n", f->app->name, err);
		return EXIT_RUN_FAILED;
	}
	if (f->opts.verbose)
		rte_log_set_level_pattern("gannet", RTE_LOG_DEBUG);
	/* For dpdk-dumpcap. Without shared configuration there is nobody who could ask. */
	if (rte_pdump_init() != 0)
		gn_log(GN_LOG_DEBUG, "packet capture (pdump) is not available");
	ret = run_stack(f);
	rte_pdump_uninit();
	eal_stop();
	return ret;
}

int gn_main(int argc, char **argv, const struct gn_app *app)
{
	struct front f = {.app = app, .conf = calloc(1, sizeof(*f.conf))};
	int ret = EXIT_RUN_FAILED;

	if (f.conf == NULL) {
		fprintf(stderr, "%s: out of memory\n", app->name);
		return ret;
	}
	switch (front_options(argc, argv, app, &f.opts, f.conf)) {
	case FRONT_DONE:
		ret = 0;
		break;
	case FRONT_WRONG:
		ret = EXIT_WRONG;
		break;
	case FRONT_RUN:
		if (f.opts.show)
			conf_print(f.conf, stdout);
		else if (f.opts.check)
			say_ready(&f, "configuration is right");
		ret = f.opts.show || f.opts.check ? 0 : run_eal(&f);
		break;
	}
	free(f.conf);
	return ret;
}
