/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>

#include "conf_err.h"

void conf_err_add(struct conf_err *e, const char *origin, unsigned line, const char *key,
	const char *fmt, ...)
{
	if (e->n++ >= CONF_ERR_MAX)
		return;
	FILE *f = fmemopen(e->text[e->n - 1], CONF_ERR_TEXT, "w");
	va_list ap;

	if (f == NULL)
		return;
	if (line)
		fprintf(f, "%s:%u: ", origin, line);
	else
		fprintf(f, "%s: ", origin);
	if (key != NULL && key[0] != '\0')
		fprintf(f, "%s: ", key);
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	fclose(f);
	e->text[e->n - 1][CONF_ERR_TEXT - 1] = '\0';
}

void conf_err_print(const struct conf_err *e, FILE *out)
{
	for (unsigned i = 0; i < e->n && i < CONF_ERR_MAX; i++)
		fprintf(out, "%s\n", e->text[i]);
	if (e->n > CONF_ERR_MAX)
		fprintf(out, "and %u more\n", e->n - CONF_ERR_MAX);
}
