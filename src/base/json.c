/*
 * json: the reading half. One walk over the bytes by the grammar of RFC 8259 makes the tree as it goes.
 *
 * The tree is json-c's (objects with a seeded hash, arrays, strings with a length), its parser is not used:
 * even in strict mode it takes single quotes, NaN, comments, duplicate keys and NULs in keys, and it clamps
 * integers to their range, so that 10^30 and INT64_MAX cannot be told apart (measured with 0.16). Walking
 * once to refuse all that and a second time to build would also cost twice.
 *
 * Duplicate keys are found by looking each decoded key up in the object it is about to enter: "a" and
 * "\u0061" are the same, and 10,000 members take linear time. The recursion is as deep as JSON_MAX_DEPTH at
 * most.
 *
 * What a reader would get wrong: json-c has no object for null, its null is a NULL pointer, which here means
 * "absent". A node that is null is therefore the address of null_node, and object_of() turns it back.
 */
#include "base/json.h"

#include "base/arena.h"
#include "base/utf8.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_(n) #n
#define DIGITS(n) DIGITS_(n)
#define TEXT_MAX (INT_MAX / 3) /* json-c counts in int, and a repaired byte takes three */

struct json_doc {
	json_object *root;
};

struct walk {
	const char *start, *p, *end;
	unsigned flags, depth, n_containers;
	/* A stack: the decoded keys of the members that are being read, outermost first, a NUL behind each;
	 * on top the string that is being decoded. */
	struct buf scratch;
	struct err *e;
};

static enum err_code value(struct walk *w, json_object **ret);

static enum err_code wrong_at(const struct walk *w, const char *at, const char *what)
{
	return err_set(w->e, ERR_INVALID, "not JSON at byte %zu: %s", (size_t)(at - w->start), what);
}

/* What was expected is not there; say so, or that the text is over. */
static enum err_code wrong(const struct walk *w, const char *what)
{
	return wrong_at(w, w->p, w->p == w->end ? "the text ends too early" : what);
}

static void skip_space(struct walk *w)
{
	while (w->p < w->end && (*w->p == ' ' || *w->p == '\n' || *w->p == '\r' || *w->p == '\t'))
		w->p++;
}

static bool is_next(const struct walk *w, char c)
{
	return w->p < w->end && *w->p == c;
}

static bool skip(struct walk *w, char c)
{
	if (!is_next(w, c))
		return false;
	w->p++;
	return true;
}

/* ---- strings ---- */

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Not 0 if one of eight bytes is 0 (Mycroft's test; exact as a whole, though not about which). */
static uint64_t any_zero(uint64_t word)
{
	return (word - EACH(0x01)) & ~word & EACH(0x80);
}

/* Over what stands in a string as it is: not quote, backslash, controls, nor what is not ASCII. */
static const char *skip_plain(const char *p, const char *end)
{
	uint64_t word;

	for (; end - p >= 8; p += 8) {
		memcpy(&word, p, 8);
		if ((word & EACH(0x80)) || any_zero(word & EACH(0xE0)) || any_zero(word ^ EACH('"')) ||
			any_zero(word ^ EACH('\\')))
			break;
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80)
		p++;
	return p;
}

/* Four hex digits behind \u. */
static enum err_code hex4(struct walk *w, uint32_t *ret_code)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++, w->p++) {
		char c = w->p < w->end ? *w->p : '\0', low = (char)(c | 0x20);

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if (low >= 'a' && low <= 'f')
			v = v << 4 | (uint32_t)(low - 'a' + 10);
		else
			return wrong(w, "\\u needs four hex digits");
	}
	*ret_code = v;
	return ERR_OK;
}

/* Behind \u: one escape, or two that are a surrogate pair. */
static enum err_code unicode_escape(struct walk *w, bool is_key, uint32_t *ret_code)
{
	const char *at = w->p - 2, *behind_first;
	uint32_t first = 0, second = 0;

	TRY(hex4(w, &first));
	if (first == 0 && is_key)
		return wrong_at(w, at, "NUL in a key");
	if (first < 0xD800 || first > 0xDFFF) {
		*ret_code = first;
		return ERR_OK;
	}
	behind_first = w->p;
	if (first < 0xDC00 && skip(w, '\\') && skip(w, 'u')) {
		TRY(hex4(w, &second));
		if (second >= 0xDC00 && second <= 0xDFFF) {
			*ret_code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
			return ERR_OK;
		}
	}
	if (is_key || !(w->flags & JSON_REPAIR_TEXT))
		return wrong_at(w, at, "half of a surrogate pair");
	w->p = behind_first; /* what follows is an escape of its own */
	*ret_code = 0xFFFD;
	return ERR_OK;
}

/* Behind the backslash. */
static enum err_code escape(struct walk *w, bool is_key)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *at;
	uint32_t code = 0;

	if (skip(w, 'u')) {
		TRY(unicode_escape(w, is_key, &code));
		utf8_encode(code, &w->scratch);
		return ERR_OK;
	}
	at = w->p < w->end ? memchr(letters, *w->p, sizeof letters - 1) : NULL;
	if (!at)
		return wrong(w, "no such escape");
	w->p++;
	buf_char(&w->scratch, meanings[at - letters]);
	return ERR_OK;
}

/* At bytes that are not ASCII: over all that are valid; an invalid one is replaced, in scratch. */
static enum err_code wide(struct walk *w, bool is_key, const char **from)
{
	struct str rest;
	uint32_t code;
	size_t n;

	while (w->p < w->end && (unsigned char)*w->p >= 0x80) {
		rest = (struct str){ w->p, (size_t)(w->end - w->p) };
		n = utf8_decode(rest.p, rest.len, &code);
		w->p += n;
		if (n > 0)
			continue;
		if (is_key || !(w->flags & JSON_REPAIR_TEXT))
			return wrong(w, "not valid UTF-8");
		buf_add(&w->scratch, *from, (size_t)(w->p - *from));
		utf8_encode(0xFFFD, &w->scratch);
		w->p += utf8_bad_len(rest);
		*from = w->p;
	}
	return ERR_OK;
}

/*
 * At the opening quote. The decoded text is a view of the document when it has no escapes, else of the top of
 * scratch, from scratch.len at the call; the caller cuts that off again.
 */
static enum err_code string(struct walk *w, bool is_key, struct str *ret_text)
{
	size_t bottom = w->scratch.len;
	const char *from = ++w->p;

	for (;;) {
		w->p = skip_plain(w->p, w->end);
		if (w->p == w->end || (unsigned char)*w->p < 0x20)
			return wrong(w, "a bare control character in a string");
		if (*w->p == '"')
			break;
		if (*w->p != '\\') {
			TRY(wide(w, is_key, &from));
			continue;
		}
		buf_add(&w->scratch, from, (size_t)(w->p - from));
		w->p++;
		TRY(escape(w, is_key));
		from = w->p;
	}
	*ret_text = (struct str){ from, (size_t)(w->p - from) };
	w->p++;
	if (w->scratch.len > bottom) {
		buf_str(&w->scratch, *ret_text);
		*ret_text = str_from(buf_view(&w->scratch), bottom);
	}
	return ERR_OK;
}

static enum err_code string_value(struct walk *w, json_object **ret)
{
	size_t bottom = w->scratch.len;
	struct str text;

	TRY(string(w, false, &text));
	*ret = mem_must(json_object_new_string_len(text.len ? text.p : "", (int)text.len));
	buf_cut(&w->scratch, bottom);
	return ERR_OK;
}

/* ---- numbers and words ---- */

static size_t digits(struct walk *w)
{
	const char *from = w->p;

	while (w->p < w->end && *w->p >= '0' && *w->p <= '9')
		w->p++;
	return (size_t)(w->p - from);
}

static enum err_code number(struct walk *w, json_object **ret)
{
	const char *from = w->p;
	bool whole = true, zero_first;
	int64_t v;
	size_t n;

	skip(w, '-');
	zero_first = is_next(w, '0');
	n = digits(w);
	if (n == 0)
		return wrong(w, w->p == from ? "a value is missing" : "a minus without a number");
	if (zero_first && n > 1)
		return wrong_at(w, from, "a number with a zero in front");
	if (skip(w, '.')) {
		whole = false;
		if (digits(w) == 0)
			return wrong(w, "a number ends in its point");
	}
	if (skip(w, 'e') || skip(w, 'E')) {
		whole = false;
		if (!skip(w, '+'))
			skip(w, '-');
		if (digits(w) == 0)
			return wrong(w, "a number without its exponent");
	}
	/* Nobody reads fractions, so that a number which is no int64 is kept as a kind without its value. */
	if (whole && str_to_int((struct str){ from, (size_t)(w->p - from) }, &v))
		*ret = mem_must(json_object_new_int64(v));
	else
		*ret = mem_must(json_object_new_double(0));
	return ERR_OK;
}

static enum err_code word(struct walk *w, struct str text)
{
	if (!str_starts((struct str){ w->p, (size_t)(w->end - w->p) }, text))
		return wrong_at(w, w->p, "a value is missing");
	w->p += text.len;
	return ERR_OK;
}

/* ---- objects and arrays ---- */

static enum err_code member(struct walk *w, json_object *object)
{
	size_t bottom = w->scratch.len;
	const char *at = w->p;
	json_object *v = NULL;
	struct str key;

	if (!is_next(w, '"'))
		return wrong(w, "a key in double quotes is missing");
	TRY(string(w, true, &key));
	if (w->scratch.len == bottom)
		buf_str(&w->scratch, key);
	buf_char(&w->scratch, '\0');
	if (json_object_object_get_ex(object, w->scratch.p + bottom, NULL))
		return wrong_at(w, at, "a key that is there already");
	skip_space(w);
	if (!skip(w, ':'))
		return wrong(w, "a colon is missing behind a key");
	TRY(value(w, &v));
	if (json_object_object_add_ex(object, w->scratch.p + bottom, v, JSON_C_OBJECT_ADD_KEY_IS_NEW) != 0)
		mem_must(NULL);
	buf_cut(&w->scratch, bottom);
	return ERR_OK;
}

static enum err_code object(struct walk *w, json_object *object)
{
	w->p++;
	skip_space(w);
	if (skip(w, '}'))
		return ERR_OK;
	do {
		skip_space(w);
		TRY(member(w, object));
		skip_space(w);
	} while (skip(w, ','));
	return skip(w, '}') ? ERR_OK : wrong(w, "a comma or } is missing");
}

static enum err_code array(struct walk *w, json_object *array)
{
	json_object *v;

	w->p++;
	skip_space(w);
	if (skip(w, ']'))
		return ERR_OK;
	do {
		v = NULL;
		TRY(value(w, &v));
		if (json_object_array_add(array, v) != 0)
			mem_must(NULL);
		skip_space(w);
	} while (skip(w, ','));
	return skip(w, ']') ? ERR_OK : wrong(w, "a comma or ] is missing");
}

static enum err_code container(struct walk *w, json_object **ret)
{
	bool is_object = *w->p == '{';
	enum err_code code;
	json_object *o;

	if (w->depth == JSON_MAX_DEPTH)
		return wrong(w, "more than " DIGITS(JSON_MAX_DEPTH) " levels of objects and arrays");
	if (w->n_containers == JSON_MAX_CONTAINERS)
		return wrong(w, "more than " DIGITS(JSON_MAX_CONTAINERS) " objects and arrays");
	w->depth++;
	w->n_containers++;
	/* An array of one: json-c's own start, 32 places, would make 100 bytes of each byte of "[],[],[]". */
	o = mem_must(is_object ? json_object_new_object() : json_object_new_array_ext(1));
	code = is_object ? object(w, o) : array(w, o);
	w->depth--;
	if (code == ERR_OK)
		*ret = o;
	else
		json_object_put(o);
	return code;
}

/* *ret: NULL for null. */
static enum err_code value(struct walk *w, json_object **ret)
{
	skip_space(w);
	switch (w->p < w->end ? *w->p : '\0') {
	case '"':
		return string_value(w, ret);
	case '{':
	case '[':
		return container(w, ret);
	case 't':
		TRY(word(w, STR("true")));
		*ret = mem_must(json_object_new_boolean(1));
		return ERR_OK;
	case 'f':
		TRY(word(w, STR("false")));
		*ret = mem_must(json_object_new_boolean(0));
		return ERR_OK;
	case 'n':
		TRY(word(w, STR("null")));
		*ret = NULL;
		return ERR_OK;
	default:
		return number(w, ret);
	}
}

/* ---- the document ---- */

static enum err_code whole_text(struct walk *w, json_object **ret)
{
	json_object *root = NULL;

	TRY(value(w, &root));
	skip_space(w);
	if (w->p < w->end) {
		json_object_put(root);
		return wrong(w, "something follows the value");
	}
	*ret = root;
	return ERR_OK;
}

enum err_code json_parse(struct str text, unsigned flags, struct json_doc **ret_doc, struct err *e)
{
	struct walk w = { .flags = flags, .e = e };
	json_object *root = NULL;
	enum err_code code;

	if (text.len > TEXT_MAX)
		return err_set(
			e, ERR_TOO_LARGE, "JSON of %zu bytes; at most %d are read", text.len, TEXT_MAX);
	if (text.len == 0)
		return err_set(e, ERR_INVALID, "not JSON: it is empty");
	w.start = w.p = text.p;
	w.end = text.p + text.len;
	/* All of it decoded at once, a NUL behind each key. */
	buf_init(&w.scratch, 3 * text.len + JSON_MAX_DEPTH);
	code = whole_text(&w, &root);
	buf_done(&w.scratch);
	if (code != ERR_OK)
		return code;
	*ret_doc = mem_alloc(sizeof **ret_doc);
	(*ret_doc)->root = root;
	return ERR_OK;
}

void json_free(struct json_doc *doc)
{
	if (!doc)
		return;
	json_object_put(doc->root);
	free(doc);
}

/* ---- reading the tree ---- */

static char null_node;

static struct json *node_of(json_object *o)
{
	return o ? (struct json *)(void *)o : (struct json *)(void *)&null_node;
}

/* The object if it is of that type, else NULL. json-c reads only, but does not say const. */
static json_object *object_of(const struct json *n, enum json_type type)
{
	json_object *o = (json_object *)(uintptr_t)n;

	return n && (const void *)n != &null_node && json_object_get_type(o) == type ? o : NULL;
}

struct json *json_root(struct json_doc *doc)
{
	return node_of(doc->root);
}

enum json_kind json_kind(const struct json *n)
{
	if (!n)
		return JSON_NONE;
	if ((const void *)n == &null_node)
		return JSON_NULL;
	switch (json_object_get_type((json_object *)(uintptr_t)n)) {
	case json_type_null:
		return JSON_NULL;
	case json_type_boolean:
		return JSON_BOOL;
	case json_type_double:
	case json_type_int:
		return JSON_NUMBER;
	case json_type_object:
		return JSON_OBJECT;
	case json_type_array:
		return JSON_ARRAY;
	case json_type_string:
		return JSON_STRING;
	}
	return JSON_NONE;
}

struct json *json_get(const struct json *object, const char *key)
{
	json_object *o = object_of(object, json_type_object), *found;

	return o && json_object_object_get_ex(o, key, &found) ? node_of(found) : NULL;
}

struct str json_str(const struct json *n)
{
	json_object *o = object_of(n, json_type_string);

	if (!o)
		return STR("");
	return (struct str){ json_object_get_string(o), (size_t)json_object_get_string_len(o) };
}

bool json_int(const struct json *n, int64_t *ret_value)
{
	json_object *o = object_of(n, json_type_int);

	if (!o)
		return false;
	*ret_value = json_object_get_int64(o);
	return true;
}

bool json_is_true(const struct json *n)
{
	json_object *o = object_of(n, json_type_boolean);

	return o && json_object_get_boolean(o);
}

size_t json_len(const struct json *n)
{
	json_object *array = object_of(n, json_type_array), *object = object_of(n, json_type_object);

	if (array)
		return json_object_array_length(array);
	return object ? (size_t)json_object_object_length(object) : 0;
}

struct json *json_at(const struct json *array, size_t i)
{
	json_object *o = object_of(array, json_type_array);

	return o && i < json_object_array_length(o) ? node_of(json_object_array_get_idx(o, i)) : NULL;
}

void json_write(const struct json *n, struct buf *out)
{
	enum json_kind kind = json_kind(n);
	const char *text = "null";
	size_t len = 4;

	if (kind != JSON_NONE && kind != JSON_NULL)
		text = json_object_to_json_string_length((json_object *)(uintptr_t)n,
			JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	buf_add(out, text, len);
}

void json_each(
	const struct json *object, bool (*each)(void *arg, struct str key, struct json *value), void *arg)
{
	json_object *o = object_of(object, json_type_object);
	struct json_object_iter it;

	if (!o)
		return;
	json_object_object_foreachC(o, it) if (!each(arg, str_z(it.key), node_of(it.val))) return;
}
