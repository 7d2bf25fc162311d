/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GANNET_STACK_H
#define GANNET_STACK_H

#include <gannet/api.h>
#include <gannet/sock.h>

struct option; /* getopt_long's */

/*
 * An application of the in-core API. init, poll and exit run on each stack core, with a struct
 * gn_core of that core; option and check run on the control thread before anything starts.
 */
struct gn_app {
	const char *name;    /* "gannet-echo": in messages, --help and --version */
	const char *summary; /* one line for --help */
	/* The application's own options, for getopt_long: an array that ends with a zeroed entry, or
	 * NULL; and their text for --help. val must be 256 or more. */
	const struct option *options;
	const char *options_help;
	/* One own option was given. 0, or -1 after printing what was wrong: exit status 2. */
	int (*option)(void *arg, int val, const char *optarg);
	/* All options are read: load files, allocate what all cores share read-only. 0 or -1. */
	int (*check)(void *arg);
	/* Starts the application on a core. Returns its state there (gn_app_state()), or NULL with
	 * errno set: the stack stops. An application without state returns any non-NULL pointer. */
	void *(*init)(struct gn_core *c, void *arg);
	/* Once a turn of the loop, after timers and packets. Must not block. NULL: none. */
	void (*poll)(struct gn_core *c, void *state);
	/* The core stops: the last call. What was still connected has been reset before, with
	 * closed(ECONNABORTED). */
	void (*exit)(struct gn_core *c, void *state);
	void *arg;
};

/*
 * The common front end: reads options and the configuration file (-c), starts EAL, ports, cores
 * and the control thread, runs until SIGINT, SIGTERM or gn_stop(), and stops cleanly. Returns the
 * exit status of the process: 0, 1 (could not start or failed while running) or 2 (the command
 * line or configuration is wrong; a message with file, line, key and what would be right is on
 * standard error). Once a process, on its main thread.
 */
GN_API int gn_main(int argc, char **argv, const struct gn_app *app);

#endif
