/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "tester.h"

enum { OPT_SOCKET = 256 };

static const struct option options[] = {
	{"socket", required_argument, NULL, OPT_SOCKET},
	{0},
};

static int option(void *arg, int val, const char *text)
{
	struct tester *t = arg;

	t->path = text;
	return 0;
}

static int check(void *arg)
{
	struct tester *t = arg;

	if (t->path != NULL)
		return 0;
	fprintf(stderr, "gannet-tester: expected --socket PATH\n");
	return -1;
}

/* One core: a test then knows that its frames are worked on in order. */
static void *init(struct gn_core *c, void *arg)
{
	struct tester *t = arg;

	if (gn_core_count(c) != 1) {
		errno = EINVAL;
		return NULL;
	}
	t->c = c;
	errno = -ctl_start(t);
	return errno == 0 ? t : NULL;
}

static void poll(struct gn_core *c, void *state)
{
	ctl_poll(state);
}

static void leave(struct gn_core *c, void *state)
{
	struct tester *t = state;

	for (int i = 0; i < TESTER_OBJS; i++)
		if (t->obj[i] != NULL)
			obj_free(t->obj[i]);
}

int main(int argc, char **argv)
{
	static struct tester tester;
	const struct gn_app app = {
		.name = "gannet-tester",
		.summary = "does what a conformance test asks for on a UNIX socket",
		.options = options,
		.options_help = "  --socket PATH          where tests ask\n",
		.option = option,
		.check = check,
		.init = init,
		.poll = poll,
		.exit = leave,
		.arg = &tester,
	};

	return gn_main(argc, argv, &app);
}
