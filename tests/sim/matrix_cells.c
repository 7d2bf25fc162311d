/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>

#include "matrix.h"

#define BDP_MAX 4000000 /* bytes that a path of the matrix holds */

static const char *const ccs[] = {"newreno", "cubic", "dctcp", "bbr"};
static const uint64_t rates[] = {
	1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000};
static const uint32_t rtts[] = {100, 1000, 10000, 50000, 300000}; /* us */
static const double buffers[] = {0.1, 1, 10};			  /* of a BDP */

static const struct {
	const char *name;
	struct cable_impair data, acks;
} wrongs[] = {
	{.name = "none"},
	{.name = "loss 0.1 %", .data = {.loss_ppm = 1000}},
	{.name = "loss 1 %, both ways", .data = {.loss_ppm = 10000}, .acks = {.loss_ppm = 10000}},
	{.name = "loss 10 %", .data = {.loss_ppm = 100000}},
	{.name = "bursts", .data = {.burst_p_ppm = 1000, .burst_r_ppm = 200000}},
	{.name = "reordering", .data = {.reorder_ppm = 50000}},
	{.name = "duplicates", .data = {.dup_ppm = 50000}, .acks = {.dup_ppm = 50000}},
	{.name = "corruption", .data = {.corrupt_ppm = 5000}, .acks = {.corrupt_ppm = 5000}},
};

struct cell {
	unsigned wrong, buffer, rtt, rate, v6, cc;
};

#define ALL (RTE_DIM(ccs) * 2 * RTE_DIM(rates) * RTE_DIM(rtts) * RTE_DIM(buffers) * RTE_DIM(wrongs))

static struct cell cell_of(unsigned i)
{
	struct cell c;

	c.cc = i % RTE_DIM(ccs), i /= RTE_DIM(ccs);
	c.v6 = i % 2, i /= 2;
	c.wrong = i % RTE_DIM(wrongs), i /= RTE_DIM(wrongs);
	c.buffer = i % RTE_DIM(buffers), i /= RTE_DIM(buffers);
	c.rtt = i % RTE_DIM(rtts), i /= RTE_DIM(rtts);
	c.rate = i;
	return c;
}

static bool fits(const struct cell *c)
{
	return rates[c->rate] / 8 * rtts[c->rtt] / 1000000 <= BDP_MAX;
}

unsigned matrix_cells(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < ALL; i++) {
		struct cell c = cell_of(i);

		n += fits(&c);
	}
	return n;
}

/* The n-th that fits. */
static struct cell cell_nth(unsigned n)
{
	for (unsigned i = 0;; i++) {
		struct cell c = cell_of(i);

		if (fits(&c) && n-- == 0)
			return c;
	}
}

static void cell_plan(struct bulk_plan *p, const struct cell *c, unsigned cell)
{
	uint64_t bdp = rates[c->rate] / 8 * rtts[c->rtt] / 1000000;

	bulk_plan_default(p);
	p->seed = cell + 1;
	p->n_flows = 1 + cell % 2;
	p->cc[0] = ccs[c->cc];
	p->cc[1] = ccs[c->cc];
	p->v6 = c->v6;
	p->rate_bps = rates[c->rate];
	p->rtt_us = rtts[c->rtt];
	p->buffer_bdp = buffers[c->buffer];
	if (c->cc == 2) /* DCTCP's network marks */
		p->mark_bytes = bdp / 5 + 3000;
	p->wrong = wrongs[c->wrong].data;
	p->wrong_acks = wrongs[c->wrong].acks;
	p->wrong.reorder_us = p->wrong.reorder_ppm != 0 ? p->rtt_us / 4 + 1 : 0;
	p->bytes = RTE_MAX(bdp * 3, UINT64_C(150000));
	p->duration_us = UINT64_C(3000) * 1000000;
}

bool matrix_cell_run(unsigned cell, const char *program)
{
	struct cell c = cell_nth(cell);
	struct bulk_plan p;
	struct bulk_result r;

	cell_plan(&p, &c, cell);
	if (bulk_run(&p, &r))
		return true;
	fprintf(stderr,
		"cell %u: %s, IPv%d, %" PRIu64 " bit/s, %u us, buffer %g BDP, %s: %s\n"
		"repeat with: %s --cell %u\n",
		cell, ccs[c.cc], c.v6 ? 6 : 4, rates[c.rate], rtts[c.rtt], buffers[c.buffer],
		wrongs[c.wrong].name, r.why, program, cell);
	return false;
}
