/* SPDX-License-Identifier: BSD-3-Clause */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

#include <rte_log.h>

RTE_LOG_REGISTER(log_type, gannet, INFO)

void gn_log(enum gn_log_level level, const char *fmt, ...)
{
	static const uint32_t rte_level[] = {
		[GN_LOG_ERR] = RTE_LOG_ERR,
		[GN_LOG_WARN] = RTE_LOG_WARNING,
		[GN_LOG_INFO] = RTE_LOG_INFO,
		[GN_LOG_DEBUG] = RTE_LOG_DEBUG,
	};
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	/* One call a line, so that lines of several threads do not mix. */
	rte_log(rte_level[level], (uint32_t)log_type, "gannet: %s\n", line);
}
