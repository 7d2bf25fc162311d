/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "port_alloc.h"
#include "rng.h"

#define LOCAL  IP4(192, 0, 2, 1)
#define REMOTE IP4(198, 51, 100, 7)
#define RPORT  443

static const struct siphash_key key = {1, 2};
static const struct ip6 local6 = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
static const struct ip6 remote6 = {{0x20, 0x01, 0x0d, 0xb8, [7] = 1, [15] = 7}};

static struct owner o;
static struct port_alloc p;

/* The caller's ports in use, and how often each was asked about. */
static bool used[65536];
static unsigned asked[65536];

static bool in_use(void *ctx, uint16_t port)
{
	if (ctx != used)
		cr_assert_fail("not the caller's ctx");
	asked[port]++;
	return used[port];
}

static void owner_of(uint16_t n_cores)
{
	uint16_t reta[128];

	owner_reta_spread(reta, 128, n_cores);
	cr_assert_eq(owner_init(&o, owner_key_default, OWNER_KEY_MIN, reta, 128), 0);
}

static void setup(void)
{
	owner_of(1);
	cr_assert_eq(port_alloc_init(&p, &key, PORT_ALLOC_LOW_DEFAULT, PORT_ALLOC_HIGH_DEFAULT), 0);
}

TestSuite(port_alloc, .init = setup);

static uint16_t pick4(uint16_t core)
{
	return port_alloc_pick4(&p, &o, core, LOCAL, REMOTE, RPORT, in_use, used);
}

static uint16_t pick6(uint16_t core)
{
	return port_alloc_pick6(&p, &o, core, &local6, &remote6, RPORT, in_use, used);
}

/* Takes every port that core can have; all come home. Returns how many. */
static unsigned take_all(uint16_t core, bool v6)
{
	unsigned n = 0;
	uint16_t port;

	while ((port = v6 ? pick6(core) : pick4(core)) != 0) {
		uint32_t hash = v6 ? owner_hash6(&o, &remote6, &local6, RPORT, port)
				   : owner_hash4(&o, REMOTE, LOCAL, RPORT, port);

		if (port < p.low || port > p.high || used[port] || owner_core(&o, hash) != core)
			cr_assert_fail("port %u for core %u", port, core);
		used[port] = true;
		n++;
	}
	return n;
}

Test(port_alloc, all_ports_come_home_and_none_is_out_of_reach)
{
	static const uint16_t n_cores[] = {1, 2, 4, 8};
	const unsigned range = PORT_ALLOC_HIGH_DEFAULT - PORT_ALLOC_LOW_DEFAULT + 1;

	for (unsigned i = 0; i < 8; i++) {
		uint16_t cores = n_cores[i / 2];
		unsigned total = 0;

		owner_of(cores);
		memset(used, 0, sizeof(used));
		for (uint16_t c = 0; c < cores; c++) {
			unsigned n = take_all(c, i % 2);

			cr_assert_gt(
				n, range / cores / 2, "core %u of %u has %u ports", c, cores, n);
			total += n;
		}
		cr_assert_eq(total, range, "every port of the range comes home to some core");
	}
}

Test(port_alloc, asks_for_each_port_at_most_once)
{
	memset(used, 1, sizeof(used));
	cr_assert_eq(pick4(0), 0);
	cr_assert_eq(pick6(0), 0);
	for (unsigned port = 0; port < 65536; port++)
		cr_assert_eq(asked[port], port >= 1024 ? 2 : 0);
	used[5000] = false;
	cr_assert_eq(pick4(0), 5000, "a port that is free again is found");
	cr_assert_eq(pick6(0), 5000);
}

Test(port_alloc, a_core_that_owns_nothing_gets_nothing)
{
	owner_of(2);
	cr_assert_eq(pick4(2), 0);
	for (unsigned port = 0; port < 65536; port++)
		cr_assert_eq(asked[port], 0, "asked about a port that does not come home");
}

Test(port_alloc, a_released_port_comes_back_late)
{
	/* RFC 6056 section 3.3.4: not before a full turn of the range. */
	static bool seen[65536];

	for (unsigned i = 0; i < 65536 - 1024; i++) {
		uint16_t port = pick4(0);

		if (seen[port])
			cr_assert_fail("port %u came back after %u others", port, i);
		seen[port] = true;
	}
	cr_assert(seen[pick4(0)]);
}

Test(port_alloc, small_ranges)
{
	cr_assert_eq(port_alloc_init(&p, &key, 65535, 65535), 0);
	cr_assert_eq(pick4(0), 65535);
	used[65535] = true;
	cr_assert_eq(pick4(0), 0);
	cr_assert_eq(port_alloc_init(&p, &key, 1, 2), 0);
	cr_assert_eq(take_all(0, false), 2);
	cr_assert_eq(port_alloc_init(&p, &key, 1, 65535), 0);
	memset(used, 0, sizeof(used));
	cr_assert_eq(take_all(0, true), 65535);
}

Test(port_alloc, refuses_bad_ranges)
{
	cr_assert_eq(port_alloc_init(&p, &key, 0, 100), -EINVAL);
	cr_assert_eq(port_alloc_init(&p, &key, 101, 100), -EINVAL);
}

/* RFC 6056 section 3.3.4: what one destination sees tells nothing about another's ports. */
static unsigned first_port(uint64_t k, uint32_t local, uint32_t remote, uint16_t rport)
{
	struct siphash_key other = {k, 2};

	cr_assert_eq(port_alloc_init(&p, &other, 1024, 65535), 0);
	return port_alloc_pick4(&p, &o, 0, local, remote, rport, in_use, used);
}

Test(port_alloc, the_start_depends_on_key_and_destination)
{
	unsigned base = first_port(1, LOCAL, REMOTE, RPORT);

	cr_assert_eq(first_port(1, LOCAL, REMOTE, RPORT), base, "repeatable from the key");
	cr_assert_neq(first_port(3, LOCAL, REMOTE, RPORT), base);
	cr_assert_neq(first_port(1, LOCAL + 1, REMOTE, RPORT), base);
	cr_assert_neq(first_port(1, LOCAL, REMOTE + 1, RPORT), base);
	cr_assert_neq(first_port(1, LOCAL, REMOTE, RPORT + 1), base);
}

/* Chi-square over 16 bins; 60 is far beyond chance. */
static void check_uniform(const unsigned *bins, unsigned total, const char *what)
{
	double expected = total / 16.0, sum = 0;

	for (unsigned i = 0; i < 16; i++)
		sum += (bins[i] - expected) * (bins[i] - expected) / expected;
	cr_assert_lt(sum, 60, "%s: %f", what, sum);
}

Test(port_alloc, starts_are_spread_over_the_range)
{
	unsigned by_dest[16] = {0}, by_key[16] = {0}, by_step[16] = {0};
	const unsigned total = 8000;
	unsigned last = 0;

	for (unsigned i = 0; i < total; i++) {
		unsigned port = first_port(7, LOCAL, REMOTE + i, RPORT) - 1024;

		by_dest[port * 16 / 64512]++;
		by_step[(port + 64512 - last) % 64512 * 16 / 64512]++;
		last = port;
		by_key[(first_port(100 + i, LOCAL, REMOTE, RPORT) - 1024) * 16 / 64512]++;
	}
	check_uniform(by_dest, total, "over destinations");
	check_uniform(by_step, total, "from one destination to the next");
	check_uniform(by_key, total, "over keys");
}
