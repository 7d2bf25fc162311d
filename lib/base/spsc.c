/* SPDX-License-Identifier: BSD-3-Clause */
#include "spsc.h"

#include <assert.h>
#include <string.h>

void spsc_init(struct spsc *r, uint64_t *slots, uint32_t size)
{
	assert(size >= 2 && (size & (size - 1)) == 0);
	memset(r, 0, sizeof(*r));
	r->prod_mask = size - 1;
	r->prod_slot = slots;
	r->cons_mask = size - 1;
	r->cons_slot = slots;
}
