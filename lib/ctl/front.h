/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_CTL_FRONT_H
#define GN_CTL_FRONT_H

#include <gannet/stack.h>

#include "conf_err.h"
#include "front_conf.h"

/* The parts of gn_main(). Control thread only. */

/* What the command line says beside the configuration. */
struct front_opts {
	bool check; /* only validate */
	bool show;  /* print the whole configuration */
	bool verbose;
};

enum front_next { FRONT_RUN, FRONT_DONE, FRONT_WRONG };

/*
 * Reads the command line and the configuration file into conf (everything checked), gives the
 * application its own options. FRONT_DONE: --help or --version was answered. FRONT_WRONG: what is
 * wrong is on standard error.
 */
enum front_next front_options(int argc, char **argv, const struct gn_app *app,
	struct front_opts *opts, struct front_conf *conf);

/* "0.1.0" */
const char *front_version(void);

#endif
