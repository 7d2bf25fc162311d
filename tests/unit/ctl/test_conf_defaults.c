/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "conf_key.h"
#include "conf_test.h"

static const char *const smallest = "ports: {lan: {device: net_null0}}\n";

/* The table's defaults are the stack's: two places, one truth. */
Test(conf_read, defaults_are_those_of_the_stack)
{
	static struct front_conf stack;

	cr_assert_eq(read_text(smallest), 0);
	stack_conf_default(&stack.stack);
	for (unsigned i = 0; i < conf_n_keys; i++) {
		const struct conf_key *k = &conf_keys[i];
		const char *a = (const char *)&conf + k->offset,
			   *b = (const char *)&stack + k->offset;

		if (k->scope == SCOPE_STACK && k->type <= T_BOOL)
			cr_expect_arr_eq(a, b, k->size, "%s", k->path);
	}
	cr_expect_eq(conf.stack.idle, stack.stack.idle);
	cr_expect_eq(conf.stack.control_cpu, stack.stack.control_cpu);
	cr_expect_arr_eq(conf.stack.rss_key, stack.stack.rss_key, DRV_RSS_KEY_MAX);
	cr_expect_eq(conf.stack.port[0].mtu, stack.stack.port[0].mtu);
	cr_expect_eq(conf.stack.port[0].offload, stack.stack.port[0].offload);
	cr_expect_eq(conf.stack.port[0].promiscuous, stack.stack.port[0].promiscuous);
}
