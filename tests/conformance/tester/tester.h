/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTER_H
#define TESTER_H

#include <semaphore.h>
#include <stdatomic.h>

#include <jansson.h>

#include <gannet/stack.h>

/*
 * The upper tester: does with the stack's sockets what a conformance test asks for, one JSON object
 * a line in and one out on a UNIX socket (docs/conformance.md lists the operations). The
 * control thread reads and writes the socket; the core's poll hook runs the request, so that the
 * socket API is only used on its core. One request at a time.
 */
enum {
	TESTER_WAIT = 1, /* not yet: ask again next turn, until the request's timeout */
	TESTER_OBJS = 4096,
};

enum obj_kind { OBJ_FREE, OBJ_LISTENER, OBJ_TCP, OBJ_UDP };

/* One datagram or piece of a stream that waits for its test, oldest first. */
struct piece {
	struct piece *next;
	struct rte_mbuf *m;
	uint32_t used; /* bytes of m already told */
	struct gn_addr from, to;
};

struct obj {
	enum obj_kind kind;
	int id;
	struct tester *t;
	int64_t handle;
	bool gone;	/* TCP: the handle is dead */
	bool connected; /* TCP */
	bool eof;	/* TCP: the peer's FIN */
	bool taken;	/* TCP: given to a test by tcp_accept */
	int parent;	/* TCP: id of its listener, or -1 */
	int err;	/* TCP: why it closed; UDP: the last error reported */
	struct piece *first, **last;
	uint8_t *out; /* TCP: what was not yet taken by the send buffer */
	size_t out_len, out_off;
	uint64_t sent; /* TCP: bytes of the pattern so far */
};

struct tester {
	struct gn_core *c;
	const char *path;
	struct obj *obj[TESTER_OBJS];
	atomic_int phase; /* enum phase: whose turn it is with in and out */
	sem_t done;
	json_t *in, *out;
	uint64_t deadline_us;
};

/* Runs one operation: 0, a negative errno, or TESTER_WAIT. Adds its answer to out. */
typedef int (*op_fn)(struct tester *t, json_t *in, json_t *out);

struct op {
	const char *name;
	op_fn run;
};

extern const struct op tcp_ops_table[], udp_ops_table[];

/* ctl.c */
int ctl_start(struct tester *t);
void ctl_poll(struct tester *t);

/* obj.c */
struct obj *obj_new(struct tester *t, enum obj_kind kind);
struct obj *obj_of(struct tester *t, json_t *in, enum obj_kind kind);
void obj_free(struct obj *o);
int obj_push(
	struct obj *o, struct rte_mbuf *m, const struct gn_addr *from, const struct gn_addr *to);
struct piece *obj_pop(struct obj *o);
size_t obj_unread(const struct obj *o);
/* "addr" and "port" named a_key and p_key, either may be missing. */
int arg_addr(json_t *in, const char *a_key, const char *p_key, struct gn_addr *a);
uint64_t arg_int(json_t *in, const char *key, uint64_t missing);
/* The bytes to send: "data" in hexadecimal, or "fill" bytes of the pattern from offset at. */
int arg_bytes(json_t *in, uint64_t at, uint8_t **data, size_t *len);
json_t *hex_of(const uint8_t *data, size_t len);
void put_addr(json_t *out, const char *a_key, const char *p_key, const struct gn_addr *a);

#endif
