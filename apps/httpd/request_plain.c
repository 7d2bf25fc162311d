/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <rte_common.h>

#include "request.h"

/*
 * The plain request: GET or HEAD of a path, HTTP/1.1, all of it in one segment, and no field that
 * changes how it is framed or whether the connection stays. Some ten times cheaper than the parser,
 * which takes everything that is not plain; both judge a plain request alike (test_request).
 */
#define CHUNK	  16
#define PLAIN_MAX 2048 /* bytes; what is longer is no plain request */
#define MAP_WORDS (PLAIN_MAX / 64)

/*
 * A bit for each octet of a request: it ends or breaks a line, being a control character (so also a tab)
 * or DEL. All are found at once, in blocks of 64; each line then costs no more than its end.
 */
#ifdef __x86_64__
static inline uint64_t control16(const char *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);

	return (unsigned)_mm_movemask_epi8(
		_mm_or_si128(low, _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f))));
}

static void control_map_sse2(const char *p, size_t blocks, uint64_t *map)
{
	for (; blocks-- > 0; p += 64)
		*map++ = control16(p) | control16(p + 16) << 16 | control16(p + 32) << 32 |
			 control16(p + 48) << 48;
}

#define PLAIN_AVX2 __attribute__((target("avx2,tune=haswell")))

PLAIN_AVX2 static inline uint32_t control32(const char *p)
{
	__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i low = _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1f)), v);

	return (uint32_t)_mm256_movemask_epi8(
		_mm256_or_si256(low, _mm256_cmpeq_epi8(v, _mm256_set1_epi8(0x7f))));
}

PLAIN_AVX2 static void control_map_avx2(const char *p, size_t blocks, uint64_t *map)
{
	for (; blocks-- > 0; p += 64)
		*map++ = control32(p) | (uint64_t)control32(p + 32) << 32;
}

static inline void control_map(const char *p, size_t blocks, uint64_t *map)
{
	if (__builtin_cpu_supports("avx2"))
		control_map_avx2(p, blocks, map);
	else
		control_map_sse2(p, blocks, map);
}
#else
static void control_map(const char *p, size_t blocks, uint64_t *map)
{
	for (; blocks-- > 0; p += 64) {
		*map = 0;
		for (unsigned i = 0; i < 64; i++)
			*map |= (uint64_t)((unsigned char)p[i] < 0x20 || p[i] == 0x7f) << i;
		map++;
	}
}
#endif

struct lines {
	const char *data;
	size_t n;     /* octets, at most PLAIN_MAX */
	size_t words; /* of the map */
	size_t word;  /* that is looked at, and what is left of it */
	uint64_t left;
	uint64_t map[MAP_WORDS];
};

static void lines_init(struct lines *l, const char *data, size_t n)
{
	size_t blocks = n / 64;

	l->data = data;
	l->n = n;
	l->words = (n + 63) / 64;
	control_map(data, blocks, l->map);
	if (n % 64 != 0) { /* nothing is read beyond the end */
		char last[64] = {0};

		memcpy(last, data + blocks * 64, n % 64);
		control_map(last, 1, l->map + blocks);
	}
	l->word = 0;
	l->left = l->map[0];
}

/* The CR of the next line's CRLF, if nothing but printable octets (and those above 127) is before it. */
static inline const char *line_end(struct lines *l)
{
	while (l->left == 0) {
		if (++l->word == l->words)
			return NULL;
		l->left = l->map[l->word];
	}
	size_t at = l->word * 64 + (unsigned)__builtin_ctzll(l->left), lf = at + 1;

	if (lf >= l->n || memcmp(l->data + at, "\r\n", 2) != 0)
		return NULL;
	l->word = lf / 64;
	l->left = l->map[l->word] & ~UINT64_C(1) << lf % 64;
	return l->data + at;
}

#define CASE_BITS UINT64_C(0x2020202020202020)

/* Letters, digits and hyphens: of the characters of a token, those that names are made of. */
static inline bool name_char(char c)
{
	static const bool is[256] = {
		['-'] = true, ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true};

	return is[(unsigned char)c];
}

#ifdef __x86_64__
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
#ifdef __x86_64__
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

/* Are they the n octets of text, in whatever case? Those of text are letters and hyphens; at p none is a
 * control character, so that the bit of the case makes no other one of them. */
static __rte_always_inline bool same(const char *p, const char *text, size_t n)
{
	uint64_t a, b, a2, b2;

	if (n < 8) {
		for (size_t i = 0; i < n; i++)
			if ((p[i] | 0x20) != text[i])
				return false;
		return true;
	}
	/* The first and the last eight, and for longer ones those in between. */
	for (size_t i = 8; i + 8 < n; i += 8) {
		memcpy(&a, p + i, sizeof(a));
		memcpy(&b, text + i, sizeof(b));
		if ((a | CASE_BITS) != b)
			return false;
	}
	memcpy(&a, p, sizeof(a));
	memcpy(&b, text, sizeof(b));
	memcpy(&a2, p + n - 8, sizeof(a2));
	memcpy(&b2, text + n - 8, sizeof(b2));
	return (((a | CASE_BITS) ^ b) | ((a2 | CASE_BITS) ^ b2)) == 0;
}

static inline bool keep_alive(const char *p, const char *end)
{
	while (p < end && *p == ' ')
		p++;
	while (p < end && end[-1] == ' ')
		end--;
	return end - p == 10 && same(p, "keep-alive", 10);
}

/* A field of a plain request; hosts counts Host. The lengths are those of the names that matter. */
static inline bool field(
	const char *name, size_t len, const char *value, const char *end, unsigned *hosts)
{
	switch (len) {
	case 4:
		*hosts += same(name, "host", 4);
		return true;
	case 6:
		return !same(name, "expect", 6);
	case 7:
		return !same(name, "upgrade", 7);
	case 10:
		return !same(name, "connection", 10) || keep_alive(value, end);
	case 14:
		return !same(name, "content-length", 14);
	case 16:
		return !same(name, "proxy-connection", 16);
	case 17:
		return !same(name, "transfer-encoding", 17);
	default:
		return true;
	}
}

/* All fields up to the empty line; the octet after that, or NULL. */
static inline const char *fields(struct lines *l, const char *p)
{
	unsigned hosts = 0;

	for (;;) {
		const char *eol = line_end(l), *name = p;

		if (eol == NULL)
			return NULL;
		if (eol == p)
			return hosts == 1 ? p + 2 : NULL; /* RFC 9112 section 3.2 */
		p = name_end(p, l->data + l->n);
		if (*p != ':' || p == name || !field(name, (size_t)(p - name), p + 1, eol, &hosts))
			return NULL;
		p = eol + 2;
	}
}

/* What of the n octets of a target stands out: what is no part of one, or a fragment (bad), and an escape
 * or a query. */
static inline void target_look(const char *p, size_t n, const char *end, bool *bad, bool *marked)
{
	size_t i = 0;

	*bad = *marked = false;
#ifdef __x86_64__
	for (; i < n && end - (p + i) >= CHUNK; i += CHUNK) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		unsigned in = n - i < CHUNK ? (1u << (n - i)) - 1 : 0xffff;

		/* The mask of v itself: octets above 127. */
		*bad |= (_mm_movemask_epi8(
				 _mm_or_si128(v, _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(' ')),
							 _mm_cmpeq_epi8(v, _mm_set1_epi8('#'))))) &
				in) != 0;
		*marked |= (_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('%')),
				    _mm_cmpeq_epi8(v, _mm_set1_epi8('?')))) &
				   in) != 0;
	}
#endif
	for (; i < n; i++) {
		*bad |= p[i] == ' ' || p[i] == '#' || (unsigned char)p[i] > 127;
		*marked |= p[i] == '%' || p[i] == '?';
	}
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
	const size_t tail = sizeof(version) - 1;
	size_t skip = method(r, data, n), len;
	const char *target = data + skip, *eol;
	struct lines l;
	bool bad;

	if (skip == 0 || *target != '/')
		return 0;
	lines_init(&l, data, n < PLAIN_MAX ? n : PLAIN_MAX);
	eol = line_end(&l);
	if (eol == NULL || eol - target < (ptrdiff_t)tail || memcmp(eol - tail, version, tail) != 0)
		return 0;
	len = (size_t)(eol - target) - tail;
	target_look(target, len, l.data + l.n, &bad, &r->marked);
	if (bad || len > sizeof(r->target))
		return 0;
	const char *rest = fields(&l, eol + 2);

	if (rest == NULL)
		return 0;
	memcpy(r->target, target, len);
	r->target_len = (uint16_t)len;
	r->parser.http_major = 1;
	r->parser.http_minor = 1;
	r->hosts = 1;
	r->in_headers = true;
	r->keep_alive = true;
	r->complete = true;
	r->plain = true;
	return (size_t)(rest - data);
}
