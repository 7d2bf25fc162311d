/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <strings.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "request.h"

/*
 * The plain request: GET or HEAD of a path, HTTP/1.1, all of it in one segment, and no field that
 * changes how it is framed or whether the connection stays. Some ten times cheaper than the parser,
 * which takes everything that is not plain; both judge a plain request alike (test_request).
 */
#define CHUNK 16

/* Bit i: byte i ends or breaks a line: a control character (so also a tab) or DEL. */
static inline unsigned control_mask(const char *p)
{
#ifdef __SSE2__
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);

	return (unsigned)_mm_movemask_epi8(
		_mm_or_si128(low, _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f))));
#else
	unsigned mask = 0;

	for (unsigned i = 0; i < CHUNK; i++)
		mask |= (unsigned)((unsigned char)p[i] < 0x20 || p[i] == 0x7f) << i;
	return mask;
#endif
}

/* The CR of the first CRLF, if nothing but printable octets (and those above 127) is before it. */
static inline const char *line_end(const char *p, const char *end)
{
	for (; end - p > CHUNK; p += CHUNK) { /* so that p[CHUNK] is still there */
		unsigned mask = control_mask(p);

		if (mask != 0) {
			p += __builtin_ctz(mask);
			return p[0] == '\r' && p[1] == '\n' ? p : NULL;
		}
	}
	for (; end - p > 1; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return p[0] == '\r' && p[1] == '\n' ? p : NULL;
	return NULL;
}

/* Letters, digits and hyphens: of the characters of a token, those that names are made of. */
static inline bool name_char(char c)
{
	static const bool is[256] = {
		['-'] = true, ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true};

	return is[(unsigned char)c];
}

#ifdef __SSE2__
/* Bit i: byte i is none of them. */
static inline unsigned not_name_mask(const char *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i letter = _mm_sub_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
	__m128i digit = _mm_sub_epi8(v, _mm_set1_epi8('0'));
	__m128i ok = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(25)), letter),
		_mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit),
			_mm_cmpeq_epi8(v, _mm_set1_epi8('-'))));

	return (unsigned)_mm_movemask_epi8(ok) ^ 0xffff;
}
#endif

/* The first octet that no name has. Before end there is one. */
static inline const char *name_end(const char *p, const char *end)
{
#ifdef __SSE2__
	for (; end - p >= CHUNK; p += CHUNK) {
		unsigned mask = not_name_mask(p);

		if (mask != 0)
			return p + __builtin_ctz(mask);
	}
#endif
	while (name_char(*p))
		p++;
	return p;
}

static bool keep_alive(const char *p, const char *end)
{
	while (p < end && *p == ' ')
		p++;
	while (p < end && end[-1] == ' ')
		end--;
	return end - p == 10 && strncasecmp(p, "keep-alive", 10) == 0;
}

/* A field of a plain request; hosts counts Host. The lengths are those of the names that matter. */
static bool field(const char *name, size_t len, const char *value, const char *end, unsigned *hosts)
{
	char first = (char)(*name | 0x20); /* tells nearly all other names of a length apart */

	switch (len) {
	case 4:
		*hosts += first == 'h' && strncasecmp(name, "host", 4) == 0;
		return true;
	case 6:
		return first != 'e' || strncasecmp(name, "expect", 6) != 0;
	case 7:
		return first != 'u' || strncasecmp(name, "upgrade", 7) != 0;
	case 10:
		return first != 'c' || strncasecmp(name, "connection", 10) != 0 ||
		       keep_alive(value, end);
	case 14:
		return first != 'c' || strncasecmp(name, "content-length", 14) != 0;
	case 16:
		return first != 'p' || strncasecmp(name, "proxy-connection", 16) != 0;
	case 17:
		return first != 't' || strncasecmp(name, "transfer-encoding", 17) != 0;
	default:
		return true;
	}
}

/* All fields up to the empty line; the octet after that, or NULL. */
static const char *fields(const char *p, const char *end)
{
	unsigned hosts = 0;

	while (end - p >= 2) {
		if (p[0] == '\r' && p[1] == '\n')
			return hosts == 1 ? p + 2 : NULL; /* RFC 9112 section 3.2 */
		const char *eol = line_end(p, end), *name = p;

		if (eol == NULL)
			return NULL;
		p = name_end(p, end);
		if (*p != ':' || p == name || !field(name, p - name, p + 1, eol, &hosts))
			return NULL;
		p = eol + 2;
	}
	return NULL;
}

/* The method and the blank behind it; its length, or 0. */
static size_t method(struct request *r, const char *data, size_t n)
{
	if (n > 4 && memcmp(data, "GET ", 4) == 0) {
		r->parser.method = HTTP_GET;
		return 4;
	}
	if (n > 5 && memcmp(data, "HEAD ", 5) == 0) {
		r->parser.method = HTTP_HEAD;
		return 5;
	}
	return 0;
}

size_t request_plain(struct request *r, const char *data, size_t n)
{
	static const char version[] = " HTTP/1.1";
	size_t skip = method(r, data, n), len;
	const char *end = data + (n < REQUEST_HEADERS_MAX / 2 ? n : REQUEST_HEADERS_MAX / 2);
	const char *target = data + skip, *eol;

	if (skip == 0 || *target != '/' || (eol = line_end(target, end)) == NULL)
		return 0;
	if (eol - target < (ptrdiff_t)sizeof(version) - 1 ||
		memcmp(eol - (sizeof(version) - 1), version, sizeof(version) - 1) != 0)
		return 0;
	len = (size_t)(eol - target) - (sizeof(version) - 1);
	for (size_t i = 0; i < len; i++) /* a fragment, and what is no part of a target */
		if (target[i] <= ' ' || target[i] == '#')
			return 0;
	const char *rest = fields(eol + 2, end);

	if (rest == NULL || len > sizeof(r->target))
		return 0;
	memcpy(r->target, target, len);
	r->target_len = (uint16_t)len;
	r->parser.http_major = 1;
	r->parser.http_minor = 1;
	r->hosts = 1;
	r->in_headers = true;
	r->keep_alive = true;
	r->complete = true;
	return (size_t)(rest - data);
}
