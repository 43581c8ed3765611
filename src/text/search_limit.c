/*
 * search_limit: a walk over the syntax of a regex that knows no more than it needs: what is escaped, where classes and groups begin and
 * end, and the counts of {n,m}.
 *
 * Counts are what makes an automaton large: each copies what it repeats, and nested ones multiply. So a count over
 * something that has a count already is refused, and so is a sum that is too large, and, because a
 * count over a long group copies all of it, what all counts write out together.
 */
#include "text/search_limit.h"

#include "base/utf8.h"
#include "text/search.h"

#include <string.h>

#define DEPTH_MAX 16

struct atom {
	size_t at;    /* where it begins */
	bool counted; /* has a {n,m} in it */
};

struct walk {
	struct str s;
	size_t i;
	struct atom last;            /* what a quantifier would repeat */
	struct atom open[DEPTH_MAX]; /* groups around us */
	size_t depth;
	int64_t counts; /* sum so far */
	bool by_line;
};

static char char_at(const struct walk *w, size_t i)
{
	return i < w->s.len ? w->s.p[i] : '\0';
}

/* Behind the class that begins at i: a ] that is first is a member. */
static size_t class_end(const struct walk *w, size_t i)
{
	i += char_at(w, i + 1) == '^' ? 2 : 1;
	for (size_t first = i; i < w->s.len; i++) {
		if (char_at(w, i) == '\\')
			i++;
		else if (char_at(w, i) == '[' && char_at(w, i + 1) == ':')
			i = i + 1 + str_find(str_from(w->s, i + 2), ':');
		else if (char_at(w, i) == ']' && i > first)
			return i + 1;
	}
	return w->s.len;
}

/* {n}, {n,} and {n,m} at i: the end of it and the larger count; 0 when it is something else (then { is a character). */
static size_t count_end(const struct walk *w, size_t i, int64_t *ret_count)
{
	struct str inside = str_from(w->s, i + 1);
	size_t len = str_find(inside, '}'), comma = str_find(inside, ',');
	int64_t least, most;

	if (len == inside.len)
		return 0;
	if (comma > len)
		comma = len;
	if (!str_to_int((struct str){ inside.p, comma }, &least))
		return 0;
	most = least;
	if (comma + 1 < len && !str_to_int((struct str){ inside.p + comma + 1, len - comma - 1 }, &most))
		return 0;
	*ret_count = most > least ? most : least;
	return i + 1 + len + 1;
}

static enum err_code take_count(struct walk *w, struct err *e)
{
	int64_t count;
	size_t end = count_end(w, w->i, &count);

	if (end == 0) {
		w->last = (struct atom){ .at = w->i++ };
		return ERR_OK;
	}
	if (w->last.counted)
		return err_field(
			e, "regex", "a counted repeat of something that has a counted repeat is not taken");
	if (count > SEARCH_COUNT_MAX - w->counts)
		return err_field(e, "regex", "the counts of all repeats together must be at most %d",
			SEARCH_COUNT_MAX);
	w->counts += count;
	w->last.counted = true;
	w->i = end;
	return ERR_OK;
}

static enum err_code open_group(struct walk *w, struct err *e)
{
	if (w->depth == DEPTH_MAX)
		return err_field(e, "regex", "groups must not be more than %d deep", DEPTH_MAX);
	w->open[w->depth++] = (struct atom){ .at = w->i++ };
	if (char_at(w, w->i) != '?')
		return ERR_OK;

	/* (?flags) or (?flags:...). */
	for (w->i++; w->i < w->s.len && strchr("imsx-", char_at(w, w->i)); w->i++) {
		if (char_at(w, w->i) == 'x')
			return err_field(e, "regex", "(?x) is not taken");
		if (char_at(w, w->i) == '-')
			w->by_line = true;
	}
	return ERR_OK;
}

static enum err_code close_group(struct walk *w, struct err *e)
{
	if (w->depth == 0)
		return err_field(e, "regex", "has a ) too many");
	w->last.at = w->open[--w->depth].at;
	w->last.counted = w->open[w->depth].counted;
	w->i++;
	return ERR_OK;
}

static void take_escape(struct walk *w)
{
	char c = char_at(w, w->i + 1);

	w->by_line = w->by_line || c == 'A' || c == 'z' || c == 'Z';
	w->last = (struct atom){ .at = w->i };
	w->i += 2;
	if (c == 'Q') {
		struct str quoted = str_from(w->s, w->i);
		w->i += str_find_str(quoted, STR("\\E")) + 2;
	} else if (strchr("xpPogk", c) && c && char_at(w, w->i) == '{') {
		w->i += str_find(str_from(w->s, w->i), '}') + 1;
	}
}

static enum err_code step(struct walk *w, struct err *e)
{
	switch (char_at(w, w->i)) {
	case '\\':
		take_escape(w);
		return ERR_OK;
	case '[':
		w->last = (struct atom){ .at = w->i };
		w->i = class_end(w, w->i);
		return ERR_OK;
	case '(':
		return open_group(w, e);
	case ')':
		return close_group(w, e);
	case '{':
		return take_count(w, e);
	case '*':
	case '+':
	case '?':
		w->i++;
		return ERR_OK;
	default:
		w->last = (struct atom){ .at = w->i++ };
		return ERR_OK;
	}
}

enum err_code search_limit_check(struct str regex, bool *ret_by_line, struct err *e)
{
	struct walk w = { .s = regex };

	if (regex.len > SEARCH_REGEX_MAX)
		return err_field(e, "regex", "must have at most %d bytes", SEARCH_REGEX_MAX);
	if (utf8_valid(regex) < regex.len || str_find(regex, '\0') < regex.len)
		return err_field(e, "regex", "must be UTF-8 without NUL");
	while (w.i < regex.len) {
		TRY(step(&w, e));
		if (w.last.counted && w.depth > 0)
			w.open[w.depth - 1].counted = true;
	}
	*ret_by_line = w.by_line;
	return ERR_OK;
}
