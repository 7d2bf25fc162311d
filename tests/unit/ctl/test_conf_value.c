/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <string.h>

#include "conf_value.h"

Test(conf_value, times_need_a_unit)
{
	static const struct {
		const char *text;
		uint64_t us;
	} good[] = {{"1us", 1}, {"200ms", 200000}, {"30s", 30000000}, {"3min", 180000000},
		{"2h", 7200000000}, {"0", 0}, {"5 s", 5000000}};
	static const char *const bad[] = {"", "5", "s", "-1s", "1.5s", "1 fortnight", "1ss",
		"99999999999999999999s", "18446744073709551615h", " 1s", "+1s"};
	uint64_t us;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		cr_assert(conf_parse_time(good[i].text, &us), "%s", good[i].text);
		cr_assert_eq(us, good[i].us, "%s", good[i].text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_not(conf_parse_time(bad[i], &us), "%s", bad[i]);
}

Test(conf_value, sizes)
{
	uint64_t v;

	cr_assert(conf_parse_size("64KiB", &v) && v == 65536);
	cr_assert(conf_parse_size("2 MiB", &v) && v == 2097152);
	cr_assert(conf_parse_size("1GiB", &v) && v == 1073741824);
	cr_assert(conf_parse_size("65535", &v) && v == 65535);
	cr_assert_not(conf_parse_size("64KB", &v), "KB is ambiguous");
	cr_assert_not(conf_parse_size("-1", &v));
	cr_assert_not(conf_parse_size("", &v));
}

Test(conf_value, printed_times_and_sizes_read_back)
{
	static const uint64_t values[] = {0, 1, 999, 1000, 40000, 200000, 1000000, 75000000,
		924000000, 7200000000, 65535, 65536, 262144, 1073741824};
	char buf[64];
	uint64_t v;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		conf_print_time(buf, sizeof(buf), values[i]);
		cr_assert(conf_parse_time(buf, &v) && v == values[i], "%s", buf);
		conf_print_size(buf, sizeof(buf), values[i]);
		cr_assert(conf_parse_size(buf, &v) && v == values[i], "%s", buf);
	}
}

Test(conf_value, integers)
{
	uint64_t v;

	cr_assert(conf_parse_int("18446744073709551615", &v) && v == UINT64_MAX);
	cr_assert(conf_parse_int("0x1f", &v) && v == 31);
	cr_assert_not(conf_parse_int("18446744073709551616", &v));
	cr_assert_not(conf_parse_int("1 ", &v));
	cr_assert_not(conf_parse_int("0x", &v));
	cr_assert_not(conf_parse_int("", &v));
}

Test(conf_value, macs)
{
	uint8_t mac[6];
	char buf[24];

	cr_assert(conf_parse_mac("02:00:00:0a:0B:0c", mac));
	conf_print_mac(buf, sizeof(buf), mac);
	cr_assert_str_eq(buf, "02:00:00:0a:0b:0c");
	cr_assert_not(conf_parse_mac("02:00:00:0a:0b", mac));
	cr_assert_not(conf_parse_mac("02:00:00:0a:0b:0c:0d", mac));
	cr_assert_not(conf_parse_mac("02:00:00:0a:0b:0g", mac));
	cr_assert_not(conf_parse_mac("0200000a0b0c", mac));
}

Test(conf_value, prefixes)
{
	union net_ip ip;
	uint8_t plen;
	bool v6;
	char buf[64];

	cr_assert(conf_parse_prefix("10.0.0.1/24", &v6, &ip, &plen));
	cr_assert(!v6 && ip.v4 == 0x0a000001 && plen == 24);
	cr_assert(conf_parse_prefix("fd00::1/64", &v6, &ip, &plen));
	cr_assert(v6 && ip.v6.b[0] == 0xfd && ip.v6.b[15] == 1 && plen == 64);
	conf_print_ip(buf, sizeof(buf), v6, &ip);
	cr_assert_str_eq(buf, "fd00::1");
	cr_assert_not(conf_parse_prefix("10.0.0.1", &v6, &ip, &plen));
	cr_assert_not(conf_parse_prefix("10.0.0.1/33", &v6, &ip, &plen));
	cr_assert_not(conf_parse_prefix("fd00::1/129", &v6, &ip, &plen));
	cr_assert_not(conf_parse_prefix("10.0.0.1/24x", &v6, &ip, &plen));
	cr_assert_not(conf_parse_prefix("10.0.0/24", &v6, &ip, &plen));
	cr_assert_not(conf_parse_prefix("/24", &v6, &ip, &plen));
}

Test(conf_value, masks_cut_at_any_bit)
{
	union net_ip ip = {0}, m;

	memset(ip.v6.b, 0xff, 16);
	for (unsigned plen = 0; plen <= 128; plen++) {
		unsigned ones = 0;

		m = conf_mask(true, &ip, plen);
		for (unsigned i = 0; i < 16; i++)
			ones += (unsigned)__builtin_popcount(m.v6.b[i]);
		cr_assert_eq(ones, plen);
		cr_assert(conf_same_prefix(true, &ip, &m, plen));
	}
	ip = (union net_ip){.v4 = 0xc0a801ff};
	m = conf_mask(false, &ip, 25);
	cr_assert_eq(m.v4, 0xc0a80180);
	m = conf_mask(false, &ip, 0);
	cr_assert_eq(m.v4, 0);
	m = conf_mask(false, &ip, 32);
	cr_assert_eq(m.v4, 0xc0a801ff);
}

Test(conf_value, cpu_lists)
{
	int16_t cpu[8];
	unsigned n = 0;

	cr_assert(conf_parse_cpus("0-2,5", cpu, 8, &n));
	cr_assert(n == 4 && cpu[0] == 0 && cpu[1] == 1 && cpu[2] == 2 && cpu[3] == 5);
	cr_assert(conf_parse_cpus("5", cpu, 8, &n) && n == 5, "appends");
	cr_assert_not(conf_parse_cpus("0-3", cpu, 8, &n), "no room for 4 more in 8");
	n = 0;
	cr_assert_not(conf_parse_cpus("3-1", cpu, 8, &n));
	cr_assert_not(conf_parse_cpus("", cpu, 8, &n));
	cr_assert_not(conf_parse_cpus("1,", cpu, 8, &n));
	cr_assert_not(conf_parse_cpus("0-4294967295", cpu, 8, &n));
}

Test(conf_value, nearest_word)
{
	static const char *const names[] = {"queues", "mtu", "device", "routes"};

	cr_assert_str_eq(conf_nearest("qeues", names, 4), "queues");
	cr_assert_str_eq(conf_nearest("mut", names, 4), "mtu");
	cr_assert_str_eq(conf_nearest("devices", names, 4), "device");
	cr_assert_null(conf_nearest("colour", names, 4));
}
