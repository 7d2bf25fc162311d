/* SPDX-License-Identifier: BSD-3-Clause */
#include "auth.h"

#include <stdlib.h>

/* Keys and which of them a connection uses (RFC 5925 sections 3.1 and 3.2). */

static struct tcp_auth *auth_create(void)
{
	struct tcp_auth *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->digest = tcp_digest_create();
	if (a->digest == NULL) {
		free(a);
		return NULL;
	}
	for (uint32_t i = TCP_AUTH_CONNS; i-- > 0;) {
		a->conn[i].next = a->conn_free;
		a->conn_free = i + 1;
	}
	return a;
}

void tcp_auth_destroy(struct tcp *tcp)
{
	if (tcp->auth == NULL)
		return;
	tcp_digest_destroy(tcp->auth->digest);
	explicit_bzero(tcp->auth, sizeof(*tcp->auth));
	free(tcp->auth);
	tcp->auth = NULL;
}

static bool prefix_covers(
	bool v6, const union net_ip *prefix, unsigned plen, const union net_ip *ip)
{
	if (!v6)
		return plen == 0 || (prefix->v4 ^ ip->v4) >> (32 - plen) == 0;
	unsigned bytes = plen / 8, bits = plen % 8;

	if (memcmp(prefix->v6.b, ip->v6.b, bytes) != 0)
		return false;
	return bits == 0 || (prefix->v6.b[bytes] ^ ip->v6.b[bytes]) >> (8 - bits) == 0;
}

static bool entry_fits(const struct tcp_auth_entry *e, bool v6, const struct tcp_key *k)
{
	return e->used && !e->removed && e->k.v6 == v6 &&
	       (e->k.port == 0 || e->k.port == k->rport || e->k.port == k->lport) &&
	       prefix_covers(v6, &e->k.peer, e->k.plen, &k->r);
}

int tcp_auth_find(const struct tcp *tcp, bool v6, const struct tcp_key *k)
{
	int best = -1, best_rank = -1;

	if (tcp->auth == NULL)
		return -1;
	for (int i = 0; i < TCP_AUTH_KEYS_MAX; i++) {
		const struct tcp_auth_entry *e = &tcp->auth->entry[i];
		int rank = 2 * e->k.plen + (e->k.port != 0);

		if (!entry_fits(e, v6, k) || rank <= best_rank)
			continue;
		best = i;
		best_rank = rank;
	}
	return best;
}

/* Another TCP-AO key of the same peer, by its KeyID on the wire. */
static int find_by_id(
	const struct tcp *tcp, bool v6, const struct tcp_key *k, uint8_t id, bool recv)
{
	for (int i = 0; i < TCP_AUTH_KEYS_MAX; i++) {
		const struct tcp_auth_entry *e = &tcp->auth->entry[i];

		if (entry_fits(e, v6, k) && e->k.alg != TCP_AUTH_MD5 &&
			(recv ? e->k.recv_id : e->k.send_id) == id)
			return i;
	}
	return -1;
}

int tcp_auth_find_recv(const struct tcp *tcp, bool v6, const struct tcp_key *k, uint8_t recv_id)
{
	return find_by_id(tcp, v6, k, recv_id, true);
}

static bool same_key(const struct tcp_auth_key *a, const struct tcp_auth_key *b)
{
	return a->v6 == b->v6 && a->plen == b->plen && a->port == b->port &&
	       memcmp(&a->peer, &b->peer, sizeof(a->peer)) == 0 &&
	       ((a->alg == TCP_AUTH_MD5) == (b->alg == TCP_AUTH_MD5)) &&
	       (a->alg == TCP_AUTH_MD5 || a->send_id == b->send_id || a->recv_id == b->recv_id);
}

int tcp_auth_key_add(struct tcp *tcp, const struct tcp_auth_key *k)
{
	struct tcp_auth_entry *free_entry = NULL;

	if (k->len == 0 || k->len > TCP_AUTH_KEY_LEN || k->plen > (k->v6 ? 128 : 32) ||
		k->alg > TCP_AUTH_AES_CMAC)
		return -EINVAL;
	if (tcp->auth == NULL && (tcp->auth = auth_create()) == NULL)
		return -errno;
	for (int i = TCP_AUTH_KEYS_MAX; i-- > 0;) {
		struct tcp_auth_entry *e = &tcp->auth->entry[i];

		if (!e->used)
			free_entry = e;
		else if (!e->removed && same_key(&e->k, k))
			return -EEXIST;
	}
	if (free_entry == NULL)
		return -ENOSPC;
	*free_entry = (struct tcp_auth_entry){.k = *k, .used = true};
	return 0;
}

static void entry_put(struct tcp_auth_entry *e)
{
	if (e->removed && e->refs == 0)
		explicit_bzero(e, sizeof(*e));
}

void tcp_auth_hold(struct tcp *tcp, unsigned entry)
{
	tcp->auth->entry[entry].refs++;
}

void tcp_auth_release(struct tcp *tcp, unsigned entry)
{
	tcp->auth->entry[entry].refs--;
	entry_put(&tcp->auth->entry[entry]);
}

int tcp_auth_key_del(struct tcp *tcp, const struct tcp_auth_key *k)
{
	for (int i = 0; tcp->auth != NULL && i < TCP_AUTH_KEYS_MAX; i++) {
		struct tcp_auth_entry *e = &tcp->auth->entry[i];

		if (!e->used || e->removed || !same_key(&e->k, k))
			continue;
		e->removed = true;
		entry_put(e);
		return 0;
	}
	return -ENOENT;
}

/* Connections. */

static void mkt_set(struct tcp *tcp, struct tcp_auth_conn *c, unsigned i, int entry)
{
	c->mkt[i].entry = (uint16_t)entry;
	tcp_auth_hold(tcp, (unsigned)entry);
}

uint32_t tcp_auth_conn_new(struct tcp *tcp, int entry, uint32_t snd_isn)
{
	struct tcp_auth *a = tcp->auth;
	uint32_t conn = a->conn_free;

	if (conn == 0) {
		tcp_count(tcp, CNT_tcp_signed_full);
		return 0;
	}
	struct tcp_auth_conn *c = &a->conn[conn - 1];

	a->conn_free = c->next;
	a->n_conn++;
	memset(c, 0, sizeof(*c));
	c->snd_isn = snd_isn;
	c->snd_ref = snd_isn;
	c->n = 1;
	mkt_set(tcp, c, 0, entry);
	tcp_count(tcp, CNT_tcp_signed_opens);
	return conn;
}

void tcp_auth_conn_free(struct tcp *tcp, uint32_t conn)
{
	if (conn == 0)
		return;
	struct tcp_auth_conn *c = &tcp->auth->conn[conn - 1];

	for (unsigned i = 0; i < c->n; i++)
		tcp_auth_release(tcp, c->mkt[i].entry);
	explicit_bzero(c, sizeof(*c));
	c->next = tcp->auth->conn_free;
	tcp->auth->conn_free = conn;
	tcp->auth->n_conn--;
}

/* Traffic keys of both directions (RFC 5925 section 5.2). */
static void mkt_keys(
	struct tcp *tcp, struct tcp_auth_conn *c, unsigned i, bool v6, const struct tcp_key *k)
{
	const struct tcp_auth_key *m = tcp_auth_key(tcp, c->mkt[i].entry);
	struct tcp_ao_conn out = {.v6 = v6,
		.src = k->l,
		.dst = k->r,
		.sport = k->lport,
		.dport = k->rport,
		.src_isn = c->snd_isn,
		.dst_isn = c->rcv_isn};
	struct tcp_ao_conn in = {.v6 = v6,
		.src = k->r,
		.dst = k->l,
		.sport = k->rport,
		.dport = k->lport,
		.src_isn = c->rcv_isn,
		.dst_isn = c->snd_isn};

	if (m->alg == TCP_AUTH_MD5)
		return;
	tcp_ao_traffic_key(tcp->auth->digest, m->alg, m->key, m->len, &out, c->mkt[i].tx);
	tcp_ao_traffic_key(tcp->auth->digest, m->alg, m->key, m->len, &in, c->mkt[i].rx);
}

void tcp_auth_conn_open(
	struct tcp *tcp, uint32_t conn, bool v6, const struct tcp_key *k, uint32_t rcv_isn)
{
	struct tcp_auth_conn *c = &tcp->auth->conn[conn - 1];

	c->rcv_isn = rcv_isn;
	c->rcv_ref = rcv_isn;
	c->rcv_sne = 0;
	c->have_isns = true;
	for (unsigned i = 0; i < c->n; i++)
		mkt_keys(tcp, c, i, v6, k);
}

/* Takes a key into use; one that is neither signed with nor asked for makes room. -1: no room. */
static int mkt_add(
	struct tcp *tcp, struct tcp_auth_conn *c, bool v6, const struct tcp_key *k, int entry)
{
	unsigned i = c->n;

	if (i == TCP_AUTH_MKTS) {
		for (i = 0; i < TCP_AUTH_MKTS && (i == c->send || i == c->rnext); i++)
			;
		tcp_auth_release(tcp, c->mkt[i].entry);
	} else {
		c->n++;
	}
	mkt_set(tcp, c, i, entry);
	if (c->have_isns)
		mkt_keys(tcp, c, i, v6, k);
	return (int)i;
}

int tcp_auth_mkt(struct tcp *tcp, struct tcp_auth_conn *c, bool v6, const struct tcp_key *k,
	uint8_t id, bool recv)
{
	for (unsigned i = 0; i < c->n; i++) {
		const struct tcp_auth_key *m = tcp_auth_key(tcp, c->mkt[i].entry);

		if ((recv ? m->recv_id : m->send_id) == id)
			return (int)i;
	}
	int entry = find_by_id(tcp, v6, k, id, recv);

	return entry < 0 ? -1 : mkt_add(tcp, c, v6, k, entry);
}

bool tcp_auth_is_ao(const struct tcp *tcp, const struct tcb *t)
{
	const struct tcp_auth_conn *c = &tcp->auth->conn[t->auth - 1];

	return tcp_auth_key(tcp, c->mkt[c->send].entry)->alg != TCP_AUTH_MD5;
}

int tcp_auth_rnext(struct tcp *tcp, struct tcb *t, uint8_t recv_id)
{
	if (t->auth == 0)
		return -EINVAL;
	struct tcp_auth_conn *c = &tcp->auth->conn[t->auth - 1];

	if (!tcp_auth_is_ao(tcp, t))
		return -EINVAL;
	int i = tcp_auth_mkt(tcp, c, tcp_v6(t), &t->key, recv_id, true);

	if (i < 0)
		return -ENOENT;
	c->rnext = (uint8_t)i;
	tcp_ack_now(tcp, t);
	return 0;
}

bool tcp_auth_begin(struct tcp *tcp, struct tcb *t, int entry)
{
	t->auth = tcp_auth_conn_new(tcp, entry, t->iss);
	if (t->auth == 0)
		return false;
	t->flags |= TF_SIGNED;
	t->auth_len = (uint8_t)tcp_auth_room(tcp_auth_key(tcp, entry));
	return true;
}
