/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_BASE_LOG_H
#define GN_BASE_LOG_H

/*
 * Messages of control code, through rte_log (type "gannet", so --log-level=gannet,debug works):
 * never on the packet path. Works before and without EAL. fmt has no newline at its end; the
 * message becomes one line of at most 1023 characters. Any thread.
 */
enum gn_log_level { GN_LOG_ERR, GN_LOG_WARN, GN_LOG_INFO, GN_LOG_DEBUG };

__attribute__((format(printf, 2, 3))) void gn_log(enum gn_log_level level, const char *fmt, ...);

#endif
