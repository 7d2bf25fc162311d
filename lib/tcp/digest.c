/* SPDX-License-Identifier: BSD-3-Clause */
#include "digest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "wire_bytes.h"

struct tcp_digest {
	EVP_MD *md5;
	EVP_MD_CTX *md5_ctx;
	EVP_MAC *hmac, *cmac;
	EVP_MAC_CTX *hmac_ctx, *cmac_ctx;
};

#define SHA1_LEN    20
#define AES_LEN	    16
#define CONTEXT_MAX (2 * 16 + 2 * 2 + 2 * 4)

struct tcp_digest *tcp_digest_create(void)
{
	struct tcp_digest *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	d->md5_ctx = EVP_MD_CTX_new();
	d->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	d->cmac = EVP_MAC_fetch(NULL, "CMAC", NULL);
	if (d->hmac != NULL)
		d->hmac_ctx = EVP_MAC_CTX_new(d->hmac);
	if (d->cmac != NULL)
		d->cmac_ctx = EVP_MAC_CTX_new(d->cmac);
	if (d->md5 != NULL && d->md5_ctx != NULL && d->hmac_ctx != NULL && d->cmac_ctx != NULL)
		return d;
	tcp_digest_destroy(d);
	errno = ENOTSUP;
	return NULL;
}

void tcp_digest_destroy(struct tcp_digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->md5_ctx);
	EVP_MD_free(d->md5);
	EVP_MAC_CTX_free(d->hmac_ctx);
	EVP_MAC_CTX_free(d->cmac_ctx);
	EVP_MAC_free(d->hmac);
	EVP_MAC_free(d->cmac);
	free(d);
}

bool tcp_digest_md5(struct tcp_digest *d, const struct tcp_span *s, unsigned n, uint8_t *out)
{
	if (EVP_DigestInit_ex2(d->md5_ctx, d->md5, NULL) != 1)
		return false;
	for (; n-- > 0; s++)
		if (EVP_DigestUpdate(d->md5_ctx, s->p, s->len) != 1)
			return false;
	return EVP_DigestFinal_ex(d->md5_ctx, out, NULL) == 1;
}

/* HMAC-SHA-1 or AES-128-CMAC, whole: 20 or 16 bytes. */
static bool mac_whole(struct tcp_digest *d, enum tcp_auth_alg alg, const uint8_t *key, unsigned len,
	const struct tcp_span *s, unsigned n, uint8_t *out)
{
	bool sha1 = alg == TCP_AUTH_HMAC_SHA1;
	EVP_MAC_CTX *ctx = sha1 ? d->hmac_ctx : d->cmac_ctx;
	char name[] = "SHA1", cipher[] = "AES-128-CBC";
	OSSL_PARAM param[] = {
		sha1 ? OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0)
		     : OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
		OSSL_PARAM_construct_end()};
	size_t got;

	if (EVP_MAC_init(ctx, key, len, param) != 1)
		return false;
	for (; n-- > 0; s++)
		if (EVP_MAC_update(ctx, s->p, s->len) != 1)
			return false;
	return EVP_MAC_final(ctx, out, &got, SHA1_LEN) == 1;
}

/* RFC 5925 section 5.2: addresses, ports and initial sequence numbers, source first. */
static unsigned context_emit(uint8_t *p, const struct tcp_ao_conn *c)
{
	uint8_t *at = p;

	if (c->v6) {
		memcpy(at, &c->src.v6, 16);
		memcpy(at + 16, &c->dst.v6, 16);
		at += 32;
	} else {
		wire_put32(at, c->src.v4);
		wire_put32(at + 4, c->dst.v4);
		at += 8;
	}
	wire_put16(at, c->sport);
	wire_put16(at + 2, c->dport);
	wire_put32(at + 4, c->src_isn);
	wire_put32(at + 8, c->dst_isn);
	return (unsigned)(at + 12 - p);
}

bool tcp_ao_traffic_key(struct tcp_digest *d, enum tcp_auth_alg alg, const uint8_t *master,
	unsigned master_len, const struct tcp_ao_conn *c, uint8_t *out)
{
	static const uint8_t zero[AES_LEN];
	uint8_t context[CONTEXT_MAX], bits[2], k[SHA1_LEN];
	unsigned n = context_emit(context, c);
	/* i || Label || Context || Output_Length: one round gives all bits that are wanted. */
	struct tcp_span in[] = {{"\1TCP-AO", 7}, {context, n}, {bits, 2}};

	wire_put16(bits, alg == TCP_AUTH_HMAC_SHA1 ? SHA1_LEN * 8 : AES_LEN * 8);
	if (alg == TCP_AUTH_AES_CMAC && master_len != AES_LEN) { /* RFC 5926 section 3.1.1.2 */
		struct tcp_span m = {master, master_len};

		if (!mac_whole(d, alg, zero, AES_LEN, &m, 1, k))
			return false;
		master = k;
		master_len = AES_LEN;
	}
	return mac_whole(d, alg, master, master_len, in, 3, out);
}

bool tcp_ao_mac(struct tcp_digest *d, enum tcp_auth_alg alg, const uint8_t *traffic_key,
	const struct tcp_span *s, unsigned n, uint8_t *out)
{
	unsigned len = alg == TCP_AUTH_HMAC_SHA1 ? SHA1_LEN : AES_LEN;
	uint8_t whole[SHA1_LEN];

	if (!mac_whole(d, alg, traffic_key, len, s, n, whole))
		return false;
	memcpy(out, whole, TCP_AO_MAC_LEN);
	return true;
}
