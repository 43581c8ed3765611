/* conform: see the header. JSON Schema as OpenAPI 3.0 has it, as much of it as the document uses. */
#include "tests/test.h"

#include "tests/http/conform.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct json_doc *document; /* read once, and kept until the program ends */

static const struct json *root(void)
{
	struct err e;

	if (!document && json_parse(api_openapi_json, 0, &document, &e) != ERR_OK)
		fail_msg("the document: %s", e.text);
	return json_root(document);
}

/* ---- where we are ---- */

struct checking {
	char path[600]; /* as $.data[3].status */
	struct buf *why;
};

static bool wrong(const struct checking *c, const char *what, struct str detail)
{
	buf_fmt(c->why, "%s %s%.*s; ", c->path, what, STR_FMT(detail));
	return false;
}

static size_t go_into(struct checking *c, struct str name, size_t index)
{
	size_t len = strlen(c->path);

	if (name.len > 0)
		snprintf(c->path + len, sizeof c->path - len, ".%.*s", STR_FMT(name));
	else
		snprintf(c->path + len, sizeof c->path - len, "[%zu]", index);
	return len;
}

/* ---- references ---- */

/* "#/components/schemas/Run". No name in the document has a ~ or a % in it. */
static const struct json *follow(const struct json *node)
{
	struct str ref = json_str(json_get(node, "$ref"));
	const struct json *at = root();
	char name[200];

	if (ref.len == 0)
		return node;
	for (ref = str_from(ref, 2); ref.len > 0;) {
		size_t slash = str_find(ref, '/');

		snprintf(name, sizeof name, "%.*s", (int)slash, ref.p);
		at = json_get(at, name);
		ref = str_from(ref, slash + 1);
	}
	if (!at)
		fail_msg("the document refers to what is not there: %s", name);
	return follow(at);
}

/* ---- one value ---- */

static bool check(struct checking *c, const struct json *schema, const struct json *value);

static int64_t characters(struct str s)
{
	int64_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

/* Not more than the bounds that the schema names; one that it does not name holds all. */
static bool within(struct checking *c, const struct json *schema, const char *min, const char *max, int64_t n)
{
	int64_t low = INT64_MIN, high = INT64_MAX;

	json_int(json_get(schema, min), &low);
	json_int(json_get(schema, max), &high);
	if (n < low)
		return wrong(c, "is below its ", str_z(min));
	return n <= high || wrong(c, "is above its ", str_z(max));
}

static struct { /* compiled once; they are few */
	struct str text;
	regex_t re;
} patterns[200];
static size_t n_patterns;

static const regex_t *pattern_of(struct str text)
{
	char copy[500];

	for (size_t i = 0; i < n_patterns; i++)
		if (str_eq(patterns[i].text, text))
			return &patterns[i].re;
	assert_true(n_patterns < sizeof patterns / sizeof *patterns && text.len < sizeof copy);
	snprintf(copy, sizeof copy, "%.*s", STR_FMT(text));
	assert_int_equal(regcomp(&patterns[n_patterns].re, copy, REG_EXTENDED | REG_NOSUB), 0);
	patterns[n_patterns].text = (struct str){ mem_dup(text), text.len };
	return &patterns[n_patterns++].re;
}

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < 32 || s.p[i] == 127)
			return true;
	return false;
}

static bool matches(struct str pattern, struct str text)
{
	char *copy;
	bool fits;

	if (has_control(pattern)) /* one line without control characters is the only such */
		return !has_control(text);
	if (memchr(text.p ? text.p : "", '\0', text.len))
		return false;
	copy = mem_dup(text);
	fits = regexec(pattern_of(pattern), copy, 0, NULL, 0) == 0;
	free(copy);
	return fits;
}

/* RFC 3986, as far as ours go: of the web, and no byte that would have to be written as %XX. */
static bool is_uri(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' || strchr("<>\"{}|\\^`", s.p[i]))
			return false;
	return str_starts(s, STR("http://")) || str_starts(s, STR("https://"));
}

static bool check_string(struct checking *c, const struct json *schema, struct str s)
{
	struct str pattern = json_str(json_get(schema, "pattern")),
		   format = json_str(json_get(schema, "format"));
	int64_t ms;

	if (!within(c, schema, "minLength", "maxLength", characters(s)))
		return false;
	if (pattern.len > 0 && !matches(pattern, s))
		return wrong(c, "does not match ", pattern);
	if (str_eq(format, STR("uri")))
		return is_uri(s) || wrong(c, "is no absolute URI: ", s);
	if (!str_eq(format, STR("date-time")))
		return format.len == 0 || wrong(c, "has a format that is not known here: ", format);
	/* The results API: in UTC. */
	return (clock_parse(s, &ms) && str_ends(s, STR("Z"))) || wrong(c, "is no time in UTC: ", s);
}

static void written(const struct json *n, struct buf *out)
{
	buf_reset(out);
	json_write(n, out);
}

static bool is_same(const struct json *a, const struct json *b)
{
	AUTO_BUF x, y;

	buf_init(&x, SIZE_MAX);
	buf_init(&y, SIZE_MAX);
	written(a, &x);
	written(b, &y);
	return str_eq(buf_view(&x), buf_view(&y));
}

static bool check_array(struct checking *c, const struct json *schema, const struct json *value)
{
	const struct json *items = json_get(schema, "items");
	size_t n = json_len(value);
	bool fits = within(c, schema, "minItems", "maxItems", (int64_t)n);

	for (size_t i = 0; i < n && fits; i++) {
		size_t len = go_into(c, STR(""), i);

		fits = !items || check(c, items, json_at(value, i));
		for (size_t k = 0; k < i && fits && json_is_true(json_get(schema, "uniqueItems")); k++)
			fits = !is_same(json_at(value, i), json_at(value, k)) ||
			       wrong(c, "is there twice", STR(""));
		c->path[len] = '\0';
	}
	return fits;
}

struct member {
	struct checking *c;
	const struct json *properties, *others;
	bool fits;
};

static bool check_member(void *arg, struct str key, struct json *value)
{
	struct member *m = arg;
	size_t len = go_into(m->c, key, 0);
	char name[200];
	const struct json *schema;

	snprintf(name, sizeof name, "%.*s", STR_FMT(key));
	schema = json_get(m->properties, name);
	if (!schema)
		schema = m->others;
	if (schema && json_kind(schema) == JSON_BOOL && !json_is_true(schema))
		m->fits = wrong(m->c, "is not in the document", STR(""));
	else if (schema && json_kind(schema) == JSON_OBJECT)
		m->fits = check(m->c, schema, value);
	m->c->path[len] = '\0';
	return m->fits;
}

static bool check_object(struct checking *c, const struct json *schema, const struct json *value)
{
	const struct json *required = json_get(schema, "required");
	struct member m = { c, json_get(schema, "properties"), json_get(schema, "additionalProperties"),
		true };
	char name[200];

	for (size_t i = 0; i < json_len(required); i++) {
		snprintf(name, sizeof name, "%.*s", STR_FMT(json_str(json_at(required, i))));
		if (!json_get(value, name))
			return wrong(c, "lacks ", json_str(json_at(required, i)));
	}
	json_each(value, check_member, &m);
	return m.fits;
}

static bool check_one_of(struct checking *c, const struct json *list, const struct json *value)
{
	struct buf *why = c->why;
	size_t n = 0;
	AUTO_BUF of_each;

	buf_init(&of_each, SIZE_MAX);
	c->why = &of_each;
	for (size_t i = 0; i < json_len(list); i++)
		n += check(c, json_at(list, i), value);
	c->why = why;
	return n == 1 || wrong(c, n == 0 ? "is none of oneOf: " : "is several of oneOf", buf_view(&of_each));
}

static bool check_enum(struct checking *c, const struct json *values, const struct json *value)
{
	AUTO_BUF text;

	buf_init(&text, SIZE_MAX);
	for (size_t i = 0; i < json_len(values); i++)
		if (is_same(json_at(values, i), value))
			return true;
	written(value, &text);
	return wrong(c, "is none of its enum: ", buf_view(&text));
}

static bool check_type(
	struct checking *c, struct str type, const struct json *schema, const struct json *value)
{
	enum json_kind kind = json_kind(value);
	int64_t n = 0;

	if (str_eq(type, STR("object")))
		return kind == JSON_OBJECT ? check_object(c, schema, value)
					   : wrong(c, "is no object", STR(""));
	if (str_eq(type, STR("array")))
		return kind == JSON_ARRAY ? check_array(c, schema, value) : wrong(c, "is no array", STR(""));
	if (str_eq(type, STR("string")))
		return kind == JSON_STRING ? check_string(c, schema, json_str(value))
					   : wrong(c, "is no string", STR(""));
	if (str_eq(type, STR("integer")))
		return json_int(value, &n) ? within(c, schema, "minimum", "maximum", n)
					   : wrong(c, "is no integer", STR(""));
	if (str_eq(type, STR("number")))
		return kind == JSON_NUMBER || wrong(c, "is no number", STR(""));
	if (str_eq(type, STR("boolean")))
		return kind == JSON_BOOL || wrong(c, "is no boolean", STR(""));
	return type.len == 0 || wrong(c, "has a type that is not known here: ", type);
}

static bool is_known(void *arg, struct str key, struct json *value)
{
	static const char *const known[] = { "type", "description", "example", "default", "nullable", "enum",
		"minLength", "maxLength", "pattern", "x-says", "minimum", "maximum", "format", "items",
		"minItems", "maxItems", "uniqueItems", "oneOf", "properties", "required",
		"additionalProperties", "$ref" };
	(void)value;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_eq(key, str_z(known[i])))
			return true;
	return wrong(arg, "has a schema with a word that is not known here: ", key);
}

struct knowing {
	struct checking *c;
	bool all;
};

static bool know(void *arg, struct str key, struct json *value)
{
	struct knowing *k = arg;

	k->all = is_known(k->c, key, value);
	return k->all;
}

static bool check(struct checking *c, const struct json *schema, const struct json *value)
{
	const struct json *values, *one_of;
	struct knowing k = { c, true };

	schema = follow(schema);
	json_each(schema, know, &k);
	if (!k.all)
		return false;
	if (json_kind(value) == JSON_NULL && json_is_true(json_get(schema, "nullable")))
		return true;
	values = json_get(schema, "enum");
	one_of = json_get(schema, "oneOf");
	return (!values || check_enum(c, values, value)) && (!one_of || check_one_of(c, one_of, value)) &&
	       check_type(c, json_str(json_get(schema, "type")), schema, value);
}

bool conform_fits(const struct json *schema, const struct json *value, struct buf *ret_why)
{
	struct checking c = { .path = "$", .why = ret_why };

	return check(&c, schema, value);
}

/* ---- one answer ---- */

static const struct json *response_of(const struct op *op, int status)
{
	const struct json *item = json_get(json_get(root(), "paths"), op->path);
	char method[20], code[20];
	size_t i = 0;

	for (; op->method[i] && i + 1 < sizeof method; i++)
		method[i] = (char)(op->method[i] | 0x20);
	method[i] = '\0';
	snprintf(code, sizeof code, "%d", status);
	return follow(json_get(json_get(json_get(item, method), "responses"), code));
}

/* Without its parameters. */
static void type_of(const struct answer *r, char out[100])
{
	snprintf(out, 100, "%s", header_of(r, "Content-Type"));
	out[strcspn(out, "; ")] = '\0';
}

/* Of an answer with that Content-Type; body: its JSON, or NULL where it is not to be looked at. */
static bool fits_op(const struct op *op, const struct answer *r, const char *type, const struct json *body,
	struct buf *why)
{
	const struct json *response = response_of(op, r->status), *content, *schema;

	if (!response) {
		buf_z(why, "the document has no such status");
		return false;
	}
	content = json_get(response, "content");
	if (!content) {
		bool empty = r->len == 0 || r->status == 303; /* a page is sent elsewhere with a word */

		buf_z(why, empty ? "" : "the document has no body of it");
		return empty;
	}
	if (r->status >= 400 && strcmp(type, "text/plain") == 0 && json_get(content, "application/json"))
		return r->len >
		       0; /* an ErrorResponse as text, which the document tells of all at once: clients that are made of it ask for JSON */
	schema = json_get(json_get(content, type), "schema");
	if (!schema) {
		buf_fmt(why, "the document does not have %s of it", type);
		return false;
	}
	return !body || conform_fits(schema, body, why);
}

static bool fits_an_error(const struct json *body, struct buf *why)
{
	return !body ||
	       conform_fits(json_get(json_get(json_get(root(), "components"), "schemas"), "ErrorResponse"),
		       body, why);
}

/* Tests may ask from several threads at once. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void conform_assert(const struct op *op, struct str method, struct answer *r)
{
	const struct json *body = NULL;
	char type[100];
	bool fits;
	AUTO_BUF why;

	buf_init(&why, SIZE_MAX);
	type_of(r, type);
	if (strcmp(type, "application/json") == 0 && !str_eq(method, STR("HEAD")))
		body = json_of(r);
	pthread_mutex_lock(&lock);
	fits = op ? fits_op(op, r, type, body, &why) : fits_an_error(body, &why);
	pthread_mutex_unlock(&lock);
	if (!fits)
		fail_msg("%.*s %s may not answer %d like this: %s %.2000s", STR_FMT(method),
			op ? op->path : "what is not there", r->status, buf_cstr(&why),
			r->body ? r->body : "");
}
