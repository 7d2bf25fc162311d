/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "conf_tree.h"

static struct conf_node *node_new(enum conf_kind kind, const char *origin, unsigned line)
{
	struct conf_node *n = calloc(1, sizeof(*n));

	if (n != NULL) {
		n->kind = kind;
		n->origin = origin;
		n->line = line;
		n->key_line = line;
	}
	return n;
}

void conf_tree_free(struct conf_node *n)
{
	while (n != NULL) {
		struct conf_node *next = n->next;

		conf_tree_free(n->first);
		free(n->key);
		free(n->text);
		free(n);
		n = next;
	}
}

struct conf_node *conf_tree_empty(const char *origin)
{
	return node_new(CONF_MAP, origin, 0);
}

struct conf_node *conf_node_find(const struct conf_node *map, const char *key)
{
	for (struct conf_node *c = map->first; c != NULL; c = c->next)
		if (c->key != NULL && strcmp(c->key, key) == 0)
			return c;
	return NULL;
}

static void node_append(struct conf_node *parent, struct conf_node *child)
{
	if (parent->last != NULL)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->n++;
}

/* What the events build: the maps and lists that are open, and the key that waits for its value. */
struct builder {
	struct conf_err *err;
	const char *origin;
	bool numbered; /* a file, whose lines count */
	struct conf_node *root;
	struct conf_node *open[CONF_DEPTH_MAX];
	unsigned depth;
	char *key;
	unsigned key_line;
};

static unsigned line_of(const struct builder *b, const yaml_mark_t *mark)
{
	return b->numbered ? (unsigned)mark->line + 1 : 0;
}

#define refuse(b, mark, key, ...) \
	(conf_err_add((b)->err, (b)->origin, line_of(b, mark), key, __VA_ARGS__), -1)

/* The map or list that is open, or NULL at the top. */
static struct conf_node *open_node(const struct builder *b)
{
	return b->depth ? b->open[b->depth - 1] : NULL;
}

/* Is a key due, and not a value? */
static bool at_key(const struct builder *b)
{
	const struct conf_node *n = open_node(b);

	return n != NULL && n->kind == CONF_MAP && b->key == NULL;
}

/* Hangs n where the document stands. Takes n in every case. */
static int place(struct builder *b, struct conf_node *n, const yaml_mark_t *mark)
{
	struct conf_node *parent = open_node(b);

	if (parent == NULL && b->root != NULL) {
		conf_tree_free(n);
		return refuse(b, mark, NULL, "a second document; a configuration is one document");
	}
	if (parent == NULL) {
		b->root = n;
		return 0;
	}
	if (parent->n >= CONF_CHILDREN_MAX) {
		conf_tree_free(n);
		return refuse(b, mark, parent->key, "more than %u entries", CONF_CHILDREN_MAX);
	}
	n->key = b->key;
	if (b->key != NULL)
		n->key_line = b->key_line;
	b->key = NULL;
	node_append(parent, n);
	return 0;
}

/* A scalar where a key must stand. */
static int take_key(struct builder *b, const yaml_event_t *ev, const char *text, size_t len)
{
	const struct conf_node *former;

	if (len == 0 || len > 64)
		return refuse(b, &ev->start_mark, NULL, "a key has 1 to 64 characters");
	former = conf_node_find(b->open[b->depth - 1], text);
	if (former != NULL && former->key_line)
		(void)refuse(b, &ev->start_mark, text, "duplicate key, first in line %u; keep one",
			former->key_line);
	else if (former != NULL)
		(void)refuse(b, &ev->start_mark, text, "duplicate key; keep one");
	b->key = strdup(text);
	b->key_line = line_of(b, &ev->start_mark);
	return b->key ? 0 : -1;
}

static int on_scalar(struct builder *b, const yaml_event_t *ev)
{
	const char *text = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;
	struct conf_node *n;

	if (ev->data.scalar.anchor != NULL || ev->data.scalar.tag != NULL)
		return refuse(b, &ev->start_mark, b->key,
			"anchors and tags are not accepted; write the value itself");
	if (len > CONF_TEXT_MAX)
		return refuse(b, &ev->start_mark, b->key, "value of %zu bytes; at most %u", len,
			CONF_TEXT_MAX);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return refuse(b, &ev->start_mark, b->key,
				"control character in a value; values are one line of text");
	if (at_key(b))
		return take_key(b, ev, text, len);
	n = node_new(CONF_SCALAR, b->origin, line_of(b, &ev->start_mark));
	if (n == NULL || (n->text = strdup(text)) == NULL) {
		conf_tree_free(n);
		return refuse(b, &ev->start_mark, b->key, "out of memory");
	}
	n->null = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		  (len == 0 || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
	return place(b, n, &ev->start_mark);
}

static int on_open(struct builder *b, const yaml_event_t *ev, enum conf_kind kind, bool decorated)
{
	struct conf_node *n;

	if (decorated)
		return refuse(b, &ev->start_mark, b->key,
			"anchors and tags are not accepted; write the value itself");
	if (at_key(b))
		return refuse(b, &ev->start_mark, NULL, "a list or map as key; a key is a word");
	if (b->depth == CONF_DEPTH_MAX)
		return refuse(
			b, &ev->start_mark, b->key, "nested more than %u deep", CONF_DEPTH_MAX);
	n = node_new(kind, b->origin, line_of(b, &ev->start_mark));
	if (n == NULL)
		return refuse(b, &ev->start_mark, b->key, "out of memory");
	if (place(b, n, &ev->start_mark) != 0)
		return -1;
	b->open[b->depth++] = n;
	return 0;
}

/* 1 at the end, 0 to go on, -1 after an error. */
static int on_event(struct builder *b, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_STREAM_END_EVENT:
		return 1;
	case YAML_ALIAS_EVENT:
		return refuse(b, &ev->start_mark, b->key,
			"alias '*%.32s' is not accepted; write the value itself",
			(const char *)ev->data.alias.anchor);
	case YAML_SCALAR_EVENT:
		return on_scalar(b, ev);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(b, ev, CONF_LIST,
			ev->data.sequence_start.anchor || ev->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return on_open(b, ev, CONF_MAP,
			ev->data.mapping_start.anchor || ev->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		return 0;
	default:
		return 0;
	}
}

/* The reader of libyaml runs ahead and knows only the byte. */
static unsigned line_at(const char *text, size_t len, size_t offset)
{
	unsigned line = 1;

	for (size_t i = 0; i < len && i < offset; i++)
		line += text[i] == '\n';
	return line;
}

static void syntax_error(struct builder *b, const yaml_parser_t *p, const char *text, size_t len)
{
	bool reader = p->error == YAML_READER_ERROR;
	const char *hint = reader ? "; the file must be UTF-8 text without control characters" : "";
	unsigned line =
		reader ? line_at(text, len, p->problem_offset) : (unsigned)p->problem_mark.line + 1;

	if (p->error == YAML_MEMORY_ERROR)
		conf_err_add(b->err, b->origin, 0, NULL, "out of memory");
	else
		conf_err_add(b->err, b->origin, b->numbered ? line : 0, NULL, "not YAML: %s%s%s%s",
			p->problem ? p->problem : "unreadable", p->context ? " " : "",
			p->context ? p->context : "", hint);
}

/* The tree of any document, whatever stands at its top; NULL after an error or without content. */
static struct conf_node *parse(
	const char *yaml, size_t len, const char *origin, bool numbered, struct conf_err *e)
{
	struct builder b = {.err = e, .origin = origin, .numbered = numbered};
	unsigned before = e->n;
	yaml_parser_t p;
	yaml_event_t ev;
	int end = 0;

	if (!yaml_parser_initialize(&p)) {
		conf_err_add(e, origin, 0, NULL, "out of memory");
		return NULL;
	}
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p, (const unsigned char *)yaml, len);
	while (end == 0) {
		if (!yaml_parser_parse(&p, &ev)) {
			syntax_error(&b, &p, yaml, len);
			break;
		}
		end = on_event(&b, &ev);
		yaml_event_delete(&ev);
	}
	yaml_parser_delete(&p);
	free(b.key);
	if (e->n == before)
		return b.root;
	conf_tree_free(b.root);
	return NULL;
}

struct conf_node *conf_tree_parse(
	const char *yaml, size_t len, const char *origin, struct conf_err *e)
{
	unsigned before = e->n;
	struct conf_node *root;

	if (len > CONF_FILE_MAX) {
		conf_err_add(e, origin, 0, NULL, "%zu bytes; at most %u", len, CONF_FILE_MAX);
		return NULL;
	}
	root = parse(yaml, len, origin, true, e);
	if (root == NULL && e->n == before) {
		conf_err_add(e, origin, 1, NULL,
			"empty; it needs at least 'ports:' with one port and its 'device:'");
		return NULL;
	}
	if (root != NULL && root->kind != CONF_MAP) {
		conf_err_add(e, origin, root->line, NULL,
			"a %s at the top; expected keys, as in 'cores: 2'",
			root->kind == CONF_LIST ? "list" : "single value");
		conf_tree_free(root);
		return NULL;
	}
	return root;
}

struct conf_node *conf_tree_load(const char *file, struct conf_err *e)
{
	struct conf_node *root = NULL;
	FILE *f = fopen(file, "re");
	char *buf = malloc(CONF_FILE_MAX + 1);

	if (f == NULL) {
		conf_err_add(e, file, 0, NULL, "cannot be opened: %s", strerror(errno));
	} else if (buf == NULL) {
		conf_err_add(e, file, 0, NULL, "out of memory");
	} else {
		size_t len = fread(buf, 1, CONF_FILE_MAX + 1, f);

		if (ferror(f))
			conf_err_add(e, file, 0, NULL, "cannot be read: %s", strerror(errno));
		else
			root = conf_tree_parse(buf, len, file, e);
	}
	free(buf);
	if (f != NULL)
		fclose(f);
	return root;
}

/* The map or list called name inside map, made if it is not there (or null). */
static struct conf_node *step(
	struct conf_node *map, const char *name, enum conf_kind kind, const char *origin)
{
	struct conf_node *c = conf_node_find(map, name);

	if (c == NULL) {
		c = node_new(kind, origin, 0);
		if (c == NULL)
			return NULL;
		c->key = strdup(name);
		node_append(map, c);
	} else if (c->kind == CONF_SCALAR && c->null) {
		c->kind = kind;
		c->null = false;
	}
	return c;
}

/* value takes the place of name's former value. */
static int replace(struct conf_node *map, const char *name, struct conf_node *value)
{
	struct conf_node *old = conf_node_find(map, name);

	if (old == NULL) {
		value->key = strdup(name);
		node_append(map, value);
		return value->key ? 0 : -1;
	}
	conf_tree_free(old->first);
	free(old->text);
	old->kind = value->kind;
	old->line = old->key_line = 0;
	old->origin = value->origin;
	old->text = value->text;
	old->null = value->null;
	old->n = value->n;
	old->first = value->first;
	old->last = value->last;
	free(value);
	return 0;
}

static int set_at(struct conf_node *at, const char *last, struct conf_node *v, bool append,
	struct conf_err *e)
{
	if (append) {
		const char *origin = v->origin;

		at = step(at, last, CONF_LIST, origin);
		if (at == NULL || at->kind != CONF_LIST || at->n >= CONF_CHILDREN_MAX) {
			conf_err_add(e, origin, 0, last, "not a list that takes one more");
			conf_tree_free(v);
			return -1;
		}
		node_append(at, v);
		return 0;
	}
	return replace(at, last, v);
}

int conf_tree_set(struct conf_node *root, const char *path, const char *value, bool append,
	const char *origin, struct conf_err *e)
{
	char copy[256], *save = NULL, *name, *next;
	unsigned before = e->n;
	struct conf_node *at = root, *v;

	if (strlen(path) >= sizeof(copy)) {
		conf_err_add(e, origin, 0, NULL, "path too long");
		return -1;
	}
	v = parse(value, strlen(value), origin, false, e);
	if (v == NULL) {
		if (e->n == before)
			conf_err_add(e, origin, 0, path, "no value; write %s=VALUE", path);
		return -1;
	}
	name = strtok_r(strcpy(copy, path), ".", &save);
	while (name != NULL && (next = strtok_r(NULL, ".", &save)) != NULL) {
		at = step(at, name, CONF_MAP, origin);
		if (at == NULL || at->kind != CONF_MAP) {
			conf_err_add(e, origin, 0, path, "'%s' holds no keys", name);
			conf_tree_free(v);
			return -1;
		}
		name = next;
	}
	if (name == NULL) {
		conf_err_add(e, origin, 0, NULL, "no key; write key.path=VALUE");
		conf_tree_free(v);
		return -1;
	}
	return set_at(at, name, v, append, e);
}
