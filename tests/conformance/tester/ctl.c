/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tester.h"

enum phase { PHASE_IDLE, PHASE_ASKED, PHASE_RUNNING };

static op_fn op_find(const char *name)
{
	const struct op *tables[] = {tcp_ops_table, udp_ops_table};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct op *op = tables[i]; op->name != NULL; op++)
			if (strcmp(op->name, name) == 0)
				return op->run;
	return NULL;
}

static void answered(struct tester *t, int err)
{
	if (err < 0)
		json_object_set_new(t->out, "error", json_string(strerrorname_np(-err)));
	json_object_set_new(t->out, "ok", json_boolean(err == 0));
	atomic_store_explicit(&t->phase, PHASE_IDLE, memory_order_release);
	sem_post(&t->done);
}

/* On the core, once a turn. */
void ctl_poll(struct tester *t)
{
	int phase = atomic_load_explicit(&t->phase, memory_order_acquire);
	const char *name;
	op_fn run;

	if (phase == PHASE_IDLE)
		return;
	if (phase == PHASE_ASKED) {
		t->deadline_us = gn_now_us(t->c) + arg_int(t->in, "timeout_ms", 0) * 1000;
		atomic_store_explicit(&t->phase, PHASE_RUNNING, memory_order_relaxed);
	}
	name = json_string_value(json_object_get(t->in, "op"));
	run = name != NULL ? op_find(name) : NULL;
	int err = run != NULL ? run(t, t->in, t->out) : -ENOTSUP;

	if (err != TESTER_WAIT)
		answered(t, err);
	else if (gn_now_us(t->c) >= t->deadline_us)
		answered(t, -ETIMEDOUT);
}

/* One line asked, one answered. */
static void ctl_line(struct tester *t, const char *line, FILE *to)
{
	t->out = json_object();
	t->in = json_loads(line, 0, NULL);
	if (json_is_object(t->in)) {
		atomic_store_explicit(&t->phase, PHASE_ASKED, memory_order_release);
		while (sem_wait(&t->done) != 0)
			;
	} else {
		json_object_set_new(t->out, "ok", json_false());
		json_object_set_new(t->out, "error", json_string("EINVAL"));
	}
	json_dumpf(t->out, to, JSON_COMPACT);
	fputc('\n', to);
	fflush(to);
	json_decref(t->in);
	json_decref(t->out);
}

static void ctl_client(struct tester *t, int fd)
{
	FILE *from = fdopen(fd, "r"), *to = fdopen(dup(fd), "w");
	char *line = NULL;
	size_t room = 0;

	if (from != NULL && to != NULL)
		while (getline(&line, &room, from) > 0)
			ctl_line(t, line, to);
	free(line);
	if (from != NULL)
		fclose(from);
	if (to != NULL)
		fclose(to);
}

static void *ctl_thread(void *arg)
{
	struct tester *t = arg;
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client;

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", t->path);
	unlink(t->path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof(name)) != 0 || listen(fd, 1) != 0) {
		perror(t->path);
		return NULL;
	}
	while ((client = accept(fd, NULL, NULL)) >= 0)
		ctl_client(t, client);
	return NULL;
}

int ctl_start(struct tester *t)
{
	sigset_t all, old;
	pthread_t thread;

	if (sem_init(&t->done, 0, 0) != 0)
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	/* Signals that end the process are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	int err = pthread_create(&thread, NULL, ctl_thread, t);

	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -err;
}
