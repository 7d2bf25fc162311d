/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <gannet/sock.h>

/* What gn_addr_print() writes, gn_addr_parse() reads, and the other way round. */
Test(sock_addr, text_and_address_are_one_to_one)
{
	static const struct {
		const char *text;
		uint8_t family;
		uint16_t port, ifc;
	} good[] = {{"*", 0, 0, 0}, {"*:80", 0, 80, 0}, {"10.0.0.1", 4, 0, 0},
		{"10.0.0.1:80", 4, 80, 0}, {"0.0.0.0:65535", 4, 65535, 0},
		{"255.255.255.255:1", 4, 1, 0}, {"224.0.0.9%2:520", 4, 520, 3}, {"::", 6, 0, 0},
		{"2001:db8::1", 6, 0, 0}, {"[2001:db8::1]:443", 6, 443, 0}, {"[::]:80", 6, 80, 0},
		{"[fe80::1%0]:80", 6, 80, 1}, {"fe80::1%15", 6, 0, 16},
		{"[::ffff:10.0.0.1]:5", 6, 5, 0}};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct gn_addr a;
		char text[64];

		cr_assert_eq(gn_addr_parse(&a, good[i].text), 0, "%s", good[i].text);
		cr_expect_eq(a.family, good[i].family, "%s", good[i].text);
		cr_expect_eq(a.port, good[i].port, "%s", good[i].text);
		cr_expect_eq(a.ifc, good[i].ifc, "%s", good[i].text);
		cr_expect_eq(gn_addr_print(text, sizeof(text), &a), (int)strlen(good[i].text));
		cr_expect_str_eq(text, good[i].text);
	}
}

Test(sock_addr, bytes_are_where_the_header_says)
{
	struct gn_addr a;

	cr_assert_eq(gn_addr_parse(&a, "10.1.2.3"), 0);
	cr_expect_eq(a.v4, 0x0a010203, "host order");
	cr_assert_eq(gn_addr_parse(&a, "2001:db8::ff"), 0);
	cr_expect_eq(a.v6[0], 0x20);
	cr_expect_eq(a.v6[15], 0xff, "wire order");
}

Test(sock_addr, brackets_without_a_port_are_read)
{
	struct gn_addr a;

	cr_assert_eq(gn_addr_parse(&a, "[::1]"), 0);
	cr_expect_eq(a.family, 6);
	cr_expect_eq(a.port, 0);
}

Test(sock_addr, all_else_is_refused_and_changes_nothing)
{
	static const char *const bad[] = {"", ":", ":80", "80", "10.0.0", "10.0.0.256", "10.0.0.01",
		"010.0.0.1", "10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:080", "10.0.0.1:+8",
		"10.0.0.1: 8", "10.0.0.1:8 ", " 10.0.0.1", "10.0.0.1:80:90", "[10.0.0.1]:80",
		"[::1", "::1]", "[::1]80", "[::1]:", "[::1]:x", "[*]:80", "[]:80", "[::1%]:80",
		"[::1%x]:80", "[::1%00]:80", "fe80::1%65534", "fe80::1%-1", "host", "host:80",
		"*80", "**", "1:2:3", "::1::2", "10.0.0.1%:80",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct gn_addr a = {.family = 4, .port = 7, .v4 = 9};

		cr_expect_eq(gn_addr_parse(&a, bad[i]), -EINVAL, "'%s'", bad[i]);
		cr_expect(a.family == 4 && a.port == 7 && a.v4 == 9, "'%s'", bad[i]);
	}
}

/* As snprintf: never more than size bytes, and the whole length is told. */
Test(sock_addr, printing_respects_the_size)
{
	struct gn_addr a = {.family = 4, .port = 80, .v4 = 0x0a000001};
	char text[8] = "xxxxxxx";

	cr_expect_eq(gn_addr_print(text, 5, &a), 11);
	cr_expect_str_eq(text, "10.0");
	cr_expect_eq(text[5], 'x');
}
