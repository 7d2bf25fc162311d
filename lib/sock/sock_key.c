/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "sock_impl.h"

/* Keys of peers: gannet/sock.h to lib/tcp. */

_Static_assert((int)GN_KEY_MD5 == (int)TCP_AUTH_MD5 &&
		       (int)GN_KEY_HMAC_SHA1 == (int)TCP_AUTH_HMAC_SHA1 &&
		       (int)GN_KEY_AES_CMAC == (int)TCP_AUTH_AES_CMAC,
	"one order of the algorithms");

static bool key_make(const struct gn_tcp_key *key, struct tcp_auth_key *k)
{
	*k = (struct tcp_auth_key){.v6 = key->peer.family == 6,
		.plen = key->prefix,
		.port = key->peer.port,
		.alg = key->algorithm,
		.send_id = key->send_id,
		.recv_id = key->recv_id,
		.skip_options = key->skip_options,
		.len = (uint8_t)key->key_len};
	if (key->peer.family == 0 || key->key_len > TCP_AUTH_KEY_LEN || key->key == NULL ||
		!sock_addr_ip(&key->peer, &k->peer))
		return false;
	memcpy(k->key, key->key, key->key_len);
	return true;
}

int gn_tcp_key_add(struct gn_core *c, const struct gn_tcp_key *key)
{
	struct tcp_auth_key k;

	return key_make(key, &k) ? tcp_auth_key_add(sock_of(c)->tcp, &k) : -EINVAL;
}

int gn_tcp_key_del(struct gn_core *c, const struct gn_tcp_key *key)
{
	struct tcp_auth_key k;

	return key_make(key, &k) ? tcp_auth_key_del(sock_of(c)->tcp, &k) : -EINVAL;
}

int gn_tcp_key_next(struct gn_core *c, gn_tcp_t t, uint8_t recv_id)
{
	struct sock *s = sock_of(c);
	struct tcb *b = tcp_find(s->tcp, t);

	return b != NULL ? tcp_auth_rnext(s->tcp, b, recv_id) : -EBADF;
}
