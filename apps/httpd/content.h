/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef HTTPD_CONTENT_H
#define HTTPD_CONTENT_H

#include <stddef.h>
#include <stdint.h>

/*
 * What the server serves: all of it read into memory before the first core starts and never
 * changed afterwards, so that cores share it without locks. A request finds a file by its exact
 * name in a hash table; nothing that a client sends ever reaches the file system.
 */
struct content_file {
	char *path; /* as requested, decoded: "/a/b.html" */
	size_t path_len;
	const uint8_t *data;
	size_t size;
	char *head; /* "Content-Type: ...\r\nContent-Length: ...\r\n" */
	uint16_t head_len;
};

struct content {
	struct content_file *files;
	uint32_t n_files, max_files;
	uint32_t *table; /* index + 1 of a file, by hash of its path; a power of two of slots */
	uint32_t mask;
};

/* All print what was wrong on standard error and return -1 then, else 0. */

/* Every regular file below dir; index.html also as its directory. Symbolic links are not followed. */
int content_add_root(struct content *c, const char *dir);
/* "NAME=SIZE" with k, m or g: lines of 16 bytes, each the offset of its first byte in hexadecimal. */
int content_add_generated(struct content *c, const char *spec);
/* Copies data. */
int content_add(struct content *c, const char *path, const void *data, size_t size);
/* Builds the table; adds a page at "/" if there is none. */
int content_seal(struct content *c);
void content_free(struct content *c);

/* NULL: no such file. Any thread, after content_seal(). */
const struct content_file *content_find(const struct content *c, const char *path, size_t len);

#endif
