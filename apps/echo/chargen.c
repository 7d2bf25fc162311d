/* SPDX-License-Identifier: BSD-3-Clause */
#include "echo.h"

/*
 * RFC 864's popular pattern: lines of 72 of the 95 printable characters, each line starting one
 * character later. It repeats after 95 lines, and is kept twice in a row, so that a whole period
 * can be read from any position.
 */
static char pattern[2 * CHARGEN_PERIOD];

void chargen_init(void)
{
	char *p = pattern;

	for (unsigned line = 0; line < 2 * 95; line++) {
		for (unsigned col = 0; col < 72; col++)
			*p++ = (char)(' ' + (line + col) % 95);
		*p++ = '\r';
		*p++ = '\n';
	}
}

const char *chargen_text(uint16_t at)
{
	return pattern + at;
}
