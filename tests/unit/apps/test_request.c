/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"
#include "rng.h"

/*
 * Plain requests are taken by a short way of their own when they are whole (request_plain.c). It
 * has to agree with the parser, which gets the same octets in two pieces, so that they are never
 * whole: on requests made of pieces that are plain, odd and broken, some with octets changed.
 */
#define SEEDS	   200000
#define PICK(r, a) ((a)[rng_below(r, sizeof(a) / sizeof((a)[0]))])

static const char *const starts[] = {
	"GET / HTTP/1.1\r\n",
	"GET / HTTP/1.1\r\n",
	"HEAD /index.html?x=1 HTTP/1.1\r\n",
	"GET /a/rather/long/path/that/takes/more/than/one/chunk HTTP/1.1\r\n",
	"GET / HTTP/1.0\r\n",
	"GET /a#b HTTP/1.1\r\n",
	"GET http://host/x HTTP/1.1\r\n",
	"POST / HTTP/1.1\r\n",
	"GET  / HTTP/1.1\r\n",
	"GET / HTTP/1.1\n",
	"\r\nGET / HTTP/1.1\r\n",
	"GET /\x80 HTTP/1.1\r\n",
	"GET / HTTP/1.1 \r\n",
	"GET /%41 HTTP/2.0\r\n",
};

static const char *const some_fields[] = {
	"Host: www.example.com\r\n",
	"host:x\r\n",
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Gecko/20100101\r\n",
	"Accept: */*\r\n",
	"Cookie: \xe4\xf6 and more of it\r\n",
	"Connection: keep-alive\r\n",
	"Connection: Keep-Alive  \r\n",
	"Connection: close\r\n",
	"Connection: keep-alive, upgrade\r\n",
	"Upgrade: h2c\r\n",
	"Upgrade-Insecure-Requests: 1\r\n",
	"Content-Length: 0\r\n",
	"Content-Length: 3\r\n",
	"Transfer-Encoding: chunked\r\n",
	"Expect: 100-continue\r\n",
	"X_y: 1\r\n",
	"X y: 1\r\n",
	"Empty:\r\n",
	"Tab:\ta\tb\r\n",
	" folded\r\n",
	": no name\r\n",
	"Bare-LF: 1\n",
	"Proxy-Connection: close\r\n",
};

static size_t make(struct rng *r, char *text, size_t size)
{
	unsigned plain = rng_below(r, 2);
	size_t n = (size_t)snprintf(
		text, size, "%s", plain ? starts[rng_below(r, 4)] : PICK(r, starts));

	for (unsigned i = rng_below(r, 7); i > 0; i--)
		n += (size_t)snprintf(text + n, size - n, "%s",
			plain ? some_fields[i % 6] : PICK(r, some_fields));
	n += (size_t)snprintf(text + n, size - n, "Host: h\r\n\r\nGET /next");
	if (rng_below(r, 4) == 0)
		text[rng_below(r, (uint32_t)n)] = (char)rng_below(r, 256);
	return n;
}

/* Feeds text in pieces of at most piece octets; what was used. */
static size_t feed(struct request *r, const char *text, size_t n, size_t piece)
{
	size_t used = 0;

	request_init(r);
	while (used < n && !r->complete && r->error == 0) {
		size_t m = n - used < piece ? n - used : piece;
		char *copy = malloc(m); /* sanitizers see a read beyond the piece */

		memcpy(copy, text + used, m);
		used += request_feed(r, copy, m);
		free(copy);
	}
	return used;
}

Test(request, plain_requests_are_judged_as_the_parser_does)
{
	static struct request whole, pieces;
	struct rng rng;
	unsigned plain = 0;

	request_limits_set();
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		char text[1024];

		rng_seed(&rng, seed);
		size_t n = make(&rng, text, sizeof(text));
		size_t used = feed(&whole, text, n, n),
		       used_pieces = feed(&pieces, text, n, n / 2 + 1);

		cr_assert_eq(whole.complete, pieces.complete, "seed %lu", (unsigned long)seed);
		/* Which error may depend on the pieces: an unknown method is told from none by its end. */
		cr_assert_eq(whole.error != 0, pieces.error != 0, "seed %lu", (unsigned long)seed);
		if (!whole.complete || whole.error != 0)
			continue;
		plain++;
		cr_assert_eq(used, used_pieces, "seed %lu", (unsigned long)seed);
		cr_assert_eq(whole.keep_alive, pieces.keep_alive, "seed %lu", (unsigned long)seed);
		cr_assert_eq(whole.parser.method, pieces.parser.method);
		cr_assert_eq(whole.parser.http_minor, pieces.parser.http_minor);
		cr_assert_eq(whole.target_len, pieces.target_len, "seed %lu", (unsigned long)seed);
		cr_assert_eq(memcmp(whole.target, pieces.target, whole.target_len), 0);
	}
	cr_assert_gt(plain, SEEDS / 10, "the pieces make too few good requests");
}
