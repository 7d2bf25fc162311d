/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>

#include "fuzz.h"

/*
 * Runs a fuzz target over each file of the folders given, without libFuzzer: any compiler, in
 * every test run. A folder that is missing or empty is an error, not a test that cannot fail.
 */
#define INPUT_MAX (1 << 20)

static bool is_input(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static int run_file(const char *dir, const char *name)
{
	static uint8_t data[INPUT_MAX];
	char path[4096];
	size_t size;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (f == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	size = fread(data, 1, sizeof(data), f);
	fclose(f);
	/* A crash shows no input by itself. */
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(data, size);
	return 0;
}

static int run_folder(const char *dir)
{
	struct dirent *e;
	DIR *d = opendir(dir);
	int n = 0;

	if (d == NULL) {
		fprintf(stderr, "%s: %s\n", dir, strerror(errno));
		return -1;
	}
	while ((e = readdir(d)) != NULL) {
		if (!is_input(e))
			continue;
		if (run_file(dir, e->d_name) < 0) {
			n = -1;
			break;
		}
		n++;
	}
	closedir(d);
	if (n == 0)
		fprintf(stderr, "%s: no inputs\n", dir);
	return n > 0 ? n : -1;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s FOLDER...\n", argv[0]);
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		int n = run_folder(argv[i]);

		if (n < 0)
			return 1;
		printf("%s: %d inputs\n", argv[i], n);
	}
	return 0;
}
