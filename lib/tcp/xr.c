/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/* The pool of struct tcp_xr, as that of struct tcp_xs (xs.c). */

struct tcp_xr *tcp_xr_take(struct tcp *tcp, struct tcb *t)
{
	struct tcp_xr *x = tcp->xr_free;

	if (x != NULL)
		tcp->xr_free = x->free_next;
	else
		x = &tcp->xr_mem[tcp->xr_fresh++];
	memset(x, 0, sizeof(*x));
	t->xr = x;
	return x;
}

void tcp_xr_put(struct tcp *tcp, struct tcb *t)
{
	t->xr->free_next = tcp->xr_free;
	tcp->xr_free = t->xr;
	t->xr = NULL;
}

void tcp_xr_release(struct tcp *tcp, struct tcb *t)
{
	const struct tcp_xr *x = t->xr;

	if (x != NULL && x->ooo[0] == NULL && !x->ooo_fin && x->dsack_left == x->dsack_right)
		tcp_xr_put(tcp, t);
}
