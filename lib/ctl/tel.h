/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_CTL_TEL_H
#define GN_CTL_TEL_H

#include "front.h"
#include "stack.h"

/*
 * DPDK telemetry: what the stack does, as JSON on the socket that dpdk-telemetry.py and gannetctl
 * read. One a process. Telemetry's threads only read single 64-bit values of a core; tables
 * (connections, neighbours) are copied by the core itself, on request, in its poll hook.
 */

/* Registers the /gannet commands. The arguments live until tel_stop(). Control thread. */
void tel_start(struct stack *s, const struct front_conf *conf, const struct gn_app *app);
/* From now on commands answer that the stack is gone; none is under way when this returns. */
void tel_stop(void);
/* Around what the control thread does with ports: driver control functions are not reentrant. */
void tel_lock(void);
void tel_unlock(void);

/* Once a turn on each core: copies what was asked for. Costs one load when nothing was. */
void tel_core_poll(struct gn_core *c);

#endif
