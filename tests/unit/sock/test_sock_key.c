/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "sock_test.h"

/* Signed connections between two hosts: RFC 5925 and RFC 2385. */

TestSuite(sock_key, .init = st_init, .fini = st_fini);

/* The key of the other host, as it is known to the one with index of. */
static struct gn_tcp_key key_of(unsigned of, uint8_t alg, uint8_t id, const char *secret)
{
	return (struct gn_tcp_key){.peer = st_addr(of == 0 ? "10.0.1.2" : "10.0.1.1"),
		.prefix = 32,
		.algorithm = alg,
		.send_id = (uint8_t)(of == 0 ? id : id + 100),
		.recv_id = (uint8_t)(of == 0 ? id + 100 : id),
		.key = secret,
		.key_len = strlen(secret)};
}

static void keys(uint8_t alg, const char *at_a, const char *at_b, bool skip)
{
	struct gn_tcp_key a = key_of(0, alg, 1, at_a), b = key_of(1, alg, 1, at_b);

	a.skip_options = skip;
	b.skip_options = skip;
	cr_assert_eq(gn_tcp_key_add(st.a, &a), 0);
	cr_assert_eq(gn_tcp_key_add(st.b, &b), 0);
}

static void talk_both_ways(gn_tcp_t a, gn_tcp_t b)
{
	unsigned got = st_count(1, ST_RECEIVED), back = st_count(0, ST_RECEIVED);

	cr_expect_eq(gn_tcp_send(st.a, a, "request", 7, 0), 7);
	st_run(100000);
	cr_assert_eq(st_count(1, ST_RECEIVED), got + 1);
	cr_expect_str_eq(st_last(1, ST_RECEIVED)->data, "request");
	cr_expect_eq(gn_tcp_send(st.b, b, "answer", 6, 0), 6);
	st_run(100000);
	cr_assert_eq(st_count(0, ST_RECEIVED), back + 1);
}

static uint64_t count_of(unsigned host, enum counter id)
{
	return sim_count(st.host[host], id);
}

static void whole_life(uint8_t alg, bool skip)
{
	static char big[100000];
	gn_tcp_t a, b;
	size_t sent;

	keys(alg, "secret", "secret", skip);
	st_connect(&a, &b);
	talk_both_ways(a, b);
	sent = (size_t)gn_tcp_send(st.a, a, big, sizeof(big), 0);
	cr_expect_gt(sent, 10000);
	st_run(2000000);
	struct gn_tcp_info info;

	cr_assert_eq(gn_tcp_info(st.b, b, &info), 0);
	cr_expect_eq(info.bytes_received, 7 + sent);
	cr_expect_eq(gn_tcp_shutdown(st.a, a), 0);
	st_run(100000);
	cr_expect_eq(gn_tcp_shutdown(st.b, b), 0);
	st_run(100000);
	cr_expect_eq(st_count(0, ST_CLOSED), 1);
	cr_expect_eq(st_last(0, ST_CLOSED)->err, 0);
	cr_expect_eq(st_count(1, ST_CLOSED), 1);
	for (unsigned h = 0; h < 2; h++) {
		cr_expect_eq(count_of(h, CNT_tcp_signed_opens), 1);
		cr_expect_eq(sim_drops(st.host[h], DROP_tcp_auth_bad), 0);
		cr_expect_eq(sim_drops(st.host[h], DROP_tcp_auth_missing), 0);
	}
}

Test(sock_key, md5_rfc2385)
{
	whole_life(GN_KEY_MD5, false);
}

Test(sock_key, hmac_sha1_rfc5925)
{
	whole_life(GN_KEY_HMAC_SHA1, false);
}

Test(sock_key, hmac_sha1_without_options_rfc5925)
{
	whole_life(GN_KEY_HMAC_SHA1, true);
}

Test(sock_key, aes_cmac_rfc5925)
{
	whole_life(GN_KEY_AES_CMAC, false);
}

/* Nothing is answered, so nobody learns anything; the attempt is just not heard. */
static void refused(enum drop why)
{
	struct gn_addr to = st_addr("10.0.1.2:80");

	cr_assert_gt(gn_tcp_listen(st.b, &to, &st_tcp, NULL, NULL), 0);
	cr_assert_gt(gn_tcp_connect(st.a, NULL, &to, &st_tcp, NULL, NULL), 0);
	st_run(5000000);
	cr_expect_eq(st_count(0, ST_CONNECTED), 0);
	cr_expect_eq(st_count(1, ST_ACCEPTED), 0);
	cr_expect_gt(sim_drops(st.host[1], why), 0);
}

Test(sock_key, another_secret_rfc5925_7_3)
{
	keys(GN_KEY_HMAC_SHA1, "secret", "Secret", false);
	refused(DROP_tcp_auth_bad);
}

Test(sock_key, another_md5_secret_rfc2385)
{
	keys(GN_KEY_MD5, "secret", "Secret", false);
	refused(DROP_tcp_auth_bad);
}

Test(sock_key, unsigned_peer_rfc5925_7_3)
{
	struct gn_tcp_key b = key_of(1, GN_KEY_HMAC_SHA1, 1, "secret");

	cr_assert_eq(gn_tcp_key_add(st.b, &b), 0);
	refused(DROP_tcp_auth_missing);
}

Test(sock_key, unknown_key_id_rfc5925_7_3)
{
	struct gn_tcp_key a = key_of(0, GN_KEY_HMAC_SHA1, 7, "secret");
	struct gn_tcp_key b = key_of(1, GN_KEY_HMAC_SHA1, 1, "secret");

	cr_assert_eq(gn_tcp_key_add(st.a, &a), 0);
	cr_assert_eq(gn_tcp_key_add(st.b, &b), 0);
	refused(DROP_tcp_auth_key);
}

Test(sock_key, signed_by_md5_without_a_key_here)
{
	struct gn_tcp_key a = key_of(0, GN_KEY_MD5, 0, "secret");
	struct gn_tcp_key other = key_of(1, GN_KEY_MD5, 0, "secret");

	other.peer = st_addr("10.0.1.77");
	cr_assert_eq(gn_tcp_key_add(st.a, &a), 0);
	cr_assert_eq(gn_tcp_key_add(st.b, &other), 0);
	refused(DROP_tcp_auth_unexpected);
}

/* RFC 5925 section 7.5: one side asks for the new key, both sign with it from then on. */
Test(sock_key, roll_over_rfc5925_7_5)
{
	struct gn_tcp_key a2 = key_of(0, GN_KEY_AES_CMAC, 2, "new secret");
	struct gn_tcp_key b2 = key_of(1, GN_KEY_AES_CMAC, 2, "new secret");
	gn_tcp_t a, b;

	keys(GN_KEY_HMAC_SHA1, "secret", "secret", false);
	st_connect(&a, &b);
	talk_both_ways(a, b);
	cr_assert_eq(gn_tcp_key_add(st.a, &a2), 0);
	cr_assert_eq(gn_tcp_key_add(st.b, &b2), 0);
	talk_both_ways(a, b);
	cr_expect_eq(count_of(1, CNT_tcp_key_rollovers), 0);
	cr_expect_eq(gn_tcp_key_next(st.a, a, 55), -ENOENT);
	cr_assert_eq(gn_tcp_key_next(st.a, a, 102), 0);
	st_run(100000);
	cr_expect_eq(count_of(1, CNT_tcp_key_rollovers), 1);
	cr_expect_eq(count_of(0, CNT_tcp_key_rollovers), 0, "the other direction has not changed");
	cr_assert_eq(gn_tcp_key_next(st.b, b, 2), 0);
	st_run(100000);
	cr_expect_eq(count_of(0, CNT_tcp_key_rollovers), 1);
	talk_both_ways(a, b);
	/* The old key may go. */
	struct gn_tcp_key a1 = key_of(0, GN_KEY_HMAC_SHA1, 1, "secret");

	cr_expect_eq(gn_tcp_key_del(st.a, &a1), 0);
	talk_both_ways(a, b);
	cr_expect_eq(sim_drops(st.host[0], DROP_tcp_auth_key), 0);
	cr_expect_eq(sim_drops(st.host[1], DROP_tcp_auth_key), 0);
}

Test(sock_key, bad_arguments_are_refused)
{
	struct gn_tcp_key k = key_of(0, GN_KEY_MD5, 0, "secret");
	gn_tcp_t a, b;

	k.prefix = 33;
	cr_expect_eq(gn_tcp_key_add(st.a, &k), -EINVAL);
	k.prefix = 32;
	k.key_len = 81;
	cr_expect_eq(gn_tcp_key_add(st.a, &k), -EINVAL);
	k.key_len = 0;
	cr_expect_eq(gn_tcp_key_add(st.a, &k), -EINVAL);
	k.key_len = 6;
	cr_expect_eq(gn_tcp_key_del(st.a, &k), -ENOENT);
	st_connect(&a, &b);
	cr_expect_eq(gn_tcp_key_next(st.a, a, 1), -EINVAL, "not signed");
}
