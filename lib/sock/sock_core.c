/* SPDX-License-Identifier: BSD-3-Clause */
#include "sock_core.h"

#include <errno.h>
#include <stdlib.h>

#include "sock_impl.h"

/* Once a turn: after packets and timers, before what the application sends is put on the wire. */
static void sock_poll(struct gn_core *c)
{
	struct sock *s = sock_of(c);

	sock_refs_run(s->refs, c);
	if (s->app->poll != NULL && !s->stopping)
		s->app->poll(c, s->app_state);
}

const struct core_app_ops sock_core_ops = {
	.poll = sock_poll,
	.tcp = &sock_tcp_up,
	.udp = &sock_udp_up,
};

static void sock_free(struct sock *s)
{
	core_above_set(s->core, NULL);
	sock_refs_release(s->refs);
	free(s);
}

int sock_core_init(struct gn_core *c, const struct gn_app *app)
{
	struct sock *s = calloc(1, sizeof(*s));
	int err;

	if (s == NULL)
		return -ENOMEM;
	s->refs = sock_refs_create();
	if (s->refs == NULL) {
		free(s);
		return -ENOMEM;
	}
	s->core = c;
	s->env = core_env(c);
	s->net = core_net(c);
	s->tcp = core_tcp(c);
	s->udp = core_udp(c);
	s->app = app;
	sock_timer_init(s);
	core_above_set(c, s);
	errno = 0;
	s->app_state = app->init(c, app->arg);
	if (s->app_state != NULL)
		return 0;
	err = errno != 0 ? errno : EINVAL;
	s->stopping = true;
	tcp_abort_all(s->tcp);
	sock_free(s);
	return -err;
}

void sock_stop_hook(struct gn_core *c, void (*stop)(void *ctx), void *ctx)
{
	struct sock *s = sock_of(c);

	s->stop = stop;
	s->stop_ctx = ctx;
	if (s->stop_wanted)
		stop(ctx);
}

/* Each connection that the application still holds ends here, with the callback it was promised. */
static void sock_abort_all(struct sock *s)
{
	uint32_t cursor = 0;
	const struct tcb *t;

	while ((t = tcp_next(s->tcp, &cursor)) != NULL) {
		tcp_handle_t h = tcp_handle(s->tcp, t);
		struct tcb *mine = tcp_find(s->tcp, h);

		if (mine == NULL)
			continue; /* closed by the application, still delivering */

		const struct gn_tcp_ops *ops = tcp_app_ops(mine);
		void *user = tcp_app_user(mine);

		tcp_abort(s->tcp, mine);
		if (ops != NULL && ops->closed != NULL)
			ops->closed(s->core, h, user, ECONNABORTED);
	}
	tcp_abort_all(s->tcp);
}

void sock_core_exit(struct gn_core *c)
{
	struct sock *s = sock_of(c);

	if (s == NULL)
		return;
	s->stopping = true;
	sock_abort_all(s);
	core_finish(c, s->env->now_us); /* the resets go out */
	sock_refs_run(s->refs, c);
	if (s->app->exit != NULL)
		s->app->exit(c, s->app_state);
	sock_free(s);
}

unsigned gn_core_id(const struct gn_core *c)
{
	return sock_of(c)->env->core;
}

unsigned gn_core_count(const struct gn_core *c)
{
	return sock_of(c)->env->n_cores;
}

uint64_t gn_now_us(const struct gn_core *c)
{
	return sock_of(c)->env->now_us;
}

void *gn_app_state(const struct gn_core *c)
{
	return sock_of(c)->app_state;
}

void *gn_app_arg(const struct gn_core *c)
{
	return sock_of(c)->app->arg;
}

uint64_t gn_random(struct gn_core *c)
{
	return rng_u64(&sock_of(c)->env->rng);
}

void gn_stop(struct gn_core *c)
{
	struct sock *s = sock_of(c);

	s->stop_wanted = true;
	if (s->stop != NULL)
		s->stop(s->stop_ctx);
}
