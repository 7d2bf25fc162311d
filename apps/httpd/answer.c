/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "httpd.h"

void answer_date(struct httpd_core *h)
{
	uint64_t now = gn_now_us(h->c);
	struct timespec ts;
	struct tm tm;

	if (h->date_len != 0 && now < h->date_due_us)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	/* RFC 9110 section 5.6.7; the process never leaves the C locale. */
	h->date_len =
		strftime(h->date, sizeof(h->date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
	h->date_due_us = now + 1000000 - ts.tv_nsec / 1000;
}

/* Sends a copy; what does not fit waits in c->rest. */
static int answer_copy(struct conn *c, const char *data, size_t len, unsigned flags)
{
	ssize_t n = gn_tcp_send(c->h->c, c->t, data, len, flags);

	if (n == -ENOBUFS)
		n = 0;
	if (n < 0)
		return -1;
	if ((size_t)n == len)
		return 0;
	c->rest_len = len - n;
	c->rest_off = 0;
	c->rest = malloc(c->rest_len);
	if (c->rest == NULL)
		return -1;
	memcpy(c->rest, data + n, c->rest_len);
	return 0;
}

static char *put(char *p, const char *text, size_t len)
{
	memcpy(p, text, len);
	return p + len;
}

/* Status line and the fields that do not depend on the content. Returns the end. */
static char *answer_head(struct conn *c, char *p, unsigned status, bool http10)
{
	struct httpd_core *h = c->h;

	if (status == HTTP_STATUS_OK)
		p = put(p, "HTTP/1.1 200 OK\r\n", 17);
	else
		p += sprintf(p, "HTTP/1.1 %u %s\r\n", status, http_status_str(status));
	p = put(p, h->date, h->date_len);
	p = put(p, "Server: gannet\r\n", 16);
	if (c->last)
		p = put(p, "Connection: close\r\n", 19);
	else if (http10) /* RFC 9112 section 9.3: there persistence has to be said */
		p = put(p, "Connection: keep-alive\r\n", 24);
	return p;
}

int answer_status(struct conn *c, unsigned status, bool head_only, bool http10)
{
	struct httpd_core *h = c->h;
	char page[128];
	int len = snprintf(page, sizeof(page), "%u %s\n", status, http_status_str(status));
	char *p = answer_head(c, h->out, status, http10);

	if (status == HTTP_STATUS_METHOD_NOT_ALLOWED) /* RFC 9110 section 15.5.6 */
		p += sprintf(p, "Allow: GET, HEAD\r\n");
	p += sprintf(
		p, "Content-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n", len);
	if (!head_only)
		p = put(p, page, len);
	h->stats->requests++;
	h->stats->errors++;
	return answer_copy(c, h->out, p - h->out, 0);
}

static int answer_file(struct conn *c, const struct content_file *f, bool head_only, bool http10)
{
	struct httpd_core *h = c->h;
	char *p = answer_head(c, h->out, HTTP_STATUS_OK, http10);
	size_t size = head_only ? 0 : f->size;

	p = put(p, f->head, f->head_len);
	p = put(p, "\r\n", 2);
	h->stats->requests++;
	h->stats->body_bytes += size;
	if (size <= HTTPD_COPY_MAX) {
		p = put(p, (const char *)f->data, size);
		return answer_copy(c, h->out, p - h->out, 0);
	}
	if (answer_copy(c, h->out, p - h->out, GN_MORE) < 0)
		return -1;
	c->body = f->data;
	c->body_left = size;
	return answer_pump(c, false);
}

int answer_request(struct conn *c)
{
	struct request *r = c->req;
	const struct content *content = &c->h->httpd->content;
	const struct content_file *f;
	bool head_only = r->parser.method == HTTP_HEAD;
	bool http10 = r->parser.http_minor == 0;
	const char *path;
	size_t len;

	c->last = !r->keep_alive;
	if (r->error != 0)
		return answer_status(c, r->error, head_only, http10);
	if (r->parser.method != HTTP_GET && r->parser.method != HTTP_HEAD)
		return answer_status(c, HTTP_STATUS_METHOD_NOT_ALLOWED, head_only, http10);
	if (!request_path(r, &path, &len))
		return answer_status(c, HTTP_STATUS_BAD_REQUEST, head_only, http10);
	f = content_find(content, path, len);
	if (f == NULL)
		return answer_status(c, HTTP_STATUS_NOT_FOUND, head_only, http10);
	return answer_file(c, f, head_only, http10);
}

/* All of a reference's bytes are acknowledged; the content itself is never freed. */
static void ref_done(struct gn_core *core, struct gn_ref *ref)
{
	struct httpd_core *h = ref->user;

	slab_put(&h->refs, ref);
}

/* Sends up to n bytes of the body, by reference if possible. As gn_tcp_send(). */
static ssize_t answer_send_body(struct conn *c, size_t n, unsigned flags)
{
	struct httpd_core *h = c->h;
	struct gn_ref *ref = h->httpd->by_reference ? slab_get(&h->refs) : NULL;

	if (ref == NULL)
		return gn_tcp_send(h->c, c->t, c->body, n, flags);
	memset(ref, 0, sizeof(*ref));
	ref->done = ref_done;
	ref->user = h;
	ssize_t ret = gn_tcp_send_ref(h->c, c->t, c->body, n, ref, flags);

	if (ret < 0)
		slab_put(&h->refs, ref);
	return ret;
}

/* How much to send at once: pieces that fit, but not crumbs unless the stack says that no more
 * room will come. */
static size_t answer_piece(const struct conn *c, bool fresh)
{
	size_t n = c->body_left < HTTPD_REF_MAX ? c->body_left : HTTPD_REF_MAX;
	size_t room = gn_tcp_room(c->h->c, c->t);

	if (room < n && room > 0 && (fresh || room >= HTTPD_REF_MAX / 4))
		n = room;
	return n;
}

/* Returns 1 when all of the rest is sent, 0 when the stack is full. */
static int answer_pump_rest(struct conn *c)
{
	ssize_t n = gn_tcp_send(c->h->c, c->t, c->rest + c->rest_off, c->rest_len - c->rest_off,
		c->body_left > 0 ? GN_MORE : 0);

	if (n == -ENOBUFS)
		return 0;
	if (n < 0)
		return -1;
	c->rest_off += n;
	if (c->rest_off < c->rest_len)
		return 0;
	free(c->rest);
	c->rest = NULL;
	return 1;
}

int answer_pump(struct conn *c, bool fresh)
{
	if (c->rest != NULL) {
		int ret = answer_pump_rest(c);

		if (ret <= 0)
			return ret;
	}
	while (c->body_left > 0) {
		size_t piece = answer_piece(c, fresh);
		ssize_t n = answer_send_body(c, piece, piece < c->body_left ? GN_MORE : 0);

		if (n == -EAGAIN || n == -ENOBUFS)
			return 0;
		if (n < 0)
			return -1;
		c->body += n;
		c->body_left -= n;
		if ((size_t)n < piece) /* copied, and full */
			return 0;
	}
	return 0;
}
