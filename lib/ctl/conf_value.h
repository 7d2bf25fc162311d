/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_CTL_CONF_VALUE_H
#define GN_CTL_CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net.h"

/* Text of one value to the value, and back. The parsers accept the whole text or nothing. */

/* Decimal or 0x hexadecimal. */
bool conf_parse_int(const char *text, uint64_t *v);
/* true, yes, on, false, no, off. */
bool conf_parse_bool(const char *text, bool *v);
/* A number with its unit: us, ms, s, min, h. 0 needs none. Gives microseconds. */
bool conf_parse_time(const char *text, uint64_t *us);
/* Bytes; KiB, MiB or GiB may follow. */
bool conf_parse_size(const char *text, uint64_t *bytes);
bool conf_parse_mac(const char *text, uint8_t mac[6]);
bool conf_parse_ip(const char *text, bool *v6, union net_ip *ip);
/* ADDRESS/LENGTH, the length within the family's. */
bool conf_parse_prefix(const char *text, bool *v6, union net_ip *ip, uint8_t *plen);
/* Hexadecimal digits, in pairs; colons or blanks may stand between bytes. Returns the bytes, 0 if
 * it is not hexadecimal or more than max. */
unsigned conf_parse_hex(const char *text, uint8_t *out, unsigned max);
/* "0-3,8" as bits, appended to cpu[*n]. */
bool conf_parse_cpus(const char *text, int16_t *cpu, unsigned max, unsigned *n);

/* Writes the shortest form that reads back to the same value. */
void conf_print_time(char *buf, size_t size, uint64_t us);
void conf_print_size(char *buf, size_t size, uint64_t bytes);
void conf_print_mac(char *buf, size_t size, const uint8_t mac[6]);
void conf_print_ip(char *buf, size_t size, bool v6, const union net_ip *ip);

/* Do the first plen bits agree? */
bool conf_same_prefix(bool v6, const union net_ip *a, const union net_ip *b, unsigned plen);
/* ip with all bits after plen cleared. */
union net_ip conf_mask(bool v6, const union net_ip *ip, unsigned plen);
bool conf_ip_equal(bool v6, const union net_ip *a, const union net_ip *b);
bool conf_ip_is_zero(const union net_ip *ip);
bool conf_ip_is_linklocal(bool v6, const union net_ip *ip);

/* The entry of names[n] most like text, or NULL if none is near. */
const char *conf_nearest(const char *text, const char *const *names, unsigned n);

#endif
