/*
 * err: the table of errors, and the few lines that fill a struct err.
 *
 * A text is made in a local first, so that a message may quote the one it replaces.
 */
#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *slug;
	int http, exit_code;
	bool may_retry;
} table[ERR_N_CODES] = {
#define ERR(name, slug, http, exit_, retry, meaning) { slug, http, exit_, retry },
#include "base/err.tbl"
#undef ERR
};

struct text {
	char z[sizeof((struct err *)0)->text];
	size_t len;
	bool cut;
};

static void __attribute__((format(printf, 2, 0))) add_v(struct text *t, const char *fmt, va_list ap)
{
	size_t room = sizeof t->z - t->len;
	int n = vsnprintf(t->z + t->len, room, fmt, ap);

	assert(n >= 0);
	t->cut = t->cut || (size_t)n >= room;
	t->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void __attribute__((format(printf, 2, 3))) add(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_v(t, fmt, ap);
	va_end(ap);
}

/* What was cut may end in the first bytes of a character: take them off too. */
static void drop_half_character(struct text *t)
{
	size_t first = t->len;
	unsigned char c;
	size_t whole;

	while (first > 0 && t->len - first < 3 && ((unsigned char)t->z[first - 1] & 0xC0) == 0x80)
		first--;
	if (first == 0 || (unsigned char)t->z[first - 1] < 0xC0)
		return;
	c = (unsigned char)t->z[first - 1];
	whole = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
	if (t->len - (first - 1) < whole)
		t->z[first - 1] = '\0';
}

static void store(struct err *e, enum err_code code, const char *field, struct text *t)
{
	if (t->cut)
		drop_half_character(t);
	e->code = code;
	e->field = field;
	memcpy(e->text, t->z, sizeof e->text);
}

enum err_code err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	struct text t = { .len = 0 };
	va_list ap;

	assert(code > ERR_OK && code < ERR_N_CODES);
	if (!e)
		return code;
	va_start(ap, fmt);
	add_v(&t, fmt, ap);
	va_end(ap);
	store(e, code, NULL, &t);
	return code;
}

enum err_code err_field(struct err *e, const char *field, const char *fmt, ...)
{
	struct text t = { .len = 0 };
	va_list ap;

	if (!e)
		return ERR_INVALID;
	va_start(ap, fmt);
	add_v(&t, fmt, ap);
	va_end(ap);
	store(e, ERR_INVALID, field, &t);
	return ERR_INVALID;
}

enum err_code err_errno(struct err *e, enum err_code code, int errnum, const char *fmt, ...)
{
	struct text t = { .len = 0 };
	char reason[100];
	va_list ap;

	assert(code > ERR_OK && code < ERR_N_CODES);
	if (errnum == ENOSPC || errnum == EDQUOT)
		code = ERR_FULL;
	if (!e)
		return code;
	va_start(ap, fmt);
	add_v(&t, fmt, ap);
	va_end(ap);
	/* The GNU strerror_r: thread safe, and returns the text to use. */
	add(&t, ": %s", strerror_r(errnum, reason, sizeof reason));
	store(e, code, NULL, &t);
	return code;
}

enum err_code err_in(struct err *e, const char *fmt, ...)
{
	struct text t = { .len = 0 };
	va_list ap;

	if (!e)
		return ERR_INTERNAL;
	va_start(ap, fmt);
	add_v(&t, fmt, ap);
	va_end(ap);
	add(&t, ": %s", e->text);
	store(e, e->code, e->field, &t);
	return e->code;
}

const char *err_slug(enum err_code code)
{
	assert(code < ERR_N_CODES);
	return table[code].slug;
}

int err_http(enum err_code code)
{
	assert(code < ERR_N_CODES);
	return table[code].http;
}

int err_exit(enum err_code code)
{
	assert(code < ERR_N_CODES);
	return table[code].exit_code;
}

bool err_may_retry(enum err_code code)
{
	assert(code < ERR_N_CODES);
	return table[code].may_retry;
}
