/*
 * mask_literal: secrets whose value is known.
 *
 * A set of values is a set of needles: each value with all of its spellings (mask_encode.c). A text is then
 * searched in one pass, whatever the number of values.
 *
 * Looking goes on behind each hit's first byte and not behind its end: of two secrets that overlap both have
 * to go. What is found is replaced as bytes, without a look at what stands around it: a short value such as
 * "test" is masked inside longer words as well, because half a secret in a log is worse than an ugly log.
 *
 * On a runner the output of a build may name further secrets (`::add-mask::VALUE`) as it passes. There is an
 * end to what is taken from one piece of it: 1,000 values, 4,096 spellings. What strangers send to a server is
 * another matter (mask_named.c).
 */
#include "base/arena.h"
#include "base/digest.h"
#include "text/mask_command.h"
#include "text/mask_encode.h"
#include "text/mask_view.h"
#include "text/needles.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COMMANDS_MAX 1000
#define COMMAND_NEEDLES_MAX 4096

struct mask {
	struct needles *needles;
	_Atomic(struct needles *) *with_more; /* *with_more NULL: not made yet (mask_needles_and) */
	char **multi;                         /* the values of several lines, NUL-terminated copies */
	size_t n_multi;
};

struct mask *mask_new(void)
{
	struct mask *m = mem_alloc(sizeof *m);

	m->needles = needles_new();
	m->with_more = mem_alloc(sizeof *m->with_more);
	return m;
}

static void keep_multi(struct mask *m, struct str value)
{
	if (memchr(value.p, '\n', value.len) && !memchr(value.p, '\0', value.len)) {
		m->multi = mem_grow(m->multi, (m->n_multi + 1) * sizeof *m->multi);
		m->multi[m->n_multi++] = mem_dup(value);
	}
}

struct mask *mask_copy(const struct mask *m)
{
	struct mask *copy = mem_alloc(sizeof *copy);

	copy->needles = needles_copy(m->needles);
	copy->with_more = mem_alloc(sizeof *copy->with_more);
	for (size_t i = 0; i < m->n_multi; i++)
		keep_multi(copy, str_z(m->multi[i]));
	return copy;
}

void mask_free(struct mask *m)
{
	if (!m)
		return;
	needles_free(m->needles);
	needles_free(atomic_load(m->with_more));
	free(m->with_more);
	for (size_t i = 0; i < m->n_multi; i++) {
		secret_wipe(m->multi[i], strlen(m->multi[i]));
		free(m->multi[i]);
	}
	free(m->multi);
	free(m);
}

static enum err_code add_spelling(void *arg, struct str spelling, struct err *e)
{
	return needles_add(arg, spelling, 0, e);
}

static enum err_code add_spellings(struct needles *needles, struct str value, struct err *e)
{
	for (enum spelling kind = 0; kind < SPELLING_N; kind++)
		TRY(spellings_each(value, kind, add_spelling, needles, e));
	return ERR_OK;
}

static void forget_with_more(struct mask *m)
{
	needles_free(atomic_exchange(m->with_more, NULL));
}

enum err_code mask_add(struct mask *m, struct str value, struct err *e)
{
	value = str_trim(value);
	if (value.len < MASK_VALUE_MIN || value.len > MASK_VALUE_MAX)
		return err_set(e, ERR_INVALID, "a value to mask has %zu bytes; %d to %d are possible",
			value.len, MASK_VALUE_MIN, MASK_VALUE_MAX);
	if (str_eq(value, STR(MASK_TEXT)))
		return ERR_OK; /* somebody masked it before us */
	forget_with_more(m);
	TRY(add_spellings(m->needles, value, e));
	keep_multi(m, value);
	return ERR_OK;
}

static bool is_secret_name(struct str name)
{
	static const char *const words[] = { "TOKEN", "SECRET", "PASS", "KEY", "AUTH", "CREDENTIAL" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t len = strlen(words[i]);

		for (size_t at = 0; at + len <= name.len; at++)
			if (strncasecmp(name.p + at, words[i], len) == 0)
				return true;
	}
	return false;
}

void mask_add_environ(struct mask *m, char *const *environ)
{
	for (; *environ; environ++) {
		struct str entry = str_z(*environ);
		size_t equals = str_find(entry, '=');
		struct str name = { entry.p, equals }, value = str_trim(str_from(entry, equals + 1));

		if (value.len < MASK_ENV_MIN || !is_secret_name(name))
			continue;
		/* Full is full: nobody can be told here, and what was added before still counts. */
		enum err_code code = mask_add(m, mask_value_start(value), NULL);
		(void)code;
	}
}

struct commands {
	struct mask *mask;
	size_t n, n_added, needles_max;
};

static bool add_command_value(void *arg, struct str value, struct str written)
{
	struct commands *c = arg;

	c->n_added += add_spellings(c->mask->needles, value, NULL) == ERR_OK &&
		      (written.len == 0 || add_spellings(c->mask->needles, written, NULL) == ERR_OK);
	keep_multi(c->mask, value);
	return ++c->n < COMMANDS_MAX && needles_count(c->mask->needles) < c->needles_max;
}

size_t mask_add_commands(struct mask *m, struct str text)
{
	struct commands c = { .mask = m, .needles_max = needles_count(m->needles) + COMMAND_NEEDLES_MAX };

	forget_with_more(m);
	mask_commands_each(text, add_command_value, &c);
	return c.n_added;
}

size_t mask_longest(const struct mask *m)
{
	return needles_longest(m->needles);
}

void mask_find(const struct mask *m, struct str text, struct spans *ret_spans)
{
	struct needle_hit hit;

	for (size_t from = 0; needles_next(m->needles, text, from, &hit); from = hit.at + 1)
		spans_add(ret_spans, hit.at, hit.at + hit.len);
}

const struct needles *mask_needles_and(const struct mask *m, const struct needles *more, int tag)
{
	struct needles *made = atomic_load(m->with_more), *none = NULL;

	if (made)
		return made;
	made = needles_copy(more);
	if (needles_add_all(made, m->needles, tag, NULL) != ERR_OK) {
		needles_free(made);
		return NULL;
	}
	if (atomic_compare_exchange_strong(m->with_more, &none, made))
		return made;
	needles_free(made); /* another thread was quicker */
	return none;
}

/* Is the end of text, from `from` on, the beginning of value, up to one of its line ends? CR LF and LF are alike. */
static bool is_beginning(struct str value, struct str text, size_t from)
{
	size_t v = 0;

	for (size_t i = from; i < text.len; i++) {
		if (text.p[i] == '\r' && i + 1 < text.len && text.p[i + 1] == '\n')
			continue;
		if (v < value.len && value.p[v] == '\r' && v + 1 < value.len && value.p[v + 1] == '\n')
			v++;
		if (v >= value.len || value.p[v++] != text.p[i])
			return false;
	}
	return v < value.len;
}

/* A beginning of value ends at each of its line ends. The longest that fits is the earliest place. */
size_t mask_partial_of(struct str value, struct str text)
{
	size_t first = str_find(value, '\n'), earliest = text.len;
	size_t back = text.len > 2 * value.len ? text.len - 2 * value.len : 0;
	struct str head = { value.p, first };

	if (first == value.len)
		return text.len;
	if (head.len > 0 && head.p[head.len - 1] == '\r')
		head.len--;
	for (size_t at = back; at < text.len && earliest == text.len; at++) {
		at += str_find_str(str_from(text, at), head);
		if (at < text.len && is_beginning(value, text, at))
			earliest = at;
	}
	return earliest;
}

size_t mask_partial(const struct mask *m, struct str text)
{
	size_t at = text.len;

	for (size_t i = 0; m && i < m->n_multi; i++) {
		size_t from = mask_partial_of(str_z(m->multi[i]), text);

		at = from < at ? from : at;
	}
	return at;
}

size_t mask_literals(const struct mask *m, struct str text, size_t skip, struct buf *out)
{
	AUTO_SPANS spans = { 0 };
	AUTO_SPANS seen = { 0 };
	AUTO_VIEW plain;

	view_init(&plain, text);
	mask_find(m, text, &spans);
	if (view_plain(&plain, text)) {
		mask_find(m, buf_view(&plain.text), &seen);
		view_add_spans(&plain, &seen, &spans);
	}
	return spans_write(&spans, text, skip < text.len ? skip : text.len, out);
}
