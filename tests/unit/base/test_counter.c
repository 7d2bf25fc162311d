/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <string.h>

#include "counter.h"

Test(counter, every_counter_has_its_line)
{
	for (unsigned i = 0; i < CNT_MAX; i++) {
		cr_assert_gt(strlen(counter_info[i].group), 0);
		cr_assert_gt(strlen(counter_info[i].name), 0);
		cr_assert_gt(strlen(counter_info[i].text), 0);
	}
	cr_assert_str_eq(counter_info[CNT_tcp_rx_segs].group, "tcp");
	cr_assert_str_eq(counter_info[CNT_tcp_rx_segs].name, "rx_segs");
	cr_assert_str_eq(counter_info[CNT_tcp_rx_segs].text, "segments received");
}

/* Readers show a group as one table: its counters stand together. */
Test(counter, groups_are_contiguous)
{
	for (unsigned i = 1; i < CNT_MAX; i++) {
		if (strcmp(counter_info[i].group, counter_info[i - 1].group) == 0)
			continue;
		for (unsigned j = 0; j < i; j++)
			cr_assert_str_neq(counter_info[j].group, counter_info[i].group);
	}
}

Test(counter, every_drop_has_a_severity_and_a_text)
{
	cr_assert_str_eq(drop_info[DROP_NONE].name, "none");
	cr_assert_str_eq(drop_info[DROP_NONE].severity, "info");
	cr_assert_str_eq(drop_info[DROP_NONE].text, "");
	for (unsigned i = 1; i < DROP_MAX; i++) {
		const char *s = drop_info[i].severity;

		cr_assert_gt(strlen(drop_info[i].name), 0);
		cr_assert_gt(strlen(drop_info[i].text), 0);
		cr_assert(strcmp(s, "info") == 0 || strcmp(s, "warn") == 0 ||
			  strcmp(s, "error") == 0);
	}
	cr_assert_str_eq(drop_info[DROP_tcp_cksum].name, "tcp_cksum");
}

Test(counter, counts)
{
	struct counters c = {0};

	count(&c, CNT_core_turns);
	count_add(&c, CNT_core_turns, 41);
	cr_assert_eq(c.n[CNT_core_turns], 42);
	cr_assert_eq(c.n[CNT_core_turns_idle], 0);
}
