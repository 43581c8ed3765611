/* input_case: see the header. */
#include "explain/input_case.h"

#include "base/digest.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX ((size_t)1000)
#define DIGEST_BYTES 8

void input_cases_init(struct input_cases *c)
{
	*c = (struct input_cases){ 0 };
	arena_init(&c->a);
}

void input_cases_done(struct input_cases *c)
{
	arena_done(&c->a);
	free(c->v);
	*c = (struct input_cases){ 0 };
}

/* One line of harmless text; a long one stays another than its neighbours. */
static struct str keep_name(struct input_cases *c, struct str name)
{
	struct sha256 digest;
	struct str kept;
	AUTO_BUF line, hex;

	buf_init(&line, SIZE_MAX);
	buf_init(&hex, SIZE_MAX);
	utf8_clean(str_trim(name), &line);
	for (size_t i = 0; i < line.len; i++)
		if ((unsigned char)line.p[i] < ' ' || line.p[i] == 0x7f)
			line.p[i] = ' ';
	if (line.len > INPUT_CASE_NAME_MAX) {
		digest = sha256_of(buf_view(&line));
		hex_encode(digest.b, DIGEST_BYTES, &hex);
		buf_cut(&line, utf8_floor(buf_view(&line), INPUT_CASE_NAME_MAX - 2 * DIGEST_BYTES - 1));
		buf_fmt(&line, "~%s", buf_cstr(&hex));
	}
	kept = arena_str(&c->a, buf_view(&line));
	return kept;
}

static struct str keep_message(struct input_cases *c, struct str message)
{
	struct str kept;
	AUTO_BUF clean;

	buf_init(&clean, SIZE_MAX);
	message = str_trim(message);
	if (message.len > 4 * MESSAGE_MAX)
		message.len = 4 * MESSAGE_MAX;
	utf8_clean(message, &clean);
	if (clean.len > MESSAGE_MAX)
		buf_cut(&clean, utf8_floor(buf_view(&clean), MESSAGE_MAX));
	kept = arena_str(&c->a, buf_view(&clean));
	return kept;
}

size_t input_case_add(struct input_cases *c, struct str name, enum input_outcome outcome, int64_t runtime_ms,
	struct str message)
{
	if (!c || str_trim(name).len == 0)
		return SIZE_MAX;
	if (c->n == INPUT_CASES_MAX) {
		c->full = true;
		return SIZE_MAX;
	}
	if (c->n == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 64;
		c->v = mem_grow(c->v, c->cap * sizeof *c->v);
	}
	c->v[c->n] = (struct input_case){ .name = keep_name(c, name),
		.outcome = outcome,
		.runtime_ms = runtime_ms,
		.message = keep_message(c, message),
		.place = c->n };
	return c->n++;
}

void input_case_adopt(struct input_cases *c, size_t first, struct str parent)
{
	parent = str_trim(parent);
	for (size_t i = first; c && parent.len > 0 && i < c->n; i++)
		c->v[i].name =
			keep_name(c, arena_fmt(&c->a, "%.*s > %.*s", STR_FMT(parent), STR_FMT(c->v[i].name)));
}

void input_case_say(struct input_cases *c, size_t at, struct str message)
{
	if (c && at < c->n)
		c->v[at].message = keep_message(c, message);
}

/* A locale of the machine must not change what a dot is. */
int64_t input_seconds_ms(struct str s)
{
	int64_t ms = 0, unit = 1000;
	bool fraction = false, any = false;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == ',' && !fraction)
			continue;
		if (s.p[i] == '.' && !fraction) {
			fraction = true;
			continue;
		}
		if (s.p[i] < '0' || s.p[i] > '9' || ms > INT64_C(100000000000))
			return -1;
		any = true;
		if (!fraction)
			ms = ms * 10 + (s.p[i] - '0') * 1000;
		else
			ms += (s.p[i] - '0') * (unit /= 10);
	}
	return any ? ms : -1;
}

/* ---- those of one name ---- */

static int by_name(const void *x, const void *y)
{
	const struct input_case *a = x, *b = y;
	size_t n = a->name.len < b->name.len ? a->name.len : b->name.len;
	int order = n > 0 ? memcmp(a->name.p, b->name.p, n) : 0;

	if (order != 0)
		return order;
	if (a->name.len != b->name.len)
		return a->name.len < b->name.len ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

static int by_place(const void *x, const void *y)
{
	const struct input_case *a = x, *b = y;

	return a->place < b->place ? -1 : a->place > b->place;
}

static void put_into(struct input_case *one, const struct input_case *other)
{
	if (other->runtime_ms > 0)
		one->runtime_ms = (one->runtime_ms > 0 ? one->runtime_ms : 0) + other->runtime_ms;
	if (other->outcome > one->outcome) {
		one->outcome = other->outcome;
		one->message = other->message;
	}
}

static void merge(struct input_cases *c)
{
	size_t n = 0;

	if (c->n == 0)
		return;
	qsort(c->v, c->n, sizeof *c->v, by_name);
	for (size_t i = 0; i < c->n; i++) {
		if (n > 0 && str_eq(c->v[n - 1].name, c->v[i].name))
			put_into(&c->v[n - 1], &c->v[i]);
		else
			c->v[n++] = c->v[i];
	}
	c->n = n;
	qsort(c->v, c->n, sizeof *c->v, by_place);
}

enum err_code input_cases_read(
	struct str text, struct input_cases *ret, enum input_kind *ret_kind, struct err *e)
{
	struct findings found;
	enum err_code code;

	findings_init(&found);
	code = input_report_cases(text, &found, ret, ret_kind, e);
	findings_done(&found);
	TRY(code);
	if (ret->full)
		return err_set(e, ERR_TOO_LARGE, "has more than %d tests", INPUT_CASES_MAX);
	merge(ret);
	return ERR_OK;
}
