/*
 * form: what a browser sends of a form (WHATWG URL, application/x-www-form-urlencoded), as if it had been sent as JSON.
 *
 * So the members of a form are checked by the same rows of the same document, and a handler reads both alike. A field that is a list is
 * there once for each of its values; any other that is there twice is refused, for which of the two is meant cannot be told. A number or
 * a choice that was left empty was not given.
 */
#include "http/edge.h"

#include "base/digest.h"
#include "base/utf8.h"

#define PAIRS_MAX 200

struct pair {
	struct str name, value;
	bool written;
};

static const struct field *find_field(const struct op *op, struct str name)
{
	for (size_t i = 0; i < op->n_fields; i++)
		if (str_eq(str_z(op->fields[i].name), name))
			return &op->fields[i];
	return NULL;
}

static bool is_text(struct str s)
{
	return str_find(s, '\0') == s.len && utf8_valid(s) == s.len;
}

static enum err_code read_pairs(
	struct call *c, struct str text, struct pair *pairs, size_t *ret_n, struct err *e)
{
	size_t n = 0;

	while (text.len > 0) {
		struct str both = { text.p, str_find(text, '&') };
		size_t eq = str_find(both, '=');

		text = str_from(text, both.len + 1);
		if (both.len == 0)
			continue;
		if (n == PAIRS_MAX)
			return err_set(e, ERR_INVALID, "the form has more than %d fields", PAIRS_MAX);
		if (!args_decode(&c->arena, (struct str){ both.p, eq }, true, &pairs[n].name) ||
			!args_decode(&c->arena, str_from(both, eq + 1), true, &pairs[n].value) ||
			!is_text(pairs[n].name) || !is_text(pairs[n].value))
			return err_set(e, ERR_INVALID,
				"the form is not as a browser sends it: UTF-8, percent-encoded, without NUL");
		n++;
	}
	*ret_n = n;
	return ERR_OK;
}

static void put_value(struct json_out *j, const char *key, const struct field *f, struct str value)
{
	int64_t number;

	if (f && (f->types & FIELD_INTEGER) && str_to_int(value, &number))
		json_put_int(j, key, number);
	else if (f && (f->types & FIELD_BOOLEAN) && (str_eq(value, STR("on")) || str_eq(value, STR("true"))))
		json_put_bool(j, key, true);
	else
		json_put_str(j, key, value);
}

/* All values of a list, from the i-th pair on. */
static void put_list(struct json_out *j, const struct field *f, struct pair *pairs, size_t n, size_t i)
{
	struct str name = pairs[i].name;

	json_open_array(j, f->name);
	for (; i < n; i++) {
		if (!str_eq(pairs[i].name, name))
			continue;
		put_value(j, NULL, f->items, pairs[i].value);
		pairs[i].written = true;
	}
	json_close_array(j);
}

static bool was_before(const struct pair *pairs, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (str_eq(pairs[k].name, pairs[i].name))
			return true;
	return false;
}

static void put_pair(struct call *c, struct json_out *j, struct pair *pairs, size_t n, size_t i)
{
	const struct field *f = find_field(c->op, pairs[i].name);

	if (f && (f->types & FIELD_ARRAY))
		put_list(j, f, pairs, n, i);
	else if (was_before(pairs, i))
		edge_problem(c, pairs[i].name, "is there twice");
	else if (pairs[i].value.len > 0 || !f || (f->types & FIELD_STRING))
		put_value(j, arena_cstr(&c->arena, pairs[i].name), f, pairs[i].value);
}

enum err_code form_parse(struct call *c, struct str text, struct json_doc **ret, struct err *e)
{
	struct pair *pairs = arena_array(&c->arena, PAIRS_MAX, sizeof *pairs);
	struct json_out j;
	enum err_code code;
	size_t n = 0;
	AUTO_BUF out;

	buf_init(&out, EDGE_REPLY_MAX);
	TRY(read_pairs(c, text, pairs, &n, e));
	json_out_init(&j, &out);
	json_open_object(&j, NULL);
	for (size_t i = 0; i < n; i++)
		if (!pairs[i].written)
			put_pair(c, &j, pairs, n, i);
	json_close_object(&j);
	TRY(buf_check(&out, "form", e));
	code = json_parse(buf_view(&out), 0, ret, e);
	secret_wipe(out.p, out.len); /* it may hold a password */
	return code;
}
