/*
 * template: words of letters are copied, words with digits are looked at, blanks are made one.
 *
 * Deliberately rough: what is one too many taken out makes two lines equal that are not, and the block
 * around them still differs. Nothing here knows a tool.
 */
#include "explain/template.h"

#include <string.h>

struct writer {
	struct str in;
	size_t i;
	char *out;
	size_t n;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c)
{
	return is_letter(c) || is_digit(c) || c == '_';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static char at(const struct writer *w, size_t i)
{
	return i < w->in.len ? w->in.p[i] : '\0';
}

static void put(struct writer *w, char c)
{
	if (w->n < TEMPLATE_MAX)
		w->out[w->n++] = c;
}

/* A number, once: "1 min 3 s" and "59 s" are the same. */
static void put_number(struct writer *w)
{
	if (w->n > 0 && w->out[w->n - 1] == '0')
		return;
	if (w->n > 1 && w->out[w->n - 1] == ' ' && w->out[w->n - 2] == '0') {
		w->n--;
		return;
	}
	put(w, '0');
}

/* What a number is of, behind it. */
static bool is_unit(struct str s)
{
	static const char *const units[] = { "ms", "s", "sec", "secs", "second", "seconds", "m", "min",
		"mins", "minutes", "h", "B", "kB", "KB", "MB", "GB", "KiB", "MiB", "GiB", "bytes", "us", "ns",
		NULL };

	for (size_t i = 0; units[i]; i++)
		if (str_eq(s, str_z(units[i])))
			return true;
	return false;
}

static struct str word_at(const struct writer *w, size_t i)
{
	size_t end = i;

	while (is_word(at(w, end)))
		end++;
	return (struct str){ w->in.p + i, end - i };
}

static void skip_unit(struct writer *w)
{
	size_t i = w->i + (at(w, w->i) == ' ');

	if (!is_letter(at(w, i)))
		return;
	struct str word = word_at(w, i);
	if (is_unit(word))
		w->i = i + word.len;
}

/* Digits, and what goes on behind . , : if those are digits too. */
static void take_number(struct writer *w)
{
	for (;;) {
		char c = at(w, w->i);

		if (!is_digit(c) && !((c == '.' || c == ',' || c == ':') && is_digit(at(w, w->i + 1))))
			break;
		w->i++;
	}
	put_number(w);
	skip_unit(w);
}

/* 8-4-4-4-12 hexadecimal digits. */
static bool is_uuid(const struct writer *w)
{
	if (at(w, w->i + 8) != '-' || at(w, w->i + 13) != '-' || w->i + 36 > w->in.len)
		return false;
	for (size_t k = 0; k < 36; k++) {
		bool dash = k == 8 || k == 13 || k == 18 || k == 23;

		if (dash ? at(w, w->i + k) != '-' : !is_hex(at(w, w->i + k)))
			return false;
	}
	return !is_word(at(w, w->i + 36));
}

/* Made by a machine: all hexadecimal, or long and changing often between letters and digits. */
static bool is_id(struct str word)
{
	size_t hex = 0, digits = 0, changes = 0, from = word.len > 2 && word.p[1] == 'x' ? 2 : 0;

	for (size_t i = 0; i < word.len; i++) {
		hex += is_hex(word.p[i]);
		digits += is_digit(word.p[i]);
		changes += i > 0 && is_digit(word.p[i]) != is_digit(word.p[i - 1]);
	}
	if (digits == word.len)
		return false;
	if (hex + (from > 0) == word.len && word.len - from >= 7)
		return true;
	return word.len >= 12 && digits >= 3 && changes >= 5;
}

static void take_word(struct writer *w)
{
	struct str word = word_at(w, w->i);
	bool has_digit = false;

	if (is_hex(word.p[0]) && is_uuid(w)) {
		put(w, '#');
		w->i += 36;
		return;
	}
	for (size_t i = 0; i < word.len && !has_digit; i++)
		has_digit = is_digit(word.p[i]);
	if (!has_digit) {
		for (size_t i = 0; i < word.len; i++)
			put(w, word.p[i]);
		w->i += word.len;
		return;
	}
	if (is_id(word)) {
		put(w, '#');
		w->i += word.len;
		return;
	}
	for (size_t end = w->i + word.len; w->i < end;) {
		if (is_digit(at(w, w->i)))
			take_number(w);
		else
			put(w, at(w, w->i++));
	}
}

static bool is_path(char c)
{
	return is_word(c) || (c != '\0' && strchr("./-+@~", c));
}

/* An absolute path begins at i: not in a word, not of a URL. */
static bool is_path_start(const struct writer *w)
{
	char before = w->i > 0 ? at(w, w->i - 1) : ' ';

	return at(w, w->i) == '/' && is_path(at(w, w->i + 1)) && at(w, w->i + 1) != '/' && !is_path(before) &&
	       before != ':' && before != '<';
}

/* Only the last part of it stays. */
static void take_path(struct writer *w)
{
	size_t last = w->i;

	for (size_t i = w->i; is_path(at(w, i)); i++)
		if (at(w, i) == '/' && is_path(at(w, i + 1)))
			last = i;
	put(w, '/');
	w->i = last + 1;
}

size_t template_write(struct str line, char ret[TEMPLATE_MAX])
{
	struct writer w = { .in = line, .out = ret };

	if (w.in.len > TEMPLATE_MAX)
		w.in.len = TEMPLATE_MAX;
	while (w.i < w.in.len) {
		char c = w.in.p[w.i];

		if (is_word(c)) {
			take_word(&w);
		} else if (is_blank(c)) {
			if (w.n > 0 && w.out[w.n - 1] != ' ')
				put(&w, ' ');
			w.i++;
		} else if (is_path_start(&w)) {
			take_path(&w);
		} else {
			put(&w, c);
			w.i++;
		}
	}
	while (w.n > 0 && w.out[w.n - 1] == ' ')
		w.n--;
	return w.n;
}

/* Eight bytes at a time, multiplied and folded; no secret depends on it. */
uint64_t template_digest(struct str line)
{
	char text[TEMPLATE_MAX];
	size_t n = template_write(line, text);
	uint64_t h = 0x9e3779b97f4a7c15u ^ n;

	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i += 8) {
		uint64_t part = 0;

		memcpy(&part, text + i, n - i < 8 ? n - i : 8);
		h = (h ^ part) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	return h ? h : 1;
}
