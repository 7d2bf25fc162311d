/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf_read.h"
#include "fuzz.h"

/* Any bytes as a configuration file: refused with a message, or accepted, and then what is printed
 * reads back to the same values. */
static const struct conf_machine machine = {.n_cpus = 4, .cpu = {0, 1, 2, 3}};

static int read_bytes(const char *text, size_t size, struct front_conf *conf, struct conf_err *err)
{
	struct conf_node *root;
	int rc = -1;

	err->n = 0;
	root = conf_tree_parse(text, size, "fuzz", err);
	if (root != NULL)
		rc = conf_read(root, &machine, conf, err);
	conf_tree_free(root);
	FUZZ_CHECK((rc == 0) == (err->n == 0));
	for (unsigned i = 0; i < err->n && i < CONF_ERR_MAX; i++)
		FUZZ_CHECK(strnlen(err->text[i], CONF_ERR_TEXT) < CONF_ERR_TEXT &&
			   strncmp(err->text[i], "fuzz:", 5) == 0);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct front_conf first, second;
	static struct conf_err err;
	const void *a = &first, *b = &second; /* both were zeroed first, padding too */
	uint8_t *p = fuzz_copy(data, size);

	if (read_bytes((const char *)p, size, &first, &err) == 0) {
		char *text;
		size_t len;
		FILE *f = open_memstream(&text, &len);

		FUZZ_CHECK(f != NULL);
		conf_print(&first, f);
		fclose(f);
		if (read_bytes(text, len, &second, &err) != 0)
			conf_err_print(&err, stderr);
		FUZZ_CHECK(err.n == 0);
		FUZZ_CHECK(memcmp(a, b, sizeof(first)) == 0);
		free(text);
	}
	free(p);
	return 0;
}
