/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_log.h>

#include "log.h"

static char *text;
static size_t len;
static FILE *stream;

static void setup(void)
{
	stream = open_memstream(&text, &len);
	rte_openlog_stream(stream);
}

static void teardown(void)
{
	rte_openlog_stream(NULL);
	fclose(stream);
	free(text);
}

TestSuite(log, .init = setup, .fini = teardown);

Test(log, writes_a_line_without_eal)
{
	gn_log(GN_LOG_ERR, "port %d: %s", 3, "gone");
	fflush(stream);
	cr_assert_str_eq(text, "gannet: port 3: gone\n");
}

Test(log, has_a_level_of_its_own)
{
	gn_log(GN_LOG_DEBUG, "not shown");
	fflush(stream);
	cr_assert_eq(len, 0, "the default is info");
	rte_log_set_level_pattern("gannet", RTE_LOG_DEBUG);
	gn_log(GN_LOG_DEBUG, "shown");
	rte_log_set_level_pattern("gannet", RTE_LOG_ERR);
	gn_log(GN_LOG_WARN, "not shown");
	fflush(stream);
	cr_assert_str_eq(text, "gannet: shown\n");
}

Test(log, cuts_what_is_too_long)
{
	char *s = calloc(1, 5001);

	memset(s, 'x', 5000);
	gn_log(GN_LOG_ERR, "%s", s);
	free(s);
	fflush(stream);
	cr_assert_eq(len, strlen("gannet: \n") + 1023);
}
