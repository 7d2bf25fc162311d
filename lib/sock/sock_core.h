/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_SOCK_CORE_H
#define GN_SOCK_CORE_H

#include <gannet/sock.h>
#include <gannet/stack.h>

#include "core.h"

/*
 * The socket layer of one core: gannet/sock.h over core/, tcp/ and udp/. Its state hangs on
 * core_above(). All functions run on the core's thread.
 */

/* For core_params.app and stack_app.ops; up_ctx is NULL: the struct gn_core. */
extern const struct core_app_ops sock_core_ops;

/*
 * Before the first turn: makes the state of this core and calls app->init. 0, or -errno (of init:
 * errno, or -EINVAL if it set none); then nothing is left and app->exit must not be called.
 */
int sock_core_init(struct gn_core *c, const struct gn_app *app);

/* What gn_stop() calls, on the core's thread: stack_stop(), usually. If the application has already
 * asked to stop (in init), it is called at once. */
void sock_stop_hook(struct gn_core *c, void (*stop)(void *ctx), void *ctx);

/*
 * After the last turn: resets what is still connected, each with closed(ECONNABORTED), reports what
 * was sent by reference, calls app->exit, and frees the state. c is destroyed next.
 */
void sock_core_exit(struct gn_core *c);

#endif
