/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_sock.h"
#include "httpd.h"

#define BIG 200000u

static struct httpd server;
static struct gn_core *core;

static void setup(void)
{
	struct httpd_core *h = calloc(1, sizeof(*h));

	server = (struct httpd){.idle_s = 60, .request_s = 10, .send_s = 30, .by_reference = true};
	request_limits_set();
	cr_assert_eq(content_add_generated(&server.content, "small.txt=100"), 0);
	cr_assert_eq(content_add_generated(&server.content, "/big=200000"), 0);
	cr_assert_eq(content_add(&server.content, "/a b.html", "<p>", 3), 0);
	cr_assert_eq(content_seal(&server.content), 0);
	core = fake_create();
	core->state = h;
	h->c = core;
	h->httpd = &server;
	h->stats = &server.stats[0];
	cr_assert_eq(slab_init(&h->conns, sizeof(struct conn), 3), 0);
	cr_assert_eq(slab_init(&h->requests, sizeof(struct request), 2), 0);
	cr_assert_eq(slab_init(&h->refs, sizeof(struct gn_ref), 64), 0);
	answer_date(h);
}

static void teardown(void)
{
	struct httpd_core *h = core->state;

	for (gn_tcp_t t = 1; t <= FAKE_CONNS; t++)
		if (fake_conn(core, t)->live)
			fake_reset(core, t, ECONNRESET);
		else
			fake_acknowledge(core, t, 0);
	cr_assert_eq(h->stats->open, 0);
	fake_destroy(core);
	slab_fini(&h->conns);
	slab_fini(&h->requests);
	slab_fini(&h->refs);
	free(h);
	content_free(&server.content);
}

TestSuite(httpd, .init = setup, .fini = teardown);

static void receive(gn_tcp_t t, const char *text)
{
	fake_receive(core, t, text, strlen(text));
}

static gn_tcp_t request(const char *text)
{
	gn_tcp_t t = fake_accept(core, &conn_ops);

	receive(t, text);
	return t;
}

/* The answer's text, ended by a zero byte. */
static const char *out(gn_tcp_t t)
{
	struct fake_conn *k = fake_conn(core, t);

	k->out[k->out_len] = '\0';
	return k->out;
}

static unsigned status(gn_tcp_t t)
{
	unsigned s = 0;

	sscanf(out(t), "HTTP/1.1 %u ", &s);
	return s;
}

Test(httpd, get_answers_with_the_file)
{
	gn_tcp_t t = request("GET /small.txt?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
	const char *body = strstr(out(t), "\r\n\r\n");

	cr_assert_eq(status(t), 200);
	cr_assert_not_null(strstr(out(t), "\r\nContent-Length: 100\r\n"));
	cr_assert_not_null(strstr(out(t), "\r\nContent-Type: text/plain"));
	cr_assert_not_null(strstr(out(t), " GMT\r\n"), "RFC 9110 section 6.6.1: a Date");
	cr_assert_eq(strlen(body + 4), 100);
	cr_assert(strncmp(body + 4, "000000000000000\n000000000000010\n", 32) == 0);
	cr_assert_eq(fake_conn(core, t)->unread, 0);
	cr_assert(!fake_conn(core, t)->shut, "RFC 9112 section 9.3: connections persist");
}

Test(httpd, escapes_and_absolute_form)
{
	cr_assert_eq(status(request("GET /a%20b.html HTTP/1.1\r\nHost: a\r\n\r\n")), 200);
	cr_assert_eq(status(request("GET http://h/a%20b.html HTTP/1.1\r\nHost: h\r\n\r\n")), 200);
	cr_assert_eq(status(request("\r\n\r\nGET http://h HTTP/1.1\r\nHost: h\r\n\r\n")), 200);
}

Test(httpd, head_has_the_fields_of_get_and_no_body)
{
	gn_tcp_t t = request("HEAD /small.txt HTTP/1.1\r\nHost: a\r\n\r\n");

	cr_assert_eq(status(t), 200);
	cr_assert_not_null(strstr(out(t), "\r\nContent-Length: 100\r\n"));
	cr_assert_str_empty(strstr(out(t), "\r\n\r\n") + 4);
}

Test(httpd, pipelined_requests_are_answered_in_order)
{
	gn_tcp_t t =
		request("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\n"
			"HEAD /small.txt HTTP/1.1\r\nHost: a\r\n\r\n");
	const char *second = strstr(out(t), "HTTP/1.1 404");

	cr_assert_eq(status(t), 200);
	cr_assert_not_null(second);
	cr_assert_not_null(strstr(second, "HTTP/1.1 200"));
	cr_assert_eq(server.stats[0].requests, 3);
}

Test(httpd, a_request_may_come_byte_by_byte)
{
	static const char text[] =
		"GET /small.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
		"\r\n3;x=y\r\nabc\r\n0\r\nTrailer: x\r\n\r\n"
		"GET /none HTTP/1.1\r\nHost: a\r\n\r\n";
	gn_tcp_t t = fake_accept(core, &conn_ops);

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		fake_receive(core, t, text + i, 1);
	cr_assert_eq(status(t), 200);
	cr_assert_not_null(strstr(out(t), "HTTP/1.1 404"));
	cr_assert_eq(fake_conn(core, t)->unread, 0);
}

Test(httpd, refusals)
{
	static const struct {
		unsigned status;
		bool closes;
		const char *text;
	} cases[] = {
		{404, false, "GET /none HTTP/1.1\r\nHost: a\r\n\r\n"},
		{404, false, "GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n"},
		{404, false, "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n"},
		{400, false, "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"},
		{400, false, "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n"},
		{400, false, "GET /% HTTP/1.1\r\nHost: a\r\n\r\n"},
		{405, false, "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n"},
		{405, true, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
		{405, true, "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"},
		{400, true, "GET / HTTP/1.1\r\n\r\n"},
		{400, true, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
		{400, true, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"},
		{400, true, "GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n"},
		{400, true, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
		{400, true, "\x16\x03\x01\x02 GET / HTTP/1.1\r\n\r\n"},
		{413, true, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n"},
		{417, true,
			"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
			"2\r\n\r\n"},
		{501, true, "BREW / HTTP/1.1\r\nHost: a\r\n\r\n"},
		{501, true,
			"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"},
		{505, true, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		gn_tcp_t t = request(cases[i].text);
		struct fake_conn *k = fake_conn(core, t);

		cr_assert_eq(status(t), cases[i].status, "%s: %s", cases[i].text, out(t));
		cr_assert_eq(k->shut, cases[i].closes, "%s", cases[i].text);
		cr_assert_eq(strstr(out(t), "Connection: close") != NULL, cases[i].closes);
		cr_assert_eq(strstr(out(t), "Allow: GET, HEAD") != NULL, cases[i].status == 405);
		cr_assert_eq(k->unread, 0);
		fake_reset(core, t, ECONNRESET);
		free(k->out);
		k->out = NULL;
	}
}

/* A request line or header section that never ends is refused at a limit. */
static unsigned refuse_endless(const char *start, const char *more)
{
	gn_tcp_t t = request(start);

	for (unsigned i = 0; i < 20000 && fake_conn(core, t)->out_len == 0; i++)
		receive(t, more);
	return status(t);
}

Test(httpd, limits)
{
	cr_assert_eq(refuse_endless("GET /", "xxxxxxxxxxxxxxxx"), 414, "RFC 9112 section 3");
	cr_assert_eq(refuse_endless("GET / HTTP/1.1\r\nHost: a\r\n", "X: yyyyyyyyyyyy\r\n"), 431);
	cr_assert_eq(
		refuse_endless("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
			"10\r\n0123456789abcdef\r\n"),
		413);
}

Test(httpd, persistence_of_http10)
{
	gn_tcp_t t = request("GET / HTTP/1.0\r\n\r\n");

	cr_assert_eq(status(t), 200);
	cr_assert(fake_conn(core, t)->shut);
	t = request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	cr_assert_not_null(strstr(out(t), "Connection: keep-alive\r\n"));
	cr_assert(!fake_conn(core, t)->shut);
}

Test(httpd, closing_waits_for_the_peer)
{
	gn_tcp_t t = request("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

	cr_assert(fake_conn(core, t)->shut);
	receive(t, "more");
	cr_assert(fake_conn(core, t)->live);
	cr_assert_eq(fake_conn(core, t)->unread, 0, "late input is thrown away");
	fake_peer_close(core, t);
	cr_assert(fake_conn(core, t)->closed);
	t = request("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	fake_advance(core, 5000001);
	cr_assert(fake_conn(core, t)->closed, "but not for ever");
}

Test(httpd, half_closed_peer_gets_all_answers)
{
	gn_tcp_t t = fake_accept(core, &conn_ops);
	static const char text[] =
		"GET /big HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";

	fake_conn(core, t)->room = 1000;
	fake_receive(core, t, text, sizeof(text) - 1);
	fake_peer_close(core, t);
	for (unsigned i = 0; i < 100 && fake_conn(core, t)->live; i++)
		fake_acknowledge(core, t, 50000);
	cr_assert(fake_conn(core, t)->closed);
	cr_assert_eq(server.stats[0].requests, 2);
}

Test(httpd, large_file_by_reference_with_backpressure)
{
	const struct content_file *f = content_find(&server.content, "/big", 4);
	gn_tcp_t t = fake_accept(core, &conn_ops);
	struct fake_conn *k = fake_conn(core, t);

	k->room = 100; /* not even the head fits */
	receive(t, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
	cr_assert_eq(k->out_len, 100);
	/* The next request waits: its bytes keep the window closed. */
	receive(t, "GET /none HTTP/1.1\r\nHost: a\r\n\r\n");
	cr_assert_eq(k->unread, 31);
	for (unsigned i = 0; i < 1000 && k->unread > 0; i++)
		fake_acknowledge(core, t, 7777);
	cr_assert_eq(k->unread, 0);
	const char *body = strstr(out(t), "\r\n\r\n") + 4;

	cr_assert_eq(memcmp(body, f->data, BIG), 0);
	cr_assert(strncmp(body + BIG, "HTTP/1.1 404", 12) == 0);
}

Test(httpd, copies_when_references_run_out)
{
	struct httpd_core *h = core->state;
	gn_tcp_t t;

	h->refs.max = 2;
	t = request("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
	cr_assert_eq(fake_conn(core, t)->n_refs, 2);
	cr_assert_eq(memcmp(strstr(out(t), "\r\n\r\n") + 4,
			     content_find(&server.content, "/big", 4)->data, BIG),
		0);
}

Test(httpd, timeouts)
{
	gn_tcp_t idle = fake_accept(core, &conn_ops);
	gn_tcp_t half = fake_accept(core, &conn_ops);
	gn_tcp_t slow = fake_accept(core, &conn_ops);

	fake_conn(core, slow)->room = 10;
	receive(slow, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	for (unsigned i = 0; i < 9; i++) { /* a trickle does not put the deadline off */
		fake_receive(core, half, &"GET / HTTP"[i], 1);
		cr_assert(!fake_conn(core, half)->shut);
		fake_advance(core, 1100000);
	}
	fake_advance(core, 200000);
	cr_assert_eq(status(half), 408);
	cr_assert(fake_conn(core, half)->shut);
	fake_advance(core, 21000000);
	cr_assert(fake_conn(core, slow)->aborted, "a peer that does not read");
	cr_assert(!fake_conn(core, idle)->shut);
	fake_advance(core, 30000000);
	cr_assert(fake_conn(core, idle)->shut);
	cr_assert_eq(fake_conn(core, idle)->out_len, 0);
}

Test(httpd, too_many_connections_and_requests_are_refused)
{
	request("GET");
	request("GET");
	cr_assert(fake_conn(core, request("GET"))->aborted, "two requests may be in progress");
	fake_accept(core, &conn_ops);
	cr_assert_eq(server.stats[0].refused, 1);
	for (gn_tcp_t t = 1; t <= 2; t++)
		receive(t, " / HTTP/1.1\r\nHost: a\r\n\r\n");
	cr_assert_eq(server.stats[0].requests, 2);
}

Test(httpd, tiny_segments_cannot_pin_all_buffers)
{
	gn_tcp_t t = fake_accept(core, &conn_ops);

	fake_conn(core, t)->room = 10;
	receive(t, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	for (unsigned i = 0; i < 2000 && fake_conn(core, t)->live; i++)
		receive(t, "x");
	cr_assert(fake_conn(core, t)->aborted);
}

Test(httpd, sizes_of_generated_files)
{
	struct content c = {0};

	cr_assert_eq(content_add_generated(&c, "a=0"), 0);
	cr_assert_eq(content_add_generated(&c, "b=3k"), 0);
	cr_assert_eq(c.files[1].size, 3072);
	cr_assert_eq(content_add_generated(&c, "b=1"), 0);
	cr_redirect_stderr();
	cr_assert_eq(content_add_generated(&c, "b"), -1);
	cr_assert_eq(content_add_generated(&c, "b="), -1);
	cr_assert_eq(content_add_generated(&c, "=5"), -1);
	cr_assert_eq(content_add_generated(&c, "b=-1"), -1);
	cr_assert_eq(content_add_generated(&c, "b=5x"), -1);
	cr_assert_eq(content_add_generated(&c, "b=99999999999999999999"), -1);
	cr_assert_eq(content_seal(&c), 0);
	cr_assert_eq(content_find(&c, "/b", 2)->size, 1, "the last of two of one name wins");
	cr_assert_null(content_find(&c, "/", 0));
	content_free(&c);
}
