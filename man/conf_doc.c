/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_key.h"

/*
 * Puts the table of configuration keys (config.def) into a page of the manual:
 *   conf-doc man TEMPLATE        the template, with the line @KEYS@ replaced, to standard output
 *   conf-doc markdown FILE       the same for what stands between the two marks below
 *   conf-doc check FILE          fails if 'markdown FILE' would change it
 */
#define MARK_BEGIN "<!-- keys: begin; made by conf-doc from config.def -->\n"
#define MARK_END   "<!-- keys: end -->\n"

static void fill_man(FILE *in, FILE *out)
{
	char line[1024];

	while (fgets(line, sizeof(line), in) != NULL) {
		if (strcmp(line, "@KEYS@\n") == 0)
			conf_keys_man(out);
		else
			fputs(line, out);
	}
}

static void fill_markdown(FILE *in, FILE *out)
{
	char line[1024];
	bool inside = false;

	while (fgets(line, sizeof(line), in) != NULL) {
		if (strcmp(line, MARK_END) == 0) {
			conf_keys_markdown(out);
			inside = false;
		}
		if (!inside)
			fputs(line, out);
		if (strcmp(line, MARK_BEGIN) == 0)
			inside = true;
	}
}

static bool same_text(FILE *in, const char *text, size_t size)
{
	char buf[4096];
	size_t n, at = 0;

	rewind(in);
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0) {
		if (at + n > size || memcmp(buf, text + at, n) != 0)
			return false;
		at += n;
	}
	return at == size;
}

static int check(FILE *in, const char *name)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	bool same;

	if (f == NULL)
		return 1;
	fill_markdown(in, f);
	fclose(f);
	same = same_text(in, text, size);
	free(text);
	if (!same)
		fprintf(stderr,
			"%s does not show config.def as it is; run: meson compile "
			"configuration-md\n",
			name);
	return same ? 0 : 1;
}

int main(int argc, char **argv)
{
	FILE *in = argc == 3 ? fopen(argv[2], "re") : NULL;
	int ret = 0;

	if (in == NULL) {
		fprintf(stderr, "usage: conf-doc man|markdown|check FILE\n");
		return 2;
	}
	if (strcmp(argv[1], "man") == 0)
		fill_man(in, stdout);
	else if (strcmp(argv[1], "markdown") == 0)
		fill_markdown(in, stdout);
	else
		ret = check(in, argv[2]);
	fclose(in);
	return ret;
}
