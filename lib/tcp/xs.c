/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/* The pool of struct tcp_xs: the last one given back goes out first, so that memory is touched for as
 * many as are ever busy at once. */

struct tcp_xs *tcp_xs_take(struct tcp *tcp, struct tcb *t)
{
	struct tcp_xs *x = tcp->xs_free;

	if (x != NULL)
		tcp->xs_free = x->free_next;
	else
		x = &tcp->xs_mem[tcp->xs_fresh++];
	memset(x, 0, sizeof(*x));
	t->xs = x;
	return x;
}

void tcp_xs_put(struct tcp *tcp, struct tcb *t)
{
	if (t->xs == NULL)
		return;
	t->xs->free_next = tcp->xs_free;
	tcp->xs_free = t->xs;
	t->xs = NULL;
}
