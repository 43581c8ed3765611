/*
 * check: values against the rows that the generator made of the document's schemas.
 *
 * A body is walked once, member by member; each finds its row by name. What is wrong is noted for every
 * field, not for the first only: who writes a client wants to be told all at once. Patterns are compiled at
 * start. A string with a NUL matches none of them, because a regular expression library that works on C
 * strings would look at its beginning only.
 */
#include "http/edge.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum err_code patterns_compile(struct pattern *patterns, struct err *e)
{
	char why[100];
	int code;

	for (struct pattern *p = patterns; p->text; p++) {
		code = regcomp(&p->re, p->text, REG_EXTENDED | REG_NOSUB);
		if (code != 0) {
			regerror(code, &p->re, why, sizeof why);
			while (p > patterns)
				regfree(&(--p)->re);
			return err_set(e, ERR_INTERNAL, "pattern of api/openapi.yaml: %s", why);
		}
	}
	return ERR_OK;
}

void patterns_free(struct pattern *patterns)
{
	for (struct pattern *p = patterns; p->text; p++)
		regfree(&p->re);
}

static bool matches(const struct pattern *p, struct str text)
{
	regmatch_t range = { .rm_so = 0, .rm_eo = (regoff_t)text.len };

	if (text.len > 0 && memchr(text.p, '\0', text.len))
		return false;
	return regexec(&p->re, text.len ? text.p : "", 1, &range, REG_STARTEND) == 0;
}

/* Characters of valid UTF-8: bytes that do not continue one. */
static int64_t n_characters(struct str text)
{
	int64_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	return n;
}

static bool is_one_line(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
			return false;
	return true;
}

static bool is_among(const char *const *values, struct str text)
{
	for (; *values; values++)
		if (str_eq(str_z(*values), text))
			return true;
	return false;
}

static struct str list_of(struct arena *a, const char *const *values)
{
	AUTO_BUF b;

	buf_init(&b, 300);
	for (size_t i = 0; values[i]; i++)
		buf_fmt(&b, "%s%s", i ? ", " : "", values[i]);
	return arena_str(a, buf_view(&b));
}

bool check_text(struct arena *a, const struct field *f, struct str text, struct str *ret_wrong)
{
	int64_t ms;

	/* Bytes are no fewer than characters, so the short ones need not be counted. */
	if (f->min_len > 0 && n_characters(text) < f->min_len)
		*ret_wrong = f->min_len == 1 ? STR("must not be empty")
					     : arena_fmt(a, "must have %lld characters at least",
						       (long long)f->min_len);
	else if (f->max_len >= 0 && (int64_t)text.len > f->max_len && n_characters(text) > f->max_len)
		*ret_wrong = arena_fmt(a, "must have %lld characters at most", (long long)f->max_len);
	else if (f->values && !is_among(f->values, text))
		*ret_wrong = arena_fmt(a, "must be one of %.*s", STR_FMT(list_of(a, f->values)));
	else if (f->one_line && !is_one_line(text))
		*ret_wrong = STR("must be one line without control characters");
	else if (f->date_time && !clock_parse(text, &ms))
		*ret_wrong = STR("must be a date and time of RFC 3339, as 2026-01-31T12:00:00Z");
	else if (f->pattern && !matches(f->pattern, text))
		*ret_wrong = str_z(f->says);
	else
		return true;
	return false;
}

bool check_integer(struct arena *a, const struct field *f, int64_t value, struct str *ret_wrong)
{
	if (value >= f->min && value <= f->max)
		return true;
	if (f->max == INT64_MAX)
		*ret_wrong = arena_fmt(a, "must be %lld at least", (long long)f->min);
	else if (f->min == INT64_MIN)
		*ret_wrong = arena_fmt(a, "must be %lld at most", (long long)f->max);
	else
		*ret_wrong = arena_fmt(a, "must be from %lld to %lld", (long long)f->min, (long long)f->max);
	return false;
}

static struct str wanted_types(struct arena *a, const struct field *f)
{
	static const struct {
		unsigned bit;
		const char *name;
	} types[] = { { FIELD_STRING, "a string" }, { FIELD_INTEGER, "an integer of 64 bits" },
		{ FIELD_BOOLEAN, "true or false" }, { FIELD_ARRAY, "a list" }, { FIELD_OBJECT, "an object" },
		{ FIELD_NULL, "null" } };
	AUTO_BUF b;

	buf_init(&b, 200);
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (f->types & types[i].bit)
			buf_fmt(&b, "%s%s", b.len ? " or " : "must be ", types[i].name);
	return arena_str(a, buf_view(&b));
}

static bool is_same(const struct json *a, const struct json *b)
{
	int64_t x, y;

	if (json_kind(a) == JSON_STRING && json_kind(b) == JSON_STRING)
		return str_eq(json_str(a), json_str(b));
	return json_int(a, &x) && json_int(b, &y) && x == y;
}

/* Lists are short by their maxItems: looking at each pair is fine. */
static bool is_unique(const struct json *list)
{
	for (size_t i = 0; i < json_len(list); i++)
		for (size_t k = 0; k < i; k++)
			if (is_same(json_at(list, i), json_at(list, k)))
				return false;
	return true;
}

static bool check_list(struct arena *a, const struct field *f, const struct json *list, struct str *ret_wrong)
{
	int64_t n = (int64_t)json_len(list);
	struct str wrong;

	if (n < f->min_len || (f->max_len >= 0 && n > f->max_len)) {
		*ret_wrong = arena_fmt(
			a, "must have from %lld to %lld items", (long long)f->min_len, (long long)f->max_len);
		return false;
	}
	for (size_t i = 0; i < (size_t)n; i++) {
		if (!check_value(a, f->items, json_at(list, i), &wrong)) {
			*ret_wrong = arena_fmt(a, "item %zu %.*s", i + 1, STR_FMT(wrong));
			return false;
		}
	}
	if (f->unique && !is_unique(list)) {
		*ret_wrong = STR("must not have an item twice");
		return false;
	}
	return true;
}

struct members {
	struct arena *a;
	const struct field *f;
	uint64_t seen; /* a bit a member */
	struct str *wrong;
	bool bad;
};

static bool check_member_of(void *arg, struct str key, struct json *value)
{
	struct members *m = arg;
	struct str wrong;

	for (size_t i = 0; i < m->f->n_members; i++) {
		if (!str_eq(key, str_z(m->f->members[i].name)))
			continue;
		m->seen |= UINT64_C(1) << i;
		if (check_value(m->a, &m->f->members[i], value, &wrong))
			return true;
		*m->wrong = arena_fmt(m->a, "has a %.*s that %.*s", STR_FMT(key), STR_FMT(wrong));
		m->bad = true;
		return false;
	}
	m->bad = true;
	*m->wrong = arena_fmt(m->a, "has a member that it does not take: \"%.*s\"",
		(int)(key.len < 100 ? key.len : 100), key.p);
	return false;
}

static bool check_object(
	struct arena *a, const struct field *f, const struct json *value, struct str *ret_wrong)
{
	struct members m = { .a = a, .f = f, .wrong = ret_wrong };

	json_each(value, check_member_of, &m);
	if (m.bad)
		return false;
	for (size_t i = 0; i < f->n_members; i++) {
		if (!f->members[i].required || m.seen >> i & 1)
			continue;
		*ret_wrong = arena_fmt(a, "needs a member %s", f->members[i].name);
		return false;
	}
	return true;
}

bool check_value(struct arena *a, const struct field *f, const struct json *value, struct str *ret_wrong)
{
	int64_t integer;

	switch (json_kind(value)) {
	case JSON_STRING:
		if (f->types & FIELD_STRING)
			return check_text(a, f, json_str(value), ret_wrong);
		break;
	case JSON_NUMBER:
		if ((f->types & FIELD_INTEGER) && json_int(value, &integer))
			return check_integer(a, f, integer, ret_wrong);
		break;
	case JSON_BOOL:
		if (f->types & FIELD_BOOLEAN)
			return true;
		break;
	case JSON_NULL:
		if (f->types & FIELD_NULL)
			return true;
		break;
	case JSON_ARRAY:
		if (f->types & FIELD_ARRAY)
			return check_list(a, f, value, ret_wrong);
		break;
	case JSON_OBJECT:
		if (f->types & FIELD_OBJECT)
			return check_object(a, f, value, ret_wrong);
		break;
	case JSON_NONE:
		break;
	}
	*ret_wrong = wanted_types(a, f);
	return false;
}

struct walk {
	struct call *c;
	uint64_t seen; /* a bit a field */
};

static bool check_member(void *arg, struct str key, struct json *value)
{
	struct walk *w = arg;
	const struct op *op = w->c->op;
	struct str wrong;

	for (size_t i = 0; i < op->n_fields; i++) {
		if (!str_eq(key, str_z(op->fields[i].name)))
			continue;
		w->seen |= UINT64_C(1) << i;
		if (!check_value(&w->c->arena, &op->fields[i], value, &wrong))
			edge_problem(w->c, key, "%.*s", STR_FMT(wrong));
		return true;
	}
	edge_problem(w->c, key, "is not a field of this body");
	return true;
}

void check_body(struct call *c, const struct json *body)
{
	struct walk w = { .c = c };

	assert(c->op->n_fields <= 64);
	json_each(body, check_member, &w);
	for (size_t i = 0; i < c->op->n_fields; i++)
		if (c->op->fields[i].required && !(w.seen & (UINT64_C(1) << i)))
			edge_problem(c, str_z(c->op->fields[i].name), "is required");
}
