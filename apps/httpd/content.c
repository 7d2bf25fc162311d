/* SPDX-License-Identifier: BSD-3-Clause */
#include "content.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char default_page[] = "<!DOCTYPE html>\n<html><head><title>Gannet</title></head>\n"
				   "<body><h1>It works</h1><p>This page came through the Gannet "
				   "TCP/IP stack.</p></body></html>\n";

/* Types by extension; RFC 9110 section 8.3. Anything else is a stream of octets. */
static const struct {
	const char *ext, *type;
} types[] = {
	{"html", "text/html; charset=utf-8"},
	{"htm", "text/html; charset=utf-8"},
	{"css", "text/css; charset=utf-8"},
	{"js", "text/javascript; charset=utf-8"},
	{"txt", "text/plain; charset=utf-8"},
	{"md", "text/plain; charset=utf-8"},
	{"json", "application/json"},
	{"xml", "application/xml"},
	{"pdf", "application/pdf"},
	{"png", "image/png"},
	{"jpg", "image/jpeg"},
	{"jpeg", "image/jpeg"},
	{"gif", "image/gif"},
	{"svg", "image/svg+xml"},
	{"ico", "image/x-icon"},
	{"webp", "image/webp"},
	{"woff2", "font/woff2"},
	{"wasm", "application/wasm"},
	{"mp4", "video/mp4"},
};

static const char *content_type(const char *path)
{
	const char *name = strrchr(path, '/');
	const char *dot = strrchr(path, '.');

	if (path[strlen(path) - 1] == '/') /* a directory stands for its index.html */
		return types[0].type;
	if (dot != NULL && (name == NULL || dot > name))
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			if (strcasecmp(dot + 1, types[i].ext) == 0)
				return types[i].type;
	return "application/octet-stream";
}

/* Eight octets at a time. The table is fixed before any client comes, so collisions cannot be provoked. */
static uint32_t content_hash(const char *path, size_t len)
{
	uint64_t h = len * UINT64_C(0x9e3779b97f4a7c15), w;

	for (; len >= sizeof(w); path += sizeof(w), len -= sizeof(w)) {
		memcpy(&w, path, sizeof(w));
		h = (h ^ w) * UINT64_C(0xbf58476d1ce4e5b9);
		h ^= h >> 32;
	}
	for (w = 0; len > 0; len--)
		w = w << 8 | (uint8_t)path[len - 1];
	h = (h ^ w) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)(h >> 32);
}

/* Adds a file whose data stays where it is for the life of the process. */
static int content_add_static(struct content *c, const char *path, const uint8_t *data, size_t size)
{
	if (c->n_files == c->max_files) {
		uint32_t max = c->max_files == 0 ? 64 : 2 * c->max_files;
		struct content_file *f = realloc(c->files, max * sizeof(*f));

		if (f == NULL)
			goto no_memory;
		c->files = f;
		c->max_files = max;
	}
	struct content_file *f = &c->files[c->n_files];

	f->path = strdup(path);
	if (f->path == NULL)
		goto no_memory;
	f->path_len = strlen(path);
	f->data = data;
	f->size = size;
	int n = asprintf(
		&f->head, "Content-Type: %s\r\nContent-Length: %zu\r\n", content_type(path), size);

	if (n < 0) {
		free(f->path);
		goto no_memory;
	}
	f->head_len = n;
	c->n_files++;
	return 0;
no_memory:
	fprintf(stderr, "gannet-httpd: %s: out of memory\n", path);
	return -1;
}

/* Whole pages of their own, so that they can be registered for a NIC to read. */
static uint8_t *content_memory(const char *path, size_t size)
{
	void *p = mmap(NULL, size == 0 ? 1 : size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED)
		return p;
	fprintf(stderr, "gannet-httpd: %s: no memory for %zu bytes\n", path, size);
	return NULL;
}

int content_add(struct content *c, const char *path, const void *data, size_t size)
{
	uint8_t *p = content_memory(path, size);

	if (p == NULL)
		return -1;
	memcpy(p, data, size);
	return content_add_static(c, path, p, size);
}

static int read_all(int fd, uint8_t *p, size_t size)
{
	while (size > 0) {
		ssize_t n = read(fd, p, size);

		if (n == 0)
			errno = EIO; /* it shrank while we read it */
		if (n <= 0)
			return -1;
		p += n;
		size -= n;
	}
	return 0;
}

/* Adds an open regular file, and under its directory's name if it is an index. */
static int content_add_fd(struct content *c, int fd, const char *path, size_t size)
{
	uint8_t *p = content_memory(path, size);
	const char *name = strrchr(path, '/') + 1;

	if (p == NULL)
		return -1;
	if (read_all(fd, p, size) < 0) {
		fprintf(stderr, "gannet-httpd: %s: %s\n", path, strerror(errno));
		return -1;
	}
	if (content_add_static(c, path, p, size) < 0)
		return -1;
	if (strcmp(name, "index.html") != 0)
		return 0;
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%.*s", (int)(name - path), path);
	return content_add_static(c, dir, p, size);
}

static int content_add_dir(struct content *c, int dirfd, const char *prefix);

static int content_add_entry(struct content *c, int dirfd, const char *prefix, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	int ret = 0;
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ELOOP)
		return 0; /* a symbolic link */
	if (fd < 0 || fstat(fd, &st) < 0 ||
		(size_t)snprintf(path, sizeof(path), "%s/%s", prefix, name) >= sizeof(path)) {
		fprintf(stderr, "gannet-httpd: %s/%s: %s\n", prefix, name, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (S_ISDIR(st.st_mode))
		return content_add_dir(c, fd, path); /* takes fd */
	if (S_ISREG(st.st_mode))
		ret = content_add_fd(c, fd, path, st.st_size);
	close(fd);
	return ret;
}

/* Takes dirfd. Paths longer than PATH_MAX end the recursion. */
static int content_add_dir(struct content *c, int dirfd, const char *prefix)
{
	DIR *d = fdopendir(dirfd);
	struct dirent *e;
	int ret = 0;

	if (d == NULL) {
		fprintf(stderr, "gannet-httpd: %s: %s\n", prefix, strerror(errno));
		close(dirfd);
		return -1;
	}
	while (ret == 0 && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			ret = content_add_entry(c, dirfd, prefix, e->d_name);
	closedir(d);
	return ret;
}

int content_add_root(struct content *c, const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		fprintf(stderr, "gannet-httpd: --root %s: %s\n", dir, strerror(errno));
		return -1;
	}
	return content_add_dir(c, fd, "");
}

/* Bits to shift by for k, m, g; 0: no unit. */
static unsigned unit_shift(char c)
{
	switch (c) {
	case 'k':
	case 'K':
		return 10;
	case 'm':
	case 'M':
		return 20;
	case 'g':
	case 'G':
		return 30;
	default:
		return 0;
	}
}

/* The size in "NAME=SIZE", or 0 with errno. */
static size_t parse_size(const char *text)
{
	char *end;
	unsigned shift;

	errno = 0;
	if (text[0] < '0' || text[0] > '9') {
		errno = EINVAL;
		return 0;
	}
	unsigned long long n = strtoull(text, &end, 10);

	shift = unit_shift(*end);
	if (shift != 0)
		end++;
	if (errno == 0 && (*end != '\0' || n > ((1ull << 40) >> shift)))
		errno = EINVAL;
	return errno == 0 ? n << shift : 0;
}

int content_add_generated(struct content *c, const char *spec)
{
	const char *eq = strrchr(spec, '=');
	char path[PATH_MAX];
	size_t size = eq == NULL ? 0 : parse_size(eq + 1);

	if (eq == NULL || eq == spec || errno != 0 || eq - spec > PATH_MAX - 2) {
		fprintf(stderr,
			"gannet-httpd: --file %s: NAME=SIZE is wanted, SIZE as 1, 64k, 100m\n",
			spec);
		return -1;
	}
	while (*spec == '/')
		spec++;
	snprintf(path, sizeof(path), "/%.*s", (int)(eq - spec), spec);
	uint8_t *p = content_memory(path, size);

	if (p == NULL)
		return -1;
	for (size_t i = 0; i < size; i++) {
		unsigned digit = 14 - i % 16;

		p[i] = i % 16 == 15 ? '\n' : "0123456789abcdef"[((i - i % 16) >> (4 * digit)) & 15];
	}
	return content_add_static(c, path, p, size);
}

/* The slot of path: the file that has it, or the free one where it belongs. */
static uint32_t *content_slot(const struct content *c, const char *path, size_t len)
{
	for (uint32_t i = content_hash(path, len);; i++) {
		uint32_t *slot = &c->table[i & c->mask];

		if (*slot == 0)
			return slot;
		const struct content_file *have = &c->files[*slot - 1];

		if (have->path_len == len && memcmp(have->path, path, len) == 0)
			return slot;
	}
}

int content_seal(struct content *c)
{
	uint32_t slots = 64;

	while (slots < 2 * (c->n_files + 1))
		slots *= 2;
	c->table = calloc(slots, sizeof(*c->table));
	c->mask = slots - 1;
	if (c->table == NULL) {
		fprintf(stderr, "gannet-httpd: out of memory for %u files\n", c->n_files);
		return -1;
	}
	for (uint32_t i = 0; i < c->n_files; i++)
		*content_slot(c, c->files[i].path, strlen(c->files[i].path)) = i + 1;
	if (content_find(c, "/", 1) != NULL)
		return 0;
	if (content_add(c, "/", default_page, sizeof(default_page) - 1) < 0)
		return -1;
	*content_slot(c, "/", 1) = c->n_files;
	return 0;
}

void content_free(struct content *c)
{
	for (uint32_t i = 0; i < c->n_files; i++) {
		struct content_file *f = &c->files[i];

		/* An index has two names but one copy, added one after the other. */
		if (i == 0 || f[-1].data != f->data)
			munmap((void *)(uintptr_t)f->data, f->size == 0 ? 1 : f->size);
		free(f->path);
		free(f->head);
	}
	free(c->files);
	free(c->table);
	*c = (struct content){0};
}

const struct content_file *content_find(const struct content *c, const char *path, size_t len)
{
	uint32_t slot = *content_slot(c, path, len);

	return slot == 0 ? NULL : &c->files[slot - 1];
}
