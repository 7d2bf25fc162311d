/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_CTL_CONF_ERR_H
#define GN_CTL_CONF_ERR_H

#include <stdio.h>

/* What is wrong with a configuration: all of it at once, one message a line, up to a limit. */
#define CONF_ERR_MAX  20
#define CONF_ERR_TEXT 512

struct conf_err {
	unsigned n; /* messages found, also those beyond CONF_ERR_MAX */
	char text[CONF_ERR_MAX][CONF_ERR_TEXT];
};

/*
 * Adds "origin:line: key: message". origin is a file name or the option that was given ("option
 * --set tcp.ttl=0"); line 0 leaves the line out, key NULL or "" the key. The message says what is
 * wrong and, after a semicolon, what would be right.
 */
__attribute__((format(printf, 5, 6))) void conf_err_add(struct conf_err *e, const char *origin,
	unsigned line, const char *key, const char *fmt, ...);

/* All messages, a line each, and how many more there were. */
void conf_err_print(const struct conf_err *e, FILE *out);

#endif
