/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef HTTPD_H
#define HTTPD_H

#include <gannet/sock.h>

#include "../common/segq.h"
#include "../common/slab.h"
#include "content.h"
#include "request.h"

#define HTTPD_CORES_MAX 128
#define HTTPD_HEAD_MAX	512   /* status line and fields of any answer */
#define HTTPD_COPY_MAX	4096  /* answers up to this size are sent as one copy */
#define HTTPD_REF_MAX	32768 /* body bytes a reference */
#define HTTPD_SEGS_MAX	1024  /* received segments that a connection may keep waiting */

/* Counted by one core each; the control thread reads them. */
struct httpd_stats {
	uint64_t connections, open;
	uint64_t requests, errors; /* errors: answered with 4xx or 5xx */
	uint64_t body_bytes;
	uint64_t timeouts, refused; /* refused: no room for another connection or request */
} __attribute__((aligned(64)));

/* Options and content: written before the cores start, read-only afterwards, stats excepted. */
struct httpd {
	uint16_t port;
	struct gn_addr listen[8];
	unsigned n_listen;
	uint32_t connections; /* a core */
	uint32_t idle_s, request_s, send_s;
	bool by_reference; /* the ports can read our memory as it is */
	struct content content;
	struct httpd_core *core[HTTPD_CORES_MAX]; /* freed after the stack has ended */
	struct httpd_stats stats[HTTPD_CORES_MAX];
};

/* One core's server. */
struct httpd_core {
	struct gn_core *c;
	const struct httpd *httpd;
	struct httpd_stats *stats;
	struct slab conns, requests, refs;
	uint64_t date_due_us;
	char date[40]; /* "Date: ...\r\n" */
	uint8_t date_len;
	char out[HTTPD_HEAD_MAX + HTTPD_COPY_MAX]; /* an answer while it is composed */
};

enum conn_state {
	CONN_OPEN,
	CONN_LINGER, /* answered for the last time, our FIN is queued: the peer's is awaited */
};

struct conn {
	gn_tcp_t t;
	struct httpd_core *h;
	struct gn_timer timer;
	uint64_t deadline_us;
	struct request *req; /* NULL: between requests */
	struct segq in;	     /* received and not yet parsed */
	uint32_t in_off;     /* of the first segment */
	uint8_t state;	     /* enum conn_state */
	bool peer_closed;
	bool last;     /* close after the answer that is being sent */
	uint8_t *rest; /* of a head or copied answer that did not fit; malloc */
	uint32_t rest_len, rest_off;
	const uint8_t *body; /* of the answer, not yet sent */
	uint64_t body_left;
};

extern const struct gn_tcp_ops conn_ops;

/* Nothing of c is left to be sent: the next request may be answered. */
static inline bool conn_drained(const struct conn *c)
{
	return c->rest == NULL && c->body_left == 0;
}

/* answer.c: starts the answer to c->req (complete, or with an error). -1: the connection is broken. */
int answer_request(struct conn *c);
/* Starts an answer with a status other than 200. */
int answer_status(struct conn *c, unsigned status, bool head_only, bool http10);
/* Sends as much of the answer as fits. fresh: the stack just said that there is room. */
int answer_pump(struct conn *c, bool fresh);
void answer_date(struct httpd_core *h);

/* memory.c: lets the ports read the content in place; false: it has to be copied. Once. */
bool memory_share(const struct content *content);

/* stats.c: the telemetry command of this application. */
int stats_register(const struct httpd *httpd);

#endif
