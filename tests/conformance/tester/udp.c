/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tester.h"

static void udp_received(struct gn_core *c, gn_udp_t u, void *user, struct rte_mbuf *m,
	const struct gn_addr *from, const struct gn_addr *to)
{
	obj_push(user, m, from, to);
}

static void udp_failed(struct gn_core *c, gn_udp_t u, void *user, const struct gn_addr *to, int err)
{
	((struct obj *)user)->err = err;
}

static const struct gn_udp_ops udp_events = {.received = udp_received, .error = udp_failed};

/* What the socket API has no word for; df false (fragments allowed) is how it is anyway. */
static int udp_options(json_t *in)
{
	static const char *const missing[] = {"mloop", "options", "checksum"};

	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
		if (json_object_get(in, missing[i]) != NULL)
			return -ENOTSUP;
	return 0;
}

static int udp_open(struct tester *t, json_t *in, json_t *out)
{
	struct gn_addr local, remote;
	int err = udp_options(in);

	if (err == 0)
		err = arg_addr(in, "addr", "port", &local);
	if (err == 0)
		err = arg_addr(in, "raddr", "rport", &remote);
	if (err < 0)
		return err;
	struct obj *o = obj_new(t, OBJ_UDP);

	if (o == NULL)
		return -ENOMEM;
	o->handle = gn_udp_open(t->c, &local, remote.family != 0 ? &remote : NULL, &udp_events, o);
	if (o->handle < 0) {
		err = (int)o->handle;
		obj_free(o);
		return err;
	}
	struct gn_udp_opts opts = {.ttl = (uint8_t)arg_int(in, "ttl", 0),
		.mcast_ttl = (uint8_t)arg_int(in, "mttl", 0),
		.tos = (uint8_t)arg_int(in, "tos", 0)};

	gn_udp_opts_set(t->c, o->handle, &opts);
	if (gn_udp_addr(t->c, o->handle, &local) == 0)
		put_addr(out, "addr", "port", &local);
	json_object_set_new(out, "h", json_integer(o->id));
	return 0;
}

static int udp_close(struct tester *t, json_t *in, json_t *out)
{
	struct obj *o = obj_of(t, in, OBJ_UDP);

	if (o == NULL)
		return -EBADF;
	int err = gn_udp_close(t->c, o->handle);

	obj_free(o);
	return err;
}

static int udp_send(struct tester *t, json_t *in, json_t *out)
{
	struct obj *o = obj_of(t, in, OBJ_UDP);
	struct gn_addr to, from;
	uint8_t *data;
	size_t len;

	if (o == NULL)
		return -EBADF;
	int err = arg_addr(in, "addr", "port", &to);

	if (err == 0)
		err = arg_addr(in, "from", "fport", &from);
	if (err == 0)
		err = arg_bytes(in, 0, &data, &len);
	if (err < 0)
		return err;
	ssize_t n = 0;

	for (uint64_t i = arg_int(in, "repeat", 1); n >= 0 && i > 0; i--)
		n = gn_udp_send(t->c, o->handle, to.family != 0 ? &to : NULL,
			from.family != 0 ? &from : NULL, data, len);

	free(data);
	if (n < 0)
		return (int)n;
	json_object_set_new(out, "n", json_integer(n));
	return 0;
}

static json_t *mbuf_hex(const struct rte_mbuf *m)
{
	uint8_t *copy = malloc(m->pkt_len + 1);

	if (copy == NULL)
		return json_null();
	const uint8_t *data = rte_pktmbuf_read(m, 0, m->pkt_len, copy);
	json_t *hex = m->pkt_len > 0 ? hex_of(data, m->pkt_len) : json_string("");

	free(copy);
	return hex;
}

static int udp_recv(struct tester *t, json_t *in, json_t *out)
{
	struct obj *o = obj_of(t, in, OBJ_UDP);

	if (o == NULL)
		return -EBADF;
	struct piece *p = obj_pop(o);

	if (p == NULL)
		return TESTER_WAIT;
	json_object_set_new(out, "data", mbuf_hex(p->m));
	put_addr(out, "addr", "port", &p->from);
	put_addr(out, "to", "to_port", &p->to);
	gn_buf_free(t->c, p->m);
	free(p);
	return 0;
}

/* Waits for an error that ICMP reported, and takes it. */
static int udp_error(struct tester *t, json_t *in, json_t *out)
{
	struct obj *o = obj_of(t, in, OBJ_UDP);

	if (o == NULL)
		return -EBADF;
	if (o->err == 0)
		return TESTER_WAIT;
	json_object_set_new(out, "reported", json_string(strerrorname_np(o->err)));
	o->err = 0;
	return 0;
}

static int udp_group(struct tester *t, json_t *in,
	int (*act)(struct gn_core *c, gn_udp_t u, const struct gn_addr *group))
{
	struct obj *o = obj_of(t, in, OBJ_UDP);
	struct gn_addr group;

	if (o == NULL)
		return -EBADF;
	/* Sources and interface options are not in the socket API. */
	if (json_object_get(in, "sources") != NULL)
		return -ENOTSUP;
	int err = arg_addr(in, "group", "", &group);

	group.ifc = (uint16_t)arg_int(in, "ifc", 0) + 1;
	return err < 0 ? err : act(t->c, o->handle, &group);
}

static int udp_join(struct tester *t, json_t *in, json_t *out)
{
	return udp_group(t, in, gn_udp_join);
}

static int udp_leave(struct tester *t, json_t *in, json_t *out)
{
	return udp_group(t, in, gn_udp_leave);
}

const struct op udp_ops_table[] = {
	{"udp_open", udp_open},
	{"udp_close", udp_close},
	{"udp_send", udp_send},
	{"udp_recv", udp_recv},
	{"udp_error", udp_error},
	{"udp_join", udp_join},
	{"udp_leave", udp_leave},
	{NULL, NULL},
};
