/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "echo.h"

/*
 * A datagram that comes from a service port of ours or of anybody's small services is dropped: two
 * such servers would answer each other for ever (CVE-1999-0103).
 */
static bool is_loop(const struct echo_conf *conf, const struct gn_addr *from)
{
	static const uint16_t small[] = {7, 13, 17, 19, 37, 53};

	if (from->port == conf->echo_port || from->port == conf->chargen_port)
		return true;
	for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++)
		if (from->port == small[i])
			return true;
	return false;
}

static bool is_multicast(const struct gn_addr *a)
{
	return a->family == 4 ? a->v4 >= 0xe0000000u : a->v6[0] == 0xff;
}

/* RFC 862: the very buffer that came goes back, from the address it was sent to. */
static void echo_received(struct gn_core *c, gn_udp_t u, void *user, struct rte_mbuf *m,
	const struct gn_addr *from, const struct gn_addr *to)
{
	struct echo_core *e = user;

	if (is_loop(&e->echo->conf, from) ||
		gn_udp_send_buf(c, u, from, is_multicast(to) ? NULL : to, m) < 0)
		gn_buf_free(c, m);
}

static void discard_received(struct gn_core *c, gn_udp_t u, void *user, struct rte_mbuf *m,
	const struct gn_addr *from, const struct gn_addr *to)
{
	gn_buf_free(c, m);
}

/* RFC 864: any datagram is answered with 0 to 512 characters, a random number of them. */
static void chargen_received(struct gn_core *c, gn_udp_t u, void *user, struct rte_mbuf *m,
	const struct gn_addr *from, const struct gn_addr *to)
{
	struct echo_core *e = user;
	size_t len = gn_random(c) % 513;

	gn_buf_free(c, m);
	/* No answer to a group: one forged source would be flooded by all its members. */
	if (is_loop(&e->echo->conf, from) || is_multicast(to))
		return;
	if (gn_udp_send(c, u, from, to, chargen_text(e->chargen_at), len) == (ssize_t)len)
		e->chargen_at = (e->chargen_at + len) % CHARGEN_PERIOD;
}

static int udp_open(
	struct echo_core *e, const char *name, uint16_t port, const struct gn_udp_ops *ops)
{
	const struct gn_addr local = {.port = port};

	if (port == 0)
		return 0;
	int64_t u = gn_udp_open(e->c, &local, NULL, ops, e);

	if (u >= 0)
		return 0;
	fprintf(stderr, "gannet-echo: core %u: %s on UDP port %u: %s\n", gn_core_id(e->c), name,
		port, strerror((int)-u));
	return (int)u;
}

int echo_udp_open(struct echo_core *e)
{
	static const struct gn_udp_ops echo_ops = {.received = echo_received};
	static const struct gn_udp_ops discard_ops = {.received = discard_received};
	static const struct gn_udp_ops chargen_ops = {.received = chargen_received};
	const struct echo_conf *conf = &e->echo->conf;
	int err = udp_open(e, "echo", conf->echo_port, &echo_ops);

	if (err == 0)
		err = udp_open(e, "discard", conf->discard_port, &discard_ops);
	if (err == 0)
		err = udp_open(e, "chargen", conf->chargen_port, &chargen_ops);
	return err;
}
