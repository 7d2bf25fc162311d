/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "conf_reader.h"
#include "conf_value.h"

/* tcp.keys: the keys of peers. */

static bool same(const struct tcp_auth_key *a, const struct tcp_auth_key *b)
{
	return a->v6 == b->v6 && a->plen == b->plen && a->port == b->port &&
	       conf_ip_equal(a->v6, &a->peer, &b->peer) &&
	       ((a->alg == TCP_AUTH_MD5) == (b->alg == TCP_AUTH_MD5)) &&
	       (a->alg == TCP_AUTH_MD5 || a->send_id == b->send_id || a->recv_id == b->recv_id);
}

static void read_one(struct conf_reader *r, const struct conf_node *n)
{
	struct tcp_conf *c = &r->out->stack.tcp;
	struct tcp_auth_key *k = &c->key[c->n_key];
	struct conf_place place = {.base = {[SCOPE_KEY] = k}};
	unsigned before = r->err->n;

	memset(k, 0, sizeof(*k));
	conf_read_defaults(r, SCOPE_KEY, k);
	conf_read_map(r, &place, n);
	for (unsigned i = 0; r->err->n == before && i < c->n_key; i++)
		if (same(&c->key[i], k))
			conf_bad(r, n,
				"the peer has a key with one of these ids already; expected "
				"another send-id and recv-id (RFC 5925 section 3.1)");
	if (r->err->n == before)
		c->n_key++;
}

void conf_read_keys(struct conf_reader *r, const struct conf_node *n)
{
	unsigned i = 0;

	r->out->stack.tcp.n_key = 0;
	for (const struct conf_node *e = n->first; e != NULL; e = e->next) {
		size_t cut = conf_path_add(r, "[%u]", i++);
		bool full = r->out->stack.tcp.n_key == TCP_CONF_KEYS;

		if (full)
			conf_bad(r, e, "more than %u entries", TCP_CONF_KEYS);
		else if (e->kind != CONF_MAP)
			conf_bad(r, e, "expected {peer: 10.0.0.2/32, key: SECRET}");
		else
			read_one(r, e);
		conf_path_cut(r, cut);
		if (full)
			return;
	}
}
