/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tester.h"

struct obj *obj_new(struct tester *t, enum obj_kind kind)
{
	for (int i = 0; i < TESTER_OBJS; i++) {
		if (t->obj[i] != NULL)
			continue;
		struct obj *o = calloc(1, sizeof(*o));

		if (o == NULL)
			return NULL;
		o->kind = kind;
		o->id = i;
		o->t = t;
		o->parent = -1;
		o->last = &o->first;
		t->obj[i] = o;
		return o;
	}
	return NULL;
}

/* The object that the request names by "h", if it is of that kind. */
struct obj *obj_of(struct tester *t, json_t *in, enum obj_kind kind)
{
	uint64_t h = arg_int(in, "h", TESTER_OBJS);
	struct obj *o = h < TESTER_OBJS ? t->obj[h] : NULL;

	return o != NULL && o->kind == kind ? o : NULL;
}

void obj_free(struct obj *o)
{
	struct piece *p;

	while ((p = obj_pop(o)) != NULL) {
		gn_buf_free(o->t->c, p->m);
		free(p);
	}
	o->t->obj[o->id] = NULL;
	free(o->out);
	free(o);
}

int obj_push(
	struct obj *o, struct rte_mbuf *m, const struct gn_addr *from, const struct gn_addr *to)
{
	struct piece *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		gn_buf_free(o->t->c, m);
		return -ENOMEM;
	}
	p->m = m;
	if (from != NULL)
		p->from = *from;
	if (to != NULL)
		p->to = *to;
	*o->last = p;
	o->last = &p->next;
	return 0;
}

/* The oldest piece, now the caller's, or NULL. */
struct piece *obj_pop(struct obj *o)
{
	struct piece *p = o->first;

	if (p == NULL)
		return NULL;
	o->first = p->next;
	if (o->first == NULL)
		o->last = &o->first;
	return p;
}

size_t obj_unread(const struct obj *o)
{
	size_t n = 0;

	for (const struct piece *p = o->first; p != NULL; p = p->next)
		n += p->m->pkt_len - p->used;
	return n;
}

uint64_t arg_int(json_t *in, const char *key, uint64_t missing)
{
	json_t *v = json_object_get(in, key);

	if (json_is_boolean(v))
		return json_is_true(v);
	return json_is_integer(v) ? (uint64_t)json_integer_value(v) : missing;
}

int arg_addr(json_t *in, const char *a_key, const char *p_key, struct gn_addr *a)
{
	const char *text = json_string_value(json_object_get(in, a_key));

	memset(a, 0, sizeof(*a));
	if (text != NULL && *text != '\0' && gn_addr_parse(a, text) < 0)
		return -EINVAL;
	a->port = (uint16_t)arg_int(in, p_key, 0);
	return 0;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int arg_bytes(json_t *in, uint64_t at, uint8_t **data, size_t *len)
{
	json_t *hex = json_object_get(in, "data");

	*len = json_is_string(hex) ? json_string_length(hex) / 2 : arg_int(in, "fill", 0);
	*data = malloc(*len + 1);
	if (*data == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < *len; i++) {
		if (!json_is_string(hex)) {
			(*data)[i] = (uint8_t)((at + i) % 251);
			continue;
		}
		int hi = nibble(json_string_value(hex)[2 * i]);
		int lo = nibble(json_string_value(hex)[2 * i + 1]);

		if (hi < 0 || lo < 0) {
			free(*data);
			return -EINVAL;
		}
		(*data)[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}

json_t *hex_of(const uint8_t *data, size_t len)
{
	static const char digit[] = "0123456789abcdef";
	char *text = malloc(2 * len + 1);

	if (text == NULL)
		return json_null();
	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digit[data[i] >> 4];
		text[2 * i + 1] = digit[data[i] & 15];
	}
	json_t *s = json_stringn(text, 2 * len);

	free(text);
	return s;
}

void put_addr(json_t *out, const char *a_key, const char *p_key, const struct gn_addr *a)
{
	char text[INET6_ADDRSTRLEN] = "";
	uint32_t v4 = htonl(a->v4);

	if (a->family == 4)
		inet_ntop(AF_INET, &v4, text, sizeof(text));
	else if (a->family == 6)
		inet_ntop(AF_INET6, a->v6, text, sizeof(text));
	json_object_set_new(out, a_key, json_string(text));
	json_object_set_new(out, p_key, json_integer(a->port));
}
