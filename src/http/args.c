/*
 * args: the parameters of a request, from its path and its query, typed, checked, and with the document's
 * defaults.
 *
 * The query is read as forms write it: pairs between '&', '+' for a blank, %XX for a byte. A pair that is not
 * in the document, or is there twice, is an error: a filter that was misspelled must not be a filter that is
 * not there.
 */
#include "http/edge.h"

#include "base/utf8.h"

#include <assert.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool args_decode(struct arena *a, struct str s, bool plus_is_blank, struct str *ret)
{
	char *out = arena_alloc(a, s.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (c == '%') {
			int high = i + 2 < s.len ? hex_digit(s.p[i + 1]) : -1;
			int low = i + 2 < s.len ? hex_digit(s.p[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus_is_blank) {
			c = ' ';
		}
		out[n++] = c;
	}
	*ret = (struct str){ out, n };
	return true;
}

static const struct field *find_param(const struct op *op, struct str name, bool in_path, size_t *ret_i)
{
	for (size_t i = 0; i < op->n_params; i++) {
		if (op->params[i].in_path == in_path && !op->params[i].in_header &&
			str_eq(str_z(op->params[i].name), name)) {
			*ret_i = i;
			return &op->params[i];
		}
	}
	return NULL;
}

/* Text to the parameter's type. False: what is wrong was noted. */
static bool read_value(struct call *c, const struct field *f, struct str text, struct arg *arg)
{
	struct str wrong = STR("");

	arg->text = text;
	if (f->types & FIELD_BOOLEAN) {
		arg->boolean = str_eq(text, STR("true"));
		if (!arg->boolean && !str_eq(text, STR("false")))
			wrong = STR("must be true or false");
	} else if (f->types & FIELD_INTEGER) {
		if (!str_to_int(text, &arg->integer))
			wrong = STR("must be an integer");
		else
			check_integer(&c->arena, f, arg->integer, &wrong);
	} else if (memchr(text.p, '\0', text.len) || utf8_valid(text) != text.len) {
		wrong = STR("must be UTF-8 without NUL");
	} else {
		check_text(&c->arena, f, text, &wrong);
	}
	if (wrong.len > 0)
		edge_problem(c, str_z(f->name), "%.*s", STR_FMT(wrong));
	return wrong.len == 0;
}

static void read_pair(struct call *c, struct str pair)
{
	struct edge *x = edge_of(c);
	size_t at = str_find(pair, '='), i;
	struct str name, text;
	const struct field *f;

	if (!args_decode(&c->arena, (struct str){ pair.p, at }, true, &name)) {
		edge_problem(c, (struct str){ pair.p, at }, "is not a parameter of this operation");
		return;
	}
	f = find_param(c->op, name, false, &i);
	if (!f) {
		if (!c->op->any_query)
			edge_problem(c, name, "is not a parameter of this operation");
		return;
	}
	if (x->args[i].has) {
		edge_problem(c, name, "is given more than once");
		return;
	}
	x->args[i].has = true;
	if (!args_decode(&c->arena, str_from(pair, at + 1), true, &text))
		edge_problem(c, name, "%% must be followed by two hexadecimal digits");
	else
		read_value(c, f, text, &x->args[i]);
}

static void read_query(struct call *c)
{
	struct str rest = edge_of(c)->head.query;

	while (rest.len > 0) {
		struct str pair = { rest.p, str_find(rest, '&') };

		rest = str_from(rest, pair.len + 1);
		if (pair.len > 0)
			read_pair(c, pair);
	}
}

static void read_path(struct call *c)
{
	struct edge *x = edge_of(c);
	struct str path = str_z(c->op->path);
	size_t n = 0, i;

	for (;;) {
		struct str name, text;
		const struct field *f;

		path = str_from(path, str_find(path, '{') + 1);
		if (path.len == 0)
			return;
		name = (struct str){ path.p, str_find(path, '}') };
		f = find_param(c->op, name, true, &i);
		assert(f);
		x->args[i].has = true;
		if (!args_decode(&c->arena, x->path_args[n++], false, &text))
			edge_problem(c, name, "%% must be followed by two hexadecimal digits");
		else
			read_value(c, f, text, &x->args[i]);
	}
}

static void read_headers(struct call *c)
{
	struct edge *x = edge_of(c);

	for (size_t i = 0; i < c->op->n_params; i++) {
		const struct field *f = &c->op->params[i];
		struct str value =
			f->in_header ? str_trim(x->head.headers.get(x->head.headers.arg, f->name)) : STR("");

		if (value.len == 0)
			continue;
		x->args[i].has = true;
		read_value(c, f, value, &x->args[i]);
	}
}

void args_read(struct call *c)
{
	struct edge *x = edge_of(c);

	x->args = arena_array(&c->arena, c->op->n_params, sizeof *x->args);
	read_path(c);
	read_query(c);
	read_headers(c);
	for (size_t i = 0; i < c->op->n_params; i++) {
		const struct field *f = &c->op->params[i];

		if (x->args[i].has)
			continue;
		if (f->def)
			x->args[i].has = read_value(c, f, str_z(f->def), &x->args[i]);
		else if (f->required)
			edge_problem(c, str_z(f->name), "is required");
	}
}

/* A name that the document does not have is a mistake of ours. */
static const struct arg *arg_get(const struct call *c, const char *name)
{
	size_t i = 0;

	while (i < c->op->n_params && strcmp(c->op->params[i].name, name) != 0)
		i++;
	assert(i < c->op->n_params);
	return &edge_of(c)->args[i];
}

bool arg_has(const struct call *c, const char *name)
{
	return arg_get(c, name)->has;
}

struct str arg_str(const struct call *c, const char *name)
{
	const struct arg *arg = arg_get(c, name);

	return arg->has ? arg->text : STR("");
}

int64_t arg_int(const struct call *c, const char *name)
{
	return arg_get(c, name)->integer;
}

bool arg_bool(const struct call *c, const char *name)
{
	return arg_get(c, name)->boolean;
}

/* The document's checks have read it once already. */
int64_t arg_time(const struct call *c, const char *name)
{
	int64_t ms = 0;

	clock_parse(arg_str(c, name), &ms);
	return ms;
}
