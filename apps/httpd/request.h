/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef HTTPD_REQUEST_H
#define HTTPD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <http_parser.h>

/*
 * One request while it arrives. A connection has such an object only from a request's first byte
 * to its answer, so that an idle connection holds none.
 *
 * The parser (libhttp-parser) stops at the end of the headers when the request can already be
 * refused, and at the end of each message: the caller looks at the request and answers it outside
 * of the parser's callbacks.
 */
#define REQUEST_TARGET_MAX  8000  /* RFC 9112 section 3: at least 8000 octets are recommended */
#define REQUEST_HEADERS_MAX 16384 /* request line included */
#define REQUEST_BODY_MAX    65536 /* a body has no meaning here (RFC 9110 section 9.3.1) */

enum request_header { REQUEST_OTHER, REQUEST_HOST, REQUEST_TRANSFER_ENCODING, REQUEST_EXPECT };

struct request {
	http_parser parser;
	uint16_t error;	 /* status to refuse it with; 0: none so far */
	bool complete;	 /* the whole message is here */
	bool in_headers; /* the request line is over */
	bool in_value;	 /* the last header callback was for a value */
	bool keep_alive; /* known when error is set or complete */
	bool started;	 /* a method's first byte was seen */
	bool timed;	 /* the connection's request timeout runs */
	bool expect;	 /* there is an Expect field */
	bool plain;	 /* taken by request_plain(): the target begins with a slash */
	bool marked;	 /* with plain: and has an escape or a query */
	uint8_t hosts;	 /* Host fields seen */
	uint8_t header;	 /* enum request_header of the field being read */
	uint8_t name_len, value_len;
	uint16_t target_len;
	uint32_t body;	/* bytes so far */
	char name[20];	/* of the field being read, as far as it matters */
	char value[16]; /* of a Transfer-Encoding */
	char target[REQUEST_TARGET_MAX];
};

/* Sets the parser's limit, which is one for the process. Before any request_feed(). */
void request_limits_set(void);
void request_init(struct request *r);

/*
 * Feeds n bytes and returns how many were used: all of them, or fewer when the request is complete
 * or r->error is set; what follows then belongs to the next request (or to none after an error).
 */
size_t request_feed(struct request *r, const char *data, size_t n);

/* Takes a plain request that is whole in n bytes (request_plain.c): what it used, or 0: not plain,
 * and r is as it was but for the parser's method, which is set anew then, and marked. */
size_t request_plain(struct request *r, const char *data, size_t n);

/*
 * The path that a complete request asks for: decoded in place (RFC 3986 section 2.1), without
 * query; from both forms of target, "/a?b" and "http://host/a?b". False: not a valid target (400).
 */
bool request_path(struct request *r, const char **path, size_t *len);

#endif
