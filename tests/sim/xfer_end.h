/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_SIM_XFER_END_H
#define GN_SIM_XFER_END_H

#include "xfer.h"

#define XFER_PATTERN 65521 /* a prime: no power of two repeats it */

/* The first failure of a run. */
__attribute__((format(printf, 2, 3))) void xfer_fail(struct xfer *x, const char *fmt, ...);

void xfer_end_listen(struct xfer_end *e, struct gn_core *c);
void xfer_end_start(struct xfer_end *e, struct gn_core *c, uint64_t delay_us);
/* Gives back what it holds, without a word to the connection. */
void xfer_end_release(struct xfer_end *e);

#endif
