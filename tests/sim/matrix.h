/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_SIM_MATRIX_H
#define GN_SIM_MATRIX_H

#include "bulk.h"

/* Runs every band and prints its figures; returns how many did not hold. */
unsigned matrix_bands_run(void);

/* Cells of the matrix: every combination whose path holds no more than some megabytes. */
unsigned matrix_cells(void);
/* Transfers over one; silent unless it fails, then false. */
bool matrix_cell_run(unsigned cell, const char *program);

void matrix_print_head(FILE *f);
void matrix_print(
	FILE *f, const char *name, const struct bulk_plan *p, const struct bulk_result *r);

#endif
