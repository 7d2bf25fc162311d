/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#include "../../apps/httpd/httpd.h"

/* httpd: keep-alive requests as a browser sends them (440 bytes), answered by the code of
 * apps/httpd with a small file. */
#define REQUEST_BYTES 440
#define FILE_SPEC     "small.txt=64"

static struct httpd content_owner;

static void httpd_setup(const struct bench_opts *o)
{
	static bool done; /* both cores of a server share the content */

	if (done)
		return;
	done = true;
	content_owner = (struct httpd){.port = BENCH_PORT,
		.connections = o->window * o->cores + 64,
		.idle_s = 60,
		.request_s = 10,
		.send_s = 60};
	request_limits_set();
	if (content_add_generated(&content_owner.content, FILE_SPEC) < 0 ||
		content_seal(&content_owner.content) < 0)
		bench_die("httpd: no content");
}

static void *server_init(struct gn_core *c, void *arg)
{
	static const struct gn_tcp_opts opts = {.nodelay = true};
	struct bench_side *s = arg;
	struct httpd_core *h = calloc(1, sizeof(*h));

	httpd_setup(s->opts);
	if (h == NULL)
		bench_die("no memory");
	h->c = c;
	h->httpd = &content_owner;
	h->stats = &content_owner.stats[s->index];
	answer_date(h);
	if (slab_init(&h->conns, sizeof(struct conn), content_owner.connections) < 0 ||
		slab_init(&h->requests, sizeof(struct request), content_owner.connections) < 0 ||
		slab_init(&h->refs, sizeof(struct gn_ref), 64) < 0)
		bench_die("no memory");
	bench_listen(c, s->opts, &conn_ops, &opts);
	return h;
}

static void server_poll(struct gn_core *c, void *state)
{
	answer_date(state);
}

static void server_exit(struct gn_core *c, void *state)
{
	struct httpd_core *h = state;

	slab_fini(&h->conns);
	slab_fini(&h->requests);
	slab_fini(&h->refs);
	free(h);
}

static const struct gn_app server = {.name = "bench-httpd-server",
	.init = server_init,
	.poll = server_poll,
	.exit = server_exit};

static char request[REQUEST_BYTES + 1];

static void request_make(void)
{
	static const char head[] =
		"GET /small.txt HTTP/1.1\r\n"
		"Host: www.example.com\r\n"
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Gecko/20100101 "
		"Firefox/102.0\r\n"
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/"
		"*;q=0.8\r\n"
		"Accept-Language: en-GB,en;q=0.5\r\n"
		"Accept-Encoding: gzip, deflate, br\r\n"
		"Connection: keep-alive\r\n"
		"Cookie: ";
	size_t n = sizeof(head) - 1;

	memset(request, 'c', REQUEST_BYTES);
	memcpy(request, head, n);
	memcpy(request + REQUEST_BYTES - 4, "\r\n\r\n", 4);
}

static void http_send(struct gn_core *c, gn_tcp_t t)
{
	gn_tcp_send(c, t, request, REQUEST_BYTES, 0);
}

static void http_connected(struct gn_core *c, gn_tcp_t t, void *user)
{
	struct bench_side *s = user;

	if (++s->open == s->opts->window)
		__atomic_store_n(&s->ready, true, __ATOMIC_RELEASE);
	http_send(c, t);
}

/* An answer is one segment. */
static void http_answer(struct gn_core *c, gn_tcp_t t, void *user, struct rte_mbuf *m)
{
	struct bench_side *s = user;

	if (m->data_len < 15 || memcmp(rte_pktmbuf_mtod(m, char *), "HTTP/1.1 200 OK", 15) != 0)
		bench_die("httpd: an answer that is not 200");
	gn_tcp_rx_done(c, t, m);
	s->done++;
	http_send(c, t);
}

static const struct gn_tcp_ops client_ops = {
	.connected = http_connected, .received = http_answer, .closed = bench_tcp_closed};

static void *client_init(struct gn_core *c, void *arg)
{
	struct bench_side *s = arg;
	struct gn_addr remote = bench_server_addr(s->opts, 0);

	request_make();
	for (uint32_t i = 0; i < s->opts->window; i++) {
		int64_t t = gn_tcp_connect(c, NULL, &remote, &client_ops, s, NULL);

		if (t < 0)
			bench_die("tcp: cannot connect: %s", strerror((int)-t));
	}
	return arg;
}

static const struct gn_app client = {.name = "bench-httpd-client", .init = client_init};

const struct bench_apps bench_httpd_apps = {&client, &server};
