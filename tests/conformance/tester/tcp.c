/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tester.h"

static const struct gn_tcp_ops tcp_events;

/* Sends what is left to send, as far as there is room. */
static void tcp_flush(struct obj *o)
{
	while (!o->gone && o->out_off < o->out_len) {
		ssize_t n = gn_tcp_send(
			o->t->c, o->handle, o->out + o->out_off, o->out_len - o->out_off, 0);

		if (n <= 0)
			return;
		o->out_off += (size_t)n;
	}
}

static void tcp_accepted(struct gn_core *c, gn_tcp_t t, void *user, const struct gn_addr *peer)
{
	struct obj *l = user, *o = obj_new(l->t, OBJ_TCP);

	if (o == NULL) {
		gn_tcp_abort(c, t);
		return;
	}
	o->handle = (int64_t)t;
	o->connected = true;
	o->parent = l->id;
	gn_tcp_user_set(c, t, NULL, o);
}

static void tcp_connected(struct gn_core *c, gn_tcp_t t, void *user)
{
	struct obj *o = user;

	o->connected = true;
	tcp_flush(o);
}

static void tcp_received(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	obj_push(user, m, NULL, NULL);
}

static void tcp_peer_closed(struct gn_core *c, gn_tcp_t t, void *user)
{
	((struct obj *)user)->eof = true;
}

static void tcp_writable(struct gn_core *c, gn_tcp_t t, void *user, size_t room)
{
	tcp_flush(user);
}

static void tcp_closed(struct gn_core *c, gn_tcp_t t, void *user, int err)
{
	struct obj *o = user;

	o->gone = true;
	o->err = err;
	o->eof = o->eof || err == 0;
}

static const struct gn_tcp_ops tcp_events = {
	.accepted = tcp_accepted,
	.connected = tcp_connected,
	.received = tcp_received,
	.peer_closed = tcp_peer_closed,
	.writable = tcp_writable,
	.closed = tcp_closed,
};

static struct gn_tcp_opts arg_opts(json_t *in)
{
	return (struct gn_tcp_opts){
		.sndbuf = (uint32_t)arg_int(in, "sndbuf", 0),
		.rcvbuf = (uint32_t)arg_int(in, "rcvbuf", 0),
		.backlog = (uint32_t)arg_int(in, "backlog", 0),
		.nodelay = arg_int(in, "nodelay", 0) != 0,
		.keepalive = arg_int(in, "keepalive", 0) != 0,
		.keepalive_idle_s = (uint32_t)arg_int(in, "idle", 0),
		.keepalive_interval_s = (uint32_t)arg_int(in, "interval", 0),
		.keepalive_count = (uint32_t)arg_int(in, "count", 0),
		.ttl = (uint8_t)arg_int(in, "ttl", 0),
		.tos = (uint8_t)arg_int(in, "tos", 0),
		.mss = (uint16_t)arg_int(in, "mss", 0),
	};
}

static int opened(struct obj *o, json_t *out)
{
	if (o->handle < 0) {
		int err = (int)o->handle;

		obj_free(o);
		return err;
	}
	json_object_set_new(out, "h", json_integer(o->id));
	return 0;
}

static int tcp_listen(struct tester *t, json_t *in, json_t *out)
{
	struct gn_tcp_opts opts = arg_opts(in);
	struct gn_addr local;
	int err = arg_addr(in, "addr", "port", &local);
	struct obj *o = err == 0 ? obj_new(t, OBJ_LISTENER) : NULL;

	if (o == NULL)
		return err < 0 ? err : -ENOMEM;
	o->handle = gn_tcp_listen(t->c, &local, &tcp_events, o, &opts);
	return opened(o, out);
}

static int tcp_connect(struct tester *t, json_t *in, json_t *out)
{
	struct gn_tcp_opts opts = arg_opts(in);
	struct gn_addr local, remote;
	int err = arg_addr(in, "addr", "port", &remote);

	if (err == 0)
		err = arg_addr(in, "laddr", "lport", &local);
	struct obj *o = err == 0 ? obj_new(t, OBJ_TCP) : NULL;

	if (o == NULL)
		return err < 0 ? err : -ENOMEM;
	o->taken = true;
	o->handle = gn_tcp_connect(t->c, &local, &remote, &tcp_events, o, &opts);
	return opened(o, out);
}

static int tcp_accept(struct tester *t, json_t *in, json_t *out)
{
	struct obj *l = obj_of(t, in, OBJ_LISTENER);
	struct gn_tcp_info info;

	if (l == NULL)
		return -EBADF;
	for (int i = 0; i < TESTER_OBJS; i++) {
		struct obj *o = t->obj[i];

		if (o == NULL || o->kind != OBJ_TCP || o->taken || o->parent != l->id)
			continue;
		o->taken = true;
		json_object_set_new(out, "h", json_integer(i));
		if (!o->gone && gn_tcp_info(t->c, o->handle, &info) == 0)
			put_addr(out, "addr", "port", &info.remote);
		return 0;
	}
	return TESTER_WAIT;
}

/* Until the active open succeeded or failed. */
static int tcp_opened(struct tester *t, json_t *in, json_t *out)
{
	struct obj *o = obj_of(t, in, OBJ_TCP);

	if (o == NULL)
		return -EBADF;
	if (o->connected)
		return 0;
	return o->gone ? -o->err : TESTER_WAIT;
}

static int tcp_send(struct tester *t, json_t *in, json_t *out)
{
	struct obj *o = obj_of(t, in, OBJ_TCP);
	uint8_t *data;
	size_t len;

	if (o == NULL)
		return -EBADF;
	if (o->gone)
		return o->err != 0 ? -o->err : -EPIPE;
	int err = arg_bytes(in, o->sent, &data, &len);

	if (err < 0)
		return err;
	uint8_t *all = realloc(o->out, o->out_len + len + 1);

	if (all == NULL) {
		free(data);
		return -ENOMEM;
	}
	memcpy(all + o->out_len, data, len);
	free(data);
	o->out = all;
	o->out_len += len;
	o->sent += len;
	tcp_flush(o);
	json_object_set_new(out, "n", json_integer((json_int_t)len));
	return 0;
}

/* Takes up to max bytes of the oldest piece; true if it is used up. */
static size_t piece_read(struct obj *o, uint8_t *to, size_t max)
{
	struct piece *p = o->first;
	uint32_t n = RTE_MIN(p->m->pkt_len - p->used, (uint32_t)max);
	const void *data = rte_pktmbuf_read(p->m, p->used, n, to);

	if (data != to)
		memcpy(to, data, n);
	p->used += n;
	if (!o->gone)
		gn_tcp_consumed(o->t->c, o->handle, n);
	if (p->used == p->m->pkt_len) {
		obj_pop(o);
		gn_buf_free(o->t->c, p->m);
		free(p);
	}
	return n;
}

/* At least "min" bytes (1), at most "max", or the end: data, eof, closed. */
static int tcp_recv(struct tester *t, json_t *in, json_t *out)
{
	struct obj *o = obj_of(t, in, OBJ_TCP);
	size_t max = arg_int(in, "max", 1 << 20), min = arg_int(in, "min", 1), n = 0;

	if (o == NULL)
		return -EBADF;
	if (obj_unread(o) < min && !o->eof && !o->gone)
		return TESTER_WAIT;
	uint8_t *data = malloc(max + 1);

	if (data == NULL)
		return -ENOMEM;
	while (o->first != NULL && n < max)
		n += piece_read(o, data + n, max - n);
	json_object_set_new(out, "data", hex_of(data, n));
	json_object_set_new(out, "eof", json_boolean(o->eof && o->first == NULL));
	if (o->gone && o->err != 0)
		json_object_set_new(out, "closed", json_string(strerrorname_np(o->err)));
	free(data);
	return 0;
}

/* Until the stack has ended the connection by itself. */
static int tcp_ended(struct tester *t, json_t *in, json_t *out)
{
	struct obj *o = obj_of(t, in, OBJ_TCP);

	if (o == NULL)
		return -EBADF;
	if (!o->gone)
		return TESTER_WAIT;
	json_object_set_new(out, "closed", json_string(o->err ? strerrorname_np(o->err) : ""));
	return 0;
}

static int tcp_shutdown(struct tester *t, json_t *in, json_t *out)
{
	struct obj *o = obj_of(t, in, OBJ_TCP);

	if (o == NULL)
		return -EBADF;
	return o->gone ? -ENOTCONN : gn_tcp_shutdown(t->c, o->handle);
}

static int tcp_end(struct tester *t, json_t *in, int (*end)(struct gn_core *c, gn_tcp_t t))
{
	struct obj *o = obj_of(t, in, OBJ_TCP);

	if (o == NULL)
		return -EBADF;
	int err = o->gone ? 0 : end(t->c, o->handle);

	obj_free(o);
	return err;
}

static int tcp_close(struct tester *t, json_t *in, json_t *out)
{
	return tcp_end(t, in, gn_tcp_close);
}

static int tcp_abort(struct tester *t, json_t *in, json_t *out)
{
	return tcp_end(t, in, gn_tcp_abort);
}

static int tcp_unlisten(struct tester *t, json_t *in, json_t *out)
{
	struct obj *l = obj_of(t, in, OBJ_LISTENER);

	if (l == NULL)
		return -EBADF;
	int err = gn_listener_close(t->c, l->handle);

	for (int i = 0; i < TESTER_OBJS; i++) {
		struct obj *o = t->obj[i];

		if (o == NULL || o->kind != OBJ_TCP || o->taken || o->parent != l->id)
			continue;
		if (!o->gone)
			gn_tcp_abort(t->c, o->handle);
		obj_free(o);
	}
	obj_free(l);
	return err;
}

static int tcp_info(struct tester *t, json_t *in, json_t *out)
{
	struct obj *o = obj_of(t, in, OBJ_TCP);
	struct gn_tcp_info info;

	if (o == NULL)
		return -EBADF;
	if (o->gone || gn_tcp_info(t->c, o->handle, &info) < 0) {
		json_object_set_new(out, "state", json_string("CLOSED"));
		return 0;
	}
	json_object_set_new(out, "state", json_string(info.state));
	json_object_set_new(out, "rto_us", json_integer(info.rto_us));
	json_object_set_new(out, "srtt_us", json_integer(info.srtt_us));
	json_object_set_new(out, "cwnd", json_integer(info.cwnd));
	json_object_set_new(out, "mss", json_integer(info.mss));
	put_addr(out, "laddr", "lport", &info.local);
	put_addr(out, "addr", "port", &info.remote);
	return 0;
}

static int tcp_set(struct tester *t, json_t *in, json_t *out)
{
	struct obj *o = obj_of(t, in, OBJ_TCP);
	struct gn_tcp_opts opts = arg_opts(in);

	if (o == NULL || o->gone)
		return -EBADF;
	return gn_tcp_opts_set(t->c, o->handle, &opts);
}

const struct op tcp_ops_table[] = {
	{"tcp_listen", tcp_listen},
	{"tcp_unlisten", tcp_unlisten},
	{"tcp_accept", tcp_accept},
	{"tcp_connect", tcp_connect},
	{"tcp_opened", tcp_opened},
	{"tcp_send", tcp_send},
	{"tcp_recv", tcp_recv},
	{"tcp_ended", tcp_ended},
	{"tcp_shutdown", tcp_shutdown},
	{"tcp_close", tcp_close},
	{"tcp_abort", tcp_abort},
	{"tcp_info", tcp_info},
	{"tcp_set", tcp_set},
	{NULL, NULL},
};
