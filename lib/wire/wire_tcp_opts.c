/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_bytes.h"
#include "wire_tcp.h"

enum {
	KIND_EOL = 0,
	KIND_NOP = 1,
	KIND_MSS = 2,
	KIND_WSCALE = 3,
	KIND_SACKOK = 4,
	KIND_SACK = 5,
	KIND_TS = 8,
	KIND_UTO = 28,
	KIND_TFO = 34,
};

#define LEN_MSS	   4
#define LEN_WSCALE 3
#define LEN_SACKOK 2
#define LEN_TS	   10
#define LEN_UTO	   4

#define TS_ALIGNED_LEN 12

#define OPTS_MAX (WIRE_TCP_MAX_LEN - WIRE_TCP_LEN)

static inline void opt_ts_read(const uint8_t *p, struct wire_tcp_opts *o)
{
	o->tsval = wire_get32(p);
	o->tsecr = wire_get32(p + 4);
	o->has |= WIRE_TCP_OPT_TS;
}

static bool opt_sack_read(const uint8_t *p, unsigned len, struct wire_tcp_opts *o)
{
	unsigned n = (len - 2) / 8;

	if ((len - 2) % 8 != 0 || n == 0 || n > WIRE_TCP_SACK_MAX)
		return false;
	for (unsigned i = 0; i < n; i++) {
		o->sack[i].left = wire_get32(p + 2 + 8 * i);
		o->sack[i].right = wire_get32(p + 6 + 8 * i);
	}
	o->n_sack = (uint8_t)n;
	o->has |= WIRE_TCP_OPT_SACK;
	return true;
}

/* RFC 7413 section 4.1.1: a request is empty. */
static bool opt_tfo_read(const uint8_t *p, unsigned len, struct wire_tcp_opts *o)
{
	unsigned n = len - 2;

	if (n != 0 && (n < WIRE_TCP_TFO_MIN || n > WIRE_TCP_TFO_MAX || n % 2 != 0))
		return false;
	o->tfo_len = (uint8_t)n;
	o->tfo = p + 2;
	o->has |= WIRE_TCP_OPT_TFO;
	return true;
}

/* One option of len >= 2 bytes, all there. False if its length is not that of its kind. */
static bool opt_read(const uint8_t *p, unsigned len, struct wire_tcp_opts *o)
{
	switch (p[0]) {
	case KIND_MSS:
		if (len != LEN_MSS)
			return false;
		o->mss = wire_get16(p + 2);
		o->has |= WIRE_TCP_OPT_MSS;
		return true;
	case KIND_WSCALE:
		if (len != LEN_WSCALE)
			return false;
		o->wscale = p[2];
		o->has |= WIRE_TCP_OPT_WSCALE;
		return true;
	case KIND_SACKOK:
		if (len != LEN_SACKOK)
			return false;
		o->has |= WIRE_TCP_OPT_SACKOK;
		return true;
	case KIND_SACK:
		return opt_sack_read(p, len, o);
	case KIND_TS:
		if (len != LEN_TS)
			return false;
		opt_ts_read(p + 2, o);
		return true;
	case KIND_UTO:
		if (len != LEN_UTO)
			return false;
		o->uto = wire_get16(p + 2);
		o->has |= WIRE_TCP_OPT_UTO;
		return true;
	case KIND_TFO:
		return opt_tfo_read(p, len, o);
	default:
		return true;
	}
}

static bool opts_walk(const uint8_t *p, unsigned n, struct wire_tcp_opts *o)
{
	bool ok = true;

	while (n > 0 && p[0] != KIND_EOL) {
		unsigned len = 1;

		if (p[0] != KIND_NOP) {
			if (n < 2 || p[1] < 2 || p[1] > n)
				return false;
			len = p[1];
			ok &= opt_read(p, len, o);
		}
		p += len;
		n -= len;
	}
	return ok;
}

bool wire_tcp_opts_parse(const uint8_t *p, unsigned n, struct wire_tcp_opts *o)
{
	o->has = 0;
	if (n >= TS_ALIGNED_LEN && wire_get32(p) == WIRE_TCP_TS_ALIGNED) {
		opt_ts_read(p + 4, o);
		if (likely(n == TS_ALIGNED_LEN))
			return true;
		p += TS_ALIGNED_LEN;
		n -= TS_ALIGNED_LEN;
	}
	return opts_walk(p, n, o);
}

/* As many blocks as there is room for behind off bytes of options. */
static unsigned opt_sack_write(uint8_t *p, unsigned off, const struct wire_tcp_opts *o)
{
	unsigned n =
		RTE_MIN(RTE_MIN(o->n_sack, (unsigned)WIRE_TCP_SACK_MAX), (OPTS_MAX - off - 4) / 8);

	if (n == 0)
		return 0;
	wire_put32(p, (uint32_t)KIND_NOP << 24 | KIND_NOP << 16 | KIND_SACK << 8 | (2 + 8 * n));
	for (unsigned i = 0; i < n; i++) {
		wire_put32(p + 4 + 8 * i, o->sack[i].left);
		wire_put32(p + 8 + 8 * i, o->sack[i].right);
	}
	return 4 + 8 * n;
}

/* NOPs in front up to a multiple of 4: 4 to 20 bytes. */
static unsigned opt_tfo_write(uint8_t *p, const struct wire_tcp_opts *o)
{
	unsigned len = 2u + o->tfo_len, pad = (4 - len % 4) % 4;

	memset(p, KIND_NOP, pad);
	p[pad] = KIND_TFO;
	p[pad + 1] = (uint8_t)len;
	if (o->tfo_len != 0)
		memcpy(p + pad + 2, o->tfo, o->tfo_len);
	return pad + len;
}

/* Each group below is a multiple of 4 bytes; together without SACK and Fast Open they take 24. */
unsigned wire_tcp_opts_emit(uint8_t *p, const struct wire_tcp_opts *o)
{
	unsigned n = 0;

	if (o->has & WIRE_TCP_OPT_MSS) {
		wire_put16(p, KIND_MSS << 8 | LEN_MSS);
		wire_put16(p + 2, o->mss);
		n = 4;
	}
	if (o->has & WIRE_TCP_OPT_TS) {
		/* SACK-permitted takes the place of the two NOPs, as common stacks send it. */
		wire_put32(p + n, WIRE_TCP_TS_ALIGNED);
		if (o->has & WIRE_TCP_OPT_SACKOK)
			wire_put16(p + n, KIND_SACKOK << 8 | LEN_SACKOK);
		wire_put32(p + n + 4, o->tsval);
		wire_put32(p + n + 8, o->tsecr);
		n += TS_ALIGNED_LEN;
	} else if (o->has & WIRE_TCP_OPT_SACKOK) {
		wire_put32(p + n,
			(uint32_t)KIND_NOP << 24 | KIND_NOP << 16 | KIND_SACKOK << 8 | LEN_SACKOK);
		n += 4;
	}
	if (o->has & WIRE_TCP_OPT_WSCALE) {
		wire_put32(p + n,
			(uint32_t)KIND_NOP << 24 | KIND_WSCALE << 16 | LEN_WSCALE << 8 | o->wscale);
		n += 4;
	}
	if (o->has & WIRE_TCP_OPT_TFO)
		n += opt_tfo_write(p + n, o);
	if (o->has & WIRE_TCP_OPT_UTO && n < OPTS_MAX) {
		wire_put32(p + n, (uint32_t)KIND_UTO << 24 | LEN_UTO << 16 | o->uto);
		n += 4;
	}
	if (o->has & WIRE_TCP_OPT_SACK && n + 12 <= OPTS_MAX)
		n += opt_sack_write(p + n, n, o);
	return n;
}
