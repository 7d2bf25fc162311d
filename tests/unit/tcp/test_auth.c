/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "auth.h"
#include "heap_pool.h"
#include "rfc9235.h"

/* TCP-AO against RFC 9235, key choice, sequence number extension. */

#define CLIENT_ID 0x3d
#define SERVER_ID 0x54

static struct env env;
static struct tcp tcp;
static struct rte_mempool *mp;

static void auth_init(void)
{
	mp = heap_pool_create("auth", 64, RTE_MBUF_DEFAULT_BUF_SIZE);
	heap_pkt_pool(&env.pool, mp, &env.cnt);
	tcp.env = &env;
}

static void auth_fini(void)
{
	tcp_auth_destroy(&tcp);
	heap_pool_free(mp);
}

TestSuite(auth, .init = auth_init, .fini = auth_fini);

static unsigned unhex(const char *s, uint8_t *out)
{
	unsigned n = 0;

	for (; *s != '\0'; s += 2, n++)
		cr_assert_eq(sscanf(s, "%2hhx", &out[n]), 1);
	return n;
}

/* RFC 9235 sections 3.1.1 and 4.1.3: what the two ends are and say. */
static void ends(const struct rfc9235 *v, union net_ip *src, union net_ip *dst)
{
	union net_ip client = {.v4 = IP4(10, 11, 12, 13)}, server = {.v4 = IP4(172, 27, 28, 29)};

	if (v->v6) {
		client.v6 = (struct ip6){{0xfd, [15] = 1}};
		server.v6 = (struct ip6){{0xfd, [15] = 2}};
	}
	*src = v->server ? server : client;
	*dst = v->server ? client : server;
}

static unsigned payload(const struct rfc9235 *v, uint8_t *out)
{
	static const char *const as[2][2] = {
		{"dabf00b40a0b0c0d", "dac000b4ac1b1c1d"}, {"fde800b401010179", "fde800b40101017a"}};
	char text[256];

	snprintf(text, sizeof(text),
		"ffffffffffffffffffffffffffffffff00430104%s"
		"2602060104000100010202800002020200020242000206410400 00%.4s020840060064000101 00",
		as[v->v6][v->server], as[v->v6][v->server]);
	char *w = text;

	for (const char *r = text; *r != '\0'; r++)
		if (*r != ' ')
			*w++ = *r;
	*w = '\0';
	return unhex(text, out);
}

static struct rte_mbuf *segment(const struct rfc9235 *v, unsigned *hlen)
{
	uint8_t b[256];
	unsigned n = unhex(v->hdr, b);

	*hlen = n;
	if (!(b[13] & WIRE_TCP_SYN))
		n += payload(v, b + n);
	struct rte_mbuf *m = pkt_alloc(&env.pool);

	m->data_off = PKT_HEADERS_MAX;
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), b, n);
	m->data_len = (uint16_t)n;
	m->pkt_len = n;
	return m;
}

static struct tcp_auth_key vector_key(const struct rfc9235 *v)
{
	struct tcp_auth_key k = {.v6 = v->v6,
		.alg = v->cmac ? TCP_AUTH_AES_CMAC : TCP_AUTH_HMAC_SHA1,
		.skip_options = v->skip_options,
		.send_id = v->server ? CLIENT_ID : SERVER_ID,
		.recv_id = v->server ? SERVER_ID : CLIENT_ID,
		.len = 10};

	memcpy(k.key, "testvector", 10);
	return k;
}

Test(auth, traffic_keys_rfc9235)
{
	struct tcp_digest *d = tcp_digest_create();

	for (unsigned i = 0; i < RTE_DIM(rfc9235); i++) {
		const struct rfc9235 *v = &rfc9235[i];
		struct tcp_auth_key k = vector_key(v);
		uint8_t h[64], want[32], got[TCP_TRAFFIC_KEY_MAX];
		unsigned n;

		unhex(v->hdr, h);
		n = unhex(v->key, want);
		cr_assert_eq(n, v->cmac ? 16 : 20);
		bool syn = (h[13] & (WIRE_TCP_SYN | WIRE_TCP_ACK)) == WIRE_TCP_SYN;
		struct tcp_ao_conn c = {.v6 = v->v6,
			.sport = wire_get16(h),
			.dport = wire_get16(h + 2),
			.src_isn = v->server ? v->server_isn : v->client_isn,
			.dst_isn = syn	       ? 0
				   : v->server ? v->client_isn
					       : v->server_isn};

		ends(v, &c.src, &c.dst);
		cr_assert(tcp_ao_traffic_key(d, k.alg, k.key, k.len, &c, got));
		cr_expect_arr_eq(got, want, n, "section %s", v->section);
	}
	tcp_digest_destroy(d);
}

/* The receiver of each vector finds its signature right, and any changed bit wrong. */
Test(auth, segments_rfc9235)
{
	for (unsigned i = 0; i < RTE_DIM(rfc9235); i++) {
		const struct rfc9235 *v = &rfc9235[i];
		struct tcp_auth_key key = vector_key(v);
		unsigned hlen;
		struct rte_mbuf *m = segment(v, &hlen);
		uint8_t *b = rte_pktmbuf_mtod(m, uint8_t *);
		struct net_pkt p = {.m = m, .l4_len = m->data_len, .flags = v->v6 ? NET_PKT_V6 : 0};
		struct tcp_seg s = {.p = &p,
			.seq = wire_get32(b + 4),
			.flags = b[13],
			.hlen = (uint8_t)hlen,
			.len = m->data_len - hlen,
			.sport = wire_get16(b),
			.dport = wire_get16(b + 2)};
		struct tcp_key k;
		int entry;

		ends(v, &p.src, &p.dst);
		tcp_seg_key(&s, &k);
		cr_assert_eq(tcp_auth_key_add(&tcp, &key), 0);
		uint32_t peer = v->server ? v->server_isn : v->client_isn;
		uint32_t ours = v->server ? v->client_isn : v->server_isn;

		for (unsigned flip = 0; flip <= m->data_len; flip++) {
			enum drop why;

			/* Not signed: the checksum, and options that are skipped. */
			if (flip == 16 || flip == 17 ||
				(v->skip_options && flip >= 20 && flip < hlen))
				continue;
			if (flip == 12 || (flip >= 20 && flip < hlen - 12))
				continue; /* lengths would change */
			if (flip < m->data_len)
				b[flip] ^= 0x40;
			s.seq = wire_get32(b + 4);
			tcp_seg_key(&s, &k);
			if ((b[13] & (WIRE_TCP_SYN | WIRE_TCP_ACK)) == WIRE_TCP_SYN)
				why = tcp_auth_check_syn(&tcp, &k, &s, &entry);
			else
				why = tcp_auth_check_half(&tcp, &k, &s, 0, ours, peer);
			cr_expect_eq(why, flip < m->data_len ? DROP_tcp_auth_bad : DROP_NONE,
				"section %s, byte %u: %s", v->section, flip, drop_info[why].name);
			if (flip < m->data_len)
				b[flip] ^= 0x40;
		}
		cr_assert_eq(tcp_auth_key_del(&tcp, &key), 0);
		pkt_free(&env.pool, m);
	}
}

/* The sender makes them. */
Test(auth, signing_rfc9235)
{
	for (unsigned i = 0; i < RTE_DIM(rfc9235); i++) {
		const struct rfc9235 *v = &rfc9235[i];
		struct tcp_auth_key key = vector_key(v);
		uint8_t want[TCP_AO_MAC_LEN];
		unsigned hlen;
		struct rte_mbuf *m = segment(v, &hlen);
		uint8_t *b = rte_pktmbuf_mtod(m, uint8_t *);
		struct tcp_key k = {.lport = wire_get16(b), .rport = wire_get16(b + 2)};
		bool syn = (b[13] & (WIRE_TCP_SYN | WIRE_TCP_ACK)) == WIRE_TCP_SYN;

		ends(v, &k.l, &k.r);
		memcpy(want, b + hlen - TCP_AO_MAC_LEN, TCP_AO_MAC_LEN);
		memset(b + hlen - TCP_AO_MAC_LEN, 0, TCP_AO_MAC_LEN);
		cr_assert_eq(tcp_auth_key_add(&tcp, &key), 0);
		tcp_auth_sign_half(&tcp, v->v6, &k, 0, v->server ? v->server_isn : v->client_isn,
			syn	    ? 0
			: v->server ? v->client_isn
				    : v->server_isn,
			m, hlen);
		cr_expect_arr_eq(
			b + hlen - TCP_AO_MAC_LEN, want, TCP_AO_MAC_LEN, "section %s", v->section);
		cr_assert_eq(tcp_auth_key_del(&tcp, &key), 0);
		pkt_free(&env.pool, m);
	}
}

static struct tcp_auth_key key4(uint32_t peer, uint8_t plen, uint16_t port, uint8_t id)
{
	return (struct tcp_auth_key){.peer.v4 = peer,
		.plen = plen,
		.port = port,
		.alg = TCP_AUTH_HMAC_SHA1,
		.send_id = id,
		.recv_id = id,
		.len = 1,
		.key = {id}};
}

Test(auth, longest_prefix_then_port)
{
	struct tcp_auth_key all = key4(0, 0, 0, 1), net = key4(IP4(10, 1, 0, 0), 16, 0, 2),
			    host = key4(IP4(10, 1, 2, 3), 32, 0, 3),
			    bgp = key4(IP4(10, 1, 2, 3), 32, 179, 4);
	struct tcp_key k = {.r.v4 = IP4(10, 1, 2, 3), .lport = 40000, .rport = 80};

	cr_assert_eq(tcp_auth_find(&tcp, false, &k), -1);
	cr_assert_eq(tcp_auth_key_add(&tcp, &all), 0);
	cr_assert_eq(tcp_auth_key_add(&tcp, &net), 0);
	cr_assert_eq(tcp_auth_key_add(&tcp, &host), 0);
	cr_assert_eq(tcp_auth_key_add(&tcp, &bgp), 0);
	cr_expect_eq(tcp_auth_find(&tcp, false, &k), 2);
	k.rport = 179;
	cr_expect_eq(tcp_auth_find(&tcp, false, &k), 3);
	k.rport = 40000;
	k.lport = 179;
	cr_expect_eq(tcp_auth_find(&tcp, false, &k), 3);
	k.r.v4 = IP4(10, 1, 9, 9);
	cr_expect_eq(tcp_auth_find(&tcp, false, &k), 1);
	k.r.v4 = IP4(192, 0, 2, 1);
	cr_expect_eq(tcp_auth_find(&tcp, false, &k), 0);
	cr_expect_eq(tcp_auth_find(&tcp, true, &k), -1, "of another family");
}

Test(auth, keys_refused)
{
	struct tcp_auth_key k = key4(IP4(10, 0, 0, 1), 32, 0, 1), other = k;

	cr_expect_eq(tcp_auth_key_add(&tcp, &k), 0);
	cr_expect_eq(tcp_auth_key_add(&tcp, &k), -EEXIST);
	other.send_id = 2;
	cr_expect_eq(tcp_auth_key_add(&tcp, &other), -EEXIST, "RFC 5925 3.1: ids do not overlap");
	other.recv_id = 2;
	cr_expect_eq(tcp_auth_key_add(&tcp, &other), 0);
	other.len = 0;
	cr_expect_eq(tcp_auth_key_add(&tcp, &other), -EINVAL);
	other.len = 1;
	other.plen = 33;
	cr_expect_eq(tcp_auth_key_add(&tcp, &other), -EINVAL);
	for (unsigned i = 0; i < TCP_AUTH_KEYS_MAX - 2; i++) {
		struct tcp_auth_key n = key4(IP4(10, 0, 1, i), 32, 0, 1);

		cr_assert_eq(tcp_auth_key_add(&tcp, &n), 0);
	}
	struct tcp_auth_key one_more = key4(IP4(10, 0, 2, 0), 32, 0, 1);

	cr_expect_eq(tcp_auth_key_add(&tcp, &one_more), -ENOSPC);
	cr_expect_eq(tcp_auth_key_del(&tcp, &one_more), -ENOENT);
	cr_expect_eq(tcp_auth_key_del(&tcp, &k), 0);
	cr_expect_eq(tcp_auth_key_add(&tcp, &one_more), 0);
}

/* A key in use stays until its last connection ends, but is not taken for new ones. */
Test(auth, removed_key_lives_with_its_connection)
{
	struct tcp_auth_key k = key4(IP4(10, 0, 0, 1), 32, 0, 1);
	struct tcp_key flow = {.r.v4 = IP4(10, 0, 0, 1)};

	cr_assert_eq(tcp_auth_key_add(&tcp, &k), 0);
	uint32_t conn = tcp_auth_conn_new(&tcp, 0, 1);

	cr_assert_neq(conn, 0);
	cr_expect_eq(tcp_auth_key_del(&tcp, &k), 0);
	cr_expect_eq(tcp_auth_find(&tcp, false, &flow), -1);
	cr_expect(tcp.auth->entry[0].used);
	tcp_auth_conn_free(&tcp, conn);
	cr_expect(!tcp.auth->entry[0].used);
	cr_expect_eq(tcp.auth->n_conn, 0);
}

/* The table of signed connections has a bound. */
Test(auth, connections_bounded)
{
	struct tcp_auth_key k = key4(IP4(10, 0, 0, 1), 32, 0, 1);

	cr_assert_eq(tcp_auth_key_add(&tcp, &k), 0);
	for (unsigned i = 0; i < TCP_AUTH_CONNS; i++)
		cr_assert_neq(tcp_auth_conn_new(&tcp, 0, i), 0);
	cr_expect_eq(tcp_auth_conn_new(&tcp, 0, 0), 0);
	cr_expect_eq(env.cnt.n[CNT_tcp_signed_full], 1);
}
