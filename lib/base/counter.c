/* SPDX-License-Identifier: BSD-3-Clause */
#include "counter.h"

const struct counter_info counter_info[CNT_MAX] = {
#define COUNTER(group, id, text) [CNT_##group##_##id] = {#group, #id, text},
#include "counter.def"
#undef COUNTER
};

const struct drop_info drop_info[DROP_MAX] = {
	[DROP_NONE] = {"none", "info", ""},
#define DROP(id, severity, text) [DROP_##id] = {#id, #severity, text},
#include "drop.def"
#undef DROP
};
