/* SPDX-License-Identifier: BSD-3-Clause */
#include "owner.h"

#include <errno.h>
#include <string.h>

const uint8_t owner_key_default[OWNER_KEY_MIN] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2,
	0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30,
	0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac,
	0x01, 0xfa};

const uint8_t owner_key_symmetric[OWNER_KEY_MIN] = {0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
	0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d,
	0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
	0x6d, 0x5a};

/*
 * Bit i of the tuple, counted from its most significant, contributes the 32 bits of the key that
 * begin at bit i. Five bytes of key hold the windows of the eight bits of one byte.
 */
static uint32_t byte_hash(const uint8_t *key, uint8_t byte)
{
	uint64_t window = 0;
	uint32_t hash = 0;

	for (unsigned i = 0; i < 5; i++)
		window = window << 8 | key[i];
	for (unsigned bit = 0; bit < 8; bit++)
		if (byte & (0x80 >> bit))
			hash ^= (uint32_t)(window >> (8 - bit));
	return hash;
}

int owner_init(struct owner *o, const uint8_t *key, unsigned key_len, const uint16_t *reta,
	unsigned reta_size)
{
	if (key_len < OWNER_KEY_MIN || key_len > OWNER_KEY_MAX)
		return -EINVAL;
	if (reta_size == 0 || reta_size > OWNER_RETA_MAX || (reta_size & (reta_size - 1)) != 0)
		return -EINVAL;
	memset(o, 0, sizeof(*o));
	for (unsigned i = 0; i < reta_size; i++) {
		if (reta[i] == UINT16_MAX)
			return -EINVAL;
		if (o->n_cores <= reta[i])
			o->n_cores = reta[i] + 1;
		o->reta[i] = reta[i];
	}
	o->reta_mask = (uint16_t)(reta_size - 1);
	for (unsigned at = 0; at < OWNER_TUPLE_BYTES; at++)
		for (unsigned b = 0; b < 256; b++)
			o->byte[at][b] = byte_hash(key + at, (uint8_t)b);
	return 0;
}

void owner_reta_spread(uint16_t *reta, unsigned size, uint16_t n_cores)
{
	for (unsigned i = 0; i < size; i++)
		reta[i] = (uint16_t)(i % n_cores);
}
