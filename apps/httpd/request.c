/* SPDX-License-Identifier: BSD-3-Clause */
#include "request.h"

#include <string.h>
#include <strings.h>

/* Marks the request as refused; the parser stops after the callback that calls this. */
static int request_refuse(http_parser *p, uint16_t status)
{
	struct request *r = p->data;

	if (r->error == 0)
		r->error = status;
	return -1;
}

static int on_url(http_parser *p, const char *at, size_t n)
{
	struct request *r = p->data;

	if (n > sizeof(r->target) - r->target_len)
		return request_refuse(p, HTTP_STATUS_URI_TOO_LONG);
	memcpy(r->target + r->target_len, at, n);
	r->target_len += n;
	return 0;
}

/* The name of the field that was being read is complete. */
static int request_name_end(struct request *r)
{
	static const struct {
		const char *name;
		enum request_header header;
	} known[] = {
		{"host", REQUEST_HOST},
		{"transfer-encoding", REQUEST_TRANSFER_ENCODING},
		{"expect", REQUEST_EXPECT},
	};

	r->header = REQUEST_OTHER;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (r->name_len == strlen(known[i].name) &&
			strncasecmp(r->name, known[i].name, r->name_len) == 0)
			r->header = known[i].header;
	if (r->header == REQUEST_EXPECT)
		r->expect = true;
	/* RFC 9112 section 3.2: more than one Host is an error. */
	if (r->header == REQUEST_HOST && ++r->hosts > 1)
		return request_refuse(&r->parser, HTTP_STATUS_BAD_REQUEST);
	return 0;
}

/*
 * The value of a Transfer-Encoding is complete. RFC 9112 section 6.1: a coding that the server does
 * not understand is answered 501.
 */
static int request_value_end(struct request *r)
{
	size_t n = r->value_len;

	while (n > 0 && (r->value[n - 1] == ' ' || r->value[n - 1] == '\t'))
		n--;
	if (r->header == REQUEST_TRANSFER_ENCODING &&
		(n != 7 || strncasecmp(r->value, "chunked", 7) != 0))
		return request_refuse(&r->parser, HTTP_STATUS_NOT_IMPLEMENTED);
	return 0;
}

/* Appends to a short text; what does not fit only has to make it different from all known ones. */
static uint8_t append(char *text, uint8_t len, size_t size, const char *at, size_t n)
{
	if (n > size - len)
		n = size - len;
	memcpy(text + len, at, n);
	return len + n;
}

static int on_header_field(http_parser *p, const char *at, size_t n)
{
	struct request *r = p->data;

	r->in_headers = true;
	/* RFC 9112 section 5.1: the parser allows spaces in names; two readings are an attack. */
	if (memchr(at, ' ', n) != NULL)
		return request_refuse(p, HTTP_STATUS_BAD_REQUEST);
	if (r->in_value) {
		r->in_value = false;
		r->name_len = 0;
		if (request_value_end(r) < 0)
			return -1;
	}
	r->name_len = append(r->name, r->name_len, sizeof(r->name), at, n);
	return 0;
}

static int on_header_value(http_parser *p, const char *at, size_t n)
{
	struct request *r = p->data;

	if (!r->in_value) {
		r->in_value = true;
		r->value_len = 0;
		if (request_name_end(r) < 0)
			return -1;
	}
	r->value_len = append(r->value, r->value_len, sizeof(r->value), at, n);
	return 0;
}

/* All checks that need the headers only, so that a body never has to be waited for in vain. */
static int on_headers_complete(http_parser *p)
{
	struct request *r = p->data;
	bool body = (p->flags & F_CHUNKED) != 0 ||
		    ((p->flags & F_CONTENTLENGTH) != 0 && p->content_length > 0);

	r->in_headers = true;
	if (r->in_value && request_value_end(r) < 0)
		return -1;
	if (p->http_major != 1)
		return request_refuse(p, HTTP_STATUS_HTTP_VERSION_NOT_SUPPORTED);
	/* RFC 9112 section 3.2: a request of HTTP/1.1 has one Host. */
	if (p->http_minor >= 1 && r->hosts != 1)
		return request_refuse(p, HTTP_STATUS_BAD_REQUEST);
	if ((p->flags & F_CONTENTLENGTH) != 0 && p->content_length > REQUEST_BODY_MAX)
		return request_refuse(p, HTTP_STATUS_PAYLOAD_TOO_LARGE);
	if (p->method != HTTP_GET && p->method != HTTP_HEAD && (body || p->method == HTTP_CONNECT))
		return request_refuse(p, HTTP_STATUS_METHOD_NOT_ALLOWED);
	/* RFC 9110 section 10.1.1: a final status instead of 100 says that the body is not wanted. */
	if (body && r->expect)
		return request_refuse(p, HTTP_STATUS_EXPECTATION_FAILED);
	r->keep_alive = http_should_keep_alive(p) != 0;
	p->upgrade = 0; /* RFC 9110 section 7.8: a server may ignore Upgrade */
	return 0;
}

static int on_body(http_parser *p, const char *at, size_t n)
{
	struct request *r = p->data;

	r->body += n;
	if (r->body > REQUEST_BODY_MAX)
		return request_refuse(p, HTTP_STATUS_PAYLOAD_TOO_LARGE);
	return 0;
}

static int on_message_complete(http_parser *p)
{
	struct request *r = p->data;

	r->complete = true;
	http_parser_pause(p, 1);
	return 0;
}

void request_limits_set(void)
{
	http_parser_set_max_header_size(REQUEST_HEADERS_MAX);
}

void request_init(struct request *r)
{
	memset(r, 0, offsetof(struct request, name));
}

/* RFC 9110 section 5.6.2. */
static bool is_token(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((p[i] >= 'A' && p[i] <= 'Z') || (p[i] >= 'a' && p[i] <= 'z') ||
			    (p[i] >= '0' && p[i] <= '9') ||
			    (p[i] != '\0' && strchr("!#$%&'*+-.^_`|~", p[i]) != NULL)))
			return false;
	return n > 0;
}

/*
 * The parser knows a fixed list of methods. RFC 9110 section 9.1: one that is not recognised is
 * answered 501; what cannot be a method at all is a bad request.
 */
static uint16_t unknown_method(const char *data, size_t n, bool at_start)
{
	const char *end = memchr(data, ' ', n);

	if (at_start && end != NULL && is_token(data, end - data))
		return HTTP_STATUS_NOT_IMPLEMENTED;
	return HTTP_STATUS_BAD_REQUEST;
}

static uint16_t parser_status(const struct request *r, const char *data, size_t n, bool at_start)
{
	switch (HTTP_PARSER_ERRNO(&r->parser)) {
	case HPE_INVALID_METHOD:
		return unknown_method(data, n, at_start);
	case HPE_HEADER_OVERFLOW:
		return r->in_headers ? HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE
				     : HTTP_STATUS_URI_TOO_LONG;
	case HPE_INVALID_TRANSFER_ENCODING:
		return HTTP_STATUS_NOT_IMPLEMENTED;
	default:
		return HTTP_STATUS_BAD_REQUEST;
	}
}

size_t request_feed(struct request *r, const char *data, size_t n)
{
	static const http_parser_settings settings = {
		.on_url = on_url,
		.on_header_field = on_header_field,
		.on_header_value = on_header_value,
		.on_headers_complete = on_headers_complete,
		.on_body = on_body,
		.on_message_complete = on_message_complete,
	};
	size_t skip = 0;

	/* RFC 9112 section 2.2: empty lines before a request line are ignored. */
	if (!r->started) {
		while (skip < n && (data[skip] == '\r' || data[skip] == '\n'))
			skip++;
		if (skip == n)
			return n;
	}
	bool at_start = !r->started;

	r->started = true;
	if (at_start) {
		size_t plain = request_plain(r, data + skip, n - skip);

		if (plain != 0)
			return skip + plain;
		http_parser_init(&r->parser, HTTP_REQUEST);
		r->parser.data = r;
	}
	size_t used = http_parser_execute(&r->parser, &settings, data + skip, n - skip);

	if (HTTP_PARSER_ERRNO(&r->parser) != HPE_OK && !r->complete && r->error == 0)
		r->error = parser_status(r, data + skip, n - skip, at_start);
	if (r->error != 0)
		r->keep_alive = false;
	return skip + used;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes in place; false for a broken or a zero escape. */
static bool percent_decode(char *p, size_t *len)
{
	size_t out = 0;

	for (size_t i = 0; i < *len; i++) {
		char c = p[i];

		if (c == '%') {
			if (*len - i < 3 || hex(p[i + 1]) < 0 || hex(p[i + 2]) < 0)
				return false;
			c = (char)(hex(p[i + 1]) << 4 | hex(p[i + 2]));
			if (c == '\0')
				return false;
			i += 2;
		}
		p[out++] = c;
	}
	*len = out;
	return true;
}

bool request_path(struct request *r, const char **path, size_t *len)
{
	char *p = r->target;
	char *end = p + r->target_len;
	char *stop;

	if (r->plain && !r->marked) {
		*path = p;
		*len = r->target_len;
		return true;
	}
	if (p == end)
		return false;
	if (*p != '/') { /* RFC 9112 section 3.2.2: the absolute form must be accepted */
		p = memmem(p, end - p, "://", 3);
		if (p == NULL)
			return false;
		for (p += 3; p < end && *p != '/' && *p != '?'; p++)
			;
	}
	for (stop = p; stop < end && *stop != '?' && *stop != '#'; stop++)
		;
	*path = p;
	*len = stop - p;
	if (*len == 0) { /* "http://host" asks for "/" */
		*path = "/";
		*len = 1;
		return true;
	}
	return percent_decode(p, len);
}
