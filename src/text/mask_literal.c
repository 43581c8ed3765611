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
 * Texts may name further secrets (`::add-mask::VALUE`), and whoever can send a text can name any number of
 * them with the same beginning, which makes for long chains in the search. So there is an end to what is
 * taken from a text: 1,000 values, 4,096 spellings (the worst such text of 64 KiB takes a tenth of a second).
 * A build with more secrets of its own has to name them to the server or the runner.
 */
#include "base/arena.h"
#include "base/utf8.h"
#include "text/mask_encode.h"
#include "text/mask_span.h"
#include "text/needles.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COMMANDS_MAX 1000
#define COMMAND_NEEDLES_MAX 4096

struct mask {
	struct needles *needles;
};

struct mask *mask_new(void)
{
	struct mask *m = mem_alloc(sizeof *m);

	m->needles = needles_new();
	return m;
}

struct mask *mask_copy(const struct mask *m)
{
	struct mask *copy = mem_alloc(sizeof *copy);

	copy->needles = needles_copy(m->needles);
	return copy;
}

void mask_free(struct mask *m)
{
	if (!m)
		return;
	needles_free(m->needles);
	free(m);
}

static enum err_code add_encoding(void *arg, struct str encoding, struct err *e)
{
	struct needles *needles = arg;

	return needles_add(needles, encoding, 0, e);
}

enum err_code mask_add(struct mask *m, struct str value, struct err *e)
{
	value = str_trim(value);
	if (value.len < MASK_VALUE_MIN || value.len > MASK_VALUE_MAX)
		return err_set(e, ERR_INVALID, "a value to mask has %zu bytes; %d to %d are possible",
			value.len, MASK_VALUE_MIN, MASK_VALUE_MAX);
	if (str_eq(value, str_z(MASK_TEXT)))
		return ERR_OK; /* somebody masked it before us */
	return encodings_each(value, add_encoding, m->needles, e);
}

/* The longest start of value that is allowed, and no half of a character at its end. */
static struct str at_most_longest(struct str value)
{
	if (value.len > MASK_VALUE_MAX)
		value.len = utf8_floor(value, MASK_VALUE_MAX);
	return str_trim(value);
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
		enum err_code code = mask_add(m, at_most_longest(value), NULL);
		(void)code;
	}
}

static bool is_at(struct str text, size_t at, const char *lower)
{
	size_t len = strlen(lower);

	return at <= text.len && text.len - at >= len && strncasecmp(text.p + at, lower, len) == 0;
}

/*
 * The first `::add-mask::` or `##[add-mask]` from *at on, in any case, anywhere in a line: forges take it
 * only at the start, but `set -x` and time stamps put something in front. Moves *at behind it.
 */
static bool command_next(struct str text, size_t *at)
{
	size_t i = *at;

	while (i < text.len) {
		const char *dash = memchr(text.p + i, '-', text.len - i);
		if (!dash)
			return false;

		i = (size_t)(dash - text.p);
		if (i >= 5 && is_at(text, i - 5, "::add-mask::"))
			*at = i + 7;
		else if (i >= 6 && is_at(text, i - 6, "##[add-mask]"))
			*at = i + 6;
		else {
			i++;
			continue;
		}
		return true;
	}
	return false;
}

bool text_has_mask_command(struct str text)
{
	size_t at = 0;

	return command_next(text, &at);
}

/* %25 %0D %0A, with which runners write what a command cannot hold. */
static void decode_command_value(struct str value, struct buf *out)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];

		if (c == '%' && value.len - i >= 3) {
			char d = is_at(value, i, "%25")   ? '%'
				 : is_at(value, i, "%0d") ? '\r'
				 : is_at(value, i, "%0a") ? '\n'
							  : 0;
			if (d) {
				c = d;
				i += 2;
			}
		}
		buf_char(out, c);
	}
}

/* Both as it was written and decoded: the line of the command is in the text too. */
static bool add_command_value(struct mask *m, struct str value)
{
	AUTO_BUF decoded;

	if (value.len > 3 * MASK_VALUE_MAX)
		value.len = 3 * MASK_VALUE_MAX;
	buf_init(&decoded, 3 * MASK_VALUE_MAX);
	decode_command_value(value, &decoded);

	struct str plain = at_most_longest(str_trim(buf_view(&decoded)));
	if (mask_add(m, plain, NULL) != ERR_OK)
		return false;
	if (plain.len != str_trim(value).len && value.len <= MASK_VALUE_MAX)
		return mask_add(m, value, NULL) == ERR_OK;
	return true;
}

size_t mask_add_commands(struct mask *m, struct str text)
{
	size_t n = 0, at = 0, limit = needles_count(m->needles) + COMMAND_NEEDLES_MAX;

	for (size_t i = 0; i < COMMANDS_MAX && needles_count(m->needles) < limit && command_next(text, &at);
		i++) {
		struct str rest = str_from(text, at);
		struct str value = { rest.p, str_find(rest, '\n') };

		if (add_command_value(m, value))
			n++;
	}
	return n;
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

size_t mask_literals(const struct mask *m, struct str text, size_t skip, struct buf *out)
{
	AUTO_SPANS spans = { 0 };

	mask_find(m, text, &spans);
	return spans_write(&spans, text, skip < text.len ? skip : text.len, out);
}
