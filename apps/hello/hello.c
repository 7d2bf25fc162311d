/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <gannet/stack.h>

/* The buffer that came goes back as it is: nothing is copied. */
static void received(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	uint32_t len = m->pkt_len;

	if (gn_tcp_send_buf(c, t, m, 0) >= 0) {
		gn_tcp_consumed(c, t, len);
	} else { /* the peer does not read what we send */
		gn_buf_free(c, m);
		gn_tcp_abort(c, t);
	}
}

static void peer_closed(struct gn_core *c, gn_tcp_t t, void *user)
{
	gn_tcp_close(c, t);
}

/* Runs on every core. Flows find their core by themselves. */
static void *init(struct gn_core *c, void *arg)
{
	static const struct gn_tcp_ops ops = {.received = received, .peer_closed = peer_closed};
	const struct gn_addr local = {.port = 7};
	int64_t listener = gn_tcp_listen(c, &local, &ops, NULL, NULL);

	errno = listener < 0 ? (int)-listener : 0;
	return listener < 0 ? NULL : c;
}

int main(int argc, char **argv)
{
	static const struct gn_app app = {.name = "hello", .summary = "echo server", .init = init};

	return gn_main(argc, argv, &app);
}
