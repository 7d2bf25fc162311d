/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gannet/stack.h>

#include "httpd.h"

enum {
	OPT_LISTEN = 256,
	OPT_ROOT,
	OPT_FILE,
	OPT_CONNECTIONS,
	OPT_IDLE,
	OPT_REQUEST,
	OPT_SEND,
};

static const struct option options[] = {
	{"listen", required_argument, NULL, OPT_LISTEN},
	{"root", required_argument, NULL, OPT_ROOT},
	{"file", required_argument, NULL, OPT_FILE},
	{"connections", required_argument, NULL, OPT_CONNECTIONS},
	{"idle-timeout", required_argument, NULL, OPT_IDLE},
	{"request-timeout", required_argument, NULL, OPT_REQUEST},
	{"send-timeout", required_argument, NULL, OPT_SEND},
	{0},
};

static const char options_help[] =
	"  --listen ADDR:PORT     serve there; may be given several times (default *:80)\n"
	"  --root DIR             serve every file below DIR, read into memory at start\n"
	"  --file NAME=SIZE       serve SIZE bytes (k, m, g) of generated text as /NAME\n"
	"  --connections N        at most N connections a core (default 100000)\n"
	"  --idle-timeout S       close a connection without a request (default 60)\n"
	"  --request-timeout S    a request must be complete by then (default 10)\n"
	"  --send-timeout S       the client must read something by then (default 60)\n";

static int number(const char *name, const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
	char *end;

	errno = 0;
	unsigned long n = strtoul(text, &end, 10);

	if (errno != 0 || end == text || *end != '\0' || *text == '-' || n < min || n > max) {
		fprintf(stderr, "gannet-httpd: --%s %s: a number from %u to %u is wanted\n", name,
			text, min, max);
		return -1;
	}
	*out = n;
	return 0;
}

static int option_listen(struct httpd *s, const char *text)
{
	if (s->n_listen == sizeof(s->listen) / sizeof(s->listen[0])) {
		fprintf(stderr, "gannet-httpd: --listen %s: at most %u addresses\n", text,
			s->n_listen);
		return -1;
	}
	struct gn_addr *a = &s->listen[s->n_listen];

	if (gn_addr_parse(a, text) < 0 || a->port == 0) {
		fprintf(stderr,
			"gannet-httpd: --listen %s: ADDR:PORT is wanted, as *:80, 10.0.0.1:80 or "
			"[2001:db8::1]:80\n",
			text);
		return -1;
	}
	s->n_listen++;
	return 0;
}

static int httpd_option(void *arg, int val, const char *text)
{
	struct httpd *s = arg;

	switch (val) {
	case OPT_LISTEN:
		return option_listen(s, text);
	case OPT_ROOT:
		return content_add_root(&s->content, text);
	case OPT_FILE:
		return content_add_generated(&s->content, text);
	case OPT_CONNECTIONS:
		return number("connections", text, 1, 10000000, &s->connections);
	case OPT_IDLE:
		return number("idle-timeout", text, 1, 86400, &s->idle_s);
	case OPT_REQUEST:
		return number("request-timeout", text, 1, 86400, &s->request_s);
	default:
		return number("send-timeout", text, 1, 86400, &s->send_s);
	}
}

static int httpd_check(void *arg)
{
	struct httpd *s = arg;

	if (s->n_listen == 0)
		s->listen[s->n_listen++] = (struct gn_addr){.port = 80};
	request_limits_set();
	if (stats_register(s) < 0)
		return -1;
	return content_seal(&s->content);
}

static struct httpd server = {
	.connections = 100000,
	.idle_s = 60,
	.request_s = 10,
	.send_s = 60,
};

/* The ports exist only once the cores start, so the first core tells them of the content. */
static pthread_once_t share_once = PTHREAD_ONCE_INIT;

static void share(void)
{
	server.by_reference = memory_share(&server.content);
}

static int httpd_listen(struct httpd_core *h)
{
	static const struct gn_tcp_opts opts = {.nodelay = true};

	for (unsigned i = 0; i < h->httpd->n_listen; i++) {
		int64_t l = gn_tcp_listen(h->c, &h->httpd->listen[i], &conn_ops, NULL, &opts);

		if (l < 0) {
			char text[80];

			gn_addr_print(text, sizeof(text), &h->httpd->listen[i]);
			fprintf(stderr, "gannet-httpd: core %u: listen %s: %s\n", gn_core_id(h->c),
				text, strerror((int)-l));
			errno = (int)-l;
			return -1;
		}
	}
	return 0;
}

static void httpd_core_free(struct httpd_core *h)
{
	if (h == NULL)
		return;
	slab_fini(&h->conns);
	slab_fini(&h->requests);
	slab_fini(&h->refs);
	free(h);
}

static void *httpd_init(struct gn_core *c, void *arg)
{
	struct httpd *s = arg;
	unsigned id = gn_core_id(c);

	pthread_once(&share_once, share);
	if (id >= HTTPD_CORES_MAX) {
		errno = ERANGE;
		return NULL;
	}
	struct httpd_core *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->c = c;
	h->httpd = s;
	h->stats = &s->stats[id];
	answer_date(h);
	/* Few connections are in the middle of a request, or of a large file, at the same time. */
	if (slab_init(&h->conns, sizeof(struct conn), s->connections) < 0 ||
		slab_init(&h->requests, sizeof(struct request), s->connections / 8 + 64) < 0 ||
		slab_init(&h->refs, sizeof(struct gn_ref), 65536) < 0 || httpd_listen(h) < 0) {
		httpd_core_free(h);
		return NULL;
	}
	s->core[id] = h;
	return h;
}

static void httpd_poll(struct gn_core *c, void *state)
{
	answer_date(state);
}

int main(int argc, char **argv)
{
	static const struct gn_app app = {
		.name = "gannet-httpd",
		.summary = "HTTP/1.1 server for static content, a complete server on each core",
		.options = options,
		.options_help = options_help,
		.option = httpd_option,
		.check = httpd_check,
		.init = httpd_init,
		.poll = httpd_poll,
		.arg = &server,
	};
	int status = gn_main(argc, argv, &app);

	/* Only now are all references to the content, and their records, out of the stack. */
	for (unsigned i = 0; i < HTTPD_CORES_MAX; i++)
		httpd_core_free(server.core[i]);
	content_free(&server.content);
	return status;
}
